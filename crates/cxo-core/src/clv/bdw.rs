//! How long do customers stay if each has a chance of his own to leave, which also changes with time? The
//! beta-discrete-Weibull model of Fader, Hardie, Liu, Davin and Steenburgh (2018). State: its three parameters; called
//! by whoever projects retention.

use super::fit::{FitOptions, Fitted, Likelihood, Model, Weighted, climb};
use super::pareto_nbd::{exactly, positive};
use super::retention::{Curve, RetentionModel, Row, Shape, Survivors};
use crate::Error;
use crate::numeric::beta::ln_beta_ratio;
use crate::numeric::gamma::{digamma_rise, trigamma};
use crate::numeric::jet::Jet;

const NAMES: [&str; 3] = ["alpha", "beta", "c"];

/// The beta-discrete-Weibull model (Fader, Hardie, Liu, Davin and Steenburgh 2018): a customer stays t periods with
/// probability (1 - θ)^(t^c), where θ is his own, drawn from Beta(α, β). With c above 1 each one is more likely to
/// leave as time goes by, below 1 less; with c = 1 it is the [`Sbg`](super::Sbg).
///
/// S(t) = B(α, β + t^c) / B(α, β). Formula page: `docs/formulas/bdw.md`.
///
/// ```
/// use cxo_core::clv::{Bdw, LikelihoodRatio, RetentionModel, Sbg, Survivors};
///
/// let survivors = Survivors::from_counts(&[1000, 869, 743, 653, 593, 551, 517, 491])?;
/// let (sbg, bdw) = (Sbg::fit(&survivors, &Default::default())?, Bdw::fit(&survivors, &Default::default())?);
/// // Does the chance to leave change with time? Here it does.
/// let test = LikelihoodRatio::new(bdw.log_likelihood(), sbg.log_likelihood(), 1)?;
/// assert!(test.p_value < 0.01);
/// // 39.4 % were still there after twelve years, of which the first seven were fitted.
/// assert!((bdw.model().survival(12) - 0.394).abs() < (sbg.model().survival(12) - 0.394).abs());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 3]", into = "[f64; 3]")
)]
pub struct Bdw {
    parameters: [f64; 3],
}

impl Bdw {
    /// The model with α, β and c.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless all are finite and above 0.
    pub fn new(parameters: [f64; 3]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model under which the counts are most likely.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a period in which customers were seen,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if nobody has left, if everybody left at once,
    /// from fewer than three periods, or where the likelihood keeps rising while a parameter, which it names, goes to 0
    /// or grows without bound (customers do not differ, or differ wholly); and
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
    ///
    /// # Complexity
    /// O(periods) for each of about twenty steps.
    pub fn fit(survivors: &Survivors, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        survivors.identify(NAMES.len())?;
        let rows: Vec<_> = survivors.rows().map(|row| Weighted { row, weight: 1.0 }).collect();
        let starts = [[0.0, 0.0, 0.0], [-0.5, 1.0, 0.0], [-1.0, 0.5, 0.4], [1.0, 3.0, -0.3]];
        let optimum = climb(&BdwLikelihood, &rows, &starts, NAMES, options)?;
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        Ok(Fitted::new(Self::new(exactly(&parameters)?)?, optimum, survivors.customers()))
    }
}

impl Model for Bdw {
    fn name(&self) -> &'static str {
        "bdw"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl Shape for Bdw {
    fn curve(&self) -> Curve {
        let [alpha, beta, power] = self.parameters;
        Curve { alpha, beta, power }
    }
}

impl RetentionModel for Bdw {}

impl TryFrom<[f64; 3]> for Bdw {
    type Error = Error;
    fn try_from(parameters: [f64; 3]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<Bdw> for [f64; 3] {
    fn from(model: Bdw) -> Self {
        model.parameters
    }
}

/// kept L + lost ln (1 - e^L), where L is ln of the retention in a period.
pub(super) struct BdwLikelihood;

impl Likelihood<3> for BdwLikelihood {
    type Row = Row;
    type Point = Curve;

    fn at(&self, [alpha, beta, power]: [f64; 3]) -> Curve {
        Curve { alpha, beta, power }
    }

    fn jet(curve: &Curve, row: &Row) -> Jet<3> {
        let retained = ln_retention(curve, row.before);
        let odds = 1.0 / (-retained.value).exp_m1();
        let along = row.kept - row.lost * odds;
        let across = row.lost * odds * (1.0 + odds);
        let mut jet = Jet::default();
        jet.add(&retained, along);
        jet.value = row.kept * retained.value + row.lost * (-retained.value.exp_m1()).ln();
        for i in 0..3 {
            for j in 0..=i {
                jet.hessian[i][j] -= across * retained.gradient[i] * retained.gradient[j];
            }
        }
        jet
    }
}

/// ln S(t) / S(t - 1) after t - 1 periods, with its derivatives: with u = t^c it is the rise of ln Γ(β + u) / Γ(α + β +
/// u) from u(t - 1) to u(t).
fn ln_retention(curve: &Curve, before: f64) -> Jet<3> {
    let Curve { alpha, beta, .. } = *curve;
    let (start, growth) = curve.clock(before, before + 1.0);
    let (sum, end) = (alpha + beta, start + growth);
    let by_sum = digamma_rise(sum + start, growth);
    let mut jet = Jet { value: ln_beta_ratio(alpha, beta + start, growth), ..Jet::default() };
    jet.gradient[0] = -by_sum;
    jet.gradient[1] = digamma_rise(beta + start, growth) - by_sum;
    for (u, time, sign) in [(end, before + 1.0, 1.0), (start, before, -1.0)] {
        let log = if time > 0.0 { time.ln() } else { 0.0 };
        // ψ(β + u) - ψ(α + β + u), and trigammas; u' = u ln t.
        let fall = -digamma_rise(beta + u, alpha);
        let [of_beta, of_sum] = [trigamma(beta + u), trigamma(sum + u)];
        let speed = u * log;
        jet.gradient[2] += sign * speed * fall;
        jet.hessian[0][0] -= sign * of_sum;
        jet.hessian[1][0] -= sign * of_sum;
        jet.hessian[1][1] += sign * (of_beta - of_sum);
        jet.hessian[2][0] -= sign * of_sum * speed;
        jet.hessian[2][1] += sign * (of_beta - of_sum) * speed;
        jet.hessian[2][2] += sign * ((of_beta - of_sum) * speed * speed + fall * speed * log);
    }
    jet
}
