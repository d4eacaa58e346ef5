//! Scores, segments and rates of customers, against a naive way and the definitions.

use crate::common::clv::lines;
use cxo_core::clv::{
    CustomerSummaries, PurchaseLog, RfmMonetary, RfmOptions, RfmScore, RfmScoring, RfmSegment, SummaryOptions, TimeUnit,
};
use cxo_core::domain::{Amount, Currency, Day};
use cxo_core::{Absent, Confidence, ErrorKind, Method};
use proptest::{prelude::*, sample::select};

/// Customer, day and cents.
type Record = (u8, i32, i64);

fn answer(records: &[Record]) -> CustomerSummaries {
    let mut log = PurchaseLog::in_currency(Currency::iso("EUR").unwrap());
    for &(customer, day, cents) in records {
        log.add(&customer.to_string(), Day(day), Some(Amount(cents))).unwrap();
    }
    log.summaries(&SummaryOptions::default().unit(TimeUnit::Month)).unwrap()
}

/// One customer: silence in days, purchases and cents.
#[derive(Debug, Clone, Copy)]
struct Seen {
    silence: i32,
    purchases: i64,
    cents: i64,
}

/// By the records, in the order of first appearance; all amounts are positive, and no customer buys twice a day.
fn seen(records: &[Record]) -> Vec<Seen> {
    let end = records.iter().map(|(_, day, _)| *day).max().unwrap();
    let mut order: Vec<u8> = Vec::new();
    for (customer, ..) in records {
        if !order.contains(customer) {
            order.push(*customer);
        }
    }
    let of = |customer: u8| {
        let own = || records.iter().filter(move |record| record.0 == customer);
        Seen {
            silence: end - own().map(|record| record.1).max().unwrap(),
            purchases: i64::try_from(own().count()).unwrap(),
            cents: own().map(|record| record.2).sum(),
        }
    };
    order.into_iter().map(of).collect()
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::btree_map((0..25_u8, 0..40_i32), 1..400_i64, 1..120)
        .prop_map(|records| records.into_iter().map(|((customer, day), cents)| (customer, day, cents)).collect())
}

proptest! {
    #[test]
    fn scores_count_those_who_are_strictly_worse(
        records in records(), quantiles in 2..=10_u8, scoring in select(RfmScoring::ALL), monetary in select(RfmMonetary::ALL),
    ) {
        let options = RfmOptions::default().quantiles(quantiles).unwrap().scoring(scoring).monetary(monetary);
        let (rfm, all) = (answer(&records).rfm(&options).unwrap(), seen(&records));
        let score = |worse: &dyn Fn(&Seen) -> bool, group: &[Seen]| {
            let count = group.iter().filter(|seen| worse(seen)).count();
            1 + u8::try_from(usize::from(quantiles) * count / group.len()).unwrap()
        };
        let scores = rfm.scores();
        prop_assert_eq!(scores.len(), all.len());
        let alike = |same: &dyn Fn(&RfmScore) -> bool| -> Vec<Seen> {
            let nested = |score: &RfmScore| scoring == RfmScoring::Independent || same(score);
            all.iter().zip(scores).filter(|(_, score)| nested(score)).map(|(seen, _)| *seen).collect()
        };
        for (own, found) in all.iter().zip(scores) {
            prop_assert_eq!(found.recency, score(&|seen| seen.silence > own.silence, &all));
            let group = alike(&|score| score.recency == found.recency);
            prop_assert_eq!(found.frequency, score(&|seen| seen.purchases < own.purchases, &group));
            let group = alike(&|score| (score.recency, score.frequency) == (found.recency, found.frequency));
            let worse = |seen: &Seen| match monetary {
                RfmMonetary::Mean => seen.cents * own.purchases < own.cents * seen.purchases,
                RfmMonetary::Total => seen.cents < own.cents,
            };
            prop_assert_eq!(found.monetary, Some(score(&worse, &group)));
        }
    }

    #[test]
    fn segments_hold_everybody_and_all_revenue(records in records(), quantiles in 2..=10_u8) {
        let answer = answer(&records);
        let rfm = answer.rfm(&RfmOptions::default().quantiles(quantiles).unwrap()).unwrap();
        let parts = rfm.segments();
        prop_assert!(parts.iter().map(|part| part.segment).eq(RfmSegment::ALL.iter().copied()));
        prop_assert_eq!(parts.iter().map(|part| part.customers).sum::<u64>(), answer.len() as u64);
        let revenue: i64 = parts.iter().map(|part| part.revenue.unwrap().0).sum();
        prop_assert_eq!(revenue, records.iter().map(|record| record.2).sum::<i64>());
        for part in parts {
            let own = rfm.scores().iter().filter(|score| rfm.segment(**score) == part.segment).count();
            prop_assert_eq!(part.customers, own as u64);
            prop_assert_eq!(part.customer_share, own as f64 / answer.len() as f64);
            prop_assert_eq!(part.revenue_share.unwrap(), part.revenue.unwrap().0 as f64 / revenue as f64);
        }
    }

    #[test]
    fn rates_are_means_and_a_ratio_of_totals(records in records()) {
        let (rates, all) = (answer(&records).rates(Confidence::P95).unwrap(), seen(&records));
        let n = all.len() as f64;
        let (purchases, spend) = (records.len() as f64, records.iter().map(|record| record.2).sum::<i64>() as f64 / 100.0);
        let repeaters = all.iter().filter(|seen| seen.purchases > 1).count() as f64;
        prop_assert_eq!((rates.customers, rates.purchases), (all.len() as u64, records.len() as u64));
        prop_assert_eq!(rates.repeat_rate.value, repeaters / n);
        prop_assert_eq!(rates.repeat_rate.interval.unwrap().method, Method::Wilson);
        let close = |one: f64, other: f64| (one - other).abs() <= 1e-9 * (1.0 + other.abs());
        prop_assert!(close(rates.purchase_frequency.value, purchases / n));
        let order = rates.average_order_value.unwrap();
        prop_assert!(close(order.value, spend / purchases));
        let square = |seen: &Seen| (seen.cents as f64 / 100.0 - order.value * seen.purchases as f64).powi(2);
        let error = (n / (n - 1.0) * all.iter().map(square).sum::<f64>()).sqrt() / purchases;
        match order.standard_error {
            Ok(found) => prop_assert!(close(found, error), "{} {}", found, error),
            Err(reason) => prop_assert_eq!((reason, all.len()), (Absent::OneObservation, 1)),
        }
        prop_assert!(order.interval.is_err() || order.interval.unwrap().contains(order.value));
    }
}

#[test]
fn cdnow_has_mostly_customers_who_bought_once() {
    if crate::common::golden("clv/cdnow_sample_exact.json").is_none() {
        return;
    }
    let dollar = Currency::iso("USD").unwrap();
    let mut log = PurchaseLog::in_currency(dollar);
    for line in lines("cdnow_sample_elog.csv") {
        let cells: Vec<&str> = line.split(',').collect();
        let amount = Amount::parse(&format!("{:.2}", cells[4].parse::<f64>().unwrap()), dollar).unwrap();
        log.add(cells[0], Day::from_date(cells[2].parse().unwrap()), Some(amount)).unwrap();
    }
    let until = Day::from_date("1997-09-30".parse().unwrap());
    let answer = log.summaries(&SummaryOptions::default().until(until)).unwrap();
    let rates = answer.rates(Confidence::P95).unwrap();
    assert_eq!((rates.customers, rates.repeat_rate.value), (2357, 946.0 / 2357.0));
    let rfm = answer.rfm(&RfmOptions::default()).unwrap();
    // 1,411 of 2,357 bought once: they are the lowest score, and the next is that of 3 of 5 quintiles below.
    let of = |score: u8| rfm.scores().iter().filter(|found| found.frequency == score).count();
    assert_eq!([1, 2, 3].map(of), [1411, 0, 439]);
    assert!(
        answer.iter().zip(rfm.scores()).all(|(row, score)| (row.summary.frequency() == 0) == (score.frequency == 1))
    );
    let champions = rfm.segments().iter().find(|part| part.segment == RfmSegment::Champions).unwrap();
    assert!(champions.revenue_share.unwrap() > 2.0 * champions.customer_share);
}

#[test]
fn without_amounts_there_is_no_money() {
    let mut log = PurchaseLog::default();
    for (customer, day) in [("ann", 0), ("ann", 3), ("bob", 1)] {
        log.add(customer, Day(day), None).unwrap();
    }
    let answer = log.summaries(&SummaryOptions::default()).unwrap();
    let rfm = answer.rfm(&RfmOptions::default()).unwrap();
    assert_eq!(rfm.scores().iter().map(ToString::to_string).collect::<Vec<_>>(), ["3-3", "1-1"]);
    assert!(rfm.segments().iter().all(|part| (part.revenue, part.revenue_share) == (None, Err(Absent::NotRecorded))));
    let rates = answer.rates(Confidence::P95).unwrap();
    assert_eq!(rates.average_order_value.unwrap_err(), Absent::NotRecorded);
    assert_eq!((rfm.quantiles(), rfm.scoring(), rfm.monetary()), (5, RfmScoring::Independent, RfmMonetary::Mean));
}

#[test]
fn what_cannot_be_answered_says_why() {
    let one = answer(&[(1, 0, 100), (1, 5, 200)]).rates(Confidence::P95).unwrap();
    let order = one.average_order_value.unwrap();
    assert_eq!(
        (order.value, order.standard_error, order.interval),
        (1.5, Err(Absent::OneObservation), Err(Absent::OneObservation))
    );
    assert_eq!(one.purchase_frequency.interval, Err(Absent::OneObservation));
    let alike = answer(&[(1, 0, 100), (2, 5, 100)]).rates(Confidence::P95).unwrap().average_order_value.unwrap();
    assert_eq!((alike.standard_error, alike.interval), (Ok(0.0), Err(Absent::ZeroVariance)));
    let free = answer(&[(1, 0, 0), (2, 5, 0)]).rfm(&RfmOptions::default()).unwrap();
    assert!(free.segments().iter().all(|part| part.revenue_share == Err(Absent::NoObservations)));

    let nobody = answer(&[(1, 0, -100)]);
    assert!(nobody.is_empty());
    assert_eq!(nobody.rfm(&RfmOptions::default()).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(nobody.rates(Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
    let rich = answer(&[(1, 0, i64::MAX), (2, 0, i64::MAX)]);
    assert_eq!(rich.rfm(&RfmOptions::default()).unwrap_err().kind(), ErrorKind::Overflow);
    for quantiles in [0, 1, 11] {
        assert_eq!(RfmOptions::default().quantiles(quantiles).unwrap_err().kind(), ErrorKind::Input);
    }
}

#[cfg(feature = "serde")]
#[test]
fn serde_runs_the_checks() {
    let options = RfmOptions::default().quantiles(4).unwrap().scoring(RfmScoring::Nested);
    let text = serde_json::to_string(&options).unwrap();
    assert_eq!(text, r#"{"quantiles":4,"scoring":"nested","monetary":"mean"}"#);
    assert_eq!(serde_json::from_str::<RfmOptions>(&text).unwrap(), options);
    assert!(serde_json::from_str::<RfmOptions>(&text.replace('4', "11")).is_err());
}
