//! The distribution of the time to being lost from sight.

use crate::Error;
use crate::churn::Durations;
use crate::numeric::radix::{ordered_bits, sort_by_bits};

/// The probability G(t) that a customer is still under observation after t: Kaplan and Meier's estimate with leaving and
/// being censored exchanged.
///
/// G falls by the factor 1 - censored / (at risk - left) at each time: those who left at a time were out of sight before those
/// who were censored then. Every weight is 1 / G at the time at which something is known, that time included. The training
/// data of a model are the usual source. Formula page: `docs/formulas/censoring-weights.md`.
///
/// ```
/// use cxo_core::churn::{Durations, survival_score::Censoring};
///
/// let censoring = Censoring::fit(&Durations::new(vec![1.0, 2.0, 3.0, 4.0], vec![true, false, true, true])?)?;
/// assert!((censoring.survival(2.5)? - 2.0 / 3.0).abs() < 1e-15);
/// assert!(censoring.survival(9.0).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Censoring {
    curve: Curve,
}

impl Censoring {
    /// Estimates the distribution from durations.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for durations with entry times.
    ///
    /// # Complexity
    /// O(rows).
    pub fn fit(durations: &Durations) -> Result<Self, Error> {
        from_the_start(durations)?;
        Ok(Self { curve: Curve::new(durations, Of::Censoring) })
    }

    /// G(t).
    ///
    /// # Errors
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) after the last time that anybody was observed.
    pub fn survival(&self, time: f64) -> Result<f64, Error> {
        if time > self.curve.last() {
            return Err(Error::not_identified(format!(
                "the probability of being observed at {time}: nobody was observed after {}",
                self.curve.last()
            )));
        }
        Ok(self.curve.at(time))
    }

    /// 1 / G(t).
    pub(super) fn weight(&self, time: f64) -> Result<f64, Error> {
        match self.survival(time)? {
            0.0 => Err(Error::not_identified(format!(
                "a weight at {time}: the probability of being observed that long is 0, ask for an earlier time"
            ))),
            probability => Ok(1.0 / probability),
        }
    }

    /// For each row the factor of its event, 1 / G at its time for those who left by `horizon` (it included) and 0 for all
    /// others.
    pub(super) fn event_weights(&self, durations: &Durations, counts: impl Fn(f64) -> bool) -> Result<Vec<f64>, Error> {
        let rows = durations.durations().iter().zip(durations.observed());
        rows.map(|(time, left)| if *left && counts(*time) { self.weight(*time) } else { Ok(0.0) }).collect()
    }
}

/// The scores hold for customers who were all observed from the start.
pub(super) fn from_the_start(durations: &Durations) -> Result<(), Error> {
    if durations.entries().is_some() {
        return Err(Error::incompatible("weights of censoring are for durations without entry times"));
    }
    Ok(())
}

pub(super) fn check_times(times: &[f64]) -> Result<(), Error> {
    if times.is_empty() {
        return Err(Error::no_data("times to score at"));
    }
    if let Some(time) = times.iter().find(|time| !(time.is_finite() && **time > 0.0)) {
        return Err(Error::input("time to score at", time, "a finite number above 0"));
    }
    match times.windows(2).find(|pair| pair.first() >= pair.last()) {
        Some(pair) => Err(Error::input("times to score at", format!("{pair:?}"), "in ascending order")),
        None => Ok(()),
    }
}

/// What ends a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Leaving,
    Censoring,
}

/// A step function from 1 down: its value from each time on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    times: Vec<f64>,
    values: Vec<f64>,
}

impl Curve {
    /// Kaplan and Meier's estimate.
    pub(super) fn new(durations: &Durations, of: Of) -> Self {
        let weights = durations.weights().unwrap_or_default().iter().copied().chain(std::iter::repeat(1.0));
        let mut rows: Vec<(f64, bool, f64)> = durations
            .durations()
            .iter()
            .zip(durations.observed())
            .zip(weights)
            .map(|((time, left), weight)| (*time, *left, weight))
            .collect();
        sort_by_bits(&mut rows, |(time, ..)| ordered_bits(*time));
        // From the end, so that those at risk are a sum and not a difference.
        let mut at_risk = 0.0;
        let mut factors = Vec::new();
        for tied in rows.chunk_by(|one, other| one.0 == other.0).rev() {
            let sum = |of: bool| tied.iter().filter(|(_, left, _)| *left == of).map(|(.., weight)| weight).sum::<f64>();
            let (left, censored) = (sum(true), sum(false));
            let after = at_risk;
            at_risk += left + censored;
            let factor = match of {
                Of::Leaving if left > 0.0 => (after + censored) / at_risk,
                Of::Censoring if censored > 0.0 => after / (after + censored),
                _ => 1.0,
            };
            factors.push((tied.first().map_or(0.0, |row| row.0), factor));
        }
        let mut value = 1.0;
        let steps = factors.into_iter().rev().map(|(time, factor)| {
            value *= factor;
            (time, value)
        });
        let (times, values) = steps.unzip();
        Self { times, values }
    }

    /// The value at a time.
    pub(super) fn at(&self, time: f64) -> f64 {
        let steps = self.times.partition_point(|step| *step <= time);
        steps.checked_sub(1).and_then(|at| self.values.get(at)).copied().unwrap_or(1.0)
    }

    /// The last time.
    fn last(&self) -> f64 {
        self.times.last().copied().unwrap_or_default()
    }
}
