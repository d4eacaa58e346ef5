//! The log-likelihood of censored durations and its derivatives.
//!
//! With coefficients divided by the scale and 1 / scale in its place z is linear in all parameters, and the likelihood of rows
//! without entries is concave in them (Burridge 1981): Newton's method with halved steps cannot miss its top.

use super::distribution::{AftDistribution, Term};
use crate::churn::Durations;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::gram::{Blocks, Gram, Lane, ROWS, combine, project};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;
use crate::numeric::sum::Sum;

/// Rows with the columns of z: covariates, 1, and the logarithm of the duration, all centred and scaled.
#[derive(Debug)]
pub(super) struct Likelihood<'a> {
    pub(super) distribution: AftDistribution,
    pub(super) durations: &'a Durations,
    pub(super) design: Blocks,
    /// The same at the entries, of the rows that have one above 0.
    entries: Option<(Vec<u32>, Blocks)>,
    /// Σ weight over the events.
    events: f64,
    /// What scaling and logarithms take from the likelihood.
    constant: f64,
}

/// Where a column of a design is centred and how it is scaled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaling<'a> {
    pub(super) centres: &'a [f64],
    pub(super) scales: &'a [f64],
}

impl<'a> Likelihood<'a> {
    /// `scaling` is that of the covariates, of 1 and of the logarithm of the duration.
    #[allow(clippy::cast_possible_truncation, reason = "there are no more than 2³² - 1 rows")]
    pub(super) fn new(
        distribution: AftDistribution,
        durations: &'a Durations,
        covariates: &[Vec<f64>],
        Scaling { centres, scales }: Scaling,
    ) -> Self {
        let with_times = |times: &[f64]| {
            let logarithms = times.iter().map(|time| time.max(f64::MIN_POSITIVE).ln()).collect();
            [covariates, &[vec![1.0; durations.rows()], logarithms]].concat()
        };
        let design = Blocks::new(&with_times(durations.durations()), None, centres, scales);
        let entries = durations.entries().and_then(|entries| {
            let rows: Vec<u32> = (0..entries.len() as u32).filter(|&row| entries[row as usize] > 0.0).collect();
            let blocks = Blocks::new(&with_times(entries), Some(&rows), centres, scales);
            (!rows.is_empty()).then_some((rows, blocks))
        });
        let (mut events, mut constant) = (Sum::default(), Sum::default());
        let unit = scales.last().copied().unwrap_or(1.0).ln();
        for (row, (time, _)) in
            durations.durations().iter().zip(durations.observed()).enumerate().filter(|(_, (_, observed))| **observed)
        {
            let weight = durations.weights().map_or(1.0, |weights| weights[row]);
            events.add(weight);
            constant.add(-weight * (time.ln() + unit));
        }
        Self { distribution, durations, design, entries, events: events.value(), constant: constant.value() }
    }

    /// At these parameters: the last is the scaled 1 / scale.
    pub(super) fn surface(&self, parameters: &[f64]) -> Surface {
        let (size, rate) = (parameters.len(), parameters.last().copied().unwrap_or(f64::NAN));
        let (observed, weights) = (self.durations.observed(), self.durations.weights());
        let mut value = Sum::default();
        value.add(self.events * rate.ln() + self.constant);
        let mut gradient = vec![0.0; size];
        let weight = |row: usize| weights.map_or(1.0, |weights| weights[row]);
        let information = self.add(&self.design, parameters, &mut value, &mut gradient, |row, z| {
            let term = if observed[row] { self.distribution.ln_density(z) } else { self.distribution.ln_survival(z) };
            (weight(row), term)
        });
        let own = |matrix: &Matrix| {
            let last = |row: usize, column: usize| if row + 1 == size && column + 1 == size { 1.0 } else { 0.0 };
            Matrix::from_fn(size, |row, column| {
                -matrix.get(row, column) - last(row, column) * self.events / (rate * rate)
            })
        };
        let mut hessian = own(&information);
        if let Some((rows, design)) = &self.entries {
            let spared = self.add(design, parameters, &mut value, &mut gradient, |at, z| {
                (-weight(rows[at] as usize), self.distribution.ln_survival(z))
            });
            // Entries add what is not concave. Far from the top, where that could win, the rest alone gives the step.
            let whole = Matrix::from_fn(size, |row, column| information.get(row, column) + spared.get(row, column));
            let whole = own(&whole);
            if Cholesky::new(&Matrix::from_fn(size, |row, column| -whole.get(row, column)), 1e-11).is_ok() {
                hessian = whole;
            }
        }
        gradient.iter_mut().skip(size - 1).for_each(|slope| *slope += self.events / rate);
        Surface { value: value.value(), gradient, hessian }
    }

    /// Adds the terms of rows; returns minus the sum of their curvatures.
    #[allow(clippy::unused_self)] // It belongs to the likelihood.
    fn add(
        &self,
        design: &Blocks,
        parameters: &[f64],
        value: &mut Sum,
        gradient: &mut [f64],
        term: impl Fn(usize, f64) -> (f64, Term),
    ) -> Matrix {
        let mut gram = Gram::new(parameters.len());
        for (number, block) in design.blocks().enumerate() {
            let (mut z, mut slopes, mut curvatures): (Lane, Lane, Lane) = ([0.0; ROWS], [0.0; ROWS], [0.0; ROWS]);
            combine(block, parameters, &mut z);
            let first = number * ROWS;
            for at in 0..ROWS.min(design.rows() - first) {
                let (weight, term) = term(first + at, z[at]);
                value.add(weight * term.value);
                slopes[at] = weight * term.slope;
                curvatures[at] = -weight * term.curvature;
            }
            project(block, &slopes, gradient);
            gram.add(block, &curvatures);
        }
        gram.matrix()
    }

    /// Whether the likelihood grows for ever along a direction: no z of those who left moves, none of the others rises, and some
    /// fall; as far as directions are known, to seven digits of what is summed.
    pub(super) fn grows_along(&self, direction: &[f64]) -> bool {
        let sizes: Vec<f64> = direction.iter().map(|part| part.abs()).collect();
        let (mut some, mut row) = (false, 0);
        for block in self.design.blocks() {
            let (mut along, mut size): (Lane, Lane) = ([0.0; ROWS], [0.0; ROWS]);
            combine(block, direction, &mut along);
            for (lane, part) in block.iter().zip(&sizes) {
                size.iter_mut().zip(lane).for_each(|(size, value)| *size += part * value.abs());
            }
            for (by, size) in along.iter().zip(size).take(self.design.rows() - row) {
                let level = 1e-7 * size;
                if *by > level || self.durations.observed()[row] && *by < -level {
                    return false;
                }
                some |= *by < -level;
                row += 1;
            }
        }
        some
    }
}
