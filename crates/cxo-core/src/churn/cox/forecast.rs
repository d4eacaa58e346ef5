//! Will this customer still be there at a time? The baseline hazard at chosen times with its uncertainty, and survival from it.

use super::evaluation::Evaluation;
use super::model::Cox;
use super::paths::Paths;
use super::rows::CoxRows;
use crate::numeric::normal;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// Who is asked about: covariates in the order of the columns, and where it is not 0 his stratum and his offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoxCustomer<'a> {
    row: &'a [f64],
    stratum: u32,
    offset: f64,
}

impl<'a> CoxCustomer<'a> {
    /// A customer with these covariates.
    #[must_use]
    pub const fn new(row: &'a [f64]) -> Self {
        Self { row, stratum: 0, offset: 0.0 }
    }

    /// In this stratum.
    #[must_use]
    pub const fn stratum(mut self, stratum: u32) -> Self {
        self.stratum = stratum;
        self
    }

    /// With this offset.
    #[must_use]
    pub const fn offset(mut self, offset: f64) -> Self {
        self.offset = offset;
        self
    }
}

/// A fitted model with its baseline at chosen times. It holds no data but these few numbers.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawForecast"))]
pub struct CoxForecast {
    model: Cox,
    times: Vec<f64>,
    strata: Vec<StratumBaseline>,
}

#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct StratumBaseline {
    stratum: u32,
    /// By time; none beyond the last duration of the stratum.
    points: Vec<Option<Baseline>>,
}

/// The baseline at a time, of a customer at the means.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Baseline {
    hazard: f64,
    /// Of the hazard, the coefficients taken as known.
    variance: f64,
    /// Minus the derivative of the hazard by the coefficients.
    drift: Vec<f64>,
}

impl Cox {
    /// The model with its baseline at these times, from the rows of the fit.
    ///
    /// Definition: the baseline cumulative hazard is Σ over events up to the time of 1 / Σ exp(b' (x - mean)) over those at risk
    /// (Breslow 1974), with the ties of the fit; survival is exp(-hazard × exp(b' (x - mean))). Its variance is that of Tsiatis
    /// (1981) and Link (1984). Formula page: `docs/formulas/cox.md`.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, Features, cox::{Cox, CoxCustomer, CoxOptions, CoxRows}};
    ///
    /// let durations = Durations::new(vec![5.0, 8.0, 3.0, 9.0, 2.0, 6.0], vec![true, false, true, true, true, false])?;
    /// let features = Features::new(vec![("price".into(), vec![30.0, 20.0, 25.0, 22.0, 28.0, 31.0])])?;
    /// let rows = CoxRows::new(&durations, &features)?;
    /// let forecast = Cox::fit(&rows, &CoxOptions::default())?.forecast(&rows, &[4.0, 8.0, 12.0])?;
    /// let survival = forecast.survival(&CoxCustomer::new(&[24.0]))?;
    /// assert!(survival[0].unwrap() > survival[1].unwrap(), "the longer, the fewer are left");
    /// assert!(survival[2].is_err(), "nobody was observed for so long");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns other than those of the fit,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless the times ascend from 0 or more,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without one.
    ///
    /// # Complexity
    /// O(n log n + n p), and then nothing of the length of the data is kept.
    pub fn forecast(&self, rows: &CoxRows, times: &[f64]) -> Result<CoxForecast, Error> {
        check_times(times)?;
        let sets = self.risk_sets(rows)?;
        let mut evaluation = Evaluation::new(&sets, self.ties());
        evaluation.locate(&self.scaled());
        let paths = Paths::new(&evaluation);
        // The rates are without exp(shift): hazards are too great by it.
        let scale = (-evaluation.shift).exp();
        let strata = sets.strata.iter().map(|stratum| {
            let moments = &sets.moments[stratum.moments.clone()];
            let mut variance = 0.0;
            let mut variances: Vec<f64> = stratum
                .moments
                .clone()
                .rev()
                .map(|moment| {
                    variance += evaluation.denominators[moment].a;
                    variance
                })
                .collect();
            variances.reverse();
            let point = |&time: &f64| {
                let first = moments.partition_point(|moment| moment.time > time);
                let number = stratum.moments.start + first;
                if time > stratum.until {
                    None
                } else if first == moments.len() {
                    Some(Baseline { hazard: 0.0, variance: 0.0, drift: vec![0.0; paths.columns] })
                } else {
                    let drift = paths.drift(number).iter().zip(self.deviations());
                    Some(Baseline {
                        hazard: evaluation.cumulative[number] * scale,
                        variance: variances[first] * scale * scale,
                        drift: drift.map(|(drift, deviation)| drift * deviation * scale).collect(),
                    })
                }
            };
            StratumBaseline { stratum: stratum.name, points: times.iter().map(point).collect() }
        });
        Ok(CoxForecast { model: self.clone(), times: times.to_vec(), strata: strata.collect() })
    }
}

fn check_times(times: &[f64]) -> Result<(), Error> {
    if times.is_empty() {
        return Err(Error::no_data("times"));
    }
    let ascends = |pair: &[f64]| matches!(pair, [left, right] if left < right);
    match times.iter().find(|time| !(time.is_finite() && **time >= 0.0)) {
        Some(time) => Err(Error::input("time", time, "a finite number of at least 0")),
        None if !times.windows(2).all(ascends) => {
            Err(Error::input("times", "not in ascending order", "each above the one before"))
        }
        None => Ok(()),
    }
}

impl CoxForecast {
    /// The model.
    #[must_use]
    pub const fn model(&self) -> &Cox {
        &self.model
    }

    /// The times, ascending.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The strata, ascending.
    pub fn strata(&self) -> impl Iterator<Item = u32> {
        self.strata.iter().map(|stratum| stratum.stratum)
    }

    /// The cumulative hazard of a customer at each of the times; absent beyond what was observed of his stratum.
    ///
    /// # Errors
    /// Those of [`Cox::linear_predictor`], [`ErrorKind::Input`](crate::ErrorKind::Input) for a stratum that the data do not have
    /// or an offset that is not finite.
    pub fn cumulative_hazard(&self, who: &CoxCustomer) -> Result<Vec<Result<f64, Absent>>, Error> {
        let (baseline, linear) = self.of(who)?;
        Ok(baseline.points.iter().map(|point| hazard(point.as_ref(), linear)).collect())
    }

    /// The probability that a customer is still there at each of the times; absent beyond what was observed of his stratum.
    ///
    /// # Errors
    /// Those of [`cumulative_hazard`](Self::cumulative_hazard).
    pub fn survival(&self, who: &CoxCustomer) -> Result<Vec<Result<f64, Absent>>, Error> {
        let (baseline, linear) = self.of(who)?;
        let survival = |point: &Option<Baseline>| match hazard(point.as_ref(), linear) {
            Ok(hazard) => Ok((-hazard).exp()),
            Err(Absent::Infinite) => Ok(0.0),
            Err(absent) => Err(absent),
        };
        Ok(baseline.points.iter().map(survival).collect())
    }

    /// The same with standard errors and intervals: normal ones of the log cumulative hazard, so that they stay in (0, 1). They
    /// allow for the sampling of baseline and coefficients; a penalised fit has none, and where nobody has left yet there is
    /// none.
    ///
    /// # Errors
    /// Those of [`cumulative_hazard`](Self::cumulative_hazard).
    ///
    /// # Complexity
    /// O(times × columns²).
    pub fn survival_estimates(
        &self,
        who: &CoxCustomer,
        confidence: Confidence,
    ) -> Result<Vec<Result<Estimate, Absent>>, Error> {
        let (baseline, linear) = self.of(who)?;
        let deviation = |point: &Baseline| -> Result<f64, Absent> {
            let covariance = self.model.covariance()?;
            if point.hazard <= 0.0 {
                return Err(Absent::ZeroVariance);
            }
            let away = who.row.iter().zip(self.model.means()).zip(&point.drift);
            let slope: Vec<f64> = away.map(|((x, mean), drift)| (x - mean) - drift / point.hazard).collect();
            let rows = covariance.chunks(slope.len().max(1)).zip(&slope);
            let form: f64 = rows.map(|(row, s)| s * row.iter().zip(&slope).map(|(v, s)| v * s).sum::<f64>()).sum();
            Ok((point.variance / (point.hazard * point.hazard) + form.max(0.0)).sqrt())
        };
        let estimate = |point: &Option<Baseline>| {
            let point = point.as_ref().ok_or(Absent::NotObserved)?;
            let hazard = hazard(Some(point), linear)?;
            let (value, deviation) = ((-hazard).exp(), deviation(point));
            let interval = deviation.and_then(|deviation| {
                let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * deviation;
                let [lower, upper] = [reach, -reach].map(|reach| (-hazard * reach.exp()).exp());
                Interval::new(lower, upper, confidence, Method::LogLog).map_err(|_| Absent::Infinite)
            });
            let (n, effective_n) = (self.model.observations(), self.model.observations() as f64);
            let standard_error = deviation.map(|deviation| value * hazard * deviation);
            Ok(Estimate { value, standard_error, interval, n, effective_n, method: Method::ProportionalHazards })
        };
        Ok(baseline.points.iter().map(estimate).collect())
    }

    fn of(&self, who: &CoxCustomer) -> Result<(&StratumBaseline, f64), Error> {
        let linear = self.model.linear_predictor(who.row)? + who.offset;
        if !linear.is_finite() {
            return Err(Error::input("offset", who.offset, "a finite number"));
        }
        match self.strata.binary_search_by_key(&who.stratum, |stratum| stratum.stratum) {
            Ok(at) => self.strata.get(at).map(|baseline| (baseline, linear)).ok_or_else(|| Error::no_data("strata")),
            Err(_) => Err(Error::input("stratum", who.stratum, "one of those fitted on")),
        }
    }
}

fn hazard(point: Option<&Baseline>, linear: f64) -> Result<f64, Absent> {
    let hazard = point.ok_or(Absent::NotObserved)?.hazard;
    let own = if hazard > 0.0 { (hazard.ln() + linear).exp() } else { 0.0 };
    if own.is_finite() { Ok(own) } else { Err(Absent::Infinite) }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawForecast {
    model: Cox,
    times: Vec<f64>,
    strata: Vec<StratumBaseline>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawForecast> for CoxForecast {
    type Error = Error;

    fn try_from(raw: RawForecast) -> Result<Self, Error> {
        check_times(&raw.times)?;
        let sound = |point: &Baseline| {
            let numbers = [point.hazard, point.variance];
            numbers.iter().all(|number| number.is_finite() && *number >= 0.0)
                && point.drift.len() == raw.model.values().len()
                && point.drift.iter().all(|part| part.is_finite())
        };
        let ordered = raw.strata.windows(2).all(|pair| matches!(pair, [left, right] if left.stratum < right.stratum));
        let all = raw.strata.iter().all(|stratum| {
            stratum.points.len() == raw.times.len()
                && stratum.points.iter().flatten().all(sound)
                && stratum.points.iter().flatten().is_sorted_by(|left, right| left.hazard <= right.hazard)
        });
        if raw.strata.is_empty() || !ordered || !all {
            return Err(Error::input(
                "baseline",
                "not of this model",
                "a rising hazard for every time of every stratum",
            ));
        }
        Ok(Self { model: raw.model, times: raw.times, strata: raw.strata })
    }
}
