//! A customer buys at a steady gamma-distributed rate until his lifetime ends: what does he do, whatever the distribution of
//! the lifetime? State: the gamma distribution that the history has left, and the remaining [`Lifetime`]. Called by outlooks
//! of the Pareto/NBD and the GGom/NBD, which differ in the lifetime alone.
//!
//! Every answer is an average over the time u of leaving, or over the time of the next purchase, with a positive integrand:
//! nothing cancels. The panels of the quadrature follow the scales on which the integrand can change.

use std::ops::ControlFlow;

use super::Renewal;
use crate::Absent;
use crate::clv::nodes::GAUSS_16;
use crate::numeric::beta::ln_beta;

/// The remaining lifetime of a customer who is alive now.
pub(in crate::clv) trait Lifetime: Copy {
    /// P(alive at u).
    fn survival(&self, u: f64) -> f64;

    /// The rate of leaving at u of those alive at u.
    fn hazard(&self, u: f64) -> f64;

    /// The time over which the survival begins to bend.
    fn scale(&self) -> f64;

    /// The width of a panel at u on which survival and density are smooth enough for a rule of 16 nodes.
    fn step(&self, u: f64) -> f64;

    /// A time beyond which survival is 0 to rounding, or a power of u with exponent minus [`tail_power`](Self::tail_power).
    fn far(&self) -> f64;

    /// How survival falls beyond [`far`](Self::far): u^-power; infinite if it is 0 there.
    fn tail_power(&self) -> f64;

    /// How many times the hazard at 0 it can become.
    fn ageing(&self) -> f64;

    /// The lifetime that remains to one who is alive at `age`.
    fn after(self, age: f64) -> Self;

    /// E[cumulative hazard of leaving up to v × P(alive at w)] of one customer, for v <= w.
    fn passed(&self, v: f64, w: f64) -> f64;

    /// ∫ survival over (0, t].
    fn mean_up_to(&self, t: f64) -> f64 {
        integral(self.scale(), t, |u| self.step(u), |u| self.survival(u))
    }

    /// ∫ survival over (0, ∞), if it is finite.
    fn mean(&self) -> Result<f64, Absent> {
        Some(self.mean_up_to(self.far())).filter(|mean| mean.is_finite()).ok_or(Absent::Infinite)
    }

    /// ∫ e^(-rate u) survival(u) du over (0, ∞), for a rate above 0.
    fn discounted(&self, rate: f64) -> f64 {
        let step = |u| f64::min(self.step(u), 14.0 / rate);
        integral(self.scale().min(1.0 / rate), 50.0 / rate, step, |u| (-rate * u).exp() * self.survival(u))
    }
}

/// Purchases at a gamma-distributed rate until the end of a lifetime.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::clv) struct GammaPoisson<L> {
    /// Of the gamma distribution of the purchase rate: r + x.
    pub(in crate::clv) shape: f64,
    /// Of the same: α + T.
    pub(in crate::clv) rate: f64,
    pub(in crate::clv) lifetime: L,
}

impl<L: Lifetime> GammaPoisson<L> {
    /// P(no purchase in (0, u]) of one who lives that long.
    fn silent(&self, u: f64) -> f64 {
        (-self.shape * (u / self.rate).ln_1p()).exp()
    }

    /// The time on which everything is smooth at 0.
    fn scale(&self) -> f64 {
        self.rate.min(self.lifetime.scale())
    }

    /// The width of a panel at u: six standard deviations of the time that so many purchases take, at most.
    fn step(&self, u: f64) -> f64 {
        let relative = u / self.rate;
        let deviation = ((relative * (1.0 + relative) + 1.0 / self.shape) / self.shape).sqrt();
        f64::min(6.0 * self.rate * deviation, self.lifetime.step(u))
    }

    /// ∫ over (0, ∞) of a density that falls like u^-`power` beyond everything.
    fn whole(&self, power: f64, density: impl Fn(f64) -> f64) -> f64 {
        let far = self.lifetime.far().max(1e17 * self.rate);
        let rest = if power.is_finite() { far * density(far) / (power - 1.0) } else { 0.0 };
        let mut sum = rest;
        each_part(
            self.scale(),
            far,
            self.lifetime.ageing(),
            |u| self.step(u),
            |u, width| {
                let part = width * density(u);
                sum += part;
                part
            },
        );
        sum
    }

    /// The density of leaving at u without a purchase before.
    fn leaves(&self, u: f64) -> f64 {
        self.silent(u) * self.lifetime.hazard(u) * self.lifetime.survival(u)
    }

    /// P(leaves in (0, t] without a purchase before).
    pub(in crate::clv) fn gone(&self, t: f64) -> f64 {
        let mut gone = 0.0;
        self.each_leaving(t, |u, width| {
            let part = width * self.leaves(u);
            gone += part;
            part
        });
        gone
    }

    /// Visits times of leaving in (0, t], each with its width, dense enough for every average over them, until the parts that
    /// `visit` returns add nothing.
    #[inline]
    pub(in crate::clv) fn each_leaving(&self, t: f64, visit: impl FnMut(f64, f64) -> f64) {
        each_part(self.scale(), t, self.lifetime.ageing(), |u| self.step(u), visit);
    }

    /// The density of the time of the next purchase.
    fn next(&self, u: f64) -> f64 {
        self.shape / (self.rate + u) * self.silent(u) * self.lifetime.survival(u)
    }
}

impl<L: Lifetime> Renewal for GammaPoisson<L> {
    fn survival(&self, t: f64) -> f64 {
        self.lifetime.survival(t)
    }

    fn expected(&self, t: f64) -> f64 {
        self.shape / self.rate * self.lifetime.mean_up_to(t)
    }

    fn second(&self, t: f64) -> f64 {
        self.expected(t) + 2.0 * self.pairs(0.0, t, &|u| u).unwrap_or_default()
    }

    fn total(&self) -> Result<f64, Absent> {
        Ok(self.shape / self.rate * self.lifetime.mean()?)
    }

    fn discounted(&self, rate: f64) -> f64 {
        self.shape / self.rate * self.lifetime.discounted(rate)
    }

    fn at_risk(&self, horizon: f64, rate: f64) -> f64 {
        let lifetime = &self.lifetime;
        let step = |u: f64| f64::min(lifetime.step(u), 14.0 / rate);
        let scale = lifetime.scale().min(1.0 / rate);
        let density = |w: f64| (-rate * w).exp() * lifetime.passed(w.min(horizon), w);
        // Two smooth parts, before and after the horizon.
        let within = integral(scale, horizon.min(50.0 / rate), step, density);
        let beyond = integral(scale + horizon, 50.0 / rate, |u| step(horizon + u), |u| density(horizon + u));
        self.shape / self.rate * (within + beyond)
    }

    fn beyond(&self, horizon: f64, rate: f64) -> f64 {
        let alive = self.lifetime.survival(horizon);
        self.shape / self.rate * alive * (-rate * horizon).exp() * self.lifetime.after(horizon).discounted(rate)
    }

    fn pairs(&self, from: f64, to: f64, weight: &dyn Fn(f64) -> f64) -> Option<f64> {
        // g(t) = E[λ²] P(alive at t).
        let square = self.shape / self.rate * ((self.shape + 1.0) / self.rate);
        let function = |u: f64| self.lifetime.survival(from + u) * weight(from + u);
        let step = |u: f64| self.lifetime.step(from + u);
        Some(square * integral(self.lifetime.scale() + from, to - from, step, function))
    }

    fn scale_of_age(&self) -> Option<f64> {
        Some(self.scale())
    }

    fn none(&self, t: f64) -> f64 {
        (self.silent(t) * self.lifetime.survival(t) + self.gone(t)).min(1.0)
    }

    fn never(&self) -> f64 {
        self.whole(self.shape + self.lifetime.tail_power() + 1.0, |u| self.leaves(u)).min(1.0)
    }

    fn mean_time(&self) -> Result<f64, Absent> {
        let power = self.shape + self.lifetime.tail_power();
        if power <= 1.0 {
            return Err(Absent::Infinite);
        }
        let ever = self.whole(power + 1.0, |u| self.next(u));
        let mean = self.whole(power, |u| u * self.next(u)) / ever;
        if mean.is_finite() { Ok(mean) } else { Err(Absent::Infinite) }
    }

    fn probability(&self, t: f64, k: u64) -> f64 {
        let k = k as f64;
        let ways = if k == 0.0 { 0.0 } else { -(ln_beta(self.shape, k) + k.ln()) };
        // A negative binomial probability at each time of leaving.
        let bought = |u: f64| {
            let share = if k == 0.0 { 0.0 } else { k * (-(self.rate / u).ln_1p()) };
            (ways - self.shape * (u / self.rate).ln_1p() + share).exp()
        };
        let left = |u: f64| bought(u) * self.lifetime.hazard(u) * self.lifetime.survival(u);
        // Far more purchases than expected come late: panels over which u^k rises by a factor that the rule follows. It is
        // exact for the small k that the first quarter matters to.
        let step = |u: f64| self.step(u).min((14.0 * u * (1.0 + u / self.rate) / k.max(1.0)).max(0.25 * t - u));
        let mut sum = bought(t) * self.lifetime.survival(t);
        panels(self.scale(), t, step, |from, to| {
            each_node(self.scale(), from, to, |u, width| sum += width * left(u));
            self.lifetime.survival(to) > 0.0
        });
        sum.min(1.0)
    }

    fn each_probability(&self, t: f64, visit: &mut dyn FnMut(f64) -> ControlFlow<()>) {
        #[allow(clippy::large_stack_arrays, reason = "40 KiB, so that nothing is allocated for a customer")]
        let mut nodes = [Node::default(); NODES];
        let mut free = nodes.iter_mut();
        let node = |u: f64, weight: f64| {
            let log = -self.shape * (u / self.rate).ln_1p();
            Node { weight, share: u / (self.rate + u), log, probability: log.exp() }
        };
        let mut put = |u: f64, weight: f64| {
            if weight > 0.0
                && let Some(place) = free.next()
            {
                *place = node(u, weight);
            }
        };
        put(t, self.lifetime.survival(t));
        // Who lives on beyond this is not seen among the probabilities.
        let lives = |to: f64| self.lifetime.survival(to) > 1e-25;
        let (scale, step) = (self.scale(), |u: f64| self.step(u));
        // Where the stack would not hold the nodes every probability is an integral of its own.
        if panels(scale, t, step, |_, to| lives(to)) >= NODES / GAUSS_16.len() {
            // Nobody follows a distribution further.
            (0..=1_000_000).any(|k| visit(self.probability(t, k)).is_break());
            return;
        }
        panels(scale, t, step, |from, to| {
            each_node(scale, from, to, |u, width| put(u, width * self.lifetime.hazard(u) * self.lifetime.survival(u)));
            lives(to)
        });
        let used = NODES - free.len();
        recur(self.shape, nodes.get_mut(..used).unwrap_or_default(), visit);
    }
}

/// Nodes that the distribution of the number of purchases is followed at.
const NODES: usize = 1024;

/// A time of leaving, or the horizon itself, with the probability of k purchases until then.
#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// The probability of leaving about then.
    weight: f64,
    /// u / (rate + u): the share of failures in the negative binomial distribution.
    share: f64,
    /// ln of the probability of k purchases as long as that is too small for `probability`, else 0.
    log: f64,
    probability: f64,
}

/// P(k + 1) = P(k) (shape + k) / (k + 1) u / (rate + u) at every node, for k = 0, 1, … until `visit` has seen enough or
/// nothing is left.
fn recur(shape: f64, nodes: &mut [Node], visit: &mut dyn FnMut(f64) -> ControlFlow<()>) {
    const REPRESENTABLE: f64 = -600.0;
    nodes.iter_mut().filter(|node| node.log > REPRESENTABLE).for_each(|node| node.log = 0.0);
    nodes.iter_mut().filter(|node| node.log < 0.0).for_each(|node| node.probability = 0.0);
    let mut k = 0.0;
    loop {
        let probability: f64 = nodes.iter().map(|node| node.weight * node.probability).sum();
        if visit(probability.min(1.0)).is_break() {
            return;
        }
        let ratio = (shape + k) / (k + 1.0);
        let mut left = false;
        for node in &mut *nodes {
            if node.log < 0.0 {
                node.log += (ratio * node.share).ln();
                if node.log > REPRESENTABLE {
                    node.probability = node.log.exp();
                    node.log = 0.0;
                }
                // A node whose probability only falls from here never comes up.
                left |= ratio * node.share > 1.0 || node.log == 0.0;
            } else {
                node.probability *= ratio * node.share;
                left |= node.probability > 0.0;
            }
        }
        if !left {
            return;
        }
        k += 1.0;
    }
}

/// Cuts (0, to] into panels, equal in ln (1 + u / scale) or narrower; tells how many there were. Stops when `visit` says no.
fn panels(scale: f64, to: f64, step: impl Fn(f64) -> f64, mut visit: impl FnMut(f64, f64) -> bool) -> usize {
    let (mut from, mut count) = (0.0, 0);
    while from < to {
        // e² - 1: a ratio for which a rule of 16 nodes sees the singularity at -scale from afar.
        let widest = f64::min(6.389 * (scale + from), step(from));
        let mut end = from + widest.min(step(from + widest)).max(1e-15 * (scale + from));
        if end >= to || (to - end) < 0.1 * (end - from) {
            end = to;
        }
        count += 1;
        if !visit(from, end) {
            break;
        }
        from = end;
    }
    count
}

/// The nodes of a panel, in ln (1 + u / scale), with their widths in u.
fn each_node(scale: f64, from: f64, to: f64, mut visit: impl FnMut(f64, f64)) {
    let width = ((to - from) / (scale + from)).ln_1p();
    for (at, weight) in GAUSS_16 {
        let along = (scale + from) * (width * at).exp_m1();
        visit(from + along, width * weight * (scale + from + along));
    }
}

/// ∫ over (0, to] of a positive function with one hill, whose panels may be as wide as `step` says.
pub(super) fn integral(scale: f64, to: f64, step: impl Fn(f64) -> f64, function: impl Fn(f64) -> f64) -> f64 {
    let mut sum = 0.0;
    each_part(scale, to, 1.0, step, |u, width| {
        let part = width * function(u);
        sum += part;
        part
    });
    sum
}

/// The nodes of such an integral with their widths, until what they add, as `part` tells, is nothing. The function may fall and
/// then rise again, by no more than the factor `again`.
#[inline]
fn each_part(scale: f64, to: f64, again: f64, step: impl Fn(f64) -> f64, mut part: impl FnMut(f64, f64) -> f64) {
    let mut sum = 0.0;
    panels(scale, to, step, |from, to| {
        let mut panel = 0.0;
        each_node(scale, from, to, |u, width| panel += part(u, width));
        sum += panel;
        panel * again > 1e-18 * sum
    });
}
