//! After how long a silence is a customer taken for gone? Candidates for the limit of inactivity with their false-alarm rates at
//! past dates. State: [`PurchaseLog`](crate::clv::PurchaseLog), whose columns are read once.

use chrono::{TimeZone, Utc};

use crate::clv::PurchaseColumns;
use crate::domain::Day;
use crate::stats::proportion::{ProportionMethod, Share};
use crate::{Absent, Confidence, Error, Estimate, Method, Probability};

/// More dates than this come from a wrong date.
const MOST_DATES: usize = 10_000;

/// Which limits are tried, at which past dates, and how long a return is waited for.
///
/// The defaults: limits of 14, 30, 45, 60, 90, 120, 180, 270 and 365 days; dates every 28 days back from the last one with a
/// full follow-up; a follow-up of 90 days; observed until the last record; UTC.
///
/// ```
/// use cxo_core::churn::retention::LimitOptions;
/// let options = LimitOptions::default().candidates(&[30, 60, 90]).follow_up_days(60).every_days(7);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LimitOptions<Z = Utc> {
    candidates: Vec<u32>,
    follow_up_days: u32,
    every_days: u32,
    until: Option<Day>,
    confidence: Confidence,
    zone: Z,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            candidates: vec![14, 30, 45, 60, 90, 120, 180, 270, 365],
            follow_up_days: 90,
            every_days: 28,
            until: None,
            confidence: Confidence::default(),
            zone: Utc,
        }
    }
}

impl<Z> LimitOptions<Z> {
    /// The limits in days, in any order.
    #[must_use]
    pub fn candidates(self, limits_days: &[u32]) -> Self {
        let mut candidates = limits_days.to_vec();
        candidates.sort_unstable();
        candidates.dedup();
        Self { candidates, ..self }
    }

    /// Days after a date in which activity makes an alarm false, 1 or more.
    #[must_use]
    pub fn follow_up_days(self, days: u32) -> Self {
        Self { follow_up_days: days, ..self }
    }

    /// Days between two dates, 1 or more.
    #[must_use]
    pub fn every_days(self, days: u32) -> Self {
        Self { every_days: days, ..self }
    }

    /// The last day that was observed; unless set, that of the last record.
    #[must_use]
    pub fn until(self, last: Day) -> Self {
        Self { until: Some(last), ..self }
    }

    /// The level of the intervals.
    #[must_use]
    pub fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The time zone in which instants fall on days.
    #[must_use]
    pub fn zone<Y: TimeZone>(self, zone: Y) -> LimitOptions<Y> {
        let Self { candidates, follow_up_days, every_days, until, confidence, zone: _ } = self;
        LimitOptions { candidates, follow_up_days, every_days, until, confidence, zone }
    }
}

/// The candidates with their false-alarm rates.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LimitChoice {
    /// The last day that was observed.
    pub until: Day,
    /// Days in which a return was waited for.
    pub follow_up_days: u32,
    /// The dates at which customers were looked at: each with its full follow-up.
    pub dates: Vec<Day>,
    /// The limits, the shortest first.
    pub candidates: Vec<LimitCandidate>,
}

/// A limit of inactivity and what it would have said at past dates.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LimitCandidate {
    /// The longest silence in days that is not churn.
    pub limit_days: u32,
    /// Customers who had been silent for longer, over all dates.
    pub alarms: u64,
    /// How many customers these are.
    pub customers: u64,
    /// Alarms whose customer was active again within the follow-up.
    pub false_alarms: u64,
    /// False alarms / alarms, or why there is no rate. The standard error is clustered by customer, the interval Wilson's on the
    /// number of independent alarms that would have this error.
    pub rate: Result<Estimate, Absent>,
}

impl LimitChoice {
    /// The shortest limit whose false-alarm rate is at most `wanted`.
    ///
    /// # Errors
    /// [`Absent::NotReached`] if none is.
    pub fn smallest_under(&self, wanted: Probability) -> Result<&LimitCandidate, Absent> {
        self.smallest(|rate| rate.value <= wanted.get())
    }

    /// The shortest limit of whose false-alarm rate even the upper bound is at most `wanted`.
    ///
    /// # Errors
    /// [`Absent::NotReached`] if none is.
    pub fn smallest_surely_under(&self, wanted: Probability) -> Result<&LimitCandidate, Absent> {
        self.smallest(|rate| rate.interval.is_ok_and(|interval| interval.upper <= wanted.get()))
    }

    fn smallest(&self, is_under: impl Fn(&Estimate) -> bool) -> Result<&LimitCandidate, Absent> {
        let found = self.candidates.iter().find(|candidate| candidate.rate.as_ref().is_ok_and(&is_under));
        found.ok_or(Absent::NotReached)
    }
}

/// How often would a limit of inactivity have taken a customer for gone who was not?
///
/// At a past date D every customer with activity up to then is looked at. A limit raises an alarm for him if his last activity
/// was more than that many days before D, and the alarm is false if he was active in (D, D + follow-up]. The rate is false
/// alarms / alarms over all dates D with a full follow-up, D + follow-up ≤ the end of the observation.
///
/// One customer may raise alarms at many dates, so the standard error is that of a ratio of sums over customers (clusters):
/// sqrt(G / (G - 1) Σ (f - R a)²) / Σ a, with a alarms and f false ones of each of G customers. An alarm stays as long as the
/// silence, so that those who left long ago lower the rate of a long log; compare limits on one log, not rates of two.
///
/// ```
/// use cxo_core::{Probability, clv::PurchaseLog, domain::Day};
/// use cxo_core::churn::retention::{LimitOptions, inactivity_limits};
///
/// let mut log = PurchaseLog::default();
/// // Ann buys every 40 days; Bob bought once.
/// for day in (0..=400).step_by(40) {
///     log.add("ann", Day(day), None)?;
/// }
/// log.add("bob", Day(3), None)?;
/// let choice = inactivity_limits(log.columns()?, &LimitOptions::default().candidates(&[20, 30]).every_days(10))?;
/// let counts: Vec<_> = choice.candidates.iter().map(|of| (of.limit_days, of.alarms, of.false_alarms)).collect();
/// // The dates are days 0, 10, …, 310. Ann is silent for 30 days at every fourth of them, and comes back.
/// assert_eq!(counts, [(20, 37, 8), (30, 28, 0)]);
/// assert_eq!(choice.smallest_under(Probability::new(0.1)?).map(|found| found.limit_days), Ok(30));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) without candidates, for a follow-up or a distance of 0 days, and for more than
/// 10,000 dates (a wrong date); [`ErrorKind::NoData`](crate::ErrorKind::NoData) if no date has a full follow-up;
/// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for an instant beyond the calendar.
///
/// # Complexity
/// O(n log n) in the records, with a logarithm of about 2¹³ of them, and for each customer O(dates + candidates).
///
/// Formula page: `docs/formulas/inactivity-limit.md`.
///
/// Reference: Cochran, W. G. (1977). Sampling Techniques, eq. 6.13 (ratio); Korn, E. L., Graubard, B. I. (1998). Survey
/// Methodology 24, 193-201 (interval on the effective number).
pub fn inactivity_limits<Z: TimeZone>(
    activity: PurchaseColumns<'_>,
    options: &LimitOptions<Z>,
) -> Result<LimitChoice, Error> {
    let LimitOptions { candidates, follow_up_days, every_days, .. } = options;
    if candidates.is_empty() {
        return Err(Error::input("number of limits", 0, "1 or more"));
    }
    for (what, days) in [("follow-up", *follow_up_days), ("distance of dates", *every_days)] {
        if days == 0 {
            return Err(Error::input(what, 0, "1 day or more"));
        }
    }
    let records = activity.on_days(&options.zone)?;
    let (first, last) = records.ends();
    let until = options.until.unwrap_or(last);
    let dates = dates(first, until, *follow_up_days, *every_days)?;
    let mut tallies = vec![Sums::default(); candidates.len()];
    let mut days: Vec<Day> = Vec::new();
    // Alarms and false ones of a customer whose silence is beyond so many candidates.
    let mut beyond = vec![(0_u64, 0_u64); candidates.len() + 1];
    records.each_customer(|_, history| {
        days.clear();
        days.extend(history.iter().filter(|(day, amount)| *day <= until && amount.0 >= 0).map(|(day, _)| *day));
        beyond.fill((0, 0));
        let mut next = 0;
        for &date in &dates {
            while days.get(next).is_some_and(|day| *day <= date) {
                next += 1;
            }
            let Some(latest) = next.checked_sub(1).and_then(|at| days.get(at)) else { continue };
            let silence = date.0.abs_diff(latest.0);
            let returned = days.get(next).is_some_and(|day| day.0.abs_diff(date.0) <= *follow_up_days);
            if let Some(sums) = beyond.get_mut(candidates.partition_point(|limit| *limit < silence)) {
                sums.0 += 1;
                sums.1 += u64::from(returned);
            }
        }
        let (mut alarms, mut false_alarms) = (0, 0);
        // The longest silences raise the alarm of every limit.
        for (tally, (more, returned)) in tallies.iter_mut().zip(beyond.iter().skip(1)).rev() {
            alarms += more;
            false_alarms += returned;
            tally.add(alarms, false_alarms);
        }
        Ok(())
    })?;
    let candidate = |(&limit, alarms): (&u32, &Sums)| alarms.candidate(limit, options.confidence);
    let candidates = candidates.iter().zip(&tallies).map(candidate).collect();
    Ok(LimitChoice { until, follow_up_days: *follow_up_days, dates, candidates })
}

/// The last date with a full follow-up, and those before it.
fn dates(first: Day, until: Day, follow_up_days: u32, every_days: u32) -> Result<Vec<Day>, Error> {
    let span = i64::from(until.0) - i64::from(follow_up_days) - i64::from(first.0);
    let Ok(span) = u64::try_from(span) else {
        return Err(Error::no_data(format!(
            "dates that are followed by {follow_up_days} observed days: the log begins on {first}, observation ends on {until}"
        )));
    };
    let many = span / u64::from(every_days) + 1;
    if many > MOST_DATES as u64 {
        let allowed = format!("at most {MOST_DATES} dates; is a date wrong?");
        return Err(Error::input("observation", format!("every {every_days} days from {first} to {until}"), allowed));
    }
    let last = until.0.saturating_sub_unsigned(follow_up_days);
    let mut dates: Vec<Day> = (0..)
        .map_while(|at: u32| last.checked_sub_unsigned(at.checked_mul(every_days)?))
        .take_while(|day| *day >= first.0)
        .map(Day)
        .collect();
    dates.reverse();
    Ok(dates)
}

/// Sums over customers of alarms a and false ones f: whole numbers, so that no order matters.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    customers: u64,
    alarms: u64,
    false_alarms: u64,
    /// Σ a², Σ a f, Σ f².
    squares: [u64; 3],
}

impl Sums {
    /// At most 10,000 alarms each of fewer than 2³² customers: squares stay below 2⁵⁹.
    fn add(&mut self, alarms: u64, false_alarms: u64) {
        self.customers += u64::from(alarms > 0);
        self.alarms += alarms;
        self.false_alarms += false_alarms;
        for (sum, product) in
            self.squares.iter_mut().zip([alarms * alarms, alarms * false_alarms, false_alarms * false_alarms])
        {
            *sum += product;
        }
    }

    fn candidate(&self, limit_days: u32, confidence: Confidence) -> LimitCandidate {
        let Self { customers, alarms, false_alarms, .. } = *self;
        LimitCandidate { limit_days, alarms, customers, false_alarms, rate: self.rate(confidence) }
    }

    fn rate(&self, confidence: Confidence) -> Result<Estimate, Absent> {
        if self.alarms == 0 {
            return Err(Absent::NoObservations);
        }
        let (customers, alarms) = (self.customers as f64, self.alarms as f64);
        let value = self.false_alarms as f64 / alarms;
        let [of_alarms, mixed, of_false] = self.squares.map(|sum| sum as f64);
        let spread = (of_false - 2.0 * value * mixed + value * value * of_alarms).max(0.0);
        let standard_error = match self.customers {
            1 => Err(Absent::OneCluster),
            _ => Ok((spread * customers / (customers - 1.0)).sqrt() / alarms),
        };
        // Where all alarms are alike each customer tells for one.
        let effective_n = match standard_error {
            Ok(error) if error > 0.0 && value > 0.0 && value < 1.0 => {
                (value * (1.0 - value) / (error * error)).min(alarms)
            }
            _ => customers,
        };
        let interval = standard_error.and_then(|_| {
            let value = Probability::new(value).map_err(|_| Absent::NotDefined)?;
            let share = Share::effective(value, effective_n, self.alarms).map_err(|_| Absent::NotDefined)?;
            share.interval(ProportionMethod::Wilson, confidence).map_err(|_| Absent::NotDefined)
        });
        Ok(Estimate { value, standard_error, interval, n: self.alarms, effective_n, method: Method::TaylorLinearized })
    }
}
