//! The likelihoods where hypergeometric implementations fail, and their derivatives.

use std::fmt::Debug;

use super::bdw::BdwLikelihood;
use super::beta_geometric::{BetaGeometricLikelihood, Leaving};
use super::bg_bb::{BgBbLikelihood, History};
use super::fit::Likelihood;
use super::pareto_likelihood::ParetoLikelihood;
use super::retention::{self, Curve};
use super::rows::Row;
use super::sbg::SbgLikelihood;
use super::{BgBb, BgCnbd, BgNbd, MbgNbd, ParetoNbd, PurchaseModel, Rate, Summary};

/// 375 cases with values of 60 digits.
#[test]
fn edge_cases() {
    let Ok(folder) = std::env::var("CXO_GOLDEN_DIR") else { return };
    let text = std::fs::read_to_string(format!("{folder}/clv/edge_cases.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rate = Rate::continuous(0.0026877).unwrap();
    let (mut count, mut worst) = (0, 0.0_f64);
    for case in document["cases"].as_array().unwrap() {
        let number = |name: &str| case[name].as_f64().unwrap();
        let parameters: Vec<f64> = case["params"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
        let parameters: [f64; 4] = parameters.try_into().unwrap();
        let model: Box<dyn PurchaseModel> = match case["model"].as_str().unwrap() {
            "bg_nbd" => Box::new(BgNbd::new(parameters).unwrap()),
            "mbg_nbd" => Box::new(MbgNbd::new(parameters).unwrap()),
            "pareto_nbd" => Box::new(ParetoNbd::new(parameters).unwrap()),
            name => panic!("{name}"),
        };
        let history =
            Summary::unchecked(u32::try_from(case["x"].as_u64().unwrap()).unwrap(), number("t_x"), number("T"));
        let outlook = model.outlook(&history);
        let mut found = vec![
            ("log_likelihood", model.log_likelihood_of(&history)),
            ("p_alive", outlook.probability_alive()),
            ("cet", outlook.expected_purchases(number("t")).unwrap()),
        ];
        let dert = outlook.discounted_residual_transactions(rate);
        assert!(dert.is_finite() && dert >= 0.0, "{case}");
        if case.get("dert_delta_0.0026877").is_some() {
            found.push(("dert_delta_0.0026877", dert));
        }
        for (name, found) in found {
            let expected = number(name);
            // Below the square root of the least number nothing is left of relative accuracy.
            let error = (found - expected).abs() / (expected.abs() + 1e-200);
            // A log-likelihood of nearly 0 is a difference of logarithms.
            let error = if name == "log_likelihood" { error.min((found - expected).abs()) } else { error };
            assert!(error < 1e-9, "{case} {name}: {found}, off by {error:e}");
            worst = worst.max(error);
        }
        count += 1;
    }
    eprintln!("worst: {worst:e}");
    assert_eq!(count, 375);
}

/// The jet of a row against central differences, and against the log-likelihood that the model tells, which differ by a constant.
fn derivatives<const K: usize, L: Likelihood<K>>(
    likelihood: &L,
    row: &L::Row,
    parameters: [f64; K],
    log_likelihood: impl Fn([f64; K]) -> f64,
) where
    L::Row: Debug,
{
    let jet = |p: [f64; K]| L::jet(&likelihood.at(p), row);
    let here = jet(parameters);
    let value = log_likelihood(parameters);
    let what = format!("{parameters:?} {row:?}");
    assert!((here.value - value).abs() < 1e-11 * (1.0 + value.abs()), "{what}: {} {value}", here.value);
    for i in 0..K {
        let step = 1e-5 * parameters[i];
        let moved = |sign: f64| {
            let mut p = parameters;
            p[i] += sign * step;
            jet(p)
        };
        let (up, down) = (moved(1.0), moved(-1.0));
        let slope = (up.value - down.value) / (2.0 * step);
        let error = (slope - here.gradient[i]).abs() * parameters[i];
        assert!(error < 3e-8 * (1.0 + value.abs()), "{what} {i}: {slope} {}", here.gradient[i]);
        for j in 0..K {
            let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
            let error = (bend - here.second(i, j)).abs() * parameters[i] * parameters[j];
            assert!(error < 1e-7 * (1.0 + value.abs()), "{what} {i} {j}: {bend} {}", here.second(i, j));
        }
    }
}

const FREQUENCIES: [u32; 4] = [0, 1, 7, 300];
const PARAMETERS: [[f64; 4]; 4] =
    [[0.55, 0.33, 0.6, 0.36], [1.3, 0.2, 0.9, 4.0], [0.2, 3.0, 2.5, 0.1], [3.0, 1.0, 40.0, 90.0]];
const ROWS: [(u32, f64, f64); 7] =
    [(0, 0.0, 1.2), (0, 0.0, 0.0), (1, 0.3, 1.0), (1, 0.9, 0.9), (2, 0.001, 5.0), (3, 0.9, 1.1), (2, 0.9, 1.0)];

fn each_row(mut visit: impl FnMut([f64; 4], Row, Summary)) {
    for parameters in PARAMETERS {
        for (group, recency, age) in ROWS {
            let history = Summary::unchecked(FREQUENCIES[group as usize], recency, age);
            visit(parameters, Row { group, recency, age }, history);
        }
    }
}

#[test]
fn derivatives_of_pareto() {
    let frequencies = FREQUENCIES.map(f64::from);
    let likelihood = ParetoLikelihood { frequencies: &frequencies };
    each_row(|parameters, row, history| {
        let value = |p| ParetoNbd::new(p).unwrap().log_likelihood_of(&history);
        derivatives(&likelihood, &row, parameters, value);
    });
}

#[test]
fn derivatives_of_beta_geometric() {
    let frequencies = FREQUENCIES.map(f64::from);
    for k in [1, 2, 5] {
        let after_repeats = BetaGeometricLikelihood { leaving: Leaving::AfterRepeats, k, frequencies: &frequencies };
        let after_all = BetaGeometricLikelihood { leaving: Leaving::AfterAll, k, frequencies: &frequencies };
        each_row(|parameters, row, history| {
            // The likelihood of a fit leaves out what does not depend on the parameters.
            let constant = f64::from(history.frequency()) * libm::lgamma(f64::from(k));
            derivatives(&after_repeats, &row, parameters, |p| {
                constant + BgCnbd::new(k, p).unwrap().log_likelihood_of(&history)
            });
            derivatives(&after_all, &row, parameters, |p| {
                constant + super::MbgCnbd::new(k, p).unwrap().log_likelihood_of(&history)
            });
        });
    }
}

#[test]
fn derivatives_of_bg_bb() {
    let likelihood = BgBbLikelihood { most: 2000 };
    for parameters in PARAMETERS.into_iter().chain([[1e-3; 4], [1e3, 5e3, 1e-2, 1e4]]) {
        for (x, recency, age) in [(0, 0, 0), (0, 0, 6), (1, 1, 6), (4, 4, 6), (6, 6, 6), (3, 5, 40), (700, 900, 2000)] {
            let history = Summary::new(x, f64::from(recency), f64::from(age)).unwrap();
            let row = History { frequency: x, recency, opportunities: age };
            derivatives(&likelihood, &row, parameters, |p| BgBb::new(p).unwrap().log_likelihood_of(&history));
        }
    }
}

#[test]
fn derivatives_of_retention() {
    for [alpha, beta, power] in [[0.7, 3.8, 1.7], [1e-3, 2.0, 0.4], [40.0, 900.0, 1.0], [0.2, 1e-3, 2.5]] {
        for (before, lost, kept) in [(0.0, 131.0, 869.0), (1.0, 126.0, 743.0), (6.0, 0.0, 40.0), (30.0, 2.0, 0.0)] {
            let row = retention::Row { before, lost, kept };
            derivatives(&BdwLikelihood, &row, [alpha, beta, power], |[alpha, beta, power]| {
                Curve { alpha, beta, power }.log_likelihood(&row)
            });
            derivatives(&SbgLikelihood, &row, [alpha, beta], |[alpha, beta]| {
                Curve { alpha, beta, power: 1.0 }.log_likelihood(&row)
            });
        }
    }
}
