//! A change in NPS taken apart: how much of it comes with a different mix of segments, how much with different scores inside
//! them? It has no state of its own; it asks the [`Segments`] of two periods. Reports and analysts call it.
//! Formula page: `docs/formulas/decomposition.md`.

use std::collections::BTreeMap;

use super::{Nps, NpsComparison, Segments, Tally};
use crate::{Confidence, Difference, Error, numeric::sum::Sum};

/// A change in NPS between two periods as the sum of one mix and one rate effect for each segment.
///
/// With w the share of a segment g in the responses of a period, s its NPS, S the NPS of all, 0 before and 1 after:
///
/// ```text
/// mix_g  = (w1 - w0) (mean of s0 and s1 - mean of S0 and S1)
/// rate_g = (mean of w0 and w1) (s1 - s0)
/// S1 - S0 = sum of all mix_g and rate_g
/// ```
///
/// Nothing remains: `s1 w1 - s0 w0` is `(w1 - w0)` times the mean score plus the mean weight times `(s1 - s0)`, and the shares
/// sum to 1 in both periods, so the mean of S cancels. A segment without responses in one period has only one score; it stands
/// for both, so its rate effect is 0 and all its contribution is mix. All effects are in points of NPS.
///
/// It is arithmetic on what was observed: a rate effect says where scores differ, not why they do.
///
/// ```
/// use cxo_core::{Confidence, survey::{NpsDecomposition, Rating, Scale, Segments, Tally}};
/// let period = |rows: &[(&str, i64, usize)]| -> Result<Segments<Tally>, cxo_core::Error> {
///     let mut segments = Segments::new(Tally::new(Scale::NPS));
///     for &(channel, score, times) in rows {
///         for _ in 0..times {
///             segments.add(Some(channel), Rating::new(score, Scale::NPS)?)?;
///         }
///     }
///     Ok(segments)
/// };
/// // Web stays at 50 and shop at 0 points, but web grows from half to three quarters of the responses.
/// let before = period(&[("web", 10, 10), ("web", 7, 10), ("shop", 8, 20)])?;
/// let after = period(&[("web", 10, 15), ("web", 7, 15), ("shop", 8, 10)])?;
/// let change = NpsDecomposition::of(&before, &after, Confidence::P95)?;
/// assert_eq!((change.before, change.after), (25.0, 37.5));
/// assert_eq!((change.mix, change.rate), (12.5, 0.0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Reference: the symmetric form of Kitagawa, E. M. (1955). Components of a difference between two rates. Journal of the
/// American Statistical Association 50, 1168-1194. doi:10.1080/01621459.1955.10501299
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NpsDecomposition {
    /// NPS of the first period, in points.
    pub before: f64,
    /// NPS of the second period, in points.
    pub after: f64,
    /// After minus before, with its test.
    pub change: Difference,
    /// Sum of all mix effects.
    pub mix: f64,
    /// Sum of all rate effects.
    pub rate: f64,
    /// The segments, by the bytes of their key; responses without a key come first, as a segment without a name.
    pub parts: Vec<DecompositionPart>,
}

/// What one segment contributes to a change in NPS.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DecompositionPart {
    /// The key; `None` for responses without one.
    pub name: Option<String>,
    /// Share of the responses of the first period, in [0, 1].
    pub weight_before: f64,
    /// Share of the responses of the second period, in [0, 1].
    pub weight_after: f64,
    /// NPS in the first period; `None` without responses.
    pub score_before: Option<f64>,
    /// NPS in the second period; `None` without responses.
    pub score_after: Option<f64>,
    /// Change of the share times how far the segment's score lies from the total.
    pub mix: f64,
    /// Change of the segment's score times its mean share.
    pub rate: f64,
}

/// Responses and score of one segment in one period, or of all.
#[derive(Clone, Copy)]
struct Cell {
    weight: f64,
    score: Option<f64>,
}

impl NpsDecomposition {
    /// Takes the change from the first to the second period apart. The tallies must be on 0-10.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if a period has no responses,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another scale.
    ///
    /// # Complexity
    /// O(k log k) for k segments.
    pub fn of(before: &Segments<Tally>, after: &Segments<Tally>, confidence: Confidence) -> Result<Self, Error> {
        let totals = [before.all()?.nps()?, after.all()?.nps()?];
        let change = totals[1].compare(&totals[0], NpsComparison::default(), confidence)?;
        let [all0, all1] = [score(totals[0])?, score(totals[1])?];
        let (Some(score0), Some(score1)) = (all0.score, all1.score) else {
            return Err(Error::no_data("decomposition of a period without responses"));
        };
        let mut cells: BTreeMap<Option<&str>, [Nps; 2]> = BTreeMap::new();
        for (period, segments) in [before, after].into_iter().enumerate() {
            let keyed = segments.sorted().into_iter().map(|(name, tally)| (Some(name), tally));
            for (name, tally) in std::iter::once((None, segments.unkeyed())).chain(keyed) {
                if let Some(cell) = cells.entry(name).or_default().get_mut(period) {
                    *cell = tally.nps()?;
                }
            }
        }
        let mut parts = Vec::with_capacity(cells.len());
        for (name, [first, second]) in cells {
            let (first, second) = (score(first)?, score(second)?);
            let (w0, w1) = (first.weight / all0.weight, second.weight / all1.weight);
            let (s0, s1) = match (first.score, second.score) {
                (Some(s0), Some(s1)) => (s0, s1),
                (Some(only), None) | (None, Some(only)) => (only, only),
                (None, None) => continue,
            };
            parts.push(DecompositionPart {
                name: name.map(str::to_owned),
                weight_before: w0,
                weight_after: w1,
                score_before: first.score,
                score_after: second.score,
                mix: (w1 - w0) * (f64::midpoint(s0, s1) - f64::midpoint(score0, score1)),
                rate: f64::midpoint(w0, w1) * (s1 - s0),
            });
        }
        let sum = |effect: fn(&DecompositionPart) -> f64| parts.iter().map(effect).collect::<Sum>().value();
        let (mix, rate) = (sum(|part| part.mix), sum(|part| part.rate));
        Ok(Self { before: score0, after: score1, change, mix, rate, parts })
    }
}

/// Responses and NPS in points of some counts.
fn score(nps: Nps) -> Result<Cell, Error> {
    let n = nps.responses()?;
    let points = 100.0 * (nps.promoters as f64 - nps.detractors as f64) / n as f64;
    Ok(Cell { weight: n as f64, score: (n > 0).then_some(points) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::{Rating, Scale};
    use proptest::prelude::*;

    fn segments(rows: &[(Option<u8>, u8)]) -> Segments<Tally> {
        let mut segments = Segments::new(Tally::new(Scale::NPS));
        for (key, score) in rows {
            let rating = Rating::new(i64::from(*score), Scale::NPS).unwrap();
            segments.add(key.map(|key| key.to_string()).as_deref(), rating).unwrap();
        }
        segments
    }

    #[test]
    fn a_segment_empty_in_one_period_goes_to_mix() {
        let before = segments(&[(Some(1), 9), (Some(1), 0), (Some(2), 0), (Some(2), 0)]);
        let after = segments(&[(Some(1), 9), (Some(1), 0), (Some(3), 10), (Some(3), 10)]);
        let found = NpsDecomposition::of(&before, &after, Confidence::P95).unwrap();
        assert_eq!((found.before, found.after, found.mix, found.rate), (-50.0, 50.0, 100.0, 0.0));
        let mixes: Vec<_> = found.parts.iter().map(|part| (part.name.as_deref(), part.mix)).collect();
        assert_eq!(mixes, [(Some("1"), 0.0), (Some("2"), 50.0), (Some("3"), 50.0)]);
    }

    #[test]
    fn refuses_periods_without_responses_and_other_scales() {
        let some = segments(&[(Some(1), 9)]);
        assert!(NpsDecomposition::of(&some, &segments(&[]), Confidence::P95).is_err());
        assert!(NpsDecomposition::of(&segments(&[]), &some, Confidence::P95).is_err());
        let stars = Segments::new(Tally::new(Scale::ONE_TO_FIVE));
        assert!(NpsDecomposition::of(&stars, &stars, Confidence::P95).is_err());
    }

    proptest! {
        #[test]
        fn nothing_remains(
            before in prop::collection::vec((prop::option::of(0_u8..6), 0_u8..=10), 1..80),
            after in prop::collection::vec((prop::option::of(0_u8..6), 0_u8..=10), 1..80),
        ) {
            let (before, after) = (segments(&before), segments(&after));
            let found = NpsDecomposition::of(&before, &after, Confidence::P95).unwrap();
            let change = found.after - found.before;
            prop_assert!((found.mix + found.rate - change).abs() <= 1e-12 * 100.0, "{} {} {}", found.mix, found.rate, change);
            prop_assert!((found.change.value - change).abs() <= 1e-10);
            let weights: f64 = found.parts.iter().map(|part| part.weight_before).sum();
            prop_assert!((weights - 1.0).abs() <= 1e-12);
            let back = NpsDecomposition::of(&after, &before, Confidence::P95).unwrap();
            prop_assert!((back.mix + found.mix).abs() <= 1e-10 && (back.rate + found.rate).abs() <= 1e-10);
            for part in &found.parts {
                prop_assert!(part.rate == 0.0 || (part.score_before.is_some() && part.score_after.is_some()));
            }
        }
    }
}
