//! What if the records are columns already? The question of a purchase log, asked of slices. State: none, it borrows.

use std::borrow::Cow;

use chrono::TimeZone;

use super::answer::{CustomerSummaries, SummaryDefinition};
use super::grouping::{Layout, Records, by_customer, distinct, ends};
use super::observation::{Clock, Observation, Repeats};
use super::options::{MergeRule, Refunds, SummaryOptions, ZeroAmounts};
use crate::domain::{Amount, Currency, Day, Timestamp};
use crate::{Error, check_rows};

/// Records of purchases as columns that the caller keeps: numbers of customers, times, and amounts if there are.
///
/// The answers are those of a [`PurchaseLog`](super::PurchaseLog) of the same records, with the customers in ascending order
/// of their numbers.
///
/// ```
/// use cxo_core::{clv::{PurchaseColumns, SummaryOptions, TimeUnit}, domain::Currency};
///
/// let (customers, days, cents) = ([7, 3, 7, 7], [0, 5, 14, 14], [1999, 500, 1000, 250]);
/// let columns = PurchaseColumns::of_days(&customers, &days)?.amounts(&cents, Currency::iso("EUR")?)?;
/// let answer = columns.summaries(&SummaryOptions::default().unit(TimeUnit::Week))?;
/// let rows: Vec<_> = answer.iter().map(|row| (row.customer, row.summary.frequency(), row.summary.age())).collect();
/// assert_eq!(rows, [(3, 0, 9.0 / 7.0), (7, 1, 2.0)]);
/// assert_eq!(answer.iter().last().and_then(|row| row.summary.monetary_value()), Some(12.5));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct PurchaseColumns<'a> {
    customers: &'a [u32],
    times: Times<'a>,
    amounts: Option<(&'a [i64], Currency)>,
}

#[derive(Debug, Clone, Copy)]
enum Times<'a> {
    Days(&'a [i32]),
    Instants(&'a [i64]),
}

impl<'a> PurchaseColumns<'a> {
    /// Records on civil days, numbered as [`Day`](crate::domain::Day) does: from 1970-01-01.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for more than 2³² - 1 rows.
    pub fn of_days(customers: &'a [u32], days: &'a [i32]) -> Result<Self, Error> {
        Self { customers, times: Times::Days(days), amounts: None }.checked("days", days.len())
    }

    /// Records at instants, in microseconds as [`Timestamp`] counts them.
    ///
    /// # Errors
    /// As for [`of_days`](Self::of_days).
    pub fn of_timestamps(customers: &'a [u32], micros: &'a [i64]) -> Result<Self, Error> {
        Self { customers, times: Times::Instants(micros), amounts: None }.checked("timestamps", micros.len())
    }

    /// The same with amounts, in the smallest units of a currency.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a column of another length.
    pub fn amounts(self, units: &'a [i64], currency: Currency) -> Result<Self, Error> {
        Self { amounts: Some((units, currency)), ..self }.checked("amounts", units.len())
    }

    fn checked(self, what: &str, length: usize) -> Result<Self, Error> {
        let rows = self.customers.len();
        if length != rows {
            return Err(Error::incompatible(format!("{length} rows of {what} and {rows} of customers")));
        }
        check_rows(rows, 0).map(|()| self)
    }

    /// A summary for each customer; see [`PurchaseLog::summaries`](super::PurchaseLog::summaries).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Complexity
    /// O(n log n), with a logarithm of about 2¹³ records; beside the answer about 4 bytes a record. Instants that are counted by
    /// days take another 4.
    pub fn summaries<Z: TimeZone>(&self, options: &SummaryOptions<Z>) -> Result<CustomerSummaries, Error> {
        self.check_amounts(options)?;
        match self.times {
            Times::Days(days) => self.answer(Clock::Days, days, options),
            Times::Instants(micros) if options.merge == MergeRule::None => self.answer(Clock::Micros, micros, options),
            Times::Instants(micros) => self.answer(Clock::Days, &days(micros, &options.zone)?, options),
        }
    }

    /// The records by civil day, instants in a time zone.
    pub(crate) fn on_days<Z: TimeZone>(&self, zone: &Z) -> Result<DayRecords<'a>, Error> {
        let days = match self.times {
            Times::Days(days) => Cow::Borrowed(days),
            Times::Instants(micros) => Cow::Owned(days(micros, zone)?),
        };
        let (Some(numbers), Some(ends)) = (ends(self.customers), ends(&days)) else {
            return Err(Error::no_data("activity"));
        };
        let (amounts, currency) = self.amounts.map_or((&[][..], None), |(amounts, currency)| (amounts, Some(currency)));
        Ok(DayRecords { customers: self.customers, numbers, days, ends, amounts, currency })
    }

    /// Refuses amounts under a policy that does so.
    fn check_amounts<Z>(&self, options: &SummaryOptions<Z>) -> Result<(), Error> {
        let Some((amounts, currency)) = self.amounts else { return Ok(()) };
        let (refunds, zeros) = (options.refunds == Refunds::Reject, options.zero_amounts == ZeroAmounts::Reject);
        let refused = |amount: i64| (refunds && amount < 0) || (zeros && amount == 0);
        match (0..).zip(amounts).find(|(_, amount)| (refunds || zeros) && refused(**amount)) {
            Some((row, &amount)) => {
                let allowed = match (refunds, zeros) {
                    (true, true) => "above 0",
                    (true, false) => "0 or above",
                    _ => "not 0",
                };
                Err(Error::input("amount", Amount(amount).format(currency), allowed).at_row(row))
            }
            None => Ok(()),
        }
    }

    fn answer<Z: TimeZone, T: Copy + Ord + Into<i64>>(
        &self,
        clock: Clock,
        ticks: &[T],
        options: &SummaryOptions<Z>,
    ) -> Result<CustomerSummaries, Error> {
        let (Some(customers), Some((first, last))) = (ends(self.customers), ends(ticks)) else {
            return Err(Error::no_data("purchases"));
        };
        let span = (first.into(), last.into());
        let definition = SummaryDefinition {
            unit: options.unit,
            merge: options.merge,
            spend: options.spend,
            refunds: options.refunds,
            zero_amounts: options.zero_amounts,
        };
        let observation = Observation::new(clock, span, options)?;
        let currency = self.amounts.map(|(_, currency)| currency);
        let room = distinct(self.customers, customers);
        let mut answer = CustomerSummaries::new(definition, currency, observation, room);
        answer.counts.records = self.customers.len() as u64;
        let amounts = self.amounts.map_or(&[][..], |(amounts, _)| amounts);
        let layout = Layout::new(self.customers.len(), customers, span, ends(amounts).unwrap_or((1, 1)));
        let records = Records { customers: self.customers, ticks, amounts };
        let mut repeats = Repeats::new(&observation);
        if layout.is_narrow() {
            by_customer(records, layout, |customer, keys: &[u64]| answer.add(customer, keys, layout, &mut repeats))?;
        } else {
            let visit = |customer, keys: &[(u64, u64, u64)]| answer.add(customer, keys, layout, &mut repeats);
            by_customer(records, layout, visit)?;
        }
        answer.periods = repeats.by_period(&observation);
        Ok(answer)
    }
}

fn days<Z: TimeZone>(micros: &[i64], zone: &Z) -> Result<Vec<i32>, Error> {
    let day = |(row, &at): (u64, &i64)| match Timestamp(at).day_in(zone) {
        Ok(day) => Ok(day.0),
        Err(error) => Err(error.at_row(row)),
    };
    (0..).zip(micros).map(day).collect()
}

/// Records by civil day, at least one, for analyses that read the history of each customer.
#[derive(Debug, Clone)]
pub(crate) struct DayRecords<'a> {
    customers: &'a [u32],
    numbers: (u32, u32),
    days: Cow<'a, [i32]>,
    ends: (i32, i32),
    amounts: &'a [i64],
    currency: Option<Currency>,
}

impl DayRecords<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.customers.len() as u64
    }

    /// The first and the last day of all.
    pub(crate) fn ends(&self) -> (Day, Day) {
        (Day(self.ends.0), Day(self.ends.1))
    }

    /// The currency, if there are amounts.
    pub(crate) fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// Calls `visit` for each customer, in ascending order, with all his records by day; those of one day with the greatest
    /// amount first. Records without amounts have one of 1.
    ///
    /// O(n log n), with a logarithm of about 2¹³ records.
    pub(crate) fn each_customer(
        &self,
        mut visit: impl FnMut(u32, &[(Day, Amount)]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let first = i64::from(self.ends.0);
        let span = (first, self.ends.1.into());
        let layout = Layout::new(self.customers.len(), self.numbers, span, ends(self.amounts).unwrap_or((1, 1)));
        let records = Records { customers: self.customers, ticks: &self.days, amounts: self.amounts };
        let mut history = Vec::new();
        // A tick is a distance between days, so that the sum is one.
        let day = |tick: u64| Day(i32::try_from(first.saturating_add_unsigned(tick)).unwrap_or(i32::MAX));
        let of = |(tick, amount): (u64, i64)| (day(tick), Amount(amount));
        if layout.is_narrow() {
            by_customer(records, layout, |customer, keys: &[u64]| {
                history.clear();
                history.extend(keys.iter().map(|&key| of(layout.record(key))));
                visit(customer, &history)
            })
        } else {
            by_customer(records, layout, |customer, keys: &[(u64, u64, u64)]| {
                history.clear();
                history.extend(keys.iter().map(|&key| of(layout.record(key))));
                visit(customer, &history)
            })
        }
    }
}
