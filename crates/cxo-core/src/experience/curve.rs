//! How does the experience rise and fall along the stages? The mean rating of each, and its change from the one before.
//! Stateless; asked of [`Experience`].

use super::clustered;
use super::join::Experience;
use super::scores::PathKey;
use crate::domain::{Scale, Stages};
use crate::journey::Text;
use crate::stats::suppression::Suppressed;
use crate::{Absent, Confidence, Difference, Error, Estimate};

/// Values with the customer of each.
type Ratings = (Vec<f64>, Vec<u32>);

/// The mean rating of each stage, in the order of the stages.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EmotionCurve {
    /// The scale of the ratings; the curve is in its units.
    pub scale: Scale,
    /// One point a stage, whether it is rated or not.
    pub points: Vec<EmotionPoint>,
    /// Passes without a stage, or in one that is not among those asked for; hidden where a stage is.
    pub elsewhere: Result<u64, Suppressed>,
}

/// One stage of the curve.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EmotionPoint {
    /// The stage.
    pub stage: String,
    /// Passes in it, rated or not; hidden with the mean.
    pub passes: Result<u64, Suppressed>,
    /// Their mean rating with Student's t interval, customers as clusters; or why it is not shown.
    pub mean: Result<Result<Estimate, Absent>, Suppressed>,
    /// The mean minus that of the last stage before it that is shown; absent where there is none.
    pub change: Result<Difference, Absent>,
}

impl Experience<'_> {
    /// The curve of these stages. Those with fewer than `min_responses` ratings are hidden, and others with them where they
    /// could be computed by subtraction.
    ///
    /// A change says how the ratings of two stages differ. Not all customers rate both: it mixes how they feel with who rates.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if no stage has a rating.
    ///
    /// # Complexity
    /// O(n s) for n touchpoints and s stages.
    ///
    /// Formula page: `docs/formulas/journey-scores.md`.
    pub fn emotion_curve(
        &self,
        stages: &Stages,
        min_responses: u64,
        confidence: Confidence,
    ) -> Result<EmotionCurve, Error> {
        let names: Vec<&str> = stages.iter().map(crate::domain::Stage::name).collect();
        let column = self.column(Text::Stage);
        let mut rated: Vec<Ratings> = vec![Default::default(); names.len()];
        let (mut passes, mut elsewhere, mut at) = (vec![0_u64; names.len()], 0, 0);
        for journey in self.iter() {
            for pass in journey.passes {
                let stage = column.get(at).and_then(|id| column.names.get(id as usize));
                at += 1;
                let place = stage.and_then(|stage| names.iter().position(|name| name == stage));
                let Some((count, (values, customers))) =
                    place.and_then(|place| passes.get_mut(place).zip(rated.get_mut(place)))
                else {
                    elsewhere += 1;
                    continue;
                };
                *count += 1;
                if let Some(rating) = pass.rating {
                    values.push(f64::from(rating.value()));
                    customers.push(journey.customer);
                }
            }
        }
        if rated.iter().all(|(values, _)| values.is_empty()) {
            return Err(Error::no_data("ratings in these stages"));
        }
        let shown = self.shown(min_responses)?;
        let (mut points, mut before): (Vec<EmotionPoint>, Option<&Ratings>) = (Vec::new(), None);
        for ((name, passes), stage) in names.iter().zip(passes).zip(&rated) {
            let mut point = EmotionPoint {
                stage: (*name).to_owned(),
                passes: Ok(passes),
                mean: Ok(Err(Absent::NoObservations)),
                change: Err(Absent::NoObservations),
            };
            if let Err(reason) = shown.of(PathKey::Stage, name) {
                (point.passes, point.mean) = (Err(reason), Err(reason));
            } else if !stage.0.is_empty() {
                point.mean = Ok(Ok(clustered::estimate(&stage.0, &stage.1, confidence)?));
                if let Some(before) = before {
                    point.change = change(stage, before, confidence)?;
                }
                before = Some(stage);
            }
            points.push(point);
        }
        let hidden = points.iter().find_map(|point| point.passes.err());
        Ok(EmotionCurve { scale: self.scale, points, elsewhere: hidden.map_or(Ok(elsewhere), Err) })
    }
}

fn change(
    (values, customers): &Ratings,
    before: &Ratings,
    confidence: Confidence,
) -> Result<Result<Difference, Absent>, Error> {
    let sides: Vec<bool> = (0..values.len() + before.0.len()).map(|row| row < values.len()).collect();
    let both = [values.as_slice(), &before.0].concat();
    clustered::difference(&both, &sides, &[customers.as_slice(), &before.1].concat(), confidence)
}
