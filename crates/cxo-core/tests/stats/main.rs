//! The statistics under every result, against independent references.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod golden;
mod golden_design;
