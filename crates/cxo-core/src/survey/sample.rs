//! What does a survey say whose respondents were drawn by strata or in clusters, with or without weights?
//!
//! State: [`Sample`], the rows as columns: rating, weight, and the numbers that stand for cluster and stratum. NPS, CSAT and
//! CES of a designed sample are asked of it; samples with weights only fit a [`WeightedTally`].

use std::collections::BTreeMap;

use super::{
    Ces, CesResult, Csat, CsatResult, NpsMethod, NpsResult, Rating, Scale, WeightedTally,
    designed::{self, Designed, Respondents, Source},
};
use crate::{
    Confidence, Encode, Error, Form, Reader, State, Symbols, Writer, check_disjoint, check_rows,
    domain::Weight,
    stats::design::{Design, DesignEstimate, LonelyCluster},
};

/// One response of a designed sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SampleRow<'a> {
    /// The answer.
    pub rating: Rating,
    /// How many members of the population it stands for.
    pub weight: Weight,
    /// The cluster (first-stage unit) that was drawn, such as a store; in all rows or in none.
    pub cluster: Option<&'a str>,
    /// The stratum from which the cluster or the row was drawn; in all rows or in none.
    pub stratum: Option<&'a str>,
}

impl SampleRow<'_> {
    /// A row with a weight only.
    #[must_use]
    pub const fn new(rating: Rating, weight: Weight) -> Self {
        Self { rating, weight, cluster: None, stratum: None }
    }
}

/// The rows of a designed sample. Class: table; 9 bytes a row, 4 more with clusters and 4 with strata, and the text of each
/// different cluster and stratum once ([`Sample::size_bytes`]).
///
/// Estimates and standard errors are those of [`Design`]. Clusters do not share an identifier across strata. Merging
/// appends rows; it is refused if a cluster is on both sides, as then neither side could have been summarised alone.
/// Another order of rows moves an estimate by a few units in the last place at most, as all sums are compensated.
///
/// ```
/// use cxo_core::{Confidence, domain::Weight, survey::{NpsMethod, Rating, Sample, SampleRow, Scale}};
///
/// let mut sample = Sample::new(Scale::NPS);
/// for (score, store) in [(10, "Leeds"), (9, "Leeds"), (4, "York"), (8, "York"), (10, "Hull"), (7, "Hull")] {
///     let rating = Rating::new(score, Scale::NPS)?;
///     sample.add(SampleRow { cluster: Some(store), ..SampleRow::new(rating, Weight::ONE) })?;
/// }
/// let nps = sample.nps(NpsMethod::Auto, Confidence::P95)?;
/// assert!((nps.result.score.value - 100.0 / 3.0).abs() < 1e-12);
/// assert_eq!((nps.design.clusters, nps.design.degrees_of_freedom()), (3, 2));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/weighting.md`.
#[derive(Debug, Clone)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawSample", into = "RawSample")
)]
pub struct Sample {
    scale: Scale,
    bins: Vec<u8>,
    weights: Vec<f64>,
    clusters: Option<Keys>,
    strata: Option<Keys>,
    /// Clusters in the population, by stratum id; at 0 without strata.
    population: Vec<Option<u64>>,
    lonely: LonelyCluster,
}

/// As written: each cluster and stratum once, and a row of rating, weight and their positions for each response.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawSample {
    scale: Scale,
    lonely_cluster: LonelyCluster,
    clusters: Vec<String>,
    strata: Vec<String>,
    population: Vec<(Option<String>, u64)>,
    rows: Vec<(i64, Weight, Option<u32>, Option<u32>)>,
}

#[cfg(feature = "serde")]
impl From<Sample> for RawSample {
    fn from(sample: Sample) -> Self {
        let texts = |keys: &Option<Keys>| -> Vec<String> {
            keys.iter().flat_map(|keys| keys.symbols.iter().map(str::to_owned)).collect()
        };
        let id = |keys: &Option<Keys>, row: usize| keys.as_ref().and_then(|keys| keys.rows.get(row)).copied();
        let name = |id: u32| sample.strata.as_ref().map(|strata| strata.symbols.text(id).to_owned());
        let stated = (0..).zip(&sample.population).filter_map(|(id, stated)| stated.map(|stated| (name(id), stated)));
        let rows = sample.bins.iter().zip(&sample.weights).enumerate().map(|(row, (bin, weight))| {
            let value = i64::from(sample.scale.min()) + i64::from(*bin);
            let weight = Weight::new(*weight).unwrap_or_default();
            (value, weight, id(&sample.clusters, row), id(&sample.strata, row))
        });
        Self {
            scale: sample.scale,
            lonely_cluster: sample.lonely,
            clusters: texts(&sample.clusters),
            strata: texts(&sample.strata),
            population: stated.collect(),
            rows: rows.collect(),
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawSample> for Sample {
    type Error = Error;
    fn try_from(raw: RawSample) -> Result<Self, Error> {
        fn text<'a>(what: &str, texts: &'a [String], id: Option<u32>) -> Result<Option<&'a str>, Error> {
            let Some(id) = id else { return Ok(None) };
            let text = texts.get(id as usize).map(String::as_str);
            let refuse = || Error::input(format!("position of a {what}"), id, format!("less than {}", texts.len()));
            text.ok_or_else(refuse).map(Some)
        }
        let mut sample = Self::new(raw.scale).lonely_cluster(raw.lonely_cluster);
        for (row, (value, weight, cluster, stratum)) in (0..).zip(raw.rows) {
            let rating = Rating::new(value, raw.scale).map_err(|error| error.at_row(row))?;
            let cluster = text("cluster", &raw.clusters, cluster).map_err(|error| error.at_row(row))?;
            let stratum = text("stratum", &raw.strata, stratum).map_err(|error| error.at_row(row))?;
            sample.add(SampleRow { rating, weight, cluster, stratum })?;
        }
        for (stratum, clusters) in raw.population {
            sample.set_population(stratum.as_deref(), clusters)?;
        }
        Ok(sample)
    }
}

/// A column of interned texts.
#[derive(Debug, Clone, Default)]
struct Keys {
    symbols: Symbols,
    rows: Vec<u32>,
}

impl Keys {
    fn push(&mut self, text: &str) -> Result<(), Error> {
        let id = self.symbols.intern(text)?;
        self.rows.push(id);
        Ok(())
    }

    /// The rows of another column behind these; ids are mapped by their text.
    fn append(&mut self, other: &Self) -> Result<(), Error> {
        let ids = other.symbols.iter().map(|text| self.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        self.rows.extend(other.rows.iter().filter_map(|id| ids.get(*id as usize)));
        Ok(())
    }
}

impl Sample {
    /// An empty sample on a scale.
    #[must_use]
    pub const fn new(scale: Scale) -> Self {
        Self {
            scale,
            bins: Vec::new(),
            weights: Vec::new(),
            clusters: None,
            strata: None,
            population: Vec::new(),
            lonely: LonelyCluster::Absent,
        }
    }

    /// With a policy for strata of one cluster.
    #[must_use]
    pub fn lonely_cluster(self, policy: LonelyCluster) -> Self {
        Self { lonely: policy, ..self }
    }

    /// Adds one response.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating of another scale, or a row with a cluster
    /// or stratum where earlier rows have none, or without where they have one;
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2^32 - 1 rows.
    pub fn add(&mut self, row: SampleRow<'_>) -> Result<(), Error> {
        if row.rating.scale() != self.scale {
            return Err(Error::incompatible(format!(
                "a rating on {} in a sample on {}",
                row.rating.scale(),
                self.scale
            )));
        }
        check_rows(self.bins.len(), 1)?;
        let begun = !self.bins.is_empty();
        for (what, given, keys) in [("cluster", row.cluster, &self.clusters), ("stratum", row.stratum, &self.strata)] {
            if (begun || keys.is_some()) && given.is_some() != keys.is_some() {
                return Err(Error::incompatible(format!("rows with and without a {what}")));
            }
        }
        if row.stratum.is_some() && self.strata.is_none() && !self.population.is_empty() {
            return Err(Error::incompatible("a population of the whole sample and rows with strata"));
        }
        if let Some(cluster) = row.cluster {
            self.clusters.get_or_insert_default().push(cluster)?;
        }
        if let Some(stratum) = row.stratum {
            self.strata.get_or_insert_default().push(stratum)?;
        }
        // A scale has at most 11 points.
        self.bins.push(u8::try_from(row.rating.bin()).unwrap_or_default());
        self.weights.push(row.weight.get());
        Ok(())
    }

    /// States how many clusters (rows, without clusters) a stratum of the population has; `None` names the whole
    /// population of a sample without strata. The variance then carries the finite population correction.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) if a stratum is named and the rows have none, or
    /// the other way round, or if another number was stated before.
    pub fn set_population(&mut self, stratum: Option<&str>, clusters: u64) -> Result<(), Error> {
        let begun = !(self.bins.is_empty() && self.population.is_empty());
        if begun && stratum.is_some() != self.strata.is_some() {
            return Err(Error::incompatible("a population by stratum needs strata in the rows, and they need it"));
        }
        let id = match stratum {
            Some(text) => self.strata.get_or_insert_default().symbols.intern(text)? as usize,
            None => 0,
        };
        if self.population.len() <= id {
            self.population.resize(id + 1, None);
        }
        match self.population.get_mut(id) {
            Some(Some(before)) if *before != clusters => {
                let name = stratum.unwrap_or("the sample");
                Err(Error::incompatible(format!("{name} has {before} and {clusters} clusters in the population")))
            }
            Some(slot) => {
                *slot = Some(clusters);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn responses(&self) -> u64 {
        self.bins.len() as u64
    }

    /// The bytes that the columns and the texts take on the heap.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let keys = [&self.clusters, &self.strata].into_iter().flatten();
        let keyed: usize = keys.map(|keys| keys.symbols.size_bytes() + size_of::<u32>() * keys.rows.capacity()).sum();
        self.bins.capacity() + size_of::<f64>() * self.weights.capacity() + keyed
    }

    /// The weighted mean of any function of the rating under the design.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without rows; as for [`Design::mean`] otherwise.
    pub fn mean(&self, value: impl Fn(i8) -> f64) -> Result<DesignEstimate, Error> {
        let values = values_of(&self.bins, self.scale, value);
        let mut design = Design::new(&self.weights)?.lonely_cluster(self.lonely);
        if let Some(clusters) = &self.clusters {
            design = design.clusters(&clusters.rows)?;
        }
        // Strata that only have a population are numbered too, so ids can reach beyond the rows.
        let strata = self.strata.as_ref().map(|strata| dense(&strata.rows));
        if let Some((rows, _)) = &strata {
            design = design.strata(rows)?;
        }
        let present = strata.as_ref().map_or_else(|| vec![0], |(_, present)| present.clone());
        let population = self.population_of(&present)?;
        if let Some(population) = &population {
            design = design.population(population);
        }
        design.mean(&values).map_err(|error| self.cluster_in_two_strata().unwrap_or(error))
    }

    /// What the design can only say with its numbers of cluster and strata.
    fn cluster_in_two_strata(&self) -> Option<Error> {
        let (clusters, strata) = (self.clusters.as_ref()?, self.strata.as_ref()?);
        let mut stratum_of = BTreeMap::new();
        clusters.rows.iter().zip(&strata.rows).find_map(|(cluster, stratum)| {
            let first = stratum_of.entry(cluster).or_insert(stratum);
            let [one, other] = [*first, stratum].map(|id| strata.symbols.text(*id));
            (*first != stratum).then(|| {
                let cluster = clusters.symbols.text(*cluster);
                Error::incompatible(format!(
                    "cluster \"{cluster}\" lies in the strata \"{one}\" and \"{other}\"; clusters of different strata \
                     need different names"
                ))
            })
        })
    }

    /// The rows for whose position, from 0, `keep` is true, as a sample of their own with the same populations.
    ///
    /// # Errors
    /// As for [`Sample::add`] and [`Sample::set_population`], which took them before.
    pub fn subset(&self, keep: impl Fn(usize) -> bool) -> Result<Self, Error> {
        fn text(keys: Option<&Keys>, row: usize) -> Option<&str> {
            keys.and_then(|keys| keys.rows.get(row).map(|id| keys.symbols.text(*id)))
        }
        let mut kept = Self::new(self.scale).lonely_cluster(self.lonely);
        for (row, (bin, weight)) in self.bins.iter().zip(&self.weights).enumerate().filter(|(row, _)| keep(*row)) {
            let rating = Rating::new(i64::from(self.scale.min()) + i64::from(*bin), self.scale)?;
            let (cluster, stratum) = (text(self.clusters.as_ref(), row), text(self.strata.as_ref(), row));
            kept.add(SampleRow { cluster, stratum, ..SampleRow::new(rating, Weight::new(*weight)?) })?;
        }
        for (id, population) in (0..).zip(&self.population) {
            if let Some(population) = population {
                kept.set_population(self.strata.as_ref().map(|strata| strata.symbols.text(id)), *population)?;
            }
        }
        Ok(kept)
    }

    /// The population of each stratum that has rows; `None` if none is stated.
    fn population_of(&self, strata: &[u32]) -> Result<Option<Vec<u64>>, Error> {
        if self.population.iter().all(Option::is_none) {
            return Ok(None);
        }
        let stated = |id: &u32| self.population.get(*id as usize).copied().flatten();
        let missing = |id: &u32| {
            let name = self.strata.as_ref().map_or("the sample", |strata| strata.symbols.text(*id));
            Error::incompatible(format!("no population is stated for {name}, but for other strata"))
        };
        strata.iter().map(|id| stated(id).ok_or_else(|| missing(id))).collect::<Result<_, _>>().map(Some)
    }

    /// The NPS of the sample.
    ///
    /// # Errors
    /// As for [`WeightedTally::nps`] and [`Sample::mean`].
    pub fn nps(&self, method: NpsMethod, confidence: Confidence) -> Result<Designed<NpsResult>, Error> {
        designed::nps(self, method, confidence)
    }

    /// The CSAT of the sample.
    ///
    /// # Errors
    /// As for [`Csat::ask`] and [`Sample::mean`].
    pub fn csat(&self, question: &Csat) -> Result<Designed<CsatResult>, Error> {
        designed::csat(self, question)
    }

    /// The CES of the sample.
    ///
    /// # Errors
    /// As for [`Ces::ask`] and [`Sample::mean`].
    pub fn ces(&self, question: &Ces) -> Result<Designed<CesResult>, Error> {
        designed::ces(self, question)
    }
}

impl Source for Sample {
    fn tally(&self) -> WeightedTally {
        tally_of(&self.bins, &self.weights, self.scale)
    }

    fn mean(&self, value: &dyn Fn(i8) -> f64) -> Result<DesignEstimate, Error> {
        Self::mean(self, value)
    }

    fn respondents(&self) -> Respondents {
        Respondents::Unknown
    }
}

impl State for Sample {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.scale != other.scale {
            return Err(Error::incompatible(format!("samples on {} and on {}", self.scale, other.scale)));
        }
        if self.lonely != other.lonely {
            return Err(Error::incompatible("samples with different policies for strata of one cluster"));
        }
        check_rows(self.bins.len(), other.bins.len())?;
        let decided = !self.bins.is_empty() && !other.bins.is_empty();
        if decided && self.clusters.is_some() != other.clusters.is_some() {
            return Err(Error::incompatible("rows with and without a cluster"));
        }
        // Whether there are strata is also decided by a population.
        let decided = [self, other].iter().all(|sample| !(sample.bins.is_empty() && sample.population.is_empty()));
        if decided && self.strata.is_some() != other.strata.is_some() {
            return Err(Error::incompatible("rows with and without a stratum"));
        }
        if let (Some(mine), Some(theirs)) = (&self.clusters, &other.clusters) {
            check_disjoint("cluster", &mine.symbols, &theirs.symbols)?;
        }
        let mut merged = self.clone();
        if let Some(theirs) = &other.clusters {
            merged.clusters.get_or_insert_default().append(theirs)?;
        }
        if let Some(theirs) = &other.strata {
            merged.strata.get_or_insert_default().append(theirs)?;
        }
        merged.bins.extend_from_slice(&other.bins);
        merged.weights.extend_from_slice(&other.weights);
        for (id, population) in (0..).zip(&other.population) {
            if let Some(population) = population {
                merged.set_population(other.strata.as_ref().map(|strata| strata.symbols.text(id)), *population)?;
            }
        }
        *self = merged;
        Ok(())
    }
}

impl Encode for Sample {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Sample);
        self.scale.write(&mut to);
        to.u8(self.lonely as u8);
        let keys = [&self.clusters, &self.strata];
        to.u8(u8::from(self.clusters.is_some()));
        to.u8(u8::from(self.strata.is_some()));
        keys.into_iter().flatten().for_each(|keys| to.texts(keys.symbols.iter()));
        let stated = (0..).zip(&self.population).filter_map(|(id, stated)| stated.map(|stated| (id, stated)));
        to.count(stated.clone().count());
        stated.for_each(|(stratum, size)| {
            to.u32(stratum);
            to.u64(size);
        });
        to.count(self.bins.len());
        for (row, (bin, weight)) in self.bins.iter().zip(&self.weights).enumerate() {
            to.u8(*bin);
            to.f64(*weight);
            keys.into_iter().flatten().filter_map(|keys| keys.rows.get(row)).for_each(|id| to.u32(*id));
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Sample)?;
        let scale = Scale::read(&mut from)?;
        let policies = [LonelyCluster::Absent, LonelyCluster::Certainty, LonelyCluster::Centred];
        let mut sample = Self::new(scale).lonely_cluster(from.choice("policy for lonely clusters", &policies)?);
        let mut keyed = || from.choice("whether there are keys", &[false, true]);
        let (clustered, stratified) = (keyed()?, keyed()?);
        let clusters = if clustered { Some(from.texts()?) } else { None };
        let strata = if stratified { Some(from.texts()?) } else { None };
        let mut populations = Vec::new();
        for _ in 0..from.count(12)? {
            // Without strata the only one is the sample itself, number 0.
            let stratum = from.text_of(strata.as_deref().unwrap_or(&[""]))?;
            populations.push((strata.as_ref().map(|_| stratum), from.u64()?));
        }
        for _ in 0..from.count(9)? {
            let (rating, weight) = (Rating::of_bin(from.u8()?, scale)?, Weight::new(from.f64()?)?);
            let mut key = |texts: &Option<Vec<_>>| texts.as_ref().map(|texts| from.text_of(texts)).transpose();
            sample.add(SampleRow { rating, weight, cluster: key(&clusters)?, stratum: key(&strata)? })?;
        }
        populations.into_iter().try_for_each(|(stratum, size)| sample.set_population(stratum, size))?;
        from.finish().map(|()| sample)
    }
}

/// The value of each row.
pub(super) fn values_of(bins: &[u8], scale: Scale, value: impl Fn(i8) -> f64) -> Vec<f64> {
    let points: Vec<f64> = (scale.min()..=scale.max()).map(value).collect();
    bins.iter().map(|bin| points.get(usize::from(*bin)).copied().unwrap_or_default()).collect()
}

/// The weighted tally of the rows.
pub(super) fn tally_of(bins: &[u8], weights: &[f64], scale: Scale) -> WeightedTally {
    let mut tally = WeightedTally::new(scale);
    for (&bin, &weight) in bins.iter().zip(weights) {
        tally.add_bin(usize::from(bin), weight);
    }
    tally
}

/// The ids renumbered from 0 in the order of their first row, and the old id of each.
pub(crate) fn dense(rows: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut new_ids: Vec<Option<u32>> = vec![None; rows.iter().max().map_or(0, |id| *id as usize + 1)];
    let mut present = Vec::new();
    let renumber = |old: &u32| {
        let next = u32::try_from(present.len()).unwrap_or(u32::MAX);
        let Some(slot) = new_ids.get_mut(*old as usize) else { return next };
        *slot.get_or_insert_with(|| {
            present.push(*old);
            next
        })
    };
    let renumbered = rows.iter().map(renumber).collect();
    (renumbered, present)
}
