//! How is the credit for outcomes divided among what customers met on the way, and how sure is that? Attribution over a log: with
//! times, lookback, worth of the outcomes, and intervals over customers. Stateless; asked of [`Journeys`].

use super::attribution::{Attribution, AttributionModel, CreditIntervals, assemble, in_proportion, weigh};
use super::markov::{MOST_ORDER, Markov};
use super::outcome::{DeclaredOutcome, End, OpenJourneys, Outcome, PathSteps, Way, Ways, is_biased};
use super::{Journeys, PathCount, PositionCredit};
use crate::stats::resampling::Bootstrap;
use crate::{Absent, Error};

/// What is asked of attribution over a log. The default is [`AttributionModel::Markov`] of order 1 over touchpoints, without lookback
/// and intervals; the half-life of time decay is seven days.
///
/// ```
/// use cxo_core::journey::{AttributionModel, AttributionOptions, PathSteps};
///
/// const DAY: i64 = 86_400_000_000;
/// let options = AttributionOptions::default()
///     .model(AttributionModel::TimeDecay)
///     .steps(PathSteps::Channel)
///     .half_life(7 * DAY)?
///     .lookback(30 * DAY)?;
/// # let _ = options;
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttributionOptions {
    model: AttributionModel,
    order: usize,
    steps: PathSteps,
    open: OpenJourneys,
    lookback: Option<i64>,
    half_life: i64,
    bootstrap: Option<Bootstrap>,
}

impl Default for AttributionOptions {
    fn default() -> Self {
        Self {
            model: AttributionModel::default(),
            order: 1,
            steps: PathSteps::default(),
            open: OpenJourneys::default(),
            lookback: None,
            half_life: 7 * 86_400_000_000,
            bootstrap: None,
        }
    }
}

impl AttributionOptions {
    /// The most steps that a chain remembers.
    pub const MOST_ORDER: usize = MOST_ORDER;

    /// How credit is divided.
    #[must_use]
    pub const fn model(mut self, model: AttributionModel) -> Self {
        self.model = model;
        self
    }

    /// How many steps the chain of [`AttributionModel::Markov`] remembers.
    #[must_use]
    pub const fn order(mut self, order: usize) -> Self {
        self.order = order;
        self
    }

    /// What the steps are.
    #[must_use]
    pub const fn steps(mut self, steps: PathSteps) -> Self {
        self.steps = steps;
        self
    }

    /// What becomes of open journeys.
    #[must_use]
    pub const fn open(mut self, open: OpenJourneys) -> Self {
        self.open = open;
        self
    }

    /// Only steps at most so many microseconds before the outcome, or before the last step of a journey without one.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) below 0.
    pub fn lookback(mut self, micros: i64) -> Result<Self, Error> {
        if micros < 0 {
            return Err(Error::input("lookback", micros, "0 microseconds or more"));
        }
        self.lookback = Some(micros);
        Ok(self)
    }

    /// The time in which the weight of [`AttributionModel::TimeDecay`] halves.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for 0 or less.
    pub fn half_life(mut self, micros: i64) -> Result<Self, Error> {
        if micros <= 0 {
            return Err(Error::input("half-life", micros, "more than 0 microseconds"));
        }
        self.half_life = micros;
        Ok(self)
    }

    /// The half-life, in seconds; none under other models than [`AttributionModel::TimeDecay`].
    #[must_use]
    pub fn half_life_seconds(&self) -> Option<f64> {
        (self.model == AttributionModel::TimeDecay).then(|| self.half_life as f64 / 1e6)
    }

    /// Intervals from resamples of customers.
    #[must_use]
    pub const fn bootstrap(mut self, bootstrap: Bootstrap) -> Self {
        self.bootstrap = Some(bootstrap);
        self
    }
}

/// Outcomes of a log divided among what came before them. Formula page: `docs/formulas/attribution.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogAttribution {
    /// The credit. Its conversions are the journeys that reached any of the outcomes with a step before it.
    pub credit: Attribution,
    /// The outcomes, in the order asked, with those journeys.
    pub outcomes: Vec<Outcome>,
    /// What the steps were.
    pub steps: PathSteps,
    /// The lookback, if there was one, in seconds.
    pub lookback_seconds: Option<f64>,
    /// The half-life, in seconds; absent under other models than [`AttributionModel::TimeDecay`].
    pub half_life_seconds: Result<f64, Absent>,
    /// Journeys that were still open and left out.
    pub open: u64,
    /// Journeys of which nothing was before the outcome, within the lookback; left out.
    pub immediate: u64,
    /// Whether more than 5 % of the journeys were open: then the answers are biased.
    pub biased: bool,
}

/// What each customer adds.
struct Shares {
    model: AttributionModel,
    names: usize,
    chain: Markov,
    /// Under the chain the kinds of transitions, and otherwise steps with their credit; where each customer's begin.
    kinds: Vec<u32>,
    rows: Vec<(u32, [f64; 2])>,
    begins: Vec<usize>,
    customers: Vec<u32>,
    /// Conversions and their worth by customer.
    totals: Vec<(u64, f64)>,
}

/// The credit of a sample of customers.
struct Sampled {
    conversions: f64,
    credit: Vec<[f64; 2]>,
    effects: Option<Vec<f64>>,
}

impl Shares {
    fn length(&self) -> usize {
        if self.model == AttributionModel::Markov { self.kinds.len() } else { self.rows.len() }
    }

    fn add(&mut self, way: &Way, half_life: i64, weights: &mut Vec<f64>, is_new: bool) {
        if is_new {
            self.begins.push(self.length());
            self.customers.push(way.customer);
            self.totals.push((0, 0.0));
        }
        let outcome = if let End::Outcome(_) = way.end { Some(0) } else { None };
        if outcome.is_some()
            && let Some((conversions, value)) = self.totals.last_mut()
        {
            *conversions += 1;
            *value += way.value;
        }
        if self.model == AttributionModel::Markov {
            self.chain.record(&way.steps, outcome, &mut self.kinds);
        } else if outcome.is_some() {
            weigh(self.model, &way.steps, weights);
            if self.model == AttributionModel::TimeDecay {
                // Only ratios matter: from the last step on, so that some weight is left however long ago all of them were.
                let last = way.times.last().copied().unwrap_or_default();
                let halves = |time: i64| last.saturating_sub(time) as f64 / half_life as f64;
                weights.clear();
                weights.extend(way.times.iter().map(|&time| (-halves(time)).exp2()));
            }
            let sum: f64 = weights.iter().sum();
            let rows = way.steps.iter().zip(weights.iter());
            self.rows.extend(rows.map(|(&step, weight)| (step, [weight / sum, way.value * (weight / sum)])));
        }
    }

    fn of(&self, weights: Option<&[u32]>) -> Option<Sampled> {
        let (mut conversions, mut value) = (0_u64, 0.0);
        let (mut credit, mut counts) = (vec![[0.0; 2]; self.names], vec![0_u64; self.chain.kinds()]);
        for (customer, (bounds, total)) in self.begins.windows(2).zip(&self.totals).enumerate() {
            let weight = weights.map_or(1, |weights| weights.get(customer).copied().unwrap_or_default());
            let &[begin, end] = bounds else { continue };
            if weight == 0 {
                continue;
            }
            let times = f64::from(weight);
            conversions += u64::from(weight) * total.0;
            value += times * total.1;
            for &kind in self.kinds.get(begin..end).unwrap_or_default() {
                if let Some(count) = counts.get_mut(kind as usize) {
                    *count += u64::from(weight);
                }
            }
            for (step, row) in self.rows.get(begin..end).unwrap_or_default() {
                if let Some(credit) = credit.get_mut(*step as usize) {
                    credit.iter_mut().zip(row).for_each(|(sum, more)| *sum += times * more);
                }
            }
        }
        let conversions = conversions as f64;
        if self.model != AttributionModel::Markov {
            return Some(Sampled { conversions, credit, effects: None });
        }
        let solved = self.chain.solve(&counts, &[])?;
        let effects: Vec<f64> =
            solved.removal.iter().map(|effects| effects.first().copied().unwrap_or_default()).collect();
        Some(Sampled { conversions, credit: in_proportion(&effects, conversions, value), effects: Some(effects) })
    }
}

impl Journeys<'_> {
    /// Divides the outcomes of these journeys, the first of each, among the steps before them.
    ///
    /// ```
    /// use cxo_core::{Seed, domain::Timestamp, journey::{AttributionModel, AttributionOptions, Event, EventLog, JourneyOptions}};
    ///
    /// const DAY: i64 = 86_400_000_000;
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, day) in [("ann", "ad", 0), ("ann", "mail", 7), ("ann", "buy", 7), ("bob", "ad", 1)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(day * DAY)))?;
    /// }
    /// let options = AttributionOptions::default().model(AttributionModel::TimeDecay).half_life(7 * DAY)?;
    /// let found = log.journeys(&JourneyOptions::default())?.attribution(&["buy"], &options)?;
    /// let attributed: Vec<_> = found.credit.channels.iter().map(|part| (part.channel.as_str(), part.attributed)).collect();
    /// assert!((attributed[0].1 - 1.0 / 3.0).abs() < 1e-12 && (attributed[1].1 - 2.0 / 3.0).abs() < 1e-12);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no outcome, one that no record has, no journey left, and for channels in a
    /// log without; [`ErrorKind::Input`](crate::ErrorKind::Input) for an outcome declared twice and for an order that is not 1 to 8
    /// or has more than 2000 states.
    ///
    /// # Complexity
    /// O(n) for n touchpoints, once more for each resample; under Markov O(s³) for s states besides.
    pub fn attribution<O: Clone + Into<DeclaredOutcome>>(
        &self,
        outcomes: &[O],
        options: &AttributionOptions,
    ) -> Result<LogAttribution, Error> {
        let mut ways = Ways::new(self, outcomes, options.steps, options.open)?;
        ways.lookback = options.lookback;
        let (shares, gone) = Gone::of(&ways, options)?;
        let whole = shares.of(None).filter(|_| gone.nulls + gone.conversions() > 0);
        let whole = whole.ok_or_else(|| Error::no_data("journeys with a step before their end"))?;
        let mut draws = options.bootstrap.map(|bootstrap| Draws::new(&shares, &ways, bootstrap));
        let value = shares.totals.iter().map(|total| total.1).sum();
        let total = PathCount { conversions: gone.conversions(), nulls: gone.nulls, value };
        // Every touchpoint of a log has a number, an outcome too; a step is what was one.
        let kept: Vec<usize> =
            (0..ways.names.len()).filter(|&at| gone.used.get(at).is_some_and(|used| *used)).collect();
        let pick = |at: &usize| ways.names.get(*at).copied().unwrap_or_default();
        let names: Vec<&str> = kept.iter().map(pick).collect();
        let credit: Vec<[f64; 2]> = kept.iter().filter_map(|&at| whole.credit.get(at).copied()).collect();
        let effects =
            whole.effects.as_ref().map(|all| kept.iter().filter_map(|&at| all.get(at).copied()).collect::<Vec<f64>>());
        let credit = assemble(options.model, total, &names, &credit, effects.as_deref(), |at| match &mut draws {
            None => Err(Absent::NotAsked),
            Some(draws) => draws.of(kept.get(at).copied().unwrap_or_default()),
        });
        let ended = gone.nulls + gone.conversions() + gone.immediate;
        Ok(LogAttribution {
            credit,
            outcomes: outcomes_with(&ways, &gone),
            steps: options.steps,
            lookback_seconds: options.lookback.map(|micros| micros as f64 / 1e6),
            half_life_seconds: options.half_life_seconds().ok_or(Absent::NotDefined),
            open: gone.open,
            immediate: gone.immediate,
            biased: is_biased(gone.open, ended),
        })
    }

    /// The ordered Shapley value of the steps before the outcomes of these journeys
    /// ([`Paths::ordered_shapley`](super::Paths::ordered_shapley)): the credit of each step for each place at which it stood. Over all
    /// places it is that of [`AttributionModel::Shapley`]; model, order, half-life and bootstrap of the options do not matter.
    ///
    /// # Errors
    /// As [`attribution`](Self::attribution).
    ///
    /// # Complexity
    /// O(n log p) for n touchpoints and p different paths.
    pub fn ordered_shapley<O: Clone + Into<DeclaredOutcome>>(
        &self,
        outcomes: &[O],
        options: &AttributionOptions,
    ) -> Result<Vec<PositionCredit>, Error> {
        let mut ways = Ways::new(self, outcomes, options.steps, options.open)?;
        ways.lookback = options.lookback;
        ways.paths()?.paths.ordered_shapley()
    }
}

fn outcomes_with(ways: &Ways<'_, '_>, gone: &Gone) -> Vec<Outcome> {
    let with = |(declared, &journeys): (&DeclaredOutcome, &u64)| Outcome {
        touchpoint: declared.touchpoint.clone(),
        sign: declared.sign,
        journeys,
    };
    ways.declared.iter().zip(&gone.reached).map(with).collect()
}

/// What became of the journeys.
struct Gone {
    reached: Vec<u64>,
    nulls: u64,
    open: u64,
    immediate: u64,
    used: Vec<bool>,
}

impl Gone {
    fn conversions(&self) -> u64 {
        self.reached.iter().sum()
    }

    fn of(ways: &Ways<'_, '_>, options: &AttributionOptions) -> Result<(Shares, Self), Error> {
        let mut paths: Vec<Vec<u32>> = Vec::new();
        if options.model == AttributionModel::Markov && options.order > 1 {
            ways.each(|way| {
                if way.end != End::Open {
                    paths.push(way.steps.clone());
                }
            });
        }
        let names = ways.names.len();
        let is_markov = options.model == AttributionModel::Markov;
        // Only the chain has states to number.
        let (states, order) = if is_markov { (names, options.order) } else { (0, 1) };
        let chain = Markov::new(states, 1, order, paths.iter().map(Vec::as_slice))?;
        let (kinds, rows) = (Vec::new(), Vec::new());
        let (begins, customers, totals) = (Vec::new(), Vec::new(), Vec::new());
        let mut shares = Shares { model: options.model, names, chain, kinds, rows, begins, customers, totals };
        let (reached, used) = (vec![0; ways.declared.len()], vec![false; names]);
        let mut gone = Self { reached, nulls: 0, open: 0, immediate: 0, used };
        let (mut weights, mut last) = (Vec::new(), None);
        ways.each(|way| {
            match way.end {
                End::Open => {
                    gone.open += 1;
                    return;
                }
                _ if way.steps.is_empty() => {
                    gone.immediate += 1;
                    return;
                }
                End::Lost => gone.nulls += 1,
                End::Outcome(outcome) => {
                    if let Some(reached) = gone.reached.get_mut(outcome) {
                        *reached += 1;
                    }
                }
            }
            for &step in &way.steps {
                if let Some(used) = gone.used.get_mut(step as usize) {
                    *used = true;
                }
            }
            shares.add(way, options.half_life, &mut weights, last.replace(way.customer) != Some(way.customer));
        });
        let end = shares.length();
        shares.begins.push(end);
        Ok((shares, gone))
    }
}

/// What the resamples answered, by step: attributed, share, value, removal effect.
struct Draws {
    bootstrap: Bootstrap,
    rows: Vec<[Vec<f64>; 4]>,
}

impl Draws {
    fn new(shares: &Shares, ways: &Ways<'_, '_>, bootstrap: Bootstrap) -> Self {
        let mut rows: Vec<[Vec<f64>; 4]> = vec![Default::default(); shares.names];
        bootstrap.resamples(&ways.ranks(&shares.customers), |weights| {
            let Some(sample) = shares.of(Some(weights)) else { return };
            for (at, ([attributed, share, value, removal], credit)) in rows.iter_mut().zip(&sample.credit).enumerate() {
                attributed.push(credit[0]);
                value.push(credit[1]);
                if sample.conversions > 0.0 {
                    share.push(credit[0] / sample.conversions);
                    removal.extend(sample.effects.as_ref().and_then(|effects| effects.get(at)));
                }
            }
        });
        Self { bootstrap, rows }
    }

    fn of(&mut self, step: usize) -> Result<CreditIntervals, Absent> {
        let bootstrap = self.bootstrap;
        let [attributed, share, value, removal] = self.rows.get_mut(step).ok_or(Absent::NoObservations)?;
        Ok(CreditIntervals {
            attributed: bootstrap.interval(attributed),
            share: bootstrap.interval(share),
            value: bootstrap.interval(value),
            removal_effect: if removal.is_empty() { Err(Absent::NotDefined) } else { bootstrap.interval(removal) },
        })
    }
}
