//! Rows of delimited text out, quoted as RFC 4180 says: the rejected rows of a load, and rows with a column added.

use crate::Delimiter;

/// Appends one row with its line break; cells that hold a delimiter, a quote or a line break are quoted.
///
/// ```
/// use cxo_csv::{Delimiter, write_row};
/// let mut text = Vec::new();
/// write_row(&mut text, ["anna".as_bytes(), b"quick, \"friendly\"", b"9"], Delimiter::COMMA);
/// assert_eq!(text, b"anna,\"quick, \"\"friendly\"\"\",9\n");
/// ```
pub fn write_row<'c>(to: &mut Vec<u8>, cells: impl IntoIterator<Item = &'c [u8]>, delimiter: Delimiter) {
    let delimiter = delimiter.byte();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            to.push(delimiter);
        }
        if cell.iter().any(|byte| matches!(byte, b'"' | b'\n' | b'\r') || *byte == delimiter) {
            to.push(b'"');
            for byte in cell {
                to.push(*byte);
                if *byte == b'"' {
                    to.push(b'"');
                }
            }
            to.push(b'"');
        } else {
            to.extend_from_slice(cell);
        }
    }
    to.push(b'\n');
}
