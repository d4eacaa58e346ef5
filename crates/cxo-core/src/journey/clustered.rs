//! Which share of rows says yes, when one customer has several? State: a row of zeros and ones with the customer of each.

use crate::stats::design::{Design, DesignMethod};
use crate::{Absent, Confidence, Error, Estimate};

/// Yes or no, row by row, the rows of a customer side by side.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    values: Vec<f64>,
    clusters: Vec<u32>,
    last: Option<u32>,
}

impl Answers {
    pub(super) fn push(&mut self, customer: u32, yes: bool) {
        let cluster = self.clusters.last().map_or(0, |&last| last + u32::from(self.last != Some(customer)));
        self.last = Some(customer);
        self.clusters.push(cluster);
        self.values.push(f64::from(u8::from(yes)));
    }

    /// The rows, and those that say yes.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.values.len() as u64, self.values.iter().filter(|value| **value > 0.0).count() as u64)
    }

    /// The share with the interval of Korn and Graubard (1998): exact on the effective number of rows, customers being the
    /// clusters.
    pub(super) fn share(&self, confidence: Confidence) -> Result<Result<Estimate, Absent>, Error> {
        if self.values.is_empty() {
            return Ok(Err(Absent::NoObservations));
        }
        let weights = vec![1.0; self.values.len()];
        let share = Design::new(&weights)?.clusters(&self.clusters)?.mean(&self.values)?;
        share.estimate(DesignMethod::KornGraubard, confidence).map(Ok)
    }
}
