//! The curve from what a model says to what is right, of either kind, as it is stored with the model.

use super::{Isotonic, Platt};
use crate::Error;
use crate::numeric::sigmoid::sigmoid;

/// A rising curve from predictions to probabilities. Customers keep their order, though some may become tied.
///
/// ```
/// use cxo_core::churn::calibration::{Calibrator, HeldOut, HeldOutBy, Platt, PlattTargets};
/// use cxo_core::churn::evaluation::Predictions;
///
/// let predictions = Predictions::new(vec![false, true, false, true], vec![0.1, 0.3, 0.5, 0.7])?;
/// let held_out = HeldOut::new(predictions, HeldOutBy::LaterPeriod);
/// let curve = Calibrator::from(Platt::fit(&held_out, PlattTargets::Smoothed)?);
/// assert!(curve.calibrate(0.2)? < curve.calibrate(0.6)?);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "method", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Calibrator {
    /// A logistic line on log-odds.
    Platt(Platt),
    /// A rising step or broken line.
    Isotonic(Isotonic),
}

impl Calibrator {
    /// The name of the method in kebab-case.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Platt(_) => "platt",
            Self::Isotonic(_) => "isotonic",
        }
    }

    /// The probability that is right for this prediction.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a number outside [0, 1].
    ///
    /// # Complexity
    /// O(1), isotonic O(log blocks); without allocation.
    pub fn calibrate(&self, probability: f64) -> Result<f64, Error> {
        match self {
            Self::Platt(curve) => curve.calibrate(probability),
            Self::Isotonic(curve) => curve.calibrate(probability),
        }
    }

    /// The probability that is right for a prediction with these log-odds.
    #[must_use]
    pub fn calibrate_logit(&self, logit: f64) -> f64 {
        match self {
            Self::Platt(curve) => curve.calibrate_logit(logit),
            Self::Isotonic(curve) => curve.at(sigmoid(logit)),
        }
    }
}

impl From<Platt> for Calibrator {
    fn from(curve: Platt) -> Self {
        Self::Platt(curve)
    }
}

impl From<Isotonic> for Calibrator {
    fn from(curve: Isotonic) -> Self {
        Self::Isotonic(curve)
    }
}

/// A probability in [0, 1].
pub(super) fn check(probability: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&probability) { Ok(()) } else { Err(Error::input("probability", probability, "0 to 1")) }
}
