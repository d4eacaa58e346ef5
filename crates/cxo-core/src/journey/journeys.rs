//! What did each customer do, in order? State: the log in order, as flat columns; borrowed from the log, asked by every analysis.

use std::borrow::Cow;
use std::collections::HashSet;

use super::event_log::{EventLog, Text};
use super::grouping::{Grouped, Record, begins, by_customer, in_order};
use super::options::{Duplicates, JourneyOptions, Split, Ties};
use crate::Error;

/// Journeys in order of time, as flat columns.
///
/// Touchpoints are numbered in the order of the bytes of their names. Journeys stand in the order in which their customers
/// first appear in the log; no count, time or share depends on that.
#[derive(Debug, Clone)]
pub struct Journeys<'a> {
    pub(super) log: &'a EventLog,
    pub(super) ties: Ties,
    pub(super) names: Vec<&'a str>,
    pub(super) steps: Vec<u32>,
    /// Those of the log itself where it is in order.
    pub(super) times: Cow<'a, [i64]>,
    pub(super) rows: Vec<u32>,
    /// Where each journey begins, and where the last one ends.
    pub(super) begins: Vec<u32>,
    pub(super) customers: Vec<u32>,
    /// For each journey whether another of its customer came after it in the log; empty where each has one.
    pub(super) followed: Vec<bool>,
    pub(super) counts: JourneyCounts,
    /// Until when the customers were observed.
    pub(super) observed_until: i64,
}

/// What was found while the log was put in order: nothing is changed silently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JourneyCounts {
    /// Records of the log.
    pub records: u64,
    /// Records that stood after a later one of the same customer.
    pub out_of_order: u64,
    /// Records at the instant of the one before them, of the same customer.
    pub tied: u64,
    /// Records left out because they were told twice.
    pub duplicates: u64,
    /// Records that are in no journey any more because views left them out.
    pub left_out: u64,
}

/// One journey: views of the columns.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct JourneyView<'a> {
    /// Touchpoints by number.
    pub steps: &'a [u32],
    /// Microseconds, ascending.
    pub times: &'a [i64],
    /// Rows of the log.
    pub rows: &'a [u32],
    /// The customer, by the number of his first appearance in the log.
    pub customer: u32,
    /// Whether another journey of the customer came after it in the log: then it has ended.
    pub followed: bool,
}

impl<'a> Journeys<'a> {
    #[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records and touchpoints")]
    pub(super) fn new(log: &'a EventLog, options: &JourneyOptions) -> Result<Self, Error> {
        if log.is_empty() {
            return Err(Error::no_data("records of touchpoints"));
        }
        let mut order: Vec<(&str, u32)> = log.touchpoints.symbols.iter().zip(0..).collect();
        order.sort_unstable();
        let mut ranks = vec![0_u32; order.len()];
        for (rank, (_, id)) in order.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*id as usize) {
                *place = rank as u32;
            }
        }
        let mut journeys = Self {
            log,
            ties: options.ties,
            names: order.into_iter().map(|(name, _)| name).collect(),
            steps: Vec::new(),
            times: Cow::default(),
            rows: Vec::new(),
            begins: vec![0],
            observed_until: log.times.iter().copied().fold(options.observed_until, i64::max),
            customers: Vec::new(),
            followed: Vec::new(),
            counts: JourneyCounts { records: log.len() as u64, ..JourneyCounts::default() },
        };
        let cuts = journeys.cuts(&options.split)?;
        // All records of a customer are one journey; every customer has some.
        let whole = options.duplicates == Duplicates::Keep && options.split == Split::Customer;
        if whole {
            journeys.customers = (0..).take(log.customers()).collect();
        }
        if whole && in_order(log) {
            let rank = |id: &u32| ranks.get(*id as usize).copied().unwrap_or_default();
            journeys.steps = log.touchpoints.ids.iter().map(rank).collect();
            journeys.times = Cow::Borrowed(&log.times);
            journeys.rows = (0..log.len() as u32).collect();
            journeys.begins = begins(log);
            return Ok(journeys);
        }
        let grouped = by_customer(log, &ranks, options.ties);
        (journeys.counts.out_of_order, journeys.counts.tied) = (grouped.out_of_order, grouped.tied);
        if whole {
            journeys.take(grouped);
        } else {
            journeys.fill(&grouped, options, &cuts);
        }
        Ok(journeys)
    }

    /// For each touchpoint whether a journey ends with it.
    fn cuts(&self, split: &Split) -> Result<Vec<bool>, Error> {
        let Split::Outcome(names) = split else { return Ok(Vec::new()) };
        let mut cuts = vec![false; self.names.len()];
        for name in names {
            let found = self.number(name).and_then(|number| cuts.get_mut(number as usize));
            *found.ok_or_else(|| Error::no_data(format!("no record of the outcome \"{name}\"")))? = true;
        }
        Ok(cuts)
    }

    /// The records as they are.
    fn take(&mut self, grouped: Grouped) {
        let records = &grouped.records;
        self.steps = records.iter().map(|record| record.step).collect();
        self.times = records.iter().map(|record| record.time).collect();
        self.rows = records.iter().map(|record| record.row).collect();
        self.begins = grouped.begins;
    }

    #[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
    fn fill(&mut self, grouped: &Grouped, options: &JourneyOptions, cuts: &[bool]) {
        let (log, mut ids) = (self.log, HashSet::new());
        let (_, event_ids) = log.texts(Text::EventId);
        let mut times = Vec::with_capacity(log.len());
        self.steps.reserve_exact(log.len());
        self.rows.reserve_exact(log.len());
        // Of each touchpoint whose record was kept last, and when.
        let mut kept = vec![(u32::MAX, 0_i64); self.names.len()];
        for (customer, bounds) in (0..).zip(grouped.begins.windows(2)) {
            let &[begin, end] = bounds else { continue };
            let records = grouped.records.get(begin as usize..end as usize).unwrap_or_default();
            ids.clear();
            let mut before: Option<(u32, i64)> = None;
            for &Record { time, row, step } in records {
                let again = match options.duplicates {
                    Duplicates::Keep => false,
                    Duplicates::ById => {
                        let id = event_ids.get(row as usize).copied().unwrap_or_default();
                        id > 0 && !ids.insert(id)
                    }
                    Duplicates::Within { micros } => kept
                        .get(step as usize)
                        .is_some_and(|&(who, when)| who == customer && time.saturating_sub(when) <= micros),
                };
                if again {
                    self.counts.duplicates += 1;
                    continue;
                }
                let ends = match (&options.split, before) {
                    (_, None) | (Split::Customer, _) => false,
                    (Split::Session { micros }, Some((_, when))) => time.saturating_sub(when) > *micros,
                    (Split::Outcome(_), Some((last, _))) => cuts.get(last as usize).copied().unwrap_or_default(),
                };
                if ends {
                    self.close(customer, true);
                }
                self.steps.push(step);
                times.push(time);
                self.rows.push(row);
                before = Some((step, time));
                if let Some(kept) = kept.get_mut(step as usize) {
                    *kept = (customer, time);
                }
            }
            self.close(customer, false);
        }
        self.times = Cow::Owned(times);
    }

    #[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
    pub(super) fn close(&mut self, customer: u32, followed: bool) {
        let end = self.steps.len() as u32;
        if self.begins.last().is_some_and(|begin| *begin < end) {
            self.begins.push(end);
            self.customers.push(customer);
            self.followed.push(followed);
        }
    }

    /// The number of journeys, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are none: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// The number of touchpoints in all journeys.
    #[must_use]
    pub fn events(&self) -> usize {
        self.steps.len()
    }

    /// What was found while the log was put in order.
    #[must_use]
    pub const fn counts(&self) -> JourneyCounts {
        self.counts
    }

    /// What ties say.
    #[must_use]
    pub const fn ties(&self) -> Ties {
        self.ties
    }

    /// The log behind the journeys.
    #[must_use]
    pub const fn log(&self) -> &'a EventLog {
        self.log
    }

    /// The names of the touchpoints by number, in the order of their bytes.
    #[must_use]
    pub fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// The number of a touchpoint.
    #[must_use]
    pub fn number(&self, touchpoint: &str) -> Option<u32> {
        self.names.binary_search(&touchpoint).ok().and_then(|number| u32::try_from(number).ok())
    }

    /// The name of a customer, by the number that journeys carry.
    #[must_use]
    pub fn customer(&self, customer: u32) -> Option<&'a str> {
        let symbols = &self.log.customers.symbols;
        ((customer as usize) < symbols.len()).then(|| symbols.text(customer))
    }

    /// The end of the observation, in microseconds: the last record of the log, or what
    /// [`JourneyOptions::observed_until`] says if that is later. It is that of a part of the journeys too.
    #[must_use]
    pub const fn observed_until(&self) -> i64 {
        self.observed_until
    }

    /// All touchpoints of each customer, those of all of his journeys together.
    pub(super) fn by_customer(&self) -> impl Iterator<Item = JourneyView<'_>> {
        let mut at = 0;
        self.customers.chunk_by(|one, other| one == other).filter_map(move |journeys| {
            let (&begin, &end) = (self.begins.get(at)?, self.begins.get(at + journeys.len())?);
            at += journeys.len();
            let range = begin as usize..end as usize;
            Some(JourneyView {
                steps: self.steps.get(range.clone())?,
                times: self.times.get(range.clone())?,
                rows: self.rows.get(range)?,
                customer: *journeys.first()?,
                followed: false,
            })
        })
    }

    /// The name of a touchpoint, for an answer.
    pub(super) fn name(&self, number: u32) -> String {
        self.names.get(number as usize).map_or_else(String::new, |name| (*name).to_owned())
    }

    /// All journeys.
    pub fn iter(&self) -> impl Iterator<Item = JourneyView<'_>> {
        self.begins.windows(2).zip(&self.customers).enumerate().filter_map(|(at, (bounds, &customer))| {
            let &[begin, end] = bounds else { return None };
            let range = begin as usize..end as usize;
            Some(JourneyView {
                steps: self.steps.get(range.clone())?,
                times: self.times.get(range.clone())?,
                rows: self.rows.get(range)?,
                customer,
                followed: self.followed.get(at).copied().unwrap_or_default(),
            })
        })
    }
}
