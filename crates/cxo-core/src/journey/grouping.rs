//! Which records belong to each customer, in the order of time? A counting sort by customer, then a sort inside each where one is
//! needed. Stateless; called once for each set of journeys.

use super::EventLog;
use super::options::Ties;

/// Records by customer and time, and how far they were from that.
pub(super) struct Grouped {
    /// Customer by customer.
    pub(super) records: Vec<Record>,
    /// Where each customer's records begin, and where the last one's end.
    pub(super) begins: Vec<u32>,
    /// Records that came after a later one of the same customer.
    pub(super) out_of_order: u64,
    /// Records at the instant of the one before them.
    pub(super) tied: u64,
}

/// What every question reads of a record, side by side: the columns of the log are then read once, and in their order.
#[derive(Clone, Copy, Default)]
pub(super) struct Record {
    pub(super) time: i64,
    pub(super) row: u32,
    /// The place of its touchpoint in the order of the names.
    pub(super) step: u32,
}

/// `ranks` are the places of the touchpoints in the order of their names.
#[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
pub(super) fn by_customer(log: &EventLog, ranks: &[u32], ties: Ties) -> Grouped {
    let mut begins = vec![0_u32; log.customers.symbols.len() + 1];
    log.customers.ids.iter().for_each(|&id| begins[id as usize + 1] += 1);
    let mut sum = 0;
    for begin in &mut begins {
        sum += *begin;
        *begin = sum;
    }
    let mut next = begins.clone();
    let mut records = vec![Record::default(); log.len()];
    let columns = log.customers.ids.iter().zip(&log.touchpoints.ids).zip(&log.times);
    for (row, ((&customer, &touchpoint), &time)) in columns.enumerate() {
        let place = &mut next[customer as usize];
        if let Some(record) = records.get_mut(*place as usize) {
            let step = ranks.get(touchpoint as usize).copied().unwrap_or_default();
            *record = Record { time, row: row as u32, step };
        }
        *place += 1;
    }
    let sequence = |row: u32| log.sequences.get(row as usize).copied().unwrap_or_else(|| u64::from(row));
    let rank = |step: u32| if ties == Ties::Any { step } else { 0 };
    let key = |record: &Record| (record.time, rank(record.step), sequence(record.row), record.row);
    let (mut out_of_order, mut tied) = (0, 0);
    for bounds in begins.windows(2) {
        let &[begin, end] = bounds else { continue };
        let Some(records) = records.get_mut(begin as usize..end as usize) else { continue };
        let mut latest = i64::MIN;
        for record in records.iter() {
            out_of_order += u64::from(record.time < latest);
            latest = latest.max(record.time);
        }
        if !records.is_sorted_by_key(key) {
            records.sort_unstable_by_key(key);
        }
        tied += records.windows(2).filter(|pair| matches!(**pair, [a, b] if a.time == b.time)).count() as u64;
    }
    Grouped { records, begins, out_of_order, tied }
}
