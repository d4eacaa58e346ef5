//! Do two numbers go together? Pearson's and Spearman's correlation of pairs, with interval and test. Stateless; called by the
//! checks of models.

use crate::numeric::sum::Sum;
use crate::numeric::{normal, student_t};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// A correlation with its test against 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Correlation {
    /// The correlation in [-1, 1], with an interval on Fisher's scale, artanh r.
    pub estimate: Estimate,
    /// Two-sided probability of a correlation at least as far from 0 if there is none: Student's t of
    /// r sqrt((n - 2) / (1 - r²)) with n - 2 degrees of freedom.
    pub p_value: Result<f64, Absent>,
}

/// Pearson's correlation of pairs (x, y), each standing for so many observations.
///
/// r = Σ (x - x̄)(y - ȳ) / sqrt(Σ (x - x̄)² Σ (y - ȳ)²), with the interval tanh(artanh r ± z / sqrt(n - 3)) (Fisher 1921).
/// Formula page: `docs/formulas/correlation.md`.
///
/// ```
/// use cxo_core::{Confidence, stats::correlation::pearson};
///
/// let pairs = [(1.0, 2.0, 1), (2.0, 1.0, 1), (3.0, 4.0, 1), (4.0, 3.0, 1), (5.0, 5.0, 1)];
/// let found = pearson(&pairs, Confidence::P95)?;
/// assert!((found.estimate.value - 0.8).abs() < 1e-12);
/// assert!((found.p_value? - 0.1041).abs() < 5e-5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The interval is absent below four observations and where r is 1 or -1, the p-value below three.
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a number that is not finite, [`ErrorKind::NoData`](crate::ErrorKind::NoData)
/// for fewer than two observations, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for more than a `u64` counts, and
/// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all x or all y are alike.
pub fn pearson(pairs: &[(f64, f64, u64)], confidence: Confidence) -> Result<Correlation, Error> {
    let (r, n) = coefficient(pairs)?;
    Ok(correlation(r, n, 1.0, confidence, Method::Pearson))
}

/// Spearman's rank correlation: Pearson's of the ranks, equal numbers sharing the mean of theirs.
///
/// Its interval has the standard error sqrt((1 + r²/2) / (n - 3)) on Fisher's scale (Bonett and Wright 2000).
/// Formula page: `docs/formulas/correlation.md`.
///
/// ```
/// use cxo_core::{Confidence, stats::correlation::spearman};
///
/// // A curve that only rises.
/// let pairs = [(1.0, 1.0, 1), (2.0, 10.0, 1), (3.0, 100.0, 1), (4.0, 1000.0, 1)];
/// assert_eq!(spearman(&pairs, Confidence::P95)?.estimate.value, 1.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// As for [`pearson`].
///
/// # Complexity
/// O(n log n).
pub fn spearman(pairs: &[(f64, f64, u64)], confidence: Confidence) -> Result<Correlation, Error> {
    let columns = [ranks(pairs, |pair| pair.0)?, ranks(pairs, |pair| pair.1)?];
    let [left, right] = columns;
    let ranked: Vec<_> = pairs.iter().zip(left).zip(right).map(|((pair, x), y)| (x, y, pair.2)).collect();
    let (r, n) = coefficient(&ranked)?;
    Ok(correlation(r, n, 1.0 + 0.5 * r * r, confidence, Method::Spearman))
}

/// Twice the mean rank of each, in the order of the pairs: whole numbers.
fn ranks(pairs: &[(f64, f64, u64)], of: impl Fn(&(f64, f64, u64)) -> f64) -> Result<Vec<f64>, Error> {
    let mut sorted: Vec<(f64, u64, usize)> =
        pairs.iter().enumerate().map(|(at, pair)| (of(pair) + 0.0, pair.2, at)).collect();
    if let Some((value, ..)) = sorted.iter().find(|(value, ..)| !value.is_finite()) {
        return Err(Error::input("number to correlate", value, "a finite number"));
    }
    sorted.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let mut ranks = vec![0.0; pairs.len()];
    let mut before = 0.0;
    for tied in sorted.chunk_by(|left, right| left.0 == right.0) {
        let count: f64 = tied.iter().map(|(_, count, _)| *count as f64).sum();
        for (.., at) in tied {
            if let Some(rank) = ranks.get_mut(*at) {
                *rank = 2.0 * before + count + 1.0;
            }
        }
        before += count;
    }
    Ok(ranks)
}

/// r and n.
fn coefficient(pairs: &[(f64, f64, u64)]) -> Result<(f64, u64), Error> {
    if let Some((x, y, _)) = pairs.iter().find(|(x, y, _)| !(x.is_finite() && y.is_finite())) {
        return Err(Error::input("pair to correlate", format!("({x}, {y})"), "two finite numbers"));
    }
    let n = pairs.iter().try_fold(0_u64, |sum, pair| sum.checked_add(pair.2));
    let n = n.ok_or_else(|| Error::overflow("number of observations"))?;
    if n < 2 {
        return Err(Error::no_data("two observations to correlate"));
    }
    // In units of the greatest, so that no square overflows.
    let greatest = |of: fn(&(f64, f64, u64)) -> f64| pairs.iter().fold(0.0, |most: f64, pair| most.max(of(pair).abs()));
    let units = [greatest(|pair| pair.0), greatest(|pair| pair.1)].map(|most| if most > 0.0 { most } else { 1.0 });
    let scaled = |pair: &(f64, f64, u64)| (pair.0 / units[0], pair.1 / units[1], pair.2 as f64);
    let [mut sum_x, mut sum_y] = [Sum::default(); 2];
    pairs.iter().map(scaled).for_each(|(x, y, count)| {
        sum_x.add(count * x);
        sum_y.add(count * y);
    });
    let (mean_x, mean_y) = (sum_x.value() / n as f64, sum_y.value() / n as f64);
    let [mut xx, mut yy, mut xy] = [Sum::default(); 3];
    pairs.iter().map(scaled).for_each(|(x, y, count)| {
        let (x, y) = (x - mean_x, y - mean_y);
        xx.add(count * x * x);
        yy.add(count * y * y);
        xy.add(count * x * y);
    });
    let alike = |of: fn(&(f64, f64, u64)) -> f64| {
        let mut values = pairs.iter().filter(|pair| pair.2 > 0).map(of);
        values.next().is_none_or(|first| values.all(|value| value == first))
    };
    if alike(|pair| pair.0) || alike(|pair| pair.1) {
        return Err(Error::degenerate("a correlation with a number that is the same for all"));
    }
    let r = xy.value() / (xx.value().sqrt() * yy.value().sqrt());
    // Rounding leaves a line a little short of 1, or beyond it.
    let r = if 1.0 - r.abs() < 1e-14 { r.signum() } else { r };
    if r.is_finite() { Ok((r, n)) } else { Err(Error::degenerate("a spread too small to measure")) }
}

fn correlation(r: f64, n: u64, inflation: f64, confidence: Confidence, method: Method) -> Correlation {
    let (count, free) = (n as f64, 1.0 - r * r);
    let spread = if n < 4 {
        Err(Absent::NotDefined)
    } else if free <= 0.0 {
        Err(Absent::ZeroVariance)
    } else {
        Ok((inflation / (count - 3.0)).sqrt())
    };
    let z = normal::quantile(0.5 * (1.0 + confidence.level()));
    let interval = spread.and_then(|spread| {
        let [lower, upper] = [-z, z].map(|z| (r.atanh() + z * spread).tanh());
        Interval::new(lower, upper, confidence, Method::FisherZ).map_err(|_| Absent::NotDefined)
    });
    let p_value = if n < 3 {
        Err(Absent::NotDefined)
    } else {
        Ok(student_t::two_sided_p(r * ((count - 2.0) / free).sqrt(), count - 2.0))
    };
    let standard_error = spread.map(|spread| free * spread);
    let estimate = Estimate { value: r, standard_error, interval, n, effective_n: count, method };
    Correlation { estimate, p_value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn singles(pairs: &[(f64, f64)]) -> Vec<(f64, f64, u64)> {
        pairs.iter().map(|&(x, y)| (x, y, 1)).collect()
    }

    /// Fisher's scale by hand: r = 0.8 of five, 1.0986 ± 1.96 / sqrt 2; p of t = 2.3094 with 3 degrees of freedom.
    #[test]
    fn five_pairs_by_hand() {
        let pairs = singles(&[(1.0, 2.0), (2.0, 1.0), (3.0, 4.0), (4.0, 3.0), (5.0, 5.0)]);
        for found in [pearson(&pairs, Confidence::P95).unwrap(), spearman(&pairs, Confidence::P95).unwrap()] {
            assert!((found.estimate.value - 0.8).abs() < 1e-15);
            assert!((found.p_value.unwrap() - 0.104088).abs() < 1e-6);
        }
        let interval = pearson(&pairs, Confidence::P95).unwrap().estimate.interval.unwrap();
        let bound = |sign: f64| (0.8_f64.atanh() + sign * 1.959963984540054 / 2.0_f64.sqrt()).tanh();
        assert!((interval.lower - bound(-1.0)).abs() < 1e-12 && (interval.upper - bound(1.0)).abs() < 1e-12);
        // That of ranks is wider by sqrt(1 + r² / 2).
        let ranks = spearman(&pairs, Confidence::P95).unwrap().estimate;
        assert!((ranks.standard_error.unwrap() - 0.36 * (1.32_f64 / 2.0).sqrt()).abs() < 1e-12);
    }

    /// Ties share ranks: x has ranks 1.5 1.5 3 4, y has 2 2 2 4, whose deviations give 3 / sqrt(4.5 · 3).
    #[test]
    fn tied_ranks_by_hand() {
        let pairs = singles(&[(1.0, 7.0), (1.0, 7.0), (2.0, 7.0), (3.0, 9.0)]);
        let found = spearman(&pairs, Confidence::P95).unwrap().estimate.value;
        assert!((found - 3.0 / (4.5_f64 * 3.0).sqrt()).abs() < 1e-15, "{found}");
    }

    #[test]
    fn a_count_is_so_many_rows() {
        let counted = [(1.0, 2.0, 3), (2.0, 5.0, 1), (4.0, 3.0, 2), (7.0, 1.0, 0)];
        let rows: Vec<_> = counted.iter().flat_map(|&(x, y, count)| (0..count).map(move |_| (x, y, 1))).collect();
        for measure in [pearson, spearman] {
            let (one, other) = (measure(&counted, Confidence::P95).unwrap(), measure(&rows, Confidence::P95).unwrap());
            assert!((one.estimate.value - other.estimate.value).abs() < 1e-15);
            assert_eq!(one.estimate.n, 6);
        }
    }

    #[test]
    fn neither_unit_nor_origin_matters() {
        let pairs = [(1.0, 2.0, 1), (2.0, 5.0, 4), (4.0, 3.0, 2), (7.0, 1.0, 9)];
        let base = pearson(&pairs, Confidence::P95).unwrap().estimate.value;
        for (factor, shift) in [(1e300, 0.0), (1e-300, 0.0), (-3.0, 1e6)] {
            let moved: Vec<_> = pairs.iter().map(|&(x, y, count)| (factor * x + shift, y, count)).collect();
            let found = pearson(&moved, Confidence::P95).unwrap().estimate.value;
            assert!((found - base * f64::signum(factor)).abs() < 1e-9, "{factor} {found} {base}");
        }
    }

    #[test]
    fn ends_and_refusals() {
        let line = singles(&[(1.0, 10.0), (2.0, 20.0), (3.0, 30.0), (4.0, 40.0)]);
        let found = pearson(&line, Confidence::P95).unwrap();
        assert_eq!((found.estimate.value, found.estimate.interval), (1.0, Err(Absent::ZeroVariance)));
        assert_eq!(found.p_value, Ok(0.0));
        let three = pearson(&line[..3], Confidence::P95).unwrap();
        assert_eq!((three.estimate.interval, three.p_value), (Err(Absent::NotDefined), Ok(0.0)));
        assert_eq!(pearson(&line[..2], Confidence::P95).unwrap().p_value, Err(Absent::NotDefined));
        for measure in [pearson, spearman] {
            let kind = |pairs: &[(f64, f64)]| measure(&singles(pairs), Confidence::P95).unwrap_err().kind();
            assert_eq!(kind(&[(1.0, 2.0)]), ErrorKind::NoData);
            assert_eq!(kind(&[(1.0, 2.0), (1.0, 3.0)]), ErrorKind::Degenerate);
            assert_eq!(kind(&[(1.0, 2.0), (2.0, 2.0)]), ErrorKind::Degenerate);
            assert_eq!(kind(&[(1.0, f64::NAN), (2.0, 2.0)]), ErrorKind::Input);
            assert_eq!(kind(&[(f64::INFINITY, 1.0), (2.0, 2.0)]), ErrorKind::Input);
            assert_eq!(
                measure(&[(1.0, 2.0, u64::MAX), (2.0, 1.0, 1)], Confidence::P95).unwrap_err().kind(),
                ErrorKind::Overflow
            );
        }
    }
}
