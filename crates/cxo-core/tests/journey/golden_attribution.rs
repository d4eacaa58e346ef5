//! Attribution and chains against the reference numbers.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small numbers of tests.

use crate::common::golden;
use crate::common::journey::{LOGS, log};
use cxo_core::journey::{Attribution, AttributionModel, JourneyOptions, OpenJourneys, PathCount, Paths, Split};
use serde_json::Value;

fn near(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what} is missing"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {found} instead of {expected}");
}

/// Paths with conversions, value and nulls.
fn table(file: &str) -> Paths {
    let folder = std::env::var_os("CXO_GOLDEN_DIR").unwrap();
    let text = std::fs::read_to_string(std::path::Path::new(&folder).join("../data/journey").join(file)).unwrap();
    let mut paths = Paths::default();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let whole = |cell: &str| cell.parse::<f64>().unwrap() as u64;
        let count = PathCount::new(whole(cells[1]), whole(cells[3]), cells[2].parse().unwrap()).unwrap();
        paths.add(cells[0].split(" > "), count).unwrap();
    }
    paths
}

fn tiny() -> Paths {
    let mut paths = Paths::default();
    paths.add(["C1", "C2", "C3"], PathCount::new(1, 0, 100.0).unwrap()).unwrap();
    paths.add(["C1"], PathCount::new(0, 1, 0.0).unwrap()).unwrap();
    paths.add(["C2", "C3"], PathCount::new(0, 1, 0.0).unwrap()).unwrap();
    paths
}

fn check(paths: &Paths, name: &str) {
    let expected = golden(&format!("journey/{name}.json")).unwrap();
    assert_eq!(Some(paths.total().conversions), expected["total_conversions"].as_u64(), "{name}");
    let attribution = |model| -> Attribution { paths.attribution(model, 1).unwrap() };
    for (model, key) in [
        (AttributionModel::First, "first"),
        (AttributionModel::Last, "last"),
        (AttributionModel::Linear, "linear"),
        (AttributionModel::Position, "position_40_20_40"),
        (AttributionModel::StepDecay, "position_decay_half_per_step"),
        (AttributionModel::Shapley, "shapley_set_conversions"),
    ] {
        let found = attribution(model);
        for channel in &found.channels {
            near(channel.attributed, &expected[key][&channel.channel]["conversions"], &format!("{name} {key}"));
            // A log without worths has none to divide.
            if found.value > 0.0 {
                near(channel.value, &expected[key][&channel.channel]["value"], &format!("{name} {key} value"));
            }
        }
        let sum: f64 = found.channels.iter().map(|channel| channel.attributed).sum();
        assert!((sum - found.conversions as f64).abs() < 1e-6, "{name} {key} adds up");
    }
    let markov = attribution(AttributionModel::Markov);
    for channel in &markov.channels {
        let reference = &expected["markov1_with_null"];
        near(channel.removal_effect.unwrap(), &reference["removal_effect"][&channel.channel], name);
        near(channel.attributed, &reference["attributed"][&channel.channel], name);
    }
}

#[test]
fn tables_of_paths() {
    if golden("journey/attribution_tiny.json").is_none() {
        return;
    }
    check(&tiny(), "attribution_tiny");
    check(&table("path_data.csv"), "attribution_path_data");
    check(&table("ecom_channel_paths.csv"), "attribution_ecom_sessions");
}

#[test]
fn paths_of_journeys() {
    if golden("journey/ecom_users.json").is_none() {
        return;
    }
    let log = log("ecom_users.csv").unwrap();
    let sessions = JourneyOptions::default().split(Split::Session { micros: 1_800_000_000 }).unwrap();
    let journeys = log.journeys(&sessions).unwrap();
    let found = journeys.paths_to(&["purchase"], OpenJourneys::Lost).unwrap();
    assert_eq!((found.paths.total().nulls, found.immediate, found.open), (3135, 0, 0));
    check(&found.paths, "attribution_touch_ecom_users");
}

#[test]
fn chains_of_journeys() {
    for (name, file) in LOGS {
        let Some(expected) = golden(&format!("journey/{name}.json")) else { return };
        let expected = &expected["absorbing_chain"];
        let Some(goal) = expected["goal"].as_str() else { continue };
        let log = log(file).unwrap();
        let journeys = log.journeys(&JourneyOptions::default()).unwrap();
        let chain = journeys.chain(&[goal], OpenJourneys::Lost).unwrap();
        assert_eq!(Some(chain.outcomes[0].journeys), expected["n_conv"].as_u64(), "{name}");
        assert_eq!(Some(chain.lost), expected["n_null"].as_u64(), "{name}");
        near(chain.start.probabilities[0], &expected["p_conv"]["(start)"], name);
        near(chain.start.expected_steps, &expected["expected_steps"]["(start)"], name);
        for state in &chain.states {
            near(state.probabilities[0], &expected["p_conv"][&state.touchpoint], name);
            near(state.expected_steps, &expected["expected_steps"][&state.touchpoint], name);
            near(state.expected_visits, &expected["expected_visits"][&state.touchpoint], name);
        }
        let paths = journeys.paths_to(&[goal], OpenJourneys::Lost).unwrap().paths;
        for channel in paths.attribution(AttributionModel::Markov, 1).unwrap().channels {
            near(channel.removal_effect.unwrap(), &expected["removal_effect"][&channel.channel], name);
        }
    }
}
