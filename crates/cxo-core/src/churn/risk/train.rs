//! From a table to a model that can be stored: fit, predictions for customers that the model has not seen, a calibrator on those,
//! and how good they are.

use std::collections::BTreeSet;

use super::churn_model::{ChurnModel, EvaluationSummary, TrainingSummary};
use super::drift::TrainingBins;
use super::overlap::Overlap;
use super::schema::{Complete, Schema, SchemaOptions};
use super::score::{Limits, Scores};
use super::table::{Column, Table, Value};
use super::target::{Outcome, Target};
use crate::churn::calibration::{Calibrator, HeldOut, HeldOutBy, Interpolation, Isotonic, Platt, PlattTargets};
use crate::churn::evaluation::{AucInterval, Predictions};
use crate::churn::logistic::{Logistic, LogisticOptions, Outcomes, Penalty};
use crate::churn::{Features, customer_folds};
use crate::domain::Day;
use crate::numeric::sigmoid::sigmoid;
use crate::{Confidence, Error, ErrorKind, Estimate, Probability, Seed};

/// Bins of a column that are stored with the model.
const BINS: u32 = 10;

/// How probabilities are calibrated, on cross-fitted predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Calibration {
    /// Not at all: the log-odds of the model are taken as they are.
    None,
    /// By a line on the log-odds (Platt 2000): two numbers, enough for a logistic model.
    #[default]
    Platt,
    /// By a step-wise rising function (isotonic regression): for many events and a model of wrong form.
    Isotonic,
}

impl Calibration {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::None, Self::Platt, Self::Isotonic];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Platt => "platt",
            Self::Isotonic => "isotonic",
        }
    }
}

impl std::str::FromStr for Calibration {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::stats::parse_name("calibration", text, Self::ALL, Self::name)
    }
}

/// How a model is trained. The default takes every column, fits without a penalty, and calibrates by Platt's line on five folds.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    schema: SchemaOptions,
    penalty: Penalty,
    calibration: Calibration,
    folds: u32,
    customers: Option<String>,
    date: Option<Day>,
    seed: Seed,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            schema: SchemaOptions::default(),
            penalty: Penalty::default(),
            calibration: Calibration::default(),
            folds: 5,
            customers: None,
            date: None,
            seed: Seed::default(),
        }
    }
}

impl TrainOptions {
    /// What is declared of the columns.
    #[must_use]
    pub fn schema(mut self, schema: SchemaOptions) -> Self {
        self.schema = schema;
        self
    }

    /// The penalty of the regression; none unless set.
    #[must_use]
    pub const fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// How probabilities are calibrated.
    #[must_use]
    pub const fn calibration(mut self, calibration: Calibration) -> Self {
        self.calibration = calibration;
        self
    }

    /// Into how many folds customers are dealt; 5 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for fewer than 2.
    pub fn folds(mut self, folds: u32) -> Result<Self, Error> {
        if folds < 2 {
            return Err(Error::input("folds", folds, "2 or more"));
        }
        self.folds = folds;
        Ok(self)
    }

    /// The column that names the customers: it is no feature, and all rows of a customer stay in one fold.
    #[must_use]
    pub fn customers(mut self, column: impl Into<String>) -> Self {
        self.customers = Some(column.into());
        self
    }

    /// When the data were taken; it is kept with the model.
    #[must_use]
    pub const fn date(mut self, day: Day) -> Self {
        self.date = Some(day);
        self
    }

    /// How customers are dealt to folds.
    #[must_use]
    pub const fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }
}

/// How good predictions are for customers that the model has not seen (held out in folds), before calibration.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CrossFitted {
    /// For each row learned from its probability by a model that has not seen its customer.
    pub probabilities: Vec<f64>,
    /// How many folds.
    pub folds: u32,
    /// Area under the ROC curve, DeLong.
    pub auc: Estimate,
    /// Mean squared error.
    pub brier: Estimate,
    /// Mean of -ln of the probability of what happened.
    pub log_loss: Estimate,
}

/// Risks of those who did not answer, of a model of dissatisfaction.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NonRespondents {
    /// Their rows in the table.
    pub rows: Vec<usize>,
    /// Their risks, in the same order.
    pub scores: Scores,
    /// Those whose row does not fit the schema, each with its row and why.
    pub refused: Vec<Error>,
    /// Whether they are like those who answered.
    pub overlap: Overlap,
}

/// A model with everything that was seen on the way to it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trained {
    /// The model, to be stored.
    pub model: ChurnModel,
    /// The rows of the table it was learned from.
    pub rows: Vec<usize>,
    /// Rows without an outcome.
    pub without_outcome: u64,
    /// Rows left out because a value is missing, by the first column in which one is.
    pub incomplete: Vec<(String, u64)>,
    /// Terms of levels that repeated what other terms say (such as "no internet service" in many columns): they count as the
    /// reference of their column. Only without a penalty or with Firth's.
    pub collapsed: Vec<String>,
    /// How good it is for customers that it has not seen, or why that could not be found.
    pub cross_fitted: Result<CrossFitted, Error>,
    /// Whether the model is calibrated as asked, or why not: there are no cross-fitted predictions, or no rising curve on them.
    pub calibrated: Result<(), Error>,
    /// Risks of those who did not answer, where dissatisfaction is predicted and there are such, or why there are none.
    pub non_respondents: Option<Result<NonRespondents, Error>>,
}

/// Trains a model of risk.
///
/// Rows without an outcome are not learned from, nor rows with a missing value in a column that rejects it. The logistic
/// regression is fitted on all others. Customers are dealt to folds; each fold is predicted by a fit on the others, and
/// calibrator and evaluation come from these predictions only. A fold in which a level is not seen, or separates, is fitted
/// without the level, or with Firth's penalty.
///
/// ```
/// use cxo_core::churn::risk::{Column, Limits, Table, Target, TrainOptions, train};
///
/// let tenure: Vec<f64> = (0..200).map(f64::from).collect();
/// let left = (0..200).map(|row| Some(if (row * 37) % 200 > 40 + row / 2 { "yes" } else { "no" }));
/// let table = Table::new(vec![("tenure".into(), Column::numbers(tenure)), ("left".into(), Column::texts(left))])?;
/// let trained = train(&table, &Target::churn("left"), &TrainOptions::default())?;
/// let risk = |tenure: f64| trained.model.score(&[tenure.into()], &Limits::default());
/// assert!(risk(3.0)?.probability > risk(150.0)?.probability);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// Those of [`Schema::infer`] and of [`Logistic::fit`], where columns that are not levels repeat each other or columns separate;
/// [`ErrorKind::Input`] for a column that is not there or an outcome that cannot be read, [`ErrorKind::NoData`] where no row has
/// an outcome and all values.
///
/// # Complexity
/// That of the fit, times the number of folds and one.
pub fn train(table: &Table, target: &Target, options: &TrainOptions) -> Result<Trained, Error> {
    let outcomes = target.outcomes(table)?;
    let set_aside: Vec<&str> = options.customers.iter().map(String::as_str).chain([target.column()]).collect();
    let (known, silent): (Vec<usize>, Vec<usize>) =
        (0..table.rows()).partition(|row| outcomes.get(*row).copied().flatten().is_some());
    let Complete { rows, costs } = options.schema.complete(table, &set_aside, known)?;
    if rows.is_empty() {
        return Err(Error::no_data("rows with an outcome and all values"));
    }
    let happened: Vec<bool> = rows.iter().filter_map(|row| outcomes.get(*row).copied().flatten()).collect();
    let learned = table.subset(&rows)?;
    let schema = Schema::infer_without(&learned, &options.schema, &set_aside)?;
    let events = Outcomes::new(happened.clone())?;
    let (schema, design, fit, collapsed) = fitted(schema, &learned, &events, options.penalty)?;
    let customers = options.customers.as_deref().map(|name| learned.needed(name).map(names_of)).transpose()?;
    let cross_fitted = cross_fit(&design, &happened, customers.as_deref(), options);
    let mut summary = TrainingSummary::new(rows.len() as u64, events.events())?;
    summary.customers = customers.map(|names| names.into_iter().collect::<BTreeSet<_>>().len() as u64);
    summary.date = options.date;
    summary.evaluation = cross_fitted.as_ref().ok().map(EvaluationSummary::of).transpose()?;
    let model = ChurnModel::new(target.clone(), schema, fit, summary)?;
    let (model, calibrated) = match calibrator(&cross_fitted, &happened, options.calibration) {
        Ok(Some(calibrator)) => (model.with_calibrator(calibrator), Ok(())),
        Ok(None) => (model, Ok(())),
        Err(error) => (model, Err(error)),
    };
    let scores = model.scores(&learned, &Limits::OMITTED)?;
    let bins = TrainingBins::of(model.schema(), &learned, &scores.probability, BINS)?;
    let model = model.with_bins(bins)?;
    let non_respondents = (target.outcome() == Outcome::Dissatisfaction && !silent.is_empty())
        .then(|| non_respondents(&model, table, &learned, &silent));
    let without_outcome = silent.len() as u64;
    Ok(Trained {
        model,
        rows,
        without_outcome,
        incomplete: costs,
        collapsed,
        cross_fitted,
        calibrated,
        non_respondents,
    })
}

/// The fit; without a penalty levels whose terms repeat others count as the reference.
fn fitted(
    mut schema: Schema,
    table: &Table,
    outcomes: &Outcomes,
    penalty: Penalty,
) -> Result<(Schema, Features, Logistic, Vec<String>), Error> {
    let options = LogisticOptions::default().penalty(penalty);
    let mut collapsed = Vec::new();
    loop {
        let design = schema.design(table)?;
        let error = match Logistic::fit(&design, outcomes, &options) {
            Ok(fit) => return Ok((schema, design, fit, collapsed)),
            Err(error) => error,
        };
        let columns = if error.kind() == ErrorKind::NotIdentified { error.columns() } else { &[] };
        match schema.without(columns) {
            Some(smaller) if !columns.is_empty() => {
                collapsed.extend_from_slice(columns);
                schema = smaller;
            }
            _ => return Err(error),
        }
    }
}

/// A name for each row; a missing one is a customer of his own.
fn names_of(column: &Column) -> Vec<String> {
    let name = |row: usize| match column.value(row) {
        Value::Missing => format!("\0{row}"),
        value => value.to_string(),
    };
    (0..column.len()).map(name).collect()
}

fn cross_fit(
    design: &Features,
    happened: &[bool],
    customers: Option<&[String]>,
    options: &TrainOptions,
) -> Result<CrossFitted, Error> {
    let folds = match customers {
        Some(names) => customer_folds(names, options.folds, options.seed)?,
        None => customer_folds(&(0..happened.len()).collect::<Vec<_>>(), options.folds, options.seed)?,
    };
    let probabilities = folds.cross_fit(|training, held_out| {
        let outcomes = Outcomes::new(training.iter().filter_map(|&row| happened.get(row).copied()).collect())?;
        let fit = fit_of_fold(&subset(design, training)?, &outcomes, options.penalty)?;
        predict(&fit, &subset(design, held_out)?)
    })?;
    let predictions = Predictions::new(happened.to_vec(), probabilities.clone())?;
    Ok(CrossFitted {
        probabilities,
        folds: options.folds,
        auc: predictions.ranking().auc(AucInterval::default(), Confidence::P95)?,
        brier: predictions.brier(Confidence::P95),
        log_loss: predictions.log_loss(Confidence::P95).estimate,
    })
}

/// The rows of a design.
fn subset(design: &Features, rows: &[usize]) -> Result<Features, Error> {
    let column = |column: &Vec<f64>| rows.iter().filter_map(|&row| column.get(row).copied()).collect();
    Features::new(design.names().iter().cloned().zip(design.columns().iter().map(column)).collect())
}

/// The columns of a design that are named.
fn columns_of(design: &Features, kept: impl Fn(&str) -> bool) -> Result<Features, Error> {
    let named = design.names().iter().zip(design.columns()).filter(|(name, _)| kept(name));
    Features::new(named.map(|(name, column)| (name.clone(), column.clone())).collect())
}

/// A fold may lack a level, or see it only in customers who all did the same.
fn fit_of_fold(design: &Features, outcomes: &Outcomes, penalty: Penalty) -> Result<Logistic, Error> {
    let options = LogisticOptions::default().penalty(penalty);
    match Logistic::fit(design, outcomes, &options) {
        Err(error) if error.kind() == ErrorKind::Separated => {
            Logistic::fit(design, outcomes, &LogisticOptions::default().penalty(Penalty::FIRTH))
        }
        Err(error) if error.kind() == ErrorKind::NotIdentified && !error.columns().is_empty() => {
            let smaller = columns_of(design, |name| !error.columns().iter().any(|column| column == name))?;
            fit_of_fold(&smaller, outcomes, penalty)
        }
        other => other,
    }
}

fn predict(fit: &Logistic, design: &Features) -> Result<Vec<f64>, Error> {
    let known = columns_of(design, |name| fit.names().iter().any(|known| known == name))?;
    Ok(fit.logits(&known)?.into_iter().map(sigmoid).collect())
}

fn calibrator(
    found: &Result<CrossFitted, Error>,
    happened: &[bool],
    kind: Calibration,
) -> Result<Option<Calibrator>, Error> {
    if kind == Calibration::None {
        return Ok(None);
    }
    let probabilities = found.as_ref().map_err(Clone::clone)?.probabilities.clone();
    let held_out = HeldOut::new(Predictions::new(happened.to_vec(), probabilities)?, HeldOutBy::CrossFitting);
    Ok(Some(match kind {
        Calibration::Isotonic => Isotonic::fit(&held_out, Interpolation::default())?.into(),
        _ => Platt::fit(&held_out, PlattTargets::default())?.into(),
    }))
}

impl EvaluationSummary {
    fn of(found: &CrossFitted) -> Result<Self, Error> {
        Ok(Self {
            folds: found.folds,
            auc: Probability::new(found.auc.value)?,
            brier: Probability::new(found.brier.value)?,
            log_loss: found.log_loss.value,
        })
    }
}

fn non_respondents(
    model: &ChurnModel,
    table: &Table,
    learned: &Table,
    silent: &[usize],
) -> Result<NonRespondents, Error> {
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for &row in silent {
        match model.score(&model.schema().row(table, row)?, &Limits::OMITTED) {
            Ok(_) => rows.push(row),
            Err(error) => refused.push(error.at_row(row as u64)),
        }
    }
    let scores = model.scores(&table.subset(&rows)?, &Limits::default())?;
    let overlap = Overlap::between(model.schema(), learned, &table.subset(silent)?)?;
    Ok(NonRespondents { rows, scores, refused, overlap })
}
