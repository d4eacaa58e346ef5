//! Who is still a customer if everybody buys at random and leaves at random? The Pareto/NBD model of Schmittlein, Morrison and
//! Colombo (1987). State: its four parameters; called by whoever values customers without a contract.

use super::covariates::Regressed;
use super::fit::{FitOptions, Fitted, Model, climb};
use super::outlook::{Outlook, PurchaseModel};
use super::pareto_likelihood::{ParetoLikelihood, Silence};
use super::process::Process;
use super::process::gamma_poisson::GammaPoisson;
use super::process::pareto::Pareto;
use super::rows::Rows;
use super::{Simulated, Summaries, Summary};
use crate::{Error, Seed};

const NAMES: [&str; 4] = ["r", "alpha", "s", "beta"];

/// The Pareto/NBD model: while alive, a customer buys at a rate drawn from Gamma(r, α); he leaves, unseen, at a rate drawn from
/// Gamma(s, β).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 4]", into = "[f64; 4]")
)]
pub struct ParetoNbd {
    parameters: [f64; 4],
}

impl ParetoNbd {
    /// The model with r, α, s and β.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless all are finite and above 0.
    pub fn new(parameters: [f64; 4]) -> Result<Self, Error> {
        positive(&NAMES, &parameters)?;
        Ok(Self { parameters })
    }

    /// The model that makes the histories most likely.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified)
    /// if nobody bought again or nobody seems to leave, and [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
    pub fn fit(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
        let rows = Rows::new(summaries)?;
        let likelihood = ParetoLikelihood { frequencies: &rows.frequencies };
        let starts = [[-0.5, -1.0, -0.5, -1.0], [0.5, 0.5, 0.0, 0.5], [-1.0, -2.0, 0.5, 2.0]];
        let mut optimum = climb(&likelihood, &rows.rows, &starts, NAMES, options)?;
        let log_scale = rows.scale.ln();
        optimum.logs.iter_mut().skip(1).step_by(2).for_each(|log| *log += log_scale);
        optimum.log_likelihood -= rows.purchases * log_scale;
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        let model = Self { parameters: [0.0; 4] }.with_parameters(&parameters)?;
        Ok(Fitted::new(model, optimum, rows.customers))
    }

    fn silence(&self, history: &Summary) -> Silence {
        let [r, alpha, s, beta] = self.parameters;
        let shape = r + f64::from(history.frequency());
        Silence { shape, alpha, s, beta, recency: history.recency(), age: history.age() }
    }
}

impl Model for ParetoNbd {
    fn name(&self) -> &'static str {
        "pareto-nbd"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.parameters).collect()
    }

    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
        Self::new(exactly(values)?)
    }
}

impl PurchaseModel for ParetoNbd {
    fn outlook(&self, history: &Summary) -> Outlook {
        let silence = self.silence(history);
        let alive = 1.0 / (1.0 + silence.odds());
        let lifetime = Pareto { shape: silence.s, rate: silence.beta + silence.age };
        let process = GammaPoisson { shape: silence.shape, rate: silence.alpha + silence.age, lifetime };
        Outlook::new(alive, Process::Pareto(process))
    }

    fn log_likelihood_of(&self, history: &Summary) -> f64 {
        self.silence(history).log_likelihood(self.parameters[0])
    }

    fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
        let [r, alpha, s, beta] = self.parameters;
        Simulated::draw(ages, seed, |random, age, purchases| {
            let rate = random.gamma(r, alpha);
            let lifetime = random.exponential() / random.gamma(s, beta);
            random.poisson_times(rate, lifetime.min(age), purchases);
            lifetime > age
        })
    }
}

impl Regressed for ParetoNbd {
    type Likelihood<'a> = ParetoLikelihood<'a>;

    const PURCHASE: [f64; 4] = [0.0, -1.0, 0.0, 0.0];
    const DROPOUT: [f64; 4] = [0.0, 0.0, 0.0, -1.0];
    const TIME: [f64; 4] = [0.0, 1.0, 0.0, 1.0];

    fn likelihood(frequencies: &[f64]) -> ParetoLikelihood<'_> {
        ParetoLikelihood { frequencies }
    }
}

impl TryFrom<[f64; 4]> for ParetoNbd {
    type Error = Error;
    fn try_from(parameters: [f64; 4]) -> Result<Self, Error> {
        Self::new(parameters)
    }
}

impl From<ParetoNbd> for [f64; 4] {
    fn from(model: ParetoNbd) -> Self {
        model.parameters
    }
}

/// As many numbers as a model has parameters.
pub(super) fn exactly<const K: usize>(values: &[f64]) -> Result<[f64; K], Error> {
    values.try_into().map_err(|_| Error::input("number of parameters", values.len(), K.to_string()))
}

/// All finite and above 0.
pub(super) fn positive(names: &[&str], values: &[f64]) -> Result<(), Error> {
    match names.iter().zip(values).find(|(_, value)| !(**value > 0.0 && value.is_finite())) {
        Some((name, value)) => Err(Error::input(*name, *value, "a finite number above 0")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::outlook::Rate;
    use super::*;

    fn relative(found: f64, expected: f64) -> f64 {
        if found == expected { 0.0 } else { ((found - expected) / expected).abs() }
    }

    /// Cases in which hypergeometric implementations fail, with values of 60 digits.
    #[test]
    fn edge_cases() {
        let Ok(folder) = std::env::var("CXO_GOLDEN_DIR") else { return };
        let text = std::fs::read_to_string(format!("{folder}/clv/edge_cases.json")).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let (mut count, mut worst) = (0, [0.0_f64; 4]);
        for case in document["cases"].as_array().unwrap().iter().filter(|case| case["model"] == "pareto_nbd") {
            let number = |name: &str| case[name].as_f64().unwrap();
            let parameters: Vec<f64> = case["params"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
            let model = ParetoNbd::new(parameters.try_into().unwrap()).unwrap();
            let [r, alpha, s, beta] = model.parameters;
            let silence = Silence { shape: r + number("x"), alpha, s, beta, recency: number("t_x"), age: number("T") };
            let alive = 1.0 / (1.0 + silence.odds());
            let lifetime = Pareto { shape: s, rate: beta + silence.age };
            let process = GammaPoisson { shape: silence.shape, rate: alpha + silence.age, lifetime };
            let outlook = Outlook::new(alive, Process::Pareto(process));
            let rate = Rate::continuous(0.0026877).unwrap();
            let found = [
                silence.log_likelihood(r),
                alive,
                outlook.expected_purchases(number("t")).unwrap(),
                outlook.discounted_residual_transactions(rate),
            ];
            let names = ["log_likelihood", "p_alive", "cet", "dert_delta_0.0026877"];
            for ((found, name), worst) in found.into_iter().zip(names).zip(&mut worst) {
                let expected = number(name);
                let error = if expected.abs() < 1e-290 { (found - expected).abs() } else { relative(found, expected) };
                if error > 1e-11 {
                    eprintln!("{case} {name} {found} {error:e}");
                }
                *worst = worst.max(error);
            }
            count += 1;
        }
        eprintln!("{worst:?}");
        assert_eq!(count, 165);
        assert!(worst.iter().all(|error| *error < 1e-9), "{worst:?}");
    }

    fn cdnow() -> Option<Summaries> {
        let folder = std::env::var("CXO_GOLDEN_DIR").ok()?;
        let text = std::fs::read_to_string(format!("{folder}/../data/clv/cdnow_summary.csv")).unwrap();
        let summaries = text.lines().skip(1).map(|line| {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            Summary::new(cells[1] as u32, cells[2], cells[3]).unwrap()
        });
        Some(summaries.collect())
    }

    #[test]
    fn cdnow_fit() {
        let Some(summaries) = cdnow() else { return };
        let start = std::time::Instant::now();
        let fitted = ParetoNbd::fit(&summaries, &FitOptions::default()).unwrap();
        eprintln!("{:?} {fitted:?}", start.elapsed());
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let frequencies = [0.0, 1.0, 7.0, 300.0];
        let likelihood = ParetoLikelihood { frequencies: &frequencies };
        use super::super::fit::Likelihood;
        use super::super::rows::Row;
        for parameters in [[0.55, 0.33, 0.6, 0.36], [1.3, 0.2, 0.9, 4.0], [0.2, 3.0, 2.5, 0.1], [3.0, 1.0, 40.0, 90.0]]
        {
            for (group, recency, age) in
                [(0, 0.0, 1.2), (1, 0.3, 1.0), (1, 0.9, 0.9), (2, 0.001, 5.0), (3, 0.9, 1.1), (2, 0.9, 1.0)]
            {
                let row = Row { group, recency, age };
                let jet = |p: [f64; 4]| ParetoLikelihood::jet(&likelihood.at(p), &row);
                let here = jet(parameters);
                let silence = Silence {
                    shape: parameters[0] + frequencies[group as usize],
                    alpha: parameters[1],
                    s: parameters[2],
                    beta: parameters[3],
                    recency,
                    age,
                };
                let value = silence.log_likelihood(parameters[0]);
                assert!((here.value - value).abs() < 1e-11 * (1.0 + value.abs()), "{} {value}", here.value);
                for i in 0..4 {
                    let step = 1e-5 * parameters[i];
                    let moved = |sign: f64| {
                        let mut p = parameters;
                        p[i] += sign * step;
                        jet(p)
                    };
                    let (up, down) = (moved(1.0), moved(-1.0));
                    let slope = (up.value - down.value) / (2.0 * step);
                    assert!(
                        (slope - here.gradient[i]).abs() * parameters[i] < 3e-8 * (1.0 + value.abs()),
                        "{parameters:?} {row:?} {i}: {slope} {}",
                        here.gradient[i]
                    );
                    for j in 0..4 {
                        let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
                        let scale = parameters[i] * parameters[j];
                        assert!(
                            (bend - here.second(i, j)).abs() * scale < 1e-7 * (1.0 + value.abs()),
                            "{parameters:?} {row:?} {i} {j}: {bend} {}",
                            here.second(i, j)
                        );
                    }
                }
            }
        }
    }
}
