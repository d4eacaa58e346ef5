//! Files with any columns: each row is handed over in its order, and its cells are read as what the caller says.

use std::borrow::Cow;

use cxo_core::Error;
use cxo_core::domain::{Rating, Scale, Timestamp, Weight};

use crate::account::{Fault, Outcome};
use crate::blocks::{self, Rows};
use crate::cell::unquoted;
use crate::head::Layout;
use crate::load::Session;
use crate::row::{Cell, RowReader, raw, text};
use crate::scan::Record;
use crate::{CsvError, Load, Loaded};

/// Which columns are read, in the order in which a [`Row`] knows them.
#[derive(Debug, Clone, Default)]
pub struct RowColumns {
    names: Vec<String>,
    time: Option<String>,
}

impl RowColumns {
    /// These columns; 0 is the first of them.
    #[must_use]
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), time: None }
    }

    /// The column of times, for [`Row::time`].
    #[must_use]
    pub fn time(mut self, column: impl Into<String>) -> Self {
        self.time = Some(column.into());
        self
    }

    fn places(&self, layout: &Layout) -> Result<Places<'_>, CsvError> {
        let named = self.names.iter().map(|name| layout.place(name).map(|place| (place, name.as_str())));
        Ok(Places {
            named: named.collect::<Result<_, _>>()?,
            time: self.time.as_deref().map(|name| layout.place(name)).transpose()?,
        })
    }
}

/// Where the columns are, and what they are called.
struct Places<'c> {
    named: Vec<(usize, &'c str)>,
    time: Option<usize>,
}

/// One row of a file with any columns. Every method reads one cell; what it cannot read rejects the row, if the caller
/// passes it on.
pub struct Row<'a> {
    rows: &'a RowReader<'a>,
    record: &'a Record<'a>,
    places: &'a Places<'a>,
    line: u64,
}

/// Why a row is not taken. An [`Error`] of the caller stops the load.
#[derive(Debug)]
pub struct NotTaken(Why);

#[derive(Debug)]
enum Why {
    Blank,
    Rejected(Box<Fault>),
    Refused(Error),
}

impl NotTaken {
    /// The row says nothing: it is counted as blank.
    #[must_use]
    pub const fn blank() -> Self {
        Self(Why::Blank)
    }
}

impl From<Error> for NotTaken {
    fn from(error: Error) -> Self {
        Self(Why::Refused(error))
    }
}

impl From<Box<Fault>> for NotTaken {
    fn from(fault: Box<Fault>) -> Self {
        Self(Why::Rejected(fault))
    }
}

impl std::fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("line", &self.line).finish_non_exhaustive()
    }
}

impl<'a> Row<'a> {
    /// The line of the file on which the row begins.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// A cell as text, as it stands in the file, without quotes.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn text(&self, column: usize) -> Result<Cow<'a, str>, NotTaken> {
        let (place, name) = self.column(column)?;
        Ok(text(self.record, place, name)?)
    }

    /// A cell as a rating on a scale; none if it is blank.
    ///
    /// # Errors
    /// If it is neither.
    pub fn rating(&self, column: usize, scale: Scale) -> Result<Option<Rating>, NotTaken> {
        let (place, _) = self.column(column)?;
        Ok(self.rows.rating(self.record, place, scale)?)
    }

    /// A cell as a positive number.
    ///
    /// # Errors
    /// If it is none.
    pub fn positive(&self, column: usize) -> Result<Weight, NotTaken> {
        let (place, name) = self.column(column)?;
        Ok(self.rows.positive(self.record, place, name)?)
    }

    /// A cell as a finite number; none if it is blank.
    ///
    /// # Errors
    /// If it is neither.
    pub fn number(&self, column: usize) -> Result<Option<f64>, NotTaken> {
        let (place, name) = self.column(column)?;
        Ok(self.rows.number(self.record, place, name)?)
    }

    /// A cell as one of some known names, in any case and without blanks around it.
    ///
    /// # Errors
    /// If it is none of them; they are named in the reason.
    pub fn one_of<T: Copy>(&self, column: usize, known: &[(&'static str, T)]) -> Result<T, NotTaken> {
        let (place, name) = self.column(column)?;
        Ok(one_of(self.record, place, name, known)?)
    }

    /// The cell of the column of times; none if it is blank, or if there is no such column.
    ///
    /// # Errors
    /// If it is no time in the format of the column.
    pub fn time(&self) -> Result<Option<Timestamp>, NotTaken> {
        let time = self.places.time.map(|place| self.rows.time(self.record, place, "time")).transpose()?;
        Ok(time.flatten())
    }

    /// All cells of the row without quotes, whichever columns were asked for; as many as the header has.
    pub fn cells(&self) -> impl Iterator<Item = Cow<'a, [u8]>> {
        (0..self.rows.layout.columns.len()).map(|place| unquoted(raw(self.record, place)))
    }

    /// A row whose cell means nothing to the caller.
    #[must_use]
    pub fn reject(&self, column: usize, allowed: &str) -> NotTaken {
        match self.column(column) {
            Ok((place, name)) => Box::new(Fault::value(place, raw(self.record, place), name, allowed)).into(),
            Err(error) => error.into(),
        }
    }

    fn column(&self, column: usize) -> Result<(usize, &'a str), Error> {
        let found = self.places.named.get(column).copied();
        found.ok_or_else(|| Error::input("column", column, format!("less than {}", self.places.named.len())))
    }
}

/// A cell as one of some known names.
pub(crate) fn one_of<T: Copy>(record: &Record<'_>, column: usize, role: &str, known: &[(&'static str, T)]) -> Cell<T> {
    let text = text(record, column, role)?;
    let found = known.iter().find(|(name, _)| text.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        Box::new(Fault::value(column, raw(record, column), role, names.join(", ")))
    })
}

/// Hands each row with its line to the caller.
struct Taking<'l, F> {
    rows: RowReader<'l>,
    places: Places<'l>,
    each: F,
}

impl<F: FnMut(&Row<'_>) -> Result<(), NotTaken>> Rows for Taking<'_, F> {
    fn row(&mut self, record: &Record<'_>) -> Outcome {
        self.row_on(&mut || 0, record)
    }

    fn row_on(&mut self, line: &mut dyn FnMut() -> u64, record: &Record<'_>) -> Outcome {
        if let Some(outcome) = self.rows.screen(record) {
            return outcome;
        }
        let row = Row { rows: &self.rows, record, places: &self.places, line: line() };
        match (self.each)(&row) {
            Ok(()) => Outcome::Accepted,
            Err(NotTaken(Why::Blank)) => Outcome::Blank,
            Err(NotTaken(Why::Rejected(fault))) => Outcome::Rejected(fault),
            Err(NotTaken(Why::Refused(error))) => Outcome::Refused(error),
        }
    }

    fn wants_text(&self) -> bool {
        true
    }

    fn next_block(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Load<'_> {
    /// Hands over the rows of a file with any columns, in their order, on the calling thread.
    ///
    /// ```
    /// use cxo_csv::{Input, Load, NotTaken, RowColumns};
    /// let csv = "plan,region,seats\nbasic,north,3\n,south,4\nbasic,south,none\n";
    /// let mut seats = Vec::new();
    /// let loaded = Load::new(Input::text("plans.csv", csv)).each_row(&RowColumns::new(["plan", "seats"]), |row| {
    ///     let plan = row.text(0)?;
    ///     if plan.is_empty() {
    ///         return Err(NotTaken::blank());
    ///     }
    ///     seats.push((row.line(), plan.into_owned(), row.positive(1)?.get()));
    ///     Ok(())
    /// })?;
    /// assert_eq!(seats, [(2, "basic".to_owned(), 3.0)]);
    /// assert_eq!((loaded.report.blank, loaded.report.rejected), (1, 1));
    /// assert_eq!(loaded.report.reasons[0].reason, "seats is none, allowed: a positive finite number");
    /// # Ok::<(), cxo_csv::CsvError>(())
    /// ```
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind). An [`Error`] of `each` stops the load.
    pub fn each_row(
        self,
        columns: &RowColumns,
        each: impl FnMut(&Row<'_>) -> Result<(), NotTaken>,
    ) -> Result<Loaded<()>, CsvError> {
        let time = |layout: &Layout| columns.time.as_deref().map(|name| layout.place(name)).transpose();
        self.run(&time, |Session { rows, blocks, options, account }| {
            let (layout, places) = (rows.layout, columns.places(rows.layout)?);
            let (report, _) = blocks::in_order(blocks, layout, options, account, Taking { rows, places, each })?;
            Ok(((), report))
        })
    }
}
