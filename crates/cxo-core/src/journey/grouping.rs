//! Which records belong to each customer, in the order of time? A counting sort by customer, then a sort inside each where one is
//! needed. Stateless; called once for each set of journeys.

use super::EventLog;
use super::options::Ties;

/// Rows by customer and time, and how far they were from that.
pub(super) struct Grouped {
    /// Row numbers, customer by customer.
    pub(super) rows: Vec<u32>,
    /// Where each customer's rows begin, and where the last one's end.
    pub(super) begins: Vec<u32>,
    /// Records that came after a later one of the same customer.
    pub(super) out_of_order: u64,
    /// Records at the instant of the one before them.
    pub(super) tied: u64,
}

/// `ranks` are the places of the touchpoints in the order of their names.
#[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
pub(super) fn by_customer(log: &EventLog, ranks: &[u32], ties: Ties) -> Grouped {
    let mut begins = vec![0_u32; log.customers.symbols.len() + 1];
    let mut ids = log.customers.ids.iter();
    ids.by_ref().for_each(|&id| begins[id as usize + 1] += 1);
    let mut sum = 0;
    for begin in &mut begins {
        sum += *begin;
        *begin = sum;
    }
    let mut next = begins.clone();
    let mut rows = vec![0_u32; log.len()];
    for (row, &id) in log.customers.ids.iter().enumerate() {
        let place = &mut next[id as usize];
        if let Some(slot) = rows.get_mut(*place as usize) {
            *slot = row as u32;
        }
        *place += 1;
    }
    let time = |row: u32| log.times.get(row as usize).copied().unwrap_or_default();
    let sequence = |row: u32| log.sequences.get(row as usize).copied().unwrap_or_else(|| u64::from(row));
    let rank = |row: u32| {
        let id = log.touchpoints.ids.get(row as usize).copied().unwrap_or_default();
        if ties == Ties::Any { ranks.get(id as usize).copied().unwrap_or_default() } else { 0 }
    };
    let key = |row: &u32| (time(*row), rank(*row), sequence(*row), *row);
    let (mut out_of_order, mut tied) = (0, 0);
    for bounds in begins.windows(2) {
        let &[begin, end] = bounds else { continue };
        let Some(rows) = rows.get_mut(begin as usize..end as usize) else { continue };
        let mut latest = i64::MIN;
        for &row in rows.iter() {
            out_of_order += u64::from(time(row) < latest);
            latest = latest.max(time(row));
        }
        if !rows.is_sorted_by_key(key) {
            rows.sort_unstable_by_key(key);
        }
        tied += rows.windows(2).filter(|pair| matches!(**pair, [a, b] if time(a) == time(b))).count() as u64;
    }
    Grouped { rows, begins, out_of_order, tied }
}
