//! How long will customers stay, and what goes with staying longer? Accelerated failure time: the logarithm of the duration is
//! linear in the covariates. State: the fitted [`Aft`], which holds no data; called by whoever needs times and not only risks.
//!
//! ln T = intercept + b' x + scale × error, with the error of the chosen [`AftDistribution`]. exp(b) multiplies the time: above 1,
//! customers stay longer. The data are observed, not assigned: a coefficient says what goes with staying, not what makes a
//! customer stay.

mod distribution;
mod fit;
mod likelihood;
mod model;

pub use distribution::AftDistribution;
pub use fit::AftOptions;
pub use model::Aft;
