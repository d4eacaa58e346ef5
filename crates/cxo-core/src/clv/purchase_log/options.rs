//! How are purchases counted? The choices of [`PurchaseLog::summaries`](super::PurchaseLog::summaries), each under its name.
//! State: none.

use std::fmt;

use chrono::{TimeZone, Utc};

use crate::clv::named::named;
use crate::domain::{Day, Timestamp};

/// When a purchase was made: on a civil day, or at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum PurchaseTime {
    /// A day; nothing is known of the hour.
    Day(Day),
    /// An instant, which falls on a day only in a time zone.
    Instant(Timestamp),
}

impl From<Day> for PurchaseTime {
    fn from(day: Day) -> Self {
        Self::Day(day)
    }
}

impl From<Timestamp> for PurchaseTime {
    fn from(at: Timestamp) -> Self {
        Self::Instant(at)
    }
}

impl fmt::Display for PurchaseTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Instant(at) => at.fmt(f),
        }
    }
}

named! {
    /// The unit of recency, age and every model parameter. It only scales: which purchases are one is a [`MergeRule`].
    ///
    /// ```
    /// use cxo_core::clv::TimeUnit;
    /// assert_eq!("week".parse::<TimeUnit>()?.days(), 7.0);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    #[derive(Default)]
    TimeUnit, "time unit" {
        /// A day.
        #[default]
        Day => "day",
        /// 7 days.
        Week => "week",
        /// 365.25 / 12 = 30.4375 days.
        Month => "month",
    }

    /// Which records of a customer are one purchase. A merged purchase stands at the time of its first record.
    ///
    /// A repeat purchase takes time, so records at the very same time are one under every rule.
    #[derive(Default)]
    MergeRule, "merge rule" {
        /// Those of one civil day, in the time zone of [`SummaryOptions::zone`]; as lifetimes, BTYD and `CLVTools` count.
        #[default]
        CalendarDay => "day",
        /// Each record is a purchase of its own, unless another has the same instant. In a log of days this is the day.
        None => "none",
        /// Those of one calendar unit: the day, the ISO 8601 week (from Monday) or the calendar month, after the
        /// [`TimeUnit`].
        Unit => "unit",
    }

    /// Which purchases the mean spend is taken over. The first purchase is never part of the frequency.
    #[derive(Default)]
    SpendBasis, "spend basis" {
        /// Repeat purchases, as the Gamma-Gamma model reads it; none without repeat purchases.
        #[default]
        RepeatPurchases => "repeat",
        /// All purchases, the first included.
        AllPurchases => "all",
    }

    /// What a record with a negative amount means.
    #[derive(Default)]
    Refunds, "refunds" {
        /// It is no purchase; it reduces the spend of the customer's latest purchase before it, that of the same time
        /// included. One before every purchase of the customer reduces nothing and is counted. After a calibration it reduces the
        /// spend of the holdout, so that nothing leaks back.
        #[default]
        Net => "net",
        /// It is left out.
        Ignore => "ignore",
        /// It is a record as any other, so that alone on its day it is a purchase; as lifetimes and `CLVTools` count.
        Purchase => "purchase",
        /// It is an error.
        Reject => "reject",
    }

    /// What a record with an amount of zero means.
    #[derive(Default)]
    ZeroAmounts, "zero amounts" {
        /// A purchase, such as a free order; as lifetimes and `CLVTools` count.
        #[default]
        Purchase => "purchase",
        /// It is left out.
        Ignore => "ignore",
        /// It is an error.
        Reject => "reject",
    }
}

impl TimeUnit {
    /// Its length in days.
    #[must_use]
    pub const fn days(self) -> f64 {
        match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => 365.25 / 12.0,
        }
    }
}

/// How a log of purchases becomes summaries.
///
/// The defaults: time in days, purchases of one calendar day in UTC are one, observed until the last record, no holdout, mean
/// spend of repeat purchases, refunds netted, zero amounts are purchases.
///
/// ```
/// use cxo_core::{clv::{MergeRule, SummaryOptions, TimeUnit}, domain::Day};
/// let until = Day::from_date("1997-09-30".parse().unwrap());
/// let options = SummaryOptions::default().unit(TimeUnit::Week).merge(MergeRule::CalendarDay).until(until);
/// assert_eq!(options, options.zone(chrono::Utc));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummaryOptions<Z = Utc> {
    pub(super) unit: TimeUnit,
    pub(super) merge: MergeRule,
    pub(super) until: Option<PurchaseTime>,
    pub(super) holdout_until: Option<PurchaseTime>,
    pub(super) spend: SpendBasis,
    pub(super) refunds: Refunds,
    pub(super) zero_amounts: ZeroAmounts,
    pub(super) zone: Z,
}

impl Default for SummaryOptions {
    fn default() -> Self {
        Self {
            unit: TimeUnit::default(),
            merge: MergeRule::default(),
            until: None,
            holdout_until: None,
            spend: SpendBasis::default(),
            refunds: Refunds::default(),
            zero_amounts: ZeroAmounts::default(),
            zone: Utc,
        }
    }
}

impl<Z> SummaryOptions<Z> {
    /// The unit of time.
    #[must_use]
    pub fn unit(self, unit: TimeUnit) -> Self {
        Self { unit, ..self }
    }

    /// Which records are one purchase.
    #[must_use]
    pub fn merge(self, merge: MergeRule) -> Self {
        Self { merge, ..self }
    }

    /// The end of the observation (with a holdout: of the calibration), inclusive; unless set, the last record of the log.
    ///
    /// Where time is counted in days, the whole day counts. Where it is counted in instants ([`MergeRule::None`] on a log of
    /// instants), a day ends with the midnight after it.
    #[must_use]
    pub fn until(self, end: impl Into<PurchaseTime>) -> Self {
        Self { until: Some(end.into()), ..self }
    }

    /// Also counts the purchases after [`until`](Self::until) up to this end, inclusive.
    #[must_use]
    pub fn holdout_until(self, end: impl Into<PurchaseTime>) -> Self {
        Self { holdout_until: Some(end.into()), ..self }
    }

    /// Which purchases the mean spend is taken over.
    #[must_use]
    pub fn spend(self, spend: SpendBasis) -> Self {
        Self { spend, ..self }
    }

    /// What negative amounts mean.
    #[must_use]
    pub fn refunds(self, refunds: Refunds) -> Self {
        Self { refunds, ..self }
    }

    /// What amounts of zero mean.
    #[must_use]
    pub fn zero_amounts(self, zero_amounts: ZeroAmounts) -> Self {
        Self { zero_amounts, ..self }
    }

    /// The time zone in which instants fall on days.
    #[must_use]
    pub fn zone<Y: TimeZone>(self, zone: Y) -> SummaryOptions<Y> {
        let Self { unit, merge, until, holdout_until, spend, refunds, zero_amounts, zone: _ } = self;
        SummaryOptions { unit, merge, until, holdout_until, spend, refunds, zero_amounts, zone }
    }
}
