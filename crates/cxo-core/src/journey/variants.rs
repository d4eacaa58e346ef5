//! Which ways do journeys take, and how often? The distinct sequences of touchpoints. Stateless; asked of [`Journeys`].

use std::cmp::Reverse;

use super::Journeys;

/// The distinct sequences of touchpoints of journeys (variants; van der Aalst 2016, 5.2).
/// Formula page: `docs/formulas/journey-variants.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variants<'a> {
    names: Vec<&'a str>,
    journeys: u64,
    steps: Vec<u32>,
    /// Where each begins and ends in `steps`, with its journeys; the most frequent first, equals by the bytes of their names.
    counts: Vec<(usize, usize, u64)>,
}

/// One sequence of touchpoints.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Variant<'a> {
    /// The touchpoints, first to last.
    pub path: Vec<&'a str>,
    /// Journeys that took it.
    pub count: u64,
    /// Their share of all journeys.
    pub share: f64,
    /// The share of all journeys that this and more frequent ones cover.
    pub coverage: f64,
}

impl<'a> Variants<'a> {
    /// The number of different sequences.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are none: never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The steps of each with its journeys, the most frequent first.
    pub(super) fn counted(&self) -> impl Iterator<Item = (&[u32], u64)> {
        self.counts.iter().map(|&(begin, end, count)| (self.steps.get(begin..end).unwrap_or_default(), count))
    }

    /// The most frequent first; equally frequent ones in the order of the bytes of their touchpoints.
    pub fn iter(&self) -> impl Iterator<Item = Variant<'a>> {
        let mut covered = 0;
        self.counts.iter().map(move |&(begin, end, count)| {
            covered += count;
            let steps = self.steps.get(begin..end).unwrap_or_default();
            let path = steps.iter().filter_map(|&step| self.names.get(step as usize).copied()).collect();
            let of_all = |count: u64| count as f64 / self.journeys as f64;
            Variant { path, count, share: of_all(count), coverage: of_all(covered) }
        })
    }
}

impl<'a> Journeys<'a> {
    /// The distinct sequences of touchpoints.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint) in [("ann", "home"), ("ann", "cart"), ("bob", "home"), ("bob", "cart"), ("cy", "home")] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(0)))?;
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let variants = journeys.variants();
    /// let first = variants.iter().next().unwrap();
    /// assert_eq!((variants.len(), first.path, first.count), (2, vec!["home", "cart"], 2));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(n + j log j) for n touchpoints of j journeys, as long as few agree in their first steps: so many as fit into 64 bits.
    #[must_use]
    pub fn variants(&self) -> Variants<'a> {
        // Numbers are in the order of the bytes of the names, and the key of a path in that of its first steps.
        let bits = usize::BITS - self.names().len().leading_zeros();
        let mut paths: Vec<(u64, &[u32])> =
            self.iter().map(|journey| (key(journey.steps, bits), journey.steps)).collect();
        paths.sort_unstable();
        let counted = paths.chunk_by(|one, other| one == other);
        let mut ordered: Vec<(&[u32], u64)> =
            counted.filter_map(|same| same.first().map(|(_, steps)| (*steps, same.len() as u64))).collect();
        ordered.sort_by_key(|&(_, count)| Reverse(count));
        let mut steps = Vec::new();
        let place = |(path, count): (&[u32], u64)| {
            let begin = steps.len();
            steps.extend_from_slice(path);
            (begin, steps.len(), count)
        };
        let counts = ordered.into_iter().map(place).collect();
        Variants { names: self.names().to_vec(), journeys: self.len() as u64, steps, counts }
    }
}

/// The first steps of a path in 64 bits, so that paths compare as they do, as far as it holds them. A step takes so many bits, and
/// none is 0.
fn key(steps: &[u32], bits: u32) -> u64 {
    let fit = 64 / bits;
    let packed = (0..fit).zip(steps).fold(0, |key, (_, &step)| (key << bits) | u64::from(step + 1));
    // Missing steps come before all others.
    let missing = (fit as usize).saturating_sub(steps.len());
    u32::try_from(missing).ok().and_then(|missing| packed.checked_shl(bits * missing)).unwrap_or_default()
}
