//! Which customers leave sooner, and by how much? Cox's proportional hazards. State: the fitted [`Cox`], which holds no data;
//! called by whoever studies what goes with leaving, or needs the chance to be still there at a time.
//!
//! The hazard of a customer with covariates x is an unspecified function of time times exp(b' x). [`CoxRows`] are the data,
//! [`Cox::fit`] the fit, [`Cox::forecast`] the survival at chosen times, [`Cox::proportionality`] the check of the assumption.
//! The data are observed, not assigned: a coefficient says what goes with leaving sooner, not what makes a customer leave.

mod evaluation;
mod fit;
mod forecast;
mod model;
mod monotone;
mod paths;
mod proportionality;
mod residuals;
mod risk_sets;
mod rows;
mod sandwich;

pub use forecast::{CoxCustomer, CoxForecast};
pub use model::Cox;
pub use proportionality::{ColumnTest, Proportionality, TimeTransform};
pub use residuals::Schoenfeld;
pub use rows::{CoxOptions, CoxRows, Ties};
