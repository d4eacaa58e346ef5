//! How far did one journey get? One scan a journey for every definition. State: for each level the attempt that may still go on.

use super::definition::FunnelDefinition;
use crate::journey::JourneyView;

/// A funnel in the numbers of the touchpoints.
pub(super) struct Plan {
    /// The touchpoint of each step; none where no record has it.
    pub(super) steps: Vec<Option<u32>>,
    /// For each touchpoint the steps that it is, as bits.
    pub(super) roles: Vec<u64>,
    pub(super) excluded: Vec<bool>,
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

/// For each level the attempt that began last: it has most of the window left.
pub(super) struct Attempts {
    /// Level by level: whether there is one, and where its last step stands.
    at: Vec<Option<usize>>,
    /// The times of its steps, a row a level.
    times: Vec<i64>,
    size: usize,
}

impl Attempts {
    pub(super) fn new(steps: usize) -> Self {
        Self { at: vec![None; steps], times: vec![0; steps * steps], size: steps }
    }

    fn clear(&mut self) {
        self.at.fill(None);
    }

    /// When the attempt of a level (from 0) began.
    fn start(&self, level: usize) -> i64 {
        self.times.get(level * self.size).copied().unwrap_or_default()
    }

    fn alive(&self, level: usize) -> bool {
        self.at.get(level).is_some_and(Option::is_some)
    }

    /// Takes the attempt of level `from` (none: a new one) to `level` with the touchpoint at this place and time.
    fn advance(&mut self, level: usize, place: usize, time: i64) {
        if level > 0 {
            let from = (level - 1) * self.size;
            self.times.copy_within(from..from + level, level * self.size);
        }
        if let Some(last) = self.times.get_mut(level * self.size + level) {
            *last = time;
        }
        if let Some(at) = self.at.get_mut(level) {
            *at = Some(place);
        }
    }

    /// Notes in `best` a level that was not reached before.
    fn note(&self, level: usize, place: usize, best: &mut Passage) {
        if level + 1 > best.level {
            let from = level * self.size;
            best.level = level + 1;
            best.last = place;
            best.times.clear();
            best.times.extend_from_slice(self.times.get(from..=from + level).unwrap_or_default());
        }
    }
}

impl Plan {
    /// How far this journey got.
    pub(super) fn passage(&self, journey: JourneyView<'_>, attempts: &mut Attempts, best: &mut Passage) {
        best.level = 0;
        best.times.clear();
        attempts.clear();
        match self.definition {
            FunnelDefinition::Ordered | FunnelDefinition::OrderedWithExclusion => self.ordered(journey, attempts, best),
            FunnelDefinition::FirstTouch => self.first_touch(journey, best),
            FunnelDefinition::OrderedTiesAny => self.by_instant(journey, attempts, best, Self::any_order),
            FunnelDefinition::OrderedStrictlyIncreasing => self.by_instant(journey, attempts, best, Self::increasing),
            FunnelDefinition::StrictConsecutive => self.consecutive(journey, best),
            FunnelDefinition::Unordered => self.unordered(journey, best),
        }
    }

    fn role(&self, step: u32) -> u64 {
        self.roles.get(step as usize).copied().unwrap_or_default()
    }

    fn in_window(&self, start: i64, time: i64) -> bool {
        time.saturating_sub(start) <= self.window
    }

    fn ordered(&self, journey: JourneyView<'_>, attempts: &mut Attempts, best: &mut Passage) {
        let excludes = self.definition == FunnelDefinition::OrderedWithExclusion;
        for (place, (&step, &time)) in journey.steps.iter().zip(journey.times).enumerate() {
            if excludes && self.excluded.get(step as usize).copied().unwrap_or_default() {
                attempts.clear();
            }
            self.take(step, place, time, attempts, best);
            if best.level == self.steps.len() {
                return;
            }
        }
    }

    /// One touchpoint after another: from the last step down, so that it serves one step only.
    fn take(&self, step: u32, place: usize, time: i64, attempts: &mut Attempts, best: &mut Passage) {
        let mut roles = self.role(step);
        while roles > 0 {
            let level = roles.ilog2() as usize;
            roles &= !(1 << level);
            if level == 0 || attempts.alive(level - 1) && self.in_window(attempts.start(level - 1), time) {
                attempts.advance(level, place, time);
                attempts.note(level, place, best);
            }
        }
    }

    /// The first occurrence of the first step, then always the next occurrence of the next.
    fn first_touch(&self, journey: JourneyView<'_>, best: &mut Passage) {
        for (place, (&step, &time)) in journey.steps.iter().zip(journey.times).enumerate() {
            let start = best.times.first().copied().unwrap_or(time);
            if !self.in_window(start, time) || best.level == self.steps.len() {
                return;
            }
            if self.role(step) >> best.level & 1 == 1 {
                best.times.push(time);
                best.level += 1;
                best.last = place;
            }
        }
    }

    /// Hands over the touchpoints of each instant together.
    fn by_instant(
        &self,
        journey: JourneyView<'_>,
        attempts: &mut Attempts,
        best: &mut Passage,
        take: impl Fn(&Self, JourneyView<'_>, std::ops::Range<usize>, &mut Attempts, &mut Passage),
    ) {
        let mut begin = 0;
        for instant in journey.times.chunk_by(|left, right| left == right) {
            let range = begin..begin + instant.len();
            begin = range.end;
            take(self, journey, range, attempts, best);
            if best.level == self.steps.len() {
                return;
            }
        }
    }

    /// Each step later than the one before: only attempts from before this instant go on.
    fn increasing(
        &self,
        journey: JourneyView<'_>,
        range: std::ops::Range<usize>,
        attempts: &mut Attempts,
        best: &mut Passage,
    ) {
        let time = journey.times.get(range.start).copied().unwrap_or_default();
        // From the last level down, each from the level below as it was before.
        for level in (0..self.steps.len()).rev() {
            let role = |place: &usize| journey.steps.get(*place).is_some_and(|&step| self.role(step) >> level & 1 == 1);
            let Some(place) = range.clone().find(role) else { continue };
            if level == 0 || attempts.alive(level - 1) && self.in_window(attempts.start(level - 1), time) {
                attempts.advance(level, place, time);
                attempts.note(level, place, best);
            }
        }
    }

    /// Touchpoints of one instant in any order, each for one step: an attempt goes on as long as one is left for its next step.
    fn any_order(
        &self,
        journey: JourneyView<'_>,
        range: std::ops::Range<usize>,
        attempts: &mut Attempts,
        best: &mut Passage,
    ) {
        let time = journey.times.get(range.start).copied().unwrap_or_default();
        if range.len() == 1 {
            if let Some(&step) = journey.steps.get(range.start) {
                self.take(step, range.start, time, attempts, best);
            }
            return;
        }
        let steps = self.steps.len();
        let levels: Vec<(bool, i64)> = (0..steps).map(|level| (attempts.alive(level), attempts.start(level))).collect();
        let old = attempts.times.clone();
        // From the attempt that began first to a new one: those that began later take precedence.
        for from in (0..=steps).rev() {
            let lives =
                from == 0 || levels.get(from - 1).is_some_and(|&(alive, start)| alive && self.in_window(start, time));
            if !lives {
                continue;
            }
            let mut used = vec![false; range.len()];
            let mut times: Vec<i64> = match from.checked_sub(1) {
                Some(level) => old.get(level * steps..level * steps + from).unwrap_or_default().to_vec(),
                None => Vec::new(),
            };
            for level in from..steps {
                let free = range.clone().zip(used.iter_mut()).find(|(place, used)| {
                    !**used && journey.steps.get(*place).is_some_and(|&step| self.role(step) >> level & 1 == 1)
                });
                let Some((place, used)) = free else { break };
                *used = true;
                times.push(time);
                let row = level * steps;
                if let Some(row) = attempts.times.get_mut(row..=row + level) {
                    row.copy_from_slice(&times);
                }
                if let Some(at) = attempts.at.get_mut(level) {
                    *at = Some(place);
                }
            }
        }
        for level in 0..steps {
            if let Some(place) = attempts.at.get(level).copied().flatten().filter(|place| range.contains(place)) {
                attempts.note(level, place, best);
            }
        }
    }

    /// The steps one right after the other.
    fn consecutive(&self, journey: JourneyView<'_>, best: &mut Passage) {
        for begin in 0..journey.steps.len() {
            let Some(&start) = journey.times.get(begin) else { return };
            let rest = journey.steps.iter().zip(journey.times).skip(begin).zip(&self.steps);
            let passed = rest
                .take_while(|((step, time), wanted)| Some(**step) == **wanted && self.in_window(start, **time))
                .count();
            if passed > best.level {
                best.level = passed;
                best.last = begin + passed - 1;
                best.times.clear();
                best.times.extend(journey.times.iter().skip(begin).take(passed));
            }
            if best.level == self.steps.len() {
                return;
            }
        }
    }

    /// The most steps in one window, whatever their order; two pointers.
    fn unordered(&self, journey: JourneyView<'_>, best: &mut Passage) {
        // How many of each touchpoint are wanted, and how many of it are in the window.
        let mut wanted: Vec<(u32, usize, usize)> = Vec::new();
        for step in self.steps.iter().flatten() {
            match wanted.iter_mut().find(|(known, ..)| known == step) {
                Some((_, count, _)) => *count += 1,
                None => wanted.push((*step, 1, 0)),
            }
        }
        let mut begin = 0;
        for (place, (&step, &time)) in journey.steps.iter().zip(journey.times).enumerate() {
            if let Some((.., inside)) = wanted.iter_mut().find(|(known, ..)| *known == step) {
                *inside += 1;
            }
            while let (Some(&start), Some(first)) = (journey.times.get(begin), journey.steps.get(begin))
                && !self.in_window(start, time)
            {
                if let Some((.., inside)) = wanted.iter_mut().find(|(known, ..)| known == first) {
                    *inside -= 1;
                }
                begin += 1;
            }
            let level = wanted.iter().map(|&(_, count, inside)| count.min(inside)).sum();
            if level > best.level {
                best.level = level;
                best.last = place;
            }
        }
    }
}
