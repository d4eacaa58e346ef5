//! Where do journeys go from each touchpoint, and where are they after so many steps? Transition matrix, step matrix, and the
//! flows between steps. Stateless; asked of [`Journeys`].

use std::collections::BTreeMap;

use super::Journeys;

/// Whether the beginning and the end of a journey are steps too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum JourneyEnds {
    /// They are not: shares of what follows where something follows.
    #[default]
    Excluded,
    /// They are: from the start to the first touchpoint, and from the last one to the end.
    Included,
}

/// One entry of a transition matrix.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// The touchpoint; none for the start of a journey.
    pub from: Option<String>,
    /// What directly follows; none for the end of a journey.
    pub to: Option<String>,
    /// How often.
    pub count: u64,
    /// The share of all steps out of `from`, in (0, 1].
    pub share: f64,
}

/// Where journeys are at each step. Formula page: `docs/formulas/journey-steps.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepMatrix {
    /// All journeys.
    pub journeys: u64,
    /// The first step, the second, and so on.
    pub steps: Vec<StepColumn>,
}

/// Where journeys are at one step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepColumn {
    /// The touchpoints, in the order of the bytes of their names.
    pub touchpoints: Vec<StepShare>,
    /// Journeys that ended before.
    pub ended: u64,
    /// Their share of all journeys.
    pub ended_share: f64,
}

/// One touchpoint at one step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StepShare {
    /// Its name.
    pub touchpoint: String,
    /// Journeys that are there.
    pub count: u64,
    /// Their share of all journeys.
    pub share: f64,
}

/// One band of a Sankey diagram: journeys from a touchpoint at one step to one at the next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepFlow {
    /// The step of `from`, counted from 1.
    pub step: u64,
    /// The touchpoint at this step.
    pub from: String,
    /// The one at the next; none where the journey ends.
    pub to: Option<String>,
    /// Journeys.
    pub count: u64,
}

impl Journeys<'_> {
    /// The transition matrix: each pair that follows directly, as a share of all steps out of its first touchpoint. In ascending
    /// order, start and end before all touchpoints.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyEnds, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, at) in [("ann", "home", 0), ("ann", "cart", 1), ("bob", "home", 0)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(at)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// assert_eq!(journeys.transitions(JourneyEnds::Excluded)[0].share, 1.0);
    /// let leave = journeys.transitions(JourneyEnds::Included).into_iter().find(|step| step.from.as_deref() == Some("home"));
    /// assert_eq!(leave.map(|step| (step.to, step.share)), Some((None, 0.5)));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// As for [`flow`](Self::flow).
    #[must_use]
    pub fn transitions(&self, ends: JourneyEnds) -> Vec<Transition> {
        let mut counts: BTreeMap<(Option<u32>, Option<u32>), u64> =
            self.flow().iter().map(|(from, to, count)| ((Some(from), Some(to)), count)).collect();
        if ends == JourneyEnds::Included {
            for journey in self.iter() {
                for pair in [(None, journey.steps.first()), (journey.steps.last(), None)] {
                    *counts.entry((pair.0.copied(), pair.1.copied())).or_default() += 1;
                }
            }
        }
        let mut out: BTreeMap<Option<u32>, u64> = BTreeMap::new();
        counts.iter().for_each(|((from, _), count)| *out.entry(*from).or_default() += count);
        let transition = |((from, to), count): ((Option<u32>, Option<u32>), u64)| Transition {
            from: from.map(|from| self.name(from)),
            to: to.map(|to| self.name(to)),
            count,
            share: count as f64 / out.get(&from).copied().unwrap_or(count) as f64,
        };
        counts.into_iter().map(transition).collect()
    }

    /// Where journeys are at each of the first so many steps, at most as many as the longest has.
    ///
    /// # Complexity
    /// O(n log t) for n touchpoints, t of them different.
    #[must_use]
    pub fn step_matrix(&self, steps: usize) -> StepMatrix {
        let mut columns: Vec<BTreeMap<u32, u64>> = Vec::new();
        for journey in self.iter() {
            let length = journey.steps.len().min(steps);
            columns.resize_with(columns.len().max(length), BTreeMap::new);
            for (column, &step) in columns.iter_mut().zip(journey.steps) {
                *column.entry(step).or_default() += 1;
            }
        }
        let journeys = self.len() as u64;
        let share = |count: u64| count as f64 / journeys as f64;
        let column = |column: BTreeMap<u32, u64>| {
            let ended = journeys - column.values().sum::<u64>();
            let at = |(step, count)| StepShare { touchpoint: self.name(step), count, share: share(count) };
            StepColumn { touchpoints: column.into_iter().map(at).collect(), ended, ended_share: share(ended) }
        };
        StepMatrix { journeys, steps: columns.into_iter().map(column).collect() }
    }

    /// The flows between the first so many steps and those after them: the table behind a Sankey diagram, in ascending order,
    /// the ends of journeys first. What flows into a touchpoint at a step flows out of it, or the journey ends.
    ///
    /// # Complexity
    /// O(n log t) for n touchpoints and t different flows.
    #[must_use]
    pub fn step_flows(&self, steps: usize) -> Vec<StepFlow> {
        let mut counts: BTreeMap<(u64, u32, Option<u32>), u64> = BTreeMap::new();
        for journey in self.iter() {
            let next = journey.steps.iter().copied().skip(1).map(Some).chain([None]);
            for (step, (&from, to)) in (1..).zip(journey.steps.iter().zip(next)).take(steps) {
                *counts.entry((step, from, to)).or_default() += 1;
            }
        }
        let flow = |((step, from, to), count): ((u64, u32, Option<u32>), u64)| StepFlow {
            step,
            from: self.name(from),
            to: to.map(|to| self.name(to)),
            count,
        };
        counts.into_iter().map(flow).collect()
    }
}
