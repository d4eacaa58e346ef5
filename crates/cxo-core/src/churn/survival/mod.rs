//! How long do customers stay, and does one group stay longer than another, when most are still there?
//!
//! The state is an [`EventTable`]: at each duration how many left and how many were last seen, which merges. Asked of it:
//! the share still there ([`KaplanMeier`]), the hazard run up so far ([`NelsonAalen`]), the share lost to each of several
//! causes ([`AalenJohansen`]), and of several tables whether they differ ([`LogRank`]).
//!
//! All of it holds only where a customer who is no longer observed is like one who still is (independent censoring). A
//! difference between groups is an association.

mod aalen_johansen;
mod interval;
mod kaplan_meier;
mod log_rank;
mod nelson_aalen;
mod table;

pub use aalen_johansen::{AalenJohansen, IncidencePoint, Overstatement};
pub use interval::{SurvivalInterval, SurvivalOptions, WeightMeaning};
pub use kaplan_meier::{KaplanMeier, SurvivalPoint, SurvivalQuantile};
pub use log_rank::{LogRank, LogRankGroup, LogRankTest, LogRankWeighting, PairwiseTest};
pub use nelson_aalen::{HazardInterval, HazardOptions, HazardPoint, HazardTies, NelsonAalen};
pub use table::EventTable;
