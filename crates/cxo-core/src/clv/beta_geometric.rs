//! Who buys at random and may leave after a purchase? The likelihood that BG/NBD and its relatives share.

use super::fit::Likelihood;
use super::rows::Row;
use crate::numeric::gamma::ln_rising;
use crate::numeric::jet::Jet;

/// Whether a customer may leave right after the first purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Only after a repeat purchase (BG).
    AfterRepeats,
    /// After every purchase, the first included (MBG).
    AfterAll,
}

/// The likelihood in r, α, a, b. A purchase is every k-th event, and what depends on k and the data alone is left out.
#[derive(Debug, Clone)]
pub(super) struct BetaGeometricLikelihood<'a> {
    pub(super) leaving: Leaving,
    pub(super) k: u32,
    pub(super) frequencies: &'a [f64],
}

/// What depends on the parameters and the frequency only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    k: u32,
    /// r + k x.
    shape: f64,
    alpha: f64,
    /// ln Γ(r + k x) / Γ(r) + ln B(a, b + y) / B(a, b) + r ln α, and its derivatives.
    base: Jet<4>,
    /// Whether y > 0: whether he can have left at all.
    may_have_left: bool,
    /// ln a / (b + y - 1) with 1 / a and 1 / (b + y - 1).
    odds: f64,
    inverse_a: f64,
    inverse_b: f64,
}

impl Group {
    /// Of customers with x purchases; `rising` is ln Γ(r + k x) / Γ(r) with its derivatives by r.
    pub(super) fn new(leaving: Leaving, k: u32, x: f64, rising: [f64; 3], [r, alpha, a, b]: [f64; 4]) -> Self {
        let y = if leaving == Leaving::AfterAll { x + 1.0 } else { x };
        // B(a, b + y) / B(a, b) = (b)_y / (a + b)_y.
        let ([stay, stay1, stay2], [all, all1, all2]) = (ln_rising(b, y), ln_rising(a + b, y));
        let mut base = Jet { value: rising[0] + stay - all + r * alpha.ln(), ..Jet::default() };
        base.gradient = [rising[1] + alpha.ln(), r / alpha, -all1, stay1 - all1];
        base.hessian[0][0] = rising[2];
        base.hessian[1][0] = 1.0 / alpha;
        base.hessian[1][1] = -r / (alpha * alpha);
        base.hessian[2][2] = -all2;
        base.hessian[3][2] = -all2;
        base.hessian[3][3] = stay2 - all2;
        let (inverse_a, inverse_b) = (1.0 / a, 1.0 / (b + y - 1.0));
        let (shape, odds) = (r + f64::from(k) * x, (a * inverse_b).ln());
        Self { k, shape, alpha, base, may_have_left: y > 0.0, odds, inverse_a, inverse_b }
    }

    /// The likelihood of one history with its derivatives.
    #[inline]
    pub(super) fn jet(&self, row: &Row) -> Jet<4> {
        let group = self;
        let n = group.shape;
        let end = 1.0 / (group.alpha + row.age);
        let ln_end = (group.alpha + row.age).ln();
        let mut jet = group.base;
        jet.value -= n * ln_end;
        jet.gradient[0] -= ln_end;
        jet.gradient[1] -= n * end;
        jet.hessian[1][0] -= end;
        jet.hessian[1][1] += n * end * end;
        let silence = row.age - row.recency;
        // How far he may have come to the next purchase: none of the derivatives if every event is one.
        let stages = if group.k == 1 { Stages::default() } else { Stages::new(group.k, n, silence, end) };
        if !group.may_have_left {
            stages.add_to(&mut jet, 1.0);
            return jet;
        }
        let last = 1.0 / (group.alpha + row.recency);
        // ln (α + T) / (α + t_x).
        let grown = (silence * last).ln_1p();
        let log_odds = group.odds + n * grown - stages.value;
        let less = (-log_odds.abs()).exp();
        jet.value += log_odds.max(0.0) + less.ln_1p();
        let left = if log_odds > 0.0 { 1.0 / (1.0 + less) } else { less / (1.0 + less) };
        let spread = less / ((1.0 + less) * (1.0 + less));
        stages.add_to(&mut jet, 1.0 - left);
        jet.value += left * stages.value;
        for (slope, stage) in jet.gradient.iter_mut().zip(stages.gradient) {
            *slope += left * stage;
        }
        let [by_r, by_alpha] = stages.gradient;
        let slope = [grown - by_r, n * (end - last) - by_alpha, group.inverse_a, -group.inverse_b];
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

impl Likelihood<4> for BetaGeometricLikelihood<'_> {
    type Row = Row;
    type Point = Vec<Group>;

    fn at(&self, parameters: [f64; 4]) -> Vec<Group> {
        let rising = |x: f64| ln_rising(parameters[0], f64::from(self.k) * x);
        let group = |&x: &f64| Group::new(self.leaving, self.k, x, rising(x), parameters);
        self.frequencies.iter().map(group).collect()
    }

    #[inline]
    fn jet(groups: &Vec<Group>, row: &Row) -> Jet<4> {
        groups.get(row.group as usize).map(|group| group.jet(row)).unwrap_or_default()
    }
}

/// ln Σ over j < k of (n)_j / j! (silence / (α + T))^j with its derivatives by r and α.
#[derive(Debug, Clone, Copy, Default)]
struct Stages {
    value: f64,
    gradient: [f64; 2],
    /// By r, by r and α, by α.
    hessian: [f64; 3],
}

impl Stages {
    fn new(k: u32, n: f64, silence: f64, end: f64) -> Self {
        let ratio = silence * end;
        let (mut term, mut first, mut second) = (1.0, 0.0, 0.0);
        let (mut sum, mut by_r, mut by_count) = (0.0, 0.0, 0.0);
        let [mut by_rr, mut by_both, mut by_squares] = [0.0; 3];
        for j in 0..k {
            let j = f64::from(j);
            sum += term;
            by_r += term * first;
            by_count += term * j;
            by_rr += term * (first * first - second);
            by_both += term * first * j;
            by_squares += term * j * (j + 1.0);
            let factor = n + j;
            term *= factor / (j + 1.0) * ratio;
            first += 1.0 / factor;
            second += 1.0 / (factor * factor);
        }
        let [by_r, by_count, by_rr, by_both, by_squares] =
            [by_r, by_count, by_rr, by_both, by_squares].map(|part| part / sum);
        Self {
            value: sum.ln(),
            gradient: [by_r, -end * by_count],
            hessian: [
                by_rr - by_r * by_r,
                -end * (by_both - by_r * by_count),
                end * end * (by_squares - by_count * by_count),
            ],
        }
    }

    fn add_to(&self, jet: &mut Jet<4>, weight: f64) {
        jet.value += weight * self.value;
        jet.gradient[0] += weight * self.gradient[0];
        jet.gradient[1] += weight * self.gradient[1];
        jet.hessian[0][0] += weight * self.hessian[0];
        jet.hessian[1][0] += weight * self.hessian[1];
        jet.hessian[1][1] += weight * self.hessian[2];
    }
}
