//! What is known of each customer, as numbers: named columns of equal length, without a missing value.

use std::collections::HashSet;

use crate::Error;

/// Named numeric columns. Every value is finite, every name is there once, and all columns are equally long.
///
/// Categories, missing values and curves become numeric columns in a schema.
///
/// ```
/// use cxo_core::churn::Features;
///
/// let features = Features::new(vec![("tenure".into(), vec![1.0, 24.0, 60.0]), ("price".into(), vec![20.0, 35.0, 90.0])])?;
/// assert_eq!((features.rows(), features.names()), (3, &["tenure".to_owned(), "price".to_owned()][..]));
/// assert!(Features::new(vec![("tenure".into(), vec![1.0, f64::NAN])]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    rows: usize,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl Features {
    /// From columns with their names.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty or repeated name or a value that is not finite (with its
    /// row), [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no column or no row.
    ///
    /// # Complexity
    /// O(rows × columns).
    pub fn new(columns: Vec<(String, Vec<f64>)>) -> Result<Self, Error> {
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        if rows == 0 {
            return Err(Error::no_data("features"));
        }
        let mut seen = HashSet::new();
        for (name, values) in &columns {
            if name.is_empty() || !seen.insert(name.as_str()) {
                return Err(Error::input("name of a feature", name, "a text that no other feature has"));
            }
            if values.len() != rows {
                let lengths = format!("{name} has {} rows, the first feature {rows}", values.len());
                return Err(Error::incompatible(lengths));
            }
            if let Some((row, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
                return Err(Error::input(name, value, "a finite number").at_row(row as u64));
            }
        }
        let (names, columns) = columns.into_iter().unzip();
        Ok(Self { rows, names, columns })
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The names, in the order of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The columns, each as long as there are rows.
    #[must_use]
    pub fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// The names of the columns at these places.
    pub(super) fn names_at(&self, places: &[usize]) -> Vec<String> {
        places.iter().filter_map(|&place| self.names.get(place).cloned()).collect()
    }
}
