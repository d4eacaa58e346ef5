//! Survey responses with whatever columns a file has: the fast path.

use cxo_core::domain::{Rating, Scale, Timestamp, Weight};

/// Which columns of a file of survey responses mean what.
///
/// A column is named by its header or by the text of its question, exactly or else in any case and without surrounding
/// blanks, or by its position as `#3`.
///
/// ```
/// use cxo_core::survey::Scale;
/// use cxo_csv::ResponseColumns;
/// let columns = ResponseColumns::new("score", Scale::NPS).by("channel").by("stage").weight("weight").time("submitted");
/// ```
#[derive(Debug, Clone)]
pub struct ResponseColumns {
    pub(crate) score: String,
    pub(crate) scale: Scale,
    pub(crate) by: Vec<String>,
    pub(crate) weight: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) stratum: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) population: Option<String>,
    pub(crate) id: Option<String>,
}

impl ResponseColumns {
    /// Ratings on `scale` in the column `score`.
    #[must_use]
    pub fn new(score: impl Into<String>, scale: Scale) -> Self {
        Self {
            score: score.into(),
            scale,
            by: Vec::new(),
            weight: None,
            customer: None,
            time: None,
            stratum: None,
            cluster: None,
            population: None,
            id: None,
        }
    }

    /// Adds a column whose values are segments; repeatable, in the order of [`Response::segments`].
    #[must_use]
    pub fn by(mut self, column: impl Into<String>) -> Self {
        self.by.push(column.into());
        self
    }

    /// Weights: positive numbers.
    #[must_use]
    pub fn weight(mut self, column: impl Into<String>) -> Self {
        self.weight = Some(column.into());
        self
    }

    /// Who responded.
    #[must_use]
    pub fn customer(mut self, column: impl Into<String>) -> Self {
        self.customer = Some(column.into());
        self
    }

    /// When the response was given.
    #[must_use]
    pub fn time(mut self, column: impl Into<String>) -> Self {
        self.time = Some(column.into());
        self
    }

    /// The stratum of a stratified sample.
    #[must_use]
    pub fn stratum(mut self, column: impl Into<String>) -> Self {
        self.stratum = Some(column.into());
        self
    }

    /// The cluster (primary sampling unit) of a clustered sample.
    #[must_use]
    pub fn cluster(mut self, column: impl Into<String>) -> Self {
        self.cluster = Some(column.into());
        self
    }

    /// The size of the population (of the stratum), for finite population correction.
    #[must_use]
    pub fn population(mut self, column: impl Into<String>) -> Self {
        self.population = Some(column.into());
        self
    }

    /// An identifier of the response: rows after the first accepted one with the same id are skipped and counted. Costs
    /// about 50 bytes plus its length for each id, and one thread does the work.
    #[must_use]
    pub fn id(mut self, column: impl Into<String>) -> Self {
        self.id = Some(column.into());
        self
    }
}

/// One accepted response. Text is as it stands in the file, without quotes; columns that were not asked for, and blank
/// cells, are `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Response<'a> {
    /// The answer.
    pub rating: Rating,
    /// How many members of the population it stands for; 1 without a weight column.
    pub weight: Weight,
    /// Who responded.
    pub customer: Option<&'a str>,
    /// When.
    pub time: Option<Timestamp>,
    /// The values of the columns asked for with [`by`](ResponseColumns::by), in that order; a blank one is empty text.
    pub segments: &'a [&'a str],
    /// The stratum.
    pub stratum: Option<&'a str>,
    /// The cluster.
    pub cluster: Option<&'a str>,
    /// The size of the population (of the stratum): a positive number.
    pub population: Option<f64>,
}
