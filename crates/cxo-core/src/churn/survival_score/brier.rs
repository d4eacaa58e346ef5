//! The Brier score of predicted survival.

use super::Censoring;
use super::censoring::{check_times, from_the_start};
use crate::churn::Durations;
use crate::churn::evaluation::{Weights, mean};
use crate::{Confidence, Error, Estimate};

impl Censoring {
    /// The Brier score at a time: the mean squared difference of still being there (1 or 0) and the predicted survival to it.
    ///
    /// Of those who left by t the square is S²/G(their time), of those still observed after t (1 - S)²/G(t), of those censored
    /// before 0. `survival` is the predicted probability of each row to stay longer than `time`. The standard error takes G as
    /// known. Formula page: `docs/formulas/censoring-weights.md`.
    ///
    /// ```
    /// use cxo_core::{Confidence, churn::{Durations, survival_score::Censoring}};
    ///
    /// let durations = Durations::new(vec![1.0, 3.0, 4.0], vec![true, true, false])?;
    /// let brier = Censoring::fit(&durations)?.brier(&durations, 2.0, &[0.4, 0.5, 0.9], Confidence::P95)?;
    /// assert!((brier.value - (0.16 + 0.25 + 0.01) / 3.0).abs() < 1e-15);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a survival outside [0, 1], with its row, or a time that is not above 0,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows or durations with entry times,
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) where G is 0 or not known at a time that is needed.
    ///
    /// # Complexity
    /// O(rows × log times).
    ///
    /// # Reference
    /// Graf et al. (1999), Statistics in Medicine 18, 2529-2545, 3.2.
    pub fn brier(
        &self,
        durations: &Durations,
        time: f64,
        survival: &[f64],
        confidence: Confidence,
    ) -> Result<Estimate, Error> {
        let losses = self.losses(durations, time, survival)?;
        Ok(mean(&losses, Weights(durations.weights()), [0.0, f64::MAX], confidence))
    }

    /// The integrated Brier score: the mean of the Brier score over time, from the first of `times` to the last, by the
    /// trapezoid rule.
    ///
    /// `survival` holds for each time the predicted survival of all rows. Formula page: `docs/formulas/censoring-weights.md`.
    ///
    /// # Errors
    /// As [`brier`](Self::brier); [`ErrorKind::Input`](crate::ErrorKind::Input) unless the times are ascending,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for fewer than two.
    ///
    /// # Complexity
    /// O(rows × times).
    ///
    /// # Reference
    /// Graf et al. (1999), 3.3.
    pub fn integrated_brier<S: AsRef<[f64]>>(
        &self,
        durations: &Durations,
        times: &[f64],
        survival: &[S],
        confidence: Confidence,
    ) -> Result<Estimate, Error> {
        check_times(times)?;
        let (Some(first), Some(last), true) = (times.first(), times.last(), times.len() > 1) else {
            return Err(Error::no_data("two times to integrate between"));
        };
        if survival.len() != times.len() {
            return Err(Error::incompatible(format!("predictions at {} times, {} times", survival.len(), times.len())));
        }
        let mut integrals = vec![0.0; durations.rows()];
        let before = std::iter::once(first).chain(times);
        let after = times.iter().skip(1).chain([last]);
        for (((time, survival), before), after) in times.iter().zip(survival).zip(before).zip(after) {
            // Half of the intervals on both sides.
            let share = 0.5 * (after - before) / (last - first);
            let losses = self.losses(durations, *time, survival.as_ref())?;
            integrals.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += share * loss);
        }
        Ok(mean(&integrals, Weights(durations.weights()), [0.0, f64::MAX], confidence))
    }

    /// The weighted squared difference of each row.
    fn losses(&self, durations: &Durations, time: f64, survival: &[f64]) -> Result<Vec<f64>, Error> {
        check_times(&[time])?;
        from_the_start(durations)?;
        if survival.len() != durations.rows() {
            return Err(Error::incompatible(format!("{} predictions, {} durations", survival.len(), durations.rows())));
        }
        if let Some((row, value)) = survival.iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(*value)) {
            return Err(Error::input("survival", value, "0 to 1").at_row(row as u64));
        }
        let still_there = durations.durations().iter().any(|duration| *duration > time);
        let of_later = if still_there { self.weight(time)? } else { 0.0 };
        let of_events = self.event_weights(durations, |duration| duration <= time)?;
        let rows = durations.durations().iter().zip(of_events).zip(survival);
        let loss = |((duration, of_event), survival): ((&f64, f64), &f64)| {
            if *duration > time { of_later * (1.0 - survival).powi(2) } else { of_event * survival * survival }
        };
        Ok(rows.map(loss).collect())
    }
}
