//! Do customers who buy often spend more, or less, on a purchase? The check of the assumption that models of spend stand on.
//! Stateless; called before lifetime value is trusted.

use super::Summaries;
use super::gamma_gamma::Told;
use crate::stats::correlation::{Correlation, pearson, spearman};
use crate::{Confidence, Error};

/// The correlation of frequency and mean spend among customers with repeat purchases and a mean spend above 0.
///
/// If the mean spend of a customer does not depend on how often he buys, their covariance is 0 whatever his number of
/// purchases. Pearson's correlation measures that; a few great spenders can make it. Spearman's does not heed them, but it may
/// lie a little off 0 even so: the mean of a few purchases is skewed, that of many is not. Formula page:
/// `docs/formulas/gamma-gamma.md`.
///
/// ```
/// use cxo_core::clv::{Association, Independence, Summaries, Summary};
/// use cxo_core::Confidence;
///
/// // The more often, the less: 10 at one purchase, 8 at two, 6 at three, with a little noise.
/// let summaries: Summaries = (0..60_u32).map(|customer| {
///     let frequency = 1 + customer % 3;
///     Summary::new(frequency, 5.0, 9.0)?.with_monetary_value(12.0 - 2.0 * f64::from(frequency) + f64::from(customer % 7) / 4.0)
/// }).collect::<Result<_, _>>()?;
/// let check = Independence::of(&summaries, Confidence::P95)?;
/// assert_eq!(check.verdict, Association::Marked);
/// assert!(check.pearson.estimate.value < -0.8);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Independence {
    /// Customers compared.
    pub customers: u64,
    /// Pearson's correlation.
    pub pearson: Correlation,
    /// Spearman's rank correlation.
    pub spearman: Correlation,
    /// What Pearson's correlation says.
    pub verdict: Association,
}

/// How frequency and mean spend go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Association {
    /// The interval holds 0.
    NotDetected,
    /// The interval does not hold 0, and the correlation is below 0.3 in size.
    Weak,
    /// The interval does not hold 0, and the correlation is 0.3 or more in size.
    Marked,
    /// Too few customers for an interval.
    Unknown,
}

/// Below this Cohen (1988) calls a correlation small.
const SMALL: f64 = 0.3;

impl Association {
    /// What it means for lifetime value, in words.
    #[must_use]
    pub const fn reading(self) -> &'static str {
        match self {
            Self::NotDetected => "no correlation of frequency and mean spend is detected; the model assumes none",
            Self::Weak => {
                "frequency and mean spend are weakly correlated; the model assumes none, so that values of frequent and of rare \
                 buyers are biased a little in opposite directions"
            }
            Self::Marked => {
                "frequency and mean spend are correlated; the model assumes none, so that values of frequent and of rare buyers \
                 are biased in opposite directions"
            }
            Self::Unknown => {
                "too few customers tell whether frequency and mean spend are correlated; the model assumes they are not"
            }
        }
    }
}

impl Independence {
    /// Compares frequency and mean spend.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for fewer than two customers,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all have the same frequency or the same mean spend.
    ///
    /// # Complexity
    /// O(n log n), for the ranks.
    pub fn of(summaries: &Summaries, confidence: Confidence) -> Result<Self, Error> {
        let pairs: Vec<(f64, f64, u64)> = summaries
            .iter()
            .filter_map(|(history, count)| match Told::by(&history) {
                Told::Mean(mean) => Some((f64::from(history.frequency()), mean, count)),
                _ => None,
            })
            .collect();
        let pearson = pearson(&pairs, confidence)?;
        let spearman = spearman(&pairs, confidence)?;
        let verdict = match pearson.estimate.interval {
            Err(_) => Association::Unknown,
            Ok(interval) if interval.contains(0.0) => Association::NotDetected,
            Ok(_) if pearson.estimate.value.abs() < SMALL => Association::Weak,
            Ok(_) => Association::Marked,
        };
        Ok(Self { customers: pearson.estimate.n, pearson, spearman, verdict })
    }
}
