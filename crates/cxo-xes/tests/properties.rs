//! Whatever a file holds: a log or an error, never a panic; and what is written comes back.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;

use cxo_core::domain::Timestamp;
use cxo_xes::{EventKeys, Input, Load, ObjectType};
use proptest::prelude::*;

fn both(bytes: &[u8]) {
    let keys = EventKeys::default().score("score").value("value").by("region");
    for load in [
        Load::new(Input::text("any", bytes)).xes(&keys),
        Load::new(Input::text("any", bytes)).ocel(&ObjectType::new("order"), &keys),
    ] {
        match load {
            Ok(loaded) => {
                let report = loaded.report;
                assert_eq!(report.rows, report.accepted + report.rejected + report.skipped);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Pieces of logs, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = [
        "<log>",
        "</log>",
        "<trace>",
        "</trace>",
        "<event>",
        "</event>",
        "<string key='concept:name' value='a'/>",
        "<date key='time:timestamp' value='2026-01-01T00:00:00Z'/>",
        "<date key='time:timestamp' value='+262142-12-31T23:59:60-23:59'/>",
        "<float key='score' value='1e999'/>",
        "<float key='value' value='-9223372036854.775808'/>",
        "<list key='x'><values>",
        "&#x0;",
        "<![CDATA[",
        "<!DOCTYPE log [",
        "]]>",
        "<?xml encoding='utf-16'?>",
        "é",
        "<event key='",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..20).prop_map(|parts| parts.concat())
}

/// JSON with the words of logs.
fn json(depth: u32) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-1e400".to_owned()),
        Just("7".to_owned()),
        prop::sample::select(vec!["order", "o1", "2026-01-01T00:00:00Z", "score"])
            .prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(depth, 40, 5, |inner| {
        let names = vec![
            "objects",
            "events",
            "objectTypes",
            "id",
            "type",
            "time",
            "attributes",
            "relationships",
            "objectId",
            "name",
            "value",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map(prop::sample::select(names), inner, 0..6).prop_map(|map| {
                let fields: Vec<String> = map.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// Text as it stands in an attribute of XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => write!(escaped, "&#{};", u32::from(letter)).unwrap(),
            other => escaped.push(other),
        }
    }
    escaped
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        both(&bytes);
    }

    #[test]
    fn any_pieces_of_xes(text in pieces()) {
        both(text.as_bytes());
        both(format!("<log><trace><string key='concept:name' value='c'/>{text}</trace></log>").as_bytes());
    }

    #[test]
    fn any_json(text in json(5), events in json(4), objects in json(4)) {
        both(text.as_bytes());
        both(format!("{{\"objects\":[{objects}],\"events\":[{events}]}}").as_bytes());
        let object = "{\"id\":\"o1\",\"type\":\"order\"}";
        let event = format!("{{\"type\":\"a\",\"time\":\"2026-01-01T00:00:00Z\",\"relationships\":[{{\"objectId\":\"o1\"}}],\
                             \"attributes\":[{{\"name\":\"score\",\"value\":{events}}}]}}");
        both(format!("{{\"objects\":[{object}],\"events\":[{event}]}}").as_bytes());
    }

    #[test]
    fn a_broken_log_is_told(cut in 0_usize..400, with in any::<u8>()) {
        let event = "<event><string key='concept:name' value='é'/><date key='time:timestamp' value='2026-01-01T00:00:00Z'/></event>";
        let mut bytes = format!("<log><trace><string key='concept:name' value='c'/>{event}{event}</trace></log>").into_bytes();
        both(bytes.get(..cut.min(bytes.len())).unwrap());
        if let Some(byte) = bytes.get_mut(cut) {
            *byte = with;
        }
        both(&bytes);
    }

    #[test]
    fn what_is_written_comes_back(
        records in prop::collection::vec(("[^\u{0}-\u{8}\u{B}\u{C}\u{E}-\u{1F}]{1,8}", -60_000_000_000_000_000_i64..250_000_000_000_000_000), 1..10)
    ) {
        let (mut xes, mut events) = (String::from("<log><trace><string key=\"concept:name\" value=\"c\"/>"), Vec::new());
        for (name, micros) in &records {
            let time = Timestamp(*micros).to_string();
            let name_of = escaped(name);
            write!(xes, "<event><string key=\"concept:name\" value=\"{name_of}\"/>").unwrap();
            write!(xes, "<date key=\"time:timestamp\" value=\"{time}\"/></event>").unwrap();
            events.push(serde_json::json!({"type": name, "time": time, "relationships": [{"objectId": "c", "qualifier": ""}]}));
        }
        xes += "</trace></log>";
        let json = serde_json::json!({"objects": [{"id": "c", "type": "case"}], "events": events}).to_string();
        for log in [
            Load::new(Input::text("log.xes", xes)).xes(&EventKeys::default()).unwrap().value,
            Load::new(Input::text("log.json", json)).ocel(&ObjectType::new("case"), &EventKeys::default()).unwrap().value,
        ] {
            let found: Vec<(String, i64)> =
                (0..log.len()).map(|row| log.get(row).unwrap()).map(|event| (event.touchpoint.to_owned(), event.time.0)).collect();
            prop_assert_eq!(&found, &records);
        }
    }
}
