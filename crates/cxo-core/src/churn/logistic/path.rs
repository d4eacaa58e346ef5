//! How strong should the penalty be? Fits along a path of strengths, and what each is worth on rows it has not seen.

use super::fit::Problem;
use super::likelihood::Curvature;
use super::model::Logistic;
use super::outcomes::Outcomes;
use super::penalty::Penalty;
use crate::Error;
use crate::churn::Features;
use crate::numeric::sum::Sum;

/// Which strengths. The default: L1, 100 strengths from the least that holds every slope at 0 down to a ten-thousandth of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PathOptions {
    ratio: f64,
    count: u32,
    strengths: Vec<f64>,
    iterations: u32,
}

impl Default for PathOptions {
    fn default() -> Self {
        Self { ratio: 1.0, count: 100, strengths: Vec::new(), iterations: 200 }
    }
}

impl PathOptions {
    /// The share of L1 in the penalty; 1 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) outside of [0, 1].
    pub fn l1_ratio(mut self, ratio: f64) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(Error::input("share of L1", ratio, "0 to 1"));
        }
        self.ratio = ratio;
        Ok(self)
    }

    /// How many strengths, evenly spaced on a logarithmic scale; 100 unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) below 2.
    pub fn count(mut self, count: u32) -> Result<Self, Error> {
        if count < 2 {
            return Err(Error::input("number of strengths", count, "at least 2"));
        }
        self.count = count;
        Ok(self)
    }

    /// These strengths and no others.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a strength that is not finite or not above 0,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for none.
    pub fn strengths(mut self, mut strengths: Vec<f64>) -> Result<Self, Error> {
        if strengths.is_empty() {
            return Err(Error::no_data("strengths"));
        }
        if let Some(strength) = strengths.iter().find(|strength| !(**strength > 0.0 && strength.is_finite())) {
            return Err(Error::input("strength of the penalty", strength, "a finite number above 0"));
        }
        strengths.sort_by(|left, right| right.total_cmp(left));
        strengths.dedup();
        self.strengths = strengths;
        Ok(self)
    }

    /// The most steps of each fit; 200 unless set.
    #[must_use]
    pub const fn max_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    /// The strengths in falling order. The first of those that are not given is the least that leaves every slope at 0; as L2
    /// alone never does, it is taken for a share of at least a thousandth of L1 (as glmnet does).
    fn falling(&self, problem: &Problem) -> Vec<f64> {
        if !self.strengths.is_empty() {
            return self.strengths.clone();
        }
        let slopes = problem.likelihood().at(&problem.start(), Curvature::Nothing).gradient;
        let steepest = slopes.iter().skip(1).fold(0.0, |most: f64, slope| most.max(slope.abs()));
        let greatest = (steepest / self.ratio.max(1e-3)).max(f64::MIN_POSITIVE.sqrt());
        let least: f64 = if problem.design.rows() > problem.design.width() { 1e-4 } else { 1e-2 };
        let last = f64::from(self.count - 1);
        (0..self.count).map(|at| greatest * least.powf(f64::from(at) / last)).collect()
    }
}

/// Models along a path of strengths, the strongest penalty first.
///
/// ```
/// use cxo_core::churn::{Features, logistic::{Outcomes, Path, PathOptions}};
///
/// let tenure = vec![1.0, 3.0, 4.0, 8.0, 12.0, 20.0, 30.0, 42.0, 60.0, 71.0];
/// let noise = vec![0.3, 0.1, 0.7, 0.2, 0.9, 0.5, 0.4, 0.8, 0.6, 0.0];
/// let left = [true, true, false, true, false, true, false, false, false, false];
/// let features = Features::new(vec![("tenure".into(), tenure), ("noise".into(), noise)])?;
/// let path = Path::fit(&features, &Outcomes::new(left.to_vec())?, &PathOptions::default())?;
/// // The first holds both at 0; tenure comes in first.
/// assert_eq!(path.models()[0].slopes(), [0.0, 0.0]);
/// assert!(path.models()[1].slopes()[0] < 0.0 && path.models()[1].slopes()[1] == 0.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Source: Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33(1).
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    models: Vec<Logistic>,
}

impl Path {
    /// Fits the path, each model from the one before.
    ///
    /// # Errors
    /// As for [`Logistic::fit`] with a penalty.
    ///
    /// # Complexity
    /// O(rows × columns) a strength, plus O(rows × active²) for a few steps.
    pub fn fit(features: &Features, outcomes: &Outcomes, options: &PathOptions) -> Result<Self, Error> {
        let problem = Problem::new(features, outcomes)?;
        let strengths = options.falling(&problem);
        along(&problem, &strengths, options).map(|models| Self { models })
    }

    /// The models in the order of falling strength.
    #[must_use]
    pub fn models(&self) -> &[Logistic] {
        &self.models
    }
}

fn along(problem: &Problem, strengths: &[f64], options: &PathOptions) -> Result<Vec<Logistic>, Error> {
    let mut start = problem.start();
    let mut models = Vec::with_capacity(strengths.len());
    for &strength in strengths {
        let penalty = Penalty::elastic_net(strength, options.ratio)?;
        let peak = problem.climb(penalty, start, options.iterations)?;
        models.push(problem.model(penalty, &peak)?);
        start = peak.at;
    }
    Ok(models)
}

/// What the fits of a strength are worth on the rows held out.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PathPoint {
    /// The strength for the fit on all rows.
    pub strength: f64,
    /// Mean of -ln P(what happened) of a row that was held out.
    pub log_loss: f64,
    /// Of that mean, from its spread between the folds.
    pub standard_error: f64,
}

/// Which strength to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Selection {
    /// The one with the least log-loss.
    #[default]
    Minimum,
    /// The greatest one whose log-loss is within one standard error of the least (Breiman et al. 1984): fewer columns for a loss that
    /// cannot be told apart.
    OneStandardError,
}

/// Cross-validation of a path of strengths.
///
/// Each fold is held out once; the path is fitted on the rest, whose columns are standardised anew, with strengths in proportion to
/// its share of the weight, so that the penalty per row is that of the fit on all rows.
///
/// ```
/// use cxo_core::churn::{Features, logistic::{CrossValidation, Logistic, LogisticOptions, Outcomes, PathOptions, Penalty, Selection}};
///
/// let signal: Vec<f64> = (0..60).map(|row| f64::from(row % 12)).collect();
/// let noise: Vec<f64> = (0..60).map(|row| f64::from(row * 7 % 10)).collect();
/// let left: Vec<bool> = (0..60).map(|row| row % 12 > 6 || row % 10 == 3).collect();
/// let folds: Vec<u32> = (0..60).map(|row| row / 12).collect();
/// let features = Features::new(vec![("signal".into(), signal), ("noise".into(), noise)])?;
/// let outcomes = Outcomes::new(left)?;
/// let validation = CrossValidation::run(&features, &outcomes, &PathOptions::default(), &folds)?;
/// let [best, simple] = [Selection::Minimum, Selection::OneStandardError].map(|rule| validation.strength(rule));
/// assert!(simple >= best);
/// let model = Logistic::fit(&features, &outcomes, &LogisticOptions::default().penalty(Penalty::l1(simple)?))?;
/// assert!(model.slopes()[0] > 0.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    points: Vec<PathPoint>,
}

impl CrossValidation {
    /// Runs it. `folds` says for each row in which fold it is; the rows of one customer belong in one fold.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) for fewer than two folds, or a fold without which all outcomes are of
    /// one kind or all columns constant. Otherwise as for [`Logistic::fit`].
    ///
    /// # Complexity
    /// A path for each fold, on a copy of its rows.
    pub fn run(features: &Features, outcomes: &Outcomes, options: &PathOptions, folds: &[u32]) -> Result<Self, Error> {
        if folds.len() != features.rows() {
            return Err(Error::incompatible(format!("folds of {} rows for {} rows", folds.len(), features.rows())));
        }
        let mut numbers = folds.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() < 2 {
            return Err(Error::degenerate("one fold only: nothing is held out"));
        }
        let strengths = options.falling(&Problem::new(features, outcomes)?);
        let mut losses = Vec::with_capacity(numbers.len());
        for &number in &numbers {
            let (held, training): (Vec<usize>, Vec<usize>) =
                (0..folds.len()).partition(|row| folds.get(*row) == Some(&number));
            losses.push(losses_of(features, outcomes, options, &strengths, &training, &held)?);
        }
        let points = strengths.iter().enumerate().map(|(at, &strength)| {
            let each = || losses.iter().filter_map(|(weight, of)| of.get(at).map(|loss| (*weight, *loss)));
            let total: f64 = each().map(|(weight, _)| weight).sum();
            let log_loss = each().map(|(weight, loss)| weight * loss).sum::<f64>() / total;
            let spread = each().map(|(weight, loss)| weight * (loss - log_loss).powi(2)).sum::<f64>() / total;
            PathPoint { strength, log_loss, standard_error: (spread / (losses.len() - 1) as f64).sqrt() }
        });
        Ok(Self { points: points.collect() })
    }

    /// What each strength is worth, in falling order of strength.
    #[must_use]
    pub fn points(&self) -> &[PathPoint] {
        &self.points
    }

    /// The strength that a rule takes.
    #[must_use]
    pub fn strength(&self, selection: Selection) -> f64 {
        let least = self.points.iter().min_by(|left, right| left.log_loss.total_cmp(&right.log_loss));
        let Some(least) = least else { return 0.0 };
        let limit = match selection {
            Selection::Minimum => least.log_loss,
            Selection::OneStandardError => least.log_loss + least.standard_error,
        };
        self.points.iter().find(|point| point.log_loss <= limit).map_or(0.0, |point| point.strength)
    }
}

/// The weight of the rows held out, and their mean log-loss by strength.
fn losses_of(
    features: &Features,
    outcomes: &Outcomes,
    options: &PathOptions,
    strengths: &[f64],
    training: &[usize],
    held: &[usize],
) -> Result<(f64, Vec<f64>), Error> {
    let pick = |column: &Vec<f64>, rows: &[usize]| -> Vec<f64> {
        rows.iter().filter_map(|&row| column.get(row).copied()).collect()
    };
    // A column that is constant in these rows says nothing there.
    let columns: Vec<(&String, Vec<f64>, Vec<f64>)> = features
        .names()
        .iter()
        .zip(features.columns())
        .map(|(name, column)| (name, pick(column, training), pick(column, held)))
        .filter(|(_, column, _)| column.iter().any(|value| Some(value) != column.first()))
        .collect();
    if columns.is_empty() {
        return Err(Error::degenerate("all columns are constant where a fold is held out"));
    }
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    for (name, training, held) in columns {
        seen.push((name.clone(), training));
        unseen.push((name.clone(), held));
    }
    let (seen, unseen) = (Features::new(seen)?, Features::new(unseen)?);
    let (known, hidden) = (outcomes.subset(training), outcomes.subset(held));
    let share = known.total_weight() / outcomes.total_weight();
    let scaled: Vec<f64> = strengths.iter().map(|strength| strength * share).collect();
    let models = along(&Problem::new(&seen, &known)?, &scaled, options)?;
    let losses = models.iter().map(|model| log_loss(model, &unseen, &hidden)).collect::<Result<_, _>>()?;
    Ok((hidden.total_weight(), losses))
}

fn log_loss(model: &Logistic, features: &Features, outcomes: &Outcomes) -> Result<f64, Error> {
    let logits = model.logits(features)?;
    let at = |values: Option<&[f64]>, row: usize, otherwise: f64| {
        values.and_then(|values| values.get(row).copied()).unwrap_or(otherwise)
    };
    let terms = logits.iter().zip(outcomes.happened()).enumerate().map(|(row, (logit, &happened))| {
        let logit = logit + at(outcomes.offsets(), row, 0.0);
        let margin = if happened { logit } else { -logit };
        at(outcomes.weights(), row, 1.0) * ((-margin).max(0.0) + (-margin.abs()).exp().ln_1p())
    });
    Ok(terms.collect::<Sum>().value() / outcomes.total_weight())
}
