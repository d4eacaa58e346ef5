//! Metrics over time: how did the answer move by day, week, month, quarter or year?
//!
//! The state is [`Trend`]: one state for each calendar period of a stated time zone, so days, shards and machines merge. The
//! report calls it, and whoever asks for a series. Formula page: `docs/formulas/trend.md`.

use std::{collections::BTreeMap, fmt};

use chrono::TimeZone;

use super::{Rating, Tally, segment::like};
use crate::{
    Encode, Error, Form, Reader, State, Writer,
    domain::{Day, Period, Timestamp},
};

/// The most periods that one series lists: 27 years of days. A stray date far from the others is an error, not a million gaps.
const MAX_PERIODS: usize = 10_000;

/// One state for each calendar period. Class: as `S`, times the number of periods with responses.
///
/// ```
/// use chrono::Utc;
/// use cxo_core::{ErrorKind, domain::{Day, Period, Timestamp}, survey::{Csat, Rating, Scale, Tally, Trend}};
/// let mut trend = Trend::new(Period::Month, Utc, Tally::new(Scale::ONE_TO_FIVE));
/// for (day, score) in [("2026-01-10", 5), ("2026-01-31", 2), ("2026-03-02", 4)] {
///     let day = Day::from_date(day.parse().unwrap());
///     trend.add(Timestamp::from(day), Rating::new(score, Scale::ONE_TO_FIVE)?)?;
/// }
/// let until = Day::from_date("2026-03-15".parse().unwrap());
/// let points = trend.answers(Some(until), |tally| Csat::default().ask(tally))?;
/// let labels: Vec<&str> = points.iter().map(|point| point.label.as_str()).collect();
/// assert_eq!(labels, ["2026-01", "2026-02", "2026-03"]);
/// assert_eq!(points[0].answer.as_ref().unwrap().share.value, 0.5);
/// assert_eq!(points[1].answer.as_ref().unwrap_err().kind(), ErrorKind::NoData);
/// assert_eq!(points[2].complete, Some(false));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Trend<S, Z> {
    period: Period,
    zone: Z,
    empty: S,
    states: BTreeMap<Day, S>,
}

/// One period of a series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrendPoint<T> {
    /// The first day.
    pub start: Day,
    /// The last day.
    pub end: Day,
    /// `2026-03-31`, `2026-W14`, `2026-03` or `2026-Q1`.
    pub label: String,
    /// Whether the last day was still observed; `None` if it was not said until when data were collected.
    pub complete: Option<bool>,
    /// The answer. A period without responses has the error [`ErrorKind::NoData`](crate::ErrorKind::NoData); it is listed so
    /// that a gap does not look like a short way.
    pub answer: Result<T, Error>,
}

impl<S: State, Z: TimeZone + fmt::Display> Trend<S, Z> {
    /// No responses yet; each period starts from `empty`. The zone decides on which day an instant falls.
    pub const fn new(period: Period, zone: Z, empty: S) -> Self {
        Self { period, zone, empty, states: BTreeMap::new() }
    }

    /// The calendar period.
    #[must_use]
    pub const fn period(&self) -> Period {
        self.period
    }

    /// The time zone.
    #[must_use]
    pub const fn zone(&self) -> &Z {
        &self.zone
    }

    /// The state of the period in which `time` falls.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond the years of the calendar.
    pub fn state_at(&mut self, time: Timestamp) -> Result<&mut S, Error> {
        let start = time.day_in(&self.zone)?.start_of(self.period)?;
        Ok(self.states.entry(start).or_insert_with(|| self.empty.clone()))
    }

    /// The first days of the periods with responses, with their states, in the order of time.
    pub fn sorted(&self) -> impl Iterator<Item = (Day, &S)> {
        self.states.iter().map(|(day, state)| (*day, state))
    }

    /// Asks every period from the first with responses to the last, or to the one that holds `until`, the last day on which
    /// responses were collected. Periods in between without responses are listed as such.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without any response, [`ErrorKind::Input`](crate::ErrorKind::Input)
    /// if the series would list more than 10,000 periods, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) at the end of
    /// the calendar.
    pub fn answers<T>(
        &self,
        until: Option<Day>,
        ask: impl Fn(&S) -> Result<T, Error>,
    ) -> Result<Vec<TrendPoint<T>>, Error> {
        let (Some((&first, _)), Some((&last, _))) = (self.states.first_key_value(), self.states.last_key_value())
        else {
            return Err(Error::no_data("trend of no responses"));
        };
        let last = match until {
            Some(day) => last.max(day.start_of(self.period)?),
            None => last,
        };
        let mut points = Vec::new();
        let mut start = first;
        while start <= last {
            if points.len() == MAX_PERIODS {
                let allowed = format!("at most {MAX_PERIODS} periods; is the first or the last date wrong?");
                return Err(Error::input("trend", format!("every {} from {first} to {last}", self.period), allowed));
            }
            let next = start.start_after(self.period)?;
            let end = Day(next.0.saturating_sub(1));
            let label = self.period.label(start);
            let answer = match self.states.get(&start) {
                Some(state) => ask(state),
                None => Err(Error::no_data(format!("no responses in {label}"))),
            };
            points.push(TrendPoint { start, end, label, complete: until.map(|day| end <= day), answer });
            start = next;
        }
        Ok(points)
    }
}

impl<Z: TimeZone + fmt::Display> Trend<Tally, Z> {
    /// Counts one rating at its time.
    ///
    /// # Errors
    /// As [`state_at`](Self::state_at) and [`Tally::add`].
    pub fn add(&mut self, time: Timestamp, rating: Rating) -> Result<(), Error> {
        self.state_at(time)?.add(rating)
    }
}

impl<S: State, Z: TimeZone + fmt::Display> State for Trend<S, Z> {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.period != other.period {
            return Err(Error::incompatible(format!("trends by {} and by {}", self.period, other.period)));
        }
        let zones = (self.zone.to_string(), other.zone.to_string());
        if zones.0 != zones.1 {
            return Err(Error::incompatible(format!("trends in the time zones {} and {}", zones.0, zones.1)));
        }
        // Whatever the two states measure must be the same even where one of them is empty.
        self.empty.clone().merge(&other.empty)?;
        let mut states = self.states.clone();
        for (day, state) in &other.states {
            states.entry(*day).or_insert_with(|| self.empty.clone()).merge(state)?;
        }
        self.states = states;
        Ok(())
    }
}

impl<S: Encode, Z: TimeZone + fmt::Display> Trend<S, Z> {
    /// The trend as bytes, as [`Encode::to_bytes`] writes other states; the time zone is written by its name.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Trend);
        to.u8(self.period as u8);
        to.block(self.zone.to_string().as_bytes());
        to.block(&self.empty.to_bytes());
        to.count(self.states.len());
        for (day, state) in &self.states {
            to.i32(day.0);
            to.block(&state.to_bytes());
        }
        to.finish()
    }

    /// The trend that was written. Bytes hold the name of the time zone, which does not make one, so it is given again.
    ///
    /// ```
    /// use chrono::Utc;
    /// use cxo_core::{domain::{Period, Timestamp}, survey::{Rating, Scale, Tally, Trend}};
    /// let mut trend = Trend::new(Period::Month, Utc, Tally::new(Scale::NPS));
    /// trend.add(Timestamp(0), Rating::new(9, Scale::NPS)?)?;
    /// let read = Trend::<Tally, Utc>::from_bytes_in(&trend.to_bytes(), Utc)?;
    /// assert_eq!(read.sorted().collect::<Vec<_>>(), trend.sorted().collect::<Vec<_>>());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a zone of another name; otherwise as
    /// [`Encode::from_bytes`].
    pub fn from_bytes_in(bytes: &[u8], zone: Z) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Trend)?;
        let period = from.choice("period", Period::ALL)?;
        let (name, given) = (from.text()?, zone.to_string());
        if name != given {
            return Err(Error::incompatible(format!("a trend in the time zone {name} read in {given}")));
        }
        let mut trend = Self::new(period, zone, S::from_bytes(from.block()?)?);
        for _ in 0..from.count(12)? {
            let day = Day(from.i32()?);
            let later = trend.states.last_key_value().is_none_or(|(last, _)| *last < day);
            if !later || day.start_of(period)? != day {
                return Err(from.refuse("day", day, "the first day of a period after the one before"));
            }
            trend.states.insert(day, like(&trend.empty, S::from_bytes(from.block()?)?)?);
        }
        from.finish().map(|()| trend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Scale;
    use chrono::{FixedOffset, Utc};
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::from_date(text.parse().unwrap())
    }

    fn trend(period: Period, days: &[i32]) -> Trend<Tally, Utc> {
        let mut trend = Trend::new(period, Utc, Tally::new(Scale::NPS));
        for days in days {
            trend
                .add(Timestamp::from(Day(*days)), Rating::new(i64::from(days.rem_euclid(11)), Scale::NPS).unwrap())
                .unwrap();
        }
        trend
    }

    fn finished(trend: &Trend<Tally, Utc>) -> Option<Vec<TrendPoint<Vec<u64>>>> {
        trend.answers(None, |tally| Ok(tally.counts().to_vec())).ok()
    }

    #[test]
    fn periods_follow_the_calendar() {
        let cases = [
            (Period::Day, "2024-02-28", "2024-03-01", vec!["2024-02-28", "2024-02-29", "2024-03-01"]),
            (Period::Week, "2026-12-21", "2027-01-04", vec!["2026-W52", "2026-W53", "2027-W01"]),
            (Period::Month, "2025-01-31", "2025-03-01", vec!["2025-01", "2025-02", "2025-03"]),
            (Period::Quarter, "2025-12-31", "2026-04-01", vec!["2025-Q4", "2026-Q1", "2026-Q2"]),
        ];
        for (period, from, to, expected) in cases {
            let points = finished(&trend(period, &[day(from).0, day(to).0])).unwrap();
            let labels: Vec<_> = points.iter().map(|point| point.label.as_str()).collect();
            assert_eq!(labels, expected);
            assert!(points[0].answer.is_ok() && points[1].answer.is_err() && points[2].answer.is_ok());
            assert!(points.windows(2).all(|pair| pair[0].end.0 + 1 == pair[1].start.0));
        }
    }

    #[test]
    fn the_zone_decides_the_day_and_zones_do_not_mix() {
        let late = Timestamp(Timestamp::from(day("2026-01-31")).0 + 23 * 3_600_000_000);
        let east = FixedOffset::east_opt(2 * 3600).unwrap();
        let mut trend = Trend::new(Period::Month, east, Tally::new(Scale::NPS));
        trend.add(late, Rating::new(5, Scale::NPS).unwrap()).unwrap();
        assert_eq!(trend.sorted().next().map(|(start, _)| start), Some(day("2026-02-01")));
        let other = Trend::new(Period::Month, FixedOffset::east_opt(0).unwrap(), Tally::new(Scale::NPS));
        assert!(trend.merge(&other).is_err());
        assert!(trend.merge(&Trend::new(Period::Week, east, Tally::new(Scale::NPS))).is_err());
        assert!(trend.merge(&Trend::new(Period::Month, east, Tally::new(Scale::ONE_TO_FIVE))).is_err());
    }

    #[test]
    fn says_which_periods_are_complete() {
        let complete = |until: &str| -> Vec<_> {
            let trend = trend(Period::Month, &[day("2026-01-10").0, day("2026-02-10").0]);
            let points = trend.answers(Some(day(until)), |_| Ok(())).unwrap();
            points.iter().map(|point| point.complete).collect()
        };
        assert_eq!(complete("2026-02-27"), [Some(true), Some(false)]);
        assert_eq!(complete("2026-02-28"), [Some(true), Some(true)]);
        assert_eq!(complete("2026-03-01"), [Some(true), Some(true), Some(false)]);
        assert_eq!(complete("2025-12-31"), [Some(false), Some(false)]);
    }

    #[test]
    fn stray_dates_and_the_end_of_the_calendar_are_errors() {
        assert!(trend(Period::Day, &[0, 10_000]).answers(None, |_| Ok(())).is_err());
        assert_eq!(trend(Period::Day, &[0, 9_999]).answers(None, |_| Ok(())).unwrap().len(), 10_000);
        assert!(trend(Period::Day, &[]).answers(None, |_| Ok(())).is_err());
        let mut trend = trend(Period::Week, &[]);
        assert!(trend.state_at(Timestamp(i64::MAX)).is_err());
    }

    proptest! {
        #[test]
        fn merge_laws(
            a in prop::collection::vec(0_i32..400, 0..20),
            b in prop::collection::vec(0_i32..400, 0..20),
            c in prop::collection::vec(0_i32..400, 0..20),
        ) {
            let by = |days: &[i32]| trend(Period::Week, days);
            let straight = finished(&by(&[a.clone(), b.clone(), c.clone()].concat()));
            let mut left = by(&a);
            left.merge(&by(&[])).unwrap();
            left.merge(&by(&b)).unwrap();
            left.merge(&by(&c)).unwrap();
            let mut right = by(&c);
            right.merge(&by(&b)).unwrap();
            let mut reversed = by(&[]);
            reversed.merge(&right).unwrap();
            reversed.merge(&by(&a)).unwrap();
            prop_assert_eq!(&finished(&left), &straight);
            prop_assert_eq!(&finished(&reversed), &straight);
        }
    }
}
