//! What every kind of row has in common: its width, the rules of its tool, and cells that are text, numbers or dates.

use std::borrow::Cow;
use std::collections::HashSet;

use cxo_core::Error;
use cxo_core::domain::{Day, Timestamp, Weight};

use crate::account::{Fault, Outcome};
use crate::blocks::Rows;
use crate::cell::{cell_text, number, unquoted};
use crate::date::DateReader;
use crate::head::Layout;
use crate::scan::Record;
use crate::{DecimalMark, Options, ShortRows};

/// A cell could not be read; boxed, because hardly any row has one.
pub(crate) type Cell<T> = Result<T, Box<Fault>>;

/// How the cells of one load are read.
pub(crate) struct RowReader<'l> {
    pub(crate) layout: &'l Layout,
    pub(crate) mark: DecimalMark,
    short_rows: ShortRows,
    pub(crate) dates: DateReader,
}

impl<'l> RowReader<'l> {
    pub(crate) fn new(layout: &'l Layout, options: &Options, dates: DateReader) -> Self {
        Self { layout, mark: options.decimal_mark, short_rows: options.short_rows, dates }
    }

    /// What becomes of a row before its cells are read: nothing, unless it has not as many as the header or its tool
    /// says that it is no response.
    #[inline]
    pub(crate) fn screen(&self, record: &Record<'_>) -> Option<Outcome> {
        let usual = record.cells == self.layout.columns.len() && self.layout.skip.is_empty();
        if usual { None } else { self.screen_unusual(record) }
    }

    #[inline(never)]
    fn screen_unusual(&self, record: &Record<'_>) -> Option<Outcome> {
        let width = self.layout.columns.len();
        if record.cells > width || record.cells < width && self.short_rows == ShortRows::Reject {
            let reason = format!("the row has {} cells, the header {width}", record.cells);
            return Some(Fault { column: None, ..Fault::new(0, record.text(), reason) }.rejected());
        }
        for rule in &self.layout.skip {
            let raw = raw(record, rule.column);
            let value = unquoted(raw);
            if rule.values.iter().any(|listed| listed.as_bytes() == value.trim_ascii()) {
                return Some(Fault::new(rule.column, raw, rule.reason).skipped());
            }
        }
        None
    }

    /// A cell as a positive number.
    pub(crate) fn positive(&self, record: &Record<'_>, column: usize, role: &str) -> Cell<Weight> {
        let text = text(record, column, role)?;
        number(&text, self.mark)
            .and_then(|value| Weight::new(value).ok())
            .ok_or_else(|| Box::new(Fault::value(column, raw(record, column), role, "a positive finite number")))
    }

    /// A cell as a finite number; none if it is blank.
    pub(crate) fn number(&self, record: &Record<'_>, column: usize, role: &str) -> Cell<Option<f64>> {
        let text = text(record, column, role)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let found = number(&text, self.mark);
        found.map(Some).ok_or_else(|| Box::new(Fault::value(column, raw(record, column), role, "a finite number")))
    }

    /// A cell as an instant; none if it is blank.
    #[inline]
    pub(crate) fn time(&self, record: &Record<'_>, column: usize, role: &str) -> Cell<Option<Timestamp>> {
        let raw = raw(record, column);
        match self.dates.usual(raw) {
            Some(instant) => Ok(Some(instant)),
            None => self.unusual_time(raw, column, role),
        }
    }

    #[inline(never)]
    fn unusual_time(&self, raw: &[u8], column: usize, role: &str) -> Cell<Option<Timestamp>> {
        let text = unquoted(raw);
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        let instant = self.dates.instant(&text);
        instant.map(Some).map_err(|fault| Box::new(Fault::new(column, raw, self.dates.reason(role, fault))))
    }

    /// A cell as a civil day; none if it is blank.
    pub(crate) fn day(&self, record: &Record<'_>, column: usize, role: &str) -> Cell<Option<Day>> {
        let raw = raw(record, column);
        let text = unquoted(raw);
        if text.trim_ascii().is_empty() {
            return Ok(None);
        }
        let day = self.dates.day(&text);
        day.map(Some).map_err(|fault| Box::new(Fault::new(column, raw, self.dates.reason(role, fault))))
    }
}

/// A cell as it stands in the file; empty where a short row has none.
#[inline]
pub(crate) fn raw<'a>(record: &Record<'a>, column: usize) -> &'a [u8] {
    record.cell(column).unwrap_or_default()
}

/// A cell as text.
#[inline]
pub(crate) fn text<'a>(record: &Record<'a>, column: usize, role: &str) -> Cell<Cow<'a, str>> {
    match record.plain(column) {
        Some(text) => Ok(Cow::Borrowed(text)),
        None => any_text(raw(record, column), column, role),
    }
}

fn any_text<'a>(raw: &'a [u8], column: usize, role: &str) -> Cell<Cow<'a, str>> {
    cell_text(raw).map_err(|error| Box::new(Fault::new(column, raw, format!("{role} {}", error.reason()))))
}

/// Skips rows whose identifier an accepted row had before.
pub(crate) struct Once<R> {
    rows: R,
    id: Option<usize>,
    seen: HashSet<Box<[u8]>>,
}

impl<R> Once<R> {
    pub(crate) fn new(rows: R, id: Option<usize>) -> Self {
        Self { rows, id, seen: HashSet::new() }
    }

    pub(crate) fn into_inner(self) -> R {
        self.rows
    }
}

impl<R: Rows> Rows for Once<R> {
    fn row(&mut self, record: &Record<'_>) -> Outcome {
        let Some((column, raw)) = self.id.and_then(|id| Some((id, record.cell(id)?))) else {
            return self.rows.row(record);
        };
        let id = unquoted(raw);
        if self.seen.contains(&*id) {
            return Fault::new(column, raw, "an accepted row before has the same id").skipped();
        }
        let outcome = self.rows.row(record);
        if matches!(outcome, Outcome::Accepted) && !id.is_empty() {
            self.seen.insert(id.into());
        }
        outcome
    }

    fn next_block(&mut self) -> Result<(), Error> {
        self.rows.next_block()
    }
}

/// Hands each row to a function.
pub(crate) struct EachRow<F>(pub(crate) F);

impl<F: FnMut(&Record<'_>) -> Outcome> Rows for EachRow<F> {
    fn row(&mut self, record: &Record<'_>) -> Outcome {
        (self.0)(record)
    }

    fn wants_text(&self) -> bool {
        true
    }

    fn next_block(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
