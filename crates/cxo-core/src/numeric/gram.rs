//! Weighted sums over the rows of a design: X b, X' w and X' W X, in blocks of rows that stay in the nearest cache.
//!
//! Inside a block the columns follow each other, so that every inner loop runs through contiguous memory with several sums
//! side by side, and becomes vector instructions. The order of all sums is fixed by the rows alone.

use super::matrix::Matrix;

/// Rows of a block.
pub(crate) const ROWS: usize = 128;
/// One column of a block.
pub(crate) type Lane = [f64; ROWS];
/// Sums that run side by side.
const SIDE: usize = 4;

/// A design in blocks. Rows that fill up the last block are 0.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    rows: usize,
    columns: usize,
    lanes: Vec<Lane>,
}

impl Blocks {
    /// (value - centre) / scale of each column, the rows in the given order or as they are.
    pub(crate) fn new(columns: &[Vec<f64>], order: Option<&[u32]>, centres: &[f64], scales: &[f64]) -> Self {
        let rows = order.map_or(columns.first().map_or(0, Vec::len), <[u32]>::len);
        let width = columns.len();
        let mut lanes = vec![[0.0; ROWS]; rows.div_ceil(ROWS) * width];
        for (place, column) in columns.iter().enumerate() {
            let (centre, rate) = (centres[place], 1.0 / scales[place]);
            let lanes = lanes.iter_mut().skip(place).step_by(width);
            match order {
                Some(order) => lanes.zip(order.chunks(ROWS)).for_each(|(lane, rows)| {
                    lane.iter_mut().zip(rows).for_each(|(to, &row)| *to = (column[row as usize] - centre) * rate);
                }),
                None => lanes.zip(column.chunks(ROWS)).for_each(|(lane, values)| {
                    lane.iter_mut().zip(values).for_each(|(to, value)| *to = (value - centre) * rate);
                }),
            }
        }
        Self { rows, columns: width, lanes }
    }

    /// Rows, without those that fill up.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Columns.
    pub(crate) const fn columns(&self) -> usize {
        self.columns
    }

    /// One block: a lane a column.
    pub(crate) fn block(&self, number: usize) -> &[Lane] {
        &self.lanes[number * self.columns..][..self.columns]
    }

    /// The blocks, each with a lane a column.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &[Lane]> {
        self.lanes.chunks(self.columns.max(1))
    }
}

/// Adds X b.
pub(crate) fn combine(block: &[Lane], coefficients: &[f64], into: &mut Lane) {
    let (fours, rest) = block.as_chunks::<4>();
    let (of_fours, of_rest) = coefficients.split_at((4 * fours.len()).min(coefficients.len()));
    for ([a, b, c, d], of) in fours.iter().zip(of_fours.as_chunks::<4>().0) {
        for row in 0..ROWS {
            into[row] += (of[0] * a[row] + of[1] * b[row]) + (of[2] * c[row] + of[3] * d[row]);
        }
    }
    for (lane, coefficient) in rest.iter().zip(of_rest) {
        into.iter_mut().zip(lane).for_each(|(sum, value)| *sum += coefficient * value);
    }
}

/// Adds X' w.
pub(crate) fn project(block: &[Lane], weights: &Lane, into: &mut [f64]) {
    for (lane, sum) in block.iter().zip(into) {
        let mut sums = [0.0; SIDE];
        for at in (0..ROWS).step_by(SIDE) {
            for side in 0..SIDE {
                sums[side] += lane[at + side] * weights[at + side];
            }
        }
        *sum += total(sums);
    }
}

/// Columns of a tile: with three, nine sums of two lanes and their operands fill the vector registers of the least target.
const TILE: usize = 3;
/// Rows side by side in a tile.
const PAIR: usize = 2;
/// Sums of the products of three columns with three, two side by side; they are put together at the end only, so that no
/// instruction moves between lanes.
type Tile = [[[f64; PAIR]; TILE]; TILE];

/// Σ over rows of w x x'.
#[derive(Debug, Clone)]
pub(crate) struct Gram {
    columns: usize,
    /// By groups of columns: the later group within the earlier.
    tiles: Vec<Tile>,
}

impl Gram {
    /// Of no rows.
    pub(crate) fn new(columns: usize) -> Self {
        let groups = columns.div_ceil(TILE);
        Self { columns, tiles: vec![Tile::default(); groups * (groups + 1) / 2] }
    }

    /// Adds the rows of a block. O(rows × columns² / 2).
    pub(crate) fn add(&mut self, block: &[Lane], weights: &Lane) {
        let zeros = [0.0; ROWS];
        let group = |group: usize| -> [&Lane; TILE] {
            std::array::from_fn(|place| block.get(TILE * group + place).unwrap_or(&zeros))
        };
        let groups = self.columns.div_ceil(TILE);
        let mut tile = self.tiles.iter_mut();
        let mut weighted = [[0.0; ROWS]; TILE];
        for left in 0..groups {
            for (weighted, lane) in weighted.iter_mut().zip(group(left)) {
                for row in 0..ROWS {
                    weighted[row] = weights[row] * lane[row];
                }
            }
            for (right, tile) in (left..groups).zip(&mut tile) {
                products(weighted.each_ref(), group(right), tile);
            }
        }
    }

    /// Adds the rows of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        let sums = self.tiles.as_flattened_mut().as_flattened_mut().as_flattened_mut();
        let others = other.tiles.as_flattened().as_flattened().as_flattened();
        sums.iter_mut().zip(others).for_each(|(sum, term)| *sum += term);
    }

    /// The sums.
    pub(crate) fn matrix(&self) -> Matrix {
        let groups = self.columns.div_ceil(TILE);
        Matrix::from_fn(self.columns, |row, column| {
            let (first, second) = (row.min(column), row.max(column));
            let (left, right) = (first / TILE, second / TILE);
            let before = left * groups - left * left.saturating_sub(1) / 2;
            self.tiles[before + right - left][first % TILE][second % TILE].iter().sum()
        })
    }
}

/// Σ w x x' of rows that come one by one.
#[derive(Debug)]
pub(crate) struct RowGram {
    gram: Gram,
    block: Vec<Lane>,
    weights: Lane,
    filled: usize,
}

impl RowGram {
    /// Of no rows.
    pub(crate) fn new(columns: usize) -> Self {
        Self { gram: Gram::new(columns), block: vec![[0.0; ROWS]; columns], weights: [0.0; ROWS], filled: 0 }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: &[f64], weight: f64) {
        let at = self.filled;
        self.block.iter_mut().zip(row).for_each(|(lane, value)| lane[at] = *value);
        self.weights[at] = weight;
        self.filled += 1;
        if self.filled == ROWS {
            self.gram.add(&self.block, &self.weights);
            (self.weights, self.filled) = ([0.0; ROWS], 0);
        }
    }

    /// The sums.
    pub(crate) fn matrix(mut self) -> Matrix {
        // The rest of the block is of earlier rows and has no weight.
        self.gram.add(&self.block, &self.weights);
        self.gram.matrix()
    }
}

/// Adds the products of three lanes with three.
fn products(left: [&Lane; TILE], right: [&Lane; TILE], into: &mut Tile) {
    let mut sums = *into;
    for at in (0..ROWS).step_by(PAIR) {
        let pairs =
            |lanes: [&Lane; TILE]| lanes.map(|lane| -> [f64; PAIR] { std::array::from_fn(|side| lane[at + side]) });
        let (left, right) = (pairs(left), pairs(right));
        for first in 0..TILE {
            for second in 0..TILE {
                for side in 0..PAIR {
                    sums[first][second][side] += left[first][side] * right[second][side];
                }
            }
        }
    }
    *into = sums;
}

fn total([a, b, c, d]: [f64; SIDE]) -> f64 {
    (a + c) + (b + d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_as_the_definition_says() {
        for columns in [1, 2, 3, 4, 7] {
            for rows in [1, 127, 128, 300] {
                let value = |row: usize, column: usize| ((row * 7 + column * 13) % 31) as f64 - 9.0 + column as f64;
                let given: Vec<Vec<f64>> =
                    (0..columns).map(|column| (0..rows).map(|row| value(row, column)).collect()).collect();
                let (centres, scales) = (vec![2.0; columns], vec![0.5; columns]);
                let order: Vec<u32> = (0..u32::try_from(rows).unwrap()).rev().collect();
                let straight = Blocks::new(&given, None, &centres, &scales);
                let design = Blocks::new(&given, Some(&order), &centres, &scales);
                assert_eq!((design.rows(), straight.rows(), design.columns()), (rows, rows, columns));
                let scaled = |row: usize, column: usize| (value(rows - 1 - row, column) - 2.0) * 2.0;
                let weight = |row: usize| 1.0 + (row % 3) as f64;
                let mut gram = Gram::new(columns);
                let mut sums = vec![0.0; columns];
                for (number, block) in design.blocks().enumerate() {
                    let weights = std::array::from_fn(|row| weight(number * ROWS + row));
                    gram.add(block, &weights);
                    project(block, &weights, &mut sums);
                    let mut linear = [1.0; ROWS];
                    combine(block, &vec![0.5; columns], &mut linear);
                    let exact: f64 = (0..columns).map(|column| 0.5 * scaled(number * ROWS, column)).sum();
                    assert_eq!(linear[0], 1.0 + exact);
                }
                let mut by_row = RowGram::new(columns);
                for row in 0..rows {
                    let values: Vec<f64> = (0..columns).map(|column| scaled(row, column)).collect();
                    by_row.push(&values, weight(row));
                }
                assert_eq!(by_row.matrix(), gram.matrix());
                for left in 0..columns {
                    let exact: f64 = (0..rows).map(|row| weight(row) * scaled(row, left)).sum();
                    assert_eq!(sums[left], exact);
                    for right in 0..columns {
                        let exact: f64 =
                            (0..rows).map(|row| weight(row) * scaled(row, left) * scaled(row, right)).sum();
                        assert_eq!(gram.matrix().get(left, right), exact, "{left} {right}");
                    }
                }
            }
        }
    }
}
