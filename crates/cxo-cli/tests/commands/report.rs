//! `cxo report` on small directories: what it finds, what it says, and what it refuses.

use std::fmt::Write as _;

use crate::common::{Folder, Run};
use serde_json::{Value, json};

/// 60 invitations of 30 customers over January and half of February: 40 answered, all of them NPS.
fn feedback() -> String {
    let mut csv = "customer,time,channel,stage,metric,score,status\n".to_owned();
    for at in 0..60 {
        let (month, day) = if at < 40 { (1, 1 + at * 3 / 4) } else { (2, at - 39) };
        let channel = if at % 2 == 0 { "web" } else { "shop" };
        let stage = ["delivery", "order", "visit"][at % 3];
        let (score, status) =
            if at % 3 == 0 { (String::new(), "invited") } else { (((at * 7) % 11).to_string(), "completed") };
        writeln!(csv, "C{},2026-{month:02}-{day:02}T10:00:00Z,{channel},{stage},nps,{score},{status}", at % 30)
            .unwrap();
    }
    csv
}

const TOUCHPOINTS: &str = "customer,time,touchpoint\nC1,2026-01-01T10:00:00Z,visit\nC1,2026-01-02T10:00:00Z,order\n";
const TRANSACTIONS: &str = "customer,date,amount,currency\nC1,2026-01-02,10.50,EUR\nC2,2026-01-03,-0.25,EUR\n";

fn customers() -> String {
    let line = |id| format!("C{id},{}\n", if id % 2 == 0 { "north" } else { "south" });
    std::iter::once("customer,region\n".to_owned()).chain((0..60).map(line)).collect()
}

fn folder() -> Folder {
    let folder = Folder::new();
    for (name, text) in [
        ("feedback.csv", feedback()),
        ("touchpoints.csv", TOUCHPOINTS.to_owned()),
        ("transactions.csv", TRANSACTIONS.to_owned()),
        ("customers.csv", customers()),
    ] {
        folder.write(name, &text);
    }
    folder
}

fn failure(run: &Run) -> (i32, String, String) {
    let error = run.error();
    (run.code, error["kind"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
}

#[test]
fn a_directory_with_all_files() {
    let document = folder().cxo("report . --format json").json();
    assert_eq!((&document["format"], &document["last_day"]), (&json!("cxo.report"), &json!("2026-02-20")));
    let roles: Vec<&Value> = document["files"].as_array().unwrap().iter().map(|file| &file["role"]).collect();
    assert_eq!(roles, ["feedback", "touchpoints", "transactions", "customers"]);
    assert_eq!((&document["response"]["invited"], &document["response"]["completed"]), (&json!(60), &json!(40)));
    let nps = &document["metrics"][0];
    assert_eq!(
        (&nps["metric"], &nps["results"][0]["responses"], &nps["customers"]),
        (&json!("nps"), &json!(40), &json!(20))
    );
    assert_eq!(nps["incomplete_period"], "2026-02");
    assert!(nps["change_reason"].as_str().unwrap().contains("two complete periods"));
    assert_eq!(document["touchpoints"], json!({"events": 2, "customers": 1}));
    assert_eq!(
        (&document["transactions"]["revenue"], &document["transactions"]["refunds"]),
        (&json!("10.25"), &json!(1))
    );
    assert_eq!(document.get("lifetime_value"), None, "two customers are no log to learn from, and no reason to fail");
    assert!(document["lifetime_value_reason"].as_str().unwrap().contains("not identified"));
    let who = &document["who_answered"];
    assert_eq!((&who["customers"], &who["respondents"], &who["outside"]), (&json!(60), &json!(20), &json!(0)));
    assert_eq!(who["attributes"][0]["attribute"], "region");
    assert_eq!((&document["contacts"]["customers"], &document["contacts"]["invitations"]), (&json!(30), &json!(60)));
}

#[test]
fn the_page_is_narrow_plain_and_summary_first() {
    let run = folder().cxo("report .");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let place = |part: &str| run.stdout.find(part).unwrap_or_else(|| panic!("{part} in\n{}", run.stdout));
    let order = [
        "Customer experience",
        "on 0-10",
        "differs",
        "Response  66.7 %",
        "Who answered  20 of 60",
        "Contact:",
        "\nNet Promoter Score",
        "2026-02 (incomplete)",
        "\nData",
    ];
    assert!(order.map(place).is_sorted(), "{}", run.stdout);
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 110 && line == line.trim_end() && !line.contains('\u{1b}'), "{line:?}");
    }
}

#[test]
fn only_feedback_or_only_another_file() {
    let folder = Folder::new();
    folder.write("feedback.csv", "metric,score\nnps,9\nnps,3\ncsat,4\nces,6\n");
    let document = folder.cxo("report . --format json --min-responses 0").json();
    assert_eq!(document["metrics"].as_array().unwrap().len(), 3);
    assert!(
        ["who_answered", "contacts", "touchpoints", "customers", "first_day"]
            .iter()
            .all(|key| document.get(key).is_none())
    );
    assert!(document["metrics"][0]["customers_reason"].is_string());
    let hidden = folder.cxo("report .");
    assert!(hidden.stdout.contains("hidden"), "{}", hidden.stdout);
    let folder = Folder::new();
    folder.write("customers.csv", &customers());
    let document = folder.cxo("report . --format json").json();
    assert_eq!((&document["customers"], &document["metrics"]), (&json!(60), &json!([])));
    assert!(document.get("who_answered").is_none() && document.get("response").is_none());
    assert!(folder.cxo("report .").stdout.contains("customers  60"));
}

#[test]
fn what_is_no_directory_of_data() {
    let folder = Folder::new();
    folder.write("feedback.csv", "metric,score\n");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let (code, kind, message) = failure(&folder.cxo("report empty --format json"));
    assert_eq!((code, kind.as_str()), (1, "input"));
    assert!(message.contains("none of feedback.csv"), "{message}");
    let (code, kind, message) = failure(&folder.cxo("report feedback.csv --format json"));
    assert_eq!((code, kind.as_str()), (1, "input"));
    assert!(message.contains("is a file"), "{message}");
    assert_eq!(failure(&folder.cxo("report nowhere --format json")).1, "io");
    assert_eq!(failure(&folder.cxo("report . --format json")).1, "header-only");
    assert_eq!(folder.cxo("report").code, 2);
    folder.write("feedback.csv", "metric,score\nnps,\n");
    assert_eq!(failure(&folder.cxo("report . --format json")).1, "no-data");
}

#[test]
fn cxo_toml_names_files_columns_and_stages() {
    let folder = Folder::new();
    let odd = feedback()
        .replace("customer,time,channel,stage,metric,score,status", "kunde;wann;kanal;phase;frage;note;stand");
    folder.write("umfrage.txt", &odd.replace(',', ";"));
    folder.write(
        "cxo.toml",
        "stages = [\"visit\", \"order\", \"delivery\"]\n[files]\nfeedback = \"umfrage.txt\"\n[columns]\ncustomer = \"kunde\"\n\
         time = \"wann\"\nchannel = \"kanal\"\nstage = \"phase\"\nmetric = \"frage\"\nscore = \"note\"\nstatus = \"stand\"\n",
    );
    let document = folder.cxo("report . --format json --min-responses 0").json();
    let by_stage = &document["metrics"][0]["breakdowns"][0];
    let names: Vec<&Value> = by_stage["results"].as_array().unwrap().iter().map(|row| &row["segment"]).collect();
    assert_eq!((&by_stage["by"], names), (&json!("stage"), vec![&json!("visit"), &json!("order")]));
    assert_eq!(document["files"][0]["file"], "umfrage.txt");
    folder.write("cxo.toml", "[files]\nfeedback = \"other.csv\"\n");
    assert_eq!(failure(&folder.cxo("report . --format json")).1, "io");
}

#[test]
fn bad_rows_are_counted_and_written_or_stop_a_strict_run() {
    let folder = folder();
    folder.write("feedback.csv", &(feedback() + "C9,2026-01-09T10:00:00Z,web,visit,nps,11,completed\n"));
    folder.write("transactions.csv", &(TRANSACTIONS.to_owned() + "C3,2026-01-03,many,EUR\n"));
    let document = folder.cxo("report . --format json --rejected bad.csv").json();
    let rejected = |at: usize| document["files"][at]["load"]["rejected"].clone();
    assert_eq!((rejected(0), rejected(1), rejected(2)), (json!(1), json!(0), json!(1)));
    assert!(folder.read("bad.csv").contains("nps,11,completed,62,score"));
    assert!(folder.read("bad.transactions.csv").contains("many"));
    assert!(!folder.path().join("bad.touchpoints.csv").exists());
    let page = folder.cxo("report .").stdout;
    assert!(page.contains("feedback.csv: 60 of 61 rows counted; 1 rejected."), "{page}");
    let (code, kind, _) = failure(&folder.cxo("report . --format json --strict"));
    assert_eq!((code, kind.as_str()), (1, "bad-row"));
}

/// Purchases of 120 customers over half a year, some of whom stop.
fn transactions() -> String {
    let mut csv = "customer,date,amount,currency\n".to_owned();
    for id in 0..120 {
        let (gap, purchases) = ([4, 9, 17, 30][id % 4], [1, 2, 9, 4, 1, 6][id % 6]);
        for at in 0..purchases {
            let day = id % 25 + at * gap * (3 + (id + at) % 4) / 4;
            if day < 180 {
                writeln!(csv, "C{id},2026-{:02}-{:02},{}.00,EUR", 1 + day / 30, 1 + day % 28, 10 + id * 7 % 50 + at)
                    .unwrap();
            }
        }
    }
    csv
}

#[test]
fn purchases_are_worth_something() {
    let folder = folder();
    folder.write("transactions.csv", &transactions());
    let document = folder.cxo("report . --format json").json();
    let found = &document["lifetime_value"];
    assert_eq!((&found["unit"], &found["totals"]["customers"]), (&json!("week"), &json!(120)));
    assert!(found["totals"]["customer_equity"]["value"].as_f64() > Some(0.0), "{found}");
    assert!(!found.to_string().contains("\"C1\""), "no single customer");
    let page = folder.cxo("report .").stdout;
    let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part} in\n{page}"));
    assert!(["\nNet Promoter Score", "\nCustomer equity", "as it may turn out", "\nData"].map(place).is_sorted());
    let hidden = folder.cxo("report . --format json --min-responses 200").json();
    assert_eq!(hidden.get("lifetime_value"), None);
    assert!(hidden["lifetime_value_reason"].is_string());
    folder.write("transactions.csv", "customer,date\nC1,2026-01-01\nC2,2026-01-03\n");
    let page = folder.cxo("report .").stdout;
    assert!(page.contains("Customer lifetime value  not computed"), "{page}");
}

#[test]
fn who_comes_back_and_what_leaving_costs() {
    let folder = folder();
    folder.write("transactions.csv", &transactions());
    let document = folder.cxo("report . --format json").json();
    let cohorts = folder.cxo("retention cohorts transactions.csv --customer customer --date date --format json").json();
    let (curve, shown) = (cohorts["curve"].as_array().unwrap(), document["retention"]["n_day"].as_array().unwrap());
    assert_eq!(shown.as_slice(), &curve[1..], "the curve of the command, without month 0");
    let (risk, worth) = (&document["churn_risk"], &document["lifetime_value"]);
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value}"));
    assert_eq!(
        (&risk["model"], &risk["horizon"], &risk["unit"]),
        (&worth["model"]["name"], &json!(13.0), &json!("week"))
    );
    assert!(risk["rule"].as_str().unwrap().starts_with("modelled-departure: margin 1 x"), "{risk}");
    let total = &risk["total"];
    assert_eq!((&total["customers"], &total["alive"]["value"]), (&json!(120), &worth["totals"]["alive"]));
    let (alive, departures) = (number(&total["alive"]["value"]), number(&total["departures"]["value"]));
    assert!(0.0 < departures && departures < alive, "{total}");
    assert_eq!(number(&total["departure_share"]), departures / alive);
    assert!(number(&total["alive"]["interval"]["upper"]) <= 120.0, "{total}");
    let bounds = &total["value_at_risk"]["interval"];
    let value = number(&total["value_at_risk"]["value"]);
    assert!(number(&bounds["lower"]) < value && value < number(&bounds["upper"]) && value > 0.0, "{total}");
    // 60 of the 120 are listed, half of them in each region.
    let region = &risk["segments"][0];
    let results = region["results"].as_array().unwrap();
    let names: Vec<&Value> = results.iter().map(|row| &row["segment"]).collect();
    assert_eq!((&region["by"], names), (&json!("region"), vec![&json!("north"), &json!("south")]));
    assert!(results.iter().all(|row| row["customers"] == 30 && row["value_at_risk"]["value"].as_f64() > Some(0.0)));
    let listed: f64 = results.iter().map(|row| number(&row["value_at_risk"]["value"])).sum();
    assert!(listed < value, "{listed} {value}");
    assert!(!risk.to_string().contains("\"C1\""), "no single customer");
}

#[test]
fn parts_of_all_customers_sum_to_the_total_and_stand_by_value() {
    let folder = folder();
    folder.write("transactions.csv", &transactions());
    // One bought much less often than the others, and one group is too small to be seen.
    let plan = |id: usize| if id < 3 { "gold" } else { ["basic", "free"][usize::from(id % 6 < 2)] };
    let lines = (0..120).map(|id| format!("C{id},{},{id}\n", plan(id)));
    folder
        .write("customers.csv", &std::iter::once("customer,plan,number\n".to_owned()).chain(lines).collect::<String>());
    let all = folder.cxo("report . --format json --min-responses 0").json();
    let segments = all["churn_risk"]["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 1, "120 different numbers are no groups");
    for part in ["alive", "departures", "value_at_risk"] {
        let value = |row: &Value| row[part]["value"].as_f64().unwrap();
        let sum: f64 = segments[0]["results"].as_array().unwrap().iter().map(value).sum();
        let total = value(&all["churn_risk"]["total"]);
        assert!((sum - total).abs() < 1e-9 * total, "{part}: {sum} {total}");
    }
    let hidden = folder.cxo("report . --format json").json();
    let results = hidden["churn_risk"]["segments"][0]["results"].as_array().unwrap();
    let seen: Vec<bool> = results.iter().map(|row| row.get("suppressed").is_none()).collect();
    assert_eq!(seen.len(), 3);
    assert!(
        !seen[2] && seen.iter().filter(|seen| **seen).count() == 1,
        "gold, and one more from which it could be told"
    );
    let page = folder.cxo("report . --min-responses 0").stdout;
    let place = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part} in\n{page}"));
    let order = ["\nRetention  ", "bought in it", "\nCustomer equity", "\nChurn risk  ", "value at risk EUR", "\nData"];
    assert!(order.map(place).is_sorted(), "{page}");
    assert!(page.lines().all(|line| line.chars().count() <= 110), "{page}");
}

#[test]
fn what_is_not_known_of_leaving_says_why() {
    let folder = folder();
    let page = folder.cxo("report .").stdout;
    assert!(page.contains("Retention  not computed") && page.contains("Churn risk  not computed"), "{page}");
    let document = folder.cxo("report . --format json").json();
    assert!(document["retention_reason"].as_str().unwrap().contains("whole month"), "{document}");
    assert_eq!(document["churn_risk_reason"], document["lifetime_value_reason"]);
    folder.write("transactions.csv", &transactions());
    let hidden = folder.cxo("report . --format json --min-responses 200").json();
    assert!(["retention", "churn_risk"].iter().all(|key| hidden.get(key).is_none()));
    assert!(["retention_reason", "churn_risk_reason"].iter().all(|key| hidden[key].is_string()));
    // Without amounts there are departures and no value.
    let dates: String =
        transactions().lines().map(|line| line.split(',').take(2).collect::<Vec<_>>().join(",") + "\n").collect();
    folder.write("transactions.csv", &dates);
    let risk = &folder.cxo("report . --format json").json()["churn_risk"];
    assert!(risk["total"]["departures"]["value"].as_f64() > Some(0.0), "{risk}");
    assert!(risk["total"]["value_at_risk_reason"].as_str().unwrap().contains("amounts"), "{risk}");
    assert!(folder.cxo("report .").stdout.contains("No value at risk: no column of amounts"));
}

#[test]
fn lines_and_files() {
    let folder = folder();
    let lines = folder.cxo("report . --format jsonl").stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["metric"]), (1, &json!("nps")));
    let run = folder.cxo("report . --out report.json");
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    let written = folder.read("report.json");
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap()["format"], "cxo.report");
    folder.write("feedback.csv", "metric\n");
    assert_eq!(folder.cxo("report . --out report.json").code, 1);
    assert_eq!(folder.read("report.json"), written, "a failure leaves the file as it was");
}

/// Bytes as a gzip file of one stored block (RFC 1952, RFC 1951 section 3.2.4).
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let crc = !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    let length = u16::try_from(bytes.len()).unwrap();
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    file.extend(length.to_le_bytes().into_iter().chain((!length).to_le_bytes()).chain(bytes.iter().copied()));
    file.extend(crc.to_le_bytes().into_iter().chain(u32::from(length).to_le_bytes()));
    file
}

#[test]
fn compressed_files_are_read() {
    let (plain, packed) = (folder(), Folder::new());
    for name in ["feedback.csv", "touchpoints.csv", "transactions.csv", "customers.csv"] {
        std::fs::write(packed.path().join(format!("{name}.gz")), gzip(plain.read(name).as_bytes())).unwrap();
    }
    let [mut one, mut other] = [plain, packed].map(|folder| folder.cxo("report . --format json").json());
    assert_eq!(other["files"][0]["file"], "feedback.csv.gz");
    one["files"] = Value::Null;
    other["files"] = Value::Null;
    assert_eq!(one, other);
}
