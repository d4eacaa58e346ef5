//! The JSON Schemas (draft 2020-12) of the documents, as text.

/// Every schema with the format it describes.
pub const ALL: &[(&str, &str)] = &[
    ("cxo.nps", NPS),
    ("cxo.nps-comparison", NPS_COMPARISON),
    ("cxo.nps-plan", NPS_PLAN),
    ("cxo.nps-decomposition", NPS_DECOMPOSITION),
    ("cxo.csat", CSAT),
    ("cxo.ces", CES),
    ("cxo.nps-panel", NPS_PANEL),
    ("cxo.response", RESPONSE),
    ("cxo.raking", RAKING),
    ("cxo.nonresponse", NONRESPONSE),
    ("cxo.contacts", CONTACTS),
    ("cxo.index", INDEX),
    ("cxo.report", REPORT),
    ("cxo.clv", CLV),
    ("cxo.retention-projection", RETENTION_PROJECTION),
    ("cxo.cohorts", COHORTS),
    ("cxo.cox", COX),
    ("cxo.churn-fit", CHURN_FIT),
    ("cxo.churn-scores", CHURN_SCORES),
    ("cxo.churn-model", CHURN_MODEL),
    ("cxo.survival", SURVIVAL),
    ("cxo.churn-evaluation", CHURN_EVALUATION),
    ("cxo.journey-map", JOURNEY_MAP),
    ("cxo.journey-paths", JOURNEY_PATHS),
    ("cxo.funnel", FUNNEL),
    ("cxo.journey-chain", JOURNEY_CHAIN),
    ("cxo.attribution", ATTRIBUTION),
    ("cxo.journey-hotspots", JOURNEY_HOTSPOTS),
    ("cxo.journey-conformance", JOURNEY_CONFORMANCE),
    ("cxo.journey-next", JOURNEY_NEXT),
];

/// `cxo.nps`
pub const NPS: &str = include_str!("../schemas/cxo.nps.json");
/// `cxo.nps-comparison`
pub const NPS_COMPARISON: &str = include_str!("../schemas/cxo.nps-comparison.json");
/// `cxo.nps-plan`
pub const NPS_PLAN: &str = include_str!("../schemas/cxo.nps-plan.json");
/// `cxo.nps-decomposition`
pub const NPS_DECOMPOSITION: &str = include_str!("../schemas/cxo.nps-decomposition.json");
/// `cxo.csat`
pub const CSAT: &str = include_str!("../schemas/cxo.csat.json");
/// `cxo.ces`
pub const CES: &str = include_str!("../schemas/cxo.ces.json");
/// `cxo.nps-panel`
pub const NPS_PANEL: &str = include_str!("../schemas/cxo.nps-panel.json");
/// `cxo.response`
pub const RESPONSE: &str = include_str!("../schemas/cxo.response.json");
/// `cxo.raking`
pub const RAKING: &str = include_str!("../schemas/cxo.raking.json");
/// `cxo.nonresponse`
pub const NONRESPONSE: &str = include_str!("../schemas/cxo.nonresponse.json");
/// `cxo.contacts`
pub const CONTACTS: &str = include_str!("../schemas/cxo.contacts.json");
/// `cxo.index`
pub const INDEX: &str = include_str!("../schemas/cxo.index.json");
/// `cxo.report`
pub const REPORT: &str = include_str!("../schemas/cxo.report.json");
/// `cxo.clv`
pub const CLV: &str = include_str!("../schemas/cxo.clv.json");
/// `cxo.retention-projection`
pub const RETENTION_PROJECTION: &str = include_str!("../schemas/cxo.retention-projection.json");
/// `cxo.cohorts`
pub const COHORTS: &str = include_str!("../schemas/cxo.cohorts.json");
/// `cxo.cox`
pub const COX: &str = include_str!("../schemas/cxo.cox.json");
/// `cxo.churn-fit`
pub const CHURN_FIT: &str = include_str!("../schemas/cxo.churn-fit.json");
/// `cxo.churn-scores`
pub const CHURN_SCORES: &str = include_str!("../schemas/cxo.churn-scores.json");
/// `cxo.churn-evaluation`
pub const CHURN_EVALUATION: &str = include_str!("../schemas/cxo.churn-evaluation.json");
/// `cxo.churn-model`
pub const CHURN_MODEL: &str = include_str!("../schemas/cxo.churn-model.json");
/// `cxo.survival`
pub const SURVIVAL: &str = include_str!("../schemas/cxo.survival.json");
/// `cxo.journey-map`
pub const JOURNEY_MAP: &str = include_str!("../schemas/cxo.journey-map.json");
/// `cxo.journey-paths`
pub const JOURNEY_PATHS: &str = include_str!("../schemas/cxo.journey-paths.json");
/// `cxo.funnel`
pub const FUNNEL: &str = include_str!("../schemas/cxo.funnel.json");
/// `cxo.journey-chain`
pub const JOURNEY_CHAIN: &str = include_str!("../schemas/cxo.journey-chain.json");
/// `cxo.attribution`
pub const ATTRIBUTION: &str = include_str!("../schemas/cxo.attribution.json");
/// `cxo.journey-hotspots`
pub const JOURNEY_HOTSPOTS: &str = include_str!("../schemas/cxo.journey-hotspots.json");
/// `cxo.journey-conformance`
pub const JOURNEY_CONFORMANCE: &str = include_str!("../schemas/cxo.journey-conformance.json");
/// `cxo.journey-next`
pub const JOURNEY_NEXT: &str = include_str!("../schemas/cxo.journey-next.json");
