//! Every question to an outlook, against brute force over the rate and the chance of one customer, and against simulation.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)] // Small counts.

use cxo_core::clv::{
    AnyModel, BgCnbd, BgNbd, GgomNbd, MbgCnbd, MbgNbd, Model, ParetoNbd, PurchaseModel, Rate, Summary,
};
use cxo_core::{Absent, Seed};

/// ln Γ by Lanczos' approximation (g = 7, n = 9), so that the reference owes nothing to the library.
fn ln_gamma(x: f64) -> f64 {
    const C: [f64; 9] = [
        0.99999999999980993,
        676.5203681218851,
        -1259.1392167224028,
        771.32342877765313,
        -176.61502916214059,
        12.507343278686905,
        -0.13857109526572012,
        9.9843695780195716e-6,
        1.5056327351493116e-7,
    ];
    if x < 0.5 {
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = C.iter().enumerate().skip(1).fold(C[0], |sum, (i, c)| sum + c / (x + i as f64));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// Poisson probabilities of 0, 1, … until nothing is left.
fn poisson(mean: f64) -> Vec<f64> {
    if mean == 0.0 {
        return vec![1.0];
    }
    let most = (mean + 12.0 * mean.sqrt() + 40.0) as usize;
    let (mut table, mode) = (vec![0.0; most], mean as usize);
    table[mode] = (mode as f64 * mean.ln() - mean - ln_gamma(mode as f64 + 1.0)).exp();
    (mode + 1..most).for_each(|n| table[n] = table[n - 1] * mean / n as f64);
    (0..mode).rev().for_each(|n| table[n] = table[n + 1] * (n + 1) as f64 / mean);
    table
}

/// What one customer of known rate and chance does, weighted by how likely it is that he is alive.
#[derive(Debug, Default, Clone)]
struct Answers {
    likelihood: f64,
    alive: f64,
    survival: f64,
    expected: f64,
    probabilities: Vec<f64>,
    discounted: f64,
    total: f64,
    ever: f64,
    time: f64,
}

struct Question {
    history: Summary,
    t: f64,
    rate: f64,
    counts: usize,
}

impl Answers {
    fn add(&mut self, question: &Question, alive: f64, one: &One) {
        self.alive += alive;
        self.survival += alive * one.survival;
        self.expected += alive * one.expected;
        self.discounted += alive * one.discounted;
        self.total += alive * one.total;
        self.ever += alive * one.ever;
        self.time += alive * one.ever * one.time;
        self.probabilities.resize(question.counts, 0.0);
        self.probabilities.iter_mut().zip(&one.probabilities).for_each(|(sum, part)| *sum += alive * part);
    }
}

/// The future of a customer of whom everything is known.
struct One {
    survival: f64,
    expected: f64,
    probabilities: Vec<f64>,
    discounted: f64,
    total: f64,
    ever: f64,
    time: f64,
}

/// Leaves with probability p after a purchase, which is every k-th event; `reached` events since the last one.
fn geometric(question: &Question, k: usize, reached: usize, rate: f64, p: f64) -> One {
    let events = poisson(rate * question.t);
    let mut unstopped = vec![0.0; (events.len() + reached) / k + 1];
    events.iter().enumerate().for_each(|(event, probability)| unstopped[(event + reached) / k] += probability);
    let stays = 1.0 - p;
    let mut at_least = vec![0.0; unstopped.len() + 1];
    for n in (0..unstopped.len()).rev() {
        at_least[n] = at_least[n + 1] + unstopped[n];
    }
    let power = |n: usize| stays.powi(n as i32);
    let probability = |n: usize| power(n) * unstopped[n] + if n > 0 { p * power(n - 1) * at_least[n] } else { 0.0 };
    let probabilities: Vec<f64> = (0..unstopped.len()).map(probability).collect();
    let event = rate / (rate + question.rate);
    One {
        survival: unstopped.iter().enumerate().map(|(n, part)| power(n) * part).sum(),
        expected: probabilities.iter().enumerate().map(|(n, part)| n as f64 * part).sum(),
        discounted: event.powi((k - reached) as i32) / (1.0 - stays * event.powi(k as i32)),
        total: 1.0 / p,
        ever: 1.0,
        time: (k - reached) as f64 / rate,
        probabilities,
    }
}

/// Leaves at a rate of his own.
fn exponential(question: &Question, rate: f64, leaving: f64) -> One {
    let (t, both) = (question.t, rate + leaving);
    let here = poisson(rate * t);
    // P(a gamma variable of shape n + 1 is below (λ + μ) t), from the tail of a Poisson distribution.
    let table = poisson(both * t);
    let above = |n: usize| table.iter().skip(n + 1).rev().sum::<f64>();
    let stays = (-leaving * t).exp();
    let probability = |n: usize| {
        stays * here.get(n).copied().unwrap_or_default() + leaving / both * (rate / both).powi(n as i32) * above(n)
    };
    One {
        survival: stays,
        expected: -rate / leaving * (-leaving * t).exp_m1(),
        probabilities: (0..question.counts).map(probability).collect(),
        discounted: rate / (leaving + question.rate),
        total: rate / leaving,
        ever: rate / both,
        time: 1.0 / both,
    }
}

/// Adds up over a grid of x = ln λ and y = ln μ or the log-odds of p, on which sums of smooth densities are exact.
fn grid(left: [f64; 2], right: [f64; 2], mut visit: impl FnMut(f64, f64, f64)) {
    let step = [0.1, 0.35];
    let count = |at: usize| ((right[at] - left[at]) / step[at]).ceil() as usize;
    for i in 0..=count(0) {
        for j in 0..=count(1) {
            visit(left[0] + step[0] * i as f64, left[1] + step[1] * j as f64, step[0] * step[1]);
        }
    }
}

fn beta_geometric(parameters: [f64; 4], k: usize, after_all: bool, question: &Question) -> Answers {
    let [r, alpha, a, b] = parameters;
    let history = &question.history;
    let (x, silence) = (history.frequency() as usize, history.age() - history.recency());
    let chances = (x + usize::from(after_all)) as f64;
    let prior = r * alpha.ln() - ln_gamma(r) + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    let regular = (k as f64 - 1.0) * history.sum_log_intervals().unwrap() - x as f64 * ln_gamma(k as f64);
    let shape = r + (k * x) as f64;
    let mut answers = Answers::default();
    let center = (shape / (alpha + history.recency())).ln();
    let span = [[center - 40.0 / shape - 2.0, -45.0 / (a - 1.0)], [center + 6.0, 45.0 / b]];
    grid(span[0], span[1], |log_rate, log_odds, area| {
        let (rate, p) = (log_rate.exp(), 1.0 / (1.0 + (-log_odds).exp()));
        let stays = 1.0 / (1.0 + log_odds.exp());
        let log = prior + regular + shape * log_rate - (alpha + history.recency()) * rate + a * p.ln() + b * stays.ln();
        if log < -130.0 {
            return;
        }
        let weight = area * log.exp();
        if chances > 0.0 {
            answers.likelihood += weight * p * stays.powf(chances - 1.0);
        }
        let events = poisson(rate * silence);
        for (reached, none) in events.into_iter().take(k).enumerate() {
            let alive = weight * stays.powf(chances) * none;
            answers.likelihood += alive;
            if alive > 1e-24 {
                answers.add(question, alive, &geometric(question, k, reached, rate, p));
            } else {
                // Of all answers only this one lives on chances next to 0.
                answers.total += alive / p;
            }
        }
    });
    answers
}

fn pareto(parameters: [f64; 4], question: &Question) -> Answers {
    let [r, alpha, s, beta] = parameters;
    let history = &question.history;
    let prior = r * alpha.ln() - ln_gamma(r) + s * beta.ln() - ln_gamma(s);
    let shape = r + f64::from(history.frequency());
    let (recency, age) = (history.recency(), history.age());
    let mut answers = Answers::default();
    let center = [(shape / (alpha + recency)).ln(), (s / beta).ln()];
    let span = [[center[0] - 40.0 / shape - 2.0, center[1] - 45.0 / (s - 1.0)], [center[0] + 6.0, center[1] + 5.0]];
    grid(span[0], span[1], |log_rate, log_leaving, area| {
        let (rate, leaving) = (log_rate.exp(), log_leaving.exp());
        let log = prior + shape * log_rate - alpha * rate + s * log_leaving - beta * leaving;
        let (both, weight) = (rate + leaving, area * (log - rate * recency - leaving * recency).exp());
        let alive = weight * (-both * (age - recency)).exp();
        answers.likelihood += alive - weight * leaving / both * (-both * (age - recency)).exp_m1();
        if alive > 1e-24 {
            answers.add(question, alive, &exponential(question, rate, leaving));
        } else {
            answers.total += alive * rate / leaving;
        }
    });
    answers
}

const GEOMETRIC: [f64; 4] = [0.9, 7.0, 1.4, 2.5];
const EXPONENTIAL: [f64; 4] = [0.9, 7.0, 1.6, 14.0];

fn models() -> Vec<AnyModel> {
    vec![
        BgNbd::new(GEOMETRIC).unwrap().into(),
        MbgNbd::new(GEOMETRIC).unwrap().into(),
        BgCnbd::new(3, GEOMETRIC).unwrap().into(),
        MbgCnbd::new(2, GEOMETRIC).unwrap().into(),
        ParetoNbd::new(EXPONENTIAL).unwrap().into(),
    ]
}

/// With one for which brute force has no reference here.
fn simulated_models() -> Vec<AnyModel> {
    let ageing = GgomNbd::new([0.9, 7.0, 0.08, 0.6, 8.0]).unwrap();
    models().into_iter().chain([ageing.into()]).collect()
}

fn reference(model: &AnyModel, question: &Question) -> Answers {
    match model {
        AnyModel::BgNbd(_) => beta_geometric(GEOMETRIC, 1, false, question),
        AnyModel::MbgNbd(_) => beta_geometric(GEOMETRIC, 1, true, question),
        AnyModel::BgCnbd(_) => beta_geometric(GEOMETRIC, 3, false, question),
        AnyModel::MbgCnbd(_) => beta_geometric(GEOMETRIC, 2, true, question),
        AnyModel::ParetoNbd(_) => pareto(EXPONENTIAL, question),
        other => panic!("no reference for {}", other.name()),
    }
}

fn histories() -> Vec<Summary> {
    let history = |x, recency, age, logs| Summary::new(x, recency, age).unwrap().with_sum_log_intervals(logs).unwrap();
    vec![history(0, 0.0, 12.0, 0.0), history(2, 9.0, 20.0, 2.9), history(6, 30.0, 30.0, 9.0)]
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} instead of {expected}");
}

/// Law of total probability: the reference knows neither a conjugate update nor a special function.
#[test]
fn brute_force() {
    for model in models() {
        for (history, horizons) in histories().into_iter().zip([&[3.0, 60.0][..], &[25.0], &[25.0]]) {
            for &t in horizons {
                let question = Question { history, t, rate: 0.02, counts: 30 };
                let answers = reference(&model, &question);
                let outlook = model.outlook(&history);
                let what = |name: &str| format!("{} {history:?} t = {t}: {name}", model.name());
                close(model.log_likelihood_of(&history), answers.likelihood.ln(), 1e-9, &what("log-likelihood"));
                let all = answers.likelihood;
                let check = |found: f64, expected: f64, name: &str| close(found, expected, 1e-8, &what(name));
                check(outlook.probability_alive(), answers.alive / all, "P(alive)");
                check(outlook.probability_alive_at(t).unwrap(), answers.survival / all, "P(alive at t)");
                check(outlook.expected_purchases(t).unwrap(), answers.expected / all, "expected purchases");
                let dead = 1.0 - answers.alive / all;
                check(outlook.probability_of_none(t).unwrap(), dead + answers.probabilities[0] / all, "none");
                let found = outlook.purchase_probabilities(t, 30).unwrap();
                for (n, (found, expected)) in found.iter().zip(&answers.probabilities).enumerate() {
                    let expected = expected / all + if n == 0 { dead } else { 0.0 };
                    // The recurrence adds up; what is asked for alone is right in each digit.
                    assert!((found - expected).abs() < 1e-12 + 1e-9 * expected, "{}", what(&format!("P({n})")));
                    if expected > 1e-11 {
                        // Of many purchases the grid itself is a little coarse.
                        let tolerance = if n < 12 { 1e-8 } else { 1e-6 };
                        let found = outlook.probability_of(n as u64, t).unwrap();
                        close(found, expected, tolerance, &what(&format!("P({n}) alone")));
                    }
                }
                let rate = Rate::continuous(0.02).unwrap();
                check(outlook.discounted_residual_transactions(rate), answers.discounted / all, "discounted");
                check(outlook.residual_transactions().unwrap(), answers.total / all, "total");
                if history.frequency() > 0 {
                    let found = outlook.mean_time_to_purchase().unwrap();
                    check(found, answers.time / answers.ever, "time to the next purchase");
                }
                let ever = answers.ever / all;
                let share = 0.5 * ever;
                let quantile = outlook.next_purchase_quantile(share).unwrap().unwrap();
                check(outlook.probability_of_none(quantile).unwrap(), 1.0 - share, "quantile");
                if ever < 0.999 {
                    let beyond = outlook.next_purchase_quantile(ever * 1.000001).unwrap();
                    assert_eq!(beyond, Err(Absent::Infinite), "{}", what("a purchase that need not come"));
                }
            }
        }
    }
}

/// Mean and sum of the distribution of purchases are what the other questions say, whatever the parameters.
#[test]
fn the_distribution_agrees_with_its_mean() {
    let wide = [[0.25, 4.4, 0.79, 2.43], [3.0, 0.5, 1.0, 1.0], [0.05, 60.0, 8.0, 0.3], [12.0, 9.0, 0.02, 30.0]];
    for [r, alpha, a, b] in wide {
        let parameters = [r, alpha, a, b];
        let family: [AnyModel; 5] = [
            BgNbd::new(parameters).unwrap().into(),
            MbgNbd::new(parameters).unwrap().into(),
            BgCnbd::new(4, parameters).unwrap().into(),
            MbgCnbd::new(2, parameters).unwrap().into(),
            ParetoNbd::new(parameters).unwrap().into(),
        ];
        for model in family {
            for history in histories().into_iter().chain([Summary::NEW]) {
                for t in [0.0, 0.4, 39.0, 400.0] {
                    let outlook = model.outlook(&history);
                    let probabilities = outlook.purchase_probabilities(t, 200_000).unwrap();
                    let what = format!("{model:?} {history:?} t = {t}");
                    let sum: f64 = probabilities.iter().rev().sum();
                    assert!((sum - 1.0).abs() < 1e-10, "{what}: {sum}");
                    let mean: f64 = probabilities.iter().enumerate().map(|(n, p)| n as f64 * p).rev().sum();
                    let expected = outlook.expected_purchases(t).unwrap();
                    assert!((mean - expected).abs() <= 1e-8 * (1.0 + expected), "{what}: {mean} {expected}");
                    let none = outlook.probability_of_none(t).unwrap();
                    assert!((probabilities[0] - none).abs() < 1e-12, "{what}: {} {none}", probabilities[0]);
                    for n in [0, 1, 2, 7, 40] {
                        let alone = outlook.probability_of(n, t).unwrap();
                        let listed = probabilities.get(n as usize).copied().unwrap_or_default();
                        assert!((alone - listed).abs() < 1e-13 + 1e-9 * listed, "{what} {n}: {alone} {listed}");
                    }
                }
            }
        }
    }
}

/// Far out in the tail: of the Pareto/NBD against a plain sum over many times of leaving; of the BG/NBD the ratio of neighbours
/// comes near that of unstopped purchases, as most who bought so much never leave.
#[test]
fn small_probabilities_keep_their_digits() {
    let history = Summary::new(2, 9.0, 20.0).unwrap();
    let outlook = ParetoNbd::new(EXPONENTIAL).unwrap().outlook(&history);
    let [shape, rate, s, beta, t] = [2.9, 27.0, 1.6, 34.0, 10.0];
    for n in [3.0, 20.0, 60.0, 150.0, 400.0, 590.0] {
        let ways = ln_gamma(shape + n) - ln_gamma(shape) - ln_gamma(n + 1.0);
        let bought = |u: f64| (ways + shape * (rate / (rate + u)).ln() + n * (u / (rate + u)).ln()).exp();
        let stays = |u: f64| (beta / (beta + u)).powf(s);
        let steps = 200_000;
        let left = |step: u32| {
            let u = t * (f64::from(step) + 0.5) / f64::from(steps);
            t / f64::from(steps) * bought(u) * stays(u) * s / (beta + u)
        };
        let expected = bought(t) * stays(t) + (0..steps).map(left).sum::<f64>();
        let found = outlook.probability_of(n as u64, t).unwrap() / outlook.probability_alive();
        close(found, expected, 1e-8, &format!("P({n})"));
    }
    assert!(outlook.probability_of(590, 10.0).unwrap() < 1e-200);
    let outlook = BgNbd::new(GEOMETRIC).unwrap().outlook(&history);
    let probability = |n| outlook.probability_of(n, 10.0).unwrap();
    let share = t / (rate + t);
    for n in [100, 300, 500] {
        let ratio = probability(n + 1) / probability(n);
        let of_counts = (shape + n as f64) / (n as f64 + 1.0) * share;
        assert!((ratio / of_counts - 1.0).abs() < 2.0 / n as f64, "{n}: {ratio} {of_counts}");
    }
    assert!(probability(500) < 1e-200);
}

/// What is expected of a customer is what such customers do on average: whatever of the history is looked at.
#[test]
fn simulation() {
    for (seed, model) in (0..).zip(simulated_models()) {
        let horizon = 25.0;
        let ages: Vec<f64> = (0..24_000_u32).map(|row| horizon + 8.0 + f64::from(row % 30)).collect();
        let simulated = model.simulate(&ages, Seed(seed)).unwrap();
        let (histories, later) = simulated.calibration_and_holdout(horizon).unwrap();
        // For each aspect of a history: the sum of differences, and of their squares.
        let mut sums = [[[0.0_f64; 2]; 4]; 5];
        for (row, ((history, _), later)) in histories.iter().zip(later).enumerate() {
            let outlook = model.outlook(&history);
            let differences = [
                f64::from(u8::from(simulated.is_alive(row))) - outlook.probability_alive_at(horizon).unwrap(),
                later as f64 - outlook.expected_purchases(horizon).unwrap(),
                f64::from(u8::from(later == 0)) - outlook.probability_of_none(horizon).unwrap(),
                f64::from(u8::from(later == 3)) - outlook.probability_of(3, horizon).unwrap(),
                // Discounted purchases are not simulated to the end of time; the time of the next one is, as far as seen.
                f64::from(u8::from(
                    simulated
                        .purchases(row)
                        .get(history.frequency() as usize)
                        .is_some_and(|t| *t < history.age() + 5.0),
                )) - 1.0
                    + outlook.probability_of_none(5.0).unwrap(),
            ];
            let silence = 1.0 - history.recency() / history.age();
            let aspects =
                [1.0, f64::from(u8::from(history.frequency() == 0)), f64::from(history.frequency()).ln_1p(), silence];
            for (sums, difference) in sums.iter_mut().zip(differences) {
                for (sum, aspect) in sums.iter_mut().zip(aspects) {
                    sum[0] += aspect * difference;
                    sum[1] += (aspect * difference).powi(2);
                }
            }
        }
        for (question, sums) in sums.iter().enumerate() {
            for (aspect, [sum, squares]) in sums.iter().enumerate() {
                let z = sum / squares.sqrt();
                assert!(z.abs() < 3.9, "{}: question {question}, aspect {aspect}: z = {z}", model.name());
            }
        }
    }
}

/// The customers of [`simulation`] are those who are alive now, and their state now is part of the draw.
#[test]
fn the_living_are_those_whom_the_model_calls_alive() {
    for (seed, model) in (20..).zip(simulated_models()) {
        let ages: Vec<f64> = (0..20_000_u32).map(|row| 5.0 + f64::from(row % 40)).collect();
        let simulated = model.simulate(&ages, Seed(seed)).unwrap();
        let (mut difference, mut variance, mut apart) = (0.0, 0.0, 0.0);
        for (row, (history, _)) in simulated.summaries().unwrap().iter().enumerate() {
            let alive = model.outlook(&history).probability_alive();
            difference += f64::from(u8::from(simulated.is_alive(row))) - alive;
            variance += alive * (1.0 - alive);
            apart += (alive - 0.5).abs();
            if history.frequency() == 0 && model.one_time_buyers_are_alive() {
                assert!(alive == 1.0 && simulated.is_alive(row), "{}", model.name());
            }
        }
        assert!(difference.abs() < 3.9 * variance.sqrt(), "{}: {difference}", model.name());
        assert!(apart > 2000.0, "{}: the probabilities tell customers apart", model.name());
    }
}
