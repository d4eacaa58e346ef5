//! 1 / (1 + e^-x), the probability of log-odds: for one number, or for a column in vector instructions with the same bits.

use super::exponential;

/// The greatest double below 1.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;
/// Numbers at a time.
const PART: usize = 64;

/// The probability of log-odds, strictly inside (0, 1): beyond what a double can tell from 0 or 1 it is the nearest that it can.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let mut tail = [-x.abs()];
    exponential::of_falling(&mut tail);
    of_tail(x, tail[0])
}

/// Replaces each of a column of log-odds by its probability.
pub(crate) fn sigmoids(values: &mut [f64]) {
    let mut tails = [0.0; PART];
    for part in values.chunks_mut(PART) {
        tails.iter_mut().zip(&*part).for_each(|(tail, x)| *tail = -x.abs());
        exponential::of_falling(&mut tails);
        part.iter_mut().zip(&tails).for_each(|(value, tail)| *value = of_tail(*value, *tail));
    }
}

/// From e^-|x|, without cancellation on either side.
#[inline]
fn of_tail(x: f64, tail: f64) -> f64 {
    let numerator = if x < 0.0 { tail } else { 1.0 };
    (numerator / (1.0 + tail)).min(BELOW_ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_inside_of_0_and_1_and_symmetric() {
        for x in [0.0, 1e-9, 0.3, 5.0, 36.0, 40.0, 700.0, 1e9, f64::MAX] {
            let (up, down) = (sigmoid(x), sigmoid(-x));
            assert!(0.0 < down && down <= 0.5 && (0.5..1.0).contains(&up), "{x} {down} {up}");
            assert!((up + down - 1.0).abs() <= f64::EPSILON, "{x}");
            assert!((down - (-x).exp() / (1.0 + (-x).exp())).abs() <= 4.0 * f64::EPSILON * down.max(1e-290), "{x}");
        }
    }

    #[test]
    fn a_column_has_the_bits_of_each() {
        let column: Vec<f64> = (0..1000).map(|at| 0.07 * (f64::from(at) - 500.0)).collect();
        let mut found = column.clone();
        sigmoids(&mut found);
        assert!(found.iter().zip(&column).all(|(probability, x)| *probability == sigmoid(*x)));
    }

    #[test]
    fn never_falls() {
        let steps = (-40_000..40_000).map(|step| sigmoid(f64::from(step) * 1e-3));
        assert!(steps.is_sorted());
    }
}
