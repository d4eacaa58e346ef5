//! Counting kernels over columns of scores: how many rows fall into each class, with every row range-checked.
//!
//! Their state is a few counters on the stack, or one small table per segment; nothing is allocated per row. Called by
//! [`Tally`](super::Tally) and [`Nps`](super::Nps), which own the meaning of the classes.
//!
//! The loops over a column are written so that the compiler turns them into byte-wise SIMD on its default target: each
//! of a fixed number of lanes counts in a `u8`, which is emptied before its 256th row.

use super::{Rating, Scale};
use crate::Error;

/// Detractors, passives, promoters.
pub(super) type NpsCounts = [u64; 3];
/// The count of each point of a scale, from the least value up.
pub(super) type Bins = [u64; Scale::MAX_POINTS];

/// Rows of a chunk. Fixed, so that the chunks do not depend on the number of threads.
const CHUNK: usize = 1 << 20;
/// Rows that a `u8` lane counts without overflow.
const LANE_ROWS: usize = 255;

/// Counts detractors (0 to 6), passives (7, 8) and promoters (9, 10).
pub(super) fn nps_counts(scores: &[u8]) -> Result<NpsCounts, Error> {
    sum_chunks(scores, nps_chunk).ok_or_else(|| first_refused(scores, Scale::NPS))
}

/// Counts each point of the scale.
pub(super) fn bins(scores: &[u8], scale: Scale) -> Result<Bins, Error> {
    sum_chunks(scores, |chunk| bins_chunk(chunk, scale)).ok_or_else(|| first_refused(scores, scale))
}

/// [`nps_counts`] of every segment: row i belongs to segment `keys[i]`.
pub(super) fn nps_by_segment(keys: &[u32], scores: &[u8], segments: usize) -> Result<Vec<NpsCounts>, Error> {
    let packed = per_byte(|score| match score {
        0..=6 => 1,
        7..=8 => 1 << PACKED_BITS,
        _ => 1 << (2 * PACKED_BITS),
    });
    by_segment(Rows { keys, scores }, segments, Scale::NPS, |rows, totals| {
        // Scores above 10 are found here, so that the loop over the rows has nothing to check but the key.
        nps_chunk(rows.scores)?;
        let counts = nps_segment_chunk(rows, segments, &packed)?;
        for (total, packed) in totals.iter_mut().zip(counts) {
            *total = added(*total, [0, 1, 2].map(|class| (packed >> (class * PACKED_BITS)) & ((1 << PACKED_BITS) - 1)));
        }
        Some(())
    })
}

/// [`bins`] of every segment: row i belongs to segment `keys[i]`.
pub(super) fn bins_by_segment(keys: &[u32], scores: &[u8], segments: usize, scale: Scale) -> Result<Vec<Bins>, Error> {
    let bin = per_byte(|score| {
        let bin = i16::from(score) - i16::from(scale.min());
        u8::try_from(bin).ok().filter(|&bin| usize::from(bin) < scale.points()).unwrap_or(u8::MAX)
    });
    by_segment(Rows { keys, scores }, segments, scale, |rows, totals| {
        for (&key, &score) in rows.keys.iter().zip(rows.scores) {
            *totals.get_mut(key as usize)?.get_mut(usize::from(bin[usize::from(score)]))? += 1;
        }
        Some(())
    })
}

/// A value for every byte, so that a row costs one load instead of branches.
fn per_byte<T: Copy + Default>(value: impl Fn(u8) -> T) -> [T; 256] {
    let mut table = [T::default(); 256];
    for (slot, score) in table.iter_mut().zip(0..=u8::MAX) {
        *slot = value(score);
    }
    table
}

/// The error for the first score that the scale does not have; asked only after a kernel has found one.
fn first_refused(scores: &[u8], scale: Scale) -> Error {
    (0..)
        .zip(scores)
        .find_map(|(row, &score)| Rating::new(i64::from(score), scale).err().map(|error| error.at_row(row)))
        .unwrap_or_else(|| Error::input("rating", "unknown", scale.to_string()))
}

/// The error for the first row whose key is not below `segments` or whose score the scale does not have.
fn first_refused_row(rows: Rows<'_>, segments: usize, scale: Scale) -> Error {
    (0..)
        .zip(rows.keys.iter().zip(rows.scores))
        .find_map(|(row, (&key, &score))| {
            let refused = if key as usize >= segments {
                Error::input("segment key", key, format!("below {segments}"))
            } else {
                Rating::new(i64::from(score), scale).err()?
            };
            Some(refused.at_row(row))
        })
        .unwrap_or_else(|| Error::input("segment row", "unknown", scale.to_string()))
}

/// Adds up what `count` finds in each chunk; `None` as soon as one chunk has a refused score.
#[cfg(not(feature = "rayon"))]
fn sum_chunks<const N: usize>(scores: &[u8], count: impl Fn(&[u8]) -> Option<[u64; N]>) -> Option<[u64; N]> {
    scores.chunks(CHUNK).try_fold([0; N], |sum, chunk| Some(added(sum, count(chunk)?)))
}

/// Adds up what `count` finds in each chunk; `None` as soon as one chunk has a refused score.
#[cfg(feature = "rayon")]
fn sum_chunks<const N: usize>(scores: &[u8], count: impl Fn(&[u8]) -> Option<[u64; N]> + Sync) -> Option<[u64; N]> {
    use rayon::prelude::*;
    scores.par_chunks(CHUNK).map(&count).try_reduce(|| [0; N], |left, right| Some(added(left, right)))
}

/// Counts of rows of one slice cannot overflow.
fn added<const N: usize>(mut left: [u64; N], right: [u64; N]) -> [u64; N] {
    for (sum, count) in left.iter_mut().zip(right) {
        *sum += count;
    }
    left
}

fn nps_chunk(scores: &[u8]) -> Option<NpsCounts> {
    const LANES: usize = 32;
    let (mut promoters, mut engaged, mut greatest) = (0, 0, 0);
    for block in scores.chunks(LANE_ROWS * LANES) {
        let (mut lane_promoters, mut lane_engaged, mut lane_greatest) = ([0u8; LANES], [0u8; LANES], [0u8; LANES]);
        let (rows, rest) = block.as_chunks::<LANES>();
        for row in rows {
            for lane in 0..LANES {
                let score = row[lane];
                // Signed comparison is one instruction on SSE2; a byte above 127 is refused below anyway.
                lane_promoters[lane] = lane_promoters[lane].wrapping_add(u8::from(score.cast_signed() > 8));
                lane_engaged[lane] = lane_engaged[lane].wrapping_add(u8::from(score.cast_signed() > 6));
                lane_greatest[lane] = lane_greatest[lane].max(score);
            }
        }
        promoters += total(&lane_promoters);
        engaged += total(&lane_engaged);
        greatest = lane_greatest.into_iter().fold(greatest, u8::max);
        for &score in rest {
            promoters += u64::from(score > 8);
            engaged += u64::from(score > 6);
            greatest = greatest.max(score);
        }
    }
    (greatest <= 10).then(|| [scores.len() as u64 - engaged, engaged - promoters, promoters])
}

fn bins_chunk(scores: &[u8], scale: Scale) -> Option<Bins> {
    const LANES: usize = 16;
    // The points that a byte can be; a negative point stays empty.
    let first = scale.min().max(0).cast_unsigned();
    let skipped = usize::from(scale.min().min(0).unsigned_abs());
    let points = scale.points().saturating_sub(skipped);
    let mut counts = [0; Scale::MAX_POINTS];
    for block in scores.chunks(LANE_ROWS * LANES) {
        let mut lanes = [[0u8; LANES]; Scale::MAX_POINTS];
        let (rows, rest) = block.as_chunks::<LANES>();
        for row in rows {
            for (bin, lanes) in (0u8..).zip(&mut lanes) {
                for lane in 0..LANES {
                    lanes[lane] = lanes[lane].wrapping_add(u8::from(row[lane].wrapping_sub(first) == bin));
                }
            }
        }
        for (count, lanes) in counts.iter_mut().zip(&lanes) {
            *count += total(lanes);
        }
        for &score in rest {
            if let Some(count) = counts.get_mut(usize::from(score.wrapping_sub(first))) {
                *count += 1;
            }
        }
    }
    let inside: u64 = counts.iter().take(points).sum();
    if inside != scores.len() as u64 {
        return None;
    }
    counts.rotate_right(skipped.min(Scale::MAX_POINTS));
    Some(counts)
}

fn total(lanes: &[u8]) -> u64 {
    lanes.iter().map(|&lane| u64::from(lane)).sum()
}

/// Parallel columns: the segment and the score of each row.
#[derive(Clone, Copy)]
struct Rows<'a> {
    keys: &'a [u32],
    scores: &'a [u8],
}

/// One total a segment, to which `count` adds chunk after chunk; it answers `None` for a chunk with a refused row.
fn by_segment<const N: usize>(
    rows: Rows<'_>,
    segments: usize,
    scale: Scale,
    count: impl Fn(Rows<'_>, &mut [[u64; N]]) -> Option<()> + Sync,
) -> Result<Vec<[u64; N]>, Error> {
    if rows.keys.len() != rows.scores.len() {
        let lengths = format!("{} keys beside {} scores", rows.keys.len(), rows.scores.len());
        return Err(Error::incompatible(lengths));
    }
    sum_segments(rows, segments, count).ok_or_else(|| first_refused_row(rows, segments, scale))
}

#[cfg(not(feature = "rayon"))]
fn sum_segments<const N: usize>(
    rows: Rows<'_>,
    segments: usize,
    count: impl Fn(Rows<'_>, &mut [[u64; N]]) -> Option<()>,
) -> Option<Vec<[u64; N]>> {
    let mut totals = vec![[0; N]; segments];
    for (keys, scores) in rows.keys.chunks(CHUNK).zip(rows.scores.chunks(CHUNK)) {
        count(Rows { keys, scores }, &mut totals)?;
    }
    Some(totals)
}

#[cfg(feature = "rayon")]
fn sum_segments<const N: usize>(
    rows: Rows<'_>,
    segments: usize,
    count: impl Fn(Rows<'_>, &mut [[u64; N]]) -> Option<()> + Sync,
) -> Option<Vec<[u64; N]>> {
    use rayon::prelude::*;
    let zeros = || vec![[0; N]; segments];
    (rows.keys.par_chunks(CHUNK), rows.scores.par_chunks(CHUNK))
        .into_par_iter()
        .try_fold(zeros, |mut totals, (keys, scores)| {
            count(Rows { keys, scores }, &mut totals)?;
            Some(totals)
        })
        .try_reduce(zeros, |mut left, right| {
            for (total, counts) in left.iter_mut().zip(right) {
                *total = added(*total, counts);
            }
            Some(left)
        })
}

/// Three counters of this width share a `u64`; a chunk has fewer rows than one of them can count.
const PACKED_BITS: u32 = 21;
const _: () = assert!(CHUNK < 1 << PACKED_BITS);

/// The packed counts of a chunk of NPS scores, all within range.
fn nps_segment_chunk(rows: Rows<'_>, segments: usize, packed: &[u64; 256]) -> Option<Vec<u64>> {
    const RUN: usize = 16;
    let mut table = vec![0; segments];
    let (keys, last_keys) = rows.keys.as_chunks::<RUN>();
    let (scores, last_scores) = rows.scores.as_chunks::<RUN>();
    for (keys, scores) in keys.iter().zip(scores) {
        // In a column sorted by segment each addition would wait for the one before it.
        if keys[0] == keys[RUN - 1] && keys.iter().all(|&key| key == keys[0]) {
            *table.get_mut(keys[0] as usize)? += scores.iter().map(|&score| packed[usize::from(score)]).sum::<u64>();
        } else {
            for (&key, &score) in keys.iter().zip(scores) {
                *table.get_mut(key as usize)? += packed[usize::from(score)];
            }
        }
    }
    for (&key, &score) in last_keys.iter().zip(last_scores) {
        *table.get_mut(key as usize)? += packed[usize::from(score)];
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, survey::Direction};

    /// Lengths around every block and chunk border.
    const LENGTHS: [usize; 14] = [0, 1, 15, 16, 17, 31, 32, 33, 4079, 4080, 4081, 8160, 8161, CHUNK + 7];

    fn column(rows: usize, first: u8, points: u8) -> Vec<u8> {
        (0..rows).map(|row| first + u8::try_from((row * row + row / 7) % usize::from(points)).unwrap()).collect()
    }

    fn naive(scores: &[u8], scale: Scale) -> Bins {
        let mut counts = [0; Scale::MAX_POINTS];
        for &score in scores {
            counts[Rating::new(i64::from(score), scale).unwrap().bin()] += 1;
        }
        counts
    }

    fn scales() -> Vec<Scale> {
        [(0, 10), (1, 5), (1, 7), (1, 10), (-2, 2), (-5, 5), (-10, 0), (117, 127), (5, 6)]
            .map(|(min, max)| Scale::new(min, max, Direction::HighIsGood).unwrap())
            .to_vec()
    }

    #[test]
    fn counts_equal_the_naive_loop() {
        for rows in LENGTHS {
            for scale in scales() {
                let first = scale.min().max(0).cast_unsigned();
                let scores = column(rows, first, scale.max().cast_unsigned() - first + 1);
                assert_eq!(bins(&scores, scale).unwrap(), naive(&scores, scale), "{rows} on {scale}");
            }
            let scores = column(rows, 0, 11);
            let counts = naive(&scores, Scale::NPS);
            let sum = |range: std::ops::Range<usize>| counts[range].iter().sum::<u64>();
            assert_eq!(nps_counts(&scores).unwrap(), [sum(0..7), sum(7..9), sum(9..11)], "{rows}");
        }
    }

    #[test]
    fn every_byte_out_of_range_is_refused_with_its_row() {
        for scale in scales() {
            for byte in 0..=u8::MAX {
                for row in [0, 15, 40, 4085, 8159] {
                    let mut scores = column(8170, scale.min().max(0).cast_unsigned(), 1);
                    scores[row] = byte;
                    let allowed = scale.contains(i64::from(byte));
                    let found = bins(&scores, scale).map_err(|error| (error.kind(), error.row()));
                    assert_eq!(
                        found.err(),
                        (!allowed).then_some((ErrorKind::Input, Some(row as u64))),
                        "{byte} {scale}"
                    );
                    if scale == Scale::NPS {
                        assert_eq!(nps_counts(&scores).is_ok(), allowed, "{byte}");
                    }
                }
            }
        }
        let negative = Scale::new(-5, -1, Direction::HighIsGood).unwrap();
        assert!(bins(&[251], negative).is_err() && bins(&[], negative).is_ok());
    }

    #[test]
    fn segments_equal_separate_columns() {
        for (rows, sorted) in LENGTHS.into_iter().flat_map(|rows| [(rows, false), (rows, true)]) {
            let scores = column(rows, 0, 11);
            let key = |row: usize| u32::try_from(if sorted { row * 7 / rows.max(1) } else { row * row % 7 }).unwrap();
            let keys: Vec<u32> = (0..rows).map(key).collect();
            let (counts, tables) =
                (nps_by_segment(&keys, &scores, 8).unwrap(), bins_by_segment(&keys, &scores, 8, Scale::NPS).unwrap());
            for segment in 0..8u32 {
                let part: Vec<u8> =
                    keys.iter().zip(&scores).filter(|(key, _)| **key == segment).map(|(_, score)| *score).collect();
                assert_eq!(counts[segment as usize], nps_counts(&part).unwrap());
                assert_eq!(tables[segment as usize], bins(&part, Scale::NPS).unwrap());
            }
        }
    }

    #[test]
    fn the_first_refused_row_of_segments_is_named() {
        let (mut keys, mut scores) = (vec![1; 100], vec![5; 100]);
        assert_eq!(nps_by_segment(&keys, &scores[1..], 2).unwrap_err().kind(), ErrorKind::Incompatible);
        scores[50] = 11;
        assert_eq!(nps_by_segment(&keys, &scores, 2).unwrap_err().row(), Some(50));
        assert_eq!(bins_by_segment(&keys, &scores, 2, Scale::NPS).unwrap_err().row(), Some(50));
        keys[20] = 2;
        let error = nps_by_segment(&keys, &scores, 2).unwrap_err();
        assert_eq!(error.to_string(), "row 20: segment key is 2, allowed: below 2");
        assert_eq!(bins_by_segment(&keys, &scores, 2, Scale::NPS).unwrap_err(), error);
        assert!(nps_by_segment(&[0], &[1], 0).is_err());
    }
}
