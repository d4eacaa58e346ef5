//! What holds of journeys whatever the log, and the fast paths against brute force on small logs.

use std::collections::{BTreeMap, BTreeSet};

use cxo_core::domain::Timestamp;
use cxo_core::journey::{
    AttributionModel, Event, EventLog, Funnel, FunnelDefinition, JourneyEnds, JourneyOptions, Journeys,
    MapComparisonOptions, PathCount, Paths, Split, Ties, VariantCoverage,
};
use cxo_core::{Confidence, Encode, Probability, State};
use proptest::prelude::*;

/// Customer, touchpoint, time and channel.
type Row = (u8, usize, i64, usize);
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const CHANNELS: [&str; 2] = ["app", "web"];

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0_u8..5, 0_usize..4, 0_i64..9, 0_usize..3), 1..28)
}

fn log<'a>(rows: impl IntoIterator<Item = (u64, &'a Row)>) -> EventLog {
    let mut log = EventLog::default();
    for (sequence, &(customer, name, time, channel)) in rows {
        let customer = format!("customer {customer}");
        let mut event = Event::new(&customer, NAMES[name], Timestamp(time)).sequence(sequence);
        event.channel = CHANNELS.get(channel).copied();
        log.add(&event).unwrap();
    }
    log
}

fn numbered(rows: &[Row]) -> impl Iterator<Item = (u64, &Row)> {
    (0..).zip(rows)
}

/// Touchpoints and times of each journey.
fn told(journeys: &Journeys<'_>) -> Vec<Vec<(String, i64)>> {
    let named = |step: u32| journeys.names()[step as usize].to_owned();
    journeys
        .iter()
        .map(|journey| journey.steps.iter().map(|&step| named(step)).zip(journey.times.iter().copied()).collect())
        .collect()
}

fn options() -> impl Strategy<Value = JourneyOptions> {
    let split = prop_oneof![Just(Split::Customer), (1_i64..4).prop_map(|micros| Split::Session { micros })];
    (prop::sample::select(vec![Ties::Arrival, Ties::Any, Ties::Strict]), split)
        .prop_map(|(ties, split)| JourneyOptions::default().ties(ties).split(split).unwrap())
}

fn question(definition: FunnelDefinition, steps: &[usize], window: Option<i64>) -> Funnel {
    let funnel = Funnel::new(steps.iter().map(|&step| NAMES[step])).unwrap().definition(definition);
    let funnel = match window {
        Some(window) => funnel.window(window).unwrap(),
        None => funnel,
    };
    if definition == FunnelDefinition::OrderedWithExclusion { funnel.excluding(["d"]) } else { funnel }
}

/// Everything asked of journeys, as text that tells every bit.
fn answers(journeys: &Journeys<'_>) -> String {
    let funnels: Vec<_> = FunnelDefinition::ALL
        .iter()
        .map(|&definition| journeys.funnel(&question(definition, &[0, 1, 0], Some(4))).map_err(|error| error.kind()))
        .collect();
    format!(
        "{:?}",
        (
            journeys.map(),
            journeys.variants(),
            journeys.eventually_follows(),
            journeys.transitions(JourneyEnds::Included),
            journeys.step_matrix(5),
            journeys.step_flows(5),
            (journeys.rework(Confidence::P95), journeys.repeat_contacts(2, Confidence::P95)),
            journeys.summary(),
            funnels,
        )
    )
}

/// The most steps over all ways to choose places for them.
fn deepest(
    events: &[(String, i64)],
    steps: &[&str],
    chosen: &mut Vec<usize>,
    allowed: &dyn Fn(&[usize], usize) -> bool,
) -> usize {
    let mut best = chosen.len();
    let Some(wanted) = steps.get(chosen.len()) else { return best };
    for place in 0..events.len() {
        if events[place].0 == *wanted && !chosen.contains(&place) && allowed(chosen, place) {
            chosen.push(place);
            best = best.max(deepest(events, steps, chosen, allowed));
            chosen.pop();
        }
    }
    best
}

/// The level of one journey from the words of the definition.
fn brute_force(events: &[(String, i64)], steps: &[&str], window: i64, definition: FunnelDefinition) -> usize {
    let inside = |chosen: &[usize], place: usize| {
        chosen.first().is_none_or(|&first| (0..=window).contains(&(events[place].1 - events[first].1)))
    };
    let later = |chosen: &[usize], place: usize| chosen.last().is_none_or(|&last| last < place);
    let deep = |allowed: &dyn Fn(&[usize], usize) -> bool| deepest(events, steps, &mut Vec::new(), allowed);
    match definition {
        FunnelDefinition::Ordered => deep(&|chosen, place| later(chosen, place) && inside(chosen, place)),
        FunnelDefinition::FirstTouch => {
            let first = events.iter().position(|event| event.0 == steps[0]);
            deep(&|chosen, place| {
                later(chosen, place) && inside(chosen, place) && (!chosen.is_empty() || Some(place) == first)
            })
        }
        FunnelDefinition::OrderedTiesAny => deep(&|chosen, place| {
            chosen.last().is_none_or(|&last| events[last].1 <= events[place].1) && inside(chosen, place)
        }),
        FunnelDefinition::OrderedStrictlyIncreasing => deep(&|chosen, place| {
            chosen.last().is_none_or(|&last| events[last].1 < events[place].1) && inside(chosen, place)
        }),
        FunnelDefinition::StrictConsecutive => {
            deep(&|chosen, place| chosen.last().is_none_or(|&last| last + 1 == place) && inside(chosen, place))
        }
        FunnelDefinition::OrderedWithExclusion => deep(&|chosen, place| {
            let dies = chosen.first().is_some_and(|&first| (first + 1..=place).any(|between| events[between].0 == "d"));
            later(chosen, place) && inside(chosen, place) && !dies
        }),
        FunnelDefinition::Unordered => {
            let in_window = |start: i64| {
                let mut free: Vec<&str> = events
                    .iter()
                    .filter(|(_, time)| (0..=window).contains(&(time - start)))
                    .map(|(name, _)| name.as_str())
                    .collect();
                let mut take = |step: &str| match free.iter().position(|name| *name == step) {
                    Some(at) => {
                        free.swap_remove(at);
                        true
                    }
                    None => false,
                };
                steps.iter().filter(|step| take(step)).count()
            };
            events.iter().map(|&(_, start)| in_window(start)).max().unwrap_or(0)
        }
    }
}

proptest! {
    #[test]
    fn what_flows_in_flows_out(rows in rows(), options in options()) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&options).unwrap();
        let map = journeys.map();
        prop_assert_eq!(map.edges.iter().map(|edge| edge.count).sum::<u64>(), journeys.flow().iter().map(|edge| edge.2).sum::<u64>());
        if journeys.ties() == Ties::Strict {
            return Ok(());
        }
        for node in &map.touchpoints {
            let at = |nodes: &[cxo_core::journey::NodeCount]| {
                nodes.iter().find(|other| other.touchpoint == node.touchpoint).map_or(0, |other| other.count)
            };
            let into: u64 = map.edges.iter().filter(|edge| edge.to == node.touchpoint).map(|edge| edge.count).sum();
            let out: u64 = map.edges.iter().filter(|edge| edge.from == node.touchpoint).map(|edge| edge.count).sum();
            prop_assert_eq!((into + at(&map.starts), out + at(&map.ends)), (node.events, node.events));
        }
        let shares = journeys.transitions(JourneyEnds::Included);
        let froms: BTreeSet<_> = shares.iter().map(|step| step.from.clone()).collect();
        for from in froms {
            let sum: f64 = shares.iter().filter(|step| step.from == from).map(|step| step.share).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
        }
        // In each step of the Sankey table what arrives leaves.
        let flows = journeys.step_flows(usize::MAX);
        for flow in &flows {
            let leave: u64 = flows.iter().filter(|f| f.step == flow.step + 1 && Some(&f.from) == flow.to.as_ref()).map(|f| f.count).sum();
            let arrive: u64 = flows.iter().filter(|f| f.step == flow.step && f.to == flow.to).map(|f| f.count).sum();
            prop_assert!(flow.to.is_none() || leave == arrive);
        }
    }

    #[test]
    fn variants_are_the_different_journeys(rows in rows(), options in options(), top in 1_usize..4) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&options).unwrap();
        let mut expected: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for journey in told(&journeys) {
            *expected.entry(journey.into_iter().map(|(name, _)| name).collect()).or_default() += 1;
        }
        let variants = journeys.variants();
        let found: Vec<(Vec<String>, u64)> =
            variants.iter().map(|v| (v.path.iter().map(|&name| name.to_owned()).collect(), v.count)).collect();
        prop_assert!(found.is_sorted_by_key(|(path, count)| (std::cmp::Reverse(*count), path.clone())));
        prop_assert_eq!(found.iter().cloned().collect::<BTreeMap<_, _>>(), expected);
        prop_assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), journeys.len() as u64);
        let kept = journeys.keep_variants(VariantCoverage::Top(top)).unwrap();
        prop_assert_eq!(kept.variants().len(), top.min(found.len()));
        let all = journeys.keep_variants(VariantCoverage::Share(Probability::new(1.0).unwrap())).unwrap();
        prop_assert_eq!(answers(&all), answers(&journeys));
    }

    #[test]
    fn what_eventually_follows_by_brute_force(rows in rows(), options in options()) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&options).unwrap();
        let mut expected: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for journey in journeys.iter() {
            for i in 0..journey.steps.len() {
                for j in i + 1..journey.steps.len() {
                    if journeys.ties() != Ties::Strict || journey.times[i] < journey.times[j] {
                        *expected.entry((journey.steps[i], journey.steps[j])).or_default() += 1;
                    }
                }
            }
        }
        let found: BTreeMap<_, _> = journeys.eventually_follows().iter().map(|(from, to, count)| ((from, to), count)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn repeat_contacts_by_brute_force(rows in rows(), window in 0_i64..6) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&JourneyOptions::default().split(Split::Session { micros: 2 }).unwrap()).unwrap();
        let end = journeys.observed_until();
        for found in journeys.repeat_contacts(window, Confidence::P95).unwrap() {
            let (mut contacts, mut repeated, mut switched, mut immature) = (0, 0, 0, 0);
            let whole = log.journeys(&JourneyOptions::default()).unwrap();
            for journey in whole.iter() {
                let events: Vec<_> = journey.rows.iter().map(|&row| log.get(row as usize).unwrap()).collect();
                for (at, event) in events.iter().enumerate().filter(|(_, event)| event.touchpoint == found.touchpoint) {
                    if end - event.time.0 < window {
                        immature += 1;
                        continue;
                    }
                    let again = |other: &&Event<'_>| {
                        other.touchpoint == event.touchpoint && other.time.0 - event.time.0 <= window
                    };
                    let other_channel = |other: &Event<'_>| {
                        event.channel.is_some() && other.channel.is_some() && event.channel != other.channel
                    };
                    contacts += 1;
                    repeated += u64::from(events[at + 1..].iter().any(|other| again(&other)));
                    switched += u64::from(events[at + 1..].iter().any(|other| again(&other) && other_channel(other)));
                }
            }
            prop_assert_eq!((found.contacts, found.repeated, found.immature), (contacts, repeated, immature));
            prop_assert_eq!(found.switched.unwrap_or(0), switched);
        }
    }

    #[test]
    fn funnels_by_brute_force(
        rows in rows(),
        steps in prop::collection::vec(0_usize..4, 1..5),
        window in prop_oneof![3 => (0_i64..9).prop_map(Some), 1 => Just(None)],
    ) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&JourneyOptions::default()).unwrap();
        let names: Vec<&str> = steps.iter().map(|&step| NAMES[step]).collect();
        for &definition in FunnelDefinition::ALL {
            let Ok(passage) = journeys.funnel(&question(definition, &steps, window)) else { continue };
            let levels: Vec<usize> = told(&journeys)
                .iter()
                .map(|events| brute_force(events, &names, window.unwrap_or(i64::MAX), definition))
                .collect();
            let expected: Vec<u64> =
                (1..=steps.len()).map(|level| levels.iter().filter(|reached| **reached >= level).count() as u64).collect();
            let reached: Vec<u64> = passage.steps.iter().map(|step| step.reached).collect();
            prop_assert_eq!(&reached, &expected, "{} {:?}", definition, told(&journeys));
            for (step, level) in passage.steps.iter().zip(1..) {
                let stopped = levels.iter().filter(|reached| **reached == level).count() as u64;
                prop_assert_eq!(step.next.iter().map(|next| next.count).sum::<u64>() + step.ended, stopped);
            }
        }
    }

    #[test]
    fn funnels_are_monotone(rows in rows(), steps in prop::collection::vec(0_usize..4, 1..5), window in 0_i64..9) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&JourneyOptions::default()).unwrap();
        for &definition in FunnelDefinition::ALL {
            let reached = |window: Option<i64>| -> Option<Vec<u64>> {
                let passage = journeys.funnel(&question(definition, &steps, window)).ok()?;
                Some(passage.steps.iter().map(|step| step.reached).collect())
            };
            let (Some(short), Some(longer), Some(open)) = (reached(Some(window)), reached(Some(window + 1)), reached(None)) else { continue };
            prop_assert!(short.iter().zip(&longer).all(|(short, longer)| short <= longer), "window, {}", definition);
            prop_assert!(longer.iter().zip(&open).all(|(longer, open)| longer <= open), "no window, {}", definition);
            prop_assert!(open.is_sorted_by(|before, after| before >= after), "steps, {}", definition);
        }
    }

    #[test]
    fn shuffling_numbered_records_changes_nothing(rows in rows(), options in options(), seed in any::<u64>()) {
        let mut shuffled: Vec<(u64, &Row)> = numbered(&rows).collect();
        shuffled.sort_by_key(|(sequence, _)| (sequence ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17));
        let (whole, other) = (log(numbered(&rows)), log(shuffled));
        prop_assert_eq!(answers(&whole.journeys(&options).unwrap()), answers(&other.journeys(&options).unwrap()));
    }

    #[test]
    fn a_log_in_order_answers_as_any_other(rows in rows(), options in options(), seed in any::<u64>()) {
        let mut ordered = rows;
        ordered.sort_by_key(|&(customer, _, time, _)| (customer, time));
        ordered.dedup_by_key(|&mut (customer, _, time, _)| (customer, time));
        let mut shuffled: Vec<(u64, &Row)> = numbered(&ordered).collect();
        shuffled.sort_by_key(|(sequence, _)| (sequence ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17));
        let (whole, other) = (log(numbered(&ordered)), log(shuffled));
        let (whole, other) = (whole.journeys(&options).unwrap(), other.journeys(&options).unwrap());
        prop_assert_eq!((whole.counts().out_of_order, whole.counts().tied), (0, 0));
        prop_assert_eq!(answers(&whole), answers(&other));
        prop_assert!(whole.iter().all(|journey| journey.rows.is_sorted() && journey.times.is_sorted()));
    }

    #[test]
    fn shards_are_the_whole(rows in rows(), options in options(), cut in 0_u8..6) {
        let whole = log(numbered(&rows));
        let mut merged = log(numbered(&rows).filter(|(_, row)| row.0 >= cut));
        let other = log(numbered(&rows).filter(|(_, row)| row.0 < cut));
        merged.merge(&EventLog::from_bytes(&other.to_bytes()).unwrap()).unwrap();
        prop_assert_eq!(answers(&whole.journeys(&options).unwrap()), answers(&merged.journeys(&options).unwrap()));
        prop_assert!(whole.clone().merge(&merged).is_err(), "customers on both sides");
    }

    #[test]
    fn views_leave_out_and_rename(rows in rows(), options in options()) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&options).unwrap();
        let collapsed = journeys.collapse_loops().unwrap();
        prop_assert!(told(&collapsed).iter().all(|events| events.windows(2).all(|pair| pair[0].0 != pair[1].0)));
        prop_assert_eq!(collapsed.events() as u64 + collapsed.counts().left_out, journeys.events() as u64);
        let same = journeys.relabel(|name| name).unwrap();
        prop_assert_eq!(answers(&same), answers(&journeys));
        let one = journeys.relabel(|_| "all").unwrap().collapse_loops().unwrap();
        prop_assert_eq!((one.events(), one.names()), (journeys.len(), &["all"][..]));
        let early = journeys.keep_events(|event| event.time.0 < 5);
        let expected: usize = rows.iter().filter(|row| row.2 < 5).count();
        prop_assert_eq!(early.map_or(0, |early| early.events()), expected);
    }

    #[test]
    fn shapley_by_brute_force(paths in prop::collection::vec((prop::collection::vec(0_usize..4, 1..6), 0_u64..9, 0_u64..9), 1..9)) {
        let mut all = Paths::default();
        for (path, conversions, nulls) in &paths {
            all.add(path.iter().map(|&step| NAMES[step]), PathCount::new(*conversions, *nulls, 0.0).unwrap()).unwrap();
        }
        let set = |path: &[usize]| path.iter().fold(0_u32, |set, step| set | 1 << step);
        let worth = |coalition: u32| -> f64 {
            paths.iter().filter(|(path, ..)| set(path) & !coalition == 0).map(|(_, conversions, _)| *conversions as f64).sum()
        };
        let weight = [6.0, 2.0, 2.0, 6.0].map(|product: f64| product / 24.0);
        for channel in all.attribution(AttributionModel::Shapley, 1).unwrap().channels {
            let own = 1_u32 << NAMES.iter().position(|name| *name == channel.channel).unwrap();
            let expected: f64 = (0..16_u32)
                .filter(|others| others & own == 0)
                .map(|others| weight[others.count_ones() as usize] * (worth(others | own) - worth(others)))
                .sum();
            prop_assert!((channel.attributed - expected).abs() < 1e-9, "{} {}", channel.attributed, expected);
        }
    }

    #[test]
    fn a_segment_does_not_differ_from_itself(rows in rows()) {
        let log = log(numbered(&rows));
        let journeys = log.journeys(&JourneyOptions::default()).unwrap();
        let compared = journeys.compare(&journeys, &MapComparisonOptions::default()).unwrap();
        prop_assert_eq!(compared.touchpoints.len(), journeys.map().touchpoints.len());
        for shares in compared.touchpoints.iter().map(|row| row.shares).chain(compared.edges.iter().map(|row| row.shares)) {
            prop_assert_eq!(shares.journeys[0], shares.journeys[1]);
            let nothing = |difference: cxo_core::Difference| difference.value == 0.0;
            prop_assert!(shares.difference.is_err() || shares.difference.is_ok_and(nothing));
        }
    }
}
