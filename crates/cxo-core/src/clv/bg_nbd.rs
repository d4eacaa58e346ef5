//! Who is still a customer if everybody buys at random and may leave after a purchase? The BG/NBD and its relatives: one
//! family of four models on one code. State: four parameters and the regularity k; called by whoever values customers without a
//! contract.

use super::beta_geometric::{BetaGeometricLikelihood, Group, Leaving};
use super::covariate_likelihood::Individual;
use super::fit::{FitOptions, Fitted, Model, climb};
use super::outlook::{Outlook, PurchaseModel};
use super::pareto_nbd::{exactly, positive};
use super::process::Process;
use super::process::beta_geometric::{BetaGeometric, MOST_REGULAR, Since};
use super::rows::{Row, Rows};
use super::simulation::Simulated;
use super::with_covariates::{DropoutEffect, Regressed};
use super::{Summaries, Summary};
use crate::numeric::beta::ln_beta;
use crate::numeric::gamma::ln_gamma;
use crate::numeric::jet::Jet;
use crate::numeric::random::Random;
use crate::{Error, ErrorKind, Seed};

const NAMES: [&str; 4] = ["r", "alpha", "a", "b"];

/// What the four models share.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Family {
    leaving: Leaving,
    k: u32,
    parameters: [f64; 4],
}

/// A history as the family reads it.
struct History {
    frequency: f64,
    recency: f64,
    age: f64,
    sum_log_intervals: f64,
}

impl From<&Summary> for History {
    fn from(summary: &Summary) -> Self {
        Self {
            frequency: f64::from(summary.frequency()),
            recency: summary.recency(),
            age: summary.age(),
            sum_log_intervals: summary.sum_log_intervals().unwrap_or_default(),
        }
    }
}

impl Family {
    /// After which purchases he may have left.
    fn chances(&self, history: &History) -> f64 {
        if self.leaving == Leaving::AfterAll { history.frequency + 1.0 } else { history.frequency }
    }

    /// P(gone) / P(alive) as a factor and a logarithm, so that neither overflows; a factor of 0 if he cannot have left.
    fn odds_of_gone(&self, history: &History) -> (f64, f64) {
        let [r, alpha, a, b] = self.parameters;
        let chances = self.chances(history);
        if chances == 0.0 {
            return (0.0, 0.0);
        }
        let shape = r + f64::from(self.k) * history.frequency;
        let silence = history.age - history.recency;
        let grown = shape * (silence / (alpha + history.recency)).ln_1p();
        (a / (b + chances - 1.0), grown - self.log_stages(history))
    }

    /// ln Σ over j < k of (r + k x)_j / j! ((T - t_x) / (α + T))^j.
    fn log_stages(&self, history: &History) -> f64 {
        let [r, alpha, ..] = self.parameters;
        let shape = r + f64::from(self.k) * history.frequency;
        if self.k == 1 {
            return 0.0;
        }
        let ratio = (history.age - history.recency) / (alpha + history.age);
        let (mut term, mut sum) = (1.0, 0.0);
        for j in 0..self.k {
            sum += term;
            term *= (shape + f64::from(j)) / f64::from(j + 1) * ratio;
        }
        sum.ln()
    }

    fn probability_alive(&self, history: &History) -> f64 {
        let (factor, log) = self.odds_of_gone(history);
        1.0 / (1.0 + factor * log.exp())
    }

    fn outlook(&self, history: &History) -> Outlook {
        let [r, alpha, a, b] = self.parameters;
        let process = BetaGeometric {
            k: self.k,
            shape: r + f64::from(self.k) * history.frequency,
            rate: alpha + history.age,
            since: Since::Silence(history.age - history.recency),
            a,
            b: b + self.chances(history),
        };
        Outlook::new(self.probability_alive(history), Process::BetaGeometric(process))
    }

    fn log_likelihood(&self, history: &History) -> f64 {
        let [r, alpha, a, b] = self.parameters;
        let k = f64::from(self.k);
        let (x, shape) = (history.frequency, r + k * history.frequency);
        let purchases = ln_gamma(shape) - ln_gamma(r) + r * alpha.ln() - shape * (alpha + history.age).ln();
        let regular = if self.k == 1 { 0.0 } else { (k - 1.0) * history.sum_log_intervals - x * ln_gamma(k) };
        let stayed = ln_beta(a, b + self.chances(history)) - ln_beta(a, b);
        let (factor, log) = self.odds_of_gone(history);
        let gone = factor.ln() + log;
        let either = gone.max(0.0) + (-gone.abs()).exp().ln_1p();
        purchases + regular + stayed + self.log_stages(history) + either
    }

    fn fit(self, summaries: &Summaries, options: &FitOptions) -> Result<(Self, super::fit::Optimum, u64), Error> {
        let rows = Rows::new(summaries)?;
        let k = f64::from(self.k);
        let regular = match rows.sum_log_intervals {
            _ if self.k == 1 => 0.0,
            Some(logs) => (k - 1.0) * logs - rows.purchases * ln_gamma(k),
            None => {
                return Err(Error::input("sum of log intervals", "absent", "present in every history if k is above 1"));
            }
        };
        let likelihood = BetaGeometricLikelihood { leaving: self.leaving, k: self.k, frequencies: &rows.frequencies };
        // Events are k times as frequent as purchases.
        let starts = [[0.0; 4], [-1.0, -1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0]]
            .map(|[r, alpha, a, b]: [f64; 4]| [r, alpha - k.ln(), a, b]);
        let mut optimum = climb(&likelihood, &rows.rows, &starts, NAMES, options)?;
        if let Some(alpha) = optimum.logs.get_mut(1) {
            *alpha += rows.scale.ln();
        }
        optimum.log_likelihood += regular - rows.purchases * rows.scale.ln();
        let parameters = optimum.logs.iter().map(|log| log.exp()).collect::<Vec<_>>();
        positive(&NAMES, &parameters)?;
        Ok((Self { parameters: exactly(&parameters)?, ..self }, optimum, rows.customers))
    }

    fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
        Simulated::draw(ages, seed, |random, age, purchases| self.customer(random, age, purchases))
    }

    /// Draws one customer: pushes the times of repeat purchases up to the age and says whether he is alive then.
    fn customer(&self, random: &mut Random, age: f64, purchases: &mut Vec<f64>) -> bool {
        let [r, alpha, a, b] = self.parameters;
        let rate = random.gamma(r, alpha);
        let leaves = random.beta(a, b);
        if self.leaving == Leaving::AfterAll && random.happens(leaves) {
            return false;
        }
        let mut time = 0.0;
        loop {
            time += (0..self.k).map(|_| random.exponential()).sum::<f64>() / rate;
            // A rate of 0 makes the time infinite or, of 0 / 0, no number.
            if time.is_nan() || time > age {
                return true;
            }
            purchases.push(time);
            if random.happens(leaves) {
                return false;
            }
        }
    }
}

fn regularity(k: u32) -> Result<u32, Error> {
    if (1..=MOST_REGULAR).contains(&k) { Ok(k) } else { Err(Error::input("k", k, format!("1 to {MOST_REGULAR}"))) }
}

/// The traits of a model of the family; `$k` is the expression of its regularity.
macro_rules! family {
    ($model:ident, $name:literal, $leaving:expr) => {
        impl $model {
            const fn family(&self) -> Family {
                Family { leaving: $leaving, k: self.k(), parameters: self.parameters }
            }
        }

        impl Model for $model {
            fn name(&self) -> &'static str {
                $name
            }

            fn parameters(&self) -> Vec<(&'static str, f64)> {
                NAMES.into_iter().zip(self.parameters).collect()
            }

            fn with_parameters(&self, values: &[f64]) -> Result<Self, Error> {
                let mut model = *self;
                model.parameters = exactly(values)?;
                positive(&NAMES, &model.parameters)?;
                Ok(model)
            }
        }

        impl PurchaseModel for $model {
            fn outlook(&self, history: &Summary) -> Outlook {
                self.family().outlook(&history.into())
            }

            fn log_likelihood_of(&self, history: &Summary) -> f64 {
                self.family().log_likelihood(&history.into())
            }

            fn simulate(&self, ages: &[f64], seed: Seed) -> Result<Simulated, Error> {
                self.family().simulate(ages, seed)
            }

            fn one_time_buyers_are_alive(&self) -> bool {
                $leaving == Leaving::AfterRepeats
            }
        }
    };
}

/// A model whose purchases come at random (k = 1).
macro_rules! random_model {
    ($(#[$doc:meta])* $model:ident, $name:literal, $leaving:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(try_from = "[f64; 4]", into = "[f64; 4]")
        )]
        pub struct $model {
            parameters: [f64; 4],
        }

        impl $model {
            /// The model with r, α (in units of time), a and b.
            ///
            /// # Errors
            /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless all are finite and above 0.
            pub fn new(parameters: [f64; 4]) -> Result<Self, Error> {
                positive(&NAMES, &parameters)?;
                Ok(Self { parameters })
            }

            /// The model under which the histories are most likely.
            ///
            /// # Errors
            /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers,
            /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if nobody has bought again, or if the likelihood
            /// keeps rising while a parameter, which it names, goes to 0 or grows without bound; and
            /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged).
            ///
            /// # Complexity
            /// O(n log n) to merge equal histories, then O(distinct histories) for each of about ten steps.
            pub fn fit(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
                let family = Family { leaving: $leaving, k: 1, parameters: [1.0; 4] };
                let (family, optimum, customers) = family.fit(summaries, options)?;
                Ok(Fitted::new(Self { parameters: family.parameters }, optimum, customers))
            }

            const fn k(&self) -> u32 {
                1
            }
        }

        impl TryFrom<[f64; 4]> for $model {
            type Error = Error;
            fn try_from(parameters: [f64; 4]) -> Result<Self, Error> {
                Self::new(parameters)
            }
        }

        impl From<$model> for [f64; 4] {
            fn from(model: $model) -> Self {
                model.parameters
            }
        }

        family!($model, $name, $leaving);

        impl Individual for $model {
            type Group = Group;

            fn group(x: f64, rising: [f64; 3], parameters: [f64; 4]) -> Group {
                Group::new($leaving, 1, x, rising, parameters)
            }

            #[inline]
            fn jet(group: &Group, row: &Row) -> Jet<4> {
                group.jet(row)
            }
        }

        impl Regressed for $model {
            const TIME: [f64; 4] = [0.0, 1.0, 0.0, 0.0];

            fn dropout(effect: DropoutEffect) -> &'static [(usize, f64)] {
                match effect {
                    DropoutEffect::Shapes => &[(2, 1.0), (3, 1.0)],
                    DropoutEffect::Odds => &[(2, 1.0)],
                }
            }

            fn fit_without(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error> {
                Self::fit(summaries, options)
            }

            fn customer(&self, random: &mut Random, age: f64, purchases: &mut Vec<f64>) -> bool {
                self.family().customer(random, age, purchases)
            }
        }
    };
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawRegular {
    k: u32,
    parameters: [f64; 4],
}

/// A model whose purchases come more regularly than at random.
macro_rules! regular_model {
    ($(#[$doc:meta])* $model:ident, $name:literal, $leaving:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawRegular"))]
        pub struct $model {
            k: u32,
            parameters: [f64; 4],
        }

        #[cfg(feature = "serde")]
        impl TryFrom<RawRegular> for $model {
            type Error = Error;
            fn try_from(raw: RawRegular) -> Result<Self, Error> {
                Self::new(raw.k, raw.parameters)
            }
        }

        impl $model {
            /// The model in which every k-th event is a purchase, with r, α (in units of time), a and b.
            ///
            /// # Errors
            /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless k is 1 to 32 and all others are finite and above 0.
            pub fn new(k: u32, parameters: [f64; 4]) -> Result<Self, Error> {
                positive(&NAMES, &parameters)?;
                Ok(Self { k: regularity(k)?, parameters })
            }

            /// The model with this k under which the histories are most likely.
            ///
            /// # Errors
            /// As for a model with k = 1, and [`ErrorKind::Input`](crate::ErrorKind::Input) if k is above 1 and a history
            /// lacks its sum of log intervals.
            pub fn fit(summaries: &Summaries, k: u32, options: &FitOptions) -> Result<Fitted<Self>, Error> {
                let family = Family { leaving: $leaving, k: regularity(k)?, parameters: [1.0; 4] };
                let (family, optimum, customers) = family.fit(summaries, options)?;
                Ok(Fitted::new(Self { k, parameters: family.parameters }, optimum, customers))
            }

            /// The k from 1 on, up to `most`, under which the histories are most likely, with its fit. The search ends when the
            /// likelihood has fallen twice in a row.
            ///
            /// # Errors
            /// As for [`fit`](Self::fit), of the first k that has one when none succeeds.
            pub fn search(summaries: &Summaries, most: u32, options: &FitOptions) -> Result<Fitted<Self>, Error> {
                let mut best = Self::fit(summaries, 1, options);
                let mut falls = 0;
                for k in 2..=regularity(most)? {
                    match Self::fit(summaries, k, options) {
                        Err(error) if error.kind() == ErrorKind::Input => return Err(error),
                        Ok(next) if best.as_ref().is_ok_and(|b| b.log_likelihood() >= next.log_likelihood()) => falls += 1,
                        Ok(next) => (best, falls) = (Ok(next), 0),
                        // A k that the data do not determine is no reason to give up the others.
                        Err(_) => falls += u32::from(best.is_ok()),
                    }
                    if falls == 2 {
                        break;
                    }
                }
                best
            }

            /// How many events make a purchase: 1 is random, more is regular.
            #[must_use]
            pub const fn k(&self) -> u32 {
                self.k
            }
        }

        family!($model, $name, $leaving);
    };
}

random_model! {
    /// The BG/NBD model of Fader, Hardie and Lee (2005): a customer buys at a rate drawn from Gamma(r, α) and leaves after each
    /// repeat purchase with a probability drawn from Beta(a, b).
    ///
    /// One-time buyers are alive by construction: nobody leaves before the first repeat purchase
    /// ([`one_time_buyers_are_alive`](PurchaseModel::one_time_buyers_are_alive)). Formula page: `docs/formulas/bg-nbd.md`.
    ///
    /// ```
    /// use cxo_core::clv::{BgNbd, PurchaseModel, Summary};
    ///
    /// // The published parameters of the CDNOW customers, in weeks.
    /// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
    /// // Two repeat purchases, the last in week 30.43, seen for 38.86 weeks.
    /// let outlook = model.outlook(&Summary::new(2, 30.43, 38.86)?);
    /// assert!((outlook.expected_purchases(39.0)? - 1.226).abs() < 5e-4);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    BgNbd, "bg-nbd", Leaving::AfterRepeats
}

random_model! {
    /// The MBG/NBD model of Batislam, Denizel and Filiztekin (2007): as [`BgNbd`], but a customer may also leave right after the
    /// first purchase. Formula page: `docs/formulas/mbg-nbd.md`.
    ///
    /// ```
    /// use cxo_core::clv::{MbgNbd, PurchaseModel, Summary};
    ///
    /// let model = MbgNbd::new([0.525, 6.183, 0.891, 1.614])?;
    /// // Of new customers a share of b / (a + b) stays after the first purchase.
    /// let alive = model.outlook(&Summary::NEW).probability_alive();
    /// assert!((alive - 1.614 / (0.891 + 1.614)).abs() < 1e-12);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    MbgNbd, "mbg-nbd", Leaving::AfterAll
}

regular_model! {
    /// The BG/CNBD-k model of Platzer and Reutterer (2016): as [`BgNbd`], but every k-th event is a purchase, so that the times
    /// between purchases follow an Erlang distribution. Its parameters are r, α, a and b; k is fixed in a fit.
    /// Formula page: `docs/formulas/cnbd-k.md`.
    BgCnbd, "bg-cnbd", Leaving::AfterRepeats
}

regular_model! {
    /// The MBG/CNBD-k model of Platzer and Reutterer (2016): as [`BgCnbd`], but a customer may also leave right after the first
    /// purchase. Formula page: `docs/formulas/cnbd-k.md`.
    MbgCnbd, "mbg-cnbd", Leaving::AfterAll
}
