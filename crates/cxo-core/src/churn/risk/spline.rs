//! A curved effect of a number: natural cubic splines with stated knots, and bins with stated edges.

use std::fmt;

use crate::Error;

/// Where the knots of a spline are.
#[derive(Debug, Clone, PartialEq)]
pub enum Knots {
    /// So many, 3 to 7, at the quantiles that Harrell (2015, table 2.3) recommends: 4 are at 0.05, 0.35, 0.65 and 0.95.
    Quantiles(usize),
    /// At these values.
    At(Vec<f64>),
}

impl Default for Knots {
    fn default() -> Self {
        Self::Quantiles(4)
    }
}

/// A natural (restricted) cubic spline: cubic between the knots, a straight line beyond the first and the last.
///
/// With knots t1 < … < tk it has k - 1 terms: x itself, and for j = 1 … k - 2
/// ```text
/// [(x - tj)+³ - (x - t(k-1))+³ (tk - tj) / (tk - t(k-1)) + (x - tk)+³ (t(k-1) - tj) / (tk - t(k-1))] / (tk - t1)²
/// ```
/// where u+ is u or 0, whichever is greater. Formula page: `docs/formulas/risk-schema.md`.
///
/// ```
/// use cxo_core::churn::risk::Spline;
///
/// let spline = Spline::new(vec![0.0, 1.0, 2.0])?;
/// assert_eq!(spline.terms(), 2);
/// assert_eq!(spline.basis(1.0), [1.0, 0.25]);
/// // A straight line beyond the last knot.
/// let at = |x| spline.basis(x)[1];
/// assert!((at(5.0) - 2.0 * at(4.0) + at(3.0)).abs() < 1e-12);
/// assert!(Spline::new(vec![0.0, 1.0, 1.0]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Source: Stone and Koo (1985); Harrell (2015), *Regression Modeling Strategies*, section 2.4.5.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<f64>", into = "Vec<f64>")
)]
pub struct Spline(Vec<f64>);

impl Spline {
    /// With these knots: at least 3, finite, ascending.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for anything else.
    pub fn new(knots: Vec<f64>) -> Result<Self, Error> {
        check_ascending("knots", &knots)?;
        if knots.len() < 3 {
            return Err(Error::input("knots", knots.len(), "at least 3"));
        }
        Ok(Self(knots))
    }

    /// With knots at Harrell's quantiles of some values.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a number of knots that is not 3 to 7,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) where two of the quantiles are one value.
    pub fn at_quantiles(values: &[f64], knots: usize) -> Result<Self, Error> {
        let levels: &[f64] = match knots {
            3 => &[0.1, 0.5, 0.9],
            4 => &[0.05, 0.35, 0.65, 0.95],
            5 => &[0.05, 0.275, 0.5, 0.725, 0.95],
            6 => &[0.05, 0.23, 0.41, 0.59, 0.77, 0.95],
            7 => &[0.025, 0.1833, 0.3417, 0.5, 0.6583, 0.8167, 0.975],
            _ => return Err(Error::input("knots", knots, "3 to 7")),
        };
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let knots = levels.iter().map(|&level| quantile(&sorted, level)).collect();
        Self::new(knots).map_err(|_| Error::degenerate("the values have too few different ones for so many knots"))
    }

    /// The knots, ascending.
    #[must_use]
    pub fn knots(&self) -> &[f64] {
        &self.0
    }

    /// Number of terms: the knots less one.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.0.len() - 1
    }

    /// The terms at a value.
    #[must_use]
    pub fn basis(&self, x: f64) -> Vec<f64> {
        let mut terms = vec![0.0; self.terms()];
        self.fill(x, &mut terms);
        terms
    }

    /// The terms at a value, in order, into as many places.
    pub(super) fn fill(&self, x: f64, terms: &mut [f64]) {
        let [first, .., before, last] = self.0.as_slice() else { return };
        let cube = |knot: f64| (x - knot).max(0.0).powi(3);
        let (at_before, at_last, gap, scale) = (cube(*before), cube(*last), last - before, (last - first).powi(2));
        let curved = self
            .0
            .iter()
            .map(|knot| (cube(*knot) - at_before * ((last - knot) / gap) + at_last * ((before - knot) / gap)) / scale);
        terms.iter_mut().zip(std::iter::once(x).chain(curved)).for_each(|(place, term)| *place = term);
    }
}

/// A quantile of ascending values, by linear interpolation (definition 7 of Hyndman and Fan 1996); of no value it is 0.
pub(super) fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * sorted.len().saturating_sub(1) as f64;
    let at = |place: f64| sorted.get(index(place)).or(sorted.last()).copied().unwrap_or_default();
    let (low, high) = (at(place.floor()), at(place.ceil()));
    low + (high - low) * place.fract()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A place in a slice: whole and at least 0.
fn index(place: f64) -> usize {
    place as usize
}

/// Bins of a number: below the first edge, from each edge to below the next, and from the last on.
///
/// The first bin is the reference; every other one is a term that is 1 inside it and 0 outside.
///
/// ```
/// use cxo_core::churn::risk::Bins;
///
/// let bins = Bins::new(vec![12.0, 24.0])?;
/// assert_eq!([3.0, 12.0, 30.0].map(|x| bins.bin(x)), [0, 1, 2]);
/// assert_eq!(bins.name(1), "[12, 24)");
/// assert!(Bins::new(vec![2.0, 1.0]).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Vec<f64>", into = "Vec<f64>")
)]
pub struct Bins(Vec<f64>);

impl Bins {
    /// With these edges: at least one, finite, ascending.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for anything else.
    pub fn new(edges: Vec<f64>) -> Result<Self, Error> {
        check_ascending("edges", &edges)?;
        if edges.is_empty() {
            return Err(Error::input("edges", 0, "at least 1"));
        }
        Ok(Self(edges))
    }

    /// The edges, ascending.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.0
    }

    /// Which bin a value is in, from 0.
    #[must_use]
    pub fn bin(&self, x: f64) -> usize {
        self.0.partition_point(|edge| *edge <= x)
    }

    /// A bin in words, such as `[12, 24)`.
    #[must_use]
    pub fn name(&self, bin: usize) -> String {
        let edge = |place: Option<usize>| place.and_then(|place| self.0.get(place));
        match (edge(bin.checked_sub(1)), edge(Some(bin))) {
            (None, Some(to)) => format!("(-inf, {to})"),
            (Some(from), Some(to)) => format!("[{from}, {to})"),
            (Some(from), None) => format!("[{from}, inf)"),
            (None, None) => String::new(),
        }
    }
}

fn check_ascending(what: &str, values: &[f64]) -> Result<(), Error> {
    let ascending = values.windows(2).all(|pair| matches!(pair, [left, right] if left < right));
    if ascending && values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Error::input(what, Listed(values), "finite numbers, each above the one before"))
}

struct Listed<'a>(&'a [f64]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}

macro_rules! checked_numbers {
    ($($type:ident),+) => { $(
        impl TryFrom<Vec<f64>> for $type {
            type Error = Error;
            fn try_from(numbers: Vec<f64>) -> Result<Self, Error> {
                Self::new(numbers)
            }
        }

        impl From<$type> for Vec<f64> {
            fn from(these: $type) -> Self {
                these.0
            }
        }
    )+ };
}

checked_numbers!(Spline, Bins);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_spline_is_straight_outside_and_smooth_inside() {
        let spline = Spline::new(vec![-1.0, 0.5, 2.0, 7.0]).unwrap();
        let at = |x: f64, term: usize| spline.basis(x)[term];
        for term in 0..3 {
            for from in [-9.0, 7.0] {
                let bend = at(from + 2.0, term) - 2.0 * at(from + 1.0, term) + at(from, term);
                assert!(bend.abs() < 1e-11, "{term} {from} {bend}");
            }
            // Value, slope and curvature agree on both sides of every knot.
            for knot in [-1.0, 0.5, 2.0, 7.0] {
                let h = 1e-3;
                let curvature = |x: f64| (at(x + h, term) - 2.0 * at(x, term) + at(x - h, term)) / (h * h);
                assert!((curvature(knot - h) - curvature(knot + h)).abs() < 0.02, "{term} {knot}");
            }
        }
        assert_eq!(at(-4.0, 1), 0.0);
    }

    #[test]
    fn knots_are_at_the_quantiles_of_harrell() {
        let values: Vec<f64> = (0..=100).map(f64::from).rev().collect();
        assert_eq!(Spline::at_quantiles(&values, 4).unwrap().knots(), [5.0, 35.0, 65.0, 95.0]);
        let five = Spline::at_quantiles(&values, 5).unwrap();
        assert!((five.knots()[1] - 27.5).abs() < 1e-12);
        for (count, kind) in [(2, ErrorKind::Input), (8, ErrorKind::Input)] {
            assert_eq!(Spline::at_quantiles(&values, count).unwrap_err().kind(), kind);
        }
        assert_eq!(Spline::at_quantiles(&[1.0; 9], 3).unwrap_err().kind(), ErrorKind::Degenerate);
        assert_eq!(Spline::at_quantiles(&[], 3).unwrap_err().kind(), ErrorKind::Degenerate);
    }

    #[test]
    fn edges_and_knots_are_checked() {
        for numbers in
            [vec![], vec![1.0, 1.0, 2.0], vec![3.0, 2.0, 1.0], vec![0.0, f64::NAN, 1.0], vec![0.0, 1.0, f64::INFINITY]]
        {
            assert_eq!(Spline::new(numbers.clone()).unwrap_err().kind(), ErrorKind::Input);
            assert_eq!(Bins::new(numbers).unwrap_err().kind(), ErrorKind::Input);
        }
        let bins = Bins::new(vec![0.0, 10.0]).unwrap();
        assert_eq!([0, 1, 2].map(|bin| bins.name(bin)), ["(-inf, 0)", "[0, 10)", "[10, inf)"]);
        assert_eq!([-1e300, -0.0, 9.99, 10.0, 1e300].map(|x| bins.bin(x)), [0, 1, 1, 2, 2]);
    }
}
