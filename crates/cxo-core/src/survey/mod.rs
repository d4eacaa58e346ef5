//! Survey metrics: from ratings to scores with their uncertainty.

pub use crate::domain::{Direction, Rating, Scale};

mod nps;
mod tally;

pub use nps::{Nps, NpsMethod, nps};
pub use tally::Tally;
