//! The standard normal distribution. The quantile is that of statrs, which agrees with 50-digit values to 3e-16.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use statrs::distribution::{ContinuousCDF, Normal};

/// 1 / √2 less its nearest double.
const FRAC_1_SQRT_2_REST: f64 = -4.833646656726457e-17;

/// P(Z <= z).
pub(crate) fn cdf(z: f64) -> f64 {
    if z.is_infinite() {
        return if z > 0.0 { 1.0 } else { 0.0 };
    }
    // erfc multiplies a relative error of its argument by twice the square: the rounding of z / √2 is put back to first order.
    let argument = -z * FRAC_1_SQRT_2;
    let rest = (-z).mul_add(FRAC_1_SQRT_2, -argument) - z * FRAC_1_SQRT_2_REST;
    0.5 * (libm::erfc(argument) - FRAC_2_SQRT_PI * (-argument * argument).exp() * rest)
}

/// P(Z > z), accurate in the tail.
pub(crate) fn sf(z: f64) -> f64 {
    cdf(-z)
}

/// From here on the tail is a continued fraction.
const TAIL_FROM: f64 = 5.0;
/// ln √(2 π).
const LN_SQRT_2PI: f64 = 0.918938533204672741780329736406;

/// The hazard φ(z) / P(Z > z): for great z by Laplace's continued fraction z + 1 / (z + 2 / (z + …)).
pub(crate) fn hazard(z: f64) -> f64 {
    if z < TAIL_FROM { (-0.5 * z * z - LN_SQRT_2PI).exp() / sf(z) } else { super::continued_fraction(z, |n| (n, z)) }
}

/// ln P(Z > z), for every z.
pub(crate) fn ln_sf(z: f64) -> f64 {
    if z < 0.0 {
        (-cdf(z)).ln_1p()
    } else if z < TAIL_FROM {
        sf(z).ln()
    } else {
        -0.5 * z * z - LN_SQRT_2PI - hazard(z).ln()
    }
}

/// The z with P(Z <= z) = p, for p in (0, 1).
pub(crate) fn quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// 2 P(Z > |z|).
pub(crate) fn two_sided_p(z: f64) -> f64 {
    (2.0 * sf(z.abs())).min(1.0)
}
