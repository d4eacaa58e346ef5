//! Independent references, through the command. Skipped (and said so) without `CXO_GOLDEN_DIR`.

use crate::common::Folder;
use serde_json::Value;

fn golden(path: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}

fn near(found: &Value, expected: &Value, factor: f64, tolerance: f64) -> bool {
    let (found, expected) = (found.as_f64().unwrap(), factor * expected.as_f64().unwrap());
    (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

const METHODS: [(&str, &str, f64); 9] = [
    ("wald", "wald", 1e-9),
    ("adjusted_wald", "adjusted-wald", 1e-9),
    ("adjusted_wald_laplace", "laplace", 1e-9),
    ("adjusted_wald_z2", "z2-adjusted", 1e-9),
    ("trinomial_t", "trinomial-t", 1e-9),
    ("goodman", "goodman", 1e-9),
    ("score", "score", 1e-7),
    ("mover_wilson", "mover-wilson", 1e-9),
    ("bootstrap_percentile_exact", "bootstrap-percentile", 1e-9),
];

#[test]
fn nps_of_counts() {
    let Some(file) = golden("survey/nps.json") else { return };
    let folder = Folder::new();
    let mut compared = 0;
    // The library's own test compares every case by every method; here a method a case shows that the command passes it on.
    for (case, (key, method, tolerance)) in file["one_sample"].as_array().unwrap().iter().zip(METHODS.iter().cycle()) {
        let counts = format!("{},{},{}", case["promoters"], case["passives"], case["detractors"]);
        let arguments =
            format!("nps --counts {counts} --interval {method} --confidence {} --format json", case["conf"]);
        let row = folder.cxo(&arguments).json()["results"][0].clone();
        assert!(near(&row["score"], &case["nps"], 100.0, 1e-9), "{arguments}");
        assert!(near(&row["standard_error"], &case["se"], 100.0, 1e-9), "{arguments}");
        match case["ci"][key].as_array() {
            Some(bounds) => {
                let clipped = |bound: &Value| Value::from(bound.as_f64().unwrap().clamp(-1.0, 1.0));
                assert!(near(&row["interval"]["lower"], &clipped(&bounds[0]), 100.0, *tolerance), "{arguments}\n{row}");
                assert!(near(&row["interval"]["upper"], &clipped(&bounds[1]), 100.0, *tolerance), "{arguments}\n{row}");
                assert_eq!(row["interval"]["method"], *method);
                compared += 1;
            }
            // The reference does not enumerate large samples.
            None if *method == "bootstrap-percentile" => {}
            None => assert!(row["interval_reason"].is_string(), "{arguments}\n{row}"),
        }
    }
    assert!(compared > 100, "{compared} cases compared");
}

#[test]
fn nps_comparisons() {
    let Some(file) = golden("survey/nps.json") else { return };
    let folder = Folder::new();
    let counts = |side: &Value| format!("{},{},{}", side["promoters"], side["passives"], side["detractors"]);
    let cases = file["two_sample"].as_array().unwrap();
    for case in cases {
        for (key, method) in [("wald", "wald"), ("adjusted_wald", "adjusted-wald"), ("welch_t", "welch")] {
            let (first, second) = (counts(&case["a"]), counts(&case["b"]));
            let arguments = format!("nps compare --counts {first} --against {second} --method {method} --format json");
            let document = folder.cxo(&arguments).json();
            let expected = &case["results"][key];
            if let Some(p) = expected["p"].as_f64() {
                assert!((document["p_value"].as_f64().unwrap() - p).abs() < 1e-9, "{arguments}\n{document}");
            }
            let plain = &case["results"]["wald"]["delta"];
            assert!(near(&document["difference"], plain, 100.0, 1e-9), "{arguments}\n{document}");
        }
    }
    assert!(cases.len() >= 8);
}

#[test]
fn csat_of_counts() {
    let Some(file) = golden("survey/stats.json") else { return };
    let folder = Folder::new();
    let methods = ["wald", "wilson", "clopper_pearson", "agresti_coull", "jeffreys", "mid_p"];
    let mut compared = 0;
    for (case, key) in file["proportion_ci"].as_array().unwrap().iter().zip(methods.iter().cycle()) {
        let method = key.replace('_', "-");
        let arguments = format!(
            "csat --satisfied {} --responses {} --interval {method} --confidence {} --format json",
            case["x"], case["n"], case["conf"]
        );
        let row = folder.cxo(&arguments).json()["results"][0].clone();
        let tolerance = if *key == "mid_p" { 1e-6 } else { 1e-9 };
        for (bound, expected) in ["lower", "upper"].into_iter().zip(case["ci"][key].as_array().unwrap()) {
            assert!(near(&row["interval"][bound], expected, 1.0, tolerance), "{arguments}\n{row}");
        }
        compared += 1;
    }
    assert!(compared >= 20, "{compared} cases compared");
}

/// A real export, where it is: beside the folder of the references. Counted from the file with another tool: 8 promoters,
/// 9 passives and 22 detractors of 39.
#[test]
fn nps_of_a_real_export() {
    let Some(folder) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let file = std::path::Path::new(&folder).join("../data/survey/google_forms_style/sudzilla_input_01.csv");
    let document = Folder::new().cxo(&format!("nps {} --score #2 --format json", file.display())).json();
    let all = &document["results"][0];
    assert_eq!([&all["responses"], &all["promoters"], &all["passives"], &all["detractors"]], [39, 8, 9, 22]);
    assert!(near(&all["score"], &Value::from(-14.0 / 39.0), 100.0, 1e-12));
    assert_eq!(document["load"]["accepted"], 39);
}
