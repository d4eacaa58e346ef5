//! The ACSI-style satisfaction index: how satisfied are customers from three questions on 1-10, as one number from 0 to 100?
//!
//! The state is [`SatisfactionItems`], sums and products of the three ratings, from which the index with any weights is
//! asked at the end. Reports and analysts call it. Formula page: `docs/formulas/acsi.md`.

use super::{Rating, Scale};
use crate::{
    Absent, Confidence, Encode, Error, Estimate, Form, Interval, Method, Reader, State, Writer, numeric::student_t,
};

/// How much each of the three questions counts: overall satisfaction, against expectations, against the ideal.
///
/// ```
/// use cxo_core::survey::IndexWeights;
/// assert!(IndexWeights::new([0.3885, 0.3190, 0.2925]).is_ok());
/// assert!(IndexWeights::new([0.4, 0.4, 0.4]).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "[f64; 3]", into = "[f64; 3]")
)]
pub struct IndexWeights([f64; 3]);

impl IndexWeights {
    /// A third each: the index becomes `(x1 + x2 + x3 - 3) / 27 * 100`.
    pub const EQUAL: Self = Self([1.0 / 3.0; 3]);

    /// Three weights, not negative, that sum to 1 within 1e-9.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) otherwise.
    pub fn new(weights: [f64; 3]) -> Result<Self, Error> {
        let sum: f64 = weights.iter().sum();
        if weights.iter().all(|weight| *weight >= 0.0) && (sum - 1.0).abs() <= 1e-9 {
            Ok(Self(weights))
        } else {
            Err(Error::input("weights", format!("{weights:?}"), "three weights from 0 to 1 that sum to 1"))
        }
    }

    /// The weights.
    #[must_use]
    pub const fn get(self) -> [f64; 3] {
        self.0
    }
}

impl Default for IndexWeights {
    fn default() -> Self {
        Self::EQUAL
    }
}

impl TryFrom<[f64; 3]> for IndexWeights {
    type Error = Error;
    fn try_from(weights: [f64; 3]) -> Result<Self, Error> {
        Self::new(weights)
    }
}

impl From<IndexWeights> for [f64; 3] {
    fn from(weights: IndexWeights) -> Self {
        weights.0
    }
}

/// The index of three mean ratings from 1 to 10, in [0, 100]:
/// `((x1 - 1) w1 + (x2 - 1) w2 + (x3 - 1) w3) / 9 * 100`.
///
/// It is the form for published means. Where respondents are known, [`SatisfactionItems`] gives the uncertainty too.
///
/// ```
/// use cxo_core::survey::{IndexWeights, satisfaction_index};
/// assert_eq!(satisfaction_index([10.0, 10.0, 10.0], IndexWeights::EQUAL)?, 100.0);
/// let ohio = IndexWeights::new([0.3885, 0.3190, 0.2925])?;
/// assert_eq!(format!("{:.4}", satisfaction_index([8.0, 7.0, 6.0], ohio)?), "67.7333");
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a mean outside [1, 10] or not a number.
pub fn satisfaction_index(means: [f64; 3], weights: IndexWeights) -> Result<f64, Error> {
    if let Some(mean) = means.iter().find(|mean| !(1.0..=10.0).contains(*mean)) {
        return Err(Error::input("mean rating", mean, "1 to 10"));
    }
    let sum: f64 = means.iter().zip(weights.0).map(|(mean, weight)| (mean - 1.0) * weight).sum();
    Ok((sum / 9.0 * 100.0).clamp(0.0, 100.0))
}

/// Ratings of the three questions. Class: algebraic, 11 counters; exact.
///
/// A respondent who left a question out is counted as incomplete and enters nothing else: the index is that of those who
/// answered all three.
///
/// ```
/// use cxo_core::{Confidence, survey::{IndexWeights, Rating, SatisfactionItems, Scale}};
/// let mut items = SatisfactionItems::default();
/// for [a, b, c] in [[8, 7, 6], [10, 9, 9], [5, 6, 4]] {
///     let rating = |value| Rating::new(value, Scale::ONE_TO_TEN).map(Some);
///     items.add([rating(a)?, rating(b)?, rating(c)?])?;
/// }
/// items.add([Some(Rating::new(9, Scale::ONE_TO_TEN)?), None, None])?;
/// let found = items.index(IndexWeights::EQUAL, Confidence::P95)?;
/// assert_eq!((found.respondents, found.incomplete), (3, 1));
/// assert_eq!(format!("{:.4}", found.index.value), "67.9012");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawItems"))]
pub struct SatisfactionItems {
    respondents: u64,
    incomplete: u64,
    /// Sums of rating - 1, 0 to 9.
    sums: [u64; 3],
    /// Sums of products of two such, for the pairs 11, 12, 13, 22, 23, 33.
    products: [u64; 6],
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawItems {
    respondents: u64,
    incomplete: u64,
    sums: [u64; 3],
    products: [u64; 6],
}

#[cfg(feature = "serde")]
impl TryFrom<RawItems> for SatisfactionItems {
    type Error = Error;

    fn try_from(raw: RawItems) -> Result<Self, Error> {
        let RawItems { respondents, incomplete, sums, products } = raw;
        Self { respondents, incomplete, sums, products }.checked()
    }
}

/// The pairs of `SatisfactionItems::products`.
const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

impl SatisfactionItems {
    /// Counts one respondent; `None` is a question left out.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) for a rating that is not on 1-10 with high as good,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if a sum no longer fits.
    pub fn add(&mut self, ratings: [Option<Rating>; 3]) -> Result<(), Error> {
        if let Some(other) = ratings.iter().flatten().find(|rating| rating.scale() != Scale::ONE_TO_TEN) {
            return Err(Error::incompatible(format!("a rating on {} in an index on 1-10", other.scale())));
        }
        let mut one = Self::default();
        if let [Some(a), Some(b), Some(c)] = ratings {
            one.respondents = 1;
            one.sums = [a, b, c].map(|rating| rating.bin() as u64);
            let [x, y, z] = one.sums;
            one.products = [x * x, x * y, x * z, y * y, y * z, z * z];
        } else {
            one.incomplete = 1;
        }
        self.merge(&one)
    }

    /// Refuses sums that no respondents can have.
    fn checked(self) -> Result<Self, Error> {
        let Self { respondents, sums, products, .. } = self;
        let most = |value: u64, of_one: u64| respondents.checked_mul(of_one).is_none_or(|most| value <= most);
        if sums.iter().all(|sum| most(*sum, 9)) && products.iter().all(|product| most(*product, 81)) {
            Ok(self)
        } else {
            Err(Error::input("sums of ratings", format!("{sums:?}"), format!("those of {respondents} respondents")))
        }
    }

    /// Asks for the index of the complete respondents.
    ///
    /// The standard error is that of the mean of the respondents' own indices, divisor n - 1; the interval is Student's t with
    /// n - 1 degrees, clipped to [0, 100]. One respondent has neither; where all have the same index the interval is absent.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without a complete respondent,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2^54 respondents.
    pub fn index(&self, weights: IndexWeights, confidence: Confidence) -> Result<SatisfactionIndex, Error> {
        let n = self.respondents;
        if n == 0 {
            return Err(Error::no_data("index of no complete respondents"));
        }
        let m = n as f64;
        let item_means = self.sums.map(|sum| 1.0 + sum as f64 / m);
        let value = satisfaction_index(item_means, weights)?;
        let standard_error = match self.variance(weights)? {
            _ if n == 1 => Err(Absent::OneObservation),
            variance => Ok(100.0 / 9.0 * (variance / m).sqrt()),
        };
        let interval = match standard_error {
            Err(reason) => Err(reason),
            Ok(0.0) => Err(Absent::ZeroVariance),
            Ok(se) => {
                let reach = -student_t::quantile(confidence.alpha() / 2.0, m - 1.0) * se;
                Ok(Interval::new(value - reach, value + reach, confidence, Method::StudentT)?.clipped(0.0, 100.0))
            }
        };
        let index = Estimate { value, standard_error, interval, n, effective_n: m, method: Method::PlugIn };
        Ok(SatisfactionIndex { index, respondents: n, incomplete: self.incomplete, item_means, weights })
    }

    /// Variance of `w1 x1 + w2 x2 + w3 x3` between respondents, divisor n - 1; 0 where it is below what rounding leaves.
    fn variance(&self, weights: IndexWeights) -> Result<f64, Error> {
        let n = i128::from(self.respondents);
        let item = |at: usize| (self.sums.get(at).copied().unwrap_or(0), weights.0.get(at).copied().unwrap_or(0.0));
        let (mut sum, mut size) = (0.0, 0.0);
        for ((a, b), product) in PAIRS.into_iter().zip(self.products) {
            let ((sum_a, weight_a), (sum_b, weight_b)) = (item(a), item(b));
            let squared = i128::from(sum_a).checked_mul(i128::from(sum_b));
            let scaled = n.checked_mul(i128::from(product));
            let Some(covariance) = scaled.zip(squared).and_then(|(scaled, squared)| scaled.checked_sub(squared)) else {
                return Err(Error::overflow("products of ratings"));
            };
            let term = weight_a * weight_b * covariance as f64 * if a == b { 1.0 } else { 2.0 };
            sum += term;
            size += term.abs();
        }
        // The six covariances are exact; their weighted sum can only be wrong by a few units of the last place of `size`.
        let degrees = self.respondents as f64 * (self.respondents as f64 - 1.0);
        Ok(if sum <= 1e-14 * size { 0.0 } else { sum / degrees })
    }
}

impl State for SatisfactionItems {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let add = |mine: u64, theirs: u64| mine.checked_add(theirs).ok_or_else(|| Error::overflow("sum of ratings"));
        let mut merged = *self;
        merged.respondents = add(merged.respondents, other.respondents)?;
        merged.incomplete = add(merged.incomplete, other.incomplete)?;
        let mine = merged.sums.iter_mut().chain(&mut merged.products);
        for (mine, theirs) in mine.zip(other.sums.iter().chain(&other.products)) {
            *mine = add(*mine, *theirs)?;
        }
        *self = merged;
        Ok(())
    }
}

impl Encode for SatisfactionItems {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::SatisfactionItems);
        to.counters([self.respondents, self.incomplete]);
        to.counters(self.sums.into_iter().chain(self.products));
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::SatisfactionItems)?;
        let [respondents, incomplete] = from.counters()?;
        let (sums, products) = (from.counters()?, from.counters()?);
        from.finish()?;
        Self { respondents, incomplete, sums, products }.checked()
    }
}

/// The answer of [`SatisfactionItems::index`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SatisfactionIndex {
    /// The index, in [0, 100].
    pub index: Estimate,
    /// Respondents who answered all three questions.
    pub respondents: u64,
    /// Respondents who left one out; they are not in the index.
    pub incomplete: u64,
    /// Mean rating of each question, 1 to 10.
    pub item_means: [f64; 3],
    /// The weights.
    pub weights: IndexWeights,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Triple = [Option<i64>; 3];

    fn items(respondents: &[Triple]) -> SatisfactionItems {
        let mut items = SatisfactionItems::default();
        for triple in respondents {
            items.add(triple.map(|value| value.map(|value| Rating::new(value, Scale::ONE_TO_TEN).unwrap()))).unwrap();
        }
        items
    }

    fn triples() -> impl Strategy<Value = Vec<Triple>> {
        let rating = || prop::option::weighted(0.9, 1_i64..=10);
        prop::collection::vec((rating(), rating(), rating()).prop_map(|(a, b, c)| [a, b, c]), 0..30)
    }

    #[test]
    fn degenerate_samples_say_why() {
        let one = items(&[[Some(8), Some(7), Some(6)]]).index(IndexWeights::EQUAL, Confidence::P95).unwrap().index;
        assert_eq!(
            (one.standard_error, one.interval.err()),
            (Err(Absent::OneObservation), Some(Absent::OneObservation))
        );
        // The same index from different ratings: (4 + 5 + 6) and (6 + 4 + 5).
        let alike = items(&[[Some(4), Some(5), Some(6)], [Some(6), Some(4), Some(5)]]);
        let alike = alike.index(IndexWeights::EQUAL, Confidence::P95).unwrap().index;
        assert_eq!((alike.standard_error, alike.interval.err()), (Ok(0.0), Some(Absent::ZeroVariance)));
        assert!(items(&[[Some(4), None, Some(6)]]).index(IndexWeights::EQUAL, Confidence::P95).is_err());
        let five = Rating::new(5, Scale::ONE_TO_FIVE).unwrap();
        assert!(SatisfactionItems::default().add([Some(five), None, None]).is_err());
        for weights in [[0.5, 0.5, 0.1], [1.5, -0.5, 0.0], [f64::NAN, 0.5, 0.5]] {
            assert!(IndexWeights::new(weights).is_err(), "{weights:?}");
        }
        assert!(satisfaction_index([0.5, 5.0, 5.0], IndexWeights::EQUAL).is_err());
        assert!(satisfaction_index([f64::NAN, 5.0, 5.0], IndexWeights::EQUAL).is_err());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_runs_the_checks() {
        let text = serde_json::to_string(&items(&[[Some(8), Some(7), Some(6)]])).unwrap();
        assert!(serde_json::from_str::<SatisfactionItems>(&text).is_ok());
        assert!(
            serde_json::from_str::<SatisfactionItems>(&text.replace("\"respondents\":1", "\"respondents\":0")).is_err()
        );
    }

    proptest! {
        /// Against the index of each respondent, its mean and its variance, term by term.
        #[test]
        fn agrees_with_the_mean_of_respondents(respondents in triples(), first in 0.0..1.0_f64, split in 0.0..1.0_f64) {
            let weights = [first, (1.0 - first) * split, (1.0 - first) * (1.0 - split)];
            let own: Vec<f64> = respondents
                .iter()
                .filter_map(|[a, b, c]| Some([(*a)? as f64, (*b)? as f64, (*c)? as f64]))
                .map(|x| x.iter().zip(weights).map(|(x, w)| (x - 1.0) * w).sum::<f64>() / 9.0 * 100.0)
                .collect();
            prop_assume!(own.len() > 1);
            let n = own.len() as f64;
            let mean = own.iter().sum::<f64>() / n;
            let variance = own.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let found = items(&respondents).index(IndexWeights::new(weights).unwrap(), Confidence::P95).unwrap();
            prop_assert_eq!(found.respondents + found.incomplete, respondents.len() as u64);
            prop_assert_eq!(found.respondents, own.len() as u64);
            prop_assert!((found.index.value - mean).abs() < 1e-10);
            prop_assert!((found.index.standard_error.unwrap() - (variance / n).sqrt()).abs() < 1e-6);
            if let Ok(interval) = found.index.interval {
                prop_assert!(interval.contains(found.index.value) && interval.lower >= 0.0 && interval.upper <= 100.0);
            }
        }

        #[test]
        fn merge_laws(a in triples(), b in triples()) {
            let mut merged = items(&a);
            merged.merge(&items(&[])).unwrap();
            merged.merge(&items(&b)).unwrap();
            let mut reversed = items(&b);
            reversed.merge(&items(&a)).unwrap();
            prop_assert_eq!(merged, items(&[a, b].concat()));
            prop_assert_eq!(merged, reversed);
        }
    }
}
