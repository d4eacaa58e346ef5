//! A mean of the rows with its uncertainty, weighted or not.

use crate::numeric::normal;
use crate::numeric::sum::Sum;
use crate::{Absent, Confidence, Estimate, Interval, Method};

/// The weight of each row; 1 where there are none.
#[derive(Debug, Clone, Copy)]
pub(in crate::churn) struct Weights<'a>(pub(in crate::churn) Option<&'a [f64]>);

impl<'a> Weights<'a> {
    /// The weights of so many rows.
    pub(in crate::churn) fn of(self, rows: usize) -> impl Iterator<Item = f64> + 'a {
        let given = self.0.unwrap_or_default().iter().copied();
        given.chain(std::iter::repeat(1.0)).take(rows)
    }
}

/// The weighted mean of `values` with the linearised standard error, sqrt(n / (n - 1) Σ w² (x - mean)²) / Σ w, and the normal
/// interval moved into `[least, greatest]`.
pub(in crate::churn) fn mean(
    values: &[f64],
    weights: Weights<'_>,
    [least, greatest]: [f64; 2],
    confidence: Confidence,
) -> Estimate {
    let n = values.len();
    let [mut total, mut squares, mut sum] = [Sum::default(); 3];
    for (value, weight) in values.iter().zip(weights.of(n)) {
        total.add(weight);
        squares.add(weight * weight);
        sum.add(weight * value);
    }
    let total = total.value();
    let mean = (sum.value() / total).clamp(least, greatest);
    let deviations: Sum =
        values.iter().zip(weights.of(n)).map(|(value, weight)| (weight * (value - mean)).powi(2)).collect();
    let count = n as f64;
    let standard_error = match n {
        0 | 1 => Err(Absent::OneObservation),
        _ => Ok((count / (count - 1.0) * deviations.value()).sqrt() / total),
    };
    Estimate {
        value: mean,
        standard_error,
        interval: standard_error
            .and_then(|error| wald(mean, error, confidence))
            .map(|interval| interval.clipped(least, greatest)),
        n: n as u64,
        effective_n: total * total / squares.value(),
        method: if weights.0.is_some() { Method::TaylorLinearized } else { Method::PlugIn },
    }
}

/// The normal interval of a value.
pub(in crate::churn) fn wald(value: f64, error: f64, confidence: Confidence) -> Result<Interval, Absent> {
    if error == 0.0 {
        return Err(Absent::ZeroVariance);
    }
    let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
    Interval::new(value - reach, value + reach, confidence, Method::Wald).map_err(|_| Absent::Infinite)
}

/// The normal interval around the log-odds of a value in (0, 1).
pub(in crate::churn) fn around_log_odds(value: f64, error: f64, confidence: Confidence) -> Result<Interval, Absent> {
    if error == 0.0 {
        return Err(Absent::ZeroVariance);
    }
    let z = normal::quantile(0.5 * (1.0 + confidence.level()));
    let (odds, reach) = ((value / (1.0 - value)).ln(), z * error / (value * (1.0 - value)));
    let [lower, upper] = [-reach, reach].map(|by| 1.0 / (1.0 + (-odds - by).exp()));
    Interval::new(lower, upper, confidence, Method::Logit).map_err(|_| Absent::Infinite)
}
