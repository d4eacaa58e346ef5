//! Customer equity and new customers: against cohorts that are simulated, and against their own parts.
#![cfg(feature = "serde")] // What is stored is read back.

use crate::common::value::{WEEKS, assert_close, counts, history, months};
use cxo_core::clv::{
    Acquisition, BgBb, BgNbd, FirstPurchase, FitOptions, Fitted, GammaGamma, Moments, ParetoNbd, Payback,
    PurchaseModel, Summaries, Summary,
};
use cxo_core::{Absent, Confidence, ErrorKind, Seed};

/// Customers observed for `age` and for `horizon` after it, with what they spent before and after.
struct Cohort {
    histories: Summaries,
    realised: f64,
}

fn cohort(model: &impl PurchaseModel, spend: &GammaGamma, customers: usize, seed: u64) -> Cohort {
    let horizon = 6.0 * WEEKS;
    let ages: Vec<f64> = (0..customers).map(|customer| horizon + 30.0 + (customer % 10) as f64).collect();
    let simulated = model.simulate(&ages, Seed(seed)).unwrap();
    let spends = spend.simulate(&counts(&simulated), Seed(seed));
    let (before, _) = simulated.calibration_and_holdout(horizon).unwrap();
    let mut realised = 0.0;
    let histories = before.iter().enumerate().map(|(customer, (history, _))| {
        let (seen, later) = spends.purchases(customer).split_at(history.frequency() as usize);
        let times = simulated.purchases(customer)[seen.len()..].iter();
        realised += times
            .zip(later)
            .map(|(time, spend)| spend * 1.02_f64.powf(-((time - history.age()) / WEEKS).ceil()))
            .sum::<f64>();
        let mean = seen.iter().sum::<f64>() / seen.len() as f64;
        if seen.is_empty() { history } else { history.with_monetary_value(mean).unwrap() }
    });
    let histories = histories.collect();
    Cohort { histories, realised }
}

/// Over many cohorts drawn from the truth, each fitted anew: how often does what comes lie in its interval, how often the true
/// expectation in its own, and are the errors of the right size?
#[test]
fn coverage_of_equity() {
    let truth = BgNbd::new([0.6, 5.0, 0.8, 2.5]).unwrap();
    let spend = GammaGamma::new([4.0, 5.0, 30.0]).unwrap();
    let valuation = months().periods(6).unwrap().discount(0.02).unwrap();
    let (mut covered, mut expected_covered, mut squares, mut own_squares) = (0, 0, 0.0, 0.0);
    let rounds = 120;
    for seed in 0..rounds {
        let Cohort { histories, realised } = cohort(&truth, &spend, 500, 1000 + seed);
        let purchases = BgNbd::fit(&histories, &FitOptions::default()).unwrap();
        let spends = GammaGamma::fit(&histories, &FitOptions::default()).unwrap().fitted;
        let equity = valuation.equity(&purchases, &spends, &histories, Confidence::P95).unwrap();
        let (expected, error) = (equity.expected.unwrap(), equity.prediction_error.unwrap());
        let true_value: f64 = valuation.clvs(&truth, &spend, &histories).unwrap().into_iter().map(Result::unwrap).sum();
        covered += u32::from(equity.prediction_interval.unwrap().contains(realised));
        expected_covered += u32::from(expected.interval.unwrap().contains(true_value));
        squares += ((realised - expected.value) / error).powi(2);
        own_squares += ((true_value - expected.value) / expected.standard_error.unwrap()).powi(2);
        assert_eq!((equity.customers, equity.not_valued, equity.moments), (500, 0, Moments::Exact));
        let [by_purchases, by_spend, process] =
            [equity.purchase_error, equity.spend_error, equity.process_error].map(Result::unwrap);
        assert_close(by_purchases.hypot(by_spend), expected.standard_error.unwrap(), 1e-12);
        assert_close(by_purchases.hypot(by_spend).hypot(process), error, 1e-12);
    }
    // Four standard errors of a share of 0.95 and of a mean square of 1.
    let share = |count: u32| f64::from(count) / rounds as f64;
    assert!((share(covered) - 0.95).abs() < 0.08, "{covered}");
    assert!((share(expected_covered) - 0.95).abs() < 0.08, "{expected_covered}");
    assert!((squares / rounds as f64 - 1.0).abs() < 0.52, "{squares}");
    assert!((own_squares / rounds as f64 - 1.0).abs() < 0.52, "{own_squares}");
}

fn fits(seed: u64) -> (Fitted<ParetoNbd>, Fitted<GammaGamma>, Summaries) {
    let (truth, spend) = (ParetoNbd::new([0.9, 6.0, 0.8, 9.0]).unwrap(), GammaGamma::new([4.0, 5.0, 30.0]).unwrap());
    let histories = cohort(&truth, &spend, 800, seed).histories;
    let purchases = ParetoNbd::fit(&histories, &FitOptions::default()).unwrap();
    let spends = GammaGamma::fit(&histories, &FitOptions::default()).unwrap().fitted;
    (purchases, spends, histories)
}

#[test]
fn equity_adds_up() {
    let (purchases, spends, histories) = fits(1);
    let (valuation, confidence) = (months(), Confidence::P95);
    let equity = valuation.equity(&purchases, &spends, &histories, confidence).unwrap();
    let value = equity.expected.unwrap().value;
    let sum: f64 =
        valuation.clvs(purchases.model(), spends.model(), &histories).unwrap().into_iter().map(Result::unwrap).sum();
    assert_close(value, sum, 1e-12);
    let variance: f64 = histories
        .iter()
        .map(|(history, _)| {
            let (outlook, spend) = (purchases.model().outlook(&history), spends.model().spend(&history).unwrap());
            valuation.prediction(&outlook, &spend).unwrap().standard_deviation.unwrap().powi(2)
        })
        .sum();
    assert_close(equity.process_error.unwrap(), variance.sqrt(), 1e-11);
    // The error of the expectation, from the parameters moved one by one by hand.
    let by_hand = purchases
        .standard_error_of(|model| {
            Ok(valuation.clvs(model, spends.model(), &histories).unwrap().into_iter().map(Result::unwrap).sum())
        })
        .unwrap();
    assert_close(equity.purchase_error.unwrap(), by_hand, 1e-5);
    // Twice the customers: twice the value and error of the expectation, sqrt 2 times that of the process.
    let mut twice = Summaries::default();
    histories.iter().for_each(|(history, _)| twice.push_many(history, 2).unwrap());
    let double = valuation.equity(&purchases, &spends, &twice, confidence).unwrap();
    assert_close(double.expected.unwrap().value, 2.0 * value, 1e-12);
    assert_close(double.purchase_error.unwrap(), 2.0 * equity.purchase_error.unwrap(), 1e-6);
    assert_close(double.spend_error.unwrap(), 2.0 * equity.spend_error.unwrap(), 1e-6);
    assert_close(double.process_error.unwrap(), 2_f64.sqrt() * equity.process_error.unwrap(), 1e-9);
    assert_eq!(double.customers, 2 * equity.customers);
    // Margin.
    let part = valuation.margin(0.25).unwrap().equity(&purchases, &spends, &histories, confidence).unwrap();
    assert_close(part.prediction_error.unwrap(), 0.25 * equity.prediction_error.unwrap(), 1e-6);
    let nothing = valuation.margin(0.0).unwrap().equity(&purchases, &spends, &histories, confidence).unwrap();
    let expected = nothing.expected.unwrap();
    assert_eq!((expected.value, expected.interval), (0.0, Err(Absent::NotDefined)));
    assert_eq!(nothing.prediction_interval.unwrap().width(), 0.0);
}

#[test]
fn equity_at_the_edges() {
    let (purchases, spends, _) = fits(2);
    let equity = |customers: &[Summary], spends: &Fitted<GammaGamma>| {
        months().equity(&purchases, spends, &customers.iter().copied().collect(), Confidence::P95)
    };
    assert_eq!(equity(&[], &spends).unwrap_err().kind(), ErrorKind::NoData);
    let one = equity(&[history(2, 9.0, 12.0, 7.0), history(1, 3.0, 9.0, -4.0)], &spends).unwrap();
    assert_eq!((one.customers, one.not_valued), (1, 1));
    // One customer may well buy nothing: the interval reaches down to nearly 0, but never below.
    let interval = one.prediction_interval.unwrap();
    assert!(
        interval.lower >= 0.0 && interval.lower < 0.1 * one.expected.unwrap().value && interval.upper > interval.lower
    );
    // Spends of infinite variance, then of infinite mean, for those without repeat purchases.
    let with = |q: f64| -> Fitted<GammaGamma> {
        let document = serde_json::to_value(&spends).unwrap();
        let mut document = document.as_object().unwrap().clone();
        document.insert("model".to_owned(), serde_json::json!([4.0, q, 30.0]));
        serde_json::from_value(document.into()).unwrap()
    };
    let newcomer = Summary::new(0, 0.0, 5.0).unwrap();
    let wide = equity(&[newcomer], &with(1.9)).unwrap();
    assert!(wide.expected.unwrap().standard_error.is_ok());
    assert_eq!((wide.process_error, wide.prediction_interval), (Err(Absent::Infinite), Err(Absent::Infinite)));
    let infinite = equity(&[newcomer], &with(0.9)).unwrap();
    assert_eq!((infinite.expected, infinite.prediction_error), (Err(Absent::Infinite), Err(Absent::Infinite)));
    let new = months().new_customer(&purchases, &with(0.9), Acquisition::default(), Confidence::P95).unwrap();
    assert_eq!(
        (new.value, new.net, new.payback),
        (Err(Absent::Infinite), Err(Absent::Infinite), Err(Absent::Infinite))
    );
    // Parameters that are all but unknown.
    let mut document = serde_json::to_value(&spends).unwrap();
    document["covariance"] = serde_json::json!([1e18, 0.0, 0.0, 0.0, 1e18, 0.0, 0.0, 0.0, 1e18]);
    let unknown: Fitted<GammaGamma> = serde_json::from_value(document).unwrap();
    assert_eq!(equity(&[newcomer], &unknown).unwrap_err().kind(), ErrorKind::Input);
    let refused = months().new_customer(&purchases, &unknown, Acquisition::default(), Confidence::P95).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Input);
}

#[test]
fn new_customers_pay_back() {
    let (purchases, spends, _) = fits(3);
    let valuation = months();
    let ask = |cost: f64, first_purchase| {
        let acquisition = Acquisition::default().cost(cost).unwrap().first_purchase(first_purchase);
        valuation.new_customer(&purchases, &spends, acquisition, Confidence::P95).unwrap()
    };
    let free = ask(0.0, FirstPurchase::NotCounted);
    let value = free.value.unwrap();
    let expected =
        valuation.clv(&purchases.model().outlook(&Summary::NEW), &spends.model().population()).unwrap().unwrap();
    assert_close(value.value, expected, 1e-12);
    assert!(value.interval.unwrap().contains(expected) && value.standard_error.unwrap() > 0.0);
    assert_eq!((free.payback, free.net.unwrap()), (Ok(Payback::Within(0)), value.value));
    // The first purchase counts in full and at once.
    let counted = ask(0.0, FirstPurchase::Counted);
    let mean = spends.model().population().mean().unwrap();
    assert_close(counted.value.unwrap().value, expected + mean, 1e-12);
    assert_eq!(ask(0.9 * mean, FirstPurchase::Counted).payback, Ok(Payback::Within(0)));
    // The least period whose end sees the cost earned, by valuations of so many periods.
    let earned = |periods: u32| {
        let outlook = purchases.model().outlook(&Summary::NEW);
        valuation.periods(periods).unwrap().clv(&outlook, &spends.model().population()).unwrap().unwrap()
    };
    for period in 1..=12 {
        let cost = earned(period) * (1.0 - 1e-9);
        let new = ask(cost, FirstPurchase::NotCounted);
        assert_eq!(new.payback, Ok(Payback::Within(period)));
        assert_close(new.net.unwrap() + cost, value.value, 1e-12);
    }
    assert_eq!(ask(value.value * 1.001, FirstPurchase::NotCounted).payback, Ok(Payback::NotWithin(12)));
    // The deviation of a new customer, by simulation; without the first purchase it is the prediction of the outlook.
    let outlook = purchases.model().outlook(&Summary::NEW);
    let prediction = valuation.prediction(&outlook, &spends.model().population()).unwrap();
    assert_close(free.standard_deviation.unwrap(), prediction.standard_deviation.unwrap(), 1e-12);
    let n = 40_000;
    let simulated = purchases.model().simulate(&vec![12.0 * WEEKS; n], Seed(5)).unwrap();
    let with_first: Vec<u32> = counts(&simulated).iter().map(|count| count + 1).collect();
    let drawn = spends.model().simulate(&with_first, Seed(5));
    let values: Vec<f64> = (0..n)
        .map(|customer| {
            let times = std::iter::once(&0.0).chain(simulated.purchases(customer));
            times
                .zip(drawn.purchases(customer))
                .map(|(time, spend)| spend * 1.01_f64.powf(-(time / WEEKS).ceil()))
                .sum()
        })
        .collect();
    let mean = values.iter().sum::<f64>() / n as f64;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
    assert_close(counted.standard_deviation.unwrap(), deviation, 0.06);
    assert_close(counted.value.unwrap().value, mean, 0.03);
}

/// Opportunities are whole, and not without end.
#[test]
fn periods_are_horizons_of_the_model() {
    let (model, spend) =
        (BgBb::new([1.204, 0.750, 0.657, 2.783]).unwrap(), GammaGamma::new([6.25, 3.74, 15.44]).unwrap());
    let customers: Summaries = [Summary::NEW, Summary::new(1, 2.0, 4.0).unwrap()].into_iter().collect();
    let outlook = model.outlook(&Summary::NEW);
    for period in [WEEKS, 0.5, 1e9, 1000.0] {
        let valuation = months().period(period).unwrap();
        let errors = [
            valuation.discounted_purchases(&outlook).unwrap_err(),
            valuation.clv(&outlook, &spend.population()).unwrap_err(),
            valuation.prediction(&outlook, &spend.population()).unwrap_err(),
            valuation.clvs(&model, &spend, &customers).unwrap_err(),
        ];
        assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Input; 4], "{period}");
    }
    assert!(months().period(2.0).unwrap().discounted_purchases(&outlook).unwrap() > 0.0);
    let (_, spends, _) = fits(4);
    let simulated = model.simulate(&[6.0; 2000], Seed(1)).unwrap().summaries().unwrap();
    let fitted = BgBb::fit(&simulated, &FitOptions::default()).unwrap();
    let error = months().equity(&fitted, &spends, &customers, Confidence::P95).unwrap_err();
    assert_eq!((error.kind(), error.row()), (ErrorKind::Input, None));
    let error = months().new_customer(&fitted, &spends, Acquisition::default(), Confidence::P95).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let error = model.expectations(&customers, 0.5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    // Row 1 has no whole times.
    let customers: Summaries = [Summary::NEW, Summary::new(1, 2.5, 4.0).unwrap()].into_iter().collect();
    let once = months().period(1.0).unwrap();
    let errors = [
        once.clvs(&model, &spend, &customers).unwrap_err(),
        model.expectations(&customers, 1.0).unwrap_err(),
        model.residual_transactions(&customers, None).unwrap_err(),
        once.equity(&fitted, &spends, &customers, Confidence::P95).unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(1)));
    }
}
