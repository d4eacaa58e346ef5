//! The document of proportional hazards: `cxo.cox`.

use cxo_core::{
    Absent, Confidence, Error as CoreError,
    churn::{
        ModelTest,
        concordance::Concordance,
        cox::{Cox, Proportionality},
    },
    domain::LoadReport,
};
use serde::{Deserialize, Serialize};

use crate::{
    CoefficientRow, Document, Error, Quantity,
    quantity::{self, at_least_zero, share},
};

/// `cxo.cox`: what goes with leaving sooner, and how sure that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoxDocument {
    /// The column of durations.
    pub duration: String,
    /// The column that says whether a duration ended in leaving.
    pub event: String,
    /// Rows fitted on.
    pub observations: u64,
    /// Those of them that ended in leaving.
    pub events: u64,
    /// Each term; there is no intercept.
    pub coefficients: Vec<CoefficientRow>,
    /// The level of all bounds.
    pub confidence: Confidence,
    /// How `lower` and `upper` were found.
    pub interval_method: String,
    /// How standard errors were found: observed-information, sandwich or clustered-sandwich.
    pub standard_error_method: String,
    /// Log partial likelihood, without the penalty.
    pub log_likelihood: f64,
    /// That of no effect.
    pub null_log_likelihood: f64,
    /// Akaike's criterion, or why there is none; less is better.
    #[serde(flatten, with = "quantity::aic")]
    pub aic: Quantity,
    /// The gain in likelihood over no effect, or why it is no test.
    #[serde(flatten, with = "quantity::likelihood_ratio")]
    pub likelihood_ratio: Quantity<ModelTestRow>,
    /// All coefficients against 0 by their covariance, or why there is no such test.
    #[serde(flatten, with = "quantity::wald")]
    pub wald: Quantity<ModelTestRow>,
    /// The slope of the likelihood at no effect, or why it is no test.
    #[serde(flatten, with = "quantity::score")]
    pub score: Quantity<ModelTestRow>,
    /// The share of pairs of customers of whom the one with the greater hazard left first (Harrell), or why there is none.
    #[serde(flatten, with = "quantity::concordance")]
    pub concordance: Quantity,
    /// Its standard error, or why there is none.
    #[serde(flatten, with = "quantity::concordance_standard_error")]
    pub concordance_standard_error: Quantity,
    /// Whether effects stay the same over time, or why that was not tested.
    #[serde(flatten, with = "quantity::proportionality")]
    pub proportionality: Quantity<ProportionalityRow>,
    /// Steps of the search.
    pub iterations: u64,
    /// How events at the same time were counted: efron or breslow.
    pub ties: String,
    /// The strength of the ridge penalty; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Terms that repeat what others say: their level counts as the reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collapsed: Vec<String>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ModelTestRow {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: u64,
    /// The probability of a statistic at least as great if nothing has an effect.
    pub p_value: f64,
}

/// The test of proportional hazards (Grambsch and Therneau 1994).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProportionalityRow {
    /// The function of time: km, rank, identity or log.
    pub transform: String,
    /// Each term.
    pub columns: Vec<ProportionalityColumn>,
    /// All terms at once.
    pub global: ModelTestRow,
}

/// The test of one term.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProportionalityColumn {
    /// The term.
    pub name: String,
    /// The correlation of time with the scaled residuals, above 0 where the effect grows; or why there is none.
    #[serde(flatten, with = "quantity::correlation")]
    pub correlation: Quantity,
    /// The statistic, on one degree of freedom.
    pub statistic: f64,
    /// The probability of a statistic at least as great if the effect stays the same.
    pub p_value: f64,
}

/// What is said of a fit besides the fit itself.
#[derive(Debug, Clone, PartialEq)]
pub struct CoxContext {
    /// The column of durations.
    pub duration: String,
    /// The column of events.
    pub event: String,
    /// Terms that repeat what others say.
    pub collapsed: Vec<String>,
    /// The level of all bounds.
    pub confidence: Confidence,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

impl CoxDocument {
    /// The document of a fit, with its concordance and the test of its assumption where they could be had.
    #[must_use]
    pub fn new(
        cox: &Cox,
        concordance: Quantity<&Concordance>,
        proportionality: &Result<Proportionality, CoreError>,
        context: CoxContext,
    ) -> Self {
        let CoxContext { duration, event, collapsed, confidence, load } = context;
        let test = |found: Result<ModelTest, Absent>| quantity::of(found.map(|found| ModelTestRow::from(&found)));
        let error = concordance.as_ref().map_err(Clone::clone);
        Self {
            duration,
            event,
            observations: cox.observations(),
            events: cox.events(),
            coefficients: cox.coefficients(confidence).iter().map(CoefficientRow::from).collect(),
            confidence,
            interval_method: cxo_core::Method::Wald.name().to_owned(),
            standard_error_method: cox.covariance_method().name().to_owned(),
            log_likelihood: cox.log_likelihood(),
            null_log_likelihood: cox.null_log_likelihood(),
            aic: quantity::of(cox.aic()),
            likelihood_ratio: test(cox.likelihood_ratio_test()),
            wald: test(cox.wald_test()),
            score: test(cox.score_test()),
            concordance_standard_error: error.and_then(|found| quantity::of(found.estimate.standard_error)),
            concordance: concordance.map(|found| found.estimate.value),
            proportionality: match proportionality {
                Ok(found) => Ok(ProportionalityRow::from(found)),
                Err(error) => Err(error.to_string().into()),
            },
            iterations: u64::from(cox.iterations()),
            ties: cox.ties().name().to_owned(),
            strength: Some(cox.penalty()).filter(|strength| *strength > 0.0),
            collapsed,
            load,
        }
    }
}

impl From<&ModelTest> for ModelTestRow {
    fn from(test: &ModelTest) -> Self {
        Self { statistic: test.statistic, degrees: u64::from(test.degrees), p_value: test.p_value }
    }
}

impl From<&Proportionality> for ProportionalityRow {
    fn from(found: &Proportionality) -> Self {
        let column = |column: &cxo_core::churn::cox::ColumnTest| ProportionalityColumn {
            name: column.name.clone(),
            correlation: quantity::of(column.correlation),
            statistic: column.test.statistic,
            p_value: column.test.p_value,
        };
        Self {
            transform: found.transform.name().to_owned(),
            columns: found.columns.iter().map(column).collect(),
            global: ModelTestRow::from(&found.global),
        }
    }
}

impl ModelTestRow {
    fn check(&self) -> Result<(), Error> {
        at_least_zero("statistic", self.statistic)?;
        share("p_value", self.p_value)
    }
}

impl Document for CoxDocument {
    const FORMAT: &'static str = "cxo.cox";

    fn check(&self) -> Result<(), Error> {
        if self.events > self.observations {
            return Err(Error::value("events", self.events, "at most observations"));
        }
        if let Some(strength) = self.strength {
            at_least_zero("strength", strength)?;
        }
        for test in [&self.likelihood_ratio, &self.wald, &self.score].into_iter().flatten() {
            test.check()?;
        }
        if let Ok(value) = self.concordance {
            share("concordance", value)?;
        }
        if let Ok(error) = self.concordance_standard_error {
            at_least_zero("concordance_standard_error", error)?;
        }
        if let Ok(found) = &self.proportionality {
            found.global.check()?;
            for column in &found.columns {
                at_least_zero("statistic", column.statistic)?;
                share("p_value", column.p_value)?;
            }
        }
        self.coefficients.iter().try_for_each(CoefficientRow::check)
    }
}
