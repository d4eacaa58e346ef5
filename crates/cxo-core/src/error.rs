//! The one error type of the library.
//!
//! Every function that can refuse its input or cannot answer returns [`Error`]: one boxed word that knows its
//! [`kind`](Error::kind), the offending value, what would have been allowed, and, once the caller has added it,
//! the row. Adapters add the file and the column.

use std::fmt;

/// Why a value was refused or a question could not be answered.
///
/// ```
/// use cxo_core::{ErrorKind, survey::{Rating, Scale}};
///
/// let error = Rating::new(11, Scale::NPS).unwrap_err().at_row(7);
/// assert_eq!(error.kind(), ErrorKind::Input);
/// assert_eq!(error.to_string(), "row 7: rating is 11, allowed: 0 to 10");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Detail>);

#[derive(Clone, PartialEq, Eq)]
struct Detail {
    problem: Problem,
    row: Option<u64>,
}

/// The class of an [`Error`], for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value outside what the type or the definition allows.
    Input,
    /// There are no observations to answer from.
    NoData,
    /// The data are too uniform or too few for the method.
    Degenerate,
    /// The data do not determine the answer.
    NotIdentified,
    /// A column, or a set of columns, predicts the outcome perfectly.
    Separated,
    /// An iteration did not reach its tolerance.
    NotConverged,
    /// Two states or inputs that do not belong together.
    Incompatible,
    /// An integer result does not fit its type.
    Overflow,
}

impl ErrorKind {
    /// The name in kebab-case, as documents carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::NoData => "no-data",
            Self::Degenerate => "degenerate",
            Self::NotIdentified => "not-identified",
            Self::Separated => "separated",
            Self::NotConverged => "not-converged",
            Self::Incompatible => "incompatible",
            Self::Overflow => "overflow",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("{what} is {value}, allowed: {allowed}")]
    Input { what: String, value: String, allowed: String },
    #[error("no data: {what}")]
    NoData { what: String },
    #[error("degenerate: {what}")]
    Degenerate { what: String },
    #[error("not identified: {what}")]
    NotIdentified { what: String },
    #[error("not identified: {} (a linear combination of other columns or of the intercept says the same)", columns.join(", "))]
    Collinear { columns: Vec<String> },
    #[error(
        "separated: {} can tell the outcome of some or all rows, so that no finite coefficient is the most likely; a Firth or L2 \
         (ridge) penalty has one",
        columns.join(", ")
    )]
    Separated { columns: Vec<String> },
    #[error("not converged after {iterations} iterations: {what}")]
    NotConverged { what: String, iterations: u64 },
    #[error("incompatible: {what}")]
    Incompatible { what: String },
    #[error("overflow: {what}")]
    Overflow { what: String },
}

impl Error {
    fn of(problem: Problem) -> Self {
        Self(Box::new(Detail { problem, row: None }))
    }

    /// A value that is not allowed: what it is, the value as given, and what would have been accepted.
    #[must_use]
    pub fn input(what: impl Into<String>, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        let value = shown(value.to_string());
        Self::of(Problem::Input { what: what.into(), value, allowed: allowed.into() })
    }

    /// Nothing to answer from.
    #[must_use]
    pub fn no_data(what: impl Into<String>) -> Self {
        Self::of(Problem::NoData { what: what.into() })
    }

    /// Data too uniform or too few for the method.
    #[must_use]
    pub fn degenerate(what: impl Into<String>) -> Self {
        Self::of(Problem::Degenerate { what: what.into() })
    }

    /// Data that do not determine the answer.
    #[must_use]
    pub fn not_identified(what: impl Into<String>) -> Self {
        Self::of(Problem::NotIdentified { what: what.into() })
    }

    /// Columns that are linear combinations of others, so that their coefficients are not determined.
    #[must_use]
    pub fn collinear(columns: Vec<String>) -> Self {
        Self::of(Problem::Collinear { columns })
    }

    /// Columns that predict the outcome perfectly.
    #[must_use]
    pub fn separated(columns: Vec<String>) -> Self {
        Self::of(Problem::Separated { columns })
    }

    /// An iteration that did not reach its tolerance.
    #[must_use]
    pub fn not_converged(what: impl Into<String>, iterations: u64) -> Self {
        Self::of(Problem::NotConverged { what: what.into(), iterations })
    }

    /// Two things that do not belong together.
    #[must_use]
    pub fn incompatible(what: impl Into<String>) -> Self {
        Self::of(Problem::Incompatible { what: what.into() })
    }

    /// An integer result that does not fit.
    #[must_use]
    pub fn overflow(what: impl Into<String>) -> Self {
        Self::of(Problem::Overflow { what: what.into() })
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.0.problem {
            Problem::Input { .. } => ErrorKind::Input,
            Problem::NoData { .. } => ErrorKind::NoData,
            Problem::Degenerate { .. } => ErrorKind::Degenerate,
            Problem::NotIdentified { .. } | Problem::Collinear { .. } => ErrorKind::NotIdentified,
            Problem::Separated { .. } => ErrorKind::Separated,
            Problem::NotConverged { .. } => ErrorKind::NotConverged,
            Problem::Incompatible { .. } => ErrorKind::Incompatible,
            Problem::Overflow { .. } => ErrorKind::Overflow,
        }
    }

    /// The refused value as it was given; only for [`ErrorKind::Input`].
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Input { value, .. } => Some(value),
            _ => None,
        }
    }

    /// What would have been accepted; only for [`ErrorKind::Input`].
    #[must_use]
    pub fn allowed(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::Input { allowed, .. } => Some(allowed),
            _ => None,
        }
    }

    /// The columns that separate or that are not identified; empty for every other kind.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        match &self.0.problem {
            Problem::Separated { columns } | Problem::Collinear { columns } => columns,
            _ => &[],
        }
    }

    /// The row, counted from 0 in the caller's input, if one was added.
    #[must_use]
    pub fn row(&self) -> Option<u64> {
        self.0.row
    }

    /// Names the row (counted from 0) in which the value stands. A row that is already named stays.
    #[must_use]
    pub fn at_row(mut self, row: u64) -> Self {
        self.0.row.get_or_insert(row);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.0.row {
            write!(f, "row {row}: ")?;
        }
        self.0.problem.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {self})", self.kind())
    }
}

impl std::error::Error for Error {}

/// A number as a reader takes it in: one of hundreds of digits as a power of ten.
fn shown(value: String) -> String {
    match value.parse::<f64>() {
        Ok(number) if value.len() > 24 && number.is_finite() => format!("{number:e}"),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_powers_of_ten() {
        let value =
            |number: f64| Error::input("margin", number, "0 to 1").value().map(str::to_owned).unwrap_or_default();
        assert_eq!([value(1e300), value(-0.1), value(1e-300)], ["1e300", "-0.1", "1e-300"]);
    }

    #[test]
    fn is_one_word() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn keeps_the_first_row() {
        let error = Error::no_data("responses").at_row(3).at_row(4);
        assert_eq!(error.row(), Some(3));
        assert_eq!(error.to_string(), "row 3: no data: responses");
    }

    #[test]
    fn says_value_and_bound() {
        let error = Error::input("confidence", 1.5, "between 0 and 1");
        assert_eq!((error.value(), error.allowed()), (Some("1.5"), Some("between 0 and 1")));
        assert_eq!(error.kind().to_string(), "input");
    }
}
