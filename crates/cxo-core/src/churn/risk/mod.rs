//! Who is at risk, how sure is that, why, and what would have to be different for the risk to be lower?
//!
//! A [`Table`] holds what is known of customers as it comes. A [`Schema`] declares how its columns become numbers, in training
//! and in scoring alike. [`train`] makes a [`ChurnModel`] of it, which is stored, scores rows ([`ChurnModel::score`]), explains
//! them ([`ChurnModel::explain`]) and answers what-if questions ([`ChurnModel::what_if`], [`ChurnModel::smallest_change`]). What
//! is learned from observation is association: no answer here says what causes customers to leave.

#![allow(clippy::option_option)] // A known value without a term is something else than an unknown one.

mod binding;
mod churn_model;
mod drift;
mod feature;
mod loss;
mod overlap;
mod risk_model;
mod schema;
mod score;
mod spline;
mod table;
mod target;
mod train;
mod what_if;

pub use churn_model::{ChurnModel, EvaluationSummary, TrainingSummary};
pub use drift::{ModelDrift, TrainingBins};
pub use feature::{Categories, Change, Direction, Encoding, Feature, MissingLevel, Numeric, Shape, UnknownLevel};
pub use loss::Loss;
pub use overlap::{FeatureOverlap, Overlap, OverlapWarning, Propensity};
pub use risk_model::{AdditiveModel, RiskModel};
pub use schema::{Fill, MissingRule, Schema, SchemaOptions};
pub use score::{Limits, Reason, Risk, ScoreLimits, Scores};
pub use spline::{Bins, Knots, Spline};
pub use table::{Column, Table, Value};
pub use target::{Outcome, Positive, Target};
pub use train::{Calibration, CrossFitted, NonRespondents, TrainOptions, Trained, train};
pub use what_if::{ASSOCIATION, Search, Setting, SmallestChange, Step, WhatIf};
