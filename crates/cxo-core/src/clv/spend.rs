//! What will one customer spend on a purchase? The distribution of his mean spend that a history leaves, and that of his next
//! purchases. State: three numbers; made by [`GammaGamma`](super::GammaGamma), asked by lifetime value.

use std::num::NonZeroU32;

use crate::numeric::beta::{Beta, Point};
use crate::numeric::gamma::Gamma;
use crate::numeric::random::Random;
use crate::{Absent, Confidence, Interval, Method, Probability, Seed};

/// The mean spend M of one customer, as his history leaves it: M = p / ν with ν ~ Gamma(shape, rate), shape = q + p x and
/// rate = v + x m. A small value without heap.
///
/// ```
/// use cxo_core::clv::{GammaGamma, Summary};
/// use cxo_core::Confidence;
///
/// let model = GammaGamma::new([6.25, 3.74, 15.44])?;
/// let spend = model.spend(&Summary::new(2, 30.43, 38.86)?.with_monetary_value(22.35)?)?;
/// let interval = spend.interval(Confidence::P95)?;
/// assert!(interval.lower > 14.0 && interval.upper < 41.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spend {
    p: f64,
    shape: f64,
    rate: f64,
}

impl Spend {
    pub(super) const fn new(p: f64, shape: f64, rate: f64) -> Self {
        Self { p, shape, rate }
    }

    /// `E[M] = p (v + x m) / (p x + q - 1)`: the expected spend on each of his purchases to come.
    ///
    /// # Errors
    /// [`Absent::Infinite`] if p x + q <= 1. It is never negative.
    pub fn mean(&self) -> Result<f64, Absent> {
        finite_above(self.shape, 1.0, || self.p * (self.rate / (self.shape - 1.0)))
    }

    /// The variance of M: `E[M]² / (p x + q - 2)`.
    ///
    /// # Errors
    /// [`Absent::Infinite`] if p x + q <= 2.
    pub fn variance(&self) -> Result<f64, Absent> {
        let mean = self.mean()?;
        finite_above(self.shape, 2.0, || mean * mean / (self.shape - 2.0))
    }

    /// The m with P(M <= m) = `share`.
    ///
    /// # Errors
    /// [`Absent::Infinite`] for a share of 1, or if the quantile is beyond all numbers.
    pub fn quantile(&self, share: Probability) -> Result<f64, Absent> {
        // M is small where ν is great.
        match share.get() {
            0.0 => Ok(0.0),
            share if share < 1.0 => finite(self.p * (self.rate / Gamma { shape: self.shape }.quantile_upper(share))),
            _ => Err(Absent::Infinite),
        }
    }

    /// The middle of the distribution of M that holds so much probability; the parameters of the model count as known.
    ///
    /// # Errors
    /// [`Absent::Infinite`] if the upper end is beyond all numbers.
    pub fn interval(&self, confidence: Confidence) -> Result<Interval, Absent> {
        central(confidence, |share| self.quantile(share))
    }

    /// What his next purchases will cost on average: M with the chance of so many purchases on top.
    #[must_use]
    pub fn next(&self, purchases: NonZeroU32) -> NextSpend {
        let n = f64::from(purchases.get());
        NextSpend { own: self.p * n, shape: self.shape, rate: self.rate / n }
    }

    /// E[M²].
    pub(super) fn mean_of_square(&self) -> Result<f64, Absent> {
        Ok(self.mean()?.powi(2) + self.variance()?)
    }

    /// Var(spend of a purchase | M) / M².
    pub(super) fn relative_variance(&self) -> f64 {
        1.0 / self.p
    }
}

/// The mean spend of the next n purchases of one customer: (v + x m) / n times a beta prime variable with p n and q + p x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NextSpend {
    own: f64,
    shape: f64,
    rate: f64,
}

impl NextSpend {
    /// Its mean, the same as that of [`Spend`].
    ///
    /// # Errors
    /// [`Absent::Infinite`] if p x + q <= 1.
    pub fn mean(&self) -> Result<f64, Absent> {
        finite_above(self.shape, 1.0, || self.own * (self.rate / (self.shape - 1.0)))
    }

    /// Its variance: `Var(M) + E[M²] / (p n)`.
    ///
    /// # Errors
    /// [`Absent::Infinite`] if p x + q <= 2.
    pub fn variance(&self) -> Result<f64, Absent> {
        let mean = self.mean()?;
        finite_above(self.shape, 2.0, || mean * mean * (1.0 + (self.shape - 1.0) / self.own) / (self.shape - 2.0))
    }

    /// The amount below which it stays with probability `share`.
    ///
    /// # Errors
    /// [`Absent::Infinite`] for a share of 1, or if the quantile is beyond all numbers.
    pub fn quantile(&self, share: Probability) -> Result<f64, Absent> {
        finite(self.rate * Beta { a: self.own, b: self.shape }.log_odds(share.get()).exp())
    }

    /// The probability that it is above an amount, in [0, 1].
    #[must_use]
    pub fn probability_above(&self, amount: f64) -> f64 {
        let odds = amount / self.rate;
        // Not `<=`: nothing is above what is no number, and everything above less than 0.
        if odds > 0.0 {
            let point = Point { x: 1.0 / (1.0 + odds), complement: 1.0 / (1.0 + 1.0 / odds) };
            Beta { a: self.shape, b: self.own }.cdf_at(point)
        } else if amount.is_nan() {
            0.0
        } else {
            1.0
        }
    }

    /// The middle of the distribution that holds so much probability; the parameters of the model count as known.
    ///
    /// # Errors
    /// [`Absent::Infinite`] if the upper end is beyond all numbers.
    pub fn interval(&self, confidence: Confidence) -> Result<Interval, Absent> {
        central(confidence, |share| self.quantile(share))
    }
}

fn finite(value: f64) -> Result<f64, Absent> {
    if value.is_finite() { Ok(value) } else { Err(Absent::Infinite) }
}

/// A moment that exists for shapes above a bound.
fn finite_above(shape: f64, bound: f64, moment: impl Fn() -> f64) -> Result<f64, Absent> {
    if shape > bound { finite(moment()) } else { Err(Absent::Infinite) }
}

fn central(confidence: Confidence, quantile: impl Fn(Probability) -> Result<f64, Absent>) -> Result<Interval, Absent> {
    let at = |share: f64| Probability::new(share).map_err(|_| Absent::NotDefined).and_then(&quantile);
    let tail = 0.5 * confidence.alpha();
    let (lower, upper) = (at(tail)?, at(1.0 - tail)?);
    Interval::new(lower, upper, confidence, Method::PosteriorQuantiles).map_err(|_| Absent::Infinite)
}

/// Simulated customers: the mean spend of each and what he spent on each purchase. Amounts are clipped to positive numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedSpend {
    means: Vec<f64>,
    amounts: Vec<f64>,
    /// Where the amounts of each customer end.
    ends: Vec<usize>,
}

impl SimulatedSpend {
    pub(super) fn draw([p, q, v]: [f64; 3], purchases: &[u32], seed: Seed) -> Self {
        let mut simulated = Self { means: Vec::new(), amounts: Vec::new(), ends: Vec::new() };
        for (customer, &count) in (0_u64..).zip(purchases) {
            // Streams that no simulation of purchases uses: the same seed there does not tie the two together.
            let mut random = Random::new(seed.0, customer | 1 << 63);
            let log_rate = random.ln_gamma_variable(q) - v.ln();
            let amount = |log: f64| log.exp().clamp(f64::MIN_POSITIVE, f64::MAX);
            simulated.means.push(amount(p.ln() - log_rate));
            simulated.amounts.extend((0..count).map(|_| amount(random.ln_gamma_variable(p) - log_rate)));
            simulated.ends.push(simulated.amounts.len());
        }
        simulated
    }

    /// The number of customers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.means.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.means.is_empty()
    }

    /// The mean that the purchases of a customer were drawn around.
    #[must_use]
    pub fn true_mean(&self, customer: usize) -> Option<f64> {
        self.means.get(customer).copied()
    }

    /// What a customer spent, purchase by purchase.
    #[must_use]
    pub fn purchases(&self, customer: usize) -> &[f64] {
        let from = customer.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(customer).and_then(|&to| self.amounts.get(from..to)).unwrap_or_default()
    }

    /// The mean of what a customer spent; none without purchases.
    #[must_use]
    pub fn mean_of_purchases(&self, customer: usize) -> Option<f64> {
        let amounts = self.purchases(customer);
        let share = 1.0 / amounts.len() as f64;
        (!amounts.is_empty()).then(|| amounts.iter().map(|amount| amount * share).sum())
    }
}
