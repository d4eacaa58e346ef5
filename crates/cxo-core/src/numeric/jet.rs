//! A value with its first and second derivatives.

use super::matrix::Matrix;

/// A function of K variables at one point. Only the lower triangle of the Hessian is kept up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Jet<const K: usize> {
    pub(crate) value: f64,
    pub(crate) gradient: [f64; K],
    pub(crate) hessian: [[f64; K]; K],
}

impl<const K: usize> Default for Jet<K> {
    fn default() -> Self {
        Self { value: 0.0, gradient: [0.0; K], hessian: [[0.0; K]; K] }
    }
}

impl<const K: usize> Jet<K> {
    /// Adds a multiple of another.
    #[inline]
    pub(crate) fn add(&mut self, other: &Self, weight: f64) {
        self.value += weight * other.value;
        for i in 0..K {
            self.gradient[i] += weight * other.gradient[i];
            for j in 0..=i {
                self.hessian[i][j] += weight * other.hessian[i][j];
            }
        }
    }

    /// The derivatives by the logarithms of the variables.
    #[must_use]
    pub(crate) fn in_logs(mut self, at: [f64; K]) -> Self {
        for i in 0..K {
            for j in 0..=i {
                self.hessian[i][j] *= at[i] * at[j];
            }
            self.gradient[i] *= at[i];
            self.hessian[i][i] += self.gradient[i];
        }
        self
    }

    /// The entry of the Hessian, in any order of its indices.
    pub(crate) fn second(&self, row: usize, column: usize) -> f64 {
        self.hessian[row.max(column)][row.min(column)]
    }

    /// The Hessian as a matrix.
    pub(crate) fn matrix(&self) -> Matrix {
        Matrix::from_fn(K, |row, column| self.second(row, column))
    }
}
