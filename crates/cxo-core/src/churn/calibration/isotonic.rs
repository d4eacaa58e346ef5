//! The rising curve that is closest to the outcomes: any shape, for many held-out customers.

use super::held_out::{HeldOut, HeldOutBy};
use crate::Error;
use crate::numeric::radix::{ordered_bits, sort_by_bits};

/// What the curve is between the predictions that it was fitted on. Beyond them it is constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Interpolation {
    /// Straight from the end of one block to the start of the next.
    #[default]
    Linear,
    /// Constant up to the start of the next block.
    Step,
}

/// A rising curve through blocks of predictions, each at the share of its customers who left.
///
/// The function f that minimises Σ w (y - f(p))² among all that never fall. Predictions in common are pooled first; then
/// neighbours that fall are pooled until none do (PAVA). The lowest and the greatest value can be 0 and 1: then the held-out
/// customers of that block were alike, which is no certainty. Formula page: `docs/formulas/calibrators.md`.
///
/// ```
/// use cxo_core::churn::calibration::{HeldOut, HeldOutBy, Interpolation, Isotonic};
/// use cxo_core::churn::evaluation::Predictions;
///
/// let predictions = Predictions::new(vec![false, true, false, true], vec![0.1, 0.3, 0.5, 0.7])?;
/// let curve = Isotonic::fit(&HeldOut::new(predictions, HeldOutBy::Customers), Interpolation::Linear)?;
/// // 0.3 and 0.5 fall, so they are one block; halfway from 0.5 to 0.7 is halfway from 1/2 to 1.
/// assert_eq!(curve.calibrate(0.4)?, 0.5);
/// assert!((curve.calibrate(0.6)? - 0.75).abs() < 1e-15);
/// assert_eq!((curve.calibrate(0.0)?, curve.calibrate(1.0)?), (0.0, 1.0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawIsotonic"))]
pub struct Isotonic {
    /// Ascending.
    from: Vec<f64>,
    /// At these predictions; never falling.
    to: Vec<f64>,
    interpolation: Interpolation,
    rows: u64,
    held_out_by: HeldOutBy,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawIsotonic {
    from: Vec<f64>,
    to: Vec<f64>,
    interpolation: Interpolation,
    rows: u64,
    held_out_by: HeldOutBy,
}

#[cfg(feature = "serde")]
impl TryFrom<RawIsotonic> for Isotonic {
    type Error = Error;
    fn try_from(raw: RawIsotonic) -> Result<Self, Error> {
        let RawIsotonic { from, to, interpolation, rows, held_out_by } = raw;
        let inside = |values: &[f64]| values.iter().all(|value| (0.0..=1.0).contains(value));
        let rising = from.windows(2).all(|pair| pair.first() < pair.last());
        let not_falling = to.windows(2).all(|pair| pair.first() <= pair.last());
        if from.is_empty() || from.len() != to.len() || !(inside(&from) && inside(&to) && rising && not_falling) {
            let allowed = "ascending predictions and as many values that never fall, all in 0 to 1";
            return Err(Error::input("curve of a calibrator", format!("{} points", from.len()), allowed));
        }
        Ok(Self { from, to, interpolation, rows, held_out_by })
    }
}

/// Predictions from `first` to `last`, with the share who left.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: f64,
    last: f64,
    left: f64,
    weight: f64,
}

impl Block {
    fn share(&self) -> f64 {
        (self.left / self.weight).min(1.0)
    }
}

impl Isotonic {
    /// Fits the curve on predictions that the model had not seen.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
    ///
    /// # Complexity
    /// O(rows).
    ///
    /// # Reference
    /// Ayer et al. (1955), Annals of Mathematical Statistics 26, 641-647; Zadrozny and Elkan (2002), Transforming classifier
    /// scores into accurate multiclass probability estimates.
    pub fn fit(held_out: &HeldOut, interpolation: Interpolation) -> Result<Self, Error> {
        let predictions = held_out.predictions();
        let events = predictions.events();
        if events == 0 || events == predictions.rows() as u64 {
            return Err(Error::degenerate("a calibrator needs customers who left and customers who stayed"));
        }
        let weights = predictions.row_weights().of(predictions.rows());
        let mut rows: Vec<(f64, f64, f64)> =
            predictions.pairs().zip(weights).map(|((left, given), weight)| (given, left, weight)).collect();
        sort_by_bits(&mut rows, |(given, ..)| ordered_bits(*given));
        let mut blocks: Vec<Block> = Vec::new();
        for tied in rows.chunk_by(|one, other| one.0 == other.0) {
            let Some((given, ..)) = tied.first() else { continue };
            let mut next = Block { first: *given, last: *given, left: 0.0, weight: 0.0 };
            for (_, left, weight) in tied {
                next.left += weight * left;
                next.weight += weight;
            }
            // Equal shares are one block too.
            while let Some(before) = blocks.pop_if(|before| before.left * next.weight >= next.left * before.weight) {
                next.first = before.first;
                next.left += before.left;
                next.weight += before.weight;
            }
            blocks.push(next);
        }
        let (mut from, mut to) = (Vec::new(), Vec::new());
        for block in &blocks {
            from.push(block.first);
            to.push(block.share());
            if block.last > block.first {
                from.push(block.last);
                to.push(block.share());
            }
        }
        Ok(Self { from, to, interpolation, rows: predictions.rows() as u64, held_out_by: held_out.by() })
    }

    /// The predictions at which a block starts or ends, ascending.
    #[must_use]
    pub fn predictions(&self) -> &[f64] {
        &self.from
    }

    /// The probabilities that are right for them.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.to
    }

    /// What the curve is between them.
    #[must_use]
    pub const fn interpolation(&self) -> Interpolation {
        self.interpolation
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

    /// The probability that is right for this prediction.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a number outside [0, 1].
    ///
    /// # Complexity
    /// O(log blocks).
    pub fn calibrate(&self, probability: f64) -> Result<f64, Error> {
        super::calibrator::check(probability)?;
        Ok(self.at(probability))
    }

    /// The curve at a probability.
    pub(super) fn at(&self, probability: f64) -> f64 {
        let after = self.from.partition_point(|from| *from <= probability);
        let point = |at: usize| Some((*self.from.get(at)?, *self.to.get(at)?));
        match (after.checked_sub(1).and_then(point), point(after)) {
            (Some((from, low)), Some((until, high))) => match self.interpolation {
                Interpolation::Step => low,
                Interpolation::Linear => {
                    (low + (high - low) * ((probability - from) / (until - from))).clamp(low, high)
                }
            },
            (Some((_, value)), None) | (None, Some((_, value))) => value,
            // A curve has points.
            (None, None) => probability,
        }
    }
}
