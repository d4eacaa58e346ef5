//! Parts of the documents of journeys that are asked for apart: service times, what follows at any distance, steps, orders of a
//! chain.

use cxo_core::journey::{ChainOrder, Flow, Journeys, ServiceTimes, Spread, StepColumn, StepFlow, StepShare};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Quantity,
    quantity::{self, at_least_zero, share, within},
};

/// How values are spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpreadRow {
    /// How many there are.
    pub n: u64,
    /// The least.
    pub minimum: f64,
    /// A quarter lies below.
    pub p25: f64,
    /// Half lies below.
    pub median: f64,
    /// Their mean.
    pub mean: f64,
    /// Three quarters lie below.
    pub p75: f64,
    /// Nine of ten lie below.
    pub p90: f64,
    /// The greatest.
    pub maximum: f64,
    /// All together.
    pub total: f64,
}

impl From<Spread> for SpreadRow {
    fn from(of: Spread) -> Self {
        let Spread { n, minimum, p25, median, mean, p75, p90, maximum, total, .. } = of;
        Self { n, minimum, p25, median, mean, p75, p90, maximum, total }
    }
}

impl SpreadRow {
    fn check(&self) -> Result<(), Error> {
        let values = [
            ("minimum", self.minimum),
            ("p25", self.p25),
            ("median", self.median),
            ("mean", self.mean),
            ("p75", self.p75),
            ("p90", self.p90),
            ("maximum", self.maximum),
            ("total", self.total),
        ];
        values.into_iter().try_for_each(|(key, value)| at_least_zero(key, value))
    }
}

/// How long a touchpoint takes and waits, where records say when it began and when it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceRow {
    /// The touchpoint.
    pub touchpoint: String,
    /// From start to end, over those that have both, or why there is none.
    #[serde(flatten, with = "quantity::service_seconds")]
    pub service_seconds: Quantity<SpreadRow>,
    /// From the last end of anything in the journey to the start, or why there is none.
    #[serde(flatten, with = "quantity::waiting_seconds")]
    pub waiting_seconds: Quantity<SpreadRow>,
    /// Starts without an end.
    pub unfinished: u64,
    /// Ends without a start.
    pub without_start: u64,
}

impl From<&ServiceTimes> for ServiceRow {
    fn from(times: &ServiceTimes) -> Self {
        Self {
            touchpoint: times.touchpoint.clone(),
            service_seconds: quantity::of(times.service_seconds.map(SpreadRow::from)),
            waiting_seconds: quantity::of(times.waiting_seconds.map(SpreadRow::from)),
            unfinished: times.unfinished,
            without_start: times.without_start,
        }
    }
}

impl ServiceRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let spreads = [&self.service_seconds, &self.waiting_seconds].into_iter().flatten();
        spreads.into_iter().try_for_each(SpreadRow::check)
    }
}

/// How often a touchpoint follows another at any distance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowsRow {
    /// The first.
    pub from: String,
    /// The one that comes later in the journey.
    pub to: String,
    /// Pairs of places in a journey at which the two stand.
    pub count: u64,
}

impl FollowsRow {
    /// A flow with the names of its touchpoints, in the order of their bytes.
    #[must_use]
    pub fn of(flow: &Flow, journeys: &Journeys<'_>) -> Vec<Self> {
        let name =
            |number: u32| journeys.names().get(number as usize).map_or_else(String::new, |name| (*name).to_owned());
        flow.iter().map(|(from, to, count)| Self { from: name(from), to: name(to), count }).collect()
    }
}

/// Where journeys are at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    /// The step, from 1.
    pub step: u64,
    /// The touchpoints, in the order of the bytes of their names.
    pub touchpoints: Vec<StepShareRow>,
    /// Journeys that ended before.
    pub ended: u64,
    /// Their share of all journeys.
    pub ended_share: f64,
    /// Where those at this step are at the next, in ascending order, the ends of journeys first.
    pub next: Vec<StepFlowRow>,
}

/// One touchpoint at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepShareRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that are there.
    pub journeys: u64,
    /// Their share of all journeys.
    pub share: f64,
}

/// Journeys from a touchpoint at one step to one at the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFlowRow {
    /// The touchpoint at this step.
    pub from: String,
    /// The one at the next; absent where the journey ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Journeys.
    pub journeys: u64,
}

impl StepRow {
    /// The first so many steps of journeys, at most as many as the longest has.
    #[must_use]
    pub fn of(journeys: &Journeys<'_>, steps: usize) -> Vec<Self> {
        let flows = journeys.step_flows(steps);
        let at =
            |at: &StepShare| StepShareRow { touchpoint: at.touchpoint.clone(), journeys: at.count, share: at.share };
        let next = |flow: &StepFlow| StepFlowRow { from: flow.from.clone(), to: flow.to.clone(), journeys: flow.count };
        let row = |(step, column): (u64, &StepColumn)| Self {
            step,
            touchpoints: column.touchpoints.iter().map(at).collect(),
            ended: column.ended,
            ended_share: column.ended_share,
            next: flows.iter().filter(|flow| flow.step == step).map(next).collect(),
        };
        (1..).zip(&journeys.step_matrix(steps).steps).map(row).collect()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        share("ended_share", self.ended_share)?;
        self.touchpoints.iter().try_for_each(|at| share("share", at.share))
    }
}

/// One order of a chain: how many steps it remembers, and how well that fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// The number of steps remembered.
    pub order: usize,
    /// Different transitions that were observed, less the contexts that they leave.
    pub parameters: u64,
    /// Transitions observed, the same for every order.
    pub transitions: u64,
    /// The log-likelihood of the transitions; 0 or less.
    pub log_likelihood: f64,
    /// The Bayesian information criterion; less is better.
    pub bic: f64,
    /// Whether it is the order with the least.
    pub supported: bool,
}

impl OrderRow {
    /// The orders that were compared; of equals the lowest is supported.
    #[must_use]
    pub fn of(orders: &[ChainOrder]) -> Vec<Self> {
        let best = orders.iter().min_by(|one, other| one.bic.total_cmp(&other.bic)).map(|best| best.order);
        let row = |order: &ChainOrder| Self {
            order: order.order,
            parameters: order.parameters,
            transitions: order.transitions,
            log_likelihood: order.log_likelihood,
            bic: order.bic,
            supported: Some(order.order) == best,
        };
        orders.iter().map(row).collect()
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        within("log_likelihood", self.log_likelihood, [f64::MIN, 0.0], "0 or less")?;
        within("bic", self.bic, [f64::MIN, f64::MAX], "a finite number")
    }
}
