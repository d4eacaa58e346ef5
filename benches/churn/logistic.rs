//! Logistic regression: fits, paths, profiles and scores.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion};
use cxo_core::{
    Confidence,
    churn::{
        Durations, Features,
        hazard::{DiscreteHazard, DiscreteHazardOptions},
        logistic::{Logistic, LogisticOptions, Outcomes, Path, PathOptions, Penalty},
    },
};

/// Normal columns of different sizes, and outcomes that depend on most of them.
fn customers(rows: usize, columns: usize) -> (Features, Outcomes) {
    let mut drawn = super::splitmix::uniform(7);
    let mut uniform = || drawn.next().unwrap_or_default();
    let mut values = vec![Vec::with_capacity(rows); columns];
    let mut happened = Vec::with_capacity(rows);
    for _ in 0..rows {
        let mut logit = -1.0;
        for (column, of) in values.iter_mut().enumerate() {
            let normal = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
            logit += 0.1 * ((column % 7) as f64 - 3.0) * normal;
            of.push(normal * (column + 1) as f64 + 3.0);
        }
        happened.push(uniform() < 1.0 / (1.0 + (-logit).exp()));
    }
    let named = values.into_iter().enumerate().map(|(at, values)| (format!("x{at}"), values));
    (Features::new(named.collect()).expect("finite"), Outcomes::new(happened).expect("rows"))
}

pub(crate) fn fits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("logistic");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(300));
    for (rows, columns) in [(7_043, 23), (1_000_000, 20)] {
        let (features, outcomes) = customers(rows, columns);
        let size = format!("{rows} x {columns}");
        group.bench_function(BenchmarkId::new("none, with standard errors", &size), |bencher| {
            bencher.iter(|| {
                let model = Logistic::fit(black_box(&features), &outcomes, &LogisticOptions::default());
                model.expect("an answer").coefficients(Confidence::P95)
            });
        });
        let model = Logistic::fit(&features, &outcomes, &LogisticOptions::default()).expect("an answer");
        group.bench_function(BenchmarkId::new("probabilities", &size), |bencher| {
            bencher.iter(|| model.probabilities(black_box(&features)));
        });
        if rows > 100_000 {
            continue;
        }
        for penalty in [Penalty::l2(1.0), Penalty::l1(1.0), Ok(Penalty::FIRTH)] {
            let penalty = penalty.expect("a strength above 0");
            let options = LogisticOptions::default().penalty(penalty);
            group.bench_function(BenchmarkId::new(penalty.name(), &size), |bencher| {
                bencher.iter(|| Logistic::fit(black_box(&features), &outcomes, &options));
            });
        }
        group.bench_function(BenchmarkId::new("path of 100 strengths of L1", &size), |bencher| {
            bencher.iter(|| Path::fit(black_box(&features), &outcomes, &PathOptions::default()));
        });
        let row: Vec<f64> = model.means().iter().map(|mean| mean + 1.0).collect();
        group.bench_function(BenchmarkId::new("logit of a row", &size), |bencher| {
            bencher.iter(|| model.logit(black_box(&row)));
        });
        group.bench_function(BenchmarkId::new("variance of the logit of a row", &size), |bencher| {
            bencher.iter(|| model.logit_variance(black_box(&row)));
        });
    }
    group.finish();
}

/// 100,000 customers in up to 24 periods.
pub(crate) fn hazards(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hazard");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(300));
    let (features, outcomes) = customers(100_000, 10);
    let times = (0..100_000).map(|row| f64::from(1 + row * 7919 % 24)).collect();
    let durations = Durations::new(times, outcomes.happened().to_vec()).expect("durations above 0");
    group.bench_function("intercepts, 100000 x 10, 24 periods", |bencher| {
        bencher.iter(|| DiscreteHazard::fit(black_box(&durations), &features, &DiscreteHazardOptions::default()));
    });
    group.finish();
}
