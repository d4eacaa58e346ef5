//! The document of proportional hazards: what is written reads back the same, matches its schema, and nothing that is read can
//! panic.

use cxo_core::{
    Confidence,
    churn::{
        Durations, Features,
        concordance::concordance,
        cox::{Cox, CoxOptions, CoxRows, TimeTransform},
    },
    domain::LoadReport,
};
use cxo_json::{CoxContext, CoxDocument, Document, schema};
use proptest::prelude::*;
use serde_json::{Value, json};

fn document(options: CoxOptions) -> CoxDocument {
    let times = (0..60).map(|i| f64::from(1 + i * 7 % 11)).collect();
    let durations = Durations::new(times, (0..60).map(|i| i % 3 != 0).collect()).unwrap();
    let x = (0..60).map(|i| f64::from(i * 13 % 17) / 4.0).collect();
    let features = Features::new(vec![("x".into(), x)]).unwrap();
    let rows = CoxRows::new(&durations, &features).unwrap();
    let cox = Cox::fit(&rows, &options).unwrap();
    let risk = cox.linear_predictors(&features).unwrap();
    let found = concordance(&durations, &risk, Confidence::P90).unwrap();
    let context = CoxContext {
        duration: "tenure".into(),
        event: "left".into(),
        collapsed: if cox.penalty() > 0.0 { vec!["plan=none".into()] } else { Vec::new() },
        confidence: Confidence::P90,
        load: LoadReport { rows: 60, accepted: 60, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() },
    };
    CoxDocument::new(&cox, Ok(&found), &cox.proportionality(&rows, TimeTransform::Log), context)
}

fn errors(document: &Value) -> Vec<String> {
    let (_, text) = schema::ALL.iter().find(|(format, _)| *format == "cxo.cox").unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    validator.iter_errors(document).map(|error| error.to_string()).collect()
}

#[test]
fn documents_are_valid_and_read_back() {
    let plain = CoxOptions::default();
    let mut without = document(plain);
    without.concordance = Err("customers of different strata cannot be compared".into());
    without.concordance_standard_error = Err("customers of different strata cannot be compared".into());
    for document in [document(plain), document(plain.robust()), document(plain.penalty(2.0).unwrap()), without] {
        let written: Value = serde_json::from_str(&document.to_json()).unwrap();
        assert_eq!(errors(&written), [""; 0], "{written:#}");
        assert_eq!(CoxDocument::from_slice(document.to_json().as_bytes()).unwrap(), document);
    }
    assert!(document(plain.robust()).proportionality.is_err() && document(plain).proportionality.is_ok());
}

#[test]
fn what_cannot_be_is_refused() {
    let written: Value = serde_json::from_str(&document(CoxOptions::default()).to_json()).unwrap();
    for (path, value) in [
        ("/events", json!(61)),
        ("/concordance", json!(1.5)),
        ("/concordance_standard_error", json!(-0.1)),
        ("/likelihood_ratio/statistic", json!(-1.0)),
        ("/wald/p_value", json!(2.0)),
        ("/score/p_value", json!(-0.1)),
        ("/proportionality/global/statistic", json!(-1.0)),
        ("/proportionality/columns/0/p_value", json!(1.1)),
        ("/coefficients/0/standard_error", json!(-1.0)),
        ("/confidence", json!(1.0)),
        ("/format", json!("cxo.nps")),
        ("/version", json!(2)),
    ] {
        let mut changed = written.clone();
        *changed.pointer_mut(path).unwrap() = value;
        assert!(CoxDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
        // A schema cannot compare two numbers.
        assert!(path == "/events" || !errors(&changed).is_empty(), "{path}");
    }
    let mut both = written.clone();
    both["aic_reason"] = json!("none");
    assert!(CoxDocument::from_slice(both.to_string().as_bytes()).is_err() && !errors(&both).is_empty());
}

proptest! {
    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..4000, byte in any::<u8>()) {
        let _ = CoxDocument::from_slice(&bytes);
        let mut text = document(CoxOptions::default()).to_json().into_bytes();
        let place = at % text.len();
        text[place] = byte;
        let _ = CoxDocument::from_slice(&text);
    }
}
