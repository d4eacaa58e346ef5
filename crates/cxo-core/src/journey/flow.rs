//! What follows what, how often, and after how long? The map of journeys: the directly-follows graph with its times. Stateless;
//! asked of [`Journeys`].

use std::collections::HashMap;

use super::options::Ties;
use super::{JourneyView, Journeys};

/// Up to so many touchpoints pairs are counted in a square table.
const MOST_SQUARE: usize = 1024;

/// The directly-follows graph of journeys.
///
/// An edge from a to b is counted wherever b is the next touchpoint after a in a journey (van der Aalst 2016, 5.2); under
/// [`Ties::Strict`] only where b is later. Everything is in the order of the bytes of the names.
/// Formula page: `docs/formulas/journey-map.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JourneyMap {
    /// Journeys.
    pub journeys: u64,
    /// Touchpoints of all journeys.
    pub events: u64,
    /// Each touchpoint.
    pub touchpoints: Vec<TouchpointCount>,
    /// What directly follows what.
    pub edges: Vec<Edge>,
    /// First touchpoints with the number of journeys that begin with them.
    pub starts: Vec<NodeCount>,
    /// Last touchpoints with the number of journeys that end with them.
    pub ends: Vec<NodeCount>,
}

/// How often a touchpoint occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TouchpointCount {
    /// Its name.
    pub touchpoint: String,
    /// Occurrences.
    pub events: u64,
    /// Journeys in which it occurs.
    pub journeys: u64,
}

/// A touchpoint with a number of journeys.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeCount {
    /// Its name.
    pub touchpoint: String,
    /// Journeys.
    pub count: u64,
}

/// One touchpoint directly after another.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Edge {
    /// The first.
    pub from: String,
    /// The one after it.
    pub to: String,
    /// How often.
    pub count: u64,
    /// In how many journeys.
    pub journeys: u64,
    /// Seconds from the first to the one after it: the median (R type 7).
    pub median_seconds: f64,
    /// Their mean, from an exact sum.
    pub mean_seconds: f64,
    /// The time within which nine of ten go on (R type 7).
    pub p90_seconds: f64,
}

impl Journeys<'_> {
    /// The map of these journeys.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, seconds) in [("ann", "home", 0), ("ann", "cart", 60), ("bob", "home", 5), ("bob", "cart", 25)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(seconds * 1_000_000)))?;
    /// }
    /// let map = log.journeys(&JourneyOptions::default())?.map();
    /// let edge = &map.edges[0];
    /// assert_eq!((edge.from.as_str(), edge.to.as_str(), edge.count, edge.mean_seconds), ("home", "cart", 2, 40.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(n) for n touchpoints, and 4 bytes each for the times of the edges at once.
    #[must_use]
    pub fn map(&self) -> JourneyMap {
        let names = self.names().len();
        let (mut touchpoints, mut starts, mut ends) = (vec![[0_u64; 2]; names], vec![0_u64; names], vec![0_u64; names]);
        let mut last_seen = vec![usize::MAX; names];
        for (at, journey) in self.iter().enumerate() {
            for &step in journey.steps {
                let place = step as usize;
                if let (Some(counts), Some(seen)) = (touchpoints.get_mut(place), last_seen.get_mut(place)) {
                    counts[0] += 1;
                    counts[1] += u64::from(*seen != at);
                    *seen = at;
                }
            }
            for (step, counts) in [(journey.steps.first(), &mut starts), (journey.steps.last(), &mut ends)] {
                if let Some(count) = step.and_then(|&step| counts.get_mut(step as usize)) {
                    *count += 1;
                }
            }
        }
        let name = |at: usize| self.names().get(at).map_or_else(String::new, |name| (*name).to_owned());
        let counted = |counts: Vec<u64>| {
            let counts = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
            counts.map(|(at, count)| NodeCount { touchpoint: name(at), count }).collect()
        };
        let touchpoints = touchpoints.into_iter().enumerate().filter(|(_, [events, _])| *events > 0);
        JourneyMap {
            journeys: self.len() as u64,
            events: self.events() as u64,
            touchpoints: touchpoints
                .map(|(at, [events, journeys])| TouchpointCount { touchpoint: name(at), events, journeys })
                .collect(),
            edges: self.edges(),
            starts: counted(starts),
            ends: counted(ends),
        }
    }
}

/// What directly follows what, by the numbers of the touchpoints: counts alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Numbers of both, in ascending order.
    pairs: Vec<(u32, u32)>,
    counts: Vec<u64>,
}

impl Flow {
    /// Each pair of touchpoints of which one directly follows the other, with how often, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        self.pairs.iter().zip(&self.counts).map(|(&(from, to), &count)| (from, to, count))
    }

    /// How often the second directly follows the first.
    #[must_use]
    pub fn count(&self, from: u32, to: u32) -> u64 {
        self.pairs.binary_search(&(from, to)).ok().and_then(|at| self.counts.get(at)).copied().unwrap_or_default()
    }

    fn place(&self, from: u32, to: u32) -> usize {
        self.pairs.partition_point(|&pair| pair < (from, to))
    }
}

impl Journeys<'_> {
    /// What directly follows what: the counts of the [map](Self::map), without its times.
    ///
    /// # Complexity
    /// O(n), with a table of 8 bytes a pair of touchpoints where there are at most 1,024.
    #[must_use]
    pub fn flow(&self) -> Flow {
        let mut counts = PairCounts::new(self.names().len());
        let strict = self.ties() == Ties::Strict;
        for journey in self.iter() {
            if strict {
                for (steps, times) in journey.steps.windows(2).zip(journey.times.windows(2)) {
                    if let (&[from, to], &[before, after]) = (steps, times)
                        && before < after
                    {
                        counts.add(from, to, 1);
                    }
                }
            } else {
                for pair in journey.steps.windows(2) {
                    if let &[from, to] = pair {
                        counts.add(from, to, 1);
                    }
                }
            }
        }
        counts.flow()
    }

    /// What follows what at any distance: for each pair of touchpoints the number of pairs of places i < j in a journey at which
    /// the first and the second stand; under [`Ties::Strict`] only where the second is later.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (at, touchpoint) in ["home", "cart", "home", "pay"].into_iter().enumerate() {
    ///     log.add(&Event::new("ann", touchpoint, Timestamp(at as i64)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let follows = journeys.eventually_follows();
    /// let number = |name| journeys.number(name).unwrap();
    /// assert_eq!((follows.count(number("home"), number("pay")), follows.count(number("pay"), number("home"))), (2, 0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(n d) for n touchpoints and d different ones in a journey.
    #[must_use]
    pub fn eventually_follows(&self) -> Flow {
        let mut counts = PairCounts::new(self.names().len());
        let strict = self.ties() == Ties::Strict;
        let mut seen: Vec<(u32, u64)> = Vec::new();
        for journey in self.iter() {
            seen.clear();
            let mut rest = journey.steps;
            // Touchpoints that do not follow each other are taken together.
            for together in journey.times.chunk_by(|before, after| strict && before == after) {
                let Some((steps, behind)) = rest.split_at_checked(together.len()) else { break };
                rest = behind;
                for &step in steps {
                    seen.iter().for_each(|&(before, times)| counts.add(before, step, times));
                }
                for &step in steps {
                    match seen.iter_mut().find(|(known, _)| *known == step) {
                        Some((_, times)) => *times += 1,
                        None => seen.push((step, 1)),
                    }
                }
            }
        }
        counts.flow()
    }

    /// Each pair of touchpoints of a journey of which one directly follows the other.
    pub(super) fn follows<'j>(&self, journey: JourneyView<'j>) -> impl Iterator<Item = (u32, u32)> + use<'j> {
        let strict = self.ties() == Ties::Strict;
        let steps = journey.steps.windows(2).zip(journey.times.windows(2));
        steps.filter_map(move |(steps, times)| match (steps, times) {
            (&[from, to], &[before, after]) if !strict || before < after => Some((from, to)),
            _ => None,
        })
    }

    fn edges(&self) -> Vec<Edge> {
        let flow = self.flow();
        // The times of each edge side by side.
        let mut begins = Vec::with_capacity(flow.counts.len() + 1);
        let mut sum = 0_usize;
        for count in &flow.counts {
            begins.push(sum);
            sum += usize::try_from(*count).unwrap_or(usize::MAX);
        }
        let (mut next, mut gaps) = (begins.clone(), vec![0_i64; sum]);
        let mut journeys = vec![0_u64; flow.counts.len()];
        let mut last_seen = vec![usize::MAX; flow.counts.len()];
        let table = PairTable::new(self.names().len(), &flow);
        let strict = self.ties() == Ties::Strict;
        for (at, journey) in self.iter().enumerate() {
            for (steps, times) in journey.steps.windows(2).zip(journey.times.windows(2)) {
                let (&[from, to], &[before, after]) = (steps, times) else { continue };
                if strict && before >= after {
                    continue;
                }
                let edge = table.place(&flow, from, to);
                if let (Some(place), Some(journeys), Some(seen)) =
                    (next.get_mut(edge), journeys.get_mut(edge), last_seen.get_mut(edge))
                {
                    if let Some(gap) = gaps.get_mut(*place) {
                        *gap = after.saturating_sub(before);
                    }
                    *place += 1;
                    *journeys += u64::from(*seen != at);
                    *seen = at;
                }
            }
        }
        let name = |number: u32| self.names().get(number as usize).map_or_else(String::new, |name| (*name).to_owned());
        let edge = |(((from, to, count), begin), journeys): (((u32, u32, u64), usize), u64)| {
            let end = begin + usize::try_from(count).unwrap_or(usize::MAX);
            let gaps = gaps.get_mut(begin..end).unwrap_or_default();
            let total: i128 = gaps.iter().map(|&gap| i128::from(gap)).sum();
            let [median, p90] = quantiles(gaps, [0.5, 0.9]);
            Edge {
                from: name(from),
                to: name(to),
                count,
                journeys,
                median_seconds: median / 1e6,
                mean_seconds: total as f64 / (count as f64 * 1e6),
                p90_seconds: p90 / 1e6,
            }
        };
        flow.iter().zip(begins).zip(journeys).map(edge).collect()
    }
}

/// How often each pair of touchpoints was met: a square table where there are few touchpoints.
struct PairCounts {
    names: usize,
    square: Vec<u64>,
    /// Those of many touchpoints.
    sparse: HashMap<(u32, u32), u64>,
}

impl PairCounts {
    fn new(names: usize) -> Self {
        let square = if names > MOST_SQUARE { Vec::new() } else { vec![0; names * names] };
        Self { names, square, sparse: HashMap::new() }
    }

    #[inline]
    fn add(&mut self, from: u32, to: u32, times: u64) {
        match self.square.get_mut(from as usize * self.names + to as usize) {
            Some(count) => *count += times,
            None => *self.sparse.entry((from, to)).or_default() += times,
        }
    }

    fn flow(self) -> Flow {
        let numbers = 0..u32::try_from(self.names).unwrap_or_default();
        let pairs = numbers.clone().flat_map(|from| numbers.clone().map(move |to| (from, to)));
        let square = pairs.zip(self.square).filter(|(_, count)| *count > 0);
        let mut counted: Vec<((u32, u32), u64)> = square.chain(self.sparse).collect();
        counted.sort_unstable();
        let (pairs, counts) = counted.into_iter().unzip();
        Flow { pairs, counts }
    }
}

/// Where a pair stands among those of a flow, without a search where there are few touchpoints.
struct PairTable {
    names: usize,
    places: Vec<u32>,
}

impl PairTable {
    fn new(names: usize, flow: &Flow) -> Self {
        let mut places = if names > MOST_SQUARE { Vec::new() } else { vec![0; names * names] };
        for (at, (from, to)) in (0..).zip(&flow.pairs) {
            if let Some(place) = places.get_mut(*from as usize * names + *to as usize) {
                *place = at;
            }
        }
        Self { names, places }
    }

    fn place(&self, flow: &Flow, from: u32, to: u32) -> usize {
        if self.places.is_empty() {
            return flow.place(from, to);
        }
        self.places.get(from as usize * self.names + to as usize).map_or(usize::MAX, |&place| place as usize)
    }
}

/// The quantile of R type 7 (Hyndman and Fan 1996) of whole numbers, which are put in another order; 0 of none.
pub(super) fn quantile(values: &mut [i64], share: f64) -> f64 {
    let [quantile] = quantiles(values, [share]);
    quantile
}

/// Several quantiles, in ascending order of their shares: each is looked for among the values not below the one before.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among values in memory")]
pub(super) fn quantiles<const N: usize>(values: &mut [i64], shares: [f64; N]) -> [f64; N] {
    let Some(last) = values.len().checked_sub(1) else { return [0.0; N] };
    let mut from = 0;
    shares.map(|share| {
        let place = share * last as f64;
        let below = (place.floor() as usize).clamp(from, last);
        let rest = values.get_mut(from..).unwrap_or_default();
        let (_, &mut at, above) = rest.select_nth_unstable(below - from);
        from = below;
        match above.iter().min().filter(|_| place > below as f64) {
            Some(&next) => at as f64 + (place - below as f64) * (i128::from(next) - i128::from(at)) as f64,
            None => at as f64,
        }
    })
}
