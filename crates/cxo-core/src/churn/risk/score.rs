//! Who is at risk, how sure is that, and why? A row or a table is scored; nothing is allocated for a row.

use super::churn_model::ChurnModel;
use super::risk_model::RiskModel;
use super::table::{Table, Value};
use crate::churn::calibration::Calibrator;
use crate::numeric::normal;
use crate::numeric::sigmoid::{sigmoid, sigmoids};
use crate::{Absent, Confidence, Error};

/// Whether limits are computed for a risk, and at which level. They cost the square of the number of terms.
///
/// ```
/// use cxo_core::{Confidence, churn::risk::Limits};
/// assert_eq!(Limits::default(), Limits::at(Confidence::P95));
/// assert_ne!(Limits::default(), Limits::OMITTED);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The normal quantile, if limits are wanted.
    reach: Option<f64>,
}

impl Limits {
    /// No limits.
    pub const OMITTED: Self = Self { reach: None };

    /// Limits at this level.
    #[must_use]
    pub fn at(confidence: Confidence) -> Self {
        Self { reach: Some(normal::quantile(0.5 * (1.0 + confidence.level()))) }
    }
}

impl Default for Limits {
    /// Limits at 95 %.
    fn default() -> Self {
        Self::at(Confidence::P95)
    }
}

/// The risk of one customer.
///
/// `probability` is the calibrated one, if the model has a calibrator, else that of the log-odds. It is above 0 and below 1:
/// beyond what a double can tell from 0 or 1 it is the nearest that it can. `lower` and `upper` are Wald limits of the log-odds
/// (uncertainty of the coefficients) on the scale of the probability; calibrator and model are taken as they are, so they are
/// limits for the mean risk of customers like this one, not for what he will do.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Risk {
    /// Probability of the outcome, in (0, 1).
    pub probability: f64,
    /// Its lower limit, or why there is none.
    pub lower: Result<f64, Absent>,
    /// Its upper limit, or why there is none.
    pub upper: Result<f64, Absent>,
    /// The log-odds before calibration.
    pub logit: f64,
}

/// The risks of many customers, column by column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// Probability of the outcome, in (0, 1), calibrated where the model has a calibrator.
    pub probability: Vec<f64>,
    /// Lower and upper limits, or why there are none.
    pub limits: Result<ScoreLimits, Absent>,
    /// The log-odds before calibration.
    pub logit: Vec<f64>,
}

/// The limits of many risks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScoreLimits {
    /// Lower limits.
    pub lower: Vec<f64>,
    /// Upper limits.
    pub upper: Vec<f64>,
}

/// One reason for a risk: how far a feature moves the log-odds from those of a customer who is average in everything.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Reason<'m> {
    /// The feature.
    pub feature: &'m str,
    /// What it adds to the log-odds; above 0 it raises the risk.
    pub contribution: f64,
}

impl<M: RiskModel> ChurnModel<M> {
    /// The risk of one customer. Values stand in the order of the features of the schema.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that does not fit the schema, with the feature and what is
    /// allowed, or whose log-odds are beyond f64, [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of values.
    ///
    /// # Complexity
    /// O(terms), with limits O(terms²). Nothing is allocated up to 1,024 terms.
    pub fn score(&self, row: &[Value<'_>], limits: &Limits) -> Result<Risk, Error> {
        self.encoded(row, |terms, contributions| {
            self.risk(self.model().contributions(terms, contributions), terms, limits)
        })
    }

    /// The risk of one customer with what each feature contributes to it, into a place for each feature of the schema.
    ///
    /// All terms of a feature (the levels of a category, the curve of a spline, the mark of a missing value) are one
    /// contribution. [`base`](Self::base) and all contributions add up to the log-odds before calibration, to rounding. They say
    /// what the model looks at, not what makes customers leave.
    ///
    /// # Errors
    /// Those of [`score`](Self::score); [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of places
    /// than features.
    ///
    /// # Complexity
    /// That of [`score`](Self::score).
    pub fn explain(&self, row: &[Value<'_>], limits: &Limits, contributions: &mut [f64]) -> Result<Risk, Error> {
        let (places, features) = (contributions.len(), self.schema().features().len());
        if places != features {
            return Err(Error::incompatible(format!("{places} places for the contributions of {features} features")));
        }
        self.encoded(row, |terms, own| {
            if self.schema().is_lines() {
                return self.risk(self.model().contributions(terms, contributions), terms, limits);
            }
            let logit = self.model().contributions(terms, own);
            let mut rest = &*own;
            for ((_, span), to) in self.schema().spans().zip(contributions) {
                let (these, after) = rest.split_at_checked(span.len()).unwrap_or((rest, &[]));
                *to = these.iter().sum();
                rest = after;
            }
            self.risk(logit, terms, limits)
        })
    }

    /// The log-odds to which the contributions of [`explain`](Self::explain) are added: those of a customer with the mean of
    /// every term in training.
    #[must_use]
    pub fn base(&self) -> f64 {
        self.model().base()
    }

    /// The features that raise a risk most, from the contributions of [`explain`](Self::explain): the greatest contributions
    /// first, ties in the order of the schema.
    ///
    /// # Complexity
    /// O(features · log features).
    #[must_use]
    pub fn reasons(&self, contributions: &[f64], most: usize) -> Vec<Reason<'_>> {
        let features = self.schema().features().iter().zip(contributions);
        let mut reasons: Vec<Reason<'_>> = features
            .map(|(feature, contribution)| Reason { feature: feature.name(), contribution: *contribution })
            .collect();
        reasons.sort_by(|left, right| right.contribution.total_cmp(&left.contribution));
        reasons.truncate(most);
        reasons
    }

    /// The risks of all rows of a table, which has a column for each feature: the same bits as row by row.
    ///
    /// # Errors
    /// Those of [`score`](Self::score), with the row; [`ErrorKind::Input`](crate::ErrorKind::Input) for a feature without a
    /// column.
    ///
    /// # Complexity
    /// O(rows × terms), with limits O(rows × terms²).
    pub fn scores(&self, table: &Table, limits: &Limits) -> Result<Scores, Error> {
        let bound = self.schema().bind(table)?;
        let mut logit = Vec::with_capacity(table.rows());
        let mut probability = Vec::with_capacity(table.rows());
        let (mut lower, mut upper, mut absent) = (Vec::new(), Vec::new(), None);
        bound.each_chunk(&mut |columns| {
            let rows = columns.first().map_or(0, |column| column.len());
            let start = logit.len();
            logit.resize(start + rows, 0.0);
            let own = logit.get_mut(start..).unwrap_or_default();
            self.model().logits(columns, own);
            let bad = own.iter().zip(start..).find_map(|(logit, row)| Some(check(*logit).err()?.at_row(row as u64)));
            bad.map_or(Ok(()), Err)?;
            probability.extend_from_slice(own);
            self.probabilities(probability.get_mut(start..).unwrap_or_default());
            if absent.is_none() {
                absent = self.add_limits(columns, own, limits, [&mut lower, &mut upper]).err();
            }
            Ok(())
        })?;
        Ok(Scores { probability, limits: absent.map_or(Ok(ScoreLimits { lower, upper }), Err), logit })
    }

    fn add_limits(
        &self,
        columns: &[&[f64]],
        logits: &[f64],
        limits: &Limits,
        [lower, upper]: [&mut Vec<f64>; 2],
    ) -> Result<(), Absent> {
        let mut terms = vec![0.0; columns.len()];
        for (row, logit) in logits.iter().enumerate() {
            terms
                .iter_mut()
                .zip(columns)
                .for_each(|(term, column)| *term = column.get(row).copied().unwrap_or_default());
            let [low, high] = self.limits(*logit, &terms, limits)?;
            lower.push(low);
            upper.push(high);
        }
        Ok(())
    }

    /// Runs `with` on the terms of a row and as many places more, on the stack where they are not too many.
    fn encoded<R>(
        &self,
        row: &[Value<'_>],
        with: impl FnOnce(&[f64], &mut [f64]) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let run = |terms: &mut [f64], more: &mut [f64]| {
            self.schema().encode(row, terms)?;
            with(terms, more)
        };
        match self.schema().count() {
            count @ ..=32 => on_stack::<32, R>(count, run),
            count @ ..=128 => on_stack::<128, R>(count, run),
            count @ ..=1024 => on_stack::<1024, R>(count, run),
            count => run(&mut vec![0.0; count], &mut vec![0.0; count]),
        }
    }

    fn risk(&self, logit: f64, terms: &[f64], limits: &Limits) -> Result<Risk, Error> {
        check(logit)?;
        let bounds = self.limits(logit, terms, limits);
        Ok(Risk {
            probability: self.probability(logit),
            lower: bounds.map(|[lower, _]| lower),
            upper: bounds.map(|[_, upper]| upper),
            logit,
        })
    }

    fn limits(&self, logit: f64, terms: &[f64], limits: &Limits) -> Result<[f64; 2], Absent> {
        let reach = limits.reach.ok_or(Absent::NotAsked)? * self.model().variance(terms)?.sqrt();
        Ok([logit - reach, logit + reach].map(|bound| self.probability(bound)))
    }

    /// The calibrated probability of log-odds.
    pub(super) fn probability(&self, logit: f64) -> f64 {
        match self.calibrator() {
            None => sigmoid(logit),
            Some(Calibrator::Platt(platt)) => sigmoid(platt.intercept() + platt.slope() * logit),
            Some(calibrator) => inside(calibrator.calibrate_logit(logit)),
        }
    }

    /// The same for a column.
    fn probabilities(&self, logits: &mut [f64]) {
        match self.calibrator() {
            None => sigmoids(logits),
            Some(Calibrator::Platt(platt)) => {
                let (intercept, slope) = (platt.intercept(), platt.slope());
                logits.iter_mut().for_each(|logit| *logit = sigmoid(intercept + slope * *logit));
            }
            Some(calibrator) => logits.iter_mut().for_each(|logit| *logit = inside(calibrator.calibrate_logit(*logit))),
        }
    }
}

/// Values beyond all use may be finite and their log-odds not.
fn check(logit: f64) -> Result<(), Error> {
    if logit.is_finite() { Ok(()) } else { Err(Error::input("log-odds", logit, "a finite number")) }
}

/// A probability moved off 0 and 1.
fn inside(probability: f64) -> f64 {
    probability.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0)
}

fn on_stack<const MOST: usize, R>(
    count: usize,
    run: impl FnOnce(&mut [f64], &mut [f64]) -> Result<R, Error>,
) -> Result<R, Error> {
    let (mut terms, mut more) = ([0.0; MOST], [0.0; MOST]);
    match (terms.get_mut(..count), more.get_mut(..count)) {
        (Some(terms), Some(more)) => run(terms, more),
        _ => Err(Error::incompatible(format!("{count} terms in {MOST} places"))),
    }
}
