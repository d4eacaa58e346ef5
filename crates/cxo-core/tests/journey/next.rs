//! What comes next: probabilities, their formula, and what longer contexts are worth on journeys that were not seen.

use crate::common::journey::Draws;
use cxo_core::ErrorKind;
use cxo_core::domain::Timestamp;
use cxo_core::journey::{Event, EventLog, JourneyOptions, NextTouchpoint, OpenJourneys};
use proptest::prelude::*;

fn log(paths: &[Vec<&str>]) -> EventLog {
    let mut log = EventLog::default();
    for (customer, path) in paths.iter().enumerate() {
        let name = format!("{customer}");
        for (at, touchpoint) in (0..).zip(path) {
            log.add(&Event::new(&name, touchpoint, Timestamp(at))).unwrap();
        }
    }
    log
}

fn learn(paths: &[Vec<&str>], longest: usize) -> NextTouchpoint {
    let log = log(paths);
    NextTouchpoint::learn(&log.journeys(&JourneyOptions::default()).unwrap(), longest, OpenJourneys::Lost).unwrap()
}

/// The formula, word by word: `next` is none for the end.
fn by_definition(paths: &[Vec<&str>], history: &[&str], next: Option<&str>, names: usize) -> f64 {
    let shorter = match history.split_first() {
        Some((_, rest)) => by_definition(paths, rest, next, names),
        None => 1.0 / (names + 2) as f64,
    };
    let mut followers: Vec<Option<&str>> = Vec::new();
    for path in paths {
        for at in 0..=path.len() {
            if path[..at].ends_with(history) {
                followers.push(path.get(at).copied());
            }
        }
    }
    if followers.is_empty() {
        return shorter;
    }
    let count = followers.iter().filter(|follower| **follower == next).count() as f64;
    let all = followers.len() as f64;
    followers.sort();
    followers.dedup();
    let different = followers.len() as f64;
    (count + different * shorter) / (all + different)
}

/// Journeys of a process whose next step depends on the last two.
fn of_order_two(customers: usize, seed: u64) -> Vec<Vec<&'static str>> {
    let mut draws = Draws(seed);
    let journey = |_| {
        let mut path = vec![["a", "b"][draws.choose(&[0.5, 0.5])], ["a", "b"][draws.choose(&[0.5, 0.5])]];
        while draws.uniform() < 0.85 && path.len() < 60 {
            // As two steps ago, mostly.
            let before = path[path.len() - 2];
            let other = if before == "a" { "b" } else { "a" };
            path.push([before, other][draws.choose(&[0.9, 0.1])]);
        }
        path
    };
    (0..customers).map(journey).collect()
}

#[test]
fn longer_contexts_foresee_better_what_depends_on_more() {
    let (seen, held_out) = (of_order_two(2000, 1), log(&of_order_two(500, 2)));
    let held_out = held_out.journeys(&JourneyOptions::default()).unwrap();
    let loss = |longest| learn(&seen, longest).log_loss(&held_out, OpenJourneys::Lost).unwrap();
    let (one, two, five) = (loss(1), loss(2), loss(5));
    assert_eq!(one.steps, held_out.events() as u64 + 500);
    assert!(two.value < 0.8 * one.value, "{two:?} {one:?}");
    // Contexts longer than needed cost little.
    assert!(five.value < 1.02 * two.value, "{five:?} {two:?}");
}

#[test]
fn customers_are_foreseen_by_the_others() {
    let paths: Vec<Vec<&str>> =
        (0..20).map(|at| if at % 3 == 0 { vec!["a", "b"] } else { vec!["b", "c", "a"] }).collect();
    let log = log(&paths);
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let validate = |groups| NextTouchpoint::cross_validate(&journeys, 2, OpenJourneys::Lost, groups);
    let found = validate(4).unwrap();
    // By hand: groups of every fourth customer in the order of the names.
    let mut names: Vec<String> = (0..20).map(|at| format!("{at}")).collect();
    names.sort();
    let (mut sum, mut steps) = (0.0, 0);
    for group in 0..4 {
        let part = |is_held_out: bool| {
            let group_of = |name: &str| names.iter().position(|other| other == name).unwrap() % 4;
            journeys.keep(|one| (group_of(journeys.customer(one.customer).unwrap()) == group) == is_held_out).unwrap()
        };
        let model = NextTouchpoint::learn(&part(false), 2, OpenJourneys::Lost).unwrap();
        let loss = model.log_loss(&part(true), OpenJourneys::Lost).unwrap();
        sum += loss.value * loss.steps as f64;
        steps += loss.steps;
    }
    assert!((found.value - sum / steps as f64).abs() < 1e-12 && found.steps == steps);
    // What was learned from itself looks better than it is.
    let model = NextTouchpoint::learn(&journeys, 2, OpenJourneys::Lost).unwrap();
    assert!(model.log_loss(&journeys, OpenJourneys::Lost).unwrap().value < found.value);
    // As many groups as customers at most; one customer has no others.
    assert_eq!(validate(100).unwrap(), validate(20).unwrap());
    assert_eq!(validate(1).unwrap_err().kind(), ErrorKind::Input);
    let one = journeys.keep(|one| one.customer == 0).unwrap();
    let alone = NextTouchpoint::cross_validate(&one, 2, OpenJourneys::Lost, 4);
    assert_eq!(alone.unwrap_err().kind(), ErrorKind::NoData);
}

#[test]
fn an_open_end_is_no_end() {
    let mut log = log(&[vec!["a", "b"], vec!["a", "b"]]);
    log.add(&Event::new("late", "a", Timestamp(1000))).unwrap();
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let end = |open| NextTouchpoint::learn(&journeys, 2, open).unwrap().predict(&["a"]).end;
    assert!(end(OpenJourneys::Silent { micros: 10 }) < end(OpenJourneys::Lost));
    let model = NextTouchpoint::learn(&journeys, 2, OpenJourneys::Lost).unwrap();
    let loss = |open| model.log_loss(&journeys, open).unwrap().steps;
    assert_eq!((loss(OpenJourneys::Lost), loss(OpenJourneys::Silent { micros: 10 })), (8, 7));
}

#[test]
fn what_was_never_met_has_a_probability() {
    let model = learn(&[vec!["a", "b"]], 2);
    let next = model.predict(&["new", "b"]);
    assert_eq!((next.context, next.observations), (1, 1));
    let strange = log(&[vec!["new"]]);
    let loss = model.log_loss(&strange.journeys(&JourneyOptions::default()).unwrap(), OpenJourneys::Lost).unwrap();
    assert!(loss.value.is_finite() && loss.steps == 2);
    // After something new nothing is known but what journeys do in general.
    assert_eq!(model.predict(&["new"]).touchpoints, model.predict::<&str>(&[]).touchpoints);
    let log = log(&[vec!["a"]]);
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    for longest in [0, 17] {
        assert_eq!(NextTouchpoint::learn(&journeys, longest, OpenJourneys::Lost).unwrap_err().kind(), ErrorKind::Input);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn probabilities_are_those_of_the_formula_and_sum_to_one(
        paths in prop::collection::vec(prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..6), 1..12),
        history in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..4),
    ) {
        let longest = 4;
        let next = learn(&paths, longest).predict(&history);
        let sum = next.touchpoints.iter().map(|(_, probability)| probability).sum::<f64>() + next.end + next.unseen;
        prop_assert!((sum - 1.0).abs() < 1e-12);
        prop_assert!(next.unseen > 0.0 && next.touchpoints.is_sorted_by(|left, right| left.1 >= right.1));
        let names = next.touchpoints.len();
        for (name, probability) in &next.touchpoints {
            let expected = by_definition(&paths, &history, Some(name), names);
            prop_assert!((probability - expected).abs() < 1e-12, "{name} {probability} {expected}");
        }
        prop_assert!((next.end - by_definition(&paths, &history, None, names)).abs() < 1e-12);
        // The order of the customers changes nothing.
        let mut turned = paths.clone();
        turned.reverse();
        prop_assert_eq!(learn(&turned, longest).predict(&history), next);
    }
}
