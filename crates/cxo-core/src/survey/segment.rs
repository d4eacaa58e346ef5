//! Metrics by segment: one state a key, filled in one pass.

use crate::stats::suppression::Suppressed;

/// The answer of one segment, or why it is not shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment<T> {
    /// The key; `None` for all responses together.
    pub name: Option<String>,
    /// The answer, or why it is hidden.
    pub answer: Result<T, Suppressed>,
}
