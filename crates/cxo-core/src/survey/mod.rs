//! Survey metrics: from ratings to scores with their uncertainty.

pub use crate::domain::{Direction, Rating, Scale};

mod boxes;
mod ces;
mod csat;
mod decomposition;
mod index;
mod kernel;
mod nps;
mod rating_box;
mod response;
mod segment;
mod tally;
mod trend;
mod versus_rest;

pub use ces::{Ces, CesResult, CesVersion, WeightedCes};
pub use csat::{BoxRule, Csat, CsatCounts, CsatRatings, CsatResult, Vendor, WeightedCsat};
pub use decomposition::{DecompositionPart, NpsDecomposition};
pub use index::{IndexWeights, SatisfactionIndex, SatisfactionItems, satisfaction_index};
pub use nps::{
    Nps, NpsCategory, NpsComparison, NpsMethod, NpsPanel, NpsPower, NpsResult, NpsShares, PanelAnswer, PanelMethod,
    SampleSize, WeightedNps, nps,
};
pub use rating_box::RatingBox;
pub use response::{ResponseFunnel, ResponseRates, ResponseTotals};
pub use segment::{Segment, SegmentId, Segments};
pub use tally::Tally;
pub use trend::{Trend, TrendPoint};
pub use versus_rest::{SegmentDifference, VersusRest};
