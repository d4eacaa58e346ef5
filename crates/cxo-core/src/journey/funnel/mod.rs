//! How many get from step to step, and where do the others go? Funnels under seven definitions. Stateless; asked of [`Journeys`].

mod comparison;
mod definition;
mod passage;
mod share;

pub use comparison::{FunnelComparison, StepDifference};
pub use definition::{Funnel, FunnelDefinition, Immature};

use passage::{Attempts, Passage, Plan};
use share::{Entered, Watched};

use super::flow::{NodeCount, quantiles};

use super::{JourneyView, Journeys};
use crate::{Absent, Error, Estimate};

/// What a funnel answers. Formula page: `docs/formulas/funnel.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FunnelPassage {
    /// When a step counted as reached.
    pub definition: FunnelDefinition,
    /// The window, if there was one, in seconds.
    pub window_seconds: Option<f64>,
    /// Journeys asked, those left out not among them.
    pub journeys: u64,
    /// Customers who entered. Where there are fewer of them than journeys, intervals are clustered by customer.
    pub customers: u64,
    /// The steps.
    pub steps: Vec<FunnelStep>,
    /// Journeys that entered less than a window before the end of the observation; absent without a window.
    pub immature: Result<u64, Absent>,
    /// What happened to them.
    pub immature_rule: Immature,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FunnelStep {
    /// The touchpoint.
    pub touchpoint: String,
    /// Journeys that reached it.
    pub reached: u64,
    /// Their share of those that entered, absent where nobody entered: with a Wilson interval; where some customer entered twice,
    /// with that of Korn and Graubard (1998) on the effective number of journeys, clustered by customer; under
    /// [`Immature::KaplanMeier`] the share within the window, with a logit interval.
    pub conversion: Result<Estimate, Absent>,
    /// Their share of those that reached the step before; of the first step, absent.
    pub step_conversion: Result<Estimate, Absent>,
    /// Seconds since the step before: the median and the time within which nine of ten get here (R type 7). Absent for the first
    /// step, where nobody got here, and for unordered funnels.
    pub median_seconds: Result<f64, Absent>,
    /// See [`median_seconds`](Self::median_seconds).
    pub p90_seconds: Result<f64, Absent>,
    /// What those who got here and no further did next, most frequent first.
    pub next: Vec<NodeCount>,
    /// Those of them whose journey ends here.
    pub ended: u64,
    /// Under [`Immature::KaplanMeier`] those who got here and no further while their window is still open at the end of the
    /// observation: they may yet go on, and are neither in `next` nor in `ended`. 0 under other rules.
    pub open: u64,
}

impl Journeys<'_> {
    /// The passage of these journeys through a funnel.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, Funnel, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, minutes) in [("ann", "home", 0), ("ann", "cart", 3), ("ann", "pay", 50), ("bob", "home", 1), ("bob", "help", 2)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(minutes * 60_000_000)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let funnel = Funnel::new(["home", "cart", "pay"])?.window(30 * 60_000_000)?;
    /// let passage = journeys.funnel(&funnel)?;
    /// let reached: Vec<_> = passage.steps.iter().map(|step| step.reached).collect();
    /// assert_eq!(reached, [2, 1, 0]);
    /// assert_eq!(passage.steps[0].next[0].touchpoint, "help");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for a step or an excluded touchpoint that no record has,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for excluded touchpoints under a definition without
    /// exclusion and for none under that with, and for [`Immature::KaplanMeier`] without window or under another definition than
    /// [`FunnelDefinition::FirstTouch`], as only there each journey has one time at which it begins.
    ///
    /// # Complexity
    /// O(n · steps) for n touchpoints, in practice O(n).
    pub fn funnel(&self, funnel: &Funnel) -> Result<FunnelPassage, Error> {
        self.pass(funnel).map(|(passage, _)| passage)
    }

    fn pass(&self, funnel: &Funnel) -> Result<(FunnelPassage, Entered), Error> {
        let plan = self.plan(funnel)?;
        let steps = plan.steps.len();
        let until = self.observed_until();
        let mut tally = Tally::new(steps, self.names().len());
        if funnel.immature == Immature::KaplanMeier {
            tally.entered.censored = Some(Watched { window: plan.window, ..Watched::default() });
        }
        let (mut attempts, mut best) = (Attempts::new(steps), Passage::default());
        for journey in self.iter() {
            let most = plan.most(journey.steps);
            if most == 0 {
                tally.journeys += 1;
                continue;
            }
            plan.passage(journey, most, &mut attempts, &mut best);
            let late =
                |window| plan.entry(journey, &attempts).is_some_and(|entry| until.saturating_sub(entry) < window);
            let immature = funnel.window.is_some_and(late);
            tally.immature += u64::from(immature);
            if !immature || funnel.immature != Immature::Exclude {
                tally.add(&best, journey, until);
            }
        }
        let entered = std::mem::take(&mut tally.entered);
        Ok((tally.answer(self, funnel, &entered), entered))
    }

    fn plan(&self, funnel: &Funnel) -> Result<Plan, Error> {
        if funnel.immature == Immature::KaplanMeier
            && (funnel.window.is_none() || funnel.definition != FunnelDefinition::FirstTouch)
        {
            return Err(Error::incompatible(
                "kaplan-meier without window or under another definition than first-touch",
            ));
        }
        let excludes = funnel.definition == FunnelDefinition::OrderedWithExclusion;
        if excludes == funnel.excluded.is_empty() {
            let text = if excludes {
                "ordered-with-exclusion without excluded touchpoints"
            } else {
                "excluded touchpoints under a definition without exclusion"
            };
            return Err(Error::incompatible(text));
        }
        let find = |name: &String| {
            self.number(name).ok_or_else(|| Error::no_data(format!("no record of the touchpoint \"{name}\"")))
        };
        let mut roles = vec![0_u64; self.names().len()];
        let steps = funnel.steps.iter().map(find).collect::<Result<Vec<u32>, Error>>()?;
        for (level, step) in steps.iter().enumerate() {
            if let Some(role) = roles.get_mut(*step as usize) {
                *role |= 1 << level;
            }
        }
        let mut excluded = vec![false; self.names().len()];
        for name in &funnel.excluded {
            if let Some(excluded) = excluded.get_mut(find(name)? as usize) {
                *excluded = true;
            }
        }
        let window = funnel.window.unwrap_or(i64::MAX);
        let matters = roles.iter().zip(&excluded).map(|(role, excluded)| *role > 0 || *excluded).collect();
        Ok(Plan { steps, roles, excluded, matters, window, definition: funnel.definition })
    }
}

/// What is counted over the journeys.
struct Tally {
    journeys: u64,
    immature: u64,
    entered: Entered,
    reached: Vec<u64>,
    /// Microseconds since the step before, a list a step.
    gaps: Vec<Vec<i64>>,
    /// What came next after each step, by touchpoint; the end of the journey last.
    next: Vec<Vec<u64>>,
    /// Those who may still go on from each step.
    open: Vec<u64>,
}

impl Tally {
    fn new(steps: usize, names: usize) -> Self {
        Self {
            journeys: 0,
            immature: 0,
            entered: Entered { steps, ..Entered::default() },
            reached: vec![0; steps],
            gaps: vec![Vec::new(); steps],
            next: vec![vec![0; names + 1]; steps],
            open: vec![0; steps],
        }
    }

    fn add(&mut self, passage: &Passage, journey: JourneyView<'_>, until: i64) {
        self.journeys += 1;
        if passage.level > 0 {
            self.entered.customers.push(journey.customer);
            self.entered.levels.push(passage.level);
        }
        let mut open = false;
        if let (Some(watched), Some(&start)) = (&mut self.entered.censored, passage.times.first()) {
            let micros = until.saturating_sub(start).max(0);
            open = micros < watched.window && passage.level < self.entered.steps;
            watched.micros.push(micros);
            let steps = self.entered.steps;
            let times =
                (0..steps).map(|step| passage.times.get(step).map_or(i64::MAX, |time| time.saturating_sub(start)));
            watched.elapsed.extend(times);
        }
        self.reached.iter_mut().take(passage.level).for_each(|reached| *reached += 1);
        for (gaps, times) in self.gaps.iter_mut().skip(1).zip(passage.times.windows(2)) {
            if let &[before, after] = times {
                gaps.push(after.saturating_sub(before));
            }
        }
        let Some(level) = passage.level.checked_sub(1) else { return };
        if let Some(count) = self.open.get_mut(level).filter(|_| open) {
            *count += 1;
        } else if let Some(next) = self.next.get_mut(level) {
            let end = next.len() - 1;
            let place = journey.steps.get(passage.last + 1).map_or(end, |&step| step as usize);
            if let Some(count) = next.get_mut(place) {
                *count += 1;
            }
        }
    }

    fn answer(mut self, journeys: &Journeys<'_>, funnel: &Funnel, entered: &Entered) -> FunnelPassage {
        let mut steps = Vec::new();
        let rows = funnel.steps.iter().zip(&self.reached).zip(&mut self.gaps).zip(self.next.iter().zip(&self.open));
        for (step, (((touchpoint, &reached), gaps), (next, &open))) in (1..).zip(rows) {
            let share = |of: usize| entered.share(of, step, funnel.confidence);
            let known = !gaps.is_empty();
            let [median, p90] = quantiles(gaps, [0.5, 0.9]);
            let seconds = |micros: f64| if known { Ok(micros / 1e6) } else { Err(Absent::NoObservations) };
            let (median_seconds, p90_seconds) = (seconds(median), seconds(p90));
            let (ended, others) = next.split_last().map_or((0, &[][..]), |(ended, others)| (*ended, others));
            let mut next: Vec<NodeCount> = journeys
                .names()
                .iter()
                .zip(others)
                .filter(|(_, count)| **count > 0)
                .map(|(name, &count)| NodeCount { touchpoint: (*name).to_owned(), count })
                .collect();
            next.sort_by_key(|node| std::cmp::Reverse(node.count));
            steps.push(FunnelStep {
                touchpoint: touchpoint.clone(),
                reached,
                conversion: share(1),
                step_conversion: if step == 1 { Err(Absent::NotDefined) } else { share(step - 1) },
                median_seconds,
                p90_seconds,
                next,
                ended,
                open,
            });
        }
        FunnelPassage {
            definition: funnel.definition,
            window_seconds: funnel.window.map(|window| window as f64 / 1e6),
            journeys: self.journeys,
            customers: entered.customers_at(1),
            steps,
            immature: if funnel.window.is_some() { Ok(self.immature) } else { Err(Absent::NotDefined) },
            immature_rule: funnel.immature,
        }
    }
}
