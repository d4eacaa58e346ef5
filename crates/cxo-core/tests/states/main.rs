//! What is stored and merged: the bytes of states and the values pinned across platforms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod bytes;
mod stability;
