//! How many come back, how often does a customer buy, and for how much? Averages over the customers of a log with their
//! uncertainty. State: none, they are asked of [`CustomerSummaries`].

use crate::clv::CustomerSummaries;
use crate::stats::design::{Design, DesignMethod, Ratio};
use crate::stats::mean::Moments;
use crate::stats::proportion::{ProportionMethod, Successes};
use crate::{Absent, Confidence, Error, Estimate};

/// Averages over the customers of a log, up to the end of the observation (with a holdout: of the calibration).
///
/// Customers are the independent units; the uncertainty is about other customers like these, watched for as long.
///
/// Formula page: `docs/formulas/rfm.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PurchaseRates {
    /// Customers.
    pub customers: u64,
    /// Their purchases, the first of each included.
    pub purchases: u64,
    /// The share of customers with a repeat purchase, with a Wilson interval.
    pub repeat_rate: Estimate,
    /// Purchases for each customer, with a t interval.
    pub purchase_frequency: Estimate,
    /// Spend for each purchase, net of refunds, in whole units of the currency: the ratio of two totals, whose standard error
    /// lets the purchases of one customer hang together. Absent without amounts.
    pub average_order_value: Result<Estimate, Absent>,
}

impl CustomerSummaries {
    /// Repeat rate, purchase frequency and average order value.
    ///
    /// With the purchases `n_i` and the spend `s_i` of each of N customers: the share of customers with `n_i` > 1, the mean of
    /// `n_i`, and Σ `s_i` / Σ `n_i`.
    ///
    /// ```
    /// use cxo_core::{Confidence, clv::{PurchaseColumns, SummaryOptions}, domain::Currency};
    ///
    /// let (customers, days, cents) = ([1, 1, 1, 2, 2, 3], [0, 4, 9, 1, 6, 2], [1000, 2000, 3000, 500, 1500, 4000]);
    /// let columns = PurchaseColumns::of_days(&customers, &days)?.amounts(&cents, Currency::iso("EUR")?)?;
    /// let rates = columns.summaries(&SummaryOptions::default())?.rates(Confidence::P95)?;
    /// assert_eq!((rates.customers, rates.purchases), (3, 6));
    /// assert_eq!((rates.repeat_rate.value, rates.purchase_frequency.value), (2.0 / 3.0, 2.0));
    /// assert_eq!(rates.average_order_value.unwrap().value, 20.0);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// One customer has no standard error, and customers who are all alike no interval: both say so.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers.
    ///
    /// # Complexity
    /// O(n).
    ///
    /// Reference: Särndal, C.-E., Swensson, B., Wretman, J. (1992). Model Assisted Survey Sampling, section 5.6 (ratios).
    pub fn rates(&self, confidence: Confidence) -> Result<PurchaseRates, Error> {
        let repeaters = self.purchases().filter(|purchases| *purchases > 1).count() as u64;
        let customers = self.len() as u64;
        let share = Successes(repeaters).of(customers).map_err(|_| Error::no_data("customers"))?;
        let counts: Vec<f64> = self.purchases().map(|purchases| purchases as f64).collect();
        let average_order_value = match self.currency() {
            None => Err(Absent::NotRecorded),
            Some(currency) => {
                let spend: Vec<f64> = self.spend().iter().map(|amount| amount.to_f64(currency)).collect();
                let weights = vec![1.0; counts.len()];
                let ratio = Design::new(&weights)?.ratio(Ratio { numerator: &spend, denominator: &counts })?;
                let mut estimate = ratio.estimate(DesignMethod::StudentT, confidence)?;
                match estimate.standard_error {
                    Ok(0.0) => estimate.interval = Err(Absent::ZeroVariance),
                    Err(reason) => estimate.interval = Err(reason),
                    Ok(_) => {}
                }
                Ok(estimate)
            }
        };
        Ok(PurchaseRates {
            customers,
            purchases: self.counts().purchases,
            repeat_rate: share.estimate(ProportionMethod::Wilson, confidence)?,
            purchase_frequency: Moments::of(&counts)?.estimate(confidence)?,
            average_order_value,
        })
    }
}
