//! How fast are predictions of churn judged? A million scores; concordance of a hundred thousand durations.
#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros and a benchmark that fails by panicking")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use cxo_core::Confidence;
use cxo_core::churn::Durations;
use cxo_core::churn::calibration::{Binning, PredictionsFrom, hosmer_lemeshow, reliability};
use cxo_core::churn::concordance::concordance;
use cxo_core::churn::evaluation::{AucInterval, Predictions, Ranking, auc_difference};

/// Uniform numbers by a linear congruence (Knuth 1997, 3.3.4).
fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

fn predictions(rows: usize) -> Predictions {
    let probabilities: Vec<f64> = numbers(1).map(|u| u * u).take(rows).collect();
    let observed = probabilities.iter().zip(numbers(2)).map(|(probability, u)| u < *probability).collect();
    Predictions::new(observed, probabilities).unwrap()
}

fn evaluation(criterion: &mut Criterion) {
    let million = predictions(1_000_000);
    let other: Vec<f64> = million.probabilities().iter().zip(numbers(3)).map(|(p, u)| p + u).collect();
    let mut group = criterion.benchmark_group("churn_evaluation");
    group.sample_size(20).measurement_time(Duration::from_secs(4));
    let (observed, scores) = (million.observed(), million.probabilities());
    group.bench_function("auc_with_delong_1m", |bencher| {
        bencher.iter(|| {
            let ranking = Ranking::new(black_box(observed), black_box(scores)).unwrap();
            ranking.auc(AucInterval::Wald, Confidence::P95).unwrap()
        });
    });
    group.bench_function("average_precision_1m", |bencher| {
        let ranking = million.ranking();
        bencher.iter(|| ranking.average_precision(Confidence::P95).unwrap());
    });
    group.bench_function("auc_difference_1m", |bencher| {
        bencher.iter(|| auc_difference(black_box(observed), scores, &other, Confidence::P95).unwrap());
    });
    group.bench_function("reliability_1m", |bencher| {
        bencher.iter(|| reliability(black_box(&million), Binning::Quantile(10), Confidence::P95).unwrap());
    });
    group.bench_function("hosmer_lemeshow_1m", |bencher| {
        bencher.iter(|| hosmer_lemeshow(black_box(&million), 10, PredictionsFrom::Fresh).unwrap());
    });
    let risk: Vec<f64> = numbers(4).take(100_000).collect();
    let times: Vec<f64> = risk.iter().zip(numbers(5)).map(|(risk, u)| -(1.0 - u).ln() / (2.0 * risk).exp()).collect();
    let seen = numbers(6).map(|u| u < 0.4).take(100_000).collect();
    let durations = Durations::new(times, seen).unwrap();
    group.bench_function("concordance_with_error_100k", |bencher| {
        bencher.iter(|| concordance(black_box(&durations), black_box(&risk), Confidence::P95).unwrap());
    });
    group.finish();
}

criterion_group!(benches, evaluation);
criterion_main!(benches);
