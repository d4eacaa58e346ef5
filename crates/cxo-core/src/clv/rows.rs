//! What do the likelihoods of continuous time read? Histories in units of about their mean age, sorted, equal ones merged.

use super::Summaries;
use super::fit::Weighted;
use crate::Error;

/// One distinct history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    /// Which of [`Rows::frequencies`] it has: what depends on the frequency alone is worked out once for each.
    pub(super) group: u32,
    pub(super) recency: f64,
    pub(super) age: f64,
}

/// All histories of a fit.
#[derive(Debug, Clone)]
#[allow(clippy::struct_field_names, reason = "the rows of the rows")]
pub(super) struct Rows {
    pub(super) rows: Vec<Weighted<Row>>,
    /// The distinct frequencies in ascending order.
    pub(super) frequencies: Vec<f64>,
    /// What times were divided by: the power of two next to the mean age, so that no time is rounded.
    pub(super) scale: f64,
    /// Customers.
    pub(super) customers: u64,
    /// Repeat purchases of all customers.
    pub(super) purchases: f64,
    /// ∑ of the sums of log intervals, in scaled time, if every history has one.
    pub(super) sum_log_intervals: Option<f64>,
}

impl Rows {
    /// Sorts by frequency, age and recency and merges what is equal. O(n log n).
    pub(super) fn new(summaries: &Summaries) -> Result<Self, Error> {
        let mut all: Vec<(u32, f64, f64, u64)> = Vec::with_capacity(summaries.len());
        let (mut ages, mut customers, mut purchases, mut logs) = (0.0, 0_u64, 0.0, Some(0.0));
        for (summary, count) in summaries.iter() {
            all.push((summary.frequency(), summary.age(), summary.recency(), count));
            ages += summary.age() * count as f64;
            customers = customers.checked_add(count).ok_or_else(|| Error::overflow("number of customers"))?;
            purchases += f64::from(summary.frequency()) * count as f64;
            logs = logs.zip(summary.sum_log_intervals()).map(|(sum, log)| sum + log * count as f64);
        }
        if customers == 0 {
            return Err(Error::no_data("customers"));
        }
        if purchases == 0.0 {
            return Err(Error::not_identified("no customer has bought again, so there is nothing to learn of buying"));
        }
        let scale = (ages / customers as f64).log2().round().exp2();
        // Times are not negative, so that their bits have the order of their values.
        all.sort_unstable_by_key(|&(frequency, age, recency, _)| (frequency, age.to_bits(), recency.to_bits()));
        let mut frequencies: Vec<f64> = Vec::new();
        let mut rows: Vec<Weighted<Row>> = Vec::with_capacity(all.len());
        for (frequency, age, recency, count) in all {
            if frequencies.last() != Some(&f64::from(frequency)) {
                frequencies.push(f64::from(frequency));
            }
            let group = u32::try_from(frequencies.len() - 1).map_err(|_| Error::overflow("distinct frequencies"))?;
            let row = Row { group, recency: recency / scale, age: age / scale };
            match rows.last_mut().filter(|last| last.row == row) {
                Some(last) => last.weight += count as f64,
                None => rows.push(Weighted { row, weight: count as f64 }),
            }
        }
        rows.shrink_to_fit();
        let sum_log_intervals = logs.map(|logs| logs - purchases * scale.ln());
        Ok(Self { rows, frequencies, scale, customers, purchases, sum_log_intervals })
    }
}
