//! From records to a log, journeys, their map, variants and a funnel: a million events of 18 touchpoints, about eight a journey.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput};
use cxo_core::{
    domain::Timestamp,
    journey::{Event, EventLog, Funnel, FunnelDefinition, JourneyOptions},
};

const EVENTS: u64 = 1_000_000;
const TOUCHPOINTS: [&str; 18] = [
    "account", "cart", "catalog", "checkout", "compare", "delivery", "filter", "help", "home", "login", "pay",
    "product", "promo", "purchase", "review", "search", "support", "wishlist",
];

/// Customers, touchpoints and times of a splitmix64 sequence, in order of time: the same in every run. Half of the touchpoints
/// follow from the one before, so that some variants are frequent.
fn records() -> Vec<(String, &'static str, i64)> {
    let mut state = 7_u64;
    let mut last = vec![0_usize; 125_000];
    (0..EVENTS)
        .map(|at| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let random = usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or_default();
            let customer = random % last.len();
            let drawn = random / last.len();
            let touchpoint = if drawn.is_multiple_of(2) { (last[customer] + 1) % 18 } else { drawn / 2 % 18 };
            last[customer] = touchpoint;
            let time = i64::try_from(at).unwrap_or_default() * 1_000_000;
            (format!("customer-{customer}"), TOUCHPOINTS[touchpoint], time)
        })
        .collect()
}

fn log(records: &[(String, &str, i64)]) -> EventLog {
    let mut log = EventLog::default();
    for (customer, touchpoint, time) in records {
        log.add(&Event::new(customer, touchpoint, Timestamp(*time))).unwrap();
    }
    log
}

pub(crate) fn journey(criterion: &mut Criterion) {
    let records = records();
    let log = log(&records);
    let options = JourneyOptions::default();
    let journeys = log.journeys(&options).unwrap();
    let mut group = criterion.benchmark_group("journey");
    group.sample_size(20).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(300));
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("log from records", |bencher| bencher.iter(|| self::log(black_box(&records)).len()));
    group.bench_function("journeys from a log", |bencher| {
        bencher.iter(|| black_box(&log).journeys(&options).unwrap().len());
    });
    group.bench_function("directly-follows graph", |bencher| bencher.iter(|| black_box(&journeys).flow()));
    group.bench_function("map with times", |bencher| bencher.iter(|| black_box(&journeys).map()));
    group.bench_function("variants", |bencher| bencher.iter(|| black_box(&journeys).variants().len()));
    let funnel =
        Funnel::new(["home", "product", "cart", "checkout", "pay"]).unwrap().window(7 * 86_400_000_000).unwrap();
    for &definition in FunnelDefinition::ALL {
        let mut funnel = funnel.clone().definition(definition);
        if definition == FunnelDefinition::OrderedWithExclusion {
            funnel = funnel.excluding(["support"]);
        }
        group.bench_function(format!("funnel of 5 steps, {definition}"), |bencher| {
            bencher.iter(|| black_box(&journeys).funnel(&funnel).unwrap());
        });
    }
    group.finish();
}
