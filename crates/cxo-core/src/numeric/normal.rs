//! The standard normal distribution.

use statrs::distribution::{ContinuousCDF, Normal};

/// P(Z <= z).
pub(crate) fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// P(Z > z), accurate in the tail.
pub(crate) fn sf(z: f64) -> f64 {
    cdf(-z)
}

/// The z with P(Z <= z) = p, for p in (0, 1).
pub(crate) fn quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// 2 P(Z > |z|).
pub(crate) fn two_sided_p(z: f64) -> f64 {
    (2.0 * sf(z.abs())).min(1.0)
}
