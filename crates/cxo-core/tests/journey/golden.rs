//! Maps and variants of published logs against the reference numbers.

use std::collections::BTreeMap;

use crate::common::golden;
use crate::common::journey::{LOGS, log};
use cxo_core::journey::{Edge, Funnel, FunnelDefinition, JourneyMap, JourneyOptions, Journeys, Split};
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
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found} instead of {expected}");
}

fn key(edge: &Edge) -> String {
    format!("{} -> {}", edge.from, edge.to)
}

#[test]
fn maps_are_those_of_the_reference() {
    each(|name, journeys, expected| {
        let map: JourneyMap = journeys.map();
        assert_eq!(Some(map.journeys), expected["n_cases"].as_u64(), "{name}");
        assert_eq!(Some(map.events), expected["n_events"].as_u64(), "{name}");
        let edges: BTreeMap<_, _> = map.edges.iter().map(|edge| (key(edge), edge.count)).collect();
        assert_eq!(edges, counts(&expected["dfg"]), "{name}");
        let nodes: BTreeMap<_, _> = map.touchpoints.iter().map(|node| (node.touchpoint.clone(), node.events)).collect();
        assert_eq!(nodes, counts(&expected["activities"]), "{name}");
        for (found, which) in [(&map.starts, "start"), (&map.ends, "end")] {
            let found: BTreeMap<_, _> = found.iter().map(|node| (node.touchpoint.clone(), node.count)).collect();
            assert_eq!(found, counts(&expected[which]), "{name}");
        }
        for edge in &map.edges {
            let times = &expected["perf_dfg_s"][key(edge)];
            near(edge.mean_seconds, &times["mean"], &key(edge));
            near(edge.median_seconds, &times["median"], &key(edge));
        }
    });
}

#[test]
fn variants_are_those_of_the_reference() {
    each(|name, journeys, expected| {
        let variants = journeys.variants();
        assert_eq!(Some(variants.len() as u64), expected["n_variants"].as_u64(), "{name}");
        let found: BTreeMap<Vec<&str>, u64> = variants.iter().map(|variant| (variant.path, variant.count)).collect();
        for top in expected["variants_top"].as_array().unwrap() {
            let path: Vec<&str> = top[0].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
            assert_eq!(found.get(&path).copied(), top[1].as_u64(), "{name} {path:?}");
        }
        assert_eq!(found.values().sum::<u64>(), journeys.len() as u64, "{name}: variants add up to journeys");
        let last = variants.iter().last().unwrap();
        assert!((last.coverage - 1.0).abs() < 1e-12);
    });
}

#[test]
fn sessions_are_those_of_the_reference() {
    for (name, file) in LOGS {
        let Some(expected) = golden(&format!("journey/{name}.json")) else { return };
        let log = log(file).unwrap();
        for session in expected["sessions"].as_array().unwrap() {
            let micros = session["gap_s"].as_i64().unwrap() * 1_000_000;
            let options = JourneyOptions::default().split(Split::Session { micros }).unwrap();
            let journeys = log.journeys(&options).unwrap();
            let lengths: Vec<usize> = journeys.iter().map(|journey| journey.steps.len()).collect();
            assert_eq!(Some(lengths.len() as u64), session["sessions"].as_u64(), "{name}");
            assert_eq!(lengths.iter().max().map(|most| *most as u64), session["max_len"].as_u64(), "{name}");
            let alone = lengths.iter().filter(|length| **length == 1).count() as u64;
            assert_eq!(Some(alone), session["single_event"].as_u64(), "{name}");
        }
    }
}

#[test]
fn funnels_are_those_of_the_reference() {
    each(|name, journeys, expected| {
        for funnel in expected["funnels"].as_array().unwrap() {
            let names = |key: &str| -> Vec<String> {
                funnel[key].as_array().unwrap().iter().map(|step| step.as_str().unwrap().to_owned()).collect()
            };
            for &definition in FunnelDefinition::ALL {
                let mut question = Funnel::new(names("steps")).unwrap().definition(definition);
                if let Some(millis) = funnel["window_ms"].as_i64() {
                    question = question.window(millis * 1000).unwrap();
                }
                if definition == FunnelDefinition::OrderedWithExclusion {
                    question = question.excluding(names("exclusion"));
                }
                let passage = journeys.funnel(&question).unwrap();
                let reference = &funnel[definition.name().replace('-', "_")];
                let reached: Vec<_> = passage.steps.iter().map(|step| step.reached).collect();
                let expected: Vec<_> =
                    reference["reached"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
                assert_eq!(reached, expected, "{name} {definition} {:?}", funnel["window_ms"]);
                for (step, expected) in passage.steps.iter().zip(reference["conversion"].as_array().unwrap()) {
                    if let (Ok(conversion), Some(_)) = (&step.conversion, expected.as_f64()) {
                        near(conversion.value, expected, name);
                    }
                }
            }
        }
    });
}
