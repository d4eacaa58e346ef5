//! How good is a prediction of churn? Does it rank customers well, and are its probabilities right?
//!
//! [`Predictions`] are outcomes with the probabilities they were given; a [`Ranking`] is the order that any score puts
//! customers in. Both are tables of rows, asked any number of questions; a backtest calls them for each period. Whether the
//! probabilities can be taken at their word is the question of [`calibration`](super::calibration).

mod auc_difference;
mod backtest;
mod confusion;
mod decomposition;
mod gains;
mod mean;
mod predictions;
mod ranking;

pub use auc_difference::auc_difference;
pub use backtest::{BacktestPart, BacktestWindow, temporal_backtest};
pub use confusion::Confusion;
pub use decomposition::BrierDecomposition;
pub use gains::Gain;
pub(super) use mean::{Weights, around_log_odds, mean};
pub use predictions::{LogLoss, Predictions};
pub use ranking::{AucInterval, Ks, PrecisionRecallPoint, Ranking, RocPoint};
