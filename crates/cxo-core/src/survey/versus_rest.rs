//! Which segments differ from the rest? Each is tested against all other responses, with correction for how many are tested.
//!
//! It keeps no state; it asks [`Segments`] of tallies. Reports call it for "the segments that differ".
//! Formula page: `docs/formulas/segments.md`.

use super::{Ces, Csat, NpsComparison, RatingBox, Segments, Tally, boxes::Shares};
use crate::{
    Absent, Confidence, Difference, Error,
    stats::{
        multiplicity::{Multiplicity, adjust},
        proportion::{Share, Successes},
        two_proportion::{DifferenceMethod, TwoShares},
    },
};

/// The question: how the p-values of the family are corrected, and the level of the intervals.
///
/// The rest are all responses that are not in the segment, those without a key included: the total contains the segment, and
/// comparing the two would understate every difference. The family are the segments that were tested; hold the adjusted
/// p-value against the wanted level. Intervals are of one comparison each, not of the family.
///
/// What differs is observed, not caused: segments also differ in who is in them.
///
/// ```
/// use cxo_core::survey::{Rating, Scale, Segments, Tally, VersusRest};
/// let mut by_channel = Segments::new(Tally::new(Scale::NPS));
/// for (channel, score, times) in [("web", 9, 60), ("web", 4, 40), ("shop", 9, 30), ("shop", 4, 70), ("phone", 9, 45), ("phone", 4, 55)] {
///     for _ in 0..times {
///         by_channel.add(Some(channel), Rating::new(score, Scale::NPS)?)?;
///     }
/// }
/// let found = VersusRest::default().nps(&by_channel, |_| true)?;
/// let web = &found[2];
/// assert_eq!((web.name.as_str(), web.responses, web.rest), ("web", 100, 200));
/// assert_eq!(web.difference.unwrap().value, 45.0);
/// assert!(web.adjusted_p.unwrap() < 0.01 && found[0].adjusted_p.unwrap() > 0.5);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct VersusRest {
    correction: Multiplicity,
    confidence: Confidence,
}

/// One segment against all other responses.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SegmentDifference {
    /// The key.
    pub name: String,
    /// Responses of the segment.
    pub responses: u64,
    /// Responses of the rest.
    pub rest: u64,
    /// Segment minus rest, in points for NPS and in [-1, 1] for shares, with its own test; absent if one of the two has fewer
    /// than two responses.
    pub difference: Result<Difference, Absent>,
    /// The p-value with the whole family taken into account.
    pub adjusted_p: Result<f64, Absent>,
    /// How it was adjusted.
    pub correction: Multiplicity,
}

impl VersusRest {
    /// The correction for many tests; Holm by default.
    #[must_use]
    pub const fn correction(self, correction: Multiplicity) -> Self {
        Self { correction, ..self }
    }

    /// The level of the intervals; 0.95 by default.
    #[must_use]
    pub const fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// Compares the NPS of each segment for which `tested` is true, by the bytes of the key. Segments that are not shown
    /// should not be tested either: they would count in the family. Method: [`NpsComparison::default`].
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless the tallies are on 0-10.
    ///
    /// # Complexity
    /// O(k log k) for k segments.
    pub fn nps(
        &self,
        segments: &Segments<Tally>,
        tested: impl Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        self.compare(segments, tested, |segment, rest| {
            segment.nps()?.compare(&rest.nps()?, NpsComparison::default(), self.confidence)
        })
    }

    /// Compares the satisfied shares, as [`nps`](Self::nps) does the scores. Method: Agresti and Caffo.
    ///
    /// # Errors
    /// As [`Csat::boxed`].
    pub fn csat(
        &self,
        segments: &Segments<Tally>,
        csat: &Csat,
        tested: impl Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        let (_, satisfied) = csat.boxed(segments.unkeyed().scale())?;
        self.shares(segments, satisfied, tested)
    }

    /// Compares the easy shares, as [`csat`](Self::csat) does the satisfied ones.
    ///
    /// # Errors
    /// As [`Ces::boxes`].
    pub fn ces(
        &self,
        segments: &Segments<Tally>,
        ces: &Ces,
        tested: impl Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        let (easy, _) = ces.boxes(segments.unkeyed().scale())?;
        self.shares(segments, easy, tested)
    }

    fn shares(
        &self,
        segments: &Segments<Tally>,
        good: RatingBox,
        tested: impl Fn(&str) -> bool,
    ) -> Result<Vec<SegmentDifference>, Error> {
        self.compare(segments, tested, |segment, rest| {
            let share = |tally: &Tally| {
                let shares = Shares::of(tally, good, good);
                Successes(shares.good).of(shares.all)
            };
            agresti_caffo([share(segment)?, share(rest)?], self.confidence)
        })
    }

    fn compare(
        &self,
        segments: &Segments<Tally>,
        tested: impl Fn(&str) -> bool,
        difference: impl Fn(&Tally, &Tally) -> Result<Difference, Error>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        let all = segments.all()?;
        let mut found = Vec::new();
        for (name, segment) in segments.sorted().into_iter().filter(|(name, _)| tested(name)) {
            let counts: Vec<u64> =
                all.counts().iter().zip(segment.counts()).map(|(all, own)| all.saturating_sub(*own)).collect();
            let rest = Tally::from_counts(&counts, all.scale())?;
            let difference = match segment.responses().min(rest.responses()) {
                0 => Err(Absent::NoObservations),
                1 => Err(Absent::OneObservation),
                _ => Ok(difference(segment, &rest)?),
            };
            found.push(SegmentDifference {
                name: name.to_owned(),
                responses: segment.responses(),
                rest: rest.responses(),
                difference,
                adjusted_p: difference.and_then(|difference| difference.p_value),
                correction: self.correction,
            });
        }
        let family: Vec<f64> = found.iter().filter_map(|segment| segment.adjusted_p.ok()).collect();
        let adjusted = adjust(&family, self.correction)?;
        let with_test = found.iter_mut().filter(|segment| segment.adjusted_p.is_ok());
        with_test.zip(adjusted).for_each(|(segment, p)| segment.adjusted_p = Ok(p));
        Ok(found)
    }
}

/// The first share minus the second after Agresti and Caffo (2000): of the methods, the one whose test exists even where all
/// responses are alike, and whose interval belongs to it.
pub(crate) fn agresti_caffo([first, second]: [Share; 2], confidence: Confidence) -> Result<Difference, Error> {
    TwoShares { first, second }.difference(DifferenceMethod::AgrestiCaffo, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::{BoxRule, CesVersion, Rating, Scale};

    fn segments(scale: Scale, rows: &[(Option<&str>, i64, u32)]) -> Segments<Tally> {
        let mut segments = Segments::new(Tally::new(scale));
        for &(name, score, times) in rows {
            for _ in 0..times {
                segments.add(name, Rating::new(score, scale).unwrap()).unwrap();
            }
        }
        segments
    }

    /// 70 of 510 against 50 of 500, the first case of the published comparison of two proportions (statsmodels 0.15).
    #[test]
    fn shares_are_compared_with_the_rest_not_the_total() {
        let rows = [(Some("a"), 5, 70), (Some("a"), 1, 440), (Some("b"), 5, 50), (None, 1, 450)];
        let found =
            VersusRest::default().csat(&segments(Scale::ONE_TO_FIVE, &rows), &Csat::default(), |_| true).unwrap();
        let difference = found[0].difference.unwrap();
        assert_eq!((found[0].responses, found[0].rest), (510, 500));
        assert!((difference.statistic.unwrap() - 1.8198747767897472).abs() < 1e-9);
        assert!((difference.p_value.unwrap() - 0.06877807687530).abs() < 1e-9);
        assert!((difference.value - (70.0 / 510.0 - 0.1)).abs() < 1e-15);
    }

    #[test]
    fn the_family_are_the_tested_segments() {
        let rows = [(Some("a"), 9, 30), (Some("a"), 3, 10), (Some("b"), 3, 30), (Some("c"), 9, 25), (Some("c"), 5, 20)];
        let segments = segments(Scale::NPS, &rows);
        let all = VersusRest::default().correction(Multiplicity::Bonferroni).nps(&segments, |_| true).unwrap();
        let two =
            VersusRest::default().correction(Multiplicity::Bonferroni).nps(&segments, |name| name != "b").unwrap();
        let p = |segment: &SegmentDifference| segment.difference.unwrap().p_value.unwrap();
        for (found, family) in [(&all, 3.0), (&two, 2.0)] {
            assert_eq!(found.len() as f64, family);
            assert!(found.iter().all(|segment| segment.adjusted_p == Ok((family * p(segment)).min(1.0))));
        }
    }

    #[test]
    fn a_segment_without_a_rest_or_a_spread_says_so() {
        let test = VersusRest::default();
        let alone = test.nps(&segments(Scale::NPS, &[(Some("a"), 9, 30)]), |_| true).unwrap();
        assert_eq!(alone[0].adjusted_p, Err(Absent::NoObservations));
        let one = test.nps(&segments(Scale::NPS, &[(Some("a"), 9, 30), (Some("b"), 9, 1)]), |_| true).unwrap();
        assert_eq!([one[0].adjusted_p, one[1].adjusted_p], [Err(Absent::OneObservation); 2]);
        let none = test.nps(&Segments::new(Tally::new(Scale::NPS)), |_| true).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn effort_compares_the_easy_shares() {
        let scale = CesVersion::V1.scale(Scale::ONE_TO_FIVE);
        let rows = [(Some("a"), 1, 40), (Some("a"), 5, 10), (Some("b"), 1, 20), (Some("b"), 5, 30)];
        let found = VersusRest::default().ces(&segments(scale, &rows), &Ces::new(CesVersion::V1), |_| true).unwrap();
        assert!((found[0].difference.unwrap().value - 0.4).abs() < 1e-12);
        assert!((found[1].difference.unwrap().value + 0.4).abs() < 1e-12);
        let seven = segments(Scale::ONE_TO_SEVEN, &[]);
        assert!(VersusRest::default().csat(&seven, &Csat::default(), |_| true).is_err());
        assert!(VersusRest::default().csat(&seven, &Csat::default().rule(BoxRule::Top(2)), |_| true).is_ok());
    }
}
