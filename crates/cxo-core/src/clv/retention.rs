//! How long do customers stay who have to renew? What was seen of their staying ([`Survivors`]), the questions to a
//! model of it ([`RetentionModel`]), and the survival curve that its models share. State: counts by period, which
//! merge.

use super::fit::{Fitted, Model};
use super::outlook::Rate;
use super::series::{Fall, sum_to_infinity};
use crate::numeric::beta::ln_beta_ratio;
use crate::numeric::normal;
use crate::numeric::random::Random;
use crate::{Absent, Confidence, Encode, Error, Estimate, Form, Interval, Method, Reader, Seed, State, Writer};

/// How many customers were there in each period since they joined, and how many stayed: all that the models of
/// retention read.
///
/// A customer joins at the start of period 1 and may leave at the end of each period. Cohorts of different ages add up:
/// each counts in the periods in which it was seen. Class: algebraic, two counts a period; merges are exact.
///
/// ```
/// use cxo_core::clv::Survivors;
///
/// // 1,000 customers seen for three years, and 500 who joined a year later.
/// let mut survivors = Survivors::from_counts(&[1000, 869, 743, 653])?;
/// survivors.push(&[500, 430, 371])?;
/// assert_eq!((survivors.customers(), survivors.periods()), (1500, 3));
/// let second = survivors.iter().nth(1).unwrap();
/// assert_eq!((second.period, second.at_risk, second.kept), (2, 1299, 1114));
/// // Nobody comes back.
/// assert!(Survivors::from_counts(&[1000, 869, 870]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawSurvivors"))]
pub struct Survivors {
    customers: u64,
    /// At risk and kept in period 1, 2, ….
    periods: Vec<(u64, u64)>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawSurvivors {
    customers: u64,
    periods: Vec<(u64, u64)>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawSurvivors> for Survivors {
    type Error = Error;
    fn try_from(raw: RawSurvivors) -> Result<Self, Error> {
        Self::checked(raw.customers, raw.periods)
    }
}

/// What was seen of one period since joining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeriodCounts {
    /// 1 for the period from joining to the first renewal.
    pub period: u32,
    /// Customers who were there in this period and whose renewal at its end was seen or missed.
    pub at_risk: u64,
    /// Those of them who renewed.
    pub kept: u64,
}

/// One period as likelihoods read it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    /// Periods before it.
    pub(super) before: f64,
    pub(super) lost: f64,
    pub(super) kept: f64,
}

impl Survivors {
    /// One cohort: the customers at the start, then those left after 1, 2, … periods.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless there are two or more counts, the first is above 0, and
    /// none is greater than the one before; the row is the position of the count.
    pub fn from_counts(counts: &[u64]) -> Result<Self, Error> {
        let mut survivors = Self::default();
        survivors.push(counts)?;
        Ok(survivors)
    }

    /// One cohort from the customers lost in period 1, 2, … and those left at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) without periods or customers,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for more customers than a `u64` holds.
    pub fn from_losses(losses: &[u64], survivors: u64) -> Result<Self, Error> {
        let mut counts = vec![survivors];
        for lost in losses.iter().rev() {
            let before = counts.last().copied().unwrap_or_default();
            counts.push(before.checked_add(*lost).ok_or_else(|| Error::overflow("number of customers"))?);
        }
        counts.reverse();
        Self::from_counts(&counts)
    }

    /// Adds a cohort of any age, given as for [`from_counts`](Self::from_counts).
    ///
    /// # Errors
    /// As there, and [`ErrorKind::Overflow`](crate::ErrorKind::Overflow). After an error nothing has changed.
    pub fn push(&mut self, counts: &[u64]) -> Result<(), Error> {
        let Some((&first, later)) = counts.split_first().filter(|(_, later)| !later.is_empty()) else {
            return Err(Error::input("number of survivor counts", counts.len(), "2 or more"));
        };
        if first == 0 {
            return Err(Error::input("survivors at the start", first, "1 or more").at_row(0));
        }
        if u32::try_from(later.len()).is_err() {
            return Err(Error::overflow("number of periods"));
        }
        for (row, pair) in (1..).zip(counts.windows(2)) {
            if let [before, after] = *pair
                && after > before
            {
                return Err(Error::input("survivors", after, format!("0 to the {before} before")).at_row(row));
            }
        }
        let periods = counts.iter().copied().zip(later.iter().copied()).collect();
        self.merge(&Self { customers: first, periods })
    }

    /// Adds one customer who was seen for `age` periods and left at the end of period `lifetime`, or who is still
    /// there.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a lifetime of 0 or beyond the age, and
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow).
    pub fn push_lifetime(&mut self, lifetime: Option<u32>, age: u32) -> Result<(), Error> {
        if let Some(lifetime) = lifetime.filter(|lifetime| !(1..=age).contains(lifetime)) {
            return Err(Error::input("lifetime", lifetime, format!("1 to the age of {age}")));
        }
        let customers = self.customers.checked_add(1).ok_or_else(|| Error::overflow("number of customers"))?;
        let (seen, kept) = (lifetime.unwrap_or(age) as usize, lifetime.map_or(age, |lifetime| lifetime - 1) as usize);
        self.customers = customers;
        if self.periods.len() < seen {
            self.periods.resize(seen, (0, 0));
        }
        // No count is above the number of customers, which has just been checked.
        for (at, counts) in self.periods.iter_mut().take(seen).enumerate() {
            counts.0 += 1;
            counts.1 += u64::from(at < kept);
        }
        Ok(())
    }

    /// The number of customers.
    #[must_use]
    pub const fn customers(&self) -> u64 {
        self.customers
    }

    /// The number of periods in which the oldest customers were seen.
    #[must_use]
    pub fn periods(&self) -> u32 {
        u32::try_from(self.periods.len()).unwrap_or(u32::MAX)
    }

    /// The counts of period 1, 2, ….
    pub fn iter(&self) -> impl Iterator<Item = PeriodCounts> + Clone {
        (1..).zip(&self.periods).map(|(period, &(at_risk, kept))| PeriodCounts { period, at_risk, kept })
    }

    /// The state of these counts, if there can be one.
    fn checked(customers: u64, periods: Vec<(u64, u64)>) -> Result<Self, Error> {
        let mut before = customers;
        for &(at_risk, kept) in &periods {
            let counts = [("at risk", at_risk, before), ("kept", kept, at_risk)];
            if let Some((what, count, most)) = counts.into_iter().find(|(_, count, most)| count > most) {
                return Err(Error::input(format!("number {what}"), count, format!("0 to {most}")));
            }
            before = kept;
        }
        Ok(Self { customers, periods })
    }

    /// The same for likelihoods.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        self.iter().map(|PeriodCounts { period, at_risk, kept }| Row {
            before: f64::from(period) - 1.0,
            lost: (at_risk - kept) as f64,
            kept: kept as f64,
        })
    }

    /// Whether `parameters` parameters can be learnt, and if not why.
    pub(super) fn identify(&self, parameters: usize) -> Result<(), Error> {
        let seen = self.iter().filter(|counts| counts.at_risk > 0).count();
        if seen == 0 {
            return Err(Error::no_data("periods in which customers were seen"));
        }
        let (lost, kept) = self.iter().fold((0_u64, 0_u64), |(lost, kept), counts| {
            (lost.saturating_add(counts.at_risk - counts.kept), kept.saturating_add(counts.kept))
        });
        if lost == 0 {
            return Err(Error::not_identified("nobody has left, so there is nothing to learn of leaving"));
        }
        if kept == 0 {
            return Err(Error::not_identified(
                "everybody left in the first period, so there is nothing to learn of staying",
            ));
        }
        if seen < parameters {
            return Err(Error::not_identified(format!("{seen} periods do not determine {parameters} parameters")));
        }
        Ok(())
    }

    /// Whether retention does not rise with time as it does where customers differ: the slope of the log-likelihood by
    /// their differing, at the same chance to leave for all. Gives that chance.
    pub(super) fn homogeneous_churn(&self) -> Option<f64> {
        let (lost, kept) = self.rows().fold((0.0, 0.0), |(lost, kept), row| (lost + row.lost, kept + row.kept));
        let slope: f64 = self.rows().map(|row| row.before * (row.kept * lost / kept - row.lost)).sum();
        (slope <= 1e-9 * lost).then_some(lost / (lost + kept))
    }
}

impl State for Survivors {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let sum = |left: u64, right: u64| left.checked_add(right).ok_or_else(|| Error::overflow("number of customers"));
        // No count of a period is above this.
        self.customers = sum(self.customers, other.customers)?;
        if self.periods.len() < other.periods.len() {
            self.periods.resize(other.periods.len(), (0, 0));
        }
        for (mine, theirs) in self.periods.iter_mut().zip(&other.periods) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        Ok(())
    }
}

impl Encode for Survivors {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Survivors);
        to.u64(self.customers);
        to.count(self.periods.len());
        self.periods.iter().for_each(|&(at_risk, kept)| to.counters([at_risk, kept]));
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Survivors)?;
        let customers = from.u64()?;
        let periods = (0..from.count(16)?).map(|_| Ok(from.counters::<2>()?.into()));
        let survivors = Self::checked(customers, periods.collect::<Result<_, Error>>()?)?;
        from.finish().map(|()| survivors)
    }
}

/// A model of how long customers stay who renew, or leave, at the end of each period.
///
/// T is the period in which a customer leaves, 1, 2, …, and S(t) = P(T > t) the chance to renew at least t times.
/// Sealed: implemented by [`Sbg`](super::Sbg) and [`Bdw`](super::Bdw).
#[allow(private_bounds)]
pub trait RetentionModel: Model + Shape {
    /// S(t): the share of customers who are still there after `periods` periods, in [0, 1]; 1 after none.
    fn survival(&self, periods: u32) -> f64 {
        self.curve().ln_fall(0.0, f64::from(periods)).exp()
    }

    /// S(t) / S(t - 1): the share of those there in period t, 1 or later, who renew at its end, in [0, 1]. That of
    /// period 0 is 1.
    fn retention(&self, period: u32) -> f64 {
        self.curve().ln_fall(f64::from(period.saturating_sub(1)), f64::from(period)).exp()
    }

    /// `E[T]` = Σ over t >= 0 of S(t): the mean number of periods of a new customer.
    ///
    /// # Errors
    /// [`Absent::Infinite`] where S(t) falls as 1 / t or slower: α <= 1 for the [`Sbg`](super::Sbg), α c <= 1 for the
    /// [`Bdw`](super::Bdw).
    fn expected_lifetime(&self) -> Result<f64, Absent> {
        self.curve().undiscounted(0.0, 0.0)
    }

    /// E[T - t - 1 | T > t] = Σ over k >= 1 of S(t + k) / S(t): how often a customer who has renewed t times will renew
    /// again.
    ///
    /// # Errors
    /// As for [`expected_lifetime`](Self::expected_lifetime).
    fn residual_lifetime(&self, renewals: u32) -> Result<f64, Absent> {
        self.curve().undiscounted(f64::from(renewals), f64::from(renewals) + 1.0)
    }

    /// DEL, the discounted expected lifetime Σ over t >= 0 of S(t) e^(-rate t), of a customer about to join: each
    /// period is paid at its start, the first one now. The rate is per period; `Rate::effective(0.1, 1.0)` makes it 1 /
    /// 1.1^t.
    fn discounted_lifetime(&self, rate: Rate) -> f64 {
        self.curve().sum(0.0, 0.0, rate.get())
    }

    /// DERL, the discounted expected residual lifetime Σ over k >= 1 of S(t + k) / S(t) e^(-rate (k - 1)), of a
    /// customer who has renewed t times and is about to renew or to leave: the next renewal is paid now. Fader and
    /// Hardie (2010) count the renewal to come, n = t + 1.
    fn discounted_residual_lifetime(&self, renewals: u32, rate: Rate) -> f64 {
        self.curve().sum(f64::from(renewals), f64::from(renewals) + 1.0, rate.get())
    }

    /// ln of the probability of these counts: Σ over customers of ln P(T = t), or of ln S(t) for those still there.
    fn log_likelihood_of(&self, survivors: &Survivors) -> f64 {
        let curve = self.curve();
        survivors.rows().map(|row| curve.log_likelihood(&row)).sum::<f64>().max(f64::MIN)
    }

    /// Customers drawn from the model, one for each age in periods: the period at whose end he leaves, or none if he is
    /// still there at his age.
    #[must_use]
    fn simulate(&self, ages: &[u32], seed: Seed) -> Vec<Option<u32>> {
        let curve = self.curve();
        let lifetime = |(stream, &age): (u64, &u32)| {
            let mut random = Random::new(seed.0, stream);
            let staying = -(-random.beta(curve.alpha, curve.beta)).ln_1p();
            // (1 - θ)^(t^c) is the chance that an exponential time, divided by -ln (1 - θ), is beyond t^c.
            let time = (random.exponential() / staying).powf(1.0 / curve.power);
            // At most the age, which a u32 holds.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            (time <= f64::from(age)).then(|| (time.ceil() as u32).max(1)).filter(|_| age > 0)
        };
        (0..).zip(ages).map(lifetime).collect()
    }
}

/// What makes a model one of retention.
pub(super) trait Shape {
    fn curve(&self) -> Curve;
}

/// S(t) = B(α, β + t^c) / B(α, β) for real t >= 0, with c = 1 in the sBG.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) power: f64,
}

impl Curve {
    /// `from`^c and how much it grows until `to`.
    pub(super) fn clock(&self, from: f64, to: f64) -> (f64, f64) {
        if from == 0.0 {
            return (0.0, to.powf(self.power));
        }
        let start = from.powf(self.power);
        (start, start * (self.power * ((to - from) / from).ln_1p()).exp_m1())
    }

    /// ln S(to) / S(from).
    fn ln_fall(&self, from: f64, to: f64) -> f64 {
        let (start, growth) = self.clock(from, to);
        // Beyond all numbers nobody is left.
        if (start + growth).is_finite() {
            ln_beta_ratio(self.alpha, self.beta + start, growth)
        } else {
            f64::NEG_INFINITY
        }
    }

    /// kept L + lost ln (1 - e^L), where L is ln of the retention in the period.
    pub(super) fn log_likelihood(&self, row: &Row) -> f64 {
        // Bounds where the model all but rules out what was seen.
        let log = self.ln_fall(row.before, row.before + 1.0).max(-1e280);
        row.kept * log + row.lost * (-log.exp_m1()).max(f64::MIN_POSITIVE).ln()
    }

    /// Σ over j >= 0 of S(from + j) / S(base) e^(-rate j).
    fn sum(&self, base: f64, from: f64, rate: f64) -> f64 {
        let at = |j: f64| (self.ln_fall(base, from + j) - rate * j).exp();
        // A power of j from where t^c is far above all parameters, and t is j.
        let far = (1e17 * (1.0 + self.alpha + self.beta)).powf(1.0 / self.power).max(1e17 * (1.0 + from)).min(1e300);
        let power = self.alpha * self.power;
        let width = f64::min(2.0, 2.0 / self.power).min(14.0 / (1.0 + power));
        sum_to_infinity(Fall { rate, power, far, width }, at, |j, _| at(j + 1.0))
    }

    fn undiscounted(&self, base: f64, from: f64) -> Result<f64, Absent> {
        let sum = if self.alpha * self.power > 1.0 { self.sum(base, from, 0.0) } else { f64::INFINITY };
        if sum.is_finite() { Ok(sum) } else { Err(Absent::Infinite) }
    }
}

impl<M: RetentionModel> Fitted<M> {
    /// S(t) with its standard error by the delta method and an interval around its log-odds, which stays in (0, 1).
    ///
    /// ```
    /// use cxo_core::Confidence;
    /// use cxo_core::clv::{Sbg, Survivors};
    ///
    /// let seven_years = Survivors::from_counts(&[1000, 869, 743, 653, 593, 551, 517, 491])?;
    /// let fitted = Sbg::fit(&seven_years, &Default::default())?;
    /// // Five years on 37.8 % should still be there; 39.4 % were.
    /// let survival = fitted.survival(12, Confidence::P95)?;
    /// assert!((survival.value - 0.378).abs() < 5e-4);
    /// assert!(survival.interval.is_ok_and(|interval| interval.contains(0.394)));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`standard_error_of`](Self::standard_error_of).
    pub fn survival(&self, periods: u32, confidence: Confidence) -> Result<Estimate, Error> {
        let value = self.model().survival(periods);
        let error = self.standard_error_of(|model| Ok(model.survival(periods)))?;
        let interval = if value > 0.0 && value < 1.0 {
            let z = -normal::quantile(0.5 * confidence.alpha());
            let (log_odds, step) = ((value / (1.0 - value)).ln(), z * error / (value * (1.0 - value)));
            let [lower, upper] = [log_odds - step, log_odds + step].map(|log_odds| 1.0 / (1.0 + (-log_odds).exp()));
            Interval::new(lower, upper, confidence, Method::Logit).map_err(|_| Absent::NotDefined)
        } else {
            Err(Absent::NotDefined)
        };
        Ok(Estimate {
            value,
            standard_error: Ok(error),
            interval,
            n: self.customers(),
            effective_n: self.customers() as f64,
            method: Method::DeltaMethod,
        })
    }
}
