//! Proportional hazards and accelerated failure time: fits with standard errors, one thread.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion};
use cxo_core::churn::{
    Durations, Features,
    cox::{Cox, CoxCustomer, CoxOptions, CoxRows, TimeTransform},
};

const COLUMNS: usize = 20;

/// Customers whose hazard depends on 20 columns, a third of them flags, with a third of them seen to leave; times in steps, so
/// that there are ties, or not.
fn customers(rows: usize, step: f64) -> (Durations, Features) {
    let mut drawn = super::splitmix::uniform(1);
    let mut uniform = move || drawn.next().unwrap_or_default();
    let mut columns = vec![Vec::new(); COLUMNS];
    let (mut times, mut observed) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for _ in 0..rows {
        let mut linear = 0.0;
        for (number, column) in columns.iter_mut().enumerate() {
            let value = if number % 3 == 0 { f64::from(u8::from(uniform() < 0.3)) } else { uniform() + uniform() };
            linear += (number as f64 - 9.5) * 0.04 * value;
            column.push(value);
        }
        let leaves = -(1.0 - uniform()).ln() * (3.0 - linear).exp();
        let until = 12.0 * uniform();
        let time: f64 = leaves.min(until);
        times.push(if step > 0.0 { (time / step).ceil() * step } else { time });
        observed.push(leaves <= until);
    }
    let named = columns.into_iter().enumerate().map(|(number, column)| (format!("x{number}"), column));
    let features = Features::new(named.collect()).expect("finite columns");
    (Durations::new(times, observed).expect("times above 0"), features)
}

pub(crate) fn fits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cox fit");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(300));
    for rows in [7_032, 100_000, 1_000_000] {
        for (name, step) in [("continuous", 0.0), ("72 times", 1.0 / 6.0)] {
            let (durations, features) = customers(rows, step);
            let data = CoxRows::new(&durations, &features).expect("as many rows");
            group.bench_with_input(BenchmarkId::new(name, rows), &data, |bencher, data| {
                bencher.iter(|| Cox::fit(black_box(data), &CoxOptions::default()).expect("it converges"));
            });
        }
    }
    group.finish();
}

pub(crate) fn questions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cox");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(300));
    let (durations, features) = customers(100_000, 0.0);
    let rows = CoxRows::new(&durations, &features).expect("as many rows");
    let options = CoxOptions::default();
    let cox = Cox::fit(&rows, &options).expect("it converges");
    group.bench_function("robust fit/100000", |bencher| bencher.iter(|| Cox::fit(&rows, &options.robust())));
    group.bench_function("proportionality/100000", |bencher| {
        bencher.iter(|| cox.proportionality(&rows, TimeTransform::Km));
    });
    let forecast = cox.forecast(&rows, &[3.0, 6.0, 9.0]).expect("times ascend");
    group
        .bench_function("forecast of 3 times/100000", |bencher| bencher.iter(|| cox.forecast(&rows, &[3.0, 6.0, 9.0])));
    let customer = vec![0.5; COLUMNS];
    group.bench_function("survival of a customer at 3 times", |bencher| {
        bencher.iter(|| forecast.survival(black_box(&CoxCustomer::new(&customer))));
    });
    group.finish();
}
