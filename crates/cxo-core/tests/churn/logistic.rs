//! Logistic regression: laws, errors, separation, penalties, profiles and what is stored.

use cxo_core::churn::Features;
use cxo_core::churn::logistic::{
    CrossValidation, Logistic, LogisticOptions, Outcomes, Path, PathOptions, Penalty, Selection,
};
use cxo_core::{Absent, Confidence, ErrorKind, Method};
use proptest::prelude::*;

fn features(columns: &[(&str, &[f64])]) -> Features {
    Features::new(columns.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect()).unwrap()
}

fn named(columns: Vec<Vec<f64>>) -> Features {
    Features::new(columns.into_iter().enumerate().map(|(at, values)| (format!("x{at}"), values)).collect()).unwrap()
}

fn outcomes(happened: &[u8]) -> Outcomes {
    Outcomes::new(happened.iter().map(|happened| *happened == 1).collect()).unwrap()
}

fn fit(features: &Features, outcomes: &Outcomes, penalty: Penalty) -> Result<Logistic, cxo_core::Error> {
    Logistic::fit(features, outcomes, &LogisticOptions::default().penalty(penalty))
}

/// Uniform on (0, 1), by a linear congruential generator (Knuth's MMIX constants).
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Normal columns and outcomes drawn with these slopes.
fn simulated(rows: usize, intercept: f64, slopes: &[f64], seed: u64) -> (Features, Vec<bool>) {
    let mut draws = Draws(seed);
    let mut columns = vec![Vec::with_capacity(rows); slopes.len()];
    let mut happened = Vec::with_capacity(rows);
    for _ in 0..rows {
        let mut logit = intercept;
        for (column, slope) in columns.iter_mut().zip(slopes) {
            let value = draws.normal();
            column.push(value);
            logit += slope * value;
        }
        happened.push(draws.uniform() < 1.0 / (1.0 + (-logit).exp()));
    }
    (named(columns), happened)
}

/// The log-likelihood and its derivatives by intercept and slopes, row by row as the definition says.
fn by_definition(features: &Features, outcomes: &Outcomes, intercept: f64, slopes: &[f64]) -> (f64, Vec<f64>) {
    let (mut value, mut gradient) = (0.0, vec![0.0; slopes.len() + 1]);
    for row in 0..features.rows() {
        let of = |values: Option<&[f64]>, otherwise: f64| values.map_or(otherwise, |values| values[row]);
        let values: Vec<f64> = features.columns().iter().map(|column| column[row]).collect();
        let logit = of(outcomes.offsets(), 0.0)
            + intercept
            + values.iter().zip(slopes).map(|(value, slope)| value * slope).sum::<f64>();
        let weight = of(outcomes.weights(), 1.0);
        let probability = 1.0 / (1.0 + (-logit).exp());
        let happened = outcomes.happened()[row];
        value += weight * if happened { probability.ln() } else { (1.0 - probability).ln() };
        let slope = weight * (f64::from(u8::from(happened)) - probability);
        gradient[0] += slope;
        gradient.iter_mut().skip(1).zip(&values).for_each(|(sum, value)| *sum += slope * value);
    }
    (value, gradient)
}

fn assert_same(left: &Logistic, right: &Logistic, tolerance: f64) {
    let near = |x: f64, y: f64, what: &str| {
        assert!((x - y).abs() <= tolerance * (1.0 + x.abs()), "{what}: {x} {y}");
    };
    near(left.log_likelihood(), right.log_likelihood(), "log-likelihood");
    let tables = [left, right].map(|model| model.coefficients(Confidence::P95));
    for (x, y) in tables[0].iter().zip(&tables[1]) {
        near(x.standardized, y.standardized, &x.name);
        match (x.standard_error, y.standard_error) {
            (Ok(x), Ok(y)) => near(x, y, "standard error"),
            (x, y) => assert_eq!(x, y),
        }
    }
}

/// Small sets in which both outcomes happen: two columns, a row each time with its weight.
fn small_sets() -> impl Strategy<Value = (Vec<[f64; 2]>, Vec<bool>, Vec<u8>)> {
    let row = (-20i8..20, 0u8..3, any::<bool>(), 1u8..4);
    proptest::collection::vec(row, 12..40).prop_map(|rows| {
        let columns = rows.iter().map(|(x, y, _, _)| [f64::from(*x) / 4.0, f64::from(*y)]).collect();
        (columns, rows.iter().map(|row| row.2).collect(), rows.iter().map(|row| row.3).collect())
    })
}

fn columns_of(rows: &[[f64; 2]]) -> Features {
    features(&[
        ("x", &rows.iter().map(|row| row[0]).collect::<Vec<_>>()),
        ("y", &rows.iter().map(|row| row[1]).collect::<Vec<_>>()),
    ])
}

proptest! {
    #[test]
    fn the_score_is_zero_and_beats_its_neighbours((rows, happened, weights) in small_sets()) {
        let features = columns_of(&rows);
        let offsets: Vec<f64> = rows.iter().map(|row| 0.1 * row[0] * row[1]).collect();
        let outcomes = Outcomes::new(happened).unwrap();
        let outcomes = outcomes.with_weights(weights.iter().map(|weight| f64::from(*weight)).collect()).unwrap();
        let outcomes = outcomes.with_offsets(offsets).unwrap();
        if let Ok(model) = fit(&features, &outcomes, Penalty::NONE) {
            let (value, gradient) = by_definition(&features, &outcomes, model.intercept(), model.slopes());
            prop_assert!((value - model.log_likelihood()).abs() < 1e-9, "{value} {}", model.log_likelihood());
            prop_assert!(gradient.iter().all(|slope| slope.abs() < 1e-6), "{gradient:?}");
            prop_assert!(model.log_likelihood() >= model.null_log_likelihood() - 1e-12);
            for place in 0..2 {
                let mut slopes = model.slopes().to_vec();
                slopes[place] += 1e-3;
                prop_assert!(by_definition(&features, &outcomes, model.intercept(), &slopes).0 <= value + 1e-12);
            }
        }
    }

    #[test]
    fn order_units_and_repetition_do_not_matter((rows, happened, weights) in small_sets()) {
        for penalty in [Penalty::NONE, Penalty::FIRTH, Penalty::l2(0.7).unwrap(), Penalty::elastic_net(1.3, 0.6).unwrap()] {
            let outcomes = Outcomes::new(happened.clone()).unwrap();
            let weighted = outcomes.with_weights(weights.iter().map(|weight| f64::from(*weight)).collect()).unwrap();
            let Ok(model) = fit(&columns_of(&rows), &weighted, penalty) else { continue };
            // A nearly separated set has a nearly flat top, on which rounding shows.
            let flat = model.coefficients(Confidence::P95).iter().any(|c| c.standard_error.is_ok_and(|error| error > 20.0));
            if flat { continue }
            let reversed: Vec<_> = rows.iter().rev().copied().collect();
            let outcomes = Outcomes::new(happened.iter().rev().copied().collect()).unwrap();
            let turned = outcomes.with_weights(weights.iter().rev().map(|weight| f64::from(*weight)).collect()).unwrap();
            assert_same(&model, &fit(&columns_of(&reversed), &turned, penalty).unwrap(), 1e-8);

            let moved: Vec<_> = rows.iter().map(|row| [1000.0 * row[0] + 77.0, row[1] / 64.0 - 3.0]).collect();
            let scaled = fit(&columns_of(&moved), &weighted, penalty).unwrap();
            prop_assert!((scaled.log_likelihood() - model.log_likelihood()).abs() < 1e-8);
            prop_assert!((scaled.base() - model.base()).abs() < 1e-7);
            prop_assert!((scaled.slopes()[0] * 1000.0 - model.slopes()[0]).abs() < 1e-7);

            let (mut long, mut each) = (Vec::new(), Vec::new());
            for ((row, happened), weight) in rows.iter().zip(&happened).zip(&weights) {
                for _ in 0..*weight {
                    long.push(*row);
                    each.push(*happened);
                }
            }
            let repeated = fit(&columns_of(&long), &Outcomes::new(each).unwrap(), penalty).unwrap();
            assert_same(&model, &repeated, 1e-8);
            prop_assert!((model.bic() - repeated.bic()).abs() < 1e-7);
        }
    }

    #[test]
    fn a_fit_without_penalty_exists_or_separation_is_named((rows, happened, _) in small_sets()) {
        let (features, outcomes) = (columns_of(&rows), Outcomes::new(happened.clone()).unwrap());
        match fit(&features, &outcomes, Penalty::NONE) {
            Ok(model) => prop_assert!(model.coefficients(Confidence::P95).iter().all(|c| c.standard_error.is_ok())),
            Err(error) if error.kind() == ErrorKind::Separated => {
                let columns: Vec<Vec<f64>> = error.columns().iter().map(|name| {
                    features.columns()[features.names().iter().position(|other| other == name).unwrap()].clone()
                }).collect();
                // The named columns alone are separated as well, and with a penalty there is an answer.
                let named = Features::new(error.columns().iter().cloned().zip(columns).collect()).unwrap();
                let again = fit(&named, &outcomes, Penalty::NONE).unwrap_err();
                prop_assert_eq!(again.columns(), error.columns());
                prop_assert!(fit(&features, &outcomes, Penalty::FIRTH).is_ok());
                prop_assert!(fit(&features, &outcomes, Penalty::l2(1.0).unwrap()).is_ok());
            }
            Err(error) => prop_assert!(matches!(error.kind(), ErrorKind::Degenerate | ErrorKind::NotIdentified), "{error}"),
        }
    }

    #[test]
    fn penalised_fits_meet_their_conditions((rows, happened, _) in small_sets(), strength in 0.05f64..8.0, ratio in 0.0f64..=1.0) {
        let (features, outcomes) = (columns_of(&rows), Outcomes::new(happened).unwrap());
        let Ok(model) = fit(&features, &outcomes, Penalty::elastic_net(strength, ratio).unwrap()) else { return Ok(()) };
        let (value, gradient) = by_definition(&features, &outcomes, model.intercept(), model.slopes());
        prop_assert!(gradient[0].abs() < 1e-8);
        let mut paid = 0.0;
        for (column, (slope, deviation)) in model.slopes().iter().zip(model.deviations()).enumerate() {
            let (b, mean) = (slope * deviation, model.means()[column]);
            let standardized = (gradient[column + 1] - mean * gradient[0]) / deviation;
            // By the coefficient of a standardised column: slope of the likelihood times deviation.
            let pull = strength * (1.0 - ratio) * b;
            if *slope == 0.0 {
                prop_assert!(standardized.abs() <= strength * ratio * (1.0 + 1e-6) + 1e-9);
            } else {
                prop_assert!((standardized - pull - strength * ratio * b.signum()).abs() < 1e-7 * (1.0 + strength));
            }
            paid += strength * (ratio * b.abs() + 0.5 * (1.0 - ratio) * b * b);
        }
        prop_assert!((value - paid - model.penalized_log_likelihood()).abs() < 1e-9);
        prop_assert!(model.degrees_of_freedom() > 0.0 && model.degrees_of_freedom() <= 3.0 + 1e-12);
        prop_assert_eq!(model.covariance(), Err(Absent::Penalized));
        prop_assert_eq!(model.likelihood_ratio(), Err(Absent::Penalized));
        prop_assert_eq!(model.logit_variance(&[0.0, 0.0]).unwrap(), Err(Absent::Penalized));
    }
}

#[test]
fn a_weak_ridge_is_none_and_a_strong_lasso_is_null() {
    let (features, happened) = simulated(500, -0.5, &[1.0, 0.0, -0.5], 3);
    let outcomes = Outcomes::new(happened).unwrap();
    let free = fit(&features, &outcomes, Penalty::NONE).unwrap();
    for penalty in [Penalty::l2(1e-9).unwrap(), Penalty::l1(1e-9).unwrap()] {
        let weak = fit(&features, &outcomes, penalty).unwrap();
        for (x, y) in weak.slopes().iter().zip(free.slopes()) {
            assert!((x - y).abs() < 1e-9, "{penalty:?} {x} {y}");
        }
        assert!((weak.degrees_of_freedom() - 4.0).abs() < 1e-7);
    }
    let strong = fit(&features, &outcomes, Penalty::l1(1e4).unwrap()).unwrap();
    assert_eq!((strong.slopes(), strong.degrees_of_freedom()), (&[0.0; 3][..], 1.0));
    assert!((strong.log_likelihood() - free.null_log_likelihood()).abs() < 1e-10);
}

#[test]
fn separation_names_the_columns() {
    let noise = [0.3, -1.0, 0.8, 0.1, -0.4, 1.2, -0.9, 0.5, 0.2, -0.7, 0.6, -0.2];
    let halves = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
    let mixed = [0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1];
    let slope: Vec<f64> = (0..12).map(f64::from).collect();
    let level = |rows: &[usize]| (0..12).map(|row| f64::from(u8::from(rows.contains(&row)))).collect::<Vec<_>>();
    // Rows 1, 4 and 8 happened; a level that holds two of them is separated, one that holds all rows but those too.
    let (sure, other) = (level(&[1, 4]), level(&[0, 3]));
    let (b, c) = (level(&[0, 1, 2, 4]), level(&[5, 6, 7, 8, 9]));
    let only_reference_stays = [1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0];
    let sum: Vec<f64> = slope.iter().zip(&noise).map(|(x, z)| x - 5.5 - 4.0 * z).collect();
    let cases: [(&str, Features, &[u8], &[&str]); 6] = [
        ("complete", features(&[("noise", &noise), ("x", &slope)]), &halves, &["x"]),
        ("quasi", features(&[("sure", &sure), ("noise", &noise)]), &mixed, &["sure"]),
        ("two levels", features(&[("noise", &noise), ("sure", &sure), ("other", &other)]), &mixed, &["sure", "other"]),
        ("the reference", features(&[("b", &b), ("noise", &noise), ("c", &c)]), &only_reference_stays, &["b", "c"]),
        ("together", features(&[("sum", &sum), ("noise", &noise)]), &halves, &["sum", "noise"]),
        ("touching", features(&[("x", &[1.0, 2.0, 2.0, 3.0, 1.5, 4.0])]), &[0, 0, 1, 1, 0, 1], &["x"]),
    ];
    for (name, features, happened, columns) in cases {
        let outcomes = outcomes(happened);
        let error = fit(&features, &outcomes, Penalty::NONE).unwrap_err();
        assert_eq!(
            (error.kind(), error.columns()),
            (ErrorKind::Separated, &columns.map_names()[..]),
            "{name}: {error}"
        );
        assert!(error.to_string().contains("Firth"), "{error}");
        let model = fit(&features, &outcomes, Penalty::FIRTH).unwrap();
        assert!(model.slopes().iter().all(|slope| slope.is_finite()), "{name}");
        // Weights and offsets neither make nor hide separation.
        let heavy = outcomes.with_weights(vec![3.0; happened.len()]).unwrap();
        let pushed = heavy.with_offsets((0..happened.len()).map(|row| (row % 3) as f64).collect()).unwrap();
        assert_eq!(fit(&features, &pushed, Penalty::NONE).unwrap_err().columns(), columns.map_names(), "{name}");
    }
}

trait Names {
    fn map_names(&self) -> Vec<String>;
}

impl Names for &[&str] {
    fn map_names(&self) -> Vec<String> {
        self.iter().map(|name| (*name).to_owned()).collect()
    }
}

#[test]
fn separation_among_many_rows_and_columns() {
    let slopes = [0.5, -0.3, 0.0, 0.2, 0.1, -0.6];
    let (drawn, mut happened) = simulated(6_000, -1.0, &slopes, 9);
    let mut columns = drawn.columns().to_vec();
    // Three rows alone have the level, and in all of them it happened.
    let mut rare = vec![0.0; 6_000];
    for row in [17, 2_345, 5_999] {
        rare[row] = 1.0;
        happened[row] = true;
    }
    columns.push(rare);
    let error = fit(&named(columns.clone()), &Outcomes::new(happened.clone()).unwrap(), Penalty::NONE).unwrap_err();
    assert_eq!(error.columns(), ["x6"]);
    // One row that stayed, and there is an answer.
    happened[2_345] = false;
    let model = fit(&named(columns.clone()), &Outcomes::new(happened.clone()).unwrap(), Penalty::NONE).unwrap();
    assert!(model.coefficients(Confidence::P95)[7].standard_error.unwrap() < 2.0);
    // Two columns together decide, neither alone.
    let decided: Vec<bool> = columns[0].iter().zip(&columns[3]).map(|(x, y)| x + 0.5 * y > 0.2).collect();
    let error = fit(&named(columns), &Outcomes::new(decided).unwrap(), Penalty::NONE).unwrap_err();
    assert_eq!(error.columns(), ["x0", "x3"]);
}

#[test]
fn nearly_separated_data_converge() {
    // One row on the wrong side of a wide gap: a likelihood that is long nearly flat.
    let x: Vec<f64> =
        (0..40).map(|row| if row < 20 { -f64::from(row) - 50.0 } else { f64::from(row) + 30.0 }).collect();
    let mut happened: Vec<u8> = (0..40).map(|row| u8::from(row >= 20)).collect();
    happened[10] = 1;
    let features = features(&[("x", &x)]);
    let model = fit(&features, &outcomes(&happened), Penalty::NONE).unwrap();
    let (value, gradient) = by_definition(&features, &outcomes(&happened), model.intercept(), model.slopes());
    assert!(
        (value - model.log_likelihood()).abs() < 1e-9 && gradient.iter().all(|slope| slope.abs() < 1e-5),
        "{gradient:?}"
    );
}

#[test]
fn dependent_and_constant_columns_are_named() {
    let (drawn, happened) = simulated(60, 0.0, &[0.5, -0.5], 5);
    let outcomes = Outcomes::new(happened.clone()).unwrap();
    let [x, y] = [0, 1].map(|place: usize| drawn.columns()[place].clone());
    let sum: Vec<f64> = x.iter().zip(&y).map(|(x, y)| 3.0 * x - y + 1e6).collect();
    let level = |row: usize, is: usize| f64::from(u8::from(row % 3 == is));
    let all: Vec<Vec<f64>> = (0..3).map(|is| (0..60).map(|row| level(row, is)).collect()).collect();
    for penalty in [Penalty::NONE, Penalty::FIRTH] {
        for (columns, expected) in [
            (vec![x.clone(), y.clone(), x.clone()], vec!["x2"]),
            (vec![x.clone(), y.clone(), sum.clone()], vec!["x2"]),
            (vec![all[0].clone(), x.clone(), all[1].clone(), all[2].clone()], vec!["x3"]),
            (vec![x.clone(), x.iter().map(|x| -2.0 * x).collect(), y.clone(), sum.clone()], vec!["x1", "x3"]),
        ] {
            let error = fit(&named(columns), &outcomes, penalty).unwrap_err();
            assert_eq!(
                (error.kind(), error.columns()),
                (ErrorKind::NotIdentified, &expected.as_slice().map_names()[..])
            );
        }
    }
    // More columns than rows.
    let few = |column: usize| (0..4).map(|row| x[row + 4 * column]).collect::<Vec<_>>();
    let wide = named((0..6).map(few).collect());
    let error = fit(&wide, &Outcomes::new(vec![true, false, true, false]).unwrap(), Penalty::NONE).unwrap_err();
    assert_eq!(error.columns().len(), 3);
    // A ridge can tell them apart; a lasso as well.
    let repeated = named(vec![x.clone(), y.clone(), x.clone()]);
    let ridge = fit(&repeated, &outcomes, Penalty::l2(1.0).unwrap()).unwrap();
    assert!((ridge.slopes()[0] - ridge.slopes()[2]).abs() < 1e-9);
    assert!(fit(&repeated, &outcomes, Penalty::l1(1.0).unwrap()).is_ok());
    // Nothing helps a constant.
    for penalty in [Penalty::NONE, Penalty::l2(1.0).unwrap(), Penalty::l1(1.0).unwrap(), Penalty::FIRTH] {
        let constant = named(vec![x.clone(), vec![0.1; 60]]);
        assert_eq!(fit(&constant, &outcomes, penalty).unwrap_err().columns(), ["x1"]);
    }
}

#[test]
fn nearly_dependent_columns_keep_their_digits() {
    let (drawn, happened) = simulated(400, 0.2, &[0.8, 0.4], 8);
    let outcomes = Outcomes::new(happened).unwrap();
    let plain = fit(&drawn, &outcomes, Penalty::NONE).unwrap();
    // Multiples of 2^-20, so that the sum is exact.
    let coarse: Vec<Vec<f64>> = drawn
        .columns()
        .iter()
        .map(|column| column.iter().map(|x| (x * 1048576.0).round() / 1048576.0).collect())
        .collect();
    let exact = fit(&named(coarse.clone()), &outcomes, Penalty::NONE).unwrap();
    assert!((exact.slopes()[0] - plain.slopes()[0]).abs() < 1e-4);
    for (power, tolerance) in [(-16.0f64, 1e-9), (-30.0, 1e-5)] {
        let step = power.exp2();
        let close: Vec<f64> = coarse[0].iter().zip(&coarse[1]).map(|(x, y)| x + step * y).collect();
        let model = fit(&named(vec![coarse[0].clone(), close]), &outcomes, Penalty::NONE).unwrap();
        assert!((model.log_likelihood() / exact.log_likelihood() - 1.0).abs() < tolerance);
        let expected = [exact.slopes()[0] - exact.slopes()[1] / step, exact.slopes()[1] / step];
        let errors = [&model, &exact].map(|model| model.coefficients(Confidence::P95)[2].standard_error.unwrap());
        for (found, expected) in model.slopes().iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < tolerance, "{power}: {found} {expected}");
        }
        assert!((errors[0] * step / errors[1] - 1.0).abs() < tolerance);
    }
}

#[test]
fn skewed_columns_converge() {
    let mut draws = Draws(21);
    let x: Vec<f64> = (0..8_000).map(|_| (1.5 * draws.normal()).exp()).collect();
    let happened = x.iter().map(|x| draws.uniform() < 1.0 / (1.0 + (2.0 - 0.8 * x).exp())).collect();
    let (features, outcomes) = (features(&[("x", &x)]), Outcomes::new(happened).unwrap());
    let model = fit(&features, &outcomes, Penalty::NONE).unwrap();
    let coefficient = &model.coefficients(Confidence::P95)[1];
    assert!((coefficient.value - 0.8).abs() < 4.0 * coefficient.standard_error.unwrap(), "{coefficient:?}");
    let (_, gradient) = by_definition(&features, &outcomes, model.intercept(), model.slopes());
    assert!(gradient.iter().all(|slope| slope.abs() < 1e-6), "{gradient:?}");
}

#[test]
fn recovers_what_was_simulated() {
    let slopes = [0.4, -0.2, 0.0, 0.7];
    let (features, happened) = simulated(120_000, -0.8, &slopes, 12);
    let outcomes = Outcomes::new(happened).unwrap();
    let model = fit(&features, &outcomes, Penalty::NONE).unwrap();
    for (coefficient, truth) in model.coefficients(Confidence::P95).iter().zip([-0.8].iter().chain(&slopes)) {
        let error = coefficient.standard_error.unwrap();
        assert!((coefficient.value - truth).abs() < 4.0 * error && error < 0.01, "{coefficient:?}");
        assert_eq!(coefficient.interval.unwrap().method, Method::Wald);
    }
    // The way through a part of the rows ends where the whole way ends.
    let (value, gradient) = by_definition(&features, &outcomes, model.intercept(), model.slopes());
    assert!((value / model.log_likelihood() - 1.0).abs() < 1e-11);
    assert!(gradient.iter().all(|slope| slope.abs() < 1e-7), "{gradient:?}");
}

#[test]
fn a_part_that_is_separated_does_not_mislead() {
    // It happened only in rows outside of the part that is fitted first.
    let (features, mut happened) = simulated(9_000, -2.0, &[0.5, 0.3], 30);
    happened.iter_mut().enumerate().filter(|(row, _)| (row / 128) % 8 == 0).for_each(|(_, happened)| *happened = false);
    let outcomes = Outcomes::new(happened).unwrap();
    let model = fit(&features, &outcomes, Penalty::NONE).unwrap();
    let (_, gradient) = by_definition(&features, &outcomes, model.intercept(), model.slopes());
    assert!(gradient.iter().all(|slope| slope.abs() < 1e-7), "{gradient:?}");
}

#[test]
fn the_covariance_is_the_inverse_of_the_information() {
    let (features, happened) = simulated(300, 0.3, &[0.8, 0.4], 2);
    let outcomes = Outcomes::new(happened).unwrap();
    let model = fit(&features, &outcomes, Penalty::NONE).unwrap();
    let covariance = model.covariance().unwrap();
    let mut information = [[0.0; 3]; 3];
    for row in 0..300 {
        let values = [1.0, features.columns()[0][row], features.columns()[1][row]];
        let probability = 1.0 / (1.0 + (-model.logit(&values[1..]).unwrap()).exp());
        for left in 0..3 {
            for right in 0..3 {
                information[left][right] += probability * (1.0 - probability) * values[left] * values[right];
            }
        }
    }
    for left in 0..3 {
        for right in 0..3 {
            let product: f64 = (0..3).map(|at| information[left][at] * covariance[3 * at + right]).sum();
            assert!((product - f64::from(u8::from(left == right))).abs() < 1e-9);
        }
    }
    let row = [1.5, -0.4];
    let (all, estimate) = ([1.0, 1.5, -0.4], model.prediction(&row, Confidence::P90).unwrap());
    let variance: f64 = (0..9).map(|at| all[at / 3] * all[at % 3] * covariance[at]).sum();
    assert!((estimate.standard_error.unwrap().powi(2) / variance - 1.0).abs() < 1e-12);
    assert_eq!(
        (estimate.value, estimate.n, estimate.method),
        (model.logit(&row).unwrap(), 300, Method::MaximumLikelihood)
    );
    assert!(
        (model.covariance().unwrap()[0].sqrt() - model.coefficients(Confidence::P95)[0].standard_error.unwrap()).abs()
            < 1e-14
    );
}

#[test]
fn scores_of_rows_and_columns_agree() {
    let (features, happened) = simulated(3_000, 0.3, &[0.8, 40.0], 2);
    let model = fit(&features, &Outcomes::new(happened).unwrap(), Penalty::l2(0.01).unwrap()).unwrap();
    let (logits, probabilities) = (model.logits(&features).unwrap(), model.probabilities(&features).unwrap());
    for row in 0..3_000 {
        let logit = model.logit(&[features.columns()[0][row], features.columns()[1][row]]).unwrap();
        assert!((logits[row] - logit).abs() <= 1e-13 * (1.0 + logit.abs()));
        let exact = 1.0 / (1.0 + (-logit).exp());
        assert!((probabilities[row] / exact - 1.0).abs() < 1e-12, "{row}");
    }
}

/// The profile of one coefficient by its definition: the others fitted with the column as an offset.
#[test]
fn profiles_end_where_the_likelihood_ratio_says() {
    let (features, happened) = simulated(80, 0.4, &[0.9, -0.3], 6);
    let outcomes = Outcomes::new(happened.clone()).unwrap();
    let model = fit(&features, &outcomes, Penalty::NONE).unwrap();
    let profiles = model.profile(&features, &outcomes, Confidence::P95).unwrap();
    let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["(intercept)", "x0", "x1"]);
    for place in 0..2 {
        let ratio = |value: f64| {
            let offsets = features.columns()[place].iter().map(|x| value * x).collect();
            let pushed = Outcomes::new(happened.clone()).unwrap().with_offsets(offsets).unwrap();
            let rest = Features::new(vec![("rest".into(), features.columns()[1 - place].clone())]).unwrap();
            2.0 * (model.log_likelihood() - fit(&rest, &pushed, Penalty::NONE).unwrap().log_likelihood())
        };
        let profile = &profiles[place + 1];
        assert_eq!(profile.interval.method, Method::ProfileLikelihood);
        for bound in [profile.interval.lower, profile.interval.upper] {
            // The 95 % quantile of chi-square with one degree of freedom.
            assert!((ratio(bound) - 3.841458820694124).abs() < 1e-7, "{}", ratio(bound));
        }
        assert!((profile.statistic.powi(2) - ratio(0.0)).abs() < 1e-9);
        assert_eq!(profile.statistic > 0.0, profile.value > 0.0);
        assert!((profile.value - model.slopes()[place]).abs() < 1e-12);
    }
    // The intercept: the slopes as they are, one value of the intercept for all rows.
    let bound = profiles[0].interval.lower;
    let (mut best, mut slopes) = (f64::NEG_INFINITY, model.slopes().to_vec());
    for _ in 0..200 {
        let (value, gradient) = by_definition(&features, &outcomes, bound, &slopes);
        best = value;
        slopes.iter_mut().zip(&gradient[1..]).for_each(|(slope, by)| *slope += 0.05 * by);
    }
    assert!((2.0 * (model.log_likelihood() - best) - 3.841458820694124).abs() < 1e-6, "{best}");
}

/// The penalised log-likelihood of one column and an intercept by its definition.
fn firth_by_definition(x: &[f64], happened: &[u8], at: [f64; 2]) -> f64 {
    let (mut value, mut information) = (0.0, [0.0; 3]);
    for (x, happened) in x.iter().zip(happened) {
        let probability = 1.0 / (1.0 + (-(at[0] + at[1] * x)).exp());
        value += if *happened == 1 { probability.ln() } else { (1.0 - probability).ln() };
        let weight = probability * (1.0 - probability);
        [1.0, *x, x * x].iter().zip(&mut information).for_each(|(term, sum)| *sum += weight * term);
    }
    value + 0.5 * (information[0] * information[2] - information[1].powi(2)).ln()
}

/// Its greatest value for a given slope, by bisection on the difference along the intercept.
fn firth_profile(x: &[f64], happened: &[u8], slope: f64) -> f64 {
    let at = |intercept: f64| firth_by_definition(x, happened, [intercept, slope]);
    let (mut low, mut high) = (-30.0, 30.0);
    for _ in 0..200 {
        let (first, second) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if at(first) < at(second) { low = first } else { high = second }
    }
    at(0.5 * (low + high))
}

#[test]
fn firth_is_the_top_of_its_likelihood_and_its_profile() {
    let x: Vec<f64> = (0..14).map(|row| f64::from(row * row) / 10.0).collect();
    let happened = [0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1];
    let (features, outcomes) = (features(&[("x", &x)]), outcomes(&happened));
    let model = fit(&features, &outcomes, Penalty::FIRTH).unwrap();
    let top = firth_by_definition(&x, &happened, [model.intercept(), model.slopes()[0]]);
    assert!((top - model.penalized_log_likelihood()).abs() < 1e-11);
    for (intercept, slope) in [(1e-4, 0.0), (-1e-4, 0.0), (0.0, 1e-4), (0.0, -1e-4)] {
        assert!(firth_by_definition(&x, &happened, [model.intercept() + intercept, model.slopes()[0] + slope]) < top);
    }
    let profile = &model.profile(&features, &outcomes, Confidence::P95).unwrap()[1];
    for bound in [profile.interval.lower, profile.interval.upper] {
        let ratio = 2.0 * (top - firth_profile(&x, &happened, bound));
        assert!((ratio - 3.841458820694124).abs() < 1e-7, "{ratio}");
    }
    let ratio = 2.0 * (top - firth_profile(&x, &happened, 0.0));
    assert!((profile.statistic.powi(2) - ratio).abs() < 1e-8);
    assert!((model.likelihood_ratio().unwrap().statistic - ratio).abs() < 1e-8);
    assert!(profile.p_value < 0.05 && profile.p_value > 0.0);
}

#[test]
fn profiles_of_penalised_fits_and_other_rows_are_refused() {
    let (features, happened) = simulated(80, 0.4, &[0.9, -0.3], 6);
    let outcomes = Outcomes::new(happened).unwrap();
    let model = fit(&features, &outcomes, Penalty::l2(1.0).unwrap()).unwrap();
    assert_eq!(model.profile(&features, &outcomes, Confidence::P95).unwrap_err().kind(), ErrorKind::Incompatible);
    let (other, happened) = simulated(70, 0.4, &[0.9, -0.3], 6);
    let fewer = Outcomes::new(happened).unwrap();
    let model = fit(&features, &outcomes, Penalty::NONE).unwrap();
    assert_eq!(model.profile(&other, &fewer, Confidence::P95).unwrap_err().kind(), ErrorKind::Incompatible);
}

#[test]
fn a_path_is_its_fits() {
    let (features, happened) = simulated(400, -0.4, &[0.8, 0.0, -0.4, 0.0, 0.1], 14);
    let outcomes = Outcomes::new(happened).unwrap();
    for ratio in [0.0, 0.3, 1.0] {
        let options = PathOptions::default().l1_ratio(ratio).unwrap().count(12).unwrap();
        let path = Path::fit(&features, &outcomes, &options).unwrap();
        assert_eq!(path.models().len(), 12);
        let mut before = f64::INFINITY;
        for model in path.models() {
            let strength = model.penalty().strength().unwrap();
            assert!(strength < before);
            before = strength;
            let alone = fit(&features, &outcomes, Penalty::elastic_net(strength, ratio).unwrap()).unwrap();
            for (x, y) in model.slopes().iter().zip(alone.slopes()) {
                assert!((x - y).abs() < 1e-9, "{ratio} {strength}: {x} {y}");
            }
        }
        let zeros = path.models()[0].slopes().iter().filter(|slope| **slope == 0.0).count();
        assert_eq!(zeros, if ratio > 0.0 { 5 } else { 0 });
        let second = path.models()[1].slopes().iter().filter(|slope| **slope == 0.0).count();
        assert!(ratio == 0.0 || second < 5, "the first strength is the least that holds all at 0");
    }
}

#[test]
fn cross_validation_is_the_loss_of_rows_held_out() {
    let (features, happened) = simulated(300, -0.4, &[0.8, 0.0, -0.4], 15);
    let folds: Vec<u32> = (0..300).map(|row| 7 * (row % 4)).collect();
    let outcomes = Outcomes::new(happened.clone()).unwrap();
    let options = PathOptions::default().strengths(vec![3.0, 30.0, 0.3]).unwrap();
    let validation = CrossValidation::run(&features, &outcomes, &options, &folds).unwrap();
    let strengths: Vec<f64> = validation.points().iter().map(|point| point.strength).collect();
    assert_eq!(strengths, [30.0, 3.0, 0.3]);
    for point in validation.points() {
        let losses: Vec<f64> = [0_usize, 7, 14, 21]
            .iter()
            .map(|fold| {
                let rows = |held: bool| (0..300).filter(move |row| (7 * (row % 4) == *fold) == held);
                let pick = |held: bool| {
                    let columns = features.columns().iter().map(|column| rows(held).map(|row| column[row]).collect());
                    (named(columns.collect()), rows(held).map(|row| happened[row]).collect::<Vec<bool>>())
                };
                let ((seen, known), (unseen, hidden)) = (pick(false), pick(true));
                let penalty = Penalty::l1(point.strength * 0.75).unwrap();
                let model = fit(&seen, &Outcomes::new(known).unwrap(), penalty).unwrap();
                let probabilities = model.probabilities(&unseen).unwrap();
                let terms = probabilities
                    .iter()
                    .zip(&hidden)
                    .map(|(p, happened)| if *happened { p.ln() } else { (-p).ln_1p() });
                -terms.sum::<f64>() / 75.0
            })
            .collect();
        let mean = losses.iter().sum::<f64>() / 4.0;
        let spread = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / 4.0;
        assert!((point.log_loss - mean).abs() < 1e-10);
        assert!((point.standard_error - (spread / 3.0).sqrt()).abs() < 1e-10);
    }
    let [least, simple] = [Selection::Minimum, Selection::OneStandardError].map(|rule| validation.strength(rule));
    let at = |strength: f64| *validation.points().iter().find(|point| point.strength == strength).unwrap();
    assert!(validation.points().iter().all(|point| point.log_loss >= at(least).log_loss));
    assert!(simple >= least && at(simple).log_loss <= at(least).log_loss + at(least).standard_error);
}

#[test]
fn a_level_that_a_fold_lacks_is_left_out_there() {
    let (features, happened) = simulated(60, 0.0, &[0.8], 16);
    let rare = (0..60).map(|row| f64::from(u8::from(row < 3))).collect();
    let columns = named(vec![features.columns()[0].clone(), rare]);
    let folds: Vec<u32> = (0..60).map(|row| row / 20).collect();
    let outcomes = Outcomes::new(happened).unwrap();
    let options = PathOptions::default().count(5).unwrap();
    let validation = CrossValidation::run(&columns, &outcomes, &options, &folds).unwrap();
    assert!(validation.points().iter().all(|point| point.log_loss.is_finite()));
}

#[test]
fn what_cannot_be_fitted_is_typed() {
    let columns = features(&[("x", &[1.0, 2.0, 3.0, 4.0])]);
    let kind = |outcomes: &Outcomes| fit(&columns, outcomes, Penalty::NONE).unwrap_err().kind();
    assert_eq!(kind(&outcomes(&[1, 0, 1])), ErrorKind::Incompatible);
    assert_eq!(kind(&outcomes(&[1, 1, 1, 1])), ErrorKind::Degenerate);
    assert_eq!(kind(&outcomes(&[0, 0, 0, 0])), ErrorKind::Degenerate);
    assert_eq!(kind(&outcomes(&[0, 1, 0, 1]).with_weights(vec![1e308; 4]).unwrap()), ErrorKind::Input);
    let wide = features(&[("x", &[-1e308, 1e308, 0.0, 3.0])]);
    assert_eq!(fit(&wide, &outcomes(&[0, 1, 0, 1]), Penalty::NONE).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(Outcomes::new(vec![]).unwrap_err().kind(), ErrorKind::NoData);
    for (weights, row) in [(vec![1.0, 0.0], 1), (vec![f64::NAN, 1.0], 0), (vec![1.0, f64::INFINITY], 1)] {
        let error = outcomes(&[0, 1]).with_weights(weights).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(row)));
    }
    assert_eq!(outcomes(&[0, 1]).with_weights(vec![1.0]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(outcomes(&[0, 1]).with_offsets(vec![1.0]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(outcomes(&[0, 1]).with_offsets(vec![1.0, f64::NAN]).unwrap_err().row(), Some(1));
    for (strength, ratio) in [(0.0, 0.5), (-1.0, 0.5), (f64::NAN, 0.5), (f64::INFINITY, 0.5), (1.0, -0.1), (1.0, 1.1)] {
        assert_eq!(Penalty::elastic_net(strength, ratio).unwrap_err().kind(), ErrorKind::Input);
    }
    assert!(PathOptions::default().l1_ratio(2.0).is_err() && PathOptions::default().count(1).is_err());
    assert_eq!(PathOptions::default().strengths(vec![]).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(PathOptions::default().strengths(vec![1.0, 0.0]).unwrap_err().kind(), ErrorKind::Input);
    let alternating = outcomes(&[1, 0, 1, 0]);
    let validate = |folds: &[u32]| CrossValidation::run(&columns, &alternating, &PathOptions::default(), folds);
    assert_eq!(validate(&[0, 1]).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(validate(&[3; 4]).unwrap_err().kind(), ErrorKind::Degenerate);
    // Without the second fold nothing happened.
    assert_eq!(validate(&[1, 0, 1, 0]).unwrap_err().kind(), ErrorKind::Degenerate);
    let binary = features(&[("x", &[1.0, 1.0, 0.0, 0.0])]);
    let error = CrossValidation::run(&binary, &alternating, &PathOptions::default(), &[0, 0, 1, 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Degenerate);
}

#[test]
fn steps_that_run_out_are_an_error() {
    let (features, happened) = simulated(200, -0.4, &[1.8, 0.0], 17);
    let outcomes = Outcomes::new(happened).unwrap();
    for penalty in [Penalty::NONE, Penalty::FIRTH, Penalty::l2(1.0).unwrap(), Penalty::l1(1.0).unwrap()] {
        let options = LogisticOptions::default().penalty(penalty).max_iterations(1);
        assert_eq!(Logistic::fit(&features, &outcomes, &options).unwrap_err().kind(), ErrorKind::NotConverged);
    }
}

#[test]
fn rows_that_do_not_fit_the_model_are_refused() {
    let (features, happened) = simulated(200, -0.4, &[0.8, 0.0], 17);
    let model = fit(&features, &Outcomes::new(happened).unwrap(), Penalty::NONE).unwrap();
    for row in [&[1.0][..], &[1.0, 2.0, 3.0]] {
        assert_eq!(model.logit(row).unwrap_err().kind(), ErrorKind::Incompatible);
        assert_eq!(model.prediction(row, Confidence::P95).unwrap_err().kind(), ErrorKind::Incompatible);
    }
    for row in [[f64::NAN, 0.0], [0.0, f64::INFINITY], [f64::NEG_INFINITY, f64::INFINITY]] {
        let error = model.logit(&row).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().starts_with('x'), "{error}");
        assert_eq!(model.logit_variance(&row).unwrap_err().kind(), ErrorKind::Input);
    }
    let other = named(vec![vec![1.0], vec![2.0], vec![3.0]]);
    assert_eq!(model.logits(&other).unwrap_err().kind(), ErrorKind::Incompatible);
    let far = named(vec![vec![1.0, 1e308], vec![2.0, -1e308]]);
    let steep = 1e10 * model.slopes()[0];
    assert!(steep.abs() > 0.0);
    assert!(
        model.probabilities(&far).map_or_else(|error| error.row() == Some(1), |found| found.iter().all(|p| *p <= 1.0))
    );
    let sure = model.probabilities(&named(vec![vec![1e3, -1e3], vec![0.0, 0.0]])).unwrap();
    assert!(sure.iter().all(|p| 0.0 < *p && *p < 1.0), "{sure:?}");
}

#[cfg(feature = "serde")]
#[test]
fn models_are_stored_and_checked() {
    let (features, happened) = simulated(200, -0.4, &[0.8, 0.0], 17);
    let outcomes = Outcomes::new(happened).unwrap();
    for penalty in [Penalty::NONE, Penalty::FIRTH, Penalty::l2(1.0).unwrap(), Penalty::elastic_net(1.0, 0.4).unwrap()] {
        let model = fit(&features, &outcomes, penalty).unwrap();
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<Logistic>(&text).unwrap(), model);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let broken: [(&str, serde_json::Value); 13] = [
            ("names", serde_json::json!(["x0", "x0"])),
            ("names", serde_json::json!(["x0"])),
            ("slopes", serde_json::json!([1.0])),
            ("deviations", serde_json::json!([1.0, 0.0])),
            ("means", serde_json::json!([])),
            ("events", serde_json::json!(0)),
            ("events", serde_json::json!(200)),
            ("weight", serde_json::json!(0.0)),
            ("log_likelihood", serde_json::json!(1.0)),
            ("null_log_likelihood", serde_json::json!(0.0)),
            ("degrees_of_freedom", serde_json::json!(4.0)),
            ("covariance", serde_json::json!([1.0, 2.0])),
            ("likelihood_ratio", serde_json::json!(-1.0)),
        ];
        for (key, value) in broken {
            let mut changed = document.clone();
            changed[key] = value;
            assert!(serde_json::from_value::<Logistic>(changed).is_err(), "{key} {penalty:?}");
        }
    }
    for (text, good) in [
        (r#"{"name":"l2","strength":1.0,"l1_ratio":0.0}"#, true),
        (r#"{"name":"l1","strength":1.0,"l1_ratio":0.0}"#, false),
        (r#"{"name":"l1","strength":-1.0,"l1_ratio":1.0}"#, false),
        (r#"{"name":"none"}"#, true),
        (r#"{"name":"none","strength":1.0}"#, false),
        (r#"{"name":"ridge"}"#, false),
    ] {
        assert_eq!(serde_json::from_str::<Penalty>(text).is_ok(), good, "{text}");
    }
}

/// Several chunks of rows: run with one thread and, with the feature `rayon`, with all of them.
#[test]
fn bits_do_not_depend_on_threads() {
    let (features, happened) = simulated(20_000, -0.4, &[0.8, 0.0, 0.1], 18);
    let outcomes = Outcomes::new(happened).unwrap();
    let [first, second] = [0, 1].map(|_| fit(&features, &outcomes, Penalty::NONE).unwrap());
    assert_eq!(first, second);
    let numbers = [first.log_likelihood(), first.base()];
    let bits: Vec<u64> = numbers.iter().chain(first.slopes()).map(|number| number.to_bits()).collect();
    let pinned =
        [13891380128900200618, 13824434830527805484, 4605143027917246290, 13801891804134429267, 4591915771210349373];
    assert_eq!(bits, pinned);
}
