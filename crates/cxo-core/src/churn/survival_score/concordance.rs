//! Uno's index of concordance.

use super::Censoring;
use super::censoring::from_the_start;
use crate::churn::Durations;
use crate::churn::concordance::{Concordance, of_weighted_events};
use crate::{Confidence, Error};

impl Censoring {
    /// Uno's index of concordance: that of Harrell with the pairs of an event at t weighted by 1 / G(t)², so that it does not
    /// depend on how long customers were observed.
    ///
    /// Only events before `horizon` count, if there is one. Choose it where enough customers are still observed, for the weights
    /// grow without bound. Pairs in the answer are sums of weights. The standard error takes G as known, which makes it a little
    /// too wide as a rule. Formula page: `docs/formulas/concordance.md`.
    ///
    /// ```
    /// use cxo_core::{Confidence, churn::{Durations, survival_score::Censoring}};
    ///
    /// let durations = Durations::new(vec![2.0, 4.0, 5.0, 9.0], vec![true, false, true, true])?;
    /// let found = Censoring::fit(&durations)?.concordance(&durations, &[3.0, 1.0, 1.0, 2.0], None, Confidence::P95)?;
    /// // Three pairs of weight 1, one of (3 / 2)² in the wrong order.
    /// assert!((found.estimate.value - 3.0 / 5.25).abs() < 1e-15);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`concordance`](crate::churn::concordance::concordance);
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) where somebody left at a time at which G is 0 or not known,
    /// as when all are censored at the end of a study: set a horizon.
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for durations with entry times.
    ///
    /// # Complexity
    /// O(n log n).
    ///
    /// # Reference
    /// Uno et al. (2011), Statistics in Medicine 30, 1105-1117, equation 6.
    pub fn concordance(
        &self,
        durations: &Durations,
        risk: &[f64],
        horizon: Option<f64>,
        confidence: Confidence,
    ) -> Result<Concordance, Error> {
        from_the_start(durations)?;
        let weights = self.event_weights(durations, |time| horizon.is_none_or(|horizon| time < horizon))?;
        let factors: Vec<f64> = weights.iter().map(|weight| weight * weight).collect();
        of_weighted_events(durations, risk, &factors, confidence)
    }
}
