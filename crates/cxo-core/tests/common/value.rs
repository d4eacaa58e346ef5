//! Customers who spend, and numbers that are close.

use cxo_core::Seed;
use cxo_core::clv::{GammaGamma, Simulated, Summaries, Summary, Valuation};

pub(crate) const WEEKS: f64 = Valuation::MONTH_IN_WEEKS;

pub(crate) fn months() -> Valuation {
    Valuation::default().period(WEEKS).unwrap()
}

pub(crate) fn history(frequency: u32, recency: f64, age: f64, mean: f64) -> Summary {
    Summary::new(frequency, recency, age).unwrap().with_monetary_value(mean).unwrap()
}

pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} instead of {expected}");
}

/// Customers with so many purchases each and their spends.
pub(crate) fn spenders(model: &GammaGamma, purchases: &[u32], seed: u64) -> Summaries {
    let spends = model.simulate(purchases, Seed(seed));
    let summary = |(customer, &frequency): (usize, &u32)| match spends.mean_of_purchases(customer) {
        Some(mean) => history(frequency, 5.0, 9.0, mean),
        None => Summary::new(0, 0.0, 9.0).unwrap(),
    };
    purchases.iter().enumerate().map(summary).collect()
}

/// Purchases of each customer.
pub(crate) fn counts(simulated: &Simulated) -> Vec<u32> {
    (0..simulated.len()).map(|customer| u32::try_from(simulated.purchases(customer).len()).unwrap()).collect()
}
