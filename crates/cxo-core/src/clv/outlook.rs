//! What is to be expected of one customer? The questions that every model of buying and leaving answers, asked of the
//! [`Outlook`] that it holds after a history. Stateless; called by the models, by lifetime value and by the fit measures.

use std::ops::ControlFlow;

use super::by_age::ByAge;
use super::process::beta_bernoulli::MOST_OPPORTUNITIES;
use super::process::{Process, Renewal};
use super::{Model, Simulated, Summaries, Summary};
use crate::{Absent, Confidence, Error, Seed};

/// A model of buying and leaving without a contract.
pub trait PurchaseModel: Model {
    /// What the model expects of a customer with this history; [`Summary::NEW`] is one who has just bought for the first time.
    fn outlook(&self, history: &Summary) -> Outlook;

    /// Whether the model can have made this history: histories of discrete time have whole times. Ask before the outlook of
    /// a history that was not fitted on.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) naming what is not allowed; never under models of continuous time.
    fn admits(&self, _history: &Summary) -> Result<(), Error> {
        Ok(())
    }

    /// What to expect of many customers in the next `t`, in their order; as [`outlook`](Self::outlook) for each, to twelve digits.
    ///
    /// ```
    /// use cxo_core::clv::{BgNbd, PurchaseModel, Summaries, Summary};
    ///
    /// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
    /// let customers: Summaries = [Summary::new(2, 30.43, 38.86)?, Summary::NEW].into_iter().collect();
    /// let found = model.expectations(&customers, 39.0)?;
    /// assert!((found[0].purchases - 1.226).abs() < 5e-4);
    /// assert_eq!(found[1].probability_alive, 1.0);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15, and with the row of a history that is not
    /// [admitted](Self::admits); [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) with the row of one whose outlook
    /// does not reach `t`.
    ///
    /// # Complexity
    /// O(n). Among customers who bought equally often the answers change with the age alone, smoothly: where there are many
    /// they are interpolated.
    fn expectations(&self, customers: &Summaries, t: f64) -> Result<Vec<Expectation>, Error> {
        let t = self.outlook(&Summary::NEW).horizon(t)?;
        let purchases = ByAge::new(self, customers, t, |renewal| [renewal.expected(t)])?;
        let expectation = |(history, _): (Summary, u64)| {
            let outlook = self.outlook(&history);
            let [purchases] = purchases.of(&history, &outlook);
            Expectation { probability_alive: outlook.alive, purchases: outlook.alive * purchases }
        };
        Ok(customers.iter().map(expectation).collect())
    }

    /// The purchases of many customers in all times to come, in their order, discounted by a rate if there is one; as
    /// [`outlook`](Self::outlook) for each, to twelve digits. Absent where the number is infinite.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of a history that is not [admitted](Self::admits).
    ///
    /// # Complexity
    /// As [`expectations`](Self::expectations).
    fn residual_transactions(
        &self,
        customers: &Summaries,
        discount: Option<Rate>,
    ) -> Result<Vec<Result<f64, Absent>>, Error> {
        let residual = ByAge::new(self, customers, 0.0, |renewal| {
            [discount.map_or_else(|| renewal.total().unwrap_or(f64::INFINITY), |rate| renewal.discounted(rate.0))]
        })?;
        let of = |(history, _): (Summary, u64)| {
            let outlook = self.outlook(&history);
            let [residual] = residual.of(&history, &outlook);
            match outlook.alive {
                0.0 => Ok(0.0),
                alive if residual.is_finite() => Ok(alive * residual),
                _ => Err(Absent::Infinite),
            }
        };
        Ok(customers.iter().map(of).collect())
    }

    /// ln of the density of this history.
    fn log_likelihood_of(&self, history: &Summary) -> f64;

    /// Customers drawn from the model, one for each age (the time from the first purchase to the end of the observation).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of an age that is not finite or below 0.
    fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error>;

    /// Whether everyone without a repeat purchase is alive by construction, as under BG/NBD and BG/CNBD-k: then such a customer
    /// is never in danger in the words of the model, whatever his silence.
    fn one_time_buyers_are_alive(&self) -> bool {
        false
    }
}

/// What to expect of one of many customers.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Expectation {
    /// The probability that he is alive now, in [0, 1].
    pub probability_alive: f64,
    /// The expected number of purchases in the time that was asked for.
    pub purchases: f64,
}

/// A continuous discount rate per unit of time, above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// A continuous rate per unit of time.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite and above 0.
    pub fn continuous(rate: f64) -> Result<Self, Error> {
        if rate > 0.0 && rate.is_finite() {
            Ok(Self(rate))
        } else {
            Err(Error::input("discount rate", rate, "a finite number above 0"))
        }
    }

    /// The continuous rate that equals `discount` per `units` of time: ln(1 + discount) / units.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless both are finite and above 0.
    pub fn effective(discount: f64, units: f64) -> Result<Self, Error> {
        if !(units > 0.0 && units.is_finite()) {
            return Err(Error::input("discount period", units, "a finite number of time units above 0"));
        }
        if !(discount > 0.0 && discount.is_finite()) {
            return Err(Error::input("discount", discount, "a finite number above 0"));
        }
        Self::continuous(discount.ln_1p() / units)
    }

    /// The rate.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// What a model expects of one customer after his history: whether he is alive, and what he does if he is.
///
/// Times are counted from the end of the observation, in the time unit of the summaries. Under the BG/BB they are
/// opportunities: whole numbers from 0 to 10,000. A small value without heap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    alive: f64,
    process: Process,
}

/// Integer prediction limits for a number of purchases. Formula page: `docs/formulas/clv-prediction-limits.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The greatest k with P(X < k) <= α/2.
    pub lower: u64,
    /// The least k with P(X <= k) >= 1 - α/2.
    pub upper: u64,
    /// P(lower <= X <= upper): at least the level asked for, and above it as far as whole numbers are coarse.
    pub attained: f64,
}

/// The longest horizon: far beyond it times no longer differ from their sums with what went before.
const MOST_TIME: f64 = 1e15;

/// The most purchases that a distribution is followed to.
pub(super) const MOST_PURCHASES: u64 = 1_000_000;

/// Reads limits off P(X = 0), P(X = 1), …
pub(super) struct LimitSearch {
    tail: f64,
    next: u64,
    /// P(X < lower) and P(X < next).
    before: f64,
    below: f64,
    lower: u64,
}

impl LimitSearch {
    pub(super) fn new(confidence: Confidence) -> Self {
        Self { tail: 0.5 * confidence.alpha(), next: 0, before: 0.0, below: 0.0, lower: 0 }
    }

    pub(super) fn add(&mut self, probability: f64) -> ControlFlow<()> {
        if self.below <= self.tail {
            (self.lower, self.before) = (self.next, self.below);
        }
        self.below += probability;
        self.next += 1;
        let enough = self.below >= 1.0 - self.tail || self.next == MOST_PURCHASES;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(super) fn limits(&self) -> Result<Limits, Error> {
        if self.next == MOST_PURCHASES && self.below < 1.0 - self.tail {
            return Err(Error::degenerate("limits of more than a million purchases"));
        }
        let attained = (self.below - self.before).clamp(0.0, 1.0);
        Ok(Limits { lower: self.lower, upper: self.next.saturating_sub(1), attained })
    }
}

impl Outlook {
    /// Not a public constructor: models make outlooks.
    pub(super) const fn new(alive: f64, process: Process) -> Self {
        Self { alive, process }
    }

    /// What the customer does if he is alive.
    pub(super) fn if_alive(&self) -> &dyn Renewal {
        self.process.renewal()
    }

    /// The same, with its kind.
    pub(super) const fn process(&self) -> Process {
        self.process
    }

    /// The probability that the customer is alive now, in [0, 1].
    #[must_use]
    pub const fn probability_alive(&self) -> f64 {
        self.alive
    }

    /// The probability that the customer is alive `t` from now, in [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15, and
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where under a CNBD model with k above 1 a million events may come by
    /// then, which are counted one by one; so in all questions with a time.
    pub fn probability_alive_at(&self, t: f64) -> Result<f64, Error> {
        Ok(self.alive * self.process.renewal().survival(self.horizon(t)?))
    }

    /// The expected number of purchases in the next `t`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15.
    pub fn expected_purchases(&self, t: f64) -> Result<f64, Error> {
        Ok(self.alive * self.process.renewal().expected(self.horizon(t)?))
    }

    /// The probability of no purchase in the next `t`, in [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15.
    pub fn probability_of_none(&self, t: f64) -> Result<f64, Error> {
        Ok(1.0 - self.alive + self.alive * self.process.renewal().none(self.horizon(t)?))
    }

    /// The probabilities of 0, 1, … purchases in the next `t`: the first `count` of them.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15.
    pub fn purchase_probabilities(&self, t: f64, count: usize) -> Result<Vec<f64>, Error> {
        let mut probabilities = Vec::new();
        self.each_probability(self.horizon(t)?, &mut |probability| {
            if probabilities.len() == count {
                return ControlFlow::Break(());
            }
            probabilities.push(probability);
            ControlFlow::Continue(())
        });
        Ok(probabilities)
    }

    /// The probability of exactly `count` purchases in the next `t`, with full relative precision however small it is.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15.
    pub fn probability_of(&self, count: u64, t: f64) -> Result<f64, Error> {
        let dead = if count == 0 { 1.0 - self.alive } else { 0.0 };
        Ok(dead + self.alive * self.process.renewal().probability(self.horizon(t)?, count))
    }

    /// The integers between which the number of purchases in the next `t` lies with at least the given probability.
    ///
    /// lower = max{k: P(X < k) <= α/2}, upper = min{k: P(X <= k) >= 1 - α/2}; the parameters count as known
    /// ([`ParameterDraws`](super::ParameterDraws) adds their uncertainty).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where more than a million purchases are likely.
    pub fn prediction_limits(&self, t: f64, confidence: Confidence) -> Result<Limits, Error> {
        let mut search = LimitSearch::new(confidence);
        self.each_probability(self.horizon(t)?, &mut |probability| search.add(probability));
        search.limits()
    }

    /// The time within which the next purchase comes with probability `share`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a share outside (0, 1). The inner result is [`Absent::Infinite`] if
    /// the probability that it ever comes is not above `share`.
    pub fn next_purchase_quantile(&self, share: f64) -> Result<Result<f64, Absent>, Error> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::input("share", share, "between 0 and 1, both excluded"));
        }
        let renewal = self.process.renewal();
        let none = |t: f64| 1.0 - self.alive + self.alive * renewal.none(t);
        if self.alive * (1.0 - renewal.never()) <= share {
            return Ok(Err(Absent::Infinite));
        }
        let mut upper = 1.0;
        while none(upper) > 1.0 - share && upper < 1e300 {
            upper *= 4.0;
        }
        let mut lower = if upper > 1.0 { 0.25 * upper } else { 0.0 };
        // Bisection to the last bit: `none` falls steadily, but it need not be smooth to rounding.
        for _ in 0..200 {
            let middle = 0.5 * (lower + upper);
            if middle <= lower || middle >= upper {
                break;
            }
            if none(middle) > 1.0 - share { lower = middle } else { upper = middle }
        }
        Ok(Ok(upper))
    }

    /// The mean time to the next purchase of a customer who is alive, given that it comes; absent where it is infinite.
    ///
    /// # Errors
    /// [`Absent::Infinite`] where the mean does not exist.
    pub fn mean_time_to_purchase(&self) -> Result<f64, Absent> {
        self.process.renewal().mean_time()
    }

    /// Discounted expected residual transactions: ∫ e^(-rate t) dE[X(t)] over all times to come (Fader, Hardie and Lee 2005).
    #[must_use]
    pub fn discounted_residual_transactions(&self, rate: Rate) -> f64 {
        self.alive * self.process.renewal().discounted(rate.get())
    }

    /// The discounted purchases to be expected after he leaves within the next `horizon`, had he not left: what his leaving
    /// then would take away.
    ///
    /// E[1(alive now) ∫ h(τ) S(τ) ∫_τ λ e^(-rate t) S(t) / S(τ) dt dτ] with τ over (0, horizon], h the hazard of leaving and S
    /// the survival at the rates of this very customer, then averaged over these. Whoever stays at τ leaves later as everyone
    /// does. Formula page: `docs/formulas/value-at-risk.md`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `horizon` is from 0 to 1e15.
    ///
    /// # Complexity
    /// One quadrature over time.
    pub fn discounted_transactions_at_risk(&self, horizon: f64, rate: Rate) -> Result<f64, Error> {
        Ok(self.alive * self.process.renewal().at_risk(self.horizon(horizon)?, rate.get()))
    }

    /// The discounted purchases to be expected after `horizon` from now, given that he is alive then.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `horizon` is from 0 to 1e15.
    pub fn discounted_transactions_beyond(&self, horizon: f64, rate: Rate) -> Result<f64, Error> {
        let (horizon, renewal) = (self.horizon(horizon)?, self.process.renewal());
        let alive = renewal.survival(horizon);
        Ok(if alive > 0.0 { renewal.beyond(horizon, rate.get()) / alive } else { 0.0 })
    }

    /// The expected number of purchases in all times to come; absent where it is infinite.
    ///
    /// # Errors
    /// [`Absent::Infinite`] where too many customers never leave for the mean to exist.
    pub fn residual_transactions(&self) -> Result<f64, Absent> {
        if self.alive == 0.0 { Ok(0.0) } else { Ok(self.alive * self.process.renewal().total()?) }
    }

    /// A time that the process can be asked about.
    pub(super) fn horizon(&self, t: f64) -> Result<f64, Error> {
        let whole = t.fract() == 0.0 && t <= f64::from(MOST_OPPORTUNITIES);
        if matches!(self.process, Process::BetaBernoulli(_)) && !whole {
            let allowed = format!("a whole number of opportunities from 0 to {MOST_OPPORTUNITIES}");
            return Err(Error::input("horizon", t, allowed));
        }
        let t = horizon(t)?;
        match &self.process {
            Process::BetaGeometric(process) if !process.reaches(t) => {
                Err(Error::degenerate("a horizon in which a regular buyer may see a million events or more"))
            }
            _ => Ok(t),
        }
    }

    pub(super) fn each_probability(&self, t: f64, visit: &mut dyn FnMut(f64) -> ControlFlow<()>) {
        let mut dead = 1.0 - self.alive;
        self.process
            .renewal()
            .each_probability(t, &mut |probability| visit(self.alive * probability + std::mem::take(&mut dead)));
    }
}

pub(super) fn horizon(t: f64) -> Result<f64, Error> {
    if (0.0..=MOST_TIME).contains(&t) { Ok(t) } else { Err(Error::input("horizon", t, "a time from 0 to 1e15")) }
}
