//! The document of an evaluation of predictions: `cxo.churn-evaluation`.

use cxo_core::{
    Confidence, Error as CoreError, ErrorKind, Estimate, Interval,
    churn::{
        calibration::{
            Binning, HosmerLemeshow, PredictionsFrom, ReliabilityBin, calibration_in_the_large, calibration_line,
            expected_calibration_error, hosmer_lemeshow, reliability,
        },
        evaluation::{self, AucInterval, BrierDecomposition, Predictions},
    },
    domain::LoadReport,
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity,
    quantity::{self, at_least_zero, share, within},
};

/// `cxo.churn-evaluation`: how well predictions rank customers, and whether their probabilities are right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnEvaluationDocument {
    /// Rows.
    pub observations: u64,
    /// Rows in which it happened.
    pub events: u64,
    /// Sums of weights; absent without weights.
    #[serde(flatten)]
    pub weighted: Option<WeightedEvaluation>,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// How `auc_lower` and `auc_upper` were found.
    pub interval_method: String,
    /// Area under the receiver operating characteristic.
    pub auc: f64,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::auc_lower")]
    pub auc_lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::auc_upper")]
    pub auc_upper: Quantity,
    /// Average precision.
    pub average_precision: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::average_precision_interval")]
    pub average_precision_interval: Quantity<Interval>,
    /// Brier score.
    pub brier: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::brier_interval")]
    pub brier_interval: Quantity<Interval>,
    /// Where the Brier score comes from, over the bins of `calibration`.
    pub brier_decomposition: BrierParts,
    /// Mean logarithmic loss in nats.
    pub log_loss: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::log_loss_interval")]
    pub log_loss_interval: Quantity<Interval>,
    /// Rows whose outcome was given the probability 0; their loss is infinite and counted as that of 1e-15.
    pub certain_and_wrong: u64,
    /// Kolmogorov and Smirnov's distance.
    pub ks: f64,
    /// The probability at which it is.
    pub ks_threshold: f64,
    /// Whether the probabilities can be taken at their word.
    pub calibration: CalibrationRow,
    /// Customers in the order of their probability, the greatest first.
    pub gains: Vec<GainRow>,
    /// What happened to the rows of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadReport>,
}

/// Sums of weights beside the counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WeightedEvaluation {
    /// Sum of weights.
    pub weighted_observations: f64,
    /// Sum of weights of the rows in which it happened.
    pub weighted_events: f64,
    /// Rows of equal weight that would tell as much.
    pub effective_observations: f64,
}

/// brier = reliability - resolution + uncertainty + within_bin_variance - within_bin_covariance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BrierParts {
    /// Mean squared difference of mean probability and share, over bins.
    pub reliability: f64,
    /// Mean squared difference of the share in a bin and in all.
    pub resolution: f64,
    /// Variance of the outcomes.
    pub uncertainty: f64,
    /// Variance of the probabilities within bins.
    pub within_bin_variance: f64,
    /// Twice the covariance of probability and outcome within bins.
    pub within_bin_covariance: f64,
}

/// Calibration: the line, the error, the test and the bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationRow {
    /// Intercept of the outcomes on the log-odds of the probabilities, or why there is none.
    #[serde(flatten, with = "quantity::intercept")]
    pub intercept: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::intercept_interval")]
    pub intercept_interval: Quantity<Interval>,
    /// Slope of the same line, or why there is none.
    #[serde(flatten, with = "quantity::slope")]
    pub slope: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::slope_interval")]
    pub slope_interval: Quantity<Interval>,
    /// Intercept at a slope of 1, or why there is none.
    #[serde(flatten, with = "quantity::in_the_large")]
    pub in_the_large: Quantity,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::in_the_large_interval")]
    pub in_the_large_interval: Quantity<Interval>,
    /// Expected calibration error over the bins.
    pub ece: f64,
    /// Hosmer and Lemeshow's test, or why there is none.
    #[serde(flatten, with = "quantity::hosmer_lemeshow")]
    pub hosmer_lemeshow: Quantity<HosmerLemeshowRow>,
    /// How the bins were made: uniform or quantile.
    pub binning: String,
    /// The bins with rows.
    pub bins: Vec<CalibrationBin>,
}

/// Hosmer and Lemeshow's test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HosmerLemeshowRow {
    /// Chi-square.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: u64,
    /// Probability of a statistic at least as great if the probabilities are right.
    pub p_value: f64,
    /// Groups with rows.
    pub groups: u64,
    /// Where the predictions came from: fresh (as many degrees as groups) or training (two fewer).
    pub predictions: String,
}

/// Rows that were given about the same probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Lower edge, excluded but for the lowest bin.
    pub from: f64,
    /// Upper edge, included.
    pub to: f64,
    /// Rows.
    pub observations: u64,
    /// Mean probability.
    pub predicted: f64,
    /// Share in which it happened.
    pub observed: f64,
    /// Its interval, or why there is none.
    #[serde(flatten, with = "quantity::interval")]
    pub interval: Quantity<Interval>,
}

/// The customers of the greatest probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GainRow {
    /// The share of the customers, as asked for; the edge is at the whole number of rows nearest to it.
    pub fraction: f64,
    /// The share of all events among them.
    pub captured: f64,
    /// The share of them in which it happened, over that of all.
    pub lift: f64,
    /// The share in which it happened of this part alone.
    pub part_rate: f64,
    /// That share over that of all.
    pub part_lift: f64,
}

/// What is asked of predictions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvaluationQuestion {
    /// The level of the intervals.
    pub confidence: Confidence,
    /// The interval of the area.
    pub auc_interval: AucInterval,
    /// The bins of calibration.
    pub binning: Binning,
    /// Groups of Hosmer and Lemeshow's test.
    pub groups: u32,
    /// Where the predictions came from.
    pub predictions: PredictionsFrom,
    /// Parts of the table of gains.
    pub parts: u32,
}

impl ChurnEvaluationDocument {
    /// Asks everything of predictions.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](cxo_core::ErrorKind::Degenerate) unless it happened in some rows and not in others.
    /// [`ErrorKind::Input`](cxo_core::ErrorKind::Input) for no bin or no part. With more groups or parts than rows there are as
    /// many as rows.
    pub fn new(
        predictions: &Predictions,
        asked: &EvaluationQuestion,
        load: Option<LoadReport>,
    ) -> Result<Self, CoreError> {
        let confidence = asked.confidence;
        let ranking = predictions.ranking();
        let auc = ranking.auc(asked.auc_interval, confidence)?;
        let precision = ranking.average_precision(confidence)?;
        let (brier, log_loss) = (predictions.brier(confidence), predictions.log_loss(confidence));
        let ks = ranking.ks()?;
        let rows = u32::try_from(predictions.rows()).unwrap_or(u32::MAX);
        let gains = ranking.gains(asked.parts.min(rows))?;
        let weighted = predictions.weights().map(|weights| WeightedEvaluation {
            weighted_observations: weights.iter().sum(),
            weighted_events: weights
                .iter()
                .zip(predictions.observed())
                .filter(|(_, left)| **left)
                .map(|(w, _)| w)
                .sum(),
            effective_observations: brier.effective_n,
        });
        Ok(Self {
            observations: predictions.rows() as u64,
            events: predictions.events(),
            weighted,
            confidence,
            interval_method: auc_interval_name(asked.auc_interval).to_owned(),
            auc: auc.value,
            auc_lower: quantity::of(auc.interval.map(|interval| interval.lower)),
            auc_upper: quantity::of(auc.interval.map(|interval| interval.upper)),
            average_precision: precision.value,
            average_precision_interval: quantity::of(precision.interval),
            brier: brier.value,
            brier_interval: quantity::of(brier.interval),
            brier_decomposition: BrierParts::from(&predictions.brier_decomposition(asked.binning)?),
            log_loss: log_loss.estimate.value,
            log_loss_interval: quantity::of(log_loss.estimate.interval),
            certain_and_wrong: log_loss.certain_and_wrong,
            ks: ks.value,
            ks_threshold: ks.threshold,
            calibration: CalibrationRow::new(predictions, asked)?,
            gains: gains.iter().map(GainRow::from).collect(),
            load,
        })
    }
}

const fn auc_interval_name(interval: AucInterval) -> &'static str {
    match interval {
        AucInterval::Wald => "wald",
        AucInterval::Logit => "logit",
    }
}

impl From<&BrierDecomposition> for BrierParts {
    fn from(parts: &BrierDecomposition) -> Self {
        let BrierDecomposition {
            reliability, resolution, uncertainty, within_bin_variance, within_bin_covariance, ..
        } = *parts;
        Self { reliability, resolution, uncertainty, within_bin_variance, within_bin_covariance }
    }
}

impl From<&evaluation::Gain> for GainRow {
    fn from(gain: &evaluation::Gain) -> Self {
        Self {
            fraction: gain.fraction,
            captured: gain.captured,
            lift: gain.cumulative_lift,
            part_rate: gain.rate,
            part_lift: gain.lift,
        }
    }
}

impl From<&ReliabilityBin> for CalibrationBin {
    fn from(bin: &ReliabilityBin) -> Self {
        Self {
            from: bin.from,
            to: bin.to,
            observations: bin.observations,
            predicted: bin.predicted,
            observed: bin.observed.value,
            interval: quantity::of(bin.observed.interval),
        }
    }
}

/// Why a line through log-odds does not exist.
const CERTAIN: &str = "certainty (a probability of 0 or 1) has no log-odds";

/// Value and interval, or twice the reason why there is neither.
fn parts(found: Result<Estimate, &CoreError>) -> (Quantity, Quantity<Interval>) {
    match found {
        Ok(estimate) => (Ok(estimate.value), quantity::of(estimate.interval)),
        // The row that the core names is one of those accepted, which is no line of the file.
        Err(error) if error.kind() == ErrorKind::Input => (Err(CERTAIN.into()), Err(CERTAIN.into())),
        Err(error) => (Err(error.to_string().into()), Err(error.to_string().into())),
    }
}

impl CalibrationRow {
    fn new(predictions: &Predictions, asked: &EvaluationQuestion) -> Result<Self, CoreError> {
        let EvaluationQuestion { confidence, binning, .. } = *asked;
        let line = calibration_line(predictions, confidence);
        let large = calibration_in_the_large(predictions, confidence);
        let (intercept, intercept_interval) = parts(line.as_ref().map(|line| line.intercept));
        let (slope, slope_interval) = parts(line.as_ref().map(|line| line.slope));
        let (in_the_large, in_the_large_interval) = parts(large.as_ref().copied());
        let groups = asked.groups.min(u32::try_from(predictions.rows()).unwrap_or(u32::MAX));
        let test = hosmer_lemeshow(predictions, groups, asked.predictions);
        let bins = reliability(predictions, binning, confidence)?;
        Ok(Self {
            intercept,
            intercept_interval,
            slope,
            slope_interval,
            in_the_large,
            in_the_large_interval,
            ece: expected_calibration_error(predictions, binning)?,
            hosmer_lemeshow: test
                .map(|test| HosmerLemeshowRow::new(&test, asked.predictions))
                .map_err(|error| error.to_string().into()),
            binning: binning_name(binning).to_owned(),
            bins: bins.iter().map(CalibrationBin::from).collect(),
        })
    }
}

const fn binning_name(binning: Binning) -> &'static str {
    match binning {
        Binning::Uniform(_) => "uniform",
        Binning::Quantile(_) => "quantile",
    }
}

impl HosmerLemeshowRow {
    fn new(test: &HosmerLemeshow, from: PredictionsFrom) -> Self {
        let HosmerLemeshow { statistic, degrees, p_value, groups, .. } = *test;
        Self { statistic, degrees, p_value, groups, predictions: from.name().to_owned() }
    }
}

impl Document for ChurnEvaluationDocument {
    const FORMAT: &'static str = "cxo.churn-evaluation";

    fn check(&self) -> Result<(), Error> {
        if self.events > self.observations {
            return Err(Error::value("events", self.events, "at most observations"));
        }
        if let Some(weighted) = &self.weighted {
            at_least_zero("weighted_observations", weighted.weighted_observations)?;
            at_least_zero("weighted_events", weighted.weighted_events)?;
            at_least_zero("effective_observations", weighted.effective_observations)?;
        }
        for (key, value) in [
            ("auc", self.auc),
            ("average_precision", self.average_precision),
            ("brier", self.brier),
            ("ks", self.ks),
            ("ks_threshold", self.ks_threshold),
            ("ece", self.calibration.ece),
        ] {
            share(key, value)?;
        }
        at_least_zero("log_loss", self.log_loss)?;
        for (key, bound) in [("auc_lower", &self.auc_lower), ("auc_upper", &self.auc_upper)] {
            bound.as_ref().map_or(Ok(()), |bound| share(key, *bound))?;
        }
        if let Ok(test) = &self.calibration.hosmer_lemeshow {
            at_least_zero("statistic", test.statistic)?;
            share("p_value", test.p_value)?;
        }
        for bin in &self.calibration.bins {
            share("from", bin.from)?;
            within("to", bin.to, [bin.from, 1.0], "from to 1")?;
            share("predicted", bin.predicted)?;
            share("observed", bin.observed)?;
        }
        for gain in &self.gains {
            share("fraction", gain.fraction)?;
            share("captured", gain.captured)?;
            share("part_rate", gain.part_rate)?;
            at_least_zero("lift", gain.lift)?;
            at_least_zero("part_lift", gain.part_lift)?;
        }
        Ok(())
    }
}
