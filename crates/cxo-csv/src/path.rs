//! Tables of paths: a row for each way through channels, with how often it ended how.

use cxo_core::journey::{PathCount, Paths};

use crate::{CsvError, Load, Loaded, NotTaken, Row, RowColumns};

/// The columns of a table of paths, and what stands between the steps of one.
///
/// ```
/// use cxo_csv::{Input, Load, PathColumns};
///
/// let csv = "path,won,lost\nsearch > email,2,5\nemail,1,0\nemail > ,1,0\nsearch,-1,0\n";
/// let columns = PathColumns::new("path", "won").nulls("lost");
/// let loaded = Load::new(Input::text("paths.csv", csv)).paths(&columns)?;
/// assert_eq!((loaded.value.len(), loaded.value.total().nulls, loaded.report.rejected), (2, 5, 2));
/// # Ok::<(), cxo_csv::CsvError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PathColumns {
    path: String,
    conversions: String,
    nulls: Option<String>,
    value: Option<String>,
    separator: String,
}

impl PathColumns {
    /// Paths such as `search > email`, and how many journeys along each ended with the outcome.
    #[must_use]
    pub fn new(path: impl Into<String>, conversions: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            conversions: conversions.into(),
            nulls: None,
            value: None,
            separator: " > ".to_owned(),
        }
    }

    /// How many ended without it; none unless set.
    #[must_use]
    pub fn nulls(mut self, column: impl Into<String>) -> Self {
        self.nulls = Some(column.into());
        self
    }

    /// What the conversions were worth together; nothing unless set.
    #[must_use]
    pub fn value(mut self, column: impl Into<String>) -> Self {
        self.value = Some(column.into());
        self
    }

    /// What stands between two steps; ` > ` unless set. Blanks around a step are no part of its name.
    #[must_use]
    pub fn separator(mut self, separator: impl Into<String>) -> Self {
        self.separator = separator.into();
        self
    }
}

/// Where these columns are among those of a row.
const PATH: usize = 0;
const CONVERSIONS: usize = 1;

impl Load<'_> {
    /// Reads a table of paths. A path may stand in several rows.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind); [`Refused`](crate::CsvErrorKind::Refused) for a separator that is empty.
    ///
    /// # Complexity
    /// One pass; memory for the different paths.
    pub fn paths(self, columns: &PathColumns) -> Result<Loaded<Paths>, CsvError> {
        let separator = columns.separator.as_str();
        if separator.is_empty() {
            let error = cxo_core::Error::input("separator", "empty", "text of at least one character");
            return Err(error.into());
        }
        let mut names = vec![columns.path.clone(), columns.conversions.clone()];
        let mut place = |name: &Option<String>| {
            names.extend(name.clone());
            name.as_ref().map(|_| names.len() - 1)
        };
        let (nulls, value) = (place(&columns.nulls), place(&columns.value));
        let mut paths = Paths::default();
        let Loaded { report, detected, .. } = self.each_row(&RowColumns::new(names), |row| {
            let text = row.text(PATH)?;
            let steps: Vec<&str> = text.split(separator).map(str::trim).collect();
            if steps.iter().any(|step| step.is_empty()) {
                return Err(row.reject(PATH, &format!("names with \"{separator}\" between them")));
            }
            let conversions = whole(row, CONVERSIONS)?;
            let nulls = nulls.map_or(Ok(0), |column| whole(row, column))?;
            let worth = value.map_or(Ok(None), |column| row.number(column))?.unwrap_or_default();
            let count = match (PathCount::new(conversions, nulls, worth), value) {
                (Err(_), Some(column)) => return Err(row.reject(column, "0 where there are no conversions")),
                (count, _) => count?,
            };
            paths.add(steps, count).map_err(NotTaken::from)
        })?;
        Ok(Loaded { value: paths, report, detected })
    }
}

/// A cell as a whole number that is not negative, also written as `3.0`. Digits alone are exact, however many.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and within the range, as just checked"
)]
fn whole(row: &Row<'_>, column: usize) -> Result<u64, NotTaken> {
    /// Up to here every whole number is one of floating point.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if let Ok(number) = row.text(column)?.trim().parse() {
        return Ok(number);
    }
    match row.number(column)? {
        Some(number) if number.fract() == 0.0 && (0.0..=MOST).contains(&number) => Ok(number as u64),
        Some(number) if number > MOST => Err(row
            .reject(column, "a whole number of at most 18446744073709551615, in digits alone where it is above 2^53")),
        _ => Err(row.reject(column, "a whole number of at least 0")),
    }
}
