//! Why the command stopped: one readable message, or the JSON error object, and the exit code that belongs to it.

use std::{fmt, io, path::Path};

use cxo_core::domain::LoadReport;
use cxo_csv::CsvError;
use cxo_json::{FailureDetail, FailureDocument};

/// A reason to stop. Everything found in data or files exits with 1, everything wrong with the arguments with 2.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    detail: Box<FailureDetail>,
}

impl Failure {
    /// Arguments that do not say what to do.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::of(2, "usage", message)
    }

    /// An option whose value is refused: the option, and what the core said about its value.
    pub(crate) fn option(name: &str, error: &cxo_core::Error) -> Self {
        let mut failure = Self::of(2, "usage", format!("{name}: {error}"));
        failure.detail.column = None;
        failure.detail.value = error.value().map(str::to_owned);
        failure.detail.allowed = error.allowed().map(str::to_owned);
        failure
    }

    /// Something found in data or files.
    pub(crate) fn data(kind: &str, message: impl Into<String>) -> Self {
        Self::of(1, kind, message)
    }

    /// A touchpoint that no record has, with those that might be meant.
    pub(crate) fn unknown_touchpoint(message: String, value: &str, allowed: String) -> Self {
        let mut failure = Self::data("unknown-touchpoint", message);
        failure.detail.value = Some(value.to_owned());
        failure.detail.allowed = Some(allowed);
        failure
    }

    /// A segment that no journey is in, with those that there are.
    pub(crate) fn unknown_segment(value: &str, allowed: String) -> Self {
        let message = format!("no journey begins in the segment \"{value}\"; the segments are {allowed}");
        let mut failure = Self::data("unknown-segment", message);
        failure.detail.value = Some(value.to_owned());
        failure.detail.allowed = Some(allowed);
        failure
    }

    /// A file that could not be read or written.
    pub(crate) fn io(path: &Path, doing: &str, error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file or directory".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
            _ => error.to_string(),
        };
        Self::data("io", format!("cannot {doing} {}: {reason}", path.display())).in_file(path)
    }

    /// A text file that cannot be understood in this line and column, from 1.
    pub(crate) fn in_text(path: &Path, place: Option<(usize, usize)>, message: &str) -> Self {
        let at = place.map(|(line, column)| format!(", line {line}, column {column}")).unwrap_or_default();
        let mut failure = Self::data("blueprint", format!("{}{at}: {message}", path.display())).in_file(path);
        failure.detail.line = place.and_then(|(line, _)| u64::try_from(line).ok());
        failure.detail.column = place.map(|(_, column)| column.to_string());
        failure
    }

    /// Names the file.
    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        self.detail.file.get_or_insert_with(|| path.display().to_string());
        self
    }

    /// Names the file, in words too, and tells what became of its rows where some were rejected: then a model may lack what is in them.
    pub(crate) fn after(mut self, load: &LoadReport, path: &Path) -> Self {
        let LoadReport { rows, rejected, .. } = load;
        if *rejected > 0 {
            let first = load.reasons.first().map(|reason| format!(" ({})", reason.reason)).unwrap_or_default();
            let message = &self.detail.message;
            self.detail.message = format!("{message}; {rejected} of {rows} rows were rejected{first}");
        }
        self.detail.message = format!("{}: {}", path.display(), self.detail.message);
        self.in_file(path)
    }

    /// The exit code.
    pub(crate) const fn code(&self) -> u8 {
        self.code
    }

    /// The error object, one line.
    pub(crate) fn json(&self) -> String {
        let document = FailureDocument { error: (*self.detail).clone() };
        serde_json::to_string(&document).unwrap_or_default()
    }

    fn of(code: u8, kind: &str, message: impl Into<String>) -> Self {
        let detail = FailureDetail { kind: kind.to_owned(), message: message.into(), ..FailureDetail::default() };
        Self { code, detail: Box::new(detail) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail.message)
    }
}

impl From<cxo_core::Error> for Failure {
    fn from(error: cxo_core::Error) -> Self {
        let mut failure = Self::data(error.kind().name(), error.to_string());
        failure.detail.value = error.value().map(str::to_owned);
        failure.detail.allowed = error.allowed().map(str::to_owned);
        failure
    }
}

impl From<CsvError> for Failure {
    fn from(error: CsvError) -> Self {
        let mut failure = Self::data(error.kind().name(), error.to_string());
        failure.detail.file = error.file().map(str::to_owned);
        failure.detail.line = error.line();
        failure.detail.column = error.column().map(str::to_owned);
        failure.detail.value = error.value().map(str::to_owned);
        failure.detail.allowed = error.allowed().map(str::to_owned);
        failure
    }
}

impl From<cxo_xes::LogError> for Failure {
    fn from(error: cxo_xes::LogError) -> Self {
        let mut failure = Self::data(error.kind().name(), error.to_string());
        failure.detail.file = error.file().map(str::to_owned);
        failure.detail.line = error.line();
        failure.detail.column = error.key().map(str::to_owned);
        failure.detail.value = error.value().map(str::to_owned);
        failure.detail.allowed = error.allowed().map(str::to_owned);
        failure
    }
}
