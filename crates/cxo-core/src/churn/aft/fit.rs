//! How the parameters are found: Newton's method on centred and scaled columns, in parameters that make the likelihood concave.

use super::distribution::AftDistribution;
use super::likelihood::{Likelihood, Scaling};
use super::model::{Aft, Stored};
use crate::Error;
use crate::churn::design::Design;
use crate::churn::{Durations, Features};
use crate::numeric::ascent::{Obstacle, Stop, Summit, ascend};
use crate::numeric::matrix::Matrix;

const STOP: Stop = Stop { decrement: 1e-18, iterations: 100, pivot: 1e-11 };
/// Errors this much smaller than the spread of the durations are none: the columns fit exactly.
const EXACT: f64 = 1e5;
/// A part of a direction below this share of its greatest is not of it.
const PART: f64 = 1e-5;
/// A last step that still moves some z this far asks for a look at whether there is a top.
const MOVING: f64 = 1e-3;

/// How to fit. The default is the Weibull distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AftOptions {
    distribution: AftDistribution,
    iterations: u32,
}

impl Default for AftOptions {
    fn default() -> Self {
        Self { distribution: AftDistribution::Weibull, iterations: STOP.iterations }
    }
}

impl AftOptions {
    /// The distribution of durations.
    #[must_use]
    pub const fn distribution(mut self, distribution: AftDistribution) -> Self {
        self.distribution = distribution;
        self
    }

    /// The most Newton steps; 100 unless set.
    #[must_use]
    pub const fn max_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }
}

impl Aft {
    /// The parameters under which the durations are most likely; without features, of all customers alike.
    ///
    /// Definition: with z = (ln t - intercept - b' x) / scale a customer who left adds ln f(z) - ln(scale t), one who is still there
    /// ln S(z), and an entry takes ln S at its z away, each times its weight. Formula page: `docs/formulas/aft.md`.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, Features, aft::{Aft, AftOptions}};
    ///
    /// let durations = Durations::new(vec![5.0, 8.0, 3.0, 9.0, 2.0, 6.0], vec![true, false, true, true, true, false])?;
    /// let features = Features::new(vec![("price".into(), vec![30.0, 20.0, 25.0, 22.0, 28.0, 31.0])])?;
    /// let aft = Aft::fit(&durations, Some(&features), &AftOptions::default())?;
    /// assert!(aft.values()[0] < 0.0, "those who pay more stayed less long");
    /// assert!(aft.median(&[20.0], Default::default())?.value > aft.median(&[30.0], Default::default())?.value);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if nobody left,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for different numbers of rows,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a duration of 0, with its row,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all durations are the same,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) with the columns that are constant or linear combinations of
    /// others, or if the columns fit the durations exactly,
    /// [`ErrorKind::Separated`](crate::ErrorKind::Separated) with columns by which some stayed for ever,
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) when the steps run out.
    ///
    /// # Complexity
    /// O(n p²) a Newton step, of which there are about eight; memory for two copies of the columns.
    pub fn fit(durations: &Durations, features: Option<&Features>, options: &AftOptions) -> Result<Self, Error> {
        if durations.events() == 0 {
            return Err(Error::no_data("events: nobody left"));
        }
        if let Some(row) = durations.durations().iter().position(|&time| time <= 0.0) {
            return Err(Error::input("duration", 0, "above 0, to have a logarithm").at_row(row as u64));
        }
        u32::try_from(durations.rows()).map_err(|_| Error::overflow("number of rows"))?;
        let (mut centres, mut deviations) = (Vec::new(), Vec::new());
        if let Some(features) = features {
            if features.rows() != durations.rows() {
                return Err(Error::incompatible(format!(
                    "{} features for {} durations",
                    features.rows(),
                    durations.rows()
                )));
            }
            Design { means: centres, deviations, .. } = Design::new(features, durations.weights())?;
        }
        let (middle, unit) = logarithms(durations)?;
        let (means, columns) = (centres.clone(), deviations.len());
        centres.extend([0.0, middle]);
        deviations.extend([1.0, unit]);
        let scaling = Scaling { centres: &centres, scales: &deviations };
        let covariates = features.map_or(&[][..], Features::columns);
        let likelihood = Likelihood::new(options.distribution, durations, covariates, scaling);
        let summit = climb(&likelihood, features, *options)?;
        let found = Found::new(&summit, &means, &deviations[..columns], middle, unit);
        Ok(Self::new(Stored {
            distribution: options.distribution,
            names: features.map_or_else(Vec::new, |features| features.names().to_vec()),
            deviations: deviations[..columns].to_vec(),
            intercept: found.intercept,
            values: found.values,
            log_scale: found.log_scale,
            covariance: found.covariance,
            observations: durations.rows() as u64,
            events: durations.events(),
            log_likelihood: summit.surface.value,
            iterations: summit.iterations,
        }))
    }
}

/// Mean and population deviation of the logarithms of the durations.
fn logarithms(durations: &Durations) -> Result<(f64, f64), Error> {
    let logarithms: Vec<f64> = durations.durations().iter().map(|time| time.ln()).collect();
    let count = logarithms.len() as f64;
    let mean = logarithms.iter().sum::<f64>() / count;
    let deviation = (logarithms.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let alike = durations.durations().windows(2).all(|pair| pair.first() == pair.last());
    if alike || deviation <= 0.0 {
        Err(Error::degenerate("durations: all are the same"))
    } else {
        Ok((mean, deviation))
    }
}

fn climb(likelihood: &Likelihood, features: Option<&Features>, options: AftOptions) -> Result<Summit, Error> {
    let columns = features.map_or(0, |features| features.names().len());
    let mut start = vec![0.0; columns];
    start.extend([0.0, 1.0]);
    let (mut best, mut way) = ((f64::NEG_INFINITY, start.clone()), start.clone());
    let surface = |at: &[f64]| {
        let surface = likelihood.surface(at);
        if surface.value.is_finite() && surface.value >= best.0 {
            way = at.iter().zip(&best.1).map(|(here, before)| here - before).collect();
            best = (surface.value, at.to_vec());
        }
        surface
    };
    let ending = ascend(surface, &start, Stop { iterations: options.iterations, ..STOP });
    let named = |places: &[usize]| features.map_or_else(Vec::new, |features| features.names_at(places));
    let blame = |at: &[f64], directions: [&[f64]; 2], otherwise: Error| {
        if at.last().is_some_and(|rate| *rate > EXACT) {
            return Error::not_identified("scale: the columns fit the durations of those who left exactly");
        }
        let columns = directions.into_iter().find_map(|direction| separating(likelihood, direction));
        columns.map_or(otherwise, |columns| Error::separated(named(&columns)))
    };
    match ending {
        Ok(summit) => {
            let step = summit.curvature.solve(&summit.surface.gradient);
            if largest(&step) <= MOVING {
                return Ok(summit);
            }
            let otherwise = Error::not_converged("likelihood, still climbing", u64::from(summit.iterations));
            Err(blame(&summit.at, [&step, &way], otherwise))
        }
        Err(Obstacle::Flat { coordinates, at, iterations }) => {
            let names = named(&coordinates);
            let otherwise = if names.is_empty() {
                Error::not_identified("intercept and scale: too few durations differ")
            } else {
                Error::collinear(names)
            };
            Err(if iterations == 0 { otherwise } else { blame(&at, [&way, &way], otherwise) })
        }
        Err(Obstacle::Endless { at, step, iterations }) => {
            Err(blame(&at, [&step, &way], Error::not_converged("likelihood", u64::from(iterations))))
        }
    }
}

fn largest(step: &[f64]) -> f64 {
    step.iter().fold(0.0, |largest: f64, part| largest.max(part.abs()))
}

/// The columns of a direction along which the likelihood grows for ever, if it does.
fn separating(likelihood: &Likelihood, direction: &[f64]) -> Option<Vec<usize>> {
    let columns = direction.len() - 2;
    let greatest = largest(&direction[..=columns]);
    let kept: Vec<f64> = direction
        .iter()
        .enumerate()
        .map(|(at, &part)| if at <= columns && part.abs() > PART * greatest { part } else { 0.0 })
        .collect();
    likelihood.grows_along(&kept).then(|| (0..columns).filter(|&column| kept[column] != 0.0).collect())
}

/// The parameters in the units of the data, with their covariance by the delta method, which is exact at a top.
struct Found {
    intercept: f64,
    values: Vec<f64>,
    log_scale: f64,
    covariance: Vec<f64>,
}

impl Found {
    fn new(summit: &Summit, means: &[f64], deviations: &[f64], middle: f64, unit: f64) -> Self {
        let columns = means.len();
        let rate = summit.at[columns + 1];
        let scale = unit / rate;
        let values: Vec<f64> =
            summit.at.iter().zip(deviations).map(|(value, deviation)| -scale * value / deviation).collect();
        let shift: f64 = values.iter().zip(means).map(|(value, mean)| value * mean).sum();
        let intercept = middle - scale * summit.at[columns] - shift;
        // Intercept, columns, logarithm of the scale by columns, constant, rate.
        let mut jacobian = vec![vec![0.0; columns + 2]; columns + 2];
        for column in 0..columns {
            jacobian[column + 1][column] = -scale / deviations[column];
            jacobian[column + 1][columns + 1] = -values[column] / rate;
            jacobian[0][column] = scale * means[column] / deviations[column];
        }
        jacobian[0][columns] = -scale;
        jacobian[0][columns + 1] = -(intercept - middle) / rate;
        jacobian[columns + 1][columns + 1] = -1.0 / rate;
        let inverse = summit.curvature.inverse();
        let entry = |row: usize, column: usize| {
            0.5 * (inverse.form(&jacobian[row], &jacobian[column]) + inverse.form(&jacobian[column], &jacobian[row]))
        };
        let covariance = Matrix::from_fn(columns + 2, entry).entries().to_vec();
        Self { intercept, values, log_scale: scale.ln(), covariance }
    }
}
