//! Scores, their intervals, weighting and the scorecard, as a user of the crate calls them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod golden_nps;
mod golden_raking;
mod golden_satisfaction;
mod nps;
mod scorecard;
mod weighting;
