//! How far do journeys keep to the design, and where do they leave it? Each variant aligned once, deviations counted, times held
//! against their targets. Stateless; asked of [`Journeys`].

use std::collections::{BTreeMap, HashMap};

use super::Journeys;
use super::alignment::{Alignment, AlignmentCosts, AlignmentMove, Design};
use super::blueprint::Blueprint;
use crate::stats::design::{Design as Sample, DesignMethod};
use crate::stats::proportion::{ProportionMethod, Successes};
use crate::survey::dense;
use crate::{Confidence, Error, Estimate};

/// How journeys are held against a design.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConformanceOptions {
    costs: AlignmentCosts,
    ignored: Vec<String>,
    confidence: Confidence,
}

impl ConformanceOptions {
    /// What moves cost; 1 each unless set.
    #[must_use]
    pub fn costs(self, costs: AlignmentCosts) -> Self {
        Self { costs, ..self }
    }

    /// Touchpoints of which the design says nothing, such as surveys: as if they had not been recorded.
    #[must_use]
    pub fn ignored<S: Into<String>>(mut self, touchpoints: impl IntoIterator<Item = S>) -> Self {
        self.ignored = touchpoints.into_iter().map(Into::into).collect();
        self
    }

    /// The level of the intervals.
    #[must_use]
    pub fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }
}

/// How a journey departs from its design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum DeviationKind {
    /// A required touchpoint is missing.
    Skipped,
    /// A touchpoint is not expected there.
    Inserted,
    /// A touchpoint of the design is there, and not in its place: inserted in one place and skipped in another.
    OutOfOrder,
    /// It took longer than its target; without a touchpoint the whole journey did.
    TooSlow,
}

impl DeviationKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Skipped, Self::Inserted, Self::OutOfOrder, Self::TooSlow];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Inserted => "inserted",
            Self::OutOfOrder => "out-of-order",
            Self::TooSlow => "too-slow",
        }
    }
}

impl std::fmt::Display for DeviationKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Journeys held against a design.
///
/// Fitness is 1 - cost of the optimal alignment / cost if nothing matched, a journey.
/// Formula page: `docs/formulas/conformance.md`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Conformance {
    /// The design's name.
    pub blueprint: String,
    /// Journeys, without those of nothing but ignored touchpoints.
    pub journeys: u64,
    /// The mean fitness of the journeys, with the customer as cluster.
    pub fitness: Estimate,
    /// The share of the journeys whose order is that of the design, whatever the times; journeys as independent.
    pub conforming: Estimate,
    /// The share of them that is in time as well.
    pub conforming_in_time: Estimate,
    /// Those in the most journeys first; equals by kind, touchpoint and stage.
    pub deviations: Vec<Deviation>,
    /// Each way that journeys took, the most frequent first; equals in the order of the bytes of their touchpoints.
    pub variants: Vec<VariantConformance>,
    /// Each journey, in the order of the journeys.
    pub each: Vec<JourneyConformance>,
}

/// One kind of deviation at one touchpoint.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Deviation {
    /// How.
    pub kind: DeviationKind,
    /// Where; none where the whole journey is too slow.
    pub touchpoint: Option<String>,
    /// In which stage of the design; none for what is inserted and for the whole journey.
    pub stage: Option<String>,
    /// How often.
    pub occurrences: u64,
    /// In how many journeys.
    pub journeys: u64,
    /// Their share of all journeys, with a Wilson interval (journeys as independent).
    pub share: Estimate,
}

/// One way that journeys took.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VariantConformance {
    /// The touchpoints, first to last.
    pub path: Vec<String>,
    /// Journeys that took it.
    pub count: u64,
    /// Its optimal alignment.
    pub alignment: Alignment,
}

/// One journey.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JourneyConformance {
    /// Its place among the journeys asked, from 0.
    pub journey: usize,
    /// Its customer, by the number that journeys carry.
    pub customer: u32,
    /// Its variant, by its place in [`Conformance::variants`].
    pub variant: usize,
    /// Its deviations, by their places in [`Conformance::deviations`], ascending.
    pub deviations: Vec<usize>,
}

/// Kind, touchpoint, stage.
type Key = (DeviationKind, Option<String>, Option<String>);

/// Place, customer and times of a journey.
type Timed = (usize, u32, Vec<i64>);

/// A variant with its journeys.
struct Group {
    path: Vec<u32>,
    journeys: Vec<Timed>,
}

impl Journeys<'_> {
    /// Holds these journeys against a design.
    ///
    /// ```
    /// use cxo_core::{domain::Timestamp, journey::*};
    ///
    /// let mut log = EventLog::default();
    /// for (customer, touchpoint, at) in [("ann", "cart", 0), ("ann", "pay", 10), ("bob", "cart", 0), ("bob", "help", 5), ("bob", "pay", 9)] {
    ///     log.add(&Event::new(customer, touchpoint, Timestamp(at)))?;
    /// }
    /// let steps = ["cart", "pay"].map(BlueprintTouchpoint::new).to_vec();
    /// let design = Blueprint::new("checkout", vec![BlueprintStage::new("purchase", StageOrder::Sequence, steps)])?;
    /// let found = log.journeys(&JourneyOptions::default())?.conformance(&design, &ConformanceOptions::default())?;
    /// assert_eq!((found.conforming.value, found.fitness.value), (0.5, 0.9));
    /// assert_eq!(found.deviations[0].touchpoint.as_deref(), Some("help"));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if every touchpoint is ignored.
    ///
    /// # Complexity
    /// O(n) for n touchpoints, and that of [`Blueprint::align`] once for each variant.
    pub fn conformance(&self, blueprint: &Blueprint, options: &ConformanceOptions) -> Result<Conformance, Error> {
        let ignored: Vec<u32> = options.ignored.iter().filter_map(|name| self.number(name)).collect();
        let groups = self.groups(&ignored);
        if groups.is_empty() {
            return Err(Error::no_data("touchpoints that are not ignored"));
        }
        let design = Design::new(blueprint, &options.costs);
        let targets = Targets::new(blueprint);
        let mut variants = Vec::with_capacity(groups.len());
        let mut found: BTreeMap<Key, [u64; 2]> = BTreeMap::new();
        let mut each: Vec<(usize, u32, usize, Vec<Key>)> = Vec::new();
        for (variant, group) in groups.iter().enumerate() {
            let name = |step: &u32| self.names().get(*step as usize).copied().unwrap_or_default();
            let path: Vec<&str> = group.path.iter().map(name).collect();
            let alignment = design.align(&path);
            let departures = departures(&alignment, &path, blueprint);
            for (journey, customer, times) in &group.journeys {
                let mut all = departures.clone();
                all.extend(targets.missed(&alignment, times));
                all.sort_unstable();
                all.iter().for_each(|key| found.entry(key.clone()).or_default()[0] += 1);
                all.dedup();
                all.iter().for_each(|key| found.entry(key.clone()).or_default()[1] += 1);
                each.push((*journey, *customer, variant, all));
            }
            let path = path.into_iter().map(str::to_owned).collect();
            variants.push(VariantConformance { path, count: group.journeys.len() as u64, alignment });
        }
        each.sort_unstable_by_key(|(journey, ..)| *journey);
        summed(blueprint, options.confidence, variants, found, &each)
    }

    /// The journeys by variant, the most frequent first, without the touchpoints that are ignored.
    fn groups(&self, ignored: &[u32]) -> Vec<Group> {
        let mut found: HashMap<Vec<u32>, Vec<Timed>> = HashMap::new();
        for (at, journey) in self.iter().enumerate() {
            let kept = || journey.steps.iter().zip(journey.times).filter(|(step, _)| !ignored.contains(step));
            let path: Vec<u32> = kept().map(|(step, _)| *step).collect();
            if !path.is_empty() {
                let times = kept().map(|(_, time)| *time).collect();
                found.entry(path).or_default().push((at, journey.customer, times));
            }
        }
        let mut groups: Vec<Group> = found.into_iter().map(|(path, journeys)| Group { path, journeys }).collect();
        groups.sort_unstable_by(|a, b| b.journeys.len().cmp(&a.journeys.len()).then_with(|| a.path.cmp(&b.path)));
        groups
    }
}

/// What of an alignment departs from the design; what is inserted in one place and skipped in another is out of order.
fn departures(alignment: &Alignment, path: &[&str], blueprint: &Blueprint) -> Vec<Key> {
    let steps: Vec<_> = blueprint.steps().collect();
    let mut skipped: Vec<usize> = Vec::new();
    let mut inserted: Vec<&str> = Vec::new();
    for way in &alignment.moves {
        match *way {
            AlignmentMove::Skipped { step } => skipped.push(step),
            AlignmentMove::Inserted { event } => inserted.extend(path.get(event)),
            AlignmentMove::Matched { .. } => {}
        }
    }
    let mut keys = Vec::new();
    for name in inserted {
        let is_of = |step: &usize| steps.get(*step).is_some_and(|(_, touchpoint)| touchpoint.name == name);
        let (kind, stage) = match skipped.iter().position(is_of) {
            Some(at) => (DeviationKind::OutOfOrder, steps.get(skipped.remove(at)).map(|(stage, _)| stage.name.clone())),
            None => (DeviationKind::Inserted, None),
        };
        keys.push((kind, Some(name.to_owned()), stage));
    }
    let required = skipped.into_iter().filter_map(|step| steps.get(step)).filter(|(_, step)| !step.optional);
    keys.extend(
        required.map(|(stage, step)| (DeviationKind::Skipped, Some(step.name.clone()), Some(stage.name.clone()))),
    );
    keys
}

/// The targets of a design, and what they are called if they are missed.
struct Targets {
    journey: Option<f64>,
    steps: Vec<(Option<f64>, Key)>,
}

impl Targets {
    fn new(blueprint: &Blueprint) -> Self {
        let key = |stage: &str, name: &str| (DeviationKind::TooSlow, Some(name.to_owned()), Some(stage.to_owned()));
        let steps = blueprint.steps().map(|(stage, step)| (step.target_seconds, key(&stage.name, &step.name)));
        Self { journey: blueprint.target(), steps: steps.collect() }
    }

    fn missed(&self, alignment: &Alignment, times: &[i64]) -> Vec<Key> {
        let mut missed = Vec::new();
        let longer = |from: i64, to: i64, target: f64| to.saturating_sub(from) as f64 / 1e6 > target;
        let mut before = None;
        for way in &alignment.moves {
            let &AlignmentMove::Matched { event, step } = way else { continue };
            let (Some(&time), Some((target, key))) = (times.get(event), self.steps.get(step)) else { continue };
            if let (Some(before), Some(target)) = (before, *target)
                && longer(before, time, target)
            {
                missed.push(key.clone());
            }
            before = Some(time);
        }
        if let (Some(&first), Some(&last), Some(target)) = (times.first(), times.last(), self.journey)
            && longer(first, last, target)
        {
            missed.push((DeviationKind::TooSlow, None, None));
        }
        missed
    }
}

fn summed(
    blueprint: &Blueprint,
    confidence: Confidence,
    variants: Vec<VariantConformance>,
    found: BTreeMap<Key, [u64; 2]>,
    each: &[(usize, u32, usize, Vec<Key>)],
) -> Result<Conformance, Error> {
    let journeys = each.len() as u64;
    let share = |count: u64| Successes(count).of(journeys)?.estimate(ProportionMethod::Wilson, confidence);
    let fitness: Vec<f64> = each
        .iter()
        .map(|(_, _, variant, _)| variants.get(*variant).map_or(0.0, |variant| variant.alignment.fitness))
        .collect();
    let customers: Vec<u32> = each.iter().map(|(_, customer, ..)| *customer).collect();
    let mean = Sample::new(&vec![1.0; fitness.len()])?.clusters(&dense(&customers).0)?.mean(&fitness)?;
    let mut estimate = mean.estimate(DesignMethod::StudentT, confidence)?;
    estimate.interval = estimate.interval.map(|interval| interval.clipped(0.0, 1.0));
    let timed = |key: &Key| key.0 == DeviationKind::TooSlow;
    let count = |keeps: &dyn Fn(&[Key]) -> bool| each.iter().filter(|(.., keys)| keeps(keys)).count() as u64;
    let mut ranked: Vec<(Key, [u64; 2])> = found.into_iter().collect();
    ranked.sort_by(|a, b| b.1[1].cmp(&a.1[1]).then_with(|| a.0.cmp(&b.0)));
    let places: BTreeMap<&Key, usize> = ranked.iter().enumerate().map(|(place, (key, _))| (key, place)).collect();
    let of = |(journey, customer, variant, keys): &(usize, u32, usize, Vec<Key>)| {
        let mut deviations: Vec<usize> = keys.iter().filter_map(|key| places.get(key).copied()).collect();
        deviations.sort_unstable();
        JourneyConformance { journey: *journey, customer: *customer, variant: *variant, deviations }
    };
    let journeys_of = each.iter().map(of).collect();
    let deviation = |((kind, touchpoint, stage), [occurrences, journeys]): &(Key, [u64; 2])| {
        let (touchpoint, stage) = (touchpoint.clone(), stage.clone());
        let share = share(*journeys)?;
        Ok(Deviation { kind: *kind, touchpoint, stage, occurrences: *occurrences, journeys: *journeys, share })
    };
    Ok(Conformance {
        blueprint: blueprint.name().to_owned(),
        journeys,
        fitness: estimate,
        conforming: share(count(&|keys| keys.iter().all(timed)))?,
        conforming_in_time: share(count(&|keys| keys.is_empty()))?,
        deviations: ranked.iter().map(deviation).collect::<Result<_, Error>>()?,
        variants,
        each: journeys_of,
    })
}
