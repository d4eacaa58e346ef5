//! How are states written as bytes, and what is checked when they are read? State: the bytes written so far, or those still
//! to read. The states' own [`Encode`](super::Encode) call it; the layout is described there.

use std::fmt;

use crate::Error;

/// What the first bytes of every state are.
const MAGIC: [u8; 3] = *b"CXO";

/// The states that have a byte form. Their numbers stay for ever; a state that goes leaves its number unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Tally = 1,
    Nps = 2,
    NpsPanel = 3,
    WeightedTally = 4,
    Sample = 5,
    Responses = 6,
    ResponseFunnel = 7,
    SatisfactionItems = 8,
    Contacts = 9,
    Segments = 10,
    Trend = 11,
    Moments = 12,
    PurchaseLog = 13,
    Survivors = 14,
    EventTable = 15,
    Contracts = 16,
    EventLog = 17,
    Paths = 18,
}

impl Form {
    /// The version that is written. Whoever raises one keeps reading the older ones and pins a fixture of each.
    const VERSION: u8 = 1;
}

/// Bytes of a state, as far as they are written.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(form: Form) -> Self {
        let mut writer = Self(MAGIC.to_vec());
        writer.u8(form as u8);
        writer.u8(Form::VERSION);
        writer
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn i8(&mut self, value: i8) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    /// Counters in a row; their number is known from the state.
    pub(crate) fn counters(&mut self, counters: impl IntoIterator<Item = u64>) {
        counters.into_iter().for_each(|counter| self.u64(counter));
    }

    /// A number of things that follow.
    pub(crate) fn count(&mut self, count: usize) {
        self.u64(count as u64);
    }

    /// A text or the whole form of another state, with its length in bytes.
    pub(crate) fn block(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend(bytes);
    }

    /// Texts with their number.
    pub(crate) fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str> + Clone) {
        self.count(texts.clone().count());
        texts.for_each(|text| self.block(text.as_bytes()));
    }
}

/// Bytes of a state that are still to be read. Nothing is allocated before the bytes that fill it are seen.
pub(crate) struct Reader<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Behind the head, which must be that of `form`.
    pub(crate) fn new(bytes: &'a [u8], form: Form) -> Result<Self, Error> {
        let mut reader = Self { form, rest: bytes };
        if reader.array()? != MAGIC {
            return Err(reader.refuse("first bytes", "something else", "CXO"));
        }
        let tag = reader.u8()?;
        if tag != form as u8 {
            return Err(reader.refuse("state number", tag, &(form as u8).to_string()));
        }
        let version = reader.u8()?;
        if !(1..=Form::VERSION).contains(&version) {
            return Err(reader.refuse("version", version, &format!("1 to {}", Form::VERSION)));
        }
        Ok(reader)
    }

    /// The error for a value that the form does not allow.
    pub(crate) fn refuse(&self, what: &str, value: impl fmt::Display, allowed: &str) -> Error {
        Error::input(format!("{what} in the bytes of {:?}", self.form), value, allowed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let Some((head, rest)) = self.rest.split_first_chunk::<N>() else { return Err(self.too_short(N as u64)) };
        self.rest = rest;
        Ok(*head)
    }

    fn too_short(&self, wanted: u64) -> Error {
        self.refuse("what remains", format!("{} bytes", self.rest.len()), &format!("at least {wanted}"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn i8(&mut self) -> Result<i8, Error> {
        self.array().map(i8::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Error> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Result<f64, Error> {
        self.u64().map(f64::from_bits)
    }

    /// So many counters in a row.
    pub(crate) fn counters<const N: usize>(&mut self) -> Result<[u64; N], Error> {
        let mut counters = [0; N];
        counters.iter_mut().try_for_each(|counter| self.u64().map(|read| *counter = read))?;
        Ok(counters)
    }

    /// A choice: one of the first so many numbers.
    pub(crate) fn choice<T: Copy>(&mut self, what: &str, options: &[T]) -> Result<T, Error> {
        let number = self.u8()?;
        let refuse = || self.refuse(what, number, &format!("less than {}", options.len()));
        options.get(usize::from(number)).copied().ok_or_else(refuse)
    }

    /// A number of things that follow, each of at least so many bytes; refused if they cannot be there.
    pub(crate) fn count(&mut self, bytes_each: usize) -> Result<usize, Error> {
        let count = self.u64()?;
        let bytes = count.saturating_mul(bytes_each as u64);
        match usize::try_from(count) {
            Ok(count) if bytes <= self.rest.len() as u64 => Ok(count),
            _ => Err(self.too_short(bytes)),
        }
    }

    /// What [`Writer::block`] wrote.
    pub(crate) fn block(&mut self) -> Result<&'a [u8], Error> {
        let length = self.count(1)?;
        let Some((block, rest)) = self.rest.split_at_checked(length) else {
            return Err(self.too_short(length as u64));
        };
        self.rest = rest;
        Ok(block)
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Result<&'a str, Error> {
        let block = self.block()?;
        std::str::from_utf8(block).map_err(|error| self.refuse("text", error, "UTF-8"))
    }

    /// What [`Writer::texts`] wrote.
    pub(crate) fn texts(&mut self) -> Result<Vec<&'a str>, Error> {
        let count = self.count(size_of::<u64>())?;
        (0..count).map(|_| self.text()).collect()
    }

    /// The text at a position that follows.
    pub(crate) fn text_of(&mut self, texts: &[&'a str]) -> Result<&'a str, Error> {
        let at = self.u32()?;
        let refuse = || self.refuse("position of a text", at, &format!("less than {}", texts.len()));
        texts.get(at as usize).copied().ok_or_else(refuse)
    }

    /// Refuses bytes behind the state.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(self.refuse("what remains", format!("{more} bytes"), "nothing")),
        }
    }
}
