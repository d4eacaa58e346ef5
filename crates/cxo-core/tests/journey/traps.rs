//! Where other tools are known to go wrong without a word: what is said here instead.

use cxo_core::domain::{Amount, Timestamp};
use cxo_core::journey::{
    AttributionModel, Duplicates, Event, EventLog, Funnel, FunnelDefinition, FunnelPassage, Identities, Immature,
    JourneyOptions, Lifecycle, MapComparisonOptions, NextTouchpoint, OpenJourneys, PathCount, Paths, Split, Ties,
};
use cxo_core::{Absent, Confidence, ErrorKind};

const SECOND: i64 = 1_000_000;

/// Customer, touchpoint, seconds.
fn log(records: &[(&str, &str, i64)]) -> EventLog {
    let mut log = EventLog::default();
    for (customer, touchpoint, seconds) in records {
        log.add(&Event::new(customer, touchpoint, Timestamp(seconds * SECOND))).unwrap();
    }
    log
}

fn passage(records: &[(&str, &str, i64)], funnel: &Funnel) -> FunnelPassage {
    log(records).journeys(&JourneyOptions::default()).unwrap().funnel(funnel).unwrap()
}

fn reached(
    records: &[(&str, &str, i64)],
    steps: &[&str],
    window: Option<i64>,
    definition: FunnelDefinition,
) -> Vec<u64> {
    let mut funnel = Funnel::new(steps.iter().copied()).unwrap().definition(definition);
    if let Some(seconds) = window {
        funnel = funnel.window(seconds * SECOND).unwrap();
    }
    if definition == FunnelDefinition::OrderedWithExclusion {
        funnel = funnel.excluding(["x"]);
    }
    passage(records, &funnel).steps.iter().map(|step| step.reached).collect()
}

#[test]
fn unsorted_records_start_where_they_start() {
    let log = log(&[("ann", "pay", 9), ("ann", "home", 1), ("ann", "cart", 5)]);
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let map = journeys.map();
    assert_eq!((map.starts[0].touchpoint.as_str(), map.ends[0].touchpoint.as_str()), ("home", "pay"));
    assert_eq!(journeys.variants().iter().next().unwrap().path, ["home", "cart", "pay"]);
    assert_eq!(journeys.counts().out_of_order, 2);
}

#[test]
fn records_milliseconds_apart_keep_their_order() {
    let mut log = EventLog::default();
    for (touchpoint, micros) in [("b", 1_000), ("a", 2_000), ("c", 2_001)] {
        log.add(&Event::new("ann", touchpoint, Timestamp(micros))).unwrap();
    }
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    assert_eq!(journeys.variants().iter().next().unwrap().path, ["b", "a", "c"]);
}

#[test]
fn ties_in_any_order_give_one_map() {
    let options = JourneyOptions::default().ties(Ties::Any);
    let (one, other) = (log(&[("ann", "a", 1), ("ann", "b", 1)]), log(&[("ann", "b", 1), ("ann", "a", 1)]));
    assert_eq!(one.journeys(&options).unwrap().map(), other.journeys(&options).unwrap().map());
    assert_eq!(one.journeys(&options).unwrap().counts().tied, 1);
    let strict = JourneyOptions::default().ties(Ties::Strict);
    assert!(one.journeys(&strict).unwrap().map().edges.is_empty());
}

#[test]
fn the_last_attempt_counts_that_is_still_in_its_window() {
    let records = [("ann", "a", 100), ("ann", "a", 200), ("ann", "b", 240)];
    assert_eq!(reached(&records, &["a", "b"], Some(50), FunnelDefinition::Ordered), [1, 1]);
    assert_eq!(reached(&records, &["a", "b"], Some(50), FunnelDefinition::FirstTouch), [1, 0]);
}

#[test]
fn one_record_is_one_step() {
    assert_eq!(reached(&[("ann", "a", 0)], &["a", "a"], None, FunnelDefinition::Ordered), [1, 0]);
    for &definition in FunnelDefinition::ALL {
        let records = [("ann", "a", 0), ("bob", "x", 0)];
        assert_eq!(reached(&records, &["a", "a"], None, definition), [1, 0], "{definition}");
    }
    // Outside the window the second is a new attempt.
    assert_eq!(
        reached(&[("ann", "a", 100), ("ann", "a", 200)], &["a", "a"], Some(50), FunnelDefinition::Ordered),
        [1, 0]
    );
}

#[test]
fn an_attempt_survives_a_repeated_first_step() {
    let records = [("ann", "a", 0), ("ann", "a", 5), ("ann", "b", 5)];
    assert_eq!(reached(&records, &["a", "b"], None, FunnelDefinition::OrderedStrictlyIncreasing), [1, 1]);
}

#[test]
fn steps_of_one_second_are_not_lost() {
    let records = [("ann", "a", 7), ("ann", "b", 7), ("ann", "c", 7)];
    assert_eq!(reached(&records, &["a", "b", "c"], Some(0), FunnelDefinition::Ordered), [1, 1, 1]);
    let backwards = [("ann", "c", 7), ("ann", "b", 7), ("ann", "a", 7)];
    assert_eq!(reached(&backwards, &["a", "b", "c"], Some(0), FunnelDefinition::OrderedTiesAny), [1, 1, 1]);
    assert_eq!(reached(&backwards, &["a", "b", "c"], Some(0), FunnelDefinition::Ordered), [1, 0, 0]);
}

#[test]
fn exclusion_holds_between_records_of_one_instant() {
    let records = [("ann", "a", 7), ("ann", "x", 7), ("ann", "b", 7)];
    assert_eq!(reached(&records, &["a", "b"], None, FunnelDefinition::OrderedWithExclusion), [1, 0]);
}

#[test]
fn the_instant_zero_is_a_time_as_any_other() {
    assert_eq!(reached(&[("ann", "a", 0), ("ann", "b", 0)], &["a", "b"], Some(5), FunnelDefinition::Ordered), [1, 1]);
    assert_eq!(reached(&[("ann", "a", -3), ("ann", "b", 0)], &["a", "b"], Some(5), FunnelDefinition::Ordered), [1, 1]);
}

#[test]
fn more_than_32_steps_count_and_too_many_are_refused() {
    let names: Vec<String> = (0..64).map(|step| format!("step {step}")).collect();
    let records: Vec<_> = names.iter().zip(0..).map(|(name, at)| ("ann", name.as_str(), at)).collect();
    assert_eq!(passage(&records, &Funnel::new(names.clone()).unwrap()).steps[63].reached, 1);
    let more = names.into_iter().chain(["one more".to_owned()]);
    assert_eq!(Funnel::new(more).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn a_misspelt_step_is_an_error_and_not_zero() {
    let log = log(&[("ann", "cart", 0)]);
    let error = log.journeys(&JourneyOptions::default()).unwrap().funnel(&Funnel::new(["crat"]).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoData);
    assert!(error.to_string().contains("crat"));
}

#[test]
fn conversion_times_are_those_within_the_window() {
    let funnel = Funnel::new(["a", "b"]).unwrap().window(10 * SECOND).unwrap();
    let found = passage(&[("ann", "a", 0), ("ann", "a", 100), ("ann", "b", 104)], &funnel);
    assert_eq!(found.steps[1].median_seconds, Ok(4.0));
}

#[test]
fn late_entrants_do_not_deflate_the_conversion() {
    let records = [("ann", "a", 0), ("ann", "b", 5), ("bob", "a", 98), ("cy", "b", 100)];
    let funnel = Funnel::new(["a", "b"]).unwrap().window(10 * SECOND).unwrap();
    let all = passage(&records, &funnel);
    assert_eq!((all.immature, all.steps[0].reached, all.steps[1].reached), (Ok(1), 2, 1));
    let mature = passage(&records, &funnel.clone().immature(Immature::Exclude));
    assert_eq!((mature.immature, mature.steps[0].reached, mature.steps[1].reached), (Ok(1), 1, 1));
    let open = passage(&records, &Funnel::new(["a", "b"]).unwrap());
    assert_eq!(open.immature, Err(Absent::NotDefined));
}

#[test]
fn who_drops_off_is_counted_once() {
    let found = passage(&[("ann", "a", 0), ("bob", "a", 0), ("bob", "b", 1)], &Funnel::new(["a", "b"]).unwrap());
    assert_eq!((found.steps[0].ended, found.steps[1].ended), (1, 1));
}

#[test]
fn na_is_a_name() {
    let log = log(&[("NA", "null", 0), ("nan", "null", 0)]);
    assert_eq!(
        (log.customers(), log.journeys(&JourneyOptions::default()).unwrap().map().touchpoints[0].events),
        (2, 2)
    );
}

#[test]
fn records_told_twice_are_counted() {
    let mut log = EventLog::default();
    for (customer, id, at) in [("ann", "m1", 0), ("ann", "m1", 9), ("bob", "m1", 9)] {
        log.add(&Event::new(customer, "home", Timestamp(at)).event_id(id)).unwrap();
    }
    let by_id = JourneyOptions::default().duplicates(Duplicates::ById).unwrap();
    let journeys = log.journeys(&by_id).unwrap();
    assert_eq!((journeys.events(), journeys.counts().duplicates), (2, 1));
}

#[test]
fn records_told_again_soon_are_counted_whatever_lies_between() {
    let mut log = EventLog::default();
    // The last home is more than the gap behind the one that was kept, though not behind the one told again.
    for (customer, touchpoint, at) in [
        ("ann", "home", 0),
        ("ann", "cart", 1),
        ("ann", "home", 2),
        ("ann", "cart", 2),
        ("ann", "home", 3),
        ("bob", "home", 3),
    ] {
        log.add(&Event::new(customer, touchpoint, Timestamp(at))).unwrap();
    }
    let within = |micros| {
        let options = JourneyOptions::default().duplicates(Duplicates::Within { micros }).unwrap();
        let journeys = log.journeys(&options).unwrap();
        let ways: Vec<Vec<&str>> = journeys
            .iter()
            .map(|journey| journey.steps.iter().map(|&step| journeys.names()[step as usize]).collect())
            .collect();
        (ways, journeys.counts().duplicates)
    };
    assert_eq!(within(2), (vec![vec!["home", "cart", "home"], vec!["home"]], 2));
    assert_eq!(within(0), (vec![vec!["home", "cart", "home", "cart", "home"], vec!["home"]], 0));
    assert_eq!(within(3), (vec![vec!["home", "cart"], vec!["home"]], 3));
}

#[test]
fn attribution_is_the_same_on_every_run_and_never_negative() {
    let mut paths = Paths::default();
    for (path, conversions, nulls) in [(&["a", "b", "a"][..], 3, 1), (&["b"], 0, 7), (&["c", "a"], 1, 0)] {
        paths.add(path, PathCount::new(conversions, nulls, 0.0).unwrap()).unwrap();
    }
    let first = paths.attribution(AttributionModel::Markov, 2).unwrap();
    assert_eq!(first, paths.clone().attribution(AttributionModel::Markov, 2).unwrap());
    assert!(first.channels.iter().all(|channel| channel.attributed >= 0.0));
}

#[test]
fn a_channel_switch_within_the_window_is_a_repeat() {
    let mut log = EventLog::default();
    for (touchpoint, channel, hours) in
        [("billing", "chat", 0), ("billing", "phone", 2), ("billing", "phone", 90), ("end", "web", 999)]
    {
        log.add(&Event::new("ann", touchpoint, Timestamp(hours * 3600 * SECOND)).channel(channel)).unwrap();
    }
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let day = 24 * 3600 * SECOND;
    let found = &journeys.repeat_contacts(day, Confidence::P95).unwrap()[0];
    assert_eq!((found.contacts, found.repeated, found.switched), (3, 1, Ok(1)));
    assert_eq!(journeys.repeat_contacts(-1, Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn service_and_waiting_need_both_ends() {
    let mut log = EventLog::default();
    for (touchpoint, seconds, lifecycle) in [
        ("x-ray", 0, Lifecycle::Start),
        ("x-ray", 30, Lifecycle::Complete),
        ("talk", 90, Lifecycle::Start),
        ("talk", 95, Lifecycle::Start),
        ("talk", 100, Lifecycle::Complete),
        ("bill", 200, Lifecycle::Complete),
    ] {
        log.add(&Event::new("ann", touchpoint, Timestamp(seconds * SECOND)).lifecycle(lifecycle)).unwrap();
    }
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let times = journeys.service_times().unwrap();
    let [bill, talk, x_ray] = &times[..] else { panic!("three touchpoints") };
    assert_eq!((bill.without_start, bill.service_seconds.is_err()), (1, true));
    assert_eq!((talk.service_seconds.unwrap().median, talk.waiting_seconds.unwrap().n, talk.unfinished), (10.0, 2, 1));
    assert_eq!((x_ray.service_seconds.unwrap().mean, x_ray.waiting_seconds), (30.0, Err(Absent::NoObservations)));
    let complete = journeys.keep_events(|event| event.lifecycle == Some(Lifecycle::Complete)).unwrap();
    assert_eq!((complete.events(), complete.counts().left_out), (3, 3));
    let bare = self::log(&[("ann", "a", 0)]);
    assert_eq!(
        bare.journeys(&JourneyOptions::default()).unwrap().service_times().unwrap_err().kind(),
        ErrorKind::NoData
    );
}

#[test]
fn a_shared_device_goes_over_at_each_login() {
    let mut identities = Identities::default();
    identities.login("device", "bob", Timestamp(20)).unwrap();
    identities.login("device", "ann", Timestamp(10)).unwrap();
    identities.login("other", "ann", Timestamp(0)).unwrap();
    let who = |at| identities.customer("device", Timestamp(at));
    assert_eq!([who(0), who(10), who(19), who(20), who(99)], ["ann", "ann", "ann", "bob", "bob"]);
    assert_eq!((identities.customer("unknown", Timestamp(5)), identities.shared()), ("unknown", 1));
    // One instant, whatever the order.
    let mut tied = Identities::default();
    tied.login("device", "bob", Timestamp(1)).unwrap();
    tied.login("device", "ann", Timestamp(1)).unwrap();
    assert_eq!(tied.customer("device", Timestamp(5)), "ann");
    assert_eq!(tied.login("", "ann", Timestamp(0)).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(tied.login("x", "", Timestamp(0)).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn views_that_leave_nothing_are_errors() {
    let log = log(&[("ann", "a", 0)]);
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let kinds = [
        journeys.keep(|_| false).unwrap_err().kind(),
        journeys.keep_events(|_| false).unwrap_err().kind(),
        journeys.keep_variants(cxo_core::journey::VariantCoverage::Top(0)).unwrap_err().kind(),
        journeys.by_stage().unwrap_err().kind(),
        journeys.stage_spells(&[""; 0]).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NoData; 5]);
    assert_eq!(journeys.relabel(|_| "").unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn segments_of_different_logs_are_not_compared() {
    let (one, other) = (log(&[("ann", "a", 0)]), log(&[("ann", "a", 0)]));
    let options = JourneyOptions::default();
    let (one, other) = (one.journeys(&options).unwrap(), other.journeys(&options).unwrap());
    assert_eq!(one.compare(&other, &MapComparisonOptions::default()).unwrap_err().kind(), ErrorKind::Incompatible);
}

#[test]
fn journeys_of_one_customer_are_not_independent() {
    // Two customers of each segment, twenty journeys each, each customer always alike.
    let mut log = EventLog::default();
    for (customer, touchpoint) in [("app 1", "pay"), ("app 2", "pay"), ("web 1", "leave"), ("web 2", "pay")] {
        for day in 0..20 {
            log.add(&Event::new(customer, touchpoint, Timestamp(day * 86_400 * SECOND))).unwrap();
        }
    }
    let days = Split::Session { micros: SECOND };
    let journeys = log.journeys(&JourneyOptions::default().split(days).unwrap()).unwrap();
    let segment = |name: &str| {
        journeys
            .keep(|journey| journeys.customer(journey.customer).is_some_and(|customer| customer.starts_with(name)))
            .unwrap()
    };
    let compared = segment("app").compare(&segment("web"), &MapComparisonOptions::default()).unwrap();
    let pay = &compared.touchpoints[1].shares;
    assert_eq!((pay.journeys, pay.shares, compared.customers), ([40, 20], [1.0, 0.5], 4));
    assert!((pay.design_effect.unwrap() - 20.0).abs() < 1e-9);
    assert!(pay.difference.unwrap().p_value.unwrap() > 0.2);
}

#[test]
fn stays_in_stages_end_where_the_next_begins() {
    let mut log = EventLog::default();
    for (customer, touchpoint, stage, at) in [
        ("ann", "ad", Some("aware"), 0),
        ("ann", "visit", None, 5),
        ("ann", "cart", Some("buy"), 10),
        ("ann", "pay", Some("buy"), 30),
        ("bob", "ad", Some("aware"), 20),
        ("bob", "ad", Some("aware"), 40),
    ] {
        let mut event = Event::new(customer, touchpoint, Timestamp(at));
        event.stage = stage;
        log.add(&event).unwrap();
    }
    let journeys = log.journeys(&JourneyOptions::default()).unwrap();
    let found: Vec<_> = journeys
        .stage_spells(&["pay"])
        .unwrap()
        .iter()
        .map(|spell| (spell.customer, spell.stage, spell.micros, spell.left))
        .collect();
    assert_eq!(found, [("ann", "aware", 10, true), ("ann", "buy", 20, true), ("bob", "aware", 20, false)]);
    let stages = journeys.by_stage().unwrap();
    assert_eq!((stages.names(), stages.counts().left_out), (&["aware", "buy"][..], 1));
}

#[test]
fn the_worth_that_stands_for_none_is_refused() {
    let mut log = EventLog::in_currency(cxo_core::domain::Currency::iso("EUR").unwrap());
    let error = log.add(&Event::new("ann", "pay", Timestamp(0)).value(Amount(i64::MIN))).unwrap_err();
    assert_eq!((error.kind(), log.len()), (ErrorKind::Input, 0));
}

#[test]
fn a_session_that_another_follows_is_not_open() {
    let mut log = EventLog::default();
    for (customer, touchpoint, seconds) in [("ann", "home", 0), ("ann", "home", 100), ("bob", "pay", 105)] {
        log.add(&Event::new(customer, touchpoint, Timestamp(seconds * SECOND)).stage(touchpoint)).unwrap();
    }
    let sessions = JourneyOptions::default().split(Split::Session { micros: 10 * SECOND }).unwrap();
    let journeys = log.journeys(&sessions).unwrap();
    let rule = OpenJourneys::Silent { micros: 200 * SECOND };
    let open: Vec<bool> = journeys.iter().map(|journey| journeys.is_open(&journey, rule)).collect();
    assert_eq!(open, [false, true, true]);
    let chain = journeys.chain(&["pay"], rule).unwrap();
    assert_eq!((chain.open, chain.lost), (1, 1));
    assert_eq!(journeys.paths_to(&["pay"], rule).unwrap().open, 1);
    let model = NextTouchpoint::learn(&journeys, 1, rule).unwrap();
    assert_eq!((model.open_journeys(), model.is_biased()), (2, true));
    let spells = journeys.stage_spells(&["pay"]).unwrap();
    let told: Vec<_> = spells.iter().map(|spell| (spell.micros / SECOND, spell.left, spell.open)).collect();
    assert_eq!(told, [(0, false, false), (5, false, true)]);
    // A part of the journeys does not make it open.
    let mut first = true;
    let part = journeys.keep(|_| std::mem::take(&mut first)).unwrap();
    assert_eq!(part.iter().filter(|journey| part.is_open(journey, rule)).count(), 0);
}

#[test]
fn silence_is_counted_to_the_end_of_the_observation() {
    let log = log(&[("ann", "home", 0), ("bob", "pay", 5)]);
    let rule = OpenJourneys::Silent { micros: 10 * SECOND };
    let open = |until: i64| {
        let options = JourneyOptions::default().observed_until(Timestamp(until * SECOND));
        let journeys = log.journeys(&options).unwrap();
        (journeys.observed_until() / SECOND, journeys.chain(&["pay"], rule).unwrap().open)
    };
    // Not before the last record.
    assert_eq!((open(1), open(10), open(11)), ((5, 1), (10, 1), (11, 0)));
}

#[test]
fn what_begins_in_one_session_may_end_in_another() {
    let mut log = EventLog::default();
    for (seconds, lifecycle) in [(0, Lifecycle::Start), (100, Lifecycle::Complete)] {
        log.add(&Event::new("ann", "call", Timestamp(seconds * SECOND)).lifecycle(lifecycle)).unwrap();
    }
    let sessions = JourneyOptions::default().split(Split::Session { micros: 10 * SECOND }).unwrap();
    let times = log.journeys(&sessions).unwrap().service_times().unwrap();
    assert_eq!((times[0].unfinished, times[0].without_start), (0, 0));
    assert_eq!(times[0].service_seconds.as_ref().unwrap().maximum, 100.0);
}
