//! What the golden tests share.

use serde_json::Value;

/// A file of reference values below `CXO_GOLDEN_DIR`, or `None`, said aloud, where the variable is not set.
pub fn golden(path: &str) -> Option<Value> {
    let Ok(folder) = std::env::var("CXO_GOLDEN_DIR") else {
        eprintln!("skipped: CXO_GOLDEN_DIR is not set");
        return None;
    };
    let file = std::path::Path::new(&folder).join(path);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(serde_json::from_str(&text).unwrap())
}
