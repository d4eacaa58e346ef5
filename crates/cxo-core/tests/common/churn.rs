//! Data sets on leaving: those of the reference numbers, and made ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use cxo_core::churn::{Durations, Features};

/// A table of numbers with its head.
pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Vec<f64>>,
}

/// A data file beside the reference numbers, such as `rossi.csv`; every cell a number.
pub(crate) fn table(file: &str) -> Table {
    let folder = std::env::var("CXO_GOLDEN_DIR").unwrap();
    let path = std::path::Path::new(&folder).join("../data/churn").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for line in lines {
        let cells = line.split(',').map(|cell| cell.parse::<f64>().unwrap_or(f64::NAN));
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    Table { names, columns }
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> &[f64] {
        let at = self.names.iter().position(|other| other == name).unwrap_or_else(|| panic!("no column {name}"));
        &self.columns[at]
    }

    pub(crate) fn features<S: AsRef<str>>(&self, names: &[S]) -> Features {
        let columns = names.iter().map(|name| (name.as_ref().to_owned(), self.column(name.as_ref()).to_vec()));
        Features::new(columns.collect()).unwrap()
    }

    /// The columns `time` and `event`.
    pub(crate) fn durations(&self) -> Durations {
        let observed = self.column("event").iter().map(|&event| event == 1.0).collect();
        Durations::new(self.column("time").to_vec(), observed).unwrap()
    }
}

pub(crate) fn durations(
    times: &[f64],
    observed: &[bool],
    entries: Option<&[f64]>,
    weights: Option<&[f64]>,
) -> Durations {
    let mut durations = Durations::new(times.to_vec(), observed.to_vec()).unwrap();
    if let Some(entries) = entries {
        durations = durations.with_entries(entries.to_vec()).unwrap();
    }
    if let Some(weights) = weights {
        durations = durations.with_weights(weights.to_vec()).unwrap();
    }
    durations
}

/// Columns named x1, x2, …
pub(crate) fn features(columns: &[Vec<f64>]) -> Features {
    let named = columns.iter().enumerate().map(|(at, column)| (format!("x{}", at + 1), column.clone()));
    Features::new(named.collect()).unwrap()
}
