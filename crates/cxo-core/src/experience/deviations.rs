//! Which departures from the design go with worse ratings and outcomes? Journeys with a deviation against those without. Stateless;
//! asked of [`Experience`] about a [`Conformance`].

use std::collections::BTreeMap;

use super::clustered;
use super::join::Experience;
use super::outcome::{Evidence, PathOutcome};
use crate::journey::{Conformance, Deviation, is_biased};
use crate::{Absent, Confidence, Difference, Error};

/// Every deviation with what goes with it, in the order of the conformance.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviationAssociations {
    /// Observed, not assigned.
    pub evidence: Evidence,
    /// Journeys left out of outcomes because theirs may still come.
    pub open: u64,
    /// Whether these are more than 5 % of all journeys: then outcomes are biased towards quick endings.
    pub biased: bool,
    /// Each deviation.
    pub deviations: Vec<DeviationAssociation>,
}

/// Journeys with a deviation against those without.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviationAssociation {
    /// The deviation.
    pub deviation: Deviation,
    /// Rated journeys with it, and without.
    pub rated: [u64; 2],
    /// Mean score of the journeys with it minus that of those without, in units of the scale.
    pub score: Result<Difference, Absent>,
    /// Share with the outcome of the journeys with it minus that of those without; absent where the deviation is about the
    /// outcome itself, and where it was not asked for.
    pub outcome: Result<Difference, Absent>,
}

impl Experience<'_> {
    /// Holds journeys with each deviation of a conformance against those without.
    ///
    /// The score of a journey is its own rating, else the average of the ratings of its passes; journeys without any count for
    /// outcomes alone. Customers are clusters. Groups of fewer than `min_responses` rated journeys have no score, and of fewer
    /// journeys no outcome.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an outcome that no record has;
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a conformance of other journeys: not every journey of
    /// this experience is in it.
    ///
    /// # Complexity
    /// O(d n) for d deviations and n journeys.
    ///
    /// Formula page: `docs/formulas/conformance.md`.
    pub fn deviations(
        &self,
        conformance: &Conformance,
        outcome: Option<&PathOutcome>,
        min_responses: u64,
        confidence: Confidence,
    ) -> Result<DeviationAssociations, Error> {
        let outcomes = outcome.map(|outcome| outcome.resolve(self)).transpose()?;
        let known: BTreeMap<usize, &[usize]> =
            conformance.each.iter().map(|journey| (journey.journey, journey.deviations.as_slice())).collect();
        let (mut scores, mut ended, mut open) = (Side::default(), Side::default(), 0);
        for journey in self.iter() {
            let same = conformance.each.len() >= self.len();
            let Some(&deviations) = known.get(&journey.source).filter(|_| same) else {
                return Err(Error::incompatible("a conformance of other journeys"));
            };
            let ratings =
                || journey.passes.iter().filter_map(|pass| pass.rating).map(|rating| f64::from(rating.value()));
            let count = ratings().count();
            let average = (count > 0).then(|| ratings().sum::<f64>() / count as f64);
            if let Some(score) = journey.rating.map(|rating| f64::from(rating.value())).or(average) {
                scores.push(score, journey.customer, deviations);
            }
            if let Some(outcomes) = &outcomes {
                match outcomes.of(&journey).anywhere() {
                    Some(reached) => ended.push(f64::from(u8::from(reached)), journey.customer, deviations),
                    None => open += 1,
                }
            }
        }
        let associate = |(place, deviation): (usize, &Deviation)| {
            let about = outcome.is_some_and(|outcome| {
                deviation.touchpoint.as_ref().is_some_and(|touchpoint| outcome.touchpoints.contains(touchpoint))
            });
            let (rated, score) = scores.difference(place, min_responses, confidence)?;
            let outcome = match (&outcomes, about) {
                (None, _) => Err(Absent::NotAsked),
                (Some(_), true) => Err(Absent::ByDefinition),
                (Some(_), false) => ended.difference(place, min_responses, confidence)?.1,
            };
            Ok(DeviationAssociation { deviation: deviation.clone(), rated, score, outcome })
        };
        let deviations = conformance.deviations.iter().enumerate().map(associate).collect::<Result<_, Error>>()?;
        let biased = is_biased(open, self.len() as u64 - open);
        Ok(DeviationAssociations { evidence: Evidence::Observational, open, biased, deviations })
    }
}

/// A value a journey, with its deviations.
#[derive(Default)]
struct Side<'a> {
    values: Vec<f64>,
    customers: Vec<u32>,
    deviations: Vec<&'a [usize]>,
}

impl<'a> Side<'a> {
    fn push(&mut self, value: f64, customer: u32, deviations: &'a [usize]) {
        self.values.push(value);
        self.customers.push(customer);
        self.deviations.push(deviations);
    }

    /// How many have the deviation and how many not, and the difference between them.
    fn difference(
        &self,
        deviation: usize,
        least: u64,
        confidence: Confidence,
    ) -> Result<([u64; 2], Result<Difference, Absent>), Error> {
        let with: Vec<bool> = self.deviations.iter().map(|all| all.binary_search(&deviation).is_ok()).collect();
        let count = with.iter().filter(|with| **with).count() as u64;
        let counts = [count, with.len() as u64 - count];
        if counts.iter().any(|count| *count < least.max(1)) {
            return Ok((counts, Err(Absent::NoObservations)));
        }
        Ok((counts, clustered::difference(&self.values, &with, &self.customers, confidence)?))
    }
}
