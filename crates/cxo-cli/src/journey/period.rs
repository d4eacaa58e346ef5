//! From when and until when: instants, or days of the time zone that are part of the period.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone};
use cxo_core::{
    Error,
    domain::{Day, Timestamp},
};

use crate::asking;

/// An end of a period.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    At(Timestamp),
    Day(Day),
}

impl FromStr for Bound {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(Timestamp::from_datetime(&at)));
        }
        let allowed = "a day such as 2026-06-30, or an instant such as 2026-06-30T12:00:00Z";
        asking::day(text).map(Self::Day).map_err(|_| Error::input("day or instant", format!("\"{text}\""), allowed))
    }
}

impl Bound {
    /// The first instant of a period that begins with it.
    pub(crate) fn begin(self, zone: chrono_tz::Tz) -> Result<Timestamp, Error> {
        match self {
            Self::At(at) => Ok(at),
            Self::Day(day) => midnight(day, day.to_date()?, zone),
        }
    }

    /// Where a period ends of which it is part.
    pub(crate) fn end(self, zone: chrono_tz::Tz) -> Result<Timestamp, Error> {
        match self {
            Self::At(at) => Ok(at),
            Self::Day(day) => {
                let next = day.to_date()?.checked_add_days(Days::new(1)).ok_or_else(|| refused(day))?;
                midnight(day, next, zone)
            }
        }
    }

    /// The last instant of a period of which it is part.
    pub(crate) fn last(self, zone: chrono_tz::Tz) -> Result<Timestamp, Error> {
        let end = self.end(zone)?;
        Ok(match self {
            Self::At(_) => end,
            Self::Day(_) => Timestamp(end.0.saturating_sub(1)),
        })
    }
}

fn refused(day: Day) -> Error {
    Error::input("day", day, "a day whose ends have a time")
}

fn midnight(day: Day, date: NaiveDate, zone: chrono_tz::Tz) -> Result<Timestamp, Error> {
    let at = zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().ok_or_else(|| refused(day))?;
    Ok(Timestamp::from_datetime(&at))
}
