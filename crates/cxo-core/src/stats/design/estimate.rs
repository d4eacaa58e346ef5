//! How sure is an estimate of a designed sample: its intervals, effective n and design effects?
//!
//! State: none; [`DesignEstimate`] is an answer of a [`Design`](super::Design) and carries all that its intervals need.

use std::{fmt, str::FromStr};

use super::Weights;
use crate::{
    Absent, Confidence, Error, Estimate, Interval, Method,
    numeric::{beta::Beta, normal, student_t},
    stats::parse_name,
};

/// How the interval of a designed sample is computed.
///
/// ```
/// use cxo_core::stats::design::DesignMethod;
/// assert_eq!("korn-graubard".parse(), Ok(DesignMethod::KornGraubard));
/// assert!("exact".parse::<DesignMethod>().unwrap_err().allowed().unwrap().contains("student-t"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DesignMethod {
    /// Estimate ± t × standard error, with clusters minus strata degrees of freedom.
    #[default]
    StudentT,
    /// Estimate ± z × standard error.
    Wald,
    /// A t interval on the log-odds of a share, with the linearised standard error; inside (0, 1).
    Logit,
    /// Clopper-Pearson on the effective number of responses (Korn and Graubard 1998); for shares, also at 0 and 1.
    KornGraubard,
}

impl DesignMethod {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::StudentT, Self::Wald, Self::Logit, Self::KornGraubard];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    /// The method as results carry it.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::StudentT => Method::StudentT,
            Self::Wald => Method::Wald,
            Self::Logit => Method::Logit,
            Self::KornGraubard => Method::KornGraubard,
        }
    }
}

impl fmt::Display for DesignMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DesignMethod {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        parse_name("interval method", name, &Self::ALL, Self::name)
    }
}

/// An estimate of a designed sample with all that its intervals and design effects need.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DesignEstimate {
    /// The weighted mean or ratio.
    pub value: f64,
    /// The linearised standard error, or why there is none.
    pub standard_error: Result<f64, Absent>,
    /// The weighted variance of single values around the estimate, Σ w (y - m)² / Σ w; not defined for a ratio.
    pub variance: Result<f64, Absent>,
    /// Number, sum and squares of the weights.
    pub weights: Weights,
    /// Clusters in the sample; rows, where there are no clusters.
    pub clusters: u64,
    /// Strata in the sample; 1 without strata.
    pub strata: u64,
}

impl DesignEstimate {
    /// The number of rows.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.weights.count()
    }

    /// Clusters minus strata.
    #[must_use]
    pub const fn degrees_of_freedom(&self) -> u64 {
        self.clusters.saturating_sub(self.strata)
    }

    /// The number of equally weighted independent responses with the same standard error, variance / standard error²
    /// (Korn and Graubard 1998); Kish's effective n where that does not exist because all answers, or all clusters, are
    /// alike.
    #[must_use]
    pub fn effective_n(&self) -> f64 {
        match (self.variance, self.standard_error) {
            // A standard error of nothing but rounding would tell of more responses than can be counted.
            (Ok(variance), Ok(error)) if error * error * u64::MAX as f64 > variance => variance / (error * error),
            _ => self.weights.effective_n().unwrap_or_default(),
        }
    }

    /// Kish's approximation of the standard error, sqrt(variance / Kish's effective n): what it would be if the weights
    /// had nothing to do with the answers, without strata and clusters.
    ///
    /// # Errors
    /// [`Absent::NotDefined`] for a ratio.
    pub fn standard_error_kish(&self) -> Result<f64, Absent> {
        let n = self.weights.effective_n().map_err(|_| Absent::NotDefined)?;
        Ok((self.variance? / n).sqrt())
    }

    /// Design effect against a simple random sample with replacement of the same size, whose variance is estimated by
    /// variance / (n - 1). R's survey package calls it `deff = "replace"`.
    ///
    /// # Errors
    /// The reason in [`Absent`] where either variance does not exist or is zero.
    pub fn design_effect_with_replacement(&self) -> Result<f64, Absent> {
        self.design_effect(self.n() as f64 - 1.0)
    }

    /// Design effect against a simple random sample without replacement from a population of Σ w members, whose variance
    /// is (1 - n / Σ w) variance / (n - 1). R's survey package calls it `deff = TRUE`. It means something only if the
    /// weights sum to the size of the population: with weights near 1 it is far too large or not defined.
    ///
    /// # Errors
    /// [`Absent::NotDefined`] where the weights sum to no more than n; otherwise as for the one with replacement.
    pub fn design_effect_without_replacement(&self) -> Result<f64, Absent> {
        let unsampled = 1.0 - self.n() as f64 / self.weights.sum();
        if unsampled > 0.0 { Ok(self.design_effect_with_replacement()? / unsampled) } else { Err(Absent::NotDefined) }
    }

    /// Design effect against the plug-in variance of a simple random sample, variance / n: equals n / [effective
    /// n](Self::effective_n), so the plain interval on effective responses has exactly the linearised standard error.
    ///
    /// # Errors
    /// As for [`DesignEstimate::design_effect_with_replacement`].
    pub fn design_effect_plug_in(&self) -> Result<f64, Absent> {
        self.design_effect(self.n() as f64)
    }

    fn design_effect(&self, divisor: f64) -> Result<f64, Absent> {
        let (variance, error) = (self.variance?, self.standard_error?);
        if variance > 0.0 { Ok(error * error * divisor / variance) } else { Err(Absent::ZeroVariance) }
    }

    /// The interval of the estimate, or why there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if a method for shares is asked of a value outside [0, 1].
    pub fn interval(&self, method: DesignMethod, confidence: Confidence) -> Result<Result<Interval, Absent>, Error> {
        if matches!(method, DesignMethod::Logit | DesignMethod::KornGraubard) && !(0.0..=1.0).contains(&self.value) {
            return Err(Error::input(format!("value for a {method} interval"), self.value, "a share in [0, 1]"));
        }
        let bounds = self.bounds(method, confidence);
        bounds
            .map(|(lower, upper)| Interval::new(lower, upper, confidence, method.method()))
            .map_or_else(|reason| Ok(Err(reason)), |interval| interval.map(Ok))
    }

    fn bounds(&self, method: DesignMethod, confidence: Confidence) -> Result<(f64, f64), Absent> {
        let (error, degrees) = (self.standard_error?, self.degrees_of_freedom() as f64);
        if degrees == 0.0 {
            return Err(Absent::LonelyCluster);
        }
        let upper_tail = 1.0 - confidence.alpha() / 2.0;
        let around = |centre: f64, half: f64| (centre - half, centre + half);
        match method {
            DesignMethod::Wald => Ok(around(self.value, normal::quantile(upper_tail) * error)),
            DesignMethod::StudentT => Ok(around(self.value, student_t::quantile(upper_tail, degrees) * error)),
            DesignMethod::Logit => {
                let odds_scale = self.value * (1.0 - self.value);
                if odds_scale == 0.0 {
                    return Err(Absent::ZeroVariance);
                }
                let logit = self.value.ln() - (-self.value).ln_1p();
                let half = student_t::quantile(upper_tail, degrees) * error / odds_scale;
                let (lower, upper) = around(logit, half);
                Ok((1.0 / (1.0 + (-lower).exp()), 1.0 / (1.0 + (-upper).exp())))
            }
            DesignMethod::KornGraubard => {
                let plain = student_t::quantile(upper_tail, self.n() as f64 - 1.0);
                let n = self.effective_n() * (plain / student_t::quantile(upper_tail, degrees)).powi(2);
                let (satisfied, others) = (n * self.value, n * (1.0 - self.value));
                let tail = confidence.alpha() / 2.0;
                let lower = Beta { a: satisfied, b: others + 1.0 };
                let upper = Beta { a: satisfied + 1.0, b: others };
                Ok((
                    if satisfied > 0.0 { lower.quantile(tail) } else { 0.0 },
                    if others > 0.0 { upper.quantile_upper(tail) } else { 1.0 },
                ))
            }
        }
    }

    /// The estimate with its interval.
    ///
    /// # Errors
    /// As for [`DesignEstimate::interval`].
    pub fn estimate(&self, method: DesignMethod, confidence: Confidence) -> Result<Estimate, Error> {
        Ok(Estimate {
            value: self.value,
            standard_error: self.standard_error,
            interval: self.interval(method, confidence)?,
            n: self.n(),
            effective_n: self.weights.effective_n()?,
            method: Method::TaylorLinearized,
        })
    }
}
