//! Conformance to a design: the alignment against brute force, deviations, times, and the file.

use cxo_core::ErrorKind;
use cxo_core::domain::Timestamp;
use cxo_core::journey::{
    AlignmentCosts, AlignmentMove, Blueprint, BlueprintStage, BlueprintTouchpoint, Conformance, ConformanceOptions,
    DeviationKind, Event, EventLog, JourneyOptions, StageOrder,
};
use proptest::prelude::*;

fn stage(name: &str, order: StageOrder, touchpoints: &[(&str, bool, bool)]) -> BlueprintStage {
    let touchpoint = |&(name, optional, repeatable): &(&str, bool, bool)| {
        let touchpoint = BlueprintTouchpoint::new(name);
        let touchpoint = if optional { touchpoint.optional() } else { touchpoint };
        if repeatable { touchpoint.repeatable() } else { touchpoint }
    };
    BlueprintStage::new(name, order, touchpoints.iter().map(touchpoint).collect())
}

/// Every run of a design of at most `longest` touchpoints: each stage written out, without the automaton.
fn runs(blueprint: &Blueprint, longest: usize) -> Vec<Vec<String>> {
    let mut runs: Vec<Vec<String>> = vec![vec![]];
    for stage in blueprint.stages() {
        let mut ways: Vec<Vec<String>> = Vec::new();
        let orders: Vec<Vec<usize>> = match stage.order {
            StageOrder::Sequence => vec![(0..stage.touchpoints.len()).collect()],
            StageOrder::Any => permutations(stage.touchpoints.len()),
        };
        for order in orders {
            let mut of_order: Vec<Vec<String>> = vec![vec![]];
            for at in order {
                let touchpoint = &stage.touchpoints[at];
                let most = if touchpoint.repeatable && stage.order == StageOrder::Sequence { longest } else { 1 };
                let least = usize::from(!touchpoint.optional);
                of_order = of_order
                    .iter()
                    .flat_map(|run| {
                        (least..=most).map(move |times| [run.clone(), vec![touchpoint.name.clone(); times]].concat())
                    })
                    .filter(|run| run.len() <= longest)
                    .collect();
            }
            ways.extend(of_order);
        }
        if stage.order == StageOrder::Any {
            // What may be repeated may be anywhere after its first time.
            for touchpoint in stage.touchpoints.iter().filter(|touchpoint| touchpoint.repeatable) {
                let mut at = 0;
                while at < ways.len() {
                    let way = ways[at].clone();
                    if let Some(first) = way.iter().position(|name| *name == touchpoint.name)
                        && way.len() < longest
                    {
                        for place in first + 1..=way.len() {
                            let mut more = way.clone();
                            more.insert(place, touchpoint.name.clone());
                            if !ways.contains(&more) {
                                ways.push(more);
                            }
                        }
                    }
                    at += 1;
                }
            }
        }
        ways.sort();
        ways.dedup();
        runs = runs.iter().flat_map(|run| ways.iter().map(move |way| [run.clone(), way.clone()].concat())).collect();
        runs.retain(|run| run.len() <= longest);
    }
    runs
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(count - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut longer = order.clone();
        longer.insert(at, count - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| insert(order, at))).collect()
}

/// The cost of turning a run into a path by deleting and inserting: all that both have in the same order is kept.
fn edit_cost(run: &[String], path: &[&str], skip: f64, insert: f64) -> f64 {
    match (run.split_first(), path.split_first()) {
        (None, _) => insert * path.len() as f64,
        (_, None) => skip * run.len() as f64,
        (Some((step, later)), Some((event, rest))) => {
            let without =
                (skip + edit_cost(later, path, skip, insert)).min(insert + edit_cost(run, rest, skip, insert));
            if step == event { without.min(edit_cost(later, rest, skip, insert)) } else { without }
        }
    }
}

/// A design of two stages with names from a small alphabet.
fn design() -> impl Strategy<Value = Blueprint> {
    let touchpoints = |most| prop::collection::vec((0_usize..4, any::<bool>(), any::<bool>()), 1..most);
    let order = prop_oneof![Just(StageOrder::Sequence), Just(StageOrder::Any)];
    (touchpoints(4), order.clone(), touchpoints(3), order).prop_filter_map(
        "a stage in any order has each once",
        |parts| {
            let of = |name: &str, order, touchpoints: Vec<(usize, bool, bool)>| {
                let named: Vec<_> = touchpoints.iter().map(|&(at, a, b)| (["a", "b", "c", "d"][at], a, b)).collect();
                stage(name, order, &named)
            };
            Blueprint::new("design", vec![of("one", parts.1, parts.0), of("two", parts.3, parts.2)]).ok()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The alignment costs what the nearest of all runs costs, and its moves are a run beside the path.
    #[test]
    fn the_alignment_is_optimal(
        design in design(),
        path in prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "d", "x"]), 1..5),
        skip in 1_u8..4,
        insert in 1_u8..4,
    ) {
        let (skip, insert) = (f64::from(skip), f64::from(insert));
        let costs = AlignmentCosts::default().skip(skip).unwrap().insert(insert).unwrap();
        let found = design.align(&path, &costs);
        // No run that repeats more than the path has touchpoints is nearer than one that does not.
        let longest = path.len() + 5;
        let least = runs(&design, longest).iter().map(|run| edit_cost(run, &path, skip, insert)).fold(f64::INFINITY, f64::min);
        prop_assert_eq!(found.cost, least, "{:?} of {:?}", found, design);
        let steps: Vec<_> = design.steps().map(|(_, touchpoint)| touchpoint).collect();
        let (mut cost, mut events) = (0.0, Vec::new());
        for way in &found.moves {
            match *way {
                AlignmentMove::Matched { event, step } => {
                    prop_assert_eq!(steps[step].name.as_str(), path[event]);
                    events.push(event);
                }
                AlignmentMove::Inserted { event } => {
                    cost += insert;
                    events.push(event);
                }
                AlignmentMove::Skipped { step } => cost += if steps[step].optional { 0.0 } else { skip },
            }
        }
        prop_assert_eq!(cost, found.cost);
        prop_assert_eq!(events, (0..path.len()).collect::<Vec<_>>());
        prop_assert!((0.0..=1.0).contains(&found.fitness));
        prop_assert_eq!(found.fitness == 1.0, found.cost == 0.0);
    }

    /// Every run of the design fits it, whatever moves cost.
    #[test]
    fn a_run_of_the_design_fits(design in design(), at in 0_usize..1000) {
        let runs: Vec<_> = runs(&design, 6).into_iter().filter(|run| !run.is_empty()).collect();
        prop_assume!(!runs.is_empty());
        prop_assert_eq!(design.align(&runs[at % runs.len()], &AlignmentCosts::default()).fitness, 1.0);
    }
}

fn checkout() -> Blueprint {
    let pay = BlueprintTouchpoint::new("pay").target_seconds(60.0);
    let cart = BlueprintTouchpoint::new("cart").repeatable();
    Blueprint::new(
        "checkout",
        vec![
            BlueprintStage::new(
                "choice",
                StageOrder::Sequence,
                vec![BlueprintTouchpoint::new("home").optional(), cart],
            ),
            BlueprintStage::new("purchase", StageOrder::Sequence, vec![BlueprintTouchpoint::new("address"), pay]),
        ],
    )
    .unwrap()
    .target_seconds(300.0)
    .unwrap()
}

/// A journey a customer; the touchpoints with their seconds.
fn log(journeys: &[&[(&str, i64)]]) -> EventLog {
    let mut log = EventLog::default();
    for (number, journey) in journeys.iter().enumerate() {
        for (touchpoint, seconds) in *journey {
            log.add(&Event::new(&format!("c{number}"), touchpoint, Timestamp(seconds * 1_000_000))).unwrap();
        }
    }
    log
}

fn conformance(journeys: &[&[(&str, i64)]]) -> Conformance {
    let log = log(journeys);
    let options = ConformanceOptions::default().ignored(["survey"]);
    log.journeys(&JourneyOptions::default()).unwrap().conformance(&checkout(), &options).unwrap()
}

/// Kind, touchpoint, stage, occurrences, journeys.
type Told<'a> = (DeviationKind, Option<&'a str>, Option<&'a str>, u64, u64);

fn told(found: &Conformance) -> Vec<Told<'_>> {
    let tell =
        |deviation: &'_ cxo_core::journey::Deviation| (deviation.kind, deviation.occurrences, deviation.journeys);
    found
        .deviations
        .iter()
        .map(|deviation| {
            let (kind, occurrences, journeys) = tell(deviation);
            (kind, deviation.touchpoint.as_deref(), deviation.stage.as_deref(), occurrences, journeys)
        })
        .collect()
}

#[test]
fn each_kind_of_deviation_is_told() {
    let found = conformance(&[
        &[("home", 0), ("cart", 1), ("cart", 2), ("address", 3), ("survey", 4), ("pay", 5)],
        &[("cart", 0), ("pay", 10)],
        &[("cart", 0), ("help", 1), ("help", 2), ("address", 3), ("pay", 5)],
        &[("address", 0), ("cart", 1), ("pay", 5)],
        &[("cart", 0), ("address", 10), ("pay", 71)],
        &[("cart", 0), ("address", 290), ("pay", 301)],
        &[("cart", 0), ("address", 240), ("pay", 300)],
        &[("survey", 0)],
    ]);
    let expected = [
        (DeviationKind::Skipped, Some("address"), Some("purchase"), 1, 1),
        (DeviationKind::Inserted, Some("help"), None, 2, 1),
        (DeviationKind::OutOfOrder, Some("cart"), Some("choice"), 1, 1),
        (DeviationKind::TooSlow, None, None, 1, 1),
        (DeviationKind::TooSlow, Some("pay"), Some("purchase"), 1, 1),
    ];
    let mut sorted = told(&found);
    sorted.sort_unstable();
    let other = (DeviationKind::OutOfOrder, Some("address"), Some("purchase"), 1, 1);
    // Which of the two changed places is a matter of how ties are broken.
    assert!(sorted == expected || sorted.contains(&other), "{sorted:?}");
    assert_eq!(sorted.len(), 5);
    assert_eq!((found.journeys, found.conforming.value, found.conforming_in_time.value), (7, 4.0 / 7.0, 2.0 / 7.0));
    assert_eq!(found.each.iter().map(|journey| journey.journey).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_variant_is_aligned_once_and_counts_for_all_its_journeys() {
    let bad: &[(&str, i64)] = &[("cart", 0), ("pay", 10)];
    let found = conformance(&[bad, bad, bad, &[("cart", 0), ("address", 1), ("pay", 2)]]);
    assert_eq!((found.variants.len(), found.variants[0].count, found.deviations[0].journeys), (2, 3, 3));
    // 1 of the 2 + 3 that it costs if nothing matches.
    assert_eq!(found.variants[0].alignment.fitness, 0.8);
    assert!((found.fitness.value - (3.0 * 0.8 + 1.0) / 4.0).abs() < 1e-15);
    assert!(found.fitness.interval.unwrap().upper <= 1.0);
}

#[test]
fn costs_of_a_touchpoint_decide_between_alignments() {
    let costs = AlignmentCosts::default().skip_of("address", 5.0).unwrap().insert_of("help", 0.5).unwrap();
    let found = checkout().align(&["cart", "help", "pay"], &costs);
    assert_eq!((found.cost, found.worst_cost), (5.5, 2.5 + 7.0));
    for cost in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(AlignmentCosts::default().skip(cost).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(AlignmentCosts::default().insert(cost).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(AlignmentCosts::default().skip_of("a", cost).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(AlignmentCosts::default().insert_of("a", cost).unwrap_err().kind(), ErrorKind::Input);
    }
}

#[test]
fn what_is_no_design_is_refused() {
    let kind = |stages| Blueprint::new("x", stages).unwrap_err().kind();
    let of = |touchpoints: &[(&str, bool, bool)]| stage("s", StageOrder::Any, touchpoints);
    assert_eq!(kind(vec![]), ErrorKind::NoData);
    assert_eq!(kind(vec![of(&[])]), ErrorKind::NoData);
    assert_eq!(kind(vec![of(&[("", false, false)])]), ErrorKind::Input);
    assert_eq!(kind(vec![of(&[("a", false, false), ("a", true, false)])]), ErrorKind::Input);
    assert_eq!(kind(vec![of(&[("a", false, false)]), of(&[("b", false, false)])]), ErrorKind::Input);
    let names: Vec<String> = (0..13).map(|at| format!("t{at}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), false, false)).collect();
    assert_eq!(kind(vec![of(&many)]), ErrorKind::Input);
    assert!(Blueprint::new("x", vec![stage("s", StageOrder::Sequence, &many)]).is_ok());
    for target in [0.0, -1.0, f64::NAN] {
        let touchpoint = BlueprintTouchpoint::new("a").target_seconds(target);
        assert_eq!(kind(vec![BlueprintStage::new("s", StageOrder::Any, vec![touchpoint])]), ErrorKind::Input);
        assert_eq!(checkout().target_seconds(target).unwrap_err().kind(), ErrorKind::Input);
    }
    let only_surveys = log(&[&[("survey", 0)]]);
    let journeys = only_surveys.journeys(&JourneyOptions::default()).unwrap();
    let refused = journeys.conformance(&checkout(), &ConformanceOptions::default().ignored(["survey"]));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NoData);
}

#[cfg(feature = "serde")]
#[test]
fn a_file_goes_through_the_same_checks() {
    let text = r#"{"name":"checkout","stages":[{"name":"purchase","touchpoints":[{"name":"cart","repeatable":true},{"name":"pay","target_seconds":60.0}]}]}"#;
    let design: Blueprint = serde_json::from_str(text).unwrap();
    assert_eq!(design.stages()[0].order, StageOrder::Sequence);
    assert_eq!(design.align(&["cart", "cart", "pay"], &AlignmentCosts::default()).fitness, 1.0);
    let again: Blueprint = serde_json::from_str(&serde_json::to_string(&design).unwrap()).unwrap();
    assert_eq!(again, design);
    for (from, to) in
        [("60.0", "-1.0"), ("\"pay\"", "\"\""), ("repeatable", "repeated"), ("\"stages\":[{", "\"stages\":[],\"x\":[{")]
    {
        assert!(serde_json::from_str::<Blueprint>(&text.replace(from, to)).is_err(), "{to}");
    }
}
