//! The document of a journey map: `cxo.journey-map`.

use cxo_core::{
    domain::LoadReport,
    journey::{Edge, JourneyMap, NodeCount, TouchpointCount},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, FollowsRow, LogRow, MapComparisonRow, Quantity, ServiceRow, entry,
    journey::check_all,
    quantity::{self, at_least_zero},
};

/// A touchpoint with a number of journeys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys.
    pub count: u64,
}

impl From<&NodeCount> for NodeRow {
    fn from(node: &NodeCount) -> Self {
        Self { touchpoint: node.touchpoint.clone(), count: node.count }
    }
}

/// `cxo.journey-map`: what follows what, how often, and after how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyMapDocument {
    /// All journeys.
    #[serde(flatten)]
    pub all: MapRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<MapRow>>>,
    /// Each other segment against the baseline; absent without `--baseline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparisons: Option<Vec<Entry<MapComparisonRow>>>,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// The map of some journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// Journeys.
    pub journeys: u64,
    /// Touchpoints of all journeys.
    pub events: u64,
    /// Each touchpoint, in the order of the bytes of the names.
    pub touchpoints: Vec<TouchpointRow>,
    /// What directly follows what, in the same order.
    pub edges: Vec<EdgeRow>,
    /// First touchpoints.
    pub starts: Vec<NodeRow>,
    /// Last touchpoints.
    pub ends: Vec<NodeRow>,
    /// What follows what at any distance, in the same order; absent unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eventually_follows: Option<Vec<FollowsRow>>,
    /// How long touchpoints take and wait, in the same order, or why that is not known.
    #[serde(flatten, with = "quantity::service")]
    pub service: Quantity<Vec<ServiceRow>>,
}

/// How often a touchpoint occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchpointRow {
    /// Its name.
    pub touchpoint: String,
    /// Occurrences.
    pub events: u64,
    /// Journeys in which it occurs.
    pub journeys: u64,
}

/// One touchpoint directly after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeRow {
    /// The first.
    pub from: String,
    /// The one after it.
    pub to: String,
    /// How often.
    pub count: u64,
    /// In how many journeys.
    pub journeys: u64,
    /// The median time from the first to the one after it.
    pub median_seconds: f64,
    /// Its mean.
    pub mean_seconds: f64,
    /// The time within which nine of ten go on.
    pub p90_seconds: f64,
}

impl From<&Edge> for EdgeRow {
    fn from(edge: &Edge) -> Self {
        Self {
            from: edge.from.clone(),
            to: edge.to.clone(),
            count: edge.count,
            journeys: edge.journeys,
            median_seconds: edge.median_seconds,
            mean_seconds: edge.mean_seconds,
            p90_seconds: edge.p90_seconds,
        }
    }
}

impl From<&JourneyMap> for MapRow {
    fn from(map: &JourneyMap) -> Self {
        let touchpoint = |node: &TouchpointCount| TouchpointRow {
            touchpoint: node.touchpoint.clone(),
            events: node.events,
            journeys: node.journeys,
        };
        Self {
            journeys: map.journeys,
            events: map.events,
            touchpoints: map.touchpoints.iter().map(touchpoint).collect(),
            edges: map.edges.iter().map(EdgeRow::from).collect(),
            starts: map.starts.iter().map(NodeRow::from).collect(),
            ends: map.ends.iter().map(NodeRow::from).collect(),
            eventually_follows: None,
            service: Err("no record says that a touchpoint began".into()),
        }
    }
}

impl MapRow {
    fn check(&self) -> Result<(), Error> {
        self.service.iter().flatten().try_for_each(ServiceRow::check)?;
        self.edges.iter().try_for_each(|edge| {
            at_least_zero("median_seconds", edge.median_seconds)?;
            at_least_zero("mean_seconds", edge.mean_seconds)?;
            at_least_zero("p90_seconds", edge.p90_seconds)
        })
    }
}

impl Document for JourneyMapDocument {
    const FORMAT: &'static str = "cxo.journey-map";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        self.comparisons.iter().flat_map(|all| entry::shown(all)).try_for_each(MapComparisonRow::check)?;
        check_all(&self.all, self.segments.as_ref(), MapRow::check)
    }
}
