//! The logistic line of an outcome on a score: one or two coefficients, by Newton's method.

use crate::Error;
use crate::numeric::ascent::{Obstacle, Stop, ascend};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;
use crate::numeric::sigmoid::sigmoid;

/// What the line is fitted to.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineData<'a> {
    /// Log-odds of the predictions.
    pub(super) logits: &'a [f64],
    /// In [0, 1].
    pub(super) targets: &'a [f64],
    pub(super) weights: Option<&'a [f64]>,
}

/// Whether the slope is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slope {
    Free,
    /// Kept at 1: the predictions are an offset.
    One,
}

/// A fitted line: intercept and slope, and their covariance.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) coefficients: Vec<f64>,
    pub(super) covariance: Matrix,
}

impl LineData<'_> {
    /// The line of the greatest likelihood. With weights, which are those of a sample, the covariance is the sandwich.
    pub(super) fn fit(&self, slope: Slope) -> Result<Line, Error> {
        let (free, offset) = if slope == Slope::Free { (2, 0.0) } else { (1, 1.0) };
        if slope == Slope::Free {
            self.check_overlap()?;
        }
        let start = [0.0, 1.0];
        let stop = Stop { decrement: 1e-28, iterations: 100, pivot: 1e-12 };
        let surface = |at: &[f64]| self.surface(at, offset);
        let summit =
            ascend(surface, start.get(..free).unwrap_or_default(), stop).map_err(|obstacle| match obstacle {
                Obstacle::Flat { iterations: 0, .. } => {
                    Error::not_identified("a line through predictions that are all alike")
                }
                Obstacle::Flat { .. } | Obstacle::Endless { .. } => Error::separated(vec!["probability".into()]),
            })?;
        let inverse = summit.curvature.inverse();
        #[allow(clippy::single_match_else)] // Two cases, named.
        let covariance = match self.weights {
            None => inverse,
            Some(_) => {
                let meat = self.scores(&summit.at, offset);
                let column = |at: usize| (0..free).map(|row| inverse.get(row, at)).collect::<Vec<_>>();
                let columns: Vec<Vec<f64>> = (0..free).map(column).collect();
                Matrix::from_fn(free, |row, at| {
                    let side = |at: usize| columns.get(at).map_or(&[][..], Vec::as_slice);
                    meat.form(side(row), side(at))
                })
            }
        };
        Ok(Line { coefficients: summit.at, covariance })
    }

    /// A line is finite where predictions differ, and those of one outcome are not all on one side of those of the other.
    fn check_overlap(&self) -> Result<(), Error> {
        let range = |of: &dyn Fn(f64) -> bool| {
            let logits =
                self.logits.iter().zip(self.targets).filter(|(_, target)| of(**target)).map(|(logit, _)| *logit);
            logits.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), logit| (logit.min(low), logit.max(high)))
        };
        let ((low, high), stayed, left) =
            (range(&|_| true), range(&|target| target < 1.0), range(&|target| target > 0.0));
        if low >= high {
            return Err(Error::not_identified("a line through predictions that are all alike"));
        }
        if stayed.1 <= left.0 || left.1 <= stayed.0 {
            return Err(Error::separated(vec!["probability".into()]));
        }
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        let weights = self.weights.unwrap_or_default().iter().copied().chain(std::iter::repeat(1.0));
        self.logits.iter().zip(self.targets).zip(weights).map(|((logit, target), weight)| (*logit, *target, weight))
    }

    /// Log-likelihood Σ w (t η - ln (1 + e^η)) with its derivatives.
    fn surface(&self, at: &[f64], offset: f64) -> Surface {
        let (intercept, slope) = (at.first().copied().unwrap_or(0.0), at.get(1).copied().unwrap_or(offset));
        let (mut value, mut gradient, mut curvature) = (0.0, [0.0; 2], [0.0; 3]);
        for (logit, target, weight) in self.rows() {
            let linear = intercept + slope * logit;
            let tail = (-linear.abs()).exp();
            let probability = if linear < 0.0 { tail / (1.0 + tail) } else { 1.0 / (1.0 + tail) };
            value += weight * (target * linear - linear.max(0.0) - tail.ln_1p());
            let residual = weight * (target - probability);
            gradient[0] += residual;
            gradient[1] += residual * logit;
            let spread = weight * tail / ((1.0 + tail) * (1.0 + tail));
            curvature[0] += spread;
            curvature[1] += spread * logit;
            curvature[2] += spread * logit * logit;
        }
        let hessian =
            Matrix::from_fn(at.len(), |row, column| -curvature.get(row + column).copied().unwrap_or_default());
        Surface { value, gradient: gradient.into_iter().take(at.len()).collect(), hessian }
    }

    /// Σ of the outer products of the scores of the rows.
    fn scores(&self, at: &[f64], offset: f64) -> Matrix {
        let (intercept, slope) = (at.first().copied().unwrap_or(0.0), at.get(1).copied().unwrap_or(offset));
        let mut sums = [0.0; 3];
        for (logit, target, weight) in self.rows() {
            let residual = weight * (target - sigmoid(intercept + slope * logit));
            sums[0] += residual * residual;
            sums[1] += residual * residual * logit;
            sums[2] += residual * residual * logit * logit;
        }
        Matrix::from_fn(at.len(), |row, column| sums.get(row + column).copied().unwrap_or_default())
    }
}
