//! Do the data need the larger of two models? The likelihood-ratio test. Stateless; called by models with covariates and by
//! comparisons of nested models.

use crate::Error;
use crate::numeric::chi_square;

/// A likelihood-ratio test of a model against a smaller one that it contains.
///
/// statistic = 2 (ln L of the larger - ln L of the smaller), chi-square distributed with as many degrees of freedom as
/// the larger has parameters more, for large samples and if no parameter of the smaller model is on a boundary (Wilks 1938).
///
/// ```
/// use cxo_core::clv::LikelihoodRatio;
///
/// let test = LikelihoodRatio::new(-5838.6, -5848.1, 2)?;
/// assert!((test.statistic - 19.0).abs() < 1e-9 && test.p_value < 1e-4);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LikelihoodRatio {
    /// Twice the difference of the log-likelihoods, at least 0.
    pub statistic: f64,
    /// How many parameters the larger model has more.
    pub degrees: u32,
    /// The probability of a statistic at least as great if the smaller model holds.
    pub p_value: f64,
}

impl LikelihoodRatio {
    /// The test of a larger model against a smaller one, from their log-likelihoods.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) without degrees of freedom or if a log-likelihood is not finite.
    pub fn new(larger: f64, smaller: f64, degrees: u32) -> Result<Self, Error> {
        if degrees == 0 {
            return Err(Error::input("degrees of freedom", degrees, "1 or more"));
        }
        if let Some(value) = [larger, smaller].iter().find(|value| !value.is_finite()) {
            return Err(Error::input("log-likelihood", value, "a finite number"));
        }
        let statistic = (2.0 * (larger - smaller)).max(0.0);
        Ok(Self { statistic, degrees, p_value: chi_square::sf(statistic, f64::from(degrees)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn tests_and_refuses() {
        // qchisq(0.95, 3) of R, and two models that are alike.
        let test = LikelihoodRatio::new(-100.0, -100.0 - 0.5 * 7.814727903251179, 3).unwrap();
        assert!((test.p_value - 0.05).abs() < 1e-12, "{test:?}");
        assert_eq!(LikelihoodRatio::new(-1.0, -1.0 + 1e-12, 1).unwrap().p_value, 1.0);
        for (larger, smaller, degrees) in [(0.0, 0.0, 0), (f64::NAN, 0.0, 1), (0.0, f64::NEG_INFINITY, 1)] {
            assert_eq!(LikelihoodRatio::new(larger, smaller, degrees).unwrap_err().kind(), ErrorKind::Input);
        }
    }
}
