//! Which channels are on the way to an outcome, and how is its credit divided? Rules, Shapley values, and the removal effects of a
//! Markov chain, solved exactly. Stateless; asked of [`Paths`].

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::markov::Markov;
use super::paths::{PathCount, Paths};
use crate::{Absent, Error, Interval};

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
    /// The weight of a step halves with each half-life between it and the outcome; over a log alone, as paths have no times
    /// ([`Journeys::attribution`](super::Journeys::attribution)).
    TimeDecay,
}

impl AttributionModel {
    /// Every model.
    pub const ALL: &'static [Self] = &[
        Self::Markov,
        Self::Shapley,
        Self::First,
        Self::Last,
        Self::Linear,
        Self::Position,
        Self::StepDecay,
        Self::TimeDecay,
    ];

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
            Self::TimeDecay => "time-decay",
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
    /// How sure that is; [`Absent::NotAsked`] unless resamples were asked for, [`Absent::NotRecorded`] over paths, which do not say
    /// whose they are.
    pub intervals: Result<CreditIntervals, Absent>,
}

/// Percentile intervals over customers; one is absent where all resamples answer the same.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CreditIntervals {
    /// Of the outcomes attributed, in as many journeys of as many customers.
    pub attributed: Result<Interval, Absent>,
    /// Of the share of them.
    pub share: Result<Interval, Absent>,
    /// Of the value attributed.
    pub value: Result<Interval, Absent>,
    /// Of the removal effect; absent as it is.
    pub removal_effect: Result<Interval, Absent>,
}

/// The credit of a channel for one place on the paths.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PositionCredit {
    /// The channel.
    pub channel: String,
    /// The place on the path, from 1.
    pub position: usize,
    /// Outcomes attributed.
    pub attributed: f64,
    /// Value attributed.
    pub value: f64,
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
    /// that is not 1 to 8 or has more than 2000 states, [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for
    /// [`AttributionModel::TimeDecay`], [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for values whose sum is beyond f64.
    ///
    /// # Complexity
    /// O(steps of all different paths); under Markov O(states³) besides.
    pub fn attribution(&self, model: AttributionModel, order: usize) -> Result<Attribution, Error> {
        if self.is_empty() {
            return Err(Error::no_data("paths"));
        }
        if model == AttributionModel::TimeDecay {
            return Err(Error::incompatible("time-decay over paths, which have no times"));
        }
        let (names, paths) = self.ordered();
        let total = self.total();
        if !total.value.is_finite() {
            return Err(Error::overflow("value of all conversions"));
        }
        let (credit, effects) = if model == AttributionModel::Markov {
            let found = removal_effects(names.len(), &paths, order)?;
            (in_proportion(&found, total.conversions as f64, total.value), Some(found))
        } else {
            let (mut weights, mut credit) = (Vec::new(), vec![[0.0; 2]; names.len()]);
            for (path, count) in paths.iter().filter(|(_, count)| count.conversions > 0) {
                weigh(model, path, &mut weights);
                divide(path, &weights, count, &mut credit);
            }
            (credit, None)
        };
        Ok(assemble(model, total, &names, &credit, effects.as_deref(), |_| Err(Absent::NotRecorded)))
    }

    /// The ordered Shapley value: the credit of each channel for each place at which it stood, the credit of a channel that
    /// stands on one path several times divided equally among its places.
    ///
    /// For channel i and place j, with R_ij(S) the outcomes of paths with the set of channels S on which i stands at j, each path
    /// counted as one over the number of places of i: Σ over S that hold i of R_ij(S) / |S|. Over all places this is the Shapley value
    /// of the channel, and over everything all outcomes.
    ///
    /// ```
    /// use cxo_core::journey::{PathCount, Paths};
    ///
    /// let mut paths = Paths::default();
    /// paths.add(["search", "email", "search"], PathCount::new(4, 0, 0.0)?)?;
    /// let credit: Vec<_> = paths.ordered_shapley()?.into_iter().map(|c| (c.channel, c.position, c.attributed)).collect();
    /// assert_eq!(credit, [("email".to_owned(), 2, 2.0), ("search".to_owned(), 1, 1.0), ("search".to_owned(), 3, 1.0)]);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without paths.
    ///
    /// # Complexity
    /// O(steps of all different paths · length of a path).
    ///
    /// Source: Zhao, Mahboobi and Bagheri (2018), arXiv:1804.05327, section on the ordered Shapley value.
    pub fn ordered_shapley(&self) -> Result<Vec<PositionCredit>, Error> {
        if self.is_empty() {
            return Err(Error::no_data("paths"));
        }
        let (names, paths) = self.ordered();
        let mut credit: BTreeMap<(u32, usize), [f64; 2]> = BTreeMap::new();
        for (path, count) in paths.iter().filter(|(_, count)| count.conversions > 0) {
            let mut channels = path.clone();
            channels.sort_unstable();
            let different = channels.chunk_by(|left, right| left == right).count() as f64;
            for (position, channel) in (1..).zip(path) {
                let places = path.iter().filter(|step| *step == channel).count() as f64;
                let [attributed, value] = credit.entry((*channel, position)).or_default();
                *attributed += count.conversions as f64 / (different * places);
                *value += count.value / (different * places);
            }
        }
        let name = |channel: u32| names.get(channel as usize).map_or_else(String::new, |name| (*name).to_owned());
        let credit = credit.into_iter().map(|((channel, position), [attributed, value])| PositionCredit {
            channel: name(channel),
            position,
            attributed,
            value,
        });
        Ok(credit.collect())
    }
}

/// The removal effects of channels on the outcome, from paths in numbers of them.
fn removal_effects(names: usize, paths: &[(Vec<u32>, PathCount)], order: usize) -> Result<Vec<f64>, Error> {
    let mut chain = Markov::new(names, 1, order, paths.iter().map(|(path, _)| path.as_slice()))?;
    let (mut counts, mut kinds) = (Vec::new(), Vec::new());
    for (path, count) in paths {
        for (outcome, journeys) in [(Some(0), count.conversions), (None, count.nulls)] {
            if journeys == 0 {
                continue;
            }
            kinds.clear();
            chain.record(path, outcome, &mut kinds);
            counts.resize(chain.kinds(), 0_u64);
            for &kind in &kinds {
                if let Some(count) = counts.get_mut(kind as usize) {
                    *count = count.saturating_add(journeys);
                }
            }
        }
    }
    let solved = chain.solve(&counts, &[]);
    let solved = solved.ok_or_else(|| Error::degenerate("a channel that no path ever leaves"))?;
    Ok(solved.removal.iter().map(|effects| effects.first().copied().unwrap_or_default()).collect())
}

/// Outcomes and value in proportion to removal effects.
pub(super) fn in_proportion(effects: &[f64], conversions: f64, value: f64) -> Vec<[f64; 2]> {
    let sum: f64 = effects.iter().sum();
    let share = |effect: &f64| if sum > 0.0 { effect / sum } else { 0.0 };
    effects.iter().map(|effect| [conversions * share(effect), value * share(effect)]).collect()
}

/// The answer from the credit of each channel.
pub(super) fn assemble(
    model: AttributionModel,
    total: PathCount,
    names: &[&str],
    credit: &[[f64; 2]],
    effects: Option<&[f64]>,
    mut intervals: impl FnMut(usize) -> Result<CreditIntervals, Absent>,
) -> Attribution {
    let PathCount { conversions, nulls, value } = total;
    let of = |(at, (name, &[attributed, value])): (usize, (&&str, &[f64; 2]))| ChannelCredit {
        channel: (*name).to_owned(),
        attributed,
        share: if conversions > 0 { Ok(attributed / conversions as f64) } else { Err(Absent::NoObservations) },
        value,
        removal_effect: effects.and_then(|all| all.get(at)).copied().ok_or(Absent::NotDefined),
        intervals: intervals(at),
    };
    let channels = names.iter().zip(credit).enumerate().map(of).collect();
    Attribution { model, conversions, nulls, value, channels }
}

/// The weight of each step of a path; only their ratios matter.
pub(super) fn weigh(model: AttributionModel, path: &[u32], weights: &mut Vec<f64>) {
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
            AttributionModel::Linear | AttributionModel::Markov | AttributionModel::TimeDecay => 1.0,
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
