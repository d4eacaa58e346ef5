//! The documents of the Net Promoter Score: `cxo.nps`, `cxo.nps-comparison` and `cxo.nps-plan`.

use cxo_core::{
    Confidence, Difference, Error as CoreError, Estimate, Interval,
    domain::LoadReport,
    survey::{Nps, NpsMethod, NpsResult},
};
use serde::{Deserialize, Serialize};

use crate::{
    Customers, DesignRow, Document, Entry, Error, Period, Quantity, VersusRest,
    entry::{shown, shown_periods},
    quantity::{self, at_least_zero, points, share, within},
};

/// `cxo.nps`: the score of all responses, of segments, and over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NpsDocument {
    /// The scale of the ratings, `0-10`.
    pub scale: String,
    /// All responses first, then the segments in the order of their bytes.
    pub results: Vec<Entry<NpsRow>>,
    /// The score of all responses in each calendar period, oldest first; empty (and absent) unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trend: Vec<Period<NpsRow>>,
    /// Who gave the responses.
    #[serde(flatten)]
    pub customers: Customers,
    /// What happened to the rows of the file; absent when the counts were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadReport>,
}

impl NpsDocument {
    /// A document of these results, without trend and load report.
    #[must_use]
    pub fn new(scale: impl Into<String>, results: Vec<Entry<NpsRow>>) -> Self {
        Self { scale: scale.into(), results, trend: Vec::new(), customers: Customers::unknown(), load: None }
    }
}

/// The score of one group of responses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NpsRow {
    /// Number of responses (rows, also in a weighted sample).
    pub responses: u64,
    /// Responses of 9 and 10.
    pub promoters: u64,
    /// Responses of 7 and 8.
    pub passives: u64,
    /// Responses of 0 to 6.
    pub detractors: u64,
    /// What weighting makes of the counts; its keys are absent for a plain sample.
    #[serde(flatten)]
    pub weighted: Option<WeightedNps>,
    /// Promoters minus detractors per 100 responses, -100 to 100.
    pub score: f64,
    /// Standard error of the score in points, or why there is none.
    #[serde(flatten, with = "quantity::standard_error")]
    pub standard_error: Quantity,
    /// Interval of the score in points, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
    /// What the sampling design does to the certainty of the score; absent for a plain sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<DesignRow>,
    /// The segment against all other responses; absent unless compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versus_rest: Option<VersusRest>,
}

impl From<&NpsResult> for NpsRow {
    fn from(result: &NpsResult) -> Self {
        let Estimate { value, standard_error, interval, effective_n, .. } = result.score;
        Self {
            responses: result.responses,
            promoters: result.promoters,
            passives: result.passives,
            detractors: result.detractors,
            weighted: result.weighted.map(|weighted| WeightedNps {
                weighted_responses: weighted.promoters + weighted.passives + weighted.detractors,
                weighted_promoters: weighted.promoters,
                weighted_passives: weighted.passives,
                weighted_detractors: weighted.detractors,
                effective_responses: effective_n,
            }),
            score: value,
            standard_error: quantity::of(standard_error),
            interval: quantity::of(interval),
            design: None,
            versus_rest: None,
        }
    }
}

/// The weighted side of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedNps {
    /// Sum of the weights of all responses.
    pub weighted_responses: f64,
    /// Sum of the weights of promoters.
    pub weighted_promoters: f64,
    /// Sum of the weights of passives.
    pub weighted_passives: f64,
    /// Sum of the weights of detractors.
    pub weighted_detractors: f64,
    /// The number of equally weighted independent responses that would tell as much.
    pub effective_responses: f64,
}

impl NpsRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let parts = self.promoters.checked_add(self.passives).and_then(|sum| sum.checked_add(self.detractors));
        if parts != Some(self.responses) {
            return Err(Error::value("responses", self.responses, "the sum of promoters, passives and detractors"));
        }
        points("score", self.score)?;
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        if let Ok(interval) = self.interval {
            points("interval.lower", interval.lower)?;
            points("interval.upper", interval.upper)?;
        }
        if let Some(weighted) = &self.weighted {
            for (key, value) in [
                ("weighted_responses", weighted.weighted_responses),
                ("weighted_promoters", weighted.weighted_promoters),
                ("weighted_passives", weighted.weighted_passives),
                ("weighted_detractors", weighted.weighted_detractors),
                ("effective_responses", weighted.effective_responses),
            ] {
                at_least_zero(key, value)?;
            }
        }
        self.design.as_ref().map_or(Ok(()), DesignRow::check)?;
        self.versus_rest.as_ref().map_or(Ok(()), VersusRest::check)
    }
}

impl Document for NpsDocument {
    const FORMAT: &'static str = "cxo.nps";

    fn check(&self) -> Result<(), Error> {
        shown(&self.results).chain(shown_periods(&self.trend)).try_for_each(NpsRow::check)
    }
}

/// `cxo.nps-comparison`: the difference of two samples, first minus second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonDocument {
    /// The first sample.
    pub first: Side,
    /// The second sample.
    pub second: Side,
    /// First minus second score in points, -200 to 200.
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
}

impl ComparisonDocument {
    /// The document of a difference and the two samples it compares.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](cxo_core::ErrorKind::NoData) for a sample without responses.
    pub fn new([first, second]: [&Nps; 2], difference: &Difference) -> Result<Self, CoreError> {
        Ok(Self {
            first: Side::of(first)?,
            second: Side::of(second)?,
            difference: difference.value,
            standard_error: quantity::of(difference.standard_error),
            statistic: quantity::of(difference.statistic),
            p_value: quantity::of(difference.p_value),
            interval: quantity::of(difference.interval),
            method: difference.method.name().to_owned(),
        })
    }
}

impl Side {
    pub(crate) fn of(nps: &Nps) -> Result<Self, CoreError> {
        let responses = nps.responses()?;
        let score = nps.estimate(NpsMethod::Wald, Confidence::default())?.value;
        Ok(Self { responses, promoters: nps.promoters, passives: nps.passives, detractors: nps.detractors, score })
    }
}

/// One sample of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Number of responses.
    pub responses: u64,
    /// Responses of 9 and 10.
    pub promoters: u64,
    /// Responses of 7 and 8.
    pub passives: u64,
    /// Responses of 0 to 6.
    pub detractors: u64,
    /// The score in points.
    pub score: f64,
}

impl Document for ComparisonDocument {
    const FORMAT: &'static str = "cxo.nps-comparison";

    fn check(&self) -> Result<(), Error> {
        points("first.score", self.first.score)?;
        points("second.score", self.second.score)?;
        within("difference", self.difference, [-200.0, 200.0], "-200 to 200")?;
        if let Ok(error) = self.standard_error {
            at_least_zero("standard_error", error)?;
        }
        self.p_value.as_ref().map_or(Ok(()), |value| share("p_value", *value))
    }
}

/// `cxo.nps-plan`: how many responses are needed, and for what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanDocument {
    /// Expected share of promoters.
    pub promoters: f64,
    /// Expected share of detractors.
    pub detractors: f64,
    /// Half the width of the interval that was asked for, as a share: 0.05 is 5 points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The difference of two scores that was asked for, as a share: 0.05 is 5 points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// The probability of finding that difference; only with `difference`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<f64>,
    /// The level of the interval, or 1 minus the level of the test.
    pub confidence: Confidence,
    /// The responses needed; in each of the two groups where a difference was asked for.
    pub responses: u64,
}

impl Document for PlanDocument {
    const FORMAT: &'static str = "cxo.nps-plan";

    fn check(&self) -> Result<(), Error> {
        share("promoters", self.promoters)?;
        share("detractors", self.detractors)?;
        share("promoters + detractors", self.promoters + self.detractors)?;
        if self.margin.is_some() == self.difference.is_some() {
            return Err(Error::value("margin", "beside difference or neither", "exactly one of margin and difference"));
        }
        self.power.map_or(Ok(()), |power| share("power", power))
    }
}
