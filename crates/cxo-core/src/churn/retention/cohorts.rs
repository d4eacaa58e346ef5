//! How many of those who came in one period are active in later ones? The cohort table of a log of activity, its retention
//! curve, and what each cohort paid. State: [`PurchaseLog`](crate::clv::PurchaseLog), whose columns are read once.

use chrono::TimeZone;

use super::calendar::Calendar;
use super::{CohortOptions, PeriodClock, RetentionKind};
use crate::clv::{DayRecords, PurchaseColumns};
use crate::domain::{Amount, Currency, Day, Period};
use crate::stats::proportion::{ProportionMethod, Successes};
use crate::{Absent, Confidence, Error, Estimate};

/// Cohorts of customers by the period of their first activity, each with its later activity: counts, of which shares,
/// intervals and the [curve](Self::curve) are asked.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CohortTable {
    /// The calendar period of acquisition.
    pub period: Period,
    /// What later periods are counted by.
    pub clock: PeriodClock,
    /// What it means to be retained.
    pub kind: RetentionKind,
    /// The last day that was observed.
    pub until: Day,
    /// The currency, if records have amounts.
    pub currency: Option<Currency>,
    /// The cohorts in the order of time; periods in which nobody came have none.
    pub cohorts: Vec<Cohort>,
    /// What became of the records.
    pub counts: CohortCounts,
}

/// Customers whose first activity fell into one period.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Cohort {
    /// The first day of the period of acquisition; [`Period::label`] names it.
    pub start: Day,
    /// How many customers.
    pub customers: u64,
    /// How many of them were retained, by period. The last cells may be immature.
    pub retained: Vec<RetentionCell>,
    /// What they paid in each period, refunds taken off; empty without amounts.
    pub revenue: Vec<RevenueCell>,
}

/// A cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RetentionCell {
    /// The period, or the first one of a bracket; 0 is that of the first activity.
    pub period: u32,
    /// The last period that counts; `None` where all later ones do.
    pub through: Option<u32>,
    /// The customers of the cohort.
    pub at_risk: u64,
    /// Those of them who were active, as far as observed.
    pub customers: u64,
    /// Whether the whole cohort was observed for as long as the definition asks.
    pub mature: bool,
}

/// What a cohort paid in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RevenueCell {
    /// The period; 0 is that of the first activity.
    pub period: u32,
    /// What was paid, less what was paid back in this period.
    pub amount: Amount,
    /// Whether the whole cohort was observed to the end of the period.
    pub mature: bool,
}

/// One column of the table over all cohorts that are mature in it: a point of the retention curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CurvePoint {
    /// The period, or the first one of a bracket.
    pub period: u32,
    /// The last period that counts; `None` where all later ones do.
    pub through: Option<u32>,
    /// How many cohorts are mature here.
    pub cohorts: u64,
    /// Their customers.
    pub at_risk: u64,
    /// Those of them who were active.
    pub customers: u64,
}

/// What became of the records. Counts, not estimates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CohortCounts {
    /// Records in the log.
    pub records: u64,
    /// Records after the end of the observation.
    pub later: u64,
    /// Records with a negative amount within the observation: they take off revenue and are no activity.
    pub refunds: u64,
    /// Of these, those before every activity of their customer: they belong to no cohort.
    pub unmatched_refunds: u64,
    /// Customers in a cohort.
    pub customers: u64,
    /// Customers whose first record is after the end of the observation.
    pub born_later: u64,
    /// Customers who have refunds only.
    pub without_activity: u64,
}

impl RetentionCell {
    /// customers / `at_risk` with its plain standard error and an interval.
    ///
    /// In period 0 the share is 1 [by definition](Absent::ByDefinition); in an immature cell it tells of the part of the
    /// period that was observed ([`Absent::Immature`]). Neither has an interval.
    ///
    /// # Errors
    /// As [`Share::interval`](crate::stats::proportion::Share::interval).
    pub fn share(&self, method: ProportionMethod, confidence: Confidence) -> Result<Estimate, Error> {
        let uncertain = match (self.mature, self.period) {
            (false, _) => Err(Absent::Immature),
            (true, 0) => Err(Absent::ByDefinition),
            (true, _) => Ok(()),
        };
        share(self.customers, self.at_risk, uncertain, method, confidence)
    }
}

impl CurvePoint {
    /// customers / `at_risk` with its plain standard error and an interval, the customers of all cohorts taken for one sample.
    /// In period 0 it is 1 by definition.
    ///
    /// # Errors
    /// As [`Share::interval`](crate::stats::proportion::Share::interval).
    pub fn share(&self, method: ProportionMethod, confidence: Confidence) -> Result<Estimate, Error> {
        let uncertain = if self.period == 0 { Err(Absent::ByDefinition) } else { Ok(()) };
        share(self.customers, self.at_risk, uncertain, method, confidence)
    }
}

fn share(
    customers: u64,
    at_risk: u64,
    uncertain: Result<(), Absent>,
    method: ProportionMethod,
    confidence: Confidence,
) -> Result<Estimate, Error> {
    let estimate = Successes(customers).of(at_risk)?.estimate(method, confidence)?;
    Ok(match uncertain {
        Ok(()) => estimate,
        Err(reason) => Estimate { standard_error: Err(reason), interval: Err(reason), ..estimate },
    })
}

impl CohortTable {
    /// The retention curve: each column over the cohorts that are mature in it, as far as there are any.
    ///
    /// Later columns come from fewer and older cohorts, so that the curve may rise where newer cohorts do worse than older
    /// ones; the cohorts themselves tell which it is.
    ///
    /// # Complexity
    /// O(cells).
    #[must_use]
    pub fn curve(&self) -> Vec<CurvePoint> {
        let mut points: Vec<CurvePoint> = Vec::new();
        for cohort in &self.cohorts {
            for (at, cell) in cohort.retained.iter().enumerate() {
                if points.len() == at {
                    let RetentionCell { period, through, .. } = *cell;
                    points.push(CurvePoint { period, through, cohorts: 0, at_risk: 0, customers: 0 });
                }
                if let Some(point) = points.get_mut(at).filter(|_| cell.mature) {
                    point.cohorts += 1;
                    point.at_risk += cell.at_risk;
                    point.customers += cell.customers;
                }
            }
        }
        points.retain(|point| point.cohorts > 0);
        points
    }
}

/// The table of cohorts of a log of activity: purchases, logins, payments, or whatever the log holds.
///
/// A customer belongs to the cohort of the period of his first activity. Of a cohort with n customers, of whom x were retained
/// in period N by the [`RetentionKind`], the share is x / n. A cell is mature, and enters the [curve](CohortTable::curve),
/// only if the whole cohort was observed to the end of period N; the last period is not over before its last day is.
///
/// A record with a negative amount is a refund: no activity, but it takes off the revenue of its period. If the log begins in
/// the midst of a business, its first cohorts hold customers who came before.
///
/// ```
/// use cxo_core::{Confidence, clv::PurchaseLog, domain::Day, stats::proportion::ProportionMethod};
/// use cxo_core::churn::retention::{CohortOptions, cohort_table};
///
/// let mut log = PurchaseLog::default();
/// let day = |text: &str| Day::from_date(text.parse().unwrap());
/// for (customer, date) in [("ann", "2026-01-05"), ("ann", "2026-02-11"), ("bob", "2026-01-20"), ("eve", "2026-02-02"), ("eve", "2026-03-09")] {
///     log.add(customer, day(date), None)?;
/// }
/// let table = cohort_table(log.columns()?, &CohortOptions::default().until(day("2026-03-31")))?;
/// let january = &table.cohorts[0];
/// let counts: Vec<(u32, u64, bool)> = january.retained.iter().map(|cell| (cell.period, cell.customers, cell.mature)).collect();
/// assert_eq!((january.customers, counts), (2, vec![(0, 2, true), (1, 1, true), (2, 0, true)]));
/// // Period 1 was observed for both cohorts: one of two and one of one came back.
/// let first = table.curve()[1].share(ProportionMethod::Wilson, Confidence::P95)?;
/// assert_eq!((first.value, first.n), (2.0 / 3.0, 3));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a record up to the end,
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for more than 4,000 periods (a wrong date),
/// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for a date beyond the calendar and a sum of amounts beyond 64 bits.
///
/// # Complexity
/// O(n log n) in the records, with a logarithm of about 2¹³ of them; a cell for each pair of periods.
///
/// Formula page: `docs/formulas/cohorts.md`.
///
/// Reference: Gold, C. (2020). Fighting Churn with Data, chapter 2 (retention, by events); the three kinds are those of
/// product analytics.
pub fn cohort_table<Z: TimeZone>(
    activity: PurchaseColumns<'_>,
    options: &CohortOptions<Z>,
) -> Result<CohortTable, Error> {
    let records = activity.on_days(&options.zone)?;
    let (first, last) = records.ends();
    let calendar = Calendar::new(options.period, options.clock, first, options.until.unwrap_or(last))?;
    let mut tally = Tally::new(&calendar, &options.kind, &records);
    records.each_customer(|_, history| tally.add(history))?;
    Ok(CohortTable {
        period: options.period,
        clock: options.clock,
        kind: options.kind.clone(),
        until: calendar.until(),
        currency: records.currency(),
        cohorts: tally.cohorts(),
        counts: tally.counts,
    })
}

/// No column has this place.
const NO_COLUMN: usize = usize::MAX;

/// The cells of all cohorts in one row after the other; that of period c has a cell for each period from c on.
struct Tally<'a> {
    calendar: &'a Calendar,
    kind: &'a RetentionKind,
    columns: Vec<(u32, Option<u32>)>,
    /// The column of each period.
    column_of: Vec<usize>,
    sizes: Vec<u64>,
    active: Vec<u64>,
    /// Empty without amounts.
    revenue: Vec<i64>,
    counts: CohortCounts,
}

impl<'a> Tally<'a> {
    fn new(calendar: &'a Calendar, kind: &'a RetentionKind, records: &DayRecords<'_>) -> Self {
        let periods = calendar.periods();
        let all = (0..).take(periods);
        let columns: Vec<(u32, Option<u32>)> = match kind {
            RetentionKind::NDay => all.map(|period| (period, Some(period))).collect(),
            RetentionKind::Unbounded { .. } => all.map(|period| (period, None)).collect(),
            RetentionKind::Bracket(brackets) => {
                brackets.within(periods).into_iter().map(|(from, through)| (from, Some(through))).collect()
            }
        };
        let mut column_of = vec![NO_COLUMN; periods];
        for (column, &(from, through)) in columns.iter().enumerate() {
            let many = through.map_or(1, |through| (through - from) as usize + 1);
            column_of.iter_mut().skip(from as usize).take(many).for_each(|place| *place = column);
        }
        let cells = periods * (periods + 1) / 2;
        Self {
            calendar,
            kind,
            columns,
            column_of,
            sizes: vec![0; periods],
            active: vec![0; cells],
            revenue: vec![0; if records.currency().is_some() { cells } else { 0 }],
            counts: CohortCounts { records: records.len(), ..CohortCounts::default() },
        }
    }

    /// Where the cells of a cohort begin.
    fn row(&self, cohort: usize) -> usize {
        cohort * self.calendar.periods() - cohort * cohort.saturating_sub(1) / 2
    }

    /// Adds a customer with all his records in the order of time.
    fn add(&mut self, history: &[(Day, Amount)]) -> Result<(), Error> {
        let until = self.calendar.until();
        let mut began: Option<(Day, usize)> = None;
        let mut latest = NO_COLUMN;
        for (at, &(day, amount)) in history.iter().enumerate() {
            if day > until {
                self.counts.later += (history.len() - at) as u64;
                break;
            }
            if amount.0 < 0 {
                self.counts.refunds += 1;
                if began.is_none() {
                    self.counts.unmatched_refunds += 1;
                    continue;
                }
            }
            let (first, row) = *began.get_or_insert_with(|| {
                let cohort = self.calendar.period_of(day);
                if let Some(size) = self.sizes.get_mut(cohort) {
                    *size += 1;
                }
                (day, self.row(cohort))
            });
            let period = self.calendar.since(first, day);
            if let Some(sum) = self.revenue.get_mut(row + period) {
                *sum = Amount(*sum).checked_add(amount)?.0;
            }
            let column = self.column_of.get(period).copied().unwrap_or(NO_COLUMN);
            if amount.0 >= 0 && column != latest {
                // Of an unbounded kind only the last period counts, for all periods before it.
                if !matches!(self.kind, RetentionKind::Unbounded { .. }) {
                    self.see(row, column);
                }
                latest = column;
            }
        }
        match (began, history.first()) {
            (Some((_, row)), _) => {
                self.counts.customers += 1;
                if matches!(self.kind, RetentionKind::Unbounded { .. }) {
                    self.see(row, latest);
                }
            }
            (None, Some((day, _))) if *day > until => self.counts.born_later += 1,
            (None, _) => self.counts.without_activity += 1,
        }
        Ok(())
    }

    fn see(&mut self, row: usize, column: usize) {
        if let Some(count) =
            row.checked_add(column).and_then(|at| self.active.get_mut(at)).filter(|_| column != NO_COLUMN)
        {
            *count += 1;
        }
    }

    fn cohorts(&self) -> Vec<Cohort> {
        let with_customers = (0..self.calendar.periods()).zip(&self.sizes).filter(|(_, size)| **size > 0);
        with_customers.map(|(cohort, &customers)| self.cohort(cohort, customers)).collect()
    }

    fn cohort(&self, cohort: usize, customers: u64) -> Cohort {
        let (row, shown) = (self.row(cohort), self.calendar.periods() - cohort);
        let complete = self.calendar.complete_of(cohort) as u64;
        let mut active = self.active.get(row..row + shown).unwrap_or_default().to_vec();
        if matches!(self.kind, RetentionKind::Unbounded { .. }) {
            let mut later = 0;
            for count in active.iter_mut().rev() {
                later += *count;
                *count = later;
            }
        }
        let is_mature = |(period, through): (u32, Option<u32>)| match (self.kind, through) {
            (RetentionKind::Unbounded { follow_up }, _) if period > 0 => {
                u64::from(period) + u64::from(*follow_up) < complete
            }
            (_, through) => u64::from(through.unwrap_or(period)) < complete,
        };
        let columns = self.columns.iter().take_while(|(period, _)| (*period as usize) < shown);
        let retained = columns.zip(active).map(|(&(period, through), customers_active)| RetentionCell {
            period,
            through,
            at_risk: customers,
            customers: customers_active,
            mature: is_mature((period, through)),
        });
        let revenue = (0..).zip(self.revenue.get(row..row + shown).unwrap_or_default());
        let revenue = revenue.map(|(period, &sum)| RevenueCell {
            period,
            amount: Amount(sum),
            mature: u64::from(period) < complete,
        });
        Cohort {
            start: self.calendar.start(cohort),
            customers,
            retained: retained.collect(),
            revenue: revenue.collect(),
        }
    }
}
