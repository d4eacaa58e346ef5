//! The document of the experience on the journey: `cxo.journey-hotspots`.

use std::borrow::Cow;

use cxo_core::{
    Absent, Confidence, Estimate,
    domain::LoadReport,
    experience::{
        Consistency, HotSpot, HotSpots, JoinCounts, JourneyRatings, MomentOfTruth, MomentsOfTruth, OverallExperience,
    },
    stats::suppression::Suppressed,
};
use serde::{Deserialize, Serialize};

use crate::{
    ConsistencyRow, DifferenceRow, Document, EmotionCurveRow, Entry, Error, EstimateRow, LogRow, PathScoresRow,
    Quantity, SwitchesRow,
    journey::{OBSERVATIONAL, check_all, each},
    quantity::{self, at_least_zero, share, within},
};

/// `cxo.journey-hotspots`: where bad ratings, traffic and outcomes meet, and how the journey is rated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyHotspotsDocument {
    /// What was asked.
    #[serde(flatten)]
    pub question: HotspotsQuestion,
    /// All journeys.
    #[serde(flatten)]
    pub all: HotspotsRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<HotspotsRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// What was asked of all journeys and of each segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotspotsQuestion {
    /// The touchpoints that are the outcome.
    pub outcomes: Vec<String>,
    /// Whether it is wanted or unwanted.
    pub outcome_kind: String,
    /// The silence after which a journey without outcome is lost; absent where every one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<f64>,
    /// The file that the ratings come from; absent where the log has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackRow>,
    /// The scale of the ratings, such as `1-5`.
    pub scale: String,
    /// The ratings of a bad pass.
    pub bad_ratings: String,
    /// The ratings of a good pass; those between are neither.
    pub good_ratings: String,
    /// What is held alike where good and bad passes are compared.
    pub adjusted_for: Vec<String>,
    /// Touchpoints that are surveys of the one before them.
    pub surveys: Vec<String>,
    /// Touchpoints that are surveys of the journey before them.
    pub journey_surveys: Vec<String>,
    /// How long after a touchpoint a survey still tells of it.
    pub window_seconds: f64,
    /// Score points within which channels are the same.
    pub margin: f64,
    /// Resamples of customers; 0 for no intervals of associations.
    pub resamples: u32,
    /// Where they begin.
    pub seed: u64,
    /// The fewest ratings with which a part is shown.
    pub min_responses: u64,
    /// The level of all intervals.
    pub confidence: Confidence,
}

/// A file of feedback whose ratings were joined to the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedbackRow {
    /// The file.
    pub file: String,
    /// The question: nps, csat or ces.
    pub metric: String,
    /// What happened to its rows.
    pub load: LoadReport,
}

/// The experience on some journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotspotsRow {
    /// Journeys with a touchpoint that is no survey.
    pub journeys: u64,
    /// Touchpoints of all of them, surveys left out.
    pub passes: u64,
    /// What became of the ratings.
    pub ratings: RatingsRow,
    /// Journeys against their touchpoints.
    pub journey_experience: JourneyExperienceRow,
    /// Touchpoints by the outcomes associated with their bad passes: the greatest lower bound first.
    pub hotspots: Vec<HotspotRow>,
    /// Touchpoints that are hidden to protect small groups.
    pub hidden: Vec<String>,
    /// Touchpoints without any rating.
    pub unrated: Vec<String>,
    /// Touchpoints whose ratings are all of passes that the outcome may still follow.
    pub undecided: Vec<String>,
    /// Passes left out of associations because the outcome may still follow.
    pub open_passes: u64,
    /// Journeys without outcome that may still come to it.
    pub open_journeys: u64,
    /// Whether these are more than 5 % of all: then the answers are biased towards quick endings.
    pub biased: bool,
    /// Touchpoints by how much a good or a bad pass is associated with the outcome.
    pub moments_of_truth: Vec<MomentRow>,
    /// Scores by touchpoint, and by stage and channel where these are known; or why there are none.
    #[serde(flatten, with = "quantity::path_scores")]
    pub scores: Quantity<PathScoresRow>,
    /// The mean rating of each stage, or why there is none.
    #[serde(flatten, with = "quantity::emotion_curve")]
    pub emotion_curve: Quantity<EmotionCurveRow>,
    /// How alike channels are at each touchpoint, or why that is not known.
    #[serde(flatten, with = "quantity::consistency")]
    pub consistency: Quantity<Vec<ConsistencyRow>>,
    /// Switches of channel and the outcome, or why these are not known.
    #[serde(flatten, with = "quantity::switches")]
    pub switches: Quantity<SwitchesRow>,
}

/// What became of the ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingsRow {
    /// All of them.
    pub given: u64,
    /// Those on the record of their touchpoint.
    pub on_touchpoint: u64,
    /// Those of surveys, joined to the touchpoint before.
    pub after_touchpoint: u64,
    /// Those of surveys of the journey, joined to it.
    pub of_journey: u64,
    /// Those that no touchpoint precedes within the window, left out.
    pub unattached: u64,
    /// Those of which another counts for the same touchpoint or journey, left out.
    pub superseded: u64,
}

impl From<JoinCounts> for RatingsRow {
    fn from(counts: JoinCounts) -> Self {
        Self {
            given: counts.ratings,
            on_touchpoint: counts.on_touchpoint,
            after_touchpoint: counts.after_touchpoint,
            of_journey: counts.of_journey,
            unattached: counts.unattached,
            superseded: counts.superseded,
        }
    }
}

/// Is the journey as good as its touchpoints?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyExperienceRow {
    /// The share of the rated passes that is not rated badly, or why it is not shown.
    #[serde(flatten, with = "quantity::good_passes")]
    pub good_passes: Quantity<EstimateRow>,
    /// The share of the journeys with a rated pass in which none is rated badly, or why it is not shown.
    #[serde(flatten, with = "quantity::good_journeys")]
    pub good_journeys: Quantity<EstimateRow>,
    /// Ratings of journeys as a whole against those of their touchpoints, or why there are none.
    #[serde(flatten, with = "quantity::journey_ratings")]
    pub journey_ratings: Quantity<JourneyRatingsRow>,
}

/// Journeys that are rated as a whole and of which a pass is rated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyRatingsRow {
    /// How many.
    pub journeys: u64,
    /// The mean rating of the journey.
    pub journey_mean: EstimateRow,
    /// The mean over journeys of the average rating of their touchpoints.
    pub touchpoint_mean: EstimateRow,
    /// Journey minus the average of its touchpoints, paired.
    pub difference: DifferenceRow,
    /// Journeys without a badly rated pass.
    pub good_throughout: u64,
    /// Those of them that are rated badly as a whole.
    pub good_throughout_but_bad: u64,
}

impl From<&OverallExperience> for JourneyExperienceRow {
    fn from(overall: &OverallExperience) -> Self {
        let rated = |ratings: &JourneyRatings| JourneyRatingsRow {
            journeys: ratings.journeys,
            journey_mean: EstimateRow::from(&ratings.journey_mean),
            touchpoint_mean: EstimateRow::from(&ratings.touchpoint_mean),
            difference: DifferenceRow::from(&ratings.difference),
            good_throughout: ratings.good_throughout,
            good_throughout_but_bad: ratings.good_throughout_but_bad,
        };
        let share = |of: &Result<Estimate, Suppressed>| of.as_ref().map(EstimateRow::from).map_err(|why| hidden(*why));
        Self {
            good_passes: share(&overall.good_passes),
            good_journeys: share(&overall.good_journeys),
            journey_ratings: match &overall.journeys {
                Ok(ratings) => quantity::of(ratings.as_ref().map(rated).map_err(|why| *why)),
                Err(why) => Err(hidden(*why)),
            },
        }
    }
}

/// One touchpoint with every factor of its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HotspotRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that pass it.
    pub passes: u64,
    /// Those of them that rate it.
    pub rated: u64,
    /// Rated / passes.
    pub coverage: f64,
    /// Those that rate it badly.
    pub bad: u64,
    /// Bad / rated.
    pub bad_share: f64,
    /// Passes × bad share.
    pub bad_passes: f64,
    /// The share with the outcome after a pass that is not bad, among those that are alike; or why there is none.
    #[serde(flatten, with = "quantity::good_rate")]
    pub good_rate: Quantity,
    /// The same after a bad pass.
    #[serde(flatten, with = "quantity::bad_rate")]
    pub bad_rate: Quantity,
    /// Good rate minus bad rate, the other way round for an unwanted outcome: above 0 where bad passes end worse.
    #[serde(flatten, with = "quantity::estimated_difference")]
    pub difference: Quantity<EstimateRow>,
    /// The same with nothing held alike.
    #[serde(flatten, with = "quantity::crude_difference")]
    pub crude_difference: Quantity,
    /// Groups of alike passes with good and bad ones.
    #[serde(flatten, with = "quantity::compared_strata")]
    pub compared_strata: Quantity<u64>,
    /// All groups of alike passes with rated ones.
    #[serde(flatten, with = "quantity::strata")]
    pub strata: Quantity<u64>,
    /// The share of the rated passes that lies in the compared groups.
    #[serde(flatten, with = "quantity::covered")]
    pub covered: Quantity,
    /// Bad passes × difference: outcomes associated with the bad passes, or why there are none.
    #[serde(flatten, with = "quantity::associated_outcomes")]
    pub associated_outcomes: Quantity<EstimateRow>,
}

pub(crate) fn hidden(why: Suppressed) -> Cow<'static, str> {
    Cow::Borrowed(why.reason())
}

pub(crate) fn estimate(of: &Result<Estimate, Absent>) -> Quantity<EstimateRow> {
    quantity::of(of.as_ref().map(EstimateRow::from).map_err(|why| *why))
}

impl From<&HotSpot> for HotspotRow {
    fn from(spot: &HotSpot) -> Self {
        Self {
            touchpoint: spot.touchpoint.clone(),
            passes: spot.passes,
            rated: spot.rated,
            coverage: spot.coverage,
            bad: spot.bad,
            bad_share: spot.bad_share,
            bad_passes: spot.bad_passes,
            good_rate: quantity::of(spot.good_rate),
            bad_rate: quantity::of(spot.bad_rate),
            difference: estimate(&spot.difference),
            crude_difference: quantity::of(spot.crude_difference),
            compared_strata: spot.strata.map(|strata| strata.compared).map_err(hidden),
            strata: spot.strata.map(|strata| strata.all).map_err(hidden),
            covered: spot.strata.map(|strata| strata.covered).map_err(hidden),
            associated_outcomes: estimate(&spot.outcomes),
        }
    }
}

impl HotspotRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        share("coverage", self.coverage)?;
        share("bad_share", self.bad_share)?;
        each([("covered", &self.covered)], share)?;
        at_least_zero("bad_passes", self.bad_passes)?;
        each([("good_rate", &self.good_rate), ("bad_rate", &self.bad_rate)], share)?;
        difference("difference", &self.difference)?;
        each([("crude_difference", &self.crude_difference)], signed_share)
    }
}

/// How much a good or a bad pass of one touchpoint is associated with the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MomentRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that rate it.
    pub rated: u64,
    /// The share with the outcome after a good pass minus that after the other rated ones, or why there is none.
    #[serde(flatten, with = "quantity::good")]
    pub good: Quantity<EstimateRow>,
    /// Its p-value, adjusted for the number of comparisons by holm.
    #[serde(flatten, with = "quantity::good_p_value")]
    pub good_p_value: Quantity,
    /// The same of a bad pass.
    #[serde(flatten, with = "quantity::bad")]
    pub bad: Quantity<EstimateRow>,
    /// Its p-value, adjusted likewise.
    #[serde(flatten, with = "quantity::bad_p_value")]
    pub bad_p_value: Quantity,
}

impl From<&MomentOfTruth> for MomentRow {
    fn from(moment: &MomentOfTruth) -> Self {
        Self {
            touchpoint: moment.touchpoint.clone(),
            rated: moment.rated,
            good: estimate(&moment.good),
            good_p_value: quantity::of(moment.good_p),
            bad: estimate(&moment.bad),
            bad_p_value: quantity::of(moment.bad_p),
        }
    }
}

impl HotspotsRow {
    /// The row of hot spots and moments of truth; sections that need more columns say that they are not there.
    #[must_use]
    pub fn new(
        (journeys, passes, counts): (u64, u64, JoinCounts),
        overall: &OverallExperience,
        spots: &HotSpots,
        moments: &MomentsOfTruth,
    ) -> Self {
        let absent = || Cow::Borrowed(Absent::NotAsked.reason());
        Self {
            journeys,
            passes,
            ratings: RatingsRow::from(counts),
            journey_experience: JourneyExperienceRow::from(overall),
            hotspots: spots.spots.iter().map(HotspotRow::from).collect(),
            hidden: spots.hidden.clone(),
            unrated: spots.unrated.clone(),
            undecided: spots.undecided.clone(),
            open_passes: spots.open,
            open_journeys: spots.open_journeys,
            biased: spots.biased,
            moments_of_truth: moments.moments.iter().map(MomentRow::from).collect(),
            scores: Err(absent()),
            emotion_curve: Err(absent()),
            consistency: Err(absent()),
            switches: Err(absent()),
        }
    }

    /// The rows of a consistency.
    #[must_use]
    pub fn consistency_rows(found: &Consistency) -> Vec<ConsistencyRow> {
        found.touchpoints.iter().map(ConsistencyRow::from).collect()
    }

    fn check(&self) -> Result<(), Error> {
        let good = &self.journey_experience;
        for (key, of) in [("good_passes", &good.good_passes), ("good_journeys", &good.good_journeys)] {
            of.as_ref().map_or(Ok(()), |of| of.check(key, [0.0, 1.0], "0 to 1"))?;
        }
        self.hotspots.iter().try_for_each(HotspotRow::check)?;
        for moment in &self.moments_of_truth {
            difference("good", &moment.good)?;
            difference("bad", &moment.bad)?;
            each([("good_p_value", &moment.good_p_value), ("bad_p_value", &moment.bad_p_value)], share)?;
        }
        let scores = self.scores.as_ref().into_iter().flat_map(|scores| &scores.by).flat_map(|by| &by.results);
        for rated in scores.filter_map(|row| row.score.as_ref().ok()) {
            share("coverage", rated.coverage)?;
        }
        self.consistency.as_ref().into_iter().flatten().try_for_each(ConsistencyRow::check)?;
        let switches = self.switches.as_ref().into_iter();
        switches.flat_map(|found| std::iter::once(&found.all).chain(&found.touchpoints)).try_for_each(|row| {
            difference("across", &row.across)?;
            difference("within", &row.within)
        })
    }
}

fn signed_share(key: &'static str, value: f64) -> Result<(), Error> {
    within(key, value, [-1.0, 1.0], "-1 to 1")
}

fn difference(key: &'static str, of: &Quantity<EstimateRow>) -> Result<(), Error> {
    of.as_ref().map_or(Ok(()), |of| of.check(key, [-1.0, 1.0], "-1 to 1"))
}

impl JourneyHotspotsDocument {
    /// The document of all journeys; segments are the caller's to add.
    #[must_use]
    pub fn new(question: HotspotsQuestion, all: HotspotsRow, log: LogRow, load: LoadReport) -> Self {
        Self { question, all, segments: None, evidence: OBSERVATIONAL.to_owned(), log, load }
    }
}

impl Document for JourneyHotspotsDocument {
    const FORMAT: &'static str = "cxo.journey-hotspots";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        self.question.silence_seconds.map_or(Ok(()), |silence| at_least_zero("silence_seconds", silence))?;
        at_least_zero("window_seconds", self.question.window_seconds)?;
        at_least_zero("margin", self.question.margin)?;
        check_all(&self.all, self.segments.as_ref(), HotspotsRow::check)
    }
}
