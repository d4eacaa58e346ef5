//! Which ways do journeys take, and how often? The distinct sequences of touchpoints. Stateless; asked of [`Journeys`].

use std::collections::HashMap;

use super::Journeys;

/// The distinct sequences of touchpoints of journeys (variants; van der Aalst 2016, 5.2).
/// Formula page: `docs/formulas/journey-variants.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variants<'a> {
    names: Vec<&'a str>,
    journeys: u64,
    steps: Vec<u32>,
    /// Where each begins and ends in `steps`, with its journeys; the most frequent first, equals by the bytes of their names.
    variants: Vec<(usize, usize, u64)>,
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
        self.variants.len()
    }

    /// Whether there are none: never.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.variants.is_empty()
    }

    /// The most frequent first; equally frequent ones in the order of the bytes of their touchpoints.
    pub fn iter(&self) -> impl Iterator<Item = Variant<'a>> {
        let mut covered = 0;
        self.variants.iter().map(move |&(begin, end, count)| {
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
    /// O(n) on average for n touchpoints, and O(v log v) for v variants.
    #[must_use]
    pub fn variants(&self) -> Variants<'a> {
        let mut found: HashMap<&[u32], u64> = HashMap::new();
        for journey in self.iter() {
            *found.entry(journey.steps).or_default() += 1;
        }
        // Numbers are in the order of the bytes of the names.
        let mut ordered: Vec<(&[u32], u64)> = found.into_iter().collect();
        ordered.sort_unstable_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
        let mut steps = Vec::new();
        let place = |(path, count): (&[u32], u64)| {
            let begin = steps.len();
            steps.extend_from_slice(path);
            (begin, steps.len(), count)
        };
        let variants = ordered.into_iter().map(place).collect();
        Variants { names: self.names().to_vec(), journeys: self.len() as u64, steps, variants }
    }
}
