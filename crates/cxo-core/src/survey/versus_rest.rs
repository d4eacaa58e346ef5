//! Which segments differ from the rest? Each is tested against all other responses, with correction for how many are tested.
//!
//! It keeps no state; it asks [`Segments`] of tallies, or compares answers of weighted and designed samples. Reports call it
//! for "the segments that differ".
//! Formula page: `docs/formulas/segments.md`.

use super::{
    Ces, CesResult, Csat, CsatResult, EffectiveCounts, NpsComparison, NpsResult, RatingBox, Segments, Tally,
    boxes::Shares,
};
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

/// The answers of one segment and of all other responses to the same question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentAndRest<'a, T> {
    /// The key.
    pub name: &'a str,
    /// The answer of the segment.
    pub segment: T,
    /// The answer of all other responses; `None` if there are none.
    pub rest: Option<T>,
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
            let sizes = [segment.responses(), rest.responses()];
            found.push(self.found(name, sizes, || difference(segment, &rest))?);
        }
        self.adjusted(found)
    }

    /// Compares the NPS of each segment with that of its rest where both are answers of a weighted or designed sample, as
    /// [`nps`](Self::nps) does with tallies: the same method, on effective counts, the weighted shares times
    /// variance / standard error².
    ///
    /// The linearised variance has the divisor n - 1, so n equal weights count as n - 1 responses and the test is a little more
    /// careful than that of tallies. Segment and rest are taken as independent. A cluster or customer with responses on both sides makes the difference
    /// surer than its interval says, as such responses resemble each other.
    ///
    /// ```
    /// use cxo_core::{Confidence, domain::Weight};
    /// use cxo_core::survey::{NpsMethod, Rating, Scale, SegmentAndRest, VersusRest, WeightedTally};
    /// let mut sides = [WeightedTally::new(Scale::NPS); 2];
    /// for (side, score, weight, times) in [(0, 9, 1.0, 60), (0, 4, 2.0, 40), (1, 9, 1.0, 90), (1, 4, 1.0, 110)] {
    ///     for _ in 0..times {
    ///         sides[side].add(Rating::new(score, Scale::NPS)?, Weight::new(weight)?)?;
    ///     }
    /// }
    /// let answer = |side: &WeightedTally| side.nps(NpsMethod::Auto, Confidence::P95).map(|answer| answer.result);
    /// let web = SegmentAndRest { name: "web", segment: answer(&sides[0])?, rest: Some(answer(&sides[1])?) };
    /// let found = VersusRest::default().nps_answers([web])?;
    /// assert!((found[0].difference.unwrap().value - (-100.0 / 7.0 + 10.0)).abs() < 1e-9);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if an adjusted p-value cannot be computed.
    pub fn nps_answers<'a>(
        &self,
        answers: impl IntoIterator<Item = SegmentAndRest<'a, NpsResult>>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        self.answers(
            answers,
            |answer| answer.responses,
            |segment, rest| {
                let counts = EffectiveCounts::of_result(rest);
                Ok(EffectiveCounts::of_result(segment).compare(counts, NpsComparison::default(), self.confidence))
            },
        )
    }

    /// Compares the satisfied shares, as [`nps_answers`](Self::nps_answers) does the scores. Method: Agresti and Caffo on
    /// effective responses.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an answer without effective responses.
    pub fn csat_answers<'a>(
        &self,
        answers: impl IntoIterator<Item = SegmentAndRest<'a, CsatResult>>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        self.answers(
            answers,
            |answer| answer.responses,
            |segment, rest| {
                let shares = [Share::of_estimate(&segment.share)?, Share::of_estimate(&rest.share)?];
                agresti_caffo(shares, self.confidence)
            },
        )
    }

    /// Compares the easy shares, as [`csat_answers`](Self::csat_answers) does the satisfied ones.
    ///
    /// # Errors
    /// As [`csat_answers`](Self::csat_answers).
    pub fn ces_answers<'a>(
        &self,
        answers: impl IntoIterator<Item = SegmentAndRest<'a, CesResult>>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        self.answers(
            answers,
            |answer| answer.responses,
            |segment, rest| {
                let shares = [Share::of_estimate(&segment.easy_share)?, Share::of_estimate(&rest.easy_share)?];
                agresti_caffo(shares, self.confidence)
            },
        )
    }

    fn answers<'a, T>(
        &self,
        answers: impl IntoIterator<Item = SegmentAndRest<'a, T>>,
        responses: impl Fn(&T) -> u64,
        difference: impl Fn(&T, &T) -> Result<Difference, Error>,
    ) -> Result<Vec<SegmentDifference>, Error> {
        let found = answers.into_iter().map(|SegmentAndRest { name, segment, rest }| match rest {
            Some(rest) => self.found(name, [responses(&segment), responses(&rest)], || difference(&segment, &rest)),
            None => self.found(name, [responses(&segment), 0], || Err(Error::no_data("comparison without a rest"))),
        });
        self.adjusted(found.collect::<Result<_, _>>()?)
    }

    /// One segment, its p-value not yet adjusted.
    fn found(
        &self,
        name: &str,
        [responses, rest]: [u64; 2],
        difference: impl FnOnce() -> Result<Difference, Error>,
    ) -> Result<SegmentDifference, Error> {
        let difference = match responses.min(rest) {
            0 => Err(Absent::NoObservations),
            1 => Err(Absent::OneObservation),
            _ => Ok(difference()?),
        };
        Ok(SegmentDifference {
            name: name.to_owned(),
            responses,
            rest,
            difference,
            adjusted_p: difference.and_then(|difference| difference.p_value),
            correction: self.correction,
        })
    }

    /// Takes the whole family into account.
    fn adjusted(&self, mut found: Vec<SegmentDifference>) -> Result<Vec<SegmentDifference>, Error> {
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
    use crate::{
        domain::Weight,
        survey::{BoxRule, CesVersion, Nps, NpsMethod, Rating, Scale, WeightedTally},
    };

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

    /// With weights of one the answers say what the tallies say.
    #[test]
    fn answers_of_equal_weights_compare_like_tallies() {
        let rows = [(Some("a"), 9, 40), (Some("a"), 3, 12), (Some("a"), 7, 9), (Some("b"), 3, 30), (Some("b"), 8, 33)];
        let rows = [&rows[..], &[(Some("b"), 10, 21), (Some("c"), 10, 1)]].concat();
        let tallies = segments(Scale::NPS, &rows);
        let side = |rows: &[(Option<&str>, i64, u32)]| {
            let mut tally = WeightedTally::new(Scale::NPS);
            for (_, score, times) in rows {
                for _ in 0..*times {
                    tally.add(Rating::new(*score, Scale::NPS).unwrap(), Weight::ONE).unwrap();
                }
            }
            tally
        };
        let names = ["a", "b", "c"];
        let sides = names.map(|name| {
            let (own, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.0 == Some(name));
            [side(&own), side(&rest)]
        });
        let pairs = || names.into_iter().zip(&sides);
        let test = VersusRest::default();
        let nps = |tally: &WeightedTally| tally.nps(NpsMethod::Auto, Confidence::P95).unwrap().result;
        let weighted = test.nps_answers(pairs().map(|(name, [segment, rest])| SegmentAndRest {
            name,
            segment: nps(segment),
            rest: Some(nps(rest)),
        }));
        let csat = Csat::default().rule(BoxRule::Top(2));
        let share = |tally: &WeightedTally| tally.csat(&csat).unwrap().result;
        let shares = test.csat_answers(pairs().map(|(name, [segment, rest])| SegmentAndRest {
            name,
            segment: share(segment),
            rest: Some(share(rest)),
        }));
        // The linearised variance of n equal weights has the divisor n - 1: they count as n - 1 responses.
        let fewer = |answer: &NpsResult| {
            let counts = EffectiveCounts::of_result(answer);
            assert!((counts.n() - (answer.responses as f64 - 1.0)).abs() < 1e-9);
            let NpsResult { promoters, passives, detractors, responses, .. } = *answer;
            EffectiveCounts::from(Nps { promoters, passives, detractors }).scaled_to(responses as f64 - 1.0)
        };
        let [a, rest] = [nps(&sides[0][0]), nps(&sides[0][1])];
        let exact = fewer(&a).compare(fewer(&rest), NpsComparison::default(), Confidence::P95).p_value.unwrap();
        let weighted = weighted.unwrap();
        assert!((weighted[0].difference.unwrap().p_value.unwrap() - exact).abs() < 1e-12);

        let plain = [test.nps(&tallies, |_| true).unwrap(), test.csat(&tallies, &csat, |_| true).unwrap()];
        for (weighted, plain) in [weighted, shares.unwrap()].iter().zip(&plain) {
            assert_eq!(weighted.len(), 3);
            for (one, two) in weighted.iter().zip(plain) {
                assert_eq!((&one.name, one.responses, one.rest), (&two.name, two.responses, two.rest));
                match (one.difference, two.difference) {
                    (Ok(found), Ok(expected)) => {
                        assert!((found.value - expected.value).abs() < 1e-9);
                        let ratio = found.statistic.unwrap() / expected.statistic.unwrap();
                        assert!((0.98..1.0).contains(&ratio), "{name}: {ratio}", name = one.name);
                    }
                    (found, expected) => assert_eq!(found.err(), expected.err()),
                }
            }
        }
        let alone = test.nps_answers([SegmentAndRest { name: "a", segment: nps(&sides[0][0]), rest: None }]).unwrap();
        assert_eq!(alone[0].adjusted_p, Err(Absent::NoObservations));
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
