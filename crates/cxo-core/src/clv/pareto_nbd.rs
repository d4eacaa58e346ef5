//! Who is still a customer if everybody buys at random and leaves at random? The Pareto/NBD model of Schmittlein, Morrison and
//! Colombo (1987). State: its four parameters; called by whoever values customers without a contract.

use super::covariate_likelihood::Individual;
use super::fit::{FitOptions, Fitted, Model, climb};
use super::outlook::{Outlook, PurchaseModel};
use super::pareto_likelihood::{Group, ParetoLikelihood, Silence};
use super::process::Process;
use super::process::gamma_poisson::GammaPoisson;
use super::process::pareto::Pareto;
use super::rows::{Row, Rows};
use super::with_covariates::{DropoutEffect, Regressed};
use super::{Simulated, Summaries, Summary};
use crate::numeric::jet::Jet;
use crate::numeric::random::Random;
use crate::{Error, Seed};

const NAMES: [&str; 4] = ["r", "alpha", "s", "beta"];

/// The Pareto/NBD model: while alive, a customer buys at a rate drawn from Gamma(r, α); he leaves, unseen, at a rate drawn from
/// Gamma(s, β). Formula page: `docs/formulas/pareto-nbd.md`.
///
/// ```
/// use cxo_core::clv::{ParetoNbd, PurchaseModel, Summary};
///
/// // The published parameters of the CDNOW customers, in weeks.
/// let model = ParetoNbd::new([0.553, 10.578, 0.606, 11.669])?;
/// // One purchase and then silence for 38.86 weeks.
/// let outlook = model.outlook(&Summary::new(0, 0.0, 38.86)?);
/// assert!((outlook.probability_alive() - 0.2953).abs() < 5e-5);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 4]", into = "[f64; 4]")
)]
pub struct ParetoNbd {
    parameters: [f64; 4],
}

impl ParetoNbd {
    /// The model with r, α, s and β.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless all are finite and above 0.
    pub fn new(parameters: [f64; 4]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model that makes the histories most likely.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified)
    /// if nobody bought again or nobody seems to leave, and [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
    pub fn fit(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        let rows = Rows::new(summaries)?;
        let likelihood = ParetoLikelihood { frequencies: &rows.frequencies };
        let starts = [[-0.5, -1.0, -0.5, -1.0], [0.5, 0.5, 0.0, 0.5], [-1.0, -2.0, 0.5, 2.0]];
        let mut optimum = climb(&likelihood, &rows.rows, &starts, NAMES, options)?;
        let log_scale = rows.scale.ln();
        optimum.logs.iter_mut().skip(1).step_by(2).for_each(|log| *log += log_scale);
        optimum.log_likelihood -= rows.purchases * log_scale;
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        let model = Self { parameters: [0.0; 4] }.with_parameters(&parameters)?;
        Ok(Fitted::new(model, optimum, rows.customers))
    }

    fn silence(&self, history: &Summary) -> Silence {
        let [r, alpha, s, beta] = self.parameters;
        let shape = r + f64::from(history.frequency());
        Silence { shape, alpha, s, beta, recency: history.recency(), age: history.age() }
    }
}

impl Model for ParetoNbd {
    fn name(&self) -> &'static str {
        "pareto-nbd"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl PurchaseModel for ParetoNbd {
    fn outlook(&self, history: &Summary) -> Outlook {
        let silence = self.silence(history);
        let alive = 1.0 / (1.0 + silence.odds());
        let lifetime = Pareto { shape: silence.s, rate: silence.beta + silence.age };
        let process = GammaPoisson { shape: silence.shape, rate: silence.alpha + silence.age, lifetime };
        Outlook::new(alive, Process::Pareto(process))
    }

    fn log_likelihood_of(&self, history: &Summary) -> f64 {
        self.silence(history).log_likelihood(self.parameters[0])
    }

    fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
        Simulated::draw(ages, seed, |random, age, purchases| self.customer(random, age, purchases))
    }
}

impl Individual for ParetoNbd {
    type Group = Group;

    fn group(x: f64, rising: [f64; 3], parameters: [f64; 4]) -> Group {
        Group::new(x, rising, parameters)
    }

    #[inline]
    fn jet(group: &Group, row: &Row) -> Jet<4> {
        group.jet(row)
    }
}

impl Regressed for ParetoNbd {
    const TIME: [f64; 4] = [0.0, 1.0, 0.0, 1.0];

    fn dropout(_: DropoutEffect) -> &'static [(usize, f64)] {
        &[(3, -1.0)]
    }

    fn fit_without(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        Self::fit(summaries, options)
    }

    fn customer(&self, random: &mut Random, age: f64, purchases: &mut Vec<f64>) -> bool {
        let [r, alpha, s, beta] = self.parameters;
        let rate = random.gamma(r, alpha);
        let lifetime = random.exponential() / random.gamma(s, beta);
        random.poisson_times(rate, lifetime.min(age), purchases);
        lifetime > age
    }
}

impl TryFrom<[f64; 4]> for ParetoNbd {
    type Error = Error;
    fn try_from(parameters: [f64; 4]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<ParetoNbd> for [f64; 4] {
    fn from(model: ParetoNbd) -> Self {
        model.parameters
    }
}

/// As many numbers as a model has parameters.
pub(super) fn exactly<const K: usize>(values: &[f64]) -> Result<[f64; K], Error> {
    values.try_into().map_err(|_| Error::input("number of parameters", values.len(), K.to_string()))
}

/// All finite and above 0.
pub(super) fn positive(names: &[&str], values: &[f64]) -> Result<(), Error> {
    match names.iter().zip(values).find(|(_, value)| !(**value > 0.0 && value.is_finite())) {
        Some((name, value)) => Err(Error::input(*name, *value, "a finite number above 0")),
        None => Ok(()),
    }
}
