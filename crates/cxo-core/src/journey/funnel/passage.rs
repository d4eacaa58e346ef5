//! How far did one journey get? One scan a journey for every definition, over those touchpoints that matter to the funnel.
//! State: for each level the attempt that may still go on.

use super::definition::{Funnel, FunnelDefinition};
use crate::journey::JourneyView;

/// A funnel in the numbers of the touchpoints.
pub(super) struct Plan {
    /// The touchpoint of each step.
    pub(super) steps: Vec<u32>,
    /// For each touchpoint the steps that it is, as bits.
    pub(super) roles: Vec<u64>,
    pub(super) excluded: Vec<bool>,
    /// Whether a touchpoint is a step or excluded.
    pub(super) matters: Vec<bool>,
    pub(super) window: i64,
    pub(super) definition: FunnelDefinition,
}

/// How far a journey got.
#[derive(Debug, Clone, Default)]
pub(super) struct Passage {
    /// Steps reached.
    pub(super) level: usize,
    /// The time of each step reached, of the attempt that was first to get that far; of several the one that began last.
    /// Empty for unordered funnels.
    pub(super) times: Vec<i64>,
    /// The place in the journey of the last step reached.
    pub(super) last: usize,
}

/// No step.
const NONE: u32 = u32::MAX;

/// A step that an attempt reached.
#[derive(Debug, Clone, Copy)]
struct Reached {
    time: i64,
    place: u32,
    /// The step before it.
    before: u32,
}

/// For each level the attempt that began last: it has most of the window left.
pub(super) struct Attempts {
    /// The places of the journey that matter.
    places: Vec<u32>,
    /// All steps that attempts reached.
    reached: Vec<Reached>,
    /// Level by level: the last step of its attempt.
    at: Vec<u32>,
    /// When that attempt began.
    starts: Vec<i64>,
    best: usize,
    best_at: u32,
}

impl Attempts {
    pub(super) fn new(steps: usize) -> Self {
        let (at, starts) = (vec![NONE; steps], vec![0; steps]);
        Self { places: Vec::new(), reached: Vec::new(), at, starts, best: 0, best_at: NONE }
    }

    fn clear(&mut self) {
        self.reached.clear();
        self.drop_all();
        self.best = 0;
    }

    fn drop_all(&mut self) {
        self.at.fill(NONE);
    }

    /// The last step and the beginning of the attempt of a level (from 0).
    fn of(&self, level: usize) -> (u32, i64) {
        (self.at.get(level).copied().unwrap_or(NONE), self.starts.get(level).copied().unwrap_or_default())
    }

    /// Takes the attempt behind a step to a level.
    #[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
    fn advance(&mut self, level: usize, (before, start): (u32, i64), place: u32, time: i64) {
        let here = self.reached.len() as u32;
        self.reached.push(Reached { time, place, before });
        if let (Some(at), Some(begun)) = (self.at.get_mut(level), self.starts.get_mut(level)) {
            (*at, *begun) = (here, start);
        }
    }

    /// Notes a level that was not reached before.
    fn note(&mut self, level: usize) {
        if level + 1 > self.best {
            (self.best, self.best_at) = (level + 1, self.of(level).0);
        }
    }

    /// The attempt that got furthest.
    fn tell(&self, best: &mut Passage) {
        best.level = self.best;
        let mut at = if self.best > 0 { self.best_at } else { NONE };
        if let Some(last) = self.reached.get(at as usize) {
            best.last = last.place as usize;
        }
        while let Some(step) = self.reached.get(at as usize) {
            best.times.push(step.time);
            at = step.before;
        }
        best.times.reverse();
    }
}

impl Plan {
    /// How far a journey of these touchpoints can get at most: up to the first step that it has not. No further than that it is
    /// looked at.
    pub(super) fn most(&self, steps: &[u32]) -> usize {
        let roles = steps.iter().fold(0, |roles, &step| roles | self.role(step));
        if self.definition == FunnelDefinition::Unordered {
            return roles.count_ones() as usize;
        }
        roles.trailing_ones() as usize
    }

    /// How far this journey got, of whose steps so many are the most.
    pub(super) fn passage(&self, journey: JourneyView<'_>, most: usize, attempts: &mut Attempts, best: &mut Passage) {
        best.level = 0;
        best.times.clear();
        attempts.clear();
        self.find(journey, &mut attempts.places);
        // Without ties all three are one.
        let tied = || journey.times.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        match self.definition {
            FunnelDefinition::OrderedTiesAny if tied() => self.by_instant(journey, most, attempts, Self::any_order),
            FunnelDefinition::OrderedStrictlyIncreasing if tied() => {
                self.by_instant(journey, most, attempts, Self::increasing);
            }
            FunnelDefinition::Ordered
            | FunnelDefinition::OrderedWithExclusion
            | FunnelDefinition::OrderedTiesAny
            | FunnelDefinition::OrderedStrictlyIncreasing => self.ordered(journey, most, attempts),
            FunnelDefinition::FirstTouch => return self.first_touch(journey, most, &attempts.places, best),
            FunnelDefinition::StrictConsecutive => return self.consecutive(journey, most, &attempts.places, best),
            FunnelDefinition::Unordered => return self.unordered(journey, &attempts.places, best),
        }
        attempts.tell(best);
    }

    /// When the journey first met the first step; asked after its passage.
    pub(super) fn entry(&self, journey: JourneyView<'_>, attempts: &Attempts) -> Option<i64> {
        Self::met(journey, &attempts.places).find(|(_, step, _)| self.role(*step) & 1 == 1).map(|(.., time)| time)
    }

    /// The places that matter, without a branch that what customers do would make unpredictable.
    #[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
    fn find(&self, journey: JourneyView<'_>, places: &mut Vec<u32>) {
        if places.len() < journey.steps.len() {
            places.resize(journey.steps.len(), 0);
        }
        let mut count = 0;
        for (place, &step) in journey.steps.iter().enumerate() {
            if let Some(slot) = places.get_mut(count) {
                *slot = place as u32;
            }
            count += usize::from(self.matters.get(step as usize).copied().unwrap_or_default());
        }
        places.truncate(count);
    }

    /// Place, touchpoint and time of what matters.
    fn met<'j>(journey: JourneyView<'j>, places: &'j [u32]) -> impl Iterator<Item = (u32, u32, i64)> + use<'j> {
        places.iter().filter_map(move |&place| {
            Some((place, *journey.steps.get(place as usize)?, *journey.times.get(place as usize)?))
        })
    }

    fn role(&self, step: u32) -> u64 {
        self.roles.get(step as usize).copied().unwrap_or_default()
    }

    fn in_window(&self, start: i64, time: i64) -> bool {
        time.saturating_sub(start) <= self.window
    }

    fn ordered(&self, journey: JourneyView<'_>, most: usize, attempts: &mut Attempts) {
        let excludes = self.definition == FunnelDefinition::OrderedWithExclusion;
        let places = std::mem::take(&mut attempts.places);
        for (place, step, time) in Self::met(journey, &places) {
            if excludes && self.excluded.get(step as usize).copied().unwrap_or_default() {
                attempts.drop_all();
            }
            self.take(step, place, time, attempts);
            if attempts.best == most {
                break;
            }
        }
        attempts.places = places;
    }

    /// One touchpoint after another: from the last step down, so that it serves one step only.
    fn take(&self, step: u32, place: u32, time: i64, attempts: &mut Attempts) {
        let mut roles = self.role(step);
        while roles > 0 {
            let level = roles.ilog2() as usize;
            roles &= !(1 << level);
            self.step(level, place, time, attempts);
        }
    }

    /// A touchpoint as the step of a level: it begins an attempt, or takes on one that is still in its window.
    fn step(&self, level: usize, place: u32, time: i64, attempts: &mut Attempts) {
        let from = level.checked_sub(1).map_or((NONE, time), |below| attempts.of(below));
        if level == 0 || from.0 != NONE && self.in_window(from.1, time) {
            attempts.advance(level, from, place, time);
            attempts.note(level);
        }
    }

    /// The first occurrence of the first step, then always the next occurrence of the next.
    fn first_touch(&self, journey: JourneyView<'_>, most: usize, places: &[u32], best: &mut Passage) {
        for (place, step, time) in Self::met(journey, places) {
            let start = best.times.first().copied().unwrap_or(time);
            if !self.in_window(start, time) || best.level == most {
                return;
            }
            if self.role(step) >> best.level & 1 == 1 {
                best.times.push(time);
                best.level += 1;
                best.last = place as usize;
            }
        }
    }

    /// Hands over the touchpoints of each instant together.
    fn by_instant(
        &self,
        journey: JourneyView<'_>,
        most: usize,
        attempts: &mut Attempts,
        take: impl Fn(&Self, &[(u32, u32, i64)], &mut Attempts),
    ) {
        let all: Vec<_> = Self::met(journey, &attempts.places).collect();
        for instant in all.chunk_by(|left, right| left.2 == right.2) {
            take(self, instant, attempts);
            if attempts.best == most {
                return;
            }
        }
    }

    /// Each step later than the one before: only attempts from before this instant go on.
    fn increasing(&self, instant: &[(u32, u32, i64)], attempts: &mut Attempts) {
        // From the last level down, each from the level below as it was before.
        for level in (0..self.steps.len()).rev() {
            let found = instant.iter().find(|(_, step, _)| self.role(*step) >> level & 1 == 1);
            if let Some(&(place, _, time)) = found {
                self.step(level, place, time, attempts);
            }
        }
    }

    /// Touchpoints of one instant in any order, each for one step: an attempt goes on as long as one is left for its next step.
    fn any_order(&self, instant: &[(u32, u32, i64)], attempts: &mut Attempts) {
        if let &[(place, step, time)] = instant {
            return self.take(step, place, time, attempts);
        }
        let Some(&(_, _, time)) = instant.first() else { return };
        let steps = self.steps.len();
        let before: Vec<(u32, i64)> = (0..steps).map(|level| attempts.of(level)).collect();
        let mut used = vec![false; instant.len()];
        // From the attempt that began first to a new one: those that began later take precedence.
        for from in (0..=steps).rev() {
            let mut last = match from.checked_sub(1).and_then(|level| before.get(level)) {
                None => (NONE, time),
                Some(&(at, start)) if at != NONE && self.in_window(start, time) => (at, start),
                Some(_) => continue,
            };
            used.fill(false);
            for level in from..steps {
                let free = instant
                    .iter()
                    .zip(used.iter_mut())
                    .find(|((_, step, _), used)| !**used && self.role(*step) >> level & 1 == 1);
                let Some((&(place, ..), used)) = free else { break };
                *used = true;
                attempts.advance(level, last, place, time);
                last = attempts.of(level);
            }
        }
        for (level, before) in before.into_iter().enumerate() {
            if attempts.of(level) != before {
                attempts.note(level);
            }
        }
    }

    /// The steps one right after the other.
    fn consecutive(&self, journey: JourneyView<'_>, most: usize, places: &[u32], best: &mut Passage) {
        for (begin, step, start) in Self::met(journey, places) {
            if self.role(step) & 1 == 0 {
                continue;
            }
            let begin = begin as usize;
            let rest = journey.steps.iter().zip(journey.times).skip(begin).zip(&self.steps);
            let passed =
                rest.take_while(|((step, time), wanted)| step == wanted && self.in_window(start, **time)).count();
            if passed > best.level {
                best.level = passed;
                best.last = begin + passed - 1;
                best.times.clear();
                best.times.extend(journey.times.iter().skip(begin).take(passed));
            }
            if best.level == most {
                return;
            }
        }
    }

    /// The most steps in one window, whatever their order; two pointers.
    fn unordered(&self, journey: JourneyView<'_>, places: &[u32], best: &mut Passage) {
        // By the first step that a touchpoint is: how many of it are wanted, and how many are in the window.
        let mut inside = [0_u32; Funnel::MOST_STEPS];
        let wanted =
            |step: u32| (self.role(step).trailing_zeros() as usize % Funnel::MOST_STEPS, self.role(step).count_ones());
        let (mut level, mut behind) = (0, Self::met(journey, places).peekable());
        for (place, step, time) in Self::met(journey, places) {
            let (slot, most) = wanted(step);
            level += usize::from(inside[slot] < most);
            inside[slot] += 1;
            while let Some((_, first, _)) = behind.next_if(|&(_, _, start)| !self.in_window(start, time)) {
                let (slot, most) = wanted(first);
                inside[slot] -= 1;
                level -= usize::from(inside[slot] < most);
            }
            if level > best.level {
                best.level = level;
                best.last = place as usize;
            }
        }
    }
}
