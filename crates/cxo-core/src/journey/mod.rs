//! What did customers do, in which order, and where did it lead? From records of touchpoints ([`EventLog`]) to the journeys
//! of customers ([`Journeys`]), and the questions asked of them: map, variants, funnels, chains, attribution.
//!
//! The log is the state: it merges and is kept. [`Journeys`] are the log put in order under declared rules: what is one
//! journey, what happens to ties and to duplicates. Every question is asked of them and reads flat columns.

mod attribution;
mod chain;
mod event;
mod event_log;
mod flow;
mod funnel;
mod grouping;
mod journeys;
mod markov;
mod options;
mod paths;
mod variants;

pub use attribution::{Attribution, AttributionModel, ChannelCredit};
pub use chain::{ChainState, JourneyChain, Outcome};
pub use event::{Event, Lifecycle};
pub use event_log::EventLog;
pub use flow::{Edge, Flow, JourneyMap, NodeCount, TouchpointCount};
pub use funnel::{Funnel, FunnelDefinition, FunnelPassage, FunnelStep, Immature};
pub use journeys::{JourneyCounts, JourneyView, Journeys};
pub use options::{Duplicates, JourneyOptions, Split, Ties};
pub use paths::{OpenJourneys, OutcomePaths, PathCount, PathSteps, Paths};
pub use variants::{Variant, Variants};
