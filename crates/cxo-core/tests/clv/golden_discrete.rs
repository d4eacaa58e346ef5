//! The models of discrete time against independent references and published results.

use crate::common::clv::{assert_close, lines};
use cxo_core::Confidence;
use cxo_core::clv::{
    Bdw, BgBb, FitOptions, Fitted, LikelihoodRatio, Model, PurchaseModel, Rate, RetentionModel, Sbg, Summaries,
    Summary, Survivors,
};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

fn rate(discount: f64) -> Rate {
    Rate::effective(discount, 1.0).unwrap()
}

/// A fit against a maximum with standard errors: parameters within 1e-6, errors within 1e-4.
fn assert_fit<M: Model>(fitted: &Fitted<M>, best: f64, parameters: &[f64], errors: &[f64], what: &str) {
    let found = fitted.log_likelihood();
    assert!(found >= best - (1e-6 + 1e-12 * best.abs()), "{what}: {found} instead of {best}");
    assert!(fitted.gradient_norm() < 1e-4 && fitted.newton_decrement() <= 1e-14, "{what}");
    let estimates = fitted.parameters(Confidence::P95);
    assert_eq!(estimates.len(), parameters.len());
    for (found, (value, error)) in estimates.into_iter().zip(parameters.iter().zip(errors)) {
        let what = format!("{what} {}", found.name);
        assert_close(found.estimate.value, *value, 1e-6, &what);
        assert_close(found.estimate.standard_error.unwrap(), *error, 1e-4, &format!("{what} (standard error)"));
    }
}

/// The donors' reference, their histories and how many have each.
fn donations() -> Option<(Value, Vec<(Summary, u64)>)> {
    let document = crate::common::golden("clv/donations.json")?;
    let history = |line: String| {
        let (history, count) = line.rsplit_once(',').unwrap();
        let cells: Vec<f64> = history.split(',').map(|cell| cell.parse().unwrap()).collect();
        (Summary::from_number(cells[0], cells[1], cells[2]).unwrap(), count.parse().unwrap())
    };
    let histories = lines("donations_bgbb.csv").into_iter().map(history).collect();
    Some((document["models"]["bg_bb"].clone(), histories))
}

fn fit(histories: &[(Summary, u64)]) -> Fitted<BgBb> {
    let mut summaries = Summaries::default();
    for (summary, count) in histories {
        summaries.push_many(*summary, *count).unwrap();
    }
    BgBb::fit(&summaries, &FitOptions::default()).unwrap()
}

#[test]
fn bg_bb_fits() {
    let Some((reference, histories)) = donations() else { return };
    let fitted = fit(&histories);
    let named = |of: &str| ["alpha", "beta", "gamma", "delta"].map(|name| number(&reference[of][name]));
    let best = number(&reference["log_likelihood"]);
    assert_fit(&fitted, best, &named("params"), &named("se_params"), "donations");
    assert_eq!(fitted.customers(), 11_104);
    let sum: f64 =
        histories.iter().map(|(history, count)| *count as f64 * fitted.model().log_likelihood_of(history)).sum();
    assert_close(sum, fitted.log_likelihood(), 1e-13, "by the code that serves one customer");
}

#[test]
fn bg_bb_customers() {
    let Some((reference, histories)) = donations() else { return };
    let golden = BgBb::new(["alpha", "beta", "gamma", "delta"].map(|name| number(&reference["params"][name]))).unwrap();
    for (model, tolerance) in [(golden, 2e-13), (*fit(&histories).model(), 1e-6)] {
        for (row, (history, _)) in histories.iter().enumerate() {
            let outlook = model.outlook(history);
            let check = |name: &str, found: f64, tolerance: f64| {
                assert_close(found, number(&reference[name][row]), tolerance, &format!("row {row} {name}"));
            };
            check("p_alive_at_n", outlook.probability_alive(), tolerance);
            check("p_alive_at_n_plus_1", outlook.probability_alive_at(1.0).unwrap(), tolerance);
            for horizon in [1.0, 5.0, 10.0, 50.0] {
                check(&format!("cet_{horizon}"), outlook.expected_purchases(horizon).unwrap(), tolerance);
            }
            check("dert_0.1", outlook.discounted_residual_transactions(rate(0.1)), tolerance);
        }
    }
}

/// Fader, Hardie and Shang (2010): three donors, the donations of the next five years, and the fitted numbers of donors
/// with 0 and with 6 repeat donations.
#[test]
fn bg_bb_published() {
    let Some((_, histories)) = donations() else { return };
    let fitted = fit(&histories);
    let model = fitted.model();
    for ((_, value), printed) in model.parameters().into_iter().zip([1.204, 0.750, 0.657, 2.783]) {
        assert!((value - printed).abs() < 6e-4, "{value} {printed}");
    }
    assert!((fitted.log_likelihood() + 33225.6).abs() < 0.05);
    let outlook = |x, recency| model.outlook(&Summary::new(x, recency, 6.0).unwrap());
    for (x, recency, printed) in [(0, 0.0, 0.11), (2, 4.0, 0.59), (6, 6.0, 0.93)] {
        let found = outlook(x, recency).probability_alive_at(1.0).unwrap();
        assert!((found - printed).abs() < 5e-3, "{x} {recency}: {found}");
    }
    let five_years =
        |(history, count): &(Summary, u64)| *count as f64 * model.outlook(history).expected_purchases(5.0).unwrap();
    let sum: f64 = histories.iter().map(five_years).sum();
    assert!((sum - 12884.2).abs() < 0.05, "{sum}");
    let histogram = model.outlook(&Summary::NEW).purchase_probabilities(6.0, 7).unwrap();
    assert!((11104.0 * histogram[0] - 3454.9).abs() < 0.05, "{histogram:?}");
    assert!((11104.0 * histogram[6] - 1253.1).abs() < 0.05, "{histogram:?}");
}

#[test]
fn sbg_high_end_and_regular() {
    let Some(document) = crate::common::golden("clv/sbg_fader_hardie_2007.json") else { return };
    let printed = [("highend", [0.668, 3.806], -1611.2), ("regular", [0.704, 1.182], -1680.3)];
    for (segment, printed_parameters, printed_likelihood) in printed {
        let reference = &document["models"]["sbg"][segment];
        let losses = counts(&reference["counts"]["deaths_year_1_7"]);
        let survivors = Survivors::from_losses(&losses, reference["counts"]["survive_7"].as_u64().unwrap()).unwrap();
        assert_eq!((survivors.customers(), survivors.periods()), (1000, 7));
        let fitted = Sbg::fit(&survivors, &FitOptions::default()).unwrap();
        let named = |of: &str| ["alpha", "beta"].map(|name| number(&reference[of][name]));
        assert_fit(&fitted, number(&reference["log_likelihood"]), &named("params"), &named("se_params"), segment);
        let found = fitted.model().parameters();
        assert!(found.iter().zip(printed_parameters).all(|((_, value), printed)| (value - printed).abs() < 5e-4));
        assert!((fitted.log_likelihood() - printed_likelihood).abs() < 0.05);
        for (model, tolerance) in [(Sbg::new(named("params")).unwrap(), 5e-15), (*fitted.model(), 1e-6)] {
            let curves = numbers(&reference["survivor_1_12"]).into_iter().zip(numbers(&reference["retention_1_12"]));
            for (period, (survival, retention)) in (1..).zip(curves) {
                assert_close(model.survival(period), survival, tolerance, segment);
                assert_close(model.retention(period), retention, tolerance, segment);
            }
            let rate = rate(number(&reference["discount"]));
            assert_close(model.discounted_lifetime(rate), number(&reference["DEL"]), tolerance, "DEL");
            for (renewals, expected) in (0..).zip(numbers(&reference["DERL_n1_5"])) {
                let found = model.discounted_residual_lifetime(renewals, rate);
                assert_close(found, expected, tolerance, "DERL");
            }
            assert_close(model.log_likelihood_of(&survivors), fitted.log_likelihood(), 1e-12, "likelihood");
        }
    }
}

fn bdw_reference() -> Value {
    serde_json::from_str(include_str!("../fixtures/bdw.json")).unwrap()
}

#[test]
fn bdw_high_end_and_regular() {
    let fits = &bdw_reference()["fits"];
    for segment in ["high-end", "regular"] {
        let reference = &fits[segment];
        let survivors = Survivors::from_counts(&counts(&reference["survivors"])).unwrap();
        let fitted = Bdw::fit(&survivors, &FitOptions::default()).unwrap();
        let (parameters, errors) = (numbers(&reference["parameters"]), numbers(&reference["standard_errors"]));
        assert_fit(&fitted, number(&reference["log_likelihood"]), &parameters, &errors, segment);
        for (model, tolerance) in [(Bdw::new(parameters.try_into().unwrap()).unwrap(), 1e-14), (*fitted.model(), 1e-6)]
        {
            let curves =
                numbers(&reference["survival_1_to_12"]).into_iter().zip(numbers(&reference["retention_1_to_12"]));
            for (period, (survival, retention)) in (1..).zip(curves) {
                assert_close(model.survival(period), survival, tolerance, segment);
                assert_close(model.retention(period), retention, tolerance, segment);
            }
            assert_close(model.discounted_lifetime(rate(0.1)), number(&reference["del_0.1"]), tolerance, "DEL");
            for (renewals, expected) in (0..).zip(numbers(&reference["derl_0.1_after_0_to_4"])) {
                let found = model.discounted_residual_lifetime(renewals, rate(0.1));
                assert_close(found, expected, tolerance, "DERL");
            }
            assert_close(model.log_likelihood_of(&survivors), fitted.log_likelihood(), 1e-12, "likelihood");
        }
        let sbg = Sbg::fit(&survivors, &FitOptions::default()).unwrap();
        let test = LikelihoodRatio::new(fitted.log_likelihood(), sbg.log_likelihood(), 1).unwrap();
        // Only the high end leaves the sBG behind.
        assert_eq!(test.p_value < 0.05, segment == "high-end", "{test:?}");
    }
}

#[test]
fn bdw_lifetimes() {
    for case in bdw_reference()["cases"].as_array().unwrap() {
        let model = Bdw::new(numbers(&case["parameters"]).try_into().unwrap()).unwrap();
        let check = |found: f64, name: &str| assert_close(found, number(&case[name]), 1e-13, &format!("{case} {name}"));
        for (periods, expected) in [1, 7, 100].into_iter().zip(numbers(&case["log_survival_1_7_100"])) {
            assert!(
                (model.survival(periods).ln() - expected).abs() < 1e-14 * (1.0 + expected.abs()),
                "{case} {periods}"
            );
        }
        check(model.discounted_lifetime(rate(0.02)), "del_0.02");
        check(model.expected_lifetime().unwrap(), "expected_lifetime");
        check(model.residual_lifetime(3).unwrap(), "residual_lifetime_after_3");
    }
}
