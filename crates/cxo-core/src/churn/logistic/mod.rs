//! Who will leave? Logistic regression of a yes or no on numeric columns, with what it takes to trust it.
//!
//! [`Logistic::fit`] takes [`Features`](super::Features) and [`Outcomes`]; a [`Penalty`] holds the coefficients back, and
//! [`Path`] and [`CrossValidation`] say how much. Separated data and columns that repeat each other are errors that name the columns.

mod climb;
mod elastic_net;
mod firth;
mod fit;
mod likelihood;
mod model;
mod outcomes;
mod path;
mod penalty;
mod profile;

pub use fit::LogisticOptions;
pub use model::Logistic;
pub use outcomes::Outcomes;
pub use path::{CrossValidation, Path, PathOptions, PathPoint, Selection};
pub use penalty::Penalty;
pub use profile::Profile;
