//! Which traits of customers go with buying more often, and which with leaving sooner? Static covariates of purchase and of
//! dropout for [`BgNbd`](super::BgNbd), [`MbgNbd`](super::MbgNbd) and [`ParetoNbd`](super::ParetoNbd) (Fader and Hardie 2007).
//! State: the parameters and coefficients of a fit, which are associations, not effects.

use super::covariate_likelihood::{Customers, Individual, Influence};
use super::covariates::{CovariateTables, CovariateValues, Standard};
use super::fit::{FitOptions, Fitted, Names, Parameter, names_of, optimum, verdict};
use super::likelihood_ratio::LikelihoodRatio;
use super::outlook::{Outlook, PurchaseModel};
use super::simulation::Simulated;
use super::{Summaries, Summary};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::{Top, maximize};
use crate::numeric::normal;
use crate::numeric::random::Random;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method, Seed};

/// What a covariate goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Behavior {
    /// Buying.
    Purchase,
    /// Leaving.
    Dropout,
}

/// How covariates move the dropout of BG/NBD and MBG/NBD, whose chance of leaving has a beta distribution with shapes a and b and
/// mean odds of a / b. Pareto/NBD has but one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum DropoutEffect {
    /// a exp(γ2'z) and b exp(γ3'z): two coefficients for each covariate (Fader and Hardie 2007). Leaving is likelier where γ2 - γ3
    /// is positive. It asks much of the data: customers of one kind who leave with nearly equal chances have no finite a and b.
    #[default]
    Shapes,
    /// a exp(γ2'z) alone: one coefficient for each covariate, which multiplies the odds of leaving by exp(γ2).
    Odds,
}

/// One coefficient with its test against 0 (Wald).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Coefficient {
    /// The covariate.
    pub name: String,
    /// What it goes with.
    pub behavior: Behavior,
    /// The parameter that it moves.
    pub parameter: &'static str,
    /// Its value γ. One unit more of the covariate multiplies alpha by exp(-γ), so that customers buy exp(γ) times as often; beta of
    /// Pareto/NBD by exp(-γ), so that they leave exp(γ) times as fast; a or b of BG/NBD by exp(γ).
    pub estimate: Estimate,
    /// Value divided by standard error.
    pub statistic: f64,
    /// Two-sided probability of a statistic at least as far from 0 if the coefficient is 0.
    pub p_value: f64,
}

/// A model whose parameters can follow covariates. Sealed: implemented by [`BgNbd`](super::BgNbd), [`MbgNbd`](super::MbgNbd) and
/// [`ParetoNbd`](super::ParetoNbd).
#[allow(private_bounds)]
pub trait Regression: PurchaseModel + Copy + Into<[f64; 4]> + TryFrom<[f64; 4], Error = Error> + Regressed {}

impl<M: PurchaseModel + Copy + Into<[f64; 4]> + TryFrom<[f64; 4], Error = Error> + Regressed> Regression for M {}

/// What covariates need of a model besides its likelihood.
pub(super) trait Regressed: Individual + Sized {
    /// With the unit of time, to which power each parameter scales.
    const TIME: [f64; 4];

    /// The parameters that dropout moves, each with the sign of its coefficients.
    fn dropout(effect: DropoutEffect) -> &'static [(usize, f64)];

    fn fit_without(summaries: &Summaries, options: &FitOptions) -> Result<Fitted<Self>, Error>;

    /// Draws one customer: pushes the times of repeat purchases up to the age and says whether he is alive then.
    fn customer(&self, random: &mut Random, age: f64, purchases: &mut Vec<f64>) -> bool;
}

/// A model in which static covariates shift the rates of purchase and of dropout, each with coefficients of its own.
///
/// alpha of a customer is alpha exp(-γ1'z); beta of Pareto/NBD is beta exp(-γ2'w); a and b of BG/NBD follow the
/// [`DropoutEffect`]. Formula page: `docs/formulas/clv-covariates.md`.
///
/// ```
/// use cxo_core::clv::{BgNbd, CovariateTables, CovariateValues, Covariates, DropoutEffect, FitOptions, PurchaseModel, Summary,
///     WithCovariates};
/// use cxo_core::{Confidence, Seed};
///
/// // Members buy about twice as often as others.
/// let mut member = Covariates::new(["member"])?;
/// let mut summaries = Vec::new();
/// for (row, alpha) in [(0.0, 10.0), (1.0, 5.0)] {
///     let group = BgNbd::new([0.5, alpha, 0.8, 2.5])?.simulate(&[40.0; 400], Seed(7))?.summaries()?;
///     for (summary, _) in group.iter() {
///         summaries.push(summary);
///         member.push(&[row])?;
///     }
/// }
/// let tables = CovariateTables { purchase: &member, dropout: &Covariates::default() };
/// let summaries = summaries.into_iter().collect();
/// let model = WithCovariates::<BgNbd>::fit(&summaries, tables, DropoutEffect::default(), &FitOptions::default())?;
///
/// let coefficient = &model.coefficients(Confidence::P95)[0];
/// assert!(coefficient.p_value < 0.01 && coefficient.estimate.interval?.contains(2.0_f64.ln()));
/// assert!(model.against_none().p_value < 0.01);
/// let history = Summary::new(2, 30.0, 40.0)?;
/// let expected = |member: f64| -> Result<f64, cxo_core::Error> {
///     model.outlook(&history, CovariateValues { purchase: &[member], dropout: &[] })?.expected_purchases(52.0)
/// };
/// assert!(expected(1.0)? > expected(0.0)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Raw<M>", bound(deserialize = "M: Regression + serde::Deserialize<'de>"))
)]
pub struct WithCovariates<M> {
    base: M,
    effect: DropoutEffect,
    purchase: Vec<String>,
    dropout: Vec<String>,
    /// Of purchase, then of each parameter of dropout.
    coefficients: Vec<f64>,
    /// Of the logarithms of the parameters and of the coefficients, row by row.
    covariance: Vec<f64>,
    log_likelihood: f64,
    log_likelihood_without: f64,
    #[cfg_attr(feature = "serde", serde(skip_serializing))]
    against_none: LikelihoodRatio,
    gradient_norm: f64,
    newton_decrement: f64,
    iterations: u32,
    customers: u64,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Raw<M> {
    base: M,
    effect: DropoutEffect,
    purchase: Vec<String>,
    dropout: Vec<String>,
    coefficients: Vec<f64>,
    covariance: Vec<f64>,
    log_likelihood: f64,
    log_likelihood_without: f64,
    gradient_norm: f64,
    newton_decrement: f64,
    iterations: u32,
    customers: u64,
}

#[cfg(feature = "serde")]
impl<M: Regression> TryFrom<Raw<M>> for WithCovariates<M> {
    type Error = Error;
    fn try_from(raw: Raw<M>) -> Result<Self, Error> {
        let wanted = influences::<M>(raw.effect, raw.purchase.len(), raw.dropout.len()).len();
        if wanted == 0 || raw.coefficients.len() != wanted {
            return Err(Error::input("number of coefficients", raw.coefficients.len(), format!("{wanted}, above 0")));
        }
        let numbers = [raw.log_likelihood, raw.log_likelihood_without, raw.gradient_norm, raw.newton_decrement];
        if !numbers.iter().chain(&raw.coefficients).all(|number| number.is_finite()) {
            return Err(Error::input("fit", "a number that is not finite", "finite numbers"));
        }
        for names in [&raw.purchase, &raw.dropout] {
            super::Covariates::new(names)?;
        }
        super::fit::covariance_of(4 + wanted, &raw.covariance)?;
        Ok(Self {
            base: raw.base,
            effect: raw.effect,
            purchase: raw.purchase,
            dropout: raw.dropout,
            coefficients: raw.coefficients,
            covariance: raw.covariance,
            log_likelihood: raw.log_likelihood,
            log_likelihood_without: raw.log_likelihood_without,
            against_none: against_none(raw.log_likelihood, raw.log_likelihood_without, wanted)?,
            gradient_norm: raw.gradient_norm,
            newton_decrement: raw.newton_decrement,
            iterations: raw.iterations,
            customers: raw.customers,
        })
    }
}

/// The coefficients: purchase, then each parameter of dropout, each in the order of its table.
fn influences<M: Regression>(effect: DropoutEffect, purchase: usize, dropout: usize) -> Vec<Influence> {
    let buying = (0..purchase).map(|column| Influence { parameter: 1, sign: -1.0, column });
    let leaving = M::dropout(effect).iter().flat_map(|&(parameter, sign)| {
        (purchase..purchase + dropout).map(move |column| Influence { parameter, sign, column })
    });
    buying.chain(leaving).collect()
}

/// Whether the end of a search is an answer, and in the words of parameters and columns why it is none.
fn check(top: &Top, parameters: &[&str], columns: &[&str], influences: &[Influence]) -> Result<(), Error> {
    let name = |influence: &Influence| {
        let word = |words: &[&str], at: usize| words.get(at).copied().unwrap_or_default().to_owned();
        let (column, parameter) = (word(columns, influence.column), word(parameters, influence.parameter));
        format!("the coefficient of {column} on {parameter}")
    };
    let coefficients: Vec<String> = influences.iter().map(name).collect();
    verdict(top, Names { parameters, coefficients: &coefficients })
}

fn against_none(with: f64, without: f64, coefficients: usize) -> Result<LikelihoodRatio, Error> {
    let degrees = u32::try_from(coefficients).map_err(|_| Error::overflow("number of coefficients"))?;
    LikelihoodRatio::new(with, without, degrees)
}

impl<M: Regression> WithCovariates<M> {
    /// Fits model and coefficients together, and the model without covariates, against which the result is tested. Row i of each
    /// table belongs to row i of the summaries; equal customers are merged. A penalty is not supported.
    ///
    /// # Errors
    /// As for the model without covariates. Besides, [`ErrorKind::NoData`](crate::ErrorKind::NoData) without any column,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for tables of another length than the summaries,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified), with the names, for columns that are constant or collinear
    /// and for a coefficient that grows without bound, and [`ErrorKind::Input`](crate::ErrorKind::Input) for a penalty.
    ///
    /// # Complexity
    /// O(n log n) to sort the customers, then O(distinct customers · coefficients²) for each of about ten steps.
    pub fn fit(
        summaries: &Summaries,
        tables: CovariateTables<'_>,
        effect: DropoutEffect,
        options: &FitOptions,
    ) -> Result<Self, Error> {
        if options.strength() > 0.0 {
            return Err(Error::input("penalty", options.strength(), "0 with covariates"));
        }
        let [purchase, dropout] = [tables.purchase, tables.dropout].map(|table| table.names().to_vec());
        let influences = influences::<M>(effect, purchase.len(), dropout.len());
        if influences.is_empty() {
            return Err(Error::no_data("columns of covariates"));
        }
        let standards = tables.standards(summaries.len())?;
        let without = M::fit_without(summaries, options)?;
        let customers = Customers::new(summaries, tables, &standards)?;
        let log_scale = customers.scale.ln();
        let parameters: [f64; 4] = (*without.model()).into();
        let mut start: Vec<f64> =
            parameters.iter().zip(M::TIME).map(|(value, power)| value.ln() - power * log_scale).collect();
        start.resize(4 + influences.len(), 0.0);
        let top = maximize(|values| customers.surface::<M>(&influences, values), &start, options.limits(1e-14));
        let columns: Vec<&str> = purchase.iter().chain(&dropout).map(String::as_str).collect();
        check(&top, &names_of(without.model()), &columns, &influences)?;
        let found = optimum(top, without.iterations(), 0.0);
        let log_likelihood = found.log_likelihood - customers.purchases * log_scale;
        let against_none = against_none(log_likelihood, without.log_likelihood(), influences.len())?;
        let (logs, coefficients, covariance) = unstandardised(&found.logs, &found.covariance, &influences, &standards);
        let parameters = std::array::from_fn(|at| (logs[at] + M::TIME[at] * log_scale).exp());
        Ok(Self {
            base: M::try_from(parameters)?,
            effect,
            purchase,
            dropout,
            coefficients,
            covariance: covariance.entries().to_vec(),
            log_likelihood,
            log_likelihood_without: without.log_likelihood(),
            against_none,
            gradient_norm: found.gradient_norm,
            newton_decrement: found.decrement,
            iterations: found.iterations,
            customers: customers.count,
        })
    }

    fn influences(&self) -> Vec<Influence> {
        influences::<M>(self.effect, self.purchase.len(), self.dropout.len())
    }

    /// The model of a customer with these covariates.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless there is one finite value for each covariate, and none takes a parameter
    /// out of the range of numbers.
    pub fn model_of(&self, values: CovariateValues<'_>) -> Result<M, Error> {
        values.check(&self.purchase, &self.dropout)?;
        let mut shifts = [0.0; 4];
        let (buying, mut leaving) = self.coefficients.split_at(self.purchase.len());
        let product = |of: &[f64], values: &[f64]| of.iter().zip(values).map(|(of, value)| of * value).sum::<f64>();
        shifts[1] -= product(buying, values.purchase);
        for &(parameter, sign) in M::dropout(self.effect) {
            let (own, others) = leaving.split_at(self.dropout.len());
            shifts[parameter] += sign * product(own, values.dropout);
            leaving = others;
        }
        let mut parameters: [f64; 4] = self.base.into();
        parameters.iter_mut().zip(shifts).for_each(|(parameter, shift)| *parameter *= shift.exp());
        M::try_from(parameters)
    }

    /// What is expected of a customer with this history and these covariates.
    ///
    /// # Errors
    /// As for [`model_of`](Self::model_of).
    pub fn outlook(&self, history: &Summary, values: CovariateValues<'_>) -> Result<Outlook, Error> {
        Ok(self.model_of(values)?.outlook(history))
    }

    /// Customers drawn from the model, one for each age, with covariates row by row.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for tables with other columns than those of the fit or with
    /// another number of rows than ages; [`ErrorKind::Input`](crate::ErrorKind::Input), with the row, for an age that is not finite or
    /// below 0 and as for [`model_of`](Self::model_of).
    pub fn simulate(&self, ages: &[f64], tables: CovariateTables<'_>, seed: Seed) -> Result<Simulated, Error> {
        for (table, names) in [(tables.purchase, &self.purchase), (tables.dropout, &self.dropout)] {
            table.covers(ages.len())?;
            if table.names() != names {
                return Err(Error::incompatible(format!("covariates {:?} for a fit on {names:?}", table.names())));
            }
        }
        let model = |at: usize| {
            let values = CovariateValues { purchase: tables.purchase.row(at), dropout: tables.dropout.row(at) };
            self.model_of(values).map_err(|error| error.at_row(at as u64))
        };
        let models = (0..ages.len()).map(model).collect::<Result<Vec<M>, Error>>()?;
        let mut models = models.iter();
        Simulated::draw(ages, seed, |random, age, purchases| {
            models.next().is_some_and(|model| model.customer(random, age, purchases))
        })
    }

    /// The coefficients: purchase, then each parameter of dropout, each in the order of its table.
    #[must_use]
    pub fn coefficients(&self, confidence: Confidence) -> Vec<Coefficient> {
        let z = -normal::quantile(0.5 * confidence.alpha());
        let names = names_of(&self.base);
        let influences = self.influences().into_iter();
        let coefficient = |(at, (influence, &value)): (usize, (Influence, &f64))| {
            let error = self.deviation(4 + at);
            let interval = Interval::new(value - z * error, value + z * error, confidence, Method::Wald);
            let estimate = Estimate {
                value,
                standard_error: Ok(error),
                interval: interval.map_err(|_| Absent::Infinite),
                n: self.customers,
                effective_n: self.customers as f64,
                method: Method::MaximumLikelihood,
            };
            let behavior = if influence.column < self.purchase.len() { Behavior::Purchase } else { Behavior::Dropout };
            let statistic = value / error;
            Coefficient {
                name: self.purchase.iter().chain(&self.dropout).nth(influence.column).cloned().unwrap_or_default(),
                behavior,
                parameter: names.get(influence.parameter).copied().unwrap_or_default(),
                estimate,
                statistic,
                p_value: normal::two_sided_p(statistic),
            }
        };
        influences.zip(&self.coefficients).enumerate().map(coefficient).collect()
    }

    /// The parameters of [`base`](Self::base), each with standard error and interval.
    #[must_use]
    pub fn parameters(&self, confidence: Confidence) -> Vec<Parameter> {
        let values = self.base.parameters().into_iter().enumerate();
        values
            .map(|(at, (name, value))| Parameter::new(name, value, self.deviation(at), self.customers, confidence))
            .collect()
    }
}

impl<M> WithCovariates<M> {
    /// The model of a customer whose covariates are all 0.
    pub const fn base(&self) -> &M {
        &self.base
    }

    /// How the covariates move dropout.
    #[must_use]
    pub const fn dropout_effect(&self) -> DropoutEffect {
        self.effect
    }

    /// The names of the covariates of purchase.
    #[must_use]
    pub fn purchase(&self) -> &[String] {
        &self.purchase
    }

    /// The names of the covariates of dropout.
    #[must_use]
    pub fn dropout(&self) -> &[String] {
        &self.dropout
    }

    /// The greatest log-likelihood.
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The test of all coefficients together against none.
    #[must_use]
    pub const fn against_none(&self) -> LikelihoodRatio {
        self.against_none
    }

    /// The greatest absolute derivative at the end of the search, by a logarithm of a parameter or by the coefficient of a
    /// standardised covariate.
    #[must_use]
    pub const fn gradient_norm(&self) -> f64 {
        self.gradient_norm
    }

    /// g' (-H)⁻¹ g at the end: twice what another step could gain.
    #[must_use]
    pub const fn newton_decrement(&self) -> f64 {
        self.newton_decrement
    }

    /// Steps of the search, those without covariates included.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Customers fitted on.
    #[must_use]
    pub const fn customers(&self) -> u64 {
        self.customers
    }

    /// Akaike's information criterion, 2 k - 2 ln L for k parameters and coefficients; less is better.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * ((4 + self.coefficients.len()) as f64 - self.log_likelihood)
    }

    /// Schwarz's (Bayesian) information criterion, k ln n - 2 ln L for n customers; less is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        (4 + self.coefficients.len()) as f64 * (self.customers as f64).ln() - 2.0 * self.log_likelihood
    }

    /// The standard deviation of the logarithm of a parameter, or of a coefficient.
    fn deviation(&self, at: usize) -> f64 {
        let size = 4 + self.coefficients.len();
        self.covariance.get(at * (size + 1)).map_or(f64::INFINITY, |variance| variance.sqrt())
    }
}

/// Logarithms of the parameters at covariates of 0, coefficients, and the covariance of both, from those of standardised covariates.
fn unstandardised(
    found: &[f64],
    covariance: &Matrix,
    influences: &[Influence],
    standards: &[Standard],
) -> ([f64; 4], Vec<f64>, Matrix) {
    // Each value of the result is a sum of found ones with these weights.
    let weights: Vec<Vec<f64>> = (0..found.len())
        .map(|row| {
            let mut weights = vec![0.0; found.len()];
            weights[row] = 1.0;
            for (at, influence) in influences.iter().enumerate() {
                let Standard { mean, deviation } = standards[influence.column];
                if row == influence.parameter {
                    weights[4 + at] = -influence.sign * mean / deviation;
                } else if row == 4 + at {
                    weights[4 + at] = 1.0 / deviation;
                }
            }
            weights
        })
        .collect();
    let value = |weights: &Vec<f64>| weights.iter().zip(found).map(|(weight, value)| weight * value).sum::<f64>();
    let values: Vec<f64> = weights.iter().map(value).collect();
    let logs = std::array::from_fn(|at| values[at]);
    let covariance = Matrix::from_fn(found.len(), |row, column| {
        let [row, column] = [row.max(column), row.min(column)];
        covariance.form(&weights[row], &weights[column])
    });
    (logs, values.into_iter().skip(4).collect(), covariance)
}
