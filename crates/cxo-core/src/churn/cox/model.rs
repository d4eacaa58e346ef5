//! The fitted model: coefficients with their uncertainty, tests of all of them, linear predictors. It holds no data.

use super::rows::Ties;
#[cfg(feature = "serde")]
use crate::churn::covariance;
use crate::churn::{Coefficient, Features, ModelTest};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::matrix::Matrix;
use crate::{Absent, Confidence, Error, Method};

/// Cox's proportional hazards, fitted: hazard(t | x) = baseline hazard(t) exp(b' (x - mean)).
///
/// exp(b) is the ratio of the hazards of two customers who differ by one unit of a column: above 1, they leave sooner. Without a
/// penalty or clusters the standard errors are those of the observed information. Example: [`Cox::fit`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Stored", into = "Stored")
)]
pub struct Cox {
    fit: Stored,
}

/// What a fit consists of, and how it is stored.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Stored {
    pub(super) names: Vec<String>,
    pub(super) means: Vec<f64>,
    pub(super) deviations: Vec<f64>,
    pub(super) values: Vec<f64>,
    /// Row by row.
    pub(super) covariance: Result<Vec<f64>, Absent>,
    pub(super) covariance_method: Method,
    pub(super) ties: Ties,
    pub(super) penalty: f64,
    pub(super) observations: u64,
    pub(super) events: u64,
    pub(super) log_likelihood: f64,
    pub(super) null_log_likelihood: f64,
    /// The statistic of the score test, if the curvature at no effect has one.
    pub(super) score: Option<f64>,
    pub(super) iterations: u32,
}

impl Cox {
    pub(super) const fn new(fit: Stored) -> Self {
        Self { fit }
    }

    /// The columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.fit.names
    }

    /// The coefficients, in the order of the columns: change of the log hazard for one unit.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.fit.values
    }

    /// The (weighted) means of the columns, at which a linear predictor is 0.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.fit.means
    }

    /// The (weighted) population standard deviations of the columns.
    #[must_use]
    pub fn deviations(&self) -> &[f64] {
        &self.fit.deviations
    }

    /// The coefficients with standard errors, Wald tests and intervals.
    #[must_use]
    pub fn coefficients(&self, confidence: Confidence) -> Vec<Coefficient> {
        let columns = self.fit.names.iter().zip(self.fit.values.iter().zip(&self.fit.deviations)).enumerate();
        let coefficient = |(at, (name, (&value, &deviation))): (usize, (&String, (&f64, &f64)))| {
            let variance = |entries: &[f64]| entries.get(at * (self.fit.names.len() + 1)).copied().unwrap_or_default();
            let error = self.fit.covariance.as_deref().map(|entries| variance(entries).max(0.0).sqrt());
            Coefficient::wald(name, value, deviation, error.map_err(|absent| *absent), confidence)
        };
        columns.map(coefficient).collect()
    }

    /// The covariance of the coefficients, row by row, or why there is none.
    ///
    /// # Errors
    /// [`Absent::Penalized`], or [`Absent::OneCluster`] if all rows are of one.
    pub fn covariance(&self) -> Result<&[f64], Absent> {
        self.fit.covariance.as_deref().map_err(|absent| *absent)
    }

    /// How the covariance is obtained: observed information, sandwich or clustered sandwich.
    #[must_use]
    pub const fn covariance_method(&self) -> Method {
        self.fit.covariance_method
    }

    /// How events at the same time were counted.
    #[must_use]
    pub const fn ties(&self) -> Ties {
        self.fit.ties
    }

    /// The strength of the ridge penalty; 0 is none.
    #[must_use]
    pub const fn penalty(&self) -> f64 {
        self.fit.penalty
    }

    /// Rows fitted on.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.fit.observations
    }

    /// Rows that ended in the event.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.fit.events
    }

    /// The log partial likelihood, without the penalty.
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.fit.log_likelihood
    }

    /// The log partial likelihood if no column has an effect.
    #[must_use]
    pub const fn null_log_likelihood(&self) -> f64 {
        self.fit.null_log_likelihood
    }

    /// Newton steps.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.fit.iterations
    }

    /// Akaike's information criterion, 2 p - 2 ln L; less is better.
    ///
    /// # Errors
    /// [`Absent::Penalized`].
    pub fn aic(&self) -> Result<f64, Absent> {
        self.unpenalized().map(|()| 2.0 * (self.fit.values.len() as f64 - self.fit.log_likelihood))
    }

    /// Twice the gain in log-likelihood over no effect (Wilks 1938).
    ///
    /// # Errors
    /// [`Absent::Penalized`].
    pub fn likelihood_ratio_test(&self) -> Result<ModelTest, Absent> {
        self.unpenalized().map(|()| self.test(2.0 * (self.fit.log_likelihood - self.fit.null_log_likelihood)))
    }

    /// b' V⁻¹ b with the covariance of the coefficients: robust where that is (Wald 1943).
    ///
    /// # Errors
    /// Those of [`covariance`](Self::covariance), [`Absent::ZeroVariance`] if it has fewer dimensions than there are columns.
    pub fn wald_test(&self) -> Result<ModelTest, Absent> {
        let (entries, size) = (self.covariance()?, self.fit.values.len());
        let scale = |at: usize| self.fit.deviations.get(at).copied().unwrap_or(1.0);
        let entry = |row: usize, column: usize| {
            entries.get(row * size + column).copied().unwrap_or_default() * scale(row) * scale(column)
        };
        let factor = Cholesky::new(&Matrix::from_fn(size, entry), 1e-14).map_err(|_| Absent::ZeroVariance)?;
        let scaled: Vec<f64> = self.fit.values.iter().zip(&self.fit.deviations).map(|(b, scale)| b * scale).collect();
        Ok(self.test(factor.half_solve(&scaled).iter().map(|part| part * part).sum()))
    }

    /// The slope of the likelihood at no effect against its curvature there; with one column of groups and no ties, the log-rank
    /// test (Rao 1948).
    ///
    /// # Errors
    /// [`Absent::Penalized`].
    pub fn score_test(&self) -> Result<ModelTest, Absent> {
        self.unpenalized().and_then(|()| self.fit.score.map(|score| self.test(score)).ok_or(Absent::NotDefined))
    }

    fn unpenalized(&self) -> Result<(), Absent> {
        if self.fit.penalty > 0.0 { Err(Absent::Penalized) } else { Ok(()) }
    }

    fn test(&self, statistic: f64) -> ModelTest {
        ModelTest::chi_square(statistic, self.fit.values.len())
    }

    /// Σ b (x - mean) for the covariates of one customer, in the order of the columns: the higher, the sooner he leaves.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of covariates,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for one that is not finite or a result that is not.
    pub fn linear_predictor(&self, row: &[f64]) -> Result<f64, Error> {
        if row.len() != self.fit.values.len() {
            return Err(Error::incompatible(format!(
                "{} covariates for {} coefficients",
                row.len(),
                self.fit.values.len()
            )));
        }
        if let Some((name, value)) = self.fit.names.iter().zip(row).find(|(_, value)| !value.is_finite()) {
            return Err(Error::input(name, value, "a finite number"));
        }
        let linear: f64 =
            self.fit.values.iter().zip(row.iter().zip(&self.fit.means)).map(|(b, (x, mean))| b * (x - mean)).sum();
        if linear.is_finite() { Ok(linear) } else { Err(Error::input("linear predictor", linear, "a finite number")) }
    }

    /// The same for every row of features with the same names.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for other names,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a result that is not finite, with its row.
    ///
    /// # Complexity
    /// O(rows × columns).
    pub fn linear_predictors(&self, features: &Features) -> Result<Vec<f64>, Error> {
        self.check_names(features)?;
        let mut linear = vec![0.0; features.rows()];
        for (column, (b, mean)) in features.columns().iter().zip(self.fit.values.iter().zip(&self.fit.means)) {
            linear.iter_mut().zip(column).for_each(|(sum, x)| *sum += b * (x - mean));
        }
        match linear.iter().position(|value| !value.is_finite()) {
            None => Ok(linear),
            Some(row) => Err(Error::input("linear predictor", "not finite", "a finite number").at_row(row as u64)),
        }
    }

    pub(super) fn check_names(&self, features: &Features) -> Result<(), Error> {
        if features.names() == self.fit.names {
            return Ok(());
        }
        let (given, fitted) = (features.names().join(", "), self.fit.names.join(", "));
        Err(Error::incompatible(format!("columns {given}; the model has {fitted}")))
    }

    /// The coefficients of columns divided by their deviations.
    pub(super) fn scaled(&self) -> Vec<f64> {
        self.fit.values.iter().zip(&self.fit.deviations).map(|(value, deviation)| value * deviation).collect()
    }
}

#[cfg(feature = "serde")]
impl From<Cox> for Stored {
    fn from(cox: Cox) -> Self {
        cox.fit
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Cox {
    type Error = Error;

    fn try_from(fit: Stored) -> Result<Self, Error> {
        let refused = |what: &str, allowed: &str| Err(Error::input(what, "not of this model", allowed));
        let size = fit.names.len();
        let names: std::collections::HashSet<&str> = fit.names.iter().map(String::as_str).collect();
        if size == 0 || names.len() != size || names.contains("") {
            return refused("names", "at least one, each once");
        }
        let numbers = [&fit.means, &fit.deviations, &fit.values];
        if numbers.iter().any(|numbers| numbers.len() != size || numbers.iter().any(|number| !number.is_finite()))
            || fit.deviations.iter().any(|&deviation| deviation <= 0.0)
        {
            return refused("columns", "a finite mean, deviation above 0 and value for each name");
        }
        let finite = [fit.log_likelihood, fit.null_log_likelihood, fit.penalty, fit.score.unwrap_or_default()];
        if finite.iter().any(|number| !number.is_finite()) || fit.penalty < 0.0 || fit.events > fit.observations {
            return refused("fit", "finite numbers, and no more events than observations");
        }
        if let Ok(entries) = &fit.covariance {
            covariance::verify(entries, size)?;
        }
        Ok(Self { fit })
    }
}
