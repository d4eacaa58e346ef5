//! The document of outcomes divided among channels: `cxo.attribution`.

use cxo_core::{
    domain::LoadReport,
    journey::{Attribution, AttributionModel, ChannelCredit, PositionCredit},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, LogRow, Quantity,
    journey::{OBSERVATIONAL, check_all, each},
    quantity::{self, at_least_zero, share},
};

/// `cxo.attribution`: which channels are on the way to an outcome, and how its credit is divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributionDocument {
    /// How: markov, shapley, shapley-ordered, first, last, linear, position, step-decay, or of a log time-decay.
    pub model: String,
    /// The number of steps that the chain remembers; only of markov.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<usize>,
    /// What the channels are: those of a table of paths, or the channels or touchpoints of a log.
    pub unit: String,
    /// All journeys.
    #[serde(flatten)]
    pub all: AttributionRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<AttributionRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The touchpoints that are the outcome; absent for a table of paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Vec<String>>,
    /// The silence after which a journey without outcome is lost; absent where every one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<f64>,
    /// Only steps so long before the outcome got credit; absent where all did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookback_seconds: Option<f64>,
    /// The time in which the weight of a step halves; only of time-decay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life_seconds: Option<f64>,
    /// The log; absent for a table of paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogRow>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// The outcomes of some journeys divided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributionRow {
    /// Journeys with the outcome.
    pub conversions: u64,
    /// Journeys without it.
    pub nulls: u64,
    /// What the outcomes were worth, or why that is not known.
    #[serde(flatten, with = "quantity::value")]
    pub value: Quantity,
    /// The channels, in the order of the bytes of their names.
    pub channels: Vec<ChannelRow>,
    /// The credit of each channel for each place on the paths, by channel and place; only of shapley-ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positions: Option<Vec<PositionRow>>,
    /// Journeys that were still open and left out; absent for a table of paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_journeys: Option<u64>,
    /// Whether these are more than 5 % of all: then the answers are biased towards quick endings; absent for a table of paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biased: Option<bool>,
    /// Journeys of which no channel is known before the outcome, left out; absent for a table of paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immediate_journeys: Option<u64>,
}

/// The part of one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelRow {
    /// Its name.
    pub channel: String,
    /// Outcomes attributed to it; all channels together have all of them.
    pub attributed: f64,
    /// Its share of them, or why there is none.
    #[serde(flatten, with = "quantity::share_of")]
    pub share: Quantity,
    /// Value attributed to it, or why that is not known.
    #[serde(flatten, with = "quantity::value")]
    pub value: Quantity,
    /// By how much the probability of the outcome falls in the chain when every way through the channel ends without it; or
    /// why there is none.
    #[serde(flatten, with = "quantity::removal_effect")]
    pub removal_effect: Quantity,
}

/// The credit of a channel for one place on the paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PositionRow {
    /// The channel.
    pub channel: String,
    /// The place, from 1.
    pub position: usize,
    /// Outcomes attributed.
    pub attributed: f64,
    /// Value attributed, or why that is not known.
    #[serde(flatten, with = "quantity::value")]
    pub value: Quantity,
}

impl PositionRow {
    /// The row of a credit.
    #[must_use]
    pub fn new(credit: &PositionCredit, worth: Worth) -> Self {
        Self {
            channel: credit.channel.clone(),
            position: credit.position,
            attributed: credit.attributed,
            value: worth.of(credit.value),
        }
    }
}

/// Whether it is known what outcomes are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It is.
    Known,
    /// It is not.
    Unknown,
}

impl Worth {
    fn of(self, value: f64) -> Quantity {
        match self {
            Self::Known => Ok(value),
            Self::Unknown => Err("there is no column of values".into()),
        }
    }
}

impl AttributionRow {
    /// The row of an attribution; journeys left out are the caller's to add.
    #[must_use]
    pub fn new(attribution: &Attribution, worth: Worth) -> Self {
        let channel = |credit: &ChannelCredit| ChannelRow {
            channel: credit.channel.clone(),
            attributed: credit.attributed,
            share: quantity::of(credit.share),
            value: worth.of(credit.value),
            removal_effect: credit.removal_effect.map_err(|_| "only of the model markov".into()),
        };
        Self {
            conversions: attribution.conversions,
            nulls: attribution.nulls,
            value: worth.of(attribution.value),
            channels: attribution.channels.iter().map(channel).collect(),
            positions: None,
            open_journeys: None,
            biased: None,
            immediate_journeys: None,
        }
    }

    fn check(&self) -> Result<(), Error> {
        let positions = self.positions.iter().flatten();
        positions.into_iter().try_for_each(|place| at_least_zero("attributed", place.attributed))?;
        self.channels.iter().try_for_each(|channel| {
            at_least_zero("attributed", channel.attributed)?;
            each([("share", &channel.share), ("removal_effect", &channel.removal_effect)], share)
        })
    }
}

impl AttributionDocument {
    /// The document of a table of paths; what a log has besides is the caller's to add.
    #[must_use]
    pub fn new(model: AttributionModel, order: usize, all: AttributionRow, load: LoadReport) -> Self {
        Self {
            model: model.name().to_owned(),
            order: (model == AttributionModel::Markov).then_some(order),
            unit: "path-step".to_owned(),
            all,
            segments: None,
            evidence: OBSERVATIONAL.to_owned(),
            outcomes: None,
            silence_seconds: None,
            lookback_seconds: None,
            half_life_seconds: None,
            log: None,
            load,
        }
    }
}

impl Document for AttributionDocument {
    const FORMAT: &'static str = "cxo.attribution";

    fn check(&self) -> Result<(), Error> {
        self.log.as_ref().map_or(Ok(()), LogRow::check)?;
        self.silence_seconds.map_or(Ok(()), |silence| at_least_zero("silence_seconds", silence))?;
        check_all(&self.all, self.segments.as_ref(), AttributionRow::check)
    }
}
