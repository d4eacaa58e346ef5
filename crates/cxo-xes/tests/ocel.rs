//! OCEL 2.0 JSON: what flattening does, and what stops a load.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use cxo_core::journey::{EventLog, JourneyOptions};
use cxo_xes::{EventKeys, Input, Load, Loaded, LogError, LogErrorKind, ObjectType, Options, Strictness};

/// An invented shop: two orders shipped together, a parcel that is scanned alone, an order that nothing happened to, and events
/// that say nothing of use.
const SHOP: &str = r#"{
  "events": [
    {"id": "e1", "type": "place order", "time": "2026-01-01T10:00:00+01:00",
     "attributes": [{"name": "via", "value": "web"}, {"name": "stars", "value": 4}, {"name": "fast", "value": true}],
     "relationships": [{"objectId": "o1", "qualifier": "placed"}, {"objectId": "ann", "qualifier": "placed by"}]},
    {"id": "e2", "type": "place order", "time": "2026-01-01T11:00:00Z", "attributes": [],
     "relationships": [{"objectId": "o2", "qualifier": "placed"}, {"objectId": "ann", "qualifier": "placed by"}]},
    {"id": "e3", "type": "ship", "time": "2026-01-03T08:00:00Z",
     "relationships": [{"objectId": "o2", "qualifier": "shipped"}, {"objectId": "p1", "qualifier": "packed"},
                       {"objectId": "o1", "qualifier": "shipped"}, {"objectId": "o1", "qualifier": "urgent"}]},
    {"id": "e4", "type": "scan", "time": "2026-01-04T08:00:00Z", "relationships": [{"objectId": "p1", "qualifier": ""}]},
    {"id": "e5", "type": "audit", "time": "2026-01-04T08:00:00Z"},
    {"id": "e6", "type": "ship", "time": "soon", "relationships": [{"objectId": "o1", "qualifier": "shipped"}]},
    {"id": "e7", "time": "2026-01-04T08:00:00Z", "relationships": [{"objectId": "o1", "qualifier": "shipped"}]},
    {"id": "e8", "type": "ship", "time": "2026-01-04T08:00:00Z", "relationships": [{"objectId": "o9", "qualifier": ""}]},
    {"id": 9, "type": "ship", "time": "2026-01-04T08:00:00Z", "relationships": []}
  ],
  "objectTypes": [{"name": "order", "attributes": [{"name": "status", "type": "string"}]}, {"name": "parcel", "attributes": []}],
  "eventTypes": [{"name": "place order", "attributes": []}],
  "objects": [
    {"id": "o1", "type": "order", "attributes": [{"name": "status", "time": "2026-01-02T00:00:00Z", "value": "paid"},
                                                 {"name": "status", "time": "1970-01-01T00:00:00Z", "value": "open"}]},
    {"id": "o2", "type": "order", "attributes": [{"name": "status", "time": "2026-02-01T00:00:00Z", "value": "late"}]},
    {"id": "o3", "type": "order", "attributes": []},
    {"id": "ann", "type": "customer"},
    {"id": "p1", "type": "parcel", "relationships": [{"objectId": "o1", "qualifier": "holds"}]}
  ]
}
"#;

fn load(text: impl AsRef<[u8]>, of: &str) -> Result<Loaded<EventLog>, LogError> {
    Load::new(Input::text("shop.json", text)).ocel(&ObjectType::new(of), &EventKeys::default())
}

fn records(log: &EventLog) -> Vec<(&str, &str)> {
    (0..log.len()).map(|row| log.get(row).unwrap()).map(|event| (event.customer, event.touchpoint)).collect()
}

#[test]
fn each_object_of_the_type_is_a_journey() {
    let loaded = load(SHOP, "order").unwrap();
    let (log, report) = (loaded.value, loaded.report);
    assert_eq!(records(&log), [("o1", "place order"), ("o2", "place order"), ("o2", "ship"), ("o1", "ship")]);
    let first = log.get(0).unwrap();
    assert_eq!((first.time.to_string().as_str(), first.event_id), ("2026-01-01T09:00:00Z", Some("e1")));
    assert_eq!((report.rows, report.accepted, report.skipped, report.rejected), (9, 3, 2, 4));
    let told: Vec<(&str, u64, u64, &str)> = report
        .reasons
        .iter()
        .map(|reason| {
            (reason.reason.as_str(), reason.count, reason.examples[0].line, reason.examples[0].value.as_str())
        })
        .collect();
    assert_eq!(told[0], ("the event is related to no object of the type \"order\"", 2, 11, "e4"));
    assert_eq!(told[1], ("objectId names no object of the log", 1, 15, "o9"));
    assert_eq!(told[2], ("the event has no type", 1, 14, ""));
    assert_eq!((told[3].0, told[3].2), ("this is no event of OCEL 2.0", 16));
    assert_eq!((told[4].2, told[4].3), (13, "soon"));
    let flattening = loaded.flattening.unwrap();
    assert_eq!((flattening.records, flattening.shared_events, flattening.unrelated_events), (4, 1, 2));
    assert_eq!((flattening.objects, flattening.silent_objects), (3, 1));
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    assert_eq!((journeys.len(), journeys.events()), (2, 4));
}

#[test]
fn another_type_is_another_log() {
    let customers = load(SHOP, "customer").unwrap();
    assert_eq!(records(&customers.value), [("ann", "place order"), ("ann", "place order")]);
    let parcels = load(SHOP, "parcel").unwrap();
    assert_eq!(records(&parcels.value), [("p1", "ship"), ("p1", "scan")]);
}

#[test]
fn a_qualifier_narrows_what_is_related() {
    let of = ObjectType::new("order").qualifier("shipped");
    let loaded = Load::new(Input::text("shop.json", SHOP)).ocel(&of, &EventKeys::default()).unwrap();
    assert_eq!(records(&loaded.value), [("o2", "ship"), ("o1", "ship")]);
    let reason = &loaded.report.reasons[0];
    assert_eq!(
        reason.reason,
        "the event is related to no object of the type \"order\" under the qualifier \"shipped\""
    );
}

#[test]
fn attributes_are_of_the_event_or_of_the_object_at_that_time() {
    let keys = EventKeys::default().channel("via").score("stars").by("status").by("fast");
    let mut rows = Vec::new();
    Load::new(Input::text("shop.json", SHOP))
        .each_ocel(&ObjectType::new("order"), &keys, |row| {
            rows.push((row.segments.join("/"), row.event.channel.map(str::to_owned), row.event.score));
            Ok(())
        })
        .unwrap();
    let found: Vec<&str> = rows.iter().map(|(by, ..)| by.as_str()).collect();
    assert_eq!(found, ["open/true", "late/", "late/", "paid/"], "before the first value that one holds");
    assert_eq!((rows[0].1.as_deref(), rows[0].2), (Some("web"), Some(4.0)));
    let keys = EventKeys::default().touchpoint("via");
    let loaded = Load::new(Input::text("shop.json", SHOP)).ocel(&ObjectType::new("order"), &keys).unwrap();
    assert_eq!(records(&loaded.value), [("o1", "web")]);
    assert!(loaded.report.reasons.iter().any(|reason| reason.reason == "the event has no via" && reason.count == 4));
}

#[test]
fn what_is_no_log_is_an_error_with_its_line() {
    let cases: [(&[u8], LogErrorKind, Option<u64>, &str); 13] = [
        (b"", LogErrorKind::Empty, None, "empty"),
        (b"{\"objects\": [],\n \"events\": [", LogErrorKind::Malformed, Some(2), "EOF"),
        (b"{\"objects\": [],\n \"events\": [}", LogErrorKind::Malformed, Some(2), "expected"),
        (b"{}", LogErrorKind::NotALog, None, "no objects or no events"),
        (b"[]", LogErrorKind::NotALog, Some(1), "begin with {"),
        (b"case,activity", LogErrorKind::NotALog, Some(1), "begin with {"),
        (b"{\"ocel:events\": {}, \"ocel:objects\": {}}", LogErrorKind::NotALog, None, "OCEL 1.0"),
        (b"{\"objects\": {}, \"events\": []}", LogErrorKind::NotALog, Some(1), "OCEL 2.0"),
        (b"{\"events\": [], \"objects\":\n[{\"id\": 1}]}", LogErrorKind::NotALog, Some(2), "no object"),
        (
            b"{\"events\": [], \"objects\":\n[{\"id\": \"a\", \"type\": \"order\"},\n{\"id\": \"a\", \"type\": \"order\"}]}",
            LogErrorKind::NotALog,
            Some(3),
            "\"a\" stands here again",
        ),
        (b"{\"objects\": [{\"id\": \"a\", \"type\": \"order\"}], \"events\": []}", LogErrorKind::NoEvents, None, "no events"),
        (b"{\n\"events\": \"\xFF\"}", LogErrorKind::Malformed, Some(2), "UTF-8"),
        (b"{\"objects\": [], \"objects\": [], \"events\": []}", LogErrorKind::NotALog, Some(1), "duplicate"),
    ];
    for (text, kind, line, part) in cases {
        let error = load(text, "order").unwrap_err();
        let shown = String::from_utf8_lossy(text);
        assert_eq!((error.kind(), error.line(), error.file()), (kind, line, Some("shop.json")), "{shown}: {error}");
        assert!(error.to_string().contains(part), "{shown}: {error}");
    }
}

#[test]
fn a_type_that_is_not_there_is_told_with_those_that_are() {
    let error = load(SHOP, "orders").unwrap_err();
    assert_eq!((error.kind(), error.value()), (LogErrorKind::UnknownObjectType, Some("orders")));
    assert_eq!(error.allowed(), Some("\"customer\", \"order\", \"parcel\""));
}

#[test]
fn a_key_that_no_event_has_is_told_with_those_there_are() {
    for keys in [EventKeys::default().channel("chanel"), EventKeys::default().by("chanel")] {
        let error = Load::new(Input::text("shop.json", SHOP)).ocel(&ObjectType::new("order"), &keys).unwrap_err();
        assert_eq!((error.kind(), error.value()), (LogErrorKind::UnknownKey, Some("chanel")));
        assert_eq!(error.allowed(), Some("\"fast\", \"stars\", \"via\""));
    }
}

#[test]
fn the_journey_is_always_the_object() {
    let keys = EventKeys::default().journey("customer");
    let error = Load::new(Input::text("shop.json", SHOP)).ocel(&ObjectType::new("order"), &keys).unwrap_err();
    assert_eq!((error.kind(), error.allowed()), (LogErrorKind::Refused, Some("none: the object is the journey")));
}

#[test]
fn a_strict_load_stops_at_the_first_bad_event() {
    let options = Options::default().strictness(Strictness::Strict);
    let load = Load::new(Input::text("shop.json", SHOP)).options(options);
    let error = load.ocel(&ObjectType::new("order"), &EventKeys::default()).unwrap_err();
    assert_eq!((error.kind(), error.line(), error.key()), (LogErrorKind::BadRow, Some(13), Some("time")), "{error}");
}

#[test]
fn text_of_windows_is_read_too() {
    let wide = |text: &str| [vec![0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    for text in [wide(SHOP), [b"\xEF\xBB\xBF", SHOP.as_bytes()].concat(), SHOP.replace('\n', "\r\n").into_bytes()] {
        assert_eq!(load(text, "order").unwrap().value.len(), 4);
    }
}
