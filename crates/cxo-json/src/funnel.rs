//! The document of a funnel: `cxo.funnel`.

use cxo_core::{
    Absent, Confidence, Estimate, Method,
    domain::LoadReport,
    journey::{FunnelPassage, FunnelStep, Immature},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, FunnelComparisonRow, LogRow, NodeRow, Quantity, entry,
    journey::{OBSERVATIONAL, check_all, each},
    quantity::{self, at_least_zero, share},
};

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
