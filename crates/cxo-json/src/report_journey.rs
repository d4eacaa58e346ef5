//! The part of a report that is about the journey: its stages, where it loses customers, how it is rated on the way, and which
//! bad passages go with lost outcomes.

use std::{borrow::Cow, collections::BTreeSet};

use cxo_core::{
    Confidence, Error as CoreError,
    experience::{Consistency, HotSpots, JoinCounts, TouchpointConsistency},
    journey::{FunnelPassage, Journeys, RepeatContacts, Rework},
    stalled::{StageLimit, Stalled},
    stats::suppression::{Suppressed, Suppression},
};
use serde::{Deserialize, Serialize};

use crate::{
    CesRow, ConsistencyRow, CsatRow, Entry, Error, EstimateRow, FunnelRow, FunnelStepRow, HotspotRow, LogRow,
    MetricDocument, NpsRow, PathsRow, Quantity,
    funnel::NO_WINDOW,
    journey::{OBSERVATIONAL, each},
    quantity::{self, at_least_zero, share},
};

/// Why a count is not told.
const HIDDEN: &str = Suppressed::TooFew.reason();

/// What customers did, in order, and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyReport {
    /// Journeys.
    pub journeys: u64,
    /// Touchpoints of all journeys.
    pub events: u64,
    /// Half of the journeys have at most so many touchpoints.
    pub median_touchpoints: f64,
    /// Half of the journeys last no longer, first to last touchpoint.
    pub median_seconds: f64,
    /// The stages in their order, or why they are not told.
    #[serde(flatten, with = "quantity::stages")]
    pub stages: Quantity<Vec<JourneyStageRow>>,
    /// Stages that are hidden to protect small groups.
    pub hidden_stages: Vec<String>,
    /// How many get from step to step, or why that is not told.
    #[serde(flatten, with = "quantity::funnel")]
    pub funnel: Quantity<JourneyFunnelRow>,
    /// The most frequent ways; those that too few took are left out.
    pub paths: PathsRow,
    /// What the ratings say on the way, a row for each question and scale, or why nothing is told.
    #[serde(flatten, with = "quantity::scores")]
    pub scores: Quantity<Vec<JourneyScoresRow>>,
    /// The touchpoints by the outcomes that go with their bad passes, or why they are not told.
    #[serde(flatten, with = "quantity::hot_spots")]
    pub hot_spots: Quantity<ReportHotSpotsRow>,
    /// Whether the same touchpoint is as good in every channel, or why that is not told.
    #[serde(flatten, with = "quantity::journey_consistency")]
    pub consistency: Quantity<ReportConsistencyRow>,
    /// How often customers come back to the same touchpoint soon.
    pub repeats: RepeatsRow,
    /// How many journeys have come to a stop, or why that is not told.
    #[serde(flatten, with = "quantity::stalled")]
    pub stalled: Quantity<StalledRow>,
    /// What all of it rests on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyStageRow {
    /// Its name.
    pub stage: String,
    /// Touchpoints in it.
    pub events: u64,
    /// Journeys that come here.
    pub journeys: u64,
    /// Journeys that begin here, or why that is not told.
    #[serde(flatten, with = "quantity::begins")]
    pub begins: Quantity<u64>,
    /// How many of those who come here get to the next stage later: the second step of a funnel of two; absent of the last stage, and
    /// where it is hidden to protect small groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<FunnelStepRow>,
}

/// A funnel, in the words of `cxo.funnel`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyFunnelRow {
    /// What the steps are: stage or touchpoint.
    pub over: String,
    /// When a step counts as reached, such as ordered.
    pub definition: String,
    /// The window, counted from the first step, or why there is none.
    #[serde(flatten, with = "quantity::window_seconds")]
    pub window_seconds: Quantity,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The journeys and the steps.
    #[serde(flatten)]
    pub all: FunnelRow,
    /// The steps after these, which are hidden to protect small groups.
    pub hidden: Vec<String>,
}

/// What one question says on the way: the answers of `metrics`, put in the order of the journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyScoresRow {
    /// The question: nps, csat or ces.
    pub metric: String,
    /// Its scale.
    pub scale: String,
    /// By stage, in the order of the journey.
    pub stages: Vec<Entry<ScoreRow>>,
    /// By touchpoint, by the bytes of the name.
    pub touchpoints: Vec<Entry<ScoreRow>>,
}

/// A score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreRow {
    /// Responses.
    pub responses: u64,
    /// NPS in points, the satisfied share for CSAT, the mean for CES.
    pub value: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<cxo_core::Interval>,
}

/// How ratings came to their touchpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedRow {
    /// Ratings of the question.
    pub ratings: u64,
    /// Those that count for a touchpoint of a journey.
    pub joined: u64,
    /// Those without customer or time, or before which no such touchpoint is within the window.
    pub unattached: u64,
    /// Those after which another was given of the same touchpoint.
    pub superseded: u64,
}

/// Where bad ratings, traffic and lost outcomes meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportHotSpotsRow {
    /// The question whose ratings are asked.
    pub metric: String,
    /// Its scale.
    pub scale: String,
    /// The touchpoints that are the outcome.
    pub outcomes: Vec<String>,
    /// How they were found: `cxo.toml`, or the last stage.
    pub outcome_rule: String,
    /// A journey without outcome is lost only after so much silence before the end of the log; until then it is open, left out.
    pub silence_seconds: f64,
    /// How that was found: `cxo.toml`, or `nine-of-ten` of the times between a touchpoint and the next of the journey.
    pub silence_rule: String,
    /// Passes left out because the outcome may still follow.
    pub open_passes: u64,
    /// Journeys without outcome that may still come to it.
    pub open_journeys: u64,
    /// Whether these are more than 5 % of all: then the answers are biased towards quick endings.
    pub biased: bool,
    /// The ratings that are bad, such as 0-6.
    pub bad: String,
    /// What is held alike.
    pub adjusted_for: Vec<String>,
    /// Resamples of customers behind the intervals.
    pub resamples: u32,
    /// Their seed.
    pub seed: u64,
    /// How ratings came to their touchpoint.
    pub join: JoinedRow,
    /// The touchpoints, rows as in `cxo.journey-hotspots`: those with the greatest lower bound first.
    pub touchpoints: Vec<HotspotRow>,
    /// Touchpoints that are hidden to protect small groups.
    pub hidden: Vec<String>,
    /// Touchpoints without any rating.
    pub unrated: Vec<String>,
    /// Touchpoints whose ratings are all of passes that the outcome may still follow.
    pub undecided: Vec<String>,
}

/// Whether the same touchpoint is as good in every channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportConsistencyRow {
    /// The question whose ratings are asked.
    pub metric: String,
    /// Its scale.
    pub scale: String,
    /// Channels are consistent if no two differ by so many score points.
    pub margin: f64,
    /// Touchpoints with ratings in at least two channels, rows as in `cxo.journey-hotspots`.
    pub touchpoints: Vec<ConsistencyRow>,
}

/// How often customers come back to the same touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatsRow {
    /// Again within this time is soon.
    pub window_seconds: f64,
    /// Contacts that customers came back from, those with the greatest lower bound first.
    pub contacts: Vec<RepeatContactsRow>,
    /// Touchpoints that journeys pass more than once, those with the greatest lower bound first.
    pub rework: Vec<ReworkRow>,
}

/// Repeat contacts of one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatContactsRow {
    /// Its name.
    pub touchpoint: String,
    /// Contacts that were observed for the whole window after them.
    pub contacts: u64,
    /// Those after which the same customer was here again within it.
    pub repeated: u64,
    /// Their share.
    pub share: EstimateRow,
}

/// Rework of one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReworkRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that pass it.
    pub journeys: u64,
    /// Those that pass it more than once.
    pub reworked: u64,
    /// Their share.
    pub share: EstimateRow,
}

/// Journeys that have come to a stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StalledRow {
    /// The share that has left a stage at its limit.
    pub quantile: f64,
    /// The touchpoints with which a journey is at its end; empty where none is known.
    pub outcomes: Vec<String>,
    /// The stages in their order.
    pub stages: Vec<StageLimitRow>,
    /// Stages that are hidden to protect small groups.
    pub hidden: Vec<String>,
}

/// How long journeys stay in one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageLimitRow {
    /// Its name.
    pub stage: String,
    /// Stays.
    pub stays: u64,
    /// Those that ended, or why that is not told.
    #[serde(flatten, with = "quantity::left")]
    pub left: Quantity<u64>,
    /// The time by which the share of `quantile` has left, or why it is not known.
    #[serde(flatten, with = "quantity::limit_seconds")]
    pub limit_seconds: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
    /// Open stays beyond it, or why that is not told.
    #[serde(flatten, with = "quantity::stalled_stays")]
    pub stalled: Quantity<u64>,
}

impl JourneyReport {
    /// What is known without stages and ratings; the rest is the caller's to add.
    ///
    /// # Errors
    /// Those of [`Journeys::summary`].
    pub fn new(journeys: &Journeys<'_>, log: LogRow, paths: PathsRow, repeats: RepeatsRow) -> Result<Self, CoreError> {
        let summary = journeys.summary()?;
        let missing = "not asked";
        Ok(Self {
            journeys: summary.journeys,
            events: summary.events,
            median_touchpoints: summary.lengths.median,
            median_seconds: summary.seconds.median,
            stages: Err(missing.into()),
            hidden_stages: Vec::new(),
            funnel: Err(missing.into()),
            paths,
            scores: Err(missing.into()),
            hot_spots: Err(missing.into()),
            consistency: Err(missing.into()),
            repeats,
            stalled: Err(missing.into()),
            evidence: OBSERVATIONAL.to_owned(),
            log,
        })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        at_least_zero("median_touchpoints", self.median_touchpoints)?;
        at_least_zero("median_seconds", self.median_seconds)?;
        self.paths.check()?;
        for stage in self.stages.as_ref().map_or(&[][..], Vec::as_slice) {
            if let Some(next) = &stage.next {
                next.check()?;
            }
        }
        if let Ok(funnel) = &self.funnel {
            each([("window_seconds", &funnel.window_seconds)], at_least_zero)?;
            funnel.all.check()?;
        }
        if let Ok(found) = &self.hot_spots {
            at_least_zero("silence_seconds", found.silence_seconds)?;
            found.touchpoints.iter().try_for_each(HotspotRow::check)?;
        }
        if let Ok(found) = &self.consistency {
            at_least_zero("margin", found.margin)?;
            found.touchpoints.iter().try_for_each(ConsistencyRow::check)?;
        }
        self.repeats.check()?;
        self.stalled.as_ref().map_or(Ok(()), StalledRow::check)
    }
}

impl JourneyReport {
    /// Hides the stages of `hidden_stages`, with these touchpoints of theirs, in all other answers that count their journeys or events.
    pub fn hide_stages(&mut self, touchpoints: &BTreeSet<String>) {
        let hides = |name: &String| self.hidden_stages.contains(name) || touchpoints.contains(name);
        if let Ok(funnel) = &mut self.funnel {
            funnel.hide(hides);
            if funnel.all.steps.is_empty() {
                self.funnel = Err(HIDDEN.into());
            }
        }
        // From the first stage to the second, the funnel and the row of the stage count the same.
        let only = self.funnel.as_ref().ok().and_then(|funnel| match funnel.all.steps.as_slice() {
            [only] => Some(only.touchpoint.as_str()),
            _ => None,
        });
        for stage in self.stages.iter_mut().flatten() {
            let first = only == Some(stage.stage.as_str());
            stage.next.take_if(|next| first || hides(&next.touchpoint));
        }
        if let Ok(stalled) = &mut self.stalled {
            let taken = stalled.stages.extract_if(.., |row| hides(&row.stage)).map(|row| row.stage);
            stalled.hidden.extend(taken.collect::<Vec<_>>());
        }
        self.repeats.contacts.retain(|row| !hides(&row.touchpoint));
        self.repeats.rework.retain(|row| !hides(&row.touchpoint));
        if let Ok(spots) = &mut self.hot_spots {
            let taken = spots.touchpoints.extract_if(.., |row| hides(&row.touchpoint)).map(|row| row.touchpoint);
            spots.hidden.extend(taken.collect::<Vec<_>>());
            spots.hidden.sort_unstable();
        }
    }
}

impl JourneyFunnelRow {
    /// Hides the steps from the first on that is to be hidden.
    fn hide(&mut self, hides: impl Fn(&String) -> bool) {
        let Some(shown) = self.all.steps.iter().position(|step| hides(&step.touchpoint)) else { return };
        let hidden = self.all.steps.split_off(shown).into_iter().map(|step| step.touchpoint);
        self.hidden.splice(..0, hidden);
        if let Some(last) = self.all.steps.last_mut() {
            (last.ended, last.next) = (Err(HIDDEN.into()), Vec::new());
        }
    }

    /// A passage over stages or touchpoints, or why it is not told. Steps that fewer than `min_responses` reached, or before which
    /// fewer were lost, are hidden with all that follow, and so is where few went from a step.
    ///
    /// # Errors
    /// As [`Suppression::table`].
    pub fn new(
        over: &str,
        passage: &FunnelPassage,
        min_responses: u64,
        confidence: Confidence,
    ) -> Result<Quantity<Self>, CoreError> {
        let mut all = FunnelRow::from(passage);
        let mut document = Suppression::new(min_responses);
        let mut reached = vec![document.total(passage.steps.first().map_or(0, |step| step.reached))];
        let mut cells = Vec::with_capacity(passage.steps.len());
        for (at, step) in passage.steps.iter().enumerate() {
            let Some(&here) = reached.first() else { break };
            // Those who reach the next step and those who are lost are the two parts of a step.
            let next = passage.steps.get(at + 1).map_or(0, |next| next.reached);
            reached = document.table(here, &[next, step.reached.saturating_sub(next)])?;
            let ways: Vec<u64> = std::iter::once(step.ended).chain(step.next.iter().map(|node| node.count)).collect();
            let ways = reached.get(1).map_or(Ok(Vec::new()), |&lost| document.table(lost, &ways))?;
            cells.push((here, ways));
        }
        let decided = document.decide();
        let shown = cells.iter().take_while(|(reached, _)| decided.of(*reached).is_ok()).count();
        let hidden = all.steps.split_off(shown).into_iter().map(|step| step.touchpoint).collect();
        if shown == 0 {
            return Ok(Err(HIDDEN.into()));
        }
        for (step, (_, ways)) in all.steps.iter_mut().zip(&cells) {
            let mut ways = ways.iter().map(|&way| decided.of(way).is_ok());
            if ways.next() == Some(false) {
                step.ended = Err(HIDDEN.into());
            }
            step.next.retain(|_| ways.next() == Some(true));
        }
        Ok(Ok(Self {
            over: over.to_owned(),
            definition: passage.definition.name().to_owned(),
            window_seconds: passage.window_seconds.ok_or_else(|| NO_WINDOW.into()),
            confidence,
            all,
            hidden,
        }))
    }
}

impl JourneyScoresRow {
    /// The answers of one metric by stage and by touchpoint; `None` where it has none.
    #[must_use]
    pub fn of(metric: &MetricDocument) -> Option<Self> {
        let [stages, touchpoints] = match metric {
            MetricDocument::Nps(card) => parts(card, ScoreRow::nps),
            MetricDocument::Csat(card) => parts(card, ScoreRow::csat),
            MetricDocument::Ces(card) => parts(card, ScoreRow::ces),
        };
        let [metric, scale] = metric.question().map(str::to_owned);
        let some = !stages.is_empty() || !touchpoints.is_empty();
        some.then_some(Self { metric, scale, stages, touchpoints })
    }

    /// The touchpoints whose score is shown.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let shown = self.touchpoints.iter().filter(|entry| entry.outcome.is_ok());
        shown.filter_map(|entry| entry.segment.as_deref())
    }
}

impl MetricDocument {
    /// The channels whose score is hidden.
    #[must_use]
    pub fn hidden_channels(&self) -> BTreeSet<&str> {
        fn of<R>(card: &crate::Card<R>) -> BTreeSet<&str> {
            let rows = card.breakdowns.iter().filter(|rows| rows.by == "channel").flat_map(|rows| &rows.results);
            rows.filter(|row| row.outcome.is_err()).filter_map(|row| row.segment.as_deref()).collect()
        }
        match self {
            Self::Nps(card) => of(card),
            Self::Csat(card) => of(card),
            Self::Ces(card) => of(card),
        }
    }

    /// Its metric, such as nps, and its scale.
    #[must_use]
    pub fn question(&self) -> [&str; 2] {
        match self {
            Self::Nps(card) => ["nps", &card.scale],
            Self::Csat(card) => ["csat", &card.scale],
            Self::Ces(card) => ["ces", &card.scale],
        }
    }
}

fn parts<R>(card: &crate::Card<R>, score: fn(&R) -> ScoreRow) -> [Vec<Entry<ScoreRow>>; 2] {
    ["stage", "touchpoint"].map(|by| {
        let rows = card.breakdowns.iter().filter(|rows| rows.by == by).flat_map(|rows| &rows.results);
        let entry = |row: &Entry<R>| Entry {
            segment: row.segment.clone(),
            outcome: row.outcome.as_ref().map(score).map_err(Cow::clone),
        };
        rows.map(entry).collect()
    })
}

impl ScoreRow {
    fn nps(row: &NpsRow) -> Self {
        Self { responses: row.responses, value: row.score, interval: row.interval.clone() }
    }

    fn csat(row: &CsatRow) -> Self {
        Self { responses: row.responses, value: row.share, interval: row.interval.clone() }
    }

    fn ces(row: &CesRow) -> Self {
        Self { responses: row.responses, value: row.mean, interval: row.interval.clone() }
    }
}

impl JoinedRow {
    /// Ratings of which so many count, and what became of the others.
    #[must_use]
    pub const fn new(counts: JoinCounts, unattached: u64, superseded: u64) -> Self {
        let joined = counts.on_touchpoint;
        Self { ratings: joined + unattached + superseded, joined, unattached, superseded }
    }
}

impl ReportHotSpotsRow {
    /// The document's form. Touchpoints of which `shown` is false are hidden here too.
    #[must_use]
    pub fn new(
        found: &HotSpots,
        [metric, scale, outcome_rule]: [&str; 3],
        (silence_seconds, silence_rule): (f64, &str),
        join: JoinedRow,
        shown: impl Fn(&str) -> bool,
    ) -> Self {
        let (seen, unseen): (Vec<_>, Vec<_>) = found.spots.iter().partition(|spot| shown(&spot.touchpoint));
        let mut hidden: Vec<String> = found.hidden.clone();
        hidden.extend(unseen.into_iter().map(|spot| spot.touchpoint.clone()));
        hidden.sort_unstable();
        Self {
            metric: metric.to_owned(),
            scale: scale.to_owned(),
            outcomes: found.outcomes.clone(),
            outcome_rule: outcome_rule.to_owned(),
            silence_seconds,
            silence_rule: silence_rule.to_owned(),
            open_passes: found.open,
            open_journeys: found.open_journeys,
            biased: found.biased,
            bad: format!("{}-{}", found.bad.from(), found.bad.to()),
            adjusted_for: found.adjusted_for.iter().map(|name| (*name).to_owned()).collect(),
            resamples: found.replicates,
            seed: found.seed.0,
            join,
            touchpoints: seen.into_iter().map(HotspotRow::from).collect(),
            hidden,
            unrated: found.unrated.clone(),
            undecided: found.undecided.clone(),
        }
    }
}

impl ReportConsistencyRow {
    /// The document's form. Touchpoints of which `shown` is false are left out; where one of these channels is hidden elsewhere, none of
    /// its touchpoint is told.
    #[must_use]
    pub fn new(
        found: &Consistency,
        [metric, scale]: [&str; 2],
        shown: impl Fn(&str) -> bool,
        hidden: &BTreeSet<&str>,
    ) -> Self {
        let row = |found: &TouchpointConsistency| {
            let mut row = ConsistencyRow::from(found);
            let names =
                row.channels.as_ref().is_ok_and(|means| means.iter().any(|of| hidden.contains(of.channel.as_str())));
            if names {
                (row.covered, row.channels) = (Err(HIDDEN.into()), Err(HIDDEN.into()));
            }
            row
        };
        let rows = found.touchpoints.iter().filter(|row| shown(&row.touchpoint));
        Self {
            metric: metric.to_owned(),
            scale: scale.to_owned(),
            margin: found.margin,
            touchpoints: rows.map(row).collect(),
        }
    }
}

impl RepeatsRow {
    /// The touchpoints that are most surely repeated, at most `most` of each kind; those that nobody repeats, or whose numbers are
    /// below `fewest`, are left out.
    #[must_use]
    pub fn new(window: f64, contacts: &[RepeatContacts], rework: &[Rework], most: usize, fewest: u64) -> Self {
        let lower = |row: &EstimateRow| row.interval.as_ref().map_or(row.value, |interval| interval.lower);
        let repeated = |row: &RepeatContacts| RepeatContactsRow {
            touchpoint: row.touchpoint.clone(),
            contacts: row.contacts,
            repeated: row.repeated,
            share: row.share.as_ref().map_or_else(|_| EstimateRow::zero(), EstimateRow::from),
        };
        let few = |count: u64| 0 < count && count < fewest;
        let enough = |some: u64, all: u64| some > 0 && !few(some) && !few(all.saturating_sub(some));
        let mut of_contacts: Vec<_> =
            contacts.iter().filter(|row| enough(row.repeated, row.contacts)).map(repeated).collect();
        of_contacts.sort_by(|a, b| lower(&b.share).total_cmp(&lower(&a.share)));
        of_contacts.truncate(most);
        let again = |row: &Rework| ReworkRow {
            touchpoint: row.touchpoint.clone(),
            journeys: row.journeys,
            reworked: row.reworked,
            share: EstimateRow::from(&row.share),
        };
        let mut of_journeys: Vec<_> =
            rework.iter().filter(|row| enough(row.reworked, row.journeys)).map(again).collect();
        of_journeys.sort_by(|a, b| lower(&b.share).total_cmp(&lower(&a.share)));
        of_journeys.truncate(most);
        Self { window_seconds: window, contacts: of_contacts, rework: of_journeys }
    }

    fn check(&self) -> Result<(), Error> {
        at_least_zero("window_seconds", self.window_seconds)?;
        self.contacts.iter().try_for_each(|row| share("share", row.share.value))?;
        self.rework.iter().try_for_each(|row| share("share", row.share.value))
    }
}

impl StalledRow {
    /// The stages in the order given; those that are not named there are left out. Stages with fewer than `min_responses` stays are
    /// hidden, and so are counts of fewer.
    ///
    /// # Errors
    /// As [`Suppression::table`].
    pub fn new<'a>(
        found: &Stalled,
        outcomes: &[String],
        order: impl IntoIterator<Item = &'a str>,
        min_responses: u64,
    ) -> Result<Self, CoreError> {
        let quantile = found.stages.first().map_or(0.9, |stage| stage.limit_seconds.probability.get());
        let (mut stages, mut hidden) = (Vec::new(), Vec::new());
        for stage in order.into_iter().filter_map(|name| found.stages.iter().find(|stage| stage.stage == name)) {
            let mut document = Suppression::new(min_responses);
            let stays = document.total(stage.stays);
            let parts = document.table(stays, &[stage.left, stage.stalled])?;
            let decided = document.decide();
            if decided.of(stays).is_err() {
                hidden.push(stage.stage.clone());
                continue;
            }
            let mut row = StageLimitRow::from(stage);
            if parts.into_iter().any(|part| decided.of(part).is_err()) {
                (row.left, row.stalled) = (Err(HIDDEN.into()), Err(HIDDEN.into()));
            }
            stages.push(row);
        }
        Ok(Self { quantile, outcomes: outcomes.to_vec(), stages, hidden })
    }

    fn check(&self) -> Result<(), Error> {
        share("quantile", self.quantile)?;
        self.stages.iter().try_for_each(|row| {
            each([("limit_seconds", &row.limit_seconds), ("lower", &row.lower), ("upper", &row.upper)], at_least_zero)
        })
    }
}

impl From<&StageLimit> for StageLimitRow {
    fn from(row: &StageLimit) -> Self {
        Self {
            stage: row.stage.clone(),
            stays: row.stays,
            left: Ok(row.left),
            limit_seconds: quantity::of(row.limit_seconds.time),
            lower: quantity::of(row.limit_seconds.lower),
            upper: quantity::of(row.limit_seconds.upper),
            stalled: Ok(row.stalled),
        }
    }
}
