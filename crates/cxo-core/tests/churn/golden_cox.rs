//! Proportional hazards against independent references.

use crate::common::{churn::table, clv::assert_close};
use cxo_core::Confidence;
use cxo_core::churn::cox::{Cox, CoxOptions, CoxRows, Ties};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[test]
fn fits() {
    let Some(document) = crate::common::golden("churn/survival.json") else { return };
    let mut count = 0;
    for (dataset, reference) in document.as_object().unwrap() {
        let Some(covariates) = reference.get("covariates") else { continue };
        let names: Vec<&str> = covariates.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let data = table(&format!("{dataset}.csv"));
        let (durations, features) = (data.durations(), data.features(&names));
        let rows = CoxRows::new(&durations, &features).unwrap();
        for ties in [Ties::Efron, Ties::Breslow] {
            let expected = &reference[&format!("cox_{ties}")];
            let cox = Cox::fit(&rows, &CoxOptions::default().ties(ties)).unwrap();
            let what = format!("{dataset} {ties}");
            let number = |key: &str| expected[key].as_f64().unwrap();
            assert_close(cox.log_likelihood(), number("loglik"), 1e-12, &what);
            assert_close(cox.null_log_likelihood(), number("loglik_null"), 1e-12, &what);
            assert_close(cox.likelihood_ratio_test().unwrap().statistic, number("lr_chi2"), 1e-10, &what);
            assert_eq!(
                (cox.observations(), cox.events()),
                (reference["n"].as_u64().unwrap(), reference["events"].as_u64().unwrap())
            );
            let coefficients = cox.coefficients(Confidence::P95);
            assert_eq!(coefficients.len(), names.len());
            let (values, errors) = (numbers(&expected["coef"]), numbers(&expected["se"]));
            for (coefficient, (value, error)) in coefficients.iter().zip(values.iter().zip(&errors)) {
                let what = format!("{what} {}", coefficient.name);
                assert_close(coefficient.value, *value, 1e-9, &what);
                assert_close(coefficient.standard_error.unwrap(), *error, 1e-8, &what);
            }
            if let Some(p_values) = expected.get("p_value") {
                for (coefficient, (z, p)) in
                    coefficients.iter().zip(numbers(&expected["z"]).iter().zip(numbers(p_values)))
                {
                    assert_close(coefficient.statistic.unwrap(), *z, 1e-8, &what);
                    assert_close(coefficient.p_value.unwrap(), p, 1e-6, &what);
                }
            }
            count += 1;
        }
    }
    assert_eq!(count, 8);
}
