//! Would the model have worked at past dates? Fitted on what was known then, scored on what came after.

use crate::Error;
use crate::domain::Day;

/// When a model is fitted and what it is scored on: rows of up to `fit_until`, then rows after `score_after` and up to
/// `score_until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BacktestWindow<T> {
    fit_until: T,
    score_after: T,
    score_until: T,
}

impl<T: Copy + Ord> BacktestWindow<T> {
    /// From the three times, none before the one before it.
    ///
    /// Whether a customer left within h of the time of a row is only known h later. A model put to use at the time t can have
    /// learned from rows of up to t - h: with `fit_until` = t it would have seen its own future.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `fit_until` <= `score_after` < `score_until`.
    pub fn new(fit_until: T, score_after: T, score_until: T) -> Result<Self, Error> {
        if fit_until <= score_after && score_after < score_until {
            Ok(Self { fit_until, score_after, score_until })
        } else {
            let allowed = "fitted until, scored after, scored until, in this order, the last two apart";
            Err(Error::input("window of a backtest", "times in another order", allowed))
        }
    }

    /// Rows up to this time are fitted on.
    #[must_use]
    pub const fn fit_until(&self) -> T {
        self.fit_until
    }

    /// Rows after this time are scored.
    #[must_use]
    pub const fn score_after(&self) -> T {
        self.score_after
    }

    /// Rows up to this time are scored.
    #[must_use]
    pub const fn score_until(&self) -> T {
        self.score_until
    }
}

impl BacktestWindow<Day> {
    /// A model put to use on the evening of `day`: fitted on rows whose outcome, `label_days` after them, is known by then;
    /// scored on the rows of the `window_days` that follow.
    ///
    /// ```
    /// use cxo_core::{churn::evaluation::BacktestWindow, domain::Day};
    ///
    /// let window = BacktestWindow::of_day(Day(1000), 30, 90)?;
    /// assert_eq!((window.fit_until(), window.score_until()), (Day(970), Day(1090)));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a window of no day, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow)
    /// for days beyond the calendar.
    pub fn of_day(day: Day, label_days: u32, window_days: u32) -> Result<Self, Error> {
        let end = day.0.checked_add_unsigned(window_days);
        match (day.0.checked_sub_unsigned(label_days), end) {
            (Some(start), Some(end)) => Self::new(Day(start), day, Day(end)),
            _ => Err(Error::overflow("days of a backtest")),
        }
    }
}

/// One window of a backtest.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BacktestPart<T> {
    /// The window.
    pub window: BacktestWindow<T>,
    /// The rows fitted on, in ascending order.
    pub training: Vec<usize>,
    /// The rows scored, in ascending order.
    pub scored: Vec<usize>,
    /// What the model said of them.
    pub predictions: Vec<f64>,
}

/// Fits and scores a model at each window, so that no prediction has seen its future.
///
/// `times` is the time of each row: the last moment of which its features know. `predict` is called with the rows to fit on and
/// the rows to score, and gives one number for each of the latter. The outcomes of the scored rows with these numbers are
/// [`Predictions`](super::Predictions) of a later period.
///
/// ```
/// use cxo_core::churn::evaluation::{BacktestWindow, temporal_backtest};
///
/// let (times, left) = ([1, 2, 3, 4, 5], [1.0, 0.0, 0.0, 1.0, 1.0]);
/// let windows = [BacktestWindow::new(2, 3, 5)?];
/// let parts = temporal_backtest(&times, &windows, |training, scored| {
///     let share = training.iter().map(|&row| left[row]).sum::<f64>() / training.len() as f64;
///     Ok(vec![share; scored.len()])
/// })?;
/// assert_eq!((parts[0].scored.as_slice(), parts[0].predictions[0]), (&[3, 4][..], 0.5));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for a window without rows to fit on or to score,
/// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) where `predict` gives another number of values; those of
/// `predict`.
///
/// # Complexity
/// O(rows × windows), and the calls.
pub fn temporal_backtest<T: Copy + Ord>(
    times: &[T],
    windows: &[BacktestWindow<T>],
    mut predict: impl FnMut(&[usize], &[usize]) -> Result<Vec<f64>, Error>,
) -> Result<Vec<BacktestPart<T>>, Error> {
    let rows = |chosen: &dyn Fn(T) -> bool| -> Vec<usize> {
        (0..).zip(times).filter(|(_, time)| chosen(**time)).map(|(row, _)| row).collect()
    };
    let part = |window: &BacktestWindow<T>| {
        let training = rows(&|time| time <= window.fit_until);
        let scored = rows(&|time| time > window.score_after && time <= window.score_until);
        if training.is_empty() || scored.is_empty() {
            return Err(Error::no_data("rows to fit on and rows to score in a window of a backtest"));
        }
        let predictions = predict(&training, &scored)?;
        if predictions.len() != scored.len() {
            return Err(Error::incompatible(format!("{} predictions for {} rows", predictions.len(), scored.len())));
        }
        Ok(BacktestPart { window: *window, training, scored, predictions })
    };
    windows.iter().map(part).collect()
}
