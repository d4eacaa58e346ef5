//! Which touchpoint does each rating tell of? Journeys with every rating at the touchpoint that it followed. Stateless; borrowed
//! from the journeys and asked by every analysis of this module.

use crate::Error;
use crate::domain::{Rating, Scale};
use crate::journey::{Journeys, Text};

/// Seven days in microseconds.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;

/// How ratings are joined to the path.
///
/// A score on a record belongs to the touchpoint of that record. Records of the touchpoints named as surveys are no steps of
/// the path: their score belongs to the step before them, of the same customer, if that is no longer ago than the window (7 days
/// unless set, the bound included). So do those named as surveys of the journey, whose score belongs to the journey of that step
/// as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperienceOptions {
    scale: Scale,
    surveys: Vec<String>,
    journey_surveys: Vec<String>,
    window: i64,
}

impl ExperienceOptions {
    /// Ratings on this scale.
    #[must_use]
    pub const fn new(scale: Scale) -> Self {
        Self { scale, surveys: Vec::new(), journey_surveys: Vec::new(), window: WEEK }
    }

    /// The touchpoints that are surveys of the step before them.
    #[must_use]
    pub fn surveys<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.surveys = names.into_iter().map(Into::into).collect();
        self
    }

    /// The touchpoints that are surveys of the journey before them.
    #[must_use]
    pub fn journey_surveys<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.journey_surveys = names.into_iter().map(Into::into).collect();
        self
    }

    /// How long after a step a survey still tells of it, in microseconds.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a window below 0.
    pub fn window(self, micros: i64) -> Result<Self, Error> {
        if micros < 0 {
            return Err(Error::input("attribution window", micros, "0 microseconds or more"));
        }
        Ok(Self { window: micros, ..self })
    }
}

/// What became of the ratings of the log: none is lost silently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JoinCounts {
    /// Ratings in the journeys.
    pub ratings: u64,
    /// Those on the record of their touchpoint.
    pub on_touchpoint: u64,
    /// Those of surveys, joined to the step before.
    pub after_touchpoint: u64,
    /// Those of surveys of the journey, joined to it.
    pub of_journey: u64,
    /// Those that no step precedes within the window, left out.
    pub unattached: u64,
    /// Those of a step or a journey for which another counts, left out: a score on the record before one of a survey, and of
    /// several surveys the last.
    pub superseded: u64,
}

/// A step of a journey.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) step: u32,
    pub(super) time: i64,
    pub(super) row: u32,
    pub(super) rating: Option<Rating>,
    on_record: bool,
}

/// One journey without its surveys.
#[derive(Debug, Clone, Copy)]
pub(super) struct RatedJourney<'a> {
    pub(super) passes: &'a [Pass],
    pub(super) customer: u32,
    /// Its place among the journeys that it comes from.
    pub(super) source: usize,
    pub(super) rating: Option<Rating>,
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    end: usize,
    customer: u32,
    source: usize,
    rating: Option<Rating>,
}

/// Journeys with each rating at the touchpoint, and the journey, that it tells of.
///
/// ```
/// use cxo_core::{domain::{Scale, Timestamp}, experience::{Experience, ExperienceOptions}};
/// use cxo_core::journey::{Event, EventLog, JourneyOptions};
///
/// let mut log = EventLog::default();
/// log.add(&Event::new("ann", "delivery", Timestamp(0)))?;
/// log.add(&Event::new("ann", "survey", Timestamp(60_000_000)).score(2.0))?;
/// log.add(&Event::new("bob", "delivery", Timestamp(0)).score(5.0))?;
/// let journeys = log.journeys(&JourneyOptions::default())?;
/// let experience = Experience::new(&journeys, &ExperienceOptions::new(Scale::ONE_TO_FIVE).surveys(["survey"]))?;
/// let counts = experience.counts();
/// assert_eq!((experience.passes(), counts.on_touchpoint, counts.after_touchpoint), (2, 1, 1));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/journey-scores.md`.
#[derive(Debug, Clone)]
pub struct Experience<'a> {
    pub(super) journeys: &'a Journeys<'a>,
    pub(super) scale: Scale,
    passes: Vec<Pass>,
    owners: Vec<Owner>,
    counts: JoinCounts,
}

impl<'a> Experience<'a> {
    /// Joins the ratings of these journeys to their steps.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for a survey that no record has, and if every record is one;
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), with the row of the log, for a score that the scale does not have.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    pub fn new(journeys: &'a Journeys<'a>, options: &ExperienceOptions) -> Result<Self, Error> {
        let surveys = numbers(journeys, &options.surveys, "survey")?;
        let of_journey = numbers(journeys, &options.journey_surveys, "survey")?;
        let mut joined = Self {
            journeys,
            scale: options.scale,
            passes: Vec::with_capacity(journeys.events()),
            owners: Vec::with_capacity(journeys.len()),
            counts: JoinCounts::default(),
        };
        for (source, journey) in journeys.iter().enumerate() {
            for ((&step, &time), &row) in journey.steps.iter().zip(journey.times).zip(journey.rows) {
                let rating = joined.rating_of(row)?;
                joined.counts.ratings += u64::from(rating.is_some());
                if of_journey.contains(&step) {
                    joined.rate_journey(journey.customer, (time, options.window), rating);
                } else if surveys.contains(&step) {
                    joined.rate_step(journey.customer, (time, options.window), rating);
                } else {
                    joined.counts.on_touchpoint += u64::from(rating.is_some());
                    joined.passes.push(Pass { step, time, row, rating, on_record: rating.is_some() });
                    joined.own(journey.customer, source);
                }
            }
        }
        if joined.passes.is_empty() {
            return Err(Error::no_data("touchpoints that are no surveys"));
        }
        Ok(joined)
    }

    /// The last step belongs to this journey.
    fn own(&mut self, customer: u32, source: usize) {
        let end = self.passes.len();
        match self.owners.last_mut() {
            Some(owner) if owner.source == source => owner.end = end,
            _ => self.owners.push(Owner { end, customer, source, rating: None }),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "a whole number of this size is exact")]
    fn rating_of(&self, row: u32) -> Result<Option<Rating>, Error> {
        let Some(score) = self.journeys.log().get(row as usize).and_then(|event| event.score) else { return Ok(None) };
        let whole = (score.fract() == 0.0 && score.abs() < 1e9).then_some(score as i64);
        let allowed = || Error::input("score", score, format!("a whole number of {}", self.scale));
        let rating = whole.and_then(|value| Rating::new(value, self.scale).ok()).ok_or_else(allowed);
        rating.map(Some).map_err(|error| error.at_row(u64::from(row)))
    }

    /// The last step of the customer, if it is not longer ago than the window.
    fn last_step(&mut self, customer: u32, (time, window): (i64, i64)) -> Option<(&mut Pass, &mut Owner)> {
        let (pass, owner) = (self.passes.last_mut()?, self.owners.last_mut()?);
        (owner.customer == customer && time.saturating_sub(pass.time) <= window).then_some((pass, owner))
    }

    fn rate_step(&mut self, customer: u32, when: (i64, i64), rating: Option<Rating>) {
        let Some(rating) = rating else { return };
        let (attached, superseded) = match self.last_step(customer, when) {
            None => (false, false),
            Some((pass, _)) if pass.on_record => (false, true),
            Some((pass, _)) => (pass.rating.replace(rating).is_none(), true),
        };
        self.count(attached, superseded);
        self.counts.after_touchpoint += u64::from(attached);
    }

    fn rate_journey(&mut self, customer: u32, when: (i64, i64), rating: Option<Rating>) {
        let Some(rating) = rating else { return };
        let (attached, superseded) = match self.last_step(customer, when) {
            None => (false, false),
            Some((_, owner)) => (owner.rating.replace(rating).is_none(), true),
        };
        self.count(attached, superseded);
        self.counts.of_journey += u64::from(attached);
    }

    fn count(&mut self, attached: bool, superseded: bool) {
        match (attached, superseded) {
            (true, _) => {}
            (false, true) => self.counts.superseded += 1,
            (false, false) => self.counts.unattached += 1,
        }
    }

    /// The number of steps of all journeys, surveys left out.
    #[must_use]
    pub const fn passes(&self) -> usize {
        self.passes.len()
    }

    /// The number of journeys, at least 1; those that are nothing but surveys are none.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether there are none: never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// What became of the ratings.
    #[must_use]
    pub const fn counts(&self) -> JoinCounts {
        self.counts
    }

    /// The journeys that the ratings were joined to.
    #[must_use]
    pub const fn journeys(&self) -> &'a Journeys<'a> {
        self.journeys
    }

    /// The scale of the ratings.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = RatedJourney<'_>> {
        let mut begin = 0;
        self.owners.iter().map(move |owner| {
            let passes = self.passes.get(begin..owner.end).unwrap_or_default();
            begin = owner.end;
            RatedJourney { passes, customer: owner.customer, source: owner.source, rating: owner.rating }
        })
    }

    /// The name of a step.
    pub(super) fn name(&self, step: u32) -> &'a str {
        self.journeys.names().get(step as usize).copied().unwrap_or_default()
    }

    /// What the log knows of a step beside its touchpoint, numbered in the order of the bytes of the texts.
    pub(super) fn column(&self, of: Text) -> Column<'a> {
        let (symbols, ids) = self.journeys.log().texts(of);
        let id = |pass: &Pass| ids.get(pass.row as usize).map_or(0, |id| *id as usize);
        let mut numbers = vec![None; symbols.len() + 1];
        for pass in &self.passes {
            numbers.get_mut(id(pass)).into_iter().for_each(|number| *number = Some(0));
        }
        let seen = |id: usize| numbers.get(id).is_some_and(Option::is_some);
        let mut names: Vec<(&str, usize)> = symbols.iter().zip(1..).filter(|(_, id)| seen(*id)).collect();
        names.sort_unstable();
        numbers.fill(None);
        for (number, (_, id)) in (0..).zip(&names) {
            numbers.get_mut(*id).into_iter().for_each(|slot| *slot = Some(number));
        }
        let ids = self.passes.iter().map(|pass| numbers.get(id(pass)).copied().flatten()).collect();
        Column { names: names.into_iter().map(|(name, _)| name).collect(), ids }
    }
}

/// Texts by number, and the number of each step.
pub(super) struct Column<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) ids: Vec<Option<u32>>,
}

impl Column<'_> {
    pub(super) fn get(&self, pass: usize) -> Option<u32> {
        self.ids.get(pass).copied().flatten()
    }
}

/// The numbers of touchpoints by their names.
pub(super) fn numbers(journeys: &Journeys<'_>, names: &[String], what: &str) -> Result<Vec<u32>, Error> {
    let missing = |name: &str| Error::no_data(format!("no record of the {what} \"{name}\""));
    names.iter().map(|name| journeys.number(name).ok_or_else(|| missing(name))).collect()
}
