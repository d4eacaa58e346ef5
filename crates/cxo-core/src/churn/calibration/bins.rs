//! Probabilities in bins: how many of the customers who were given about this probability left?

use crate::churn::evaluation::Predictions;
use crate::numeric::radix::{from_ordered_bits, ordered_bits, sort_by_bits};
use crate::stats::proportion::{ProportionMethod, Share};
use crate::{Confidence, Error, Estimate, Probability};

/// How probabilities are put into bins. A probability on an edge belongs to the bin below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// So many bins of equal width.
    Uniform(u32),
    /// So many bins of about equal numbers of rows: edges at the quantiles of the probabilities (linear between order
    /// statistics). Equal quantiles are one edge, so that ties make fewer bins.
    Quantile(u32),
}

/// The customers of one bin: what they were given and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ReliabilityBin {
    /// Lower edge, excluded but for the lowest bin.
    pub from: f64,
    /// Upper edge, included.
    pub to: f64,
    /// Rows.
    pub observations: u64,
    /// The mean probability that they were given.
    pub predicted: f64,
    /// The share of them who left, with Wilson's interval.
    pub observed: Estimate,
}

/// Sums over the rows of a bin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::churn) struct Bin {
    from: f64,
    to: f64,
    pub(in crate::churn) rows: u64,
    pub(in crate::churn) weight: f64,
    squares: f64,
    left: f64,
    probability: f64,
}

impl Bin {
    /// The mean probability; 0 without rows.
    pub(in crate::churn) fn predicted(&self) -> f64 {
        if self.rows > 0 { self.probability / self.weight } else { 0.0 }
    }

    /// The share who left; 0 without rows.
    pub(in crate::churn) fn observed(&self) -> f64 {
        if self.rows > 0 { self.left / self.weight } else { 0.0 }
    }
}

/// All bins, and that of each row.
pub(in crate::churn) fn binned(predictions: &Predictions, binning: Binning) -> Result<(Vec<Bin>, Vec<usize>), Error> {
    let edges = inner_edges(predictions.probabilities(), binning)?;
    let lows = std::iter::once(0.0).chain(edges.iter().copied());
    let highs = edges.iter().copied().chain([1.0]);
    let empty = |(from, to)| Bin { from, to, rows: 0, weight: 0.0, squares: 0.0, left: 0.0, probability: 0.0 };
    let mut bins: Vec<Bin> = lows.zip(highs).map(empty).collect();
    let mut of_rows = Vec::with_capacity(predictions.rows());
    let weights = predictions.row_weights().of(predictions.rows());
    for ((left, probability), weight) in predictions.pairs().zip(weights) {
        let at = edges.partition_point(|edge| *edge < probability);
        of_rows.push(at);
        if let Some(bin) = bins.get_mut(at) {
            bin.rows += 1;
            bin.weight += weight;
            bin.squares += weight * weight;
            bin.left += weight * left;
            bin.probability += weight * probability;
        }
    }
    Ok((bins, of_rows))
}

/// The edges between bins, ascending and distinct.
fn inner_edges(probabilities: &[f64], binning: Binning) -> Result<Vec<f64>, Error> {
    let (Binning::Uniform(bins) | Binning::Quantile(bins)) = binning;
    if bins == 0 {
        return Err(Error::input("bins", bins, "1 or more"));
    }
    Ok(match binning {
        Binning::Uniform(_) => (1..bins).map(|edge| f64::from(edge) / f64::from(bins)).collect(),
        Binning::Quantile(_) => quantile_edges(probabilities, bins),
    })
}

/// The distinct quantiles k / bins of the values, 0 < k < bins, by linear interpolation between order statistics (type 7 of
/// Hyndman and Fan 1996).
pub(in crate::churn) fn quantile_edges(values: &[f64], bins: u32) -> Vec<f64> {
    let mut keys: Vec<u64> = values.iter().map(|value| ordered_bits(*value)).collect();
    sort_by_bits(&mut keys, |key| *key);
    let last = values.len().saturating_sub(1);
    let value_at = |at: usize| keys.get(at.min(last)).map_or(0.0, |key| from_ordered_bits(*key));
    let edge = |k: u32| {
        let place = last as u128 * u128::from(k);
        let (below, rest) = (place / u128::from(bins), place % u128::from(bins));
        let below = usize::try_from(below).unwrap_or(last);
        let (low, high) = (value_at(below), value_at(below + 1));
        let share = rest as f64 / f64::from(bins);
        // From the nearer end, so that it never leaves the two.
        let inside = if share < 0.5 { low + (high - low) * share } else { high - (high - low) * (1.0 - share) };
        if inside.is_finite() { inside } else { low }
    };
    let mut edges: Vec<f64> = (1..bins).map(edge).collect();
    edges.dedup();
    edges
}

/// For each bin with customers the mean probability that they were given and the share who left.
///
/// With weights both are weighted, and the interval is that of the effective number of rows; the bins are those of the rows.
/// Formula page: `docs/formulas/calibration.md`.
///
/// ```
/// use cxo_core::{Confidence, churn::{calibration::{Binning, reliability}, evaluation::Predictions}};
///
/// let predictions = Predictions::new(vec![false, false, true, true], vec![0.1, 0.3, 0.6, 0.8])?;
/// let bins = reliability(&predictions, Binning::Uniform(2), Confidence::P95)?;
/// assert_eq!((bins[0].predicted, bins[0].observed.value), (0.2, 0.0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for no bin.
///
/// # Complexity
/// O(rows × log bins).
pub fn reliability(
    predictions: &Predictions,
    binning: Binning,
    confidence: Confidence,
) -> Result<Vec<ReliabilityBin>, Error> {
    let (bins, _) = binned(predictions, binning)?;
    let bin = |bin: &Bin| {
        let share = Probability::new(bin.observed().clamp(0.0, 1.0))?;
        let share = Share::effective(share, bin.weight * bin.weight / bin.squares, bin.rows)?;
        Ok(ReliabilityBin {
            from: bin.from,
            to: bin.to,
            observations: bin.rows,
            predicted: bin.predicted().clamp(0.0, 1.0),
            observed: share.estimate(ProportionMethod::Wilson, confidence)?,
        })
    };
    bins.iter().filter(|bin| bin.rows > 0).map(bin).collect()
}

/// The expected calibration error: the mean over bins of the difference between mean probability and share who left, in [0, 1].
///
/// Σ over bins of weight / Σ weights × |predicted - observed|. It depends on the bins, grows with their number even for perfect
/// probabilities, and has no distribution to test it by. Formula page: `docs/formulas/calibration.md`.
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for no bin.
///
/// # Complexity
/// O(rows × log bins).
///
/// # Reference
/// Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning.
pub fn expected_calibration_error(predictions: &Predictions, binning: Binning) -> Result<f64, Error> {
    let (bins, _) = binned(predictions, binning)?;
    let total: f64 = bins.iter().map(|bin| bin.weight).sum();
    Ok(bins.iter().map(|bin| bin.weight / total * (bin.predicted() - bin.observed()).abs()).sum())
}
