//! The options that the commands of journeys share: lists, segments, ties, and what is refused; and names on a terminal.

use std::fmt::Write as _;

use crate::common::Folder;
use serde_json::{Value, json};

/// Names with commas and blanks, two records of one instant, and values that are alike once they are joined.
const LOG: &str = "\
who,what,at,via,device,stage,score
a,home,2026-01-01T10:00:00Z,p / q,r,visit,4
a,\"cart, big\",2026-01-01T10:01:00Z,p / q,r,order,3
a,buy,2026-01-01T10:01:00Z,p / q,r,order,5
b,home,2026-01-01T10:00:00Z,p,q / r,visit,2
b,\"cart, big\",2026-01-01T10:01:00Z,p,q / r,order,1
c,home,2026-01-01T10:00:00Z,,r,visit,2
";
const BLUEPRINT: &str =
    "name = \"shop\"\n[[stages]]\nname = \"order\"\ntouchpoints = [{ name = \"home\" }, { name = \"buy\" }]\n";
const COLUMNS: &str = "log.csv --journey who --touchpoint what --time at --score score";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("log.csv", LOG);
    folder.write("shop.toml", BLUEPRINT);
    folder.write("paths.csv", "path,won,lost\na > b,9007199254740993,1\nb,1e3,2\nc,1e18,1\nd,-1,0\n");
    folder
}

#[test]
fn every_line_says_of_which_segment_it_is() {
    let folder = folder();
    for (command, key) in [
        ("map", "edges"),
        ("paths", "variants"),
        ("funnel --steps home,buy", "steps"),
        ("chain --conversion buy", "states"),
        ("attribution --conversion buy", "channels"),
        ("hotspots --conversion buy --min-responses 1 --resamples 0", "hotspots"),
        ("conformance --blueprint shop.toml", "deviations"),
    ] {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        let run = |form: &str| folder.cxo(&format!("journey {name} {COLUMNS} {options} --by device --format {form}"));
        let document = run("json").json();
        let segments = document["segments"].as_array().unwrap();
        let all = json!({"segment": null, key: document[key]});
        let mut expected = Vec::new();
        for part in std::iter::once(&all).chain(segments) {
            for row in part[key].as_array().unwrap() {
                let mut row = row.clone();
                row["segment"] = part["segment"].clone();
                expected.push(row);
            }
        }
        let lines: Vec<Value> = run("jsonl").stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, expected, "{command}");
        assert!(lines.iter().any(|line| line["segment"] == "r"), "{command}");
    }
    let hidden = folder.cxo(&format!("journey map {COLUMNS} --by device --min-journeys 2 --format jsonl")).stdout;
    let last: Value = serde_json::from_str(hidden.lines().last().unwrap()).unwrap();
    assert_eq!(last, json!({"segment": "r", "suppressed": last["suppressed"]}));
}

#[test]
fn segments_of_several_columns_are_told_apart() {
    let folder = folder();
    let names = ["\"\" / r", "\"p / q\" / r", "p / \"q / r\""];
    let map = folder.cxo(&format!("journey map {COLUMNS} --by via --by device --format json")).json();
    let found: Vec<&Value> = map["segments"].as_array().unwrap().iter().map(|entry| &entry["segment"]).collect();
    assert_eq!(found, names);
    folder.write("scores.csv", "score,via,device,won\n9,p / q,r,completed\n1,p,q / r,invited\n5,,r,seen\n");
    for command in ["nps scores.csv --score score", "survey response scores.csv --status won"] {
        let found = folder.cxo(&format!("{command} --by via --by device --format json")).json();
        let results = found["results"].as_array().unwrap().iter().skip(1);
        assert_eq!(results.map(|entry| &entry["segment"]).collect::<Vec<_>>(), names, "{command}");
        let one = folder.cxo(&format!("{command} --by via --format json")).json();
        assert_eq!(one["results"][3]["segment"], json!("p / q"), "one value is its own name");
        let twice = folder.cxo(&format!("{command} --by via --by via --format json"));
        assert_eq!((twice.code, &twice.error()["kind"]), (2, &json!("usage")), "{command}");
    }
    let twice = folder.cxo(&format!("journey map {COLUMNS} --by via --by via --format json"));
    assert_eq!((twice.code, &twice.error()["value"]), (2, &json!("\"via\" twice")));
}

#[test]
fn a_list_may_hold_any_name() {
    let folder = folder();
    let funnel = format!("journey funnel {COLUMNS} --format json");
    for more in [&["--steps", "home, \"cart, big\" ,buy"][..], &["--steps", "home", "--steps", "\"cart, big\",buy"]] {
        let found = folder.cxo_of(&funnel, more).json();
        let reached: Vec<&Value> = found["steps"].as_array().unwrap().iter().map(|step| &step["reached"]).collect();
        assert_eq!(reached, [3, 2, 1], "{more:?}");
    }
    let excluded = folder.cxo_of(&funnel, &["--steps", "home,buy", "--exclude", "\"cart, big\""]).json();
    assert_eq!((&excluded["excluded"], &excluded["steps"][1]["reached"]), (&json!(["cart, big"]), &json!(0)));
    for (command, more) in [
        ("chain", &["--conversion", "\"cart, big\",buy"][..]),
        ("map", &["--only-touchpoints", "\"cart, big\""]),
        ("conformance --blueprint shop.toml", &["--ignore", "\"cart, big\"", "--skip-cost", "2,buy=3"]),
        ("conformance --blueprint shop.toml", &["--insert-cost", "\"cart, big=3\"", "--insert-cost", "2"]),
        ("hotspots --unwanted buy", &["--survey", "\"cart, big\""]),
    ] {
        let (name, options) = command.split_once(' ').unwrap_or((command, ""));
        let run = folder.cxo_of(&format!("journey {name} {COLUMNS} {options} --format json"), more);
        assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    }
    for list in ["home,,buy", "home,", "", "\"home", "\"home\"s"] {
        let error = folder.cxo_of(&funnel, &["--steps", list]);
        assert_eq!((error.code, &error.error()["kind"]), (2, &json!("usage")), "{list}");
    }
}

#[test]
fn arguments_are_refused_as_arguments() {
    let folder = folder();
    let paths = "attribution paths.csv --path path --conversions won --nulls lost";
    for (arguments, part) in [
        ("attribution --conversion buy --order 0", "--order"),
        ("attribution --conversion buy --order 99", "1 to 8"),
        ("attribution --conversion buy --model time-decay --half-life 0s", "--half-life"),
        ("attribution --conversion buy,buy", "--conversion: name is \"buy\" twice"),
        ("attribution --conversion buy --separator |", "--separator needs a table of paths"),
        ("chain --conversion buy --conversion buy", "--conversion"),
        ("hotspots --conversion buy,buy", "--conversion"),
        ("hotspots --unwanted buy,buy", "--unwanted"),
        ("hotspots --conversion buy --window -1h", "a whole number with s, m, h or d"),
        ("funnel --steps home,buy --exclude c,c", "--exclude"),
        ("conformance --blueprint shop.toml --skip-cost nope=3", "--skip-cost: touchpoint is \"nope\""),
        ("conformance --blueprint shop.toml --skip-cost buy=3,buy=4", "one cost of buy, not 3 too"),
        ("paths --top 0", "at least 1"),
    ] {
        let (name, options) = arguments.split_once(' ').unwrap();
        let run = folder.cxo(&format!("journey {name} {COLUMNS} {options} --format json"));
        let error = run.error();
        assert_eq!((run.code, &error["kind"]), (2, &json!("usage")), "{arguments}: {error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{arguments}: {error}");
    }
    let refused = "--by a,--ties any,--ties arrival,--from 2026-01-01,--channel a,--session-gap 1m,--relabel a=b,--min-journeys 3,\
        --duplicates keep,--conversion a,--silence 1d,--lookback 1d,--half-life 1d,--journey a,--object-type a";
    for option in refused.split(',') {
        let run = folder.cxo(&format!("journey {paths} {option} --format json"));
        let (error, name) = (run.error(), option.split(' ').next().unwrap());
        assert_eq!((run.code, &error["kind"]), (2, &json!("usage")), "{option}: {error}");
        assert!(error["message"].as_str().unwrap().starts_with(&format!("{name} needs an event log")), "{error}");
    }
    let timed = folder.cxo(&format!("journey {paths} --model time-decay --format json"));
    assert_eq!(timed.code, 2);
    assert_eq!(folder.cxo(&format!("journey {paths} --seed 3 --model last")).code, 0, "a seed goes with every command");
    let other =
        folder.cxo(&format!("journey conformance {COLUMNS} --blueprint shop.toml --insert-cost nope=3 --format json"));
    assert_eq!(other.error()["kind"], json!("unknown-touchpoint"));
}

#[test]
fn counts_of_paths_are_exact() {
    let folder = folder();
    let table = "journey attribution paths.csv --path path --conversions won --nulls lost --model last --format json";
    let found = folder.cxo(table).json();
    assert_eq!((&found["conversions"], &found["load"]["rejected"]), (&json!(9_007_199_254_741_993_u64), &json!(2)));
    let reasons = found["load"]["reasons"].to_string();
    assert!(
        reasons.contains("won is 1e18, allowed: a whole number of at most") && reasons.contains("digits alone"),
        "{reasons}"
    );
}

#[test]
fn the_order_of_tied_records_is_said() {
    let folder = folder();
    for (ties, order, part) in [
        (
            "arrival",
            "arrival",
            "Ties: 1 record at the instant of the one before; the order of such records (arrival) is that of the file.",
        ),
        ("any", "touchpoint", "where an answer needs one, it is that of the names of their touchpoints."),
        (
            "strict",
            "arrival",
            "do not follow each other (strict); where an answer needs an order, it is that of the file.",
        ),
    ] {
        for command in ["paths", "chain --conversion buy", "funnel --steps home,buy --definition strict-consecutive"] {
            let (name, options) = command.split_once(' ').unwrap_or((command, ""));
            let arguments = format!("journey {name} {COLUMNS} {options} --ties {ties}");
            let log = folder.cxo(&format!("{arguments} --format json")).json()["log"].clone();
            assert_eq!((&log["tied"], &log["ties"], &log["tie_order"]), (&json!(1), &json!(ties), &json!(order)));
            let page = folder.cxo(&arguments).stdout;
            assert!(page.contains(part), "{command}\n{page}");
        }
    }
    let arguments = format!("journey paths {COLUMNS} --only-touchpoints buy");
    assert!(folder.cxo(&arguments).stdout.contains("in 1 journey, one a customer"));
    folder.write("apart.csv", "who,what,at\na,home,2026-01-01\n");
    let apart = folder.cxo("journey paths apart.csv --journey who --touchpoint what --time at --format json").json();
    assert!(apart["log"].get("tie_order").is_none(), "nothing is tied");
}

#[test]
fn names_do_not_steer_the_terminal() {
    let folder = Folder::new();
    let long = "https://shop.example/category/shoes/running/a-page?id=";
    let mut log = "who,what,at,via,score\n".to_owned();
    for who in ["a", "b"] {
        for (at, what) in ["\"ho\u{1b}[2Jme\nx\"", &format!("{long}1"), &format!("{long}2")].iter().enumerate() {
            let score = 5 - at;
            writeln!(log, "{who},{what},2026-01-01T10:0{at}:00Z,\u{202e}web\u{9b},{score}").unwrap();
        }
    }
    folder.write("log.csv", &log);
    folder.write("shop.toml", BLUEPRINT);
    for options in [
        "map --by via",
        "paths",
        &format!("funnel --steps {long}1,{long}2,{long}1"),
        &format!("chain --conversion {long}2 --by via"),
        &format!("attribution --conversion {long}2 --channel via"),
        &format!("hotspots --conversion {long}2 --channel via --min-responses 1 --resamples 0"),
        "conformance --blueprint shop.toml",
        "funnel --steps nope",
    ] {
        let (name, options) = options.split_once(' ').unwrap_or((options, ""));
        let run = folder.cxo(&format!("journey {name} {COLUMNS} {options}"));
        let text = run.stdout + &run.stderr;
        let steers = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.contains(steers), "{name}: {text:?}");
        assert!(
            name == "attribution" || text.contains("ho\\u{1b}[2Jme\\u{a}x") || options.contains("steps"),
            "{name}\n{text}"
        );
        let shortened = text.contains("a-page?id=2") && text.contains('…');
        assert!(shortened || run.code == 1 || name == "attribution", "{name}\n{text}");
    }
    let document = folder.cxo(&format!("journey map {COLUMNS} --format json")).json();
    assert_eq!(document["touchpoints"][0]["touchpoint"], json!("ho\u{1b}[2Jme\nx"), "a document has the name itself");
}

/// Ann was at home and no more, bob paid an hour later.
const QUIET: &str = "\
who,what,at,phase
ann,home,2026-01-01T10:00:00Z,complete
bob,home,2026-01-01T10:00:00Z,complete
bob,pay,2026-01-01T11:00:00Z,complete
";

#[test]
fn the_observation_ends_where_it_is_said_to() {
    let folder = Folder::new();
    folder.write("log.csv", QUIET);
    let asked = |command: &str, options: &str| {
        let columns = "log.csv --journey who --touchpoint what --time at";
        folder.cxo(&format!("journey {command} {columns} {options} --format json")).json()
    };
    for (until, end, open) in [
        ("", "2026-01-01T11:00:00Z", 1),
        ("--until 2026-01-01T10:30:00Z", "2026-01-01T10:30:00Z", 2),
        ("--until 2026-01-03", "2026-01-04T00:00:00Z", 1),
        ("--until 2026-01-10", "2026-01-11T00:00:00Z", 0),
    ] {
        if open < 2 {
            for command in ["chain", "attribution"] {
                let found = asked(command, &format!("--conversion pay --silence 3d {until}"));
                assert_eq!((&found["open_journeys"], &found["log"]["observed_until"]), (&json!(open), &json!(end)));
            }
        }
        let funnel = asked("funnel", &format!("--steps home --window 3d {until}"));
        let late = if open == 0 { 0 } else { 2 };
        assert_eq!((&funnel["immature"], &funnel["log"]["observed_until"]), (&json!(late), &json!(end)), "{until}");
        // Bob may go on after he paid.
        let next = asked("next", &format!("--silence 3d {until}"));
        assert_eq!(next["predictions"].as_array().unwrap().len(), late, "{until}");
    }
}

#[test]
fn what_began_was_observed() {
    let folder = Folder::new();
    folder.write("log.csv", &format!("{QUIET}cy,pay,2026-01-20T10:00:00Z,start\n"));
    let columns = "log.csv --journey who --touchpoint what --time at --lifecycle phase";
    let chain = folder.cxo(&format!("journey chain {columns} --conversion pay --silence 3d --format json")).json();
    assert_eq!((&chain["log"]["observed_until"], &chain["open_journeys"]), (&json!("2026-01-20T10:00:00Z"), &json!(0)));
}

#[test]
fn open_journeys_are_told_of_what_comes_next() {
    let folder = Folder::new();
    folder.write("log.csv", QUIET);
    let columns = "log.csv --journey who --touchpoint what --time at";
    let next = folder.cxo(&format!("journey next {columns} --after home --silence 3d --format json")).json();
    assert_eq!((&next["open_journeys"], &next["biased"]), (&json!(2), &json!(true)));
    let page = folder.cxo(&format!("journey next {columns} --after home --silence 3d")).stdout;
    assert!(page.contains("No journey has ended"), "{page}");
    let page = folder.cxo(&format!("journey next {columns} --after home --silence 30m")).stdout;
    assert!(page.contains("More than 5 % of the journeys are still open"), "{page}");
    let next = folder.cxo(&format!("journey next {columns} --after home --format json")).json();
    assert_eq!((&next["open_journeys"], &next["biased"]), (&json!(0), &json!(false)));
}

#[test]
fn a_document_without_rows_is_one_line() {
    let folder = Folder::new();
    folder.write("log.csv", "who,what,at\nann,home,2026-01-01T10:00:00Z\nbob,home,2026-01-02T10:00:00Z\n");
    for (command, format) in [
        ("map", "cxo.journey-map"),
        ("map --by what", "cxo.journey-map"),
        ("next --silence 3d --until 2026-03-01", "cxo.journey-next"),
    ] {
        let columns = "log.csv --journey who --touchpoint what --time at";
        let lines = folder.cxo(&format!("journey {command} {columns} --format jsonl")).stdout;
        let document: Value = serde_json::from_str(&lines).unwrap();
        assert_eq!((lines.lines().count(), &document["format"]), (1, &json!(format)), "{command}");
    }
}

/// The segment of a record that something began is not that of the one that it ended.
const SERVED: &str = "\
who,what,at,phase,plan
ann,call,2026-01-01T10:00:00Z,start,free
ann,call,2026-01-01T11:00:00Z,complete,gold
bob,call,2026-01-01T10:00:00Z,complete,free
cy,call,2026-01-01T10:00:00Z,start,free
";

#[test]
fn service_belongs_to_the_journey_of_what_was_completed() {
    let folder = Folder::new();
    folder.write("log.csv", SERVED);
    let asked = |options: &str| {
        let columns = "log.csv --journey who --touchpoint what --time at --lifecycle phase";
        folder.cxo(&format!("journey map {columns} {options} --format json")).json()
    };
    let by = asked("--by plan");
    let told = |of: &Value| {
        let row = &of["service"][0];
        (row["service_seconds"]["n"].clone(), row["unfinished"].clone(), row["without_start"].clone())
    };
    assert_eq!(told(&by), (json!(1), json!(1), json!(1)));
    let segments = by["segments"].as_array().unwrap();
    assert_eq!((&segments[0]["segment"], &segments[1]["segment"]), (&json!("free"), &json!("gold")));
    // Cy completed nothing: he is in no segment.
    assert_eq!(told(&segments[0]), (Value::Null, json!(0), json!(1)));
    assert_eq!(told(&segments[1]), (json!(1), json!(0), json!(0)));
    let change = asked("--change 2026-01-01T10:30:00Z");
    assert_eq!(told(&change["segments"][0]), (json!(1), json!(0), json!(0)), "after: {change}");
    let sessions = asked("--session-gap 30m");
    let reason = sessions["service_reason"].as_str().unwrap();
    assert!(reason.contains("--session-gap"), "{reason}");
}

#[test]
fn a_date_that_is_none_is_called_one() {
    let folder = Folder::new();
    folder.write("log.csv", QUIET);
    let run = folder.cxo("journey map log.csv --journey who --touchpoint what --time at --change nonsense");
    for part in ["--change", "day or instant is \"nonsense\""] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert!(!run.stderr.contains("end of a period"), "{}", run.stderr);
}
