//! OCEL 2.0 JSON: events, objects with types, and which event is related to which object as what; flattened, so that each object
//! of one type is a journey.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io::BufRead;

use cxo_core::Error;
use cxo_core::domain::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::account::{Account, Fault};
use crate::error::{Problem, listed};
use crate::record::{Keys, ROLES, Texts};
use crate::{EventKeys, EventRow, Flattening, LogError, ObjectType, Options};

/// The names of an event's own fields in messages, in the order of the roles; what has none is an attribute.
const OWN: [Option<&str>; ROLES] = [Some("type"), Some("time"), None, None, None, None, None, Some("id"), None];

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, rename = "objectTypes", default)]
    object_types: Vec<TypeName<'a>>,
    #[serde(borrow)]
    objects: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    events: Option<Vec<&'a RawValue>>,
    /// What a log of the version before has instead.
    #[serde(borrow, rename = "ocel:events")]
    of_version_1: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct TypeName<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    of_type: Cow<'a, str>,
    #[serde(borrow, default)]
    attributes: Option<Vec<Attribute<'a>>>,
}

#[derive(Deserialize)]
struct Attribute<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Cow<'a, str>,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    of_type: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Cow<'a, str>,
    #[serde(borrow, default)]
    attributes: Option<Vec<Attribute<'a>>>,
    #[serde(borrow, default)]
    relationships: Option<Vec<Relationship<'a>>>,
}

#[derive(Deserialize)]
struct Relationship<'a> {
    #[serde(borrow, rename = "objectId")]
    object: Cow<'a, str>,
    #[serde(borrow, default)]
    qualifier: Cow<'a, str>,
}

/// An object by its name: none is of another type.
struct Known {
    of_type: bool,
    /// An accepted event is related to it.
    spoken: bool,
    /// Its values of the keys of breakdowns: since when, and what, in order of time.
    by: Vec<Vec<(Timestamp, String)>>,
}

/// Where the parts of a text stand in it.
struct Lines<'a> {
    text: &'a str,
    /// A place, and the line on which it is.
    at: (usize, u64),
}

impl<'a> Lines<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: (0, 1) }
    }

    /// The line on which a part of the text begins; parts are asked for in their order.
    fn of(&mut self, part: &str) -> u64 {
        let (from, line) = self.at;
        let at = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let passed = self.text.as_bytes().get(from..at).unwrap_or_default();
        self.at = (at.max(from), line + memchr::memchr_iter(b'\n', passed).count() as u64);
        self.at.1
    }
}

/// One pass over the events of a log.
struct Pass<'e, F> {
    keys: Keys,
    by: &'e [String],
    of: &'e ObjectType,
    texts: Texts,
    objects: HashMap<String, Known>,
    account: Account,
    flattening: Flattening,
    each: F,
    /// The names of all attributes of events.
    seen: BTreeSet<String>,
}

/// Reads a log.
pub(crate) fn read<F>(
    mut input: impl BufRead,
    options: Options,
    of: &ObjectType,
    asked: &EventKeys,
    each: F,
) -> Result<(Account, Flattening), LogError>
where
    F: FnMut(&EventRow<'_>) -> Result<(), Error>,
{
    if let Some(key) = &asked.journey {
        return Err(Error::input("key of the journey", format!("\"{key}\""), "none: the object is the journey").into());
    }
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let text = utf8(&bytes)?;
    let document: Document<'_> = serde_json::from_str(text).map_err(|error| no_document(&error, text))?;
    if document.of_version_1.is_some() {
        let message = "this is OCEL 1.0, allowed: OCEL 2.0, with objects and events as lists".to_owned();
        return Err(Problem::NotALog(message).into());
    }
    let (Some(objects), Some(events)) = (document.objects, document.events) else {
        return Err(Problem::NotALog("this is no OCEL 2.0: it has no objects or no events".to_owned()).into());
    };
    let declared = document.object_types.iter().map(|declared| declared.name.to_string()).collect();
    let mut pass = Pass {
        keys: Keys::new(asked, OWN),
        by: &asked.by,
        of,
        texts: Texts::new(options, asked.value.is_some())?,
        objects: HashMap::new(),
        account: Account::new(options.strictness),
        flattening: Flattening::default(),
        each,
        seen: BTreeSet::new(),
    };
    pass.learn(&objects, declared, &mut Lines::new(text))?;
    if events.is_empty() {
        return Err(Problem::NoEvents.into());
    }
    let mut lines = Lines::new(text);
    for event in events {
        let line = lines.of(event.get());
        let outcome = pass.event(event.get()).map_err(|error| error.at_line(line))?;
        pass.account.note(line, outcome)?;
    }
    pass.finish()
}

/// The text, without a byte order mark.
fn utf8(bytes: &[u8]) -> Result<&str, LogError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        LogError::from(Problem::Malformed("the text is not valid UTF-8".to_owned())).at_line(line)
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// Text that is no JSON, or JSON that is no log.
fn no_document(error: &serde_json::Error, text: &str) -> LogError {
    let line = error.line() as u64;
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let problem = if !text.trim_start().starts_with('{') {
        Problem::NotALog("this is no OCEL 2.0: it does not begin with {".to_owned())
    } else if error.is_data() {
        Problem::NotALog(format!("this is no OCEL 2.0: {message}"))
    } else {
        Problem::Malformed(message.to_owned())
    };
    LogError::from(problem).at_line(line)
}

/// A value as text; lists and maps have none.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl<F> Pass<'_, F>
where
    F: FnMut(&EventRow<'_>) -> Result<(), Error>,
{
    /// Takes down the objects, of every type: an event may name one that there is not.
    fn learn(
        &mut self,
        objects: &[&RawValue],
        mut types: BTreeSet<String>,
        lines: &mut Lines<'_>,
    ) -> Result<(), LogError> {
        for raw in objects {
            let line = lines.of(raw.get());
            let object: Object<'_> = serde_json::from_str(raw.get()).map_err(|error| {
                LogError::from(Problem::NotALog(format!("this is no object of OCEL 2.0: {error}"))).at_line(line)
            })?;
            let of_type = object.of_type == self.of.name;
            if !types.contains(&*object.of_type) {
                types.insert(object.of_type.clone().into_owned());
            }
            let by = if of_type { self.values(&object) } else { Vec::new() };
            self.flattening.objects += u64::from(of_type);
            let known = Known { of_type, spoken: false, by };
            if self.objects.insert(object.id.clone().into_owned(), known).is_some() {
                let problem = Problem::NotALog(format!("the object \"{}\" stands here again", object.id));
                return Err(LogError::from(problem).at_line(line));
            }
        }
        if types.contains(&self.of.name) {
            return Ok(());
        }
        let types = listed(types.iter().map(String::as_str));
        Err(Problem::UnknownObjectType { name: self.of.name.clone(), types }.into())
    }

    /// The values of an object for the keys of breakdowns; a time that is none holds from the beginning.
    fn values(&self, object: &Object<'_>) -> Vec<Vec<(Timestamp, String)>> {
        let attributes = object.attributes.as_deref().unwrap_or_default();
        let of_key = |key: &String| {
            let named = attributes.iter().filter(|attribute| attribute.name == **key);
            let since = |text: &str| self.texts.instant(text, "time").unwrap_or(Timestamp(i64::MIN));
            let mut values: Vec<_> = named
                .filter_map(|attribute| Some((since(&attribute.time), scalar(&attribute.value)?.into_owned())))
                .collect();
            values.sort_by_key(|(since, _)| *since);
            values
        };
        self.by.iter().map(of_key).collect()
    }

    /// Reads an event and hands it over for each of its objects of the type.
    fn event(&mut self, raw: &str) -> Result<Result<(), Fault>, LogError> {
        let event: Event<'_> = match serde_json::from_str(raw) {
            Ok(event) => event,
            Err(error) => {
                return Ok(Err(Fault::new("", &error.to_string(), "this is no event of OCEL 2.0".to_owned())));
            }
        };
        let attributes = event.attributes.as_deref().unwrap_or_default();
        for attribute in attributes {
            if !self.seen.contains(&*attribute.name) {
                self.seen.insert(attribute.name.clone().into_owned());
            }
        }
        let objects = match self.objects_of(&event) {
            Ok(objects) => objects,
            Err(fault) => return Ok(Err(fault)),
        };
        let text = |key: &str| {
            let named = attributes.iter().find(|attribute| attribute.name == *key);
            named.and_then(|attribute| scalar(&attribute.value))
        };
        let own = [Some(&event.of_type), Some(&event.time), None, None, None, None, None, Some(&event.id), None];
        let mut texts = [const { None }; ROLES];
        for (text_of, ((key, usual), own)) in texts.iter_mut().zip(self.keys.of_roles.iter().zip(OWN).zip(own)) {
            *text_of = match (key.as_deref(), own) {
                (key, Some(own)) if key == usual => Some(Cow::Borrowed(&**own)),
                (Some(key), _) => text(key),
                (None, _) => None,
            };
        }
        let texts = texts.each_ref().map(Option::as_deref);
        let mut record = match self.texts.event("", &self.keys, texts) {
            Ok(record) => record,
            Err(fault) => return Ok(Err(fault)),
        };
        let by: Vec<Option<Cow<'_, str>>> = self.by.iter().map(|key| text(key)).collect();
        for object in &objects {
            let Some(known) = self.objects.get_mut(*object) else { continue };
            known.spoken = true;
            let values = known.by.iter().map(|values| at(values, record.time));
            let segments: Vec<&str> = by
                .iter()
                .zip(values)
                .map(|(own, of_object)| own.as_deref().or(of_object).unwrap_or_default())
                .collect();
            record.customer = object;
            (self.each)(&EventRow { event: record, segments: &segments, currency: self.texts.currency })?;
            self.flattening.records += 1;
        }
        self.flattening.shared_events += u64::from(objects.len() > 1);
        Ok(Ok(()))
    }

    /// The objects of the type, each once, in the order in which the event names them.
    fn objects_of<'v>(&mut self, event: &'v Event<'_>) -> Result<Vec<&'v str>, Fault> {
        let mut objects: Vec<&str> = Vec::new();
        for Relationship { object, qualifier } in event.relationships.as_deref().unwrap_or_default() {
            let Some(known) = self.objects.get(&**object) else {
                return Err(Fault::new("objectId", object, "objectId names no object of the log".to_owned()));
            };
            let as_asked = self.of.qualifier.as_ref().is_none_or(|asked| asked == qualifier);
            if known.of_type && as_asked && !objects.contains(&&**object) {
                objects.push(object);
            }
        }
        if !objects.is_empty() {
            return Ok(objects);
        }
        self.flattening.unrelated_events += 1;
        let qualifier = self.of.qualifier.as_ref();
        let qualifier = qualifier.map(|asked| format!(" under the qualifier \"{asked}\"")).unwrap_or_default();
        let reason = format!("the event is related to no object of the type \"{}\"{qualifier}", self.of.name);
        Err(Fault::new("relationships", &event.id, reason).skipped())
    }

    fn finish(mut self) -> Result<(Account, Flattening), LogError> {
        let known = |key: &String| {
            let place = self.by.iter().position(|by| by == key);
            let of_object = |known: &Known| place.and_then(|place| known.by.get(place)).is_some_and(|v| !v.is_empty());
            self.seen.contains(key) || OWN.contains(&Some(key.as_str())) || self.objects.values().any(of_object)
        };
        if let Some(key) = self.keys.asked.iter().find(|key| !known(key)) {
            let keys = listed(self.seen.iter().map(String::as_str));
            return Err(Problem::UnknownKey { name: key.clone(), keys }.into());
        }
        let silent = self.objects.values().filter(|known| known.of_type && !known.spoken).count();
        self.flattening.silent_objects = silent as u64;
        Ok((self.account, self.flattening))
    }
}

/// The value at an instant; before the first one, that.
fn at(values: &[(Timestamp, String)], time: Timestamp) -> Option<&str> {
    let behind = values.partition_point(|(since, _)| *since <= time);
    values.get(behind.saturating_sub(1)).map(|(_, value)| value.as_str())
}
