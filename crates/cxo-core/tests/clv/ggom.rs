//! The GGom/NBD against independent references, its limit, simulations and its own laws.
#![cfg(feature = "serde")] // What is stored is read back.
#![allow(clippy::cast_possible_truncation)] // Small counts.

use cxo_core::clv::{FitOptions, Fitted, GgomNbd, Model, ParetoNbd, PurchaseModel, Rate, Summaries, Summary};
use cxo_core::{Absent, Confidence, ErrorKind, Seed};
use proptest::prelude::*;
use serde_json::Value;

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    // Below the least normal number there are no digits to compare.
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs() || error < 1e-300, "{what}: {found} instead of {expected}");
}

/// `tests/data/ggom_nbd.json` tells its origin.
#[test]
fn references_of_forty_digits() {
    let document: Value = serde_json::from_str(include_str!("../data/ggom_nbd.json")).unwrap();
    let rate = Rate::continuous(document["delta"].as_f64().unwrap()).unwrap();
    let horizons = document["horizons"].as_array().unwrap();
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 90);
    for case in cases {
        let number = |value: &Value| value.as_f64().unwrap();
        let parameters: Vec<f64> = case["parameters"].as_array().unwrap().iter().map(number).collect();
        let model = GgomNbd::new(parameters.try_into().unwrap()).unwrap();
        let frequency = case["x"].as_u64().unwrap() as u32;
        // The reference has cases that are no summaries: none, but a recency of 0 means no purchase.
        let history = Summary::new(frequency, number(&case["t_x"]), number(&case["T"])).unwrap();
        let outlook = model.outlook(&history);
        let check = |found: f64, expected: &Value, name: &str| {
            assert_close(found, number(expected), 1e-11, &format!("{name} of {} {history:?}", case["parameters"]));
        };
        check(model.log_likelihood_of(&history), &case["log_likelihood"], "log-likelihood");
        check(outlook.probability_alive(), &case["p_alive"], "P(alive)");
        check(outlook.probability_alive_at(52.0).unwrap(), &case["p_alive_52"], "P(alive at 52)");
        for (horizon, expected) in horizons.iter().zip(case["expected_purchases"].as_array().unwrap()) {
            check(outlook.expected_purchases(number(horizon)).unwrap(), expected, &format!("E[X({horizon})]"));
        }
        check(outlook.discounted_residual_transactions(rate), &case["dert"], "DERT");
        check(outlook.residual_transactions().unwrap(), &case["residual_transactions"], "E[X]");
        for (k, expected) in case["pmf_52"].as_object().unwrap() {
            let k: usize = k.parse().unwrap();
            let found = outlook.purchase_probabilities(52.0, k + 1).unwrap();
            check(found.get(k).copied().unwrap_or_default(), expected, &format!("P(X(52) = {k})"));
        }
        check(outlook.probability_of_none(52.0).unwrap(), &case["pmf_52"]["0"], "P(X(52) = 0)");
    }
}

/// A clock that does not speed up is that of the Pareto/NBD.
#[test]
fn the_limit_is_pareto() {
    let [r, alpha, s, beta] = [0.553, 10.578, 0.606, 11.669];
    let limit = ParetoNbd::new([r, alpha, s, beta]).unwrap();
    let b = 1e-13;
    let model = GgomNbd::new([r, alpha, b, s, b * beta]).unwrap();
    let rate = Rate::continuous(0.003).unwrap();
    for (x, t_x, age) in [(0, 0.0, 0.0), (0, 0.0, 39.0), (2, 30.43, 38.86), (26, 30.86, 31.0), (7, 1.0, 300.0)] {
        let history = Summary::new(x, t_x, age).unwrap();
        let (ours, theirs) = (model.outlook(&history), limit.outlook(&history));
        let close = |found: f64, expected: f64| assert_close(found, expected, 1e-10, &format!("{history:?}"));
        close(model.log_likelihood_of(&history), limit.log_likelihood_of(&history));
        close(ours.probability_alive(), theirs.probability_alive());
        close(ours.expected_purchases(52.0).unwrap(), theirs.expected_purchases(52.0).unwrap());
        close(ours.probability_of_none(52.0).unwrap(), theirs.probability_of_none(52.0).unwrap());
        close(ours.discounted_residual_transactions(rate), theirs.discounted_residual_transactions(rate));
        // Steady leaving has no mean for s <= 1; with any growth it has one.
        assert_eq!(theirs.residual_transactions(), Err(Absent::Infinite));
        assert!(ours.residual_transactions().unwrap() > ours.discounted_residual_transactions(rate));
    }
}

fn cdnow() -> Option<Vec<Summary>> {
    let folder = std::env::var("CXO_GOLDEN_DIR").ok()?;
    let text = std::fs::read_to_string(format!("{folder}/../data/clv/cdnow_sample_rfm_19970930.csv")).unwrap();
    let history = |line: &str| {
        let mut cells = line.split(',').skip(1);
        let mut cell = || cells.next().unwrap().parse::<f64>().unwrap();
        Summary::from_number(cell(), cell(), cell()).unwrap()
    };
    Some(text.lines().skip(1).map(history).collect())
}

/// Bemmaor and Glady (2012) print b = 0.0002 for these histories, where their search ended: the likelihood rises all the way down
/// to the limit, which is Pareto/NBD.
#[test]
fn cdnow_does_not_identify_it() {
    let Some(histories) = cdnow() else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let summaries: Summaries = histories.iter().copied().collect();
    let error = GgomNbd::fit(&summaries, &FitOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    assert!(error.to_string().contains("Pareto/NBD model; fit that one"), "{error}");
    let limit = ParetoNbd::fit(&summaries, &FitOptions::default()).unwrap();
    let [r, alpha, s, beta] = <[f64; 4]>::from(*limit.model());
    let at = |b: f64| {
        let model = GgomNbd::new([r, alpha, b, s, b * beta]).unwrap();
        histories.iter().map(|history| model.log_likelihood_of(history)).sum::<f64>()
    };
    let rising = [0.01, 0.002, 0.0002, 1e-5, 1e-7].map(at);
    assert!(rising.is_sorted() && rising[4] < limit.log_likelihood(), "{rising:?} {limit:?}");
    assert_close(rising[4], limit.log_likelihood(), 1e-9, "limit");
    // A prior on b is an answer to what the data leave open.
    let prior = FitOptions::default().penalty(0.5).unwrap();
    let fitted = GgomNbd::fit(&summaries, &prior).unwrap();
    assert!(fitted.log_likelihood() < limit.log_likelihood() && fitted.newton_decrement() <= 1e-14, "{fitted:?}");
}

/// Where customers leave at a steady rate, growth is not found, or only as much as chance shows.
#[test]
fn steady_leaving_is_not_ageing() {
    let ages = vec![60.0; 3000];
    let steady = ParetoNbd::new([0.8, 6.0, 1.2, 15.0]).unwrap();
    for seed in [1, 2] {
        let summaries = steady.simulate(&ages, Seed(seed)).unwrap().summaries().unwrap();
        let limit = ParetoNbd::fit(&summaries, &FitOptions::default()).unwrap();
        match GgomNbd::fit(&summaries, &FitOptions::default()) {
            Ok(fitted) => {
                let gain = fitted.log_likelihood() - limit.log_likelihood();
                assert!((0.0..5.0).contains(&gain), "{gain} {fitted:?}");
            }
            Err(error) => assert!(error.to_string().contains("Pareto/NBD"), "{error}"),
        }
    }
}

const TRUTH: [f64; 5] = [0.8, 6.0, 0.08, 0.5, 15.0];

/// Customers of an ageing population, of ages that differ.
fn simulated(count: u32, seed: u64) -> cxo_core::clv::Simulated {
    let ages: Vec<f64> = (0..count).map(|at| 30.0 + 70.0 * f64::from(at) / f64::from(count)).collect();
    GgomNbd::new(TRUTH).unwrap().simulate(&ages, Seed(seed)).unwrap()
}

fn fit(summaries: &Summaries) -> Fitted<GgomNbd> {
    GgomNbd::fit(summaries, &FitOptions::default()).unwrap()
}

#[test]
fn recovery() {
    let summaries = simulated(6000, 3).summaries().unwrap();
    let fitted = fit(&summaries);
    assert!(fitted.gradient_norm() < 1e-6 && fitted.newton_decrement() <= 1e-14, "{fitted:?}");
    for (parameter, truth) in fitted.parameters(Confidence::P99).into_iter().zip(TRUTH) {
        assert!(parameter.estimate.interval.unwrap().contains(truth), "{parameter:?} of {truth}");
    }
    let total: f64 = summaries.iter().map(|(history, _)| fitted.model().log_likelihood_of(&history)).sum();
    assert_close(fitted.log_likelihood(), total, 1e-12, "sum over customers");
    // The curvature tells the standard errors: a step of one along each axis of the covariance costs a half.
    let errors = fitted.parameters(Confidence::P95);
    let by_delta = fitted.standard_error_of(|model| Ok(model.parameters()[4].1)).unwrap();
    assert_close(by_delta, errors[4].estimate.standard_error.unwrap(), 1e-5, "standard error of beta");
}

/// The unit of time scales α and b; the order of the customers changes no bit.
#[test]
fn units_and_order() {
    let summaries = simulated(1500, 5).summaries().unwrap();
    let fitted = fit(&summaries);
    let days: Summaries =
        summaries.iter().map(|(h, _)| Summary::new(h.frequency(), 7.0 * h.recency(), 7.0 * h.age()).unwrap()).collect();
    let scaled = fit(&days);
    let factors = [1.0, 7.0, 1.0 / 7.0, 1.0, 1.0];
    for ((left, right), factor) in
        fitted.parameters(Confidence::P95).iter().zip(scaled.parameters(Confidence::P95)).zip(factors)
    {
        assert_close(right.estimate.value, factor * left.estimate.value, 1e-6, left.name);
        let error = factor * left.estimate.standard_error.unwrap();
        assert_close(right.estimate.standard_error.unwrap(), error, 1e-6, left.name);
    }
    let mut rows: Vec<_> = summaries.iter().map(|(history, _)| history).collect();
    rows.reverse();
    rows.swap(3, 700);
    assert_eq!(fit(&rows.into_iter().collect()), fitted);
}

/// What is expected of customers is what they do.
#[test]
fn simulated_customers_do_what_is_expected() {
    let model = GgomNbd::new(TRUTH).unwrap();
    let customers = simulated(40_000, 11);
    let (summaries, later) = customers.calibration_and_holdout(20.0).unwrap();
    let (mut expected, mut variance, mut bought, mut alive) = (0.0, 0.0, 0.0, [0.0; 2]);
    let (mut covered, mut none) = (0.0, [0.0; 2]);
    for (row, ((history, _), &later)) in summaries.iter().zip(&later).enumerate() {
        let outlook = model.outlook(&history);
        let mean = outlook.expected_purchases(20.0).unwrap();
        expected += mean;
        bought += later as f64;
        variance += (later as f64 - mean).powi(2);
        alive[0] += outlook.probability_alive_at(20.0).unwrap();
        alive[1] += f64::from(u8::from(customers.is_alive(row)));
        none[0] += outlook.probability_of_none(20.0).unwrap();
        none[1] += f64::from(u8::from(later == 0));
        if row % 20 == 0 {
            let limits = outlook.prediction_limits(20.0, Confidence::P90).unwrap();
            covered += f64::from(u8::from((limits.lower..=limits.upper).contains(&later)));
        }
    }
    assert!((bought - expected).abs() < 3.0 * variance.sqrt(), "{bought} {expected}");
    for [expected, found] in [alive, none] {
        assert!((found - expected).abs() < 3.0 * (0.25 * 40_000.0_f64).sqrt(), "{found} {expected}");
    }
    assert!(covered / 2000.0 > 0.9, "{covered}");
}

#[test]
fn refuses_what_cannot_be_answered() {
    let kind = |summaries: Summaries| GgomNbd::fit(&summaries, &FitOptions::default()).unwrap_err().kind();
    assert_eq!(kind(Summaries::default()), ErrorKind::NoData);
    assert_eq!(kind([Summary::new(0, 0.0, 39.0).unwrap()].into_iter().collect()), ErrorKind::NotIdentified);
    for at in 0..5 {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut parameters = TRUTH;
            parameters[at] = value;
            assert_eq!(GgomNbd::new(parameters).unwrap_err().kind(), ErrorKind::Input);
        }
    }
    let few = FitOptions::default().max_iterations(2);
    let error = GgomNbd::fit(&simulated(500, 1).summaries().unwrap(), &few).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConverged);
}

#[test]
fn serde_runs_the_checks() {
    let fitted = fit(&simulated(1500, 5).summaries().unwrap());
    let text = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<Fitted<GgomNbd>>(&text).unwrap(), fitted);
    assert!(serde_json::from_str::<GgomNbd>("[1.0,1.0,0.0,1.0,1.0]").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every answer is a finite number in its range, whatever the parameters and the history.
    #[test]
    fn answers_are_in_range(
        logs in prop::array::uniform5(-16.0_f64..16.0),
        x in prop_oneof![Just(0_u32), 1_u32..40, Just(2000)],
        t_x in 1e-6_f64..300.0,
        silence in prop_oneof![Just(0.0), 0.0_f64..1000.0],
        t in prop_oneof![Just(0.0), 1e-6_f64..1000.0],
    ) {
        let model = GgomNbd::new(logs.map(f64::exp)).unwrap();
        let t_x = if x == 0 { 0.0 } else { t_x };
        let history = Summary::new(x, t_x, t_x + silence).unwrap();
        prop_assert!(model.log_likelihood_of(&history).is_finite());
        let outlook = model.outlook(&history);
        let (alive, none) = (outlook.probability_alive(), outlook.probability_of_none(t).unwrap());
        for probability in [alive, outlook.probability_alive_at(t).unwrap(), none] {
            prop_assert!((0.0..=1.0).contains(&probability), "{probability}");
        }
        prop_assert!(none >= 1.0 - alive - 1e-12);
        let expected = outlook.expected_purchases(t).unwrap();
        let total = outlook.residual_transactions().unwrap();
        let discounted = outlook.discounted_residual_transactions(Rate::continuous(1e-3).unwrap());
        prop_assert!(expected >= 0.0 && total.is_finite() && discounted.is_finite());
        prop_assert!(expected <= total * (1.0 + 1e-10) && discounted <= total * (1.0 + 1e-10), "{expected} {discounted} {total}");
        // Probabilities are integrals, good to 1e-12 of 1.
        prop_assert!(1.0 - none <= expected * (1.0 + 1e-9) + 1e-12, "{none} {expected}");
    }
}
