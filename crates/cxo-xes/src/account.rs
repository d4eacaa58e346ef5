//! What became of each event.

use std::collections::HashMap;

use cxo_core::domain::{LoadReport, RejectedCell, Rejection};

use crate::error::Problem;
use crate::{LogError, Strictness};

/// Examples kept for a reason.
const EXAMPLES: usize = 3;

/// Why an event did not enter. The reason does not say the value, so there are as many reasons as rules.
pub(crate) struct Fault {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) reason: String,
    /// Left out by a rule, not because it is wrong.
    pub(crate) skipped: bool,
}

impl Fault {
    pub(crate) fn new(key: &str, value: &str, reason: String) -> Self {
        Self { key: key.to_owned(), value: shown(value), reason, skipped: false }
    }

    pub(crate) fn skipped(self) -> Self {
        Self { skipped: true, ..self }
    }
}

/// A value for a message: long text is cut.
fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The account of a load.
#[derive(Default)]
pub(crate) struct Account {
    report: LoadReport,
    places: HashMap<String, usize>,
    strictness: Strictness,
}

impl Account {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self { strictness, ..Self::default() }
    }

    pub(crate) const fn rows(&self) -> u64 {
        self.report.rows
    }

    /// Takes down what became of an event; where the load is strict one that is wrong stops it.
    pub(crate) fn note(&mut self, line: u64, outcome: Result<(), Fault>) -> Result<(), LogError> {
        self.report.rows += 1;
        let Err(Fault { key, value, reason, skipped }) = outcome else {
            self.report.accepted += 1;
            return Ok(());
        };
        if skipped {
            self.report.skipped += 1;
        } else if self.strictness == Strictness::Strict {
            return Err(LogError::from(Problem::BadRow { reason, value }).at_line(line).at_key(&key));
        } else {
            self.report.rejected += 1;
        }
        let next = self.report.reasons.len();
        let place = *self.places.entry(reason.clone()).or_insert(next);
        if place == next {
            self.report.reasons.push(Rejection { reason, count: 0, examples: Vec::new() });
        }
        if let Some(rejection) = self.report.reasons.get_mut(place) {
            rejection.count += 1;
            if rejection.examples.len() < EXAMPLES {
                rejection.examples.push(RejectedCell { line, column: key, value });
            }
        }
        Ok(())
    }

    /// The finished report: reasons by count, then by text.
    pub(crate) fn finish(mut self) -> LoadReport {
        self.report.reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        self.report
    }
}
