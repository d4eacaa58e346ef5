//! The ratings of one group, in the smallest state that can answer with the right standard error: a tally, a weighted
//! tally, the rows of known customers, or the rows of a designed sample.

use cxo_core::{
    Confidence, Error, State,
    domain::{Scale, Timestamp},
    stats::design::DesignEstimate,
    survey::{
        self, Ces, CesResult, Csat, CsatResult, Designed, NpsMethod, NpsResult, Repeats, Respondents, Responses,
        Sample, SampleRow, Tally, WeightedTally,
    },
};
use cxo_csv::Response;

/// What is known about the respondents besides their ratings; it decides the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// Nothing.
    Plain,
    /// How many members of the population each stands for.
    Weighted,
    /// Who they are.
    Customers(Repeats),
    /// From which stratum or cluster they were drawn.
    Design,
}

/// The ratings of one group.
#[derive(Debug, Clone)]
pub(crate) enum Ratings {
    Plain(Tally),
    Weighted(Box<WeightedTally>),
    Customers(Box<Responses>, Repeats),
    Design(Box<Sample>),
}

impl Ratings {
    pub(crate) fn new(scale: Scale, knowledge: Knowledge) -> Self {
        match knowledge {
            Knowledge::Plain => Self::Plain(Tally::new(scale)),
            Knowledge::Weighted => Self::Weighted(Box::new(WeightedTally::new(scale))),
            Knowledge::Customers(repeats) => Self::Customers(Box::new(Responses::new(scale)), repeats),
            Knowledge::Design => Self::Design(Box::new(Sample::new(scale))),
        }
    }

    /// Counts one response.
    pub(crate) fn add(&mut self, response: &Response<'_>) -> Result<(), Error> {
        let Response { rating, weight, customer, time, .. } = *response;
        match self {
            Self::Plain(tally) => tally.add(rating),
            Self::Weighted(tally) => tally.add(rating, weight),
            Self::Customers(responses, _) => {
                // Without times the order of the rows decides which answer of a customer is the last.
                let time = time.unwrap_or(Timestamp(0));
                responses.add(survey::Response { customer, time, rating, weight })
            }
            Self::Design(sample) => {
                sample.add(SampleRow {
                    cluster: response.cluster,
                    stratum: response.stratum,
                    ..SampleRow::new(rating, weight)
                })?;
                match response.population {
                    Some(population) => sample.set_population(response.stratum, whole(population)?),
                    None => Ok(()),
                }
            }
        }
    }

    /// The number of responses that count.
    pub(crate) fn responses(&self) -> Result<u64, Error> {
        match self {
            Self::Plain(tally) => Ok(tally.responses()),
            Self::Weighted(tally) => Ok(tally.weights()?.count()),
            Self::Customers(responses, repeats) => Ok(responses.tally(*repeats).weights()?.count()),
            Self::Design(sample) => Ok(sample.responses()),
        }
    }

    pub(crate) fn nps(
        &self,
        method: NpsMethod,
        confidence: Confidence,
        context: Context,
    ) -> Result<Answer<NpsResult>, Error> {
        let method = method.resolve(context.smallest);
        let mut answer: Answer<NpsResult> = match self {
            Self::Plain(tally) => Answer::plain(tally.nps()?.result(method, confidence)?),
            Self::Weighted(tally) => tally.nps(method, confidence)?.into(),
            Self::Customers(responses, repeats) => responses.nps(*repeats, method, confidence)?.into(),
            Self::Design(sample) => sample.nps(method, confidence)?.into(),
        };
        answer.result.weighted = answer.result.weighted.filter(|_| context.weighted);
        Ok(answer)
    }

    pub(crate) fn csat(&self, question: &Csat, context: Context) -> Result<Answer<CsatResult>, Error> {
        let mut answer: Answer<CsatResult> = match self {
            Self::Plain(tally) => Answer::plain(question.ask(tally)?),
            Self::Weighted(tally) => tally.csat(question)?.into(),
            Self::Customers(responses, repeats) => responses.csat(*repeats, question)?.into(),
            Self::Design(sample) => sample.csat(question)?.into(),
        };
        answer.result.weighted = answer.result.weighted.filter(|_| context.weighted);
        Ok(answer)
    }

    pub(crate) fn ces(&self, question: &Ces, context: Context) -> Result<Answer<CesResult>, Error> {
        let mut answer: Answer<CesResult> = match self {
            Self::Plain(tally) => Answer::plain(question.ask(tally)?),
            Self::Weighted(tally) => tally.ces(question)?.into(),
            Self::Customers(responses, repeats) => responses.ces(*repeats, question)?.into(),
            Self::Design(sample) => sample.ces(question)?.into(),
        };
        answer.result.weighted = answer.result.weighted.filter(|_| context.weighted);
        Ok(answer)
    }

    /// Keyed responses for whose position `keep` is true; others cannot be told apart.
    pub(crate) fn subset(&self, keep: impl Fn(usize) -> bool) -> Result<Self, Error> {
        match self {
            Self::Customers(responses, repeats) => Ok(Self::Customers(Box::new(responses.subset(keep)?), *repeats)),
            Self::Design(sample) => Ok(Self::Design(Box::new(sample.subset(keep)?))),
            Self::Plain(_) | Self::Weighted(_) => {
                Err(Error::incompatible("a part of responses that were only counted"))
            }
        }
    }

    /// Whether the responses are kept one by one, in the order of the file.
    pub(crate) const fn keyed(&self) -> bool {
        matches!(self, Self::Customers(..) | Self::Design(_))
    }
}

impl State for Ratings {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        match (self, other) {
            (Self::Plain(mine), Self::Plain(theirs)) => mine.merge(theirs),
            (Self::Weighted(mine), Self::Weighted(theirs)) => mine.merge(theirs),
            (Self::Customers(mine, _), Self::Customers(theirs, _)) => mine.merge(theirs),
            (Self::Design(mine), Self::Design(theirs)) => mine.merge(theirs),
            _ => Err(Error::incompatible("ratings of samples of different kinds")),
        }
    }
}

/// What a question must know beside the ratings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// The smallest number of responses that is shown: one document has one method.
    pub(crate) smallest: u64,
    /// Whether there is a column of weights; without one the weighted sums say nothing new.
    pub(crate) weighted: bool,
}

/// A result, who gave it, and what its design does to its certainty.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) result: T,
    pub(crate) respondents: Respondents,
    pub(crate) design: Option<DesignEstimate>,
}

impl<T> Answer<T> {
    const fn plain(result: T) -> Self {
        Self { result, respondents: Respondents::Unknown, design: None }
    }
}

impl<T> From<Designed<T>> for Answer<T> {
    fn from(Designed { result, respondents, design, .. }: Designed<T>) -> Self {
        Self { result, respondents, design: Some(design) }
    }
}

/// The size of a population as a whole number.
fn whole(population: f64) -> Result<u64, Error> {
    if population.fract() == 0.0 && (1.0..9e15).contains(&population) {
        // In range and without fraction, so the decimal text is the number.
        return format!("{population:.0}").parse().map_err(|_| Error::overflow("population"));
    }
    Err(Error::input("population", population, "a whole number of at least 1"))
}
