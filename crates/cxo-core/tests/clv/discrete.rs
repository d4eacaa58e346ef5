//! The models of discrete time: several ways to one number, recovery from simulation, limits and errors.
#![cfg(feature = "serde")] // What is stored is read back.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Small counts.

use crate::common::clv::assert_close;
use cxo_core::clv::{
    Bdw, BgBb, FitOptions, Fitted, Model, Outlook, PurchaseModel, Rate, RetentionModel, Sbg, Summaries, Summary,
    Survivors,
};
use cxo_core::{Absent, Confidence, Error, ErrorKind, Seed, State};
use proptest::prelude::*;

const DONORS: [f64; 4] = [1.2, 0.75, 0.66, 2.8];

fn bg_bb(parameters: [f64; 4]) -> BgBb {
    BgBb::new(parameters).unwrap()
}

fn history(x: u32, recency: u32, opportunities: u32) -> Summary {
    Summary::new(x, f64::from(recency), f64::from(opportunities)).unwrap()
}

fn choose(n: u32, k: u32) -> f64 {
    (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product()
}

/// P(this history), of which as many differ only in order as there are ways to place the purchases before the last.
fn probability(model: &BgBb, x: u32, recency: u32, opportunities: u32) -> f64 {
    model.log_likelihood_of(&history(x, recency, opportunities)).exp()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Some history there must be.
    #[test]
    fn bg_bb_histories_sum_to_one(logs in prop::array::uniform4(-3.0..3.0), n in 0_u32..14) {
        let model = bg_bb(logs.map(f64::exp));
        let mut sum = probability(&model, 0, 0, n);
        for recency in 1..=n {
            for x in 1..=recency {
                sum += choose(recency - 1, x - 1) * probability(&model, x, recency, n);
            }
        }
        prop_assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }

    /// What the outlook says of the future is what the likelihood says of longer histories (Bayes).
    #[test]
    fn bg_bb_outlooks_follow_from_likelihoods(logs in prop::array::uniform4(-3.0..3.0), n in 0_u32..9, m in 1_u32..9, bits: u32) {
        let model = bg_bb(logs.map(f64::exp));
        let past = bits & ((1 << n) - 1);
        let (x, recency) = (past.count_ones(), 32 - past.leading_zeros());
        let outlook = model.outlook(&history(x, recency, n));
        let now = probability(&model, x, recency, n);
        let horizon = f64::from(m);
        let found = outlook.purchase_probabilities(horizon, 99).unwrap();
        prop_assert_eq!(found.len() as u32, m + 1);
        let mut mean = 0.0;
        for (k, found) in (0..).zip(&found) {
            let longer = if k == 0 {
                probability(&model, x, recency, n + m)
            } else {
                (k..=m).map(|last| choose(last - 1, k - 1) * probability(&model, x + k, n + last, n + m)).sum()
            };
            prop_assert!((found - longer / now).abs() < 1e-12 * found.max(1e-3), "{k}: {found} {}", longer / now);
            mean += f64::from(k) * found;
        }
        let expected = outlook.expected_purchases(horizon).unwrap();
        prop_assert!((mean - expected).abs() < 1e-12 * expected.max(1e-3), "{mean} {expected}");
        prop_assert!((found[0] - outlook.probability_of_none(horizon).unwrap()).abs() < 1e-13);
        for (k, found) in (0..).zip(&found) {
            prop_assert!((found - outlook.probability_of(k, horizon).unwrap()).abs() < 1e-13 * found.max(1e-6));
        }
        prop_assert_eq!(outlook.probability_of(u64::from(m) + 1, horizon).unwrap(), 0.0);
        // Alive now, and until m from now, by the same rule: he can only be alive if a purchase at the next opportunity
        // is possible.
        let [alpha, beta, ..] = model.parameters().into_iter().map(|(_, value)| value).collect::<Vec<_>>()[..] else { panic!() };
        let buys = (alpha + f64::from(x)) / (alpha + beta + f64::from(n));
        let next = probability(&model, x + 1, n + 1, n + 1) / now;
        prop_assert!((outlook.probability_alive_at(1.0).unwrap() * buys - next).abs() < 1e-12);
    }

    #[test]
    fn bg_bb_answers_are_finite(logs in prop::array::uniform4(-7.0..14.0), n in 0_u32..3000, share in 0.0..1.0, silence in 0.0..1.0) {
        let model = bg_bb(logs.map(f64::exp));
        let recency = (f64::from(n) * silence) as u32;
        let x = (f64::from(recency) * share) as u32;
        let past = history(x, if x == 0 { 0 } else { recency }, n);
        prop_assert!(model.log_likelihood_of(&past) <= 0.0 && model.log_likelihood_of(&past).is_finite());
        finite(&model.outlook(&past));
    }

    /// A survival curve falls, its retention explains it, and money later is worth less.
    #[test]
    fn retention_curves_are_consistent(logs in prop::array::uniform3(-4.0..4.0), discount in 0.001..2.0) {
        let [alpha, beta, c] = logs.map(f64::exp);
        let c = c.clamp(0.1, 6.0);
        let models: [&dyn RetentionModel; 2] = [&Sbg::new([alpha, beta]).unwrap(), &Bdw::new([alpha, beta, c]).unwrap()];
        for model in models {
            prop_assert_eq!(model.survival(0), 1.0);
            for t in 1..30 {
                let (before, after) = (model.survival(t - 1), model.survival(t));
                prop_assert!((0.0..=before).contains(&after));
                prop_assert!((model.retention(t) * before - after).abs() < 1e-13);
            }
            // By definition, where the sums are short.
            let rate = Rate::effective(discount, 1.0).unwrap();
            let value = |from: u32, start: u32| -> f64 {
                let weight = |t: u32| (-rate.get() * f64::from(t - start)).exp();
                (start..start + 40_000).map(|t| model.survival(t) / model.survival(from) * weight(t)).take_while(|term| *term > 1e-60).sum()
            };
            let close = |found: f64, expected: f64| (found - expected).abs() < 1e-11 * expected;
            prop_assert!(close(model.discounted_lifetime(rate), value(0, 0)));
            prop_assert!(close(model.discounted_residual_lifetime(2, rate), value(2, 3)), "{} {}", model.discounted_residual_lifetime(2, rate), value(2, 3));
        }
    }
}

/// Every answer is a number, in its range.
fn finite(outlook: &Outlook) {
    let share = |value: f64| assert!((0.0..=1.0).contains(&value), "{value} of {outlook:?}");
    let count = |value: f64| assert!(value >= 0.0 && value.is_finite(), "{value} of {outlook:?}");
    share(outlook.probability_alive());
    for horizon in [0.0, 1.0, 7.0, 1500.0, 10_000.0] {
        share(outlook.probability_alive_at(horizon).unwrap());
        share(outlook.probability_of_none(horizon).unwrap());
        count(outlook.expected_purchases(horizon).unwrap());
        assert!(outlook.expected_purchases(horizon).unwrap() <= horizon);
    }
    let probabilities = outlook.purchase_probabilities(40.0, 100).unwrap();
    for probability in &probabilities {
        share(*probability);
    }
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-11, "{outlook:?}");
    let limits = outlook.prediction_limits(40.0, Confidence::P95).unwrap();
    assert!(limits.lower <= limits.upper && limits.upper <= 40);
    for rate in [1e-9, 0.01, 0.1, 3.0] {
        count(outlook.discounted_residual_transactions(Rate::continuous(rate).unwrap()));
    }
    outlook.residual_transactions().into_iter().for_each(count);
    outlook.mean_time_to_purchase().into_iter().for_each(|time| assert!(time >= 1.0 && time.is_finite(), "{time}"));
}

/// gamma = 1, where closed forms have a pole, tiny and great parameters, no opportunity, no silence, 2,000
/// opportunities.
#[test]
fn bg_bb_edge_cases() {
    for parameters in [[1e-3; 4], [1.0; 4], DONORS, [1.2, 0.75, 1.0, 2.8], [1e5, 2e5, 1e4, 1e7], [1e-3, 1e6, 1e6, 1e-3]]
    {
        let model = bg_bb(parameters);
        for (x, recency, n) in [
            (0, 0, 0),
            (0, 0, 6),
            (3, 6, 6),
            (6, 6, 6),
            (1, 1, 2000),
            (1000, 1000, 2000),
            (2000, 2000, 2000),
            (0, 0, 10_000),
        ] {
            let past = history(x, recency, n);
            assert!(model.log_likelihood_of(&past).is_finite(), "{parameters:?} {past:?}");
            finite(&model.outlook(&past));
            if recency == n {
                assert_eq!(model.outlook(&past).probability_alive(), 1.0);
            }
        }
    }
    // Close to gamma = 1 nothing jumps.
    let expected =
        |gamma: f64| bg_bb([1.2, 0.75, gamma, 2.8]).outlook(&history(2, 4, 6)).expected_purchases(50.0).unwrap();
    assert_close(expected(1.0 + 1e-9), expected(1.0), 1e-8, "gamma beside 1");
    assert_close(expected(1.0 - 1e-9), expected(1.0), 1e-8, "gamma beside 1");
}

/// Long horizons by formula against the same by steps, and sums over all time against closed forms and limits.
#[test]
fn bg_bb_far_futures() {
    for parameters in [DONORS, [0.3, 4.0, 1.7, 0.4], [2.0, 60.0, 0.2, 30.0], [0.01, 0.02, 0.03, 0.04]] {
        let [alpha, beta, gamma, delta] = parameters;
        let model = bg_bb(parameters);
        let outlook = model.outlook(&Summary::NEW);
        // P(no purchase) by the likelihood of a history without one.
        for n in [1000, 1001, 4000, 10_000] {
            let expected = probability(&model, 0, 0, n);
            assert_close(
                outlook.probability_of_none(f64::from(n)).unwrap(),
                expected,
                1e-11,
                &format!("{parameters:?} {n}"),
            );
        }
        // Equation 13 of Fader, Hardie and Shang.
        let m = 300.0;
        let gammas = |shift: f64| libm_gamma(1.0 + delta + shift) - libm_gamma(gamma + delta + shift);
        let closed = alpha / (alpha + beta) * delta / (gamma - 1.0) * (1.0 - (gammas(m) - gammas(0.0)).exp());
        assert_close(outlook.expected_purchases(m).unwrap(), closed, 1e-11, "equation 13");
        let total = outlook.residual_transactions();
        if gamma > 1.0 {
            assert_close(total.unwrap(), alpha / (alpha + beta) * delta / (gamma - 1.0), 1e-14, "total");
            let nearly = outlook.discounted_residual_transactions(Rate::continuous(1e-14).unwrap());
            assert_close(nearly, total.unwrap(), 1e-6, "hardly discounted");
        } else {
            assert_eq!(total, Err(Absent::Infinite));
        }
        for rate in [0.02, 0.002, 0.2] {
            let steps = |t: u32| {
                let next = |t: u32| outlook.expected_purchases(f64::from(t)).unwrap();
                (next(t) - next(t - 1)) * (-rate * f64::from(t)).exp()
            };
            let last = if rate > 0.01 { 2500 } else { continue };
            let sum: f64 = (1..last).map(steps).sum();
            let found = outlook.discounted_residual_transactions(Rate::continuous(rate).unwrap());
            assert_close(found, sum, 1e-10, "discounted");
        }
    }
}

fn libm_gamma(x: f64) -> f64 {
    // Stirling's series after a shift: an own way to ln Γ.
    let shifted = x + 30.0;
    let shift: f64 = (0..30).map(|i| (x + f64::from(i)).ln()).sum();
    let series = 1.0 / (12.0 * shifted) - 1.0 / (360.0 * shifted.powi(3)) + 1.0 / (1260.0 * shifted.powi(5));
    (shifted - 0.5) * shifted.ln() - shifted + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[test]
fn bg_bb_time_of_the_next_purchase() {
    for (parameters, past) in
        [(DONORS, history(2, 5, 6)), ([0.5, 3.0, 0.1, 50.0], Summary::NEW), ([0.02, 0.5, 0.05, 4.0], Summary::NEW)]
    {
        let outlook = bg_bb(parameters).outlook(&past);
        let bought = |t: f64| 1.0 - outlook.probability_of_none(t).unwrap();
        let mut found = 0;
        for share in [0.05, 0.2, 0.5, 0.9] {
            match outlook.next_purchase_quantile(share).unwrap() {
                Ok(t) if t <= 10_000.0 => {
                    // The least whole number.
                    assert_eq!(t.fract(), 0.0);
                    assert!(bought(t) >= share && bought(t - 1.0) < share, "{t} {share}");
                    found += 1;
                }
                Ok(t) => assert!(bought(10_000.0) < share && t.fract() == 0.0, "{t} {share}"),
                Err(absent) => assert!(absent == Absent::Infinite && bought(10_000.0) < share, "{share}"),
            }
        }
        assert!(found > 0);
        assert!(outlook.next_purchase_quantile(1.0).is_err());
    }
    // The mean by definition, of a process whose next purchase comes soon or never.
    let outlook = bg_bb([6.0, 3.0, 4.0, 9.0]).outlook(&Summary::NEW);
    let none = |t: f64| outlook.probability_of_none(t).unwrap();
    let (mut ever, mut sum) = (0.0, 0.0);
    for t in 1..3000 {
        let now = none(f64::from(t) - 1.0) - none(f64::from(t));
        ever += now;
        sum += f64::from(t) * now;
    }
    assert_close(outlook.mean_time_to_purchase().unwrap(), sum / ever, 1e-9, "mean time");
    assert_eq!(bg_bb([0.5, 3.0, 0.5, 9.0]).outlook(&Summary::NEW).mean_time_to_purchase(), Err(Absent::Infinite));
}

fn kind<T: std::fmt::Debug>(answer: Result<T, Error>) -> ErrorKind {
    answer.unwrap_err().kind()
}

#[test]
fn bg_bb_refuses() {
    let fit = |rows: &[(u32, f64, f64)]| {
        let summaries: Summaries =
            rows.iter().map(|&(x, recency, age)| Summary::new(x, recency, age).unwrap()).collect();
        BgBb::fit(&summaries, &FitOptions::default())
    };
    let good = (1, 1.0, 6.0);
    let cases =
        [((1, 1.5, 6.0), "recency"), ((1, 2.0, 6.5), "age"), ((3, 2.0, 6.0), "frequency"), ((1, 2.0, 10_001.0), "age")];
    for (bad, what) in cases {
        let error = fit(&[good, good, bad]).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(2)), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(kind(bg_bb(DONORS).admits(&Summary::new(bad.0, bad.1, bad.2).unwrap())), ErrorKind::Input);
    }
    bg_bb(DONORS).admits(&history(1, 1, 6)).unwrap();
    // An outlook reads the nearest history.
    let outlook = |x, recency, age| bg_bb(DONORS).outlook(&Summary::new(x, recency, age).unwrap());
    assert_eq!(outlook(3, 2.7, 6.5), outlook(2, 2.0, 6.0));
    assert_eq!(outlook(1, 0.5, 6.0), outlook(0, 0.0, 6.0));
    assert_eq!(kind(fit(&[])), ErrorKind::NoData);
    assert_eq!(kind(fit(&[(0, 0.0, 6.0), (0, 0.0, 3.0)])), ErrorKind::NotIdentified);
    // All buy at all opportunities; nobody leaves and all buy alike.
    assert_eq!(kind(fit(&[(6, 6.0, 6.0), (6, 6.0, 6.0)])), ErrorKind::NotIdentified);
    let alike = [(0, 0.0, 2.0), (1, 1.0, 2.0), (1, 2.0, 2.0), (2, 2.0, 2.0)];
    let error = fit(&alike).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified, "{error}");
    for parameters in [[0.0, 1.0, 1.0, 1.0], [1.0, f64::NAN, 1.0, 1.0], [1.0, 1.0, f64::INFINITY, 1.0]] {
        assert_eq!(kind(BgBb::new(parameters)), ErrorKind::Input);
    }
    assert_eq!(kind(bg_bb(DONORS).with_parameters(&[1.0; 3])), ErrorKind::Input);
    for age in [1.5, -1.0, f64::NAN, 1e9] {
        let error = bg_bb(DONORS).simulate(&[6.0, age], Seed(1)).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(1)));
    }
    let outlook = outlook(2, 4.0, 6.0);
    let simulated = bg_bb(DONORS).simulate(&[6.0; 900], Seed(5)).unwrap().summaries().unwrap();
    let draws = BgBb::fit(&simulated, &FitOptions::default()).unwrap().draws(20, Seed(5)).unwrap();
    assert!(draws.prediction_limits(&history(1, 1, 6), 5.0, Confidence::P95).unwrap().upper <= 5);
    for horizon in [0.5, -1.0, 10_001.0, f64::NAN] {
        assert_eq!(kind(outlook.probability_alive_at(horizon)), ErrorKind::Input);
        assert_eq!(kind(outlook.expected_purchases(horizon)), ErrorKind::Input);
        assert_eq!(kind(outlook.probability_of_none(horizon)), ErrorKind::Input);
        assert_eq!(kind(outlook.purchase_probabilities(horizon, 1)), ErrorKind::Input);
        assert_eq!(kind(outlook.probability_of(1, horizon)), ErrorKind::Input);
        assert_eq!(kind(draws.purchase_probabilities(&history(1, 1, 6), horizon, 3)), ErrorKind::Input);
        assert_eq!(kind(draws.prediction_limits(&history(1, 1, 6), horizon, Confidence::P95)), ErrorKind::Input);
        assert_eq!(kind(outlook.prediction_limits(horizon, Confidence::P95)), ErrorKind::Input);
    }
}

/// The parameters that made the data lie within four standard errors of those found, on logarithms.
fn assert_recovers<M: Model>(fitted: &Fitted<M>, truth: &[f64]) {
    for (parameter, truth) in fitted.parameters(Confidence::P95).into_iter().zip(truth) {
        let estimate = parameter.estimate;
        let distance = (estimate.value / truth).ln() / (estimate.standard_error.unwrap() / estimate.value);
        assert!(
            distance.abs() < 4.0,
            "{}: {} instead of {truth}, {distance} errors off",
            parameter.name,
            estimate.value
        );
    }
}

#[test]
fn bg_bb_recovers_parameters_and_limits_cover() {
    let ages: Vec<f64> = (0..20_000).map(|customer| f64::from(8 + customer % 9)).collect();
    for (seed, parameters) in [(1, DONORS), (2, [0.6, 2.0, 1.5, 12.0])] {
        let model = bg_bb(parameters);
        let simulated = model.simulate(&ages, Seed(seed)).unwrap();
        let (summaries, later) = simulated.calibration_and_holdout(5.0).unwrap();
        assert_recovers(&BgBb::fit(&simulated.summaries().unwrap(), &FitOptions::default()).unwrap(), &parameters);
        // Known parameters: limits cover what they say they do, and expectations come true.
        let (mut covered, mut attained, mut expected, mut alive, mut were) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (customer, ((summary, _), later)) in summaries.iter().zip(&later).enumerate() {
            let outlook = model.outlook(&summary);
            let limits = outlook.prediction_limits(5.0, Confidence::P90).unwrap();
            let probabilities = outlook.purchase_probabilities(5.0, 6).unwrap();
            let inside: f64 = probabilities[limits.lower as usize..=limits.upper as usize].iter().sum();
            assert!(inside >= 0.9 - 1e-12);
            attained += inside;
            covered += f64::from(u8::from((limits.lower..=limits.upper).contains(later)));
            expected += outlook.expected_purchases(5.0).unwrap();
            alive += outlook.probability_alive_at(5.0).unwrap();
            were += f64::from(u8::from(simulated.is_alive(customer)));
        }
        let n = ages.len() as f64;
        let bought = later.iter().sum::<u64>() as f64;
        assert!((covered - attained).abs() / n < 4.0 * (0.1 * 0.9 / n).sqrt(), "{covered} {attained}");
        assert!((bought - expected).abs() / n < 4.0 * (1.5 / n.sqrt()), "{bought} {expected}");
        assert!((alive - were).abs() / n < 4.0 * (0.25 / n).sqrt(), "{alive} {were}");
    }
}

#[test]
fn bg_bb_same_bits_in_any_order_and_for_any_weights() {
    let simulated = bg_bb(DONORS).simulate(&vec![6.0; 500], Seed(3)).unwrap();
    let rows: Vec<(Summary, u64)> = simulated.summaries().unwrap().iter().collect();
    let fit = |rows: &mut dyn Iterator<Item = (Summary, u64)>| {
        let mut summaries = Summaries::default();
        rows.for_each(|(summary, count)| summaries.push_many(summary, count).unwrap());
        let fitted = BgBb::fit(&summaries, &FitOptions::default()).unwrap();
        let values = fitted.model().parameters().into_iter().map(|(_, value)| value.to_bits()).collect::<Vec<_>>();
        (values, fitted.log_likelihood().to_bits(), fitted.covariance_of_logs().to_vec())
    };
    let first = fit(&mut rows.iter().copied());
    assert_eq!(first, fit(&mut rows.iter().rev().copied()));
    let mut merged: Vec<(Summary, u64)> = Vec::new();
    for (summary, _) in &rows {
        match merged
            .iter_mut()
            .find(|(other, _)| other.recency() == summary.recency() && other.frequency() == summary.frequency())
        {
            Some((_, count)) => *count += 1,
            None => merged.push((*summary, 1)),
        }
    }
    assert!(merged.len() <= 22);
    assert_eq!(first, fit(&mut merged.into_iter()));
}

const HIGH_END: [u64; 8] = [1000, 869, 743, 653, 593, 551, 517, 491];

#[test]
fn survivors_are_checked_and_merge() {
    let counts = Survivors::from_counts(&HIGH_END).unwrap();
    let losses: Vec<u64> = HIGH_END.windows(2).map(|pair| pair[0] - pair[1]).collect();
    assert_eq!(Survivors::from_losses(&losses, 491).unwrap(), counts);
    // The same customers one by one.
    let mut single = Survivors::default();
    for (period, lost) in (1..).zip(&losses) {
        (0..*lost).for_each(|_| single.push_lifetime(Some(period), 7).unwrap());
    }
    (0..491).for_each(|_| single.push_lifetime(None, 7).unwrap());
    assert_eq!(single, counts);
    // Cohorts add up in any order; an empty state adds nothing.
    let young = Survivors::from_counts(&[300, 250, 220]).unwrap();
    let (mut left, mut right) = (counts.clone(), young.clone());
    left.merge(&young).unwrap();
    right.merge(&counts).unwrap();
    assert_eq!(left, right);
    assert_eq!((left.customers(), left.periods()), (1300, 7));
    left.merge(&Survivors::default()).unwrap();
    assert_eq!(left, right);
    for (bad, row) in [(&[][..], None), (&[5], None), (&[0, 0], Some(0)), (&[5, 4, 5], Some(2))] {
        let error = Survivors::from_counts(bad).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, row), "{error}");
    }
    assert_eq!(kind(Survivors::from_losses(&[], 3)), ErrorKind::Input);
    assert_eq!(kind(Survivors::from_losses(&[1, u64::MAX], 3)), ErrorKind::Overflow);
    assert_eq!(kind(left.merge(&Survivors::from_counts(&[u64::MAX, 3]).unwrap())), ErrorKind::Overflow);
    assert_eq!(kind(left.push(&[u64::MAX, 3])), ErrorKind::Overflow);
    assert_eq!(left, right);
    for lifetime in [0, 8] {
        assert_eq!(kind(left.push_lifetime(Some(lifetime), 7)), ErrorKind::Input);
    }
    assert_eq!(left, right);
}

#[test]
fn json_runs_the_checks() {
    let survivors = Survivors::from_counts(&[10, 8, 7]).unwrap();
    let text = serde_json::to_string(&survivors).unwrap();
    assert_eq!(serde_json::from_str::<Survivors>(&text).unwrap(), survivors);
    assert_eq!(text, r#"{"customers":10,"periods":[[10,8],[8,7]]}"#);
    for bad in ["[[11,8],[8,7]]", "[[10,11]]", "[[10,8],[9,7]]"] {
        assert!(serde_json::from_str::<Survivors>(&format!(r#"{{"customers":10,"periods":{bad}}}"#)).is_err(), "{bad}");
    }
    let high_end = Survivors::from_counts(&HIGH_END).unwrap();
    let fitted = Bdw::fit(&high_end, &FitOptions::default()).unwrap();
    let text = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<Fitted<Bdw>>(&text).unwrap(), fitted);
    assert!(serde_json::from_str::<Bdw>("[1.0,1.0,0.0]").is_err());
    assert!(serde_json::from_str::<Sbg>("[1.0,-1.0]").is_err());
    assert!(serde_json::from_str::<BgBb>("[1.0,1.0,1.0]").is_err());
    assert_eq!(serde_json::from_str::<BgBb>("[1.0,1.0,1.0,2.0]").unwrap(), bg_bb([1.0, 1.0, 1.0, 2.0]));
}

#[test]
fn retention_fits_say_why_not() {
    let sbg = |counts: &[u64]| Sbg::fit(&Survivors::from_counts(counts).unwrap(), &FitOptions::default()).map(|_| ());
    let bdw = |counts: &[u64]| Bdw::fit(&Survivors::from_counts(counts).unwrap(), &FitOptions::default()).map(|_| ());
    let says = |answer: Result<(), Error>, words: &str| {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotIdentified, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    says(sbg(&[100, 100, 100]), "nobody has left");
    says(bdw(&[100, 100, 100]), "nobody has left");
    says(sbg(&[100, 0, 0]), "everybody left");
    says(sbg(&[100, 80]), "1 periods");
    says(bdw(&[100, 80, 70]), "2 periods");
    // One chance for all, exactly and with retention that even falls.
    says(sbg(&[100_000, 90_000, 81_000, 72_900, 65_610]), "churn of 0.1000");
    says(sbg(&[1000, 900, 700, 400, 100]), "alpha and beta grow");
    says(sbg(&[1000, 500, 0]), "alpha and beta grow");
    // The first renewal decides.
    says(sbg(&[1000, 600, 600, 600, 600]), "alpha and beta go to 0");
    assert!(bdw(&[1000, 600, 600, 600, 600]).is_err_and(|error| error.kind() == ErrorKind::NotIdentified));
    assert!(
        bdw(&[100_000, 90_000, 81_000, 72_900, 65_610]).is_err_and(|error| error.kind() == ErrorKind::NotIdentified)
    );
    assert_eq!(kind(Sbg::fit(&Survivors::default(), &FitOptions::default())), ErrorKind::NoData);
    assert_eq!(kind(Bdw::fit(&Survivors::default(), &FitOptions::default())), ErrorKind::NoData);
    assert_eq!(kind(Sbg::new([1.0, 0.0])), ErrorKind::Input);
    assert_eq!(kind(Bdw::new([1.0, 1.0, f64::NAN])), ErrorKind::Input);
}

/// c = 1 is the sBG, and the sBG has closed forms without discount.
#[test]
fn one_model_in_the_other() {
    for [alpha, beta] in [[0.7, 3.8], [1.5, 0.2], [3.0, 900.0], [40.0, 2.0]] {
        let (sbg, bdw) = (Sbg::new([alpha, beta]).unwrap(), Bdw::new([alpha, beta, 1.0]).unwrap());
        let survivors = Survivors::from_counts(&HIGH_END).unwrap();
        assert_close(sbg.log_likelihood_of(&survivors), bdw.log_likelihood_of(&survivors), 1e-15, "likelihood");
        for period in 1..20 {
            let closed = (beta + f64::from(period) - 1.0) / (alpha + beta + f64::from(period) - 1.0);
            assert_close(sbg.retention(period), closed, 1e-14, "retention");
            assert_eq!(sbg.survival(period), bdw.survival(period));
        }
        assert_eq!(sbg.expected_lifetime(), bdw.expected_lifetime());
        if alpha > 1.0 {
            let close =
                |found: Result<f64, Absent>, closed: f64| assert_close(found.unwrap(), closed, 1e-13, "lifetime");
            close(sbg.expected_lifetime(), (alpha + beta - 1.0) / (alpha - 1.0));
            close(sbg.residual_lifetime(5), (beta + 5.0) / (alpha - 1.0));
        } else {
            assert_eq!(sbg.expected_lifetime(), Err(Absent::Infinite));
            assert_eq!(sbg.residual_lifetime(5), Err(Absent::Infinite));
        }
    }
    // alpha c decides under the BdW.
    assert!(Bdw::new([0.7, 1.0, 1.5]).unwrap().expected_lifetime().is_ok());
    assert_eq!(Bdw::new([1.5, 1.0, 0.6]).unwrap().expected_lifetime(), Err(Absent::Infinite));
}

#[test]
fn retention_edge_cases() {
    for alpha in [1e-3, 1.0, 1e4] {
        for beta in [1e-3, 1.0, 1e6] {
            for c in [0.05, 1.0, 12.0] {
                let model = Bdw::new([alpha, beta, c]).unwrap();
                let survivors = Survivors::from_counts(&HIGH_END).unwrap();
                assert!(model.log_likelihood_of(&survivors).is_finite());
                for periods in [0, 1, 1000, u32::MAX] {
                    assert!(
                        (0.0..=1.0).contains(&model.survival(periods))
                            && (0.0..=1.0).contains(&model.retention(periods))
                    );
                }
                for rate in [1e-9, 0.1, 5.0] {
                    let rate = Rate::continuous(rate).unwrap();
                    for value in [model.discounted_lifetime(rate), 1.0 + model.discounted_residual_lifetime(1000, rate)]
                    {
                        assert!(value.is_finite() && value >= 1.0, "{alpha} {beta} {c} {rate:?}: {value}");
                    }
                }
                model
                    .expected_lifetime()
                    .into_iter()
                    .for_each(|mean| assert!(mean.is_finite() && mean >= 1.0, "{mean}"));
                model
                    .residual_lifetime(9)
                    .into_iter()
                    .for_each(|mean| assert!(mean.is_finite() && mean >= 0.0, "{mean}"));
            }
        }
    }
}

fn simulate(model: &dyn RetentionModel, ages: &[u32], seed: u64) -> Survivors {
    let mut survivors = Survivors::default();
    for (lifetime, age) in model.simulate(ages, Seed(seed)).into_iter().zip(ages) {
        survivors.push_lifetime(lifetime, *age).unwrap();
    }
    survivors
}

#[test]
fn retention_models_recover_their_parameters() {
    // Cohorts of 4 to 12 periods.
    let ages: Vec<u32> = (0..60_000).map(|customer| 4 + customer % 9).collect();
    for (seed, parameters) in [(1, [0.67, 3.8]), (2, [2.0, 9.0])] {
        let survivors = simulate(&Sbg::new(parameters).unwrap(), &ages, seed);
        assert_eq!((survivors.customers(), survivors.periods()), (60_000, 12));
        assert_recovers(&Sbg::fit(&survivors, &FitOptions::default()).unwrap(), &parameters);
    }
    for (seed, parameters) in [(3, [0.25, 1.6, 1.6]), (4, [1.5, 4.0, 0.7])] {
        let survivors = simulate(&Bdw::new(parameters).unwrap(), &ages, seed);
        assert_recovers(&Bdw::fit(&survivors, &FitOptions::default()).unwrap(), &parameters);
    }
}

/// Intervals of a projected survival hold the truth about as often as they say.
#[test]
fn projections_cover() {
    let model = Sbg::new([0.67, 3.8]).unwrap();
    let runs = 400;
    let covers = |seed: u64| {
        let fitted = Sbg::fit(&simulate(&model, &[7; 1000], seed), &FitOptions::default()).unwrap();
        let survival = fitted.survival(12, Confidence::P90).unwrap();
        assert!(survival.standard_error.unwrap() > 0.0);
        u32::from(survival.interval.unwrap().contains(model.survival(12)))
    };
    let covered: u32 = (0..runs).map(covers).sum();
    // 90 % within four deviations.
    assert!((336..=384).contains(&covered), "{covered} of {runs}");
    let fitted = Sbg::fit(&Survivors::from_counts(&HIGH_END).unwrap(), &FitOptions::default()).unwrap();
    let start = fitted.survival(0, Confidence::P95).unwrap();
    assert_eq!((start.value, start.standard_error, start.interval), (1.0, Ok(0.0), Err(Absent::NotDefined)));
}
