//! What do the customers of a log look like to a model? The answer of [`PurchaseLog::summaries`](super::PurchaseLog::summaries).
//! State: columns with a row for each customer; fits, scores and tables read it.

use super::observation::Observation;
use super::options::{MergeRule, PurchaseTime, Refunds, SpendBasis, TimeUnit, ZeroAmounts};
use crate::clv::{Summaries, Summary};
use crate::domain::{Amount, Currency};

/// What the answer means: the choices it was asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SummaryDefinition {
    /// The unit of every time.
    pub unit: TimeUnit,
    /// Which records are one purchase.
    pub merge: MergeRule,
    /// Which purchases the mean spend is taken over.
    pub spend: SpendBasis,
    /// What negative amounts mean.
    pub refunds: Refunds,
    /// What amounts of zero mean.
    pub zero_amounts: ZeroAmounts,
}

/// What became of the records of a log. Counts, not estimates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LogCounts {
    /// Records in the log.
    pub records: u64,
    /// Records after the end of all observation.
    pub later: u64,
    /// Records with a negative amount within the observation.
    pub refunds: u64,
    /// Of these, under [`Refunds::Net`], those before every purchase of their customer: they reduce nothing.
    pub unmatched_refunds: u64,
    /// Records with an amount of zero within the observation.
    pub zero_amounts: u64,
    /// Records that joined an earlier purchase of their customer.
    pub merged: u64,
    /// Customers with a summary.
    pub customers: u64,
    /// Their purchases up to the end (of the calibration), the first of each included.
    pub purchases: u64,
    /// Their purchases in the holdout.
    pub holdout_purchases: u64,
    /// Customers left out because their first purchase is after the end (of the calibration).
    pub born_later: u64,
    /// Customers left out because all their records are refunds, or amounts of zero that are ignored.
    pub without_purchase: u64,
}

/// What a customer did after the calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Holdout {
    /// Purchases, merged by the same rule.
    pub purchases: u32,
    /// What they came to, net of refunds by the same policy; `None` without amounts.
    pub spend: Option<Amount>,
}

/// One customer of a [`CustomerSummaries`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CustomerSummary {
    /// Who: the number that [`PurchaseLog::name`](super::PurchaseLog::name) names, or the id in the columns.
    pub customer: u32,
    /// The history. Its monetary value is absent without amounts, and under [`SpendBasis::RepeatPurchases`] without repeat
    /// purchases.
    pub summary: Summary,
    /// When the customer was born.
    pub first_purchase: PurchaseTime,
    /// What all purchases up to the end (of the calibration) came to, the first included; `None` without amounts.
    pub spend: Option<Amount>,
    /// What came after the calibration; `None` where no holdout was asked for.
    pub holdout: Option<Holdout>,
}

/// The customers of a log, each with a summary: in the order of their first appearance, those of
/// [`PurchaseColumns`](super::PurchaseColumns) by ascending id.
///
/// About 84 bytes a customer, 12 more with a holdout; [`summaries`](Self::summaries) is what fits take, without a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerSummaries {
    pub(super) definition: SummaryDefinition,
    pub(super) currency: Option<Currency>,
    pub(super) observation: Observation,
    pub(super) counts: LogCounts,
    /// Repeat purchases by period.
    pub(super) periods: Vec<u64>,
    pub(super) summaries: Summaries,
    pub(super) customers: Vec<u32>,
    /// Ticks since the first record.
    pub(super) births: Vec<u64>,
    /// Empty without amounts.
    pub(super) spend: Vec<Amount>,
    /// Both empty without a holdout, and the second without amounts.
    pub(super) holdout_purchases: Vec<u32>,
    pub(super) holdout_spend: Vec<Amount>,
}

impl CustomerSummaries {
    /// Nobody yet, with room for so many.
    pub(super) fn new(
        definition: SummaryDefinition,
        currency: Option<Currency>,
        observation: Observation,
        customers: usize,
    ) -> Self {
        let room = |wanted: bool| if wanted { customers } else { 0 };
        let has_holdout = observation.holdout.is_some();
        Self {
            definition,
            currency,
            observation,
            counts: LogCounts::default(),
            periods: Vec::new(),
            summaries: Summaries::with_capacity(customers),
            customers: Vec::with_capacity(customers),
            births: Vec::with_capacity(customers),
            spend: Vec::with_capacity(room(currency.is_some())),
            holdout_purchases: Vec::with_capacity(room(has_holdout)),
            holdout_spend: Vec::with_capacity(room(has_holdout && currency.is_some())),
        }
    }

    /// The histories alone, one row for each customer in the same order: what the fit of a model takes.
    #[must_use]
    pub const fn summaries(&self) -> &Summaries {
        &self.summaries
    }

    /// The histories alone, without the rest.
    #[must_use]
    pub fn into_summaries(self) -> Summaries {
        self.summaries
    }

    /// The number of customers.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// Every customer.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = CustomerSummary> {
        let has_holdout = self.observation.holdout.is_some();
        self.summaries.iter().zip(&self.customers).zip(&self.births).enumerate().map(
            move |(at, (((summary, _), &customer), &birth))| CustomerSummary {
                customer,
                summary,
                first_purchase: self.observation.time(birth),
                spend: self.spend.get(at).copied(),
                holdout: has_holdout.then(|| Holdout {
                    purchases: self.holdout_purchases.get(at).copied().unwrap_or_default(),
                    spend: self.holdout_spend.get(at).copied(),
                }),
            },
        )
    }

    /// What became of the records.
    #[must_use]
    pub const fn counts(&self) -> LogCounts {
        self.counts
    }

    /// What the answer means.
    #[must_use]
    pub const fn definition(&self) -> SummaryDefinition {
        self.definition
    }

    /// The currency, if there are amounts.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// The time of the first record of the log, of whomever: time 0 of [`births`](Self::births) and of
    /// [`repeat_purchases_by_period`](Self::repeat_purchases_by_period).
    #[must_use]
    pub fn start(&self) -> PurchaseTime {
        self.observation.time(0)
    }

    /// Units from the start to the end (of the calibration).
    #[must_use]
    pub fn observed(&self) -> f64 {
        self.observation.units(self.observation.calibration.end)
    }

    /// Units from the end of the calibration to that of the holdout; `None` where no holdout was asked for.
    #[must_use]
    pub fn holdout(&self) -> Option<f64> {
        let calibrated = self.observation.calibration.end;
        self.observation.holdout.map(|holdout| self.observation.units(holdout.end - calibrated))
    }

    /// For each customer the units from the start to the first purchase.
    #[must_use]
    pub fn births(&self) -> impl ExactSizeIterator<Item = f64> {
        self.births.iter().map(|&birth| self.observation.units(birth))
    }

    /// How many repeat purchases all customers made in each period: at position k those at times in (k, k + 1] units since the
    /// start, up to the end of the holdout. The last period may be cut short by that end. With [`births`](Self::births) these
    /// are the actual side of a tracking curve.
    #[must_use]
    pub fn repeat_purchases_by_period(&self) -> &[u64] {
        &self.periods
    }

    /// For each customer the ticks (days or microseconds) from the latest purchase to the end (of the calibration). Whole, so that
    /// customers of the same last day are equal, which a difference of two quotients would not tell.
    pub(in crate::clv) fn silences(&self) -> impl ExactSizeIterator<Item = u64> {
        let end = self.observation.calibration.end;
        self.summaries
            .iter()
            .zip(&self.births)
            .map(move |((summary, _), birth)| end.saturating_sub(birth + self.observation.ticks(summary.recency())))
    }

    /// For each customer the purchases up to the end (of the calibration), the first included.
    pub(in crate::clv) fn purchases(&self) -> impl ExactSizeIterator<Item = u64> {
        self.summaries.iter().map(|(summary, _)| u64::from(summary.frequency()) + 1)
    }

    /// What each customer spent on them; empty without amounts.
    pub(in crate::clv) fn spend(&self) -> &[Amount] {
        &self.spend
    }
}
