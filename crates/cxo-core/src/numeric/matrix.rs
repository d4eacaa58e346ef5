//! Small dense symmetric matrices: what a handful of parameters needs.

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matrix {
    size: usize,
    entries: Vec<f64>,
}

/// The eigenvalues of a symmetric matrix in ascending order, each with its unit vector.
pub(crate) type Spectrum = Vec<(f64, Vec<f64>)>;

impl Matrix {
    /// Zeros.
    pub(crate) fn zeros(size: usize) -> Self {
        Self { size, entries: vec![0.0; size * size] }
    }

    /// A symmetric matrix from its entries.
    pub(crate) fn from_fn(size: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let entries = (0..size * size).map(|at| entry(at / size, at % size)).collect();
        Self { size, entries }
    }

    /// Rows, and as many columns.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// The entry of a row and a column.
    pub(crate) fn get(&self, row: usize, column: usize) -> f64 {
        self.entries[row * self.size + column]
    }

    /// Adds to an entry.
    pub(crate) fn add(&mut self, row: usize, column: usize, term: f64) {
        self.entries[row * self.size + column] += term;
    }

    /// All entries, row by row.
    pub(crate) fn entries(&self) -> &[f64] {
        &self.entries
    }

    /// u' M v.
    pub(crate) fn form(&self, left: &[f64], right: &[f64]) -> f64 {
        let row = |row: &[f64]| row.iter().zip(right).map(|(entry, value)| entry * value).sum::<f64>();
        self.entries.chunks(self.size.max(1)).zip(left).map(|(entries, value)| value * row(entries)).sum()
    }

    /// Eigenvalues and vectors of a symmetric matrix by Jacobi's rotations (Golub and Van Loan 2013, 8.5), which find small
    /// eigenvalues of a scaled matrix to high relative accuracy. O(size³) a sweep.
    pub(crate) fn spectrum(&self) -> Spectrum {
        let size = self.size;
        let mut matrix = self.clone();
        let mut vectors = Self::from_fn(size, |row, column| f64::from(u8::from(row == column)));
        for _ in 0..60 {
            let mut rotated = false;
            for p in 0..size {
                for q in p + 1..size {
                    let (entry, least) = (matrix.get(p, q), (matrix.get(p, p) * matrix.get(q, q)).abs().sqrt());
                    if entry.abs() > f64::EPSILON * 0.01 * least && entry.abs() > f64::MIN_POSITIVE {
                        matrix.rotate(&mut vectors, p, q);
                        rotated = true;
                    }
                }
            }
            if !rotated {
                break;
            }
        }
        let column = |at: usize| (0..size).map(|row| vectors.get(row, at)).collect();
        let mut spectrum: Spectrum = (0..size).map(|at| (matrix.get(at, at), column(at))).collect();
        spectrum.sort_by(|left, right| left.0.total_cmp(&right.0));
        spectrum
    }

    /// One rotation that makes the entry (p, q) zero.
    fn rotate(&mut self, vectors: &mut Self, p: usize, q: usize) {
        let theta = (self.get(q, q) - self.get(p, p)) / (2.0 * self.get(p, q));
        let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        let sine = tangent * cosine;
        let size = self.size;
        let turn = |matrix: &mut Self, first: usize, second: usize| {
            let (x, y) = (matrix.entries[first], matrix.entries[second]);
            matrix.entries[first] = cosine * x - sine * y;
            matrix.entries[second] = sine * x + cosine * y;
        };
        for k in 0..size {
            turn(self, k * size + p, k * size + q);
        }
        for k in 0..size {
            turn(self, p * size + k, q * size + k);
        }
        for k in 0..size {
            turn(vectors, k * size + p, k * size + q);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spectrum_rebuilds_the_matrix() {
        let hilbert = Matrix::from_fn(5, |row, column| 1.0 / (row + column + 1) as f64);
        let spectrum = hilbert.spectrum();
        for row in 0..5 {
            for column in 0..5 {
                let entry: f64 = spectrum.iter().map(|(value, vector)| value * vector[row] * vector[column]).sum();
                assert!((entry - hilbert.get(row, column)).abs() < 1e-15, "{row} {column}");
            }
        }
        // The least eigenvalue of the Hilbert matrix of order 5 (Fettis and Caslin 1967).
        assert!((spectrum[0].0 / 3.287928772171863e-6 - 1.0).abs() < 1e-9, "{}", spectrum[0].0);
        assert!((hilbert.form(&spectrum[4].1, &spectrum[4].1) - spectrum[4].0).abs() < 1e-14);
    }
}
