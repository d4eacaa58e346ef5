//! Customer lifetime value: logs, models, outlook and money.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod covariates;
mod discrete;
mod equity;
mod fit;
mod ggom;
mod golden;
mod golden_discrete;
mod golden_log;
mod golden_quality;
mod golden_spend;
mod limits;
mod log;
mod outlook;
mod recovery;
mod rfm;
mod spend;
mod value;
mod value_at_risk;
