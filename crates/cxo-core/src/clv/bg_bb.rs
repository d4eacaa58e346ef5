//! Who is still a customer if purchases are possible at certain opportunities only, such as yearly appeals or events?
//! The BG/BB model of Fader, Hardie and Shang (2010). State: its four parameters; called by whoever values such
//! customers.

use std::collections::BTreeMap;

use super::fit::{FitOptions, Fitted, Likelihood, Model, Weighted, climb};
use super::outlook::{Outlook, PurchaseModel};
use super::pareto_nbd::{exactly, positive};
use super::process::Process;
use super::process::beta_bernoulli::{BetaBernoulli, MOST_OPPORTUNITIES};
use super::{Simulated, Summaries, Summary};
use crate::numeric::beta::{ln_beta, ln_beta_ratio};
use crate::numeric::jet::Jet;
use crate::{Error, Seed};

const NAMES: [&str; 4] = ["alpha", "beta", "gamma", "delta"];
/// Sums of weights are scaled down beyond this.
const GREAT: f64 = 1e200;

/// The BG/BB model of Fader, Hardie and Shang (2010): at each opportunity a customer first leaves with a probability
/// drawn from Beta(γ, δ) and, if he stays, buys with one drawn from Beta(α, β).
///
/// In a [`Summary`] the age is the number of opportunities since the first purchase, the recency the number of the last
/// one at which he bought, and the frequency at how many he bought: whole numbers, frequency <= recency <= age <=
/// 10,000. [`admits`](PurchaseModel::admits) says whether a history is of this kind; an outlook reads another as the
/// nearest that is, with times rounded down. Horizons are whole numbers of opportunities, a [`Rate`](super::Rate) is
/// per opportunity. Formula page: `docs/formulas/bg-bb.md`.
///
/// ```
/// use cxo_core::clv::{BgBb, PurchaseModel, Summary};
///
/// // The published parameters of donors who are asked once a year.
/// let model = BgBb::new([1.204, 0.750, 0.657, 2.783])?;
/// // He gave in two of six years, last in the fourth.
/// let outlook = model.outlook(&Summary::new(2, 4.0, 6.0)?);
/// // Whether he can still give in the seventh, and how often in the next five.
/// assert!((outlook.probability_alive_at(1.0)? - 0.59).abs() < 5e-3);
/// assert!((outlook.expected_purchases(5.0)? - 1.06).abs() < 5e-3);
/// assert!(outlook.expected_purchases(2.5).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 4]", into = "[f64; 4]")
)]
pub struct BgBb {
    parameters: [f64; 4],
}

/// One distinct history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct History {
    pub(super) frequency: u32,
    pub(super) recency: u32,
    pub(super) opportunities: u32,
}

impl History {
    /// The nearest history of whole opportunities.
    fn nearest(summary: &Summary) -> Self {
        // Saturates; both are at least 0.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = |time: f64| (time as u32).min(MOST_OPPORTUNITIES);
        let (recency, opportunities) = (whole(summary.recency()), whole(summary.age()));
        let frequency = summary.frequency().min(recency);
        Self { frequency, recency: if frequency == 0 { 0 } else { recency }, opportunities }
    }

    fn exact(summary: &Summary) -> Result<Self, Error> {
        let history = Self::nearest(summary);
        if f64::from(history.opportunities) != summary.age() {
            let allowed = format!("a whole number of opportunities from 0 to {MOST_OPPORTUNITIES}");
            return Err(Error::input("age", summary.age(), allowed));
        }
        if summary.recency().fract() != 0.0 {
            return Err(Error::input("recency", summary.recency(), "a whole number of opportunities"));
        }
        if history.frequency != summary.frequency() {
            let allowed = format!("0 to the recency of {}: one purchase at an opportunity", summary.recency());
            return Err(Error::input("frequency", summary.frequency(), allowed));
        }
        Ok(history)
    }
}

impl BgBb {
    /// The model with α, β, γ and δ.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless all are finite and above 0.
    pub fn new(parameters: [f64; 4]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model under which the histories are most likely.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of a history that the model does not
    /// [admit](PurchaseModel::admits), [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if nobody has bought again, or if the likelihood
    /// keeps rising while a parameter, which it names, goes to 0 or grows without bound (nobody seems to leave, or all
    /// buy alike); and [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
    ///
    /// # Complexity
    /// O(rows · log(distinct rows)) to merge equal histories, in memory for the distinct ones; then O(distinct rows ·
    /// (age - recency)) for each of about ten steps.
    pub fn fit(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        let mut distinct: BTreeMap<History, u64> = BTreeMap::new();
        for (row, (summary, count)) in (0..).zip(summaries.iter()) {
            let history = History::exact(&summary).map_err(|error| error.at_row(row))?;
            let customers = distinct.entry(history).or_default();
            *customers = customers.checked_add(count).ok_or_else(|| Error::overflow("number of customers"))?;
        }
        if distinct.is_empty() {
            return Err(Error::no_data("customers"));
        }
        if distinct.keys().all(|history| history.frequency == 0) {
            return Err(Error::not_identified("no customer has bought again, so there is nothing to learn of buying"));
        }
        let rows: Vec<_> =
            distinct.into_iter().map(|(row, customers)| Weighted { row, weight: customers as f64 }).collect();
        let most = rows.iter().map(|weighted| weighted.row.opportunities).max().unwrap_or_default();
        let starts = [[0.0; 4], [0.0, -0.5, -0.5, 1.0], [-1.0, 0.0, -1.0, 2.0], [0.5, 1.5, 0.0, 3.0]];
        let optimum = climb(&BgBbLikelihood { most }, &rows, &starts, NAMES, options)?;
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        Ok(Fitted::new(Self::new(exactly(&parameters)?)?, optimum, summaries.customers()))
    }

    /// ln of P(gone) / P(alive): the sum over the opportunities since the last purchase before which he may have left,
    /// from the last one backwards, as in the likelihood.
    fn log_odds_of_gone(&self, history: History) -> f64 {
        let [alpha, beta, gamma, delta] = self.parameters;
        let [x, n] = [history.frequency, history.opportunities].map(f64::from);
        let (mut odds, mut log_scale, mut weight) = (0.0, 0.0, gamma);
        for m in (history.recency..history.opportunities).rev().map(f64::from) {
            weight *= (alpha + beta + m) / (beta + m - x) / (delta + m);
            if m + 1.0 < n {
                weight *= gamma + delta + m + 1.0;
            }
            odds += weight;
            if odds > GREAT {
                (odds, weight, log_scale) = (odds / GREAT, weight / GREAT, log_scale + GREAT.ln());
            }
        }
        odds.ln() + log_scale
    }
}

impl Model for BgBb {
    fn name(&self) -> &'static str {
        "bg-bb"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl PurchaseModel for BgBb {
    fn outlook(&self, history: &Summary) -> Outlook {
        let [alpha, beta, gamma, delta] = self.parameters;
        let history = History::nearest(history);
        let [x, n] = [history.frequency, history.opportunities].map(f64::from);
        let odds = self.log_odds_of_gone(history);
        let alive = if odds > 0.0 { (-odds).exp() / (1.0 + (-odds).exp()) } else { 1.0 / (1.0 + odds.exp()) };
        let process = BetaBernoulli { a: alpha + x, b: beta + (n - x), c: gamma, d: delta + n };
        Outlook::new(alive, Process::BetaBernoulli(process))
    }

    fn admits(&self, history: &Summary) -> Result<(), Error> {
        History::exact(history).map(|_| ())
    }

    fn log_likelihood_of(&self, history: &Summary) -> f64 {
        let [alpha, beta, gamma, delta] = self.parameters;
        let history = History::nearest(history);
        let [x, n] = [history.frequency, history.opportunities].map(f64::from);
        let bought = ln_beta(alpha + x, beta + (n - x)) - ln_beta(alpha, beta);
        let gone = self.log_odds_of_gone(history);
        bought + ln_beta_ratio(gamma, delta, n) + gone.max(0.0) + (-gone.abs()).exp().ln_1p()
    }

    /// As there; the ages are numbers of opportunities.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of an age that is not a whole number from 0 to
    /// 10,000.
    fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
        let [alpha, beta, gamma, delta] = self.parameters;
        for (row, &age) in (0..).zip(ages) {
            if !(age.fract() == 0.0 && (0.0..=f64::from(MOST_OPPORTUNITIES)).contains(&age)) {
                let allowed = format!("a whole number of opportunities from 0 to {MOST_OPPORTUNITIES}");
                return Err(Error::input("age", age, allowed).at_row(row));
            }
        }
        Simulated::draw(ages, seed, |random, age, purchases| {
            let (buys, leaves) = (random.beta(alpha, beta), random.beta(gamma, delta));
            let mut opportunity = 1.0;
            while opportunity <= age {
                if random.happens(leaves) {
                    return false;
                }
                if random.happens(buys) {
                    purchases.push(opportunity);
                }
                opportunity += 1.0;
            }
            true
        })
    }
}

impl TryFrom<[f64; 4]> for BgBb {
    type Error = Error;
    fn try_from(parameters: [f64; 4]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<BgBb> for [f64; 4] {
    fn from(model: BgBb) -> Self {
        model.parameters
    }
}

/// The likelihood in α, β, γ, δ of histories with at most `most` opportunities.
pub(super) struct BgBbLikelihood {
    pub(super) most: u32,
}

/// ln (u)_k = Σ over i < k of ln (u + i), with its first and second derivatives by u, for k = 0, 1, ….
struct Rises(Vec<[f64; 3]>);

impl Rises {
    fn new(u: f64, most: u32) -> Self {
        let mut sum = [0.0; 3];
        let steps = (0..=most).map(|i| {
            let term = u + f64::from(i);
            let before = sum;
            sum = [sum[0] + term.ln(), sum[1] + 1.0 / term, sum[2] - 1.0 / (term * term)];
            before
        });
        Self(steps.collect())
    }

    fn get(&self, k: u32) -> [f64; 3] {
        self.0.get(k as usize).copied().unwrap_or_default()
    }
}

pub(super) struct Point {
    parameters: [f64; 4],
    buys: Rises,
    passes: Rises,
    opportunities: Rises,
    stays: Rises,
    chances: Rises,
}

impl Likelihood<4> for BgBbLikelihood {
    type Row = History;
    type Point = Point;

    fn at(&self, parameters: [f64; 4]) -> Point {
        let [alpha, beta, gamma, delta] = parameters;
        let rises = |u: f64| Rises::new(u, self.most);
        Point {
            parameters,
            buys: rises(alpha),
            passes: rises(beta),
            opportunities: rises(alpha + beta),
            stays: rises(delta),
            chances: rises(gamma + delta),
        }
    }

    fn jet(point: &Point, row: &History) -> Jet<4> {
        let (x, n) = (row.frequency, row.opportunities);
        let [buys, passes] = [point.buys.get(x), point.passes.get(n - x)];
        let [all, stays, chances] = [point.opportunities.get(n), point.stays.get(n), point.chances.get(n)];
        // As if he were alive.
        let mut jet = Jet { value: buys[0] + passes[0] - all[0] + stays[0] - chances[0], ..Jet::default() };
        jet.gradient = [buys[1] - all[1], passes[1] - all[1], -chances[1], stays[1] - chances[1]];
        jet.hessian[0][0] = buys[2] - all[2];
        jet.hessian[1][0] = -all[2];
        jet.hessian[1][1] = passes[2] - all[2];
        jet.hessian[2][2] = -chances[2];
        jet.hessian[3][2] = -chances[2];
        jet.hessian[3][3] = stays[2] - chances[2];
        if row.recency < n {
            add_leaving(&mut jet, point.parameters, *row);
        }
        jet
    }
}

/// Adds ln (1 + Σ w) with its derivatives, where w is the probability of the history with leaving right after one
/// opportunity, divided by that of being alive. Going back from the last opportunity, each w follows from the next by a
/// product, and the derivatives of its logarithm by sums.
fn add_leaving(jet: &mut Jet<4>, [alpha, beta, gamma, delta]: [f64; 4], row: History) {
    let [x, n] = [row.frequency, row.opportunities].map(f64::from);
    // Σ of w, of w g, and of w (g g' + H) with g and H the derivatives of ln w, starting from the customer who is
    // alive: w = 1, g = 0.
    let (mut sums, mut log_scale) = (Jet::<4> { value: 1.0, ..Jet::default() }, 0.0);
    let mut weight = gamma;
    let mut slope = [0.0, 0.0, 1.0 / gamma, 0.0];
    // By α twice (and by both α and β), by β twice, by γ twice, by both γ and δ, by δ twice.
    let mut bend = [0.0, 0.0, -1.0 / (gamma * gamma), 0.0, 0.0];
    for m in (row.recency..row.opportunities).rev().map(f64::from) {
        let [offered, passed, stayed] = [alpha + beta + m, beta + m - x, delta + m];
        weight *= offered / passed / stayed;
        let [by_offered, by_passed, by_stayed] = [1.0 / offered, 1.0 / passed, 1.0 / stayed];
        slope[0] += by_offered;
        slope[1] += by_offered - by_passed;
        slope[3] -= by_stayed;
        bend[0] -= by_offered * by_offered;
        bend[1] += by_passed * by_passed - by_offered * by_offered;
        bend[4] += by_stayed * by_stayed;
        if m + 1.0 < n {
            let chance = gamma + delta + m + 1.0;
            weight *= chance;
            slope[2] += 1.0 / chance;
            slope[3] += 1.0 / chance;
            (2..5).for_each(|at| bend[at] -= 1.0 / (chance * chance));
        }
        let mut term = Jet { value: weight, ..Jet::default() };
        for i in 0..4 {
            term.gradient[i] = weight * slope[i];
            for j in 0..=i {
                term.hessian[i][j] = weight * slope[i] * slope[j];
            }
        }
        for (at, (i, j)) in [(0, 0), (1, 1), (2, 2), (3, 2), (3, 3)].into_iter().enumerate() {
            term.hessian[i][j] += weight * bend[at];
        }
        term.hessian[1][0] += weight * bend[0];
        sums.add(&term, 1.0);
        if sums.value > GREAT {
            let scaled = sums;
            sums = Jet::default();
            sums.add(&scaled, 1.0 / GREAT);
            (weight, log_scale) = (weight / GREAT, log_scale + GREAT.ln());
        }
    }
    jet.value += sums.value.ln() + log_scale;
    for i in 0..4 {
        let mean = sums.gradient[i] / sums.value;
        jet.gradient[i] += mean;
        for j in 0..=i {
            jet.hessian[i][j] += sums.hessian[i][j] / sums.value - mean * (sums.gradient[j] / sums.value);
        }
    }
}
