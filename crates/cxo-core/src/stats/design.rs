//! How precise is a mean or share of a sample with weights, strata and clusters?
//!
//! State: none; the columns of a sample stay with the caller and a [`Design`] borrows them. Weighted survey metrics and
//! clustered standard errors of repeat respondents are asked through it.

use std::{fmt, str::FromStr};

use crate::{
    Absent, Confidence, Error, Estimate, Interval, Method,
    numeric::{beta::Beta, normal, student_t, sum::Sum},
    stats::{parse_name, raking::Margin},
};

/// How unequal the weights of a sample are: their number, sum and sum of squares. Class: algebraic, 3 words.
///
/// Kish (1965): effective n = (Σw)² / Σw², design effect = n Σw² / (Σw)² = n / effective n. Both ignore what was
/// measured: they tell what weights cost when they are unrelated to the answers.
///
/// ```
/// use cxo_core::stats::design::Weights;
/// let weights: Weights = [1.0, 1.0, 2.0].into_iter().collect();
/// assert!((weights.effective_n()? - 16.0 / 6.0).abs() < 1e-15);
/// assert!((weights.design_effect()? - 1.125).abs() < 1e-15);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/design-effect.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawWeights", into = "RawWeights")
)]
pub struct Weights {
    count: u64,
    sum: Sum,
    squares: Sum,
}

/// As written: the sums without their correction terms.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawWeights {
    count: u64,
    sum: f64,
    sum_of_squares: f64,
}

#[cfg(feature = "serde")]
impl From<Weights> for RawWeights {
    fn from(weights: Weights) -> Self {
        Self { count: weights.count, sum: weights.sum(), sum_of_squares: weights.sum_of_squares() }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawWeights> for Weights {
    type Error = Error;
    fn try_from(raw: RawWeights) -> Result<Self, Error> {
        let RawWeights { count, sum, sum_of_squares: squares } = raw;
        let none = count == 0 && sum == 0.0 && squares == 0.0;
        // Σw² / (Σw)² of n positive weights is at least 1 / n and at most 1; squares may underflow to 0.
        let least = sum * sum / count as f64 * (1.0 - 1e-12);
        let some =
            count > 0 && sum > 0.0 && sum.is_finite() && squares >= least && squares <= sum * sum * (1.0 + 1e-12);
        if none || some {
            let one = |value| std::iter::once(value).collect();
            Ok(Self { count, sum: one(sum), squares: one(squares) })
        } else {
            let given = format!("{count}, {sum}, {squares}");
            Err(Error::input("number, sum and sum of squares of weights", given, "those of positive weights"))
        }
    }
}

impl Weights {
    /// Counts one weight.
    pub(crate) fn add(&mut self, weight: f64) {
        self.count = self.count.saturating_add(1);
        self.sum.add(weight);
        self.squares.add(weight * weight);
    }

    /// The weights of another sample beside these.
    pub(crate) fn merged(mut self, other: Self) -> Result<Self, Error> {
        self.count = self.count.checked_add(other.count).ok_or_else(|| Error::overflow("count of responses"))?;
        self.sum.merge(other.sum);
        self.squares.merge(other.squares);
        Ok(self)
    }

    /// The number of weights.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the weights.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum.value()
    }

    /// The sum of the squared weights.
    #[must_use]
    pub fn sum_of_squares(&self) -> f64 {
        self.squares.value()
    }

    /// Kish's effective n, (Σw)² / Σw², between 1 and n.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without weights, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow)
    /// for weights so far from 1 that their squares leave the range of f64.
    pub fn effective_n(&self) -> Result<f64, Error> {
        if self.count == 0 {
            return Err(Error::no_data("effective n of no weights"));
        }
        let effective = self.sum() / self.sum_of_squares() * self.sum();
        if effective.is_finite() {
            Ok(effective.clamp(1.0, self.count as f64))
        } else {
            Err(Error::overflow("sum of squared weights; divide the weights by their mean"))
        }
    }

    /// Kish's design effect, n Σw² / (Σw)², at least 1.
    ///
    /// # Errors
    /// As for [`Weights::effective_n`].
    pub fn design_effect(&self) -> Result<f64, Error> {
        Ok(self.count as f64 / self.effective_n()?)
    }
}

impl FromIterator<f64> for Weights {
    fn from_iter<I: IntoIterator<Item = f64>>(weights: I) -> Self {
        let mut all = Self::default();
        weights.into_iter().for_each(|weight| all.add(weight));
        all
    }
}

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

/// Refuses an empty column and the first weight that is not positive and finite.
pub(crate) fn check_weights(weights: &[f64]) -> Result<(), Error> {
    if weights.is_empty() {
        return Err(Error::no_data("a sample without rows"));
    }
    match (0..).zip(weights).find(|(_, weight)| !(**weight > 0.0 && weight.is_finite())) {
        Some((row, weight)) => Err(Error::input("weight", weight, "a positive finite number").at_row(row)),
        None => Ok(()),
    }
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

/// How the interval of a designed sample is computed.
///
/// ```
/// use cxo_core::stats::design::DesignMethod;
/// assert_eq!("korn-graubard".parse(), Ok(DesignMethod::KornGraubard));
/// assert!("exact".parse::<DesignMethod>().unwrap_err().allowed().unwrap().contains("student-t"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DesignMethod {
    /// Estimate ± t × standard error, with clusters minus strata degrees of freedom.
    #[default]
    StudentT,
    /// Estimate ± z × standard error.
    Wald,
    /// A t interval on the log-odds of a share, with the linearised standard error; inside (0, 1).
    Logit,
    /// Clopper-Pearson on the effective number of responses (Korn and Graubard 1998); for shares, also at 0 and 1.
    KornGraubard,
}

impl DesignMethod {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::StudentT, Self::Wald, Self::Logit, Self::KornGraubard];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    /// The method as results carry it.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::StudentT => Method::StudentT,
            Self::Wald => Method::Wald,
            Self::Logit => Method::Logit,
            Self::KornGraubard => Method::KornGraubard,
        }
    }
}

impl fmt::Display for DesignMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DesignMethod {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        parse_name("interval method", name, &Self::ALL, Self::name)
    }
}

/// An estimate of a designed sample with all that its intervals and design effects need.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DesignEstimate {
    /// The weighted mean or ratio.
    pub value: f64,
    /// The linearised standard error, or why there is none.
    pub standard_error: Result<f64, Absent>,
    /// The weighted variance of single values around the estimate, Σ w (y - m)² / Σ w; not defined for a ratio.
    pub variance: Result<f64, Absent>,
    /// Number, sum and squares of the weights.
    pub weights: Weights,
    /// Clusters in the sample; rows, where there are no clusters.
    pub clusters: u64,
    /// Strata in the sample; 1 without strata.
    pub strata: u64,
}

impl DesignEstimate {
    /// The number of rows.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.weights.count()
    }

    /// Clusters minus strata.
    #[must_use]
    pub const fn degrees_of_freedom(&self) -> u64 {
        self.clusters.saturating_sub(self.strata)
    }

    /// The number of equally weighted independent responses with the same standard error, variance / standard error²
    /// (Korn and Graubard 1998); Kish's effective n where that does not exist because all answers, or all clusters, are
    /// alike.
    #[must_use]
    pub fn effective_n(&self) -> f64 {
        match (self.variance, self.standard_error) {
            // A standard error of nothing but rounding would tell of more responses than can be counted.
            (Ok(variance), Ok(error)) if error * error * u64::MAX as f64 > variance => variance / (error * error),
            _ => self.weights.effective_n().unwrap_or_default(),
        }
    }

    /// Kish's approximation of the standard error, sqrt(variance / Kish's effective n): what it would be if the weights
    /// had nothing to do with the answers, without strata and clusters.
    ///
    /// # Errors
    /// [`Absent::NotDefined`] for a ratio.
    pub fn standard_error_kish(&self) -> Result<f64, Absent> {
        let n = self.weights.effective_n().map_err(|_| Absent::NotDefined)?;
        Ok((self.variance? / n).sqrt())
    }

    /// Design effect against a simple random sample with replacement of the same size, whose variance is estimated by
    /// variance / (n - 1). R's survey package calls it `deff = "replace"`.
    ///
    /// # Errors
    /// The reason in [`Absent`] where either variance does not exist or is zero.
    pub fn design_effect_with_replacement(&self) -> Result<f64, Absent> {
        self.design_effect(self.n() as f64 - 1.0)
    }

    /// Design effect against a simple random sample without replacement from a population of Σ w members, whose variance
    /// is (1 - n / Σ w) variance / (n - 1). R's survey package calls it `deff = TRUE`. It means something only if the
    /// weights sum to the size of the population: with weights near 1 it is far too large or not defined.
    ///
    /// # Errors
    /// [`Absent::NotDefined`] where the weights sum to no more than n; otherwise as for the one with replacement.
    pub fn design_effect_without_replacement(&self) -> Result<f64, Absent> {
        let unsampled = 1.0 - self.n() as f64 / self.weights.sum();
        if unsampled > 0.0 { Ok(self.design_effect_with_replacement()? / unsampled) } else { Err(Absent::NotDefined) }
    }

    /// Design effect against the plug-in variance of a simple random sample, variance / n: equals n / [effective
    /// n](Self::effective_n), so the plain interval on effective responses has exactly the linearised standard error.
    ///
    /// # Errors
    /// As for [`DesignEstimate::design_effect_with_replacement`].
    pub fn design_effect_plug_in(&self) -> Result<f64, Absent> {
        self.design_effect(self.n() as f64)
    }

    fn design_effect(&self, divisor: f64) -> Result<f64, Absent> {
        let (variance, error) = (self.variance?, self.standard_error?);
        if variance > 0.0 { Ok(error * error * divisor / variance) } else { Err(Absent::ZeroVariance) }
    }

    /// The interval of the estimate, or why there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if a method for shares is asked of a value outside [0, 1].
    pub fn interval(&self, method: DesignMethod, confidence: Confidence) -> Result<Result<Interval, Absent>, Error> {
        if matches!(method, DesignMethod::Logit | DesignMethod::KornGraubard) && !(0.0..=1.0).contains(&self.value) {
            return Err(Error::input(format!("value for a {method} interval"), self.value, "a share in [0, 1]"));
        }
        let bounds = self.bounds(method, confidence);
        bounds
            .map(|(lower, upper)| Interval::new(lower, upper, confidence, method.method()))
            .map_or_else(|reason| Ok(Err(reason)), |interval| interval.map(Ok))
    }

    fn bounds(&self, method: DesignMethod, confidence: Confidence) -> Result<(f64, f64), Absent> {
        let (error, degrees) = (self.standard_error?, self.degrees_of_freedom() as f64);
        if degrees == 0.0 {
            return Err(Absent::LonelyCluster);
        }
        let upper_tail = 1.0 - confidence.alpha() / 2.0;
        let around = |centre: f64, half: f64| (centre - half, centre + half);
        match method {
            DesignMethod::Wald => Ok(around(self.value, normal::quantile(upper_tail) * error)),
            DesignMethod::StudentT => Ok(around(self.value, student_t::quantile(upper_tail, degrees) * error)),
            DesignMethod::Logit => {
                let odds_scale = self.value * (1.0 - self.value);
                if odds_scale == 0.0 {
                    return Err(Absent::ZeroVariance);
                }
                let logit = self.value.ln() - (-self.value).ln_1p();
                let half = student_t::quantile(upper_tail, degrees) * error / odds_scale;
                let (lower, upper) = around(logit, half);
                Ok((1.0 / (1.0 + (-lower).exp()), 1.0 / (1.0 + (-upper).exp())))
            }
            DesignMethod::KornGraubard => {
                let plain = student_t::quantile(upper_tail, self.n() as f64 - 1.0);
                let n = self.effective_n() * (plain / student_t::quantile(upper_tail, degrees)).powi(2);
                let (satisfied, others) = (n * self.value, n * (1.0 - self.value));
                let tail = confidence.alpha() / 2.0;
                let lower = Beta { a: satisfied, b: others + 1.0 };
                let upper = Beta { a: satisfied + 1.0, b: others };
                Ok((
                    if satisfied > 0.0 { lower.quantile(tail) } else { 0.0 },
                    if others > 0.0 { upper.quantile_upper(tail) } else { 1.0 },
                ))
            }
        }
    }

    /// The estimate with its interval.
    ///
    /// # Errors
    /// As for [`DesignEstimate::interval`].
    pub fn estimate(&self, method: DesignMethod, confidence: Confidence) -> Result<Estimate, Error> {
        Ok(Estimate {
            value: self.value,
            standard_error: self.standard_error,
            interval: self.interval(method, confidence)?,
            n: self.n(),
            effective_n: self.weights.effective_n()?,
            method: Method::TaylorLinearized,
        })
    }
}
