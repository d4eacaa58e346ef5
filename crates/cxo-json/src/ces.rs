//! The document of the Customer Effort Score: `cxo.ces`.

use cxo_core::{
    Estimate, Interval,
    domain::LoadReport,
    survey::{CesResult, Direction},
};
use serde::{Deserialize, Serialize};

use crate::{
    Customers, DesignRow, Document, Entry, Error, Period, Quantity, VersusRest,
    entry::{shown, shown_periods},
    quantity::{self, at_least_zero, share, within},
};

/// `cxo.ces`: the mean effort rating and the shares of easy and difficult, of all, of segments, and over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CesDocument {
    /// The version of the question: 1 ("how much effort", low is easy) or 2 ("made it easy", high is easy).
    #[serde(rename = "ces_version")]
    pub version: u8,
    /// The scale of the ratings, such as `1-7`.
    pub scale: String,
    /// Which end of the scale is easy.
    pub direction: Direction,
    /// The ratings that count as easy, such as `5-7`.
    #[serde(rename = "box")]
    pub easy_box: String,
    /// The ratings that count as difficult, such as `1-3`.
    pub difficult_box: String,
    /// All responses first, then the segments in the order of their bytes.
    pub results: Vec<Entry<CesRow>>,
    /// The result of all responses in each calendar period, oldest first; empty (and absent) unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<Period<CesRow>>,
    /// Who gave the responses.
    #[serde(flatten)]
    pub customers: Customers,
    /// What happened to the rows of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadReport>,
}

/// The effort of one group of responses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CesRow {
    /// Number of responses (rows, also in a weighted sample).
    pub responses: u64,
    /// Responses in the easy box.
    pub easy: u64,
    /// Responses in the difficult box.
    pub difficult: u64,
    /// What weighting makes of the counts; its keys are absent for a plain sample.
    #[serde(flatten)]
    pub weighted: Option<WeightedCes>,
    /// Mean rating, in the unit of the scale.
    pub mean: f64,
    /// Standard error of the mean, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Interval of the mean, clipped to the scale, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// Share of responses in the easy box, 0 to 1.
    pub easy_share: f64,
    /// Share of responses in the difficult box, 0 to 1.
    pub difficult_share: f64,
    /// Easy minus difficult share, -1 to 1; positive is easy.
    pub net_easy: f64,
    /// What the sampling design does to the certainty of the score; absent for a plain sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignRow>,
    /// The segment against all other responses; absent unless compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versus_rest: Option<VersusRest>,
}

impl From<&CesResult> for CesRow {
    fn from(result: &CesResult) -> Self {
        let Estimate { value, standard_error, interval, effective_n, .. } = result.mean;
        Self {
            responses: result.responses,
            easy: result.easy,
            difficult: result.difficult,
            weighted: result.weighted.map(|weighted| WeightedCes {
                weighted_responses: weighted.responses,
                weighted_easy: weighted.easy,
                weighted_difficult: weighted.difficult,
                effective_responses: effective_n,
            }),
            mean: value,
            standard_error: quantity::of(standard_error),
            interval: quantity::of(interval),
            easy_share: result.easy_share.value,
            difficult_share: result.difficult_share.value,
            net_easy: result.net_easy.value,
            design: None,
            versus_rest: None,
        }
    }
}

/// The weighted side of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedCes {
    /// Sum of the weights of all responses.
    pub weighted_responses: f64,
    /// Sum of the weights of the easy.
    pub weighted_easy: f64,
    /// Sum of the weights of the difficult.
    pub weighted_difficult: f64,
    /// The number of equally weighted independent responses that would tell as much.
    pub effective_responses: f64,
}

impl CesRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.easy > self.responses {
            return Err(Error::value("easy", self.easy, "at most the number of responses"));
        }
        if self.difficult > self.responses {
            return Err(Error::value("difficult", self.difficult, "at most the number of responses"));
        }
        share("easy_share", self.easy_share)?;
        share("difficult_share", self.difficult_share)?;
        within("net_easy", self.net_easy, [-1.0, 1.0], "-1 to 1")?;
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        if let Some(weighted) = &self.weighted {
            at_least_zero("weighted_responses", weighted.weighted_responses)?;
            at_least_zero("weighted_easy", weighted.weighted_easy)?;
            at_least_zero("weighted_difficult", weighted.weighted_difficult)?;
            at_least_zero("effective_responses", weighted.effective_responses)?;
        }
        self.design.as_ref().map_or(Ok(()), DesignRow::check)?;
        self.versus_rest.as_ref().map_or(Ok(()), VersusRest::check)
    }
}

impl Document for CesDocument {
    const FORMAT: &'static str = "cxo.ces";

    fn check(&self) -> Result<(), Error> {
        if !matches!(self.version, 1 | 2) {
            return Err(Error::value("ces_version", self.version, "1 or 2"));
        }
        shown(&self.results).chain(shown_periods(&self.trend)).try_for_each(CesRow::check)
    }
}
