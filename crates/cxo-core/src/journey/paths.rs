//! Which ways led to an outcome, and which did not? State: distinct paths with how often each ended how; added up from tables or
//! from journeys, asked by chains and attribution.

use std::collections::BTreeMap;

use crate::{Encode, Error, Form, Reader, State, Symbols, Writer};

/// How often a path ended with an outcome, what that was worth, and how often it did not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct PathCount {
    /// Journeys that ended with the outcome.
    pub conversions: u64,
    /// Journeys that did not.
    pub nulls: u64,
    /// What the conversions were worth together.
    pub value: f64,
}

impl PathCount {
    /// Of so many journeys of each kind.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that is not finite or that no conversion has.
    pub fn new(conversions: u64, nulls: u64, value: f64) -> Result<Self, Error> {
        if !value.is_finite() {
            return Err(Error::input("value of conversions", value, "a finite number"));
        }
        if conversions == 0 && value != 0.0 {
            return Err(Error::input("value of conversions", value, "0 where there are no conversions"));
        }
        Ok(Self { conversions, nulls, value })
    }

    /// Both together, where their journeys are known to fit 64 bits.
    fn with(&self, other: &Self) -> Result<Self, Error> {
        Self::new(self.conversions + other.conversions, self.nulls + other.nulls, self.value + other.value)
    }
}

/// Distinct paths of channels or touchpoints with how often each ended how.
///
/// Class: table; 4 bytes a step of each different path, and 24 for its counts. Merges while all journeys fit 64 bits; values are sums of floats, which
/// the order of merging can move in the last digits.
///
/// ```
/// use cxo_core::journey::{PathCount, Paths};
///
/// let mut paths = Paths::default();
/// paths.add(["search", "email"], PathCount::new(2, 5, 80.0)?)?;
/// paths.add(["email"], PathCount::new(1, 0, 30.0)?)?;
/// assert_eq!((paths.len(), paths.total().conversions), (2, 3));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Paths {
    symbols: Symbols,
    counts: BTreeMap<Box<[u32]>, PathCount>,
    /// All of them together: no sum over paths exceeds it.
    journeys: u64,
}

impl Paths {
    /// Adds journeys along a path.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty path or an empty name in it,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) where all journeys of all paths exceed 64 bits.
    pub fn add<S: AsRef<str>>(&mut self, path: impl IntoIterator<Item = S>, count: PathCount) -> Result<(), Error> {
        let mut ids = Vec::new();
        for name in path {
            if name.as_ref().is_empty() {
                return Err(Error::input("step of a path", "empty", "text of at least one character"));
            }
            ids.push(self.symbols.intern(name.as_ref())?);
        }
        self.add_ids(&ids, &count)
    }

    pub(super) fn intern(&mut self, name: &str) -> Result<u32, Error> {
        self.symbols.intern(name)
    }

    pub(super) fn add_ids(&mut self, ids: &[u32], count: &PathCount) -> Result<(), Error> {
        if ids.is_empty() {
            return Err(Error::input("path", "empty", "at least one step"));
        }
        let sum = count.conversions.checked_add(count.nulls).and_then(|more| self.journeys.checked_add(more));
        let journeys = sum.ok_or_else(|| Error::overflow("number of journeys"))?;
        match self.counts.get_mut(ids) {
            Some(known) => *known = known.with(count)?,
            None => drop(self.counts.insert(ids.into(), *count)),
        }
        self.journeys = journeys;
        Ok(())
    }

    /// The number of different paths.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// All journeys together.
    #[must_use]
    pub fn total(&self) -> PathCount {
        let mut total = PathCount::default();
        for count in self.counts.values() {
            total.conversions += count.conversions;
            total.nulls += count.nulls;
            total.value += count.value;
        }
        total
    }

    /// The names in the order of their bytes, and the paths in numbers of these, in ascending order.
    pub(super) fn ordered(&self) -> (Vec<&str>, Vec<(Vec<u32>, PathCount)>) {
        let mut order: Vec<(&str, u32)> = self.symbols.iter().zip(0..).collect();
        order.sort_unstable();
        let mut ranks = vec![0_u32; order.len()];
        for (rank, (_, id)) in (0..).zip(&order) {
            if let Some(place) = ranks.get_mut(*id as usize) {
                *place = rank;
            }
        }
        let ranked = |(path, count): (&[u32], &PathCount)| {
            (path.iter().filter_map(|id| ranks.get(*id as usize).copied()).collect(), *count)
        };
        let mut paths: Vec<(Vec<u32>, PathCount)> =
            self.counts.iter().map(|(path, count)| ranked((path, count))).collect();
        paths.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        (order.into_iter().map(|(name, _)| name).collect(), paths)
    }
}

impl State for Paths {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut merged = self.clone();
        let ids = other.symbols.iter().map(|text| merged.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        for (path, count) in &other.counts {
            let path: Vec<u32> = path.iter().filter_map(|id| ids.get(*id as usize).copied()).collect();
            merged.add_ids(&path, count)?;
        }
        *self = merged;
        Ok(())
    }
}

impl Encode for Paths {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Paths);
        to.texts(self.symbols.iter());
        to.count(self.counts.len());
        for (path, count) in &self.counts {
            to.u64(count.conversions);
            to.u64(count.nulls);
            to.f64(count.value);
            to.count(path.len());
            path.iter().for_each(|id| to.u32(*id));
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Paths)?;
        let names = from.texts()?;
        let mut paths = Self::default();
        for name in &names {
            if name.is_empty() {
                return Err(from.refuse("step of a path", "empty", "text of at least one character"));
            }
            // In their order, so that what is written again is what was read.
            paths.symbols.intern(name)?;
        }
        for _ in 0..from.count(8 + 8 + 8 + 8)? {
            let count = PathCount::new(from.u64()?, from.u64()?, from.f64()?)?;
            let steps = from.count(4)?;
            let path = (0..steps).map(|_| from.text_of(&names)).collect::<Result<Vec<&str>, Error>>()?;
            paths.add(path, count)?;
        }
        from.finish().map(|()| paths)
    }
}
