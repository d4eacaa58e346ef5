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
    let class = |score: u8| match score {
        0..=6 => 0,
        7..=8 => 1,
        9..=10 => 2,
        _ => 3,
    };
    let tables = by_segment::<4>(keys, scores, segments, &classes(class))
        .ok_or_else(|| first_refused_row(keys, scores, segments, Scale::NPS))?;
    Ok(tables.into_iter().map(|[detractors, passives, promoters, _]| [detractors, passives, promoters]).collect())
}

/// [`bins`] of every segment: row i belongs to segment `keys[i]`.
pub(super) fn bins_by_segment(keys: &[u32], scores: &[u8], segments: usize, scale: Scale) -> Result<Vec<Bins>, Error> {
    let class = |score: u8| {
        let bin = i16::from(score) - i16::from(scale.min());
        u8::try_from(bin).ok().filter(|&bin| usize::from(bin) < scale.points()).unwrap_or(15)
    };
    let tables = by_segment::<16>(keys, scores, segments, &classes(class))
        .ok_or_else(|| first_refused_row(keys, scores, segments, scale))?;
    Ok(tables.into_iter().map(|table| std::array::from_fn(|bin| table[bin])).collect())
}

/// The class of every byte, so that a row costs one load instead of branches.
fn classes(class: impl Fn(u8) -> u8) -> [u8; 256] {
    let mut table = [0; 256];
    for (slot, score) in table.iter_mut().zip(0..=u8::MAX) {
        *slot = class(score);
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

/// The error for the first row whose key is not below `segments` or whose score the scale does not have, or for columns
/// that do not belong together.
fn first_refused_row(keys: &[u32], scores: &[u8], segments: usize, scale: Scale) -> Error {
    (0..)
        .zip(keys.iter().zip(scores))
        .find_map(|(row, (&key, &score))| {
            let refused = if key as usize >= segments {
                Error::input("segment key", key, format!("below {segments}"))
            } else {
                Rating::new(i64::from(score), scale).err()?
            };
            Some(refused.at_row(row))
        })
        .unwrap_or_else(|| Error::incompatible(format!("{} keys beside {} scores", keys.len(), scores.len())))
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
    scores.par_chunks(CHUNK).map(count).try_reduce(|| [0; N], |left, right| Some(added(left, right)))
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

/// Counts `class[score]` in one small table a segment; `None` if a row is refused: the last slot is for scores that are
/// not allowed.
fn by_segment<const SLOTS: usize>(
    keys: &[u32],
    scores: &[u8],
    segments: usize,
    class: &[u8; 256],
) -> Option<Vec<[u64; SLOTS]>> {
    if keys.len() != scores.len() {
        return None;
    }
    // At least as many rows as segments, so that adding up the tables never costs more than counting.
    let rows = CHUNK.max(segments).min(u32::MAX as usize);
    let mut totals = vec![[0; SLOTS]; segments];
    for (keys, scores) in keys.chunks(rows).zip(scores.chunks(rows)) {
        for (total, counts) in totals.iter_mut().zip(segment_chunk::<SLOTS>(keys, scores, segments, class)?) {
            for (sum, count) in total.iter_mut().zip(counts) {
                *sum += u64::from(count);
            }
        }
    }
    Some(totals)
}

fn segment_chunk<const SLOTS: usize>(
    keys: &[u32],
    scores: &[u8],
    segments: usize,
    class: &[u8; 256],
) -> Option<Vec<[u32; SLOTS]>> {
    let mut table = vec![[0u32; SLOTS]; segments];
    for (&key, &score) in keys.iter().zip(scores) {
        // The remainder is a mask, and lets the compiler drop the bound check.
        table.get_mut(key as usize)?[usize::from(class[usize::from(score)]) % SLOTS] += 1;
    }
    table.iter().all(|slots| slots[SLOTS - 1] == 0).then_some(table)
}
