//! The scorecard as a question, and its answer.

use super::{
    Answers, Dimension,
    answers::{Answered, Rows},
};
use crate::{
    Absent, Confidence, Error, Estimate,
    domain::{Day, Period, Scale, SurveyMetric, Timestamp},
    stats::{
        multiplicity::{Multiplicity, adjust},
        proportion::Share,
        suppression::{Suppressed, Suppression},
    },
    survey::{
        Ces, CesResult, CesVersion, Csat, CsatResult, EffectiveCounts, NpsComparison, NpsMethod, NpsResult, Rating,
        Repeats, Respondents, Response, ResponseRates, Responses, Segment, SegmentDifference, Tally, agresti_caffo,
    },
};

/// The question: how each metric is computed, which cells are too small to show, and at which confidence.
///
/// ```
/// use chrono::Utc;
/// use cxo_core::domain::{Channel, Feedback, Period, Rating, ResponseStatus, Scale, Stages, SurveyMetric, Weight};
/// use cxo_core::scorecard::{Answers, Scorecard};
///
/// let mut answers = Answers::new(Utc, Period::Month, &Stages::default());
/// for (channel, score) in [("web", 10), ("web", 9), ("web", 7), ("web", 9), ("web", 3), ("phone", 2)] {
///     answers.add(&Feedback {
///         channel: Some(Channel::new(channel)?),
///         rating: Some(Rating::new(score, Scale::NPS)?),
///         ..Feedback::new(SurveyMetric::Nps, ResponseStatus::Completed)
///     })?;
/// }
/// let card = Scorecard::default().ask(&answers)?;
/// let nps = &card.metrics[0];
/// assert_eq!(nps.overall.answer.as_ref().unwrap().headline().value, 50.0 / 3.0);
/// let shown = |row: &cxo_core::scorecard::BreakdownRow| (row.segment.name.clone().unwrap(), row.segment.answer.is_ok());
/// let by_channel = &nps.breakdowns[0];
/// // One response by phone is too few to show, and web is hidden with it: total minus web would tell.
/// assert_eq!(by_channel.rows.iter().map(shown).collect::<Vec<_>>(), [("phone".into(), false), ("web".into(), false)]);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scorecard {
    nps: NpsMethod,
    csat: Csat,
    ces: Option<Ces>,
    min_responses: u64,
    confidence: Confidence,
    correction: Multiplicity,
}

impl Default for Scorecard {
    /// Automatic NPS interval, default boxes, cells from 5 responses, 95 %, Holm.
    fn default() -> Self {
        Self {
            nps: NpsMethod::default(),
            csat: Csat::default(),
            ces: None,
            min_responses: 5,
            confidence: Confidence::default(),
            correction: Multiplicity::default(),
        }
    }
}

impl Scorecard {
    /// The interval of NPS.
    #[must_use]
    pub const fn nps(self, nps: NpsMethod) -> Self {
        Self { nps, ..self }
    }

    /// The question of CSAT; its confidence is replaced by that of the scorecard.
    #[must_use]
    pub const fn csat(self, csat: Csat) -> Self {
        Self { csat, ..self }
    }

    /// The question of CES; without it the scale must be 1-7 (CES 2.0). Its confidence is replaced by that of the scorecard.
    #[must_use]
    pub const fn ces(self, ces: Ces) -> Self {
        Self { ces: Some(ces), ..self }
    }

    /// The fewest responses that a cell may show; 0 and 1 hide nothing.
    #[must_use]
    pub const fn min_responses(self, min_responses: u64) -> Self {
        Self { min_responses, ..self }
    }

    /// The level of all intervals and of the notice that a segment differs.
    #[must_use]
    pub const fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The correction for testing many segments; the family is all segments of one metric, over all dimensions.
    #[must_use]
    pub const fn correction(self, correction: Multiplicity) -> Self {
        Self { correction, ..self }
    }

    /// Answers for everything in the data.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without any feedback. A metric that cannot be asked (a satisfaction
    /// scale without a box rule) does not stop the others: its [`MetricCard::unanswered`] says why.
    ///
    /// # Complexity
    /// O(responses × dimensions), plus sorting the keys.
    pub fn ask<Z: chrono::TimeZone + Clone>(&self, answers: &Answers<Z>) -> Result<ScorecardResult, Error> {
        let response = answers.funnel().rates(self.confidence)?;
        let invitations = response.invited.or(response.seen).or(response.started).unwrap_or(response.completed);
        if invitations == 0 {
            return Err(Error::no_data("a scorecard of no feedback"));
        }
        let metrics = answers.metrics().map(|(metric, rows)| self.card(answers, metric, rows));
        Ok(ScorecardResult {
            days: answers.days(),
            period: answers.period(),
            confidence: self.confidence,
            min_responses: self.min_responses,
            correction: self.correction,
            response,
            metrics: metrics.collect::<Result<_, Error>>()?,
        })
    }

    fn card<Z: chrono::TimeZone + Clone>(
        &self,
        answers: &Answers<Z>,
        metric: SurveyMetric,
        rows: &Rows,
    ) -> Result<MetricCard, Error> {
        let question = match self.question(metric, rows.scale()) {
            Ok(question) => question,
            Err(why) => return Ok(MetricCard::unanswered(metric, rows.scale(), why)),
        };
        let everyone: Vec<usize> = (0..rows.iter().count()).collect();
        let groups: Vec<(Dimension, Groups<String>)> = Dimension::ALL
            .into_iter()
            .map(|dimension| (dimension, keyed(answers, rows, dimension)))
            .filter(|(_, groups)| !groups.is_empty())
            .collect();
        let periods: Groups<Day> = rows.by_period().into_iter().collect();
        let decided = self.suppress(everyone.len(), &groups, &periods)?;
        let sample = Sampled { rows, scale: question.scale(rows.scale()), plain: is_plain(rows) };
        let question = question.resolved(decided.smallest_shown);
        let ask = |part: &[usize], shown: Result<(), Suppressed>| match shown {
            Ok(()) => Ok(Ok(question.ask(&sample, part)?)),
            Err(why) => Ok::<_, Error>(Err(why)),
        };
        let overall = ask(&everyone, decided.total)?;
        let mut breakdowns = Vec::new();
        for ((dimension, groups), shown) in groups.iter().zip(&decided.breakdowns) {
            let mut breakdown = Breakdown { by: *dimension, rows: Vec::new() };
            for ((name, part), shown) in groups.iter().zip(shown) {
                let asked = ask(part, *shown)?;
                let versus_rest = match &asked {
                    Ok(asked) => Some(self.versus_rest((name, asked), &question, &sample, (&everyone, part))?),
                    Err(_) => None,
                };
                let segment = Segment { name: Some(name.clone()), answer: asked.map(|asked| asked.answer) };
                breakdown.rows.push(BreakdownRow { segment, versus_rest });
            }
            breakdowns.push(breakdown);
        }
        self.adjust(&mut breakdowns)?;
        let trend = periods.iter().zip(&decided.trend).map(|((start, part), shown)| {
            Ok(TrendRow {
                start: *start,
                label: answers.period().label(*start),
                answer: ask(part, *shown)?.map(|asked| asked.answer),
            })
        });
        Ok(MetricCard {
            metric,
            scale: sample.scale,
            respondents: respondents(rows),
            overall: Segment { name: None, answer: overall.map(|asked| asked.answer) },
            breakdowns,
            trend: trend.collect::<Result<_, Error>>()?,
            unanswered: None,
        })
    }

    fn question(&self, metric: SurveyMetric, scale: Scale) -> Result<Question, Unanswered> {
        let why = |error: Error| Unanswered(error.to_string());
        match metric {
            SurveyMetric::Nps if scale == Scale::NPS => Ok(Question::Nps(self.nps, self.confidence)),
            SurveyMetric::Nps => Err(why(Error::input("scale of NPS", scale, "0-10"))),
            SurveyMetric::Csat => {
                let csat = self.csat.confidence(self.confidence);
                csat.boxed(scale).map_err(why)?;
                Ok(Question::Csat(csat))
            }
            SurveyMetric::Ces => {
                let version = self.ces.map_or_else(|| CesVersion::default_for(scale), |ces| Ok(ces.version()));
                let version = version.map_err(why)?;
                let ces = self.ces.unwrap_or_else(|| Ces::new(version)).confidence(self.confidence);
                ces.boxes(version.scale(scale)).map_err(why)?;
                Ok(Question::Ces(ces))
            }
        }
    }

    /// Decides for all tables of one metric together.
    fn suppress(
        &self,
        everyone: usize,
        groups: &[(Dimension, Groups<String>)],
        periods: &Groups<Day>,
    ) -> Result<Decided, Error> {
        fn sizes<K>(groups: &Groups<K>) -> Vec<u64> {
            groups.iter().map(|(_, part)| part.len() as u64).collect()
        }
        let mut document = Suppression::new(self.min_responses);
        let total = document.total(everyone as u64);
        let tables: Vec<Vec<u64>> = groups.iter().map(|(_, groups)| sizes(groups)).chain([sizes(periods)]).collect();
        let cells = tables.iter().map(|parts| document.table(total, parts)).collect::<Result<Vec<_>, Error>>()?;
        let decisions = document.decide();
        let mut shown: Vec<Vec<_>> =
            cells.iter().map(|cells| cells.iter().map(|cell| decisions.of(*cell)).collect()).collect();
        let sizes = tables.iter().flatten().zip(shown.iter().flatten());
        let smallest_shown =
            sizes.filter(|(_, shown)| shown.is_ok()).map(|(size, _)| *size).min().unwrap_or(everyone as u64);
        let trend = shown.pop().unwrap_or_default();
        Ok(Decided { total: decisions.of(total), breakdowns: shown, trend, smallest_shown })
    }

    /// A part against all other responses: adjusted Wald for NPS, Agresti-Caffo for shares, on effective counts.
    fn versus_rest(
        &self,
        (name, segment): (&str, &Asked),
        question: &Question,
        sample: &Sampled<'_>,
        (everyone, part): (&[usize], &[usize]),
    ) -> Result<SegmentDifference, Error> {
        // The rows of a part are in ascending order.
        let others: Vec<usize> = everyone.iter().filter(|row| part.binary_search(row).is_err()).copied().collect();
        let difference = match part.len().min(others.len()) {
            0 => Err(Absent::NoObservations),
            1 => Err(Absent::OneObservation),
            _ => match (segment.side, question.ask(sample, &others)?.side) {
                (Side::Counts(segment), Side::Counts(rest)) => {
                    Ok(segment.compare(rest, NpsComparison::default(), self.confidence))
                }
                (Side::Share(segment), Side::Share(rest)) => Ok(agresti_caffo([segment, rest], self.confidence)?),
                _ => Err(Absent::NotDefined),
            },
        };
        Ok(SegmentDifference {
            name: name.to_owned(),
            responses: part.len() as u64,
            rest: others.len() as u64,
            difference,
            adjusted_p: difference.and_then(|difference| difference.p_value),
            correction: self.correction,
        })
    }

    /// Corrects the p-values of all segments of one metric together.
    fn adjust(&self, breakdowns: &mut [Breakdown]) -> Result<(), Error> {
        let rows = breakdowns.iter_mut().flat_map(|breakdown| &mut breakdown.rows);
        let tested = rows.filter_map(|row| row.versus_rest.as_mut()?.adjusted_p.as_mut().ok());
        let mut tested: Vec<&mut f64> = tested.collect();
        let family: Vec<f64> = tested.iter().map(|p| **p).collect();
        tested.iter_mut().zip(adjust(&family, self.correction)?).for_each(|(p, adjusted)| **p = adjusted);
        Ok(())
    }
}

/// Keys with their rows.
type Groups<K> = Vec<(K, Vec<usize>)>;

/// The rows of each key; stages in the order of the journey, everything else by the bytes of the key.
fn keyed<Z: chrono::TimeZone + Clone>(answers: &Answers<Z>, rows: &Rows, dimension: Dimension) -> Groups<String> {
    let mut groups: Groups<String> =
        rows.by(dimension).into_iter().map(|(name, part)| (name.to_owned(), part)).collect();
    if dimension == Dimension::Stage {
        groups.sort_by_key(|(name, _)| answers.stage_rank(name));
    }
    groups
}

/// Which cells of a card are shown.
struct Decided {
    total: Result<(), Suppressed>,
    breakdowns: Vec<Vec<Result<(), Suppressed>>>,
    trend: Vec<Result<(), Suppressed>>,
    smallest_shown: u64,
}

/// The rows of a metric with how they are to be seen.
struct Sampled<'a> {
    rows: &'a Rows,
    /// With the direction of the question.
    scale: Scale,
    /// Equal weights and no customer twice: plain counts say all.
    plain: bool,
}

impl Sampled<'_> {
    fn answered<'b>(&'b self, part: &'b [usize]) -> impl Iterator<Item = Result<(Answered<'b>, Rating), Error>> {
        part.iter().filter_map(|row| self.rows.get(*row)).map(|answered| {
            let rating = Rating::new(i64::from(answered.rating.value()), self.scale)?;
            Ok((answered, rating))
        })
    }

    fn tally(&self, part: &[usize]) -> Result<Tally, Error> {
        let mut tally = Tally::new(self.scale);
        self.answered(part).try_for_each(|row| tally.add(row?.1))?;
        Ok(tally)
    }

    fn responses(&self, part: &[usize]) -> Result<Responses, Error> {
        let mut responses = Responses::new(self.scale);
        for row in self.answered(part) {
            let (Answered { customer, weight, .. }, rating) = row?;
            // No policy that looks at the time is asked for.
            responses.add(Response { customer, time: Timestamp(0), rating, weight })?;
        }
        Ok(responses)
    }
}

fn is_plain(rows: &Rows) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let first = rows.get(0).map(|answered| answered.weight);
    rows.iter().all(|answered| {
        Some(answered.weight) == first && answered.customer.is_none_or(|customer| seen.insert(customer))
    })
}

fn respondents(rows: &Rows) -> Respondents {
    let known: std::collections::BTreeSet<_> = rows.iter().filter_map(|answered| answered.customer).collect();
    match known.len() as u64 {
        0 => Respondents::Unknown,
        customers => Respondents::Known { customers, policy: Repeats::All },
    }
}

/// One of the three questions, ready to be asked of any part of the rows.
#[derive(Clone, Copy)]
enum Question {
    Nps(NpsMethod, Confidence),
    Csat(Csat),
    Ces(Ces),
}

/// An answer, with what a comparison of two such answers needs.
struct Asked {
    answer: MetricAnswer,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Counts(EffectiveCounts),
    Share(Share),
}

impl Question {
    /// The scale with the direction that the question gives it.
    fn scale(&self, scale: Scale) -> Scale {
        match self {
            Self::Ces(ces) => ces.version().scale(scale),
            Self::Nps(..) | Self::Csat(_) => scale,
        }
    }

    /// In one document the smallest shown n decides the interval of all.
    fn resolved(self, smallest_shown: u64) -> Self {
        match self {
            Self::Nps(method, confidence) => Self::Nps(method.resolve(smallest_shown), confidence),
            other => other,
        }
    }

    fn ask(&self, sample: &Sampled<'_>, part: &[usize]) -> Result<Asked, Error> {
        match self {
            Self::Nps(method, confidence) => {
                let (result, counts) = if sample.plain {
                    let nps = sample.tally(part)?.nps()?;
                    (nps.result(*method, *confidence)?, EffectiveCounts::from(nps))
                } else {
                    let designed = sample.responses(part)?.nps(Repeats::All, *method, *confidence)?;
                    (designed.result, designed.effective_counts())
                };
                Ok(Asked { answer: MetricAnswer::Nps(result), side: Side::Counts(counts) })
            }
            Self::Csat(csat) => {
                let result = if sample.plain {
                    csat.ask(&sample.tally(part)?)?
                } else {
                    sample.responses(part)?.csat(Repeats::All, csat)?.result
                };
                Ok(Asked { answer: MetricAnswer::Csat(result), side: Side::Share(Share::of_estimate(&result.share)?) })
            }
            Self::Ces(ces) => {
                let result = if sample.plain {
                    ces.ask(&sample.tally(part)?)?
                } else {
                    sample.responses(part)?.ces(Repeats::All, ces)?.result
                };
                let side = Side::Share(Share::of_estimate(&result.easy_share)?);
                Ok(Asked { answer: MetricAnswer::Ces(result), side })
            }
        }
    }
}

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
    /// Why the metric could not be computed; then everything else is empty.
    pub unanswered: Option<Unanswered>,
}

impl MetricCard {
    fn unanswered(metric: SurveyMetric, scale: Scale, why: Unanswered) -> Self {
        Self {
            metric,
            scale,
            respondents: Respondents::Unknown,
            overall: Segment { name: None, answer: Err(Suppressed::TooFew) },
            breakdowns: Vec::new(),
            trend: Vec::new(),
            unanswered: Some(why),
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

/// Why a metric has no card, in words.
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
    /// The answer, or why it is hidden.
    pub answer: Result<MetricAnswer, Suppressed>,
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
