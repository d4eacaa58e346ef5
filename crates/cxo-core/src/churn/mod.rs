//! Who will leave, when, why, and what does that cost?
//!
//! [`Features`] are what is known of each customer as numbers; [`Durations`] how long each was observed and whether he left.
//! Every regression (logistic, proportional hazards, accelerated failure time) answers with [`Coefficient`]s.

pub mod aft;
mod coefficient;
pub mod cox;
mod durations;
mod features;
mod scaling;

pub use coefficient::Coefficient;
pub use durations::Durations;
pub use features::Features;
