//! The parts of a report that are about leaving: who comes back, how many are expected to leave, and what that puts at risk.

use std::borrow::Cow;

use cxo_core::{
    Confidence, Error as CoreError, Estimate,
    churn::retention::{CohortTable, RetentionKind},
    clv::AtRisk,
    stats::suppression::Suppressed,
};
use serde::{Deserialize, Serialize};

use crate::{
    BreakdownDocument, CurveRow, Error, EstimateRow, Quantity,
    entry::shown,
    quantity::{self, at_least_zero, share},
};

/// The share of customers who were active in later periods, over all cohorts that are mature there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetentionRow {
    /// The calendar period of acquisition, and the length of those that follow.
    pub period: String,
    /// The last day that was observed, ISO 8601.
    pub until: String,
    /// Active in the period itself, from period 1 on.
    pub n_day: Vec<CurveRow>,
    /// Active in the period or any later one, from period 1 on.
    pub unbounded: Vec<CurveRow>,
    /// Periods after its own that a cohort must have been observed for to count in `unbounded`.
    pub follow_up: u32,
}

impl RetentionRow {
    /// The curves of both kinds, for the first `periods` and as far as at least `min_customers` are observed in one.
    ///
    /// # Errors
    /// Those of the intervals. Inside, in words, why there is no curve.
    pub fn new(
        n_day: &CohortTable,
        unbounded: &CohortTable,
        periods: u32,
        min_customers: u64,
        confidence: Confidence,
    ) -> Result<Quantity<Self>, CoreError> {
        // With every period fewer cohorts are mature, so that what is hidden is the end of the curve.
        let curve = |table: &CohortTable| -> Result<Vec<CurveRow>, CoreError> {
            let points = table.curve().into_iter().filter(|point| (1..=periods).contains(&point.period));
            let shown = points.filter(|point| point.at_risk >= min_customers);
            shown.map(|point| CurveRow::new(&point, None, confidence)).collect()
        };
        let found = Self {
            period: n_day.period.name().to_owned(),
            until: n_day.until.to_string(),
            n_day: curve(n_day)?,
            unbounded: curve(unbounded)?,
            follow_up: match unbounded.kind {
                RetentionKind::Unbounded { follow_up } => follow_up,
                _ => 0,
            },
        };
        let observed = n_day.curve().iter().any(|point| point.period > 0);
        Ok(match (found.n_day.is_empty(), observed) {
            (false, _) => Ok(found),
            (true, true) => Err(Suppressed::TooFew.reason().into()),
            (true, false) => Err(format!("nobody was observed for a whole {} after the first", n_day.period).into()),
        })
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.n_day.iter().chain(&self.unbounded).try_for_each(|point| share("share", point.share))
    }
}

/// How many customers are expected to leave, and what that puts at risk: expectations under the model of `lifetime_value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChurnRiskRow {
    /// The model of buying and leaving.
    pub model: String,
    /// The unit of the horizon.
    pub unit: String,
    /// The time from the last day of the log in which a departure counts.
    pub horizon: f64,
    /// The definition of `value_at_risk` in words.
    pub rule: String,
    /// All customers of the log.
    pub total: SegmentRisk,
    /// By each attribute of the list of customers that forms groups, in its order; the groups by the bytes of their name.
    pub segments: Vec<BreakdownDocument<SegmentRisk>>,
}

/// Departures of a group of customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SegmentRisk {
    /// Customers who bought.
    pub customers: u64,
    /// The expected number of those who are customers still.
    pub alive: EstimateRow,
    /// The expected number of those who are and will have left at the end of the horizon.
    pub departures: EstimateRow,
    /// Departures / alive, or why there is none.
    #[serde(flatten, with = "quantity::departure_share")]
    pub departure_share: Quantity,
    /// The discounted margin expected after these departures, had the customers stayed; or why it is not known.
    #[serde(flatten, with = "quantity::value_at_risk")]
    pub value_at_risk: Quantity<AtRiskRow>,
}

/// The value at risk of a group of customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtRiskRow {
    /// The value.
    #[serde(flatten)]
    pub expected: EstimateRow,
    /// Customers without a value; the total leaves them out.
    pub not_valued: u64,
}

impl AtRiskRow {
    /// The document's form of a value at risk.
    ///
    /// # Errors
    /// The reason why it has no value.
    pub fn of(found: &AtRisk) -> Quantity<Self> {
        let expected = quantity::of(found.value)?;
        Ok(Self { expected: EstimateRow::from(&expected), not_valued: found.not_valued })
    }
}

impl SegmentRisk {
    /// The row of so many customers, none of whose intervals goes beyond their number.
    #[must_use]
    pub fn new(customers: u64, alive: &Estimate, departures: &Estimate, value_at_risk: Quantity<AtRiskRow>) -> Self {
        let departure_share = if alive.value > 0.0 {
            Ok((departures.value / alive.value).clamp(0.0, 1.0))
        } else {
            Err(Cow::Borrowed("nobody is expected to be a customer still"))
        };
        let [alive, departures] = [alive, departures].map(|found| EstimateRow::from(found).at_most(customers));
        Self { customers, alive, departures, departure_share, value_at_risk }
    }

    fn check(&self) -> Result<(), Error> {
        self.alive.check("alive", [0.0, f64::MAX], "0 or more")?;
        self.departures.check("departures", [0.0, f64::MAX], "0 or more")?;
        self.departure_share.as_ref().map_or(Ok(()), |value| share("departure_share", *value))?;
        self.value_at_risk
            .as_ref()
            .map_or(Ok(()), |row| row.expected.check("value_at_risk", [0.0, f64::MAX], "0 or more"))
    }
}

impl ChurnRiskRow {
    pub(crate) fn check(&self) -> Result<(), Error> {
        at_least_zero("horizon", self.horizon)?;
        self.total.check()?;
        self.segments.iter().try_for_each(|by| shown(&by.results).try_for_each(SegmentRisk::check))
    }
}
