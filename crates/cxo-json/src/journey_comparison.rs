//! Segments against a baseline: rows of `cxo.funnel` and `cxo.journey-map`.

use cxo_core::{
    Absent, Difference,
    journey::{ComparedEdge, ComparedShares, ComparedTouchpoint, FunnelComparison, MapComparison, StepDifference},
};
use serde::{Deserialize, Serialize};

use crate::{
    DifferenceRow, Error, Quantity,
    journey::each,
    quantity::{self, at_least_zero, share},
};

fn difference(of: &Result<Difference, Absent>) -> Quantity<DifferenceRow> {
    quantity::of(of.as_ref().map(DifferenceRow::from).map_err(|why| *why))
}

fn check_difference(of: &Quantity<DifferenceRow>) -> Result<(), Error> {
    of.as_ref().map_or(Ok(()), DifferenceRow::check)
}

/// A segment against the baseline on the way through a funnel; differences are segment minus baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunnelComparisonRow {
    /// The segment that the other one is compared with.
    pub baseline: String,
    /// Different customers who entered in either.
    pub customers: u64,
    /// Customers who entered in both.
    pub in_both: u64,
    /// The steps.
    pub steps: Vec<StepDifferenceRow>,
}

/// What lies between two segments at one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDifferenceRow {
    /// The touchpoint.
    pub touchpoint: String,
    /// The difference of the shares of those that reached the first step, or why there is none.
    #[serde(flatten, with = "quantity::compared_difference")]
    pub difference: Quantity<DifferenceRow>,
    /// The difference of the shares of those that reached the step before, or why there is none.
    #[serde(flatten, with = "quantity::step_difference")]
    pub step_difference: Quantity<DifferenceRow>,
}

impl FunnelComparisonRow {
    /// The row of a comparison whose second funnel is that of the baseline.
    #[must_use]
    pub fn new(comparison: &FunnelComparison, baseline: &str) -> Self {
        let step = |step: &StepDifference| {
            let [touchpoint, _] = step.touchpoints.clone();
            StepDifferenceRow {
                touchpoint,
                difference: difference(&step.conversion),
                step_difference: difference(&step.step_conversion),
            }
        };
        Self {
            baseline: baseline.to_owned(),
            customers: comparison.customers,
            in_both: comparison.in_both,
            steps: comparison.steps.iter().map(step).collect(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.steps.iter().try_for_each(|step| {
            check_difference(&step.difference)?;
            check_difference(&step.step_difference)
        })
    }
}

/// A segment against the baseline on one map; differences are segment minus baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapComparisonRow {
    /// The segment that the other one is compared with.
    pub baseline: String,
    /// Journeys of the segment.
    pub journeys: u64,
    /// Journeys of the baseline.
    pub baseline_journeys: u64,
    /// Customers of both together.
    pub customers: u64,
    /// How p-values are corrected for the number of touchpoints and edges, which are one family; such as holm.
    pub correction: String,
    /// Touchpoints of either, in the order of the bytes of their names.
    pub touchpoints: Vec<ComparedTouchpointRow>,
    /// Edges of either, in the same order.
    pub edges: Vec<ComparedEdgeRow>,
}

/// A touchpoint in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedTouchpointRow {
    /// Its name.
    pub touchpoint: String,
    /// How many journeys go through it.
    #[serde(flatten)]
    pub shares: ComparedSharesRow,
}

/// An edge in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedEdgeRow {
    /// The first touchpoint.
    pub from: String,
    /// The one directly after it.
    pub to: String,
    /// How many journeys go along it.
    #[serde(flatten)]
    pub shares: ComparedSharesRow,
}

/// How many journeys of both have something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedSharesRow {
    /// Journeys of the segment that have it.
    pub journeys: u64,
    /// Their share of all journeys of the segment.
    pub share: f64,
    /// Journeys of the baseline that have it.
    pub baseline_journeys: u64,
    /// Their share of all journeys of the baseline.
    pub baseline_share: f64,
    /// The difference of the shares, customers as clusters, or why there is none.
    #[serde(flatten, with = "quantity::compared_difference")]
    pub difference: Quantity<DifferenceRow>,
    /// Its p-value with all other tests of the map taken into account, or why there is none.
    #[serde(flatten, with = "quantity::adjusted_p_value")]
    pub adjusted_p_value: Quantity,
    /// The variance of the difference over that of independent journeys, or why there is none.
    #[serde(flatten, with = "quantity::design_effect")]
    pub design_effect: Quantity,
}

impl From<&ComparedShares> for ComparedSharesRow {
    fn from(shares: &ComparedShares) -> Self {
        let ([journeys, baseline_journeys], [share, baseline_share]) = (shares.journeys, shares.shares);
        Self {
            journeys,
            share,
            baseline_journeys,
            baseline_share,
            difference: difference(&shares.difference),
            adjusted_p_value: quantity::of(shares.adjusted_p_value),
            design_effect: quantity::of(shares.design_effect),
        }
    }
}

impl ComparedSharesRow {
    fn check(&self) -> Result<(), Error> {
        share("share", self.share)?;
        share("baseline_share", self.baseline_share)?;
        check_difference(&self.difference)?;
        each([("adjusted_p_value", &self.adjusted_p_value)], share)?;
        each([("design_effect", &self.design_effect)], at_least_zero)
    }
}

impl MapComparisonRow {
    /// The row of a comparison whose second segment is the baseline.
    #[must_use]
    pub fn new(comparison: &MapComparison, baseline: &str) -> Self {
        let touchpoint = |row: &ComparedTouchpoint| ComparedTouchpointRow {
            touchpoint: row.touchpoint.clone(),
            shares: ComparedSharesRow::from(&row.shares),
        };
        let edge = |row: &ComparedEdge| ComparedEdgeRow {
            from: row.from.clone(),
            to: row.to.clone(),
            shares: ComparedSharesRow::from(&row.shares),
        };
        let [journeys, baseline_journeys] = comparison.journeys;
        Self {
            baseline: baseline.to_owned(),
            journeys,
            baseline_journeys,
            customers: comparison.customers,
            correction: comparison.multiplicity.name().to_owned(),
            touchpoints: comparison.touchpoints.iter().map(touchpoint).collect(),
            edges: comparison.edges.iter().map(edge).collect(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.touchpoints.iter().try_for_each(|row| row.shares.check())?;
        self.edges.iter().try_for_each(|row| row.shares.check())
    }
}
