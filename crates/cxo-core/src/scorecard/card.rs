//! The scorecard as a question: how each metric is computed, what is hidden, and what is compared.
//!
//! It has no state; it is asked of [`Answers`]. `cxo report` asks it.

use std::collections::BTreeMap;

use super::{
    Answers, Breakdown, BreakdownRow, Dimension, MetricCard, PeriodChange, ScorecardResult, TrendRow, Unanswered,
    answers::Rows,
    asking::{Asked, Question, Sampled},
};
use crate::{
    Absent, Confidence, Error,
    domain::{Day, Period, Scale, Stages, SurveyMetric},
    stats::{
        multiplicity::{Multiplicity, adjust},
        suppression::{Suppressed, Suppression},
    },
    survey::{Ces, CesVersion, Csat, NpsMethod, Segment, SegmentDifference},
};

/// The question: how each metric is computed, which cells are too small to show, and at which confidence.
///
/// ```
/// use chrono::Utc;
/// use cxo_core::domain::{Channel, Feedback, Rating, ResponseStatus, Scale, Stages, SurveyMetric, Weight};
/// use cxo_core::scorecard::{Answers, Scorecard};
///
/// let mut answers = Answers::new(Utc);
/// for (channel, score) in [("web", 10), ("web", 9), ("web", 7), ("web", 9), ("web", 3), ("phone", 2)] {
///     answers.add(&Feedback {
///         channel: Some(Channel::new(channel)?),
///         rating: Some(Rating::new(score, Scale::NPS)?),
///         ..Feedback::new(SurveyMetric::Nps, ResponseStatus::Completed)
///     })?;
/// }
/// let card = Scorecard::default().ask(&answers, &Stages::default())?;
/// let nps = &card.metrics[0];
/// assert_eq!(format!("{:.1}", nps.overall.answer.as_ref().unwrap().headline().value), "16.7");
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
    period: Period,
    pub(super) min_responses: u64,
    pub(super) confidence: Confidence,
    pub(super) correction: Multiplicity,
}

impl Default for Scorecard {
    /// Automatic NPS interval, default boxes, trends by month, cells from 5 responses, 95 %, Holm.
    fn default() -> Self {
        Self {
            nps: NpsMethod::default(),
            csat: Csat::default(),
            ces: None,
            period: Period::Month,
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

    /// How trends are cut.
    #[must_use]
    pub const fn period(self, period: Period) -> Self {
        Self { period, ..self }
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

    /// Answers for everything in the data. `stages` says in which order stages are shown; others follow by their bytes.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without any feedback. A metric that cannot be asked (a satisfaction
    /// scale without a box rule) does not stop the others: the field `unanswered` of its [`MetricCard`] says why.
    ///
    /// # Complexity
    /// O(responses × dimensions), plus sorting the keys.
    pub fn ask<Z: chrono::TimeZone + Clone>(
        &self,
        answers: &Answers<Z>,
        stages: &Stages,
    ) -> Result<ScorecardResult, Error> {
        let response = answers.funnel().rates(self.confidence)?;
        let invitations = response.invited.or(response.seen).or(response.started).unwrap_or(response.completed);
        if invitations == 0 {
            return Err(Error::no_data("a scorecard of no feedback"));
        }
        let metrics = answers.metrics().map(|metric| self.card(answers, stages, metric));
        Ok(ScorecardResult {
            days: answers.days(),
            period: self.period,
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
        stages: &Stages,
        (metric, rows): (SurveyMetric, &Rows),
    ) -> Result<MetricCard, Error> {
        let question = match self.question(metric, rows.scale()) {
            Ok(question) => question,
            Err(why) => return Ok(MetricCard::empty(metric, rows.scale(), Some(why))),
        };
        let everyone: Vec<usize> = (0..rows.iter().count()).collect();
        let groups: Vec<(Dimension, Groups<String>)> = Dimension::ALL
            .into_iter()
            .map(|dimension| (dimension, keyed(rows, dimension, stages)))
            .filter(|(_, groups)| !groups.is_empty())
            .collect();
        let periods: Groups<Day> = rows.by_period(self.period)?.into_iter().collect();
        let decided = self.suppress(everyone.len(), &groups, &periods)?;
        let asking = Asking {
            sample: Sampled::new(rows, &question)?,
            question: question.resolved(decided.smallest_shown),
            everyone,
        };
        if decided.total.is_err() {
            // Keys of hidden responses would tell who is among them.
            return Ok(MetricCard::empty(metric, asking.sample.scale, None));
        }
        let overall = asking.part(&asking.everyone, decided.total)?;
        let mut breakdowns = Vec::new();
        for ((dimension, groups), shown) in groups.iter().zip(&decided.breakdowns) {
            breakdowns.push(self.breakdown(&asking, (*dimension, groups), shown)?);
        }
        self.adjust(&mut breakdowns)?;
        let (trend, change) = self.trend(&asking, answers.days(), &periods, &decided.trend)?;
        Ok(MetricCard {
            metric,
            scale: asking.sample.scale,
            respondents: asking.sample.respondents(),
            overall: Segment { name: None, answer: overall.map(|asked| asked.answer) },
            breakdowns,
            trend,
            change,
            unanswered: None,
        })
    }

    fn breakdown(
        &self,
        asking: &Asking<'_>,
        (by, groups): (Dimension, &Groups<String>),
        shown: &[Result<(), Suppressed>],
    ) -> Result<Breakdown, Error> {
        let mut rows = Vec::with_capacity(groups.len());
        for ((name, part), shown) in groups.iter().zip(shown) {
            let asked = asking.part(part, *shown)?;
            let versus_rest =
                asked.as_ref().ok().map(|asked| self.versus_rest(asking, (name, asked), part)).transpose()?;
            let segment = Segment { name: Some(name.clone()), answer: asked.map(|asked| asked.answer) };
            rows.push(BreakdownRow { segment, versus_rest });
        }
        Ok(Breakdown { by, rows })
    }

    /// The periods, and the last complete one against the one before it.
    fn trend(
        &self,
        asking: &Asking<'_>,
        days: Option<(Day, Day)>,
        periods: &Groups<Day>,
        shown: &[Result<(), Suppressed>],
    ) -> Result<(Vec<TrendRow>, Result<PeriodChange, Unanswered>), Error> {
        // The period in which the day after the last one falls has just begun, or is incomplete.
        let open = days.map(|(_, last)| Day(last.0.saturating_add(1)).start_of(self.period)).transpose()?;
        let mut trend = Vec::with_capacity(periods.len());
        let mut complete: Vec<(Day, Result<Asked, Suppressed>)> = Vec::new();
        for ((start, part), shown) in periods.iter().zip(shown) {
            let asked = asking.part(part, *shown)?;
            let whole = open.is_some_and(|open| *start < open);
            trend.push(TrendRow {
                start: *start,
                label: self.period.label(*start),
                complete: whole,
                answer: asked.as_ref().map(|asked| asked.answer).map_err(|hidden| *hidden),
            });
            if whole {
                complete.push((*start, asked));
            }
        }
        Ok((trend, self.change(&complete)?))
    }

    fn change(&self, complete: &[(Day, Result<Asked, Suppressed>)]) -> Result<Result<PeriodChange, Unanswered>, Error> {
        let why = |text: &str| Ok(Err(Unanswered(text.to_owned())));
        let [.., (before, first), (last, second)] = complete else {
            return why("there are no two complete periods with responses");
        };
        if Day(last.0.saturating_sub(1)).start_of(self.period)? != *before {
            return why("the period before the last complete one has no responses");
        }
        let (Ok(first), Ok(second)) = (first, second) else { return why(Suppressed::TooFew.reason()) };
        let label = |start: &Day| self.period.label(*start);
        Ok(second
            .minus(first, self.confidence)?
            .map(|difference| PeriodChange { period: label(last), before: label(before), difference })
            .map_err(|absent| Unanswered(absent.reason().to_owned())))
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
        let mut cells = tables.iter().map(|_| Vec::new()).collect::<Vec<_>>();
        let at = |dimension| groups.iter().position(|(own, _)| *own == dimension);
        let tree = at(Dimension::Stage).zip(at(Dimension::Touchpoint));
        if let Some((stage, touchpoint)) = tree {
            let pairs = pairs([stage, touchpoint].map(|at| groups.get(at).map(|(_, groups)| groups)), everyone);
            let sizes = [stage, touchpoint].map(|at| tables.get(at).map_or(0, Vec::len));
            for (at, found) in [stage, touchpoint].into_iter().zip(document.nested(total, &pairs, sizes)?) {
                cells.get_mut(at).into_iter().for_each(|slot| slot.clone_from(&found));
            }
        }
        let alone = |at: usize| tree.is_none_or(|(stage, touchpoint)| at != stage && at != touchpoint);
        for (_, (slot, parts)) in cells.iter_mut().zip(&tables).enumerate().filter(|(at, _)| alone(*at)) {
            *slot = document.table(total, parts)?;
        }
        let decisions = document.decide();
        let mut shown: Vec<Vec<_>> =
            cells.iter().map(|cells| cells.iter().map(|cell| decisions.of(*cell)).collect()).collect();
        let sizes = tables.iter().flatten().zip(shown.iter().flatten());
        let smallest_shown =
            sizes.filter(|(_, shown)| shown.is_ok()).map(|(size, _)| *size).min().unwrap_or(everyone as u64);
        let trend = shown.pop().unwrap_or_default();
        Ok(Decided { total: decisions.of(total), breakdowns: shown, trend, smallest_shown })
    }

    /// A part against all other responses.
    fn versus_rest(
        &self,
        asking: &Asking<'_>,
        (name, segment): (&str, &Asked),
        part: &[usize],
    ) -> Result<SegmentDifference, Error> {
        // The rows of a part are in ascending order.
        let others: Vec<usize> =
            asking.everyone.iter().filter(|row| part.binary_search(row).is_err()).copied().collect();
        let difference = match others.len() {
            0 => Err(Absent::NoObservations),
            _ => segment.minus(&asking.question.ask(&asking.sample, &others)?, self.confidence)?,
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

/// The responses of each pair of keys.
fn pairs(keys: [Option<&Groups<String>>; 2], everyone: usize) -> BTreeMap<[Option<usize>; 2], u64> {
    let [first, second] = keys.map(|groups| {
        let mut of_row = vec![None; everyone];
        for (number, (_, part)) in groups.into_iter().flatten().enumerate() {
            part.iter().for_each(|&row| of_row.get_mut(row).into_iter().for_each(|slot| *slot = Some(number)));
        }
        of_row
    });
    let mut counts = BTreeMap::new();
    first.into_iter().zip(second).for_each(|(first, second)| *counts.entry([first, second]).or_insert(0) += 1);
    counts
}

/// The rows of each key; stages in the order of the journey, everything else by the bytes of the key.
fn keyed(rows: &Rows, dimension: Dimension, stages: &Stages) -> Groups<String> {
    let mut groups: Groups<String> =
        rows.by(dimension).into_iter().map(|(name, part)| (name.to_owned(), part)).collect();
    if dimension == Dimension::Stage {
        groups.sort_by_key(|(name, _)| stages.get(name).map_or(u32::MAX, |stage| stage.rank().into()));
    }
    groups
}

/// A question with the rows it is asked of.
struct Asking<'a> {
    sample: Sampled<'a>,
    question: Question,
    everyone: Vec<usize>,
}

impl Asking<'_> {
    /// The answer of a part that may be shown.
    fn part(&self, part: &[usize], shown: Result<(), Suppressed>) -> Result<Result<Asked, Suppressed>, Error> {
        match shown {
            Ok(()) => self.question.ask(&self.sample, part).map(Ok),
            Err(why) => Ok(Err(why)),
        }
    }
}

/// Which cells of a card are shown.
struct Decided {
    total: Result<(), Suppressed>,
    breakdowns: Vec<Vec<Result<(), Suppressed>>>,
    trend: Vec<Result<(), Suppressed>>,
    smallest_shown: u64,
}
