//! What does one customer's history come to? From the records of a customer in the order of time to a row of the answer. State:
//! the answer so far.

use super::answer::CustomerSummaries;
use super::grouping::{Key, Layout};
use super::observation::Repeats;
use super::options::{Refunds, SpendBasis, ZeroAmounts};
use crate::clv::Summary;
use crate::{Error, domain::Amount};

/// Above this the product of intervals is put away as its logarithm; another interval still fits.
const GREAT_PRODUCT: f64 = 1e280;

/// Purchases before or after the end of the calibration.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    purchases: u32,
    first: u64,
    latest: u64,
    /// Where the latest purchase ends.
    until: u64,
    /// What all purchases came to, and what the first did.
    spend: i128,
    first_spend: i128,
}

/// Σ ln of positive whole numbers, with a logarithm only now and then.
#[derive(Debug, Clone, Copy)]
struct Logarithms {
    product: f64,
    sum: f64,
}

impl Logarithms {
    fn add(&mut self, interval: u64) {
        // Within a million months, so below 2⁶³; signed numbers convert faster.
        self.product *= interval.cast_signed() as f64;
        if self.product > GREAT_PRODUCT {
            self.sum += self.product.ln();
            self.product = 1.0;
        }
    }

    fn value(self) -> f64 {
        self.sum + self.product.ln()
    }
}

impl CustomerSummaries {
    /// Adds a customer with the keys of all records, in order.
    pub(super) fn add<K: Key>(
        &mut self,
        customer: u32,
        keys: &[K],
        layout: Layout,
        repeats: &mut Repeats,
    ) -> Result<(), Error> {
        let (end, calibrated) = (self.observation.end().last, self.observation.calibration.last);
        let (mut calibration, mut holdout) = (Part::default(), Part::default());
        let mut intervals = Logarithms { product: 1.0, sum: 0.0 };
        let (mut merged, mut later) = (0, 0);
        for (at, &key) in keys.iter().enumerate() {
            let (tick, amount) = layout.record(key);
            if tick > end {
                later = (keys.len() - at) as u64;
                break;
            }
            let (is_first, in_calibration) = (calibration.purchases == 0, tick <= calibrated);
            let part = if in_calibration { &mut calibration } else { &mut holdout };
            if amount <= 0 && !self.is_purchase(amount) {
                if amount < 0 && self.definition.refunds == Refunds::Net {
                    self.counts.unmatched_refunds += u64::from(is_first && part.purchases == 0);
                    part.spend += i128::from(if is_first && part.purchases == 0 { 0 } else { amount });
                }
                continue;
            }
            if part.purchases > 0 && tick < part.until {
                merged += 1;
            } else {
                match part.purchases {
                    0 => part.first = tick,
                    1 => part.first_spend = part.spend,
                    _ => {}
                }
                if in_calibration && !is_first {
                    intervals.add(tick - part.latest);
                }
                if !is_first {
                    repeats.add(tick, &self.observation);
                }
                part.purchases += 1;
                part.latest = tick;
                part.until = self.observation.purchase_end(tick)?;
            }
            part.spend += i128::from(amount);
        }
        self.counts.later += later;
        match (calibration.purchases, u64::from(holdout.purchases) + later) {
            (0, 0) => self.counts.without_purchase += 1,
            (0, _) => self.counts.born_later += 1,
            _ => {
                self.counts.merged += merged;
                self.finish(customer, calibration, holdout, intervals)?;
            }
        }
        Ok(())
    }

    /// Whether a record with an amount of at most 0 is one; counts it.
    fn is_purchase(&mut self, amount: i64) -> bool {
        if amount < 0 {
            self.counts.refunds += 1;
            self.definition.refunds == Refunds::Purchase
        } else {
            self.counts.zero_amounts += 1;
            self.definition.zero_amounts == ZeroAmounts::Purchase
        }
    }

    fn finish(&mut self, customer: u32, calibration: Part, holdout: Part, intervals: Logarithms) -> Result<(), Error> {
        let Part { purchases, first, latest, spend, first_spend, .. } = calibration;
        let observation = &self.observation;
        let repeats = purchases - 1;
        let age = observation.calibration.end - first;
        let mut summary = Summary::new(repeats, observation.units(latest - first), observation.units(age))?;
        if repeats > 0 {
            let logs = intervals.value() - f64::from(repeats) * observation.ln_unit;
            summary = summary.with_sum_log_intervals(logs)?;
        }
        if let Some(currency) = self.currency {
            let of_repeats = if repeats > 0 { spend - first_spend } else { 0 };
            let (sum, over) = match self.definition.spend {
                SpendBasis::RepeatPurchases => (of_repeats, repeats),
                SpendBasis::AllPurchases => (spend, purchases),
            };
            if over > 0 {
                // One rounding as long as the sum is below 2⁵³ of the smallest units.
                let units = f64::from(over) * 10_f64.powi(currency.digits().into());
                summary = summary.with_monetary_value(sum as f64 / units)?;
            }
            self.spend.push(amount(spend)?);
            if observation.holdout.is_some() {
                self.holdout_spend.push(amount(holdout.spend)?);
            }
        }
        if observation.holdout.is_some() {
            self.holdout_purchases.push(holdout.purchases);
        }
        self.counts.purchases += u64::from(purchases);
        self.counts.holdout_purchases += u64::from(holdout.purchases);
        self.counts.customers += 1;
        self.summaries.push(summary);
        self.customers.push(customer);
        self.births.push(first);
        Ok(())
    }
}

fn amount(sum: i128) -> Result<Amount, Error> {
    i64::try_from(sum).map(Amount).map_err(|_| Error::overflow("sum of the amounts of a customer"))
}
