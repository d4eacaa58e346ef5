//! How far would an answer move with other customers? Resamples of customers with replacement, each with all that he did. State:
//! none; a [`Bootstrap`] says how many resamples and from which seed, analyses draw them.

use crate::numeric::random::Random;
use crate::{Absent, Confidence, Error, Interval, Method, Seed};

/// Percentile intervals from resamples of customers (Efron 1979; Efron and Tibshirani 1993, chapter 13).
///
/// Each resample draws as many customers as there are, with replacement, on a stream of the seed of its own; quantiles are of R type
/// 7. A percentile interval need not hold its estimate where the estimator is biased.
///
/// ```
/// use cxo_core::{Confidence, Seed, stats::resampling::Bootstrap};
///
/// let bootstrap = Bootstrap::new(1000, Seed(1))?.confidence(Confidence::P90);
/// assert!(Bootstrap::new(10, Seed(1)).is_err());
/// # let _ = bootstrap;
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    replicates: u32,
    seed: Seed,
    confidence: Confidence,
}

impl Bootstrap {
    /// So many resamples, at 95 %.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for fewer than 100, which have no quantile of 2.5 % to speak of, or more than
    /// 100,000.
    pub fn new(replicates: u32, seed: Seed) -> Result<Self, Error> {
        if !(100..=100_000).contains(&replicates) {
            return Err(Error::input("resamples", replicates, "100 to 100000"));
        }
        Ok(Self { replicates, seed, confidence: Confidence::default() })
    }

    /// The level of the intervals; 95 % unless set.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// The number of resamples.
    #[must_use]
    pub const fn replicates(&self) -> u32 {
        self.replicates
    }

    /// How often each customer is in each resample. `ranks` are the places of the customers in an order that the data do not
    /// depend on, so that the same customers are drawn however they are stored.
    pub(crate) fn resamples(&self, ranks: &[usize], mut each: impl FnMut(&[u32])) {
        let units = ranks.len();
        let (mut weights, mut placed) = (vec![0_u32; units], vec![0_u32; units]);
        for replicate in 0..self.replicates {
            let mut random = Random::new(self.seed.0, u64::from(replicate));
            weights.fill(0);
            for _ in 0..units {
                if let Some(weight) = weights.get_mut(random.below(units)) {
                    *weight += 1;
                }
            }
            for (placed, &rank) in placed.iter_mut().zip(ranks) {
                *placed = weights.get(rank).copied().unwrap_or_default();
            }
            each(&placed);
        }
    }

    /// The percentiles of what the resamples answered; absent where fewer than half of them could, and where the percentiles are
    /// the same but for rounding.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the draws")]
    pub(crate) fn interval(&self, draws: &mut [f64]) -> Result<Interval, Absent> {
        if draws.len() < 2 || draws.len() * 2 < self.replicates as usize {
            return Err(Absent::NoObservations);
        }
        draws.sort_unstable_by(f64::total_cmp);
        let quantile = |share: f64| {
            let place = share * (draws.len() - 1) as f64;
            let at = |place: usize| draws.get(place).or(draws.last()).copied().unwrap_or_default();
            let (below, above) = (at(place.floor() as usize), at(place.ceil() as usize));
            below + (place - place.floor()) * (above - below)
        };
        let tail = self.confidence.alpha() / 2.0;
        let (lower, upper) = (quantile(tail), quantile(1.0 - tail));
        between(lower, upper, self.confidence)
    }
}

/// Below this share of its bounds the width of an interval is rounding.
const ROUNDING: f64 = 1e-12;

/// The interval between two percentiles of resamples; absent where they are the same but for rounding.
pub(crate) fn between(lower: f64, upper: f64, confidence: Confidence) -> Result<Interval, Absent> {
    if upper - lower <= ROUNDING * lower.abs().max(upper.abs()) {
        return Err(Absent::AlikeResamples);
    }
    Interval::new(lower, upper, confidence, Method::CustomerBootstrap).map_err(|_| Absent::NotDefined)
}
