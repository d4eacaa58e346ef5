//! Which channels are on the way to an outcome, and how is its credit divided? Rules, Shapley values, and the removal effects of a
//! Markov chain, solved exactly. Stateless; asked of [`Paths`].

use std::fmt;
use std::str::FromStr;

use super::markov::Markov;
use super::paths::{PathCount, Paths};
use crate::{Absent, Error};

/// How credit is divided. All of it is arithmetic on what was observed: no rule shows what a channel caused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum AttributionModel {
    /// In proportion to the removal effect in a Markov chain (Anderl et al. 2016): by how much the probability of the outcome
    /// falls when every way through the channel ends without it.
    #[default]
    Markov,
    /// The Shapley value of the game in which channels are worth the outcomes of paths that use no other (Zhao, Mahboobi and
    /// Bagheri 2018): each path divided equally among its different channels.
    Shapley,
    /// All of it to the first step.
    First,
    /// All of it to the last step.
    Last,
    /// Equally to all steps.
    Linear,
    /// 40 % to the first, 40 % to the last, the rest equally to those between; halves where there are two.
    Position,
    /// The weight of a step halves with each step away from the end.
    StepDecay,
}

impl AttributionModel {
    /// Every model.
    pub const ALL: &'static [Self] =
        &[Self::Markov, Self::Shapley, Self::First, Self::Last, Self::Linear, Self::Position, Self::StepDecay];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Markov => "markov",
            Self::Shapley => "shapley",
            Self::First => "first",
            Self::Last => "last",
            Self::Linear => "linear",
            Self::Position => "position",
            Self::StepDecay => "step-decay",
        }
    }
}

impl fmt::Display for AttributionModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AttributionModel {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::stats::parse_name("attribution model", text, Self::ALL, Self::name)
    }
}

/// Outcomes divided among channels. Formula page: `docs/formulas/attribution.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attribution {
    /// How.
    pub model: AttributionModel,
    /// All outcomes.
    pub conversions: u64,
    /// All journeys without one.
    pub nulls: u64,
    /// What the outcomes were worth.
    pub value: f64,
    /// The channels, in the order of the bytes of their names.
    pub channels: Vec<ChannelCredit>,
}

/// The part of one channel.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChannelCredit {
    /// Its name.
    pub channel: String,
    /// Outcomes attributed to it; all channels together have all outcomes.
    pub attributed: f64,
    /// Its share of them; absent without outcomes.
    pub share: Result<f64, Absent>,
    /// Value attributed to it.
    pub value: f64,
    /// Its removal effect in [0, 1], under [`AttributionModel::Markov`]; absent under others.
    pub removal_effect: Result<f64, Absent>,
}

impl Paths {
    /// Divides the outcomes among the channels of these paths. `order` is the number of steps that the chain remembers and matters
    /// under [`AttributionModel::Markov`] alone.
    ///
    /// ```
    /// use cxo_core::journey::{AttributionModel, PathCount, Paths};
    ///
    /// let mut paths = Paths::default();
    /// paths.add(["C1", "C2", "C3"], PathCount::new(1, 0, 100.0)?)?;
    /// paths.add(["C1"], PathCount::new(0, 1, 0.0)?)?;
    /// paths.add(["C2", "C3"], PathCount::new(0, 1, 0.0)?)?;
    /// let credit = paths.attribution(AttributionModel::Markov, 1)?;
    /// let attributed: Vec<_> = credit.channels.iter().map(|channel| channel.attributed).collect();
    /// assert!(attributed.iter().zip([0.2, 0.4, 0.4]).all(|(found, expected)| (found - expected).abs() < 1e-12));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without paths, [`ErrorKind::Input`](crate::ErrorKind::Input) for an order
    /// that is not 1 to 8 or has more states than can be solved.
    ///
    /// # Complexity
    /// O(steps of all different paths); under Markov O(states³) besides.
    pub fn attribution(&self, model: AttributionModel, order: usize) -> Result<Attribution, Error> {
        if self.is_empty() {
            return Err(Error::no_data("paths"));
        }
        let (names, paths) = self.ordered();
        let mut credit = vec![[0.0; 2]; names.len()];
        let mut effects = None;
        let total = self.total();
        if model == AttributionModel::Markov {
            let found = Markov::new(names.len(), &paths, order)?.removal_effects();
            let sum: f64 = found.iter().sum();
            for (credit, effect) in credit.iter_mut().zip(&found) {
                let share = if sum > 0.0 { effect / sum } else { 0.0 };
                *credit = [total.conversions as f64 * share, total.value * share];
            }
            effects = Some(found);
        } else {
            let mut weights = Vec::new();
            for (path, count) in paths.iter().filter(|(_, count)| count.conversions > 0) {
                weigh(model, path, &mut weights);
                divide(path, &weights, count, &mut credit);
            }
        }
        let channels =
            names.into_iter().zip(credit).enumerate().map(|(at, (name, [attributed, value]))| ChannelCredit {
                channel: name.to_owned(),
                attributed,
                share: if total.conversions > 0 {
                    Ok(attributed / total.conversions as f64)
                } else {
                    Err(Absent::NoObservations)
                },
                value,
                removal_effect: effects.as_ref().and_then(|all| all.get(at)).copied().ok_or(Absent::NotDefined),
            });
        let channels = channels.collect();
        let PathCount { conversions, nulls, value } = total;
        Ok(Attribution { model, conversions, nulls, value, channels })
    }
}

/// The weight of each step of a path; only their ratios matter.
fn weigh(model: AttributionModel, path: &[u32], weights: &mut Vec<f64>) {
    let last = path.len().saturating_sub(1);
    weights.clear();
    for (at, step) in path.iter().enumerate() {
        weights.push(match model {
            AttributionModel::First => f64::from(u8::from(at == 0)),
            AttributionModel::Last => f64::from(u8::from(at == last)),
            AttributionModel::Shapley => {
                // A channel counts once, however often it is there.
                f64::from(u8::from(!path.iter().take(at).any(|before| before == step)))
            }
            AttributionModel::Linear | AttributionModel::Markov => 1.0,
            AttributionModel::Position if path.len() <= 2 => 1.0,
            AttributionModel::Position if at == 0 || at == last => 0.4,
            AttributionModel::Position => 0.2 / (path.len() - 2) as f64,
            AttributionModel::StepDecay => 0.5_f64.powi(i32::try_from(last - at).unwrap_or(i32::MAX)),
        });
    }
}

fn divide(path: &[u32], weights: &[f64], count: &PathCount, credit: &mut [[f64; 2]]) {
    let sum: f64 = weights.iter().sum();
    for (&step, weight) in path.iter().zip(weights) {
        if let Some([conversions, value]) = credit.get_mut(step as usize) {
            *conversions += count.conversions as f64 * (weight / sum);
            *value += count.value * (weight / sum);
        }
    }
}
