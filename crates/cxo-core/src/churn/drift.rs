//! Do the customers scored today look like those the model was fitted on? The population stability index, with what chance does.
//!
//! [`DriftBins`] keep how one column was distributed in training and are stored with the model; whoever scores asks them.

use std::collections::BTreeMap;

use super::calibration::quantile_edges;
use crate::Error;
use crate::numeric::chi_square;

/// How a column was distributed in training: the edges of bins, or the categories, with the number of customers in each.
///
/// Edges are at quantiles of the training values, so that the bins were about equally full; equal quantiles are one edge, so
/// that a column of few values has fewer bins. A value on an edge belongs to the bin below. State: distributive, one count a
/// bin; no value of a customer is kept but the edges.
///
/// ```
/// use cxo_core::churn::drift::DriftBins;
///
/// let training: Vec<f64> = (0..1000).map(f64::from).collect();
/// let bins = DriftBins::numeric(&training, 10)?;
/// let shifted: Vec<f64> = training.iter().map(|value| value + 300.0).collect();
/// let drift = bins.of_values(&shifted)?;
/// assert!(drift.psi > drift.chance && drift.p_value < 1e-9);
/// assert_eq!(bins.of_values(&training)?.psi, 0.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawBins", into = "RawBins")
)]
pub struct DriftBins {
    column: Column,
    /// Customers of training in each bin.
    expected: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq)]
enum Column {
    /// Ascending edges between bins; one fewer than bins.
    Edges(Vec<f64>),
    /// Distinct categories in the order of their bytes; as many as bins.
    Categories(Vec<String>),
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum RawBins {
    Numeric { edges: Vec<f64>, expected: Vec<u64> },
    Categorical { categories: Vec<String>, expected: Vec<u64> },
}

#[cfg(feature = "serde")]
impl From<DriftBins> for RawBins {
    fn from(bins: DriftBins) -> Self {
        let expected = bins.expected;
        match bins.column {
            Column::Edges(edges) => Self::Numeric { edges, expected },
            Column::Categories(categories) => Self::Categorical { categories, expected },
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawBins> for DriftBins {
    type Error = Error;
    fn try_from(raw: RawBins) -> Result<Self, Error> {
        let (fits, bins) = match raw {
            RawBins::Numeric { edges, expected } => {
                let ascending = edges.windows(2).all(|pair| pair.first() < pair.last());
                let fits = ascending && edges.iter().all(|edge| edge.is_finite()) && expected.len() == edges.len() + 1;
                (fits, Self { column: Column::Edges(edges), expected })
            }
            RawBins::Categorical { categories, expected } => {
                let ascending = categories.windows(2).all(|pair| pair.first() < pair.last());
                let fits = ascending && !categories.is_empty() && expected.len() == categories.len();
                (fits, Self { column: Column::Categories(categories), expected })
            }
        };
        let total = bins.expected.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        if fits && total.is_some_and(|total| total > 0) {
            Ok(bins)
        } else {
            let allowed = "ascending edges or categories, with the number of customers of each bin";
            Err(Error::input("bins of a column", format!("{} bins", bins.expected.len()), allowed))
        }
    }
}

/// The drift of a column.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Drift {
    /// The population stability index; 0 is no drift.
    pub psi: f64,
    /// What chance alone exceeds once in twenty with as many customers: the 95 % quantile of chi-square with bins - 1 degrees,
    /// times 1 / n of training + 1 / n of today.
    pub chance: f64,
    /// The probability of an index at least as great if nothing has changed.
    pub p_value: f64,
    /// Customers of training.
    pub expected_customers: u64,
    /// Customers of today.
    pub actual_customers: u64,
    /// Each bin; the last is of categories that training did not have, if there are some today.
    pub bins: Vec<DriftBin>,
}

/// One bin of a column.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DriftBin {
    /// What is in it.
    pub content: BinContent,
    /// The share of the customers of training.
    pub expected: f64,
    /// The share of the customers of today.
    pub actual: f64,
    /// What it adds to the index, at least 0.
    pub contribution: f64,
}

/// What is in a bin.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum BinContent {
    /// Values above `from` up to `to`; the outer bins are open.
    Values {
        /// Lower edge, excluded.
        from: Option<f64>,
        /// Upper edge, included.
        to: Option<f64>,
    },
    /// One category.
    Category(String),
    /// Categories that training did not have.
    Unknown,
}

/// The least share of a bin: an empty one would make the index infinite.
const FLOOR: f64 = 1e-4;

impl DriftBins {
    /// From the values of a column in training, or of the scores of the model there, with at most so many bins.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for fewer than two bins or a value that is not finite, with its row,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a value.
    ///
    /// # Complexity
    /// O(rows).
    pub fn numeric(training: &[f64], bins: u32) -> Result<Self, Error> {
        if bins < 2 {
            return Err(Error::input("bins", bins, "2 or more"));
        }
        check_values(training)?;
        let edges = quantile_edges(training, bins);
        let expected = counts_of_values(&edges, training);
        Ok(Self { column: Column::Edges(edges), expected })
    }

    /// From the categories of a column in training.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row.
    ///
    /// # Complexity
    /// O(rows × log categories).
    pub fn categorical<S: AsRef<str>>(training: &[S]) -> Result<Self, Error> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        training.iter().for_each(|category| *counts.entry(category.as_ref()).or_default() += 1);
        if counts.is_empty() {
            return Err(Error::no_data("categories of training"));
        }
        let (categories, expected) = counts.into_iter().map(|(category, count)| (category.to_owned(), count)).unzip();
        Ok(Self { column: Column::Categories(categories), expected })
    }

    /// The edges between the bins, ascending; none of a column of categories.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        match &self.column {
            Column::Edges(edges) => edges,
            Column::Categories(_) => &[],
        }
    }

    /// The number of customers of training in each bin.
    #[must_use]
    pub fn expected(&self) -> &[u64] {
        &self.expected
    }

    /// How far the values of today are from those of training.
    ///
    /// PSI = Σ over bins of (actual - expected) ln (actual / expected), the shares of customers. A share below 1e-4 counts as
    /// 1e-4, so that an empty bin does not make it infinite; such a bin adds much by convention.
    ///
    /// **How much is much?** The limits 0.1 and 0.25 that are handed on are folklore: they know nothing of the number of
    /// customers. Without drift PSI / (1 / n + 1 / n') is about chi-square with bins - 1 degrees, n and n' customers: `chance`
    /// and `p_value` say what that means here. With many customers a drift too small to matter has a small p-value: then the
    /// index itself is what to look at. Formula page: `docs/formulas/psi.md`.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a column of categories,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that is not finite, with its row,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a value.
    ///
    /// # Complexity
    /// O(rows × log bins).
    ///
    /// # Reference
    /// Yurdakul and Naranjo (2020), Journal of Risk Model Validation 14 (distribution); the index is Jeffreys' divergence (1946).
    pub fn of_values(&self, today: &[f64]) -> Result<Drift, Error> {
        let Column::Edges(edges) = &self.column else {
            return Err(Error::incompatible("numbers for a column of categories"));
        };
        check_values(today)?;
        let limits = |at: usize| BinContent::Values {
            from: at.checked_sub(1).and_then(|below| edges.get(below)).copied(),
            to: edges.get(at).copied(),
        };
        let actual = counts_of_values(edges, today);
        Ok(self.drift(actual.into_iter().enumerate().map(|(at, count)| (limits(at), count)).collect()))
    }

    /// The same for a column of categories; categories that training did not have are one more bin.
    ///
    /// ```
    /// use cxo_core::churn::drift::DriftBins;
    ///
    /// let bins = DriftBins::categorical(&["monthly", "yearly", "monthly", "yearly"])?;
    /// let drift = bins.of_categories(&["monthly", "yearly", "weekly"])?;
    /// assert_eq!(drift.bins.len(), 3);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a column of numbers,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row.
    ///
    /// # Complexity
    /// O(rows × log categories).
    pub fn of_categories<S: AsRef<str>>(&self, today: &[S]) -> Result<Drift, Error> {
        let Column::Categories(categories) = &self.column else {
            return Err(Error::incompatible("categories for a column of numbers"));
        };
        if today.is_empty() {
            return Err(Error::no_data("rows of today"));
        }
        let mut counts = vec![0; categories.len()];
        let mut unknown = 0;
        for category in today {
            let place = categories.binary_search_by(|known| known.as_str().cmp(category.as_ref()));
            let count = place.ok().and_then(|at| counts.get_mut(at));
            *count.unwrap_or(&mut unknown) += 1;
        }
        let known = categories.iter().map(|category| BinContent::Category(category.clone())).zip(counts);
        let unknown = (unknown > 0).then_some((BinContent::Unknown, unknown));
        Ok(self.drift(known.chain(unknown).collect()))
    }

    fn drift(&self, actual: Vec<(BinContent, u64)>) -> Drift {
        let expected_customers: u64 = self.expected.iter().sum();
        let actual_customers: u64 = actual.iter().map(|(_, count)| count).sum();
        let expected = self.expected.iter().copied().chain(std::iter::repeat(0));
        let bins: Vec<DriftBin> = actual
            .into_iter()
            .zip(expected)
            .map(|((content, actual), expected)| {
                let expected = expected as f64 / expected_customers as f64;
                let actual = actual as f64 / actual_customers as f64;
                let [from, to] = [expected, actual].map(|share| share.max(FLOOR));
                DriftBin { content, expected, actual, contribution: (to - from) * (to / from).ln() }
            })
            .collect();
        let psi = bins.iter().map(|bin| bin.contribution).sum();
        let scale = 1.0 / expected_customers as f64 + 1.0 / actual_customers as f64;
        let degrees = bins.len() as f64 - 1.0;
        // A column of one bin cannot drift.
        let (chance, p_value) = if degrees > 0.0 {
            (chi_square::quantile(0.95, degrees) * scale, chi_square::sf(psi / scale, degrees))
        } else {
            (0.0, 1.0)
        };
        Drift { psi, chance, p_value, expected_customers, actual_customers, bins }
    }
}

fn check_values(values: &[f64]) -> Result<(), Error> {
    if values.is_empty() {
        return Err(Error::no_data("values of a column"));
    }
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((row, value)) => Err(Error::input("value of a column", value, "a finite number").at_row(row as u64)),
        None => Ok(()),
    }
}

fn counts_of_values(edges: &[f64], values: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        if let Some(count) = counts.get_mut(edges.partition_point(|edge| edge < value)) {
            *count += 1;
        }
    }
    counts
}
