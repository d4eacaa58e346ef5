//! What will a customer buy, for how long, and what is that worth? From purchases ([`Summary`]) through models of buying
//! and leaving to lifetime value. State: summaries, a table keyed by customer, from which every model is fitted.
//!
//! One idea holds the models of customers without a contract together: what such a model knows of a customer after a
//! history is the probability that he is still a customer, and, if he is, a fresh process of the same family with updated
//! parameters. That is an [`Outlook`]; every prediction is a question to it.

mod beta_geometric;
mod bg_nbd;
mod choices;
mod covariates;
mod fit;
mod nodes;
mod outlook;
mod pareto_likelihood;
mod pareto_nbd;
mod process;
mod purchase_log;
mod rfm;
mod rows;
mod simulation;
mod summary;

#[cfg(test)]
mod likelihood_tests;

pub use bg_nbd::{BgCnbd, BgNbd, MbgCnbd, MbgNbd};
pub use covariates::{Coefficient, Covariance, Covariates, LikelihoodRatio, Process, Regression, WithCovariates};
pub use fit::{FitOptions, Fitted, Model, Parameter};
pub use outlook::{Limits, Outlook, PurchaseModel, Rate};
pub use pareto_nbd::ParetoNbd;
pub use purchase_log::{
    CustomerSummaries, CustomerSummary, Holdout, LogCounts, MergeRule, PurchaseColumns, PurchaseLog, PurchaseTime,
    Refunds, SpendBasis, SummaryDefinition, SummaryOptions, TimeUnit, ZeroAmounts,
};
pub use rfm::{PurchaseRates, Rfm, RfmMonetary, RfmOptions, RfmScore, RfmScoring, RfmSegment, RfmSegmentShare};
pub use simulation::Simulated;
pub use summary::{Summaries, Summary};
