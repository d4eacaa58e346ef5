//! Designed samples against R's survey package and an independent weighted reference.

use cxo_core::{
    Confidence,
    stats::design::{Design, DesignMethod},
};
use serde_json::Value;

fn close(found: f64, wanted: &Value, what: &str) {
    let wanted = wanted.as_f64().unwrap_or_else(|| panic!("{what}: no number in {wanted}"));
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1e-300), "{what}: {found} is not {wanted}");
}

fn numbers(rows: &Value, column: &str) -> Vec<f64> {
    rows.as_array().unwrap().iter().map(|row| row[column].as_f64().unwrap()).collect()
}

#[test]
fn designs_of_r() {
    let Some(file) = crate::common::golden("survey/r_reference.json") else { return };
    let rows = &file["survey_data"];
    let (weights, scores, satisfied) = (numbers(rows, "w"), numbers(rows, "v"), numbers(rows, "sat"));
    let clusters: Vec<u32> =
        rows.as_array().unwrap().iter().map(|row| u32::try_from(row["psu"].as_u64().unwrap()).unwrap()).collect();
    let strata: Vec<u32> = rows.as_array().unwrap().iter().map(|row| u32::from(row["stratum"] == "B")).collect();
    let plain = Design::new(&weights).unwrap();
    let mut compared = 0;
    for case in file["survey"].as_array().unwrap() {
        let name = case["design"].as_str().unwrap();
        let design = match name {
            "weights only (with replacement)" => plain,
            "stratified + weights" => plain.strata(&strata).unwrap(),
            "clustered + weights" => plain.clusters(&clusters).unwrap(),
            other => panic!("unknown design {other}"),
        };
        let nps = design.mean(&scores).unwrap();
        close(nps.value, &case["nps"], name);
        close(nps.standard_error.unwrap(), &case["nps_se"], name);
        close(nps.design_effect_without_replacement().unwrap(), &case["nps_deff"], name);
        close(nps.design_effect_with_replacement().unwrap(), &case["nps_deff_replace"], name);
        assert_eq!(nps.degrees_of_freedom(), case["df"].as_u64().unwrap(), "{name}");
        let share = design.mean(&satisfied).unwrap();
        close(share.value, &case["sat"], name);
        close(share.standard_error.unwrap(), &case["sat_se"], name);
        close(share.design_effect_without_replacement().unwrap(), &case["sat_deff"], name);
        for (estimate, method, key) in [
            (nps, DesignMethod::Wald, "nps_ci95"),
            (nps, DesignMethod::StudentT, "nps_ci95_t"),
            (share, DesignMethod::Logit, "sat_ci_logit"),
            (share, DesignMethod::KornGraubard, "sat_ci_beta"),
        ] {
            let interval = estimate.interval(method, Confidence::P95).unwrap().unwrap();
            close(interval.lower, &case[key][0], key);
            close(interval.upper, &case[key][1], key);
        }
        compared += 1;
    }
    assert_eq!(compared, 3);
    let kish = plain.mean(&scores).unwrap().weights;
    close(kish.design_effect().unwrap(), &file["kish"]["kish_deff"], "Kish's design effect");
    close(kish.effective_n().unwrap(), &file["kish"]["kish_neff"], "Kish's effective n");
}

#[test]
fn weighted_samples() {
    let Some(file) = crate::common::golden("survey/stats.json") else { return };
    let cases = file["weighted"].as_array().unwrap();
    for case in cases {
        let column =
            |key: &str| -> Vec<f64> { case[key].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect() };
        let (scores, weights) = (column("scores"), column("weights"));
        let design = Design::new(&weights).unwrap();
        let class = |score: &f64| {
            if *score >= 9.0 {
                1.0
            } else if *score <= 6.0 {
                -1.0
            } else {
                0.0
            }
        };
        let nps = design.mean(&scores.iter().map(class).collect::<Vec<_>>()).unwrap();
        let top = design.mean(&scores.iter().map(|x| f64::from(*x >= 8.0)).collect::<Vec<_>>()).unwrap();
        let se = nps.standard_error.unwrap();
        close(nps.value, &case["wnps"], "wnps");
        close(top.value, &case["wcsat_8plus"], "wcsat_8plus");
        close(design.mean(&scores).unwrap().value, &case["wmean"], "wmean");
        close(se * se, &case["var_linearized"], "var_linearized");
        close(se, &case["se_linearized"], "se_linearized");
        close(nps.weights.effective_n().unwrap(), &case["kish_neff"], "kish_neff");
        close(nps.weights.design_effect().unwrap(), &case["kish_deff"], "kish_deff");
        close(nps.standard_error_kish().unwrap(), &case["se_kish"], "se_kish");
        close(nps.design_effect_plug_in().unwrap(), &case["deff_linearized_vs_srs"], "deff_linearized_vs_srs");
    }
    assert!(cases.len() >= 4);
}
