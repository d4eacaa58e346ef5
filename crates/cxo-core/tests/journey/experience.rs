//! The experience on the path: joining, scores, hot spots, consistency, switches. Planted effects are found again.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small counts.

use cxo_core::domain::{Scale, Stages, Timestamp};
use cxo_core::experience::{
    Adjustment, AssociationOptions, ConsistencyOptions, Experience, ExperienceOptions, OutcomeKind, PathKey,
    PathOutcome, PathQuestion, SegmentBy, Verdict,
};
use cxo_core::journey::{
    Blueprint, BlueprintStage, BlueprintTouchpoint, ConformanceOptions, Event, EventLog, JourneyOptions, Journeys,
    MapComparisonOptions, OpenJourneys, Split, StageOrder,
};
use cxo_core::survey::{Csat, NpsMethod, RatingBox};
use cxo_core::{Absent, Confidence, Difference, ErrorKind, Estimate, Seed};
use proptest::prelude::*;

/// SplitMix64: draws of these tests alone.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A rating from 1 to 5 around a mean.
    fn rating(&mut self, mean: f64) -> f64 {
        (mean + self.normal()).round().clamp(1.0, 5.0)
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn journeys(log: &EventLog) -> Journeys<'_> {
    log.journeys(&JourneyOptions::default()).unwrap()
}

fn five() -> ExperienceOptions {
    ExperienceOptions::new(Scale::ONE_TO_FIVE)
}

fn wanted(touchpoint: &str) -> AssociationOptions {
    AssociationOptions::new(PathOutcome::new([touchpoint], OutcomeKind::Wanted))
}

#[test]
fn each_rating_belongs_to_the_touchpoint_and_journey_it_followed() {
    let mut log = EventLog::default();
    for (customer, touchpoint, seconds, score) in [
        ("ann", "order", 0, Some(4.0)),
        ("ann", "survey", 10, Some(1.0)), // the order has a score of its own
        ("ann", "delivery", 20, None),
        ("ann", "survey", 120, Some(3.0)), // exactly the window
        ("ann", "survey", 121, Some(5.0)), // too late
        ("ann", "relation", 60, Some(2.0)),
        ("bob", "survey", 0, Some(5.0)), // nothing before
        ("bob", "delivery", 10, None),
        ("bob", "survey", 11, Some(2.0)),
        ("bob", "survey", 12, Some(4.0)), // the last counts
        ("eve", "survey", 12, Some(4.0)), // of another customer
    ] {
        let event = Event::new(customer, touchpoint, at(seconds));
        log.add(&score.map_or(event, |score| event.score(score))).unwrap();
    }
    let options = five().surveys(["survey"]).journey_surveys(["relation"]).window(100_000_000).unwrap();
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &options).unwrap();
    let counts = experience.counts();
    assert_eq!((counts.ratings, counts.on_touchpoint, counts.after_touchpoint, counts.of_journey), (9, 1, 2, 1));
    assert_eq!((counts.unattached, counts.superseded), (3, 2));
    assert_eq!((experience.len(), experience.passes()), (2, 3));
    let scores = experience.scores(PathKey::Touchpoint, PathQuestion::Csat(Csat::default()), 1).unwrap();
    let delivery = &scores.rows[0];
    assert_eq!((delivery.key[0].as_str(), delivery.passes, delivery.coverage()), ("delivery", Ok(2), Ok(1.0)));
    // Ann's 3 and Bob's 4: one of two satisfied.
    assert_eq!(delivery.answer.unwrap().score().value, 0.5);
}

#[test]
fn a_survey_in_a_later_session_belongs_to_the_journey_before() {
    let mut log = EventLog::default();
    log.add(&Event::new("ann", "order", at(0))).unwrap();
    log.add(&Event::new("ann", "survey", at(7_200)).score(2.0)).unwrap();
    let split = JourneyOptions::default().split(Split::Session { micros: 1_800_000_000 }).unwrap();
    let journeys = log.journeys(&split).unwrap();
    let experience = Experience::new(&journeys, &five().surveys(["survey"])).unwrap();
    assert_eq!((journeys.len(), experience.len(), experience.counts().after_touchpoint), (2, 1, 1));
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let mut log = EventLog::default();
    log.add(&Event::new("ann", "order", at(0)).score(4.5)).unwrap();
    let journeys = journeys(&log);
    let refused = Experience::new(&journeys, &five()).unwrap_err();
    assert_eq!((refused.kind(), refused.row()), (ErrorKind::Input, Some(0)));
    let kind = |options: &ExperienceOptions| Experience::new(&journeys, options).unwrap_err().kind();
    assert_eq!(kind(&five().surveys(["survey"])), ErrorKind::NoData);
    assert_eq!(five().window(-1).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(ConsistencyOptions::new(0.0).unwrap_err().kind(), ErrorKind::Input);
    let mut unrated = EventLog::default();
    unrated.add(&Event::new("ann", "order", at(0))).unwrap();
    let journeys = unrated.journeys(&JourneyOptions::default()).unwrap();
    assert_eq!(Experience::new(&journeys, &five().surveys(["order"])).unwrap_err().kind(), ErrorKind::NoData);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let question = PathQuestion::Csat(Csat::default());
    assert_eq!(experience.scores(PathKey::Stage, question, 1).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(experience.overall(None, 1, Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(experience.consistency(&ConsistencyOptions::new(1.0).unwrap()).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(experience.hot_spots(&wanted("pay")).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(experience.switches(&wanted("order")).unwrap_err().kind(), ErrorKind::NoData);
    let curve = experience.emotion_curve(&Stages::default(), 1, Confidence::P95);
    assert_eq!(curve.unwrap_err().kind(), ErrorKind::NoData);
}

/// A shop: search, cart, delivery, each rated by half of those who pass it; delivery is often bad and bad deliveries reorder
/// less. Help is bad as often and changes nothing, and search is rarely passed badly.
fn shop(customers: u32, seed: u64, effect: f64) -> EventLog {
    let (mut log, mut draws) = (EventLog::default(), Draws(seed));
    for number in 0..customers {
        let name = format!("c{number}");
        // Who is easily pleased rates everything better and reorders more: what a crude comparison confuses.
        let pleased = draws.uniform() < 0.5;
        let device = if pleased { "app" } else { "web" };
        let mut bad_delivery = false;
        let path = if draws.uniform() < 0.5 { ["search", "cart", "delivery"] } else { ["search", "help", "delivery"] };
        for (place, (touchpoint, stage)) in (0..).zip(path.into_iter().zip(["consideration", "purchase", "service"])) {
            let bad = match touchpoint {
                "search" => 0.02,
                "cart" => 0.1,
                _ => 0.4,
            } * if pleased { 0.5 } else { 1.5 };
            let is_bad = draws.uniform() < bad;
            bad_delivery |= is_bad && touchpoint == "delivery";
            let event = Event::new(&name, touchpoint, at(place)).stage(stage).device(device);
            let score = if is_bad { 1.0 } else { 5.0 };
            log.add(&if draws.uniform() < 0.5 { event.score(score) } else { event }).unwrap();
        }
        let reorders = if pleased { 0.8 } else { 0.4 } - if bad_delivery { effect } else { 0.0 };
        let last = if draws.uniform() < reorders { "reorder" } else { "leave" };
        log.add(&Event::new(&name, last, at(9)).stage("loyalty").device(device)).unwrap();
    }
    log
}

#[test]
fn the_planted_bad_touchpoint_is_the_hot_spot() {
    let log = shop(6_000, 3, 0.3);
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let options =
        wanted("reorder").adjustment(Adjustment::default().segment(SegmentBy::Device)).resamples(300, Seed(1));
    let found = experience.hot_spots(&options).unwrap();
    let first = &found.spots[0];
    assert_eq!(first.touchpoint, "delivery");
    let (difference, outcomes) = (first.difference.unwrap(), first.outcomes.unwrap());
    assert!((difference.value - 0.3).abs() < 3.0 * difference.standard_error.unwrap(), "{difference:?}");
    // 40 % of 6,000 times 0.3.
    assert!((outcomes.value - 720.0).abs() < 3.0 * outcomes.standard_error.unwrap(), "{outcomes:?}");
    assert!(first.coverage > 0.45 && first.coverage < 0.55 && first.strata.unwrap().covered > 0.99);
    assert_eq!(found.adjusted_for, ["stage", "preceding touchpoint", "device"]);
    // Help changes nothing; without the segment it seems to, as those who are hard to please rate it badly and leave.
    let help = found.spots.iter().find(|spot| spot.touchpoint == "help").unwrap();
    assert!(help.difference.unwrap().interval.unwrap().contains(0.0));
    assert!(help.crude_difference.unwrap() > 0.1);
    assert!(found.spots.windows(2).all(|pair| {
        let lower =
            |at: usize| pair[at].outcomes.ok().and_then(|all| all.interval.ok()).map_or(f64::NEG_INFINITY, |i| i.lower);
        lower(0) >= lower(1)
    }));
    assert_eq!(found, experience.hot_spots(&options).unwrap());
    assert!(!found.biased && found.open_journeys == 0);
}

#[test]
fn an_unwanted_outcome_turns_the_sign() {
    let log = shop(2_000, 5, 0.3);
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let of = |touchpoint: &str, kind| {
        let outcome = PathOutcome::new([touchpoint], kind);
        let options = AssociationOptions::new(outcome).resamples(20, Seed(1));
        experience.hot_spots(&options).unwrap().spots[0].outcomes.unwrap().value
    };
    assert!((of("reorder", OutcomeKind::Wanted) - of("leave", OutcomeKind::Unwanted)).abs() < 1e-9);
}

#[test]
fn small_touchpoints_are_hidden_and_open_journeys_are_counted() {
    let mut log = EventLog::default();
    for (customer, score, end) in [("a", 1.0, "pay"), ("b", 5.0, "pay"), ("c", 5.0, "wait"), ("d", 1.0, "wait")] {
        log.add(&Event::new(customer, "cart", at(0)).score(score)).unwrap();
        log.add(&Event::new(customer, end, at(10))).unwrap();
    }
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let hidden = experience.hot_spots(&wanted("pay").min_responses(5)).unwrap();
    // Of four ratings in all, not even who has none is told.
    assert_eq!(
        (hidden.hidden, hidden.unrated.len(), hidden.spots.len()),
        (vec!["cart".to_owned(), "wait".to_owned()], 0, 0)
    );
    let outcome = PathOutcome::new(["pay"], OutcomeKind::Wanted).open(OpenJourneys::Silent { micros: 1_000_000 });
    let open = experience.hot_spots(&AssociationOptions::new(outcome).resamples(0, Seed(0))).unwrap();
    // Two carts and two waits.
    assert_eq!((open.open, open.spots[0].rated), (4, 2));
    assert_eq!((open.open_journeys, open.biased), (2, true));
    assert_eq!(open.spots[0].outcomes.unwrap().interval, Err(Absent::NotAsked));
}

#[test]
fn a_stratum_with_one_side_says_nothing_and_is_counted() {
    let mut log = EventLog::default();
    for (customer, before, score) in [("a", "x", 1.0), ("b", "x", 2.0), ("c", "y", 5.0)] {
        log.add(&Event::new(customer, before, at(0))).unwrap();
        log.add(&Event::new(customer, "cart", at(1)).score(score)).unwrap();
        log.add(&Event::new(customer, "pay", at(2))).unwrap();
    }
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let spot = &experience.hot_spots(&wanted("pay").resamples(50, Seed(1))).unwrap().spots[0];
    let strata = spot.strata.unwrap();
    assert_eq!((strata.compared, strata.all, strata.covered), (0, 2, 0.0));
    assert_eq!((spot.outcomes, spot.crude_difference), (Err(Absent::NotDefined), Ok(0.0)));
}

#[test]
fn the_moment_of_truth_is_where_the_outcome_turns() {
    let log = shop(4_000, 11, 0.35);
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let options =
        wanted("reorder").adjustment(Adjustment::default().segment(SegmentBy::Device)).resamples(200, Seed(2));
    let good = RatingBox::new(4, 5).unwrap();
    let found = experience.moments_of_truth(good, &options).unwrap();
    let first = &found.moments[0];
    assert_eq!(first.touchpoint, "delivery");
    assert!(first.bad.unwrap().value < -0.2 && first.bad_p.unwrap() < 0.01 && first.least_association() > 0.1);
    let overlap = experience.moments_of_truth(RatingBox::new(2, 5).unwrap(), &options);
    assert_eq!(overlap.unwrap_err().kind(), ErrorKind::Input);
}

/// Ratings of support in channels whose means are normal with this deviation, three ratings a customer.
fn channels(seed: u64, count: u32, customers: u32, deviation: f64) -> EventLog {
    let (mut log, mut draws) = (EventLog::default(), Draws(seed));
    for channel in 0..count {
        let mean = 3.0 + deviation * draws.normal();
        for number in 0..customers {
            let own = mean + 0.5 * draws.normal();
            for time in 0..3 {
                let score = draws.rating(own);
                let (name, channel) = (format!("{channel}-{number}"), format!("ch{channel}"));
                log.add(&Event::new(&name, "support", at(time)).channel(&channel).score(score)).unwrap();
            }
        }
    }
    log
}

#[test]
fn the_planted_spread_between_channels_is_recovered() {
    let (mut sum, mut held, runs) = (0.0, 0, 40);
    for seed in 0..runs {
        let log = channels(seed, 8, 60, 0.4);
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five()).unwrap();
        let found = experience.consistency(&ConsistencyOptions::new(0.5).unwrap()).unwrap();
        let between = found.touchpoints[0].between.unwrap();
        sum += between.value * between.value;
        held += u32::from(between.interval.unwrap().contains(0.4));
    }
    let mean = sum / runs as f64;
    // The scale pulls means at its ends a little towards the middle.
    assert!((mean - 0.16).abs() < 0.05, "{mean}");
    assert!(held >= 34, "{held} of 40 intervals hold the deviation");
}

#[test]
fn without_a_spread_welch_rejects_at_its_level_and_the_interval_begins_at_zero() {
    let (mut rejected, mut zero, runs) = (0, 0, 200);
    for seed in 0..runs {
        let log = channels(1_000 + seed, 4, 25, 0.0);
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five()).unwrap();
        let found = experience.consistency(&ConsistencyOptions::new(0.5).unwrap()).unwrap();
        rejected += u32::from(found.touchpoints[0].welch.unwrap().p_value < 0.05);
        zero += u32::from(found.touchpoints[0].between.unwrap().interval.unwrap().lower == 0.0);
    }
    // 5 % of 200 with four standard deviations; ratings taken as independent would reject far more often.
    assert!(rejected <= 22, "{rejected}");
    assert!(zero >= 185, "{zero}");
}

/// Two channels whose means differ by exactly the margin on the scale: a hundredth more or less decides nothing.
#[test]
fn at_the_margin_channels_are_called_consistent_at_most_as_often_as_stated() {
    let (mut consistent, runs, margin) = (0, 400, 0.5);
    for seed in 0..runs {
        let (mut log, mut draws) = (EventLog::default(), Draws(50_000 + seed));
        for number in 0..240 {
            let far = number % 2 == 0;
            // Ratings 2, 3, 4 alike and moved up by one for half of the customers of one channel: means 3 and 3.5.
            let moved = if far && draws.uniform() < margin { 1.0 } else { 0.0 };
            let score = 2.0 + (draws.uniform() * 3.0).floor() + moved;
            let channel = if far { "phone" } else { "web" };
            log.add(&Event::new(&format!("c{number}"), "support", at(0)).channel(channel).score(score)).unwrap();
        }
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five()).unwrap();
        let found = experience.consistency(&ConsistencyOptions::new(margin).unwrap()).unwrap();
        consistent += u32::from(found.touchpoints[0].verdict == Verdict::Consistent);
    }
    // 5 % of 400 is 20; four standard deviations are 17.
    assert!((4..=37).contains(&consistent), "{consistent} of 400");
}

#[test]
fn channels_are_compared_at_one_mix_of_segments() {
    let mut log = EventLog::default();
    let mut number = 0;
    // In each segment both channels are the same; the web has more of the unhappy one.
    for (channel, device, score, count) in [
        ("web", "old", 2.0, 60),
        ("web", "old", 1.0, 20),
        ("web", "new", 5.0, 15),
        ("web", "new", 4.0, 5),
        ("phone", "old", 2.0, 15),
        ("phone", "old", 1.0, 5),
        ("phone", "new", 5.0, 60),
        ("phone", "new", 4.0, 20),
    ] {
        for _ in 0..count {
            let name = format!("c{number}");
            number += 1;
            log.add(&Event::new(&name, "support", at(0)).channel(channel).device(device).score(score)).unwrap();
        }
    }
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let options = ConsistencyOptions::new(0.4).unwrap();
    let crude = experience.consistency(&options).unwrap();
    let alike = experience.consistency(&options.segment(SegmentBy::Device)).unwrap();
    assert_eq!(crude.touchpoints[0].verdict, Verdict::Inconsistent);
    assert_eq!(alike.touchpoints[0].verdict, Verdict::Consistent);
    assert!(alike.touchpoints[0].range.unwrap().value < 1e-12);
    assert_eq!(alike.touchpoints[0].channels.as_ref().unwrap().covered, 1.0);
    assert!(crude.touchpoints[0].omega_squared.unwrap() > 0.2);
}

/// With two channels the test is Welch's t, and with independent customers the one of the library.
#[test]
fn two_channels_are_welchs_t() {
    use cxo_core::stats::mean::Moments;
    let (web, phone) = ([5.0, 4.0, 4.0, 3.0, 5.0, 2.0], [1.0, 3.0, 2.0, 4.0]);
    let mut log = EventLog::default();
    for (channel, scores) in [("web", &web[..]), ("phone", &phone[..])] {
        for (number, score) in scores.iter().enumerate() {
            let name = format!("{channel}{number}");
            log.add(&Event::new(&name, "support", at(0)).channel(channel).score(*score)).unwrap();
        }
    }
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five()).unwrap();
    let found = experience.consistency(&ConsistencyOptions::new(1.0).unwrap()).unwrap();
    let expected = Moments::of(&web).unwrap().welch(&Moments::of(&phone).unwrap(), Confidence::P95).unwrap();
    let welch = found.touchpoints[0].welch.unwrap();
    assert!((welch.statistic - expected.statistic.unwrap().powi(2)).abs() < 1e-9);
    assert!((welch.p_value - expected.p_value.unwrap()).abs() < 1e-9);
    let range = found.touchpoints[0].range.unwrap().interval.unwrap();
    assert!((range.upper - expected.interval.unwrap().upper).abs() < 1e-9);
}

#[test]
fn a_switch_is_compared_on_the_same_path_and_within_customers() {
    let (mut log, mut draws) = (EventLog::default(), Draws(9));
    for number in 0..600 {
        let name = format!("c{number}");
        // Loyal customers never switch less, but always buy more: within customers the switch costs 0.2.
        let loyal = draws.uniform();
        for journey in 0..6 {
            let begin = journey * 1_000;
            let switched = draws.uniform() < 0.7 - 0.5 * loyal;
            let channel = if switched { "phone" } else { "web" };
            log.add(&Event::new(&name, "quote", at(begin)).channel("web")).unwrap();
            log.add(&Event::new(&name, "advice", at(begin + 1)).channel(channel)).unwrap();
            let buys = 0.3 + 0.5 * loyal - if switched { 0.2 } else { 0.0 };
            let end = if draws.uniform() < buys { "buy" } else { "end" };
            log.add(&Event::new(&name, end, at(begin + 2))).unwrap();
        }
    }
    let split = JourneyOptions::default().split(Split::Session { micros: 500_000_000 }).unwrap();
    let journeys = log.journeys(&split).unwrap();
    let experience = Experience::new(&journeys, &five()).unwrap();
    let found = experience.switches(&wanted("buy").resamples(200, Seed(4))).unwrap();
    let advice = &found.touchpoints[0];
    assert_eq!((advice.touchpoint.as_deref(), advice.switched + advice.stayed), (Some("advice"), 3_600));
    let (across, within) = (advice.across.unwrap(), advice.within.unwrap());
    assert!((within.value + 0.2).abs() < 3.0 * within.standard_error.unwrap(), "{within:?}");
    assert!(across.value < within.value - 0.02, "{across:?} {within:?}");
    assert!(advice.within_customers > 400);
}

#[test]
fn touchpoints_may_be_fine_and_the_journey_poor() {
    let mut log = EventLog::default();
    for (customer, scores, whole) in [
        ("a", [5.0, 5.0, 1.0], 1.0),
        ("b", [5.0, 1.0, 5.0], 2.0),
        ("c", [1.0, 5.0, 5.0], 4.0),
        ("d", [5.0, 5.0, 5.0], 2.0),
    ] {
        for (place, score) in (0..).zip(scores) {
            let stage = ["purchase", "onboarding", "service"][usize::try_from(place).unwrap()];
            log.add(&Event::new(customer, "step", at(place)).score(score).stage(stage)).unwrap();
        }
        log.add(&Event::new(customer, "relation", at(5)).score(whole)).unwrap();
    }
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five().journey_surveys(["relation"])).unwrap();
    let found = experience.overall(None, 1, Confidence::P95).unwrap();
    assert_eq!((found.good_passes.unwrap().value, found.good_journeys.unwrap().value), (0.75, 0.25));
    let whole = found.journeys.unwrap().unwrap();
    assert!((whole.difference.value - (2.25 - 4.0)).abs() < 1e-12);
    assert_eq!((whole.good_throughout, whole.good_throughout_but_bad), (1, 1));
    let curve = experience.emotion_curve(&Stages::default(), 1, Confidence::P95).unwrap();
    let means: Vec<_> = curve.points.iter().map(|point| point.mean.unwrap().ok().map(|mean| mean.value)).collect();
    assert_eq!(means, [None, None, Some(4.0), Some(4.0), Some(4.0), None]);
    assert_eq!(curve.points[3].change.unwrap().value, 0.0);
    assert_eq!((curve.points[2].change, curve.elsewhere), (Err(Absent::NoObservations), Ok(0)));
    let nps = PathQuestion::Nps { method: NpsMethod::Auto, confidence: Confidence::P95 };
    assert!(experience.scores(PathKey::Stage, nps, 1).is_err(), "no NPS of ratings from 1 to 5");
    let by_variant = experience.scores(PathKey::Variant, PathQuestion::Csat(Csat::default()), 13).unwrap();
    assert!(by_variant.all.answer.is_err() && by_variant.rows.is_empty());
}

#[test]
fn a_deviation_goes_with_worse_scores_and_outcomes() {
    let (mut log, mut draws) = (EventLog::default(), Draws(21));
    for number in 0..800 {
        let name = format!("c{number}");
        let skips = draws.uniform() < 0.3;
        log.add(&Event::new(&name, "order", at(0))).unwrap();
        if !skips {
            log.add(&Event::new(&name, "confirm", at(1))).unwrap();
        }
        let score = draws.rating(if skips { 2.5 } else { 3.5 });
        log.add(&Event::new(&name, "deliver", at(2)).score(score)).unwrap();
        if draws.uniform() < if skips { 0.3 } else { 0.6 } {
            log.add(&Event::new(&name, "reorder", at(3))).unwrap();
        }
    }
    let steps = ["order", "confirm", "deliver", "reorder"].map(BlueprintTouchpoint::new).to_vec();
    let design = Blueprint::new("shop", vec![BlueprintStage::new("all", StageOrder::Sequence, steps)]).unwrap();
    let journeys = journeys(&log);
    let conformance = journeys.conformance(&design, &ConformanceOptions::default()).unwrap();
    let experience = Experience::new(&journeys, &five()).unwrap();
    let outcome = PathOutcome::new(["reorder"], OutcomeKind::Wanted);
    let found = experience.deviations(&conformance, Some(&outcome), 5, Confidence::P95).unwrap();
    let of =
        |name: &str| found.deviations.iter().find(|found| found.deviation.touchpoint.as_deref() == Some(name)).unwrap();
    let confirm = of("confirm");
    let (score, outcome_of) = (confirm.score.unwrap(), confirm.outcome.unwrap());
    assert!((score.value + 0.95).abs() < 4.0 * score.standard_error.unwrap(), "{score:?}");
    assert!((outcome_of.value + 0.3).abs() < 4.0 * outcome_of.standard_error.unwrap(), "{outcome_of:?}");
    assert_eq!(of("reorder").outcome, Err(Absent::ByDefinition));
    let without = experience.deviations(&conformance, None, 5, Confidence::P95).unwrap();
    assert_eq!(without.deviations[0].outcome, Err(Absent::NotAsked));
    let mut others = conformance;
    others.each.pop();
    let refused = experience.deviations(&others, None, 5, Confidence::P95);
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Incompatible);
}

/// Steps of each customer: touchpoint, rating and channel.
type Steps = Vec<(usize, Option<u8>, bool)>;
const NAMES: [&str; 4] = ["cart", "help", "ship", "pay"];

/// Up to nine customers over three touchpoints and an outcome, which is there at least once.
fn small() -> impl Strategy<Value = Vec<Steps>> {
    let step = (0..4_usize, prop::option::of(1..=5_u8), any::<bool>());
    prop::collection::vec(prop::collection::vec(step, 1..7), 1..9).prop_map(|mut steps: Vec<Steps>| {
        steps.push(vec![(0, Some(5), true), (3, None, true)]);
        steps
    })
}

/// The log of these customers, added in this order; names do not depend on it.
fn log_of(steps: &[Steps], order: impl IntoIterator<Item = usize>) -> EventLog {
    let mut log = EventLog::default();
    for number in order {
        for (place, &(touchpoint, rating, web)) in (0..).zip(&steps[number]) {
            let name = format!("c{number}");
            let event = Event::new(&name, NAMES[touchpoint], at(place)).channel(if web { "web" } else { "app" });
            log.add(&rating.map_or(event, |rating| event.score(f64::from(rating)))).unwrap();
        }
    }
    log
}

fn holds(estimate: &Estimate) -> bool {
    estimate.interval.is_ok_and(|interval| interval.lower <= estimate.value && estimate.value <= interval.upper)
        || estimate.interval.is_err()
}

/// The numbers of hot spots, rounding taken out; a bound that rounding decides may move.
fn numbers(log: &EventLog, options: &AssociationOptions) -> Vec<String> {
    let journeys = journeys(log);
    let found = Experience::new(&journeys, &five()).unwrap().hot_spots(options).unwrap();
    let shown = |estimate: Result<Estimate, Absent>| {
        estimate.map(|all| {
            let bounds =
                all.interval.map(|interval| [interval.lower, interval.upper].map(|bound| format!("{bound:.6}")));
            (format!("{:.6}", all.value), bounds)
        })
    };
    let mut spots: Vec<String> = found
        .spots
        .iter()
        .map(|spot| {
            let strata = spot.strata.unwrap();
            let counts = (spot.passes, spot.rated, spot.bad, strata.all, strata.compared);
            format!("{} {counts:?} {:?} {:?}", spot.touchpoint, shown(spot.difference), shown(spot.outcomes))
        })
        .collect();
    spots.sort_unstable();
    spots
}

proptest! {
    #[test]
    fn hot_spots_are_what_counting_by_hand_says(steps in small()) {
        let log = log_of(&steps, 0..steps.len());
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five()).unwrap();
        let options = wanted("pay").adjustment(Adjustment::none()).resamples(0, Seed(0));
        let found = experience.hot_spots(&options).unwrap();
        for touchpoint in 0..3 {
            let (mut passes, mut rated, mut bad) = (0, 0, 0);
            // Passes and outcomes of good and of bad passes.
            let mut sides = [[0.0; 2]; 2];
            for journey in &steps {
                let places: Vec<usize> = (0..journey.len()).filter(|&place| journey[place].0 == touchpoint).collect();
                let first_rated = places.iter().find(|&&place| journey[place].1.is_some());
                let Some(&place) = first_rated.or(places.first()) else { continue };
                passes += 1;
                let Some(rating) = journey[place].1 else { continue };
                rated += 1;
                let side = usize::from(rating <= 2);
                bad += side as u64;
                sides[side][0] += 1.0;
                sides[side][1] += f64::from(u8::from(journey[place..].iter().any(|step| step.0 == 3)));
            }
            let name = NAMES[touchpoint];
            let Some(spot) = found.spots.iter().find(|spot| spot.touchpoint == name) else {
                prop_assert_eq!(rated, 0);
                prop_assert_eq!(found.unrated.iter().any(|unrated| unrated == name), passes > 0);
                continue;
            };
            prop_assert_eq!((spot.passes, spot.rated, spot.bad), (passes, rated, bad));
            if sides[0][0] == 0.0 || sides[1][0] == 0.0 {
                prop_assert_eq!(spot.difference, Err(Absent::NotDefined));
                continue;
            }
            let difference = sides[0][1] / sides[0][0] - sides[1][1] / sides[1][0];
            prop_assert!((spot.difference.unwrap().value - difference).abs() < 1e-12);
            let outcomes = passes as f64 * bad as f64 / rated as f64 * difference;
            prop_assert!((spot.outcomes.unwrap().value - outcomes).abs() < 1e-9);
        }
    }

    #[test]
    fn scores_by_touchpoint_add_up_to_the_ratings_that_were_joined(steps in small()) {
        let log = log_of(&steps, 0..steps.len());
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five().surveys(["help"]));
        // A log without help has no such survey.
        let Ok(experience) = experience else { return Ok(()) };
        let counts = experience.counts();
        prop_assert_eq!(
            counts.ratings,
            counts.on_touchpoint + counts.after_touchpoint + counts.of_journey + counts.unattached + counts.superseded
        );
        let scores = experience.scores(PathKey::Touchpoint, PathQuestion::Csat(Csat::default()), 0).unwrap();
        let ratings: u64 = scores.rows.iter().map(|row| row.answer.unwrap().ratings()).sum();
        prop_assert_eq!(ratings, counts.on_touchpoint + counts.after_touchpoint);
        let satisfied: f64 =
            scores.rows.iter().map(|row| row.answer.unwrap()).map(|row| row.score().value * row.ratings() as f64).sum();
        prop_assert!((scores.all.answer.unwrap().score().value * ratings as f64 - satisfied).abs() < 1e-9);
        prop_assert_eq!(scores.all.passes, Ok(experience.passes() as u64));
    }

    #[test]
    fn the_order_in_which_customers_stand_changes_nothing(steps in small(), seed in 0..1_000_u64) {
        let mut order: Vec<usize> = (0..steps.len()).collect();
        let mut draws = Draws(seed);
        for last in (1..order.len()).rev() {
            order.swap(last, (draws.uniform() * (last + 1) as f64) as usize);
        }
        let options = wanted("pay").adjustment(Adjustment::none().segment(SegmentBy::Channel)).resamples(100, Seed(3));
        prop_assert_eq!(
            numbers(&log_of(&steps, 0..steps.len()), &options),
            numbers(&log_of(&steps, order), &options)
        );
    }

    #[test]
    fn channels_that_agree_have_no_spread_between_them(
        ratings in prop::collection::vec(1..=5_u8, 3..12),
        count in 2..5_usize,
    ) {
        prop_assume!(ratings.iter().any(|rating| *rating != ratings[0]));
        let mut log = EventLog::default();
        for channel in 0..count {
            for (number, rating) in ratings.iter().enumerate() {
                let (name, channel) = (format!("{channel}-{number}"), format!("ch{channel}"));
                log.add(&Event::new(&name, "support", at(0)).channel(&channel).score(f64::from(*rating))).unwrap();
            }
        }
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five()).unwrap();
        let found = experience.consistency(&ConsistencyOptions::new(0.5).unwrap()).unwrap();
        let support = &found.touchpoints[0];
        prop_assert_eq!(support.between.unwrap().value, 0.0);
        prop_assert!(support.range.unwrap().value < 1e-12);
        prop_assert!(support.verdict != Verdict::Inconsistent);
    }

    #[test]
    fn intervals_hold_their_estimates(steps in small()) {
        let log = log_of(&steps, 0..steps.len());
        let journeys = journeys(&log);
        let experience = Experience::new(&journeys, &five()).unwrap();
        let overall = experience.overall(None, 0, Confidence::P95).unwrap();
        prop_assert!(holds(&overall.good_passes.unwrap()) && holds(&overall.good_journeys.unwrap()));
        let scores = experience.scores(PathKey::Channel, PathQuestion::Csat(Csat::default()), 0).unwrap();
        prop_assert!(scores.rows.iter().all(|row| holds(&row.answer.unwrap().score())));
        if let Ok(found) = experience.consistency(&ConsistencyOptions::new(0.5).unwrap()) {
            for row in &found.touchpoints {
                prop_assert!(row.channels.iter().flat_map(|channels| &channels.means).all(|channel| holds(&channel.mean)), "{row:?}");
                prop_assert!(row.range.is_ok_and(|range| holds(&range)) || row.range.is_err(), "{row:?}");
                prop_assert!(row.between.is_ok_and(|between| holds(&between)) || row.between.is_err(), "{row:?}");
            }
        }
    }
}

#[test]
fn few_ratings_have_no_share_of_their_own() {
    let mut log = EventLog::default();
    for (number, whole) in [true, true, true, true, true, true, false, false].into_iter().enumerate() {
        let name = format!("c{number}");
        log.add(&Event::new(&name, "order", at(0)).score(4.0)).unwrap();
        if whole {
            log.add(&Event::new(&name, "survey", at(1)).score(3.0)).unwrap();
        }
    }
    let journeys = journeys(&log);
    let experience = Experience::new(&journeys, &five().journey_surveys(["survey"])).unwrap();
    let shown = |least: u64| {
        let found = experience.overall(None, least, Confidence::P95).unwrap();
        [found.good_passes.is_ok(), found.good_journeys.is_ok(), found.journeys.is_ok()]
    };
    // Two of eight journeys are not rated as a whole: with three as the limit the other six would tell of them.
    assert_eq!([0, 2, 3, 9].map(shown), [[true; 3], [true; 3], [true, true, false], [false; 3]]);
}

/// Two segments of customers who come one to three times, each with a mind of his own: no difference between the segments.
fn no_difference(seed: u64) -> EventLog {
    let (mut log, mut draws) = (EventLog::default(), Draws(seed));
    for segment in ["app", "web"] {
        for number in 0..60 {
            let name = format!("{segment} {number}");
            let asks = if draws.uniform() < 0.5 { 0.25 } else { 0.75 };
            for visit in 0..=(draws.uniform() * 3.0) as i64 {
                let step = if draws.uniform() < asks { "help" } else { "cart" };
                let end = if draws.uniform() < 0.4 { "pay" } else { "leave" };
                for (place, touchpoint) in (0..).zip(["home", step, end]) {
                    log.add(&Event::new(&name, touchpoint, at(visit * 100_000 + place))).unwrap();
                }
            }
        }
    }
    log
}

#[test]
fn maps_of_like_segments_differ_as_rarely_as_the_level_says() {
    let (mut single, mut tests, mut any, runs) = (0, 0, 0, 300);
    for seed in 0..runs {
        let log = no_difference(7_000 + seed);
        let sessions = JourneyOptions::default().split(Split::Session { micros: 1_000_000_000 }).unwrap();
        let journeys = log.journeys(&sessions).unwrap();
        let segment = |name: &str| {
            let of = |customer: u32| journeys.customer(customer).is_some_and(|customer| customer.starts_with(name));
            journeys.keep(|journey| of(journey.customer)).unwrap()
        };
        let found = segment("app").compare(&segment("web"), &MapComparisonOptions::default()).unwrap();
        let rows = found.touchpoints.iter().map(|row| row.shares).chain(found.edges.iter().map(|row| row.shares));
        let rows: Vec<_> = rows.collect();
        let p = |found: &Result<Difference, Absent>| found.ok().and_then(|found| found.p_value.ok());
        tests += rows.iter().filter(|row| p(&row.difference).is_some()).count();
        single += rows.iter().filter(|row| p(&row.difference).is_some_and(|p| p < 0.05)).count();
        any += u32::from(rows.iter().any(|row| row.adjusted_p_value.is_ok_and(|p| p < 0.05)));
    }
    // Single tests at 5 %: those of one map go together, so that their share has a standard deviation of at most that of one test
    // a map, sqrt(0.05 × 0.95 / 300) = 0.0126; four of them either way.
    let share = f64::from(u32::try_from(single).unwrap()) / f64::from(u32::try_from(tests).unwrap());
    assert!((share - 0.05).abs() < 0.05, "{share} of {tests} single tests");
    // Any after the adjustment: at most 5 % of the maps, with four standard deviations more.
    assert!(any <= 30, "{any} of {runs} maps");
}
