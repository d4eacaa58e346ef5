//! Root search on an interval.

use crate::Error;

/// A zero of `f` between two points at which its signs differ, to the last bits of the argument: inverse interpolation
/// safeguarded by bisection (Brent 1973, chapter 4).
///
/// # Errors
/// Not converged where the signs at the ends are equal or `f` is not a number.
pub(crate) fn brent(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Result<f64, Error> {
    const ITERATIONS: u64 = 500;
    // b is the best point so far, a the one before it, and the root lies between b and c.
    let (mut a, mut b) = (low, high);
    let (mut at_a, mut at_b) = (f(a), f(b));
    if at_a == 0.0 {
        return Ok(a);
    }
    if at_b != 0.0 && (at_a > 0.0) == (at_b > 0.0) || at_a.is_nan() || at_b.is_nan() {
        return Err(Error::not_converged(format!("no change of sign between {low} and {high}"), 0));
    }
    let (mut c, mut at_c) = (a, at_a);
    let (mut step, mut step_before) = (b - a, b - a);
    for _ in 0..ITERATIONS {
        if at_c.abs() < at_b.abs() {
            (a, b, c) = (b, c, b);
            (at_a, at_b, at_c) = (at_b, at_c, at_b);
        }
        let tolerance = f64::EPSILON * b.abs() + f64::MIN_POSITIVE;
        let middle = 0.5 * (c - b);
        if middle.abs() <= tolerance || at_b == 0.0 {
            return Ok(b);
        }
        let interpolated = interpolation([a, b, c], [at_a, at_b, at_c]);
        let accepted = step_before.abs() >= tolerance
            && at_a.abs() > at_b.abs()
            && interpolated * middle >= 0.0
            && interpolated.abs() < (1.5 * middle.abs() - 0.5 * tolerance).min(0.5 * step_before.abs());
        (step_before, step) = if accepted { (step, interpolated) } else { (middle, middle) };
        (a, at_a) = (b, at_b);
        b += if step.abs() > tolerance { step } else { tolerance.copysign(middle) };
        at_b = f(b);
        if at_b.is_nan() {
            break;
        }
        if (at_b > 0.0) == (at_c > 0.0) {
            (c, at_c) = (a, at_a);
            (step, step_before) = (b - a, b - a);
        }
    }
    Err(Error::not_converged("root search", ITERATIONS))
}

/// The step from b to the zero of the inverse quadratic through three points, or of the line through two.
fn interpolation([a, b, c]: [f64; 3], [at_a, at_b, at_c]: [f64; 3]) -> f64 {
    let s = at_b / at_a;
    if a == c {
        return (c - b) * s / (s - 1.0);
    }
    let (q, r) = (at_a / at_c, at_b / at_c);
    s * ((c - b) * q * (q - r) - (b - a) * (r - 1.0)) / -((q - 1.0) * (r - 1.0) * (s - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn finds_zeros_to_the_last_bits() {
        let within = |root: f64, truth: f64| assert!((root - truth).abs() <= 4e-16 * truth.abs(), "{root} {truth}");
        within(brent(|x| x * x - 2.0, 0.0, 2.0).unwrap(), std::f64::consts::SQRT_2);
        within(brent(|x| 2.0 - x * x, 2.0, 0.0).unwrap(), std::f64::consts::SQRT_2);
        within(brent(|x| x.powi(9), -1.0, 2.0).unwrap().abs() + 1.0, 1.0);
        within(brent(|x| (x - 1e-9).tanh(), -1.0, 1e6).unwrap(), 1e-9);
        within(brent(|x| if x < 0.3 { -1.0 } else { 1.0 }, 0.0, 1.0).unwrap(), 0.3);
        within(brent(|x| x - 1.0, 1.0, 5.0).unwrap(), 1.0);
        within(brent(|x| x - 5.0, 1.0, 5.0).unwrap(), 5.0);
    }

    #[test]
    fn equal_signs_and_nan_are_typed() {
        for f in [|x: f64| x * x + 1.0, |_| f64::NAN, |x| if x == 0.0 || x == 1.0 { x - 0.5 } else { f64::NAN }] {
            assert_eq!(brent(f, 0.0, 1.0).unwrap_err().kind(), ErrorKind::NotConverged);
        }
    }

    #[test]
    fn takes_few_evaluations() {
        let count = std::cell::Cell::new(0);
        brent(
            |x| {
                count.set(count.get() + 1);
                x.cos() - x
            },
            0.0,
            1.0,
        )
        .unwrap();
        assert!(count.get() <= 12, "{}", count.get());
    }
}
