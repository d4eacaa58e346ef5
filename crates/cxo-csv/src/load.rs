//! One load: an input, its options, and what becomes of its rows.

use std::fmt;
use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use cxo_core::Error;
use cxo_core::domain::LoadReport;

use crate::account::{Account, Outcome};
use crate::blocks::{self, Blocks, Fold};
use crate::cell::unquoted;
use crate::date::{DateReader, DateVotes};
use crate::error::Problem;
use crate::head::{BytesRead, Layout, Opened, Stream, open};
use crate::input::{Bytes, Kind};
use crate::response::{FoldResponses, Places, ResponseReader, Scratch};
use crate::row::{EachRow, Once, RowReader, raw};
use crate::scan::Record;
use crate::{CsvError, DateFormat, Delimiter, Encoding, Input, Options, Preset, Response, ResponseColumns, Strictness};

/// How much of a stream is kept in memory to find the format of its dates.
const SPOOL_BYTES: u64 = 16 << 20;

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name: the cell of the first header row, with the option or sub-question where the tool writes one.
    pub name: String,
    /// The text of the question, where the tool writes it in a row of its own.
    pub question: Option<String>,
}

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detected {
    /// Which tool wrote it.
    pub preset: Preset,
    /// What separates its cells.
    pub delimiter: Delimiter,
    /// How its bytes are text.
    pub encoding: Encoding,
    /// How its dates are written; `None` where no column of dates was read.
    pub date_format: Option<DateFormat>,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// What a load returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded<T> {
    /// The result.
    pub value: T,
    /// What became of the rows.
    pub report: LoadReport,
    /// What was found out about the file.
    pub detected: Detected,
}

/// One load of one input.
///
/// ```
/// use cxo_core::domain::Stages;
/// use cxo_csv::{FeedbackColumns, Input, Load};
///
/// let csv = "customer,metric,score,stage\nanna,nps,9,purchase\nanna,csat,6,service\n";
/// let mut rejected = Vec::new();
/// let loaded = Load::new(Input::text("feedback.csv", csv))
///     .rejected(&mut rejected)
///     .feedback(&FeedbackColumns::default(), &mut Stages::default())?;
/// assert_eq!(loaded.value.len(), 1);
/// assert_eq!(
///     String::from_utf8_lossy(&rejected),
///     "customer,metric,score,stage,rejected_line,rejected_column,rejected_reason\n\
///      anna,csat,6,service,3,score,\"score is 6, allowed: 1 to 5\"\n"
/// );
/// # Ok::<(), cxo_csv::CsvError>(())
/// ```
pub struct Load<'a> {
    pub(crate) input: Input,
    pub(crate) options: Options,
    pub(crate) rejected: Option<&'a mut (dyn Write + Send)>,
    pub(crate) progress: Option<&'a (dyn Fn(u64) + Sync)>,
}

impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load").field("input", &self.input).field("options", &self.options).finish_non_exhaustive()
    }
}

impl<'a> Load<'a> {
    /// A load with default options.
    #[must_use]
    pub fn new(input: Input) -> Self {
        Self { input, options: Options::default(), rejected: None, progress: None }
    }

    /// Sets the options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Writes every rejected row there as CSV in UTF-8: its cells, then the line, the column and the reason. The header
    /// is written before the first of them; without rejected rows nothing is written.
    #[must_use]
    pub fn rejected(mut self, writer: &'a mut (dyn Write + Send)) -> Self {
        self.rejected = Some(writer);
        self
    }

    /// Calls back with the bytes of the input read so far (of the compressed file, where it is one), about once a
    /// block, from any of the threads. Where a first pass over dates is needed it starts again from 0.
    #[must_use]
    pub fn progress(mut self, callback: &'a (dyn Fn(u64) + Sync)) -> Self {
        self.progress = Some(callback);
        self
    }

    /// Reads the head of the file only: what wrote it, its delimiter, encoding and columns.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn detect(mut self) -> Result<Detected, CsvError> {
        let opened = open(&mut self.input, &self.options, &BytesRead::default());
        opened.map(|opened| detected(opened.layout, None)).map_err(|error| error.in_file(&self.input.name))
    }

    /// Folds all responses into a state, on several threads.
    ///
    /// Each thread starts states with `make`, adds the responses of whole blocks in their order with `each`, and the
    /// states are merged in the order of the file with `merge`. The result does not depend on the number of threads. An
    /// error of `each` or `merge` stops the load.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass, O(bytes); memory is some blocks for each thread and their states. See the [crate](crate) for what
    /// needs more.
    pub fn fold_responses<S: Send>(
        self,
        columns: &ResponseColumns,
        make: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, &Response<'_>) -> Result<(), Error> + Sync,
        merge: impl FnMut(&mut S, S) -> Result<(), Error> + Send,
    ) -> Result<Loaded<S>, CsvError> {
        let time = |layout: &Layout| columns.time.as_deref().map(|name| layout.place(name)).transpose();
        self.run(&time, |Session { rows, blocks, options, account }| {
            let places = Places::new(columns, rows.layout)?;
            let (layout, id) = (rows.layout, places.id);
            let reader = ResponseReader { rows, places };
            let fold = FoldResponses { reader: &reader, make, each };
            blocks::fold(blocks, layout, options, account, id, &fold, merge)
        })
    }

    /// Hands over all responses in the order of the file, on the calling thread: for states that cannot be merged, such
    /// as those keyed by customer. An error of `each` stops the load.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn each_response(
        self,
        columns: &ResponseColumns,
        mut each: impl FnMut(&Response<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        let time = |layout: &Layout| columns.time.as_deref().map(|name| layout.place(name)).transpose();
        self.run(&time, |Session { rows, blocks, options, account }| {
            let places = Places::new(columns, rows.layout)?;
            let (layout, id) = (rows.layout, places.id);
            let reader = ResponseReader { rows, places };
            let mut scratch = Scratch::default();
            let each_row = EachRow(|record: &Record<'_>| reader.read(&mut scratch, record, &mut each));
            let (report, _) = blocks::in_order(blocks, layout, options, account, Once::new(each_row, id))?;
            Ok(((), report))
        })
    }

    /// Opens the input, finds the date format if one is needed, and lets `body` read the rows.
    pub(crate) fn run<T>(
        mut self,
        time: &dyn Fn(&Layout) -> Result<Option<usize>, CsvError>,
        body: impl FnOnce(Session<'_, 'a>) -> Result<(T, LoadReport), CsvError>,
    ) -> Result<Loaded<T>, CsvError> {
        let name = std::mem::take(&mut self.input.name);
        self.run_unnamed(time, body).map_err(|error| error.in_file(&name))
    }

    fn run_unnamed<T>(
        mut self,
        time: &dyn Fn(&Layout) -> Result<Option<usize>, CsvError>,
        body: impl FnOnce(Session<'_, 'a>) -> Result<(T, LoadReport), CsvError>,
    ) -> Result<Loaded<T>, CsvError> {
        let found = match self.options.date_format {
            Some(_) => None,
            None => self.found_format(time)?,
        };
        let read = BytesRead::default();
        let Opened { mut layout, rows } = open(&mut self.input, &self.options, &read)?;
        layout.keep_rejected = self.rejected.is_some();
        let format = match self.options.date_format.clone() {
            Some(declared) => time(&layout)?.map(|_| declared),
            None => found,
        };
        let dates = DateReader { format: format.clone().unwrap_or(DateFormat::YearFirst), zone: self.options.zone };
        let (value, report) = body(Session {
            rows: RowReader::new(&layout, &self.options, dates),
            blocks: Blocks { stream: rows, read, progress: self.progress },
            options: &self.options,
            account: Account::new(layout.first_line, self.rejected),
        })?;
        if report.rows == 0 {
            return Err(CsvError::from(Problem::HeaderOnly).at_line(layout.header_line));
        }
        Ok(Loaded { value, report, detected: detected(layout, format) })
    }

    /// The format of the time column, from a pass over all of it; of a stream, over its first part.
    fn found_format(
        &mut self,
        time: &dyn Fn(&Layout) -> Result<Option<usize>, CsvError>,
    ) -> Result<Option<DateFormat>, CsvError> {
        let read = BytesRead::default();
        let Kind::Stream(stream) = &mut self.input.kind else {
            let opened = open(&mut self.input, &self.options, &read)?;
            return self.format_of(opened, read, time);
        };
        let mut stream = std::mem::replace(stream, Box::new(std::io::empty()));
        let mut kept = Vec::new();
        (&mut stream).take(SPOOL_BYTES).read_to_end(&mut kept)?;
        let whole = (kept.len() as u64) < SPOOL_BYTES;
        let kept = Bytes(Arc::new(kept));
        let mut input = Input { name: String::new(), kind: Kind::Bytes(kept.clone()) };
        let mut opened = open(&mut input, &self.options, &read)?;
        if !whole {
            // A compressed stream that is cut off ends with an error, which is no error of the whole stream.
            opened.rows = Box::new(UntilError(opened.rows));
        }
        let format = self.format_of(opened, read, time)?;
        self.input.kind = if whole { input.kind } else { Kind::Stream(Box::new(Cursor::new(kept).chain(stream))) };
        Ok(format)
    }

    fn format_of(
        &self,
        opened: Opened,
        read: BytesRead,
        time: &dyn Fn(&Layout) -> Result<Option<usize>, CsvError>,
    ) -> Result<Option<DateFormat>, CsvError> {
        let Opened { mut layout, rows } = opened;
        let Some(column) = time(&layout)? else { return Ok(None) };
        layout.strictness = Strictness::Lenient;
        let blocks = Blocks { stream: rows, read, progress: self.progress };
        let account = Account::new(layout.first_line, None);
        let merge = |votes: &mut DateVotes, other| {
            votes.merge(other);
            Ok(())
        };
        let fold = FoldDates { column };
        let (votes, _) = blocks::fold(blocks, &layout, &self.options, account, None, &fold, merge)?;
        let named = |error: CsvError| error.in_column(layout.column_name(Some(column)));
        votes.decide().map(Some).map_err(|problem| named(problem.into()))
    }
}

/// What a load has at hand to read its rows.
pub(crate) struct Session<'s, 'a> {
    pub(crate) rows: RowReader<'s>,
    pub(crate) blocks: Blocks<'s>,
    pub(crate) options: &'s Options,
    pub(crate) account: Account<'a>,
}

fn detected(layout: Layout, date_format: Option<DateFormat>) -> Detected {
    let Layout { preset, delimiter, encoding, columns, .. } = layout;
    Detected { preset, delimiter, encoding, date_format, columns }
}

/// Votes on the format of one column.
struct FoldDates {
    column: usize,
}

impl Fold for FoldDates {
    type State = DateVotes;
    type Scratch = ();

    fn start(&self) -> DateVotes {
        DateVotes::default()
    }

    fn row(&self, votes: &mut DateVotes, (): &mut (), record: &Record<'_>) -> Outcome {
        let text = unquoted(raw(record, self.column));
        if !text.trim_ascii().is_empty() {
            votes.add(&text);
        }
        Outcome::Accepted
    }
}

/// A stream that ends where it fails.
struct UntilError(Stream);

impl Read for UntilError {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Ok(self.0.read(buffer).unwrap_or(0))
    }
}
