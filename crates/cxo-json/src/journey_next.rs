//! The document of the next touchpoint: `cxo.journey-next`.

use cxo_core::{
    domain::LoadReport,
    journey::{LogLoss, NextTouchpoints},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, LogRow, Quantity,
    journey::{OBSERVATIONAL, check_all},
    quantity::{self, at_least_zero, share},
};

/// `cxo.journey-next`: what comes next after a history, or in each journey that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyNextDocument {
    /// The silence up to which a journey is open; absent where every journey has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<f64>,
    /// All journeys.
    #[serde(flatten)]
    pub all: NextRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<NextRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// What some journeys say of the next touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextRow {
    /// Journeys learned from.
    pub journeys: u64,
    /// Those of them that are still open: nothing is learned from their ends.
    pub open_journeys: u64,
    /// Whether more than 5 % of the journeys were open.
    pub biased: bool,
    /// How many of the last touchpoints are looked at, at most.
    pub longest_context: usize,
    /// How well each longest context foresees the steps of customers that were not learned from, or why that is not known.
    #[serde(flatten, with = "quantity::next_evaluation")]
    pub evaluation: Quantity<Vec<NextLossRow>>,
    /// What comes next: after the history that was asked for, or in each open journey, in the order of the bytes of the customers.
    pub predictions: Vec<PredictionRow>,
}

/// How well a model foresaw steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextLossRow {
    /// How many of the last touchpoints it looks at, at most.
    pub longest_context: usize,
    /// The mean of -ln P(what came next), in nats; less is better.
    pub log_loss: f64,
    /// Steps foreseen, ends among them.
    pub steps: u64,
}

impl NextLossRow {
    /// The row of a longest context.
    #[must_use]
    pub const fn new(longest_context: usize, loss: LogLoss) -> Self {
        Self { longest_context, log_loss: loss.value, steps: loss.steps }
    }
}

/// What comes next after one history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionRow {
    /// Whose journey; absent for a history that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The history, the oldest touchpoint first; of a journey the last touchpoints that are looked at.
    pub after: Vec<String>,
    /// How many touchpoints of it were used.
    pub context: usize,
    /// How often these were met.
    pub observations: u64,
    /// The touchpoints, most probable first, as many as asked for.
    pub touchpoints: Vec<NextProbabilityRow>,
    /// The probability that the journey ends.
    pub end_probability: f64,
    /// The probability of a touchpoint that was never met.
    pub unseen_probability: f64,
}

/// One touchpoint that may come next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextProbabilityRow {
    /// Its name.
    pub touchpoint: String,
    /// How probable it is.
    pub probability: f64,
}

impl PredictionRow {
    /// The `top` most probable touchpoints after a history.
    #[must_use]
    pub fn new(customer: Option<&str>, after: &[&str], next: &NextTouchpoints, top: usize) -> Self {
        let row = |(touchpoint, probability): &(String, f64)| NextProbabilityRow {
            touchpoint: touchpoint.clone(),
            probability: *probability,
        };
        Self {
            customer: customer.map(str::to_owned),
            after: after.iter().map(|name| (*name).to_owned()).collect(),
            context: next.context,
            observations: next.observations,
            touchpoints: next.touchpoints.iter().take(top).map(row).collect(),
            end_probability: next.end,
            unseen_probability: next.unseen,
        }
    }

    fn check(&self) -> Result<(), Error> {
        share("end_probability", self.end_probability)?;
        share("unseen_probability", self.unseen_probability)?;
        self.touchpoints.iter().try_for_each(|next| share("probability", next.probability))
    }
}

impl NextRow {
    fn check(&self) -> Result<(), Error> {
        self.evaluation.iter().flatten().try_for_each(|row| at_least_zero("log_loss", row.log_loss))?;
        self.predictions.iter().try_for_each(PredictionRow::check)
    }
}

impl JourneyNextDocument {
    /// The document of all journeys; silence and segments are the caller's to add.
    #[must_use]
    pub fn new(all: NextRow, log: LogRow, load: LoadReport) -> Self {
        Self { silence_seconds: None, all, segments: None, evidence: OBSERVATIONAL.to_owned(), log, load }
    }
}

impl Document for JourneyNextDocument {
    const FORMAT: &'static str = "cxo.journey-next";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        self.silence_seconds.map_or(Ok(()), |silence| at_least_zero("silence_seconds", silence))?;
        check_all(&self.all, self.segments.as_ref(), NextRow::check)
    }
}
