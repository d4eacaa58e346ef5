//! How does a table come from durations? Whole numbers are counted, others sorted, and rows with weights or causes are added
//! up in their order.

use super::{Column, EventTable, Mass};
use crate::Error;
use crate::churn::Durations;
use crate::numeric::radix::sort_by_bits;

impl EventTable {
    pub(super) fn build(durations: &Durations, causes: Option<(&[usize], Vec<String>)>) -> Result<Self, Error> {
        let (of_rows, names) = causes.unwrap_or_default();
        let weighted = durations.weights().is_some();
        let mut table = Self { weighted, ..Self::default() };
        table.causes = names.into_iter().map(|name| (name, Column::default())).collect();
        if weighted || !of_rows.is_empty() {
            table.push_rows(durations, of_rows);
        } else if !table.count_whole(durations) {
            table.count_sorted(durations);
        }
        if let Some(entries) = durations.entries() {
            let mut late = Self { weighted, ..Self::default() };
            late.push_entries(entries, durations.weights());
            table.join(&late);
        } else if let Some(weights) = durations.weights() {
            weights.iter().for_each(|&weight| table.present.add(Mass::row(weight)));
        } else {
            let rows = durations.rows() as u64;
            table.present = Mass { rows, weight: rows as f64, square: rows as f64 };
        }
        let table = table.with_sums();
        if table.total.square.is_finite() && table.total.square > 0.0 {
            Ok(table)
        } else {
            Err(Error::overflow("sum of squared weights"))
        }
    }

    /// Counts durations that are whole numbers without sorting them; gives up at the first that is not, or is great.
    fn count_whole(&mut self, durations: &Durations) -> bool {
        let limit = durations.rows().max(1 << 12);
        let mut counts: Vec<[u64; 2]> = Vec::new();
        for (&time, &left) in durations.durations().iter().zip(durations.observed()) {
            // Saturates, and a duration is not negative.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let place = time as usize;
            if place as f64 != time || place >= limit {
                return false;
            }
            if place >= counts.len() {
                counts.resize((2 * place).clamp(256, limit), [0; 2]);
            }
            if let Some(counts) = counts.get_mut(place) {
                counts[usize::from(left)] += 1;
            }
        }
        for (place, [censored, left]) in counts.into_iter().enumerate().filter(|(_, counts)| *counts != [0; 2]) {
            self.push_counts(place as f64, left, censored);
        }
        true
    }

    fn count_sorted(&mut self, durations: &Durations) {
        let rows = durations.durations().iter().zip(durations.observed());
        let mut keys: Vec<u64> = rows.map(|(&time, &left)| key(time) | u64::from(left)).collect();
        sort_by_bits(&mut keys, |&key| key);
        let distinct = keys.chunk_by(|one, other| one >> 1 == other >> 1).count();
        self.times.reserve(distinct);
        self.left.rows.reserve(distinct);
        self.censored.rows.reserve(distinct);
        for tied in keys.chunk_by(|one, other| one >> 1 == other >> 1) {
            let left = tied.iter().map(|key| key & 1).sum();
            let time = tied.first().map_or(0.0, |key| f64::from_bits(key >> 1));
            self.push_counts(time, left, tied.len() as u64 - left);
        }
    }

    fn push_counts(&mut self, time: f64, left: u64, censored: u64) {
        self.times.push(time);
        self.left.rows.push(left);
        self.censored.rows.push(censored);
    }

    /// Rows one by one, by duration and then as they stand.
    fn push_rows(&mut self, durations: &Durations, of_rows: &[usize]) {
        let mut rows: Vec<(u64, usize)> = durations.durations().iter().map(|&time| key(time)).zip(0..).collect();
        sort_by_bits(&mut rows, |&(key, _)| key);
        for tied in rows.chunk_by(|one, other| one.0 == other.0) {
            let (mut left, mut censored) = (Mass::default(), Mass::default());
            let mut by_cause = vec![Mass::default(); self.causes.len()];
            for &(_, row) in tied {
                let weight = durations.weights().and_then(|weights| weights.get(row)).copied().unwrap_or(1.0);
                if durations.observed().get(row).copied().unwrap_or_default() {
                    left.add(Mass::row(weight));
                    if let Some(mass) = of_rows.get(row).and_then(|&cause| by_cause.get_mut(cause)) {
                        mass.add(Mass::row(weight));
                    }
                } else {
                    censored.add(Mass::row(weight));
                }
            }
            self.times.push(tied.first().map_or(0.0, |row| f64::from_bits(row.0 >> 1)));
            self.left.push(left, self.weighted);
            self.censored.push(censored, self.weighted);
            for ((_, column), mass) in self.causes.iter_mut().zip(by_cause) {
                column.push(mass, self.weighted);
            }
        }
    }

    fn push_entries(&mut self, entries: &[f64], weights: Option<&[f64]>) {
        let mut rows: Vec<(u64, usize)> = entries.iter().map(|&time| key(time)).zip(0..).collect();
        sort_by_bits(&mut rows, |&(key, _)| key);
        for tied in rows.chunk_by(|one, other| one.0 == other.0) {
            let mut entered = Mass::default();
            for &(_, row) in tied {
                entered.add(Mass::row(weights.and_then(|weights| weights.get(row)).copied().unwrap_or(1.0)));
            }
            let time = tied.first().map_or(0.0, |row| f64::from_bits(row.0 >> 1));
            if time == 0.0 {
                self.present = entered;
                continue;
            }
            self.times.push(time);
            self.entered.push(entered, self.weighted);
            self.left.push(Mass::default(), self.weighted);
            self.censored.push(Mass::default(), self.weighted);
        }
    }
}

/// The order of numbers of at least 0 as the order of integers: their bits without the sign, moved up so that the lowest is
/// free.
const fn key(time: f64) -> u64 {
    time.to_bits() << 1
}
