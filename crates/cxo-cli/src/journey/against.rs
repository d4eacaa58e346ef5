//! Against which segment the others are compared: one of a column, or the time before a change.

use clap::Args;
use cxo_json::Entry;

use crate::{
    asking::QUESTION,
    journey::{columns::Columns, period::Bound},
    page::{self, Page},
};

/// The segments of `--change`.
pub(crate) const BEFORE: &str = "before";
pub(crate) const AFTER: &str = "after";

/// What is compared.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = QUESTION)]
pub(crate) struct Against {
    /// Compare each other segment of --by with this one
    #[arg(long, value_name = "VALUE", requires = "by")]
    baseline: Option<String>,
    /// Compare journeys that begin at this instant or day, or later, with those that begin before, in place of --by
    #[arg(long, value_name = "DATE", conflicts_with_all = ["by", "baseline"])]
    change: Option<Bound>,
}

impl Against {
    /// The columns with the segments that are compared.
    pub(crate) fn columns(&self, columns: &Columns) -> Columns {
        let mut columns = columns.clone();
        columns.change = self.change;
        columns
    }

    /// The segment that the others are compared with.
    pub(crate) fn baseline(&self) -> Option<&str> {
        self.change.map(|_| BEFORE).or(self.baseline.as_deref())
    }
}

/// A part of the page for each segment that is compared, with its name; a line says why another is not.
pub(crate) fn each<T>(page: &mut Page, of: &[Entry<T>], part: impl Fn(&mut Page, &str, &T)) {
    for entry in of {
        let name = page::segment(entry.segment.as_deref());
        match &entry.outcome {
            Ok(row) => part(page, &name, row),
            Err(reason) => page.line(&format!("{name} is not compared: {reason}")),
        }
    }
}
