//! Statistics that the metrics stand on, usable on their own.

pub mod design;
pub mod multiplicity;
pub mod proportion;
pub mod raking;
pub mod suppression;

use crate::Error;

/// The value whose name is `text`; the error lists the names.
pub(crate) fn parse_name<T: Copy>(
    what: &str,
    text: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, Error> {
    all.iter()
        .copied()
        .find(|&value| name(value) == text)
        .ok_or_else(|| Error::input(what, text, all.iter().map(|&value| name(value)).collect::<Vec<_>>().join(", ")))
}
