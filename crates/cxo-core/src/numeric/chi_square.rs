//! The chi-square distribution with real degrees of freedom.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// P(X > x).
pub(crate) fn sf(x: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(f64::NAN, |distribution| distribution.sf(x))
}

/// The x with P(X <= x) = p, for p in [0, 1).
pub(crate) fn quantile(p: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(f64::NAN, |distribution| distribution.inverse_cdf(p))
}
