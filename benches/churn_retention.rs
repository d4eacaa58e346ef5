//! From a log of activity to cohorts, revenue retention and limits of inactivity.
//!
//! `cargo bench --bench churn_retention`; one thread.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::{
    churn::retention::{
        Brackets, CohortOptions, LimitOptions, PeriodClock, RetentionKind, cohort_table, inactivity_limits,
        revenue_retention,
    },
    clv::PurchaseColumns,
    domain::{Currency, Period},
};

const RECORDS: usize = 10_000_000;
const CUSTOMERS: u64 = 1_000_000;
const DAYS: u64 = 730;

/// Numbers of a splitmix64 sequence: the same columns in every run.
fn column<T>(seed: u64, value: impl Fn(u64) -> T) -> Vec<T> {
    let mut state = seed;
    (0..RECORDS)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            value((mixed ^ (mixed >> 31)) >> 32)
        })
        .collect()
}

#[allow(clippy::unwrap_used, reason = "the currency and the columns are right")]
fn retention(criterion: &mut Criterion) {
    let customers = column(1, |random| u32::try_from(random % CUSTOMERS).unwrap_or_default());
    let days = column(2, |random| i32::try_from(random % DAYS).unwrap_or_default());
    let cents = column(3, |random| i64::try_from(random % 20_000).unwrap_or_default());
    let plain = PurchaseColumns::of_days(&customers, &days).unwrap();
    let paid = plain.amounts(&cents, Currency::iso("EUR").unwrap()).unwrap();
    let months = CohortOptions::default();

    let mut group = criterion.benchmark_group("activity");
    group.sample_size(10).measurement_time(Duration::from_secs(8)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, columns, options) in [
        ("months", plain, months.clone()),
        ("months, amounts", paid, months.clone()),
        ("days", plain, months.clone().period(Period::Day)),
        ("own months, brackets", plain, {
            let brackets = RetentionKind::Bracket(Brackets::default());
            months.clone().clock(PeriodClock::SinceFirst).kind(brackets)
        }),
    ] {
        group.bench_function(BenchmarkId::new(format!("cohorts by {name}"), RECORDS), |bencher| {
            bencher.iter(|| cohort_table(black_box(columns), &options));
        });
    }
    group.bench_function(BenchmarkId::new("revenue retention by months", RECORDS), |bencher| {
        bencher.iter(|| revenue_retention(black_box(paid), &months));
    });
    group.bench_function(BenchmarkId::new("limits of inactivity", RECORDS), |bencher| {
        bencher.iter(|| inactivity_limits(black_box(plain), &LimitOptions::default()));
    });
    group.finish();
}

criterion_group!(benches, retention);
criterion_main!(benches);
