//! What every document of a regression shares: its coefficients.

use cxo_core::churn::Coefficient;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Quantity,
    quantity::{self, at_least_zero, share},
};

/// One coefficient of a regression. The level of its bounds is that of the document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoefficientRow {
    /// The column, or `Column=level`; `(intercept)` for the intercept.
    pub name: String,
    /// Change of the linear predictor for one unit.
    pub value: f64,
    /// Change of the linear predictor for one population standard deviation of the column.
    pub standardized: f64,
    /// Its standard error, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Value over standard error, or why there is none.
    #[serde(flatten, with = "quantity::statistic")]
    pub statistic: Quantity,
    /// Two-sided probability of such a statistic if the coefficient is zero, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// Lower bound of its interval, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Upper bound of its interval, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
}

impl From<&Coefficient> for CoefficientRow {
    fn from(coefficient: &Coefficient) -> Self {
        let Coefficient { name, value, standardized, standard_error, statistic, p_value, interval, .. } = coefficient;
        Self {
            name: name.clone(),
            value: *value,
            standardized: *standardized,
            standard_error: quantity::of(*standard_error),
            statistic: quantity::of(*statistic),
            p_value: quantity::of(*p_value),
            lower: quantity::of(interval.map(|interval| interval.lower)),
            upper: quantity::of(interval.map(|interval| interval.upper)),
        }
    }
}

impl CoefficientRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        if let Ok(p_value) = self.p_value {
            share("p_value", p_value)?;
        }
        match (&self.lower, &self.upper) {
            (Ok(lower), Ok(upper)) if lower > upper => Err(Error::value("lower", lower, "at most upper")),
            _ => Ok(()),
        }
    }
}
