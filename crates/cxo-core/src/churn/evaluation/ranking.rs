//! The order that a score puts customers in, and how well it tells those who leave from those who stay.

use super::mean::{around_log_odds, wald};
use super::predictions::{check_weights, same_rows};
use crate::numeric::radix::{descending_bits, from_ordered_bits, sort_by_bits};
use crate::{Absent, Confidence, Error, Estimate, Method};

/// Customers in the order of a score, the greatest first; equal scores are tied.
///
/// Nothing of the scores but their order matters: any rising curve of them gives the same answers. State: table, 8 bytes a
/// row (16 with weights).
///
/// ```
/// use cxo_core::{Confidence, churn::evaluation::{AucInterval, Ranking}};
///
/// let ranking = Ranking::new(&[true, false, true, false], &[3.0, 1.0, 2.0, -7.5])?;
/// assert_eq!(ranking.auc(AucInterval::Wald, Confidence::P95)?.value, 1.0);
/// assert_eq!(ranking.ks()?.threshold, 2.0);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    left: Side,
    stayed: Side,
}

/// The scores of those with one outcome.
#[derive(Debug, Clone, PartialEq)]
struct Side {
    /// Complements of ordered bits, ascending: the greatest score first.
    keys: Vec<u64>,
    /// In the same order; empty where all are 1.
    weights: Vec<f64>,
    total: f64,
}

/// Which interval an area under the curve has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AucInterval {
    /// Normal around the area, cut at 0 and 1.
    #[default]
    Wald,
    /// Normal around its log-odds: stays inside (0, 1), better near them.
    Logit,
}

/// The greatest distance between the distributions of the scores of those who left and those who stayed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Ks {
    /// The distance, in [0, 1].
    pub value: f64,
    /// The score at and above which the shares differ so; the greatest of several.
    pub threshold: f64,
}

/// A point of the receiver operating characteristic.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct RocPoint {
    /// Customers of this score and above are flagged; none for the first point, where nobody is.
    pub threshold: Option<f64>,
    /// The share flagged of those who stayed.
    pub false_positive_rate: f64,
    /// The share flagged of those who left.
    pub true_positive_rate: f64,
}

/// A point of the curve of precision against recall.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct PrecisionRecallPoint {
    /// Customers of this score and above are flagged.
    pub threshold: f64,
    /// The share of the flagged who left.
    pub precision: f64,
    /// The share flagged of those who left.
    pub recall: f64,
}

/// Weights of rows: their sum and that of their squares.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::churn) struct Mass {
    pub(in crate::churn) sum: f64,
    pub(super) squares: f64,
}

/// All customers of one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::churn) struct Tied {
    pub(in crate::churn) score: f64,
    pub(in crate::churn) left: Mass,
    pub(in crate::churn) stayed: Mass,
}

impl Ranking {
    /// From whether each customer left and its score: any finite number, greater for those more likely to leave.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a score that is not finite, with its row,
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for columns of different lengths,
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a row.
    ///
    /// # Complexity
    /// O(rows): sorted by radix.
    pub fn new(observed: &[bool], scores: &[f64]) -> Result<Self, Error> {
        check_scores(observed, scores)?;
        Ok(Self::of_checked(observed, scores, None))
    }

    /// The same with a weight for each row (1e-100 to 1e100): how many customers of the population it stands for.
    ///
    /// # Errors
    /// As [`Ranking::new`], and [`ErrorKind::Input`](crate::ErrorKind::Input) for a weight out of range, with its row.
    pub fn weighted(observed: &[bool], scores: &[f64], weights: &[f64]) -> Result<Self, Error> {
        check_scores(observed, scores)?;
        same_rows(observed.len(), weights.len())?;
        check_weights(weights)?;
        Ok(Self::of_checked(observed, scores, Some(weights)))
    }

    /// From columns of one length, all scores finite.
    pub(super) fn of_checked(observed: &[bool], scores: &[f64], weights: Option<&[f64]>) -> Self {
        let [left, stayed] = descending_bits(observed, scores);
        let Some(weights) = weights else { return Self { left: Side::new(left), stayed: Side::new(stayed) } };
        let side = |of: bool, keys: Vec<u64>| {
            let weights = observed.iter().zip(weights).filter(|(left, _)| **left == of);
            Side::weighted(keys.into_iter().zip(weights.map(|(_, weight)| *weight)).collect())
        };
        Self { left: side(true, left), stayed: side(false, stayed) }
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.left.keys.len() + self.stayed.keys.len()
    }

    /// The customers of each score, the greatest first.
    pub(in crate::churn) fn ties(&self) -> impl Iterator<Item = Tied> + '_ {
        let mut left = Rest { keys: &self.left.keys, weights: &self.left.weights };
        let mut stayed = Rest { keys: &self.stayed.keys, weights: &self.stayed.weights };
        std::iter::from_fn(move || {
            let key = match (left.keys.first(), stayed.keys.first()) {
                (Some(one), Some(other)) => *one.min(other),
                (Some(one), None) | (None, Some(one)) => *one,
                (None, None) => return None,
            };
            Some(Tied { score: from_ordered_bits(!key), left: left.take(key), stayed: stayed.take(key) })
        })
    }

    /// The weight of those who left and of those who stayed.
    pub(in crate::churn) fn totals(&self) -> (f64, f64) {
        (self.left.total, self.stayed.total)
    }

    /// The totals, where there are some of both.
    pub(super) fn both(&self, what: &str) -> Result<(f64, f64), Error> {
        if self.left.keys.is_empty() || self.stayed.keys.is_empty() {
            return Err(Error::degenerate(format!("{what} needs customers who left and customers who stayed")));
        }
        Ok(self.totals())
    }

    /// Whether rows stand for other numbers of customers than one.
    pub(super) fn is_weighted(&self) -> bool {
        !(self.left.weights.is_empty() && self.stayed.weights.is_empty())
    }

    fn effective_n(&self) -> f64 {
        let squares: f64 = self.left.weights.iter().chain(&self.stayed.weights).map(|weight| weight * weight).sum();
        let (left, stayed) = self.totals();
        if self.is_weighted() { (left + stayed).powi(2) / squares } else { left + stayed }
    }

    /// The area under the receiver operating characteristic: the probability that one who left has a greater score than one who
    /// stayed, ties counting half. 0.5 is chance, 1 perfect; Gini's coefficient is 2 AUC - 1.
    ///
    /// Standard error by DeLong: the variances of the placements, V(i) = share of the other side that is ranked right against i,
    ///
    /// ```text
    /// Var = m / (m - 1) Σ w² (V(i) - AUC)² / (Σ w)² over the m who left, plus the same over those who stayed
    /// ```
    ///
    /// Formula page: `docs/formulas/auc.md`.
    ///
    /// ```
    /// use cxo_core::{Confidence, churn::evaluation::{AucInterval, Ranking}};
    ///
    /// // DeLong by hand: placements 1, 1/2, 1 and 1, 2/3.
    /// let ranking = Ranking::new(&[false, true, false, true, true], &[0.1, 0.4, 0.4, 0.8, 0.5])?;
    /// let auc = ranking.auc(AucInterval::Logit, Confidence::P95)?;
    /// assert!((auc.value - 11.0 / 12.0).abs() < 1e-15);
    /// assert!(auc.interval.is_ok_and(|interval| interval.contains(0.9)));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// A perfect ranking has a standard error of 0, which says that the sample is too small to see one, and no interval.
    /// With one row of a side there is no standard error.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
    ///
    /// # Complexity
    /// O(rows).
    ///
    /// # Reference
    /// DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845, equations 2 to 5; Sun and Xu (2014) for the ranks.
    pub fn auc(&self, interval: AucInterval, confidence: Confidence) -> Result<Estimate, Error> {
        let (left, stayed) = self.both("the area under the curve")?;
        let mut below = stayed;
        let mut pairs = 0.0;
        for tied in self.ties() {
            below -= tied.stayed.sum;
            pairs += tied.left.sum * (below + 0.5 * tied.stayed.sum);
        }
        let value = pairs / (left * stayed);
        let (mut below, mut above) = (stayed, 0.0);
        let [mut of_left, mut of_stayed] = [0.0; 2];
        for tied in self.ties() {
            below -= tied.stayed.sum;
            let placement = (below + 0.5 * tied.stayed.sum) / stayed - value;
            of_left += tied.left.squares * placement * placement;
            let placement = (above + 0.5 * tied.left.sum) / left - value;
            of_stayed += tied.stayed.squares * placement * placement;
            above += tied.left.sum;
        }
        let standard_error = match (self.left.keys.len(), self.stayed.keys.len()) {
            (..2, _) | (_, ..2) => Err(Absent::OneObservation),
            (m, n) => {
                let variance = of_left / (left * left) * unbiased(m) + of_stayed / (stayed * stayed) * unbiased(n);
                Ok(variance.sqrt())
            }
        };
        let interval = standard_error.and_then(|error| match interval {
            _ if value <= 0.0 || value >= 1.0 => Err(Absent::AtBound),
            AucInterval::Wald => wald(value, error, confidence).map(|interval| interval.clipped(0.0, 1.0)),
            AucInterval::Logit => around_log_odds(value, error, confidence),
        });
        let (n, effective_n) = (self.rows() as u64, self.effective_n());
        Ok(Estimate { value, standard_error, interval, n, effective_n, method: Method::DeLong })
    }

    /// The average precision: the mean over those who left of the precision at their score, in (0, 1].
    ///
    /// Σ over scores of (recall there - recall above) × precision there; a score in common is one step. A ranking by chance
    /// has about the share who left. The standard error is the infinitesimal jackknife, the interval normal around log-odds.
    /// Formula page: `docs/formulas/average-precision.md`.
    ///
    /// ```
    /// use cxo_core::{Confidence, churn::evaluation::Ranking};
    ///
    /// let ranking = Ranking::new(&[true, true, false, false], &[0.1, 0.2, 0.8, 0.9])?;
    /// assert!((ranking.average_precision(Confidence::P95)?.value - (1.0 / 3.0 + 1.0 / 2.0) / 2.0).abs() < 1e-15);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
    ///
    /// # Complexity
    /// O(rows).
    ///
    /// # Reference
    /// Su, Yuan and Zhu (2015), A relationship between the average precision and the area under the ROC curve; the interval as
    /// Boyd, Eng and Page (2013), Area under the precision-recall curve.
    pub fn average_precision(&self, confidence: Confidence) -> Result<Estimate, Error> {
        let (left, _) = self.both("average precision")?;
        let (mut flagged, mut hits, mut value) = (0.0, 0.0, 0.0);
        let steps: Vec<(Tied, f64, f64)> = self
            .ties()
            .map(|tied| {
                flagged += tied.left.sum + tied.stayed.sum;
                hits += tied.left.sum;
                value += tied.left.sum * (hits / flagged);
                (tied, flagged, hits / flagged)
            })
            .collect();
        let value = (value / left).min(1.0);
        // The derivative by the weight of a row: it moves every precision from its score down, and its own step.
        let (mut as_hit, mut as_flagged, mut variance) = (0.0, 0.0, 0.0);
        for (tied, flagged, precision) in steps.iter().rev() {
            let share = tied.left.sum / left;
            as_hit += share / flagged;
            as_flagged += share * precision / flagged;
            let of_left = (precision - value) / left + as_hit - as_flagged;
            variance += tied.left.squares * of_left * of_left + tied.stayed.squares * as_flagged * as_flagged;
        }
        let error = variance.sqrt();
        let interval = if value < 1.0 { around_log_odds(value, error, confidence) } else { Err(Absent::AtBound) };
        Ok(Estimate {
            value,
            standard_error: Ok(error),
            interval,
            n: self.rows() as u64,
            effective_n: self.effective_n(),
            method: Method::InfinitesimalJackknife,
        })
    }

    /// Kolmogorov and Smirnov's distance: the greatest difference between the share flagged of those who left and of those who
    /// stayed, over all thresholds. Formula page: `docs/formulas/gains.md`.
    ///
    /// The threshold is chosen on the same data, so the value promises a little too much.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
    ///
    /// # Complexity
    /// O(rows).
    pub fn ks(&self) -> Result<Ks, Error> {
        let (left, stayed) = self.both("the distance of Kolmogorov and Smirnov")?;
        let (mut of_left, mut of_stayed) = (0.0, 0.0);
        let mut best: Option<Ks> = None;
        for tied in self.ties() {
            of_left += tied.left.sum;
            of_stayed += tied.stayed.sum;
            let value = (of_left / left - of_stayed / stayed).abs();
            if best.is_none_or(|best| value > best.value) {
                best = Some(Ks { value, threshold: tied.score });
            }
        }
        best.ok_or_else(|| Error::no_data("scores"))
    }

    /// The receiver operating characteristic: a point for each score, from nobody flagged to everybody.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
    ///
    /// # Complexity
    /// O(rows).
    pub fn roc(&self) -> Result<Vec<RocPoint>, Error> {
        let (left, stayed) = self.both("the receiver operating characteristic")?;
        let (mut of_left, mut of_stayed) = (0.0, 0.0);
        let nobody = RocPoint { threshold: None, false_positive_rate: 0.0, true_positive_rate: 0.0 };
        let points = self.ties().map(|tied| {
            of_left += tied.left.sum;
            of_stayed += tied.stayed.sum;
            RocPoint {
                threshold: Some(tied.score),
                false_positive_rate: (of_stayed / stayed).min(1.0),
                true_positive_rate: (of_left / left).min(1.0),
            }
        });
        Ok(std::iter::once(nobody).chain(points).collect())
    }

    /// Precision against recall: a point for each score, the greatest first.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) unless somebody left and somebody stayed.
    ///
    /// # Complexity
    /// O(rows).
    pub fn precision_recall(&self) -> Result<Vec<PrecisionRecallPoint>, Error> {
        let (left, _) = self.both("precision against recall")?;
        let (mut hits, mut flagged) = (0.0, 0.0);
        let points = self.ties().map(|tied| {
            hits += tied.left.sum;
            flagged += tied.left.sum + tied.stayed.sum;
            PrecisionRecallPoint {
                threshold: tied.score,
                precision: (hits / flagged).min(1.0),
                recall: (hits / left).min(1.0),
            }
        });
        Ok(points.collect())
    }
}

fn check_scores(observed: &[bool], scores: &[f64]) -> Result<(), Error> {
    same_rows(observed.len(), scores.len())?;
    match scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        Some((row, score)) => Err(Error::input("score", score, "a finite number").at_row(row as u64)),
        None => Ok(()),
    }
}

/// n / (n - 1).
fn unbiased(n: usize) -> f64 {
    n as f64 / (n as f64 - 1.0)
}

impl Side {
    fn new(mut keys: Vec<u64>) -> Self {
        sort_by_bits(&mut keys, |key| *key);
        Self { total: keys.len() as f64, keys, weights: Vec::new() }
    }

    fn weighted(mut rows: Vec<(u64, f64)>) -> Self {
        sort_by_bits(&mut rows, |(key, _)| *key);
        let (keys, weights): (_, Vec<f64>) = rows.into_iter().unzip();
        let total = weights.iter().sum();
        Self { keys, weights, total }
    }
}

/// What is left of a side.
struct Rest<'a> {
    keys: &'a [u64],
    weights: &'a [f64],
}

impl Rest<'_> {
    /// Takes the rows of a key from the front.
    fn take(&mut self, key: u64) -> Mass {
        let count = self.keys.iter().take_while(|own| **own == key).count();
        self.keys = self.keys.get(count..).unwrap_or_default();
        if self.weights.is_empty() {
            return Mass { sum: count as f64, squares: count as f64 };
        }
        let (these, rest) = self.weights.split_at_checked(count).unwrap_or_default();
        self.weights = rest;
        let mut mass = Mass::default();
        for weight in these {
            mass.sum += weight;
            mass.squares += weight * weight;
        }
        mass
    }
}
