//! Customer satisfaction (CSAT): which share of the respondents is satisfied? Its state is the [`Tally`] of ratings, or two
//! bare counts; the box rule, the interval method and the confidence are the question, asked at the end. Segments, trends
//! and the command line call it.
//! Formula page: `docs/formulas/csat.md`.

use std::fmt;

use super::{
    Direction, RatingBox, Scale, Tally,
    boxes::{Shares, mean_rating},
};
use crate::{
    Confidence, Error, Estimate, Interval,
    stats::{
        parse_name,
        proportion::{ProportionMethod, Successes},
    },
};

/// A survey tool whose published rule says which ratings count as satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Vendor {
    /// Delighted: 4 and 5 of 1-5.
    Delighted,
    /// Formbricks: the best one of 1-3, the best two of 1-4 to 1-7, the best three of 1-10.
    Formbricks,
    /// `QuestionPro`: 9 and 10 of 1-10.
    QuestionPro,
    /// `SogoSurvey`: 4 and 5 of 1-5.
    SogoSurvey,
    /// Zendesk: good of bad and good (1-2), 3 of 1-3, 4 and 5 of 1-5.
    Zendesk,
}

impl Vendor {
    /// Every vendor, in the order of their names.
    pub const ALL: [Self; 5] = [Self::Delighted, Self::Formbricks, Self::QuestionPro, Self::SogoSurvey, Self::Zendesk];

    /// The name as options spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delighted => "delighted",
            Self::Formbricks => "formbricks",
            Self::QuestionPro => "questionpro",
            Self::SogoSurvey => "sogosurvey",
            Self::Zendesk => "zendesk",
        }
    }

    /// The greatest values of the vendor's scales, which all begin at 1, each with the size of its box.
    const fn boxes(self) -> &'static [(i8, u8)] {
        match self {
            Self::Delighted | Self::SogoSurvey => &[(5, 2)],
            Self::Formbricks => &[(3, 1), (4, 2), (5, 2), (6, 2), (7, 2), (10, 3)],
            Self::QuestionPro => &[(10, 2)],
            Self::Zendesk => &[(2, 1), (3, 1), (5, 2)],
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Vendor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("rule", text, &Self::ALL, Self::name)
    }
}

/// Which ratings count as satisfied.
///
/// ```
/// use cxo_core::survey::{BoxRule, Scale, Vendor};
/// assert_eq!(BoxRule::Top(2).resolve(Scale::ONE_TO_SEVEN)?.to_string(), "6-7");
/// assert_eq!(BoxRule::Vendor(Vendor::Formbricks).resolve(Scale::ONE_TO_TEN)?.to_string(), "8-10");
/// assert_eq!(BoxRule::Vendor(Vendor::QuestionPro).resolve(Scale::ONE_TO_TEN)?.to_string(), "9-10");
/// assert!(BoxRule::Vendor(Vendor::Delighted).resolve(Scale::ONE_TO_TEN).is_err());
/// assert!(BoxRule::default_for(Scale::ONE_TO_SEVEN).is_err(), "1-7 has no default");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum BoxRule {
    /// This many of the best values of the scale.
    Top(u8),
    /// The rule of a survey tool for the scale.
    Vendor(Vendor),
}

impl BoxRule {
    /// The rule on which the field agrees: the best one of 1-2 and 1-3, the best two of 1-5.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for every other scale: vendors disagree there, so the caller chooses.
    pub fn default_for(scale: Scale) -> Result<Self, Error> {
        match (scale.min(), scale.max()) {
            (1, 2 | 3) => Ok(Self::Top(1)),
            (1, 5) => Ok(Self::Top(2)),
            _ => Err(Error::input(
                "scale without a box",
                scale,
                format!("1-2, 1-3 or 1-5; else top N or a rule: {}", Vendor::ALL.map(Vendor::name).join(", ")),
            )),
        }
    }

    /// The ratings that count as satisfied on `scale`. Where low is good the box stands at the low end.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the box would be empty or the whole scale, or if the vendor has no
    /// rule for the scale.
    pub fn resolve(self, scale: Scale) -> Result<RatingBox, Error> {
        match self {
            Self::Top(points) => RatingBox::best(points, scale),
            Self::Vendor(vendor) => {
                let own = vendor.boxes().iter().find(|(max, _)| (1, *max) == (scale.min(), scale.max()));
                let Some((_, points)) = own else {
                    let scales: Vec<_> = vendor.boxes().iter().map(|(max, _)| format!("1-{max}")).collect();
                    return Err(Error::input(format!("scale for the rule {vendor}"), scale, scales.join(", ")));
                };
                RatingBox::best(*points, scale)
            }
        }
    }
}

impl fmt::Display for BoxRule {
    /// `top-2`, or the vendor's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top(points) => write!(f, "top-{points}"),
            Self::Vendor(vendor) => vendor.fmt(f),
        }
    }
}

/// Bare counts: how many of the responses were satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsatCounts {
    /// Satisfied responses.
    pub satisfied: u64,
    /// All responses.
    pub responses: u64,
}

/// The question: which ratings are satisfied, and how the interval of their share is computed.
///
/// ```
/// use cxo_core::survey::{Csat, Scale, Tally};
/// // Delighted's example: 42, 32, 10, 9 and 14 answers from 5 down to 1.
/// let scores = [(5, 42), (4, 32), (3, 10), (2, 9), (1, 14)];
/// let scores: Vec<u8> = scores.iter().flat_map(|&(score, count)| vec![score; count]).collect();
/// let result = Csat::default().ask(&Tally::from_scores(&scores, Scale::ONE_TO_FIVE)?)?;
/// assert_eq!((result.satisfied, result.responses), (74, 107));
/// assert_eq!(format!("{:.4}", result.share.value), "0.6916");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Csat {
    rule: Option<BoxRule>,
    pub(super) method: ProportionMethod,
    pub(super) confidence: Confidence,
}

impl Csat {
    /// Which ratings count as satisfied. Without it the scale must have a [default](BoxRule::default_for).
    #[must_use]
    pub const fn rule(self, rule: BoxRule) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// The interval of the shares; Wilson by default.
    #[must_use]
    pub const fn method(self, method: ProportionMethod) -> Self {
        Self { method, ..self }
    }

    /// The level of the intervals; 0.95 by default.
    #[must_use]
    pub const fn confidence(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }

    /// The ratings that count as satisfied on `scale`, and the rule that says so.
    ///
    /// # Errors
    /// As [`BoxRule::default_for`] and [`BoxRule::resolve`].
    pub fn boxed(&self, scale: Scale) -> Result<(BoxRule, RatingBox), Error> {
        let rule = self.rule.map_or_else(|| BoxRule::default_for(scale), Ok)?;
        Ok((rule, rule.resolve(scale)?))
    }

    /// Asks a tally.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the scale has no default box or the rule does not fit it,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without responses.
    pub fn ask(&self, tally: &Tally) -> Result<CsatResult, Error> {
        let scale = tally.scale();
        let (rule, satisfied_box) = self.boxed(scale)?;
        let dissatisfied_box = satisfied_box.opposite(scale)?;
        let shares = Shares::of(tally, satisfied_box, dissatisfied_box);
        let mean = mean_rating(tally, self.confidence)?;
        let ratings = CsatRatings {
            rule,
            satisfied_box,
            dissatisfied_box,
            mean,
            aggregated_average: aggregated(mean, scale),
            dissatisfied: shares.bad,
            dissatisfied_share: Successes(shares.bad).of(shares.all)?.estimate(self.method, self.confidence)?,
            net: shares.net(self.confidence)?,
        };
        let counts = CsatCounts { satisfied: shares.good, responses: shares.all };
        Ok(CsatResult { ratings: Some(ratings), ..self.ask_counts(counts)? })
    }

    /// Asks bare counts. What needs the ratings is `None`.
    ///
    /// ```
    /// use cxo_core::survey::{Csat, CsatCounts};
    /// let result = Csat::default().ask_counts(CsatCounts { satisfied: 74, responses: 107 })?;
    /// assert_eq!(format!("{:.4}", result.share.value), "0.6916");
    /// assert!(result.ratings.is_none());
    /// assert!(Csat::default().ask_counts(CsatCounts { satisfied: 3, responses: 2 }).is_err());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if more are satisfied than responded,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without responses.
    pub fn ask_counts(&self, counts: CsatCounts) -> Result<CsatResult, Error> {
        let CsatCounts { satisfied, responses } = counts;
        if satisfied > responses {
            return Err(Error::input("satisfied", satisfied, format!("0 to the {responses} responses")));
        }
        let share = Successes(satisfied).of(responses)?.estimate(self.method, self.confidence)?;
        Ok(CsatResult { responses, satisfied, share, ratings: None, weighted: None })
    }
}

/// The mean as a share of the way from the worst value of the scale to the best.
pub(super) fn aggregated(mean: Estimate, scale: Scale) -> Estimate {
    let (worst, best) = match scale.direction() {
        Direction::HighIsGood => (f64::from(scale.min()), f64::from(scale.max())),
        Direction::LowIsGood => (f64::from(scale.max()), f64::from(scale.min())),
    };
    let place = |rating: f64| (rating - worst) / (best - worst);
    let interval = mean.interval.map(|interval| {
        let (a, b) = (place(interval.lower), place(interval.upper));
        Interval { lower: a.min(b), upper: a.max(b), ..interval }
    });
    let standard_error = mean.standard_error.map(|se| se / (best - worst).abs());
    Estimate { value: place(mean.value), standard_error, interval, ..mean }
}

/// The answer of [`Csat`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CsatResult {
    /// Number of responses.
    pub responses: u64,
    /// Responses in the satisfied box.
    pub satisfied: u64,
    /// Satisfied / responses, in [0, 1], with standard error `sqrt(p (1 - p) / n)`.
    pub share: Estimate,
    /// What only ratings tell; `None` from bare counts.
    pub ratings: Option<CsatRatings>,
    /// The weighted counts; `None` for an unweighted sample.
    pub weighted: Option<WeightedCsat>,
}

/// What a CSAT of ratings says beyond the share of satisfied.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CsatRatings {
    /// The rule that chose the box.
    pub rule: BoxRule,
    /// The ratings that count as satisfied.
    pub satisfied_box: RatingBox,
    /// The bottom box: as many values at the other end, without those that are satisfied.
    pub dissatisfied_box: RatingBox,
    /// Mean rating, in units of the scale, with Student's t interval clipped to the scale.
    pub mean: Estimate,
    /// The mean's place between the worst (0) and the best (1) value: `(sum - min n) / ((max - min) n)` where high is good.
    /// `SmartSurvey` calls this CSAT.
    pub aggregated_average: Estimate,
    /// Responses in the bottom box.
    pub dissatisfied: u64,
    /// Dissatisfied / responses, in [0, 1].
    pub dissatisfied_share: Estimate,
    /// Net satisfaction (satisfied - dissatisfied) / responses, in [-1, 1], with the interval of an NPS.
    pub net: Estimate,
}

/// Counts of a weighted sample: sums of weights.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WeightedCsat {
    /// Weight of the satisfied.
    pub satisfied: f64,
    /// Weight of all responses.
    pub responses: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Absent, ErrorKind};
    use proptest::prelude::*;

    fn scale(max: i8) -> Scale {
        Scale::new(1, max, Direction::HighIsGood).unwrap()
    }

    #[test]
    fn every_vendor_has_the_boxes_it_publishes_and_no_other() {
        let published = [
            (Vendor::Delighted, vec![(5, "4-5")]),
            (Vendor::SogoSurvey, vec![(5, "4-5")]),
            (Vendor::Formbricks, vec![(3, "3"), (4, "3-4"), (5, "4-5"), (6, "5-6"), (7, "6-7"), (10, "8-10")]),
            (Vendor::QuestionPro, vec![(10, "9-10")]),
            (Vendor::Zendesk, vec![(2, "2"), (3, "3"), (5, "4-5")]),
        ];
        assert_eq!(published.len(), Vendor::ALL.len());
        for (vendor, boxes) in published {
            assert_eq!(vendor.name().parse::<Vendor>().unwrap(), vendor);
            for max in 2..=11 {
                let found = BoxRule::Vendor(vendor).resolve(scale(max));
                let expected = boxes.iter().find(|(own, _)| *own == max);
                assert_eq!(found.ok().map(|found| found.to_string()).as_deref(), expected.map(|(_, text)| *text));
            }
            assert!(BoxRule::Vendor(vendor).resolve(Scale::NPS).is_err());
        }
        let refused = "smartsurvey".parse::<Vendor>().unwrap_err();
        assert_eq!(refused.allowed(), Some("delighted, formbricks, questionpro, sogosurvey, zendesk"));
    }

    #[test]
    fn only_three_scales_have_a_default() {
        for max in 2..=11 {
            let found = BoxRule::default_for(scale(max)).ok().map(|rule| rule.to_string());
            let expected = match max {
                2 | 3 => Some("top-1"),
                5 => Some("top-2"),
                _ => None,
            };
            assert_eq!(found.as_deref(), expected, "1-{max}");
        }
        let refused = Csat::default().ask(&Tally::new(Scale::ONE_TO_SEVEN)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "scale without a box is 1-7, allowed: 1-2, 1-3 or 1-5; \
             else top N or a rule: delighted, formbricks, questionpro, sogosurvey, zendesk"
        );
    }

    #[test]
    fn delighted_from_five_counts() {
        let tally = Tally::from_counts(&[14, 9, 10, 32, 42], Scale::ONE_TO_FIVE).unwrap();
        let result = Csat::default().rule(BoxRule::Vendor(Vendor::Delighted)).ask(&tally).unwrap();
        let ratings = result.ratings.unwrap();
        assert_eq!((result.satisfied, result.responses, ratings.dissatisfied), (74, 107, 23));
        assert_eq!(
            (ratings.satisfied_box.to_string(), ratings.dissatisfied_box.to_string()),
            ("4-5".into(), "1-2".into())
        );
        assert_eq!(ratings.mean.value, 400.0 / 107.0);
        // (sum - min n) / ((max - min) n), SmartSurvey's option A.
        assert!((ratings.aggregated_average.value - (400.0 - 107.0) / (4.0 * 107.0)).abs() < 1e-15);
        assert!((ratings.net.value - 51.0 / 107.0).abs() < 1e-15);
        let p: f64 = 74.0 / 107.0;
        assert!((result.share.standard_error.unwrap() - (p * (1.0 - p) / 107.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_wide_box_leaves_the_rest_to_the_bottom() {
        let tally = Tally::from_counts(&[1, 2, 3, 4, 5], Scale::ONE_TO_FIVE).unwrap();
        let ratings = Csat::default().rule(BoxRule::Top(4)).ask(&tally).unwrap().ratings.unwrap();
        assert_eq!((ratings.dissatisfied_box.to_string(), ratings.dissatisfied), ("1".into(), 1));
    }

    #[test]
    fn one_response_and_none() {
        let one = Tally::from_counts(&[0, 0, 0, 0, 1], Scale::ONE_TO_FIVE).unwrap();
        let result = Csat::default().ask(&one).unwrap();
        assert_eq!((result.share.value, result.share.interval.unwrap().upper), (1.0, 1.0));
        assert_eq!(result.ratings.unwrap().mean.interval.unwrap_err(), Absent::OneObservation);
        let none = Csat::default().ask(&Tally::new(Scale::ONE_TO_FIVE)).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::NoData);
        let none = Csat::default().ask_counts(CsatCounts { satisfied: 0, responses: 0 }).unwrap_err();
        assert_eq!(none.kind(), ErrorKind::NoData);
    }

    proptest! {
        /// Reversed ratings on the reversed scale say the same.
        #[test]
        fn direction_is_a_mirror(counts in prop::collection::vec(0_u64..30, 3..=11), top in 1_u8..10, extra in 1_u64..5) {
            let mut counts = counts;
            counts[0] += extra;
            let high = Scale::new(1, i8::try_from(counts.len()).unwrap(), Direction::HighIsGood).unwrap();
            prop_assume!(usize::from(top) < counts.len());
            let csat = Csat::default().rule(BoxRule::Top(top));
            let straight = csat.ask(&Tally::from_counts(&counts, high).unwrap()).unwrap();
            counts.reverse();
            let low = high.with_direction(Direction::LowIsGood);
            let mirrored = csat.ask(&Tally::from_counts(&counts, low).unwrap()).unwrap();
            prop_assert_eq!(straight.share, mirrored.share);
            let (a, b) = (straight.ratings.unwrap(), mirrored.ratings.unwrap());
            prop_assert_eq!((a.dissatisfied_share, a.net), (b.dissatisfied_share, b.net));
            prop_assert!((a.aggregated_average.value - b.aggregated_average.value).abs() < 1e-12);
            for estimate in [a.aggregated_average, a.dissatisfied_share, straight.share] {
                prop_assert!((0.0..=1.0).contains(&estimate.value));
                if let Ok(interval) = estimate.interval {
                    prop_assert!(0.0 <= interval.lower && interval.upper <= 1.0);
                }
            }
            prop_assert!((a.net.value - (straight.share.value - a.dissatisfied_share.value)).abs() < 1e-12);
        }
    }
}
