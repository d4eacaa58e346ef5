//! Who buys at random and may leave after a purchase? The likelihood that BG/NBD and its relatives share.

use super::fit::Likelihood;
use super::rows::Row;
use crate::numeric::gamma::{digamma, ln_gamma, trigamma};
use crate::numeric::jet::Jet;

/// Whether a customer may leave right after the first purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Only after a repeat purchase (BG).
    AfterRepeats,
    /// After every purchase, the first included (MBG).
    AfterAll,
}

/// The likelihood in r, α, a, b.
#[derive(Debug, Clone)]
pub(super) struct BetaGeometric<'a> {
    pub(super) leaving: Leaving,
    pub(super) frequencies: &'a [f64],
}

/// What depends on the parameters and the frequency only.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// r + x.
    shape: f64,
    /// ln Γ(r + x) / Γ(r) + ln B(a, b + y) / B(a, b) + r ln α, and its derivatives.
    base: Jet<4>,
    /// Whether y > 0: whether he can have left at all.
    may_have_left: bool,
    /// ln a / (b + y - 1) with 1 / a and 1 / (b + y - 1).
    odds: f64,
    inverse_a: f64,
    inverse_b: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Point {
    alpha: f64,
    groups: Vec<Group>,
}

impl Likelihood<4> for BetaGeometric<'_> {
    type Row = Row;
    type Point = Point;

    fn at(&self, [r, alpha, a, b]: [f64; 4]) -> Point {
        let group = |&x: &f64| {
            let y = if self.leaving == Leaving::AfterAll { x + 1.0 } else { x };
            let ln_beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
            let (shape, sum) = (r + x, a + b);
            let mut base = Jet {
                value: ln_gamma(shape) - ln_gamma(r) + ln_beta(a, b + y) - ln_beta(a, b) + r * alpha.ln(),
                ..Jet::default()
            };
            let (fall, fall2) = (digamma(sum) - digamma(sum + y), trigamma(sum) - trigamma(sum + y));
            base.gradient =
                [digamma(shape) - digamma(r) + alpha.ln(), r / alpha, fall, fall + digamma(b + y) - digamma(b)];
            base.hessian[0][0] = trigamma(shape) - trigamma(r);
            base.hessian[1][0] = 1.0 / alpha;
            base.hessian[1][1] = -r / (alpha * alpha);
            base.hessian[2][2] = fall2;
            base.hessian[3][2] = fall2;
            base.hessian[3][3] = fall2 + trigamma(b + y) - trigamma(b);
            let inverse_b = 1.0 / (b + y - 1.0);
            Group { shape, base, may_have_left: y > 0.0, odds: (a * inverse_b).ln(), inverse_a: 1.0 / a, inverse_b }
        };
        Point { alpha, groups: self.frequencies.iter().map(group).collect() }
    }

    #[inline]
    fn jet(point: &Point, row: &Row) -> Jet<4> {
        let Some(group) = point.groups.get(row.group as usize) else { return Jet::default() };
        let n = group.shape;
        let end = 1.0 / (point.alpha + row.age);
        let ln_end = (point.alpha + row.age).ln();
        let mut jet = group.base;
        jet.value -= n * ln_end;
        jet.gradient[0] -= ln_end;
        jet.gradient[1] -= n * end;
        jet.hessian[1][0] -= end;
        jet.hessian[1][1] += n * end * end;
        if !group.may_have_left {
            return jet;
        }
        let last = 1.0 / (point.alpha + row.recency);
        // ln (α + T) / (α + t_x).
        let silence = ((row.age - row.recency) * last).ln_1p();
        let log_odds = group.odds + n * silence;
        let less = (-log_odds.abs()).exp();
        jet.value += log_odds.max(0.0) + less.ln_1p();
        let left = if log_odds > 0.0 { 1.0 / (1.0 + less) } else { less / (1.0 + less) };
        let spread = less / ((1.0 + less) * (1.0 + less));
        let slope = [silence, n * (end - last), group.inverse_a, -group.inverse_b];
        for i in 0..4 {
            jet.gradient[i] += left * slope[i];
            for j in 0..=i {
                jet.hessian[i][j] += spread * slope[i] * slope[j];
            }
        }
        jet.hessian[1][0] += left * (end - last);
        jet.hessian[1][1] += left * n * (last * last - end * end);
        jet.hessian[2][2] -= left * group.inverse_a * group.inverse_a;
        jet.hessian[3][3] += left * group.inverse_b * group.inverse_b;
        jet
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::{FitOptions, climb};
    use super::super::rows::Rows;
    use super::super::{Summaries, Summary};
    use super::*;

    #[test]
    fn cdnow() {
        let Ok(folder) = std::env::var("CXO_GOLDEN_DIR") else { return };
        let text = std::fs::read_to_string(format!("{folder}/../data/clv/cdnow_summary.csv")).unwrap();
        let summaries = text.lines().skip(1).map(|line| {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            Summary::new(cells[1] as u32, cells[2], cells[3]).unwrap()
        });
        let summaries: Summaries = summaries.collect();
        let rows = Rows::new(&summaries).unwrap();
        for leaving in [Leaving::AfterRepeats, Leaving::AfterAll] {
            let likelihood = BetaGeometric { leaving, frequencies: &rows.frequencies };
            let start = std::time::Instant::now();
            let names = ["r", "alpha", "a", "b"];
            let starts = [[0.0; 4], [-1.0, -1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0]];
            let found = climb(&likelihood, &rows.rows, &starts, names, &FitOptions::default()).unwrap();
            eprintln!("{:?} {} rows", start.elapsed(), rows.rows.len());
            let mut logs = found.logs.clone();
            logs[1] += rows.scale.ln();
            eprintln!(
                "{:?} {} {found:?}",
                logs.iter().map(|l| l.exp()).collect::<Vec<_>>(),
                found.log_likelihood - rows.purchases * rows.scale.ln()
            );
        }
    }
}
