//! Does the likelihood have a top at all? It has none if, along some direction, everyone who leaves stands highest among those
//! at risk (Bryson and Johnson 1981): then the coefficients grow for ever.

use std::collections::BinaryHeap;

use super::risk_sets::RiskSets;
use crate::numeric::gram::{Lane, ROWS, combine};

/// A part of a direction below this share of its greatest part, in ranges of the linear predictor, is not of it.
const PART: f64 = 1e-5;
/// Differences below this share of the range are none.
const LEVEL: f64 = 1e-6;

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
    let (least, greatest) = bounds(&along);
    let level = LEVEL * (greatest - least);
    let mut grows = false;
    for stratum in &sets.strata {
        let mut set = Extremes::default();
        let mut place = stratum.rows.start;
        for number in stratum.moments.clone() {
            let moment = sets.moments[number];
            for row in place..moment.end as usize {
                let until = sets.entries.as_ref().map_or(usize::MAX, |entries| entries.gone[row] as usize);
                set.add(along[row], until);
            }
            place = moment.end as usize;
            let (low, high) = set.at(number)?;
            let lowest = along[moment.places()].iter().copied().fold(f64::INFINITY, f64::min);
            if high - lowest > level {
                return None;
            }
            grows |= high - low > level;
        }
    }
    grows.then_some(columns)
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

/// The least and the greatest of the values at risk, backward in time; each value is at risk until a moment.
#[derive(Debug, Default)]
struct Extremes {
    greatest: BinaryHeap<Ranked>,
    least: BinaryHeap<Ranked>,
}

#[derive(Debug)]
struct Ranked {
    value: f64,
    until: usize,
}

impl Extremes {
    fn add(&mut self, value: f64, until: usize) {
        self.greatest.push(Ranked { value, until });
        self.least.push(Ranked { value: -value, until });
    }

    fn at(&mut self, moment: usize) -> Option<(f64, f64)> {
        for heap in [&mut self.greatest, &mut self.least] {
            while heap.peek().is_some_and(|top| top.until <= moment) {
                heap.pop();
            }
        }
        Some((-self.least.peek()?.value, self.greatest.peek()?.value))
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
