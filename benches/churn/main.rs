//! Churn: fits, curves, cohorts, scores and how they are judged; one thread, with `--features cxo-core/rayon` all.
//!
//! `cargo bench --bench churn`, or a part of it: `cargo bench --bench churn -- cox`.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the data are made so that nothing fails")]

mod cox;
mod evaluation;
mod logistic;
mod retention;
mod risk;
#[path = "../splitmix/mod.rs"]
mod splitmix;
mod survival;

criterion::criterion_group!(
    benches,
    cox::fits,
    cox::questions,
    evaluation::evaluation,
    logistic::fits,
    logistic::hazards,
    retention::retention,
    risk::one_row,
    risk::million,
    survival::survival
);
criterion::criterion_main!(benches);
