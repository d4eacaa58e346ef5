//! Which share of rows says yes, when one customer has several? State: the rows of each customer, and those that say yes.

use crate::stats::design::{Design, DesignMethod};
use crate::{Absent, Confidence, Error, Estimate};

/// Yes or no, row by row, the rows of a customer one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// Rows of each customer, and those that say yes.
    clusters: Vec<(u64, u64)>,
    last: Option<u32>,
}

impl Answers {
    pub(super) fn push(&mut self, customer: u32, yes: bool) {
        if self.last != Some(customer) {
            self.clusters.push((0, 0));
            self.last = Some(customer);
        }
        if let Some((rows, says_yes)) = self.clusters.last_mut() {
            *rows += 1;
            *says_yes += u64::from(yes);
        }
    }

    /// The rows, and those that say yes.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.clusters.iter().fold((0, 0), |sum, (rows, yes)| (sum.0 + rows, sum.1 + yes))
    }

    /// The share with the interval of Korn and Graubard (1998): exact on the effective number of rows, customers being the
    /// clusters. Customers are taken in the order of their counts, so that no bit depends on the order of the records.
    pub(super) fn share(&self, confidence: Confidence) -> Result<Result<Estimate, Absent>, Error> {
        if self.clusters.is_empty() {
            return Ok(Err(Absent::NoObservations));
        }
        let mut ordered = self.clusters.clone();
        ordered.sort_unstable();
        let (mut values, mut clusters) = (Vec::new(), Vec::new());
        for (cluster, (rows, yes)) in (0..).zip(ordered) {
            values.extend((0..rows).map(|row| f64::from(u8::from(row < yes))));
            clusters.extend((0..rows).map(|_| cluster));
        }
        let weights = vec![1.0; values.len()];
        let share = Design::new(&weights)?.clusters(&clusters)?.mean(&values)?;
        let estimate = share.estimate(DesignMethod::KornGraubard, confidence)?;
        Ok(Ok(Estimate { effective_n: share.effective_n(), ..estimate }))
    }
}
