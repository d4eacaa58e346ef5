//! The document of journeys held against their design: `cxo.journey-conformance`.

use std::{borrow::Cow, collections::BTreeMap};

use cxo_core::{
    Confidence,
    domain::LoadReport,
    experience::{DeviationAssociation, DeviationAssociations},
    journey::{AlignmentMove, Blueprint, BlueprintStage, BlueprintTouchpoint, Conformance, VariantConformance},
};
use serde::{Deserialize, Serialize};

use crate::{
    DifferenceRow, Document, Entry, Error, EstimateRow, FeedbackRow, LogRow, Quantity,
    journey::{OBSERVATIONAL, check_all},
    quantity::{self, at_least_zero, share},
};

/// `cxo.journey-conformance`: how far journeys keep to the design, and where they leave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JourneyConformanceDocument {
    /// What was asked.
    #[serde(flatten)]
    pub question: ConformanceQuestion,
    /// All journeys.
    #[serde(flatten)]
    pub all: ConformanceRow,
    /// The same of each segment, in the order of their bytes; absent without `--by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<Entry<ConformanceRow>>>,
    /// What the numbers rest on: observational.
    pub evidence: String,
    /// The log.
    pub log: LogRow,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// What was asked of all journeys and of each segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConformanceQuestion {
    /// The name of the design.
    pub blueprint: String,
    /// The longest time from the first to the last touchpoint; absent where there is no target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_seconds: Option<f64>,
    /// What is expected, in the order of the design.
    pub steps: Vec<BlueprintStepRow>,
    /// Touchpoints of the design that no record has.
    pub never_seen: Vec<String>,
    /// What moves cost.
    pub costs: CostsRow,
    /// Touchpoints of which the design says nothing, left out.
    pub ignored: Vec<String>,
    /// The touchpoints that are the outcome; absent where none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Vec<String>>,
    /// Whether it is wanted or unwanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome_kind: Option<String>,
    /// The silence after which a journey without outcome is lost; absent where every one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_seconds: Option<f64>,
    /// The file that the ratings come from; absent where the log has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<FeedbackRow>,
    /// The scale of the ratings; absent without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// The fewest journeys, rated ones for scores, of either side with which an association is shown.
    pub min_responses: u64,
    /// The level of all intervals.
    pub confidence: Confidence,
}

/// One expected touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlueprintStepRow {
    /// Its stage.
    pub stage: String,
    /// Its name.
    pub touchpoint: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may occur several times.
    pub repeatable: bool,
    /// The longest time since the one before it; absent where there is no target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_seconds: Option<f64>,
}

impl From<(&BlueprintStage, &BlueprintTouchpoint)> for BlueprintStepRow {
    fn from((stage, touchpoint): (&BlueprintStage, &BlueprintTouchpoint)) -> Self {
        Self {
            stage: stage.name.clone(),
            touchpoint: touchpoint.name.clone(),
            optional: touchpoint.optional,
            repeatable: touchpoint.repeatable,
            target_seconds: touchpoint.target_seconds,
        }
    }
}

/// What moves of an alignment cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostsRow {
    /// An expected touchpoint that is missing.
    pub skip: f64,
    /// A touchpoint that is not expected where it is.
    pub insert: f64,
    /// Of single touchpoints where they are missing.
    pub skip_of: BTreeMap<String, f64>,
    /// Of single touchpoints where they are not expected.
    pub insert_of: BTreeMap<String, f64>,
}

impl Default for CostsRow {
    fn default() -> Self {
        Self { skip: 1.0, insert: 1.0, skip_of: BTreeMap::new(), insert_of: BTreeMap::new() }
    }
}

/// Some journeys held against the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConformanceRow {
    /// Journeys with a touchpoint that is not ignored.
    pub journeys: u64,
    /// Their mean fitness: 1 for a journey of the design, 0 if nothing matches.
    pub fitness: EstimateRow,
    /// The share that keeps to the order of the design, whatever the times.
    pub conforming: EstimateRow,
    /// The share of all that is in time as well.
    pub conforming_in_time: EstimateRow,
    /// Departures from the design, those in the most journeys first.
    pub deviations: Vec<DeviationRow>,
    /// Journeys left out of outcomes because theirs may still come.
    pub open_journeys: u64,
    /// Whether these are more than 5 % of all: then outcomes are biased towards quick endings.
    pub biased: bool,
    /// Different ways.
    pub total_variants: u64,
    /// The most frequent ones, each beside the run of the design that is nearest to it.
    pub variants: Vec<AlignedVariantRow>,
}

/// One kind of departure at one touchpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviationRow {
    /// skipped, inserted, out-of-order or too-slow.
    pub kind: String,
    /// Where; absent where the whole journey is too slow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touchpoint: Option<String>,
    /// In which stage of the design; absent for what is inserted and for the whole journey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// How often.
    pub occurrences: u64,
    /// In how many journeys.
    pub journeys: u64,
    /// Their share of all journeys.
    pub share: EstimateRow,
    /// Rated journeys with it.
    pub rated_with: u64,
    /// Rated journeys without it.
    pub rated_without: u64,
    /// The mean score of journeys with it minus that of those without, or why there is none.
    #[serde(flatten, with = "quantity::score_difference")]
    pub score_difference: Quantity<DifferenceRow>,
    /// The share with the outcome of journeys with it minus that of those without, or why there is none.
    #[serde(flatten, with = "quantity::outcome_difference")]
    pub outcome_difference: Quantity<DifferenceRow>,
}

impl From<&DeviationAssociation> for DeviationRow {
    fn from(found: &DeviationAssociation) -> Self {
        let (deviation, [rated_with, rated_without]) = (&found.deviation, found.rated);
        let difference = |of: &Result<cxo_core::Difference, cxo_core::Absent>| {
            of.as_ref().map(DifferenceRow::from).map_err(|why| *why)
        };
        Self {
            kind: deviation.kind.name().to_owned(),
            touchpoint: deviation.touchpoint.clone(),
            stage: deviation.stage.clone(),
            occurrences: deviation.occurrences,
            journeys: deviation.journeys,
            share: EstimateRow::from(&deviation.share),
            rated_with,
            rated_without,
            score_difference: quantity::of(difference(&found.score)),
            outcome_difference: quantity::of(difference(&found.outcome)),
        }
    }
}

/// One way that journeys took, beside the design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlignedVariantRow {
    /// The touchpoints, first to last.
    pub path: Vec<String>,
    /// Journeys that took it.
    pub count: u64,
    /// Their share of all journeys.
    pub share: f64,
    /// 1 - cost / cost if nothing matched.
    pub fitness: f64,
    /// The least cost of moves that lead from the path to the design.
    pub cost: f64,
    /// The moves, in the order of path and design.
    pub moves: Vec<MoveOfPath>,
}

/// One move of an alignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveOfPath {
    /// matched, inserted or skipped.
    #[serde(rename = "move")]
    pub kind: String,
    /// The touchpoint.
    pub touchpoint: String,
    /// The stage of the design; absent for what is inserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

impl AlignedVariantRow {
    fn new(variant: &VariantConformance, blueprint: &Blueprint, journeys: u64) -> Self {
        let steps: Vec<_> = blueprint.steps().collect();
        let of_design = |kind: &str, step: usize| {
            steps.get(step).map(|(stage, touchpoint)| MoveOfPath {
                kind: kind.to_owned(),
                touchpoint: touchpoint.name.clone(),
                stage: Some(stage.name.clone()),
            })
        };
        let one = |way: &AlignmentMove| match *way {
            AlignmentMove::Matched { step, .. } => of_design("matched", step),
            AlignmentMove::Skipped { step } => of_design("skipped", step),
            AlignmentMove::Inserted { event } => variant.path.get(event).map(|touchpoint| MoveOfPath {
                kind: "inserted".to_owned(),
                touchpoint: touchpoint.clone(),
                stage: None,
            }),
        };
        Self {
            path: variant.path.clone(),
            count: variant.count,
            share: variant.count as f64 / journeys as f64,
            fitness: variant.alignment.fitness,
            cost: variant.alignment.cost,
            moves: variant.alignment.moves.iter().filter_map(one).collect(),
        }
    }
}

impl ConformanceRow {
    /// The row of a conformance with the associations of its deviations and its `top` most frequent variants.
    #[must_use]
    pub fn new(found: &Conformance, associated: &DeviationAssociations, blueprint: &Blueprint, top: usize) -> Self {
        let variants = found.variants.iter().take(top);
        Self {
            journeys: found.journeys,
            fitness: EstimateRow::from(&found.fitness),
            conforming: EstimateRow::from(&found.conforming),
            conforming_in_time: EstimateRow::from(&found.conforming_in_time),
            deviations: associated.deviations.iter().map(DeviationRow::from).collect(),
            open_journeys: associated.open,
            biased: associated.biased,
            total_variants: found.variants.len() as u64,
            variants: variants.map(|variant| AlignedVariantRow::new(variant, blueprint, found.journeys)).collect(),
        }
    }

    /// Says why there are no scores to compare.
    pub fn without_scores(&mut self, why: &'static str) {
        self.deviations.iter_mut().for_each(|deviation| deviation.score_difference = Err(Cow::Borrowed(why)));
    }

    fn check(&self) -> Result<(), Error> {
        let shares = [
            ("fitness", &self.fitness),
            ("conforming", &self.conforming),
            ("conforming_in_time", &self.conforming_in_time),
        ];
        shares.into_iter().try_for_each(|(key, share)| share.check(key, [0.0, 1.0], "0 to 1"))?;
        for deviation in &self.deviations {
            deviation.share.check("share", [0.0, 1.0], "0 to 1")?;
            deviation.score_difference.as_ref().map_or(Ok(()), DifferenceRow::check)?;
            deviation.outcome_difference.as_ref().map_or(Ok(()), DifferenceRow::check)?;
        }
        self.variants.iter().try_for_each(|variant| {
            share("share", variant.share)?;
            share("fitness", variant.fitness)?;
            at_least_zero("cost", variant.cost)
        })
    }
}

impl JourneyConformanceDocument {
    /// The document of all journeys; segments are the caller's to add.
    #[must_use]
    pub fn new(question: ConformanceQuestion, all: ConformanceRow, log: LogRow, load: LoadReport) -> Self {
        Self { question, all, segments: None, evidence: OBSERVATIONAL.to_owned(), log, load }
    }
}

impl Document for JourneyConformanceDocument {
    const FORMAT: &'static str = "cxo.journey-conformance";

    fn check(&self) -> Result<(), Error> {
        self.log.check()?;
        let costs = &self.question.costs;
        let of_touchpoints = costs.skip_of.values().chain(costs.insert_of.values()).copied();
        [costs.skip, costs.insert]
            .into_iter()
            .chain(of_touchpoints)
            .try_for_each(|cost| at_least_zero("costs", cost))?;
        self.question.silence_seconds.map_or(Ok(()), |silence| at_least_zero("silence_seconds", silence))?;
        check_all(&self.all, self.segments.as_ref(), ConformanceRow::check)
    }
}
