//! Lifetime value: from records of purchases to summaries, and from summaries to scores; fits of every model, and what is asked
//! of each customer.
//!
//! `cargo bench --bench clv`; with `--features cxo-core/rayon` the fits use all threads; the log is one thread's.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]
#![allow(clippy::expect_used, reason = "parameters and ages are above 0")]

mod splitmix;

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::{
    Confidence, Seed,
    clv::{
        BgCnbd, BgNbd, FitOptions, MbgNbd, MergeRule, ParetoNbd, PurchaseColumns, PurchaseModel, Rate, RfmOptions,
        RfmScoring, Summaries, Summary, SummaryOptions, TimeUnit,
    },
    domain::{Currency, Day},
};
use splitmix::column;

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

const RECORDS: usize = 10_000_000;
const CUSTOMERS: u64 = 1_000_000;
const DAYS: u64 = 730;

#[allow(clippy::unwrap_used, reason = "the currency and the columns are right")]
fn logs(criterion: &mut Criterion) {
    let customers = column(RECORDS, 1, |random| u32::try_from(random % CUSTOMERS).unwrap_or_default());
    let days = column(RECORDS, 2, |random| i32::try_from(random % DAYS).unwrap_or_default());
    let cents = column(RECORDS, 3, |random| i64::try_from(random % 20_000).unwrap_or_default());
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
    let mut group = criterion.benchmark_group("scores");
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

criterion_group!(benches, fits, questions, logs);
criterion_main!(benches);
