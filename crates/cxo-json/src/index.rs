//! The document of the satisfaction index of three questions: `cxo.index`.

use cxo_core::{Interval, domain::LoadReport, survey::SatisfactionIndex};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity,
    quantity::{self, at_least_zero, share, within},
};

/// `cxo.index`: the index of those who answered all three questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexDocument {
    /// The index, 0 to 100.
    pub index: f64,
    /// Standard error of the index, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Interval of the index, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// Respondents who answered all three questions.
    pub respondents: u64,
    /// Respondents who left one or two out; they are not in the index.
    pub incomplete: u64,
    /// The three questions, in the order asked for.
    pub items: Vec<ItemRow>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// One question of the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemRow {
    /// Its column.
    pub item: String,
    /// Its mean rating, 1 to 10.
    pub mean: f64,
    /// How much it counts, 0 to 1; the weights of all sum to 1.
    pub weight: f64,
}

impl IndexDocument {
    /// The document of an index of the questions in three columns.
    #[must_use]
    pub fn new(items: [String; 3], found: &SatisfactionIndex, load: LoadReport) -> Self {
        let rows = items.into_iter().zip(found.item_means).zip(found.weights.get());
        Self {
            index: found.index.value,
            standard_error: quantity::of(found.index.standard_error),
            interval: quantity::of(found.index.interval),
            respondents: found.respondents,
            incomplete: found.incomplete,
            items: rows.map(|((item, mean), weight)| ItemRow { item, mean, weight }).collect(),
            load,
        }
    }
}

impl Document for IndexDocument {
    const FORMAT: &'static str = "cxo.index";

    fn check(&self) -> Result<(), Error> {
        within("index", self.index, [0.0, 100.0], "0 to 100")?;
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        self.items.iter().try_for_each(|item| {
            within("mean", item.mean, [1.0, 10.0], "1 to 10")?;
            share("weight", item.weight)
        })
    }
}
