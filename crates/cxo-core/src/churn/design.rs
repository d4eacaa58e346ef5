//! The columns of a regression as its arithmetic wants them: centred and scaled, in blocks of rows.
//!
//! Columns stay where they are; a block is standardised on the way into the cache. Every sum goes through fixed chunks of
//! blocks, reduced in their order, so that it has the same bits for every number of threads.

use std::ops::Range;

use super::Features;
use crate::Error;
use crate::numeric::gram::{Lane, ROWS};

/// Blocks of a chunk, and of them those that are filled at once: with some tens of columns they stay in the second cache.
const CHUNK: usize = 64;
const GROUP: usize = 8;
/// Name of the first coefficient.
pub(super) const INTERCEPT: &str = "(intercept)";

/// Columns with an intercept before them, standardised by their means and population standard deviations.
#[derive(Debug, Clone)]
pub(super) struct Design<'a> {
    columns: &'a [Vec<f64>],
    rows: usize,
    pub(super) means: Vec<f64>,
    pub(super) deviations: Vec<f64>,
    /// What is subtracted: the means, or 0.
    centres: Vec<f64>,
    /// The greatest absolute standardised value of each column.
    pub(super) reach: Vec<f64>,
}

/// Mean, sum of squared deviations from it and extremes, of values of a total weight.
#[derive(Debug, Clone, Copy)]
struct Moments {
    weight: f64,
    mean: f64,
    squares: f64,
    least: f64,
    greatest: f64,
}

impl<'a> Design<'a> {
    /// # Errors
    /// Not identified, with the columns, where columns are constant; input where the square of a spread is beyond f64.
    pub(super) fn new(features: &'a Features, weights: Option<&[f64]>) -> Result<Self, Error> {
        let columns = features.columns();
        let (mut means, mut deviations, mut reach, mut constant) = (vec![], vec![], vec![], vec![]);
        for (place, column) in columns.iter().enumerate() {
            let Moments { weight, mean, squares, least, greatest } = moments(column, weights);
            let deviation = (squares / weight).sqrt();
            if !(deviation.is_finite() && mean.is_finite()) {
                let name = features.names_at(&[place]).concat();
                return Err(Error::input(format!("spread of {name}"), deviation, "a finite number"));
            }
            if deviation <= 0.0 {
                constant.push(place);
            }
            reach.push((greatest - mean).max(mean - least) / deviation);
            means.push(mean);
            deviations.push(deviation);
        }
        if !constant.is_empty() {
            return Err(Error::collinear(features.names_at(&constant)));
        }
        Ok(Self { columns, rows: features.rows(), centres: means.clone(), means, deviations, reach })
    }

    /// The intercept alone.
    pub(super) fn intercept(rows: usize) -> Self {
        Self { columns: &[], rows, means: vec![], deviations: vec![], centres: vec![], reach: vec![] }
    }

    /// The same scaled, but not centred: the intercept is then that of the columns as they are.
    pub(super) fn uncentred(&self) -> Self {
        Self { centres: vec![0.0; self.centres.len()], ..self.clone() }
    }

    /// Coefficients: those of the columns and the intercept.
    pub(super) fn width(&self) -> usize {
        self.columns.len() + 1
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) const fn blocks(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    /// Each of these blocks with the rows it holds: lanes that may be overwritten, intercept first, 0 beyond the last row.
    ///
    /// Some blocks are filled at a time, so that long stretches of a column are read at once.
    pub(super) fn each_block(&self, blocks: &[usize], mut visit: impl FnMut(Range<usize>, &mut [Lane])) {
        let width = self.width();
        let mut lanes = vec![[0.0; ROWS]; width * blocks.len().min(GROUP)];
        for group in blocks.chunks(GROUP) {
            self.fill(group, &mut lanes);
            for (&block, lanes) in group.iter().zip(lanes.chunks_mut(width)) {
                visit(self.rows_of(block), lanes);
            }
        }
    }

    fn rows_of(&self, block: usize) -> Range<usize> {
        block * ROWS..((block + 1) * ROWS).min(self.rows)
    }

    fn fill(&self, blocks: &[usize], lanes: &mut [Lane]) {
        let width = self.width();
        let scales = self.centres.iter().zip(&self.deviations);
        for (place, (column, (centre, deviation))) in self.columns.iter().zip(scales).enumerate() {
            let rate = 1.0 / deviation;
            for (lane, &block) in lanes.iter_mut().skip(place + 1).step_by(width).zip(blocks) {
                let values = column.get(self.rows_of(block)).unwrap_or_default();
                if values.len() < ROWS {
                    *lane = [0.0; ROWS];
                }
                lane.iter_mut().zip(values).for_each(|(to, value)| *to = (value - centre) * rate);
            }
        }
        for (lane, &block) in lanes.iter_mut().step_by(width).zip(blocks) {
            let count = self.rows_of(block).len();
            *lane = std::array::from_fn(|row| f64::from(u8::from(row < count)));
        }
    }

    /// What the chunks of every `stride`-th block give, in their order.
    pub(super) fn in_chunks<S: Send>(&self, stride: usize, chunk: impl Fn(&[usize]) -> S + Sync + Send) -> Vec<S> {
        let blocks: Vec<usize> = (0..self.blocks()).step_by(stride).collect();
        #[cfg(feature = "rayon")]
        {
            use rayon::prelude::*;
            blocks.par_chunks(CHUNK).map(chunk).collect()
        }
        #[cfg(not(feature = "rayon"))]
        blocks.chunks(CHUNK).map(chunk).collect()
    }

    /// Each row, intercept first.
    pub(super) fn each_row(&self, mut visit: impl FnMut(usize, &[f64])) {
        let mut row = vec![0.0; self.width()];
        let blocks: Vec<usize> = (0..self.blocks()).collect();
        self.each_block(&blocks, |rows, lanes| {
            for (at, number) in rows.enumerate() {
                row.iter_mut()
                    .zip(&*lanes)
                    .for_each(|(value, lane)| *value = lane.get(at).copied().unwrap_or_default());
                visit(number, &row);
            }
        });
    }
}

/// Of one column, block by block (Chan, Golub and LeVeque 1983), around its first value: exactly no spread for a constant.
fn moments(column: &[f64], weights: Option<&[f64]>) -> Moments {
    let origin = column.first().copied().unwrap_or_default();
    let blocks = column.chunks(ROWS * CHUNK);
    let parts = blocks.enumerate().map(|(block, values)| {
        let weights = weights.map(|weights| {
            let from = block * ROWS * CHUNK;
            weights.get(from..from + values.len()).unwrap_or_default()
        });
        moments_of_block(values, origin, weights)
    });
    let merged = parts.reduce(|left, right| {
        let weight = left.weight + right.weight;
        let step = right.mean - left.mean;
        Moments {
            weight,
            mean: left.mean + step * (right.weight / weight),
            squares: left.squares + right.squares + step * step * (left.weight * right.weight / weight),
            least: left.least.min(right.least),
            greatest: left.greatest.max(right.greatest),
        }
    });
    let merged = merged.unwrap_or(Moments { weight: 0.0, mean: 0.0, squares: 0.0, least: 0.0, greatest: 0.0 });
    Moments { mean: origin + merged.mean, least: origin + merged.least, greatest: origin + merged.greatest, ..merged }
}

/// Relative to the origin.
fn moments_of_block(values: &[f64], origin: f64, weights: Option<&[f64]>) -> Moments {
    let away = |value: &f64| value - origin;
    let (weight, sum) = match weights {
        None => (values.len() as f64, sum_of(values, away)),
        Some(weights) => (weights.iter().sum(), values.iter().zip(weights).map(|(x, w)| w * away(x)).sum()),
    };
    let mean = sum / weight;
    // Squares and extremes in one loop, four side by side.
    let mut sums = [[0.0; 4], [f64::INFINITY; 4], [f64::NEG_INFINITY; 4]];
    let mut add = |side: usize, value: &f64, weight: f64| {
        let x = away(value);
        let [squares, least, most] = &mut sums;
        squares[side] += weight * (x - mean) * (x - mean);
        least[side] = if x < least[side] { x } else { least[side] };
        most[side] = if x > most[side] { x } else { most[side] };
    };
    match weights {
        None => {
            let (blocks, rest) = values.as_chunks::<4>();
            blocks.iter().for_each(|block| (0..4).for_each(|side| add(side, &block[side], 1.0)));
            rest.iter().for_each(|value| add(0, value, 1.0));
        }
        Some(weights) => values.iter().zip(weights).for_each(|(value, weight)| add(0, value, *weight)),
    }
    let [squares, least, most] = sums;
    Moments {
        weight,
        mean,
        squares: squares.iter().sum(),
        least: least.into_iter().fold(f64::INFINITY, f64::min),
        greatest: most.into_iter().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// With eight sums side by side.
fn sum_of(values: &[f64], term: impl Fn(&f64) -> f64) -> f64 {
    let (blocks, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, value)| *sum += term(value));
    }
    sums.iter().sum::<f64>() + rest.iter().map(term).sum::<f64>()
}
