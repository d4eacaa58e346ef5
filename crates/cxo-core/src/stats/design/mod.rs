//! How precise is a mean or share of a sample with weights, strata and clusters?
//!
//! State: none; the columns of a sample stay with the caller and a [`Design`] borrows them. Weighted survey metrics and
//! clustered standard errors of repeat respondents are asked through it.

mod estimate;
mod weights;

pub use estimate::{DesignEstimate, DesignMethod};
pub use weights::Weights;
pub(crate) use weights::check_weights;

use crate::{Absent, Error, numeric::sum::Sum, stats::raking::Margin};

/// What to do with a stratum that has only one cluster, whose spread is therefore unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum LonelyCluster {
    /// No standard error: [`Absent::LonelyCluster`].
    #[default]
    Absent,
    /// The cluster was taken with certainty: it adds nothing to the variance.
    Certainty,
    /// Its distance from the mean of all clusters instead of that of its stratum: conservative.
    Centred,
}

/// The design of a sample: a weight for each row, and optionally its stratum, its cluster and how many clusters each
/// stratum of the population has.
///
/// The variance of a mean m = Σ w y / W, with W = Σ w, is that of the linearised values z = w (y - m) / W, summed within
/// clusters, under sampling of clusters with replacement inside strata (ultimate clusters):
///
/// ```text
/// variance = Σ_h (1 - n_h / N_h) n_h / (n_h - 1) Σ_c (z_hc - mean of z_h)²
/// ```
///
/// with `n_h` clusters of stratum h in the sample and `N_h` in the population (the factor is 1 where `N_h` is not given).
/// A row without cluster is its own cluster. Degrees of freedom: clusters minus strata. Scaling all weights changes nothing.
///
/// Stratum and cluster ids count from 0 and are less than the number of rows; a cluster lies in one stratum.
///
/// ```
/// use cxo_core::{Confidence, stats::design::{Design, DesignMethod}};
///
/// let weights = [1.0, 2.0, 1.5, 0.5, 1.0, 2.0];
/// let satisfied = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
/// let design = Design::new(&weights)?.clusters(&[0, 0, 1, 1, 2, 2])?;
/// let share = design.mean(&satisfied)?;
/// assert_eq!((share.value, share.clusters, share.degrees_of_freedom()), (0.625, 3, 2));
/// let interval = share.interval(DesignMethod::StudentT, Confidence::P95)?;
/// assert!(interval.is_ok_and(|interval| interval.contains(0.625)));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula pages: `docs/formulas/weighting.md`, `docs/formulas/design-effect.md`.
///
/// Reference: Binder (1983), <https://doi.org/10.2307/1402588>; Särndal, Swensson and Wretman (1992), chapters 4 and 5.
#[derive(Debug, Clone, Copy)]
pub struct Design<'a> {
    weights: &'a [f64],
    strata: Option<&'a [u32]>,
    clusters: Option<&'a [u32]>,
    population: Option<&'a [u64]>,
    lonely: LonelyCluster,
    calibration: Option<(&'a [Margin], Residuals)>,
}

/// How the answers are regressed on the margins that weights were raked to.
///
/// Raked weights make the totals of the margins certain, so only what the margins do not explain adds to the variance:
/// the residuals of a regression of the answers on the categories take the place of the answers (Deville and Särndal 1992).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Residuals {
    /// The regression uses the weights, as the linearisation of the estimator does.
    Weighted,
    /// The regression counts each row once, as R's survey package does for raked samples.
    Unweighted,
}

/// The two columns of a ratio of totals.
#[derive(Debug, Clone, Copy)]
pub struct Ratio<'a> {
    /// What is summed above the line.
    pub numerator: &'a [f64],
    /// What is summed below the line.
    pub denominator: &'a [f64],
}

impl<'a> Design<'a> {
    /// A sample with weights only.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for an empty column, [`ErrorKind::Input`](crate::ErrorKind::Input)
    /// with the row of the first weight that is not positive and finite.
    pub fn new(weights: &'a [f64]) -> Result<Self, Error> {
        check_weights(weights)?;
        Ok(Self {
            weights,
            strata: None,
            clusters: None,
            population: None,
            lonely: LonelyCluster::Absent,
            calibration: None,
        })
    }

    /// With the stratum of each row.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a column of another length,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an id that is not less than the number of rows.
    pub fn strata(self, strata: &'a [u32]) -> Result<Self, Error> {
        self.check_ids("stratum", strata)?;
        Ok(Self { strata: Some(strata), ..self })
    }

    /// With the cluster (first-stage unit) of each row.
    ///
    /// # Errors
    /// As for [`Design::strata`].
    pub fn clusters(self, clusters: &'a [u32]) -> Result<Self, Error> {
        self.check_ids("cluster", clusters)?;
        Ok(Self { clusters: Some(clusters), ..self })
    }

    /// With the number of clusters (or of rows, without clusters) that each stratum has in the population, by stratum
    /// id; one number for a sample without strata. Whether it fits the sample is checked when a question is asked.
    #[must_use]
    pub const fn population(self, clusters_of_stratum: &'a [u64]) -> Self {
        Self { population: Some(clusters_of_stratum), ..self }
    }

    /// With a policy for strata of one cluster.
    #[must_use]
    pub const fn lonely_cluster(self, policy: LonelyCluster) -> Self {
        Self { lonely: policy, ..self }
    }

    /// With the margins that the weights were raked or post-stratified to. The standard error is then that of raked
    /// weights; without this the weights are taken as if they had been known before the sample was drawn.
    ///
    /// ```
    /// use cxo_core::stats::{design::{Design, Residuals}, raking::{Margin, post_stratify}};
    /// let answers = [9.0, 8.0, 3.0, 2.0];
    /// let age = Margin::new("age", ["old", "old", "young", "young"], [("old", 500.0), ("young", 1500.0)])?;
    /// let weights = post_stratify(&[1.0; 4], &age)?.weights;
    /// let margins = [age];
    /// let known = Design::new(&weights)?.mean(&answers)?;
    /// let raked = Design::new(&weights)?.calibrated(&margins, Residuals::Weighted)?.mean(&answers)?;
    /// assert_eq!(raked.value, known.value);
    /// assert!(raked.standard_error.unwrap() < known.standard_error.unwrap());
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a margin of another length.
    pub fn calibrated(self, margins: &'a [Margin], residuals: Residuals) -> Result<Self, Error> {
        for margin in margins {
            self.check_length(margin.name(), margin.categories().len())?;
        }
        Ok(Self { calibration: Some((margins, residuals)), ..self })
    }

    /// The weighted mean of a column.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a column of another length, a cluster in two
    /// strata or a population smaller than the sample; [`ErrorKind::Input`](crate::ErrorKind::Input) for a value that is
    /// not finite; [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if squares of values or weights leave the range.
    ///
    /// # Complexity
    /// O(n) time; memory for one sum a cluster.
    pub fn mean(&self, values: &[f64]) -> Result<DesignEstimate, Error> {
        self.check_values(values)?;
        let weights: Weights = self.weights.iter().copied().collect();
        // Distances from the first value: a constant column has exactly its mean and no variance.
        let origin = values.first().copied().unwrap_or_default();
        let shifted: Sum = self.weights.iter().zip(values).map(|(weight, value)| weight * (value - origin)).collect();
        let value = origin + shifted.value() / weights.sum();
        let spread: Sum = self.weights.iter().zip(values).map(|(w, y)| w * (y - value) * (y - value)).collect();
        let residuals = values.iter().map(|y| y - value);
        self.finish(value, Ok(spread.value() / weights.sum()), weights, residuals)
    }

    /// The weighted mean of the rows of a part of the population, such as a segment. All clusters of the sample take part
    /// in the standard error, as the number of rows in the part is random too; filtering the rows first would deny that.
    ///
    /// # Errors
    /// As for [`Design::mean`]; [`ErrorKind::NoData`](crate::ErrorKind::NoData) for a part without rows.
    pub fn domain_mean(&self, values: &[f64], domain: &[bool]) -> Result<DesignEstimate, Error> {
        self.check_values(values)?;
        self.check_length("domain", domain.len())?;
        let members = || self.weights.iter().zip(values).zip(domain).filter(|(_, inside)| **inside).map(|(row, _)| row);
        let weights: Weights = members().map(|(weight, _)| *weight).collect();
        let Some((_, &origin)) = members().next() else {
            return Err(Error::no_data("mean of a part of the sample without rows"));
        };
        let shifted: Sum = members().map(|(weight, value)| weight * (value - origin)).collect();
        let value = origin + shifted.value() / weights.sum();
        let spread: Sum = members().map(|(w, y)| w * (y - value) * (y - value)).collect();
        let residuals = values.iter().zip(domain).map(|(y, inside)| if *inside { y - value } else { 0.0 });
        self.finish(value, Ok(spread.value() / weights.sum()), weights, residuals)
    }

    /// The ratio of two weighted totals, Σ w y / Σ w x.
    ///
    /// # Errors
    /// As for [`Design::mean`]; [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if the denominator is zero.
    pub fn ratio(&self, columns: Ratio<'_>) -> Result<DesignEstimate, Error> {
        self.check_values(columns.numerator)?;
        self.check_values(columns.denominator)?;
        let total = |column: &[f64]| self.weights.iter().zip(column).map(|(w, y)| w * y).collect::<Sum>().value();
        let below = total(columns.denominator);
        let value = total(columns.numerator) / below;
        if !value.is_finite() {
            return Err(Error::degenerate("a ratio whose denominator is zero"));
        }
        let weights: Weights = self.weights.iter().copied().collect();
        // z = w (y - r x) / X; `finish` divides by W.
        let rescale = weights.sum() / below;
        let residuals = columns.numerator.iter().zip(columns.denominator).map(|(y, x)| (y - value * x) * rescale);
        self.finish(value, Err(Absent::NotDefined), weights, residuals)
    }

    fn finish(
        &self,
        value: f64,
        variance: Result<f64, Absent>,
        weights: Weights,
        residuals: impl Iterator<Item = f64>,
    ) -> Result<DesignEstimate, Error> {
        // Refuses weights whose squares leave the range.
        weights.effective_n()?;
        let total = weights.sum();
        let mut residuals: Vec<f64> = residuals.collect();
        if let Some((margins, weighting)) = self.calibration {
            let weight_of = |weight: &f64| if weighting == Residuals::Weighted { *weight } else { 1.0 };
            let weights: Vec<f64> = self.weights.iter().map(weight_of).collect();
            remove_margins(&mut residuals, &weights, margins)?;
        }
        let linearized = self.weights.iter().zip(residuals).map(|(weight, residual)| weight * residual / total);
        let strata = match self.clusters {
            None => self.rows_as_clusters(&linearized.collect::<Vec<_>>()),
            Some(clusters) => self.sum_clusters(linearized, clusters)?,
        };
        let count = strata.iter().map(|stratum| stratum.clusters).sum();
        let standard_error = self.variance(&strata, count)?.map(f64::sqrt);
        if ![Ok(value), variance, standard_error].into_iter().flatten().all(f64::is_finite) {
            return Err(Error::overflow("mean and variance of values and weights of this size"));
        }
        Ok(DesignEstimate {
            value,
            standard_error,
            variance,
            weights,
            clusters: count,
            strata: strata.iter().filter(|stratum| stratum.clusters > 0).count() as u64,
        })
    }

    /// The strata when each row is a cluster of its own.
    fn rows_as_clusters(&self, linearized: &[f64]) -> Vec<Stratum> {
        let stratum_of = |row: usize| self.strata.and_then(|strata| strata.get(row)).map_or(0, |id| *id as usize);
        Stratum::of(linearized.iter().enumerate().map(|(row, z)| (stratum_of(row), *z)))
    }

    /// The strata from the sums of the clusters.
    fn sum_clusters(&self, linearized: impl Iterator<Item = f64>, clusters: &[u32]) -> Result<Vec<Stratum>, Error> {
        let ids = clusters.iter().max().map_or(0, |id| *id as usize + 1);
        let mut sums: Vec<Option<(u32, Sum)>> = vec![None; ids];
        for (row, (z, &cluster)) in linearized.zip(clusters).enumerate() {
            let stratum = self.strata.and_then(|strata| strata.get(row)).copied().unwrap_or_default();
            let Some(slot) = sums.get_mut(cluster as usize) else { continue };
            let (of, sum) = slot.get_or_insert((stratum, Sum::default()));
            if *of != stratum {
                return Err(Error::incompatible(format!("cluster {cluster} lies in strata {of} and {stratum}")));
            }
            sum.add(z);
        }
        Ok(Stratum::of(sums.into_iter().flatten().map(|(stratum, sum)| (stratum as usize, sum.value()))))
    }

    fn variance(&self, strata: &[Stratum], clusters: u64) -> Result<Result<f64, Absent>, Error> {
        let grand_mean = strata.iter().map(|stratum| stratum.sum.value()).collect::<Sum>().value() / clusters as f64;
        let mut variance = Sum::default();
        let mut absent = None;
        for (id, stratum) in strata.iter().enumerate().filter(|(_, stratum)| stratum.clusters > 0) {
            let n = stratum.clusters as f64;
            let unsampled = self.unsampled(id, stratum.clusters)?;
            if unsampled == 0.0 {
                continue;
            }
            match (stratum.clusters, self.lonely) {
                (1, LonelyCluster::Absent) => absent = Some(Absent::LonelyCluster),
                (1, LonelyCluster::Certainty) => {}
                (1, LonelyCluster::Centred) => variance.add(unsampled * (stratum.sum.value() - grand_mean).powi(2)),
                _ => variance.add(unsampled * n / (n - 1.0) * stratum.squares.value()),
            }
        }
        Ok(match absent {
            _ if clusters == 1 && self.weights.len() == 1 => Err(Absent::OneObservation),
            _ if clusters == 1 => Err(Absent::OneCluster),
            Some(reason) => Err(reason),
            None => Ok(variance.value().max(0.0)),
        })
    }

    /// The share of a stratum's clusters that the sample does not have; 1 where the population is not given.
    fn unsampled(&self, stratum: usize, sampled: u64) -> Result<f64, Error> {
        let Some(population) = self.population else { return Ok(1.0) };
        match population.get(stratum) {
            Some(&all) if all >= sampled => Ok((all - sampled) as f64 / all as f64),
            Some(all) => Err(Error::incompatible(format!(
                "stratum {stratum} has {sampled} clusters in the sample and {all} in the population"
            ))),
            None => Err(Error::incompatible(format!("no population is given for stratum {stratum}"))),
        }
    }

    fn check_length(&self, what: &str, found: usize) -> Result<(), Error> {
        let rows = self.weights.len();
        if found == rows {
            Ok(())
        } else {
            Err(Error::incompatible(format!("{found} rows of {what} and {rows} weights")))
        }
    }

    fn check_ids(&self, what: &str, ids: &[u32]) -> Result<(), Error> {
        self.check_length(what, ids.len())?;
        match (0..).zip(ids).find(|(_, id)| **id as usize >= ids.len()) {
            Some((row, id)) => {
                Err(Error::input(format!("{what} id"), id, format!("less than the {} rows", ids.len())).at_row(row))
            }
            None => Ok(()),
        }
    }

    fn check_values(&self, values: &[f64]) -> Result<(), Error> {
        self.check_length("values", values.len())?;
        match (0..).zip(values).find(|(_, value)| !value.is_finite()) {
            Some((row, value)) => Err(Error::input("value", value, "a finite number").at_row(row)),
            None => Ok(()),
        }
    }
}

/// Leaves of `values` what additive effects of the categories do not explain: centres the categories of each margin in
/// turn until nothing moves (the alternating projections of a weighted least-squares fit).
fn remove_margins(values: &mut [f64], weights: &[f64], margins: &[Margin]) -> Result<(), Error> {
    const MOST_PASSES: u64 = 10_000;
    let spread = |values: &[f64]| values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    let still = 1e-14 * spread(values);
    for _ in 0..MOST_PASSES {
        let mut moved = 0.0_f64;
        for margin in margins {
            let mut sums = vec![(Sum::default(), Sum::default()); margin.targets().count()];
            for ((value, weight), &category) in values.iter().zip(weights).zip(margin.categories()) {
                if let Some((sum, of)) = sums.get_mut(category as usize) {
                    sum.add(weight * value);
                    of.add(*weight);
                }
            }
            // Every category of a margin has a row, so no mean divides by zero.
            let means: Vec<f64> = sums.iter().map(|(sum, of)| sum.value() / of.value()).collect();
            for (value, &category) in values.iter_mut().zip(margin.categories()) {
                *value -= means.get(category as usize).copied().unwrap_or_default();
            }
            moved = moved.max(spread(&means));
        }
        if moved <= still || margins.len() < 2 {
            return Ok(());
        }
    }
    Err(Error::not_converged("regression of the answers on the margins", MOST_PASSES))
}

/// The clusters of one stratum: how many, their sum, and their squared distances from their mean.
#[derive(Debug, Clone, Copy, Default)]
struct Stratum {
    clusters: u64,
    sum: Sum,
    squares: Sum,
}

impl Stratum {
    /// Two passes, as the squares of distances cannot cancel.
    fn of(clusters: impl Iterator<Item = (usize, f64)> + Clone) -> Vec<Self> {
        let mut strata: Vec<Self> = Vec::new();
        for (stratum, z) in clusters.clone() {
            if stratum >= strata.len() {
                strata.resize(stratum + 1, Self::default());
            }
            if let Some(stratum) = strata.get_mut(stratum) {
                stratum.clusters += 1;
                stratum.sum.add(z);
            }
        }
        for (stratum, z) in clusters {
            if let Some(stratum) = strata.get_mut(stratum) {
                stratum.squares.add((z - stratum.sum.value() / stratum.clusters as f64).powi(2));
            }
        }
        strata
    }
}
