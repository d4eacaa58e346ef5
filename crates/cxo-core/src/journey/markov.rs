//! Where does a journey end from each step? A Markov chain of any order with absorbing ends, solved exactly. State: the kinds of
//! transitions, and how often each was; called by attribution over paths and by the chain of journeys.

use std::collections::BTreeSet;

use crate::Error;
use crate::numeric::absorbing::Absorbing;

/// The most states that are solved together.
const MOST_STATES: usize = 2000;
/// The most steps that a chain remembers.
pub(super) const MOST_ORDER: usize = 8;
/// A kind of transition that was not yet met.
const UNKNOWN: u32 = u32::MAX;

/// The states of a chain, which are the last steps of a journey, and the kinds of transitions between them; state 0 is the start.
pub(super) struct Markov {
    names: usize,
    order: usize,
    outcomes: usize,
    /// The steps that each state remembers, in ascending order, from an order of 2; none at order 1, where state c + 1 is step c.
    contexts: Vec<Vec<u32>>,
    size: usize,
    /// From which state to which, or beyond the states to which outcome, the last being none.
    cells: Vec<(u32, u32)>,
    /// The number of each kind by state and target.
    lookup: Vec<u32>,
}

/// What a chain says.
pub(super) struct Solved {
    pub(super) visits: Vec<f64>,
    /// By outcome and state.
    pub(super) probabilities: Vec<Vec<f64>>,
    /// Expected steps and expected reward until the end, by state.
    pub(super) steps: Vec<f64>,
    pub(super) rewards: Vec<f64>,
    /// How often a journey is expected in each state.
    pub(super) expected_visits: Vec<f64>,
    /// By step and outcome, the share of the probability of the outcome that is lost without the step; 0 where there is none.
    pub(super) removal: Vec<Vec<f64>>,
}

impl Markov {
    /// A chain over so many steps, with the paths that name its states at orders above 1.
    pub(super) fn new<'p>(
        names: usize,
        outcomes: usize,
        order: usize,
        paths: impl Iterator<Item = &'p [u32]>,
    ) -> Result<Self, Error> {
        if !(1..=MOST_ORDER).contains(&order) {
            return Err(Error::input("order of the chain", order, format!("1 to {MOST_ORDER}")));
        }
        let mut contexts: BTreeSet<&[u32]> = BTreeSet::new();
        if order > 1 {
            contexts.insert(&[]);
            for path in paths {
                contexts.extend((1..=path.len()).filter_map(|end| path.get(end.saturating_sub(order)..end)));
            }
        }
        let size = if order > 1 { contexts.len() } else { names + 1 };
        if size > MOST_STATES {
            let what = format!("number of states of a chain of order {order}");
            return Err(Error::input(what, size, format!("at most {MOST_STATES}")));
        }
        let contexts = contexts.into_iter().map(<[u32]>::to_vec).collect();
        let lookup = vec![UNKNOWN; size * (size + outcomes + 1)];
        Ok(Self { names, order, outcomes, contexts, size, cells: Vec::new(), lookup })
    }

    /// The kinds of the transitions along a path to an outcome, or to none.
    pub(super) fn record(&mut self, path: &[u32], outcome: Option<usize>, into: &mut Vec<u32>) {
        let mut from = 0;
        for end in 1..=path.len() {
            let Some(to) = path.get(end.saturating_sub(self.order)..end).and_then(|last| self.state(last)) else {
                continue;
            };
            into.push(self.cell(from, to));
            from = to;
        }
        into.push(self.cell(from, self.size + outcome.unwrap_or(self.outcomes)));
    }

    fn state(&self, last: &[u32]) -> Option<usize> {
        if self.order == 1 {
            return last.last().map(|&step| step as usize + 1);
        }
        self.contexts.binary_search_by(|context| context.as_slice().cmp(last)).ok()
    }

    #[allow(clippy::cast_possible_truncation, reason = "at most 2000 states")]
    fn cell(&mut self, from: usize, to: usize) -> u32 {
        let Some(place) = self.lookup.get_mut(from * (self.size + self.outcomes + 1) + to) else { return 0 };
        if *place == UNKNOWN {
            *place = self.cells.len() as u32;
            self.cells.push((from as u32, to as u32));
        }
        *place
    }

    /// The number of kinds of transitions.
    pub(super) fn kinds(&self) -> usize {
        self.cells.len()
    }

    /// The number of states.
    pub(super) fn states(&self) -> usize {
        self.size
    }

    /// The number of outcomes, none not among them.
    pub(super) fn outcomes(&self) -> usize {
        self.outcomes
    }

    /// How often journeys were in a state.
    pub(super) fn visits_of(&self, counts: &[u64], state: usize) -> u64 {
        let out = self.cells.iter().zip(counts).filter(|(cell, _)| cell.0 as usize == state);
        out.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The state that a transition leaves.
    pub(super) fn from(&self, kind: u32) -> usize {
        self.cells.get(kind as usize).map_or(0, |cell| cell.0 as usize)
    }

    /// The steps that a state remembers; none for the start.
    pub(super) fn context(&self, state: usize) -> Vec<u32> {
        if self.order > 1 {
            return self.contexts.get(state).cloned().unwrap_or_default();
        }
        state.checked_sub(1).and_then(|step| u32::try_from(step).ok()).into_iter().collect()
    }

    /// How often transitions of each kind that ends with this outcome were.
    pub(super) fn ended(&self, counts: &[u64], outcome: usize) -> u64 {
        let ends = self.cells.iter().zip(counts).filter(|(cell, _)| cell.1 as usize == self.size + outcome);
        ends.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    fn last(&self, state: usize) -> Option<u32> {
        self.context(state).last().copied()
    }

    fn visits(&self, counts: &[u64]) -> Vec<f64> {
        // As floats: steps of many journeys can be more than 64 bits count.
        let mut visits = vec![0.0; self.size];
        for (cell, count) in self.cells.iter().zip(counts) {
            if let Some(visits) = visits.get_mut(cell.0 as usize) {
                *visits += *count as f64;
            }
        }
        visits
    }

    /// The chain, every way into a state that ends with the step `removed` leading to the end without outcome.
    fn system(&self, counts: &[u64], visits: &[f64], removed: Option<u32>) -> Option<Absorbing> {
        let size = self.size;
        let mut table = vec![0.0; size * size];
        // Whole numbers: the order in which the kinds were met shows nowhere.
        let mut gone = vec![0_u64; size];
        let lost: Vec<bool> = match removed {
            None => vec![false; size],
            Some(_) => (0..size).map(|state| self.last(state) == removed).collect(),
        };
        for (&(from, to), &count) in self.cells.iter().zip(counts).filter(|(_, count)| **count > 0) {
            let (from, to) = (from as usize, to as usize);
            if to >= size || lost.get(to).copied().unwrap_or_default() {
                if let Some(gone) = gone.get_mut(from) {
                    *gone = gone.saturating_add(count);
                }
            } else if let (Some(entry), Some(visits)) = (table.get_mut(from * size + to), visits.get(from)) {
                *entry = count as f64 / visits;
            }
        }
        // Where nobody ever was, nothing leads: the state is left at once.
        let share = |(gone, visits): (u64, &f64)| if *visits > 0.0 { gone as f64 / visits } else { 1.0 };
        let absorbed = gone.into_iter().zip(visits).map(share).collect();
        Absorbing::new(table, absorbed)
    }

    /// The probability that each state ends with an outcome in the next step.
    fn ends(&self, counts: &[u64], visits: &[f64], outcome: usize) -> Vec<f64> {
        let mut ends = vec![0.0; self.size];
        for (cell, count) in self.cells.iter().zip(counts).filter(|(cell, _)| cell.1 as usize == self.size + outcome) {
            if let (Some(end), Some(&visits)) = (ends.get_mut(cell.0 as usize), visits.get(cell.0 as usize))
                && *count > 0
            {
                *end = *count as f64 / visits;
            }
        }
        ends
    }

    /// The chain of so many transitions of each kind. `rewards` are sums by state,
    /// such as of the times that its steps took; 0 where there are none.
    pub(super) fn solve(&self, counts: &[u64], rewards: &[f64]) -> Option<Solved> {
        let visits = self.visits(counts);
        let whole = self.system(counts, &visits, None)?;
        let ends: Vec<Vec<f64>> = (0..self.outcomes).map(|outcome| self.ends(counts, &visits, outcome)).collect();
        let probabilities: Vec<Vec<f64>> = ends.iter().map(|ends| whole.solve(ends)).collect();
        let mean = |(state, visits): (usize, &f64)| {
            if *visits > 0.0 { rewards.get(state).copied().unwrap_or_default() / visits } else { 0.0 }
        };
        let means: Vec<f64> = visits.iter().enumerate().map(mean).collect();
        let (mut expected_visits, mut own_visits) = (vec![0.0; self.size], vec![0.0; self.size]);
        let mut unit = vec![0.0; self.size];
        for state in 0..self.size {
            unit.fill(0.0);
            if let Some(place) = unit.get_mut(state) {
                *place = 1.0;
            }
            let found = whole.solve(&unit);
            let at = |place: usize| found.get(place).copied().unwrap_or_default();
            if let (Some(expected), Some(own)) = (expected_visits.get_mut(state), own_visits.get_mut(state)) {
                (*expected, *own) = (at(0), at(state));
            }
        }
        let removal = if self.order == 1 {
            // What is lost is P(the state is visited) P(outcome from it): N_0c / N_cc from the expected visits N, so that one
            // elimination serves all steps.
            (1..=self.names).map(|state| lost_at(&probabilities, &expected_visits, &own_visits, state)).collect()
        } else {
            let without = |step: usize| {
                let removed = u32::try_from(step).ok();
                let left = self.system(counts, &visits, removed);
                ends.iter().zip(&probabilities).map(|(ends, whole)| lost(left.as_ref(), ends, whole)).collect()
            };
            (0..self.names).map(without).collect()
        };
        let rewards = whole.solve(&means);
        let steps = whole.solve(&vec![1.0; self.size]);
        Some(Solved { visits, probabilities, steps, rewards, expected_visits, removal })
    }
}

fn lost_at(probabilities: &[Vec<f64>], expected: &[f64], own: &[f64], state: usize) -> Vec<f64> {
    let at = |values: &[f64], place: usize| values.get(place).copied().unwrap_or_default();
    let reached = if at(own, state) > 0.0 { at(expected, state) / at(own, state) } else { 0.0 };
    let effect =
        |from: &Vec<f64>| if at(from, 0) > 0.0 { (reached * at(from, state) / at(from, 0)).min(1.0) } else { 0.0 };
    probabilities.iter().map(effect).collect()
}

fn lost(without: Option<&Absorbing>, ends: &[f64], whole: &[f64]) -> f64 {
    let before = whole.first().copied().unwrap_or_default();
    let left = without.map_or(before, |without| without.solve(ends).first().copied().unwrap_or_default());
    if before > 0.0 { (1.0 - left / before).clamp(0.0, 1.0) } else { 0.0 }
}
