//! The documents of lifetime value and retention: what is written reads back the same, matches its schema, and nothing that is
//! read can panic.

use cxo_core::{
    Confidence, Seed,
    clv::{
        Bdw, BgNbd, Choice, FitOptions, GammaGamma, Independence, LogCounts, PurchaseModel, RepeatHistogram, Sbg,
        Summaries, Summary, Survivors, Valuation,
    },
    domain::{LoadReport, Period},
};
use cxo_json::{
    ChoiceRow, ClvCustomer, ClvDocument, Document, EquityRow, ExpectedPurchases, FitRow, LifetimeRow, ModelRow,
    ProjectionQuestion, PurchasesRow, Quantity, RankedRow, ReportDocument, RetentionDocument, SpendRow, TotalPurchases,
    TotalsRow, ValuationRow, schema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// 240 customers drawn from the model, whose spend is known.
fn summaries() -> Summaries {
    let ages: Vec<f64> = (0..240).map(|at| 30.0 + f64::from(at % 9)).collect();
    let drawn = BgNbd::new([0.6, 5.0, 0.8, 2.4]).unwrap().simulate(&ages, Seed(7)).unwrap();
    let row = |(at, (summary, _)): (u32, (Summary, u64))| {
        let spend = 10.0 + f64::from(at * 37 % 100);
        summary.with_monetary_value(if summary.frequency() == 0 { 0.0 } else { spend }).unwrap()
    };
    (0..).zip(drawn.summaries().unwrap().iter()).map(row).collect()
}

fn load() -> LoadReport {
    LoadReport { rows: 240, accepted: 240, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() }
}

fn none<T>() -> Quantity<T> {
    Err("no column of amounts was named".into())
}

/// A document of real fits; without `spend` there is no value.
fn document(spend: bool) -> ClvDocument {
    let (summaries, level, options) = (summaries(), Confidence::P90, FitOptions::default());
    let choice = Choice::new(&summaries, None, &options).unwrap();
    let fitted = BgNbd::fit(&summaries, &options).unwrap();
    let money = GammaGamma::fit(&summaries, &options).unwrap();
    let equity = Valuation::default().equity(&fitted, &money.fitted, &summaries, level).unwrap();
    let independence = Independence::of(&summaries, level);
    let limits = ExpectedPurchases { horizon: 4.0, value: 0.1, lower: 0, upper: 1 };
    let customer = |name: Option<&str>| ClvCustomer {
        customer: name.map(str::to_owned),
        count: name.is_none().then_some(7),
        frequency: 2,
        recency: 30.43,
        age: 38.86,
        monetary_value: if spend { Ok(22.35) } else { none() },
        probability_alive: 0.73,
        expected_purchases: vec![limits, ExpectedPurchases { horizon: 52.0, value: 1.5, lower: 0, upper: 7 }],
        expected_spend: if spend { Ok(24.65) } else { none() },
        clv: if spend { Ok(-3.5) } else { none() },
        residual_transactions: if spend { Ok(5.2) } else { Err("it is infinite".into()) },
    };
    let ranked = RankedRow {
        customer: Some("Zoë \"x\"\n".into()),
        frequency: 2,
        recency: 1.0,
        age: 3.0,
        probability_alive: 0.5,
        value: 10.0,
        value_in_doubt: 5.0,
    };
    ClvDocument {
        unit: "week".into(),
        merge: spend.then(|| "day".into()),
        first_day: spend.then(|| "1997-01-01".into()),
        last_day: spend.then(|| "1997-09-30".into()),
        currency: spend.then(|| "USD".into()),
        purchases: spend.then(|| PurchasesRow::from(LogCounts::default())),
        model: ModelRow::new(&fitted, level),
        choice: spend.then(|| ChoiceRow::from(&choice)),
        spend: if spend { Ok(SpendRow::new(&money, independence.as_ref(), level)) } else { none() },
        valuation: ValuationRow {
            rule: Valuation::default().rule(),
            margin: 1.0,
            periods: 12,
            period_units: 4.345,
            discount: 0.01,
            annual_discount: 0.15,
        },
        confidence: level,
        interval_method: "conditional-distribution".into(),
        fit: FitRow::of(&RepeatHistogram::new(fitted.model(), &summaries, 3).unwrap()),
        totals: TotalsRow {
            customers: 240,
            repeat_customers: 128,
            alive: 200.5,
            expected_purchases: vec![TotalPurchases { horizon: 4.0, value: 12.5 }],
            residual_transactions: if spend { Ok(99.0) } else { Err("it is infinite".into()) },
            customer_equity: if spend { EquityRow::of(&equity) } else { none() },
        },
        most_valuable: vec![ranked.clone()],
        most_endangered: vec![ranked],
        alive_by_construction: spend.then_some(112),
        customers: vec![customer(Some("4")), customer(None)],
        load: load(),
    }
}

fn retention(model: &str, counts: &[u64]) -> RetentionDocument {
    let survivors = Survivors::from_counts(counts).unwrap();
    let asked =
        ProjectionQuestion { survivors: counts.to_vec(), periods: 12, discount: 0.1, confidence: Confidence::P95 };
    let options = FitOptions::default();
    match model {
        "sbg" => RetentionDocument::new(&Sbg::fit(&survivors, &options).unwrap(), asked),
        _ => RetentionDocument::new(&Bdw::fit(&survivors, &options).unwrap(), asked),
    }
    .unwrap()
}

fn errors(format: &str, document: &Value) -> Vec<String> {
    let (_, text) = schema::ALL.iter().find(|(known, _)| *known == format).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    validator.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn valid<D: Document + PartialEq + std::fmt::Debug>(document: &D) -> Value {
    let written: Value = serde_json::from_str(&document.to_json()).unwrap();
    assert_eq!(errors(D::FORMAT, &written), Vec::<String>::new(), "{written:#}");
    assert_eq!(&D::from_slice(document.to_json().as_bytes()).unwrap(), document);
    written
}

#[test]
fn documents_are_valid_and_read_back_the_same() {
    for spend in [true, false] {
        valid(&document(spend));
    }
    for model in ["sbg", "bdw"] {
        valid(&retention(model, &[1000, 869, 743, 653, 593, 551, 517, 491]));
    }
}

#[test]
fn a_report_takes_the_totals_and_nobody_s_name() {
    let mut report = ReportDocument::new("UTC", Period::Month, Confidence::P90, 5);
    report.lifetime_value_reason = Some("not identified: nobody bought again".into());
    valid(&report);
    report.lifetime_value_reason = None;
    report.lifetime_value = LifetimeRow::of(document(true));
    let written = valid(&report);
    assert_eq!(written["lifetime_value"]["totals"]["customers"], 240);
    assert!(!written.to_string().contains("Zoë") && LifetimeRow::of(document(false)).is_none());
    for path in ["/lifetime_value/model/parameters/r", "/lifetime_value/totals/customer_equity/standard_error"] {
        let mut changed = written.clone();
        *changed.pointer_mut(path).unwrap() = json!(-0.5);
        assert!(!errors("cxo.report", &changed).is_empty(), "{path}");
        assert!(ReportDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

#[test]
fn parameters_stand_in_the_order_of_the_literature() {
    let text = document(true).to_json();
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
    assert!(["\"r\":", "\"alpha\":", "\"a\":", "\"b\":", "\"p\":", "\"q\":", "\"gamma\":"].map(place).is_sorted());
    let model = document(true).model;
    assert_eq!(model.parameters.get("alpha"), model.parameters.0.get(1).map(|(_, value)| value));
    assert_eq!(model.parameters.get("beta"), None);
}

#[test]
fn the_keys_are_those_of_the_contract() {
    let written = valid(&document(true));
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (path, wanted) in [
        (
            "/model",
            &["name", "parameters", "standard_errors", "log_likelihood", "gradient_norm", "iterations", "customers"][..],
        ),
        ("/spend", &["name", "parameters", "standard_errors", "log_likelihood", "customers"]),
        (
            "/customers/0",
            &[
                "customer",
                "frequency",
                "recency",
                "age",
                "monetary_value",
                "probability_alive",
                "expected_purchases",
                "expected_spend",
                "clv",
                "residual_transactions",
            ],
        ),
        ("/customers/0/expected_purchases/0", &["horizon", "value", "lower", "upper"]),
    ] {
        let found = keys(written.pointer(path).unwrap());
        assert!(wanted.iter().all(|key| found.iter().any(|known| known == key)), "{path}: {found:?}");
    }
    let without = valid(&document(false));
    assert_eq!(without["spend_reason"], "no column of amounts was named");
    assert_eq!(without["customers"][0]["clv_reason"], "no column of amounts was named");
    let projected = valid(&retention("sbg", &[1000, 700, 600]));
    assert_eq!(
        (projected["survival"].as_array().unwrap().len(), &projected["survivors"]),
        (12, &json!([1000, 700, 600]))
    );
}

#[test]
fn the_schema_and_the_reader_refuse_alike() {
    for (path, value) in [
        ("/customers/0/probability_alive", json!(1.5)),
        ("/customers/0/expected_purchases/0/lower", json!(-1)),
        ("/customers/0/recency", json!(-1)),
        ("/customers/0/clv", Value::Null),
        ("/model/parameters/r", json!(-0.5)),
        ("/model/gradient_norm", json!(-1)),
        ("/model/iterations", json!(1.5)),
        ("/totals/customer_equity/standard_error", json!(-2)),
        ("/most_valuable/0/probability_alive", json!(2)),
        ("/spend", Value::Null),
        ("/confidence", json!(1)),
        ("/load", Value::Null),
    ] {
        let mut changed: Value = serde_json::from_str(&document(true).to_json()).unwrap();
        *changed.pointer_mut(path).unwrap() = value;
        assert!(!errors("cxo.clv", &changed).is_empty(), "{path}");
        assert!(ClvDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
    for (path, value) in [("/survival/0", json!(1.5)), ("/retention", Value::Null), ("/discounted_lifetime", json!(-1))]
    {
        let mut changed: Value = serde_json::from_str(&retention("sbg", &[1000, 700, 600]).to_json()).unwrap();
        *changed.pointer_mut(path).unwrap() = value;
        assert!(!errors("cxo.retention-projection", &changed).is_empty(), "{path}");
        assert!(RetentionDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

#[test]
fn limits_that_cross_and_ages_below_the_recency_are_refused() {
    for (path, value) in [("/customers/0/expected_purchases/1/lower", json!(8)), ("/customers/0/age", json!(30))] {
        let mut changed: Value = serde_json::from_str(&document(true).to_json()).unwrap();
        *changed.pointer_mut(path).unwrap() = value;
        assert!(ClvDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

/// The paths to all parts of a value.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, part)| paths(part, &format!("{at}/{key}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(key, part)| paths(part, &format!("{at}/{key}"), found));
        }
        _ => (),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// A real document with one part replaced: an error, or a value that reads back the same.
    #[test]
    fn the_reader_survives_damage(place in any::<prop::sample::Index>(), kind in 0_usize..7) {
        thread_local!(static TEXT: String = document(true).to_json());
        let mut document: Value = TEXT.with(|text| serde_json::from_str(text)).unwrap();
        let mut all = Vec::new();
        paths(&document, "", &mut all);
        let part = document.pointer_mut(&all[place.index(all.len())]).unwrap();
        *part = match kind {
            0 => Value::Null,
            1 => (-1).into(),
            2 => 1e300.into(),
            3 => "text".into(),
            4 => Value::Array(vec![part.clone(), Value::Null]),
            5 => json!({"r": 1.0}),
            _ => u64::MAX.into(),
        };
        if let Ok(read) = ClvDocument::from_slice(document.to_string().as_bytes()) {
            prop_assert_eq!(ClvDocument::from_slice(read.to_json().as_bytes()).unwrap(), read);
        }
    }

    #[test]
    fn the_reader_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClvDocument::from_slice(&bytes);
        let _ = RetentionDocument::from_slice(&bytes);
    }
}
