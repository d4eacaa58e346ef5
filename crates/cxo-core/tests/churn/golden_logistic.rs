//! Logistic regression against independent references: Telco, employees, separated data under Firth's penalty.

use std::path::Path;

use cxo_core::churn::Features;
use cxo_core::churn::logistic::{Logistic, LogisticOptions, Outcomes, Penalty};
use cxo_core::{Absent, Confidence, ErrorKind};
use serde_json::Value;

use crate::common::golden;

/// The numeric columns of a file beside the reference numbers, and whether `target` is 1.
fn design(file: &str, columns: &[&str], target: &str) -> (Features, Vec<bool>) {
    let folder = std::env::var_os("CXO_GOLDEN_DIR").unwrap();
    let path = Path::new(&folder).join("../data/churn").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let column = |name: &str| -> Vec<f64> {
        let place = header.iter().position(|column| *column == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
        rows.iter().map(|row| row[place].parse().unwrap()).collect()
    };
    let features = columns.iter().map(|name| ((*name).to_owned(), column(name))).collect();
    (Features::new(features).unwrap(), column(target).iter().map(|value| *value == 1.0).collect())
}

/// An array of numbers.
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Relative agreement.
#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} instead of {expected}");
}

fn fit(features: &Features, outcomes: &Outcomes, penalty: Penalty) -> Logistic {
    Logistic::fit(features, outcomes, &LogisticOptions::default().penalty(penalty)).unwrap()
}

/// The reference of a data set with its rows.
fn reference(name: &str) -> Option<(Value, Features, Outcomes)> {
    let case = golden("churn/logistic.json")?[name].clone();
    let file = case["file"].as_str().unwrap().replace("data/", "");
    let target = if name == "telco" { "churn" } else { "attrition" };
    let columns: Vec<&str> = case["columns"].as_array().unwrap().iter().skip(1).map(|c| c.as_str().unwrap()).collect();
    let (features, happened) = design(&file, &columns, target);
    assert_eq!(happened.iter().filter(|happened| **happened).count() as u64, case["events"].as_u64().unwrap());
    Some((case, features, Outcomes::new(happened).unwrap()))
}

#[test]
fn unpenalised_fits() {
    for name in ["telco", "employee"] {
        let Some((case, features, outcomes)) = reference(name) else { return };
        let expected = &case["unpenalised"];
        let model = fit(&features, &outcomes, Penalty::NONE);
        let coefficients = model.coefficients(Confidence::P95);
        let columns = [
            ("coef", coefficients.iter().map(|c| c.value).collect::<Vec<_>>()),
            ("se", coefficients.iter().map(|c| c.standard_error.unwrap()).collect()),
            ("z", coefficients.iter().map(|c| c.statistic.unwrap()).collect()),
            ("p_value", coefficients.iter().map(|c| c.p_value.unwrap()).collect()),
        ];
        for (key, found) in columns {
            for ((found, expected), column) in found.iter().zip(numbers(&expected[key])).zip(&coefficients) {
                assert_close(*found, expected, 1e-9, &format!("{name} {key} {}", column.name));
            }
        }
        let standardized = numbers(&expected["coef_standardised"]);
        for (coefficient, expected) in coefficients.iter().zip(&standardized).skip(1) {
            assert_close(coefficient.standardized, *expected, 1e-9, &coefficient.name);
        }
        assert_close(model.base(), standardized[0], 1e-11, "base");
        let errors = numbers(&expected["se_standardised"]);
        let at_means = model.logit_variance(model.means()).unwrap().unwrap().sqrt();
        assert_close(at_means, errors[0], 1e-10, "error of the base");
        for (key, found) in [
            ("loglik", model.log_likelihood()),
            ("loglik_null", model.null_log_likelihood()),
            ("mcfadden_r2", model.mcfadden_r2()),
            ("aic", model.aic()),
            ("bic", model.bic()),
            ("lr_chi2", model.likelihood_ratio().unwrap().statistic),
        ] {
            assert_close(found, expected[key].as_f64().unwrap(), 1e-11, key);
        }
        assert_eq!(u64::from(model.likelihood_ratio().unwrap().degrees), expected["df"].as_u64().unwrap());
        let probabilities = model.probabilities(&features).unwrap();
        for (found, expected) in probabilities.iter().zip(numbers(&expected["first5_probabilities"])) {
            assert_close(*found, expected, 1e-10, "probability");
        }
    }
}

#[test]
fn ridge_fits() {
    for name in ["telco", "employee"] {
        let Some((case, features, outcomes)) = reference(name) else { return };
        for (key, strength) in [("l2_C=1.0", 1.0), ("l2_C=0.01", 100.0)] {
            let expected = &case[key];
            let model = fit(&features, &outcomes, Penalty::l2(strength).unwrap());
            let coefficients = model.coefficients(Confidence::P95);
            let standardized = numbers(&expected["coef_standardised"]);
            assert_close(model.base(), standardized[0], 1e-10, "base");
            for (coefficient, expected) in coefficients.iter().zip(&standardized).skip(1) {
                assert_close(coefficient.standardized, *expected, 1e-9, &coefficient.name);
                assert_eq!(coefficient.standard_error, Err(Absent::Penalized));
            }
            let [log_likelihood, objective] =
                ["loglik_unpenalised_part", "objective"].map(|key| expected[key].as_f64().unwrap());
            assert_close(model.log_likelihood(), log_likelihood, 1e-11, "log-likelihood");
            assert_close(-model.penalized_log_likelihood(), objective, 1e-11, "objective");
        }
    }
}

#[test]
fn firth_fits() {
    let Some(document) = golden("churn/logistic.json") else { return };
    for name in ["firth_complete", "firth_quasi"] {
        let case = &document["separation"][name];
        let features = Features::new(vec![("x".to_owned(), numbers(&case["x"]))]).unwrap();
        let happened = numbers(&case["y"]).iter().map(|y| *y == 1.0).collect();
        let outcomes = Outcomes::new(happened).unwrap();
        let refused = Logistic::fit(&features, &outcomes, &LogisticOptions::default()).unwrap_err();
        assert_eq!((refused.kind(), refused.columns()), (ErrorKind::Separated, &["x".to_owned()][..]));
        let model = fit(&features, &outcomes, Penalty::FIRTH);
        let coefficients = model.coefficients(Confidence::P95);
        let (values, errors) = (numbers(&case["coef"]), numbers(&case["se"]));
        assert!((coefficients[0].value - values[0]).abs() < 1e-12);
        assert_close(coefficients[1].value, values[1], 1e-10, name);
        for (coefficient, error) in coefficients.iter().zip(&errors) {
            assert_close(coefficient.standard_error.unwrap(), *error, 1e-10, name);
        }
        let penalized = case["penalised_loglik"].as_f64().unwrap();
        assert_close(model.penalized_log_likelihood(), penalized, 1e-11, name);
    }
}
