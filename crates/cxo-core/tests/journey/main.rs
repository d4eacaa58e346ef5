//! Journeys: logs, maps, funnels, chains, attribution, conformance and the experience on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod conformance;
mod credit;
mod experience;
mod funnel_comparison;
mod golden;
mod golden_attribution;
mod golden_map;
mod next;
mod properties;
mod traps;
