//! The chi-square distribution with real degrees of freedom: twice a gamma variable.

use super::gamma::Gamma;

/// P(X > x).
pub(crate) fn sf(x: f64, degrees: f64) -> f64 {
    Gamma { shape: 0.5 * degrees }.sf(0.5 * x)
}

/// The x with P(X <= x) = p, for p in [0, 1).
pub(crate) fn quantile(p: f64, degrees: f64) -> f64 {
    2.0 * Gamma { shape: 0.5 * degrees }.quantile(p)
}
