//! How far the NPS of the population may lie from that of the sample: nine intervals under their published names.
//!
//! Their state is [`EffectiveCounts`], real-valued counts, so that weighted and clustered samples ask the same question;
//! the method is an [`NpsMethod`]. Called by [`Nps::estimate`](super::Nps::estimate) and by the weighted score.
//! Formula page: `docs/formulas/nps-interval.md`.

use std::{fmt, str::FromStr};

use super::{Nps, NpsResult, WeightedNps};
use crate::{
    Absent, Confidence, Error, Interval, Method,
    numeric::{normal, root, student_t},
};

/// How the interval of an NPS is computed.
///
/// With p, u and d the shares of promoters, passives and detractors, n responses, variance v = p + d - (p - d)², and z the
/// normal quantile of the level, the intervals of p - d are:
///
/// | name | definition |
/// |---|---|
/// | `wald` | p - d ± z sqrt(v / n); no width for all-alike samples |
/// | `adjusted-wald` | Wald after adding 3/4, 3/2, 3/4 to promoters, passives, detractors (Rocks 2016) |
/// | `laplace` | Wald after adding 1, 1, 1 |
/// | `z2-adjusted` | Wald after adding z²/4, z²/2, z²/4 |
/// | `trinomial-t` | p - d ± t sqrt(v / (n - 1)), Student's t with n - 1 degrees of freedom |
/// | `goodman` | p - d ± sqrt(c v / n), c the chi-square quantile with 2 degrees of freedom (Goodman 1964): simultaneous for all contrasts, over-covers a single score |
/// | `score` | the δ with n (p - d - δ)² <= z² v(δ), v(δ) the variance at the likeliest shares with p - d = δ (after Tango 1998) |
/// | `mover-wilson` | the Wilson intervals of p and d combined by recovered variances, correlation included (Zou and Donner 2008) |
/// | `bootstrap-percentile` | quantiles of the exact bootstrap distribution of the score; no resampling noise |
///
/// ```
/// use cxo_core::survey::NpsMethod;
/// assert_eq!("mover-wilson".parse::<NpsMethod>()?, NpsMethod::MoverWilson);
/// assert_eq!(NpsMethod::Auto.resolve(5), NpsMethod::Score);
/// assert_eq!(NpsMethod::Auto.resolve(6), NpsMethod::AdjustedWald);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Exact coverage of each at 5 to 50 responses is computed by a test of the library; adjusted Wald is the narrowest that
/// keeps its level on average, score the one with the greatest minimum. Formula page: `docs/formulas/nps-interval.md`.
///
/// References: Rocks (2016), The American Statistician 70(4), 365-372, 10.1080/00031305.2016.1226258; Tango (1998),
/// Statistics in Medicine 17, 891-908; Goodman (1964), Annals of Mathematical Statistics 35(2), 716-725; Zou and Donner
/// (2008), Statistics in Medicine 27, 1693-1702.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum NpsMethod {
    /// Score for up to 5 responses, adjusted Wald beyond.
    #[default]
    Auto,
    /// 3/4, 3/2 and 3/4 added to promoters, passives and detractors.
    AdjustedWald,
    /// The plain normal interval.
    Wald,
    /// One added to each count.
    Laplace,
    /// z²/4, z²/2 and z²/4 added to promoters, passives and detractors.
    #[cfg_attr(feature = "serde", serde(rename = "z2-adjusted"))]
    Z2Adjusted,
    /// Student's t interval of the values -1, 0, 1.
    TrinomialT,
    /// Simultaneous for all contrasts; over-covers a single score.
    Goodman,
    /// Inverted score test.
    Score,
    /// Two Wilson intervals combined.
    MoverWilson,
    /// Percentiles of the exact bootstrap distribution.
    BootstrapPercentile,
}

impl NpsMethod {
    /// Every choice, the default first.
    pub const ALL: [Self; 10] = [
        Self::Auto,
        Self::AdjustedWald,
        Self::Wald,
        Self::Laplace,
        Self::Z2Adjusted,
        Self::TrinomialT,
        Self::Goodman,
        Self::Score,
        Self::MoverWilson,
        Self::BootstrapPercentile,
    ];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.method() {
            Some(method) => method.name(),
            None => "auto",
        }
    }

    /// The method that this choice stands for with `n` responses. In one table the smallest shown n decides for all rows,
    /// so that their intervals compare.
    #[must_use]
    pub const fn resolve(self, n: u64) -> Self {
        match self {
            Self::Auto if n <= 5 => Self::Score,
            Self::Auto => Self::AdjustedWald,
            chosen => chosen,
        }
    }

    const fn method(self) -> Option<Method> {
        Some(match self {
            Self::Auto => return None,
            Self::AdjustedWald => Method::AdjustedWald,
            Self::Wald => Method::Wald,
            Self::Laplace => Method::Laplace,
            Self::Z2Adjusted => Method::Z2Adjusted,
            Self::TrinomialT => Method::TrinomialT,
            Self::Goodman => Method::Goodman,
            Self::Score => Method::Score,
            Self::MoverWilson => Method::MoverWilson,
            Self::BootstrapPercentile => Method::BootstrapPercentile,
        })
    }
}

impl fmt::Display for NpsMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NpsMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == text)
            .ok_or_else(|| Error::input("interval method", format!("\"{text}\""), Self::ALL.map(Self::name).join(", ")))
    }
}

/// Promoters, passives and detractors as real numbers: counts, or shares times an effective number of responses.
/// Finite, not negative, and not all zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EffectiveCounts {
    pub(crate) promoters: f64,
    pub(crate) passives: f64,
    pub(crate) detractors: f64,
}

impl From<Nps> for EffectiveCounts {
    fn from(nps: Nps) -> Self {
        Self { promoters: nps.promoters as f64, passives: nps.passives as f64, detractors: nps.detractors as f64 }
    }
}

impl EffectiveCounts {
    /// Their sum.
    pub(crate) fn n(self) -> f64 {
        self.promoters + self.passives + self.detractors
    }

    /// The weighted shares of an answer times n* = variance / standard error², the number of independent responses that
    /// would tell as much; the effective n of the weights where all answers are alike.
    pub(crate) fn of_result(result: &NpsResult) -> Self {
        let NpsResult { promoters, passives, detractors, weighted, score, .. } = *result;
        let rows =
            WeightedNps { promoters: promoters as f64, passives: passives as f64, detractors: detractors as f64 };
        let WeightedNps { promoters, passives, detractors } = weighted.unwrap_or(rows);
        let counts = Self { promoters, passives, detractors };
        let squared = score.standard_error.map_or(0.0, |error| (error / 100.0).powi(2));
        // A standard error of nothing but rounding would tell of more responses than can be counted.
        let known = squared * u64::MAX as f64 > counts.variance();
        counts.scaled_to(if known { counts.variance() / squared } else { score.effective_n })
    }

    /// The same shares of another sum.
    pub(crate) fn scaled_to(self, n: f64) -> Self {
        let each = n / self.n();
        Self { promoters: self.promoters * each, passives: self.passives * each, detractors: self.detractors * each }
    }

    /// p - d, in -1 to 1.
    pub(crate) fn score(self) -> f64 {
        (self.promoters - self.detractors) / self.n()
    }

    /// p + d - (p - d)², rewritten as u (1 - u) + 4 p d, which does not cancel near all-alike samples.
    pub(crate) fn variance(self) -> f64 {
        let n = self.n();
        let engaged = self.promoters + self.detractors;
        (self.passives * engaged + 4.0 * self.promoters * self.detractors) / (n * n)
    }

    /// Plug-in standard error of p - d.
    pub(crate) fn standard_error(self) -> f64 {
        (self.variance() / self.n()).sqrt()
    }

    /// With `ends` added to promoters and detractors, and twice as much to the passives.
    pub(crate) fn adjusted(self, ends: f64) -> Self {
        Self {
            promoters: self.promoters + ends,
            passives: self.passives + 2.0 * ends,
            detractors: self.detractors + ends,
        }
    }

    /// With promoters and detractors exchanged.
    fn mirrored(self) -> Self {
        Self { promoters: self.detractors, passives: self.passives, detractors: self.promoters }
    }

    /// The interval of the score in points, clipped to -100 and 100.
    ///
    /// # Errors
    /// [`Absent::OneObservation`] for [`NpsMethod::TrinomialT`] up to one response, [`Absent::NotDefined`] for
    /// [`NpsMethod::BootstrapPercentile`], which resamples whole responses.
    pub(crate) fn interval(self, method: NpsMethod, confidence: Confidence) -> Result<Interval, Absent> {
        let z = -normal::quantile(confidence.alpha() / 2.0);
        let method = match method {
            NpsMethod::Auto if self.n() <= 5.0 => NpsMethod::Score,
            NpsMethod::Auto => NpsMethod::AdjustedWald,
            chosen => chosen,
        };
        let around = |counts: Self, quantile: f64| {
            // Zero times an unbounded quantile is still no margin.
            let margin = if counts.variance() == 0.0 { 0.0 } else { quantile * counts.standard_error() };
            (counts.score() - margin, counts.score() + margin)
        };
        let (lower, upper) = match method {
            NpsMethod::Wald => around(self, z),
            NpsMethod::Auto | NpsMethod::AdjustedWald => around(self.adjusted(0.75), z),
            NpsMethod::Laplace => around(
                Self {
                    promoters: self.promoters + 1.0,
                    passives: self.passives + 1.0,
                    detractors: self.detractors + 1.0,
                },
                z,
            ),
            NpsMethod::Z2Adjusted => around(self.adjusted(z * z / 4.0), z),
            NpsMethod::TrinomialT => {
                let degrees = self.n() - 1.0;
                if degrees <= 0.0 {
                    return Err(Absent::OneObservation);
                }
                // Divisor n - 1 instead of n.
                around(self, -student_t::quantile(confidence.alpha() / 2.0, degrees) * (self.n() / degrees).sqrt())
            }
            // The chi-square distribution with 2 degrees of freedom is exponential with mean 2.
            NpsMethod::Goodman => around(self, (-2.0 * confidence.alpha().ln()).sqrt()),
            NpsMethod::Score => (self.score_lower(z)?, -self.mirrored().score_lower(z)?),
            NpsMethod::MoverWilson => (self.mover_lower(z), -self.mirrored().mover_lower(z)),
            NpsMethod::BootstrapPercentile => return Err(Absent::NotDefined),
        };
        points(lower, upper, confidence, method)
    }

    /// v(δ): the variance of one response at the likeliest shares with p - d = δ.
    ///
    /// For δ >= 0 the likeliest d is the positive root of 2 n d² - b d - y δ (1 - δ) = 0 with
    /// b = (x + y) (1 - δ) - 2 δ (n - x), x promoters and y detractors; then p = d + δ and v = 2 d + δ (1 - δ).
    fn constrained_variance(self, delta: f64) -> f64 {
        if delta < 0.0 {
            return self.mirrored().constrained_variance(-delta);
        }
        let n = self.n();
        let spread = delta * (1.0 - delta);
        let b = (self.promoters + self.detractors) * (1.0 - delta) - 2.0 * delta * (self.passives + self.detractors);
        let root = (b * b + 8.0 * n * self.detractors * spread).sqrt();
        // Of the two forms of the root, the one that adds.
        let d = if b >= 0.0 {
            (b + root) / (4.0 * n)
        } else if root > b {
            2.0 * self.detractors * spread / (root - b)
        } else {
            0.0
        };
        2.0 * d + spread
    }

    /// The least δ that the score test does not reject: n (p - d - δ)² = z² v(δ).
    fn score_lower(self, z: f64) -> Result<f64, Absent> {
        let (n, score) = (self.n(), self.score());
        if score <= -1.0 {
            return Ok(-1.0);
        }
        // The sign of the score statistic minus z, bounded, and falling from 1 at δ = -1 to -1 at the estimate also where
        // both sides vanish together (all-alike samples).
        let excess = |delta: f64| {
            if delta >= score {
                return -1.0;
            }
            let distance = n * (score - delta) * (score - delta);
            let allowed = z * z * self.constrained_variance(delta);
            (distance - allowed) / (distance + allowed)
        };
        root::brent(excess, -1.0, score).map_err(|_| Absent::NotDefined)
    }

    /// Lower bound of p - d from the Wilson intervals of p and d, with the multinomial correlation of the two.
    fn mover_lower(self, z: f64) -> f64 {
        let n = self.n();
        let (p, d) = (self.promoters / n, self.detractors / n);
        let (p_lower, d_upper) = (1.0 - wilson_upper(1.0 - p, n, z), wilson_upper(d, n, z));
        let odds = (self.promoters / (n - self.promoters)) * (self.detractors / (n - self.detractors));
        // Where one of the two is certain nothing correlates.
        let correlation = if odds.is_finite() { -odds.sqrt().min(1.0) } else { 0.0 };
        let (below, above) = (p - p_lower, d_upper - d);
        p - d - (below * below + above * above - 2.0 * correlation * below * above).max(0.0).sqrt()
    }
}

/// Upper bound of Wilson's (1927) interval of a share.
fn wilson_upper(share: f64, n: f64, z: f64) -> f64 {
    let z2 = z * z;
    (share * n + z2 / 2.0 + z * (n * share * (1.0 - share) + z2 / 4.0).sqrt()) / (n + z2)
}

/// Bounds on the scale -1 to 1 as an interval in points.
pub(super) fn points(lower: f64, upper: f64, confidence: Confidence, method: NpsMethod) -> Result<Interval, Absent> {
    let method = method.method().unwrap_or(Method::AdjustedWald);
    Interval::new(lower.clamp(-1.0, 1.0), upper.clamp(-1.0, 1.0), confidence, method)
        .map(|interval| interval.scaled(100.0))
        .map_err(|_| Absent::NotDefined)
}
