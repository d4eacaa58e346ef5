//! When does an observation begin and end, and how long is a purchase? Times in ticks (days or microseconds) since the first
//! record. State: the resolved options of one question.

use chrono::TimeZone;

use super::options::{MergeRule, PurchaseTime, SummaryOptions, TimeUnit};
use crate::Error;
use crate::domain::{Day, Period, Timestamp};

/// More periods than this come from a wrong date, not from a log.
const MOST_PERIODS: f64 = 1e6;
const MICROS_PER_DAY: f64 = 86_400e6;

/// What a tick is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    Days,
    Micros,
}

impl Clock {
    pub(super) fn time(self, tick: i64) -> PurchaseTime {
        match (self, i32::try_from(tick)) {
            (Self::Days, Ok(day)) => Day(day).into(),
            _ => Timestamp(tick).into(),
        }
    }

    /// The last tick of an observation that ends at a time, and where it ends.
    fn end<Z: TimeZone>(self, time: PurchaseTime, zone: &Z) -> Result<(i64, i64), Error> {
        match (self, time) {
            (Self::Days, PurchaseTime::Day(day)) => Ok((day.0.into(), day.0.into())),
            (Self::Days, PurchaseTime::Instant(at)) => at.day_in(zone).map(|day| (day.0.into(), day.0.into())),
            (Self::Micros, PurchaseTime::Instant(at)) => Ok((at.0, at.0)),
            (Self::Micros, PurchaseTime::Day(day)) => {
                midnight_after(day, zone).map(|at| (at.0.saturating_sub(1), at.0))
            }
        }
    }
}

/// Where a day ends in a zone. Where clocks skip midnight the next day begins some quarters of an hour later.
fn midnight_after<Z: TimeZone>(day: Day, zone: &Z) -> Result<Timestamp, Error> {
    let late = || Error::overflow(format!("the end of {day}"));
    let next = day.to_date()?.succ_opt().ok_or_else(late)?.and_time(chrono::NaiveTime::MIN);
    let mut starts = (0..96).filter_map(|quarter| {
        let local = next.checked_add_signed(chrono::TimeDelta::minutes(15 * quarter))?;
        zone.from_local_datetime(&local).earliest()
    });
    starts.next().map(|at| Timestamp::from_datetime(&at)).ok_or_else(late)
}

/// An end of the observation, in ticks since the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// The last tick that is observed.
    pub(super) last: u64,
    /// Where ages end.
    pub(super) end: u64,
}

/// When the observation begins and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Observation {
    pub(super) clock: Clock,
    first: i64,
    pub(super) calibration: End,
    pub(super) holdout: Option<End>,
    ticks_per_unit: f64,
    /// ln of a unit in ticks.
    pub(super) ln_unit: f64,
    /// The calendar period in which purchases are one, if it is longer than a tick.
    period: Option<Period>,
}

impl Observation {
    /// Of records between two ticks.
    pub(super) fn new<Z: TimeZone>(
        clock: Clock,
        (first, last): (i64, i64),
        options: &SummaryOptions<Z>,
    ) -> Result<Self, Error> {
        let tick = if clock == Clock::Days { 1.0 } else { MICROS_PER_DAY };
        let resolve = |time: PurchaseTime| clock.end(time, &options.zone);
        let until = options.until.map_or(Ok((last, last)), resolve)?;
        if until.0 < first {
            let until = options.until.unwrap_or_else(|| clock.time(last));
            return Err(Error::no_data(format!("purchases until {until}, as the first is on {}", clock.time(first))));
        }
        let holdout = options.holdout_until.map(resolve).transpose()?;
        if let Some(time) = options.holdout_until
            && holdout.is_some_and(|holdout| holdout.0 <= until.0)
        {
            let end = options.until.unwrap_or_else(|| clock.time(last));
            return Err(Error::input("end of the holdout", time, format!("after {end}, the end of the calibration")));
        }
        let since = |(last, end): (i64, i64)| End { last: last.abs_diff(first), end: end.abs_diff(first) };
        let period = match (options.merge, options.unit) {
            (MergeRule::Unit, TimeUnit::Week) => Some(Period::Week),
            (MergeRule::Unit, TimeUnit::Month) => Some(Period::Month),
            _ => None,
        };
        let observation = Self {
            clock,
            first,
            calibration: since(until),
            holdout: holdout.map(since),
            ticks_per_unit: tick * options.unit.days(),
            ln_unit: (tick * options.unit.days()).ln(),
            period,
        };
        if observation.units(observation.end().end) > MOST_PERIODS {
            let all =
                format!("{} to {}", clock.time(first), clock.time(first.wrapping_add_unsigned(observation.end().end)));
            let allowed = format!("at most {MOST_PERIODS} periods of a {}; is a date wrong?", options.unit);
            return Err(Error::input("observation", all, allowed));
        }
        Ok(observation)
    }

    /// The end of all that is observed.
    pub(super) fn end(&self) -> End {
        self.holdout.unwrap_or(self.calibration)
    }

    pub(super) fn units(&self, ticks: u64) -> f64 {
        ticks as f64 / self.ticks_per_unit
    }

    /// The ticks of a time that [`units`](Self::units) made, exactly up to 2⁵² of them.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // What was a number of ticks is one.
    pub(super) fn ticks(&self, units: f64) -> u64 {
        (units * self.ticks_per_unit).round() as u64
    }

    /// The time of a tick.
    pub(super) fn time(&self, tick: u64) -> PurchaseTime {
        self.clock.time(self.first.wrapping_add_unsigned(tick))
    }

    /// The first tick after the purchase that begins at one.
    pub(super) fn purchase_end(&self, tick: u64) -> Result<u64, Error> {
        let Some(period) = self.period else { return Ok(tick.saturating_add(1)) };
        let PurchaseTime::Day(day) = self.time(tick) else { return Ok(tick.saturating_add(1)) };
        Ok(i64::from(day.start_after(period)?.0).abs_diff(self.first))
    }

    /// Periods of a unit from the first record to the end of all.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // At most a million, as checked.
    fn periods(&self) -> usize {
        self.units(self.end().end).ceil() as usize
    }

    /// Which period (k, k + 1] a tick after the first falls in.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Within the observation, as above.
    fn period_of(&self, tick: u64) -> usize {
        (self.units(tick).ceil() as usize).saturating_sub(1)
    }
}

/// How many repeat purchases there are in each period.
#[derive(Debug, Clone)]
pub(super) struct Repeats {
    by_period: Vec<u64>,
    /// Of the first ticks alone, which usually are all days: they are divided once, at the end.
    by_tick: Vec<u64>,
}

impl Repeats {
    pub(super) fn new(observation: &Observation) -> Self {
        const MOST_TICKS: u64 = 1 << 16;
        let ticks = usize::try_from(observation.end().last.min(MOST_TICKS)).unwrap_or_default();
        Self { by_period: vec![0; observation.periods()], by_tick: vec![0; ticks + 1] }
    }

    pub(super) fn add(&mut self, tick: u64, observation: &Observation) {
        let of_tick = usize::try_from(tick).ok().and_then(|tick| self.by_tick.get_mut(tick));
        if let Some(count) = of_tick {
            *count += 1;
        } else if let Some(count) = self.by_period.get_mut(observation.period_of(tick)) {
            *count += 1;
        }
    }

    pub(super) fn by_period(mut self, observation: &Observation) -> Vec<u64> {
        for (tick, count) in (0..).zip(self.by_tick) {
            if let Some(sum) = self.by_period.get_mut(observation.period_of(tick)) {
                *sum += count;
            }
        }
        self.by_period
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use chrono::{FixedOffset, Utc};

    #[test]
    fn a_day_ends_at_the_midnight_of_its_zone() {
        let hour = 3_600_000_000;
        let east = FixedOffset::east_opt(3600).unwrap();
        assert_eq!(midnight_after(Day(0), &Utc).unwrap(), Timestamp(24 * hour));
        assert_eq!(midnight_after(Day(0), &east).unwrap(), Timestamp(23 * hour));
        assert_eq!(midnight_after(Day(i32::MAX), &Utc).unwrap_err().kind(), ErrorKind::Overflow);
        let last = Day::from_date(chrono::NaiveDate::MAX);
        assert_eq!(midnight_after(last, &Utc).unwrap_err().kind(), ErrorKind::Overflow);
    }

    #[test]
    fn the_day_ends_late_where_the_clocks_skip_midnight() {
        /// One hour ahead from 1970-01-02T00:00 local time on, so that 00:00 to 01:00 of that day does not exist.
        #[derive(Debug, Clone, Copy)]
        struct Skipping;
        impl TimeZone for Skipping {
            type Offset = FixedOffset;
            fn from_offset(_: &FixedOffset) -> Self {
                Self
            }
            fn offset_from_local_date(&self, _: &chrono::NaiveDate) -> chrono::MappedLocalTime<FixedOffset> {
                chrono::MappedLocalTime::None
            }
            fn offset_from_local_datetime(
                &self,
                local: &chrono::NaiveDateTime,
            ) -> chrono::MappedLocalTime<FixedOffset> {
                let seconds = local.and_utc().timestamp();
                match seconds - 86_400 {
                    ..0 => chrono::MappedLocalTime::Single(FixedOffset::east_opt(0).unwrap()),
                    0..3600 => chrono::MappedLocalTime::None,
                    _ => chrono::MappedLocalTime::Single(FixedOffset::east_opt(3600).unwrap()),
                }
            }
            fn offset_from_utc_date(&self, _: &chrono::NaiveDate) -> FixedOffset {
                FixedOffset::east_opt(0).unwrap()
            }
            fn offset_from_utc_datetime(&self, utc: &chrono::NaiveDateTime) -> FixedOffset {
                FixedOffset::east_opt(if utc.and_utc().timestamp() < 86_400 { 0 } else { 3600 }).unwrap()
            }
        }
        assert_eq!(midnight_after(Day(0), &Skipping).unwrap(), Timestamp(86_400_000_000));
    }
}
