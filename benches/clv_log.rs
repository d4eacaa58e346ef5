//! From records of purchases to summaries, and from summaries to scores.
//!
//! `cargo bench --bench clv_log`; one thread.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::{
    Confidence,
    clv::{MergeRule, PurchaseColumns, RfmOptions, RfmScoring, SummaryOptions, TimeUnit},
    domain::{Currency, Day},
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
fn summaries(criterion: &mut Criterion) {
    let customers = column(1, |random| u32::try_from(random % CUSTOMERS).unwrap_or_default());
    let days = column(2, |random| i32::try_from(random % DAYS).unwrap_or_default());
    let cents = column(3, |random| i64::try_from(random % 20_000).unwrap_or_default());
    let micros: Vec<i64> =
        days.iter().zip(&cents).map(|(day, cents)| (i64::from(*day) * 86_400 + cents) * 1_000_000).collect();
    let currency = Currency::iso("EUR").unwrap();
    let by_day = PurchaseColumns::of_days(&customers, &days).unwrap().amounts(&cents, currency).unwrap();
    let by_instant = PurchaseColumns::of_timestamps(&customers, &micros).unwrap().amounts(&cents, currency).unwrap();
    let weeks = SummaryOptions::default().unit(TimeUnit::Week);

    let mut group = criterion.benchmark_group("purchase log");
    group.sample_size(10).measurement_time(Duration::from_secs(8)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, columns, options) in [
        ("days", by_day, weeks),
        ("days, holdout", by_day, weeks.until(Day(500)).holdout_until(Day(729))),
        ("days, merged by week", by_day, weeks.merge(MergeRule::Unit)),
        ("instants by day", by_instant, weeks),
        ("instants", by_instant, weeks.merge(MergeRule::None)),
    ] {
        group.bench_function(BenchmarkId::new(name, RECORDS), |bencher| {
            bencher.iter(|| black_box(columns).summaries(&options));
        });
    }
    group.finish();

    let answer = by_day.summaries(&weeks).unwrap();
    let mut group = criterion.benchmark_group("customers");
    group.sample_size(10).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(CUSTOMERS));
    for scoring in RfmScoring::ALL {
        let options = RfmOptions::default().scoring(*scoring);
        group.bench_function(BenchmarkId::new(format!("rfm, {scoring}"), CUSTOMERS), |bencher| {
            bencher.iter(|| black_box(&answer).rfm(&options));
        });
    }
    group.bench_function(BenchmarkId::new("rates", CUSTOMERS), |bencher| {
        bencher.iter(|| black_box(&answer).rates(Confidence::P95));
    });
    group.finish();
}

criterion_group!(benches, summaries);
criterion_main!(benches);
