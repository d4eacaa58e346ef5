//! The document of the NPS of the same people asked twice: `cxo.nps-panel`.

use cxo_core::{
    Difference, Error as CoreError, Interval,
    domain::LoadReport,
    survey::{NpsCategory, NpsPanel},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity, Side,
    quantity::{self, at_least_zero, points, share, within},
};

/// `cxo.nps-panel`: how the score of the same people changed, and who changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanelDocument {
    /// People who answered both times.
    pub people: u64,
    /// Their first answers.
    pub before: Side,
    /// Their second answers.
    pub after: Side,
    /// After minus before in points, -200 to 200.
    pub difference: f64,
    /// The standard error that the test used in points, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// The test statistic, or why there is none.
    #[serde(flatten, with = "quantity::statistic")]
    pub statistic: Quantity,
    /// Two-sided p-value, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// Interval of the difference in points, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// The method of standard error, test and interval.
    pub method: String,
    /// How many went from each category to each, both from the worst.
    pub moves: Vec<MoveRow>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How many went from one category to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoveRow {
    /// The category of the first answer.
    pub before: NpsCategory,
    /// The category of the second answer.
    pub after: NpsCategory,
    /// People.
    pub people: u64,
}

impl PanelDocument {
    /// The document of a panel and the change that was asked of it.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](cxo_core::ErrorKind::NoData) for a panel without people.
    pub fn new(panel: &NpsPanel, change: &Difference, load: LoadReport) -> Result<Self, CoreError> {
        let categories = NpsCategory::ALL;
        let rows = categories.into_iter().zip(panel.counts());
        let moves = rows.flat_map(|(before, row)| {
            let cells = categories.into_iter().zip(row);
            cells.map(move |(after, people)| MoveRow { before, after, people })
        });
        Ok(Self {
            people: panel.people(),
            before: Side::of(&panel.before())?,
            after: Side::of(&panel.after())?,
            difference: change.value,
            standard_error: quantity::of(change.standard_error),
            statistic: quantity::of(change.statistic),
            p_value: quantity::of(change.p_value),
            interval: quantity::of(change.interval),
            method: change.method.name().to_owned(),
            moves: moves.collect(),
            load,
        })
    }
}

impl Document for PanelDocument {
    const FORMAT: &'static str = "cxo.nps-panel";

    fn check(&self) -> Result<(), Error> {
        points("before.score", self.before.score)?;
        points("after.score", self.after.score)?;
        within("difference", self.difference, [-200.0, 200.0], "-200 to 200")?;
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        self.p_value.as_ref().map_or(Ok(()), |value| share("p_value", *value))
    }
}
