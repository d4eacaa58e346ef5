//! Where do the journeys of two segments differ? One map with the shares of both, tested by customer. Stateless; asked of two
//! views of [`Journeys`].

use std::collections::BTreeMap;

use super::Journeys;
use crate::stats::multiplicity::{Multiplicity, adjust};
use crate::stats::proportion::Share;
use crate::stats::two_proportion::{DifferenceMethod, TwoShares};
use crate::{Absent, Confidence, Difference, Error, Probability};

/// Variances below this part of what they are the difference of are rounding.
const ROUNDING: f64 = 1e-12;

/// How two segments are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MapComparisonOptions {
    confidence: Confidence,
    multiplicity: Multiplicity,
}

impl MapComparisonOptions {
    /// The level of each interval; 95 % unless set.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// How the p-values are adjusted, touchpoints and edges being one family; Holm unless set.
    #[must_use]
    pub const fn multiplicity(mut self, multiplicity: Multiplicity) -> Self {
        self.multiplicity = multiplicity;
        self
    }
}

/// Two segments on one map. Observational: it says where journeys differ, not why.
/// Formula page: `docs/formulas/map-comparison.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MapComparison {
    /// Journeys of the first and of the second segment.
    pub journeys: [u64; 2],
    /// Customers of both together.
    pub customers: u64,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// How the p-values were adjusted.
    pub multiplicity: Multiplicity,
    /// Touchpoints that either segment has, in the order of the bytes of their names.
    pub touchpoints: Vec<ComparedTouchpoint>,
    /// Edges that either segment has, in the order of the bytes of their names.
    pub edges: Vec<ComparedEdge>,
}

/// A touchpoint in two segments.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ComparedTouchpoint {
    /// Its name.
    pub touchpoint: String,
    /// How many journeys go through it.
    pub shares: ComparedShares,
}

/// An edge in two segments.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ComparedEdge {
    /// The first touchpoint.
    pub from: String,
    /// The one directly after it.
    pub to: String,
    /// How many journeys go along it.
    pub shares: ComparedShares,
}

/// How many journeys of each segment have something.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ComparedShares {
    /// Journeys of the first and of the second segment that have it.
    pub journeys: [u64; 2],
    /// Their shares of the journeys of each segment.
    pub shares: [f64; 2],
    /// First minus second share, with interval and p-value, customers as clusters; absent where the customers do not vary.
    pub difference: Result<Difference, Absent>,
    /// The variance of the difference over that of independent journeys; absent where neither share lies between 0 and 1: then
    /// the journeys of a customer count as alike.
    pub design_effect: Result<f64, Absent>,
    /// The p-value with all other tests of the map taken into account.
    pub adjusted_p_value: Result<f64, Absent>,
}

/// A touchpoint, or an edge.
type Item = (u32, Option<u32>);

/// What is counted over the journeys of both segments.
#[derive(Default)]
struct Counts {
    /// By item and customer the journeys of each segment that have it.
    items: BTreeMap<Item, Vec<(u32, [u64; 2])>>,
    /// The journeys of each segment, by customer.
    customers: BTreeMap<u32, [u64; 2]>,
}

impl Counts {
    fn add(&mut self, journeys: &Journeys<'_>, segment: usize) {
        let mut items = Vec::new();
        for journey in journeys.iter() {
            items.clear();
            items.extend(journey.steps.iter().map(|&step| (step, None)));
            let directly = journeys.follows(journey).map(|(from, to)| (from, Some(to)));
            items.extend(directly);
            items.sort_unstable();
            items.dedup();
            let customer = journey.customer;
            bump(self.customers.entry(customer).or_default(), segment);
            for &item in &items {
                let counts = self.items.entry(item).or_default();
                match counts.last_mut() {
                    Some((last, counts)) if *last == customer => bump(counts, segment),
                    _ => {
                        let mut first = [0; 2];
                        bump(&mut first, segment);
                        counts.push((customer, first));
                    }
                }
            }
        }
    }
}

fn bump(counts: &mut [u64; 2], segment: usize) {
    if let Some(count) = counts.get_mut(segment) {
        *count += 1;
    }
}

impl Journeys<'_> {
    /// This segment against another one of the same log: for each touchpoint and each edge of either the share of journeys that
    /// have it, with the difference, its interval and its p-value. Customers may be in both segments, with different journeys.
    ///
    /// The difference d of the shares has the variance V = Σ z² over customers, with z the customer's part of d, linearised; V
    /// over that of independent journeys is the design effect, by which the journeys of both segments are divided before the
    /// score test and interval of two shares (Rao and Scott 1992). With one journey a customer these are the plain ones.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions, MapComparisonOptions}};
    ///
    /// let mut log = EventLog::default();
    /// for number in 0..40 {
    ///     let customer = format!("{}{number}", if number % 2 == 0 { "app" } else { "web" });
    ///     log.add(&Event::new(&customer, "home", Timestamp(0)))?;
    ///     if number % 2 == 0 || number % 5 == 0 {
    ///         log.add(&Event::new(&customer, "pay", Timestamp(1)))?;
    ///     }
    /// }
    /// let journeys = log.journeys(&JourneyOptions::default())?;
    /// let segment = |name| journeys.keep(|journey| journeys.customer(journey.customer).is_some_and(|c| c.starts_with(name)));
    /// let compared = segment("app")?.compare(&segment("web")?, &MapComparisonOptions::default())?;
    /// let pay = &compared.touchpoints[1].shares;
    /// assert_eq!(pay.shares, [1.0, 0.2]);
    /// assert!(pay.adjusted_p_value.unwrap() < 0.001);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for segments of different logs or with different names of
    /// their touchpoints, [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) if the root search of an interval fails.
    ///
    /// # Complexity
    /// O(n log n) for n touchpoints.
    ///
    /// Source: Rao and Scott (1992), Biometrics 48, 577-585.
    pub fn compare(&self, other: &Self, options: &MapComparisonOptions) -> Result<MapComparison, Error> {
        if !std::ptr::eq(self.log(), other.log()) || self.names() != other.names() {
            return Err(Error::incompatible("segments of different logs or with different names of touchpoints"));
        }
        let mut counts = Counts::default();
        for (segment, journeys) in [self, other].into_iter().enumerate() {
            counts.add(journeys, segment);
        }
        let test = Clustered::new([self.len() as u64, other.len() as u64], &counts.customers);
        let mut shares = Vec::with_capacity(counts.items.len());
        for (item, rows) in &mut counts.items {
            // Those of both segments side by side.
            rows.sort_unstable_by_key(|(customer, _)| *customer);
            shares.push((*item, test.compare(rows, options.confidence)?));
        }
        let p_value = |shares: &ComparedShares| shares.difference.and_then(|difference| difference.p_value);
        let tested: Vec<f64> = shares.iter().filter_map(|(_, shares)| p_value(shares).ok()).collect();
        let mut adjusted = adjust(&tested, options.multiplicity)?.into_iter();
        for (_, shares) in &mut shares {
            shares.adjusted_p_value = p_value(shares).and_then(|_| adjusted.next().ok_or(Absent::NotDefined));
        }
        let (mut touchpoints, mut edges) = (Vec::new(), Vec::new());
        for ((from, to), shares) in shares {
            match to {
                None => touchpoints.push(ComparedTouchpoint { touchpoint: self.name(from), shares }),
                Some(to) => edges.push(ComparedEdge { from: self.name(from), to: self.name(to), shares }),
            }
        }
        Ok(MapComparison {
            journeys: test.journeys,
            customers: counts.customers.len() as u64,
            confidence: options.confidence,
            multiplicity: options.multiplicity,
            touchpoints,
            edges,
        })
    }
}

/// What all tests of one comparison share.
struct Clustered<'c> {
    journeys: [u64; 2],
    customers: &'c BTreeMap<u32, [u64; 2]>,
    /// Σ over customers of the products of his shares of all journeys of a segment: first by first, second by second, both.
    products: [f64; 3],
}

impl<'c> Clustered<'c> {
    fn new(journeys: [u64; 2], customers: &'c BTreeMap<u32, [u64; 2]>) -> Self {
        let mut sums = [0_u128; 3];
        for [first, second] in customers.values().map(|counts| counts.map(u128::from)) {
            for (sum, product) in sums.iter_mut().zip([first * first, second * second, first * second]) {
                *sum += product;
            }
        }
        let [first, second] = journeys.map(|journeys| journeys as f64);
        let [one, two, both] = sums.map(|sum| sum as f64);
        Self { journeys, customers, products: [one / first / first, two / second / second, both / first / second] }
    }

    /// The shares of journeys that have something, from the journeys of each customer who has it.
    fn compare(&self, rows: &[(u32, [u64; 2])], confidence: Confidence) -> Result<ComparedShares, Error> {
        let n = self.journeys.map(|journeys| journeys as f64);
        let mut having = [0_u64; 2];
        rows.iter().for_each(|(_, counts)| having.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count));
        let shares = [having[0] as f64 / n[0], having[1] as f64 / n[1]];
        let independent = shares[0] * (1.0 - shares[0]) / n[0] + shares[1] * (1.0 - shares[1]) / n[1];
        // What each customer would add if he had it nowhere: -m₁ p₁ / n₁ + m₂ p₂ / n₂.
        let [one, two, both] = self.products;
        let all = shares[0] * shares[0] * one + shares[1] * shares[1] * two - 2.0 * shares[0] * shares[1] * both;
        let (mut variance, mut without) = (0.0, all);
        for same in rows.chunk_by(|left, right| left.0 == right.0) {
            let mut counts = [0_u64; 2];
            same.iter().for_each(|(_, more)| counts.iter_mut().zip(more).for_each(|(sum, more)| *sum += more));
            let [first, second] = counts.map(|count| count as f64);
            let made = same.first().and_then(|(customer, _)| self.customers.get(customer)).copied().unwrap_or_default();
            let [made_first, made_second] = made.map(|made| made as f64);
            let bare = made_second * shares[1] / n[1] - made_first * shares[0] / n[0];
            let full = (first - made_first * shares[0]) / n[0] - (second - made_second * shares[1]) / n[1];
            variance += full * full;
            without -= bare * bare;
        }
        variance += if without > ROUNDING * all { without } else { 0.0 };
        let design_effect = if independent > 0.0 { Ok(variance / independent) } else { Err(Absent::ZeroVariance) };
        let effective = match design_effect {
            Ok(effect) if effect <= ROUNDING => Err(Absent::ZeroVariance),
            Ok(effect) => Ok(n.map(|n| n / effect)),
            Err(_) => Ok([1.0 / one, 1.0 / two]),
        };
        let difference = match effective {
            Ok([first, second]) => {
                let share = |value, trials, n| Share::effective(Probability::new(value)?, trials, n);
                let shares = TwoShares {
                    first: share(shares[0], first, self.journeys[0])?,
                    second: share(shares[1], second, self.journeys[1])?,
                };
                Ok(shares.difference(DifferenceMethod::Score, confidence)?)
            }
            Err(absent) => Err(absent),
        };
        Ok(ComparedShares {
            journeys: having,
            shares,
            difference,
            design_effect,
            adjusted_p_value: Err(Absent::NotDefined),
        })
    }
}
