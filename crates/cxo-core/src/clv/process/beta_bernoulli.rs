//! What does a customer who is alive do at each opportunity if he may leave before it, with a chance of his own, and
//! buys at it, with another? State: the two beta distributions that his history has left. Called by outlooks of the
//! BG/BB.
//!
//! Times are opportunities: at a time between two of them as much has happened as at the earlier. Let (u)_j be the rising
//! factorial of j factors from u. Then the chance to stay j times is (d)_j / (c + d)_j, and that to buy at none of j
//! opportunities is (b)_j / (a + b)_j. Every answer is a sum of products of the two, all positive, without the pole of the
//! closed forms at c = 1.

use std::ops::ControlFlow;

use super::Renewal;
use crate::Absent;
use crate::clv::series::{Fall, sum_to_infinity};
use crate::numeric::beta::ln_beta_ratio;

/// The most opportunities of a history or a horizon: the distribution of the number of purchases takes a time that
/// grows with their square.
pub(in crate::clv) const MOST_OPPORTUNITIES: u32 = 10_000;
/// Opportunities beyond which silence is no longer followed one by one.
const STEPS: f64 = 1000.0;
/// ln of a probability from which on it is carried as it is.
const REPRESENTABLE: f64 = -600.0;

/// A customer who is alive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::clv) struct BetaBernoulli {
    /// Of the beta distribution of the chance to buy: α + x.
    pub(in crate::clv) a: f64,
    /// β + n - x.
    pub(in crate::clv) b: f64,
    /// Of the beta distribution of the chance to leave: γ.
    pub(in crate::clv) c: f64,
    /// δ + n.
    pub(in crate::clv) d: f64,
}

impl BetaBernoulli {
    /// How products of chances fall in j whose exponents sum to `power`.
    fn fall(&self, rate: f64, power: f64) -> Fall {
        let far = 1e17 * (1.0 + self.a + self.b + self.c + self.d);
        Fall { rate, power, far, width: f64::min(2.0, 14.0 / (1.0 + self.a + self.c)) }
    }

    /// P(alive and without purchase after m opportunities).
    fn silent(&self, m: f64) -> f64 {
        (ln_beta_ratio(self.a, self.b, m) + ln_beta_ratio(self.c, self.d, m)).exp()
    }

    /// The customer after m opportunities at which he stayed and did not buy.
    fn after_silence(&self, m: f64) -> Self {
        Self { b: self.b + m, d: self.d + m, ..*self }
    }

    /// Σ over j of `factor(j)` P(the next purchase comes at opportunity j + 1), for a factor that grows at most as
    /// j^`growth`.
    fn over_next(&self, growth: f64, factor: impl Fn(f64) -> f64) -> f64 {
        let Self { a, b, c, d } = *self;
        let first = a / (a + b) * (d / (c + d));
        let at = |x: f64| {
            let log = ln_beta_ratio(a + 1.0, b, x) + ln_beta_ratio(c, d + 1.0, x);
            factor(x) * first * log.exp()
        };
        let next = |j: f64, term: f64| {
            let ratio = (b + j) / (a + b + 1.0 + j) * ((d + 1.0 + j) / (c + d + 1.0 + j));
            term * ratio * (factor(j + 1.0) / factor(j))
        };
        sum_to_infinity(self.fall(0.0, 1.0 + a + c - growth), at, next)
    }

    /// Σ over i from k to m of P(purchases are possible at exactly i opportunities) P(k purchases at i). `log_lead` is
    /// ln of the probability of k purchases at k opportunities, `stayed` the chance to stay k times.
    fn probability_from(&self, k: f64, m: f64, log_lead: f64, mut stayed: f64) -> f64 {
        let Self { a, b, c, d } = *self;
        let representable = log_lead > REPRESENTABLE;
        let (mut log, mut bought) = if representable { (0.0, log_lead.exp()) } else { (log_lead, 0.0) };
        let (mut sum, mut i) = (0.0, k);
        while i < m {
            sum += bought * stayed * (c / (c + d + i));
            let ratio = (i + 1.0) / (i + 1.0 - k) * ((b + i - k) / (a + b + i));
            if log < 0.0 {
                log += ratio.ln();
                if log > REPRESENTABLE {
                    (log, bought) = (0.0, log.exp());
                }
            } else {
                bought *= ratio;
            }
            stayed *= (d + i) / (c + d + i);
            i += 1.0;
        }
        sum + bought * stayed
    }
}

impl Renewal for BetaBernoulli {
    fn survival(&self, t: f64) -> f64 {
        ln_beta_ratio(self.c, self.d, t.floor()).exp().min(1.0)
    }

    fn expected(&self, t: f64) -> f64 {
        let (m, mut i, mut stayed, mut sum) = (t.floor(), 0.0, 1.0, 0.0);
        while i < m {
            stayed *= (self.d + i) / (self.c + self.d + i);
            sum += stayed;
            i += 1.0;
        }
        self.a / (self.a + self.b) * sum
    }

    fn second(&self, t: f64) -> f64 {
        let (m, mut i, mut stayed, [mut sum, mut pairs]) = (t.floor(), 0.0, 1.0, [0.0; 2]);
        while i < m {
            stayed *= (self.d + i) / (self.c + self.d + i);
            sum += stayed;
            // Each of the i opportunities before may have been used too.
            pairs += 2.0 * i * stayed;
            i += 1.0;
        }
        let both = self.a + self.b;
        self.a / both * (sum + (self.a + 1.0) / (both + 1.0) * pairs)
    }

    fn total(&self) -> Result<f64, Absent> {
        let Self { a, b, c, d } = *self;
        if c > 1.0 { Ok(a / (a + b) * (d / (c - 1.0))) } else { Err(Absent::Infinite) }
    }

    fn discounted(&self, rate: f64) -> f64 {
        let Self { a, b, c, d } = *self;
        let (first, factor) = (a / (a + b) * (d / (c + d)), (-rate).exp());
        let at = |x: f64| (ln_beta_ratio(c, d + 1.0, x) - rate * x).exp();
        let next = |j: f64, term: f64| term * factor * ((d + 1.0 + j) / (c + d + 1.0 + j));
        first * factor * sum_to_infinity(self.fall(rate, c), at, next)
    }

    fn at_risk(&self, horizon: f64, rate: f64) -> f64 {
        let Self { a, b, c, d } = *self;
        let factor = (-rate).exp();
        // Σ over j = 0, 1, … of min(j + 1, horizon) v^(j + 1) P(leaves just before opportunity j + 1).
        let (mut j, mut term, mut sum) = (0.0, factor * (c / (c + d)), 0.0);
        while j < horizon {
            sum += (j + 1.0) * term;
            term *= factor * ((d + j) / (c + d + j + 1.0));
            j += 1.0;
        }
        let at = |x: f64| term * (ln_beta_ratio(c + 1.0, d + j, x) - rate * x).exp();
        let next = |i: f64, term: f64| term * factor * ((d + j + i) / (c + d + j + i + 1.0));
        let beyond = Self { d: d + j, ..*self };
        a / (a + b) * (sum + horizon * sum_to_infinity(beyond.fall(rate, c + 1.0), at, next))
    }

    fn beyond(&self, horizon: f64, rate: f64) -> f64 {
        let later = Self { d: self.d + horizon, ..*self };
        self.survival(horizon) * (-rate * horizon).exp() * later.discounted(rate)
    }

    fn none(&self, t: f64) -> f64 {
        let (m, Self { a, b, c, d }) = (t.floor(), *self);
        if m > STEPS {
            let (silent, later) = (self.silent(m), self.after_silence(m));
            return (self.never() + silent * later.over_next(0.0, |_| 1.0)).min(1.0);
        }
        let (mut i, mut silent, mut left) = (0.0, 1.0, 0.0);
        while i < m {
            left += silent * (c / (c + d + i));
            silent *= (b + i) / (a + b + i) * ((d + i) / (c + d + i));
            i += 1.0;
        }
        (left + silent).min(1.0)
    }

    fn never(&self) -> f64 {
        let Self { a, b, c, d } = *self;
        let at = |x: f64| (ln_beta_ratio(a, b, x) + ln_beta_ratio(c + 1.0, d, x)).exp();
        let next = |j: f64, term: f64| term * ((b + j) / (a + b + j)) * ((d + j) / (c + d + 1.0 + j));
        (c / (c + d) * sum_to_infinity(self.fall(0.0, 1.0 + a + c), at, next)).min(1.0)
    }

    fn mean_time(&self) -> Result<f64, Absent> {
        if self.a + self.c <= 1.0 {
            return Err(Absent::Infinite);
        }
        Ok(self.over_next(1.0, |j| j + 1.0) / self.over_next(0.0, |_| 1.0))
    }

    fn probability(&self, t: f64, k: u64) -> f64 {
        let (m, k) = (t.floor(), k as f64);
        if k > m {
            return 0.0;
        }
        let [log_lead, log_stayed] = [ln_beta_ratio(self.b, self.a, k), ln_beta_ratio(self.c, self.d, k)];
        self.probability_from(k, m, log_lead, log_stayed.exp()).min(1.0)
    }

    fn each_probability(&self, t: f64, visit: &mut dyn FnMut(f64) -> ControlFlow<()>) {
        let (m, mut k, mut log_lead, mut stayed) = (t.floor(), 0.0, 0.0, 1.0);
        while k <= m {
            if visit(self.probability_from(k, m, log_lead, stayed).min(1.0)).is_break() {
                return;
            }
            log_lead += ((self.a + k) / (self.a + self.b + k)).ln();
            stayed *= (self.d + k) / (self.c + self.d + k);
            k += 1.0;
        }
    }
}
