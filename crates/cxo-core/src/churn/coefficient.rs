//! What does one column say in a regression, and how sure is that? The answer of every regression of this domain.

use crate::numeric::normal;
use crate::{Absent, Confidence, Interval, Method};

/// A coefficient with its uncertainty.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Coefficient {
    /// The column; `(intercept)` for the intercept.
    pub name: String,
    /// Change of the linear predictor for one unit of the column.
    pub value: f64,
    /// Change of the linear predictor for one population standard deviation of the column; the value itself for an intercept
    /// or a scale.
    pub standardized: f64,
    /// Its standard error, or why there is none.
    pub standard_error: Result<f64, Absent>,
    /// Value over standard error, or why there is none.
    pub statistic: Result<f64, Absent>,
    /// Two-sided probability of a statistic at least as far from zero if the coefficient is zero, or why there is none.
    pub p_value: Result<f64, Absent>,
    /// Its interval, or why there is none.
    pub interval: Result<Interval, Absent>,
}

impl Coefficient {
    /// With the statistic, the p-value and the interval of a normal estimate (Wald 1943).
    pub(super) fn wald(
        name: impl Into<String>,
        value: f64,
        deviation: f64,
        standard_error: Result<f64, Absent>,
        confidence: Confidence,
    ) -> Self {
        let statistic =
            standard_error.and_then(|error| if error > 0.0 { Ok(value / error) } else { Err(Absent::ZeroVariance) });
        let interval = standard_error.and_then(|error| {
            let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
            Interval::new(value - reach, value + reach, confidence, Method::Wald).map_err(|_| Absent::Infinite)
        });
        Self {
            name: name.into(),
            value,
            standardized: value * deviation,
            standard_error,
            statistic,
            p_value: statistic.map(normal::two_sided_p),
            interval,
        }
    }
}
