//! `cxo retention survival`: small data of our own, every way to be wrong, and the published references.

use std::{fmt::Write as _, path::PathBuf};

use crate::common::Folder;
use serde_json::{Value, json};

/// The remission times of Freireich et al. (1963), in weeks, with a group of later arrivals and a stratum.
fn folder() -> Folder {
    let drug = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+";
    let placebo = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23";
    let mut csv = "weeks,relapse,arm,since,clinic\n".to_owned();
    for (arm, cells) in [("6-MP", drug), ("placebo", placebo)] {
        for (at, cell) in cells.split(' ').enumerate() {
            let (week, relapse) = cell.strip_suffix('+').map_or((cell, "yes"), |week| (week, "No"));
            let since = if at % 3 == 0 { "0.5" } else { "0" };
            let clinic = if at % 2 == 0 { "north" } else { "south" };
            writeln!(csv, "{week},{relapse},{arm},{since},{clinic}").unwrap();
        }
    }
    let folder = Folder::new();
    folder.write("weeks.csv", &csv);
    folder
}

const ASKED: &str = "retention survival weeks.csv --duration weeks --event relapse";

fn near(found: &Value, expected: f64, tolerance: f64) -> bool {
    found.as_f64().is_some_and(|found| (found - expected).abs() <= tolerance * expected.abs().max(1e-300))
}

#[test]
fn curves_and_tests_of_a_published_example() {
    let folder = folder();
    let document = folder.cxo(&format!("{ASKED} --by arm --format json")).json();
    assert_eq!((&document["format"], &document["interval_method"]), (&json!("cxo.survival"), &json!("log-log")));
    let groups = document["groups"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|group| &group["segment"]).collect();
    assert_eq!(names, [&Value::Null, &json!("6-MP"), &json!("placebo")]);
    let drug = &groups[1];
    assert_eq!((&drug["observations"], &drug["events"]), (&json!(21), &json!(9)));
    assert_eq!((&drug["median"], &drug["median_lower"]), (&json!(23.0), &json!(13.0)));
    assert!(drug.get("median_upper").is_none() && drug["median_upper_reason"].is_string());
    assert!(near(&drug["expected_events"], 19.25, 1e-3) && near(&groups[2]["expected_events"], 10.75, 1e-3));
    let ten = drug["curve"].as_array().unwrap().iter().find(|point| point["time"] == 10.0).unwrap();
    assert_eq!((&ten["at_risk"], &ten["events"], &ten["censored"]), (&json!(15), &json!(1), &json!(1)));
    assert!(
        near(&ten["survival"], 0.7529, 1e-4) && near(&ten["lower"], 0.5032, 1e-3) && near(&ten["upper"], 0.8894, 1e-3)
    );
    let last = groups[2]["curve"].as_array().unwrap().last().unwrap();
    assert!(last["survival"] == 0.0 && last.get("lower").is_none() && last["upper_reason"].is_string());
    let tests = document["tests"].as_array().unwrap();
    let named: Vec<_> = tests.iter().map(|test| test["name"].as_str().unwrap()).collect();
    assert_eq!(named, ["log-rank", "wilcoxon", "tarone-ware", "peto", "fleming-harrington"]);
    assert!(near(&tests[0]["statistic"], 16.793, 1e-4) && near(&tests[1]["statistic"], 13.458, 1e-4));
    assert_eq!((&tests[4]["p"], &tests[4]["q"], &tests[0]["degrees"]), (&json!(1.0), &json!(0.0), &json!(1)));
    assert!(document.get("pairs").is_none());
    let page = folder.cxo(&format!("{ASKED} --by arm")).stdout;
    for part in ["Median duration  12", "log-rank", "16.79", "association", "█", "23", "13 to …", "<0.001"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let lines = folder.cxo(&format!("{ASKED} --by arm --format jsonl")).stdout;
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn options_say_what_is_asked() {
    let folder = folder();
    let of = |arguments: &str| folder.cxo(&format!("{ASKED} {arguments} --format json")).json();
    let (plain, none) = (of("--interval plain --confidence 0.9"), of(""));
    assert_eq!((&plain["interval_method"], &plain["confidence"]), (&json!("plain"), &json!(0.9)));
    assert_ne!(plain["groups"][0]["curve"][0]["lower"], none["groups"][0]["curve"][0]["lower"]);
    assert!(none.get("tests").is_none() && none["groups"].as_array().unwrap().len() == 1);
    // "No" in place of "yes": those who were censored.
    let turned = of("--positive No");
    assert_eq!(turned["groups"][0]["events"], 12);
    // From the eleventh week on.
    let later = of("--given-survival-to 10");
    let curve = later["groups"][0]["curve"].as_array().unwrap();
    assert_eq!((&later["given_survival_to"], &curve[0]["time"]), (&json!(10.0), &json!(11.0)));
    assert_eq!(curve[0]["at_risk"], 21);
    // Those who come late are not at risk before.
    let late = of("--entry since");
    assert_eq!(
        (&late["groups"][0]["curve"][0]["at_risk"], &late["groups"][0]["observations"]),
        (&json!(42), &json!(42))
    );
    // Within strata; and of three and more groups each pair.
    let (strata, alone) = (of("--by arm --stratum clinic"), of("--by arm"));
    assert_ne!(strata["tests"][0]["statistic"], alone["tests"][0]["statistic"]);
    assert_eq!(strata["groups"], {
        let mut groups = alone["groups"].clone();
        for (group, other) in
            groups.as_array_mut().unwrap().iter_mut().zip(strata["groups"].as_array().unwrap()).skip(1)
        {
            group["expected_events"] = other["expected_events"].clone();
        }
        groups
    });
    let four = of("--by arm --by clinic --correction bonferroni");
    assert_eq!(four["groups"][1]["segment"], "6-MP / north");
    let pairs = four["pairs"].as_array().unwrap();
    assert_eq!((pairs.len(), &four["correction"], &four["tests"][0]["degrees"]), (6, &json!("bonferroni"), &json!(3)));
    for pair in pairs {
        let expected = (6.0 * pair["p_value"].as_f64().unwrap()).min(1.0);
        assert!(near(&pair["adjusted_p_value"], expected, 1e-12), "{pair}");
    }
    let page = folder.cxo(&format!("{ASKED} --by arm --by clinic")).stdout;
    assert!(page.contains("log-rank of two") && page.contains("corrected p"), "{page}");
}

#[test]
fn cxo_toml_names_the_columns() {
    let folder = folder();
    folder.write("cxo.toml", "[columns]\nduration = \"weeks\"\nevent = \"relapse\"\nentry = \"since\"\n");
    let document = folder.cxo("retention survival weeks.csv --format json").json();
    assert_eq!(document, folder.cxo(&format!("{ASKED} --entry since --format json")).json());
}

#[test]
fn bad_rows_are_counted_and_told() {
    let folder = Folder::new();
    let rows = [
        ("-1,1,0", "at least 0"),
        (",1,0", "at least 0"),
        ("x,1,0", "number"),
        ("3,maybe,0", "--positive"),
        ("3,,0", "a value"),
        ("3,1,3", "below the duration of 3"),
        ("3,1,-1", "at least 0"),
        ("3,1,", "at least 0"),
    ];
    let body = rows.map(|(row, _)| row).join("\n");
    folder.write("data.csv", &format!("time,left,from\n5,1,0\n6,FALSE,0\n{body}\n"));
    let asked = "retention survival data.csv --duration time --event left --entry from";
    let run = folder.cxo(&format!("{asked} --rejected bad.csv --format json"));
    let load = &run.json()["load"];
    assert_eq!((&load["rows"], &load["accepted"], &load["rejected"]), (&json!(10), &json!(2), &json!(8)));
    let rejected = folder.read("bad.csv");
    for ((row, reason), written) in rows.iter().zip(rejected.lines().skip(1)) {
        assert!(written.starts_with(row) && written.contains(reason), "{row}: {reason}\n{written}");
    }
    let page = folder.cxo(asked).stdout;
    assert!(page.contains("2 of 10 rows counted; 8 rejected."), "{page}");
    let strict = folder.cxo(&format!("{asked} --strict --format json"));
    assert_eq!((strict.code, &strict.error()["line"]), (1, &json!(4)));
}

/// The first customer leaves before the others come: no curve, and a way on.
#[test]
fn an_empty_risk_set_is_told() {
    let folder = Folder::new();
    folder.write("late.csv", "time,left,from,plan\n1,1,0,a\n4,1,2,a\n6,1,2,b\n7,0,2,b\n");
    let asked = "retention survival late.csv --duration time --event left --entry from";
    let document = folder.cxo(&format!("{asked} --by plan --format json")).json();
    for group in &document["groups"].as_array().unwrap()[..2] {
        assert!(group.get("curve").is_none() && group.get("median").is_none(), "{group}");
        assert!(group["curve_reason"].as_str().unwrap().contains("survival to 2"), "{group}");
    }
    assert!(document["groups"][2]["curve"].is_array());
    let page = folder.cxo(&format!("{asked} --by plan")).stdout;
    assert!(page.contains("There is no curve") && page.contains("no curve"), "{page}");
    let later = folder.cxo(&format!("{asked} --by plan --given-survival-to 2 --format json")).json();
    assert_eq!((&later["groups"][0]["observations"], &later["groups"][0]["median"]), (&json!(3), &json!(6.0)));
    let page = folder.cxo(&format!("{asked} --given-survival-to 2")).stdout;
    assert!(page.contains("everything is given that"), "{page}");
    // Beyond everyone there is nothing.
    let run = folder.cxo(&format!("{asked} --given-survival-to 7 --format json"));
    assert_eq!((run.code, &run.error()["kind"]), (1, &json!("no-data")));
    // Nobody leaves while two plans are at risk.
    let alone = folder.cxo(&format!("{asked} --by plan --given-survival-to 4 --format json")).json();
    assert!(alone.get("tests").is_none());
    folder.write("stay.csv", "time,left,plan\n1,0,a\n4,1,b\n6,1,b\n");
    let stay = folder.cxo("retention survival stay.csv --duration time --event left --by plan --format json").json();
    assert!(stay["tests"][0].get("statistic").is_none() && stay["tests"][0]["p_value_reason"].is_string());
    let page = folder.cxo("retention survival stay.csv --duration time --event left --by plan").stdout;
    assert!(page.contains("nobody left while customers of two groups"), "{page}");
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    let folder = folder();
    for (arguments, message) in [
        ("retention survival", "Usage"),
        (
            "retention survival weeks.csv",
            "which column holds how long each customer was observed? Give --duration COLUMN",
        ),
        ("retention survival weeks.csv --duration weeks", "which column holds whether he had left by then?"),
        (&format!("{ASKED} --interval arcsin"), "log-log, log, plain"),
        (&format!("{ASKED} --given-survival-to=-1"), "--given-survival-to"),
        (&format!("{ASKED} --given-survival-to nan"), "--given-survival-to"),
        (&format!("{ASKED} --confidence 95"), "between 0 and 1"),
        (&format!("{ASKED} --correction fdr"), "benjamini-hochberg"),
        (&format!("{ASKED} --stratum clinic"), "--by"),
    ] {
        let run = folder.cxo(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments}\n{}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments}\n{}", run.stderr);
    }
}

#[test]
fn agrees_with_references() {
    let Some(folder) = std::env::var_os("CXO_GOLDEN_DIR").map(PathBuf::from) else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return;
    };
    let text = std::fs::read_to_string(folder.join("churn/survival.json")).unwrap();
    let references: Value = serde_json::from_str(&text).unwrap();
    for (set, by) in [("lung", "sex"), ("dd", "democracy"), ("waltons", "group"), ("telco_surv", "contract_two_year")] {
        let reference = &references[set];
        let data = folder.join("../data/churn").join(format!("{set}.csv"));
        let asked =
            format!("retention survival {} --duration time --event event --by {by} --format json", data.display());
        let document = Folder::new().cxo(&asked).json();
        let all = &document["groups"][0];
        assert_eq!((&all["observations"], &all["events"]), (&reference["n"], &reference["events"]), "{set}");
        let curve = all["curve"].as_array().unwrap();
        assert_eq!(curve.len(), reference["km"]["time"].as_array().unwrap().len(), "{set}");
        for (at, point) in curve.iter().enumerate() {
            for (key, theirs) in [("survival", "survival"), ("lower", "ci95_loglog_lo"), ("upper", "ci95_loglog_hi")] {
                match reference["km"][theirs][at].as_f64() {
                    Some(expected) => assert!(near(&point[key], expected, 1e-10), "{set} {key} {point}"),
                    None => assert!(point.get(key).is_none(), "{set} {key} {point}"),
                }
            }
        }
        for (test, theirs) in document["tests"].as_array().unwrap().iter().zip([
            "logrank",
            "wilcoxon",
            "tarone-ware",
            "peto",
            "fleming_harrington_p1_q0",
        ]) {
            let expected = &reference["logrank"][theirs];
            assert!(near(&test["statistic"], expected["chi2"].as_f64().unwrap(), 1e-10), "{set} {test}");
            assert!(near(&test["p_value"], expected["p"].as_f64().unwrap(), 1e-9), "{set} {test}");
        }
    }
}

/// What people read is short and says what it means, however odd the data.
#[test]
fn pages_read_well() {
    let folder = Folder::new();
    folder.write("one.csv", "time,event\n5,1\n");
    let page = folder.cxo("retention survival one.csv --duration time --event event").stdout;
    assert!(page.contains("Median duration  5  no interval: ") && page.contains("nobody is left"), "{page}");
    assert!(!page.contains('…') && !page.contains("not defined"), "{page}");
    folder.write("vast.csv", "time,event\n1e300,1\n1e301,0\n1e301,1\n");
    let page = folder.cxo("retention survival vast.csv --duration time --event event").stdout;
    assert!(page.contains("1.000e300") && page.contains("1.000e301"), "{page}");
    folder.write("short.csv", "time,event\n0.002,1\n0.0315,1\n0.04,0\n0.00005,1\n");
    let page = folder.cxo("retention survival short.csv --duration time --event event").stdout;
    assert!(page.contains("Median duration  0.002  ") && page.contains("0.032") && page.contains("0.04"), "{page}");
    let mut many = "time,event,plan\n".to_owned();
    for row in 0..120_u32 {
        writeln!(many, "{},{},p{}", row * 7 % 31 + 1, u32::from(row % 3 > 0), row % 30).unwrap();
    }
    folder.write("many.csv", &many);
    let asked = "retention survival many.csv --duration time --event event --by plan";
    let page = folder.cxo(asked).stdout;
    assert!(page.contains("The 20 pairs that differ most; all 435 are in the document"), "{page}");
    assert!(page.lines().count() < 100, "{page}");
    assert_eq!(folder.cxo(&format!("{asked} --format json")).json()["pairs"].as_array().unwrap().len(), 435);
    let page = folder.cxo("retention survival one.csv --duration time --event event --positive gone").stdout;
    assert!(page.contains("Nobody left: no event is \"gone\"."), "{page}");
    let run =
        folder.cxo("retention survival one.csv --duration time --event event --given-survival-to 9 --format json");
    assert_eq!(run.error()["file"], "one.csv");
}
