//! Channels compared: consistency and switches, within `cxo.journey-hotspots` and `cxo.report`.

use cxo_core::experience::{ChannelMean, SwitchAssociations, SwitchComparison, TouchpointConsistency};
use serde::{Deserialize, Serialize};

use crate::{
    Error, EstimateRow, Quantity,
    hotspots::{estimate, hidden},
    journey::each,
    quantity::{self, share},
};

/// Channels compared at one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsistencyRow {
    /// Its name.
    pub touchpoint: String,
    /// consistent, inconsistent or undecided.
    pub verdict: String,
    /// p-value of equivalence within the margin, or why there is none.
    #[serde(flatten, with = "quantity::equivalence_p_value")]
    pub equivalence_p_value: Quantity,
    /// The greatest mean minus the least, or why there is none.
    #[serde(flatten, with = "quantity::range")]
    pub range: Quantity<EstimateRow>,
    /// The standard deviation between channels that chance does not explain, or why there is none.
    #[serde(flatten, with = "quantity::between")]
    pub between: Quantity<EstimateRow>,
    /// p-value of equal means (Welch), or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// The share of the variance of ratings that goes with the channel, or why there is none.
    #[serde(flatten, with = "quantity::omega_squared")]
    pub omega_squared: Quantity,
    /// The share of the ratings with a channel that takes part, or why it is not shown.
    #[serde(flatten, with = "quantity::covered")]
    pub covered: Quantity,
    /// The channels that take part, or why they are not shown.
    #[serde(flatten, with = "quantity::channels")]
    pub channels: Quantity<Vec<ChannelMeanRow>>,
}

/// One channel at a touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelMeanRow {
    /// Its name.
    pub channel: String,
    /// Ratings that take part.
    pub ratings: u64,
    /// Their mean.
    pub mean: EstimateRow,
}

impl From<&TouchpointConsistency> for ConsistencyRow {
    fn from(found: &TouchpointConsistency) -> Self {
        let channel = |channel: &ChannelMean| ChannelMeanRow {
            channel: channel.channel.clone(),
            ratings: channel.ratings,
            mean: EstimateRow::from(&channel.mean),
        };
        let channels = found.channels.as_ref().map_err(|why| *why);
        Self {
            touchpoint: found.touchpoint.clone(),
            verdict: found.verdict.name().to_owned(),
            equivalence_p_value: quantity::of(found.equivalence_p),
            range: estimate(&found.range),
            between: estimate(&found.between),
            p_value: quantity::of(found.welch.as_ref().map(|welch| welch.p_value).map_err(|why| *why)),
            omega_squared: quantity::of(found.omega_squared),
            covered: channels.map(|channels| channels.covered).map_err(hidden),
            channels: channels.map(|channels| channels.means.iter().map(channel).collect()).map_err(hidden),
        }
    }
}

impl ConsistencyRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let tests = [
            ("equivalence_p_value", &self.equivalence_p_value),
            ("p_value", &self.p_value),
            ("covered", &self.covered),
        ];
        each(tests, share)?;
        each([("omega_squared", &self.omega_squared)], share)
    }
}

/// Switches of channel and the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchesRow {
    /// All touchpoints together.
    pub all: SwitchRow,
    /// Each touchpoint with enough passes of either side.
    pub touchpoints: Vec<SwitchRow>,
}

/// Passes after a switch of channel against those without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchRow {
    /// The touchpoint; absent of all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touchpoint: Option<String>,
    /// Passes in another channel than the touchpoint before.
    pub switched: u64,
    /// Passes in the same.
    pub stayed: u64,
    /// The share with the outcome after a switch minus that without one, among passes that are alike; or why there is none.
    #[serde(flatten, with = "quantity::across")]
    pub across: Quantity<EstimateRow>,
    /// The same of customers with themselves, or why there is none.
    #[serde(flatten, with = "quantity::within_customer")]
    pub within: Quantity<EstimateRow>,
    /// Customers who can be compared with themselves.
    pub within_customers: u64,
}

impl From<&SwitchComparison> for SwitchRow {
    fn from(found: &SwitchComparison) -> Self {
        Self {
            touchpoint: found.touchpoint.clone(),
            switched: found.switched,
            stayed: found.stayed,
            across: estimate(&found.across),
            within: estimate(&found.within),
            within_customers: found.within_customers,
        }
    }
}

impl From<&SwitchAssociations> for SwitchesRow {
    fn from(found: &SwitchAssociations) -> Self {
        Self { all: SwitchRow::from(&found.all), touchpoints: found.touchpoints.iter().map(SwitchRow::from).collect() }
    }
}
