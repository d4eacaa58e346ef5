//! XES: what is read, what is told, and what stops a load.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::io::Write as _;

use cxo_core::domain::Timestamp;
use cxo_core::journey::{EventLog, JourneyOptions, Lifecycle};
use cxo_xes::{EventKeys, Input, Load, Loaded, LogError, LogErrorKind, Options, Strictness};

/// A log with everything that the standard allows around its events: declarations, prefixes, nested attributes, lists, comments.
const CLAIMS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- an invented insurer -->
<x:log xmlns:x="http://www.xes-standard.org/" xes.version="2.0" xes.features="nested-attributes">
  <x:extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <x:global scope="event">
    <x:string key="concept:name" value="no name"/>
    <x:date key="time:timestamp" value="1970-01-01T00:00:00Z"/>
  </x:global>
  <x:classifier name="Activity" keys="concept:name"/>
  <x:string key="concept:name" value="claims"/>
  <x:trace>
    <x:string key="concept:name" value="NA"/>
    <x:string key="region" value="süd"/>
    <x:list key="parties"><x:values><x:string key="concept:name" value="not the case"/></x:values></x:list>
    <x:event>
      <x:string key="concept:name" value="call &amp; &lt;greet&gt; &#x263A;">
        <x:string key="time:timestamp" value="nested"/>
        <x:string key="concept:name" value="nested"/>
      </x:string>
      <x:date key="time:timestamp" value="2026-03-01T10:00:00.250+01:00"/>
      <x:string key="via" value="phone"/>
      <x:int key="stars" value="4"/>
      <x:float key="paid" value="12.5"/>
      <x:id key="no" value="e1"/>
      <x:string key="region" value="nord"/>
    </x:event>
    <x:event>
      <x:string key="concept:name" value="pay"/>
      <x:string key="lifecycle:transition" value="START"/>
      <x:date key="time:timestamp" value="2026-03-01T09:30:00Z"/>
      <x:container key="via"><x:string key="via" value="inside"/></x:container>
    </x:event>
    <x:event>
      <x:string key="concept:name" value="pay"/>
      <x:string key="lifecycle:transition" value="suspend"/>
      <x:date key="time:timestamp" value="2026-03-01T09:31:00Z"/>
    </x:event>
  </x:trace>
  <x:trace/>
  <x:trace>
    <x:event><x:string key="concept:name" value="lost"/><x:date key="time:timestamp" value="2026-03-01T09:30:00Z"/></x:event>
  </x:trace>
  <x:event><x:string key="concept:name" value="outside"/><x:date key="time:timestamp" value="2026-03-01T09:30:00Z"/></x:event>
  <x:trace>
    <x:string key="concept:name" value="7"/>
    <x:event><x:date key="time:timestamp" value="2026-03-01T09:30:00Z"/></x:event>
    <x:event><x:string key="concept:name" value="pay"/><x:date key="time:timestamp" value="yesterday"/></x:event>
    <x:event><x:string key="concept:name" value="pay"/><x:date key="time:timestamp" value="2026-03-01"/></x:event>
    <x:event><x:string key="concept:name" value="pay"/><x:date key="time:timestamp" value="2026-03-01T12:00:00"/></x:event>
    <x:event>
      <x:string key="concept:name" value="pay"/><x:string key="concept:name" value="again"/>
      <x:date key="time:timestamp" value="2026-03-01T12:00:00"/>
    </x:event>
  </x:trace>
</x:log>
"#;

fn load(text: impl AsRef<[u8]>) -> Result<Loaded<EventLog>, LogError> {
    Load::new(Input::text("log.xes", text)).xes(&EventKeys::default())
}

fn one(attributes: &str) -> String {
    format!("<log><trace><string key=\"concept:name\" value=\"c\"/><event>{attributes}</event></trace></log>")
}

fn event(name: &str, time: &str) -> String {
    format!("<string key=\"concept:name\" value=\"{name}\"/><date key=\"time:timestamp\" value=\"{time}\"/>")
}

#[test]
fn every_event_is_accounted_for() {
    let keys = EventKeys::default().channel("via").score("stars").value("paid").event_id("no");
    let loaded = Load::new(Input::text("claims.xes", CLAIMS)).xes(&keys).unwrap();
    let (log, report) = (loaded.value, loaded.report);
    assert_eq!((report.rows, report.accepted, report.rejected, report.skipped), (10, 3, 6, 1));
    let first = log.get(0).unwrap();
    assert_eq!((first.customer, first.touchpoint), ("NA", "call & <greet> ☺"));
    assert_eq!(first.time.to_string(), "2026-03-01T09:00:00.250Z");
    assert_eq!(
        (first.channel, first.score, first.event_id, first.lifecycle),
        (Some("phone"), Some(4.0), Some("e1"), None)
    );
    assert_eq!(first.value.unwrap().format(log.currency().unwrap()), "12.500000");
    let second = log.get(1).unwrap();
    assert_eq!(
        (second.lifecycle, second.channel),
        (Some(Lifecycle::Start), None),
        "what is nested is no attribute of it"
    );
    assert_eq!(log.get(2).unwrap().time.to_string(), "2026-03-01T12:00:00Z", "without an offset it is UTC");
    let told: Vec<(&str, u64, u64)> =
        report.reasons.iter().map(|reason| (reason.reason.as_str(), reason.count, reason.examples[0].line)).collect();
    assert_eq!(
        told,
        [
            (
                "time:timestamp is no date and time of ISO 8601, allowed: such as 2026-01-31T10:00:00Z or \
                 2026-01-31T10:00:00.5+01:00",
                2,
                47
            ),
            ("lifecycle:transition is another transition, counted: start and complete", 1, 33),
            ("the event has concept:name twice", 1, 50),
            ("the event has no concept:name", 1, 46),
            ("the event stands outside of any trace", 1, 43),
            ("the trace has no concept:name before its events", 1, 41),
        ]
    );
    assert_eq!(
        (&*report.reasons[0].examples[0].column, &*report.reasons[0].examples[0].value),
        ("time:timestamp", "yesterday")
    );
}

#[test]
fn breakdowns_are_of_the_event_or_else_of_its_trace() {
    let mut regions = Vec::new();
    let keys = EventKeys::default().by("region").by("via");
    Load::new(Input::text("claims.xes", CLAIMS))
        .each_xes(&keys, |row| {
            regions.push(row.segments.join("/"));
            Ok(())
        })
        .unwrap();
    assert_eq!(regions, ["nord/phone", "süd/", "/"]);
}

#[test]
fn keys_can_be_chosen() {
    let xes = "<log><trace><string key='customer' value='ann'/><string key='concept:name' value='case 1'/>\
               <event><string key='page' value='home'/><string key='area' value='shop'/><string key='with' value='phone'/>\
               <date key='at' value='2026-01-01T00:00:00-05:00'/><string key='lifecycle:transition' value='schedule'/>\
               </event></trace></log>";
    let keys = EventKeys::default()
        .journey("customer")
        .touchpoint("page")
        .time("at")
        .stage("area")
        .device("with")
        .lifecycle("");
    let loaded = Load::new(Input::text("log.xes", xes)).xes(&keys).unwrap();
    let event = loaded.value.get(0).unwrap();
    assert_eq!(
        (event.customer, event.touchpoint, event.stage, event.device),
        ("ann", "home", Some("shop"), Some("phone"))
    );
    assert_eq!((event.time.to_string().as_str(), event.lifecycle), ("2026-01-01T05:00:00Z", None));
}

#[test]
fn a_key_that_no_event_has_is_told_with_those_there_are() {
    let xes = one(&event("a", "2026-01-01T00:00:00Z"));
    for keys in [
        EventKeys::default().channel("chanel"),
        EventKeys::default().by("chanel"),
        EventKeys::default().journey("chanel"),
    ] {
        let error = Load::new(Input::text("log.xes", &xes)).xes(&keys).unwrap_err();
        assert_eq!((error.kind(), error.value()), (LogErrorKind::UnknownKey, Some("chanel")));
        assert_eq!(error.allowed(), Some("\"concept:name\", \"time:timestamp\""));
    }
}

#[test]
fn times_without_an_offset_are_local_in_the_zone() {
    let options = Options::default().time_zone(chrono_tz::Europe::Vienna);
    let at = |time: &str| {
        let loaded =
            Load::new(Input::text("log.xes", one(&event("a", time)))).options(options).xes(&EventKeys::default());
        let loaded = loaded.unwrap();
        loaded.value.get(0).map_or_else(|| loaded.report.reasons[0].reason.clone(), |event| event.time.to_string())
    };
    assert_eq!(at("2026-07-01T12:00:00"), "2026-07-01T10:00:00Z");
    assert_eq!(at("2026-07-01T12:00:00+05:00"), "2026-07-01T07:00:00Z");
    assert_eq!(at("2026-07-01T12:00:00.123456+0500"), "2026-07-01T07:00:00.123456Z");
    assert_eq!(at("2026-10-25T02:30:00"), "2026-10-25T00:30:00Z", "the first of two");
    assert!(at("2026-03-29T02:30:00").contains("does not exist in Europe/Vienna"));
    assert!(at("2026-02-30T02:30:00").contains("is no date and time"));
}

#[test]
fn encodings_and_gzip_are_told_by_their_first_bytes() {
    let xes = format!("<?xml version='1.0' encoding='ENC'?>{}", one(&event("größe", "2026-01-01T00:00:00Z")));
    let latin: Vec<u8> =
        xes.replace("ENC", "ISO-8859-1").chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let wide = |bom: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        [bom.to_vec(), xes.replace("ENC", "UTF-16").encode_utf16().flat_map(bytes).collect()].concat()
    };
    let utf8 = xes.replace("ENC", "UTF-8").into_bytes();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&utf8).unwrap();
    for bytes in [
        utf8.clone(),
        [b"\xEF\xBB\xBF".to_vec(), utf8].concat(),
        latin,
        wide([0xFF, 0xFE], u16::to_le_bytes),
        wide([0xFE, 0xFF], u16::to_be_bytes),
        packed.finish().unwrap(),
    ] {
        assert_eq!(load(bytes).unwrap().value.get(0).unwrap().touchpoint, "größe");
    }
    let error = load(xes).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("\"ENC\"")), (LogErrorKind::Malformed, true));
}

#[test]
fn what_is_no_log_is_an_error_with_its_line() {
    let cases: [(&[u8], LogErrorKind, Option<u64>, &str); 15] = [
        (b"", LogErrorKind::Empty, None, "empty"),
        (b" \n", LogErrorKind::Empty, None, "empty"),
        (b"<log>\n</log>", LogErrorKind::NoEvents, None, "no events"),
        (b"<log><trace/></log>", LogErrorKind::NoEvents, None, "no events"),
        (b"<log>\n<trace>\n<event>", LogErrorKind::Malformed, Some(3), "ends within <event>"),
        (b"<log>\n<trace>\n<string key='a' value=", LogErrorKind::Malformed, Some(3), "not closed"),
        (b"<log>\n</trace></log>", LogErrorKind::Malformed, Some(2), "</trace>"),
        (b"<log/>\n<log/>", LogErrorKind::Malformed, Some(2), "behind the log"),
        (b"<html>\n</html>", LogErrorKind::NotALog, Some(1), "<html>"),
        (b"case,activity\n1,a\n", LogErrorKind::NotALog, None, "no <log>"),
        (b"<log><trace>\n<string value='a'/></trace></log>", LogErrorKind::NotALog, Some(2), "without a key"),
        (b"<log>\n<trace><string key='a' value='\xFF'/></trace></log>", LogErrorKind::Malformed, Some(2), "utf-8"),
        (b"<log>\n<trace>&company;</trace></log>", LogErrorKind::Malformed, Some(2), "&company;"),
        (b"<log><trace><string key='a' value='&company;'/></trace></log>", LogErrorKind::Malformed, Some(1), "company"),
        (b"<log><trace>\n<string key='a' key='b'/></trace></log>", LogErrorKind::Malformed, Some(2), "duplicate"),
    ];
    for (text, kind, line, part) in cases {
        let error = load(text).unwrap_err();
        let shown = String::from_utf8_lossy(text);
        assert_eq!((error.kind(), error.file()), (kind, Some("log.xes")), "{shown}: {error}");
        if line.is_some() {
            assert_eq!(error.line(), line, "{shown}: {error}");
        }
        assert!(error.to_string().to_lowercase().contains(part), "{shown}: {error}");
    }
    let missing = Load::new(Input::path("nowhere.xes")).xes(&EventKeys::default()).unwrap_err();
    assert_eq!(missing.kind(), LogErrorKind::Io);
    let cut = load([0x1F, 0x8B, 8, 0, 0]).unwrap_err();
    assert_eq!(cut.kind(), LogErrorKind::Io);
}

#[test]
fn entities_do_not_grow() {
    let mut bomb = String::from("<?xml version='1.0'?><!DOCTYPE log [<!ENTITY a0 'ha'>");
    for n in 1..30 {
        write!(bomb, "<!ENTITY a{n} '&a{0};&a{0};'>", n - 1).unwrap();
    }
    let bomb = format!("{bomb}]>{}", one(&event("&a29;", "2026-01-01T00:00:00Z")));
    let error = load(bomb).unwrap_err();
    assert_eq!(error.kind(), LogErrorKind::Malformed);
    let secret = format!(
        "<!DOCTYPE log [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>{}",
        one(&event("&x;", "2026-01-01T00:00:00Z"))
    );
    assert_eq!(load(secret).unwrap_err().kind(), LogErrorKind::Malformed);
}

#[test]
fn an_element_without_end_does_not_fill_the_memory() {
    let endless = std::io::Read::chain(&b"<log><trace><string key='a' value='"[..], std::io::repeat(b'x'));
    let error = Load::new(Input::reader("endless", endless)).xes(&EventKeys::default()).unwrap_err();
    assert!(error.kind() == LogErrorKind::Io && error.to_string().contains("never closed"), "{error}");
    let endless = std::io::Read::chain(&b"<log><!--"[..], std::io::repeat(b'x'));
    assert_eq!(
        Load::new(Input::reader("endless", endless)).xes(&EventKeys::default()).unwrap_err().kind(),
        LogErrorKind::Io
    );
}

#[test]
fn a_strict_load_stops_at_the_first_bad_event() {
    let options = Options::default().strictness(Strictness::Strict);
    let error = Load::new(Input::text("claims.xes", CLAIMS)).options(options).xes(&EventKeys::default()).unwrap_err();
    assert_eq!((error.kind(), error.line()), (LogErrorKind::BadRow, Some(41)));
    let xes = one(&event("a", "soon"));
    let error = Load::new(Input::text("log.xes", xes)).options(options).xes(&EventKeys::default()).unwrap_err();
    assert_eq!((error.key(), error.value()), (Some("time:timestamp"), Some("soon")));
}

#[test]
fn an_error_of_the_caller_stops_the_load() {
    let refuse = |_: &cxo_xes::EventRow<'_>| Err(cxo_core::Error::input("touchpoint", "a", "anything else"));
    let error = Load::new(Input::text("claims.xes", CLAIMS)).each_xes(&EventKeys::default(), refuse).unwrap_err();
    assert_eq!(
        (error.kind(), error.value(), error.allowed()),
        (LogErrorKind::Refused, Some("a"), Some("anything else"))
    );
}

#[test]
fn numbers_are_read_or_told() {
    let number = |score: &str, value: &str| {
        let xes = one(&format!(
            "{}<float key='s' value='{score}'/><string key='v' value='{value}'/>",
            event("a", "2026-01-01T00:00:00Z")
        ));
        let loaded = Load::new(Input::text("log.xes", xes)).xes(&EventKeys::default().score("s").value("v")).unwrap();
        let event = loaded.value.get(0).map(|event| (event.score, event.value.map(|value| value.0)));
        event.ok_or_else(|| loaded.report.reasons[0].reason.clone())
    };
    assert_eq!(number(" 4.5 ", "39.949999999999996"), Ok((Some(4.5), Some(39_950_000))));
    assert_eq!(number("", " "), Ok((None, None)));
    assert_eq!(number("NaN", "1"), Err("s is another text, allowed: a finite number".to_owned()));
    assert_eq!(number("1", "1,5"), Err("v is another text, allowed: a decimal number with up to 6 digits".to_owned()));
    assert_eq!(
        number("1", "1e300"),
        Err("v is another text, allowed: a decimal number with up to 6 digits".to_owned())
    );
}

/// The log of the reference, written as XES, gives the map of the reference.
#[test]
fn a_log_written_as_xes_is_the_same_log() {
    let Some(folder) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let folder = std::path::Path::new(&folder);
    let csv = std::fs::read_to_string(folder.join("../data/journey/running_example.csv")).unwrap();
    let mut xes = String::from("<log xmlns=\"http://www.xes-standard.org/\">");
    let mut open: Option<&str> = None;
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if open != Some(cells[0]) {
            xes += if open.is_some() { "</trace>" } else { "" };
            write!(xes, "<trace><string key=\"concept:name\" value=\"{}\"/>", cells[0]).unwrap();
            open = Some(cells[0]);
        }
        // The same instant an hour further east.
        let time = chrono::DateTime::parse_from_rfc3339(cells[2]).unwrap();
        let time = time.with_timezone(&chrono::FixedOffset::east_opt(3600).unwrap()).to_rfc3339();
        write!(xes, "\n<event>{}</event>", event(cells[1], &time)).unwrap();
    }
    xes += "</trace></log>";
    let log = load(&xes).unwrap().value;
    let expected = std::fs::read(folder.join("journey/running_example.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    assert_eq!(journeys.len() as u64, expected["n_cases"].as_u64().unwrap());
    let map = journeys.map();
    let edges: serde_json::Map<String, serde_json::Value> =
        map.edges.iter().map(|edge| (format!("{} -> {}", edge.from, edge.to), edge.count.into())).collect();
    assert_eq!(serde_json::Value::Object(edges), expected["dfg"]);
    assert!(journeys.observed_until() > Timestamp(0).0);
}
