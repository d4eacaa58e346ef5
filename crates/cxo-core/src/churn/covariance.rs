//! What a covariance matrix read from a document must hold to.

use crate::Error;

/// Square, symmetric, variances above 0 and no covariance beyond what they allow.
pub(super) fn verify(entries: &[f64], width: usize) -> Result<(), Error> {
    let at = |row: usize, column: usize| entries.get(row * width + column).copied().unwrap_or(f64::NAN);
    let holds = |row: usize, column: usize| {
        let greatest = (at(row, row) * at(column, column)).sqrt() * (1.0 + 1e-9);
        at(row, row) > 0.0 && at(row, column) == at(column, row) && at(row, column).abs() <= greatest
    };
    if entries.len() == width * width && (0..width).all(|row| (0..width).all(|column| holds(row, column))) {
        return Ok(());
    }
    Err(Error::input("covariance", "not of a fit", "a symmetric matrix with variances above 0"))
}
