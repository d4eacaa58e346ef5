//! The commands on small files whose numbers can be checked by hand.

use std::process::{Command, Stdio};

use crate::common::{FEEDBACK, Folder};
use serde_json::{Value, json};

fn feedback() -> Folder {
    let folder = Folder::new();
    folder.write("feedback.csv", FEEDBACK);
    folder
}

fn near(value: &Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() < 1e-9
}

#[test]
fn nps_of_a_file() {
    let document = feedback().cxo("nps feedback.csv --score score --format json").json();
    assert_eq!((&document["format"], &document["version"]), (&json!("cxo.nps"), &json!(1)));
    let all = &document["results"][0];
    assert_eq!(all["segment"], Value::Null);
    assert_eq!([&all["responses"], &all["promoters"], &all["passives"], &all["detractors"]], [9, 4, 2, 3]);
    // (4 - 3) / 9; variance (7 - 1/9) / 9, divisor n.
    assert!(near(&all["score"], 100.0 / 9.0));
    assert!(near(&all["standard_error"], 100.0 * ((7.0 - 1.0 / 9.0) / 81.0_f64).sqrt()));
    assert_eq!(all["interval"]["method"], "adjusted-wald");
    let load = &document["load"];
    assert_eq!(
        [&load["rows"], &load["accepted"], &load["blank"], &load["rejected"], &load["skipped"]],
        [11, 9, 1, 1, 0]
    );
    assert_eq!(load["reasons"][0]["reason"], "score is 11, allowed: 0 to 10");
    assert_eq!(load["reasons"][0]["examples"][0], json!({"line": 12, "column": "score", "value": "11"}));
    assert!(document["customers_reason"].as_str().unwrap().contains("one response per customer"));
}

#[test]
fn segments_come_in_the_order_of_their_bytes() {
    let folder = feedback();
    let document = folder.cxo("nps feedback.csv --score score --by channel --format json").json();
    let segments: Vec<&Value> = document["results"].as_array().unwrap().iter().map(|row| &row["segment"]).collect();
    assert_eq!(segments, [&Value::Null, &json!("shop"), &json!("web")]);
    assert_eq!(document["results"][1]["responses"], 5);
    assert_eq!(document["results"][2]["interval"]["method"], "score", "the smallest shown n (4) decides for all");
    let versus = &document["results"][1]["versus_rest"];
    assert_eq!((&versus["method"], &versus["correction"]), (&json!("adjusted-wald"), &json!("holm")));
    assert!(near(&versus["difference"], 100.0 * (0.0 - 1.0 / 4.0)));
    assert_eq!(document["results"][0].get("versus_rest"), None);

    let crossed = folder.cxo("nps feedback.csv --score score --by channel --by stage --format json").json();
    let segments: Vec<&Value> =
        crossed["results"].as_array().unwrap().iter().map(|row| &row["segment"]).skip(1).collect();
    assert_eq!(segments, ["shop / purchase", "shop / service", "web / purchase", "web / service"]);
}

#[test]
fn small_cells_are_hidden_with_another_that_protects_them() {
    let folder = feedback();
    let document = folder.cxo("nps feedback.csv --score score --by channel --min-responses 5 --format json").json();
    assert_eq!(document["results"][0]["responses"], 9);
    for row in [1, 2] {
        let row = document["results"][row].as_object().unwrap();
        assert_eq!(row.len(), 2, "segment and suppressed only: {row:?}");
        assert!(row["suppressed"].is_string());
    }
    let hidden = folder.cxo("nps feedback.csv --score score --min-responses 10 --format json").json();
    assert_eq!(hidden["results"].as_array().unwrap().len(), 1);
    assert!(hidden["results"][0]["suppressed"].is_string());
    let table = folder.cxo("nps feedback.csv --score score --min-responses 10");
    assert!(table.stdout.contains("not shown"), "{}", table.stdout);
}

#[test]
fn weights_stand_beside_the_counts() {
    let document = feedback().cxo("nps feedback.csv --score score --weight weight --format json").json();
    let all = &document["results"][0];
    assert_eq!([&all["responses"], &all["promoters"]], [9, 4]);
    assert_eq!([&all["weighted_responses"], &all["weighted_promoters"]], [9.5, 5.0]);
    assert_eq!([&all["weighted_passives"], &all["weighted_detractors"]], [2.0, 2.5]);
    assert!(near(&all["score"], 100.0 * 2.5 / 9.5));
    // Kish: 9.5² / (7 + 4 + 0.25).
    assert!(near(&all["effective_responses"], 9.5 * 9.5 / 11.25));
}

#[test]
fn repeat_respondents_are_clusters_or_counted_once() {
    let folder = feedback();
    let of = |arguments: &str| {
        folder
            .cxo(&format!("nps feedback.csv --score score --customer customer --time when --format json {arguments}"))
            .json()
    };
    let all = of("");
    assert_eq!((&all["customers"], &all["repeats"]), (&json!(8), &json!("all")));
    assert_eq!(all["results"][0]["responses"], 9);
    assert_eq!(all["results"][0].get("weighted_responses"), None, "no weights, no weighted keys");
    let (last, first) = (of("--repeats last"), of("--repeats first"));
    assert_eq!((&last["results"][0]["responses"], &first["results"][0]["responses"]), (&json!(8), &json!(8)));
    assert_eq!((&last["results"][0]["promoters"], &first["results"][0]["promoters"]), (&json!(3), &json!(4)));
    let segments = of("--by stage");
    assert_eq!(segments["results"][1]["responses"], 4, "a customer may be in several segments");
}

#[test]
fn a_trend_counts_every_period() {
    let folder = feedback();
    let of = |zone: &str| {
        folder.cxo(&format!("nps feedback.csv --score score --time when --period month --format json {zone}")).json()
    };
    let trend = of("")["trend"].clone();
    let found: Vec<_> =
        trend.as_array().unwrap().iter().map(|row| (&row["period"], &row["start"], &row["responses"])).collect();
    assert_eq!(
        found,
        [(&json!("2026-01"), &json!("2026-01-01"), &json!(3)), (&json!("2026-02"), &json!("2026-02-01"), &json!(6))]
    );
    assert_eq!(of("--time-zone America/New_York")["trend"], trend, "local times keep their day");
}

#[test]
fn designed_samples_use_their_clusters() {
    let folder = feedback();
    let of = |arguments: &str| {
        folder.cxo(&format!("nps feedback.csv --score score --format json {arguments}")).json()["results"][0].clone()
    };
    let clustered = of("--cluster customer");
    assert!(near(&clustered["score"], 100.0 / 9.0));
    assert_ne!(clustered["standard_error"], of("")["standard_error"]);
    assert_eq!(of("--cluster customer --strata channel")["responses"], 9);
}

#[test]
fn csat_of_a_file_and_of_counts() {
    let folder = Folder::new();
    folder.write("csat.csv", "rating,team\n5,a\n4,a\n3,a\n1,b\n5,b\n");
    let document = folder.cxo("csat csat.csv --score rating --by team --format json").json();
    let all = &document["results"][0];
    assert_eq!((&document["rule"], &all["box"], &document["scale"]), (&json!("top-2"), &json!("4-5"), &json!("1-5")));
    assert_eq!(
        (&all["responses"], &all["satisfied"], &all["share"], &all["mean"]),
        (&json!(5), &json!(3), &json!(0.6), &json!(3.6))
    );
    assert_eq!(all["interval"]["method"], "wilson");
    assert_eq!(document["results"][1]["satisfied"], 2);
    // The published example of a survey tool: 74 of 107.
    let counts = folder.cxo("csat --satisfied 74 --responses 107 --format json").json();
    assert!(near(&counts["results"][0]["share"], 74.0 / 107.0));
    assert_eq!(counts["results"][0]["mean_reason"], "only the counts are known");
    let vendor = folder.cxo("csat csat.csv --score rating --rule zendesk --format json").json();
    assert_eq!((&vendor["rule"], &vendor["results"][0]["box"]), (&json!("zendesk"), &json!("4-5")));
}

#[test]
fn ces_knows_its_direction() {
    let folder = Folder::new();
    folder.write("ces.csv", "effort\n1\n2\n2\n5\n3\n");
    let one = folder.cxo("ces ces.csv --score effort --scale 1-5 --version 1 --format json").json();
    assert_eq!(
        (&one["direction"], &one["box"], &one["difficult_box"]),
        (&json!("low-is-good"), &json!("1-2"), &json!("4-5"))
    );
    assert_eq!((&one["results"][0]["easy_share"], &one["results"][0]["difficult_share"]), (&json!(0.6), &json!(0.2)));
    assert!(near(&one["results"][0]["net_easy"], 0.4));
    let two = folder.cxo("ces ces.csv --score effort --format json").json();
    assert_eq!(
        (&two["direction"], &two["box"], &two["difficult_box"]),
        (&json!("high-is-good"), &json!("5-7"), &json!("1-3"))
    );
    assert_eq!((&two["ces_version"], &two["results"][0]["mean"]), (&json!(2), &json!(2.6)));
    folder.write("alike.csv", "effort\n6\n6\n");
    let alike = folder.cxo("ces alike.csv --score effort --format json").json();
    assert_eq!(alike["results"][0].get("interval"), None);
    assert_eq!(alike["results"][0]["interval_reason"], "all observations are alike");
}

#[test]
fn comparison_and_plan() {
    let folder = Folder::new();
    let document = folder.cxo("nps compare --counts 42,31,27 --against 50,30,20 --method wald --format json").json();
    assert!(near(&document["difference"], -15.0) && near(&document["standard_error"], 11.302654555457314));
    assert!(near(&document["p_value"], 0.18446837336665534));
    let welch = folder.cxo("nps compare --counts 5,0,0 --against 5,0,0 --method welch --format json").json();
    assert_eq!((welch.get("p_value"), &welch["p_value_reason"]), (None, &json!("all observations are alike")));
    let margin = folder.cxo("nps plan --promoters 0.42 --detractors 0.27 --margin 0.01 --format json").json();
    assert_eq!((&margin["responses"], &margin["margin"]), (&json!(25642), &json!(0.01)));
    let power =
        folder.cxo("nps plan --promoters 0.42 --detractors 0.27 --difference 0.02 --power 0.9 --format json").json();
    assert_eq!((&power["responses"], &power["power"]), (&json!(34901), &json!(0.9)));
}

#[test]
fn standard_input_and_lines() {
    let folder = Folder::new();
    let run = folder.cxo_with("nps - --score score --by channel --format jsonl", FEEDBACK);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["segment"], "web");
    let whole = folder.cxo("nps plan --promoters 0.5 --detractors 0.2 --margin 0.05 --format jsonl");
    assert_eq!(whole.stdout.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&whole.stdout).unwrap()["format"], "cxo.nps-plan");
}

#[test]
fn cxo_toml_beside_the_data_names_the_columns() {
    let folder = Folder::new();
    folder.write(
        "odd.csv",
        &FEEDBACK.replace("customer,when,channel,stage,score", "kunde;wann;kanal;phase;note").replace(',', ";"),
    );
    folder.write("cxo.toml", "[columns]\nscore = \"note\"\ncustomer = \"kunde\"\n\n[read]\ndelimiter = \";\"\n");
    let document = folder.cxo("nps odd.csv --format json").json();
    assert_eq!((&document["results"][0]["responses"], &document["customers"]), (&json!(9), &json!(8)));
    folder.write("cxo.toml", "[columns]\nscoer = \"note\"\n");
    let run = folder.cxo("nps odd.csv --format json");
    assert_eq!((run.code, &run.error()["kind"]), (1, &json!("config")));
    assert!(run.error()["message"].as_str().unwrap().contains("the role \"scoer\"; the roles are score,"));
    folder.write("cxo.toml", "[columns]\nscore = 3\n");
    assert!(folder.cxo("nps odd.csv").stderr.contains("line 2"));
}

#[test]
fn a_file_named_like_a_subcommand_is_written_with_its_folder() {
    let folder = Folder::new();
    folder.write("compare", FEEDBACK);
    assert_eq!(folder.cxo("nps ./compare --score score --format json").json()["results"][0]["responses"], 9);
}

#[test]
fn out_is_written_whole_or_not_at_all() {
    let folder = feedback();
    let run = folder.cxo("nps feedback.csv --score score --out result.json");
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""));
    let written = folder.read("result.json");
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap()["format"], "cxo.nps", "the extension chooses the form");
    assert_eq!(folder.cxo("nps feedback.csv --score nothing --out result.json").code, 1);
    assert_eq!(folder.read("result.json"), written, "a failure leaves the file as it was");
    assert_eq!(folder.cxo("nps feedback.csv --score score --format table --out result.json").code, 0);
    assert!(folder.read("result.json").starts_with("Net Promoter Score"), "--format wins");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no temporary file is left: {left:?}");
}

#[test]
fn rejected_rows_are_written_with_their_reasons() {
    let folder = feedback();
    assert_eq!(folder.cxo("nps feedback.csv --score score --rejected bad.csv").code, 0);
    let rejected = folder.read("bad.csv");
    assert_eq!(rejected.lines().count(), 2, "{rejected}");
    assert!(rejected.contains("jon,2026-02-11 10:00,shop,service,11,1,12,score,\"score is 11, allowed: 0 to 10\""));
}

#[test]
fn tables_are_plain_text_in_a_pipe() {
    let folder = feedback();
    let run = folder.cxo("nps feedback.csv --score score --by channel --time when --period month");
    assert_eq!(run.code, 0);
    assert!(!run.stdout.contains('\u{1b}'), "no colour in a pipe");
    for part in
        ["Net Promoter Score  +11.1", "promoters", "segment", "shop", "2026-01", "9 of 11 rows counted", "line 12"]
    {
        assert!(run.stdout.contains(part), "{part} in\n{}", run.stdout);
    }
    assert!(run.stdout.contains("one response per customer"), "{}", run.stdout);
    assert!(run.stdout.lines().all(|line| line == line.trim_end()));
    for arguments in ["csat feedback.csv --score stage", "ces feedback.csv --score stage"] {
        assert_eq!(folder.cxo(arguments).code, 1);
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new();
    let rows = (0..20_000).map(|row| format!("{},s{row}", row % 11)).collect::<Vec<_>>();
    let csv = format!("score,segment\n{}\n", rows.join("\n"));
    folder.write("many.csv", &csv);
    let mut child = Command::new(env!("CARGO_BIN_EXE_cxo"))
        .current_dir(folder.path())
        .args("nps many.csv --score score --by segment --format jsonl --interval wald".split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::new();
    for arguments in ["--help", "--version", "nps --help", "nps plan --help", "csat -h", "ces -h"] {
        let run = folder.cxo(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments}");
        assert!(!run.stdout.is_empty());
    }
}

#[test]
fn a_change_is_taken_apart_without_residual() {
    let folder = feedback();
    let periods = "--before 2026-01-01..2026-01-31 --after 2026-02-01..2026-02-28";
    let document = folder
        .cxo(&format!("nps decompose feedback.csv --score score --by channel --time when {periods} --format json"))
        .json();
    // January: three in web, 2 promoters. February: one in web (detractor), five in shop (2 promoters, 2 detractors).
    assert!(near(&document["before"], 200.0 / 3.0) && near(&document["after"], -100.0 / 6.0));
    let sum = document["mix"].as_f64().unwrap() + document["rate"].as_f64().unwrap();
    assert!((sum - document["change"]["difference"].as_f64().unwrap()).abs() < 1e-9);
    let shop = &document["parts"][0];
    assert_eq!(
        (&shop["segment"], &shop["score_before_reason"]),
        (&json!("shop"), &json!("no responses in this period"))
    );
    assert_eq!(shop["rate"], 0.0);
    let run = folder
        .cxo("nps decompose feedback.csv --score score --time when --before 2026-01-01 --after 2026-02-01..2026-02-28");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("first..last day"), "{}", run.stderr);
}

#[test]
fn a_hidden_total_hides_its_keys() {
    let folder = Folder::new();
    folder.write("one.csv", "score,channel,time\n9,web,2026-01-01\n");
    let hidden = "--by channel --time time --period month --min-responses 5 --format json";
    let document = folder.cxo(&format!("nps one.csv --score score {hidden}")).json();
    assert_eq!(document["results"].as_array().unwrap().len(), 1, "not even the name of the segment");
    assert!(document["results"][0]["suppressed"].is_string());
    assert_eq!(document.get("trend"), None);
}

#[test]
fn decimal_commas_are_read_where_they_are_declared() {
    let folder = Folder::new();
    folder.write("semicolons.csv", "score;weight\n9;1,5\n3;2,5\n");
    let document =
        folder.cxo("nps semicolons.csv --score score --weight weight --decimal-mark comma --format json").json();
    assert!(near(&document["results"][0]["score"], -25.0));
    assert_eq!(document["results"][0]["weighted_responses"], 4.0);
}
