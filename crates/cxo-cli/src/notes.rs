//! What a reader of a table should know: what became of the rows, and what the intervals assume.

use cxo_core::domain::LoadReport;

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

/// Without customers, several responses of one customer look like independent ones.
pub(crate) fn repeats() -> String {
    "The intervals assume one response per customer; with repeat respondents they are too narrow.".to_owned()
}
