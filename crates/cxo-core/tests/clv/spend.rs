//! Spend against simulation, and at its edges.
#![cfg(feature = "serde")] // What is stored is read back.

use crate::common::value::{assert_close, history, spenders};
use cxo_core::clv::{Association, FitOptions, GammaGamma, Independence, Model as _, Summaries, Summary};
use cxo_core::{Absent, Confidence, ErrorKind, Probability, Seed};

#[test]
fn parameters_are_found_again() {
    for (truth, seed) in
        [([6.25, 3.74, 15.44], 1), ([1.0, 1.4, 200.0], 2), ([0.4, 9.0, 0.03], 3), ([12.0, 0.8, 5.0], 4)]
    {
        let model = GammaGamma::new(truth).unwrap();
        let purchases: Vec<u32> = (0..6000).map(|customer| customer % 13).collect();
        let fit = GammaGamma::fit(&spenders(&model, &purchases, seed), &FitOptions::default()).unwrap();
        for (parameter, truth) in fit.fitted.parameters(Confidence::P95).into_iter().zip(truth) {
            let error = parameter.estimate.standard_error.unwrap() / parameter.estimate.value;
            let off = (parameter.estimate.value / truth).ln() / error;
            assert!(off.abs() < 3.5 && error < 0.6, "{} {truth}: off by {off} errors of {error}", parameter.name);
        }
        assert_eq!(fit.left_out.one_time + fit.fitted.customers(), 6000);
    }
}

#[test]
fn the_unit_of_money_only_scales() {
    let model = GammaGamma::new([6.25, 3.74, 15.44]).unwrap();
    let purchases: Vec<u32> = (0..500).map(|customer| 1 + customer % 5).collect();
    let one = spenders(&model, &purchases, 5);
    let cents = |factor: f64| {
        let scaled =
            one.iter().map(|(row, _)| row.with_monetary_value(factor * row.monetary_value().unwrap()).unwrap());
        scaled.collect::<Summaries>()
    };
    for options in [FitOptions::default(), FitOptions::default().penalty(0.5).unwrap()] {
        let fit = |rows: &Summaries| GammaGamma::fit(rows, &options).unwrap().fitted;
        let base = fit(&one);
        // A power of two moves no bit but those of the exponent; another factor moves the scale itself.
        for (factor, tolerance) in [(1024.0, 1e-12), (1e-3, if options == FitOptions::default() { 1e-7 } else { 0.1 })]
        {
            let scaled = fit(&cents(factor));
            let expected = [1.0, 1.0, factor];
            for ((left, right), factor) in
                base.model().parameters().iter().zip(scaled.model().parameters()).zip(expected)
            {
                assert_close(right.1, left.1 * factor, tolerance);
            }
            let shifted = base.log_likelihood() - 500.0 * factor.ln();
            assert_close(scaled.log_likelihood(), shifted, tolerance);
        }
    }
}

/// The density integrates to 1 and its mean is that of the population, whatever the frequency.
#[test]
fn densities_are_densities() {
    for parameters in [[6.25, 3.74, 15.44], [1.5, 6.0, 40.0]] {
        let model = GammaGamma::new(parameters).unwrap();
        for frequency in [1, 4, 2000] {
            let (mut mass, mut mean) = (0.0, 0.0);
            let step = 1e-3;
            for node in -12_000..16_000 {
                let m = (f64::from(node) * step).exp();
                let density = model.log_likelihood_of(&history(frequency, 1.0, 2.0, m)).unwrap().exp();
                mass += step * m * density;
                mean += step * m * m * density;
            }
            assert!((mass - 1.0).abs() < 1e-9, "{parameters:?} {frequency}: {mass}");
            assert_close(mean, model.population().mean().unwrap(), 1e-6);
        }
    }
}

/// What a history leaves of the mean spend, and what the next purchases cost, against customers drawn alike.
#[test]
fn distributions_of_one_customer() {
    let model = GammaGamma::new([2.0, 7.0, 60.0]).unwrap();
    let spend = model.spend(&history(3, 5.0, 9.0, 14.0)).unwrap();
    // The prior that this posterior is.
    let posterior = GammaGamma::new([2.0, 7.0 + 6.0, 60.0 + 42.0]).unwrap();
    let n = 40_000;
    let drawn = posterior.simulate(&vec![4; n], Seed(11));
    let next = spend.next(4.try_into().unwrap());
    let share_below = |bound: f64, of: &dyn Fn(usize) -> f64| {
        (0..n).filter(|&customer| of(customer) <= bound).count() as f64 / n as f64
    };
    let (means, seen) = (|c: usize| drawn.true_mean(c).unwrap(), |c: usize| drawn.mean_of_purchases(c).unwrap());
    for share in [0.025, 0.3, 0.5, 0.9] {
        let deviation = (share * (1.0 - share) / n as f64).sqrt();
        let probability = Probability::new(share).unwrap();
        let (of_mean, of_next) = (spend.quantile(probability).unwrap(), next.quantile(probability).unwrap());
        assert!((share_below(of_mean, &means) - share).abs() < 4.0 * deviation);
        assert!((share_below(of_next, &seen) - share).abs() < 4.0 * deviation);
        assert_close(next.probability_above(of_next), 1.0 - share, 1e-12);
    }
    let sample = |of: &dyn Fn(usize) -> f64| {
        let mean = (0..n).map(of).sum::<f64>() / n as f64;
        (mean, (0..n).map(|customer| (of(customer) - mean).powi(2)).sum::<f64>() / n as f64)
    };
    let close = |(mean, variance): (f64, f64), expected_mean: f64, expected_variance: f64| {
        assert!((mean - expected_mean).abs() < 4.0 * (expected_variance / n as f64).sqrt(), "{mean} {expected_mean}");
        assert_close(variance, expected_variance, 0.05);
    };
    close(sample(&means), spend.mean().unwrap(), spend.variance().unwrap());
    close(sample(&seen), next.mean().unwrap(), next.variance().unwrap());
    // Beyond count the mean of the next purchases is the mean spend.
    let many = spend.next(u32::MAX.try_into().unwrap());
    assert_close(many.variance().unwrap(), spend.variance().unwrap(), 1e-8);
    let half = Probability::new(0.5).unwrap();
    assert_close(many.quantile(half).unwrap(), spend.quantile(half).unwrap(), 1e-8);
    let interval = spend.interval(Confidence::P90).unwrap();
    assert!(interval.contains(spend.mean().unwrap()) && interval.lower > 0.0);
    assert!(next.interval(Confidence::P90).unwrap().width() > interval.width());
}

#[test]
fn infinite_means_are_typed() {
    for q in [0.3, 1.0] {
        let model = GammaGamma::new([2.0, q, 15.0]).unwrap();
        assert_eq!(model.population().mean(), Err(Absent::Infinite));
        assert_eq!(model.population().variance(), Err(Absent::Infinite));
        // Two purchases make it finite, and never negative.
        let spend = model.spend(&history(2, 1.0, 2.0, 7.0)).unwrap();
        assert_close(spend.mean().unwrap(), 2.0 * (15.0 + 14.0) / (4.0 + q - 1.0), 1e-12);
        // Quantiles do not need a mean.
        assert!(model.population().quantile(Probability::new(0.5).unwrap()).unwrap() > 0.0);
    }
    // The mean but not the variance.
    let model = GammaGamma::new([2.0, 1.5, 15.0]).unwrap();
    assert_eq!(model.population().mean(), Ok(60.0));
    assert_eq!(model.population().variance(), Err(Absent::Infinite));
    assert_eq!(model.population().next(1.try_into().unwrap()).variance(), Err(Absent::Infinite));
    // A repeat buyer of whom p x + q <= 1.
    let model = GammaGamma::new([0.2, 0.5, 15.0]).unwrap();
    assert_eq!(model.spend(&history(2, 1.0, 2.0, 7.0)).unwrap().mean(), Err(Absent::Infinite));
    assert_eq!(model.population().quantile(Probability::new(1.0).unwrap()), Err(Absent::Infinite));
    assert_eq!(model.population().quantile(Probability::new(0.0).unwrap()), Ok(0.0));
    let extreme = GammaGamma::new([1.0, 1e-4, 15.0]).unwrap().population();
    assert_eq!(extreme.interval(Confidence::P99), Err(Absent::Infinite));
}

#[test]
fn spends_outside_the_model() {
    let model = GammaGamma::new([6.25, 3.74, 15.44]).unwrap();
    for mean in [0.0, -3.0] {
        assert_eq!(model.spend(&history(2, 1.0, 2.0, mean)), Err(Absent::NotDefined));
        assert_eq!(model.log_likelihood_of(&history(2, 1.0, 2.0, mean)), Err(Absent::NotDefined));
        // Without repeat purchases it tells nothing.
        assert_eq!(model.spend(&history(0, 0.0, 2.0, mean)), Ok(model.population()));
    }
    let unknown = Summary::new(2, 1.0, 2.0).unwrap();
    assert_eq!(model.spend(&unknown), Ok(model.population()));
    assert_eq!(model.log_likelihood_of(&unknown), Ok(0.0));
    // The more purchases, the closer to their own mean.
    let spend = |frequency| model.spend(&history(frequency, 1.0, 2.0, 80.0)).unwrap();
    assert_close(spend(2000).mean().unwrap(), 80.0, 1e-3);
    assert_close(spend(u32::MAX).interval(Confidence::P95).unwrap().width(), 0.0019, 0.1);
    let mut mixed = spenders(&model, &(0..300).map(|customer| 1 + customer % 4).collect::<Vec<_>>(), 1);
    let alone = GammaGamma::fit(&mixed, &FitOptions::default()).unwrap();
    mixed.extend([unknown, history(3, 1.0, 2.0, 0.0), history(0, 0.0, 2.0, 0.0)]);
    mixed.push_many(history(1, 1.0, 2.0, -2.0), 7).unwrap();
    let fit = GammaGamma::fit(&mixed, &FitOptions::default()).unwrap();
    assert_eq!(fit.fitted, alone.fitted);
    assert_eq!((fit.left_out.one_time, fit.left_out.not_positive, fit.left_out.unknown), (1, 8, 1));
    assert_eq!(fit.left_out.total(), 10);
}

#[test]
fn what_the_data_do_not_tell_is_named() {
    let fit = |rows: &[(u32, f64)]| {
        let rows = rows.iter().map(|&(frequency, mean)| history(frequency, f64::from(frequency.min(1)), 2.0, mean));
        GammaGamma::fit(&rows.collect(), &FitOptions::default()).map(|fit| fit.fitted)
    };
    assert_eq!(fit(&[]).unwrap_err().kind(), ErrorKind::NoData);
    assert_eq!(fit(&[(0, 5.0), (2, 0.0)]).unwrap_err().kind(), ErrorKind::NoData);
    for rows in [vec![(2, 5.0)], vec![(1, 5.0); 40], (1..40).map(|x| (x, 5.0)).collect()] {
        let error = fit(&rows).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotIdentified, "{rows:?} {error}");
    }
    // Everyone spends alike, so that only chance makes means differ: v / q is all that the data tell.
    let alike = GammaGamma::new([2.0, 1e7, 1e8]).unwrap();
    let purchases: Vec<u32> = (0..2000).map(|customer| 1 + customer % 9).collect();
    let error = GammaGamma::fit(&spenders(&alike, &purchases, 8), &FitOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotIdentified);
    assert!(error.to_string().contains('q') || error.to_string().contains('v'), "{error}");
    // A prior makes an answer of it.
    assert!(GammaGamma::fit(&spenders(&alike, &purchases, 8), &FitOptions::default().penalty(0.1).unwrap()).is_ok());
    let few = FitOptions::default().max_iterations(2);
    let model = GammaGamma::new([6.25, 3.74, 15.44]).unwrap();
    let error = GammaGamma::fit(&spenders(&model, &purchases, 8), &few).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConverged);
    for wrong in [[0.0, 1.0, 1.0], [1.0, -1.0, 1.0], [1.0, 1.0, f64::NAN], [f64::INFINITY, 1.0, 1.0]] {
        assert_eq!(GammaGamma::new(wrong).unwrap_err().kind(), ErrorKind::Input);
    }
}

#[test]
fn documents_are_checked() {
    let model = GammaGamma::new([6.25, 3.74, 15.44]).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<GammaGamma>(&text).unwrap(), model);
    assert!(serde_json::from_str::<GammaGamma>("[1.0,0.0,2.0]").is_err());
    let purchases: Vec<u32> = (0..300).map(|customer| customer % 4).collect();
    let fit = GammaGamma::fit(&spenders(&model, &purchases, 9), &FitOptions::default()).unwrap();
    let text = serde_json::to_string(&fit).unwrap();
    assert_eq!(serde_json::from_str::<cxo_core::clv::SpendFit>(&text).unwrap(), fit);
}

#[test]
fn independence_is_checked() {
    let purchases: Vec<u32> = (0..3000).map(|customer| 1 + customer % 10).collect();
    let model = GammaGamma::new([6.0, 8.0, 30.0]).unwrap();
    let free = spenders(&model, &purchases, 21);
    let check = Independence::of(&free, Confidence::P99).unwrap();
    assert_eq!((check.verdict, check.customers), (Association::NotDetected, 3000));
    let tied = |strength: f64| {
        let rows = free.iter().map(|(row, _)| {
            let mean = row.monetary_value().unwrap() * f64::from(row.frequency()).powf(strength);
            row.with_monetary_value(mean).unwrap()
        });
        Independence::of(&rows.collect(), Confidence::P95).unwrap()
    };
    assert_eq!(tied(0.1).verdict, Association::Weak);
    let strong = tied(-0.5);
    assert_eq!(strong.verdict, Association::Marked);
    assert!(strong.pearson.estimate.value < 0.0 && strong.spearman.p_value.unwrap() < 1e-10);
    assert!(strong.verdict.reading().contains("correlated"));
    let few: Summaries =
        [history(1, 1.0, 2.0, 3.0), history(2, 1.0, 2.0, 4.0), history(3, 1.0, 2.0, 4.5)].into_iter().collect();
    assert_eq!(Independence::of(&few, Confidence::P95).unwrap().verdict, Association::Unknown);
    let same: Summaries = [history(1, 1.0, 2.0, 3.0), history(1, 1.0, 2.0, 4.0)].into_iter().collect();
    assert_eq!(Independence::of(&same, Confidence::P95).unwrap_err().kind(), ErrorKind::Degenerate);
    assert_eq!(Independence::of(&Summaries::default(), Confidence::P95).unwrap_err().kind(), ErrorKind::NoData);
}
