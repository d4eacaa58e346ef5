//! What will a customer buy, for how long, and what is that worth? From purchases ([`Summary`]) through models of buying
//! and leaving to lifetime value. State: summaries, a table keyed by customer, from which every model is fitted.
//!
//! One idea holds the models of customers without a contract together: what such a model knows of a customer after a
//! history is the probability that he is still a customer, and, if he is, a fresh process of the same family with updated
//! parameters. That is an [`Outlook`]; every prediction is a question to it.

mod any;
mod bdw;
mod beta_geometric;
mod bg_bb;
mod bg_nbd;
mod by_age;
mod choice;
mod covariate_likelihood;
mod covariates;
mod equity;
mod fit;
mod fit_quality;
mod gamma_gamma;
mod ggom_likelihood;
mod ggom_nbd;
mod holdout;
mod independence;
mod likelihood_ratio;
mod named;
mod nodes;
mod outlook;
mod pareto_likelihood;
mod pareto_nbd;
mod process;
mod purchase_log;
mod ranking;
mod retention;
mod rfm;
mod rows;
mod sbg;
mod series;
mod simulation;
mod spend;
mod summary;
mod uncertainty;
mod value;
mod value_at_risk;
mod with_covariates;

#[cfg(test)]
mod likelihood_tests;

pub use any::{AnyModel, ModelKind};
pub use bdw::Bdw;
pub use bg_bb::BgBb;
pub use bg_nbd::{BgCnbd, BgNbd, MbgCnbd, MbgNbd};
pub use choice::{Candidate, Choice, Criterion, Standing};
pub use covariates::{CovariateTables, CovariateValues, Covariates};
pub use equity::Equity;
pub use fit::{FitOptions, Fitted, Model, Parameter};
pub use fit_quality::{FrequencyClass, HoldoutFit, Periods, RepeatBar, RepeatHistogram, TrackingPoint, tracking};
pub use gamma_gamma::{GammaGamma, LeftOut, SpendFit};
pub use ggom_nbd::GgomNbd;
pub use holdout::HoldoutSample;
pub use independence::{Association, Independence};
pub use likelihood_ratio::LikelihoodRatio;
pub use outlook::{Expectation, Limits, Outlook, PurchaseModel, Rate};
pub use pareto_nbd::ParetoNbd;
pub(crate) use purchase_log::DayRecords;
pub use purchase_log::{
    CustomerSummaries, CustomerSummary, Holdout, LogCounts, MergeRule, PurchaseColumns, PurchaseLog, PurchaseTime,
    Refunds, SpendBasis, SummaryDefinition, SummaryOptions, TimeUnit, ZeroAmounts,
};
pub use ranking::{Ranked, Ranking};
pub use retention::{PeriodCounts, RetentionModel, Survivors};
pub use rfm::{PurchaseRates, Rfm, RfmMonetary, RfmOptions, RfmScore, RfmScoring, RfmSegment, RfmSegmentShare};
pub use sbg::Sbg;
pub use simulation::Simulated;
pub use spend::{NextSpend, SimulatedSpend, Spend};
pub use summary::{Summaries, Summary};
pub use uncertainty::ParameterDraws;
pub use value::{Acquisition, FirstPurchase, Moments, NewCustomer, Payback, Prediction, Valuation};
pub use value_at_risk::{AtRisk, Departures, ValueAtRisk};
pub use with_covariates::{Behavior, Coefficient, DropoutEffect, Regression, WithCovariates};
