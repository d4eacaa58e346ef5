//! What would customers of a model do? Purchase histories drawn from it, for recovery tests, coverage and planning. State: flat
//! columns of times; called by every model.

use super::{Summaries, Summary};
use crate::numeric::random::Random;
use crate::{Error, Seed};

/// Simulated customers: for each the age, the times of repeat purchases since the first, and whether he is still alive.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    ages: Vec<f64>,
    alive: Vec<bool>,
    times: Vec<f64>,
    /// Where the times of each customer end; they begin where those of the one before end.
    ends: Vec<usize>,
}

impl Simulated {
    /// Draws one customer for each age, on a stream of his own. `customer` pushes the times of repeat purchases up to the age in
    /// ascending order and says whether he is alive then.
    pub(super) fn draw(
        ages: &[f64],
        seed: Seed,
        mut customer: impl FnMut(&mut Random, f64, &mut Vec<f64>) -> bool,
    ) -> Result<Self, Error> {
        let mut simulated =
            Self { ages: ages.to_vec(), alive: Vec::with_capacity(ages.len()), times: Vec::new(), ends: Vec::new() };
        for (stream, &age) in (0..).zip(ages) {
            if !(age >= 0.0 && age.is_finite()) {
                return Err(Error::input("age", age, "a finite time of at least 0").at_row(stream));
            }
            simulated.alive.push(customer(&mut Random::new(seed.0, stream), age, &mut simulated.times));
            simulated.ends.push(simulated.times.len());
        }
        Ok(simulated)
    }

    /// The number of customers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ages.is_empty()
    }

    /// The times of the repeat purchases of a customer, since the first purchase.
    #[must_use]
    pub fn purchases(&self, customer: usize) -> &[f64] {
        let from = customer.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(customer).and_then(|&to| self.times.get(from..to)).unwrap_or_default()
    }

    /// Whether a customer is alive at his age.
    #[must_use]
    pub fn is_alive(&self, customer: usize) -> bool {
        self.alive.get(customer).copied().unwrap_or_default()
    }

    /// The histories up to the ages.
    ///
    /// # Errors
    /// Those of [`Summary::new`].
    pub fn summaries(&self) -> Result<Summaries, Error> {
        self.until(&self.ages).map(|(summaries, _)| summaries)
    }

    /// The histories as they were `horizon` before the ages, and how many purchases each customer made since. A customer who is
    /// younger than `horizon` counts from the first purchase.
    ///
    /// # Errors
    /// Those of [`Summary::new`].
    pub fn calibration_and_holdout(&self, horizon: f64) -> Result<(Summaries, Vec<u64>), Error> {
        let ages: Vec<f64> = self.ages.iter().map(|age| (age - horizon).max(0.0)).collect();
        self.until(&ages)
    }

    fn until(&self, ages: &[f64]) -> Result<(Summaries, Vec<u64>), Error> {
        let mut later = Vec::with_capacity(self.len());
        let summaries = ages.iter().enumerate().map(|(customer, &age)| {
            let times = self.purchases(customer);
            let (before, after) = times.split_at(times.partition_point(|&time| time <= age));
            later.push(after.len() as u64);
            let frequency = u32::try_from(before.len()).map_err(|_| Error::overflow("number of purchases"))?;
            let mut last = 0.0;
            let logs = before.iter().map(|&time| (time - std::mem::replace(&mut last, time)).ln()).sum();
            Summary::new(frequency, before.last().copied().unwrap_or_default(), age)?.with_sum_log_intervals(logs)
        });
        Ok((summaries.collect::<Result<Summaries, Error>>()?, later))
    }
}
