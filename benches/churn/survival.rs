//! From durations to a curve of survival with its intervals, and to a test of groups.

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use cxo_core::churn::Durations;
use cxo_core::churn::survival::{EventTable, LogRank, LogRankWeighting, SurvivalOptions};

use super::splitmix::uniform;

const CUSTOMERS: usize = 1_000_000;

/// Three in five leave, a hundredth of a time unit being a day, on a scale of 900 days.
fn durations(shape: impl Fn(f64) -> f64) -> Durations {
    let times = uniform(1).map(|share| shape(-900.0 * share.ln())).take(CUSTOMERS).collect();
    let left = uniform(2).map(|share| share < 0.6).take(CUSTOMERS).collect();
    Durations::new(times, left).unwrap()
}

/// The sum of everything that a curve says, so that nothing is left out.
fn curve(durations: &Durations) -> f64 {
    let table = EventTable::from_durations(durations).unwrap();
    let curve = table.kaplan_meier(&SurvivalOptions::default()).unwrap();
    let bounds = curve.points().map(|point| point.interval.map_or(0.0, |interval| interval.lower + interval.upper));
    bounds.sum::<f64>() + curve.median().time.unwrap_or_default()
}

pub(crate) fn survival(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("survival");
    group.sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(CUSTOMERS as u64));
    for (name, durations) in [
        ("Kaplan-Meier, days", durations(f64::ceil)),
        ("Kaplan-Meier, tenths", durations(|time| (time / 3.0).round() / 10.0)),
        ("Kaplan-Meier, all distinct", durations(|time| time)),
    ] {
        group
            .bench_function(BenchmarkId::new(name, CUSTOMERS), |bencher| bencher.iter(|| curve(black_box(&durations))));
    }
    let days = durations(f64::ceil);
    let names: Vec<&str> = uniform(3).map(|share| if share < 0.5 { "a" } else { "b" }).take(CUSTOMERS).collect();
    group.bench_function(BenchmarkId::new("log-rank of two groups, days", CUSTOMERS), |bencher| {
        bencher.iter(|| {
            let groups = EventTable::by_group(black_box(&days), &names).unwrap();
            LogRank::new(&groups).unwrap().test(LogRankWeighting::LogRank)
        });
    });
    group.finish();
}
