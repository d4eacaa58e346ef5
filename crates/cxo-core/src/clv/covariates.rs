//! Which traits of customers go with buying more often, and which with leaving sooner? Static covariates of purchase and of
//! dropout for [`BgNbd`](super::BgNbd) and [`ParetoNbd`](super::ParetoNbd). State: a small table of numbers beside the
//! summaries; the fitted coefficients are associations, not effects.

use super::fit::{FitOptions, Likelihood, names_of, optimum, total, verdict};
use super::outlook::{Outlook, PurchaseModel};
use super::rows::{Row, Rows};
use super::{Summaries, Summary};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::{Limits, Surface, maximize};
use crate::numeric::{chi_square, normal};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// Correlations whose matrix has an eigenvalue below this leave a column no variation of its own.
const COLLINEAR: f64 = 1e-9;
/// Standardised coefficients beyond this have run away.
const BOUND: f64 = 18.0;

/// Numbers known of each customer, such as 1 for a member and 0 for others: one row a customer, one column a covariate.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawCovariates"))]
pub struct Covariates {
    names: Vec<String>,
    /// Row by row.
    values: Vec<f64>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawCovariates {
    names: Vec<String>,
    values: Vec<f64>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawCovariates> for Covariates {
    type Error = Error;
    fn try_from(raw: RawCovariates) -> Result<Self, Error> {
        let mut covariates = Self::new(raw.names);
        let width = covariates.names.len().max(1);
        raw.values.chunks(width).try_for_each(|row| covariates.push(row))?;
        Ok(covariates)
    }
}

impl Covariates {
    /// A table without rows; without names it is the table of no covariates.
    #[must_use]
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), values: Vec::new() }
    }

    /// Adds the values of the next customer, in the order of the summaries.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless there is one finite value for each name.
    pub fn push(&mut self, values: &[f64]) -> Result<(), Error> {
        if values.len() != self.names.len() {
            return Err(Error::input("number of covariates", values.len(), format!("{}", self.names.len())));
        }
        if let Some((name, value)) = self.names.iter().zip(values).find(|(_, value)| !value.is_finite()) {
            return Err(Error::input(format!("covariate {name}"), value, "a finite number"));
        }
        self.values.extend_from_slice(values);
        Ok(())
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn row(&self, at: usize) -> &[f64] {
        let width = self.names.len();
        self.values.get(at * width..(at + 1) * width).unwrap_or_default()
    }

    fn covers(&self, customers: usize) -> Result<(), Error> {
        if self.values.len() == customers * self.names.len() {
            Ok(())
        } else {
            let rows = self.values.len() / self.names.len().max(1);
            Err(Error::incompatible(format!("{rows} rows of covariates for {customers} rows of summaries")))
        }
    }

    /// Mean and standard deviation of each column.
    fn standards(&self) -> Result<Vec<(f64, f64)>, Error> {
        let width = self.names.len();
        let rows = (self.values.len() / width.max(1)) as f64;
        let column = |at: usize| self.values.iter().skip(at).step_by(width.max(1));
        (0..width)
            .map(|at| {
                let mean = column(at).sum::<f64>() / rows;
                let deviation = (column(at).map(|value| (value - mean).powi(2)).sum::<f64>() / rows).sqrt();
                if deviation > 1e-12 * mean.abs() {
                    Ok((mean, deviation))
                } else {
                    let name = self.names.get(at).map_or("", String::as_str);
                    Err(Error::not_identified(format!("covariate {name} is the same for all customers")))
                }
            })
            .collect()
    }

    /// Refuses columns of which one follows from the others.
    fn independent(&self, standards: &[(f64, f64)]) -> Result<(), Error> {
        let width = self.names.len();
        let mut products = Matrix::zeros(width);
        let mut standard = vec![0.0; width];
        for row in self.values.chunks(width.max(1)) {
            for ((slot, value), (mean, deviation)) in standard.iter_mut().zip(row).zip(standards) {
                *slot = (value - mean) / deviation;
            }
            for (i, left) in standard.iter().enumerate() {
                standard.iter().enumerate().for_each(|(j, right)| products.add(i, j, left * right));
            }
        }
        let rows = (self.values.len() / width.max(1)) as f64;
        match products.spectrum().first() {
            Some((least, vector)) if *least < COLLINEAR * rows => {
                let among =
                    self.names.iter().zip(vector).filter(|(_, part)| part.abs() > 0.1).map(|(name, _)| name.as_str());
                let among = among.collect::<Vec<_>>().join(", ");
                Err(Error::not_identified(format!("the covariates {among} are collinear")))
            }
            _ => Ok(()),
        }
    }
}

/// Which process a covariate goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Process {
    /// The rate of purchases: a positive coefficient goes with buying more often.
    Purchase,
    /// Leaving: a positive coefficient goes with leaving sooner.
    Dropout,
}

/// One coefficient with its test against 0.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Coefficient {
    /// The covariate.
    pub name: String,
    /// What it goes with.
    pub process: Process,
    /// The change of the log rate for one unit of the covariate.
    pub estimate: Estimate,
    /// Value divided by standard error.
    pub statistic: f64,
    /// Two-sided probability of a statistic at least as far from 0 if the coefficient is 0.
    pub p_value: f64,
}

/// A likelihood-ratio test of a model against a smaller one that it contains.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods.
    pub statistic: f64,
    /// How many parameters the larger model has more.
    pub degrees: u32,
    /// The probability of a statistic at least as great if the smaller model holds.
    pub p_value: f64,
}

impl LikelihoodRatio {
    /// The test of a larger model against a smaller one, from their log-likelihoods.
    ///
    /// The chi-square distribution holds for large samples when no parameter of the smaller model is on a boundary.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) without degrees of freedom or if a likelihood is not finite.
    pub fn new(larger: f64, smaller: f64, degrees: u32) -> Result<Self, Error> {
        if degrees == 0 {
            return Err(Error::input("degrees of freedom", degrees, "1 or more"));
        }
        if let Some(value) = [larger, smaller].iter().find(|value| !value.is_finite()) {
            return Err(Error::input("log-likelihood", value, "a finite number"));
        }
        let statistic = (2.0 * (larger - smaller)).max(0.0);
        Ok(Self { statistic, degrees, p_value: chi_square::sf(statistic, f64::from(degrees)) })
    }
}

/// A model whose parameters follow covariates: what [`fit`](WithCovariates::fit) needs of it.
///
/// Sealed: implemented by [`BgNbd`](super::BgNbd) and [`ParetoNbd`](super::ParetoNbd).
#[allow(private_bounds)]
pub trait Regression: PurchaseModel + Sized + Clone + Regressed {}

impl<M: PurchaseModel + Sized + Clone + Regressed> Regression for M {}

/// How the logarithms of the four parameters move.
pub(super) trait Regressed {
    type Likelihood<'a>: Likelihood<4, Row = Row>;

    /// With one unit of the purchase predictor.
    const PURCHASE: [f64; 4];
    /// With one unit of the dropout predictor.
    const DROPOUT: [f64; 4];
    /// With the logarithm of the unit of time.
    const TIME: [f64; 4];

    fn likelihood(frequencies: &[f64]) -> Self::Likelihood<'_>;
}

/// A model in which static covariates shift the rates of purchase and of dropout.
///
/// Purchase: alpha of a customer is alpha · exp(-γ'z). Dropout: beta of Pareto/NBD is beta · exp(-δ'w); a and b of BG/NBD are
/// a · exp(δ'w) and b · exp(δ'w), so that there the covariates move the spread of the dropout probability, not its mean
/// (Fader and Hardie 2007). Formula page: `docs/formulas/clv-covariates.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct WithCovariates<M> {
    base: M,
    purchase: Vec<String>,
    dropout: Vec<String>,
    /// Logarithms of the parameters at covariates of 0, then the coefficients of purchase, then those of dropout.
    values: Vec<f64>,
    /// Of the values, row by row.
    covariance: Matrix,
    log_likelihood: f64,
    gradient_norm: f64,
    iterations: u32,
    customers: u64,
    against_none: LikelihoodRatio,
}

/// The customers of one set of covariates.
struct Cell {
    rows: Rows,
    /// Standardised, purchase then dropout.
    covariates: Vec<f64>,
}

impl<M: Regression> WithCovariates<M> {
    /// Fits model and coefficients together. Row i of each table belongs to row i of the summaries.
    ///
    /// `without` is the same model fitted to the same summaries without covariates: where the search starts and what the
    /// result is tested against. The penalty of the options does not apply.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for tables of another length,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) for columns that are constant or collinear (named) or
    /// a coefficient that grows without bound.
    ///
    /// # Complexity
    /// O(n log n) to group equal customers, then O(distinct rows · parameters²) a step.
    pub fn fit(
        without: &super::Fitted<M>,
        summaries: &Summaries,
        covariates: Covariance<'_>,
        options: &FitOptions,
    ) -> Result<Self, Error> {
        let Covariance { purchase, dropout } = covariates;
        let extra = purchase.names.len() + dropout.names.len();
        if extra == 0 {
            return Err(Error::no_data("covariates"));
        }
        let mut standards = Vec::with_capacity(extra);
        for table in [purchase, dropout] {
            table.covers(summaries.len())?;
            let own = table.standards()?;
            table.independent(&own)?;
            standards.extend(own);
        }
        let whole = Rows::new(summaries)?;
        let cells = cells(summaries, covariates, &standards, whole.scale)?;
        let mut start: Vec<f64> = without.model().parameters().iter().map(|(_, value)| value.ln()).collect();
        start.iter_mut().zip(M::TIME).for_each(|(log, power)| *log -= power * whole.scale.ln());
        start.resize(4 + extra, 0.0);
        let limits = Limits { decrement: 1e-14, iterations: options.iterations(), bound: BOUND };
        let split = purchase.names.len();
        let top = maximize(|values| surface::<M>(&cells, values, split), &start, limits);
        let mut names = names_of(without.model());
        names.extend(purchase.names.iter().chain(&dropout.names).map(String::as_str));
        verdict(&top, &names)?;
        let found = optimum(top, 0, 0.0);
        let log_likelihood = found.log_likelihood - whole.purchases * whole.scale.ln();
        let (values, covariance) = unstandardised::<M>(&found.logs, &found.covariance, &standards, split, whole.scale);
        let parameters: Vec<f64> = values.iter().take(4).map(|log| log.exp()).collect();
        let degrees = u32::try_from(extra).map_err(|_| Error::overflow("number of covariates"))?;
        Ok(Self {
            base: without.model().with_parameters(&parameters)?,
            purchase: purchase.names.clone(),
            dropout: dropout.names.clone(),
            values,
            covariance,
            log_likelihood,
            gradient_norm: found.gradient_norm,
            iterations: found.iterations,
            customers: whole.customers,
            against_none: LikelihoodRatio::new(log_likelihood, without.log_likelihood(), degrees)?,
        })
    }

    /// The model of a customer with these covariates.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless there is one value for each covariate, and none takes a parameter
    /// out of range.
    pub fn model_of(&self, purchase: &[f64], dropout: &[f64]) -> Result<M, Error> {
        let (wanted, given) = ([self.purchase.len(), self.dropout.len()], [purchase.len(), dropout.len()]);
        if wanted != given {
            return Err(Error::input("number of covariates", format!("{given:?}"), format!("{wanted:?}")));
        }
        let (logs, coefficients) = self.values.split_at(4);
        let (of_purchase, of_dropout) = coefficients.split_at(self.purchase.len());
        let product = |of: &[f64], values: &[f64]| of.iter().zip(values).map(|(of, value)| of * value).sum::<f64>();
        let [buying, leaving] = [product(of_purchase, purchase), product(of_dropout, dropout)];
        let moved = logs.iter().zip(M::PURCHASE).zip(M::DROPOUT);
        let parameters: Vec<f64> =
            moved.map(|((log, purchase), dropout)| (log + purchase * buying + dropout * leaving).exp()).collect();
        self.base.with_parameters(&parameters)
    }

    /// What is expected of a customer with this history and these covariates.
    ///
    /// # Errors
    /// As for [`model_of`](Self::model_of).
    pub fn outlook(&self, history: &Summary, purchase: &[f64], dropout: &[f64]) -> Result<Outlook, Error> {
        Ok(self.model_of(purchase, dropout)?.outlook(history))
    }

    /// The coefficients: purchase, then dropout, each in the order of its table.
    #[must_use]
    pub fn coefficients(&self, confidence: Confidence) -> Vec<Coefficient> {
        let z = normal::quantile(0.5 * (1.0 + confidence.level()));
        let named = self.purchase.iter().map(|name| (name, Process::Purchase));
        let named = named.chain(self.dropout.iter().map(|name| (name, Process::Dropout)));
        let coefficient = |((name, process), at): ((&String, Process), usize)| {
            let value = self.values.get(at).copied().unwrap_or_default();
            let error = self.covariance.get(at, at).sqrt();
            let interval = Interval::new(value - z * error, value + z * error, confidence, Method::Wald);
            let estimate = Estimate {
                value,
                standard_error: Ok(error),
                interval: interval.map_err(|_| Absent::Infinite),
                n: self.customers,
                effective_n: self.customers as f64,
                method: Method::MaximumLikelihood,
            };
            let statistic = value / error;
            Coefficient { name: name.clone(), process, estimate, statistic, p_value: 2.0 * normal::sf(statistic.abs()) }
        };
        named.zip(4..).map(coefficient).collect()
    }

    /// The model of a customer whose covariates are all 0.
    pub const fn base(&self) -> &M {
        &self.base
    }

    /// The standard errors of the parameters of [`base`](Self::base), in their order.
    #[must_use]
    pub fn standard_errors(&self) -> Vec<f64> {
        let values = self.base.parameters();
        values.iter().enumerate().map(|(at, (_, value))| value * self.covariance.get(at, at).sqrt()).collect()
    }

    /// The greatest log-likelihood.
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The greatest absolute derivative at the end of the search, of standardised coefficients.
    #[must_use]
    pub const fn gradient_norm(&self) -> f64 {
        self.gradient_norm
    }

    /// Steps of the search.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Customers fitted on.
    #[must_use]
    pub const fn customers(&self) -> u64 {
        self.customers
    }

    /// The test of all coefficients together against none.
    #[must_use]
    pub const fn against_none(&self) -> LikelihoodRatio {
        self.against_none
    }
}

/// The two tables of a fit: either may be without columns.
#[derive(Debug, Clone, Copy)]
pub struct Covariance<'a> {
    /// What may go with the rate of purchases.
    pub purchase: &'a Covariates,
    /// What may go with leaving.
    pub dropout: &'a Covariates,
}

/// Customers by equal covariates, in the order of the bits of the standardised values.
fn cells(
    summaries: &Summaries,
    Covariance { purchase, dropout }: Covariance<'_>,
    standards: &[(f64, f64)],
    scale: f64,
) -> Result<Vec<Cell>, Error> {
    let standardised = |at: usize| -> Vec<f64> {
        let values = purchase.row(at).iter().chain(dropout.row(at));
        values.zip(standards).map(|(value, (mean, deviation))| (value - mean) / deviation).collect()
    };
    let mut all: Vec<(Vec<f64>, (Summary, u64))> =
        summaries.iter().enumerate().map(|(at, row)| (standardised(at), row)).collect();
    let by_covariates = |left: &[f64], right: &[f64]| {
        left.iter()
            .zip(right)
            .map(|(x, y)| x.total_cmp(y))
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    all.sort_by(|left, right| by_covariates(&left.0, &right.0));
    all.chunk_by(|left, right| left.0 == right.0)
        .map(|cell| {
            let rows = Rows::of(cell.iter().map(|(_, row)| *row), Some(scale))?;
            Ok(Cell { rows, covariates: cell.first().map(|(values, _)| values.clone()).unwrap_or_default() })
        })
        .collect()
}

/// The log-likelihood with its derivatives by the logarithms of the parameters and by the coefficients.
fn surface<M: Regression>(cells: &[Cell], values: &[f64], split: usize) -> Surface {
    let size = values.len();
    let (logs, coefficients) = values.split_at(4);
    let mut sum = Surface { value: 0.0, gradient: vec![0.0; size], hessian: Matrix::zeros(size) };
    for cell in cells {
        let moves = |at: usize| if at < split { M::PURCHASE } else { M::DROPOUT };
        // How each of the four logarithms moves with each value.
        let design = |log: usize, value: usize| match value.checked_sub(4) {
            None => f64::from(u8::from(log == value)),
            Some(at) => moves(at)[log] * cell.covariates[at],
        };
        let mut parameters = [0.0; 4];
        for (log, parameter) in parameters.iter_mut().enumerate() {
            let shift = coefficients.iter().enumerate().map(|(at, coefficient)| design(log, at + 4) * coefficient);
            *parameter = (logs[log] + shift.sum::<f64>()).exp();
        }
        let jet = total(&M::likelihood(&cell.rows.frequencies), &cell.rows.rows, parameters).in_logs(parameters);
        sum.value += jet.value;
        for row in 0..size {
            for log in (0..4).filter(|&log| design(log, row) != 0.0) {
                sum.gradient[row] += design(log, row) * jet.gradient[log];
                for column in 0..size {
                    let along: f64 = (0..4).map(|other| jet.second(log, other) * design(other, column)).sum();
                    sum.hessian.add(row, column, design(log, row) * along);
                }
            }
        }
    }
    sum
}

/// Back from standardised covariates and scaled time.
fn unstandardised<M: Regression>(
    found: &[f64],
    covariance: &Matrix,
    standards: &[(f64, f64)],
    split: usize,
    scale: f64,
) -> (Vec<f64>, Matrix) {
    let size = found.len();
    let moves = |at: usize| if at < split { M::PURCHASE } else { M::DROPOUT };
    // Value i of the result is the sum over j of transform(i, j) times the found ones.
    let transform = |row: usize, column: usize| match (row.checked_sub(4), column.checked_sub(4)) {
        (None, None) | (Some(_), None) => f64::from(u8::from(row == column)),
        (None, Some(at)) => -moves(at)[row] * standards[at].0 / standards[at].1,
        (Some(of), Some(at)) => f64::from(u8::from(of == at)) / standards[at].1,
    };
    let rows: Vec<Vec<f64>> = (0..size).map(|row| (0..size).map(|column| transform(row, column)).collect()).collect();
    let value = |row: usize| rows[row].iter().zip(found).map(|(by, value)| by * value).sum::<f64>();
    let values = (0..size).map(|row| value(row) + M::TIME.get(row).map_or(0.0, |power| power * scale.ln()));
    (values.collect(), Matrix::from_fn(size, |row, column| covariance.form(&rows[row], &rows[column])))
}
