//! What became of each row: the load report, the rejected rows, and where a strict load stops.

use std::collections::HashMap;
use std::io::Write;

use cxo_core::Error;
use cxo_core::domain::{LoadReport, RejectedCell, Rejection};

use crate::cell::{shown, unquoted};
use crate::error::Problem;
use crate::head::Layout;
use crate::scan::Record;
use crate::write::write_row;
use crate::{CsvError, Strictness};

/// Examples kept for a reason.
const EXAMPLES: usize = 3;
/// Reasons of one kind that are told apart by their value; the rest are counted together.
const TOLD_APART: usize = 20;

/// What a row turned out to be.
pub(crate) enum Outcome {
    Accepted,
    Blank,
    Skipped(Box<Fault>),
    Rejected(Box<Fault>),
    /// The caller's function refused: the load stops.
    Refused(Error),
}

/// Why a row was rejected or skipped.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The column, or none if it is the row as a whole.
    pub(crate) column: Option<usize>,
    pub(crate) value: String,
    pub(crate) reason: String,
    pub(crate) allowed: Option<String>,
    /// What is counted together with it once too many reasons differ by their value only.
    pub(crate) kind: Option<String>,
}

impl Fault {
    /// A fault of a cell whose reason does not say the value.
    pub(crate) fn new(column: usize, raw: &[u8], reason: impl Into<String>) -> Self {
        Self { column: Some(column), value: shown(raw), reason: reason.into(), allowed: None, kind: None }
    }

    /// `role` is `value`, and only `allowed` is.
    pub(crate) fn value(column: usize, raw: &[u8], role: &str, allowed: impl Into<String>) -> Self {
        let (allowed, value) = (allowed.into(), shown(raw));
        // A reason is one line, whatever the cell holds.
        let line = value.replace(char::is_whitespace, " ").replace(char::is_control, "\u{FFFD}");
        let said = if line.trim().is_empty() { "blank" } else { &line };
        Self {
            reason: format!("{role} is {said}, allowed: {allowed}"),
            kind: Some(format!("{role} is another value, allowed: {allowed}")),
            ..Self::new(column, raw, String::new()).allowed(allowed)
        }
    }

    fn allowed(mut self, allowed: String) -> Self {
        self.allowed = Some(allowed);
        self
    }

    pub(crate) fn rejected(self) -> Outcome {
        Outcome::Rejected(Box::new(self))
    }

    pub(crate) fn skipped(self) -> Outcome {
        Outcome::Skipped(Box::new(self))
    }
}

/// A row that is to be explained; its line is counted from the start of its part of the file.
struct Noted {
    line: u64,
    fault: Box<Fault>,
    rejected: bool,
    /// Rows with this reason: this one, and those that are not noted on their own.
    count: u64,
    /// The cells, where rejected rows are written out.
    row: Vec<Vec<u8>>,
}

/// What became of the rows of one part of the file.
#[derive(Default)]
pub(crate) struct Part {
    rows: u64,
    accepted: u64,
    blank: u64,
    noted: Vec<Noted>,
    /// How many rows have a reason, and which of them was noted last.
    reasons: HashMap<String, (usize, usize)>,
    refused: Option<(u64, Error)>,
    /// Lines counted so far and up to where.
    counted: (u64, usize),
}

impl Part {
    /// A part that begins at `from` of its piece of text.
    pub(crate) fn new(from: usize) -> Self {
        Self { counted: (0, from), ..Self::default() }
    }

    /// Takes down what became of a row. False if the load is to stop there.
    #[inline]
    pub(crate) fn note(&mut self, outcome: Outcome, data: &[u8], record: &Record<'_>, layout: &Layout) -> bool {
        self.rows += 1;
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Blank => self.blank += 1,
            explained => return self.explain(explained, data, record, layout),
        }
        true
    }

    #[cold]
    fn explain(&mut self, outcome: Outcome, data: &[u8], record: &Record<'_>, layout: &Layout) -> bool {
        let line = self.lines_before(record.start(), data, layout);
        let (fault, rejected) = match outcome {
            Outcome::Rejected(fault) => (fault, true),
            Outcome::Skipped(fault) => (fault, false),
            Outcome::Refused(error) => {
                self.refused = Some((line, error));
                return false;
            }
            Outcome::Accepted | Outcome::Blank => return true,
        };
        if !layout.keep_rejected {
            let (rows, last) = self.reasons.entry(fault.reason.clone()).or_default();
            // A report shows no more examples than this, so a file of bad rows only costs no memory.
            if let Some(noted) = self.noted.get_mut(*last).filter(|_| *rows >= EXAMPLES) {
                noted.count += 1;
                return true;
            }
            (*rows, *last) = (*rows + 1, self.noted.len());
        }
        let cells = (0..record.cells).map_while(|index| record.cell(index)).map(|raw| unquoted(raw).into_owned());
        let row = if rejected && layout.keep_rejected { cells.collect() } else { Vec::new() };
        self.noted.push(Noted { line, fault, rejected, count: 1, row });
        !(rejected && layout.strictness == Strictness::Strict)
    }

    /// Whether the load is to stop within this part.
    pub(crate) fn stopped(&self, layout: &Layout) -> bool {
        let strict = layout.strictness == Strictness::Strict;
        self.refused.is_some() || strict && self.noted.iter().any(|noted| noted.rejected)
    }

    /// Line breaks of this part before `at`.
    pub(crate) fn lines_before(&mut self, at: usize, data: &[u8], layout: &Layout) -> u64 {
        let (lines, from) = self.counted;
        let passed = data.get(from..at).unwrap_or_default();
        let lines = lines + memchr::memchr_iter(layout.line_break, passed).count() as u64;
        self.counted = (lines, at.max(from));
        lines
    }
}

/// The account of a whole load, part after part in the order of the file.
pub(crate) struct Account<'a> {
    report: LoadReport,
    places: HashMap<String, usize>,
    kinds: HashMap<String, usize>,
    /// Line on which the next part begins.
    line: u64,
    rejected: Option<&'a mut (dyn Write + Send)>,
    header_written: bool,
}

impl<'a> Account<'a> {
    pub(crate) fn new(first_line: u64, rejected: Option<&'a mut (dyn Write + Send)>) -> Self {
        Self {
            report: LoadReport::default(),
            places: HashMap::new(),
            kinds: HashMap::new(),
            line: first_line,
            rejected,
            header_written: false,
        }
    }

    /// Adds the next part, which ends `end` bytes into its piece of text.
    pub(crate) fn add(&mut self, mut part: Part, data: &[u8], end: usize, layout: &Layout) -> Result<(), CsvError> {
        let base = self.line;
        self.line += part.lines_before(end, data, layout);
        self.report.rows += part.rows;
        self.report.accepted += part.accepted;
        self.report.blank += part.blank;
        for noted in part.noted {
            let line = base + noted.line;
            let column = layout.column_name(noted.fault.column);
            if noted.rejected {
                self.write_rejected(&noted, line, column, layout)?;
                if layout.strictness == Strictness::Strict {
                    let Fault { reason, value, allowed, .. } = *noted.fault;
                    return Err(CsvError::from(Problem::BadRow { reason, value, allowed })
                        .at_line(line)
                        .in_column(column));
                }
                self.report.rejected += noted.count;
            } else {
                self.report.skipped += noted.count;
            }
            self.count_reason(*noted.fault, noted.count, line, column);
        }
        match part.refused {
            Some((line, error)) => Err(CsvError::from(Problem::Refused(error)).at_line(base + line)),
            None => Ok(()),
        }
    }

    fn count_reason(&mut self, fault: Fault, count: u64, line: u64, column: &str) {
        let reason = match fault.kind {
            Some(kind) if !self.places.contains_key(&fault.reason) => {
                let told_apart = self.kinds.entry(kind.clone()).or_default();
                *told_apart += 1;
                if *told_apart > TOLD_APART { kind } else { fault.reason }
            }
            _ => fault.reason,
        };
        let next = self.report.reasons.len();
        let place = *self.places.entry(reason.clone()).or_insert(next);
        if place == next {
            self.report.reasons.push(Rejection { reason, count: 0, examples: Vec::new() });
        }
        if let Some(rejection) = self.report.reasons.get_mut(place) {
            rejection.count += count;
            if rejection.examples.len() < EXAMPLES {
                rejection.examples.push(RejectedCell { line, column: column.to_owned(), value: fault.value });
            }
        }
    }

    fn write_rejected(&mut self, noted: &Noted, line: u64, column: &str, layout: &Layout) -> Result<(), CsvError> {
        let Some(writer) = &mut self.rejected else { return Ok(()) };
        let mut text = Vec::new();
        if !self.header_written {
            self.header_written = true;
            let names = layout.columns.iter().map(|column| column.name.as_bytes());
            let added: [&[u8]; 3] = [b"rejected_line", b"rejected_column", b"rejected_reason"];
            write_row(&mut text, names.chain(added), layout.delimiter);
        }
        let missing = layout.columns.len().saturating_sub(noted.row.len());
        let cells = noted.row.iter().map(Vec::as_slice).chain(std::iter::repeat_n(&b""[..], missing));
        let line = line.to_string();
        let added = [line.as_bytes(), column.as_bytes(), noted.fault.reason.as_bytes()];
        write_row(&mut text, cells.chain(added), layout.delimiter);
        writer.write_all(&text).map_err(CsvError::from)
    }

    /// The line on which the next part begins.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The finished report: reasons by count, then by text.
    pub(crate) fn finish(mut self) -> LoadReport {
        self.report.reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        self.report
    }
}
