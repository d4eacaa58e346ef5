//! One load: an input, its options, and what becomes of its rows.

use std::fmt;
use std::io::Write;

use cxo_core::Error;
use cxo_core::domain::{CustomerId, Feedback, LoadReport, Stages, Touchpoint};

use crate::error::Problem;
use crate::{
    CsvError, Customers, DateFormat, Delimiter, Encoding, FeedbackColumns, Input, Options, Preset, Response,
    ResponseColumns, TouchpointColumns, TransactionColumns, Transactions,
};

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

    /// Calls back with the bytes of the input read so far (of the compressed file, where it is one), about once a block,
    /// from any of the threads. Where a first pass over dates is needed it starts again from 0.
    #[must_use]
    pub fn progress(mut self, callback: &'a (dyn Fn(u64) + Sync)) -> Self {
        self.progress = Some(callback);
        self
    }

    /// Reads the head of the file only: what wrote it, its delimiter, encoding and columns.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn detect(self) -> Result<Detected, CsvError> {
        Err(Problem::Empty.into())
    }

    /// Folds all responses into a state, on several threads.
    ///
    /// Each thread starts states with `make`, adds the responses of whole blocks in their order with `each`, and the states
    /// are merged in the order of the file with `merge`. The result does not depend on the number of threads. An error
    /// of `each` or `merge` stops the load.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass, O(bytes); memory is some blocks for each thread and their states. See the [crate](crate) for what needs
    /// more.
    pub fn fold_responses<S: Send>(
        self,
        columns: &ResponseColumns,
        make: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, &Response<'_>) -> Result<(), Error> + Sync,
        merge: impl FnMut(&mut S, S) -> Result<(), Error> + Send,
    ) -> Result<Loaded<S>, CsvError> {
        let _ = (columns, make, each, merge);
        Err(Problem::Empty.into())
    }

    /// Hands over all responses in the order of the file, on the calling thread: for states that cannot be merged, such
    /// as those keyed by customer. An error of `each` stops the load.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn each_response(
        self,
        columns: &ResponseColumns,
        each: impl FnMut(&Response<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        let _ = (columns, each);
        Err(Problem::Empty.into())
    }

    /// Reads survey invitations and responses. Stages that are not yet in `stages` are appended in the order of the file.
    ///
    /// Without a status column a row with a score is completed and one without is blank; with it a blank score is a
    /// question that was not answered, and a score of someone who was only invited, only saw or dismissed the survey is
    /// rejected.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn feedback(self, columns: &FeedbackColumns, stages: &mut Stages) -> Result<Loaded<Vec<Feedback>>, CsvError> {
        let _ = (columns, stages);
        Err(Problem::Empty.into())
    }

    /// Reads touchpoints with their customers, in the order of the file. Stages that are not yet in `stages` are appended.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn touchpoints(
        self,
        columns: &TouchpointColumns,
        stages: &mut Stages,
    ) -> Result<Loaded<Vec<(CustomerId, Touchpoint)>>, CsvError> {
        let _ = (columns, stages);
        Err(Problem::Empty.into())
    }

    /// Reads transactions. A row in another currency than the first is rejected.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn transactions(self, columns: &TransactionColumns) -> Result<Loaded<Transactions>, CsvError> {
        let _ = columns;
        Err(Problem::Empty.into())
    }

    /// Reads customers, named in the column `customer`, with all their attributes. A customer that comes again is rejected.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    pub fn customers(self, customer: &str) -> Result<Loaded<Customers>, CsvError> {
        let _ = customer;
        Err(Problem::Empty.into())
    }
}
