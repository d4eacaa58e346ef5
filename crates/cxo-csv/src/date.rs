//! Dates and times as files write them.

use std::fmt;
use std::str::FromStr;

use chrono::format::{Item, StrftimeItems};
use cxo_core::Error;

/// How dates are written. All but the last may carry a time of day (24 hours, or 12 with AM or PM, with or without
/// seconds and fraction) and an offset (`Z`, `+02:00`, `GMT+1`); without an offset the time is local in the
/// [time zone](crate::Options::time_zone). Years have four digits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateFormat {
    /// ISO 8601 and its kin: `2025-03-04`, `2025-03-04T09:05:11.250Z`, `2025/03/04 9:05:11 PM GMT+1`.
    YearFirst,
    /// `3/4/2025` is the 4th of March, as in the United States.
    MonthFirst,
    /// `3/4/2025` and `3.4.2025` are the 3rd of April, as in Europe.
    DayFirst,
    /// Seconds since 1970-01-01 UTC, with or without fraction. Never detected.
    UnixSeconds,
    /// Milliseconds since 1970-01-01 UTC. Never detected.
    UnixMilliseconds,
    /// A pattern such as `%d %b %Y %H:%M`. Never detected.
    Pattern(DatePattern),
}

/// A pattern of `strftime`, as chrono reads it, with a complete date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern(String);

impl DatePattern {
    /// A pattern such as `%d %b %Y %H:%M`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](cxo_core::ErrorKind::Input) if it is no valid pattern.
    pub fn new(pattern: impl Into<String>) -> Result<Self, Error> {
        let pattern = pattern.into();
        if !pattern.contains('%') || StrftimeItems::new(&pattern).any(|item| item == Item::Error) {
            return Err(Error::input("date pattern", format!("\"{pattern}\""), "a pattern such as %d.%m.%Y %H:%M"));
        }
        Ok(Self(pattern))
    }

    /// The pattern as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DateFormat {
    /// The name in kebab-case, or the pattern.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::YearFirst => "year-first",
            Self::MonthFirst => "month-first",
            Self::DayFirst => "day-first",
            Self::UnixSeconds => "unix-seconds",
            Self::UnixMilliseconds => "unix-milliseconds",
            Self::Pattern(pattern) => pattern.as_str(),
        })
    }
}

impl FromStr for DateFormat {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes; also `iso`, `us` and `european`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "year-first" | "iso" => Ok(Self::YearFirst),
            "month-first" | "us" => Ok(Self::MonthFirst),
            "day-first" | "european" => Ok(Self::DayFirst),
            "unix-seconds" => Ok(Self::UnixSeconds),
            "unix-milliseconds" => Ok(Self::UnixMilliseconds),
            pattern => DatePattern::new(pattern).map(Self::Pattern).map_err(|_| {
                Error::input(
                    "date format",
                    format!("\"{text}\""),
                    "year-first (iso), month-first (us), day-first (european), unix-seconds, unix-milliseconds or a pattern \
                     such as %d.%m.%Y %H:%M",
                )
            }),
        }
    }
}
