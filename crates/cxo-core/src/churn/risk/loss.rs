//! What do those cost who are likely to leave? Probabilities of a model times what each customer would take along, summed over a
//! segment with what is not known. State: sums of the rows seen; fed row by row.

use super::churn_model::ChurnModel;
use super::risk_model::RiskModel as _;
use super::score::{Limits, Risk};
use super::table::Value;
use crate::churn::calibration::Calibrator;
use crate::churn::logistic::Logistic;
use crate::numeric::normal;
use crate::numeric::sum::Sum;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// The value at risk of a segment under probabilities of departure: Σ probability · value, with `value` what each customer would
/// take along if he left, given that he is a customer until then.
///
/// That value must not count his leaving once more: a lifetime value already expects it. For customers without a contract take
/// [`ValueAtRisk`](crate::clv::ValueAtRisk), whose [`Departures::Predicted`](crate::clv::Departures::Predicted) works it out.
/// Formula page: `docs/formulas/value-at-risk.md`.
///
/// ```
/// use cxo_core::Confidence;
/// use cxo_core::churn::risk::{Column, Loss, Table, Target, TrainOptions, train};
///
/// let tenure: Vec<f64> = (0..200).map(f64::from).collect();
/// let left = (0..200).map(|row| Some(if (row * 37) % 200 > 40 + row / 2 { "yes" } else { "no" }));
/// let table = Table::new(vec![("tenure".into(), Column::numbers(tenure)), ("left".into(), Column::texts(left))])?;
/// let model = train(&table, &Target::churn("left"), &TrainOptions::default())?.model;
/// let mut loss = Loss::default();
/// for (tenure, value) in [(3.0, 120.0), (150.0, 800.0)] {
///     loss.add(&model, &[tenure.into()], value)?;
/// }
/// let at_risk = loss.estimate(&model, Confidence::P95)?;
/// assert!(at_risk.interval.unwrap().contains(at_risk.value) && loss.outcome_error() > 0.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loss {
    customers: u64,
    departures: Sum,
    value: Sum,
    /// Σ value² p (1 - p).
    variance: Sum,
    /// Σ w and Σ w · terms, with w = value · dp / d log-odds.
    weight: f64,
    terms: Vec<f64>,
}

/// Half the step in log-odds over which a probability is differenced, at the least.
const STEP: f64 = 1e-4;
/// The greatest value of a customer: its square is far inside f64, and so are sums of such squares.
const MOST: f64 = 1e150;

impl Loss {
    /// Adds a customer: his row in the order of the features of the schema, and what he would take along (0 to 1e150).
    ///
    /// # Errors
    /// Those of [`ChurnModel::score`]; [`ErrorKind::Input`](crate::ErrorKind::Input) for a value out of range.
    ///
    /// # Complexity
    /// O(terms); O(terms²) with an isotonic calibrator.
    pub fn add(&mut self, model: &ChurnModel<Logistic>, row: &[Value<'_>], value: f64) -> Result<Risk, Error> {
        if !(0.0..=MOST).contains(&value) {
            return Err(Error::input("value", value, "0 to 1e150"));
        }
        let risk = model.score(row, &Limits::OMITTED)?;
        let mut terms = vec![0.0; model.schema().count()];
        model.schema().encode(row, &mut terms)?;
        let p = risk.probability;
        let step = step(model, &terms);
        let slope = (model.probability(risk.logit + step) - model.probability(risk.logit - step)) / (2.0 * step);
        let weight = value * slope;
        self.customers += 1;
        self.departures.add(p);
        self.value.add(p * value);
        self.variance.add(value * value * p * (1.0 - p));
        self.weight += weight;
        self.terms.resize(terms.len(), 0.0);
        self.terms.iter_mut().zip(terms).for_each(|(sum, term)| *sum += weight * term);
        Ok(risk)
    }

    /// Customers added.
    #[must_use]
    pub const fn customers(&self) -> u64 {
        self.customers
    }

    /// The number of them expected to leave.
    #[must_use]
    pub fn departures(&self) -> f64 {
        self.departures.value()
    }

    /// The standard deviation of what leaves, the probabilities taken as known: sqrt(Σ value² p (1 - p)).
    #[must_use]
    pub fn outcome_error(&self) -> f64 {
        self.variance.value().max(0.0).sqrt()
    }

    /// The expected value that leaves, with the standard error and the interval that the uncertainty of the coefficients causes
    /// (delta method; the calibrator counts as known; one of steps by its mean slope within one
    /// standard error of each customer's log-odds). A penalised model has neither, and says so.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another model than the rows were added with.
    pub fn estimate(&self, model: &ChurnModel<Logistic>, confidence: Confidence) -> Result<Estimate, Error> {
        if self.customers == 0 {
            return Err(Error::no_data("customers"));
        }
        let mean: Vec<f64> =
            self.terms.iter().map(|sum| if self.weight > 0.0 { sum / self.weight } else { 0.0 }).collect();
        // Log-odds are linear in the terms: their weighted sum is the weight times those of the weighted mean.
        let standard_error = model.model().logit_variance(&mean)?.map(|variance| self.weight * variance.sqrt());
        let value = self.value.value();
        let interval = standard_error.and_then(|error| {
            let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
            Interval::new((value - reach).max(0.0), value + reach, confidence, Method::Wald)
                .map_err(|_| Absent::Infinite)
        });
        let (n, effective_n) = (self.customers, self.customers as f64);
        Ok(Estimate { value, standard_error, interval, n, effective_n, method: Method::DeltaMethod })
    }
}

/// Half the step in log-odds over which a probability is differenced. An isotonic calibrator is flat at nearly every place and steep
/// between: what counts is its mean slope over where the log-odds may be.
fn step(model: &ChurnModel<Logistic>, terms: &[f64]) -> f64 {
    match model.calibrator() {
        Some(Calibrator::Isotonic(_)) => {
            model.model().variance(terms).map_or(STEP, |variance| variance.sqrt().max(STEP))
        }
        _ => STEP,
    }
}
