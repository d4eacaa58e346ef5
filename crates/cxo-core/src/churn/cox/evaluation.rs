//! The log partial likelihood with its derivatives, in two passes over the rows.
//!
//! The information is a sum over events of a second moment of the risk set less the outer product of its mean. The second
//! moments are never formed: turned around, each row x x' counts as often as it is expected to leave, so that they become one
//! weighted Gram matrix over the rows, and the means another over the moments.

use super::risk_sets::{Moment, RiskSets};
use super::rows::Ties;
use crate::numeric::gram::{Gram, Lane, ROWS, RowGram, combine, project};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;
use crate::numeric::prefix::Prefix;
use crate::numeric::sum::Sum;

/// Sums over the denominators S0 - φ T0 of the ties of one moment, with v the mean weight of those who leave.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Denominators {
    /// Σ v / denominator: the step of the baseline hazard.
    pub(super) hazard: f64,
    /// Σ v φ / denominator: the part of it from which those who leave are spared.
    pub(super) spared: f64,
    /// Σ v / denominator², the variance of the step.
    pub(super) a: f64,
    /// Σ v φ / denominator².
    pub(super) b: f64,
    /// Σ v φ² / denominator².
    pub(super) c: f64,
    /// Mean of 1 / denominator over the ties.
    pub(super) p: f64,
    /// Mean of φ / denominator over the ties.
    pub(super) q: f64,
}

/// The likelihood at one set of coefficients, with the scale of the rates left out: all rates are divided by exp(`shift`).
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    pub(super) sets: &'a RiskSets,
    pub(super) ties: Ties,
    pub(super) shift: f64,
    /// Weight times exp(linear predictor) of each row.
    pub(super) rates: Vec<f64>,
    /// The same in the order of leaving, where rows have entries.
    pub(super) leaving: Vec<f64>,
    pub(super) denominators: Vec<Denominators>,
    /// The baseline cumulative hazard at each moment.
    pub(super) cumulative: Vec<f64>,
    /// Weight times the number of events that each row is expected to have.
    pub(super) expected: Vec<f64>,
    pub(super) log_likelihood: f64,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(sets: &'a RiskSets, ties: Ties) -> Self {
        let (rows, moments) = (sets.rows(), sets.moments.len());
        Self {
            sets,
            ties,
            shift: 0.0,
            rates: vec![0.0; rows],
            leaving: vec![0.0; sets.entries.as_ref().map_or(0, |entries| entries.places.len())],
            denominators: vec![Denominators::default(); moments],
            cumulative: vec![0.0; moments],
            expected: vec![0.0; rows],
            log_likelihood: 0.0,
        }
    }

    /// Everything but the derivatives, at these coefficients. O(n p).
    pub(super) fn locate(&mut self, coefficients: &[f64]) {
        let mut log_likelihood = self.rate(coefficients);
        self.divide(&mut log_likelihood);
        self.log_likelihood = log_likelihood.value();
        self.accumulate();
    }

    /// Rates; and the sum of the linear predictors of those who leave.
    fn rate(&mut self, coefficients: &[f64]) -> Sum {
        let sets = self.sets;
        for (number, (block, rates)) in sets.design.blocks().zip(self.rates.chunks_mut(ROWS)).enumerate() {
            let mut linear: Lane = [0.0; ROWS];
            if let Some(offset) = &sets.offset {
                linear.iter_mut().zip(&offset[number * ROWS..]).for_each(|(sum, offset)| *sum = *offset);
            }
            combine(block, coefficients, &mut linear);
            rates.copy_from_slice(&linear[..rates.len()]);
        }
        let shift = self.rates.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = Sum::default();
        for place in sets.moments.iter().flat_map(Moment::places) {
            sum.add(sets.weights[place] * (self.rates[place] - shift));
        }
        for (rate, weight) in self.rates.iter_mut().zip(&sets.weights) {
            *rate = weight * (*rate - shift).exp();
        }
        if let Some(entries) = &sets.entries {
            for (rate, &place) in self.leaving.iter_mut().zip(&entries.places) {
                *rate = self.rates[place as usize];
            }
        }
        self.shift = shift;
        sum
    }

    /// The denominators of all moments; takes their logarithms from the likelihood.
    fn divide(&mut self, log_likelihood: &mut Sum) {
        let sets = self.sets;
        for stratum in &sets.strata {
            let (mut at_risk, mut place, mut gone) = (Sum::default(), stratum.rows.start, stratum.rows.start);
            for number in stratum.moments.clone() {
                let moment = sets.moments[number];
                self.rates[place..moment.end as usize].iter().for_each(|rate| at_risk.add(*rate));
                place = moment.end as usize;
                if let Some(entries) = &sets.entries {
                    let end = entries.ends[number] as usize;
                    self.leaving[gone..end].iter().for_each(|rate| at_risk.add(-rate));
                    gone = end;
                }
                let leaving: f64 = self.rates[moment.places()].iter().sum();
                let weight: f64 = sets.weights[moment.places()].iter().sum();
                let (sums, logarithms) = denominators(at_risk.value(), leaving, weight, moment.deaths, self.ties);
                self.denominators[number] = sums;
                log_likelihood.add(-logarithms);
            }
        }
    }

    /// The baseline forward in time, and what each row is expected to have of it.
    fn accumulate(&mut self) {
        let sets = self.sets;
        for stratum in &sets.strata {
            let mut cumulative = Sum::default();
            for number in stratum.moments.clone().rev() {
                cumulative.add(self.denominators[number].hazard);
                self.cumulative[number] = cumulative.value();
            }
        }
        let (expected, rates, cumulative) = (&mut self.expected, &self.rates, &self.cumulative);
        let until = |moment: Option<usize>| moment.map_or(0.0, |moment| cumulative[moment]);
        sets.visit_rows(|place, reached, gone| expected[place] = rates[place] * (until(reached) - until(gone)));
        for (moment, sums) in sets.moments.iter().zip(&self.denominators) {
            for place in moment.places() {
                self.expected[place] -= self.rates[place] * sums.spared;
            }
        }
    }

    /// The likelihood with its derivatives. O(n p²).
    pub(super) fn surface(&mut self, coefficients: &[f64]) -> Surface {
        self.locate(coefficients);
        let sets = self.sets;
        let columns = sets.design.columns();
        let (mut rows, mut gradient) = (Gram::new(columns), vec![0.0; columns]);
        let mut surprise = vec![0.0; self.expected.len()];
        surprise.iter_mut().zip(&self.expected).for_each(|(surprise, expected)| *surprise = -expected);
        for place in sets.moments.iter().flat_map(Moment::places) {
            surprise[place] += sets.weights[place];
        }
        let mut add_block = |number: usize| {
            let (block, from) = (sets.design.block(number), number * ROWS);
            let to = (from + ROWS).min(surprise.len());
            rows.add(block, &lane(&self.expected[from..to]));
            project(block, &lane(&surprise[from..to]), &mut gradient);
        };
        let mut means = RowGram::new(columns);
        let mut mean = vec![0.0; columns];
        // Σ over the ties of one moment of v m m', with m the mean of those at risk, is a form of rank 2 in S1 and T1:
        // a (S1 - b/a T1)(…)' + (c - b²/a) T1 T1'.
        self.visit_moments(&mut add_block, |number, at_risk, leaving| {
            let Denominators { a, b, c, .. } = self.denominators[number];
            if b > 0.0 {
                mean.iter_mut().zip(at_risk).zip(leaving).for_each(|((m, s), t)| *m = s - b / a * t);
                means.push(&mean, a);
                means.push(leaving, (c - b * b / a).max(0.0));
            } else {
                means.push(at_risk, a);
            }
        });
        let (rows, means) = (rows.matrix(), means.matrix());
        let hessian = Matrix::from_fn(columns, |row, column| means.get(row, column) - rows.get(row, column));
        Surface { value: self.log_likelihood, gradient, hessian }
    }

    /// Calls `visit` with each moment, backward in time by stratum, and with Σ rate x over those at risk and, where ties are to
    /// be told apart, over those who leave. Calls `block` with each block of rows that matter, just before it is summed.
    pub(super) fn visit_moments(&self, block: &mut impl FnMut(usize), mut visit: impl FnMut(usize, &[f64], &[f64])) {
        let sets = self.sets;
        let columns = sets.design.columns();
        let mut reached = match &sets.entries {
            None => Prefix::plain(&sets.design, &self.rates, &sets.starts),
            Some(_) => Prefix::compensated(&sets.design, &self.rates, &sets.starts),
        };
        let mut gone =
            sets.entries.as_ref().map(|entries| Prefix::compensated(&entries.design, &self.leaving, &sets.starts));
        let mut read = |row: usize, sign: f64, into: &mut [f64], lost: &mut [f64]| {
            while reached.covered() <= row {
                block(reached.covered() / ROWS);
                reached.sum_next();
            }
            reached.add(row, sign, into, lost);
        };
        let (mut at_risk, mut leaving, mut lost) = (vec![0.0; columns], vec![0.0; columns], vec![0.0; columns]);
        for stratum in &sets.strata {
            for number in stratum.moments.clone() {
                let moment = sets.moments[number];
                leaving.fill(0.0);
                if self.denominators[number].b > 0.0 {
                    lost.fill(0.0);
                    let first = moment.first as usize;
                    if first > stratum.rows.start {
                        read(first - 1, -1.0, &mut leaving, &mut lost);
                    }
                    read(moment.places().end - 1, 1.0, &mut leaving, &mut lost);
                    leaving.iter_mut().zip(&lost).for_each(|(sum, lost)| *sum += lost);
                }
                at_risk.fill(0.0);
                lost.fill(0.0);
                read(moment.end as usize - 1, 1.0, &mut at_risk, &mut lost);
                if let (Some(entries), Some(gone)) = (&sets.entries, &mut gone) {
                    let end = entries.ends[number] as usize;
                    if end > stratum.rows.start {
                        gone.add(end - 1, -1.0, &mut at_risk, &mut lost);
                    }
                }
                at_risk.iter_mut().zip(&lost).for_each(|(sum, lost)| *sum += lost);
                visit(number, &at_risk, &leaving);
            }
        }
    }
}

/// The sums over the ties of a moment, and Σ v ln denominator.
fn denominators(at_risk: f64, leaving: f64, weight: f64, deaths: u32, ties: Ties) -> (Denominators, f64) {
    let steps = if ties == Ties::Efron { deaths } else { 1 };
    let (each, share) = (weight / f64::from(steps), 1.0 / f64::from(steps));
    let (mut sums, mut logarithms) = (Denominators::default(), 0.0);
    for step in 0..steps {
        let spared = share * f64::from(step);
        let denominator = at_risk - spared * leaving;
        let inverse = 1.0 / denominator;
        let square = each * inverse * inverse;
        sums.hazard += each * inverse;
        sums.spared += each * spared * inverse;
        sums.a += square;
        sums.b += square * spared;
        sums.c += square * spared * spared;
        sums.p += share * inverse;
        sums.q += share * spared * inverse;
        logarithms += each * denominator.ln();
    }
    (sums, logarithms)
}

/// Values of a block, the rest 0.
pub(super) fn lane(values: &[f64]) -> Lane {
    let mut lane = [0.0; ROWS];
    lane[..values.len()].copy_from_slice(values);
    lane
}
