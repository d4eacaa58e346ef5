//! How fast is a risk scored? One row with its reasons, with and without limits; a million rows, column by column.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use cxo_core::churn::risk::{ChurnModel, Column, Limits, Table, Target, TrainOptions, Value, train};

use super::splitmix::uniform;

const PLANS: [&str; 4] = ["basic", "family", "premium", "student"];

/// Numbers, and as many columns of plans as asked for.
fn table(rows: usize, width: u64, plans: u64) -> Table {
    let mut columns: Vec<(String, Column)> = (0..width)
        .map(|column| (format!("x{column}"), Column::numbers(uniform(column + 1).take(rows).collect())))
        .collect();
    columns.extend((0..plans).map(|column| {
        let texts = uniform(100 + column).take(rows).map(|u| PLANS.get((u * 4.0) as usize).copied());
        (format!("plan{column}"), Column::texts(texts))
    }));
    let left = uniform(1).zip(uniform(99)).take(rows).map(|(x, u)| f64::from(u8::from(u < 0.1 + 0.3 * x)));
    columns.push(("left".into(), Column::numbers(left.collect())));
    Table::new(columns).unwrap()
}

fn model(width: u64, plans: u64) -> ChurnModel {
    train(&table(5000, width, plans), &Target::churn("left"), &TrainOptions::default()).unwrap().model
}

pub(crate) fn one_row(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("churn risk, one row");
    for (name, width, plans) in [("20 numbers", 20, 0), ("10 numbers, 10 plans", 10, 10)] {
        let (model, table) = (model(width, plans), table(100, width, plans));
        let rows: Vec<Vec<Value<'_>>> = (0..100).map(|row| model.schema().row(&table, row).unwrap()).collect();
        let mut contributions = vec![0.0; model.schema().features().len()];
        let mut each = |what: &str, limits: Limits| {
            let mut next = rows.iter().cycle();
            group.bench_function(format!("{name}, {what}"), |bencher| {
                bencher.iter(|| {
                    let row = next.next().map(Vec::as_slice).unwrap_or_default();
                    model.explain(black_box(row), &limits, &mut contributions).unwrap()
                });
            });
        };
        each("reasons", Limits::OMITTED);
        each("reasons and limits", Limits::default());
    }
    group.finish();
}

pub(crate) fn million(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("churn risk, 1M rows");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    let (numbers, plans) = ((model(20, 0), table(1_000_000, 20, 0)), (model(5, 5), table(1_000_000, 5, 5)));
    for (name, (model, table)) in [("20 numbers", &numbers), ("5 numbers, 5 plans", &plans)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| model.scores(black_box(table), &Limits::OMITTED).unwrap());
        });
    }
    let (model, table) = &numbers;
    group.sample_size(10);
    group.bench_function("20 numbers, limits", |bencher| {
        bencher.iter(|| model.scores(black_box(table), &Limits::default()).unwrap());
    });
    group.finish();
}
