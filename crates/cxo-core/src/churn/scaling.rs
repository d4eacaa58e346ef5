//! Means and deviations of columns, at which every regression of this domain is centred and scaled.

use super::Features;
use crate::Error;

/// Means and population deviations of the columns.
///
/// # Errors
/// Collinear for columns that do not vary, input for one whose spread is beyond all numbers.
pub(super) fn scales(features: &Features, weights: Option<&[f64]>) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let total: f64 = weights.map_or(features.rows() as f64, |weights| weights.iter().sum());
    let mean = |column: &[f64], of: &dyn Fn(f64) -> f64| match weights {
        None => column.iter().map(|&value| of(value) / total).sum::<f64>(),
        Some(weights) => column.iter().zip(weights).map(|(&value, weight)| of(value) * (weight / total)).sum(),
    };
    let (mut means, mut deviations, mut constant) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (column, name)) in features.columns().iter().zip(features.names()).enumerate() {
        let (low, high) = column
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
        let centre = mean(column, &|value| value);
        let range = high - low;
        let deviation = if range > 0.0 {
            range * mean(column, &|value| ((value - centre) / range).powi(2)).sqrt()
        } else {
            constant.push(place);
            1.0
        };
        if !(deviation > 0.0 && deviation.is_finite() && centre.is_finite()) {
            return Err(Error::input(format!("range of {name}"), range, "a range that can be squared"));
        }
        means.push(centre);
        deviations.push(deviation);
    }
    if constant.is_empty() { Ok((means, deviations)) } else { Err(Error::collinear(features.names_at(&constant))) }
}
