//! The exponential of many numbers at once: without a branch, a table or a call, so that the loop becomes vector instructions.

/// Below this e^x is no normal number; it is taken as e^LEAST there.
const LEAST: f64 = -708.0;
/// 3 × 2^51: adding it rounds to an integer, whose two's complement stands in the low bits of the sum.
const ROUND: f64 = 6755399441055744.0;
/// ln 2 in two parts, the first of 32 bits, so that its products with |k| < 2^11 are exact (Cody and Waite 1980).
const LN_2_HIGH: f64 = 0.693147180369123816490;
const LN_2_LOW: f64 = 1.90821492927058770002e-10;

/// Replaces each x in [-∞, 0] by e^x, within 1.5 units of the last place; below -708 by e^-708, about 3e-308.
///
/// e^x = 2^k e^r with r in ± ln 2 / 2 and e^r as Taylor's polynomial of degree 13, whose rest is below 5e-18.
pub(crate) fn of_falling(values: &mut [f64]) {
    for value in values {
        let x = value.max(LEAST);
        let shifted = x * std::f64::consts::LOG2_E + ROUND;
        let k = shifted - ROUND;
        let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
        // Pairs of pairs (Estrin 1960): a single number does not wait for one product after the other.
        let (r2, r4) = (r * r, (r * r) * (r * r));
        let low = (1.0 / 2.0 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
        let middle = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0));
        let high = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0));
        let tail = r2 * (low + r4 * (middle + r4 * high));
        let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
        *value = (1.0 + (r + tail)) * power;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_within_the_last_places() {
        let mut worst: f64 = 0.0;
        let given: Vec<f64> = (0..2_000_000).map(|at| -708.0 * (f64::from(at) / 2e6).powi(3)).collect();
        let mut found = given.clone();
        of_falling(&mut found);
        for (x, value) in given.iter().zip(&found) {
            let truth = libm::exp(*x);
            worst = worst.max((value - truth).abs() / (truth * f64::EPSILON));
        }
        assert!(worst < 1.5, "{worst}");
    }

    #[test]
    fn ends_where_the_range_ends() {
        let mut values = [0.0, -0.0, -1e-300, -707.99, -708.0, -745.0, -1e300, f64::NEG_INFINITY];
        of_falling(&mut values);
        assert_eq!(values[..3], [1.0; 3]);
        assert!(values[3..].iter().all(|value| *value > 0.0 && *value < 1e-307), "{values:?}");
    }
}
