//! The noncentral t distribution, on which the power of t tests stands.

use std::f64::consts::PI;

use super::{gamma::stirling_error, normal};

/// P(T > t) for T = (Z + shift) / S, with Z normal and ν S² chi-square with ν = `degrees`.
///
/// The mean of P(Z > t S - shift) over ln S is summed by the trapezoidal rule, whose error falls with
/// exp(-2π² (width / step)²) for such smooth functions.
pub(crate) fn sf(t: f64, degrees: f64, shift: f64) -> f64 {
    let half = 0.5 * degrees;
    let step = (0.5 / (2.0 * degrees + 4.0 * t * t).sqrt()).min(0.08);
    // The log-density of θ = ln S, less its greatest value.
    let log_density = |theta: f64| -half * ((2.0 * theta).exp_m1() - 2.0 * theta);
    let term = |theta: f64| log_density(theta).exp() * normal::sf(t * theta.exp() - shift);
    let side = |direction: f64| {
        (1..u32::MAX)
            .map(|k| direction * step * f64::from(k))
            .take_while(|&theta| log_density(theta) > -45.0)
            .map(term)
            .sum::<f64>()
    };
    let greatest = 2.0 * (half / (2.0 * PI)).sqrt() * (-stirling_error(half)).exp();
    (greatest * step * (term(0.0) + side(1.0) + side(-1.0))).clamp(0.0, 1.0)
}
