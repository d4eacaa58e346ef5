//! What is asked of the map of journeys, against the reference numbers.

use std::collections::BTreeMap;

use crate::common::golden;
use crate::common::journey::{LOGS, log};
use cxo_core::Confidence;
use cxo_core::journey::{JourneyEnds, JourneyOptions, Journeys, Split};
use serde_json::Value;

fn each(check: impl Fn(&str, &Journeys<'_>, &Value)) {
    for (name, file) in LOGS {
        let Some(expected) = golden(&format!("journey/{name}.json")) else { return };
        let log = log(file).unwrap();
        check(name, &log.journeys(&JourneyOptions::default()).unwrap(), &expected);
    }
}

fn counts(value: &Value) -> BTreeMap<String, u64> {
    value.as_object().unwrap().iter().map(|(key, count)| (key.clone(), count.as_u64().unwrap())).collect()
}

fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what} is missing"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
}

#[test]
fn what_eventually_follows_what() {
    each(|name, journeys, expected| {
        let names = journeys.names();
        let follows = journeys.eventually_follows();
        let found: BTreeMap<_, _> = follows
            .iter()
            .map(|(from, to, count)| (format!("{} -> {}", names[from as usize], names[to as usize]), count))
            .collect();
        assert_eq!(found, counts(&expected["eventually_follows_pairs"]), "{name}");
    });
}

#[test]
fn transition_matrices() {
    each(|name, journeys, expected| {
        for (ends, key) in
            [(JourneyEnds::Excluded, "transition_out"), (JourneyEnds::Included, "transition_with_start_end")]
        {
            let transitions = journeys.transitions(ends);
            for found in &transitions {
                let (from, to) = (found.from.as_deref(), found.to.as_deref());
                let reference = &expected[key][from.unwrap_or("__start__")][to.unwrap_or("__end__")];
                near(found.share, reference, &format!("{name} {key} {from:?} {to:?}"));
            }
            let entries: usize =
                expected[key].as_object().unwrap().values().map(|row| row.as_object().unwrap().len()).sum();
            assert_eq!(transitions.len(), entries, "{name} {key}");
        }
    });
}

#[test]
fn step_matrices() {
    each(|name, journeys, expected| {
        let matrix = journeys.step_matrix(10);
        let columns = expected["step_matrix_10"].as_array().unwrap();
        for (at, reference) in columns.iter().enumerate() {
            let reference = reference.as_object().unwrap();
            let Some(column) = matrix.steps.get(at) else {
                // Beyond the longest journey all have ended.
                assert_eq!(reference.keys().collect::<Vec<_>>(), ["__ended__"], "{name} {at}");
                continue;
            };
            for found in &column.touchpoints {
                near(found.share, &reference[&found.touchpoint], &format!("{name} {at} {}", found.touchpoint));
            }
            let ended = reference.get("__ended__");
            assert!((column.ended_share - ended.map_or(0.0, |ended| ended.as_f64().unwrap())).abs() < 1e-12);
            assert_eq!(column.touchpoints.len() + usize::from(ended.is_some()), reference.len(), "{name} {at}");
        }
    });
}

#[test]
fn rework_and_self_loops() {
    each(|name, journeys, expected| {
        let rework = journeys.rework(Confidence::P95).unwrap();
        let some = |count: &dyn Fn(&cxo_core::journey::Rework) -> u64| -> BTreeMap<String, u64> {
            rework.iter().map(|row| (row.touchpoint.clone(), count(row))).filter(|(_, count)| *count > 0).collect()
        };
        assert_eq!(some(&|row| row.reworked), counts(&expected["rework_cases"]), "{name}");
        assert_eq!(some(&|row| row.self_loops), counts(&expected["self_loops"]), "{name}");
        for row in &rework {
            let inside = row.share.interval.map(|interval| interval.contains(row.share.value));
            assert!(inside.unwrap_or(row.journeys == 1), "{name} {row:?}");
        }
    });
}

#[test]
fn durations_and_sessions() {
    each(|name, journeys, expected| {
        let seconds = journeys.summary().unwrap().seconds;
        for (found, key) in [
            (seconds.minimum, "min"),
            (seconds.p25, "p25"),
            (seconds.median, "median"),
            (seconds.mean, "mean"),
            (seconds.p90, "p90"),
            (seconds.maximum, "max"),
            (seconds.total, "total"),
        ] {
            near(found, &expected["case_duration_s"][key], &format!("{name} {key}"));
        }
        for session in expected["sessions"].as_array().unwrap() {
            let micros = session["gap_s"].as_i64().unwrap() * 1_000_000;
            let options = JourneyOptions::default().split(Split::Session { micros }).unwrap();
            let sessions = journeys.log().journeys(&options).unwrap().summary().unwrap();
            assert_eq!(Some(sessions.journeys), session["sessions"].as_u64(), "{name}");
            assert_eq!(Some(sessions.single), session["single_event"].as_u64(), "{name}");
            near(sessions.lengths.mean, &session["mean_len"], name);
            near(sessions.lengths.maximum, &session["max_len"], name);
        }
    });
}
