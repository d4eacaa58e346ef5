//! Reason codes and scores on Telco against published references, and the whole way from raw columns to a stored model.
#![cfg(feature = "serde")]

use crate::common::golden;
use cxo_core::churn::logistic::Penalty;
use cxo_core::churn::risk::{
    Calibration, ChurnModel, Column, Fill, Limits, MissingRule, SchemaOptions, Table, Target, TrainOptions, Trained,
    Value, train,
};
use cxo_core::{Absent, Confidence, ErrorKind, Seed};

/// The columns of a file of the data folder: numbers where every cell is one, blank cells missing.
fn table(name: &str, rows: impl Fn(usize) -> bool) -> Table {
    let folder = std::env::var("CXO_GOLDEN_DIR").unwrap();
    let text = std::fs::read_to_string(format!("{folder}/../data/churn/{name}")).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cells: Vec<Vec<&str>> =
        lines.enumerate().filter(|(row, _)| rows(*row)).map(|(_, line)| line.split(',').collect()).collect();
    let column = |(place, name): (usize, &&str)| {
        let texts = || cells.iter().map(|row| Some(row[place].trim()).filter(|cell| !cell.is_empty()));
        let numbers: Option<Vec<Option<f64>>> =
            texts().map(|cell| cell.map_or(Some(None), |cell| cell.parse().ok().map(Some))).collect();
        ((*name).to_owned(), numbers.map_or_else(|| Column::texts(texts()), Column::optional_numbers))
    };
    Table::new(names.iter().enumerate().map(column).collect()).unwrap()
}

#[test]
fn reasons_of_the_first_test_row() {
    let Some(document) = golden("churn/metrics.json") else { return };
    let reference = &document["telco"]["reason_codes_row0_test"];
    let [training, testing] =
        [table("telco_design.csv", |row| row % 10 < 7), table("telco_design.csv", |row| row % 10 >= 7)];
    // The reference is a ridge fit, scikit-learn's C = 1.
    let options = TrainOptions::default().penalty(Penalty::l2(1.0).unwrap());
    let Trained { model, .. } = train(&training, &Target::churn("churn"), &options).unwrap();
    let row = model.schema().row(&testing, 0).unwrap();
    let mut contributions = vec![0.0; row.len()];
    let risk = model.explain(&row, &Limits::default(), &mut contributions).unwrap();
    assert_eq!((risk.lower, risk.upper), (Err(Absent::Penalized), Err(Absent::Penalized)));
    let close = |found: f64, expected: &serde_json::Value| {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() <= 1e-8 * expected.abs().max(0.1), "{found} {expected}");
    };
    close(risk.logit, &reference["logit"]);
    close(model.base(), &reference["intercept"]);
    for (feature, contribution) in model.schema().features().iter().zip(&contributions) {
        close(*contribution, &reference["contrib"][feature.name()]);
    }
    let sum = model.base() + contributions.iter().sum::<f64>();
    assert!((sum - risk.logit).abs() <= 1e-12, "{sum} {}", risk.logit);
    let first: Vec<&str> = model.reasons(&contributions, 2).iter().map(|reason| reason.feature).collect();
    assert_eq!(first, ["tenure", "phone"]);
}

#[test]
fn the_first_five_of_telco() {
    let Some(document) = golden("churn/logistic.json") else { return };
    let table = table("telco_design.csv", |_| true);
    let options = TrainOptions::default().calibration(Calibration::None);
    let trained = train(&table, &Target::churn("churn"), &options).unwrap();
    let scores = trained.model.scores(&table, &Limits::OMITTED).unwrap();
    let expected = document["telco"]["unpenalised"]["first5_probabilities"].as_array().unwrap();
    for (found, expected) in scores.probability.iter().zip(expected) {
        assert!((found / expected.as_f64().unwrap() - 1.0).abs() <= 1e-8, "{found} {expected}");
    }
    assert_eq!((expected.len(), scores.limits), (5, Err(Absent::NotAsked)));
    assert!(trained.model.calibrator().is_none() && trained.cross_fitted.is_ok());
}

#[test]
fn raw_telco_becomes_a_calibrated_model() {
    if golden("churn/logistic.json").is_none() {
        return;
    }
    let table = table("telco_churn.csv", |_| true);
    let options = TrainOptions::default().customers("customerID").seed(Seed(7));
    let Trained { model, rows, incomplete, collapsed, cross_fitted, without_outcome, .. } =
        train(&table, &Target::churn("Churn"), &options).unwrap();
    assert_eq!((rows.len(), without_outcome), (7032, 0));
    assert_eq!(incomplete, [("TotalCharges".to_owned(), 11)]);
    assert_eq!(collapsed.len(), 7, "{collapsed:?}");
    assert!(collapsed.contains(&"MultipleLines=No phone service".to_owned()));
    // Published for these data: areas of 0.84 to 0.85.
    let found = cross_fitted.unwrap();
    assert!((0.842..0.849).contains(&found.auc.value), "{}", found.auc.value);
    assert!(found.auc.interval.unwrap().contains(found.auc.value));
    let summary = model.summary();
    assert_eq!((summary.observations, summary.events, summary.customers), (7032, 1869, Some(7032)));

    let learned = table.subset(&rows).unwrap();
    let scores = model.scores(&learned, &Limits::at(Confidence::P95)).unwrap();
    // Calibrated on predictions for others, the mean of its own is that of the data but for rounding of the fit.
    let mean = scores.probability.iter().sum::<f64>() / 7032.0;
    assert!((mean - 1869.0 / 7032.0).abs() < 1e-3, "{mean}");
    let limits = scores.limits.unwrap();
    let bounds = limits.lower.iter().zip(&limits.upper).zip(&scores.probability);
    assert!(bounds.clone().all(|((lower, upper), p)| 0.0 < *lower && lower < p && p < upper && *upper < 1.0));

    let text = serde_json::to_string(&model).unwrap();
    let stored: ChurnModel = serde_json::from_str(&text).unwrap();
    let mut contributions = vec![0.0; model.schema().features().len()];
    for row in (0..7032).step_by(97) {
        let values = model.schema().row(&learned, row).unwrap();
        let risk = stored.explain(&values, &Limits::default(), &mut contributions).unwrap();
        assert_eq!(risk, model.score(&values, &Limits::default()).unwrap());
        assert_eq!((risk.probability, risk.logit), (scores.probability[row], scores.logit[row]));
        assert_eq!(risk.lower.unwrap(), limits.lower[row]);
        assert!((model.base() + contributions.iter().sum::<f64>() - risk.logit).abs() <= 1e-12);
    }
    assert_eq!(serde_json::to_string(&stored).unwrap(), text);
    // Nothing of the data is inside: no customer, and far fewer numbers than rows.
    assert!(!text.contains("7590-VHVEG") && text.len() < 60_000, "{}", text.len());
}

#[test]
fn missing_charges_separate_and_firth_does_not_mind() {
    if golden("churn/logistic.json").is_none() {
        return;
    }
    let table = table("telco_churn.csv", |_| true);
    let schema = SchemaOptions::default().missing(MissingRule::Indicator(Fill::Median));
    let options = TrainOptions::default().customers("customerID").schema(schema);
    // All eleven customers without charges are new, and none of them has left.
    let error = train(&table, &Target::churn("Churn"), &options).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["TotalCharges=(missing)".to_owned()][..]));
    let trained = train(&table, &Target::churn("Churn"), &options.penalty(Penalty::FIRTH)).unwrap();
    assert_eq!((trained.rows.len(), trained.incomplete.len()), (7043, 0));
    let mut row = trained.model.schema().row(&table, 0).unwrap();
    let place = trained.model.schema().place("TotalCharges").unwrap();
    row[place] = Value::Missing;
    let risk = trained.model.score(&row, &Limits::default()).unwrap();
    assert!(risk.lower.unwrap() < risk.probability);
}
