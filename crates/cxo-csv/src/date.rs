//! Dates and times as files write them.

use std::fmt;
use std::str::FromStr;

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use cxo_core::Error;
use cxo_core::domain::{Day, Timestamp};

use crate::error::Problem;

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
    /// [`ErrorKind::Input`](cxo_core::ErrorKind::Input) if it is no valid pattern, or does not fix a date.
    pub fn new(pattern: impl Into<String>) -> Result<Self, Error> {
        let pattern = Self(pattern.into());
        let valid = StrftimeItems::new(&pattern.0).all(|item| item != Item::Error);
        let is_date = || {
            let written = DateTime::UNIX_EPOCH.fixed_offset().format(&pattern.0).to_string();
            pattern.moment(&written).is_ok_and(|moment| moment.local.date() == NaiveDate::default())
        };
        if valid && is_date() {
            return Ok(pattern);
        }
        let text = format!("\"{}\"", pattern.0);
        Err(Error::input("date pattern", text, "a pattern with a whole date, such as %d.%m.%Y %H:%M"))
    }

    fn moment(&self, text: &str) -> Result<Moment, DateFault> {
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, StrftimeItems::new(&self.0)).map_err(|_| DateFault::NoDate)?;
        let date = parsed.to_naive_date().map_err(|_| DateFault::Impossible)?;
        let time = parsed.to_naive_time().unwrap_or(NaiveTime::MIN);
        Ok(Moment { local: date.and_time(time), offset: parsed.offset() })
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
                    "year-first (iso), month-first (us), day-first (european), unix-seconds, unix-milliseconds or a \
                     pattern such as %d.%m.%Y %H:%M",
                )
            }),
        }
    }
}

/// Why a text is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateFault {
    /// It is not written like one.
    NoDate,
    /// It is written like one, but there is no such day or time.
    Impossible,
    /// The clocks of the zone were set forward over it.
    Skipped,
}

/// A date and time as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    local: NaiveDateTime,
    /// Seconds east of Greenwich, if written.
    offset: Option<i32>,
}

/// Reads the dates of one load.
#[derive(Debug, Clone)]
pub(crate) struct DateReader {
    pub(crate) format: DateFormat,
    pub(crate) zone: Tz,
}

impl DateReader {
    /// The instant that `text` names, if it is written as most are; none says nothing.
    #[inline]
    pub(crate) fn usual(&self, text: &[u8]) -> Option<Timestamp> {
        if self.format != DateFormat::YearFirst {
            return None;
        }
        let (micros, offset) = iso(text)?;
        let offset = offset.or_else(|| (self.zone == Tz::UTC).then_some(0))?;
        Some(Timestamp(micros - i64::from(offset) * 1_000_000))
    }

    /// The instant that `text` names.
    pub(crate) fn instant(&self, text: &[u8]) -> Result<Timestamp, DateFault> {
        if let Some(instant) = self.usual(text) {
            return Ok(instant);
        }
        let scale = match self.format {
            DateFormat::UnixSeconds => 1_000_000,
            DateFormat::UnixMilliseconds => 1_000,
            _ => return self.resolve(self.moment(text)?),
        };
        unix(text.trim_ascii(), scale).ok_or(DateFault::NoDate)
    }

    /// The civil day that `text` names: the one written, or that of the zone where an offset is written.
    pub(crate) fn day(&self, text: &[u8]) -> Result<Day, DateFault> {
        match self.format {
            DateFormat::UnixSeconds | DateFormat::UnixMilliseconds => {}
            _ => {
                let moment = self.moment(text)?;
                if moment.offset.is_none() {
                    return Ok(Day::from_date(moment.local.date()));
                }
            }
        }
        self.instant(text)?.day_in(&self.zone).map_err(|_| DateFault::Impossible)
    }

    fn moment(&self, text: &[u8]) -> Result<Moment, DateFault> {
        let order = match &self.format {
            DateFormat::MonthFirst => Order::MonthDayYear,
            DateFormat::DayFirst => Order::DayMonthYear,
            DateFormat::Pattern(pattern) => {
                let text = std::str::from_utf8(text).map_err(|_| DateFault::NoDate)?;
                return pattern.moment(text.trim());
            }
            _ => Order::YearMonthDay,
        };
        moment(text, order)
    }

    fn resolve(&self, Moment { local, offset }: Moment) -> Result<Timestamp, DateFault> {
        if let Some(east) = offset {
            let utc = local.checked_sub_signed(chrono::TimeDelta::seconds(i64::from(east)));
            return utc.map(|utc| Timestamp::from_datetime(&utc.and_utc())).ok_or(DateFault::Impossible);
        }
        if self.zone == Tz::UTC {
            return Ok(Timestamp::from_datetime(&local.and_utc()));
        }
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(Timestamp::from_datetime(&at)),
            LocalResult::None => Err(DateFault::Skipped),
        }
    }

    /// The reason for a report.
    pub(crate) fn reason(&self, role: &str, fault: DateFault) -> String {
        match fault {
            DateFault::NoDate => format!("{role} is not a date in the format {}", self.format),
            DateFault::Impossible => format!("{role} is a date or time that does not exist"),
            DateFault::Skipped => format!("{role} does not exist in {}: clocks were set forward over it", self.zone),
        }
    }
}

/// `text` times `scale` microseconds; what is finer than one is cut off.
fn unix(text: &[u8], scale: i64) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let micros = whole.parse::<i64>().ok()?.checked_mul(scale)?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut unit = scale;
    let parts = fraction.bytes().map(|byte| {
        unit /= 10;
        i64::from(byte - b'0') * unit
    });
    let part: i64 = parts.sum();
    let signed = if whole.starts_with('-') { -part } else { part };
    micros.checked_add(signed).map(Timestamp)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    YearMonthDay,
    MonthDayYear,
    DayMonthYear,
}

/// What is left of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn first(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.first() == Some(wanted);
        if found {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        found
    }

    fn eat_word(&mut self, word: &[u8]) -> bool {
        let found = self.0.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found {
            self.0 = self.0.get(word.len()..).unwrap_or_default();
        }
        found
    }

    fn eat_blanks(&mut self) -> bool {
        let mut any = false;
        // Spreadsheets and browsers write a narrow no-break space before AM and PM.
        while self.eat(b' ') || self.eat_word("\u{202f}".as_bytes()) || self.eat_word("\u{a0}".as_bytes()) {
            any = true;
        }
        any
    }

    /// A number of `digits` digits, as many as there are within the range.
    fn number(&mut self, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let (mut value, mut count) = (0_u32, 0);
        while count < *digits.end()
            && let Some(digit @ b'0'..=b'9') = self.first()
        {
            value = value * 10 + u32::from(digit - b'0');
            count += 1;
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        (count >= *digits.start()).then_some(value)
    }

    /// The digits of a fraction in microseconds; finer digits are cut off.
    fn micros(&mut self) -> Option<u32> {
        let (mut value, mut unit, mut any) = (0, 100_000, false);
        while let Some(digit @ b'0'..=b'9') = self.first() {
            value += u32::from(digit - b'0') * unit;
            unit /= 10;
            any = true;
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        any.then_some(value)
    }
}

/// The short way for what most logs hold, `2025-03-04T09:05:11` with or without a fraction and `Z` or `+02:00`: microseconds
/// since 1970 as if there were no offset, and the offset in seconds. None for anything else, right or wrong.
fn iso(text: &[u8]) -> Option<(i64, Option<i32>)> {
    let (written, rest) = text.split_first_chunk::<19>()?;
    let (month, day_and_clock) = written.split_first_chunk::<8>()?;
    let (&[d0, d1, b'T' | b' '], clock) = day_and_clock.split_first_chunk::<3>()? else { return None };
    let [century, _, year, _, _, month, ..] = pairs(*month, *b"0000-00-")?.map(u32::from);
    let [hour, _, _, minute, _, _, second, _] = pairs(*clock.first_chunk()?, *b"00:00:00")?.map(i64::from);
    let digit = |byte: u8| Some(i64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    let pair = |tens: u8, ones: u8| Some(digit(tens)? * 10 + digit(ones)?);
    let day = civil_day(century * 100 + year, month, u32::try_from(pair(d0, d1)?).ok()?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (micros, rest) = match rest {
        [b'.', a, b, c, rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => {
            ((digit(*a)? * 100 + digit(*b)? * 10 + digit(*c)?) * 1000, rest)
        }
        [b'.', ..] => return None,
        _ => (0, rest),
    };
    let offset = match rest {
        [] => None,
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), a, b, b':', c, d] => {
            let (hours, minutes) = (pair(*a, *b)?, pair(*c, *d)?);
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok().filter(|_| hours < 18 && minutes < 60)?;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => return None,
    };
    let seconds = i64::from(day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some((seconds * 1_000_000 + micros, offset))
}

/// Eight bytes at once, written as `form` is with a digit for each 0: in the place of a digit that another follows, the number of both.
fn pairs(text: [u8; 8], form: [u8; 8]) -> Option<[u8; 8]> {
    let above = u64::from_le_bytes(text) ^ u64::from_le_bytes(form);
    // What a byte may be above its form, added to which it reaches the highest bit with one more: 9 for a digit, 0 for others.
    let room = u64::from_le_bytes(form.map(|byte| if byte == b'0' { 0x76 } else { 0x7F }));
    let fits = (above.wrapping_add(room) | above) & 0x8080_8080_8080_8080 == 0;
    fits.then(|| (above.wrapping_mul(10).wrapping_add(above >> 8)).to_le_bytes())
}

/// Days since 1970-01-01 of a day of the Gregorian calendar, for years that are not negative; none where there is no such day. In
/// years that begin with March the leap day is the last, and months of 31 and 30 days have sums that lie on a line.
fn civil_day(year: u32, month: u32, day: u32) -> Option<i32> {
    let century = year / 100;
    let leap = year.is_multiple_of(4) && (year != century * 100 || century.is_multiple_of(4));
    let most = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > most {
        return None;
    }
    // The year 0 begins in January, in the year before that of its March.
    let (year, month) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some(days.cast_signed() - FROM_MARCH)
}

/// From the day before 1 March of the year -400 to 1970-01-01.
const FROM_MARCH: i32 = 719_469 + 146_097;

/// A date with or without time and offset, wholly and in nothing but this order.
fn moment(text: &[u8], order: Order) -> Result<Moment, DateFault> {
    let mut rest = Rest(text.trim_ascii());
    let (date, clock) = written(&mut rest, order).filter(|_| rest.0.is_empty()).ok_or(DateFault::NoDate)?;
    let Clock { hour, minute, second, micros, afternoon, offset } = clock.unwrap_or_default();
    let (year, month, day) = date;
    let hour = match afternoon {
        Some(_) if !(1..=12).contains(&hour) => return Err(DateFault::Impossible),
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    let date = i32::try_from(year).ok().and_then(|year| NaiveDate::from_ymd_opt(year, month, day));
    let local = date.and_then(|date| date.and_hms_micro_opt(hour, minute, second, micros));
    local.map(|local| Moment { local, offset }).ok_or(DateFault::Impossible)
}

/// A time of day as written.
#[derive(Default)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
    afternoon: Option<bool>,
    offset: Option<i32>,
}

type Written = ((u32, u32, u32), Option<Clock>);

fn written(rest: &mut Rest<'_>, order: Order) -> Option<Written> {
    let first = if order == Order::YearMonthDay { rest.number(4..=4)? } else { rest.number(1..=2)? };
    let separator = rest.first().filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    // Nobody writes the month first before a point, so such dates are not ambiguous.
    if separator == b'.' && order == Order::MonthDayYear {
        return None;
    }
    rest.eat(separator);
    let second = rest.number(1..=2)?;
    if !rest.eat(separator) {
        return None;
    }
    let date = match order {
        Order::YearMonthDay => (first, second, rest.number(1..=2)?),
        Order::MonthDayYear => (rest.number(4..=4)?, first, second),
        Order::DayMonthYear => (rest.number(4..=4)?, second, first),
    };
    // A comma behind the date is how browsers write it in English.
    let separated = rest.eat(b'T') || rest.eat(b't') || {
        let comma = rest.eat(b',');
        rest.eat_blanks() || comma
    };
    Some((date, if separated { Some(clock(rest)?) } else { None }))
}

fn clock(rest: &mut Rest<'_>) -> Option<Clock> {
    let mut clock = Clock { hour: rest.number(1..=2)?, ..Clock::default() };
    if !rest.eat(b':') {
        return None;
    }
    clock.minute = rest.number(2..=2)?;
    if rest.eat(b':') {
        clock.second = rest.number(2..=2)?;
        if rest.eat(b'.') || rest.eat(b',') {
            clock.micros = rest.micros()?;
        }
    }
    rest.eat_blanks();
    if rest.eat_word(b"AM") {
        clock.afternoon = Some(false);
    } else if rest.eat_word(b"PM") {
        clock.afternoon = Some(true);
    }
    rest.eat_blanks();
    if !rest.0.is_empty() {
        clock.offset = Some(offset(rest)?);
    }
    Some(clock)
}

/// `Z`, `UTC`, `GMT`, `+02`, `+0200`, `+02:00`, `GMT+2`: seconds east of Greenwich.
fn offset(rest: &mut Rest<'_>) -> Option<i32> {
    if rest.eat(b'Z') || rest.eat(b'z') {
        return Some(0);
    }
    let named = rest.eat_word(b"UTC") || rest.eat_word(b"GMT");
    let west = match rest.first() {
        Some(b'+') => false,
        Some(b'-') => true,
        _ => return named.then_some(0),
    };
    rest.0 = rest.0.get(1..).unwrap_or_default();
    let hours = rest.number(1..=2)?;
    let minutes = if rest.eat(b':') || !rest.0.is_empty() { rest.number(2..=2)? } else { 0 };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok().filter(|seconds| *seconds <= 18 * 3600)?;
    (minutes < 60).then_some(if west { -seconds } else { seconds })
}

/// Whether a text is a date with the year first.
pub(crate) fn year_first(text: &[u8]) -> bool {
    iso(text).is_some() || moment(text, Order::YearMonthDay).is_ok()
}

/// What a column of dates shows about its format. Class: algebraic, three counts and two examples.
#[derive(Debug, Clone, Default)]
pub(crate) struct DateVotes {
    cells: u64,
    year_first: u64,
    /// Written with day and month first, and readable in at least one order.
    year_last: u64,
    only_month_first: Option<String>,
    only_day_first: Option<String>,
    example: Option<String>,
}

impl DateVotes {
    pub(crate) fn add(&mut self, text: &[u8]) {
        self.cells += 1;
        if year_first(text) {
            self.year_first += 1;
            return;
        }
        let shown = || Some(String::from_utf8_lossy(text).into_owned());
        match (moment(text, Order::MonthDayYear).is_ok(), moment(text, Order::DayMonthYear).is_ok()) {
            (false, false) => {}
            (month, day) => {
                self.year_last += 1;
                if !day && self.only_month_first.is_none() {
                    self.only_month_first = shown();
                }
                if !month && self.only_day_first.is_none() {
                    self.only_day_first = shown();
                }
            }
        }
        if self.example.is_none() {
            self.example = shown();
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.cells += other.cells;
        self.year_first += other.year_first;
        self.year_last += other.year_last;
        self.only_month_first = self.only_month_first.take().or(other.only_month_first);
        self.only_day_first = self.only_day_first.take().or(other.only_day_first);
        self.example = self.example.take().or(other.example);
    }

    /// The format of the column: the one in which the most dates are written. Dates of the other are rejected as rows.
    pub(crate) fn decide(self) -> Result<DateFormat, Problem> {
        let example = self.example.unwrap_or_default();
        if self.cells == 0 || self.year_first > 0 && self.year_first >= self.year_last {
            return Ok(DateFormat::YearFirst);
        }
        if self.year_last == 0 {
            return Err(Problem::DateFormat(format!(
                "no date is written in a format that can be detected, such as \"{example}\""
            )));
        }
        match (self.only_month_first, self.only_day_first) {
            (Some(_), None) => Ok(DateFormat::MonthFirst),
            (None, Some(_)) => Ok(DateFormat::DayFirst),
            (None, None) => Err(Problem::DateFormat(format!(
                "every date can be read with the day or the month first, such as \"{example}\""
            ))),
            (Some(month), Some(day)) => Err(Problem::DateFormat(format!(
                "the order of day and month changes: \"{month}\" has the month first, \"{day}\" the day"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(format: &str, zone: &str) -> DateReader {
        DateReader { format: format.parse().unwrap(), zone: zone.parse().unwrap() }
    }

    #[test]
    fn reads_what_tools_write() {
        let cases = [
            ("iso", "2025-03-04", "2025-03-04T00:00:00Z"),
            ("iso", " 2025-03-04T09:05:11Z ", "2025-03-04T09:05:11Z"),
            ("iso", "2025-03-04 9:05", "2025-03-04T09:05:00Z"),
            ("iso", "2019-11-01 08:51:12.402", "2019-11-01T08:51:12.402Z"),
            ("iso", "2025-03-04T09:05:11,123456789+02:00", "2025-03-04T07:05:11.123456Z"),
            ("iso", "2025-03-04T09:05:11-0530", "2025-03-04T14:35:11Z"),
            ("iso", "2024/01/31 9:05:11 PM GMT+1", "2024-01-31T20:05:11Z"),
            ("iso", "2024/01/31 9:05:11 am UTC", "2024-01-31T09:05:11Z"),
            ("us", "3/4/2025", "2025-03-04T00:00:00Z"),
            ("us", "03/04/2025 12:05:00 AM", "2025-03-04T00:05:00Z"),
            ("us", "03/04/2025, 12:05 PM", "2025-03-04T12:05:00Z"),
            ("us", "11/1/2019 8:51:12", "2019-11-01T08:51:12Z"),
            ("european", "3/4/2025", "2025-04-03T00:00:00Z"),
            ("european", "31.12.2025 23:59", "2025-12-31T23:59:00Z"),
            ("european", "3-4-2025", "2025-04-03T00:00:00Z"),
            ("unix-seconds", "0", "1970-01-01T00:00:00Z"),
            ("unix-seconds", "-1.25", "1969-12-31T23:59:58.750Z"),
            ("unix-seconds", "1741079111.5", "2025-03-04T09:05:11.500Z"),
            ("unix-milliseconds", "1741079111500", "2025-03-04T09:05:11.500Z"),
            ("%d %b %Y %H:%M", "04 Mar 2025 09:05", "2025-03-04T09:05:00Z"),
            ("%Y%m%d", "20250304", "2025-03-04T00:00:00Z"),
            ("%Y-%m-%d %H:%M %z", "2025-03-04 09:05 +0100", "2025-03-04T08:05:00Z"),
        ];
        for (format, text, expected) in cases {
            let at = reader(format, "UTC").instant(text.as_bytes());
            assert_eq!(at.map(|at| at.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_short_way_says_the_same() {
        let texts = [
            "2025-03-04T09:05:11Z",
            "2024-02-29 23:59:59.999+05:30",
            "0000-01-01T00:00:00-17:59",
            "9999-12-31T23:59:59.001",
            "1969-12-31 23:59:59.999Z",
        ];
        for text in texts {
            let (micros, offset) = iso(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            let slow = moment(text.as_bytes(), Order::YearMonthDay).unwrap();
            assert_eq!((micros, offset), (slow.local.and_utc().timestamp_micros(), slow.offset), "{text}");
        }
        for text in [
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T00:00:60Z",
            "2025-01-01T00:00:00.1234Z",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00+18:00",
            "2025-01-01T00:00:00+1:00",
            "2025-01-01T00:00:0:",
            "2025-01-01T00:00:00 ",
            "2025-01-01",
        ] {
            assert_eq!(iso(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for year in 0..=9999 {
            for month in 0..=13 {
                for day in [0, 1, 2, 27, 28, 29, 30, 31, 32] {
                    let known = NaiveDate::from_ymd_opt(year, month, day).map(|date| date.to_epoch_days());
                    assert_eq!(civil_day(year.cast_unsigned(), month, day), known, "{year}-{month}-{day}");
                }
            }
        }
    }

    #[test]
    fn eight_bytes_are_read_as_one_by_one() {
        // Each place with each byte: a digit where the form has one, else the mark itself.
        for form in [*b"0000-00-", *b"00:00:00"] {
            for place in 0..8 {
                for byte in 0..=255 {
                    let mut text = form.map(|mark| if mark == b'0' { b'9' } else { mark });
                    text[place] = byte;
                    let right = if form[place] == b'0' { byte.is_ascii_digit() } else { byte == form[place] };
                    assert_eq!(pairs(text, form).is_some(), right, "{text:?}");
                }
            }
        }
        assert_eq!(pairs(*b"2026-11-", *b"0000-00-").map(|pairs| [pairs[0], pairs[2], pairs[5]]), Some([20, 26, 11]));
    }

    #[test]
    fn refuses_what_is_no_date() {
        use DateFault::{Impossible, NoDate};
        let cases = [
            ("iso", "", NoDate),
            ("iso", "25-03-04", NoDate),
            ("iso", "2025-03", NoDate),
            ("iso", "2025-03/04", NoDate),
            ("iso", "2025-03-04T", NoDate),
            ("iso", "2025-03-04 09", NoDate),
            ("iso", "2025-03-04 09:05 yesterday", NoDate),
            ("iso", "2025-02-30", Impossible),
            ("iso", "2025-13-01", Impossible),
            ("iso", "2025-03-04 24:00", Impossible),
            ("iso", "2025-03-04 13:00 PM", Impossible),
            ("us", "31/12/2025", Impossible),
            ("us", "12.31.2025", NoDate),
            ("us", "1/2/25", NoDate),
            ("european", "12/31/2025", Impossible),
            ("unix-seconds", "1e5", NoDate),
            ("unix-seconds", "9223372036854775807", NoDate),
            ("%d.%m.%Y", "x", NoDate),
        ];
        for (format, text, expected) in cases {
            assert_eq!(reader(format, "UTC").instant(text.as_bytes()), Err(expected), "{text}");
        }
        for pattern in ["", "no pattern", "%Q", "%H:%M", "%d.%m."] {
            assert!(pattern.parse::<DateFormat>().is_err(), "{pattern}");
        }
    }

    #[test]
    fn local_times_follow_the_zone() {
        let vienna = reader("iso", "Europe/Vienna");
        let at = |text: &str| vienna.instant(text.as_bytes()).map(|at| at.to_string());
        assert_eq!(at("2025-07-01 12:00").as_deref(), Ok("2025-07-01T10:00:00Z"));
        assert_eq!(at("2025-07-01 12:00Z").as_deref(), Ok("2025-07-01T12:00:00Z"));
        assert_eq!(at("2025-03-30 02:30"), Err(DateFault::Skipped));
        assert_eq!(at("2025-10-26 02:30").as_deref(), Ok("2025-10-26T00:30:00Z"), "the first of two");
        assert_eq!(vienna.day(b"2025-07-01").unwrap().to_string(), "2025-07-01");
        assert_eq!(vienna.day(b"2025-07-01T23:30:00Z").unwrap().to_string(), "2025-07-02");
    }

    #[test]
    fn a_column_shows_its_format() {
        let decide = |texts: &[&str]| {
            let mut votes = DateVotes::default();
            for text in texts {
                votes.add(text.as_bytes());
            }
            votes.decide().map(|format| format.to_string()).map_err(|problem| problem.to_string())
        };
        assert_eq!(decide(&["2025-01-02", "garbage"]).as_deref(), Ok("year-first"));
        assert_eq!(decide(&["1/2/2025", "1/13/2025"]).as_deref(), Ok("month-first"));
        assert_eq!(decide(&["1/2/2025", "13/1/2025"]).as_deref(), Ok("day-first"));
        assert_eq!(decide(&["1.2.2025"]).as_deref(), Ok("day-first"));
        assert_eq!(decide(&[]).as_deref(), Ok("year-first"));
        assert!(decide(&["1/2/2025", "3/4/2025"]).unwrap_err().contains("--date-format"));
        assert!(decide(&["13/2/2025", "3/14/2025"]).unwrap_err().contains("changes"));
        assert!(decide(&["yesterday"]).unwrap_err().contains("yesterday"));
    }
}
