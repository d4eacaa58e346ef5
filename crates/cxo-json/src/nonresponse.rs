//! The document of who responded and who did not: `cxo.nonresponse`.

use cxo_core::{
    Estimate,
    domain::LoadReport,
    survey::{CategoryResponse, ChiSquareTest, NonResponse},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity, Rate,
    quantity::{self, at_least_zero, share},
};

/// `cxo.nonresponse`: the respondents against the frame from which they were invited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NonResponseDocument {
    /// The column whose values are the categories.
    pub by: String,
    /// Members of the frame.
    pub invited: u64,
    /// Those who responded.
    pub responded: u64,
    /// Responded / invited, with its interval.
    #[serde(flatten)]
    pub rate: Rate,
    /// Goodness of fit of the respondents to the shares of the frame, or why there is no test.
    #[serde(flatten, with = "quantity::goodness_of_fit")]
    pub goodness_of_fit: Quantity<ChiSquareTest>,
    /// Respondents against non-respondents, or why there is no test.
    #[serde(flatten, with = "quantity::homogeneity")]
    pub homogeneity: Quantity<ChiSquareTest>,
    /// The categories, in the order of the frame; of a file with a status, in the order of their bytes.
    pub categories: Vec<CategoryRow>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How one category responded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryRow {
    /// The category.
    pub category: String,
    /// Members of the frame.
    pub invited: u64,
    /// Those who responded.
    pub responded: u64,
    /// Responded / invited, with its interval.
    #[serde(flatten)]
    pub rate: Rate,
    /// Share of the frame in this category, 0 to 1.
    pub frame_share: f64,
    /// Share of the respondents in this category, 0 to 1.
    pub respondent_share: f64,
    /// (respondent share - frame share) / sqrt of the mean of both p (1 - p), or why there is none.
    #[serde(flatten, with = "quantity::standardized_difference")]
    pub standardized_difference: Quantity,
}

fn rate(estimate: &Estimate) -> Rate {
    Rate { rate: estimate.value, interval: quantity::of(estimate.interval) }
}

impl NonResponseDocument {
    /// The document of a check by the values of a column.
    #[must_use]
    pub fn new(by: impl Into<String>, found: &NonResponse, load: LoadReport) -> Self {
        Self {
            by: by.into(),
            invited: found.rate.n,
            responded: found.categories.iter().map(|category| category.responded).sum(),
            rate: rate(&found.rate),
            goodness_of_fit: quantity::of(found.goodness_of_fit),
            homogeneity: quantity::of(found.homogeneity),
            categories: found.categories.iter().map(CategoryRow::from).collect(),
            load,
        }
    }
}

impl From<&CategoryResponse> for CategoryRow {
    fn from(category: &CategoryResponse) -> Self {
        Self {
            category: category.category.clone(),
            invited: category.invited,
            responded: category.responded,
            rate: rate(&category.rate),
            frame_share: category.frame_share,
            respondent_share: category.respondent_share,
            standardized_difference: quantity::of(category.standardized_difference),
        }
    }
}

impl Document for NonResponseDocument {
    const FORMAT: &'static str = "cxo.nonresponse";

    fn check(&self) -> Result<(), Error> {
        share("rate", self.rate.rate)?;
        for test in [&self.goodness_of_fit, &self.homogeneity].into_iter().flatten() {
            at_least_zero("statistic", test.statistic)?;
            share("p_value", test.p_value)?;
        }
        self.categories.iter().try_for_each(|row| {
            if row.responded > row.invited {
                return Err(Error::value("responded", row.responded, "at most the number of invited"));
            }
            share("rate", row.rate.rate)?;
            share("frame_share", row.frame_share)?;
            share("respondent_share", row.respondent_share)
        })
    }
}
