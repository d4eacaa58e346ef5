//! Logs of journeys for tests: read in place, beside the reference numbers.

use cxo_core::domain::Timestamp;
use cxo_core::journey::{Event, EventLog, Lifecycle};

/// The logs of which there are reference numbers, with the file of each.
pub(crate) const LOGS: [(&str, &str); 4] = [
    ("running_example", "running_example.csv"),
    ("ecom_users", "ecom_users.csv"),
    ("receipt", "receipt.csv"),
    ("patients_complete", "patients.csv"),
];

/// Microseconds of an instant such as `2010-12-30T13:32:00.000Z`.
#[allow(clippy::unwrap_used)]
fn micros(text: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
}

/// A log from case, touchpoint, time; of patients only what is complete.
#[allow(clippy::unwrap_used)]
pub(crate) fn log(file: &str) -> Option<EventLog> {
    let folder = std::env::var_os("CXO_GOLDEN_DIR")?;
    let path = std::path::Path::new(&folder).join("../data/journey").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let mut log = EventLog::default();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if file == "patients.csv" && cells[3].parse::<Lifecycle>().unwrap() != Lifecycle::Complete {
            continue;
        }
        log.add(&Event::new(cells[0], cells[1], Timestamp(micros(cells[2])))).unwrap();
    }
    Some(log)
}

/// Numbers of a splitmix64 sequence: the same in every run.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// In (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (((mixed ^ (mixed >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// The place of a draw among shares that sum to 1.
    pub(crate) fn choose(&mut self, shares: &[f64]) -> usize {
        let mut left = self.uniform();
        shares
            .iter()
            .position(|share| {
                left -= share;
                left < 0.0
            })
            .unwrap_or(shares.len() - 1)
    }
}
