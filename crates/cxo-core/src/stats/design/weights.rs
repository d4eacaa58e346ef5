//! How unequal are the weights of a sample, and what does that cost?
//!
//! State: [`Weights`], three sums. Designed samples, weighted tallies and raking ask it for Kish's effective n.

use crate::{Error, Reader, Writer, numeric::sum::Sum};

/// How unequal the weights of a sample are: their number, sum and sum of squares. Class: algebraic, 3 words.
///
/// Kish (1965): effective n = (Σw)² / Σw², design effect = n Σw² / (Σw)² = n / effective n. Both ignore what was
/// measured: they tell what weights cost when they are unrelated to the answers.
///
/// ```
/// use cxo_core::stats::design::Weights;
/// let weights: Weights = [1.0, 1.0, 2.0].into_iter().collect();
/// assert!((weights.effective_n()? - 16.0 / 6.0).abs() < 1e-15);
/// assert!((weights.design_effect()? - 1.125).abs() < 1e-15);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/design-effect.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawWeights", into = "RawWeights")
)]
pub struct Weights {
    count: u64,
    sum: Sum,
    squares: Sum,
}

/// As written: the sums without their correction terms.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawWeights {
    count: u64,
    sum: f64,
    sum_of_squares: f64,
}

#[cfg(feature = "serde")]
impl From<Weights> for RawWeights {
    fn from(weights: Weights) -> Self {
        Self { count: weights.count, sum: weights.sum(), sum_of_squares: weights.sum_of_squares() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawWeights> for Weights {
    type Error = Error;
    fn try_from(raw: RawWeights) -> Result<Self, Error> {
        let one = |value| std::iter::once(value).collect();
        Self { count: raw.count, sum: one(raw.sum), squares: one(raw.sum_of_squares) }.checked()
    }
}

impl Weights {
    /// Counts one weight.
    pub(crate) fn add(&mut self, weight: f64) {
        self.count = self.count.saturating_add(1);
        self.sum.add(weight);
        self.squares.add(weight * weight);
    }

    /// Refuses sums that no positive weights have.
    fn checked(self) -> Result<Self, Error> {
        let (count, sum, squares) = (self.count, self.sum(), self.sum_of_squares());
        let none = count == 0 && sum == 0.0 && squares == 0.0;
        // Σw² / (Σw)² of n positive weights is at least 1 / n and at most 1; squares may underflow to 0.
        let least = sum * sum / count as f64 * (1.0 - 1e-12);
        let some =
            count > 0 && sum > 0.0 && sum.is_finite() && squares >= least && squares <= sum * sum * (1.0 + 1e-12);
        if none || some {
            Ok(self)
        } else {
            let given = format!("{count}, {sum}, {squares}");
            Err(Error::input("number, sum and sum of squares of weights", given, "those of positive weights"))
        }
    }

    pub(crate) fn write(self, to: &mut Writer) {
        to.u64(self.count);
        [self.sum.parts(), self.squares.parts()].into_iter().flatten().for_each(|part| to.f64(part));
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Error> {
        let count = from.u64()?;
        let mut sum = || {
            let parts = [from.f64()?, from.f64()?];
            Sum::from_parts(parts)
                .ok_or_else(|| from.refuse("sum of weights", format!("{parts:?}"), "a finite sum and its correction"))
        };
        Self { count, sum: sum()?, squares: sum()? }.checked()
    }

    /// The weights of another sample beside these.
    pub(crate) fn merged(mut self, other: Self) -> Result<Self, Error> {
        self.count = self.count.checked_add(other.count).ok_or_else(|| Error::overflow("count of responses"))?;
        self.sum.merge(other.sum);
        self.squares.merge(other.squares);
        Ok(self)
    }

    /// The number of weights.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the weights.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum.value()
    }

    /// The sum of the squared weights.
    #[must_use]
    pub fn sum_of_squares(&self) -> f64 {
        self.squares.value()
    }

    /// Kish's effective n, (Σw)² / Σw², between 1 and n.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without weights, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow)
    /// for weights so far from 1 that their squares leave the range of f64.
    pub fn effective_n(&self) -> Result<f64, Error> {
        if self.count == 0 {
            return Err(Error::no_data("effective n of no weights"));
        }
        let effective = self.sum() / self.sum_of_squares() * self.sum();
        if effective.is_finite() {
            Ok(effective.clamp(1.0, self.count as f64))
        } else {
            Err(Error::overflow("sum of squared weights; divide the weights by their mean"))
        }
    }

    /// Kish's design effect, n Σw² / (Σw)², at least 1.
    ///
    /// # Errors
    /// As for [`Weights::effective_n`].
    pub fn design_effect(&self) -> Result<f64, Error> {
        Ok(self.count as f64 / self.effective_n()?)
    }
}

impl FromIterator<f64> for Weights {
    fn from_iter<I: IntoIterator<Item = f64>>(weights: I) -> Self {
        let mut all = Self::default();
        weights.into_iter().for_each(|weight| all.add(weight));
        all
    }
}

/// Refuses an empty column and the first weight that is not positive and finite.
pub(crate) fn check_weights(weights: &[f64]) -> Result<(), Error> {
    if weights.is_empty() {
        return Err(Error::no_data("a sample without rows"));
    }
    match (0..).zip(weights).find(|(_, weight)| !(**weight > 0.0 && weight.is_finite())) {
        Some((row, weight)) => Err(Error::input("weight", weight, "a positive finite number").at_row(row)),
        None => Ok(()),
    }
}
