//! The journey in `cxo report`: the numbers of the single commands, and a reason for whatever the files do not tell.

use std::{fmt::Write as _, fs, path::Path};

use crate::common::Folder;
use serde_json::{Value, json};

fn examples() -> Folder {
    let folder = Folder::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    for name in ["feedback.csv", "touchpoints.csv"] {
        fs::copy(data.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn report(folder: &Folder) -> Value {
    folder.cxo("report . --format json").json()
}

fn log(stages: bool) -> String {
    let mut csv = "customer,time,touchpoint,channel,stage\n".to_owned();
    for at in 0..80 {
        let channel = if at % 2 == 0 { "shop" } else { "web" };
        let stage = |name: &'static str| if stages { name } else { "" };
        let day = 1 + at % 20;
        writeln!(csv, "C{at},2026-01-{day:02}T10:00:00Z,order,{channel},{}", stage("purchase")).unwrap();
        writeln!(csv, "C{at},2026-01-{day:02}T12:00:00Z,parcel,{channel},{}", stage("onboarding")).unwrap();
        // Bad parcels are followed by thanks less often.
        if at % 4 == 0 || at % 8 == 1 {
            writeln!(csv, "C{at},2026-01-{day:02}T20:00:00Z,thanks,{channel},{}", stage("loyalty")).unwrap();
        }
    }
    csv
}

fn feedback() -> String {
    let mut csv = "customer,time,touchpoint,metric,score\n".to_owned();
    for at in 0..80 {
        let score = if at % 2 == 0 { 10 } else { 3 };
        writeln!(csv, "C{at},2026-01-{:02}T13:00:00Z,parcel,nps,{score}", 1 + at % 20).unwrap();
    }
    csv
}

fn small(stages: bool) -> Folder {
    let folder = Folder::new();
    folder.write("touchpoints.csv", &log(stages));
    folder.write("feedback.csv", &feedback());
    folder
}

#[test]
fn the_numbers_are_those_of_the_single_commands() {
    let folder = examples();
    let journey = &folder.cxo("report . --min-responses 0 --format json").json()["journey"];
    let stages = "awareness,consideration,purchase,onboarding,service,loyalty";
    let single = format!("journey funnel touchpoints.csv --touchpoint stage --steps {stages} --format json");
    let funnel = folder.cxo(&single).json();
    for key in ["definition", "window_seconds_reason", "journeys", "steps"] {
        assert_eq!(journey["funnel"][key], funnel[key], "{key}");
    }
    assert_eq!((&journey["funnel"]["over"], &journey["evidence"]), (&json!("stage"), &json!("observational")));
    let pair = folder
        .cxo("journey funnel touchpoints.csv --touchpoint stage --steps purchase,onboarding --format json")
        .json();
    assert_eq!(journey["stages"][2]["next"], pair["steps"][1]);
    let paths = folder.cxo("journey paths touchpoints.csv --top 5 --format json").json();
    for key in ["journeys", "total_variants", "variants"] {
        assert_eq!(journey["paths"][key], paths[key], "{key}");
    }
    let map = folder.cxo("journey map touchpoints.csv --touchpoint stage --format json").json();
    let of = |rows: &Value, key: &str, name: &str, what: &str| {
        let found = rows.as_array().unwrap().iter().find(|row| row[key] == name).cloned();
        found.unwrap_or_default()[what].clone()
    };
    for stage in stages.split(',') {
        for what in ["events", "journeys"] {
            let expected = of(&map["touchpoints"], "touchpoint", stage, what);
            assert_eq!(of(&journey["stages"], "stage", stage, what), expected, "{stage} {what}");
        }
    }
    assert_eq!(journey["log"]["records"], paths["log"]["records"]);
}

#[test]
fn scores_are_those_of_the_cards_and_hidden_ones_stay_hidden() {
    let document = report(&examples());
    let (card, journey) = (&document["metrics"][0], &document["journey"]);
    let by_touchpoint = card["breakdowns"].as_array().unwrap().iter().find(|rows| rows["by"] == "touchpoint").unwrap();
    let expected = by_touchpoint["results"].as_array().unwrap();
    let scores = journey["scores"][0]["touchpoints"].as_array().unwrap();
    assert_eq!((scores.len(), scores.len() > 4), (expected.len(), true));
    let mut hidden = Vec::new();
    for (score, row) in scores.iter().zip(expected) {
        assert_eq!((&score["segment"], &score["suppressed"]), (&row["segment"], &row["suppressed"]));
        assert_eq!((&score["value"], &score["interval"]), (&row["score"], &row["interval"]));
        if row["suppressed"].is_string() {
            hidden.push(row["segment"].clone());
        }
    }
    let spots = &journey["hot_spots"];
    // What a card hides is hidden here. The ad and the product page are the only touchpoints of their stages.
    assert_eq!(
        (&hidden, &spots["hidden"]),
        (&vec![json!("ad-click"), json!("product-page")], &json!(["ad-click", "product-page"]))
    );
    assert!(spots["touchpoints"].as_array().unwrap().iter().all(|spot| !hidden.contains(&spot["touchpoint"])));
    assert_eq!((&spots["outcomes"], &spots["outcome_rule"]), (&json!(["reward"]), &json!("last-stage")));
    assert_eq!((&spots["resamples"], &spots["bad"]), (&json!(200), &json!("0-6")));
    let join = &spots["join"];
    let sum: u64 = ["joined", "unattached", "superseded"].iter().map(|key| join[*key].as_u64().unwrap()).sum();
    assert_eq!(join["ratings"].as_u64().unwrap(), sum);
    // The kiosk is too small at the checkout, and takes along the chat, which is at help requests only: neither tells its channels.
    let rows = journey["consistency"]["touchpoints"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["touchpoint"] == name).unwrap();
    assert_eq!(row("help-request")["verdict"], json!("inconsistent"));
    for name in ["checkout", "help-request"] {
        for key in ["covered", "channels"] {
            assert_eq!(row(name).get(key), None);
            assert_eq!(row(name)[format!("{key}_reason")], json!("hidden to protect small groups"));
        }
    }
    assert_eq!((&row("delivery")["covered"], row("delivery")["channels"].as_array().unwrap().len()), (&json!(1.0), 2));
}

#[test]
fn a_hot_spot_by_hand() {
    let document = report(&small(true));
    let spots = &document["journey"]["hot_spots"];
    let parcel = &spots["touchpoints"][0];
    // 40 good passes, 20 with thanks; 40 bad ones, 10 with thanks, but four of the last day may still say them: nine of ten steps
    // take up to eight hours. 36 × (0.5 - 10 / 36).
    assert_eq!((&spots["silence_seconds"], &spots["silence_rule"]), (&json!(28_800.0), &json!("nine-of-ten")));
    assert_eq!((&spots["open_journeys"], &spots["biased"]), (&json!(4), &json!(false)));
    assert_eq!((&parcel["touchpoint"], &parcel["rated"]), (&json!("parcel"), &json!(76)));
    assert_eq!((&parcel["good_rate"], &parcel["bad"]), (&json!(0.5), &json!(36)));
    assert!((parcel["associated_outcomes"]["value"].as_f64().unwrap() - 8.0).abs() < 1e-9);
    assert_eq!(spots["unrated"], json!(["order"]));
    let stages: Vec<_> = document["journey"]["stages"].as_array().unwrap().iter().map(|row| &row["stage"]).collect();
    assert_eq!(stages, ["purchase", "onboarding", "loyalty"]);
    assert_eq!(report(&small(true)), document);
}

#[test]
fn what_the_files_do_not_tell_has_a_reason() {
    let reason =
        |document: &Value, key: &str| document["journey"][format!("{key}_reason")].as_str().unwrap().to_owned();
    // No touchpoints: no journey. No stages: no funnel is guessed. No feedback: no scores.
    let folder = Folder::new();
    folder.write("feedback.csv", &feedback());
    let document = report(&folder);
    assert!(document.get("journey").is_none() && document.get("journey_reason").is_none());

    let document = report(&small(false));
    for (key, part) in [
        ("stages", "no touchpoint has a stage"),
        ("funnel", "not guessed"),
        ("stalled", "no touchpoint has a stage"),
        ("hot_spots", "[journey] outcomes"),
    ] {
        assert!(reason(&document, key).contains(part), "{key}");
    }
    assert!(document["journey"]["consistency"]["touchpoints"][0]["verdict"].is_string());

    let folder = Folder::new();
    folder.write("touchpoints.csv", &log(true).replace("purchase", "Kauf").replace("onboarding", "Versand"));
    let document = report(&folder);
    for key in ["scores", "hot_spots", "consistency"] {
        assert_eq!(reason(&document, key), "there are no ratings");
    }
    assert!(reason(&document, "funnel").contains("only one stage"));
    assert_eq!(document["journey"]["stages"].as_array().unwrap().len(), 3);

    let folder = small(true);
    folder.write(
        "touchpoints.csv",
        &log(true).replace(",order,", ",,").replace(",parcel,", ",,").replace(",thanks,", ",,"),
    );
    assert_eq!(report(&folder)["journey_reason"], json!("there are no touchpoints"));
}

#[test]
fn ratings_belong_to_the_touchpoint_that_they_name() {
    let folder = Folder::new();
    folder.write(
        "touchpoints.csv",
        "customer,time,touchpoint\nann,2026-01-01,parcel\nann,2026-01-02,help\nbob,2026-01-01,parcel\n",
    );
    folder.write(
        "feedback.csv",
        "customer,time,touchpoint,metric,score\nann,2026-01-03,parcel,nps,2\nann,2026-01-04,parcel,nps,9\n\
         ann,2026-01-03,,nps,3\nbob,2026-01-09,parcel,nps,1\n,2026-01-03,parcel,nps,1\ncy,2026-01-03,parcel,nps,1\n\
         ann,2026-01-03,shop,nps,5\n",
    );
    folder.write("cxo.toml", "[journey]\noutcomes = [\"help\"]\n");
    let document = folder.cxo("report . --format json --min-responses 0").json();
    let spots = &document["journey"]["hot_spots"];
    // Ann's last word on the parcel, and what she said of nothing, which is the help; Bob's comes eight days later.
    assert_eq!(spots["join"], json!({"ratings": 7, "joined": 2, "unattached": 4, "superseded": 1}));
    assert_eq!((&spots["touchpoints"][0]["rated"], &spots["touchpoints"][0]["bad_share"]), (&json!(1), &json!(0.0)));
}

#[test]
fn cxo_toml_says_how_to_look() {
    let folder = small(true);
    folder.write(
        "cxo.toml",
        "[journey]\nsession-gap = \"3h\"\noutcomes = [\"parcel\"]\nsteps = [\"order\", \"parcel\"]\nwindow = \"1h\"\n",
    );
    let document = report(&folder);
    let journey = &document["journey"];
    assert_eq!(
        (&journey["log"]["journey"], &journey["log"]["session_gap_seconds"]),
        (&json!("session"), &json!(10_800.0))
    );
    let funnel = folder
        .cxo("journey funnel touchpoints.csv --steps order,parcel --window 1h --session-gap 3h --format json")
        .json();
    for key in ["definition", "window_seconds", "journeys", "steps", "immature"] {
        assert_eq!(journey["funnel"][key], funnel[key], "{key}");
    }
    assert_eq!(journey["funnel"]["over"], json!("touchpoint"));
    assert_eq!(journey["hot_spots"]["outcome_rule"], json!("cxo.toml"));
    assert_eq!(journey["hot_spots"]["silence_rule"], json!("nine-of-ten"));
    folder.write("cxo.toml", "[journey]\nsilence = \"10d\"\n");
    let spots = &report(&folder)["journey"]["hot_spots"];
    assert_eq!((&spots["silence_seconds"], &spots["silence_rule"]), (&json!(864_000.0), &json!("cxo.toml")));
    assert_eq!(spots["biased"], json!(true));
    assert!(folder.cxo("report .").stdout.contains("biased towards quick endings"));

    folder.write("cxo.toml", "[journey]\noutcomes = [\"parcle\"]\nsteps = [\"ordr\", \"parcel\"]\n");
    let journey = report(&folder)["journey"].clone();
    for (key, name) in [("hot_spots_reason", "\"parcel\""), ("funnel_reason", "\"order\"")] {
        assert!(journey[key].as_str().unwrap().contains(name), "{key}: {}", journey[key]);
    }

    for (text, part) in [
        ("[journey]\nwindow = \"soon\"\n", "such as 30m"),
        ("[journey]\ngap = \"3h\"\n", "session-gap"),
        ("[journey]\nsession-gap = \"0s\"\n", "session-gap"),
    ] {
        folder.write("cxo.toml", text);
        let run = folder.cxo("report . --format json");
        let error = run.error();
        assert!(run.code == 1 && error["message"].as_str().unwrap().contains(part), "{error}");
    }
}

#[test]
fn the_page_tells_the_story() {
    let page = examples().cxo("report .").stdout;
    // Prose is wrapped.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Journey 1,511 journeys",
        "stage by stage",
        "definition ordered",
        "Most are lost between",
        "The most frequent of",
        "Scores on the way",
        "Stalled",
        "Hot spots",
        "Channels help-request differ",
        "Observed",
        "seed 0",
        "are open and left out",
    ] {
        assert!(words(&page).contains(part), "{part}\n{page}");
    }
    assert!(page.lines().all(|line| line.chars().count() <= 110), "{page}");
    let page = small(false).cxo("report .").stdout;
    assert!(page.contains("No funnel:") && page.contains("not computed"), "{page}");
}

/// The names and counts of all parts of a document.
fn counts(value: &Value, at: &str, found: &mut Vec<(String, u64)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, part)| counts(part, &format!("{at}/{key}"), found)),
        Value::Array(list) => list.iter().for_each(|part| counts(part, at, found)),
        _ => found.extend(value.as_u64().map(|count| (at.to_owned(), count))),
    }
}

#[test]
fn small_groups_are_hidden_in_stages_funnels_and_stalled_stays() {
    let folder = small(true);
    // Two complain, one of whom begins with it, and 77 of 80 get a parcel: the three who do not are too few as well.
    let mut csv = log(true);
    for (customer, day) in [("C2", 25), ("C90", 1)] {
        writeln!(csv, "{customer},2026-01-{day:02}T10:00:00Z,complaint,web,service").unwrap();
    }
    let keep = |line: &&str| !["C3,", "C7,", "C11,"].iter().any(|who| line.starts_with(who) && line.contains("parcel"));
    folder.write("touchpoints.csv", &csv.lines().filter(keep).map(|line| line.to_owned() + "\n").collect::<String>());
    let journey = &report(&folder)["journey"];
    assert!(journey["hidden_stages"].as_array().unwrap().contains(&json!("service")), "{journey:#}");
    assert_eq!(journey["funnel"]["hidden"], json!(["onboarding", "service", "loyalty"]), "{:#}", journey["funnel"]);
    assert_eq!(journey["funnel"]["steps"][0]["reached"], json!(80));
    for part in ["stages", "funnel", "stalled"] {
        let mut found = Vec::new();
        counts(&journey[part], part, &mut found);
        let told = found.iter().filter(|(at, count)| (1..5).contains(count) && !at.ends_with("open"));
        assert_eq!(told.collect::<Vec<_>>(), Vec::<&(String, u64)>::new(), "{:#}", journey[part]);
    }
    let page = folder.cxo("report .").stdout;
    assert!(page.contains("hidden to protect small groups"), "{page}");
    // Who asks for all of it gets it.
    let all = folder.cxo("report . --min-responses 0 --format json").json();
    assert_eq!((&all["journey"]["hidden_stages"], &all["journey"]["funnel"]["hidden"]), (&json!([]), &json!([])));
    // A log of three customers tells nothing.
    folder.write("touchpoints.csv", &log(true).lines().take(7).map(|line| line.to_owned() + "\n").collect::<String>());
    assert_eq!(report(&folder)["journey_reason"], json!("hidden to protect small groups"));
}

#[test]
fn without_an_outcome_there_is_still_a_journey() {
    // The order of these stages is not known, and no touchpoint is named as the outcome.
    let folder = small(true);
    let renamed = log(true).replace("purchase", "Kauf").replace("onboarding", "Versand").replace("loyalty", "Treue");
    folder.write("touchpoints.csv", &renamed);
    folder.write("cxo.toml", "[journey]\nwindow = \"7d\"\n");
    let journey = &report(&folder)["journey"];
    assert_eq!(journey["stages"].as_array().unwrap().len(), 3);
    assert!(journey["scores"][0]["touchpoints"].is_array() && journey["paths"]["variants"].is_array());
    assert!(journey["consistency"]["touchpoints"].is_array() && journey["stalled"]["stages"].is_array());
    assert!(journey["hot_spots_reason"].as_str().unwrap().contains("[journey] outcomes"));
    assert_eq!(folder.cxo("report .").code, 0);
}

#[test]
fn the_seed_of_a_report_is_that_of_its_resamples() {
    let folder = small(true);
    let spots =
        |options: &str| folder.cxo(&format!("report . --format json {options}")).json()["journey"]["hot_spots"].clone();
    let (first, other) = (spots(""), spots("--seed 7"));
    assert_eq!((&first["seed"], &other["seed"]), (&json!(0), &json!(7)));
    assert_ne!(
        first["touchpoints"][0]["associated_outcomes"]["interval"],
        other["touchpoints"][0]["associated_outcomes"]["interval"]
    );
}

#[test]
fn no_file_that_a_report_reads_is_written_over() {
    let folder = small(true);
    folder.write("data.csv", &feedback());
    folder.write("cxo.toml", "[files]\nfeedback = \"data.csv\"\n");
    for target in ["./data.csv", "touchpoints.csv", "cxo.toml"] {
        for option in ["--out", "--rejected"] {
            let run = folder.cxo(&format!("report . {option} {target} --format json"));
            let refused = run.code == 2 && run.error()["message"].as_str().unwrap().contains("write over");
            assert!(refused, "{option} {target}: {}", run.stderr);
        }
    }
    assert_eq!(folder.read("data.csv"), feedback());
    assert_eq!(folder.cxo("report . --out report.json").code, 0);
    // Nor is the cxo.toml beside the file of any command.
    assert_eq!(folder.cxo("journey map touchpoints.csv --out cxo.toml").code, 2);
}
