//! The fitted hazard: what each column says, and the survival that follows from it.

use super::likelihood::{PersonPeriods, Spell, spells};
use super::period::{MOST, PeriodEffect};
use crate::churn::design::Design;
use crate::churn::{Coefficient, Durations, Features, ModelTest, separation};
use crate::numeric::ascent::{Obstacle, Stop, Summit, ascend};
use crate::numeric::matrix::Matrix;
use crate::numeric::normal;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// The gain that is left counts as none, relative to the log-likelihood.
const DECREMENT: f64 = 1e-20;
/// A pivot of the information below this share of its diagonal entry is a column that repeats others.
const PIVOT: f64 = 1e-11;

/// How to fit. The default: an intercept for each period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DiscreteHazardOptions {
    effect: PeriodEffect,
    iterations: u32,
}

impl Default for DiscreteHazardOptions {
    fn default() -> Self {
        Self { effect: PeriodEffect::Intercepts, iterations: 100 }
    }
}

impl DiscreteHazardOptions {
    /// How the hazard depends on the period.
    #[must_use]
    pub const fn period_effect(mut self, effect: PeriodEffect) -> Self {
        self.effect = effect;
        self
    }

    /// The most steps that the search may take; 100 unless set.
    #[must_use]
    pub const fn max_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }
}

/// Discrete-time hazard: the probability h(t) to leave in period t of those still there, logit h(t) = effect of t + Σ slope × x.
///
/// It is the logistic regression on person-periods (Cox 1972, section 6; Allison 1982; Singer and Willett 1993): a customer who was at risk in periods
/// 1 to 5 and left in the fifth counts as four that stayed and one that left. They are never written out.
///
/// ```
/// use cxo_core::{Confidence, churn::{Durations, Features, hazard::{DiscreteHazard, DiscreteHazardOptions}}};
///
/// let durations = Durations::new(
///     vec![1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0],
///     vec![true, true, false, true, true, false, true, false, false, false],
/// )?;
/// let features = Features::new(vec![("complaints".into(), vec![3.0, 0.0, 1.0, 2.0, 1.0, 0.0, 2.0, 1.0, 0.0, 1.0])])?;
/// let model = DiscreteHazard::fit(&durations, &features, &DiscreteHazardOptions::default())?;
/// assert_eq!(model.person_periods(), 3 + 6 + 12);
/// let [calm, angry] = [[0.0], [3.0]].map(|row| model.survival(&row, &[1, 2, 3], Confidence::P95));
/// assert!(calm?[2].value > angry?[2].value);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/discrete-hazard.md`.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Raw"))]
pub struct DiscreteHazard {
    effect: PeriodEffect,
    periods: u32,
    names: Vec<String>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    /// Effects of the period in units of its basis, at the means of the columns, then slopes of standardised columns.
    at: Vec<f64>,
    /// Of these, row by row.
    covariance: Vec<f64>,
    observations: u64,
    person_periods: u64,
    events: u64,
    iterations: u32,
    log_likelihood: f64,
    null_log_likelihood: f64,
}

impl DiscreteHazard {
    /// Fits the model: durations in whole periods (from 1; entries from 0), one row of columns for each.
    ///
    /// A customer whose columns change is several rows, each with its entry. The weight of a row counts for all its periods.
    ///
    /// # Errors
    /// - [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible): another number of durations than rows.
    /// - [`ErrorKind::Input`](crate::ErrorKind::Input): a duration or an entry that is no whole number in range (with its row),
    ///   a polynomial of more than degree 5, more than 1,000 intercepts of periods.
    /// - [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate): nobody left, or everybody in his first period.
    /// - [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified): columns that are constant or combinations of others; with
    ///   intercepts, a period in which nobody was at risk.
    /// - [`ErrorKind::Separated`](crate::ErrorKind::Separated), with the columns: a combination of them tells who leaves when; with
    ///   intercepts, the periods in which nobody or everybody left: declare the effect of the period instead.
    /// - [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged): the steps ran out.
    ///
    /// # Complexity
    /// O(person-periods × columns + rows × columns²) a step, plus the cube of the number of coefficients.
    pub fn fit(durations: &Durations, features: &Features, options: &DiscreteHazardOptions) -> Result<Self, Error> {
        if durations.rows() != features.rows() {
            let lengths = format!("{} durations for {} rows", durations.rows(), features.rows());
            return Err(Error::incompatible(lengths));
        }
        let spells = spells(durations)?;
        let periods = spells.iter().map(|spell| spell.last).max().unwrap_or(1);
        options.effect.check(periods)?;
        let null = Null::of(&spells, options.effect, periods)?;
        let design = Design::new(features, durations.weights())?;
        let rows = PersonPeriods { design: &design, spells: &spells, effect: options.effect, periods };
        let start = [&null.effects[..], &vec![0.0; features.names().len()]].concat();
        let name = |place: usize| match place.checked_sub(rows.effects()) {
            None => options.effect.name(place),
            Some(column) => features.names_at(&[column]).concat(),
        };
        let stop = Stop { decrement: DECREMENT, iterations: options.iterations, pivot: PIVOT };
        let separated = || -> Result<(), Error> {
            let places = separation::separating(&rows);
            places.map_or(Ok(()), |places| Err(Error::separated(places.into_iter().map(name).collect())))
        };
        let summit = match ascend(|at| rows.surface(at), &start, stop) {
            Ok(summit) => summit,
            Err(Obstacle::Flat { coordinates, iterations: 0, .. }) => {
                return Err(Error::collinear(coordinates.into_iter().map(name).collect()));
            }
            Err(Obstacle::Flat { iterations, .. } | Obstacle::Endless { iterations, .. }) => {
                separated()?;
                return Err(Error::not_converged("maximum of the likelihood", u64::from(iterations)));
            }
        };
        let covariance = summit.curvature.inverse();
        let widest = (1..=periods).fold(vec![0.0_f64; rows.effects()], |mut widest, period| {
            let basis = options.effect.basis(period, periods);
            widest.iter_mut().zip(basis).for_each(|(most, value)| *most = most.max(value.abs()));
            widest
        });
        if !separation::has_maximum(&covariance, &[&widest[..], &design.reach].concat(), summit.decrement) {
            separated()?;
        }
        Self::new(&rows, features, &summit, &covariance, null.log_likelihood)
    }

    fn new(
        rows: &PersonPeriods,
        features: &Features,
        summit: &Summit,
        covariance: &Matrix,
        null_log_likelihood: f64,
    ) -> Result<Self, Error> {
        let step = summit.curvature.solve(&summit.surface.gradient);
        let model = Self {
            effect: rows.effect,
            periods: rows.periods,
            names: features.names().to_vec(),
            means: rows.design.means.clone(),
            deviations: rows.design.deviations.clone(),
            at: summit.at.iter().zip(&step).map(|(value, step)| value + step).collect(),
            covariance: covariance.entries().to_vec(),
            observations: rows.spells.len() as u64,
            person_periods: rows.spells.iter().map(|spell| u64::from(spell.last - spell.entry)).sum(),
            events: rows.spells.iter().filter(|spell| spell.left).count() as u64,
            iterations: summit.iterations,
            log_likelihood: summit.surface.value + 0.5 * summit.decrement,
            null_log_likelihood,
        };
        if model.is_finite() {
            return Ok(model);
        }
        Err(Error::not_converged("a coefficient or its error is beyond f64", u64::from(model.iterations)))
    }

    fn is_finite(&self) -> bool {
        let columns = [&self.means, &self.deviations, &self.at, &self.covariance].into_iter().flatten();
        columns.chain(&[self.log_likelihood, self.null_log_likelihood]).all(|number| number.is_finite())
    }

    /// Effects of the period, then slopes, with standard errors, z, p and Wald intervals.
    ///
    /// Effects of the period are `period 1`, `period 2`, … (the logit of the hazard where every column is 0), or `(intercept)` with
    /// `period`, `period^2`, … or `ln period`.
    #[must_use]
    pub fn coefficients(&self, confidence: Confidence) -> Vec<Coefficient> {
        let (effects, intercepts) = (self.effects(), self.effect.intercepts(self.periods));
        let error = |turn: &[(usize, f64)]| Ok(self.variance(turn).sqrt());
        let of_period = (0..effects).map(|place| {
            let scale = self.effect.scale(place, self.periods);
            let mut turn = vec![(place, 1.0 / scale)];
            if place < intercepts {
                let columns = self.means.iter().zip(&self.deviations).enumerate();
                turn.extend(columns.map(|(column, (mean, deviation))| (effects + column, -mean / deviation)));
            }
            Coefficient::wald(self.effect.name(place), self.along(&turn), 1.0, error(&turn), confidence)
        });
        let of_columns = self.names.iter().zip(&self.deviations).enumerate().map(|(column, (name, deviation))| {
            let turn = [(effects + column, 1.0 / deviation)];
            Coefficient::wald(name, self.along(&turn), *deviation, error(&turn), confidence)
        });
        of_period.chain(of_columns).collect()
    }

    /// The probability to leave in `period` of a customer who is still there, with an interval around its log-odds.
    ///
    /// # Errors
    /// As for [`DiscreteHazard::survival`].
    pub fn hazard(&self, row: &[f64], period: u32, confidence: Confidence) -> Result<Estimate, Error> {
        let turn = self.turn(row, period)?;
        let logit = self.along(&turn);
        let error = self.variance(&turn).sqrt();
        let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error;
        let share =
            |logit: f64| if logit < 0.0 { logit.exp() / (1.0 + logit.exp()) } else { 1.0 / (1.0 + (-logit).exp()) };
        let value = share(logit);
        let interval = Interval::new(share(logit - reach), share(logit + reach), confidence, Method::Logit);
        Ok(self.estimate(value, Ok(value * share(-logit) * error), interval.map_err(|_| Absent::Infinite)))
    }

    /// The probability to be there still after each of these periods: S(t) = Π (1 - h(s)) over s = 1 to t.
    ///
    /// Standard errors by the delta method; intervals around ln(-ln S), so that they stay within [0, 1]. With a declared effect of
    /// the period it goes on beyond the last one that was observed: an extrapolation.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of columns,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that is not finite or too great, or a period below 1 or beyond those of which the
    /// effect is known.
    ///
    /// # Complexity
    /// O(greatest period × coefficients + periods asked × coefficients²).
    pub fn survival(&self, row: &[f64], periods: &[u32], confidence: Confidence) -> Result<Vec<Estimate>, Error> {
        periods.iter().try_for_each(|&period| self.check_period(period))?;
        let mut order: Vec<usize> = (0..periods.len()).collect();
        order.sort_by_key(|&at| periods.get(at));
        let mut answers = vec![None; periods.len()];
        let (mut cumulative, mut slopes, mut next) = (0.0_f64, vec![0.0; self.at.len()], 1);
        for place in order {
            let Some(&period) = periods.get(place) else { continue };
            for period in next..=period {
                let turn = self.turn(row, period)?;
                let logit = self.along(&turn);
                // -ln(1 - h) = ln(1 + e^logit), and its slope by the logit is h.
                let tail = (-logit.abs()).exp();
                cumulative += logit.max(0.0) + tail.ln_1p();
                let hazard = if logit < 0.0 { tail / (1.0 + tail) } else { 1.0 / (1.0 + tail) };
                turn.iter().for_each(|&(at, part)| {
                    slopes.iter_mut().skip(at).take(1).for_each(|slope| *slope += hazard * part);
                });
            }
            next = period + 1;
            let turn: Vec<(usize, f64)> = slopes.iter().copied().enumerate().collect();
            let error = self.variance(&turn).sqrt();
            answers
                .iter_mut()
                .skip(place)
                .take(1)
                .for_each(|to| *to = Some(self.survived(cumulative, error, confidence)));
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// From -ln S and its standard error.
    fn survived(&self, cumulative: f64, error: f64, confidence: Confidence) -> Estimate {
        let value = (-cumulative).exp();
        let reach = normal::quantile(0.5 * (1.0 + confidence.level())) * error / cumulative;
        let bound = |reach: f64| (-cumulative * reach.exp()).exp();
        let interval = Interval::new(bound(reach), bound(-reach), confidence, Method::LogLog);
        self.estimate(value, Ok(value * error), interval.map_err(|_| Absent::NotDefined))
    }

    fn estimate(
        &self,
        value: f64,
        standard_error: Result<f64, Absent>,
        interval: Result<Interval, Absent>,
    ) -> Estimate {
        let n = self.observations;
        Estimate { value, standard_error, interval, n, effective_n: n as f64, method: Method::MaximumLikelihood }
    }

    fn effects(&self) -> usize {
        self.effect.width(self.periods)
    }

    fn check_period(&self, period: u32) -> Result<(), Error> {
        let last = if self.effect == PeriodEffect::Intercepts { self.periods } else { MOST };
        if (1..=last).contains(&period) {
            return Ok(());
        }
        Err(Error::input("period", period, format!("1 to {last}, for which the effect of the period is known")))
    }

    /// What the logit of a row in a period has of each coefficient, without those that are 0.
    fn turn(&self, row: &[f64], period: u32) -> Result<Vec<(usize, f64)>, Error> {
        if row.len() != self.names.len() {
            return Err(Error::incompatible(format!("{} values for {} columns", row.len(), self.names.len())));
        }
        self.check_period(period)?;
        let basis = self.effect.basis(period, self.periods).into_iter().enumerate().filter(|(_, part)| *part != 0.0);
        let mut turn: Vec<(usize, f64)> = basis.collect();
        let columns = row.iter().zip(&self.means).zip(&self.deviations).zip(&self.names);
        for (column, (((value, mean), deviation), name)) in columns.enumerate() {
            let scaled = (value - mean) / deviation;
            // Beyond this no square is finite.
            if scaled.is_nan() || scaled.abs() > 1e100 {
                return Err(Error::input(name, value, "a finite number in the range of the model"));
            }
            turn.push((self.effects() + column, scaled));
        }
        Ok(turn)
    }

    fn along(&self, turn: &[(usize, f64)]) -> f64 {
        turn.iter().map(|&(at, part)| part * self.at.get(at).copied().unwrap_or_default()).sum()
    }

    fn variance(&self, turn: &[(usize, f64)]) -> f64 {
        let width = self.at.len();
        let entry = |row: usize, column: usize| self.covariance.get(row * width + column).copied().unwrap_or_default();
        let terms = turn.iter().flat_map(|&(row, x)| turn.iter().map(move |&(column, y)| (row, column, x * y)));
        terms.map(|(row, column, product)| product * entry(row, column)).sum::<f64>().max(0.0)
    }

    /// The columns, in the order of the fit.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The declared effect of the period.
    #[must_use]
    pub const fn period_effect(&self) -> PeriodEffect {
        self.effect
    }

    /// The last period in which anybody was at risk.
    #[must_use]
    pub const fn periods(&self) -> u32 {
        self.periods
    }

    /// Rows fitted on.
    #[must_use]
    pub const fn observations(&self) -> u64 {
        self.observations
    }

    /// Periods at risk of all rows.
    #[must_use]
    pub const fn person_periods(&self) -> u64 {
        self.person_periods
    }

    /// Rows that ended in leaving.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Steps of the search.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Σ over person-periods of weight × ln P(what happened).
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The log-likelihood of the effect of the period alone.
    #[must_use]
    pub const fn null_log_likelihood(&self) -> f64 {
        self.null_log_likelihood
    }

    /// Akaike's information criterion, 2 k - 2 ln L for k coefficients; less is better.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * (self.at.len() as f64 - self.log_likelihood)
    }

    /// Schwarz's (Bayesian) information criterion, k ln n - 2 ln L with the number of events as n (Volinsky and Raftery 2000); less is
    /// better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.at.len() as f64 * (self.events as f64).ln() - 2.0 * self.log_likelihood
    }

    /// The likelihood ratio test of all columns against the effect of the period alone.
    #[must_use]
    pub fn likelihood_ratio(&self) -> ModelTest {
        ModelTest::chi_square(2.0 * (self.log_likelihood - self.null_log_likelihood), self.names.len())
    }
}

/// The effect of the period alone.
struct Null {
    effects: Vec<f64>,
    log_likelihood: f64,
}

impl Null {
    fn of(spells: &[Spell], effect: PeriodEffect, periods: u32) -> Result<Self, Error> {
        // Weight at risk and leaving, by period; at risk by differences.
        let mut steps = vec![0.0; periods as usize + 1];
        let mut left = vec![0.0; periods as usize];
        let mut count = vec![0_i64; periods as usize + 1];
        let mut leaving = vec![0_i64; periods as usize];
        for spell in spells {
            let [entry, last] = [spell.entry, spell.last].map(|period| period as usize);
            steps.iter_mut().skip(entry).take(1).for_each(|step| *step += spell.weight);
            steps.iter_mut().skip(last).take(1).for_each(|step| *step -= spell.weight);
            count.iter_mut().skip(entry).take(1).for_each(|step| *step += 1);
            count.iter_mut().skip(last).take(1).for_each(|step| *step -= 1);
            if spell.left {
                left.iter_mut().skip(last - 1).take(1).for_each(|sum| *sum += spell.weight);
                leaving.iter_mut().skip(last - 1).take(1).for_each(|sum| *sum += 1);
            }
        }
        let mut running = 0;
        let at_risk: Vec<i64> = count
            .iter()
            .take(periods as usize)
            .map(|step| {
                running += step;
                running
            })
            .collect();
        let mut weight = 0.0;
        let weights: Vec<f64> = steps
            .iter()
            .take(periods as usize)
            .map(|step| {
                weight += step;
                weight
            })
            .collect();
        let all: i64 = leaving.iter().sum();
        if all == 0 {
            return Err(Error::degenerate("nobody left"));
        }
        if all == at_risk.iter().sum::<i64>() {
            return Err(Error::degenerate("everybody left in his first period"));
        }
        if effect == PeriodEffect::Intercepts {
            return Self::by_period(&at_risk, &leaving, &weights, &left);
        }
        Self::declared(&weights, &left, &at_risk, effect, periods)
    }

    /// An intercept for each period: its own share.
    fn by_period(at_risk: &[i64], leaving: &[i64], weights: &[f64], left: &[f64]) -> Result<Self, Error> {
        let name = |(place, _): (usize, _)| PeriodEffect::Intercepts.name(place);
        let counts = || at_risk.iter().zip(leaving).enumerate();
        let empty: Vec<String> = counts().filter(|(_, (risk, _))| **risk == 0).map(name).collect();
        if !empty.is_empty() {
            return Err(Error::not_identified(format!("nobody was at risk in {}", empty.join(", "))));
        }
        let alike: Vec<String> =
            counts().filter(|(_, (risk, leaving))| **leaving == 0 || leaving == risk).map(name).collect();
        if !alike.is_empty() {
            return Err(Error::separated(alike));
        }
        let shares = || weights.iter().zip(left).map(|(all, left)| (left / all, (all - left) / all, *all));
        Ok(Self {
            effects: shares().map(|(left, stayed, _)| (left / stayed).ln()).collect(),
            log_likelihood: shares().map(|(left, stayed, all)| all * (left * left.ln() + stayed * stayed.ln())).sum(),
        })
    }

    fn declared(
        weights: &[f64],
        left: &[f64],
        at_risk: &[i64],
        effect: PeriodEffect,
        periods: u32,
    ) -> Result<Self, Error> {
        let width = effect.width(periods);
        let bases: Vec<Vec<f64>> = (1..=periods).map(|period| effect.basis(period, periods)).collect();
        let surface = |at: &[f64]| {
            let (mut value, mut slopes, mut curvatures) = (0.0, vec![], vec![]);
            for (((basis, all), left), risk) in bases.iter().zip(weights).zip(left).zip(at_risk) {
                // Differences of weights leave rounding where nobody is.
                let all = if *risk == 0 { 0.0 } else { *all };
                let logit: f64 = basis.iter().zip(at).map(|(f, c)| f * c).sum();
                let tail = (-logit.abs()).exp();
                let [near, far] = [1.0 / (1.0 + tail), tail / (1.0 + tail)];
                let share = if logit < 0.0 { far } else { near };
                value += left * logit - all * (logit.max(0.0) + tail.ln_1p());
                slopes.push(left - all * share);
                curvatures.push(all * near * far);
            }
            let square = effect.square(&curvatures);
            let hessian = Matrix::from_fn(width, |row, column| -square.get(row, column));
            crate::numeric::newton::Surface { value, gradient: effect.gather(&slopes), hessian }
        };
        let (all, gone): (f64, f64) = (weights.iter().sum(), left.iter().sum());
        let mut start = vec![0.0; width];
        start.iter_mut().take(1).for_each(|level| *level = (gone / (all - gone).max(f64::MIN_POSITIVE)).ln());
        let stop = Stop { decrement: DECREMENT, iterations: 200, pivot: PIVOT };
        let names = |places: Vec<usize>| places.into_iter().map(|place| effect.name(place)).collect();
        match ascend(surface, &start, stop) {
            Ok(Summit { at, surface, .. }) => Ok(Self { effects: at, log_likelihood: surface.value }),
            Err(Obstacle::Flat { coordinates, iterations: 0, .. }) => Err(Error::collinear(names(coordinates))),
            Err(_) => Err(Error::separated((1..width).map(|place| effect.name(place)).collect())),
        }
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Raw {
    effect: PeriodEffect,
    periods: u32,
    names: Vec<String>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    at: Vec<f64>,
    covariance: Vec<f64>,
    observations: u64,
    person_periods: u64,
    events: u64,
    iterations: u32,
    log_likelihood: f64,
    null_log_likelihood: f64,
}

#[cfg(feature = "serde")]
impl TryFrom<Raw> for DiscreteHazard {
    type Error = Error;
    fn try_from(raw: Raw) -> Result<Self, Error> {
        let model = Self {
            effect: raw.effect,
            periods: raw.periods,
            names: raw.names,
            means: raw.means,
            deviations: raw.deviations,
            at: raw.at,
            covariance: raw.covariance,
            observations: raw.observations,
            person_periods: raw.person_periods,
            events: raw.events,
            iterations: raw.iterations,
            log_likelihood: raw.log_likelihood,
            null_log_likelihood: raw.null_log_likelihood,
        };
        model.effect.check(model.periods)?;
        let refuse = |what: &str, allowed: &str| Err(Error::input(what, "not of a fit", allowed));
        let columns = model.names.len();
        let distinct: std::collections::HashSet<_> = model.names.iter().filter(|name| !name.is_empty()).collect();
        let width = model.effects() + columns;
        if !(1..=MOST).contains(&model.periods) || distinct.len() != columns || model.at.len() != width {
            return refuse("columns", "a coefficient for each effect of the period and each of the distinct names");
        }
        if model.means.len() != columns
            || model.deviations.len() != columns
            || !model.deviations.iter().all(|deviation| *deviation > 0.0)
        {
            return refuse("columns", "a mean and a deviation above 0 for each");
        }
        let counts = model.events >= 1 && model.events <= model.observations && model.person_periods > model.events;
        if !model.is_finite() || !counts || model.log_likelihood > 0.0 {
            return refuse("numbers", "finite numbers, some events, fewer than person-periods");
        }
        crate::churn::covariance::verify(&model.covariance, width)?;
        Ok(model)
    }
}
