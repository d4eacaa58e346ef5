//! The columns of a regression as its arithmetic wants them: centred and scaled, in blocks of rows.
//!
//! Columns stay where they are; a block is standardised on the way into the cache. Every sum goes through fixed chunks of
//! blocks, reduced in their order, so that it has the same bits for every number of threads.

use super::Features;
use crate::Error;
use crate::numeric::gram::{Lane, ROWS};

/// Blocks of a chunk.
const CHUNK: usize = 32;
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

    /// Lanes for one block.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        vec![[0.0; ROWS]; self.width()]
    }

    /// Fills the lanes with a block, intercept first, and says which rows it holds. Those beyond are 0.
    pub(super) fn fill(&self, block: usize, lanes: &mut [Lane]) -> std::ops::Range<usize> {
        let from = block * ROWS;
        let to = (from + ROWS).min(self.rows);
        let Some((ones, lanes)) = lanes.split_first_mut() else { return from..from };
        *ones = [0.0; ROWS];
        ones.iter_mut().take(to - from).for_each(|one| *one = 1.0);
        for (((lane, column), centre), deviation) in
            lanes.iter_mut().zip(self.columns).zip(&self.centres).zip(&self.deviations)
        {
            let (rate, values) = (1.0 / deviation, column.get(from..to).unwrap_or_default());
            if values.len() < ROWS {
                *lane = [0.0; ROWS];
            }
            lane.iter_mut().zip(values).for_each(|(to, value)| *to = (value - centre) * rate);
        }
        from..to
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
        let (mut lanes, mut row) = (self.lanes(), vec![0.0; self.width()]);
        for block in 0..self.blocks() {
            for (at, number) in self.fill(block, &mut lanes).enumerate() {
                row.iter_mut().zip(&lanes).for_each(|(value, lane)| *value = lane.get(at).copied().unwrap_or_default());
                visit(number, &row);
            }
        }
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
    let squares = match weights {
        None => sum_of(values, |value| (away(value) - mean).powi(2)),
        Some(weights) => values.iter().zip(weights).map(|(x, w)| w * (away(x) - mean).powi(2)).sum(),
    };
    let ends = values.iter().map(away);
    let (least, greatest) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| {
        (if x < least { x } else { least }, if x > most { x } else { most })
    });
    Moments { weight, mean, squares, least, greatest }
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
