//! Which records belong to each customer, in the order of time? A counting sort by customer, then a sort inside each where one is
//! needed; nothing at all where the log is in that order. Stateless; called once for each set of journeys.

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

/// Whether the records of each customer stand together, later and later: there is nothing to be put in order, and no tie.
pub(super) fn in_order(log: &EventLog) -> bool {
    // Customers are numbered as they appear.
    log.customers.ids.iter().zip(&log.times).is_sorted_by(|one, next| one < next)
}

/// Where each customer's records begin once they stand together, and where the last one's end.
pub(super) fn begins(log: &EventLog) -> Vec<u32> {
    let mut begins = vec![0_u32; log.customers.symbols.len() + 1];
    log.customers.ids.iter().for_each(|&id| begins[id as usize + 1] += 1);
    let mut sum = 0;
    for begin in &mut begins {
        sum += *begin;
        *begin = sum;
    }
    begins
}

/// `ranks` are the places of the touchpoints in the order of their names.
pub(super) fn by_customer(log: &EventLog, ranks: &[u32], ties: Ties) -> Grouped {
    let begins = begins(log);
    let mut grouped = Grouped { records: together(log, ranks, &begins), begins, out_of_order: 0, tied: 0 };
    let sequence = |row: u32| log.sequences.get(row as usize).copied().unwrap_or_else(|| u64::from(row));
    let rank = |step: u32| if ties == Ties::Any { step } else { 0 };
    let key = |record: &Record| (record.time, rank(record.step), sequence(record.row), record.row);
    for bounds in grouped.begins.windows(2) {
        let &[begin, end] = bounds else { continue };
        let Some(records) = grouped.records.get_mut(begin as usize..end as usize) else { continue };
        let (mut latest, mut late, mut tied) = (i64::MIN, 0_u32, 0_u32);
        for record in records.iter() {
            late += u32::from(record.time < latest);
            tied += u32::from(record.time == latest);
            latest = latest.max(record.time);
        }
        // Later and later: nothing is left to be put in order.
        if late + tied > 0 {
            if !records.is_sorted_by_key(key) {
                records.sort_unstable_by_key(key);
            }
            let pairs = records.windows(2).filter(|pair| matches!(**pair, [a, b] if a.time == b.time));
            grouped.tied += pairs.count() as u64;
        }
        grouped.out_of_order += u64::from(late);
    }
    grouped
}

/// The records customer by customer, those of one in the order of the log.
#[allow(clippy::cast_possible_truncation, reason = "a log has fewer than 2³² records")]
fn together(log: &EventLog, ranks: &[u32], begins: &[u32]) -> Vec<Record> {
    let (customers, columns) = (&log.customers.ids, log.touchpoints.ids.iter().zip(&log.times).enumerate());
    let records = columns.map(|(row, (&touchpoint, &time))| {
        let step = ranks.get(touchpoint as usize).copied().unwrap_or_default();
        Record { time, row: row as u32, step }
    });
    // Customers are numbered as they appear.
    if customers.is_sorted() {
        return records.collect();
    }
    let (mut next, mut placed) = (begins.to_vec(), vec![Record::default(); log.len()]);
    for (record, &customer) in records.zip(customers) {
        let place = &mut next[customer as usize];
        if let Some(slot) = placed.get_mut(*place as usize) {
            *slot = record;
        }
        *place += 1;
    }
    placed
}
