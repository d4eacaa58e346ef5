//! NPS intervals, comparisons and plans against independent references, and their exact coverage.

use cxo_core::{
    Confidence, Difference, Interval, Probability,
    survey::{Nps, NpsComparison, NpsMethod, NpsShares},
};
use serde_json::Value;

/// The references' names of the intervals.
const INTERVALS: [(&str, NpsMethod); 9] = [
    ("wald", NpsMethod::Wald),
    ("adjusted_wald", NpsMethod::AdjustedWald),
    ("adjusted_wald_laplace", NpsMethod::Laplace),
    ("adjusted_wald_z2", NpsMethod::Z2Adjusted),
    ("trinomial_t", NpsMethod::TrinomialT),
    ("goodman", NpsMethod::Goodman),
    ("score", NpsMethod::Score),
    ("mover_wilson", NpsMethod::MoverWilson),
    ("bootstrap_percentile_exact", NpsMethod::BootstrapPercentile),
];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn counts(value: &Value) -> Nps {
    let count = |name: &str| value[name].as_u64().unwrap();
    Nps { promoters: count("promoters"), passives: count("passives"), detractors: count("detractors") }
}

fn confidence(value: &Value) -> Confidence {
    Confidence::new(number(value)).unwrap()
}

/// Equal within `tolerance` relative to the greater of `expected` and 1e-3 of the scale -1 to 1.
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let allowed = tolerance * expected.abs().max(1e-3);
    assert!((found - expected).abs() <= allowed, "{what}: {found} instead of {expected}");
}

/// Points against unclipped bounds on the scale -1 to 1; `limit` is 1 for a score and 2 for a difference.
fn assert_interval(found: Interval, expected: &Value, limit: f64, tolerance: f64, what: &str) {
    let [lower, upper] = [0, 1].map(|bound| number(&expected[bound]).clamp(-limit, limit));
    assert_close(found.lower / 100.0, lower, tolerance, what);
    assert_close(found.upper / 100.0, upper, tolerance, what);
}

#[test]
fn one_sample() {
    let Some(golden) = crate::common::golden("survey/nps.json") else { return };
    let (mut present, mut absent, mut exact) = (0, 0, 0);
    let cases = golden["one_sample"].as_array().unwrap();
    for case in cases {
        let (nps, level) = (counts(case), confidence(&case["conf"]));
        for (name, method) in INTERVALS {
            let what = format!("{} {name}", case["id"]);
            let estimate = nps.estimate(method, level).unwrap();
            assert_close(estimate.value, number(&case["nps_points"]), 1e-9, &what);
            assert_close(estimate.standard_error.unwrap() / 100.0, number(&case["se"]), 1e-9, &what);
            let expected = &case["ci"][name];
            match estimate.interval {
                Ok(interval) if expected.is_null() => {
                    // The references stop enumerating at a size that is no limit here.
                    assert_eq!(method, NpsMethod::BootstrapPercentile, "{what}: {interval:?}");
                    assert!(interval.contains(estimate.value), "{what}: {interval:?}");
                    exact += 1;
                }
                Ok(interval) => {
                    let tolerance = if method == NpsMethod::Score { 1e-7 } else { 1e-9 };
                    assert_interval(interval, expected, 1.0, tolerance, &what);
                    assert_eq!(interval.method.name(), method.name());
                    present += 1;
                }
                Err(reason) => {
                    assert!(expected.is_null(), "{what}: {reason}");
                    absent += 1;
                }
            }
        }
    }
    assert!(present > 1000 && absent > 0 && exact > 0, "{present} {absent} {exact}");
    assert_eq!(present + absent + exact, cases.len() * INTERVALS.len());
}

/// Relative to `expected`, however small: a p-value of 1e-44 is a number.
fn assert_part(found: Option<f64>, expected: &Value, what: &str) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found} instead of {expected}");
        }
        (None, None) => {}
        _ => panic!("{what}: {found:?} instead of {expected}"),
    }
}

#[test]
fn two_samples() {
    let Some(golden) = crate::common::golden("survey/nps.json") else { return };
    let mut compared = 0;
    for case in golden["two_sample"].as_array().unwrap() {
        let (first, second) = (counts(&case["a"]), counts(&case["b"]));
        for (name, method) in [("wald", NpsComparison::Wald), ("adjusted_wald", NpsComparison::AdjustedWald)] {
            let what = format!("{} {name}", case["id"]);
            let expected = &case["results"][name];
            let difference = first.compare(&second, method, Confidence::P95).unwrap();
            assert_part(difference.standard_error.ok().map(|points| points / 100.0), &expected["se"], &what);
            assert_part(difference.statistic.ok(), &expected["z"], &what);
            assert_part(difference.p_value.ok(), &expected["p"], &what);
            assert_interval(difference.interval.unwrap(), &expected["ci95"], 2.0, 1e-9, &what);
            assert_close(difference.value / 100.0, number(&case["results"]["wald"]["delta"]), 1e-9, &what);
            compared += 1;
        }
        let what = format!("{} welch", case["id"]);
        let expected = &case["results"]["welch_t"];
        let Difference { statistic, p_value, .. } =
            first.compare(&second, NpsComparison::Welch, Confidence::P95).unwrap();
        assert_part(statistic.ok(), &expected["t"], &what);
        assert_part(p_value.ok(), &expected["p"], &what);
        compared += 1;
        let expected = &case["results"]["chi2_2x3"];
        match first.distribution_test(&second) {
            Ok(test) => {
                assert_close(test.statistic, number(&expected["stat"]), 1e-9, &what);
                assert_part(Some(test.p_value), &expected["p"], &what);
                assert_eq!(test.degrees, expected["dof"].as_u64().unwrap(), "{what}");
            }
            Err(error) => assert!(expected.is_null(), "{what}: {error}"),
        }
    }
    assert!(compared >= 24, "{compared}");
}

#[test]
fn sample_sizes() {
    let Some(golden) = crate::common::golden("survey/nps.json") else { return };
    let shares = |case: &Value, promoters: &str, detractors: &str| {
        NpsShares::of_promoters(number(&case[promoters])).unwrap().and_detractors(number(&case[detractors])).unwrap()
    };
    let differences = golden["power_two_sample"].as_array().unwrap();
    for case in differences {
        let what = case["id"].as_str().unwrap();
        let first = shares(case, "p_prom_a", "p_det_a");
        let second = first.shifted(number(&case["diff"])).unwrap();
        assert_close(second.promoters(), number(&case["p_prom_b"]), 1e-12, what);
        assert_close(second.detractors(), number(&case["p_det_b"]), 1e-12, what);
        let level = Confidence::new(1.0 - number(&case["alpha"])).unwrap();
        let power = Probability::new(number(&case["power"])).unwrap();
        let size = first.responses_for_difference(second, power, level).unwrap();
        assert_close(size.exact, number(&case["n_per_group_real"]), 1e-9, what);
        assert_eq!(size.responses, case["n_per_group"].as_u64().unwrap(), "{what}");
        let achieved = first.power(second, size.responses, level).unwrap();
        assert_close(achieved.true_direction, number(&case["achieved_power_one_tail"]), 1e-9, what);
        assert_close(achieved.either_direction, number(&case["achieved_power_two_tail"]), 1e-9, what);
    }
    let margins = golden["sample_size_margin"].as_array().unwrap();
    for case in margins {
        let what = case.to_string();
        let expected = shares(case, "p_prom", "p_det");
        let size = expected.responses_for_margin(number(&case["half_width"]), confidence(&case["conf"])).unwrap();
        assert_close(size.exact, number(&case["n_real"]), 1e-9, &what);
        assert_eq!(size.responses, case["n"].as_u64().unwrap(), "{what}");
    }
    assert!(differences.len() >= 32 && margins.len() >= 43);
}

/// Every outcome of a sample of `n` with the interval of a method, on the scale -1 to 1.
struct Outcomes(Vec<(Nps, f64, f64)>);

impl Outcomes {
    fn new(n: u64, method: NpsMethod, level: Confidence) -> Self {
        let mut outcomes = Vec::new();
        for promoters in 0..=n {
            for detractors in 0..=n - promoters {
                let nps = Nps { promoters, passives: n - promoters - detractors, detractors };
                let interval = nps.estimate(method, level).unwrap().interval.unwrap();
                outcomes.push((nps, interval.lower / 100.0, interval.upper / 100.0));
            }
        }
        Self(outcomes)
    }

    /// Probability that the interval holds p - d, and its expected width, in a population of promoters and detractors.
    fn coverage(&self, [p, d]: [f64; 2], ln_factorials: &[f64]) -> (f64, f64) {
        let passives = (1.0 - p - d).max(0.0);
        let power = |share: f64, count: u64| if count == 0 { 0.0 } else { count as f64 * share.ln() };
        let ln_factorial = |count: u64| ln_factorials[usize::try_from(count).unwrap()];
        let (mut covered, mut width) = (0.0, 0.0);
        for &(nps, lower, upper) in &self.0 {
            let ways = ln_factorial(nps.responses().unwrap())
                - ln_factorial(nps.promoters)
                - ln_factorial(nps.passives)
                - ln_factorial(nps.detractors);
            let probability =
                (ways + power(p, nps.promoters) + power(passives, nps.passives) + power(d, nps.detractors)).exp();
            width += probability * (upper - lower);
            if lower - 1e-12 <= p - d && p - d <= upper + 1e-12 {
                covered += probability;
            }
        }
        (covered, width)
    }
}

/// ln 0! … ln 50!
fn ln_factorials() -> Vec<f64> {
    let mut sum = 0.0;
    (0..=50u32)
        .map(|i| {
            sum += f64::from(i.max(1)).ln();
            sum
        })
        .collect()
}

/// Shares of promoters and detractors in twentieths, all three categories present.
fn grid() -> Vec<[f64; 2]> {
    let twentieths = |i: u32, j: u32| [f64::from(i) / 20.0, f64::from(j) / 20.0];
    (1..=18).flat_map(|i| (1..=19 - i).map(move |j| twentieths(i, j))).collect()
}

/// A reference's name of a population: `typical_42_31_27` has 42, 31 and 27 percent.
fn population(name: &str) -> [f64; 2] {
    let percents: Vec<f64> = name.split('_').filter_map(|part| part.parse().ok()).collect();
    [percents[0] / 100.0, percents[2] / 100.0]
}

#[test]
fn exact_coverage() {
    let Some(golden) = crate::common::golden("survey/nps_coverage.json") else { return };
    let ln_factorials = ln_factorials();
    let mut compared = 0;
    for row in golden["rows"].as_array().unwrap() {
        let (n, level, grid) = (row["n"].as_u64().unwrap(), confidence(&row["conf"]), grid());
        assert_eq!(row["grid_points"].as_u64().unwrap(), grid.len() as u64);
        for (name, method) in INTERVALS {
            let what = format!("{name} n = {n}");
            let outcomes = Outcomes::new(n, method, level);
            let cells: Vec<_> = grid.iter().map(|&at| outcomes.coverage(at, &ln_factorials)).collect();
            let mean = |part: &dyn Fn(&(f64, f64)) -> f64| cells.iter().map(part).sum::<f64>() / cells.len() as f64;
            let least = cells.iter().fold(1.0, |least: f64, cell| least.min(cell.0));
            let expected = &row["methods"][name];
            assert_close(mean(&|cell| cell.0), number(&expected["mean_cov"]), 1e-9, &what);
            assert_close(least, number(&expected["min_cov"]), 1e-9, &what);
            assert_close(mean(&|cell| f64::from(cell.0 < 0.93)), number(&expected["share_below_93"]), 1e-9, &what);
            assert_close(mean(&|cell| cell.1), number(&expected["mean_width"]), 1e-7, &what);
            compared += 4;
            for (population_name, expected) in row["named"].as_object().unwrap() {
                let what = format!("{what} {population_name}");
                let (covered, width) = outcomes.coverage(population(population_name), &ln_factorials);
                assert_close(covered, number(&expected[name]["cov"]), 1e-9, &what);
                assert_close(width, number(&expected[name]["width"]), 1e-7, &what);
                compared += 2;
            }
        }
    }
    assert_eq!(compared, 6 * 9 * (4 + 7 * 2));
}

/// What the choice of the default rests on, without any reference file: adjusted Wald keeps its level on average at every
/// size, and score never covers less than the stated share anywhere on the grid.
#[test]
fn default_intervals_keep_their_level() {
    let ln_factorials = ln_factorials();
    let least_of_score = [(5, 0.922), (10, 0.9395), (15, 0.9465), (20, 0.9435), (30, 0.9375), (50, 0.9435)];
    for (n, bar) in least_of_score {
        let score = Outcomes::new(n, NpsMethod::Score, Confidence::P95);
        let adjusted = Outcomes::new(n, NpsMethod::AdjustedWald, Confidence::P95);
        let cells = grid();
        let covered = |outcomes: &Outcomes| -> Vec<f64> {
            cells.iter().map(|&cell| outcomes.coverage(cell, &ln_factorials).0).collect()
        };
        let (score, adjusted) = (covered(&score), covered(&adjusted));
        let mean = adjusted.iter().sum::<f64>() / adjusted.len() as f64;
        assert!(score.iter().all(|&share| share >= bar), "score, n = {n}");
        assert!((0.95..0.955).contains(&mean), "adjusted Wald, n = {n}: {mean}");
    }
}
