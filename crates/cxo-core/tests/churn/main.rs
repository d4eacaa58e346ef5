//! Churn: risk, survival, retention and their evaluation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod aft;
mod calibrator_serde;
mod concordance;
mod cox;
mod evaluation;
mod golden_aft;
mod golden_cox;
mod golden_evaluation;
mod golden_logistic;
mod golden_risk;
mod golden_survival;
mod hazard;
mod logistic;
mod loss;
mod model_stored;
mod retention;
mod risk;
mod survival;
