//! Does the likelihood have a top at all? It has none if, along some direction, everyone who leaves stands highest among those
//! at risk (Bryson and Johnson 1981): then the coefficients grow for ever.

use std::collections::BinaryHeap;

use super::risk_sets::RiskSets;
use crate::numeric::gram::{Lane, ROWS, combine};

/// A part of a direction below this share of its greatest part, in ranges of the linear predictor, is not of it.
const PART: f64 = 1e-5;
/// A difference below this share of what its two rows are summed from is none: directions are not known more exactly.
const LEVEL: f64 = 1e-7;

/// How far apart the rows stand along a direction.
pub(super) fn reach(sets: &RiskSets, direction: &[f64]) -> f64 {
    let along = along(sets, direction);
    let (least, greatest) = bounds(&along);
    greatest - least
}

/// The columns of a direction along which the likelihood grows for ever; `None` if it does not.
pub(super) fn separating(sets: &RiskSets, direction: &[f64]) -> Option<Vec<usize>> {
    let parts: Vec<f64> = (0..direction.len())
        .map(|column| {
            let mut alone = vec![0.0; direction.len()];
            alone[column] = direction[column];
            reach(sets, &alone)
        })
        .collect();
    let greatest = parts.iter().copied().fold(0.0, f64::max);
    let columns: Vec<usize> = (0..parts.len()).filter(|&column| parts[column] > PART * greatest).collect();
    let mut kept = vec![0.0; direction.len()];
    columns.iter().for_each(|&column| kept[column] = direction[column]);
    let along = along(sets, &kept);
    let sizes = sizes(sets, &kept);
    let apart = |high: usize, low: usize| along[high] - along[low] > LEVEL * (sizes[high] + sizes[low]);
    let mut grows = false;
    for stratum in &sets.strata {
        let mut set = Extremes::default();
        let mut place = stratum.rows.start;
        for number in stratum.moments.clone() {
            let moment = sets.moments[number];
            for row in place..moment.end as usize {
                let until = sets.entries.as_ref().map_or(usize::MAX, |entries| entries.gone[row] as usize);
                set.add(row, along[row], until);
            }
            place = moment.end as usize;
            let (low, high) = set.at(number)?;
            if moment.places().any(|leaver| apart(high, leaver)) {
                return None;
            }
            grows |= apart(high, low);
        }
    }
    grows.then_some(columns)
}

/// Of what the places along a direction are summed.
fn sizes(sets: &RiskSets, direction: &[f64]) -> Vec<f64> {
    let mut sizes = vec![0.0; sets.rows()];
    for (block, sizes) in sets.design.blocks().zip(sizes.chunks_mut(ROWS)) {
        for (lane, part) in block.iter().zip(direction).filter(|(_, part)| **part != 0.0) {
            sizes.iter_mut().zip(lane).for_each(|(size, value)| *size += (part * value).abs());
        }
    }
    sizes
}

fn along(sets: &RiskSets, direction: &[f64]) -> Vec<f64> {
    let mut along = Vec::with_capacity(sets.rows() + ROWS);
    for block in sets.design.blocks() {
        let mut linear: Lane = [0.0; ROWS];
        combine(block, direction, &mut linear);
        along.extend(linear);
    }
    along.truncate(sets.rows());
    along
}

fn bounds(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
}

/// The rows with the least and the greatest value at risk, backward in time; each is at risk until a moment.
#[derive(Debug, Default)]
struct Extremes {
    greatest: BinaryHeap<Ranked>,
    least: BinaryHeap<Ranked>,
}

#[derive(Debug)]
struct Ranked {
    value: f64,
    row: usize,
    until: usize,
}

impl Extremes {
    fn add(&mut self, row: usize, value: f64, until: usize) {
        self.greatest.push(Ranked { value, row, until });
        self.least.push(Ranked { value: -value, row, until });
    }

    fn at(&mut self, moment: usize) -> Option<(usize, usize)> {
        for heap in [&mut self.greatest, &mut self.least] {
            while heap.peek().is_some_and(|top| top.until <= moment) {
                heap.pop();
            }
        }
        Some((self.least.peek()?.row, self.greatest.peek()?.row))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.total_cmp(&other.value)
    }
}
