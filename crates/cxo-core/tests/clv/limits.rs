//! Do limits and intervals hold what they promise? Coverage by simulation, for every model and for the uncertainty of parameters.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)] // Small counts.

use cxo_core::clv::{
    AnyModel, BgCnbd, BgNbd, FitOptions, GgomNbd, MbgCnbd, MbgNbd, Model, ParetoNbd, PurchaseModel, Summary,
};
use cxo_core::{Confidence, ErrorKind, Method, Seed};

fn models() -> Vec<AnyModel> {
    let geometric = [0.8, 6.0, 0.9, 2.2];
    vec![
        BgNbd::new(geometric).unwrap().into(),
        MbgNbd::new(geometric).unwrap().into(),
        BgCnbd::new(3, [1.1, 2.5, 0.8, 2.4]).unwrap().into(),
        MbgCnbd::new(2, [1.1, 3.0, 0.6, 2.0]).unwrap().into(),
        ParetoNbd::new([0.9, 6.0, 0.7, 9.0]).unwrap().into(),
    ]
}

fn with_ageing() -> Vec<AnyModel> {
    models().into_iter().chain([GgomNbd::new([0.9, 6.0, 0.08, 0.6, 8.0]).unwrap().into()]).collect()
}

/// The histories of customers and what each bought in the `horizon` after.
fn customers(model: &AnyModel, count: u32, horizon: f64, seed: u64) -> Vec<(Summary, u64)> {
    let ages: Vec<f64> = (0..count).map(|row| horizon + 15.0 + 0.5 * f64::from(row % 50)).collect();
    let (histories, later) = model.simulate(&ages, Seed(seed)).unwrap().calibration_and_holdout(horizon).unwrap();
    histories.iter().map(|(history, _)| history).zip(later).collect()
}

/// The share of customers within their limits is the attained coverage that the limits state, and not below the level.
#[test]
fn prediction_limits_cover_as_often_as_they_say() {
    for (seed, model) in (0..).zip(with_ageing()) {
        for confidence in [Confidence::new(0.5).unwrap(), Confidence::new(0.8).unwrap(), Confidence::P95] {
            let (mut inside, mut stated, mut variance, mut width) = (0.0, 0.0, 0.0, 0);
            let customers = customers(&model, 8000, 30.0, seed);
            for (history, bought) in &customers {
                let limits = model.outlook(history).prediction_limits(30.0, confidence).unwrap();
                assert!(limits.lower <= limits.upper && limits.attained >= confidence.level() - 1e-12, "{limits:?}");
                inside += f64::from(u8::from((limits.lower..=limits.upper).contains(bought)));
                stated += limits.attained;
                variance += limits.attained * (1.0 - limits.attained);
                width += limits.upper - limits.lower;
            }
            let z = (inside - stated) / variance.sqrt();
            assert!(z.abs() < 3.9, "{} at {}: {inside} within, {stated} stated", model.name(), confidence.level());
            assert!(width > 0 || confidence.level() < 0.6);
        }
    }
}

/// The definition, from the distribution itself.
#[test]
fn limits_are_the_quantiles_of_the_distribution() {
    for model in with_ageing() {
        for (history, _) in customers(&model, 60, 30.0, 5) {
            for (level, t) in [(0.5, 10.0), (0.9, 30.0), (0.999, 80.0), (0.95, 0.0)] {
                let outlook = model.outlook(&history);
                let limits = outlook.prediction_limits(t, Confidence::new(level).unwrap()).unwrap();
                let tail = 0.5 * (1.0 - level);
                let probabilities = outlook.purchase_probabilities(t, 5000).unwrap();
                let below = |k: u64| probabilities.iter().take(k as usize).sum::<f64>();
                let slack = 1e-12;
                assert!(below(limits.lower) <= tail + slack && below(limits.lower + 1) > tail - slack, "{limits:?}");
                assert!(below(limits.upper + 1) >= 1.0 - tail - slack, "{limits:?}");
                assert!(limits.upper == 0 || below(limits.upper) < 1.0 - tail + slack, "{limits:?}");
                let attained = below(limits.upper + 1) - below(limits.lower);
                assert!((limits.attained - attained).abs() < 1e-12, "{limits:?} {attained}");
            }
        }
    }
}

/// Fitted on few customers, limits that take the parameters for known cover too little; those of parameter draws make up for it.
#[test]
fn parameter_draws_widen_limits_by_what_is_not_known() {
    let truth = AnyModel::from(MbgNbd::new([0.8, 6.0, 0.9, 2.2]).unwrap());
    let confidence = Confidence::P90;
    let (mut plain, mut mixed, mut stated, mut count, mut wider) = (0.0, 0.0, 0.0, 0.0, 0);
    for seed in 0..40 {
        let sample = customers(&truth, 60, 30.0, 1000 + seed);
        let histories = sample.iter().map(|(history, _)| *history).collect();
        let Ok(fitted) = MbgNbd::fit(&histories, &FitOptions::default().penalty(0.05).unwrap()) else { continue };
        let draws = fitted.draws(60, Seed(seed)).unwrap();
        for (history, bought) in sample.iter().filter(|(history, _)| history.frequency() > 0) {
            let known = fitted.model().outlook(history).prediction_limits(30.0, confidence).unwrap();
            let both = draws.prediction_limits(history, 30.0, confidence).unwrap();
            plain += f64::from(u8::from((known.lower..=known.upper).contains(bought)));
            mixed += f64::from(u8::from((both.lower..=both.upper).contains(bought)));
            stated += both.attained;
            count += 1.0;
            wider += u32::from(both.upper > known.upper);
        }
    }
    let [plain, mixed, stated] = [plain, mixed, stated].map(|sum| sum / count);
    assert!(count > 500.0, "{count}");
    assert!(mixed > plain && wider > 20, "{mixed} {plain} {wider}");
    // Customers of one fit share its error, so that the spread is greater than that of as many coins.
    assert!((mixed - stated).abs() < 0.03, "{mixed} within, {stated} stated, {plain} without draws");
}

/// Draws follow the covariance of the fit, and the same seed gives the same draws, of which fewer are the first.
#[test]
fn draws_are_as_uncertain_as_the_fit() {
    let truth = AnyModel::from(ParetoNbd::new([0.9, 6.0, 0.7, 9.0]).unwrap());
    let sample = customers(&truth, 4000, 30.0, 3);
    let histories = sample.iter().map(|(history, _)| *history).collect();
    let fitted = ParetoNbd::fit(&histories, &FitOptions::default()).unwrap();
    let draws = fitted.draws(4000, Seed(1)).unwrap();
    assert_eq!(fitted.draws(3, Seed(1)).unwrap().models(), &draws.models()[..3]);
    assert_ne!(fitted.draws(3, Seed(2)).unwrap().models(), &draws.models()[..3]);
    let logs = |model: &ParetoNbd| model.parameters().into_iter().map(|(_, value)| value.ln()).collect::<Vec<_>>();
    let center = logs(fitted.model());
    for i in 0..4 {
        for j in 0..4 {
            let product = |model: &ParetoNbd| (logs(model)[i] - center[i]) * (logs(model)[j] - center[j]);
            let found = draws.models().iter().map(product).sum::<f64>() / 4000.0;
            let covariance = |i: usize, j: usize| fitted.covariance_of_logs()[i * 4 + j];
            let scale = (covariance(i, i) * covariance(j, j)).sqrt();
            assert!((found - covariance(i, j)).abs() < 0.1 * scale, "{i} {j}: {found} {}", covariance(i, j));
        }
    }
    // The spread of a mean under the draws is that of the delta method.
    let history = Summary::new(5, 30.0, 36.0).unwrap();
    let mean = |model: &ParetoNbd| model.outlook(&history).expected_purchases(30.0);
    let values: Vec<f64> = draws.models().iter().map(|model| mean(model).unwrap()).collect();
    let center = values.iter().sum::<f64>() / 4000.0;
    let deviation = (values.iter().map(|value| (value - center).powi(2)).sum::<f64>() / 4000.0).sqrt();
    let estimate = fitted.estimate_of(Confidence::P95, mean).unwrap();
    assert!((deviation / estimate.standard_error.unwrap() - 1.0).abs() < 0.1, "{deviation} {estimate:?}");
    assert_eq!((estimate.method, estimate.interval.unwrap().method), (Method::DeltaMethod, Method::LogWald));
    let few = fitted.draws(40, Seed(1)).unwrap();
    let mixed = few.purchase_probabilities(&history, 30.0, 1000).unwrap();
    assert!((mixed.iter().sum::<f64>() - 1.0).abs() < 1e-8);
    let expected = values[..40].iter().sum::<f64>() / 40.0;
    let found: f64 = mixed.iter().enumerate().map(|(k, probability)| k as f64 * probability).sum();
    assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
}

/// The interval of a mean holds the true mean about as often as its level says.
#[test]
fn delta_intervals_cover_the_true_mean() {
    for (seed, truth) in (0..).zip(models()) {
        let history = Summary::new(4, 26.0, 34.0).unwrap().with_sum_log_intervals(7.0).unwrap();
        let mean = |model: &AnyModel| model.outlook(&history).expected_purchases(30.0);
        let (mut inside, mut fits) = (0, 0);
        for sample in 0..60 {
            let histories =
                customers(&truth, 800, 30.0, 500 * seed + sample).iter().map(|(history, _)| *history).collect();
            let fitted = match truth.k() {
                Some(k) if !truth.one_time_buyers_are_alive() => {
                    MbgCnbd::fit(&histories, k, &FitOptions::default()).map(|fitted| fitted.map(AnyModel::from))
                }
                Some(k) => BgCnbd::fit(&histories, k, &FitOptions::default()).map(|fitted| fitted.map(AnyModel::from)),
                None => truth.kind().fit(&histories, &FitOptions::default()),
            };
            let Ok(fitted) = fitted else { continue };
            let interval = fitted.estimate_of(Confidence::P90, mean).unwrap().interval.unwrap();
            inside += u32::from(interval.contains(mean(&truth).unwrap()));
            fits += 1;
        }
        assert!(fits >= 55, "{}: {fits} fits", truth.name());
        assert!((47..=60).contains(&inside), "{}: {inside} of {fits} intervals hold the mean", truth.name());
    }
}

#[test]
fn refuses_what_cannot_be_answered() {
    let truth = AnyModel::from(BgNbd::new([0.8, 6.0, 0.9, 2.2]).unwrap());
    let histories = customers(&truth, 500, 30.0, 9).iter().map(|(history, _)| *history).collect();
    let fitted = BgNbd::fit(&histories, &FitOptions::default()).unwrap();
    assert_eq!(fitted.draws(0, Seed(1)).unwrap_err().kind(), ErrorKind::Input);
    let draws = fitted.draws(5, Seed(1)).unwrap();
    for t in [-1.0, f64::NAN, f64::INFINITY] {
        let history = Summary::NEW;
        assert_eq!(draws.prediction_limits(&history, t, Confidence::P95).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(draws.purchase_probabilities(&history, t, 3).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(truth.outlook(&history).probability_of(1, t).unwrap_err().kind(), ErrorKind::Input);
    }
    let negative = fitted.estimate_of(Confidence::P95, |_| Ok(-1.0)).unwrap_err();
    assert_eq!(negative.kind(), ErrorKind::Input);
    let nothing = fitted.estimate_of(Confidence::P95, |model| model.outlook(&Summary::NEW).expected_purchases(0.0));
    let nothing = nothing.unwrap();
    assert!(nothing.value == 0.0 && nothing.interval.is_err() && nothing.standard_error == Ok(0.0));
    let limits = draws.prediction_limits(&Summary::NEW, 0.0, Confidence::P95).unwrap();
    assert_eq!((limits.lower, limits.upper), (0, 0));
}
