//! Value at risk against simulated lives, against quadrature over the rates, and where both forms have their limits.
#![allow(clippy::cast_possible_truncation, clippy::needless_pass_by_value)] // Small numbers of tests.

use cxo_core::clv::{
    AnyModel, BgBb, BgCnbd, BgNbd, Departures, FitOptions, Fitted, GammaGamma, GgomNbd, MbgCnbd, MbgNbd, Model,
    ParetoNbd, PurchaseModel, Rate, Summaries, Summary, ValueAtRisk,
};
use cxo_core::{Absent, Confidence, ErrorKind, Probability, Seed};

const RATE: f64 = 0.01;

fn rate() -> Rate {
    Rate::continuous(RATE).unwrap()
}

/// Uniform numbers in (0, 1): SplitMix64 (Steele, Lea and Flood 2014).
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e3779b97f4a7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d049bb133111eb);
        ((word ^ (word >> 31)) >> 11) as f64 / 9007199254740992.0 + 5e-17
    }

    fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Marsaglia and Tsang (2000), raised from shape + 1.
    fn gamma(&mut self, shape: f64) -> f64 {
        let (d, lift) = (shape + 1.0 - 1.0 / 3.0, self.uniform().powf(1.0 / shape));
        loop {
            let normal = (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos();
            let v = (1.0 + normal / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
                return d * v * lift;
            }
        }
    }

    fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }
}

/// The mean of many simulated values with its standard error.
fn simulated(seed: u64, value: impl Fn(&mut Draws) -> f64) -> (f64, f64) {
    let (count, mut draws) = (200_000, Draws(seed));
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..count {
        let one = value(&mut draws);
        sum += one;
        squares += one * one;
    }
    let mean = sum / f64::from(count);
    (mean, ((squares / f64::from(count) - mean * mean) / f64::from(count)).sqrt())
}

#[track_caller]
fn agrees((mean, error): (f64, f64), found: f64) {
    assert!((found - mean).abs() < 4.5 * error, "{found} instead of {mean} ± {error}");
    assert!(error < 0.02 * mean, "{error} is too coarse for {mean}");
}

fn new_customer(model: impl PurchaseModel, horizon: f64) -> f64 {
    model.outlook(&Summary::NEW).discounted_transactions_at_risk(horizon, rate()).unwrap()
}

/// Purchases from `from` on at `lambda` until `to`, discounted.
fn stream(draws: &mut Draws, lambda: f64, from: f64, to: f64) -> f64 {
    let (mut at, mut worth) = (from, 0.0);
    loop {
        at += draws.exponential() / lambda;
        if at > to || RATE * at > 40.0 {
            return worth;
        }
        worth += (-RATE * at).exp();
    }
}

#[test]
fn steady_departures_agree_with_simulated_lives() {
    let [r, alpha, s, beta] = [0.8, 8.0, 1.7, 20.0];
    let horizon = 13.0;
    let lives = simulated(1, |draws| {
        let (lambda, mu) = (draws.gamma(r) / alpha, draws.gamma(s) / beta);
        let leaves = draws.exponential() / mu;
        if leaves > horizon {
            return 0.0;
        }
        // Had he stayed then, he would have left at a later time of the same rate.
        let later = leaves + draws.exponential() / mu;
        stream(draws, lambda, leaves, later)
    });
    agrees(lives, new_customer(ParetoNbd::new([r, alpha, s, beta]).unwrap(), horizon));
}

#[test]
fn ageing_departures_agree_with_simulated_lives() {
    let [r, alpha, b, s, beta] = [0.8, 8.0, 0.05, 0.9, 2.0];
    let horizon = 13.0;
    let lives = simulated(2, |draws| {
        let (lambda, eta) = (draws.gamma(r) / alpha, draws.gamma(s) / beta);
        // The cumulative hazard of a life is η (e^(bt) - 1).
        let age = |hazard: f64| (hazard / eta).ln_1p() / b;
        let first = draws.exponential();
        if age(first) > horizon {
            return 0.0;
        }
        let later = age(first + draws.exponential());
        stream(draws, lambda, age(first), later)
    });
    agrees(lives, new_customer(GgomNbd::new([r, alpha, b, s, beta]).unwrap(), horizon));
}

/// Every k-th event is a purchase; the customer may leave at each.
fn lives_of_regular_buyers(seed: u64, k: u32, [r, alpha, a, b]: [f64; 4], horizon: f64) -> (f64, f64) {
    simulated(seed, |draws| {
        let (lambda, p) = (draws.gamma(r) / alpha, draws.beta(a, b));
        let (mut at, mut left, mut worth) = (0.0, false, 0.0);
        loop {
            at += (0..k).map(|_| draws.exponential()).sum::<f64>() / lambda;
            if (!left && at > horizon) || RATE * at > 40.0 {
                return worth;
            }
            if left {
                worth += (-RATE * at).exp();
            }
            if draws.uniform() < p {
                if left {
                    return worth;
                }
                left = true;
            }
        }
    })
}

#[test]
fn departures_at_purchases_agree_with_simulated_lives() {
    let (parameters, horizon) = ([0.9, 6.0, 1.2, 3.0], 20.0);
    let lives = lives_of_regular_buyers(3, 1, parameters, horizon);
    agrees(lives, new_customer(BgNbd::new(parameters).unwrap(), horizon));
    // Who stayed after his first purchase is likelier to be one who stays.
    let lives = lives_of_regular_buyers(3, 1, [0.9, 6.0, 1.2, 4.0], horizon);
    let outlook = MbgNbd::new(parameters).unwrap().outlook(&Summary::NEW);
    let found = outlook.discounted_transactions_at_risk(horizon, rate()).unwrap();
    agrees(lives, found / outlook.probability_alive());
    for k in [2, 3] {
        let lives = lives_of_regular_buyers(4, k, parameters, horizon);
        agrees(lives, new_customer(BgCnbd::new(k, parameters).unwrap(), horizon));
    }
}

#[test]
fn departures_before_opportunities_agree_with_simulated_lives() {
    let [a, b, c, d] = [1.2, 0.7, 0.9, 4.0];
    let lives = simulated(5, |draws| {
        let (p, theta) = (draws.beta(a, b), draws.beta(c, d));
        let (mut left, mut worth) = (false, 0.0);
        for opportunity in 1..4000 {
            if draws.uniform() < theta {
                if left {
                    return worth;
                }
                left = true;
            }
            if !left && opportunity >= 6 {
                return 0.0;
            }
            if left && draws.uniform() < p {
                worth += (-RATE * f64::from(opportunity)).exp();
            }
        }
        worth
    });
    agrees(lives, new_customer(BgBb::new([a, b, c, d]).unwrap(), 6.0));
}

fn models() -> Vec<AnyModel> {
    let parameters = [0.9, 6.0, 1.2, 3.0];
    vec![
        BgNbd::new(parameters).unwrap().into(),
        MbgNbd::new(parameters).unwrap().into(),
        BgCnbd::new(3, parameters).unwrap().into(),
        MbgCnbd::new(2, parameters).unwrap().into(),
        ParetoNbd::new(parameters).unwrap().into(),
        GgomNbd::new([0.9, 6.0, 0.05, 0.9, 2.0]).unwrap().into(),
        BgBb::new(parameters).unwrap().into(),
    ]
}

#[test]
fn grows_with_the_horizon_and_stays_below_all_that_is_to_come() {
    for model in models() {
        for history in [Summary::NEW, Summary::new(3, 20.0, 30.0).unwrap(), Summary::new(12, 29.0, 30.0).unwrap()] {
            let outlook = model.outlook(&history);
            let all = outlook.discounted_residual_transactions(rate());
            let mut before = 0.0;
            for horizon in [1.0, 4.0, 13.0, 52.0, 500.0] {
                let at_risk = outlook.discounted_transactions_at_risk(horizon, rate()).unwrap();
                // Whoever leaves takes less than everything.
                assert!(before < at_risk && at_risk < all, "{} {horizon}: {at_risk} of {all}", model.name());
                before = at_risk;
                // What is to come divides at the horizon.
                let later = outlook.discounted_transactions_beyond(horizon, rate()).unwrap();
                let alive = outlook.probability_alive_at(horizon).unwrap();
                assert!(later * alive < all, "{} {horizon}", model.name());
            }
        }
    }
}

/// The part after the horizon by the difference of expected purchases in many short steps.
#[test]
fn what_is_beyond_the_horizon_is_what_is_left_of_the_whole() {
    for model in models() {
        let outlook = model.outlook(&Summary::new(3, 20.0, 30.0).unwrap());
        let (horizon, steps) = (20.0, if model.name() == "bg-bb" { 20 } else { 2000 });
        let width = horizon / f64::from(steps);
        let mut within = 0.0;
        for step in 0..steps {
            let ends = [step, step + 1].map(|end| outlook.expected_purchases(width * f64::from(end)).unwrap());
            let when = if model.name() == "bg-bb" { f64::from(step) + 1.0 } else { width * (f64::from(step) + 0.5) };
            within += (-RATE * when).exp() * (ends[1] - ends[0]);
        }
        let beyond = outlook.discounted_transactions_beyond(horizon, rate()).unwrap();
        let alive = outlook.probability_alive_at(horizon).unwrap();
        let whole = outlook.discounted_residual_transactions(rate());
        let error = (within + alive * beyond) / whole - 1.0;
        assert!(error.abs() < 1e-7, "{}: {error}", model.name());
    }
}

/// Without discount and with every departure counted, a customer who leaves at a steady rate would buy as much again.
#[test]
fn a_long_horizon_without_discount_risks_as_much_as_is_to_come() {
    let tiny = Rate::continuous(1e-9).unwrap();
    for model in [
        AnyModel::from(BgNbd::new([0.9, 6.0, 6.0, 9.0]).unwrap()),
        ParetoNbd::new([0.9, 6.0, 6.0, 20.0]).unwrap().into(),
    ] {
        let outlook = model.outlook(&Summary::new(3, 20.0, 30.0).unwrap());
        let at_risk = outlook.discounted_transactions_at_risk(1e6, tiny).unwrap();
        let all = outlook.residual_transactions().unwrap();
        assert!((at_risk / all - 1.0).abs() < 1e-4, "{}: {at_risk} of {all}", model.name());
    }
}

fn fitted() -> (Fitted<ParetoNbd>, Fitted<GammaGamma>, Summaries) {
    let simulated = ParetoNbd::new([0.55, 10.6, 0.61, 11.7]).unwrap().simulate(&[40.0; 1500], Seed(1)).unwrap();
    let counts: Vec<u32> = (0..1500).map(|customer| simulated.purchases(customer).len() as u32).collect();
    let spends = GammaGamma::new([6.25, 3.74, 15.44]).unwrap().simulate(&counts, Seed(1));
    let histories = simulated.summaries().unwrap();
    let with_spend = histories.iter().enumerate().map(|(customer, (history, _))| {
        spends.mean_of_purchases(customer).map_or(Ok(history), |mean| history.with_monetary_value(mean))
    });
    let histories: Summaries = with_spend.collect::<Result<_, _>>().unwrap();
    let purchases = ParetoNbd::fit(&histories, &FitOptions::default()).unwrap();
    let spend = GammaGamma::fit(&histories, &FitOptions::default()).unwrap().fitted;
    (purchases, spend, histories)
}

#[test]
fn a_segment_is_the_sum_of_its_customers() {
    let (purchases, spend, customers) = fitted();
    let at_risk = ValueAtRisk::new(13.0, rate()).unwrap().margin(0.4).unwrap();
    let probabilities: Vec<_> =
        (0..customers.len()).map(|row| Probability::new(0.3 * (row % 3) as f64).unwrap()).collect();
    for departures in [Departures::Modelled, Departures::Predicted(&probabilities)] {
        let total = at_risk.total(&purchases, &spend, &customers, departures, Confidence::P95).unwrap();
        let many = at_risk.of_many(purchases.model(), spend.model(), &customers, departures).unwrap();
        let mut sum = 0.0;
        for (row, (history, _)) in customers.iter().enumerate() {
            let (outlook, spend) = (purchases.model().outlook(&history), spend.model().spend(&history).unwrap());
            let one = match departures {
                Departures::Modelled => at_risk.of(&outlook, &spend),
                Departures::Predicted(all) => at_risk.of_predicted(&outlook, &spend, all[row]),
            };
            let (one, many) = (one.unwrap(), many[row].unwrap());
            assert!((one - many).abs() <= 1e-11 * one, "{row}: {one} and {many}");
            sum += one;
        }
        let value = total.value.unwrap();
        assert!((value.value / sum - 1.0).abs() < 1e-11);
        assert_eq!((total.customers, total.not_valued), (1500, 0));
        assert!(value.interval.unwrap().contains(sum) && value.standard_error.unwrap() < sum);
        assert!(total.rule.starts_with(departures.name()));
    }
    // Whoever is gone already has nothing to take away.
    let none = vec![Probability::new(0.0).unwrap(); customers.len()];
    let gone = at_risk.total(&purchases, &spend, &customers, Departures::Predicted(&none), Confidence::P95).unwrap();
    assert_eq!(gone.value.unwrap().value, 0.0);
}

#[test]
fn what_cannot_be_answered_says_why() {
    for (horizon, margin) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (2e15, 1.0), (1.0, 1.1), (1.0, f64::NAN)] {
        let error = ValueAtRisk::new(horizon, rate()).and_then(|at_risk| at_risk.margin(margin)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
    let (purchases, spend, customers) = fitted();
    let at_risk = ValueAtRisk::new(13.0, rate()).unwrap();
    let one = [Probability::new(0.5).unwrap()];
    let error = at_risk.of_many(purchases.model(), spend.model(), &customers, Departures::Predicted(&one)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    let empty = Summaries::default();
    let error = at_risk.total(&purchases, &spend, &empty, Departures::Modelled, Confidence::P95).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoData);
    // A mean spend that is infinite, or of a customer who got more back than he paid.
    let heavy = GammaGamma::new([2.0, 0.5, 10.0]).unwrap();
    let outlook = purchases.model().outlook(&Summary::NEW);
    let error = at_risk.of(&outlook, &heavy.spend(&Summary::NEW).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Degenerate);
    let mut odd = Summaries::default();
    odd.push(Summary::NEW);
    odd.push(Summary::new(1, 2.0, 3.0).unwrap().with_monetary_value(-1.0).unwrap());
    let values = at_risk.of_many(purchases.model(), &heavy, &odd, Departures::Modelled).unwrap();
    assert_eq!(values, [Err(Absent::Infinite), Err(Absent::NotDefined)]);
    // Opportunities are whole.
    let model = BgBb::new([1.2, 0.7, 0.9, 4.0]).unwrap();
    let half = ValueAtRisk::new(1.5, rate()).unwrap();
    let error = half.of(&model.outlook(&Summary::NEW), &spend.model().spend(&Summary::NEW).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    let error = half.of_many(&model, spend.model(), &odd, Departures::Modelled).unwrap_err();
    // The horizon is refused, whoever the customers are.
    assert_eq!((error.kind(), error.row()), (ErrorKind::Input, None));
}
