//! What will this customer do next, with which probability? What followed each context of up to so many touchpoints, longer contexts
//! blended with shorter ones. State: a tree of contexts; learned from [`Journeys`], asked with a history.

use std::collections::{BTreeMap, HashMap};

use super::Journeys;
use super::outcome::{OpenJourneys, is_biased};
use crate::Error;

/// A model of the next touchpoint from a context of variable length, by interpolated Witten-Bell smoothing (method C of prediction by
/// partial matching, Moffat 1990).
///
/// With c(h x) how often x followed the context h, c(h) their sum, T(h) the number of different x, and h' the context without its
/// oldest touchpoint:
///
/// ```text
/// P(x | h) = (c(h x) + T(h) P(x | h')) / (c(h) + T(h));   P(x | h) = P(x | h') where h was never met
/// ```
///
/// x is a touchpoint, the end of the journey, or something never met; before the empty context all are alike. Probabilities are above
/// 0 and sum to 1, whatever was asked. There is nothing to tune but the longest context; its log-loss on journeys that the model has
/// not seen ([`log_loss`](Self::log_loss)) says which one serves. Formula page: `docs/formulas/next-touchpoint.md`.
///
/// It says what customers with such a history did next, and not what would make them do it.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions, NextTouchpoint, OpenJourneys}};
///
/// let mut log = EventLog::default();
/// for (customer, path) in [("ann", ["home", "cart", "pay"]), ("bob", ["home", "cart", "pay"]), ("cid", ["ad", "cart", "help"])] {
///     for (at, touchpoint) in (0..).zip(path) {
///         log.add(&Event::new(customer, touchpoint, Timestamp(at)))?;
///     }
/// }
/// let journeys = log.journeys(&JourneyOptions::default())?;
/// let model = NextTouchpoint::learn(&journeys, 2, OpenJourneys::Lost)?;
/// let next = model.predict(&["home", "cart"]);
/// assert_eq!((next.touchpoints[0].0.as_str(), next.context, next.observations), ("pay", 2, 2));
/// let sum: f64 = next.touchpoints.iter().map(|(_, probability)| probability).sum::<f64>() + next.end + next.unseen;
/// assert!((sum - 1.0).abs() < 1e-12);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Class: table; about 100 bytes for each different context. Sources: Witten and Bell (1991), IEEE Transactions on Information Theory
/// 37, 1085-1094; Chen and Goodman (1999), Computer Speech and Language 13, 359-394, section 2.5 (the interpolated form).
#[derive(Debug, Clone)]
pub struct NextTouchpoint {
    names: Vec<String>,
    longest: usize,
    journeys: u64,
    open: u64,
    /// A node a context; the empty one first.
    nodes: Vec<BTreeMap<u32, u64>>,
    /// The node of a context and one touchpoint before it.
    longer: HashMap<(u32, u32), u32>,
}

/// What may come next.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NextTouchpoints {
    /// The touchpoints, most probable first.
    pub touchpoints: Vec<(String, f64)>,
    /// The probability that the journey ends.
    pub end: f64,
    /// The probability of a touchpoint that was never met.
    pub unseen: f64,
    /// How many touchpoints of the history were used.
    pub context: usize,
    /// How often such a history was met.
    pub observations: u64,
}

/// How well a model foresaw the steps of journeys.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LogLoss {
    /// The mean of -ln P(what came next), in nats; less is better.
    pub value: f64,
    /// Steps foreseen, ends among them.
    pub steps: u64,
}

impl NextTouchpoint {
    /// The longest context that can be learned.
    pub const LONGEST: usize = 16;

    /// Learns from journeys what follows each context of up to `longest` touchpoints. The end of an open journey is no end: nothing is
    /// learned from it.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a longest context that is not 1 to 16,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2³² - 1 contexts.
    ///
    /// # Complexity
    /// O(n · longest) for n touchpoints.
    pub fn learn(journeys: &Journeys<'_>, longest: usize, open: OpenJourneys) -> Result<Self, Error> {
        if !(1..=Self::LONGEST).contains(&longest) {
            return Err(Error::input("longest context", longest, format!("1 to {}", Self::LONGEST)));
        }
        let names: Vec<String> = journeys.names().iter().map(|name| (*name).to_owned()).collect();
        let end = u32::try_from(names.len()).map_err(|_| Error::overflow("number of touchpoints"))?;
        let mut model = Self {
            names,
            longest,
            journeys: journeys.len() as u64,
            open: 0,
            nodes: vec![BTreeMap::new()],
            longer: HashMap::new(),
        };
        for journey in journeys.iter() {
            let is_open = journeys.is_open(&journey, open);
            for (at, &next) in journey.steps.iter().enumerate() {
                model.count(journey.steps.get(..at).unwrap_or_default(), next)?;
            }
            if is_open {
                model.open += 1;
            } else {
                model.count(journey.steps, end)?;
            }
        }
        Ok(model)
    }

    /// Journeys learned from that are still open.
    #[must_use]
    pub const fn open_journeys(&self) -> u64 {
        self.open
    }

    /// Whether more than 5 % of the journeys are open: then the answers are biased.
    #[must_use]
    pub fn is_biased(&self) -> bool {
        is_biased(self.open, self.journeys.saturating_sub(self.open))
    }

    fn count(&mut self, history: &[u32], next: u32) -> Result<(), Error> {
        let mut node = 0_u32;
        let mut before = history.iter().rev().take(self.longest);
        loop {
            if let Some(counts) = self.nodes.get_mut(node as usize) {
                *counts.entry(next).or_default() += 1;
            }
            let Some(&step) = before.next() else { return Ok(()) };
            node = if let Some(known) = self.longer.get(&(node, step)) {
                *known
            } else {
                let new = u32::try_from(self.nodes.len()).map_err(|_| Error::overflow("number of contexts"))?;
                self.nodes.push(BTreeMap::new());
                self.longer.insert((node, step), new);
                new
            };
        }
    }

    /// The contexts of a history that were met, the shortest first.
    fn contexts(&self, history: &[Option<u32>]) -> Vec<&BTreeMap<u32, u64>> {
        let (mut node, mut found) = (0, Vec::new());
        found.extend(self.nodes.first());
        for step in history.iter().rev().take(self.longest) {
            let Some(longer) = step.and_then(|step| self.longer.get(&(node, step))) else { break };
            node = *longer;
            found.extend(self.nodes.get(node as usize));
        }
        found
    }

    /// The probability of a touchpoint by number, of the end (the number after the last), or of what was never met (none).
    fn probability(&self, contexts: &[&BTreeMap<u32, u64>], next: Option<u32>) -> f64 {
        let mut probability = 1.0 / (self.names.len() + 2) as f64;
        for counts in contexts {
            let (all, different) = (counts.values().sum::<u64>() as f64, counts.len() as f64);
            let count = next.and_then(|next| counts.get(&next)).copied().unwrap_or_default();
            if different > 0.0 {
                probability = (count as f64 + different * probability) / (all + different);
            }
        }
        probability
    }

    fn number(&self, name: &str) -> Option<u32> {
        let place = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok();
        place.and_then(|place| u32::try_from(place).ok())
    }

    /// What comes next after a history, the oldest touchpoint first; of an empty one, what journeys begin with. A touchpoint that was
    /// never met ends the context.
    #[must_use]
    pub fn predict<S: AsRef<str>>(&self, history: &[S]) -> NextTouchpoints {
        let history: Vec<Option<u32>> = history.iter().map(|name| self.number(name.as_ref())).collect();
        let contexts = self.contexts(&history);
        let of = |next: u32| self.probability(&contexts, Some(next));
        let mut touchpoints: Vec<(String, f64)> =
            (0..).zip(&self.names).map(|(at, name)| (name.clone(), of(at))).collect();
        // Stable: those of one probability stand in the order of their names.
        touchpoints.sort_by(|left, right| right.1.total_cmp(&left.1));
        NextTouchpoints {
            touchpoints,
            end: u32::try_from(self.names.len()).map_or(0.0, of),
            unseen: self.probability(&contexts, None),
            context: contexts.len().saturating_sub(1),
            observations: contexts.last().map_or(0, |counts| counts.values().sum()),
        }
    }

    /// The log-loss on journeys, which should be of customers that the model has not seen. The end of an open journey is not foreseen.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) where there is no step: never, as journeys have one.
    ///
    /// # Complexity
    /// O(n · longest · log of the touchpoints).
    pub fn log_loss(&self, journeys: &Journeys<'_>, open: OpenJourneys) -> Result<LogLoss, Error> {
        let numbers: Vec<Option<u32>> = journeys.names().iter().map(|name| self.number(name)).collect();
        let end = u32::try_from(self.names.len()).ok();
        let (mut sum, mut steps) = (crate::numeric::sum::Sum::default(), 0_u64);
        for journey in journeys.iter() {
            let path: Vec<Option<u32>> =
                journey.steps.iter().map(|&step| numbers.get(step as usize).copied().flatten()).collect();
            let is_open = journeys.is_open(&journey, open);
            for at in 0..=path.len() {
                let next = if at < path.len() { path.get(at).copied().flatten() } else { end };
                if at == path.len() && is_open {
                    continue;
                }
                sum.add(-self.probability(&self.contexts(path.get(..at).unwrap_or_default()), next).ln());
                steps += 1;
            }
        }
        if steps == 0 {
            return Err(Error::no_data("steps to foresee"));
        }
        Ok(LogLoss { value: sum.value() / steps as f64, steps })
    }

    /// The log-loss on customers that were not learned from: customers in the order of their names are dealt to so many groups in turn,
    /// and each group is foreseen by what the others did. Fewer groups where there are fewer customers.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for fewer than two customers; [`ErrorKind::Input`](crate::ErrorKind::Input) for
    /// fewer than two groups, and as [`learn`](Self::learn).
    ///
    /// # Complexity
    /// That of [`learn`](Self::learn) and [`log_loss`](Self::log_loss) for each group.
    pub fn cross_validate(
        journeys: &Journeys<'_>,
        longest: usize,
        open: OpenJourneys,
        groups: usize,
    ) -> Result<LogLoss, Error> {
        if groups < 2 {
            return Err(Error::input("groups of customers", groups, "at least 2"));
        }
        let customers: BTreeMap<&str, u32> = journeys
            .by_customer()
            .map(|all| (journeys.customer(all.customer).unwrap_or_default(), all.customer))
            .collect();
        if customers.len() < 2 {
            return Err(Error::no_data("a second customer: none is left to be foreseen"));
        }
        let groups = groups.min(customers.len());
        let group_of: HashMap<u32, usize> =
            customers.into_values().enumerate().map(|(rank, customer)| (customer, rank % groups)).collect();
        let (mut sum, mut steps) = (crate::numeric::sum::Sum::default(), 0_u64);
        for group in 0..groups {
            let is_held_out = |customer: u32| group_of.get(&customer) == Some(&group);
            let model = Self::learn(&journeys.keep(|journey| !is_held_out(journey.customer))?, longest, open)?;
            let held_out = journeys.keep(|journey| is_held_out(journey.customer))?;
            let loss = model.log_loss(&held_out, open)?;
            sum.add(loss.value * loss.steps as f64);
            steps += loss.steps;
        }
        Ok(LogLoss { value: sum.value() / steps as f64, steps })
    }
}
