//! How far apart are two means of passes when a customer has several? Differences with the customer as cluster. Stateless; called
//! by scores, curve and deviations.

use crate::numeric::student_t;
use crate::stats::design::{Design, DesignEstimate, DesignMethod};
use crate::survey::dense;
use crate::{Absent, Confidence, Difference, Error, Estimate};

/// The mean of values with the customer as cluster.
pub(super) fn mean(values: &[f64], customers: &[u32]) -> Result<DesignEstimate, Error> {
    Design::new(&vec![1.0; values.len()])?.clusters(&dense(customers).0)?.mean(values)
}

/// The same as an estimate with Student's t interval.
pub(super) fn estimate(values: &[f64], customers: &[u32], confidence: Confidence) -> Result<Estimate, Error> {
    mean(values, customers)?.estimate(DesignMethod::StudentT, confidence)
}

/// The mean of differences, as a difference from 0.
pub(super) fn paired(values: &[f64], customers: &[u32], confidence: Confidence) -> Result<Difference, Error> {
    tested(&mean(values, customers)?, confidence)
}

/// The mean of the values whose side is first minus that of the others; absent where one side has none.
///
/// Each value's part in the difference, ± (y - mean of its side) / n of its side, is summed by customer before it is squared, so
/// that a customer on both sides is told apart from two.
pub(super) fn difference(
    values: &[f64],
    first: &[bool],
    customers: &[u32],
    confidence: Confidence,
) -> Result<Result<Difference, Absent>, Error> {
    let side = |wanted: bool| {
        let (mut n, mut sum) = (0_u64, 0.0);
        for (value, _) in values.iter().zip(first).filter(|(_, side)| **side == wanted) {
            n += 1;
            sum += value;
        }
        (n as f64, sum / n as f64)
    };
    let ((n1, m1), (n2, m2)) = (side(true), side(false));
    if n1 == 0.0 || n2 == 0.0 {
        return Ok(Err(Absent::NoObservations));
    }
    let rows = values.len() as f64;
    let part = |(&value, &first): (&f64, &bool)| {
        if first { rows * (value - m1) / n1 } else { -rows * (value - m2) / n2 }
    };
    let parts: Vec<f64> = values.iter().zip(first).map(part).collect();
    let found = DesignEstimate { value: m1 - m2, ..mean(&parts, customers)? };
    tested(&found, confidence).map(Ok)
}

fn tested(found: &DesignEstimate, confidence: Confidence) -> Result<Difference, Error> {
    let degrees = found.degrees_of_freedom() as f64;
    let testable = found.standard_error.and_then(|error| {
        if degrees == 0.0 {
            Err(Absent::OneCluster)
        } else if error > 0.0 {
            Ok(error)
        } else {
            Err(Absent::ZeroVariance)
        }
    });
    let statistic = testable.map(|error| found.value / error);
    let estimate = found.estimate(DesignMethod::StudentT, confidence)?;
    Ok(Difference {
        value: found.value,
        standard_error: found.standard_error,
        statistic,
        p_value: statistic.map(|statistic| student_t::two_sided_p(statistic, degrees)),
        interval: testable.and(estimate.interval),
        method: estimate.method,
    })
}
