//! Customer effort score (CES): how easy was it? Its state is the [`Tally`] of ratings; the version (which fixes the
//! direction), the boxes and the confidence are the question, asked at the end. Segments, trends and the command line call it.
//! Formula page: `docs/formulas/ces.md`.

use std::fmt;

use super::{
    Direction, RatingBox, Scale, Tally,
    boxes::{Shares, mean_rating},
};
use crate::{
    Confidence, Error, Estimate,
    stats::{
        parse_name,
        proportion::{ProportionMethod, Successes},
    },
};

/// Which effort question was asked. The version fixes the direction of the scale; it is never guessed from the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CesVersion {
    /// CES 1.0 (2010): "How much effort did you personally have to put forth?", low is easy, asked from 1 to 5.
    #[cfg_attr(feature = "serde", serde(rename = "1"))]
    V1,
    /// CES 2.0 (2013): "The company made it easy for me", high is easy, asked from 1 to 7.
    #[cfg_attr(feature = "serde", serde(rename = "2"))]
    V2,
}

impl CesVersion {
    /// Both, in their order.
    pub const ALL: [Self; 2] = [Self::V1, Self::V2];

    /// The name as options spell it: `1` or `2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
        }
    }

    /// Which end of the scale is easy.
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self {
            Self::V1 => Direction::LowIsGood,
            Self::V2 => Direction::HighIsGood,
        }
    }

    /// `scale` with the direction of this version.
    #[must_use]
    pub const fn scale(self, scale: Scale) -> Scale {
        scale.with_direction(self.direction())
    }

    /// The version that a scale implies: 2.0 for 1-7.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for every other scale: both directions are in use there.
    pub fn default_for(scale: Scale) -> Result<Self, Error> {
        if (scale.min(), scale.max()) == (1, 7) {
            Ok(Self::V2)
        } else {
            Err(Error::input("scale without a version", scale, "1-7; else version 2 (high is easy) or 1 (low is easy)"))
        }
    }

    /// The published easy box: 5-7 of 1-7 for 2.0, 1-2 of 1-5 for 1.0.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for every other scale.
    pub fn easy_box(self, scale: Scale) -> Result<RatingBox, Error> {
        match (self, scale.min(), scale.max()) {
            (Self::V2, 1, 7) => RatingBox::new(5, 7),
            (Self::V1, 1, 5) => RatingBox::new(1, 2),
            _ => Err(Error::input(
                format!("scale of CES {self} without a box"),
                scale,
                "1-7 for version 2, 1-5 for version 1; else a box A-B, the ratings that count as easy",
            )),
        }
    }
}

impl fmt::Display for CesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for CesVersion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("version", text, &Self::ALL, Self::name)
    }
}

/// The question: which version was asked, which ratings are easy, and how the intervals are computed.
///
/// ```
/// use cxo_core::survey::{Ces, CesVersion, Scale, Tally};
/// let tally = Tally::from_scores(&[7, 6, 6, 5, 4, 2, 7, 5], Scale::ONE_TO_SEVEN)?;
/// let result = Ces::new(CesVersion::V2).ask(&tally)?;
/// assert_eq!(result.mean.value, 5.25);
/// assert_eq!((result.easy, result.difficult, result.net_easy.value), (6, 1, 0.625));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ces {
    version: CesVersion,
    easy_box: Option<RatingBox>,
    pub(super) method: ProportionMethod,
    pub(super) confidence: Confidence,
}

impl Ces {
    /// The question of a version, with its published boxes.
    #[must_use]
    pub fn new(version: CesVersion) -> Self {
        Self { version, easy_box: None, method: ProportionMethod::default(), confidence: Confidence::default() }
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> CesVersion {
        self.version
    }

    /// The ratings that count as easy; the difficult ones are their mirror image on the scale.
    #[must_use]
    pub const fn easy_box(self, easy: RatingBox) -> Self {
        Self { easy_box: Some(easy), ..self }
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

    /// The easy and the difficult ratings on `scale`.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) if the scale runs against the version,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it has no published box and none was given, or if the given box does
    /// not begin at the easy end or covers the scale.
    pub fn boxes(&self, scale: Scale) -> Result<(RatingBox, RatingBox), Error> {
        if scale.direction() != self.version.direction() {
            return Err(Error::incompatible(format!(
                "CES {} on a scale with the other direction; `CesVersion::scale` sets it",
                self.version
            )));
        }
        let easy = self.easy_box.map_or_else(|| self.version.easy_box(scale), Ok)?;
        let size = u8::try_from(i16::from(easy.to()) - i16::from(easy.from()) + 1).unwrap_or(u8::MAX);
        if RatingBox::best(size, scale).is_ok_and(|best| best == easy) {
            return Ok((easy, easy.opposite(scale)?));
        }
        let end = match scale.direction() {
            Direction::HighIsGood => format!("ends at {}", scale.max()),
            Direction::LowIsGood => format!("begins at {}", scale.min()),
        };
        Err(Error::input("box", easy, format!("a box that {end}, the easy end of {scale}, and leaves out the other")))
    }

    /// Asks a tally.
    ///
    /// # Errors
    /// As [`boxes`](Self::boxes); [`ErrorKind::NoData`](crate::ErrorKind::NoData) without responses.
    pub fn ask(&self, tally: &Tally) -> Result<CesResult, Error> {
        let (easy_box, difficult_box) = self.boxes(tally.scale())?;
        let shares = Shares::of(tally, easy_box, difficult_box);
        Ok(CesResult {
            responses: shares.all,
            version: self.version,
            direction: self.version.direction(),
            easy_box,
            difficult_box,
            mean: mean_rating(tally, self.confidence)?,
            easy: shares.good,
            difficult: shares.bad,
            easy_share: Successes(shares.good).of(shares.all)?.estimate(self.method, self.confidence)?,
            difficult_share: Successes(shares.bad).of(shares.all)?.estimate(self.method, self.confidence)?,
            net_easy: shares.net(self.confidence)?,
            weighted: None,
        })
    }
}

/// The answer of [`Ces`]. Shares count ease as positive whatever the direction; the mean is in units of the scale.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CesResult {
    /// Number of responses.
    pub responses: u64,
    /// The version asked.
    pub version: CesVersion,
    /// Which end of the scale is easy.
    pub direction: Direction,
    /// The ratings that count as easy.
    pub easy_box: RatingBox,
    /// The ratings that count as difficult: the mirror image of the easy ones, without those that are easy.
    pub difficult_box: RatingBox,
    /// Mean rating with Student's t interval clipped to the scale.
    pub mean: Estimate,
    /// Responses in the easy box.
    pub easy: u64,
    /// Responses in the difficult box.
    pub difficult: u64,
    /// Easy / responses, in [0, 1].
    pub easy_share: Estimate,
    /// Difficult / responses, in [0, 1].
    pub difficult_share: Estimate,
    /// (easy - difficult) / responses, in [-1, 1], with the interval of an NPS.
    pub net_easy: Estimate,
    /// The weighted counts; `None` for an unweighted sample.
    pub weighted: Option<WeightedCes>,
}

/// Counts of a weighted sample: sums of weights.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WeightedCes {
    /// Weight of the responses in the easy box.
    pub easy: f64,
    /// Weight of the responses in the difficult box.
    pub difficult: f64,
    /// Weight of all responses.
    pub responses: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Absent, ErrorKind, Method};
    use proptest::prelude::*;

    #[test]
    fn version_two_has_the_interval_of_students_t() {
        let tally = Tally::from_scores(&[7, 6, 6, 5, 4, 2, 7, 5], Scale::ONE_TO_SEVEN).unwrap();
        let mean = Ces::new(CesVersion::V2).ask(&tally).unwrap().mean;
        let interval = mean.interval.unwrap();
        // sd 1.669 / sqrt(8), and 2.3646242515927844 = t(7 degrees, 0.975) of the printed tables.
        assert!((mean.standard_error.unwrap() - 0.5900968443520823).abs() < 1e-12);
        assert!(
            (interval.lower - 3.8546426910566938).abs() < 1e-7 && (interval.upper - 6.645357308943306).abs() < 1e-7
        );
        assert_eq!((interval.method, mean.n), (Method::StudentT, 8));
    }

    #[test]
    fn version_one_counts_little_effort_as_easy() {
        let scale = CesVersion::V1.scale(Scale::ONE_TO_FIVE);
        let result = Ces::new(CesVersion::V1).ask(&Tally::from_counts(&[5, 4, 3, 2, 1], scale).unwrap()).unwrap();
        assert_eq!((result.easy, result.difficult, result.direction), (9, 3, Direction::LowIsGood));
        assert_eq!((result.easy_box.to_string(), result.difficult_box.to_string()), ("1-2".into(), "4-5".into()));
        assert!((result.net_easy.value - 0.4).abs() < 1e-15);
        assert!((result.mean.value - 35.0 / 15.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_not_said_is_an_error() {
        assert_eq!(CesVersion::default_for(Scale::ONE_TO_SEVEN).unwrap(), CesVersion::V2);
        assert!(CesVersion::default_for(Scale::ONE_TO_FIVE).is_err());
        let five = Tally::new(Scale::ONE_TO_FIVE);
        assert_eq!(Ces::new(CesVersion::V1).ask(&five).unwrap_err().kind(), ErrorKind::Incompatible);
        assert_eq!(Ces::new(CesVersion::V2).ask(&five).unwrap_err().kind(), ErrorKind::Input);
        let boxed = |text: &str| Ces::new(CesVersion::V2).easy_box(text.parse().unwrap());
        assert_eq!(boxed("4-5").ask(&five).unwrap_err().kind(), ErrorKind::NoData);
        for refused in ["3-4", "1-5", "5-6", "1-2", "0-5", "-100-100"] {
            assert_eq!(boxed(refused).boxes(Scale::ONE_TO_FIVE).unwrap_err().kind(), ErrorKind::Input, "{refused}");
        }
        assert_eq!("2".parse::<CesVersion>().unwrap(), CesVersion::V2);
        assert!("2.0".parse::<CesVersion>().is_err());
    }

    #[test]
    fn one_response_and_equal_responses_have_no_interval() {
        let ask = |scores: &[u8]| {
            Ces::new(CesVersion::V2).ask(&Tally::from_scores(scores, Scale::ONE_TO_SEVEN).unwrap()).unwrap().mean
        };
        assert_eq!(
            (ask(&[5]).standard_error, ask(&[5]).interval.err()),
            (Err(Absent::OneObservation), Some(Absent::OneObservation))
        );
        assert_eq!((ask(&[5, 5]).standard_error, ask(&[5, 5]).interval.err()), (Ok(0.0), Some(Absent::ZeroVariance)));
    }

    proptest! {
        #[test]
        fn estimates_stay_in_range(counts in prop::collection::vec(0_u64..40, 7), level in 0.5..0.999999_f64) {
            prop_assume!(counts.iter().sum::<u64>() > 0);
            let tally = Tally::from_counts(&counts, Scale::ONE_TO_SEVEN).unwrap();
            let ask = |level: f64| Ces::new(CesVersion::V2).confidence(Confidence::new(level).unwrap()).ask(&tally).unwrap();
            let result = ask(level);
            if let Ok(interval) = result.mean.interval {
                prop_assert!(interval.contains(result.mean.value) && interval.lower >= 1.0 && interval.upper <= 7.0);
                prop_assert!(ask(level * 0.9).mean.interval.unwrap().width() <= interval.width());
            }
            let net = result.easy_share.value - result.difficult_share.value;
            prop_assert!((result.net_easy.value - net).abs() < 1e-12);
        }
    }
}
