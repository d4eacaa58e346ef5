//! Metrics by segment: how does the answer differ by stage, channel, product or any other key?
//!
//! The state is [`Segments`]: one state a key, filled in one pass over (key, rating), and one more for responses without a
//! key. Reports, `--by`, the comparison of each segment [with the rest](super::VersusRest) and the decomposition of a change
//! call it. Formula page: `docs/formulas/segments.md`.

use super::{Rating, Tally};
use crate::{Encode, Error, Form, Reader, State, Symbols, Writer, stats::suppression::Suppressed};

/// The answer of one segment, or why it is not shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment<T> {
    /// The key; `None` for all responses together.
    pub name: Option<String>,
    /// The answer, or why it is hidden.
    pub answer: Result<T, Suppressed>,
}

/// One state for each key. Class: as `S`, times the number of keys, plus the text of the keys.
///
/// Keys are interned to dense ids on the way in; merging maps them by their text, and every answer is ordered by the bytes of
/// the key, so neither ids nor the order of rows show.
///
/// ```
/// use cxo_core::{stats::suppression::Suppressed, survey::{Csat, Rating, Scale, Segments, Tally}};
/// let mut by_channel = Segments::new(Tally::new(Scale::ONE_TO_FIVE));
/// for (channel, score) in [(Some("web"), 5), (Some("shop"), 2), (Some("web"), 4), (None, 1)] {
///     by_channel.add(channel, Rating::new(score, Scale::ONE_TO_FIVE)?)?;
/// }
/// let found = by_channel.answers(|_| Ok(()), |tally| Csat::default().ask(tally))?;
/// let shares: Vec<_> = found.iter().map(|s| (s.name.as_deref(), s.answer.map(|a| a.share.value))).collect();
/// assert_eq!(shares, [(None, Ok(0.5)), (Some("shop"), Ok(0.0)), (Some("web"), Ok(1.0))]);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Segments<S> {
    empty: S,
    unkeyed: S,
    names: Symbols,
    states: Vec<S>,
}

/// The dense id of a key inside one [`Segments`]: 0, 1, 2 … in the order of interning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId(u32);

impl SegmentId {
    /// The id as a number, for a column of ids.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<S: State> Segments<S> {
    /// No keys yet; each new key starts from `empty`.
    pub fn new(empty: S) -> Self {
        Self { unkeyed: empty.clone(), empty, names: Symbols::default(), states: Vec::new() }
    }

    /// The id of a key; a new key starts with an empty state.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2^32 keys.
    pub fn intern(&mut self, name: &str) -> Result<SegmentId, Error> {
        let id = self.names.intern(name)?;
        if self.states.len() < self.names.len() {
            self.states.push(self.empty.clone());
        }
        Ok(SegmentId(id))
    }

    /// The id of a key that was seen.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<SegmentId> {
        self.names.find(name).map(SegmentId)
    }

    /// The state to which a response with this key belongs; without a key it counts in the total only.
    ///
    /// # Errors
    /// As [`intern`](Self::intern).
    pub fn state_of(&mut self, name: Option<&str>) -> Result<&mut S, Error> {
        let Some(name) = name else { return Ok(&mut self.unkeyed) };
        let id = self.intern(name)?;
        // Every id was handed out by `intern`, which pushed its state.
        Ok(self.states.get_mut(id.0 as usize).unwrap_or(&mut self.unkeyed))
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether no key was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The state of one key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&S> {
        self.names.find(name).and_then(|id| self.states.get(id as usize))
    }

    /// The responses without a key.
    #[must_use]
    pub const fn unkeyed(&self) -> &S {
        &self.unkeyed
    }

    /// Keys with their states, by the bytes of the key.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&str, &S)> {
        let mut sorted: Vec<(&str, &S)> = self.names.iter().zip(&self.states).collect();
        sorted.sort_unstable_by_key(|(name, _)| *name);
        sorted
    }

    /// All responses together, with and without a key.
    ///
    /// # Errors
    /// As the merge of two states.
    pub fn all(&self) -> Result<S, Error> {
        let mut all = self.unkeyed.clone();
        self.sorted().into_iter().try_for_each(|(_, state)| all.merge(state))?;
        Ok(all)
    }

    /// Asks all responses together and then each segment, in the order of their bytes. `shown` says of each (`None` for all)
    /// whether it may be seen, as [`Decisions::of`](crate::stats::suppression::Decisions::of) does.
    ///
    /// # Errors
    /// The first error of a question that is asked; hidden segments are not asked.
    pub fn answers<T>(
        &self,
        shown: impl Fn(Option<&str>) -> Result<(), Suppressed>,
        ask: impl Fn(&S) -> Result<T, Error>,
    ) -> Result<Vec<Segment<T>>, Error> {
        let answer = |name: Option<&str>, state: &S| {
            let answer = match shown(name) {
                Ok(()) => Ok(ask(state)?),
                Err(reason) => Err(reason),
            };
            Ok(Segment { name: name.map(str::to_owned), answer })
        };
        let all = answer(None, &self.all()?);
        let parts = self.sorted().into_iter().map(|(name, state)| answer(Some(name), state));
        std::iter::once(all).chain(parts).collect()
    }
}

impl Segments<Tally> {
    /// Counts one rating under a key.
    ///
    /// # Errors
    /// As [`Tally::add`] and [`intern`](Self::intern).
    pub fn add(&mut self, name: Option<&str>, rating: Rating) -> Result<(), Error> {
        self.state_of(name)?.add(rating)
    }

    /// Counts columns: the id of the key of each row, and its score.
    ///
    /// ```
    /// use cxo_core::survey::{Scale, Segments, Tally};
    /// let mut by_channel = Segments::new(Tally::new(Scale::NPS));
    /// let (web, shop) = (by_channel.intern("web")?.get(), by_channel.intern("shop")?.get());
    /// by_channel.add_columns(&[web, shop, web], &[10, 3, 9])?;
    /// assert_eq!(by_channel.get("web").map(Tally::responses), Some(2));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tally::by_segment`]; then nothing is counted.
    ///
    /// # Complexity
    /// O(rows + keys), one table of counts for all keys.
    pub fn add_columns(&mut self, ids: &[u32], scores: &[u8]) -> Result<(), Error> {
        let tallies = Tally::by_segment(ids, scores, self.states.len(), self.empty.scale())?;
        let mut states = self.states.clone();
        states.iter_mut().zip(&tallies).try_for_each(|(state, tally)| state.merge(tally))?;
        self.states = states;
        Ok(())
    }
}

impl<S: State> State for Segments<S> {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut merged = self.clone();
        merged.unkeyed.merge(&other.unkeyed)?;
        for (name, state) in other.sorted() {
            merged.state_of(Some(name))?.merge(state)?;
        }
        *self = merged;
        Ok(())
    }
}

/// A state that was read, if it measures the same as the empty one beside it.
pub(super) fn like<S: State>(empty: &S, read: S) -> Result<S, Error> {
    empty.clone().merge(&read)?;
    Ok(read)
}

impl<S: Encode> Encode for Segments<S> {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Segments);
        to.block(&self.empty.to_bytes());
        to.block(&self.unkeyed.to_bytes());
        to.count(self.states.len());
        for (name, state) in self.names.iter().zip(&self.states) {
            to.block(name.as_bytes());
            to.block(&state.to_bytes());
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Segments)?;
        let mut segments = Self::new(S::from_bytes(from.block()?)?);
        segments.unkeyed = like(&segments.empty, S::from_bytes(from.block()?)?)?;
        for _ in 0..from.count(16)? {
            let name = from.text()?;
            if segments.names.find(name).is_some() {
                return Err(from.refuse("key", format!("\"{name}\""), "each key once"));
            }
            segments.names.intern(name)?;
            segments.states.push(like(&segments.empty, S::from_bytes(from.block()?)?)?);
        }
        from.finish().map(|()| segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Scale;
    use proptest::prelude::*;

    type Row = (Option<u8>, u8);

    fn segments(rows: &[Row]) -> Segments<Tally> {
        let mut segments = Segments::new(Tally::new(Scale::NPS));
        for (key, score) in rows {
            let rating = Rating::new(i64::from(*score), Scale::NPS).unwrap();
            segments.add(key.map(|key| format!("key {key}")).as_deref(), rating).unwrap();
        }
        segments
    }

    fn finished(segments: &Segments<Tally>) -> Vec<Segment<Vec<u64>>> {
        segments.answers(|_| Ok(()), |tally| Ok(tally.counts().to_vec())).unwrap()
    }

    fn rows() -> impl Strategy<Value = Vec<Row>> {
        prop::collection::vec((prop::option::of(0_u8..12), 0_u8..=10), 0..40)
    }

    proptest! {
        #[test]
        fn merge_laws(a in rows(), b in rows(), c in rows()) {
            let merged = |parts: &[&[Row]]| {
                let mut whole = segments(&[]);
                for part in parts {
                    whole.merge(&segments(part)).unwrap();
                }
                finished(&whole)
            };
            let straight = finished(&segments(&[a.clone(), b.clone(), c.clone()].concat()));
            prop_assert_eq!(&merged(&[&a, &b, &c]), &straight);
            prop_assert_eq!(&merged(&[&c, &a, &b]), &straight);
            prop_assert_eq!(&merged(&[&[], &b, &a, &[], &c]), &straight);
            let mut right = segments(&b);
            right.merge(&segments(&c)).unwrap();
            let mut left = segments(&a);
            left.merge(&right).unwrap();
            prop_assert_eq!(&finished(&left), &straight);
        }

        #[test]
        fn columns_count_as_rows_do(rows in prop::collection::vec((0_u32..9, 0_u8..=10), 0..60)) {
            let mut by_column = segments(&[]);
            for key in 0..9 {
                by_column.intern(&format!("key {key}")).unwrap();
            }
            let mut by_row = by_column.clone();
            let (ids, scores): (Vec<u32>, Vec<u8>) = rows.iter().copied().unzip();
            by_column.add_columns(&ids, &scores).unwrap();
            for (id, score) in rows {
                by_row.add(Some(&format!("key {id}")), Rating::new(i64::from(score), Scale::NPS).unwrap()).unwrap();
            }
            prop_assert_eq!(finished(&by_column), finished(&by_row));
        }
    }

    #[test]
    fn hidden_segments_are_not_asked() {
        let by_key = segments(&[(Some(1), 9), (Some(2), 0)]);
        let shown = |name: Option<&str>| if name == Some("key 2") { Err(Suppressed::TooFew) } else { Ok(()) };
        let ask = |tally: &Tally| {
            if tally.counts()[0] == 1 && tally.responses() == 1 { Err(Error::no_data("")) } else { Ok(()) }
        };
        let answers = by_key.answers(shown, ask).unwrap();
        assert_eq!(
            answers.iter().map(|segment| segment.answer).collect::<Vec<_>>(),
            [Ok(()), Ok(()), Err(Suppressed::TooFew)]
        );
        assert!(by_key.answers(|_| Ok(()), ask).is_err());
    }

    #[test]
    fn other_scales_and_unknown_ids_are_refused_and_change_nothing() {
        let mut by_key = segments(&[(Some(1), 9)]);
        let before = finished(&by_key);
        assert!(by_key.merge(&Segments::new(Tally::new(Scale::ONE_TO_FIVE))).is_err());
        assert!(by_key.add_columns(&[0, 1], &[5, 5]).is_err());
        assert!(by_key.add_columns(&[0, 0], &[5, 11]).is_err());
        assert_eq!(finished(&by_key), before);
    }
}
