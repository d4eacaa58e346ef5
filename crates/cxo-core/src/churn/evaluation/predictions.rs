//! Outcomes with the probabilities they were given, and how far the two are apart.

use super::{Ranking, Weights, mean};
use crate::{Confidence, Error, Estimate};

/// Whether each customer left, and the probability that a model had given to it.
///
/// A weight is that of a sample: how many customers of the population the row stands for.
///
/// ```
/// use cxo_core::{Confidence, churn::evaluation::{AucInterval, Predictions}};
///
/// let predictions = Predictions::new(vec![false, true, false, true, true], vec![0.1, 0.4, 0.4, 0.8, 0.4])?;
/// assert!((predictions.brier(Confidence::P95).value - 0.186).abs() < 1e-15);
/// let auc = predictions.ranking().auc(AucInterval::Wald, Confidence::P95)?;
/// assert!((auc.value - 5.0 / 6.0).abs() < 1e-15);
/// assert!(Predictions::new(vec![true], vec![1.5]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    observed: Vec<bool>,
    probabilities: Vec<f64>,
    weights: Option<Vec<f64>>,
}

/// The logarithmic loss with the number of predictions that would have made it infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LogLoss {
    /// The mean loss in nats.
    pub estimate: Estimate,
    /// Rows whose outcome was given the probability 0: their loss is infinite, and is counted as that of 1e-15, 34.5.
    pub certain_and_wrong: u64,
}

/// The least probability that the logarithmic loss distinguishes.
const LEAST: f64 = 1e-15;

impl Predictions {
    /// From whether each customer left and the probability given to it, in [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a probability out of range, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row.
    pub fn new(observed: Vec<bool>, probabilities: Vec<f64>) -> Result<Self, Error> {
        same_rows(observed.len(), probabilities.len())?;
        match probabilities.iter().position(|value| !(0.0..=1.0).contains(value)) {
            Some(row) => {
                let value = probabilities.get(row).copied().unwrap_or(f64::NAN);
                Err(Error::input("probability", value, "0 to 1").at_row(row as u64))
            }
            None => Ok(Self { observed, probabilities, weights: None }),
        }
    }

    /// The same with a weight for each row (1e-100 to 1e100).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a weight out of range, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, Error> {
        same_rows(self.observed.len(), weights.len())?;
        check_weights(&weights)?;
        self.weights = Some(weights);
        Ok(self)
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.observed.len()
    }

    /// Number of rows of customers who left.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.observed.iter().filter(|&&left| left).count() as u64
    }

    /// Whether each customer left.
    #[must_use]
    pub fn observed(&self) -> &[bool] {
        &self.observed
    }

    /// The probability of each row.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The weight of each row, if they differ from 1.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The order that the probabilities put the customers in.
    ///
    /// # Complexity
    /// O(rows).
    #[must_use]
    pub fn ranking(&self) -> Ranking {
        Ranking::of_checked(&self.observed, &self.probabilities, self.weights())
    }

    /// The Brier score: the mean squared difference of outcome (1 or 0) and probability, in [0, 1]; less is better.
    ///
    /// Σ w (p - y)² / Σ w, with the standard error of a mean. A constant probability scores at best the variance of the
    /// outcomes, the share who left times the share who stayed. Formula page: `docs/formulas/brier.md`.
    ///
    /// # Complexity
    /// O(rows).
    ///
    /// # Reference
    /// Brier (1950), Monthly Weather Review 78, 1-3.
    #[must_use]
    pub fn brier(&self, confidence: Confidence) -> Estimate {
        let losses: Vec<f64> = self.pairs().map(|(left, probability)| (probability - left).powi(2)).collect();
        mean(&losses, self.row_weights(), [0.0, 1.0], confidence)
    }

    /// The logarithmic loss: the mean of -ln of the probability that was given to what happened, in nats; less is better.
    ///
    /// A probability of 0 given to what happened costs infinity. Such rows are counted, and their probability is taken as
    /// 1e-15, so that the rest can be read. Formula page: `docs/formulas/brier.md`.
    ///
    /// ```
    /// use cxo_core::{Confidence, churn::evaluation::Predictions};
    ///
    /// let coin = Predictions::new(vec![false, true], vec![0.5, 0.5])?;
    /// assert_eq!(coin.log_loss(Confidence::P95).estimate.value, 2.0_f64.ln());
    /// let certain = Predictions::new(vec![false, true], vec![0.0, 0.0])?;
    /// assert_eq!(certain.log_loss(Confidence::P95).certain_and_wrong, 1);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(rows).
    ///
    /// # Reference
    /// Good (1952), Journal of the Royal Statistical Society B 14, 107-114.
    #[must_use]
    pub fn log_loss(&self, confidence: Confidence) -> LogLoss {
        let mut certain_and_wrong = 0;
        let losses: Vec<f64> = self
            .pairs()
            .map(|(left, probability)| {
                certain_and_wrong += u64::from(probability == 1.0 - left);
                let probability = probability.clamp(LEAST, 1.0 - LEAST);
                // ln (1 - p) by ln_1p, for probabilities near 0.
                if left == 1.0 { -probability.ln() } else { -(-probability).ln_1p() }
            })
            .collect();
        LogLoss { estimate: mean(&losses, self.row_weights(), [0.0, f64::MAX], confidence), certain_and_wrong }
    }

    /// Outcome as 1 or 0, and probability.
    pub(in crate::churn) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.observed.iter().map(|&left| f64::from(u8::from(left))).zip(self.probabilities.iter().copied())
    }

    pub(in crate::churn) fn row_weights(&self) -> Weights<'_> {
        Weights(self.weights())
    }
}

pub(super) fn same_rows(rows: usize, given: usize) -> Result<(), Error> {
    if rows == 0 {
        return Err(Error::no_data("outcomes to compare predictions with"));
    }
    if given == rows { Ok(()) } else { Err(Error::incompatible(format!("{given} values for {rows} outcomes"))) }
}

/// Squares of weights, and sums of them, must be inside f64.
pub(super) fn check_weights(weights: &[f64]) -> Result<(), Error> {
    match weights.iter().enumerate().find(|(_, weight)| !(1e-100..=1e100).contains(*weight)) {
        Some((row, weight)) => Err(Error::input("weight", weight, "1e-100 to 1e100").at_row(row as u64)),
        None => Ok(()),
    }
}
