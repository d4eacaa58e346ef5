//! A number with what is known of its certainty, as part of other documents.

use cxo_core::{Absent, Difference, Estimate, Interval};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Quantity,
    quantity::{self, at_least_zero, within},
};

/// An estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimateRow {
    /// The number.
    pub value: f64,
    /// Its standard error, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
}

impl From<&Estimate> for EstimateRow {
    fn from(estimate: &Estimate) -> Self {
        Self {
            value: estimate.value,
            standard_error: quantity::of(estimate.standard_error),
            interval: quantity::of(estimate.interval),
        }
    }
}

impl EstimateRow {
    /// Nothing, of which nothing more is known.
    pub(crate) fn zero() -> Self {
        let none = Absent::NoObservations;
        Self { value: 0.0, standard_error: quantity::of(Err(none)), interval: quantity::of(Err(none)) }
    }

    /// An interval of a number of customers ends where there are no more.
    pub(crate) fn at_most(mut self, customers: u64) -> Self {
        if let Ok(interval) = &mut self.interval {
            interval.upper = interval.upper.min(customers as f64);
        }
        self
    }

    /// Checks the standard error, and that the number is in a closed range.
    pub(crate) fn check(&self, key: &'static str, range: [f64; 2], allowed: &'static str) -> Result<(), Error> {
        within(key, self.value, range, allowed)?;
        self.standard_error.as_ref().map_or(Ok(()), |error| at_least_zero("standard_error", *error))
    }
}

/// A difference with its test against 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DifferenceRow {
    /// The difference.
    pub value: f64,
    /// Its standard error, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// The two-sided p-value, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
}

impl From<&Difference> for DifferenceRow {
    fn from(difference: &Difference) -> Self {
        Self {
            value: difference.value,
            standard_error: quantity::of(difference.standard_error),
            p_value: quantity::of(difference.p_value),
            interval: quantity::of(difference.interval),
        }
    }
}

impl DifferenceRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.standard_error.as_ref().map_or(Ok(()), |error| at_least_zero("standard_error", *error))?;
        self.p_value.as_ref().map_or(Ok(()), |p| quantity::share("p_value", *p))
    }
}
