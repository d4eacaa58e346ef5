//! The scorecard: merge laws, agreement with each metric asked on its own, and what it may not tell.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use cxo_core::{
    Absent, Confidence, ErrorKind, Estimate, State,
    domain::{
        Channel, CustomerId, Day, Feedback, Period, Rating, ResponseStatus, Scale, Stages, SurveyMetric, Timestamp,
        Weight,
    },
    scorecard::{Answers, Dimension, Frame, MetricAnswer, MetricCard, Scorecard, ScorecardResult},
    stats::proportion::ProportionMethod,
    survey::{
        Ces, CesVersion, ContactRule, Csat, FrameCategory, Nps, NpsComparison, NpsMethod, Repeats, Respondents,
        Response, Responses, Tally, nonresponse,
    },
};
use proptest::prelude::*;

const METRICS: [(SurveyMetric, Scale); 3] = [
    (SurveyMetric::Nps, Scale::NPS),
    (SurveyMetric::Csat, Scale::ONE_TO_FIVE),
    (SurveyMetric::Ces, Scale::ONE_TO_SEVEN),
];

/// One row, as small numbers.
#[derive(Debug, Clone, Copy)]
struct Row {
    customer: Option<u8>,
    day: i32,
    channel: Option<u8>,
    metric: usize,
    score: Option<i64>,
    weight: f64,
}

const PLAIN: Row = Row { customer: None, day: 0, channel: None, metric: 0, score: Some(9), weight: 1.0 };

fn rating(row: &Row) -> Option<Rating> {
    let (_, scale) = METRICS[row.metric];
    row.score.map(|score| Rating::new(score.clamp(scale.min().into(), scale.max().into()), scale).unwrap())
}

fn feedback(row: &Row) -> Feedback {
    let status = if row.score.is_some() { ResponseStatus::Completed } else { ResponseStatus::Invited };
    Feedback {
        customer: row.customer.map(|id| CustomerId::new(format!("c{id}")).unwrap()),
        time: Some(Timestamp::from(Day(row.day))),
        channel: row.channel.map(|id| Channel::new(format!("channel {id}")).unwrap()),
        rating: rating(row),
        weight: Weight::new(row.weight).unwrap(),
        ..Feedback::new(METRICS[row.metric].0, status)
    }
}

fn answers(rows: &[Row]) -> Answers<Utc> {
    let mut answers = Answers::new(Utc);
    for row in rows {
        answers.add(&feedback(row)).unwrap();
    }
    answers
}

fn ask(scorecard: Scorecard, answers: &Answers<Utc>) -> ScorecardResult {
    scorecard.ask(answers, &Stages::default()).unwrap()
}

fn headline(card: &MetricCard) -> &Estimate {
    card.overall.answer.as_ref().unwrap().headline()
}

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let row = (
        prop::option::of(0_u8..9),
        0_i32..70,
        prop::option::of(0_u8..5),
        0_usize..3,
        prop::option::weighted(0.8, 0_i64..11),
        prop::sample::select(vec![0.5, 1.0, 2.25]),
    );
    let row = row.prop_map(|(customer, day, channel, metric, score, weight)| Row {
        customer,
        day,
        channel,
        metric,
        score,
        weight,
    });
    prop::collection::vec(row, 0..most)
}

/// Everything a result says, with numbers to nine digits: another order of rows moves sums by a few units in the last place.
fn said(result: &ScorecardResult) -> Vec<String> {
    let number = |value: f64| format!("{:.9}", (value * 1e9).round() / 1e9 + 0.0);
    let estimate = |answer: &MetricAnswer| {
        let found = answer.headline();
        let interval = found.interval.map(|interval| (number(interval.lower), number(interval.upper)));
        format!("{} {} {interval:?} {}", answer.responses(), number(found.value), number(found.effective_n))
    };
    let mut lines = vec![format!("{:?} {:?}", result.days, result.response)];
    for card in &result.metrics {
        lines.push(format!(
            "{:?} {:?} {:?}",
            card.metric,
            card.respondents,
            card.overall.answer.as_ref().map(estimate)
        ));
        for row in card.breakdowns.iter().flat_map(|breakdown| &breakdown.rows) {
            let p = row.versus_rest.as_ref().map(|found| found.adjusted_p.map(number));
            lines.push(format!("{:?} {:?} {p:?}", row.segment.name, row.segment.answer.as_ref().map(estimate)));
        }
        for row in &card.trend {
            lines.push(format!("{} {} {:?}", row.label, row.complete, row.answer.as_ref().map(estimate)));
        }
        let change =
            card.change.as_ref().map(|change| (number(change.difference.value), change.difference.p_value.map(number)));
        lines.push(format!("{change:?}"));
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn merge_laws(a in rows(30), b in rows(30), c in rows(30), min in 0_u64..6) {
        let scorecard = Scorecard::default().min_responses(min);
        let asked = |answers: &Answers<Utc>| {
            scorecard.ask(answers, &Stages::default()).map_err(|error| error.kind())
        };
        let merged = |parts: &[&[Row]]| {
            let mut whole = answers(&[]);
            for part in parts {
                whole.merge(&answers(part)).unwrap();
            }
            whole
        };
        let straight = asked(&answers(&[a.clone(), b.clone(), c.clone()].concat()));
        prop_assert_eq!(&asked(&merged(&[&a, &b, &c])), &straight);
        prop_assert_eq!(&asked(&merged(&[&[], &a, &[], &b, &c])), &straight);
        let mut right = answers(&b);
        right.merge(&answers(&c)).unwrap();
        let mut left = answers(&a);
        left.merge(&right).unwrap();
        prop_assert_eq!(&asked(&left), &straight);
        let turned = asked(&merged(&[&c, &a, &b]));
        prop_assert_eq!(turned.as_ref().map(said), straight.as_ref().map(said));
    }

    /// From all tables of one metric: what is hidden in a table is nothing, or at least two groups of at least five responses
    /// together (those without a key count as a group); what is shown has five.
    #[test]
    fn hidden_groups_cannot_be_solved(rows in rows(120)) {
        prop_assume!(rows.iter().any(|row| row.score.is_some()));
        for card in &ask(Scorecard::default(), &answers(&rows)).metrics {
            let own: Vec<&Row> =
                rows.iter().filter(|row| METRICS[row.metric].0 == card.metric && row.score.is_some()).collect();
            if own.len() < 5 {
                prop_assert!(card.overall.answer.is_err() && card.breakdowns.is_empty() && card.trend.is_empty());
                prop_assert!(card.change.is_err() && card.respondents == Respondents::Unknown);
                continue;
            }
            let mut channels: BTreeMap<String, u64> = BTreeMap::new();
            let mut months: BTreeMap<Day, u64> = BTreeMap::new();
            for row in &own {
                let channel = row.channel.map_or(String::new(), |id| format!("channel {id}"));
                *channels.entry(channel).or_default() += 1;
                *months.entry(Day(row.day).start_of(Period::Month).unwrap()).or_default() += 1;
            }
            if card.overall.answer.is_err() {
                // Then a table has only single responses: its keys and the total would tell each of them.
                let single = |count: &u64| *count == 1;
                prop_assert!(channels.values().all(single) || months.values().all(single));
                prop_assert!(card.breakdowns.is_empty() && card.trend.is_empty());
                continue;
            }
            let shown: BTreeSet<String> = card.breakdowns.iter().flat_map(|by| &by.rows)
                .filter(|row| row.segment.answer.is_ok()).filter_map(|row| row.segment.name.clone()).collect();
            let shown_months: BTreeSet<Day> =
                card.trend.iter().filter(|row| row.answer.is_ok()).map(|row| row.start).collect();
            let hidden_channels: Vec<u64> = channels.iter()
                .filter(|(name, _)| !name.is_empty() && !shown.contains(*name)).map(|(_, count)| *count).collect();
            let hidden_months: Vec<u64> =
                months.iter().filter(|(start, _)| !shown_months.contains(start)).map(|(_, count)| *count).collect();
            prop_assert!(shown.iter().all(|name| channels[name] >= 5), "{:?} {:?}", shown, channels);
            prop_assert!(shown_months.iter().all(|start| months[start] >= 5));
            // Without a breakdown nothing can be subtracted from the total.
            let unkeyed = channels.get("").copied().filter(|_| !card.breakdowns.is_empty());
            let unkeyed = unkeyed.filter(|count| *count < 5 || !hidden_channels.is_empty());
            for hidden in [hidden_channels.into_iter().chain(unkeyed).collect(), hidden_months] {
                let sum: u64 = hidden.iter().sum();
                prop_assert!(hidden.is_empty() || (hidden.len() > 1 && sum >= 5), "{hidden:?} {channels:?} {months:?}");
            }
            if let Ok(change) = &card.change {
                let labels: Vec<String> = shown_months.iter().map(|start| Period::Month.label(*start)).collect();
                prop_assert!(labels.contains(&change.period) && labels.contains(&change.before));
            }
        }
    }
}

#[test]
fn plain_data_give_the_numbers_of_each_metric() {
    let scores = [10, 9, 3, 7, 5, 6, 1, 8, 10, 2, 4, 4, 7, 9];
    let mut all = Vec::new();
    for metric in 0..3 {
        for (customer, score) in (0..).zip(scores) {
            all.push(Row { customer: Some(customer), metric, score: Some(score), ..PLAIN });
        }
    }
    let result = ask(Scorecard::default().confidence(Confidence::P90), &answers(&all));
    let tally = |metric: usize, scale: Scale| {
        let mut tally = Tally::new(scale);
        for row in all.iter().filter(|row| row.metric == metric) {
            tally.add(Rating::new(rating(row).unwrap().value().into(), scale).unwrap()).unwrap();
        }
        tally
    };
    let nps = tally(0, Scale::NPS).nps().unwrap().result(NpsMethod::Auto, Confidence::P90).unwrap();
    let csat = Csat::default().confidence(Confidence::P90).ask(&tally(1, Scale::ONE_TO_FIVE)).unwrap();
    let ces = Ces::new(CesVersion::V2).confidence(Confidence::P90);
    let ces = ces.ask(&tally(2, CesVersion::V2.scale(Scale::ONE_TO_SEVEN))).unwrap();
    let found: Vec<MetricAnswer> = result.metrics.iter().map(|card| card.overall.answer.unwrap()).collect();
    assert_eq!(found, [MetricAnswer::Nps(nps), MetricAnswer::Csat(csat), MetricAnswer::Ces(ces)]);
    for card in &result.metrics {
        assert_eq!(card.respondents, Respondents::Known { customers: 14, policy: Repeats::All });
    }
}

#[test]
fn weights_and_repeat_customers_count_as_in_responses() {
    let rows: Vec<Row> = [(1, 10, 1.0), (1, 9, 2.0), (1, 10, 1.0), (2, 3, 0.5), (3, 8, 1.0), (3, 0, 4.0), (4, 9, 1.0)]
        .map(|(customer, score, weight)| Row { customer: Some(customer), score: Some(score), weight, ..PLAIN })
        .to_vec();
    for (weighted, repeated) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut rows = rows.clone();
        for (at, row) in (0..).zip(&mut rows) {
            row.weight = if weighted { row.weight } else { 3.0 };
            row.customer = if repeated { row.customer } else { Some(at) };
        }
        let mut responses = Responses::new(Scale::NPS);
        for row in &rows {
            let customer = row.customer.map(|id| format!("c{id}"));
            let response = Response {
                customer: customer.as_deref(),
                time: Timestamp(0),
                rating: rating(row).unwrap(),
                weight: Weight::new(row.weight).unwrap(),
            };
            responses.add(response).unwrap();
        }
        // The smallest number of rows shown, 7, decides the method of the whole document, as in `cxo nps`.
        let method = NpsMethod::Auto.resolve(7);
        let expected = responses.nps(Repeats::All, method, Confidence::P95).unwrap().result.score;
        let result = ask(Scorecard::default(), &answers(&rows));
        let found = headline(&result.metrics[0]);
        let plain =
            Nps { promoters: 4, passives: 1, detractors: 2 }.result(NpsMethod::Auto, Confidence::P95).unwrap().score;
        assert!((found.value - expected.value).abs() < 1e-9, "{weighted} {repeated}");
        if weighted || repeated {
            assert_eq!(*found, expected);
            assert_ne!(found.interval, plain.interval, "{weighted} {repeated}");
        } else {
            assert_eq!(*found, plain);
        }
    }
}

#[test]
fn a_metric_that_cannot_be_asked_does_not_stop_the_others() {
    let mut answers = answers(&[PLAIN; 6]);
    let ten = "1-10".parse::<Scale>().unwrap();
    for metric in [SurveyMetric::Csat, SurveyMetric::Ces, SurveyMetric::Nps] {
        let rating = Some(Rating::new(8, ten).unwrap());
        answers.add(&Feedback { rating, ..Feedback::new(metric, ResponseStatus::Completed) }).unwrap();
    }
    let result = ask(Scorecard::default(), &answers);
    let unanswered: Vec<bool> = result.metrics.iter().map(|card| card.unanswered.is_some()).collect();
    assert_eq!(unanswered, [false, true, true, true]);
    assert_eq!(headline(&result.metrics[0]).value, 100.0);
    assert!(result.metrics[1].unanswered.as_ref().unwrap().0.contains("0-10"), "NPS on 1-10");
}

#[test]
fn nothing_one_response_and_one_customer() {
    let nothing = Scorecard::default().ask(&Answers::new(Utc), &Stages::default());
    assert_eq!(nothing.unwrap_err().kind(), ErrorKind::NoData);
    let invited = ask(Scorecard::default(), &answers(&[Row { score: None, ..PLAIN }]));
    assert_eq!((invited.metrics.len(), invited.response.invited), (0, Ok(1)));
    let one = ask(Scorecard::default(), &answers(&[PLAIN]));
    assert!(one.metrics[0].overall.answer.is_err());
    let one = ask(Scorecard::default().min_responses(0), &answers(&[PLAIN]));
    assert_eq!(headline(&one.metrics[0]).value, 100.0);
    let customer = vec![Row { customer: Some(1), channel: Some(1), ..PLAIN }; 8];
    let result = ask(Scorecard::default(), &answers(&customer));
    assert_eq!(headline(&result.metrics[0]).interval, Err(Absent::OneCluster));
    let row = &result.metrics[0].breakdowns[0].rows[0];
    assert_eq!(row.versus_rest.as_ref().unwrap().difference, Err(Absent::NoObservations));
    let dismissed = Feedback { rating: rating(&PLAIN), ..Feedback::new(SurveyMetric::Nps, ResponseStatus::Dismissed) };
    assert_eq!(Answers::new(Utc).add(&dismissed).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn stages_come_in_the_order_of_the_journey() {
    let mut stages = Stages::new(["visit", "order", "delivery"]).unwrap();
    let mut answers = Answers::new(Utc);
    for name in ["return", "delivery", "visit", "appeal", "order"] {
        let stage = Some(stages.get_or_append(name).unwrap());
        answers.add(&Feedback { stage, ..feedback(&PLAIN) }).unwrap();
    }
    let names = |stages: &Stages| -> Vec<String> {
        let result = Scorecard::default().min_responses(0).ask(&answers, stages).unwrap();
        let by_stage = &result.metrics[0].breakdowns[0];
        assert_eq!(by_stage.by, Dimension::Stage);
        by_stage.rows.iter().filter_map(|row| row.segment.name.clone()).collect()
    };
    assert_eq!(names(&stages), ["visit", "order", "delivery", "return", "appeal"]);
    assert_eq!(names(&Stages::new(["order"]).unwrap()), ["order", "appeal", "delivery", "return", "visit"]);
}

/// January with 8 promoters of 10, February with 5, March begun.
fn months() -> Vec<Row> {
    let month = |first: i32, promoters: i32| {
        let score = move |at: i32| if at < promoters { 10 } else { 2 };
        (0..10).map(move |at| Row { day: first + at, score: Some(score(at)), ..PLAIN })
    };
    month(0, 8).chain(month(31, 5)).chain(month(59, 1)).collect()
}

#[test]
fn the_last_complete_period_is_compared_with_the_one_before() {
    let rows = months();
    let nps = |promoters| Nps { promoters, passives: 0, detractors: 10 - promoters };
    let card = ask(Scorecard::default(), &answers(&rows)).metrics.remove(0);
    assert_eq!(card.trend.iter().map(|row| row.complete).collect::<Vec<_>>(), [true, true, false]);
    let change = card.change.unwrap();
    assert_eq!((change.before.as_str(), change.period.as_str()), ("1970-01", "1970-02"));
    let expected = nps(5).compare(&nps(8), NpsComparison::default(), Confidence::P95).unwrap();
    assert_eq!(change.difference, expected);

    // An invitation on the last day of March completes it.
    let mut whole = rows.clone();
    whole.push(Row { day: 89, score: None, ..PLAIN });
    let card = ask(Scorecard::default(), &answers(&whole)).metrics.remove(0);
    assert_eq!(card.change.unwrap().period, "1970-03");
    let card = ask(Scorecard::default(), &answers(&rows[10..])).metrics.remove(0);
    assert_eq!(card.change.unwrap_err().0, "there are no two complete periods with responses");
    let gap: Vec<Row> = whole.iter().filter(|row| !(31..59).contains(&row.day)).copied().collect();
    let card = ask(Scorecard::default(), &answers(&gap)).metrics.remove(0);
    assert_eq!(card.change.unwrap_err().0, "the period before the last complete one has no responses");
    let card = ask(Scorecard::default().min_responses(11), &answers(&rows)).metrics.remove(0);
    assert!(card.change.unwrap_err().0.contains("hidden"));
    let by_day = ask(Scorecard::default().period(Period::Day).min_responses(0), &answers(&rows)).metrics.remove(0);
    assert_eq!((by_day.trend.len(), by_day.trend[29].complete), (30, true));
    assert_eq!(by_day.change.unwrap_err().0, Absent::OneObservation.reason());
}

#[test]
fn respondents_are_compared_with_the_frame() {
    let attributes = ["region".to_owned(), "id".to_owned(), "same".to_owned()];
    let region = |id: u8| match id {
        0..100 => "north",
        100..180 => "south",
        180..190 => "all others",
        _ => "islands",
    };
    let answered = |id: u8| matches!(id, 0..60 | 100..120 | 180..187 | 190..192);
    let customers: Vec<(CustomerId, Vec<Box<str>>)> = (0_u8..200)
        .map(|id| {
            (CustomerId::new(format!("c{id}")).unwrap(), vec![region(id).into(), id.to_string().into(), "x".into()])
        })
        .collect();
    let mut rows: Vec<Row> =
        (0_u8..200).filter(|id| answered(*id)).map(|id| Row { customer: Some(id), ..PLAIN }).collect();
    rows.extend([Row { customer: Some(250), ..PLAIN }, Row { customer: Some(99), score: None, ..PLAIN }, rows[0]]);
    let frame = Frame { attributes: &attributes, customers: &customers };
    let found = Scorecard::default().who_answered(&answers(&rows), frame).unwrap();
    assert_eq!((found.customers, found.respondents, found.outside, found.attributes.len()), (200, 89, 1, 1));
    let check = &found.attributes[0];
    // Two islanders answered: too few, and with them the smallest other group.
    assert_eq!(check.folded, ["all others", "islands"]);
    let categories = [("north", 100, 60), ("south", 80, 20), ("all others", 20, 9)]
        .map(|(category, invited, responded)| FrameCategory { category, invited, responded });
    let expected = nonresponse(&categories, ProportionMethod::Wilson, Confidence::P95).unwrap();
    assert_eq!(check.check.as_ref().unwrap(), &expected);
    assert_eq!(check.adjusted_p, Ok(expected.homogeneity.unwrap().p_value));

    let all = Scorecard::default().min_responses(0).who_answered(&answers(&rows), frame).unwrap();
    assert_eq!(all.attributes[0].check.as_ref().unwrap().categories.len(), 4);
    let hidden = Scorecard::default().min_responses(100).who_answered(&answers(&rows), frame).unwrap();
    assert!(hidden.attributes[0].check.is_err() && hidden.attributes[0].folded.is_empty());
    let nobody = Scorecard::default().who_answered(&answers(&[PLAIN]), frame).unwrap();
    assert_eq!((nobody.respondents, nobody.outside, nobody.attributes.len()), (0, 0, 0));
}

proptest! {
    /// Neither the respondents nor the members of a group that is taken together with others can be computed.
    #[test]
    fn small_groups_of_the_frame_are_taken_together(
        groups in prop::collection::vec((1_u8..12, 0_u8..12), 2..6),
    ) {
        let (mut customers, mut rows) = (Vec::new(), Vec::new());
        for (group, (members, answered)) in groups.iter().enumerate() {
            for _ in 0..*members {
                let id = u8::try_from(customers.len()).unwrap();
                customers.push((CustomerId::new(format!("c{id}")).unwrap(), vec![group.to_string().into()]));
                if rows.iter().filter(|row: &&Row| row.channel == u8::try_from(group).ok()).count() < usize::from(*answered) {
                    rows.push(Row { customer: Some(id), channel: u8::try_from(group).ok(), ..PLAIN });
                }
            }
        }
        let attributes = ["group".to_owned()];
        let frame = Frame { attributes: &attributes, customers: &customers };
        let found = Scorecard::default().who_answered(&answers(&rows), frame).unwrap();
        for check in &found.attributes {
            prop_assert_ne!(check.folded.len(), 1);
            let Ok(shown) = &check.check else { continue };
            for category in &shown.categories {
                prop_assert!(category.invited >= 5 && !(1..5).contains(&category.responded), "{:?}", category);
            }
            prop_assert_eq!(shown.categories.iter().map(|category| category.invited).sum::<u64>(), found.customers);
            prop_assert_eq!(shown.categories.iter().map(|category| category.responded).sum::<u64>(), found.respondents);
        }
    }
}

#[test]
fn contacts_count_invitations_not_questions() {
    let rows = [(1, 0), (1, 0), (1, 20), (2, 0), (2, 40)].map(|(customer, day)| Row {
        customer: Some(customer),
        day,
        score: None,
        ..PLAIN
    });
    let found = answers(&rows).contacts(ContactRule::per_days(30, 1).unwrap()).unwrap();
    assert_eq!((found.customers, found.invitations, found.over_limit), (2, 4, 1));
    let unknown = answers(&[PLAIN]).contacts(ContactRule::per_days(30, 1).unwrap());
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NoData);
}
