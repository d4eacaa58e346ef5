//! Binomial and hypergeometric probabilities, and the two exact tests of 2 x 2 tables built on them.
//!
//! Probabilities come from deviances (Loader 2000), so that millions of trials cost no digits. Counts are whole numbers
//! held as f64.

use std::f64::consts::PI;

use super::gamma::{deviance, stirling_error};

/// P(X = x) of n trials with probability p.
pub(crate) fn pmf(x: f64, n: f64, p: f64) -> f64 {
    let q = 1.0 - p;
    if x == 0.0 {
        return (n * (-p).ln_1p()).exp();
    }
    if x == n {
        return (n * p.ln()).exp();
    }
    let y = n - x;
    let exponent = deviance(x, n * p, n * p - x) + deviance(y, n * q, n * q - y);
    // Stirling's error of ln n! is that of ln Γ(n).
    let correction = stirling_error(n) - stirling_error(x) - stirling_error(y);
    (correction - exponent).exp() * (n / (2.0 * PI * x * y)).sqrt()
}

/// Successes among the first of two groups when the number of successes in both is fixed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hypergeometric {
    pub(crate) successes: f64,
    pub(crate) first: f64,
    pub(crate) second: f64,
}

impl Hypergeometric {
    fn least(self) -> f64 {
        (self.successes - self.second).max(0.0)
    }

    fn greatest(self) -> f64 {
        self.successes.min(self.first)
    }

    fn pmf(self, x: f64) -> f64 {
        let n = self.first + self.second;
        let p = self.successes / n;
        if p == 0.0 || p == 1.0 {
            return 1.0;
        }
        pmf(x, self.first, p) * pmf(self.successes - x, self.second, p) / pmf(self.successes, n, p)
    }

    /// P(x + 1) / P(x).
    fn step(self, x: f64) -> f64 {
        (self.first - x) / (x + 1.0) * ((self.successes - x) / (self.second - self.successes + x + 1.0))
    }

    /// The probability of all counts that are not more probable than `x`; equal ones count within rounding.
    pub(crate) fn two_sided_p(self, x: f64) -> f64 {
        let observed = self.pmf(x);
        let limit = observed * (1.0 + 1e-9);
        let (least, greatest) = (self.least(), self.greatest());
        let mode = ((self.successes + 1.0) * (self.first + 1.0) / (self.first + self.second + 2.0))
            .floor()
            .clamp(least, greatest);
        if self.pmf(mode) <= limit {
            return 1.0;
        }
        // Probabilities rise up to the mode and fall behind it: bisect for the first count on either side within the limit.
        let (mut low, mut high) = (least - 1.0, mode);
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            if self.pmf(middle) <= limit { low = middle } else { high = middle }
        }
        let lower = self.sum_from(low, |x| x >= least, |x, term| (x - 1.0, term / self.step(x - 1.0)));
        let (mut low, mut high) = (mode, greatest + 1.0);
        while high - low > 1.0 {
            let middle = f64::midpoint(low, high).floor();
            if self.pmf(middle) <= limit { high = middle } else { low = middle }
        }
        let upper = self.sum_from(high, |x| x <= greatest, |x, term| (x + 1.0, term * self.step(x)));
        (lower + upper).min(1.0)
    }

    /// The sum of falling terms from `x` on.
    fn sum_from(self, x: f64, within: impl Fn(f64) -> bool, next: impl Fn(f64, f64) -> (f64, f64)) -> f64 {
        if !within(x) {
            return 0.0;
        }
        let (mut x, mut term, mut sum) = (x, self.pmf(x), 0.0);
        while within(x) && term > sum * 1e-18 {
            sum += term;
            (x, term) = next(x, term);
        }
        sum
    }
}

/// Barnard's test: the greatest probability, over the common share, of a pooled |z| at least the observed one. Each count
/// comes with its trials.
pub(crate) fn unconditional_p((x1, n1): (f64, f64), (x2, n2): (f64, f64)) -> f64 {
    let square = |x1: f64, x2: f64| {
        let (p, d) = ((x1 + x2) / (n1 + n2), x1 / n1 - x2 / n2);
        if d == 0.0 { 0.0 } else { d * d / (p * (1.0 - p)) }
    };
    let observed = square(x1, x2) * (1.0 - 1e-12);
    if observed == 0.0 {
        return 1.0;
    }
    let counts = |n: f64| std::iter::successors(Some(0.0), |x| Some(x + 1.0)).take_while(move |x| *x <= n);
    // For each first count the second counts that are less far out than the observed table form one run around equality.
    let inner: Vec<(f64, f64, f64)> = counts(n1)
        .filter_map(|first| {
            let mut run = counts(n2).filter(|&second| square(first, second) < observed);
            let start = run.next()?;
            Some((first, start, run.last().unwrap_or(start)))
        })
        .collect();
    let probability = |angle: f64| {
        let share = angle.sin().powi(2);
        let mut total = 0.0;
        let cumulated: Vec<f64> = std::iter::once(0.0)
            .chain(counts(n2).map(|second| {
                total += pmf(second, n2, share);
                total
            }))
            .collect();
        let up_to = |second: f64| counts_below(&cumulated, second);
        let inside: f64 =
            inner.iter().map(|&(first, start, end)| pmf(first, n1, share) * (up_to(end + 1.0) - up_to(start))).sum();
        1.0 - inside
    };
    greatest(probability, std::f64::consts::FRAC_PI_2).clamp(0.0, 1.0)
}

/// P(X < count) from the cumulated probabilities.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to n + 1")]
fn counts_below(cumulated: &[f64], count: f64) -> f64 {
    cumulated.get(count as usize).copied().unwrap_or(1.0)
}

/// The greatest value of a smooth function on (0, end): a grid, and golden sections around its five best points.
fn greatest(f: impl Fn(f64) -> f64, end: f64) -> f64 {
    const GRID: u32 = 400;
    let step = end / f64::from(GRID);
    let mut points: Vec<(f64, f64)> = (1..GRID).map(|i| (f(step * f64::from(i)), step * f64::from(i))).collect();
    points.sort_by(|a, b| b.0.total_cmp(&a.0));
    points
        .iter()
        .take(5)
        .map(|&(_, at)| {
            let (mut low, mut high) = (at - step, at + step);
            let ratio = 0.5 * (5.0_f64.sqrt() - 1.0);
            let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
            let (mut at_a, mut at_b) = (f(a), f(b));
            for _ in 0..40 {
                if at_a > at_b {
                    (high, b, at_b) = (b, a, at_a);
                    a = high - ratio * (high - low);
                    at_a = f(a);
                } else {
                    (low, a, at_a) = (a, b, at_b);
                    b = low + ratio * (high - low);
                    at_b = f(b);
                }
            }
            at_a.max(at_b)
        })
        .fold(0.0, f64::max)
}
