//! The document of an evaluation: read back the same, valid by its schema, refused where it contradicts itself.

use cxo_core::{
    Confidence, ErrorKind,
    churn::{
        calibration::{Binning, PredictionsFrom},
        evaluation::{AucInterval, Predictions},
    },
    domain::LoadReport,
};
use cxo_json::{ChurnEvaluationDocument, Document, EvaluationQuestion, schema};
use serde_json::Value;

const ASKED: EvaluationQuestion = EvaluationQuestion {
    confidence: Confidence::P90,
    auc_interval: AucInterval::Wald,
    binning: Binning::Uniform(4),
    groups: 4,
    predictions: PredictionsFrom::Fresh,
    parts: 5,
};

fn predictions() -> Predictions {
    let observed = (0..40).map(|row| row % 3 == 0 || row > 30).collect();
    Predictions::new(observed, (0..40).map(|row| 0.01 + f64::from(row * 7 % 40) / 42.0).collect()).unwrap()
}

fn written(document: &ChurnEvaluationDocument) -> Value {
    let text = schema::CHURN_EVALUATION;
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    let written: Value = serde_json::from_str(&document.to_json()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&written).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{written:#}");
    assert_eq!(&ChurnEvaluationDocument::from_slice(document.to_json().as_bytes()).unwrap(), document);
    written
}

#[test]
fn evaluations_come_back_the_same() {
    let load = LoadReport { rows: 41, accepted: 40, blank: 1, rejected: 0, skipped: 0, reasons: vec![] };
    let plain = written(&ChurnEvaluationDocument::new(&predictions(), &ASKED, Some(load)).unwrap());
    assert_eq!((plain["observations"].as_u64(), plain["gains"].as_array().unwrap().len()), (Some(40), 5));
    assert!(plain.get("weighted_observations").is_none());
    let weighted = predictions().with_weights((0..40).map(|row| f64::from(row % 4 + 1)).collect()).unwrap();
    let asked = EvaluationQuestion { auc_interval: AucInterval::Logit, binning: Binning::Quantile(3), ..ASKED };
    let document = written(&ChurnEvaluationDocument::new(&weighted, &asked, None).unwrap());
    assert_eq!(document["weighted_observations"], 100.0);
    assert_eq!(
        (&document["interval_method"], &document["calibration"]["binning"]),
        (&"logit".into(), &"quantile".into())
    );
    assert!(document["calibration"]["hosmer_lemeshow_reason"].as_str().unwrap().contains("without weights"));
    // Certainty has no log-odds, and a perfect ranking no interval.
    let perfect = Predictions::new(vec![false, true], vec![0.0, 1.0]).unwrap();
    let document = written(&ChurnEvaluationDocument::new(&perfect, &ASKED, None).unwrap());
    assert!(document["calibration"]["slope_reason"].as_str().unwrap().contains("certainty"));
    assert!(document["auc_lower_reason"].is_string() && document["auc"] == 1.0);
    let alike = Predictions::new(vec![true], vec![0.5]).unwrap();
    assert_eq!(ChurnEvaluationDocument::new(&alike, &ASKED, None).unwrap_err().kind(), ErrorKind::Degenerate);
}

#[test]
fn values_out_of_range_are_refused() {
    let text = ChurnEvaluationDocument::new(&predictions(), &ASKED, None).unwrap().to_json();
    let document: Value = serde_json::from_str(&text).unwrap();
    let changed = |path: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(path).unwrap() = value;
        ChurnEvaluationDocument::from_slice(document.to_string().as_bytes())
    };
    assert!(changed("/auc", 0.5.into()).is_ok());
    for (path, value) in [
        ("/events", 41.0),
        ("/auc", 1.1),
        ("/auc_lower", -0.1),
        ("/brier", 2.0),
        ("/log_loss", -1.0),
        ("/ks_threshold", 7.0),
        ("/calibration/ece", -0.2),
        ("/calibration/hosmer_lemeshow/p_value", 1.5),
        ("/calibration/bins/1/to", 0.1),
        ("/calibration/bins/0/observed", 1.2),
        ("/gains/0/captured", 1.2),
        ("/gains/0/lift", -1.0),
    ] {
        let value = if path == "/events" { 41.into() } else { value.into() };
        assert!(changed(path, value).is_err(), "{path}");
    }
}
