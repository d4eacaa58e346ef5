//! Models with covariates against independent fits, known coefficients and their own laws.
#![cfg(feature = "serde")] // What is stored is read back.
#![allow(clippy::cast_possible_truncation)] // Small counts.

use cxo_core::clv::{
    Behavior, BgNbd, CovariateTables, CovariateValues, Covariates, DropoutEffect, FitOptions, LikelihoodRatio, MbgNbd,
    Model, ParetoNbd, PurchaseModel, Regression, Simulated, Summaries, Summary, WithCovariates,
};
use cxo_core::{Confidence, Error, ErrorKind, Seed};
use serde_json::Value;

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} instead of {expected}");
}

fn fit<M: Regression>(
    summaries: &Summaries,
    purchase: &Covariates,
    dropout: &Covariates,
    effect: DropoutEffect,
) -> Result<WithCovariates<M>, Error> {
    WithCovariates::fit(summaries, CovariateTables { purchase, dropout }, effect, &FitOptions::default())
}

/// Purchases and traits of 600 simulated customers, joined by their number.
fn apparel(columns: &[usize]) -> Option<(Summaries, Covariates)> {
    let folder = std::env::var("CXO_GOLDEN_DIR").ok()?;
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/../data/clv/{file}")).unwrap();
    let (histories, traits) = (read("apparel_rfm_20061231.csv"), read("apparelStaticCov.csv"));
    let traits: std::collections::BTreeMap<&str, Vec<f64>> = traits
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap())
        .map(|(customer, values)| (customer, values.split(',').map(|value| value.parse().unwrap()).collect()))
        .collect();
    let mut covariates = Covariates::new(columns.iter().map(|&column| ["Gender", "Channel"][column])).unwrap();
    let history = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let own = &traits[cells[0]];
        covariates.push(&columns.iter().map(|&column| own[column]).collect::<Vec<_>>()).unwrap();
        let [x, t_x, age] = [1, 2, 3].map(|at| cells[at].parse::<f64>().unwrap());
        Summary::from_number(x, t_x, age).unwrap()
    };
    Some((histories.lines().skip(1).map(history).collect(), covariates))
}

fn check_reference<M: Regression>(reference: &Value) -> Option<()> {
    let columns: Vec<usize> =
        reference["columns"].as_array().unwrap().iter().map(|column| column.as_u64().unwrap() as usize).collect();
    let effect: DropoutEffect = serde_json::from_value(reference["effect"].clone()).unwrap();
    let (summaries, table) = apparel(&columns)?;
    let model = fit::<M>(&summaries, &table, &table, effect).unwrap();
    let what = format!("{} {effect:?} {columns:?}", reference["model"]);
    let number = |value: &Value| value.as_f64().unwrap();
    let best = number(&reference["log_likelihood"]);
    assert!(model.log_likelihood() >= best - 1e-9 && model.gradient_norm() < 1e-6, "{what}");
    assert_close(model.log_likelihood(), best, 1e-12, &what);
    for parameter in model.parameters(Confidence::P95) {
        let name = parameter.name;
        assert_close(parameter.estimate.value, number(&reference["parameters"][name]), 1e-6, name);
        let error = parameter.estimate.standard_error.unwrap();
        assert_close(error, number(&reference["standard_errors"][name]), 1e-5, name);
    }
    let coefficients = model.coefficients(Confidence::P95);
    let expected = reference["coefficients"].as_array().unwrap();
    assert_eq!(coefficients.len(), expected.len());
    for (coefficient, expected) in coefficients.iter().zip(expected) {
        assert_eq!(
            (coefficient.name.as_str(), coefficient.parameter),
            (expected["name"].as_str().unwrap(), expected["parameter"].as_str().unwrap())
        );
        let is_purchase = coefficient.parameter == "alpha";
        assert_eq!(coefficient.behavior == Behavior::Purchase, is_purchase);
        let (value, error) = (number(&expected["value"]), number(&expected["standard_error"]));
        assert_close(coefficient.estimate.value, value, 1e-6, &what);
        assert_close(coefficient.estimate.standard_error.unwrap(), error, 1e-5, &what);
        assert_close(coefficient.statistic, value / error, 1e-5, &what);
        let interval = coefficient.estimate.interval.unwrap();
        assert_close(interval.lower, value - 1.959963984540054 * error, 1e-4, &what);
        // A coefficient is significant where its interval leaves out 0.
        assert_eq!(coefficient.p_value < 0.05, !interval.contains(0.0));
    }
    let test = model.against_none();
    let without = number(&reference["log_likelihood_without"]);
    assert_close(test.statistic, 2.0 * (best - without), 1e-8, &what);
    assert_eq!(test.degrees as usize, coefficients.len());
    Some(())
}

/// `tests/data/clv_covariates.json` tells its origin.
#[test]
fn references() {
    let document: Value = serde_json::from_str(include_str!("../data/clv_covariates.json")).unwrap();
    let fits = document["fits"].as_array().unwrap();
    assert_eq!(fits.len(), 7);
    for reference in fits {
        let checked = match reference["model"].as_str().unwrap() {
            "bg-nbd" => check_reference::<BgNbd>(reference),
            _ => check_reference::<ParetoNbd>(reference),
        };
        if checked.is_none() {
            eprintln!("skipped: CXO_GOLDEN_DIR is not set");
            return;
        }
    }
}

/// The customers of one channel leave with equal chances: a and b of that channel have no end.
#[test]
fn shapes_that_run_away_are_named() {
    let Some((summaries, channel)) = apparel(&[1]) else { return };
    let error = fit::<BgNbd>(&summaries, &channel, &channel, DropoutEffect::Shapes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    assert!(error.to_string().contains("keeps rising along a ridge where a and b grow without bound"), "{error}");
    assert!(error.to_string().contains("the coefficient of Channel on b run away from 0"), "{error}");
    assert!(fit::<BgNbd>(&summaries, &channel, &channel, DropoutEffect::Odds).is_ok());
}

/// One continuous covariate and one of 0 and 1.
fn traits(row: u32) -> [f64; 2] {
    [f64::from(row * 7919 % 1000) / 500.0 - 1.0, f64::from(row % 2)]
}

/// Customers drawn one by one from plain models, whose parameters follow their traits.
fn drawn<M: PurchaseModel>(count: u32, model: impl Fn([f64; 2]) -> M) -> (Summaries, Covariates) {
    let mut table = Covariates::new(["income", "member"]).unwrap();
    let customers = (0..count).map(|row| {
        let values = traits(row);
        table.push(&values).unwrap();
        let ages = [40.0 + 20.0 * values[1]];
        let simulated = model(values).simulate(&ages, Seed(1000 + u64::from(row))).unwrap();
        simulated.summaries().unwrap().iter().next().unwrap().0
    });
    let summaries = customers.collect();
    (summaries, table)
}

fn bg(count: u32) -> (Summaries, Covariates) {
    drawn(count, |[income, member]| {
        let (a, b) = (0.9 * (-0.5 * income).exp(), 2.5 * (0.6 * member).exp());
        BgNbd::new([0.8, 6.0 * (-0.4 * income - 0.7 * member).exp(), a, b]).unwrap()
    })
}

fn pareto(count: u32) -> (Summaries, Covariates) {
    drawn(count, |[income, member]| {
        let beta = 12.0 * (0.5 * income - 0.6 * member).exp();
        ParetoNbd::new([0.8, 6.0 * (-0.4 * income - 0.7 * member).exp(), 0.9, beta]).unwrap()
    })
}

fn check_recovery<M: Regression>(model: &WithCovariates<M>, truth: &[f64], base: [f64; 4]) {
    let level = Confidence::new(0.995).unwrap();
    let coefficients = model.coefficients(level);
    assert_eq!(coefficients.len(), truth.len());
    for (coefficient, truth) in coefficients.iter().zip(truth) {
        assert!(coefficient.estimate.interval.unwrap().contains(*truth), "{coefficient:?} of {truth}");
    }
    for (parameter, truth) in model.parameters(level).into_iter().zip(base) {
        assert!(parameter.estimate.interval.unwrap().contains(truth), "{parameter:?} of {truth}");
    }
    assert!(model.against_none().p_value < 1e-6);
}

#[test]
fn recovery() {
    let (summaries, table) = bg(8000);
    let model = fit::<BgNbd>(&summaries, &table, &table, DropoutEffect::Shapes).unwrap();
    check_recovery(&model, &[0.4, 0.7, -0.5, 0.0, 0.0, 0.6], [0.8, 6.0, 0.9, 2.5]);
    let (summaries, table) = pareto(8000);
    let model = fit::<ParetoNbd>(&summaries, &table, &table, DropoutEffect::default()).unwrap();
    check_recovery(&model, &[0.4, 0.7, -0.5, 0.6], [0.8, 6.0, 0.9, 12.0]);
    // Without dropout: the smaller model of the same customers, and the test between the two.
    let smaller = fit::<ParetoNbd>(&summaries, &table, &Covariates::default(), DropoutEffect::default()).unwrap();
    let test = LikelihoodRatio::new(model.log_likelihood(), smaller.log_likelihood(), 2).unwrap();
    assert!(test.p_value < 1e-3, "{test:?}");
    let drop = model.against_none().statistic - smaller.against_none().statistic;
    assert_close(test.statistic, drop, 1e-9, "nested tests");
}

/// The models of single customers give the same log-likelihood, and draw the same purchases.
#[test]
fn customers_have_models_of_their_own() {
    let (summaries, table) = bg(500);
    let model = fit::<MbgNbd>(&summaries, &table, &table, DropoutEffect::Odds).unwrap();
    let ages: Vec<f64> = summaries.iter().map(|(history, _)| history.age()).collect();
    let simulated = model.simulate(&ages, CovariateTables { purchase: &table, dropout: &table }, Seed(5)).unwrap();
    let mut total = 0.0;
    for (row, (history, _)) in summaries.iter().enumerate() {
        let values = traits(row as u32);
        let own = model.model_of(CovariateValues { purchase: &values, dropout: &values }).unwrap();
        total += own.log_likelihood_of(&history);
        if row % 50 == 0 {
            let alone: Simulated = own.simulate(&ages, Seed(5)).unwrap();
            assert_eq!(alone.purchases(row), simulated.purchases(row));
            assert_eq!(alone.is_alive(row), simulated.is_alive(row));
            let outlook = model.outlook(&history, CovariateValues { purchase: &values, dropout: &values }).unwrap();
            assert_eq!(outlook, own.outlook(&history));
        }
    }
    assert_close(model.log_likelihood(), total, 1e-12, "sum over customers");
    let base = model.model_of(CovariateValues { purchase: &[0.0; 2], dropout: &[0.0; 2] }).unwrap();
    assert_eq!(base, *model.base());
}

/// What a different unit of time or of a covariate changes, and what not.
#[test]
fn units_and_order() {
    let (summaries, table) = pareto(1500);
    let none = Covariates::default();
    let model = fit::<ParetoNbd>(&summaries, &table, &none, DropoutEffect::default()).unwrap();
    let (before, level) = (model.coefficients(Confidence::P95), Confidence::P95);

    let days = summaries.iter().map(|(h, _)| Summary::new(h.frequency(), 7.0 * h.recency(), 7.0 * h.age()).unwrap());
    let scaled = fit::<ParetoNbd>(&days.collect(), &table, &none, DropoutEffect::default()).unwrap();
    for (left, right) in before.iter().zip(scaled.coefficients(level)) {
        assert_close(right.estimate.value, left.estimate.value, 1e-7, &left.name);
        assert_close(right.statistic, left.statistic, 1e-7, &left.name);
    }
    for ((left, right), factor) in
        model.parameters(level).iter().zip(scaled.parameters(level)).zip([1.0, 7.0, 1.0, 7.0])
    {
        assert_close(right.estimate.value, factor * left.estimate.value, 1e-7, left.name);
    }

    // z' = 1000 z + 5000: coefficients shrink, alpha moves to what it is at z' = 0, and no test changes.
    let mut moved = Covariates::new(["income", "member"]).unwrap();
    for [income, member] in (0..1500).map(traits) {
        moved.push(&[1000.0 * income + 5000.0, member]).unwrap();
    }
    let other = fit::<ParetoNbd>(&summaries, &moved, &none, DropoutEffect::default()).unwrap();
    assert_close(other.log_likelihood(), model.log_likelihood(), 1e-12, "log-likelihood");
    let after = other.coefficients(level);
    assert_close(after[0].estimate.value, 1e-3 * before[0].estimate.value, 1e-6, "scaled");
    assert_close(after[0].statistic, before[0].statistic, 1e-6, "statistic");
    assert_close(after[1].estimate.value, before[1].estimate.value, 1e-6, "unmoved");
    let [alpha, moved_alpha] = [&model, &other].map(|model| model.base().parameters()[1].1);
    assert_close(moved_alpha, alpha * (5.0 * before[0].estimate.value).exp(), 1e-6, "alpha");

    // Neither the order of the customers nor equal ones written as many change a bit.
    let mut rows: Vec<(Summary, [f64; 2])> =
        summaries.iter().enumerate().map(|(row, (history, _))| (history, traits(row as u32))).collect();
    rows.reverse();
    let mut turned = Covariates::new(["income", "member"]).unwrap();
    for (_, values) in &rows {
        turned.push(values).unwrap();
    }
    let turned_summaries = rows.iter().map(|(history, _)| *history).collect();
    let again = fit::<ParetoNbd>(&turned_summaries, &turned, &none, DropoutEffect::default()).unwrap();
    assert_close(again.log_likelihood(), model.log_likelihood(), 1e-14, "order");
    let (mut twice, mut doubled, mut once) =
        (Summaries::default(), Covariates::new(["income", "member"]).unwrap(), Summaries::default());
    let mut single = doubled.clone();
    for (history, values) in &rows {
        twice.push(*history);
        twice.push(*history);
        doubled.push(values).unwrap();
        doubled.push(values).unwrap();
        once.push_many(*history, 2).unwrap();
        single.push(values).unwrap();
    }
    let fits = [(&twice, &doubled), (&once, &single)]
        .map(|(summaries, table)| fit::<ParetoNbd>(summaries, table, &none, DropoutEffect::default()).unwrap());
    assert_eq!(fits[0].customers(), 3000);
    assert_close(fits[0].log_likelihood(), fits[1].log_likelihood(), 1e-13, "counts");
    assert_close(fits[0].bic(), 6.0 * 3000_f64.ln() - 2.0 * fits[0].log_likelihood(), 1e-14, "BIC");
    assert_close(fits[0].aic(), 12.0 - 2.0 * fits[0].log_likelihood(), 1e-14, "AIC");
}

#[test]
fn refuses_what_cannot_be_answered() {
    let (summaries, table) = bg(300);
    let none = Covariates::default();
    let error = |purchase: &Covariates, dropout: &Covariates| {
        fit::<BgNbd>(&summaries, purchase, dropout, DropoutEffect::Odds).unwrap_err()
    };
    let of = |name: &str, value: &dyn Fn(u32) -> f64| {
        let mut table = Covariates::new([name, "other", "third"]).unwrap();
        (0..300).for_each(|row| table.push(&[value(row), traits(row)[0], f64::from(row % 3)]).unwrap());
        table
    };
    assert_eq!(error(&none, &none).kind(), ErrorKind::NoData);
    let constant = error(&of("country", &|_| 1e-9), &none);
    assert_eq!(constant.kind(), ErrorKind::NotIdentified);
    assert!(constant.to_string().contains("covariate country is the same"), "{constant}");
    let collinear = error(&none, &of("twin", &|row| 1.0 - 2.0 * traits(row)[0]));
    assert_eq!(collinear.kind(), ErrorKind::NotIdentified);
    assert!(collinear.to_string().contains("covariates twin, other are collinear"), "{collinear}");
    let mut short = Covariates::new(["income"]).unwrap();
    short.push(&[1.0]).unwrap();
    assert_eq!(error(&short, &none).kind(), ErrorKind::Incompatible);
    assert_eq!(error(&none, &short).kind(), ErrorKind::Incompatible);
    // Only one customer has the trait, and he has bought nothing: the less he buys, the likelier.
    let silent = summaries.iter().position(|(history, _)| history.frequency() == 0).unwrap() as u32;
    let alone = error(&of("alone", &|row| f64::from(u8::from(row == silent))), &none);
    assert_eq!(alone.kind(), ErrorKind::NotIdentified);
    assert!(alone.to_string().contains("the coefficient of alone on alpha"), "{alone}");

    assert_eq!(short.push(&[1.0, 2.0]).unwrap_err().row(), Some(1));
    let infinite = short.push(&[f64::INFINITY]).unwrap_err();
    assert_eq!((infinite.kind(), infinite.row()), (ErrorKind::Input, Some(1)));
    assert!(infinite.to_string().contains("covariate income is inf"), "{infinite}");
    assert_eq!(Covariates::new(["a", "b", "a"]).unwrap_err().kind(), ErrorKind::Input);

    let tables = CovariateTables { purchase: &table, dropout: &none };
    let penalised = FitOptions::default().penalty(0.1).unwrap();
    let penalty = WithCovariates::<BgNbd>::fit(&summaries, tables, DropoutEffect::Odds, &penalised).unwrap_err();
    assert_eq!(penalty.kind(), ErrorKind::Input);
    let model = fit::<BgNbd>(&summaries, &table, &none, DropoutEffect::Odds).unwrap();
    for values in [&[1.0][..], &[1.0, f64::NAN], &[1.0, 1e9]] {
        let error = model.model_of(CovariateValues { purchase: values, dropout: &[] }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
    }
    let kind = |ages: &[f64], tables| model.simulate(ages, tables, Seed(1)).unwrap_err().kind();
    assert_eq!(kind(&[1.0], tables), ErrorKind::Incompatible);
    assert_eq!(kind(&[1.0], CovariateTables { purchase: &short, dropout: &none }), ErrorKind::Incompatible);
    assert_eq!(kind(&[-1.0; 300], tables), ErrorKind::Input);
    let nobody = WithCovariates::<BgNbd>::fit(&Summaries::default(), tables, DropoutEffect::Odds, &penalised);
    assert!(nobody.is_err());
}

#[test]
fn serde_runs_the_checks() {
    let (summaries, table) = bg(300);
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<Covariates>(&text).unwrap(), table);
    assert!(serde_json::from_str::<Covariates>(r#"{"names":["a","b"],"values":[1.0,2.0,3.0]}"#).is_err());
    assert!(serde_json::from_str::<Covariates>(r#"{"names":[],"values":[1.0]}"#).is_err());
    let model = fit::<BgNbd>(&summaries, &table, &table, DropoutEffect::Odds).unwrap();
    let document = serde_json::to_value(&model).unwrap();
    let read = |document: &Value| serde_json::from_value::<WithCovariates<BgNbd>>(document.clone());
    assert_eq!(read(&document).unwrap(), model);
    assert_eq!(document["effect"], "odds");
    let spoilt = [
        ("coefficients", serde_json::json!([1.0])),
        ("dropout", serde_json::json!(["income"])),
        ("purchase", serde_json::json!(["income", "income"])),
        ("covariance", serde_json::json!(vec![1.0; 64])),
        ("base", serde_json::json!([1.0, 1.0, -1.0, 1.0])),
        ("effect", serde_json::json!("shapes")),
    ];
    for (field, value) in spoilt {
        let mut spoilt = document.clone();
        spoilt[field] = value;
        assert!(read(&spoilt).is_err(), "{field}");
    }
}
