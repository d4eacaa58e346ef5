//! From rows to a model: what is refused, where the climb starts, and which climb the penalty asks for.

use super::climb::{Peak, Ridge};
use super::elastic_net::{self, Pull};
use super::likelihood::{Curvature, Likelihood, Sums};
use super::model::{Logistic, Parts};
use super::outcomes::Outcomes;
use super::penalty::{Kind, Penalty};
use super::{firth, profile};
use crate::Error;
use crate::churn::Features;
use crate::churn::design::Design;
use crate::numeric::ascent::{Stop, ascend};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;

/// How to fit. The default is maximum likelihood without a penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticOptions {
    penalty: Penalty,
    iterations: u32,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        Self { penalty: Penalty::NONE, iterations: 200 }
    }
}

impl LogisticOptions {
    /// What holds the coefficients back; nothing unless set.
    #[must_use]
    pub const fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// The most steps that the search may take; 200 unless set.
    #[must_use]
    pub const fn max_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    pub(super) const fn chosen(&self) -> Penalty {
        self.penalty
    }

    pub(super) const fn iterations(&self) -> u32 {
        self.iterations
    }
}

/// Rows that can be fitted: standardised columns, outcomes of both kinds and what they give without any column.
#[derive(Debug, Clone)]
pub(super) struct Problem<'a> {
    pub(super) features: &'a Features,
    pub(super) outcomes: &'a Outcomes,
    pub(super) design: Design<'a>,
    pub(super) null: Null,
}

/// The intercept alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Null {
    pub(super) intercept: f64,
    pub(super) log_likelihood: f64,
}

impl<'a> Problem<'a> {
    /// # Errors
    /// Incompatible, degenerate, not identified: see [`Logistic::fit`].
    pub(super) fn new(features: &'a Features, outcomes: &'a Outcomes) -> Result<Self, Error> {
        if features.rows() != outcomes.rows() {
            let lengths = format!("{} outcomes for {} rows", outcomes.rows(), features.rows());
            return Err(Error::incompatible(lengths));
        }
        let null = Null::of(outcomes)?;
        Ok(Self { features, outcomes, design: Design::new(features, outcomes.weights())?, null })
    }

    pub(super) fn likelihood(&self) -> Likelihood<'_> {
        Likelihood { design: &self.design, outcomes: self.outcomes }
    }

    pub(super) fn ridge(&self, strength: f64) -> Ridge<'_> {
        Ridge { likelihood: self.likelihood(), strength, names: self.features.names() }
    }

    /// No slope, and the intercept that is best for that.
    pub(super) fn start(&self) -> Vec<f64> {
        let mut start = vec![0.0; self.design.width()];
        start.iter_mut().take(1).for_each(|intercept| *intercept = self.null.intercept);
        start
    }

    pub(super) fn climb(&self, penalty: Penalty, start: Vec<f64>, iterations: u32) -> Result<Peak, Error> {
        match penalty.kind() {
            Kind::None => self.ridge(0.0).climb(start, iterations),
            Kind::Firth => firth::climb(&self.ridge(0.0), &start, iterations),
            Kind::ElasticNet { strength, ratio: 0.0 } => self.ridge(strength).climb(start, iterations),
            Kind::ElasticNet { strength, ratio } => {
                elastic_net::climb(&self.likelihood(), Pull::new(strength, ratio), start, iterations)
            }
        }
    }

    pub(super) fn model(&self, penalty: Penalty, peak: &Peak) -> Result<Logistic, Error> {
        let scale: f64 = self.design.deviations.iter().map(|deviation| deviation.ln()).sum();
        let (objective, likelihood_ratio) = match penalty.kind() {
            Kind::None => (peak.objective, Some(2.0 * (peak.log_likelihood - self.null.log_likelihood))),
            Kind::Firth => {
                let surface = |at: &[f64]| firth::surface(&self.likelihood(), at);
                let slopes: Vec<usize> = (1..self.design.width()).collect();
                let without = profile::constrained(surface, &self.start(), &slopes)?;
                // The determinant is that of columns as they are.
                (peak.objective + scale, Some(2.0 * (peak.objective - without.value)))
            }
            Kind::ElasticNet { .. } => (peak.objective, None),
        };
        Logistic::new(Parts {
            names: self.features.names().to_vec(),
            at: &peak.at,
            means: self.design.means.clone(),
            deviations: self.design.deviations.clone(),
            covariance: peak.covariance.as_ref().map(|matrix| matrix.entries().to_vec()),
            penalty,
            observations: self.outcomes.rows() as u64,
            events: self.outcomes.events(),
            weight: self.outcomes.total_weight(),
            iterations: peak.iterations,
            log_likelihood: peak.log_likelihood,
            penalized_log_likelihood: objective,
            null_log_likelihood: self.null.log_likelihood,
            degrees_of_freedom: peak.degrees,
            likelihood_ratio: likelihood_ratio.map(|statistic| statistic.max(0.0)),
        })
    }
}

impl Null {
    fn of(outcomes: &Outcomes) -> Result<Self, Error> {
        let all = outcomes.total_weight();
        let happened: f64 = match outcomes.weights() {
            None => outcomes.events() as f64,
            Some(weights) => weights
                .iter()
                .zip(outcomes.happened())
                .filter(|(_, happened)| **happened)
                .map(|(weight, _)| weight)
                .sum(),
        };
        let stayed = all - happened;
        if outcomes.events() == 0 || outcomes.events() == outcomes.rows() as u64 {
            let which = if outcomes.events() == 0 { "it happened in no row" } else { "it happened in every row" };
            return Err(Error::degenerate(format!("outcomes of one kind only: {which}")));
        }
        if !(all.is_finite() && stayed > 0.0) {
            return Err(Error::input("sum of the weights", all, "a finite number to which every row adds"));
        }
        let intercept = (happened / stayed).ln();
        if outcomes.offsets().is_none() {
            let log_likelihood = happened * (happened / all).ln() + stayed * (stayed / all).ln();
            return Ok(Self { intercept, log_likelihood });
        }
        let design = Design::intercept(outcomes.rows());
        let likelihood = Likelihood { design: &design, outcomes };
        let surface = |at: &[f64]| {
            let Sums { value, gradient, information } = likelihood.at(at, Curvature::All);
            Surface { value, gradient, hessian: Matrix::from_fn(1, |row, column| -information.get(row, column)) }
        };
        let stop = Stop { decrement: 1e-20, iterations: 200, pivot: 0.0 };
        let top = ascend(surface, &[intercept], stop).map_err(|obstacle| firth::failed(&obstacle))?;
        Ok(Self { intercept: top.at.first().copied().unwrap_or(intercept), log_likelihood: top.surface.value })
    }
}
