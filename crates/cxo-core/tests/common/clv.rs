//! Histories of reference data sets.

use cxo_core::clv::Summary;
use serde_json::Value;

/// The lines of a data file beside the reference numbers, without its head.
#[allow(clippy::unwrap_used, clippy::panic)]
pub(crate) fn lines(file: &str) -> Vec<String> {
    let folder = std::env::var("CXO_GOLDEN_DIR").unwrap();
    let path = std::path::Path::new(&folder).join("../data/clv").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The reference numbers of a data set and its histories.
#[allow(clippy::unwrap_used)]
pub(crate) fn reference(dataset: &str) -> Option<(Value, Vec<Summary>)> {
    let document = super::golden(&format!("clv/{dataset}.json"))?;
    let history = |line: String| {
        let mut cells = line.split(',').skip(1).map(|cell| cell.parse::<f64>().unwrap());
        let mut cell = || cells.next().unwrap();
        let summary = Summary::from_number(cell(), cell(), cell()).unwrap();
        summary.with_monetary_value(cell()).unwrap()
    };
    let histories = lines(document["file"].as_str().unwrap()).into_iter().map(history).collect();
    Some((document, histories))
}

pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found} instead of {expected}");
}
