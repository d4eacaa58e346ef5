//! What does a customer who is alive do if he may leave after each purchase, with a chance of his own? State: the gamma
//! distribution of his rate, the beta distribution of his chance, and how long he has been silent. Called by outlooks of the
//! BG/NBD and its relatives.
//!
//! A purchase is every k-th event of a Poisson process (k = 1: every one). With N the purchases that nothing stopped and
//! c_n = (b)_n / (a + b)_n the probability of surviving n of them, P(alive at t) = Σ P(N = n) c_n and E[X(t)] = Σ P(N > n) c_n:
//! sums of positive terms, without the pole of the closed form at a = 1.

use std::ops::ControlFlow;

use super::Renewal;
use super::gamma_poisson::integral;
use crate::Absent;
use crate::clv::nodes::GAUSS_16;
use crate::numeric::beta::{self, ln_beta};
use crate::numeric::continued_fraction;
use crate::numeric::exponential_integral::ExponentialIntegral;
use crate::numeric::gamma::{Gamma, ln_gamma, trigamma};

/// The greatest k.
pub(in crate::clv) const MOST_REGULAR: u32 = 32;
const STAGES: usize = MOST_REGULAR as usize;
/// The events of regular buyers that are followed, one by one.
pub(in crate::clv) const MOST_EVENTS: f64 = 1e6;
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
    /// What has happened since the last purchase.
    pub(in crate::clv) since: Since,
    /// Of the beta distribution of the chance to leave.
    pub(in crate::clv) a: f64,
    pub(in crate::clv) b: f64,
}

/// What is known of the events since the last purchase, of which there were fewer than k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::clv) enum Since {
    /// T - t_x: how long that has been.
    Silence(f64),
    /// How many there were.
    Events(f64),
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
        let silence = match self.since {
            Since::Silence(silence) => silence,
            Since::Events(events) => {
                stages[0] = Stage { events, weight: 1.0 };
                return (stages, 1);
            }
        };
        let (used, ratio) = (self.k as usize, silence / self.rate);
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

    /// The processes of which this is a mixture, each with its weight. They depend on the silence no more.
    pub(in crate::clv) fn each_stage(&self, mut visit: impl FnMut(f64, Self)) {
        let (stages, used) = self.stages();
        stages.iter().take(used).for_each(|stage| visit(stage.weight, self.at_stage(stage.events)));
    }

    /// With so many events since the last purchase.
    pub(in crate::clv) const fn at_stage(self, events: f64) -> Self {
        Self { since: Since::Events(events), ..self }
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

    /// Σ P(N > n) c_n where every event is a purchase and no probability is too small.
    ///
    /// The factors of four terms depend on nothing that went before: they fill the lanes of the processor.
    fn expected_at_random(&self, t: f64) -> Option<f64> {
        let &Self { shape, rate, a, b, .. } = self;
        let log = -shape * (t / rate).ln_1p();
        if self.k > 1 || log <= REPRESENTABLE {
            return None;
        }
        let share = t / (rate + t);
        // P(N > n) without loss for n = 0, then by subtraction.
        let mut above = -log.exp_m1();
        let mut probability = if above < 0.75 { 1.0 - above } else { log.exp() };
        let nothing = 1e-16 * above;
        let (mut sum, mut n, mut stayed) = (above, 0.0, 1.0);
        loop {
            let factors = [n, n + 1.0, n + 2.0, n + 3.0].map(|n| {
                let both = 1.0 / ((n + 1.0) * (a + b + n));
                ((shape + n) * (a + b + n) * both * share, (b + n) * (n + 1.0) * both)
            });
            let (mut ratio, before) = (0.0, stayed);
            for (grows, stays) in factors {
                ratio = grows;
                probability *= grows;
                above -= probability;
                stayed *= stays;
                sum += above * stayed;
            }
            n += 4.0;
            // What follows is below probability (1 + q + 2 q² + …) stayed, with q the ratio of neighbours.
            let falls = 1.0 - ratio;
            if falls > 0.0 && probability * before < nothing * (falls * falls) {
                return Some(sum);
            }
        }
    }

    /// E[Σ of `worth`(n) over n = 0, …, X - 1] for the purchases X in (0, t].
    fn over_purchases(&self, t: f64, worth: impl Fn(f64) -> f64) -> f64 {
        self.mixed(|reached| {
            // Σ P(N = n) (c_0 worth(0) + … + c_(n - 1) worth(n - 1)), without the loss of P(N > n) by subtraction.
            let (mut sum, mut n, mut stayed, mut purchases) = (0.0, 0.0, 1.0, 0.0);
            self.each_count(reached, t, |probability, rest| {
                sum += probability * purchases;
                purchases += stayed * worth(n);
                stayed *= (self.b + n) / (self.a + self.b + n);
                n += 1.0;
                if rest * purchases <= 1e-18 * sum { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            sum
        })
    }

    /// Whether sums over counts within t need less than so many events.
    fn within(&self, t: f64, events: f64) -> bool {
        let relative = t / self.rate;
        let mean = (self.shape + f64::from(self.k)) * relative;
        // Beyond the mean at the pace of a geometric distribution, 1 / -ln share <= 1 + t / rate, and by twelve deviations.
        let left = events - mean - 40.0 * (1.0 + relative);
        left > 0.0 && 144.0 * mean * (1.0 + relative) < left * left
    }

    /// Whether sums are quick, or the only way.
    fn few(&self, t: f64) -> bool {
        self.k > 1 || self.within(t, TERMS)
    }

    /// Whether there is a way to look as far as t.
    pub(in crate::clv) fn reaches(&self, t: f64) -> bool {
        self.k == 1 || self.within(t, MOST_EVENTS)
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

    /// E[1 / (1 + w p)] = 2F1(1, a; a + b; -w), by the continued fraction of Gauss, all of whose terms are positive; by
    /// quadrature where it would need thousands of them.
    fn resolvent(&self, w: f64) -> f64 {
        if w > 1e5 {
            let share = |p: f64| w * p / (1.0 + w * p);
            return self.average(1.0 / w, |p| share(p) * (1.0 - share(p)), |p| 1.0 / (1.0 + w * p));
        }
        let (a, c) = (self.a, self.a + self.b);
        1.0 / continued_fraction(1.0, |n| {
            let m = (0.5 * n).floor();
            let coefficient = if n == 1.0 {
                a / c
            } else if n % 2.0 == 1.0 {
                (a + m) * (c - 1.0 + m) / ((c - 1.0 + 2.0 * m) * (c + 2.0 * m))
            } else {
                m * (self.b - 1.0 + m) / ((c + 2.0 * m - 2.0) * (c + 2.0 * m - 1.0))
            };
            (coefficient * w, 1.0)
        })
    }

    /// E[λ / (rate + λ p)], where every event is a purchase.
    ///
    /// The mean over λ is ψ(p) = n e^c E_(n+1)(c) / p with c = θ / p and θ = rate (α + T). From it a curve of the form
    /// u / (1 + v p) is taken that meets it at both ends and whose mean is known, so that what is left for the trapezoidal rule
    /// in the log-odds of p dies out at both ends.
    fn discounted_at_random(&self, rate: f64) -> f64 {
        let &Self { shape, a, b, .. } = self;
        let theta = rate * self.rate;
        let integral = ExponentialIntegral::new(shape + 1.0);
        let (none, certain) = (shape / theta, shape * integral.at(theta));
        let bend = (none / certain - 1.0).max(f64::EPSILON);
        if bend > 1e6 {
            // Nearly without discount the known part outgrows the answer.
            return self.discounted_from(0.0, rate);
        }
        let known = none * self.resolvent(bend);
        let log_beta = ln_beta(a, b);
        let gap = |y: f64| {
            let (odds, less) = ((-y.abs()).exp(), (-y.abs()).exp().ln_1p());
            let (log_p, log_q) = if y < 0.0 { (y - less, -less) } else { (-less, -y - less) };
            let p = if y < 0.0 { odds / (1.0 + odds) } else { 1.0 / (1.0 + odds) };
            let density = (a * log_p + b * log_q - log_beta).exp();
            density * (shape * integral.at(theta / p) / p - none / (1.0 + bend * p))
        };
        // Where the density of p lies, and where ψ bends.
        let (dense, bent) = ((a / b).ln(), -bend.ln());
        known
            + trapezoid(
                [dense.min(bent), dense.max(bent)],
                f64::min(0.3, 0.6 * (trigamma(a) + trigamma(b)).sqrt()),
                known,
                gap,
            )
    }

    /// E[y^(k - reached) / (1 - y^k (1 - p))] with y = λ / (rate + λ), from one stage, by the trapezoidal rule in ln λ.
    fn discounted_from(&self, reached: f64, rate: f64) -> f64 {
        let (k, shape, theta) = (f64::from(self.k), self.shape + reached, rate * self.rate);
        let log_gamma = ln_gamma(shape);
        let value = |x: f64| {
            let log = -(theta * (-x).exp()).ln_1p();
            let left = -(k * log).exp_m1();
            (shape * x - x.exp() - log_gamma + (k - reached) * log).exp() / left * self.resolvent((1.0 - left) / left)
        };
        let step = f64::min(0.2, 0.6 * trigamma(shape).sqrt());
        trapezoid([shape.ln(); 2], step, 0.0, value)
    }

    /// ∫ weight(u) e^(-rate u) E[X(u)] du over (0, horizon].
    fn over_expected(&self, horizon: f64, rate: f64, weight: impl Fn(f64) -> f64) -> f64 {
        let step = |u: f64| f64::min(14.0 * (self.rate + u) / (self.shape + 1.0), 14.0 / rate);
        let function = |u: f64| weight(u) * (-rate * u).exp() * self.expected(u);
        integral(self.rate.min(1.0 / rate), horizon, step, function)
    }

    /// What [`at_risk`](Renewal::at_risk) asks, from one stage: E[Σ over n of p (1 - p)^(n - 1) e^(-rate t_n) V] for the times t_n
    /// of unstopped purchases up to the horizon, with V = φ / (1 - (1 - p) φ) what one who has just bought is worth and
    /// φ = (λ / (λ + rate))^k. Over λ by the trapezoidal rule in ln λ, over p by recurrence in n.
    fn at_risk_from(&self, reached: f64, horizon: f64, rate: f64) -> f64 {
        let (k, shape, (a, b)) = (f64::from(self.k), self.shape + reached, (self.a, self.b));
        let log_gamma = ln_gamma(shape);
        let value = |x: f64| {
            // λ = e^x / (α + T); y = λ / (λ + rate).
            let (lambda, log) = (x.exp() / self.rate, -(rate * self.rate * (-x).exp()).ln_1p());
            let (phi, left) = ((k * log).exp(), -(k * log).exp_m1());
            // W_n = E[p (1 - p)^(n - 1) / (1 - (1 - p) φ)], from W_1 by φ W_(n + 1) = W_n - E[p (1 - p)^(n - 1)].
            let (mut worth, mut leaves, mut n) = (self.worth_of_leaving(phi, left), a / (a + b), 0.0);
            let mut discount = ((k - reached) * log).exp();
            let mut sum = 0.0;
            loop {
                // e^(-rate t_n) of those within the horizon: events at the rate λ + rate.
                let events = Gamma { shape: (n + 1.0) * k - reached };
                let term = discount * events.cdf((lambda + rate) * horizon) * phi * worth;
                sum += term;
                if term <= 1e-17 * sum {
                    break;
                }
                worth = ((worth - leaves) / phi).max(0.0);
                leaves *= (b + n) / (a + b + n + 1.0);
                discount *= phi;
                n += 1.0;
            }
            (shape * x - x.exp() - log_gamma).exp() * sum
        };
        trapezoid([shape.ln(); 2], f64::min(0.2, 0.6 * trigamma(shape).sqrt()), 0.0, value)
    }

    /// E[p / (1 - (1 - p) φ)], with 1 - φ = `left`.
    fn worth_of_leaving(&self, phi: f64, left: f64) -> f64 {
        // p / (1 - (1 - p) φ) = a / (a + b) E'[1 / (left + φ p)] with one more chance to leave.
        let more = Self { a: self.a + 1.0, ..*self };
        self.a / (self.a + self.b) * more.resolvent(phi / left) / left
    }
}

/// The integral of a smooth function that dies out at both ends: over the part where all of it may lie, then outward until it
/// adds nothing to `known` and itself.
fn trapezoid([from, to]: [f64; 2], step: f64, known: f64, function: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut at) = (0.0, from);
    while at < to {
        sum += function(at);
        at += step;
    }
    for (start, side) in [(from - step, -step), (at, step)] {
        let (mut at, mut idle) = (start, 0);
        // A single idle point may be a zero on the way.
        while idle < 3 && (at - start).abs() < 1e4 {
            let value = function(at);
            sum += value;
            idle = if value.abs() * step > 1e-17 * (known + step * sum.abs()) { 0 } else { idle + 1 };
            at += side;
        }
    }
    step * sum
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
                if rest * stayed <= 1e-17 * sum { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
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
        if let Some(sum) = self.expected_at_random(t) {
            return sum;
        }
        self.over_purchases(t, |_| 1.0)
    }

    fn second(&self, t: f64) -> f64 {
        // n² is the sum of the first n odd numbers.
        self.over_purchases(t, |n| 2.0 * n + 1.0)
    }

    fn total(&self) -> Result<f64, Absent> {
        // E[1 / p].
        if self.a > 1.0 { Ok((self.a + self.b - 1.0) / (self.a - 1.0)) } else { Err(Absent::Infinite) }
    }

    fn discounted(&self, rate: f64) -> f64 {
        if self.k == 1 {
            return self.discounted_at_random(rate);
        }
        self.mixed(|reached| self.discounted_from(reached, rate))
    }

    fn at_risk(&self, horizon: f64, rate: f64) -> f64 {
        if self.k > 1 {
            return self.mixed(|reached| self.at_risk_from(reached, horizon, rate));
        }
        // Of a customer who leaves at the steady rate λ p: ∫ e^(-rate t) min(t, horizon) dR(t), with R the falling rate of
        // expected purchases; by parts, so that only their expected number is asked for.
        let within = self.over_expected(horizon, rate, |u| 2.0 + rate * (horizon - u));
        let end = (-rate * horizon).exp() * self.expected(horizon);
        (end + rate * (within - horizon * self.discounted(rate))).max(0.0)
    }

    fn beyond(&self, horizon: f64, rate: f64) -> f64 {
        let end = (-rate * horizon).exp() * self.expected(horizon);
        let within = end + rate * self.over_expected(horizon, rate, |_| 1.0);
        (self.discounted(rate) - within).max(0.0)
    }

    fn pairs(&self, from: f64, to: f64, weight: &dyn Fn(f64) -> f64) -> Option<f64> {
        if self.k > 1 {
            return None;
        }
        // g(t) = E[λ² (1 - p) e^(-λ p t)]: λ² and 1 - p turn one gamma and beta distribution into others.
        let others = Self { shape: self.shape + 2.0, b: self.b + 1.0, ..*self };
        let moments = self.shape / self.rate * ((self.shape + 1.0) / self.rate) * (self.b / (self.a + self.b));
        // Over this time the survival begins to fall, ever slower after it.
        let scale = self.rate * ((others.a + others.b) / (others.a * others.shape)).min(1.0);
        let function = |u: f64| others.survival(from + u) * weight(from + u);
        Some(moments * integral(scale + from, to - from, |_| f64::INFINITY, function))
    }

    fn scale_of_age(&self) -> Option<f64> {
        Some(self.rate)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// n, α + T, a, b; rate; discounted transactions, by mpmath with 30 digits as ∫ e^(-rate t) dE[X(t)], with dE from
    /// 2F1(n + 1, a; a + b; -t / (α + T)).
    const DISCOUNTED: [([f64; 4], f64, f64); 16] = [
        ([0.2426, 43.3, 0.7929, 2.4258], 0.0026877, 1.01687382856416),
        ([0.2426, 43.3, 0.7929, 2.4258], 0.3, 0.0182644753144404),
        ([2.2426, 43.3, 0.7929, 4.4258], 0.0026877, 7.1123041448996),
        ([2.2426, 43.3, 0.7929, 4.4258], 0.3, 0.166629890635309),
        ([29.24, 43.0, 1.0, 31.4], 0.0026877, 57.9124066498903),
        ([29.24, 43.0, 1.0, 31.4], 0.3, 2.12238923528755),
        ([0.24, 4.4, 1.0, 2.4], 0.0026877, 2.79818193789757),
        ([0.24, 4.4, 1.0, 2.4], 0.3, 0.150252190099498),
        ([300.1, 1510.0, 0.4, 300.81], 0.0026877, 68.3182244159916),
        ([300.1, 1510.0, 0.4, 300.81], 0.3, 0.661889452232554),
        ([1.2, 250.0, 0.044, 0.33], 0.0026877, 1.58409371251262),
        ([1.2, 250.0, 0.044, 0.33], 0.3, 0.015946493074323),
        ([10.465, 40.0, 3.0516, 2.82], 0.0026877, 2.28514658907732),
        ([10.465, 40.0, 3.0516, 2.82], 0.3, 0.59696459714947),
        ([2.0, 50.0, 30.0, 0.2], 0.0026877, 0.903430465382956),
        ([2.0, 50.0, 30.0, 0.2], 0.3, 0.112177075385188),
    ];

    fn process(k: u32, [shape, rate, a, b]: [f64; 4]) -> BetaGeometric {
        BetaGeometric { k, shape, rate, since: Since::Silence(0.3 * rate), a, b }
    }

    #[test]
    fn discounted_transactions_agree_with_values_of_thirty_digits() {
        for (parameters, rate, expected) in DISCOUNTED {
            let found = process(1, parameters).discounted(rate);
            assert!((found / expected - 1.0).abs() < 1e-12, "{parameters:?} {rate}: {found} instead of {expected}");
            // The way of regular purchases, which holds for k = 1 too.
            let other = process(1, parameters).discounted_from(0.0, rate);
            assert!((other / expected - 1.0).abs() < 1e-12, "{parameters:?} {rate}: {other} instead of {expected}");
        }
    }

    /// Against ∫ rate e^(-rate t) E[X(t)] dt.
    #[test]
    fn discounted_transactions_of_regular_buyers() {
        for k in [2, 5] {
            for parameters in [[0.9, 12.0, 0.8, 2.4], [6.5, 30.0, 1.4, 6.0]] {
                let (process, rate) = (process(k, parameters), 0.05);
                let integrand = |y: f64| {
                    let t = y.exp();
                    rate * t * (-rate * t).exp() * process.expected(t)
                };
                let expected = trapezoid([3.0; 2], 0.1, 0.0, integrand);
                let found = process.discounted(rate);
                assert!((found / expected - 1.0).abs() < 1e-11, "{k} {parameters:?}: {found} instead of {expected}");
            }
        }
    }

    #[test]
    fn discounted_transactions_are_finite_on_the_edge() {
        for a in [1e-3, 1.0, 50.0] {
            for b in [1e-3, 2.0, 5000.0] {
                for shape in [1e-3, 0.3, 5000.0] {
                    for rate in [1e-9, 1e-4, 1.0, 1e3] {
                        for k in [1, 3] {
                            let found = process(k, [shape, 20.0, a, b]).discounted(rate);
                            // No more than all that one who stays would buy.
                            let most = (shape + 3.0) / (20.0 * rate);
                            assert!(found > 0.0 && found <= most, "{k} {shape} {a} {b} {rate}: {found}");
                            let other = process(k, [shape, 20.0, a, b]).discounted_from(0.0, rate);
                            let error = (found / other - 1.0).abs();
                            assert!(k > 1 || error < 1e-10, "{shape} {a} {b} {rate}: {found} and {other}");
                        }
                    }
                }
            }
        }
    }
}
