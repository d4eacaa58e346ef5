//! The error object that `cxo` writes to standard error with `--format json`.

use serde::{Deserialize, Serialize};

/// `{"error": {"kind", "message", …}}`: the one document without format and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureDocument {
    /// What went wrong.
    pub error: FailureDetail,
}

/// What went wrong and where; keys that do not apply are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureDetail {
    /// The class of the error in kebab-case, such as `input`, `no-data`, `usage` or `io`.
    pub kind: String,
    /// One sentence for people.
    pub message: String,
    /// The file as it was named on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the file, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The name of the column, or of the option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The value as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What would have been accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
}
