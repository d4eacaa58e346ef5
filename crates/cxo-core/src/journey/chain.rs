//! From here, how likely is each outcome, after how many steps and how long? A Markov chain of order 1 with absorbing ends, and
//! with the times that its steps take. Stateless; asked of [`Journeys`].

use super::Journeys;
use super::paths::OpenJourneys;
use crate::Error;
use crate::numeric::absorbing::Absorbing;

/// Above this share of open journeys the answers are biased towards quick endings.
const MOST_OPEN: f64 = 0.05;

/// Journeys as an absorbing Markov chain: where they end, and what that takes. Formula page: `docs/formulas/journey-chain.md`.
///
/// It is arithmetic on what was observed: that journeys through a touchpoint end well does not say that the touchpoint makes them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JourneyChain {
    /// The outcomes, in the order asked.
    pub outcomes: Vec<Outcome>,
    /// Journeys that ended without one.
    pub lost: u64,
    /// Journeys that were still open, left out.
    pub open: u64,
    /// Whether more than 5 % of the journeys were open: then the answers are biased.
    pub biased: bool,
    /// A journey that has not begun: its first step is the first touchpoint.
    pub start: ChainState,
    /// Each touchpoint on the way, in the order of the bytes of the names.
    pub states: Vec<ChainState>,
}

/// An outcome with the journeys that reached it first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The touchpoint.
    pub touchpoint: String,
    /// Journeys that ended there.
    pub journeys: u64,
}

/// What is to be expected at one touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChainState {
    /// The touchpoint; `(start)` for the start.
    pub touchpoint: String,
    /// How often journeys were here.
    pub visits: u64,
    /// The probability of each outcome from here, in the order of the outcomes. Together with that of none they sum to 1.
    pub probabilities: Vec<f64>,
    /// The expected number of steps until the journey ends, whichever way.
    pub expected_steps: f64,
    /// The expected time until then, from the mean times of the steps that were observed; the end without outcome takes none.
    pub expected_seconds: f64,
    /// How often a journey is expected to come here.
    pub expected_visits: f64,
}

/// Counts over the states: the start, then the touchpoints.
struct Counts {
    size: usize,
    outcomes: usize,
    transitions: Vec<u64>,
    /// By state and outcome; the last is none.
    ends: Vec<u64>,
    /// Microseconds of all steps out of a state.
    micros: Vec<i128>,
    open: u64,
}

impl Counts {
    fn new(size: usize, outcomes: usize) -> Self {
        let (transitions, ends) = (vec![0; size * size], vec![0; size * (outcomes + 1)]);
        Self { size, outcomes, transitions, ends, micros: vec![0; size], open: 0 }
    }

    fn step(&mut self, from: usize, to: usize, micros: i64) {
        if let (Some(count), Some(sum)) = (self.transitions.get_mut(from * self.size + to), self.micros.get_mut(from)) {
            *count += 1;
            *sum += i128::from(micros);
        }
    }

    fn end(&mut self, from: usize, outcome: usize, micros: i64) {
        if let (Some(count), Some(sum)) =
            (self.ends.get_mut(from * (self.outcomes + 1) + outcome), self.micros.get_mut(from))
        {
            *count += 1;
            *sum += i128::from(micros);
        }
    }

    fn row(&self, state: usize) -> &[u64] {
        self.transitions.get(state * self.size..(state + 1) * self.size).unwrap_or_default()
    }

    fn ends_of(&self, state: usize) -> &[u64] {
        let width = self.outcomes + 1;
        self.ends.get(state * width..(state + 1) * width).unwrap_or_default()
    }

    fn visits(&self, state: usize) -> u64 {
        self.row(state).iter().chain(self.ends_of(state)).sum()
    }

    fn share(&self, state: usize, count: u64) -> f64 {
        let visits = self.visits(state);
        if visits > 0 { count as f64 / visits as f64 } else { 0.0 }
    }

    fn solved(&self) -> Option<Absorbing> {
        let mut table = Vec::with_capacity(self.size * self.size);
        let mut absorbed = Vec::with_capacity(self.size);
        for state in 0..self.size {
            table.extend(self.row(state).iter().map(|&count| self.share(state, count)));
            // Where nobody ever was, nothing leads: the state is left at once.
            let ends: u64 = self.ends_of(state).iter().sum();
            absorbed.push(if self.visits(state) > 0 { self.share(state, ends) } else { 1.0 });
        }
        Absorbing::new(table, absorbed)
    }
}

impl Journeys<'_> {
    /// These journeys as a chain that ends at the first of the outcomes.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions, OpenJourneys}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, at) in [("ann", "cart", 0), ("ann", "pay", 10), ("bob", "cart", 0)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(at * 1_000_000)))?;
    /// }
    /// let chain = log.journeys(&JourneyOptions::default())?.chain(&["pay"], OpenJourneys::Lost)?;
    /// assert_eq!((chain.start.probabilities[0], chain.states[0].expected_steps, chain.states[0].expected_seconds), (0.5, 1.0, 5.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no outcome, one that no record has, or only open journeys.
    ///
    /// # Complexity
    /// O(n) for n touchpoints, and O(s³) for s different ones.
    ///
    /// Sources: Kemeny and Snell (1976), Finite Markov Chains, chapter 3; Grassmann, Taksar and Heyman (1985) for the solution.
    pub fn chain<S: AsRef<str>>(&self, outcomes: &[S], open: OpenJourneys) -> Result<JourneyChain, Error> {
        let numbers = self.outcome_numbers(outcomes)?;
        let mut counts = Counts::new(self.names().len() + 1, outcomes.len());
        let end = self.last_time();
        for journey in self.iter() {
            let outcome_of = |step: u32| numbers.iter().position(|&number| number == step);
            let reached = journey.steps.iter().position(|&step| outcome_of(step).is_some());
            let silent = journey.times.last().map_or(0, |&last| end.saturating_sub(last));
            if let (OpenJourneys::Silent { micros }, None) = (open, reached)
                && silent <= micros
            {
                counts.open += 1;
                continue;
            }
            let (mut from, mut before) = (0, None);
            for (&step, &time) in journey.steps.iter().zip(journey.times) {
                let micros = before.map_or(0, |before| time.saturating_sub(before));
                before = Some(time);
                if let Some(outcome) = outcome_of(step) {
                    counts.end(from, outcome, micros);
                    break;
                }
                counts.step(from, step as usize + 1, micros);
                from = step as usize + 1;
            }
            if reached.is_none() {
                counts.end(from, outcomes.len(), 0);
            }
        }
        self.chain_of(&counts, &numbers)
    }

    pub(super) fn outcome_numbers<S: AsRef<str>>(&self, outcomes: &[S]) -> Result<Vec<u32>, Error> {
        if outcomes.is_empty() {
            return Err(Error::no_data("touchpoints that are outcomes"));
        }
        let find = |name: &S| {
            let missing = || Error::no_data(format!("no record of the outcome \"{}\"", name.as_ref()));
            self.number(name.as_ref()).ok_or_else(missing)
        };
        outcomes.iter().map(find).collect()
    }

    fn chain_of(&self, counts: &Counts, outcomes: &[u32]) -> Result<JourneyChain, Error> {
        if counts.visits(0) == 0 {
            return Err(Error::no_data("journeys that have ended"));
        }
        let chain = counts.solved().ok_or_else(|| Error::degenerate("a touchpoint that no journey ever leaves"))?;
        let states = 0..counts.size;
        let share_of = |state: usize, outcome: usize| {
            counts.share(state, counts.ends_of(state).get(outcome).copied().unwrap_or_default())
        };
        let probabilities: Vec<Vec<f64>> = (0..outcomes.len())
            .map(|outcome| chain.solve(&states.clone().map(|state| share_of(state, outcome)).collect::<Vec<_>>()))
            .collect();
        let steps = chain.solve(&vec![1.0; counts.size]);
        let mean = |state: usize| {
            let visits = counts.visits(state);
            let micros = counts.micros.get(state).copied().unwrap_or_default();
            if visits > 0 { micros as f64 / (visits as f64 * 1e6) } else { 0.0 }
        };
        let seconds = chain.solve(&states.clone().map(mean).collect::<Vec<_>>());
        let at = |values: &[f64], state: usize| values.get(state).copied().unwrap_or_default();
        let name = |number: usize| self.names().get(number).map_or_else(String::new, |name| (*name).to_owned());
        let state = |state: usize| {
            let mut visit = vec![0.0; counts.size];
            if let Some(visit) = visit.get_mut(state) {
                *visit = 1.0;
            }
            ChainState {
                touchpoint: state.checked_sub(1).map_or_else(|| "(start)".to_owned(), name),
                visits: counts.visits(state),
                probabilities: probabilities.iter().map(|values| at(values, state).min(1.0)).collect(),
                expected_steps: at(&steps, state),
                expected_seconds: at(&seconds, state),
                expected_visits: at(&chain.solve(&visit), 0),
            }
        };
        let ended: u64 = counts.visits(0);
        let ends = |outcome: usize| states.clone().filter_map(|state| counts.ends_of(state).get(outcome)).sum::<u64>();
        Ok(JourneyChain {
            outcomes: outcomes
                .iter()
                .enumerate()
                .map(|(at, &number)| Outcome { touchpoint: name(number as usize), journeys: ends(at) })
                .collect(),
            lost: ends(outcomes.len()),
            open: counts.open,
            biased: counts.open as f64 > MOST_OPEN * (counts.open + ended) as f64,
            start: state(0),
            states: (1..counts.size).filter(|&at| counts.visits(at) > 0).map(state).collect(),
        })
    }
}
