//! Do groups of customers differ in how long they stay? State: an [`EventTable`] for each group (and stratum); called by
//! comparisons of segments.

use std::collections::{BTreeMap, BTreeSet};

use super::interval::WeightMeaning;
use super::table::{EventTable, Mass};
use crate::numeric::chi_square;
use crate::numeric::cholesky::Cholesky;
use crate::numeric::matrix::Matrix;
use crate::stats::multiplicity::{Multiplicity, adjust};
use crate::{Absent, Error};

/// How the durations count in a comparison of survival curves.
///
/// With n(t) at risk in all groups, d(t) leaving, and S the Kaplan-Meier curve of all groups:
///
/// | name | weight w(t) | looks at |
/// |---|---|---|
/// | log-rank | 1 | all durations alike; most powerful where hazards are proportional (Mantel 1966) |
/// | wilcoxon | n(t) | early ones, and depends on the censoring (Gehan 1965, Breslow 1970) |
/// | tarone-ware | √n(t) | between the two (Tarone and Ware 1977) |
/// | peto | Π over t_j <= t of 1 - d_j / (n_j + 1) | early ones, whatever the censoring (Peto and Peto 1972) |
/// | fleming-harrington | S(t-)^p (1 - S(t-))^q | early ones with p, late ones with q (Fleming and Harrington 1991) |
///
/// Peto is the variant with n + 1 that includes t itself, without the factor n / (n + 1) of Andersen et al. (1982);
/// fleming-harrington with p = 1 and q = 0 is its twin with S before t. The choice belongs before the look at the data.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum LogRankWeighting {
    /// 1.
    #[default]
    LogRank,
    /// n.
    Wilcoxon,
    /// √n.
    TaroneWare,
    /// A survival curve with n + 1 for n.
    Peto,
    /// S(t-)^p (1 - S(t-))^q, both powers finite and at least 0.
    FlemingHarrington {
        /// Power of the share still there.
        p: f64,
        /// Power of the share that has left.
        q: f64,
    },
}

impl LogRankWeighting {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogRank => "log-rank",
            Self::Wilcoxon => "wilcoxon",
            Self::TaroneWare => "tarone-ware",
            Self::Peto => "peto",
            Self::FlemingHarrington { .. } => "fleming-harrington",
        }
    }
}

/// Compares survival between groups, within strata if there are any.
///
/// At each duration at which anyone leaves, d of the n at risk leave; if groups are alike, group g with n_g at risk loses
/// d n_g / n of them on average:
///
/// ```text
/// z_g  = Σ over t of w (d_g - d n_g / n)
/// V_gh = Σ over t of w² d (n - d) / (n - 1) n_g / n (1[g = h] - n_h / n)
/// χ²   = z' V⁻ z, with as many degrees of freedom as V has rank (groups - 1)
/// ```
///
/// V is the hypergeometric variance. Strata add up in z and V, each with weights w(t) of its own. Entry times count: n is those
/// observed at t. A group that is never at risk when anyone leaves costs its degree of freedom. With weights, frequencies stand
/// for counts; with [`WeightMeaning::Sampling`] V is the variance of the weighted z over permutations of the events among
/// those at risk (Xie and Liu 2005). A difference is an association: groups may differ in more than their name. Formula page:
/// `docs/formulas/log-rank.md`.
///
/// ```
/// use cxo_core::churn::{Durations, survival::{EventTable, LogRank, LogRankWeighting}};
///
/// // The remission times of Freireich et al. (1963), in weeks.
/// let drug = vec![6., 6., 6., 6., 7., 9., 10., 10., 11., 13., 16., 17., 19., 20., 22., 23., 25., 32., 32., 34., 35.];
/// let left = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0].map(|event| event == 1).to_vec();
/// let placebo = vec![1., 1., 2., 2., 3., 4., 4., 5., 5., 8., 8., 8., 8., 11., 11., 12., 12., 15., 17., 22., 23.];
/// let table = |weeks, left| EventTable::from_durations(&Durations::new(weeks, left)?);
/// let groups = [("drug".to_owned(), table(drug, left)?), ("placebo".to_owned(), table(placebo, vec![true; 21])?)];
/// let test = LogRank::new(&groups)?.test(LogRankWeighting::LogRank)?;
/// assert!((test.statistic - 16.79).abs() < 5e-3 && test.degrees == 1);
/// assert!((test.groups[0].expected - 19.25).abs() < 5e-3 && test.groups[0].observed == 9.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogRank<'a> {
    /// In the order of their bytes.
    names: Vec<&'a str>,
    /// For each stratum its tables with the places of their groups.
    strata: Vec<Vec<(usize, &'a EventTable)>>,
    weights: WeightMeaning,
}

/// What was seen of one group and what would be if all were alike.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LogRankGroup {
    /// Its name.
    pub group: String,
    /// Number of rows.
    pub observations: u64,
    /// How many left (by weight) while others were at risk.
    pub observed: f64,
    /// How many would have if all groups were alike: Σ d n_g / n, whatever the weighting.
    pub expected: f64,
}

/// A test of no difference between groups.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LogRankTest {
    /// How durations count.
    pub weighting: LogRankWeighting,
    /// χ², 0 or more.
    pub statistic: f64,
    /// Degrees of freedom, 1 or more.
    pub degrees: u32,
    /// The probability of a statistic at least as great if groups do not differ.
    pub p_value: f64,
    /// The groups, in the order of the bytes of their names.
    pub groups: Vec<LogRankGroup>,
}

/// The test of two of several groups.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PairwiseTest {
    /// The group whose name comes first.
    pub first: String,
    /// The other.
    pub second: String,
    /// The test of these two alone, or why there is none.
    pub test: Result<LogRankTest, Error>,
    /// Its p-value, adjusted for the number of pairs that have a test.
    pub adjusted_p_value: Result<f64, Absent>,
}

/// z, V and the sums behind them.
#[derive(Debug, Clone)]
struct Scores {
    score: Vec<f64>,
    variance: Matrix,
    observed: Vec<f64>,
    expected: Vec<f64>,
}

impl<'a> LogRank<'a> {
    /// Compares these groups.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for fewer than two groups or one that is there twice.
    pub fn new(groups: &'a [(String, EventTable)]) -> Result<Self, Error> {
        Self::over(std::iter::once(groups))
    }

    /// Compares groups within strata: customers are compared with those of their stratum only. A group may be missing in some.
    ///
    /// ```
    /// use cxo_core::churn::{Durations, survival::{EventTable, LogRank, LogRankWeighting}};
    ///
    /// let part = |a: f64| EventTable::by_group(&Durations::new(vec![a, 5.0, 7.0, 9.0], vec![true; 4])?, &["a", "a", "b", "b"]);
    /// let strata = [part(1.0)?, part(6.0)?];
    /// let test = LogRank::stratified(&strata)?.test(LogRankWeighting::LogRank)?;
    /// assert_eq!((test.groups[0].observations, test.degrees), (4, 1));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`new`](Self::new), for the groups of all strata.
    pub fn stratified(strata: &'a [Vec<(String, EventTable)>]) -> Result<Self, Error> {
        Self::over(strata.iter().map(Vec::as_slice))
    }

    fn over(strata: impl Iterator<Item = &'a [(String, EventTable)]> + Clone) -> Result<Self, Error> {
        let names: BTreeSet<&str> = strata.clone().flatten().map(|(name, _)| name.as_str()).collect();
        if names.len() < 2 {
            return Err(Error::input("number of groups", names.len(), "2 or more"));
        }
        let places: BTreeMap<&str, usize> = names.iter().copied().zip(0..).collect();
        let mut placed = Vec::new();
        for stratum in strata {
            let tables: BTreeMap<usize, &EventTable> = stratum
                .iter()
                .filter_map(|(name, table)| places.get(name.as_str()).map(|&place| (place, table)))
                .collect();
            if tables.len() < stratum.len() {
                return Err(Error::input("number of groups of one name", 2, "1"));
            }
            placed.push(tables.into_iter().collect());
        }
        Ok(Self { names: names.into_iter().collect(), strata: placed, weights: WeightMeaning::default() })
    }

    /// What weights mean; frequencies by default.
    #[must_use]
    pub const fn weights(mut self, weights: WeightMeaning) -> Self {
        self.weights = weights;
        self
    }

    /// The names of the groups, in the order of their bytes.
    #[must_use]
    pub fn groups(&self) -> &[&'a str] {
        &self.names
    }

    /// The test against any difference.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for powers that are negative or not finite,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if nobody left while others of two groups were at risk.
    ///
    /// # Complexity
    /// O(N log N + T × groups²), with N distinct durations of all groups and T at which anyone left.
    pub fn test(&self, weighting: LogRankWeighting) -> Result<LogRankTest, Error> {
        let scores = self.scores(weighting)?;
        let all: Vec<usize> = (0..self.names.len()).collect();
        let chosen = match Cholesky::new(&scores.variance, 1e-10) {
            Ok(_) => all,
            Err(dependent) => all.into_iter().filter(|group| !dependent.contains(group)).collect(),
        };
        let pick = |at: usize| chosen.get(at).copied().unwrap_or_default();
        let variance = Matrix::from_fn(chosen.len(), |row, column| scores.variance.get(pick(row), pick(column)));
        let score: Vec<f64> = chosen.iter().filter_map(|&group| scores.score.get(group).copied()).collect();
        let factor = Cholesky::new(&variance, 1e-12).ok().filter(|_| !chosen.is_empty()).ok_or_else(alone)?;
        let statistic = factor.half_solve(&score).iter().map(|term| term * term).sum();
        Ok(self.result(weighting, statistic, chosen.len(), &scores))
    }

    /// The test against a trend: hazards that rise or fall with a score of the groups, one degree of freedom (Tarone 1975).
    ///
    /// χ² = (s' z)² / s' V s. The scores are in the order of [`groups`](Self::groups), such as 0, 1, 2.
    ///
    /// # Errors
    /// As [`test`](Self::test), [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for another number of scores than
    /// groups, [`ErrorKind::Input`](crate::ErrorKind::Input) for a score that is not finite and
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all are alike.
    pub fn trend(&self, weighting: LogRankWeighting, group_scores: &[f64]) -> Result<LogRankTest, Error> {
        if group_scores.len() != self.names.len() {
            return Err(Error::incompatible(format!("{} scores for {} groups", group_scores.len(), self.names.len())));
        }
        if let Some(score) = group_scores.iter().find(|score| !score.is_finite()) {
            return Err(Error::input("score of a group", score, "a finite number"));
        }
        // Only differences of scores count, as z and the rows of V sum to 0.
        let [least, greatest] =
            group_scores.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[least, greatest], score| {
                [score.min(least), score.max(greatest)]
            });
        let scale = (0.5 * greatest - 0.5 * least) * 2.0;
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(Error::degenerate("scores of groups that are alike or too far apart"));
        }
        let relative: Vec<f64> = group_scores.iter().map(|score| (score - least) / scale).collect();
        let scores = self.scores(weighting)?;
        let along: f64 = relative.iter().zip(&scores.score).map(|(score, z)| score * z).sum();
        let variance = scores.variance.form(&relative, &relative);
        let greatest = (0..relative.len()).map(|at| scores.variance.get(at, at)).fold(0.0, f64::max);
        if variance <= 1e-12 * greatest {
            return Err(alone());
        }
        Ok(self.result(weighting, along * along / variance, 1, &scores))
    }

    /// The tests of all pairs of groups, with p-values adjusted for their number. Each pair is compared alone (within strata).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for powers that are negative or not finite. A pair that cannot be
    /// compared carries its error.
    ///
    /// # Complexity
    /// O(groups) times that of one test.
    pub fn pairwise(
        &self,
        weighting: LogRankWeighting,
        multiplicity: Multiplicity,
    ) -> Result<Vec<PairwiseTest>, Error> {
        check_powers(weighting)?;
        let mut pairs = Vec::new();
        for (place, &first) in self.names.iter().enumerate() {
            for (other, &second) in self.names.iter().enumerate().skip(place + 1) {
                let renumbered = |&(group, table): &(usize, &'a EventTable)| {
                    (group == place || group == other).then_some((usize::from(group == other), table))
                };
                let strata = self.strata.iter().map(|tables| tables.iter().filter_map(renumbered).collect()).collect();
                let pair = LogRank { names: vec![first, second], strata, weights: self.weights };
                pairs.push((first, second, pair.test(weighting)));
            }
        }
        let p_values: Vec<f64> =
            pairs.iter().filter_map(|pair| pair.2.as_ref().ok()).map(|test| test.p_value).collect();
        let mut adjusted = adjust(&p_values, multiplicity)?.into_iter();
        let named = |(first, second, test): (&str, &str, Result<LogRankTest, Error>)| PairwiseTest {
            first: first.to_owned(),
            second: second.to_owned(),
            adjusted_p_value: test.as_ref().ok().and_then(|_| adjusted.next()).ok_or(Absent::NotDefined),
            test,
        };
        Ok(pairs.into_iter().map(named).collect())
    }

    fn result(&self, weighting: LogRankWeighting, statistic: f64, degrees: usize, scores: &Scores) -> LogRankTest {
        let rows = |place: usize| {
            self.strata
                .iter()
                .flatten()
                .filter(|(group, _)| *group == place)
                .map(|(_, table)| table.observations())
                .sum()
        };
        let sums = scores.observed.iter().zip(&scores.expected);
        let group = |(place, (name, (&observed, &expected))): (usize, (&&str, (&f64, &f64)))| LogRankGroup {
            group: (*name).to_owned(),
            observations: rows(place),
            observed,
            expected,
        };
        LogRankTest {
            weighting,
            statistic,
            degrees: u32::try_from(degrees).unwrap_or(u32::MAX),
            p_value: chi_square::sf(statistic, degrees as f64),
            groups: self.names.iter().zip(sums).enumerate().map(group).collect(),
        }
    }

    fn scores(&self, weighting: LogRankWeighting) -> Result<Scores, Error> {
        check_powers(weighting)?;
        let groups = self.names.len();
        let mut scores = Scores {
            score: vec![0.0; groups],
            variance: Matrix::zeros(groups),
            observed: vec![0.0; groups],
            expected: vec![0.0; groups],
        };
        for stratum in &self.strata {
            scores.add(stratum, weighting, self.weights);
        }
        Ok(scores)
    }
}

impl Scores {
    fn add(&mut self, stratum: &[(usize, &EventTable)], weighting: LogRankWeighting, meaning: WeightMeaning) {
        let left = |(_, table): &(usize, &EventTable)| {
            table.walk().filter(|set| set.left.rows > 0).map(|set| set.time).collect::<Vec<_>>()
        };
        let mut times: Vec<f64> = stratum.iter().flat_map(left).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let mut walks: Vec<_> = stratum.iter().map(|&(group, table)| (group, table.walk())).collect();
        let mut curves = Curves::default();
        let mut masses: Vec<(usize, [Mass; 2])> = Vec::with_capacity(walks.len());
        for time in times {
            masses.clear();
            masses.extend(
                walks.iter_mut().map(|(group, walk)| (*group, walk.to(time))).filter(|(_, [all, _])| all.rows > 0),
            );
            let [mut at_risk, mut leaving] = [Mass::default(); 2];
            for (_, [all, left]) in &masses {
                at_risk.add(*all);
                leaving.add(*left);
            }
            let weight = curves.weight(weighting, at_risk.weight, leaving.weight);
            self.add_time(&masses, at_risk, leaving, weight, meaning);
        }
    }

    /// Adds one duration.
    fn add_time(
        &mut self,
        masses: &[(usize, [Mass; 2])],
        at_risk: Mass,
        leaving: Mass,
        weight: f64,
        meaning: WeightMeaning,
    ) {
        // The variance of Σ c over d drawn from n without replacement, c summing to 0, is d (n - d) / (n (n - 1)) Σ c².
        let (n, d, of): (f64, f64, fn(&Mass) -> f64) = match meaning {
            WeightMeaning::Frequency => (at_risk.weight, leaving.weight, |mass| mass.weight),
            WeightMeaning::Sampling => (at_risk.rows as f64, leaving.rows as f64, |mass| mass.square),
        };
        let factor = if n > 1.0 { weight * weight * d * (n - d).max(0.0) / (n * (n - 1.0)) } else { 0.0 };
        let whole = of(&at_risk);
        for &(group, [all, left]) in masses {
            let share = all.weight / at_risk.weight;
            let expected = leaving.weight * share;
            if let (Some(score), Some(seen), Some(mean)) =
                (self.score.get_mut(group), self.observed.get_mut(group), self.expected.get_mut(group))
            {
                *score += weight * (left.weight - expected);
                *seen += left.weight;
                *mean += expected;
            }
            for (other, [others, _]) in masses {
                let its = others.weight / at_risk.weight;
                let own = if group == *other { of(&all) } else { 0.0 };
                let term = own - its * of(&all) - share * of(others) + share * its * whole;
                self.variance.add(group, *other, factor * term);
            }
        }
    }
}

/// The curves of all groups that weights look at.
#[derive(Debug, Clone, Copy)]
struct Curves {
    survival: f64,
    peto: f64,
}

impl Default for Curves {
    fn default() -> Self {
        Self { survival: 1.0, peto: 1.0 }
    }
}

impl Curves {
    /// The weight of a duration; the curves then include it.
    fn weight(&mut self, weighting: LogRankWeighting, at_risk: f64, left: f64) -> f64 {
        let before = self.survival;
        self.survival *= (1.0 - left / at_risk).max(0.0);
        self.peto *= 1.0 - left / (at_risk + 1.0);
        match weighting {
            LogRankWeighting::LogRank => 1.0,
            LogRankWeighting::Wilcoxon => at_risk,
            LogRankWeighting::TaroneWare => at_risk.sqrt(),
            LogRankWeighting::Peto => self.peto,
            LogRankWeighting::FlemingHarrington { p, q } => before.powf(p) * (1.0 - before).powf(q),
        }
    }
}

fn check_powers(weighting: LogRankWeighting) -> Result<(), Error> {
    if let LogRankWeighting::FlemingHarrington { p, q } = weighting {
        for (name, power) in [("p", p), ("q", q)] {
            if !(power.is_finite() && power >= 0.0) {
                return Err(Error::input(
                    format!("power {name} of Fleming and Harrington"),
                    power,
                    "a finite number of at least 0",
                ));
            }
        }
    }
    Ok(())
}

fn alone() -> Error {
    Error::degenerate("nobody left while customers of two groups were at risk")
}
