//! Running sums of weighted rows of a design, read where they are needed: what is at risk at each event of a regression.
//!
//! A block is summed when the first of its rows is asked for, four columns side by side, because a single running sum waits for
//! its own last term. Nothing of the length of the data is stored.

use super::gram::{Blocks, Lane, ROWS};

/// Σ w x over the rows of a section up to each row.
#[derive(Debug)]
pub(crate) struct Prefix<'a> {
    design: &'a Blocks,
    weights: &'a [f64],
    /// Where a section begins and the sums begin anew, ascending.
    sections: &'a [u32],
    /// Blocks summed so far; `lanes` are those of the last.
    blocks: usize,
    lanes: Vec<Lane>,
    carry: Vec<f64>,
    /// What rounding took from the sums so far, if that is kept.
    lost: Option<(Vec<Lane>, Vec<f64>)>,
}

/// Columns summed side by side.
const SIDE: usize = 4;

impl<'a> Prefix<'a> {
    /// Plain sums.
    pub(crate) fn plain(design: &'a Blocks, weights: &'a [f64], sections: &'a [u32]) -> Self {
        let width = design.columns().next_multiple_of(SIDE);
        let (lanes, carry) = (vec![[0.0; ROWS]; width], vec![0.0; width]);
        Self { design, weights, sections, blocks: 0, lanes, carry, lost: None }
    }

    /// Sums whose rounding is kept (Knuth's two-sum), so that differences of them lose nothing.
    pub(crate) fn compensated(design: &'a Blocks, weights: &'a [f64], sections: &'a [u32]) -> Self {
        let plain = Self::plain(design, weights, sections);
        let width = plain.carry.len();
        Self { lost: Some((vec![[0.0; ROWS]; width], vec![0.0; width])), ..plain }
    }

    /// Adds `sign` times the sums up to this row, itself included, to `into` (and what was lost to `lost`). Rows must not fall
    /// from one call to the next.
    pub(crate) fn add(&mut self, row: usize, sign: f64, into: &mut [f64], lost: &mut [f64]) {
        while self.covered() <= row && self.covered() < self.design.rows() {
            self.sum_next();
        }
        let at = row % ROWS;
        into.iter_mut().zip(&self.lanes).for_each(|(sum, lane)| *sum += sign * lane[at]);
        if let Some((lanes, _)) = &self.lost {
            lost.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += sign * lane[at]);
        }
    }

    /// Rows summed so far: whole blocks.
    pub(crate) const fn covered(&self) -> usize {
        self.blocks * ROWS
    }

    /// Sums the next block; a caller that has it in the cache already asks for that itself.
    pub(crate) fn sum_next(&mut self) {
        let first = self.blocks * ROWS;
        let rows = (self.design.rows() - first).min(ROWS);
        let mut weights = [0.0; ROWS];
        weights[..rows].copy_from_slice(&self.weights[first..first + rows]);
        let block = self.design.block(self.blocks);
        self.blocks += 1;
        let mut from = 0;
        while from < rows {
            let next = self.sections.partition_point(|&start| start as usize <= first + from);
            if next > 0 && self.sections[next - 1] as usize == first + from {
                self.carry.fill(0.0);
                if let Some((_, lost)) = &mut self.lost {
                    lost.fill(0.0);
                }
            }
            let to = self.sections.get(next).map_or(rows, |&start| (start as usize - first).min(rows));
            match &mut self.lost {
                None => sum_run(block, &weights, from..to, &mut self.lanes, &mut self.carry),
                Some((lost, lost_carry)) => {
                    for (at, lane) in block.iter().enumerate() {
                        let state = (&mut self.carry[at], &mut lost_carry[at]);
                        sum_exactly(lane, &weights, from..to, (&mut self.lanes[at], &mut lost[at]), state);
                    }
                }
            }
            from = to;
        }
    }
}

/// Continues the running sums of all columns over a run of rows.
fn sum_run(block: &[Lane], weights: &Lane, run: std::ops::Range<usize>, lanes: &mut [Lane], carry: &mut [f64]) {
    let zeros = [0.0; ROWS];
    let (groups, carries) = (lanes.as_chunks_mut::<SIDE>().0, carry.as_chunks_mut::<SIDE>().0);
    for (group, (to, sums)) in groups.iter_mut().zip(carries).enumerate() {
        let columns: [&Lane; SIDE] = std::array::from_fn(|side| block.get(group * SIDE + side).unwrap_or(&zeros));
        let mut running = *sums;
        for row in run.clone() {
            for side in 0..SIDE {
                running[side] += weights[row] * columns[side][row];
                to[side][row] = running[side];
            }
        }
        *sums = running;
    }
}

/// The same for one column, with what rounding takes.
fn sum_exactly(
    column: &Lane,
    weights: &Lane,
    run: std::ops::Range<usize>,
    (sums, losses): (&mut Lane, &mut Lane),
    (running, lost): (&mut f64, &mut f64),
) {
    for row in run {
        let term = weights[row] * column[row];
        let next = *running + term;
        let taken = next - *running;
        *lost += (*running - (next - taken)) + (term - taken);
        *running = next;
        (sums[row], losses[row]) = (next, *lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(columns: usize, rows: usize) -> Blocks {
        let value = |row: usize, column: usize| ((row * 5 + column * 3) % 17) as f64 - 8.0;
        let columns: Vec<Vec<f64>> =
            (0..columns).map(|column| (0..rows).map(|row| value(row, column)).collect()).collect();
        Blocks::new(&columns, None, &vec![0.0; columns.len()], &vec![1.0; columns.len()])
    }

    #[test]
    fn sums_anew_in_every_section() {
        let (rows, weights) = (300, (0..300).map(|row| f64::from(row % 4)).collect::<Vec<_>>());
        for columns in [1, 4, 6] {
            let design = design(columns, rows);
            let sections = [0, 3, 128, 129, 250];
            let mut plain = Prefix::plain(&design, &weights, &sections);
            let mut kept = Prefix::compensated(&design, &weights, &sections);
            for row in [0, 1, 2, 3, 100, 127, 128, 128, 129, 200, 255, 256, 299] {
                let start = *sections.iter().rfind(|&&start| start as usize <= row).unwrap() as usize;
                let (mut found, mut also, mut lost) = (vec![1.0; columns], vec![1.0; columns], vec![0.0; columns]);
                plain.add(row, 2.0, &mut found, &mut []);
                kept.add(row, 2.0, &mut also, &mut lost);
                for column in 0..columns {
                    let value = |row: usize| design.block(row / ROWS)[column][row % ROWS];
                    let exact: f64 = (start..=row).map(|row| weights[row] * value(row)).sum();
                    assert_eq!(
                        (found[column], also[column], lost[column]),
                        (1.0 + 2.0 * exact, 1.0 + 2.0 * exact, 0.0)
                    );
                }
            }
        }
    }

    #[test]
    fn keeps_what_a_great_term_swallows() {
        let design = Blocks::new(&[vec![1.0; 200]], None, &[0.0], &[1.0]);
        let mut weights = vec![1e-3; 200];
        weights[0] = 1e17;
        let mut sums = Prefix::compensated(&design, &weights, &[0]);
        let (mut found, mut lost) = ([0.0], [0.0]);
        sums.add(0, -1.0, &mut found, &mut lost);
        sums.add(199, 1.0, &mut found, &mut lost);
        assert!((found[0] + lost[0] - 0.199).abs() < 1e-12, "{} {}", found[0], lost[0]);
    }
}
