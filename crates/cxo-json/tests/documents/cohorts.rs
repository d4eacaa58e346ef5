//! The document of cohorts: what is written reads back the same, matches its schema, and nothing that is out of range is read.

use cxo_core::{
    Confidence,
    churn::retention::{CohortOptions, PeriodClock, RetentionKind, cohort_table, revenue_retention},
    clv::PurchaseLog,
    domain::{Amount, Currency, Day, LoadReport, Period},
};
use cxo_json::{CohortsDocument, Document, schema};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

fn errors(written: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&serde_json::from_str(schema::COHORTS).unwrap()).unwrap();
    validator.iter_errors(written).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn valid(document: &CohortsDocument) -> Value {
    let written: Value = serde_json::from_str(&document.to_json()).unwrap();
    assert_eq!(errors(&written), Vec::<String>::new(), "{written:#}");
    assert_eq!(&CohortsDocument::from_slice(document.to_json().as_bytes()).unwrap(), document);
    written
}

fn log(currency: Option<Currency>, rows: &[(u8, i32, i64)]) -> PurchaseLog {
    let mut log = currency.map_or_else(PurchaseLog::default, PurchaseLog::in_currency);
    for &(customer, day, cents) in rows {
        log.add(&format!("c{customer}"), Day(day), currency.map(|_| Amount(cents))).unwrap();
    }
    log
}

fn document(log: &PurchaseLog, options: &CohortOptions) -> CohortsDocument {
    let columns = log.columns().unwrap();
    let revenue = log.currency().map(|_| revenue_retention(columns, options).unwrap());
    let load = LoadReport { rows: 3, accepted: 3, ..LoadReport::default() };
    let table = cohort_table(columns, options).unwrap();
    CohortsDocument::new(&table, revenue.as_deref(), Confidence::P90, load).unwrap()
}

#[test]
fn absent_parts_say_why() {
    let euro = Currency::iso("EUR").unwrap();
    let rows = [(1, 0, 1000), (1, 40, 500), (2, 3, 250), (2, 45, -50)];
    let written = valid(&document(&log(Some(euro), &rows), &CohortOptions::default().until(Day(58))));
    let cells = written["cohorts"][0]["retained"].as_array().unwrap();
    assert_eq!((cells.len(), &cells[0]["interval_reason"]), (2, &json!("it is so by definition")));
    assert_eq!((&cells[1]["share"], &cells[1]["mature"]), (&json!(0.5), &json!(true)));
    assert!(cells[1]["interval"]["upper"].is_f64() && cells[1].get("through").is_none());
    let revenue = &written["cohorts"][0]["revenue"];
    assert_eq!(revenue[1], json!({"period": 1, "amount": 4.5, "amount_per_customer": 2.25, "mature": true}));
    let february = &written["revenue_retention"][0];
    assert_eq!(
        (&february["opening"], &february["period"]),
        (&json!({"customers": 2, "amount": 12.5}), &json!("1970-02"))
    );
    assert_eq!(february["gross_revenue_retention"]["value"], 0.4);
    assert_eq!(written["activity"]["refunds"], 1);

    let early = valid(&document(&log(Some(euro), &rows), &CohortOptions::default().until(Day(57))));
    let immature = &early["cohorts"][0]["retained"][1];
    assert_eq!(
        (&immature["mature"], &immature["interval_reason"]),
        (&json!(false), &json!("observation ends before the period does"))
    );
    assert_eq!(early["curve"].as_array().unwrap().len(), 1);

    let plain = valid(&document(&log(None, &rows), &CohortOptions::default()));
    assert!(plain.get("revenue_retention").is_none() && plain["cohorts"][0].get("revenue").is_none());
    let nameless = valid(&document(&log(Some(Currency::new("XXX", 2).unwrap()), &rows), &CohortOptions::default()));
    assert!(nameless.get("currency").is_none() && nameless.get("revenue_retention").is_some());
}

#[test]
fn values_out_of_range_are_refused() {
    let euro = Currency::iso("EUR").unwrap();
    let written = valid(&document(
        &log(Some(euro), &[(1, 0, 1000), (1, 40, 500), (2, 3, 250)]),
        &CohortOptions::default().until(Day(58)),
    ));
    for (path, value) in [
        ("/cohorts/0/retained/1/share", json!(1.5)),
        ("/curve/1/share", json!(-0.1)),
        ("/revenue_retention/0/logo_churn/value", json!(-0.5)),
        ("/revenue_retention/0/net_revenue_retention/value", json!(-0.5)),
        ("/revenue_retention/0/opening/customers", json!(-1)),
        ("/cohorts/0/retained/1/mature", json!("yes")),
        ("/activity/records", Value::Null),
    ] {
        let mut changed = written.clone();
        *changed.pointer_mut(path).unwrap() = value;
        assert!(!errors(&changed).is_empty(), "{path}");
        assert!(CohortsDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

proptest! {
    #[test]
    fn every_table_is_a_valid_document(
        rows in prop::collection::vec((0_u8..9, 0_i32..300, -300_i64..2000), 1..40),
        period in select(&Period::ALL[1..]), clock in select(PeriodClock::ALL), kind in 0..3_usize, paid: bool, until in 300..400_i32,
    ) {
        let kind = [RetentionKind::NDay, RetentionKind::UNBOUNDED, RetentionKind::Bracket("0-1,3-5".parse().unwrap())][kind].clone();
        let currency = paid.then(|| Currency::iso("EUR").unwrap());
        let options = CohortOptions::default().period(period).clock(clock).kind(kind.clone()).until(Day(until));
        let written = valid(&document(&log(currency, &rows), &options));
        prop_assert_eq!(&written["kind"], kind.name());
        prop_assert_eq!(written.get("follow_up").is_some(), kind == RetentionKind::UNBOUNDED);
    }
}
