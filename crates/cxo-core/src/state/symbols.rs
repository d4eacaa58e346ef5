//! Which number stands for a text, such as the identifier of a customer? State: one text arena and a table of ids, so that a
//! million customers cost no allocation each. Keyed states keep their columns as such ids.

use std::ops::Range;

use crate::Error;

/// Texts numbered from 0 in the order of their first appearance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Symbols {
    text: String,
    /// Where each text ends in the arena; it begins where the one before ends.
    ends: Vec<usize>,
    /// Open addressing, linear probing. The length is 0 or a power of two.
    table: Vec<Slot>,
}

/// A place of the table: the hash tells most texts that are not meant from the one that is, without a look at the arena.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// 0 is free, otherwise id + 1.
    entry: u32,
}

impl Symbols {
    /// How many texts there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes on the heap.
    pub(crate) fn size_bytes(&self) -> usize {
        self.text.capacity() + size_of::<usize>() * self.ends.capacity() + size_of::<Slot>() * self.table.capacity()
    }

    /// Where the text of an id stands in the arena.
    #[inline]
    fn span(&self, id: u32) -> Option<Range<usize>> {
        let at = id as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        Some(start..*self.ends.get(at)?)
    }

    /// The text of an id.
    pub(crate) fn text(&self, id: u32) -> &str {
        self.span(id).and_then(|span| self.text.get(span)).unwrap_or_default()
    }

    /// All texts by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        (0..).take(self.len()).map(|id| self.text(id))
    }

    /// The id of a text, if it has one.
    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.table.get(self.place(text, hash(text))?)?.entry.checked_sub(1)
    }

    /// The id of a text, a new one if need be.
    pub(crate) fn intern(&mut self, text: &str) -> Result<u32, Error> {
        if self.table.len() < 2 * (self.len() + 1) {
            self.grow();
        }
        let hash = hash(text);
        let slot = self.place(text, hash).and_then(|place| self.table.get_mut(place));
        match slot {
            Some(slot) if slot.entry > 0 => Ok(slot.entry - 1),
            Some(slot) => {
                let id = u32::try_from(self.ends.len()).ok().filter(|id| *id < u32::MAX);
                let id = id.ok_or_else(|| Error::overflow("number of different identifiers"))?;
                *slot = Slot { hash, entry: id + 1 };
                self.text.push_str(text);
                self.ends.push(self.text.len());
                Ok(id)
            }
            None => Err(Error::overflow("table of identifiers")),
        }
    }

    /// The id of a text; an empty one stands for nobody in particular and gets an id of its own each time.
    pub(crate) fn intern_or_unnamed(&mut self, text: &str) -> Result<u32, Error> {
        if !text.is_empty() {
            return self.intern(text);
        }
        let id = u32::try_from(self.ends.len()).ok().filter(|id| *id < u32::MAX);
        let id = id.ok_or_else(|| Error::overflow("number of different identifiers"))?;
        // Not in the table, so that `find` never meets it.
        self.ends.push(self.text.len());
        Ok(id)
    }

    /// Where `text` stands in the table, or the free place where it would stand.
    fn place(&self, text: &str, hash: u32) -> Option<usize> {
        let is_here = |slot: &Slot| {
            let span = || self.span(slot.entry - 1);
            slot.entry == 0
                || slot.hash == hash && span().and_then(|span| self.text.as_bytes().get(span)) == Some(text.as_bytes())
        };
        places(hash, self.table.len()).find(|&place| self.table.get(place).is_none_or(is_here))
    }

    fn grow(&mut self) {
        let longer = vec![Slot::default(); (4 * self.len()).next_power_of_two().max(16)];
        for slot in std::mem::replace(&mut self.table, longer).into_iter().filter(|slot| slot.entry > 0) {
            // All are different: the first free place is theirs.
            let mut places = places(slot.hash, self.table.len());
            let free = places.find(|&place| self.table.get(place).is_some_and(|slot| slot.entry == 0));
            if let Some(place) = free.and_then(|place| self.table.get_mut(place)) {
                *place = slot;
            }
        }
    }
}

/// The places of a table of this length, none or a power of two, in the order in which a text with this hash looks for its own. At most
/// half of the table is taken, so a free one ends the search.
fn places(hash: u32, length: usize) -> impl Iterator<Item = usize> {
    let mask = length.wrapping_sub(1);
    (0..length).map(move |step| (hash as usize).wrapping_add(step) & mask)
}

/// With fixed keys: the same on every run. Eight bytes at a time are folded by a product of 128 bits, as wyhash does; texts made to
/// collide would be found slowly, never wrongly, as every text that is found is compared. Texts that differ in their last byte alone
/// have hashes side by side: customers who are numbered one after the other then share what is in the cache of a large table.
#[allow(clippy::cast_possible_truncation, reason = "both halves of a product, and the low bits are as good as any")]
fn hash(text: &str) -> u32 {
    const KEYS: [u64; 2] = [0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB];
    let fold = |value: u64, key: u64| {
        let product = u128::from(value) * u128::from(key);
        product as u64 ^ (product >> 64) as u64
    };
    let Some((end, bytes)) = text.as_bytes().split_last() else { return 0 };
    let (words, rest) = bytes.as_chunks::<8>();
    let hash =
        words.iter().fold(bytes.len() as u64, |hash, word| fold(hash ^ u64::from_le_bytes(*word) ^ KEYS[0], KEYS[1]));
    let rest = match (bytes.last_chunk::<8>(), rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(last), ..) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
        }
        _ => rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    fold(hash ^ rest ^ KEYS[1], KEYS[0]) as u32 ^ u32::from(*end)
}

/// Row ids are u32.
pub(crate) fn check_rows(have: usize, more: usize) -> Result<(), Error> {
    let rows = have.checked_add(more).and_then(|rows| u32::try_from(rows).ok());
    rows.map(|_| ()).ok_or_else(|| Error::overflow("number of rows of a keyed sample"))
}

/// Refuses to merge two states that know the same cluster or customer.
pub(crate) fn check_disjoint(what: &str, mine: &Symbols, theirs: &Symbols) -> Result<(), Error> {
    match theirs.iter().find(|text| mine.find(text).is_some()) {
        Some(text) => Err(Error::incompatible(format!("{what} \"{text}\" is on both sides of the merge"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_texts_by_first_appearance() {
        let mut symbols = Symbols::default();
        assert_eq!(symbols.find("NA"), None);
        for round in 0..2 {
            for number in 0..5000_u32 {
                assert_eq!(symbols.intern(&format!("c{number}")).unwrap(), number, "round {round}");
            }
        }
        assert_eq!(symbols.intern("").unwrap(), 5000);
        assert_eq!((symbols.find(""), symbols.text(5000), symbols.text(4999)), (Some(5000), "", "c4999"));
        assert_eq!((symbols.len(), symbols.find("c5000"), symbols.text(6000)), (5001, None, ""));
        assert_eq!((symbols.intern_or_unnamed("").unwrap(), symbols.intern_or_unnamed("").unwrap()), (5001, 5002));
        assert_eq!(symbols.iter().take(2).collect::<Vec<_>>(), ["c0", "c1"]);
    }

    #[test]
    fn texts_of_every_length_spread() {
        // Names as systems make them: one letter after another, numbers, and long ones that differ in one place.
        let long = |at: usize| "x".repeat(at % 40) + "y" + &"x".repeat(40 - at % 40) + &"z".repeat(at / 40);
        let shapes: [&dyn Fn(usize) -> String; 4] =
            [&|at| "a".repeat(at), &|at| at.to_string(), &|at| format!("customer-{at:09}"), &long];
        for shape in shapes {
            let mut slots: Vec<u32> = (0..1024).map(|at| hash(&shape(at)) % 4096).collect();
            slots.sort_unstable();
            slots.dedup();
            // Of 1,024 drawn by chance about 906 are different.
            assert!(slots.len() > 860, "{}: {}", shape(3), slots.len());
        }
    }
}
