//! What is known of each customer, as it comes: named columns of numbers or of text, in which values may be missing.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::Error;

/// One value of one customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// It is not known.
    Missing,
    /// A number.
    Number(f64),
    /// A text, such as the name of a plan.
    Text(&'a str),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column(pub(super) Kind);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Where a value is missing stands a 0; `missing` is empty where none is.
    Numbers { values: Vec<f64>, missing: Vec<bool> },
    /// The distinct texts in the order of their appearance, and for each row which it is.
    Texts { texts: Vec<Box<str>>, codes: Vec<u32> },
}

/// The code of a missing text.
pub(super) const MISSING: u32 = u32::MAX;

impl Column {
    /// Numbers, none missing.
    #[must_use]
    pub const fn numbers(values: Vec<f64>) -> Self {
        Self(Kind::Numbers { values, missing: Vec::new() })
    }

    /// Numbers, some of them missing.
    #[must_use]
    pub fn optional_numbers(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let (numbers, missing): (Vec<f64>, Vec<bool>) =
            values.into_iter().map(|value| (value.unwrap_or_default(), value.is_none())).unzip();
        let missing = if missing.contains(&true) { missing } else { Vec::new() };
        Self(Kind::Numbers { values: numbers, missing })
    }

    /// Texts, some of them missing.
    ///
    /// ```
    /// use cxo_core::churn::risk::{Column, Table, Value};
    ///
    /// let plans = Column::texts([Some("basic"), None, Some("premium")]);
    /// let table = Table::new(vec![("plan".into(), plans)])?;
    /// assert_eq!(table.value(2, "plan")?, Value::Text("premium"));
    /// assert_eq!(table.value(1, "plan")?, Value::Missing);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(rows); each distinct text is kept once.
    #[must_use]
    pub fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut places: HashMap<&str, u32> = HashMap::new();
        let mut texts: Vec<Box<str>> = Vec::new();
        let mut code = |text: &'a str| {
            *places.entry(text).or_insert_with(|| {
                texts.push(text.into());
                u32::try_from(texts.len() - 1).unwrap_or(MISSING)
            })
        };
        let codes = values.into_iter().map(|value| value.map_or(MISSING, &mut code)).collect();
        Self(Kind::Texts { texts, codes })
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Numbers { values, .. } => values.len(),
            Kind::Texts { codes, .. } => codes.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row; missing beyond the last.
    #[must_use]
    pub fn value(&self, row: usize) -> Value<'_> {
        match &self.0 {
            Kind::Numbers { values, missing } => match (values.get(row), missing.get(row)) {
                (Some(&number), None | Some(false)) => Value::Number(number),
                _ => Value::Missing,
            },
            Kind::Texts { texts, codes } => {
                let text = codes.get(row).and_then(|&code| texts.get(code as usize));
                text.map_or(Value::Missing, |text| Value::Text(text))
            }
        }
    }

    /// Whether the column holds numbers.
    #[must_use]
    pub const fn is_numeric(&self) -> bool {
        matches!(self.0, Kind::Numbers { .. })
    }

    /// Rows whose value is missing.
    #[must_use]
    pub fn missing(&self) -> u64 {
        match &self.0 {
            Kind::Numbers { missing, .. } => missing.iter().filter(|&&missing| missing).count() as u64,
            Kind::Texts { codes, .. } => codes.iter().filter(|&&code| code == MISSING).count() as u64,
        }
    }

    /// The column of these rows; missing beyond the last.
    fn subset(&self, rows: &[usize]) -> Self {
        match &self.0 {
            Kind::Numbers { values, missing } => Self(Kind::Numbers {
                values: rows.iter().map(|&row| values.get(row).copied().unwrap_or_default()).collect(),
                missing: if missing.is_empty() {
                    Vec::new()
                } else {
                    rows.iter().map(|&row| missing.get(row).copied().unwrap_or(true)).collect()
                },
            }),
            Kind::Texts { texts, codes } => Self(Kind::Texts {
                texts: texts.clone(),
                codes: rows.iter().map(|&row| codes.get(row).copied().unwrap_or(MISSING)).collect(),
            }),
        }
    }
}

/// Named columns of equal length, each of numbers or of text, in which values may be missing.
///
/// ```
/// use cxo_core::churn::risk::{Column, Table};
///
/// let table = Table::new(vec![
///     ("tenure".into(), Column::optional_numbers([Some(3.0), None, Some(40.0)])),
///     ("plan".into(), Column::texts([Some("basic"), Some("basic"), Some("premium")])),
/// ])?;
/// assert_eq!((table.rows(), table.column("tenure").map(Column::missing)), (3, Some(1)));
/// assert!(Table::new(vec![("tenure".into(), Column::numbers(vec![f64::INFINITY]))]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    rows: usize,
    names: Vec<String>,
    columns: Vec<Column>,
}

impl Table {
    /// From columns with their names.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty or repeated name or a number that is not finite (with its
    /// row), [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no column or no row.
    pub fn new(columns: Vec<(String, Column)>) -> Result<Self, Error> {
        let rows = columns.first().map_or(0, |(_, column)| column.len());
        if rows == 0 {
            return Err(Error::no_data("table"));
        }
        let mut seen = HashSet::new();
        for (name, column) in &columns {
            if name.is_empty() || !seen.insert(name.as_str()) {
                return Err(Error::input("name of a column", name, "a text that no other column has"));
            }
            if column.len() != rows {
                let lengths = format!("{name} has {} rows, the first column {rows}", column.len());
                return Err(Error::incompatible(lengths));
            }
            if let Kind::Numbers { values, .. } = &column.0
                && let Some((row, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite())
            {
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

    /// The column of a name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns().find(|(known, _)| *known == name).map(|(_, column)| column)
    }

    /// The value of a row and a column.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a column that is not there.
    pub fn value(&self, row: usize, name: &str) -> Result<Value<'_>, Error> {
        Ok(self.needed(name)?.value(row))
    }

    /// The table of these rows, in this order; values beyond the last row are missing.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no row.
    pub fn subset(&self, rows: &[usize]) -> Result<Self, Error> {
        if rows.is_empty() {
            return Err(Error::no_data("rows of a table"));
        }
        let columns = self.columns.iter().map(|column| column.subset(rows)).collect();
        Ok(Self { rows: rows.len(), names: self.names.clone(), columns })
    }

    /// Columns with their names.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.names.iter().map(String::as_str).zip(&self.columns)
    }

    /// The column of a name, which must be there.
    pub(super) fn needed(&self, name: &str) -> Result<&Column, Error> {
        self.column(name).ok_or_else(|| Error::input("column", name, self.names.join(", ")))
    }
}
