//! Student's t distribution with real degrees of freedom, by the beta distribution of ν / (ν + t²).

use super::{
    beta::{Beta, Point},
    normal,
};

/// From here on t and normal agree to the last bit for every t whose tail probability is a number.
const NORMAL_FROM: f64 = 1e20;

/// P(T > t).
pub(crate) fn sf(t: f64, degrees: f64) -> f64 {
    let tail = 0.5 * two_sided_p(t, degrees);
    if t < 0.0 { 1.0 - tail } else { tail }
}

/// P(T <= t).
#[cfg_attr(not(test), expect(dead_code, reason = "one-sided tests are to come"))]
pub(crate) fn cdf(t: f64, degrees: f64) -> f64 {
    sf(-t, degrees)
}

/// The t with P(T <= t) = p, for p in (0, 1).
pub(crate) fn quantile(p: f64, degrees: f64) -> f64 {
    if degrees >= NORMAL_FROM {
        return normal::quantile(p);
    }
    let tail = p.min(1.0 - p);
    // 1 - 2p is exact where it is small.
    let beta = Beta { a: 0.5 * degrees, b: 0.5 };
    let t = degrees.sqrt() * (-0.5 * beta.log_odds(2.0 * tail)).exp();
    if p < 0.5 { -t } else { t }
}

/// 2 P(T > |t|).
pub(crate) fn two_sided_p(t: f64, degrees: f64) -> f64 {
    if degrees >= NORMAL_FROM {
        return normal::two_sided_p(t);
    }
    let ratio = t / degrees.sqrt();
    let (x, complement) = if ratio.abs() < 1.0 {
        let square = ratio * ratio;
        (1.0 / (1.0 + square), square / (1.0 + square))
    } else {
        let square = 1.0 / ratio / ratio;
        (square / (1.0 + square), 1.0 / (1.0 + square))
    };
    Beta { a: 0.5 * degrees, b: 0.5 }.cdf_at(Point { x, complement })
}
