//! Platt's curve: a logistic line on the log-odds of the predictions. Two numbers, for few held-out customers.

use super::assessment::{logits, outcomes};
use super::held_out::{HeldOut, HeldOutBy};
use super::line::{LineData, Slope};
use crate::Error;
use crate::numeric::sigmoid::sigmoid;

/// What the line is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlattTargets {
    /// (N₊ + 1) / (N₊ + 2) for those who left and 1 / (N₋ + 2) for those who stayed: the outcomes with one of each added, so
    /// that the line is finite even where they are separated (Platt 1999).
    #[default]
    Smoothed,
    /// 1 and 0: plain logistic regression.
    Plain,
}

/// The curve 1 / (1 + exp(-(intercept + slope × logit))), rising.
///
/// Platt writes it 1 / (1 + exp(A s + B)): A = -slope, B = -intercept, and s the logit.
/// Formula page: `docs/formulas/calibrators.md`.
///
/// ```
/// use cxo_core::churn::{calibration::{HeldOut, HeldOutBy, Platt, PlattTargets}, evaluation::Predictions};
///
/// let observed = [true, true, false, false, false, true, true, true, false, false];
/// let given = [[0.2; 5], [0.8; 5]].concat();
/// let held_out = HeldOut::new(Predictions::new(observed.to_vec(), given)?, HeldOutBy::Customers);
/// let platt = Platt::fit(&held_out, PlattTargets::Plain)?;
/// assert!((platt.calibrate(0.2)? - 0.4).abs() < 1e-12);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawPlatt"))]
pub struct Platt {
    intercept: f64,
    slope: f64,
    rows: u64,
    held_out_by: HeldOutBy,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawPlatt {
    intercept: f64,
    slope: f64,
    rows: u64,
    held_out_by: HeldOutBy,
}

#[cfg(feature = "serde")]
impl TryFrom<RawPlatt> for Platt {
    type Error = Error;
    fn try_from(RawPlatt { intercept, slope, rows, held_out_by }: RawPlatt) -> Result<Self, Error> {
        Self { intercept, slope, rows, held_out_by }.checked()
    }
}

impl Platt {
    /// Fits the line on predictions that the model had not seen.
    ///
    /// With weights N₊ and N₋ are sums of weights.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a probability of 0 or 1, with its row,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed, or where more of those
    /// with lower predictions left: a falling line would turn the ranking round,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) where all predictions are alike,
    /// [`ErrorKind::Separated`](crate::ErrorKind::Separated) where plain targets are told apart perfectly.
    ///
    /// # Complexity
    /// O(rows) for each of about five steps.
    ///
    /// # Reference
    /// Platt (1999), Probabilistic outputs for support vector machines; Lin, Lin and Weng (2007), Machine Learning 68, 267-276.
    pub fn fit(held_out: &HeldOut, targets: PlattTargets) -> Result<Self, Error> {
        let predictions = held_out.predictions();
        let (mut left, mut stayed) = (0.0, 0.0);
        for ((outcome, _), weight) in predictions.pairs().zip(predictions.row_weights().of(predictions.rows())) {
            left += weight * outcome;
            stayed += weight * (1.0 - outcome);
        }
        if left == 0.0 || stayed == 0.0 {
            return Err(Error::degenerate("a calibrator needs customers who left and customers who stayed"));
        }
        let [for_left, for_stayed] = match targets {
            PlattTargets::Smoothed => [(left + 1.0) / (left + 2.0), 1.0 / (stayed + 2.0)],
            PlattTargets::Plain => [1.0, 0.0],
        };
        let logits = logits(predictions)?;
        let targets: Vec<f64> = outcomes(predictions)
            .into_iter()
            .map(|outcome| if outcome == 1.0 { for_left } else { for_stayed })
            .collect();
        let line = LineData { logits: &logits, targets: &targets, weights: predictions.weights() }.fit(Slope::Free)?;
        let [intercept, slope] = [0, 1].map(|at| line.coefficients.get(at).copied().unwrap_or_default());
        if slope <= 0.0 {
            return Err(Error::degenerate("more of those with lower predictions left: there is no rising curve"));
        }
        Self { intercept, slope, rows: predictions.rows() as u64, held_out_by: held_out.by() }.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if !self.intercept.is_finite() {
            return Err(Error::input("intercept of a calibrator", self.intercept, "a finite number"));
        }
        if !(self.slope > 0.0 && self.slope.is_finite()) {
            return Err(Error::input("slope of a calibrator", self.slope, "a finite number above 0"));
        }
        Ok(self)
    }

    /// The log-odds of those who were given one half.
    #[must_use]
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Change of the log-odds for one of the log-odds given.
    #[must_use]
    pub const fn slope(&self) -> f64 {
        self.slope
    }

    /// Rows fitted on.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// How it came about that the model had not seen them.
    #[must_use]
    pub const fn held_out_by(&self) -> HeldOutBy {
        self.held_out_by
    }

    /// The probability that is right for a prediction with these log-odds, inside (0, 1).
    #[must_use]
    pub fn calibrate_logit(&self, logit: f64) -> f64 {
        sigmoid(self.intercept + self.slope * logit)
    }

    /// The probability that is right for this prediction; 0 stays 0 and 1 stays 1.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a number outside [0, 1].
    pub fn calibrate(&self, probability: f64) -> Result<f64, Error> {
        super::calibrator::check(probability)?;
        if probability == 0.0 || probability == 1.0 {
            return Ok(probability);
        }
        Ok(self.calibrate_logit(probability.ln() - (-probability).ln_1p()))
    }
}
