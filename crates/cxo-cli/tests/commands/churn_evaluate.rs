//! `cxo churn evaluate`: a small file whose numbers can be checked by hand, the reference predictions, and every way to be wrong.

use crate::common::Folder;
use serde_json::{Value, json};

/// Four who left, four who stayed; one without an outcome, one with a bad probability, one with a bad outcome.
const SCORED: &str = "\
customer,left,risk,w
ann,yes,0.9,1
bob,no,0.8,1
cem,yes,0.7,2
dea,yes,0.6,1
eva,no,0.3,1
fay,yes,0.2,1
gus,no,0.15,3
hal,no,0.1,1
ida,,0.4,1
jon,no,1.2,1
kim,perhaps,0.2,1
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("scored.csv", SCORED);
    folder
}

const ASKED: &str = "churn evaluate scored.csv --observed left --probability risk";

fn close(found: &Value, expected: f64, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what} is no number: {found}"));
    assert!((found - expected).abs() < 1e-9 * expected.abs().max(1e-3), "{what}: {found} instead of {expected}");
}

#[test]
fn numbers_by_hand() {
    let document = folder().cxo(&format!("{ASKED} --format json --parts 4")).json();
    assert_eq!((&document["format"], &document["version"]), (&json!("cxo.churn-evaluation"), &json!(1)));
    assert_eq!((&document["observations"], &document["events"]), (&json!(8), &json!(4)));
    let load = &document["load"];
    assert_eq!(
        [&load["rows"], &load["accepted"], &load["blank"], &load["rejected"]],
        [&json!(11), &json!(8), &json!(1), &json!(2)]
    );
    // 16 pairs, of which bob is before cem, dea and fay, and eva before fay.
    close(&document["auc"], 12.0 / 16.0, "auc");
    close(&document["average_precision"], (1.0 + 2.0 / 3.0 + 3.0 / 4.0 + 4.0 / 6.0) / 4.0, "average precision");
    let squares = 0.01 + 0.64 + 0.09 + 0.16 + 0.09 + 0.64 + 0.0225 + 0.01;
    close(&document["brier"], squares / 8.0, "brier");
    close(&document["ks"], 0.5, "ks");
    close(&document["ks_threshold"], 0.6, "ks threshold");
    let gain = |at: usize| &document["gains"][at];
    close(&gain(0)["fraction"], 0.25, "fraction");
    close(&gain(0)["captured"], 0.25, "captured");
    close(&gain(1)["captured"], 0.75, "captured");
    close(&gain(1)["lift"], 1.5, "lift");
    close(&gain(1)["part_lift"], 2.0, "lift of the part");
    let calibration = &document["calibration"];
    let bins = calibration["bins"].as_array().unwrap();
    assert_eq!(bins.iter().map(|bin| bin["observations"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 1, 1, 1, 1, 1]);
    close(&bins[1]["predicted"], 0.175, "predicted");
    assert_eq!((&bins[1]["observed"], &bins[1]["interval"]["method"]), (&json!(0.5), &json!("wilson")));
    // Eight rows make eight groups, not ten; fresh rows as many degrees.
    let test = &calibration["hosmer_lemeshow"];
    assert_eq!((&test["degrees"], &test["predictions"]), (&json!(8), &json!("fresh")));
    assert!(calibration["slope"].as_f64().unwrap() > 0.0);
    assert_eq!((&document["confidence"], &document["interval_method"]), (&json!(0.95), &json!("wald")));
}

#[test]
fn options_change_what_is_asked() {
    let folder = folder();
    let ask = |options: &str| folder.cxo(&format!("{ASKED} --format json {options}")).json();
    let training = ask("--predictions training");
    assert_eq!(training["calibration"]["hosmer_lemeshow"]["degrees"], 6);
    let quantile = ask("--binning quantile --bins 4 --interval logit --confidence 0.9");
    let sizes = quantile["calibration"]["bins"].as_array().unwrap().iter().map(|bin| bin["observations"].as_u64());
    assert!(sizes.eq([Some(2); 4]));
    assert_eq!((&quantile["interval_method"], &quantile["confidence"]), (&json!("logit"), &json!(0.9)));
    let weighted = ask("--weight w");
    assert_eq!((&weighted["observations"], &weighted["weighted_observations"]), (&json!(8), &json!(11.0)));
    // Pairs by weight: 5 × 6, less bob before 4 of those who left and eva before fay.
    close(&weighted["auc"], (30.0 - 4.0 - 1.0) / 30.0, "weighted auc");
    assert!(weighted["calibration"]["hosmer_lemeshow_reason"].is_string());
    folder.write("named.csv", &SCORED.replace("yes", "left").replace("perhaps", "0"));
    let named = folder.cxo("churn evaluate named.csv --observed left --positive left --probability risk --format json");
    // Every other value says that it did not happen.
    assert_eq!((&named.json()["observations"], &named.json()["events"]), (&json!(9), &json!(4)));
    folder.write("cxo.toml", "[columns]\nobserved = \"left\"\nprobability = \"risk\"\n");
    assert_eq!(folder.cxo("churn evaluate scored.csv --format json").json(), ask(""));
}

#[test]
fn the_page_shows_what_the_document_says() {
    let run = folder().cxo(ASKED);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for part in [
        "Area under the curve  0.750",
        "4 of 8 rows (50.0 %) left",
        "●",
        "┼",
        "captured",
        "× 1.50",
        "Hosmer-Lemeshow",
        "2 rejected",
    ] {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
    let lines = folder().cxo(&format!("{ASKED} --format jsonl"));
    assert_eq!(lines.stdout.lines().count(), 1);
}

#[test]
fn what_is_wrong_is_told() {
    let folder = folder();
    let error = |arguments: &str| {
        let run = folder.cxo(&format!("{arguments} --format json"));
        (run.code, run.error()["kind"].as_str().unwrap().to_owned())
    };
    assert_eq!(error("churn evaluate scored.csv --observed left"), (2, "usage".into()));
    assert_eq!(error("churn evaluate none.csv --observed left --probability risk"), (1, "io".into()));
    assert_eq!(error("churn evaluate scored.csv --observed left --probability odds"), (1, "unknown-column".into()));
    assert_eq!(error(&format!("{ASKED} --strict")), (1, "bad-row".into()));
    assert_eq!(error(&format!("{ASKED} --binning halves")), (2, "usage".into()));
    assert_eq!(error(&format!("{ASKED} --bins 2")), (2, "usage".into()));
    assert_eq!(error(&format!("{ASKED} --confidence 95")), (2, "usage".into()));
    folder.write("alike.csv", "left,risk\n1,0.5\n1,0.7\n");
    assert_eq!(error("churn evaluate alike.csv --observed left --probability risk"), (1, "degenerate".into()));
    folder.write("nothing.csv", "left,risk\n,0.5\n");
    assert_eq!(error("churn evaluate nothing.csv --observed left --probability risk"), (1, "no-data".into()));
    let certain = folder.write("certain.csv", "left,risk\n1,0\n0,0.5\n1,1\n0,0.2\n");
    let run =
        folder.cxo(&format!("churn evaluate {} --observed left --probability risk --format json", certain.display()));
    let document = run.json();
    assert_eq!(document["certain_and_wrong"], 1);
    assert!(document["calibration"]["slope_reason"].as_str().unwrap().starts_with("certainty"));
    let page = folder.cxo(&format!("churn evaluate {} --observed left --probability risk", certain.display()));
    let page = page.stdout.replace('\n', " ");
    assert!(page.contains("Slope: not known, certainty (a probability of 0 or 1) has no log-odds."), "{page}");
    assert_eq!(error("churn evaluate certain.csv --observed left --probability left"), (2, "usage".into()));
    folder.write("perfect.csv", "left,risk\n1,0.9\n0,0.5\n1,0.8\n0,0.2\n");
    let perfect = folder.cxo("churn evaluate perfect.csv --observed left --probability risk --format json").json();
    assert!(perfect["auc_lower_reason"].as_str().unwrap().contains("as extreme as can be"), "{perfect:#}");
    folder.write("heavy.csv", "left,risk,weight\n1,0.9,1e300\n0,0.5,2\n1,0.4,1e-300\n1,0.3,1\n0,0.2,1\n");
    let heavy = "churn evaluate heavy.csv --observed left --probability risk --weight weight --format json";
    assert_eq!(folder.cxo(heavy).json()["load"]["rejected"], 2);
}

#[test]
fn the_reference_predictions() {
    let Some(golden) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let golden = std::path::Path::new(&golden).join("churn");
    let text = std::fs::read_to_string(golden.join("metrics.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let expected = &expected["telco"];
    let folder = Folder::new();
    let file = golden.join("pred_telco_test.csv");
    let asked = format!("churn evaluate {} --observed y --probability p --format json", file.display());
    let document = folder.cxo(&asked).json();
    let number = |value: &Value| value.as_f64().unwrap();
    for key in ["auc", "average_precision", "brier", "log_loss", "ks"] {
        close(&document[key], number(&expected["metrics"][key]), key);
    }
    close(&document["auc_lower"], number(&expected["delong"]["ci95"][0]), "lower");
    close(&document["auc_upper"], number(&expected["delong"]["ci95"][1]), "upper");
    let calibration = &document["calibration"];
    close(&calibration["slope"], number(&expected["calibration_intercept_slope"]["slope"]), "slope");
    close(&calibration["in_the_large"], number(&expected["calibration_in_the_large"]), "in the large");
    close(&calibration["ece"], number(&expected["ece_10_uniform"]), "ece");
    close(&calibration["hosmer_lemeshow"]["statistic"], number(&expected["hosmer_lemeshow"]["chi2"]), "chi-square");
    for (gain, expected) in document["gains"].as_array().unwrap().iter().zip(expected["gains"].as_array().unwrap()) {
        close(&gain["captured"], number(&expected["cum_gain"]), "captured");
        close(&gain["lift"], number(&expected["cum_lift"]), "lift");
        close(&gain["part_lift"], number(&expected["lift"]), "lift of the part");
    }
}
