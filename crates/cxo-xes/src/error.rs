//! Why a log could not be read, in one readable line.
//!
//! [`LogError`] knows the file, the line, the key, the value and what would have been allowed, each where it applies. It
//! stops a load; a single bad event does not (it is counted in the [`LoadReport`](cxo_core::domain::LoadReport)), unless
//! the load is [strict](crate::Strictness::Strict).

use std::{fmt, io};

/// Why a load stopped.
///
/// ```
/// use cxo_xes::{EventKeys, Input, Load, LogErrorKind};
///
/// let error = Load::new(Input::text("log.xes", "<log>\n<trace>\n")).xes(&EventKeys::default()).unwrap_err();
/// assert_eq!(error.kind(), LogErrorKind::Malformed);
/// assert_eq!(error.to_string(), "log.xes, line 3: the file ends within <trace>");
/// ```
#[derive(Debug)]
pub struct LogError(Box<Detail>);

#[derive(Debug)]
struct Detail {
    problem: Problem,
    file: Option<String>,
    line: Option<u64>,
    key: Option<String>,
}

/// The class of a [`LogError`], for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogErrorKind {
    /// The file could not be opened, read or decompressed.
    Io,
    /// The file has no content.
    Empty,
    /// The content is no XML or no JSON, ends too early, or uses an entity that XML does not define.
    Malformed,
    /// The content is XML or JSON, and no log of the format.
    NotALog,
    /// The log has no events.
    NoEvents,
    /// An object type that the log does not have.
    UnknownObjectType,
    /// A key that no event has.
    UnknownKey,
    /// A bad event in a strict load.
    BadRow,
    /// The caller's own function refused, or what was asked for.
    Refused,
}

impl LogErrorKind {
    /// The name in kebab-case, as documents carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::NotALog => "not-a-log",
            Self::NoEvents => "no-events",
            Self::UnknownObjectType => "unknown-object-type",
            Self::UnknownKey => "unknown-key",
            Self::BadRow => "bad-row",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for LogErrorKind {
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
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    NotALog(String),
    #[error("the log has no events")]
    NoEvents,
    #[error("there is no object type \"{name}\"; the types are {types}")]
    UnknownObjectType { name: String, types: String },
    #[error("no event has \"{name}\"; the keys are {keys}")]
    UnknownKey { name: String, keys: String },
    #[error("{reason}")]
    BadRow { reason: String, value: String },
    #[error("{0}")]
    Refused(#[from] cxo_core::Error),
}

impl From<Problem> for LogError {
    fn from(problem: Problem) -> Self {
        Self(Box::new(Detail { problem, file: None, line: None, key: None }))
    }
}

impl From<cxo_core::Error> for LogError {
    fn from(error: cxo_core::Error) -> Self {
        Problem::Refused(error).into()
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Problem::Io(error).into()
    }
}

impl LogError {
    pub(crate) fn in_file(mut self, file: &str) -> Self {
        self.0.file.get_or_insert_with(|| file.to_owned());
        self
    }

    pub(crate) fn at_line(mut self, line: u64) -> Self {
        self.0.line.get_or_insert(line);
        self
    }

    pub(crate) fn at_key(mut self, key: &str) -> Self {
        if !key.is_empty() {
            self.0.key.get_or_insert_with(|| key.to_owned());
        }
        self
    }

    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> LogErrorKind {
        match self.0.problem {
            Problem::Io(_) => LogErrorKind::Io,
            Problem::Empty => LogErrorKind::Empty,
            Problem::Malformed(_) => LogErrorKind::Malformed,
            Problem::NotALog(_) => LogErrorKind::NotALog,
            Problem::NoEvents => LogErrorKind::NoEvents,
            Problem::UnknownObjectType { .. } => LogErrorKind::UnknownObjectType,
            Problem::UnknownKey { .. } => LogErrorKind::UnknownKey,
            Problem::BadRow { .. } => LogErrorKind::BadRow,
            Problem::Refused(_) => LogErrorKind::Refused,
        }
    }

    /// The file as it was named, or the name given to a stream.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The key of the attribute.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The refused value.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::BadRow { value, .. } => Some(value),
            Problem::UnknownObjectType { name, .. } | Problem::UnknownKey { name, .. } => Some(name),
            Problem::Refused(error) => error.value(),
            _ => None,
        }
    }

    /// What would have been accepted: the object types or the keys that there are.
    #[must_use]
    pub fn allowed(&self) -> Option<&str> {
        match &self.0.problem {
            Problem::UnknownObjectType { types, .. } => Some(types),
            Problem::UnknownKey { keys, .. } => Some(keys),
            Problem::Refused(error) => error.allowed(),
            _ => None,
        }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Detail { problem, file, line, .. } = &*self.0;
        let place = [file.clone(), line.map(|line| format!("line {line}"))];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            write!(f, "{}: ", place.join(", "))?;
        }
        problem.fmt(f)
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.problem {
            Problem::Io(error) => Some(error),
            Problem::Refused(error) => Some(error),
            _ => None,
        }
    }
}

/// Names as a message lists them: the first of them, where they are many.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 20;
    let names: Vec<String> = names.into_iter().map(|name| format!("\"{name}\"")).collect();
    let more = names.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("{more} more"));
    if names.is_empty() {
        return "none".to_owned();
    }
    names.into_iter().take(MOST).chain(more).collect::<Vec<_>>().join(", ")
}
