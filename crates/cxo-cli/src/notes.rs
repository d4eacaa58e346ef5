//! What a reader of a table should know: what became of the rows, and what the intervals assume.

use cxo_core::{
    domain::LoadReport,
    survey::{Repeats, Respondents},
};

use crate::page;

/// What became of the rows; nothing to say where all were accepted.
pub(crate) fn load(load: &LoadReport) -> Vec<String> {
    if load.accepted == load.rows {
        return Vec::new();
    }
    let parts = [("blank", load.blank), ("rejected", load.rejected), ("skipped", load.skipped)];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{} {what}", page::count(count)))
        .collect();
    let mut notes = vec![format!(
        "{} of {} rows counted; {}.",
        page::count(load.accepted),
        page::count(load.rows),
        parts.join(", ")
    )];
    for reason in &load.reasons {
        let example = reason.examples.first().map(|cell| format!(" (first in line {})", cell.line)).unwrap_or_default();
        notes.push(format!("  {} × {}{example}", page::count(reason.count), reason.reason));
    }
    notes
}

/// What the intervals assume about the respondents, or what is known about them.
pub(crate) fn respondents(respondents: Respondents) -> String {
    match respondents {
        Respondents::Known { customers, policy: Repeats::All } => format!(
            "{} customers; the responses of one customer count as a cluster in standard errors and intervals.",
            page::count(customers)
        ),
        Respondents::Known { customers, policy } => {
            format!("{} customers; the {policy} response of each counts.", page::count(customers))
        }
        Respondents::Unknown => {
            "Intervals assume one response per customer and are too narrow otherwise; --customer tells who responded."
                .to_owned()
        }
    }
}
