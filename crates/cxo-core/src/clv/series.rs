//! What is the sum over all periods to come of a chance that dies away slowly? Positive series without closed form,
//! summed term by term while they fall and as an integral once they are flat. Stateless; called by the models of
//! discrete time.

use super::nodes::GAUSS_16;

/// Terms before an integral may take over.
const LEAST_TERMS: f64 = 256.0;
/// A term at least this share of the one before is flat.
const FLAT: f64 = 0.99;
/// ½, -1/12, 1/24, …: what Gregory's formula adds to an integral for each difference of the terms.
const GREGORY: [f64; 6] = [0.5, -1.0 / 12.0, 1.0 / 24.0, -19.0 / 720.0, 3.0 / 160.0, -863.0 / 60480.0];

/// How a function of j falls in the end: as e^(-rate j) / j^power.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fall {
    /// At least 0.
    pub(super) rate: f64,
    /// Above 1 if the rate is 0.
    pub(super) power: f64,
    /// Where a function without rate has become a power of j.
    pub(super) far: f64,
    /// The greatest width in ln j of a panel on which the function is smooth.
    pub(super) width: f64,
}

/// Σ over j = 0, 1, … of a positive function that is smooth beyond the first few hundred j: `at` gives it for real j,
/// and `next` its value at j + 1 from j and the value there.
pub(super) fn sum_to_infinity(fall: Fall, at: impl Fn(f64) -> f64, next: impl Fn(f64, f64) -> f64) -> f64 {
    let (mut j, mut term, mut sum) = (0.0, at(0.0), 0.0);
    loop {
        let following = next(j, term);
        if j >= LEAST_TERMS && following > FLAT * term {
            break;
        }
        sum += term;
        // Were the fall steady, no more than this would be left.
        if following <= 0.0 || following < term && following * term / (term - following) < 1e-18 * sum {
            return sum;
        }
        (j, term) = (j + 1.0, following);
    }
    let mut differences = [term; GREGORY.len()];
    for i in 1..differences.len() {
        differences[i] = next(j, differences[i - 1]);
        j += 1.0;
    }
    let from = j + 1.0 - differences.len() as f64;
    for (order, weight) in GREGORY.into_iter().enumerate() {
        sum += weight * differences[0];
        for i in 1..differences.len() - order {
            differences[i - 1] = differences[i] - differences[i - 1];
        }
    }
    sum + integral(fall, from, sum, at)
}

/// ∫ over (from, ∞), as far as it adds to `sum`.
fn integral(fall: Fall, mut from: f64, mut sum: f64, at: impl Fn(f64) -> f64) -> f64 {
    let mut whole = 0.0;
    loop {
        if fall.rate == 0.0 && from >= fall.far {
            return whole + from * at(from) / (fall.power - 1.0);
        }
        let width = fall.width.min((14.0 / (fall.rate * from)).ln_1p());
        let mut part = 0.0;
        for (along, weight) in GAUSS_16 {
            let x = from * (width * along).exp();
            part += width * weight * x * at(x);
        }
        whole += part;
        sum += part;
        from *= width.exp();
        if part <= 1e-18 * sum || from > 1e300 {
            return whole;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::beta::ln_beta_ratio;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance * expected, "{found:e} instead of {expected:e}");
    }

    #[test]
    fn geometric_series() {
        for rate in [3.0, 0.5, 0.011, 0.009, 1e-4, 1e-9, 1e-200] {
            let fall = Fall { rate, power: 0.0, far: f64::INFINITY, width: 2.0 };
            let ratio = f64::exp(-rate);
            let found = sum_to_infinity(fall, |x| (-rate * x).exp(), |_, term| term * ratio);
            close(found, -1.0 / (-rate).exp_m1(), 1e-13);
        }
    }

    /// Σ (b)_j / (a + b)_j = (a + b - 1) / (a - 1).
    #[test]
    fn power_series() {
        for a in [1.001, 1.5, 2.0, 7.5, 300.0] {
            for b in [1e-3, 0.7, 4.0, 1e3, 1e7] {
                let fall = Fall { rate: 0.0, power: a, far: 1e17 * (a + b), width: f64::min(2.0, 14.0 / a) };
                let at = |x: f64| ln_beta_ratio(a, b, x).exp();
                let found = sum_to_infinity(fall, at, |j, term| term * (b + j) / (a + b + j));
                close(found, (a + b - 1.0) / (a - 1.0), 1e-12);
            }
        }
    }

    /// Σ 1 / (j + 1)² = π² / 6.
    #[test]
    fn basel() {
        let fall = Fall { rate: 0.0, power: 2.0, far: 1e17, width: 2.0 };
        let at = |x: f64| (x + 1.0).powi(-2);
        close(sum_to_infinity(fall, at, |j, _| at(j + 1.0)), std::f64::consts::PI.powi(2) / 6.0, 1e-15);
    }
}
