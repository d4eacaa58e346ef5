//! What every metric keeps between the data and the answer, and how it travels.
//!
//! [`State`] is what merges, [`Encode`] its byte form. Shards, threads and the partial aggregates of a query engine call
//! them: update a state with rows, carry its bytes, merge, then ask.

mod bytes;
mod symbols;

use crate::Error;
pub(crate) use bytes::{Form, Reader, Writer};
pub(crate) use symbols::{Symbols, check_disjoint, check_rows};

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

/// A state with a byte form, so that it can be a partial aggregate: update, to bytes, from bytes, merge, ask.
///
/// What is read back gives the same bits in every answer as what was written, and merges as it does. Two states with the
/// same answers need not have the same bytes: a table keeps the order of its rows.
///
/// # Layout
/// `CXO`, one byte for the state, one byte for the version of its form (now 1), then its fields. Numbers have a fixed width
/// and are little-endian; floats are their IEEE 754 bits; choices are one byte, in the order of the variants; a scale is
/// least value, greatest value, direction; numbers of things and lengths in bytes are a `u64`; a text is its length and
/// UTF-8; a state within a state is its length and its whole form, with head. No compression and no checksum: what carries
/// or stores the bytes has both.
///
/// | number | state | fields |
/// |---|---|---|
/// | 1 | [`Tally`](crate::survey::Tally) | scale, a `u64` for each point |
/// | 2 | [`Nps`](crate::survey::Nps) | promoters, passives, detractors as `u64` |
/// | 3 | [`NpsPanel`](crate::survey::NpsPanel) | nine `u64`, by category before and after, from the worst |
/// | 4 | [`WeightedTally`](crate::survey::WeightedTally) | scale; for each point count `u64`, sum and its compensation, sum of squares and its compensation as `f64` |
/// | 5 | [`Sample`](crate::survey::Sample) | scale; policy for lonely clusters; whether there are clusters, strata (0 or 1); texts of both; populations: number, each stratum `u32` and size `u64`; rows: number, each point `u8`, weight `f64`, cluster `u32` and stratum `u32` if there are |
/// | 6 | [`Responses`](crate::survey::Responses) | scale; texts of customers; rows: number, each customer `u32`, microseconds `i64`, point `u8`, weight `f64` |
/// | 7 | [`ResponseFunnel`](crate::survey::ResponseFunnel) | for invited, seen, started, completed, dismissed: whether recorded, and if so a `u64` |
/// | 8 | [`SatisfactionItems`](crate::survey::SatisfactionItems) | eleven `u64`: respondents, incomplete, three sums, six products |
/// | 9 | [`Contacts`](crate::survey::Contacts) | texts of customers; rows: number, each customer `u32`, microseconds `i64` |
/// | 10 | [`Segments`](crate::survey::Segments) | the empty state; that without key; number of keys, each text and state |
/// | 11 | [`Trend`](crate::survey::Trend) | period; name of the zone; the empty state; number of periods, each first day `i32` and state |
/// | 12 | [`Moments`](crate::stats::mean::Moments) | count `u64`, mean and sum of squared deviations as `f64` |
/// | 13 | [`PurchaseLog`](crate::clv::PurchaseLog) | whether there is a currency, and if so its letters as a text and its digits `u8`; texts of customers; whether times are instants; rows: number, each customer `u32`, day `i32` or microseconds `i64`, amount `i64` if there is a currency |
/// | 14 | [`Survivors`](crate::clv::Survivors) | customers `u64`; number of periods, each at risk and kept as `u64` |
/// | 15 | [`EventTable`](crate::churn::survival::EventTable) | origin `f64`; whether there are weights, whether there are entry times (0 or 1); those at risk from the origin; texts of causes; times: number, each time `f64`, those who enter if any do, those censored, and those who left, for each cause if there are causes. Some rows are their number `u64` and, with weights, the sums of weights and of their squares as `f64` |
/// | 16 | [`Contracts`](crate::churn::retention::Contracts) | texts of customers; rows: number, each customer `u32`, first day `i32`, whether it runs, was left or lost (0 to 2), last day `i32` (the first again where it runs) |
/// | 17 | [`EventLog`](crate::journey::EventLog) | whether there is a currency, and if so its letters as a text and its digits `u8`; texts of customers, touchpoints, channels, devices, stages, event ids; whether there are sequence numbers; rows: number, each customer `u32`, touchpoint `u32`, microseconds `i64`, sequence number `u64` if there are, channel, device, stage and event id as `u32` (position + 1, 0 for none), score `f64` (NaN for none), worth `i64` (least for none), lifecycle `u8` |
/// | 18 | [`Paths`](crate::journey::Paths) | texts of steps; number of paths, each conversions and nulls `u64`, value `f64`, number of steps and each as `u32` |
///
/// Readers keep accepting every older version of a form. A [`Trend`](crate::survey::Trend) is read with
/// [`from_bytes_in`](crate::survey::Trend::from_bytes_in), as a name does not make a time zone.
///
/// ```
/// use cxo_core::{Encode, State, survey::{Scale, Tally}};
///
/// let shards = [&[5, 4, 4][..], &[1, 5]].map(|scores| Tally::from_scores(scores, Scale::ONE_TO_FIVE));
/// let mut whole = Tally::new(Scale::ONE_TO_FIVE);
/// for shard in shards {
///     let carried: Vec<u8> = shard?.to_bytes();
///     whole.merge(&Tally::from_bytes(&carried)?)?;
/// }
/// assert_eq!(whole.counts(), [1, 0, 0, 2, 2]);
/// assert!(Tally::from_bytes(b"CXO").is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
pub trait Encode: State {
    /// The state as bytes, in the newest version of its form.
    ///
    /// # Complexity
    /// O(size of the state).
    fn to_bytes(&self) -> Vec<u8>;

    /// The state that was written, after the same checks as when it is built from data.
    ///
    /// Any bytes are safe to give: what is not a state is an error, and no more is allocated than a small multiple of the
    /// bytes given.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for bytes that are not this state in a known version, too few or too
    /// many of them, or values that it cannot hold (sums beyond the range of f64 are such). Otherwise as for building it.
    ///
    /// # Complexity
    /// O(number of bytes).
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error>;
}
