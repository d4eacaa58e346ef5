//! Survey metrics: from ratings to scores with their uncertainty.

pub use crate::domain::{Direction, Rating, Scale};

mod boxes;
mod ces;
mod csat;
mod kernel;
mod nps;
mod rating_box;
mod segment;
mod tally;

pub use ces::{Ces, CesResult, CesVersion, WeightedCes};
pub use csat::{BoxRule, Csat, CsatCounts, CsatRatings, CsatResult, Vendor, WeightedCsat};
pub use nps::{Nps, NpsMethod, nps};
pub use rating_box::RatingBox;
pub use segment::Segment;
pub use nps::{
    Nps, NpsCategory, NpsComparison, NpsMethod, NpsPanel, NpsPower, NpsResult, NpsShares, PanelAnswer, PanelMethod,
    SampleSize, WeightedNps, nps,
};
pub use tally::Tally;
