//! From distinct paths to exact removal effects, other attributions, and intervals over customers.
//!
//! The paths are like those of published tables: 10,000 of twelve channels, a
//! few channels on most of them, some very rare.

use std::{hint::black_box, time::Duration};

use criterion::Criterion;
use cxo_core::Seed;
use cxo_core::domain::Timestamp;
use cxo_core::journey::{AttributionModel, AttributionOptions, Event, EventLog, JourneyOptions, PathCount, Paths};
use cxo_core::stats::resampling::Bootstrap;

use super::splitmix::uniform;

/// One path: each channel half as likely as the one before, one to thirty steps.
fn path(draws: &mut impl Iterator<Item = f64>) -> Vec<&'static str> {
    const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let mut draw = || draws.next().unwrap_or(0.5);
    let length = ((-draw().ln() * 6.0) as usize).min(29) + 1;
    (0..length).map(|_| NAMES[((-draw().log2()) as usize).min(11)]).collect()
}

fn table() -> Paths {
    let (mut paths, mut draws) = (Paths::default(), uniform(1));
    while paths.len() < 10_000 {
        let path = path(&mut draws);
        let conversions = u64::from(draws.next().is_some_and(|draw| draw < 0.3));
        paths.add(path, PathCount::new(conversions, 3, 0.0).unwrap()).unwrap();
    }
    paths
}

fn log() -> EventLog {
    let (mut log, mut draws) = (EventLog::default(), uniform(2));
    for customer in 0..20_000 {
        let name = format!("{customer}");
        let mut time = 0;
        for channel in path(&mut draws) {
            log.add(&Event::new(&name, channel, Timestamp(time))).unwrap();
            time += 60_000_000;
        }
        if draws.next().is_some_and(|draw| draw < 0.2) {
            log.add(&Event::new(&name, "buy", Timestamp(time))).unwrap();
        }
    }
    log
}

pub(crate) fn attribution(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journey_attribution");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    let paths = table();
    for model in [AttributionModel::Markov, AttributionModel::Shapley, AttributionModel::Linear] {
        group.bench_function(format!("{model}, 10,000 paths"), |bencher| {
            bencher.iter(|| black_box(&paths).attribution(model, 1).unwrap());
        });
    }
    group.bench_function("orders 1 and 2, 10,000 paths", |bencher| {
        bencher.iter(|| black_box(&paths).chain_orders(2).unwrap());
    });
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let options = AttributionOptions::default().bootstrap(Bootstrap::new(200, Seed(1)).unwrap());
    group.bench_function("markov, 20,000 customers, 200 resamples", |bencher| {
        bencher.iter(|| black_box(&journeys).attribution(&["buy"], &options).unwrap());
    });
    group.finish();
}
