//! Student's t distribution with real degrees of freedom.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// P(T > t).
pub(crate) fn sf(t: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |distribution| distribution.sf(t))
}

/// The t with P(T <= t) = p, for p in (0, 1).
pub(crate) fn quantile(p: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::NAN, |distribution| distribution.inverse_cdf(p))
}

/// 2 P(T > |t|).
pub(crate) fn two_sided_p(t: f64, degrees: f64) -> f64 {
    (2.0 * sf(t.abs(), degrees)).min(1.0)
}
