//! Every result of `cxo-core` as a JSON document, and back.
//!
//! A document is a plain struct that mirrors its JSON key by key: [`NpsDocument`], [`CsatDocument`], [`CesDocument`] …
//! Build it from results of the core, write it with [`Document::to_writer`], read it with [`Document::from_slice`]:
//! what is written reads back the same, digit by digit, and reading checks format, version and ranges. Results of many
//! rows go out as JSON Lines with [`Lines`]. The contract is `docs/json.md`; each document has a JSON Schema in
//! `schemas/`.
//!
//! ```
//! use cxo_json::{Document, PlanDocument};
//!
//! let text = r#"{"format": "cxo.nps-plan", "version": 1, "promoters": 0.5, "detractors": 0.2, "margin": 0.05,
//!                "confidence": 0.95, "responses": 1084}"#;
//! let plan = PlanDocument::from_slice(text.as_bytes())?;
//! assert_eq!(PlanDocument::from_slice(plan.to_json().as_bytes())?, plan);
//! # Ok::<(), cxo_json::Error>(())
//! ```
//!
//! Conventions of all documents: `format` and `version` come first. A quantity that does not exist is an absent key
//! with its reason under `NAME_reason`. Only `segment` may be null, meaning all. Shares and probabilities are in
//! [0, 1]; NPS values are in points, -100 to 100. Keys that a reader does not know are ignored, so that a version can
//! gain keys.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attribution;
mod ces;
mod churn;
mod churn_evaluation;
mod clv;
mod coefficient;
mod cohorts;
mod conformance;
mod contacts;
mod cox;
mod csat;
mod decomposition;
mod design;
mod diagram;
mod document;
mod entry;
mod error;
mod estimate;
mod failure;
mod funnel;
mod hotspots;
mod index;
mod journey;
mod journey_chain;
mod journey_channels;
mod journey_comparison;
mod journey_map;
mod journey_next;
mod journey_parts;
mod journey_paths;
mod journey_scores;
mod lines;
mod model;
mod nonresponse;
mod nps;
mod panel;
mod quantity;
mod raking;
mod report;
mod report_churn;
mod report_journey;
mod response;
mod retention;
pub mod schema;
mod survival;

pub use attribution::{AttributionDocument, AttributionRow, ChannelRow, PositionRow, Worth};
pub use ces::{CesDocument, CesRow, WeightedCes};
pub use churn::{
    ChurnFitDocument, ChurnModelDocument, ChurnScoreRow, ChurnScoresDocument, CrossValidationRow, ReasonRow,
    ValueAtRiskRow, ValueAtRiskRows,
};
pub use churn_evaluation::{
    BrierParts, CalibrationBin, CalibrationRow, ChurnEvaluationDocument, EvaluationQuestion, GainRow,
    HosmerLemeshowRow, WeightedEvaluation,
};
pub use clv::{
    CandidateRow, ChoiceRow, ClvCustomer, ClvDocument, EquityRow, ExpectedPurchases, FitRow, IndependenceRow,
    LifetimeRow, PurchasesRow, RankedRow, SpendRow, StandingRow, TotalPurchases, TotalsRow, ValuationRow,
};
pub use coefficient::CoefficientRow;
pub use cohorts::{
    ActivityRow, CohortRow, CohortsDocument, CurveRow, FlowRow, RateRow, RetainedRow, RevenueRetentionRow, RevenueRow,
};
pub use conformance::{
    AlignedVariantRow, BlueprintStepRow, ConformanceQuestion, ConformanceRow, CostsRow, DeviationRow,
    JourneyConformanceDocument, MoveOfPath,
};
pub use contacts::{AskedRule, ContactsDocument, ContactsStep};
pub use cox::{CoxContext, CoxDocument, ModelTestRow, ProportionalityColumn, ProportionalityRow};
pub use csat::{CsatDetail, CsatDocument, CsatRow, WeightedCsat};
pub use decomposition::{ChangeOfNps, DecompositionDocument, DecompositionRow};
pub use design::DesignRow;
pub use diagram::{graphviz, mermaid};
pub use document::Document;
pub use entry::{Customers, Entry, Period, VersusRest};
pub use error::Error;
pub use estimate::{DifferenceRow, EstimateRow};
pub use failure::{FailureDetail, FailureDocument};
pub use funnel::{FunnelDocument, FunnelRow, FunnelStepRow};
pub use hotspots::{
    FeedbackRow, HotspotRow, HotspotsQuestion, HotspotsRow, JourneyExperienceRow, JourneyHotspotsDocument,
    JourneyRatingsRow, MomentRow, RatingsRow,
};
pub use index::{IndexDocument, ItemRow};
pub use journey::{FlattenedRow, LogRow};
pub use journey_chain::{ChainResamples, ChainRow, JourneyChainDocument, RemovalRow, StateBounds, StateRow};
pub use journey_channels::{ChannelMeanRow, ConsistencyRow, SwitchRow, SwitchesRow};
pub use journey_comparison::{
    ComparedEdgeRow, ComparedSharesRow, ComparedTouchpointRow, FunnelComparisonRow, MapComparisonRow, StepDifferenceRow,
};
pub use journey_map::{EdgeRow, JourneyMapDocument, MapRow, NodeRow, TouchpointRow};
pub use journey_next::{JourneyNextDocument, NextLossRow, NextProbabilityRow, NextRow, PredictionRow};
pub use journey_parts::{FollowsRow, OrderRow, ServiceRow, SpreadRow, StepFlowRow, StepRow, StepShareRow};
pub use journey_paths::{JourneyPathsDocument, PathsRow, VariantRow};
pub use journey_scores::{EmotionCurveRow, EmotionRow, PathScoreRow, PathScoresRow, RatedRow, ScoresByRow};
pub use lines::Lines;
pub use model::{ModelRow, Named};
pub use nonresponse::{CategoryRow, NonResponseDocument};
pub use nps::{ComparisonDocument, NpsDocument, NpsRow, PlanDocument, Side, WeightedNps};
pub use panel::{MoveRow, PanelDocument};
pub use quantity::Quantity;
pub use raking::{MarginRow, RakingDocument, TargetRow, WeightRow};
pub use report::{
    AttributeRow, AttributeTest, BreakdownDocument, Card, Change, ContactsRow, Differing, FileRow, GroupRow,
    MetricDocument, Rate, ReportDocument, ResponseRow, TouchpointsRow, TransactionsRow, WhoAnsweredRow,
};
pub use report_churn::{AtRiskRow, ChurnRiskRow, RetentionRow, SegmentRisk};
pub use report_journey::{
    JoinedRow, JourneyFunnelRow, JourneyReport, JourneyScoresRow, JourneyStageRow, RepeatContactsRow, RepeatsRow,
    ReportConsistencyRow, ReportHotSpotsRow, ReworkRow, ScoreRow, StageLimitRow, StalledRow,
};
pub use response::ResponseDocument;
pub use retention::{ProjectionQuestion, RetentionDocument};
pub use survival::{CurvePoint, SurvivalDocument, SurvivalPair, SurvivalRow, SurvivalTest};
