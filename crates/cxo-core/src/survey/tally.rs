//! The histogram of ratings: the one state from which every survey metric is asked.
//!
//! It answers how often each point of a scale was chosen. Its state is one counter a point; NPS, CSAT and CES take it and
//! ask their own question, with their own cuts, as often as they like.

use super::{Nps, NpsCategory, Rating, Scale, kernel, nps::check_scale};
use crate::{Encode, Error, Form, Reader, State, Writer};

/// How often each point of a scale was chosen. Class: distributive, 11 counters; merges are exact.
///
/// ```
/// use cxo_core::{State, survey::{Rating, Scale, Tally}};
///
/// let mut tally = Tally::from_scores(&[5, 4, 4, 1], Scale::ONE_TO_FIVE)?;
/// tally.merge(&Tally::from_scores(&[5], Scale::ONE_TO_FIVE)?)?;
/// assert_eq!(tally.counts(), [1, 0, 0, 2, 2]);
/// assert_eq!((tally.responses(), tally.mean()?), (5, 3.8));
///
/// let ratings = [3, 5].map(|value| Rating::new(value, Scale::ONE_TO_FIVE));
/// let collected: Tally = ratings.into_iter().collect::<Result<Result<_, _>, _>>()??;
/// assert_eq!(collected.responses(), 2);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawTally", into = "RawTally")
)]
pub struct Tally {
    scale: Scale,
    /// Zero beyond the points of the scale; the sum fits a `u64`.
    counts: [u64; Scale::MAX_POINTS],
}

/// As written: exactly one count a point.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawTally {
    scale: Scale,
    counts: Vec<u64>,
}

#[cfg(feature = "serde")]
impl From<Tally> for RawTally {
    fn from(tally: Tally) -> Self {
        Self { scale: tally.scale, counts: tally.counts().to_vec() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawTally> for Tally {
    type Error = Error;
    fn try_from(raw: RawTally) -> Result<Self, Error> {
        Self::from_counts(&raw.counts, raw.scale)
    }
}

impl Tally {
    /// An empty tally of a scale.
    #[must_use]
    pub const fn new(scale: Scale) -> Self {
        Self { scale, counts: [0; Scale::MAX_POINTS] }
    }

    /// The tally of a column of scores.
    ///
    /// ```
    /// use cxo_core::survey::{Scale, Tally};
    /// assert_eq!(Tally::from_scores(&[1, 3, 3], Scale::new(1, 3, cxo_core::survey::Direction::HighIsGood)?)?.counts(), [1, 0, 2]);
    /// let error = Tally::from_scores(&[1, 0], Scale::ONE_TO_FIVE).unwrap_err();
    /// assert_eq!(error.to_string(), "row 1: rating is 0, allowed: 1 to 5");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of the first score that the scale does not have.
    ///
    /// # Complexity
    /// O(n), no allocation; on several threads with the feature `rayon`.
    pub fn from_scores(scores: &[u8], scale: Scale) -> Result<Self, Error> {
        Ok(Self { scale, counts: kernel::bins(scores, scale)? })
    }

    /// The tally of every segment in one pass: row i has the score `scores[i]` and belongs to segment `keys[i]`.
    ///
    /// ```
    /// use cxo_core::survey::{Scale, Tally};
    /// let tallies = Tally::by_segment(&[0, 2, 0], &[1, 5, 2], 3, Scale::ONE_TO_FIVE)?;
    /// assert_eq!(tallies[0].counts(), [1, 1, 0, 0, 0]);
    /// assert_eq!(tallies[1].responses(), 0);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of the first key that is not below `segments` or score
    /// that the scale does not have.
    ///
    /// # Complexity
    /// O(rows + segments).
    pub fn by_segment(keys: &[u32], scores: &[u8], segments: usize, scale: Scale) -> Result<Vec<Self>, Error> {
        let bins = kernel::bins_by_segment(keys, scores, segments, scale)?;
        Ok(bins.into_iter().map(|counts| Self { scale, counts }).collect())
    }

    /// The tally of known counts, one for each point of the scale from the least value up.
    ///
    /// ```
    /// use cxo_core::survey::{Scale, Tally};
    /// assert_eq!(Tally::from_counts(&[14, 9, 10, 32, 42], Scale::ONE_TO_FIVE)?.responses(), 107);
    /// assert!(Tally::from_counts(&[14, 9], Scale::ONE_TO_FIVE).is_err());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there are as many counts as points,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if their sum does not fit.
    pub fn from_counts(counts: &[u64], scale: Scale) -> Result<Self, Error> {
        if counts.len() != scale.points() {
            return Err(Error::incompatible(format!("{} counts for the scale {scale}", counts.len())));
        }
        let mut tally = Self::new(scale);
        for (mine, &given) in tally.counts.iter_mut().zip(counts) {
            *mine = given;
        }
        tally.checked()
    }

    /// The tally of ratings of one scale.
    ///
    /// Ratings know their scale, so `ratings.collect::<Result<Tally, Error>>()` also works; this one answers without
    /// ratings too.
    ///
    /// # Errors
    /// As [`Tally::add`].
    pub fn from_ratings(scale: Scale, ratings: impl IntoIterator<Item = Rating>) -> Result<Self, Error> {
        let mut tally = Self::new(scale);
        tally.try_extend(ratings)?;
        Ok(tally)
    }

    /// Counts every rating, or none if one of them is refused.
    ///
    /// `Extend` cannot say no, so it is not implemented: a rating of another scale is an error.
    ///
    /// # Errors
    /// As [`Tally::add`], with the position of the rating as the row. `self` is then unchanged.
    pub fn try_extend(&mut self, ratings: impl IntoIterator<Item = Rating>) -> Result<(), Error> {
        let mut extended = *self;
        for (row, rating) in (0..).zip(ratings) {
            extended.add(rating).map_err(|error| error.at_row(row))?;
        }
        *self = extended;
        Ok(())
    }

    /// Counts one rating.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating of another scale,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of ratings no longer fits.
    pub fn add(&mut self, rating: Rating) -> Result<(), Error> {
        if rating.scale() != self.scale {
            return Err(Error::incompatible(format!("a rating on {} in a tally on {}", rating.scale(), self.scale)));
        }
        let mut tally = *self;
        if let Some(count) = tally.counts.get_mut(rating.bin()) {
            *count = count.checked_add(1).ok_or_else(overflow)?;
        }
        *self = tally.checked()?;
        Ok(())
    }

    fn checked(self) -> Result<Self, Error> {
        let total = self.counts.iter().try_fold(0u64, |sum, &count| sum.checked_add(count));
        total.map(|_| self).ok_or_else(overflow)
    }

    /// The scale.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// The count of each point of the scale, from the least value up.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        self.counts.get(..self.scale.points()).unwrap_or(&self.counts)
    }

    /// Each point of the scale with its count, from the least value up.
    ///
    /// ```
    /// use cxo_core::survey::{Scale, Tally};
    /// let tally = Tally::from_scores(&[4, 5, 5], Scale::ONE_TO_FIVE)?;
    /// assert_eq!(tally.points().filter(|&(_, count)| count > 0).collect::<Vec<_>>(), [(4, 1), (5, 2)]);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    pub fn points(&self) -> impl Iterator<Item = (i8, u64)> + '_ {
        (self.scale.min()..=self.scale.max()).zip(self.counts().iter().copied())
    }

    /// The number of ratings.
    #[must_use]
    pub fn responses(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The mean rating, on the scale.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without ratings.
    pub fn mean(&self) -> Result<f64, Error> {
        let n = self.responses();
        if n == 0 {
            return Err(Error::no_data("mean of no ratings"));
        }
        let sum: i128 = self.points().map(|(value, count)| i128::from(value) * i128::from(count)).sum();
        Ok(sum as f64 / n as f64)
    }

    /// The three counts of the Net Promoter Score.
    ///
    /// ```
    /// use cxo_core::survey::{Nps, Scale, Tally};
    /// assert_eq!(Tally::from_scores(&[10, 9, 7, 6], Scale::NPS)?.nps()?, Nps { promoters: 2, passives: 1, detractors: 1 });
    /// assert!(Tally::new(Scale::ONE_TO_TEN).nps().is_err());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for any scale but 0 to 10, high is good.
    pub fn nps(&self) -> Result<Nps, Error> {
        check_scale(self.scale)?;
        let mut nps = Nps::default();
        for (value, count) in self.points() {
            match NpsCategory::of_value(value) {
                NpsCategory::Promoter => nps.promoters += count,
                NpsCategory::Passive => nps.passives += count,
                NpsCategory::Detractor => nps.detractors += count,
            }
        }
        Ok(nps)
    }
}

fn overflow() -> Error {
    Error::overflow("count of responses")
}

impl State for Tally {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.scale != other.scale {
            return Err(Error::incompatible(format!("tallies on {} and on {}", self.scale, other.scale)));
        }
        let mut merged = *self;
        for (mine, theirs) in merged.counts.iter_mut().zip(other.counts) {
            *mine = mine.checked_add(theirs).ok_or_else(overflow)?;
        }
        *self = merged.checked()?;
        Ok(())
    }
}

impl Encode for Tally {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Tally);
        self.scale.write(&mut to);
        to.counters(self.counts().iter().copied());
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Tally)?;
        let scale = Scale::read(&mut from)?;
        let counts = (0..scale.points()).map(|_| from.u64()).collect::<Result<Vec<u64>, Error>>()?;
        from.finish()?;
        Self::from_counts(&counts, scale)
    }
}

impl FromIterator<Rating> for Result<Tally, Error> {
    /// The tally on the scale of the first rating. Without ratings the scale is unknown:
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData); [`Tally::from_ratings`] answers that case.
    fn from_iter<I: IntoIterator<Item = Rating>>(ratings: I) -> Self {
        let mut ratings = ratings.into_iter();
        let first = ratings.next().ok_or_else(|| Error::no_data("a tally of no ratings has no scale"))?;
        Tally::from_ratings(first.scale(), std::iter::once(first).chain(ratings))
    }
}
