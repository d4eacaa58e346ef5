//! The fitted model: what each column says, how sure that is, and the logit of any row. State: coefficients and their covariance,
//! means and spreads of the training columns, no row of it; called by whoever scores.

use super::fit::{LogisticOptions, Problem};
use super::outcomes::Outcomes;
#[cfg(feature = "serde")]
use super::penalty::Kind;
use super::penalty::Penalty;
use super::profile::{self, Profile};
#[cfg(feature = "serde")]
use crate::churn::covariance;
use crate::churn::design::INTERCEPT;
use crate::churn::{Coefficient, Features, ModelTest};
use crate::numeric::gram::ROWS;
use crate::numeric::normal;
use crate::numeric::sigmoid::sigmoids;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// Columns at a time in a quadratic form, without allocation.
const SOME: usize = 32;

/// Logistic regression: the probability that something happens, from numeric columns. Immutable, and without the training data.
///
/// ln (p / (1 - p)) = intercept + Σ slope × x. The coefficients maximise the log-likelihood, less or plus the [`Penalty`]. They are
/// associations in the data: no coefficient says what changing a column would do.
///
/// ```
/// use cxo_core::{Confidence, churn::{Features, logistic::{Logistic, LogisticOptions, Outcomes}}};
///
/// let tenure = vec![1.0, 3.0, 4.0, 8.0, 12.0, 20.0, 30.0, 42.0, 60.0, 71.0];
/// let left = [true, true, false, true, false, true, false, false, false, false];
/// let features = Features::new(vec![("tenure".into(), tenure)])?;
/// let model = Logistic::fit(&features, &Outcomes::new(left.to_vec())?, &LogisticOptions::default())?;
/// let tenure = &model.coefficients(Confidence::P95)[1];
/// assert!(tenure.value < 0.0 && tenure.standard_error.is_ok());
/// assert!(model.logit(&[2.0])? > model.logit(&[50.0])?);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/logistic-regression.md`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Raw"))]
pub struct Logistic {
    names: Vec<String>,
    /// The logit at the means.
    base: f64,
    slopes: Vec<f64>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    /// Of the base and the slopes of standardised columns, row by row.
    covariance: Option<Vec<f64>>,
    penalty: Penalty,
    observations: u64,
    events: u64,
    weight: f64,
    iterations: u32,
    log_likelihood: f64,
    penalized_log_likelihood: f64,
    null_log_likelihood: f64,
    degrees_of_freedom: f64,
    likelihood_ratio: Option<f64>,
}

/// What a fit hands over.
pub(super) struct Parts<'a> {
    pub(super) names: Vec<String>,
    /// Coefficients of standardised columns, intercept first.
    pub(super) at: &'a [f64],
    pub(super) means: Vec<f64>,
    pub(super) deviations: Vec<f64>,
    pub(super) covariance: Option<Vec<f64>>,
    pub(super) penalty: Penalty,
    pub(super) observations: u64,
    pub(super) events: u64,
    pub(super) weight: f64,
    pub(super) iterations: u32,
    pub(super) log_likelihood: f64,
    pub(super) penalized_log_likelihood: f64,
    pub(super) null_log_likelihood: f64,
    pub(super) degrees_of_freedom: f64,
    pub(super) likelihood_ratio: Option<f64>,
}

impl Logistic {
    /// Fits the model. Columns are centred and scaled inside, so that their units do not matter.
    ///
    /// Newton's method on the Cholesky factor of the information; a step that lowers the objective is halved; where the
    /// information would lose digits to nearly dependent columns, the factor comes from a QR decomposition of the rows. L1 and
    /// elastic net: coordinate descent on quadratics.
    ///
    /// # Errors
    /// - [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible): another number of outcomes than rows.
    /// - [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate): it happened in every row, or in none.
    /// - [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified), with the columns: constant ones; without a penalty and
    ///   with Firth's, also those that are linear combinations of columns before them.
    /// - [`ErrorKind::Separated`](crate::ErrorKind::Separated), with the columns, without a penalty: a combination of them tells
    ///   the outcome of some rows and of no row wrongly (Albert and Anderson 1984). All columns that do so alone are named, or
    ///   else a set of which none can be left out.
    /// - [`ErrorKind::Input`](crate::ErrorKind::Input): numbers whose squares or sums are beyond f64.
    /// - [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged): the steps ran out.
    ///
    /// # Complexity
    /// O(rows × columns²) a step; memory O(columns²) beside the data.
    pub fn fit(features: &Features, outcomes: &Outcomes, options: &LogisticOptions) -> Result<Self, Error> {
        let problem = Problem::new(features, outcomes)?;
        let penalty = options.chosen();
        let peak = problem.climb(penalty, problem.start(), options.iterations())?;
        problem.model(penalty, &peak)
    }

    pub(super) fn new(parts: Parts) -> Result<Self, Error> {
        let Some((base, scaled)) = parts.at.split_first() else { return Err(Error::no_data("coefficients")) };
        let slopes: Vec<f64> =
            scaled.iter().zip(&parts.deviations).map(|(slope, deviation)| slope / deviation).collect();
        let model = Self {
            names: parts.names,
            base: *base,
            slopes,
            means: parts.means,
            deviations: parts.deviations,
            covariance: parts.covariance,
            penalty: parts.penalty,
            observations: parts.observations,
            events: parts.events,
            weight: parts.weight,
            iterations: parts.iterations,
            log_likelihood: parts.log_likelihood,
            penalized_log_likelihood: parts.penalized_log_likelihood,
            null_log_likelihood: parts.null_log_likelihood,
            degrees_of_freedom: parts.degrees_of_freedom,
            likelihood_ratio: parts.likelihood_ratio,
        };
        if model.is_finite() {
            return Ok(model);
        }
        Err(Error::not_converged("a coefficient or its error is beyond f64", u64::from(model.iterations)))
    }

    fn is_finite(&self) -> bool {
        let columns = [&self.slopes, &self.means, &self.deviations].into_iter().flatten();
        let rest = [
            self.base,
            self.intercept(),
            self.weight,
            self.log_likelihood,
            self.penalized_log_likelihood,
            self.null_log_likelihood,
            self.degrees_of_freedom,
            self.likelihood_ratio.unwrap_or_default(),
        ];
        columns.chain(&rest).chain(self.covariance.iter().flatten()).all(|number| number.is_finite())
    }

    /// The columns, in the order of the fit.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The change of the logit for one unit of each column.
    #[must_use]
    pub fn slopes(&self) -> &[f64] {
        &self.slopes
    }

    /// The logit where every column is 0.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.base - self.slopes.iter().zip(&self.means).map(|(slope, mean)| slope * mean).sum::<f64>()
    }

    /// The logit where every column is at its mean.
    #[must_use]
    pub const fn base(&self) -> f64 {
        self.base
    }

    /// The means of the training columns, weighted as the rows were.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// The population standard deviations of the training columns, weighted as the rows were.
    #[must_use]
    pub fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// The penalty.
    #[must_use]
    pub const fn penalty(&self) -> Penalty {
        self.penalty
    }

    /// Rows fitted on.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.observations
    }

    /// Rows in which it happened.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Steps on all rows.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Σ weight × ln P(what happened), without the penalty.
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// What was maximised: the log-likelihood less the penalty, or plus ½ ln |I| (Firth; I that of the columns as they are).
    #[must_use]
    pub const fn penalized_log_likelihood(&self) -> f64 {
        self.penalized_log_likelihood
    }

    /// The log-likelihood of the intercept (and the offsets) alone, without a penalty.
    #[must_use]
    pub const fn null_log_likelihood(&self) -> f64 {
        self.null_log_likelihood
    }

    /// The effective number of coefficients, intercept included: all of them without a penalty and with Firth's, else the trace of
    /// H (H + strength × (1 - ratio))⁻¹ over those that are not 0, H being the information (Hastie, Tibshirani and Friedman 2009,
    /// 3.4; Zou, Hastie and Tibshirani 2007).
    #[must_use]
    pub const fn degrees_of_freedom(&self) -> f64 {
        self.degrees_of_freedom
    }

    /// Akaike's information criterion, 2 degrees of freedom - 2 log-likelihood; less is better.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * (self.degrees_of_freedom - self.log_likelihood)
    }

    /// Schwarz's (Bayesian) information criterion, ln n × degrees of freedom - 2 log-likelihood, n being the sum of the weights;
    /// less is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.weight.ln() * self.degrees_of_freedom - 2.0 * self.log_likelihood
    }

    /// McFadden's R²: 1 - log-likelihood / null log-likelihood, at most 1.
    #[must_use]
    pub fn mcfadden_r2(&self) -> f64 {
        1.0 - self.log_likelihood / self.null_log_likelihood
    }

    /// The likelihood ratio test of all slopes at once, of the penalised likelihoods with Firth's penalty (Heinze and Schemper
    /// 2002).
    ///
    /// # Errors
    /// [`Absent::Penalized`] for L1, L2 and elastic net.
    pub fn likelihood_ratio(&self) -> Result<ModelTest, Absent> {
        let statistic = self.likelihood_ratio.ok_or(Absent::Penalized)?;
        Ok(ModelTest::chi_square(statistic, self.slopes.len()))
    }

    /// Intercept and slopes with standard errors, z, p and Wald intervals. L1, L2 and elastic net have none of these
    /// ([`Absent::Penalized`]): the penalty moves the coefficients.
    #[must_use]
    pub fn coefficients(&self, confidence: Confidence) -> Vec<Coefficient> {
        let error = |variance: Result<f64, Absent>| variance.map(f64::sqrt);
        let at_zero: Vec<f64> = vec![0.0; self.slopes.len()];
        let first = Coefficient::wald(INTERCEPT, self.intercept(), 1.0, error(self.variance_at(&at_zero)), confidence);
        let width = self.slopes.len() + 1;
        let own = |column: usize, deviation: f64| {
            let covariance = self.covariance.as_ref().ok_or(Absent::Penalized)?;
            let variance = covariance.get((column + 1) * (width + 1)).copied().unwrap_or_default();
            Ok(variance / (deviation * deviation))
        };
        let columns = self.names.iter().zip(&self.slopes).zip(&self.deviations).enumerate();
        let rest = columns.map(|(column, ((name, slope), deviation))| {
            Coefficient::wald(name, *slope, *deviation, error(own(column, *deviation)), confidence)
        });
        [first].into_iter().chain(rest).collect()
    }

    /// Profile likelihood intervals and likelihood ratio tests of intercept and slopes, from the rows of the fit; with Firth's
    /// penalty of the penalised likelihood. They are to be preferred to Wald's where events are few.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another penalty or other rows than those of the fit,
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) where a limit is not found. Otherwise as for [`Logistic::fit`].
    ///
    /// # Complexity
    /// O(rows × columns³) times a few tens: for each coefficient some twenty passes.
    pub fn profile(
        &self,
        features: &Features,
        outcomes: &Outcomes,
        confidence: Confidence,
    ) -> Result<Vec<Profile>, Error> {
        profile::profiles(self, features, outcomes, confidence)
    }

    /// The covariance of the intercept and the slopes, row by row: the inverse of the information.
    ///
    /// # Errors
    /// [`Absent::Penalized`] for L1, L2 and elastic net.
    pub fn covariance(&self) -> Result<Vec<f64>, Absent> {
        let standardized = self.covariance.as_ref().ok_or(Absent::Penalized)?;
        let width = self.slopes.len() + 1;
        let entry = |row: usize, column: usize| standardized.get(row * width + column).copied().unwrap_or_default();
        // intercept = base - Σ mean / deviation × standardised slope.
        let turn = |row: usize| -> Vec<(usize, f64)> {
            let scales = self.means.iter().zip(&self.deviations);
            match row.checked_sub(1) {
                None => {
                    let rest = scales.enumerate().map(|(column, (mean, deviation))| (column + 1, -mean / deviation));
                    [(0, 1.0)].into_iter().chain(rest).collect()
                }
                Some(column) => scales.skip(column).take(1).map(|(_, deviation)| (row, 1.0 / deviation)).collect(),
            }
        };
        let turns: Vec<_> = (0..width).map(turn).collect();
        let mut covariance = Vec::with_capacity(width * width);
        for left in &turns {
            for right in &turns {
                let terms =
                    left.iter().flat_map(|(row, x)| right.iter().map(move |(column, y)| x * y * entry(*row, *column)));
                covariance.push(terms.sum());
            }
        }
        Ok(covariance)
    }

    /// The logit of a row: its columns in the order of the fit. Without allocation.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of columns,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that is not finite or whose logit is not.
    pub fn logit(&self, row: &[f64]) -> Result<f64, Error> {
        self.check(row)?;
        let terms = row.iter().zip(&self.means).zip(&self.slopes);
        let logit = terms.fold(self.base, |sum, ((value, mean), slope)| sum + slope * (value - mean));
        // A value that is not finite leaves no finite sum.
        if logit.is_finite() { Ok(logit) } else { Err(self.not_finite(row, logit)) }
    }

    /// The variance of the logit of a row, from the covariance of the coefficients. Without allocation.
    ///
    /// # Errors
    /// As for [`Logistic::logit`]; [`Absent::Penalized`] inside for L1, L2 and elastic net.
    pub fn logit_variance(&self, row: &[f64]) -> Result<Result<f64, Absent>, Error> {
        self.check(row)?;
        let variance = self.variance_at(row);
        if variance == Err(Absent::Infinite) { Err(self.not_finite(row, f64::INFINITY)) } else { Ok(variance) }
    }

    /// The logit of a row with its standard error and Wald interval.
    ///
    /// # Errors
    /// As for [`Logistic::logit`].
    pub fn prediction(&self, row: &[f64], confidence: Confidence) -> Result<Estimate, Error> {
        let value = self.logit(row)?;
        let standard_error = self.variance_at(row).map(f64::sqrt);
        let interval = standard_error.and_then(|error| {
            let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
            Interval::new(value - reach, value + reach, confidence, Method::Wald).map_err(|_| Absent::Infinite)
        });
        let method =
            if self.penalty == Penalty::NONE { Method::MaximumLikelihood } else { Method::PenalizedLikelihood };
        Ok(Estimate { value, standard_error, interval, n: self.observations, effective_n: self.weight, method })
    }

    /// The logits of many rows.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless the columns are those of the fit, in its order,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a logit that is not finite, with its row.
    ///
    /// # Complexity
    /// O(rows × columns) at the speed of memory.
    pub fn logits(&self, features: &Features) -> Result<Vec<f64>, Error> {
        if features.names() != self.names {
            return Err(Error::incompatible("the columns are not those of the fit, in its order"));
        }
        let mut logits = vec![self.base; features.rows()];
        for (block, logits) in logits.chunks_mut(8 * ROWS).enumerate() {
            let from = block * 8 * ROWS;
            for ((column, mean), slope) in features.columns().iter().zip(&self.means).zip(&self.slopes) {
                let values = column.get(from..from + logits.len()).unwrap_or_default();
                logits.iter_mut().zip(values).for_each(|(logit, value)| *logit += slope * (value - mean));
            }
        }
        match logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()) {
            Some((row, logit)) => Err(Error::input("logit", logit, "a finite number").at_row(row as u64)),
            None => Ok(logits),
        }
    }

    /// The probabilities of many rows, each strictly inside (0, 1).
    ///
    /// # Errors
    /// As for [`Logistic::logits`].
    ///
    /// # Complexity
    /// O(rows × columns) at the speed of memory.
    pub fn probabilities(&self, features: &Features) -> Result<Vec<f64>, Error> {
        let mut logits = self.logits(features)?;
        sigmoids(&mut logits);
        Ok(logits)
    }

    fn check(&self, row: &[f64]) -> Result<(), Error> {
        if row.len() != self.slopes.len() {
            return Err(Error::incompatible(format!("{} values for {} columns", row.len(), self.slopes.len())));
        }
        Ok(())
    }

    fn not_finite(&self, row: &[f64], logit: f64) -> Error {
        let column = row.iter().zip(&self.names).find(|(value, _)| !value.is_finite());
        column.map_or_else(
            || Error::input("logit", logit, "a finite number"),
            |(value, name)| Error::input(name, value, "a finite number"),
        )
    }

    /// z' C z over the lower triangle, z = (1, standardised row), some columns at a time.
    fn variance_at(&self, row: &[f64]) -> Result<f64, Absent> {
        let covariance = self.covariance.as_ref().ok_or(Absent::Penalized)?;
        let width = self.slopes.len() + 1;
        let standardized = || {
            let scaled = row.iter().zip(&self.means).zip(&self.deviations).map(|((x, mean), s)| (x - mean) / s);
            [1.0].into_iter().chain(scaled)
        };
        let mut variance = 0.0;
        let mut some = [0.0; SOME];
        for from in (0..width).step_by(SOME) {
            some.iter_mut().zip(standardized().skip(from)).for_each(|(to, value)| *to = value);
            let rows = covariance.chunks(width).enumerate().zip(standardized()).skip(from);
            for ((place, entries), own) in rows {
                let part = entries.get(from..width.min(from + SOME)).unwrap_or_default();
                // The triangle below the diagonal counts twice.
                let before = place - from;
                let twice: f64 = dot(part.get(..before).unwrap_or(part), &some);
                let once = part.get(before).map_or(0.0, |entry| entry * own);
                variance += own * (2.0 * twice + once);
            }
        }
        if variance.is_finite() { Ok(variance.max(0.0)) } else { Err(Absent::Infinite) }
    }
}

/// With four sums side by side.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (blocks, rest) = left.as_chunks::<4>();
    let (others, _) = right.as_chunks::<4>();
    for (block, other) in blocks.iter().zip(others) {
        sums.iter_mut().zip(block).zip(other).for_each(|((sum, x), y)| *sum += x * y);
    }
    let rest = rest.iter().zip(right.iter().skip(4 * blocks.len())).map(|(x, y)| x * y).sum::<f64>();
    sums.iter().sum::<f64>() + rest
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Raw {
    names: Vec<String>,
    base: f64,
    slopes: Vec<f64>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    covariance: Option<Vec<f64>>,
    penalty: Penalty,
    observations: u64,
    events: u64,
    weight: f64,
    iterations: u32,
    log_likelihood: f64,
    penalized_log_likelihood: f64,
    null_log_likelihood: f64,
    degrees_of_freedom: f64,
    likelihood_ratio: Option<f64>,
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for Logistic {
    type Error = Error;
    fn try_from(raw: Raw) -> Result<Self, Error> {
        let model = Self {
            names: raw.names,
            base: raw.base,
            slopes: raw.slopes,
            means: raw.means,
            deviations: raw.deviations,
            covariance: raw.covariance,
            penalty: raw.penalty,
            observations: raw.observations,
            events: raw.events,
            weight: raw.weight,
            iterations: raw.iterations,
            log_likelihood: raw.log_likelihood,
            penalized_log_likelihood: raw.penalized_log_likelihood,
            null_log_likelihood: raw.null_log_likelihood,
            degrees_of_freedom: raw.degrees_of_freedom,
            likelihood_ratio: raw.likelihood_ratio,
        };
        model.verify()?;
        Ok(model)
    }
}

#[cfg(feature = "serde")]
impl Logistic {
    /// What every fit holds to.
    fn verify(&self) -> Result<(), Error> {
        let refuse = |what: &str, allowed: &str| Err(Error::input(what, "not of a fit", allowed));
        let columns = self.names.len();
        let distinct: std::collections::HashSet<_> = self.names.iter().filter(|name| !name.is_empty()).collect();
        let lengths = [self.slopes.len(), self.means.len(), self.deviations.len()];
        if columns == 0 || distinct.len() != columns || lengths.iter().any(|length| *length != columns) {
            return refuse("columns", "a slope, a mean and a deviation for each of the distinct names");
        }
        if !self.is_finite() || self.deviations.iter().any(|deviation| *deviation <= 0.0) {
            return refuse("numbers", "finite numbers, deviations above 0");
        }
        if self.events == 0 || self.events >= self.observations || self.weight <= 0.0 {
            return refuse("counts", "some events, fewer than observations, and a weight above 0");
        }
        let degrees = self.degrees_of_freedom > 0.0 && self.degrees_of_freedom <= columns as f64 + 1.0;
        let ratio = self.likelihood_ratio.is_none_or(|statistic| statistic >= 0.0);
        if self.log_likelihood > 0.0 || self.null_log_likelihood >= 0.0 || !degrees || !ratio {
            return refuse("likelihood", "log-likelihoods below 0, degrees of freedom in (0, columns + 1]");
        }
        let estimated = !matches!(self.penalty.kind(), Kind::ElasticNet { .. });
        if self.covariance.is_some() != estimated || self.likelihood_ratio.is_some() != estimated {
            return refuse("covariance", "present without penalty and with Firth's, else absent");
        }
        self.covariance.as_ref().map_or(Ok(()), |entries| covariance::verify(entries, columns + 1))
    }
}
