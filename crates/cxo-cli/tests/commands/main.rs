//! The command as its user runs it: what it prints, what it refuses, and what it says then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

mod churn;
mod churn_evaluate;
mod clv;
mod common;
mod failures;
mod golden;
mod journey;
mod journey_experience;
mod journey_formats;
mod journey_options;
mod journey_reach;
mod journey_suppression;
mod report;
mod report_journey;
mod retention;
mod retention_cox;
mod small_files;
mod survey;
mod survival;
