//! Reads the reference numbers.

#[allow(dead_code)] // Each test target uses a part.
pub(crate) mod churn;
#[allow(dead_code)] // Each test target uses a part.
pub(crate) mod clv;
#[allow(dead_code)]
pub(crate) mod journey;
#[allow(dead_code, clippy::unwrap_used)] // Each test target uses a part; helpers of tests are tests.
pub(crate) mod value;

use serde_json::Value;

/// The file of reference numbers at `path` under `CXO_GOLDEN_DIR`; `None`, with a note, where the variable is not set.
#[allow(dead_code, clippy::panic)] // Each test target uses a part; a missing file fails the test.
pub(crate) fn golden(path: &str) -> Option<Value> {
    let Some(folder) = std::env::var_os("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return None;
    };
    let file = std::path::Path::new(&folder).join(path);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}
