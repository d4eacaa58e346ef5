//! How good are predicted survival and risks when some customers are still there? Scores that weight by the chance of being
//! observed.
//!
//! A customer who was last seen before the time asked about tells nothing of it. Those who are known stand for him: each is
//! weighted by one over the probability G of not yet being censored ([`Censoring`], estimated from the data; inverse
//! probability of censoring weights). This holds where censoring has nothing to do with leaving. Called for models of survival.

mod auc;
mod brier;
mod censoring;
mod concordance;

pub use auc::{AucAt, TimeDependentAuc};
pub use censoring::Censoring;
