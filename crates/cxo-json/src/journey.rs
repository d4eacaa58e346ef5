//! The documents of journeys: `cxo.journey-map`, `cxo.journey-paths`, `cxo.funnel` and `cxo.journey-chain`.

use std::borrow::Cow;

use cxo_core::{
    Absent, Confidence, Estimate, Method,
    domain::{LoadReport, Timestamp},
    journey::{
        ChainState, Edge, FunnelPassage, FunnelStep, Immature, JourneyChain, JourneyMap, Journeys, NodeCount,
        RemovalEffect, Ties, TouchpointCount, Variant, Variants,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, FollowsRow, FunnelComparisonRow, MapComparisonRow, OrderRow, Quantity, ServiceRow, StepRow,
    entry,
    quantity::{self, at_least_zero, share},
};

/// What every document says that comes from observation alone.
pub(crate) const OBSERVATIONAL: &str = "observational";

/// The log behind a document: what was found in it, and under which rules it became journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// Records.
    pub records: u64,
    /// Different customers or cases.
    pub customers: u64,
    /// The end of the observation: the last record, or what the question says if that is later.
    pub observed_until: String,
    /// Records that stood after a later one of the same customer; they were put in order.
    pub out_of_order: u64,
    /// Records at the instant of the one before them.
    pub tied: u64,
    /// Records left out because they were told twice.
    pub duplicates: u64,
    /// Records that only say that a touchpoint began, which are no steps; absent without a lifecycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// What one journey is: customer or session.
    pub journey: String,
    /// The silence after which a new session begins; absent where a journey is a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_gap_seconds: Option<f64>,
    /// What records of one instant say about their order: arrival, any or strict.
    pub ties: String,
    /// How tied records stand where an answer needs an order: arrival (that of the file) or touchpoint (that of the names); absent
    /// without ties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_order: Option<String>,
    /// Which records are told twice: keep, by-id or within.
    pub duplicate_rule: String,
    /// The time within which they are; only of within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_gap_seconds: Option<f64>,
    /// Records outside of the period that was asked for, which are left out; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_period: Option<u64>,
    /// Which part of the journeys was asked, and under which names: the options, in the order in which they were applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    /// Records that are in no journey because of that; absent without views.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
    /// Records under an anonymous id that went to the customer who logged in with it; absent without logins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stitched: Option<u64>,
    /// Anonymous ids with which several customers logged in; absent without logins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_ids: Option<u64>,
    /// How a log of objects became one of journeys; absent for other logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flattened: Option<FlattenedRow>,
}

/// What flattening did to an object-centric log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlattenedRow {
    /// The type of objects: each is a journey.
    pub object_type: String,
    /// Only what is related under it; absent where any qualifier counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// Objects of the type.
    pub objects: u64,
    /// Objects of the type without an event: they have no journey.
    pub silent_objects: u64,
    /// Events of several objects of the type, which stand in the journey of each.
    pub shared_events: u64,
    /// Events of none, which stand in no journey.
    pub unrelated_events: u64,
}

impl LogRow {
    /// The log of journeys, one a customer with every record kept; the other rules are the caller's to say.
    #[must_use]
    pub fn new(journeys: &Journeys<'_>) -> Self {
        let counts = journeys.counts();
        Self {
            records: counts.records,
            customers: journeys.log().customers() as u64,
            observed_until: Timestamp(journeys.observed_until()).to_string(),
            out_of_order: counts.out_of_order,
            tied: counts.tied,
            duplicates: counts.duplicates,
            begun: None,
            journey: "customer".to_owned(),
            session_gap_seconds: None,
            ties: journeys.ties().name().to_owned(),
            tie_order: (counts.tied > 0).then(|| tie_order(journeys.ties()).to_owned()),
            duplicate_rule: "keep".to_owned(),
            duplicate_gap_seconds: None,
            outside_period: None,
            views: Vec::new(),
            left_out: None,
            stitched: None,
            shared_ids: None,
            flattened: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.session_gap_seconds.map_or(Ok(()), |gap| at_least_zero("session_gap_seconds", gap))?;
        self.duplicate_gap_seconds.map_or(Ok(()), |gap| at_least_zero("duplicate_gap_seconds", gap))
    }
}

fn tie_order(ties: Ties) -> &'static str {
    if ties == Ties::Any { "touchpoint" } else { "arrival" }
}

/// Checks the answer of all journeys, and those of the segments that are shown.
pub(crate) fn check_all<T>(
    all: &T,
    segments: Option<&Vec<Entry<T>>>,
    check: impl Fn(&T) -> Result<(), Error>,
) -> Result<(), Error> {
    check(all)?;
    segments.into_iter().flat_map(|segments| entry::shown(segments)).try_for_each(check)
}

/// Checks quantities that are there.
pub(crate) fn each<const N: usize>(
    values: [(&'static str, &Quantity); N],
    check: fn(&'static str, f64) -> Result<(), Error>,
) -> Result<(), Error> {
    values.into_iter().try_for_each(|(key, value)| value.as_ref().map_or(Ok(()), |value| check(key, *value)))
}

/// A touchpoint with a number of journeys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Its name.
    pub touchpoint: String,
    /// Journeys.
    pub count: u64,
}

impl From<&NodeCount> for NodeRow {
    fn from(node: &NodeCount) -> Self {
        Self { touchpoint: node.touchpoint.clone(), count: node.count }
    }
}

/// `cxo.journey-map`: what follows what, how often, and after how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyMapDocument {
    /// All journeys.
    #[serde(flatten)]
    pub all: MapRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<MapRow>>>,
    /// Each other segment against the baseline; absent without `--baseline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparisons: Option<Vec<Entry<MapComparisonRow>>>,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// The map of some journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapRow {
    /// Journeys.
    pub journeys: u64,
    /// Touchpoints of all journeys.
    pub events: u64,
    /// Each touchpoint, in the order of the bytes of the names.
    pub touchpoints: Vec<TouchpointRow>,
    /// What directly follows what, in the same order.
    pub edges: Vec<EdgeRow>,
    /// First touchpoints.
    pub starts: Vec<NodeRow>,
    /// Last touchpoints.
    pub ends: Vec<NodeRow>,
    /// What follows what at any distance, in the same order; absent unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eventually_follows: Option<Vec<FollowsRow>>,
    /// How long touchpoints take and wait, in the same order, or why that is not known.
    #[serde(flatten, with = "quantity::service")]
    pub service: Quantity<Vec<ServiceRow>>,
}

/// How often a touchpoint occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchpointRow {
    /// Its name.
    pub touchpoint: String,
    /// Occurrences.
    pub events: u64,
    /// Journeys in which it occurs.
    pub journeys: u64,
}

/// One touchpoint directly after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeRow {
    /// The first.
    pub from: String,
    /// The one after it.
    pub to: String,
    /// How often.
    pub count: u64,
    /// In how many journeys.
    pub journeys: u64,
    /// The median time from the first to the one after it.
    pub median_seconds: f64,
    /// Its mean.
    pub mean_seconds: f64,
    /// The time within which nine of ten go on.
    pub p90_seconds: f64,
}

impl From<&Edge> for EdgeRow {
    fn from(edge: &Edge) -> Self {
        Self {
            from: edge.from.clone(),
            to: edge.to.clone(),
            count: edge.count,
            journeys: edge.journeys,
            median_seconds: edge.median_seconds,
            mean_seconds: edge.mean_seconds,
            p90_seconds: edge.p90_seconds,
        }
    }
}

impl From<&JourneyMap> for MapRow {
    fn from(map: &JourneyMap) -> Self {
        let touchpoint = |node: &TouchpointCount| TouchpointRow {
            touchpoint: node.touchpoint.clone(),
            events: node.events,
            journeys: node.journeys,
        };
        Self {
            journeys: map.journeys,
            events: map.events,
            touchpoints: map.touchpoints.iter().map(touchpoint).collect(),
            edges: map.edges.iter().map(EdgeRow::from).collect(),
            starts: map.starts.iter().map(NodeRow::from).collect(),
            ends: map.ends.iter().map(NodeRow::from).collect(),
            eventually_follows: None,
            service: Err("no record says that a touchpoint began".into()),
        }
    }
}

impl MapRow {
    fn check(&self) -> Result<(), Error> {
        self.service.iter().flatten().try_for_each(ServiceRow::check)?;
        self.edges.iter().try_for_each(|edge| {
            at_least_zero("median_seconds", edge.median_seconds)?;
            at_least_zero("mean_seconds", edge.mean_seconds)?;
            at_least_zero("p90_seconds", edge.p90_seconds)
        })
    }
}

impl Document for JourneyMapDocument {
    const FORMAT: &'static str = "cxo.journey-map";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        self.comparisons.iter().flat_map(|all| entry::shown(all)).try_for_each(MapComparisonRow::check)?;
        check_all(&self.all, self.segments.as_ref(), MapRow::check)
    }
}

/// `cxo.journey-paths`: which ways journeys take, and how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyPathsDocument {
    /// All journeys.
    #[serde(flatten)]
    pub all: PathsRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<PathsRow>>>,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// The most frequent ways of some journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathsRow {
    /// Journeys.
    pub journeys: u64,
    /// Different ways, or why that is not told: a report where all are hidden.
    #[serde(flatten, with = "quantity::total_variants")]
    pub total_variants: Quantity<u64>,
    /// The most frequent ones, as many as asked for; equally frequent ones in the order of the bytes of their touchpoints.
    pub variants: Vec<VariantRow>,
    /// Where journeys are at each of the first steps; absent unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<StepRow>>,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VariantRow {
    /// The touchpoints, first to last.
    pub path: Vec<String>,
    /// Journeys that took it.
    pub count: u64,
    /// Their share of all journeys.
    pub share: f64,
    /// The share of all journeys that this and more frequent ways cover.
    pub coverage: f64,
}

impl PathsRow {
    /// The `top` most frequent ways of so many journeys.
    #[must_use]
    pub fn new(variants: &Variants<'_>, journeys: u64, top: usize) -> Self {
        let row = |variant: Variant<'_>| VariantRow {
            path: variant.path.into_iter().map(str::to_owned).collect(),
            count: variant.count,
            share: variant.share,
            coverage: variant.coverage,
        };
        let total_variants = Ok(variants.len() as u64);
        Self { journeys, total_variants, variants: variants.iter().take(top).map(row).collect(), steps: None }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.steps.iter().flatten().try_for_each(StepRow::check)?;
        self.variants.iter().try_for_each(|variant| {
            share("share", variant.share)?;
            share("coverage", variant.coverage)
        })
    }
}

impl Document for JourneyPathsDocument {
    const FORMAT: &'static str = "cxo.journey-paths";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        check_all(&self.all, self.segments.as_ref(), PathsRow::check)
    }
}

/// `cxo.funnel`: how many get from step to step, under which definition, and where the others go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelDocument {
    /// When a step counts as reached, such as ordered.
    pub definition: String,
    /// The window, counted from the first step, or why there is none.
    #[serde(flatten, with = "quantity::window_seconds")]
    pub window_seconds: Quantity,
    /// Touchpoints that end an attempt; absent under definitions without exclusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Vec<String>>,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The interval of shares of the first step: wilson where each customer entered once, korn-graubard with customers as clusters
    /// where some entered twice, logit under kaplan-meier.
    pub interval_method: String,
    /// What happened to immature journeys: include, exclude or kaplan-meier.
    pub immature_rule: String,
    /// All journeys.
    #[serde(flatten)]
    pub all: FunnelRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<FunnelRow>>>,
    /// Each other segment against the baseline; absent without `--baseline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparisons: Option<Vec<Entry<FunnelComparisonRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// The passage of some journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelRow {
    /// Journeys asked; immature ones that were excluded are not among them.
    pub journeys: u64,
    /// The steps.
    pub steps: Vec<FunnelStepRow>,
    /// Journeys that had met the first step less than a window before the end of the observation, or why there are none.
    #[serde(flatten, with = "quantity::immature")]
    pub immature: Quantity<u64>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelStepRow {
    /// The touchpoint.
    pub touchpoint: String,
    /// Journeys that reached it.
    pub reached: u64,
    /// Their share of those that reached the first step, or why there is none.
    #[serde(flatten, with = "quantity::conversion")]
    pub conversion: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
    /// The method of these bounds; absent without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_method: Option<String>,
    /// Their share of those that reached the step before, or why there is none.
    #[serde(flatten, with = "quantity::step_conversion")]
    pub step_conversion: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::step_lower")]
    pub step_lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::step_upper")]
    pub step_upper: Quantity,
    /// The method of these bounds; absent without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_interval_method: Option<String>,
    /// The median time from the step before, or why there is none.
    #[serde(flatten, with = "quantity::median_seconds")]
    pub median_seconds: Quantity,
    /// The time within which nine of ten got here from the step before, or why there is none.
    #[serde(flatten, with = "quantity::p90_seconds")]
    pub p90_seconds: Quantity,
    /// What those who got here and no further did next, most frequent first.
    pub next: Vec<NodeRow>,
    /// Those of them whose journey ends here, or why that is not told.
    #[serde(flatten, with = "quantity::ended")]
    pub ended: Quantity<u64>,
    /// Under kaplan-meier those who may still go on, as their window is open at the end of the observation: neither in `next` nor
    /// in `ended`. 0 under other rules.
    #[serde(default)]
    pub open: u64,
}

impl From<&FunnelStep> for FunnelStepRow {
    fn from(step: &FunnelStep) -> Self {
        let value =
            |part: &Result<Estimate, Absent>| quantity::of(part.as_ref().map(|part| part.value).map_err(|why| *why));
        let bound = |part: &Result<Estimate, Absent>, upper: bool| {
            let interval = part.as_ref().map_err(|why| *why).and_then(|part| part.interval);
            quantity::of(interval.map(|interval| if upper { interval.upper } else { interval.lower }))
        };
        let method = |part: &Result<Estimate, Absent>| {
            let interval = part.as_ref().ok().and_then(|part| part.interval.ok());
            interval.map(|interval| interval.method.name().to_owned())
        };
        Self {
            touchpoint: step.touchpoint.clone(),
            reached: step.reached,
            conversion: value(&step.conversion),
            lower: bound(&step.conversion, false),
            upper: bound(&step.conversion, true),
            interval_method: method(&step.conversion),
            step_conversion: value(&step.step_conversion),
            step_lower: bound(&step.step_conversion, false),
            step_upper: bound(&step.step_conversion, true),
            step_interval_method: method(&step.step_conversion),
            median_seconds: quantity::of(step.median_seconds),
            p90_seconds: quantity::of(step.p90_seconds),
            next: step.next.iter().map(NodeRow::from).collect(),
            ended: Ok(step.ended),
            open: step.open,
        }
    }
}

impl From<&FunnelPassage> for FunnelRow {
    fn from(passage: &FunnelPassage) -> Self {
        Self {
            journeys: passage.journeys,
            steps: passage.steps.iter().map(FunnelStepRow::from).collect(),
            immature: passage.immature.map_err(|_| NO_WINDOW.into()),
        }
    }
}

/// Why a funnel has no window.
pub(crate) const NO_WINDOW: &str = "there is no window";

impl FunnelRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut before = self.journeys;
        for step in &self.steps {
            if step.reached > before {
                return Err(Error::value("reached", step.reached, "at most as many as reached the step before"));
            }
            before = step.reached;
            step.check()?;
        }
        Ok(())
    }
}

impl FunnelStepRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        each([("conversion", &self.conversion), ("lower", &self.lower), ("upper", &self.upper)], share)?;
        let of_step = [
            ("step_conversion", &self.step_conversion),
            ("step_lower", &self.step_lower),
            ("step_upper", &self.step_upper),
        ];
        each(of_step, share)?;
        each([("median_seconds", &self.median_seconds), ("p90_seconds", &self.p90_seconds)], at_least_zero)
    }
}

impl FunnelDocument {
    /// The document of a passage; segments, and what was excluded, are the caller's to add.
    #[must_use]
    pub fn new(passage: &FunnelPassage, confidence: Confidence, log: LogRow, load: LoadReport) -> Self {
        let all = FunnelRow::from(passage);
        // Nobody entered a funnel without an interval; then no bound names its method.
        let method = all.steps.iter().find_map(|step| step.interval_method.clone());
        let otherwise = if passage.immature_rule == Immature::KaplanMeier { Method::Logit } else { Method::Wilson };
        Self {
            definition: passage.definition.name().to_owned(),
            window_seconds: passage.window_seconds.ok_or_else(|| NO_WINDOW.into()),
            excluded: None,
            confidence,
            interval_method: method.unwrap_or_else(|| otherwise.name().to_owned()),
            immature_rule: passage.immature_rule.name().to_owned(),
            all,
            segments: None,
            comparisons: None,
            evidence: OBSERVATIONAL.to_owned(),
            log,
            load,
        }
    }
}

impl Document for FunnelDocument {
    const FORMAT: &'static str = "cxo.funnel";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        each([("window_seconds", &self.window_seconds)], at_least_zero)?;
        self.comparisons.iter().flat_map(|all| entry::shown(all)).try_for_each(FunnelComparisonRow::check)?;
        check_all(&self.all, self.segments.as_ref(), FunnelRow::check)
    }
}

/// `cxo.journey-chain`: from each touchpoint, how likely is the outcome, after how many steps and how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyChainDocument {
    /// The silence after which a journey without outcome is lost; absent where every one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<f64>,
    /// How bounds were found; absent where there are none.
    #[serde(flatten)]
    pub resamples: Option<ChainResamples>,
    /// All journeys.
    #[serde(flatten)]
    pub all: ChainRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<ChainRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How the bounds of a chain were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainResamples {
    /// Resamples of customers.
    pub resamples: u32,
    /// Where they begin.
    pub seed: u64,
    /// The level of all bounds.
    pub confidence: Confidence,
    /// Their method: customer-bootstrap.
    pub interval_method: String,
}

/// Some journeys as a chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainRow {
    /// Each outcome with the journeys that reached it first, in the order asked.
    pub outcomes: Vec<NodeRow>,
    /// Journeys that ended without one.
    pub lost_journeys: u64,
    /// Journeys that were still open; they are left out of everything else.
    pub open_journeys: u64,
    /// Whether more than 5 % of the journeys were open: then the answers are biased towards quick endings.
    pub biased: bool,
    /// A journey that has not begun.
    pub start: StateRow,
    /// Each touchpoint on the way, in the order of the bytes of the names.
    pub states: Vec<StateRow>,
    /// What hangs on each touchpoint in the chain, by touchpoint and outcome.
    pub removal_effects: Vec<RemovalRow>,
    /// How many steps the chain should remember: orders compared on the same transitions, or why there are none.
    #[serde(flatten, with = "quantity::orders")]
    pub orders: Quantity<Vec<OrderRow>>,
}

/// By which share the probability of an outcome falls when every way through a touchpoint ends without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovalRow {
    /// The touchpoint.
    pub touchpoint: String,
    /// The outcome.
    pub outcome: String,
    /// The share, or why there is none.
    #[serde(flatten, with = "quantity::removal_effect")]
    pub removal_effect: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
}

impl RemovalRow {
    fn of<'a>(effect: &'a RemovalEffect, chain: &'a JourneyChain) -> impl Iterator<Item = Self> + 'a {
        let found = effect.effects.iter().zip(&effect.intervals);
        chain.outcomes.iter().zip(found).map(|(outcome, (share, interval))| Self {
            touchpoint: effect.touchpoint.clone(),
            outcome: outcome.touchpoint.clone(),
            removal_effect: quantity::of(*share),
            lower: quantity::of(interval.map(|interval| interval.lower)),
            upper: quantity::of(interval.map(|interval| interval.upper)),
        })
    }
}

/// What is to be expected at one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateRow {
    /// The touchpoint; `(start)` for the start.
    pub touchpoint: String,
    /// How often journeys were here.
    pub visits: u64,
    /// The probability of any of the outcomes from here.
    pub conversion_probability: f64,
    /// Its bounds; absent without resamples, and where several outcomes have one each.
    #[serde(flatten)]
    pub bounds: Option<StateBounds>,
    /// Why there are none although there are resamples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds_reason: Option<Cow<'static, str>>,
    /// The probability of each of them, in the order asked; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_probabilities: Option<Vec<f64>>,
    /// The expected number of steps until the journey ends, whichever way.
    pub expected_steps: f64,
    /// The expected time until then.
    pub expected_seconds: f64,
    /// How often a journey is expected to come here.
    pub expected_visits: f64,
}

/// The bounds of a probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StateBounds {
    /// The lower one.
    pub lower: f64,
    /// The upper one.
    pub upper: f64,
}

impl From<&ChainState> for StateRow {
    fn from(state: &ChainState) -> Self {
        let one = state.intervals.as_ref().map(|intervals| match intervals.probabilities.as_slice() {
            [interval] => *interval,
            _ => Err(Absent::NotAsked),
        });
        let (bounds, bounds_reason) = match one.map_err(|why| *why).and_then(|interval| interval) {
            Ok(interval) => (Some(StateBounds { lower: interval.lower, upper: interval.upper }), None),
            Err(Absent::NotAsked) => (None, None),
            Err(why) => (None, Some(why.reason().into())),
        };
        Self {
            touchpoint: state.touchpoint.clone(),
            visits: state.visits,
            // Rounding may take a sum of probabilities past 1.
            conversion_probability: state.probabilities.iter().sum::<f64>().min(1.0),
            bounds,
            bounds_reason,
            outcome_probabilities: (state.probabilities.len() > 1).then(|| state.probabilities.clone()),
            expected_steps: state.expected_steps,
            expected_seconds: state.expected_seconds,
            expected_visits: state.expected_visits,
        }
    }
}

impl ChainRow {
    /// The row of a chain with the orders that were compared.
    #[must_use]
    pub fn new(chain: &JourneyChain, orders: Quantity<Vec<OrderRow>>) -> Self {
        let outcomes = chain.outcomes.iter();
        Self {
            outcomes: outcomes
                .map(|outcome| NodeRow { touchpoint: outcome.touchpoint.clone(), count: outcome.journeys })
                .collect(),
            lost_journeys: chain.lost,
            open_journeys: chain.open,
            biased: chain.biased,
            start: StateRow::from(&chain.start),
            states: chain.states.iter().map(StateRow::from).collect(),
            removal_effects: chain.removal_effects.iter().flat_map(|effect| RemovalRow::of(effect, chain)).collect(),
            orders,
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.orders.iter().flatten().try_for_each(OrderRow::check)?;
        for effect in &self.removal_effects {
            let shares =
                [("removal_effect", &effect.removal_effect), ("lower", &effect.lower), ("upper", &effect.upper)];
            each(shares, share)?;
        }
        std::iter::once(&self.start).chain(&self.states).try_for_each(|state| {
            share("conversion_probability", state.conversion_probability)?;
            let probabilities = state.outcome_probabilities.iter().flatten();
            probabilities.copied().try_for_each(|probability| share("outcome_probabilities", probability))?;
            at_least_zero("expected_steps", state.expected_steps)?;
            at_least_zero("expected_seconds", state.expected_seconds)?;
            at_least_zero("expected_visits", state.expected_visits)
        })
    }
}

impl JourneyChainDocument {
    /// The document of a chain; silence and segments are the caller's to add.
    #[must_use]
    pub fn new(all: ChainRow, log: LogRow, load: LoadReport) -> Self {
        Self {
            silence_seconds: None,
            resamples: None,
            all,
            segments: None,
            evidence: OBSERVATIONAL.to_owned(),
            log,
            load,
        }
    }
}

impl Document for JourneyChainDocument {
    const FORMAT: &'static str = "cxo.journey-chain";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        self.silence_seconds.map_or(Ok(()), |silence| at_least_zero("silence_seconds", silence))?;
        check_all(&self.all, self.segments.as_ref(), ChainRow::check)
    }
}
