//! A model that was stored by the first version is read for ever, and scores as it did.
#![cfg(feature = "serde")]

use cxo_core::churn::risk::{ChurnModel, Limits, SmallestChange, Value};
use cxo_core::{ErrorKind, Probability};
use serde_json::Value as Json;

const VERSION_1: &str = include_str!("../fixtures/churn_model-v1.json");

/// With a spline, categories of which one level is collapsed, a filled column and a stated unknown level.
fn model() -> ChurnModel {
    serde_json::from_str(VERSION_1).unwrap()
}

#[test]
fn version_1_is_read_and_written_alike() {
    let model = model();
    let written: Json = serde_json::to_value(&model).unwrap();
    assert_eq!(written, serde_json::from_str::<Json>(VERSION_1).unwrap());
    assert_eq!(
        model.schema().terms(),
        ["price", "tenure", "tenure'", "tenure''", "plan=family", "plan=premium", "extra=yes", "age", "age=(missing)",]
    );
    assert_eq!(model.summary().date.unwrap().to_string(), "2026-06-30");
    assert_eq!((model.summary().observations, model.summary().customers), (600, Some(200)));
    assert!(model.bins().is_some() && model.calibrator().is_some());
}

#[test]
fn version_1_scores_as_it_did() {
    let model = model();
    let cases = [
        (
            [Value::Number(90.0), Value::Number(2.0), Value::Text("family"), Value::Text("no"), Value::Number(30.0)],
            SCORES[0],
        ),
        (
            [Value::Number(45.0), Value::Number(25.0), Value::Text("gold"), Value::Text("none"), Value::Missing],
            SCORES[1],
        ),
        (
            [Value::Number(20.0), Value::Number(70.0), Value::Text("basic"), Value::Text("yes"), Value::Number(77.0)],
            SCORES[2],
        ),
    ];
    for (row, expected) in cases {
        let risk = model.score(&row, &Limits::default()).unwrap();
        let found = [risk.logit, risk.probability, risk.lower.unwrap(), risk.upper.unwrap()];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found:?} {expected:?}");
        }
    }
    let row = cases[0].0;
    let limit = Probability::new(0.5 * cases[0].1[1]).unwrap();
    let SmallestChange::Found { together, .. } = model.smallest_change(&row, limit).unwrap() else {
        panic!("price may fall")
    };
    assert!(together.iter().all(|step| ["price", "plan"].contains(&step.feature.as_str())));
}

#[test]
fn what_is_no_model_is_refused() {
    let with = |path: &str, value: Json| {
        let mut document: Json = serde_json::from_str(VERSION_1).unwrap();
        *document.pointer_mut(path).unwrap() = value;
        serde_json::from_value::<ChurnModel>(document).unwrap_err().to_string()
    };
    for (path, value, message) in [
        ("/format", Json::from("cxo.nps"), "format is cxo.nps, allowed: cxo.churn-model"),
        ("/version", Json::from(2), "version is 2, allowed: 1"),
        ("/kind", Json::from("tree"), "kind of model is tree, allowed: logistic"),
        ("/target/column", Json::from("plan"), "plan is predicted"),
        ("/target/positive", serde_json::json!({"at-most": null}), "expected f64"),
        ("/features/0/name", Json::from("cost"), "the model takes other terms"),
        ("/features/2/categorical/levels/1", Json::from("a"), "order of their bytes"),
        ("/features/2/categorical/unknown/level", Json::from("gold"), "level of plan is gold"),
        ("/features/3/categorical/collapsed/0", Json::from("gold"), "level of extra is gold"),
        ("/features/4/numeric/range/0", Json::from(1e9), "finite range"),
        ("/features/1/numeric/shape/spline/0", Json::from(1e9), "each above the one before"),
        ("/features/0/may_change/bounds", serde_json::json!([2.0, 1.0]), "two finite ascending numbers"),
        ("/bins/features", Json::Array(Vec::new()), "bins of 0 features for 5"),
        ("/training/events", Json::from(601), "events is 601"),
        ("/training/date", Json::from("30.6.2026"), "input"),
    ] {
        let found = with(path, value);
        assert!(found.contains(message), "{path}: {found}");
    }
    assert_eq!(model().score(&[], &Limits::default()).unwrap_err().kind(), ErrorKind::Incompatible);
}

/// Log-odds, probability and its limits of the rows above, as they were; an independent program finds the same from the file.
const SCORES: [[f64; 4]; 3] = [
    [0.6812442214500499, 0.5788557161198407, 0.43645875396718403, 0.7092413153171627],
    [-0.7094016506857164, 0.3152240889991074, 0.19844336518720324, 0.46118727841976687],
    [-3.2323043850724074, 0.05950591378902221, 0.024354512529989967, 0.13820525585843196],
];
