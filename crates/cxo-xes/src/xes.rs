//! XES: a log holds traces, a trace holds events, and all of them hold attributes: a key and a value in an element that is
//! named by the type of the value.

use std::collections::BTreeSet;
use std::io::BufRead;

use cxo_core::Error;
use quick_xml::events::{BytesStart, Event as Xml};
use quick_xml::{Reader, XmlVersion};

use crate::account::{Account, Fault};
use crate::error::{Problem, listed};
use crate::input::Lines;
use crate::record::{Keys, ROLES, Texts};
use crate::{EventKeys, EventRow, LogError, Options};

/// The keys of the standard, where none is given: touchpoint, time and lifecycle.
const USUAL: [Option<&str>; ROLES] =
    [Some("concept:name"), Some("time:timestamp"), None, None, None, None, None, None, Some("lifecycle:transition")];
/// The key of the standard for the name of a trace.
const JOURNEY: &str = "concept:name";
/// The elements that are attributes with one value. Lists and containers hold further ones, which are no part of the event.
const SCALARS: [&str; 6] = ["string", "date", "int", "float", "boolean", "id"];

/// An attribute that is looked for, and its text in the element at hand; the memory is used again for the next.
struct Slot {
    key: Option<String>,
    text: String,
    found: bool,
    ever: bool,
}

impl Slot {
    const fn new(key: Option<String>) -> Self {
        Self { key, text: String::new(), found: false, ever: false }
    }

    fn get(&self) -> Option<&str> {
        self.found.then_some(self.text.as_str())
    }
}

/// The attributes of a trace or of an event.
struct Slots {
    slots: Vec<Slot>,
    /// A key that stands twice in the element at hand.
    repeated: Option<String>,
}

impl Slots {
    fn new(keys: impl IntoIterator<Item = Option<String>>) -> Self {
        Self { slots: keys.into_iter().map(Slot::new).collect(), repeated: None }
    }

    fn clear(&mut self) {
        self.repeated = None;
        self.slots.iter_mut().for_each(|slot| slot.found = false);
    }

    fn put(&mut self, key: &str, value: &str) {
        for slot in self.slots.iter_mut().filter(|slot| slot.key.as_deref() == Some(key)) {
            if slot.found {
                self.repeated = slot.key.clone();
                continue;
            }
            (slot.found, slot.ever) = (true, true);
            slot.text.clear();
            slot.text.push_str(value);
        }
    }

    fn ever(&self, key: &str) -> bool {
        self.slots.iter().any(|slot| slot.ever && slot.key.as_deref() == Some(key))
    }
}

/// Where in the log the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    Log,
    Trace,
    Event { in_trace: bool },
    Behind,
}

/// One pass over a log.
struct Pass<'e, F> {
    keys: Keys,
    texts: Texts,
    account: Account,
    each: F,
    place: Place,
    /// So many elements are open in which nothing is looked for.
    ignored: usize,
    /// The line on which the event begins.
    line: u64,
    trace: Slots,
    event: Slots,
    /// The key of the name of a trace.
    journey: &'e str,
    /// Keys of the first events, for a message.
    seen: BTreeSet<String>,
}

/// So many events, and keys of them, are looked at for a message.
const LOOKED_AT: u64 = 1000;
const KEPT: usize = 100;

/// Reads a log.
pub(crate) fn read<F>(input: impl BufRead, options: Options, asked: &EventKeys, each: F) -> Result<Account, LogError>
where
    F: FnMut(&EventRow<'_>) -> Result<(), Error>,
{
    let mut keys = Keys::new(asked, USUAL);
    keys.asked.extend(asked.journey.clone().filter(|key| !key.is_empty()));
    let journey = asked.journey.as_deref().filter(|key| !key.is_empty()).unwrap_or(JOURNEY);
    let by = || asked.by.iter().cloned().map(Some);
    let mut pass = Pass {
        texts: Texts::new(options, asked.value.is_some())?,
        account: Account::new(options.strictness),
        each,
        place: Place::Before,
        ignored: 0,
        line: 1,
        trace: Slots::new(std::iter::once(Some(journey.to_owned())).chain(by())),
        event: Slots::new(keys.of_roles.iter().cloned().chain(by())),
        keys,
        journey,
        seen: BTreeSet::new(),
    };
    let mut reader = Reader::from_reader(Lines::new(input));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reader.get_mut().begin();
        let begin = reader.get_ref().line();
        let found = reader.read_event_into(&mut buffer);
        let line = reader.get_ref().line();
        let step = match found {
            Ok(Xml::Start(element)) => pass.open(&element, line),
            Ok(Xml::Empty(element)) => pass.open(&element, line).and_then(|()| pass.close()),
            Ok(Xml::End(_)) => pass.close(),
            Ok(Xml::GeneralRef(name)) => check_reference(&name),
            Ok(Xml::Eof) => break,
            Ok(_) => Ok(()),
            Err(error) => Err(malformed(error)),
        };
        step.map_err(|error| error.at_line(begin.max(line)))?;
    }
    pass.finish(reader.get_ref().line())
}

/// What the XML reader refuses.
fn malformed(error: quick_xml::Error) -> LogError {
    match error {
        // Text that is not UTF-8 comes as an error of reading too.
        quick_xml::Error::Io(error) => std::io::Error::new(error.kind(), error.to_string()).into(),
        error => Problem::Malformed(error.to_string()).into(),
    }
}

/// XML defines five entities; those that a document defines are not expanded, so that none can grow without end.
fn check_reference(name: &str) -> Result<(), LogError> {
    if name.starts_with('#') || matches!(name, "lt" | "gt" | "amp" | "apos" | "quot") {
        return Ok(());
    }
    Err(Problem::Malformed(format!("the entity &{name}; is not one of XML: lt, gt, amp, apos, quot")).into())
}

impl<F> Pass<'_, F>
where
    F: FnMut(&EventRow<'_>) -> Result<(), Error>,
{
    fn open(&mut self, element: &BytesStart<'_>, line: u64) -> Result<(), LogError> {
        if self.ignored > 0 {
            self.ignored += 1;
            return Ok(());
        }
        let name = element.local_name();
        let name: &str = name.as_ref();
        match (self.place, name) {
            (Place::Before, "log") => self.place = Place::Log,
            (Place::Before, _) => {
                return Err(Problem::NotALog(format!("this is no XES: the root is <{name}>, not <log>")).into());
            }
            (Place::Behind, _) => return Err(Problem::Malformed(format!("<{name}> stands behind the log")).into()),
            (Place::Log, "trace") => {
                self.place = Place::Trace;
                self.trace.clear();
            }
            (Place::Log | Place::Trace, "event") => {
                self.place = Place::Event { in_trace: self.place == Place::Trace };
                self.line = line;
                self.event.clear();
            }
            (Place::Log, _) => self.ignored = 1,
            (Place::Trace | Place::Event { .. }, _) => {
                // What an attribute holds in itself is no part of the event.
                self.ignored = 1;
                if SCALARS.contains(&name) {
                    self.attribute(element)?;
                }
            }
        }
        Ok(())
    }

    fn attribute(&mut self, element: &BytesStart<'_>) -> Result<(), LogError> {
        let (mut key, mut value) = (None, None);
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|error| malformed(error.into()))?;
            let place = match attribute.key.as_ref() {
                "key" => &mut key,
                "value" => &mut value,
                _ => continue,
            };
            *place = Some(attribute.normalized_value(XmlVersion::Implicit1_0).map_err(malformed)?);
        }
        let Some(key) = key else {
            return Err(Problem::NotALog("an attribute without a key".to_owned()).into());
        };
        let value = value.unwrap_or_default();
        if self.place == Place::Trace {
            self.trace.put(&key, &value);
            return Ok(());
        }
        let looks = !self.keys.asked.is_empty() && self.account.rows() < LOOKED_AT && self.seen.len() < KEPT;
        if looks && !self.seen.contains(&*key) {
            self.seen.insert(key.clone().into_owned());
        }
        self.event.put(&key, &value);
        Ok(())
    }

    fn close(&mut self) -> Result<(), LogError> {
        if self.ignored > 0 {
            self.ignored -= 1;
            return Ok(());
        }
        self.place = match self.place {
            Place::Event { in_trace } => {
                self.record(in_trace)?;
                if in_trace { Place::Trace } else { Place::Log }
            }
            Place::Trace => Place::Log,
            Place::Log | Place::Before | Place::Behind => Place::Behind,
        };
        Ok(())
    }

    /// Hands over an event that has been read.
    fn record(&mut self, in_trace: bool) -> Result<(), LogError> {
        let line = self.line;
        let fault = match (&self.event.repeated, &self.trace.repeated) {
            (Some(key), _) => Some(Fault::new(key, "", format!("the event has {key} twice"))),
            (None, Some(key)) if in_trace => Some(Fault::new(key, "", format!("the trace has {key} twice"))),
            _ => None,
        };
        let mut names = self.trace.slots.iter().map(Slot::get);
        let customer = names.next().flatten().filter(|name| in_trace && !name.is_empty());
        let customer = match (fault, customer) {
            (Some(fault), _) => Err(fault),
            (None, Some(customer)) => Ok(customer),
            (None, None) if in_trace => {
                let reason = format!("the trace has no {} before its events", self.journey);
                Err(Fault::new(self.journey, "", reason))
            }
            (None, None) => Err(Fault::new("", "", "the event stands outside of any trace".to_owned())),
        };
        let mut texts = [None; ROLES];
        for (text, slot) in texts.iter_mut().zip(&self.event.slots) {
            *text = slot.get();
        }
        let event = match customer.and_then(|customer| self.texts.event(customer, &self.keys, texts)) {
            Ok(event) => event,
            Err(fault) => return self.account.note(line, Err(fault)),
        };
        let own = self.event.slots.iter().skip(ROLES).map(Slot::get);
        let segments: Vec<&str> = own.zip(names).map(|(own, of_trace)| own.or(of_trace).unwrap_or_default()).collect();
        (self.each)(&EventRow { event, segments: &segments, currency: self.texts.currency })?;
        self.account.note(line, Ok(()))
    }

    fn finish(self, line: u64) -> Result<Account, LogError> {
        let inside = match self.place {
            _ if self.ignored > 0 => Some("an attribute or a declaration".to_owned()),
            Place::Before => return Err(Problem::NotALog("this is no XES: there is no <log>".to_owned()).into()),
            Place::Log => Some("<log>".to_owned()),
            Place::Trace => Some("<trace>".to_owned()),
            Place::Event { .. } => Some("<event>".to_owned()),
            Place::Behind => None,
        };
        if let Some(inside) = inside {
            let problem = Problem::Malformed(format!("the file ends within {inside}"));
            return Err(LogError::from(problem).at_line(line));
        }
        if self.account.rows() == 0 {
            return Err(Problem::NoEvents.into());
        }
        match self.keys.asked.iter().find(|key| !self.event.ever(key) && !self.trace.ever(key)) {
            Some(key) => {
                let keys = listed(self.seen.iter().map(String::as_str));
                Err(Problem::UnknownKey { name: key.clone(), keys }.into())
            }
            None => Ok(self.account),
        }
    }
}
