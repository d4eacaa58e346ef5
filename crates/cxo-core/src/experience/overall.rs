//! Is the journey as good as its touchpoints? Ratings of journeys against those of what they consist of. Stateless; asked of
//! [`Experience`].

use super::clustered;
use super::join::Experience;
use super::outcome::bad_ratings;
use crate::stats::suppression::{Suppressed, Suppression};
use crate::survey::RatingBox;
use crate::{Absent, Confidence, Difference, Error, Estimate};

/// Touchpoints fine, journey poor? A few bad passes each are many bad journeys together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OverallExperience {
    /// The ratings that are bad.
    pub bad: RatingBox,
    /// The share of the rated passes that is not rated badly, or why it is not shown.
    pub good_passes: Result<Estimate, Suppressed>,
    /// The share of the journeys with a rated pass in which none is rated badly, or why it is not shown.
    pub good_journeys: Result<Estimate, Suppressed>,
    /// Ratings of journeys as a whole, or why they are not shown; absent where there are none beside a rated pass.
    pub journeys: Result<Result<JourneyRatings, Absent>, Suppressed>,
}

/// Journeys that are rated as a whole and of which a pass is rated.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JourneyRatings {
    /// How many.
    pub journeys: u64,
    /// The mean rating of the journey.
    pub journey_mean: Estimate,
    /// The mean over journeys of the average rating of its passes.
    pub touchpoint_mean: Estimate,
    /// Journey minus the average of its touchpoints, paired.
    pub difference: Difference,
    /// Journeys without a badly rated pass.
    pub good_throughout: u64,
    /// Those of them that are rated badly as a whole.
    pub good_throughout_but_bad: u64,
}

impl Experience<'_> {
    /// Journeys against their touchpoints. `bad` are the ratings that are bad, the default of the scale where it is none.
    /// What rests on fewer than `min_responses` ratings or journeys is hidden, and that of rated journeys where the others could be
    /// computed from it.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a rated pass; [`ErrorKind::Input`](crate::ErrorKind::Input) for a
    /// scale without a default for what is bad.
    ///
    /// # Complexity
    /// O(n) for n touchpoints.
    ///
    /// Formula page: `docs/formulas/journey-scores.md`.
    pub fn overall(
        &self,
        bad: Option<RatingBox>,
        min_responses: u64,
        confidence: Confidence,
    ) -> Result<OverallExperience, Error> {
        let bad = bad.map_or_else(|| bad_ratings(self.scale), Ok)?;
        let good = |rating: i8| f64::from(u8::from(!bad.contains(rating)));
        let (mut passes, mut of_passes) = (Vec::new(), Vec::new());
        let (mut journeys, mut of_journeys) = (Vec::new(), Vec::new());
        let (mut whole, mut averages, mut of_whole, mut good_bad) = (Vec::new(), Vec::new(), Vec::new(), [0, 0]);
        for journey in self.iter() {
            let ratings = || journey.passes.iter().filter_map(|pass| pass.rating).map(crate::domain::Rating::value);
            let count = ratings().count();
            if count == 0 {
                continue;
            }
            passes.extend(ratings().map(good));
            of_passes.extend(std::iter::repeat_n(journey.customer, count));
            let throughout = ratings().all(|rating| !bad.contains(rating));
            journeys.push(f64::from(u8::from(throughout)));
            of_journeys.push(journey.customer);
            if let Some(rating) = journey.rating {
                whole.push(f64::from(rating.value()));
                averages.push(ratings().map(f64::from).sum::<f64>() / count as f64);
                of_whole.push(journey.customer);
                good_bad[0] += u64::from(throughout);
                good_bad[1] += u64::from(throughout && bad.contains(rating.value()));
            }
        }
        if passes.is_empty() {
            return Err(Error::no_data("ratings of touchpoints"));
        }
        let differences: Vec<f64> = whole.iter().zip(&averages).map(|(whole, average)| whole - average).collect();
        let journey_ratings = if whole.is_empty() {
            Err(Absent::NotRecorded)
        } else {
            Ok(JourneyRatings {
                journeys: whole.len() as u64,
                journey_mean: clustered::estimate(&whole, &of_whole, confidence)?,
                touchpoint_mean: clustered::estimate(&averages, &of_whole, confidence)?,
                difference: clustered::paired(&differences, &of_whole, confidence)?,
                good_throughout: good_bad[0],
                good_throughout_but_bad: good_bad[1],
            })
        };
        let mut document = Suppression::new(min_responses);
        let cells = (document.total(passes.len() as u64), document.total(journeys.len() as u64));
        let rated = document.table(cells.1, &[whole.len() as u64])?;
        let decisions = document.decide();
        let shown = |cell, values: &[f64], customers: &[u32]| match decisions.of(cell) {
            Ok(()) => clustered::estimate(values, customers, confidence).map(Ok),
            Err(hidden) => Ok(Err(hidden)),
        };
        Ok(OverallExperience {
            bad,
            good_passes: shown(cells.0, &passes, &of_passes)?,
            good_journeys: shown(cells.1, &journeys, &of_journeys)?,
            journeys: rated.into_iter().try_for_each(|cell| decisions.of(cell)).map(|()| journey_ratings),
        })
    }
}
