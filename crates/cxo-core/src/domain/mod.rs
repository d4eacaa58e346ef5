//! The nouns of the field: who, where, when, what was said, what was paid.
//!
//! These are the records that callers hand over and adapters produce. Each type can only hold what it means: a
//! [`Rating`] is a value of its [`Scale`], an [`Amount`] is exact in its [`Currency`], a [`Weight`] is positive and
//! finite. Analyses keep columns inside; records are for the border.

mod case;
mod feedback;
mod identifier;
mod journey;
mod load;
mod money;
mod rating;
mod stage;
mod time;
mod transaction;

pub use case::Case;
pub use feedback::{Feedback, ResponseStatus, SurveyMetric, Weight};
pub use identifier::{CaseId, Channel, CustomerId, Device, EventId, TouchpointName};
pub use journey::{Journey, Touchpoint};
pub use load::{LoadReport, RejectedCell, Rejection};
pub use money::{Amount, Currency};
pub use rating::{Direction, Rating, Scale};
pub use stage::{Stage, Stages};
pub use time::{Day, Period, Timestamp};
pub use transaction::Transaction;
