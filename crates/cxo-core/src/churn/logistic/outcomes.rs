//! What happened to each customer, yes or no: the answer column of a logistic regression.

use crate::Error;

/// Yes or no for each row, with a weight and an offset where the rows have one.
///
/// The outcome may be churn or, say, dissatisfaction: `true` is what the model will give the probability of. A row of weight 2 counts
/// as two rows alike. An offset is added to the logit as it is; no coefficient belongs to it.
///
/// ```
/// use cxo_core::churn::logistic::Outcomes;
///
/// let outcomes = Outcomes::new(vec![true, false, true])?.with_weights(vec![2.0, 1.0, 1.0])?;
/// assert_eq!((outcomes.rows(), outcomes.events()), (3, 2));
/// assert!(Outcomes::new(vec![]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    happened: Vec<bool>,
    weights: Option<Vec<f64>>,
    offsets: Option<Vec<f64>>,
}

impl Outcomes {
    /// From whether it happened, in the order of the rows.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row.
    pub fn new(happened: Vec<bool>) -> Result<Self, Error> {
        if happened.is_empty() {
            return Err(Error::no_data("outcomes"));
        }
        Ok(Self { happened, weights: None, offsets: None })
    }

    /// The same with a weight for each row (finite, above 0).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a weight out of range, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows.
    pub fn with_weights(mut self, weights: Vec<f64>) -> Result<Self, Error> {
        self.check("weight", &weights, |value| value > 0.0, "a finite number above 0")?;
        self.weights = Some(weights);
        Ok(self)
    }

    /// The same with an offset for each row (finite, on the scale of the logit).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an offset that is not finite, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of rows.
    pub fn with_offsets(mut self, offsets: Vec<f64>) -> Result<Self, Error> {
        self.check("offset", &offsets, |_| true, "a finite number")?;
        self.offsets = Some(offsets);
        Ok(self)
    }

    fn check(&self, what: &str, values: &[f64], allowed: impl Fn(f64) -> bool, bound: &str) -> Result<(), Error> {
        if values.len() != self.rows() {
            return Err(Error::incompatible(format!("{} values of {what} for {} rows", values.len(), self.rows())));
        }
        match values.iter().enumerate().find(|&(_, &value)| !(value.is_finite() && allowed(value))) {
            Some((row, value)) => Err(Error::input(what, value, bound).at_row(row as u64)),
            None => Ok(()),
        }
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.happened.len()
    }

    /// Number of rows in which it happened.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.happened.iter().filter(|&&happened| happened).count() as u64
    }

    /// Whether it happened, row by row.
    #[must_use]
    pub fn happened(&self) -> &[bool] {
        &self.happened
    }

    /// The weight of each row, if they differ from 1.
    #[must_use]
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The offset of each row, if there are any.
    #[must_use]
    pub fn offsets(&self) -> Option<&[f64]> {
        self.offsets.as_deref()
    }

    /// Σ of the weights: rows, where all weigh 1.
    pub(super) fn total_weight(&self) -> f64 {
        self.weights.as_ref().map_or(self.rows() as f64, |weights| weights.iter().sum())
    }

    /// The rows at these places.
    pub(super) fn subset(&self, places: &[usize]) -> Self {
        let pick = |values: &Vec<f64>| places.iter().filter_map(|&place| values.get(place).copied()).collect();
        Self {
            happened: places.iter().filter_map(|&place| self.happened.get(place).copied()).collect(),
            weights: self.weights.as_ref().map(pick),
            offsets: self.offsets.as_ref().map(pick),
        }
    }
}
