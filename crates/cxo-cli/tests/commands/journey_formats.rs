//! `cxo journey` over XES and OCEL, and the options that ask a part of the journeys.

use crate::common::Folder;
use serde_json::{Value, json};

const XES: &str = r#"<log>
<trace><string key="concept:name" value="ann"/><string key="plan" value="gold"/>
<event><string key="concept:name" value="home"/><date key="time:timestamp" value="2026-01-01T10:00:00+01:00"/></event>
<event><string key="concept:name" value="pay"/><date key="time:timestamp" value="2026-01-01T09:05:00Z"/>
<string key="lifecycle:transition" value="start"/></event>
<event><string key="concept:name" value="pay"/><date key="time:timestamp" value="2026-01-01T09:07:00Z"/>
<string key="lifecycle:transition" value="complete"/><string key="via" value="web"/></event></trace>
<trace><string key="concept:name" value="bob"/><string key="plan" value="free"/>
<event><string key="concept:name" value="home"/><date key="time:timestamp" value="2026-01-02T10:00:00"/></event>
<event><string key="concept:name" value="home"/><date key="time:timestamp" value="later"/></event></trace>
</log>
"#;

const OCEL: &str = r#"{"objectTypes": [{"name": "order", "attributes": []}], "eventTypes": [],
"objects": [{"id": "o1", "type": "order"}, {"id": "o2", "type": "order"}, {"id": "o3", "type": "order"},
{"id": "p", "type": "parcel"}],
"events": [
{"id": "1", "type": "place", "time": "2026-01-01T10:00:00Z", "relationships": [{"objectId": "o1", "qualifier": "new"}]},
{"id": "2", "type": "ship", "time": "2026-01-02T10:00:00Z",
 "relationships": [{"objectId": "o1", "qualifier": "sent"}, {"objectId": "o2", "qualifier": "sent"}]},
{"id": "3", "type": "scan", "time": "2026-01-03T10:00:00Z", "relationships": [{"objectId": "p", "qualifier": ""}]}]}
"#;

const CSV: &str = "\
id,what,at,part,user
c1,home,2026-01-01T10:00:00Z,visit,
c1,home,2026-01-01T10:01:00Z,visit,
c1,login,2026-01-01T10:02:00Z,,ann
c1,pay,2026-01-01T10:03:00Z,order,ann
ann,help,2026-01-02T10:00:00Z,service,
c2,home,2026-01-03T10:00:00Z,visit,
c2,pay,2026-01-04T10:00:00Z,order,
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("log.xes", XES);
    folder.write("shop.jsonocel", OCEL);
    folder.write("log.csv", CSV);
    folder.write("names.csv", "from,to\nhome,web page\nhelp,web page\n");
    folder
}

fn map(folder: &Folder, options: &str) -> Value {
    folder.cxo(&format!("journey map {options} --format json")).json()
}

fn csv(folder: &Folder, options: &str) -> Value {
    map(folder, &format!("log.csv --journey id --touchpoint what --time at --stage part {options}"))
}

fn names(document: &Value) -> Vec<&str> {
    document["touchpoints"].as_array().unwrap().iter().map(|row| row["touchpoint"].as_str().unwrap()).collect()
}

#[test]
fn xes_needs_no_options() {
    let folder = folder();
    let found = map(&folder, "log.xes");
    assert_eq!((&found["journeys"], &found["events"]), (&json!(2), &json!(3)));
    assert_eq!((&found["log"]["begun"], &found["log"]["observed_until"]), (&json!(1), &json!("2026-01-02T10:00:00Z")));
    let load = &found["load"];
    assert_eq!((&load["rows"], &load["accepted"], &load["rejected"]), (&json!(5), &json!(4), &json!(1)));
    assert_eq!(load["reasons"][0]["examples"][0], json!({"line": 10, "column": "time:timestamp", "value": "later"}));
    let zoned = map(&folder, "log.xes --time-zone Europe/Vienna --channel via --by plan");
    assert_eq!(zoned["log"]["observed_until"], json!("2026-01-02T09:00:00Z"));
    let segments: Vec<&Value> = zoned["segments"].as_array().unwrap().iter().map(|entry| &entry["segment"]).collect();
    assert_eq!(segments, ["free", "gold"]);
    let funnel = folder.cxo("journey funnel log.xes --steps home,pay --format json").json();
    assert_eq!(funnel["steps"][1]["reached"], json!(1));
    let all = map(&folder, "log.xes --lifecycle=");
    assert_eq!(
        (&all["events"], all["log"].get("begun")),
        (&json!(4), None),
        "both ends are steps where nothing tells them apart"
    );
}

#[test]
fn objects_of_a_type_are_journeys() {
    let folder = folder();
    let found = map(&folder, "shop.jsonocel --object-type order --duplicates by-id");
    assert_eq!((&found["journeys"], &found["events"]), (&json!(2), &json!(3)));
    let flattened =
        json!({"object_type": "order", "objects": 3, "silent_objects": 1, "shared_events": 1, "unrelated_events": 1});
    assert_eq!((&found["log"]["flattened"], &found["load"]["skipped"]), (&flattened, &json!(1)));
    let page = folder.cxo("journey map shop.jsonocel --object-type order").stdout;
    assert!(page.contains("Each order is a journey: 2 of 3; events that stand in several: 1, in none: 1."), "{page}");
    let new = map(&folder, "shop.jsonocel --object-type order --qualifier new");
    assert_eq!((&new["events"], &new["log"]["flattened"]["qualifier"]), (&json!(1), &json!("new")));
    let piped = folder.cxo_with("journey map - --object-type parcel --format json", OCEL).json();
    assert_eq!(names(&piped), ["scan"]);
}

#[test]
fn a_part_of_the_journeys() {
    let folder = folder();
    let whole = csv(&folder, "");
    assert_eq!((&whole["journeys"], &whole["events"], whole["log"].get("views")), (&json!(3), &json!(7), None));
    let late = csv(&folder, "--from 2026-01-02 --until 2026-01-03");
    assert_eq!((&late["journeys"], &late["events"], &late["log"]["outside_period"]), (&json!(2), &json!(2), &json!(5)));
    assert_eq!(late["log"]["observed_until"], json!("2026-01-04T00:00:00Z"), "the day is part of the period");
    let at = csv(&folder, "--until 2026-01-01T10:01:00Z");
    assert_eq!(at["events"], json!(2), "the instant is part of the period");
    let only = csv(&folder, "--only-touchpoints home,pay");
    assert_eq!((names(&only), &only["events"], &only["log"]["left_out"]), (vec!["home", "pay"], &json!(5), &json!(2)));
    assert_eq!(only["log"]["views"], json!(["only-touchpoints home,pay"]));
    let stages = csv(&folder, "--stages");
    assert_eq!((names(&stages), &stages["log"]["left_out"]), (vec!["order", "service", "visit"], &json!(1)));
    assert_eq!(csv(&folder, "--collapse-loops")["events"], json!(6));
    for relabel in ["--relabel names.csv", "--relabel home=web --relabel help=web"] {
        assert_eq!(names(&csv(&folder, relabel)).len(), 3, "{relabel}");
    }
    let all = csv(&folder, "--stages --relabel visit=before --relabel order=after --collapse-loops --top-variants 1");
    assert_eq!((&all["journeys"], names(&all)), (&json!(2), vec!["after", "before"]));
    assert_eq!(
        all["log"]["views"],
        json!(["stages", "relabel visit=before", "relabel order=after", "collapse-loops", "top-variants 1"])
    );
    for share in ["60%", "0.6"] {
        assert_eq!(
            csv(&folder, &format!("--stages --collapse-loops --top-variants {share}"))["journeys"],
            json!(2),
            "{share}"
        );
    }
    let page = folder
        .cxo("journey map log.csv --journey id --touchpoint what --time at --collapse-loops --from 2026-01-01")
        .stdout;
    assert!(page.contains("Asked of a part: collapse-loops; 1 record left out."), "{page}");
}

#[test]
fn logins_tell_whose_journey_it_was() {
    let folder = folder();
    let found = csv(&folder, "--login user");
    assert_eq!((&found["journeys"], &found["log"]["customers"]), (&json!(2), &json!(2)));
    assert_eq!((&found["log"]["stitched"], &found["log"]["shared_ids"]), (&json!(4), &json!(0)));
    let page =
        folder.cxo("journey paths log.csv --journey id --touchpoint what --time at --login user --by part").stdout;
    assert!(page.contains("home → home → login → pay → help"), "{page}");
    assert!(page.contains("4 of an id, given to who logged in with it"), "{page}");
}

#[test]
fn every_refusal_says_what_is_allowed() {
    let folder = folder();
    folder.write("cut.xes", "<log>\n<trace>");
    folder.write("twice.csv", "from,to\nhome,a\nhome,b\n");
    let at = "log.csv --journey id --touchpoint what --time at";
    let cases = [
        ("map cut.xes".to_owned(), 1, "malformed", "line 2: the file ends within <trace>"),
        ("map log.xes --channel vai".to_owned(), 1, "unknown-key", "\"via\""),
        ("map log.xes --strict".to_owned(), 1, "bad-row", "line 10"),
        ("map log.xes --delimiter ;".to_owned(), 2, "usage", "--delimiter"),
        ("map log.xes --object-type order".to_owned(), 2, "usage", "OCEL"),
        ("map shop.jsonocel".to_owned(), 2, "usage", "--object-type TYPE"),
        ("map shop.jsonocel --object-type orders".to_owned(), 1, "unknown-object-type", "\"order\", \"parcel\""),
        ("map shop.jsonocel --object-type order --journey id".to_owned(), 1, "refused", "the object is the journey"),
        ("map shop.jsonocel --object-type parcel --qualifier x".to_owned(), 1, "no-data", "nothing to count"),
        ("map log.xes --qualifier x".to_owned(), 2, "usage", "--object-type"),
        (format!("map {at} --from 2027-01-01"), 1, "no-data", "in the period"),
        (format!("map {at} --from 2026-02-01 --until 2026-01-01"), 2, "usage", "--from is after --until"),
        (format!("map {at} --from soon"), 2, "usage", "2026-06-30"),
        (format!("map {at} --only-touchpoints hom"), 1, "unknown-touchpoint", "\"home\""),
        (format!("map {at} --relabel hom=web"), 1, "unknown-touchpoint", "\"home\""),
        (format!("map {at} --relabel home="), 2, "usage", "no new name"),
        (format!("map {at} --relabel twice.csv"), 2, "usage", "two new names"),
        (format!("map {at} --relabel nowhere.csv"), 1, "io", "no such file"),
        (format!("map {at} --stages"), 2, "usage", "--stage"),
        (format!("map {at} --top-variants 0"), 2, "usage", "80%"),
        (format!("map {at} --top-variants 120%"), 2, "usage", "80%"),
    ];
    for (arguments, code, kind, part) in cases {
        let run = folder.cxo(&format!("journey {arguments} --format json"));
        let error = run.error();
        let message = error["message"].as_str().unwrap();
        assert_eq!((run.code, error["kind"].as_str()), (code, Some(kind)), "{arguments}: {message}");
        assert!(message.contains(part), "{arguments}: {message}");
    }
}
