//! How do two kinds of passes differ in what follows them, compared only with their like? Shares of two sides in strata, and
//! resamples of customers. Stateless; called by every comparison of this module.

use crate::numeric::random::Random;
use crate::stats::resampling::between;
use crate::{Absent, Confidence, Estimate, Interval, Method, Seed};

/// Below this share of resamples in which an answer exists it has no interval.
const LEAST_ANSWERED: f64 = 0.95;

/// A pass in a comparison.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) stratum: u32,
    pub(super) customer: u32,
    pub(super) first: bool,
    pub(super) outcome: bool,
}

/// Two sides compared within strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standardised {
    /// Shares with the outcome, averaged over the strata with the same weights on both sides.
    pub(super) rates: [f64; 2],
    /// Strata that have both sides, and all.
    pub(super) strata: [u64; 2],
    /// The share of the passes that lies in strata with both sides.
    pub(super) covered: f64,
}

impl Standardised {
    /// First minus second.
    pub(super) fn difference(&self) -> f64 {
        self.rates[0] - self.rates[1]
    }
}

/// Passes and outcomes of the first and the second side.
type Cell = [f64; 4];

/// Compares the sides of rows whose customers count as often as `times` says, or once.
///
/// Each stratum with both sides has the weight n₁ n₂ / (n₁ + n₂) (Mantel and Haenszel); none where there is no such stratum.
/// `cells` is scratch of one cell a stratum.
pub(super) fn compare(rows: &[Row], times: Option<&[u32]>, cells: &mut [Cell]) -> Option<Standardised> {
    cells.fill([0.0; 4]);
    for row in rows {
        let count = times.map_or(1.0, |times| f64::from(times.get(row.customer as usize).copied().unwrap_or_default()));
        if let Some(cell) = cells.get_mut(row.stratum as usize) {
            let side = if row.first { 0 } else { 2 };
            cell[side] += count;
            cell[side + 1] += if row.outcome { count } else { 0.0 };
        }
    }
    let (mut rates, mut total, mut all, mut covered, mut strata) = ([0.0; 2], 0.0, 0.0, 0.0, [0; 2]);
    for &[n1, y1, n2, y2] in cells.iter() {
        all += n1 + n2;
        strata[1] += u64::from(n1 + n2 > 0.0);
        if n1 > 0.0 && n2 > 0.0 {
            let weight = n1 * n2 / (n1 + n2);
            rates[0] += weight * (y1 / n1);
            rates[1] += weight * (y2 / n2);
            total += weight;
            covered += n1 + n2;
            strata[0] += 1;
        }
    }
    (total > 0.0).then(|| Standardised {
        rates: rates.map(|rate| (rate / total).min(1.0)),
        strata,
        covered: covered / all,
    })
}

/// Rows with their strata numbered from 0, and how many there are.
pub(super) fn renumbered(rows: &mut [Row]) -> usize {
    let old: Vec<u32> = rows.iter().map(|row| row.stratum).collect();
    // Strata are numbered in the order of first occurrence.
    let mut sorted = old.clone();
    sorted.sort_unstable();
    sorted.dedup();
    for (row, old) in rows.iter_mut().zip(old) {
        row.stratum = sorted.binary_search(&old).ok().and_then(|at| u32::try_from(at).ok()).unwrap_or_default();
    }
    sorted.len()
}

/// Resamples of customers with replacement.
#[derive(Debug, Clone)]
pub(super) struct Resamples {
    /// Those who are drawn, by the bytes of their names, so that the same ones are drawn however records are stored.
    pub(super) customers: Vec<u32>,
    pub(super) replicates: u32,
    pub(super) seed: Seed,
}

impl Resamples {
    /// Hands over how often each customer is in each resample.
    pub(super) fn each(&self, mut visit: impl FnMut(&[u32])) {
        let units = self.customers.len();
        let mut times = vec![0_u32; self.customers.iter().max().map_or(0, |last| *last as usize + 1)];
        for replicate in 0..self.replicates {
            times.fill(0);
            let mut random = Random::new(self.seed.0, u64::from(replicate));
            for _ in 0..units {
                let drawn = self.customers.get(random.below(units)).map_or(0, |customer| *customer as usize);
                if let Some(count) = times.get_mut(drawn) {
                    *count += 1;
                }
            }
            visit(&times);
        }
    }

    /// The estimate with the standard deviation and the percentiles of what the resamples answered.
    pub(super) fn estimate(&self, value: f64, n: u64, mut answers: Vec<f64>, confidence: Confidence) -> Estimate {
        let spread = self.spread(value, &mut answers, confidence);
        Estimate {
            value,
            standard_error: spread.map(|(error, _)| error),
            interval: spread.map(|(_, interval)| interval),
            n,
            effective_n: n as f64,
            method: Method::MantelHaenszel,
        }
    }

    fn spread(&self, value: f64, answers: &mut [f64], confidence: Confidence) -> Result<(f64, Interval), Absent> {
        if self.replicates == 0 {
            return Err(Absent::NotAsked);
        }
        if answers.len() < 2 || (answers.len() as f64) < LEAST_ANSWERED * f64::from(self.replicates) {
            return Err(Absent::NotDefined);
        }
        answers.sort_unstable_by(f64::total_cmp);
        let n = answers.len() as f64;
        // Distances from the estimate keep the sums small.
        let mean = answers.iter().map(|answer| answer - value).sum::<f64>() / n;
        let squares: f64 = answers.iter().map(|answer| (answer - value - mean).powi(2)).sum();
        let error = (squares / (n - 1.0)).sqrt();
        let tail = confidence.alpha() / 2.0;
        let bounds = between(percentile(answers, tail), percentile(answers, 1.0 - tail), confidence);
        bounds.map(|interval| (error, interval))
    }
}

/// The quantile of R type 7 of ascending values; 0 of none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among values in memory")]
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let below = sorted.get(place.floor() as usize).copied().unwrap_or_default();
    let above = sorted.get(place.ceil() as usize).copied().unwrap_or(below);
    below + (place - place.floor()) * (above - below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[[u32; 4]]) -> Vec<Row> {
        let side = |stratum: u32, first: bool, n: u32, outcomes: u32| {
            (0..n).map(move |at| Row { stratum, customer: 0, first, outcome: at < outcomes })
        };
        let of = |(stratum, cell): (u32, &[u32; 4])| {
            side(stratum, true, cell[0], cell[1]).chain(side(stratum, false, cell[2], cell[3])).collect::<Vec<_>>()
        };
        (0..).zip(cells).flat_map(of).collect()
    }

    #[test]
    fn the_risk_difference_of_mantel_and_haenszel() {
        // Σ (y1 n2 - y2 n1) / N over Σ n1 n2 / N, by hand: (6·10 - 2·10)/20 + (3·30 - 5·10)/40 over 10·10/20 + 10·30/40.
        let rows = rows(&[[10, 6, 10, 2], [10, 3, 30, 5], [4, 4, 0, 0]]);
        let found = compare(&rows, None, &mut [[0.0; 4]; 3]).unwrap();
        assert!((found.difference() - (2.0 + 1.0) / (5.0 + 7.5)).abs() < 1e-15);
        assert_eq!((found.strata, found.covered), ([2, 3], 60.0 / 64.0));
        assert_eq!(compare(&rows[60..], None, &mut [[0.0; 4]; 3]), None);
    }

    #[test]
    fn a_customer_twice_is_two_customers() {
        let mut twice = rows(&[[5, 2, 4, 3], [3, 1, 6, 2]]);
        let found = compare(&twice, Some(&[2]), &mut [[0.0; 4]; 2]);
        twice.extend(twice.clone());
        assert_eq!(found, compare(&twice, None, &mut [[0.0; 4]; 2]));
    }

    #[test]
    fn percentiles_are_of_type_seven() {
        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| percentile(&[1.0, 2.0, 4.0], share)), [1.0, 1.5, 2.0, 4.0]);
    }
}
