//! Survey metrics: from ratings to scores with their uncertainty.

pub use crate::domain::{Direction, Rating, Scale};

mod boxes;
mod ces;
mod contact;
mod csat;
mod designed;
mod kernel;
mod nonresponse;
mod nps;
mod rating_box;
mod repeats;
mod sample;
mod segment;
mod symbols;
mod tally;
mod weighted;

pub use ces::{Ces, CesResult, CesVersion, WeightedCes};
pub use contact::{ContactFrequency, ContactGap, ContactRule, Contacts};
pub use csat::{BoxRule, Csat, CsatCounts, CsatRatings, CsatResult, Vendor, WeightedCsat};
pub use designed::{Designed, Repeats, Respondents};
pub use nonresponse::{
    CategoryResponse, ChiSquareTest, EarlyLate, FrameCategory, NonResponse, early_against_late, nonresponse,
};
pub use nps::{
    Nps, NpsCategory, NpsComparison, NpsMethod, NpsPanel, NpsPower, NpsResult, NpsShares, PanelAnswer, PanelMethod,
    SampleSize, WeightedNps, nps,
};
pub use rating_box::RatingBox;
pub use repeats::{Response, Responses};
pub use sample::{Sample, SampleRow};
pub use segment::Segment;
pub use tally::Tally;
pub use weighted::WeightedTally;
