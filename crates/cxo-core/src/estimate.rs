//! Answers with their uncertainty: [`Estimate`], [`Interval`], [`Confidence`], and why a part of them can be absent.
//!
//! A number about a population never travels alone. An estimate carries its standard error, its interval, the number of
//! observations behind it and the name of the method; a part that does not exist says why in [`Absent`].

use std::fmt;

use crate::Error;

/// A confidence level, strictly between 0 and 1. The default is 0.95.
///
/// ```
/// use cxo_core::Confidence;
/// assert_eq!(Confidence::default().level(), 0.95);
/// assert!(Confidence::new(95.0).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "f64", into = "f64"))]
pub struct Confidence(f64);

impl Confidence {
    /// 90 %.
    pub const P90: Self = Self(0.90);
    /// 95 %, the default.
    pub const P95: Self = Self(0.95);
    /// 99 %.
    pub const P99: Self = Self(0.99);

    /// A level strictly between 0 and 1.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a level outside (0, 1) or not a number.
    pub fn new(level: f64) -> Result<Self, Error> {
        if level > 0.0 && level < 1.0 {
            Ok(Self(level))
        } else {
            Err(Error::input("confidence", level, "between 0 and 1, both excluded"))
        }
    }

    /// The level in (0, 1).
    #[must_use]
    pub const fn level(self) -> f64 {
        self.0
    }

    /// 1 - level: the probability outside a two-sided interval.
    #[must_use]
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self::P95
    }
}

impl TryFrom<f64> for Confidence {
    type Error = Error;
    fn try_from(level: f64) -> Result<Self, Error> {
        Self::new(level)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

/// A probability, share or rate in [0, 1].
///
/// ```
/// use cxo_core::Probability;
/// assert_eq!(Probability::new(0.25)?.get(), 0.25);
/// assert!(Probability::new(f64::NAN).is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "f64", into = "f64"))]
pub struct Probability(f64);

impl Probability {
    /// One half, as of a median.
    pub const HALF: Self = Self(0.5);

    /// A value in [0, 1].
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a value outside [0, 1] or not a number.
    pub fn new(value: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(Error::input("probability", value, "0 to 1")) }
    }

    /// The value in [0, 1].
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// Where the draws of a simulation begin: the same seed gives the same draws on every run, for every number of threads.
///
/// The generator is PCG64 (PCG-XSL-RR 128/64, O'Neill 2014), each simulated customer on a stream of his own. The values are
/// pinned by a test; a version that changes them says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Seed(pub u64);

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident => $name:literal,)+) => {
        /// The name of a statistical method, as results carry it and documents spell it.
        ///
        /// Questions choose among the methods that apply to them through enums of their own (such as
        /// [`NpsMethod`](crate::survey::NpsMethod)); an answer always names the one that was used.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])* #[cfg_attr(feature = "serde", serde(rename = $name))] $variant,)+
        }

        impl Method {
            /// Every method, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in kebab-case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

methods! {
    /// Sample shares put into the formula, divisor n.
    PlugIn => "plug-in",
    /// First-order Taylor linearisation of a weighted or designed sample.
    TaylorLinearized => "taylor-linearized",
    /// Normal interval around the plain estimate.
    Wald => "wald",
    /// Rocks (2016): 3/4, 3/2 and 3/4 added to promoters, passives and detractors.
    AdjustedWald => "adjusted-wald",
    /// One added to each of promoters, passives and detractors.
    Laplace => "laplace",
    /// z²/4, z²/2 and z²/4 added to promoters, passives and detractors.
    Z2Adjusted => "z2-adjusted",
    /// Student's t interval of the scores -1, 0, 1.
    TrinomialT => "trinomial-t",
    /// Goodman (1964), simultaneous for all contrasts.
    Goodman => "goodman",
    /// Score interval (Tango 1998), found by root search.
    Score => "score",
    /// Two Wilson intervals combined by recovered variances.
    MoverWilson => "mover-wilson",
    /// Percentiles of the exact bootstrap distribution.
    BootstrapPercentile => "bootstrap-percentile",
    /// Wilson (1927) score interval of a proportion.
    Wilson => "wilson",
    /// Clopper and Pearson (1934), guaranteed coverage.
    ClopperPearson => "clopper-pearson",
    /// Clopper-Pearson with half the probability of the observed count.
    MidP => "mid-p",
    /// Beta quantiles under the Jeffreys prior.
    Jeffreys => "jeffreys",
    /// Agresti and Coull (1998).
    AgrestiCoull => "agresti-coull",
    /// Agresti and Caffo (2000): one success and one failure added to each of two samples.
    AgrestiCaffo => "agresti-caffo",
    /// Newcombe (1998): two Wilson intervals combined.
    Newcombe => "newcombe",
    /// Student's t.
    StudentT => "student-t",
    /// Around log-odds: of a share with Student's t, of an odds ratio with the normal quantile.
    Logit => "logit",
    /// Korn and Graubard (1998): Clopper-Pearson on the effective number of responses of a designed sample.
    KornGraubard => "korn-graubard",
    /// Welch (1947): unequal variances.
    Welch => "welch",
    /// Pearson's chi-square.
    ChiSquare => "chi-square",
    /// First-order error of a ratio (delta method).
    DeltaMethod => "delta-method",
    /// Normal interval around the log of a ratio, of odds too.
    LogRatio => "log-ratio",
    /// Normal interval around the logarithm of a positive parameter, from the curvature of the likelihood.
    LogWald => "log-wald",
    /// The parameters under which the data are most likely.
    MaximumLikelihood => "maximum-likelihood",
    /// Pearson's correlation.
    Pearson => "pearson",
    /// Spearman's rank correlation.
    Spearman => "spearman",
    /// Normal interval around artanh of a correlation (Fisher 1921).
    FisherZ => "fisher-z",
    /// Quantiles of the distribution that a customer's history leaves, the parameters taken as known.
    PosteriorQuantiles => "posterior-quantiles",
    /// Quantiles of the gamma distribution with the mean and the variance of the prediction.
    GammaMoments => "gamma-moments",
    /// The product-limit curve, with Greenwood's variance (Kaplan and Meier 1958).
    KaplanMeier => "kaplan-meier",
    /// Normal interval around ln(-ln S) of a share S.
    LogLog => "log-log",
    /// Normal interval around the logarithm.
    Log => "log",
    /// Normal interval around the estimate, moved into its range.
    Plain => "plain",
    /// The sum of events over those at risk (Nelson 1969, Aalen 1978).
    NelsonAalen => "nelson-aalen",
    /// The same with tied events one after the other (Fleming and Harrington 1984).
    FlemingHarrington => "fleming-harrington",
    /// Cumulative incidence of one of several causes (Aalen and Johansen 1978).
    AalenJohansen => "aalen-johansen",
    /// DeLong, DeLong and Clarke-Pearson (1988): variance of an area under the curve from the placements of the observations.
    DeLong => "delong",
    /// Infinitesimal jackknife (Efron 1982): squared derivatives of the estimate by the weight of each observation.
    InfinitesimalJackknife => "infinitesimal-jackknife",
    /// The inverse of the observed information (Fisher).
    ObservedInformation => "observed-information",
    /// Curvature, variance of the score residuals of the rows, curvature: holds if the model does not (Lin and Wei 1989).
    Sandwich => "sandwich",
    /// The same between the sums of clusters.
    ClusteredSandwich => "clustered-sandwich",
    /// Survival from a proportional hazards model and its baseline.
    ProportionalHazards => "proportional-hazards",
    /// The values at which the likelihood, maximised over all other parameters, has fallen by half the chi-square quantile.
    ProfileLikelihood => "profile-likelihood",
    /// The parameters that maximise the likelihood with a penalty.
    PenalizedLikelihood => "penalized-likelihood",
    /// Percentiles of resamples of customers with replacement, each with all that he did (Efron 1979).
    CustomerBootstrap => "customer-bootstrap",
    /// Differences of strata weighted by the product of their two sizes over the sum (Mantel and Haenszel 1959, Greenland and
    /// Robins 1985).
    MantelHaenszel => "mantel-haenszel",
    /// The variance between groups that makes the weighted squared distances their expectation (Paule and Mandel 1982).
    PauleMandel => "paule-mandel",
    /// The variances between groups under which those distances are quantiles of chi-square (Viechtbauer 2007).
    QProfile => "q-profile",
    /// Bounds that hold for every pair of groups at once (Bonferroni).
    SimultaneousPairs => "simultaneous-pairs",
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a part of an answer does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Absent {
    /// One observation has no spread.
    OneObservation,
    /// All observations are alike, and the method divides by their spread.
    ZeroVariance,
    /// All observations come from one cluster, so the spread between clusters is unknown.
    OneCluster,
    /// A stratum with one cluster, so the spread inside it is unknown.
    LonelyCluster,
    /// The exact enumeration would exceed the stated size limit.
    TooLarge,
    /// The method has no interval for this kind of sample.
    NotDefined,
    /// There is nothing to divide by.
    NoObservations,
    /// The source does not record what the rate needs.
    NotRecorded,
    /// The mean or the time is infinite.
    Infinite,
    /// The curve has not come down to this level when observation ends.
    NotReached,
    /// A penalty moves the estimate, so the usual standard error does not describe it.
    Penalized,
    /// The value follows from the definition, whatever the data.
    ByDefinition,
    /// Observation ends before the period does.
    Immature,
    /// Nobody was observed for so long.
    NotObserved,
    /// It was not asked for.
    NotAsked,
    /// The estimate is the least or the greatest that there can be, where the sample shows no spread.
    AtBound,
    /// Every resample answers the same, which says nothing of how sure the answer is.
    AlikeResamples,
}

impl Absent {
    /// The reason in words, as documents and tables carry it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::OneObservation => "one observation has no spread",
            Self::ZeroVariance => "all observations are alike",
            Self::OneCluster => "all observations come from one cluster",
            Self::LonelyCluster => "a stratum has only one cluster",
            Self::TooLarge => "the sample is too large for the exact method",
            Self::NotDefined => "the method is not defined for this sample",
            Self::NoObservations => "there are no observations",
            Self::NotRecorded => "the source does not record it",
            Self::Infinite => "it is infinite",
            Self::NotReached => "the curve does not come down to it while anyone is observed",
            Self::Penalized => "a penalised fit has no standard error",
            Self::ByDefinition => "it is so by definition",
            Self::Immature => "observation ends before the period does",
            Self::NotObserved => "nobody was observed for so long",
            Self::NotAsked => "it was not asked for",
            Self::AtBound => "the estimate is as extreme as can be, where the sample shows no spread",
            Self::AlikeResamples => "all resamples answer the same, which says nothing of how sure it is",
        }
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for Absent {}

/// A two-sided interval with its level and the name of its method. The bounds are finite and `lower <= upper`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "RawInterval"))]
#[non_exhaustive]
pub struct Interval {
    /// Lower bound, in the unit of the estimate.
    pub lower: f64,
    /// Upper bound, in the unit of the estimate.
    pub upper: f64,
    /// The level asked for.
    pub confidence: Confidence,
    /// The method that was used.
    pub method: Method,
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct RawInterval {
    lower: f64,
    upper: f64,
    confidence: Confidence,
    method: Method,
}

#[cfg(feature = "serde")]
impl TryFrom<RawInterval> for Interval {
    type Error = Error;
    fn try_from(raw: RawInterval) -> Result<Self, Error> {
        Self::new(raw.lower, raw.upper, raw.confidence, raw.method)
    }
}

impl Interval {
    /// An interval from its bounds.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if a bound is not finite or `lower > upper`.
    pub fn new(lower: f64, upper: f64, confidence: Confidence, method: Method) -> Result<Self, Error> {
        if lower.is_finite() && upper.is_finite() && lower <= upper {
            Ok(Self { lower, upper, confidence, method })
        } else {
            Err(Error::input("interval", format!("[{lower}, {upper}]"), "two finite bounds in ascending order"))
        }
    }

    /// Upper minus lower bound.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }

    /// Whether `value` lies within the bounds, both included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// Both bounds multiplied by a positive factor, such as 100 from a share to points.
    #[must_use]
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { lower: self.lower * factor, upper: self.upper * factor, ..self }
    }

    /// Both bounds moved into `[least, greatest]`.
    #[must_use]
    pub(crate) fn clipped(self, least: f64, greatest: f64) -> Self {
        Self { lower: self.lower.clamp(least, greatest), upper: self.upper.clamp(least, greatest), ..self }
    }
}

/// An estimate of a population value with everything needed to read it.
///
/// ```
/// let nps = cxo_core::survey::nps(&[10, 9, 8, 7, 6, 10, 9, 3, 10, 8])?;
/// assert_eq!((nps.value, nps.n), (30.0, 10));
/// let interval = nps.interval.expect("ten responses have an interval");
/// assert!(interval.contains(30.0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Estimate {
    /// The estimate itself.
    pub value: f64,
    /// Its standard error, or why there is none.
    pub standard_error: Result<f64, Absent>,
    /// Its interval, or why there is none.
    pub interval: Result<Interval, Absent>,
    /// Number of observations.
    pub n: u64,
    /// The number of equally weighted independent observations that would tell as much; equals `n` for a plain sample.
    pub effective_n: f64,
    /// How value and standard error were obtained.
    pub method: Method,
}

/// The difference between two population values, first minus second, with its test against no difference.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Difference {
    /// First minus second, as observed.
    pub value: f64,
    /// The standard error that the test used, or why there is none.
    pub standard_error: Result<f64, Absent>,
    /// The test statistic, or why there is none.
    pub statistic: Result<f64, Absent>,
    /// Two-sided probability of a statistic at least as far from zero if there is no difference, or why there is none.
    pub p_value: Result<f64, Absent>,
    /// Interval of the difference, or why there is none.
    pub interval: Result<Interval, Absent>,
    /// How standard error, statistic and interval were obtained.
    pub method: Method,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_levels_and_bounds_out_of_range() {
        for level in [0.0, 1.0, -0.1, 95.0, f64::NAN, f64::INFINITY] {
            assert!(Confidence::new(level).is_err(), "{level}");
        }
        for value in [-1e-300, 1.0 + 1e-15, f64::NAN] {
            assert!(Probability::new(value).is_err(), "{value}");
        }
        for (lower, upper) in [(1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(Interval::new(lower, upper, Confidence::P95, Method::Wald).is_err(), "{lower} {upper}");
        }
    }

    #[test]
    fn names_of_methods_are_unique() {
        let names: std::collections::BTreeSet<_> = Method::ALL.iter().map(|method| method.name()).collect();
        assert_eq!(names.len(), Method::ALL.len());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_runs_the_checks() {
        let text = r#"{"lower":0.1,"upper":0.2,"confidence":0.95,"method":"wilson"}"#;
        let interval: Interval = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&interval).unwrap(), text);
        assert!(serde_json::from_str::<Interval>(&text.replace("0.1", "0.3")).is_err());
        assert!(serde_json::from_str::<Confidence>("1.0").is_err());
    }
}
