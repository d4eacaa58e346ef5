//! Curves of survival and tests of groups against independent references.

use cxo_core::Absent;
use cxo_core::churn::Durations;
use cxo_core::churn::survival::{
    EventTable, HazardOptions, HazardTies, LogRank, LogRankWeighting, SurvivalInterval, SurvivalOptions,
};
use serde_json::Value;

const SETS: [(&str, &str); 6] = [
    ("rossi", "fin"),
    ("gbsg2", "horTh"),
    ("lung", "sex"),
    ("waltons", "group"),
    ("dd", "democracy"),
    ("telco_surv", "contract_two_year"),
];

/// The columns time and event of a data set, and that of its groups.
fn data(set: &str, group: &str) -> (Durations, Vec<String>) {
    let folder = std::env::var("CXO_GOLDEN_DIR").unwrap();
    let path = std::path::Path::new(&folder).join(format!("../data/churn/{set}.csv"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| {
        let place = rows[0].iter().position(|cell| *cell == name).unwrap();
        rows[1..].iter().map(move |row| row[place])
    };
    let times = column("time").map(|cell| cell.parse().unwrap()).collect();
    let left = column("event").map(|cell| cell.parse::<f64>().unwrap() == 1.0).collect();
    (Durations::new(times, left).unwrap(), column(group).map(str::to_owned).collect())
}

/// A relative error of less than 1e-10; no number is no number.
#[track_caller]
fn same(found: Result<f64, Absent>, expected: &Value, what: &str) {
    match expected.as_f64() {
        None => assert!(found.is_err(), "{what}: {found:?} instead of none"),
        Some(expected) => {
            let found = found.unwrap_or_else(|reason| panic!("{what}: {reason} instead of {expected}"));
            assert!((found - expected).abs() <= 1e-10 * expected.abs(), "{what}: {found} instead of {expected}");
        }
    }
}

#[test]
fn curves() {
    let Some(document) = crate::common::golden("churn/survival.json") else { return };
    for (set, group) in SETS {
        let reference = &document[set]["km"];
        let table = EventTable::from_durations(&data(set, group).0).unwrap();
        assert_eq!(Some(table.observations()), document[set]["n"].as_u64());
        assert_eq!(Some(table.events()), document[set]["events"].as_u64());
        let curve = |interval| table.kaplan_meier(&SurvivalOptions::default().interval(interval)).unwrap();
        let (curve, logs) = (curve(SurvivalInterval::LogLog), curve(SurvivalInterval::Log));
        assert_eq!(curve.points().count(), reference["time"].as_array().unwrap().len());
        for (at, (point, log)) in curve.points().zip(logs.points()).enumerate() {
            let check = |name: &str, found| same(found, &reference[name][at], &format!("{set} {name} {at}"));
            check("time", Ok(point.time));
            check("at_risk", Ok(point.at_risk as f64));
            check("events", Ok(point.events as f64));
            check("censored", Ok(point.censored as f64));
            check("survival", Ok(point.survival));
            check("greenwood_se", point.standard_error);
            check("ci95_loglog_lo", point.interval.map(|interval| interval.lower));
            check("ci95_loglog_hi", point.interval.map(|interval| interval.upper));
            // The reference leaves out one bound of the two where nobody is left.
            if point.survival > 0.0 {
                check("ci95_log_lo", log.interval.map(|interval| interval.lower));
                check("ci95_log_hi", log.interval.map(|interval| interval.upper));
            }
            let found = curve.survival(point.time).unwrap();
            assert_eq!((found.value, found.standard_error), (point.survival, point.standard_error));
            assert_eq!(found.interval, point.interval);
        }
        same(curve.median().time, &reference["median"], "median");
        let quarter = curve.quantile(cxo_core::Probability::new(0.25).unwrap()).unwrap();
        same(quarter.time, &reference["q75"], "time until three quarters are left");
        let mean = curve.restricted_mean(curve.last_time()).unwrap();
        same(Ok(mean.value), &reference["rmst_to_last"], "restricted mean");
    }
}

#[test]
fn hazards() {
    let Some(document) = crate::common::golden("churn/survival.json") else { return };
    for (set, group) in SETS {
        let reference = &document[set]["km"];
        let table = EventTable::from_durations(&data(set, group).0).unwrap();
        let of = |ties| table.nelson_aalen(&HazardOptions::default().ties(ties)).unwrap();
        let (plain, one_by_one) = (of(HazardTies::Plain), of(HazardTies::FlemingHarrington));
        assert_eq!(plain.points().count(), reference["time"].as_array().unwrap().len());
        for (at, (point, tied)) in plain.points().zip(one_by_one.points()).enumerate() {
            let check = |name: &str, found| same(found, &reference[name][at], &format!("{set} {name} {at}"));
            check("nelson_aalen", Ok(point.cumulative_hazard));
            check("nelson_aalen_var", Ok(point.standard_error.powi(2)));
            check("na_ci95_log_lo", point.interval.map(|interval| interval.lower));
            check("na_ci95_log_hi", point.interval.map(|interval| interval.upper));
            check("fleming_harrington_tie_hazard", Ok(tied.cumulative_hazard));
        }
    }
}

#[test]
fn tests_of_groups() {
    let Some(document) = crate::common::golden("churn/survival.json") else { return };
    for (set, group) in SETS {
        let reference = &document[set]["logrank"];
        assert_eq!(reference["group"], group);
        let (durations, groups) = data(set, group);
        let groups = EventTable::by_group(&durations, &groups).unwrap();
        let names: Vec<_> = groups.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(reference["levels"], serde_json::json!(names));
        let tests = LogRank::new(&groups).unwrap();
        for (name, weighting) in [
            ("logrank", LogRankWeighting::LogRank),
            ("wilcoxon", LogRankWeighting::Wilcoxon),
            ("tarone-ware", LogRankWeighting::TaroneWare),
            ("peto", LogRankWeighting::Peto),
            ("fleming_harrington_p1_q0", LogRankWeighting::FlemingHarrington { p: 1.0, q: 0.0 }),
        ] {
            let found = tests.test(weighting).unwrap();
            same(Ok(found.statistic), &reference[name]["chi2"], &format!("{set} {name}"));
            same(Ok(found.p_value), &reference[name]["p"], &format!("{set} p of {name}"));
            assert_eq!(found.degrees, 1);
        }
    }
}
