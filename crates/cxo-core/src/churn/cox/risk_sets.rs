//! Who is at risk when somebody leaves? The rows in the order of time, with the places at which something happens.

use super::rows::CoxRows;
use crate::numeric::gram::Blocks;
use crate::numeric::radix::sort_by_bits;

/// A time at which somebody of a stratum leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) time: f64,
    /// The first of those who leave; they stand together.
    pub(super) first: u32,
    pub(super) deaths: u32,
    /// One past the last row whose duration reaches this time: those before it in the stratum do too.
    pub(super) end: u32,
}

impl Moment {
    /// The places of those who leave.
    pub(super) const fn places(&self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.deaths) as usize
    }
}

/// A stratum: its rows and its moments stand together.
#[derive(Debug, Clone)]
pub(super) struct Stratum {
    pub(super) name: u32,
    pub(super) rows: std::ops::Range<usize>,
    pub(super) moments: std::ops::Range<usize>,
    /// The greatest duration.
    pub(super) until: f64,
}

/// Rows in the order in which they leave the risk sets again, seen backward in time: by entry.
#[derive(Debug)]
pub(super) struct Entries {
    /// The place of each row, in the order of leaving.
    pub(super) places: Vec<u32>,
    /// The first moment, backward in time, at which the row at a place is not at risk any more.
    pub(super) gone: Vec<u32>,
    /// How many have gone at each moment, as an end in `places`.
    pub(super) ends: Vec<u32>,
    pub(super) design: Blocks,
}

/// The rows by stratum, backward in time, those who leave before those who are censored at the same time.
#[derive(Debug)]
pub(super) struct RiskSets {
    /// The caller's row at each place.
    pub(super) order: Vec<u32>,
    pub(super) strata: Vec<Stratum>,
    /// Where each stratum begins.
    pub(super) starts: Vec<u32>,
    /// By stratum, backward in time.
    pub(super) moments: Vec<Moment>,
    pub(super) weights: Vec<f64>,
    pub(super) offset: Option<Vec<f64>>,
    pub(super) entries: Option<Entries>,
    pub(super) design: Blocks,
}

impl RiskSets {
    /// Sorts the rows; columns are centred and scaled. O(n log n + n p).
    #[allow(clippy::cast_possible_truncation, reason = "there are no more than 2³² - 1 rows")]
    pub(super) fn new(rows: &CoxRows, centres: &[f64], scales: &[f64]) -> Self {
        let (times, observed) = (rows.durations.durations(), rows.durations.observed());
        let order = order(rows);
        let stratum_of = |row: u32| rows.strata.map_or(0, |strata| strata[row as usize]);
        let (mut strata, mut moments): (Vec<Stratum>, Vec<Moment>) = (Vec::new(), Vec::new());
        let mut place = 0;
        while place < order.len() {
            let name = stratum_of(order[place]);
            let (first_row, first_moment) = (place, moments.len());
            while place < order.len() && stratum_of(order[place]) == name {
                let (first, time) = (place, times[order[place] as usize]);
                let same = |row: u32| stratum_of(row) == name && times[row as usize] == time;
                let alike = order[place..].iter().take_while(|&&row| same(row));
                let (mut all, mut deaths) = (0, 0);
                for &row in alike {
                    all += 1;
                    deaths += u32::from(observed[row as usize]);
                }
                place += all;
                if deaths > 0 {
                    moments.push(Moment { time, first: first as u32, deaths, end: place as u32 });
                }
            }
            let until = times[order[first_row] as usize];
            strata.push(Stratum { name, rows: first_row..place, moments: first_moment..moments.len(), until });
        }
        let sorted = |values: &[f64]| order.iter().map(|&row| values[row as usize]).collect::<Vec<_>>();
        let weights = rows.durations.weights().map_or_else(|| vec![1.0; order.len()], sorted);
        let columns = rows.features.columns();
        let entries = rows.durations.entries().map(|entries| {
            Entries::new(&order, &strata, &moments, entries, |order| Blocks::new(columns, Some(order), centres, scales))
        });
        let starts = strata.iter().map(|stratum| stratum.rows.start as u32).collect();
        let (offset, design) = (rows.offset.map(sorted), Blocks::new(columns, Some(&order), centres, scales));
        Self { order, strata, starts, moments, weights, offset, entries, design }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.order.len()
    }

    /// Calls `visit` with each place, the first moment (backward in time) that its row reaches, and the first at which it is not
    /// yet observed; none where there is no such moment.
    pub(super) fn visit_rows(&self, mut visit: impl FnMut(usize, Option<usize>, Option<usize>)) {
        for stratum in &self.strata {
            let inside = |moment: usize| (moment < stratum.moments.end).then_some(moment);
            let mut moment = stratum.moments.start;
            for place in stratum.rows.clone() {
                while moment < stratum.moments.end && self.moments[moment].end as usize <= place {
                    moment += 1;
                }
                let gone = self.entries.as_ref().and_then(|entries| inside(entries.gone[place] as usize));
                visit(place, inside(moment), gone);
            }
        }
    }

    /// Whether anybody is at risk when another leaves: else no comparison can be made.
    pub(super) fn can_compare(&self) -> bool {
        self.strata.iter().any(|stratum| {
            stratum.moments.clone().any(|moment| {
                let reached = self.moments[moment].end as usize - stratum.rows.start;
                let gone =
                    self.entries.as_ref().map_or(0, |entries| entries.ends[moment] as usize - stratum.rows.start);
                reached - gone > 1
            })
        })
    }
}

/// The rows by stratum, then backward in time, then those who leave first, then as given. O(n).
fn order(rows: &CoxRows) -> Vec<u32> {
    let times = rows.durations.durations().iter().zip(rows.durations.observed());
    // The bits of numbers of at least 0 are in their order and leave the highest bit free; -0 becomes 0.
    let key = |(time, observed): (&f64, &bool)| u64::from(!observed) | ((u64::MAX >> 1) - (time + 0.0).to_bits()) << 1;
    let mut keyed: Vec<(u64, u32)> = times.map(key).zip(0..).collect();
    sort_by_bits(&mut keyed, |(key, _)| *key);
    let mut order: Vec<u32> = keyed.into_iter().map(|(_, row)| row).collect();
    if let Some(strata) = rows.strata {
        sort_by_bits(&mut order, |&row| u64::from(strata[row as usize]));
    }
    order
}

impl Entries {
    #[allow(clippy::cast_possible_truncation, reason = "there are no more than 2³² - 1 rows")]
    fn new(
        order: &[u32],
        strata: &[Stratum],
        moments: &[Moment],
        entries: &[f64],
        design: impl Fn(&[u32]) -> Blocks,
    ) -> Self {
        let mut gone = vec![0; order.len()];
        let (mut places, mut ends) = (Vec::with_capacity(order.len()), vec![0; moments.len()]);
        for stratum in strata {
            let own = &moments[stratum.moments.clone()];
            for place in stratum.rows.clone() {
                let entry = entries[order[place] as usize];
                gone[place] = (stratum.moments.start + own.partition_point(|moment| moment.time > entry)) as u32;
            }
            let from = places.len();
            places.extend(stratum.rows.clone().map(|place| place as u32));
            places[from..].sort_unstable_by_key(|&place| (gone[place as usize], place));
            for moment in stratum.moments.clone() {
                ends[moment] =
                    (from + places[from..].partition_point(|&place| gone[place as usize] as usize <= moment)) as u32;
            }
        }
        let rows: Vec<u32> = places.iter().map(|&place| order[place as usize]).collect();
        Self { places, gone, ends, design: design(&rows) }
    }
}
