//! Lifetime value against simulation, against its definition, and at its edges.

use crate::common::value::{WEEKS, assert_close, counts, history, months};
use cxo_core::clv::{
    Acquisition, BgBb, BgCnbd, BgNbd, GammaGamma, GgomNbd, MbgCnbd, MbgNbd, Moments, ParetoNbd, PurchaseModel, Rate,
    Simulated, SimulatedSpend, Summaries, Summary, Valuation,
};
use cxo_core::{Absent, ErrorKind, Seed};
use proptest::prelude::*;

/// Discounted spend of each customer after `from`, period by period, by the definition.
fn realised(valuation: [f64; 3], simulated: &Simulated, spends: &SimulatedSpend, from: f64) -> Vec<f64> {
    let [periods, period, discount] = valuation;
    (0..simulated.len())
        .map(|customer| {
            let purchases = simulated.purchases(customer).iter().zip(spends.purchases(customer));
            let value = |(&time, spend): (&f64, &f64)| {
                let number = ((time - from) / period).ceil();
                if (1.0..=periods).contains(&number) { spend * (1.0 + discount).powf(-number) } else { 0.0 }
            };
            purchases.map(value).sum()
        })
        .collect()
}

/// Mean and second moment of value of a customer who is alive, whose future another model tells of a new one.
fn assert_moments<M: PurchaseModel, N: PurchaseModel>(
    (model, customer): (&M, &Summary),
    future: &N,
    [n, seed]: [u32; 2],
    slack: f64,
) {
    let spend = GammaGamma::new([2.0, 14.0, 80.0]).unwrap();
    let (periods, discount) = (6, 0.04);
    let valuation = months().periods(periods).unwrap().discount(discount).unwrap();
    let outlook = model.outlook(customer);
    let prediction = valuation.prediction(&outlook, &spend.spend(customer).unwrap()).unwrap();
    let (x, total) = (f64::from(customer.frequency()), customer.monetary_value().unwrap_or_default());
    let posterior = GammaGamma::new([2.0, 14.0 + 2.0 * x, 80.0 + x * total]).unwrap();
    let simulated = future.simulate(&vec![f64::from(periods) * WEEKS; n as usize], Seed(seed.into())).unwrap();
    let spends = posterior.simulate(&counts(&simulated), Seed(seed.into()));
    let values = realised([f64::from(periods), WEEKS, discount], &simulated, &spends, 0.0);
    // The customers of `future` are alive; this one perhaps.
    let alive = outlook.probability_alive() / future.outlook(&Summary::NEW).probability_alive();
    let moment = |power: i32| {
        let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), value| {
            let value = value.powi(power);
            (sum + value, squares + value * value)
        });
        let mean = sum / f64::from(n);
        (alive * mean, alive * ((squares / f64::from(n) - mean * mean) / f64::from(n)).sqrt())
    };
    let (mean, deviation) = (prediction.mean.unwrap(), prediction.standard_deviation.unwrap());
    let ((first, first_error), (second, second_error)) = (moment(1), moment(2));
    let square = deviation * deviation + mean * mean;
    assert!((mean - first).abs() < 4.0 * first_error, "{} {mean}: {first} ± {first_error}", model.name());
    assert!(
        (square - second).abs() < 4.0 * second_error + slack * square,
        "{} {square}: {second} ± {second_error}",
        model.name()
    );
    // The test can tell: without the variance of purchases or of spends it would fail.
    assert!(second_error < 0.025 * second);
}

#[test]
fn moments_of_value_by_simulation() {
    let n = 60_000;
    let known = history(3, 20.0, 26.0, 12.0);
    let pareto = ParetoNbd::new([0.9, 6.0, 0.8, 9.0]).unwrap();
    assert_moments((&pareto, &Summary::NEW), &pareto, [n, 1], 0.0);
    assert_moments((&pareto, &known), &ParetoNbd::new([3.9, 32.0, 0.8, 35.0]).unwrap(), [n, 2], 0.0);
    let bg = BgNbd::new([0.9, 6.0, 0.8, 2.5]).unwrap();
    assert_moments((&bg, &Summary::NEW), &bg, [n, 3], 0.0);
    assert_moments((&bg, &known), &BgNbd::new([3.9, 32.0, 0.8, 5.5]).unwrap(), [n, 4], 0.0);
    let mbg = MbgNbd::new([0.9, 6.0, 0.8, 2.5]).unwrap();
    assert_moments((&mbg, &Summary::NEW), &mbg, [n, 5], 0.0);
    assert_moments((&mbg, &known), &BgNbd::new([3.9, 32.0, 0.8, 6.5]).unwrap(), [n, 6], 0.0);
    // An approximation, and named as one.
    let regular = BgCnbd::new(3, [0.9, 2.0, 0.8, 2.5]).unwrap();
    assert_moments((&regular, &Summary::NEW), &regular, [n, 7], 0.02);
    let spend = GammaGamma::new([2.0, 14.0, 80.0]).unwrap();
    let named = |outlook| months().prediction(&outlook, &spend.population()).unwrap().moments;
    assert_eq!(named(regular.outlook(&Summary::NEW)), Moments::Scaled);
    assert_eq!(named(bg.outlook(&Summary::NEW)), Moments::Exact);
}

/// One undiscounted period: moments of the number of purchases, which the probabilities of the numbers tell too.
#[test]
fn moments_of_purchases_by_their_probabilities() {
    let histories = [Summary::NEW, Summary::new(0, 0.0, 30.0).unwrap(), Summary::new(6, 20.0, 30.0).unwrap()];
    let check_over = |model: &dyn PurchaseModel, lengths: [f64; 3]| {
        for history in &histories {
            for length in lengths {
                for periods in [1, 4] {
                    let outlook = model.outlook(history);
                    let valuation = Valuation::default().discount(0.0).unwrap().periods(periods).unwrap();
                    let valuation = valuation.period(length / f64::from(periods)).unwrap();
                    // Spends of almost exactly 1.
                    let spend = GammaGamma::new([1e9, 1e9, 1.0]).unwrap().population();
                    let found = valuation.prediction(&outlook, &spend).unwrap().standard_deviation.unwrap();
                    let (mut mean, mut second) = (0.0, 0.0);
                    for (k, probability) in
                        outlook.purchase_probabilities(length, 3000).unwrap().into_iter().enumerate()
                    {
                        mean += k as f64 * probability;
                        second += (k * k) as f64 * probability;
                    }
                    let expected = (second - mean * mean).sqrt();
                    assert!(
                        (found / expected - 1.0).abs() < 1e-6,
                        "{} {history:?} {length}: {found} {expected}",
                        model.name()
                    );
                }
            }
        }
    };
    let check = |model: &dyn PurchaseModel| check_over(model, [0.5, 20.0, 300.0]);
    check(&BgNbd::new([0.3, 5.0, 0.8, 2.5]).unwrap());
    check(&BgNbd::new([3.0, 5.0, 1.0, 20.0]).unwrap());
    check(&BgNbd::new([20.0, 10.0, 2.0, 0.5]).unwrap());
    check(&MbgNbd::new([0.9, 6.0, 0.1, 0.5]).unwrap());
    check(&ParetoNbd::new([0.9, 6.0, 0.8, 9.0]).unwrap());
    check(&ParetoNbd::new([0.9, 6.0, 1.0, 0.5]).unwrap());
    check(&BgCnbd::new(3, [0.9, 2.0, 0.8, 2.5]).unwrap());
    check(&GgomNbd::new([0.6, 8.0, 0.05, 0.4, 100.0]).unwrap());
    check(&GgomNbd::new([3.0, 5.0, 0.5, 2.0, 0.1]).unwrap());
    check_over(&BgBb::new([1.204, 0.750, 0.657, 2.783]).unwrap(), [4.0, 20.0, 300.0]);
    check_over(&BgBb::new([0.3, 2.0, 1.0, 0.2]).unwrap(), [4.0, 20.0, 300.0]);
}

/// Customers who bought equally often differ in their age alone, or in their silence too: both are interpolated.
#[test]
fn many_at_once_are_as_one_by_one() {
    let spend = GammaGamma::new([6.25, 3.74, 15.44]).unwrap();
    let check_over = |model: &dyn PurchaseModel, period: f64, tolerance: f64| {
        let whole = model.admits(&Summary::new(1, 0.5, 1.0).unwrap()).is_err();
        let age = |customer: i32| 100.0 * (f64::from(customer) * 0.618_033_988_749).fract();
        let ages: Vec<f64> = (0..3000).map(age).map(|age| if whole { (0.1 * age).round() } else { age }).collect();
        let mut customers = model.simulate(&ages, Seed(3)).unwrap().summaries().unwrap();
        customers.push_many(Summary::new(5, 17.0, 17.0).unwrap(), 4).unwrap();
        customers.extend([Summary::new(if whole { 40 } else { 2000 }, 50.0, 60.0).unwrap(), Summary::NEW]);
        for valuation in
            [months().period(period).unwrap(), Valuation::default().period(52.0).unwrap().periods(5).unwrap()]
        {
            let values = valuation.clvs(model, &spend, &customers).unwrap();
            assert_eq!(values.len(), customers.len());
            for ((history, _), value) in customers.iter().zip(values).step_by(3) {
                let spend = spend.spend(&history).unwrap();
                let alone = valuation.clv(&model.outlook(&history), &spend).unwrap().unwrap();
                assert_close(value.unwrap(), alone, tolerance);
            }
        }
        let rate = Rate::continuous(0.01).unwrap();
        let expected = model.expectations(&customers, 39.0).unwrap();
        let [discounted, total] = [Some(rate), None].map(|rate| model.residual_transactions(&customers, rate).unwrap());
        assert_eq!([expected.len(), discounted.len(), total.len()], [customers.len(); 3]);
        for (row, (history, _)) in customers.iter().enumerate().step_by(3) {
            let outlook = model.outlook(&history);
            assert_eq!(expected[row].probability_alive, outlook.probability_alive());
            assert_close(expected[row].purchases, outlook.expected_purchases(39.0).unwrap(), tolerance);
            assert_close(discounted[row].unwrap(), outlook.discounted_residual_transactions(rate), tolerance);
            match (total[row], outlook.residual_transactions()) {
                (Ok(found), Ok(alone)) => assert_close(found, alone, tolerance),
                (found, alone) => assert_eq!(found, alone),
            }
        }
    };
    let check = |model: &dyn PurchaseModel, tolerance: f64| check_over(model, WEEKS, tolerance);
    check(&BgNbd::new([0.243, 4.414, 0.793, 2.426]).unwrap(), 2e-12);
    check(&BgNbd::new([1.5, 0.01, 1.8, 0.1]).unwrap(), 2e-12);
    check(&MbgNbd::new([0.525, 6.183, 0.891, 1.614]).unwrap(), 2e-12);
    check(&ParetoNbd::new([0.553, 10.578, 0.606, 11.669]).unwrap(), 2e-12);
    check(&ParetoNbd::new([0.553, 10.578, 30.0, 0.2]).unwrap(), 2e-12);
    check(&BgCnbd::new(2, [0.243, 2.2, 0.793, 2.426]).unwrap(), 2e-12);
    check(&MbgCnbd::new(5, [0.8, 0.4, 1.3, 2.426]).unwrap(), 2e-12);
    check(&GgomNbd::new([0.6, 8.0, 0.05, 0.4, 100.0]).unwrap(), 2e-12);
    check_over(&BgBb::new([1.204, 0.750, 0.657, 2.783]).unwrap(), 2.0, 1e-14);
}

/// Regular buyers are followed event by event, to a million of them.
#[test]
fn regular_buyers_have_a_last_horizon() {
    let model = BgCnbd::new(3, [0.9, 2.0, 0.8, 2.5]).unwrap();
    let (outlook, spend) = (model.outlook(&Summary::NEW), GammaGamma::new([6.25, 3.74, 15.44]).unwrap());
    let valuation = Valuation::default().periods(2).unwrap();
    assert!(outlook.expected_purchases(1e4).is_ok());
    for far in [1e6, 1e15] {
        let period = valuation.period(f64::min(far, 1e9)).unwrap();
        let errors = [
            outlook.expected_purchases(far).unwrap_err(),
            outlook.probability_alive_at(far).unwrap_err(),
            period.prediction(&outlook, &spend.population()).unwrap_err(),
        ];
        assert_eq!(errors.map(|error| error.kind()), [ErrorKind::Degenerate; 3]);
    }
    // A newcomer reaches further than one who bought a million times.
    let customers: Summaries = [Summary::NEW, history(1_000_000, 5.0, 9.0, 3.0)].into_iter().collect();
    let errors = [
        model.expectations(&customers, 50.0).unwrap_err(),
        valuation.period(25.0).unwrap().clvs(&model, &spend, &customers).unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.row()), (ErrorKind::Degenerate, Some(1)));
    }
}

/// At any rate, against ∫ e^(-y) E[X(y / rate)] dy over y = e^u by the trapezoidal rule.
#[test]
fn tiny_rates_keep_their_digits() {
    let check = |model: &dyn PurchaseModel| {
        for history in [Summary::NEW, Summary::new(6, 20.0, 30.0).unwrap()] {
            let outlook = model.outlook(&history);
            let mut before = 0.0;
            for rate in [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12] {
                let found = outlook.discounted_residual_transactions(Rate::continuous(rate).unwrap());
                let by_hand: f64 = (-400..40)
                    .map(|node| {
                        let y = (0.1 * f64::from(node)).exp();
                        0.1 * y * (-y).exp() * outlook.expected_purchases((y / rate).min(1e15)).unwrap()
                    })
                    .sum();
                assert!((found / by_hand - 1.0).abs() < 1e-9, "{} {rate}: {found} {by_hand}", model.name());
                assert!(
                    found > before && outlook.residual_transactions().is_ok_and(|all| found <= all * (1.0 + 1e-12))
                        || outlook.residual_transactions().is_err()
                );
                before = found;
            }
        }
    };
    for a in [0.3, 1.0, 1.6] {
        check(&BgNbd::new([0.3, 5.0, a, 2.5]).unwrap());
        check(&MbgNbd::new([3.0, 5.0, a, 20.0]).unwrap());
        check(&ParetoNbd::new([0.9, 6.0, a, 9.0]).unwrap());
        check(&GgomNbd::new([0.6, 8.0, 0.05, a, 100.0]).unwrap());
    }
    // Regular buyers with k = 3: as many as their mean lifetime allows, the nearer the smaller the rate.
    let outlook = MbgCnbd::new(3, [0.9, 2.0, 1.8, 2.5]).unwrap().outlook(&Summary::new(6, 20.0, 30.0).unwrap());
    let all = outlook.residual_transactions().unwrap();
    let discounted = |rate| outlook.discounted_residual_transactions(Rate::continuous(rate).unwrap());
    assert!(discounted(1e-3) < discounted(1e-6) && discounted(1e-6) < all);
    assert_close(discounted(1e-12), all, 1e-7);
}

fn models() -> [Box<dyn PurchaseModel>; 4] {
    [
        Box::new(BgNbd::new([0.243, 4.414, 0.793, 2.426]).unwrap()),
        Box::new(MbgNbd::new([0.525, 6.183, 0.891, 1.614]).unwrap()),
        Box::new(ParetoNbd::new([0.553, 10.578, 0.606, 11.669]).unwrap()),
        Box::new(BgCnbd::new(2, [0.243, 2.2, 0.793, 2.426]).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn laws_of_value(
        x in 0_u32..30, recency in 0.01..1.0_f64, age in 0.1..150.0_f64, mean in 0.01..500.0_f64, factor in 0.001..1000.0_f64,
        margin in 0.0..1.0_f64, discount in 0.001..0.3_f64, periods in 1_u32..60, period in 0.1..60.0_f64,
    ) {
        let history = if x == 0 { Summary::new(0, 0.0, age).unwrap() } else { history(x, recency * age, age, mean) };
        let spend = GammaGamma::new([6.25, 3.74, 15.44]).unwrap();
        let scaled = GammaGamma::new([6.25, 3.74, 15.44 * factor]).unwrap();
        let more = history.monetary_value().map_or(history, |mean| history.with_monetary_value(mean * factor).unwrap());
        let valuation =
            Valuation::default().discount(discount).unwrap().periods(periods).unwrap().period(period).unwrap();
        let close = |left: f64, right: f64| (left - right).abs() <= 1e-9 * right.abs();
        for model in &models() {
            let (outlook, own) = (model.outlook(&history), spend.spend(&history).unwrap());
            let value = valuation.clv(&outlook, &own).unwrap().unwrap();
            prop_assert!(value.is_finite() && value >= 0.0);
            // Money, margin.
            prop_assert!(close(valuation.clv(&outlook, &scaled.spend(&more).unwrap()).unwrap().unwrap(), factor * value));
            prop_assert!(close(valuation.margin(margin).unwrap().clv(&outlook, &own).unwrap().unwrap(), margin * value));
            // Time: undiscounted is the expected number of purchases; more time and less discount are worth more.
            let free = valuation.discount(0.0).unwrap().clv(&outlook, &own).unwrap().unwrap();
            let expected = outlook.expected_purchases(f64::from(periods) * period).unwrap();
            prop_assert!(close(free, own.mean().unwrap() * expected));
            prop_assert!(free >= value && value >= free * (1.0 + discount).powf(-f64::from(periods)) * (1.0 - 1e-12));
            prop_assert!(valuation.periods(periods + 1).unwrap().clv(&outlook, &own).unwrap().unwrap() >= value);
            // By the definition, period by period.
            let mut sum = 0.0;
            for i in 1..=periods {
                let at = |i: u32| outlook.expected_purchases(f64::from(i) * period).unwrap();
                sum += (at(i) - at(i - 1)) * (1.0 + discount).powf(-f64::from(i));
            }
            prop_assert!(close(value, own.mean().unwrap() * sum));
            // A deviation that scales likewise.
            let [one, other] = [(own, &outlook), (scaled.spend(&more).unwrap(), &outlook)]
                .map(|(spend, outlook)| valuation.prediction(outlook, &spend).unwrap().standard_deviation.unwrap());
            prop_assert!(close(other, factor * one));
        }
    }
}

#[test]
fn refuses_what_is_no_valuation() {
    for wrong in [-0.1, 1.5, 30.0, f64::NAN] {
        assert_eq!(Valuation::default().margin(wrong).unwrap_err().kind(), ErrorKind::Input);
    }
    for wrong in [0, 1201] {
        assert_eq!(Valuation::default().periods(wrong).unwrap_err().kind(), ErrorKind::Input);
    }
    for wrong in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert_eq!(Valuation::default().period(wrong).unwrap_err().kind(), ErrorKind::Input);
    }
    for wrong in [-0.01, f64::INFINITY, f64::NAN] {
        assert_eq!(Valuation::default().discount(wrong).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(Acquisition::default().cost(wrong).unwrap_err().kind(), ErrorKind::Input);
    }
}

#[test]
fn infinite_spend_has_no_value() {
    let (bg, spend) = (BgNbd::new([0.243, 4.414, 0.793, 2.426]).unwrap(), GammaGamma::new([2.0, 1.0, 15.0]).unwrap());
    let outlook = bg.outlook(&Summary::NEW);
    assert_eq!(months().clv(&outlook, &spend.population()).unwrap(), Err(Absent::Infinite));
    let rate = Rate::continuous(0.01).unwrap();
    assert_eq!(months().residual_value(&outlook, &spend.population(), rate), Err(Absent::Infinite));
    let customers: Summaries = [Summary::new(0, 0.0, 5.0).unwrap(), history(2, 3.0, 5.0, 9.0)].into_iter().collect();
    let values = months().clvs(&bg, &spend, &customers).unwrap();
    assert_eq!(values[0], Err(Absent::Infinite));
    assert!(values[1].unwrap() > 0.0);
    // A mean without a variance.
    let spend = GammaGamma::new([2.0, 1.5, 15.0]).unwrap();
    let prediction = months().prediction(&outlook, &spend.population()).unwrap();
    assert!(prediction.mean.is_ok());
    assert_eq!(prediction.standard_deviation, Err(Absent::Infinite));
}
