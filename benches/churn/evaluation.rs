//! How fast are predictions of churn judged? A million scores; concordance of a hundred thousand durations.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use cxo_core::Confidence;
use cxo_core::churn::Durations;
use cxo_core::churn::calibration::{Binning, PredictionsFrom, hosmer_lemeshow, reliability};
use cxo_core::churn::concordance::concordance;
use cxo_core::churn::evaluation::{AucInterval, Predictions, Ranking, auc_difference};

use super::splitmix::uniform;

fn predictions(rows: usize) -> Predictions {
    let probabilities: Vec<f64> = uniform(1).map(|u| u * u).take(rows).collect();
    let observed = probabilities.iter().zip(uniform(2)).map(|(probability, u)| u < *probability).collect();
    Predictions::new(observed, probabilities).unwrap()
}

pub(crate) fn evaluation(criterion: &mut Criterion) {
    let million = predictions(1_000_000);
    let other: Vec<f64> = million.probabilities().iter().zip(uniform(3)).map(|(p, u)| p + u).collect();
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
    let risk: Vec<f64> = uniform(4).take(100_000).collect();
    let times: Vec<f64> = risk.iter().zip(uniform(5)).map(|(risk, u)| -(1.0 - u).ln() / (2.0 * risk).exp()).collect();
    let seen = uniform(6).map(|u| u < 0.4).take(100_000).collect();
    let durations = Durations::new(times, seen).unwrap();
    group.bench_function("concordance_with_error_100k", |bencher| {
        bencher.iter(|| concordance(black_box(&durations), black_box(&risk), Confidence::P95).unwrap());
    });
    group.finish();
}
