//! One customer's purchases in a few numbers.

use crate::Error;

/// What a model needs to know of a customer's purchases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    frequency: u32,
    recency: f64,
    age: f64,
    monetary_value: Option<f64>,
    sum_log_intervals: Option<f64>,
}

impl Summary {
    /// The history of a customer who has just made the first purchase.
    pub const NEW: Self =
        Self { frequency: 0, recency: 0.0, age: 0.0, monetary_value: None, sum_log_intervals: Some(0.0) };

    /// A history.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input).
    pub fn new(frequency: u32, recency: f64, age: f64) -> Result<Self, Error> {
        if !(0.0..=age).contains(&recency) || !age.is_finite() {
            return Err(Error::input("recency", recency, "0 to the age"));
        }
        Ok(Self { frequency, recency, age, monetary_value: None, sum_log_intervals: None })
    }

    /// Repeat purchases.
    #[must_use]
    pub const fn frequency(&self) -> u32 {
        self.frequency
    }

    /// Time from the first to the last purchase.
    #[must_use]
    pub const fn recency(&self) -> f64 {
        self.recency
    }

    /// Time from the first purchase to the end of the observation.
    #[must_use]
    pub const fn age(&self) -> f64 {
        self.age
    }

    /// Mean spend.
    #[must_use]
    pub const fn monetary_value(&self) -> Option<f64> {
        self.monetary_value
    }

    /// Sum of the logarithms of the intervals between purchases.
    #[must_use]
    pub const fn sum_log_intervals(&self) -> Option<f64> {
        self.sum_log_intervals
    }
}

/// Many histories.
#[derive(Debug, Clone, Default)]
pub struct Summaries {
    rows: Vec<(Summary, u64)>,
}

impl Summaries {
    /// All histories, each with the number of customers that it stands for.
    pub fn iter(&self) -> impl Iterator<Item = (Summary, u64)> + Clone {
        self.rows.iter().copied()
    }
}

impl FromIterator<Summary> for Summaries {
    fn from_iter<I: IntoIterator<Item = Summary>>(rows: I) -> Self {
        Self { rows: rows.into_iter().map(|row| (row, 1)).collect() }
    }
}
