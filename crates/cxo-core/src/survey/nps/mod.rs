//! Net Promoter Score: how many more customers would recommend than would not.
//!
//! The state is [`Nps`], three counts; it merges, and every question of the score is asked of it: the estimate with any of
//! nine intervals, the difference of two samples, the test of two distributions. [`nps`] is the first call; columns by
//! segment, panels and sample sizes stand beside it.
//! Formula page: `docs/formulas/nps.md`.

mod bootstrap;
mod comparison;
mod interval;
mod panel;
mod plan;

pub use comparison::NpsComparison;
pub(crate) use interval::EffectiveCounts;
pub use interval::NpsMethod;
pub use panel::{NpsPanel, PanelAnswer, PanelMethod};
pub use plan::{NpsPower, NpsSampleSize, NpsShares};

use super::{Rating, Scale, kernel};
use crate::{Confidence, Encode, Error, Estimate, Form, Method, Reader, State, Writer};

/// The class of one answer to the likelihood-to-recommend question (0 to 10).
///
/// Reichheld's (2003) cuts: 9 and 10 promote, 7 and 8 are passive, 0 to 6 detract.
///
/// ```
/// use cxo_core::survey::{NpsCategory, Rating, Scale};
/// let category = NpsCategory::try_from(Rating::new(8, Scale::NPS)?)?;
/// assert_eq!((category, category.points()), (NpsCategory::Passive, 0));
/// assert!(NpsCategory::try_from(Rating::new(5, Scale::ONE_TO_FIVE)?).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum NpsCategory {
    /// 0 to 6.
    Detractor,
    /// 7 and 8.
    Passive,
    /// 9 and 10.
    Promoter,
}

impl NpsCategory {
    /// The three categories, from the worst.
    pub const ALL: [Self; 3] = [Self::Detractor, Self::Passive, Self::Promoter];

    /// The category of a value of the scale 0 to 10.
    pub(super) const fn of_value(value: i8) -> Self {
        match value {
            9.. => Self::Promoter,
            7 | 8 => Self::Passive,
            _ => Self::Detractor,
        }
    }

    /// What one such answer adds to the score of a sample of one, as a sign: -1, 0 or 1.
    #[must_use]
    pub const fn points(self) -> i8 {
        match self {
            Self::Detractor => -1,
            Self::Passive => 0,
            Self::Promoter => 1,
        }
    }
}

impl TryFrom<Rating> for NpsCategory {
    type Error = Error;

    /// The category of a rating from 0 to 10.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating of another scale: the score is not
    /// defined on it, and guessing cuts would invent one.
    fn try_from(rating: Rating) -> Result<Self, Error> {
        check_scale(rating.scale())?;
        Ok(Self::of_value(rating.value()))
    }
}

/// The score is only defined for 0 to 10 with the greatest value as the best answer.
pub(super) fn check_scale(scale: Scale) -> Result<(), Error> {
    if scale == Scale::NPS {
        Ok(())
    } else {
        Err(Error::incompatible(format!("NPS needs the scale 0-10 with high as good, not {scale}")))
    }
}

/// The three counts of the Net Promoter Score.
///
/// Definition: NPS = 100 (promoters - detractors) / responses, in points from -100 to 100. Its plug-in standard error is
/// 100 sqrt((p + d - (p - d)²) / n) with p and d the shares of promoters and detractors.
///
/// The employee score (eNPS) is the same formula on the answers of employees, so it is the same type. Answers on 1 to 10,
/// which some tools collect for it, are refused: the cuts are defined on 0 to 10 only.
///
/// Class of the state: distributive, three counters; merges are exact.
///
/// ```
/// use cxo_core::{Confidence, State, survey::{Nps, NpsMethod}};
///
/// let mut all = Nps { promoters: 42, passives: 31, detractors: 27 };
/// all.merge(&Nps { promoters: 50, passives: 30, detractors: 20 })?;
/// let estimate = all.estimate(NpsMethod::Auto, Confidence::P95)?;
/// assert_eq!((estimate.value, estimate.n), (22.5, 200));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/nps.md`. Reference: Reichheld (2003), "The one number you need to grow", Harvard Business
/// Review 81(12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawNps"))]
pub struct Nps {
    /// Ratings 9 and 10.
    pub promoters: u64,
    /// Ratings 7 and 8.
    pub passives: u64,
    /// Ratings 0 to 6.
    pub detractors: u64,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawNps {
    promoters: u64,
    passives: u64,
    detractors: u64,
}

#[cfg(feature = "serde")]
impl TryFrom<RawNps> for Nps {
    type Error = Error;
    fn try_from(raw: RawNps) -> Result<Self, Error> {
        let nps = Self { promoters: raw.promoters, passives: raw.passives, detractors: raw.detractors };
        nps.responses().map(|_| nps)
    }
}

impl Nps {
    /// The counts of a column of scores from 0 to 10.
    ///
    /// ```
    /// use cxo_core::survey::Nps;
    /// assert_eq!(Nps::from_scores(&[10, 9, 8, 3])?, Nps { promoters: 2, passives: 1, detractors: 1 });
    /// assert_eq!(Nps::from_scores(&[10, 11]).unwrap_err().to_string(), "row 1: rating is 11, allowed: 0 to 10");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of the first score above 10.
    ///
    /// # Complexity
    /// O(n) at memory speed, no allocation; on several threads with the feature `rayon`.
    pub fn from_scores(scores: &[u8]) -> Result<Self, Error> {
        kernel::nps_counts(scores).map(Self::from_kernel)
    }

    /// The counts of every segment in one pass: row i has the score `scores[i]` and belongs to segment `keys[i]`.
    ///
    /// ```
    /// use cxo_core::survey::Nps;
    /// let segments = Nps::by_segment(&[0, 1, 0, 1], &[10, 7, 9, 0], 2)?;
    /// assert_eq!(segments[0], Nps { promoters: 2, passives: 0, detractors: 0 });
    /// assert_eq!(segments[1], Nps { promoters: 0, passives: 1, detractors: 1 });
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of the first key that is not below `segments` or score
    /// above 10.
    ///
    /// # Complexity
    /// O(rows + segments), 40 bytes a segment (times the number of threads with the feature `rayon`).
    pub fn by_segment(keys: &[u32], scores: &[u8], segments: usize) -> Result<Vec<Self>, Error> {
        let counts = kernel::nps_by_segment(keys, scores, segments)?;
        Ok(counts.into_iter().map(Self::from_kernel).collect())
    }

    fn from_kernel([detractors, passives, promoters]: kernel::NpsCounts) -> Self {
        Self { promoters, passives, detractors }
    }

    /// Counts one answer.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of responses no longer fits.
    pub fn add(&mut self, category: NpsCategory) -> Result<(), Error> {
        let mut one = Self::default();
        match category {
            NpsCategory::Promoter => one.promoters = 1,
            NpsCategory::Passive => one.passives = 1,
            NpsCategory::Detractor => one.detractors = 1,
        }
        self.merge(&one)
    }

    /// The number of responses.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the sum of the counts does not fit.
    pub fn responses(&self) -> Result<u64, Error> {
        self.promoters
            .checked_add(self.passives)
            .and_then(|sum| sum.checked_add(self.detractors))
            .ok_or_else(|| Error::overflow("number of responses"))
    }

    /// The score in points with its plug-in standard error (divisor n) and the interval of the method.
    ///
    /// The interval is clipped to -100 and 100. Where it does not exist for the sample it says why; the score stands.
    /// Adjusted intervals are centred on the adjusted score, so near all-alike samples they may not hold the plain one.
    ///
    /// ```
    /// use cxo_core::{Confidence, survey::{Nps, NpsMethod}};
    /// let nps = Nps { promoters: 60, passives: 25, detractors: 15 };
    /// let estimate = nps.estimate(NpsMethod::Score, Confidence::P95)?;
    /// let interval = estimate.interval.unwrap();
    /// assert_eq!(format!("{} [{:.2}, {:.2}]", estimate.value, interval.lower, interval.upper), "45 [29.26, 58.13]");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without responses,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if their number does not fit.
    ///
    /// # Complexity
    /// O(1); O(n) for [`NpsMethod::BootstrapPercentile`].
    pub fn estimate(&self, method: NpsMethod, confidence: Confidence) -> Result<Estimate, Error> {
        let n = self.responses()?;
        if n == 0 {
            return Err(Error::no_data("NPS of no responses"));
        }
        let counts = EffectiveCounts::from(*self);
        Ok(Estimate {
            value: 100.0 * counts.score(),
            standard_error: Ok(100.0 * counts.standard_error()),
            interval: match method {
                NpsMethod::BootstrapPercentile => bootstrap::interval(self, n, confidence),
                closed => counts.interval(closed, confidence),
            },
            n,
            effective_n: n as f64,
            method: Method::PlugIn,
        })
    }

    /// The counts beside the estimate, as a row of a table.
    ///
    /// ```
    /// use cxo_core::{Confidence, survey::{Nps, NpsMethod}};
    /// let row = Nps { promoters: 5, passives: 3, detractors: 2 }.result(NpsMethod::Auto, Confidence::P95)?;
    /// assert_eq!((row.responses, row.promoters, row.score.value), (10, 5, 30.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Nps::estimate`].
    pub fn result(&self, method: NpsMethod, confidence: Confidence) -> Result<NpsResult, Error> {
        let score = self.estimate(method, confidence)?;
        Ok(NpsResult {
            responses: score.n,
            promoters: self.promoters,
            passives: self.passives,
            detractors: self.detractors,
            score,
            weighted: None,
        })
    }
}

impl State for Nps {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let add =
            |mine: u64, theirs: u64| mine.checked_add(theirs).ok_or_else(|| Error::overflow("count of responses"));
        let merged = Self {
            promoters: add(self.promoters, other.promoters)?,
            passives: add(self.passives, other.passives)?,
            detractors: add(self.detractors, other.detractors)?,
        };
        merged.responses()?;
        *self = merged;
        Ok(())
    }
}

impl Encode for Nps {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Nps);
        to.counters([self.promoters, self.passives, self.detractors]);
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Nps)?;
        let [promoters, passives, detractors] = from.counters()?;
        from.finish()?;
        let nps = Self { promoters, passives, detractors };
        nps.responses().map(|_| nps)
    }
}

/// The answer to "what is the NPS of this group": the counts and the score with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NpsResult {
    /// The number of responses (rows, also when they are weighted).
    pub responses: u64,
    /// Ratings 9 and 10.
    pub promoters: u64,
    /// Ratings 7 and 8.
    pub passives: u64,
    /// Ratings 0 to 6.
    pub detractors: u64,
    /// The score in points, -100 to 100; the weighted one if there are weights.
    pub score: Estimate,
    /// Sums of weights, if there are weights.
    pub weighted: Option<WeightedNps>,
}

/// Sums of weights by category, beside the plain counts of an [`NpsResult`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct WeightedNps {
    /// Weight of the ratings 9 and 10.
    pub promoters: f64,
    /// Weight of the ratings 7 and 8.
    pub passives: f64,
    /// Weight of the ratings 0 to 6.
    pub detractors: f64,
}

/// The Net Promoter Score of ratings from 0 to 10, with its default interval at 95 %.
///
/// Definition: 100 (share of 9 and 10 - share of 0 to 6), in points from -100 to 100. The interval is the score interval
/// for up to 5 responses and the adjusted Wald interval beyond ([`NpsMethod::Auto`]). For another level or interval, or to
/// merge parts, use [`Nps`]. The employee score (eNPS) is the same call on the answers of employees.
///
/// ```
/// let estimate = cxo_core::survey::nps(&[10, 9, 8, 7, 6, 10, 9, 3, 10, 8])?;
/// assert_eq!((estimate.value, estimate.n), (30.0, 10));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/nps.md`.
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an empty slice, [`ErrorKind::Input`](crate::ErrorKind::Input) with
/// the row of the first score above 10.
pub fn nps(scores: &[u8]) -> Result<Estimate, Error> {
    Nps::from_scores(scores)?.estimate(NpsMethod::Auto, Confidence::default())
}
