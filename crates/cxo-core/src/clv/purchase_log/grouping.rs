//! Which records belong to each customer, in the order of time? Counting by customer, then a tiny sort inside each. State: one
//! key of 8 bytes a record (16 where times and amounts need more than 64 bits), for a range of customers at a time.

use crate::Error;

/// Records whose keys are held at once, at least: few enough for the caches, so that writing them in order is cheap.
const RANGE_RECORDS: usize = 1 << 21;
/// At most so many times are the columns read.
const MOST_RANGES: usize = 8;

/// A time and an amount in one number, in the order of time; at one time the greater amounts come first, so that a refund
/// follows what it refunds.
pub(super) trait Key: Copy + Ord + Default {
    fn new(tick: u64, below: u64, shift: u32) -> Self;
    fn parts(self, shift: u32) -> (u64, u64);
}

impl Key for u64 {
    fn new(tick: u64, below: u64, shift: u32) -> Self {
        tick << shift | below
    }

    fn parts(self, shift: u32) -> (u64, u64) {
        (self >> shift, self & ((1 << shift) - 1))
    }
}

impl Key for u128 {
    fn new(tick: u64, below: u64, _: u32) -> Self {
        Self::from(tick) << 64 | Self::from(below)
    }

    #[allow(clippy::cast_possible_truncation)] // The low half is what is asked for.
    fn parts(self, _: u32) -> (u64, u64) {
        ((self >> 64) as u64, self as u64)
    }
}

/// How times and amounts are written into keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    least_tick: i64,
    greatest_amount: i64,
    shift: u32,
    pub(super) is_narrow: bool,
}

impl Layout {
    /// For records from one time to another, with amounts from least to greatest.
    pub(super) fn new(ticks: (i64, i64), amounts: (i64, i64)) -> Self {
        let bits = |(least, greatest): (i64, i64)| u64::BITS - greatest.abs_diff(least).leading_zeros();
        let shift = bits(amounts);
        let is_narrow = shift < u64::BITS && bits(ticks) + shift <= u64::BITS;
        Self { least_tick: ticks.0, greatest_amount: amounts.1, shift, is_narrow }
    }

    fn key<K: Key>(self, tick: i64, amount: i64) -> K {
        K::new(tick.abs_diff(self.least_tick), self.greatest_amount.abs_diff(amount), self.shift)
    }

    /// The time since the first record, and the amount.
    pub(super) fn record<K: Key>(self, key: K) -> (u64, i64) {
        let (tick, below) = key.parts(self.shift);
        (tick, self.greatest_amount.wrapping_sub_unsigned(below))
    }
}

/// Calls `visit` for each customer with records, in ascending order, with the keys of the records in order.
///
/// Customers are below `ids`; the columns have one length of less than 2³² rows. O(n) but for the tiny sorts.
pub(super) fn by_customer<K: Key, T: Copy + Into<i64>>(
    records: Records<'_, T>,
    ids: usize,
    layout: Layout,
    mut visit: impl FnMut(u32, &[K]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut places = counts(records.customers, ids);
    let most = RANGE_RECORDS.max(records.customers.len().div_ceil(MOST_RANGES));
    let (mut rest, mut first, mut keys) = (&mut places[..], 0_u32, Vec::new());
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
        // Each place has moved to where the records of its customer end.
        let mut begin = 0;
        for (customer, &end) in (first..).zip(places.iter()) {
            if let Some(keys) = keys.get_mut(begin..end as usize)
                && !keys.is_empty()
            {
                keys.sort_unstable();
                visit(customer, keys)?;
            }
            begin = end as usize;
        }
        first = first.saturating_add(u32::try_from(width).unwrap_or(u32::MAX));
        rest = behind;
    }
    Ok(())
}

/// The columns of a log, of one length. Without amounts each record is a purchase of something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records<'a, T> {
    pub(super) customers: &'a [u32],
    pub(super) ticks: &'a [T],
    pub(super) amounts: &'a [i64],
}

impl<T: Copy + Into<i64>> Records<'_, T> {
    /// Writes the keys of the customers from `first` on to their places, each of which moves on.
    fn place<K: Key>(&self, first: u32, places: &mut [u32], layout: Layout, keys: &mut [K]) {
        for (row, (customer, &tick)) in self.customers.iter().zip(self.ticks).enumerate() {
            if let Some(place) = places.get_mut(customer.wrapping_sub(first) as usize)
                && let Some(key) = keys.get_mut(*place as usize)
            {
                *key = layout.key(tick.into(), self.amounts.get(row).copied().unwrap_or(1));
                *place += 1;
            }
        }
    }
}

fn counts(customers: &[u32], ids: usize) -> Vec<u32> {
    let mut counts = vec![0_u32; ids];
    for &customer in customers {
        if let Some(count) = counts.get_mut(customer as usize) {
            *count += 1;
        }
    }
    counts
}

/// The longest run of customers with at most so many records, but at least one customer; and how many records they have.
fn range(counts: &[u32], most: usize) -> (usize, usize) {
    let mut records = 0;
    for (width, &count) in counts.iter().enumerate() {
        let more = records + count as usize;
        if more > most && width > 0 {
            return (width, records);
        }
        records = more;
    }
    (counts.len(), records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_times_and_amounts_at_the_ends_of_their_types() {
        let cases = [
            ((0, 364), (-5000, 100_000), true),
            ((0, 0), (i64::MIN, i64::MAX), false),
            ((i64::MIN, i64::MAX), (1, 1), true),
            ((i64::MIN, i64::MAX), (0, 1), false),
            ((i64::MIN, i64::MAX), (i64::MIN, i64::MAX), false),
            ((-3, 4), (7, 7), true),
        ];
        for (ticks, amounts, narrow) in cases {
            let layout = Layout::new(ticks, amounts);
            assert_eq!(layout.is_narrow, narrow, "{ticks:?} {amounts:?}");
            for tick in [ticks.0, ticks.1] {
                for amount in [amounts.0, amounts.1] {
                    let record = (tick.abs_diff(ticks.0), amount);
                    assert_eq!(layout.record::<u128>(layout.key(tick, amount)), record);
                    if narrow {
                        assert_eq!(layout.record::<u64>(layout.key(tick, amount)), record);
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_hold_whole_customers() {
        assert_eq!(range(&[3, 0, 4, 5], 7), (3, 7));
        assert_eq!(range(&[9, 0, 4], 7), (1, 9));
        assert_eq!(range(&[0, 9], 7), (1, 0));
        assert_eq!(range(&[1, 1], 7), (2, 2));
    }
}
