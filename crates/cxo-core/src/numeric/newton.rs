//! Newton's method for the few parameters of a likelihood, with a trust radius and with what it learns about identification.
//!
//! Steps follow the eigenvectors of the Hessian, so that a saddle is left along the direction that climbs and a ridge is
//! seen as what it is: a direction without curvature.

use super::matrix::{Matrix, Spectrum};

/// A function and its derivatives at one point.
#[derive(Debug, Clone)]
pub(crate) struct Surface {
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
    pub(crate) hessian: Matrix,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The Newton decrement g' (-H)⁻¹ g that counts as converged; half of it is what one more step would gain.
    pub(crate) decrement: f64,
    /// Steps, those taken back included.
    pub(crate) iterations: u32,
    /// A coordinate beyond this has run away.
    pub(crate) bound: f64,
    /// A direction with less curvature than this determines nothing, if no step gains more than this either.
    pub(crate) flat: f64,
}

/// Where the search ended.
#[derive(Debug, Clone)]
pub(crate) struct Top {
    pub(crate) at: Vec<f64>,
    pub(crate) surface: Surface,
    pub(crate) decrement: f64,
    pub(crate) iterations: u32,
    pub(crate) ending: Ending,
    /// Of minus the Hessian, in ascending order.
    pub(crate) spectrum: Spectrum,
}

/// How the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// At a maximum.
    Converged,
    /// On a ridge: along the first direction of the spectrum next to nothing is left to gain, however far one goes.
    Flat,
    /// This coordinate grew beyond the bound.
    RanAway { coordinate: usize },
    /// Too many steps, or no step that climbs.
    Stalled,
}

impl Top {
    /// The curvature downwards and the slope along the first direction of the spectrum.
    pub(crate) fn weakest(&self) -> Option<(f64, f64)> {
        self.spectrum.first().map(|(value, vector)| (*value, dot(vector, &self.surface.gradient)))
    }

    /// The inverse of minus the Hessian: the covariance of the estimates. Only of use after convergence.
    pub(crate) fn covariance(&self) -> Matrix {
        Matrix::from_fn(self.at.len(), |row, column| {
            self.spectrum.iter().map(|(value, vector)| vector[row] * vector[column] / value).sum()
        })
    }
}

/// Climbs from `start`. A point where the function is not finite is a step too far.
pub(crate) fn maximize(mut surface: impl FnMut(&[f64]) -> Surface, start: &[f64], limits: Limits) -> Top {
    let mut top = Top {
        at: start.to_vec(),
        surface: surface(start),
        decrement: f64::INFINITY,
        iterations: 0,
        ending: Ending::Stalled,
        spectrum: Vec::new(),
    };
    let mut radius = 1.0;
    let mut newton_step = 0.0;
    survey(&mut top);
    while top.surface.value.is_finite() && top.iterations < limits.iterations {
        let flat = top.weakest().is_some_and(|(curvature, _)| (0.0..limits.flat).contains(&curvature));
        if flat && top.decrement < limits.flat {
            top.ending = Ending::Flat;
            break;
        }
        if top.decrement <= limits.decrement {
            top.ending = Ending::Converged;
            break;
        }
        if let Some(coordinate) = top.at.iter().position(|value| value.abs() > limits.bound) {
            top.ending = Ending::RanAway { coordinate };
            break;
        }
        top.iterations += 1;
        let (step, gain) = step(&top, radius);
        let length = norm(&step);
        let there: Vec<f64> = top.at.iter().zip(&step).map(|(from, by)| from + by).collect();
        let candidate = surface(&there);
        let climbed = candidate.value - top.surface.value;
        // Near the top the gain drowns in the rounding of the value: there the gradient decides.
        let noise = 1e-13 * top.surface.value.abs() + f64::MIN_POSITIVE;
        let better =
            if gain > noise { climbed > 0.1 * gain } else { norm(&candidate.gradient) < norm(&top.surface.gradient) };
        if candidate.value.is_finite() && better {
            (top.at, top.surface) = (there, candidate);
            survey(&mut top);
            // Which way is up along an eigenvector is a matter of its sign.
            let along = top.weakest().filter(|(curvature, _)| *curvature > 0.0);
            let last = std::mem::replace(&mut newton_step, along.map_or(0.0, |(value, slope)| slope.abs() / value));
            if endless([last, newton_step], top.decrement, limits.flat) {
                top.ending = Ending::Flat;
                break;
            }
            radius = if climbed > 0.7 * gain { f64::max(radius, 2.0 * length).min(8.0) } else { radius };
        } else {
            radius = 0.25 * length.min(radius);
            if radius < 1e-12 {
                break;
            }
        }
    }
    top
}

/// Whether Newton's steps along the weakest direction lead to no top. Where what is left to gain falls off like e^-t, each is as
/// long as the last, for ever, and a curvature of next to nothing would be reached only where it drowns in rounding. A term e^t
/// that ends the climb shows in how the steps change, and so does about how much the top would curve.
fn endless([last, step]: [f64; 2], decrement: f64, flat: f64) -> bool {
    let change = (step - last).abs();
    decrement < 100.0 * flat && last > 0.9 && change < 0.05 && decrement * change.sqrt() < 2.0 * flat
}

/// Looks around: curvature and decrement. Infinite where a direction does not curve down.
fn survey(top: &mut Top) {
    let size = top.at.len();
    let negative = Matrix::from_fn(size, |row, column| -top.surface.hessian.get(row, column));
    top.spectrum =
        if negative.entries().iter().all(|entry| entry.is_finite()) { negative.spectrum() } else { Vec::new() };
    let curved = !top.spectrum.is_empty() && top.spectrum.iter().all(|(value, _)| *value > 0.0);
    let slope = |vector: &[f64]| dot(vector, &top.surface.gradient);
    top.decrement = if curved {
        top.spectrum.iter().map(|(value, vector)| slope(vector).powi(2) / value).sum()
    } else {
        f64::INFINITY
    };
}

/// The step within the radius and the gain that the quadratic model expects of it.
fn step(top: &Top, radius: f64) -> (Vec<f64>, f64) {
    let greatest = top.spectrum.last().map_or(1.0, |(value, _)| value.abs()).max(f64::MIN_POSITIVE);
    let mut step = vec![0.0; top.at.len()];
    for (value, vector) in &top.spectrum {
        let along = dot(vector, &top.surface.gradient) / value.abs().max(1e-14 * greatest);
        // Each direction has its own limit, so that a ridge does not slow down the others.
        let along = along.clamp(-radius, radius);
        step.iter_mut().zip(vector).for_each(|(sum, part)| *sum += along * part);
    }
    let length = norm(&step);
    if length > radius {
        step.iter_mut().for_each(|part| *part *= radius / length);
    }
    let gain = dot(&step, &top.surface.gradient) + 0.5 * top.surface.hessian.form(&step, &step);
    (step, gain)
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| x * y).sum()
}

fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { decrement: 1e-20, iterations: 200, bound: 20.0, flat: 0.0 };

    /// Minus Rosenbrock's valley.
    fn valley(at: &[f64]) -> Surface {
        let (x, y) = (at[0], at[1]);
        let mut hessian = Matrix::zeros(2);
        hessian.add(0, 0, -(2.0 - 400.0 * (y - 3.0 * x * x)));
        hessian.add(0, 1, 400.0 * x);
        hessian.add(1, 0, 400.0 * x);
        hessian.add(1, 1, -200.0);
        Surface {
            value: -((1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)),
            gradient: vec![2.0 * (1.0 - x) + 400.0 * x * (y - x * x), -200.0 * (y - x * x)],
            hessian,
        }
    }

    #[test]
    fn climbs_out_of_a_curved_valley() {
        let top = maximize(valley, &[-1.2, 1.0], LIMITS);
        assert_eq!(top.ending, Ending::Converged);
        assert!(top.at.iter().all(|value| (value - 1.0).abs() < 1e-9), "{:?}", top.at);
        // Half the inverse of [[401, -200], [-200, 100]].
        assert!((top.covariance().get(0, 0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn names_the_coordinate_that_runs_away_and_knows_a_ridge_before_that() {
        let slope = |at: &[f64]| {
            let fall = (-at[1]).exp();
            let mut hessian = Matrix::zeros(2);
            hessian.add(0, 0, -2.0);
            hessian.add(1, 1, -fall);
            Surface { value: -at[0] * at[0] - fall, gradient: vec![-2.0 * at[0], fall], hessian }
        };
        let top = maximize(slope, &[1.0, 0.0], LIMITS);
        assert_eq!(top.ending, Ending::RanAway { coordinate: 1 });
        let top = maximize(slope, &[1.0, 0.0], Limits { flat: 1e-3, ..LIMITS });
        assert_eq!(top.ending, Ending::Flat);
        assert!(top.at[1] < 9.0, "{:?}", top.at);
    }
}
