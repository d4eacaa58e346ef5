//! Survey metrics: from ratings to scores with their uncertainty.

pub use crate::domain::{Direction, Rating, Scale};

mod boxes;
mod ces;
mod contact;
mod csat;
mod decomposition;
mod designed;
mod index;
mod kernel;
mod nonresponse;
mod nps;
mod rating_box;
mod repeats;
mod response;
mod sample;
mod segment;
mod tally;
mod trend;
mod versus_rest;
mod weighted;

pub use ces::{Ces, CesResult, CesVersion, WeightedCes};
pub use contact::{ContactFrequency, ContactGap, ContactRule, Contacts};
pub use csat::{BoxRule, Csat, CsatCounts, CsatRatings, CsatResult, Vendor, WeightedCsat};
pub use decomposition::{DecompositionPart, NpsDecomposition};
pub use designed::{Designed, Repeats, Respondents};
pub use index::{IndexWeights, SatisfactionIndex, SatisfactionItems, satisfaction_index};
pub use nonresponse::{
    CategoryResponse, ChiSquareTest, EarlyLate, FrameCategory, NonResponse, early_against_late, nonresponse,
};
pub(crate) use nps::EffectiveCounts;
pub use nps::{
    Nps, NpsCategory, NpsComparison, NpsMethod, NpsPanel, NpsPower, NpsResult, NpsSampleSize, NpsShares, PanelAnswer,
    PanelMethod, WeightedNps, nps,
};
pub use rating_box::RatingBox;
pub use repeats::{Response, Responses};
pub use response::{ResponseFunnel, ResponseRates, ResponseTotals};
pub(crate) use sample::dense;
pub use sample::{Sample, SampleRow};
pub use segment::{Segment, SegmentId, Segments};
pub use tally::Tally;
pub use trend::{Trend, TrendPoint};
pub(crate) use versus_rest::agresti_caffo;
pub use versus_rest::{SegmentAndRest, SegmentDifference, VersusRest};
pub use weighted::WeightedTally;
