//! Do effects change with time? The test of proportional hazards from Schoenfeld residuals.

use std::fmt;
use std::str::FromStr;

use super::model::Cox;
use super::rows::CoxRows;
use crate::churn::{Durations, ModelTest};
use crate::{Absent, Error, Method};

/// The function of time against which a change of effect is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum TimeTransform {
    /// 1 - Kaplan-Meier just before the time (all strata together): robust against few late events. The default.
    #[default]
    Km,
    /// The rank of the time among those of the events, the mean rank where they are the same.
    Rank,
    /// The time itself.
    Identity,
    /// Its logarithm.
    Log,
}

impl TimeTransform {
    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::Rank => "rank",
            Self::Identity => "identity",
            Self::Log => "log",
        }
    }
}

impl fmt::Display for TimeTransform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TimeTransform {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let all = [Self::Km, Self::Rank, Self::Identity, Self::Log];
        all.into_iter()
            .find(|transform| transform.name() == text)
            .ok_or_else(|| Error::input("transform of time", format!("\"{text}\""), "km, rank, identity, log"))
    }
}

/// The test of one column.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ColumnTest {
    /// The column.
    pub name: String,
    /// The correlation of the transformed time with the scaled residuals: above 0, the effect grows with time. Or why there is
    /// none.
    pub correlation: Result<f64, Absent>,
    /// Against an effect that stays the same.
    pub test: ModelTest,
}

/// Whether the hazards are proportional, column by column and all at once.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Proportionality {
    /// The function of time.
    pub transform: TimeTransform,
    /// By column.
    pub columns: Vec<ColumnTest>,
    /// Of all columns at once.
    pub global: ModelTest,
}

impl Cox {
    /// Tests proportional hazards with the rows of the fit (Grambsch and Therneau 1994).
    ///
    /// Definition: with g the transformed time of an event less its mean over the events, s the Schoenfeld residual, V the
    /// covariance from the observed information and d the number of events, the statistic of column j is
    /// (Σ g d (V s)_j)² / (d V_jj Σ g²) on 1 degree, the global one d (Σ g s)' V (Σ g s) / Σ g² on as many as there are columns. It
    /// takes the covariance of the covariates in the risk sets as constant over time. Weights of rows count.
    /// Formula page: `docs/formulas/cox-proportionality.md`.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, Features, cox::{Cox, CoxOptions, CoxRows, TimeTransform}};
    ///
    /// let durations = Durations::new(vec![5.0, 8.0, 3.0, 9.0, 2.0, 6.0], vec![true, false, true, true, true, false])?;
    /// let features = Features::new(vec![("price".into(), vec![30.0, 20.0, 25.0, 22.0, 28.0, 31.0])])?;
    /// let rows = CoxRows::new(&durations, &features)?;
    /// let found = Cox::fit(&rows, &CoxOptions::default())?.proportionality(&rows, TimeTransform::Km)?;
    /// assert!(found.global.p_value > 0.05, "no sign of an effect that changes");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns other than those of the fit, or a fit with a
    /// penalty or with robust errors, [`ErrorKind::NoData`](crate::ErrorKind::NoData) without events,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all events have the same time,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an event at time 0 whose logarithm is asked for.
    ///
    /// # Complexity
    /// O(n log n + n p + events p²).
    pub fn proportionality(&self, rows: &CoxRows, transform: TimeTransform) -> Result<Proportionality, Error> {
        let covariance = match self.covariance() {
            Ok(covariance) if self.covariance_method() == Method::ObservedInformation => covariance,
            _ => {
                return Err(Error::incompatible(
                    "the test needs a fit with standard errors of the observed information",
                ));
            }
        };
        let residuals = self.schoenfeld_residuals(rows)?;
        let weight = |row: usize| rows.durations.weights().map_or(1.0, |weights| weights[row]);
        let weights: Vec<f64> = residuals.rows.iter().map(|&row| weight(row)).collect();
        let total: f64 = weights.iter().sum();
        let mut times = transformed(transform, rows.durations, &residuals.times)?;
        let mean = times.iter().zip(&weights).map(|(time, weight)| time * weight / total).sum::<f64>();
        times.iter_mut().for_each(|time| *time -= mean);
        let spread: f64 = times.iter().zip(&weights).map(|(time, weight)| weight * time * time).sum();
        let range = times.iter().fold(0.0, |range: f64, time| range.max(time.abs()));
        if range <= 1e-14 * mean.abs() || spread <= 0.0 {
            return Err(Error::degenerate("times of events: all are the same"));
        }
        let size = self.values().len();
        let mut slope = vec![0.0; size];
        for ((residual, time), weight) in residuals.residuals.iter().zip(&times).zip(&weights) {
            slope.iter_mut().zip(residual).for_each(|(sum, part)| *sum += weight * time * part);
        }
        let moved: Vec<f64> =
            covariance.chunks(size).map(|row| row.iter().zip(&slope).map(|(v, s)| v * s).sum()).collect();
        let global = total * slope.iter().zip(&moved).map(|(s, m)| s * m).sum::<f64>() / spread;
        let columns = self.names().iter().enumerate().map(|(at, name)| {
            let variance = covariance[at * (size + 1)];
            let scaled = residuals.residuals.iter().zip(&weights);
            let row = &covariance[at * size..(at + 1) * size];
            let squares: f64 = scaled
                .map(|(residual, weight)| {
                    let scaled = total * row.iter().zip(residual).map(|(v, r)| v * r).sum::<f64>();
                    weight * scaled * scaled
                })
                .sum();
            let correlation = total * moved[at] / (squares * spread).sqrt();
            ColumnTest {
                name: name.clone(),
                correlation: if correlation.is_finite() {
                    Ok(correlation.clamp(-1.0, 1.0))
                } else {
                    Err(Absent::ZeroVariance)
                },
                test: ModelTest::chi_square(total * moved[at] * moved[at] / (variance * spread), 1),
            }
        });
        Ok(Proportionality { transform, columns: columns.collect(), global: ModelTest::chi_square(global, size) })
    }
}

/// The transformed times of the events, which ascend.
fn transformed(transform: TimeTransform, durations: &Durations, times: &[f64]) -> Result<Vec<f64>, Error> {
    match transform {
        TimeTransform::Identity => Ok(times.to_vec()),
        TimeTransform::Log => match times.iter().find(|&&time| time <= 0.0) {
            Some(time) => Err(Error::input("time of an event", time, "above 0, to have a logarithm")),
            None => Ok(times.iter().map(|time| time.ln()).collect()),
        },
        TimeTransform::Rank => Ok(times
            .chunk_by(|left, right| left == right)
            .scan(0.0, |before, ties| {
                let (count, rank) = (ties.len() as f64, *before + 0.5 * (ties.len() as f64 + 1.0));
                *before += count;
                Some(std::iter::repeat_n(rank, ties.len()))
            })
            .flatten()
            .collect()),
        TimeTransform::Km => Ok(left_before(durations, times)),
    }
}

/// The share that has left just before each of the times, which ascend (Kaplan and Meier 1958).
fn left_before(durations: &Durations, times: &[f64]) -> Vec<f64> {
    let weight = |row: usize| durations.weights().map_or(1.0, |weights| weights[row]);
    // Each row joins at its entry and goes at its duration; at equal times those who go are still at risk, those who join not yet.
    let mut changes: Vec<(f64, bool, f64, f64)> = Vec::new();
    for (row, (&time, &observed)) in durations.durations().iter().zip(durations.observed()).enumerate() {
        let entry = durations.entries().map_or(f64::NEG_INFINITY, |entries| entries[row]);
        changes.push((entry, true, weight(row), 0.0));
        changes.push((time, false, weight(row), if observed { weight(row) } else { 0.0 }));
    }
    changes.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
    let (mut survival, mut at_risk) = (1.0, 0.0);
    let (mut shares, mut asked) = (Vec::with_capacity(times.len()), times.iter().peekable());
    for group in changes.chunk_by(|left, right| left.0 == right.0) {
        let (mut events, mut gone, mut joined, mut time) = (0.0, 0.0, 0.0, f64::NEG_INFINITY);
        for &(at, joins, weight, event) in group {
            time = at;
            events += event;
            if joins { joined += weight } else { gone += weight }
        }
        while asked.next_if(|&&at| at <= time).is_some() {
            shares.push(1.0 - survival);
        }
        if events > 0.0 && at_risk > 0.0 {
            survival *= (1.0 - events / at_risk).max(0.0);
        }
        at_risk += joined - gone;
    }
    shares.extend(asked.map(|_| 1.0 - survival));
    shares
}
