//! What a scorecard answers: one card a metric, with its breakdowns, its trend and its last change.
//!
//! The types are plain and read-only; [`Scorecard::ask`](super::Scorecard::ask) fills them, and documents and pages are made
//! of them.

use super::Dimension;
use crate::{
    Confidence, Difference, Estimate,
    domain::{Day, Period, Scale, SurveyMetric},
    stats::{multiplicity::Multiplicity, suppression::Suppressed},
    survey::{CesResult, CsatResult, NpsResult, Respondents, ResponseRates, Segment, SegmentDifference},
};

/// The answer of a [`Scorecard`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ScorecardResult {
    /// The first and the last day with feedback; `None` if no row has a time.
    pub days: Option<(Day, Day)>,
    /// How the trends are cut.
    pub period: Period,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The fewest responses that a cell shows.
    pub min_responses: u64,
    /// How the p-values were corrected, over all segments of one metric.
    pub correction: Multiplicity,
    /// How far the invitations came.
    pub response: ResponseRates,
    /// One card for each question and scale.
    pub metrics: Vec<MetricCard>,
}

/// Everything about one metric.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MetricCard {
    /// The question.
    pub metric: SurveyMetric,
    /// The scale of its ratings.
    pub scale: Scale,
    /// Whether it is known who responded.
    pub respondents: Respondents,
    /// All responses together.
    pub overall: Segment<MetricAnswer>,
    /// By stage, channel, touchpoint and device, as far as the data name them.
    pub breakdowns: Vec<Breakdown>,
    /// By calendar period; periods without responses are not listed.
    pub trend: Vec<TrendRow>,
    /// The last complete period against the one before it, or why they cannot be compared.
    pub change: Result<PeriodChange, Unanswered>,
    /// Why the metric could not be computed; then everything else is empty.
    pub unanswered: Option<Unanswered>,
}

impl MetricCard {
    /// A card that shows nothing: why the metric cannot be asked, or none where there are too few responses.
    pub(super) fn empty(metric: SurveyMetric, scale: Scale, unanswered: Option<Unanswered>) -> Self {
        let hidden = || Unanswered(Suppressed::TooFew.reason().to_owned());
        Self {
            metric,
            scale,
            respondents: Respondents::Unknown,
            overall: Segment { name: None, answer: Err(Suppressed::TooFew) },
            breakdowns: Vec::new(),
            trend: Vec::new(),
            change: Err(unanswered.clone().unwrap_or_else(hidden)),
            unanswered,
        }
    }

    /// The shown segments whose difference from the rest is significant after correction, most certain first.
    #[must_use]
    pub fn differing(&self, confidence: Confidence) -> Vec<(Dimension, &BreakdownRow)> {
        let p = |row: &BreakdownRow| row.versus_rest.as_ref().and_then(|found| found.adjusted_p.ok()).unwrap_or(1.0);
        let rows = self.breakdowns.iter().flat_map(|breakdown| breakdown.rows.iter().map(|row| (breakdown.by, row)));
        let mut found: Vec<_> = rows.filter(|(_, row)| p(row) < confidence.alpha()).collect();
        found.sort_by(|(_, a), (_, b)| p(a).total_cmp(&p(b)));
        found
    }
}

/// Why there is no answer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered(
    /// The reason.
    pub String,
);

/// One metric by one dimension.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Breakdown {
    /// The dimension.
    pub by: Dimension,
    /// Its segments; stages in the order of the journey, everything else by the bytes of the name.
    pub rows: Vec<BreakdownRow>,
}

/// One segment, and how it differs from all other responses. The difference is observed, not caused.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BreakdownRow {
    /// The segment with its answer.
    pub segment: Segment<MetricAnswer>,
    /// Segment minus rest: in points for NPS, in [-1, 1] for the satisfied and the easy share; the adjusted p-value takes
    /// all segments of the metric into account. `None` if the segment is hidden.
    pub versus_rest: Option<SegmentDifference>,
}

/// One calendar period.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrendRow {
    /// Its first day.
    pub start: Day,
    /// `2026-03-31`, `2026-W14`, `2026-03` or `2026-Q1`.
    pub label: String,
    /// Whether the data reach its last day. Responses that are still to come can change an incomplete period.
    pub complete: bool,
    /// The answer, or why it is hidden.
    pub answer: Result<MetricAnswer, Suppressed>,
}

/// The last complete period against the calendar period before it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PeriodChange {
    /// The label of the last complete period.
    pub period: String,
    /// The label of the period before it.
    pub before: String,
    /// The later minus the earlier: in points for NPS, in [-1, 1] for the satisfied and the easy share. The periods are
    /// taken as independent samples; a customer who answers alike in both makes the true interval narrower.
    pub difference: Difference,
}

/// The answer of one of the three metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MetricAnswer {
    /// Net Promoter Score.
    Nps(NpsResult),
    /// Customer satisfaction.
    Csat(CsatResult),
    /// Customer effort.
    Ces(CesResult),
}

impl MetricAnswer {
    /// The number of responses.
    #[must_use]
    pub const fn responses(&self) -> u64 {
        match self {
            Self::Nps(nps) => nps.responses,
            Self::Csat(csat) => csat.responses,
            Self::Ces(ces) => ces.responses,
        }
    }

    /// The number that stands for the metric: the score in points, the satisfied share, the mean effort rating.
    #[must_use]
    pub const fn headline(&self) -> &Estimate {
        match self {
            Self::Nps(nps) => &nps.score,
            Self::Csat(csat) => &csat.share,
            Self::Ces(ces) => &ces.mean,
        }
    }
}
