//! Survey metrics: columns of scores to counts, and counts to intervals.
//!
//! `cargo bench --bench survey`; with `--features cxo-core/rayon` the column kernels use all threads.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

mod splitmix;

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::{
    Confidence,
    survey::{Nps, NpsMethod, Scale, Tally},
};
use splitmix::column;

#[allow(clippy::cast_possible_truncation, reason = "below the modulus")]
fn scores(rows: usize) -> Vec<u8> {
    column(rows, 1, |random| (random % 11) as u32).into_iter().map(|score| score as u8).collect()
}

#[allow(clippy::cast_possible_truncation, reason = "below the modulus")]
fn keys(rows: usize, segments: u64) -> Vec<u32> {
    column(rows, 2, |random| (random % segments) as u32)
}

fn columns(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("columns");
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    for rows in [10_000_000, 100_000_000] {
        let scores = scores(rows);
        group.throughput(Throughput::Bytes(rows as u64));
        group.bench_with_input(BenchmarkId::new("nps", rows), &scores, |bencher, scores| {
            bencher.iter(|| Nps::from_scores(black_box(scores)));
        });
        if rows > 10_000_000 {
            continue;
        }
        group.bench_with_input(BenchmarkId::new("tally", rows), &scores, |bencher, scores| {
            bencher.iter(|| Tally::from_scores(black_box(scores), Scale::NPS));
        });
        let random = keys(rows, 1000);
        let mut sorted = random.clone();
        sorted.sort_unstable();
        for (name, keys) in [("random", random), ("sorted", sorted)] {
            group.bench_function(BenchmarkId::new(format!("nps by 1000 {name} segments"), rows), |bencher| {
                bencher.iter(|| Nps::by_segment(black_box(&keys), black_box(&scores), 1000));
            });
            group.bench_function(BenchmarkId::new(format!("tally by 1000 {name} segments"), rows), |bencher| {
                bencher.iter(|| Tally::by_segment(black_box(&keys), black_box(&scores), 1000, Scale::NPS));
            });
        }
    }
    group.finish();
}

fn intervals(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("intervals");
    group.measurement_time(Duration::from_secs(1)).warm_up_time(Duration::from_millis(300));
    let nps = Nps { promoters: 4200, passives: 3100, detractors: 2700 };
    for method in NpsMethod::ALL {
        group.bench_function(BenchmarkId::new(method.name(), 10_000), |bencher| {
            bencher.iter(|| black_box(&nps).estimate(method, black_box(Confidence::P95)));
        });
    }
    group.finish();
}

criterion_group!(benches, columns, intervals);
criterion_main!(benches);
