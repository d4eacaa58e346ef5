//! The log-likelihood of a logistic regression with its slope and curvature: one pass over the rows, block by block.
//!
//! A row with logit t and sign s = ±1 (what happened) has the margin m = s t, the log-likelihood -ln(1 + e^-m), the slope
//! s / (1 + e^m) and the curvature 1 / ((1 + e^m) (1 + e^-m)). With e = e^-|m| all of them are sums and quotients of numbers in
//! (0, 2], so that no tail is lost; the logarithms of a block are that of one product.

use std::ops::Range;

use super::outcomes::Outcomes;
use crate::churn::design::Design;
use crate::numeric::exponential;
use crate::numeric::gram::{Gram, Lane, ROWS, combine, project};
use crate::numeric::matrix::Matrix;
use crate::numeric::sum::Sum;

/// The rows and what happened in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likelihood<'a> {
    pub(super) design: &'a Design<'a>,
    pub(super) outcomes: &'a Outcomes,
}

/// What a pass gives.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// The log-likelihood.
    pub(super) value: f64,
    /// Its derivatives.
    pub(super) gradient: Vec<f64>,
    /// Minus its second derivatives by the coefficients that were asked for.
    pub(super) information: Matrix,
}

/// Of which coefficients the second derivatives are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Curvature<'a> {
    All,
    Of(&'a [usize]),
    Nothing,
}

/// One block: derivatives by the logit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) value: f64,
    /// Weight × slope.
    pub(super) slopes: Lane,
    /// Weight × curvature.
    pub(super) curvatures: Lane,
    /// The probability that it happens, less one half.
    pub(super) excess: Lane,
}

impl Likelihood<'_> {
    /// At coefficients of standardised columns, intercept first. O(rows × columns²).
    pub(super) fn at(&self, at: &[f64], curvature: Curvature) -> Sums {
        self.over(at, curvature, 1)
    }

    /// Of every `stride`-th block of rows.
    pub(super) fn over(&self, at: &[f64], curvature: Curvature, stride: usize) -> Sums {
        let width = self.design.width();
        let chosen = match curvature {
            Curvature::All => width,
            Curvature::Of(places) => places.len(),
            Curvature::Nothing => 0,
        };
        let parts = self.design.in_chunks(stride, |blocks| {
            let (mut value, mut gradient, mut gram) = (0.0, vec![0.0; width], Gram::new(chosen));
            let mut some = vec![[0.0; ROWS]; chosen];
            self.design.each_block(blocks, |rows, lanes| {
                let terms = self.terms(rows, at, lanes);
                value += terms.value;
                project(lanes, &terms.slopes, &mut gradient);
                match curvature {
                    Curvature::All => gram.add(lanes, &terms.curvatures),
                    Curvature::Of(places) => {
                        some.iter_mut().zip(places).for_each(|(to, &place)| {
                            lanes.get(place).into_iter().for_each(|lane| *to = *lane);
                        });
                        gram.add(&some, &terms.curvatures);
                    }
                    Curvature::Nothing => {}
                }
            });
            (value, gradient, gram)
        });
        let (mut value, mut gradient, mut gram) = (Sum::default(), vec![0.0; width], Gram::new(chosen));
        for (some, slopes, products) in &parts {
            value.add(*some);
            gradient.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
            gram.merge(products);
        }
        Sums { value: value.value(), gradient, information: gram.matrix() }
    }

    /// Of the rows of a block.
    pub(super) fn terms(&self, rows: Range<usize>, at: &[f64], lanes: &[Lane]) -> Terms {
        let count = rows.len();
        let mut logits = [0.0; ROWS];
        if let Some(offsets) = self.outcomes.offsets() {
            logits.iter_mut().zip(offsets.get(rows.clone()).unwrap_or_default()).for_each(|(to, offset)| *to = *offset);
        }
        combine(lanes, at, &mut logits);
        let mut signs = [1.0; ROWS];
        let happened = self.outcomes.happened().get(rows.clone()).unwrap_or_default();
        signs.iter_mut().zip(happened).for_each(|(sign, &happened)| *sign = if happened { 1.0 } else { -1.0 });
        let mut small: Lane = std::array::from_fn(|row| -logits[row].abs());
        exponential::of_falling(&mut small);
        let mut terms = Terms { value: 0.0, slopes: [0.0; ROWS], curvatures: [0.0; ROWS], excess: [0.0; ROWS] };
        for row in 0..ROWS {
            let (margin, tail) = (signs[row] * logits[row], small[row]);
            let share = 1.0 / (1.0 + tail);
            let upper = tail * share;
            terms.slopes[row] = signs[row] * if margin >= 0.0 { upper } else { share };
            terms.curvatures[row] = upper * share;
            terms.excess[row] = (share - 0.5).copysign(logits[row]);
        }
        match self.outcomes.weights() {
            None => terms.value = log_likelihood(count, &signs, &logits, &small),
            Some(weights) => {
                let weights = weights.get(rows).unwrap_or_default();
                for (row, weight) in weights.iter().enumerate().take(ROWS) {
                    terms.value -= weight * ((-signs[row] * logits[row]).max(0.0) + small[row].ln_1p());
                    terms.slopes[row] *= weight;
                    terms.curvatures[row] *= weight;
                }
            }
        }
        for row in count..ROWS {
            (terms.slopes[row], terms.curvatures[row]) = (0.0, 0.0);
        }
        terms
    }
}

/// Σ of -ln(1 + e^-m) = min(m, 0) - ln(1 + e^-|m|): the factors of a block are at most 2 each, so their product is finite.
fn log_likelihood(count: usize, signs: &Lane, logits: &Lane, small: &Lane) -> f64 {
    const SIDE: usize = 4;
    if count < ROWS {
        let term = |row: usize| (signs[row] * logits[row]).min(0.0) - small[row].ln_1p();
        return (0..count.min(ROWS)).map(term).sum();
    }
    let (mut below, mut product) = ([0.0; SIDE], [1.0; SIDE]);
    for at in (0..ROWS).step_by(SIDE) {
        for side in 0..SIDE {
            let row = at + side;
            let margin = signs[row] * logits[row];
            below[side] += if margin < 0.0 { margin } else { 0.0 };
            product[side] *= 1.0 + small[row];
        }
    }
    below.iter().sum::<f64>() - product.iter().map(|factor: &f64| factor.ln()).sum::<f64>()
}
