//! The document of survival: what is written reads back the same, matches its schema, and nothing that is read can panic.

use cxo_core::{
    Confidence,
    churn::{
        Durations,
        survival::{EventTable, LogRank, LogRankWeighting, SurvivalOptions},
    },
    domain::LoadReport,
    stats::multiplicity::Multiplicity,
};
use cxo_json::{Document, Entry, SurvivalDocument, SurvivalPair, SurvivalRow, SurvivalTest, schema};
use proptest::prelude::*;
use serde_json::{Value, json};

fn errors(document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&serde_json::from_str(schema::SURVIVAL).unwrap()).unwrap();
    validator.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

/// Three groups, the last of which is seen with a gap; together they have none.
fn document() -> SurvivalDocument {
    let times = vec![1.0, 2.0, 3.0, 4.0, 1.0, 5.0, 6.0, 1.0, 8.0, 9.0];
    let left = [1, 1, 1, 1, 1, 0, 0, 0, 1, 1].map(|event| event == 1).to_vec();
    let entries = vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 3.0];
    let durations = Durations::new(times, left).unwrap().with_entries(entries).unwrap();
    let names = ["a", "a", "a", "a", "b", "b", "b", "c", "c", "c"];
    let groups = EventTable::by_group(&durations, &names).unwrap();
    let (all, options) = (EventTable::from_durations(&durations).unwrap(), SurvivalOptions::default());
    let row = |table: &EventTable| SurvivalRow::new(table, &table.kaplan_meier(&options));
    let tests = LogRank::new(&groups).unwrap();
    let pairs = tests.pairwise(LogRankWeighting::LogRank, Multiplicity::Holm).unwrap();
    let tested = |weighting| SurvivalTest::new(weighting, &tests.test(weighting));
    let unknown = LogRankWeighting::FlemingHarrington { p: -1.0, q: 0.0 };
    let mut entries = vec![Entry { segment: None, outcome: Ok(row(&all)) }];
    entries.extend(groups.iter().map(|(name, table)| Entry { segment: Some(name.clone()), outcome: Ok(row(table)) }));
    SurvivalDocument {
        confidence: Confidence::P95,
        interval_method: "log-log".to_owned(),
        given_survival_to: None,
        groups: entries,
        tests: Some(vec![tested(LogRankWeighting::LogRank), SurvivalTest { p: None, ..tested(unknown) }]),
        pairs: Some(pairs.iter().map(SurvivalPair::from).collect()),
        correction: Some("holm".to_owned()),
        load: LoadReport { rows: 10, accepted: 10, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() },
    }
}

#[test]
fn is_valid_and_reads_back_the_same() {
    let full = document();
    let bare = SurvivalDocument {
        given_survival_to: Some(2.5),
        groups: full.groups[..1].to_vec(),
        tests: None,
        pairs: None,
        correction: None,
        ..full.clone()
    };
    for document in [&full, &bare] {
        let written: Value = serde_json::from_str(&document.to_json()).unwrap();
        assert_eq!(errors(&written), Vec::<String>::new(), "{written:#}");
        assert_eq!(&SurvivalDocument::from_slice(document.to_json().as_bytes()).unwrap(), document);
    }
    let written: Value = serde_json::from_str(&full.to_json()).unwrap();
    // Nobody of "a" is left: no interval at the end, and a median.
    let a = &written["groups"][1];
    assert_eq!((&a["segment"], &a["median"], &a["curve"][3]["survival"]), (&json!("a"), &json!(2.0), &json!(0.0)));
    assert!(a["curve"][3].get("lower").is_none() && a["curve"][3]["lower_reason"].is_string());
    assert!(written["groups"][2]["median_reason"].is_string(), "b does not come down to a half");
    let c = &written["groups"][3];
    assert!(c.get("curve").is_none() && c["curve_reason"].as_str().unwrap().contains("between 1 and 3"), "{c}");
    assert!(written["tests"][1].get("statistic").is_none() && written["tests"][1].get("degrees").is_none());
}

#[test]
fn what_does_not_hold_is_refused() {
    for (path, value) in [
        ("/groups/1/curve/0/survival", json!(1.5)),
        ("/groups/1/curve/0/lower", json!(-0.1)),
        ("/groups/1/curve/0/time", json!(-1)),
        ("/groups/1/median", json!(-1)),
        ("/groups/1/observations", json!(1.5)),
        ("/tests/0/p_value", json!(2)),
        ("/tests/0/statistic", json!(-1)),
        ("/pairs/0/adjusted_p_value", json!(-0.5)),
        ("/confidence", json!(1)),
        ("/groups", Value::Null),
    ] {
        let mut changed: Value = serde_json::from_str(&document().to_json()).unwrap();
        *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        assert!(!errors(&changed).is_empty(), "{path}");
        assert!(SurvivalDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = document().to_json().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(read) = SurvivalDocument::from_slice(&bytes) {
            prop_assert_eq!(SurvivalDocument::from_slice(read.to_json().as_bytes()).unwrap(), read);
        }
    }
}
