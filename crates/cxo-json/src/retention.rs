//! The document of a projected retention curve: `cxo.retention-projection`.

use cxo_core::{
    Confidence, Error as CoreError,
    clv::{Fitted, Rate, RetentionModel},
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, ModelRow, Quantity,
    quantity::{self, at_least_zero, share},
};

/// `cxo.retention-projection`: how many customers with a contract stay, period by period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetentionDocument {
    /// The model of leaving.
    pub model: ModelRow,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// Customers at the start, and those of them who were left after 1, 2, … periods; what is beyond is projected.
    pub survivors: Vec<u64>,
    /// The share of all customers who are still there after 1, 2, … periods.
    pub survival: Vec<f64>,
    /// The share of the customers of the period before who are still there after 1, 2, … periods.
    pub retention: Vec<f64>,
    /// The expected number of further renewals of a customer who is still there at the end of the observation, or why there is
    /// none.
    #[serde(flatten, with = "quantity::residual_lifetime")]
    pub residual_lifetime: Quantity,
    /// Effective discount of a period.
    pub discount: f64,
    /// The same discounted, the next renewal counted in full, or why there is none.
    #[serde(flatten, with = "quantity::discounted_residual_lifetime")]
    pub discounted_residual_lifetime: Quantity,
    /// The expected number of payments of a new customer, discounted, the first counted in full, or why there is none.
    #[serde(flatten, with = "quantity::discounted_lifetime")]
    pub discounted_lifetime: Quantity,
}

/// What is asked of a fitted model of leaving.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionQuestion {
    /// Customers at the start, and those of them who were left after 1, 2, … periods.
    pub survivors: Vec<u64>,
    /// Periods to show.
    pub periods: u32,
    /// Effective discount of a period, at least 0.
    pub discount: f64,
    /// The level of the intervals.
    pub confidence: Confidence,
}

impl RetentionDocument {
    /// The document of a fit.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](cxo_core::ErrorKind::Input) for a discount below 0.
    /// [`ErrorKind::Overflow`](cxo_core::ErrorKind::Overflow) for more than 2³² periods.
    pub fn new<M: RetentionModel>(fitted: &Fitted<M>, asked: ProjectionQuestion) -> Result<Self, CoreError> {
        let ProjectionQuestion { survivors, periods, discount, confidence } = asked;
        let observed = u32::try_from(survivors.len().saturating_sub(1));
        let observed = observed.map_err(|_| CoreError::overflow("number of periods"))?;
        if !(discount >= 0.0 && discount.is_finite()) {
            return Err(CoreError::input("discount", discount, "a finite number of at least 0"));
        }
        let model = fitted.model();
        let rate = if discount > 0.0 { Some(Rate::effective(discount, 1.0)?) } else { None };
        let residual = |rate: Option<Rate>| match rate {
            Some(rate) => Ok(model.discounted_residual_lifetime(observed, rate)),
            None => model.residual_lifetime(observed),
        };
        Ok(Self {
            model: ModelRow::new(fitted, confidence),
            confidence,
            survivors,
            survival: (1..=periods).map(|period| model.survival(period)).collect(),
            retention: (1..=periods).map(|period| model.retention(period)).collect(),
            residual_lifetime: quantity::of(residual(None)),
            discount,
            discounted_residual_lifetime: quantity::of(residual(rate)),
            discounted_lifetime: quantity::of(
                rate.map_or_else(|| model.expected_lifetime(), |rate| Ok(model.discounted_lifetime(rate))),
            ),
        })
    }
}

impl Document for RetentionDocument {
    const FORMAT: &'static str = "cxo.retention-projection";

    fn check(&self) -> Result<(), Error> {
        self.model.check()?;
        self.survival.iter().try_for_each(|value| share("survival", *value))?;
        self.retention.iter().try_for_each(|value| share("retention", *value))?;
        let lifetimes = [
            ("residual_lifetime", &self.residual_lifetime),
            ("discounted_residual_lifetime", &self.discounted_residual_lifetime),
            ("discounted_lifetime", &self.discounted_lifetime),
        ];
        lifetimes
            .into_iter()
            .try_for_each(|(name, found)| found.as_ref().map_or(Ok(()), |value| at_least_zero(name, *value)))
    }
}
