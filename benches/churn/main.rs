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

/// Numbers of a splitmix64 sequence in (0, 1): the same columns in every run.
fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    })
}

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
