//! A rating and the scale it belongs to.

use std::fmt;

use crate::{Error, Reader, Writer};

/// Which end of a scale is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Direction {
    /// The greatest value is the best answer.
    HighIsGood,
    /// The least value is the best answer, as for the effort question of CES 1.0.
    LowIsGood,
}

/// An integer rating scale of 2 to 11 points, with its direction.
///
/// ```
/// use cxo_core::survey::{Direction, Scale};
/// assert_eq!(Scale::NPS.points(), 11);
/// assert_eq!(Scale::new(1, 4, Direction::HighIsGood)?.to_string(), "1-4");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawScale"))]
pub struct Scale {
    min: i8,
    max: i8,
    direction: Direction,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawScale {
    min: i8,
    max: i8,
    direction: Direction,
}

#[cfg(feature = "serde")]
impl TryFrom<RawScale> for Scale {
    type Error = Error;
    fn try_from(raw: RawScale) -> Result<Self, Error> {
        Self::new(raw.min, raw.max, raw.direction)
    }
}

impl Scale {
    /// The most points a scale can have.
    pub const MAX_POINTS: usize = 11;
    /// 0 to 10, the likelihood-to-recommend question.
    pub const NPS: Self = Self { min: 0, max: 10, direction: Direction::HighIsGood };
    /// 1 to 5, high is good.
    pub const ONE_TO_FIVE: Self = Self { min: 1, max: 5, direction: Direction::HighIsGood };
    /// 1 to 7, high is good.
    pub const ONE_TO_SEVEN: Self = Self { min: 1, max: 7, direction: Direction::HighIsGood };
    /// 1 to 10, high is good.
    pub const ONE_TO_TEN: Self = Self { min: 1, max: 10, direction: Direction::HighIsGood };

    /// A scale from `min` to `max`, both included.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it has 2 to 11 points.
    pub fn new(min: i8, max: i8, direction: Direction) -> Result<Self, Error> {
        let points = i16::from(max) - i16::from(min) + 1;
        if (2..=11).contains(&points) {
            Ok(Self { min, max, direction })
        } else {
            Err(Error::input("scale", format!("{min}-{max}"), "2 to 11 points, least value first"))
        }
    }

    /// The same range with the other direction.
    #[must_use]
    pub const fn with_direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// The least value.
    #[must_use]
    pub const fn min(self) -> i8 {
        self.min
    }

    /// The greatest value.
    #[must_use]
    pub const fn max(self) -> i8 {
        self.max
    }

    /// Which end is good.
    #[must_use]
    pub const fn direction(self) -> Direction {
        self.direction
    }

    /// The number of points, 2 to 11.
    #[must_use]
    pub const fn points(self) -> usize {
        self.max.abs_diff(self.min) as usize + 1
    }

    pub(crate) fn write(self, to: &mut Writer) {
        to.i8(self.min);
        to.i8(self.max);
        to.u8(self.direction as u8);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let (min, max) = (from.i8()?, from.i8()?);
        Self::new(min, max, from.choice("direction", &[Direction::HighIsGood, Direction::LowIsGood])?)
    }

    /// Whether `value` is a point of the scale.
    #[must_use]
    pub const fn contains(self, value: i64) -> bool {
        self.min as i64 <= value && value <= self.max as i64
    }
}

impl fmt::Display for Scale {
    /// `0-10`; the direction is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

impl std::str::FromStr for Scale {
    type Err = Error;

    /// Reads `1-5`: least and greatest value, high is good.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse =
            || Error::input("scale", format!("\"{text}\""), "least-greatest, such as 1-5, with 2 to 11 points");
        // The least value may itself be negative, so the separator is the first hyphen after the first character.
        let split = text.char_indices().skip(1).find(|(_, c)| *c == '-').map(|(at, _)| at).ok_or_else(refuse)?;
        let (min, max) = text.split_at(split);
        let min = min.trim().parse().map_err(|_| refuse())?;
        let max = max.strip_prefix('-').and_then(|max| max.trim().parse().ok()).ok_or_else(refuse)?;
        Self::new(min, max, Direction::HighIsGood).map_err(|_| refuse())
    }
}

/// One answer: a value that its scale has.
///
/// ```
/// use cxo_core::survey::{Rating, Scale};
/// assert_eq!(Rating::new(9, Scale::NPS)?.value(), 9);
/// assert!(Rating::new(0, Scale::ONE_TO_FIVE).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawRating"))]
pub struct Rating {
    value: i8,
    scale: Scale,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawRating {
    value: i64,
    scale: Scale,
}

#[cfg(feature = "serde")]
impl TryFrom<RawRating> for Rating {
    type Error = Error;
    fn try_from(raw: RawRating) -> Result<Self, Error> {
        Self::new(raw.value, raw.scale)
    }
}

impl Rating {
    /// The rating `value` on `scale`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the scale does not have the value.
    pub fn new(value: i64, scale: Scale) -> Result<Self, Error> {
        match i8::try_from(value) {
            Ok(small) if scale.contains(value) => Ok(Self { value: small, scale }),
            _ => Err(Error::input("rating", value, format!("{} to {}", scale.min, scale.max))),
        }
    }

    /// The rating at a position of the scale.
    pub(crate) fn of_bin(bin: u8, scale: Scale) -> Result<Self, Error> {
        Self::new(i64::from(scale.min) + i64::from(bin), scale)
    }

    /// The value.
    #[must_use]
    pub const fn value(self) -> i8 {
        self.value
    }

    /// The scale.
    #[must_use]
    pub const fn scale(self) -> Scale {
        self.scale
    }

    /// The position on the scale, counted from 0 at the least value.
    #[must_use]
    pub const fn bin(self) -> usize {
        self.value.abs_diff(self.scale.min) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_text_round_trips() {
        for text in ["0-10", "1-5", "-2-2", "-5--1"] {
            assert_eq!(text.parse::<Scale>().unwrap().to_string(), text);
        }
        for text in ["", "5", "5-1", "0-11", "a-b", "1-", "-"] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }

    #[test]
    fn rating_holds_only_its_scale() {
        for value in i64::from(i8::MIN) - 200..=i64::from(i8::MAX) + 200 {
            assert_eq!(Rating::new(value, Scale::NPS).is_ok(), (0..=10).contains(&value), "{value}");
        }
        let negative = Scale::new(-2, 2, Direction::HighIsGood).unwrap();
        assert_eq!(Rating::new(-2, negative).unwrap().bin(), 0);
        assert_eq!(Rating::new(2, negative).unwrap().bin(), 4);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_runs_the_checks() {
        let text = r#"{"value":11,"scale":{"min":0,"max":10,"direction":"high-is-good"}}"#;
        assert!(serde_json::from_str::<Rating>(text).is_err());
        assert!(serde_json::from_str::<Rating>(&text.replace("11", "10")).is_ok());
        assert!(serde_json::from_str::<Rating>(&text.replace("10", "11")).is_err());
    }
}
