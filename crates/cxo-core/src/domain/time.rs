//! Instants, civil days and calendar periods.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, NaiveDate, TimeZone};

use crate::Error;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// An instant: microseconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant of a chrono date and time in any zone; what is finer than a microsecond is cut off.
    #[must_use]
    pub fn from_datetime<Tz: TimeZone>(at: &DateTime<Tz>) -> Self {
        Self(at.timestamp_micros())
    }

    /// The chrono date and time in UTC.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond the years chrono can hold (about ±262,000).
    pub fn to_datetime(self) -> Result<DateTime<chrono::Utc>, Error> {
        DateTime::from_timestamp_micros(self.0).ok_or_else(|| Error::overflow(format!("{} µs as a date", self.0)))
    }

    /// The civil day on which this instant falls in `zone`.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond the years chrono can hold.
    pub fn day_in<Tz: TimeZone>(self, zone: &Tz) -> Result<Day, Error> {
        let local = self.to_datetime()?.with_timezone(zone);
        Ok(Day::from_date(local.date_naive()))
    }

    /// Seconds from `earlier` to this instant; negative if it is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        // The difference of two i64 fits an i128 and is below 2^65: one rounding, in the division.
        (i128::from(self.0) - i128::from(earlier.0)) as f64 / 1e6
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; the bare number of microseconds beyond chrono's years.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime() {
            Ok(at) => f.write_str(&at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

/// A civil day: days since 1970-01-01, without a time zone. A day is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Day(pub i32);

impl Day {
    /// The day of a chrono date.
    #[must_use]
    pub fn from_date(date: NaiveDate) -> Self {
        Self(date.to_epoch_days())
    }

    /// The chrono date.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond the years chrono can hold.
    pub fn to_date(self) -> Result<NaiveDate, Error> {
        NaiveDate::from_epoch_days(self.0).ok_or_else(|| Error::overflow(format!("day {} as a date", self.0)))
    }

    /// The first day of the calendar period that contains this day. Weeks begin on Monday (ISO 8601).
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond the years chrono can hold.
    pub fn start_of(self, period: Period) -> Result<Self, Error> {
        let date = self.to_date()?;
        let first_of = |month: u32| NaiveDate::from_ymd_opt(date.year(), month, 1).map(Self::from_date);
        let start = match period {
            Period::Day => Some(self),
            Period::Week => {
                let back = i32::try_from(date.weekday().num_days_from_monday()).unwrap_or_default();
                self.0.checked_sub(back).map(Self)
            }
            Period::Month => first_of(date.month()),
            Period::Quarter => first_of(date.month0() / 3 * 3 + 1),
            Period::Year => first_of(1),
        };
        start.ok_or_else(|| Error::overflow(format!("start of the {period} of day {}", self.0)))
    }

    /// The first day of the calendar period that follows the one that contains this day.
    pub(crate) fn start_after(self, period: Period) -> Result<Self, Error> {
        // As many days as no period of the kind exceeds, but fewer than two of them have.
        let longest = match period {
            Period::Day => 1,
            Period::Week => 7,
            Period::Month => 31,
            Period::Quarter => 92,
            Period::Year => 366,
        };
        let inside = self.start_of(period)?.0.checked_add(longest);
        inside.map_or_else(
            || Err(Error::overflow(format!("the {period} after {self}"))),
            |day| Self(day).start_of(period),
        )
    }
}

impl fmt::Display for Day {
    /// ISO 8601, such as `2026-03-31`; the bare number of days beyond chrono's years.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_date() {
            Ok(date) => write!(f, "{date}"),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

/// A calendar period of a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Period {
    /// A civil day.
    Day,
    /// An ISO 8601 week, Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: &'static [Self] = &[Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The label of the period that starts on `start`: `2026-03-31`, `2026-W14`, `2026-03`, `2026-Q1`, `2026`.
    #[must_use]
    pub fn label(self, start: Day) -> String {
        let Ok(date) = start.to_date() else { return start.to_string() };
        match self {
            Self::Day => date.to_string(),
            Self::Week => format!("{}-W{:02}", date.iso_week().year(), date.iso_week().week()),
            Self::Month => format!("{}-{:02}", date.year(), date.month()),
            Self::Quarter => format!("{}-Q{}", date.year(), date.month0() / 3 + 1),
            Self::Year => date.year().to_string(),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Period {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|period| period.name() == text).copied();
        let names = || Self::ALL.iter().map(|period| period.name()).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| Error::input("period", format!("\"{text}\""), names()))
    }
}

impl From<Day> for Timestamp {
    /// Midnight UTC of the day. Every `Day` fits: 2^31 days are below 2^63 microseconds.
    fn from(day: Day) -> Self {
        Self(i64::from(day.0).saturating_mul(MICROS_PER_DAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    fn day(text: &str) -> Day {
        Day::from_date(text.parse().unwrap())
    }

    #[test]
    fn a_day_depends_on_the_zone() {
        let at = Timestamp::from_datetime(&DateTime::parse_from_rfc3339("2026-03-31T23:30:00Z").unwrap());
        assert_eq!(at.day_in(&chrono::Utc).unwrap().to_string(), "2026-03-31");
        assert_eq!(at.day_in(&FixedOffset::east_opt(3600).unwrap()).unwrap().to_string(), "2026-04-01");
        assert_eq!(at.to_string(), "2026-03-31T23:30:00Z");
    }

    #[test]
    fn periods_start_where_the_calendar_says() {
        let cases = [
            ("2026-03-31", Period::Day, "2026-03-31", "2026-03-31"),
            ("2027-01-01", Period::Week, "2026-12-28", "2026-W53"),
            ("2026-03-31", Period::Month, "2026-03-01", "2026-03"),
            ("2026-12-31", Period::Quarter, "2026-10-01", "2026-Q4"),
            ("2024-12-31", Period::Year, "2024-01-01", "2024"),
            ("2025-01-01", Period::Year, "2025-01-01", "2025"),
            ("1969-12-31", Period::Week, "1969-12-29", "1970-W01"),
        ];
        for (of, period, start, label) in cases {
            let found = day(of).start_of(period).unwrap();
            assert_eq!((found, period.label(found).as_str()), (day(start), label), "{of} {period}");
            let next = day(of).start_after(period).unwrap();
            assert!(next > day(of) && next.start_of(period) == Ok(next), "{of} {period}");
            assert_eq!(Day(next.0 - 1).start_of(period).unwrap(), found, "{of} {period}");
        }
    }

    #[test]
    fn periods_are_known_by_their_names() {
        for &period in Period::ALL {
            assert_eq!(period.name().parse(), Ok(period));
        }
        let error = "decade".parse::<Period>().unwrap_err();
        assert_eq!(error.to_string(), "period is \"decade\", allowed: day, week, month, quarter, year");
    }

    #[test]
    fn the_ends_of_time_are_errors_not_panics() {
        for micros in [i64::MIN, i64::MAX] {
            let at = Timestamp(micros);
            let _ = (at.to_string(), at.day_in(&chrono::Utc), at.seconds_since(Timestamp(-micros.max(-i64::MAX))));
        }
        for days in [i32::MIN, i32::MAX] {
            assert!(Day(days).to_date().is_err());
            assert!(Day(days).start_of(Period::Week).is_err() && Day(days).start_after(Period::Day).is_err());
        }
    }
}
