//! Whether two classifications of the same things are independent.
//!
//! There is no state beyond the table of counts. The comparison of two distributions of ratings asks it (2 x 3 for
//! promoters, passives and detractors), and the comparison of two shares (2 x 2).

use crate::{Error, numeric::chi_square};

/// A chi-square statistic with its degrees of freedom and p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ChiSquareTest {
    /// The statistic, 0 or greater.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: u64,
    /// P(X² > statistic) under independence, from the tail itself.
    pub p_value: f64,
}

impl ChiSquareTest {
    pub(super) fn new(statistic: f64, degrees: u64) -> Self {
        Self { statistic, degrees, p_value: chi_square::sf(statistic, degrees as f64) }
    }
}

/// Pearson's test of independence: the sum of (observed - expected)² / expected, with (rows - 1)(columns - 1) degrees.
///
/// Expected counts are row total × column total / total. Rows and columns without any count say nothing and are left out,
/// of the degrees too. The chi-square law is an approximation; expected counts of 5 and more keep it good.
///
/// ```
/// use cxo_core::stats::contingency::chi_square;
///
/// // Promoters, passives and detractors of two groups.
/// let test = chi_square(&[&[42, 31, 27], &[50, 30, 20]])?;
/// assert_eq!(format!("{:.4}, {} degrees, p = {:.4}", test.statistic, test.degrees, test.p_value), "1.7546, 2 degrees, p = 0.4159");
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for rows of different lengths,
/// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if fewer than two rows or columns have counts.
///
/// Reference: Pearson, K. (1900). Philosophical Magazine 50, 157-175. doi:10.1080/14786440009463897
pub fn chi_square(table: &[&[u64]]) -> Result<ChiSquareTest, Error> {
    let width = table.first().map_or(0, |row| row.len());
    if let Some((i, row)) = table.iter().enumerate().find(|(_, row)| row.len() != width) {
        return Err(Error::incompatible(format!("row {i} has {} columns, the first {width}", row.len())));
    }
    let total_of = |counts: &mut dyn Iterator<Item = u64>| counts.map(|count| count as f64).sum::<f64>();
    let columns: Vec<f64> =
        (0..width).map(|j| total_of(&mut table.iter().filter_map(|row| row.get(j).copied()))).collect();
    let rows: Vec<f64> = table.iter().map(|row| total_of(&mut row.iter().copied())).collect();
    let total: f64 = rows.iter().sum();
    let used = |totals: &[f64]| totals.iter().filter(|&&total| total > 0.0).count() as u64;
    let (used_rows, used_columns) = (used(&rows), used(&columns));
    if used_rows < 2 || used_columns < 2 {
        return Err(Error::degenerate(format!("a table with counts in {used_rows} rows and {used_columns} columns")));
    }
    let mut statistic = 0.0;
    for (row, row_total) in table.iter().zip(&rows) {
        for (&count, column_total) in row.iter().zip(&columns) {
            let expected = row_total * (column_total / total);
            if expected > 0.0 {
                statistic += (count as f64 - expected) * (count as f64 - expected) / expected;
            }
        }
    }
    Ok(ChiSquareTest::new(statistic, (used_rows - 1) * (used_columns - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn empty_rows_and_columns_do_not_count() {
        let plain = chi_square(&[&[10, 20], &[15, 12]]).unwrap();
        let padded = chi_square(&[&[10, 0, 20], &[0, 0, 0], &[15, 0, 12]]).unwrap();
        assert_eq!((plain, padded.degrees), (padded, 1));
    }

    #[test]
    fn proportional_rows_have_no_statistic() {
        let test = chi_square(&[&[1, 2, 3], &[2, 4, 6], &[10, 20, 30]]).unwrap();
        assert!(test.statistic < 1e-25 && test.p_value > 1.0 - 1e-9 && test.degrees == 4);
    }

    #[test]
    fn refuses_what_is_no_table() {
        assert_eq!(chi_square(&[&[1, 2], &[1]]).unwrap_err().kind(), ErrorKind::Incompatible);
        for table in [&[][..], &[&[1, 2][..]], &[&[1, 0][..], &[2, 0]], &[&[0, 0][..], &[0, 0]]] {
            assert_eq!(chi_square(table).unwrap_err().kind(), ErrorKind::Degenerate);
        }
    }
}
