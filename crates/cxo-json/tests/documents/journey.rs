//! The documents of journeys: what is written reads back the same, matches its schema, and nothing that is read can panic.

use std::borrow::Cow;

use cxo_core::{
    Confidence, Seed,
    domain::{LoadReport, Scale, Stages, Timestamp},
    experience::{
        AssociationOptions, ConsistencyOptions, Experience, ExperienceOptions, OutcomeKind, PathKey, PathOutcome,
        PathQuestion,
    },
    journey::{
        AttributionModel, Blueprint, BlueprintStage, BlueprintTouchpoint, ConformanceOptions, Event, EventLog, Funnel,
        FunnelComparison, FunnelDefinition, JourneyOptions, Journeys, Lifecycle, MapComparisonOptions, NextTouchpoint,
        OpenJourneys, PathCount, Paths, StageOrder,
    },
    survey::{Csat, RatingBox},
};
use cxo_json::{
    AttributionDocument, AttributionRow, BlueprintStepRow, ChainResamples, ChainRow, ConformanceQuestion,
    ConformanceRow, CostsRow, Document, EmotionCurveRow, Entry, FeedbackRow, FlattenedRow, FollowsRow,
    FunnelComparisonRow, FunnelDocument, FunnelRow, HotspotsQuestion, HotspotsRow, JourneyChainDocument,
    JourneyConformanceDocument, JourneyHotspotsDocument, JourneyMapDocument, JourneyNextDocument, JourneyPathsDocument,
    LogRow, MapComparisonRow, MapRow, NextLossRow, NextRow, OrderRow, PathScoresRow, PathsRow, PositionRow,
    PredictionRow, ServiceRow, StateBounds, StepRow, SwitchesRow, Worth, schema,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn errors<D: Document>(document: &Value) -> Vec<String> {
    let (_, text) = schema::ALL.iter().find(|(format, _)| *format == D::FORMAT).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    validator.iter_errors(document).map(|error| format!("{error} at {}", error.instance_path())).collect()
}

fn log() -> EventLog {
    let mut log = EventLog::default();
    for (customer, touchpoint, minutes) in [
        ("ann", "home", 0),
        ("ann", "cart", 2),
        ("ann", "pay", 5),
        ("bob", "home", 1),
        ("bob", "help", 3),
        ("cy", "cart", 4),
        ("cy", "gone", 9),
    ] {
        log.add(&Event::new(customer, touchpoint, Timestamp(minutes * 60_000_000))).unwrap();
    }
    log
}

fn load() -> LoadReport {
    LoadReport { rows: 7, accepted: 7, blank: 0, rejected: 0, skipped: 0, reasons: Vec::new() }
}

/// A segment that is shown and one that is not.
fn segments<T>(row: T) -> Vec<Entry<T>> {
    let hidden = Err(Cow::Borrowed("hidden to protect small groups"));
    vec![
        Entry { segment: Some("app".to_owned()), outcome: Ok(row) },
        Entry { segment: Some("web".to_owned()), outcome: hidden },
    ]
}

/// The journeys of ann, and those of the others.
fn two<'a>(journeys: &Journeys<'a>) -> (Journeys<'a>, Journeys<'a>) {
    let of = |is_ann: bool| journeys.keep(|one| (journeys.customer(one.customer) == Some("ann")) == is_ann).unwrap();
    (of(true), of(false))
}

/// One touchpoint that took a minute, and one that nobody finished.
fn served() -> Vec<ServiceRow> {
    let mut log = EventLog::default();
    for (touchpoint, minute, what) in
        [("repair", 0, Lifecycle::Start), ("repair", 1, Lifecycle::Complete), ("test", 3, Lifecycle::Start)]
    {
        log.add(&Event::new("ann", touchpoint, Timestamp(minute * 60_000_000)).lifecycle(what)).unwrap();
    }
    let times = log.journeys(&JourneyOptions::default()).unwrap().service_times().unwrap();
    times.iter().map(ServiceRow::from).collect()
}

fn row(journeys: &Journeys<'_>) -> LogRow {
    LogRow {
        begun: Some(0),
        journey: "session".to_owned(),
        session_gap_seconds: Some(1800.0),
        tie_order: Some("touchpoint".to_owned()),
        duplicate_rule: "within".to_owned(),
        duplicate_gap_seconds: Some(1.0),
        outside_period: Some(2),
        views: vec!["collapse-loops".to_owned()],
        left_out: Some(1),
        stitched: Some(3),
        shared_ids: Some(0),
        flattened: Some(FlattenedRow {
            object_type: "order".to_owned(),
            qualifier: Some("placed".to_owned()),
            objects: 3,
            silent_objects: 1,
            shared_events: 1,
            unrelated_events: 0,
        }),
        ..LogRow::new(journeys)
    }
}

fn holds<D: Document + PartialEq + std::fmt::Debug>(document: &D) {
    let written: Value = serde_json::from_str(&document.to_json()).unwrap();
    assert_eq!(errors::<D>(&written), Vec::<String>::new(), "{written:#}");
    assert_eq!(&D::from_slice(document.to_json().as_bytes()).unwrap(), document);
}

fn refuses<D: Document + std::fmt::Debug>(document: &D, changes: &[(&str, Value)]) {
    for (path, value) in changes {
        let mut changed: Value = serde_json::from_str(&document.to_json()).unwrap();
        *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value.clone();
        assert!(!errors::<D>(&changed).is_empty(), "{path}");
        assert!(D::from_slice(changed.to_string().as_bytes()).is_err(), "{path}");
    }
}

#[test]
fn maps_and_paths() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let map = MapRow {
        eventually_follows: Some(FollowsRow::of(&journeys.eventually_follows(), &journeys)),
        service: Ok(served()),
        ..MapRow::from(&journeys.map())
    };
    let (ann, others) = two(&journeys);
    let compared = ann.compare(&others, &MapComparisonOptions::default()).unwrap();
    let full = JourneyMapDocument {
        all: map.clone(),
        segments: Some(segments(map)),
        comparisons: Some(segments(MapComparisonRow::new(&compared, "web"))),
        log: row(&journeys),
        load: load(),
    };
    holds(&full);
    let bare = MapRow::from(&journeys.map());
    assert!(bare.service.is_err() && bare.eventually_follows.is_none());
    let log = LogRow::new(&journeys);
    holds(&JourneyMapDocument { all: bare, segments: None, comparisons: None, log, load: load() });
    let written: Value = serde_json::from_str(&full.to_json()).unwrap();
    assert_eq!(written["log"]["observed_until"], json!("1970-01-01T00:09:00Z"));
    assert_eq!(written["segments"][1]["suppressed"], json!("hidden to protect small groups"));
    refuses(
        &full,
        &[
            ("/journeys", json!(-1)),
            ("/edges/0/median_seconds", json!(-1)),
            ("/segments/0/edges/0/p90_seconds", json!(-1)),
            ("/service/0/service_seconds/median", json!(-1)),
            ("/eventually_follows/0/count", json!(-1)),
            ("/comparisons/0/touchpoints/0/share", json!(1.1)),
            ("/comparisons/0/edges/0/baseline_share", json!(-0.1)),
            ("/comparisons/0/baseline", Value::Null),
            ("/log/session_gap_seconds", json!(-1)),
            ("/touchpoints", Value::Null),
        ],
    );
    let bare = PathsRow::new(&journeys.variants(), 3, 2);
    let paths = PathsRow { steps: Some(StepRow::of(&journeys, 9)), ..bare.clone() };
    assert_eq!(paths.steps.as_ref().unwrap()[2].ended, 2);
    let full =
        JourneyPathsDocument { all: paths.clone(), segments: Some(segments(paths)), log: row(&journeys), load: load() };
    holds(&full);
    assert_eq!((&full.all.total_variants, full.all.variants.len()), (&Ok(3), 2));
    holds(&JourneyPathsDocument { all: bare, ..full.clone() });
    refuses(
        &full,
        &[
            ("/variants/0/share", json!(1.5)),
            ("/variants/0/coverage", json!(-0.1)),
            ("/steps/0/touchpoints/0/share", json!(2)),
            ("/segments/0/steps/1/ended_share", json!(-1)),
        ],
    );
}

#[test]
fn funnels() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let funnel = Funnel::new(["home", "cart", "pay"]).unwrap();
    let open = journeys.funnel(&funnel).unwrap();
    let windowed = journeys.funnel(
        &funnel.window(60_000_000).unwrap().definition(FunnelDefinition::OrderedWithExclusion).excluding(["help"]),
    );
    let (ann, others) = two(&journeys);
    let short = Funnel::new(["cart", "pay"]).unwrap();
    let compared = FunnelComparison::new((&ann, &short), (&others, &short)).unwrap();
    assert_eq!((compared.customers, compared.in_both), (2, 0));
    let new = |passage| FunnelDocument::new(passage, Confidence::P95, row(&journeys), load());
    let bare = new(&open);
    let full = FunnelDocument {
        excluded: Some(vec!["help".to_owned()]),
        segments: Some(segments(FunnelRow::from(&open))),
        comparisons: Some(segments(FunnelComparisonRow::new(&compared, "web"))),
        ..new(&windowed.unwrap())
    };
    holds(&bare);
    holds(&full);
    let written: Value = serde_json::from_str(&bare.to_json()).unwrap();
    assert!(written.get("immature").is_none() && written["immature_reason"].is_string());
    assert!(
        written["steps"][0].get("step_conversion").is_none()
            && written["steps"][0]["median_seconds_reason"].is_string()
    );
    assert_eq!(written["evidence"], json!("observational"));
    refuses(
        &full,
        &[
            ("/window_seconds", json!(-1)),
            ("/steps/0/conversion", json!(2)),
            ("/steps/0/lower", json!(-1)),
            ("/segments/0/steps/1/step_upper", json!(1.1)),
            ("/immature_rule", json!(3)),
            ("/comparisons/0/customers", json!(-1)),
            ("/comparisons/0/steps/1/difference/p_value", json!(2)),
            ("/confidence", json!(0)),
        ],
    );
    // More at a later step than before it: of this a schema knows nothing.
    let mut changed: Value = serde_json::from_str(&bare.to_json()).unwrap();
    changed["steps"][1]["reached"] = json!(3);
    assert!(FunnelDocument::from_slice(changed.to_string().as_bytes()).is_err());
}

#[test]
fn chains() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    for outcomes in [&["pay"][..], &["pay", "gone"]] {
        let chain = journeys.chain(outcomes, OpenJourneys::Lost).unwrap();
        let paths = journeys.paths_to(outcomes, OpenJourneys::Lost).unwrap().paths;
        let orders = OrderRow::of(&paths.chain_orders(2).unwrap());
        assert_eq!(orders.iter().filter(|order| order.supported).count(), 1);
        let none = ChainRow::new(&chain, Err("no journey has a step before its end".into()));
        holds(&JourneyChainDocument::new(none, row(&journeys), load()));
        let bare = JourneyChainDocument::new(ChainRow::new(&chain, Ok(orders)), row(&journeys), load());
        let full = JourneyChainDocument {
            silence_seconds: Some(60.0),
            segments: Some(segments(bare.all.clone())),
            ..bare.clone()
        };
        holds(&bare);
        holds(&full);
        let probabilities = full.all.start.outcome_probabilities.is_some();
        assert_eq!(probabilities, outcomes.len() > 1);
        refuses(
            &full,
            &[
                ("/start/conversion_probability", json!(1.1)),
                ("/states/0/expected_steps", json!(-1)),
                ("/segments/0/states/0/expected_seconds", json!(-1)),
                ("/silence_seconds", json!(-1)),
                ("/removal_effects/0/removal_effect", json!(2)),
                ("/orders/0/log_likelihood", json!(1)),
            ],
        );
        let mut bounded = full.clone();
        bounded.all.start.bounds = Some(StateBounds { lower: 0.25, upper: 0.75 });
        bounded.resamples = Some(ChainResamples {
            resamples: 100,
            seed: 1,
            confidence: Confidence::P95,
            interval_method: "customer-bootstrap".to_owned(),
        });
        holds(&bounded);
    }
}

#[test]
fn attributions() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let mut paths = Paths::default();
    paths.add(["search", "email"], PathCount::new(2, 5, 80.0).unwrap()).unwrap();
    paths.add(["email"], PathCount::new(1, 0, 30.0).unwrap()).unwrap();
    let positions = paths.ordered_shapley().unwrap();
    for (model, worth) in [(AttributionModel::Markov, Worth::Known), (AttributionModel::Shapley, Worth::Unknown)] {
        let all = AttributionRow::new(&paths.attribution(model, 1).unwrap(), worth);
        let bare = AttributionDocument::new(model, 1, all, load());
        let full = AttributionDocument {
            unit: "channel".to_owned(),
            segments: Some(segments(bare.all.clone())),
            outcomes: Some(vec!["pay".to_owned()]),
            silence_seconds: Some(60.0),
            log: Some(row(&journeys)),
            all: AttributionRow {
                open_journeys: Some(1),
                immediate_journeys: Some(0),
                positions: Some(positions.iter().map(|place| PositionRow::new(place, worth)).collect()),
                ..bare.all.clone()
            },
            ..bare.clone()
        };
        holds(&bare);
        holds(&full);
        assert_eq!(full.order.is_some(), full.all.channels[0].removal_effect.is_ok());
        refuses(
            &full,
            &[
                ("/channels/0/share", json!(2)),
                ("/channels/0/attributed", json!(-1)),
                ("/positions/0/attributed", json!(-1)),
            ],
        );
    }
}

#[test]
fn next_touchpoints() {
    let log = log();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let model = NextTouchpoint::learn(&journeys, 2, OpenJourneys::Lost).unwrap();
    let after = ["home"];
    let prediction = |customer| PredictionRow::new(customer, &after, &model.predict(&after), 2);
    let loss = NextTouchpoint::cross_validate(&journeys, 2, OpenJourneys::Lost, 3).unwrap();
    let all = NextRow {
        journeys: 3,
        open_journeys: 0,
        biased: false,
        longest_context: 2,
        evaluation: Ok(vec![NextLossRow::new(2, loss)]),
        predictions: vec![prediction(None), prediction(Some("ann"))],
    };
    let mut full = JourneyNextDocument::new(all.clone(), row(&journeys), load());
    full.segments = Some(segments(all.clone()));
    full.silence_seconds = Some(60.0);
    holds(&full);
    let all = NextRow { evaluation: Err("there is one customer".into()), ..all };
    holds(&JourneyNextDocument { all, segments: None, silence_seconds: None, ..full.clone() });
    refuses(
        &full,
        &[
            ("/predictions/0/touchpoints/0/probability", json!(1.5)),
            ("/predictions/0/end_probability", json!(-1)),
            ("/evaluation/0/log_loss", json!(-1)),
            ("/segments/0/predictions/1/unseen_probability", json!(2)),
            ("/silence_seconds", json!(-1)),
        ],
    );
}

/// Rated by channel and stage; the odd ones badly, and of those few come back.
fn rated() -> EventLog {
    let mut log = EventLog::default();
    for number in 0_i64..24 {
        let (customer, good) = (format!("c{number}"), number % 2 == 0);
        let via = if number % 3 == 0 { "app" } else { "web" };
        let at = |hour: i64| Timestamp(hour * 3_600_000_000);
        log.add(&Event::new(&customer, "order", at(0)).channel("web").stage("buy").score(4.0)).unwrap();
        let score = if good { 5.0 } else { 1.0 + f64::from(u8::from(number % 3 == 0)) };
        log.add(&Event::new(&customer, "delivery", at(1)).channel(via).stage("get").score(score)).unwrap();
        if good || number % 5 == 0 {
            log.add(&Event::new(&customer, "reorder", at(2)).channel("web").stage("stay")).unwrap();
        }
        log.add(&Event::new(&customer, "survey", at(3)).score(if good { 4.0 } else { 3.0 })).unwrap();
    }
    log
}

#[test]
fn hot_spots_with_and_without_their_sections() {
    let log = rated();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let options = ExperienceOptions::new(Scale::ONE_TO_FIVE).journey_surveys(["survey"]);
    let experience = Experience::new(&journeys, &options).unwrap();
    let association = AssociationOptions::new(PathOutcome::new(["reorder"], OutcomeKind::Wanted))
        .resamples(100, Seed(1))
        .min_responses(3);
    let spots = experience.hot_spots(&association).unwrap();
    let overall = experience.overall(None, 3, Confidence::P95).unwrap();
    let moments = experience.moments_of_truth(RatingBox::new(4, 5).unwrap(), &association).unwrap();
    let sizes = (experience.len() as u64, experience.passes() as u64, experience.counts());
    let row_of = |spots| HotspotsRow::new(sizes, &overall, spots, &moments);
    let question = HotspotsQuestion {
        outcomes: vec!["reorder".to_owned()],
        outcome_kind: "wanted".to_owned(),
        silence_seconds: None,
        feedback: None,
        scale: "1-5".to_owned(),
        bad_ratings: "1-2".to_owned(),
        good_ratings: "4-5".to_owned(),
        adjusted_for: vec!["stage".to_owned()],
        surveys: Vec::new(),
        journey_surveys: vec!["survey".to_owned()],
        window_seconds: 604_800.0,
        margin: 0.3,
        resamples: 100,
        seed: 1,
        min_responses: 3,
        confidence: Confidence::P95,
    };
    let bare = JourneyHotspotsDocument::new(question, row_of(&spots), row(&journeys), load());
    holds(&bare);
    let scores = [PathKey::Touchpoint, PathKey::Stage, PathKey::Channel]
        .map(|key| experience.scores(key, PathQuestion::Csat(Csat::default()), 9).unwrap());
    let stages = Stages::new(["buy", "get", "stay"]).unwrap();
    let consistency = experience.consistency(&ConsistencyOptions::new(0.3).unwrap()).unwrap();
    let mut full = bare.clone();
    full.question.silence_seconds = Some(60.0);
    full.question.feedback =
        Some(FeedbackRow { file: "feedback.csv".to_owned(), metric: "csat".to_owned(), load: load() });
    full.all.biased = true;
    full.all.scores = Ok(PathScoresRow::new("csat", &scores).unwrap());
    full.all.emotion_curve = Ok(EmotionCurveRow::from(&experience.emotion_curve(&stages, 3, Confidence::P95).unwrap()));
    full.all.consistency = Ok(HotspotsRow::consistency_rows(&consistency));
    full.all.switches = Ok(SwitchesRow::from(&experience.switches(&association).unwrap()));
    full.segments = Some(segments(full.all.clone()));
    full.all.journey_experience.good_passes = Err("hidden to protect small groups".into());
    holds(&full);
    full.all.journey_experience.good_passes = bare.all.journey_experience.good_passes;
    assert!(full.all.hotspots[0].associated_outcomes.is_ok() && full.all.journey_experience.journey_ratings.is_ok());
    refuses(
        &full,
        &[
            ("/hotspots/0/coverage", json!(1.5)),
            ("/hotspots/0/bad_passes", json!(-1)),
            ("/hotspots/0/difference/value", json!(-2)),
            ("/hotspots/0/good_rate", json!(2)),
            ("/moments_of_truth/0/rated", json!(-1)),
            ("/journey_experience/good_passes/value", json!(1.1)),
            ("/scores/by/0/results/0/score/coverage", json!(2)),
            ("/consistency/0/covered", json!(-0.5)),
            ("/segments/0/switches/all/across/value", json!(3)),
            ("/silence_seconds", json!(-1)),
            ("/margin", json!(-1)),
            ("/confidence", json!(1)),
        ],
    );
}

#[test]
fn conformance_to_a_design() {
    let log = rated();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let step = |name: &str| BlueprintTouchpoint::new(name);
    let stages = vec![
        BlueprintStage::new("buy", StageOrder::Sequence, vec![step("order")]),
        BlueprintStage::new(
            "get",
            StageOrder::Any,
            vec![step("delivery").target_seconds(60.0), step("reorder"), step("call").optional()],
        ),
    ];
    let design = Blueprint::new("order", stages).unwrap().target_seconds(60.0).unwrap();
    let found = journeys.conformance(&design, &ConformanceOptions::default()).unwrap();
    let experience = Experience::new(&journeys, &ExperienceOptions::new(Scale::ONE_TO_FIVE)).unwrap();
    let outcome = PathOutcome::new(["reorder"], OutcomeKind::Wanted);
    let associated = experience.deviations(&found, Some(&outcome), 3, Confidence::P95).unwrap();
    let all = ConformanceRow::new(&found, &associated, &design, 1);
    assert_eq!((all.total_variants, all.variants.len(), all.variants[0].moves.len()), (2, 1, 5));
    let question = ConformanceQuestion {
        blueprint: "order".to_owned(),
        target_seconds: design.target(),
        steps: design.steps().map(BlueprintStepRow::from).collect(),
        never_seen: vec!["call".to_owned()],
        costs: CostsRow::default(),
        ignored: Vec::new(),
        outcomes: Some(vec!["reorder".to_owned()]),
        outcome_kind: Some("wanted".to_owned()),
        silence_seconds: Some(60.0),
        feedback: None,
        scale: Some("1-5".to_owned()),
        min_responses: 3,
        confidence: Confidence::P95,
    };
    let mut full = JourneyConformanceDocument::new(question, all, row(&journeys), load());
    full.segments = Some(segments(full.all.clone()));
    full.question.costs.skip_of.insert("order".to_owned(), 2.0);
    holds(&full);
    assert!(full.all.deviations.iter().any(|row| row.score_difference.is_ok()));
    refuses(
        &full,
        &[
            ("/fitness/value", json!(1.1)),
            ("/conforming/standard_error", json!(-1)),
            ("/deviations/0/share/value", json!(2)),
            ("/segments/0/variants/0/cost", json!(-1)),
            ("/costs/skip", json!(-1)),
            ("/variants/0/moves/0/move", json!(7)),
            ("/silence_seconds", json!(-1)),
        ],
    );
    let mut bare = full.clone();
    bare.all.without_scores("there is no column of ratings");
    (bare.segments, bare.question.outcomes, bare.question.outcome_kind, bare.question.scale) = (None, None, None, None);
    holds(&bare);
}

proptest! {
    #[test]
    fn nothing_that_is_read_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let log = log();
        let journeys = log.journeys(&JourneyOptions::default()).unwrap();
        let passage = journeys.funnel(&Funnel::new(["home", "pay"]).unwrap()).unwrap();
        let document = FunnelDocument::new(&passage, Confidence::P95, LogRow::new(&journeys), load());
        let mut bytes = document.to_json().into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(read) = FunnelDocument::from_slice(&bytes) {
            prop_assert_eq!(FunnelDocument::from_slice(read.to_json().as_bytes()).unwrap(), read);
        }
    }
}
