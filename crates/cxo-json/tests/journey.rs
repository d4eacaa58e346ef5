//! The documents of journeys: what is written reads back the same, matches its schema, and nothing that is read can panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "functions shared by tests")]

use std::borrow::Cow;

use cxo_core::{
    Confidence,
    domain::{LoadReport, Timestamp},
    journey::{
        AttributionModel, Event, EventLog, Funnel, FunnelDefinition, JourneyOptions, Journeys, OpenJourneys, PathCount,
        Paths,
    },
};
use cxo_json::{
    AttributionDocument, AttributionRow, Document, Entry, FlattenedRow, FunnelDocument, FunnelRow,
    JourneyChainDocument, JourneyMapDocument, JourneyPathsDocument, LogRow, MapRow, PathsRow, Worth, schema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn errors<D: Document>(document: &Value) -> Vec<String> {
    let (_, text) = schema::ALL.iter().find(|(format, _)| *format == D::FORMAT).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    validator.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn log() -> EventLog {
    let mut log = EventLog::default();
    for (customer, touchpoint, minutes) in [
        ("ann", "home", 0),
        ("ann", "cart", 2),
        ("ann", "pay", 5),
        ("bob", "home", 1),
        ("bob", "help", 3),
        ("cy", "cart", 4),
        ("cy", "gone", 9),
    ] {
        log.add(&Event::new(customer, touchpoint, Timestamp(minutes * 60_000_000))).unwrap();
    }
    log
}

fn load() -> LoadReport {
    LoadReport { rows: 7, accepted: 7, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() }
}

/// A segment that is shown and one that is not.
fn segments<T>(row: T) -> Option<Vec<Entry<T>>> {
    let hidden = Err(Cow::Borrowed("hidden to protect small groups"));
    Some(vec![
        Entry { segment: Some("app".to_owned()), outcome: Ok(row) },
        Entry { segment: Some("web".to_owned()), outcome: hidden },
    ])
}

fn row(journeys: &Journeys<'_>) -> LogRow {
    LogRow {
        begun: Some(0),
        journey: "session".to_owned(),
        session_gap_seconds: Some(1800.0),
        duplicate_rule: "within".to_owned(),
        duplicate_gap_seconds: Some(1.0),
        outside_period: Some(2),
        views: vec!["collapse-loops".to_owned()],
        left_out: Some(1),
        stitched: Some(3),
        shared_ids: Some(0),
        flattened: Some(FlattenedRow {
            object_type: "order".to_owned(),
            qualifier: Some("placed".to_owned()),
            objects: 3,
            silent_objects: 1,
            shared_events: 1,
            unrelated_events: 0,
        }),
        ..LogRow::new(journeys)
    }
}

fn holds<D: Document + PartialEq + std::fmt::Debug>(document: &D) {
    let written: Value = serde_json::from_str(&document.to_json()).unwrap();
    assert_eq!(errors::<D>(&written), Vec::<String>::new(), "{written:#}");
    assert_eq!(&D::from_slice(document.to_json().as_bytes()).unwrap(), document);
}

fn refuses<D: Document + std::fmt::Debug>(document: &D, changes: &[(&str, Value)]) {
    for (path, value) in changes {
        let mut changed: Value = serde_json::from_str(&document.to_json()).unwrap();
        *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value.clone();
        assert!(!errors::<D>(&changed).is_empty(), "{path}");
        assert!(D::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

#[test]
fn maps_and_paths() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let map = MapRow::from(&journeys.map());
    let full = JourneyMapDocument { all: map.clone(), segments: segments(map), log: row(&journeys), load: load() };
    holds(&full);
    holds(&JourneyMapDocument { segments: None, log: LogRow::new(&journeys), ..full.clone() });
    let written: Value = serde_json::from_str(&full.to_json()).unwrap();
    assert_eq!(written["log"]["observed_until"], json!("1970-01-01T00:09:00Z"));
    assert_eq!(written["segments"][1]["suppressed"], json!("hidden to protect small groups"));
    refuses(
        &full,
        &[
            ("/journeys", json!(-1)),
            ("/edges/0/median_seconds", json!(-1)),
            ("/segments/0/edges/0/p90_seconds", json!(-1)),
            ("/log/session_gap_seconds", json!(-1)),
            ("/touchpoints", Value::Null),
        ],
    );
    let paths = PathsRow::new(&journeys.variants(), 3, 2);
    let full =
        JourneyPathsDocument { all: paths.clone(), segments: segments(paths), log: row(&journeys), load: load() };
    holds(&full);
    assert_eq!((full.all.total_variants, full.all.variants.len()), (3, 2));
    refuses(&full, &[("/variants/0/share", json!(1.5)), ("/variants/0/coverage", json!(-0.1))]);
}

#[test]
fn funnels() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let funnel = Funnel::new(["home", "cart", "pay"]).unwrap();
    let open = journeys.funnel(&funnel).unwrap();
    let windowed = journeys.funnel(
        &funnel.window(60_000_000).unwrap().definition(FunnelDefinition::OrderedWithExclusion).excluding(["help"]),
    );
    let new = |passage| FunnelDocument::new(passage, Confidence::P95, row(&journeys), load());
    let bare = new(&open);
    let full = FunnelDocument {
        excluded: Some(vec!["help".to_owned()]),
        segments: segments(FunnelRow::from(&open)),
        ..new(&windowed.unwrap())
    };
    holds(&bare);
    holds(&full);
    let written: Value = serde_json::from_str(&bare.to_json()).unwrap();
    assert!(written.get("immature").is_none() && written["immature_reason"].is_string());
    assert!(
        written["steps"][0].get("step_conversion").is_none()
            && written["steps"][0]["median_seconds_reason"].is_string()
    );
    assert_eq!(written["evidence"], json!("observational"));
    refuses(
        &full,
        &[
            ("/window_seconds", json!(-1)),
            ("/steps/0/conversion", json!(2)),
            ("/steps/0/lower", json!(-1)),
            ("/segments/0/steps/1/step_upper", json!(1.1)),
            ("/immature_rule", json!(3)),
            ("/confidence", json!(0)),
        ],
    );
    // More at a later step than before it: of this a schema knows nothing.
    let mut changed: Value = serde_json::from_str(&bare.to_json()).unwrap();
    changed["steps"][1]["reached"] = json!(3);
    assert!(FunnelDocument::from_slice(changed.to_string().as_bytes()).is_err());
}

#[test]
fn chains_and_attributions() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    for outcomes in [&["pay"][..], &["pay", "gone"]] {
        let chain = journeys.chain(outcomes, OpenJourneys::Lost).unwrap();
        let bare = JourneyChainDocument::new(&chain, row(&journeys), load());
        let full =
            JourneyChainDocument { silence_seconds: Some(60.0), segments: segments(bare.all.clone()), ..bare.clone() };
        holds(&bare);
        holds(&full);
        let probabilities = full.all.start.outcome_probabilities.is_some();
        assert_eq!(probabilities, outcomes.len() > 1);
        refuses(
            &full,
            &[
                ("/start/conversion_probability", json!(1.1)),
                ("/states/0/expected_steps", json!(-1)),
                ("/segments/0/states/0/expected_seconds", json!(-1)),
                ("/silence_seconds", json!(-1)),
            ],
        );
    }
    let mut paths = Paths::default();
    paths.add(["search", "email"], PathCount::new(2, 5, 80.0).unwrap()).unwrap();
    paths.add(["email"], PathCount::new(1, 0, 30.0).unwrap()).unwrap();
    for (model, worth) in [(AttributionModel::Markov, Worth::Known), (AttributionModel::Shapley, Worth::Unknown)] {
        let all = AttributionRow::new(&paths.attribution(model, 1).unwrap(), worth);
        let bare = AttributionDocument::new(model, 1, all, load());
        let full = AttributionDocument {
            unit: "channel".to_owned(),
            segments: segments(bare.all.clone()),
            outcomes: Some(vec!["pay".to_owned()]),
            silence_seconds: Some(60.0),
            log: Some(row(&journeys)),
            all: AttributionRow { open_journeys: Some(1), immediate_journeys: Some(0), ..bare.all.clone() },
            ..bare.clone()
        };
        holds(&bare);
        holds(&full);
        assert_eq!(full.order.is_some(), full.all.channels[0].removal_effect.is_ok());
        refuses(&full, &[("/channels/0/share", json!(2)), ("/channels/0/attributed", json!(-1))]);
    }
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let log = log();
        let journeys = log.journeys(&JourneyOptions::default()).unwrap();
        let passage = journeys.funnel(&Funnel::new(["home", "pay"]).unwrap()).unwrap();
        let document = FunnelDocument::new(&passage, Confidence::P95, LogRow::new(&journeys), load());
        let mut bytes = document.to_json().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(read) = FunnelDocument::from_slice(&bytes) {
            prop_assert_eq!(FunnelDocument::from_slice(read.to_json().as_bytes()).unwrap(), read);
        }
    }
}
