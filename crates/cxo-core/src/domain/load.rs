//! What happened to the rows of a file, so that nothing is lost without a trace.

/// The account of one load: `rows = accepted + blank + rejected + skipped`.
///
/// Header rows are not counted. *Blank* rows have no answer in the column asked for, *rejected* rows one that is not
/// allowed, *skipped* rows were left out by a rule of the format (a preview, an unfinished response).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LoadReport {
    /// Data rows read.
    pub rows: u64,
    /// Rows that entered the result.
    pub accepted: u64,
    /// Rows without a value.
    pub blank: u64,
    /// Rows with a value that is not allowed.
    pub rejected: u64,
    /// Rows left out by a rule of the format.
    pub skipped: u64,
    /// Why rows were rejected or skipped, most frequent first, then by reason.
    pub reasons: Vec<Rejection>,
}

/// One reason with its count and the first few examples.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rejection {
    /// What was wrong and what is allowed.
    pub reason: String,
    /// How many rows.
    pub count: u64,
    /// The first rows of the file with this reason.
    pub examples: Vec<RejectedCell>,
}

/// Where a refused value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RejectedCell {
    /// Line of the file on which the row starts, counted from 1.
    pub line: u64,
    /// Name of the column.
    pub column: String,
    /// The value as it stands in the file.
    pub value: String,
}
