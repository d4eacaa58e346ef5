//! Does one score rank customers better than another, on the same customers?

use super::predictions::same_rows;
use crate::numeric::normal;
use crate::numeric::radix::{ordered_bits, sort_by_bits};
use crate::{Absent, Confidence, Difference, Error, Interval, Method};

/// The difference of two areas under the curve, first minus second, of two scores of the same customers.
///
/// The areas are correlated, because the customers are the same: the variance is that of the differences of placements
/// (DeLong), and the test z = difference / standard error. Formula page: `docs/formulas/auc.md`.
///
/// ```
/// use cxo_core::{Confidence, churn::evaluation::auc_difference};
///
/// let left = [true, true, true, false, false, false];
/// let (new, old) = ([0.9, 0.8, 0.3, 0.4, 0.2, 0.1], [0.9, 0.2, 0.3, 0.8, 0.4, 0.1]);
/// let found = auc_difference(&left, &new, &old, Confidence::P95)?;
/// assert!((found.value - 3.0 / 9.0).abs() < 1e-15);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Two scores that put all customers in the same order have no test: there is no difference, and no spread to measure it by.
/// Nothing is said about scores that were fitted on these customers, or one of which is the other plus a column (Demler,
/// Pencina and D'Agostino 2012 show that the test then errs).
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a score that is not finite, with its row,
/// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row, [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate)
/// unless somebody left and somebody stayed.
///
/// # Complexity
/// O(rows).
///
/// # Reference
/// DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845.
pub fn auc_difference(
    observed: &[bool],
    first: &[f64],
    second: &[f64],
    confidence: Confidence,
) -> Result<Difference, Error> {
    let [first, second] = [placements(observed, first)?, placements(observed, second)?];
    let apart = |of: bool| {
        let rows = observed.iter().zip(first.iter().zip(&second)).filter(move |(left, _)| **left == of);
        rows.map(|(_, (one, other))| one - other).collect::<Vec<f64>>()
    };
    let sides = [apart(true), apart(false)];
    if sides.iter().any(Vec::is_empty) {
        return Err(Error::degenerate("a difference of areas needs customers who left and customers who stayed"));
    }
    let [value, _] = sides.each_ref().map(|side| side.iter().sum::<f64>() / side.len() as f64);
    let variance: f64 = sides.iter().map(|side| variance_of_mean(side)).sum();
    let standard_error =
        if sides.iter().any(|side| side.len() == 1) { Err(Absent::OneObservation) } else { Ok(variance.sqrt()) };
    let statistic =
        standard_error.and_then(|error| if error > 0.0 { Ok(value / error) } else { Err(Absent::ZeroVariance) });
    let interval = statistic.and(standard_error).and_then(|error| {
        let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
        Interval::new(value - reach, value + reach, confidence, Method::Wald).map_err(|_| Absent::Infinite)
    });
    Ok(Difference {
        value,
        standard_error,
        statistic,
        p_value: statistic.map(normal::two_sided_p),
        interval: interval.map(|interval| interval.clipped(-1.0, 1.0)),
        method: Method::DeLong,
    })
}

fn variance_of_mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))
}

/// For each row the share of the other side that it is ranked right against; ties count half.
fn placements(observed: &[bool], scores: &[f64]) -> Result<Vec<f64>, Error> {
    same_rows(observed.len(), scores.len())?;
    if let Some((row, score)) = scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        return Err(Error::input("score", score, "a finite number").at_row(row as u64));
    }
    let mut rows: Vec<(u64, bool, usize)> =
        scores.iter().zip(observed).zip(0..).map(|((score, left), row)| (ordered_bits(*score), *left, row)).collect();
    sort_by_bits(&mut rows, |(key, ..)| *key);
    let left = observed.iter().filter(|&&left| left).count() as f64;
    let stayed = observed.len() as f64 - left;
    let mut placements = vec![0.0; observed.len()];
    let (mut left_below, mut stayed_below) = (0.0, 0.0);
    for tied in rows.chunk_by(|one, other| one.0 == other.0) {
        let here = tied.iter().filter(|(_, left, _)| *left).count() as f64;
        let others = tied.len() as f64 - here;
        for (_, is_left, row) in tied {
            if let Some(place) = placements.get_mut(*row) {
                *place = if *is_left {
                    (stayed_below + 0.5 * others) / stayed
                } else {
                    (left - left_below - 0.5 * here) / left
                };
            }
        }
        left_below += here;
        stayed_below += others;
    }
    Ok(placements)
}
