//! When will a customer leave, where time comes in periods (months, renewals)? The chance to leave in each period, given that he is still there.
//!
//! [`DiscreteHazard::fit`] is a logistic regression on person-periods, one for each period in which a customer was at risk, without
//! ever writing them out: the rows stay as many as there are customers.

mod likelihood;
mod model;
mod period;

pub use model::{DiscreteHazard, DiscreteHazardOptions};
pub use period::PeriodEffect;
