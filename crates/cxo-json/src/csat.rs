//! The document of customer satisfaction: `cxo.csat`.

use std::borrow::Cow;

use cxo_core::{Estimate, Interval, domain::LoadReport, survey::CsatResult};
use serde::{Deserialize, Serialize};

use crate::{
    Customers, DesignRow, Document, Entry, Error, Period, Quantity, VersusRest,
    entry::{shown, shown_periods},
    quantity::{self, at_least_zero, share, within},
};

/// `cxo.csat`: the share of satisfied responses, of all, of segments, and over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CsatDocument {
    /// The scale of the ratings, such as `1-5`; absent when the counts were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// The rule that made the box, `top-2` or a vendor's name; absent when the counts were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// All responses first, then the segments in the order of their bytes.
    pub results: Vec<Entry<CsatRow>>,
    /// The share of all responses in each calendar period, oldest first; empty (and absent) unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<Period<CsatRow>>,
    /// Who gave the responses.
    #[serde(flatten)]
    pub customers: Customers,
    /// What happened to the rows of the file; absent when the counts were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadReport>,
}

impl CsatDocument {
    /// A document of these results, without scale, rule, trend and load report.
    #[must_use]
    pub fn new(results: Vec<Entry<CsatRow>>) -> Self {
        Self { scale: None, rule: None, results, trend: Vec::new(), customers: Customers::unknown(), load: None }
    }
}

/// The satisfaction of one group of responses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CsatRow {
    /// Number of responses (rows, also in a weighted sample).
    pub responses: u64,
    /// Responses in the box.
    pub satisfied: u64,
    /// What weighting makes of the counts; its keys are absent for a plain sample.
    #[serde(flatten)]
    pub weighted: Option<WeightedCsat>,
    /// Satisfied divided by responses, 0 to 1.
    pub share: f64,
    /// Standard error of the share, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Interval of the share, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// Mean rating, in the unit of the scale, or why there is none.
    #[serde(flatten, with = "quantity::mean")]
    pub mean: Quantity,
    /// What only ratings tell; its keys are absent when the counts were given.
    #[serde(flatten)]
    pub ratings: Option<CsatDetail>,
    /// What the sampling design does to the certainty of the score; absent for a plain sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignRow>,
    /// The segment against all other responses; absent unless compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versus_rest: Option<VersusRest>,
}

/// What a row says beyond the share of satisfied where the ratings are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CsatDetail {
    /// The ratings that count as satisfied, such as `4-5`.
    #[serde(rename = "box")]
    pub satisfied_box: String,
    /// Standard error of the mean rating, or why there is none.
    #[serde(flatten, with = "quantity::mean_standard_error")]
    pub mean_standard_error: Quantity,
    /// Interval of the mean rating, clipped to the scale, or why there is none.
    #[serde(flatten, with = "quantity::mean_interval")]
    pub mean_interval: Quantity<Interval>,
    /// The place of the mean between the worst (0) and the best (1) rating.
    pub aggregated_average: f64,
    /// The ratings that count as dissatisfied: the same number at the other end.
    pub dissatisfied_box: String,
    /// Responses in that box.
    pub dissatisfied: u64,
    /// Dissatisfied divided by responses, 0 to 1.
    pub dissatisfied_share: f64,
    /// Satisfied minus dissatisfied share, -1 to 1.
    pub net_satisfied: f64,
}

impl From<&CsatResult> for CsatRow {
    fn from(result: &CsatResult) -> Self {
        let Estimate { value, standard_error, interval, effective_n, .. } = result.share;
        Self {
            responses: result.responses,
            satisfied: result.satisfied,
            weighted: result.weighted.map(|weighted| WeightedCsat {
                weighted_responses: weighted.responses,
                weighted_satisfied: weighted.satisfied,
                effective_responses: effective_n,
            }),
            share: value,
            standard_error: quantity::of(standard_error),
            interval: quantity::of(interval),
            mean: result.ratings.map(|ratings| ratings.mean.value).ok_or(Cow::Borrowed(UNKNOWN_RATINGS)),
            ratings: result.ratings.map(|ratings| CsatDetail {
                satisfied_box: ratings.satisfied_box.to_string(),
                mean_standard_error: quantity::of(ratings.mean.standard_error),
                mean_interval: quantity::of(ratings.mean.interval),
                aggregated_average: ratings.aggregated_average.value,
                dissatisfied_box: ratings.dissatisfied_box.to_string(),
                dissatisfied: ratings.dissatisfied,
                dissatisfied_share: ratings.dissatisfied_share.value,
                net_satisfied: ratings.net.value,
            }),
            design: None,
            versus_rest: None,
        }
    }
}

const UNKNOWN_RATINGS: &str = "only the counts are known";

/// The weighted side of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedCsat {
    /// Sum of the weights of all responses.
    pub weighted_responses: f64,
    /// Sum of the weights of the satisfied.
    pub weighted_satisfied: f64,
    /// The number of equally weighted independent responses that would tell as much.
    pub effective_responses: f64,
}

impl CsatRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.satisfied > self.responses {
            return Err(Error::value("satisfied", self.satisfied, "at most the number of responses"));
        }
        share("share", self.share)?;
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        if let Ok(interval) = self.interval {
            share("interval.lower", interval.lower)?;
            share("interval.upper", interval.upper)?;
        }
        if let Some(ratings) = &self.ratings {
            share("aggregated_average", ratings.aggregated_average)?;
            share("dissatisfied_share", ratings.dissatisfied_share)?;
            within("net_satisfied", ratings.net_satisfied, [-1.0, 1.0], "-1 to 1")?;
        }
        if let Some(weighted) = &self.weighted {
            at_least_zero("weighted_responses", weighted.weighted_responses)?;
            at_least_zero("weighted_satisfied", weighted.weighted_satisfied)?;
            at_least_zero("effective_responses", weighted.effective_responses)?;
        }
        self.design.as_ref().map_or(Ok(()), DesignRow::check)?;
        self.versus_rest.as_ref().map_or(Ok(()), VersusRest::check)
    }
}

impl Document for CsatDocument {
    const FORMAT: &'static str = "cxo.csat";

    fn check(&self) -> Result<(), Error> {
        shown(&self.results).chain(shown_periods(&self.trend)).try_for_each(CsatRow::check)
    }
}
