//! Who are the best customers, by what was seen so far? Scores of recency, frequency and monetary value, segments, and averages.
//! State: none, they are asked of [`CustomerSummaries`]; reports and tables call them.

mod rates;
mod segment;

pub use rates::PurchaseRates;
pub use segment::{RfmSegment, RfmSegmentShare};

use std::fmt;

use super::CustomerSummaries;
use super::named::named;
use crate::{Absent, Error, domain::Amount};

named! {
    /// Among whom a customer is ranked.
    #[derive(Default)]
    RfmScoring, "scoring" {
        /// Each score among all customers.
        #[default]
        Independent => "independent",
        /// Frequency among the customers of the same recency score, monetary value among those of the same two scores
        /// (Hughes), so that each cell of the cube has about as many customers.
        Nested => "nested",
    }

    /// What the monetary score ranks.
    #[derive(Default)]
    RfmMonetary, "monetary value" {
        /// The mean spend of a purchase. It has less to do with frequency than the total.
        #[default]
        Mean => "mean",
        /// The total spend.
        Total => "total",
    }
}

/// How customers are scored. The default: independent quintiles, with the mean spend as monetary value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawRfmOptions"))]
pub struct RfmOptions {
    quantiles: u8,
    scoring: RfmScoring,
    monetary: RfmMonetary,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawRfmOptions {
    quantiles: u8,
    scoring: RfmScoring,
    monetary: RfmMonetary,
}

#[cfg(feature = "serde")]
impl TryFrom<RawRfmOptions> for RfmOptions {
    type Error = Error;
    fn try_from(raw: RawRfmOptions) -> Result<Self, Error> {
        Ok(Self::default().quantiles(raw.quantiles)?.scoring(raw.scoring).monetary(raw.monetary))
    }
}

impl Default for RfmOptions {
    fn default() -> Self {
        Self { quantiles: 5, scoring: RfmScoring::default(), monetary: RfmMonetary::default() }
    }
}

impl RfmOptions {
    /// How many scores there are: 1 for the worst to this for the best.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless it is 2 to 10.
    pub fn quantiles(self, quantiles: u8) -> Result<Self, Error> {
        if !(2..=10).contains(&quantiles) {
            return Err(Error::input("quantiles", quantiles, "2 to 10"));
        }
        Ok(Self { quantiles, ..self })
    }

    /// Among whom a customer is ranked.
    #[must_use]
    pub const fn scoring(self, scoring: RfmScoring) -> Self {
        Self { scoring, ..self }
    }

    /// What the monetary score ranks.
    #[must_use]
    pub const fn monetary(self, monetary: RfmMonetary) -> Self {
        Self { monetary, ..self }
    }
}

/// The scores of a customer: from 1 to the number of quantiles, the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RfmScore {
    /// The later the last purchase, the higher.
    pub recency: u8,
    /// The more purchases, the higher.
    pub frequency: u8,
    /// The greater the spend, the higher; `None` without amounts.
    pub monetary: Option<u8>,
}

impl fmt::Display for RfmScore {
    /// Such as `5-4-5`, or `5-4` without amounts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.recency, self.frequency)?;
        self.monetary.map_or(Ok(()), |monetary| write!(f, "-{monetary}"))
    }
}

/// The scores of all customers, and their segments. The answer of [`CustomerSummaries::rfm`].
#[derive(Debug, Clone, PartialEq)]
pub struct Rfm {
    options: RfmOptions,
    scores: Vec<RfmScore>,
    segments: Vec<RfmSegmentShare>,
}

impl Rfm {
    /// The number of scores.
    #[must_use]
    pub const fn quantiles(&self) -> u8 {
        self.options.quantiles
    }

    /// Among whom customers were ranked.
    #[must_use]
    pub const fn scoring(&self) -> RfmScoring {
        self.options.scoring
    }

    /// What the monetary score ranks.
    #[must_use]
    pub const fn monetary(&self) -> RfmMonetary {
        self.options.monetary
    }

    /// The scores, one for each customer in the order of the summaries.
    #[must_use]
    pub fn scores(&self) -> &[RfmScore] {
        &self.scores
    }

    /// The segment of a score.
    #[must_use]
    pub fn segment(&self, score: RfmScore) -> RfmSegment {
        RfmSegment::of(score.recency, score.frequency, self.options.quantiles)
    }

    /// Every segment with its customers and their revenue, also those without customers.
    #[must_use]
    pub fn segments(&self) -> &[RfmSegmentShare] {
        &self.segments
    }
}

impl CustomerSummaries {
    /// Scores of recency, frequency and monetary value up to the end of the observation (with a holdout: of the calibration).
    ///
    /// Ranked are the time since the last purchase (shorter is better), the number of purchases with the first included, and
    /// the mean or total spend of all purchases. Among N customers, q quantiles:
    ///
    /// score = 1 + ⌊q · (customers who are strictly worse) / N⌋, in 1 … q
    ///
    /// Equal customers therefore have equal scores, the one that the first of them would have in a row of all. If 60 % of the
    /// customers bought once, they all have a frequency of 1 and whoever bought twice has at least 4 of 5; scores in between go to
    /// nobody.
    ///
    /// ```
    /// use cxo_core::{clv::{PurchaseColumns, RfmOptions, RfmSegment, SummaryOptions}, domain::Currency};
    ///
    /// let (customers, days, cents) = ([1, 1, 1, 2, 2, 3], [0, 4, 9, 1, 6, 2], [1000, 2000, 3000, 500, 1500, 4000]);
    /// let columns = PurchaseColumns::of_days(&customers, &days)?.amounts(&cents, Currency::iso("EUR")?)?;
    /// let rfm = columns.summaries(&SummaryOptions::default())?.rfm(&RfmOptions::default().quantiles(3)?)?;
    /// assert_eq!(rfm.scores().iter().map(ToString::to_string).collect::<Vec<_>>(), ["3-3-2", "2-2-1", "1-1-3"]);
    /// assert_eq!(rfm.segment(rfm.scores()[0]), RfmSegment::Champions);
    /// assert_eq!(rfm.segments()[0].revenue_share, Ok(0.5));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without customers, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow)
    /// for a revenue beyond 64 bits.
    ///
    /// # Complexity
    /// O(n log n) time, 16 bytes a customer beside the answer.
    ///
    /// Formula page: `docs/formulas/rfm.md`. Reference: Hughes, A. M. (1994). Strategic Database Marketing (the scores);
    /// Fader, P. S., Hardie, B. G. S., Lee, K. L. (2005). RFM and CLV. Journal of Marketing Research 42, 415-430 (their limits).
    pub fn rfm(&self, options: &RfmOptions) -> Result<Rfm, Error> {
        if self.is_empty() {
            return Err(Error::no_data("customers"));
        }
        let (quantiles, nested) = (options.quantiles, options.scoring == RfmScoring::Nested);
        let among = |scores: &[u8], at: usize| if nested { scores.get(at).copied().unwrap_or_default() } else { 0 };
        // The shorter the better: from the other end.
        let recency = scores(self.silences().map(|silence| (0, u64::MAX - silence)), quantiles);
        let by_recency = |(at, purchases)| (among(&recency, at), purchases);
        let frequency = scores(self.purchases().enumerate().map(by_recency), quantiles);
        let monetary = (!self.spend().is_empty()).then(|| {
            let row = |(at, (amount, purchases)): (usize, (&Amount, u64))| {
                // At most 10 scores each, so that a cell fits a byte.
                let cell = 16 * among(&recency, at) + among(&frequency, at);
                (cell, worth(options.monetary, *amount, purchases))
            };
            scores(self.spend().iter().zip(self.purchases()).enumerate().map(row), quantiles)
        });
        let score = |(at, (recency, frequency))| RfmScore {
            recency,
            frequency,
            monetary: monetary.as_ref().and_then(|monetary| monetary.get(at)).copied(),
        };
        let scores: Vec<RfmScore> =
            recency.iter().copied().zip(frequency.iter().copied()).enumerate().map(score).collect();
        let segments = self.segments(&scores, quantiles)?;
        Ok(Rfm { options: *options, scores, segments })
    }

    fn segments(&self, scores: &[RfmScore], quantiles: u8) -> Result<Vec<RfmSegmentShare>, Error> {
        let mut sums = [(0_u64, 0_i128); RfmSegment::ALL.len()];
        for (at, score) in scores.iter().enumerate() {
            let segment = RfmSegment::of(score.recency, score.frequency, quantiles);
            if let Some((customers, revenue)) = sums.get_mut(segment as usize) {
                *customers += 1;
                *revenue += self.spend().get(at).map_or(0, |amount| i128::from(amount.0));
            }
        }
        let total: i128 = sums.iter().map(|(_, revenue)| revenue).sum();
        let share = |(&segment, (customers, revenue)): (&RfmSegment, (u64, i128))| {
            let amount = i64::try_from(revenue).map_err(|_| Error::overflow("revenue of a segment"))?;
            Ok(RfmSegmentShare {
                segment,
                customers,
                customer_share: customers as f64 / scores.len() as f64,
                revenue: self.currency().map(|_| Amount(amount)),
                revenue_share: match self.currency() {
                    None => Err(Absent::NotRecorded),
                    Some(_) if total <= 0 => Err(Absent::NoObservations),
                    Some(_) => Ok(revenue as f64 / total as f64),
                },
            })
        };
        RfmSegment::ALL.iter().zip(sums).map(share).collect()
    }
}

/// The scores of values, each among those of its group: the greater the better.
fn scores(values: impl ExactSizeIterator<Item = (u8, u64)>, quantiles: u8) -> Vec<u8> {
    let mut scores = vec![0; values.len()];
    let mut ranked: Vec<(u8, u64, u32)> = (0..).zip(values).map(|(at, (group, value))| (group, value, at)).collect();
    ranked.sort_unstable();
    for group in ranked.chunk_by(|one, next| one.0 == next.0) {
        let mut worse = 0;
        for alike in group.chunk_by(|one, next| one.1 == next.1) {
            // Below the number of quantiles, as fewer are worse than there are.
            let score = 1 + u8::try_from(u64::from(quantiles) * worse / group.len() as u64).unwrap_or_default();
            for &(_, _, at) in alike {
                if let Some(place) = scores.get_mut(at as usize) {
                    *place = score;
                }
            }
            worse += alike.len() as u64;
        }
    }
    scores
}

/// The mean or total spend as a number whose order is that of the spend.
fn worth(monetary: RfmMonetary, amount: Amount, purchases: u64) -> u64 {
    const SIGN: u64 = 1 << 63;
    match monetary {
        RfmMonetary::Total => amount.0.cast_unsigned() ^ SIGN,
        RfmMonetary::Mean => {
            // Equal quotients round to equal numbers. Adding 0 leaves one zero.
            let bits = (amount.0 as f64 / purchases as f64 + 0.0).to_bits();
            if bits & SIGN == 0 { bits | SIGN } else { !bits }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worth_has_the_order_of_the_spend() {
        let amounts = [i64::MIN, -5, -1, 0, 1, 5, i64::MAX].map(Amount);
        for monetary in [RfmMonetary::Mean, RfmMonetary::Total] {
            assert!(amounts.map(|amount| worth(monetary, amount, 3)).is_sorted_by(|one, next| one < next));
            assert!(worth(monetary, Amount(6), 2) >= worth(monetary, Amount(3), 1));
        }
        assert_eq!(worth(RfmMonetary::Mean, Amount(6), 2), worth(RfmMonetary::Mean, Amount(3), 1));
    }

    #[test]
    fn equal_values_have_the_score_of_the_first_of_them() {
        let of = |values: &[u64], quantiles| scores(values.iter().map(|value| (0, *value)), quantiles);
        assert_eq!(of(&[10, 20, 30, 40, 50], 5), [1, 2, 3, 4, 5]);
        assert_eq!(of(&[1, 1, 1, 2, 9], 5), [1, 1, 1, 4, 5]);
        assert_eq!(of(&[7; 4], 5), [1; 4]);
        assert_eq!(of(&[3, 2, 1], 2), [2, 1, 1]);
        assert_eq!(of(&[5], 10), [1]);
    }
}
