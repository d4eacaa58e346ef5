//! Survey metrics: from ratings to scores with their uncertainty.

pub use crate::domain::{Direction, Rating, Scale};

mod kernel;
mod nps;
mod tally;

pub use nps::{
    Nps, NpsCategory, NpsComparison, NpsMethod, NpsPanel, NpsPower, NpsResult, NpsShares, PanelAnswer, PanelMethod,
    SampleSize, WeightedNps, nps,
};
pub use tally::Tally;
