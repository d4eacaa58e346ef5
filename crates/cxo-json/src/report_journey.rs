//! The part of a report that is about the journey: its stages, where it loses customers, how it is rated on the way, and which
//! bad passages go with lost outcomes.

use std::borrow::Cow;

use cxo_core::{
    Absent, Confidence, Error as CoreError, Estimate,
    experience::{Consistency, HotSpot, HotSpots, JoinCounts, TouchpointConsistency},
    journey::{FunnelPassage, Journeys, RepeatContacts, Rework},
    stalled::{StageLimit, Stalled},
};
use serde::{Deserialize, Serialize};

use crate::{
    CesRow, CsatRow, Entry, Error, ExpectedRow, FunnelRow, FunnelStepRow, LogRow, MetricDocument, NpsRow, PathsRow,
    Quantity,
    journey::{NO_WINDOW, OBSERVATIONAL, each},
    quantity::{self, at_least_zero, share},
};

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
    /// Journeys that begin here.
    pub begins: u64,
    /// How many of those who come here get to the next stage later: the second step of a funnel of two; absent of the last stage.
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
    /// The touchpoints, those with the greatest lower bound first.
    pub touchpoints: Vec<ReportHotSpotRow>,
    /// Touchpoints with too few ratings to be shown.
    pub hidden: Vec<String>,
    /// Touchpoints without any rating.
    pub unrated: Vec<String>,
}

/// One touchpoint with every factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportHotSpotRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that pass it.
    pub passes: u64,
    /// Those of them that rate it.
    pub rated: u64,
    /// Rated / passes.
    pub coverage: f64,
    /// The share of the ratings that is bad.
    pub bad_share: f64,
    /// Passes times that share.
    pub bad_passes: f64,
    /// The share of good passes that the outcome follows, within strata, or why it is not known.
    #[serde(flatten, with = "quantity::good_rate")]
    pub good_rate: Quantity,
    /// That of bad passes, within the same strata, or why it is not known.
    #[serde(flatten, with = "quantity::bad_rate")]
    pub bad_rate: Quantity,
    /// Good minus bad, or why there is none.
    #[serde(flatten, with = "quantity::difference")]
    pub difference: Quantity<ExpectedRow>,
    /// Bad passes times the difference: outcomes that go with them, or why they are not known.
    #[serde(flatten, with = "quantity::hot_spot_outcomes")]
    pub outcomes: Quantity<ExpectedRow>,
    /// The share of the ratings that lies in strata with good and bad ones.
    pub covered: f64,
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
    /// Touchpoints with ratings in at least two channels, by the bytes of the name.
    pub touchpoints: Vec<ReportChannelsRow>,
}

/// The channels of one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportChannelsRow {
    /// Its name.
    pub touchpoint: String,
    /// consistent, inconsistent or undecided at the margin.
    pub verdict: String,
    /// The channels, the best first; empty where one is too small to be shown.
    pub channels: Vec<ReportChannelRow>,
    /// The share of the ratings whose channel is large enough to take part.
    pub covered: f64,
    /// The greatest mean minus the least, in score points, or why there is none.
    #[serde(flatten, with = "quantity::channel_range")]
    pub range: Quantity<ExpectedRow>,
    /// The standard deviation between channels without sampling error, in score points, or why there is none.
    #[serde(flatten, with = "quantity::channel_between")]
    pub between: Quantity<ExpectedRow>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportChannelRow {
    /// Its name.
    pub channel: String,
    /// Ratings.
    pub ratings: u64,
    /// Their mean.
    pub mean: ExpectedRow,
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
    pub share: ExpectedRow,
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
    pub share: ExpectedRow,
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
}

/// How long journeys stay in one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageLimitRow {
    /// Its name.
    pub stage: String,
    /// Stays.
    pub stays: u64,
    /// Those that ended.
    pub left: u64,
    /// The time by which the share of `quantile` has left, or why it is not known.
    #[serde(flatten, with = "quantity::limit_seconds")]
    pub limit_seconds: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
    /// Open stays beyond it.
    pub stalled: u64,
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
        for spot in self.hot_spots.as_ref().map_or(&[][..], |found| found.touchpoints.as_slice()) {
            spot.check()?;
        }
        if let Ok(found) = &self.consistency {
            at_least_zero("margin", found.margin)?;
            found.touchpoints.iter().try_for_each(|row| share("covered", row.covered))?;
        }
        self.repeats.check()?;
        self.stalled.as_ref().map_or(Ok(()), StalledRow::check)
    }
}

impl JourneyFunnelRow {
    /// A passage over stages or touchpoints.
    #[must_use]
    pub fn new(over: &str, passage: &FunnelPassage, confidence: Confidence) -> Self {
        Self {
            over: over.to_owned(),
            definition: passage.definition.name().to_owned(),
            window_seconds: passage.window_seconds.ok_or_else(|| NO_WINDOW.into()),
            confidence,
            all: FunnelRow::from(passage),
        }
    }
}

impl JourneyScoresRow {
    /// The answers of one metric by stage and by touchpoint; `None` where it has none.
    #[must_use]
    pub fn of(metric: &MetricDocument) -> Option<Self> {
        let (name, scale, [stages, touchpoints]) = match metric {
            MetricDocument::Nps(card) => ("nps", &card.scale, parts(card, ScoreRow::nps)),
            MetricDocument::Csat(card) => ("csat", &card.scale, parts(card, ScoreRow::csat)),
            MetricDocument::Ces(card) => ("ces", &card.scale, parts(card, ScoreRow::ces)),
        };
        let some = !stages.is_empty() || !touchpoints.is_empty();
        some.then(|| Self { metric: name.to_owned(), scale: scale.clone(), stages, touchpoints })
    }

    /// The touchpoints whose score is shown.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let shown = self.touchpoints.iter().filter(|entry| entry.outcome.is_ok());
        shown.filter_map(|entry| entry.segment.as_deref())
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

fn estimate(found: &Result<Estimate, Absent>) -> Quantity<ExpectedRow> {
    quantity::of(found.as_ref().map(ExpectedRow::from).map_err(|why| *why))
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
            bad: format!("{}-{}", found.bad.from(), found.bad.to()),
            adjusted_for: found.adjusted_for.iter().map(|name| (*name).to_owned()).collect(),
            resamples: found.replicates,
            seed: found.seed.0,
            join,
            touchpoints: seen.into_iter().map(ReportHotSpotRow::from).collect(),
            hidden,
            unrated: found.unrated.clone(),
        }
    }
}

impl From<&HotSpot> for ReportHotSpotRow {
    fn from(spot: &HotSpot) -> Self {
        Self {
            touchpoint: spot.touchpoint.clone(),
            passes: spot.passes,
            rated: spot.rated,
            coverage: spot.coverage,
            bad_share: spot.bad_share,
            bad_passes: spot.bad_passes,
            good_rate: quantity::of(spot.good_rate),
            bad_rate: quantity::of(spot.bad_rate),
            difference: estimate(&spot.difference),
            outcomes: estimate(&spot.outcomes),
            covered: spot.covered,
        }
    }
}

impl ReportHotSpotRow {
    fn check(&self) -> Result<(), Error> {
        share("coverage", self.coverage)?;
        share("bad_share", self.bad_share)?;
        share("covered", self.covered)?;
        at_least_zero("bad_passes", self.bad_passes)?;
        each([("good_rate", &self.good_rate), ("bad_rate", &self.bad_rate)], share)
    }
}

impl ReportConsistencyRow {
    /// The document's form. Touchpoints of which `shown` is false are left out.
    #[must_use]
    pub fn new(found: &Consistency, [metric, scale]: [&str; 2], shown: impl Fn(&str) -> bool) -> Self {
        let rows = found.touchpoints.iter().filter(|row| shown(&row.touchpoint));
        Self {
            metric: metric.to_owned(),
            scale: scale.to_owned(),
            margin: found.margin,
            touchpoints: rows.map(ReportChannelsRow::from).collect(),
        }
    }
}

impl From<&TouchpointConsistency> for ReportChannelsRow {
    fn from(row: &TouchpointConsistency) -> Self {
        // The total is shown elsewhere: with all other means it would tell that of a channel that is too small.
        let mut channels: Vec<_> = row.channels.iter().filter(|_| row.covered >= 1.0).collect();
        channels.sort_by(|a, b| b.mean.value.total_cmp(&a.mean.value));
        let mean = |channel: &cxo_core::experience::ChannelMean| ReportChannelRow {
            channel: channel.channel.clone(),
            ratings: channel.ratings,
            mean: ExpectedRow::from(&channel.mean),
        };
        Self {
            touchpoint: row.touchpoint.clone(),
            verdict: row.verdict.name().to_owned(),
            channels: channels.into_iter().map(mean).collect(),
            covered: row.covered,
            range: estimate(&row.range),
            between: estimate(&row.between),
        }
    }
}

impl RepeatsRow {
    /// The touchpoints that are most surely repeated, at most `most` of each kind; those that nobody repeats, or whose numbers are
    /// below `fewest`, are left out.
    #[must_use]
    pub fn new(window: f64, contacts: &[RepeatContacts], rework: &[Rework], most: usize, fewest: u64) -> Self {
        let lower = |row: &ExpectedRow| row.interval.as_ref().map_or(row.value, |interval| interval.lower);
        let repeated = |row: &RepeatContacts| RepeatContactsRow {
            touchpoint: row.touchpoint.clone(),
            contacts: row.contacts,
            repeated: row.repeated,
            share: row.share.as_ref().map_or_else(|_| ExpectedRow::zero(), ExpectedRow::from),
        };
        let enough = |count: u64| count > 0 && count >= fewest;
        let mut of_contacts: Vec<_> = contacts.iter().filter(|row| enough(row.repeated)).map(repeated).collect();
        of_contacts.sort_by(|a, b| lower(&b.share).total_cmp(&lower(&a.share)));
        of_contacts.truncate(most);
        let again = |row: &Rework| ReworkRow {
            touchpoint: row.touchpoint.clone(),
            journeys: row.journeys,
            reworked: row.reworked,
            share: ExpectedRow::from(&row.share),
        };
        let mut of_journeys: Vec<_> = rework.iter().filter(|row| enough(row.reworked)).map(again).collect();
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
    /// The stages in the order given; those that are not named there are left out.
    #[must_use]
    pub fn new<'a>(found: &Stalled, outcomes: &[String], order: impl IntoIterator<Item = &'a str>) -> Self {
        let limit = |name: &str| found.stages.iter().find(|stage| stage.stage == name).map(StageLimitRow::from);
        let quantile = found.stages.first().map_or(0.9, |stage| stage.limit_seconds.probability.get());
        Self { quantile, outcomes: outcomes.to_vec(), stages: order.into_iter().filter_map(limit).collect() }
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
            left: row.left,
            limit_seconds: quantity::of(row.limit_seconds.time),
            lower: quantity::of(row.limit_seconds.lower),
            upper: quantity::of(row.limit_seconds.upper),
            stalled: row.stalled,
        }
    }
}
