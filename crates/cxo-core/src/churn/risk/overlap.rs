//! Are those who answered like those who did not? Where they are not, a risk of dissatisfaction learned from the first says
//! little about the second.

use super::schema::Schema;
use super::table::{Column, Table, Value};
use crate::churn::Features;
use crate::churn::evaluation::{AucInterval, Ranking};
use crate::churn::logistic::{Logistic, LogisticOptions, Outcomes, Penalty};
use crate::numeric::sum::Sum;
use crate::{Confidence, Error, Probability};

/// A share of non-respondents outside what respondents show above which it is warned.
const MOST_OUTSIDE: f64 = 0.05;
/// A standardised mean difference above which adjustment by regression is not trusted (Rubin 2001).
const MOST_DIFFERENT: f64 = 0.25;
/// The same of the log-odds of answering (Rubin 2001: half a standard deviation).
const MOST_DIFFERENT_PROPENSITY: f64 = 0.5;

/// How one feature differs between respondents and non-respondents.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FeatureOverlap {
    /// The feature.
    pub feature: String,
    /// Share of non-respondents whose number is beyond those of all respondents, or whose level no respondent has.
    pub outside: Probability,
    /// The greatest absolute standardised mean difference of its terms, |m1 - m0| / √((s1² + s0²) / 2); absent where a term is
    /// the same for all who answered and the same, but another, for all who did not.
    pub standardized_difference: Option<f64>,
}

/// How well the propensity to answer, given the features, overlaps.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Propensity {
    /// How well the features tell who answers: 0.5 not at all, 1 without overlap.
    pub auc: Probability,
    /// Share of non-respondents with a propensity below that of every respondent.
    pub below_all_respondents: Probability,
    /// The standardised mean difference of the log-odds of answering; absent where they are one value for all who answered and
    /// another for all who did not.
    pub standardized_difference: Option<f64>,
}

/// Why predictions for non-respondents are not to be trusted as they are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OverlapWarning {
    /// More than 5 % of the non-respondents are outside of what respondents show in at least one feature.
    Extrapolated {
        /// Their share.
        share: f64,
    },
    /// These features differ by more than 0.25 standard deviations.
    Imbalanced {
        /// Their names.
        features: Vec<String>,
    },
    /// More than 5 % of the non-respondents are less likely to answer than every respondent.
    OutsideSupport {
        /// Their share.
        share: f64,
    },
    /// The log-odds of answering differ by more than half a standard deviation: all features together tell who answers, even
    /// where none does alone.
    DifferentPropensity {
        /// By how many; absent where one value stands against another.
        standardized_difference: Option<f64>,
    },
}

/// Whether respondents and non-respondents overlap.
///
/// Formula page: `docs/formulas/churn-risk.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Overlap {
    /// Respondents.
    pub respondents: u64,
    /// Non-respondents.
    pub non_respondents: u64,
    /// Feature by feature, in the order of the schema.
    pub features: Vec<FeatureOverlap>,
    /// Share of non-respondents that are outside in at least one feature.
    pub extrapolated: Probability,
    /// The propensity to answer by a logistic regression with an L2 penalty of strength 1, or why there is none.
    pub propensity: Result<Propensity, Error>,
    /// What is to be minded; empty where the two overlap well.
    pub warnings: Vec<OverlapWarning>,
}

impl Overlap {
    /// Compares those who answered with those who did not, through a schema that was inferred from the first.
    ///
    /// Non-respondents whose row does not fit the schema (a level that no respondent has, a value that is missing) are outside,
    /// and are left out of differences and propensity. Overlap in what is recorded does not show that those who stay silent are
    /// alike in what is not.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a column that is not there, or a respondent that does not fit.
    ///
    /// # Complexity
    /// That of a logistic regression on all rows.
    pub fn between(schema: &Schema, respondents: &Table, non_respondents: &Table) -> Result<Self, Error> {
        let mut fitting = Vec::new();
        let mut unfit = vec![0_u64; schema.features().len()];
        for row in 0..non_respondents.rows() {
            let values = schema.row(non_respondents, row)?;
            let bad = schema.features().iter().zip(&values).position(|(feature, value)| feature.check(*value).is_err());
            match bad {
                Some(at) => unfit.iter_mut().skip(at).take(1).for_each(|count| *count += 1),
                None => fitting.push(row),
            }
        }
        let total = non_respondents.rows() as f64;
        let share = |count: usize| Probability::new(count as f64 / total);
        let ones = schema.design(respondents)?;
        let others = match non_respondents.subset(&fitting) {
            Ok(table) => Some((schema.design(&table)?, table)),
            Err(_) => None,
        };
        let mut outside_any = vec![false; fitting.len()];
        let mut features = Vec::with_capacity(unfit.len());
        for ((feature, span), unfit) in schema.spans().zip(&unfit) {
            let mut outside = usize::try_from(*unfit).unwrap_or(usize::MAX);
            let mut difference = Some(0.0);
            if let Some((design, table)) = &others {
                let beyond = outside_of(respondents, table, feature.name())?;
                outside += beyond.iter().filter(|beyond| **beyond).count();
                outside_any.iter_mut().zip(beyond).for_each(|(any, own)| *any |= own);
                difference = span
                    .filter_map(|term| Some((ones.columns().get(term)?, design.columns().get(term)?)))
                    .map(|(one, other)| standardized_difference(one, other))
                    .try_fold(0.0, |most: f64, own| own.map(|own| most.max(own)));
            }
            features.push(FeatureOverlap {
                feature: feature.name().to_owned(),
                outside: share(outside)?,
                standardized_difference: difference,
            });
        }
        let unfit = non_respondents.rows() - fitting.len();
        let extrapolated = share(unfit + outside_any.iter().filter(|outside| **outside).count())?;
        let propensity = match &others {
            Some((design, _)) => propensity(&ones, design),
            None => Err(Error::no_data("non-respondents that fit the schema")),
        };
        let warnings = warnings(&features, extrapolated, &propensity);
        Ok(Self {
            respondents: respondents.rows() as u64,
            non_respondents: non_respondents.rows() as u64,
            features,
            extrapolated,
            propensity,
            warnings,
        })
    }
}

/// Which numbers are beyond those of all respondents. Levels that no respondent has do not fit the schema and are counted there.
fn outside_of(respondents: &Table, others: &Table, name: &str) -> Result<Vec<bool>, Error> {
    let (ones, others) = (respondents.needed(name)?, others.needed(name)?);
    let numbers = |row: usize, column: &Column| match column.value(row) {
        Value::Number(number) => Some(number),
        _ => None,
    };
    let range = (0..ones.len()).filter_map(|row| numbers(row, ones));
    let range =
        range.fold(None, |range: Option<[f64; 2]>, x| Some(range.map_or([x, x], |[a, b]| [a.min(x), b.max(x)])));
    let beyond = |x: f64| range.is_some_and(|[least, greatest]| x < least || x > greatest);
    Ok((0..others.len()).map(|row| numbers(row, others).is_some_and(beyond)).collect())
}

fn standardized_difference(one: &[f64], other: &[f64]) -> Option<f64> {
    let moments = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().copied().collect::<Sum>().value() / n;
        (mean, values.iter().map(|value| (value - mean).powi(2)).collect::<Sum>().value() / n)
    };
    let ((mean, variance), (other_mean, other_variance)) = (moments(one), moments(other));
    let (difference, scale) = ((mean - other_mean).abs(), (0.5 * (variance + other_variance)).sqrt());
    if difference == 0.0 { Some(0.0) } else { (scale > 0.0).then(|| difference / scale) }
}

fn propensity(ones: &Features, others: &Features) -> Result<Propensity, Error> {
    let both = |place: usize| {
        let column = |features: &Features| features.columns().get(place).cloned().unwrap_or_default();
        [column(ones), column(others)].concat()
    };
    let answered = [vec![true; ones.rows()], vec![false; others.rows()]].concat();
    // Terms that are the same in all rows say nothing about who answers.
    let told = ones.names().iter().cloned().enumerate().map(|(place, name)| (name, both(place)));
    let told: Vec<_> = told.filter(|(_, column)| column.iter().any(|value| Some(value) != column.first())).collect();
    let features = Features::new(told)?;
    let outcomes = Outcomes::new(answered.clone())?;
    let fit = Logistic::fit(&features, &outcomes, &LogisticOptions::default().penalty(Penalty::l2(1.0)?))?;
    let logits = fit.logits(&features)?;
    let auc = Ranking::new(&answered, &logits)?.auc(AucInterval::default(), Confidence::P95)?.value;
    let (respondents, silent) = logits.split_at_checked(ones.rows()).unwrap_or((&logits, &[]));
    let least = respondents.iter().copied().fold(f64::INFINITY, f64::min);
    let below = silent.iter().filter(|logit| **logit < least).count() as f64 / silent.len() as f64;
    Ok(Propensity {
        auc: Probability::new(auc)?,
        below_all_respondents: Probability::new(below)?,
        standardized_difference: standardized_difference(respondents, silent),
    })
}

fn warnings(
    features: &[FeatureOverlap],
    extrapolated: Probability,
    propensity: &Result<Propensity, Error>,
) -> Vec<OverlapWarning> {
    let mut warnings = Vec::new();
    if extrapolated.get() > MOST_OUTSIDE {
        warnings.push(OverlapWarning::Extrapolated { share: extrapolated.get() });
    }
    let differing = features.iter().filter(|own| own.standardized_difference.is_none_or(|by| by > MOST_DIFFERENT));
    let differing: Vec<String> = differing.map(|own| own.feature.clone()).collect();
    if !differing.is_empty() {
        warnings.push(OverlapWarning::Imbalanced { features: differing });
    }
    if let Ok(propensity) = propensity {
        let share = propensity.below_all_respondents.get();
        if share > MOST_OUTSIDE {
            warnings.push(OverlapWarning::OutsideSupport { share });
        }
        let difference = propensity.standardized_difference;
        if difference.is_none_or(|by| by > MOST_DIFFERENT_PROPENSITY) {
            warnings.push(OverlapWarning::DifferentPropensity { standardized_difference: difference });
        }
    }
    warnings
}
