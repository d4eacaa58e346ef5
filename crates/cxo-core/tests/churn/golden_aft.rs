//! Accelerated failure time against independent references.

use crate::common::{churn::table, clv::assert_close};
use cxo_core::Confidence;
use cxo_core::churn::aft::{Aft, AftOptions};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn assert_fit(aft: &Aft, expected: &Value, what: &str) {
    let number = |key: &str| expected[key].as_f64().unwrap();
    assert_close(aft.log_likelihood(), number("loglik"), 1e-12, what);
    assert_close(aft.intercept(), number("intercept"), 1e-9, what);
    assert!((aft.log_scale() - number("log_sigma")).abs() < 1e-9, "{what}");
    assert_close(aft.scale(), number("sigma"), 1e-9, what);
    let coefficients = aft.coefficients(Confidence::P95);
    let (values, errors) = (numbers(&expected["coef"]), numbers(&expected["se"]));
    assert_eq!((coefficients.len(), aft.values().len()), (values.len() + 2, values.len()));
    for (found, expected) in aft.values().iter().zip(values) {
        assert_close(*found, expected, 1e-8, what);
    }
    for (coefficient, error) in coefficients.iter().zip(errors.iter().chain([&number("se_log_sigma")])) {
        assert_close(coefficient.standard_error.unwrap(), *error, 1e-8, &format!("{what} {}", coefficient.name));
    }
}

#[test]
fn fits() {
    let Some(document) = crate::common::golden("churn/survival.json") else { return };
    let mut count = 0;
    for (dataset, reference) in document.as_object().unwrap() {
        let data = || table(&format!("{dataset}.csv"));
        if let Some(expected) = reference.get("weibull_aft") {
            let names: Vec<&str> =
                reference["covariates"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            let (durations, features) = (data().durations(), data().features(&names));
            let aft = Aft::fit(&durations, Some(&features), &AftOptions::default()).unwrap();
            assert_fit(&aft, expected, dataset);
            assert_eq!(aft.names(), names);
            count += 1;
        }
        if let Some(expected) = reference.get("weibull_univariate") {
            let durations = data().durations();
            let aft = Aft::fit(&durations, None, &AftOptions::default()).unwrap();
            assert_fit(&aft, expected, dataset);
            assert_close(aft.intercept().exp(), expected["lambda_"].as_f64().unwrap(), 1e-9, dataset);
            count += 1;
        }
    }
    assert_eq!(count, 6);
}
