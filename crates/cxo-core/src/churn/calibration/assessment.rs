//! Tests of calibration: in the large, the line, and groups.

use super::line::{Line, LineData, Slope};
use crate::churn::evaluation::Predictions;
use crate::numeric::radix::{ordered_bits, sort_by_bits};
use crate::numeric::{chi_square, normal};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// The logistic line of the outcomes on the log-odds of the predictions: (0, 1) where they are calibrated.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CalibrationLine {
    /// The log-odds of leaving of those who were given one half.
    pub intercept: Estimate,
    /// Below 1 the predictions are too extreme, as those of an overfitted model are; above 1 too timid.
    pub slope: Estimate,
}

/// Where the predictions that are tested came from: it decides the degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PredictionsFrom {
    /// The rows that the model was fitted on: groups - 2 degrees (Hosmer and Lemeshow 1980).
    Training,
    /// Rows that the model has not seen: as many degrees as groups (Hosmer, Lemeshow and Sturdivant 2013, 5.2.2).
    Fresh,
}

impl PredictionsFrom {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Fresh => "fresh",
        }
    }
}

/// Hosmer and Lemeshow's test that the probabilities are right.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HosmerLemeshow {
    /// Σ over groups of (left - expected)² / (expected (1 - expected / n)).
    pub statistic: f64,
    /// Degrees of freedom of chi-square.
    pub degrees: u64,
    /// The probability of a statistic at least as great if the probabilities are right.
    pub p_value: f64,
    /// Groups with customers.
    pub groups: u64,
}

/// The log-odds of the probabilities.
pub(super) fn logits(predictions: &Predictions) -> Result<Vec<f64>, Error> {
    let logit = |(row, probability): (usize, &f64)| {
        if *probability > 0.0 && *probability < 1.0 {
            Ok(probability.ln() - (-probability).ln_1p())
        } else {
            let allowed = "between 0 and 1, both excluded: certainty has no log-odds";
            Err(Error::input("probability", probability, allowed).at_row(row as u64))
        }
    };
    predictions.probabilities().iter().enumerate().map(logit).collect()
}

/// 1 for those who left, 0 for those who stayed.
pub(super) fn outcomes(predictions: &Predictions) -> Vec<f64> {
    predictions.pairs().map(|(left, _)| left).collect()
}

fn fitted(predictions: &Predictions, slope: Slope) -> Result<Line, Error> {
    let events = predictions.events();
    if events == 0 || events == predictions.rows() as u64 {
        return Err(Error::degenerate("calibration needs customers who left and customers who stayed"));
    }
    let (logits, targets) = (logits(predictions)?, outcomes(predictions));
    LineData { logits: &logits, targets: &targets, weights: predictions.weights() }.fit(slope)
}

fn estimate(predictions: &Predictions, line: &Line, at: usize, confidence: Confidence) -> Estimate {
    let value = line.coefficients.get(at).copied().unwrap_or_default();
    let error = line.covariance.get(at, at).sqrt();
    let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
    let (mut sum, mut squares) = (0.0, 0.0);
    for weight in predictions.row_weights().of(predictions.rows()) {
        sum += weight;
        squares += weight * weight;
    }
    Estimate {
        value,
        standard_error: Ok(error),
        interval: Interval::new(value - reach, value + reach, confidence, Method::Wald).map_err(|_| Absent::Infinite),
        n: predictions.rows() as u64,
        effective_n: sum * sum / squares,
        method: Method::MaximumLikelihood,
    }
}

/// Calibration in the large: by how much the log-odds are too low (above 0) or too high (below 0) for all alike.
///
/// The intercept of a logistic regression of the outcomes with the log-odds of the predictions as offset. With weights the
/// standard error is that of a sandwich. Formula page: `docs/formulas/calibration.md`.
///
/// ```
/// use cxo_core::{Confidence, churn::{calibration::calibration_in_the_large, evaluation::Predictions}};
///
/// // Half left, a fifth was expected: the log-odds are ln 4 too low.
/// let predictions = Predictions::new(vec![true, false], vec![0.2, 0.2])?;
/// let found = calibration_in_the_large(&predictions, Confidence::P95)?;
/// assert!((found.value - 4.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a probability of 0 or 1, with its row,
/// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
///
/// # Complexity
/// O(rows) for each of about five steps.
///
/// # Reference
/// Cox (1958), Biometrika 45, 562-565; Steyerberg (2019), Clinical prediction models, 15.3.
pub fn calibration_in_the_large(predictions: &Predictions, confidence: Confidence) -> Result<Estimate, Error> {
    let line = fitted(predictions, Slope::One)?;
    Ok(estimate(predictions, &line, 0, confidence))
}

/// Intercept and slope of calibration: the logistic regression of the outcomes on the log-odds of the predictions.
///
/// Formula page: `docs/formulas/calibration.md`.
///
/// ```
/// use cxo_core::{Confidence, churn::{calibration::calibration_line, evaluation::Predictions}};
///
/// // Given 1/5 and 4/5, where 2/5 and 3/5 left: log-odds of ln 4 where those of ln 1.5 are right.
/// let observed = [true, true, false, false, false, true, true, true, false, false];
/// let given = [[0.2; 5], [0.8; 5]].concat();
/// let line = calibration_line(&Predictions::new(observed.to_vec(), given)?, Confidence::P95)?;
/// assert!((line.slope.value - 1.5_f64.ln() / 4.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// As [`calibration_in_the_large`]; [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) where all predictions are
/// alike, [`ErrorKind::Separated`](crate::ErrorKind::Separated) where they tell apart perfectly who left.
///
/// # Complexity
/// O(rows) for each of about five steps.
///
/// # Reference
/// Cox (1958), Biometrika 45, 562-565.
pub fn calibration_line(predictions: &Predictions, confidence: Confidence) -> Result<CalibrationLine, Error> {
    let line = fitted(predictions, Slope::Free)?;
    let [intercept, slope] = [0, 1].map(|at| estimate(predictions, &line, at, confidence));
    Ok(CalibrationLine { intercept, slope })
}

/// Hosmer and Lemeshow's test: groups of about equal numbers of customers in the order of their probability, chi-square of left
/// against expected.
///
/// Rows are in ascending order of probability; the first groups have one more where they cannot be equal. Customers of one
/// probability stay together, in the group of the middle one, so that the statistic does not depend on the order of rows
/// (Bertolini et al. 2000 show how much it can); with many ties fewer groups have customers. A large p-value shows little
/// where there are few customers, and a small one little where there are many: look at [`reliability`](super::reliability) as
/// well. Formula page: `docs/formulas/calibration.md`.
///
/// ```
/// use cxo_core::churn::{calibration::{PredictionsFrom, hosmer_lemeshow}, evaluation::Predictions};
///
/// let given = [[0.2; 10], [0.5; 10], [0.8; 10]].concat();
/// let observed = (0..30).map(|row| row % 10 < [2, 5, 6][row / 10]).collect();
/// let test = hosmer_lemeshow(&Predictions::new(observed, given)?, 3, PredictionsFrom::Fresh)?;
/// // Six left where eight were expected.
/// assert!((test.statistic - 4.0 / 1.6).abs() < 1e-12);
/// assert_eq!(test.degrees, 3);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for fewer than two groups (three on training data) or more than rows,
/// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for weighted predictions, for which the statistic has another
/// distribution, [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where ties leave too few groups or a group was given
/// certainty and it did not come.
///
/// # Complexity
/// O(rows).
///
/// # Reference
/// Hosmer and Lemeshow (1980), Communications in Statistics A9, 1043-1069; Bertolini et al. (2000), Journal of Epidemiology and
/// Biostatistics 5, 251-253.
pub fn hosmer_lemeshow(predictions: &Predictions, groups: u32, from: PredictionsFrom) -> Result<HosmerLemeshow, Error> {
    let (least, lost) = match from {
        PredictionsFrom::Training => (3, 2),
        PredictionsFrom::Fresh => (2, 0),
    };
    let rows = predictions.rows();
    if groups < least || groups as usize > rows {
        return Err(Error::input("groups", groups, format!("{least} to the number of rows, {rows}")));
    }
    if predictions.weights().is_some() {
        return Err(Error::incompatible("the test of Hosmer and Lemeshow is of rows without weights"));
    }
    let found = grouped(predictions, groups as usize);
    if found.len() < least as usize {
        return Err(Error::degenerate(format!("tied probabilities leave {} groups", found.len())));
    }
    let mut statistic = 0.0;
    for Group { rows, left, expected } in &found {
        let spread = expected * (1.0 - expected / rows);
        if spread > 0.0 {
            statistic += (left - expected).powi(2) / spread;
        } else if left != expected {
            return Err(Error::degenerate("a group was given certainty, and it did not come"));
        }
    }
    let degrees = found.len() as u64 - lost;
    let p_value = chi_square::sf(statistic, degrees as f64);
    Ok(HosmerLemeshow { statistic, degrees, p_value, groups: found.len() as u64 })
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    rows: f64,
    left: f64,
    expected: f64,
}

/// The groups with rows, in ascending order of probability.
fn grouped(predictions: &Predictions, groups: usize) -> Vec<Group> {
    let rows = predictions.rows();
    let mut sorted: Vec<(u64, f64, f64)> =
        predictions.pairs().map(|(left, probability)| (ordered_bits(probability), left, probability)).collect();
    sort_by_bits(&mut sorted, |(key, ..)| *key);
    // As numpy.array_split does: the first `more` groups have one more.
    let (size, more) = (rows / groups, rows % groups);
    let group_of = |row: usize| {
        let long = more * (size + 1);
        if row < long { row / (size + 1) } else { more + (row - long) / size.max(1) }
    };
    let mut found = vec![Group::default(); groups];
    let mut before = 0;
    for tied in sorted.chunk_by(|one, other| one.0 == other.0) {
        if let Some(group) = found.get_mut(group_of(before + (tied.len() - 1) / 2)) {
            for (_, left, probability) in tied {
                group.rows += 1.0;
                group.left += left;
                group.expected += probability;
            }
        }
        before += tied.len();
    }
    found.retain(|group| group.rows > 0.0);
    found
}
