//! How far may a prediction be off because the parameters are estimates? The interval of any answer of a model by the delta
//! method, and draws of parameters whose predictions are averaged. State: the drawn models; called by whoever promises a
//! number.

use std::ops::ControlFlow::{Break, Continue};

use super::Summary;
use super::fit::{Fitted, Model};
use super::outlook::{LimitSearch, Limits, PurchaseModel};
use crate::numeric::matrix::Matrix;
use crate::numeric::normal;
use crate::numeric::random::Random;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method, Seed};

/// What a draw may leave out of its distribution of purchases.
const REST: f64 = 1e-10;
/// Purchases beyond which a draw is beyond use.
const MOST: usize = 1_000_000;

impl<M: Model> Fitted<M> {
    /// Any answer of the model that is not negative, such as the expected purchases of a customer or of a cohort, with its
    /// standard error and interval by the delta method: the uncertainty of the mean that comes from the parameters alone.
    ///
    /// The interval is value · exp(±z · standard error / value), so that it stays above 0; it is absent for a value of 0.
    /// What one customer will do varies far more: see [`prediction_limits`](super::Outlook::prediction_limits).
    ///
    /// ```
    /// use cxo_core::{Confidence, Seed};
    /// use cxo_core::clv::{BgNbd, FitOptions, PurchaseModel, Summary};
    ///
    /// let customers = BgNbd::new([0.9, 5.0, 0.8, 2.0])?.simulate(&[40.0; 800], Seed(1))?.summaries()?;
    /// let fitted = BgNbd::fit(&customers, &FitOptions::default())?;
    /// let history = Summary::new(4, 30.0, 40.0)?;
    /// let mean = fitted.estimate_of(Confidence::P95, |model| model.outlook(&history).expected_purchases(10.0))?;
    /// let interval = mean.interval.expect("a mean above 0");
    /// assert!(0.0 < interval.lower && interval.lower < mean.value && mean.value < interval.upper);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `answer`, and [`ErrorKind::Input`](crate::ErrorKind::Input) if it is negative.
    pub fn estimate_of(
        &self,
        confidence: Confidence,
        answer: impl Fn(&M) -> Result<f64, Error>,
    ) -> Result<Estimate, Error> {
        let value = answer(self.model())?;
        if !(value >= 0.0 && value.is_finite()) {
            return Err(Error::input("answer of the model", value, "a finite number of at least 0"));
        }
        Ok(by_delta_method(value, self.standard_error_of(answer)?, self.customers(), confidence))
    }

    /// Models drawn from the normal distribution of the logarithms of the parameters: as uncertain as the fit is.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a count of 0, and if a parameter is so uncertain that a draw of it is
    /// no number above 0.
    ///
    /// # Complexity
    /// O(count · parameters²); draw once for many customers.
    pub fn draws(&self, count: u32, seed: Seed) -> Result<ParameterDraws<M>, Error> {
        if count == 0 {
            return Err(Error::input("number of draws", count, "1 or more"));
        }
        let logs: Vec<f64> = self.model().parameters().iter().map(|(_, value)| value.ln()).collect();
        let size = logs.len();
        let entry =
            |row: usize, column: usize| self.covariance_of_logs().get(row * size + column).copied().unwrap_or_default();
        let spectrum = Matrix::from_fn(size, entry).spectrum();
        let draw = |stream: u32| {
            let mut random = Random::new(seed.0, u64::from(stream));
            let mut drawn = logs.clone();
            for (variance, vector) in &spectrum {
                let along = random.normal() * variance.max(0.0).sqrt();
                drawn.iter_mut().zip(vector).for_each(|(log, part)| *log += along * part);
            }
            let values: Vec<f64> = drawn.into_iter().map(f64::exp).collect();
            self.model().with_parameters(&values)
        };
        Ok(ParameterDraws { models: (0..count).map(draw).collect::<Result<_, Error>>()? })
    }
}

/// A value of at least 0 with the error that the parameters cause. Its interval is taken on the logarithm, which 0 has not.
pub(super) fn by_delta_method(value: f64, standard_error: f64, customers: u64, confidence: Confidence) -> Estimate {
    let z = -normal::quantile(0.5 * confidence.alpha());
    let standard_error = if standard_error.is_finite() { Ok(standard_error) } else { Err(Absent::Infinite) };
    let interval = standard_error.and_then(|error| {
        if value <= 0.0 {
            return Err(Absent::NotDefined);
        }
        let [lower, upper] = [-z, z].map(|z| value * (z * error / value).exp());
        Interval::new(lower, upper, confidence, Method::LogWald).map_err(|_| Absent::Infinite)
    });
    let (n, effective_n) = (customers, customers as f64);
    Estimate { value, standard_error, interval, n, effective_n, method: Method::DeltaMethod }
}

/// Models whose parameters were drawn from the uncertainty of a fit, to predict with both: what is not known of the
/// parameters, and what one customer happens to do. Formula page: `docs/formulas/clv-prediction-limits.md`.
///
/// ```
/// use cxo_core::{Confidence, Seed};
/// use cxo_core::clv::{BgNbd, FitOptions, PurchaseModel, Summary};
///
/// let customers = BgNbd::new([0.9, 5.0, 0.8, 2.0])?.simulate(&[40.0; 200], Seed(1))?.summaries()?;
/// let fitted = BgNbd::fit(&customers, &FitOptions::default())?;
/// // Drawn once, asked for every customer.
/// let draws = fitted.draws(200, Seed(7))?;
/// let history = Summary::new(12, 38.0, 40.0)?;
/// let both = draws.prediction_limits(&history, 20.0, Confidence::P90)?;
/// assert!(both.attained >= 0.90 && both.lower <= both.upper);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterDraws<M> {
    models: Vec<M>,
}

impl<M> ParameterDraws<M> {
    /// The models.
    #[must_use]
    pub fn models(&self) -> &[M] {
        &self.models
    }
}

impl<M: PurchaseModel> ParameterDraws<M> {
    /// The integers between which the number of purchases in the next `t` lies with at least the given probability, under the
    /// mean of the distributions of all draws.
    ///
    /// The draws weigh equally: the fit has seen the history of the customer already. What is left out of the far tail of a
    /// draw is below 1e-10.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if the parameters are so uncertain that more than a million
    /// purchases are likely under a draw.
    ///
    /// # Complexity
    /// O(draws · upper limit · cost of a probability) for a customer.
    pub fn prediction_limits(&self, history: &Summary, t: f64, confidence: Confidence) -> Result<Limits, Error> {
        let mut search = LimitSearch::new(confidence);
        let mixed = self.mixed(history, t, usize::MAX)?;
        mixed.iter().any(|probability| search.add(*probability).is_break());
        search.limits()
    }

    /// The probabilities of 0, 1, … purchases in the next `t`, at most the first `count` of them, as the mean over all draws.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `t` is from 0 to 1e15,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if the parameters are so uncertain that more than a million
    /// purchases are likely under a draw.
    pub fn purchase_probabilities(&self, history: &Summary, t: f64, count: usize) -> Result<Vec<f64>, Error> {
        self.mixed(history, t, count)
    }

    fn mixed(&self, history: &Summary, t: f64, count: usize) -> Result<Vec<f64>, Error> {
        let share = 1.0 / self.models.len() as f64;
        let mut mixed: Vec<f64> = Vec::new();
        for model in &self.models {
            let (mut at, mut seen, outlook) = (0, 0.0, model.outlook(history));
            outlook.each_probability(outlook.horizon(t)?, &mut |probability| {
                if at == count.min(MOST) {
                    return Break(());
                }
                match mixed.get_mut(at) {
                    Some(sum) => *sum += share * probability,
                    None => mixed.push(share * probability),
                }
                at += 1;
                seen += probability;
                if seen >= 1.0 - REST { Break(()) } else { Continue(()) }
            });
            if at == MOST && seen < 1.0 - REST {
                return Err(Error::not_identified(
                    "a draw of the parameters makes more than a million purchases likely",
                ));
            }
        }
        Ok(mixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::clv::ParetoNbd;

    #[test]
    fn a_draw_beyond_use_is_an_error() {
        // A customer who buys a million times a day is no prediction.
        let model = ParetoNbd::new([50.0, 1e-6, 1.0, 1e6]).unwrap();
        let draws = ParameterDraws { models: vec![model] };
        let error = draws.prediction_limits(&Summary::NEW, 1.0, Confidence::P95).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotIdentified);
        assert_eq!(draws.purchase_probabilities(&Summary::NEW, 1.0, 3).unwrap().len(), 3);
    }
}
