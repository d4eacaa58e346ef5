//! Who will leave, when, why, and what does that cost?
//!
//! [`Features`] are what is known of each customer as numbers; [`Durations`] how long each was observed and whether he left.
//! Every regression (logistic, proportional hazards, accelerated failure time) answers with [`Coefficient`]s.

mod coefficient;
#[cfg(feature = "serde")]
mod covariance;
mod design;
mod durations;
mod features;
pub mod hazard;
pub mod logistic;
mod model_test;
mod separation;

pub use coefficient::Coefficient;
pub use durations::Durations;
pub use features::Features;
pub use model_test::ModelTest;
