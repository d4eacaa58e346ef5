//! From here, how likely is each outcome, after how many steps and how long, and what hangs on each step? A Markov chain with
//! absorbing ends, and with the times that its steps take. Stateless; asked of [`Journeys`].

use super::Journeys;
use super::markov::{Markov, Solved};
use super::outcome::{DeclaredOutcome, End, OpenJourneys, Outcome, PathSteps, Ways, is_biased};
use crate::stats::resampling::Bootstrap;
use crate::{Absent, Error, Interval};

/// What is asked of a chain. An [`OpenJourneys`] stands for the default with that rule.
///
/// ```
/// use cxo_core::{Seed, journey::{ChainOptions, OpenJourneys, PathSteps}, stats::resampling::Bootstrap};
///
/// let options = ChainOptions::from(OpenJourneys::Silent { micros: 30 * 86_400_000_000 })
///     .steps(PathSteps::Channel)
///     .order(2)
///     .bootstrap(Bootstrap::new(200, Seed(1))?);
/// # let _ = options;
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainOptions {
    open: OpenJourneys,
    steps: PathSteps,
    order: usize,
    bootstrap: Option<Bootstrap>,
}

impl Default for ChainOptions {
    fn default() -> Self {
        Self { open: OpenJourneys::default(), steps: PathSteps::default(), order: 1, bootstrap: None }
    }
}

impl From<OpenJourneys> for ChainOptions {
    fn from(open: OpenJourneys) -> Self {
        Self { open, ..Self::default() }
    }
}

impl ChainOptions {
    /// What becomes of open journeys; they are lost unless set.
    #[must_use]
    pub const fn open(mut self, open: OpenJourneys) -> Self {
        self.open = open;
        self
    }

    /// What the steps are; touchpoints unless set.
    #[must_use]
    pub const fn steps(mut self, steps: PathSteps) -> Self {
        self.steps = steps;
        self
    }

    /// How many steps the chain remembers, from 1 to 8; 1 unless set. [`Paths::chain_orders`](super::Paths::chain_orders) compares them.
    #[must_use]
    pub const fn order(mut self, order: usize) -> Self {
        self.order = order;
        self
    }

    /// Intervals from resamples of customers; none unless set.
    #[must_use]
    pub const fn bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = Some(bootstrap);
        self
    }
}

/// Journeys as an absorbing Markov chain: where they end, and what that takes. Formula page: `docs/formulas/journey-chain.md`.
///
/// It is arithmetic on what was observed: that journeys through a touchpoint end well does not say that the touchpoint makes them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JourneyChain {
    /// The number of steps remembered.
    pub order: usize,
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
    /// Each state on the way, in the order of the bytes of the names of what it remembers. At order 1 these are the touchpoints.
    pub states: Vec<ChainState>,
    /// What hangs on each step, in the order of the bytes of the names.
    pub removal_effects: Vec<RemovalEffect>,
}

/// What is to be expected at one touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChainState {
    /// The touchpoint or channel; `(start)` for the start.
    pub touchpoint: String,
    /// The steps remembered, the oldest first, this one last; none at the start.
    pub context: Vec<String>,
    /// How often journeys were here.
    pub visits: u64,
    /// The probability of each outcome from here, in the order of the outcomes. Together with that of none they sum to 1.
    pub probabilities: Vec<f64>,
    /// The expected number of steps until the journey ends, whichever way.
    pub expected_steps: f64,
    /// The expected time until then, from the mean times of the steps that were observed (semi-Markov); the end without outcome
    /// takes none.
    pub expected_seconds: f64,
    /// How often a journey is expected to come here.
    pub expected_visits: f64,
    /// Percentile intervals over customers; [`Absent::NotAsked`] without [`ChainOptions::bootstrap`], and absent where fewer than
    /// half of the resamples came here.
    pub intervals: Result<StateIntervals, Absent>,
}

/// How sure the answers of a state are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StateIntervals {
    /// Of the probability of each outcome; absent where all resamples answer the same.
    pub probabilities: Vec<Result<Interval, Absent>>,
    /// Of the expected number of steps; absent likewise.
    pub expected_steps: Result<Interval, Absent>,
    /// Of the expected time; absent likewise.
    pub expected_seconds: Result<Interval, Absent>,
}

/// By which share the probability of each outcome falls when every way through a step ends without outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RemovalEffect {
    /// The touchpoint or channel.
    pub touchpoint: String,
    /// In [0, 1], in the order of the outcomes; absent for an outcome that no journey reached.
    pub effects: Vec<Result<f64, Absent>>,
    /// Percentile intervals over customers, as those of states.
    pub intervals: Vec<Result<Interval, Absent>>,
}

/// The transitions of all journeys, customer by customer.
struct Tape {
    chain: Markov,
    kinds: Vec<u32>,
    micros: Vec<i64>,
    /// Where the transitions of each customer begin, and where the last one's end.
    begins: Vec<usize>,
    customers: Vec<u32>,
    journeys: u64,
    open: u64,
    used: Vec<bool>,
}

impl Tape {
    fn new(ways: &Ways<'_, '_>, order: usize) -> Result<Self, Error> {
        let mut paths: Vec<Vec<u32>> = Vec::new();
        if order > 1 {
            ways.each(|way| {
                if way.end != End::Open {
                    paths.push(way.steps.clone());
                }
            });
        }
        let names = ways.names.len();
        let chain = Markov::new(names, ways.declared.len(), order, paths.iter().map(Vec::as_slice))?;
        let (kinds, micros) = (Vec::new(), Vec::new());
        let mut tape = Self {
            chain,
            kinds,
            micros,
            begins: Vec::new(),
            customers: Vec::new(),
            journeys: 0,
            open: 0,
            used: vec![false; names],
        };
        let mut last = None;
        ways.each(|way| {
            let outcome = match way.end {
                End::Open => {
                    tape.open += 1;
                    return;
                }
                End::Outcome(outcome) => Some(outcome),
                End::Lost => None,
            };
            if last.replace(way.customer) != Some(way.customer) {
                tape.customers.push(way.customer);
                tape.begins.push(tape.kinds.len());
            }
            tape.journeys += 1;
            tape.chain.record(&way.steps, outcome, &mut tape.kinds);
            let mut before = None;
            for &time in way.times.iter().chain(&way.end_time) {
                tape.micros.push(before.map_or(0, |before| time.saturating_sub(before)));
                before = Some(time);
            }
            // The end without outcome takes no time.
            tape.micros.resize(tape.kinds.len(), 0);
            for &step in &way.steps {
                if let Some(used) = tape.used.get_mut(step as usize) {
                    *used = true;
                }
            }
        });
        tape.begins.push(tape.kinds.len());
        Ok(tape)
    }

    /// The counts of each kind, and the seconds by state, of a sample in which each customer is so often.
    fn counts(&self, weights: Option<&[u32]>) -> (Vec<u64>, Vec<f64>) {
        let (mut counts, mut micros) = (vec![0_u64; self.chain.kinds()], vec![0_i128; self.chain.states()]);
        for (customer, bounds) in self.begins.windows(2).enumerate() {
            let weight = weights.map_or(1, |weights| weights.get(customer).copied().unwrap_or_default());
            let &[begin, end] = bounds else { continue };
            if weight == 0 {
                continue;
            }
            let kinds = self.kinds.get(begin..end).unwrap_or_default();
            for (&kind, &time) in kinds.iter().zip(self.micros.get(begin..end).unwrap_or_default()) {
                if let (Some(count), Some(sum)) = (counts.get_mut(kind as usize), micros.get_mut(self.chain.from(kind)))
                {
                    *count += u64::from(weight);
                    *sum += i128::from(weight) * i128::from(time);
                }
            }
        }
        (counts, micros.into_iter().map(|micros| micros as f64 / 1e6).collect())
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
    /// assert_eq!(chain.removal_effects[0].effects[0], Ok(1.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no outcome, one that no record has, or only open journeys, and for
    /// channels in a log without; [`ErrorKind::Input`](crate::ErrorKind::Input) for an outcome declared twice and for an order
    /// that is not 1 to 8 or has more than 2000 states.
    ///
    /// # Complexity
    /// O(n) for n touchpoints, and O(s³) for s states; that many times with resamples, and O(s³) a step at orders above 1.
    ///
    /// Sources: Kemeny and Snell (1976), Finite Markov Chains, chapter 3; Grassmann, Taksar and Heyman (1985) for the solution.
    pub fn chain<O: Clone + Into<DeclaredOutcome>>(
        &self,
        outcomes: &[O],
        options: impl Into<ChainOptions>,
    ) -> Result<JourneyChain, Error> {
        let options = options.into();
        let ways = Ways::new(self, outcomes, options.steps, options.open)?;
        let tape = Tape::new(&ways, options.order)?;
        if tape.journeys == 0 {
            return Err(Error::no_data("journeys that have ended"));
        }
        let (counts, seconds) = tape.counts(None);
        let solved = tape.chain.solve(&counts, &seconds);
        let solved = solved.ok_or_else(|| Error::degenerate("a touchpoint that no journey ever leaves"))?;
        let draws = options.bootstrap.map(|bootstrap| Draws::new(&tape, &ways, bootstrap));
        Ok(answer(&tape, &ways, &counts, &solved, draws, options.order))
    }
}

/// What the resamples answered: a row a question, in the order of states and then of steps.
struct Draws {
    bootstrap: Bootstrap,
    outcomes: usize,
    /// By state: each outcome, then steps, then seconds.
    states: Vec<Vec<f64>>,
    /// By step and outcome.
    removal: Vec<Vec<f64>>,
}

impl Draws {
    fn new(tape: &Tape, ways: &Ways<'_, '_>, bootstrap: Bootstrap) -> Self {
        let outcomes = tape.chain.outcomes();
        let mut draws = Self {
            bootstrap,
            outcomes,
            states: vec![Vec::new(); tape.chain.states() * (outcomes + 2)],
            removal: vec![Vec::new(); tape.used.len() * outcomes],
        };
        bootstrap.resamples(&ways.ranks(&tape.customers), |weights| {
            let (counts, seconds) = tape.counts(Some(weights));
            if let Some(solved) = tape.chain.solve(&counts, &seconds) {
                draws.add(&solved);
            }
        });
        draws
    }

    fn add(&mut self, solved: &Solved) {
        let width = self.outcomes + 2;
        for (state, rows) in self.states.chunks_mut(width).enumerate() {
            if solved.visits.get(state).is_none_or(|visits| *visits <= 0.0) {
                continue;
            }
            let columns = solved.probabilities.iter().chain([&solved.steps, &solved.rewards]);
            for (row, column) in rows.iter_mut().zip(columns) {
                row.extend(column.get(state).copied());
            }
        }
        let from_start = solved.probabilities.iter().map(|from| from.first().copied().unwrap_or_default());
        let reached: Vec<bool> = from_start.map(|probability| probability > 0.0).collect();
        for (rows, effects) in self.removal.chunks_mut(self.outcomes).zip(&solved.removal) {
            for ((row, effect), _) in rows.iter_mut().zip(effects).zip(&reached).filter(|(_, reached)| **reached) {
                row.push(*effect);
            }
        }
    }

    fn of_state(&mut self, state: usize) -> Result<StateIntervals, Absent> {
        let (width, bootstrap) = (self.outcomes + 2, self.bootstrap);
        let rows = self.states.get_mut(state * width..(state + 1) * width).unwrap_or_default();
        let mut intervals: Vec<_> = rows.iter_mut().map(|draws| bootstrap.interval(draws)).collect();
        if intervals.contains(&Err(Absent::NoObservations)) {
            return Err(Absent::NoObservations);
        }
        let last = |interval: Option<Result<Interval, Absent>>| interval.unwrap_or(Err(Absent::NoObservations));
        let (expected_seconds, expected_steps) = (last(intervals.pop()), last(intervals.pop()));
        let clipped = |interval: Result<Interval, Absent>| interval.map(|interval| interval.clipped(0.0, 1.0));
        Ok(StateIntervals {
            probabilities: intervals.into_iter().map(clipped).collect(),
            expected_steps,
            expected_seconds,
        })
    }

    fn of_step(&mut self, step: usize) -> Vec<Result<Interval, Absent>> {
        let bootstrap = self.bootstrap;
        let rows = self.removal.get_mut(step * self.outcomes..(step + 1) * self.outcomes).unwrap_or_default();
        rows.iter_mut().map(|draws| bootstrap.interval(draws)).collect()
    }
}

fn answer(
    tape: &Tape,
    ways: &Ways<'_, '_>,
    counts: &[u64],
    solved: &Solved,
    mut draws: Option<Draws>,
    order: usize,
) -> JourneyChain {
    let at = |values: &[f64], state: usize| values.get(state).copied().unwrap_or_default();
    let name = |step: usize| ways.names.get(step).map_or_else(String::new, |name| (*name).to_owned());
    let visits = |state: usize| at(&solved.visits, state);
    let mut state = |state: usize| {
        let context: Vec<String> = tape.chain.context(state).into_iter().map(|step| name(step as usize)).collect();
        ChainState {
            touchpoint: context.last().cloned().unwrap_or_else(|| "(start)".to_owned()),
            context,
            visits: tape.chain.visits_of(counts, state),
            probabilities: solved.probabilities.iter().map(|values| at(values, state).min(1.0)).collect(),
            expected_steps: at(&solved.steps, state),
            expected_seconds: at(&solved.rewards, state),
            expected_visits: at(&solved.expected_visits, state),
            intervals: draws.as_mut().map_or(Err(Absent::NotAsked), |draws| draws.of_state(state)),
        }
    };
    let start = state(0);
    let states = (1..tape.chain.states()).filter(|&at| visits(at) > 0.0).map(&mut state).collect();
    let outcomes: Vec<Outcome> = (0..)
        .zip(&ways.declared)
        .map(|(at, declared)| Outcome {
            touchpoint: declared.touchpoint.clone(),
            sign: declared.sign,
            journeys: tape.chain.ended(counts, at),
        })
        .collect();
    let effect = |(outcome, effect): (&Outcome, &f64)| {
        if outcome.journeys > 0 { Ok(*effect) } else { Err(Absent::NoObservations) }
    };
    let used = solved.removal.iter().zip(&tape.used).enumerate().filter(|(_, (_, used))| **used);
    let removal_effects = used.map(|(step, (effects, _))| RemovalEffect {
        touchpoint: name(step),
        effects: outcomes.iter().zip(effects).map(effect).collect(),
        intervals: match &mut draws {
            Some(draws) => draws.of_step(step),
            None => vec![Err(Absent::NotAsked); outcomes.len()],
        },
    });
    JourneyChain {
        order,
        removal_effects: removal_effects.collect(),
        lost: tape.chain.ended(counts, outcomes.len()),
        open: tape.open,
        biased: is_biased(tape.open, tape.journeys),
        outcomes,
        start,
        states,
    }
}
