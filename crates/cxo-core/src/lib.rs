//! Customer-experience metrics with honest uncertainty, as pure functions.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod estimate;
mod numeric;
mod state;

pub mod churn;
pub mod clv;
pub mod domain;
pub mod experience;
pub mod journey;
pub mod scorecard;
pub mod stalled;
pub mod stats;
pub mod survey;

pub use error::{Error, ErrorKind};
pub use estimate::{Absent, Confidence, Difference, Estimate, Interval, Method, Probability, Seed};
pub use state::{Encode, State};
pub(crate) use state::{Form, Reader, Symbols, Writer, check_disjoint, check_rows};
