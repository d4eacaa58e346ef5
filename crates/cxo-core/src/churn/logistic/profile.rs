//! Intervals from the likelihood itself: how far a coefficient can be moved, all others following, before the data object.

use super::firth;
use super::fit::Problem;
use super::likelihood::{Curvature, Likelihood, Sums};
use super::model::Logistic;
use super::outcomes::Outcomes;
use super::penalty::Kind;
use crate::churn::Features;
use crate::churn::design::INTERCEPT;
use crate::numeric::ascent::{Stop, ascend};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;
use crate::numeric::normal;
use crate::{Confidence, Error, Interval, Method};

/// What the likelihood says of one coefficient.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Profile {
    /// The column; `(intercept)` for the intercept.
    pub name: String,
    /// The coefficient.
    pub value: f64,
    /// Where the likelihood ratio reaches the chi-square quantile of the confidence.
    pub interval: Interval,
    /// The signed root of the likelihood ratio of this coefficient against 0.
    pub statistic: f64,
    /// Two-sided probability of such a statistic if the coefficient is 0: the likelihood ratio test.
    pub p_value: f64,
}

/// The best point with some coordinates fixed.
pub(super) struct Constrained {
    pub(super) at: Vec<f64>,
    pub(super) value: f64,
    gradient: Vec<f64>,
}

/// Climbs with the `fixed` coordinates as they are in `start`.
pub(super) fn constrained(
    surface: impl Fn(&[f64]) -> Surface,
    start: &[f64],
    fixed: &[usize],
) -> Result<Constrained, Error> {
    let free: Vec<usize> = (0..start.len()).filter(|place| !fixed.contains(place)).collect();
    let whole = |some: &[f64]| {
        let mut at = start.to_vec();
        for (&place, value) in free.iter().zip(some) {
            at.iter_mut().skip(place).take(1).for_each(|to| *to = *value);
        }
        at
    };
    let pick = |of: &[f64]| -> Vec<f64> { free.iter().filter_map(|&place| of.get(place).copied()).collect() };
    let restricted = |some: &[f64]| {
        let Surface { value, gradient, hessian } = surface(&whole(some));
        let entry = |row: usize, column: usize| {
            free.get(row).zip(free.get(column)).map_or(0.0, |(&row, &column)| hessian.get(row, column))
        };
        Surface { value, gradient: pick(&gradient), hessian: Matrix::from_fn(free.len(), entry) }
    };
    let stop = Stop { decrement: 1e-18, iterations: 500, pivot: 1e-13 };
    let top = ascend(restricted, &pick(start), stop).map_err(|obstacle| firth::failed(&obstacle))?;
    let at = whole(&top.at);
    let Surface { value, gradient, .. } = surface(&at);
    Ok(Constrained { at, value, gradient })
}

/// The (penalised) likelihood around its top.
struct Hill<'a> {
    likelihood: Likelihood<'a>,
    firth: bool,
    top: Vec<f64>,
    height: f64,
    /// Of the coefficients at the top.
    covariance: Matrix,
}

impl<'a> Hill<'a> {
    fn new(likelihood: Likelihood<'a>, firth: bool, top: Vec<f64>) -> Result<Self, Error> {
        let information = likelihood.at(&top, Curvature::All).information;
        let factor = Cholesky::new(&information, 0.0);
        let covariance = factor.map_err(|_| Error::not_converged("profile of the likelihood", 0))?.inverse();
        let mut hill = Self { likelihood, firth, top, height: 0.0, covariance };
        hill.height = hill.surface(&hill.top).value;
        Ok(hill)
    }

    fn surface(&self, at: &[f64]) -> Surface {
        if self.firth {
            return firth::surface(&self.likelihood, at);
        }
        let Sums { value, gradient, information } = self.likelihood.at(at, Curvature::All);
        let hessian = Matrix::from_fn(at.len(), |row, column| -information.get(row, column));
        Surface { value, gradient, hessian }
    }

    fn top_of(&self, place: usize) -> f64 {
        self.top.get(place).copied().unwrap_or_default()
    }

    /// The best point with a coordinate at `value`, from one that is near; and the signed root of the likelihood ratio there.
    fn at(&self, place: usize, value: f64, near: &[f64]) -> Result<(f64, Constrained), Error> {
        let moved = value - near.get(place).copied().unwrap_or_default();
        let own = self.covariance.get(place, place);
        let start: Vec<f64> = near
            .iter()
            .enumerate()
            .map(|(at, from)| if at == place { value } else { from + moved * self.covariance.get(at, place) / own })
            .collect();
        let found = constrained(|at| self.surface(at), &start, &[place])?;
        let root = (2.0 * (self.height - found.value)).max(0.0).sqrt();
        Ok((root.copysign(value - self.top_of(place)), found))
    }

    /// Where the signed root of the likelihood ratio is `target`: by Newton's method, whose slope the profile gives away, kept
    /// between what is known to be too near and too far.
    fn limit(&self, place: usize, target: f64) -> Result<f64, Error> {
        const STEPS: u64 = 100;
        let (top, error) = (self.top_of(place), self.covariance.get(place, place).sqrt());
        let (mut near, mut far) = (0.0, f64::INFINITY);
        let mut reach = target.abs() * error;
        let mut from = self.top.clone();
        let tolerance = (1e-10 * target.abs()).max(1e-14 * self.height.abs());
        for _ in 0..STEPS {
            let value = top + reach.copysign(target);
            let (root, found) = self.at(place, value, &from)?;
            let short = target.abs() - root.abs();
            if short.abs() <= tolerance {
                return Ok(value);
            }
            if short > 0.0 {
                near = reach;
            } else {
                far = reach;
            }
            // d root / d value = - slope of the profile / root.
            let slope = found.gradient.get(place).copied().unwrap_or_default().abs() / root.abs();
            let next = reach + short / slope;
            let inside = next > near && next < far && next < 4.0 * reach;
            reach = match (inside, far.is_finite()) {
                (true, _) => next,
                (false, true) => 0.5 * (near + far),
                (false, false) => 2.0 * reach,
            };
            from = found.at;
            if far.is_finite() && far - near <= 4.0 * f64::EPSILON * (top.abs() + far) {
                return Ok(top + reach.copysign(target));
            }
        }
        Err(Error::not_converged("profile of the likelihood", STEPS))
    }

    fn profile(&self, name: &str, place: usize, scale: f64, confidence: Confidence) -> Result<Profile, Error> {
        let z = normal::quantile(0.5 * (1.0 + confidence.level()));
        let (lower, upper) = (self.limit(place, -z)? * scale, self.limit(place, z)? * scale);
        let (root, _) = self.at(place, 0.0, &self.top)?;
        Ok(Profile {
            name: name.to_owned(),
            value: self.top_of(place) * scale,
            interval: Interval::new(lower, upper, confidence, Method::ProfileLikelihood)?,
            statistic: -root,
            p_value: normal::two_sided_p(root),
        })
    }
}

/// Of every coefficient, intercept first.
pub(super) fn profiles(
    model: &Logistic,
    features: &Features,
    outcomes: &Outcomes,
    confidence: Confidence,
) -> Result<Vec<Profile>, Error> {
    let firth = match model.penalty().kind() {
        Kind::None => false,
        Kind::Firth => true,
        Kind::ElasticNet { .. } => return Err(Error::incompatible("the likelihood of a penalised fit has no profile")),
    };
    if model.names() != features.names() || model.observations() != outcomes.rows() as u64 {
        return Err(Error::incompatible("the rows are not those of the fit"));
    }
    let problem = Problem::new(features, outcomes)?;
    let scaled: Vec<f64> = model.slopes().iter().zip(&problem.design.deviations).map(|(b, s)| b * s).collect();
    let point = |intercept: f64| [&[intercept][..], &scaled].concat();
    let uncentred = problem.design.uncentred();
    let raw = Hill::new(Likelihood { design: &uncentred, outcomes }, firth, point(model.intercept()))?;
    let mut profiles = vec![raw.profile(INTERCEPT, 0, 1.0, confidence)?];
    let centred = Hill::new(problem.likelihood(), firth, point(model.base()))?;
    for (column, (name, deviation)) in model.names().iter().zip(&problem.design.deviations).enumerate() {
        profiles.push(centred.profile(name, column + 1, 1.0 / deviation, confidence)?);
    }
    Ok(profiles)
}
