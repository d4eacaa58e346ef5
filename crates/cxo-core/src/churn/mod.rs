//! Who will leave, when, why, and what does that cost?
//!
//! [`Features`] are what is known of each customer as numbers; [`Durations`] how long each was observed and whether he left.
//! Every regression (logistic, proportional hazards, accelerated failure time) answers with [`Coefficient`]s.

pub mod aft;
pub mod calibration;
mod coefficient;
pub mod concordance;
#[cfg(feature = "serde")]
mod covariance;
pub mod cox;
mod design;
pub mod drift;
mod durations;
pub mod evaluation;
mod features;
mod folds;
pub mod hazard;
pub mod logistic;
mod model_test;
pub mod retention;
pub mod risk;
mod separation;
pub mod survival;
pub mod survival_score;
pub mod threshold;

pub use coefficient::Coefficient;
pub use durations::Durations;
pub use features::Features;
pub use folds::{Folds, customer_folds};
pub use model_test::ModelTest;
