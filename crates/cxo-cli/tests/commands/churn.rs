//! `cxo churn`: small data of our own, every way to be wrong, and Telco from its raw CSV to explained scores.

use std::{fmt::Write as _, fs};

use crate::common::Folder;
use serde_json::Value;

/// 400 invented customers: newer ones and those on the basic plan leave more often.
fn csv() -> String {
    let mut text = "id,tenure,plan,seats,left\n".to_owned();
    for row in 0..400_u32 {
        let (tenure, plan) = (row * 37 % 61, ["basic", "family", "premium"][(row * 7 % 3) as usize]);
        let seats = if row % 40 == 3 { String::new() } else { (row * 13 % 9).to_string() };
        let threshold = 20 + tenure / 2 + if plan == "basic" { 0 } else { 12 };
        let left = if row * 53 % 71 > threshold { "yes" } else { "no" };
        writeln!(text, "c{row:03},{tenure},{plan},{seats},{left}").unwrap();
    }
    text
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("customers.csv", &csv());
    folder
}

const FIT: &str = "churn fit customers.csv --target left --customer id";

fn coefficient<'a>(document: &'a Value, name: &str) -> &'a Value {
    let found = document["coefficients"].as_array().unwrap().iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

#[test]
fn fit_and_score_tell_one_story() {
    let folder = folder();
    let fit = folder.cxo(&format!("{FIT} --model-out model.json --format json")).json();
    assert_eq!((&fit["format"], &fit["version"]), (&Value::from("cxo.churn-fit"), &Value::from(1)));
    // Ten rows have no seats.
    assert_eq!((&fit["observations"], &fit["load"]["rejected"]), (&Value::from(390), &Value::from(10)));
    assert_eq!(fit["load"]["reasons"][0]["examples"][0]["column"], "seats");
    let names: Vec<&str> =
        fit["coefficients"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["(intercept)", "tenure", "plan=family", "plan=premium", "seats"]);
    assert!(coefficient(&fit, "tenure")["upper"].as_f64().unwrap() < 0.0);
    assert_eq!((&fit["penalty"], &fit["calibration"]), (&Value::from("none"), &Value::from("platt")));
    assert_eq!((&fit["confidence"], &fit["interval_method"]), (&Value::from(0.95), &Value::from("wald")));
    assert!(fit.get("strength").is_none() && fit.get("positive").is_none() && fit.get("collapsed").is_none());

    let scores =
        folder.cxo("churn score customers.csv --model model.json --customer id --reasons 3 --format json").json();
    assert_eq!(scores["format"], "cxo.churn-scores");
    let rows = scores["scores"].as_array().unwrap();
    assert_eq!(rows.len(), 390);
    let number = |row: &Value, key: &str| row[key].as_f64().unwrap();
    let value = |name: &str| number(coefficient(&fit, name), "value");
    for row in rows {
        let id: u32 = row["customer"].as_str().unwrap()[1..].parse().unwrap();
        let plan = ["basic", "family", "premium"][(id * 7 % 3) as usize];
        let by_plan = if plan == "basic" { 0.0 } else { value(&format!("plan={plan}")) };
        let logit = value("(intercept)")
            + value("tenure") * f64::from(id * 37 % 61)
            + by_plan
            + value("seats") * f64::from(id * 13 % 9);
        assert!((number(row, "logit") - logit).abs() < 1e-9);
        assert!(0.0 < number(row, "lower") && number(row, "lower") < number(row, "probability"));
        assert!(number(row, "probability") < number(row, "upper") && number(row, "upper") < 1.0);
        let reasons = row["reasons"].as_array().unwrap();
        let sum: f64 = reasons.iter().map(|reason| number(reason, "contribution")).sum();
        assert!((number(&scores, "base") + sum - number(row, "logit")).abs() < 1e-12);
        assert!(reasons.windows(2).all(|pair| number(&pair[0], "contribution") >= number(&pair[1], "contribution")));
    }
    let lines = folder.cxo("churn score customers.csv --model model.json --customer id --reasons 3 --format jsonl");
    let lines: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&lines, rows);
    let none = folder.cxo("churn score customers.csv --model model.json --reasons 0 --format json").json();
    assert!(none["scores"][0].get("customer").is_none() && none["scores"][0]["reasons"].as_array().unwrap().is_empty());
}

#[test]
fn pages_say_it_in_words() {
    let folder = folder();
    // Prose is wrapped.
    let fit = folder.cxo(&format!("{FIT} --model-out model.json")).stdout.replace('\n', " ");
    for words in
        ["tenure", "plan=premium", "McFadden", "AUC", "calibrated on those (platt)", "not effects", "10 rejected"]
    {
        assert!(fit.contains(words), "{words}:\n{fit}");
    }
    let scores = folder.cxo("churn score customers.csv --model model.json --customer id").stdout;
    for words in ["Most at risk", "tenure", "plan basic (×", "not causes"] {
        assert!(scores.contains(words), "{words}:\n{scores}");
    }
    let ridge = folder.cxo(&format!("{FIT} --penalty l2 --strength 5 --model-out ridge.json")).stdout;
    assert!(ridge.contains("no standard errors") || ridge.contains("standard errors"), "{ridge}");
    let scores = folder.cxo("churn score customers.csv --model ridge.json").stdout;
    assert!(scores.contains("There are no limits: a penalised fit"), "{scores}");
}

#[test]
fn penalties_are_what_they_are_called() {
    let folder = folder();
    let fit = |options: &str| folder.cxo(&format!("{FIT} --format json {options}")).json();
    let none = fit("--penalty none");
    let ridge = fit("--penalty l2 --strength 100");
    let size = |document: &Value| coefficient(document, "tenure")["standardized"].as_f64().unwrap().abs();
    assert!(size(&ridge) < size(&none));
    assert_eq!((&ridge["penalty"], &ridge["strength"]), (&Value::from("l2"), &Value::from(100.0)));
    let tenure = coefficient(&ridge, "tenure");
    for key in ["standard_error", "statistic", "p_value", "lower", "upper"] {
        assert!(tenure.get(key).is_none() && tenure[format!("{key}_reason")].is_string(), "{key}");
    }
    let lasso = fit("--penalty l1 --strength 1000");
    assert!(lasso["coefficients"].as_array().unwrap().iter().skip(1).all(|row| row["value"] == 0.0), "{lasso:#}");
    let net = fit("--penalty elastic-net --strength 10 --l1-ratio 0.25");
    assert_eq!((&net["l1_ratio"], &net["strength"]), (&Value::from(0.25), &Value::from(10.0)));
    // Between the two nets of ratio 0 and 1.
    let firth = fit("--penalty firth");
    assert!(coefficient(&firth, "tenure")["standard_error"].is_f64() && size(&firth) < size(&none));
    for calibration in ["none", "isotonic", "platt"] {
        assert_eq!(fit(&format!("--calibration {calibration}"))["calibration"], calibration);
    }
}

#[test]
fn blanks_curves_and_categories_are_declared() {
    let folder = folder();
    let fit = |options: &str| folder.cxo(&format!("{FIT} --format json {options}")).json();
    let kept = fit("--missing indicator");
    assert_eq!(kept["observations"], 400);
    coefficient(&kept, "seats=(missing)");
    let curved = fit("--spline tenure --categorical seats --features tenure,seats");
    coefficient(&curved, "tenure''");
    // The reference is the first level by bytes: 0.
    coefficient(&curved, "seats=8");
    assert!(curved["coefficients"].as_array().unwrap().iter().all(|row| row["name"] != "seats=0"));
    let few = fit("--exclude plan,seats");
    assert_eq!(few["coefficients"].as_array().unwrap().len(), 2);
    assert_eq!(few["observations"], 400);
    let dated =
        folder.cxo(&format!("{FIT} --date 2026-06-30 --missing indicator --model-out model.json --format json"));
    dated.json();
    let model: Value = serde_json::from_str(&folder.read("model.json")).unwrap();
    assert_eq!(model["training"]["date"], "2026-06-30");
    assert_eq!(model["training"]["customers"], 400);
    // The schema of the model knows what a blank cell is.
    folder.write("new.csv", "seats,plan,tenure,who\n,family,3,ann\n2,gold,4,ben\nfew,basic,4,cem\n");
    let run = folder.cxo("churn score new.csv --model model.json --customer who --format json").json();
    assert_eq!(run["scores"].as_array().unwrap().len(), 1);
    let reasons: Vec<&str> =
        run["load"]["reasons"].as_array().unwrap().iter().map(|reason| reason["reason"].as_str().unwrap()).collect();
    assert!(reasons.contains(&"plan is gold, allowed: basic, family, premium"), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.starts_with("seats is few")), "{reasons:?}");
}

#[test]
fn targets_are_read_as_they_are_meant() {
    let folder = folder();
    let text = csv();
    folder.write("words.csv", &text.replace(",yes\n", ",left us\n").replace(",no\n", ",active\n"));
    let words = "churn fit words.csv --customer id --target left --format json";
    let error = folder.cxo(words).error();
    assert_eq!(error["kind"], "no-data");
    assert!(error["message"].as_str().unwrap().contains("needs a stated positive value"), "{error}");
    folder.write("codes.csv", &text.replace(",yes\n", ",TRUE\n").replace(",no\n", ",False\n"));
    let codes = folder.cxo("churn fit codes.csv --customer id --target left --format json").json();
    assert_eq!(codes["coefficients"], folder.cxo(&format!("{FIT} --format json")).json()["coefficients"]);
    folder.write("some.csv", &text.replacen(",yes\n", ",maybe\n", 3).replacen(",no\n", ",\n", 5));
    let some = folder.cxo("churn fit some.csv --customer id --target left --format json").json();
    assert_eq!(some["load"]["blank"], 5);
    assert!(some["load"]["rejected"].as_u64().unwrap() >= 3);
    // A value that two words have in common is one argument here.
    folder.write("churned.csv", &text.replace(",yes\n", ",gone\n").replace(",no\n", ",here\n"));
    let gone = folder.cxo("churn fit churned.csv --customer id --target left --positive gone --format json").json();
    assert_eq!((&gone["positive"], &gone["coefficients"]), (&Value::from("gone"), &codes["coefficients"]));
    let nobody = folder.cxo("churn fit churned.csv --customer id --target left --positive never --format json");
    assert_eq!((nobody.code, nobody.error()["kind"].as_str().unwrap().to_owned()), (1, "degenerate".to_owned()));
}

#[test]
fn a_wrong_cell_in_a_column_of_numbers_is_a_wrong_cell() {
    let folder = folder();
    folder.write("slips.csv", &csv().replacen("c005,2,", "c005,two,", 1).replacen("c006,39,", "c006,n/a,", 1));
    let fit = folder.cxo("churn fit slips.csv --customer id --target left --format json").json();
    assert_eq!(fit["load"]["rejected"], 12);
    coefficient(&fit, "tenure");
    let strict = folder.cxo("churn fit slips.csv --customer id --target left --strict --format json");
    assert_eq!((strict.code, strict.error()["kind"].as_str().unwrap().to_owned()), (1, "bad-row".to_owned()));
    let rejected = folder.cxo("churn fit slips.csv --customer id --target left --rejected rejected.csv --format json");
    rejected.json();
    assert_eq!(folder.read("rejected.csv").lines().count(), 13);
    // The same from standard input, which is read twice.
    let piped =
        folder.cxo_with("churn fit - --customer id --target left --format json", &folder.read("slips.csv")).json();
    assert_eq!(piped["coefficients"], fit["coefficients"]);
}

#[test]
fn what_the_data_cannot_answer_is_named() {
    let folder = folder();
    let mut separated = "x,z,left\n".to_owned();
    let mut double = "x,twice,left\n".to_owned();
    for row in 0..60_u32 {
        writeln!(separated, "{row},{},{}", row * 7 % 11, u8::from(row > 29)).unwrap();
        writeln!(double, "{row},{},{}", 2 * row, u8::from(row * 7 % 5 == 0)).unwrap();
    }
    folder.write("separated.csv", &separated);
    folder.write("double.csv", &double);
    let run = |arguments: &str| {
        let run = folder.cxo(&format!("churn fit {arguments} --format json"));
        let error = run.error();
        (run.code, error["kind"].as_str().unwrap().to_owned(), error["message"].as_str().unwrap().to_owned())
    };
    let (code, kind, message) = run("separated.csv --target left");
    assert_eq!((code, kind.as_str()), (1, "separated"));
    assert!(message.contains('x') && message.to_lowercase().contains("firth"), "{message}");
    assert_eq!(folder.cxo("churn fit separated.csv --target left --penalty firth").code, 0);
    let (code, kind, message) = run("double.csv --target left");
    assert_eq!((code, kind.as_str()), (1, "not-identified"));
    assert!(message.contains("twice"), "{message}");
    // Without --customer the names of customers are a column with too many levels.
    let (code, kind, message) = run("customers.csv --target left");
    assert_eq!((code, kind.as_str()), (1, "input"));
    assert!(message.contains("id is 390 different values") && message.contains("excluded"), "{message}");
    folder.write("alike.csv", "x,left\n1,0\n1,1\n1,0\n1,1\n");
    assert_eq!(run("alike.csv --target left").1, "degenerate");
    folder.write("empty.csv", "");
    assert_eq!(run("empty.csv --target left").1, "empty");
    folder.write("header.csv", "x,left\n");
    assert_eq!(run("header.csv --target left").1, "header-only");
    folder.write("one.csv", "x,left\n1,0\n");
    assert_eq!(run("one.csv --target left").0, 1);
    assert_eq!(run("nowhere.csv --target left").1, "io");
    assert_eq!(run("customers.csv --target gone").1, "unknown-column");
    assert_eq!(run("customers.csv --target left --features gone").1, "unknown-column");
    assert_eq!(run("customers.csv --target left --exclude gone").1, "unknown-column");
    let error = folder.cxo("churn fit customers.csv --target left --features gone --format json").error();
    assert_eq!((&error["value"], &error["file"]), (&Value::from("gone"), &Value::from("customers.csv")));
    assert!(error["allowed"].as_str().unwrap().contains("tenure"), "{error}");
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let folder = folder();
    for options in [
        "--penalty ridge",
        "--penalty l2 --strength -1",
        "--penalty l2 --strength nan",
        "--strength 2",
        "--penalty firth --strength 2",
        "--penalty l2 --l1-ratio 0.5",
        "--penalty elastic-net --l1-ratio 1.5",
        "--features plan --exclude seats",
        "--features left",
        "--features id",
        "--exclude tenure,plan,seats",
        "--missing sometimes",
        "--calibration loess",
        "--date yesterday",
        "--confidence 95",
        "--spline seats --categorical seats",
    ] {
        let run = folder.cxo(&format!("{FIT} --format json {options}"));
        assert_eq!((run.code, run.error()["kind"].as_str().unwrap().to_owned()), (2, "usage".to_owned()), "{options}");
    }
    let same = folder.cxo("churn fit customers.csv --target left --customer left --format json");
    assert_eq!((same.code, same.error()["kind"].as_str().unwrap().to_owned()), (2, "usage".to_owned()));
    let without = folder.cxo("churn fit customers.csv --format json");
    assert_eq!(without.code, 2);
    assert!(without.error()["message"].as_str().unwrap().contains("--target"));
    folder.write("cxo.toml", "[columns]\ntarget = \"left\"\ncustomer = \"id\"\n");
    assert_eq!(folder.cxo("churn fit customers.csv --format json").json()["observations"], 390);
    assert_eq!(folder.cxo("churn score customers.csv --format json").code, 2);
}

#[test]
fn a_broken_model_is_no_model() {
    let folder = folder();
    folder.cxo(&format!("{FIT} --model-out model.json --format json")).json();
    let model = folder.read("model.json");
    let score = |text: &str| {
        folder.write("broken.json", text);
        let run = folder.cxo("churn score customers.csv --model broken.json --format json");
        assert_eq!(run.code, 1);
        run.error()["message"].as_str().unwrap().to_owned()
    };
    assert!(score("").contains("cxo.churn-model"));
    assert!(score("{}").contains("format"));
    assert!(score(&model[..model.len() / 2]).contains("cxo.churn-model"));
    assert!(score(&model.replace("cxo.churn-model", "cxo.nps")).contains("expected"));
    assert!(score(&model.replace("\"version\": 1", "\"version\": 9")).contains("version 9"));
    assert!(score(&model.replace("\"kind\": \"logistic\"", "\"kind\": \"forest\"")).contains("forest"));
    for (name, from, to) in
        [("folds", "\"folds\": 5", "\"folds\": 0"), ("customers", "\"customers\": 390", "\"customers\": 0")]
    {
        assert!(model.contains(from), "{from}");
        assert!(score(&model.replace(from, to)).contains(name), "{to}");
    }
    let missing = folder.cxo("churn score customers.csv --model nowhere.json --format json");
    assert_eq!((missing.code, missing.error()["kind"].as_str().unwrap().to_owned()), (1, "io".to_owned()));
    folder.write("less.csv", "id,tenure\nc1,3\n");
    let less = folder.cxo("churn score less.csv --model model.json --format json");
    assert_eq!((less.code, less.error()["kind"].as_str().unwrap().to_owned()), (1, "unknown-column".to_owned()));
}

#[test]
fn failures_name_the_file_in_words_too() {
    let folder = folder();
    folder.write("one.csv", "id,x,left\nc1,1,0\n");
    let run = folder.cxo("churn fit one.csv --target left");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("one.csv: degenerate: id is the same in every row"), "{}", run.stderr);
    folder.write("scored.csv", "left,risk\n1,0.5\n1,0.2\n0,2\n");
    let run = folder.cxo("churn evaluate scored.csv --observed left --probability risk");
    assert!(run.stderr.contains("scored.csv: degenerate"), "{}", run.stderr);
    assert!(run.stderr.contains("1 of 3 rows were rejected"), "{}", run.stderr);
}

#[test]
fn columns_without_a_name_and_numbers_beyond_all_use_are_told() {
    let folder = folder();
    folder.write("index.csv", &format!(",{}", csv().trim_end().replace('\n', "\n7,")));
    let index = "churn fit index.csv --target left --customer id --format json";
    let run = folder.cxo(index);
    assert_eq!((run.code, run.error()["kind"].as_str().unwrap().to_owned()), (1, "unnamed-column".to_owned()));
    assert!(run.error()["message"].as_str().unwrap().contains("has no name"));
    assert_eq!(folder.cxo(&format!("{index} --features tenure,plan")).json()["observations"], 400);
    folder.write("reserved.csv", &csv().replacen("tenure", "(intercept)", 1));
    let reserved = folder.cxo("churn fit reserved.csv --target left --customer id --format json").error();
    assert_eq!(reserved["value"], "(intercept)");
    folder.write("far.csv", &csv().replacen("c005,2,", "c005,1e300,", 1));
    let error = folder.cxo("churn fit far.csv --target left --customer id --format json").error();
    assert_eq!((&error["kind"], &error["value"]), (&Value::from("input"), &Value::from("1e300")));
    assert!(error["message"].as_str().unwrap().contains("tenure is 1e300, allowed: numbers whose squares"), "{error}");
}

/// One row that no log-odds can be had for is one row less, and value at risk is of the rows that were scored.
#[test]
fn a_row_beyond_all_use_is_rejected() {
    let folder = folder();
    folder.cxo(&format!("{FIT} --model-out model.json --format json")).json();
    let rows = "c1,3,basic,2,10\nc2,1.7e308,basic,2,10\nc3,3,basic,1.7e308,10\nc4,3,basic,2,1e200\nc5,9,basic,2,10\n";
    folder.write("new.csv", &format!("id,tenure,plan,seats,margin\n{rows}"));
    let mut model: Value = serde_json::from_str(&folder.read("model.json")).unwrap();
    for slope in model["model"]["slopes"].as_array_mut().unwrap() {
        *slope = Value::from(10.0);
    }
    folder.write("model.json", &model.to_string());
    let score = "churn score new.csv --model model.json --customer id --value margin --by plan --format json";
    let found = folder.cxo(score).json();
    let names: Vec<&str> =
        found["scores"].as_array().unwrap().iter().map(|row| row["customer"].as_str().unwrap()).collect();
    assert_eq!(names, ["c1", "c5"]);
    for result in found["value_at_risk"]["results"].as_array().unwrap() {
        assert_eq!(result["customers"], 2);
        assert!(result["value_at_risk"].is_f64(), "{result}");
    }
    let columns: Vec<&str> = found["load"]["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["examples"][0]["column"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["margin", "seats", "tenure"], "{found:#}");
}

#[test]
fn telco_from_raw_columns_to_reasons() {
    let Ok(golden) = std::env::var("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let folder = Folder::new();
    for name in ["telco_churn.csv", "telco_design.csv"] {
        fs::copy(format!("{golden}/../data/churn/{name}"), folder.path().join(name)).unwrap();
    }
    let fit = folder
        .cxo("churn fit telco_churn.csv --target Churn --customer customerID --model-out model.json --format json")
        .json();
    assert_eq!((&fit["observations"], &fit["events"]), (&Value::from(7032), &Value::from(1869)));
    assert_eq!((&fit["load"]["rejected"], &fit["load"]["accepted"]), (&Value::from(11), &Value::from(7032)));
    assert_eq!(fit["collapsed"].as_array().unwrap().len(), 7);
    let auc = fit["cross_validation"]["auc"].as_f64().unwrap();
    assert!((0.842..0.849).contains(&auc), "{auc}");
    let scores =
        folder.cxo("churn score telco_churn.csv --model model.json --customer customerID --format json").json();
    let mean = scores["scores"].as_array().unwrap().iter().map(|row| row["probability"].as_f64().unwrap()).sum::<f64>()
        / 7032.0;
    assert!((mean - 1869.0 / 7032.0).abs() < 1e-3, "{mean}");
    assert_eq!(scores["scores"][0]["customer"], "7590-VHVEG");

    let text = fs::read_to_string(format!("{golden}/churn/logistic.json")).unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let reference = &reference["telco"];
    let design = folder.cxo("churn fit telco_design.csv --target churn --model-out design.json --format json").json();
    let close = |found: &Value, expected: &Value, what: &str| {
        let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
        assert!((found - expected).abs() <= 1e-8 * expected.abs().max(1e-2), "{what}: {found} {expected}");
    };
    let expected = &reference["unpenalised"];
    for (place, row) in design["coefficients"].as_array().unwrap().iter().enumerate() {
        let what = row["name"].as_str().unwrap();
        close(&row["value"], &expected["coef"][place], what);
        close(&row["standard_error"], &expected["se"][place], what);
        close(&row["p_value"], &expected["p_value"][place], what);
        if place > 0 {
            close(&row["standardized"], &expected["coef_standardised"][place], what);
        }
    }
    for (key, name) in
        [("log_likelihood", "loglik"), ("null_log_likelihood", "loglik_null"), ("aic", "aic"), ("bic", "bic")]
    {
        close(&design[key], &expected[name], key);
    }
    let rows = folder.cxo("churn score telco_design.csv --model design.json --format jsonl").stdout;
    for (line, expected) in rows.lines().zip(expected["first5_probabilities"].as_array().unwrap()) {
        let row: Value = serde_json::from_str(line).unwrap();
        close(
            &Value::from(1.0 / (1.0 + (-row["logit"].as_f64().unwrap()).exp())),
            expected,
            "probability before calibration",
        );
    }
    let ridge =
        folder.cxo("churn fit telco_design.csv --target churn --penalty l2 --strength 100 --format json").json();
    for (place, row) in ridge["coefficients"].as_array().unwrap().iter().enumerate().skip(1) {
        close(&row["standardized"], &reference["l2_C=0.01"]["coef_standardised"][place], row["name"].as_str().unwrap());
    }
}
