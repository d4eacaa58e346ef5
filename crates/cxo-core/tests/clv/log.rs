//! From records of purchases to summaries: against a naive way, and what must hold of every log.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, FixedOffset, NaiveDate};
use cxo_core::clv::{
    CustomerSummaries, CustomerSummary, Holdout, MergeRule, PurchaseColumns, PurchaseLog, PurchaseTime, Refunds,
    SpendBasis, SummaryOptions, TimeUnit, ZeroAmounts,
};
use cxo_core::domain::{Amount, Currency, CustomerId, Day, Timestamp, Transaction};
use cxo_core::{Encode, Error, ErrorKind, State};
use proptest::{prelude::*, sample::select};

const MICROS_PER_DAY: i64 = 86_400_000_000;

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

/// The rows by name, without the numbers that depend on the order of records.
fn rows(log: &PurchaseLog, answer: &CustomerSummaries) -> BTreeMap<String, Row> {
    answer.iter().map(|row| (log.name(row.customer).unwrap().to_owned(), Row::from(row))).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Row {
    frequency: u32,
    times: [f64; 3],
    monetary_value: Option<f64>,
    first: PurchaseTime,
    spend: Option<Amount>,
    holdout: Option<Holdout>,
}

impl From<CustomerSummary> for Row {
    fn from(row: CustomerSummary) -> Self {
        let summary = row.summary;
        Self {
            frequency: summary.frequency(),
            times: [summary.recency(), summary.age(), summary.sum_log_intervals().unwrap()],
            monetary_value: summary.monetary_value(),
            first: row.first_purchase,
            spend: row.spend,
            holdout: row.holdout,
        }
    }
}

/// The choices of one question.
#[derive(Debug, Clone, Copy)]
struct Asked {
    unit: TimeUnit,
    merge: MergeRule,
    until: i32,
    holdout: Option<i32>,
    spend: SpendBasis,
    refunds: Refunds,
    zeros: ZeroAmounts,
}

impl Asked {
    fn options(self) -> SummaryOptions {
        let options = SummaryOptions::default()
            .unit(self.unit)
            .merge(self.merge)
            .until(Day(self.until))
            .spend(self.spend)
            .refunds(self.refunds)
            .zero_amounts(self.zeros);
        self.holdout.map_or(options, |after| options.holdout_until(Day(self.until + after)))
    }
}

/// What one day shares with others of its purchase.
fn label(day: i32, asked: Asked) -> (i32, u32) {
    let date = NaiveDate::from_epoch_days(day).unwrap();
    match (asked.merge, asked.unit) {
        (MergeRule::Unit, TimeUnit::Week) => (date.iso_week().year(), date.iso_week().week()),
        (MergeRule::Unit, TimeUnit::Month) => (date.year(), date.month()),
        _ => (date.year(), date.ordinal()),
    }
}

/// Purchases of a customer within some days: first day and cents of each, and what refunds before all of them came to.
fn purchases(records: &[(i32, i64)], asked: Asked) -> (Vec<(i32, i64)>, i64) {
    let is_purchase = |cents: i64| match cents {
        0 => asked.zeros == ZeroAmounts::Purchase,
        ..0 => asked.refunds == Refunds::Purchase,
        _ => true,
    };
    let mut by_label: BTreeMap<(i32, u32), (i32, i64)> = BTreeMap::new();
    for &(day, cents) in records.iter().filter(|(_, cents)| is_purchase(*cents)) {
        let purchase = by_label.entry(label(day, asked)).or_insert((day, 0));
        *purchase = (purchase.0.min(day), purchase.1 + cents);
    }
    let mut purchases: Vec<(i32, i64)> = by_label.into_values().collect();
    let mut before = 0;
    for &(day, cents) in records.iter().filter(|(_, cents)| *cents < 0 && asked.refunds == Refunds::Net) {
        match purchases.iter_mut().rev().find(|(first, _)| *first <= day) {
            Some(purchase) => purchase.1 += cents,
            None => before += cents,
        }
    }
    (purchases, before)
}

/// The same answer the slow way.
fn naive(records: &[Record], asked: Asked) -> BTreeMap<String, Row> {
    let mut by_customer: BTreeMap<u8, Vec<(i32, i64)>> = BTreeMap::new();
    for &(customer, day, cents) in records {
        by_customer.entry(customer).or_default().push((day, cents));
    }
    let end = asked.until + asked.holdout.unwrap_or(0);
    let of_customer = |(customer, records): (u8, Vec<(i32, i64)>)| {
        let (before, after): (Vec<_>, Vec<_>) =
            records.into_iter().filter(|(day, _)| *day <= end).partition(|(day, _)| *day <= asked.until);
        let ((bought, _), (held, early)) = (purchases(&before, asked), purchases(&after, asked));
        let (first, last) = (bought.first()?.0, bought.last()?.0);
        let units = |days: i32| f64::from(days) / asked.unit.days();
        let over = if asked.spend == SpendBasis::AllPurchases { &bought[..] } else { &bought[1..] };
        let sum = |purchases: &[(i32, i64)]| purchases.iter().map(|(_, cents)| cents).sum::<i64>();
        let logs: f64 = bought.windows(2).map(|pair| units(pair[1].0 - pair[0].0).ln()).sum();
        let row = Row {
            frequency: u32::try_from(bought.len() - 1).unwrap(),
            times: [units(last - first), units(asked.until - first), logs],
            monetary_value: (!over.is_empty()).then(|| sum(over) as f64 / (100 * over.len()) as f64),
            first: Day(first).into(),
            spend: Some(Amount(sum(&bought))),
            holdout: asked.holdout.map(|_| Holdout {
                purchases: u32::try_from(held.len()).unwrap(),
                spend: Some(Amount(sum(&held) + early)),
            }),
        };
        Some((name(customer), row))
    };
    by_customer.into_iter().filter_map(of_customer).collect()
}

fn asked() -> impl Strategy<Value = Asked> {
    (
        (select(TimeUnit::ALL), select(MergeRule::ALL), -30..120_i32, prop::option::of(1..60_i32)),
        (select(SpendBasis::ALL), select(&Refunds::ALL[..3]), select(&ZeroAmounts::ALL[..2])),
    )
        .prop_map(|((unit, merge, until, holdout), (spend, refunds, zeros))| Asked {
            unit,
            merge,
            until,
            holdout,
            spend,
            refunds,
            zeros,
        })
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let cents = prop_oneof![6 => 1..5000_i64, 2 => -3000..0_i64, 1 => Just(0)];
    prop::collection::vec((0..6_u8, -40..110_i32, cents), 1..60)
}

fn assert_same(found: &BTreeMap<String, Row>, expected: &BTreeMap<String, Row>) {
    let close = |one: f64, other: f64| (one - other).abs() <= 1e-12 * (1.0 + other.abs());
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, row) in found {
        let expected = expected[name];
        assert!(row.times.iter().zip(expected.times).all(|(one, other)| close(*one, other)), "{row:?} {expected:?}");
        assert_eq!(Row { times: expected.times, ..*row }, expected, "{name}");
    }
}

proptest! {
    #[test]
    fn agrees_with_the_naive_way(records in records(), asked in asked()) {
        let log = log(&records);
        let expected = naive(&records, asked);
        match log.summaries(&asked.options()) {
            Ok(answer) => {
                assert_same(&rows(&log, &answer), &expected);
                let counts = answer.counts();
                let bought = expected.values().map(|row| u64::from(row.frequency) + 1).sum::<u64>();
                let held = expected.values().filter_map(|row| row.holdout).map(|holdout| u64::from(holdout.purchases));
                prop_assert_eq!((counts.records, counts.customers), (records.len() as u64, expected.len() as u64));
                prop_assert_eq!((counts.purchases, counts.holdout_purchases), (bought, held.sum::<u64>()));
                let customers: BTreeSet<u8> = records.iter().map(|(customer, ..)| *customer).collect();
                let out = counts.born_later + counts.without_purchase;
                prop_assert_eq!(counts.customers + out, customers.len() as u64);
                let repeats = counts.purchases - counts.customers + counts.holdout_purchases;
                prop_assert_eq!(answer.repeat_purchases_by_period().iter().sum::<u64>(), repeats);
                let end = answer.observed() + answer.holdout().unwrap_or(0.0);
                prop_assert_eq!(answer.repeat_purchases_by_period().len() as f64, end.ceil());
                prop_assert!(answer.births().all(|birth| 0.0 <= birth && birth <= answer.observed()));
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::NoData);
                prop_assert!(records.iter().all(|(_, day, _)| *day > asked.until));
            }
        }
    }

    #[test]
    fn the_order_of_records_does_not_matter(records in records(), asked in asked(), shift in 0..60_usize) {
        let mut moved = records.clone();
        moved.rotate_left(shift % records.len());
        moved.reverse();
        let (one, other) = (log(&records), log(&moved));
        match (one.summaries(&asked.options()), other.summaries(&asked.options())) {
            (Ok(first), Ok(second)) => {
                prop_assert_eq!(rows(&one, &first), rows(&other, &second));
                prop_assert_eq!(first.counts(), second.counts());
                prop_assert_eq!(first.repeat_purchases_by_period(), second.repeat_purchases_by_period());
                // By the first record of those who stay, whichever it is.
                let of_first = |customer: u32| moved.iter().position(|record| Some(name(record.0).as_str()) == other.name(customer));
                prop_assert!(second.iter().map(|row| of_first(row.customer)).is_sorted());
            }
            (first, second) => prop_assert_eq!(first.err(), second.err()),
        }
    }

    #[test]
    fn shards_are_the_whole(records in records(), asked in asked()) {
        let whole = log(&records);
        let shard = |of: u8| log(&records.iter().copied().filter(|record| record.0 % 3 == of).collect::<Vec<_>>());
        let mut merged = PurchaseLog::default();
        for of in [2, 0, 1] {
            merged.merge(&PurchaseLog::from_bytes(&shard(of).to_bytes()).unwrap()).unwrap();
        }
        prop_assert_eq!((merged.len(), merged.customers()), (whole.len(), whole.customers()));
        match (merged.summaries(&asked.options()), whole.summaries(&asked.options())) {
            (Ok(one), Ok(other)) => {
                prop_assert_eq!(rows(&merged, &one), rows(&whole, &other));
                prop_assert_eq!(one.counts(), other.counts());
            }
            (one, other) => prop_assert_eq!(one.err(), other.err()),
        }
    }

    #[test]
    fn columns_instants_and_wide_keys_agree_with_days(records in records(), asked in asked(), hour in 0..24_i64, sparse: bool) {
        let options = asked.options();
        let log = log(&records);
        let Ok(expected) = log.summaries(&options) else { return Ok(()) };
        let factor = if sparse { 700_000_001 } else { 1 };
        let ids: Vec<u32> = records.iter().map(|record| u32::from(record.0) * factor).collect();
        let days: Vec<i32> = records.iter().map(|record| record.1).collect();
        let cents: Vec<i64> = records.iter().map(|record| record.2).collect();
        let id = |customer: u32| u32::from(records.iter().find(|record| Some(name(record.0).as_str()) == log.name(customer)).unwrap().0) * factor;
        let by_id = |answer: &CustomerSummaries| answer.iter().map(|row| (row.customer, Row::from(row))).collect::<Vec<_>>();
        let mut named: Vec<(u32, Row)> = expected.iter().map(|row| (id(row.customer), Row::from(row))).collect();
        named.sort_by_key(|row| row.0);
        let columns = PurchaseColumns::of_days(&ids, &days).unwrap().amounts(&cents, euro()).unwrap();
        prop_assert_eq!(&by_id(&columns.summaries(&options).unwrap()), &named);

        // Instants in a zone in which they fall on those days; and times of a century in microseconds with great amounts, which
        // do not fit 64 bits together.
        let zone = FixedOffset::west_opt(5 * 3600).unwrap();
        let micros: Vec<i64> = days.iter().map(|day| i64::from(*day) * MICROS_PER_DAY + (hour + 5) * MICROS_PER_DAY / 24).collect();
        if asked.merge != MergeRule::None {
            let instants = PurchaseColumns::of_timestamps(&ids, &micros).unwrap().amounts(&cents, euro()).unwrap();
            prop_assert_eq!(&by_id(&instants.summaries(&options.zone(zone)).unwrap()), &named);
        }
        let other = ids.iter().max().unwrap() + 1;
        let (ids, micros) = ([&ids[..], &[other]].concat(), [&micros[..], &[i64::MAX]].concat());
        let cents = [&cents[..], &[i64::MAX]].concat();
        let wide = PurchaseColumns::of_timestamps(&ids, &micros).unwrap().amounts(&cents, euro()).unwrap();
        let wide = wide.summaries(&options.merge(MergeRule::None).zone(zone)).unwrap();
        let (found, by_day) = (by_id(&wide), columns.summaries(&options.merge(MergeRule::None)).unwrap());
        // Its last day ends later, perhaps in another period.
        let periods = by_day.repeat_purchases_by_period();
        prop_assert_eq!(wide.repeat_purchases_by_period().get(..periods.len()), Some(periods));
        prop_assert_eq!(found.len(), by_day.len());
        for ((id, found), (expected_id, expected)) in found.into_iter().zip(by_id(&by_day)) {
            prop_assert_eq!((id, found.frequency, found.spend, found.holdout), (expected_id, expected.frequency, expected.spend, expected.holdout));
            prop_assert!((found.times[0] - expected.times[0]).abs() < 1e-12 * (1.0 + expected.times[0]));
            // The last day ends with the midnight after it.
            let rest = (24 - hour) as f64 / 24.0 / asked.unit.days();
            prop_assert!((found.times[1] - rest - expected.times[1]).abs() < 1e-11, "{} {} {}", found.times[1], rest, expected.times[1]);
        }
    }

    #[test]
    fn the_unit_only_scales(records in records(), asked in asked()) {
        prop_assume!(asked.merge != MergeRule::Unit);
        let log = log(&records);
        let of = |unit: TimeUnit| log.summaries(&asked.options().unit(unit)).map(|answer| (rows(&log, &answer), answer.counts()));
        let Ok((days, counts)) = of(TimeUnit::Day) else { return Ok(()) };
        for unit in [TimeUnit::Week, TimeUnit::Month] {
            let (scaled, same) = of(unit).unwrap();
            prop_assert_eq!(same, counts);
            let back = scaled.into_iter().map(|(name, row)| {
                let [recency, age, logs] = row.times;
                let ln = f64::from(row.frequency) * unit.days().ln();
                (name, Row { times: [recency * unit.days(), age * unit.days(), logs + ln], ..row })
            });
            assert_same(&back.collect(), &days);
        }
    }
}

#[test]
fn a_range_is_no_more_than_a_part_of_the_customers() {
    // More records than are held at once, so that customers are read in several ranges: customer c buys on the days c % 7 + 10 k.
    let customers = 300_000_u32;
    let ids: Vec<u32> = (0..10).flat_map(|_| 0..customers).collect();
    let days: Vec<i32> = (0..10).flat_map(|k| (0..customers).map(move |c| (c % 7).cast_signed() + 10 * k)).collect();
    let answer = PurchaseColumns::of_days(&ids, &days).unwrap().summaries(&SummaryOptions::default()).unwrap();
    assert_eq!(answer.len(), customers as usize);
    for (row, customer) in answer.iter().zip(0..) {
        let summary = row.summary;
        assert_eq!((row.customer, summary.frequency(), summary.recency()), (customer, 9, 90.0));
        assert_eq!(summary.age(), f64::from(96 - customer % 7));
        assert!((summary.sum_log_intervals().unwrap() - 9.0 * 10_f64.ln()).abs() < 1e-12);
        assert_eq!((row.spend, summary.monetary_value()), (None, None));
    }
}

/// So many records that they are sorted by digits: with refunds by customer, day and amount, without them by customer and day.
#[test]
fn long_logs_agree_with_the_naive_way() {
    let mut state = 1_u64;
    let mut draw = |below: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    };
    for least in [1, -2000] {
        let mut record = || (u8::try_from(draw(256)).unwrap(), i32::try_from(draw(400)).unwrap(), least + draw(5000));
        let records: Vec<Record> = (0..60_000).map(|_| record()).collect();
        for (merge, unit) in [(MergeRule::CalendarDay, TimeUnit::Day), (MergeRule::Unit, TimeUnit::Month)] {
            let asked = Asked {
                unit,
                merge,
                until: 250,
                holdout: Some(100),
                spend: SpendBasis::RepeatPurchases,
                refunds: Refunds::Net,
                zeros: ZeroAmounts::Purchase,
            };
            let log = log(&records);
            assert_same(&rows(&log, &log.summaries(&asked.options()).unwrap()), &naive(&records, asked));
        }
    }
}

#[test]
fn very_many_intervals_have_a_sum_of_logarithms() {
    let mut log = PurchaseLog::default();
    for second in 0..3000_i64 {
        log.add("ann", Timestamp(second * second * 1_000_000), None).unwrap();
    }
    let answer = log.summaries(&SummaryOptions::default().merge(MergeRule::None)).unwrap();
    let expected: f64 = (1..3000).map(|second| (f64::from(2 * second - 1) / 86_400.0).ln()).sum();
    let found = answer.iter().next().unwrap().summary.sum_log_intervals().unwrap();
    assert!((found - expected).abs() < 1e-11 * expected.abs(), "{found} {expected}");
}

fn only(answer: &CustomerSummaries) -> CustomerSummary {
    assert_eq!(answer.len(), 1);
    answer.iter().next().unwrap()
}

#[test]
fn policies_do_what_they_say() {
    // A purchase, a free order, a return of a part of the purchase on its day, and one of the free day's before everything.
    let log = log(&[(1, 0, -700), (1, 1, 1000), (1, 1, -200), (1, 5, 0), (1, 9, 3000), (1, 9, -100), (1, 12, -400)]);
    let ask = |refunds, zeros, spend| {
        let options = SummaryOptions::default().refunds(refunds).zero_amounts(zeros).spend(spend);
        let answer = log.summaries(&options).unwrap();
        let row = only(&answer);
        (row.summary.frequency(), row.spend.unwrap().0, row.summary.monetary_value(), answer.counts().unmatched_refunds)
    };
    let (repeat, all) = (SpendBasis::RepeatPurchases, SpendBasis::AllPurchases);
    assert_eq!(ask(Refunds::Net, ZeroAmounts::Purchase, repeat), (2, 3300, Some(12.5), 1));
    assert_eq!(ask(Refunds::Net, ZeroAmounts::Purchase, all), (2, 3300, Some(11.0), 1));
    assert_eq!(ask(Refunds::Net, ZeroAmounts::Ignore, repeat), (1, 3300, Some(25.0), 1));
    assert_eq!(ask(Refunds::Ignore, ZeroAmounts::Ignore, repeat), (1, 4000, Some(30.0), 0));
    assert_eq!(ask(Refunds::Purchase, ZeroAmounts::Purchase, repeat), (4, 2600, Some(8.25), 0));
    assert_eq!(ask(Refunds::Purchase, ZeroAmounts::Ignore, all), (3, 2600, Some(6.5), 0));

    let refused = |refunds, zeros| {
        let error = log.summaries(&SummaryOptions::default().refunds(refunds).zero_amounts(zeros)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.to_string()
    };
    let of = |refunds, zeros| refused(refunds, zeros);
    assert_eq!(of(Refunds::Reject, ZeroAmounts::Ignore), "row 0: amount is -7.00, allowed: 0 or above");
    assert_eq!(of(Refunds::Net, ZeroAmounts::Reject), "row 3: amount is 0.00, allowed: not 0");
    assert_eq!(of(Refunds::Reject, ZeroAmounts::Reject), "row 0: amount is -7.00, allowed: above 0");
}

#[test]
fn who_is_left_out_is_counted() {
    let log = log(&[
        (1, 0, 100),
        (2, 10, 100),
        (3, 11, 100),
        (3, 30, 100),
        (4, 5, -100),
        (5, 40, 100),
        (1, 40, 100),
        (4, 8, 0),
    ]);
    let options = SummaryOptions::default().until(Day(10)).zero_amounts(ZeroAmounts::Ignore);
    let answer = log.summaries(&options).unwrap();
    let counts = answer.counts();
    assert_eq!((counts.customers, counts.born_later, counts.without_purchase), (2, 2, 1));
    assert_eq!((counts.later, counts.refunds, counts.unmatched_refunds, counts.zero_amounts), (4, 1, 1, 1));
    assert_eq!((counts.purchases, counts.holdout_purchases), (2, 0));
    // Born on the day of the end: of age 0, and in.
    let born = answer.iter().last().unwrap();
    assert_eq!((log.name(born.customer), born.summary.age()), (Some("customer 2"), 0.0));
    assert_eq!((born.holdout, born.summary.monetary_value(), born.spend), (None, None, Some(Amount(100))));

    let answer = log.summaries(&options.holdout_until(Day(39))).unwrap();
    let held: Vec<u32> = answer.iter().map(|row| row.holdout.unwrap().purchases).collect();
    assert_eq!((held, answer.counts().later, answer.counts().born_later), (vec![0, 0], 2, 2));
    // The purchase of customer 3, who is not among those followed, is in no period.
    assert_eq!(answer.repeat_purchases_by_period().iter().sum::<u64>(), 0);
    assert_eq!(answer.start(), PurchaseTime::Day(Day(0)));
    assert_eq!((answer.observed(), answer.holdout()), (10.0, Some(29.0)));
}

#[test]
fn periods_hold_their_end() {
    let log = log(&[(1, 0, 1), (1, 7, 1), (1, 8, 1), (1, 14, 1), (2, 3, 1), (2, 20, 1)]);
    let weeks = SummaryOptions::default().unit(TimeUnit::Week);
    let answer = log.summaries(&weeks).unwrap();
    assert_eq!(answer.repeat_purchases_by_period(), [1, 2, 1]);
    assert_eq!(answer.births().collect::<Vec<_>>(), [0.0, 3.0 / 7.0]);
    assert_eq!(answer.observed(), 20.0 / 7.0);
    let longer = log.summaries(&weeks.until(Day(28))).unwrap();
    assert_eq!(longer.repeat_purchases_by_period(), [1, 2, 1, 0]);
    let first = log.summaries(&weeks.until(Day(0))).unwrap();
    assert_eq!((first.repeat_purchases_by_period(), first.len()), (&[][..], 1));
}

#[test]
fn two_centuries_of_days_are_counted_as_any() {
    let mut log = PurchaseLog::default();
    for week in 0..10_500 {
        log.add("ann", Day(7 * week), None).unwrap();
    }
    let answer = log.summaries(&SummaryOptions::default().unit(TimeUnit::Week)).unwrap();
    assert_eq!(answer.repeat_purchases_by_period(), vec![1; 10_499]);
}

/// A month of 30.4375 days has no period that a rounded division could miss.
#[test]
fn periods_of_months_are_exact() {
    let mut log = PurchaseLog::default();
    for day in 0..=4870 {
        log.add("ann", Day(day), None).unwrap();
    }
    let answer = log.summaries(&SummaryOptions::default().unit(TimeUnit::Month)).unwrap();
    let mut expected = vec![0; 160];
    // Day d is in period k if 487 k < 16 d <= 487 (k + 1).
    (1..=4870_usize).for_each(|day| expected[(16 * day).div_ceil(487) - 1] += 1);
    assert_eq!(answer.repeat_purchases_by_period(), expected);
}

#[test]
fn calendar_units_merge_across_days_but_not_across_units() {
    let day = |text: &str| Day::from_date(text.parse().unwrap());
    let mut log = PurchaseLog::default();
    // Friday, Sunday, Monday; the last of the month, the first of the next.
    for date in ["2026-01-30", "2026-02-01", "2026-02-02", "2026-02-28", "2026-03-01"] {
        log.add("ann", day(date), None).unwrap();
    }
    let ask = |unit: TimeUnit| {
        let answer = log.summaries(&SummaryOptions::default().merge(MergeRule::Unit).unit(unit)).unwrap();
        let summary = only(&answer).summary;
        (summary.frequency(), (summary.recency() * unit.days()).round(), answer.counts().merged)
    };
    assert_eq!(ask(TimeUnit::Day), (4, 30.0, 0));
    assert_eq!(ask(TimeUnit::Week), (2, 29.0, 2));
    assert_eq!(ask(TimeUnit::Month), (2, 30.0, 2));
}

#[test]
fn the_same_instant_is_one_purchase_and_the_zone_decides_the_day() {
    let mut log = PurchaseLog::default();
    let hours = |hours: i64| Timestamp(hours * MICROS_PER_DAY / 24);
    for at in [hours(23), hours(25), hours(25), hours(26)] {
        log.add("ann", at, None).unwrap();
    }
    let frequency = |options: &SummaryOptions<FixedOffset>| only(&log.summaries(options).unwrap()).summary.frequency();
    let zone = |hours: i32| SummaryOptions::default().zone(FixedOffset::east_opt(hours * 3600).unwrap());
    assert_eq!([0, 1, -2, -3].map(|hours| frequency(&zone(hours))), [1, 0, 1, 0]);
    assert_eq!(frequency(&zone(0).merge(MergeRule::None)), 2);
    // Until an instant, inclusive; with days the whole day counts.
    let until = |at: Timestamp| zone(0).until(at);
    assert_eq!(frequency(&until(hours(24))), 1);
    assert_eq!(frequency(&until(hours(24)).merge(MergeRule::None)), 0);
    assert_eq!(frequency(&until(hours(25)).merge(MergeRule::None)), 1);
    let age = |options: &SummaryOptions<FixedOffset>| only(&log.summaries(options).unwrap()).summary.age();
    assert_eq!(age(&zone(0).merge(MergeRule::None).until(Day(0))), 1.0 / 24.0);
    assert_eq!(age(&until(hours(25)).merge(MergeRule::None)), 2.0 / 24.0);
}

#[test]
fn every_documented_error_is_raised() {
    let kind = |result: Result<CustomerSummaries, Error>| result.unwrap_err().kind();
    let (days, base) = (log(&[(1, 5, 100)]), SummaryOptions::default());
    assert_eq!(kind(PurchaseLog::default().summaries(&base)), ErrorKind::NoData);
    assert_eq!(kind(PurchaseLog::in_currency(euro()).summaries(&base)), ErrorKind::NoData);
    assert_eq!(kind(PurchaseColumns::of_days(&[], &[]).unwrap().summaries(&base)), ErrorKind::NoData);
    assert_eq!(kind(days.summaries(&base.until(Day(4)))), ErrorKind::NoData);
    assert_eq!(kind(days.summaries(&base.until(Day(9)).holdout_until(Day(9)))), ErrorKind::Input);
    assert_eq!(kind(days.summaries(&base.until(Day(i32::MAX)))), ErrorKind::Input);
    assert!(days.summaries(&base.until(Day(1_000_005))).is_ok());
    assert_eq!(kind(days.summaries(&base.until(Day(1_000_006)))), ErrorKind::Input);

    let mut far = PurchaseLog::default();
    far.add("ann", Timestamp(i64::MAX), None).unwrap();
    assert_eq!(kind(far.summaries(&base)), ErrorKind::Overflow);
    assert_eq!(far.summaries(&base).unwrap_err().row(), Some(0));
    assert_eq!(only(&far.summaries(&base.merge(MergeRule::None)).unwrap()).summary.age(), 0.0);
    let great = log(&[(1, 5, i64::MAX), (1, 5, 1), (2, 5, i64::MIN + 1), (2, 6, i64::MAX)]);
    assert_eq!(kind(great.summaries(&base)), ErrorKind::Overflow);
    let mut end = PurchaseLog::default();
    end.add("ann", Day(i32::MAX), None).unwrap();
    assert!(end.summaries(&base).is_ok());
    let weeks = base.merge(MergeRule::Unit).unit(TimeUnit::Week);
    assert_eq!(kind(end.summaries(&weeks)), ErrorKind::Overflow);
    assert_eq!(kind(end.summaries(&base.until(Timestamp(i64::MAX)))), ErrorKind::Overflow);
    let mut instants = PurchaseLog::default();
    instants.add("ann", Timestamp(0), None).unwrap();
    assert_eq!(kind(instants.summaries(&base.merge(MergeRule::None).until(Day(i32::MAX)))), ErrorKind::Overflow);

    assert_eq!(PurchaseColumns::of_days(&[1], &[1, 2]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(PurchaseColumns::of_timestamps(&[1], &[]).unwrap_err().kind(), ErrorKind::Incompatible);
    let columns = PurchaseColumns::of_days(&[1], &[1]).unwrap();
    assert_eq!(columns.amounts(&[], euro()).unwrap_err().kind(), ErrorKind::Incompatible);
}

#[test]
fn records_that_do_not_belong_are_refused_and_change_nothing() {
    let mut log = log(&[(1, 5, 100)]);
    let bytes = log.to_bytes();
    let refused = |log: &mut PurchaseLog, customer: &str, time: PurchaseTime, amount: Option<i64>| {
        log.add(customer, time, amount.map(Amount)).unwrap_err().kind()
    };
    let (day, instant) = (PurchaseTime::Day(Day(1)), PurchaseTime::Instant(Timestamp(1)));
    assert_eq!(refused(&mut log, "", day, Some(1)), ErrorKind::Input);
    assert_eq!(refused(&mut log, "new", instant, Some(1)), ErrorKind::Incompatible);
    assert_eq!(refused(&mut log, "new", day, None), ErrorKind::Incompatible);
    assert_eq!(log.to_bytes(), bytes);
    let mut without = PurchaseLog::default();
    assert_eq!(refused(&mut without, "new", day, Some(1)), ErrorKind::Incompatible);

    let ann = CustomerId::new("ann").unwrap();
    let sold = Transaction { customer: ann, day: Day(7), amount: Some(Amount(250)) };
    log.add_transaction(&sold).unwrap();
    assert_eq!((log.len(), log.customers(), log.name(1), log.name(2)), (2, 2, Some("ann"), None));
    assert!(log.add_transaction(&Transaction { amount: None, ..sold }).is_err());
    assert!(!log.is_empty() && log.currency() == Some(euro()));
}

#[test]
fn logs_that_do_not_belong_together_do_not_merge() {
    let mine = log(&[(1, 5, 100), (2, 5, 100)]);
    let mut instants = PurchaseLog::in_currency(euro());
    instants.add("eve", Timestamp(1), Some(Amount(1))).unwrap();
    let mut without = PurchaseLog::default();
    without.add("eve", Day(1), None).unwrap();
    let dollars = PurchaseLog::in_currency(Currency::iso("USD").unwrap());
    let digits = PurchaseLog::in_currency(Currency::new("EUR", 4).unwrap());
    for other in [log(&[(3, 1, 1), (2, 1, 1)]), instants, without.clone(), dollars, digits] {
        let (mut merged, mut reverse) = (mine.clone(), other.clone());
        assert_eq!(merged.merge(&other).unwrap_err().kind(), ErrorKind::Incompatible);
        assert_eq!(reverse.merge(&mine).unwrap_err().kind(), ErrorKind::Incompatible);
        assert_eq!((merged.to_bytes(), reverse.to_bytes()), (mine.to_bytes(), other.to_bytes()));
    }
    let error = mine.clone().merge(&without).unwrap_err();
    assert_eq!(error.to_string(), "incompatible: logs in EUR with 2 digits and in no amounts");
    // A log of which nothing is known yet becomes what the other is; one that has a currency but no records keeps it.
    let mut fresh = PurchaseLog::default();
    fresh.merge(&PurchaseLog::in_currency(euro())).unwrap();
    fresh.merge(&mine).unwrap();
    fresh.merge(&PurchaseLog::default()).unwrap();
    assert_eq!(fresh.to_bytes(), mine.to_bytes());
    assert!(without.merge(&PurchaseLog::in_currency(euro())).is_err());
}

#[test]
fn names_are_those_of_the_commands() {
    assert_eq!(TimeUnit::ALL.iter().map(|unit| unit.name()).collect::<Vec<_>>(), ["day", "week", "month"]);
    assert_eq!(MergeRule::ALL.iter().map(|rule| rule.name()).collect::<Vec<_>>(), ["day", "none", "unit"]);
    for rule in MergeRule::ALL {
        assert_eq!(rule.to_string().parse::<MergeRule>().as_ref(), Ok(rule));
    }
    let error = "year".parse::<TimeUnit>().unwrap_err();
    assert_eq!(error.to_string(), "time unit is year, allowed: day, week, month");
    assert!("".parse::<Refunds>().is_err() && "".parse::<ZeroAmounts>().is_err() && "".parse::<SpendBasis>().is_err());
}

#[cfg(feature = "serde")]
#[test]
fn serde_runs_the_checks() {
    let log = log(&[(1, 5, 100), (2, 5, -100), (1, 6, 0)]);
    let text = serde_json::to_string(&log).unwrap();
    let read: PurchaseLog = serde_json::from_str(&text).unwrap();
    assert_eq!(read.to_bytes(), log.to_bytes());
    let bad = [
        ("[1,{\"day\":5},-100]", "[2,{\"day\":5},-100]"),
        ("{\"day\":6}", "{\"instant\":6}"),
        ("customer 2", ""),
        ("-100]", "null]"),
    ];
    for (from, to) in bad {
        assert!(text.contains(from), "{text}");
        assert!(serde_json::from_str::<PurchaseLog>(&text.replace(from, to)).is_err(), "{to}");
    }
}
