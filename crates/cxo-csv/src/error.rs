//! Why a file could not be read, in one readable line.
//!
//! [`CsvError`] knows the file, the line, the column, the value and what would have been allowed, each where it
//! applies. It stops a load; a single bad row does not (it is counted in the
//! [`LoadReport`](cxo_core::domain::LoadReport)), unless the load is [strict](crate::Strictness::Strict).

use std::fmt;
use std::io;

/// Why a load stopped.
///
/// ```
/// use cxo_core::survey::{Scale, Tally};
/// use cxo_csv::{CsvErrorKind, Input, Load, ResponseColumns};
///
/// let input = Input::text("feedback.csv", "customer,score\nanna,9\n");
/// let error = Load::new(input)
///     .fold_responses(
///         &ResponseColumns::new("scor", Scale::NPS),
///         || Tally::new(Scale::NPS),
///         |tally, response| tally.add(response.rating),
///         |tally, other| cxo_core::State::merge(tally, &other),
///     )
///     .unwrap_err();
/// assert_eq!(error.kind(), CsvErrorKind::UnknownColumn);
/// assert_eq!(error.to_string(), "feedback.csv, line 1: there is no column \"scor\"; did you mean \"score\"?");
/// ```
#[derive(Debug)]
pub struct CsvError(Box<Detail>);

#[derive(Debug)]
struct Detail {
    problem: Problem,
    file: Option<String>,
    line: Option<u64>,
    column: Option<String>,
}

/// The class of a [`CsvError`], for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CsvErrorKind {
    /// The file could not be opened, read or decompressed, or the rejected rows could not be written.
    Io,
    /// The file has no content.
    Empty,
    /// The file has a header and no rows.
    HeaderOnly,
    /// The content is no delimited text, or not in the encoding that was declared.
    NotText,
    /// A column that the header does not have.
    UnknownColumn,
    /// A name that several columns of the header have.
    RepeatedColumn,
    /// The order of day and month, or the format of the dates, cannot be told from the data.
    DateFormat,
    /// A row that is longer than any row should be: most often a quote that is never closed.
    RowTooLong,
    /// A bad row in a strict load.
    BadRow,
    /// The caller's own function refused.
    Refused,
}

impl CsvErrorKind {
    /// The name in kebab-case, as documents carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Empty => "empty",
            Self::HeaderOnly => "header-only",
            Self::NotText => "not-text",
            Self::UnknownColumn => "unknown-column",
            Self::RepeatedColumn => "repeated-column",
            Self::DateFormat => "date-format",
            Self::RowTooLong => "row-too-long",
            Self::BadRow => "bad-row",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for CsvErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the file is empty")]
    Empty,
    #[error("there is a header and no row below it")]
    HeaderOnly,
    #[error("{0}")]
    NotText(String),
    #[error("there is no column \"{name}\"{}", suggestion(.nearest.as_deref(), .columns))]
    UnknownColumn { name: String, nearest: Option<String>, columns: String },
    #[error("{} columns are named \"{name}\" ({}); name one by its position, such as #{}", positions.len(),
        listed(positions), positions.first().unwrap_or(&1))]
    RepeatedColumn { name: String, positions: Vec<usize> },
    #[error("{0}; give the date format (--date-format)")]
    DateFormat(String),
    #[error("a row of more than {limit} bytes begins here; is a quote never closed?")]
    RowTooLong { limit: usize },
    #[error("{reason}")]
    BadRow { reason: String, value: String, allowed: Option<String> },
    #[error("{0}")]
    Refused(#[from] cxo_core::Error),
}

fn suggestion(nearest: Option<&str>, columns: &str) -> String {
    nearest.map_or_else(|| format!("; the columns are {columns}"), |name| format!("; did you mean \"{name}\"?"))
}

fn listed(positions: &[usize]) -> String {
    positions.iter().map(|position| format!("#{position}")).collect::<Vec<_>>().join(", ")
}

impl From<Problem> for CsvError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Detail { problem, file: None, line: None, column: None }))
    }
}

impl From<cxo_core::Error> for CsvError {
    fn from(error: cxo_core::Error) -> Self {
        Problem::Refused(error).into()
    }
}

impl From<io::Error> for CsvError {
    fn from(error: io::Error) -> Self {
        Problem::Io(error).into()
    }
}

impl CsvError {
    pub(crate) fn in_file(mut self, file: &str) -> Self {
        self.0.file.get_or_insert_with(|| file.to_owned());
        self
    }

    pub(crate) fn at_line(mut self, line: u64) -> Self {
        self.0.line.get_or_insert(line);
        self
    }

    pub(crate) fn in_column(mut self, column: &str) -> Self {
        if !column.is_empty() {
            self.0.column.get_or_insert_with(|| column.to_owned());
        }
        self
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> CsvErrorKind {
        match self.0.problem {
            Problem::Io(_) => CsvErrorKind::Io,
            Problem::Empty => CsvErrorKind::Empty,
            Problem::HeaderOnly => CsvErrorKind::HeaderOnly,
            Problem::NotText(_) => CsvErrorKind::NotText,
            Problem::UnknownColumn { .. } => CsvErrorKind::UnknownColumn,
            Problem::RepeatedColumn { .. } => CsvErrorKind::RepeatedColumn,
            Problem::DateFormat(_) => CsvErrorKind::DateFormat,
            Problem::RowTooLong { .. } => CsvErrorKind::RowTooLong,
            Problem::BadRow { .. } => CsvErrorKind::BadRow,
            Problem::Refused(_) => CsvErrorKind::Refused,
        }
    }

    /// The file as it was named, or the name given to a stream.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// The line on which the row starts, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The column.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }

    /// The refused value: the text of a cell, or the name of a column that is not there.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::BadRow { value, .. } => Some(value),
            Problem::UnknownColumn { name, .. } | Problem::RepeatedColumn { name, .. } => Some(name),
            Problem::Refused(error) => error.value(),
            _ => None,
        }
    }

    /// What would have been accepted; for a column that is not there, the columns that are.
    #[must_use]
    pub fn allowed(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::BadRow { allowed, .. } => allowed.as_deref(),
            Problem::UnknownColumn { columns, .. } => Some(columns),
            Problem::Refused(error) => error.allowed(),
            _ => None,
        }
    }
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { problem, file, line, column } = &*self.0;
        let place = [
            file.clone(),
            line.map(|line| format!("line {line}")),
            column.as_ref().map(|column| format!("column \"{column}\"")),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            write!(f, "{}: ", place.join(", "))?;
        }
        problem.fmt(f)
    }
}

impl std::error::Error for CsvError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.problem {
            Problem::Io(error) => Some(error),
            Problem::Refused(error) => Some(error),
            _ => None,
        }
    }
}
