//! How the coefficients are found: Newton's method with steps halved while the likelihood falls, on centred and scaled columns.

use super::evaluation::Evaluation;
use super::model::{Cox, Stored};
use super::monotone::{reach, separating};
use super::risk_sets::RiskSets;
use super::rows::{CoxOptions, CoxRows};
use super::sandwich::outer_scores;
use crate::churn::Features;
use crate::numeric::ascent::{Obstacle, Stop, Summit, ascend};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;
use crate::{Absent, Error, Method};

/// A pivot below this share of its diagonal entry: a column that repeats others to five digits and a half.
const PIVOT: f64 = 1e-11;
/// The decrement relative to the log-likelihood at which the search ends.
const DECREMENT: f64 = 1e-18;
/// A last step that still moves linear predictors this far apart asks for a look at whether there is a top.
const MOVING: f64 = 1e-3;

/// Means and population deviations of the columns.
///
/// # Errors
/// Collinear for columns that do not vary, input for one whose spread is beyond all numbers.
pub(super) fn scales(features: &Features, weights: Option<&[f64]>) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let total: f64 = weights.map_or(features.rows() as f64, |weights| weights.iter().sum());
    let mean = |column: &[f64], of: &dyn Fn(f64) -> f64| match weights {
        None => column.iter().map(|&value| of(value) / total).sum::<f64>(),
        Some(weights) => column.iter().zip(weights).map(|(&value, weight)| of(value) * (weight / total)).sum(),
    };
    let (mut means, mut deviations, mut constant) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (column, name)) in features.columns().iter().zip(features.names()).enumerate() {
        let (low, high) = column
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
        let centre = mean(column, &|value| value);
        let range = high - low;
        let deviation = if range > 0.0 {
            range * mean(column, &|value| ((value - centre) / range).powi(2)).sqrt()
        } else {
            constant.push(place);
            1.0
        };
        if !(deviation > 0.0 && deviation.is_finite() && centre.is_finite()) {
            return Err(Error::input(format!("range of {name}"), range, "a range that can be squared"));
        }
        means.push(centre);
        deviations.push(deviation);
    }
    if constant.is_empty() { Ok((means, deviations)) } else { Err(Error::collinear(features.names_at(&constant))) }
}

impl Cox {
    /// The coefficients under which the order of leaving is most likely.
    ///
    /// Definition: b maximises the log partial likelihood, Σ over events of b' x less the logarithm of Σ exp(b' x) over those at
    /// risk (ties as [`Ties`](super::Ties) says), less the penalty. Formula page: `docs/formulas/cox.md`.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, Features, cox::{Cox, CoxOptions, CoxRows}};
    ///
    /// let durations = Durations::new(vec![5.0, 8.0, 3.0, 9.0, 2.0, 6.0], vec![true, false, true, true, true, false])?;
    /// let features = Features::new(vec![("price".into(), vec![30.0, 20.0, 25.0, 22.0, 28.0, 31.0])])?;
    /// let cox = Cox::fit(&CoxRows::new(&durations, &features)?, &CoxOptions::default())?;
    /// let price = &cox.coefficients(Default::default())[0];
    /// assert!(price.value > 0.0, "those who pay more left sooner");
    /// assert!(cox.log_likelihood() > cox.null_log_likelihood());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if nobody left, [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate)
    /// if nobody else was ever at risk when a customer left, [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) with
    /// the columns that are constant, that are linear combinations of others or that vary in no risk set,
    /// [`ErrorKind::Separated`](crate::ErrorKind::Separated) with the columns along which the likelihood grows for ever,
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) when the steps run out.
    ///
    /// # Complexity
    /// O(n log n) once, then O(n p²) a Newton step, of which there are about six; memory for one copy of the columns.
    pub fn fit(rows: &CoxRows, options: &CoxOptions) -> Result<Self, Error> {
        if rows.durations.events() == 0 {
            return Err(Error::no_data("events: nobody left"));
        }
        let (means, deviations) = scales(rows.features, rows.durations.weights())?;
        let sets = RiskSets::new(rows, &means, &deviations);
        if !sets.can_compare() {
            return Err(Error::degenerate("risk sets: whenever a customer left, nobody else was at risk"));
        }
        let mut evaluation = Evaluation::new(&sets, options.ties);
        let (null, summit) = climb(&mut evaluation, rows.features, options)?;
        let score = Cholesky::new(&negative(&null.hessian), PIVOT)
            .ok()
            .map(|curvature| curvature.half_solve(&null.gradient).iter().map(|part| part * part).sum());
        let (covariance, method) = covariance(&mut evaluation, &summit, rows, options);
        let covariance = covariance.map(|matrix| {
            let entry = |row: usize, column: usize| matrix.get(row, column) / (deviations[row] * deviations[column]);
            Matrix::from_fn(deviations.len(), entry).entries().to_vec()
        });
        Ok(Self::new(Stored {
            names: rows.features.names().to_vec(),
            values: summit.at.iter().zip(&deviations).map(|(value, deviation)| value / deviation).collect(),
            means,
            deviations,
            covariance,
            covariance_method: method,
            ties: options.ties,
            penalty: options.penalty,
            observations: sets.rows() as u64,
            events: rows.durations.events(),
            log_likelihood: summit.surface.value + ridge(options.penalty, &summit.at),
            null_log_likelihood: null.value,
            score,
            iterations: summit.iterations,
        }))
    }
}

fn negative(hessian: &Matrix) -> Matrix {
    Matrix::from_fn(hessian.size(), |row, column| -hessian.get(row, column))
}

fn ridge(penalty: f64, at: &[f64]) -> f64 {
    0.5 * penalty * at.iter().map(|value| value * value).sum::<f64>()
}

/// The surface without any effect, and the top.
fn climb(evaluation: &mut Evaluation, features: &Features, options: &CoxOptions) -> Result<(Surface, Summit), Error> {
    let (penalty, sets) = (options.penalty, evaluation.sets);
    let stop = Stop { decrement: DECREMENT, iterations: options.iterations, pivot: PIVOT };
    let start = vec![0.0; features.names().len()];
    let mut null = None;
    // The greatest value so far with its place, and the way from the one before.
    let (mut best, mut way) = ((f64::NEG_INFINITY, start.clone()), start.clone());
    let mut surface = |at: &[f64]| {
        let mut surface = evaluation.surface(at);
        null.get_or_insert_with(|| surface.clone());
        surface.value -= ridge(penalty, at);
        surface.gradient.iter_mut().zip(at).for_each(|(slope, value)| *slope -= penalty * value);
        (0..at.len()).for_each(|column| surface.hessian.add(column, column, -penalty));
        if surface.value.is_finite() && surface.value >= best.0 {
            way = at.iter().zip(&best.1).map(|(here, before)| here - before).collect();
            best = (surface.value, at.to_vec());
        }
        surface
    };
    let ending = ascend(&mut surface, &start, stop);
    let separated = |direction: &[f64]| {
        let columns = (penalty == 0.0).then(|| separating(sets, direction)).flatten()?;
        Some(Error::separated(features.names_at(&columns)))
    };
    let summit = match ending {
        Ok(summit) => summit,
        Err(Obstacle::Flat { coordinates, iterations: 0, .. }) => {
            return Err(Error::collinear(features.names_at(&coordinates)));
        }
        Err(Obstacle::Flat { coordinates, .. }) => {
            return Err(separated(&way).unwrap_or_else(|| Error::collinear(features.names_at(&coordinates))));
        }
        Err(Obstacle::Endless { step, iterations, .. }) => {
            let error = || Error::not_converged("partial likelihood", u64::from(iterations));
            return Err(separated(&step).or_else(|| separated(&way)).unwrap_or_else(error));
        }
    };
    let step = summit.curvature.solve(&summit.surface.gradient);
    if penalty == 0.0 && reach(sets, &step) > MOVING {
        let error = || Error::not_converged("partial likelihood, still climbing", u64::from(summit.iterations));
        return Err(separated(&step).or_else(|| separated(&way)).unwrap_or_else(error));
    }
    let null = null.ok_or_else(|| Error::no_data("rows"))?;
    Ok((null, summit))
}

/// Of the coefficients of the scaled columns.
fn covariance(
    evaluation: &mut Evaluation,
    summit: &Summit,
    rows: &CoxRows,
    options: &CoxOptions,
) -> (Result<Matrix, Absent>, Method) {
    let method = match (rows.clusters, options.robust) {
        (Some(_), _) => Method::ClusteredSandwich,
        (None, true) => Method::Sandwich,
        (None, false) => Method::ObservedInformation,
    };
    if options.penalty > 0.0 {
        return (Err(Absent::Penalized), method);
    }
    let inverse = summit.curvature.inverse();
    if method == Method::ObservedInformation {
        return (Ok(inverse), method);
    }
    evaluation.locate(&summit.at);
    let (scores, clusters) = outer_scores(evaluation, rows.clusters);
    if clusters < 2 {
        return (Err(Absent::OneCluster), method);
    }
    let size = inverse.size();
    let columns: Vec<Vec<f64>> = (0..size)
        .map(|at| {
            let unit: Vec<f64> = (0..size).map(|row| inverse.get(row, at)).collect();
            (0..size).map(|row| (0..size).map(|inner| scores.get(row, inner) * unit[inner]).sum()).collect()
        })
        .collect();
    let product = |row: usize, column: usize| -> f64 {
        (0..size).map(|inner| inverse.get(row, inner) * columns[column][inner]).sum()
    };
    let sandwich = Matrix::from_fn(size, |row, column| 0.5 * (product(row, column) + product(column, row)));
    (Ok(sandwich), method)
}
