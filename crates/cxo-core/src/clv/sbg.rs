//! How long do customers stay if each has a chance of his own to leave at every renewal? The shifted beta-geometric
//! model of Fader and Hardie (2007). State: its two parameters; called by whoever projects retention.

use super::fit::{FitOptions, Fitted, Likelihood, Model, Weighted, climb};
use super::pareto_nbd::{exactly, positive};
use super::retention::{Curve, RetentionModel, Row, Shape, Survivors};
use crate::numeric::jet::Jet;
use crate::{Error, ErrorKind};

const NAMES: [&str; 2] = ["alpha", "beta"];

/// The shifted beta-geometric model (Fader and Hardie 2007): at the end of each period a customer leaves with a
/// probability of his own, drawn from Beta(α, β). Retention rises with time because those likely to leave go first.
///
/// S(t) = B(α, β + t) / B(α, β), and retention in period t is (β + t - 1) / (α + β + t - 1). Formula page:
/// `docs/formulas/sbg.md`.
///
/// ```
/// use cxo_core::clv::{Rate, RetentionModel, Sbg, Survivors};
///
/// let survivors = Survivors::from_counts(&[1000, 869, 743, 653, 593, 551, 517, 491])?;
/// let model = *Sbg::fit(&survivors, &Default::default())?.model();
/// assert!((model.survival(12) - 0.378).abs() < 5e-4);
/// assert!((model.retention(12) - 0.957).abs() < 5e-4);
/// // What a new customer is worth if each year pays 1, in advance, discounted by 10 % a year.
/// assert!((model.discounted_lifetime(Rate::effective(0.1, 1.0)?) - 5.92).abs() < 5e-3);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 2]", into = "[f64; 2]")
)]
pub struct Sbg {
    parameters: [f64; 2],
}

impl Sbg {
    /// The model with α and β.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] unless both are finite and above 0.
    pub fn new(parameters: [f64; 2]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model under which the counts are most likely.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`] without a period in which customers were seen, [`ErrorKind::NotIdentified`] if nobody has
    /// left, if everybody left at once, from fewer than two periods, or where retention does not rise with time, so
    /// that α and β grow without bound at a constant ratio; and [`ErrorKind::NotConverged`].
    ///
    /// # Complexity
    /// O(periods) for each of about ten steps.
    pub fn fit(survivors: &Survivors, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        survivors.identify(NAMES.len())?;
        let rows: Vec<_> = survivors.rows().map(|row| Weighted { row, weight: 1.0 }).collect();
        let starts = [[0.0, 0.0], [-0.5, 1.0], [1.0, 3.0]];
        let optimum = climb(&SbgLikelihood, &rows, &starts, NAMES, options).map_err(|error| {
            let alike = survivors.homogeneous_churn().filter(|_| error.kind() == ErrorKind::NotIdentified);
            alike.map_or(error, |churn| {
                Error::not_identified(format!(
                    "retention does not rise with time, so customers need not differ: alpha and beta grow without bound at a churn of {churn:.4}"
                ))
            })
        })?;
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        Ok(Fitted::new(Self::new(exactly(&parameters)?)?, optimum, survivors.customers()))
    }
}

impl Model for Sbg {
    fn name(&self) -> &'static str {
        "sbg"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl Shape for Sbg {
    fn curve(&self) -> Curve {
        let [alpha, beta] = self.parameters;
        Curve { alpha, beta, power: 1.0 }
    }
}

impl RetentionModel for Sbg {}

impl TryFrom<[f64; 2]> for Sbg {
    type Error = Error;
    fn try_from(parameters: [f64; 2]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<Sbg> for [f64; 2] {
    fn from(model: Sbg) -> Self {
        model.parameters
    }
}

/// kept ln (β + t - 1) + lost ln α - (kept + lost) ln (α + β + t - 1).
pub(super) struct SbgLikelihood;

impl Likelihood<2> for SbgLikelihood {
    type Row = Row;
    type Point = [f64; 2];

    fn at(&self, parameters: [f64; 2]) -> [f64; 2] {
        parameters
    }

    fn jet(&[alpha, beta]: &[f64; 2], row: &Row) -> Jet<2> {
        let (stay, all, at_risk) = (beta + row.before, alpha + beta + row.before, row.lost + row.kept);
        let mut jet = Jet {
            value: row.kept * (-alpha / all).ln_1p() + row.lost * (alpha / all).ln(),
            gradient: [row.lost / alpha - at_risk / all, row.kept / stay - at_risk / all],
            hessian: [[at_risk / (all * all); 2]; 2],
        };
        jet.hessian[0][0] -= row.lost / (alpha * alpha);
        jet.hessian[1][1] -= row.kept / (stay * stay);
        jet
    }
}
