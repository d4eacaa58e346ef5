//! Coefficients under L1 and elastic net: each step is the best one of the quadratic that touches the likelihood, with the penalty as it is.
//!
//! The quadratic lives on the active columns: those with a coefficient and those whose slope exceeds the penalty (Friedman, Hastie
//! and Tibshirani 2010; Lee, Sun and Saunders 2014, proximal Newton). Its best step is found by coordinate descent, which finds out
//! which coefficients are 0, and then exactly, by solving for the others.

use super::climb::Peak;
use super::likelihood::{Curvature, Likelihood, Sums};
use crate::Error;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::matrix::Matrix;

/// The gain that is left counts as none, relative to the objective.
const GAIN: f64 = 1e-18;
/// A slope beyond the penalty by this share of it makes a column active.
const SLACK: f64 = 1e-9;
/// Sweeps of coordinate descent.
const SWEEPS: u32 = 100_000;

/// The two parts of the penalty: of Σ |b| and of Σ b² / 2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pull {
    pub(super) absolute: f64,
    pub(super) square: f64,
}

impl Pull {
    pub(super) fn new(strength: f64, ratio: f64) -> Self {
        Self { absolute: strength * ratio, square: strength * (1.0 - ratio) }
    }

    fn of(self, at: &[f64]) -> f64 {
        at.iter().skip(1).map(|value| self.absolute * value.abs() + 0.5 * self.square * value * value).sum()
    }
}

/// Climbs from `start`.
pub(super) fn climb(likelihood: &Likelihood, pull: Pull, start: Vec<f64>, iterations: u32) -> Result<Peak, Error> {
    let mut at = start;
    let slopes = likelihood.at(&at, Curvature::Nothing).gradient;
    let mut active = active(&at, &slopes, pull, &[]);
    let mut here = likelihood.at(&at, Curvature::Of(&active));
    let mut objective = here.value - pull.of(&at);
    let mut taken = 0;
    loop {
        let local = Local::new(&here, &at, &active, pull);
        let there = local.best()?;
        let gain = local.gain(&there);
        if gain <= GAIN * (1.0 + objective.abs()) {
            let wider = self::active(&at, &here.gradient, pull, &active);
            if wider.len() == active.len() {
                return Ok(local.peak(&there, at, here.value, pull, taken));
            }
            active = wider;
            here = likelihood.at(&at, Curvature::Of(&active));
            continue;
        }
        if taken == iterations {
            return Err(Error::not_converged("maximum of the penalised likelihood", u64::from(taken)));
        }
        taken += 1;
        let mut length = 1.0;
        loop {
            let mut next = at.clone();
            for (&place, value) in active.iter().zip(&there) {
                next.iter_mut().skip(place).take(1).for_each(|to| *to += length * (value - *to));
            }
            let wider = self::active(&next, &here.gradient, pull, &active);
            let found = likelihood.at(&next, Curvature::Of(&wider));
            let reached = found.value - pull.of(&next);
            if reached.is_finite() && reached >= objective + 1e-4 * length * gain - 1e-14 * objective.abs() {
                (at, here, objective, active) = (next, found, reached, wider);
                break;
            }
            length *= 0.5;
            if length < 1e-10 {
                return Err(Error::not_converged("step of the penalised likelihood", u64::from(taken)));
            }
        }
    }
}

/// The intercept, what is active, what has a coefficient and what the penalty does not hold at 0.
fn active(at: &[f64], slopes: &[f64], pull: Pull, before: &[usize]) -> Vec<usize> {
    let limit = pull.absolute * (1.0 + SLACK);
    let belongs = |&(place, (value, slope)): &(usize, (&f64, &f64))| {
        place == 0 || *value != 0.0 || slope.abs() > limit || before.binary_search(&place).is_ok()
    };
    at.iter().zip(slopes).enumerate().filter(belongs).map(|(place, _)| place).collect()
}

/// The quadratic on the active coefficients around a point, with the penalty.
struct Local<'a> {
    active: &'a [usize],
    information: &'a Matrix,
    slopes: Vec<f64>,
    from: Vec<f64>,
    absolute: Vec<f64>,
    square: Vec<f64>,
}

impl<'a> Local<'a> {
    fn new(sums: &'a Sums, at: &[f64], active: &'a [usize], pull: Pull) -> Self {
        let pick = |values: &[f64]| active.iter().filter_map(|&place| values.get(place).copied()).collect();
        let slopes_only = |strength: f64| active.iter().map(|&place| if place == 0 { 0.0 } else { strength }).collect();
        Self {
            active,
            information: &sums.information,
            slopes: pick(&sums.gradient),
            from: pick(at),
            absolute: slopes_only(pull.absolute),
            square: slopes_only(pull.square),
        }
    }

    /// What the quadratic gains on the way to these coefficients.
    fn gain(&self, to: &[f64]) -> f64 {
        let step: Vec<f64> = to.iter().zip(&self.from).map(|(to, from)| to - from).collect();
        let linear: f64 = step.iter().zip(&self.slopes).map(|(step, slope)| step * slope).sum();
        // Term by term, as the two penalties nearly cancel.
        let pulls = self.absolute.iter().zip(&self.square);
        let paid: f64 = to
            .iter()
            .zip(&self.from)
            .zip(pulls)
            .map(|((to, from), (absolute, square))| {
                absolute * (to.abs() - from.abs()) + 0.5 * square * (to - from) * (to + from)
            })
            .sum();
        linear - 0.5 * self.information.form(&step, &step) - paid
    }

    /// The coefficients at the top of the quadratic.
    fn best(&self) -> Result<Vec<f64>, Error> {
        let size = self.active.len();
        let mut to = self.from.clone();
        // The slope of the quadratic at `to`.
        let mut slopes = self.slopes.clone();
        let mut signs: Vec<f64> = Vec::new();
        for sweep in 0..SWEEPS {
            let mut moved: f64 = 0.0;
            for place in 0..size {
                let [curvature, before] =
                    [self.information.get(place, place), to.get(place).copied().unwrap_or_default()];
                let pulled = slopes.get(place).map_or(0.0, |slope| slope + curvature * before);
                let (absolute, square) = self.pulls(place);
                let after = if curvature + square > 0.0 {
                    pulled.signum() * (pulled.abs() - absolute).max(0.0) / (curvature + square)
                } else {
                    before
                };
                let step = after - before;
                if step != 0.0 {
                    to.iter_mut().skip(place).take(1).for_each(|value| *value = after);
                    for (other, slope) in slopes.iter_mut().enumerate() {
                        *slope -= self.information.get(other, place) * step;
                    }
                    moved = moved.max(step * step * curvature);
                }
            }
            let now: Vec<f64> = to.iter().map(|value| if *value == 0.0 { 0.0 } else { value.signum() }).collect();
            if (now == signs || sweep % 16 == 15)
                && let Some(exact) = self.exact(&now)
            {
                return Ok(exact);
            }
            if moved <= 1e-28 {
                return Ok(to);
            }
            signs = now;
        }
        Err(Error::not_converged("coordinate descent", u64::from(SWEEPS)))
    }

    fn pulls(&self, place: usize) -> (f64, f64) {
        let of = |values: &[f64]| values.get(place).copied().unwrap_or_default();
        (of(&self.absolute), of(&self.square))
    }

    /// The top if the coefficients have these signs, where it has them and the penalty holds the others at 0.
    fn exact(&self, signs: &[f64]) -> Option<Vec<f64>> {
        let nonzero: Vec<usize> = signs
            .iter()
            .enumerate()
            .filter(|&(place, &sign)| sign != 0.0 || self.pulls(place).0 == 0.0)
            .map(|(place, _)| place)
            .collect();
        let at = |values: &[f64], place: usize| values.get(place).copied().unwrap_or_default();
        let sign = |place: usize| at(signs, place);
        let matrix = Matrix::from_fn(nonzero.len(), |row, column| {
            let places = nonzero.get(row).zip(nonzero.get(column));
            places.map_or(0.0, |(&row, &column)| {
                self.information.get(row, column) + if row == column { self.pulls(row).1 } else { 0.0 }
            })
        });
        let factor = Cholesky::new(&matrix, 1e-13).ok()?;
        // H (b - from) = slopes - penalty: coefficients that go to 0 take their part along.
        let right: Vec<f64> = nonzero
            .iter()
            .map(|&place| {
                let known: f64 =
                    (0..self.from.len()).map(|other| self.information.get(place, other) * at(&self.from, other)).sum();
                at(&self.slopes, place) + known - self.pulls(place).0 * sign(place)
            })
            .collect();
        let solution = factor.solve(&right);
        let mut to = vec![0.0; signs.len()];
        for (&place, value) in nonzero.iter().zip(&solution) {
            if self.pulls(place).0 > 0.0 && value * sign(place) <= 0.0 {
                return None;
            }
            to.iter_mut().skip(place).take(1).for_each(|to| *to = *value);
        }
        let held = |place: usize| {
            let moved: f64 = (0..to.len())
                .map(|other| self.information.get(place, other) * (at(&to, other) - at(&self.from, other)))
                .sum();
            (at(&self.slopes, place) - moved).abs() <= self.pulls(place).0 * (1.0 + SLACK)
        };
        (0..to.len()).filter(|place| nonzero.binary_search(place).is_err()).all(held).then_some(to)
    }

    /// The top of all, the last step taken. Degrees of freedom are the trace of H (H + ridge)⁻¹ over the coefficients that are not 0
    /// (Zou, Hastie and Tibshirani 2007; Tibshirani and Taylor 2012).
    fn peak(&self, there: &[f64], mut at: Vec<f64>, value: f64, pull: Pull, iterations: u32) -> Peak {
        let step: Vec<f64> = there.iter().zip(&self.from).map(|(to, from)| to - from).collect();
        let linear: f64 = step.iter().zip(&self.slopes).map(|(step, slope)| step * slope).sum();
        let log_likelihood = value + linear - 0.5 * self.information.form(&step, &step);
        for (&place, value) in self.active.iter().zip(there) {
            at.iter_mut().skip(place).take(1).for_each(|to| *to = *value);
        }
        let nonzero: Vec<usize> = there
            .iter()
            .enumerate()
            .filter(|&(place, value)| place == 0 || *value != 0.0)
            .map(|(place, _)| place)
            .collect();
        let matrix = Matrix::from_fn(nonzero.len(), |row, column| {
            let places = nonzero.get(row).zip(nonzero.get(column));
            places.map_or(0.0, |(&row, &column)| {
                self.information.get(row, column) + if row == column { self.pulls(row).1 } else { 0.0 }
            })
        });
        let degrees = match Cholesky::new(&matrix, 1e-14) {
            Ok(factor) => {
                let inverse = factor.inverse();
                let shrunk = nonzero.iter().enumerate().map(|(at, &place)| self.pulls(place).1 * inverse.get(at, at));
                nonzero.len() as f64 - shrunk.sum::<f64>()
            }
            // Columns that repeat each other count once.
            Err(dependent) => (nonzero.len() - dependent.len()) as f64,
        };
        let objective = log_likelihood - pull.of(&at);
        Peak { at, log_likelihood, objective, degrees, covariance: None, iterations }
    }
}
