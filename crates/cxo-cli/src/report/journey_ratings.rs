//! Which passage of the journey does each rating of the feedback tell of? The feedback names its touchpoint; the record is the last
//! one of that touchpoint before the answer.

use std::collections::{BTreeMap, HashMap};

use cxo_core::{
    Error,
    domain::{CustomerId, Feedback, Rating, Scale, SurveyMetric, TouchpointName},
    journey::{EventLog, Journeys},
};

/// Every rating of the feedback, by question and scale.
#[derive(Debug, Default)]
pub(crate) struct Ratings {
    of: BTreeMap<(SurveyMetric, i8, i8), Answered>,
}

/// The ratings of one question on one scale.
#[derive(Debug, Default)]
struct Answered {
    said: Vec<Said>,
    /// Ratings without customer or time.
    anonymous: u64,
}

#[derive(Debug)]
struct Said {
    customer: CustomerId,
    touchpoint: Option<TouchpointName>,
    time: i64,
    rating: Rating,
}

/// The log with the ratings of one question.
pub(crate) struct Rated {
    pub(crate) metric: SurveyMetric,
    pub(crate) scale: Scale,
    pub(crate) log: EventLog,
    pub(crate) joined: u64,
    pub(crate) unattached: u64,
    pub(crate) superseded: u64,
}

/// Stands for any touchpoint.
const ANY: u32 = u32::MAX;

impl Ratings {
    /// Takes one record of the feedback in.
    pub(crate) fn add(&mut self, feedback: &Feedback) {
        let Some(rating) = feedback.rating else { return };
        let scale = rating.scale();
        let answered = self.of.entry((feedback.metric, scale.min(), scale.max())).or_default();
        match (&feedback.customer, feedback.time) {
            (Some(customer), Some(time)) => answered.said.push(Said {
                customer: customer.clone(),
                touchpoint: feedback.touchpoint.clone(),
                time: time.0,
                rating,
            }),
            _ => answered.anonymous += 1,
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The log with the ratings of each question, the one with most ratings on the journey first. What came longer than the window
    /// before a rating, in microseconds, is not what it tells of.
    pub(crate) fn joined(&self, journeys: &Journeys<'_>, window: i64) -> Result<Vec<Rated>, Error> {
        let joined = self.of.iter().map(|((metric, ..), answered)| answered.joined(*metric, journeys, window));
        let mut rated: Vec<Rated> = joined.filter_map(Result::transpose).collect::<Result<_, Error>>()?;
        rated.sort_by_key(|rated| std::cmp::Reverse(rated.joined));
        Ok(rated)
    }
}

impl Answered {
    fn joined(&self, metric: SurveyMetric, journeys: &Journeys<'_>, window: i64) -> Result<Option<Rated>, Error> {
        let Some(scale) = self.said.first().map(|said| said.rating.scale()) else { return Ok(None) };
        let mut customers: HashMap<&str, u32> = HashMap::new();
        for said in &self.said {
            let next = u32::try_from(customers.len()).map_err(|_| Error::overflow("number of customers"))?;
            customers.entry(said.customer.as_str()).or_insert(next);
        }
        let records = records(journeys, &customers, self.said.iter().any(|said| said.touchpoint.is_none()));
        // By time, so that of several ratings of one passage the last counts.
        let mut said: Vec<&Said> = self.said.iter().collect();
        said.sort_by_key(|said| said.time);
        let mut scores: Vec<Option<i8>> = vec![None; journeys.log().len()];
        let (mut unattached, mut superseded) = (self.anonymous, 0);
        for said in said {
            let touchpoint = said.touchpoint.as_ref().map_or(Some(ANY), |name| journeys.number(name.as_str()));
            let place = customers.get(said.customer.as_str()).zip(touchpoint).and_then(|(&customer, touchpoint)| {
                let after = records.partition_point(|record| *record <= (customer, touchpoint, said.time, u32::MAX));
                let last = records.get(after.checked_sub(1)?)?;
                let fits = (last.0, last.1) == (customer, touchpoint) && said.time.saturating_sub(last.2) <= window;
                scores.get_mut(last.3 as usize).filter(|_| fits)
            });
            match place {
                None => unattached += 1,
                Some(score) => superseded += u64::from(score.replace(said.rating.value()).is_some()),
            }
        }
        let (mut log, mut joined) = (EventLog::default(), 0);
        for (row, score) in scores.into_iter().enumerate() {
            let Some(mut event) = journeys.log().get(row) else { continue };
            event.score = score.map(f64::from);
            // What a touchpoint was worth is not asked, and a log without currency holds no worth.
            event.value = None;
            joined += u64::from(score.is_some());
            log.add(&event)?;
        }
        Ok(Some(Rated { metric, scale, log, joined, unattached, superseded }))
    }
}

/// The records of customers who gave a rating: customer, touchpoint, time and row, in that order; once more under any touchpoint
/// where a rating does not name its own.
fn records(journeys: &Journeys<'_>, customers: &HashMap<&str, u32>, any: bool) -> Vec<(u32, u32, i64, u32)> {
    let mut records = Vec::new();
    for journey in journeys.iter() {
        let name = journeys.customer(journey.customer).unwrap_or_default();
        let Some(&customer) = customers.get(name) else { continue };
        for ((&step, &time), &row) in journey.steps.iter().zip(journey.times).zip(journey.rows) {
            records.push((customer, step, time, row));
            if any {
                records.push((customer, ANY, time, row));
            }
        }
    }
    records.sort_unstable();
    records
}
