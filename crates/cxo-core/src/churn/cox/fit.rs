//! How the coefficients are found: Newton's method with steps halved while the likelihood falls, on centred and scaled columns.

use super::evaluation::Evaluation;
use super::model::{Cox, Stored};
use super::monotone::{reach, separating};
use super::risk_sets::RiskSets;
use super::rows::{CoxOptions, CoxRows};
use super::sandwich::outer_scores;
use crate::churn::Features;
use crate::churn::design::Design;
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
        let Design { means, deviations, .. } = Design::new(rows.features, rows.durations.weights())?;
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
    let mut seen = Seen::default();
    let surface = |at: &[f64]| {
        let mut surface = evaluation.surface(at);
        seen.see(at, &surface);
        surface.value -= ridge(penalty, at);
        surface.gradient.iter_mut().zip(at).for_each(|(slope, value)| *slope -= penalty * value);
        (0..at.len()).for_each(|column| surface.hessian.add(column, column, -penalty));
        surface
    };
    let ending = ascend(surface, &start, stop);
    let (null, doubtful, fallback) = match (&ending, seen.null.take()) {
        (_, None) => return Err(Error::no_data("rows")),
        (Ok(summit), Some(null)) => {
            let doubtful = flattened(&null, summit) || {
                let step = summit.curvature.solve(&summit.surface.gradient);
                reach(sets, &step) > MOVING
            };
            (null, doubtful, None)
        }
        (Err(Obstacle::Flat { coordinates, iterations, .. }), Some(null)) => {
            (null, *iterations > 0, Some(Error::collinear(features.names_at(coordinates))))
        }
        (Err(Obstacle::Endless { iterations, .. }), Some(null)) => {
            (null, true, Some(Error::not_converged("partial likelihood", u64::from(*iterations))))
        }
    };
    let step = match &ending {
        Ok(summit) => summit.curvature.solve(&summit.surface.gradient),
        Err(Obstacle::Endless { step, .. }) => step.clone(),
        Err(Obstacle::Flat { .. }) => seen.ways.last().cloned().unwrap_or_default(),
    };
    if doubtful && penalty == 0.0 {
        let directions = seen.directions(step);
        if let Some(columns) = directions.iter().find_map(|direction| separating(sets, direction)) {
            return Err(Error::separated(features.names_at(&columns)));
        }
    }
    match (ending, fallback) {
        (Ok(summit), _) => Ok((null, summit)),
        (Err(_), error) => Err(error.unwrap_or_else(|| Error::not_converged("partial likelihood", 0))),
    }
}

/// What a search has seen on its way.
#[derive(Debug, Default)]
struct Seen {
    /// The first point: no effect.
    null: Option<Surface>,
    /// The highest point, and what it was like there.
    at: Vec<f64>,
    best: Option<Surface>,
    /// The ways to higher points: the last leads to the highest.
    ways: Vec<Vec<f64>>,
}

impl Seen {
    fn see(&mut self, at: &[f64], surface: &Surface) {
        self.null.get_or_insert_with(|| surface.clone());
        let higher = self.best.as_ref().is_none_or(|best| surface.value >= best.value);
        if surface.value.is_finite() && higher {
            self.ways
                .push(at.iter().enumerate().map(|(part, here)| here - self.at.get(part).unwrap_or(&0.0)).collect());
            (self.at, self.best) = (at.to_vec(), Some(surface.clone()));
        }
    }

    /// Where the likelihood might grow for ever: along a last step, or where it curves least.
    fn directions(&self, step: Vec<f64>) -> Vec<Vec<f64>> {
        let mut directions = vec![step];
        // The last ways may be of rounding alone, where those before led straight along.
        directions.extend(self.ways.iter().rev().cloned());
        let flattest = self.best.as_ref().and_then(|best| negative(&best.hessian).spectrum().into_iter().next());
        if let Some((_, direction)) = flattest {
            directions.push(direction.iter().map(|part| -part).collect());
            directions.push(direction);
        }
        directions.retain(|direction| direction.iter().all(|part| part.is_finite()));
        directions
    }
}

/// Whether the curvature along a column has all but gone on the way to the top: a variance this many times that at no effect.
fn flattened(null: &Surface, summit: &Summit) -> bool {
    const GROWN: f64 = 1e4;
    let Ok(before) = Cholesky::new(&negative(&null.hessian), PIVOT) else { return false };
    let (before, after) = (before.inverse(), summit.curvature.inverse());
    (0..before.size()).any(|at| after.get(at, at) > GROWN * before.get(at, at))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::churn::Durations;
    use crate::numeric::random::Random;

    /// Point after point the likelihood rises, on a covariate so skewed that full steps overshoot.
    #[test]
    fn the_likelihood_never_falls() {
        let mut random = Random::new(4, 0);
        let x: Vec<f64> = (0..2_000).map(|_| (1.5 * random.normal()).exp()).collect();
        let times: Vec<f64> = x.iter().map(|x| random.exponential() / (0.8 * x).exp()).collect();
        let observed = (0..2_000).map(|row| row % 3 != 0).collect();
        let durations = Durations::new(times, observed).unwrap();
        let features = Features::new(vec![("x".into(), x)]).unwrap();
        let rows = CoxRows::new(&durations, &features).unwrap();
        let Design { means, deviations, .. } = Design::new(&features, None).unwrap();
        let sets = RiskSets::new(&rows, &means, &deviations);
        let mut evaluation = Evaluation::new(&sets, super::super::Ties::Efron);
        let mut climb = |iterations| {
            let stop = Stop { decrement: DECREMENT, iterations, pivot: PIVOT };
            ascend(|at: &[f64]| evaluation.surface(at), &[0.0], stop)
        };
        let (mut values, mut steps) = (Vec::new(), 0);
        let top = loop {
            match climb(steps) {
                Ok(summit) => break summit,
                Err(Obstacle::Endless { at, .. }) => values.push(at),
                Err(obstacle) => panic!("{obstacle:?}"),
            }
            steps += 1;
        };
        values.push(top.at.clone());
        let values: Vec<f64> = values.iter().map(|at| evaluation.surface(at).value).collect();
        assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9), "{values:?}");
    }
}
