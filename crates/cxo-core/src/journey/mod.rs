//! What did customers do, in which order, and where did it lead? From records of touchpoints ([`EventLog`]) to the journeys
//! of customers ([`Journeys`]), and the questions asked of them: map, variants, funnels, chains, attribution, conformance to a design.
//!
//! The log is the state: it merges and is kept. [`Journeys`] are the log put in order under declared rules: what is one
//! journey, what happens to ties and to duplicates. Every question is asked of them and reads flat columns.

mod alignment;
mod attribution;
mod blueprint;
mod chain;
mod clustered;
mod comparison;
mod conformance;
mod credit;
mod event;
mod event_log;
mod flow;
mod funnel;
mod grouping;
mod identity;
mod journeys;
mod markov;
mod next;
mod options;
mod order;
mod outcome;
mod paths;
mod rework;
mod steps;
mod timing;
mod variants;
mod views;

pub use alignment::{Alignment, AlignmentCosts, AlignmentMove};
pub use attribution::{Attribution, AttributionModel, ChannelCredit, CreditIntervals, PositionCredit};
pub use blueprint::{Blueprint, BlueprintStage, BlueprintTouchpoint, StageOrder};
pub use chain::{ChainOptions, ChainState, JourneyChain, RemovalEffect, StateIntervals};
pub use comparison::{ComparedEdge, ComparedShares, ComparedTouchpoint, MapComparison, MapComparisonOptions};
pub use conformance::{
    Conformance, ConformanceOptions, Deviation, DeviationKind, JourneyConformance, VariantConformance,
};
pub use credit::{AttributionOptions, LogAttribution};
pub use event::{Event, Lifecycle};
pub use event_log::EventLog;
pub(crate) use event_log::Text;
pub use flow::{Edge, Flow, JourneyMap, NodeCount, TouchpointCount};
pub use funnel::{Funnel, FunnelComparison, FunnelDefinition, FunnelPassage, FunnelStep, Immature, StepDifference};
pub use identity::Identities;
pub use journeys::{JourneyCounts, JourneyView, Journeys};
pub use next::{LogLoss, NextTouchpoint, NextTouchpoints};
pub use options::{Duplicates, JourneyOptions, Split, Ties};
pub use order::ChainOrder;
pub(crate) use outcome::is_biased;
pub use outcome::{DeclaredOutcome, OpenJourneys, Outcome, OutcomePaths, OutcomeSign, PathSteps};
pub use paths::{PathCount, Paths};
pub use rework::{RepeatContacts, Rework};
pub use steps::{JourneyEnds, StepColumn, StepFlow, StepMatrix, StepShare, Transition};
pub use timing::{JourneySummary, ServiceTimes, Spread, StageSpell};
pub use variants::{Variant, Variants};
pub use views::VariantCoverage;
