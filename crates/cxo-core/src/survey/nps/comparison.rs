//! Whether two groups of different people differ in NPS, and by how much.
//!
//! The state is two [`Nps`]; the question is [`Nps::compare`] with a named method, or [`Nps::distribution_test`] where the
//! whole distribution is meant. Called for segments, periods and arms of an experiment.
//! Formula page: `docs/formulas/nps-comparison.md`.

use std::{fmt, str::FromStr};

use super::{EffectiveCounts, Nps};
use crate::{
    Absent, Confidence, Difference, Error, Interval, Method,
    numeric::{normal, student_t},
    stats::contingency::{ChiSquareTest, chi_square},
};

/// How the difference between the NPS of two independent samples is judged.
///
/// ```
/// use cxo_core::survey::NpsComparison;
/// assert_eq!("welch".parse::<NpsComparison>()?, NpsComparison::Welch);
/// assert_eq!(NpsComparison::default().name(), "adjusted-wald");
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum NpsComparison {
    /// Normal test after adding 3/4, 3/2 and 3/4 to promoters, passives and detractors of each sample.
    #[default]
    AdjustedWald,
    /// Normal test of the plain scores.
    Wald,
    /// Welch's t test of the values -1, 0 and 1.
    Welch,
}

impl NpsComparison {
    /// Every method, the default first.
    pub const ALL: [Self; 3] = [Self::AdjustedWald, Self::Wald, Self::Welch];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    const fn method(self) -> Method {
        match self {
            Self::AdjustedWald => Method::AdjustedWald,
            Self::Wald => Method::Wald,
            Self::Welch => Method::Welch,
        }
    }
}

impl fmt::Display for NpsComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NpsComparison {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            Error::input("comparison method", format!("\"{text}\""), Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// A difference as a method sees it: its centre, its standard error, and the degrees of freedom of its reference
/// distribution (infinite for the normal one), on the scale of the values -1, 0 and 1.
pub(super) struct Contrast {
    pub(super) centre: f64,
    pub(super) standard_error: f64,
    pub(super) degrees: f64,
}

impl Contrast {
    /// Interval, clipped to ±200, and two-sided test, in points.
    pub(super) fn difference(self, value: f64, confidence: Confidence, method: Method) -> Difference {
        let Self { centre, standard_error, degrees } = self;
        let alpha = confidence.alpha();
        let quantile = if degrees.is_finite() {
            -student_t::quantile(alpha / 2.0, degrees)
        } else {
            -normal::quantile(alpha / 2.0)
        };
        let margin = if standard_error == 0.0 { 0.0 } else { quantile * standard_error };
        let [lower, upper] = [centre - margin, centre + margin].map(|bound| bound.clamp(-2.0, 2.0));
        let statistic = if standard_error > 0.0 { Ok(centre / standard_error) } else { Err(Absent::ZeroVariance) };
        Difference {
            value: 100.0 * value,
            standard_error: Ok(100.0 * standard_error),
            statistic,
            p_value: statistic.map(|statistic| {
                if degrees.is_finite() {
                    student_t::two_sided_p(statistic, degrees)
                } else {
                    normal::two_sided_p(statistic)
                }
            }),
            interval: Interval::new(lower, upper, confidence, method)
                .map(|interval| interval.scaled(100.0))
                .map_err(|_| Absent::NotDefined),
            method,
        }
    }
}

impl Nps {
    /// The difference of two independent samples in points, this one minus the other.
    ///
    /// `value` is the plain difference of the scores. Interval (clipped to ±200) and two-sided test belong together: both
    /// come from the named method, and the adjusted one is centred on the adjusted difference. For the same people asked
    /// twice use [`NpsPanel`](super::NpsPanel).
    ///
    /// ```
    /// use cxo_core::{Confidence, survey::{Nps, NpsComparison}};
    /// let spring = Nps { promoters: 42, passives: 31, detractors: 27 };
    /// let autumn = Nps { promoters: 50, passives: 30, detractors: 20 };
    /// let change = autumn.compare(&spring, NpsComparison::default(), Confidence::P95)?;
    /// assert!((change.value - 15.0).abs() < 1e-12);
    /// assert!((change.p_value.unwrap() - 0.190139).abs() < 1e-6);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// Where neither sample has any spread the plain statistic does not exist; Welch's method also needs two responses
    /// on each side. Formula page: `docs/formulas/nps-comparison.md`.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if one of the samples has no responses,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the number of responses does not fit.
    pub fn compare(&self, other: &Self, method: NpsComparison, confidence: Confidence) -> Result<Difference, Error> {
        if self.responses()? == 0 || other.responses()? == 0 {
            return Err(Error::no_data("NPS of no responses"));
        }
        Ok(EffectiveCounts::from(*self).compare((*other).into(), method, confidence))
    }

    /// Whether two independent samples are distributed alike over promoters, passives and detractors: Pearson's
    /// chi-square test of the 2 x 3 table.
    ///
    /// It does not compare the scores: 50, 0, 50 and 0, 100, 0 have the same NPS and distributions as different as can be.
    /// For the scores use [`Nps::compare`].
    ///
    /// ```
    /// use cxo_core::survey::Nps;
    /// let polarised = Nps { promoters: 50, passives: 0, detractors: 50 };
    /// let indifferent = Nps { promoters: 0, passives: 100, detractors: 0 };
    /// let test = polarised.distribution_test(&indifferent)?;
    /// assert_eq!((test.statistic, test.degrees), (200.0, 2));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if a sample is empty or all answers are in one category.
    pub fn distribution_test(&self, other: &Self) -> Result<ChiSquareTest, Error> {
        let [first, second] = [self, other].map(|nps| [nps.promoters, nps.passives, nps.detractors]);
        chi_square(&[&first, &second])
    }
}

impl EffectiveCounts {
    /// As [`Nps::compare`]; neither side may be empty.
    pub(crate) fn compare(self, other: Self, method: NpsComparison, confidence: Confidence) -> Difference {
        let plain = [self, other];
        let value = self.score() - other.score();
        let contrast = match method {
            NpsComparison::AdjustedWald => normal_contrast(plain.map(|counts| counts.adjusted(0.75))),
            NpsComparison::Wald => normal_contrast(plain),
            NpsComparison::Welch => match welch_contrast(plain) {
                Ok(contrast) => contrast,
                Err(reason) => return without_test(value, reason, method.method()),
            },
        };
        contrast.difference(value, confidence, method.method())
    }
}

fn normal_contrast([first, second]: [EffectiveCounts; 2]) -> Contrast {
    Contrast {
        centre: first.score() - second.score(),
        standard_error: (first.variance() / first.n() + second.variance() / second.n()).sqrt(),
        degrees: f64::INFINITY,
    }
}

/// Unbiased variances, and degrees of freedom after Welch (1947).
fn welch_contrast(samples: [EffectiveCounts; 2]) -> Result<Contrast, Absent> {
    if samples.iter().any(|counts| counts.n() <= 1.0) {
        return Err(Absent::OneObservation);
    }
    let [a, b] = samples.map(|counts| counts.variance() / (counts.n() - 1.0));
    if a + b == 0.0 {
        return Err(Absent::ZeroVariance);
    }
    let [first, second] = samples;
    let degrees = (a + b) * (a + b) / (a * a / (first.n() - 1.0) + b * b / (second.n() - 1.0));
    Ok(Contrast { centre: first.score() - second.score(), standard_error: (a + b).sqrt(), degrees })
}

/// A difference on the scale -2 to 2 that the method cannot judge.
pub(super) fn without_test(value: f64, reason: Absent, method: Method) -> Difference {
    Difference {
        value: 100.0 * value,
        standard_error: Err(reason),
        statistic: Err(reason),
        p_value: Err(reason),
        interval: Err(reason),
        method,
    }
}
