//! How was the journey, and what of it goes with where it led? Ratings joined to the touchpoints that they followed
//! ([`Experience`]), and the questions asked of both together: scores on the way, hot spots, moments of truth, consistency
//! between channels, deviations from the design.
//!
//! Stateless: the log is the state. Everything here is observed and nothing is assigned at random, so no answer shows a cause:
//! each carries its [`Evidence`].

mod channels_shown;
mod clustered;
mod consistency;
mod curve;
mod deviations;
mod hot_spots;
mod join;
mod moments;
mod outcome;
mod overall;
mod scores;
mod shown;
mod strata;
mod switches;

pub use consistency::{
    ChannelMean, ChannelMeans, Consistency, ConsistencyOptions, TouchpointConsistency, Verdict, WelchTest,
};
pub use curve::{EmotionCurve, EmotionPoint};
pub use deviations::{DeviationAssociation, DeviationAssociations};
pub use hot_spots::{HotSpot, HotSpots, StrataCounts};
pub use join::{Experience, ExperienceOptions, JoinCounts};
pub use moments::{MomentOfTruth, MomentsOfTruth};
pub use outcome::{Adjustment, AssociationOptions, Evidence, OutcomeKind, PathOutcome, SegmentBy};
pub use overall::{JourneyRatings, OverallExperience};
pub use scores::{PathKey, PathQuestion, PathScore, PathScores, ScoreRow};
pub use switches::{SwitchAssociations, SwitchComparison};
