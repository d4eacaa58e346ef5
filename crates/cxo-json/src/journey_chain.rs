//! The document of a chain of touchpoints: `cxo.journey-chain`.

use std::borrow::Cow;

use cxo_core::{
    Absent, Confidence,
    domain::LoadReport,
    journey::{ChainState, JourneyChain, RemovalEffect},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, LogRow, NodeRow, OrderRow, Quantity,
    journey::{OBSERVATIONAL, check_all, each},
    quantity::{self, at_least_zero, share},
};

/// `cxo.journey-chain`: from each touchpoint, how likely is the outcome, after how many steps and how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyChainDocument {
    /// The silence after which a journey without outcome is lost; absent where every one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<f64>,
    /// How bounds were found; absent where there are none.
    #[serde(flatten)]
    pub resamples: Option<ChainResamples>,
    /// All journeys.
    #[serde(flatten)]
    pub all: ChainRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<ChainRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How the bounds of a chain were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainResamples {
    /// Resamples of customers.
    pub resamples: u32,
    /// Where they begin.
    pub seed: u64,
    /// The level of all bounds.
    pub confidence: Confidence,
    /// Their method: customer-bootstrap.
    pub interval_method: String,
}

/// Some journeys as a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainRow {
    /// Each outcome with the journeys that reached it first, in the order asked.
    pub outcomes: Vec<NodeRow>,
    /// Journeys that ended without one.
    pub lost_journeys: u64,
    /// Journeys that were still open; they are left out of everything else.
    pub open_journeys: u64,
    /// Whether more than 5 % of the journeys were open: then the answers are biased towards quick endings.
    pub biased: bool,
    /// A journey that has not begun.
    pub start: StateRow,
    /// Each touchpoint on the way, in the order of the bytes of the names.
    pub states: Vec<StateRow>,
    /// What hangs on each touchpoint in the chain, by touchpoint and outcome.
    pub removal_effects: Vec<RemovalRow>,
    /// How many steps the chain should remember: orders compared on the same transitions, or why there are none.
    #[serde(flatten, with = "quantity::orders")]
    pub orders: Quantity<Vec<OrderRow>>,
}

/// By which share the probability of an outcome falls when every way through a touchpoint ends without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovalRow {
    /// The touchpoint.
    pub touchpoint: String,
    /// The outcome.
    pub outcome: String,
    /// The share, or why there is none.
    #[serde(flatten, with = "quantity::removal_effect")]
    pub removal_effect: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
}

impl RemovalRow {
    fn of<'a>(effect: &'a RemovalEffect, chain: &'a JourneyChain) -> impl Iterator<Item = Self> + 'a {
        let found = effect.effects.iter().zip(&effect.intervals);
        chain.outcomes.iter().zip(found).map(|(outcome, (share, interval))| Self {
            touchpoint: effect.touchpoint.clone(),
            outcome: outcome.touchpoint.clone(),
            removal_effect: quantity::of(*share),
            lower: quantity::of(interval.map(|interval| interval.lower)),
            upper: quantity::of(interval.map(|interval| interval.upper)),
        })
    }
}

/// What is to be expected at one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateRow {
    /// The touchpoint; `(start)` for the start.
    pub touchpoint: String,
    /// How often journeys were here.
    pub visits: u64,
    /// The probability of any of the outcomes from here.
    pub conversion_probability: f64,
    /// Its bounds; absent without resamples, and where several outcomes have one each.
    #[serde(flatten)]
    pub bounds: Option<StateBounds>,
    /// Why there are none although there are resamples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds_reason: Option<Cow<'static, str>>,
    /// The probability of each of them, in the order asked; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_probabilities: Option<Vec<f64>>,
    /// The expected number of steps until the journey ends, whichever way.
    pub expected_steps: f64,
    /// The expected time until then.
    pub expected_seconds: f64,
    /// How often a journey is expected to come here.
    pub expected_visits: f64,
}

/// The bounds of a probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StateBounds {
    /// The lower one.
    pub lower: f64,
    /// The upper one.
    pub upper: f64,
}

impl From<&ChainState> for StateRow {
    fn from(state: &ChainState) -> Self {
        let one = state.intervals.as_ref().map(|intervals| match intervals.probabilities.as_slice() {
            [interval] => *interval,
            _ => Err(Absent::NotAsked),
        });
        let (bounds, bounds_reason) = match one.map_err(|why| *why).and_then(|interval| interval) {
            Ok(interval) => (Some(StateBounds { lower: interval.lower, upper: interval.upper }), None),
            Err(Absent::NotAsked) => (None, None),
            Err(why) => (None, Some(why.reason().into())),
        };
        Self {
            touchpoint: state.touchpoint.clone(),
            visits: state.visits,
            // Rounding may take a sum of probabilities past 1.
            conversion_probability: state.probabilities.iter().sum::<f64>().min(1.0),
            bounds,
            bounds_reason,
            outcome_probabilities: (state.probabilities.len() > 1).then(|| state.probabilities.clone()),
            expected_steps: state.expected_steps,
            expected_seconds: state.expected_seconds,
            expected_visits: state.expected_visits,
        }
    }
}

impl ChainRow {
    /// The row of a chain with the orders that were compared.
    #[must_use]
    pub fn new(chain: &JourneyChain, orders: Quantity<Vec<OrderRow>>) -> Self {
        let outcomes = chain.outcomes.iter();
        Self {
            outcomes: outcomes
                .map(|outcome| NodeRow { touchpoint: outcome.touchpoint.clone(), count: outcome.journeys })
                .collect(),
            lost_journeys: chain.lost,
            open_journeys: chain.open,
            biased: chain.biased,
            start: StateRow::from(&chain.start),
            states: chain.states.iter().map(StateRow::from).collect(),
            removal_effects: chain.removal_effects.iter().flat_map(|effect| RemovalRow::of(effect, chain)).collect(),
            orders,
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.orders.iter().flatten().try_for_each(OrderRow::check)?;
        for effect in &self.removal_effects {
            let shares =
                [("removal_effect", &effect.removal_effect), ("lower", &effect.lower), ("upper", &effect.upper)];
            each(shares, share)?;
        }
        std::iter::once(&self.start).chain(&self.states).try_for_each(|state| {
            share("conversion_probability", state.conversion_probability)?;
            let probabilities = state.outcome_probabilities.iter().flatten();
            probabilities.copied().try_for_each(|probability| share("outcome_probabilities", probability))?;
            at_least_zero("expected_steps", state.expected_steps)?;
            at_least_zero("expected_seconds", state.expected_seconds)?;
            at_least_zero("expected_visits", state.expected_visits)
        })
    }
}

impl JourneyChainDocument {
    /// The document of a chain; silence and segments are the caller's to add.
    #[must_use]
    pub fn new(all: ChainRow, log: LogRow, load: LoadReport) -> Self {
        Self {
            silence_seconds: None,
            resamples: None,
            all,
            segments: None,
            evidence: OBSERVATIONAL.to_owned(),
            log,
            load,
        }
    }
}

impl Document for JourneyChainDocument {
    const FORMAT: &'static str = "cxo.journey-chain";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        self.silence_seconds.map_or(Ok(()), |silence| at_least_zero("silence_seconds", silence))?;
        check_all(&self.all, self.segments.as_ref(), ChainRow::check)
    }
}
