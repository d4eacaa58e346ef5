//! From durations to a curve of survival with its intervals, and to a test of groups.
//!
//! `cargo bench --bench churn_survival`; one thread.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::churn::Durations;
use cxo_core::churn::survival::{EventTable, LogRank, LogRankWeighting, SurvivalOptions};

const CUSTOMERS: usize = 1_000_000;

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

/// Three in five leave, a hundredth of a time unit being a day, on a scale of 900 days.
#[allow(clippy::unwrap_used, reason = "the columns are right")]
fn durations(shape: impl Fn(f64) -> f64) -> Durations {
    let times = uniform(1).map(|share| shape(-900.0 * share.ln())).take(CUSTOMERS).collect();
    let left = uniform(2).map(|share| share < 0.6).take(CUSTOMERS).collect();
    Durations::new(times, left).unwrap()
}

/// The sum of everything that a curve says, so that nothing is left out.
#[allow(clippy::unwrap_used, reason = "the durations are right")]
fn curve(durations: &Durations) -> f64 {
    let table = EventTable::from_durations(durations).unwrap();
    let curve = table.kaplan_meier(&SurvivalOptions::default()).unwrap();
    let bounds = curve.points().map(|point| point.interval.map_or(0.0, |interval| interval.lower + interval.upper));
    bounds.sum::<f64>() + curve.median().time.unwrap_or_default()
}

#[allow(clippy::unwrap_used, reason = "the durations are right")]
fn survival(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("survival");
    group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(CUSTOMERS as u64));
    for (name, durations) in [
        ("Kaplan-Meier, days", durations(f64::ceil)),
        ("Kaplan-Meier, tenths", durations(|time| (time / 3.0).round() / 10.0)),
        ("Kaplan-Meier, all distinct", durations(|time| time)),
    ] {
        group
            .bench_function(BenchmarkId::new(name, CUSTOMERS), |bencher| bencher.iter(|| curve(black_box(&durations))));
    }
    let days = durations(f64::ceil);
    let names: Vec<&str> = uniform(3).map(|share| if share < 0.5 { "a" } else { "b" }).take(CUSTOMERS).collect();
    group.bench_function(BenchmarkId::new("log-rank of two groups, days", CUSTOMERS), |bencher| {
        bencher.iter(|| {
            let groups = EventTable::by_group(black_box(&days), &names).unwrap();
            LogRank::new(&groups).unwrap().test(LogRankWeighting::LogRank)
        });
    });
    group.finish();
}

criterion_group!(benches, survival);
criterion_main!(benches);
