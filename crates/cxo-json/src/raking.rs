//! The document of weights that meet the totals of a population: `cxo.raking`.

use cxo_core::{domain::LoadReport, stats::raking::Raked};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error,
    quantity::{at_least_zero, within},
};

/// `cxo.raking`: the weights, how they were found, and what they cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RakingDocument {
    /// Number of responses.
    pub responses: u64,
    /// Passes over all margins.
    pub iterations: u64,
    /// Kish's design effect of the weights, n Σw² / (Σw)², at least 1.
    pub design_effect: f64,
    /// The number of equally weighted responses that would tell as much: responses / design effect.
    pub effective_responses: f64,
    /// The greatest relative distance of a weighted total from its target.
    pub max_margin_error: f64,
    /// Weights that stand at a bound.
    pub trimmed: u64,
    /// The margins, in the order of the targets.
    pub margins: Vec<MarginRow>,
    /// The weight of each response, in the order of the file.
    pub weights: Vec<WeightRow>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// One margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarginRow {
    /// Its name: a column of the file.
    pub margin: String,
    /// Its categories, in the order of the targets.
    pub categories: Vec<TargetRow>,
}

/// One category of a margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetRow {
    /// The category.
    pub category: String,
    /// Responses in it.
    pub responses: u64,
    /// Its total in the population.
    pub target: f64,
    /// Sum of the weights before; of ones, without a column of weights.
    pub before: f64,
    /// Sum of the new weights.
    pub after: f64,
}

/// The weight of one response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightRow {
    /// The line of the file on which it begins.
    pub line: u64,
    /// Its new weight.
    pub weight: f64,
}

impl RakingDocument {
    /// The document of weights: the line of each response, the margins, and what became of the rows.
    #[must_use]
    pub fn new(raked: &Raked, lines: &[u64], margins: Vec<MarginRow>, load: LoadReport) -> Self {
        let responses = raked.weights.len() as u64;
        let weights = lines.iter().zip(&raked.weights).map(|(line, weight)| WeightRow { line: *line, weight: *weight });
        Self {
            responses,
            iterations: raked.iterations,
            design_effect: raked.design_effect,
            effective_responses: responses as f64 / raked.design_effect,
            max_margin_error: raked.max_margin_error,
            trimmed: raked.trimmed,
            margins,
            weights: weights.collect(),
            load,
        }
    }
}

impl Document for RakingDocument {
    const FORMAT: &'static str = "cxo.raking";

    fn check(&self) -> Result<(), Error> {
        if self.weights.len() as u64 != self.responses {
            return Err(Error::value("responses", self.responses, "the number of weights"));
        }
        // Equal weights may miss 1 by rounding.
        within("design_effect", self.design_effect, [1.0 - 1e-9, f64::MAX], "1 or more")?;
        at_least_zero("effective_responses", self.effective_responses)?;
        at_least_zero("max_margin_error", self.max_margin_error)?;
        self.weights.iter().try_for_each(|row| at_least_zero("weight", row.weight))
    }
}
