//! The documents of churn risk: `cxo.churn-fit`, `cxo.churn-scores`, and the model that the second needs of the first,
//! `cxo.churn-model`.

use std::io;

use cxo_core::{
    Confidence, Interval,
    churn::risk::{ChurnModel, CrossFitted, Loss, Risk},
    domain::LoadReport,
};
use serde::{Deserialize, Serialize};

use crate::{
    CoefficientRow, Document, Error, Quantity,
    quantity::{self, at_least_zero, share},
};

/// `cxo.churn-fit`: what goes with leaving, and how sure that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnFitDocument {
    /// The column of outcomes.
    pub target: String,
    /// Which value says that it happened; absent where 1, true and yes do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// Rows fitted on.
    pub observations: u64,
    /// Those of them in which it happened.
    pub events: u64,
    /// The intercept, then each term.
    pub coefficients: Vec<CoefficientRow>,
    /// The level of all bounds.
    pub confidence: Confidence,
    /// How `lower` and `upper` were found.
    pub interval_method: String,
    /// Log-likelihood, without the penalty.
    pub log_likelihood: f64,
    /// That of the intercept alone.
    pub null_log_likelihood: f64,
    /// Akaike's criterion; less is better.
    pub aic: f64,
    /// Schwarz's criterion; less is better.
    pub bic: f64,
    /// Steps of the search.
    pub iterations: u64,
    /// The penalty: none, l2, l1, elastic-net or firth.
    pub penalty: String,
    /// Its strength; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// The share of the absolute values in it; absent where it is no elastic net.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l1_ratio: Option<f64>,
    /// Terms that repeat what others say: their level counts as the reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collapsed: Vec<String>,
    /// How good the model is for customers that it has not seen, or why that could not be found.
    #[serde(flatten, with = "quantity::cross_validation")]
    pub cross_validation: Quantity<CrossValidationRow>,
    /// How probabilities are calibrated: platt, isotonic or none.
    pub calibration: String,
    /// Why they are not calibrated although it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration_reason: Option<String>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How good predictions are for customers held out in folds, before calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossValidationRow {
    /// How many folds.
    pub folds: u64,
    /// Area under the ROC curve.
    pub auc: f64,
    /// Lower bound of the area, or why there is none.
    #[serde(flatten, with = "quantity::auc_lower")]
    pub auc_lower: Quantity,
    /// Upper bound of the area, or why there is none.
    #[serde(flatten, with = "quantity::auc_upper")]
    pub auc_upper: Quantity,
    /// Mean squared error of the probabilities.
    pub brier: f64,
    /// Mean of -ln of the probability of what happened.
    pub log_loss: f64,
}

impl From<&CrossFitted> for CrossValidationRow {
    fn from(found: &CrossFitted) -> Self {
        Self {
            folds: u64::from(found.folds),
            auc: found.auc.value,
            auc_lower: quantity::of(found.auc.interval.map(|interval| interval.lower)),
            auc_upper: quantity::of(found.auc.interval.map(|interval| interval.upper)),
            brier: found.brier.value,
            log_loss: found.log_loss.value,
        }
    }
}

impl Document for ChurnFitDocument {
    const FORMAT: &'static str = "cxo.churn-fit";

    fn check(&self) -> Result<(), Error> {
        if self.events > self.observations {
            return Err(Error::value("events", self.events, "at most observations"));
        }
        if let Some(strength) = self.strength {
            at_least_zero("strength", strength)?;
        }
        if let Some(ratio) = self.l1_ratio {
            share("l1_ratio", ratio)?;
        }
        if let Ok(found) = &self.cross_validation {
            share("auc", found.auc)?;
            share("brier", found.brier)?;
            at_least_zero("log_loss", found.log_loss)?;
        }
        self.coefficients.iter().try_for_each(CoefficientRow::check)
    }
}

/// `cxo.churn-scores`: the risk of each customer, and what it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnScoresDocument {
    /// The column whose outcome is predicted.
    pub target: String,
    /// The log-odds to which all contributions are added: those of a customer who is average in everything.
    pub base: f64,
    /// How probabilities are calibrated: platt, isotonic or none.
    pub calibration: String,
    /// The level of all bounds.
    pub confidence: Confidence,
    /// How `lower` and `upper` were found.
    pub interval_method: String,
    /// Each row of the file, in its order.
    pub scores: Vec<ChurnScoreRow>,
    /// What is expected to leave with those who leave; absent unless their values were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_at_risk: Option<ValueAtRiskRows>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// What is expected to leave with those who leave: probability times the value stated for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueAtRiskRows {
    /// How it is defined: `predicted-departure`.
    pub form: String,
    /// The column that states what each customer would take along.
    pub value: String,
    /// All customers, then each segment, in the order of their bytes.
    pub results: Vec<ValueAtRiskRow>,
}

/// The value at risk of a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueAtRiskRow {
    /// The segment; null for all.
    pub segment: Option<String>,
    /// Customers.
    pub customers: u64,
    /// How many of them are expected to leave.
    pub departures: f64,
    /// What is expected to leave with them, in the unit of the values.
    pub value_at_risk: f64,
    /// Its standard error, from the uncertainty of the coefficients, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// The standard deviation of what leaves, the probabilities taken as known.
    pub outcome_error: f64,
}

impl ValueAtRiskRow {
    /// Of what a segment loses under a model.
    ///
    /// # Errors
    /// Those of [`Loss::estimate`].
    pub fn new(
        segment: Option<String>,
        loss: &Loss,
        model: &ChurnModel,
        confidence: Confidence,
    ) -> Result<Self, cxo_core::Error> {
        let estimate = loss.estimate(model, confidence)?;
        Ok(Self {
            segment,
            customers: loss.customers(),
            departures: loss.departures(),
            value_at_risk: estimate.value,
            standard_error: quantity::of(estimate.standard_error),
            interval: quantity::of(estimate.interval),
            outcome_error: loss.outcome_error(),
        })
    }
}

/// The risk of one customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnScoreRow {
    /// Who; absent where the file does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The calibrated probability.
    pub probability: f64,
    /// Its lower limit, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper limit, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
    /// The log-odds before calibration.
    pub logit: f64,
    /// The features that raise the risk most, the greatest contribution first.
    pub reasons: Vec<ReasonRow>,
}

/// What one feature contributes to a risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReasonRow {
    /// The feature.
    pub feature: String,
    /// Its value for this customer.
    pub value: String,
    /// What it adds to the log-odds.
    pub contribution: f64,
}

impl ChurnScoreRow {
    /// The row of a risk.
    #[must_use]
    pub fn new(customer: Option<String>, risk: &Risk, reasons: Vec<ReasonRow>) -> Self {
        let Risk { probability, lower, upper, logit, .. } = *risk;
        Self { customer, probability, lower: quantity::of(lower), upper: quantity::of(upper), logit, reasons }
    }

    fn check(&self) -> Result<(), Error> {
        share("probability", self.probability)?;
        for (key, bound) in [("lower", &self.lower), ("upper", &self.upper)] {
            if let Ok(bound) = bound {
                share(key, *bound)?;
            }
        }
        Ok(())
    }
}

impl Document for ChurnScoresDocument {
    const FORMAT: &'static str = "cxo.churn-scores";

    fn check(&self) -> Result<(), Error> {
        let rows = self.value_at_risk.iter().flat_map(|found| &found.results);
        rows.into_iter().try_for_each(|row| {
            at_least_zero("departures", row.departures)?;
            at_least_zero("value_at_risk", row.value_at_risk)?;
            at_least_zero("outcome_error", row.outcome_error)
        })?;
        self.scores.iter().try_for_each(ChurnScoreRow::check)
    }
}

/// `cxo.churn-model`: a model of risk as it is stored. The core writes and reads the same text; here an unknown format or version
/// is told as for every other document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChurnModelDocument(pub ChurnModel);

impl Document for ChurnModelDocument {
    const FORMAT: &'static str = "cxo.churn-model";

    /// The core has checked it.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    // Format and version are in the text of the core.
    fn to_writer<W: io::Write>(&self, mut writer: W) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut writer, self)?;
        writer.write_all(b"\n")
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
