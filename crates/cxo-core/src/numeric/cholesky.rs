//! The Cholesky factor of a symmetric positive definite matrix, and the columns that keep a matrix from being one.

use super::matrix::Matrix;

/// L with L L' = M, row by row, the part above the diagonal unused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix`, whose lower triangle is read. A column whose pivot is not above `tolerance` times its diagonal entry
    /// is a linear combination of those before it; the error lists all such columns. O(size³ / 3).
    pub(crate) fn new(matrix: &Matrix, tolerance: f64) -> Result<Self, Vec<usize>> {
        let size = matrix.size();
        let mut lower = matrix.entries().to_vec();
        let mut dependent = Vec::new();
        for row in 0..size {
            let (above, own) = lower.split_at_mut(row * size);
            for column in 0..row {
                let factor = &above[column * size..=column * size + column];
                let entry = own[column] - dot(&own[..column], &factor[..column]);
                // A dependent column is left out: its pivot is 0, and so is what stands below it.
                own[column] = if factor[column] > 0.0 { entry / factor[column] } else { 0.0 };
            }
            let pivot = own[row] - dot(&own[..row], &own[..row]);
            if pivot > tolerance * own[row] && pivot.is_finite() {
                own[row] = pivot.sqrt();
            } else {
                own[row] = 0.0;
                dependent.push(row);
            }
        }
        if dependent.is_empty() { Ok(Self { size, lower }) } else { Err(dependent) }
    }

    /// A factor known by its entries on and below the diagonal, the diagonal above 0.
    pub(crate) fn from_fn(size: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let entry = |row: usize, column: usize| if column <= row { entry(row, column) } else { 0.0 };
        Self { size, lower: (0..size * size).map(|at| entry(at / size, at % size)).collect() }
    }

    /// An entry of L.
    pub(crate) fn entry(&self, row: usize, column: usize) -> f64 {
        self.lower[row * self.size + column]
    }

    /// x with M x = `right`.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut solution = self.half_solve(right);
        for row in (0..self.size).rev() {
            let below: f64 = (row + 1..self.size).map(|at| self.lower[at * self.size + row] * solution[at]).sum();
            solution[row] = (solution[row] - below) / self.lower[row * self.size + row];
        }
        solution
    }

    /// z with L z = `right`; its squared length is `right`' M⁻¹ `right`.
    pub(crate) fn half_solve(&self, right: &[f64]) -> Vec<f64> {
        let mut solution = right.to_vec();
        for row in 0..self.size {
            let factor = &self.lower[row * self.size..=row * self.size + row];
            solution[row] = (solution[row] - dot(&factor[..row], &solution[..row])) / factor[row];
        }
        solution
    }

    /// M⁻¹. O(size³).
    pub(crate) fn inverse(&self) -> Matrix {
        let mut inverse = Matrix::zeros(self.size);
        let mut unit = vec![0.0; self.size];
        for column in 0..self.size {
            unit[column] = 1.0;
            self.solve(&unit).into_iter().enumerate().for_each(|(row, entry)| inverse.add(row, column, entry));
            unit[column] = 0.0;
        }
        Matrix::from_fn(self.size, |row, column| 0.5 * (inverse.get(row, column) + inverse.get(column, row)))
    }

    /// ln |M|.
    pub(crate) fn ln_determinant(&self) -> f64 {
        (0..self.size).map(|at| 2.0 * self.lower[at * self.size + at].ln()).sum()
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hilbert(size: usize) -> Matrix {
        Matrix::from_fn(size, |row, column| 1.0 / (row + column + 1) as f64)
    }

    #[test]
    fn solves_inverts_and_measures() {
        let factor = Cholesky::new(&hilbert(4), 1e-14).unwrap();
        // The inverse of the Hilbert matrix has integer entries (Choi 1983).
        let inverse = factor.inverse();
        for (at, exact) in [16.0, -120.0, 240.0, -140.0].into_iter().enumerate() {
            assert!((inverse.get(0, at) - exact).abs() < 1e-9, "{at}");
        }
        assert!((factor.ln_determinant() - (1.0f64 / 6048000.0).ln()).abs() < 1e-10);
        let right = [1.0, -2.0, 0.5, 3.0];
        let solution = factor.solve(&right);
        for row in 0..4 {
            let product: f64 = (0..4).map(|column| hilbert(4).get(row, column) * solution[column]).sum();
            assert!((product - right[row]).abs() < 1e-11);
        }
        let half = factor.half_solve(&right);
        assert!((dot(&half, &half) - dot(&right, &solution)).abs() < 1e-7);
    }

    #[test]
    fn names_all_columns_that_depend_on_others() {
        // The third is the sum of the first two, the fifth twice the fourth.
        let rows = [
            [1.0, 0.0, 1.0, 2.0, 4.0],
            [0.0, 1.0, 1.0, -1.0, -2.0],
            [1.0, 1.0, 2.0, 3.0, 6.0],
            [2.0, 0.5, 2.5, 0.0, 0.0],
        ];
        let gram = Matrix::from_fn(5, |left, right| rows.iter().map(|row| row[left] * row[right]).sum());
        assert_eq!(Cholesky::new(&gram, 1e-12).unwrap_err(), [2, 4]);
        assert_eq!(Cholesky::new(&Matrix::zeros(2), 1e-12).unwrap_err(), [0, 1]);
        assert!(Cholesky::new(&Matrix::from_fn(1, |_, _| f64::NAN), 1e-12).is_err());
    }
}
