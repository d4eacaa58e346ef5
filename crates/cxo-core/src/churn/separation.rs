//! Does a combination of columns tell the outcome of every row? Then no finite coefficient is the most likely one.
//!
//! Rows a = ± (1, x), the sign by what happened, are *separated* if some direction d has a'd >= 0 for all of them and > 0 for some:
//! along it no row ever loses likelihood (Albert and Anderson 1984). Whether there is one is settled on a few rows,
//! by projection on the cone of such directions; the rows that its answer leaves on the wrong side join them, until there is none.
//! So a direction that is found has been checked on every row, and that there is none has been proved on the few.

use crate::numeric::cone::{projection, unit, unseen};
use crate::numeric::matrix::Matrix;

/// A row counts as on the right side of a unit direction down to minus this, the rows being of length 1.
const TOLERANCE: f64 = 1e-9;
/// A part of a direction below this share of the greatest is none.
const PART: f64 = 1e-7;
/// Rounds of adding rows, each of which settles many.
const ROUNDS: usize = 200;

/// Rows with their outcome, in any order that stays the same: `scan` shows each.
pub(super) trait Outcome {
    /// Columns, the intercepts first.
    fn width(&self) -> usize;

    /// How many of them are intercepts, which are not named.
    fn intercepts(&self) -> usize;

    fn scan(&self, visit: &mut dyn FnMut(bool, &[f64]));
}

/// The columns that separate, if any do: all that do so alone, or else a set of which none can be left out.
///
/// The columns must be linearly independent. O(rows × columns) for a column alone, else that many times a few tens.
pub(super) fn separating(rows: &impl Outcome) -> Option<Vec<usize>> {
    let alone = alone(rows);
    if !alone.is_empty() {
        return Some(alone);
    }
    let mut pool = Pool::new(rows);
    let all: Vec<usize> = (0..rows.width()).collect();
    let mut direction = pool.direction(rows, &all)?;
    let named = |direction: &[f64]| -> Vec<usize> {
        let greatest = direction.iter().fold(0.0, |most: f64, part| most.max(part.abs()));
        let large = |&place: &usize| direction.get(place).is_some_and(|part| part.abs() > PART * greatest);
        (rows.intercepts()..rows.width()).filter(large).collect()
    };
    let mut needed = named(&direction);
    let mut tried = needed.clone();
    tried.sort_by(|&left, &right| {
        let size = |place: usize| direction.get(place).map_or(0.0, |part| part.abs());
        size(left).total_cmp(&size(right))
    });
    for place in tried {
        if needed.len() < 2 || !needed.contains(&place) {
            continue;
        }
        let rest = (0..rows.intercepts()).chain(needed.iter().copied().filter(|&other| other != place));
        if let Some(found) = pool.direction(rows, &rest.collect::<Vec<_>>()) {
            direction = found;
            needed = named(&direction);
        }
    }
    Some(needed)
}

/// Whether a maximum near a point is certain, from the inverse of the curvature there, the Newton decrement, and the greatest absolute
/// value of each column.
///
/// Let g be minus the log-likelihood along a direction of length 1 in the metric of the curvature, and R the length of the longest row
/// there. A logistic row has |g'''| <= R g'', so g''(t) >= e^(-R t), and with g'(0) >= -ν, ν² being the decrement,
/// g(t) - g(0) >= (e^(-R t) + R t - 1) / R² - ν t. Where ν R < 1 that grows without bound, at the same rate in every direction: so
/// there is a maximum (the bound is that of Bach 2010). Asked for is ν R <= 1/2, with R² <= Σ |inverse| × reach × reach.
pub(super) fn has_maximum(inverse: &Matrix, reach: &[f64], decrement: f64) -> bool {
    let of = |place: usize| reach.get(place).copied().unwrap_or(f64::INFINITY);
    let size = inverse.size();
    let entries = inverse.entries().iter().enumerate();
    let square: f64 = entries.map(|(at, entry)| entry.abs() * of(at / size) * of(at % size)).sum();
    decrement * square <= 0.25
}

/// The columns of which one value parts what happened from what did not.
fn alone(rows: &impl Outcome) -> Vec<usize> {
    // Least and greatest value where it did not happen and where it did.
    let mut ends = vec![[[f64::INFINITY, f64::NEG_INFINITY]; 2]; rows.width()];
    rows.scan(&mut |happened, row| {
        for (ends, value) in ends.iter_mut().zip(row) {
            let [least, greatest] = &mut ends[usize::from(happened)];
            *least = least.min(*value);
            *greatest = greatest.max(*value);
        }
    });
    let parts =
        |&place: &usize| ends.get(place).is_some_and(|[stayed, left]| stayed[1] <= left[0] || left[1] <= stayed[0]);
    (rows.intercepts()..rows.width()).filter(parts).collect()
}

/// The few rows, signed and of length 1.
struct Pool {
    width: usize,
    rows: Vec<Vec<f64>>,
}

impl Pool {
    /// Some rows evenly from all.
    fn new(rows: &impl Outcome) -> Self {
        let mut count = 0_usize;
        rows.scan(&mut |_, _| count += 1);
        let step = count.div_ceil(8 * rows.width()).max(1);
        let (mut pool, mut at) = (Vec::new(), 0);
        rows.scan(&mut |happened, row| {
            if at % step == 0 {
                pool.push(signed(happened, row));
            }
            at += 1;
        });
        Self { width: rows.width(), rows: pool }
    }

    /// A unit direction within these columns that separates, all columns in it.
    fn direction(&mut self, rows: &impl Outcome, columns: &[usize]) -> Option<Vec<f64>> {
        for _ in 0..ROUNDS {
            let few: Vec<Vec<f64>> = self.rows.iter().map(|row| unit(at(row, columns))).collect();
            // Where the few rows do not show any direction, one that they say nothing about is looked at.
            let (found, free) = match projection(&few, columns.len()) {
                Some(found) => (found, false),
                None => (unseen(&few, columns.len())?, true),
            };
            let mut whole = vec![0.0; self.width];
            columns.iter().zip(&found).for_each(|(&place, part)| whole[place] = *part);
            let worst = worst(rows, columns, &whole, free, 2 * self.width);
            if worst.is_empty() {
                return if free { None } else { Some(whole) };
            }
            self.rows.extend(worst);
        }
        None
    }
}

/// The rows farthest on the wrong side of a direction or, `either`, on any side, the farthest first.
fn worst(rows: &impl Outcome, columns: &[usize], direction: &[f64], either: bool, most: usize) -> Vec<Vec<f64>> {
    let mut worst: Vec<(f64, Vec<f64>)> = Vec::new();
    rows.scan(&mut |happened, row| {
        let (mut product, mut square) = (0.0, 0.0);
        for &place in columns {
            product += row[place] * direction[place];
            square += row[place] * row[place];
        }
        let product = if happened { product } else { -product };
        let product = if either { -product.abs() } else { product };
        let side = product / square.sqrt();
        let last = worst.last().map_or(f64::INFINITY, |(side, _)| *side);
        if side < -TOLERANCE && (worst.len() < most || side < last) {
            let place = worst.partition_point(|(other, _)| *other <= side);
            worst.insert(place, (side, signed(happened, row)));
            worst.truncate(most);
        }
    });
    worst.into_iter().map(|(_, row)| row).collect()
}

fn signed(happened: bool, row: &[f64]) -> Vec<f64> {
    row.iter().map(|value| if happened { *value } else { -value }).collect()
}

fn at(row: &[f64], columns: &[usize]) -> Vec<f64> {
    columns.iter().filter_map(|&place| row.get(place).copied()).collect()
}
