//! What happens if every customer of a score and above is flagged? The four counts, and what is read from them.

use super::Ranking;
use crate::{Absent, Error};

/// Flagged or not against left or stayed; whole numbers, or sums of weights.
///
/// ```
/// use cxo_core::churn::evaluation::Ranking;
///
/// let confusion = Ranking::new(&[true, true, false, false], &[0.9, 0.3, 0.4, 0.1])?.confusion(0.35)?;
/// assert_eq!((confusion.true_positives, confusion.false_positives), (1.0, 1.0));
/// assert_eq!((confusion.precision()?, confusion.mcc()?), (0.5, 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Confusion {
    /// Customers of this score and above are flagged.
    pub threshold: f64,
    /// Flagged, and left.
    pub true_positives: f64,
    /// Flagged, and stayed.
    pub false_positives: f64,
    /// Not flagged, and left.
    pub false_negatives: f64,
    /// Not flagged, and stayed.
    pub true_negatives: f64,
}

impl Ranking {
    /// The counts when customers of `threshold` and above are flagged. Formula page: `docs/formulas/gains.md`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a threshold that is not a number.
    ///
    /// # Complexity
    /// O(rows at or above the threshold).
    pub fn confusion(&self, threshold: f64) -> Result<Confusion, Error> {
        if threshold.is_nan() {
            return Err(Error::input("threshold", threshold, "a number"));
        }
        let (left, stayed) = self.totals();
        let (mut of_left, mut of_stayed) = (0.0, 0.0);
        for tied in self.ties().take_while(|tied| tied.score >= threshold) {
            of_left += tied.left.sum;
            of_stayed += tied.stayed.sum;
        }
        Ok(Confusion {
            threshold,
            true_positives: of_left,
            false_positives: of_stayed,
            // Sums of weights in two orders may differ by a rounding.
            false_negatives: (left - of_left).max(0.0),
            true_negatives: (stayed - of_stayed).max(0.0),
        })
    }
}

impl Confusion {
    /// The share of the flagged who left.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody is flagged.
    pub fn precision(&self) -> Result<f64, Absent> {
        share(self.true_positives, self.false_positives)
    }

    /// The share flagged of those who left; also sensitivity.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody left.
    pub fn recall(&self) -> Result<f64, Absent> {
        share(self.true_positives, self.false_negatives)
    }

    /// The share not flagged of those who stayed.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody stayed.
    pub fn specificity(&self) -> Result<f64, Absent> {
        share(self.true_negatives, self.false_positives)
    }

    /// The share that was flagged and left, or neither.
    ///
    /// # Errors
    /// None for counts of a ranking, which has rows.
    pub fn accuracy(&self) -> Result<f64, Absent> {
        share(self.true_positives + self.true_negatives, self.false_positives + self.false_negatives)
    }

    /// The mean of recall and specificity.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] unless somebody left and somebody stayed.
    pub fn balanced_accuracy(&self) -> Result<f64, Absent> {
        Ok(0.5 * (self.recall()? + self.specificity()?))
    }

    /// The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody is flagged and nobody left.
    pub fn f1(&self) -> Result<f64, Absent> {
        share(2.0 * self.true_positives, self.false_positives + self.false_negatives)
    }

    /// Matthews' correlation of flag and outcome, in [-1, 1].
    ///
    /// (TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN)).
    ///
    /// # Errors
    /// [`Absent::ZeroVariance`] where all are flagged or none, or all left or none.
    ///
    /// # Reference
    /// Matthews (1975), Biochimica et Biophysica Acta 405, 442-451.
    pub fn mcc(&self) -> Result<f64, Absent> {
        let Self { true_positives, false_positives, false_negatives, true_negatives, .. } = *self;
        let flagged = ((true_positives + false_positives) * (true_negatives + false_negatives)).sqrt();
        let outcome = ((true_positives + false_negatives) * (true_negatives + false_positives)).sqrt();
        let spread = flagged * outcome;
        if spread > 0.0 {
            let product = true_positives * true_negatives - false_positives * false_negatives;
            Ok((product / spread).clamp(-1.0, 1.0))
        } else {
            Err(Absent::ZeroVariance)
        }
    }
}

/// part / (part + rest).
fn share(part: f64, rest: f64) -> Result<f64, Absent> {
    if part + rest > 0.0 { Ok(part / (part + rest)) } else { Err(Absent::NoObservations) }
}
