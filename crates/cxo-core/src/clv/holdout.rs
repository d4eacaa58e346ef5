//! What did customers do after the histories that a model was fitted on? Calibration and holdout side by side. Stateless;
//! called by the choice among models and by the measures of fit.

use super::Summary;
use super::outlook::PurchaseModel;
use crate::Error;
use crate::numeric::sum::Sum;

/// Repeat buyers and holdout purchases below which a held-out score says little.
const ENOUGH: u64 = 100;

/// Histories of a calibration period, each with the number of purchases in the holdout period after it, which has one length
/// for all.
///
/// ```
/// use cxo_core::clv::{BgNbd, HoldoutSample, Summary};
///
/// let customers = [(Summary::new(2, 30.43, 38.86)?, 1), (Summary::new(0, 0.0, 38.86)?, 0)];
/// let holdout = HoldoutSample::new(&customers, 39.0)?;
/// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
/// // ln P(1 purchase) + ln P(no purchase).
/// assert!((holdout.log_score(&model)? + 1.586).abs() < 1e-3);
/// // Two customers are too few to judge a model by.
/// assert!(!holdout.is_enough());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HoldoutSample<'a> {
    customers: &'a [(Summary, u64)],
    length: f64,
}

impl<'a> HoldoutSample<'a> {
    /// The sample of these customers and this length of the holdout period, in the time unit of the summaries.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, [`ErrorKind::Input`](crate::ErrorKind::Input) unless
    /// the length is finite and above 0.
    pub fn new(customers: &'a [(Summary, u64)], length: f64) -> Result<Self, Error> {
        if customers.is_empty() {
            return Err(Error::no_data("customers of a holdout"));
        }
        if !(length > 0.0 && length.is_finite()) {
            return Err(Error::input("length of the holdout", length, "a finite time above 0"));
        }
        Ok(Self { customers, length })
    }

    /// The customers.
    #[must_use]
    pub const fn customers(&self) -> &'a [(Summary, u64)] {
        self.customers
    }

    /// The length of the holdout period.
    #[must_use]
    pub const fn length(&self) -> f64 {
        self.length
    }

    /// Purchases in the holdout period.
    #[must_use]
    pub fn purchases(&self) -> u64 {
        self.customers.iter().fold(0, |sum, (_, purchases)| sum.saturating_add(*purchases))
    }

    /// Whether the sample can tell models apart: at least 100 customers bought again in the calibration period, at least 100
    /// purchases were made in the holdout period, and the mean age at its start is at least half its length. These are rules
    /// of thumb; formula page: `docs/formulas/clv-model-choice.md`.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        let repeaters = self.customers.iter().filter(|(history, _)| history.frequency() > 0).count() as u64;
        let ages: f64 = self.customers.iter().map(|(history, _)| history.age()).sum();
        repeaters >= ENOUGH && self.purchases() >= ENOUGH && ages >= 0.5 * self.length * self.customers.len() as f64
    }

    /// The held-out log predictive score Σ ln P(X = k | history) over the customers, with the k purchases that each made in the
    /// holdout period; at most 0, and more is better.
    ///
    /// A probability below the least normal number, 2e-308, counts as that. O(customers).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the model reads only whole numbers of opportunities (BG/BB) and the
    /// sample has other times.
    pub fn log_score(&self, model: &impl PurchaseModel) -> Result<f64, Error> {
        let mut sum = Sum::default();
        self.log_scores(model).try_for_each(|score| score.map(|score| sum.add(score)))?;
        Ok(sum.value())
    }

    /// The terms of the score.
    pub(super) fn log_scores(&self, model: &impl PurchaseModel) -> impl Iterator<Item = Result<f64, Error>> {
        (0..).zip(self.customers).map(move |(row, (history, purchases))| {
            model.admits(history).map_err(|error| error.at_row(row))?;
            let probability = model.outlook(history).probability_of(*purchases, self.length)?;
            Ok(probability.clamp(f64::MIN_POSITIVE, 1.0).ln())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::clv::{BgBb, BgNbd};

    #[test]
    fn refuses_what_is_no_sample() {
        let one = [(Summary::NEW, 0)];
        assert_eq!(HoldoutSample::new(&[], 1.0).unwrap_err().kind(), ErrorKind::NoData);
        for length in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(HoldoutSample::new(&one, length).unwrap_err().kind(), ErrorKind::Input);
        }
    }

    #[test]
    fn enough_is_a_matter_of_buyers_purchases_and_time() {
        let sample = |customers: usize, purchases: u64, length: f64| {
            let history = Summary::new(1, 2.0, 10.0).unwrap();
            let customers: Vec<_> = (0..customers).map(|_| (history, purchases)).collect();
            HoldoutSample::new(&customers, length).unwrap().is_enough()
        };
        assert!(sample(100, 1, 20.0));
        assert!(!sample(99, 2, 20.0));
        assert!(!sample(120, 0, 20.0));
        assert!(!sample(100, 1, 20.1));
    }

    #[test]
    fn a_score_is_finite_whatever_happened() {
        let history = Summary::new(0, 0.0, 10.0).unwrap();
        let model = BgNbd::new([1.0, 1e6, 1.0, 1.0]).unwrap();
        let score = |purchases| HoldoutSample::new(&[(history, purchases)], 1.0).unwrap().log_score(&model).unwrap();
        assert_eq!(score(1_000_000), f64::MIN_POSITIVE.ln());
        assert!(score(0) > -1e-5 && score(20) < -200.0 && score(20) > f64::MIN_POSITIVE.ln());
        // Opportunities are whole.
        let model = BgBb::new([1.0; 4]).unwrap();
        let kind = |age, length| {
            let customers = [(Summary::NEW, 0), (Summary::new(0, 0.0, age).unwrap(), 0)];
            let score = HoldoutSample::new(&customers, length).unwrap().log_score(&model);
            score.map_err(|error| (error.kind(), error.row()))
        };
        assert!(kind(3.0, 2.0).is_ok_and(|score| score < 0.0));
        assert_eq!(kind(3.5, 2.0), Err((ErrorKind::Input, Some(1))));
        assert_eq!(kind(3.0, 2.5), Err((ErrorKind::Input, None)));
    }
}
