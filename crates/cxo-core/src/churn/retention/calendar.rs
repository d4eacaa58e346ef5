//! How many periods lie between two days? The periods from the first record to the end of the observation, counted by the
//! calendar or from a customer's own first day. State: a place for each day, so that no record costs a date.

use chrono::Datelike;

use super::PeriodClock;
use crate::Error;
use crate::domain::{Day, Period};

/// A table has a cell for each pair of periods; more periods come from a wrong date or too short a period.
const MOST_PERIODS: usize = 4000;

/// A day as calendars know it.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The calendar period, counted from that of the first record.
    period: u32,
    /// Months since the year 0, the day of the month, and how many days that month has.
    month: i32,
    day: u32,
    days: u32,
}

/// The periods of an observation.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    clock: PeriodClock,
    step: Step,
    first: Day,
    until: Day,
    /// The first day of each calendar period that has begun, and of the one after.
    starts: Vec<Day>,
    /// Of each day from the first to the one after the last.
    places: Vec<Place>,
}

/// The length of a period.
#[derive(Debug, Clone, Copy)]
enum Step {
    Days(u32),
    Months(u32),
}

impl Step {
    const fn of(period: Period) -> Self {
        match period {
            Period::Day => Self::Days(1),
            Period::Week => Self::Days(7),
            Period::Month => Self::Months(1),
            Period::Quarter => Self::Months(3),
            Period::Year => Self::Months(12),
        }
    }
}

impl Calendar {
    /// From the first record to the last day that is observed.
    pub(super) fn new(period: Period, clock: PeriodClock, first: Day, until: Day) -> Result<Self, Error> {
        if until < first {
            return Err(Error::no_data(format!("activity until {until}, as the first is on {first}")));
        }
        let mut starts = vec![first.start_of(period)?];
        let mut next = first.start_after(period)?;
        while next <= until {
            starts.push(next);
            if starts.len() > MOST_PERIODS {
                let allowed = format!("at most {MOST_PERIODS} periods; is a date wrong, or the period too short?");
                return Err(Error::input("observation", format!("every {period} from {first} to {until}"), allowed));
            }
            next = next.start_after(period)?;
        }
        starts.push(next);
        let mut places = Vec::new();
        let mut at = 0;
        for day in first.0..=until.0.saturating_add(1) {
            if starts.get(at + 1).is_some_and(|start| start.0 <= day) {
                at += 1;
            }
            let date = Day(day).to_date()?;
            places.push(Place {
                period: u32::try_from(at).unwrap_or(u32::MAX),
                month: date.year() * 12 + date.month0().cast_signed(),
                day: date.day(),
                days: u32::from(date.num_days_in_month()),
            });
        }
        Ok(Self { clock, step: Step::of(period), first, until, starts, places })
    }

    /// The last day that is observed.
    pub(super) const fn until(&self) -> Day {
        self.until
    }

    /// How many calendar periods have begun.
    pub(super) fn periods(&self) -> usize {
        self.starts.len() - 1
    }

    /// The first day of a calendar period.
    pub(super) fn start(&self, period: usize) -> Day {
        self.starts.get(period).copied().unwrap_or(self.until)
    }

    /// The calendar period of a day, counted from that of the first record.
    pub(super) fn period_of(&self, day: Day) -> usize {
        self.place(day).map_or(0, |place| place.period as usize)
    }

    /// How many calendar periods from the first on were observed to their end.
    pub(super) fn complete(&self) -> usize {
        let over = self.starts.last().is_some_and(|start| start.0 <= self.until.0.saturating_add(1));
        if over { self.periods() } else { self.periods() - 1 }
    }

    /// How many periods from its own on, period 0, were observed to their end for every customer of a cohort.
    pub(super) fn complete_of(&self, cohort: usize) -> usize {
        match self.clock {
            PeriodClock::Calendar => self.complete().saturating_sub(cohort),
            // Whoever began on its last day is observed for the shortest time.
            PeriodClock::SinceFirst => match self.start(cohort + 1).0.saturating_sub(1) {
                last if last <= self.until.0 => self.since(Day(last), Day(self.until.0.saturating_add(1))),
                _ => 0,
            },
        }
    }

    /// The period of a day for a customer who began on another, not later one.
    pub(super) fn since(&self, began: Day, day: Day) -> usize {
        let (Some(from), Some(to)) = (self.place(began), self.place(day)) else { return 0 };
        match (self.clock, self.step) {
            (PeriodClock::Calendar, _) => to.period.saturating_sub(from.period) as usize,
            (PeriodClock::SinceFirst, Step::Days(days)) => (day.0.abs_diff(began.0) / days) as usize,
            (PeriodClock::SinceFirst, Step::Months(months)) => {
                // Whoever began on the 31st begins a period on the last day of a shorter month.
                let early = u32::from(to.day < from.day.min(to.days));
                ((to.month.abs_diff(from.month) - early.min(to.month.abs_diff(from.month))) / months) as usize
            }
        }
    }

    fn place(&self, day: Day) -> Option<&Place> {
        usize::try_from(i64::from(day.0) - i64::from(self.first.0)).ok().and_then(|at| self.places.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use chrono::Months;
    use proptest::prelude::*;

    fn day(text: &str) -> Day {
        Day::from_date(text.parse().unwrap())
    }

    #[test]
    fn a_period_is_complete_with_its_last_day() {
        let complete = |until: &str| {
            let calendar = Calendar::new(Period::Month, PeriodClock::Calendar, day("2026-01-15"), day(until)).unwrap();
            (calendar.periods(), calendar.complete(), calendar.complete_of(1))
        };
        assert_eq!(complete("2026-01-15"), (1, 0, 0));
        assert_eq!(complete("2026-03-30"), (3, 2, 1));
        assert_eq!(complete("2026-03-31"), (3, 3, 2));
        assert_eq!(complete("2026-04-01"), (4, 3, 2));
    }

    #[test]
    fn own_months_begin_on_the_day_of_the_month_or_on_the_last() {
        let calendar =
            Calendar::new(Period::Month, PeriodClock::SinceFirst, day("2026-01-01"), day("2026-12-31")).unwrap();
        let since = |from: &str, to: &str| calendar.since(day(from), day(to));
        assert_eq!([since("2026-01-31", "2026-02-27"), since("2026-01-31", "2026-02-28")], [0, 1]);
        assert_eq!([since("2026-01-31", "2026-03-30"), since("2026-01-31", "2026-03-31")], [1, 2]);
        assert_eq!([since("2026-01-15", "2026-12-14"), since("2026-01-15", "2026-12-15")], [10, 11]);
        // Whoever began on January 31 is observed to the end of his tenth month on November 29, and of the eleventh on
        // December 30.
        assert_eq!(calendar.complete_of(0), 11);
        assert_eq!(calendar.complete_of(11), 0);
    }

    #[test]
    fn too_many_periods_and_an_early_end_are_refused() {
        let of = |until: Day| Calendar::new(Period::Day, PeriodClock::Calendar, Day(0), until).map(|_| ());
        assert_eq!(of(Day(3999)), Ok(()));
        assert_eq!(of(Day(4000)).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(of(Day(-1)).unwrap_err().kind(), ErrorKind::NoData);
        let end = Calendar::new(Period::Year, PeriodClock::Calendar, Day(i32::MAX), Day(i32::MAX));
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Overflow);
    }

    proptest! {
        #[test]
        fn own_periods_are_those_of_the_calendar_library(from in 0..900_i32, after in 0..900_i32, step in 0..3_usize) {
            let (period, months) = [(Period::Month, 1), (Period::Quarter, 3), (Period::Year, 12)][step];
            let calendar = Calendar::new(period, PeriodClock::SinceFirst, Day(0), Day(2000)).unwrap();
            let found = calendar.since(Day(from), Day(from + after));
            let begins = |n: usize| {
                let months = Months::new(u32::try_from(n).unwrap() * months);
                Day::from_date(Day(from).to_date().unwrap().checked_add_months(months).unwrap())
            };
            prop_assert!(begins(found) <= Day(from + after) && Day(from + after) < begins(found + 1));
        }
    }
}
