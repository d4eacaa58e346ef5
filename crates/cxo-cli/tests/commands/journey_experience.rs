//! `cxo journey hotspots` and `cxo journey conformance`: an invented delivery, and every way to be wrong.

use std::{fmt::Write as _, path::PathBuf};

use crate::common::Folder;
use serde_json::{Value, json};

/// Forty customers order and get a delivery. The even ones rate it 5 and most order again; the odd ones rate it 1 and few do.
/// Help is asked for by some, without a rating; the phone is where it is bad. A rating of 11 and one that is no number.
fn log() -> String {
    let mut log = "who,what,at,via,stage,device,score\n".to_owned();
    for number in 0..40 {
        let good = number % 2 == 0;
        let (score, via) = if good { (5, "web") } else { (1, "phone") };
        let device = if number % 3 == 0 { "desk" } else { "mobile" };
        let mut row = |what: &str, day: usize, via: &str, stage: &str, score: &str| {
            writeln!(log, "c{number},{what},2026-01-{day:02}T10:00:00Z,{via},{stage},{device},{score}").unwrap();
        };
        row("order", 1, "web", "purchase", if number % 5 == 0 { "3" } else { "4" });
        row("delivery", 3, via, "onboarding", "");
        row("survey", 4, "mail", "", &score.to_string());
        if number % 4 == 1 {
            row("help", 5, "phone", "service", "");
        }
        let again = if good { number % 10 != 0 } else { number % 10 == 1 };
        if again {
            row("reorder", 9, "web", "loyalty", "");
        }
    }
    log.push_str(
        "c90,order,2026-01-01T10:00:00Z,web,purchase,desk,11\nc91,order,2026-01-01T10:00:00Z,web,purchase,desk,fine\n",
    );
    log
}

const BLUEPRINT: &str = "\
name = \"delivery\"
target_seconds = 604800

[[stages]]
name = \"purchase\"
touchpoints = [{ name = \"order\" }]

[[stages]]
name = \"onboarding\"
touchpoints = [{ name = \"delivery\", target_seconds = 86400 }, { name = \"reorder\" }]
";

const COLUMNS: &str = "log.csv --journey who --touchpoint what --time at";
const HOTSPOTS: &str = "--score score --survey survey --resamples 200 --adjust none";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("log.csv", &log());
    folder.write("design.toml", BLUEPRINT);
    folder
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{found} instead of {expected}"));
    assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
}

#[test]
fn every_factor_of_a_hot_spot() {
    let folder = folder();
    let command = format!("journey hotspots {COLUMNS} {HOTSPOTS} --conversion reorder");
    let found = folder.cxo(&format!("{command} --format json")).json();
    assert_eq!(found["format"], json!("cxo.journey-hotspots"));
    assert_eq!((&found["load"]["accepted"], &found["load"]["rejected"]), (&json!(150), &json!(2)));
    assert_eq!(
        (&found["journeys"], &found["passes"], &found["ratings"]["after_touchpoint"]),
        (&json!(40), &json!(110), &json!(40))
    );
    assert_eq!(
        (&found["bad_ratings"], &found["good_ratings"], &found["adjusted_for"]),
        (&json!("1-2"), &json!("4-5"), &json!([]))
    );
    assert_eq!((&found["evidence"], &found["outcome_kind"]), (&json!("observational"), &json!("wanted")));
    // Of 20 good deliveries 16 end with a reorder, of 20 bad ones 4.
    let spot = &found["hotspots"][0];
    assert_eq!((&spot["touchpoint"], &spot["passes"], &spot["bad"]), (&json!("delivery"), &json!(40), &json!(20)));
    for (key, expected) in [
        ("coverage", 1.0),
        ("bad_share", 0.5),
        ("bad_passes", 20.0),
        ("good_rate", 0.8),
        ("bad_rate", 0.2),
        ("crude_difference", 0.6),
    ] {
        near(&spot[key], expected);
    }
    near(&spot["difference"]["value"], 0.6);
    near(&spot["associated_outcomes"]["value"], 12.0);
    let interval = &spot["associated_outcomes"]["interval"];
    assert_eq!((&interval["confidence"], &interval["method"]), (&json!(0.95), &json!("customer-bootstrap")));
    assert!(interval["lower"].as_f64().unwrap() > 0.0 && interval["upper"].as_f64().unwrap() > 12.0, "{interval}");
    assert_eq!((&found["unrated"], &found["hotspots"][1]["touchpoint"]), (&json!(["help"]), &json!("order")));
    assert!(found["hotspots"][1]["associated_outcomes_reason"].is_string(), "nobody rates an order badly: {found:#}");
    near(&found["journey_experience"]["good_journeys"]["value"], 0.5);
    assert!(found["journey_experience"]["journey_ratings_reason"].is_string());
    assert_eq!(found["scores"]["metric"], json!("csat"));
    let scores = &found["scores"]["by"][0]["results"];
    assert_eq!((&scores[0]["name"], &scores[0]["score"]["ratings"]), (&json!("delivery"), &json!(40)));
    near(&scores[0]["score"]["value"], 0.5);
    for key in ["emotion_curve_reason", "consistency_reason", "switches_reason"] {
        assert!(found[key].as_str().unwrap().contains("no column of"), "{key}");
    }
    assert_eq!(
        folder.cxo(&format!("{command} --format json")).stdout,
        folder.cxo(&format!("{command} --format json")).stdout
    );
    let lines = folder.cxo(&format!("{command} --format jsonl")).stdout;
    assert_eq!(lines.lines().count(), found["hotspots"].as_array().unwrap().len());
    let page = folder.cxo(&command).stdout;
    for part in [
        "Hot spots  1",
        "delivery",
        "12.0",
        "+60.0 pp",
        "Nobody rated help",
        "Moments of truth",
        "score is 11",
        "Associated does not mean",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for word in ["cause", "would gain"] {
        assert!(!page.contains(word), "{word}\n{page}");
    }
}

#[test]
fn channels_and_stages_bring_their_sections() {
    let folder = folder();
    let command = format!("journey hotspots {COLUMNS} {HOTSPOTS} --conversion reorder --channel via --stage stage");
    folder.write("cxo.toml", "stages = [\"purchase\", \"onboarding\", \"service\", \"loyalty\"]\n");
    let found = folder.cxo(&format!("{command} --format json")).json();
    let curve = found["emotion_curve"]["stages"].as_array().unwrap();
    let names: Vec<_> = curve.iter().map(|point| &point["stage"]).collect();
    assert_eq!(names, ["purchase", "onboarding", "service", "loyalty"]);
    near(&curve[0]["mean"]["value"], 3.8);
    near(&curve[1]["mean"]["value"], 3.0);
    near(&curve[1]["change"]["value"], -0.8);
    assert!(curve[2]["mean_reason"].is_string());
    assert_eq!(found["consistency"][0]["touchpoint"], json!("delivery"));
    let keys: Vec<_> = found["scores"]["by"].as_array().unwrap().iter().map(|by| &by["key"]).collect();
    assert_eq!(keys, ["touchpoint", "stage", "channel"]);
    // Deliveries by phone after an order on the web are switches: those that are rated badly.
    let switch = found["switches"]["touchpoints"].as_array().unwrap();
    let delivery = switch.iter().find(|row| row["touchpoint"] == "delivery").unwrap();
    assert_eq!((&delivery["switched"], &delivery["stayed"]), (&json!(20), &json!(20)));
    near(&delivery["across"]["value"], -0.6);
    let page = folder.cxo(&command).stdout;
    for part in ["Emotion curve", "onboarding", "Consistency", "Switches of channel", "phone 1.00, web 5.00"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // Unwanted, adjusted for the segment, by segment, hidden below a number of ratings.
    let by = folder.cxo(&format!(
        "journey hotspots {COLUMNS} --score score --survey survey --unwanted help --by device --adjust segment,preceding --resamples 0 --format json"
    ));
    let by = by.json();
    assert_eq!(
        (&by["outcome_kind"], &by["adjusted_for"]),
        (&json!("unwanted"), &json!(["preceding touchpoint", "segment"]))
    );
    let segments: Vec<_> = by["segments"].as_array().unwrap().iter().map(|entry| &entry["segment"]).collect();
    assert_eq!(segments, ["desk", "mobile"]);
    assert!(by["hotspots"][0]["difference"]["interval_reason"].is_string());
    let hidden = folder.cxo(&format!("{command} --min-responses 41 --format json")).json();
    assert_eq!((&hidden["hotspots"], &hidden["hidden"]), (&json!([]), &json!(["delivery", "order"])));
}

#[test]
fn journeys_beside_their_design() {
    let folder = folder();
    let command = format!(
        "journey conformance {COLUMNS} --blueprint design.toml --score score --survey survey --conversion reorder"
    );
    let found = folder.cxo(&format!("{command} --format json")).json();
    assert_eq!((&found["format"], &found["blueprint"]), (&json!("cxo.journey-conformance"), &json!("delivery")));
    assert_eq!(
        (&found["journeys"], &found["ignored"], &found["never_seen"]),
        (&json!(40), &json!(["survey"]), &json!([]))
    );
    // 20 of 40 reorder, 2 of them after help; deliveries take two days where one is the target, and reorders eight in all.
    near(&found["conforming"]["value"], 18.0 / 40.0);
    near(&found["conforming_in_time"]["value"], 0.0);
    let deviation = |kind: &str, touchpoint: Value| {
        let all = found["deviations"].as_array().unwrap();
        all.iter().find(|row| row["kind"] == kind && row["touchpoint"] == touchpoint).cloned()
    };
    let help = deviation("inserted", json!("help")).unwrap();
    assert_eq!((&help["journeys"], &help["occurrences"]), (&json!(10), &json!(10)));
    near(&help["share"]["value"], 0.25);
    // Whoever needs help had a bad delivery: (4 + 1) / 2 or so against a mix.
    assert!(help["score_difference"]["value"].as_f64().unwrap() < -1.0, "{help:#}");
    assert!(help["outcome_difference"]["value"].is_number());
    let reorder = deviation("skipped", json!("reorder")).unwrap();
    assert_eq!((&reorder["journeys"], &reorder["stage"]), (&json!(20), &json!("onboarding")));
    assert_eq!(reorder["outcome_difference_reason"], json!("it is so by definition"));
    assert_eq!(deviation("too-slow", json!("delivery")).unwrap()["journeys"], json!(40));
    assert!(deviation("too-slow", Value::Null).is_some_and(|row| row.get("touchpoint").is_none()));
    let variant = &found["variants"][0];
    assert_eq!((&variant["path"], &variant["cost"]), (&json!(["order", "delivery", "reorder"]), &json!(0.0)));
    assert_eq!(variant["moves"][0], json!({"move": "matched", "touchpoint": "order", "stage": "purchase"}));
    let page = folder.cxo(&command).stdout;
    for part in [
        "Conforming  45.0 %",
        "help is not expected",
        "delivery comes too late",
        "order → delivery → −reorder",
        "associated",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    // Ignored, with costs of its own, without ratings, by segment.
    let plain = folder.cxo(&format!(
        "journey conformance {COLUMNS} --blueprint design.toml --ignore help,survey --skip-cost 2,reorder=0.5 --by device --format json"
    ));
    let plain = plain.json();
    assert_eq!(plain["costs"], json!({"skip": 2.0, "insert": 1.0, "skip_of": {"reorder": 0.5}, "insert_of": {}}));
    // Without ratings to be read the two records with impossible ones are journeys too.
    near(&plain["conforming"]["value"], 20.0 / 42.0);
    assert_eq!(plain["segments"].as_array().unwrap().len(), 2);
    let first = &plain["deviations"][0];
    assert_eq!(first["score_difference_reason"], json!("there are no ratings (--score, --feedback)"));
    assert_eq!(first["outcome_difference_reason"], json!("it was not asked for"));
    // The same design as JSON, and one with a touchpoint that no record has.
    folder.write("design.json", r#"{"name": "j", "stages": [{"name": "s", "touchpoints": [{"name": "odrer"}]}]}"#);
    let misspelled = folder.cxo(&format!("journey conformance {COLUMNS} --blueprint design.json --format json")).json();
    assert_eq!(misspelled["never_seen"], json!(["odrer"]));
    assert!(folder.cxo(&format!("journey conformance {COLUMNS} --blueprint design.json")).stdout.contains("odrer"));
}

#[test]
fn maps_as_diagrams_chains_with_bounds_and_funnels_that_name_their_interval() {
    let folder = folder();
    let mermaid = folder.cxo(&format!("journey map {COLUMNS} --diagram mermaid"));
    assert!(
        mermaid.stdout.starts_with("flowchart LR\n") && mermaid.stdout.contains("delivery (40)"),
        "{}",
        mermaid.stdout
    );
    folder.cxo(&format!("journey map {COLUMNS} --diagram graphviz --out map.dot"));
    assert!(folder.read("map.dot").starts_with("digraph journeys {"));
    let chain =
        folder.cxo(&format!("journey chain {COLUMNS} --conversion reorder --resamples 100 --format json")).json();
    assert_eq!((&chain["resamples"], &chain["interval_method"]), (&json!(100), &json!("customer-bootstrap")));
    assert!(chain["start"]["lower"].as_f64().unwrap() < 0.5 && chain["start"]["upper"].as_f64().unwrap() > 0.5);
    let order = chain["removal_effects"].as_array().unwrap().iter().find(|row| row["touchpoint"] == "order").unwrap();
    assert_eq!((&order["outcome"], &order["removal_effect"]), (&json!("reorder"), &json!(1.0)));
    let help = chain["removal_effects"].as_array().unwrap().iter().find(|row| row["touchpoint"] == "help").unwrap();
    assert!(help["lower"].as_f64().unwrap() <= help["upper"].as_f64().unwrap());
    let page = folder.cxo(&format!("journey chain {COLUMNS} --conversion reorder,help")).stdout;
    assert!(page.contains("removal effect") && page.contains("outcome"), "{page}");
    let plain = folder.cxo(&format!("journey chain {COLUMNS} --conversion reorder --format json")).json();
    assert!(plain.get("resamples").is_none() && plain["start"].get("lower").is_none());
    assert_eq!(plain["removal_effects"][0]["lower_reason"], json!("it was not asked for"));
    let funnel = |options: &str| {
        folder.cxo(&format!("journey funnel {COLUMNS} --steps order,reorder {options} --format json")).json()
    };
    assert_eq!(funnel("")["interval_method"], json!("wilson"));
    // A customer who comes twice is a cluster.
    folder.write(
        "twice.csv",
        "who,what,at\na,x,2026-01-01\na,y,2026-01-02\na,x,2026-03-01\nb,x,2026-01-01\nc,x,2026-01-01\nc,y,2026-01-02\n",
    );
    let twice = folder.cxo(
        "journey funnel twice.csv --journey who --touchpoint what --time at --steps x,y --session-gap 7d --format json",
    );
    let twice = twice.json();
    assert_eq!(
        (&twice["interval_method"], &twice["steps"][1]["step_interval_method"]),
        (&json!("korn-graubard"), &json!("korn-graubard"))
    );
    let watched = funnel("--immature kaplan-meier --window 5d");
    assert_eq!((&watched["definition"], &watched["immature_rule"]), (&json!("first-touch"), &json!("kaplan-meier")));
    let watched = funnel("--immature kaplan-meier --window 8d");
    assert_eq!(watched["steps"][1]["interval_method"], json!("logit"), "{watched:#}");
}

#[test]
fn broken_questions_and_data_say_what_is_wrong() {
    let folder = folder();
    folder.write("design.yaml", "name: x");
    folder.write("broken.toml", "name = \"x\"\nstages = [\n");
    folder.write(
        "field.toml",
        "name = \"x\"\n\n[[stages]]\nname = \"s\"\ntouchpoints = [{ name = \"order\", optinal = true }]\n",
    );
    folder.write("broken.json", "{\"name\": \"x\",\n \"stages\": [{]}");
    folder.write("empty.json", "{\"name\": \"x\", \"stages\": []}");
    folder.write(
        "target.toml",
        "name = \"x\"\ntarget_seconds = -1\n[[stages]]\nname = \"s\"\ntouchpoints = [{ name = \"order\" }]\n",
    );
    folder.write("unrated.csv", "who,what,at,score\na,order,2026-01-01,\na,reorder,2026-01-02,\n");
    let (spots, design) = (format!("journey hotspots {COLUMNS}"), format!("journey conformance {COLUMNS}"));
    let unrated = "journey hotspots unrated.csv --journey who --touchpoint what --time at --score score";
    for (arguments, code, kind, part) in [
        (format!("{design} --blueprint missing.toml"), 1, "io", "missing.toml"),
        (format!("{design} --blueprint design.yaml"), 2, "usage", ".toml or .json"),
        (format!("{design} --blueprint broken.toml"), 1, "blueprint", "broken.toml, line"),
        (format!("{design} --blueprint field.toml"), 1, "blueprint", "optinal"),
        (format!("{design} --blueprint broken.json"), 1, "blueprint", "broken.json, line 2, column"),
        (format!("{design} --blueprint empty.json"), 1, "blueprint", "no stages"),
        (format!("{design} --blueprint target.toml"), 1, "blueprint", "target_seconds"),
        (design.clone(), 2, "usage", "--blueprint"),
        (format!("{design} --blueprint design.toml --ignore hepl"), 1, "unknown-touchpoint", "help"),
        (format!("{design} --blueprint design.toml --conversion buy"), 1, "unknown-touchpoint", "buy"),
        (format!("{design} --blueprint design.toml --skip-cost many"), 2, "usage", "many"),
        (format!("{design} --blueprint design.toml --insert-cost 0"), 2, "usage", "--insert-cost"),
        (format!("{spots} --score score"), 2, "usage", "--conversion TOUCHPOINT"),
        (format!("{spots} --score score --conversion reorder --unwanted help"), 2, "usage", "--unwanted"),
        (format!("{spots} --conversion reorder"), 2, "usage", "--score COLUMN"),
        (format!("{spots} --score score --conversion paid"), 1, "unknown-touchpoint", "paid"),
        (format!("{spots} --score score --conversion reorder --survey surveys"), 1, "unknown-touchpoint", "survey"),
        (format!("{spots} --score score --conversion reorder --scale 1-7"), 2, "usage", "--bad A-B"),
        (format!("{spots} --score score --conversion reorder --bad 0-2"), 2, "usage", "--bad"),
        (format!("{spots} --score score --conversion reorder --bad 1-3"), 2, "usage", "apart"),
        (format!("{spots} --score score --conversion reorder --adjust stage"), 2, "usage", "--stage COLUMN"),
        (format!("{spots} --score score --conversion reorder --adjust segment"), 2, "usage", "--by COLUMN"),
        (format!("{spots} --score score --conversion reorder --margin 0"), 2, "usage", "--margin"),
        (format!("{spots} --score score --conversion reorder --strict"), 1, "bad-row", "11"),
        (format!("{unrated} --conversion reorder"), 1, "no-data", "ratings"),
        (format!("{spots} --score score --conversion reorder --resamples 2"), 2, "usage", "from 100"),
        (format!("journey chain {COLUMNS} --conversion reorder --resamples 5"), 2, "usage", "--resamples"),
        (format!("journey map {COLUMNS} --diagram uml"), 2, "usage", "mermaid"),
        (format!("journey map {COLUMNS} --diagram mermaid"), 2, "usage", "--format"),
        (format!("journey funnel {COLUMNS} --steps order --immature kaplan-meier"), 2, "usage", "--window"),
        (format!("{spots} --score score --conversion reorder --survey reorder"), 2, "usage", "which is the outcome"),
        (format!("{spots} --score score --unwanted help --journey-survey help"), 2, "usage", "which is the outcome"),
        (
            format!("{spots} --score score --conversion reorder --survey survey --journey-survey survey"),
            2,
            "usage",
            "--journey-survey",
        ),
        (format!("{design} --blueprint design.toml --ignore delivery"), 2, "usage", "which the blueprint expects"),
        (format!("{design} --blueprint design.toml --survey order"), 2, "usage", "which the blueprint expects"),
        (format!("{design} --blueprint design.toml --ignore help --conversion help"), 2, "usage", "is the outcome"),
        (format!("{spots} --conversion reorder --score score --feedback log.csv"), 2, "usage", "--feedback"),
        (format!("{spots} --conversion reorder --metric nps"), 2, "usage", "--feedback"),
        (format!("{spots} --conversion reorder --feedback nowhere.csv"), 1, "io", "nowhere.csv"),
    ] {
        let run = folder.cxo(&format!("{arguments} --format json"));
        let error = run.error();
        assert_eq!((run.code, error["kind"].as_str()), (code, Some(kind)), "{arguments}: {error}");
        assert!(error.to_string().replace("\\\"", "\"").contains(part), "{arguments}: {error}");
    }
    let error = folder.cxo(&format!("{design} --blueprint field.toml --format json")).error();
    assert_eq!((&error["file"], &error["line"]), (&json!("field.toml"), &json!(5)));
}

#[test]
fn a_published_log_has_hot_spots_and_a_design() {
    let Some(golden) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let folder = Folder::new();
    let log = PathBuf::from(golden).join("../data/journey/ecom_users.csv");
    let steps = ["product_view", "add_to_cart", "purchase"]
        .map(|name| format!("{{\"name\": \"{name}\", \"repeatable\": true}}"));
    folder.write(
        "shop.json",
        &format!("{{\"name\": \"shop\", \"stages\": [{{\"name\": \"all\", \"touchpoints\": [{}]}}]}}", steps.join(",")),
    );
    let columns = format!("{} --journey case_id --touchpoint activity --time timestamp", log.display());
    let found = folder
        .cxo(&format!("journey conformance {columns} --blueprint shop.json --conversion purchase --format json"))
        .json();
    let map = folder.cxo(&format!("journey map {columns} --format json")).json();
    assert_eq!(found["journeys"], map["journeys"]);
    let share = found["fitness"]["value"].as_f64().unwrap();
    assert!(share > 0.0 && share < 1.0);
    assert!(
        found["deviations"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["journeys"].as_u64() <= found["journeys"].as_u64())
    );
}

#[test]
fn a_broken_blueprint_is_told_in_the_words_of_the_file() {
    let folder = folder();
    let stage = |rest: &str| format!("name = \"x\"\n\n[[stages]]\n{rest}\n");
    for (file, text, part) in [
        ("a.toml", stage("name = \"\"\ntouchpoints = [{ name = \"order\" }]"), "name of stage 1 is empty"),
        ("b.toml", stage("name = \"s\"\ntouchpoints = []"), "touchpoints in stage \"s\""),
        ("c.toml", stage("name = \"s\"\ntouchpoints = [{ name = \"\" }]"), "touchpoint 1 in stage \"s\""),
        (
            "d.toml",
            stage("name = \"s\"\ntouchpoints = [{ name = \"pay\", target_seconds = -5 }]"),
            "target_seconds of \"pay\" in stage \"s\" is -5",
        ),
        (
            "e.toml",
            stage("name = \"s\"\ntouchpoints = [{ name = \"pay\", target_seconds = \"soon\" }]"),
            "a number of seconds",
        ),
        ("f.toml", stage("name = \"s\"\ntouchpoints = [\"order\"]"), "a touchpoint with a name"),
        ("g.toml", stage("name = \"s\"\norder = \"sequense\"\ntouchpoints = [{ name = \"pay\" }]"), "`sequence`"),
        ("h.toml", stage("touchpoints = [{ name = \"pay\" }]"), "`name`"),
        ("i.json", "{\"name\": \"x\",\n \"stages\": [\"s\"]}".to_owned(), "a stage with a name and touchpoints"),
        ("j.json", "{\"name\": \"x\",\n \"target_seconds\": true, \"stages\": []}".to_owned(), "a number of seconds"),
        ("k.json", "[1,\n 2]".to_owned(), "string"),
        ("l.json", "\"x\"".to_owned(), "a blueprint with a name and stages"),
    ] {
        folder.write(file, &text);
        let run = folder.cxo(&format!("journey conformance {COLUMNS} --blueprint {file} --format json"));
        let error = run.error();
        let message = error["message"].as_str().unwrap();
        assert_eq!((run.code, &error["kind"], &error["file"]), (1, &json!("blueprint"), &json!(file)), "{error}");
        assert!(message.contains(part), "{file}: {message}");
        for word in ["row ", "struct", "f64", "Raw", "Blueprint"] {
            assert!(!message.contains(word), "{file}: {message}");
        }
    }
}

/// Customers of three regions, of whom so many rate their delivery.
fn regions() -> String {
    let mut log = "customer,touchpoint,time,region,score\n".to_owned();
    for (region, count) in [("north", 40), ("east", 12), ("south", 3)] {
        for number in 0..count {
            let mut row = |what: &str, day: usize, score: &str| {
                writeln!(log, "{region}{number},{what},2026-01-{day:02},{region},{score}").unwrap();
            };
            row("delivery", 1, if number % 3 == 0 { "1" } else { "5" });
            if number % 2 == 0 {
                row("reorder", 4, "");
            }
        }
    }
    log
}

#[test]
fn few_ratings_are_hidden_in_segments_and_in_the_shares_of_all() {
    let folder = Folder::new();
    folder.write("log.csv", &regions());
    let command = "journey hotspots log.csv --score score --conversion reorder --resamples 0 --by region --format json";
    let found = folder.cxo(command).json();
    let of = |found: &Value, name: &str| {
        found["segments"].as_array().unwrap().iter().find(|entry| entry["segment"] == name).unwrap().clone()
    };
    // All less north and east would be the south, so that east is hidden with it.
    for hidden in ["south", "east"] {
        assert_eq!(of(&found, hidden)["suppressed"], json!("hidden to protect small groups"));
    }
    assert_eq!(of(&found, "north")["hotspots"][0]["rated"], json!(40));
    let all = folder.cxo(&command.replace("--by", "--min-responses 0 --by")).json();
    assert!(of(&all, "south")["journey_experience"]["good_passes"]["value"].is_number());
    // Three ratings in all.
    let few = format!(
        "customer,touchpoint,time,region,score\n{}",
        regions()
            .lines()
            .filter(|line| line.starts_with("south"))
            .map(|line| line.to_owned() + "\n")
            .collect::<String>()
    );
    folder.write("few.csv", &few);
    let command = "journey hotspots few.csv --score score --conversion reorder --resamples 0";
    let found = folder.cxo(&format!("{command} --format json")).json();
    let experience = &found["journey_experience"];
    for key in ["good_passes_reason", "good_journeys_reason"] {
        assert_eq!(experience[key], json!("hidden to protect small groups"), "{experience}");
    }
    assert!(folder.cxo(command).stdout.contains("not shown, hidden to protect small groups"));
}

#[test]
fn many_open_journeys_are_said_to_bias_the_answers() {
    let folder = folder();
    let outcome = "--conversion reorder --silence 30d";
    for command in [
        format!("journey hotspots {COLUMNS} {HOTSPOTS} {outcome}"),
        format!("journey conformance {COLUMNS} --blueprint design.toml {outcome}"),
        format!("journey attribution {COLUMNS} --model last {outcome}"),
    ] {
        let found = folder.cxo(&format!("{command} --format json")).json();
        assert_eq!((&found["biased"], found["open_journeys"].as_u64() >= Some(20)), (&json!(true), true), "{command}");
        assert!(folder.cxo(&command).stdout.contains("biased towards quick endings"), "{command}");
        let none = command.replace("--silence 30d", "");
        assert_eq!(folder.cxo(&format!("{none} --format json")).json()["biased"], json!(false));
        assert!(!folder.cxo(&none).stdout.contains("biased"), "{none}");
    }
}

#[test]
fn who_may_still_go_on_is_not_lost_under_kaplan_meier() {
    let folder = Folder::new();
    folder.write(
        "log.csv",
        "customer,touchpoint,time\na,x,2026-01-01\na,y,2026-01-02\nb,x,2026-01-01\nc,x,2026-01-19\nd,z,2026-01-20\n",
    );
    let command = "journey funnel log.csv --steps x,y --immature kaplan-meier --window 8d";
    let found = folder.cxo(&format!("{command} --format json")).json();
    let step = &found["steps"][0];
    assert_eq!((&step["reached"], &step["ended"], &step["open"]), (&json!(3), &json!(1), &json!(1)));
    let page = folder.cxo(command).stdout;
    assert!(page.contains("1 lost after x: 1 ended; 1 more may still go on"), "{page}");
    let included = folder.cxo("journey funnel log.csv --steps x,y --window 8d --format json").json();
    assert_eq!((&included["steps"][0]["ended"], &included["steps"][0]["open"]), (&json!(2), &json!(0)));
    // Nobody was watched for so long: the page says why there is no share.
    let long = folder.cxo(&command.replace("8d", "300d"));
    let json = folder.cxo(&format!("{} --format json", command.replace("8d", "300d"))).json();
    let reason = json["steps"][1]["conversion_reason"].as_str().unwrap_or_else(|| panic!("{json:#}"));
    assert!(long.stdout.contains("not known") && long.stdout.contains(reason), "{}", long.stdout);
}

#[test]
fn ratings_of_a_file_of_feedback_are_those_of_the_report() {
    let folder = Folder::new();
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    for name in ["feedback.csv", "touchpoints.csv"] {
        std::fs::copy(data.join(name), folder.path().join(name)).unwrap();
    }
    folder.write("cxo.toml", "[journey]\nsilence = \"30d\"\n");
    let command = "journey hotspots touchpoints.csv --feedback feedback.csv --conversion reward --silence 30d";
    let found = folder.cxo(&format!("{command} --stage stage --resamples 200 --format json")).json();
    let report = folder.cxo("report . --format json").json()["journey"]["hot_spots"].clone();
    assert_eq!((&found["feedback"]["metric"], &found["feedback"]["file"]), (&json!("nps"), &json!("feedback.csv")));
    assert_eq!((&found["scale"], &found["bad_ratings"]), (&json!("0-10"), &json!("0-6")));
    assert!(found["feedback"]["load"]["accepted"].as_u64() > Some(4_000));
    let (ratings, join) = (&found["ratings"], &report["join"]);
    assert_eq!(
        [&ratings["given"], &ratings["on_touchpoint"], &ratings["unattached"], &ratings["superseded"]],
        [&join["ratings"], &join["joined"], &join["unattached"], &join["superseded"]]
    );
    let spots = report["touchpoints"].as_array().unwrap();
    assert!(!spots.is_empty());
    for spot in spots {
        assert!(found["hotspots"].as_array().unwrap().contains(spot), "{spot:#}");
    }
    let page = folder.cxo(&format!("{command} --resamples 0"));
    assert!(page.code == 0 && page.stdout.contains("Ratings: nps of feedback.csv"), "{}{}", page.stdout, page.stderr);
    // A question that was asked less.
    let csat = folder.cxo(&format!("{command} --metric csat --resamples 0 --format json")).json();
    assert_eq!((&csat["feedback"]["metric"], &csat["scores"]["metric"]), (&json!("csat"), &json!("csat")));
    let none = folder.cxo(&format!("{command} --scale 1-3 --format json"));
    assert_eq!((none.code, none.error()["kind"].as_str()), (1, Some("no-data")));
    // The same for a design.
    folder.write("design.json", r#"{"name": "j", "stages": [{"name": "s", "touchpoints": [{"name": "checkout"}]}]}"#);
    let design = folder.cxo(
        "journey conformance touchpoints.csv --feedback feedback.csv --blueprint design.json --conversion reward --format json",
    );
    let design = design.json();
    assert_eq!((&design["scale"], &design["feedback"]["metric"]), (&json!("0-10"), &json!("nps")));
    assert!(design["deviations"].as_array().unwrap().iter().any(|row| row["score_difference"]["value"].is_number()));
}
