//! The histogram of ratings: the one state from which every survey metric is asked.

use super::{Rating, Scale};
use crate::{Error, State};

/// How often each point of a scale was chosen. Class: distributive, 11 counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    scale: Scale,
    counts: [u64; Scale::MAX_POINTS],
}

impl Tally {
    /// An empty tally of a scale.
    #[must_use]
    pub const fn new(scale: Scale) -> Self {
        Self { scale, counts: [0; Scale::MAX_POINTS] }
    }

    /// The tally of a column of scores.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of the first score that the scale does not have.
    ///
    /// # Complexity
    /// O(n), no allocation.
    pub fn from_scores(scores: &[u8], scale: Scale) -> Result<Self, Error> {
        let mut tally = Self::new(scale);
        for (row, &score) in (0..).zip(scores) {
            tally.add(Rating::new(i64::from(score), scale).map_err(|error| error.at_row(row))?)?;
        }
        Ok(tally)
    }

    /// Counts one rating.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating of another scale.
    pub fn add(&mut self, rating: Rating) -> Result<(), Error> {
        if rating.scale() != self.scale {
            return Err(Error::incompatible(format!("a rating on {} in a tally on {}", rating.scale(), self.scale)));
        }
        if let Some(count) = self.counts.get_mut(rating.bin()) {
            *count += 1;
        }
        Ok(())
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

    /// The number of ratings.
    #[must_use]
    pub fn responses(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl State for Tally {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.scale != other.scale {
            return Err(Error::incompatible(format!("tallies on {} and on {}", self.scale, other.scale)));
        }
        let mut merged = self.counts;
        for (mine, theirs) in merged.iter_mut().zip(other.counts) {
            *mine = mine.checked_add(theirs).ok_or_else(|| Error::overflow("count of responses"))?;
        }
        self.counts = merged;
        Ok(())
    }
}
