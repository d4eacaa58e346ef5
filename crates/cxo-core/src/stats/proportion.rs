//! A share of a population from x successes in n trials, with one of six intervals.
//!
//! The state is [`Share`], two counts that cannot contradict each other; the question is [`Share::estimate`]. Top-box
//! shares, response rates and every conversion ask it, and comparisons of two shares take two of them.
//! Formula page: `docs/formulas/proportion-interval.md`.

use std::{fmt, str::FromStr};

use super::parse_name;
use crate::{
    Confidence, Error, Estimate, Interval, Method, Probability,
    numeric::{beta::Beta, normal, root},
};

/// A count of successes on its way to a [`Share`].
///
/// ```
/// use cxo_core::stats::proportion::Successes;
/// assert_eq!(Successes(3).of(4)?.value(), 0.75);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Successes(
    /// The count.
    pub u64,
);

impl Successes {
    /// The share of these successes in so many trials.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no trials, [`ErrorKind::Input`](crate::ErrorKind::Input) for
    /// more successes than trials.
    pub fn of(self, trials: u64) -> Result<Share, Error> {
        if trials == 0 {
            return Err(Error::no_data("share of no trials"));
        }
        let failures =
            trials.checked_sub(self.0).ok_or_else(|| Error::input("successes", self.0, format!("0 to {trials}")))?;
        Ok(Share { successes: self.0 as f64, failures: failures as f64, n: trials })
    }
}

/// Successes and failures of at least one trial: a share that remembers how much it knows.
///
/// ```
/// use cxo_core::{Confidence, stats::proportion::{ProportionMethod, Successes}};
///
/// let share = Successes(74).of(107)?;
/// let estimate = share.estimate(ProportionMethod::Wilson, Confidence::P95)?;
/// let interval = estimate.interval.unwrap();
/// assert_eq!(format!("{:.4} [{:.4}, {:.4}]", estimate.value, interval.lower, interval.upper), "0.6916 [0.5987, 0.7712]");
/// assert!(Successes(4).of(3).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    successes: f64,
    failures: f64,
    n: u64,
}

impl Share {
    /// The share that an estimate of a weighted sample found, on n* = p (1 - p) / standard error² effective trials; on the
    /// effective n of the weights where all answers are alike.
    pub(crate) fn of_estimate(estimate: &Estimate) -> Result<Self, Error> {
        let p = estimate.value;
        let trials = match estimate.standard_error {
            Ok(error) if error > 0.0 && p > 0.0 && p < 1.0 => p * (1.0 - p) / (error * error),
            _ => estimate.effective_n,
        };
        Self::effective(Probability::new(p)?, trials, estimate.n)
    }

    /// The share in a sample of `n` rows that tells as much as `effective_n` independent trials, such as a weighted one.
    /// The intervals treat it as so many trials (Korn and Graubard 1998 do so for Clopper-Pearson).
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) unless `effective_n` is positive and finite.
    pub(crate) fn effective(value: Probability, effective_n: f64, n: u64) -> Result<Self, Error> {
        if effective_n > 0.0 && effective_n.is_finite() {
            let p = value.get();
            Ok(Self { successes: p * effective_n, failures: (1.0 - p) * effective_n, n })
        } else {
            Err(Error::no_data(format!("share of {effective_n} effective trials")))
        }
    }

    /// Successes.
    #[must_use]
    pub const fn successes(self) -> f64 {
        self.successes
    }

    /// Failures.
    #[must_use]
    pub const fn failures(self) -> f64 {
        self.failures
    }

    /// Successes and failures together; more than 0.
    #[must_use]
    pub fn trials(self) -> f64 {
        self.successes + self.failures
    }

    /// The number of rows behind the share; the trials, unless it is weighted.
    pub(crate) const fn n(self) -> u64 {
        self.n
    }

    /// One success and one failure more (Agresti and Caffo 2000).
    pub(crate) fn with_one_of_each(self) -> Self {
        Self { successes: self.successes + 1.0, failures: self.failures + 1.0, n: self.n }
    }

    /// successes / trials, in [0, 1].
    #[must_use]
    pub fn value(self) -> f64 {
        self.successes / self.trials()
    }

    /// p (1 - p): the variance of one trial, in [0, 1/4].
    #[must_use]
    pub fn variance(self) -> f64 {
        self.successes / self.trials() * (self.failures / self.trials())
    }

    /// The plain standard error, sqrt(p (1 - p) / n); 0 where all trials ended alike.
    #[must_use]
    pub fn standard_error(self) -> f64 {
        (self.variance() / self.trials()).sqrt()
    }

    /// The share with its plain standard error and an interval.
    ///
    /// # Errors
    /// As [`Share::interval`].
    pub fn estimate(self, method: ProportionMethod, confidence: Confidence) -> Result<Estimate, Error> {
        Ok(Estimate {
            value: self.value(),
            standard_error: Ok(self.standard_error()),
            interval: Ok(self.interval(method, confidence)?),
            n: self.n,
            effective_n: self.trials(),
            method: Method::PlugIn,
        })
    }

    /// The interval of the share alone.
    ///
    /// # Errors
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) if the root search of mid-p fails.
    pub fn interval(self, method: ProportionMethod, confidence: Confidence) -> Result<Interval, Error> {
        let bounds = self.bounds(method, confidence.alpha())?;
        Ok(Interval::new(bounds.0, bounds.1, confidence, method.method())?.clipped(0.0, 1.0))
    }

    fn bounds(self, method: ProportionMethod, alpha: f64) -> Result<(f64, f64), Error> {
        let Self { successes: x, failures: y, .. } = self;
        let z = -normal::quantile(alpha / 2.0);
        let around = |centre: f64, half: f64| (centre - half, centre + half);
        Ok(match method {
            ProportionMethod::Wald => around(self.value(), z * self.standard_error()),
            ProportionMethod::AgrestiCoull => {
                let adjusted = Self { successes: x + z * z / 2.0, failures: y + z * z / 2.0, n: self.n };
                around(adjusted.value(), z * adjusted.standard_error())
            }
            ProportionMethod::Wilson => (self.wilson_lower(z), self.wilson_upper(z)),
            ProportionMethod::Jeffreys => {
                let posterior = Beta { a: x + 0.5, b: y + 0.5 };
                (posterior.quantile(alpha / 2.0), posterior.quantile_upper(alpha / 2.0))
            }
            ProportionMethod::ClopperPearson => (
                if x > 0.0 { Beta { a: x, b: y + 1.0 }.quantile(alpha / 2.0) } else { 0.0 },
                if y > 0.0 { Beta { a: x + 1.0, b: y }.quantile_upper(alpha / 2.0) } else { 1.0 },
            ),
            ProportionMethod::MidP => (self.mid_p_lower(alpha)?, self.mid_p_upper(alpha)?),
        })
    }

    /// (2x + z² - z sqrt(z² + 4x(1 - p))) / (2(n + z²)), multiplied out with its conjugate so that nothing cancels.
    pub(crate) fn wilson_lower(self, z: f64) -> f64 {
        let (x, n) = (self.successes, self.trials());
        let root = z * (z * z + 4.0 * x * self.failures / n).sqrt();
        2.0 * x * (x / n) / (2.0 * x + z * z + root)
    }

    /// (2x + z² + z sqrt(z² + 4x(1 - p))) / (2(n + z²)).
    pub(crate) fn wilson_upper(self, z: f64) -> f64 {
        if self.failures == 0.0 {
            return 1.0;
        }
        let (x, n) = (self.successes, self.trials());
        let root = z * (z * z + 4.0 * x * self.failures / n).sqrt();
        (2.0 * x + z * z + root) / (2.0 * (n + z * z))
    }

    /// The p at which P(X > x) + P(X = x) / 2 is alpha / 2. With `P(X ≥ x) = I_p(x, n - x + 1)` the left side is the mean
    /// of two beta distributions, so that the root lies between their quantiles and x need not be an integer.
    fn mid_p_lower(self, alpha: f64) -> Result<f64, Error> {
        let Self { successes: x, failures: y, .. } = self;
        if x == 0.0 {
            return Ok(0.0);
        }
        if y == 0.0 {
            return Ok((alpha.ln() / x).exp());
        }
        let (at_least, above) = (Beta { a: x, b: y + 1.0 }, Beta { a: x + 1.0, b: y });
        let excess = |p: f64| at_least.cdf(p) + above.cdf(p) - alpha;
        between(excess, at_least.quantile(alpha / 2.0), above.quantile(alpha / 2.0))
    }

    /// The p at which P(X < x) + P(X = x) / 2 is alpha / 2.
    fn mid_p_upper(self, alpha: f64) -> Result<f64, Error> {
        let Self { successes: x, failures: y, .. } = self;
        if y == 0.0 {
            return Ok(1.0);
        }
        if x == 0.0 {
            return Ok(-(alpha.ln() / y).exp_m1());
        }
        let (below, at_most) = (Beta { a: x, b: y + 1.0 }, Beta { a: x + 1.0, b: y });
        let excess = |p: f64| below.sf(p) + at_most.sf(p) - alpha;
        between(excess, below.quantile_upper(alpha / 2.0), at_most.quantile_upper(alpha / 2.0))
    }
}

/// The zero of a monotone function of a share between two quantiles. They close in on each other as the trials grow, until
/// only their rounding lies between them, so they are moved apart by more than that.
fn between(excess: impl Fn(f64) -> f64, low: f64, high: f64) -> Result<f64, Error> {
    const ROUNDING: f64 = 1e-12;
    root::brent(excess, low * (1.0 - ROUNDING), (high * (1.0 + ROUNDING)).min(1.0))
}

/// How the interval of a [`Share`] is computed.
///
/// With x successes in n trials, p = x / n, and z the normal quantile of 1 - alpha / 2:
///
/// | method | bounds, clipped to [0, 1] |
/// |---|---|
/// | wilson | (x + z²/2 ± z sqrt(z²/4 + x (1 - p))) / (n + z²) |
/// | clopper-pearson | beta quantiles: alpha/2 of Beta(x, n - x + 1), 1 - alpha/2 of Beta(x + 1, n - x) |
/// | mid-p | the p at which P(X > x) + P(X = x)/2, and P(X < x) + P(X = x)/2, is alpha/2 |
/// | jeffreys | quantiles alpha/2 and 1 - alpha/2 of Beta(x + 1/2, n - x + 1/2) |
/// | agresti-coull | the Wald interval of x + z²/2 successes in n + z² trials |
/// | wald | p ± z sqrt(p (1 - p) / n) |
///
/// Wilson, the default, covers close to the level on average at every n and is never wider than [0, 1]. Clopper-Pearson
/// guarantees the level and is too wide; mid-p is between the two. Wald is known to cover far less than its level
/// (Brown, Cai and `DasGupta` 2001) and has no width at x = 0 and x = n. The Jeffreys interval is the unmodified one: at
/// x = 0 and x = n it leaves out the observed share.
///
/// ```
/// use cxo_core::stats::proportion::ProportionMethod;
/// assert_eq!("mid-p".parse::<ProportionMethod>()?, ProportionMethod::MidP);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Reference: Brown, L. D., Cai, T. T., `DasGupta`, A. (2001). Interval estimation for a binomial proportion. Statistical
/// Science 16, 101-133. doi:10.1214/ss/1009213286
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ProportionMethod {
    /// Wilson (1927) score interval.
    #[default]
    Wilson,
    /// Clopper and Pearson (1934), guaranteed coverage.
    ClopperPearson,
    /// Clopper-Pearson with half the probability of the observed count.
    MidP,
    /// Beta quantiles under the Jeffreys prior, unmodified at x = 0 and x = n.
    Jeffreys,
    /// Agresti and Coull (1998).
    AgrestiCoull,
    /// Normal interval around the plain share.
    Wald,
}

impl ProportionMethod {
    /// Every method.
    pub const ALL: &'static [Self] =
        &[Self::Wilson, Self::ClopperPearson, Self::MidP, Self::Jeffreys, Self::AgrestiCoull, Self::Wald];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    /// The same method among all methods.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Wilson => Method::Wilson,
            Self::ClopperPearson => Method::ClopperPearson,
            Self::MidP => Method::MidP,
            Self::Jeffreys => Method::Jeffreys,
            Self::AgrestiCoull => Method::AgrestiCoull,
            Self::Wald => Method::Wald,
        }
    }
}

impl fmt::Display for ProportionMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ProportionMethod {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("interval method", text, Self::ALL, Self::name)
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of counts drawn in [0, n]")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    fn interval(share: Share, method: ProportionMethod, level: f64) -> Interval {
        share.interval(method, Confidence::new(level).unwrap()).unwrap()
    }

    #[test]
    fn refuses_what_is_no_share() {
        assert_eq!(Successes(0).of(0).unwrap_err().kind(), ErrorKind::NoData);
        assert_eq!(Successes(4).of(3).unwrap_err().kind(), ErrorKind::Input);
        let half = Probability::new(0.5).unwrap();
        assert!(Share::effective(half, 0.0, 1).is_err() && Share::effective(half, f64::NAN, 1).is_err());
    }

    #[test]
    fn names_parse_back() {
        for &method in ProportionMethod::ALL {
            assert_eq!(method.name().parse::<ProportionMethod>().unwrap(), method);
        }
    }

    #[test]
    fn none_and_all_have_closed_forms() {
        for n in [1, 5, 1000, 10_000_000_u64] {
            for level in [0.5, 0.95, 0.9999999] {
                let (none, all) = (Successes(0).of(n).unwrap(), Successes(n).of(n).unwrap());
                let alpha: f64 = 1.0 - level;
                for (method, tail) in [(ProportionMethod::ClopperPearson, alpha / 2.0), (ProportionMethod::MidP, alpha)]
                {
                    let upper = -(tail.ln() / n as f64).exp_m1();
                    let (low, high) = (interval(none, method, level), interval(all, method, level));
                    assert!(low.lower == 0.0 && (low.upper / upper - 1.0).abs() < 1e-13, "{method} {n} {level}");
                    assert!(high.upper == 1.0 && (high.lower - (1.0 - upper)).abs() < 1e-15, "{method} {n} {level}");
                }
            }
        }
        // Some implementations answer 0.99999986 here.
        let upper = interval(Successes(0).of(1000).unwrap(), ProportionMethod::ClopperPearson, 1.0 - 1e-7).upper;
        assert!((upper - 0.016670722432038).abs() < 1e-14, "{upper}");
    }

    #[test]
    fn mid_p_lies_within_clopper_pearson_at_every_size() {
        let mut compared = 0;
        for n in [2, 10_000, 1_000_000_000_000, 10_000_000_000_000_000, 1_234_567_890_123_456_789, u64::MAX] {
            for x in [1, n / 1000, n / 10, n / 2, n / 2 + 1, n - n / 7, n - 1] {
                for level in [0.5, 0.95, 0.9999] {
                    let share = Successes(x).of(n).unwrap();
                    let inner = interval(share, ProportionMethod::MidP, level);
                    let outer = interval(share, ProportionMethod::ClopperPearson, level);
                    let slack = 1e-15 * outer.upper;
                    assert!(outer.lower - slack <= inner.lower, "{x} of {n}: {inner:?} {outer:?}");
                    assert!(inner.upper <= outer.upper + slack, "{x} of {n}: {inner:?} {outer:?}");
                    assert!(inner.contains(share.value()), "{x} of {n}: {inner:?}");
                    compared += 1;
                }
            }
        }
        assert_eq!(compared, 126);
    }

    proptest! {
        #[test]
        fn intervals_hold_widen_and_mirror(n in 1..10_000_000_u64, part in 0.0..=1.0_f64) {
            let x = (part * n as f64).round() as u64;
            let (share, mirrored) = (Successes(x).of(n).unwrap(), Successes(n - x).of(n).unwrap());
            for &method in ProportionMethod::ALL {
                let (narrow, wide) = (interval(share, method, 0.5), interval(share, method, 0.999999));
                prop_assert!(0.0 <= wide.lower && wide.lower <= narrow.lower, "{method} {x} {n}");
                prop_assert!(narrow.upper <= wide.upper && wide.upper <= 1.0, "{method} {x} {n}");
                // The centre of Agresti-Coull moves towards one half, the unmodified Jeffreys leaves out 0 and 1, and
                // at levels near one half so does the median of any beta distribution.
                if !matches!(method, ProportionMethod::Jeffreys | ProportionMethod::AgrestiCoull) {
                    prop_assert!(wide.contains(share.value()), "{method} {x} {n}");
                }
                let other = interval(mirrored, method, 0.5);
                prop_assert!((narrow.lower - (1.0 - other.upper)).abs() < 1e-14, "{method} {x} {n}");
            }
        }

        #[test]
        fn more_trials_narrow(n in 2..1_000_000_u64, part in 0.0..=1.0_f64) {
            let x = (part * n as f64).round() as u64;
            let (few, many) = (Successes(x).of(n).unwrap(), Successes(4 * x).of(4 * n).unwrap());
            for &method in ProportionMethod::ALL {
                prop_assert!(interval(many, method, 0.95).width() <= interval(few, method, 0.95).width(), "{method} {x} {n}");
            }
        }

        #[test]
        fn exact_bounds_solve_their_equations(n in 1..200_u64, part in 0.0..1.0_f64) {
            let x = (part * n as f64) as u64;
            // P(X ≤ x) at the upper Clopper-Pearson bound is half of alpha, by adding up probabilities.
            let p = interval(Successes(x).of(n).unwrap(), ProportionMethod::ClopperPearson, 0.9).upper;
            let sum: f64 = (0..=x).map(|k| crate::numeric::binomial::pmf(k as f64, n as f64, p)).sum();
            prop_assert!(x == n || (sum - 0.05).abs() < 1e-12, "{x} {n}: {sum}");
        }
    }
}
