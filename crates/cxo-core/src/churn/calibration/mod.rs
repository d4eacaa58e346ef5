//! Can the probabilities be taken at their word? Assessment, and curves that put them right.
//!
//! Of the customers given 30 %, do 30 % leave? [`reliability`] shows it, [`calibration_line`] and [`hosmer_lemeshow`] test it.
//! A [`Calibrator`] is a rising curve from given to true probabilities, fitted on [`HeldOut`] predictions: those of the rows
//! that a model was fitted on are too extreme, and a curve fitted on them would say that all is well. Called by evaluation, and
//! by the stored risk model.

mod assessment;
mod bins;
mod calibrator;
mod held_out;
mod isotonic;
mod line;
mod platt;

pub use assessment::{
    CalibrationLine, HosmerLemeshow, PredictionsFrom, calibration_in_the_large, calibration_line, hosmer_lemeshow,
};
pub use bins::{Binning, ReliabilityBin, expected_calibration_error, reliability};
pub(super) use bins::{binned, quantile_edges};
pub use calibrator::Calibrator;
pub use held_out::{HeldOut, HeldOutBy};
pub use isotonic::{Interpolation, Isotonic};
pub use platt::{Platt, PlattTargets};
