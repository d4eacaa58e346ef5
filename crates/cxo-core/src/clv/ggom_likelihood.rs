//! How likely is a history if the rate of leaving of each customer grows with time? The likelihood of the GGom/NBD with its
//! derivatives. Stateless; called by the model and its fit.
//!
//! The customer is alive at T, or left at a time u of his silence (Bemmaor and Glady 2012):
//!
//! L = Γ(r+x) / Γ(r) α^r [(α+T)^-(r+x) S(T) + ∫ (α+u)^-(r+x) f(u) du over that time].
//!
//! The search uses ρ = β / b, a time, in the place of β: with E(u) = (e^(bu) - 1) / b the survival is S(u) = (ρ / (ρ + E(u)))^s, that
//! of the Pareto/NBD on a clock E which runs ever faster. At b = 0 the clock is plain time and ρ the β of the Pareto/NBD, so that
//! the limit is approached along b alone. The integral is positive; its nodes are those of the outlooks, and the
//! derivatives are moments of the scores under its weights.

use super::fit::Likelihood;
use super::process::gamma_poisson::{GammaPoisson, Lifetime as _};
use super::process::gompertz::Gompertz;
use super::rows::Row;
use crate::numeric::gamma::ln_rising;
use crate::numeric::jet::Jet;

/// The likelihood in r, α, b, s and ρ = β / b.
#[derive(Debug, Clone)]
pub(super) struct GgomLikelihood<'a> {
    pub(super) frequencies: &'a [f64],
}

#[derive(Debug, Clone)]
pub(super) struct Point {
    parameters: [f64; 5],
    /// For each frequency r + x, and ln Γ(r+x) / Γ(r) α^r with its derivatives.
    groups: Vec<(f64, Jet<5>)>,
}

/// ln D(u) with D = 1 + E(u) / ρ, and its derivatives by b and ρ.
#[derive(Debug, Clone, Copy)]
struct Clock {
    log: f64,
    by_b: f64,
    by_rho: f64,
    by_bb: f64,
    by_b_rho: f64,
    by_rho_rho: f64,
}

impl Clock {
    /// At time u, with ln D(u), e^(-bu) and 1 - e^(-bu).
    #[inline]
    fn new(b: f64, rho: f64, u: f64, [log, shrunk, passed]: [f64; 3]) -> Self {
        // ρ + E(u) in units of e^(bu) / b.
        let inverse = 1.0 / (b * rho * shrunk + passed);
        let (first, second) = bends(b * u, passed);
        let by_b = u * first * inverse;
        let (start, now) = (1.0 / rho, b * shrunk * inverse);
        let by_rho = -passed * inverse * start;
        Self {
            log,
            by_b,
            by_rho,
            by_bb: u * u * second * inverse - by_b * by_b,
            by_b_rho: -by_b * now,
            by_rho_rho: -by_rho * (start + now),
        }
    }
}

/// 1 - p / z and 1 - 2 / z + 2 p / z² for p = 1 - e^(-z): E and its derivatives by b, in units of e^(bu).
#[inline]
fn bends(z: f64, p: f64) -> (f64, f64) {
    if z > 0.25 {
        let first = 1.0 - p / z;
        return (first, 1.0 - 2.0 * first / z);
    }
    let series = |coefficients: &[f64; 11]| z * coefficients.iter().rev().fold(0.0, |sum, c| c - z * sum);
    (series(&FIRST), series(&SECOND))
}

/// 1 / (k + 1)! from k = 1.
const FIRST: [f64; 11] = inverse_factorials(1.0, 2.0);
/// 2 / (k + 2)! from k = 1.
const SECOND: [f64; 11] = inverse_factorials(2.0, 3.0);

/// `top` / n! for `first`, which is 2 or 3, and the numbers that follow.
const fn inverse_factorials(top: f64, first: f64) -> [f64; 11] {
    let mut terms = [0.0; 11];
    let (mut term, mut n, mut at) = (top / if first == 3.0 { 6.0 } else { 2.0 }, first, 0);
    while at < 11 {
        terms[at] = term;
        n += 1.0;
        term /= n;
        at += 1;
    }
    terms
}

/// What the derivatives of one way to have been silent are made of: the logarithm of (α+u)^-(r+x) D(u)^-power.
#[derive(Debug, Clone, Copy)]
struct Way {
    shape: f64,
    inverse: f64,
    power: f64,
    clock: Clock,
}

impl Way {
    /// By all parameters; ln (α + u) is given, relative to what the caller likes.
    #[inline]
    fn gradient(&self, log: f64) -> [f64; 5] {
        let Self { shape, inverse, power, clock } = self;
        [-log, -shape * inverse, -power * clock.by_b, -clock.log, -power * clock.by_rho]
    }

    /// Adds the second derivatives times a weight.
    #[inline]
    fn bend(&self, weight: f64, hessian: &mut [[f64; 5]; 5]) {
        let Self { shape, inverse, power, clock } = self;
        hessian[1][0] -= weight * inverse;
        hessian[1][1] += weight * shape * inverse * inverse;
        hessian[2][2] -= weight * power * clock.by_bb;
        hessian[3][2] -= weight * clock.by_b;
        hessian[4][2] -= weight * power * clock.by_b_rho;
        hessian[4][3] -= weight * clock.by_rho;
        hessian[4][4] -= weight * power * clock.by_rho_rho;
    }
}

/// The times of leaving of one history.
struct Silence {
    parameters: [f64; 5],
    process: GammaPoisson<Gompertz>,
    recency: f64,
    length: f64,
    /// e^(-bu) and 1 - e^(-bu) at the last purchase.
    aged: [f64; 2],
    start: Clock,
}

impl Silence {
    fn new(parameters: [f64; 5], shape: f64, row: &Row) -> Self {
        let [_, alpha, b, s, rho] = parameters;
        let from_start = Gompertz { growth: b, shape: s, rate: b * rho };
        let process = GammaPoisson { shape, rate: alpha + row.recency, lifetime: from_start.after(row.recency) };
        let passage = from_start.passage(row.recency);
        let [_, shrunk, passed] = passage;
        let start = Clock::new(b, rho, row.recency, passage);
        let length = row.age - row.recency;
        Self { parameters, process, recency: row.recency, length, aged: [shrunk, passed], start }
    }

    /// The clock at `along` after the last purchase.
    #[inline]
    fn clock(&self, along: f64) -> Clock {
        let [_, _, b, _, rho] = self.parameters;
        let ([aged, passed], [log, shrunk, more]) = (self.aged, self.process.lifetime.passage(along));
        Clock::new(b, rho, self.recency + along, [self.start.log + log, aged * shrunk, passed + aged * more])
    }

    fn way(&self, along: f64, power: f64) -> Way {
        let inverse = 1.0 / (self.process.rate + along);
        Way { shape: self.process.shape, inverse, power, clock: self.clock(along) }
    }

    /// ln (α + u), less its value at the last purchase.
    fn log_rate(&self, along: f64) -> f64 {
        (along / self.process.rate).ln_1p()
    }

    /// The integral over the times of leaving with the derivatives of its logarithm. Value and first derivatives leave out the
    /// power of α at the last purchase, the value that of D too.
    fn left(&self) -> Jet<5> {
        let [_, _, b, s, rho] = self.parameters;
        let process = &self.process;
        let first = self.way(0.0, s + 1.0).gradient(0.0);
        let start = process.lifetime.hazard(0.0).ln();
        let mut sums = Jet::<5>::default();
        process.each_leaving(self.length, |along, width| {
            let (log, way) = (self.log_rate(along), self.way(along, s + 1.0));
            let relative = start + b * along - process.shape * log - (s + 1.0) * (way.clock.log - self.start.log);
            let weight = width * relative.exp();
            sums.value += weight;
            // Relative to the last purchase, so that little cancels in their covariance.
            let mut score = way.gradient(log);
            score.iter_mut().zip(first).for_each(|(score, first)| *score -= first);
            score[2] += along;
            for (i, own) in score.iter().enumerate() {
                let weighted = weight * own;
                sums.gradient[i] += weighted;
                sums.hessian[i].iter_mut().zip(score).take(i + 1).for_each(|(sum, score)| *sum += weighted * score);
            }
            way.bend(weight, &mut sums.hessian);
            weight
        });
        let mut left = Jet { value: sums.value, ..Jet::default() };
        let mean = sums.gradient.map(|sum| sum / sums.value);
        for i in 0..5 {
            left.gradient[i] = first[i] + mean[i];
            for j in 0..=i {
                left.hessian[i][j] = sums.hessian[i][j] / sums.value - mean[i] * mean[j];
            }
        }
        // The density of leaving at u is s / ρ e^(bu) D(u)^-(s+1).
        left.gradient[2] += self.recency;
        left.gradient[3] += 1.0 / s;
        left.gradient[4] -= 1.0 / rho;
        left.hessian[3][3] -= 1.0 / (s * s);
        left.hessian[4][4] += 1.0 / (rho * rho);
        left
    }
}

impl Likelihood<5> for GgomLikelihood<'_> {
    type Row = Row;
    type Point = Point;

    fn at(&self, parameters: [f64; 5]) -> Point {
        let [r, alpha, ..] = parameters;
        let group = |&x: &f64| {
            let mut base = Jet::default();
            let [value, first, second] = ln_rising(r, x);
            base.value = value + r * alpha.ln();
            base.gradient = [first + alpha.ln(), r / alpha, 0.0, 0.0, 0.0];
            base.hessian[0][0] = second;
            base.hessian[1][0] = 1.0 / alpha;
            base.hessian[1][1] = -r / (alpha * alpha);
            (r + x, base)
        };
        Point { parameters, groups: self.frequencies.iter().map(group).collect() }
    }

    #[inline]
    fn jet(point: &Point, row: &Row) -> Jet<5> {
        let Some(&(shape, base)) = point.groups.get(row.group as usize) else { return Jet::default() };
        let silence = Silence::new(point.parameters, shape, row);
        let s = point.parameters[3];
        let mut jet = base;
        let log_rate = silence.process.rate.ln();
        jet.value -= shape * log_rate + s * silence.start.log;
        jet.gradient[0] -= log_rate;
        let stayed = silence.way(silence.length, s);
        let log = silence.log_rate(silence.length);
        let scores = stayed.gradient(log);
        let alive = (-shape * log - s * (stayed.clock.log - silence.start.log)).exp();
        if silence.length == 0.0 {
            stayed.bend(1.0, &mut jet.hessian);
            jet.gradient.iter_mut().zip(scores).for_each(|(slope, score)| *slope += score);
            return jet;
        }
        let died = silence.left();
        let left = died.value / (alive + died.value);
        jet.value += (alive + died.value).ln();
        stayed.bend(1.0 - left, &mut jet.hessian);
        let gap: [f64; 5] = std::array::from_fn(|i| died.gradient[i] - scores[i]);
        for i in 0..5 {
            jet.gradient[i] += scores[i] + left * gap[i];
            for j in 0..=i {
                jet.hessian[i][j] += left * died.hessian[i][j] + left * (1.0 - left) * gap[i] * gap[j];
            }
        }
        jet
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clv::{GgomNbd, PurchaseModel as _, Summary};

    const FREQUENCIES: [u32; 4] = [0, 1, 7, 300];

    /// Every derivative against central differences, and the value against that of the model.
    #[test]
    fn derivatives_agree_with_finite_differences() {
        let frequencies = FREQUENCIES.map(f64::from);
        let likelihood = GgomLikelihood { frequencies: &frequencies };
        for parameters in [
            [0.55, 0.33, 1e-4, 0.6, 0.36],
            [1.3, 0.2, 0.5, 0.9, 4.0],
            [0.2, 3.0, 3.0, 2.5, 0.1],
            [3.0, 1.0, 1.5, 40.0, 90.0],
            [0.7, 0.4, 6.0, 0.3, 200.0],
            [0.7, 0.4, 0.2, 0.3, 5.0],
        ] {
            for (group, recency, age) in [
                (0, 0.0, 1.2),
                (1, 0.3, 1.0),
                (1, 0.9, 0.9),
                (2, 0.001, 5.0),
                (3, 0.9, 1.1),
                (2, 0.9, 1.0),
                (0, 0.0, 0.0),
            ] {
                let row = Row { group, recency, age };
                let jet = |p: [f64; 5]| GgomLikelihood::jet(&likelihood.at(p), &row);
                let here = jet(parameters);
                let [r, alpha, b, s, rho] = parameters;
                let model = GgomNbd::new([r, alpha, b, s, b * rho]).unwrap();
                let history = Summary::new(FREQUENCIES[group as usize], recency, age).unwrap();
                let value = model.log_likelihood_of(&history);
                assert!((here.value - value).abs() < 1e-12 * (1.0 + value.abs()), "{} {value}", here.value);
                for i in 0..5 {
                    let step = 1e-5 * parameters[i];
                    let [up, down] = [1.0, -1.0].map(|sign| {
                        let mut moved = parameters;
                        moved[i] += sign * step;
                        jet(moved)
                    });
                    let slope = (up.value - down.value) / (2.0 * step);
                    let error = (slope - here.gradient[i]).abs() * parameters[i];
                    assert!(error < 1e-9 * (10.0 + value.abs()), "{parameters:?} {row:?} {i}: {slope} {here:?}");
                    for j in 0..5 {
                        let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
                        let error = (bend - here.second(i, j)).abs() * parameters[i] * parameters[j];
                        assert!(error < 1e-8 * (1.0 + value.abs()), "{parameters:?} {row:?} {i} {j}: {bend} {here:?}");
                    }
                }
            }
        }
    }

    /// A clock that hardly speeds up: series and closed form meet.
    #[test]
    fn bends_are_smooth() {
        let at = |z: f64| bends(z, -(-z).exp_m1());
        let (below, above) = (at(0.25), at(0.25 + 1e-12));
        assert!((below.0 - above.0).abs() < 1e-11 * below.0 && (below.1 - above.1).abs() < 1e-11 * below.1);
        // mpmath, 20 digits.
        let expected = [
            (1e-6, 4.9999983333337499999e-7, 3.3333325000001666666e-7),
            (2.0, 0.56766764161830634595, 0.43233235838169365405),
        ];
        for (z, first, second) in expected {
            let found = at(z);
            assert!((found.0 / first - 1.0).abs() < 1e-14 && (found.1 / second - 1.0).abs() < 1e-14, "{z} {found:?}");
        }
    }
}
