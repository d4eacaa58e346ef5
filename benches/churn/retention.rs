//! From a log of activity to cohorts, revenue retention and limits of inactivity.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use cxo_core::{
    churn::retention::{
        Brackets, CohortOptions, LimitOptions, PeriodClock, RetentionKind, cohort_table, inactivity_limits,
        revenue_retention,
    },
    clv::PurchaseColumns,
    domain::{Currency, Period},
};

use super::splitmix::column;

const RECORDS: usize = 10_000_000;
const CUSTOMERS: u64 = 1_000_000;
const DAYS: u64 = 730;

pub(crate) fn retention(criterion: &mut Criterion) {
    let customers = column(RECORDS, 1, |random| u32::try_from(random % CUSTOMERS).unwrap_or_default());
    let days = column(RECORDS, 2, |random| i32::try_from(random % DAYS).unwrap_or_default());
    let cents = column(RECORDS, 3, |random| i64::try_from(random % 20_000).unwrap_or_default());
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
