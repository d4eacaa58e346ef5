//! What a customer who is alive will do: one process a file, each with the parameters that his history has left him.
//!
//! Stateless; called by [`Outlook`](super::Outlook), which mixes the answers with the probability of being alive. Times are in
//! the unit of the summaries, measured from the end of the observation, and finite, at least 0.

pub(super) mod beta_bernoulli;
pub(super) mod beta_geometric;
pub(super) mod gamma_poisson;
pub(super) mod gompertz;
pub(super) mod pareto;

use std::ops::ControlFlow;

use beta_bernoulli::BetaBernoulli;
use beta_geometric::BetaGeometric;
use gamma_poisson::GammaPoisson;
use gompertz::Gompertz;
use pareto::Pareto;

use crate::Absent;

/// The questions that an outlook asks. All answers are given that the customer is alive now.
pub(super) trait Renewal {
    /// P(alive at t).
    fn survival(&self, t: f64) -> f64;

    /// E[purchases in (0, t]].
    fn expected(&self, t: f64) -> f64;

    /// E[X²] for the purchases X in (0, t], where [`pairs`](Self::pairs) does not give it.
    fn second(&self, t: f64) -> f64;

    /// E[purchases in (0, ∞)], if it is finite.
    fn total(&self) -> Result<f64, Absent>;

    /// ∫ e^(-rate t) dE(t) over (0, ∞), for a rate above 0.
    fn discounted(&self, rate: f64) -> f64;

    /// Σ of the discounted purchases to be expected after leaving within (0, horizon], had he stayed then and left later as others
    /// do: E ∫ λ e^(-rate t) P(alive at t) H(min(t, horizon)) dt, with H the cumulative hazard of leaving of this customer. For a
    /// rate above 0.
    fn at_risk(&self, horizon: f64, rate: f64) -> f64;

    /// Σ of the discounted purchases to be expected after `horizon`. For a rate above 0.
    fn beyond(&self, horizon: f64, rate: f64) -> f64;

    /// ∫ g(t) weight(t) dt over (from, to], where g(t) = E[dN(s) dN(t)] / (ds dt) for two purchases at times s < t depends on t
    /// alone; none if it does not. The weight is smooth and not negative.
    fn pairs(&self, _from: f64, _to: f64, _weight: &dyn Fn(f64) -> f64) -> Option<f64> {
        None
    }

    /// The time over which the answers change with the age of the customer; none if that is not continuous.
    fn scale_of_age(&self) -> Option<f64> {
        None
    }

    /// P(no purchase in (0, t]).
    fn none(&self, t: f64) -> f64;

    /// P(no purchase ever).
    fn never(&self) -> f64;

    /// E[time of the next purchase | there is one], if it is finite.
    fn mean_time(&self) -> Result<f64, Absent>;

    /// P(X = k) for the purchases X in (0, t], with full relative precision however small it is.
    fn probability(&self, t: f64, k: u64) -> f64 {
        let (mut before, mut found) = (k, 0.0);
        self.each_probability(t, &mut |probability| {
            if before == 0 {
                found = probability;
                return ControlFlow::Break(());
            }
            before -= 1;
            ControlFlow::Continue(())
        });
        found
    }

    /// Hands over P(X = 0), P(X = 1), … for the purchases X in (0, t] until told to stop. Nothing is allocated.
    fn each_probability(&self, t: f64, visit: &mut dyn FnMut(f64) -> ControlFlow<()>);
}

/// The process of a customer who is alive, whichever the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Process {
    BetaBernoulli(BetaBernoulli),
    BetaGeometric(BetaGeometric),
    Pareto(GammaPoisson<Pareto>),
    Gompertz(GammaPoisson<Gompertz>),
}

impl Process {
    /// How many [parts](Self::each_part) there can be.
    pub(super) const fn parts(&self) -> usize {
        match self {
            Self::BetaGeometric(process) => process.k as usize,
            _ => 1,
        }
    }

    /// The processes of which this is a mixture, with their weights: each depends on frequency and age alone, the weights on
    /// the silence since the last purchase too.
    pub(super) fn each_part(&self, mut visit: impl FnMut(f64, &dyn Renewal)) {
        match self {
            Self::BetaGeometric(process) if process.k > 1 => {
                process.each_stage(|weight, part| visit(weight, &part));
            }
            _ => visit(1.0, self.renewal()),
        }
    }

    /// The part with this number.
    pub(super) fn part(self, number: u32) -> Self {
        match self {
            Self::BetaGeometric(process) => Self::BetaGeometric(process.at_stage(number.into())),
            _ => self,
        }
    }

    pub(super) fn renewal(&self) -> &dyn Renewal {
        match self {
            Self::BetaBernoulli(process) => process,
            Self::BetaGeometric(process) => process,
            Self::Pareto(process) => process,
            Self::Gompertz(process) => process,
        }
    }
}
