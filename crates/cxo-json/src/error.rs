//! Why a document could not be read.

/// Why bytes are not the document that was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or a key that is missing or of the wrong type; the message names line and column.
    #[error("not a {format} document: {source}")]
    Json {
        /// The format that was asked for.
        format: &'static str,
        /// What the parser found.
        source: serde_json::Error,
    },
    /// A document of another kind.
    #[error("the document is \"{found}\", expected \"{expected}\"")]
    Format {
        /// The `format` of the document.
        found: String,
        /// The format that was asked for.
        expected: &'static str,
    },
    /// A version that this reader does not know.
    #[error("version {found} of {format} is not known; known: {known}")]
    Version {
        /// The format that was asked for.
        format: &'static str,
        /// The `version` of the document.
        found: u64,
        /// The versions this reader knows.
        known: &'static str,
    },
    /// A value outside its range, or one that contradicts another.
    #[error("{key} is {value}, allowed: {allowed}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value found.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
}

impl Error {
    pub(crate) fn value(key: &'static str, value: impl std::fmt::Display, allowed: &'static str) -> Self {
        Self::Value { key, value: value.to_string(), allowed }
    }
}
