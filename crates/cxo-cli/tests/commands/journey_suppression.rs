//! What a reader could compute of a small group from one document on the journey.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::common::Folder;
use serde_json::{Value, json};

/// So many rated touchpoints: (touchpoint, stage, channel, device, how many), each of a customer of its own who then reorders or not.
fn log(groups: &[(&str, &str, &str, &str, usize)]) -> String {
    let mut log = "customer,touchpoint,time,stage,channel,device,score\n".to_owned();
    let mut customer = 0;
    for (touchpoint, stage, channel, device, count) in groups {
        for number in 0..*count {
            customer += 1;
            let score = 1 + (number % 5);
            writeln!(log, "c{customer},{touchpoint},2026-01-01,{stage},{channel},{device},{score}").unwrap();
            if number % 3 == 0 {
                writeln!(log, "c{customer},reorder,2026-01-02,loyalty,{channel},{device},").unwrap();
            }
        }
    }
    log
}

const HOTSPOTS: &str = "journey hotspots log.csv --score score --conversion reorder --resamples 0";

fn hotspots(groups: &[(&str, &str, &str, &str, usize)], options: &str) -> (Value, String) {
    let folder = Folder::new();
    folder.write("log.csv", &log(groups));
    let command = format!("{HOTSPOTS} {options}");
    (folder.cxo(&format!("{command} --format json")).json(), folder.cxo(&command).stdout)
}

/// The ratings of each key that is shown.
fn shown<'a>(found: &'a Value, key: &str) -> BTreeMap<&'a str, u64> {
    let by = found["scores"]["by"].as_array().unwrap().iter().find(|by| by["key"] == key).unwrap();
    let rows = by["results"].as_array().unwrap().iter();
    rows.filter_map(|row| Some((row["name"].as_str()?, row["score"]["ratings"].as_u64()?))).collect()
}

fn names(rows: &Value) -> Vec<&str> {
    rows.as_array().into_iter().flatten().map(|row| row["touchpoint"].as_str().unwrap()).collect()
}

#[test]
fn channels_tell_of_no_touchpoint_and_channel_that_is_hidden() {
    let groups = [
        ("order", "buy", "web", "", 30),
        ("order", "buy", "phone", "", 30),
        // Hidden as a complement of the one after it, though its channels are large.
        ("help", "buy", "web", "", 12),
        ("help", "buy", "phone", "", 12),
        ("return", "buy", "web", "", 3),
        // 43 less what takes part is 3.
        ("delivery", "buy", "web", "", 20),
        ("delivery", "buy", "phone", "", 20),
        ("delivery", "buy", "mail", "", 3),
        ("delivery", "buy", "post", "", 30),
    ];
    let (found, page) = hotspots(&groups, "--channel channel");
    assert_eq!(shown(&found, "touchpoint").keys().collect::<Vec<_>>(), [&"delivery", &"order"]);
    for section in ["consistency", "hotspots", "moments_of_truth"] {
        assert!(!names(&found[section]).contains(&"help"), "{section}: {}", found[section]);
    }
    let told = |found: &Value| {
        let rows = found["consistency"].as_array().unwrap().iter();
        rows.map(|row| (row["touchpoint"].to_string(), row["channels"].is_array())).collect::<Vec<_>>()
    };
    let row = |name: &str, told: bool| (format!("\"{name}\""), told);
    assert_eq!(told(&found), [row("delivery", false), row("order", true)]);
    assert!(page.contains("Hidden to protect small groups: help, return."), "{page}");
    let (all, _) = hotspots(&groups, "--channel channel --min-responses 0");
    assert_eq!(told(&all), [row("delivery", true), row("help", true), row("order", true)]);
}

#[test]
fn a_stage_less_its_touchpoints_is_nobody_or_many() {
    let groups = [
        ("help", "service", "web", "", 154),
        ("return", "service", "web", "", 37),
        ("ad-click", "awareness", "web", "", 1),
        ("order", "purchase", "web", "", 300),
        ("basket", "purchase", "web", "", 200),
    ];
    let (found, _) = hotspots(&groups, "--stage stage");
    let (touchpoints, stages) = (shown(&found, "touchpoint"), shown(&found, "stage"));
    assert!(!touchpoints.contains_key("ad-click") && !stages.contains_key("awareness"));
    let curve = found["emotion_curve"]["stages"].as_array().unwrap();
    let stage_of: BTreeMap<&str, &str> = groups.iter().map(|(touchpoint, stage, ..)| (*touchpoint, *stage)).collect();
    for stage in ["service", "purchase", "awareness"] {
        let told = curve.iter().find(|point| point["stage"] == stage).unwrap()["mean"].is_object();
        assert_eq!(told, stages.contains_key(stage), "{stage}");
        // A hidden stage has no touchpoint that is shown, a shown one all or none that could be computed.
        let own = |name: &&str| stage_of[*name] == stage;
        let hidden = stage_of.keys().filter(|name| own(name) && !touchpoints.contains_key(**name)).count();
        let seen = touchpoints.keys().filter(|name| own(name)).count();
        assert!(if told { hidden != 1 } else { seen == 0 }, "{stage}: {touchpoints:?} {stages:?}");
    }
    assert_eq!(stages.len(), 1, "{stages:?}");
}

#[test]
fn the_cards_of_a_report_are_one_tree_too() {
    let folder = Folder::new();
    let mut csv = "customer,time,touchpoint,stage,metric,score\n".to_owned();
    let rated =
        [("help", "service", 154), ("return", "service", 37), ("ad-click", "awareness", 1), ("order", "purchase", 300)];
    for (touchpoint, stage, count) in rated {
        for number in 0..count {
            writeln!(csv, "c{number},2026-01-03T10:00:00Z,{touchpoint},{stage},nps,{}", number % 11).unwrap();
        }
    }
    folder.write("feedback.csv", &csv);
    let found = folder.cxo("report . --format json").json();
    let told = |by: &str| {
        let tables = found["metrics"][0]["breakdowns"].as_array().unwrap();
        let rows = tables.iter().find(|table| table["by"] == by).unwrap()["results"].as_array().unwrap();
        rows.iter().filter(|row| row["suppressed"].is_null()).map(|row| row["segment"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((told("stage"), told("touchpoint")), (vec![json!("purchase")], vec![json!("order")]));
}

#[test]
fn segments_whose_number_tells_their_size_are_not_listed() {
    let one_each: Vec<(&str, &str, &str, &str, usize)> =
        ["a", "b", "c", "d", "e", "f"].into_iter().map(|device| ("order", "", "", device, 1)).collect();
    let folder = Folder::new();
    folder.write("log.csv", &log(&one_each));
    for command in ["map", "paths"] {
        let command = format!("journey {command} log.csv --by device --min-journeys 5");
        let found = folder.cxo(&format!("{command} --format json")).json();
        assert_eq!(found["segments"], json!([]), "{command}");
        let page = folder.cxo(&command).stdout;
        assert!(page.contains("Segments: hidden to protect small groups."), "{page}");
    }
    folder.write("log.csv", &log(&[("order", "", "", "a", 3)]));
    let found = folder.cxo("journey map log.csv --by device --min-journeys 5 --format json").json();
    assert_eq!(found["segments"], json!([]));
}

#[test]
fn a_touchpoint_less_its_segments_is_nobody_or_many() {
    let groups = [
        ("reward", "", "", "desk", 22),
        ("reward", "", "", "mobile", 20),
        ("reward", "", "", "tablet", 3),
        ("order", "", "", "desk", 30),
        ("order", "", "", "mobile", 31),
        ("order", "", "", "tablet", 32),
        ("help", "", "", "desk", 50),
        ("help", "", "", "mobile", 51),
        ("help", "", "", "tablet", 52),
    ];
    let (found, _) = hotspots(&groups, "--by device");
    let all = shown(&found, "touchpoint");
    assert_eq!(all["reward"], 45);
    let segments = found["segments"].as_array().unwrap();
    for segment in segments {
        let own = shown(segment, "touchpoint");
        let rest = segment["scores"]["all"]["score"]["ratings"].as_u64().unwrap() - own.values().sum::<u64>();
        assert_eq!(own.keys().collect::<Vec<_>>(), [&"help"], "{segment}");
        assert_eq!(names(&segment["hotspots"]), ["help"]);
        assert_eq!(segment["hidden"], json!(["order", "reward"]));
        assert!(rest >= 5);
    }
    for (name, count) in all {
        let told: u64 = segments.iter().filter_map(|segment| shown(segment, "touchpoint").get(name).copied()).sum();
        assert!(count - told == 0 || count - told >= 5, "{name}");
    }
    // Where every cell is large, all are shown.
    let large: Vec<_> = groups.iter().filter(|group| group.0 != "reward").copied().collect();
    let (found, _) = hotspots(&large, "--by device");
    assert!(found["segments"].as_array().unwrap().iter().all(|segment| shown(segment, "touchpoint").len() == 2));
}

#[test]
fn ways_and_answers_of_a_report_tell_of_no_few() {
    let folder = Folder::new();
    let mut csv = "customer,time,touchpoint,channel,stage\n".to_owned();
    for (way, count) in [("order", 10), ("help", 7), ("return", 2)] {
        for number in 0..count {
            writeln!(csv, "{way}{number},2026-01-01T10:00:00Z,{way},web,").unwrap();
        }
    }
    folder.write("touchpoints.csv", &csv);
    folder.write(
        "feedback.csv",
        "customer,time,touchpoint,metric,score\na,2026-01-01,order,nps,9\nb,2026-01-01,order,nps,3\n",
    );
    folder.write("cxo.toml", "[journey]\noutcomes = [\"nonesuch\"]\n");
    let found = folder.cxo("report . --format json").json();
    let paths = &found["journey"]["paths"];
    let ways = paths["variants"].as_array().unwrap();
    assert_eq!(paths["total_variants"], json!(3));
    assert_eq!(ways.iter().map(|way| &way["path"]).collect::<Vec<_>>(), [&json!(["order"])], "19 less 10 and 7 is 2");
    assert_eq!(
        (&found["response"], &found["response_reason"]),
        (&Value::Null, &json!("hidden to protect small groups"))
    );
    let page = folder.cxo("report .").stdout;
    assert!(!page.contains("2 completed") && page.contains("Response"), "{page}");
    // Six ways of one journey each: how many there are would tell it.
    folder.write("touchpoints.csv", &log(&["a", "b", "c", "d", "e", "f"].map(|way| (way, "", "web", "", 1))));
    let paths = &folder.cxo("report . --format json").json()["journey"]["paths"];
    assert_eq!((&paths["variants"], &paths["total_variants"]), (&json!([]), &Value::Null));
    assert_eq!(paths["total_variants_reason"], json!("hidden to protect small groups"));
    assert!(folder.cxo("report .").stdout.contains("No way is shown: hidden to protect small groups."));
}

#[test]
fn an_outcome_that_is_not_there_leaves_nothing_stalled() {
    let folder = Folder::new();
    folder.write("touchpoints.csv", &log(&[("order", "purchase", "web", "", 20)]));
    folder.write("cxo.toml", "[journey]\noutcomes = [\"nonesuch\"]\nwindow = \"2d\"\n");
    let found = folder.cxo("report . --format json").json();
    assert!(found["journey"]["stalled_reason"].as_str().unwrap().contains("nonesuch"), "{}", found["journey"]);
    let page = folder.cxo("report .").stdout;
    let words: Vec<&str> = page.split_whitespace().collect();
    assert!(words.join(" ").contains("come to the one below it within 2"), "{page}");
}

#[test]
fn the_page_says_what_was_asked_and_no_more() {
    let groups = [("order", "buy", "web", "", 30), ("help", "service", "web", "", 30)];
    let (found, page) = hotspots(&groups, "--stage stage");
    assert!(page.contains("Hot spots  not tested") && !page.contains("greatest lower bound"), "{page}");
    // No cxo.toml says in which order the stages come.
    for stage in found["emotion_curve"]["stages"].as_array().unwrap() {
        assert!(stage["change_reason"].as_str().unwrap().contains("cxo.toml"), "{stage}");
    }
    assert!(page.contains("their order is not known"), "{page}");
    let (_, page) = hotspots(&[("order", "", "", "", 3)], "");
    assert!(page.contains("Hot spots  none shown") && !page.contains("0 of 0"), "{page}");
    // A rating of a pass that is still open is one.
    let folder = Folder::new();
    let rows = "late,extra,2026-01-02,service,web,,5\nearly,extra,2026-01-01,service,web,,\nearly,reorder,2026-01-02,loyalty,web,,\n";
    let log = log(&groups) + rows;
    folder.write("log.csv", &log);
    let found = folder.cxo(&format!("{HOTSPOTS} --silence 30d --min-responses 0 --format json")).json();
    assert_eq!((&found["unrated"], &found["undecided"]), (&json!([]), &json!(["extra"])));
}

#[test]
fn what_is_hidden_tells_no_passes_either() {
    let groups = [("help", "", "web", "", 30), ("chat", "", "chat", "", 3), ("order", "", "web", "", 20)];
    let (found, page) = hotspots(&groups, "--channel channel");
    let by = |key: &str| {
        let tables = found["scores"]["by"].as_array().unwrap();
        tables.iter().find(|by| by["key"] == key).unwrap()["results"].as_array().unwrap()
    };
    for row in by("touchpoint").iter().chain(by("channel")) {
        assert_eq!(row["passes"].is_u64(), row["score"].is_object(), "every pass is rated: {row}");
        assert_eq!(row["passes_reason"].is_string(), row["score_reason"].is_string(), "{row}");
    }
    let row = page.lines().find(|line| line.trim_start().starts_with("chat ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>().join(" "), "chat hidden to protect small groups", "{page}");
}

#[test]
fn ratings_that_cannot_be_compared_are_not_counted_where_they_are_few() {
    let covered = |phone: usize| {
        // All of the phone are good: there is nothing to compare them with.
        let mut log = "customer,touchpoint,time,channel,score\n".to_owned();
        for (channel, count) in [("web", 40), ("phone", phone)] {
            for number in 0..count {
                let score = if channel == "web" { 1 + number % 5 } else { 5 };
                writeln!(log, "{channel}{number},help,2026-01-01,{channel},{score}").unwrap();
                writeln!(log, "{channel}{number},reorder,2026-01-02,,").unwrap();
            }
        }
        let folder = Folder::new();
        folder.write("log.csv", &log);
        folder.cxo(&format!("{HOTSPOTS} --channel channel --adjust channel --format json")).json()["hotspots"][0]
            .clone()
    };
    let few = covered(3);
    for key in ["covered", "strata", "compared_strata"] {
        assert_eq!(few[format!("{key}_reason")], json!("hidden to protect small groups"), "{few}");
    }
    let many = covered(10);
    assert_eq!((&many["covered"], &many["strata"], &many["compared_strata"]), (&json!(0.8), &json!(2), &json!(1)));
}

/// So many passes of touchpoints after another one, in its channel and in another: (touchpoint, device, stayed, switched).
fn switches(groups: &[(&str, &str, usize, usize)]) -> String {
    let mut log = "customer,touchpoint,time,channel,device,score\n".to_owned();
    let mut customer = 0;
    for (touchpoint, device, stayed, switched) in groups {
        for number in 0..stayed + switched {
            customer += 1;
            let channel = if number < *stayed { "web" } else { "phone" };
            writeln!(log, "c{customer},home,2026-01-01,web,{device},3").unwrap();
            writeln!(log, "c{customer},{touchpoint},2026-01-02,{channel},{device},{}", 1 + number % 5).unwrap();
            if number % 2 == 0 {
                writeln!(log, "c{customer},reorder,2026-01-03,web,{device},").unwrap();
            }
        }
    }
    log
}

#[test]
fn switches_less_those_that_are_told_are_nobody_or_many() {
    let folder = Folder::new();
    let of = |found: &Value| {
        let rows = found["switches"]["touchpoints"].as_array().unwrap().iter();
        rows.map(|row| (row["touchpoint"].as_str().unwrap().to_owned(), row["switched"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    let command = format!("{HOTSPOTS} --channel channel --format json");
    folder.write("log.csv", &switches(&[("help", "", 20, 2), ("order", "", 20, 9), ("return", "", 30, 30)]));
    let found = folder.cxo(&command).json();
    // 41 less 9 and 30 would be the two of help.
    assert_eq!((&found["switches"]["all"]["switched"], of(&found)), (&json!(41), vec![("return".to_owned(), 30)]));
    // The tablets have three switches at order: the other devices do not tell theirs.
    let groups = [
        ("order", "desk", 20, 20),
        ("order", "tablet", 20, 3),
        ("order", "phone", 20, 20),
        ("return", "desk", 20, 20),
        ("return", "tablet", 20, 20),
        ("return", "phone", 20, 20),
    ];
    folder.write("log.csv", &switches(&groups));
    let found = folder.cxo(&format!("{command} --by device")).json();
    assert_eq!(of(&found), [("order".to_owned(), 43), ("return".to_owned(), 60)]);
    for segment in found["segments"].as_array().unwrap() {
        // Of the tablets alone, return with their sum would tell of order.
        let told = if segment["segment"] == "tablet" { vec![] } else { vec![("return".to_owned(), 20)] };
        assert_eq!(of(segment), told, "{segment}");
    }
}

#[test]
fn a_segment_of_which_nothing_can_be_shown_does_not_hide_the_others() {
    let mut groups = Vec::new();
    for device in ["desk", "mobile", "tablet"] {
        groups.extend(["help", "order", "return"].map(|touchpoint| (touchpoint, "", "", device, 40)));
    }
    groups.extend(["help", "order", "return"].map(|touchpoint| (touchpoint, "", "", "kiosk", 3)));
    let (found, _) = hotspots(&groups, "--by device");
    let segments = found["segments"].as_array().unwrap();
    let told: Vec<(&str, usize)> = segments
        .iter()
        .map(|segment| {
            let shows = segment["scores"].is_object();
            (segment["segment"].as_str().unwrap(), if shows { shown(segment, "touchpoint").len() } else { 0 })
        })
        .collect();
    assert_eq!(told, [("desk", 0), ("kiosk", 0), ("mobile", 3), ("tablet", 3)], "the kiosk takes one device along");
    let all = shown(&found, "touchpoint");
    for (name, count) in all {
        let told = segments.iter().filter(|segment| segment["scores"].is_object());
        let rest = count - told.map(|segment| shown(segment, "touchpoint")[name]).sum::<u64>();
        assert!(rest >= 5, "{name}: {rest}");
    }
}

#[test]
fn a_hidden_stage_is_hidden_in_the_whole_report() {
    let folder = Folder::new();
    let mut csv = "customer,time,touchpoint,channel,stage\n".to_owned();
    for customer in 0..60 {
        let mut day = 0;
        let mut add = |touchpoint: &str, stage: &str| {
            day += 1;
            writeln!(csv, "c{customer},2026-01-{day:02}T10:00:00Z,{touchpoint},web,{stage}").unwrap();
        };
        add("ad", "awareness");
        if customer < 40 {
            add("page", "consideration");
            add("page", "consideration");
        }
        if customer < 20 {
            add("pay", "purchase");
        }
        if customer < 3 {
            add("advise", "loyalty");
        }
    }
    folder.write("touchpoints.csv", &csv);
    folder.write("cxo.toml", "stages = [\"awareness\", \"consideration\", \"purchase\", \"loyalty\"]\n");
    let found = folder.cxo("report . --format json").json();
    let journey = &found["journey"];
    // 163 events less those of the other stages would tell the three.
    assert_eq!(journey["hidden_stages"], json!(["purchase", "loyalty"]), "{journey}");
    let steps = journey["funnel"]["steps"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| &step["touchpoint"]).collect::<Vec<_>>(), ["awareness", "consideration"]);
    assert_eq!(journey["funnel"]["hidden"], json!(["purchase", "loyalty"]));
    assert_eq!((&steps[1]["next"], &steps[1]["ended"]), (&json!([]), &Value::Null));
    assert!(journey["stages"].as_array().unwrap().iter().all(|stage| stage["next"]["touchpoint"] != "purchase"));
    for name in ["pay", "advise"] {
        assert!(!journey["repeats"].to_string().contains(name), "{}", journey["repeats"]);
    }
    assert!(!journey["stalled"]["stages"].to_string().contains("purchase"), "{}", journey["stalled"]);
}

#[test]
fn a_share_of_known_channels_tells_of_no_few() {
    let known = [("order", "", "web", "", 12), ("order", "", "phone", "", 12), ("order", "", "mail", "", 14)];
    let covered = |more: &[(&str, &str, &str, &str, usize)]| {
        let (found, _) = hotspots(&[&known, more].concat(), "--channel channel");
        found["consistency"][0]["covered"].clone()
    };
    // 38 of 41 whose channel is known, beside 45 in all, would tell the three of the chat and the four without a channel.
    assert_eq!(covered(&[("order", "", "chat", "", 3), ("order", "", "", "", 4)]), Value::Null);
    assert_eq!(covered(&[("order", "", "", "", 4)]), Value::Null);
    assert_eq!(covered(&[("order", "", "", "", 10)]), json!(1.0));
}

#[test]
fn of_too_few_in_all_nothing_is_listed() {
    let (found, page) = hotspots(&[("order", "buy", "web", "", 1), ("help", "buy", "web", "", 1)], "--stage stage");
    for by in found["scores"]["by"].as_array().unwrap() {
        assert_eq!(by["results"], json!([]), "two ratings of two touchpoints are one each");
    }
    assert_eq!((&found["hidden"], &found["unrated"]), (&json!(["help", "order"]), &json!([])));
    assert!(page.contains("Hot spots  none shown"), "{page}");
}

#[test]
fn passes_without_a_stage_tell_of_no_stage() {
    let groups = [("order", "buy", "web", "", 20), ("help", "", "web", "", 1), ("return", "service", "web", "", 30)];
    let (found, _) = hotspots(&groups, "--stage stage");
    let curve = &found["emotion_curve"];
    assert_eq!((curve["elsewhere"].is_u64(), curve["elsewhere_reason"].is_string()), (false, true), "{curve}");
    let (found, _) =
        hotspots(&groups.map(|(touchpoint, stage, ..)| (touchpoint, stage, "web", "", 20)), "--stage stage");
    assert_eq!(found["emotion_curve"]["elsewhere"], json!(20));
}

#[test]
fn segments_show_the_stages_of_the_touchpoints_that_they_show() {
    let mut groups = Vec::new();
    for device in ["desk", "mobile"] {
        groups.extend([("order", "buy", "", device, 40), ("help", "service", "", device, 40)]);
    }
    groups.extend([
        ("ask", "advice", "", "desk", 20),
        ("ask", "advice", "", "mobile", 2),
        ("try", "trial", "", "desk", 20),
    ]);
    groups.push(("try", "trial", "", "mobile", 20));
    let (found, _) = hotspots(&groups, "--stage stage --by device");
    for segment in found["segments"].as_array().unwrap() {
        let (touchpoints, stages) = (shown(segment, "touchpoint"), shown(segment, "stage"));
        assert_eq!(touchpoints.into_keys().collect::<Vec<_>>(), ["help", "order"], "{segment}");
        assert_eq!(stages.into_keys().collect::<Vec<_>>(), ["buy", "service"], "{segment}");
        let curve = segment["emotion_curve"]["stages"].as_array().unwrap();
        assert_eq!(curve.iter().filter(|stage| stage["mean"].is_object()).count(), 2);
    }
}
