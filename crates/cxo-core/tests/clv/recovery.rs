//! Parameters are found again: simulate from known ones, fit, and compare within the standard errors.

use cxo_core::clv::{
    AnyModel, BgCnbd, BgNbd, FitOptions, Fitted, MbgCnbd, MbgNbd, Model, ParetoNbd, PurchaseModel, Summaries,
};
use cxo_core::{Confidence, Error, Seed};

/// Customers born over 20 units of time, seen for 40 to 60.
fn customers(model: &impl PurchaseModel, count: u32, seed: u64) -> Summaries {
    let ages: Vec<f64> = (0..count).map(|row| 40.0 + 0.5 * f64::from(row % 40)).collect();
    model.simulate(&ages, Seed(seed)).unwrap().summaries().unwrap()
}

/// Distances from the truth of the logarithms of the parameters, in standard errors.
fn distances<M: Model>(fitted: &Fitted<M>, truth: &impl Model) -> Vec<f64> {
    let size = truth.parameters().len();
    let found = fitted.model().parameters().into_iter().zip(truth.parameters()).enumerate();
    found
        .map(|(at, ((_, found), (_, truth)))| {
            (found / truth).ln() / fitted.covariance_of_logs()[at * (size + 1)].sqrt()
        })
        .collect()
}

/// Over some samples the distances are those of normal variables: none far off, and neither too wide nor too narrow.
fn recovers<M: Model>(truth: &AnyModel, fit: impl Fn(&Summaries) -> Result<Fitted<M>, Error>) {
    const SAMPLES: u64 = 12;
    let (mut squares, mut inside, mut count) = (0.0, 0, 0);
    for seed in 0..SAMPLES {
        let customers = customers(truth, 3000, 100 + seed);
        let fitted = fit(&customers).unwrap();
        let at_truth: f64 =
            customers.iter().map(|(history, count)| count as f64 * truth.log_likelihood_of(&history)).sum();
        // Twice the gain over the truth is a chi-square variable with four degrees of freedom.
        let gain = fitted.log_likelihood() - at_truth;
        assert!((0.0..12.0).contains(&gain), "{truth:?} seed {seed}: {gain}");
        // The tails of the logarithms are a little longer than normal ones.
        for distance in distances(&fitted, truth) {
            assert!(distance.abs() < 5.0, "{truth:?} seed {seed}: {distance}");
            squares += distance * distance;
            count += 1;
        }
        let intervals = fitted.parameters(Confidence::P95).into_iter().zip(truth.parameters());
        inside += intervals.filter(|(found, (_, truth))| found.estimate.interval.unwrap().contains(*truth)).count();
    }
    let variance = squares / f64::from(count);
    assert!((0.4..2.0).contains(&variance), "{truth:?}: {variance}");
    assert!(inside >= 41, "{truth:?}: {inside} of {count} intervals hold the truth");
}

#[test]
fn bg_nbd() {
    recovers(&BgNbd::new([0.8, 6.0, 0.9, 2.2]).unwrap().into(), |data| BgNbd::fit(data, &FitOptions::default()));
}

#[test]
fn mbg_nbd() {
    recovers(&MbgNbd::new([0.8, 6.0, 0.7, 1.8]).unwrap().into(), |data| MbgNbd::fit(data, &FitOptions::default()));
}

#[test]
fn pareto_nbd() {
    let truth = ParetoNbd::new([0.9, 6.0, 0.7, 9.0]).unwrap().into();
    recovers(&truth, |data| ParetoNbd::fit(data, &FitOptions::default()));
}

#[test]
fn bg_cnbd_with_its_k() {
    for k in [2, 4] {
        let truth = BgCnbd::new(k, [1.1, 2.5, 0.8, 2.4]).unwrap();
        let found = BgCnbd::search(&customers(&truth, 1500, 1), 8, &FitOptions::default()).unwrap();
        assert_eq!(found.model().k(), k);
        recovers(&truth.into(), |data| BgCnbd::fit(data, k, &FitOptions::default()));
    }
}

#[test]
fn mbg_cnbd_with_its_k() {
    for k in [1, 3] {
        let truth = MbgCnbd::new(k, [1.1, 3.0, 0.6, 2.0]).unwrap();
        let found = MbgCnbd::search(&customers(&truth, 1500, 1), 8, &FitOptions::default()).unwrap();
        assert_eq!(found.model().k(), k);
        recovers(&truth.into(), |data| MbgCnbd::fit(data, k, &FitOptions::default()));
    }
}
