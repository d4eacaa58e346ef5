//! How long was each customer observed, and did he leave? Columns for every analysis of survival.

use crate::Error;

/// Durations of customers, each with whether it ended in the event (leaving) or observation stopped before (censored).
///
/// All durations are in one unit, whichever it is. An entry time says that a customer was under observation only from then
/// on (left truncation, or a row of covariates that changed: start-stop); he is at risk in (entry, duration].
///
/// ```
/// use cxo_core::churn::Durations;
///
/// let durations = Durations::new(vec![5.0, 8.0, 3.0], vec![true, false, true])?;
/// assert_eq!((durations.rows(), durations.events()), (3, 2));
/// assert!(Durations::new(vec![-1.0], vec![true]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Durations {
    times: Vec<f64>,
    observed: Vec<bool>,
    entries: Option<Vec<f64>>,
    weights: Option<Vec<f64>>,
}

impl Durations {
    /// From durations (finite, at least 0) and whether each ended in the event.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a duration that is negative or not finite, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row.
    pub fn new(durations: Vec<f64>, observed: Vec<bool>) -> Result<Self, Error> {
        same_length(observed.len(), durations.len())?;
        if durations.is_empty() {
            return Err(Error::no_data("durations"));
        }
        check("duration", &durations, |_, value| value >= 0.0, "a finite number of at least 0")?;
        Ok(Self { times: durations, observed, entries: None, weights: None })
    }

    /// The same with the times at which observation of each row began (finite, at least 0, before its duration).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an entry out of range, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows.
    pub fn with_entries(mut self, entries: Vec<f64>) -> Result<Self, Error> {
        same_length(entries.len(), self.rows())?;
        let before = |row: usize, value: f64| value >= 0.0 && self.times.get(row).is_some_and(|&time| value < time);
        check("entry", &entries, before, "at least 0 and before the duration")?;
        self.entries = Some(entries);
        Ok(self)
    }

    /// The same with a weight for each row (finite, above 0).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a weight out of range, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, Error> {
        same_length(weights.len(), self.rows())?;
        check("weight", &weights, |_, value| value > 0.0, "a finite number above 0")?;
        self.weights = Some(weights);
        Ok(self)
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.times.len()
    }

    /// Number of rows that ended in the event.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.observed.iter().filter(|&&observed| observed).count() as u64
    }

    /// The duration of each row.
    #[must_use]
    pub fn durations(&self) -> &[f64] {
        &self.times
    }

    /// Whether each row ended in the event.
    #[must_use]
    pub fn observed(&self) -> &[bool] {
        &self.observed
    }

    /// When observation of each row began, if it did not begin at 0 for all.
    #[must_use]
    pub fn entries(&self) -> Option<&[f64]> {
        self.entries.as_deref()
    }

    /// The weight of each row, if they differ from 1.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }
}

fn same_length(given: usize, rows: usize) -> Result<(), Error> {
    if given == rows { Ok(()) } else { Err(Error::incompatible(format!("{given} values for {rows} rows"))) }
}

fn check(what: &str, values: &[f64], allowed: impl Fn(usize, f64) -> bool, bound: &str) -> Result<(), Error> {
    match values.iter().enumerate().find(|&(row, &value)| !(value.is_finite() && allowed(row, value))) {
        Some((row, value)) => Err(Error::input(what, value, bound).at_row(row as u64)),
        None => Ok(()),
    }
}
