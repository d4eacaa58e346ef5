//! How are the parameters of a model found, and how sure are they? Maximum likelihood over distinct rows by Newton's method on
//! the logarithms of the parameters, with exact derivatives. State: the sorted rows with their weights; called by every model.

use crate::numeric::jet::Jet;
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::{Ending, Limits, Surface, Top, maximize};
use crate::numeric::normal;
use crate::{Absent, Confidence, Error, Estimate, Interval, Method};

/// Rows of a chunk: fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 2048;
/// Rows of the sample on which starting points are tried.
const TRIAL_ROWS: usize = 256;
/// Above this a sample of [`SAMPLE_ROWS`] is fitted first: the full data then need only the last steps.
const SAMPLE_FROM: usize = 60_000;
const SAMPLE_ROWS: usize = 10_000;
/// A parameter is beyond all use, in units of mean age, when its logarithm is beyond this; so is a coefficient of a covariate.
const BOUND: f64 = 18.0;
/// Curvature below this (an interval of the logarithm beyond 60 on either side) determines nothing.
const FLAT: f64 = 1e-3;

/// A curvature of so little of the greatest one may be rounding.
const DROWNED: f64 = 1e-6;

/// A model with positive parameters.
pub trait Model {
    /// The name in kebab-case, such as `bg-nbd`.
    fn name(&self) -> &'static str;

    /// The parameters with their names, in the order of the literature.
    fn parameters(&self) -> Vec<(&'static str, f64)>;

    /// The same model with other parameters, in the same order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless there are as many as the model has, all finite and above 0.
    fn with_parameters(&self, values: &[f64]) -> Result<Self, Error>
    where
        Self: Sized;
}

/// How to fit. The default is plain maximum likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitOptions {
    penalty: f64,
    iterations: u32,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self { penalty: 0.0, iterations: 300 }
    }
}

impl FitOptions {
    /// Subtracts `strength` times the sum of the squared log parameters from the log-likelihood: a normal prior around 1 with
    /// variance 1 / (2 `strength`) on each. Times and money are in units of about their mean, so that it does not depend on
    /// the units of the data. 0, the default, is none.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is finite and at least 0.
    pub fn penalty(mut self, strength: f64) -> Result<Self, Error> {
        if !(strength >= 0.0 && strength.is_finite()) {
            return Err(Error::input("penalty", strength, "a finite number of at least 0"));
        }
        self.penalty = strength;
        Ok(self)
    }

    /// The most steps that the search may take; 300 unless set.
    #[must_use]
    pub const fn max_iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    pub(super) const fn strength(&self) -> f64 {
        self.penalty
    }

    /// Where the search of a likelihood ends.
    pub(super) fn limits(&self, decrement: f64) -> Limits {
        // A penalty curves every direction, as was asked for.
        let flat = if self.penalty > 0.0 { 0.0 } else { FLAT };
        Limits { decrement, iterations: self.iterations, bound: BOUND, flat }
    }
}

/// A parameter with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name, as in the literature.
    pub name: &'static str,
    /// Its value with standard error; the interval is taken on the logarithm, so that it stays above 0.
    pub estimate: Estimate,
}

impl Parameter {
    /// From the standard deviation of its logarithm.
    pub(super) fn new(name: &'static str, value: f64, deviation: f64, customers: u64, confidence: Confidence) -> Self {
        let z = -normal::quantile(0.5 * confidence.alpha());
        let [lower, upper] = [-z, z].map(|z| value * (z * deviation).exp());
        let interval = Interval::new(lower, upper, confidence, Method::LogWald);
        let estimate = Estimate {
            value,
            standard_error: Ok(value * deviation),
            interval: interval.map_err(|_| Absent::Infinite),
            n: customers,
            effective_n: customers as f64,
            method: Method::MaximumLikelihood,
        };
        Self { name, estimate }
    }
}

/// A model with the parameters that fit best, and how sure they are. Immutable.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawFitted<M>", bound(deserialize = "M: Model + serde::Deserialize<'de>"))
)]
pub struct Fitted<M> {
    model: M,
    log_likelihood: f64,
    gradient_norm: f64,
    newton_decrement: f64,
    iterations: u32,
    customers: u64,
    /// Of the logarithms of the parameters, row by row.
    covariance: Vec<f64>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawFitted<M> {
    model: M,
    log_likelihood: f64,
    gradient_norm: f64,
    newton_decrement: f64,
    iterations: u32,
    customers: u64,
    covariance: Vec<f64>,
}

#[cfg(feature = "serde")]
impl<M: Model> TryFrom<RawFitted<M>> for Fitted<M> {
    type Error = Error;
    fn try_from(raw: RawFitted<M>) -> Result<Self, Error> {
        let size = raw.model.parameters().len();
        let finite = [raw.log_likelihood, raw.gradient_norm, raw.newton_decrement];
        if !finite.iter().chain(&raw.covariance).all(|number| number.is_finite()) {
            return Err(Error::input("fit", "a number that is not finite", "finite numbers"));
        }
        covariance_of(size, &raw.covariance)?;
        let RawFitted { model, log_likelihood, gradient_norm, newton_decrement, iterations, customers, covariance } =
            raw;
        Ok(Self { model, log_likelihood, gradient_norm, newton_decrement, iterations, customers, covariance })
    }
}

/// A covariance matrix from its entries, row by row.
#[cfg(feature = "serde")]
pub(super) fn covariance_of(size: usize, entries: &[f64]) -> Result<Matrix, Error> {
    let matrix = Matrix::from_fn(size, |row, column| entries.get(row * size + column).copied().unwrap_or(f64::NAN));
    let symmetric = || (0..size).all(|row| (0..row).all(|column| matrix.get(row, column) == matrix.get(column, row)));
    let finite = entries.len() == size * size && entries.iter().all(|entry| entry.is_finite());
    if finite && symmetric() && matrix.spectrum().iter().all(|(value, _)| *value > 0.0) {
        return Ok(matrix);
    }
    Err(Error::input("covariance", "not of this model", "a positive definite matrix of its parameters"))
}

impl<M> Fitted<M> {
    /// The model.
    pub const fn model(&self) -> &M {
        &self.model
    }

    /// The greatest log-likelihood, without the penalty.
    #[must_use]
    pub const fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The greatest absolute derivative of the objective by the logarithm of a parameter.
    #[must_use]
    pub const fn gradient_norm(&self) -> f64 {
        self.gradient_norm
    }

    /// g' (-H)⁻¹ g at the end: twice what another step could gain.
    #[must_use]
    pub const fn newton_decrement(&self) -> f64 {
        self.newton_decrement
    }

    /// Steps of the search.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Customers fitted on.
    #[must_use]
    pub const fn customers(&self) -> u64 {
        self.customers
    }

    /// The covariance of the logarithms of the parameters, row by row.
    #[must_use]
    pub fn covariance_of_logs(&self) -> &[f64] {
        &self.covariance
    }

    /// The same fit of another type of model, such as the enum over all of them.
    #[must_use]
    pub fn map<N>(self, into: impl FnOnce(M) -> N) -> Fitted<N> {
        let Self { model, log_likelihood, gradient_norm, newton_decrement, iterations, customers, covariance } = self;
        let model = into(model);
        Fitted { model, log_likelihood, gradient_norm, newton_decrement, iterations, customers, covariance }
    }
}

impl<M: Model> Fitted<M> {
    pub(super) fn new(model: M, optimum: Optimum, customers: u64) -> Self {
        let Optimum { log_likelihood, gradient_norm, decrement, iterations, covariance, logs: _ } = optimum;
        let covariance = covariance.entries().to_vec();
        Self { model, log_likelihood, gradient_norm, newton_decrement: decrement, iterations, customers, covariance }
    }

    /// The parameters, each with standard error and interval.
    #[must_use]
    pub fn parameters(&self, confidence: Confidence) -> Vec<Parameter> {
        let values = self.model.parameters();
        let size = values.len();
        let parameter = |(at, (name, value)): (usize, (&'static str, f64))| {
            let deviation = self.covariance.get(at * (size + 1)).map_or(f64::INFINITY, |variance| variance.sqrt());
            Parameter::new(name, value, deviation, self.customers, confidence)
        };
        values.into_iter().enumerate().map(parameter).collect()
    }

    /// Akaike's information criterion, 2 k - 2 ln L for k parameters; less is better.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * (self.model.parameters().len() as f64 - self.log_likelihood)
    }

    /// Schwarz's (Bayesian) information criterion, k ln n - 2 ln L for n customers; less is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.model.parameters().len() as f64 * (self.customers as f64).ln() - 2.0 * self.log_likelihood
    }

    /// The standard error of any function of the model by the delta method: central differences of `answer` along the
    /// eigenvectors of the covariance.
    ///
    /// # Errors
    /// Those of `answer`.
    pub fn standard_error_of(&self, answer: impl Fn(&M) -> Result<f64, Error>) -> Result<f64, Error> {
        let logs: Vec<f64> = self.model.parameters().iter().map(|(_, value)| value.ln()).collect();
        let size = logs.len();
        let entry = |row: usize, column: usize| self.covariance.get(row * size + column).copied().unwrap_or_default();
        let mut variance = 0.0;
        for (eigenvalue, vector) in Matrix::from_fn(size, entry).spectrum() {
            let deviation = eigenvalue.max(0.0).sqrt();
            let step = (1e-4 * deviation).max(1e-7);
            let at = |sign: f64| {
                let moved: Vec<f64> =
                    logs.iter().zip(&vector).map(|(log, part)| (log + sign * step * part).exp()).collect();
                answer(&self.model.with_parameters(&moved)?)
            };
            variance += ((at(1.0)? - at(-1.0)?) / (2.0 * step) * deviation).powi(2);
        }
        Ok(variance.sqrt())
    }
}

/// The log-likelihood of one row with its derivatives by the parameters (not by their logarithms).
pub(super) trait Likelihood<const K: usize>: Sync {
    /// What is known of one customer.
    type Row: Copy + Sync;
    /// What can be worked out once for a set of parameters.
    type Point: Sync;

    fn at(&self, parameters: [f64; K]) -> Self::Point;

    fn jet(point: &Self::Point, row: &Self::Row) -> Jet<K>;
}

/// A distinct row and how many customers it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weighted<R> {
    pub(super) row: R,
    pub(super) weight: f64,
}

/// The result of a search.
#[derive(Debug, Clone)]
pub(super) struct Optimum {
    /// The logarithms of the parameters.
    pub(super) logs: Vec<f64>,
    pub(super) log_likelihood: f64,
    pub(super) gradient_norm: f64,
    pub(super) decrement: f64,
    pub(super) iterations: u32,
    /// Of the logarithms.
    pub(super) covariance: Matrix,
}

/// The log-likelihood of all rows with its derivatives by the parameters. The same bits for every number of threads.
pub(super) fn total<const K: usize, L: Likelihood<K>>(
    likelihood: &L,
    rows: &[Weighted<L::Row>],
    parameters: [f64; K],
) -> Jet<K> {
    let point = likelihood.at(parameters);
    let sums = in_chunks(rows, |rows| {
        let mut sum = Jet::default();
        for Weighted { row, weight } in rows {
            sum.add(&L::jet(&point, row), *weight);
        }
        sum
    });
    let mut whole = Jet::default();
    for sum in &sums {
        whole.add(sum, 1.0);
    }
    whole
}

/// What chunks of the rows give, in their order: the same for every number of threads.
pub(super) fn in_chunks<R: Sync, S: Send>(rows: &[R], chunk: impl Fn(&[R]) -> S + Sync + Send) -> Vec<S> {
    #[cfg(feature = "rayon")]
    {
        use rayon::prelude::*;
        rows.par_chunks(CHUNK).map(chunk).collect()
    }
    #[cfg(not(feature = "rayon"))]
    rows.chunks(CHUNK).map(chunk).collect()
}

/// Finds the maximum. `starts` are logarithms of parameters, times in the unit of the rows (about their mean age).
pub(super) fn climb<const K: usize, L: Likelihood<K>>(
    likelihood: &L,
    rows: &[Weighted<L::Row>],
    starts: &[[f64; K]],
    names: [&'static str; K],
    options: &FitOptions,
) -> Result<Optimum, Error> {
    let search = |rows: &[Weighted<L::Row>], start: &[f64], share: f64, decrement: f64| {
        let surface = |logs: &[f64]| penalised(likelihood, rows, logs, options.penalty * share);
        maximize(surface, start, options.limits(decrement))
    };
    let (trial, share) = sample(rows, TRIAL_ROWS);
    let mut tried: Vec<Top> = starts.iter().map(|start| search(&trial, start, share, 1e-3)).collect();
    tried.sort_by(|left, right| right.surface.value.total_cmp(&left.surface.value));
    // A sample may prefer another hill: then the others, once each, get their turn on all rows.
    tried.dedup_by(|later, earlier| same(later, earlier));
    let mut failure = None;
    for top in tried {
        let mut start = top.at.iter().map(|log| log.clamp(0.5 - BOUND, BOUND - 0.5)).collect::<Vec<_>>();
        let mut iterations = top.iterations;
        if rows.len() > SAMPLE_FROM {
            let (some, share) = sample(rows, SAMPLE_ROWS);
            let rough = search(&some, &start, share, 1e-6);
            if rough.ending == Ending::Converged {
                start = rough.at;
            }
            iterations += rough.iterations;
        }
        let top = search(rows, &start, 1.0, 1e-14);
        match verdict(&top, Names { parameters: &names, coefficients: &[] }) {
            Ok(()) => return Ok(optimum(top, iterations, options.penalty)),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    Err(failure.unwrap_or_else(|| Error::no_data("starting points")))
}

/// Whether two searches went up the same hill. Points of one ridge may be far apart along it.
fn same(left: &Top, right: &Top) -> bool {
    let mut apart: Vec<f64> = left.at.iter().zip(&right.at).map(|(x, y)| x - y).collect();
    if let Some((_, vector)) = right.spectrum.first().filter(|(curvature, _)| *curvature < 10.0 * FLAT) {
        let along: f64 = apart.iter().zip(vector).map(|(x, y)| x * y).sum();
        apart.iter_mut().zip(vector).for_each(|(x, part)| *x -= along * part);
    }
    apart.iter().all(|x| x.abs() < 0.3)
}

/// About `count` rows, evenly spread over the sorted ones, and their share of all.
fn sample<R: Copy>(rows: &[Weighted<R>], count: usize) -> (Vec<Weighted<R>>, f64) {
    let step = rows.len().div_ceil(count).max(1);
    let some: Vec<_> = rows.iter().skip(step / 2).step_by(step).copied().collect();
    let share = some.len() as f64 / rows.len().max(1) as f64;
    (some, share)
}

fn penalised<const K: usize, L: Likelihood<K>>(
    likelihood: &L,
    rows: &[Weighted<L::Row>],
    logs: &[f64],
    penalty: f64,
) -> Surface {
    let mut parameters = [0.0; K];
    parameters.iter_mut().zip(logs).for_each(|(parameter, log)| *parameter = log.exp());
    let jet = total(likelihood, rows, parameters).in_logs(parameters);
    let mut surface = Surface { value: jet.value, gradient: jet.gradient.to_vec(), hessian: jet.matrix() };
    for (at, (slope, log)) in surface.gradient.iter_mut().zip(logs).enumerate() {
        surface.value -= penalty * log * log;
        *slope -= 2.0 * penalty * log;
        surface.hessian.add(at, at, -2.0 * penalty);
    }
    surface
}

/// The names of the parameters of a model.
pub(super) fn names_of(model: &impl Model) -> Vec<&'static str> {
    model.parameters().into_iter().map(|(name, _)| name).collect()
}

/// How errors call what a search has moved: parameters, and coefficients if there are any after them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) parameters: &'a [&'a str],
    pub(super) coefficients: &'a [String],
}

/// Whether the end of a search is an answer, and in the words of the parameters why it is none.
pub(super) fn verdict(top: &Top, names: Names<'_>) -> Result<(), Error> {
    match top.ending {
        Ending::RanAway { coordinate } => {
            let most = top.at.get(coordinate).map_or(0.0, |log| log.abs());
            let leaving = names.leaving(&top.at, 0.5 * most);
            Err(Error::not_identified(format!("the likelihood keeps rising while {leaving}")))
        }
        Ending::Stalled if !top.surface.value.is_finite() => {
            Err(Error::not_converged("the likelihood is not finite at the start", u64::from(top.iterations)))
        }
        Ending::Flat => Err(Error::not_identified(names.ridge(top))),
        Ending::Converged => Ok(()),
        Ending::Stalled if drowned(top) => Err(Error::not_identified(names.ridge(top))),
        Ending::Stalled => Err(Error::not_converged("maximum of the likelihood", u64::from(top.iterations))),
    }
}

/// Whether rounding hides how little a direction curves: then nothing says how far along it one would have to go.
fn drowned(top: &Top) -> bool {
    let ends = top.spectrum.first().zip(top.spectrum.last());
    ends.is_some_and(|((weakest, _), (strongest, _))| weakest.abs() < DROWNED * strongest)
}

impl Names<'_> {
    /// Where a ridge leads.
    fn ridge(self, top: &Top) -> String {
        let Some(((_, vector), (_, slope))) = top.spectrum.first().zip(top.weakest()) else { return String::new() };
        // At a maximum there is no way up.
        if slope * slope < 1e-12 {
            let coefficients = self.coefficients.iter().map(String::as_str);
            let along = self.parameters.iter().copied().chain(coefficients).zip(vector);
            let along: Vec<&str> = along.filter(|(_, part)| part.abs() > 0.3).map(|(name, _)| name).collect();
            return format!("the likelihood is flat along a ridge of {}", along.join(", "));
        }
        let uphill: Vec<f64> = vector.iter().map(|part| part * slope.signum()).collect();
        format!("the likelihood keeps rising along a ridge where {}", self.leaving(&uphill, 0.3))
    }

    /// What goes where: the parts beyond a limit.
    fn leaving(self, parts: &[f64], limit: f64) -> String {
        let (logs, others) = parts.split_at(self.parameters.len().min(parts.len()));
        let parameters = |beyond: fn(f64, f64) -> bool| -> Vec<&str> {
            logs.iter().zip(self.parameters).filter(|(part, _)| beyond(**part, limit)).map(|(_, name)| *name).collect()
        };
        let coefficients = others.iter().zip(self.coefficients).filter(|(part, _)| part.abs() > limit);
        let groups = [
            (parameters(|part, limit| part > limit), "grows without bound", "grow without bound"),
            (parameters(|part, limit| part < -limit), "goes to 0", "go to 0"),
            (coefficients.map(|(_, name)| name.as_str()).collect(), "runs away from 0", "run away from 0"),
        ];
        let groups = groups.into_iter().filter(|(names, ..)| !names.is_empty());
        let told = groups
            .map(|(names, one, many)| format!("{} {}", names.join(" and "), if names.len() > 1 { many } else { one }));
        told.collect::<Vec<_>>().join(", and ")
    }
}

pub(super) fn optimum(top: Top, before: u32, penalty: f64) -> Optimum {
    let gradient_norm = top.surface.gradient.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
    let taken: f64 = top.at.iter().map(|log| penalty * log * log).sum();
    Optimum {
        log_likelihood: top.surface.value + taken,
        gradient_norm,
        decrement: top.decrement,
        iterations: before.saturating_add(top.iterations),
        covariance: top.covariance(),
        logs: top.at,
    }
}
