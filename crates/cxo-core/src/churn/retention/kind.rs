//! What does "retained in period N" mean? The definitions of the field under their names, and how periods are counted. State:
//! none; questions about cohorts carry them.

use std::{fmt, str::FromStr};

use crate::Error;
use crate::stats::parse_name;

/// What a customer's periods are counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum PeriodClock {
    /// Calendar periods: period 0 is the calendar period of the first activity, period 1 the next one, for all of a cohort at
    /// the same time. Whoever began on the last day of a month has a period 0 of one day.
    #[default]
    Calendar,
    /// The customer's own periods: period 0 begins on the day of his first activity, and every period is equally long for
    /// everybody. Months, quarters and years begin on the same day of the month, or on the last of a shorter month.
    SinceFirst,
}

impl PeriodClock {
    /// Every clock.
    pub const ALL: &'static [Self] = &[Self::Calendar, Self::SinceFirst];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::SinceFirst => "since-first",
        }
    }
}

impl fmt::Display for PeriodClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PeriodClock {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("clock", text, Self::ALL, Self::name)
    }
}

/// What it means that a customer is retained in period N, where period 0 is that of his first activity.
///
/// | kind | a customer is retained if he was active | mature once observed to the end of |
/// |---|---|---|
/// | n-day | in period N itself | period N |
/// | bracket | in any of the periods A to B | period B |
/// | unbounded | in period N or any later one that is observed | period N + follow-up |
///
/// Unbounded retention never falls below n-day retention and never rises with N within a cohort, but it shrinks toward the
/// edge of the observation: the later N, the less time is left to come back. A follow-up of 0 would take the last column for
/// as good as the first; the default asks for one period more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum RetentionKind {
    /// Active in period N.
    #[default]
    NDay,
    /// Active in any period of a range.
    Bracket(Brackets),
    /// Active in period N or later.
    Unbounded {
        /// Periods after N that must have been observed before the cell is mature.
        follow_up: u32,
    },
}

impl RetentionKind {
    /// Active in period N or later, mature with one period more.
    pub const UNBOUNDED: Self = Self::Unbounded { follow_up: 1 };

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NDay => "n-day",
            Self::Bracket(_) => "bracket",
            Self::Unbounded { .. } => "unbounded",
        }
    }
}

impl fmt::Display for RetentionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Ranges of periods, in ascending order and apart from each other.
///
/// ```
/// use cxo_core::churn::retention::Brackets;
///
/// let brackets: Brackets = "1-3,4-6,12-12".parse()?;
/// assert_eq!(brackets, Brackets::new(&[(1, 3), (4, 6), (12, 12)])?);
/// assert!(Brackets::new(&[(1, 3), (3, 6)]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawBrackets", rename_all = "kebab-case")
)]
pub struct Brackets {
    /// Empty where all are of one width.
    ranges: Vec<(u32, u32)>,
    /// The width of brackets that begin with period 1 and have no end; 0 where ranges are declared.
    width: u32,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawBrackets {
    ranges: Vec<(u32, u32)>,
    width: u32,
}

#[cfg(feature = "serde")]
impl TryFrom<RawBrackets> for Brackets {
    type Error = Error;
    fn try_from(raw: RawBrackets) -> Result<Self, Error> {
        if raw.width > 0 && raw.ranges.is_empty() { Self::of_width(raw.width) } else { Self::new(&raw.ranges) }
    }
}

impl Brackets {
    /// Declared ranges: the first and the last period of each, both included.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), with the row, for a range that ends before it begins or that does not
    /// begin after the one before; for none at all.
    pub fn new(ranges: &[(u32, u32)]) -> Result<Self, Error> {
        let mut before = None;
        for (row, &(from, through)) in (0..).zip(ranges) {
            if from > through || before.is_some_and(|before| from <= before) {
                let allowed = "first-last, each after the one before, such as 1-3,4-6";
                return Err(Error::input("bracket", format!("{from}-{through}"), allowed).at_row(row));
            }
            before = Some(through);
        }
        match before {
            Some(_) => Ok(Self { ranges: ranges.to_vec(), width: 0 }),
            None => Err(Error::input("number of brackets", 0, "1 or more")),
        }
    }

    /// Ranges of so many periods each from period 1 on, as far as the observation reaches.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a width of 0.
    pub fn of_width(periods: u32) -> Result<Self, Error> {
        match periods {
            0 => Err(Error::input("width of a bracket", 0, "1 or more")),
            width => Ok(Self { ranges: Vec::new(), width }),
        }
    }

    /// Those that begin within so many periods from period 0 on.
    pub(super) fn within(&self, periods: usize) -> Vec<(u32, u32)> {
        let begun = |from: u32| (from as usize) < periods;
        if self.width == 0 {
            return self.ranges.iter().copied().take_while(|(from, _)| begun(*from)).collect();
        }
        let ranges = (0..).map(|at: u32| {
            let from = at.saturating_mul(self.width).saturating_add(1);
            (from, from.saturating_add(self.width - 1))
        });
        ranges.take_while(|(from, _)| begun(*from)).collect()
    }
}

impl Default for Brackets {
    /// 1-3, 4-6, 7-9, …
    fn default() -> Self {
        Self { ranges: Vec::new(), width: 3 }
    }
}

impl FromStr for Brackets {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let range = |part: &str| {
            let (from, through) = part.split_once('-').unwrap_or((part, part));
            Some((from.trim().parse().ok()?, through.trim().parse().ok()?))
        };
        let ranges: Option<Vec<(u32, u32)>> = text.split(',').map(range).collect();
        match ranges {
            Some(ranges) => Self::new(&ranges),
            None => Err(Error::input("brackets", format!("\"{text}\""), "first-last of each, such as 1-3,4-6")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn brackets_are_apart_and_in_order() {
        for (ranges, row) in [(&[(3, 1)][..], 0), (&[(1, 3), (3, 4)], 1), (&[(4, 6), (1, 3)], 1)] {
            let error = Brackets::new(ranges).unwrap_err();
            assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(row)), "{ranges:?}");
        }
        assert_eq!(Brackets::new(&[]).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(Brackets::of_width(0).unwrap_err().kind(), ErrorKind::Input);
        for text in ["", "1-", "a-b", "1-3;4-6", "3-1", "-1"] {
            assert_eq!(text.parse::<Brackets>().unwrap_err().kind(), ErrorKind::Input, "{text}");
        }
    }

    #[test]
    fn brackets_are_as_many_as_have_begun() {
        assert_eq!(Brackets::default().within(8), [(1, 3), (4, 6), (7, 9)]);
        assert_eq!(Brackets::default().within(7), [(1, 3), (4, 6)]);
        assert_eq!(Brackets::default().within(1), []);
        assert_eq!("1-3,7,9-10".parse::<Brackets>().unwrap().within(8), [(1, 3), (7, 7)]);
        assert_eq!(Brackets::of_width(u32::MAX).unwrap().within(4000), [(1, u32::MAX)]);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_runs_the_checks() {
        for kind in [RetentionKind::NDay, RetentionKind::UNBOUNDED, RetentionKind::Bracket("1-3".parse().unwrap())] {
            let text = serde_json::to_string(&kind).unwrap();
            assert_eq!(serde_json::from_str::<RetentionKind>(&text).unwrap(), kind, "{text}");
        }
        assert!(serde_json::from_str::<Brackets>(r#"{"ranges": [[3, 1]], "width": 0}"#).is_err());
        assert!(serde_json::from_str::<Brackets>(r#"{"ranges": [], "width": 0}"#).is_err());
    }
}
