//! Which share of customers is still there after so long, when some are last seen before they leave? State: an
//! [`EventTable`]; called by reports of retention and by whoever compares groups.

use super::interval::{Band, SurvivalInterval, SurvivalOptions, reach};
use super::table::{EventTable, RiskSet};
use crate::{Absent, Confidence, Error, Estimate, Interval, Method, Probability};

/// Values of a curve that differ by less, relatively, are one: a product of shares does not round to a level exactly.
const SAME: f64 = 1e-12;

/// The product-limit estimate of survival (Kaplan and Meier 1958).
///
/// With n(t) at risk just before t and d(t) leaving at it:
///
/// ```text
/// S(t)   = Π over t_j <= t of 1 - d_j / n_j
/// Var(t) = S(t)² Σ over t_j <= t of d_j / (n_j (n_j - d_j))          Greenwood (1926)
/// ```
///
/// Those censored at t are at risk at t. With entry times S is survival given that one was there at the first entry. With
/// weights the sums of weights stand for the counts, see [`WeightMeaning`](super::WeightMeaning). Without censoring S is
/// the share still there, and Greenwood's variance that of a share. Formula page: `docs/formulas/kaplan-meier.md`.
///
/// ```
/// use cxo_core::churn::{Durations, survival::EventTable};
///
/// // The remission times of Freireich et al. (1963), 6-mercaptopurine.
/// let weeks = vec![6., 6., 6., 6., 7., 9., 10., 10., 11., 13., 16., 17., 19., 20., 22., 23., 25., 32., 32., 34., 35.];
/// let left = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0].map(|event| event == 1).to_vec();
/// let table = EventTable::from_durations(&Durations::new(weeks, left)?)?;
/// let curve = table.kaplan_meier(&Default::default())?;
/// let at_ten = curve.survival(10.0)?;
/// assert!((at_ten.value - 0.7529).abs() < 5e-5 && at_ten.standard_error.is_ok_and(|error| (error - 0.0963).abs() < 5e-5));
/// let median = curve.median();
/// assert_eq!((median.time, median.lower), (Ok(23.0), Ok(13.0)));
/// assert!(median.upper.is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # References
/// Kaplan and Meier (1958), JASA 53, 457-481. Brookmeyer and Crowley (1982), Biometrics 38, 29-41 (quantiles).
#[derive(Debug, Clone)]
pub struct KaplanMeier<'a> {
    table: &'a EventTable,
    options: SurvivalOptions,
    /// S after each time of the table.
    survival: Vec<f64>,
    /// Var / S² there; as far as it was where S is 0.
    variance: Vec<f64>,
}

/// One duration of a [`KaplanMeier`] curve.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SurvivalPoint {
    /// The duration.
    pub time: f64,
    /// Rows at risk just before it.
    pub at_risk: u64,
    /// Rows that left at it.
    pub events: u64,
    /// Rows last seen at it.
    pub censored: u64,
    /// The share still there after it, in [0, 1].
    pub survival: f64,
    /// Its standard error; [`Absent::NotDefined`] where nobody is left.
    pub standard_error: Result<f64, Absent>,
    /// Its interval for this duration alone; [`Absent::NotDefined`] where nobody is left.
    pub interval: Result<Interval, Absent>,
}

/// The duration at which a share of customers has left, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SurvivalQuantile {
    /// The share that has left.
    pub probability: Probability,
    /// The first duration at which no more than 1 - p are still there; [`Absent::NotReached`] if more were when observation
    /// ended.
    pub time: Result<f64, Absent>,
    /// The first duration at which the lower bound of the curve is no more than 1 - p.
    pub lower: Result<f64, Absent>,
    /// The first duration at which the upper bound of the curve is no more than 1 - p; often not reached.
    pub upper: Result<f64, Absent>,
    /// The level of the bounds.
    pub confidence: Confidence,
    /// The scale on which the interval of the curve is normal.
    pub method: Method,
}

impl<'a> KaplanMeier<'a> {
    pub(super) fn new(table: &'a EventTable, options: &SurvivalOptions) -> Result<Self, Error> {
        table.check_followed(true)?;
        let (mut survival, mut variance) =
            (Vec::with_capacity(table.times().len()), Vec::with_capacity(table.times().len()));
        let mut product = Product::default();
        let mut sum = 0.0;
        for set in table.walk() {
            if set.left.rows > 0 {
                let sizes = set.sizes(options.weights);
                product.step(&set);
                if !set.is_last() {
                    sum += sizes.left / (sizes.worth * (sizes.at_risk - sizes.left));
                }
            }
            survival.push(product.value);
            variance.push(sum);
        }
        Ok(Self { table, options: *options, survival, variance })
    }

    /// The curve at every distinct duration, in ascending order; at one of censoring alone it stays as it was.
    pub fn points(&self) -> impl Iterator<Item = SurvivalPoint> {
        let band = self.options.band();
        let mut last = (1.0, answer(1.0, 0.0, band));
        let sets = self.table.walk().zip(self.survival.iter().zip(&self.variance));
        sets.filter(|(set, _)| set.is_duration()).map(move |(set, (&survival, &variance))| {
            if survival != last.0 {
                last = (survival, answer(survival, variance, band));
            }
            let (standard_error, interval) = last.1;
            SurvivalPoint {
                time: set.time,
                at_risk: set.at_risk.rows,
                events: set.left.rows,
                censored: set.censored.rows,
                survival,
                standard_error,
                interval,
            }
        })
    }

    /// The share still there after `time`, with its standard error and interval; 1 before anyone has left.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a time that is negative or not a number,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) for one after the greatest duration, unless nobody is
    /// left by then.
    ///
    /// # Complexity
    /// O(log of distinct durations).
    pub fn survival(&self, time: f64) -> Result<Estimate, Error> {
        let (value, variance) = self.at(self.place(time)?);
        let (standard_error, interval) = answer(value, variance, self.options.band());
        Ok(self.estimate(value, standard_error, interval))
    }

    /// The first duration at which a share `p` has left: the least t with S(t) <= 1 - p.
    ///
    /// Where the curve is exactly at 1 - p for a while this is the start of that while; some systems give its middle. The
    /// bounds are those of Brookmeyer and Crowley (1982) on the scale of the interval: the durations at which 1 - p lies in
    /// the interval of the curve. A bound can exist where the quantile does not.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a share of 0 or 1.
    ///
    /// # Complexity
    /// O(distinct durations).
    pub fn quantile(&self, p: Probability) -> Result<SurvivalQuantile, Error> {
        if p.get() > 0.0 && p.get() < 1.0 {
            Ok(self.quantile_of(p))
        } else {
            Err(Error::input("share that has left", p.get(), "between 0 and 1, both excluded"))
        }
    }

    /// The duration at which half have left, as [`quantile`](Self::quantile).
    #[must_use]
    pub fn median(&self) -> SurvivalQuantile {
        self.quantile_of(Probability::HALF)
    }

    fn quantile_of(&self, probability: Probability) -> SurvivalQuantile {
        let level = (1.0 - probability.get()) * (1.0 + SAME);
        let band = self.options.band();
        let [mut time, mut lower, mut upper] = [Err(Absent::NotReached); 3];
        let sets = self.table.walk().zip(self.survival.iter().zip(&self.variance));
        for (set, (&survival, &variance)) in sets.filter(|(set, _)| set.left.rows > 0) {
            if band.is_far_above(level, survival, variance) {
                continue;
            }
            if survival <= level {
                time = time.or(Ok(set.time));
            }
            if let (_, Ok(interval)) = answer(survival, variance, band) {
                if interval.lower <= level {
                    lower = lower.or(Ok(set.time));
                }
                if interval.upper <= level {
                    upper = Ok(set.time);
                    break;
                }
            }
        }
        let (confidence, method) = (self.options.confidence, self.options.interval.method());
        SurvivalQuantile { probability, time, lower, upper, confidence, method }
    }

    /// The mean duration up to a horizon τ: the area under the curve, E[min(T, τ)].
    ///
    /// ```text
    /// mean = ∫ from 0 to τ of S(t) dt
    /// Var  = Σ over t_j <= τ of A_j² d_j / (n_j (n_j - d_j)),   A_j = ∫ from t_j to τ of S(t) dt
    /// ```
    ///
    /// The unit is that of the durations. The interval is normal around the mean, moved into [0, τ]. Unlike the plain mean it
    /// exists whatever the censoring, and unlike a hazard ratio it needs no model (Royston and Parmar 2013).
    ///
    /// # Errors
    /// As [`survival`](Self::survival) for the horizon, which is above 0.
    ///
    /// # Complexity
    /// O(distinct durations).
    pub fn restricted_mean(&self, horizon: f64) -> Result<Estimate, Error> {
        if horizon.is_nan() || horizon <= 0.0 {
            return Err(Error::input("horizon", horizon, "a number above 0"));
        }
        let end = self.place(horizon)?.map_or(0, |last| last + 1);
        let sets: Vec<RiskSet> = self.table.walk().take(end).collect();
        let (mut until, mut area, mut variance) = (horizon, 0.0, 0.0);
        for (set, &survival) in sets.iter().zip(&self.survival).rev() {
            // Nothing is added, and the horizon may be infinite, where nobody is left.
            if survival > 0.0 {
                area += (until - set.time) * survival;
                if set.left.rows > 0 {
                    let sizes = set.sizes(self.options.weights);
                    variance += area * area * sizes.left / (sizes.worth * (sizes.at_risk - sizes.left));
                }
            }
            until = set.time;
        }
        let (mean, error) = (area + until, variance.sqrt());
        if !(mean.is_finite() && error.is_finite()) {
            return Err(Error::overflow("area under the curve"));
        }
        let reach = error * reach(self.options.confidence);
        let interval = Interval::new(mean - reach, mean + reach, self.options.confidence, Method::Wald)
            .map(|interval| interval.clipped(0.0, horizon))
            .map_err(|_| Absent::Infinite);
        Ok(self.estimate(mean, Ok(error), interval))
    }

    /// The greatest duration, to which the curve is known.
    #[must_use]
    pub fn last_time(&self) -> f64 {
        self.table.times().last().copied().unwrap_or_default()
    }

    /// The scale of the intervals.
    #[must_use]
    pub const fn interval(&self) -> SurvivalInterval {
        self.options.interval
    }

    /// The place in the table of the last time that is not after `time`, if there is one.
    fn place(&self, time: f64) -> Result<Option<usize>, Error> {
        if time.is_nan() || time < 0.0 {
            return Err(Error::input("time", time, "a number of at least 0"));
        }
        if time > self.last_time() && self.survival.last().is_some_and(|&survival| survival > 0.0) {
            return Err(Error::not_identified(format!(
                "survival to {time}: nobody was observed for longer than {}",
                self.last_time()
            )));
        }
        Ok(self.table.times().partition_point(|&start| start <= time).checked_sub(1))
    }

    fn at(&self, place: Option<usize>) -> (f64, f64) {
        let at = |column: &[f64]| place.and_then(|place| column.get(place).copied());
        (at(&self.survival).unwrap_or(1.0), at(&self.variance).unwrap_or(0.0))
    }

    fn estimate(&self, value: f64, error: Result<f64, Absent>, interval: Result<Interval, Absent>) -> Estimate {
        estimate(self.table, value, error, interval, Method::KaplanMeier)
    }
}

/// Standard error and interval of a value of the curve.
fn answer(survival: f64, variance: f64, band: Band) -> (Result<f64, Absent>, Result<Interval, Absent>) {
    let error = if survival > 0.0 { Ok(survival * variance.sqrt()) } else { Err(Absent::NotDefined) };
    (error, band.interval(survival, error))
}

/// An estimate of the customers of a table.
pub(super) fn estimate(
    table: &EventTable,
    value: f64,
    standard_error: Result<f64, Absent>,
    interval: Result<Interval, Absent>,
    method: Method,
) -> Estimate {
    let everyone = table.total();
    // Kish's number is at most that of the rows, even where squares of tiny weights vanish.
    let effective_n = (everyone.weight * everyone.weight / everyone.square).min(everyone.rows as f64);
    Estimate { value, standard_error, interval, n: everyone.rows, effective_n, method }
}

/// Π (1 - d / n), as one quotient as long as nobody is censored or enters, so that it is the share still there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub(super) value: f64,
    /// The product when the run began, those at risk then, and those left since.
    start: f64,
    at_risk: f64,
    left: f64,
}

impl Default for Product {
    fn default() -> Self {
        Self { value: 1.0, start: 1.0, at_risk: 0.0, left: 0.0 }
    }
}

impl Product {
    pub(super) fn step(&mut self, set: &RiskSet) {
        let (at_risk, left) = (set.at_risk.weight, set.left.weight);
        if at_risk != self.left {
            (self.start, self.at_risk) = (self.value, at_risk);
        }
        self.left = if set.is_last() { 0.0 } else { at_risk - left };
        self.value = self.start * (self.left / self.at_risk);
    }
}
