//! How much hazard has been run up by a duration? State: an [`EventTable`]; called where a rate of leaving over time is wanted,
//! or a curve that goes on through a risk set of one.

use super::interval::{WeightMeaning, reach};
use super::kaplan_meier::estimate;
use super::table::{EventTable, RiskSet};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// How several who leave at one duration are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum HazardTies {
    /// At once: d / n, with the variance d / n² (Aalen 1978).
    #[default]
    Plain,
    /// One after the other: 1/n + 1/(n - 1) + … + 1/(n - d + 1), with the sum of the squares as variance (Fleming and
    /// Harrington 1984). exp(-H) is then near the Kaplan-Meier curve where many leave at one duration.
    FlemingHarrington,
}

/// The scale on which the interval of a cumulative hazard is normal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum HazardInterval {
    /// H exp(±z s / H).
    #[default]
    Log,
    /// H ± z s, at least 0.
    Plain,
}

/// Ties, interval, confidence and meaning of weights for a cumulative hazard.
///
/// ```
/// use cxo_core::churn::survival::{HazardOptions, HazardTies};
///
/// let options = HazardOptions::default().ties(HazardTies::FlemingHarrington);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HazardOptions {
    ties: HazardTies,
    interval: HazardInterval,
    confidence: Confidence,
    weights: WeightMeaning,
}

impl HazardOptions {
    /// How ties are taken; at once by default.
    #[must_use]
    pub const fn ties(mut self, ties: HazardTies) -> Self {
        self.ties = ties;
        self
    }

    /// The scale of the interval; log by default.
    #[must_use]
    pub const fn interval(mut self, interval: HazardInterval) -> Self {
        self.interval = interval;
        self
    }

    /// The level of the interval; 0.95 by default.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// What weights mean; frequencies by default.
    #[must_use]
    pub const fn weights(mut self, weights: WeightMeaning) -> Self {
        self.weights = weights;
        self
    }
}

/// The cumulative hazard (Nelson 1969, Aalen 1978).
///
/// ```text
/// H(t) = Σ over t_j <= t of d_j / n_j,   Var(t) = Σ over t_j <= t of d_j / n_j²        ties at once
/// ```
///
/// or each tied group one after the other, see [`HazardTies`]. The slope of H is the hazard: the rate, for a unit of
/// duration, at which those still there leave. Formula page: `docs/formulas/nelson-aalen.md`.
///
/// ```
/// use cxo_core::churn::{Durations, survival::{EventTable, HazardOptions, HazardTies}};
///
/// let table = EventTable::from_durations(&Durations::new(vec![1.0, 1.0, 2.0, 3.0], vec![true, true, true, false])?)?;
/// assert_eq!(table.nelson_aalen(&Default::default())?.cumulative_hazard(2.0)?.value, 2.0 / 4.0 + 1.0 / 2.0);
/// let one_by_one = HazardOptions::default().ties(HazardTies::FlemingHarrington);
/// let hazard = table.nelson_aalen(&one_by_one)?.cumulative_hazard(2.0)?;
/// assert!((hazard.value - (1.0 / 4.0 + 1.0 / 3.0 + 1.0 / 2.0)).abs() < 1e-15);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NelsonAalen<'a> {
    table: &'a EventTable,
    options: HazardOptions,
    /// H and its variance after each time of the table.
    hazard: Vec<f64>,
    variance: Vec<f64>,
}

/// One duration of a [`NelsonAalen`] curve.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HazardPoint {
    /// The duration.
    pub time: f64,
    /// Rows at risk just before it.
    pub at_risk: u64,
    /// Rows that left at it.
    pub events: u64,
    /// Rows last seen at it.
    pub censored: u64,
    /// The hazard run up until after it, 0 or more.
    pub cumulative_hazard: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval; [`Absent::NotDefined`] before anyone has left.
    pub interval: Result<Interval, Absent>,
}

impl<'a> NelsonAalen<'a> {
    pub(super) fn new(table: &'a EventTable, options: &HazardOptions) -> Result<Self, Error> {
        table.check_followed(false)?;
        let (mut hazard, mut variance) =
            (Vec::with_capacity(table.times().len()), Vec::with_capacity(table.times().len()));
        let [mut sum, mut squares] = [0.0; 2];
        for set in table.walk() {
            if set.left.rows > 0 {
                let step = options.step(&set);
                sum += step[0];
                squares += step[1];
            }
            hazard.push(sum);
            variance.push(squares);
        }
        Ok(Self { table, options: *options, hazard, variance })
    }

    /// The curve at every distinct duration, in ascending order.
    pub fn points(&self) -> impl Iterator<Item = HazardPoint> {
        let reach = reach(self.options.confidence);
        let sets = self.table.walk().zip(self.hazard.iter().zip(&self.variance));
        sets.filter(|(set, _)| set.is_duration()).map(move |(set, (&hazard, &variance))| HazardPoint {
            time: set.time,
            at_risk: set.at_risk.rows,
            events: set.left.rows,
            censored: set.censored.rows,
            cumulative_hazard: hazard,
            standard_error: variance.sqrt(),
            interval: self.options.around(hazard, variance.sqrt(), reach),
        })
    }

    /// The hazard run up until after `time`.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a time that is negative or not a number,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) for one after the greatest duration.
    ///
    /// # Complexity
    /// O(log of distinct durations).
    pub fn cumulative_hazard(&self, time: f64) -> Result<Estimate, Error> {
        if time.is_nan() || time < 0.0 {
            return Err(Error::input("time", time, "a number of at least 0"));
        }
        let last = self.table.times().last().copied().unwrap_or_default();
        if time > last {
            return Err(Error::not_identified(format!(
                "hazard until {time}: nobody was observed for longer than {last}"
            )));
        }
        let place = self.table.times().partition_point(|&start| start <= time).checked_sub(1);
        let at = |column: &[f64]| place.and_then(|place| column.get(place).copied()).unwrap_or(0.0);
        let (hazard, error) = (at(&self.hazard), at(&self.variance).sqrt());
        let interval = self.options.around(hazard, error, reach(self.options.confidence));
        let method = match self.options.ties {
            HazardTies::Plain => Method::NelsonAalen,
            HazardTies::FlemingHarrington => Method::FlemingHarrington,
        };
        Ok(estimate(self.table, hazard, Ok(error), interval, method))
    }
}

impl HazardOptions {
    /// What one risk set adds to hazard and variance.
    fn step(&self, set: &RiskSet) -> [f64; 2] {
        let sizes = set.sizes(self.weights);
        // Variances are those of a risk set of its worth; 1 without weights or with frequencies.
        let share = sizes.at_risk / sizes.worth;
        match self.ties {
            HazardTies::Plain => {
                let hazard = sizes.left / sizes.at_risk;
                [hazard, share * hazard / sizes.at_risk]
            }
            HazardTies::FlemingHarrington => {
                // Weights of tied events are shared out evenly (Therneau and Grambsch 2000, 3.3).
                let each = sizes.left / set.left.rows as f64;
                let terms = (0..set.left.rows).map(|before| each / (sizes.at_risk - before as f64 * each));
                let [sum, squares] =
                    terms.fold([0.0; 2], |[sum, squares], term| [sum + term, squares + term * term / each]);
                [sum, share * squares]
            }
        }
    }

    fn around(&self, hazard: f64, error: f64, reach: f64) -> Result<Interval, Absent> {
        if hazard <= 0.0 {
            return Err(Absent::NotDefined);
        }
        let reach = reach * error;
        let ([lower, upper], method) = match self.interval {
            HazardInterval::Log => {
                let factor = (reach / hazard).exp();
                ([hazard / factor, hazard * factor], Method::Log)
            }
            HazardInterval::Plain => ([(hazard - reach).max(0.0), hazard + reach], Method::Plain),
        };
        Interval::new(lower, upper, self.confidence, method).map_err(|_| Absent::Infinite)
    }
}
