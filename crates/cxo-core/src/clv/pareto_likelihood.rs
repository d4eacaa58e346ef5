//! How likely is a history if customers leave at a steady rate? The likelihood of the Pareto/NBD with its derivatives, and with
//! it the probability of being alive. Stateless; called by the model and its fit.
//!
//! The customer is alive at T, or left at a time u of his silence:
//!
//! L = Γ(r+x) / Γ(r) α^r β^s [(α+T)^-(r+x) (β+T)^-s + s ∫ (α+u)^-(r+x) (β+u)^-(s+1) du over (t_x, T)].
//!
//! The textbook writes the integral as a difference of two hypergeometric functions, which cancels and overflows (Hardie's
//! note 009). Here it stays an integral of a positive function, which in w = ln (m + u) / (m + t_x), m = min(α, β), is log-concave
//! and analytic up to a distance of π: a few nodes give it to the last digits. The derivatives are moments of the scores
//! ln (α + u), 1 / (α + u), … under its weights, so that the same nodes serve them.

use super::fit::Likelihood;
use super::nodes::{GAUSS_8, GAUSS_12, GAUSS_16, GAUSS_24, GAUSS_32, Rule};
use super::rows::Row;
use crate::numeric::gamma::{ln_gamma, ln_rising};
use crate::numeric::jet::Jet;

/// Beyond this loss of its logarithm an integrand adds nothing.
const NOTHING: f64 = 40.0;

/// The time from the last purchase to the end of the observation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// r + x.
    pub(super) shape: f64,
    pub(super) alpha: f64,
    pub(super) s: f64,
    pub(super) beta: f64,
    pub(super) recency: f64,
    pub(super) age: f64,
}

/// The integrand e^(-slope w) (1 + share (e^w - 1))^-power over (0, width).
#[derive(Debug, Clone, Copy)]
struct Integrand {
    slope: f64,
    power: f64,
    share: f64,
    width: f64,
    /// e^width - 1.
    grown: f64,
    /// Over the whole silence, before an end was left out: ln of the growth of the near sum and of the far one.
    logs: [f64; 2],
    /// Whether w is the logarithm of β + u, not of α + u.
    beta_is_near: bool,
}

/// The integrand at one node, its weight included, with what the scores are made of.
#[derive(Debug, Clone, Copy)]
struct Node {
    weight: f64,
    /// ln g, where the near sum is g times its value at the last purchase, and 1 - 1 / g: the inverse itself would lose the
    /// digits that tell the nodes apart where a scale is large.
    near: [f64; 2],
    /// The same of the far sum.
    far: [f64; 2],
}

impl Silence {
    fn integrand(&self) -> Integrand {
        let (purchase, leave) = (self.alpha + self.recency, self.beta + self.recency);
        let beta_is_near = leave < purchase;
        let (near, far, near_power, power) = if beta_is_near {
            (leave, purchase, self.s + 1.0, self.shape)
        } else {
            (purchase, leave, self.shape, self.s + 1.0)
        };
        let silence = self.age - self.recency;
        let (grown, logs) = (silence / near, [silence / near, silence / far].map(f64::ln_1p));
        let [width, _] = logs;
        Integrand { slope: near_power - 1.0, power, share: near / far, width, grown, logs, beta_is_near }.cut()
    }

    /// What the integral over w counts for, relative to (α + t_x)^-(r+x) (β + t_x)^-s.
    fn factor(&self, integrand: &Integrand) -> f64 {
        let leave = self.beta + self.recency;
        let near = if integrand.beta_is_near { leave } else { self.alpha + self.recency };
        self.s * (near / leave)
    }

    /// The odds of having left.
    pub(super) fn odds(&self) -> f64 {
        if self.age <= self.recency {
            return 0.0;
        }
        let integrand = self.integrand();
        let mut integral = 0.0;
        integrand.each_node(|node| integral += node.weight);
        let [purchase, leave] = integrand.logs();
        self.factor(&integrand) * integral * (self.shape * purchase + self.s * leave).exp()
    }

    /// ln of the likelihood.
    pub(super) fn log_likelihood(&self, r: f64) -> f64 {
        let integrand = self.integrand();
        let mut integral = 0.0;
        if self.age > self.recency {
            integrand.each_node(|node| integral += node.weight);
        }
        let [purchase, leave] = integrand.logs();
        let alive = (-self.shape * purchase - self.s * leave).exp();
        let purchases = self.shape - r;
        ln_gamma(self.shape)
            - ln_gamma(r)
            - r * (self.recency / self.alpha).ln_1p()
            - purchases * (self.alpha + self.recency).ln()
            - self.s * (self.recency / self.beta).ln_1p()
            + (alive + self.factor(&integrand) * integral).ln()
    }
}

impl Integrand {
    /// ln (α + T) / (α + t_x) and ln (β + T) / (β + t_x).
    const fn logs(&self) -> [f64; 2] {
        let [near, far] = self.logs;
        if self.beta_is_near { [far, near] } else { [near, far] }
    }

    /// What the logarithm of the integrand has lost at the end.
    fn loss(&self) -> f64 {
        self.slope * self.width + self.power * (self.share * self.grown).ln_1p()
    }

    /// The slope of the loss there; it grows with the width.
    fn steepness(&self) -> f64 {
        self.slope + self.power / (1.0 + (1.0 - self.share) / self.share / (1.0 + self.grown))
    }

    fn ends_at(&mut self, width: f64) {
        (self.width, self.grown) = (width, width.exp_m1());
    }

    /// Leaves out the end that adds nothing. The loss is convex, so that Newton's method comes down to the cut from above.
    fn cut(mut self) -> Self {
        let [near, far] = self.logs;
        if self.slope * near + self.power * far < 1.5 * NOTHING {
            return self;
        }
        let start = self.slope + self.power * self.share;
        if start * self.width > NOTHING {
            self.ends_at(NOTHING / start);
        }
        for _ in 0..8 {
            let beyond = self.loss() - NOTHING;
            if beyond < 0.5 * NOTHING {
                break;
            }
            self.ends_at(self.width - beyond / self.steepness());
        }
        self
    }

    /// The rule, and on how many panels, that is exact to about the last digit: it must follow the loss of the integrand,
    /// and keep away from the singularities at a distance of π.
    fn rule(&self) -> (&'static Rule, f64) {
        let loss = 0.5 * self.width * self.steepness().max(-self.slope);
        let fits = |most_loss: f64, most_width: f64| loss <= most_loss && self.width <= most_width;
        if fits(1.0, 0.7) {
            (&GAUSS_8, 1.0)
        } else if fits(4.0, 1.6) {
            (&GAUSS_12, 1.0)
        } else if fits(8.0, 2.5) {
            (&GAUSS_16, 1.0)
        } else if fits(16.0, 3.8) {
            (&GAUSS_24, 1.0)
        } else {
            let panels = (loss / 25.0).max(self.width / 5.0).ceil();
            (&GAUSS_32, panels.min(1e4))
        }
    }

    #[inline]
    fn each_node(&self, mut visit: impl FnMut(Node)) {
        let (rule, panels) = self.rule();
        let panel = self.width / panels;
        let mut visit = |w: f64, weight: f64, near: f64| {
            let grown = near - 1.0;
            let far_grown = self.share * grown;
            let far = 1.0 + far_grown;
            let log_far = far.ln();
            let inverse = 1.0 / (near * far);
            visit(Node {
                weight: panel * weight * (-self.slope * w - self.power * log_far).exp(),
                near: [w, grown * inverse * far],
                far: [log_far, far_grown * inverse * near],
            });
        };
        let mut number = 0.0;
        while number < panels {
            let sum = panel * (2.0 * number + 1.0);
            let product = if panels == 1.0 { 1.0 + self.grown } else { sum.exp() };
            // Nodes lie in pairs around the middle: one exponential serves both.
            for (at, weight) in rule.iter().take(rule.len() / 2) {
                let w = panel * (number + at);
                let near = w.exp();
                visit(w, *weight, near);
                visit(sum - w, *weight, product / near);
            }
            number += 1.0;
        }
    }
}

/// Means and second moments of ln a, 1 - 1 / a, ln b, 1 - 1 / b over the times u of leaving, where α + u is a times α + t_x, and
/// β + u is b times β + t_x.
#[derive(Debug, Clone, Copy)]
struct Moments {
    integral: f64,
    mean: [f64; 4],
    /// The lower triangle.
    second: [[f64; 4]; 4],
}

impl Moments {
    #[inline]
    fn new(integrand: &Integrand) -> Self {
        let mut sums = Self { integral: 0.0, mean: [0.0; 4], second: [[0.0; 4]; 4] };
        integrand.each_node(|Node { weight, near, far }| {
            let values = [near[0], near[1], far[0], far[1]];
            sums.integral += weight;
            for i in 0..4 {
                let weighted = weight * values[i];
                sums.mean[i] += weighted;
                for j in 0..=i {
                    sums.second[i][j] += weighted * values[j];
                }
            }
        });
        let first = if integrand.beta_is_near { 2 } else { 0 };
        let mut moments = Self { integral: sums.integral, mean: [0.0; 4], second: [[0.0; 4]; 4] };
        for i in 0..4 {
            let from = (i + first) % 4;
            moments.mean[i] = sums.mean[from] / sums.integral;
            for j in 0..=i {
                let other = (j + first) % 4;
                moments.second[i][j] = sums.second[from.max(other)][from.min(other)] / sums.integral;
            }
        }
        moments
    }
}

/// The likelihood in r, α, s, β.
#[derive(Debug, Clone)]
pub(super) struct ParetoLikelihood<'a> {
    pub(super) frequencies: &'a [f64],
}

/// What depends on the parameters and the frequency only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// r + x.
    shape: f64,
    alpha: f64,
    s: f64,
    beta: f64,
    /// ln Γ(r+x) / Γ(r) α^-x with its derivatives, and those of r ln α + s ln β by α and β.
    base: Jet<4>,
}

impl Group {
    /// Of customers with x purchases; `rising` is ln Γ(r+x) / Γ(r) with its derivatives by r.
    pub(super) fn new(x: f64, rising: [f64; 3], [r, alpha, s, beta]: [f64; 4]) -> Self {
        let mut base = Jet { value: rising[0] - x * alpha.ln(), ..Jet::default() };
        base.gradient = [rising[1], r / alpha, 0.0, s / beta];
        base.hessian[0][0] = rising[2];
        base.hessian[1][0] = 1.0 / alpha;
        base.hessian[1][1] = -r / (alpha * alpha);
        base.hessian[3][2] = 1.0 / beta;
        base.hessian[3][3] = -s / (beta * beta);
        Self { shape: r + x, alpha, s, beta, base }
    }

    /// The likelihood of one history with its derivatives.
    #[inline]
    pub(super) fn jet(&self, row: &Row) -> Jet<4> {
        let &Self { shape, alpha, s, beta, base } = self;
        let silence = Silence { shape, alpha, s, beta, recency: row.recency, age: row.age };
        let mut jet = base;
        // (α+t_x)^-(r+x) (β+t_x)^-s relative to α^-(r+x) β^-s, so that large scales cancel before they are rounded.
        let (log_purchase, log_leave) = ((row.recency / alpha).ln_1p(), (row.recency / beta).ln_1p());
        jet.value -= shape * log_purchase + s * log_leave;
        jet.gradient[0] -= log_purchase;
        jet.gradient[2] -= log_leave;
        let [inverse_purchase, inverse_leave] = [1.0 / (alpha + row.recency), 1.0 / (beta + row.recency)];
        // One who stayed: his scores (times -1) are ln (α+T), (r+x) / (α+T), ln (β+T), s / (β+T).
        let integrand = silence.integrand();
        let [ln_a, ln_b] = integrand.logs();
        let (a, b) = (1.0 / (alpha + row.age), 1.0 / (beta + row.age));
        let stayed = [ln_a, shape * a, ln_b, s * b];
        let alive = (-shape * ln_a - s * ln_b).exp();
        let mut left = 0.0;
        let mut gap = [0.0; 4];
        if row.age > row.recency {
            let moments = Moments::new(&integrand);
            let died = silence.factor(&integrand) * moments.integral;
            left = died / (alive + died);
            let Moments { mean, second, .. } = moments;
            // One who left: ln (α+u), (r+x) / (α+u), ln (β+u) - 1 / s, (s+1) / (β+u), on average and in how they vary.
            let (buying, leaving) = (shape * inverse_purchase, (s + 1.0) * inverse_leave);
            let inverse = [1.0 - mean[1], 1.0 - mean[3]];
            let score = [mean[0], buying * inverse[0], mean[2] - 1.0 / s, leaving * inverse[1]];
            // The moments are of 1 minus an inverse.
            let coefficient = [1.0, -buying, 1.0, -leaving];
            for i in 0..4 {
                gap[i] = score[i] - stayed[i];
                for j in 0..=i {
                    let covariance = second[i][j] - mean[i] * mean[j];
                    jet.hessian[i][j] += left * coefficient[i] * coefficient[j] * covariance;
                }
            }
            let square = |at: usize| 1.0 - 2.0 * mean[at] + second[at][at];
            jet.hessian[1][0] -= left * inverse_purchase * inverse[0];
            jet.hessian[1][1] += left * buying * inverse_purchase * square(1);
            jet.hessian[2][2] -= left / (s * s);
            jet.hessian[3][2] -= left * inverse_leave * inverse[1];
            jet.hessian[3][3] += left * leaving * inverse_leave * square(3);
            jet.value += (alive + died).ln();
        }
        let stays = 1.0 - left;
        jet.hessian[1][0] -= stays * a;
        jet.hessian[1][1] += stays * shape * a * a;
        jet.hessian[3][2] -= stays * b;
        jet.hessian[3][3] += stays * s * b * b;
        for i in 0..4 {
            jet.gradient[i] -= stayed[i] + left * gap[i];
            for j in 0..=i {
                jet.hessian[i][j] += left * stays * gap[i] * gap[j];
            }
        }
        jet
    }
}

impl Likelihood<4> for ParetoLikelihood<'_> {
    type Row = Row;
    type Point = Vec<Group>;

    fn at(&self, parameters: [f64; 4]) -> Vec<Group> {
        let group = |&x: &f64| Group::new(x, ln_rising(parameters[0], x), parameters);
        self.frequencies.iter().map(group).collect()
    }

    #[inline]
    fn jet(groups: &Vec<Group>, row: &Row) -> Jet<4> {
        groups.get(row.group as usize).map(|group| group.jet(row)).unwrap_or_default()
    }
}
