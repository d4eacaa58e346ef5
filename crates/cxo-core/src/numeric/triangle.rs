//! The triangle R of a QR decomposition of many rows, block by block: the factor of X' W X without forming it.
//!
//! The Gram matrix squares the condition of a design; its Cholesky factor then keeps half the digits. Householder's reflections of
//! the rows themselves keep them all (Golub and Van Loan 2013, 5.2 and 12.5), at about four times the work.

use super::cholesky::Cholesky;
use super::gram::{Lane, ROWS};

/// R, column by column, of the rows seen so far.
#[derive(Debug, Clone)]
pub(crate) struct Triangle {
    size: usize,
    upper: Vec<f64>,
}

impl Triangle {
    /// Of no rows.
    pub(crate) fn new(size: usize) -> Self {
        Self { size, upper: vec![0.0; size * size] }
    }

    /// Adds the rows of a block; the lanes are used up. O(rows × size²).
    pub(crate) fn absorb(&mut self, block: &mut [Lane]) {
        let size = self.size.min(block.len());
        for pivot in 0..size {
            let (head, rest) = block.split_at_mut(pivot + 1);
            let lane = &head[pivot];
            let below: f64 = lane.iter().map(|value| value * value).sum();
            if below == 0.0 {
                continue;
            }
            let top = self.upper[pivot * self.size + pivot];
            let length = top.hypot(below.sqrt());
            // The sign that does not cancel; R may have either.
            let image = if top > 0.0 { -length } else { length };
            let first = top - image;
            let twice = 2.0 / (first * first + below);
            self.upper[pivot * self.size + pivot] = image;
            for (offset, other) in rest.iter_mut().enumerate() {
                let entry = &mut self.upper[(pivot + 1 + offset) * self.size + pivot];
                let along: f64 = first * *entry + lane.iter().zip(&*other).map(|(x, y)| x * y).sum::<f64>();
                let step = twice * along;
                *entry -= step * first;
                other.iter_mut().zip(lane).for_each(|(value, part)| *value -= step * part);
            }
        }
    }

    /// Adds, for each coordinate, a row with this number there and 0 elsewhere.
    pub(crate) fn absorb_diagonal(&mut self, entries: &[f64]) {
        for (group, entries) in entries.chunks(ROWS).enumerate() {
            let mut block = vec![[0.0; ROWS]; self.size];
            for (row, entry) in entries.iter().enumerate() {
                block[group * ROWS + row][row] = *entry;
            }
            self.absorb(&mut block);
        }
    }

    /// The columns whose part that no earlier column has is at most `tolerance` of them.
    pub(crate) fn dependent(&self, tolerance: impl Fn(usize) -> f64) -> Vec<usize> {
        let part = |column: usize| {
            let entries = &self.upper[column * self.size..=column * self.size + column];
            let length = entries.iter().fold(0.0, |length: f64, entry| length.hypot(*entry));
            (entries[column].abs(), length)
        };
        let small = |&column: &usize| {
            let (own, length) = part(column);
            // Not a number counts as dependent.
            own.is_nan() || own <= tolerance(column) * length
        };
        (0..self.size).filter(small).collect()
    }

    /// L = R', the factor of the rows' Gram matrix. Only of use where no column is dependent.
    pub(crate) fn factor(&self) -> Cholesky {
        Cholesky::from_fn(self.size, |row, column| {
            let sign = self.upper[column * self.size + column].signum();
            sign * self.upper[row * self.size + column]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(rows: usize) -> Vec<Vec<f64>> {
        let value = |row: usize, power: i32| (row as f64 / rows as f64).powi(power);
        (0..4).map(|power| (0..rows).map(|row| value(row, power)).collect()).collect()
    }

    fn absorb(triangle: &mut Triangle, columns: &[Vec<f64>]) {
        for from in (0..columns[0].len()).step_by(ROWS) {
            let mut block = vec![[0.0; ROWS]; columns.len()];
            for (lane, column) in block.iter_mut().zip(columns) {
                lane.iter_mut().zip(&column[from..]).for_each(|(to, value)| *to = *value);
            }
            triangle.absorb(&mut block);
        }
    }

    #[test]
    fn is_the_factor_of_the_gram_matrix() {
        let columns = columns(300);
        let mut triangle = Triangle::new(4);
        absorb(&mut triangle, &columns);
        triangle.absorb_diagonal(&[0.0, 0.5, 0.0, 2.0]);
        assert!(triangle.dependent(|_| 1e-12).is_empty());
        let factor = triangle.factor();
        for place in 0..4 {
            let mut unit = vec![0.0; 4];
            unit[place] = 1.0;
            let solution = factor.solve(&unit);
            for row in 0..4 {
                let gram = |column: usize| {
                    let ridge = if row == column { [0.0, 0.25, 0.0, 4.0][row] } else { 0.0 };
                    columns[row].iter().zip(&columns[column]).map(|(x, y)| x * y).sum::<f64>() + ridge
                };
                let product: f64 = (0..4).map(|column| gram(column) * solution[column]).sum();
                assert!((product - unit[row]).abs() < 1e-10, "{product}");
            }
        }
    }

    #[test]
    fn sees_dependence_that_the_gram_matrix_cannot() {
        let mut columns = columns(300);
        // A part in 10^9 of its own: in the Gram matrix a part in 10^18.
        columns[3] = columns[1].iter().zip(&columns[2]).map(|(x, y)| x + y).collect();
        columns[3][7] += 1e-8;
        let mut triangle = Triangle::new(4);
        absorb(&mut triangle, &columns);
        assert!(triangle.dependent(|_| 1e-11).is_empty());
        assert_eq!(triangle.dependent(|_| 1e-8), [3]);
        columns[3][7] -= 1e-8;
        let mut triangle = Triangle::new(4);
        absorb(&mut triangle, &columns);
        assert_eq!(triangle.dependent(|_| 1e-13), [3]);
    }
}
