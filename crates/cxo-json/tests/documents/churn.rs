//! The documents of churn risk: what is written reads back the same, matches its schema, and nothing that is read can panic.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small numbers of tests.

use std::sync::LazyLock;

use cxo_core::{
    Confidence,
    churn::{
        logistic::Penalty,
        risk::{
            Bins, Calibration, Change, Column, Direction, Fill, Knots, Limits, Loss, MissingRule, SchemaOptions, Table,
            Target, TrainOptions, Trained, UnknownLevel, Value as Cell, train,
        },
    },
    domain::{Day, LoadReport},
};
use cxo_json::{
    ChurnFitDocument, ChurnModelDocument, ChurnScoreRow, ChurnScoresDocument, CoefficientRow, CrossValidationRow,
    Document, Error, ReasonRow, ValueAtRiskRow, ValueAtRiskRows, schema,
};
use proptest::prelude::*;
use serde_json::Value;

fn valid<D: Document + PartialEq + std::fmt::Debug>(document: &D) {
    let (_, text) = schema::ALL.iter().find(|(format, _)| *format == D::FORMAT).expect("every document has a schema");
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    let mut bytes = Vec::new();
    document.to_writer(&mut bytes).unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&written).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{written:#}");
    assert!(String::from_utf8_lossy(&bytes).starts_with("{\n  \"format\": \"cxo."), "format comes first");
    assert_eq!(&D::from_slice(&bytes).unwrap(), document);
    assert_eq!(&D::from_slice(document.to_json().as_bytes()).unwrap(), document);
}

/// 200 customers with numbers, a curve, bins, categories and missing values.
fn table() -> Table {
    let number = |row: u32, factor: u32| f64::from(row * factor % 101);
    let plan =
        |row: u32| Some(["basic", "family", "premium"][(row * 7 % 3) as usize]).filter(|_| !row.is_multiple_of(11));
    let left = |row: u32| f64::from(u8::from(number(row, 37) + number(row, 53) > 90.0 + number(row, 71)));
    Table::new(vec![
        ("tenure".into(), Column::numbers((0..200).map(|row| number(row, 37)).collect())),
        ("price".into(), Column::numbers((0..200).map(|row| number(row, 53)).collect())),
        ("age".into(), Column::optional_numbers((0..200).map(|row| (row % 7 != 0).then(|| number(row, 29))))),
        ("plan".into(), Column::texts((0..200).map(plan))),
        ("left".into(), Column::numbers((0..200).map(left).collect())),
    ])
    .unwrap()
}

fn trained(options: TrainOptions) -> Trained {
    let schema = SchemaOptions::default()
        .spline("tenure", Knots::Quantiles(3))
        .bins("price", Bins::new(vec![30.0, 60.0]).unwrap())
        .missing(MissingRule::Indicator(Fill::Median))
        .unknown(UnknownLevel::Level("family".into()))
        .may_change("price", Change::default().direction(Direction::Down).within(0.0, 90.0).unwrap())
        .may_change("plan", Change::default().levels(["basic"]));
    train(&table(), &Target::churn("left"), &options.schema(schema).date(Day(20_000))).unwrap()
}

fn load() -> LoadReport {
    LoadReport { rows: 200, accepted: 200, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() }
}

fn fit(trained: &Trained) -> ChurnFitDocument {
    let fit = trained.model.model();
    ChurnFitDocument {
        target: "left".into(),
        positive: None,
        observations: fit.observations(),
        events: fit.events(),
        coefficients: fit.coefficients(Confidence::P90).iter().map(CoefficientRow::from).collect(),
        confidence: Confidence::P90,
        interval_method: "wald".into(),
        log_likelihood: fit.log_likelihood(),
        null_log_likelihood: fit.null_log_likelihood(),
        aic: fit.aic(),
        bic: fit.bic(),
        iterations: u64::from(fit.iterations()),
        penalty: fit.penalty().name().into(),
        strength: fit.penalty().strength(),
        l1_ratio: None,
        collapsed: trained.collapsed.clone(),
        cross_validation: match &trained.cross_fitted {
            Ok(found) => Ok(CrossValidationRow::from(found)),
            Err(error) => Err(error.to_string().into()),
        },
        calibration: "platt".into(),
        calibration_reason: None,
        load: load(),
    }
}

fn scores(trained: &Trained) -> ChurnScoresDocument {
    let model = &trained.model;
    let mut contributions = vec![0.0; 4];
    let row = |row: usize| {
        let table = table();
        let values = model.schema().row(&table, row).unwrap();
        let risk = model.explain(&values, &Limits::default(), &mut contributions).unwrap();
        let reasons = model.reasons(&contributions, 2).into_iter().map(|reason| ReasonRow {
            feature: reason.feature.into(),
            value: "x".into(),
            contribution: reason.contribution,
        });
        ChurnScoreRow::new((row > 0).then(|| format!("c{row}")), &risk, reasons.collect())
    };
    let mut loss = Loss::default();
    for at in 0..3 {
        loss.add(model, &model.schema().row(&table(), at).unwrap(), 100.0).unwrap();
    }
    let of =
        |segment: Option<&str>| ValueAtRiskRow::new(segment.map(str::to_owned), &loss, model, Confidence::P95).unwrap();
    let results = vec![of(None), of(Some("a"))];
    ChurnScoresDocument {
        target: "left".into(),
        base: model.base(),
        calibration: "platt".into(),
        confidence: Confidence::P95,
        interval_method: "wald".into(),
        scores: (0..3).map(row).collect(),
        value_at_risk: Some(ValueAtRiskRows { form: "predicted-departure".into(), value: "margin".into(), results }),
        load: load(),
    }
}

#[test]
fn documents_are_valid() {
    let penalties = [Penalty::NONE, Penalty::FIRTH, Penalty::l2(2.0).unwrap(), Penalty::elastic_net(1.0, 0.5).unwrap()];
    for penalty in penalties {
        for calibration in Calibration::ALL {
            let trained = trained(TrainOptions::default().penalty(penalty).calibration(*calibration));
            valid(&fit(&trained));
            valid(&scores(&trained));
            valid(&ChurnModelDocument(trained.model));
        }
    }
    let mut document = fit(&trained(TrainOptions::default()));
    document.cross_validation = Err("too few customers".into());
    document.calibration_reason = Some("too few customers".into());
    document.collapsed = vec!["plan=basic".into()];
    document.l1_ratio = Some(0.5);
    document.positive = Some("gone".into());
    valid(&document);
}

#[test]
fn values_out_of_range_are_refused() {
    let trained = trained(TrainOptions::default());
    let change = |document: &mut Value, path: &str, value: Value| *document.pointer_mut(path).unwrap() = value;
    let fit: Value = serde_json::from_str(&fit(&trained).to_json()).unwrap();
    for (path, value) in [
        ("/events", Value::from(1000)),
        ("/coefficients/1/p_value", Value::from(1.5)),
        ("/coefficients/1/standard_error", Value::from(-1)),
        ("/coefficients/1/lower", Value::from(1e9)),
        ("/cross_validation/auc", Value::from(2)),
        ("/cross_validation/log_loss", Value::from(-2)),
    ] {
        let mut wrong = fit.clone();
        change(&mut wrong, path, value);
        let error = ChurnFitDocument::from_slice(wrong.to_string().as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Value { .. }), "{path}: {error}");
    }
    let scores: Value = serde_json::from_str(&scores(&trained).to_json()).unwrap();
    for path in ["/scores/0/probability", "/scores/0/lower", "/scores/0/upper"] {
        let mut wrong = scores.clone();
        change(&mut wrong, path, Value::from(1.1));
        assert!(matches!(ChurnScoresDocument::from_slice(wrong.to_string().as_bytes()), Err(Error::Value { .. })));
    }
}

#[test]
fn a_stored_model_is_checked() {
    let model = ChurnModelDocument(trained(TrainOptions::default()).model);
    let text = model.to_json();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&document["format"], &document["version"]), (&Value::from("cxo.churn-model"), &Value::from(1)));
    assert_eq!(document["training"]["date"], "2024-10-04");
    let read = |document: &Value| ChurnModelDocument::from_slice(document.to_string().as_bytes());
    let with = |path: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(path).unwrap() = value;
        document
    };
    assert!(matches!(read(&with("/format", "cxo.nps".into())), Err(Error::Format { .. })));
    assert!(matches!(read(&with("/version", 2.into())), Err(Error::Version { .. })));
    for (path, value) in [
        ("/kind", Value::from("tree")),
        ("/features/3/categorical/levels/0", Value::from("zzz")),
        ("/features/0/name", Value::from("other")),
        ("/features/0/numeric/shape/spline/0", Value::from(1e9)),
        ("/features/1/may_change/bounds/0", Value::from(1e9)),
        ("/target/column", Value::from("tenure")),
        ("/model/slopes/0", Value::Null),
        ("/model/covariance/0", Value::from(-1)),
        ("/calibrator/slope", Value::from(-1)),
        ("/bins/features", Value::Array(Vec::new())),
        ("/bins/score/expected", Value::Array(Vec::new())),
        ("/training/events", Value::from(100_000)),
        ("/training/date", Value::from("2024-13-01")),
        ("/training/evaluation/auc", Value::from(1.5)),
    ] {
        let error = read(&with(path, value)).unwrap_err();
        assert!(matches!(error, Error::Json { .. }), "{path}: {error}");
    }
    // What a later version adds is ignored.
    let mut later = document.clone();
    later["note"] = Value::from("new");
    assert_eq!(read(&later).unwrap(), model);
    let row = [Cell::Number(3.0), Cell::Number(50.0), Cell::Missing, Cell::Text("never seen")];
    let limits = Limits::default();
    assert_eq!(read(&document).unwrap().0.score(&row, &limits).unwrap(), model.0.score(&row, &limits).unwrap());
}

static TEXT: LazyLock<Vec<u8>> =
    LazyLock::new(|| ChurnModelDocument(trained(TrainOptions::default()).model).to_json().into_bytes());

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ChurnModelDocument::from_slice(&bytes).is_err());
        prop_assert!(ChurnFitDocument::from_slice(&bytes).is_err());
        prop_assert!(ChurnScoresDocument::from_slice(&bytes).is_err());
    }

    #[test]
    fn no_cut_text_panics(share in 0.0..1.0_f64, byte in any::<u8>()) {
        let mut bytes = TEXT.clone();
        let place = (share * bytes.len() as f64) as usize;
        bytes[place] = byte;
        let _ = ChurnModelDocument::from_slice(&bytes);
        prop_assert!(ChurnModelDocument::from_slice(&bytes[..place]).is_err());
    }
}
