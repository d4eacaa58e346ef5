//! What does a customer who is alive do if he may leave after each purchase, with a chance of his own? State: the gamma
//! distribution of his rate, the beta distribution of his chance, and how long he has been silent. Called by outlooks of the
//! BG/NBD and its relatives.
//!
//! A purchase is every k-th event of a Poisson process (k = 1: every one). With N the purchases that nothing stopped and
//! c_n = (b)_n / (a + b)_n the probability of surviving n of them, P(alive at t) = Σ P(N = n) c_n and E[X(t)] = Σ P(N > n) c_n:
//! sums of positive terms, without the pole of the closed form at a = 1.

use std::ops::ControlFlow;

use super::Renewal;
use crate::Absent;
use crate::clv::nodes::GAUSS_16;
use crate::numeric::beta::{self, ln_beta};
use crate::numeric::continued_fraction;
use crate::numeric::gamma::ln_gamma;

/// The greatest k.
pub(in crate::clv) const MOST_REGULAR: u32 = 32;
const STAGES: usize = MOST_REGULAR as usize;
/// Terms of a sum beyond which integrals are quicker.
const TERMS: f64 = 4000.0;

/// A customer who is alive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::clv) struct BetaGeometric {
    /// Events from purchase to purchase, 1 to [`MOST_REGULAR`].
    pub(in crate::clv) k: u32,
    /// Of the gamma distribution of the rate of events: r + k x, without the events since the last purchase.
    pub(in crate::clv) shape: f64,
    /// Of the same: α + T.
    pub(in crate::clv) rate: f64,
    /// T - t_x: in this time there were fewer than k events.
    pub(in crate::clv) silence: f64,
    /// Of the beta distribution of the chance to leave.
    pub(in crate::clv) a: f64,
    pub(in crate::clv) b: f64,
}

/// How many events there have been since the last purchase, with its probability.
#[derive(Debug, Clone, Copy, Default)]
struct Stage {
    events: f64,
    weight: f64,
}

/// Event counts of a negative binomial distribution, one after the other.
#[derive(Debug, Clone, Copy, Default)]
struct Events {
    shape: f64,
    /// t / (rate + t).
    share: f64,
    count: f64,
    probability: f64,
    /// ln of the probability as long as that is too small, else 0.
    log: f64,
}

const REPRESENTABLE: f64 = -600.0;

impl Events {
    fn new(shape: f64, rate: f64, t: f64) -> Self {
        let log = -shape * (t / rate).ln_1p();
        let (log, probability) = if log > REPRESENTABLE { (0.0, log.exp()) } else { (log, 0.0) };
        Self { shape, share: t / (rate + t), count: 0.0, probability, log }
    }

    /// P(count) times this is P(count + 1).
    fn ratio(&self) -> f64 {
        (self.shape + self.count) / (self.count + 1.0) * self.share
    }

    /// P(count), after which it is the turn of the next count.
    #[inline]
    fn next(&mut self) -> f64 {
        let (probability, ratio) = (self.probability, self.ratio());
        if self.log < 0.0 {
            self.log += ratio.ln();
            if self.log > REPRESENTABLE {
                self.probability = self.log.exp();
                self.log = 0.0;
            }
        } else {
            self.probability *= ratio;
        }
        self.count += 1.0;
        probability
    }

    /// An upper bound of the probability of this and all greater counts, once they fall.
    fn rest(&self) -> f64 {
        let ratio = self.ratio();
        if ratio < 1.0 && self.log == 0.0 { self.probability / (1.0 - ratio) } else { 1.0 }
    }
}

impl BetaGeometric {
    /// The stages that may have been reached, with their weights. c_j = (shape)_j / j! (silence / rate)^j, normalised.
    fn stages(&self) -> ([Stage; STAGES], usize) {
        let mut stages = [Stage::default(); STAGES];
        let (used, ratio) = (self.k as usize, self.silence / self.rate);
        let (mut weight, mut events, mut sum) = (1.0, 0.0, 0.0);
        for stage in stages.iter_mut().take(used) {
            *stage = Stage { events, weight };
            sum += weight;
            weight *= (self.shape + events) / (events + 1.0) * ratio;
            events += 1.0;
        }
        stages.iter_mut().take(used).for_each(|stage| stage.weight /= sum);
        (stages, used)
    }

    /// Σ over the stages of weight times `answer` of one who is there.
    fn mixed(&self, answer: impl Fn(f64) -> f64) -> f64 {
        if self.k == 1 {
            return answer(0.0);
        }
        let (stages, used) = self.stages();
        stages.iter().take(used).map(|stage| stage.weight * answer(stage.events)).sum()
    }

    /// The events that follow `reached` ones since the last purchase, within t.
    fn events(&self, reached: f64, t: f64) -> Events {
        Events::new(self.shape + reached, self.rate, t)
    }

    /// P(N = 0), P(N = 1), … of unstopped purchases from one stage, with a bound of all that follow, until told to stop.
    fn each_count(&self, reached: f64, t: f64, mut visit: impl FnMut(f64, f64) -> ControlFlow<()>) {
        let mut events = self.events(reached, t);
        let k = f64::from(self.k);
        let mut until = k - reached;
        loop {
            let mut probability = 0.0;
            while events.count < until {
                probability += events.next();
            }
            until += k;
            if visit(probability, events.rest()).is_break() {
                return;
            }
        }
    }

    /// Σ P(N > n) c_n at several ascending times at once, where every event is a purchase and no probability is too small.
    ///
    /// One division a term serves all times; side by side they fill the lanes of the processor.
    fn expected_at_random<const N: usize>(&self, times: [f64; N]) -> Option<[f64; N]> {
        let &Self { shape, rate, a, b, .. } = self;
        let log = times.map(|t| -shape * (t / rate).ln_1p());
        if self.k > 1 || log.iter().any(|log| *log <= REPRESENTABLE) {
            return None;
        }
        let share = times.map(|t| t / (rate + t));
        // P(N > n) without loss for n = 0, then by subtraction.
        let mut above = log.map(|log| -log.exp_m1());
        let mut probability = log;
        for (probability, above) in probability.iter_mut().zip(&above) {
            *probability = if *above < 0.5 { 1.0 - above } else { probability.exp() };
        }
        let mut sum = above;
        let (mut n, mut stayed) = (0.0, 1.0);
        let last = share.last().copied().unwrap_or_default();
        loop {
            let both = 1.0 / ((n + 1.0) * (a + b + n));
            let ratio = (shape + n) * (a + b + n) * both;
            stayed *= (b + n) * (n + 1.0) * both;
            n += 1.0;
            for ((probability, share), (above, sum)) in
                probability.iter_mut().zip(&share).zip(above.iter_mut().zip(&mut sum))
            {
                *probability *= ratio * share;
                *above = (*above - *probability).max(0.0);
                *sum += *above * stayed;
            }
            // What follows is below probability (1 + q + 2 q² + …) stayed, with q the ratio of neighbours.
            let falls = 1.0 - ratio * last;
            let (Some(probability), Some(sum)) = (probability.last(), sum.last()) else { break };
            if falls > 0.0 && probability * stayed < 1e-17 * sum * falls * falls {
                break;
            }
        }
        Some(sum)
    }

    /// How many terms the sums over counts may need.
    fn terms(&self, t: f64) -> f64 {
        let relative = t / self.rate;
        let mean = (self.shape + f64::from(self.k)) * relative;
        // Beyond the mean by deviations, then at the pace of a geometric distribution: 1 / -ln share <= 1 + t / rate.
        mean + 12.0 * (mean * (1.0 + relative)).sqrt() + 40.0 * (1.0 + relative)
    }

    /// Whether sums are quick.
    fn few(&self, t: f64) -> bool {
        self.k > 1 || self.terms(t) < TERMS
    }

    /// E over p ~ Beta(a, b) of a function that is constant to rounding where p or 1 - p is below `small`; `bend` tells how
    /// fast its logarithm bends in the log-odds of p.
    fn average(&self, small: f64, bend: impl Fn(f64) -> f64, function: impl Fn(f64) -> f64) -> f64 {
        let (a, b) = (self.a, self.b);
        let log_beta = ln_beta(a, b);
        let low = (1e-18 * small.min(1.0 / b)).min(1e-18 * a / (a + b));
        let high = (1e-18 * small.min(1.0 / a)).min(1e-18 * b / (a + b));
        let tail = |p: f64, shape: f64| (shape * p.ln() - log_beta).exp() / shape;
        let mut sum = tail(low, a) * function(low) + tail(high, b) * function(1.0);
        let (mut from, end) = (low.ln(), -high.ln());
        while from < end {
            let curvature = |y: f64| {
                let p = 1.0 / (1.0 + (-y).exp());
                (a + b) * p * (1.0 - p) + bend(p)
            };
            let most = curvature(from).max(curvature((from + 2.0).min(end)));
            let width = f64::min(2.0, 6.0 / most.sqrt()).min(end - from);
            for (at, weight) in GAUSS_16 {
                let y = from + width * at;
                let (more, less) = ((-y).exp().ln_1p(), y.exp().ln_1p());
                sum += width * weight * (-a * more - b * less - log_beta).exp() * function((-more).exp());
            }
            from += width;
        }
        sum
    }

    /// y 2F1(1, b; a + b; z) with z = y^k at rate λ of the events, summed from the continued fraction of Gauss, all of whose
    /// terms are positive.
    fn discounted_at(&self, rate: f64, event_rate: f64, events_to_next: f64) -> f64 {
        let k = f64::from(self.k);
        let log = -(rate / event_rate).ln_1p();
        let (b, c, z) = (self.b, self.a + self.b, (k * log).exp());
        let fraction = continued_fraction(1.0, |n| {
            let half = ((n - 1.0) / 2.0).floor();
            let coefficient = if n % 2.0 == 1.0 {
                // (b + m)(c - 1 + m) / ((c - 1 + 2 m)(c + 2 m)), whose second factors cancel at m = 0.
                if half == 0.0 {
                    b / c
                } else {
                    (b + half) * (c - 1.0 + half) / ((c - 1.0 + 2.0 * half) * (c + 2.0 * half))
                }
            } else {
                let m = half + 1.0;
                m * (c - b - 1.0 + m) / ((c + 2.0 * m - 2.0) * (c + 2.0 * m - 1.0))
            };
            (-coefficient * z, 1.0)
        });
        (events_to_next * log).exp() / fraction
    }
}

impl Renewal for BetaGeometric {
    fn survival(&self, t: f64) -> f64 {
        if !self.few(t) {
            let (relative, r) = (t / self.rate, self.shape);
            let bend = |p: f64| r * (p * relative) / (1.0 + p * relative).powi(2);
            let small = 1.0 / (1.0 + r * relative);
            return self.average(small, bend, |p| (-r * (p * relative).ln_1p()).exp()).min(1.0);
        }
        self.mixed(|reached| {
            let (mut sum, mut n, mut stayed) = (0.0, 0.0, 1.0);
            self.each_count(reached, t, |probability, rest| {
                sum += probability * stayed;
                stayed *= (self.b + n) / (self.a + self.b + n);
                n += 1.0;
                if rest * stayed < 1e-17 * sum { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            sum
        })
        .min(1.0)
    }

    fn expected(&self, t: f64) -> f64 {
        if t == 0.0 {
            return 0.0;
        }
        if !self.few(t) {
            let (relative, r) = (t / self.rate, self.shape);
            let small = 1.0 / (1.0 + (r + 1.0) * relative);
            return self.average(small, |_| 0.0, |p| -(-r * (p * relative).ln_1p()).exp_m1() / p);
        }
        if let Some([sum]) = self.expected_at_random([t]) {
            return sum;
        }
        self.mixed(|reached| {
            let (mut sum, mut n, mut stayed, mut above) = (0.0, 0.0, 1.0, 1.0);
            self.each_count(reached, t, |probability, rest| {
                above -= probability;
                sum += f64::max(above, 0.0) * stayed;
                stayed *= (self.b + n) / (self.a + self.b + n);
                n += 1.0;
                if rest * stayed < 1e-18 * sum { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            sum
        })
    }

    fn total(&self) -> Result<f64, Absent> {
        // E[1 / p].
        if self.a > 1.0 { Ok((self.a + self.b - 1.0) / (self.a - 1.0)) } else { Err(Absent::Infinite) }
    }

    fn discounted(&self, rate: f64) -> f64 {
        let k = f64::from(self.k);
        self.mixed(|reached| {
            let shape = self.shape + reached;
            // ln of the density of the logarithm of the rate of events, whose top is at ln (shape / rate).
            let log_density = |x: f64| shape * (x + self.rate.ln()) - self.rate * x.exp() - ln_gamma(shape);
            let to_next = k - reached;
            let width = f64::min(2.0, 4.0 / (shape + to_next).sqrt());
            let top = (shape / self.rate).ln().max((0.1 / self.rate).ln());
            let value = |x: f64| log_density(x).exp() * self.discounted_at(rate, x.exp(), to_next);
            let panel = |from: f64| -> f64 {
                GAUSS_16.iter().map(|(at, weight)| width * weight * value(from + width * at)).sum()
            };
            let climb = |step: f64| {
                let (mut from, mut sum, mut most) = (if step > 0.0 { top } else { top - width }, 0.0, 0.0_f64);
                loop {
                    let part = panel(from);
                    sum += part;
                    most = most.max(part);
                    if part < 1e-17 * most || part == 0.0 {
                        return sum;
                    }
                    from += step;
                }
            };
            climb(width) + climb(-width)
        })
    }

    fn none(&self, t: f64) -> f64 {
        if self.k == 1 {
            return (-self.shape * (t / self.rate).ln_1p()).exp();
        }
        self.mixed(|reached| {
            let mut none = 0.0;
            self.each_count(reached, t, |probability, _| {
                none = probability;
                ControlFlow::Break(())
            });
            none
        })
        .min(1.0)
    }

    fn never(&self) -> f64 {
        0.0
    }

    fn mean_time(&self) -> Result<f64, Absent> {
        // Every stage has weight, so the smallest shape decides.
        if self.shape <= 1.0 {
            return Err(Absent::Infinite);
        }
        let k = f64::from(self.k);
        Ok(self.mixed(|reached| (k - reached) * self.rate / (self.shape + reached - 1.0)))
    }

    fn probability(&self, t: f64, k: u64) -> f64 {
        if k == 0 {
            return self.none(t);
        }
        let n = k as f64;
        // P(as many events or more): a tail of the beta distribution.
        let at_least = |reached: f64, events: f64| {
            let below = beta::Beta { a: events, b: self.shape + reached };
            below.cdf_at(beta::Point { x: t / (self.rate + t), complement: self.rate / (self.rate + t) })
        };
        let (a, b, per_purchase) = (self.a, self.b, f64::from(self.k));
        let reached_it = (ln_beta(a, b + n - 1.0) - ln_beta(a, b)).exp() / (a + b + n - 1.0);
        self.mixed(|reached| {
            let (this, next) = (n * per_purchase - reached, (n + 1.0) * per_purchase - reached);
            let [this, next] = [this, next].map(|events| at_least(reached, events));
            // Alive after n of n; or gone after the n-th of n or more.
            reached_it * ((b + n - 1.0) * (this - next).max(0.0) + a * this)
        })
        .min(1.0)
    }

    fn each_probability(&self, t: f64, visit: &mut dyn FnMut(f64) -> ControlFlow<()>) {
        let (stages, used) = self.stages();
        let mut events = [Events::default(); STAGES];
        for (events, stage) in events.iter_mut().zip(&stages).take(used) {
            *events = self.events(stage.events, t);
        }
        let k = f64::from(self.k);
        let (mut n, mut stayed, mut left, mut below) = (0.0, 1.0, 0.0, 0.0_f64);
        loop {
            let (mut unstopped, mut rest) = (0.0, 0.0_f64);
            for (events, stage) in events.iter_mut().zip(&stages).take(used) {
                while events.count < (n + 1.0) * k - stage.events {
                    unstopped += stage.weight * events.next();
                }
                rest = rest.max(events.rest());
            }
            // Alive after n of n; or gone after the n-th of n or more.
            let probability = stayed * unstopped + left * (1.0 - below).max(0.0);
            if visit(probability.min(1.0)).is_break() || rest < 1e-20 {
                return;
            }
            below += unstopped;
            n += 1.0;
            left = stayed * self.a / (self.a + self.b + n - 1.0);
            stayed *= (self.b + n - 1.0) / (self.a + self.b + n - 1.0);
        }
    }
}
