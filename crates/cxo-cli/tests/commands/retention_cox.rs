//! `cxo retention cox`: the columns by their roles, the document against independent references, and every way to be wrong.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)] // Small numbers of tests.

use std::fmt::Write as _;

use crate::common::Folder;
use serde_json::{Value, json};

/// Sixty customers whose features are numbers, words and a name.
fn customers() -> String {
    let mut text = String::from("id,tenure,left,plan,price,region\n");
    for i in 0..60 {
        let (plan, region) = (["basic", "plus", "pro"][i / 2 % 3], ["north", "south"][i % 2]);
        let left = if i % 3 == 0 { "no" } else { "Yes" };
        writeln!(text, "c{i},{},{left},{plan},{},{region}", 1 + i * 7 % 11, (i * 13 % 17) as f64 / 4.0).unwrap();
    }
    text
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("customers.csv", &customers());
    folder
}

/// A page without its line breaks.
fn unwrapped(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names(document: &Value) -> Vec<&str> {
    document["coefficients"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

const COX: &str = "retention cox customers.csv --duration tenure --event left --exclude id";

#[test]
fn features_are_all_columns_without_another_role() {
    let folder = folder();
    let document = folder.cxo(&format!("{COX} --format json")).json();
    assert_eq!((&document["format"], &document["version"]), (&json!("cxo.cox"), &json!(1)));
    assert_eq!((&document["observations"], &document["events"]), (&json!(60), &json!(40)));
    assert_eq!(names(&document), ["plan=plus", "plan=pro", "price", "region=south"]);
    assert_eq!((&document["ties"], &document["interval_method"]), (&json!("efron"), &json!("wald")));
    assert_eq!(document["standard_error_method"], "observed-information");
    assert_eq!(
        (&document["load"]["rows"], &document["duration"], &document["event"]),
        (&json!(60), &json!("tenure"), &json!("left"))
    );
    let number = |key: &str| document[key].as_f64().unwrap();
    assert!(number("log_likelihood") > number("null_log_likelihood"));
    assert!((number("aic") - 2.0 * (4.0 - number("log_likelihood"))).abs() < 1e-9);
    let ratio = &document["likelihood_ratio"];
    assert!(
        (ratio["statistic"].as_f64().unwrap() - 2.0 * (number("log_likelihood") - number("null_log_likelihood"))).abs()
            < 1e-9
    );
    assert_eq!((&ratio["degrees"], &document["proportionality"]["transform"]), (&json!(4), &json!("km")));
    assert_eq!(document["proportionality"]["columns"].as_array().unwrap().len(), 4);
    assert!((0.5..1.0).contains(&number("concordance")) && number("concordance_standard_error") > 0.0);
    let chosen =
        folder.cxo(&format!("{} --features price,price --ties breslow --format json", &COX[..COX.len() - 13])).json();
    assert_eq!((names(&chosen), &chosen["ties"]), (vec!["price"], &json!("breslow")));
}

#[test]
fn roles_change_what_is_fitted() {
    let folder = Folder::new();
    let mut text = String::from("start,stop,left,x,z,customer,group,count\n");
    for i in 0..60_usize {
        let stop = 1 + i * 7 % 11;
        let start = (stop - 1).min(i * 3 % 5);
        let (x, z) = ((i * 13 % 17) as f64 / 4.0, (i * i % 7) as i32 - 3);
        writeln!(
            text,
            "{start},{stop},{},{x},{z},c{},{},{}",
            u8::from(i % 3 != 0),
            i / 3,
            i % 2,
            1.0 + (i % 3) as f64 * 0.5
        )
        .unwrap();
    }
    folder.write("rows.csv", &text);
    let fit = |more: &str| {
        folder
            .cxo(&format!("retention cox rows.csv --duration stop --event left --features x,z {more} --format json"))
            .json()
    };
    // Values and standard errors that lifelines 0.30.3 prints for the same rows.
    let peers: [(&str, [f64; 2], [f64; 2]); 4] = [
        ("", [0.005093712242863, 0.030821398720802], [0.132268776463042, 0.114954799151959]),
        ("--entry start", [0.030022316322570, 0.010237637089904], [0.135200792315016, 0.115386616046449]),
        ("--weight count", [-0.008595003688325, 0.032217442255815], [0.097846231090648, 0.085482765546246]),
        (
            "--entry start --weight count --strata group",
            [0.013041567897228, 0.011808298906481],
            [0.100514744406612, 0.090934819910132],
        ),
    ];
    for (more, values, errors) in peers {
        let document = fit(more);
        for (row, (value, error)) in document["coefficients"].as_array().unwrap().iter().zip(values.iter().zip(errors))
        {
            assert!((row["value"].as_f64().unwrap() - value).abs() < 1e-7, "{more} {row}");
            assert!((row["standard_error"].as_f64().unwrap() - error).abs() < 1e-7, "{more} {row}");
        }
        assert_eq!(document["concordance_reason"].is_string(), more.contains("strata"), "{more}");
    }
    assert_eq!(fit("--cluster customer")["standard_error_method"], "clustered-sandwich");
    assert_eq!(fit("--robust")["standard_error_method"], "sandwich");
    assert!(fit("--robust")["proportionality"]["global"]["p_value"].is_number(), "the test has errors of its own");
    let ridge = fit("--ridge 2 --transform rank");
    assert_eq!((&ridge["strength"], &ridge["proportionality"]["transform"]), (&json!(2.0), &json!("rank")));
    assert!(ridge["coefficients"][0]["standard_error_reason"].is_string() && ridge["aic_reason"].is_string());
    let categories = fit("--categorical z");
    assert_eq!(names(&categories).len(), 4, "x, and four values of z of which one is the reference");
}

/// A level that says what another column says counts as the reference.
#[test]
fn repeated_levels_collapse() {
    let folder = Folder::new();
    let mut text = String::from("time,event,internet,backup\n");
    for i in 0..80 {
        let internet = ["dsl", "fiber", "none"][i * 5 % 3];
        let backup = if internet == "none" { "no internet" } else { ["no", "yes"][i / 3 % 2] };
        writeln!(text, "{},{},{internet},{backup}", 1 + i * 37 % 23, u8::from(i % 3 != 1 || i % 4 == 0)).unwrap();
    }
    folder.write("levels.csv", &text);
    let document = folder.cxo("retention cox levels.csv --duration time --event event --format json").json();
    assert_eq!(names(&document), ["internet=fiber", "internet=none", "backup=yes"]);
    assert_eq!(document["collapsed"], json!(["backup=no internet"]));
    let page = unwrapped(&folder.cxo("retention cox levels.csv --duration time --event event").stdout);
    assert!(page.contains("count as the reference of their column: backup=no internet"), "{page}");
}

#[test]
fn pages_say_what_they_show() {
    let folder = folder();
    let page = unwrapped(&folder.cxo(COX).stdout);
    for part in ["66.7 %", "40 of 60 rows", "Efron's ties", "hazard", "× ", "concordance", "associations", "km"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let page = unwrapped(&folder.cxo(&format!("{COX} --ridge 1")).stdout);
    assert!(page.contains("ridge penalty of strength 1") && page.contains("no standard errors"), "{page}");
    let lines = folder.cxo(&format!("{COX} --format jsonl")).stdout;
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap()["format"], "cxo.cox");
    let piped =
        folder.cxo_with("retention cox - --duration tenure --event left --exclude id --format json", &customers());
    assert_eq!(piped.json()["observations"], 60);
}

#[test]
fn bad_rows_are_counted() {
    let folder = Folder::new();
    let bad = "d1,-1,no,basic,1,north\nd2,soon,no,basic,1,north\nd3,3,maybe,basic,1,north\nd4,3,,basic,1,north\nd5,3,no,basic,,north\n";
    folder.write("customers.csv", &(customers() + bad));
    let run = folder.cxo(&format!("{COX} --format json"));
    let load = run.json()["load"].clone();
    assert_eq!((&load["accepted"], &load["blank"], &load["rejected"]), (&json!(60), &json!(1), &json!(4)), "{load}");
    folder.write("late.csv", "start,stop,left,x\n0,2,1,1\n3,3,1,2\n1,4,1,0\n0,5,0,3\n0,1,1,1\n");
    let late = folder.cxo("retention cox late.csv --entry start --duration stop --event left --format json").json();
    assert_eq!(late["load"]["rejected"], 1);
    assert_eq!(late["load"]["reasons"][0]["examples"][0]["column"], "start");
}

/// Arguments, exit code, a part of the message, and the kind of the error object.
const CASES: &[(&str, i32, &str, &str)] = &[
    ("customers.csv --event left", 2, "which column holds the durations? Give --duration COLUMN", "usage"),
    ("customers.csv --duration tenure", 2, "which column holds whether they ended in leaving?", "usage"),
    (
        "customers.csv --duration tenure --event left --features cost",
        1,
        "there is no column \"cost\"",
        "unknown-column",
    ),
    ("customers.csv --duration tenure --event left --features tenure", 2, "tenure has another role", "usage"),
    ("customers.csv --duration tenure --event left --features price --ties exact", 2, "efron, breslow", "usage"),
    (
        "customers.csv --duration tenure --event left --features price --transform root",
        2,
        "km, rank, identity, log",
        "usage",
    ),
    ("customers.csv --duration tenure --event left --features price --ridge -1", 2, "at least 0", "usage"),
    ("customers.csv --duration tenure --event left --positive gone --features price", 1, "nobody left", "no-data"),
    ("never.csv --duration time --event event", 1, "separated: x", "separated"),
    ("same.csv --duration time --event event", 1, "not identified: y", "not-identified"),
    ("strata.csv --duration time --event event --strata s", 1, "nobody else was at risk", "degenerate"),
];

#[test]
fn every_failure_says_what_to_do() {
    let folder = folder();
    folder.write("never.csv", "time,event,x\n1,1,0\n2,1,0\n3,0,1\n4,1,0\n5,0,1\n6,1,0\n");
    folder.write("same.csv", "time,event,x,y\n1,1,0,0\n2,1,3,6\n3,0,1,2\n4,1,2,4\n5,0,1,2\n6,1,5,10\n");
    folder.write("strata.csv", "time,event,x,s\n1,1,0,a\n2,1,3,b\n3,1,1,c\n");
    for (arguments, code, message, kind) in CASES {
        let run = folder.cxo(&format!("retention cox {arguments}"));
        assert_eq!((run.code, run.stdout.as_str()), (*code, ""), "{arguments}\n{}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments}\n{}", run.stderr);
        let error = folder.cxo(&format!("retention cox {arguments} --format json")).error();
        assert_eq!(error["kind"], *kind, "{arguments}\n{error}");
    }
}

#[test]
fn agrees_with_the_reference() {
    let Some(golden) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let golden = std::path::Path::new(&golden);
    let text = std::fs::read_to_string(golden.join("churn/survival.json")).unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let folder = Folder::new();
    for dataset in ["telco_surv", "gbsg2"] {
        let file = golden.join(format!("../data/churn/{dataset}.csv"));
        std::fs::copy(file, folder.path().join("data.csv")).unwrap();
        for ties in ["efron", "breslow"] {
            let arguments = format!("retention cox data.csv --duration time --event event --ties {ties} --format json");
            let document = folder.cxo(&arguments).json();
            let expected = &reference[dataset][&format!("cox_{ties}")];
            let close = |found: &Value, expected: &Value| {
                let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
                assert!((found - expected).abs() <= 1e-8 * expected.abs(), "{dataset} {ties}: {found} {expected}");
            };
            close(&document["log_likelihood"], &expected["loglik"]);
            close(&document["null_log_likelihood"], &expected["loglik_null"]);
            for (at, name) in reference[dataset]["covariates"].as_array().unwrap().iter().enumerate() {
                let rows = document["coefficients"].as_array().unwrap();
                let row = rows.iter().find(|row| row["name"] == *name).unwrap();
                close(&row["value"], &expected["coef"][at]);
                close(&row["standard_error"], &expected["se"][at]);
            }
            if ties == "efron" {
                close(&document["concordance"], &expected["c_index_sksurv"]);
            }
        }
    }
}

/// A model that cannot be found tells the file, and the rows that it lacks; a column that is not there, those that are.
#[test]
fn failures_tell_the_file_and_its_rows() {
    let folder = Folder::new();
    folder.write("few.csv", "time,event,x\n-1,1,2\n5,1,3\n4,1,3\n");
    let error = folder.cxo("retention cox few.csv --duration time --event event --format json").error();
    assert_eq!(error["file"], "few.csv");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("few.csv: ") && message.contains("1 of 3 rows were rejected"), "{message}");
    let error = folder.cxo("retention cox few.csv --duration time --event event --features y --format json").error();
    assert_eq!((&error["kind"], &error["value"], &error["line"]), (&json!("unknown-column"), &json!("y"), &json!(1)));
    assert!(error["allowed"].as_str().unwrap().contains("\"event\""), "{error}");
    folder.write("far.csv", "who,day\na,2024-01-05\nb,nonsense\nc,2999-01-01\n");
    let run = folder.cxo("retention cohorts far.csv --customer who --date day --format json");
    assert!(run.error()["message"].as_str().unwrap().contains("far.csv: "), "{run:?}");
    assert!(run.error()["message"].as_str().unwrap().contains("1 of 3 rows were rejected"), "{run:?}");
}
