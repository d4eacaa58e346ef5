//! What is known of customers besides their purchases? Tables of static covariates, checked. State: flat tables beside the
//! summaries, row by row; read by models with covariates.

use crate::Error;
use crate::numeric::matrix::Matrix;

/// Correlations whose matrix has an eigenvalue below this leave a column no variation of its own.
const COLLINEAR: f64 = 1e-9;
/// A column whose standard deviation is below this share of its size is constant.
const CONSTANT: f64 = 1e-12;

/// Numbers known of each customer that do not change, such as 1 for a member and 0 for others: one row a customer, one column
/// a covariate. A trait of k values becomes k - 1 columns of 0 and 1. The default is a table without columns.
///
/// ```
/// use cxo_core::clv::Covariates;
///
/// let mut covariates = Covariates::new(["member", "income"])?;
/// covariates.push(&[1.0, 3.4])?;
/// covariates.push(&[0.0, 2.1])?;
/// assert_eq!(covariates.len(), 2);
/// assert!(covariates.push(&[1.0, f64::NAN]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawCovariates"))]
pub struct Covariates {
    names: Vec<String>,
    /// Row by row.
    values: Vec<f64>,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawCovariates {
    names: Vec<String>,
    values: Vec<f64>,
}

#[cfg(feature = "serde")]
impl TryFrom<RawCovariates> for Covariates {
    type Error = Error;
    fn try_from(raw: RawCovariates) -> Result<Self, Error> {
        let mut covariates = Self::new(raw.names)?;
        let width = covariates.names.len().max(1);
        raw.values.chunks(width).try_for_each(|row| covariates.push(row))?;
        Ok(covariates)
    }
}

impl Covariates {
    /// A table without rows.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if two columns have the same name.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        match names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|before| before == *name)) {
            Some((_, name)) => Err(Error::input("name of a covariate", name, "names that differ")),
            None => Ok(Self { names, values: Vec::new() }),
        }
    }

    /// Adds the values of the next customer, in the order of the summaries.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), with the row, unless there is one finite value for each name.
    pub fn push(&mut self, values: &[f64]) -> Result<(), Error> {
        matches(&self.names, values).map_err(|error| error.at_row(self.len() as u64))?;
        self.values.extend_from_slice(values);
        Ok(())
    }

    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of rows; 0 of a table without columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.names.len().max(1)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values of a customer.
    pub(super) fn row(&self, at: usize) -> &[f64] {
        let width = self.names.len();
        self.values.get(at * width..(at + 1) * width).unwrap_or_default()
    }

    /// Whether there is a row for each customer.
    pub(super) fn covers(&self, customers: usize) -> Result<(), Error> {
        if self.values.len() == customers * self.names.len() {
            return Ok(());
        }
        Err(Error::incompatible(format!("{} rows of covariates for {customers} rows of customers", self.len())))
    }

    /// Mean and standard deviation of each column, none of which may be constant or follow from the others.
    fn standards(&self) -> Result<Vec<Standard>, Error> {
        let named = self.names.iter().enumerate();
        let standards = named.map(|(at, name)| {
            let column = self.values.iter().skip(at).step_by(self.names.len());
            Standard::new(column.copied(), self.len() as f64)
                .ok_or_else(|| Error::not_identified(format!("the covariate {name} is the same for all customers")))
        });
        let standards = standards.collect::<Result<Vec<_>, Error>>()?;
        let mut products = Matrix::zeros(standards.len());
        let mut standard = vec![0.0; standards.len()];
        for row in self.values.chunks(standards.len().max(1)) {
            standard.iter_mut().zip(row).zip(&standards).for_each(|((slot, value), by)| *slot = by.of(*value));
            for (i, left) in standard.iter().enumerate() {
                standard.iter().enumerate().for_each(|(j, right)| products.add(i, j, left * right));
            }
        }
        match products.spectrum().first() {
            Some((least, vector)) if *least < COLLINEAR * self.len() as f64 => {
                let among = self.names.iter().zip(vector).filter(|(_, part)| part.abs() > 0.1);
                let among = among.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                Err(Error::not_identified(format!("the covariates {among} are collinear")))
            }
            _ => Ok(standards),
        }
    }
}

/// One finite value for each name.
fn matches(names: &[String], values: &[f64]) -> Result<(), Error> {
    if values.len() != names.len() {
        return Err(Error::input("number of covariates", values.len(), names.len().to_string()));
    }
    match names.iter().zip(values).find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(Error::input(format!("covariate {name}"), value, "a finite number")),
        None => Ok(()),
    }
}

/// How a column is standardised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standard {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

impl Standard {
    /// None of a column without variation.
    fn new(column: impl Iterator<Item = f64> + Clone, rows: f64) -> Option<Self> {
        let size = column.clone().fold(0.0, |most: f64, value| most.max(value.abs()));
        // In units of the largest, so that no square overflows.
        let mean = column.clone().map(|value| value / size).sum::<f64>() / rows;
        let variance = column.map(|value| (value / size - mean).powi(2)).sum::<f64>() / rows;
        let deviation = variance.sqrt();
        (deviation > CONSTANT).then_some(Self { mean: mean * size, deviation: deviation * size })
    }

    pub(super) fn of(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

/// The two tables of a model: either may be without columns, and both may be the same.
#[derive(Debug, Clone, Copy)]
pub struct CovariateTables<'a> {
    /// What may go with buying more or less often.
    pub purchase: &'a Covariates,
    /// What may go with leaving sooner or later.
    pub dropout: &'a Covariates,
}

impl CovariateTables<'_> {
    /// The standards of all columns, purchase then dropout.
    pub(super) fn standards(&self, customers: usize) -> Result<Vec<Standard>, Error> {
        let mut standards = Vec::new();
        for table in [self.purchase, self.dropout] {
            table.covers(customers)?;
            standards.extend(table.standards()?);
        }
        Ok(standards)
    }
}

/// The covariates of one customer, in the order of the tables of the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CovariateValues<'a> {
    /// Those of purchase.
    pub purchase: &'a [f64],
    /// Those of dropout.
    pub dropout: &'a [f64],
}

impl CovariateValues<'_> {
    pub(super) fn check(&self, purchase: &[String], dropout: &[String]) -> Result<(), Error> {
        matches(purchase, self.purchase)?;
        matches(dropout, self.dropout)
    }
}
