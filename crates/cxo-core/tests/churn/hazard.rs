//! Discrete-time hazard against the logistic regression on person-periods that are written out.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Periods are small whole numbers.

use cxo_core::churn::hazard::{DiscreteHazard, DiscreteHazardOptions, PeriodEffect};
use cxo_core::churn::logistic::{Logistic, LogisticOptions, Outcomes};
use cxo_core::churn::{Durations, Features};
use cxo_core::{Confidence, ErrorKind, Method};

/// Uniform on (0, 1), by a linear congruential generator (Knuth's MMIX constants).
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

const PERIODS: u32 = 6;

struct Set {
    durations: Vec<f64>,
    observed: Vec<bool>,
    entries: Vec<f64>,
    weights: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

/// Customers with a hazard that falls with time and depends on two columns; some are seen late.
fn simulated(customers: usize, seed: u64) -> Set {
    let mut draws = Draws(seed);
    let mut set =
        Set { durations: vec![], observed: vec![], entries: vec![], weights: vec![], columns: vec![vec![]; 2] };
    while set.durations.len() < customers {
        let values = [10.0 * draws.uniform(), f64::from(u8::from(draws.uniform() < 0.4))];
        let entry = (3.0 * draws.uniform()).floor() * f64::from(u8::from(draws.uniform() < 0.3));
        let (mut time, mut left) = (entry as u32, false);
        while time < PERIODS && !left {
            time += 1;
            let logit = -0.6 - 0.2 * f64::from(time) - 0.1 * values[0] + 0.8 * values[1];
            left = draws.uniform() < 1.0 / (1.0 + (-logit).exp());
        }
        if f64::from(time) <= entry {
            continue;
        }
        set.durations.push(f64::from(time));
        set.observed.push(left);
        set.entries.push(entry);
        set.weights.push(1.0 + (3.0 * draws.uniform()).floor());
        set.columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    set
}

impl Set {
    fn durations(&self) -> Durations {
        let durations = Durations::new(self.durations.clone(), self.observed.clone()).unwrap();
        durations.with_entries(self.entries.clone()).unwrap().with_weights(self.weights.clone()).unwrap()
    }

    fn features(&self) -> Features {
        let named = ["price", "annual"].iter().zip(&self.columns);
        Features::new(named.map(|(name, column)| ((*name).to_owned(), column.clone())).collect()).unwrap()
    }

    /// Person-periods written out, each with what `effect` says of its period (without an intercept).
    fn written_out(&self, effect: impl Fn(u32) -> Vec<f64>) -> (Features, Outcomes) {
        let extra = effect(1).len();
        let (mut columns, mut happened, mut weights) = (vec![vec![]; extra + 2], vec![], vec![]);
        for row in 0..self.durations.len() {
            for period in self.entries[row] as u32 + 1..=self.durations[row] as u32 {
                let values = effect(period).into_iter().chain(self.columns.iter().map(|column| column[row]));
                columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
                happened.push(self.observed[row] && f64::from(period) == self.durations[row]);
                weights.push(self.weights[row]);
            }
        }
        let named = columns.into_iter().enumerate().map(|(at, column)| (format!("c{at}"), column));
        (Features::new(named.collect()).unwrap(), Outcomes::new(happened).unwrap().with_weights(weights).unwrap())
    }
}

fn near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{what}: {found} {expected}");
}

#[test]
fn equals_the_regression_on_person_periods() {
    type Basis = dyn Fn(u32) -> Vec<f64>;
    let set = simulated(700, 4);
    let cases: [(PeriodEffect, &Basis); 4] = [
        (PeriodEffect::Intercepts, &|period| (2..=PERIODS).map(|at| f64::from(u8::from(at == period))).collect()),
        (PeriodEffect::Polynomial(0), &|_| vec![]),
        (PeriodEffect::Polynomial(2), &|period| vec![f64::from(period), f64::from(period * period)]),
        (PeriodEffect::Logarithm, &|period| vec![f64::from(period).ln()]),
    ];
    for (effect, basis) in cases {
        let options = DiscreteHazardOptions::default().period_effect(effect);
        let model = DiscreteHazard::fit(&set.durations(), &set.features(), &options).unwrap();
        let (features, outcomes) = set.written_out(basis);
        let long = Logistic::fit(&features, &outcomes, &LogisticOptions::default()).unwrap();
        assert_eq!((model.person_periods(), model.observations()), (long.observations(), 700));
        assert_eq!(model.events(), long.events());
        near(model.log_likelihood(), long.log_likelihood(), "log-likelihood");
        let (found, expected) = (model.coefficients(Confidence::P95), long.coefficients(Confidence::P95));
        assert_eq!(found.len(), expected.len());
        for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
            if effect == PeriodEffect::Intercepts && (1..PERIODS as usize).contains(&place) {
                // Intercepts here, differences from the first there.
                near(found.value, expected.value + long.intercept(), &found.name);
                continue;
            }
            near(found.value, expected.value, &found.name);
            near(found.standard_error.unwrap(), expected.standard_error.unwrap(), &found.name);
        }
        if effect == PeriodEffect::Polynomial(0) {
            near(model.null_log_likelihood(), long.null_log_likelihood(), "null");
            continue;
        }
        // Without the columns: the test of the two.
        let count = basis(1).len();
        let only = features.names().iter().cloned().zip(features.columns().iter().cloned()).take(count).collect();
        let null = Logistic::fit(&Features::new(only).unwrap(), &outcomes, &LogisticOptions::default()).unwrap();
        near(model.null_log_likelihood(), null.log_likelihood(), "null");
        let ratio = model.likelihood_ratio();
        near(ratio.statistic, 2.0 * (long.log_likelihood() - null.log_likelihood()), "ratio");
        assert_eq!(ratio.degrees, 2);
    }
}

#[test]
fn survival_is_the_product_of_hazards() {
    let set = simulated(700, 5);
    let model = DiscreteHazard::fit(&set.durations(), &set.features(), &DiscreteHazardOptions::default()).unwrap();
    let row = [4.0, 1.0];
    let asked = [6, 1, 3, 3];
    let survival = model.survival(&row, &asked, Confidence::P95).unwrap();
    for (estimate, period) in survival.iter().zip(asked) {
        let hazards = (1..=period).map(|period| model.hazard(&row, period, Confidence::P95).unwrap().value);
        near(estimate.value, hazards.map(|hazard| 1.0 - hazard).product(), "survival");
        let interval = estimate.interval.unwrap();
        assert!(interval.lower < estimate.value && estimate.value < interval.upper && interval.upper < 1.0);
        assert_eq!((interval.method, estimate.method), (Method::LogLog, Method::MaximumLikelihood));
    }
    assert_eq!(survival[2], survival[3]);
    assert!(survival[0].value < survival[2].value && survival[2].value < survival[1].value);
    // One period: S = 1 - h, with the same standard error.
    let hazard = model.hazard(&row, 1, Confidence::P95).unwrap();
    near(survival[1].standard_error.unwrap(), hazard.standard_error.unwrap(), "error");
    assert_eq!(hazard.interval.unwrap().method, Method::Logit);
    // The delta method against differences: by the slope of the first column, shifted through the row.
    let error = hazard.standard_error.unwrap();
    assert!(error > 0.0 && error < 0.2);
}

#[test]
fn rows_that_change_are_their_parts() {
    let set = simulated(500, 6);
    let whole = DiscreteHazard::fit(&set.durations(), &set.features(), &DiscreteHazardOptions::default()).unwrap();
    // Every row of more than one period is cut after its first.
    let mut parts =
        Set { durations: vec![], observed: vec![], entries: vec![], weights: vec![], columns: vec![vec![]; 2] };
    for row in 0..500 {
        let (entry, last) = (set.entries[row], set.durations[row]);
        let cuts =
            if last - entry > 1.0 { vec![(entry, entry + 1.0), (entry + 1.0, last)] } else { vec![(entry, last)] };
        for (from, to) in cuts {
            parts.entries.push(from);
            parts.durations.push(to);
            parts.observed.push(set.observed[row] && to == last);
            parts.weights.push(set.weights[row]);
            parts.columns.iter_mut().zip(&set.columns).for_each(|(to, column)| to.push(column[row]));
        }
    }
    let cut = DiscreteHazard::fit(&parts.durations(), &parts.features(), &DiscreteHazardOptions::default()).unwrap();
    near(cut.log_likelihood(), whole.log_likelihood(), "log-likelihood");
    for (found, expected) in cut.coefficients(Confidence::P95).iter().zip(whole.coefficients(Confidence::P95)) {
        near(found.value, expected.value, &found.name);
    }
    assert_eq!(cut.person_periods(), whole.person_periods());
}

#[test]
fn recovers_what_was_simulated() {
    let set = simulated(20_000, 7);
    let options = DiscreteHazardOptions::default().period_effect(PeriodEffect::Polynomial(1));
    let durations = Durations::new(set.durations.clone(), set.observed.clone()).unwrap();
    let durations = durations.with_entries(set.entries.clone()).unwrap();
    let model = DiscreteHazard::fit(&durations, &set.features(), &options).unwrap();
    for (coefficient, truth) in model.coefficients(Confidence::P95).iter().zip([-0.6, -0.2, -0.1, 0.8]) {
        let error = coefficient.standard_error.unwrap();
        assert!((coefficient.value - truth).abs() < 4.0 * error && error < 0.1, "{coefficient:?}");
    }
    // A declared effect goes on.
    let survival = model.survival(&[5.0, 0.0], &[6, 40], Confidence::P95).unwrap();
    assert!(survival[1].value < survival[0].value);
    assert!(model.aic() < model.bic());
}

#[test]
fn what_cannot_be_fitted_is_typed() {
    let features = |values: &[f64]| Features::new(vec![("x".into(), values.to_vec())]).unwrap();
    let fit = |durations: &[f64], observed: &[bool], values: &[f64], effect: PeriodEffect| {
        let durations = Durations::new(durations.to_vec(), observed.to_vec()).unwrap();
        let options = DiscreteHazardOptions::default().period_effect(effect);
        DiscreteHazard::fit(&durations, &features(values), &options)
    };
    let kind = |durations: &[f64], observed: &[bool], values: &[f64], effect| {
        fit(durations, observed, values, effect).unwrap_err().kind()
    };
    let (intercepts, line) = (PeriodEffect::Intercepts, PeriodEffect::Polynomial(1));
    assert_eq!(kind(&[1.0, 2.0], &[true, false], &[1.0], line), ErrorKind::Incompatible);
    let error = fit(&[1.0, 1.5, 2.0], &[true, false, true], &[1.0, 2.0, 0.0], line).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(1)));
    assert_eq!(kind(&[0.0, 1.0], &[true, false], &[1.0, 2.0], line), ErrorKind::Input);
    assert_eq!(kind(&[1.0, 1e6], &[true, false], &[1.0, 2.0], line), ErrorKind::Input);
    assert_eq!(kind(&[1.0, 2000.0], &[true, false], &[1.0, 2.0], intercepts), ErrorKind::Input);
    assert_eq!(kind(&[1.0, 2.0], &[true, false], &[1.0, 2.0], PeriodEffect::Polynomial(6)), ErrorKind::Input);
    assert_eq!(kind(&[1.0, 2.0], &[false, false], &[1.0, 2.0], line), ErrorKind::Degenerate);
    assert_eq!(kind(&[1.0, 1.0], &[true, true], &[1.0, 2.0], line), ErrorKind::Degenerate);
    // Nobody left in the second period, everybody in the last.
    let error = fit(&[1.0, 1.0, 2.0, 3.0], &[true, false, false, true], &[1.0, 2.0, 4.0, 3.0], intercepts).unwrap_err();
    assert_eq!(
        (error.kind(), error.columns()),
        (ErrorKind::Separated, &["period 2".to_owned(), "period 3".to_owned()][..])
    );
    let late = Durations::new(vec![3.0, 3.0], vec![true, false]).unwrap().with_entries(vec![2.0, 1.0]).unwrap();
    let error = DiscreteHazard::fit(&late, &features(&[1.0, 2.0]), &DiscreteHazardOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    let durations = [1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 2.0, 3.0];
    let observed = [true, true, true, true, false, false, false, false, true, true];
    // Who leaves late has stayed before, whatever his value: no separation. Who leaves in the first period has not.
    let late = [5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 1.0, 9.0, 9.0];
    assert!(fit(&durations, &observed, &late, PeriodEffect::Polynomial(0)).is_ok());
    let first = [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0];
    let gone = [true, true, true, true, false, false, false, false];
    let error = fit(&first, &gone, &[5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 1.0], PeriodEffect::Polynomial(0)).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["x".to_owned()][..]));
    assert_eq!(kind(&durations, &observed, &[2.0; 10], line), ErrorKind::NotIdentified);
    let split = Durations::new(vec![1.0, 2.0, 1.0, 2.0, 1.0], vec![false, true, false, false, true]).unwrap();
    let split = split.with_entries(vec![0.0, 1.0, 0.0, 1.0, 0.0]).unwrap();
    let options = DiscreteHazardOptions::default().period_effect(line);
    let error = DiscreteHazard::fit(&split, &features(&[1.0, 2.0, 1.0, 2.0, 1.0]), &options).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::NotIdentified, &["x".to_owned()][..]));
    let steps = DiscreteHazardOptions::default().period_effect(line).max_iterations(0);
    let set = simulated(100, 8);
    let error = DiscreteHazard::fit(&set.durations(), &set.features(), &steps).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConverged);
}

#[test]
fn questions_out_of_range_are_refused() {
    let set = simulated(300, 9);
    let model = DiscreteHazard::fit(&set.durations(), &set.features(), &DiscreteHazardOptions::default()).unwrap();
    let kind = |row: &[f64], period: u32| model.survival(row, &[period], Confidence::P95).unwrap_err().kind();
    assert_eq!(kind(&[1.0], 1), ErrorKind::Incompatible);
    assert_eq!(kind(&[1.0, f64::NAN], 1), ErrorKind::Input);
    assert_eq!(kind(&[1.0, 0.0], 0), ErrorKind::Input);
    assert_eq!(kind(&[1.0, 0.0], PERIODS + 1), ErrorKind::Input);
    assert_eq!(model.hazard(&[1.0, 0.0], 0, Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
    let extreme = model.survival(&[-1e90, 0.0], &[1, 2], Confidence::P95).unwrap();
    assert!(extreme.iter().all(|estimate| (0.0..=1.0).contains(&estimate.value)));
}

#[cfg(feature = "serde")]
#[test]
fn models_are_stored_and_checked() {
    let set = simulated(300, 9);
    let options = DiscreteHazardOptions::default().period_effect(PeriodEffect::Polynomial(2));
    let model = DiscreteHazard::fit(&set.durations(), &set.features(), &options).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<DiscreteHazard>(&text).unwrap(), model);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("periods", serde_json::json!(0)),
        ("effect", serde_json::json!({"polynomial": 9})),
        ("at", serde_json::json!([1.0])),
        ("names", serde_json::json!(["price", "price"])),
        ("deviations", serde_json::json!([1.0, -1.0])),
        ("covariance", serde_json::json!([1.0])),
        ("events", serde_json::json!(0)),
        ("log_likelihood", serde_json::json!(3.0)),
    ] {
        let mut changed = document.clone();
        changed[key] = value;
        assert!(serde_json::from_value::<DiscreteHazard>(changed).is_err(), "{key}");
    }
}
