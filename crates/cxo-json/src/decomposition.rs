//! The document of a change in NPS taken apart: `cxo.nps-decomposition`.

use cxo_core::{
    Difference, Interval,
    domain::LoadReport,
    survey::{DecompositionPart, NpsDecomposition},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity,
    quantity::{self, points, share, within},
};

/// `cxo.nps-decomposition`: the change between two periods as a mix and a rate effect of each segment, without residual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecompositionDocument {
    /// NPS of the first period in points.
    pub before: f64,
    /// NPS of the second period in points.
    pub after: f64,
    /// After minus before, with its test.
    pub change: ChangeOfNps,
    /// Sum of all mix effects in points.
    pub mix: f64,
    /// Sum of all rate effects in points.
    pub rate: f64,
    /// The segments, in the order of their bytes.
    pub parts: Vec<DecompositionRow>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// After minus before, with its test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeOfNps {
    /// After minus before in points.
    pub difference: f64,
    /// The standard error that the test used in points, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Two-sided p-value, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// Interval of the change in points, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// The method of standard error, test and interval.
    pub method: String,
}

/// What one segment contributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecompositionRow {
    /// The segment; `None` for responses without one.
    pub segment: Option<String>,
    /// Share of the responses of the first period, 0 to 1.
    pub weight_before: f64,
    /// Share of the responses of the second period, 0 to 1.
    pub weight_after: f64,
    /// NPS in the first period, or why there is none.
    #[serde(flatten, with = "quantity::score_before")]
    pub score_before: Quantity,
    /// NPS in the second period, or why there is none.
    #[serde(flatten, with = "quantity::score_after")]
    pub score_after: Quantity,
    /// What the change of its share contributes, in points.
    pub mix: f64,
    /// What the change of its score contributes, in points.
    pub rate: f64,
}

impl DecompositionDocument {
    /// The document of a decomposition.
    #[must_use]
    pub fn new(change: &NpsDecomposition, load: LoadReport) -> Self {
        let Difference { value, standard_error, p_value, interval, method, .. } = change.change;
        Self {
            before: change.before,
            after: change.after,
            change: ChangeOfNps {
                difference: value,
                standard_error: quantity::of(standard_error),
                p_value: quantity::of(p_value),
                interval: quantity::of(interval),
                method: method.name().to_owned(),
            },
            mix: change.mix,
            rate: change.rate,
            parts: change.parts.iter().map(DecompositionRow::from).collect(),
            load,
        }
    }
}

impl From<&DecompositionPart> for DecompositionRow {
    fn from(part: &DecompositionPart) -> Self {
        let score = |score: Option<f64>| score.ok_or("no responses in this period".into());
        Self {
            segment: part.name.clone(),
            weight_before: part.weight_before,
            weight_after: part.weight_after,
            score_before: score(part.score_before),
            score_after: score(part.score_after),
            mix: part.mix,
            rate: part.rate,
        }
    }
}

impl Document for DecompositionDocument {
    const FORMAT: &'static str = "cxo.nps-decomposition";

    fn check(&self) -> Result<(), Error> {
        points("before", self.before)?;
        points("after", self.after)?;
        within("change.difference", self.change.difference, [-200.0, 200.0], "-200 to 200")?;
        for part in &self.parts {
            share("weight_before", part.weight_before)?;
            share("weight_after", part.weight_after)?;
            for (key, score) in [("score_before", &part.score_before), ("score_after", &part.score_after)] {
                score.as_ref().map_or(Ok(()), |score| points(key, *score))?;
            }
        }
        Ok(())
    }
}
