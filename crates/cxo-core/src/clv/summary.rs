//! What does a model need to know of a customer's purchases? The summary of one history, checked, and a table of many. State:
//! small values and a flat table of them; made from a log of purchases or from a file, read by every model.

use crate::Error;

/// One customer's purchases as the models of customers without a contract read them.
///
/// Times are in any one unit; it only scales the parameters of a model. The first purchase is no repeat purchase: frequency
/// counts those after it, recency and age start at it.
///
/// ```
/// use cxo_core::clv::Summary;
///
/// // Two repeat purchases, the last 30.43 weeks after the first, observed for 38.86 weeks.
/// let summary = Summary::new(2, 30.43, 38.86)?.with_monetary_value(22.35)?;
/// assert_eq!(summary.frequency(), 2);
/// // A repeat purchase takes time, and nothing happens after the end of the observation.
/// assert!(Summary::new(2, 0.0, 38.86).is_err());
/// assert!(Summary::new(2, 40.0, 38.86).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawSummary"))]
pub struct Summary {
    frequency: u32,
    recency: f64,
    age: f64,
    monetary_value: Option<f64>,
    sum_log_intervals: Option<f64>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawSummary {
    frequency: u32,
    recency: f64,
    age: f64,
    monetary_value: Option<f64>,
    sum_log_intervals: Option<f64>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawSummary> for Summary {
    type Error = Error;
    fn try_from(raw: RawSummary) -> Result<Self, Error> {
        let mut summary = Self::new(raw.frequency, raw.recency, raw.age)?;
        if let Some(value) = raw.monetary_value {
            summary = summary.with_monetary_value(value)?;
        }
        match raw.sum_log_intervals {
            Some(logs) => summary.with_sum_log_intervals(logs),
            None => Ok(summary),
        }
    }
}

impl Summary {
    /// The history of a customer who has just made the first purchase.
    pub const NEW: Self =
        Self { frequency: 0, recency: 0.0, age: 0.0, monetary_value: None, sum_log_intervals: Some(0.0) };

    /// A history of `frequency` repeat purchases, the last of them `recency` after the first purchase, observed for `age`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless 0 <= recency <= age, both finite, with a recency of 0 exactly when
    /// there was no repeat purchase.
    pub fn new(frequency: u32, recency: f64, age: f64) -> Result<Self, Error> {
        if !(age >= 0.0 && age.is_finite()) {
            return Err(Error::input("age", age, "a finite time of at least 0"));
        }
        if !(0.0..=age).contains(&recency) {
            return Err(Error::input("recency", recency, format!("0 to the age of {age}")));
        }
        if frequency > 0 && recency == 0.0 {
            return Err(Error::input("recency", recency, "above 0 where there were repeat purchases"));
        }
        if frequency == 0 && recency > 0.0 {
            return Err(Error::input("recency", recency, "0 where there was no repeat purchase"));
        }
        // A zero has one form, so that equal histories have equal bits.
        let (recency, age) = (recency + 0.0, age + 0.0);
        let sum_log_intervals = (frequency == 0).then_some(0.0);
        Ok(Self { frequency, recency, age, monetary_value: None, sum_log_intervals })
    }

    /// Without the checks, for cases on the edge of what is allowed.
    #[cfg(test)]
    pub(super) const fn unchecked(frequency: u32, recency: f64, age: f64) -> Self {
        Self { frequency, recency, age, monetary_value: None, sum_log_intervals: Some(0.0) }
    }

    /// As [`new`](Self::new), from a number that should be a count, as files hold it.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) as there, and for a frequency that is no whole number from 0 to 2³² - 1.
    pub fn from_number(frequency: f64, recency: f64, age: f64) -> Result<Self, Error> {
        let whole = frequency.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&frequency);
        if !whole {
            return Err(Error::input("frequency", frequency, format!("a whole number from 0 to {}", u32::MAX)));
        }
        // In range and whole, as just checked.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Self::new(frequency as u32, recency, age)
    }

    /// Sets the mean spend of a purchase, in units of the currency. It may be 0 or less (free orders, refunds): models of spend
    /// leave such customers out and count them.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite.
    pub fn with_monetary_value(mut self, value: f64) -> Result<Self, Error> {
        if !value.is_finite() {
            return Err(Error::input("monetary value", value, "a finite number"));
        }
        self.monetary_value = Some(value);
        Ok(self)
    }

    /// Sets the sum of the natural logarithms of the times between successive purchases, which models of regular buying need.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite, at most that of equal intervals,
    /// frequency · ln (recency / frequency), and 0 without repeat purchases.
    pub fn with_sum_log_intervals(mut self, logs: f64) -> Result<Self, Error> {
        let x = f64::from(self.frequency);
        let most = if x > 0.0 { x * (self.recency / x).ln() } else { 0.0 };
        // Rounding of a file, whose times have a few digits less.
        let slack = 1e-3 * (1.0 + most.abs()) * f64::from(u8::from(x > 0.0));
        if !(logs <= most + slack && logs.is_finite()) || (x == 0.0 && logs != 0.0) {
            return Err(Error::input("sum of log intervals", logs, format!("a finite number of at most {most}")));
        }
        self.sum_log_intervals = Some(logs);
        Ok(self)
    }

    /// Repeat purchases.
    #[must_use]
    pub const fn frequency(&self) -> u32 {
        self.frequency
    }

    /// Time from the first to the last purchase; 0 without repeat purchases.
    #[must_use]
    pub const fn recency(&self) -> f64 {
        self.recency
    }

    /// Time from the first purchase to the end of the observation.
    #[must_use]
    pub const fn age(&self) -> f64 {
        self.age
    }

    /// Mean spend of a purchase, if it is known.
    #[must_use]
    pub const fn monetary_value(&self) -> Option<f64> {
        self.monetary_value
    }

    /// Sum of the natural logarithms of the times between purchases, if it is known.
    #[must_use]
    pub const fn sum_log_intervals(&self) -> Option<f64> {
        self.sum_log_intervals
    }
}

/// Many histories, each with the number of customers that it stands for. Fits merge equal ones by themselves.
///
/// ```
/// use cxo_core::clv::{Summaries, Summary};
///
/// let mut summaries = Summaries::default();
/// summaries.push(Summary::new(1, 3.0, 10.0)?);
/// summaries.push_many(Summary::new(0, 0.0, 10.0)?, 25)?;
/// assert_eq!((summaries.len(), summaries.customers()), (2, 26));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summaries {
    rows: Vec<(Summary, u64)>,
    customers: u64,
}

impl Summaries {
    /// None yet, with room for so many rows.
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), customers: 0 }
    }

    /// Adds the history of one customer.
    pub fn push(&mut self, summary: Summary) {
        self.rows.push((summary, 1));
        self.customers = self.customers.saturating_add(1);
    }

    /// Adds a history that `count` customers have.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a count of 0, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for
    /// more customers than a `u64` holds.
    pub fn push_many(&mut self, summary: Summary, count: u64) -> Result<(), Error> {
        if count == 0 {
            return Err(Error::input("count", count, "1 or more"));
        }
        self.customers = self.customers.checked_add(count).ok_or_else(|| Error::overflow("number of customers"))?;
        self.rows.push((summary, count));
        Ok(())
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of customers.
    #[must_use]
    pub const fn customers(&self) -> u64 {
        self.customers
    }

    /// All histories in the order of their coming, each with the number of customers that it stands for.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Summary, u64)> + Clone {
        self.rows.iter().copied()
    }
}

impl Extend<Summary> for Summaries {
    fn extend<I: IntoIterator<Item = Summary>>(&mut self, rows: I) {
        rows.into_iter().for_each(|row| self.push(row));
    }
}

impl FromIterator<Summary> for Summaries {
    fn from_iter<I: IntoIterator<Item = Summary>>(rows: I) -> Self {
        let mut summaries = Self::default();
        summaries.extend(rows);
        summaries
    }
}
