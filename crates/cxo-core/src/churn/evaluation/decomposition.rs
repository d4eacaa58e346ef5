//! Where does a Brier score come from? Reliability, resolution, uncertainty, and what the bins hide.

use super::Predictions;
use crate::Error;
use crate::churn::calibration::{Binning, binned};

/// The parts of a Brier score: brier = reliability - resolution + uncertainty + within-bin variance - within-bin covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BrierDecomposition {
    /// The Brier score.
    pub brier: f64,
    /// Mean squared difference of mean probability and share who left, over bins; 0 is perfectly calibrated.
    pub reliability: f64,
    /// Mean squared difference of the share who left in the bin and in all; more is better.
    pub resolution: f64,
    /// Variance of the outcomes: the Brier score of predicting the share who left for everybody.
    pub uncertainty: f64,
    /// Mean squared difference of probability and mean probability of the bin.
    pub within_bin_variance: f64,
    /// Twice the mean product of that difference and of outcome less share who left in the bin.
    pub within_bin_covariance: f64,
    /// Bins with customers.
    pub bins: u64,
}

impl Predictions {
    /// Murphy's decomposition of the Brier score over bins, with the two terms that make it exact when the probabilities within
    /// a bin differ. Formula page: `docs/formulas/brier.md`.
    ///
    /// ```
    /// use cxo_core::churn::{calibration::Binning, evaluation::Predictions};
    ///
    /// let predictions = Predictions::new(vec![false, true, false, true], vec![0.1, 0.2, 0.6, 0.9])?;
    /// let parts = predictions.brier_decomposition(Binning::Uniform(2))?;
    /// assert_eq!((parts.uncertainty, parts.resolution, parts.bins), (0.25, 0.0, 2));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for no bin.
    ///
    /// # Complexity
    /// O(rows × log bins); quantile bins O(rows).
    ///
    /// # Reference
    /// Murphy (1973), Journal of Applied Meteorology 12, 595-600; Stephenson, Coelho and Jolliffe (2008), Weather and
    /// Forecasting 23, 752-757, equation 6.
    pub fn brier_decomposition(&self, binning: Binning) -> Result<BrierDecomposition, Error> {
        let (bins, of_rows) = binned(self, binning)?;
        let total: f64 = bins.iter().map(|bin| bin.weight).sum();
        let share = bins.iter().map(|bin| bin.weight * bin.observed()).sum::<f64>() / total;
        let mut parts = BrierDecomposition {
            brier: 0.0,
            reliability: 0.0,
            resolution: 0.0,
            uncertainty: share * (1.0 - share),
            within_bin_variance: 0.0,
            within_bin_covariance: 0.0,
            bins: bins.iter().filter(|bin| bin.rows > 0).count() as u64,
        };
        for bin in bins.iter().filter(|bin| bin.rows > 0) {
            parts.reliability += bin.weight * (bin.predicted() - bin.observed()).powi(2) / total;
            parts.resolution += bin.weight * (bin.observed() - share).powi(2) / total;
        }
        let rows = self.pairs().zip(self.row_weights().of(self.rows())).zip(of_rows);
        for (((left, probability), weight), bin) in rows {
            let Some(bin) = bins.get(bin) else { continue };
            let apart = probability - bin.predicted();
            parts.brier += weight * (probability - left).powi(2) / total;
            parts.within_bin_variance += weight * apart * apart / total;
            parts.within_bin_covariance += 2.0 * weight * apart * (left - bin.observed()) / total;
        }
        Ok(parts)
    }
}
