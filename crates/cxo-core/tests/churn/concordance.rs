//! Concordance and the scores that weight by the chance of being observed: against pairs, simulation and each other.

use cxo_core::churn::Durations;
use cxo_core::churn::concordance::concordance;
use cxo_core::churn::evaluation::{AucInterval, Ranking};
use cxo_core::churn::survival_score::Censoring;
use cxo_core::{Absent, Confidence, ErrorKind};
use proptest::prelude::*;

const P95: Confidence = Confidence::P95;

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

#[derive(Debug, Clone, Copy)]
struct Row {
    time: f64,
    left: bool,
    risk: f64,
    weight: f64,
    entry: f64,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row =
        (1_u8..10, any::<bool>(), 0_u8..6, 1_u8..4, 0.0..1.0_f64).prop_map(|(time, left, risk, weight, share)| Row {
            time: f64::from(time),
            left,
            risk: f64::from(risk),
            weight: f64::from(weight),
            entry: (f64::from(time) * share).floor(),
        });
    proptest::collection::vec(row, 2..50)
}

/// Concordant, discordant, tied in risk; by weights.
fn pairs(rows: &[Row]) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for one in rows.iter().filter(|row| row.left) {
        for other in rows {
            let stayed = other.time > one.time || (other.time == one.time && !other.left);
            if stayed && other.entry < one.time {
                let at = if one.risk > other.risk { 0 } else { 1 + usize::from(one.risk == other.risk) };
                sums[at] += one.weight * other.weight;
            }
        }
    }
    sums
}

fn index(rows: &[Row]) -> f64 {
    let [concordant, discordant, tied] = pairs(rows);
    (concordant + 0.5 * tied) / (concordant + discordant + tied)
}

fn durations(rows: &[Row]) -> Durations {
    let column = |of: fn(&Row) -> f64| rows.iter().map(of).collect::<Vec<f64>>();
    let durations = Durations::new(column(|row| row.time), rows.iter().map(|row| row.left).collect()).unwrap();
    durations.with_entries(column(|row| row.entry)).unwrap().with_weights(column(|row| row.weight)).unwrap()
}

fn risks(rows: &[Row]) -> Vec<f64> {
    rows.iter().map(|row| row.risk).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn pairs_and_error_are_those_of_brute_force(rows in rows()) {
        let expected = pairs(&rows);
        let found = concordance(&durations(&rows), &risks(&rows), P95);
        if expected.iter().sum::<f64>() == 0.0 {
            prop_assert_eq!(found.unwrap_err().kind(), ErrorKind::Degenerate);
            return Ok(());
        }
        let found = found.unwrap();
        prop_assert_eq!([found.concordant, found.discordant, found.tied_risk], expected);
        assert_close(found.estimate.value, index(&rows), 1e-14, "index");
        let slope = |at: usize| {
            let moved = |by: f64| {
                let mut rows = rows.clone();
                rows[at].weight *= 1.0 + by;
                index(&rows)
            };
            (moved(1e-4) - moved(-1e-4)) / 2e-4
        };
        let error = (0..rows.len()).map(|at| slope(at).powi(2)).sum::<f64>().sqrt();
        assert_close(found.estimate.standard_error.unwrap(), error, 1e-6, "jackknife");
        let both = rows.iter().flat_map(|one| rows.iter().map(move |other| (one, other)));
        let tied_time = both.clone().filter(|(one, other)| one.left && !other.left && one.time == other.time);
        prop_assert_eq!(found.tied_time, tied_time.map(|(one, other)| one.weight * other.weight).sum::<f64>());
        let tied_events = both.filter(|(one, other)| {
            one.left && other.left && one.time == other.time && !std::ptr::eq(*one, *other)
        });
        prop_assert_eq!(found.tied_events, 0.5 * tied_events.map(|(one, other)| one.weight * other.weight).sum::<f64>());
        // Turned round, and in another order.
        let turned: Vec<f64> = rows.iter().map(|row| -row.risk).collect();
        let turned = concordance(&durations(&rows), &turned, P95).unwrap();
        prop_assert_eq!((turned.concordant, turned.discordant), (found.discordant, found.concordant));
        let reversed: Vec<Row> = rows.iter().rev().copied().collect();
        prop_assert_eq!(concordance(&durations(&reversed), &risks(&reversed), P95).unwrap().estimate.value, found.estimate.value);
    }

    /// Without censoring the weights are 1: Uno's index is Harrell's, and the area is that of a ranking.
    #[test]
    fn without_censoring_the_weights_do_nothing(rows in rows()) {
        let times: Vec<f64> = rows.iter().map(|row| row.time).collect();
        let durations = Durations::new(times.clone(), vec![true; rows.len()]).unwrap();
        let (risk, censoring) = (risks(&rows), Censoring::fit(&durations).unwrap());
        match concordance(&durations, &risk, P95) {
            Ok(harrell) => prop_assert_eq!(censoring.concordance(&durations, &risk, None, P95).unwrap(), harrell),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Degenerate),
        }
        let by_then: Vec<bool> = times.iter().map(|time| *time <= 4.0).collect();
        let auc = censoring.auc(&durations, &risk, &[4.0], P95);
        match Ranking::new(&by_then, &risk).unwrap().auc(AucInterval::Wald, P95) {
            Ok(expected) => assert_close(auc.unwrap().times[0].auc.value, expected.value, 1e-14, "area"),
            Err(error) => prop_assert_eq!(auc.unwrap_err().kind(), error.kind()),
        }
        let survival: Vec<f64> = risk.iter().map(|risk| risk / 6.0).collect();
        let expected = times.iter().zip(&survival).map(|(time, survival)| {
            (f64::from(u8::from(*time > 4.0)) - survival).powi(2)
        });
        let expected = expected.sum::<f64>() / rows.len() as f64;
        if times.iter().any(|time| *time >= 4.0) {
            let brier = censoring.brier(&durations, 4.0, &survival, P95).unwrap();
            assert_close(brier.value, expected, 1e-14, "brier");
        }
    }
}

/// Exponential durations with rates of two kinds; censored at random.
fn simulated(rows: usize, seed: u64, censoring_rate: f64) -> (Durations, Vec<f64>) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    };
    let (mut times, mut observed, mut risk) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let covariate = 2.0 * uniform() - 1.0;
        let leaves = -uniform().ln() / covariate.exp();
        let lost = -uniform().ln() / censoring_rate;
        times.push(leaves.min(lost));
        observed.push(leaves <= lost);
        risk.push(covariate);
    }
    (Durations::new(times, observed).unwrap(), risk)
}

/// Uno's index up to a horizon does not move with censoring; Harrell's does.
#[test]
fn weights_undo_censoring() {
    let (all, risk) = simulated(60_000, 3, 1e-9);
    let truth = Censoring::fit(&all).unwrap().concordance(&all, &risk, Some(1.0), P95).unwrap().estimate;
    let (some, some_risk) = simulated(60_000, 4, 1.0);
    let censoring = Censoring::fit(&some).unwrap();
    let found = censoring.concordance(&some, &some_risk, Some(1.0), P95).unwrap().estimate;
    let apart = |one: f64, error: f64| (one - truth.value) / error.hypot(truth.standard_error.unwrap());
    assert!(apart(found.value, found.standard_error.unwrap()).abs() < 3.0, "{found:?} {truth:?}");
    // The same of the Brier score and of the area at a time, of the true model.
    let survival = |risk: &[f64]| risk.iter().map(|risk| (-0.7 * risk.exp()).exp()).collect::<Vec<f64>>();
    let complete = Censoring::fit(&all).unwrap();
    let (one, other) = (
        complete.brier(&all, 0.7, &survival(&risk), P95).unwrap(),
        censoring.brier(&some, 0.7, &survival(&some_risk), P95).unwrap(),
    );
    let error = one.standard_error.unwrap().hypot(other.standard_error.unwrap());
    assert!((one.value - other.value).abs() < 3.0 * error, "{one:?} {other:?}");
    let area = |censoring: &Censoring, durations: &Durations, risk: &[f64]| {
        censoring.auc(durations, risk, &[0.7], P95).unwrap().times[0].auc
    };
    let (one, other) = (area(&complete, &all, &risk), area(&censoring, &some, &some_risk));
    let error = one.standard_error.unwrap().hypot(other.standard_error.unwrap());
    assert!((one.value - other.value).abs() < 3.0 * error, "{one:?} {other:?}");
}

#[test]
fn intervals_cover_the_index() {
    let (all, risk) = simulated(400_000, 1, 0.5);
    let truth = concordance(&all, &risk, P95).unwrap().estimate.value;
    let mut covered = 0;
    for seed in 0..400 {
        let (durations, risk) = simulated(150, seed + 10, 0.5);
        covered += i32::from(concordance(&durations, &risk, P95).unwrap().estimate.interval.unwrap().contains(truth));
    }
    // 95 % of 400 is 380, with a standard deviation of 4.4.
    assert!((362..=396).contains(&covered), "{covered}");
}

/// The mean of the Brier score over time is the integral of what it is at each.
#[test]
fn the_integrated_score_is_a_mean_over_time() {
    let (durations, risk) = simulated(500, 8, 0.5);
    let censoring = Censoring::fit(&durations).unwrap();
    let times = [0.1, 0.3, 0.4, 0.9_f64];
    let survival: Vec<Vec<f64>> =
        times.iter().map(|time| risk.iter().map(|risk: &f64| (-time * risk.exp()).exp()).collect()).collect();
    let at = |time: f64, survival: &[f64]| censoring.brier(&durations, time, survival, P95).unwrap().value;
    let scores: Vec<f64> = times.iter().zip(&survival).map(|(time, survival)| at(*time, survival)).collect();
    let trapezoids = (1..4).map(|k| 0.5 * (times[k] - times[k - 1]) * (scores[k] + scores[k - 1]));
    let expected = trapezoids.sum::<f64>() / 0.8;
    let found = censoring.integrated_brier(&durations, &times, &survival, P95).unwrap();
    assert_close(found.value, expected, 1e-14, "integrated");
    assert!(found.interval.unwrap().contains(expected));
    let kinds = [
        censoring.integrated_brier(&durations, &[0.1], &survival, P95).unwrap_err().kind(),
        censoring.integrated_brier::<Vec<f64>>(&durations, &[], &[], P95).unwrap_err().kind(),
        censoring.integrated_brier(&durations, &[0.3, 0.1], &survival[..2], P95).unwrap_err().kind(),
        censoring.integrated_brier(&durations, &times, &survival[..2], P95).unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NoData, ErrorKind::NoData, ErrorKind::Input, ErrorKind::Incompatible]);
}

#[test]
fn what_has_no_answer_says_why() {
    let durations = Durations::new(vec![1.0, 2.0, 3.0, 3.0], vec![true, true, true, false]).unwrap();
    let risk = [3.0, 2.0, 1.0, 0.0];
    let perfect = concordance(&durations, &risk, P95).unwrap().estimate;
    assert_eq!((perfect.value, perfect.interval), (1.0, Err(Absent::ZeroVariance)));
    let bad = concordance(&durations, &[1.0, f64::NAN, 2.0, 3.0], P95).unwrap_err();
    assert_eq!((bad.kind(), bad.row()), (ErrorKind::Input, Some(1)));
    assert_eq!(concordance(&durations, &[1.0], P95).unwrap_err().kind(), ErrorKind::Incompatible);
    let censored = Durations::new(vec![1.0, 2.0], vec![false, false]).unwrap();
    assert_eq!(concordance(&censored, &[1.0, 2.0], P95).unwrap_err().kind(), ErrorKind::Degenerate);
    // All who stay are censored when the study ends, where one leaves: G is 0 there.
    let censoring = Censoring::fit(&durations).unwrap();
    assert_eq!(censoring.survival(3.0).unwrap(), 0.0);
    assert_eq!(censoring.survival(3.1).unwrap_err().kind(), ErrorKind::NotIdentified);
    let uno = |horizon| censoring.concordance(&durations, &risk, horizon, P95);
    assert_eq!(uno(None).unwrap_err().kind(), ErrorKind::NotIdentified);
    assert_eq!(uno(Some(3.0)).unwrap().estimate.value, 1.0);
    assert_eq!(uno(Some(1.0)).unwrap_err().kind(), ErrorKind::Degenerate);
    let survival = [0.5; 4];
    assert_eq!(censoring.brier(&durations, 3.0, &survival, P95).unwrap_err().kind(), ErrorKind::NotIdentified);
    assert_eq!(censoring.brier(&durations, 0.0, &survival, P95).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(censoring.brier(&durations, 1.0, &[0.5, 1.5, 0.0, 0.0], P95).unwrap_err().row(), Some(1));
    assert_eq!(censoring.brier(&durations, 1.0, &[0.5], P95).unwrap_err().kind(), ErrorKind::Incompatible);
    let auc = |times: &[f64]| censoring.auc(&durations, &risk, times, P95).unwrap_err().kind();
    assert_eq!(auc(&[0.5]), ErrorKind::Degenerate);
    assert_eq!(auc(&[3.0]), ErrorKind::NotIdentified);
    assert_eq!((auc(&[]), auc(&[2.0, 1.0]), auc(&[f64::NAN])), (ErrorKind::NoData, ErrorKind::Input, ErrorKind::Input));
    assert_eq!(censoring.auc(&durations, &[1.0], &[1.0], P95).unwrap_err().kind(), ErrorKind::Incompatible);
    let entered = durations.clone().with_entries(vec![0.5; 4]).unwrap();
    assert_eq!(Censoring::fit(&entered).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(censoring.concordance(&entered, &risk, None, P95).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(censoring.auc(&entered, &risk, &[1.0], P95).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(censoring.brier(&entered, 1.0, &survival, P95).unwrap_err().kind(), ErrorKind::Incompatible);
}
