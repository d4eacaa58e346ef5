//! Every document: written, read back, checked against its schema, and refused where it is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod churn;
mod churn_evaluation;
mod clv;
mod cohorts;
mod cox;
mod journey;
mod report;
mod survey;
mod survival;
