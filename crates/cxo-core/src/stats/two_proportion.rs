//! How two shares differ: as a difference, a ratio or odds, with intervals and tests.
//!
//! The state is a pair of [`Share`]s, [`TwoShares`]; comparisons of segments, periods and variants ask it. Every difference
//! is first minus second, every ratio first over second. Formula page: `docs/formulas/two-shares.md`.

use std::{fmt, str::FromStr};

use super::{contingency::ChiSquareTest, parse_name, proportion::Share};
use crate::{
    Absent, Confidence, Difference, Error, Estimate, Interval, Method,
    numeric::{binomial, normal, root},
};

/// Two shares of different samples, to be compared.
///
/// ```
/// use cxo_core::{Confidence, stats::{proportion::Successes, two_proportion::{DifferenceMethod, TwoShares}}};
///
/// let shares = TwoShares { first: Successes(70).of(510)?, second: Successes(50).of(500)? };
/// let difference = shares.difference(DifferenceMethod::Score, Confidence::P95)?;
/// let interval = difference.interval.unwrap();
/// assert_eq!(
///     format!("{:.4} [{:.4}, {:.4}], p = {:.4}", difference.value, interval.lower, interval.upper, difference.p_value.unwrap()),
///     "0.0373 [-0.0027, 0.0776], p = 0.0673"
/// );
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoShares {
    /// The share that is asked about.
    pub first: Share,
    /// The share that it is compared with.
    pub second: Share,
}

/// How a difference of two shares is tested and its interval computed.
///
/// With p = x / n in each sample, z the normal quantile, and l and u the Wilson bounds of each share:
///
/// | method | test and interval |
/// |---|---|
/// | score | z test with the pooled variance; the differences at which such a test, with the shares estimated under that difference, is not significant (Mee 1984; Miettinen and Nurminen 1985 without their factor N / (N - 1)) |
/// | wald | d ± z sqrt(p1 q1 / n1 + p2 q2 / n2) |
/// | agresti-caffo | Wald after adding one success and one failure to each sample |
/// | newcombe | d - sqrt((p1 - l1)² + (u2 - p2)²) to d + sqrt((u1 - p1)² + (p2 - l2)²); it has no test of its own |
///
/// References: Miettinen, O., Nurminen, M. (1985). Statistics in Medicine 4, 213-226. doi:10.1002/sim.4780040211;
/// Newcombe, R. G. (1998). Statistics in Medicine 17, 873-890; Agresti, A., Caffo, B. (2000). American Statistician 54,
/// 280-288. doi:10.1080/00031305.2000.10474560
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum DifferenceMethod {
    /// Pooled z test and its inversion.
    #[default]
    Score,
    /// Unpooled normal.
    Wald,
    /// One success and one failure added to each sample.
    AgrestiCaffo,
    /// Two Wilson intervals combined.
    Newcombe,
}

impl DifferenceMethod {
    /// Every method.
    pub const ALL: &'static [Self] = &[Self::Score, Self::Wald, Self::AgrestiCaffo, Self::Newcombe];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    /// The same method among all methods.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Score => Method::Score,
            Self::Wald => Method::Wald,
            Self::AgrestiCaffo => Method::AgrestiCaffo,
            Self::Newcombe => Method::Newcombe,
        }
    }
}

impl fmt::Display for DifferenceMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DifferenceMethod {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("difference method", text, Self::ALL, Self::name)
    }
}

/// How the interval of a ratio of two shares is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum RatioMethod {
    /// The ratios that a score test does not reject (Koopman 1984).
    #[default]
    Score,
    /// Normal around the log (Katz 1978): needs successes on both sides.
    #[cfg_attr(feature = "serde", serde(rename = "log-ratio"))]
    Log,
}

/// Whether a chi-square of a 2 x 2 table is corrected for the jumps of the counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Continuity {
    /// Pearson's statistic, the square of the pooled z.
    #[default]
    None,
    /// Yates (1934): half a count nearer to expectation.
    Yates,
}

impl TwoShares {
    /// The first share minus the second.
    ///
    /// The z test needs some success and some failure in the samples together (Wald: in one of them); where they are all
    /// alike its parts say so, and the score, Agresti-Caffo and Newcombe intervals exist all the same.
    ///
    /// # Errors
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) if the root search of the score interval fails.
    pub fn difference(self, method: DifferenceMethod, confidence: Confidence) -> Result<Difference, Error> {
        let value = self.value();
        let z = -normal::quantile(confidence.alpha() / 2.0);
        let adjusted = Self { first: self.first.with_one_of_each(), second: self.second.with_one_of_each() };
        let (centre, standard_error) = match method {
            DifferenceMethod::Score => (value, Ok(self.pooled_error())),
            DifferenceMethod::Wald => (value, Ok(self.unpooled_error())),
            DifferenceMethod::AgrestiCaffo => (adjusted.value(), Ok(adjusted.unpooled_error())),
            DifferenceMethod::Newcombe => (value, Err(Absent::NotDefined)),
        };
        let bounds = match (method, standard_error) {
            (DifferenceMethod::Score, _) => self.score_bounds(z)?,
            (_, Ok(error)) => (centre - z * error, centre + z * error),
            (_, Err(_)) => self.newcombe_bounds(z),
        };
        let statistic =
            standard_error.and_then(|error| if error > 0.0 { Ok(centre / error) } else { Err(Absent::ZeroVariance) });
        Ok(Difference {
            value,
            standard_error,
            statistic,
            p_value: statistic.map(normal::two_sided_p),
            interval: Ok(Interval::new(bounds.0, bounds.1, confidence, method.method())?.clipped(-1.0, 1.0)),
            method: method.method(),
        })
    }

    fn value(self) -> f64 {
        self.first.value() - self.second.value()
    }

    fn unpooled_error(self) -> f64 {
        self.first.standard_error().hypot(self.second.standard_error())
    }

    fn pooled_error(self) -> f64 {
        let (n1, n2) = (self.first.trials(), self.second.trials());
        let n = n1 + n2;
        let successes = self.first.successes() + self.second.successes();
        let failures = self.first.failures() + self.second.failures();
        (successes / n * (failures / n) * (1.0 / n1 + 1.0 / n2)).sqrt()
    }

    fn newcombe_bounds(self, z: f64) -> (f64, f64) {
        let (p1, p2) = (self.first.value(), self.second.value());
        let below = (p1 - self.first.wilson_lower(z)).hypot(self.second.wilson_upper(z) - p2);
        let above = (self.first.wilson_upper(z) - p1).hypot(p2 - self.second.wilson_lower(z));
        (p1 - p2 - below, p1 - p2 + above)
    }

    /// The two differences at which |d - δ| is z standard errors, with the shares estimated under δ.
    fn score_bounds(self, z: f64) -> Result<(f64, f64), Error> {
        let d = self.value();
        // Where all are alike the standard error vanishes at d itself; the bounds are at least this far away.
        let away = 1e-3 * z * z / (self.first.trials() + self.second.trials());
        let excess = |delta: f64| (d - delta).abs() - z * self.error_at_difference(delta);
        let lower = if d - away <= -1.0 { -1.0 } else { root::brent(excess, -1.0, d - away)? };
        let upper = if d + away >= 1.0 { 1.0 } else { root::brent(excess, d + away, 1.0)? };
        Ok((lower, upper))
    }

    /// The standard error of the difference where the shares are the likeliest ones that differ by `delta`: the root of the
    /// cubic of Miettinen and Nurminen (1985, appendix I).
    fn error_at_difference(self, delta: f64) -> f64 {
        let (n1, n2) = (self.first.trials(), self.second.trials());
        let (x1, x2) = (self.first.successes(), self.second.successes());
        let n = n1 + n2;
        let quadratic = ((n1 + 2.0 * n2) * delta - n - x1 - x2) / (3.0 * n);
        let linear = ((n2 * delta - n - 2.0 * x2) * delta + x1 + x2) / (3.0 * n);
        let constant = x2 * delta * (1.0 - delta) / n;
        let q = quadratic.powi(3) - 1.5 * quadratic * linear + 0.5 * constant;
        let p = (quadratic * quadratic - linear).max(0.0).sqrt().copysign(q);
        let cosine = if p == 0.0 { 0.0 } else { (q / p.powi(3)).clamp(-1.0, 1.0) };
        let angle = (std::f64::consts::PI + cosine.acos()) / 3.0;
        let second = (2.0 * p * angle.cos() - quadratic).clamp((-delta).max(0.0), (1.0 - delta).min(1.0));
        let first = (second + delta).clamp(0.0, 1.0);
        (first * (1.0 - first) / n1 + second * (1.0 - second) / n2).sqrt()
    }

    /// The first share over the second (relative risk).
    ///
    /// Log: ln ratio ± z sqrt(q1/x1 + q2/x2), absent without successes in the first sample. Score: the ratios at which the
    /// first share is z standard errors from ratio × second share, with the shares estimated under that ratio.
    ///
    /// # Errors
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if the second share is 0: the ratio is infinite or
    /// anything. [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) if the root search fails.
    pub fn ratio(self, method: RatioMethod, confidence: Confidence) -> Result<Estimate, Error> {
        if self.second.successes() == 0.0 {
            return Err(Error::not_identified("ratio to a share of 0"));
        }
        let value = self.first.value() / self.second.value();
        let z = -normal::quantile(confidence.alpha() / 2.0);
        let relative_square = |share: Share| share.failures() / share.trials() / share.successes();
        let log_error = if self.first.successes() > 0.0 {
            Ok((relative_square(self.first) + relative_square(self.second)).sqrt())
        } else {
            Err(Absent::NotDefined)
        };
        let interval = match (method, log_error) {
            (RatioMethod::Score, _) => {
                let (lower, upper) = self.score_ratio_bounds(z)?;
                Ok(Interval::new(lower, upper, confidence, Method::Score)?)
            }
            (RatioMethod::Log, Ok(error)) => {
                let factor = (z * error).exp();
                Ok(Interval::new(value / factor, value * factor, confidence, Method::LogRatio)?)
            }
            (RatioMethod::Log, Err(absent)) => Err(absent),
        };
        Ok(self.estimate(value, log_error.map(|error| value * error), interval, Method::DeltaMethod))
    }

    fn estimate(
        self,
        value: f64,
        standard_error: Result<f64, Absent>,
        interval: Result<Interval, Absent>,
        method: Method,
    ) -> Estimate {
        let n = self.first.n().saturating_add(self.second.n());
        let effective_n = self.first.trials() + self.second.trials();
        Estimate { value, standard_error, interval, n, effective_n, method }
    }

    fn score_ratio_bounds(self, z: f64) -> Result<(f64, f64), Error> {
        let (p1, p2) = (self.first.value(), self.second.value());
        let excess = |log: f64| {
            let ratio = log.exp();
            // Divided by 1 + ratio, so that it stays finite at both ends.
            ((p1 - ratio * p2).abs() - z * self.error_at_ratio(ratio)) / (1.0 + ratio)
        };
        // Where all are alike the standard error vanishes at the ratio itself; the bounds are at least this far away.
        let away = 1e-3 * z * z / (self.first.trials() + self.second.trials());
        let bound = |start: f64, direction: f64| {
            let mut reach = 1.0;
            while excess(start + direction * reach) <= 0.0 && reach < 700.0 {
                reach *= 2.0;
            }
            root::brent(excess, start + direction * away, start + direction * reach).map(f64::exp)
        };
        if p1 == 0.0 {
            // The likeliest ratio is 0; above it, start where the ratio is negligible beside one success.
            return Ok((0.0, bound((1e-6 / self.first.trials() / p2).ln(), 1.0)?));
        }
        let centre = (p1 / p2).ln();
        Ok((bound(centre, -1.0)?, bound(centre, 1.0)?))
    }

    /// The standard error of first - ratio × second where the shares are the likeliest ones with that ratio.
    fn error_at_ratio(self, ratio: f64) -> f64 {
        let (n1, n2) = (self.first.trials(), self.second.trials());
        let (x1, x2) = (self.first.successes(), self.second.successes());
        let half = 0.5 * (ratio * (n1 + x2) + x1 + n2);
        let root = (half * half - (n1 + n2) * ratio * (x1 + x2)).max(0.0).sqrt();
        let second = ((x1 + x2) / (half + root)).min(1.0);
        let first = (ratio * second).min(1.0);
        (first * (1.0 - first) / n1 + ratio * ratio * second * (1.0 - second) / n2).sqrt()
    }

    /// The odds of the first share over the odds of the second, with the normal interval around the log (Woolf 1955).
    ///
    /// # Errors
    /// [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if one sample has no success or no failure.
    pub fn odds_ratio(self, confidence: Confidence) -> Result<Estimate, Error> {
        let cells = [self.first.successes(), self.first.failures(), self.second.successes(), self.second.failures()];
        if cells.contains(&0.0) {
            return Err(Error::not_identified("odds ratio with an empty cell"));
        }
        let [x1, y1, x2, y2] = cells;
        let value = (x1 / y1) / (x2 / y2);
        let error = cells.iter().map(|cell| 1.0 / cell).sum::<f64>().sqrt();
        let factor = (-normal::quantile(confidence.alpha() / 2.0) * error).exp();
        let interval = Interval::new(value / factor, value * factor, confidence, Method::LogRatio)?;
        Ok(self.estimate(value, Ok(value * error), Ok(interval), Method::PlugIn))
    }

    /// Pearson's chi-square of the 2 x 2 table, with or without the continuity correction.
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if all trials ended alike.
    pub fn chi_square(self, continuity: Continuity) -> Result<ChiSquareTest, Error> {
        let error = self.pooled_error();
        if error == 0.0 {
            return Err(Error::degenerate("chi-square of trials that all ended alike"));
        }
        let correction = match continuity {
            Continuity::None => 0.0,
            Continuity::Yates => 0.5 * (1.0 / self.first.trials() + 1.0 / self.second.trials()),
        };
        let z = (self.value().abs() - correction).max(0.0) / error;
        Ok(ChiSquareTest::new(z * z, 1))
    }

    /// Fisher's exact test: the probability, with all margins fixed, of the tables that are not more probable than the
    /// observed one. Real-valued counts are not meant for it: it is [`Absent::NotDefined`] there.
    ///
    /// # Errors
    /// [`Absent::NotDefined`] for counts that are not whole.
    ///
    /// # Complexity
    /// O(standard deviation of the count), below a millisecond at millions of trials.
    pub fn fisher_exact(self) -> Result<f64, Absent> {
        let [(x1, n1), (x2, n2)] = self.whole_counts()?;
        Ok(binomial::Hypergeometric { successes: x1 + x2, first: n1, second: n2 }.two_sided_p(x1))
    }

    /// Barnard's unconditional exact test: the greatest probability, over the common share, of a pooled z at least as far
    /// from 0 as the observed one.
    ///
    /// More powerful than Fisher's for small samples. The maximum is searched on a grid of the common share and refined
    /// around the five best points of it.
    ///
    /// # Errors
    /// [`Absent::TooLarge`] beyond 4 million tables (2,000 trials a side), [`Absent::NotDefined`] for counts that are not whole.
    ///
    /// # Complexity
    /// O(n1 n2 + grid (n1 + n2)).
    ///
    /// Reference: Barnard, G. A. (1945). A new test for 2 x 2 tables. Nature 156, 177. doi:10.1038/156177a0
    pub fn barnard_exact(self) -> Result<f64, Absent> {
        let [(x1, n1), (x2, n2)] = self.whole_counts()?;
        if (n1 + 1.0) * (n2 + 1.0) > 4e6 {
            return Err(Absent::TooLarge);
        }
        Ok(binomial::unconditional_p((x1, n1), (x2, n2)))
    }

    fn whole_counts(self) -> Result<[(f64, f64); 2], Absent> {
        let counts = [self.first, self.second].map(|share| (share.successes(), share.trials()));
        if counts.iter().all(|(x, n)| x.fract() == 0.0 && n.fract() == 0.0) {
            Ok(counts)
        } else {
            Err(Absent::NotDefined)
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of counts drawn in [0, n]")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ErrorKind, stats::proportion::Successes};

    fn shares([x1, n1, x2, n2]: [u64; 4]) -> TwoShares {
        TwoShares { first: Successes(x1).of(n1).unwrap(), second: Successes(x2).of(n2).unwrap() }
    }

    #[test]
    fn all_alike_is_answered_or_typed() {
        for counts in [[0, 20, 0, 20], [10, 10, 10, 10]] {
            let pair = shares(counts);
            for &method in DifferenceMethod::ALL {
                let difference = pair.difference(method, Confidence::P95).unwrap();
                assert_eq!(difference.value, 0.0);
                assert!(difference.interval.unwrap().contains(0.0), "{method}");
            }
            let score = pair.difference(DifferenceMethod::Score, Confidence::P95).unwrap();
            assert_eq!(score.p_value, Err(Absent::ZeroVariance));
            let interval = score.interval.unwrap();
            assert!(interval.width() > 0.1 && (interval.lower + interval.upper).abs() < 1e-12);
            assert_eq!((pair.fisher_exact(), pair.barnard_exact()), (Ok(1.0), Ok(1.0)));
            assert_eq!(pair.chi_square(Continuity::None).unwrap_err().kind(), ErrorKind::Degenerate);
            assert_eq!(pair.odds_ratio(Confidence::P95).unwrap_err().kind(), ErrorKind::NotIdentified);
        }
        assert!(shares([0, 20, 0, 20]).ratio(RatioMethod::Score, Confidence::P95).is_err());
        // By symmetry the bounds of a ratio of equals are each other's inverse.
        let ratio = shares([10, 10, 10, 10]).ratio(RatioMethod::Score, Confidence::P95).unwrap().interval.unwrap();
        assert!((ratio.lower * ratio.upper - 1.0).abs() < 1e-9 && (ratio.upper - 1.384_145_882).abs() < 1e-8);
    }

    #[test]
    fn fisher_adds_up_at_any_size() {
        // 8 of 12 tables are not more probable than the observed one of the lady who tastes tea.
        assert!((shares([3, 4, 1, 4]).fisher_exact().unwrap() - 34.0 / 70.0).abs() < 1e-14);
        let large = shares([500_500, 10_000_000, 500_000, 10_000_000]);
        let z = large.difference(DifferenceMethod::Score, Confidence::P95).unwrap().p_value.unwrap();
        assert!((large.fisher_exact().unwrap() / z - 1.0).abs() < 1e-2);
        assert_eq!(large.barnard_exact(), Err(Absent::TooLarge));
    }

    proptest! {
        #[test]
        fn intervals_hold_mirror_and_agree_with_their_test(n1 in 1..5000_u64, n2 in 1..5000_u64, a in 0.0..=1.0_f64, b in 0.0..=1.0_f64) {
            let (x1, x2) = ((a * n1 as f64).round() as u64, (b * n2 as f64).round() as u64);
            let (pair, exchanged) = (shares([x1, n1, x2, n2]), shares([x2, n2, x1, n1]));
            for &method in DifferenceMethod::ALL {
                let difference = pair.difference(method, Confidence::P95).unwrap();
                let interval = difference.interval.unwrap();
                let mirrored = exchanged.difference(method, Confidence::P95).unwrap().interval.unwrap();
                prop_assert!((interval.lower + mirrored.upper).abs() < 1e-9, "{method}");
                if method != DifferenceMethod::AgrestiCaffo {
                    prop_assert!(interval.lower <= difference.value + 1e-12 && difference.value <= interval.upper + 1e-12, "{method}");
                }
                if let (Ok(p), DifferenceMethod::Score) = (difference.p_value, method) {
                    prop_assert!((p - 0.05).abs() < 1e-6 || (p < 0.05) != interval.contains(0.0));
                }
            }
            if x2 > 0 {
                let ratio = pair.ratio(RatioMethod::Score, Confidence::P95).unwrap();
                let interval = ratio.interval.unwrap();
                prop_assert!(interval.lower <= ratio.value && ratio.value <= interval.upper);
            }
        }
    }
}
