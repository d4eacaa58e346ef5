//! The coefficients that make the data most likely, or nearly so under a ridge: Newton's method, and what stands in its way.
//!
//! Steps come from the Cholesky factor of the information; where that would lose half the digits, from the triangle of a QR
//! decomposition of the weighted rows. On many rows the first steps are taken on a part of them.

use std::ops::Range;

use super::likelihood::{Curvature, Likelihood, Sums};
use crate::Error;
use crate::churn::separation::{self, Outcome};
use crate::numeric::ascent::{Obstacle, Stop, Summit, ascend, ascend_by};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::gram::{Lane, ROWS};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;
use crate::numeric::triangle::Triangle;

/// The gain that is left counts as none, relative to the log-likelihood: then the coefficients are right to rounding.
const DECREMENT: f64 = 1e-20;
/// The same where the factor comes from the rows: the rounding of the slopes shows earlier.
const ROUGH: f64 = 1e-12;
/// Below this share of itself that no earlier column has, the information keeps too few digits of a column.
const PIVOT: f64 = 1e-6;
/// Newton steps before it is asked whether the data are separated; without separation they have long arrived.
const SUSPICIOUS: u32 = 25;
/// Rows from which a part is fitted first, and what part of the rows that is.
const SOME: usize = 4_000;
const EIGHTH: usize = 8;
/// Rows from which a smaller part comes before that, and its rows; steps on all rows then first use a curvature that is at hand.
const MANY: usize = 100_000;
const FEW: usize = 10_000;

/// The top of a climb.
#[derive(Debug, Clone)]
pub(super) struct Peak {
    /// Of the standardised columns, intercept first.
    pub(super) at: Vec<f64>,
    /// The log-likelihood without what is taken away from it or added to it.
    pub(super) log_likelihood: f64,
    /// What was maximised.
    pub(super) objective: f64,
    /// Effective number of coefficients.
    pub(super) degrees: f64,
    /// Of the coefficients at `at`, where a penalty does not forbid one.
    pub(super) covariance: Option<Matrix>,
    pub(super) iterations: u32,
}

/// A likelihood with a ridge on the slopes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ridge<'a> {
    pub(super) likelihood: Likelihood<'a>,
    pub(super) strength: f64,
    pub(super) names: &'a [String],
}

impl Ridge<'_> {
    pub(super) fn climb(&self, start: Vec<f64>, iterations: u32) -> Result<Peak, Error> {
        let (start, before) = self.approach(start);
        let stop = Stop { decrement: DECREMENT, iterations: iterations.min(SUSPICIOUS), pivot: PIVOT };
        let summit = match ascend(|at| self.surface(at, Curvature::All, 1), &start, stop) {
            Ok(summit) => summit,
            Err(obstacle) => self.around(obstacle, iterations)?,
        };
        if !self.exists(&summit) {
            self.refuse_separation()?;
        }
        Ok(self.peak(&summit, before))
    }

    /// Of every `stride`-th block of rows.
    fn surface(&self, at: &[f64], curvature: Curvature, stride: usize) -> Surface {
        let Sums { value, gradient, information } = self.likelihood.over(at, curvature, stride);
        let hessian = Matrix::from_fn(information.size(), |row, column| {
            let ridge = if row == column { self.pull(row) } else { 0.0 };
            -(information.get(row, column) + ridge)
        });
        let slope = |(place, (slope, value)): (usize, (f64, &f64))| slope - self.pull(place) * value;
        let taken: f64 = at.iter().enumerate().map(|(place, value)| 0.5 * self.pull(place) * value * value).sum();
        Surface {
            value: value - taken,
            gradient: gradient.into_iter().zip(at).enumerate().map(slope).collect(),
            hessian,
        }
    }

    /// The strength of the ridge on a coefficient; the intercept is free.
    fn pull(&self, place: usize) -> f64 {
        if place == 0 { 0.0 } else { self.strength }
    }

    /// On many rows: a start near the top, by steps on parts of the rows and three more on all of them, of which two use a
    /// curvature that is at hand. What goes wrong here shows later; then the start stays as it is.
    fn approach(&self, start: Vec<f64>) -> (Vec<f64>, u32) {
        let rows = self.likelihood.design.rows();
        if rows < SOME {
            return (start, 0);
        }
        let few = if rows < MANY { None } else { self.of_part(&start, rows / FEW) };
        let few = few.as_ref().map_or(&start, |(at, _)| at);
        let Some((at, curvature)) = self.of_part(few, EIGHTH) else { return (start, 0) };
        if rows < MANY {
            return (at, 0);
        }
        let blocks = self.likelihood.design.blocks();
        let share = blocks.div_ceil(EIGHTH) as f64 / blocks as f64;
        let step = |at: &[f64], curvature: &Cholesky, gradient: &[f64], length: f64| -> Vec<f64> {
            at.iter().zip(curvature.solve(gradient)).map(|(value, step)| value + length * step).collect()
        };
        let slopes = |at: &[f64]| self.surface(at, Curvature::Nothing, 1).gradient;
        let near = step(&at, &curvature, &slopes(&at), share);
        let Surface { gradient, hessian, .. } = self.surface(&near, Curvature::All, 1);
        let Ok(curvature) = Cholesky::new(&negative(&hessian), PIVOT) else { return (start, 0) };
        let nearer = step(&near, &curvature, &gradient, 1.0);
        (step(&nearer, &curvature, &slopes(&nearer), 1.0), 3)
    }

    /// About the top for every `stride`-th block, the ridge being as strong as for all, and the curvature there.
    ///
    /// The top of a part is as far from that of all, in units of its own curvature, as it has coefficients; a tenth of that is near.
    fn of_part(&self, start: &[f64], stride: usize) -> Option<(Vec<f64>, Cholesky)> {
        let near = 0.1 * start.len() as f64 * stride as f64 / self.likelihood.design.rows() as f64;
        let stop = Stop { decrement: near, iterations: 12, pivot: PIVOT };
        let top = ascend(|at| self.surface(at, Curvature::All, stride), start, stop).ok()?;
        let step = top.curvature.solve(&top.surface.gradient);
        Some((top.at.iter().zip(&step).map(|(value, step)| value + step).collect(), top.curvature))
    }

    /// The same climb by QR, once it is known that there is a top.
    fn around(&self, obstacle: Obstacle, iterations: u32) -> Result<Summit, Error> {
        let (at, taken) = match obstacle {
            Obstacle::Flat { at, iterations, .. } | Obstacle::Endless { at, iterations, .. } => (at, iterations),
        };
        self.refuse_dependence()?;
        if taken > 0 {
            self.refuse_separation()?;
        }
        let factor = |at: &[f64], _: &Surface| {
            let triangle = self.triangle(|rows, lanes| self.likelihood.terms(rows, at, lanes).curvatures);
            let dependent = triangle.dependent(|_| f64::EPSILON);
            if dependent.is_empty() { Ok(triangle.factor()) } else { Err(dependent) }
        };
        let surface = |at: &[f64]| self.surface(at, Curvature::All, 1);
        let climb = |at: &[f64], decrement: f64| {
            ascend_by(surface, factor, at, Stop { decrement, iterations, pivot: PIVOT }).map_err(|obstacle| {
                let (Obstacle::Flat { iterations, .. } | Obstacle::Endless { iterations, .. }) = obstacle;
                let error = Error::not_converged("maximum of the likelihood", u64::from(taken + iterations));
                self.refuse_separation().err().unwrap_or(error)
            })
        };
        let near = climb(&at, ROUGH)?;
        // One more step, which rounding no longer judges, and the curvature there.
        let step = near.curvature.solve(&near.surface.gradient);
        let at: Vec<f64> = near.at.iter().zip(&step).map(|(value, step)| value + step).collect();
        let top = climb(&at, f64::INFINITY)?;
        Ok(Summit { iterations: taken + near.iterations + 1, ..top })
    }

    /// R of the rows times the roots of their weights, with the ridge.
    fn triangle(&self, weights: impl Fn(Range<usize>, &[Lane]) -> Lane) -> Triangle {
        let design = self.likelihood.design;
        let mut triangle = Triangle::new(design.width());
        let blocks: Vec<usize> = (0..design.blocks()).collect();
        design.each_block(&blocks, |rows, lanes| {
            let roots = weights(rows, lanes).map(f64::sqrt);
            for lane in &mut *lanes {
                lane.iter_mut().zip(&roots).for_each(|(value, root)| *value *= root);
            }
            triangle.absorb(lanes);
        });
        if self.strength > 0.0 {
            let roots: Vec<f64> = (0..design.width()).map(|place| self.pull(place).sqrt()).collect();
            triangle.absorb_diagonal(&roots);
        }
        triangle
    }

    /// # Errors
    /// Not identified, where columns are linear combinations of those before them, up to the rounding of their values.
    pub(super) fn refuse_dependence(&self) -> Result<(), Error> {
        if self.strength > 0.0 {
            return Ok(());
        }
        let design = self.likelihood.design;
        let triangle = self.triangle(|_, _| [1.0; ROWS]);
        // A column far from 0 in units of its spread has been rounded to that many fewer digits.
        let rounding = |place: usize| {
            let [mean, deviation, reach] =
                [&design.means, &design.deviations, &design.reach].map(|of| of.get(place).copied());
            let size = mean.unwrap_or_default().abs() / deviation.unwrap_or(1.0) + reach.unwrap_or_default();
            size * f64::EPSILON
        };
        let worst = (0..self.names.len()).map(rounding).fold(0.0, f64::max);
        let dependent = triangle.dependent(|_| 1e-11 + 4.0 * worst);
        if dependent.is_empty() {
            return Ok(());
        }
        let name = |place: usize| self.names.get(place.checked_sub(1)?).cloned();
        Err(Error::collinear(dependent.into_iter().filter_map(name).collect()))
    }

    /// # Errors
    /// Separated, with the columns, where the data are.
    fn refuse_separation(&self) -> Result<(), Error> {
        if self.strength > 0.0 {
            return Ok(());
        }
        match separation::separating(&self.likelihood) {
            None => Ok(()),
            Some(places) => {
                let name = |place: usize| self.names.get(place.checked_sub(1)?).cloned();
                Err(Error::separated(places.into_iter().filter_map(name).collect()))
            }
        }
    }

    /// Whether a maximum near the summit is certain.
    fn exists(&self, summit: &Summit) -> bool {
        let reach = [&[1.0][..], &self.likelihood.design.reach].concat();
        self.strength > 0.0 || separation::has_maximum(&summit.curvature.inverse(), &reach, summit.decrement)
    }

    /// With the last step, which the curvature at the summit already knows.
    fn peak(&self, summit: &Summit, before: u32) -> Peak {
        let step = summit.curvature.solve(&summit.surface.gradient);
        let at: Vec<f64> = summit.at.iter().zip(&step).map(|(value, step)| value + step).collect();
        let objective = summit.surface.value + 0.5 * summit.decrement;
        let taken: f64 = at.iter().enumerate().map(|(place, value)| 0.5 * self.pull(place) * value * value).sum();
        let inverse = summit.curvature.inverse();
        let shrunk: f64 = (0..at.len()).map(|place| self.pull(place) * inverse.get(place, place)).sum();
        Peak {
            log_likelihood: objective + taken,
            objective,
            degrees: at.len() as f64 - shrunk,
            covariance: (self.strength == 0.0).then_some(inverse),
            iterations: before + summit.iterations,
            at,
        }
    }
}

fn negative(matrix: &Matrix) -> Matrix {
    Matrix::from_fn(matrix.size(), |row, column| -matrix.get(row, column))
}

impl Outcome for Likelihood<'_> {
    fn width(&self) -> usize {
        self.design.width()
    }

    fn intercepts(&self) -> usize {
        1
    }

    fn scan(&self, visit: &mut dyn FnMut(bool, &[f64])) {
        let happened = self.outcomes.happened();
        self.design.each_row(|row, values| {
            happened.get(row).into_iter().for_each(|&happened| visit(happened, values));
        });
    }
}
