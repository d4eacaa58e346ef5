//! What does a customer spend on a purchase? The Gamma-Gamma model of Fader, Hardie and Lee (2005). State: its three parameters;
//! called by lifetime value, which multiplies its answer with the purchases to come.

use super::fit::{FitOptions, Fitted, Likelihood, Model, Weighted, climb};
use super::pareto_nbd::{exactly, positive};
use super::spend::{SimulatedSpend, Spend};
use super::{Summaries, Summary};
use crate::numeric::beta::ln_beta;
use crate::numeric::gamma::{digamma, trigamma};
use crate::numeric::jet::Jet;
use crate::{Absent, Error, Seed};

const NAMES: [&str; 3] = ["p", "q", "v"];

/// The Gamma-Gamma model: a purchase of one customer follows Gamma(p, ν), and ν differs between customers as Gamma(q, v).
///
/// His mean spend is M = p / ν; that of all customers is p v / (q - 1), infinite for q <= 1. p and q are numbers, v is money.
/// The literature also calls v γ. M and the number of purchases are assumed to be independent:
/// [`Independence`](super::Independence) checks it. Formula page: `docs/formulas/gamma-gamma.md`.
///
/// ```
/// use cxo_core::clv::{GammaGamma, Summary};
///
/// // The published parameters of the CDNOW customers, in dollars.
/// let model = GammaGamma::new([6.25, 3.74, 15.44])?;
/// assert!((model.population().mean()? - 35.22).abs() < 5e-3);
/// // Two repeat purchases of 22.35 on average: between his own mean and that of all.
/// let history = Summary::new(2, 30.43, 38.86)?.with_monetary_value(22.35)?;
/// assert!((model.spend(&history)?.mean()? - 24.66).abs() < 5e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Fader, Hardie and Lee (2005), Journal of Marketing Research 42, 415-430; Fader and Hardie (2013), note 25.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 3]", into = "[f64; 3]")
)]
pub struct GammaGamma {
    parameters: [f64; 3],
}

/// The fit of a model of spend, and whom it left out.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SpendFit {
    /// The model; its customers are those fitted on.
    pub fitted: Fitted<GammaGamma>,
    /// The customers that tell the model nothing.
    pub left_out: LeftOut,
}

/// Customers that a model of spend cannot use, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LeftOut {
    /// Without a repeat purchase.
    pub one_time: u64,
    /// With a mean spend of 0 or less: free orders, refunds.
    pub not_positive: u64,
    /// With repeat purchases of unknown spend.
    pub unknown: u64,
}

impl LeftOut {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.one_time.saturating_add(self.not_positive).saturating_add(self.unknown)
    }
}

/// What a history tells of spend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Told {
    /// Repeat purchases and their mean, above 0.
    Mean(f64),
    OneTime,
    NotPositive,
    Unknown,
}

impl Told {
    pub(super) fn by(history: &Summary) -> Self {
        match history.monetary_value() {
            _ if history.frequency() == 0 => Self::OneTime,
            None => Self::Unknown,
            Some(mean) if mean > 0.0 => Self::Mean(mean),
            Some(_) => Self::NotPositive,
        }
    }
}

impl GammaGamma {
    /// The model with p, q and v (in units of money).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless all are finite and above 0.
    pub fn new(parameters: [f64; 3]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model under which the mean spends are most likely, given how often each customer bought.
    ///
    /// It is fitted on customers with repeat purchases and a mean spend above 0; the others are counted in the result. The
    /// log-likelihood is that of the mean spends, in units of the currency. The penalty of the options is on v in units of
    /// about the mean spend.
    ///
    /// ```
    /// use cxo_core::clv::{FitOptions, GammaGamma, Summaries, Summary};
    /// use cxo_core::Seed;
    ///
    /// let truth = GammaGamma::new([6.0, 4.0, 15.0])?;
    /// let purchases: Vec<u32> = (0..2000).map(|customer| customer % 5).collect();
    /// let spends = truth.simulate(&purchases, Seed(1));
    /// let summaries: Summaries = purchases.iter().enumerate().map(|(customer, &frequency)| {
    ///     let age = if frequency == 0 { 0.0 } else { 10.0 };
    ///     let summary = Summary::new(frequency, age, 10.0)?;
    ///     spends.mean_of_purchases(customer).map_or(Ok(summary), |mean| summary.with_monetary_value(mean))
    /// }).collect::<Result<_, _>>()?;
    /// let fit = GammaGamma::fit(&summaries, &FitOptions::default())?;
    /// assert_eq!((fit.fitted.customers(), fit.left_out.one_time), (1600, 400));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if no customer is left,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if the likelihood is flat or keeps rising while a
    /// parameter, which the error names, grows or goes to 0 (p, if the spends of a customer do not vary; q and v together, if
    /// customers do not differ), and [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
    ///
    /// # Complexity
    /// O(n log n) to merge equal customers, then O(distinct customers), one logarithm each, for each of about ten steps.
    pub fn fit(summaries: &Summaries, options: &FitOptions) -> Result<SpendFit, Error> {
        let buyers = Buyers::new(summaries)?;
        let likelihood = GammaGammaLikelihood { frequencies: &buyers.frequencies };
        let starts = [[1.1, 1.1, -0.4], [0.0, 0.7, 0.0], [2.5, 2.0, -0.5]];
        let mut optimum = climb(&likelihood, &buyers.rows, &starts, NAMES, options)?;
        optimum.log_likelihood -= buyers.sum_of_logs;
        if let Some(v) = optimum.logs.get_mut(2) {
            *v += buyers.scale.ln();
        }
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        let model = Self::new(exactly(&parameters)?)?;
        Ok(SpendFit { fitted: Fitted::new(model, optimum, buyers.customers), left_out: buyers.left_out })
    }

    /// What a customer spends of whom nothing is known.
    #[must_use]
    pub const fn population(&self) -> Spend {
        let [p, q, v] = self.parameters;
        Spend::new(p, q, v)
    }

    /// What a customer spends after this history.
    ///
    /// Without repeat purchases, or if their spend is unknown, he is like the [`population`](Self::population).
    ///
    /// # Errors
    /// [`Absent::NotDefined`] for repeat purchases with a mean spend of 0 or less, which the model holds to be impossible.
    pub fn spend(&self, history: &Summary) -> Result<Spend, Absent> {
        let [p, q, v] = self.parameters;
        match Told::by(history) {
            Told::Mean(mean) => {
                let x = f64::from(history.frequency());
                Ok(Spend::new(p, q + p * x, (v + x * mean).min(f64::MAX)))
            }
            Told::OneTime | Told::Unknown => Ok(self.population()),
            Told::NotPositive => Err(Absent::NotDefined),
        }
    }

    /// ln of the density of the mean spend of this history, given its frequency; 0 if it tells nothing of spend.
    ///
    /// f(m | x) = v^q (x m)^(p x) / (m B(p x, q) (v + x m)^(p x + q)).
    ///
    /// # Errors
    /// [`Absent::NotDefined`] for repeat purchases with a mean spend of 0 or less.
    pub fn log_likelihood_of(&self, history: &Summary) -> Result<f64, Absent> {
        let [p, q, v] = self.parameters;
        match Told::by(history) {
            Told::Mean(mean) => {
                let x = f64::from(history.frequency());
                // Logarithms of (v + x m) / (x m) and of (v + x m) / v: neither power overflows.
                let ratio = (x * (mean / v)).clamp(f64::MIN_POSITIVE, f64::MAX);
                Ok(-ln_beta(p * x, q) - mean.ln() - p * x * (1.0 / ratio).ln_1p() - q * ratio.ln_1p())
            }
            Told::OneTime | Told::Unknown => Ok(0.0),
            Told::NotPositive => Err(Absent::NotDefined),
        }
    }

    /// Customers drawn from the model, one for each number of purchases.
    #[must_use]
    pub fn simulate(&self, purchases: &[u32], seed: Seed) -> SimulatedSpend {
        SimulatedSpend::draw(self.parameters, purchases, seed)
    }
}

impl Model for GammaGamma {
    fn name(&self) -> &'static str {
        "gamma-gamma"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl TryFrom<[f64; 3]> for GammaGamma {
    type Error = Error;
    fn try_from(parameters: [f64; 3]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<GammaGamma> for [f64; 3] {
    fn from(model: GammaGamma) -> Self {
        model.parameters
    }
}

/// One distinct customer: what the likelihood reads of him.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    /// Which of the distinct frequencies he has.
    group: u32,
    /// x m, scaled.
    total: f64,
    log_total: f64,
}

/// All customers that tell of spend.
struct Buyers {
    rows: Vec<Weighted<Row>>,
    /// The distinct frequencies in ascending order.
    frequencies: Vec<f64>,
    /// What money was divided by: the power of two next to the geometric mean, so that no amount is rounded.
    scale: f64,
    customers: u64,
    /// ∑ ln m.
    sum_of_logs: f64,
    left_out: LeftOut,
}

impl Buyers {
    /// Sorts by frequency and mean spend and merges what is equal. O(n log n).
    fn new(summaries: &Summaries) -> Result<Self, Error> {
        let mut left_out = LeftOut::default();
        let mut all: Vec<(u32, u64, u64)> = Vec::with_capacity(summaries.len());
        for (history, count) in summaries.iter() {
            let omitted = match Told::by(&history) {
                Told::Mean(mean) => {
                    // Positive, so that its bits have the order of its value.
                    all.push((history.frequency(), mean.to_bits(), count));
                    continue;
                }
                Told::OneTime => &mut left_out.one_time,
                Told::NotPositive => &mut left_out.not_positive,
                Told::Unknown => &mut left_out.unknown,
            };
            *omitted = omitted.saturating_add(count);
        }
        if all.is_empty() {
            return Err(Error::no_data("customers with repeat purchases and a mean spend above 0"));
        }
        all.sort_unstable();
        let mut frequencies: Vec<f64> = Vec::new();
        let mut rows: Vec<Weighted<Row>> = Vec::with_capacity(all.len());
        let (mut customers, mut sum_of_logs, mut last) = (0_u64, 0.0, None);
        for (frequency, bits, count) in all {
            customers = customers.saturating_add(count);
            let (x, mean) = (f64::from(frequency), f64::from_bits(bits));
            if frequencies.last() != Some(&x) {
                frequencies.push(x);
            }
            if last.replace((frequency, bits)) != Some((frequency, bits)) {
                let group =
                    u32::try_from(frequencies.len() - 1).map_err(|_| Error::overflow("distinct frequencies"))?;
                // Logarithms wait for the scale.
                rows.push(Weighted { row: Row { group, total: mean, log_total: mean.ln() }, weight: 0.0 });
            }
            if let Some(Weighted { row, weight }) = rows.last_mut() {
                *weight += count as f64;
                sum_of_logs += count as f64 * row.log_total;
            }
        }
        let scale = (sum_of_logs / customers as f64 / std::f64::consts::LN_2).round().exp2();
        let log_scale = scale.ln();
        let logs: Vec<f64> = frequencies.iter().map(|x| x.ln()).collect();
        for Weighted { row, .. } in &mut rows {
            let group = row.group as usize;
            let of = |column: &[f64]| column.get(group).copied().unwrap_or_default();
            row.total = of(&frequencies) * (row.total / scale);
            row.log_total += of(&logs) - log_scale;
        }
        Ok(Self { rows, frequencies, scale, customers, sum_of_logs, left_out })
    }
}

/// The likelihood in p, q and v, times m.
struct GammaGammaLikelihood<'a> {
    frequencies: &'a [f64],
}

/// What depends on the parameters and the frequency only.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// p x and p x + q.
    own: f64,
    shape: f64,
    x: f64,
    /// -ln B(p x, q) + q ln v and its derivatives.
    base: Jet<3>,
}

struct Point {
    v: f64,
    groups: Vec<Group>,
}

impl Likelihood<3> for GammaGammaLikelihood<'_> {
    type Row = Row;
    type Point = Point;

    fn at(&self, [p, q, v]: [f64; 3]) -> Point {
        let group = |&x: &f64| {
            let (own, shape) = (p * x, p * x + q);
            let mut base = Jet { value: q * v.ln() - ln_beta(own, q), ..Jet::default() };
            let (slope, bend) = (digamma(shape), trigamma(shape));
            base.gradient = [x * (slope - digamma(own)), slope - digamma(q) + v.ln(), q / v];
            base.hessian[0][0] = x * x * (bend - trigamma(own));
            base.hessian[1][0] = x * bend;
            base.hessian[1][1] = bend - trigamma(q);
            base.hessian[2][1] = 1.0 / v;
            base.hessian[2][2] = -q / (v * v);
            Group { own, shape, x, base }
        };
        Point { v, groups: self.frequencies.iter().map(group).collect() }
    }

    #[inline]
    fn jet(point: &Point, row: &Row) -> Jet<3> {
        let Some(group) = point.groups.get(row.group as usize) else { return Jet::default() };
        let sum = point.v + row.total;
        let (log_sum, inverse) = (sum.ln(), 1.0 / sum);
        let share = row.log_total - log_sum;
        let mut jet = group.base;
        jet.value += group.own * row.log_total - group.shape * log_sum;
        jet.gradient[0] += group.x * share;
        jet.gradient[1] -= log_sum;
        jet.gradient[2] -= group.shape * inverse;
        jet.hessian[2][0] -= group.x * inverse;
        jet.hessian[2][1] -= inverse;
        jet.hessian[2][2] += group.shape * inverse * inverse;
        jet
    }
}
