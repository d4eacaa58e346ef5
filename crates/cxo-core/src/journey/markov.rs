//! What is the probability of an outcome from each step? A Markov chain with absorbing ends over paths, of any order, solved
//! exactly. State: transition counts; called by attribution and by the chain of journeys.

use std::collections::BTreeMap;

use super::paths::PathCount;
use crate::Error;
use crate::numeric::absorbing::Absorbing;

/// The most states that are solved together.
const MOST_STATES: usize = 2000;
/// The most steps that a chain remembers.
const MOST_ORDER: usize = 8;

/// A chain whose states are the last steps of a journey; state 0 is its start.
pub(super) struct Markov {
    names: usize,
    /// The last step of each state; none for the start.
    last: Vec<Option<u32>>,
    /// Counts of transitions, by state and then by state.
    counts: Vec<BTreeMap<usize, u64>>,
    conversions: Vec<u64>,
    nulls: Vec<u64>,
}

impl Markov {
    pub(super) fn new(names: usize, paths: &[(Vec<u32>, PathCount)], order: usize) -> Result<Self, Error> {
        if !(1..=MOST_ORDER).contains(&order) {
            return Err(Error::input("order of the chain", order, format!("1 to {MOST_ORDER}")));
        }
        let mut numbers: BTreeMap<&[u32], usize> = BTreeMap::from([(&[][..], 0)]);
        for (path, _) in paths {
            for end in 1..=path.len() {
                if let Some(state) = path.get(end.saturating_sub(order)..end) {
                    numbers.insert(state, 0);
                }
            }
        }
        if numbers.len() > MOST_STATES {
            let what = format!("order {order} of the chain, with {} states", numbers.len());
            return Err(Error::input(what, order, format!("an order with at most {MOST_STATES} states")));
        }
        numbers.values_mut().enumerate().for_each(|(number, place)| *place = number);
        let mut chain = Self {
            names,
            last: numbers.keys().map(|state| state.last().copied()).collect(),
            counts: vec![BTreeMap::new(); numbers.len()],
            conversions: vec![0; numbers.len()],
            nulls: vec![0; numbers.len()],
        };
        for (path, count) in paths {
            let journeys = count.conversions.saturating_add(count.nulls);
            let mut from = 0;
            for end in 1..=path.len() {
                let to = path.get(end.saturating_sub(order)..end).and_then(|state| numbers.get(state)).copied();
                if let (Some(to), Some(row)) = (to, chain.counts.get_mut(from)) {
                    let count = row.entry(to).or_default();
                    *count = count.saturating_add(journeys);
                    from = to;
                }
            }
            for (ends, more) in [(&mut chain.conversions, count.conversions), (&mut chain.nulls, count.nulls)] {
                if let Some(end) = ends.get_mut(from) {
                    *end = end.saturating_add(more);
                }
            }
        }
        Ok(chain)
    }

    pub(super) fn states(&self) -> usize {
        self.last.len()
    }

    /// All transitions out of a state.
    pub(super) fn visits(&self, state: usize) -> f64 {
        // As floats: steps of many journeys can be more than 64 bits count.
        let inside: f64 =
            self.counts.get(state).into_iter().flat_map(BTreeMap::values).map(|count| *count as f64).sum();
        let ends = |ends: &[u64]| ends.get(state).copied().unwrap_or_default();
        inside + ends(&self.conversions) as f64 + ends(&self.nulls) as f64
    }

    /// The probability that each state ends with the outcome in the next step.
    pub(super) fn converts(&self) -> Vec<f64> {
        let share = |(state, count): (usize, &u64)| if *count > 0 { *count as f64 / self.visits(state) } else { 0.0 };
        self.conversions.iter().enumerate().map(share).collect()
    }

    /// The chain, every way into a state that ends with `removed` leading to the end without the outcome.
    pub(super) fn solved(&self, removed: Option<u32>) -> Option<Absorbing> {
        let size = self.states();
        let (mut table, mut absorbed) = (vec![0.0; size * size], vec![0.0; size]);
        for (state, row) in self.counts.iter().enumerate() {
            let visits = self.visits(state);
            if visits <= 0.0 {
                // Nothing leads here.
                if let Some(absorbed) = absorbed.get_mut(state) {
                    *absorbed = 1.0;
                }
                continue;
            }
            let ends = [&self.conversions, &self.nulls].map(|ends| ends.get(state).copied().unwrap_or_default());
            let mut gone = ends.iter().map(|count| *count as f64).sum::<f64>();
            for (&to, &count) in row {
                let removed = removed.is_some() && self.last.get(to).copied().flatten() == removed;
                if removed {
                    gone += count as f64;
                } else if let Some(entry) = table.get_mut(state * size + to) {
                    *entry = count as f64 / visits;
                }
            }
            if let Some(absorbed) = absorbed.get_mut(state) {
                *absorbed = gone / visits;
            }
        }
        Absorbing::new(table, absorbed)
    }

    /// For each channel the share of the probability of the outcome that is lost when every way through it ends without it.
    ///
    /// At order 1 a channel is one state c, and what is lost is P(c is visited) P(outcome from c): N_0c / N_cc from the expected
    /// visits N, so that one elimination serves all channels. At a higher order each channel needs one of its own.
    pub(super) fn removal_effects(&self) -> Vec<f64> {
        let mut effects = vec![0.0; self.names];
        let Some(whole) = self.solved(None) else { return effects };
        let converts = self.converts();
        let reached = whole.solve(&converts);
        let from_start = reached.first().copied().unwrap_or_default();
        if from_start <= 0.0 {
            return effects;
        }
        let single = self.states() <= self.names + 1;
        for (channel, effect) in (0..).zip(&mut effects) {
            if single {
                let Some(state) = self.last.iter().position(|last| *last == Some(channel)) else { continue };
                let mut visit = vec![0.0; self.states()];
                if let Some(visit) = visit.get_mut(state) {
                    *visit = 1.0;
                }
                let visits = whole.solve(&visit);
                let at = |values: &[f64], place: usize| values.get(place).copied().unwrap_or_default();
                let lost = at(&visits, 0) / at(&visits, state) * at(&reached, state);
                *effect = (lost / from_start).min(1.0);
            } else if let Some(without) = self.solved(Some(channel)) {
                let left = without.solve(&converts).first().copied().unwrap_or_default();
                *effect = (1.0 - left / from_start).clamp(0.0, 1.0);
            }
        }
        effects
    }
}
