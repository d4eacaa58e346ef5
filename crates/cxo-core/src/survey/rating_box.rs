//! A run of neighbouring values of a scale: the "box" of top-box shares. It has no state; CSAT and CES resolve their rules to
//! boxes and results carry them, so that a reader sees which ratings were counted.

use std::fmt;

use super::{Direction, Scale};
use crate::Error;

/// The ratings from `from` to `to`, both included.
///
/// ```
/// use cxo_core::survey::{RatingBox, Scale};
/// let easy: RatingBox = "5-7".parse()?;
/// assert!(easy.contains(6) && !easy.contains(4));
/// assert_eq!(easy.mirrored(Scale::ONE_TO_SEVEN)?.to_string(), "1-3");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawBox"))]
pub struct RatingBox {
    from: i8,
    to: i8,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawBox {
    from: i8,
    to: i8,
}

#[cfg(feature = "serde")]
impl TryFrom<RawBox> for RatingBox {
    type Error = Error;
    fn try_from(raw: RawBox) -> Result<Self, Error> {
        Self::new(raw.from, raw.to)
    }
}

impl RatingBox {
    /// The ratings from `from` to `to`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if `from` is greater than `to`.
    pub fn new(from: i8, to: i8) -> Result<Self, Error> {
        if from <= to {
            Ok(Self { from, to })
        } else {
            Err(Error::input("box", format!("{from}-{to}"), "least value first, such as 4-5"))
        }
    }

    /// The `points` best values of a scale: its greatest where high is good, its least where low is good.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless at least one value of the scale is inside and one outside.
    pub fn best(points: u8, scale: Scale) -> Result<Self, Error> {
        let all = scale.points();
        let reach = i8::try_from(points).unwrap_or(i8::MAX);
        if points == 0 || usize::from(points) >= all {
            return Err(Error::input("top", points, format!("1 to {} on a scale of {scale}", all - 1)));
        }
        Ok(match scale.direction() {
            // At most 10 steps from an end that has 10 points on its other side: no bound of i8 is crossed.
            Direction::HighIsGood => Self { from: scale.max().saturating_sub(reach - 1), to: scale.max() },
            Direction::LowIsGood => Self { from: scale.min(), to: scale.min().saturating_add(reach - 1) },
        })
    }

    /// The least value.
    #[must_use]
    pub const fn from(self) -> i8 {
        self.from
    }

    /// The greatest value.
    #[must_use]
    pub const fn to(self) -> i8 {
        self.to
    }

    /// Whether a rating of this value is in the box.
    #[must_use]
    pub const fn contains(self, value: i8) -> bool {
        self.from <= value && value <= self.to
    }

    /// The box of the same size at the other end: `v` becomes `min + max - v`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if a value of the box is not on the scale.
    pub fn mirrored(self, scale: Scale) -> Result<Self, Error> {
        let flip = |value: i8| i16::from(scale.min()) + i16::from(scale.max()) - i16::from(value);
        match (i8::try_from(flip(self.to)), i8::try_from(flip(self.from))) {
            (Ok(from), Ok(to)) if scale.contains(from.into()) && scale.contains(to.into()) => Ok(Self { from, to }),
            _ => Err(Error::input("box", self, format!("values of the scale {scale}"))),
        }
    }
}

impl RatingBox {
    /// The bottom box of this top box: its mirror image, without the values that both would hold.
    pub(super) fn opposite(self, scale: Scale) -> Result<Self, Error> {
        let mirrored = self.mirrored(scale)?;
        match scale.direction() {
            Direction::HighIsGood => Self::new(mirrored.from, mirrored.to.min(self.from.saturating_sub(1))),
            Direction::LowIsGood => Self::new(mirrored.from.max(self.to.saturating_add(1)), mirrored.to),
        }
    }
}

impl fmt::Display for RatingBox {
    /// `4-5`; a box of one value is written `2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}-{}", self.from, self.to) }
    }
}

impl std::str::FromStr for RatingBox {
    type Err = Error;

    /// Reads `5-7`, or `5` for a box of one value.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || Error::input("box", format!("\"{text}\""), "least-greatest, such as 5-7");
        // The least value may itself be negative, so the separator is the first hyphen after the first character.
        let split = text.char_indices().skip(1).find(|(_, c)| *c == '-').map_or(text.len(), |(at, _)| at);
        let (from, to) = text.split_at(split);
        let to = to.strip_prefix('-').unwrap_or(from);
        let value = |part: &str| part.trim().parse().map_err(|_| refuse());
        Self::new(value(from)?, value(to)?).map_err(|_| refuse())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in ["4-5", "2", "-2--1", "-1", "-1-1"] {
            assert_eq!(text.parse::<RatingBox>().unwrap().to_string(), text);
        }
        for text in ["", "-", "5-4", "4-", "a", "4-5-6", "300"] {
            assert!(text.parse::<RatingBox>().is_err(), "{text}");
        }
    }

    #[test]
    fn best_follows_the_direction() {
        let low = Scale::ONE_TO_FIVE.with_direction(Direction::LowIsGood);
        assert_eq!(RatingBox::best(2, Scale::ONE_TO_FIVE).unwrap().to_string(), "4-5");
        assert_eq!(RatingBox::best(2, low).unwrap().to_string(), "1-2");
        for points in [0, 5, 255] {
            assert!(RatingBox::best(points, low).is_err(), "{points}");
        }
        let edge = Scale::new(i8::MIN, i8::MIN + 10, Direction::LowIsGood).unwrap();
        assert_eq!(RatingBox::best(10, edge).unwrap().to(), i8::MIN + 9);
        assert!(RatingBox::new(1, 2).unwrap().mirrored(edge).is_err());
    }
}
