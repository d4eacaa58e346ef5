//! How long are journeys and their parts? Lengths and durations of journeys, service and waiting times of touchpoints, time in
//! stages. Stateless; asked of [`Journeys`].

use std::collections::{BTreeMap, VecDeque};

use super::event::Lifecycle;
use super::flow::quantile;
use super::{JourneyView, Journeys, Text};
use crate::{Absent, Error};

/// How values are spread; quantiles of R type 7 (Hyndman and Fan 1996), the mean from an exact sum.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Spread {
    /// How many there are.
    pub n: u64,
    /// The least.
    pub minimum: f64,
    /// A quarter lies below.
    pub p25: f64,
    /// Half lies below.
    pub median: f64,
    /// Their mean.
    pub mean: f64,
    /// Three quarters lie below.
    pub p75: f64,
    /// Nine of ten lie below.
    pub p90: f64,
    /// The greatest.
    pub maximum: f64,
    /// All together.
    pub total: f64,
}

impl Spread {
    /// Of whole numbers, so many of which are one unit; their order is changed.
    fn of(values: &mut [i64], unit: f64) -> Result<Self, Absent> {
        let (Some(&minimum), Some(&maximum)) = (values.iter().min(), values.iter().max()) else {
            return Err(Absent::NoObservations);
        };
        let total: i128 = values.iter().map(|&value| i128::from(value)).sum();
        let n = values.len() as u64;
        let mut at = |share: f64| quantile(values, share) / unit;
        let [p25, median, p75, p90] = [at(0.25), at(0.5), at(0.75), at(0.9)];
        let (minimum, maximum) = (minimum as f64 / unit, maximum as f64 / unit);
        let mean = total as f64 / (n as f64 * unit);
        Ok(Self { n, minimum, p25, median, mean, p75, p90, maximum, total: total as f64 / unit })
    }
}

/// Journeys at a glance: sessions, where they were cut by silence. Formula page: `docs/formulas/journey-times.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JourneySummary {
    /// Journeys.
    pub journeys: u64,
    /// Customers who made them.
    pub customers: u64,
    /// Touchpoints of all of them.
    pub events: u64,
    /// Journeys of a single touchpoint.
    pub single: u64,
    /// Touchpoints of a journey.
    pub lengths: Spread,
    /// Seconds from the first to the last touchpoint of a journey.
    pub seconds: Spread,
}

/// Times of one touchpoint that has a start and an end. Formula page: `docs/formulas/journey-times.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServiceTimes {
    /// Its name.
    pub touchpoint: String,
    /// Seconds from start to end, over those that have both.
    pub service_seconds: Result<Spread, Absent>,
    /// Seconds from the last end of anything in the journey to the start, over those before which something ended.
    pub waiting_seconds: Result<Spread, Absent>,
    /// Starts without an end.
    pub unfinished: u64,
    /// Ends without a start.
    pub without_start: u64,
}

/// The time one journey spent in one stage without leaving it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageSpell<'a> {
    /// Whose journey.
    pub customer: &'a str,
    /// The stage.
    pub stage: &'a str,
    /// When it was entered, in microseconds.
    pub since: i64,
    /// Until the first touchpoint in another stage; of a journey that has not gone on, until the end of the observation, or until its
    /// last record where another of its customer follows.
    pub micros: i64,
    /// Whether the journey went on, or reached an outcome.
    pub left: bool,
    /// Whether the journey is still there: it has neither left nor ended because another of its customer follows.
    pub open: bool,
}

impl<'a> Journeys<'a> {
    /// These journeys at a glance.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions, Split}};
    ///
    /// let mut log = EventLog::default();
    /// for (touchpoint, minutes) in [("home", 0), ("cart", 4), ("home", 90)] {
    ///     log.add(&Event::new("ann", touchpoint, Timestamp(minutes * 60_000_000)))?;
    /// }
    /// let sessions = JourneyOptions::default().split(Split::Session { micros: 30 * 60_000_000 })?;
    /// let summary = log.journeys(&sessions)?.summary()?;
    /// assert_eq!((summary.journeys, summary.single, summary.seconds.maximum), (2, 1, 240.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// None for journeys that exist; [`ErrorKind::NoData`](crate::ErrorKind::NoData) would say that there are none.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn summary(&self) -> Result<JourneySummary, Error> {
        let (mut lengths, mut micros) = (Vec::with_capacity(self.len()), Vec::with_capacity(self.len()));
        for journey in self.iter() {
            lengths.push(i64::try_from(journey.steps.len()).unwrap_or(i64::MAX));
            if let (Some(&first), Some(&last)) = (journey.times.first(), journey.times.last()) {
                micros.push(last.saturating_sub(first));
            }
        }
        let none = |_| Error::no_data("journeys");
        Ok(JourneySummary {
            journeys: self.len() as u64,
            customers: self.by_customer().count() as u64,
            events: self.events() as u64,
            single: lengths.iter().filter(|&&length| length == 1).count() as u64,
            lengths: Spread::of(&mut lengths, 1.0).map_err(none)?,
            seconds: Spread::of(&mut micros, 1e6).map_err(none)?,
        })
    }

    /// Service and waiting times of each touchpoint whose records say whether it began or ended, in the order of the bytes of
    /// their names. An end belongs to the earliest start of the same touchpoint by the customer that has none yet, in whichever of his
    /// journeys.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) where no record says whether something began or ended.
    ///
    /// # Complexity
    /// O(n log t) for n records of t touchpoints.
    pub fn service_times(&self) -> Result<Vec<ServiceTimes>, Error> {
        let mut found: BTreeMap<u32, Clock> = BTreeMap::new();
        let mut open: BTreeMap<u32, VecDeque<i64>> = BTreeMap::new();
        let mut customer = None;
        for journey in self.iter() {
            if customer.replace(journey.customer) != Some(journey.customer) {
                give_up(&mut open, &mut found);
            }
            let mut last_end = None;
            for ((&step, &time), &row) in journey.steps.iter().zip(journey.times).zip(journey.rows) {
                match self.log().lifecycle(row) {
                    Some(Lifecycle::Start) => {
                        let waited = last_end.map(|end| time.saturating_sub(end));
                        found.entry(step).or_default().waiting.extend(waited);
                        open.entry(step).or_default().push_back(time);
                    }
                    Some(Lifecycle::Complete) => {
                        let clock = found.entry(step).or_default();
                        match open.get_mut(&step).and_then(VecDeque::pop_front) {
                            Some(start) => clock.service.push(time.saturating_sub(start)),
                            None => clock.without_start += 1,
                        }
                        last_end = Some(time);
                    }
                    None => {}
                }
            }
        }
        give_up(&mut open, &mut found);
        if found.is_empty() {
            return Err(Error::no_data("no record says whether a touchpoint began or ended"));
        }
        let times = |(step, mut clock): (u32, Clock)| ServiceTimes {
            touchpoint: self.name(step),
            service_seconds: Spread::of(&mut clock.service, 1e6),
            waiting_seconds: Spread::of(&mut clock.waiting, 1e6),
            unfinished: clock.unfinished,
            without_start: clock.without_start,
        };
        Ok(found.into_iter().map(times).collect())
    }

    /// How long journeys stay in each stage: one spell for each stay, in the order of the journeys. A journey that reached one of
    /// the outcomes has left its last stage when it did; others are still there when observation ends, or when another journey of
    /// the customer begins. Records without a stage belong to the stage before.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) where no record has a stage, and for an outcome that none has.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn stage_spells<S: AsRef<str>>(&self, outcomes: &[S]) -> Result<Vec<StageSpell<'a>>, Error> {
        let number = |outcome: &S| {
            let name = outcome.as_ref();
            self.number(name).ok_or_else(|| Error::no_data(format!("no record of the outcome \"{name}\"")))
        };
        let outcomes = outcomes.iter().map(number).collect::<Result<Vec<u32>, Error>>()?;
        let (end, (stages, ids)) = (self.observed_until(), self.log().texts(Text::Stage));
        if ids.is_empty() {
            return Err(Error::no_data("stages of touchpoints"));
        }
        let stage_of = |row: u32| ids.get(row as usize)?.checked_sub(1).map(|id| stages.text(id));
        let mut spells = Vec::new();
        for journey in self.iter() {
            let JourneyView { steps, times, rows, customer, followed } = journey;
            let customer = self.customer(customer).unwrap_or_default();
            let mut stay: Option<(&str, i64)> = None;
            for ((step, &time), &row) in steps.iter().zip(times).zip(rows) {
                let stage = stage_of(row);
                if let (Some((current, since)), true) =
                    (stay, outcomes.contains(step) || stage.is_some() && stage != stay.map(|(stage, _)| stage))
                {
                    let micros = time.saturating_sub(since);
                    spells.push(StageSpell { customer, stage: current, since, micros, left: true, open: false });
                    stay = None;
                }
                if outcomes.contains(step) {
                    break;
                }
                if let (Some(stage), None) = (stage, stay) {
                    stay = Some((stage, time));
                }
            }
            if let Some((stage, since)) = stay {
                let until = times.last().copied().filter(|_| followed).unwrap_or(end);
                let micros = until.saturating_sub(since);
                spells.push(StageSpell { customer, stage, since, micros, left: false, open: !followed });
            }
        }
        Ok(spells)
    }
}

/// What a customer began and did not end.
fn give_up(open: &mut BTreeMap<u32, VecDeque<i64>>, found: &mut BTreeMap<u32, Clock>) {
    for (step, starts) in open {
        found.entry(*step).or_default().unfinished += starts.drain(..).count() as u64;
    }
}

/// What is collected of one touchpoint.
#[derive(Debug, Default)]
struct Clock {
    service: Vec<i64>,
    waiting: Vec<i64>,
    unfinished: u64,
    without_start: u64,
}
