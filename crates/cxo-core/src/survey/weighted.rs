//! What does a survey say when responses stand for different numbers of customers?
//!
//! State: [`WeightedTally`], for each point of the scale the number of ratings, the sum of their weights and the sum of the
//! squared weights. Weighted NPS, CSAT and CES are asked of it; samples with strata or clusters need a
//! [`Sample`](super::Sample).

use super::{
    Ces, CesResult, Csat, CsatResult, NpsMethod, NpsResult, Rating, Scale, Tally,
    designed::{self, Designed, Respondents, Source},
};
use crate::{
    Absent, Confidence, Encode, Error, Form, Reader, State, Writer,
    domain::Weight,
    numeric::sum::Sum,
    stats::design::{DesignEstimate, Weights},
};

/// The weighted histogram of ratings. Class: algebraic, 5 words for each of up to 11 points.
///
/// A mean of the sample is m = Σ w v / Σ w; its standard error is linearised, sqrt(n / (n - 1) Σ w² (v - m)²) / Σ w, which
/// the sums of weights and squared weights by rating give exactly. Equal weights give the unweighted estimate; the
/// standard error then has the divisor n - 1 where the unweighted one has n. Multiplying all weights by a constant changes
/// no estimate.
///
/// Counts are exact. The sums are compensated and all terms are positive, so that another order of rows or merges moves
/// them by a few units in the last place at most.
///
/// ```
/// use cxo_core::{Confidence, domain::Weight, survey::{NpsMethod, Rating, Scale, WeightedTally}};
///
/// let mut tally = WeightedTally::new(Scale::NPS);
/// for (score, weight) in [(10, 1.0), (9, 2.0), (8, 1.0), (3, 0.5), (6, 1.5)] {
///     tally.add(Rating::new(score, Scale::NPS)?, Weight::new(weight)?)?;
/// }
/// let nps = tally.nps(NpsMethod::Auto, Confidence::P95)?;
/// assert!((nps.result.score.value - 100.0 / 6.0).abs() < 1e-12);
/// assert_eq!((nps.result.responses, nps.result.promoters), (5, 2));
/// assert!((nps.result.score.effective_n - 36.0 / 8.5).abs() < 1e-12);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/weighting.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawWeightedTally", into = "RawWeightedTally")
)]
pub struct WeightedTally {
    scale: Scale,
    points: [Weights; Scale::MAX_POINTS],
}

/// As written: exactly one entry a point.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawWeightedTally {
    scale: Scale,
    points: Vec<Weights>,
}

#[cfg(feature = "serde")]
impl From<WeightedTally> for RawWeightedTally {
    fn from(tally: WeightedTally) -> Self {
        Self { scale: tally.scale, points: tally.points().map(|(_, weights)| weights).collect() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawWeightedTally> for WeightedTally {
    type Error = Error;
    fn try_from(raw: RawWeightedTally) -> Result<Self, Error> {
        let wanted = raw.scale.points();
        if raw.points.len() != wanted {
            return Err(Error::input(
                "points of a weighted tally",
                raw.points.len(),
                format!("{wanted} on {}", raw.scale),
            ));
        }
        let mut tally = Self::new(raw.scale);
        for (mine, given) in tally.points.iter_mut().zip(raw.points) {
            *mine = given;
        }
        tally.weights().map(|_| tally)
    }
}

impl WeightedTally {
    /// An empty tally of a scale.
    #[must_use]
    pub fn new(scale: Scale) -> Self {
        Self { scale, points: [Weights::default(); Scale::MAX_POINTS] }
    }

    /// The tally of ratings with their weights.
    ///
    /// # Errors
    /// As for [`WeightedTally::add`], with the row.
    pub fn from_pairs(scale: Scale, pairs: impl IntoIterator<Item = (Rating, Weight)>) -> Result<Self, Error> {
        let mut tally = Self::new(scale);
        for (row, (rating, weight)) in (0..).zip(pairs) {
            tally.add(rating, weight).map_err(|error| error.at_row(row))?;
        }
        Ok(tally)
    }

    /// Counts one rating.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating of another scale.
    pub fn add(&mut self, rating: Rating, weight: Weight) -> Result<(), Error> {
        if rating.scale() != self.scale {
            return Err(Error::incompatible(format!("a rating on {} in a tally on {}", rating.scale(), self.scale)));
        }
        self.add_bin(rating.bin(), weight.get());
        Ok(())
    }

    /// Counts a position of the scale; one beyond it is ignored.
    pub(super) fn add_bin(&mut self, bin: usize, weight: f64) {
        if let Some(point) = self.points.get_mut(bin) {
            point.add(weight);
        }
    }

    /// The scale.
    #[must_use]
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Each value of the scale, from the least, with the weights of its ratings.
    pub fn points(&self) -> impl Iterator<Item = (i8, Weights)> + '_ {
        (self.scale.min()..=self.scale.max()).zip(self.points.iter().copied())
    }

    /// The weights of all ratings: their number, sum and Kish's effective n.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of responses does not fit.
    pub fn weights(&self) -> Result<Weights, Error> {
        self.points.iter().try_fold(Weights::default(), |all, point| all.merged(*point))
    }

    /// The unweighted tally of the same ratings.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of responses does not fit.
    pub fn tally(&self) -> Result<Tally, Error> {
        let counts: Vec<u64> = self.points().map(|(_, weights)| weights.count()).collect();
        Tally::from_counts(&counts, self.scale)
    }

    /// The weighted mean of any function of the rating, with its linearised standard error.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without ratings, [`ErrorKind::Input`](crate::ErrorKind::Input) if
    /// the function is not finite for a rating.
    pub fn mean(&self, value: impl Fn(i8) -> f64) -> Result<DesignEstimate, Error> {
        let mut points = Vec::with_capacity(Scale::MAX_POINTS);
        for (rating, weights) in self.points().filter(|(_, weights)| weights.count() > 0) {
            let value = value(rating);
            if !value.is_finite() {
                return Err(Error::input(format!("value of rating {rating}"), value, "a finite number"));
            }
            points.push((value, weights));
        }
        let Some(&(origin, _)) = points.first() else { return Err(Error::no_data("mean of no responses")) };
        let weights = self.weights()?;
        // Refuses weights whose squares leave the range.
        weights.effective_n()?;
        let (n, total) = (weights.count(), weights.sum());
        let moment = |of: &dyn Fn(f64, Weights) -> f64| points.iter().map(|&(v, w)| of(v, w)).collect::<Sum>().value();
        // Distances from one of the values: a constant has exactly its mean and no variance.
        let mean = origin + moment(&|value, weights| weights.sum() * (value - origin)) / total;
        let variance = moment(&|value, weights| weights.sum() * (value - mean).powi(2)) / total;
        let squares = moment(&|value, weights| weights.sum_of_squares() * (value - mean).powi(2));
        let standard_error =
            if n == 1 { Err(Absent::OneObservation) } else { Ok((n as f64 / (n - 1) as f64 * squares).sqrt() / total) };
        Ok(DesignEstimate { value: mean, standard_error, variance: Ok(variance), weights, clusters: n, strata: 1 })
    }

    /// The weighted NPS.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without ratings,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another scale than 0-10.
    pub fn nps(&self, method: NpsMethod, confidence: Confidence) -> Result<Designed<NpsResult>, Error> {
        designed::nps(self, method, confidence)
    }

    /// The weighted CSAT.
    ///
    /// # Errors
    /// As for [`Csat::ask`].
    pub fn csat(&self, question: &Csat) -> Result<Designed<CsatResult>, Error> {
        designed::csat(self, question)
    }

    /// The weighted CES.
    ///
    /// # Errors
    /// As for [`Ces::ask`].
    pub fn ces(&self, question: &Ces) -> Result<Designed<CesResult>, Error> {
        designed::ces(self, question)
    }
}

impl Source for WeightedTally {
    fn tally(&self) -> WeightedTally {
        *self
    }

    fn mean(&self, value: &dyn Fn(i8) -> f64) -> Result<DesignEstimate, Error> {
        Self::mean(self, value)
    }

    fn respondents(&self) -> Respondents {
        Respondents::Unknown
    }
}

impl State for WeightedTally {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.scale != other.scale {
            return Err(Error::incompatible(format!("tallies on {} and on {}", self.scale, other.scale)));
        }
        let mut merged = *self;
        for (mine, theirs) in merged.points.iter_mut().zip(other.points) {
            *mine = mine.merged(theirs)?;
        }
        merged.weights()?;
        *self = merged;
        Ok(())
    }
}

impl Encode for WeightedTally {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::WeightedTally);
        self.scale.write(&mut to);
        self.points().for_each(|(_, weights)| weights.write(&mut to));
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::WeightedTally)?;
        let mut tally = Self::new(Scale::read(&mut from)?);
        for point in tally.points.iter_mut().take(tally.scale.points()) {
            *point = Weights::read(&mut from)?;
        }
        from.finish()?;
        tally.weights().map(|_| tally)
    }
}
