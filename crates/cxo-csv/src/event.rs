//! Event logs: a row for each contact of a customer.

use std::borrow::Cow;

use cxo_core::Error;
use cxo_core::domain::{Currency, Scale};
use cxo_core::journey::{Event, EventLog, Lifecycle};

use crate::account::Outcome;
use crate::blocks;
use crate::cell::unquoted;
use crate::date::year_first;
use crate::head::Layout;
use crate::load::Session;
use crate::row::{Cell, EachRow, RowReader, raw, text};
use crate::scan::Record;
use crate::table::{amount, blank, required, unnamed_currency};
use crate::table_row::one_of;
use crate::{CsvError, DateFormat, Load, Loaded};

/// What is wanted of a column of an event log.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident;)+) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, column: impl Into<String>) -> Self {
            self.$name = Some(column.into());
            self
        }
    )+ };
}

/// The columns of an event log. Journey, time and touchpoint are required and are looked for under `customer`, `time` and
/// `touchpoint` unless a setter says otherwise; the others are read only where they are named.
///
/// ```
/// use cxo_csv::{EventColumns, Input, Load};
///
/// let csv = "case,what,at\nNA,home,2026-01-01T10:00:00Z\nNA,pay,2026-01-01T10:05:00+01:00\n7,,2026-01-01\n";
/// let columns = EventColumns::default().journey("case").touchpoint("what").time("at");
/// let loaded = Load::new(Input::text("log.csv", csv)).events(&columns)?;
/// assert_eq!((loaded.value.len(), loaded.value.get(0).map(|event| event.customer)), (2, Some("NA")));
/// assert_eq!(loaded.report.reasons[0].reason, "touchpoint is blank, allowed: any text");
/// # Ok::<(), cxo_csv::CsvError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EventColumns {
    journey: Option<String>,
    touchpoint: Option<String>,
    time: Option<String>,
    channel: Option<String>,
    stage: Option<String>,
    device: Option<String>,
    score: Option<String>,
    value: Option<String>,
    event_id: Option<String>,
    lifecycle: Option<String>,
    scale: Option<Scale>,
    by: Vec<String>,
}

impl EventColumns {
    setters! {
        /// Whose journey: a customer or a case. Any text, `NA` too, is one.
        journey;
        /// What happened.
        touchpoint;
        /// When.
        time;
        /// Through which channel.
        channel;
        /// In which stage of the journey.
        stage;
        /// On which device.
        device;
        /// A rating that was given of it: a number.
        score;
        /// What it was worth: a decimal number.
        value;
        /// What tells the record from all others.
        event_id;
        /// Whether it began or ended then: start or complete.
        lifecycle;
    }

    /// The scale of the scores: a row whose score is no point of it is rejected. Any number is a score unless set.
    #[must_use]
    pub fn scale(mut self, scale: Scale) -> Self {
        self.scale = Some(scale);
        self
    }

    /// Adds a column for breakdowns; repeatable, in the order of [`EventRow::segments`].
    #[must_use]
    pub fn by(mut self, column: impl Into<String>) -> Self {
        self.by.push(column.into());
        self
    }

    fn places(&self, layout: &Layout) -> Result<Places, CsvError> {
        let needed = |asked: &Option<String>, usual| {
            let place = layout.place_of(asked.as_deref(), usual)?;
            required(place, asked.as_deref(), usual, layout)
        };
        let place = |asked: &Option<String>| layout.place_of(asked.as_deref(), "");
        let more =
            [&self.channel, &self.device, &self.stage, &self.event_id, &self.score, &self.value, &self.lifecycle];
        Ok(Places {
            journey: needed(&self.journey, "customer")?,
            touchpoint: needed(&self.touchpoint, "touchpoint")?,
            time: needed(&self.time, "time")?,
            more: more.into_iter().any(Option::is_some) || !self.by.is_empty(),
            channel: place(&self.channel)?,
            device: place(&self.device)?,
            stage: place(&self.stage)?,
            event_id: place(&self.event_id)?,
            score: place(&self.score)?,
            scale: self.scale,
            value: place(&self.value)?,
            lifecycle: place(&self.lifecycle)?,
            by: self.by.iter().map(|name| layout.place(name)).collect::<Result<_, _>>()?,
        })
    }
}

/// Where the columns are.
struct Places {
    journey: usize,
    touchpoint: usize,
    time: usize,
    /// Whether any of the following columns is read.
    more: bool,
    channel: Option<usize>,
    device: Option<usize>,
    stage: Option<usize>,
    event_id: Option<usize>,
    score: Option<usize>,
    scale: Option<Scale>,
    value: Option<usize>,
    lifecycle: Option<usize>,
    by: Vec<usize>,
}

/// One accepted row of an event log.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventRow<'a> {
    /// The record. Blank cells are `None`.
    pub event: Event<'a>,
    /// The values of the columns asked for with [`by`](EventColumns::by), in that order; a blank one is empty text.
    pub segments: &'a [Cow<'a, str>],
    /// The currency of all values of the file; `None` where no column of values is read. `XXX` with six digits unless
    /// the options name one.
    pub currency: Option<Currency>,
}

impl Load<'_> {
    /// Hands over the records of an event log one by one, in the order of the file. An error of `each` stops the load.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// One pass over the rows, after one over the times unless their [format](crate::Options::date_format) is declared;
    /// memory does not grow with the file.
    pub fn each_event(
        self,
        columns: &EventColumns,
        mut each: impl FnMut(&EventRow<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        self.read_events(columns, |_| false, &mut each)
    }

    /// Adds the records of an event log to a state, in the order of the file.
    ///
    /// The first pass takes dates to have the year first, as most files write them. Where one does not, or anything else stops the
    /// load, the state is thrown away, and the records are read again into another from `make` as [`each_event`](Self::each_event)
    /// reads them: the result is the same.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind). An error of `each` stops the load.
    ///
    /// # Complexity
    /// One pass over most files; as [`each_event`](Self::each_event) for others, for streams, and where rejected rows are written.
    pub fn fold_events<S>(
        self,
        columns: &EventColumns,
        make: impl Fn() -> S,
        mut each: impl FnMut(&mut S, &EventRow<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<S>, CsvError> {
        if let (None, None, Some(input)) = (&self.options.date_format, &self.rejected, self.input.again()) {
            let options = self.options.clone().date_format(DateFormat::YearFirst);
            let first = Load { input, options, rejected: None, progress: self.progress };
            let mut state = make();
            let other = |time: &[u8]| !time.trim_ascii().is_empty() && !year_first(time);
            if let Ok(Loaded { report, detected, .. }) =
                first.read_events(columns, other, &mut |row| each(&mut state, row))
            {
                return Ok(Loaded { value: state, report, detected });
            }
        }
        let mut state = make();
        let loaded = self.each_event(columns, |row| each(&mut state, row))?;
        Ok(Loaded { value: state, report: loaded.report, detected: loaded.detected })
    }

    /// The load stops at a row that is not accepted and whose time is `other`.
    fn read_events(
        self,
        columns: &EventColumns,
        other: impl Fn(&[u8]) -> bool,
        each: &mut dyn FnMut(&EventRow<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<()>, CsvError> {
        let time = |layout: &Layout| layout.place_of(columns.time.as_deref(), "time");
        self.run(&time, |Session { rows, blocks, options, account }| {
            let (layout, places) = (rows.layout, columns.places(rows.layout)?);
            let currency = match (places.value, options.currency) {
                (None, _) => None,
                (_, Some(declared)) => Some(declared),
                (_, None) => Some(unnamed_currency()?),
            };
            let each_row = EachRow(|record: &Record<'_>| {
                let outcome = match rows.screen(record) {
                    Some(outcome) => outcome,
                    None => match places.read(&rows, record, currency, &mut *each) {
                        Ok(Ok(())) => return Outcome::Accepted,
                        Ok(Err(error)) => return Outcome::Refused(error),
                        Err(fault) => Outcome::Rejected(fault),
                    },
                };
                if other(&unquoted(raw(record, places.time))) {
                    return Outcome::Refused(Error::no_data("dates of one format"));
                }
                outcome
            });
            let (report, _) = blocks::in_order(blocks, layout, options, account, each_row)?;
            Ok(((), report))
        })
    }

    /// Reads an event log.
    ///
    /// # Errors
    /// See [`CsvErrorKind`](crate::CsvErrorKind).
    ///
    /// # Complexity
    /// As [`fold_events`](Self::fold_events); memory as an [`EventLog`] says.
    pub fn events(self, columns: &EventColumns) -> Result<Loaded<EventLog>, CsvError> {
        self.fold_events(columns, EventLog::default, |log, row| {
            if let (true, Some(currency)) = (log.is_empty(), row.currency) {
                *log = EventLog::in_currency(currency);
            }
            log.add(&row.event)
        })
    }
}

/// A cell that has text.
#[inline]
fn needed<'a>(record: &Record<'a>, place: usize, role: &str) -> Cell<Cow<'a, str>> {
    match record.plain(place) {
        Some(text) if !text.is_empty() => Ok(Cow::Borrowed(text)),
        _ => needed_or_blank(record, place, role),
    }
}

#[inline(never)]
fn needed_or_blank<'a>(record: &Record<'a>, place: usize, role: &str) -> Cell<Cow<'a, str>> {
    let text = text(record, place, role)?;
    if text.is_empty() { blank(record, place, role, "any text") } else { Ok(text) }
}

impl Places {
    /// Hands the record of a row to `each`, if it is one.
    #[inline]
    fn read(
        &self,
        rows: &RowReader<'_>,
        record: &Record<'_>,
        currency: Option<Currency>,
        each: impl FnOnce(&EventRow<'_>) -> Result<(), Error>,
    ) -> Cell<Result<(), Error>> {
        let (journey, touchpoint) =
            (needed(record, self.journey, "journey")?, needed(record, self.touchpoint, "touchpoint")?);
        let time = rows.time(record, self.time, "time")?;
        let time = time.map_or_else(|| blank(record, self.time, "time", "a date"), Ok)?;
        let event = Event::new(&journey, &touchpoint, time);
        if self.more {
            return self.read_more(rows, record, event, currency, each);
        }
        Ok(each(&EventRow { event, segments: &[], currency }))
    }

    /// The rest of a record of which the needed is known.
    fn read_more(
        &self,
        rows: &RowReader<'_>,
        record: &Record<'_>,
        event: Event<'_>,
        currency: Option<Currency>,
        each: impl FnOnce(&EventRow<'_>) -> Result<(), Error>,
    ) -> Cell<Result<(), Error>> {
        let optional = |place: Option<usize>, role| match place {
            Some(place) => text(record, place, role),
            None => Ok(Cow::Borrowed("")),
        };
        let (channel, device) = (optional(self.channel, "channel")?, optional(self.device, "device")?);
        let (stage, event_id) = (optional(self.stage, "stage")?, optional(self.event_id, "event id")?);
        let filled = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let mut event = event;
        (event.channel, event.device) = (filled(&channel), filled(&device));
        (event.stage, event.event_id) = (filled(&stage), filled(&event_id));
        let score = |place| match self.scale {
            Some(scale) => Ok(rows.rating(record, place, scale)?.map(|rating| f64::from(rating.value()))),
            None => rows.number(record, place, "score"),
        };
        event.score = self.score.map(score).transpose()?.flatten();
        if let Some(currency) = currency {
            event.value = amount(rows, record, self.value, "value", currency)?;
        }
        if let Some(place) = self.lifecycle.filter(|&place| !raw(record, place).trim_ascii().is_empty()) {
            let known = [("start", Lifecycle::Start), ("complete", Lifecycle::Complete)];
            event.lifecycle = Some(one_of(record, place, "lifecycle", &known)?);
        }
        let mut by = Vec::with_capacity(self.by.len());
        for &place in &self.by {
            by.push(text(record, place, "segment")?);
        }
        Ok(each(&EventRow { event, segments: &by, currency }))
    }
}
