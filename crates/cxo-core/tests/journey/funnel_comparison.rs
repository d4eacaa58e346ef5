//! Two funnels compared, shares clustered by customer, and journeys that were not watched to the end.
#![allow(clippy::cast_possible_truncation)] // Small numbers of tests.

use crate::common::journey::Draws;
use cxo_core::churn::Durations;
use cxo_core::churn::survival::{EventTable, SurvivalOptions};
use cxo_core::domain::Timestamp;
use cxo_core::journey::{Event, EventLog, Funnel, FunnelComparison, FunnelDefinition, Immature, JourneyOptions, Split};
use cxo_core::stats::proportion::Successes;
use cxo_core::stats::two_proportion::{DifferenceMethod, TwoShares};
use cxo_core::{Absent, Confidence, ErrorKind, Method};

const HOUR: i64 = 3_600_000_000;

/// For each customer the journeys, an hour apart and more: how many of the steps a, b, c each got.
fn log(customers: &[(String, Vec<usize>)]) -> EventLog {
    let mut log = EventLog::default();
    for (name, journeys) in customers {
        for (session, &steps) in (0..).zip(journeys) {
            for (at, touchpoint) in (0..).zip(["a", "b", "c"]).take(steps) {
                log.add(&Event::new(name, touchpoint, Timestamp(session * 10 * HOUR + at))).unwrap();
            }
        }
    }
    // Every step is in the log, of someone who does not enter.
    log.add(&Event::new("nobody", "c", Timestamp(0))).unwrap();
    log.add(&Event::new("nobody", "b", Timestamp(1))).unwrap();
    log
}

fn sessions() -> JourneyOptions {
    JourneyOptions::default().split(Split::Session { micros: HOUR }).unwrap()
}

fn abc() -> Funnel {
    Funnel::new(["a", "b", "c"]).unwrap()
}

fn named(levels: &[usize]) -> Vec<(String, Vec<usize>)> {
    levels.iter().enumerate().map(|(at, &level)| (format!("c{at}"), vec![level])).collect()
}

#[test]
fn journeys_of_one_customer_are_a_cluster() {
    let customers: Vec<_> = (0..40).map(|at| (format!("c{at}"), vec![if at % 4 == 0 { 3 } else { 1 }; 5])).collect();
    let log = log(&customers);
    let journeys = log.journeys(&sessions()).unwrap();
    let passage = journeys.funnel(&abc()).unwrap();
    assert_eq!((passage.steps[0].reached, passage.customers), (200, 40));
    let conversion = passage.steps[2].conversion.unwrap();
    assert_eq!((conversion.value, conversion.n, conversion.method), (0.25, 200, Method::TaylorLinearized));
    // Forty customers, ten of whom always get through.
    let expected = (0.25_f64 * 0.75 / 39.0).sqrt();
    assert!((conversion.standard_error.unwrap() - expected).abs() < 1e-12);
    assert!((conversion.effective_n - 39.0).abs() < 1e-9);
    let alone = named(&(0..40).map(|at| if at % 4 == 0 { 3 } else { 1 }).collect::<Vec<_>>());
    let alone = self::log(&alone);
    let once = alone.journeys(&sessions()).unwrap().funnel(&abc()).unwrap();
    let share = once.steps[2].conversion.unwrap();
    assert_eq!(share.interval.unwrap().method, Method::Wilson);
    // Five copies of each journey tell hardly more than one.
    assert!(conversion.interval.unwrap().width() > 0.95 * share.interval.unwrap().width());
}

#[test]
fn customers_on_one_side_once_are_two_shares() {
    let (first, second) = (log(&named(&[[3; 30].as_slice(), &[1; 50]].concat())), {
        let mut levels = vec![3; 20];
        levels.extend([2; 70]);
        let customers: Vec<_> = levels.iter().enumerate().map(|(at, &level)| (format!("d{at}"), vec![level])).collect();
        log(&customers)
    });
    let [first, second] = [&first, &second].map(|log| log.journeys(&sessions()).unwrap());
    let comparison = FunnelComparison::new((&first, &abc()), (&second, &abc())).unwrap();
    assert_eq!((comparison.customers, comparison.in_both), (170, 0));
    let shares = TwoShares { first: Successes(30).of(80).unwrap(), second: Successes(20).of(90).unwrap() };
    let expected = shares.difference(DifferenceMethod::default(), Confidence::P95).unwrap();
    assert_eq!(comparison.steps[2].conversion, Ok(expected));
    assert_eq!(comparison.steps[0].conversion, Err(Absent::ByDefinition));
    let back = FunnelComparison::new((&second, &abc()), (&first, &abc())).unwrap();
    assert!(
        (back.steps[1].step_conversion.unwrap().value + comparison.steps[1].step_conversion.unwrap().value).abs()
            < 1e-15
    );
}

/// The guest checkout: the same journeys through two funnels, some customers in both.
#[test]
fn customers_of_both_funnels_are_matched() {
    let mut log = EventLog::default();
    let mut draws = Draws(3);
    let mut rows = Vec::new();
    for customer in 0..200 {
        let name = format!("c{customer}");
        let mut row = [[0.0; 2]; 2];
        for session in 0..3 {
            let guest = usize::from(draws.uniform() < 0.5);
            let paid = draws.uniform() < if guest == 1 { 0.6 } else { 0.4 };
            let steps = [Some(["account", "guest"][guest]), paid.then_some("pay")];
            for (time, touchpoint) in (session * 10 * HOUR..).zip(steps.into_iter().flatten()) {
                log.add(&Event::new(&name, touchpoint, Timestamp(time))).unwrap();
            }
            row[guest][0] += 1.0;
            row[guest][1] += f64::from(u8::from(paid));
        }
        rows.push(row);
    }
    let journeys = log.journeys(&sessions()).unwrap();
    let [guest, account] = ["guest", "account"].map(|step| Funnel::new([step, "pay"]).unwrap());
    let comparison = FunnelComparison::new((&journeys, &guest), (&journeys, &account)).unwrap();
    let difference = comparison.steps[1].conversion.unwrap();
    let total = |side: usize, what: usize| rows.iter().map(|row| row[side][what]).sum::<f64>();
    let share = |side: usize| total(side, 1) / total(side, 0);
    let z = |row: &[[f64; 2]; 2], side: usize| (row[side][1] - share(side) * row[side][0]) / total(side, 0);
    let squares: f64 = rows.iter().map(|row| (z(row, 1) - z(row, 0)).powi(2)).sum();
    assert!((difference.value - (share(1) - share(0))).abs() < 1e-12);
    assert!((difference.standard_error.unwrap() - (200.0 / 199.0 * squares).sqrt()).abs() < 1e-12);
    assert_eq!(difference.method, Method::TaylorLinearized);
    assert!(comparison.in_both > 100 && comparison.steps[1].touchpoints == ["pay", "pay"]);
    // A funnel does not differ from itself.
    let same = FunnelComparison::new((&journeys, &guest), (&journeys, &guest)).unwrap().steps[1].conversion.unwrap();
    assert_eq!((same.value, same.p_value), (0.0, Err(Absent::ZeroVariance)));
}

/// Journeys of one customer are alike, and the two sides do not differ.
#[test]
fn intervals_of_differences_cover_no_difference() {
    let (mut covered, mut naive) = (0, 0);
    let mut draws = Draws(17);
    for _ in 0..300 {
        let mut side = |prefix: &str| {
            let of = |at: usize, draws: &mut Draws| {
                let own = if draws.uniform() < 0.5 { 0.9 } else { 0.1 };
                let levels = (0..6).map(|_| if draws.uniform() < own { 3 } else { 1 }).collect();
                (format!("{prefix}{at}"), levels)
            };
            (0..60).map(|at| of(at, &mut draws)).collect::<Vec<_>>()
        };
        let (first, second) = (log(&side("x")), log(&side("y")));
        let [first, second] = [&first, &second].map(|log| log.journeys(&sessions()).unwrap());
        let comparison = FunnelComparison::new((&first, &abc()), (&second, &abc())).unwrap();
        covered += u32::from(comparison.steps[2].conversion.unwrap().interval.unwrap().contains(0.0));
        let reached =
            |side: &cxo_core::journey::FunnelPassage| Successes(side.steps[2].reached).of(side.steps[0].reached);
        let shares =
            TwoShares { first: reached(&comparison.first).unwrap(), second: reached(&comparison.second).unwrap() };
        let independent = shares.difference(DifferenceMethod::default(), Confidence::P95).unwrap();
        naive += u32::from(independent.interval.unwrap().contains(0.0));
    }
    assert!((276..=295).contains(&covered), "{covered} of 300");
    assert!(naive < 250, "journeys as independent: {naive} of 300");
}

/// Each customer enters at a time of his own and needs another; who would need longer than he is watched is not seen to get there.
fn watched(customers: usize, seed: u64) -> (EventLog, Vec<(f64, f64)>) {
    let mut draws = Draws(seed);
    let (mut log, mut rows) = (EventLog::default(), Vec::new());
    for at in 0..customers {
        let entered = (draws.uniform() * 100.0 * HOUR as f64) as i64;
        let takes = (-draws.uniform().ln() * 20.0 * HOUR as f64) as i64;
        let name = format!("c{at}");
        log.add(&Event::new(&name, "a", Timestamp(entered))).unwrap();
        if entered + takes <= 100 * HOUR {
            log.add(&Event::new(&name, "b", Timestamp(entered + takes))).unwrap();
        }
        rows.push(((100 * HOUR - entered) as f64, takes as f64));
    }
    (log, rows)
}

fn first_touch(window: i64, immature: Immature) -> Funnel {
    let funnel = Funnel::new(["a", "b"]).unwrap().definition(FunnelDefinition::FirstTouch).window(window).unwrap();
    funnel.immature(immature)
}

#[test]
fn immature_journeys_by_kaplan_meier_are_those_of_survival() {
    let (log, rows) = watched(400, 5);
    let journeys = log.journeys(&JourneyOptions::default().observed_until(Timestamp(100 * HOUR))).unwrap();
    let window = 30 * HOUR;
    let found = journeys.funnel(&first_touch(window, Immature::KaplanMeier)).unwrap();
    let conversion = found.steps[1].conversion.unwrap();
    let durations = rows.iter().map(|(seen, takes)| seen.min(*takes)).collect();
    let arrived = rows.iter().map(|(seen, takes)| takes <= seen).collect();
    let table = EventTable::from_durations(&Durations::new(durations, arrived).unwrap()).unwrap();
    let curve = table.kaplan_meier(&SurvivalOptions::default()).unwrap();
    let stay = curve.survival(window as f64).unwrap();
    assert!((conversion.value - (1.0 - stay.value)).abs() < 1e-12);
    // One journey a customer: Greenwood's variance, but for the factor of the number of clusters.
    let greenwood = stay.standard_error.unwrap() * (400.0_f64 / 399.0).sqrt();
    assert!((conversion.standard_error.unwrap() / greenwood - 1.0).abs() < 1e-9);
    assert_eq!((conversion.method, found.immature_rule), (Method::KaplanMeier, Immature::KaplanMeier));
    // Recovery: 1 - exp(-1.5); counting late journeys as lost is biased.
    let truth = 1.0 - (-1.5_f64).exp();
    assert!((conversion.value - truth).abs() < 2.5 * conversion.standard_error.unwrap());
    let include = journeys.funnel(&first_touch(window, Immature::Include)).unwrap().steps[1].conversion.unwrap();
    assert!(include.value < truth - 0.05);
}

#[test]
fn mature_journeys_by_kaplan_meier_are_the_share() {
    let (log, _) = watched(300, 6);
    let journeys = log.journeys(&JourneyOptions::default().observed_until(Timestamp(1000 * HOUR))).unwrap();
    let share = |immature| journeys.funnel(&first_touch(2 * HOUR, immature)).unwrap().steps[1].conversion.unwrap();
    let (curve, plain) = (share(Immature::KaplanMeier), share(Immature::Include));
    assert!((curve.value - plain.value).abs() < 1e-12);
    let error = (plain.value * (1.0 - plain.value) / 299.0).sqrt();
    assert!((curve.standard_error.unwrap() / error - 1.0).abs() < 1e-9);
}

#[test]
fn what_does_not_fit_is_refused() {
    let log = log(&named(&[3, 2, 1]));
    let journeys = log.journeys(&sessions()).unwrap();
    let kind = |funnel: &Funnel| journeys.funnel(funnel).unwrap_err().kind();
    assert_eq!(kind(&abc().immature(Immature::KaplanMeier).window(5).unwrap()), ErrorKind::Incompatible);
    let first = abc().definition(FunnelDefinition::FirstTouch).immature(Immature::KaplanMeier);
    assert_eq!(kind(&first), ErrorKind::Incompatible);
    let late = journeys.funnel(&first.window(HOUR).unwrap()).unwrap();
    // Nobody was watched for an hour.
    assert_eq!(late.steps[2].conversion, Err(Absent::NotObserved));
    for other in [Funnel::new(["a", "b"]).unwrap(), abc().window(1).unwrap(), abc().confidence(Confidence::P90)] {
        let error = FunnelComparison::new((&journeys, &abc()), (&journeys, &other)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incompatible);
    }
    assert_eq!("kaplan-meier".parse::<Immature>().unwrap(), Immature::KaplanMeier);
}
