//! Satisfaction shares and their comparison with the rest, against reference numbers.

use cxo_core::{
    Confidence, State,
    stats::proportion::ProportionMethod,
    survey::{BoxRule, Csat, CsatCounts, Scale, Segments, Tally, VersusRest},
};
use serde_json::Value;

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs().max(1e-3), "{what}: {found} instead of {expected}");
}

fn count(value: &Value, key: &str) -> u64 {
    value[key].as_u64().expect("a count")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn shares_from_counts_have_the_reference_intervals() {
    let Some(golden) = crate::common::golden("survey/stats.json") else { return };
    let mut compared = 0;
    for case in golden["proportion_ci"].as_array().expect("cases") {
        let counts = CsatCounts { satisfied: count(case, "x"), responses: count(case, "n") };
        let confidence = Confidence::new(number(&case["conf"])).expect("a level");
        for (method, key) in [
            (ProportionMethod::Wilson, "wilson"),
            (ProportionMethod::AgrestiCoull, "agresti_coull"),
            (ProportionMethod::Wald, "wald"),
        ] {
            let result = Csat::default().method(method).confidence(confidence).ask_counts(counts).expect("an answer");
            let interval = result.share.interval.expect("an interval");
            let what = format!("{method} of {counts:?} at {}", confidence.level());
            close(interval.lower, number(&case["ci"][key][0]), 1e-9, &what);
            close(interval.upper, number(&case["ci"][key][1]), 1e-9, &what);
            compared += 1;
        }
    }
    assert!(compared >= 100, "{compared} intervals compared");
}

#[test]
fn segments_are_compared_as_the_reference_compares_two_shares() {
    let Some(golden) = crate::common::golden("survey/stats.json") else { return };
    let (scale, rule) = ("1-2".parse::<Scale>().expect("a scale"), BoxRule::Top(1));
    let mut compared = 0;
    for case in golden["two_proportion"].as_array().expect("cases") {
        let mut segments = Segments::new(Tally::new(scale));
        for key in ["control", "treatment"] {
            let (x, n) = (count(&case[key], "x"), count(&case[key], "n"));
            let tally = Tally::from_counts(&[n - x, x], scale).expect("two counts");
            segments.state_of(Some(key)).expect("a state").merge(&tally).expect("the same scale");
        }
        let found =
            VersusRest::default().csat(&segments, &Csat::default().rule(rule), |_| true).expect("two comparisons");
        let treatment = found[1].difference.expect("a difference");
        let expected = &case["results"]["diff_agresti-caffo"];
        let bounds = &case["results"]["ci95_diff_agresti-caffo"];
        let interval = treatment.interval.expect("an interval");
        close(treatment.statistic.expect("a statistic"), number(&expected["z"]), 1e-9, "z");
        close(treatment.p_value.expect("a p-value"), number(&expected["p"]), 1e-9, "p");
        close(interval.lower, number(&bounds[0]).max(-1.0), 1e-9, "lower");
        close(interval.upper, number(&bounds[1]).min(1.0), 1e-9, "upper");
        compared += 1;
    }
    assert!(compared >= 8, "{compared} comparisons");
}
