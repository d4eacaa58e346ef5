//! Firth's penalised likelihood: the log-likelihood plus half the logarithm of the determinant of the information.
//!
//! Its slope is that of the log-likelihood with y - π replaced by y - π + h (1/2 - π), h being the diagonal of the hat matrix
//! (Heinze and Schemper 2002). It has a maximum where the likelihood itself has none.

use super::climb::{Peak, Ridge};
use super::likelihood::{Curvature, Likelihood, Sums};
use crate::Error;
use crate::numeric::ascent::{Obstacle, Stop, ascend};
use crate::numeric::cholesky::Cholesky;
use crate::numeric::gram::{Gram, Lane, ROWS, project};
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;

/// A pivot of the information below this share of its diagonal entry is a column that repeats others.
const PIVOT: f64 = 1e-13;
/// The gain that is left counts as none, relative to the objective. Steps converge linearly, so that it is reached from above.
const DECREMENT: f64 = 1e-22;

/// Climbs from `start`.
pub(super) fn climb(ridge: &Ridge, start: &[f64], iterations: u32) -> Result<Peak, Error> {
    ridge.refuse_dependence()?;
    let likelihood = &ridge.likelihood;
    let stop = Stop { decrement: DECREMENT, iterations, pivot: PIVOT };
    let summit = ascend(|at| surface(likelihood, at), start, stop).map_err(|obstacle| failed(&obstacle))?;
    let Sums { value, information, .. } = likelihood.at(&summit.at, Curvature::All);
    let factor = Cholesky::new(&information, PIVOT)
        .map_err(|_| Error::not_converged("Firth's penalty", u64::from(summit.iterations)))?;
    Ok(Peak {
        degrees: summit.at.len() as f64,
        log_likelihood: value,
        objective: summit.surface.value,
        covariance: Some(factor.inverse()),
        iterations: summit.iterations,
        at: summit.at,
    })
}

pub(super) fn failed(obstacle: &Obstacle) -> Error {
    let (Obstacle::Flat { iterations, .. } | Obstacle::Endless { iterations, .. }) = obstacle;
    Error::not_converged("maximum of the penalised likelihood", u64::from(*iterations))
}

/// The penalised log-likelihood with its slope and, for the steps, the information with the weights raised by the hat values,
/// which is nearer to its curvature than the information alone. Not finite where the information is singular.
pub(super) fn surface(likelihood: &Likelihood, at: &[f64]) -> Surface {
    let design = likelihood.design;
    let Sums { value, mut gradient, information } = likelihood.at(at, Curvature::All);
    let Ok(factor) = Cholesky::new(&information, PIVOT) else {
        return Surface { value: f64::NEG_INFINITY, gradient, hessian: information };
    };
    let parts = design.in_chunks(1, |blocks| {
        let (mut slopes, mut gram) = (vec![0.0; at.len()], Gram::new(at.len()));
        design.each_block(blocks, |rows, lanes| {
            let terms = likelihood.terms(rows, at, lanes);
            let hats = hats(&factor, lanes, &terms.curvatures);
            // Padding has hat values of 0.
            let extra: Lane = std::array::from_fn(|row| -hats[row] * terms.excess[row]);
            // π (1 - π), without the weight of the row.
            let weights: Lane =
                std::array::from_fn(|row| terms.curvatures[row] + hats[row] * (0.25 - terms.excess[row].powi(2)));
            project(lanes, &extra, &mut slopes);
            gram.add(lanes, &weights);
        });
        (slopes, gram)
    });
    let mut gram = Gram::new(at.len());
    for (slopes, products) in &parts {
        gradient.iter_mut().zip(slopes).for_each(|(sum, slope)| *sum += slope);
        gram.merge(products);
    }
    let raised = gram.matrix();
    let hessian = Matrix::from_fn(at.len(), |row, column| -raised.get(row, column));
    Surface { value: value + 0.5 * factor.ln_determinant(), gradient, hessian }
}

/// The hat values of a block: weight × x' I⁻¹ x, by forward substitution with all rows at once.
fn hats(factor: &Cholesky, lanes: &[Lane], weights: &Lane) -> Lane {
    let mut solved: Vec<Lane> = Vec::with_capacity(lanes.len());
    let mut hats = [0.0; ROWS];
    for (row, lane) in lanes.iter().enumerate() {
        let mut rest = *lane;
        for (column, earlier) in solved.iter().enumerate() {
            let entry = factor.entry(row, column);
            rest.iter_mut().zip(earlier).for_each(|(value, part)| *value -= entry * part);
        }
        let rate = 1.0 / factor.entry(row, row);
        for (value, hat) in rest.iter_mut().zip(&mut hats) {
            *value *= rate;
            *hat += *value * *value;
        }
        solved.push(rest);
    }
    std::array::from_fn(|row| hats[row] * weights[row])
}
