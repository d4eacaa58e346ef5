//! Journeys: records to a log and its map, variants and funnels, paths to attribution and its intervals; one thread.
//!
//! `cargo bench --bench journey`, or a part of it: `cargo bench --bench journey -- attribution`.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small numbers.
#![allow(clippy::unwrap_used, reason = "the data are made so that nothing fails")]

mod attribution;
mod map;
#[path = "../splitmix/mod.rs"]
mod splitmix;

criterion::criterion_group!(benches, map::journey, attribution::attribution);
criterion::criterion_main!(benches);
