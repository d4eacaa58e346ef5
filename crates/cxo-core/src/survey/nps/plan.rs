//! How many responses a survey needs for a margin of its NPS, or to see a difference.
//!
//! The state is [`NpsShares`], the shares that are expected; the questions are a margin, a difference at a power, and the
//! power of a given size. Called before a survey is sent.
//! Formula page: `docs/formulas/nps-plan.md`.

use crate::{Confidence, Error, Probability, numeric::normal};

/// Expected shares of promoters and detractors; the rest are passives.
///
/// All quantities of a plan are shares, not points: the score of these shares lies in -1 to 1, and a margin of 0.05 is
/// 5 points.
///
/// ```
/// use cxo_core::{Confidence, Probability, survey::NpsShares};
///
/// let expected = NpsShares::of_promoters(0.42)?.and_detractors(0.27)?;
/// assert_eq!(expected.responses_for_margin(0.05, Confidence::P90)?.responses, 723);
///
/// let better = expected.shifted(0.05)?;
/// let size = expected.responses_for_difference(better, Probability::new(0.8)?, Confidence::P95)?;
/// assert_eq!(size.responses, 4137);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/nps-plan.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawShares"))]
pub struct NpsShares {
    promoters: f64,
    detractors: f64,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawShares {
    promoters: f64,
    detractors: f64,
}

#[cfg(feature = "serde")]
impl TryFrom<RawShares> for NpsShares {
    type Error = Error;
    fn try_from(raw: RawShares) -> Result<Self, Error> {
        Self::of_promoters(raw.promoters)?.and_detractors(raw.detractors)
    }
}

/// A number of responses that a plan asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NpsSampleSize {
    /// Whole responses, rounded up; per group where two are compared.
    pub responses: u64,
    /// Before rounding.
    pub exact: f64,
}

/// How likely a two-sided test sees a difference that is there.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NpsPower {
    /// Probability to find it in its true direction.
    pub true_direction: f64,
    /// Probability to find a difference in either direction.
    pub either_direction: f64,
}

impl NpsShares {
    /// A share of promoters; until detractors are added, all others are passives.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a share outside 0 to 1.
    pub fn of_promoters(promoters: f64) -> Result<Self, Error> {
        Ok(Self { promoters: share("share of promoters", promoters)?, detractors: 0.0 })
    }

    /// The same promoters with a share of detractors.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a share outside 0 to 1, or if both together exceed 1.
    pub fn and_detractors(self, detractors: f64) -> Result<Self, Error> {
        let detractors = share("share of detractors", detractors)?;
        // Decimal shares such as 0.7 and 0.3 may add up to a bit more than 1.
        if self.promoters + detractors > 1.0 + f64::EPSILON {
            let allowed = format!("at most {} beside {} promoters", 1.0 - self.promoters, self.promoters);
            return Err(Error::input("share of detractors", detractors, allowed));
        }
        Ok(Self { detractors, ..self })
    }

    /// Share of promoters.
    #[must_use]
    pub const fn promoters(self) -> f64 {
        self.promoters
    }

    /// Share of detractors.
    #[must_use]
    pub const fn detractors(self) -> f64 {
        self.detractors
    }

    /// promoters - detractors, in -1 to 1: the score as a share.
    #[must_use]
    pub fn score(self) -> f64 {
        self.promoters - self.detractors
    }

    /// p + d - (p - d)²: the variance of one response.
    #[must_use]
    pub fn variance(self) -> f64 {
        let engaged = (self.promoters + self.detractors).min(1.0);
        engaged * (1.0 - engaged) + 4.0 * self.promoters * self.detractors
    }

    /// The shares whose score is higher by `difference` (lower if it is negative), half of it from each end: promoters
    /// plus half, detractors minus half.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the shares do not allow that difference.
    pub fn shifted(self, difference: f64) -> Result<Self, Error> {
        let promoters = self.promoters + difference / 2.0;
        // The end that would fall below zero by rounding alone is zero.
        let detractors = self.detractors - difference / 2.0;
        let snap = |share: f64| if share.abs() <= f64::EPSILON { 0.0 } else { share };
        Self::of_promoters(snap(promoters)).and_then(|shares| shares.and_detractors(snap(detractors))).map_err(|_| {
            let (least, greatest) =
                (-2.0 * self.promoters.min(1.0 - self.detractors), 2.0 * self.detractors.min(1.0 - self.promoters));
            Error::input("difference", difference, format!("{least} to {greatest}, half of it from each end"))
        })
    }

    /// The number of responses at which the plain interval reaches `margin` to either side: n = z² v / margin².
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless 0 < margin <= 1,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if everybody is expected to answer alike,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number does not fit.
    pub fn responses_for_margin(self, margin: f64, confidence: Confidence) -> Result<NpsSampleSize, Error> {
        if !(margin > 0.0 && margin <= 1.0) {
            return Err(Error::input("margin", margin, "more than 0, at most 1 (a share: 0.05 is 5 points)"));
        }
        let ratio = z(confidence) / margin;
        NpsSampleSize::new(ratio * ratio * self.variance())
    }

    /// The number of responses in each of two groups at which a two-sided test at the level finds the difference between
    /// the two with the given power: n = (z(1 - α/2) + z(power))² (v₁ + v₂) / (difference)².
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the two scores are equal or the power is not between α/2 and 1,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if neither group has any variance,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number does not fit.
    pub fn responses_for_difference(
        self,
        other: Self,
        power: Probability,
        confidence: Confidence,
    ) -> Result<NpsSampleSize, Error> {
        let difference = self.difference(other)?;
        let least = confidence.alpha() / 2.0;
        if !(power.get() > least && power.get() < 1.0) {
            return Err(Error::input("power", power.get(), format!("more than {least}, less than 1")));
        }
        let ratio = (z(confidence) + normal::quantile(power.get())) / difference;
        NpsSampleSize::new(ratio * ratio * (self.variance() + other.variance()))
    }

    /// The power of a two-sided test at the level with `responses` in each group.
    ///
    /// ```
    /// use cxo_core::{Confidence, survey::NpsShares};
    /// let expected = NpsShares::of_promoters(0.42)?.and_detractors(0.27)?;
    /// let power = expected.power(expected.shifted(0.05)?, 4137, Confidence::P95)?;
    /// assert!((power.true_direction - 0.80006).abs() < 1e-5);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the two scores are equal,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no responses,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if neither group has any variance.
    pub fn power(self, other: Self, responses: u64, confidence: Confidence) -> Result<NpsPower, Error> {
        let difference = self.difference(other)?.abs();
        if responses == 0 {
            return Err(Error::no_data("power of no responses"));
        }
        let variance = self.variance() + other.variance();
        if variance <= 0.0 {
            return Err(no_variance());
        }
        let shift = difference * (responses as f64 / variance).sqrt();
        let true_direction = normal::sf(z(confidence) - shift);
        let wrong_direction = normal::sf(z(confidence) + shift);
        Ok(NpsPower { true_direction, either_direction: (true_direction + wrong_direction).min(1.0) })
    }

    fn difference(self, other: Self) -> Result<f64, Error> {
        let difference = other.score() - self.score();
        if difference == 0.0 {
            return Err(Error::input("difference", 0, "two scores that differ"));
        }
        Ok(difference)
    }
}

impl NpsSampleSize {
    fn new(exact: f64) -> Result<Self, Error> {
        if exact <= 0.0 {
            return Err(no_variance());
        }
        // Beyond 2^53 a count is no longer exact as a float.
        if exact > 9_007_199_254_740_992.0 {
            return Err(Error::overflow("number of responses"));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below 2^53")]
        Ok(Self { responses: exact.ceil() as u64, exact })
    }
}

fn share(what: &str, value: f64) -> Result<f64, Error> {
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(Error::input(what, value, "0 to 1")) }
}

fn z(confidence: Confidence) -> f64 {
    -normal::quantile(confidence.alpha() / 2.0)
}

fn no_variance() -> Error {
    Error::degenerate("everybody is expected to answer alike")
}
