//! Lifetime value: fits of every model and what is asked of each customer.
//!
//! `cargo bench --bench clv`; with `--features cxo-core/rayon` the fits use all threads.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::expect_used, reason = "parameters and ages are above 0")]

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use cxo_core::{
    Confidence, Seed,
    clv::{BgCnbd, BgNbd, FitOptions, MbgNbd, ParetoNbd, PurchaseModel, Rate, Summaries, Summary},
};

/// Customers of the Pareto/NBD with the parameters of CDNOW, in weeks, first seen in the first half of the time.
fn customers(count: usize) -> Summaries {
    let ages: Vec<f64> = (0..count).map(|customer| 39.0 + (customer * 7919 % 275) as f64 / 7.0).collect();
    let model = ParetoNbd::new([0.553, 10.58, 0.606, 11.67]).expect("parameters above 0");
    model.simulate(&ages, Seed(1)).and_then(|simulated| simulated.summaries()).expect("ages above 0")
}

fn fits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fit");
    group.sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    let options = FitOptions::default();
    for count in [2_357, 1_000_000] {
        let summaries = customers(count);
        let mut run = |name: &str, fit: &dyn Fn(&Summaries)| {
            group.bench_with_input(BenchmarkId::new(name, count), &summaries, |bencher, summaries| {
                bencher.iter(|| fit(black_box(summaries)));
            });
        };
        run("bg-nbd", &|rows| drop(black_box(BgNbd::fit(rows, &options))));
        run("mbg-nbd", &|rows| drop(black_box(MbgNbd::fit(rows, &options))));
        run("bg-cnbd, k = 2", &|rows| drop(black_box(BgCnbd::fit(rows, 2, &options))));
        run("pareto-nbd", &|rows| drop(black_box(ParetoNbd::fit(rows, &options))));
    }
    group.finish();
}

/// One question to each of 10,000 customers.
fn questions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("customers");
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    let histories: Vec<Summary> = customers(10_000).iter().map(|(history, _)| history).collect();
    let bg = BgNbd::new([0.243, 4.414, 0.793, 2.426]).expect("parameters above 0");
    let pareto = ParetoNbd::new([0.553, 10.58, 0.606, 11.67]).expect("parameters above 0");
    let models: [(&str, &dyn PurchaseModel); 2] = [("bg-nbd", &bg), ("pareto-nbd", &pareto)];
    let rate = Rate::effective(0.15, 52.0).expect("a rate above 0");
    for (name, model) in models {
        let mut ask = |question: &str, answer: &dyn Fn(&Summary) -> f64| {
            group.bench_function(format!("{name}/{question}"), |bencher| {
                bencher.iter(|| histories.iter().map(|history| answer(black_box(history))).sum::<f64>());
            });
        };
        ask("probability alive", &|history| model.outlook(history).probability_alive());
        ask("expected purchases", &|history| model.outlook(history).expected_purchases(39.0).unwrap_or_default());
        ask("prediction limits", &|history| {
            model.outlook(history).prediction_limits(39.0, Confidence::P95).map_or(0.0, |limits| limits.upper as f64)
        });
        ask("residual transactions", &|history| model.outlook(history).discounted_residual_transactions(rate));
    }
    group.finish();
}

criterion_group!(benches, fits, questions);
criterion_main!(benches);
