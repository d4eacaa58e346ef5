//! Which records belong to each customer, in the order of time? Buckets of neighbouring customers, then a sort inside each. State:
//! one key of 8 bytes a record (24 where customer, time and amount need more than 64 bits), for a part of the buckets at a time.

use crate::Error;

/// Buckets of about so many records: their keys fit the second cache.
const BUCKET_RECORDS: usize = 8192;
/// At most so many buckets: as many places are written to at once.
const MOST_BUCKET_BITS: u32 = 11;
/// The bits of a digit, by which keys are sorted, and with how many digits comparing is no faster.
const DIGIT_BITS: u32 = 10;
const MOST_DIGITS: u32 = 5;
/// The keys that are held at once take so many bytes for each record of the log, a quarter of what a record itself takes.
const HELD_BYTES_PER_RECORD: usize = 4;
/// But so many are always held.
const LEAST_HELD: usize = 1 << 18;

/// The columns of a log, of one length. Without amounts each record is a purchase of something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records<'a, T> {
    pub(super) customers: &'a [u32],
    pub(super) ticks: &'a [T],
    pub(super) amounts: &'a [i64],
}

/// The least and the greatest of a column.
pub(super) fn ends<T: Copy + Ord>(column: &[T]) -> Option<(T, T)> {
    column.iter().min().copied().zip(column.iter().max().copied())
}

/// Customer, time and amount in one value: its order is that of customers, then of time; at one time the greater amounts come
/// first, so that a refund follows what it refunds.
pub(super) trait Key: Copy + Ord + Default {
    fn new(parts: (u64, u64, u64), layout: Layout) -> Self;
    fn parts(self, layout: Layout) -> (u64, u64, u64);
    /// Sorts by customer and time, and by amount where there are refunds; with room for as many keys.
    fn sort(keys: &mut [Self], room: &mut Vec<Self>, layout: Layout);
}

impl Key for u64 {
    fn new((customer, tick, below): (u64, u64, u64), layout: Layout) -> Self {
        (customer << layout.tick_bits | tick) << layout.amount_bits | below
    }

    fn parts(self, layout: Layout) -> (u64, u64, u64) {
        let times = self >> layout.amount_bits;
        (times >> layout.tick_bits, times & low(layout.tick_bits), self & low(layout.amount_bits))
    }

    /// Digit by digit from the lowest, stably; a few keys by comparison, as counting digits would not pay.
    fn sort(keys: &mut [Self], room: &mut Vec<Self>, layout: Layout) {
        let lowest = if layout.has_refunds { 0 } else { layout.amount_bits };
        let bits = layout.customer_bits + layout.tick_bits + layout.amount_bits - lowest;
        let digits = bits.div_ceil(DIGIT_BITS);
        if keys.len() < 2 << DIGIT_BITS || digits > MOST_DIGITS {
            keys.sort_unstable();
            return;
        }
        room.clear();
        room.resize(keys.len(), 0);
        let (mut from, mut to) = (keys, &mut room[..]);
        for digit in 0..digits {
            sort_by_digit(from, to, lowest + digit * DIGIT_BITS);
            std::mem::swap(&mut from, &mut to);
        }
        if digits % 2 == 1 {
            to.copy_from_slice(from);
        }
    }
}

/// Writes keys in the order of the digit that begins at a bit.
#[allow(clippy::cast_possible_truncation)] // A digit has few bits.
fn sort_by_digit(keys: &[u64], sorted: &mut [u64], bit: u32) {
    let digit = |key: u64| (key >> bit & low(DIGIT_BITS)) as usize;
    let mut places = [0_usize; 1 << DIGIT_BITS];
    for &key in keys {
        places[digit(key)] += 1;
    }
    let mut begin = 0;
    for place in &mut places {
        begin += std::mem::replace(place, begin);
    }
    for &key in keys {
        let place = &mut places[digit(key)];
        if let Some(slot) = sorted.get_mut(*place) {
            *slot = key;
        }
        *place += 1;
    }
}

/// A number with so many of the lowest bits set, fewer than 64.
const fn low(bits: u32) -> u64 {
    (1 << bits) - 1
}

impl Key for (u64, u64, u64) {
    fn new(parts: Self, _: Layout) -> Self {
        parts
    }

    fn parts(self, _: Layout) -> Self {
        self
    }

    fn sort(keys: &mut [Self], _: &mut Vec<Self>, _: Layout) {
        keys.sort_unstable();
    }
}

/// Which bucket a customer is in, and how records are written into keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    least_customer: u32,
    least_tick: i64,
    greatest_amount: i64,
    /// The bits of a customer inside of a bucket; those above are the bucket.
    customer_bits: u32,
    tick_bits: u32,
    amount_bits: u32,
    has_refunds: bool,
}

impl Layout {
    /// For so many records, each column from the least to the greatest.
    pub(super) fn new(records: usize, customers: (u32, u32), ticks: (i64, i64), amounts: (i64, i64)) -> Self {
        let bits = |range: u64| u64::BITS - range.leading_zeros();
        let buckets = bits((records / BUCKET_RECORDS) as u64).min(MOST_BUCKET_BITS);
        Self {
            least_customer: customers.0,
            least_tick: ticks.0,
            greatest_amount: amounts.1,
            customer_bits: bits(customers.1.abs_diff(customers.0).into()).saturating_sub(buckets),
            tick_bits: bits(ticks.1.abs_diff(ticks.0)),
            amount_bits: bits(amounts.1.abs_diff(amounts.0)),
            has_refunds: amounts.0 < 0,
        }
    }

    /// Whether 64 bits are enough.
    pub(super) fn is_narrow(self) -> bool {
        self.tick_bits + self.amount_bits < u64::BITS
            && self.customer_bits + self.tick_bits + self.amount_bits <= u64::BITS
    }

    /// In 64 bits, as all 32 of them may be inside of one bucket.
    fn since_least(self, customer: u32) -> u64 {
        customer.wrapping_sub(self.least_customer).into()
    }

    #[allow(clippy::cast_possible_truncation)] // What was a u32 is no more than one.
    fn bucket(self, customer: u32) -> usize {
        (self.since_least(customer) >> self.customer_bits) as usize
    }

    fn key<K: Key>(self, customer: u32, tick: i64, amount: i64) -> K {
        let inside = self.since_least(customer) & low(self.customer_bits);
        K::new((inside, tick.abs_diff(self.least_tick), self.greatest_amount.abs_diff(amount)), self)
    }

    #[allow(clippy::cast_possible_truncation)] // What was a u32 is one.
    fn customer<K: Key>(self, bucket: usize, key: K) -> u32 {
        self.least_customer.wrapping_add(((bucket as u64) << self.customer_bits | key.parts(self).0) as u32)
    }

    /// The time since the first record, and the amount.
    pub(super) fn record<K: Key>(self, key: K) -> (u64, i64) {
        let (_, tick, below) = key.parts(self);
        (tick, self.greatest_amount.wrapping_sub_unsigned(below))
    }
}

/// Calls `visit` for each customer, in ascending order, with the keys of all his records in order.
///
/// The layout is that of the records. O(n log n), with a logarithm of a bucket.
pub(super) fn by_customer<K: Key, T: Copy + Into<i64>>(
    records: Records<'_, T>,
    layout: Layout,
    mut visit: impl FnMut(u32, &[K]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut counts = counts(records.customers, layout);
    let most = (records.customers.len() * HELD_BYTES_PER_RECORD / size_of::<K>()).max(LEAST_HELD);
    let (mut rest, mut first, mut keys, mut room) = (&mut counts[..], 0, Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (width, held) = range(rest, most);
        let (places, behind) = rest.split_at_mut(width);
        let mut begin = 0;
        for place in places.iter_mut() {
            begin += std::mem::replace(place, begin);
        }
        keys.clear();
        keys.resize(held, K::default());
        records.place(first, places, layout, &mut keys);
        // Each place has moved to where the keys of its bucket end.
        let mut begin = 0;
        for (bucket, &end) in (first..).zip(places.iter()) {
            let keys = keys.get_mut(begin..end).unwrap_or_default();
            K::sort(keys, &mut room, layout);
            let is_same = |one: &K, next: &K| one.parts(layout).0 == next.parts(layout).0;
            for keys in keys.chunk_by(is_same) {
                if let Some(key) = keys.first() {
                    visit(layout.customer(bucket, *key), keys)?;
                }
            }
            begin = end;
        }
        first += width;
        rest = behind;
    }
    Ok(())
}

impl<T: Copy + Into<i64>> Records<'_, T> {
    /// Writes the keys of the buckets from `first` on to their places, each of which moves on.
    fn place<K: Key>(&self, first: usize, places: &mut [usize], layout: Layout, keys: &mut [K]) {
        for (row, (&customer, &tick)) in self.customers.iter().zip(self.ticks).enumerate() {
            if let Some(place) = places.get_mut(layout.bucket(customer).wrapping_sub(first))
                && let Some(key) = keys.get_mut(*place)
            {
                *key = layout.key(customer, tick.into(), self.amounts.get(row).copied().unwrap_or(1));
                *place += 1;
            }
        }
    }
}

/// The records of each bucket.
fn counts(customers: &[u32], layout: Layout) -> Vec<usize> {
    let buckets = customers.iter().max().map_or(0, |greatest| layout.bucket(*greatest) + 1);
    let mut counts = vec![0; buckets];
    for &customer in customers {
        if let Some(count) = counts.get_mut(layout.bucket(customer)) {
            *count += 1;
        }
    }
    counts
}

/// The longest run of buckets with at most so many records, but at least one bucket; and how many records they have.
fn range(counts: &[usize], most: usize) -> (usize, usize) {
    let mut records = 0;
    for (width, &count) in counts.iter().enumerate() {
        if records + count > most && width > 0 {
            return (width, records);
        }
        records += count;
    }
    (counts.len(), records)
}

/// How many different customers there are; where their numbers lie too far apart to be ticked off, no less than 1.
pub(super) fn distinct(customers: &[u32], (least, greatest): (u32, u32)) -> usize {
    let width = greatest.abs_diff(least) as usize;
    if width / 256 > customers.len() {
        return 1;
    }
    let mut seen = vec![0_u64; width / 64 + 1];
    for customer in customers {
        let at = customer.wrapping_sub(least);
        if let Some(word) = seen.get_mut((at / 64) as usize) {
            *word |= 1 << (at % 64);
        }
    }
    seen.iter().map(|word| word.count_ones() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_what_is_written_at_the_ends_of_all_types() {
        let cases = [
            (10_000_000, (0, 999_999), (0, 729), (-5000, 100_000), true),
            (10, (7, 7), (0, 0), (i64::MIN, i64::MAX), false),
            (10, (7, 7), (i64::MIN, i64::MAX), (1, 1), false),
            (10, (7, 7), (i64::MIN, i64::MAX), (i64::MIN, i64::MAX), false),
            (10, (0, u32::MAX), (-3, 4), (0, (1 << 29) - 1), true),
            (10, (0, u32::MAX), (-3, 4), (0, 1 << 29), false),
            (usize::MAX, (5, u32::MAX), (0, i64::MAX >> 23), (7, 7), true),
        ];
        for (records, customers, ticks, amounts, narrow) in cases {
            let layout = Layout::new(records, customers, ticks, amounts);
            assert_eq!(layout.is_narrow(), narrow, "{customers:?} {ticks:?} {amounts:?}");
            for (customer, tick) in [(customers.0, ticks.0), (customers.0, ticks.1), (customers.1, ticks.0)] {
                for amount in [amounts.0, amounts.1] {
                    let written = (customer, tick.abs_diff(ticks.0), amount);
                    let bucket = layout.bucket(customer);
                    assert!(bucket < 1 << MOST_BUCKET_BITS);
                    let wide: (u64, u64, u64) = layout.key(customer, tick, amount);
                    assert_eq!(
                        (layout.customer(bucket, wide), layout.record(wide)),
                        (written.0, (written.1, written.2))
                    );
                    if narrow {
                        let key: u64 = layout.key(customer, tick, amount);
                        assert_eq!(
                            (layout.customer(bucket, key), layout.record(key)),
                            (written.0, (written.1, written.2))
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_hold_whole_buckets() {
        assert_eq!(range(&[3, 0, 4, 5], 7), (3, 7));
        assert_eq!(range(&[9, 0, 4], 7), (1, 9));
        assert_eq!(range(&[0, 9], 7), (1, 0));
        assert_eq!(range(&[1, 1], 7), (2, 2));
    }

    #[test]
    fn customers_are_counted_once() {
        assert_eq!(distinct(&[7, 7, 70, 8, 71, 7], (7, 71)), 4);
        assert_eq!(distinct(&[5], (5, 5)), 1);
        assert_eq!(distinct(&[0, u32::MAX], (0, u32::MAX)), 1);
        assert_eq!(distinct(&(0..1000).collect::<Vec<_>>(), (0, 999)), 1000);
    }
}
