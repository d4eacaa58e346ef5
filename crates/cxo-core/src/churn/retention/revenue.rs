//! How much of the revenue of one period is there in the next? Logo churn, gross and net revenue retention, and what moved
//! them. State: [`PurchaseLog`](crate::clv::PurchaseLog) with amounts, whose columns are read once.

use chrono::TimeZone;

use super::calendar::Calendar;
use super::{CohortOptions, PeriodClock};
use crate::clv::PurchaseColumns;
use crate::domain::{Amount, Day};
use crate::numeric::normal;
use crate::stats::proportion::{ProportionMethod, Successes};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// Customers, and an amount that they make up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Flow {
    /// How many customers.
    pub customers: u64,
    /// What they come to, never negative.
    pub amount: Amount,
}

impl Flow {
    fn add(&mut self, amount: i64) -> Result<(), Error> {
        self.customers += 1;
        self.amount = self.amount.checked_add(Amount(amount))?;
        Ok(())
    }
}

/// From one calendar period to the next: opening - churned - contraction + expansion + new + reactivated = closing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RevenuePeriod {
    /// The first day of the later period; [`Period::label`](crate::domain::Period::label) names it.
    pub start: Day,
    /// Customers who paid in the period before, and what.
    pub opening: Flow,
    /// Those of them who paid nothing in this one, and what they had paid.
    pub churned: Flow,
    /// Those who paid less, and by how much.
    pub contraction: Flow,
    /// Those who paid more, and by how much.
    pub expansion: Flow,
    /// Customers who paid for the first time, and what.
    pub new: Flow,
    /// Customers who paid again after a period or more without, and what.
    pub reactivated: Flow,
    /// Customers who paid in this period, and what.
    pub closing: Flow,
    #[cfg_attr(feature = "serde", serde(skip))]
    spread: Spread,
}

/// Sums over the customers of the opening: of squares of what each had paid, of the squares of what each took away, and of the
/// products.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spread {
    paid: u128,
    gross: (u128, i128),
    net: (u128, i128),
}

impl RevenuePeriod {
    /// churned customers / opening customers: the share of customers lost, with an interval.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody paid in the period before; [`Absent::NotDefined`] if the interval is not found.
    pub fn logo_churn(&self, method: ProportionMethod, confidence: Confidence) -> Result<Estimate, Absent> {
        let share = Successes(self.churned.customers).of(self.opening.customers).map_err(|_| Absent::NoObservations)?;
        share.estimate(method, confidence).map_err(|_| Absent::NotDefined)
    }

    /// (opening - churned - contraction) / opening, in [0, 1]: what is left of the revenue without any expansion.
    ///
    /// The standard error is that of a ratio of sums over independent customers (Taylor linearisation), and the interval the
    /// normal one, clipped to [0, 1]. Where a few customers pay most of the revenue it is rough.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody paid in the period before.
    pub fn gross_retention(&self, confidence: Confidence) -> Result<Estimate, Absent> {
        let lost = i128::from(self.churned.amount.0) + i128::from(self.contraction.amount.0);
        self.retention(lost, self.spread.gross, confidence, 1.0)
    }

    /// (opening - churned - contraction + expansion) / opening, 0 or above: what the customers of the period before pay now.
    ///
    /// New customers are no part of it, and neither are reactivated ones, as they paid nothing in the period before. Standard
    /// error and interval as for [`gross_retention`](Self::gross_retention), without an upper limit.
    ///
    /// # Errors
    /// [`Absent::NoObservations`] if nobody paid in the period before.
    pub fn net_retention(&self, confidence: Confidence) -> Result<Estimate, Absent> {
        let lost = i128::from(self.churned.amount.0) + i128::from(self.contraction.amount.0)
            - i128::from(self.expansion.amount.0);
        self.retention(lost, self.spread.net, confidence, f64::MAX)
    }

    fn retention(
        &self,
        lost: i128,
        (squares, products): (u128, i128),
        confidence: Confidence,
        greatest: f64,
    ) -> Result<Estimate, Absent> {
        let (opening, n) = (self.opening.amount.0 as f64, self.opening.customers);
        if n == 0 {
            return Err(Absent::NoObservations);
        }
        // Exact: the difference of whole numbers, rounded once.
        let value = (i128::from(self.opening.amount.0) - lost) as f64 / opening;
        let rate = lost as f64 / opening;
        let spread = squares as f64 - 2.0 * rate * products as f64 + rate * rate * self.spread.paid as f64;
        let standard_error = match n {
            1 => Err(Absent::OneObservation),
            _ => Ok((spread.max(0.0) * (n as f64 / (n as f64 - 1.0))).sqrt() / opening),
        };
        let interval = standard_error.and_then(|error| {
            if error == 0.0 {
                return Err(Absent::ZeroVariance);
            }
            let reach = -normal::quantile(confidence.alpha() / 2.0) * error;
            let interval = Interval::new(value - reach, value + reach, confidence, Method::Wald);
            interval.map(|interval| interval.clipped(0.0, greatest)).map_err(|_| Absent::NotDefined)
        });
        Ok(Estimate { value, standard_error, interval, n, effective_n: n as f64, method: Method::TaylorLinearized })
    }
}

/// Revenue of each calendar period against the one before, for every pair of periods that were observed to their ends.
///
/// A customer's revenue in a period is the sum of his amounts, refunds taken off; where that is 0 or less he paid nothing in
/// it. With x in the period before and y in this one: churned if x > 0 = y, contraction x - y if 0 < y < x, expansion y - x if
/// y > x > 0; a customer with y > 0 = x is new if he never paid before and reactivated if he did.
///
/// The amounts are taken for what they are: a yearly payment is revenue of one month, and eleven months of churn. Spread such
/// payments over their months first, or ask by year. Of the options, period, end and zone count. Where the log begins within a
/// period, the first comparison is with a part of it.
///
/// ```
/// use cxo_core::{Confidence, clv::PurchaseLog, domain::{Amount, Currency, Day}};
/// use cxo_core::churn::retention::{CohortOptions, revenue_retention};
///
/// let mut log = PurchaseLog::in_currency(Currency::iso("EUR")?);
/// let day = |text: &str| Day::from_date(text.parse().unwrap());
/// for (customer, date, cents) in [("ann", "2026-01-01", 100_00), ("bob", "2026-01-01", 50_00), ("eve", "2026-01-01", 50_00),
///                                 ("ann", "2026-02-01", 120_00), ("bob", "2026-02-01", 40_00), ("zoe", "2026-02-14", 10_00)] {
///     log.add(customer, day(date), Some(Amount(cents)))?;
/// }
/// let periods = revenue_retention(log.columns()?, &CohortOptions::default().until(day("2026-02-28")))?;
/// let february = &periods[0];
/// assert_eq!((february.churned.amount, february.contraction.amount), (Amount(50_00), Amount(10_00)));
/// assert_eq!((february.expansion.amount, february.new.amount), (Amount(20_00), Amount(10_00)));
/// assert_eq!(february.gross_retention(Confidence::P95).unwrap().value, 0.7);
/// assert_eq!(february.net_retention(Confidence::P95).unwrap().value, 0.8);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a log without amounts; otherwise as
/// [`cohort_table`](super::cohort_table).
///
/// # Complexity
/// As [`cohort_table`](super::cohort_table), without its cells.
///
/// Formula page: `docs/formulas/revenue-retention.md`.
///
/// Reference: Gold, C. (2020). Fighting Churn with Data, chapter 2 (net retention, standard churn, MRR churn). The error of a
/// ratio: Cochran, W. G. (1977). Sampling Techniques, eq. 6.13.
pub fn revenue_retention<Z: TimeZone>(
    activity: PurchaseColumns<'_>,
    options: &CohortOptions<Z>,
) -> Result<Vec<RevenuePeriod>, Error> {
    let records = activity.on_days(&options.zone)?;
    if records.currency().is_none() {
        return Err(Error::input("activity", "a log without amounts", "a log with amounts"));
    }
    let (first, last) = records.ends();
    let calendar = Calendar::new(options.period, PeriodClock::Calendar, first, options.until.unwrap_or(last))?;
    let mut periods: Vec<RevenuePeriod> = (0..calendar.complete()).map(|at| opened(calendar.start(at))).collect();
    let mut paid: Vec<(usize, i64)> = Vec::new();
    records.each_customer(|_, history| {
        paid.clear();
        for &(day, amount) in history.iter().take_while(|(day, _)| *day <= calendar.until()) {
            let period = calendar.period_of(day);
            match paid.last_mut().filter(|(latest, _)| *latest == period) {
                Some((_, sum)) => *sum = Amount(*sum).checked_add(amount)?.0,
                None => paid.push((period, amount.0)),
            }
        }
        paid.retain(|(_, sum)| *sum > 0);
        move_revenue(&mut periods, &paid)
    })?;
    // Of the first period it is not known what came before.
    Ok(periods.into_iter().skip(1).collect())
}

fn opened(start: Day) -> RevenuePeriod {
    let none = Flow::default();
    RevenuePeriod {
        start,
        opening: none,
        churned: none,
        contraction: none,
        expansion: none,
        new: none,
        reactivated: none,
        closing: none,
        spread: Spread::default(),
    }
}

/// Adds a customer with the periods in which he paid.
fn move_revenue(periods: &mut [RevenuePeriod], paid: &[(usize, i64)]) -> Result<(), Error> {
    let mut before: Option<(usize, i64)> = None;
    for (at, &(period, sum)) in paid.iter().enumerate() {
        let opening = before.filter(|(latest, _)| latest + 1 == period);
        if let Some(now) = periods.get_mut(period) {
            now.closing.add(sum)?;
            match opening {
                Some((_, before)) => now.keep(before, sum)?,
                None if before.is_some() => now.reactivated.add(sum)?,
                None => now.new.add(sum)?,
            }
        }
        let stays = paid.get(at + 1).is_some_and(|(next, _)| *next == period + 1);
        if let Some(next) = periods.get_mut(period + 1).filter(|_| !stays) {
            next.keep(sum, 0)?;
        }
        before = Some((period, sum));
    }
    Ok(())
}

impl RevenuePeriod {
    /// A customer of the opening: what he paid before, and what he pays now.
    fn keep(&mut self, before: i64, now: i64) -> Result<(), Error> {
        self.opening.add(before)?;
        match now {
            0 => self.churned.add(before)?,
            _ if now < before => self.contraction.add(before - now)?,
            _ if now > before => self.expansion.add(now - before)?,
            _ => {}
        }
        self.spread.add(before, now).ok_or_else(|| Error::overflow("sum of squared amounts"))
    }
}

impl Spread {
    fn add(&mut self, before: i64, now: i64) -> Option<()> {
        let (paid, net) = (i128::from(before), i128::from(before) - i128::from(now));
        let gross = net.max(0);
        self.paid = self.paid.checked_add((paid * paid).unsigned_abs())?;
        for (sums, lost) in [(&mut self.gross, gross), (&mut self.net, net)] {
            sums.0 = sums.0.checked_add((lost * lost).unsigned_abs())?;
            sums.1 = sums.1.checked_add(lost * paid)?;
        }
        Some(())
    }
}
