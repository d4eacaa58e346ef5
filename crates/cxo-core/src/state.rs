//! What every metric keeps between the data and the answer.

use crate::Error;

/// A mergeable partial result: the sums, counts or columns from which every question of a metric is answered.
///
/// States of shards, days, threads or machines merge into the state of the whole; then any number of questions (cut-offs,
/// boxes, confidence levels, methods) can be asked. Each implementation names its class: *distributive* or *algebraic*
/// (small, fixed size) or *table* (columns keyed by customer, with its size).
///
/// The laws, tested for every state: merging is associative and commutative up to the finished answers, and merging an
/// empty state changes nothing. Integer states are exact; states with float sums say how far order can move them.
pub trait State: Clone {
    /// Adds everything that `other` has seen. `other` is not changed.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) if the two do not describe the same thing (another
    /// scale, a customer on both sides), [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if a count no longer fits.
    /// After an error `self` is unchanged.
    fn merge(&mut self, other: &Self) -> Result<(), Error>;
}
