//! Cohorts, revenue retention, spells, labels, limits and activation: against naive ways, on CDNOW, and what must hold of every
//! log.
#![cfg(feature = "serde")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, FixedOffset, Months, NaiveDate, Utc};
use cxo_core::churn::retention::{
    ActivationOptions, Behavior, Brackets, ChurnDefinition, CohortOptions, CohortTable, ContractEnd, Contracts,
    LabelOptions, LimitOptions, PeriodClock, RetentionKind, Spell, SpellEnd, Spells, activation, cohort_table,
    inactivity_limits, revenue_retention,
};
use cxo_core::clv::{PurchaseColumns, PurchaseLog};
use cxo_core::domain::{Amount, Currency, Day, Period, Timestamp};
use cxo_core::stats::design::{Design, Ratio};
use cxo_core::stats::multiplicity::{Multiplicity, adjust};
use cxo_core::stats::proportion::ProportionMethod;
use cxo_core::{Absent, Confidence, ErrorKind, Probability, Seed, State};
use proptest::{prelude::*, sample::select};

const P95: Confidence = Confidence::P95;

/// Customer, day and cents.
type Record = (u8, i32, i64);

fn euro() -> Currency {
    Currency::iso("EUR").unwrap()
}

fn name(customer: u8) -> String {
    format!("customer {customer}")
}

fn log(records: &[Record]) -> PurchaseLog {
    let mut log = PurchaseLog::in_currency(euro());
    for &(customer, day, cents) in records {
        log.add(&name(customer), Day(day), Some(Amount(cents))).unwrap();
    }
    log
}

fn day(text: &str) -> Day {
    Day::from_date(text.parse().unwrap())
}

fn date(day: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(day).unwrap()
}

/// So many periods later, as the calendar library has it.
fn later(from: i32, period: Period, many: u32) -> i32 {
    let from = date(from);
    let then = match period {
        Period::Day => from.checked_add_days(Days::new(many.into())),
        Period::Week => from.checked_add_days(Days::new(7 * u64::from(many))),
        Period::Month => from.checked_add_months(Months::new(many)),
        Period::Quarter => from.checked_add_months(Months::new(3 * many)),
        Period::Year => from.checked_add_months(Months::new(12 * many)),
    };
    then.unwrap().to_epoch_days()
}

/// A cell of the naive table: period, through, customers of the cohort, those retained, mature.
type Cell = (u32, Option<u32>, u64, u64, bool);

/// The cells of a cohort, and period, revenue and maturity of each period.
type Rows = (Vec<Cell>, Vec<(u32, i64, bool)>);

/// The cohorts the slow way: each question asked of each customer's days.
fn naive_cohorts(records: &[Record], options: &Options) -> BTreeMap<i32, Rows> {
    let Options { period, clock, ref kind, until } = *options;
    let mut first: BTreeMap<u8, i32> = BTreeMap::new();
    for &(customer, day, _) in records.iter().filter(|(_, day, cents)| *day <= until && *cents >= 0) {
        let known = first.entry(customer).or_insert(day);
        *known = day.min(*known);
    }
    let start_of = |day: i32| Day(day).start_of(period).unwrap().0;
    // Where period N begins for a customer with this first day.
    let begins = |first: i32, n: u32| match clock {
        PeriodClock::Calendar => later(start_of(first), period, n),
        PeriodClock::SinceFirst => later(first, period, n),
    };
    let starts: BTreeSet<i32> = first.values().map(|day| start_of(*day)).collect();
    let mut table = BTreeMap::new();
    for start in starts {
        let members: Vec<(u8, i32)> =
            first.iter().map(|(of, day)| (*of, *day)).filter(|(_, day)| start_of(*day) == start).collect();
        let next = later(start, period, 1);
        // Observed by everybody who could be in the cohort.
        let complete = |n: u32| next - 1 <= until && (start..next).all(|first| begins(first, n + 1) - 1 <= until);
        let shown: Vec<u32> = (0..1000).take_while(|n| later(start, period, *n) <= until).collect();
        let active = |customer: u8, from: i32, to: i32| {
            records
                .iter()
                .any(|&(of, day, cents)| of == customer && cents >= 0 && (from..to).contains(&day) && day <= until)
        };
        let retained = |from: u32, through: Option<u32>| {
            members
                .iter()
                .filter(|(of, first)| {
                    let end = through.map_or(i32::MAX, |through| begins(*first, through + 1));
                    active(*of, begins(*first, from), end)
                })
                .count() as u64
        };
        let columns: Vec<(u32, Option<u32>, bool)> = match kind {
            RetentionKind::NDay => shown.iter().map(|n| (*n, Some(*n), complete(*n))).collect(),
            RetentionKind::Unbounded { follow_up } => {
                shown.iter().map(|n| (*n, None, complete(if *n == 0 { 0 } else { n + follow_up }))).collect()
            }
            // 1-2, 3-4, …
            RetentionKind::Bracket(_) => {
                let begun = shown.iter().filter(|n| *n % 2 == 1);
                begun.map(|n| (*n, Some(n + 1), complete(n + 1))).collect()
            }
        };
        let size = members.len() as u64;
        let cells =
            columns.into_iter().map(|(n, through, mature)| (n, through, size, retained(n, through), mature)).collect();
        let revenue = shown.iter().map(|&n| {
            let paid = records.iter().filter(|(of, day, _)| {
                members.iter().any(|(member, first)| {
                    member == of && *day >= *first && (begins(*first, n)..begins(*first, n + 1)).contains(day)
                }) && *day <= until
            });
            // A refund of the first day, or later.
            (n, paid.map(|(_, _, cents)| cents).sum(), complete(n))
        });
        table.insert(start, (cells, revenue.collect()));
    }
    table
}

#[derive(Debug, Clone)]
struct Options {
    period: Period,
    clock: PeriodClock,
    kind: RetentionKind,
    until: i32,
}

fn found_cohorts(table: &CohortTable) -> BTreeMap<i32, Rows> {
    let cells = |cohort: &cxo_core::churn::retention::Cohort| {
        let retained = cohort.retained.iter().map(|c| (c.period, c.through, c.at_risk, c.customers, c.mature));
        let revenue = cohort.revenue.iter().map(|c| (c.period, c.amount.0, c.mature));
        (cohort.start.0, (retained.collect(), revenue.collect()))
    };
    table.cohorts.iter().map(cells).collect()
}

fn options() -> impl Strategy<Value = Options> {
    let period = select(Period::ALL);
    let kind = prop_oneof![
        Just(RetentionKind::NDay),
        (0..3_u32).prop_map(|follow_up| RetentionKind::Unbounded { follow_up }),
        Just(RetentionKind::Bracket(Brackets::of_width(2).unwrap())),
    ];
    (period, select(PeriodClock::ALL), kind, 0..500_i32).prop_map(|(period, clock, kind, until)| Options {
        period,
        clock,
        kind,
        until,
    })
}

/// Days of several months, among them the last and the first of some.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let days = prop_oneof![4 => 0..400_i32, 1 => select(&[30, 31, 58, 59, 89, 90, 119, 120, 364, 365][..])];
    prop::collection::vec((0..8_u8, days, prop_oneof![8 => 0..900_i64, 1 => -500..0_i64]), 1..60)
}

/// Fewer days, for what is scanned day by day.
fn short_records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((0..6_u8, 0..150_i32, prop_oneof![8 => 0..900_i64, 1 => -500..0_i64]), 1..50)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn cohorts_are_those_of_the_slow_way(records in records(), options in options()) {
        let log = log(&records);
        let Options { period, clock, ref kind, until } = options;
        // The slow way over days takes long by day.
        prop_assume!(period != Period::Day || until < 60);
        let asked = CohortOptions::default().period(period).clock(clock).kind(kind.clone()).until(Day(until));
        let table = match cohort_table(log.columns().unwrap(), &asked) {
            Ok(table) => table,
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::NoData);
                prop_assert!(records.iter().all(|(_, day, _)| *day > until));
                return Ok(());
            }
        };
        let wanted = naive_cohorts(&records, &options);
        prop_assert_eq!(found_cohorts(&table), wanted);
        let counts = table.counts;
        let customers: BTreeSet<u8> = records.iter().map(|record| record.0).collect();
        prop_assert_eq!(counts.customers + counts.born_later + counts.without_activity, customers.len() as u64);
        prop_assert_eq!(counts.customers, table.cohorts.iter().map(|cohort| cohort.customers).sum::<u64>());
        prop_assert_eq!(counts.later, records.iter().filter(|(_, day, _)| *day > until).count() as u64);
        prop_assert_eq!(counts.refunds, records.iter().filter(|(_, day, cents)| *day <= until && *cents < 0).count() as u64);
        // What was paid is in the table once, but for the refunds of nobody.
        let paid: i64 = table.cohorts.iter().flat_map(|cohort| &cohort.revenue).map(|cell| cell.amount.0).sum();
        if counts.unmatched_refunds == 0 {
            prop_assert_eq!(paid, records.iter().filter(|(_, day, _)| *day <= until).map(|record| record.2).sum::<i64>());
        }
    }

    #[test]
    fn shares_and_curve_hold_what_they_promise(records in records(), options in options()) {
        let Options { period, clock, kind, until } = options;
        let asked = CohortOptions::default().period(period).clock(clock).until(Day(until));
        let Ok(table) = cohort_table(log(&records).columns().unwrap(), &asked.clone().kind(kind.clone())) else { return Ok(()) };
        for point in table.curve() {
            let cells = table.cohorts.iter().flat_map(|cohort| &cohort.retained).filter(|cell| cell.period == point.period);
            let mature: Vec<_> = cells.filter(|cell| cell.mature).collect();
            prop_assert_eq!(point.cohorts, mature.len() as u64);
            prop_assert_eq!(point.at_risk, mature.iter().map(|cell| cell.at_risk).sum::<u64>());
            prop_assert_eq!(point.customers, mature.iter().map(|cell| cell.customers).sum::<u64>());
            let share = point.share(ProportionMethod::Wilson, P95).unwrap();
            prop_assert!((0.0..=1.0).contains(&share.value));
            match share.interval {
                Ok(interval) => prop_assert!(interval.contains(share.value) && point.period > 0),
                Err(reason) => prop_assert!(reason == Absent::ByDefinition && share.value == 1.0),
            }
        }
        let of_unbounded = cohort_table(log(&records).columns().unwrap(), &asked.clone().kind(RetentionKind::UNBOUNDED)).unwrap();
        let of_days = cohort_table(log(&records).columns().unwrap(), &asked).unwrap();
        for (cohort, plain) in of_unbounded.cohorts.iter().zip(&of_days.cohorts) {
            prop_assert!(cohort.retained.windows(2).all(|pair| pair[0].customers >= pair[1].customers));
            for (cell, plain) in cohort.retained.iter().zip(&plain.retained) {
                prop_assert!(cell.customers >= plain.customers && plain.mature >= cell.mature);
                let share = plain.share(ProportionMethod::Wilson, P95).unwrap();
                prop_assert_eq!(share.interval.err() == Some(Absent::Immature), !plain.mature);
            }
        }
    }

    #[test]
    fn neither_order_nor_shards_change_a_table(records in records(), options in options(), at in 0..8_u8) {
        let Options { period, clock, kind, until } = options;
        let asked = CohortOptions::default().period(period).clock(clock).kind(kind).until(Day(until));
        let whole = log(&records);
        let mut reversed = records.clone();
        reversed.reverse();
        let (some, others): (Vec<Record>, Vec<Record>) = records.iter().partition(|record| record.0 < at);
        let mut merged = log(&others);
        merged.merge(&log(&some)).unwrap();
        let wanted = cohort_table(whole.columns().unwrap(), &asked);
        for same in [log(&reversed), merged] {
            prop_assert_eq!(&cohort_table(same.columns().unwrap(), &asked), &wanted);
            let revenue = revenue_retention(whole.columns().unwrap(), &asked);
            prop_assert_eq!(revenue_retention(same.columns().unwrap(), &asked), revenue);
        }
    }

    #[test]
    fn revenue_moves_as_the_slow_way_has_it(records in records(), until in 0..500_i32, period in select(&Period::ALL[1..])) {
        let asked = CohortOptions::default().period(period).until(Day(until));
        let log = log(&records);
        let Ok(found) = revenue_retention(log.columns().unwrap(), &asked) else { return Ok(()) };
        let start_of = |day: i32| Day(day).start_of(period).unwrap().0;
        let first = start_of(records.iter().map(|record| record.1).min().unwrap());
        let starts: Vec<i32> = (0..1000).map(|n| later(first, period, n)).take_while(|start| later(*start, period, 1) - 1 <= until).collect();
        prop_assert_eq!(found.len(), starts.len().saturating_sub(1));
        let paid = |customer: u8, start: i32| -> i64 {
            let inside = records.iter().filter(|(of, day, _)| *of == customer && start_of(*day) == start);
            inside.map(|record| record.2).sum::<i64>().max(0)
        };
        for (at, period) in found.iter().enumerate() {
            let (before, now) = (starts[at], starts[at + 1]);
            prop_assert_eq!(period.start, Day(now));
            let mut sums = [(0_u64, 0_i64); 7];
            let mut put = |place: usize, amount: i64| { sums[place].0 += 1; sums[place].1 += amount; };
            let mut columns: [Vec<f64>; 3] = Default::default();
            for customer in 0..8 {
                let (x, y) = (paid(customer, before), paid(customer, now));
                let ever = starts[..=at].iter().any(|start| paid(customer, *start) > 0);
                if x > 0 {
                    put(0, x);
                    columns[0].push(x as f64);
                    columns[1].push(x.min(y) as f64);
                    columns[2].push(y as f64);
                }
                match (x, y) {
                    (0, 0) => {}
                    (0, _) if ever => put(5, y),
                    (0, _) => put(4, y),
                    (_, 0) => put(1, x),
                    _ if y < x => put(2, x - y),
                    _ if y > x => put(3, y - x),
                    _ => {}
                }
                if y > 0 { put(6, y); }
            }
            let flows = [period.opening, period.churned, period.contraction, period.expansion, period.new, period.reactivated, period.closing];
            prop_assert_eq!(flows.map(|flow| (flow.customers, flow.amount.0)), sums);
            let [opening, churned, contraction, expansion, new, reactivated, closing] = flows.map(|flow| flow.amount.0);
            prop_assert_eq!(opening - churned - contraction + expansion + new + reactivated, closing);
            let (Ok(gross), Ok(net)) = (period.gross_retention(P95), period.net_retention(P95)) else {
                prop_assert_eq!(opening, 0);
                prop_assert_eq!(period.logo_churn(ProportionMethod::Wilson, P95).err(), Some(Absent::NoObservations));
                continue;
            };
            prop_assert!((0.0..=1.0).contains(&gross.value) && net.value >= gross.value);
            // The linearised error of a ratio, by the module of designed samples.
            let weights = vec![1.0; columns[0].len()];
            for (estimate, numerator) in [(gross, &columns[1]), (net, &columns[2])] {
                let wanted = Design::new(&weights).unwrap().ratio(Ratio { numerator, denominator: &columns[0] }).unwrap();
                prop_assert!((estimate.value - wanted.value).abs() < 1e-12 * (1.0 + wanted.value));
                match (estimate.standard_error, wanted.standard_error) {
                    (Ok(found), Ok(wanted)) => prop_assert!((found - wanted).abs() < 1e-7 * (1.0 + wanted), "{found} {wanted}"),
                    (found, wanted) => prop_assert_eq!(found, wanted),
                }
                if let Ok(interval) = estimate.interval {
                    prop_assert!(interval.contains(estimate.value) && interval.lower >= 0.0);
                }
            }
            let churn = period.logo_churn(ProportionMethod::Wilson, P95).unwrap();
            prop_assert_eq!(churn.value, period.churned.customers as f64 / period.opening.customers as f64);
        }
    }
}

/// The days from 0 to `until` on which a customer is one, by inactivity: walking through the days as one would live them.
fn days_as_customer(records: &[Record], customer: u8, limit: i32, until: i32) -> Vec<bool> {
    let mut latest = None;
    (0..=until)
        .map(|today| {
            if records.iter().any(|&(of, day, cents)| of == customer && day == today && cents >= 0) {
                latest = Some(today);
            }
            latest.is_some_and(|latest| today - latest <= limit)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn spells_are_what_was_lived_through(records in short_records(), limit in 1..40_u32, until in 0..160_i32) {
        let log = log(&records);
        let Ok(spells) = Spells::from_activity(&log, limit, Day(until), &Utc) else {
            prop_assert!(records.iter().all(|(_, day, cents)| *day > until || *cents < 0));
            return Ok(());
        };
        let mut lived: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        for Spell { customer, start, end, .. } in spells.iter() {
            let days = lived.entry(spells.name(customer).unwrap().to_owned()).or_insert_with(|| vec![false; usize::try_from(until + 1).unwrap()]);
            let to = match end { SpellEnd::Churned(day) => day.0, SpellEnd::Censored(day) => { prop_assert_eq!(day, Day(until)); day.0 + 1 } };
            for at in start.0..to {
                let at = usize::try_from(at).unwrap();
                prop_assert!(!days[at], "spells do not overlap");
                days[at] = true;
            }
        }
        for customer in 0..6 {
            let wanted = days_as_customer(&records, customer, i32::try_from(limit).unwrap(), until);
            let found = lived.get(&name(customer)).cloned().unwrap_or_else(|| vec![false; wanted.len()]);
            prop_assert_eq!(found, wanted);
        }
        let durations = spells.durations().unwrap();
        prop_assert_eq!(durations.rows(), spells.len());
        let churned = spells.iter().filter(|spell| matches!(spell.end, SpellEnd::Churned(_))).count();
        prop_assert_eq!(durations.events(), churned as u64);
    }

    #[test]
    fn labels_are_what_was_lived_through(
        records in short_records(), limit in 1..40_u32, lead in 0..20_u32, horizon in 1..40_u32, snapshots in prop::collection::vec(0..100_i32, 1..4),
    ) {
        let until = 160;
        let log = log(&records);
        let Ok(spells) = Spells::from_activity(&log, limit, Day(until), &Utc) else { return Ok(()) };
        let days: Vec<Day> = snapshots.iter().map(|day| Day(*day)).collect();
        let options = LabelOptions::at(&days).lead_days(lead).horizon_days(horizon);
        let snapshots: BTreeSet<i32> = snapshots.into_iter().collect();
        let (mut wanted, mut in_lead) = (BTreeMap::new(), 0);
        for customer in 0..6 {
            let lived = days_as_customer(&records, customer, i32::try_from(limit).unwrap(), until);
            let is = |day: i32| lived[usize::try_from(day).unwrap()];
            for &snapshot in snapshots.iter().filter(|day| is(**day)) {
                let left = (snapshot..=until).find(|day| !is(*day));
                let opens = snapshot + i32::try_from(lead).unwrap();
                if left.is_some_and(|day| day <= opens) {
                    in_lead += 1;
                } else {
                    let churned = left.is_some_and(|day| day <= opens + i32::try_from(horizon).unwrap());
                    wanted.insert((name(customer), snapshot), churned);
                }
            }
        }
        let Ok(labels) = spells.labels(&options) else {
            prop_assert!(wanted.is_empty());
            return Ok(());
        };
        let found: BTreeMap<_, _> = labels.iter().map(|row| ((labels.name(row.customer).unwrap().to_owned(), row.snapshot.0), row.churned)).collect();
        let counts = labels.counts();
        prop_assert_eq!((counts.labeled, counts.left_in_lead, counts.censored), (found.len() as u64, in_lead, 0));
        prop_assert_eq!(counts.churned, found.values().filter(|churned| **churned).count() as u64);
        prop_assert_eq!(counts.at_risk, counts.labeled + counts.left_in_lead);
        prop_assert_eq!(found, wanted);
        let mut sorted: Vec<_> = labels.iter().map(|row| (row.customer, row.snapshot)).collect();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, labels.iter().map(|row| (row.customer, row.snapshot)).collect::<Vec<_>>());
    }

    /// Whatever happens after a snapshot, the features of its rows are the same bits, and so is who is at risk.
    #[test]
    fn no_feature_sees_the_future(records in short_records(), other in short_records(), snapshots in prop::collection::vec(0..100_i32, 1..4)) {
        let whole = log(&records);
        let Ok(spells) = Spells::from_activity(&whole, 30, Day(160), &Utc) else { return Ok(()) };
        let days: Vec<Day> = snapshots.iter().map(|day| Day(*day)).collect();
        let options = LabelOptions::at(&days).lead_days(3).horizon_days(30);
        let Ok(labels) = spells.labels(&options) else { return Ok(()) };
        let windows = [7, 30, 90];
        let seen = labels.activity_features(&whole, &Utc, &windows).unwrap();
        let latest = labels.features(&whole, &Utc, &["latest"], |history, values| {
            values[0] = history.records.last().map_or(-1.0, |(day, _)| f64::from(day.0));
        }).unwrap();
        for (at, row) in labels.iter().enumerate() {
            prop_assert!(latest.columns()[0][at] <= f64::from(row.snapshot.0));
            // Another future: what was recorded later is gone, and something else has happened.
            let mut past: Vec<Record> = records.iter().copied().filter(|(_, day, _)| *day <= row.snapshot.0).collect();
            let at_risk_then = Spells::from_activity(&log(&past), 30, row.snapshot, &Utc).unwrap();
            let open = at_risk_then.iter().filter(|spell| matches!(spell.end, SpellEnd::Censored(_)));
            prop_assert!(open.into_iter().any(|spell| at_risk_then.name(spell.customer) == labels.name(row.customer) && spell.start == row.since));
            past.extend(other.iter().map(|&(customer, day, cents)| (customer, row.snapshot.0 + 1 + day, cents)));
            let then = labels.activity_features(&log(&past), &Utc, &windows).unwrap();
            for (column, changed) in seen.columns().iter().zip(then.columns()) {
                prop_assert_eq!(column[at].to_bits(), changed[at].to_bits());
            }
        }
    }

    #[test]
    fn features_are_those_of_the_slow_way(records in short_records(), snapshot in 0..100_i32, window in 1..120_u32) {
        let whole = log(&records);
        let Ok(spells) = Spells::from_activity(&whole, 30, Day(160), &Utc) else { return Ok(()) };
        let Ok(labels) = spells.labels(&LabelOptions::at(&[Day(snapshot)])) else { return Ok(()) };
        let features = labels.activity_features(&whole, &Utc, &[window]).unwrap();
        let names = ["tenure_days".to_owned(), "silence_days".to_owned(), format!("active_days_{window}"), format!("amount_{window}")];
        prop_assert_eq!(features.names(), &names[..]);
        for (at, row) in labels.iter().enumerate() {
            let mine: Vec<Record> = records.iter().copied().filter(|(of, day, _)| name(*of) == labels.name(row.customer).unwrap() && *day <= snapshot).collect();
            let active: BTreeSet<i32> = mine.iter().filter(|record| record.2 >= 0).map(|record| record.1).collect();
            let recent = |day: i32| snapshot - day < i32::try_from(window).unwrap();
            let amount: i64 = mine.iter().filter(|record| recent(record.1)).map(|record| record.2).sum();
            let wanted = [
                f64::from(snapshot - mine.iter().map(|record| record.1).min().unwrap()),
                f64::from(snapshot - active.last().unwrap()),
                active.iter().filter(|day| recent(**day)).count() as f64,
                amount as f64 / 100.0,
            ];
            prop_assert_eq!(features.columns().iter().map(|column| column[at]).collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn limits_are_those_of_the_slow_way(records in short_records(), follow_up in 1..40_u32, every in 1..20_u32, until in 60..170_i32) {
        let candidates = [5, 12, 30];
        let whole = log(&records);
        let asked = LimitOptions::default().candidates(&candidates).follow_up_days(follow_up).every_days(every).until(Day(until));
        let Ok(choice) = inactivity_limits(whole.columns().unwrap(), &asked) else {
            prop_assert!(records.iter().all(|(_, day, _)| day + i32::try_from(follow_up).unwrap() > until));
            return Ok(());
        };
        let after = i32::try_from(follow_up).unwrap();
        let first = records.iter().map(|record| record.1).min().unwrap();
        let mut dates: Vec<i32> = (first..=until - after).rev().step_by(every as usize).collect();
        dates.reverse();
        prop_assert_eq!(choice.dates.iter().map(|day| day.0).collect::<Vec<_>>(), dates.clone());
        for (candidate, limit) in choice.candidates.iter().zip(candidates) {
            let (mut clusters, mut returned) = (Vec::new(), Vec::new());
            for customer in 0..6_u8 {
                let days: Vec<i32> = records.iter().filter(|(of, _, cents)| *of == customer && *cents >= 0).map(|record| record.1).collect();
                for &date in &dates {
                    let latest = days.iter().filter(|day| **day <= date).max();
                    if latest.is_some_and(|latest| date - latest > i32::try_from(limit).unwrap()) {
                        clusters.push(u32::from(customer));
                        returned.push(f64::from(u8::from(days.iter().any(|day| (date + 1..=date + after).contains(day)))));
                    }
                }
            }
            prop_assert_eq!(candidate.limit_days, limit);
            prop_assert_eq!(candidate.alarms, clusters.len() as u64);
            prop_assert_eq!(candidate.false_alarms as f64, returned.iter().sum::<f64>());
            prop_assert_eq!(candidate.customers, clusters.iter().collect::<BTreeSet<_>>().len() as u64);
            if clusters.len() < 6 {
                continue;
            }
            // The module of designed samples, with a row for each alarm, has the same clustered error.
            let weights = vec![1.0; clusters.len()];
            let wanted = Design::new(&weights).unwrap().clusters(&clusters).unwrap().mean(&returned).unwrap();
            let rate = candidate.rate.unwrap();
            prop_assert!((rate.value - wanted.value).abs() < 1e-12);
            match (rate.standard_error, wanted.standard_error) {
                (Ok(found), Ok(wanted)) => {
                    prop_assert!((found - wanted).abs() < 1e-7, "{found} {wanted}");
                    prop_assert!(rate.interval.unwrap().contains(rate.value));
                }
                (found, wanted) => prop_assert_eq!(found, wanted),
            }
        }
    }
}

/// Contracts as (customer, first day, days, how it ended).
fn contract_rows() -> impl Strategy<Value = Vec<(u8, i32, i32, u8)>> {
    prop::collection::vec((0..5_u8, 0..100_i32, 0..60_i32, 0..8_u8), 1..20)
}

fn contracts(rows: &[(u8, i32, i32, u8)]) -> Contracts {
    let mut contracts = Contracts::default();
    for &(customer, start, days, how) in rows {
        let end = Day(start + days);
        let end = match how {
            0 => ContractEnd::Running,
            1 => ContractEnd::Lost(end),
            _ => ContractEnd::Left(end),
        };
        contracts.add(&name(customer), Day(start), end).unwrap();
    }
    contracts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Without losses, a customer is one on each day of a contract and on the days of grace after it.
    #[test]
    fn contracts_last_as_long_as_they_are_covered(rows in contract_rows(), grace in 0..20_u32, until in 0..140_i32) {
        let rows: Vec<_> = rows.into_iter().map(|(customer, start, days, how)| (customer, start, days, if how == 1 { 2 } else { how })).collect();
        let contracts = contracts(&rows);
        let Ok(spells) = contracts.spells(grace, Day(until)) else {
            prop_assert!(rows.iter().all(|(_, start, ..)| *start > until));
            return Ok(());
        };
        let covered = |customer: u8, today: i32| rows.iter().any(|&(of, start, days, how)| {
            of == customer && start <= today && (how == 0 || today <= start + days + i32::try_from(grace).unwrap())
        });
        let lives = |customer: u8, today: i32| spells.iter().any(|spell| {
            spells.name(spell.customer) == Some(&name(customer)) && spell.start.0 <= today && match spell.end {
                SpellEnd::Churned(day) => today < day.0,
                SpellEnd::Censored(day) => today <= day.0,
            }
        });
        for customer in 0..5 {
            for today in 0..=until {
                prop_assert_eq!(lives(customer, today), covered(customer, today), "{} on {}", customer, today);
            }
        }
    }

    #[test]
    fn contracts_answer_alike_in_any_order(rows in contract_rows(), at in 0..5_u8) {
        let by_name = |contracts: &Contracts| {
            contracts.spells(7, Day(120)).map(|spells| {
                let mut rows: Vec<_> = spells.iter().map(|spell| (spells.name(spell.customer).unwrap().to_owned(), spell.start, spell.end)).collect();
                rows.sort_by_key(|row| (row.0.clone(), row.1));
                rows
            })
        };
        let wanted = by_name(&contracts(&rows));
        let mut reversed = rows.clone();
        reversed.reverse();
        prop_assert_eq!(&by_name(&contracts(&reversed)), &wanted);
        let (some, others): (Vec<_>, Vec<_>) = rows.iter().copied().partition(|row| row.0 < at);
        let mut merged = contracts(&others);
        merged.merge(&contracts(&some)).unwrap();
        prop_assert_eq!(&by_name(&merged), &wanted);
        if let Some(shared) = rows.first() {
            let error = contracts(&rows).merge(&contracts(&[*shared])).unwrap_err();
            prop_assert_eq!(error.kind(), ErrorKind::Incompatible);
        }
    }
}

#[test]
fn customers_who_are_lost_in_the_window_are_left_out_and_counted() {
    let mut contracts = Contracts::default();
    for (customer, end) in [
        ("stays", ContractEnd::Running),
        ("leaves in the window", ContractEnd::Left(Day(120))),
        ("leaves after it", ContractEnd::Left(Day(150))),
        ("leaves in the lead", ContractEnd::Left(Day(105))),
        ("left before", ContractEnd::Left(Day(99))),
        ("lost in the lead", ContractEnd::Lost(Day(103))),
        ("lost in the window", ContractEnd::Lost(Day(130))),
        ("lost after it", ContractEnd::Lost(Day(140))),
        ("lost before", ContractEnd::Lost(Day(90))),
    ] {
        contracts.add(customer, Day(0), end).unwrap();
    }
    contracts.add("comes later", Day(101), ContractEnd::Running).unwrap();
    let spells = contracts.spells(0, Day(200)).unwrap();
    assert_eq!(spells.definition(), ChurnDefinition::ContractEnd { grace_days: 0 });
    // The window is (110, 140].
    let labels = spells.labels(&LabelOptions::at(&[Day(100)]).lead_days(10).horizon_days(30)).unwrap();
    let rows: Vec<_> = labels.iter().map(|row| (labels.name(row.customer).unwrap(), row.churned)).collect();
    let wanted =
        [("stays", false), ("leaves in the window", true), ("leaves after it", false), ("lost after it", false)];
    assert_eq!(rows, wanted);
    let counts = labels.counts();
    assert_eq!((counts.at_risk, counts.left_in_lead, counts.censored, counts.labeled, counts.churned), (7, 1, 2, 4, 1));
    // Who has no activity is silent since the contract began.
    let features = labels.activity_features(&PurchaseLog::default(), &Utc, &[30]).unwrap();
    assert_eq!(features.columns(), [vec![100.0; 4], vec![100.0; 4], vec![0.0; 4]]);
}

#[test]
fn a_window_must_be_observed_to_its_end() {
    let spells = Spells::from_activity(&log(&[(1, 0, 1), (1, 20, 1)]), 30, Day(60), &Utc).unwrap();
    let of = |snapshot: i32, lead: u32, horizon: u32| {
        let options = LabelOptions::at(&[Day(snapshot)]).lead_days(lead).horizon_days(horizon);
        spells.labels(&options).map(|labels| labels.rows())
    };
    assert_eq!(of(20, 10, 30), Ok(1));
    let error = of(21, 10, 30).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert_eq!(
        error.to_string(),
        "snapshot is 1970-01-22, allowed: 1970-01-21 or earlier, as observation ends on 1970-03-02"
    );
    assert_eq!(of(20, 0, 0).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(of(0, u32::MAX, u32::MAX).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(of(-5, 0, 30).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(spells.labels(&LabelOptions::at(&[])).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(Spells::from_activity(&log(&[(1, 0, 1)]), 0, Day(60), &Utc).unwrap_err().kind(), ErrorKind::Input);
    for (limit, until) in [(u32::MAX, Day(i32::MAX)), (1, Day(-1))] {
        let _ = Spells::from_activity(&log(&[(1, 0, 1)]), limit, until, &Utc).map(|spells| spells.durations());
    }
}

/// A limit of 31 days allows for 31 days without activity, and no more.
#[test]
fn a_silence_of_just_the_limit_is_none() {
    let ends = |second: i32| {
        let spells = Spells::from_activity(&log(&[(1, 82, 1), (1, second, 1)]), 31, Day(120), &Utc).unwrap();
        spells.iter().map(|spell| (spell.start.0, spell.end)).collect::<Vec<_>>()
    };
    assert_eq!(ends(114), [(82, SpellEnd::Censored(Day(120)))]);
    assert_eq!(ends(115), [(82, SpellEnd::Churned(Day(114))), (115, SpellEnd::Censored(Day(120)))]);
}

#[test]
fn contracts_refuse_what_is_none() {
    let mut contracts = Contracts::default();
    assert_eq!(contracts.add("", Day(0), ContractEnd::Running).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(contracts.add("ann", Day(1), ContractEnd::Left(Day(0))).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(contracts.spells(0, Day(0)).unwrap_err().kind(), ErrorKind::NoData);
    assert!(contracts.is_empty() && contracts.customers() == 0 && contracts.name(0).is_none());
    contracts.add("ann", Day(i32::MIN), ContractEnd::Left(Day(i32::MAX))).unwrap();
    let spells = contracts.spells(u32::MAX, Day(i32::MAX)).unwrap();
    assert_eq!(spells.iter().next().unwrap().end, SpellEnd::Censored(Day(i32::MAX)));
    assert!(spells.durations().is_ok());
    let text = serde_json::to_string(&contracts).unwrap();
    let read: Contracts = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    let wrong = text.replace("2147483647", "-2147483648").replace("[0,-2147483648,", "[0,0,");
    assert!(serde_json::from_str::<Contracts>(&wrong).is_err(), "{wrong}");
    assert!(serde_json::from_str::<Contracts>(&text.replace("[0,", "[1,")).is_err());
}

#[test]
fn questions_that_have_no_answer_say_so() {
    let plain = [1_u32, 1];
    let without = PurchaseColumns::of_days(&plain, &[0, 50]).unwrap();
    let asked = CohortOptions::default();
    assert_eq!(revenue_retention(without, &asked).unwrap_err().kind(), ErrorKind::Input);
    assert!(cohort_table(without, &asked).unwrap().cohorts[0].revenue.is_empty());
    assert_eq!(cohort_table(without, &asked.clone().until(Day(-1))).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(PurchaseLog::default().columns().unwrap_err().kind(), ErrorKind::NoData);
    let of_nobody = PurchaseColumns::of_days(&[], &[]).unwrap();
    assert_eq!(cohort_table(of_nobody, &asked).unwrap_err().kind(), ErrorKind::NoData);
    let wrong_date = PurchaseColumns::of_days(&plain, &[0, 1_000_000]).unwrap();
    assert_eq!(cohort_table(wrong_date, &asked).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(cohort_table(wrong_date, &asked.clone().period(Period::Year)).unwrap().cohorts.len(), 1);
    let of = |options: &LimitOptions| inactivity_limits(without, options).map(|choice| choice.dates.len());
    let limits = LimitOptions::default().follow_up_days(10).every_days(10);
    assert_eq!(of(&limits), Ok(5));
    for refused in [limits.clone().candidates(&[]), limits.clone().follow_up_days(0), limits.clone().every_days(0)] {
        assert_eq!(of(&refused).unwrap_err().kind(), ErrorKind::Input);
    }
    assert_eq!(of(&limits.clone().until(Day(3_000_000)).every_days(1)).unwrap_err().kind(), ErrorKind::Input);
    for none in [limits.clone().follow_up_days(51), limits.clone().until(Day(i32::MIN))] {
        assert_eq!(of(&none).unwrap_err().kind(), ErrorKind::NoData);
    }
    let choice = inactivity_limits(without, &limits).unwrap();
    assert_eq!(choice.candidates[0].rate.unwrap().standard_error, Err(Absent::OneCluster));
    assert_eq!(choice.candidates[5].rate, Err(Absent::NoObservations));
    let never = Probability::new(0.0).unwrap();
    assert_eq!(choice.smallest_surely_under(never).unwrap_err(), Absent::NotReached);
    let great = log(&[(1, 0, i64::MAX), (1, 1, i64::MAX)]);
    assert_eq!(cohort_table(great.columns().unwrap(), &asked).unwrap_err().kind(), ErrorKind::Overflow);
    assert_eq!(revenue_retention(great.columns().unwrap(), &asked).unwrap_err().kind(), ErrorKind::Overflow);
}

#[test]
fn instants_fall_on_the_days_of_their_zone() {
    let mut log = PurchaseLog::default();
    // Half an hour before midnight UTC of January 31: February in Vienna.
    let at = Timestamp(day("2026-01-31").0.into());
    let instant = Timestamp(at.0 * 86_400_000_000 + 23 * 3_600_000_000 + 1_800_000_000);
    log.add("ann", instant, None).unwrap();
    let of = |options: &CohortOptions<FixedOffset>| cohort_table(log.columns().unwrap(), options).unwrap();
    let utc = FixedOffset::east_opt(0).unwrap();
    assert_eq!(of(&CohortOptions::default().zone(utc)).cohorts[0].start, day("2026-01-01"));
    let east = FixedOffset::east_opt(3600).unwrap();
    assert_eq!(of(&CohortOptions::default().zone(east)).cohorts[0].start, day("2026-02-01"));
    let spells = Spells::from_activity(&log, 1, day("2026-02-01"), &east).unwrap();
    assert_eq!(spells.iter().next().unwrap().start, day("2026-02-01"));
}

/// Numbers of a splitmix64 sequence.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Customers who share something with a friend at a constant rate as long as they are there, and leave at another: sharing has
/// nothing to do with leaving. Those who stay longer share more often, so a comparison without a landmark is wrong.
#[test]
fn a_landmark_does_not_take_time_for_effect() {
    let Seed(seed) = Seed(4);
    let mut draws = Draws(seed);
    let (mut contracts, mut shares) = (Contracts::default(), PurchaseLog::default());
    let mut ever = [[0_u32; 2]; 2];
    for number in 0..4000 {
        let customer = format!("customer {number}");
        #[allow(clippy::cast_possible_truncation)] // Some hundreds of days.
        let life = (-60.0 * draws.next().ln()) as i32;
        let end = if life > 300 { ContractEnd::Running } else { ContractEnd::Left(Day(life)) };
        contracts.add(&customer, Day(0), end).unwrap();
        let mut shared = false;
        for day in (0..=life.min(300)).filter(|_| draws.next() < 0.1) {
            shares.add(&customer, Day(day), None).unwrap();
            shared = true;
        }
        ever[usize::from(shared)][usize::from(life > 37)] += 1;
    }
    let spells = contracts.spells(0, Day(300)).unwrap();
    let options = ActivationOptions::default().thresholds(&[1, 2]);
    let found = activation(&spells, &[Behavior { name: "share", log: &shares }], &options).unwrap();
    // Whoever ever shared seems to stay far more often.
    let share = |of: [u32; 2]| f64::from(of[1]) / f64::from(of[0] + of[1]);
    assert!(share(ever[1]) - share(ever[0]) > 0.4);
    for effect in &found.effects {
        let comparison = effect.comparison.unwrap();
        let interval = comparison.difference.interval.unwrap();
        assert!(interval.contains(0.0) && interval.width() < 0.2, "{effect:?}");
        assert!(comparison.ratio.unwrap().interval.unwrap().contains(1.0));
        assert!(comparison.adjusted_p_value.unwrap() >= comparison.difference.p_value.unwrap());
    }
    let counts = found.counts;
    assert_eq!(counts.customers, 4000);
    assert_eq!(counts.at_risk + counts.left_before + counts.immature + counts.censored, 4000);
    // Of those still there on day 7, exp(-30 / 60) stay for 30 days more.
    let stays = counts.retained as f64 / counts.at_risk as f64;
    assert!((stays - (-0.5_f64).exp()).abs() < 0.03, "{stays}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn activation_is_that_of_the_slow_way(
        rows in contract_rows(), first in short_records(), second in short_records(), landmark in 0..30_u32, horizon in 1..30_u32, until in 50..150_i32,
    ) {
        let contracts = contracts(&rows);
        let Ok(spells) = contracts.spells(0, Day(until)) else { return Ok(()) };
        let logs = [log(&first), log(&second)];
        let behaviors = [Behavior { name: "a", log: &logs[0] }, Behavior { name: "b", log: &logs[1] }];
        let options = ActivationOptions::default().landmark_days(landmark).horizon_days(horizon).thresholds(&[2, 1]).multiplicity(Multiplicity::Hochberg);
        let Ok(found) = activation(&spells, &behaviors, &options) else { return Ok(()) };
        let mut by_customer: BTreeMap<u32, Spell> = BTreeMap::new();
        for spell in spells.iter() {
            let known = by_customer.entry(spell.customer).or_insert(spell);
            if spell.start < known.start { *known = spell; }
        }
        let mut p_values = Vec::new();
        for (effect, (records, k)) in found.effects.iter().zip([(&first, 1), (&first, 2), (&second, 1), (&second, 2)]) {
            let mut groups = [(0, 0); 2];
            for spell in by_customer.values() {
                let at = spell.start.0 + i32::try_from(landmark).unwrap();
                let closes = at + i32::try_from(horizon).unwrap();
                let left = match spell.end { SpellEnd::Churned(day) => Some(day.0), SpellEnd::Censored(_) => None };
                let seen = match spell.end { SpellEnd::Censored(day) => day.0, SpellEnd::Churned(_) => i32::MAX };
                if closes > until || left.is_some_and(|left| left <= at) || seen < closes { continue; }
                let many = records.iter().filter(|(of, day, _)| spells.name(spell.customer) == Some(&name(*of)) && (spell.start.0..=at).contains(day)).count();
                let group = &mut groups[usize::from(many >= k)];
                group.0 += 1;
                group.1 += u64::from(left.is_none_or(|left| left > closes));
            }
            prop_assert_eq!([(effect.did_not.customers, effect.did_not.retained), (effect.did.customers, effect.did.retained)], groups);
            match effect.comparison {
                Ok(comparison) => {
                    let [without, with] = groups.map(|(n, x)| x as f64 / n as f64);
                    prop_assert!((comparison.difference.value - (with - without)).abs() < 1e-12);
                    prop_assert_eq!(comparison.ratio.is_ok(), groups[0].1 > 0);
                    if let Ok(p) = comparison.difference.p_value { p_values.push((p, comparison.adjusted_p_value)); }
                }
                Err(reason) => prop_assert!(reason == Absent::NoObservations && groups.iter().any(|group| group.0 == 0)),
            }
        }
        let adjusted = adjust(&p_values.iter().map(|(p, _)| *p).collect::<Vec<_>>(), Multiplicity::Hochberg).unwrap();
        prop_assert_eq!(p_values.iter().map(|(_, p)| p.unwrap()).collect::<Vec<_>>(), adjusted);
        prop_assert!(found.reading.contains("association"));
    }
}

#[test]
fn activation_refuses_what_it_cannot_compare() {
    let activity = log(&[(1, 0, 1), (2, 3, 1)]);
    let spells = Spells::from_activity(&activity, 30, Day(100), &Utc).unwrap();
    let behavior = |name| Behavior { name, log: &activity };
    let of = |behaviors: &[Behavior<'_>], options: &ActivationOptions| {
        activation(&spells, behaviors, options).map(|found| found.effects.len())
    };
    let plain = ActivationOptions::default();
    assert_eq!(of(&[behavior("buys")], &plain), Ok(5));
    for (behaviors, options) in [
        (&[][..], plain.clone()),
        (&[behavior("buys")], plain.clone().thresholds(&[])),
        (&[behavior("buys")], plain.clone().thresholds(&[0, 1])),
        (&[behavior("buys")], plain.clone().horizon_days(0)),
        (&[behavior("")], plain.clone()),
        (&[behavior("buys"), behavior("buys")], plain.clone()),
    ] {
        assert_eq!(of(behaviors, &options).unwrap_err().kind(), ErrorKind::Input);
    }
    // Nobody is left at the landmark, or nobody's window has ended.
    for options in [plain.clone().landmark_days(40), plain.landmark_days(u32::MAX)] {
        assert_eq!(of(&[behavior("buys")], &options).unwrap_err().kind(), ErrorKind::NoData);
    }
    let nobody = PurchaseLog::default();
    let found = activation(&spells, &[Behavior { name: "none", log: &nobody }], &ActivationOptions::default()).unwrap();
    assert!(found.effects.iter().all(|effect| effect.comparison == Err(Absent::NoObservations)));
}

/// The sample of CDNOW, counted by a script of its own.
fn cdnow() -> Option<PurchaseLog> {
    let folder = std::env::var_os("CXO_GOLDEN_DIR").or_else(|| {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        None
    })?;
    let file = std::path::Path::new(&folder).join("../data/clv/cdnow_sample_elog.csv");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut log = PurchaseLog::in_currency(euro());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        log.add(cells[0], day(cells[2]), Some(Amount::parse(cells[4], euro()).unwrap())).unwrap();
    }
    Some(log)
}

#[test]
fn cdnow_by_months() {
    let Some(log) = cdnow() else { return };
    let of = |options: &CohortOptions| cohort_table(log.columns().unwrap(), options).unwrap();
    let counts = |table: &CohortTable, cohort: usize| {
        table.cohorts[cohort].retained.iter().map(|cell| cell.customers).collect::<Vec<_>>()
    };
    let n_day = of(&CohortOptions::default());
    assert_eq!(n_day.cohorts.iter().map(|cohort| cohort.customers).collect::<Vec<_>>(), [781, 857, 719]);
    assert_eq!(counts(&n_day, 0), [781, 124, 95, 70, 65, 77, 65, 53, 52, 45, 62, 59, 45, 47, 63, 37, 37, 33]);
    assert_eq!(counts(&n_day, 2), [719, 87, 84, 78, 63, 64, 55, 57, 73, 65, 47, 51, 78, 32, 38, 45]);
    let revenue: Vec<i64> = n_day.cohorts[1].revenue.iter().take(4).map(|cell| cell.amount.0).collect();
    assert_eq!(revenue, [3343008, 641837, 498366, 359041]);
    // June 1998 ends with the log, so that every cell is mature.
    assert!(n_day.cohorts.iter().all(|cohort| cohort.retained.iter().all(|cell| cell.mature)));
    let curve = n_day.curve();
    assert_eq!((curve[1].cohorts, curve[1].at_risk, curve[1].customers), (3, 2357, 345));
    assert_eq!((curve[17].cohorts, curve[17].at_risk, curve[17].customers), (1, 781, 33));
    let unbounded = of(&CohortOptions::default().kind(RetentionKind::UNBOUNDED));
    assert_eq!(
        counts(&unbounded, 1),
        [857, 378, 343, 318, 300, 284, 260, 250, 235, 222, 206, 189, 173, 154, 125, 97, 60]
    );
    assert!(unbounded.cohorts[1].retained.iter().all(|cell| cell.mature == (cell.period < 16)));
    let brackets = of(&CohortOptions::default().kind(RetentionKind::Bracket(Brackets::default())));
    assert_eq!(counts(&brackets, 0), [206, 155, 115, 123, 115, 62]);
    let last = brackets.cohorts[0].retained[5];
    assert_eq!((last.period, last.through, last.mature), (16, Some(18), false));
    let own = of(&CohortOptions::default().clock(PeriodClock::SinceFirst));
    assert_eq!(counts(&own, 0), [781, 108, 77, 69, 63, 75, 63, 57, 52, 54, 61, 47, 46, 63, 50, 34, 35, 18]);
    // Whoever began on January 31 is in his 17th month.
    assert!(own.cohorts[0].retained.iter().all(|cell| cell.mature == (cell.period < 17)));
    // With a day less June is not over.
    let earlier = of(&CohortOptions::default().until(day("1998-06-29")));
    assert!(earlier.cohorts.iter().all(|cohort| cohort.retained.last().is_some_and(|cell| !cell.mature)));
    assert_eq!(earlier.curve().len(), 17);
}

#[test]
fn cdnow_revenue_by_quarters() {
    let Some(log) = cdnow() else { return };
    let quarters =
        revenue_retention(log.columns().unwrap(), &CohortOptions::default().period(Period::Quarter)).unwrap();
    let rows: Vec<_> = quarters
        .iter()
        .map(|of| {
            let flows = [of.churned, of.contraction, of.expansion, of.reactivated, of.closing];
            (of.opening.customers, of.opening.amount.0, of.churned.customers, flows.map(|flow| flow.amount.0))
        })
        .collect();
    let wanted = [
        (2349, 11249861, 1825, [7171346, 1826449, 1110897, 0, 3362963]),
        (524, 3362963, 310, [1660643, 601442, 557820, 1040033, 2698731]),
        (418, 2698731, 215, [1016533, 569593, 576977, 1121345, 2810927]),
        (404, 2810927, 208, [1062059, 634885, 477293, 897382, 2488658]),
        (384, 2488658, 215, [1059627, 576934, 323824, 622133, 1798054]),
    ];
    assert_eq!(rows, wanted);
    let net = quarters[4].net_retention(P95).unwrap();
    assert!((net.value - (2488658.0 - 1059627.0 - 576934.0 + 323824.0) / 2488658.0).abs() < 1e-15);
}

#[test]
fn cdnow_limit_of_inactivity() {
    let Some(log) = cdnow() else { return };
    let asked = LimitOptions::default().candidates(&[30, 60, 90, 180, 270]);
    let choice = inactivity_limits(log.columns().unwrap(), &asked).unwrap();
    assert_eq!((choice.dates.len(), choice.dates[0]), (17, day("1997-01-08")));
    let wanted = [
        (30249, 4025, 2355, 0.13306224999173527, 0.0042447278699487235),
        (26279, 2925, 2334, 0.1113056052361201, 0.0038580486087993735),
        (22967, 2221, 2302, 0.09670396656071756, 0.0036138876233138416),
        (14956, 1041, 2081, 0.06960417223856646, 0.0035790540356615236),
        (8590, 437, 1753, 0.05087310826542491, 0.003866559950076603),
    ];
    for (found, (alarms, false_alarms, customers, rate, error)) in choice.candidates.iter().zip(wanted) {
        assert_eq!((found.alarms, found.false_alarms, found.customers), (alarms, false_alarms, customers));
        let estimate = found.rate.unwrap();
        assert!((estimate.value - rate).abs() < 1e-15);
        assert!((estimate.standard_error.unwrap() - error).abs() < 1e-12);
        assert!(estimate.effective_n < 30249.0 && estimate.interval.unwrap().contains(rate));
    }
    let under = |rate| choice.smallest_under(Probability::new(rate).unwrap()).map(|found| found.limit_days);
    assert_eq!([under(0.2), under(0.1), under(0.07), under(0.01)], [Ok(30), Ok(90), Ok(180), Err(Absent::NotReached)]);
    let surely = choice.smallest_surely_under(Probability::new(0.1).unwrap()).map(|found| found.limit_days);
    assert_eq!(surely, Ok(180));
}
