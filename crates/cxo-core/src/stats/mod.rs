//! Statistics that the metrics stand on, usable on their own.

pub mod contingency;
pub mod correlation;
pub mod design;
pub mod mean;
pub mod multiplicity;
pub mod power;
pub mod proportion;
pub mod raking;
pub mod resampling;
pub mod suppression;
pub mod two_proportion;

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
