//! What is a good ending, a bad rating, a comparable pass? The declarations that all comparisons of this module share. Stateless.

use std::collections::BTreeMap;
use std::fmt;

use super::join::{Experience, RatedJourney, numbers};
use crate::domain::Scale;
use crate::journey::{OpenJourneys, Text};
use crate::survey::{Csat, RatingBox};
use crate::{Confidence, Error, Seed};

/// How far a result can carry a claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Evidence {
    /// Observed, not assigned at random: who rates badly differs from who does not in more than the rating.
    #[default]
    Observational,
}

impl Evidence {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observational => "observational",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether an outcome is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum OutcomeKind {
    /// A conversion, a renewal.
    #[default]
    Wanted,
    /// A cancellation, an abandoned cart, an unsubscribe.
    Unwanted,
}

impl OutcomeKind {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Unwanted => "unwanted",
        }
    }

    /// 1, or -1 where less is better.
    pub(super) const fn sign(self) -> f64 {
        match self {
            Self::Wanted => 1.0,
            Self::Unwanted => -1.0,
        }
    }
}

impl fmt::Display for OutcomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The touchpoints that are the outcome, whether it is wanted, and what of journeys that have not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathOutcome {
    pub(super) touchpoints: Vec<String>,
    pub(super) kind: OutcomeKind,
    pub(super) open: OpenJourneys,
}

impl PathOutcome {
    /// Any of these touchpoints, wanted or not; journeys without one are lost.
    pub fn new<S: Into<String>>(touchpoints: impl IntoIterator<Item = S>, kind: OutcomeKind) -> Self {
        let touchpoints = touchpoints.into_iter().map(Into::into).collect();
        Self { touchpoints, kind, open: OpenJourneys::Lost }
    }

    /// What becomes of passes that no outcome follows in a journey that may go on.
    #[must_use]
    pub fn open(self, open: OpenJourneys) -> Self {
        Self { open, ..self }
    }

    pub(super) fn resolve(&self, experience: &Experience<'_>) -> Result<Outcomes, Error> {
        if self.touchpoints.is_empty() {
            return Err(Error::no_data("touchpoints that are outcomes"));
        }
        let numbers = numbers(experience.journeys, &self.touchpoints, "outcome")?;
        let journeys = experience.journeys;
        let open = journeys.iter().map(|journey| journeys.is_open(&journey, self.open)).collect();
        Ok(Outcomes { numbers, open })
    }
}

/// The same by number.
pub(super) struct Outcomes {
    numbers: Vec<u32>,
    /// Of each journey of the log whether it may go on.
    open: Vec<bool>,
}

impl Outcomes {
    pub(super) fn is_outcome(&self, step: u32) -> bool {
        self.numbers.contains(&step)
    }

    /// The place of the last outcome, and whether the journey may go on.
    pub(super) fn of(&self, journey: &RatedJourney<'_>) -> Ending {
        let last = journey.passes.iter().rposition(|pass| self.is_outcome(pass.step));
        Ending { last, open: self.open.get(journey.source).copied().unwrap_or_default() }
    }
}

/// How a journey ends.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    last: Option<usize>,
    open: bool,
}

impl Ending {
    /// Whether an outcome follows the pass in this place; none where that may still come.
    pub(super) fn after(self, place: usize) -> Option<bool> {
        match self.last {
            Some(last) if last > place => Some(true),
            _ if self.open => None,
            _ => Some(false),
        }
    }

    /// Whether the journey has the outcome; none where that may still come.
    pub(super) const fn anywhere(self) -> Option<bool> {
        match (self.last, self.open) {
            (Some(_), _) => Some(true),
            (None, true) => None,
            (None, false) => Some(false),
        }
    }
}

/// Into which segment a pass belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SegmentBy {
    /// All into one.
    #[default]
    Nothing,
    /// By the channel of the record.
    Channel,
    /// By the device of the record.
    Device,
    /// By the customer: his segment; customers without one are a segment of their own.
    Customer(BTreeMap<String, String>),
}

impl SegmentBy {
    /// The segment of each pass by number; 0 is none.
    pub(super) fn numbers(&self, experience: &Experience<'_>) -> Vec<u32> {
        let column = |column: super::join::Column<'_>| {
            column.ids.into_iter().map(|id| id.map_or(0, |id| id.saturating_add(1))).collect()
        };
        match self {
            Self::Nothing => vec![0; experience.passes()],
            Self::Channel => column(experience.column(Text::Channel)),
            Self::Device => column(experience.column(Text::Device)),
            Self::Customer(segments) => {
                let mut names: Vec<&str> = segments.values().map(String::as_str).collect();
                names.sort_unstable();
                names.dedup();
                let number = |customer: u32| {
                    let segment = experience.journeys.customer(customer).and_then(|name| segments.get(name));
                    let place = segment.and_then(|segment| names.binary_search(&segment.as_str()).ok());
                    place.map_or(0, |place| u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1))
                };
                let journeys = experience.iter();
                journeys
                    .flat_map(|journey| std::iter::repeat_n(number(journey.customer), journey.passes.len()))
                    .collect()
            }
        }
    }
}

/// Within what passes of one touchpoint are compared. The default is the stage and the touchpoint before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    stage: bool,
    preceding: usize,
    segment: SegmentBy,
}

impl Default for Adjustment {
    fn default() -> Self {
        Self { stage: true, preceding: 1, segment: SegmentBy::Nothing }
    }
}

impl Adjustment {
    /// Within nothing: all passes of a touchpoint with each other.
    #[must_use]
    pub const fn none() -> Self {
        Self { stage: false, preceding: 0, segment: SegmentBy::Nothing }
    }

    /// Within the segment, too.
    #[must_use]
    pub fn segment(self, segment: SegmentBy) -> Self {
        Self { segment, ..self }
    }

    /// Within so many touchpoints before; 1 unless set.
    #[must_use]
    pub const fn preceding(mut self, touchpoints: usize) -> Self {
        self.preceding = touchpoints;
        self
    }

    /// What is held alike, in words.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let segment = match self.segment {
            SegmentBy::Nothing => None,
            SegmentBy::Channel => Some("channel"),
            SegmentBy::Device => Some("device"),
            SegmentBy::Customer(_) => Some("segment"),
        };
        [self.stage.then_some("stage"), (self.preceding > 0).then_some("preceding touchpoint"), segment]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The stratum of each pass by number: those of one number are alike in everything named, and in the touchpoint.
    pub(super) fn strata(&self, experience: &Experience<'_>) -> Vec<u32> {
        let segments = self.segment.numbers(experience);
        let stages = self.stage.then(|| experience.column(Text::Stage));
        let mut numbers: BTreeMap<(Vec<u32>, u32, u32), u32> = BTreeMap::new();
        let mut strata = Vec::with_capacity(experience.passes());
        for journey in experience.iter() {
            for place in 0..journey.passes.len() {
                let at = strata.len();
                let from = place.saturating_sub(self.preceding);
                // The steps up to and with this one; fewer near the start, which is a path of its own.
                let path = journey.passes.get(from..=place).unwrap_or_default();
                let path = path.iter().map(|pass| pass.step).collect();
                let stage = stages.as_ref().and_then(|stages| stages.get(at)).map_or(0, |id| id.saturating_add(1));
                let key = (path, stage, segments.get(at).copied().unwrap_or_default());
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                strata.push(*numbers.entry(key).or_insert(next));
            }
        }
        strata
    }
}

/// The question: which outcome, which ratings are bad, within what passes are compared, and how often customers are resampled.
#[derive(Debug, Clone, PartialEq)]
pub struct AssociationOptions {
    pub(super) outcome: PathOutcome,
    bad: Option<RatingBox>,
    pub(super) adjustment: Adjustment,
    pub(super) confidence: Confidence,
    pub(super) replicates: u32,
    pub(super) seed: Seed,
    pub(super) min_responses: u64,
}

impl AssociationOptions {
    /// For this outcome; 1,000 resamples, 95 %, every touchpoint with a rating shown.
    #[must_use]
    pub fn new(outcome: PathOutcome) -> Self {
        Self {
            outcome,
            bad: None,
            adjustment: Adjustment::default(),
            confidence: Confidence::default(),
            replicates: 1_000,
            seed: Seed::default(),
            min_responses: 1,
        }
    }

    /// The ratings that are bad: below the limit. Unless set those of detractors on 0-10, on other scales the mirror image of
    /// what CSAT counts as satisfied (1-2 on 1-5).
    #[must_use]
    pub const fn bad(mut self, bad: RatingBox) -> Self {
        self.bad = Some(bad);
        self
    }

    /// Within what passes of a touchpoint are compared.
    #[must_use]
    pub fn adjustment(self, adjustment: Adjustment) -> Self {
        Self { adjustment, ..self }
    }

    /// The level of the intervals.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// How often customers are resampled, and from which seed; 0 for no intervals.
    #[must_use]
    pub const fn resamples(mut self, replicates: u32, seed: Seed) -> Self {
        self.replicates = replicates;
        self.seed = seed;
        self
    }

    /// The fewest ratings with which a touchpoint is shown.
    #[must_use]
    pub const fn min_responses(mut self, min_responses: u64) -> Self {
        self.min_responses = min_responses;
        self
    }

    pub(super) fn bad_of(&self, experience: &Experience<'_>) -> Result<RatingBox, Error> {
        self.bad.map_or_else(|| bad_ratings(experience.scale), Ok)
    }
}

/// The ratings that are bad unless said otherwise: those of detractors on 0-10, else the mirror image of the satisfied ones.
pub(super) fn bad_ratings(scale: Scale) -> Result<RatingBox, Error> {
    if scale == Scale::NPS {
        return RatingBox::new(0, 6);
    }
    Csat::default().boxed(scale)?.1.mirrored(scale)
}
