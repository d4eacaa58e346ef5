//! Raking against an iterative proportional fitting run to the last digits, and against R's survey package.

use cxo_core::stats::{
    design::{Design, Residuals},
    raking::{Margin, RakeOptions, rake},
};
use serde_json::Value;

fn column(of: &Value, key: &str) -> Vec<f64> {
    of[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn nps_value(score: f64) -> f64 {
    if score >= 9.0 {
        1.0
    } else if score <= 6.0 {
        -1.0
    } else {
        0.0
    }
}

#[test]
fn converged_weights() {
    let Some(file) = crate::common::golden("survey/stats.json") else { return };
    let cases = file["raking"].as_array().unwrap();
    for case in cases {
        let margin = |name: &str| {
            let labels: Vec<String> = case[name].as_array().unwrap().iter().map(ToString::to_string).collect();
            let targets = column(case, &format!("targets_{name}"));
            let names: Vec<String> = (0..targets.len()).map(|id| id.to_string()).collect();
            let totals = names.iter().map(String::as_str).zip(targets);
            Margin::new(name, labels.iter().map(String::as_str), totals).unwrap()
        };
        let raked = rake(&column(case, "base_weights"), &[margin("gender"), margin("age")], &RakeOptions::default());
        let raked = raked.unwrap();
        for (found, wanted) in raked.weights.iter().zip(column(case, "weights")) {
            assert!((found / wanted - 1.0).abs() < 2e-11, "{found} is not {wanted}");
        }
        assert!(raked.max_margin_error <= 1e-12);
        assert!(raked.iterations <= case["iterations"].as_u64().unwrap() + 1, "{}", raked.iterations);
        assert!((raked.design_effect / case["kish_deff"].as_f64().unwrap() - 1.0).abs() < 1e-10);
        let values: Vec<f64> = column(case, "scores").into_iter().map(nps_value).collect();
        let nps = Design::new(&raked.weights).unwrap().mean(&values).unwrap().value;
        assert!((nps / case["raked_nps"].as_f64().unwrap() - 1.0).abs() < 1e-10, "{nps}");
    }
    assert!(cases.len() >= 2);
}

#[test]
fn weights_of_r() {
    let Some(file) = crate::common::golden("survey/r_reference.json") else { return };
    let rows = file["survey_data"].as_array().unwrap();
    let margin = |name: &str| {
        let targets = file["rake"]["targets"][name].as_array().unwrap();
        let totals = targets.iter().map(|target| (target[name].as_str().unwrap(), target["Freq"].as_f64().unwrap()));
        Margin::new(name, rows.iter().map(|row| row[name].as_str().unwrap()), totals).unwrap()
    };
    let base: Vec<f64> = rows.iter().map(|row| row["w"].as_f64().unwrap()).collect();
    let margins = [margin("region"), margin("age")];
    let raked = rake(&base, &margins, &RakeOptions::default()).unwrap();
    let wanted = column(&file["rake"], "weights");
    assert_eq!(raked.weights.len(), wanted.len());
    for (found, wanted) in raked.weights.iter().zip(wanted) {
        assert!((found / wanted - 1.0).abs() < 1e-11, "{found} is not {wanted}");
    }
    let values: Vec<f64> = rows.iter().map(|row| row["v"].as_f64().unwrap()).collect();
    let design = Design::new(&raked.weights).unwrap().calibrated(&margins, Residuals::Unweighted).unwrap();
    let nps = design.mean(&values).unwrap();
    for (found, key) in [(nps.value, "nps"), (nps.standard_error.unwrap(), "se")] {
        let wanted = file["rake"][key].as_f64().unwrap();
        assert!((found / wanted - 1.0).abs() < 1e-9, "{key}: {found} is not {wanted}");
    }
}
