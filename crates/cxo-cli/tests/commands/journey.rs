//! `cxo journey`: an invented checkout, every way to be wrong, and the references.

use std::path::PathBuf;

use crate::common::Folder;
use serde_json::{Value, json};

/// A customer called NA, records out of order, two at one instant, one told twice, and three rows that say nothing of use.
const LOG: &str = "\
who,what,at,via,device,score,id,worth
NA,home,2026-01-01T10:00:00Z,ad,phone,,1,
NA,cart,2026-01-01T11:05:00.500+01:00,mail,phone,4,2,
NA,pay,2026-01-01T10:09:00Z,mail,phone,5,3,20
bob,cart,2026-01-01T10:20:00Z,ad,desk,2,5,
bob,home,2026-01-01T10:00:00Z,ad,desk,,4,
bob,help,2026-01-01T10:20:00Z,chat,desk,,6,
bob,help,2026-01-01T10:20:00Z,chat,desk,,6,
cy,home,2026-01-02T12:00:00Z,,phone,,7,
cy,pay,2026-01-02T12:30:00Z,web,phone,,8,5.5
dee,home,2026-01-09T12:00:00Z,ad,desk,,9,
eve,,2026-01-09T12:00:00Z,ad,desk,,10,
eve,home,yesterday,ad,desk,,11,
eve,home,2026-01-09T12:00:00Z,ad,desk,good,12,
";

const COLUMNS: &str = "log.csv --journey who --touchpoint what --time at --score score";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("log.csv", LOG);
    folder
}

fn of(folder: &Folder, command: &str, options: &str) -> Value {
    folder.cxo(&format!("journey {command} {COLUMNS} {options} --format json")).json()
}

#[test]
fn a_map_of_a_small_log() {
    let folder = folder();
    let map = of(&folder, "map", "--device device --stage via");
    assert_eq!(map["format"], json!("cxo.journey-map"));
    assert_eq!((&map["journeys"], &map["events"]), (&json!(4), &json!(10)));
    let load = &map["load"];
    assert_eq!((&load["rows"], &load["accepted"], &load["rejected"]), (&json!(13), &json!(10), &json!(3)));
    let reasons = load["reasons"].to_string();
    for part in ["touchpoint is blank", "score is good", "time"] {
        assert!(reasons.contains(part), "{part}: {reasons}");
    }
    let log = &map["log"];
    assert_eq!((&log["out_of_order"], &log["tied"], &log["duplicates"]), (&json!(1), &json!(2), &json!(0)));
    assert_eq!((&log["journey"], &log["observed_until"]), (&json!("customer"), &json!("2026-01-09T12:00:00Z")));
    let edges = map["edges"].as_array().unwrap();
    let edge = edges.iter().find(|edge| edge["from"] == "cart" && edge["to"] == "pay").unwrap();
    assert_eq!((&edge["count"], &edge["median_seconds"]), (&json!(1), &json!(239.5)));
    let once = of(&folder, "map", "--event-id id --duplicates by-id --ties strict --session-gap 25m");
    assert_eq!((&once["log"]["duplicates"], &once["journeys"]), (&json!(1), &json!(5)));
    assert!(!once["edges"].as_array().unwrap().iter().any(|edge| edge["to"] == "help"), "a tie is no step");
    let page = folder.cxo(&format!("journey map {COLUMNS}")).stdout;
    for part in
        ["Journeys  4", "home → cart", "12.5 min", "out of order", "is that of the file", "1 × touchpoint is blank"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let lines = folder.cxo(&format!("journey map {COLUMNS} --format jsonl")).stdout;
    assert_eq!(lines.lines().count(), edges.len());
}

#[test]
fn segments_are_those_of_the_first_record() {
    let folder = folder();
    let paths = of(&folder, "paths", "--by device --top 1");
    assert_eq!((&paths["total_variants"], paths["variants"].as_array().unwrap().len()), (&json!(4), 1));
    let segments = paths["segments"].as_array().unwrap();
    assert_eq!((&segments[0]["segment"], &segments[0]["journeys"]), (&json!("desk"), &json!(2)));
    assert_eq!((&segments[1]["segment"], &segments[1]["journeys"]), (&json!("phone"), &json!(2)));
    let several = of(&folder, "map", "--by device --by via");
    let names: Vec<_> = several["segments"].as_array().unwrap().iter().map(|entry| &entry["segment"]).collect();
    assert_eq!(names, ["desk / ad", "phone / \"\"", "phone / ad"]);
    let hidden = of(&folder, "map", "--by via --min-journeys 2");
    let segments = hidden["segments"].as_array().unwrap();
    assert!(segments.iter().all(|entry| entry["suppressed"].is_string()), "one of two would tell the other: {hidden}");
    let page = folder.cxo(&format!("journey map {COLUMNS} --by via --min-journeys 2")).stdout;
    assert!(page.contains("hidden to protect small groups"), "{page}");
    // A segment whose journeys are all open says so.
    let chain = of(&folder, "chain", "--by device --conversion pay --silence 20d");
    let desk = chain["segments"][0]["suppressed"].as_str().unwrap();
    assert!(desk.contains("journeys that have ended"), "{desk}");
}

#[test]
fn a_funnel_says_what_it_counts() {
    let folder = folder();
    let reached = |options: &str| {
        let funnel = of(&folder, "funnel", options);
        let steps = funnel["steps"].as_array().unwrap();
        let reached: Vec<u64> = steps.iter().map(|step| step["reached"].as_u64().unwrap()).collect();
        (funnel["definition"].as_str().unwrap().to_owned(), reached)
    };
    assert_eq!(reached("--steps home,pay"), ("ordered".to_owned(), vec![4, 2]));
    assert_eq!(reached("--steps home,pay --window 10m").1, [4, 1]);
    assert_eq!(reached("--steps home,pay --window 0s").1, [4, 0]);
    assert_eq!(reached("--steps home,pay --definition strict-consecutive").1, [4, 1]);
    assert_eq!(reached("--steps home,help,cart"), ("ordered".to_owned(), vec![4, 1, 0]));
    assert_eq!(reached("--steps home,help,cart --ties any"), ("ordered-ties-any".to_owned(), vec![4, 1, 1]));
    assert_eq!(reached("--steps home,cart,help --ties strict").1, [4, 2, 0]);
    assert_eq!(reached("--steps home,pay --exclude cart"), ("ordered-with-exclusion".to_owned(), vec![4, 1]));
    assert_eq!(reached("--steps help,help").1, [1, 1], "a step that stands twice needs two records");

    let funnel = of(&folder, "funnel", "--steps home,pay --window 10m");
    assert_eq!((&funnel["window_seconds"], &funnel["immature"]), (&json!(600.0), &json!(1)));
    let first = &funnel["steps"][0];
    assert!(first.get("step_conversion").is_none() && first["step_conversion_reason"].is_string());
    assert_eq!((&first["ended"], &first["next"][0]["touchpoint"]), (&json!(1), &json!("cart")));
    let grown = of(&folder, "funnel", "--steps home,pay --window 10m --until 2026-01-09");
    assert_eq!(grown["immature"], json!(0), "the day is part of the observation");
    let excluded = of(&folder, "funnel", "--steps home,pay --window 10m --immature exclude");
    assert_eq!((&excluded["journeys"], &excluded["steps"][0]["reached"]), (&json!(3), &json!(3)));
    let page = folder.cxo(&format!("journey funnel {COLUMNS} --steps home,cart,pay --window 10m")).stdout;
    for part in [
        "Definition ordered",
        "within 10 min of the first step",
        "1 journey met the first step",
        "lost after home",
        "Numbers are observed",
    ] {
        assert!(page.replace('\n', " ").contains(part), "{part}\n{page}");
    }
}

#[test]
fn chains_and_attribution_of_a_small_log() {
    let folder = folder();
    let chain = of(&folder, "chain", "--conversion pay");
    near(&chain["start"]["conversion_probability"], &json!(0.5), "start");
    assert_eq!(chain["lost_journeys"], json!(2));
    let silent = of(&folder, "chain", "--conversion pay --silence 7d");
    assert_eq!(
        (&silent["open_journeys"], &silent["biased"], &silent["lost_journeys"]),
        (&json!(1), &json!(true), &json!(1))
    );
    let two = of(&folder, "chain", "--conversion pay,help");
    near(&two["start"]["outcome_probabilities"][0], &json!(0.5), "pay");
    near(&two["start"]["outcome_probabilities"][1], &json!(0.25), "help");
    let page = folder.cxo(&format!("journey chain {COLUMNS} --conversion pay --silence 7d")).stdout;
    for part in ["Outcome reached  66.7 %", "still open", "biased", "silent for more than 7 days", "not say"] {
        assert!(page.contains(part), "{part}\n{page}");
    }

    let channels = of(&folder, "attribution", "--conversion pay --channel via --value worth --model linear");
    assert_eq!(
        (&channels["unit"], &channels["conversions"], &channels["nulls"]),
        (&json!("channel"), &json!(1), &json!(2))
    );
    assert_eq!(
        (&channels["value"], &channels["immediate_journeys"]),
        (&json!(20.0), &json!(1)),
        "of cy no channel is known"
    );
    let names: Vec<_> = channels["channels"].as_array().unwrap().iter().map(|row| &row["channel"]).collect();
    assert_eq!(names, ["ad", "chat", "mail"]);
    assert_eq!(channels["channels"][2]["attributed"], json!(0.5));
    let plain = of(&folder, "attribution", "--conversion pay");
    assert_eq!((&plain["unit"], &plain["order"]), (&json!("touchpoint"), &json!(1)));
    assert!(plain.get("value").is_none() && plain["value_reason"].is_string());
    assert!(plain["channels"][0].get("removal_effect").is_some());
    let page = folder.cxo(&format!("journey attribution {COLUMNS} --conversion pay --channel via --model last")).stdout;
    for part in
        ["Attributed  1", "last: all to the last step", "Left out: 1 journey without a known channel", "experiment"]
    {
        assert!(page.contains(part), "{part}\n{page}");
    }

    folder.write("paths.csv", "way,won,lost,money\na|b,2,3.0,10\nb,1,0,5\na|,1,0,1\nb,-1,0,0\na,0,4,3\n");
    let table = folder.cxo("journey attribution paths.csv --path way --conversions won --nulls lost --value money --separator | --model last --format json");
    let table = table.json();
    assert_eq!((&table["conversions"], &table["nulls"], &table["load"]["rejected"]), (&json!(3), &json!(3), &json!(3)));
    assert_eq!(
        table["channels"][1],
        json!({"channel": "b", "attributed": 3.0, "share": 1.0, "value": 15.0,
        "removal_effect_reason": "only of the model markov"})
    );
}

#[test]
fn columns_are_found_without_options() {
    let folder = Folder::new();
    folder.write("plain.csv", "customer,touchpoint,time\na,home,1767225600\na,pay,1767225700\n");
    let map = folder.cxo("journey map plain.csv --date-format unix-seconds --format json").json();
    assert_eq!(map["edges"][0]["mean_seconds"], json!(100.0));
    folder.write("cxo.toml", "[columns]\njourney = \"case\"\ntouchpoint = \"did\"\ntime = \"at\"\n");
    folder.write("own.csv", "case,did,at\na,home,2026-03-29 02:00\na,pay,2026-03-29 03:30\n");
    let map = folder.cxo("journey map own.csv --time-zone Europe/London --format json").json();
    assert_eq!(map["edges"][0]["mean_seconds"], json!(5400.0));
    folder.write(
        "life.csv",
        "case,did,at,what\na,home,2026-01-01,start\na,home,2026-01-02,COMPLETE\na,pay,2026-01-03,paused\n",
    );
    let map = folder.cxo("journey map life.csv --lifecycle what --format json").json();
    assert_eq!((&map["log"]["begun"], &map["events"], &map["load"]["rejected"]), (&json!(1), &json!(1), &json!(1)));
    let piped = folder
        .cxo_with("journey paths - --journey c --touchpoint t --time at --format json", "c,t,at\n1,x,2026-01-01\n");
    assert_eq!(piped.json()["variants"][0]["path"], json!(["x"]));
}

#[test]
fn what_cannot_be_answered_is_said() {
    let folder = folder();
    folder.write("empty.csv", "");
    folder.write("header.csv", "who,what,at\n");
    let at = "--journey who --touchpoint what --time at --format json";
    for (arguments, code, kind, part) in [
        (format!("journey map empty.csv {at}"), 1, "empty", "empty"),
        (format!("journey map header.csv {at}"), 1, "header-only", "header"),
        (format!("journey map nowhere.csv {at}"), 1, "io", "no such file"),
        (
            "journey map log.csv --journey whom --touchpoint what --time at --format json".to_owned(),
            1,
            "unknown-column",
            "who",
        ),
        ("journey map log.csv --journey who --touchpoint what --format json".to_owned(), 2, "usage", "--time COLUMN"),
        (format!("journey map log.csv {at} --strict"), 1, "bad-row", "touchpoint is blank"),
        (format!("journey map log.csv {at} --by colour"), 1, "unknown-column", "colour"),
        (format!("journey map log.csv {at} --session-gap 5x"), 2, "usage", "5x"),
        (format!("journey map log.csv {at} --session-gap 0s"), 2, "usage", "--session-gap"),
        (format!("journey map log.csv {at} --duplicates within=soon"), 2, "usage", "within=soon"),
        (format!("journey map log.csv {at} --duplicates by-id"), 2, "usage", "--event-id"),
        (format!("journey map log.csv {at} --ties maybe"), 2, "usage", "maybe"),
        (format!("journey funnel log.csv {at}"), 2, "usage", "--steps"),
        (format!("journey funnel log.csv {at} --steps home,payed"), 1, "unknown-touchpoint", "did you mean \"pay\"?"),
        (
            format!("journey funnel log.csv {at} --steps home,zzzzzz"),
            1,
            "unknown-touchpoint",
            "the touchpoints are \"cart\"",
        ),
        (format!("journey funnel log.csv {at} --steps home,,pay"), 2, "usage", "--steps"),
        (format!("journey funnel log.csv {at} --steps home --definition fast"), 2, "usage", "strict-consecutive"),
        (
            format!("journey funnel log.csv {at} --steps home --definition ordered --exclude pay"),
            2,
            "usage",
            "--exclude",
        ),
        (format!("journey funnel log.csv {at} --steps home --immature exclude"), 2, "usage", "--window"),
        (format!("journey funnel log.csv {at} --steps home --until soon"), 2, "usage", "soon"),
        (format!("journey funnel log.csv {at} --steps home --window -5m"), 2, "usage", "-5"),
        (format!("journey chain log.csv {at} --conversion buy"), 1, "unknown-touchpoint", "buy"),
        (
            format!("journey chain log.csv {at} --conversion pay --only-touchpoints home,cart"),
            1,
            "no-data",
            "none of its",
        ),
        (format!("journey funnel log.csv {at} --steps home,pay --only-touchpoints home"), 1, "no-data", "none of its"),
        (format!("journey chain log.csv {at}"), 2, "usage", "--conversion"),
        (format!("journey attribution log.csv {at}"), 2, "usage", "--conversion TOUCHPOINT"),
        (format!("journey attribution log.csv {at} --conversion pay --order 9"), 2, "usage", "order"),
        (format!("journey attribution log.csv {at} --conversion pay --order 2 --model last"), 2, "usage", "--order"),
        ("journey attribution log.csv --path who --format json".to_owned(), 2, "usage", "--conversions"),
        (
            "journey attribution log.csv --path who --conversions what --by via --format json".to_owned(),
            2,
            "usage",
            "--by",
        ),
    ] {
        let run = folder.cxo(&arguments);
        let error = run.error();
        assert_eq!((run.code, error["kind"].as_str()), (code, Some(kind)), "{arguments}: {error}");
        assert!(error.to_string().replace("\\\"", "\"").contains(part), "{arguments}: {error}");
    }
}

#[test]
fn faults_name_their_place() {
    let folder = folder();
    let at = "--journey who --touchpoint what --time at --format json";
    let error = folder.cxo(&format!("journey map log.csv {at} --strict")).error();
    assert_eq!((&error["line"], &error["column"], &error["allowed"]), (&json!(12), &json!("what"), &json!("any text")));
    let error = folder.cxo(&format!("journey funnel log.csv {at} --steps payed")).error();
    assert_eq!((&error["value"], &error["allowed"]), (&json!("payed"), &json!("\"pay\"")));
    folder.cxo(&format!("journey map {COLUMNS} --rejected bad.csv --out map.json"));
    assert!(
        folder.read("bad.csv").contains("touchpoint is blank") && folder.read("map.json").contains("cxo.journey-map")
    );
    // One record is a journey without a step.
    folder.write("one.csv", "who,what,at\na,home,2026-01-01\n");
    let one = folder.cxo(&format!("journey map one.csv {at}")).json();
    assert_eq!((&one["journeys"], one["edges"].as_array().unwrap().len()), (&json!(1), 0));
    let page = folder.cxo("journey map one.csv --journey who --touchpoint what --time at").stdout;
    assert!(page.contains("No touchpoint follows another"), "{page}");
}

/// The reference numbers of a log with the path of its file.
fn golden(name: &str, file: &str) -> Option<(Value, PathBuf)> {
    let Some(folder) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return None;
    };
    let folder = PathBuf::from(folder);
    let text = std::fs::read_to_string(folder.join(format!("journey/{name}.json"))).unwrap();
    Some((serde_json::from_str(&text).unwrap(), folder.join("../data/journey").join(file)))
}

fn near(found: &Value, expected: &Value, what: &str) {
    let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {found} instead of {expected}");
}

const LOGS: [(&str, &str, &str); 3] = [
    ("running_example", "running_example.csv", ""),
    ("ecom_users", "ecom_users.csv", ""),
    ("patients_complete", "patients.csv", "--lifecycle lifecycle"),
];

#[test]
fn logs_are_those_of_the_reference() {
    let folder = Folder::new();
    for (name, file, options) in LOGS {
        let Some((expected, path)) = golden(name, file) else { return };
        let columns = format!(
            "{} --journey case_id --touchpoint activity --time timestamp {options} --format json",
            path.display()
        );
        let map = folder.cxo(&format!("journey map {columns}")).json();
        assert_eq!((&map["journeys"], &map["events"]), (&expected["n_cases"], &expected["n_events"]), "{name}");
        let edges = map["edges"].as_array().unwrap();
        assert_eq!(edges.len(), expected["dfg"].as_object().unwrap().len(), "{name}");
        for edge in edges {
            let key = format!("{} -> {}", edge["from"].as_str().unwrap(), edge["to"].as_str().unwrap());
            assert_eq!(edge["count"], expected["dfg"][&key], "{name} {key}");
            near(&edge["mean_seconds"], &expected["perf_dfg_s"][&key]["mean"], &key);
            near(&edge["median_seconds"], &expected["perf_dfg_s"][&key]["median"], &key);
        }
        for (key, which) in [("starts", "start"), ("ends", "end")] {
            for node in map[key].as_array().unwrap() {
                assert_eq!(node["count"], expected[which][node["touchpoint"].as_str().unwrap()], "{name} {which}");
            }
        }
        let paths = folder.cxo(&format!("journey paths {columns} --top 100000")).json();
        assert_eq!(paths["total_variants"], expected["n_variants"], "{name}");
        let variants = paths["variants"].as_array().unwrap();
        for top in expected["variants_top"].as_array().unwrap() {
            let found = variants.iter().find(|variant| variant["path"] == top[0]);
            assert_eq!(found.map(|variant| &variant["count"]), Some(&top[1]), "{name}");
        }
        for session in expected["sessions"].as_array().unwrap() {
            let found = folder.cxo(&format!("journey map {columns} --session-gap {}s", session["gap_s"])).json();
            assert_eq!(found["journeys"], session["sessions"], "{name}");
        }
    }
}

#[test]
fn funnels_chains_and_attributions_are_those_of_the_reference() {
    let folder = Folder::new();
    let Some((expected, path)) = golden("ecom_users", "ecom_users.csv") else { return };
    let columns = format!("{} --journey case_id --touchpoint activity --time timestamp --format json", path.display());
    for funnel in expected["funnels"].as_array().unwrap() {
        let names = |key: &str| {
            let names = funnel[key].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            names.collect::<Vec<_>>().join(",")
        };
        let window =
            funnel["window_ms"].as_u64().map(|window| format!("--window {}s", window / 1000)).unwrap_or_default();
        for (key, reference) in funnel.as_object().unwrap().iter().filter(|(_, value)| value.get("reached").is_some()) {
            let exclude = if key == "ordered_with_exclusion" {
                format!("--exclude {}", names("exclusion"))
            } else {
                String::new()
            };
            let definition = key.replace('_', "-");
            let found = folder.cxo(&format!(
                "journey funnel {columns} --steps {} --definition {definition} {window} {exclude}",
                names("steps")
            ));
            let found = found.json();
            assert_eq!(found["definition"], json!(definition));
            for (at, step) in found["steps"].as_array().unwrap().iter().enumerate() {
                assert_eq!(step["reached"], reference["reached"][at], "{definition} {window}");
                near(&step["conversion"], &reference["conversion"][at], &definition);
            }
        }
    }
    let reference = &expected["absorbing_chain"];
    let chain = folder.cxo(&format!("journey chain {columns} --conversion purchase")).json();
    assert_eq!((&chain["outcomes"][0]["count"], &chain["lost_journeys"]), (&reference["n_conv"], &reference["n_null"]));
    for state in chain["states"].as_array().unwrap().iter().chain([&chain["start"]]) {
        let name = state["touchpoint"].as_str().unwrap();
        near(&state["conversion_probability"], &reference["p_conv"][name], name);
        near(&state["expected_steps"], &reference["expected_steps"][name], name);
    }
    let Some((touches, _)) = golden("attribution_touch_ecom_users", "ecom_users.csv") else { return };
    let found = folder.cxo(&format!("journey attribution {columns} --conversion purchase --session-gap 30m")).json();
    assert_eq!((&found["conversions"], &found["nulls"]), (&touches["total_conversions"], &touches["total_null"]));
    for channel in found["channels"].as_array().unwrap() {
        let name = channel["channel"].as_str().unwrap();
        near(&channel["attributed"], &touches["markov1_with_null"]["attributed"][name], name);
    }
    let (expected, path) = golden("attribution_path_data", "path_data.csv").unwrap();
    for (model, key) in [
        ("markov", "markov1_with_null"),
        ("shapley", "shapley_set_conversions"),
        ("first", "first"),
        ("last", "last"),
        ("linear", "linear"),
        ("position", "position_40_20_40"),
        ("step-decay", "position_decay_half_per_step"),
    ] {
        let found = folder.cxo(&format!(
            "journey attribution {} --path path --conversions total_conversions --nulls total_null --value total_conversion_value \
             --model {model} --format json",
            path.display()
        ));
        for channel in found.json()["channels"].as_array().unwrap() {
            let name = channel["channel"].as_str().unwrap();
            if model == "markov" {
                near(&channel["attributed"], &expected[key]["attributed"][name], name);
                near(&channel["removal_effect"], &expected[key]["removal_effect"][name], name);
            } else {
                near(&channel["attributed"], &expected[key][name]["conversions"], name);
                near(&channel["value"], &expected[key][name]["value"], name);
            }
        }
    }
}
