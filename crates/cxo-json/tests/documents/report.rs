//! `cxo.report`: real scorecards match the schema and read back the same, and nothing that is read can panic.

use std::collections::BTreeSet;

use chrono::Utc;
use cxo_core::{
    Confidence, Interval, Method, Seed,
    churn::retention::{CohortOptions, RetentionKind, cohort_table},
    clv::PurchaseLog,
    domain::{
        Amount, Channel, Currency, CustomerId, Day, Feedback, LoadReport, Period, Rating, ResponseStatus, Scale,
        Stages, SurveyMetric, Timestamp, Weight,
    },
    experience::{AssociationOptions, ConsistencyOptions, Experience, ExperienceOptions, OutcomeKind, PathOutcome},
    journey::{Event, EventLog, Funnel, JourneyOptions},
    scorecard::{Answers, Frame, Scorecard},
    stalled::{StalledOptions, stalled},
    stats::{multiplicity::Multiplicity, suppression::Suppressed},
    survey::ContactRule,
};
use cxo_json::{
    AtRiskRow, BreakdownDocument, ChurnRiskRow, ContactsRow, Document, Entry, EstimateRow, FileRow, FunnelStepRow,
    JoinedRow, JourneyFunnelRow, JourneyReport, JourneyScoresRow, JourneyStageRow, LogRow, PathsRow, RepeatsRow,
    ReportConsistencyRow, ReportDocument, ReportHotSpotsRow, RetentionRow, SegmentRisk, StalledRow, TouchpointsRow,
    TransactionsRow, WhoAnsweredRow, schema,
};
use proptest::prelude::*;
use serde_json::Value;

/// A report of `responses` rows: every metric and scale, weights and repeat customers in it.
fn report(responses: i32, min_responses: u64) -> ReportDocument {
    let stages = Stages::default();
    let mut answers = Answers::new(Utc);
    let mut customers: Vec<(CustomerId, Vec<Box<str>>)> = Vec::new();
    for at in 0..responses {
        let (metric, scale) = match at % 4 {
            0 => (SurveyMetric::Nps, Scale::NPS),
            1 => (SurveyMetric::Csat, Scale::ONE_TO_FIVE),
            2 => (SurveyMetric::Ces, Scale::ONE_TO_SEVEN),
            _ => (SurveyMetric::Csat, "1-10".parse().unwrap()),
        };
        let score = i64::from(scale.min()) + i64::from(at) * 7 % (i64::from(scale.max() - scale.min()) + 1);
        let customer = CustomerId::new(format!("c{}", at % 90)).unwrap();
        if at < 90 {
            let region = ["north", "south", ""][usize::try_from(at).unwrap() / 4 % 3];
            customers.push((customer.clone(), vec![region.into()]));
            customers.push((CustomerId::new(format!("silent {at}")).unwrap(), vec!["north".into()]));
        }
        let rated = at % 5 > 0;
        let feedback = Feedback {
            customer: Some(customer),
            time: Some(Timestamp::from(Day(at / 4))),
            channel: Some(Channel::new(if at % 3 == 0 { "web" } else { "Zoë \"x\"\n" }).unwrap()),
            stage: stages.iter().nth(usize::try_from(at % 5).unwrap()).cloned(),
            rating: rated.then(|| Rating::new(score, scale).unwrap()),
            weight: Weight::new(if at % 2 == 0 { 1.0 } else { 1.75 }).unwrap(),
            ..Feedback::new(metric, if rated { ResponseStatus::Completed } else { ResponseStatus::Invited })
        };
        answers.add(&feedback).unwrap();
    }
    let scorecard = Scorecard::default().min_responses(min_responses);
    let result = scorecard.ask(&answers, &stages).unwrap();
    let mut document =
        ReportDocument::new("Europe/Vienna", Period::Month, result.confidence, min_responses).scorecard(&result);
    let attributes = ["region".to_owned()];
    let who = scorecard.who_answered(&answers, Frame { attributes: &attributes, customers: &customers }).unwrap();
    document.who_answered = Some(WhoAnsweredRow::new(&who, Multiplicity::Holm));
    let contacts = answers.contacts(ContactRule::per_days(30, 1).unwrap()).unwrap();
    let shown = if contacts.over_limit < min_responses { Err(Suppressed::TooFew) } else { Ok(()) };
    document.contacts = Some(ContactsRow::new(&contacts, 30, 1, shown));
    document.touchpoints = Some(TouchpointsRow { events: 3, customers: 2 });
    let transactions = TransactionsRow { purchases: 5, refunds: 1, customers: 4, revenue: None, currency: None };
    document.transactions = Some(transactions.revenue(Amount(-1205), Currency::iso("EUR").unwrap()));
    document.journey = Some(journey(&document));
    document.retention = Some(retention());
    document.churn_risk = Some(churn_risk());
    document.customers = Some(7);
    let load = LoadReport { rows: 3, accepted: 3, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() };
    document.files.push(FileRow { role: "feedback".into(), file: "a/b.csv".into(), load });
    document
}

/// Sixty customers: they order, rate what comes by shop or web, and some come again.
fn journey(of: &ReportDocument) -> JourneyReport {
    let mut log = EventLog::default();
    for at in 0..60_i64 {
        let (customer, channel) = (format!("c{at}"), if at % 2 == 0 { "shop" } else { "web" });
        let hour = |hours: i64| Timestamp((at + hours) * 3_600_000_000);
        log.add(&Event::new(&customer, "order", hour(0)).stage("purchase")).unwrap();
        let score = f64::from(u8::try_from(at % 5).unwrap() + 1);
        let parcel = Event::new(&customer, "parcel", hour(1)).stage("onboarding").channel(channel);
        log.add(&parcel.score(score)).unwrap();
        if at % 3 == 0 {
            log.add(&Event::new(&customer, "thanks", hour(2)).stage("loyalty")).unwrap();
        }
    }
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let repeats = RepeatsRow::new(
        60.0,
        &journeys.repeat_contacts(60_000_000, Confidence::P95).unwrap(),
        &journeys.rework(Confidence::P95).unwrap(),
        3,
        0,
    );
    let paths = PathsRow::new(&journeys.variants(), 60, 5);
    let mut found = JourneyReport::new(&journeys, LogRow::new(&journeys), paths, repeats).unwrap();
    let staged = journeys.by_stage().unwrap();
    let passage = staged.funnel(&Funnel::new(["purchase", "onboarding", "loyalty"]).unwrap()).unwrap();
    let next = passage.steps.get(1).map(FunnelStepRow::from);
    let row = JourneyStageRow { stage: "purchase".into(), events: 60, journeys: 60, begins: Ok(60), next };
    found.stages = Ok(vec![row]);
    found.funnel = Ok(JourneyFunnelRow::new("stage", &passage, 0, Confidence::P95).unwrap().unwrap());
    found.scores = Ok(of.metrics.iter().filter_map(JourneyScoresRow::of).collect());
    let experience = Experience::new(&journeys, &ExperienceOptions::new(Scale::ONE_TO_FIVE)).unwrap();
    let options = AssociationOptions::new(PathOutcome::new(["thanks"], OutcomeKind::Wanted)).resamples(100, Seed(1));
    let spots = experience.hot_spots(&options).unwrap();
    let join = JoinedRow::new(experience.counts(), 2, 1);
    found.hot_spots =
        Ok(ReportHotSpotsRow::new(&spots, ["csat", "1-5", "last-stage"], (60.0, "nine-of-ten"), join, |_| true));
    let consistency = experience.consistency(&ConsistencyOptions::new(0.4).unwrap()).unwrap();
    found.consistency = Ok(ReportConsistencyRow::new(&consistency, ["csat", "1-5"], |_| true, &BTreeSet::new()));
    let outcomes = ["thanks".to_owned()];
    let options = StalledOptions::new().unwrap().outcomes(&outcomes);
    let limits = stalled(&journeys, &options).unwrap();
    found.stalled = Ok(StalledRow::new(&limits, &outcomes, ["purchase", "onboarding"], 0).unwrap());
    found
}

#[test]
fn what_a_report_hides_its_hot_spots_hide_too() {
    let document = report(400, 0);
    let spots = document.journey.unwrap().hot_spots.unwrap();
    assert_eq!((spots.join.ratings, spots.join.joined, spots.bad.as_str()), (63, 60, "1-2"));
    let shown: Vec<&str> = spots.touchpoints.iter().map(|spot| spot.touchpoint.as_str()).collect();
    assert_eq!((shown, spots.unrated), (vec!["parcel"], vec!["order".to_owned()]));
}

/// Two new customers a month; every second one comes back.
fn retention() -> RetentionRow {
    let mut log = PurchaseLog::default();
    for at in 0..12 {
        for day in (at * 15..180).step_by(if at % 2 == 0 { 33 } else { 200 }) {
            log.add(&format!("c{at}"), Day(day), None).unwrap();
        }
    }
    let table = |kind| cohort_table(log.columns().unwrap(), &CohortOptions::default().kind(kind)).unwrap();
    let (n_day, unbounded) = (table(RetentionKind::NDay), table(RetentionKind::UNBOUNDED));
    RetentionRow::new(&n_day, &unbounded, 4, 0, Confidence::P95).unwrap().unwrap()
}

/// A group with a value, one without an interval, a hidden one.
fn churn_risk() -> ChurnRiskRow {
    let bounds = Interval::new(2.0, 9.0, Confidence::P95, Method::LogWald).unwrap();
    let known = |value| EstimateRow { value, standard_error: Ok(1.5), interval: Ok(bounds) };
    let unknown = EstimateRow { value: 0.0, standard_error: Err("unknown".into()), interval: Err("unknown".into()) };
    let total = SegmentRisk {
        customers: 12,
        alive: known(8.0),
        departures: known(4.5),
        departure_share: Ok(0.5625),
        value_at_risk: Ok(AtRiskRow { expected: known(4.25), not_valued: 1 }),
    };
    let gone = SegmentRisk {
        alive: unknown.clone(),
        departures: unknown,
        departure_share: Err("nobody is there".into()),
        value_at_risk: Err("no column of amounts was named".into()),
        ..total.clone()
    };
    let entry = |segment: &str, outcome| Entry { segment: Some(segment.to_owned()), outcome };
    let results = vec![
        entry("", Ok(total.clone())),
        entry("north", Ok(gone)),
        entry("south", Err(Suppressed::TooFew.reason().into())),
    ];
    ChurnRiskRow {
        model: "bg-nbd".into(),
        unit: "week".into(),
        horizon: 13.0,
        rule: "modelled-departure".into(),
        total,
        segments: vec![BreakdownDocument { by: "region".into(), results }],
    }
}

fn errors(document: &Value) -> Vec<String> {
    let validator = jsonschema::draft202012::new(&serde_json::from_str(schema::REPORT).unwrap()).unwrap();
    validator.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

#[test]
fn real_scorecards_are_valid_and_read_back_the_same() {
    for (responses, min) in [(1, 0), (1, 5), (9, 0), (40, 5), (400, 0), (400, 5), (400, 1000)] {
        let document = report(responses, min);
        let written: Value = serde_json::from_str(&document.to_json()).unwrap();
        assert_eq!(errors(&written), Vec::<String>::new(), "{responses} {min}\n{written:#}");
        assert_eq!(ReportDocument::from_slice(document.to_json().as_bytes()).unwrap(), document);
    }
    let empty = ReportDocument::new("UTC", Period::Week, Confidence::P99, 0);
    assert_eq!(errors(&serde_json::from_str(&empty.to_json()).unwrap()), Vec::<String>::new());
    assert_eq!(ReportDocument::from_slice(empty.to_json().as_bytes()).unwrap(), empty);
}

#[test]
fn the_document_says_what_the_scorecard_found() {
    let full: Value = serde_json::from_str(&report(400, 0).to_json()).unwrap();
    let metrics = full["metrics"].as_array().unwrap();
    assert_eq!(
        metrics.iter().map(|card| card["metric"].as_str().unwrap()).collect::<Vec<_>>(),
        ["nps", "csat", "csat", "ces"]
    );
    assert!(metrics[2]["unanswered"].is_string() && metrics[2]["results"].as_array().unwrap().is_empty());
    assert!(metrics[0]["change"]["p_value"].is_number() && metrics[0]["incomplete_period"] == "1970-04");
    assert_eq!(full["who_answered"]["attributes"][0]["groups"].as_array().unwrap().len(), 3);
    let hidden: Value = serde_json::from_str(&report(400, 1000).to_json()).unwrap();
    assert_eq!(hidden["metrics"][0]["breakdowns"], Value::Array(Vec::new()));
    assert!(hidden["metrics"][0]["results"][0]["suppressed"].is_string());
    assert!(hidden["who_answered"]["attributes"][0]["suppressed"].is_string());
    assert!(hidden["contacts"].get("over_limit").is_none());
}

#[test]
fn a_retention_curve_counts_months_and_says_why_there_is_none() {
    let found = retention();
    assert_eq!((found.period.as_str(), found.until.as_str(), found.follow_up), ("month", "1970-06-15", 1));
    let periods = |curve: &[cxo_json::CurveRow]| curve.iter().map(|row| row.period).collect::<Vec<_>>();
    assert_eq!((periods(&found.n_day), periods(&found.unbounded)), (vec![1, 2, 3, 4], vec![1, 2, 3]));
    assert!(
        found.n_day.iter().all(|row| row.interval.is_ok() && (0.0..=1.0).contains(&row.share) && row.through.is_none())
    );
    let mut log = PurchaseLog::default();
    log.add("ann", Day(0), None).unwrap();
    log.add("ann", Day(60), None).unwrap();
    let table = cohort_table(log.columns().unwrap(), &CohortOptions::default()).unwrap();
    let of = |until: Day, min| {
        let table = cohort_table(log.columns().unwrap(), &CohortOptions::default().until(until)).unwrap();
        RetentionRow::new(&table, &table, 12, min, Confidence::P95).unwrap()
    };
    assert_eq!(of(table.until, 1).unwrap().n_day.len(), 1);
    assert_eq!(of(table.until, 2).unwrap_err(), Suppressed::TooFew.reason());
    assert_eq!(of(Day(20), 1).unwrap_err(), "nobody was observed for a whole month after the first");
}

#[test]
fn the_schema_and_the_reader_refuse_alike() {
    let document: Value = serde_json::from_str(&report(400, 0).to_json()).unwrap();
    for (path, value) in [
        ("/metrics/0/metric", Value::from("xyz")),
        ("/metrics/0/results/0/score", 101.into()),
        ("/metrics/0/change/p_value", 1.5.into()),
        ("/metrics/0/customers", Value::Null),
        ("/response/response_rate/rate", 2.into()),
        ("/response/completed", (-1).into()),
        ("/who_answered/attributes/0/groups/0/rate", 7.into()),
        ("/contacts/share_over_limit", (-0.5).into()),
        ("/journey/stages", Value::Null),
        ("/journey/stages/0/next/conversion", 1.5.into()),
        ("/journey/funnel/steps/1/lower", (-1).into()),
        ("/journey/median_seconds", (-1).into()),
        ("/journey/paths/variants/0/share", 2.into()),
        ("/journey/hot_spots/touchpoints/0/coverage", 2.into()),
        ("/journey/hot_spots/touchpoints/0/associated_outcomes", Value::Null),
        ("/journey/hot_spots/join/joined", (-1).into()),
        ("/journey/hot_spots/silence_seconds", (-1).into()),
        ("/journey/hidden_stages", Value::Null),
        ("/journey/consistency/touchpoints/0/covered", 2.into()),
        ("/journey/stalled/quantile", 2.into()),
        ("/journey/stalled/stages/0/stalled", (-1).into()),
        ("/retention/n_day/0/share", 1.5.into()),
        ("/retention/n_day/0/interval", Value::Null),
        ("/retention/unbounded", Value::Null),
        ("/churn_risk/horizon", (-1).into()),
        ("/churn_risk/total/alive/value", (-1).into()),
        ("/churn_risk/total/departures/standard_error", (-1).into()),
        ("/churn_risk/total/departure_share", 1.5.into()),
        ("/churn_risk/total/value_at_risk", Value::Null),
        ("/churn_risk/total/value_at_risk/value", (-1).into()),
        ("/churn_risk/total/value_at_risk/not_valued", Value::Null),
        ("/churn_risk/segments/0/results/0/customers", (-1).into()),
        ("/churn_risk/segments/0/results/2/suppressed", Value::Null),
        ("/period", "decade".into()),
        ("/files/0/load", Value::Null),
    ] {
        let mut changed = document.clone();
        *changed.pointer_mut(path).unwrap() = value;
        assert!(!errors(&changed).is_empty(), "{path}");
        assert!(ReportDocument::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

/// The paths to all parts of a value.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, part)| paths(part, &format!("{at}/{key}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(key, part)| paths(part, &format!("{at}/{key}"), found));
        }
        _ => (),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// A real document with one part replaced or removed: an error, or a value that reads back the same.
    #[test]
    fn the_reader_survives_damage(place in any::<prop::sample::Index>(), kind in 0_usize..9) {
        let mut document: Value = serde_json::from_str(&report(40, 0).to_json()).unwrap();
        let mut all = Vec::new();
        paths(&document, "", &mut all);
        let path = &all[place.index(all.len())];
        let part = document.pointer_mut(path).unwrap();
        *part = match kind {
            0 => Value::Null,
            1 => (-1).into(),
            2 => 1e300.into(),
            3 => "text".into(),
            4 => Value::Array(vec![part.clone(), Value::Null]),
            5 => serde_json::json!({"suppressed": "x"}),
            6 => serde_json::json!({}),
            7 => true.into(),
            _ => u64::MAX.into(),
        };
        if let Ok(read) = ReportDocument::from_slice(document.to_string().as_bytes()) {
            prop_assert_eq!(ReportDocument::from_slice(read.to_json().as_bytes()).unwrap(), read);
        }
    }

    #[test]
    fn the_reader_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ReportDocument::from_slice(&bytes);
    }
}
