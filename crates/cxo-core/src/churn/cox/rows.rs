//! What is a proportional hazards model fitted on, and how?

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::churn::{Durations, Features};

/// How events at the same time are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Ties {
    /// Those who leave at the same time leave the risk set one by one, on average (Efron 1977). The default.
    #[default]
    Efron,
    /// Those who leave at the same time are all at risk together (Breslow 1974): biased toward zero with many ties.
    Breslow,
}

impl Ties {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Efron => "efron",
            Self::Breslow => "breslow",
        }
    }
}

impl fmt::Display for Ties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Ties {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "efron" => Ok(Self::Efron),
            "breslow" => Ok(Self::Breslow),
            _ => Err(Error::input("ties", format!("\"{text}\""), "efron, breslow")),
        }
    }
}

/// The rows of a proportional hazards model: durations, covariates, and what else is known of each row.
///
/// A customer whose covariates change has several rows, each with its entry (start) and duration (stop); then the rows of a
/// customer are a cluster, so that standard errors know of it.
///
/// ```
/// use cxo_core::churn::{Durations, Features, cox::CoxRows};
///
/// let durations = Durations::new(vec![3.0, 8.0, 5.0], vec![true, false, true])?.with_entries(vec![0.0, 3.0, 1.0])?;
/// let features = Features::new(vec![("price".into(), vec![20.0, 25.0, 30.0])])?;
/// let rows = CoxRows::new(&durations, &features)?.with_clusters(&[1, 1, 2])?;
/// assert_eq!(rows.durations().rows(), 3);
/// assert!(rows.with_strata(&[1, 2]).is_err(), "a stratum for each row");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CoxRows<'a> {
    pub(super) durations: &'a Durations,
    pub(super) features: &'a Features,
    pub(super) strata: Option<&'a [u32]>,
    pub(super) clusters: Option<&'a [u32]>,
    pub(super) offset: Option<&'a [f64]>,
}

impl<'a> CoxRows<'a> {
    /// Durations and covariates of the same rows.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for different numbers of rows,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for more than 2³² - 1.
    pub fn new(durations: &'a Durations, features: &'a Features) -> Result<Self, Error> {
        let rows = Self { durations, features, strata: None, clusters: None, offset: None };
        rows.as_many(features.rows())?;
        u32::try_from(features.rows()).map_err(|_| Error::overflow("number of rows"))?;
        Ok(rows)
    }

    /// The stratum of each row: every stratum has a baseline hazard of its own, all share the coefficients.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there is one for each row.
    pub fn with_strata(self, strata: &'a [u32]) -> Result<Self, Error> {
        self.as_many(strata.len())?;
        Ok(Self { strata: Some(strata), ..self })
    }

    /// The customer of each row: standard errors then allow for rows of one customer that resemble each other.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there is one for each row.
    pub fn with_clusters(self, clusters: &'a [u32]) -> Result<Self, Error> {
        self.as_many(clusters.len())?;
        Ok(Self { clusters: Some(clusters), ..self })
    }

    /// What is added to the linear predictor of each row, with a coefficient of 1.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there is one for each row,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for one that is not finite, with its row.
    pub fn with_offset(self, offset: &'a [f64]) -> Result<Self, Error> {
        self.as_many(offset.len())?;
        match offset.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((row, value)) => Err(Error::input("offset", value, "a finite number").at_row(row as u64)),
            None => Ok(Self { offset: Some(offset), ..self }),
        }
    }

    /// The durations.
    #[must_use]
    pub const fn durations(&self) -> &'a Durations {
        self.durations
    }

    /// The covariates.
    #[must_use]
    pub const fn features(&self) -> &'a Features {
        self.features
    }

    fn as_many(&self, given: usize) -> Result<(), Error> {
        let rows = self.durations.rows();
        if given == rows { Ok(()) } else { Err(Error::incompatible(format!("{given} values for {rows} rows"))) }
    }
}

/// How to fit. The default is Efron's ties, no penalty, standard errors from the curvature of the likelihood, or clustered where
/// the rows have clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoxOptions {
    pub(super) ties: Ties,
    pub(super) penalty: f64,
    pub(super) robust: bool,
    pub(super) iterations: u32,
}

impl Default for CoxOptions {
    fn default() -> Self {
        Self { ties: Ties::Efron, penalty: 0.0, robust: false, iterations: 100 }
    }
}

impl CoxOptions {
    /// How events at the same time are counted.
    #[must_use]
    pub const fn ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// Subtracts `strength` / 2 × Σ (coefficient × standard deviation of its column)² from the log partial likelihood (ridge).
    /// A penalised fit has no standard errors. 0, the default, is none.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite and at least 0.
    pub fn penalty(mut self, strength: f64) -> Result<Self, Error> {
        if !(strength >= 0.0 && strength.is_finite()) {
            return Err(Error::input("penalty", strength, "a finite number of at least 0"));
        }
        self.penalty = strength;
        Ok(self)
    }

    /// Standard errors that hold if the model does not (Lin and Wei 1989), every row for itself. Rows with clusters have them
    /// by cluster without this.
    #[must_use]
    pub const fn robust(mut self) -> Self {
        self.robust = true;
        self
    }

    /// The most Newton steps; 100 unless set.
    #[must_use]
    pub const fn max_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }
}
