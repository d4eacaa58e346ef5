//! `cxo clv` and `cxo retention project`: small data of our own, every way to be wrong, and the published references.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::common::Folder;
use serde_json::{Value, json};

/// Purchases of 200 invented customers over a year, in the order of time: some come weekly, some once; each stops at some time.
fn log() -> String {
    let mut rows = Vec::new();
    for id in 0..200_i32 {
        let born = id * 7 % 90;
        let gap = [5, 9, 16, 30, 70, 150][usize::try_from(id % 6).unwrap()];
        let stays = [30, 400, 120, 400, 60][usize::try_from(id % 5).unwrap()];
        let mut day = born;
        for purchase in 0.. {
            let cents = 900 + id * 37 % 4000 + purchase * 131 % 700;
            rows.push((day, id, cents));
            day += 1 + (gap * (2 + (id + 3 * purchase) % 5)) / 4;
            if day > born + stays || day > 364 {
                break;
            }
        }
    }
    rows.sort_unstable();
    let mut csv = "who,day,paid\n".to_owned();
    for (day, id, cents) in rows {
        writeln!(csv, "c{id:03},{},{}.{:02}", date(day), cents / 100, cents % 100).unwrap();
    }
    csv
}

/// The day of 2025, counted from 0.
fn date(mut day: i32) -> String {
    let mut month = 0;
    for length in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        month += 1;
        if day < length {
            break;
        }
        day -= length;
    }
    format!("2025-{month:02}-{:02}", day + 1)
}

/// The same customers as a table, made by the command itself.
fn table(folder: &Folder) -> String {
    let document =
        folder.cxo("clv log.csv --customer who --date day --amount paid --model bg-nbd --format json").json();
    let mut csv = "id,x,t_x,T,mean\n".to_owned();
    for row in document["customers"].as_array().unwrap() {
        let mean = row["monetary_value"].as_f64().map(|mean| mean.to_string()).unwrap_or_default();
        let cell = |key: &str| row[key].to_string();
        writeln!(
            csv,
            "{},{},{},{},{mean}",
            row["customer"].as_str().unwrap(),
            cell("frequency"),
            cell("recency"),
            cell("age")
        )
        .unwrap();
    }
    csv
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("log.csv", &log());
    folder
}

const LOG: &str = "clv log.csv --customer who --date day --amount paid";
const TABLE: &str = "clv table.csv --summary --frequency x --recency t_x --age T";

fn near(found: &Value, expected: f64, tolerance: f64) -> bool {
    (found.as_f64().unwrap_or(f64::NAN) - expected).abs() <= tolerance * expected.abs().max(1e-12)
}

#[test]
fn a_log_becomes_a_document() {
    let folder = folder();
    let document = folder.cxo(&format!("{LOG} --until 2025-10-31 --horizon 13,52 --format json")).json();
    assert_eq!((&document["format"], &document["version"]), (&json!("cxo.clv"), &json!(1)));
    assert_eq!(
        (&document["unit"], &document["merge"], &document["last_day"]),
        (&json!("week"), &json!("day"), &json!("2025-10-31"))
    );
    assert!(document["choice"]["candidates"].as_array().unwrap().len() > 2);
    let customers = document["customers"].as_array().unwrap();
    assert_eq!((customers.len(), &document["totals"]["customers"]), (200, &json!(200)));
    assert_eq!(customers[0]["customer"], "c000", "the first in the log");
    let (load, rows) = (&document["load"], &document["purchases"]);
    assert_eq!((&load["accepted"], &rows["records"]), (&rows["records"], &json!(log().lines().count() - 1)));
    let count = |key: &str| rows[key].as_u64().unwrap();
    assert!(count("later") > 0, "later rows are accepted and not counted");
    assert_eq!(count("purchases") + count("merged") + count("refunds") + count("later"), count("records"));
    let sum = |key: &str| customers.iter().map(|row| row[key].as_f64().unwrap()).sum::<f64>();
    assert!(near(&document["totals"]["customer_equity"]["value"], sum("clv"), 1e-9));
    assert!(near(&document["totals"]["residual_transactions"], sum("residual_transactions"), 1e-9));
    assert!(near(&document["totals"]["alive"], sum("probability_alive"), 1e-9));
    for row in customers {
        for limits in row["expected_purchases"].as_array().unwrap() {
            assert!(limits["lower"].as_u64() <= limits["upper"].as_u64());
        }
        assert_eq!(row.get("monetary_value").is_some(), row["frequency"].as_u64() > Some(0), "{row}");
    }
    let equity = &document["totals"]["customer_equity"];
    assert!(equity["standard_error"].as_f64() < equity["prediction_error"].as_f64(), "chance comes on top");
    let valuable = document["most_valuable"].as_array().unwrap();
    let best = customers.iter().map(|row| row["clv"].as_f64().unwrap()).fold(0.0, f64::max);
    assert_eq!((valuable.len(), &valuable[0]["value"]), (10, &json!(best)));
}

#[test]
fn lines_are_the_customers_of_the_document() {
    let folder = folder();
    let document = folder.cxo(&format!("{LOG} --format json")).json();
    let lines = folder.cxo(&format!("{LOG} --format jsonl")).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&json!(lines), &document["customers"]);
    let run = folder.cxo(&format!("{LOG} --out result.jsonl"));
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(folder.read("result.jsonl").lines().count(), 200);
    assert_eq!(folder.cxo(&format!("{LOG} --format json")).json(), document, "the same bits on every run");
}

#[test]
fn a_table_of_summaries_gives_the_same() {
    let folder = folder();
    folder.write("table.csv", &table(&folder));
    let of_log = folder.cxo(&format!("{LOG} --model bg-nbd --format json")).json();
    let of_table = folder.cxo(&format!("{TABLE} --monetary mean --customer id --model bg-nbd --format json")).json();
    for part in ["model", "spend", "fit", "totals", "customers", "most_valuable", "valuation"] {
        assert_eq!(of_log[part], of_table[part], "{part}");
    }
    assert_eq!((of_table.get("merge"), of_table.get("choice")), (None, None));
}

#[test]
fn the_unit_only_scales() {
    let folder = folder();
    let of = |arguments: &str| folder.cxo(&format!("{LOG} --model bg-nbd --format json {arguments}")).json();
    let (weeks, days) = (of("--horizon 13"), of("--unit day --horizon 91"));
    let value = |document: &Value, path: &str| document.pointer(path).unwrap().as_f64().unwrap();
    for path in ["/model/parameters/r", "/model/parameters/a", "/model/parameters/b"] {
        assert!(near(&json!(value(&weeks, path)), value(&days, path), 1e-6), "{path}");
    }
    assert!(near(
        &json!(7.0 * value(&weeks, "/model/parameters/alpha")),
        value(&days, "/model/parameters/alpha"),
        1e-6
    ));
    for path in [
        "/customers/3/expected_purchases/0/value",
        "/customers/3/residual_transactions",
        "/customers/3/clv",
        "/customers/3/probability_alive",
    ] {
        assert!(near(&json!(value(&weeks, path)), value(&days, path), 1e-6), "{path}");
    }
}

#[test]
fn without_amounts_there_is_no_value_and_it_says_so() {
    let folder = folder();
    let document = folder.cxo("clv log.csv --customer who --date day --format json").json();
    assert_eq!(document["spend_reason"], "no column of amounts was named");
    assert_eq!(document["totals"]["customer_equity_reason"], "no column of amounts was named");
    let row = &document["customers"][0];
    for key in ["monetary_value", "expected_spend", "clv"] {
        assert_eq!((row.get(key), row[format!("{key}_reason")].is_string()), (None, true), "{key}");
    }
    let page = folder.cxo("clv log.csv --customer who --date day").stdout;
    assert!(page.contains("No value: no column of amounts was named."), "{page}");
    let by_purchases = document["most_valuable"][0]["value"].as_f64().unwrap();
    let most = document["customers"].as_array().unwrap().iter();
    assert_eq!(by_purchases, most.map(|row| row["residual_transactions"].as_f64().unwrap()).fold(0.0, f64::max));
}

#[test]
fn discount_margin_and_periods_do_what_they_say() {
    let folder = folder();
    let of = |arguments: &str| folder.cxo(&format!("{LOG} --model bg-nbd --format json {arguments}")).json();
    let clv = |document: &Value| document["customers"][1]["clv"].as_f64().unwrap();
    let (plain, half) = (of(""), of("--margin 0.5"));
    assert!(near(&json!(2.0 * clv(&half)), clv(&plain), 1e-12));
    // Without discount the value is that of the purchases within 52.14 weeks.
    let all = of("--discount 0 --horizon 52.14");
    let row = &all["customers"][1];
    let expected = row["expected_spend"].as_f64().unwrap() * row["expected_purchases"][0]["value"].as_f64().unwrap();
    assert!(near(&row["clv"], expected, 1e-9), "{row}");
    assert!(clv(&of("--periods 24")) > clv(&plain) && clv(&plain) > clv(&of("--discount 0.05")));
    let years = of("--period year --periods 1 --discount 0.127 --horizon 52");
    assert!(near(
        &json!(clv(&years) * 1.127),
        years["customers"][1]["expected_purchases"][0]["value"].as_f64().unwrap()
            * years["customers"][1]["expected_spend"].as_f64().unwrap(),
        1e-9
    ));
    let residual = |document: &Value| document["customers"][1]["residual_transactions"].as_f64().unwrap();
    assert!(residual(&of("--annual-discount 0.05")) > residual(&plain));
}

#[test]
fn every_model_answers_by_its_name() {
    let folder = folder();
    for (model, names) in [
        ("bg-nbd", &["r", "alpha", "a", "b"][..]),
        ("mbg-nbd", &["r", "alpha", "a", "b"]),
        ("bg-cnbd", &["r", "alpha", "a", "b", "k"]),
        ("mbg-cnbd", &["r", "alpha", "a", "b", "k"]),
        ("pareto-nbd", &["r", "alpha", "s", "beta"]),
    ] {
        let run = folder.cxo(&format!("{LOG} --model {model} --format json"));
        let document = run.json();
        assert_eq!(document["model"]["name"], model);
        let parameters = document["model"]["parameters"].as_object().unwrap();
        assert!(names.len() == parameters.len() && names.iter().all(|name| parameters.contains_key(*name)), "{model}");
        assert_eq!(document["model"]["standard_errors"].as_object().unwrap().len(), 4, "{model}");
        let by_construction = document.get("alive_by_construction").is_some();
        assert_eq!(by_construction, model.starts_with("bg-"), "{model}");
        let page = folder.cxo(&format!("{LOG} --model {model}")).stdout;
        assert_eq!(page.contains("alive by construction"), by_construction, "{page}");
    }
}

#[test]
fn a_model_that_the_data_do_not_determine_says_which_one_they_do() {
    let run = folder().cxo(&format!("{LOG} --model ggom-nbd --format json"));
    assert_eq!((run.code, &run.error()["kind"]), (1, &json!("not-identified")));
    assert!(run.error()["message"].as_str().unwrap().contains("Pareto/NBD"), "{}", run.stderr);
}

#[test]
fn opportunities_are_counted_not_timed() {
    let folder = Folder::new();
    folder.write(
        "donors.csv",
        "x,t_x,n,donors\n0,0,6,3464\n1,1,6,1091\n1,3,6,406\n2,4,6,399\n3,6,6,370\n4,6,6,452\n5,6,6,641\n6,6,6,1203\n2,7,6,5\n1,2.5,6,5\n",
    );
    let arguments = "clv donors.csv --summary --frequency x --recency t_x --age n --count donors --model bg-bb";
    let document = folder.cxo(&format!("{arguments} --format json")).json();
    assert_eq!((&document["unit"], &document["valuation"]["period_units"]), (&json!("opportunity"), &json!(1.0)));
    assert_eq!((&document["load"]["accepted"], &document["load"]["rejected"]), (&json!(8), &json!(2)));
    let reasons: Vec<&str> =
        document["load"]["reasons"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        ["t_x is 2.5, allowed: a whole number of opportunities", "t_x is 7, allowed: 0 to the age of 6"]
    );
    assert_eq!((&document["totals"]["customers"], &document["customers"][0]["count"]), (&json!(8026), &json!(3464)));
    let horizons = document["customers"][0]["expected_purchases"].as_array().unwrap();
    assert_eq!(horizons.iter().map(|row| row["horizon"].as_f64().unwrap()).collect::<Vec<_>>(), [1.0, 5.0, 10.0]);
    let page = folder.cxo(arguments).stdout;
    assert!(page.contains("opportunities to buy") && page.contains("within  expected"), "{page}");
    // Six opportunities leave no room for more purchases, and nobody has a name.
    assert!(!page.contains("7+") && !page.lines().any(|line| line.trim_start().starts_with("customer ")), "{page}");
    assert_eq!(document["fit"].as_array().unwrap().len(), 7);
}

#[test]
fn a_customer_without_spend_says_why_he_has_no_value() {
    let folder = folder();
    let csv = folder.read("log.csv") + "free,2025-01-03,1.00\nfree,2025-02-03,0\nfree,2025-03-03,0\n";
    folder.write("log.csv", &csv);
    let document = folder.cxo(&format!("{LOG} --model bg-nbd --format json")).json();
    let customer = document["customers"].as_array().unwrap().iter().find(|row| row["customer"] == "free").unwrap();
    for key in ["clv_reason", "expected_spend_reason"] {
        assert_eq!(customer[key], "the mean spend of the repeat purchases is not above 0", "{customer}");
    }
}

/// What the log holds, arguments, exit code, a part of the message, and the kind of the error object.
const CASES: &[(&str, &str, i32, &str, &str)] = &[
    ("", "", 1, "the file is empty", "empty"),
    ("who,day,paid\n", "", 1, "there is a header and no row below it", "header-only"),
    (
        "who,day,paid\na,2025-01-01,1\n",
        "--amount price",
        1,
        "there is no column \"price\"; the columns are \"who\", \"day\", \"paid\"",
        "unknown-column",
    ),
    ("who,day,paid\na,soon,1\n", "", 1, "\"soon\"", "date-format"),
    ("who,day,paid\na,2025-02-30,1\n", "", 1, "no date is written in a format that can be detected", "date-format"),
    ("who,day,paid\na,2025-02-30,1\n", "--date-format iso", 1, "nothing to count in 1 rows", "no-data"),
    (
        "who,day,paid\na,2025-01-01,1\n",
        "",
        1,
        "log.csv: not identified: no customer has bought again",
        "not-identified",
    ),
    ("who,day,paid\na,2025-01-01,1\nb,2025-01-01,1\nc,2025-02-01,1\n", "", 1, "", "not-identified"),
    (
        "who,day,paid\na,2025-01-01,-1\nb,2025-01-02,-5\n",
        "",
        1,
        "not one of 2 rows is a purchase: 2 refunds",
        "no-data",
    ),
    (
        "who,day,paid\na,2025-01-01,1\na,2025-01-09,x\n",
        "",
        1,
        "; 1 of 2 rows were rejected (amount is x",
        "not-identified",
    ),
    (
        "who,day,paid\na,2025-01-01,-1\na,soon,2\n",
        "--date-format iso",
        1,
        "1 refunds; 1 of 2 rows were rejected",
        "no-data",
    ),
    ("who,day,paid\na,2025-01-05,1\n", "--until 2025-01-01", 1, "purchases until 2025-01-01", "no-data"),
    ("who,day,paid\na,2025-01-01,x\n", "--strict", 1, "line 2, column \"paid\": amount is x", "bad-row"),
    ("who,day,paid\na,0001-01-01,1\nb,9999-01-01,2\na,2025-01-01,3\n", "--unit day", 1, "is a date wrong?", "input"),
];

#[test]
fn broken_logs_say_what_is_wrong() {
    for (csv, arguments, code, message, kind) in CASES {
        let folder = Folder::new();
        folder.write("log.csv", csv);
        let run = folder.cxo(
            &format!("clv log.csv --customer who --date day --amount paid {arguments}")
                .replace("--amount paid --amount price", "--amount price"),
        );
        assert_eq!(run.code, *code, "{csv}\n{}", run.stderr);
        assert_eq!(run.stdout, "", "{csv}");
        assert!(run.stderr.contains(message) && !run.stderr.contains("panicked"), "{csv}\n{}", run.stderr);
        let all = format!("clv log.csv --customer who --date day --amount paid {arguments} --format json");
        let run = folder.cxo(&all.replace("--amount paid --amount price", "--amount price"));
        assert_eq!((run.code, &run.error()["kind"]), (*code, &json!(kind)), "{csv}\n{}", run.stderr);
        assert_eq!(run.error()["file"], "log.csv", "{csv}\n{}", run.stderr);
    }
}

/// A row of a table, and why it is rejected.
const ROWS: [(&str, &str, &str); 16] = [
    ("z,2,30,20,1,0,1", "t_x", "t_x is 30, allowed: 0 to the age of 20"),
    ("z,2,0,20,1,0,1", "t_x", "t_x is 0, allowed: above 0 where there were repeat purchases"),
    ("z,0,3,20,1,0,1", "t_x", "t_x is 3, allowed: 0 where there was no repeat purchase"),
    ("z,-1,3,20,1,0,1", "x", "x is -1, allowed: a whole number from 0 to 4294967295"),
    ("z,1.5,3,20,1,0,1", "x", "x is 1.5, allowed: a whole number from 0 to 4294967295"),
    ("z,NaN,3,20,1,0,1", "x", "x is NaN, allowed: a finite number"),
    ("z,,3,20,1,0,1", "x", "x is blank, allowed: a finite number"),
    ("z,1,3,-4,1,0,1", "T", "T is -4, allowed: a finite time of at least 0"),
    ("z,1,3,inf,1,0,1", "T", "T is inf, allowed: a finite number"),
    ("z,1,3,20,much,0,1", "mean", "mean is much, allowed: a finite number"),
    ("z,2,3,20,1,9,1", "logs", "logs is 9, allowed: a finite number of at most"),
    ("z,1,3,20,1,0,0", "n", "n is 0, allowed: a whole number of at least 1"),
    ("z,1,3,20,1,0,2.5", "n", "n is 2.5, allowed: a whole number of at least 1"),
    (",1,3,20,1,0,1", "id", "id is blank, allowed: any text that no row before has"),
    ("a,1,3,20,1,0,1", "id", "id is a, allowed: any text that no row before has"),
    ("z,1,3,20", "", "the row has 4 cells, the header 7"),
];

#[test]
fn rows_that_no_customer_can_have_are_rejected_with_line_and_value() {
    let folder = Folder::new();
    let good = "a,1,3,20,5,,1\nb,0,0,20,,,3\nc,4,15,20,7,,1\nd,2,9,18,6,,1\n";
    let bad = ROWS.map(|(row, ..)| row).join("\n");
    folder.write("table.csv", &format!("id,x,t_x,T,mean,logs,n\n{good}{bad}"));
    let arguments = "--customer id --monetary mean --litt logs --count n --model bg-nbd --rejected bad.csv";
    // Whether so few customers have a fit is not the question.
    let run = folder.cxo(&format!("{TABLE} {arguments}"));
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    let rejected = folder.read("bad.csv");
    for ((row, column, reason), (written, line)) in ROWS.iter().zip(rejected.lines().skip(1).zip(6..)) {
        assert!(written.starts_with(row), "{row}\n{written}");
        assert!(written.contains(&format!("{line},{column},")) && written.contains(reason), "{row}\n{written}");
    }
    assert_eq!(rejected.lines().count(), ROWS.len() + 1);
    let strict = folder.cxo(&format!("{TABLE} {arguments} --strict --format json"));
    let error = strict.error();
    assert_eq!((strict.code, &error["kind"], &error["line"]), (1, &json!("bad-row"), &json!(6)));
    assert_eq!(
        (&error["column"], &error["value"], &error["allowed"]),
        (&json!("t_x"), &json!("30"), &json!("0 to the age of 20"))
    );
}

/// Arguments that do not go together, or are none.
const USAGE: &[(&str, &str)] = &[
    ("clv log.csv", "which column holds the customers? Give --customer COLUMN"),
    ("clv log.csv --customer who", "which column holds the days? Give --date COLUMN"),
    ("clv log.csv --customer who --date day --frequency x", "--summary"),
    ("clv log.csv --summary --date day", "cannot be used with"),
    ("clv log.csv --summary --until 2025-01-01", "cannot be used with"),
    ("clv log.csv --summary --merge day", "cannot be used with"),
    ("clv log.csv --summary --frequency who", "which column holds the times from the first to the last purchase?"),
    ("clv log.csv --customer who --date day --model weibull", "auto, bg-nbd, mbg-nbd"),
    ("clv log.csv --customer who --date day --model bg-bb", "give --summary with --model bg-bb"),
    ("clv log.csv --summary --model bg-bb --unit day", "--unit cannot be combined with --model bg-bb"),
    ("clv log.csv --summary --model bg-bb --period month", "--period cannot be combined with --model bg-bb"),
    ("clv log.csv --summary --model bg-bb --horizon 1.5", "--horizon takes whole numbers with --model bg-bb"),
    ("clv log.csv --customer who --date day --unit year", "day, week, month"),
    ("clv log.csv --customer who --date day --merge hour", "day, none, unit"),
    ("clv log.csv --customer who --date day --until soon", "year-month-day"),
    ("clv log.csv --customer who --date day --horizon 0", "numbers above 0 and at most 100000"),
    ("clv log.csv --customer who --date day --horizon 4,x", "numbers above 0 and at most 100000"),
    ("clv log.csv --customer who --date day --horizon 4,13,4.0", "horizon is 4, allowed: each once"),
    ("clv log.csv --customer who --date day --periods 0", "--periods"),
    ("clv log.csv --customer who --date day --period fortnight", "day, week, month, year"),
    ("clv log.csv --customer who --date day --discount=-0.1", "--discount"),
    ("clv log.csv --customer who --date day --annual-discount -0.1", "a finite number of at least 0"),
    ("clv log.csv --customer who --date day --margin 1.5", "--margin"),
    ("clv log.csv --customer who --date day --margin 1e300", "margin is 1e300"),
    ("clv log.csv --customer who --date day --annual-discount inf", "a finite number of at least 0"),
    ("clv log.csv --customer who --date day --confidence 95", "between 0 and 1"),
    ("clv log.csv --customer who --date day --confidence -1", "between 0 and 1"),
    ("clv", "Usage"),
    ("retention", "Usage"),
    ("retention project", "--survivors"),
    ("retention project --survivors 1000,many", "whole numbers, none above the one before"),
    (
        "retention project --survivors 1000,900,901",
        "--survivors: survivors after period 2 is 901, allowed: 0 to the 900 before",
    ),
    ("retention project --survivors 0,0", "--survivors: customers at the start is 0"),
    ("retention project --survivors -5,3", "whole numbers, none above the one before"),
    ("retention project --survivors 1000", "--survivors"),
    ("retention project --survivors 1000,900,800 --model weibull", "sbg, bdw"),
    ("retention project --survivors 1000,900,800 --periods 0", "--periods"),
    (
        "retention project --survivors 1000,900,800 --discount -0.1",
        "--discount: discount is -0.1, allowed: a finite number of at least 0",
    ),
    ("retention project --survivors 1000,900,800 --confidence -1", "between 0 and 1"),
    ("retention project --survivors 1000,900,800 --periods -1", "--periods"),
];

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let folder = folder();
    for (arguments, message) in USAGE {
        let run = folder.cxo(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments}\n{}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments}\n{}", run.stderr);
        if *message != "Usage" {
            let run = folder.cxo(&format!("{arguments} --format json"));
            assert_eq!((run.code, &run.error()["kind"]), (2, &json!("usage")), "{arguments}");
        }
    }
}

#[test]
fn the_hour_matters_only_where_nothing_is_merged() {
    let folder = Folder::new();
    let mut csv = "who,day\n".to_owned();
    for row in log().lines().skip(1) {
        let mut cells = row.split(',');
        let (who, day) = (cells.next().unwrap(), cells.next().unwrap());
        writeln!(csv, "{who},{day} 09:00\n{who},{day} 21:00").unwrap();
    }
    folder.write("log.csv", &csv);
    let of = |merge: &str| {
        folder
            .cxo(&format!("clv log.csv --customer who --date day --model bg-nbd --merge {merge} --format json"))
            .json()
    };
    let (merged, apart) = (of("day"), of("none"));
    let purchases = |document: &Value| {
        document["customers"].as_array().unwrap().iter().map(|row| row["frequency"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(purchases(&apart), 2 * purchases(&merged) + 200, "each purchase twice, the first one repeated too");
    assert_eq!(apart["merge"], "none");
}

#[test]
fn cxo_toml_names_the_columns() {
    let folder = folder();
    folder.write("cxo.toml", "[columns]\ncustomer = \"who\"\ndate = \"day\"\namount = \"paid\"\n");
    let named = folder.cxo("clv log.csv --format json").json();
    assert_eq!(named, folder.cxo(&format!("{LOG} --format json")).json());
}

#[test]
fn currencies_of_a_file_are_one() {
    let folder = Folder::new();
    let mut csv = String::new();
    for (at, row) in log().lines().enumerate() {
        writeln!(
            csv,
            "{row},{}",
            match at {
                0 => "currency",
                9 => "USD",
                _ => "EUR",
            }
        )
        .unwrap();
    }
    folder.write("log.csv", &csv);
    let document = folder.cxo(&format!("{LOG} --format json")).json();
    assert_eq!((&document["currency"], &document["load"]["rejected"]), (&json!("EUR"), &json!(1)));
    assert_eq!(
        document["load"]["reasons"][0]["reason"],
        "currency is USD, allowed: EUR, as before: one currency a file"
    );
}

#[test]
fn the_page_tells_the_story() {
    let folder = folder();
    let page = folder.cxo(&format!("{LOG} --model bg-nbd --until 2025-10-31"));
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    let place = |part: &str| page.stdout.find(part).unwrap_or_else(|| panic!("{part} in\n{}", page.stdout));
    let order = [
        "Customer equity",
        "BG/NBD: every customer buys at random",
        "parameter",
        "Log-likelihood",
        "repeat purchases  customers  expected",
        "expected to be alive",
        "within  expected purchases",
        "as it may turn out",
        "Gamma-Gamma",
        "The most valuable customers",
        "The most endangered valuable customers",
        "Under BG/NBD",
        "are later than the last day that counts",
    ];
    assert!(order.map(place).is_sorted(), "{}", page.stdout);
    for line in page.stdout.lines() {
        assert!(line.chars().count() <= 110 && line == line.trim_end() && !line.contains('\u{1b}'), "{line:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cxo"))
        .current_dir(folder.path())
        .args(format!("{LOG} --format jsonl").split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn a_long_log_is_streamed() {
    let folder = Folder::new();
    let mut csv = "who,day,paid\n".to_owned();
    for at in 0..120_000_u64 {
        // Some come more often than others, and everyone stops on some day.
        let (any, day) = (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50, at / 330);
        let who = (any * any) >> 14;
        if day < 5 + who * 37 % 700 {
            writeln!(csv, "c{who},{},{}.5", date(i32::try_from(day).unwrap()), 5 + who % 90).unwrap();
        }
    }
    folder.write("log.csv", &csv);
    let run = folder.cxo(&format!("{LOG} --model mbg-nbd --format jsonl --horizon 52 --out customers.jsonl"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(folder.read("customers.jsonl").lines().count() > 10_000);
}

#[test]
fn retention_is_projected_beyond_what_was_seen() {
    let folder = Folder::new();
    let survivors = "retention project --survivors 1000,869,743,653,593,551,517,491";
    let document = folder.cxo(&format!("{survivors} --format json")).json();
    assert_eq!((&document["format"], &document["model"]["name"]), (&json!("cxo.retention-projection"), &json!("sbg")));
    let numbers = |key: &str| -> Vec<f64> {
        document[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let (survival, retention) = (numbers("survival"), numbers("retention"));
    assert_eq!((survival.len(), retention.len(), &document["survivors"][7]), (12, 12, &json!(491)));
    let product = retention.iter().product::<f64>();
    assert!((product - survival[11]).abs() < 1e-12 && survival.iter().rev().is_sorted() && retention.is_sorted());
    assert_eq!((document.get("residual_lifetime"), document["residual_lifetime_reason"].is_string()), (None, true));
    let longer = folder.cxo(&format!("{survivors} --model bdw --periods 20 --format json")).json();
    assert_eq!(
        (longer["survival"].as_array().unwrap().len(), longer["model"]["parameters"].as_object().unwrap().len()),
        (20, 3)
    );
    let page = folder.cxo(survivors).stdout;
    assert!(page.contains("Shifted beta-geometric") && page.contains("86.9 %") && page.contains("infinite"), "{page}");
    let certain = folder.cxo(&format!("{survivors} --confidence 0.9999999999999999 --format json")).json();
    assert_eq!(certain["model"]["intervals"].as_object().unwrap().len(), 2, "a level next to 1 has its interval");
    let lines = folder.cxo(&format!("{survivors} --format jsonl")).stdout;
    assert_eq!(lines.lines().count(), 1);
    // Without a discount lifetimes are what they are undiscounted: here infinite.
    let page = folder.cxo(&format!("{survivors} --discount 0"));
    let words = page.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("A new customer pays infinitely many times"), "{words} {}", page.stderr);
    let whole = folder.cxo(&format!("{survivors} --discount 0 --format json")).json();
    assert_eq!((whole.get("discounted_lifetime"), whole["discounted_lifetime_reason"].is_string()), (None, true));
}

#[test]
fn a_curve_without_losses_or_with_nobody_left_is_no_answer() {
    let folder = Folder::new();
    for counts in ["1000,1000,1000", "10,0,0"] {
        let run = folder.cxo(&format!("retention project --survivors {counts} --format json"));
        assert_eq!(run.code, 1, "{counts}\n{}", run.stdout);
        assert!(!run.error()["message"].as_str().unwrap().is_empty());
    }
}

fn golden() -> Option<PathBuf> {
    let folder = std::env::var_os("CXO_GOLDEN_DIR").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
    }
    folder
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn parameters_agree(found: &Value, expected: &Value, names: &[(&str, &str)]) {
    for (ours, theirs) in names {
        assert!(near(&found["parameters"][ours], expected["params"][theirs].as_f64().unwrap(), 1e-6), "{ours} {found}");
        let error = expected["se_params"][theirs].as_f64().unwrap();
        assert!(near(&found["standard_errors"][ours], error, 1e-4), "{ours} {found}");
    }
    assert!(near(&found["log_likelihood"], expected["log_likelihood"].as_f64().unwrap(), 1e-9), "{found}");
}

const GEOMETRIC: [(&str, &str); 4] = [("r", "r"), ("alpha", "alpha"), ("a", "a"), ("b", "b")];

#[test]
fn the_published_story_of_cdnow() {
    let Some(folder) = golden() else { return };
    let expected = read(&folder.join("clv/cdnow_sample_exact.json"));
    let log = folder.join("../data/clv/cdnow_sample_elog.csv");
    let arguments = format!("clv {} --customer id --date date --amount value --until 1997-09-30", log.display());
    let document = Folder::new().cxo(&format!("{arguments} --format json")).json();
    assert_eq!((&document["model"]["name"], &document["model"]["customers"]), (&json!("bg-nbd"), &json!(2357)));
    parameters_agree(&document["model"], &expected["models"]["bg_nbd"], &GEOMETRIC);
    parameters_agree(&document["spend"], &expected["models"]["gamma_gamma"], &[("p", "p"), ("q", "q"), ("gamma", "v")]);
    assert_eq!(document["spend"]["customers"], 946);
    let page = Folder::new().cxo(&arguments).stdout;
    for part in ["0.243", "4.414", "0.793", "2.426", "-9,582.4", "6.250", "3.744", "15.444", "1,411"] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
}

#[test]
fn every_customer_of_cdnow() {
    let Some(folder) = golden() else { return };
    let expected = read(&folder.join("clv/cdnow_summary.json"));
    let table = folder.join("../data/clv/cdnow_summary_money.csv");
    let columns = "--summary --frequency x --recency t_x --age T --monetary zbar --customer id --horizon 4,13,39,104";
    for (model, key, last) in
        [("bg-nbd", "bg_nbd", "a"), ("mbg-nbd", "mbg_nbd", "a"), ("pareto-nbd", "pareto_nbd", "s")]
    {
        let arguments = format!("clv {} {columns} --model {model} --format json", table.display());
        let document = Folder::new().cxo(&arguments).json();
        let (customers, reference) = (document["customers"].as_array().unwrap(), &expected["models"][key]);
        assert!(near(&document["model"]["parameters"][last], reference["params"][last].as_f64().unwrap(), 1e-6));
        assert_eq!(customers.len(), 2357);
        let column = |key: &str| reference[key].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut compared = 0;
        for (at, row) in customers.iter().enumerate() {
            let wanted = |key: &str| column(key).get(at).and_then(Value::as_f64);
            let pairs = [
                (&row["probability_alive"], wanted("p_alive")),
                (&row["expected_purchases"][0]["value"], wanted("cet_4")),
                (&row["expected_purchases"][3]["value"], wanted("cet_104")),
                (&row["clv"], wanted("clv")),
                (&row["residual_transactions"], wanted("dert")),
            ];
            for (found, wanted) in pairs.into_iter().filter_map(|(found, wanted)| Some((found, wanted?))) {
                assert!(near(found, wanted, 1e-5), "{model} {wanted} {row}");
                compared += 1;
            }
        }
        assert!(compared >= 4 * 2357, "{model}: {compared} compared");
    }
}

#[test]
fn donors_and_contracts_as_published() {
    let Some(folder) = golden() else { return };
    let expected = read(&folder.join("clv/donations.json"));
    let reference = &expected["models"]["bg_bb"];
    let table = folder.join("../data/clv/donations_bgbb.csv");
    let columns = "--summary --frequency frequency --recency recency --age periods --count weights --model bg-bb";
    let arguments = format!("clv {} {columns} --horizon 1,5,10 --annual-discount 0.1 --format json", table.display());
    let document = Folder::new().cxo(&arguments).json();
    let names = [("alpha", "alpha"), ("beta", "beta"), ("gamma", "gamma"), ("delta", "delta")];
    parameters_agree(&document["model"], reference, &names);
    assert_eq!(document["totals"]["customers"], 11104);
    // The total of five opportunities, as published.
    assert!(near(&document["totals"]["expected_purchases"][1]["value"], 12884.2, 1e-5));
    for (at, row) in document["customers"].as_array().unwrap().iter().enumerate() {
        for (found, key) in [
            (&row["probability_alive"], "p_alive_at_n"),
            (&row["expected_purchases"][0]["value"], "cet_1"),
            (&row["expected_purchases"][2]["value"], "cet_10"),
            (&row["residual_transactions"], "dert_0.1"),
        ] {
            assert!(near(found, reference[key][at].as_f64().unwrap(), 1e-5), "{key} {row}");
        }
    }

    let expected = read(&folder.join("clv/sbg_fader_hardie_2007.json"));
    let survivors = [("highend", "1000,869,743,653,593,551,517,491"), ("regular", "1000,631,468,382,326,289,262,241")];
    for (segment, counts) in survivors {
        let reference = &expected["models"]["sbg"][segment];
        let document = Folder::new().cxo(&format!("retention project --survivors {counts} --format json")).json();
        parameters_agree(&document["model"], reference, &[("alpha", "alpha"), ("beta", "beta")]);
        for (key, theirs) in [("survival", "survivor_1_12"), ("retention", "retention_1_12")] {
            for (found, wanted) in document[key].as_array().unwrap().iter().zip(reference[theirs].as_array().unwrap()) {
                assert!(near(found, wanted.as_f64().unwrap(), 1e-6), "{key} {found} {wanted}");
            }
        }
        assert!(near(&document["discounted_lifetime"], reference["DEL"].as_f64().unwrap(), 1e-6));
    }
}
