//! Value at risk under probabilities of departure: against its definition, and its error against refits.

use cxo_core::churn::logistic::Penalty;
use cxo_core::churn::risk::{Calibration, ChurnModel, Column, Limits, Loss, Table, Target, TrainOptions, Value, train};
use cxo_core::{Absent, Confidence, ErrorKind};

/// Uniform numbers by a linear congruence (Knuth 1997, 3.3.4).
fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed.wrapping_mul(2862933555777941757).wrapping_add(3037000493);
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

const ROWS: usize = 600;

fn options(penalty: Penalty) -> TrainOptions {
    TrainOptions::default().penalty(penalty).calibration(Calibration::None)
}

/// A sample from one truth, and its model.
fn model(seed: u64, penalty: Penalty) -> ChurnModel {
    calibrated(seed, &options(penalty))
}

fn calibrated(seed: u64, options: &TrainOptions) -> ChurnModel {
    let x: Vec<f64> = numbers(seed).map(|u| 4.0 * u - 2.0).take(ROWS).collect();
    let left = x
        .iter()
        .zip(numbers(seed + 1000))
        .map(|(x, u)| Some(if u < 1.0 / (1.0 + (1.0 - 0.8 * x).exp()) { "yes" } else { "no" }));
    let table =
        Table::new(vec![("x".into(), Column::numbers(x.clone())), ("left".into(), Column::texts(left))]).unwrap();
    train(&table, &Target::churn("left"), options).unwrap().model
}

/// The same customers for every model.
fn segment() -> Vec<(f64, f64)> {
    numbers(7).zip(numbers(8)).map(|(x, value)| (3.0 * x - 1.0, 100.0 * value)).take(200).collect()
}

fn loss(model: &ChurnModel) -> Loss {
    let mut loss = Loss::default();
    for (x, value) in segment() {
        loss.add(model, &[Value::from(x)], value).unwrap();
    }
    loss
}

#[test]
fn is_the_sum_of_probabilities_times_values() {
    let model = model(1, Penalty::NONE);
    let loss = loss(&model);
    let (mut value, mut departures, mut variance) = (0.0, 0.0, 0.0);
    for (x, worth) in segment() {
        let p = model.score(&[Value::from(x)], &Limits::OMITTED).unwrap().probability;
        value += p * worth;
        departures += p;
        variance += worth * worth * p * (1.0 - p);
    }
    let found = loss.estimate(&model, Confidence::P95).unwrap();
    assert!((found.value / value - 1.0).abs() < 1e-12);
    assert!((loss.departures() / departures - 1.0).abs() < 1e-12);
    assert!((loss.outcome_error() / variance.sqrt() - 1.0).abs() < 1e-12);
    assert_eq!((loss.customers(), found.n), (200, 200));
}

/// The standard error is the spread of the value over models of samples from one truth.
#[test]
fn the_error_is_the_spread_over_samples() {
    let found: Vec<(f64, f64)> = (0..150)
        .map(|seed| {
            let model = model(10 + seed, Penalty::NONE);
            let estimate = loss(&model).estimate(&model, Confidence::P95).unwrap();
            (estimate.value, estimate.standard_error.unwrap())
        })
        .collect();
    let mean = found.iter().map(|(value, _)| value).sum::<f64>() / 150.0;
    let spread = (found.iter().map(|(value, _)| (value - mean).powi(2)).sum::<f64>() / 149.0).sqrt();
    let error = found.iter().map(|(_, error)| error).sum::<f64>() / 150.0;
    assert!((error / spread - 1.0).abs() < 0.2, "{error} and {spread}");
}

#[test]
fn what_cannot_be_answered_says_why() {
    let plain = model(1, Penalty::NONE);
    assert_eq!(Loss::default().estimate(&plain, Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
    for value in [-1.0, f64::NAN, f64::INFINITY, 1e308] {
        let error = Loss::default().add(&plain, &[Value::from(0.5)], value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    let shrunk = model(1, Penalty::l2(1.0).unwrap());
    let found = loss(&shrunk).estimate(&shrunk, Confidence::P95).unwrap();
    assert_eq!((found.standard_error, found.interval), (Err(Absent::Penalized), Err(Absent::Penalized)));
}

/// A curve of steps is flat nearly everywhere; its errors are still those of the smooth one that says the same.
#[test]
fn the_error_of_a_stepwise_calibrator_is_that_of_a_smooth_one() {
    for seed in 1..20 {
        let error = |calibration: Calibration| {
            let model = calibrated(seed, &options(Penalty::NONE).calibration(calibration));
            loss(&model).estimate(&model, Confidence::P95).unwrap().standard_error.unwrap()
        };
        let ratio = error(Calibration::Isotonic) / error(Calibration::Platt);
        assert!((0.6..1.6).contains(&ratio), "seed {seed}: {ratio}");
    }
}
