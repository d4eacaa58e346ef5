//! How likely are histories if each customer has parameters of his own, moved by covariates? The log-likelihood with its
//! derivatives by parameters and coefficients. State: the sorted rows; called by models with covariates.

use super::Summaries;
use super::covariates::{CovariateTables, Standard};
use super::fit::{Weighted, in_chunks};
use super::rows::{Row, Rows};
use crate::Error;
use crate::numeric::gamma::ln_rising;
use crate::numeric::jet::Jet;
use crate::numeric::matrix::Matrix;
use crate::numeric::newton::Surface;

/// A likelihood whose four parameters, all but r, may follow covariates.
pub(super) trait Individual {
    /// What depends on the parameters and the frequency only.
    type Group;

    /// Of customers with x purchases; `rising` is ln Γ(r+x) / Γ(r) with its derivatives by r.
    fn group(x: f64, rising: [f64; 3], parameters: [f64; 4]) -> Self::Group;

    fn jet(group: &Self::Group, row: &Row) -> Jet<4>;
}

/// A coefficient: ln of a parameter moves by `sign` times the coefficient for one unit of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Influence {
    /// Which of the four.
    pub(super) parameter: usize,
    pub(super) sign: f64,
    /// Which covariate, those of purchase first.
    pub(super) column: usize,
}

/// Distinct histories with distinct covariates.
pub(super) struct Customers {
    rows: Vec<Weighted<(u32, Row)>>,
    /// The standardised covariates of each cell: of all customers who share them.
    cells: Vec<f64>,
    columns: usize,
    frequencies: Vec<f64>,
    /// Of the time, as in [`Rows`].
    pub(super) scale: f64,
    pub(super) count: u64,
    pub(super) purchases: f64,
}

impl Customers {
    /// Sorts by covariates, then as [`Rows`], and merges what is equal. O(n log n).
    pub(super) fn new(
        summaries: &Summaries,
        tables: CovariateTables<'_>,
        standards: &[Standard],
    ) -> Result<Self, Error> {
        let Rows { frequencies, scale, customers: count, purchases, .. } = Rows::new(summaries)?;
        let columns = standards.len();
        let mut values = Vec::with_capacity(summaries.len() * columns);
        let mut all = Vec::with_capacity(summaries.len());
        for (at, (summary, number)) in summaries.iter().enumerate() {
            let covariates = tables.purchase.row(at).iter().chain(tables.dropout.row(at));
            values.extend(covariates.zip(standards).map(|(value, standard)| standard.of(*value)));
            let group = frequencies.partition_point(|&frequency| frequency < f64::from(summary.frequency()));
            let group = u32::try_from(group).map_err(|_| Error::overflow("distinct frequencies"))?;
            all.push((at, Row { group, recency: summary.recency() / scale, age: summary.age() / scale }, number));
        }
        let of = |at: usize| values.get(at * columns..(at + 1) * columns).unwrap_or_default();
        let order = |left: &[f64], right: &[f64]| {
            let orders = left.iter().zip(right).map(|(x, y)| x.total_cmp(y));
            orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        };
        all.sort_unstable_by(|(left, l, _), (right, r, _)| {
            let key = |row: &Row| (row.group, row.age.to_bits(), row.recency.to_bits());
            order(of(*left), of(*right)).then(key(l).cmp(&key(r)))
        });
        let mut rows: Vec<Weighted<(u32, Row)>> = Vec::with_capacity(all.len());
        let mut cells: Vec<f64> = Vec::new();
        let mut cell = 0;
        for (at, row, number) in all {
            if rows.is_empty() || cells.len().checked_sub(columns).and_then(|from| cells.get(from..)) != Some(of(at)) {
                cell = u32::try_from(cells.len() / columns).map_err(|_| Error::overflow("distinct covariates"))?;
                cells.extend_from_slice(of(at));
            }
            match rows.last_mut().filter(|last| last.row == (cell, row)) {
                Some(last) => last.weight += number as f64,
                None => rows.push(Weighted { row: (cell, row), weight: number as f64 }),
            }
        }
        rows.shrink_to_fit();
        Ok(Self { rows, cells, columns, frequencies, scale, count, purchases })
    }

    /// The log-likelihood with its derivatives by the logarithms of the four parameters and by the coefficients.
    pub(super) fn surface<L: Individual>(&self, influences: &[Influence], values: &[f64]) -> Surface {
        let size = values.len();
        let r = values.first().map_or(1.0, |log| log.exp());
        let rising: Vec<(f64, [f64; 3])> = self.frequencies.iter().map(|&x| (x, ln_rising(r, x))).collect();
        let parts = in_chunks(&self.rows, |rows| {
            let mut part = Part::new(size);
            for cell in rows.chunk_by(|left, right| left.row.0 == right.row.0) {
                part.add::<L>(cell, self.covariates(cell), &rising, influences, values);
            }
            part
        });
        let mut whole = Part::new(size);
        for part in parts {
            whole.value += part.value;
            whole.gradient.iter_mut().zip(&part.gradient).for_each(|(sum, term)| *sum += term);
            whole.hessian.iter_mut().zip(&part.hessian).for_each(|(sum, term)| *sum += term);
        }
        let entry = |row: usize, column: usize| whole.hessian[row.max(column) * size + row.min(column)];
        Surface { value: whole.value, hessian: Matrix::from_fn(size, entry), gradient: whole.gradient }
    }

    /// The covariates that the rows of a cell share.
    fn covariates(&self, cell: &[Weighted<(u32, Row)>]) -> &[f64] {
        let at = cell.first().map_or(0, |first| first.row.0 as usize);
        self.cells.get(at * self.columns..(at + 1) * self.columns).unwrap_or_default()
    }
}

/// The sum over some rows.
struct Part {
    value: f64,
    gradient: Vec<f64>,
    /// Row by row; only the lower triangle is kept up.
    hessian: Vec<f64>,
    /// Scratch: how each value moves its parameter in the cell at hand.
    slopes: Vec<f64>,
}

impl Part {
    fn new(size: usize) -> Self {
        Self { value: 0.0, gradient: vec![0.0; size], hessian: vec![0.0; size * size], slopes: vec![1.0; size] }
    }

    /// Adds the customers of one cell, who share their parameters.
    fn add<L: Individual>(
        &mut self,
        cell: &[Weighted<(u32, Row)>],
        covariates: &[f64],
        rising: &[(f64, [f64; 3])],
        influences: &[Influence],
        values: &[f64],
    ) {
        let [r, second, third, fourth, coefficients @ ..] = values else { return };
        let mut logs = [*r, *second, *third, *fourth];
        let slopes = self.slopes.iter_mut().skip(4);
        for ((influence, coefficient), slot) in influences.iter().zip(coefficients).zip(slopes) {
            let covariate = covariates.get(influence.column).copied().unwrap_or_default();
            *slot = influence.sign * covariate;
            logs[influence.parameter] += *slot * coefficient;
        }
        let parameters = logs.map(f64::exp);
        let mut jet = Jet::default();
        for history in cell.chunk_by(|left, right| left.row.1.group == right.row.1.group) {
            let group = history.first().and_then(|first| rising.get(first.row.1.group as usize));
            let Some(group) = group.map(|&(x, rising)| L::group(x, rising, parameters)) else { continue };
            for Weighted { row, weight } in history {
                jet.add(&L::jet(&group, &row.1), *weight);
            }
        }
        let jet = jet.in_logs(parameters);
        let parameter = |value: usize| if value < 4 { value } else { influences[value - 4].parameter };
        let size = values.len();
        self.value += jet.value;
        for i in 0..size {
            let (of, slope) = (parameter(i), self.slopes[i]);
            self.gradient[i] += slope * jet.gradient[of];
            for j in 0..=i {
                self.hessian[i * size + j] += slope * self.slopes[j] * jet.second(of, parameter(j));
            }
        }
    }
}
