//! Statistics that the metrics stand on, usable on their own.

mod design;

pub use design::{Design, DesignEstimate, DesignMethod, LonelyCluster, Ratio, Weights};
