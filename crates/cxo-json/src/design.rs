//! What a sampling design does to the certainty of a score: part of the rows of `cxo.nps`, `cxo.csat` and `cxo.ces`.

use cxo_core::stats::design::DesignEstimate;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Quantity,
    quantity::{self, at_least_zero},
};

/// The design behind one score; for CSAT of its share, for CES of its mean rating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DesignRow {
    /// Variance of the score against that of a simple random sample with replacement, or why there is none.
    #[serde(flatten, with = "quantity::design_effect_with_replacement")]
    pub design_effect_with_replacement: Quantity,
    /// The same against a simple random sample without replacement from a population of Σ w, or why there is none; it
    /// means something only if the weights sum to the size of the population.
    #[serde(flatten, with = "quantity::design_effect_without_replacement")]
    pub design_effect_without_replacement: Quantity,
    /// Clusters in the sample: customers where they are known, rows where nothing else is.
    pub clusters: u64,
    /// Strata in the sample; 1 without strata.
    pub strata: u64,
    /// Clusters minus strata.
    pub degrees_of_freedom: u64,
}

impl From<&DesignEstimate> for DesignRow {
    fn from(design: &DesignEstimate) -> Self {
        Self {
            design_effect_with_replacement: quantity::of(design.design_effect_with_replacement()),
            design_effect_without_replacement: quantity::of(design.design_effect_without_replacement()),
            clusters: design.clusters,
            strata: design.strata,
            degrees_of_freedom: design.degrees_of_freedom(),
        }
    }
}

impl DesignRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { design_effect_with_replacement: with, design_effect_without_replacement: without, .. } = self;
        for (key, effect) in [("design_effect_with_replacement", with), ("design_effect_without_replacement", without)]
        {
            effect.as_ref().map_or(Ok(()), |effect| at_least_zero(key, *effect))?;
        }
        Ok(())
    }
}
