//! What NPS, CSAT and CES have in common for the command: asked of each group, compared with the rest, shown as a row.

use cxo_core::{
    Error,
    survey::{SegmentAndRest, SegmentDifference, Segments, Tally, VersusRest},
};
use cxo_json::DesignRow;

use crate::ratings::{Answer, Context, Ratings};

/// A question that is asked of every group of responses.
pub(crate) trait Question {
    /// What the core answers.
    type Result;
    /// The answer as the document shows it.
    type Row: for<'a> From<&'a Self::Result>;

    /// Asks one group.
    fn ask(&self, ratings: &Ratings, context: Context) -> Result<Answer<Self::Result>, Error>;

    /// Compares segments of plain responses with their rest.
    fn of_tallies(
        &self,
        versus: VersusRest,
        segments: &Segments<Tally>,
        tested: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error>;

    /// Compares answers of weighted or keyed responses with those of their rest.
    fn of_answers(
        &self,
        versus: VersusRest,
        answers: Vec<SegmentAndRest<'_, Self::Result>>,
    ) -> Result<Vec<SegmentDifference>, Error>;

    /// The parts of a row that the result of the core does not know.
    fn complete(row: &mut Self::Row) -> (&mut Option<DesignRow>, &mut Option<cxo_json::VersusRest>);
}

/// The row of an answer, with its design.
pub(crate) fn row<Q: Question>(answer: &Answer<Q::Result>) -> Q::Row {
    let mut row = Q::Row::from(&answer.result);
    *Q::complete(&mut row).0 = answer.design.as_ref().map(DesignRow::from);
    row
}
