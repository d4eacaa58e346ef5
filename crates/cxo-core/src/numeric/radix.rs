//! Stable sorting by 64-bit keys, digit by digit: where a comparison sort of a million scores would take most of the time.

/// Digits that are sorted by, and the values that one can take.
const DIGITS: usize = 3;
const BITS: usize = 11;
const VALUES: usize = 1 << BITS;

/// Below this many items a comparison sort is as fast.
const SMALL: usize = 512;

/// Bits in the order of the numbers; -0 and 0 are one. Not for NaN.
pub(crate) fn ordered_bits(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The number with these ordered bits.
pub(crate) fn from_ordered_bits(bits: u64) -> f64 {
    f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits })
}

/// The bits of the complements of the scores, so that the greatest is least, of those who are chosen and of the others. Columns
/// of one length. Without a branch, which outcomes would make unpredictable.
pub(crate) fn descending_bits(chosen: &[bool], scores: &[f64]) -> [Vec<u64>; 2] {
    let count = chosen.iter().filter(|&&chosen| chosen).count();
    // One place more, to which the last of the other side is written.
    let (mut these, mut others) = (vec![0; count + 1], vec![0; chosen.len() - count + 1]);
    let (mut at, mut other) = (0, 0);
    for (&chosen, score) in chosen.iter().zip(scores) {
        let bits = !ordered_bits(*score);
        these[at] = bits;
        others[other] = bits;
        at += usize::from(chosen);
        other += usize::from(!chosen);
    }
    these.truncate(at);
    others.truncate(other);
    [these, others]
}

/// Sorts by `key`, ascending; equal keys keep their order. O(n) where keys are spread, O(n log n) at worst.
///
/// By the first 33 bits in which keys differ, digit by digit from the last; then the few that agree in all of them by
/// comparison.
pub(crate) fn sort_by_bits<T: Copy>(items: &mut Vec<T>, key: impl Fn(&T) -> u64) {
    if items.len() < SMALL {
        items.sort_by_key(key);
        return;
    }
    let first = key(&items[0]);
    let differing = items.iter().fold(0, |bits, item| bits | (key(item) ^ first));
    let shift = (64 - differing.leading_zeros() as usize).saturating_sub(BITS * DIGITS);
    #[allow(clippy::cast_possible_truncation)] // A digit has few bits.
    let digit = |item: &T, place: usize| (key(item) >> (BITS * place + shift)) as usize & (VALUES - 1);
    let mut counts = vec![[0_usize; VALUES]; DIGITS];
    for item in items.iter() {
        for (place, counts) in counts.iter_mut().enumerate() {
            counts[digit(item, place)] += 1;
        }
    }
    let mut sorted = items.clone();
    for (place, counts) in counts.iter_mut().enumerate() {
        // A digit that is the same for all changes nothing.
        if counts[digit(&items[0], place)] == items.len() {
            continue;
        }
        let mut before = 0;
        for count in counts.iter_mut() {
            before += std::mem::replace(count, before);
        }
        for item in items.iter() {
            let at = &mut counts[digit(item, place)];
            sorted[*at] = *item;
            *at += 1;
        }
        std::mem::swap(items, &mut sorted);
    }
    if shift > 0 {
        let alike = |one: &T, other: &T| key(one) >> shift == key(other) >> shift;
        items.chunk_by_mut(alike).filter(|run| run.len() > 1).for_each(|run| run.sort_by_key(&key));
    }
}

/// The distinct values of a column in ascending order are numbered from 0; the number of each row, and how many there are.
pub(crate) fn dense_ranks(values: &[f64]) -> (Vec<u32>, usize) {
    let mut keyed: Vec<(u64, u32)> = values.iter().zip(0..).map(|(value, row)| (ordered_bits(*value), row)).collect();
    sort_by_bits(&mut keyed, |(key, _)| *key);
    let mut ranks = vec![0; values.len()];
    let mut distinct = 0;
    for tied in keyed.chunk_by(|left, right| left.0 == right.0) {
        for (_, row) in tied {
            ranks[*row as usize] = distinct;
        }
        distinct += 1;
    }
    (ranks, distinct as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Random;

    #[test]
    fn bits_are_in_the_order_of_numbers() {
        let numbers = [f64::MIN, -1.5, -1.0, -f64::MIN_POSITIVE, 0.0, 5e-324, 1.0, 1.0 + f64::EPSILON, f64::MAX];
        for pair in numbers.windows(2) {
            assert!(ordered_bits(pair[0]) < ordered_bits(pair[1]), "{pair:?}");
        }
        for number in numbers {
            assert_eq!(from_ordered_bits(ordered_bits(number)).to_bits(), number.to_bits());
        }
        assert_eq!(ordered_bits(-0.0), ordered_bits(0.0));
    }

    #[test]
    fn sorts_as_a_comparison_does_and_keeps_the_order_of_equals() {
        let mut random = Random::new(1, 0);
        for size in [0, 1, 2, SMALL - 1, SMALL, 5000] {
            let mut items: Vec<(u64, usize)> = (0..size)
                .map(|at| {
                    let value = if at % 3 == 0 { (random.uniform() * 20.0).floor() - 10.0 } else { random.normal() };
                    (ordered_bits(value), at)
                })
                .collect();
            let mut expected = items.clone();
            expected.sort_unstable();
            sort_by_bits(&mut items, |(key, _)| *key);
            assert_eq!(items, expected, "{size}");
        }
        // Keys that agree in their first bits but for a few, and keys that are all alike.
        for spread in [1_u64, 1000, 1 << 40] {
            let mut items: Vec<(u64, usize)> = (0..3000_usize)
                .map(|at| {
                    let key = if at % 500 == 7 {
                        u64::MAX - at as u64
                    } else {
                        (at as u64).wrapping_mul(0x9E37_79B9) % spread
                    };
                    (key, at)
                })
                .collect();
            let mut expected = items.clone();
            expected.sort_unstable();
            sort_by_bits(&mut items, |(key, _)| *key);
            assert_eq!(items, expected, "{spread}");
        }
        let mut alike = [(5_u64, 0), (5, 1)].repeat(1000);
        let before = alike.clone();
        sort_by_bits(&mut alike, |(key, _)| *key);
        assert_eq!(alike, before);
        let mut wide: Vec<u64> = (0..2000_u64).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let mut expected = wide.clone();
        expected.sort_unstable();
        sort_by_bits(&mut wide, |key| *key);
        assert_eq!(wide, expected);
    }

    #[test]
    fn sides_keep_their_scores() {
        let [these, others] = descending_bits(&[true, false, false, true, false], &[1.0, 2.0, -3.0, 0.5, 7.0]);
        let scores = |bits: &[u64]| bits.iter().map(|bits| from_ordered_bits(!bits)).collect::<Vec<_>>();
        assert_eq!((scores(&these), scores(&others)), (vec![1.0, 0.5], vec![2.0, -3.0, 7.0]));
        assert_eq!(descending_bits(&[true], &[1.0])[1], Vec::<u64>::new());
        assert_eq!(descending_bits(&[false], &[1.0])[0], Vec::<u64>::new());
    }

    #[test]
    fn ranks_number_the_distinct_values() {
        assert_eq!(dense_ranks(&[3.0, -1.0, 3.0, 0.0, -0.0]), (vec![2, 0, 2, 1, 1], 3));
        assert_eq!(dense_ranks(&[]), (vec![], 0));
    }
}
