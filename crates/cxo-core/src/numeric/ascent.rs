//! Newton's method for a concave log-likelihood of many coefficients: full steps by Cholesky, halved while the value falls.
//!
//! Where [`newton`](super::newton) looks for ridges and saddles of a few parameters, this climbs the one hill of a regression
//! (logistic, proportional hazards), whose only troubles are columns that repeat others and a top at infinity.

use super::cholesky::Cholesky;
use super::matrix::Matrix;
use super::newton::Surface;

/// The shortest part of a step. Where a step has led to a place that is all but flat, the next may be of any length.
const SHORTEST: f64 = 1e-30;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// The Newton decrement g' (-H)⁻¹ g that counts as converged, relative to 1 + |value|.
    pub(crate) decrement: f64,
    /// Newton steps.
    pub(crate) iterations: u32,
    /// A pivot of -H below this share of its diagonal entry is a column that repeats others.
    pub(crate) pivot: f64,
}

/// The top and what the curvature there says.
#[derive(Debug, Clone)]
pub(crate) struct Summit {
    pub(crate) at: Vec<f64>,
    pub(crate) surface: Surface,
    /// Of minus the Hessian: its inverse is the covariance of the estimates.
    pub(crate) curvature: Cholesky,
    pub(crate) decrement: f64,
    pub(crate) iterations: u32,
}

/// Why there is no top to be seen.
#[derive(Debug, Clone)]
pub(crate) enum Obstacle {
    /// At `at` these coordinates have no curvature of their own: collinear columns, or a likelihood that has flattened out
    /// on the way to infinity (then `iterations` is above 0).
    Flat { coordinates: Vec<usize>, at: Vec<f64>, iterations: u32 },
    /// The steps ran out, still climbing; `step` is the one that would have come next.
    Endless { at: Vec<f64>, step: Vec<f64>, iterations: u32 },
}

/// Climbs from `start`. A point where the value is not finite is a step too far.
///
/// The value never falls from one step to the next, but for its rounding near the top.
pub(crate) fn ascend(surface: impl FnMut(&[f64]) -> Surface, start: &[f64], stop: Stop) -> Result<Summit, Obstacle> {
    let factor = |_: &[f64], surface: &Surface| {
        let negative = Matrix::from_fn(surface.gradient.len(), |row, column| -surface.hessian.get(row, column));
        Cholesky::new(&negative, stop.pivot)
    };
    ascend_by(surface, factor, start, stop)
}

/// The same where `factor` finds the factor of minus the Hessian at a point, or the coordinates that keep it from being one.
pub(crate) fn ascend_by(
    mut surface: impl FnMut(&[f64]) -> Surface,
    mut factor: impl FnMut(&[f64], &Surface) -> Result<Cholesky, Vec<usize>>,
    start: &[f64],
    stop: Stop,
) -> Result<Summit, Obstacle> {
    let mut at = start.to_vec();
    let mut here = surface(&at);
    let mut iterations = 0;
    loop {
        let curvature = match factor(&at, &here) {
            Ok(curvature) => curvature,
            Err(coordinates) => return Err(Obstacle::Flat { coordinates, at, iterations }),
        };
        let step = curvature.solve(&here.gradient);
        let decrement: f64 = step.iter().zip(&here.gradient).map(|(by, slope)| by * slope).sum();
        if decrement <= stop.decrement * (1.0 + here.value.abs()) {
            return Ok(Summit { at, surface: here, curvature, decrement, iterations });
        }
        if iterations == stop.iterations {
            return Err(Obstacle::Endless { at, step, iterations });
        }
        iterations += 1;
        let noise = 1e-14 * here.value.abs();
        let mut length = 1.0;
        let (there, found) = loop {
            let there: Vec<f64> = at.iter().zip(&step).map(|(from, by)| from + length * by).collect();
            let found = surface(&there);
            if found.value.is_finite() && found.value >= here.value - noise {
                break (there, found);
            }
            length *= 0.5;
            if length < SHORTEST {
                return Err(Obstacle::Endless { at, step, iterations });
            }
        };
        (at, here) = (there, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Stop = Stop { decrement: 1e-20, iterations: 50, pivot: 1e-12 };

    /// A concave hill whose full Newton step from far away overshoots: -ln cosh(x - 3).
    fn hill(at: &[f64]) -> Surface {
        let tangent = (at[0] - 3.0).tanh();
        let hessian = Matrix::from_fn(1, |_, _| tangent * tangent - 1.0);
        Surface { value: -(at[0] - 3.0).cosh().ln(), gradient: vec![-tangent], hessian }
    }

    #[test]
    fn halves_steps_that_fall() {
        let mut values = Vec::new();
        let watched = |at: &[f64]| {
            values.push(hill(at).value);
            hill(at)
        };
        let top = ascend(watched, &[0.0], STOP).unwrap();
        assert!((top.at[0] - 3.0).abs() < 1e-10);
        assert!(values.len() > top.iterations as usize + 1, "a step was halved");
    }

    #[test]
    fn sees_what_has_no_top() {
        // A likelihood that grows for ever: -ln(1 + e^-x).
        let endless = |at: &[f64]| {
            let fall = 1.0 / (1.0 + at[0].exp());
            let hessian = Matrix::from_fn(1, |_, _| -fall * (1.0 - fall));
            Surface { value: -(-at[0]).exp().ln_1p(), gradient: vec![fall], hessian }
        };
        let Err(Obstacle::Endless { step, .. }) = ascend(endless, &[0.0], Stop { iterations: 20, ..STOP }) else {
            panic!("there is no top");
        };
        assert!(step[0] > 0.5);
        let flat = |_: &[f64]| Surface { value: 0.0, gradient: vec![0.0; 2], hessian: Matrix::zeros(2) };
        assert!(
            matches!(ascend(flat, &[0.0; 2], STOP), Err(Obstacle::Flat { coordinates, .. }) if coordinates == [0, 1])
        );
    }
}
