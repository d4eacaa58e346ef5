//! The document of survival curves and their comparison: `cxo.survival`.

use cxo_core::{
    Absent, Confidence, Error as CoreError,
    churn::survival::{EventTable, KaplanMeier, LogRankTest, LogRankWeighting, PairwiseTest, SurvivalPoint},
    domain::LoadReport,
};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Entry, Error, Quantity,
    quantity::{self, at_least_zero, share},
};

/// `cxo.survival`: which share of customers is still there after each duration, of all and of each segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalDocument {
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The scale on which intervals are normal: log-log, log or plain.
    pub interval_method: String,
    /// The duration to which customers are taken to have stayed: all answers are given that; absent where it is the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_survival_to: Option<f64>,
    /// All customers first (segment null), then the segments in the order of their bytes.
    pub groups: Vec<Entry<SurvivalRow>>,
    /// Tests of no difference between the segments; absent without segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Vec<SurvivalTest>>,
    /// The log-rank tests of all pairs of segments; absent for fewer than three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Vec<SurvivalPair>>,
    /// How the p-values of the pairs are adjusted for their number; absent without pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// One group of customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalRow {
    /// Customers.
    pub observations: u64,
    /// Those of them who left.
    pub events: u64,
    /// How many would have left if all segments were alike, by the log-rank test; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_events: Option<f64>,
    /// The duration at which half have left, or why there is none.
    #[serde(flatten, with = "quantity::median")]
    pub median: Quantity,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::median_lower")]
    pub median_lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::median_upper")]
    pub median_upper: Quantity,
    /// Each distinct duration in ascending order, or why there is no curve.
    #[serde(flatten, with = "quantity::curve")]
    pub curve: Quantity<Vec<CurvePoint>>,
}

impl SurvivalRow {
    /// The row of a table and its curve, or of why it has none.
    #[must_use]
    pub fn new(table: &EventTable, curve: &Result<KaplanMeier<'_>, CoreError>) -> Self {
        let reason = |error: &CoreError| error.to_string().into();
        let median = curve.as_ref().map(KaplanMeier::median).map_err(reason);
        let of = |part: Result<f64, Absent>| quantity::of(part);
        Self {
            observations: table.observations(),
            events: table.events(),
            expected_events: None,
            median: median.clone().and_then(|median| of(median.time)),
            median_lower: median.clone().and_then(|median| of(median.lower)),
            median_upper: median.and_then(|median| of(median.upper)),
            curve: curve.as_ref().map(|curve| curve.points().map(CurvePoint::from).collect()).map_err(reason),
        }
    }
}

/// One duration of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The duration.
    pub time: f64,
    /// Customers at risk just before it.
    pub at_risk: u64,
    /// Those who left at it.
    pub events: u64,
    /// Those last seen at it.
    pub censored: u64,
    /// The share still there after it.
    pub survival: f64,
    /// Its lower bound, or why there is none.
    #[serde(flatten, with = "quantity::lower")]
    pub lower: Quantity,
    /// Its upper bound, or why there is none.
    #[serde(flatten, with = "quantity::upper")]
    pub upper: Quantity,
}

impl From<SurvivalPoint> for CurvePoint {
    fn from(point: SurvivalPoint) -> Self {
        Self {
            time: point.time,
            at_risk: point.at_risk,
            events: point.events,
            censored: point.censored,
            survival: point.survival,
            lower: quantity::of(point.interval.map(|interval| interval.lower)),
            upper: quantity::of(point.interval.map(|interval| interval.upper)),
        }
    }
}

/// A test of no difference between segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalTest {
    /// How durations count: log-rank, wilcoxon, tarone-ware, peto or fleming-harrington.
    pub name: String,
    /// The power of the share still there; only of fleming-harrington.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The power of the share that has left; only of fleming-harrington.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<f64>,
    /// Chi-square, or why there is none.
    #[serde(flatten, with = "quantity::statistic")]
    pub statistic: Quantity,
    /// Its degrees of freedom; absent where there is no statistic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degrees: Option<u32>,
    /// The probability of a statistic at least as great if segments do not differ, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
}

impl SurvivalTest {
    /// The row of a test, or of why there is none.
    #[must_use]
    pub fn new(weighting: LogRankWeighting, test: &Result<LogRankTest, CoreError>) -> Self {
        let [p, q] = match weighting {
            LogRankWeighting::FlemingHarrington { p, q } => [Some(p), Some(q)],
            _ => [None; 2],
        };
        let of = |part: fn(&LogRankTest) -> f64| test.as_ref().map(part).map_err(|error| error.to_string().into());
        Self {
            name: weighting.name().to_owned(),
            p,
            q,
            statistic: of(|test| test.statistic),
            degrees: test.as_ref().ok().map(|test| test.degrees),
            p_value: of(|test| test.p_value),
        }
    }
}

/// The log-rank test of two segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalPair {
    /// The segment that comes first.
    pub first: String,
    /// The other.
    pub second: String,
    /// Chi-square with one degree of freedom, or why there is none.
    #[serde(flatten, with = "quantity::statistic")]
    pub statistic: Quantity,
    /// Its p-value, or why there is none.
    #[serde(flatten, with = "quantity::p_value")]
    pub p_value: Quantity,
    /// The same after the correction for the number of pairs, or why there is none.
    #[serde(flatten, with = "quantity::adjusted_p_value")]
    pub adjusted_p_value: Quantity,
}

impl From<&PairwiseTest> for SurvivalPair {
    fn from(pair: &PairwiseTest) -> Self {
        let of = |part: fn(&LogRankTest) -> f64| pair.test.as_ref().map(part).map_err(|error| error.to_string().into());
        Self {
            first: pair.first.clone(),
            second: pair.second.clone(),
            statistic: of(|test| test.statistic),
            p_value: of(|test| test.p_value),
            adjusted_p_value: quantity::of(pair.adjusted_p_value),
        }
    }
}

fn each(
    values: [(&'static str, &Quantity); 2],
    check: fn(&'static str, f64) -> Result<(), Error>,
) -> Result<(), Error> {
    let known = values.into_iter().filter_map(|(key, value)| value.as_ref().ok().map(|value| (key, *value)));
    known.into_iter().try_for_each(|(key, value)| check(key, value))
}

impl SurvivalRow {
    fn check(&self) -> Result<(), Error> {
        each([("median", &self.median), ("median_lower", &self.median_lower)], at_least_zero)?;
        self.median_upper.as_ref().map_or(Ok(()), |value| at_least_zero("median_upper", *value))?;
        self.expected_events.map_or(Ok(()), |value| at_least_zero("expected_events", value))?;
        for point in self.curve.iter().flatten() {
            at_least_zero("time", point.time)?;
            share("survival", point.survival)?;
            each([("lower", &point.lower), ("upper", &point.upper)], share)?;
        }
        Ok(())
    }
}

impl Document for SurvivalDocument {
    const FORMAT: &'static str = "cxo.survival";

    fn check(&self) -> Result<(), Error> {
        self.given_survival_to.map_or(Ok(()), |time| at_least_zero("given_survival_to", time))?;
        self.groups.iter().flat_map(|entry| &entry.outcome).try_for_each(SurvivalRow::check)?;
        for test in self.tests.iter().flatten() {
            test.statistic.as_ref().map_or(Ok(()), |value| at_least_zero("statistic", *value))?;
            test.p_value.as_ref().map_or(Ok(()), |value| share("p_value", *value))?;
        }
        for pair in self.pairs.iter().flatten() {
            pair.statistic.as_ref().map_or(Ok(()), |value| at_least_zero("statistic", *value))?;
            each([("p_value", &pair.p_value), ("adjusted_p_value", &pair.adjusted_p_value)], share)?;
        }
        Ok(())
    }
}
