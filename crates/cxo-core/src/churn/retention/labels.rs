//! Who was a customer on a day, did he leave in the window that follows, and what was known of him on that day? Labels for a
//! model of churn, and features that end at the snapshot. State: none; asked of [`Spells`].

use std::fmt;

use chrono::TimeZone;

use super::spells::{SpellEnd, Spells};
use crate::Error;
use crate::churn::Features;
use crate::clv::PurchaseLog;
use crate::domain::{Amount, Currency, Day};

/// On which days customers are looked at, and when their churn counts.
///
/// The window of a snapshot s is (s + lead, s + lead + horizon]: the lead leaves time to act on a score. Defaults: no lead, a
/// horizon of 30 days.
///
/// ```
/// use cxo_core::{churn::retention::LabelOptions, domain::Day};
/// let options = LabelOptions::at(&[Day(100), Day(130)]).lead_days(7).horizon_days(60);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelOptions {
    snapshots: Vec<Day>,
    lead_days: u32,
    horizon_days: u32,
}

impl LabelOptions {
    /// At these days, in any order.
    #[must_use]
    pub fn at(snapshots: &[Day]) -> Self {
        let mut snapshots = snapshots.to_vec();
        snapshots.sort_unstable();
        snapshots.dedup();
        Self { snapshots, lead_days: 0, horizon_days: 30 }
    }

    /// Days after the snapshot before the window begins.
    #[must_use]
    pub fn lead_days(self, days: u32) -> Self {
        Self { lead_days: days, ..self }
    }

    /// Length of the window in days, 1 or more.
    #[must_use]
    pub fn horizon_days(self, days: u32) -> Self {
        Self { horizon_days: days, ..self }
    }
}

/// A customer on a snapshot day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabeledCustomer {
    /// Who: the number that [`Labels::name`] names.
    pub customer: u32,
    /// Since when he was a customer without a break.
    pub since: Day,
    /// The day on which he is looked at.
    pub snapshot: Day,
    /// Whether he left in the window.
    pub churned: bool,
}

/// What became of the customers on the snapshot days. Counts, not estimates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LabelCounts {
    /// Customers who had not left by the snapshot, over all snapshots.
    pub at_risk: u64,
    /// Of these, those who left between snapshot and window: they are left out.
    pub left_in_lead: u64,
    /// Those whose observation ended before the window did, without having left: they are left out.
    pub censored: u64,
    /// Those with a label.
    pub labeled: u64,
    /// Those with a label who left in the window.
    pub churned: u64,
}

/// Customers at risk on snapshot days, each with whether he left in the window: by customer and in the order of time.
///
/// A customer is at risk on a snapshot day s if a spell of his began by then and had not ended. His label is true if he
/// churned, by the definition of the [`Spells`], in (s + lead, s + lead + horizon], and false if he did later or was seen to
/// the end of the window without. Who left in the lead, or whose own observation ended within the window, has no label and is
/// counted; a window that ends after all observation is refused, as only leavers would have a label there.
///
/// One customer may have rows at several snapshots: they are no independent observations, so that folds of a validation and
/// standard errors go by [`customers`](Self::customers).
///
/// ```
/// use cxo_core::{churn::retention::{LabelOptions, Spells}, clv::PurchaseLog, domain::Day};
///
/// let mut log = PurchaseLog::default();
/// for (customer, day) in [("ann", 0), ("ann", 25), ("ann", 50), ("bob", 10), ("eve", 30), ("eve", 58), ("eve", 85)] {
///     log.add(customer, Day(day), None)?;
/// }
/// let spells = Spells::from_activity(&log, 28, Day(100), &chrono::Utc)?;
/// let labels = spells.labels(&LabelOptions::at(&[Day(35)]).lead_days(5).horizon_days(40))?;
/// // Bob is silent for more than 28 days from day 39 on: in the lead. Ann is from day 79 on.
/// let rows: Vec<_> = labels.iter().map(|row| (labels.name(row.customer).unwrap(), row.churned)).collect();
/// assert_eq!((rows, labels.counts().left_in_lead), (vec![("ann", true), ("eve", false)], 1));
/// let features = labels.activity_features(&log, &chrono::Utc, &[30])?;
/// assert_eq!(features.names(), ["tenure_days", "silence_days", "active_days_30"]);
/// assert_eq!(features.columns()[1], [10.0, 5.0]);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// Of [`Spells::labels`]: [`ErrorKind::Input`](crate::ErrorKind::Input) for no snapshot, a horizon of 0 days, and a window that
/// ends after the observation; [`ErrorKind::NoData`](crate::ErrorKind::NoData) if no customer has a label.
///
/// # Complexity
/// O(spells × snapshots).
///
/// Formula page: `docs/formulas/churn-label.md`.
///
/// Reference: Gold, C. (2020). Fighting Churn with Data, chapter 4 (observation dates, lead time).
#[derive(Debug, Clone)]
pub struct Labels<'a> {
    spells: &'a Spells,
    rows: Vec<LabeledCustomer>,
    counts: LabelCounts,
}

impl<'a> Labels<'a> {
    pub(super) fn new(spells: &'a Spells, options: &LabelOptions) -> Result<Self, Error> {
        let LabelOptions { snapshots, lead_days, horizon_days } = options;
        if *horizon_days == 0 {
            return Err(Error::input("horizon", 0, "1 day or more"));
        }
        let Some(last) = snapshots.last() else {
            return Err(Error::input("number of snapshots", 0, "1 or more"));
        };
        let reach = i64::from(*lead_days) + i64::from(*horizon_days);
        let until = i64::from(spells.until().0);
        if i64::from(last.0) + reach > until {
            let latest = i32::try_from(until - reach).map_or_else(|_| "none".to_owned(), |day| Day(day).to_string());
            let allowed = format!("{latest} or earlier, as observation ends on {}", spells.until());
            return Err(Error::input("snapshot", last, allowed));
        }
        let mut labels = Self { spells, rows: Vec::new(), counts: LabelCounts::default() };
        for spell in spells.iter() {
            let begun = snapshots.partition_point(|snapshot| *snapshot < spell.start);
            for &snapshot in snapshots.iter().skip(begun) {
                // Below the end of the observation, as was checked.
                let opens = Day(snapshot.0.saturating_add_unsigned(*lead_days));
                let closes = Day(opens.0.saturating_add_unsigned(*horizon_days));
                let churned = match spell.end {
                    SpellEnd::Churned(day) if day <= snapshot => break,
                    SpellEnd::Censored(day) if day < snapshot => break,
                    SpellEnd::Churned(day) if day <= opens => Outcome::LeftInLead,
                    SpellEnd::Churned(day) => Outcome::Label(day <= closes),
                    SpellEnd::Censored(day) if day < closes => Outcome::Censored,
                    SpellEnd::Censored(_) => Outcome::Label(false),
                };
                labels.add(spell.customer, spell.start, snapshot, churned);
            }
        }
        if labels.rows.is_empty() {
            return Err(Error::no_data("customers with a label"));
        }
        Ok(labels)
    }

    fn add(&mut self, customer: u32, since: Day, snapshot: Day, outcome: Outcome) {
        self.counts.at_risk += 1;
        match outcome {
            Outcome::LeftInLead => self.counts.left_in_lead += 1,
            Outcome::Censored => self.counts.censored += 1,
            Outcome::Label(churned) => {
                self.counts.labeled += 1;
                self.counts.churned += u64::from(churned);
                self.rows.push(LabeledCustomer { customer, since, snapshot, churned });
            }
        }
    }

    /// Every customer with a label, by customer and in the order of time.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = LabeledCustomer> + Clone {
        self.rows.iter().copied()
    }

    /// The number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether the customer of each row left in the window: the target of a model.
    #[must_use]
    pub fn churned(&self) -> Vec<bool> {
        self.rows.iter().map(|row| row.churned).collect()
    }

    /// The customer of each row, for folds and clustered errors.
    #[must_use]
    pub fn customers(&self) -> Vec<u32> {
        self.rows.iter().map(|row| row.customer).collect()
    }

    /// The text of a customer by number.
    #[must_use]
    pub fn name(&self, customer: u32) -> Option<&str> {
        self.spells.name(customer)
    }

    /// What became of the customers.
    #[must_use]
    pub const fn counts(&self) -> LabelCounts {
        self.counts
    }

    /// What was known of each row on its snapshot day, by a computation of one's own: it is given the [`History`] up to the
    /// snapshot and writes a number for each name. It cannot see the future, as the history ends there.
    ///
    /// Customers are matched by their text; whoever has no record has an empty history. The computation is called once for
    /// each row.
    ///
    /// # Errors
    /// Those of [`Features::new`], among them a number that is not finite;
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for an instant beyond the calendar.
    ///
    /// # Complexity
    /// O(n log n) in the records of the log, and one call a row.
    pub fn features<Z: TimeZone>(
        &self,
        activity: &PurchaseLog,
        zone: &Z,
        names: &[impl AsRef<str>],
        compute: impl Fn(&History<'_>, &mut [f64]),
    ) -> Result<Features, Error> {
        let mut table = Table { columns: vec![vec![0.0; self.rows.len()]; names.len()], row: vec![0.0; names.len()] };
        let mut known = vec![false; self.rows.len()];
        let currency = activity.currency();
        if !activity.is_empty() {
            activity.columns()?.on_days(zone)?.each_customer(|customer, records| {
                let Some(customer) = self.spells.find(activity.name(customer).unwrap_or_default()) else {
                    return Ok(());
                };
                let first = self.rows.partition_point(|row| row.customer < customer);
                for (at, row) in
                    (first..).zip(self.rows.iter().skip(first)).take_while(|(_, row)| row.customer == customer)
                {
                    let seen = records.partition_point(|(day, _)| *day <= row.snapshot);
                    table.fill(at, row, records.get(..seen).unwrap_or_default(), currency, &compute);
                    if let Some(known) = known.get_mut(at) {
                        *known = true;
                    }
                }
                Ok(())
            })?;
        }
        for (at, row) in self.rows.iter().enumerate().filter(|(at, _)| known.get(*at) == Some(&false)) {
            table.fill(at, row, &[], currency, &compute);
        }
        Features::new(names.iter().map(|name| name.as_ref().to_owned()).zip(table.columns).collect())
    }

    /// What a log of activity tells of each row on its snapshot day: `tenure_days` since the first record or the start of the
    /// spell, whichever is earlier; `silence_days` since the last activity, or that start where there is none; and for each
    /// window of w days, (snapshot - w, snapshot], `active_days_w` and, with amounts, their sum `amount_w` in whole units of
    /// the currency.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a repeated window; otherwise as [`features`](Self::features).
    ///
    /// # Complexity
    /// O(n log n) in the records of the log, and for each row O(windows × records of the customer).
    pub fn activity_features<Z: TimeZone>(
        &self,
        activity: &PurchaseLog,
        zone: &Z,
        windows_days: &[u32],
    ) -> Result<Features, Error> {
        let kinds = if activity.currency().is_some() { &["active_days", "amount"][..] } else { &["active_days"] };
        let of_windows = windows_days.iter().flat_map(|days| kinds.iter().map(move |kind| format!("{kind}_{days}")));
        let names: Vec<String> =
            ["tenure_days", "silence_days"].into_iter().map(str::to_owned).chain(of_windows).collect();
        self.features(activity, zone, &names, |history, values| {
            let mut values = values.iter_mut();
            let mut put = |value: f64| {
                if let Some(slot) = values.next() {
                    *slot = value;
                }
            };
            put(f64::from(history.tenure_days()));
            put(f64::from(history.silence_days()));
            for &days in windows_days {
                put(f64::from(history.active_days(days)));
                if history.currency.is_some() {
                    put(history.amount(days));
                }
            }
        })
    }
}

/// What happened to a customer at risk.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    LeftInLead,
    Censored,
    Label(bool),
}

/// Columns in the making, and the values of one row.
struct Table {
    columns: Vec<Vec<f64>>,
    row: Vec<f64>,
}

impl Table {
    fn fill(
        &mut self,
        at: usize,
        row: &LabeledCustomer,
        records: &[(Day, Amount)],
        currency: Option<Currency>,
        compute: impl Fn(&History<'_>, &mut [f64]),
    ) {
        self.row.fill(0.0);
        compute(&History { since: row.since, snapshot: row.snapshot, records, currency }, &mut self.row);
        for (column, value) in self.columns.iter_mut().zip(&self.row) {
            if let Some(slot) = column.get_mut(at) {
                *slot = *value;
            }
        }
    }
}

/// What was known of a customer at the end of a snapshot day: no record of it is later.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct History<'a> {
    /// Since when he was a customer without a break.
    pub since: Day,
    /// The day on which he is looked at.
    pub snapshot: Day,
    /// All records up to then, by day; an amount of 1 each where the log has none.
    pub records: &'a [(Day, Amount)],
    /// The currency of the amounts.
    pub currency: Option<Currency>,
}

impl fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({} records from {} to {})", self.records.len(), self.since, self.snapshot)
    }
}

impl History<'_> {
    /// Days since the first record or the start of the spell, whichever is earlier.
    #[must_use]
    pub fn tenure_days(&self) -> u32 {
        let first = self.records.first().map_or(self.since, |(day, _)| self.since.min(*day));
        self.snapshot.0.abs_diff(first.0)
    }

    /// Days since the last activity; since the start of the spell where there is none. A refund is no activity.
    #[must_use]
    pub fn silence_days(&self) -> u32 {
        let last = self.records.iter().rev().find(|(_, amount)| amount.0 >= 0);
        self.snapshot.0.abs_diff(last.map_or(self.since, |(day, _)| *day).0)
    }

    /// Days with activity among the last so many days, that of the snapshot included.
    #[must_use]
    pub fn active_days(&self, days: u32) -> u32 {
        let mut latest = None;
        let mut count = 0;
        for (day, _) in self.last(days).iter().filter(|(_, amount)| amount.0 >= 0) {
            count += u32::from(latest != Some(*day));
            latest = Some(*day);
        }
        count
    }

    /// The sum of the amounts of the last so many days, refunds taken off, in whole units of the currency (in records without
    /// amounts, their number).
    #[must_use]
    pub fn amount(&self, days: u32) -> f64 {
        let sum: i128 = self.last(days).iter().map(|(_, amount)| i128::from(amount.0)).sum();
        sum as f64 / self.currency.map_or(1.0, |currency| 10_f64.powi(currency.digits().into()))
    }

    /// The records of the last so many days.
    fn last(&self, days: u32) -> &[(Day, Amount)] {
        let from = self.records.partition_point(|(day, _)| self.snapshot.0.abs_diff(day.0) >= days);
        self.records.get(from..).unwrap_or_default()
    }
}
