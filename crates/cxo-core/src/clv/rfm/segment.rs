//! What does a manager call customers of some scores? The names of segments and the table that gives them. State: none.

use crate::clv::named::named;
use crate::{Absent, domain::Amount};

named! {
    /// A segment of customers by the scores of recency and frequency.
    ///
    /// With both scores on five levels, 5 the best (another number of quantiles is spread evenly over them):
    ///
    /// | recency | frequency 1 | frequency 2, 3 | frequency 4, 5 |
    /// |---|---|---|---|
    /// | 5 | new | potential-loyalist | champions |
    /// | 4 | promising | potential-loyalist | loyal |
    /// | 3 | about-to-sleep | needs-attention | loyal |
    /// | 2 | hibernating | at-risk | at-risk |
    /// | 1 | lost | hibernating | cannot-lose |
    ///
    /// The names are those of the field; where their borders run differs from author to author. A name describes what was seen
    /// so far. It predicts nothing: that is what models of buying do.
    RfmSegment, "segment" {
        /// Bought just now, and buys often.
        Champions => "champions",
        /// Buys often, and did so not long ago.
        Loyal => "loyal",
        /// Bought recently, and more than once.
        PotentialLoyalist => "potential-loyalist",
        /// Bought just now, seldom or for the first time.
        New => "new",
        /// Bought recently, seldom or for the first time.
        Promising => "promising",
        /// Of middling recency and frequency.
        NeedsAttention => "needs-attention",
        /// Bought seldom, some time ago.
        AboutToSleep => "about-to-sleep",
        /// Bought more than once, and has not for long.
        AtRisk => "at-risk",
        /// Bought often, and has not for the longest time.
        CannotLose => "cannot-lose",
        /// Bought little, long ago.
        Hibernating => "hibernating",
        /// Bought seldom, and has not for the longest time.
        Lost => "lost",
    }
}

impl RfmSegment {
    /// The segment of two scores from 1 to `quantiles`.
    pub(super) fn of(recency: u8, frequency: u8, quantiles: u8) -> Self {
        match (level(recency, quantiles), level(frequency, quantiles)) {
            (5.., 4..) => Self::Champions,
            (3.., 4..) => Self::Loyal,
            (4.., 2..) => Self::PotentialLoyalist,
            (5.., _) => Self::New,
            (4, _) => Self::Promising,
            (3, 2..) => Self::NeedsAttention,
            (3, _) => Self::AboutToSleep,
            (2, 2..) => Self::AtRisk,
            (_, 4..) => Self::CannotLose,
            (2, _) | (_, 2..) => Self::Hibernating,
            _ => Self::Lost,
        }
    }
}

/// A score from 1 to `quantiles` on five levels: 1 + 4 (score - 1) / (quantiles - 1), rounded, halves up.
fn level(score: u8, quantiles: u8) -> u8 {
    let steps = quantiles.saturating_sub(1).max(1);
    1 + (8 * score.saturating_sub(1) + steps) / (2 * steps)
}

/// A segment and its customers. These are counts and sums of the customers at hand; nothing is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RfmSegmentShare {
    /// The segment.
    pub segment: RfmSegment,
    /// How many customers it has.
    pub customers: u64,
    /// customers / all customers, in [0, 1].
    pub customer_share: f64,
    /// What they spent, net of refunds; `None` without amounts.
    pub revenue: Option<Amount>,
    /// revenue / that of all customers. Refunds can make it negative or more than 1. Absent without amounts, and where all
    /// customers together spent nothing.
    pub revenue_share: Result<f64, Absent>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_spread_over_five_levels() {
        let levels = |quantiles: u8| (1..=quantiles).map(|score| level(score, quantiles)).collect::<Vec<_>>();
        assert_eq!(levels(2), [1, 5]);
        assert_eq!(levels(3), [1, 3, 5]);
        assert_eq!(levels(4), [1, 2, 4, 5]);
        assert_eq!(levels(5), [1, 2, 3, 4, 5]);
        assert_eq!(levels(10), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn the_table_is_the_one_that_is_documented() {
        use RfmSegment::*;
        let table = [
            [Lost, Hibernating, Hibernating, CannotLose, CannotLose],
            [Hibernating, AtRisk, AtRisk, AtRisk, AtRisk],
            [AboutToSleep, NeedsAttention, NeedsAttention, Loyal, Loyal],
            [Promising, PotentialLoyalist, PotentialLoyalist, Loyal, Loyal],
            [New, PotentialLoyalist, PotentialLoyalist, Champions, Champions],
        ];
        for (recency, row) in (1..).zip(table) {
            for (frequency, segment) in (1..).zip(row) {
                assert_eq!(RfmSegment::of(recency, frequency, 5), segment, "R{recency} F{frequency}");
            }
        }
    }
}
