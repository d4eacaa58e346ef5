//! `cxo retention cohorts`: a small log whose numbers can be checked by hand, and every way to be wrong.

use crate::common::Folder;
use serde_json::{Value, json};

const LOG: &str = "\
who,day,paid
ann,2026-01-05,100.00
ann,2026-02-11,120.00
bob,2026-01-20,50.00
eve,2026-01-31,50.00
eve,2026-03-09,10.00
zoe,2026-02-14,10.00
zoe,2026-03-01,10.00
zoe,2026-03-02,-2.50
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("log.csv", LOG);
    folder
}

/// Label, customers, and for each cell period, customers, mature.
type Cohort = (String, u64, Vec<(u64, u64, bool)>);

/// The table without intervals.
fn cells(document: &Value) -> Vec<Cohort> {
    let cell = |cell: &Value| {
        let number = |key: &str| cell[key].as_u64().unwrap();
        (number("period"), number("customers"), cell["mature"].as_bool().unwrap())
    };
    let row = |row: &Value| {
        let cells = row["retained"].as_array().unwrap().iter().map(cell).collect();
        (row["cohort"].as_str().unwrap().to_owned(), row["customers"].as_u64().unwrap(), cells)
    };
    document["cohorts"].as_array().unwrap().iter().map(row).collect()
}

const ASKED: &str = "retention cohorts log.csv --customer who --date day --amount paid";

#[test]
fn cohorts_of_a_log() {
    let document = folder().cxo(&format!("{ASKED} --until 2026-03-31 --format json")).json();
    assert_eq!((&document["format"], &document["version"]), (&json!("cxo.cohorts"), &json!(1)));
    assert_eq!(
        (&document["period"], &document["kind"], &document["clock"], &document["until"]),
        (&json!("month"), &json!("n-day"), &json!("calendar"), &json!("2026-03-31"))
    );
    let january = ("2026-01".to_owned(), 3, vec![(0, 3, true), (1, 1, true), (2, 1, true)]);
    let february = ("2026-02".to_owned(), 1, vec![(0, 1, true), (1, 1, true)]);
    assert_eq!(cells(&document), [january, february]);
    let curve = document["curve"].as_array().unwrap();
    let point =
        |at: usize| (curve[at]["at_risk"].as_u64(), curve[at]["customers"].as_u64(), curve[at]["cohorts"].as_u64());
    assert_eq!([point(1), point(2)], [(Some(4), Some(2), Some(2)), (Some(3), Some(1), Some(1))]);
    assert_eq!((&curve[1]["share"], &curve[1]["interval"]["method"]), (&json!(0.5), &json!("wilson")));
    assert_eq!(document["cohorts"][0]["revenue"][0]["amount"], 200.0);
    assert_eq!(
        document["cohorts"][1]["revenue"][1],
        json!({"period": 1, "amount": 7.5, "amount_per_customer": 7.5, "mature": true})
    );
    let february = &document["revenue_retention"][0];
    assert_eq!(
        (&february["churned"], &february["expansion"]),
        (&json!({"customers": 2, "amount": 100.0}), &json!({"customers": 1, "amount": 20.0}))
    );
    assert_eq!(february["net_revenue_retention"]["value"], 0.6);
    assert_eq!(document["revenue_retention"][1]["reactivated"], json!({"customers": 1, "amount": 10.0}));
    assert_eq!((&document["activity"]["refunds"], &document["load"]["accepted"]), (&json!(1), &json!(8)));
}

#[test]
fn a_period_that_is_not_over_is_not_mature() {
    let folder = folder();
    let until = |day: &str| cells(&folder.cxo(&format!("{ASKED} --until {day} --format json")).json());
    assert_eq!(until("2026-03-30")[0].2, [(0, 3, true), (1, 1, true), (2, 1, false)]);
    // Without an end the last row is it: March 9.
    assert_eq!(cells(&folder.cxo(&format!("{ASKED} --format json")).json()), until("2026-03-09"));
    let page = folder.cxo(&format!("{ASKED} --until 2026-03-30")).stdout;
    let january: Vec<&str> = page.lines().find(|line| line.contains("2026-01")).unwrap().split_whitespace().collect();
    assert_eq!(january, ["2026-01", "3", "100.0", "33.3", "33.3*"]);
    assert!(page.contains("* not yet mature"), "{page}");
    assert!(page.contains("Retained in month 1  33.3 %  of 3 customers of 1 cohort;"), "{page}");
    assert!(page.contains("Revenue of each calendar month"), "{page}");
    assert!(!folder.cxo(&format!("{ASKED} --until 2026-03-31")).stdout.contains("not yet mature"));
    let early = folder.cxo(&format!("{ASKED} --until 2026-02-01")).stdout;
    assert!(early.contains("no cohort was observed through a later period yet"), "{early}");
    assert!(early.contains("Left out: rows after the last day (5), customers who came after it (1)."), "{early}");
}

#[test]
fn kinds_and_clocks_are_those_asked_for() {
    let folder = folder();
    let of = |more: &str| folder.cxo(&format!("{ASKED} --until 2026-03-31 {more} --format json")).json();
    let unbounded = of("--kind unbounded");
    assert_eq!(cells(&unbounded)[0].2, [(0, 3, true), (1, 2, true), (2, 1, false)]);
    assert_eq!(unbounded["follow_up"], 1);
    assert_eq!(cells(&of("--kind unbounded --follow-up 0"))[0].2, [(0, 3, true), (1, 2, true), (2, 1, true)]);
    let brackets = of("--kind bracket --brackets 1-2");
    assert_eq!(cells(&brackets)[0].2, [(1, 2, true)]);
    assert_eq!(brackets["cohorts"][0]["retained"][0]["through"], 2);
    assert_eq!(cells(&of("--kind bracket"))[0].2, [(1, 2, false)], "1-3 is not over");
    // Eve's first month is over on February 28, her second on March 31; Ann's first is over on February 4.
    let own = of("--clock since-first");
    assert_eq!(cells(&own)[0].2, [(0, 3, true), (1, 2, true), (2, 0, false)]);
    let weeks = of("--period week");
    assert_eq!(
        (&weeks["cohorts"][0]["cohort"], &weeks["cohorts"][0]["start"]),
        (&json!("2026-W02"), &json!("2026-01-05"))
    );
    let year = of("--period year");
    assert_eq!(cells(&year), [("2026".to_owned(), 4, vec![(0, 4, false)])]);
    let lines = folder.cxo(&format!("{ASKED} --format jsonl")).stdout;
    let cohorts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((cohorts.len(), &cohorts[1]["cohort"]), (2, &json!("2026-02")));
    let plain = folder.cxo("retention cohorts log.csv --customer who --date day --format json").json();
    assert!(plain.get("revenue_retention").is_none() && plain["cohorts"][0].get("revenue").is_none());
    assert_eq!(plain["cohorts"][1]["retained"][1]["customers"], 1);
}

#[test]
fn the_time_zone_says_on_which_day_it_was() {
    let folder = Folder::new();
    folder.write("log.csv", "who,day\nann,2026-01-31T23:30:00Z\nann,2026-03-05T12:00:00Z\n");
    let of = |zone: &str| {
        folder
            .cxo(&format!("retention cohorts log.csv --customer who --date day --time-zone {zone} --format json"))
            .json()
    };
    assert_eq!(of("UTC")["cohorts"][0]["cohort"], "2026-01");
    assert_eq!(of("Europe/Vienna")["cohorts"][0]["cohort"], "2026-02");
}

#[test]
fn what_is_wrong_is_said() {
    let folder = folder();
    for (arguments, code, message, kind) in [
        ("retention cohorts", 2, "Usage", ""),
        (
            "retention cohorts log.csv --date day",
            2,
            "which column holds the customers? Give --customer COLUMN",
            "usage",
        ),
        ("retention cohorts log.csv --customer who", 2, "which column holds the days? Give --date COLUMN", "usage"),
        ("retention cohorts none.csv --customer who --date day", 1, "none.csv", "io"),
        ("retention cohorts log.csv --customer who --date day --kind rolling", 2, "n-day, bracket, unbounded", "usage"),
        (
            "retention cohorts log.csv --customer who --date day --period decade",
            2,
            "day, week, month, quarter, year",
            "usage",
        ),
        ("retention cohorts log.csv --customer who --date day --clock mine", 2, "calendar, since-first", "usage"),
        (
            "retention cohorts log.csv --customer who --date day --brackets 1-3",
            2,
            "--brackets needs --kind bracket",
            "usage",
        ),
        (
            "retention cohorts log.csv --customer who --date day --kind bracket --brackets 3-1",
            2,
            "each after the one before",
            "usage",
        ),
        (
            "retention cohorts log.csv --customer who --date day --follow-up 2",
            2,
            "--follow-up needs --kind unbounded",
            "usage",
        ),
        ("retention cohorts log.csv --customer who --date day --until soon", 2, "year-month-day", "usage"),
        (
            "retention cohorts log.csv --customer who --date day --until 2025-12-31",
            1,
            "no data: activity until",
            "no-data",
        ),
        (
            "retention cohorts log.csv --customer who --date day --period day --until 2999-01-01",
            1,
            "at most 4000 periods",
            "input",
        ),
    ] {
        let run = folder.cxo(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{arguments}\n{}", run.stderr);
        assert!(run.stderr.contains(message), "{arguments}\n{}", run.stderr);
        if !kind.is_empty() {
            let run = folder.cxo(&format!("{arguments} --format json"));
            assert_eq!((run.code, &run.error()["kind"]), (code, &json!(kind)), "{arguments}");
        }
    }
}
