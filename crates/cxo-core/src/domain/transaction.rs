//! What customers paid.

use super::{Amount, CustomerId, Day};

/// One purchase or refund on a civil day, in the currency of its data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who paid.
    pub customer: CustomerId,
    /// When.
    pub day: Day,
    /// How much; negative for a refund, `None` where the data have no amounts.
    pub amount: Option<Amount>,
}
