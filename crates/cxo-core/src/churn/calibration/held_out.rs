//! Predictions of rows that the model had not seen: the only ones a calibrator can learn from.

use crate::Error;
use crate::churn::evaluation::Predictions;
use crate::churn::folds::Folds;

/// How it came about that the model had not seen the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum HeldOutBy {
    /// Customers that were set aside before the model was fitted.
    Customers,
    /// A later period than the model was fitted on.
    LaterPeriod,
    /// Each row was predicted by a model of the other folds.
    CrossFitting,
}

impl HeldOutBy {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::LaterPeriod => "later-period",
            Self::CrossFitting => "cross-fitting",
        }
    }
}

/// Predictions of rows that the model had not seen, and how that came about.
///
/// Only cross-fitting can be seen to by the library; of the other two the caller says it. The predictions of the rows that a
/// model was fitted on are closer to the outcomes than those of any other rows, so a curve fitted on them finds nothing to
/// put right.
///
/// ```
/// use cxo_core::{Seed, churn::{calibration::{HeldOut, HeldOutBy}, customer_folds}};
///
/// let left = [true, false, false, true, false, false];
/// let folds = customer_folds(&[1, 2, 3, 4, 5, 6], 3, Seed(1))?;
/// let held_out = HeldOut::cross_fitted(&folds, left.to_vec(), |training, held_out| {
///     let share = training.iter().filter(|&&row| left[row]).count() as f64 / training.len() as f64;
///     Ok(vec![share; held_out.len()])
/// })?;
/// assert_eq!(held_out.by(), HeldOutBy::CrossFitting);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    predictions: Predictions,
    by: HeldOutBy,
}

impl HeldOut {
    /// Predictions of which the caller says that the model had not seen their rows.
    #[must_use]
    pub const fn new(predictions: Predictions, by: HeldOutBy) -> Self {
        Self { predictions, by }
    }

    /// Predicts each row by a model of the other folds; `predict` as for [`Folds::cross_fit`].
    ///
    /// # Errors
    /// Those of [`Folds::cross_fit`] and of [`Predictions::new`].
    ///
    /// # Complexity
    /// The calls.
    pub fn cross_fitted(
        folds: &Folds,
        observed: Vec<bool>,
        predict: impl FnMut(&[usize], &[usize]) -> Result<Vec<f64>, Error>,
    ) -> Result<Self, Error> {
        let predictions = Predictions::new(observed, folds.cross_fit(predict)?)?;
        Ok(Self { predictions, by: HeldOutBy::CrossFitting })
    }

    /// The predictions.
    #[must_use]
    pub const fn predictions(&self) -> &Predictions {
        &self.predictions
    }

    /// How it came about that the model had not seen them.
    #[must_use]
    pub const fn by(&self) -> HeldOutBy {
        self.by
    }
}
