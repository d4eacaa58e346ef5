//! The fitted model: parameters with their uncertainty, survival, and the times by which customers have left. It holds no data.

use super::distribution::AftDistribution;
use crate::churn::Coefficient;
#[cfg(feature = "serde")]
use crate::churn::covariance;
use crate::numeric::normal;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method, Probability};

/// An accelerated failure time model, fitted: ln T = intercept + b' x + scale × error.
///
/// exp(b) multiplies the time that customers stay for one unit of a column. For a Weibull distribution hazards are proportional
/// too, with coefficients -b / scale. Example: [`Aft::fit`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Stored", into = "Stored")
)]
pub struct Aft {
    fit: Stored,
}

/// What a fit consists of, and how it is stored.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Stored {
    pub(super) distribution: AftDistribution,
    pub(super) names: Vec<String>,
    pub(super) deviations: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) values: Vec<f64>,
    pub(super) log_scale: f64,
    /// Of intercept, columns and logarithm of the scale, row by row.
    pub(super) covariance: Vec<f64>,
    pub(super) observations: u64,
    pub(super) events: u64,
    pub(super) log_likelihood: f64,
    pub(super) iterations: u32,
}

impl Aft {
    pub(super) const fn new(fit: Stored) -> Self {
        Self { fit }
    }

    /// The distribution.
    #[must_use]
    pub const fn distribution(&self) -> AftDistribution {
        self.fit.distribution
    }

    /// The columns; none for all customers alike.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.fit.names
    }

    /// The intercept, in logarithms of the unit of the durations.
    #[must_use]
    pub const fn intercept(&self) -> f64 {
        self.fit.intercept
    }

    /// The coefficients, in the order of the columns: change of the log duration for one unit.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.fit.values
    }

    /// The logarithm of the scale.
    #[must_use]
    pub const fn log_scale(&self) -> f64 {
        self.fit.log_scale
    }

    /// The scale, above 0; for a Weibull distribution 1 / its shape.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.fit.log_scale.exp()
    }

    /// `(intercept)`, the columns and `(log scale)`, with standard errors from the observed information, Wald tests and intervals.
    #[must_use]
    pub fn coefficients(&self, confidence: Confidence) -> Vec<Coefficient> {
        let size = self.fit.values.len() + 2;
        let error = |at: usize| {
            self.fit.covariance.get(at * (size + 1)).map_or(Err(Absent::NotDefined), |variance| Ok(variance.sqrt()))
        };
        let wald = |at: usize, name: &str, value: f64, deviation: f64| {
            Coefficient::wald(name, value, deviation, error(at), confidence)
        };
        let columns = self.fit.names.iter().zip(self.fit.values.iter().zip(&self.fit.deviations)).enumerate();
        let mut coefficients = vec![wald(0, "(intercept)", self.fit.intercept, 1.0)];
        coefficients.extend(columns.map(|(at, (name, (value, deviation)))| wald(at + 1, name, *value, *deviation)));
        coefficients.push(wald(size - 1, "(log scale)", self.fit.log_scale, 1.0));
        coefficients
    }

    /// The covariance of intercept, coefficients and logarithm of the scale, row by row.
    #[must_use]
    pub fn covariance(&self) -> &[f64] {
        &self.fit.covariance
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

    /// The log-likelihood of the durations, in their unit.
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.fit.log_likelihood
    }

    /// Newton steps.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.fit.iterations
    }

    /// Akaike's information criterion, 2 k - 2 ln L for k parameters; less is better. It compares distributions.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * (self.parameters() - self.fit.log_likelihood)
    }

    /// Schwarz's (Bayesian) information criterion, k ln n - 2 ln L for n rows; less is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.parameters() * (self.fit.observations as f64).ln() - 2.0 * self.fit.log_likelihood
    }

    fn parameters(&self) -> f64 {
        self.fit.values.len() as f64 + 2.0
    }

    /// The probability that a customer is still there at a time, S(z) with z = (ln t - intercept - b' x) / scale.
    ///
    /// The interval is the normal one of z (delta method), carried through S, so that it stays in [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of covariates,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a covariate that is not finite, or a time that is not finite and at
    /// least 0.
    pub fn survival(&self, row: &[f64], time: f64, confidence: Confidence) -> Result<Estimate, Error> {
        if !(time.is_finite() && time >= 0.0) {
            return Err(Error::input("time", time, "a finite number of at least 0"));
        }
        let (location, scale) = (self.location(row)?, self.scale());
        if time == 0.0 {
            // Everyone is there at the start, whatever the parameters.
            return Ok(self.estimate(1.0, Ok(0.0), [1.0; 2], confidence, Method::DeltaMethod));
        }
        let z = (time.ln() - location) / scale;
        let deviation = self.deviation(row, -1.0 / scale, -z);
        let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * deviation;
        let survival = |z: f64| self.fit.distribution.ln_survival(z).value.exp();
        let density = self.fit.distribution.ln_density(z).value.exp();
        let bounds = [survival(z + reach), survival(z - reach)];
        Ok(self.estimate(survival(z), finite(density * deviation), bounds, confidence, Method::DeltaMethod))
    }

    /// The time by which a share of the customers with these covariates has left, exp(intercept + b' x + scale × quantile).
    ///
    /// The interval is the normal one of its logarithm (delta method).
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of covariates,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a covariate that is not finite or a share of 0 or 1,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for a time beyond all numbers.
    pub fn quantile(&self, row: &[f64], left: Probability, confidence: Confidence) -> Result<Estimate, Error> {
        let share = left.get();
        if share <= 0.0 || share >= 1.0 {
            return Err(Error::input("share that has left", share, "between 0 and 1, both excluded"));
        }
        let (z, scale) = (self.fit.distribution.quantile(share), self.scale());
        let logarithm = self.location(row)? + scale * z;
        let value = logarithm.exp();
        if !value.is_finite() {
            return Err(Error::overflow("time by which they have left"));
        }
        let deviation = self.deviation(row, 1.0, scale * z);
        let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * deviation;
        let bounds = [-reach, reach].map(|reach| (logarithm + reach).exp());
        Ok(self.estimate(value, finite(value * deviation), bounds, confidence, Method::LogWald))
    }

    /// The time by which half of the customers with these covariates have left.
    ///
    /// # Errors
    /// Those of [`quantile`](Self::quantile).
    pub fn median(&self, row: &[f64], confidence: Confidence) -> Result<Estimate, Error> {
        self.quantile(row, Probability::new(0.5)?, confidence)
    }

    fn location(&self, row: &[f64]) -> Result<f64, Error> {
        let fit = &self.fit;
        if row.len() != fit.values.len() {
            return Err(Error::incompatible(format!("{} covariates for {} coefficients", row.len(), fit.values.len())));
        }
        if let Some((name, value)) = fit.names.iter().zip(row).find(|(_, value)| !value.is_finite()) {
            return Err(Error::input(name, value, "a finite number"));
        }
        let location = fit.intercept + fit.values.iter().zip(row).map(|(b, x)| b * x).sum::<f64>();
        if location.is_finite() { Ok(location) } else { Err(Error::overflow("linear predictor")) }
    }

    /// The standard deviation of something with these derivatives by the location and by the logarithm of the scale.
    fn deviation(&self, row: &[f64], location: f64, log_scale: f64) -> f64 {
        let slope: Vec<f64> =
            std::iter::once(location).chain(row.iter().map(|x| location * x)).chain([log_scale]).collect();
        let rows = self.fit.covariance.chunks(slope.len()).zip(&slope);
        let form: f64 = rows.map(|(row, s)| s * row.iter().zip(&slope).map(|(v, s)| v * s).sum::<f64>()).sum();
        form.max(0.0).sqrt()
    }

    fn estimate(
        &self,
        value: f64,
        standard_error: Result<f64, Absent>,
        [lower, upper]: [f64; 2],
        confidence: Confidence,
        method: Method,
    ) -> Estimate {
        let interval = Interval::new(lower, upper, confidence, method).map_err(|_| Absent::Infinite);
        let n = self.fit.observations;
        Estimate { value, standard_error, interval, n, effective_n: n as f64, method: Method::MaximumLikelihood }
    }
}

fn finite(value: f64) -> Result<f64, Absent> {
    if value.is_finite() { Ok(value) } else { Err(Absent::Infinite) }
}

#[cfg(feature = "serde")]
impl From<Aft> for Stored {
    fn from(aft: Aft) -> Self {
        aft.fit
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Stored> for Aft {
    type Error = Error;

    fn try_from(fit: Stored) -> Result<Self, Error> {
        let refused = |what: &str, allowed: &str| Err(Error::input(what, "not of this model", allowed));
        let columns = fit.names.len();
        let names: std::collections::HashSet<&str> = fit.names.iter().map(String::as_str).collect();
        if names.len() != columns || names.contains("") {
            return refused("names", "texts, each once");
        }
        let numbers = [&fit.deviations, &fit.values];
        if numbers.iter().any(|numbers| numbers.len() != columns || numbers.iter().any(|number| !number.is_finite()))
            || fit.deviations.iter().any(|&deviation| deviation <= 0.0)
        {
            return refused("columns", "a finite deviation above 0 and value for each name");
        }
        let finite = [fit.intercept, fit.log_scale, fit.log_scale.exp(), fit.log_likelihood];
        if finite.iter().any(|number| !number.is_finite()) || fit.events > fit.observations {
            return refused("fit", "finite numbers, and no more events than observations");
        }
        covariance::verify(&fit.covariance, columns + 2)?;
        Ok(Self { fit })
    }
}
