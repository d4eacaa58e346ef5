//! The document of the ways that customers take: `cxo.journey-paths`.

use cxo_core::{
    domain::LoadReport,
    journey::{Variant, Variants},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, LogRow, Quantity, StepRow,
    journey::check_all,
    quantity::{self, share},
};

/// `cxo.journey-paths`: which ways journeys take, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyPathsDocument {
    /// All journeys.
    #[serde(flatten)]
    pub all: PathsRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<PathsRow>>>,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// The most frequent ways of some journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathsRow {
    /// Journeys.
    pub journeys: u64,
    /// Different ways, or why that is not told: a report where all are hidden.
    #[serde(flatten, with = "quantity::total_variants")]
    pub total_variants: Quantity<u64>,
    /// The most frequent ones, as many as asked for; equally frequent ones in the order of the bytes of their touchpoints.
    pub variants: Vec<VariantRow>,
    /// Where journeys are at each of the first steps; absent unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<StepRow>>,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantRow {
    /// The touchpoints, first to last.
    pub path: Vec<String>,
    /// Journeys that took it.
    pub count: u64,
    /// Their share of all journeys.
    pub share: f64,
    /// The share of all journeys that this and more frequent ways cover.
    pub coverage: f64,
}

impl PathsRow {
    /// The `top` most frequent ways of so many journeys.
    #[must_use]
    pub fn new(variants: &Variants<'_>, journeys: u64, top: usize) -> Self {
        let row = |variant: Variant<'_>| VariantRow {
            path: variant.path.into_iter().map(str::to_owned).collect(),
            count: variant.count,
            share: variant.share,
            coverage: variant.coverage,
        };
        let total_variants = Ok(variants.len() as u64);
        Self { journeys, total_variants, variants: variants.iter().take(top).map(row).collect(), steps: None }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.steps.iter().flatten().try_for_each(StepRow::check)?;
        self.variants.iter().try_for_each(|variant| {
            share("share", variant.share)?;
            share("coverage", variant.coverage)
        })
    }
}

impl Document for JourneyPathsDocument {
    const FORMAT: &'static str = "cxo.journey-paths";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        check_all(&self.all, self.segments.as_ref(), PathsRow::check)
    }
}
