//! Every document: what is written reads back the same, matches its schema, and nothing that is read can panic.

use cxo_core::{
    Confidence, Probability,
    domain::{Day, LoadReport, Period as Calendar, RejectedCell, Rejection, ResponseStatus, Timestamp, Weight},
    stats::{
        proportion::ProportionMethod,
        raking::{Margin, RakeOptions, rake},
        suppression::Suppressed,
    },
    survey::{
        Ces, CesVersion, ContactRule, Contacts, Csat, CsatCounts, FrameCategory, IndexWeights, Nps, NpsComparison,
        NpsDecomposition, NpsMethod, NpsPanel, NpsResult, NpsShares, PanelMethod, Rating, ResponseFunnel,
        SatisfactionItems, Scale, Segment, Segments, Tally, WeightedTally, nonresponse,
    },
};
use cxo_json::{
    AskedRule, CesDocument, CesRow, ComparisonDocument, ContactsDocument, CsatDocument, CsatRow, Customers,
    DecompositionDocument, DesignRow, Document, Entry, Error, IndexDocument, MarginRow, NonResponseDocument,
    NpsDocument, NpsRow, PanelDocument, Period, PlanDocument, RakingDocument, ResponseDocument, ResponseRow, TargetRow,
    VersusRest, WeightedNps, schema,
};
use proptest::prelude::*;
use serde_json::Value;

fn valid<D: Document + PartialEq + std::fmt::Debug>(document: &D) {
    let (_, text) = schema::ALL.iter().find(|(format, _)| *format == D::FORMAT).expect("every document has a schema");
    let validator = jsonschema::draft202012::new(&serde_json::from_str(text).unwrap()).unwrap();
    let mut bytes = Vec::new();
    document.to_writer(&mut bytes).unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&written).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{written:#}");
    assert_eq!(written["format"], D::FORMAT);
    assert!(String::from_utf8_lossy(&bytes).starts_with("{\n  \"format\": \"cxo."), "format comes first");
    assert_eq!(&D::from_slice(&bytes).unwrap(), document);
    assert_eq!(&D::from_slice(document.to_json().as_bytes()).unwrap(), document);
}

fn nps(counts: [u64; 3]) -> Nps {
    let [promoters, passives, detractors] = counts;
    Nps { promoters, passives, detractors }
}

fn nps_result(counts: [u64; 3], method: NpsMethod) -> NpsResult {
    nps(counts).result(method, Confidence::P90).unwrap()
}

fn load() -> LoadReport {
    let cell = RejectedCell { line: 17, column: "score".into(), value: "11\u{0}\"".into() };
    let reason = Rejection { reason: "score is 11, allowed: 0 to 10".into(), count: 2, examples: vec![cell] };
    LoadReport { rows: 13, accepted: 10, blank: 1, rejected: 2, skipped: 0, reasons: vec![reason] }
}

fn nps_document(counts: [u64; 3], method: NpsMethod) -> NpsDocument {
    let all = Segment { name: None, answer: Ok(nps_result(counts, method)) };
    let hidden = Segment { name: Some("web".into()), answer: Err::<NpsResult, _>(Suppressed::TooFew) };
    let mut results: Vec<Entry<NpsRow>> = vec![Entry::from(&all), Entry::from(&hidden)];
    let mut row = NpsRow::from(&nps_result(counts, method));
    row.weighted = Some(WeightedNps {
        weighted_responses: 1.1,
        weighted_promoters: 0.1,
        weighted_passives: 0.7,
        weighted_detractors: 0.3,
        effective_responses: 2.5,
    });
    row.versus_rest = Some(VersusRest {
        difference: -1.5,
        p_value: Ok(0.04),
        adjusted_p_value: Err("all observations are alike".into()),
        method: "adjusted-wald".into(),
        correction: "holm".into(),
    });
    results.push(Entry { segment: Some("Zoë \"x\"\n".into()), outcome: Ok(row) });
    let trend = vec![
        Period::of(Calendar::Month, Day(20_454), &all.answer),
        Period::of(Calendar::Month, Day(20_485), &hidden.answer),
    ];
    let mut document = NpsDocument::new("0-10", results);
    (document.trend, document.load) = (trend, Some(load()));
    document
}

#[test]
fn nps_documents_are_valid() {
    for counts in [[5, 3, 2], [1, 0, 0], [0, 7, 0], [u64::from(u32::MAX), 1, 1]] {
        // The exact bootstrap takes time in proportion to the responses.
        let exact = |method: &NpsMethod| *method == NpsMethod::BootstrapPercentile && counts[0] > 1000;
        for method in NpsMethod::ALL.into_iter().filter(|method| !exact(method)) {
            valid(&nps_document(counts, method));
        }
    }
}

#[test]
fn comparisons_and_plans_are_valid() {
    for (first, second) in [([42, 31, 27], [50, 30, 20]), ([1, 0, 0], [1, 0, 0]), ([0, 9, 0], [0, 5, 0])] {
        for method in NpsComparison::ALL {
            let pair = [&nps(first), &nps(second)];
            let difference = pair[0].compare(pair[1], method, Confidence::P95).unwrap();
            valid(&ComparisonDocument::new(pair, &difference).unwrap());
        }
    }
    let shares = NpsShares::of_promoters(0.42).unwrap().and_detractors(0.27).unwrap();
    let responses = shares.responses_for_margin(0.05, Confidence::P95).unwrap().responses;
    let base = PlanDocument {
        promoters: 0.42,
        detractors: 0.27,
        margin: Some(0.05),
        difference: None,
        power: None,
        confidence: Confidence::P95,
        responses,
    };
    valid(&base);
    let power = Probability::new(0.8).unwrap().get();
    valid(&PlanDocument { margin: None, difference: Some(-0.1), power: Some(power), ..base });
}

#[test]
fn decompositions_are_valid() {
    let period = |rows: &[(&str, i64)]| {
        let mut segments = Segments::new(Tally::new(Scale::NPS));
        for (name, score) in rows {
            segments.add(Some(name), Rating::new(*score, Scale::NPS).unwrap()).unwrap();
        }
        segments
    };
    let (before, after) = (period(&[("web", 10), ("shop", 3)]), period(&[("web", 7), ("phone", 9)]));
    let change = NpsDecomposition::of(&before, &after, Confidence::P95).unwrap();
    valid(&DecompositionDocument::new(&change, load()));
}

#[test]
fn satisfaction_and_effort_are_valid() {
    for scores in [&[1_u8, 5, 4, 3, 3][..], &[5], &[4, 4, 4]] {
        let tally = Tally::from_scores(scores, Scale::ONE_TO_FIVE).unwrap();
        let all = Entry { segment: None, outcome: Ok(CsatRow::from(&Csat::default().ask(&tally).unwrap())) };
        let mut document = CsatDocument::new(vec![all]);
        (document.scale, document.rule, document.load) = (Some("1-5".into()), Some("top-2".into()), Some(load()));
        valid(&document);

        let scale = CesVersion::V2.scale(Scale::ONE_TO_SEVEN);
        let tally = Tally::from_scores(scores, scale).unwrap();
        let row = CesRow::from(&Ces::new(CesVersion::V2).ask(&tally).unwrap());
        valid(&CesDocument {
            version: 2,
            scale: scale.to_string(),
            direction: scale.direction(),
            easy_box: "5-7".into(),
            difficult_box: "1-3".into(),
            results: vec![Entry { segment: None, outcome: Ok(row) }],
            trend: Vec::new(),
            customers: Customers { customers: Ok(3), repeats: Some("last".into()) },
            load: None,
        });
    }
    let counts = Csat::default().ask_counts(CsatCounts { satisfied: 74, responses: 107 }).unwrap();
    valid(&CsatDocument::new(vec![Entry { segment: None, outcome: Ok(CsatRow::from(&counts)) }]));
}

#[test]
fn documents_of_the_survey_itself_are_valid() {
    let mut funnel = ResponseFunnel::default();
    for status in [ResponseStatus::Invited, ResponseStatus::Completed, ResponseStatus::Dismissed] {
        funnel.add(status).unwrap();
    }
    let row = ResponseRow::from(&funnel.rates(Confidence::P95).unwrap());
    valid(&ResponseDocument { results: vec![Entry { segment: None, outcome: Ok(row) }], load: load() });

    let frame = [("web", 50, 5), ("store", 30, 6)].map(|(category, invited, responded)| FrameCategory {
        category,
        invited,
        responded,
    });
    for part in [&frame[..], &frame[..1]] {
        let found = nonresponse(part, ProportionMethod::Wilson, Confidence::P95).unwrap();
        valid(&NonResponseDocument::new("region", &found, load()));
    }

    let region = Margin::new("region", ["n", "s", "s"], [("n", 50.0), ("s", 50.0)]).unwrap();
    let raked = rake(&[1.0; 3], &[region], &RakeOptions::default()).unwrap();
    let target = TargetRow { category: "n".into(), responses: 1, target: 50.0, before: 1.0, after: 50.0 };
    let margin = MarginRow { margin: "region".into(), categories: vec![target] };
    valid(&RakingDocument::new(&raked, &[2, 3, 5], vec![margin], load()));

    let mut contacts = Contacts::default();
    for (customer, day) in [("ann", 0), ("bob", 3), ("ann", 10)] {
        contacts.add(customer, Timestamp::from(Day(day))).unwrap();
        let found = contacts.frequency(ContactRule::per_days(30, 1).unwrap()).unwrap();
        valid(&ContactsDocument::new(AskedRule { window_seconds: 2_592_000, limit: 1 }, &found, load()));
    }

    let mut items = SatisfactionItems::default();
    for ratings in [[8, 7, 6], [10, 9, 9]] {
        items.add(ratings.map(|value| Some(Rating::new(value, Scale::ONE_TO_TEN).unwrap()))).unwrap();
        let found = items.index(IndexWeights::EQUAL, Confidence::P95).unwrap();
        valid(&IndexDocument::new(["a", "b", "c"].map(str::to_owned), &found, load()));
    }

    for counts in [[[9, 2, 1], [3, 8, 4], [0, 5, 7]], [[0, 0, 0], [0, 0, 0], [0, 0, 4]]] {
        let panel = NpsPanel::from_counts(counts).unwrap();
        for method in PanelMethod::ALL {
            let change = panel.change(method, Confidence::P95).unwrap();
            valid(&PanelDocument::new(&panel, &change, load()).unwrap());
        }
    }
}

#[test]
fn the_design_of_a_weighted_row_is_valid() {
    let mut tally = WeightedTally::new(Scale::NPS);
    for (score, weight) in [(9, 1.0), (3, 2.5), (8, 1.0)] {
        tally.add(Rating::new(score, Scale::NPS).unwrap(), Weight::new(weight).unwrap()).unwrap();
        let answer = tally.nps(NpsMethod::Auto, Confidence::P95).unwrap();
        let mut row = NpsRow::from(&answer.result);
        row.design = Some(DesignRow::from(&answer.design));
        valid(&NpsDocument::new("0-10", vec![Entry { segment: None, outcome: Ok(row) }]));
    }
}

#[test]
fn every_schema_is_a_valid_schema_and_names_its_format() {
    for (format, text) in schema::ALL {
        let schema: Value = serde_json::from_str(text).unwrap();
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{format}");
        assert_eq!(schema["properties"]["format"]["const"], *format);
    }
}

#[test]
fn a_schema_refuses_what_the_reader_refuses() {
    let document: Value = serde_json::from_str(&nps_document([5, 3, 2], NpsMethod::Score).to_json()).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(schema::NPS).unwrap()).unwrap();
    let both = |path: &str, value: Value| {
        let mut changed = document.clone();
        *changed.pointer_mut(path).unwrap() = value;
        let read = NpsDocument::from_slice(changed.to_string().as_bytes());
        (validator.is_valid(&changed), read.is_ok())
    };
    assert_eq!(both("/scale", "0-10".into()), (true, true), "the unchanged document");
    for (path, value) in [
        ("/format", Value::from("cxo.csat")),
        ("/version", 2.into()),
        ("/results/0/segment", 7.into()),
        ("/results/0/score", 101.into()),
        ("/results/0/standard_error", Value::Null),
        ("/results/0/interval/confidence", 1.into()),
        ("/results/1/suppressed", Value::Null),
        ("/results", Value::Null),
        ("/load/rows", (-1).into()),
    ] {
        assert_eq!(both(path, value.clone()), (false, false), "{path} = {value}");
    }
}

#[test]
fn the_reader_says_what_is_wrong() {
    let text = nps_document([5, 3, 2], NpsMethod::Score).to_json();
    let message = |text: &str| NpsDocument::from_slice(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(message(&text.replace("\"version\":1", "\"version\":9")), "version 9 of cxo.nps is not known; known: 1");
    assert_eq!(message(&text.replace("cxo.nps", "cxo.ces")), "the document is \"cxo.ces\", expected \"cxo.nps\"");
    assert_eq!(
        message(&text.replacen("\"promoters\":5", "\"promoters\":6", 1)),
        "responses is 10, allowed: the sum of promoters, passives and detractors"
    );
    assert!(message("{}").contains("missing field `format`"));
    assert!(matches!(NpsDocument::from_slice(b""), Err(Error::Json { format: "cxo.nps", .. })));
}

/// Any JSON: nested, with the keys of the documents among others.
fn json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "format",
        "version",
        "scale",
        "results",
        "segment",
        "suppressed",
        "responses",
        "promoters",
        "passives",
        "score",
        "interval",
        "lower",
        "upper",
        "confidence",
        "method",
        "load",
        "rows",
        "trend",
        "period",
        "standard_error_reason",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["", "0-10", "web", "\u{0}", "9e999"]).prop_map(Value::from),
        Just(Value::from("cxo.nps")),
        Just(Value::from(1)),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

fn read_all(bytes: &[u8]) {
    let _ = NpsDocument::from_slice(bytes);
    let _ = ComparisonDocument::from_slice(bytes);
    let _ = PlanDocument::from_slice(bytes);
    let _ = CsatDocument::from_slice(bytes);
    let _ = CesDocument::from_slice(bytes);
    let _ = DecompositionDocument::from_slice(bytes);
    let _ = PanelDocument::from_slice(bytes);
    let _ = ResponseDocument::from_slice(bytes);
    let _ = RakingDocument::from_slice(bytes);
    let _ = NonResponseDocument::from_slice(bytes);
    let _ = ContactsDocument::from_slice(bytes);
    let _ = IndexDocument::from_slice(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_reader_survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn every_reader_survives_any_json(value in json()) {
        read_all(value.to_string().as_bytes());
    }

    /// A real document with one part replaced by any JSON: an error or a value.
    #[test]
    fn every_reader_survives_damage(value in json(), place in 0_usize..24) {
        let mut document: Value = serde_json::from_str(&nps_document([5, 3, 2], NpsMethod::Score).to_json()).unwrap();
        let places = ["/format", "/version", "/scale", "/results", "/results/0", "/results/0/segment", "/results/0/responses",
            "/results/0/score", "/results/0/standard_error", "/results/0/interval", "/results/0/interval/lower", "/results/1",
            "/results/1/suppressed", "/results/2/versus_rest", "/results/2/versus_rest/p_value", "/trend", "/trend/0",
            "/trend/0/start", "/trend/1/suppressed", "/load", "/load/rows", "/load/reasons", "/load/reasons/0",
            "/load/reasons/0/examples"];
        *document.pointer_mut(places[place]).unwrap() = value;
        if let Ok(read) = NpsDocument::from_slice(document.to_string().as_bytes()) {
            prop_assert_eq!(NpsDocument::from_slice(read.to_json().as_bytes()).unwrap(), read);
        }
    }

    #[test]
    fn numbers_round_trip_to_the_last_bit(difference in -200.0..200.0_f64, p in 0.0..=1.0_f64, error in any::<f64>()) {
        let error = if error.is_finite() { Ok(error.abs()) } else { Err("not a number".into()) };
        let pair = [&nps([5, 3, 2]), &nps([1, 2, 3])];
        let tested = pair[0].compare(pair[1], NpsComparison::Wald, Confidence::P99).unwrap();
        let mut document = ComparisonDocument::new(pair, &tested).unwrap();
        (document.difference, document.p_value, document.standard_error) = (difference, Ok(p), error);
        let read = ComparisonDocument::from_slice(document.to_json().as_bytes()).unwrap();
        prop_assert_eq!(read.difference.to_bits(), difference.to_bits());
        prop_assert_eq!(read, document);
    }

    #[test]
    fn any_text_round_trips(segment in ".{0,20}", value in ".{0,20}") {
        let mut document = nps_document([5, 3, 2], NpsMethod::Wald);
        document.results[2].segment = Some(segment);
        document.load.as_mut().unwrap().reasons[0].examples[0].value = value;
        prop_assert_eq!(&NpsDocument::from_slice(document.to_json().as_bytes()).unwrap(), &document);
    }
}
