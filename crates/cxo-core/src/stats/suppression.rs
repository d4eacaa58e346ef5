//! Which small cells must be hidden, and which others with them. Its state is the cells of all tables of one document with
//! their sums; reports and every command with `--min-responses` call it.

use std::fmt;

/// Why an answer is not shown. The text tells nothing about the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Suppressed {
    /// Fewer responses than the document shows.
    TooFew,
    /// Hidden because a smaller cell could otherwise be computed from the totals.
    Secondary,
}

impl Suppressed {
    /// The reason in words, as documents and tables carry it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooFew => "too few responses",
            Self::Secondary => "hidden to protect a smaller segment",
        }
    }
}

impl fmt::Display for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}
