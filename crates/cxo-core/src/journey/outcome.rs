//! What ends a journey, and was that wanted? Declared outcomes, and the way of each journey up to the first of them. Stateless; called
//! by paths, chains and attribution.

use super::{JourneyView, Journeys, PathCount, Paths, Text};
use crate::Error;

/// Whether an outcome is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum OutcomeSign {
    /// It is, such as a conversion.
    #[default]
    Wanted,
    /// It is not, such as a cancellation, an abandoned cart, an unsubscription.
    Unwanted,
}

impl OutcomeSign {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wanted => "wanted",
            Self::Unwanted => "unwanted",
        }
    }
}

/// A touchpoint that ends a journey, with its sign. A bare name is a wanted one.
///
/// ```
/// use cxo_core::journey::{DeclaredOutcome, OutcomeSign};
///
/// let outcomes = [DeclaredOutcome::from("purchase"), DeclaredOutcome::unwanted("cancel")];
/// assert_eq!(outcomes[1].sign, OutcomeSign::Unwanted);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredOutcome {
    /// The touchpoint.
    pub touchpoint: String,
    /// Whether it is wanted.
    pub sign: OutcomeSign,
}

impl DeclaredOutcome {
    /// One that is not wanted.
    pub fn unwanted(touchpoint: impl Into<String>) -> Self {
        Self { touchpoint: touchpoint.into(), sign: OutcomeSign::Unwanted }
    }
}

impl From<&str> for DeclaredOutcome {
    fn from(touchpoint: &str) -> Self {
        Self::from(touchpoint.to_owned())
    }
}

impl From<String> for DeclaredOutcome {
    fn from(touchpoint: String) -> Self {
        Self { touchpoint, sign: OutcomeSign::Wanted }
    }
}

/// An outcome with the journeys that reached it first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The touchpoint.
    pub touchpoint: String,
    /// Whether it is wanted.
    pub sign: OutcomeSign,
    /// Journeys that ended there.
    pub journeys: u64,
}

/// What the steps of a path are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum PathSteps {
    /// Touchpoints.
    #[default]
    Touchpoint,
    /// Channels of touchpoints; one without a channel is no step. Outcomes are touchpoints all the same.
    Channel,
}

impl PathSteps {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Touchpoint => "touchpoint",
            Self::Channel => "channel",
        }
    }
}

/// What becomes of journeys that have not ended when observation does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OpenJourneys {
    /// Every journey without the outcome is lost.
    #[default]
    Lost,
    /// A journey without it is lost only after silence of more than so many microseconds before the end of the observation, or
    /// where another of its customer follows; others are open, left out and counted.
    Silent {
        /// The silence, in microseconds.
        micros: i64,
    },
}

/// Above this share of open journeys the answers are biased towards quick endings.
const MOST_OPEN: f64 = 0.05;

/// Whether too many of the journeys were open.
pub(crate) fn is_biased(open: u64, ended: u64) -> bool {
    open as f64 > MOST_OPEN * (open as f64 + ended as f64)
}

/// How a journey ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Outcome(usize),
    Lost,
    Open,
}

/// The way of one journey up to its end, the outcome not in it.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) customer: u32,
    pub(super) steps: Vec<u32>,
    pub(super) times: Vec<i64>,
    pub(super) end: End,
    /// When it ended, at an outcome.
    pub(super) end_time: Option<i64>,
    /// What the outcome was worth, in units of the currency.
    pub(super) value: f64,
}

/// Walks journeys up to the first of the outcomes.
pub(super) struct Ways<'j, 'a> {
    journeys: &'j Journeys<'a>,
    pub(super) declared: Vec<DeclaredOutcome>,
    /// The outcome of each touchpoint.
    outcomes: Vec<Option<usize>>,
    /// The names of the steps.
    pub(super) names: Vec<&'a str>,
    /// For each symbol of a channel its number; none where touchpoints are the steps.
    channels: Option<Vec<u32>>,
    open: OpenJourneys,
    /// Steps so many microseconds before the end or, without one, before the last step; all where there is no limit.
    pub(super) lookback: Option<i64>,
}

impl<'j, 'a> Ways<'j, 'a> {
    pub(super) fn new<O: Clone + Into<DeclaredOutcome>>(
        journeys: &'j Journeys<'a>,
        outcomes: &[O],
        steps: PathSteps,
        open: OpenJourneys,
    ) -> Result<Self, Error> {
        let declared: Vec<DeclaredOutcome> = outcomes.iter().cloned().map(Into::into).collect();
        if declared.is_empty() {
            return Err(Error::no_data("touchpoints that are outcomes"));
        }
        let mut places = vec![None; journeys.names().len()];
        for (at, outcome) in declared.iter().enumerate() {
            let name = outcome.touchpoint.as_str();
            let place = journeys.number(name).and_then(|number| places.get_mut(number as usize));
            let place = place.ok_or_else(|| Error::no_data(format!("no record of the outcome \"{name}\"")))?;
            if place.replace(at).is_some() {
                return Err(Error::input("outcome", format!("\"{name}\" twice"), "each outcome once"));
            }
        }
        let (names, channels) = match steps {
            PathSteps::Touchpoint => (journeys.names().to_vec(), None),
            PathSteps::Channel => {
                let (symbols, _) = journeys.log().texts(Text::Channel);
                let mut order: Vec<(&str, u32)> = symbols.iter().zip(0..).collect();
                if order.is_empty() {
                    return Err(Error::no_data("channels of touchpoints"));
                }
                order.sort_unstable();
                let mut ranks = vec![0; order.len()];
                for (rank, (_, id)) in (0..).zip(&order) {
                    if let Some(place) = ranks.get_mut(*id as usize) {
                        *place = rank;
                    }
                }
                (order.into_iter().map(|(name, _)| name).collect(), Some(ranks))
            }
        };
        Ok(Self { journeys, declared, outcomes: places, names, channels, open, lookback: None })
    }

    /// Each journey in turn.
    pub(super) fn each(&self, mut visit: impl FnMut(&Way)) {
        let (steps, times) = (Vec::new(), Vec::new());
        let mut way = Way { customer: 0, steps, times, end: End::Lost, end_time: None, value: 0.0 };
        let outcome_of = |step: u32| self.outcomes.get(step as usize).copied().flatten();
        for journey in self.journeys.iter() {
            let found = journey.steps.iter().enumerate().find_map(|(at, &step)| Some((at, outcome_of(step)?)));
            way.customer = journey.customer;
            way.end = match found {
                Some((_, outcome)) => End::Outcome(outcome),
                None if self.journeys.is_open(&journey, self.open) => End::Open,
                None => End::Lost,
            };
            let until = found.map_or(journey.steps.len(), |(at, _)| at);
            way.end_time = found.and_then(|(at, _)| journey.times.get(at).copied());
            way.value = found.and_then(|(at, _)| journey.rows.get(at)).map_or(0.0, |&row| self.worth(row));
            way.steps.clear();
            way.times.clear();
            let last = way.end_time.or_else(|| journey.times.last().copied()).unwrap_or_default();
            let from = self.lookback.map_or(i64::MIN, |lookback| last.saturating_sub(lookback));
            let rows = journey.steps.iter().zip(journey.times).zip(journey.rows).take(until);
            for ((&step, &time), &row) in rows.filter(|((_, time), _)| **time >= from) {
                if let Some(label) = self.label(step, row) {
                    way.steps.push(label);
                    way.times.push(time);
                }
            }
            visit(&way);
        }
    }

    /// The place of each customer in the order of their names, so that resamples do not depend on the order of the log.
    pub(super) fn ranks(&self, customers: &[u32]) -> Vec<usize> {
        let name = |customer: u32| self.journeys.customer(customer).unwrap_or_default();
        let mut order: Vec<(&str, usize)> = customers.iter().map(|&customer| name(customer)).zip(0..).collect();
        order.sort_unstable();
        let mut ranks = vec![0; order.len()];
        for (rank, (_, place)) in order.into_iter().enumerate() {
            if let Some(slot) = ranks.get_mut(place) {
                *slot = rank;
            }
        }
        ranks
    }

    fn label(&self, step: u32, row: u32) -> Option<u32> {
        let Some(channels) = &self.channels else { return Some(step) };
        let id = self.journeys.log().texts(Text::Channel).1.get(row as usize)?.checked_sub(1)?;
        channels.get(id as usize).copied()
    }

    fn worth(&self, row: u32) -> f64 {
        let log = self.journeys.log();
        let digits = log.currency().map_or(0, crate::domain::Currency::digits);
        let amount = log.get(row as usize).and_then(|event| event.value).map_or(0, |amount| amount.0);
        amount as f64 / 10_f64.powi(i32::from(digits))
    }
}

/// Paths of journeys up to an outcome.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutcomePaths {
    /// The paths, the outcome itself not in them; conversions are worth what the records of the outcomes are.
    pub paths: Paths,
    /// Journeys that were still open and left out.
    pub open: u64,
    /// Journeys of which nothing was before the outcome, left out.
    pub immediate: u64,
}

impl Journeys<'_> {
    /// Whether one of these journeys may go on: it was silent for no longer than the rule says before the end of the observation,
    /// and no other of its customer follows.
    #[must_use]
    pub fn is_open(&self, journey: &JourneyView<'_>, rule: OpenJourneys) -> bool {
        let silent = journey.times.last().map_or(0, |&last| self.observed_until().saturating_sub(last));
        matches!(rule, OpenJourneys::Silent { micros } if silent <= micros) && !journey.followed
    }

    /// The paths to the first occurrence of any of these touchpoints, each journey once; journeys without one are nulls.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no outcome, or one that no record has;
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for one declared twice.
    ///
    /// # Complexity
    /// O(n log p) for n touchpoints and p different paths.
    pub fn paths_to<O: Clone + Into<DeclaredOutcome>>(
        &self,
        outcomes: &[O],
        open: OpenJourneys,
    ) -> Result<OutcomePaths, Error> {
        Ways::new(self, outcomes, PathSteps::Touchpoint, open)?.paths()
    }
}

impl Ways<'_, '_> {
    pub(super) fn paths(&self) -> Result<OutcomePaths, Error> {
        let mut found = OutcomePaths { paths: Paths::default(), open: 0, immediate: 0 };
        let (mut ids, mut numbers, mut failed) = (vec![None; self.names.len()], Vec::new(), None);
        self.each(|way| {
            let count = match way.end {
                End::Open => {
                    found.open += 1;
                    return;
                }
                _ if way.steps.is_empty() => {
                    found.immediate += 1;
                    return;
                }
                End::Outcome(_) => PathCount { conversions: 1, nulls: 0, value: way.value },
                End::Lost => PathCount { nulls: 1, ..PathCount::default() },
            };
            numbers.clear();
            let added = way.steps.iter().try_for_each(|&step| {
                let (Some(id), Some(name)) = (ids.get_mut(step as usize), self.names.get(step as usize)) else {
                    return Ok(());
                };
                let known = if let Some(id) = *id { id } else { found.paths.intern(name)? };
                *id = Some(known);
                numbers.push(known);
                Ok(())
            });
            if let Err(error) = added.and_then(|()| found.paths.add_ids(&numbers, &count)) {
                failed.get_or_insert(error);
            }
        });
        failed.map_or(Ok(found), Err)
    }
}
