//! Schema, scores, reasons, what-if, drift and overlap of a risk model, against their definitions and against brute force.
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::needless_pass_by_value)] // Small numbers of tests.

use cxo_core::churn::calibration::{Calibrator, HeldOut, HeldOutBy, Interpolation, Isotonic};
use cxo_core::churn::evaluation::Predictions;
use cxo_core::churn::logistic::{Logistic, Penalty};
use cxo_core::churn::risk::{
    ASSOCIATION, AdditiveModel, Bins, Calibration, Categories, Change, ChurnModel, Column, Direction, Encoding,
    Feature, Fill, Knots, Limits, MissingLevel, MissingRule, Numeric, Overlap, OverlapWarning, RiskModel, Schema,
    SchemaOptions, Search, Setting, Shape, SmallestChange, Table, Target, TrainOptions, Trained, TrainingBins,
    TrainingSummary, UnknownLevel, Value, train,
};
use cxo_core::{Absent, Confidence, ErrorKind, Probability, Seed};
use proptest::prelude::*;

/// Uniform numbers by a linear congruence (Knuth 1997, 3.3.4).
fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

const PLANS: [&str; 3] = ["basic", "family", "premium"];

/// Customers with a price, a tenure that acts along a curve, a plan, and a column of ages that is sometimes missing.
fn customers(rows: usize, seed: u64) -> Table {
    let price: Vec<f64> = uniform(seed).map(|u| 20.0 + 80.0 * u).take(rows).collect();
    let tenure: Vec<f64> = uniform(seed + 1).map(|u| 60.0 * u * u).take(rows).collect();
    let plans: Vec<usize> = uniform(seed + 2).map(|u| (3.0 * u) as usize).take(rows).collect();
    let age = uniform(seed + 3).map(|u| (u > 0.1).then_some(18.0 + 60.0 * u)).take(rows);
    let left = price.iter().zip(&tenure).zip(&plans).zip(uniform(seed + 4)).map(|(((price, tenure), plan), u)| {
        let logit = -2.0 + 0.03 * price - 0.3 * tenure.sqrt() + [0.0, 0.8, -0.6][*plan];
        if u < 1.0 / (1.0 + (-logit).exp()) { "yes" } else { "no" }
    });
    let left: Vec<&str> = left.collect();
    Table::new(vec![
        ("price".into(), Column::numbers(price)),
        ("tenure".into(), Column::numbers(tenure)),
        ("plan".into(), Column::texts(plans.iter().map(|plan| Some(PLANS[*plan])))),
        ("age".into(), Column::optional_numbers(age)),
        ("left".into(), Column::texts(left.iter().map(|left| Some(*left)))),
    ])
    .unwrap()
}

fn everything() -> SchemaOptions {
    SchemaOptions::default()
        .spline("tenure", Knots::Quantiles(4))
        .bins("price", Bins::new(vec![40.0, 60.0, 80.0]).unwrap())
        .missing_in("age", MissingRule::Indicator(Fill::Mean))
        .unknown_in("plan", UnknownLevel::Reference)
}

fn trained(options: TrainOptions) -> Trained {
    train(&customers(800, 1), &Target::churn("left"), &options).unwrap()
}

fn linear() -> ChurnModel {
    let schema = SchemaOptions::default().exclude(["age"]);
    let schema = schema.may_change("price", Change::default()).may_change("plan", Change::default());
    trained(TrainOptions::default().schema(schema)).model
}

fn probability(share: f64) -> Probability {
    Probability::new(share).unwrap()
}

#[test]
fn a_schema_says_what_every_column_becomes() {
    let table = customers(400, 5);
    let schema = Schema::infer(&table, &everything().exclude(["left"])).unwrap();
    let expected = [
        "price=[40, 60)",
        "price=[60, 80)",
        "price=[80, inf)",
        "tenure",
        "tenure'",
        "tenure''",
        "plan=family",
        "plan=premium",
        "age",
        "age=(missing)",
    ];
    assert_eq!(schema.terms(), expected);
    let design = schema.design(&table).unwrap();
    assert_eq!(design.names(), expected);
    let column = |name: &str| &design.columns()[expected.iter().position(|own| *own == name).unwrap()];
    let known: Vec<f64> = (0..400)
        .filter_map(|row| match table.value(row, "age").unwrap() {
            Value::Number(age) => Some(age),
            _ => None,
        })
        .collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let Encoding::Numeric(Numeric { shape: Shape::Spline(spline), .. }) = schema.features()[1].encoding() else {
        panic!("tenure is a spline");
    };
    for row in 0..400 {
        let (Value::Number(price), Value::Number(tenure)) =
            (table.value(row, "price").unwrap(), table.value(row, "tenure").unwrap())
        else {
            panic!("numbers");
        };
        assert_eq!(column("price=[40, 60)")[row], f64::from(u8::from((40.0..60.0).contains(&price))));
        assert_eq!(column("price=[80, inf)")[row], f64::from(u8::from(price >= 80.0)));
        let basis = spline.basis(tenure);
        assert_eq!(["tenure", "tenure'", "tenure''"].map(|term| column(term)[row]), basis[..]);
        let plan = table.value(row, "plan").unwrap();
        assert_eq!(column("plan=family")[row], f64::from(u8::from(plan == Value::Text("family"))));
        if let Value::Number(age) = table.value(row, "age").unwrap() {
            assert_eq!((column("age")[row], column("age=(missing)")[row]), (age, 0.0));
        } else {
            assert!((column("age")[row] - mean).abs() < 1e-12);
            assert_eq!(column("age=(missing)")[row], 1.0);
        }
    }
}

#[test]
fn what_does_not_fit_names_row_column_value_and_what_is_allowed() {
    let table = customers(50, 2);
    let schema = Schema::infer(&table, &SchemaOptions::default().only(["plan", "price"])).unwrap();
    let cases = [
        (
            Column::texts([Some("basic"), Some("gold")]),
            Column::numbers(vec![1.0, 2.0]),
            "row 1: plan is gold, allowed: basic, family, premium",
        ),
        (
            Column::texts([Some("basic"), None]),
            Column::numbers(vec![1.0, 2.0]),
            "row 1: plan is missing, allowed: basic, family, premium",
        ),
        (
            Column::texts([Some("basic"), Some("basic")]),
            Column::optional_numbers([Some(1.0), None]),
            "row 1: price is missing, allowed: a finite number",
        ),
        (
            Column::texts([Some("basic"), Some("basic")]),
            Column::texts([Some("dear"), None]),
            "row 0: price is dear, allowed: a finite number",
        ),
        (
            Column::numbers(vec![3.0, 4.0]),
            Column::numbers(vec![1.0, 2.0]),
            "row 0: plan is 3, allowed: basic, family, premium",
        ),
    ];
    for (plan, price, message) in cases {
        let table = Table::new(vec![("plan".into(), plan), ("price".into(), price)]).unwrap();
        let error = schema.design(&table).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Input, message));
        let row = usize::try_from(error.row().unwrap()).unwrap();
        let values = schema.row(&table, row).unwrap();
        let refused = schema.features().iter().zip(values).find_map(|(feature, value)| feature.check(value).err());
        assert_eq!(refused.unwrap().at_row(row as u64), error);
    }
    let without = Table::new(vec![("plan".into(), Column::texts([Some("basic")]))]).unwrap();
    assert_eq!(schema.design(&without).unwrap_err().to_string(), "column is price, allowed: plan");
}

#[test]
fn unknown_levels_are_what_was_declared() {
    let table = customers(50, 2);
    let with = |rule| Schema::infer(&table, &SchemaOptions::default().only(["plan"]).unknown(rule)).unwrap();
    let of = |schema: &Schema| {
        let table = Table::new(vec![("plan".into(), Column::texts([Some("gold")]))]).unwrap();
        schema.design(&table).map(|design| design.columns().iter().map(|column| column[0]).collect::<Vec<_>>())
    };
    assert_eq!(of(&with(UnknownLevel::Reject)).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(of(&with(UnknownLevel::Reference)).unwrap(), [0.0, 0.0]);
    assert_eq!(of(&with(UnknownLevel::Level("premium".into()))).unwrap(), [0.0, 1.0]);
    let error =
        Schema::infer(&table, &SchemaOptions::default().only(["plan"]).unknown(UnknownLevel::Level("gold".into())));
    assert_eq!(error.unwrap_err().to_string(), "level of plan is gold, allowed: basic, family, premium");
}

#[test]
fn numbers_that_are_names_are_categories() {
    let codes = Column::numbers(vec![10.0, 9.0, 10.0, 2.5]);
    let table = Table::new(vec![("code".into(), codes)]).unwrap();
    let schema = Schema::infer(&table, &SchemaOptions::default().categorical("code")).unwrap();
    // By bytes, so that 10 comes first.
    assert_eq!(schema.terms(), ["code=2.5", "code=9"]);
    assert_eq!(schema.design(&table).unwrap().columns()[1], [0.0, 1.0, 0.0, 0.0]);
    assert!(schema.features()[0].check(Value::Text("9")).is_ok());
    assert!(schema.features()[0].check(Value::Number(3.0)).is_err());
}

#[test]
fn declarations_are_checked() {
    let table = customers(400, 3);
    let kind = |options: SchemaOptions| Schema::infer(&table, &options).unwrap_err().kind();
    let some = || SchemaOptions::default().exclude(["age", "left"]);
    assert_eq!(kind(some().only(["nobody"])), ErrorKind::Input);
    assert_eq!(kind(some().exclude(["nobody"])), ErrorKind::Input);
    assert_eq!(kind(some().linear("nobody")), ErrorKind::Input);
    assert_eq!(kind(some().spline("plan", Knots::default())), ErrorKind::Input);
    assert_eq!(kind(some().spline("price", Knots::Quantiles(9))), ErrorKind::Input);
    assert_eq!(kind(some().spline("price", Knots::At(vec![1.0]))), ErrorKind::Input);
    assert_eq!(kind(some().most_levels(2)), ErrorKind::Input);
    assert_eq!(kind(some().may_change("plan", Change::default().direction(Direction::Up))), ErrorKind::Incompatible);
    assert_eq!(kind(some().may_change("plan", Change::default().levels(["gold"]))), ErrorKind::Input);
    assert_eq!(kind(some().may_change("price", Change::default().levels(["gold"]))), ErrorKind::Incompatible);
    assert_eq!(kind(some().only(Vec::<String>::new())), ErrorKind::NoData);
    assert_eq!(Change::default().within(2.0, 1.0).unwrap_err().kind(), ErrorKind::Input);
    let error = Schema::infer(&table, &SchemaOptions::default()).unwrap_err();
    assert_eq!((error.kind(), error.value(), error.row().is_some()), (ErrorKind::Input, Some("missing"), true));
    let alike = Table::new(vec![("one".into(), Column::numbers(vec![2.0; 9]))]).unwrap();
    assert_eq!(Schema::infer(&alike, &SchemaOptions::default()).unwrap_err().kind(), ErrorKind::Degenerate);
    let alike = Table::new(vec![("one".into(), Column::texts([Some("a"); 9]))]).unwrap();
    assert_eq!(Schema::infer(&alike, &SchemaOptions::default()).unwrap_err().kind(), ErrorKind::Degenerate);
    let few = Table::new(vec![("x".into(), Column::numbers(vec![0.0, 0.0, 0.0, 1.0]))]).unwrap();
    let error = Schema::infer(&few, &SchemaOptions::default().spline("x", Knots::default())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Degenerate);
    assert!(error.to_string().contains('x'));
}

#[test]
fn features_by_hand_are_checked() {
    let categories = |levels: &[&str]| Categories {
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
        collapsed: Vec::new(),
        missing: MissingLevel::None,
        unknown: UnknownLevel::Reject,
    };
    let of = |encoding| Feature::new("plan", encoding, None);
    assert!(of(Encoding::Categorical(categories(&["a", "b"]))).is_ok());
    for levels in [&[][..], &["b", "a"], &["a", "a"]] {
        assert_eq!(of(Encoding::Categorical(categories(levels))).unwrap_err().kind(), ErrorKind::Input);
    }
    let numeric = Numeric { shape: Shape::Linear, range: [0.0, 1.0], deviation: 0.3, fill: None };
    assert!(of(Encoding::Numeric(numeric.clone())).is_ok());
    for wrong in [
        Numeric { range: [1.0, 0.0], ..numeric.clone() },
        Numeric { deviation: f64::NAN, ..numeric.clone() },
        Numeric { fill: Some(f64::INFINITY), ..numeric.clone() },
    ] {
        assert_eq!(of(Encoding::Numeric(wrong)).unwrap_err().kind(), ErrorKind::Input);
    }
    assert_eq!(Feature::new("", Encoding::Numeric(numeric.clone()), None).unwrap_err().kind(), ErrorKind::Input);
    let plain = || Feature::new("x", Encoding::Numeric(numeric.clone()), None).unwrap();
    assert_eq!(Schema::new(vec![plain(), plain()]).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(Schema::new(Vec::new()).unwrap_err().kind(), ErrorKind::NoData);
    // The term of a level may not be the name of another column.
    let level = Feature::new("x", Encoding::Categorical(categories(&["a", "b"])), None).unwrap();
    let column = Feature::new("x=b", Encoding::Numeric(numeric.clone()), None).unwrap();
    assert_eq!(Schema::new(vec![level, column]).unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn tables_are_checked() {
    let column = |rows| ("x".to_owned(), Column::numbers(vec![1.0; rows]));
    for (columns, kind) in [
        (vec![], ErrorKind::NoData),
        (vec![column(0)], ErrorKind::NoData),
        (vec![column(2), column(2)], ErrorKind::Input),
        (vec![column(2), ("y".into(), Column::texts([Some("a")]))], ErrorKind::Incompatible),
        (vec![("x".into(), Column::optional_numbers([None, Some(f64::NAN)]))], ErrorKind::Input),
        (vec![(String::new(), Column::numbers(vec![1.0]))], ErrorKind::Input),
    ] {
        assert_eq!(Table::new(columns).unwrap_err().kind(), kind);
    }
    let table = customers(9, 1);
    assert_eq!(table.subset(&[]).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(table.value(0, "nobody").unwrap_err().kind(), ErrorKind::Input);
    let some = table.subset(&[8, 2]).unwrap();
    for name in table.names() {
        assert_eq!(some.value(0, name).unwrap(), table.value(8, name).unwrap());
        assert_eq!(some.value(1, name).unwrap(), table.value(2, name).unwrap());
    }
}

#[test]
fn a_score_is_the_formula() {
    let Trained { model, .. } = trained(TrainOptions::default().schema(everything()).calibration(Calibration::None));
    let table = customers(300, 77);
    let design = model.schema().design(&table).unwrap();
    let fit = model.model();
    let scores = model.scores(&table, &Limits::at(Confidence::P90)).unwrap();
    let covariance = fit.covariance().unwrap();
    let width = fit.slopes().len() + 1;
    let z = 1.6448536269514722;
    for row in 0..300 {
        let x: Vec<f64> = [1.0].into_iter().chain(design.columns().iter().map(|column| column[row])).collect();
        let logit = fit.intercept() + fit.slopes().iter().zip(&x[1..]).map(|(slope, x)| slope * x).sum::<f64>();
        assert!((scores.logit[row] - logit).abs() < 1e-10);
        let probability = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        assert!((scores.probability[row] - probability(logit)).abs() < 1e-12);
        let variance: f64 = (0..width * width).map(|at| x[at / width] * x[at % width] * covariance[at]).sum::<f64>();
        let limits = scores.limits.as_ref().unwrap();
        assert!((limits.lower[row] - probability(logit - z * variance.sqrt())).abs() < 1e-8);
        assert!((limits.upper[row] - probability(logit + z * variance.sqrt())).abs() < 1e-8);
    }
}

#[test]
fn rows_and_columns_give_the_same_bits_whatever_the_calibrator() {
    let table = customers(1500, 9);
    for calibration in Calibration::ALL {
        let options = TrainOptions::default().schema(everything()).calibration(*calibration);
        let Trained { model, .. } = trained(options);
        assert_eq!(model.calibrator().map_or("none", Calibrator::method), calibration.name());
        let scores = model.scores(&table, &Limits::default()).unwrap();
        let limits = scores.limits.as_ref().unwrap();
        let mut contributions = vec![0.0; model.schema().features().len()];
        for row in 0..table.rows() {
            let values = model.schema().row(&table, row).unwrap();
            let risk = model.explain(&values, &Limits::default(), &mut contributions).unwrap();
            assert_eq!(risk, model.score(&values, &Limits::default()).unwrap());
            assert_eq!((risk.probability, risk.logit), (scores.probability[row], scores.logit[row]));
            assert_eq!((risk.lower, risk.upper), (Ok(limits.lower[row]), Ok(limits.upper[row])));
            assert!(0.0 < risk.probability && risk.probability < 1.0);
            let sum = model.base() + contributions.iter().sum::<f64>();
            assert!((sum - risk.logit).abs() <= 1e-12);
        }
    }
    assert_eq!("isotonic".parse::<Calibration>().unwrap(), Calibration::Isotonic);
    assert_eq!("loess".parse::<Calibration>().unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn reasons_are_the_greatest_contributions_in_order() {
    let model = linear();
    let features: Vec<&str> = model.schema().features().iter().map(Feature::name).collect();
    assert_eq!(features, ["price", "tenure", "plan"]);
    let reasons = model.reasons(&[-0.5, 0.25, 0.25], 2);
    let found: Vec<_> = reasons.iter().map(|reason| (reason.feature, reason.contribution)).collect();
    assert_eq!(found, [("tenure", 0.25), ("plan", 0.25)]);
    assert_eq!(model.reasons(&[-0.5, 0.25, 0.5], 9).len(), 3);
    assert!(model.reasons(&[0.0; 3], 0).is_empty());
}

#[test]
fn refused_rows_of_a_score() {
    let model = linear();
    let limits = Limits::default();
    let good = [Value::Number(50.0), Value::Number(5.0), Value::Text("family")];
    assert!(model.score(&good, &limits).is_ok());
    assert_eq!(model.score(&good[..2], &limits).unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(model.explain(&good, &limits, &mut [0.0; 2]).unwrap_err().kind(), ErrorKind::Incompatible);
    for (place, value, message) in [
        (0, Value::Missing, "price is missing, allowed: a finite number"),
        (0, Value::Number(f64::NAN), "price is NaN, allowed: a finite number"),
        (1, Value::Text("new"), "tenure is new, allowed: a finite number"),
        (2, Value::Text("gold"), "plan is gold, allowed: basic, family, premium"),
    ] {
        let mut row = good;
        row[place] = value;
        let error = model.score(&row, &limits).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Input, message));
    }
    // Finite values whose log-odds are not.
    let huge = [Value::Number(f64::MAX), Value::Number(f64::MAX), Value::Text("family")];
    if let Ok(risk) = model.score(&huge, &limits) {
        assert!(risk.logit.is_finite() && risk.probability > 0.0 && risk.probability < 1.0);
    }
    let penalized = trained(TrainOptions::default().schema(everything()).penalty(Penalty::l2(5.0).unwrap())).model;
    let table = customers(10, 3);
    let risk = penalized.score(&penalized.schema().row(&table, 0).unwrap(), &limits).unwrap();
    assert_eq!((risk.lower, risk.upper), (Err(Absent::Penalized), Err(Absent::Penalized)));
    let omitted = penalized.scores(&table, &Limits::OMITTED).unwrap();
    assert_eq!(omitted.limits, Err(Absent::NotAsked));
    assert_eq!(penalized.scores(&table, &limits).unwrap().limits, Err(Absent::Penalized));
}

/// Another kind of model: those on a premium plan leave twice as often, whatever else.
#[derive(Debug, Clone)]
struct Rule(Vec<String>);

impl RiskModel for Rule {
    fn name(&self) -> &'static str {
        "rule"
    }
    fn terms(&self) -> &[String] {
        &self.0
    }
    fn base(&self) -> f64 {
        -1.0
    }
    fn contributions(&self, terms: &[f64], contributions: &mut [f64]) -> f64 {
        contributions.copy_from_slice(terms);
        terms.iter().fold(-1.0, |sum, term| sum + term)
    }
    fn variance(&self, _: &[f64]) -> Result<f64, Absent> {
        Err(Absent::NotDefined)
    }
    fn logits(&self, columns: &[&[f64]], logits: &mut [f64]) {
        logits.fill(-1.0);
        for column in columns {
            logits.iter_mut().zip(*column).for_each(|(logit, value)| *logit += value);
        }
    }
}

#[test]
fn another_kind_of_model_takes_its_place() {
    let table = customers(50, 2);
    let schema = Schema::infer(&table, &SchemaOptions::default().only(["plan"])).unwrap();
    let rule = Rule(schema.terms());
    let boxed: Box<dyn RiskModel> = Box::new(rule.clone());
    assert_eq!(boxed.name(), "rule");
    let summary = TrainingSummary::new(50, 10).unwrap();
    let model = ChurnModel::new(Target::churn("left"), schema.clone(), rule, summary.clone()).unwrap();
    let risk = model.score(&["family".into()], &Limits::default()).unwrap();
    assert_eq!((risk.logit, risk.probability, risk.lower), (0.0, 0.5, Err(Absent::NotDefined)));
    assert_eq!(model.scores(&table, &Limits::default()).unwrap().limits, Err(Absent::NotDefined));
    let other = ChurnModel::new(Target::churn("left"), schema.clone(), Rule(vec!["plan=gold".into()]), summary.clone());
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Incompatible);
    let own = ChurnModel::new(Target::churn("plan"), schema.clone(), Rule(schema.terms()), summary);
    assert_eq!(own.unwrap_err().kind(), ErrorKind::Incompatible);
    assert_eq!(TrainingSummary::new(1, 2).unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(model.drift(&table).unwrap_err().kind(), ErrorKind::Incompatible);
    let mut bins = TrainingBins::of(&schema, &table, &[0.1, 0.2, 0.3], 2).unwrap();
    bins.features.clear();
    assert_eq!(model.with_bins(bins).unwrap_err().kind(), ErrorKind::Incompatible);
}

#[test]
fn what_if_is_two_scores() {
    let model = linear();
    let row = [Value::Number(90.0), Value::Number(2.0), Value::Text("family")];
    let found = model.what_if(&row, &[("price", 30.0.into()), ("plan", "premium".into())], &Limits::default()).unwrap();
    let changed = [Value::Number(30.0), Value::Number(2.0), Value::Text("premium")];
    assert_eq!(found.before, model.score(&row, &Limits::default()).unwrap());
    assert_eq!(found.after, model.score(&changed, &Limits::default()).unwrap());
    assert!(found.after.probability < found.before.probability);
    assert!(found.reading().contains("association") && found.reading() == ASSOCIATION);
    for change in [("nobody", Value::Number(1.0)), ("plan", Value::Text("gold")), ("price", Value::Missing)] {
        assert_eq!(model.what_if(&row, &[change], &Limits::default()).unwrap_err().kind(), ErrorKind::Input);
    }
}

#[test]
fn the_smallest_change_of_a_number_is_exact() {
    let model = linear();
    let row = [Value::Number(90.0), Value::Number(2.0), Value::Text("premium")];
    let before = model.score(&row, &Limits::OMITTED).unwrap().probability;
    let after = |price: f64| model.score(&[price.into(), row[1], row[2]], &Limits::OMITTED).unwrap().probability;
    let limit = 0.5 * (before + after(25.0));
    let found = model.smallest_change(&row, probability(limit)).unwrap();
    assert_eq!(found.reading(), ASSOCIATION);
    let SmallestChange::Found { alone, probability, .. } = found else { panic!("{found:?}") };
    let step = alone.iter().find(|step| step.feature == "price").unwrap();
    let Setting::Number(price) = step.to else { panic!("{step:?}") };
    assert!(after(price) <= limit && probability <= limit);
    // A millionth of the way back is not enough.
    assert!(after(price + 1e-6 * (90.0 - price)) > limit);
    assert_eq!(step.from, Setting::Number(90.0));
    let Encoding::Numeric(Numeric { deviation, .. }) = model.schema().features()[0].encoding() else {
        panic!("a number")
    };
    assert!((step.distance - (90.0 - price) / deviation).abs() < 1e-12);
}

#[test]
fn the_shortest_of_several_is_that_of_brute_force() {
    let schema = SchemaOptions::default().exclude(["age"]);
    let schema = schema.may_change("price", Change::default()).may_change("tenure", Change::default());
    let model = trained(TrainOptions::default().schema(schema)).model;
    let row = [Value::Number(95.0), Value::Number(1.0), Value::Text("family")];
    let of = |price: f64, tenure: f64| {
        model.score(&[price.into(), tenure.into(), row[2]], &Limits::OMITTED).unwrap().probability
    };
    let deviation = |place: usize| match model.schema().features()[place].encoding() {
        Encoding::Numeric(numeric) => (numeric.deviation, numeric.range),
        Encoding::Categorical(_) => panic!("a number"),
    };
    let ((by_price, [least, _]), (by_tenure, [_, most])) = (deviation(0), deviation(1));
    for limit in [0.6, 0.5, 0.4, 0.3, 0.2, 0.15] {
        let SmallestChange::Found { together, probability, search, .. } =
            model.smallest_change(&row, probability(limit)).unwrap()
        else {
            assert!(of(least, most) > limit);
            continue;
        };
        assert_eq!(search, Search::Exact);
        assert!(probability <= limit);
        let distance: f64 = together.iter().map(|step| step.distance).sum();
        // Every pair of a grid that suffices is at least as far, but for the mesh of the grid.
        let mut shortest = f64::INFINITY;
        for price in 0..=400 {
            let price = 95.0 - (95.0 - least) * f64::from(price) / 400.0;
            for tenure in 0..=400 {
                let tenure = 1.0 + (most - 1.0) * f64::from(tenure) / 400.0;
                if of(price, tenure) <= limit {
                    shortest = shortest.min((95.0 - price) / by_price + (tenure - 1.0) / by_tenure);
                }
            }
        }
        assert!(distance <= shortest + 1e-9 && distance >= shortest - 0.03, "{limit}: {distance} {shortest}");
    }
}

#[test]
fn curves_bins_and_categories_are_changed_as_little_as_suffices() {
    for shape in ["spline", "bins"] {
        let schema = SchemaOptions::default().exclude(["age"]);
        let schema = match shape {
            "spline" => schema.spline("tenure", Knots::Quantiles(5)),
            _ => schema.bins("tenure", Bins::new(vec![5.0, 15.0, 30.0]).unwrap()),
        };
        let schema = schema.may_change("tenure", Change::default().direction(Direction::Up));
        let model = trained(TrainOptions::default().schema(schema)).model;
        let row = [Value::Number(80.0), Value::Number(0.5), Value::Text("family")];
        let of = |tenure: f64| model.score(&[row[0], tenure.into(), row[2]], &Limits::OMITTED).unwrap().probability;
        let mut reached = 0;
        for limit in (1..20).map(|step| of(0.5) * f64::from(step) / 20.0) {
            match model.smallest_change(&row, probability(limit)).unwrap() {
                SmallestChange::Found { alone, .. } => {
                    let [step] = alone.as_slice() else { panic!("{alone:?}") };
                    let Setting::Number(tenure) = step.to else { panic!("{step:?}") };
                    assert!(tenure > 0.5 && of(tenure) <= limit, "{shape} {limit}");
                    // Nothing nearer suffices.
                    let nearer = (0..2000).map(|part| 0.5 + (tenure - 0.5) * 0.9999 * f64::from(part) / 2000.0);
                    assert!(nearer.into_iter().all(|tenure| of(tenure) > limit), "{shape} {limit} {tenure}");
                    reached += 1;
                }
                SmallestChange::OutOfReach { lowest } => assert!(lowest > limit),
                other => panic!("{other:?}"),
            }
        }
        assert!(reached > 0, "{shape}");
    }
    let model = linear();
    let row = [Value::Number(60.0), Value::Number(2.0), Value::Text("family")];
    let of = |plan: &str| model.score(&[row[0], row[1], Value::Text(plan)], &Limits::OMITTED).unwrap().probability;
    let SmallestChange::Found { alone, .. } =
        model.smallest_change(&row, probability(of("basic") * (1.0 + 1e-12))).unwrap()
    else {
        panic!("a plan suffices");
    };
    // Premium lowers the risk more than needed.
    let step = alone.iter().find(|step| step.feature == "plan").unwrap();
    assert_eq!((&step.to, step.distance), (&Setting::Level("basic".into()), 1.0));
}

#[test]
fn changes_keep_to_what_is_allowed() {
    let schema = |change: Change| SchemaOptions::default().exclude(["age"]).may_change("price", change);
    let model = |change| trained(TrainOptions::default().schema(schema(change))).model;
    let row = [Value::Number(60.0), Value::Number(2.0), Value::Text("family")];
    let free = model(Change::default());
    let now = free.score(&row, &Limits::OMITTED).unwrap().probability;
    let ask = |model: &ChurnModel, limit: f64| model.smallest_change(&row, probability(limit)).unwrap();
    assert_eq!(ask(&free, now), SmallestChange::NotNeeded { probability: now });
    assert!(matches!(ask(&free, 0.95 * now), SmallestChange::Found { .. }));
    // A higher price raises the risk, so that nothing is left to do upward.
    let up = model(Change::default().direction(Direction::Up));
    assert_eq!(ask(&up, 0.95 * now), SmallestChange::OutOfReach { lowest: now });
    let down = model(Change::default().direction(Direction::Down));
    assert!(matches!(ask(&down, 0.95 * now), SmallestChange::Found { .. }));
    let narrow = model(Change::default().within(59.9, 61.0).unwrap());
    let SmallestChange::OutOfReach { lowest } = ask(&narrow, 0.95 * now) else { panic!("59.9 is not enough") };
    assert!(lowest < now && lowest > 0.95 * now);
    let fixed = trained(TrainOptions::default().schema(SchemaOptions::default().exclude(["age"]))).model;
    assert_eq!(ask(&fixed, 0.95 * now), SmallestChange::NothingMayChange);
    for limit in [0.0, 1.0] {
        assert_eq!(free.smallest_change(&row, probability(limit)).unwrap_err().kind(), ErrorKind::Input);
    }
    // From beyond the range of learning the way back is open.
    let dear = [Value::Number(500.0), row[1], row[2]];
    assert!(matches!(free.smallest_change(&dear, probability(now)).unwrap(), SmallestChange::Found { .. }));
}

#[test]
fn a_limit_under_a_calibrator_with_steps_is_met() {
    let model = linear();
    let table = customers(500, 21);
    let scores = model.scores(&table, &Limits::OMITTED).unwrap();
    let observed = Target::churn("left").outcomes(&table).unwrap().into_iter().flatten().collect();
    let held_out = HeldOut::new(Predictions::new(observed, scores.probability).unwrap(), HeldOutBy::LaterPeriod);
    for interpolation in [Interpolation::Linear, Interpolation::Step] {
        let model = model.clone().with_calibrator(Calibrator::from(Isotonic::fit(&held_out, interpolation).unwrap()));
        let row = [Value::Number(90.0), Value::Number(2.0), Value::Text("family")];
        let now = model.score(&row, &Limits::OMITTED).unwrap().probability;
        for share in [0.9, 0.7, 0.5, 0.3] {
            match model.smallest_change(&row, probability(share * now)).unwrap() {
                SmallestChange::Found { probability, .. } => assert!(probability <= share * now),
                SmallestChange::OutOfReach { lowest } => assert!(lowest > share * now),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn levels_that_repeat_others_are_collapsed_and_columns_are_named() {
    let mut table: Vec<(String, Column)> = Vec::new();
    let base = customers(300, 4);
    for name in ["price", "plan", "left"] {
        table.push((name.to_owned(), base.column(name).unwrap().clone()));
    }
    let plans: Vec<Option<&str>> = (0..300)
        .map(|row| match base.value(row, "plan").unwrap() {
            Value::Text("basic") => Some("no service"),
            _ => Some(if row % 2 == 0 { "no" } else { "yes" }),
        })
        .collect();
    table.push(("extra".into(), Column::texts(plans)));
    let found = train(&Table::new(table.clone()).unwrap(), &Target::churn("left"), &TrainOptions::default()).unwrap();
    assert_eq!(found.collapsed, ["extra=no service"]);
    // The predictions are those without the repetition: the collapsed level is the reference of its column.
    let Encoding::Categorical(categories) = found.model.schema().features()[2].encoding() else { panic!("texts") };
    assert_eq!(categories.collapsed, ["no service"]);
    // With a penalty every level keeps its term.
    let ridge = TrainOptions::default().penalty(Penalty::l2(1.0).unwrap());
    let kept = train(&Table::new(table.clone()).unwrap(), &Target::churn("left"), &ridge).unwrap();
    assert!(kept.collapsed.is_empty() && kept.model.schema().terms().contains(&"extra=no service".to_owned()));
    // A column of numbers that repeats another is not left out silently.
    let prices: Vec<f64> = (0..300)
        .map(|row| match base.value(row, "price").unwrap() {
            Value::Number(price) => 2.0 * price + 1.0,
            _ => 0.0,
        })
        .collect();
    table.push(("double".into(), Column::numbers(prices)));
    let error = train(&Table::new(table).unwrap(), &Target::churn("left"), &TrainOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    assert!(error.columns().contains(&"double".to_owned()), "{error}");
}

#[test]
fn training_says_what_it_cannot_do() {
    let table = customers(120, 6);
    let fit = |target: Target, options: TrainOptions| train(&table, &target, &options).unwrap_err().kind();
    let plain = || TrainOptions::default();
    assert_eq!(fit(Target::churn("nobody"), plain()), ErrorKind::Input);
    assert_eq!(fit(Target::churn("plan"), plain()), ErrorKind::Input);
    assert_eq!(fit(Target::churn("plan").positive("gold"), plain()), ErrorKind::Degenerate);
    assert_eq!(fit(Target::churn("left"), plain().customers("nobody")), ErrorKind::Input);
    assert_eq!(fit(Target::churn("left"), plain().schema(SchemaOptions::default().only(["nobody"]))), ErrorKind::Input);
    assert_eq!(plain().folds(1).unwrap_err().kind(), ErrorKind::Input);
    let separated = Table::new(vec![
        ("x".into(), Column::numbers((0..20).map(f64::from).collect())),
        ("left".into(), Column::numbers((0..20).map(|row| f64::from(u8::from(row > 9))).collect())),
    ])
    .unwrap();
    let error = train(&separated, &Target::churn("left"), &plain()).unwrap_err();
    assert_eq!((error.kind(), error.columns()), (ErrorKind::Separated, &["x".to_owned()][..]));
    assert!(train(&separated, &Target::churn("left"), &plain().penalty(Penalty::FIRTH)).is_ok());
    let unknown = Table::new(vec![
        ("x".into(), Column::numbers(vec![1.0, 2.0])),
        ("left".into(), Column::texts([None::<&str>, None])),
    ])
    .unwrap();
    assert_eq!(train(&unknown, &Target::churn("left"), &plain()).unwrap_err().kind(), ErrorKind::NoData);
}

#[test]
fn too_few_customers_for_folds_leave_the_model_uncalibrated() {
    let table = customers(60, 12);
    let mut columns: Vec<(String, Column)> =
        ["price", "left"].iter().map(|name| ((*name).to_owned(), table.column(name).unwrap().clone())).collect();
    columns.push(("who".into(), Column::texts((0..60).map(|row| Some(["ann", "ben", "cem"][row % 3])))));
    let options = TrainOptions::default().customers("who");
    let found = train(&Table::new(columns).unwrap(), &Target::churn("left"), &options).unwrap();
    assert_eq!(found.cross_fitted.unwrap_err().kind(), ErrorKind::Degenerate);
    assert_eq!(found.calibrated.unwrap_err().kind(), ErrorKind::Degenerate);
    // All slopes are 0 under such a penalty: the predictions of a fold are alike, and no curve rises on them.
    let flat =
        TrainOptions::default().penalty(Penalty::l1(1e6).unwrap()).schema(SchemaOptions::default().only(["price"]));
    let flat = train(&customers(60, 12), &Target::churn("left"), &flat).unwrap();
    assert!(flat.cross_fitted.is_ok() && flat.calibrated.is_err() && flat.model.calibrator().is_none());
    assert!(found.model.calibrator().is_none() && found.model.summary().evaluation.is_none());
    assert_eq!(found.model.summary().customers, Some(3));
}

#[test]
fn a_rare_level_does_not_stop_the_folds() {
    let table = customers(400, 8);
    let mut columns: Vec<(String, Column)> =
        ["price", "left"].iter().map(|name| ((*name).to_owned(), table.column(name).unwrap().clone())).collect();
    // Three customers, not all of whom did the same.
    let outcomes = Target::churn("left").outcomes(&table).unwrap();
    let [left, stayed] = [true, false].map(|which| outcomes.iter().position(|own| *own == Some(which)).unwrap());
    let rare = |row: usize| row == left || row == stayed || row == stayed + 1;
    columns.push(("where".into(), Column::texts((0..400).map(|row| Some(if rare(row) { "rare" } else { "city" })))));
    let found = train(&Table::new(columns).unwrap(), &Target::churn("left"), &TrainOptions::default()).unwrap();
    assert!(found.cross_fitted.is_ok(), "{:?}", found.cross_fitted);
    assert!(found.model.schema().terms().contains(&"where=rare".to_owned()));
}

#[test]
fn the_order_of_rows_changes_nothing_but_rounding() {
    let table = customers(600, 31);
    let options = TrainOptions::default().schema(everything());
    let one = train(&table, &Target::churn("left"), &options).unwrap().model;
    let backwards: Vec<usize> = (0..600).rev().collect();
    let other = train(&table.subset(&backwards).unwrap(), &Target::churn("left"), &options).unwrap().model;
    assert_eq!(one.schema().terms(), other.schema().terms());
    let fresh = customers(100, 40);
    let logits = |model: &ChurnModel| model.scores(&fresh, &Limits::OMITTED).unwrap().logit;
    for (left, right) in logits(&one).into_iter().zip(logits(&other)) {
        assert!((left - right).abs() < 1e-9, "{left} {right}");
    }
    let again = train(&table, &Target::churn("left"), &options).unwrap().model;
    assert_eq!(one, again);
    let dealt = train(&table, &Target::churn("left"), &options.seed(Seed(3))).unwrap();
    assert_eq!(dealt.model.model(), one.model());
    assert_ne!(dealt.model.calibrator(), one.calibrator());
}

#[test]
fn drift_is_seen_where_it_is() {
    let Trained { model, .. } = trained(TrainOptions::default().schema(everything()));
    let own = model.drift(&customers(800, 1)).unwrap();
    assert!(own.score.psi < 1e-12 && own.features.iter().all(|(_, drift)| drift.as_ref().unwrap().psi < 1e-12));
    let like = model.drift(&customers(800, 500)).unwrap();
    let table = customers(800, 500);
    let dearer = (0..800).map(|row| match table.value(row, "price").unwrap() {
        Value::Number(price) => price + 20.0,
        _ => 0.0,
    });
    let mut columns = vec![("price".to_owned(), Column::numbers(dearer.collect()))];
    columns.extend(["tenure", "plan", "age"].map(|name| (name.to_owned(), table.column(name).unwrap().clone())));
    let drifted = model.drift(&Table::new(columns).unwrap()).unwrap();
    let psi = |drift: &cxo_core::churn::risk::ModelDrift, name: &str| {
        drift.features.iter().find(|(own, _)| own == name).unwrap().1.as_ref().unwrap().psi
    };
    assert!(psi(&drifted, "price") > 0.2 && psi(&drifted, "price") > 10.0 * psi(&like, "price"));
    assert_eq!(psi(&drifted, "plan"), psi(&like, "plan"));
    assert!(drifted.score.psi > like.score.psi);
}

/// Customers who are asked how satisfied they are; the share that answers depends on their tenure by `tilt`.
fn survey(rows: usize, tilt: f64) -> Table {
    let table = customers(rows, 51);
    let answered = |row: usize, u: f64| match table.value(row, "tenure").unwrap() {
        Value::Number(tenure) => u < 1.0 / (1.0 + (-tilt * (tenure - 20.0) / 20.0).exp()),
        _ => false,
    };
    let scores: Vec<Option<f64>> = uniform(88)
        .zip(uniform(89))
        .take(rows)
        .enumerate()
        .map(|(row, (u, score))| {
            let Value::Number(price) = table.value(row, "price").unwrap() else { return None };
            answered(row, u).then_some((10.9 * (0.3 * score + 0.7 * (1.0 - price / 120.0))).floor())
        })
        .collect();
    let mut columns: Vec<(String, Column)> =
        ["price", "tenure"].iter().map(|name| ((*name).to_owned(), table.column(name).unwrap().clone())).collect();
    // One plan that none of those who answered has.
    let plan = scores
        .iter()
        .enumerate()
        .map(|(row, score)| Some(if score.is_none() && row % 50 == 7 { "new" } else { PLANS[row % 3] }));
    columns.push(("plan".into(), Column::texts(plan)));
    columns.push(("score".into(), Column::optional_numbers(scores)));
    Table::new(columns).unwrap()
}

#[test]
fn those_who_did_not_answer_are_scored_with_a_check() {
    let target = Target::dissatisfaction("score").at_most(6.0).unwrap();
    for (tilt, warned) in [(0.0, false), (6.0, true)] {
        let table = survey(1000, tilt);
        let found = train(&table, &target, &TrainOptions::default()).unwrap();
        let silent = table.column("score").unwrap().missing();
        assert_eq!((found.without_outcome, found.rows.len() as u64), (silent, 1000 - silent));
        let others = found.non_respondents.unwrap().unwrap();
        assert_eq!(others.rows.len() + others.refused.len(), usize::try_from(silent).unwrap());
        assert_eq!(others.scores.probability.len(), others.rows.len());
        assert!(others.refused.iter().all(|error| error.value() == Some("new") && error.row().is_some()));
        for (row, probability) in others.rows.iter().zip(&others.scores.probability) {
            let values = found.model.schema().row(&table, *row).unwrap();
            assert_eq!(found.model.score(&values, &Limits::default()).unwrap().probability, *probability);
        }
        let overlap = &others.overlap;
        assert_eq!((overlap.respondents, overlap.non_respondents), (1000 - silent, silent));
        let propensity = overlap.propensity.as_ref().unwrap();
        let differs = |name: &str| {
            let feature = overlap.features.iter().find(|feature| feature.feature == name).unwrap();
            feature.standardized_difference.unwrap()
        };
        let imbalanced = overlap.warnings.iter().any(
            |warning| matches!(warning, OverlapWarning::Imbalanced { features } if features.contains(&"tenure".to_owned())),
        );
        assert_eq!(imbalanced, warned, "{overlap:?}");
        assert_eq!(propensity.auc.get() > 0.7, warned, "{propensity:?}");
        assert!(differs("price") < 0.25, "{}", differs("price"));
        let plan = overlap.features.iter().find(|feature| feature.feature == "plan").unwrap();
        let new = others.refused.len() as f64 / silent as f64;
        assert!((plan.outside.get() - new).abs() < 1e-12 && overlap.extrapolated.get() >= new);
    }
    // Churn is known of everybody: those without an outcome are only left out.
    let churn = Target::churn("score").at_most(6.0).unwrap();
    assert!(train(&survey(500, 0.0), &churn, &TrainOptions::default()).unwrap().non_respondents.is_none());
}

#[test]
fn overlap_is_its_definition() {
    let table = |values: Vec<f64>| Table::new(vec![("x".into(), Column::numbers(values))]).unwrap();
    let (ones, others) = (table(vec![0.0, 1.0, 2.0, 3.0]), table(vec![1.0, 2.0, 3.0, 4.0, 5.0]));
    let schema = Schema::infer(&ones, &SchemaOptions::default()).unwrap();
    let overlap = Overlap::between(&schema, &ones, &others).unwrap();
    assert_eq!((overlap.features[0].outside.get(), overlap.extrapolated.get()), (0.4, 0.4));
    let expected = 1.5 / (0.5_f64 * (1.25 + 2.0)).sqrt();
    assert!((overlap.features[0].standardized_difference.unwrap() - expected).abs() < 1e-14);
    assert!(overlap.warnings.contains(&OverlapWarning::Extrapolated { share: 0.4 }));
    assert!(
        overlap
            .warnings
            .iter()
            .any(|warning| matches!(warning, OverlapWarning::OutsideSupport { share } if *share == 0.4))
    );
    assert!(overlap.warnings.iter().any(|warning| matches!(warning, OverlapWarning::DifferentPropensity { .. })));
    let apart = Overlap::between(&schema, &ones, &table(vec![9.0, 9.0])).unwrap();
    assert_eq!(apart.propensity.unwrap().auc.get(), 1.0);
    let wrong = Table::new(vec![("y".into(), Column::numbers(vec![1.0]))]).unwrap();
    assert_eq!(Overlap::between(&schema, &ones, &wrong).unwrap_err().kind(), ErrorKind::Input);
    let text = Table::new(vec![("x".into(), Column::texts([Some("a")]))]).unwrap();
    let none = Overlap::between(&schema, &ones, &text).unwrap();
    assert_eq!(none.propensity.unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(none.extrapolated.get(), 1.0);
}

#[test]
fn an_additive_model_adds_up() {
    let model = linear();
    let fit: &Logistic = model.model();
    let terms = vec![1.5; fit.names().len()];
    let mut contributions = vec![0.0; terms.len()];
    let logit = RiskModel::contributions(fit, &terms, &mut contributions);
    assert!((fit.logit(&terms).unwrap() - logit).abs() < 1e-12);
    for (term, contribution) in contributions.iter().enumerate() {
        assert_eq!(fit.contribution(term, 1.5), *contribution);
    }
    assert_eq!(fit.contribution(terms.len(), 1.5), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn risks_are_probabilities_and_reasons_add_up(
        seed in 0..1000_u64, strength in 0.01..50.0_f64, price in -1e6..1e6_f64, tenure in -1e3..1e3_f64, plan in 0..4_usize,
    ) {
        let options = TrainOptions::default().schema(everything()).penalty(Penalty::l2(strength).unwrap());
        let model = train(&customers(90, seed), &Target::churn("left"), &options);
        prop_assume!(model.is_ok());
        let model = model.unwrap().model;
        let plan = ["basic", "family", "premium", "never seen"][plan];
        let row = [Value::Number(price), Value::Number(tenure), Value::Text(plan), Value::Missing];
        prop_assume!(model.schema().features()[3].check(Value::Missing).is_ok());
        let mut contributions = [0.0; 4];
        let risk = model.explain(&row, &Limits::default(), &mut contributions).unwrap();
        prop_assert!(0.0 < risk.probability && risk.probability < 1.0);
        let sum = model.base() + contributions.iter().sum::<f64>();
        prop_assert!((sum - risk.logit).abs() <= 1e-12 * (1.0 + risk.logit.abs()));
        let reasons = model.reasons(&contributions, 4);
        prop_assert!(reasons.windows(2).all(|pair| pair[0].contribution >= pair[1].contribution));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn what_is_stored_scores_to_the_same_bits(seed in 0..1000_u64) {
        let trained = train(&customers(150, seed), &Target::churn("left"), &TrainOptions::default().schema(everything()));
        prop_assume!(trained.is_ok());
        let model = trained.unwrap().model;
        let stored: ChurnModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
        prop_assert_eq!(&stored, &model);
        let fresh = customers(40, seed + 7);
        let bits = |model: &ChurnModel| model.scores(&fresh, &Limits::default());
        prop_assert_eq!(bits(&stored), bits(&model));
    }
}
