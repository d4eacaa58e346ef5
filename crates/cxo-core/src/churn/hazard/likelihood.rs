//! The log-likelihood of all person-periods, one pass over the rows: what a row adds to its periods and what its periods add to it.
//!
//! The columns of a row are the same in all its periods, so that X' W X needs one weight a row, the sum over its periods; only the
//! part that periods and columns have in common takes a step for each person-period.

use std::ops::Range;

use super::period::PeriodEffect;
use crate::churn::Durations;
use crate::churn::design::Design;
use crate::churn::separation::Outcome;
use crate::numeric::exponential;
use crate::numeric::gram::{Gram, Lane, ROWS, combine, project};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;

/// The periods in which a row is at risk, and whether it leaves in the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spell {
    pub(super) entry: u32,
    pub(super) last: u32,
    pub(super) left: bool,
    pub(super) weight: f64,
}

/// Rows with their spells.
pub(super) struct PersonPeriods<'a> {
    pub(super) design: &'a Design<'a>,
    pub(super) spells: &'a [Spell],
    pub(super) effect: PeriodEffect,
    pub(super) periods: u32,
}

/// Sums of a pass. `shared` is by period, then by column.
struct Sums {
    value: f64,
    slopes: Vec<f64>,
    curvatures: Vec<f64>,
    shared: Vec<f64>,
    gradient: Vec<f64>,
    gram: Gram,
}

impl Sums {
    fn new(periods: usize, width: usize) -> Self {
        Self {
            value: 0.0,
            slopes: vec![0.0; periods],
            curvatures: vec![0.0; periods],
            shared: vec![0.0; periods * width],
            gradient: vec![0.0; width],
            gram: Gram::new(width),
        }
    }

    fn merge(&mut self, other: &Self) {
        let add = |to: &mut Vec<f64>, from: &[f64]| to.iter_mut().zip(from).for_each(|(sum, term)| *sum += term);
        self.value += other.value;
        add(&mut self.slopes, &other.slopes);
        add(&mut self.curvatures, &other.curvatures);
        add(&mut self.shared, &other.shared);
        add(&mut self.gradient, &other.gradient);
        self.gram.merge(&other.gram);
    }
}

impl PersonPeriods<'_> {
    /// Coefficients of the period.
    pub(super) fn effects(&self) -> usize {
        self.effect.width(self.periods)
    }

    /// The log-likelihood with its derivatives at effects of the period and slopes of standardised columns.
    ///
    /// O(person-periods × columns + rows × columns²).
    pub(super) fn surface(&self, at: &[f64]) -> Surface {
        let effects = self.effects();
        let (of_period, of_columns) = at.split_at(effects.min(at.len()));
        let levels: Vec<f64> = (1..=self.periods)
            .map(|period| self.effect.basis(period, self.periods).iter().zip(of_period).map(|(f, c)| f * c).sum())
            .collect();
        let width = self.design.width();
        let slopes = [&[0.0][..], of_columns].concat();
        let parts = self.design.in_chunks(1, |blocks| {
            let mut sums = Sums::new(levels.len(), width);
            self.design.each_block(blocks, |rows, lanes| self.block(rows, &levels, &slopes, lanes, &mut sums));
            sums
        });
        let mut sums = Sums::new(levels.len(), width);
        parts.iter().for_each(|part| sums.merge(part));
        self.assemble(&sums)
    }

    fn block(&self, rows: Range<usize>, levels: &[f64], slopes: &[f64], lanes: &[Lane], sums: &mut Sums) {
        let (mut scores, mut residuals, mut curvatures) = ([0.0; ROWS], [0.0; ROWS], [0.0; ROWS]);
        combine(lanes, slopes, &mut scores);
        let (mut small, mut row) = (Vec::new(), vec![0.0; lanes.len()]);
        let spells = self.spells.get(rows).unwrap_or_default();
        for (at, spell) in spells.iter().enumerate().take(ROWS) {
            let score = scores[at];
            row.iter_mut().zip(lanes).for_each(|(value, lane)| *value = lane[at]);
            let span = spell.entry as usize..spell.last as usize;
            let level = levels.get(span.clone()).unwrap_or_default();
            small.clear();
            small.extend(level.iter().map(|level| -(level + score).abs()));
            exponential::of_falling(&mut small);
            let (mut residual, mut curvature) = (0.0, 0.0);
            for (place, (period, tail)) in span.zip(&small).enumerate() {
                let logit = levels[period] + score;
                let left = spell.left && place + 1 == small.len();
                let margin = if left { logit } else { -logit };
                let share = 1.0 / (1.0 + tail);
                let upper = tail * share;
                let slope = spell.weight * if margin >= 0.0 { upper } else { share } * if left { 1.0 } else { -1.0 };
                let weight = spell.weight * upper * share;
                sums.value += spell.weight * (margin.min(0.0) - tail.ln_1p());
                sums.slopes[period] += slope;
                sums.curvatures[period] += weight;
                let shared = sums.shared.iter_mut().skip(period * row.len());
                shared.zip(&row).for_each(|(sum, value)| *sum += weight * value);
                residual += slope;
                curvature += weight;
            }
            (residuals[at], curvatures[at]) = (residual, curvature);
        }
        project(lanes, &residuals, &mut sums.gradient);
        sums.gram.add(lanes, &curvatures);
    }

    fn assemble(&self, sums: &Sums) -> Surface {
        let (effects, width) = (self.effects(), self.design.width());
        let square = self.effect.square(&sums.curvatures);
        let gram = sums.gram.matrix();
        // By column, over coefficients of the period.
        let shared: Vec<Vec<f64>> = (1..width)
            .map(|column| {
                let of_periods: Vec<f64> = sums.shared.iter().skip(column).step_by(width).copied().collect();
                self.effect.gather(&of_periods)
            })
            .collect();
        let mixed = |effect: usize, column: usize| {
            shared.get(column - effects).and_then(|of| of.get(effect)).copied().unwrap_or_default()
        };
        let hessian = Matrix::from_fn(effects + width - 1, |row, column| -match (row < effects, column < effects) {
            (true, true) => square.get(row, column),
            (true, false) => mixed(row, column),
            (false, true) => mixed(column, row),
            (false, false) => gram.get(row - effects + 1, column - effects + 1),
        });
        let mut gradient = self.effect.gather(&sums.slopes);
        gradient.extend(sums.gradient.iter().skip(1));
        Surface { value: sums.value, gradient, hessian }
    }
}

impl Outcome for PersonPeriods<'_> {
    fn width(&self) -> usize {
        self.effects() + self.design.width() - 1
    }

    fn intercepts(&self) -> usize {
        self.effects()
    }

    fn scan(&self, visit: &mut dyn FnMut(bool, &[f64])) {
        let effects = self.effects();
        let bases: Vec<Vec<f64>> = (1..=self.periods).map(|period| self.effect.basis(period, self.periods)).collect();
        let mut values = vec![0.0; self.width()];
        self.design.each_row(|row, columns| {
            let Some(spell) = self.spells.get(row) else { return };
            values.iter_mut().skip(effects).zip(columns.iter().skip(1)).for_each(|(to, value)| *to = *value);
            for period in spell.entry + 1..=spell.last {
                let basis = bases.get(period as usize - 1).map_or(&[][..], Vec::as_slice);
                values.iter_mut().zip(basis).for_each(|(to, value)| *to = *value);
                visit(spell.left && period == spell.last, &values);
            }
        });
    }
}

/// The spells of durations in whole periods.
///
/// # Errors
/// Input, with the row, for a duration or an entry that is no whole number in range.
pub(super) fn spells(durations: &Durations) -> Result<Vec<Spell>, crate::Error> {
    let whole = |what: &str, value: f64, least: f64, row: usize| {
        let allowed = format!("a whole number of periods, {least} to {}", super::period::MOST);
        let good = value.fract() == 0.0 && value >= least && value <= f64::from(super::period::MOST);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number in range")]
        if good { Ok(value as u32) } else { Err(crate::Error::input(what, value, allowed).at_row(row as u64)) }
    };
    let times = durations.durations().iter().zip(durations.observed()).enumerate();
    times
        .map(|(row, (time, &left))| {
            let of = |values: Option<&[f64]>, otherwise: f64| {
                values.and_then(|values| values.get(row).copied()).unwrap_or(otherwise)
            };
            Ok(Spell {
                entry: whole("entry", of(durations.entries(), 0.0), 0.0, row)?,
                last: whole("duration", *time, 1.0, row)?,
                left,
                weight: of(durations.weights(), 1.0),
            })
        })
        .collect()
}
