//! The distributions of the error: density and survival of z with their derivatives.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::numeric::normal;

/// How durations are distributed around what the covariates say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum AftDistribution {
    /// Weibull: S(z) = exp(-exp z). Hazards are proportional too; they rise with time for a scale below 1. The default.
    #[default]
    Weibull,
    /// Log-normal: S(z) = P(Z > z). The hazard rises and then falls.
    LogNormal,
    /// Log-logistic: S(z) = 1 / (1 + exp z). The odds of having left are proportional; heavier tails than the log-normal.
    LogLogistic,
}

/// A logarithm with its first two derivatives by z.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) value: f64,
    pub(super) slope: f64,
    pub(super) curvature: f64,
}

/// ln √(2 π).
const LN_SQRT_2PI: f64 = 0.918938533204672741780329736406;

impl AftDistribution {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Weibull, Self::LogNormal, Self::LogLogistic];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weibull => "weibull",
            Self::LogNormal => "log-normal",
            Self::LogLogistic => "log-logistic",
        }
    }

    /// ln f(z).
    pub(super) fn ln_density(self, z: f64) -> Term {
        match self {
            Self::Weibull => {
                let power = z.exp();
                Term { value: z - power, slope: 1.0 - power, curvature: -power }
            }
            Self::LogNormal => Term { value: -0.5 * z * z - LN_SQRT_2PI, slope: -z, curvature: -1.0 },
            Self::LogLogistic => {
                let (left, right) = logistic(z);
                Term { value: z - 2.0 * softplus(z), slope: right - left, curvature: -2.0 * left * right }
            }
        }
    }

    /// ln S(z).
    pub(super) fn ln_survival(self, z: f64) -> Term {
        match self {
            Self::Weibull => {
                let power = z.exp();
                Term { value: -power, slope: -power, curvature: -power }
            }
            Self::LogNormal => {
                let hazard = normal::hazard(z);
                Term { value: normal::ln_sf(z), slope: -hazard, curvature: -hazard * (hazard - z).max(0.0) }
            }
            Self::LogLogistic => {
                let (left, right) = logistic(z);
                Term { value: -softplus(z), slope: -left, curvature: -left * right }
            }
        }
    }

    /// The z by which this share, in (0, 1), has left.
    pub(super) fn quantile(self, share: f64) -> f64 {
        match self {
            Self::Weibull => (-(-share).ln_1p()).ln(),
            Self::LogNormal => normal::quantile(share),
            Self::LogLogistic => share.ln() - (-share).ln_1p(),
        }
    }
}

/// 1 / (1 + e^-z), and what is left to 1.
fn logistic(z: f64) -> (f64, f64) {
    let small = (-z.abs()).exp();
    let (less, more) = (small / (1.0 + small), 1.0 / (1.0 + small));
    if z < 0.0 { (less, more) } else { (more, less) }
}

/// ln (1 + e^z).
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

impl fmt::Display for AftDistribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AftDistribution {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|distribution| distribution.name() == text)
            .ok_or_else(|| Error::input("distribution", format!("\"{text}\""), "weibull, log-normal, log-logistic"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_values() {
        for distribution in AftDistribution::ALL {
            for z in [-40.0, -8.0, -1.3, 0.0, 0.7, 4.9, 5.1, 6.0] {
                for term in [AftDistribution::ln_density, AftDistribution::ln_survival] {
                    let (at, step) = (term(distribution, z), 1e-5);
                    let [below, above] = [-step, step].map(|by| term(distribution, z + by));
                    let close = |found: f64, by: f64| (found - by).abs() < 1e-6 * (1.0 + found.abs() + by.abs());
                    assert!(close(at.slope, (above.value - below.value) / (2.0 * step)), "{distribution} {z}");
                    assert!(close(at.curvature, (above.slope - below.slope) / (2.0 * step)), "{distribution} {z}");
                    assert!(at.curvature <= 0.0);
                }
            }
        }
    }

    #[test]
    fn density_is_hazard_times_survival() {
        for distribution in AftDistribution::ALL {
            for z in [-30.0, -2.0, 0.5, 3.0, 6.0, 30.0] {
                let (density, survival) = (distribution.ln_density(z), distribution.ln_survival(z));
                let hazard = (density.value - survival.value).exp();
                assert!((hazard + survival.slope).abs() <= 1e-11 * hazard, "{distribution} {z}");
            }
            for share in [1e-9, 0.25, 0.5, 0.999] {
                let left = -distribution.ln_survival(distribution.quantile(share)).value.exp_m1();
                assert!((left - share).abs() < 1e-12 * (1.0 + share), "{distribution} {share}");
            }
        }
    }

    #[test]
    fn names_read_back() {
        for distribution in AftDistribution::ALL {
            assert_eq!(distribution.to_string().parse(), Ok(distribution));
        }
        assert!("gamma".parse::<AftDistribution>().is_err());
    }
}
