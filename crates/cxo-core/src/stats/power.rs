//! How many observations a comparison needs, and how likely it is to find what is there.
//!
//! The state is the [`Plan`] of a two-sided test; its questions are the number of observations for two shares or two
//! means, and the power at a given number. Planning of surveys and experiments asks it. Formula page: `docs/formulas/power.md`.

use crate::{
    Error, Probability,
    numeric::{noncentral_t, normal, root, student_t},
};

/// A two-sided comparison to be planned: its level, its power and how the observations are split.
///
/// ```
/// use cxo_core::{Probability, stats::power::{Plan, SharesMethod, TwoRates}};
///
/// let rates = TwoRates { first: Probability::new(0.10)?, second: Probability::new(0.12)? };
/// let size = Plan::default().size_for_shares(rates, SharesMethod::Pooled)?;
/// assert_eq!(size.first(), 3841);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    alpha: f64,
    power: f64,
    ratio: f64,
}

impl Default for Plan {
    /// Level 0.05, power 0.8, groups of equal size.
    fn default() -> Self {
        Self { alpha: 0.05, power: 0.8, ratio: 1.0 }
    }
}

/// The two shares that a comparison should tell apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoRates {
    /// The share in the first group.
    pub first: Probability,
    /// The share in the second group.
    pub second: Probability,
}

/// How the number of observations for two shares is computed.
///
/// With d = p1 - p2, q = 1 - p, r = n2 / n1, p̄ = (p1 + r p2) / (1 + r), and `z_a` and `z_b` the normal quantiles of
/// 1 - alpha/2 and of the power, n1 is
///
/// | method | n1 |
/// |---|---|
/// | unpooled | `(z_a + z_b)² (p1 q1 + p2 q2 / r) / d²` |
/// | pooled | `(z_a sqrt((1 + 1/r) p̄ q̄) + z_b sqrt(p1 q1 + p2 q2 / r))² / d²` |
/// | arcsine | s² (1 + 1/r) / (2 asin √p1 - 2 asin √p2)², where `Φ(s - z_a) + Φ(-s - z_a)` is the power |
///
/// Reference: Fleiss, J. L. (1981). Statistical Methods for Rates and Proportions, section 3.2; Cohen, J. (1988).
/// Statistical Power Analysis for the Behavioral Sciences, chapter 6.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SharesMethod {
    /// The test estimates both variances.
    Unpooled,
    /// The test pools the variance (Fleiss), as the z test and chi-square do.
    #[default]
    Pooled,
    /// The variance-stabilising transformation (Cohen's h).
    Arcsine,
}

/// The number of observations that a plan needs: the real solution, and whole numbers that suffice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleSize {
    exact: f64,
    ratio: f64,
}

impl SampleSize {
    /// The real number of observations in the first group that solves the equation.
    #[must_use]
    pub const fn exact(self) -> f64 {
        self.exact
    }

    /// The least whole number of observations in the first group.
    #[must_use]
    pub fn first(self) -> u64 {
        whole(self.exact)
    }

    /// The least whole number of observations in the second group.
    #[must_use]
    pub fn second(self) -> u64 {
        whole(self.exact * self.ratio)
    }
}

/// Rounded up; a solution that is a whole number but for rounding stays.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates beyond 2^64")]
fn whole(n: f64) -> u64 {
    (n * (1.0 - 1e-12)).ceil() as u64
}

impl Plan {
    /// The two-sided level of the test, in (0, 1).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) outside (0, 1).
    pub fn alpha(self, alpha: f64) -> Result<Self, Error> {
        if alpha > 0.0 && alpha < 1.0 {
            Ok(Self { alpha, ..self })
        } else {
            Err(Error::input("alpha", alpha, "between 0 and 1"))
        }
    }

    /// The wanted probability of finding the difference, from alpha to below 1.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) outside (0, 1).
    pub fn power(self, power: f64) -> Result<Self, Error> {
        if power > 0.0 && power < 1.0 {
            Ok(Self { power, ..self })
        } else {
            Err(Error::input("power", power, "between 0 and 1"))
        }
    }

    /// The size of the second group over that of the first; used for shares.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless positive and finite.
    pub fn ratio(self, ratio: f64) -> Result<Self, Error> {
        if ratio > 0.0 && ratio.is_finite() {
            Ok(Self { ratio, ..self })
        } else {
            Err(Error::input("ratio", ratio, "above 0"))
        }
    }

    /// z of the level and z of the power.
    fn quantiles(self) -> Result<(f64, f64), Error> {
        if self.power <= self.alpha {
            return Err(Error::input("power", self.power, format!("above alpha, {}", self.alpha)));
        }
        Ok((-normal::quantile(self.alpha / 2.0), normal::quantile(self.power)))
    }

    /// The observations needed to tell two shares apart; [`SharesMethod`] has the formulas.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) for equal shares, [`ErrorKind::Input`](crate::ErrorKind::Input)
    /// for a power that is not above alpha.
    pub fn size_for_shares(self, rates: TwoRates, method: SharesMethod) -> Result<SampleSize, Error> {
        let (z_level, z_power) = self.quantiles()?;
        let (p1, p2, ratio) = (rates.first.get(), rates.second.get(), self.ratio);
        if p1 == p2 {
            return Err(Error::degenerate(format!("two shares of {p1} cannot be told apart")));
        }
        let apart = p1 * (1.0 - p1) + p2 * (1.0 - p2) / ratio;
        let mean = (p1 + ratio * p2) / (1.0 + ratio);
        let root = match method {
            SharesMethod::Unpooled => (z_level + z_power) * apart.sqrt() / (p1 - p2),
            SharesMethod::Pooled => {
                (z_level * ((1.0 + 1.0 / ratio) * mean * (1.0 - mean)).sqrt() + z_power * apart.sqrt()) / (p1 - p2)
            }
            SharesMethod::Arcsine => {
                // The normal power of both tails at `shift` standard errors.
                let missing = |shift: f64| normal::cdf(shift - z_level) + normal::sf(shift + z_level) - self.power;
                let shift = root::brent(missing, 0.0, z_level + z_power.abs() + 1.0)?;
                shift * (1.0 + 1.0 / ratio).sqrt() / (2.0 * (p1.sqrt().asin() - p2.sqrt().asin()))
            }
        };
        Ok(SampleSize { exact: root * root, ratio })
    }

    /// The observations per group that the two-sample t test needs for a difference of `effect` standard deviations.
    ///
    /// Solves [`Plan::power_of_t_test`] = power for real n, groups of equal size whatever the ratio.
    ///
    /// ```
    /// use cxo_core::stats::power::Plan;
    /// assert_eq!(Plan::default().size_for_means(0.2)?.first(), 394);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) for an effect of 0 or not finite,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a power that is not above alpha,
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) if two observations a group are more than enough.
    pub fn size_for_means(self, effect: f64) -> Result<SampleSize, Error> {
        let (z_level, z_power) = self.quantiles()?;
        if effect == 0.0 || !effect.is_finite() {
            return Err(Error::degenerate(format!("an effect of {effect} standard deviations")));
        }
        let normal_size = 2.0 * ((z_level + z_power) / effect).powi(2);
        let missing = |n: f64| self.power_of_t(effect.abs(), n) - self.power;
        let n = root::brent(missing, (0.5 * normal_size).max(1.000_001), 2.0 * normal_size + 100.0)?;
        Ok(SampleSize { exact: n, ratio: 1.0 })
    }

    /// The probability that a two-sample t test with `n` observations a group finds a difference of `effect` standard
    /// deviations: both tails of the noncentral t distribution with 2n - 2 degrees and noncentrality effect × sqrt(n / 2).
    ///
    /// ```
    /// use cxo_core::stats::power::Plan;
    /// let power = Plan::default().power_of_t_test(0.3, 50)?;
    /// assert_eq!(format!("{:.6}", power.get()), "0.317802");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for fewer than 2 observations or an effect that is not finite.
    pub fn power_of_t_test(self, effect: f64, n: u64) -> Result<Probability, Error> {
        if n < 2 {
            return Err(Error::input("observations per group", n, "2 or more"));
        }
        if !effect.is_finite() {
            return Err(Error::input("effect", effect, "a finite number"));
        }
        Probability::new(self.power_of_t(effect.abs(), n as f64).min(1.0))
    }

    fn power_of_t(self, effect: f64, n: f64) -> f64 {
        let degrees = 2.0 * n - 2.0;
        let shift = effect * (0.5 * n).sqrt();
        let critical = -student_t::quantile(self.alpha / 2.0, degrees);
        // T below -critical is -T above critical, with the opposite shift.
        noncentral_t::sf(critical, degrees, shift) + noncentral_t::sf(critical, degrees, -shift)
    }
}
