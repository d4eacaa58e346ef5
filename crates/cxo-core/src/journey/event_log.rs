//! Which records are there? State: columns of records keyed by customer, in any order; put in order by
//! [`journeys`](EventLog::journeys), kept and merged by whoever collects them.

use super::event::{Event, Lifecycle};
use super::{JourneyOptions, Journeys};
use crate::domain::{Amount, Currency, Timestamp};
use crate::{Encode, Error, Form, Reader, State, Symbols, Writer, check_disjoint, check_rows};

/// Records of touchpoints in any order.
///
/// Class: table; a record takes 4 bytes each for customer and touchpoint and 8 for the time, and as much again for whatever
/// else is known of any record; each different text once. Merges if no customer is on both sides and the currency is the
/// same; whole numbers only, so every count is exact in any order.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, JourneyOptions}};
///
/// let mut log = EventLog::default();
/// for (customer, touchpoint, at) in [("ann", "cart", 20), ("ann", "home", 10), ("bob", "home", 15)] {
///     log.add(&Event::new(customer, touchpoint, Timestamp(at)))?;
/// }
/// let journeys = log.journeys(&JourneyOptions::default())?;
/// assert_eq!((journeys.len(), journeys.counts().out_of_order), (2, 1));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct EventLog {
    currency: Option<Currency>,
    pub(super) customers: Keyed,
    pub(super) touchpoints: Keyed,
    pub(super) times: Vec<i64>,
    /// Whether any of the following columns has anything.
    tells_more: bool,
    /// As many as records, or none where no record has one.
    pub(super) sequences: Vec<u64>,
    attributes: [Attribute; ATTRIBUTES],
    /// NaN where there is none.
    pub(super) scores: Vec<f64>,
    pub(super) values: Vec<i64>,
    pub(super) lifecycles: Vec<u8>,
}

/// What may be known of a record as text, in the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Channel,
    Device,
    Stage,
    EventId,
}

const ATTRIBUTES: usize = Text::EventId as usize + 1;

/// The value that says that there is no amount.
pub(super) const NO_VALUE: i64 = i64::MIN;

/// A column of texts that every record has.
#[derive(Debug, Clone, Default)]
pub(super) struct Keyed {
    pub(super) symbols: Symbols,
    pub(super) ids: Vec<u32>,
}

impl Keyed {
    fn push(&mut self, text: &str) -> Result<(), Error> {
        self.ids.push(self.symbols.intern(text)?);
        Ok(())
    }

    /// As [`push`](Self::push), for a column whose texts mostly follow their like.
    fn push_alike(&mut self, text: &str) -> Result<(), Error> {
        match self.ids.last() {
            Some(&last) if self.symbols.text(last) == text => self.ids.push(last),
            _ => self.push(text)?,
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let ids = other.symbols.iter().map(|text| self.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        self.ids.extend(other.ids.iter().filter_map(|id| ids.get(*id as usize)));
        Ok(())
    }
}

/// A column of texts that a record may have: id + 1, 0 for none; no ids where no record has one.
#[derive(Debug, Clone, Default)]
struct Attribute {
    symbols: Symbols,
    ids: Vec<u32>,
}

impl Attribute {
    fn push(&mut self, text: Option<&str>, row: usize) -> Result<(), Error> {
        match text {
            None if self.ids.is_empty() => {}
            None => self.ids.push(0),
            Some(text) => {
                self.ids.resize(row, 0);
                self.ids.push(self.symbols.intern(text)?.saturating_add(1));
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self, mine: usize, theirs: usize) -> Result<(), Error> {
        if self.ids.is_empty() && other.ids.is_empty() {
            return Ok(());
        }
        self.ids.resize(mine, 0);
        let ids = other.symbols.iter().map(|text| self.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        let moved = |id: &u32| match id.checked_sub(1) {
            Some(at) => ids.get(at as usize).map_or(0, |id| id.saturating_add(1)),
            None => 0,
        };
        self.ids.extend(other.ids.iter().map(moved));
        self.ids.resize(mine + theirs, 0);
        Ok(())
    }

    /// The text of a row.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let id = self.ids.get(row)?.checked_sub(1)?;
        Some(self.symbols.text(id))
    }
}

impl EventLog {
    /// An empty log whose records may have a worth. [`EventLog::default`] is one without.
    #[must_use]
    pub fn in_currency(currency: Currency) -> Self {
        Self { currency: Some(currency), ..Self::default() }
    }

    /// Adds a record.
    ///
    /// # Errors
    /// After an error nothing has changed. [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty customer, touchpoint,
    /// channel, device, stage or event id, for a score that is not finite and for the least worth that 64 bits hold;
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a worth in a log without currency, and for a sequence
    /// number where other records have none or the reverse; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond
    /// 2³² - 2 records.
    pub fn add(&mut self, event: &Event<'_>) -> Result<(), Error> {
        let row = self.times.len();
        let more = self.tells_more || event.tells_more();
        if more || event.customer.is_empty() || event.touchpoint.is_empty() {
            self.check(event, row)?;
        }
        // One number is kept for "none".
        check_rows(row, 2)?;
        self.customers.push_alike(event.customer)?;
        self.touchpoints.push(event.touchpoint)?;
        self.times.push(event.time.0);
        if more {
            self.add_more(event, row)?;
        }
        Ok(())
    }

    /// What most logs do not tell, of a record that has been checked.
    fn add_more(&mut self, event: &Event<'_>, row: usize) -> Result<(), Error> {
        self.tells_more = true;
        self.sequences.extend(event.sequence);
        let texts = [event.channel, event.device, event.stage, event.event_id];
        for (attribute, text) in self.attributes.iter_mut().zip(texts) {
            attribute.push(text, row)?;
        }
        push(&mut self.scores, event.score, f64::NAN, row);
        push(&mut self.values, event.value.map(|value| value.0), NO_VALUE, row);
        let lifecycle = event.lifecycle.map(|lifecycle| if lifecycle == Lifecycle::Start { 1 } else { 2 });
        push(&mut self.lifecycles, lifecycle, 0, row);
        Ok(())
    }

    fn check(&self, event: &Event<'_>, row: usize) -> Result<(), Error> {
        let texts =
            [Some(event.customer), Some(event.touchpoint), event.channel, event.device, event.stage, event.event_id];
        let mut named = ["customer", "touchpoint", "channel", "device", "stage", "event id"].into_iter().zip(texts);
        if let Some((what, _)) = named.find(|(_, text)| *text == Some("")) {
            return Err(Error::input(what, "empty", "text of at least one character"));
        }
        if let Some(score) = event.score.filter(|score| !score.is_finite()) {
            return Err(Error::input("score", score, "a finite number"));
        }
        if event.value == Some(Amount(NO_VALUE)) {
            return Err(Error::input("worth", NO_VALUE, format!("above {NO_VALUE}")));
        }
        if event.value.is_some() && self.currency.is_none() {
            return Err(Error::incompatible("a worth in a log without currency"));
        }
        if row > 0 && event.sequence.is_some() == self.sequences.is_empty() {
            return Err(Error::incompatible("records with and without a sequence number"));
        }
        Ok(())
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The number of different customers.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.customers.symbols.len()
    }

    /// The currency of what records are worth.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// The record in a row, counted from 0 as they were added; after a merge those of the other log follow.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<Event<'_>> {
        let time = Timestamp(*self.times.get(row)?);
        let customer = self.customers.symbols.text(*self.customers.ids.get(row)?);
        let touchpoint = self.touchpoints.symbols.text(*self.touchpoints.ids.get(row)?);
        let [channel, device, stage, event_id] = self.attributes.each_ref().map(|attribute| attribute.get(row));
        Some(Event {
            sequence: self.sequences.get(row).copied(),
            channel,
            device,
            stage,
            score: self.scores.get(row).copied().filter(|score| !score.is_nan()),
            value: self.values.get(row).copied().filter(|&value| value != NO_VALUE).map(Amount),
            event_id,
            lifecycle: u32::try_from(row).ok().and_then(|row| self.lifecycle(row)),
            ..Event::new(customer, touchpoint, time)
        })
    }

    /// The different texts, and the number of that of each row, counted from 1: 0 for none, empty where no record has one.
    pub(crate) const fn texts(&self, of: Text) -> (&Symbols, &[u32]) {
        let Attribute { symbols, ids } = &self.attributes[of as usize];
        (symbols, ids.as_slice())
    }

    /// Whether a record began or ended something.
    pub(super) fn lifecycle(&self, row: u32) -> Option<Lifecycle> {
        match self.lifecycles.get(row as usize) {
            Some(1) => Some(Lifecycle::Start),
            Some(2) => Some(Lifecycle::Complete),
            _ => None,
        }
    }

    /// The journeys of the customers.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without records, and for an outcome at which journeys shall be cut that
    /// no record has.
    ///
    /// # Complexity
    /// O(n), and O(n log n) for records that are not in order of time.
    pub fn journeys(&self, options: &JourneyOptions) -> Result<Journeys<'_>, Error> {
        Journeys::new(self, options)
    }
}

/// Adds to a column that stays empty as long as nothing is known.
fn push<T: Copy>(column: &mut Vec<T>, value: Option<T>, none: T, row: usize) {
    match value {
        None if column.is_empty() => {}
        None => column.push(none),
        Some(value) => {
            column.resize(row, none);
            column.push(value);
        }
    }
}

/// Adds a column to another, of so many rows each.
fn append<T: Copy>(column: &mut Vec<T>, other: &[T], none: T, mine: usize, theirs: usize) {
    if !(column.is_empty() && other.is_empty()) {
        column.resize(mine, none);
        column.extend_from_slice(other);
        column.resize(mine + theirs, none);
    }
}

impl State for EventLog {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if other.is_empty() {
            return Ok(());
        }
        if self.is_empty() {
            self.clone_from(other);
            return Ok(());
        }
        if self.currency != other.currency {
            return Err(Error::incompatible("logs in different currencies"));
        }
        if self.sequences.is_empty() != other.sequences.is_empty() {
            return Err(Error::incompatible("records with and without a sequence number"));
        }
        let (mine, theirs) = (self.len(), other.len());
        check_rows(mine, theirs.saturating_add(1))?;
        check_disjoint("customer", &self.customers.symbols, &other.customers.symbols)?;
        self.customers.merge(&other.customers)?;
        self.touchpoints.merge(&other.touchpoints)?;
        self.times.extend_from_slice(&other.times);
        self.tells_more |= other.tells_more;
        self.sequences.extend_from_slice(&other.sequences);
        for (mine_of, theirs_of) in self.attributes.iter_mut().zip(&other.attributes) {
            mine_of.merge(theirs_of, mine, theirs)?;
        }
        append(&mut self.scores, &other.scores, f64::NAN, mine, theirs);
        append(&mut self.values, &other.values, NO_VALUE, mine, theirs);
        append(&mut self.lifecycles, &other.lifecycles, 0, mine, theirs);
        Ok(())
    }
}

impl Encode for EventLog {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::EventLog);
        to.u8(u8::from(self.currency.is_some()));
        if let Some(currency) = self.currency {
            to.block(currency.code().as_bytes());
            to.u8(currency.digits());
        }
        to.texts(self.customers.symbols.iter());
        to.texts(self.touchpoints.symbols.iter());
        self.attributes.iter().for_each(|attribute| to.texts(attribute.symbols.iter()));
        to.u8(u8::from(!self.sequences.is_empty()));
        to.count(self.len());
        let columns = self.customers.ids.iter().zip(&self.touchpoints.ids).zip(&self.times);
        for (row, ((customer, touchpoint), time)) in columns.enumerate() {
            to.u32(*customer);
            to.u32(*touchpoint);
            to.i64(*time);
            self.sequences.get(row).iter().for_each(|sequence| to.u64(**sequence));
            for attribute in &self.attributes {
                to.u32(attribute.ids.get(row).copied().unwrap_or_default());
            }
            to.f64(self.scores.get(row).copied().unwrap_or(f64::NAN));
            to.i64(self.values.get(row).copied().unwrap_or(NO_VALUE));
            to.u8(self.lifecycles.get(row).copied().unwrap_or_default());
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::EventLog)?;
        let currency = if from.choice("whether there is a currency", &[false, true])? {
            Some(Currency::new(from.text()?, from.u8()?)?)
        } else {
            None
        };
        let mut log = Self { currency, ..Self::default() };
        let (customers, touchpoints) = (from.texts()?, from.texts()?);
        let attributes = [from.texts()?, from.texts()?, from.texts()?, from.texts()?];
        let has_sequence = from.choice("whether there are sequence numbers", &[false, true])?;
        let width = 4 + 4 + 8 + 4 * ATTRIBUTES + 8 + 8 + 1 + if has_sequence { 8 } else { 0 };
        for _ in 0..from.count(width)? {
            let (customer, touchpoint) = (from.text_of(&customers)?, from.text_of(&touchpoints)?);
            let mut event = Event::new(customer, touchpoint, Timestamp(from.i64()?));
            event.sequence = if has_sequence { Some(from.u64()?) } else { None };
            let mut texts = [None; ATTRIBUTES];
            for (text, known) in texts.iter_mut().zip(&attributes) {
                let id = from.u32()?;
                let refuse = || from.refuse("position of a text", id, &format!("at most {}", known.len()));
                *text = match id.checked_sub(1) {
                    None => None,
                    Some(at) => Some(known.get(at as usize).copied().ok_or_else(refuse)?),
                };
            }
            [event.channel, event.device, event.stage, event.event_id] = texts;
            event.score = Some(from.f64()?).filter(|score| !score.is_nan());
            event.value = Some(from.i64()?).filter(|&value| value != NO_VALUE).map(Amount);
            let kinds = [None, Some(Lifecycle::Start), Some(Lifecycle::Complete)];
            event.lifecycle = from.choice("lifecycle", &kinds)?;
            log.add(&event)?;
        }
        from.finish().map(|()| log)
    }
}
