//! One load: an input, its options, and what becomes of its events.

use cxo_core::Error;
use cxo_core::domain::{Currency, LoadReport};
use cxo_core::journey::{Event, EventLog};

use crate::{EventKeys, Input, LogError, ObjectType, Options, ocel, xes};

/// One accepted event of one journey.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventRow<'a> {
    /// The record.
    pub event: Event<'a>,
    /// The values of the keys asked for with [`by`](EventKeys::by), in that order; empty text where there is none.
    pub segments: &'a [&'a str],
    /// The currency of all values of the log; `None` where no values are read. `XXX` with six digits unless the options name
    /// one.
    pub currency: Option<Currency>,
}

/// What flattening did to a log of objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flattening {
    /// Records handed over: an accepted event once for each of its objects of the type.
    pub records: u64,
    /// Accepted events of several objects of the type: they stand in several journeys, so counts of events are no longer those
    /// of the log.
    pub shared_events: u64,
    /// Events of no object of the type, which are in no journey.
    pub unrelated_events: u64,
    /// Objects of the type.
    pub objects: u64,
    /// Objects of the type to which no accepted event is related: they have no journey.
    pub silent_objects: u64,
}

/// What a load returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded<T> {
    /// The result.
    pub value: T,
    /// What became of the events.
    pub report: LoadReport,
    /// What flattening did; `None` for XES.
    pub flattening: Option<Flattening>,
}

/// One load of one input.
///
/// ```
/// use cxo_xes::{EventKeys, Input, Load, LogErrorKind, ObjectType};
///
/// let json = r#"{"objects": [{"id": "o1", "type": "order"}], "events": [{"id": "1"}]}"#;
/// let error = Load::new(Input::text("log.json", json)).ocel(&ObjectType::new("parcel"), &EventKeys::default()).unwrap_err();
/// assert_eq!(error.kind(), LogErrorKind::UnknownObjectType);
/// assert_eq!(error.to_string(), "log.json: there is no object type \"parcel\"; the types are \"order\"");
/// ```
#[derive(Debug)]
pub struct Load {
    input: Input,
    options: Options,
}

impl Load {
    /// A load with the default options.
    #[must_use]
    pub fn new(input: Input) -> Self {
        Self { input, options: Options::default() }
    }

    /// With other options.
    #[must_use]
    pub const fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Hands over the events of an XES log one by one, in the order of the file. An error of `each` stops the load.
    ///
    /// Only attributes that stand directly in a trace or an event are read, not those within others, and not the defaults that a
    /// log declares as globals: an event without a name or a time is rejected, not filled in.
    ///
    /// # Errors
    /// See [`LogErrorKind`](crate::LogErrorKind). That a key is known nowhere is found at the end only.
    ///
    /// # Complexity
    /// One pass; memory does not grow with the file.
    pub fn each_xes(
        self,
        keys: &EventKeys,
        each: impl FnMut(&EventRow<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<()>, LogError> {
        let Self { input, options } = self;
        let name = input.name.clone();
        let account = input.open().and_then(|input| xes::read(input, options, keys, each));
        let account = account.map_err(|error| error.in_file(&name))?;
        Ok(Loaded { value: (), report: account.finish(), flattening: None })
    }

    /// Reads an XES log.
    ///
    /// # Errors
    /// See [`LogErrorKind`](crate::LogErrorKind).
    ///
    /// # Complexity
    /// As [`each_xes`](Self::each_xes); memory as an [`EventLog`] says.
    pub fn xes(self, keys: &EventKeys) -> Result<Loaded<EventLog>, LogError> {
        let mut log = EventLog::default();
        let Loaded { report, flattening, .. } = self.each_xes(keys, |row| add(&mut log, row))?;
        Ok(Loaded { value: log, report, flattening })
    }

    /// Hands over the events of an OCEL 2.0 JSON log for each of their objects of a type, in the order of the file. An event
    /// that names an object several times, under several qualifiers, is handed over once for it. An error of `each` stops the load.
    ///
    /// # Errors
    /// See [`LogErrorKind`](crate::LogErrorKind); [`Refused`](crate::LogErrorKind::Refused) for a key of the journey, which is
    /// always the object.
    ///
    /// # Complexity
    /// O(n) for a text of n bytes, which is kept in memory.
    pub fn each_ocel(
        self,
        of: &ObjectType,
        keys: &EventKeys,
        each: impl FnMut(&EventRow<'_>) -> Result<(), Error>,
    ) -> Result<Loaded<()>, LogError> {
        let Self { input, options } = self;
        let name = input.name.clone();
        let found = input.open().and_then(|input| ocel::read(input, options, of, keys, each));
        let (account, flattening) = found.map_err(|error| error.in_file(&name))?;
        Ok(Loaded { value: (), report: account.finish(), flattening: Some(flattening) })
    }

    /// Reads an OCEL 2.0 JSON log, flattened by a type of objects.
    ///
    /// # Errors
    /// See [`LogErrorKind`](crate::LogErrorKind).
    ///
    /// # Complexity
    /// As [`each_ocel`](Self::each_ocel), and memory as an [`EventLog`] says.
    pub fn ocel(self, of: &ObjectType, keys: &EventKeys) -> Result<Loaded<EventLog>, LogError> {
        let mut log = EventLog::default();
        let Loaded { report, flattening, .. } = self.each_ocel(of, keys, |row| add(&mut log, row))?;
        Ok(Loaded { value: log, report, flattening })
    }
}

fn add(log: &mut EventLog, row: &EventRow<'_>) -> Result<(), Error> {
    if let (true, Some(currency)) = (log.is_empty(), row.currency) {
        *log = EventLog::in_currency(currency);
    }
    log.add(&row.event)
}
