//! Survey responses with whatever columns a file has: the fast path.

use std::borrow::Cow;

use cxo_core::Error;
use cxo_core::domain::{Rating, Scale, Timestamp, Weight};

use crate::CsvError;
use crate::account::{Fault, Outcome};
use crate::blocks::Fold;
use crate::cell::{Score, score, unquoted};
use crate::head::Layout;
use crate::row::{Cell, RowReader, raw, text};
use crate::scan::Record;

/// Which columns of a file of survey responses mean what.
///
/// A column is named by its header or by the text of its question, exactly or else in any case and without surrounding
/// blanks, or by its position as `#3`.
///
/// ```
/// use cxo_core::survey::Scale;
/// use cxo_csv::ResponseColumns;
/// let columns = ResponseColumns::new("score", Scale::NPS).by("channel").by("stage").weight("weight").time("sent");
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
    /// about 60 bytes plus its length for each id, and one thread does the work.
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

impl Response<'_> {
    const fn of(rating: Rating) -> Self {
        Self {
            rating,
            weight: Weight::ONE,
            customer: None,
            time: None,
            segments: &[],
            stratum: None,
            cluster: None,
            population: None,
        }
    }
}

/// The places of the columns asked for.
pub(crate) struct Places {
    score: usize,
    scale: Scale,
    weight: Option<usize>,
    time: Option<usize>,
    population: Option<usize>,
    customer: Option<usize>,
    stratum: Option<usize>,
    cluster: Option<usize>,
    by: Vec<usize>,
    pub(crate) id: Option<usize>,
    /// Nothing is asked for but the score.
    only_score: bool,
}

impl Places {
    pub(crate) fn new(columns: &ResponseColumns, layout: &Layout) -> Result<Self, CsvError> {
        let place = |name: &Option<String>| name.as_deref().map(|name| layout.place(name)).transpose();
        let ResponseColumns { weight, time, population, customer, stratum, cluster, by, .. } = columns;
        let others = [weight, time, population, customer, stratum, cluster];
        Ok(Self {
            only_score: by.is_empty() && others.iter().all(|other| other.is_none()),
            score: layout.place(&columns.score)?,
            scale: columns.scale,
            weight: place(&columns.weight)?,
            time: place(&columns.time)?,
            population: place(&columns.population)?,
            customer: place(&columns.customer)?,
            stratum: place(&columns.stratum)?,
            cluster: place(&columns.cluster)?,
            by: columns.by.iter().map(|name| layout.place(name)).collect::<Result<_, _>>()?,
            id: place(&columns.id)?,
        })
    }
}

/// Buffers whose room is used again from row to row; empty in between.
#[derive(Default)]
pub(crate) struct Scratch {
    texts: Vec<Cow<'static, str>>,
    segments: Vec<&'static str>,
}

/// The room of an emptied buffer for other lifetimes: the standard library collects in place.
fn reused<A, B>(mut buffer: Vec<A>) -> Vec<B> {
    buffer.clear();
    buffer.into_iter().filter_map(|_| None).collect()
}

/// Reads one row after the other as a response.
pub(crate) struct ResponseReader<'l> {
    pub(crate) rows: RowReader<'l>,
    pub(crate) places: Places,
}

impl ResponseReader<'_> {
    /// Hands the response of a row to `each`, if it is one.
    #[inline]
    pub(crate) fn read(
        &self,
        scratch: &mut Scratch,
        record: &Record<'_>,
        each: impl FnOnce(&Response<'_>) -> Result<(), Error>,
    ) -> Outcome {
        if let Some(outcome) = self.rows.screen(record) {
            return outcome;
        }
        let rating = match self.rows.rating(record, self.places.score, self.places.scale) {
            Ok(Some(rating)) => rating,
            Ok(None) => return Outcome::Blank,
            Err(fault) => return Outcome::Rejected(fault),
        };
        if self.places.only_score {
            return each(&Response::of(rating)).map_or_else(Outcome::Refused, |()| Outcome::Accepted);
        }
        match self.respond(scratch, record, rating, each) {
            Ok(Ok(())) => Outcome::Accepted,
            Ok(Err(error)) => Outcome::Refused(error),
            Err(fault) => Outcome::Rejected(fault),
        }
    }

    #[inline]
    fn respond(
        &self,
        scratch: &mut Scratch,
        record: &Record<'_>,
        rating: Rating,
        each: impl FnOnce(&Response<'_>) -> Result<(), Error>,
    ) -> Cell<Result<(), Error>> {
        let (rows, places) = (&self.rows, &self.places);
        let positive = |place: Option<usize>, role| place.map(|at| rows.positive(record, at, role)).transpose();
        let weight = positive(places.weight, "weight")?.unwrap_or_default();
        let population = positive(places.population, "population")?.map(Weight::get);
        let time = places.time.map(|at| rows.time(record, at, "time")).transpose()?.flatten();
        let name = |place: Option<usize>, role| place.map(|at| text(record, at, role)).transpose();
        let customer = name(places.customer, "customer")?;
        let stratum = name(places.stratum, "stratum")?;
        let cluster = name(places.cluster, "cluster")?;
        let mut texts: Vec<Cow<'_, str>> = reused(std::mem::take(&mut scratch.texts));
        for at in &places.by {
            texts.push(text(record, *at, "segment")?);
        }
        let mut segments: Vec<&str> = reused(std::mem::take(&mut scratch.segments));
        segments.extend(texts.iter().map(|text| &**text));
        let response = Response {
            rating,
            weight,
            customer: customer.as_deref().filter(|text| !text.is_empty()),
            time,
            segments: &segments,
            stratum: stratum.as_deref().filter(|text| !text.is_empty()),
            cluster: cluster.as_deref().filter(|text| !text.is_empty()),
            population,
        };
        let done = each(&response);
        scratch.segments = reused(segments);
        scratch.texts = reused(texts);
        Ok(done)
    }
}

impl RowReader<'_> {
    /// A cell as a rating; none if it is blank.
    #[inline]
    pub(crate) fn rating(&self, record: &Record<'_>, column: usize, scale: Scale) -> Cell<Option<Rating>> {
        let raw = raw(record, column);
        let found = match score(raw, self.mark) {
            Score::Blank => return Ok(None),
            Score::Other => self.odd_score(raw, scale),
            found @ Score::Whole(_) => found,
        };
        let value = match found {
            Score::Blank => return Ok(None),
            Score::Whole(value) => Rating::new(value, scale).ok(),
            Score::Other => None,
        };
        let allowed = || format!("{} to {}", scale.min(), scale.max());
        value.map(Some).ok_or_else(|| Box::new(Fault::value(column, raw, "score", allowed())))
    }

    /// A score in quotes, or a label of the tool on the scale that it is meant for.
    #[cold]
    fn odd_score(&self, raw: &[u8], scale: Scale) -> Score {
        let text = unquoted(raw);
        match score(&text, self.mark) {
            Score::Other if (scale.min(), scale.max()) == (1, 2) => {
                let label = std::str::from_utf8(&text).ok().and_then(|text| self.layout.preset.label(text.trim()));
                label.map_or(Score::Other, Score::Whole)
            }
            found => found,
        }
    }
}

/// Folds responses into states of the caller.
pub(crate) struct FoldResponses<'r, 'l, Make, Each> {
    pub(crate) reader: &'r ResponseReader<'l>,
    pub(crate) make: Make,
    pub(crate) each: Each,
}

impl<S, Make, Each> Fold for FoldResponses<'_, '_, Make, Each>
where
    S: Send,
    Make: Fn() -> S + Sync,
    Each: Fn(&mut S, &Response<'_>) -> Result<(), Error> + Sync,
{
    type State = S;
    type Scratch = Scratch;

    fn start(&self) -> S {
        (self.make)()
    }

    #[inline]
    fn row(&self, state: &mut S, scratch: &mut Scratch, record: &Record<'_>) -> Outcome {
        self.reader.read(scratch, record, |response| (self.each)(state, response))
    }
}
