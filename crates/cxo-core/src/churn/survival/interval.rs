//! What is asked of a curve beside its value: on which scale its interval is normal, at which level, and what weights mean.
//! Called by the curves of survival and of incidence.

use std::{fmt, str::FromStr};

use crate::numeric::normal;
use crate::stats::parse_name;
use crate::{Absent, Confidence, Error, Interval, Method};

/// The scale on which the interval of a survival curve (or of a cumulative incidence) is normal.
///
/// With the curve S, its standard error s and the normal quantile z:
///
/// | name | interval |
/// |---|---|
/// | log-log | S^exp(±z s / (S ln S)) (Kalbfleisch and Prentice 1980); inside [0, 1] by itself |
/// | log | S exp(±z s / S), at most 1 |
/// | plain | S ± z s, moved into [0, 1] |
///
/// Where S is 1, before anyone has left, the interval is the point 1; where it is 0 there is none, as Greenwood's formula
/// divides by the number of those who stay.
///
/// ```
/// use cxo_core::churn::survival::SurvivalInterval;
///
/// assert_eq!("log-log".parse::<SurvivalInterval>()?, SurvivalInterval::default());
/// assert!("arcsin".parse::<SurvivalInterval>().is_err());
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum SurvivalInterval {
    /// Around ln(-ln S): the best coverage where few have left (Borgan and Liestøl 1990).
    #[default]
    LogLog,
    /// Around ln S.
    Log,
    /// Around S itself.
    Plain,
}

impl SurvivalInterval {
    /// Every scale.
    pub const ALL: &'static [Self] = &[Self::LogLog, Self::Log, Self::Plain];

    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.method().name()
    }

    /// The method that results carry.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::LogLog => Method::LogLog,
            Self::Log => Method::Log,
            Self::Plain => Method::Plain,
        }
    }
}

impl fmt::Display for SurvivalInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SurvivalInterval {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        parse_name("interval of survival", text, Self::ALL, Self::name)
    }
}

/// What the weight of a row says, and with it the variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum WeightMeaning {
    /// The row stands for so many alike customers: every formula takes sums of weights for counts.
    #[default]
    Frequency,
    /// One customer, weighted by the inverse of his chance to be in the sample or in the group: a risk set is worth
    /// (Σ w)² / Σ w² customers in variances, and hazards are those of the weighted sums (Xie and Liu 2005). Invariant to a
    /// factor of all weights.
    Sampling,
}

/// Interval, confidence and meaning of weights for a curve of survival or of incidence.
///
/// ```
/// use cxo_core::Confidence;
/// use cxo_core::churn::survival::{SurvivalInterval, SurvivalOptions};
///
/// let options = SurvivalOptions::default().interval(SurvivalInterval::Plain).confidence(Confidence::P90);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SurvivalOptions {
    pub(super) interval: SurvivalInterval,
    pub(super) confidence: Confidence,
    pub(super) weights: WeightMeaning,
}

impl SurvivalOptions {
    /// The scale of the interval; log-log by default.
    #[must_use]
    pub const fn interval(mut self, interval: SurvivalInterval) -> Self {
        self.interval = interval;
        self
    }

    /// The level of the interval; 0.95 by default.
    #[must_use]
    pub const fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// What weights mean; frequencies by default. Without weights there is no difference.
    #[must_use]
    pub const fn weights(mut self, weights: WeightMeaning) -> Self {
        self.weights = weights;
        self
    }

    pub(super) fn band(self) -> Band {
        Band { scale: self.interval, confidence: self.confidence, reach: reach(self.confidence) }
    }
}

/// The normal quantile of a two-sided interval.
pub(super) fn reach(confidence: Confidence) -> f64 {
    normal::quantile(0.5 * (1.0 + confidence.level()))
}

/// Makes the intervals of a curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    scale: SurvivalInterval,
    confidence: Confidence,
    reach: f64,
}

impl Band {
    /// The interval of a value in [0, 1] with its standard error, if there is one.
    pub(super) fn interval(self, value: f64, error: Result<f64, Absent>) -> Result<Interval, Absent> {
        let [lower, upper] = self.bounds(value, error?);
        Interval::new(lower, upper, self.confidence, self.scale.method()).map_err(|_| Absent::NotDefined)
    }

    /// Whether the bounds of a value with this relative variance are certainly above a level, told without logarithms: most
    /// of a long curve is far from its median. `false` decides nothing.
    ///
    /// On the log-log scale the lower bound is value^exp(c) with c = z √variance / -ln value. As 1 - value is at most -ln value
    /// and that at most (1 - value) / value, and exp(c) is below 1 + c + c² up to c = 1, it is above where -ln value times
    /// that is below 1 - level, which is at most -ln level.
    pub(super) fn is_far_above(self, level: f64, value: f64, variance: f64) -> bool {
        let lost = 1.0 - value;
        let growth = self.reach * variance.sqrt() / lost;
        self.scale == SurvivalInterval::LogLog
            && growth <= 1.0
            && (1.0 + growth + growth * growth) * lost < 0.999 * (1.0 - level) * value
    }

    fn bounds(self, value: f64, error: f64) -> [f64; 2] {
        let reach = self.reach * error;
        if reach == 0.0 || value <= 0.0 {
            return [value; 2];
        }
        match self.scale {
            SurvivalInterval::LogLog => {
                // A value that rounds to 1 has the interval of the greatest number below it.
                let log = value.ln().min(-f64::EPSILON / 2.0);
                let factor = (-reach / (value * log)).exp();
                [(log * factor).exp(), (log / factor).exp()]
            }
            SurvivalInterval::Log => {
                let factor = (reach / value).exp();
                [value / factor, (value * factor).min(1.0)]
            }
            SurvivalInterval::Plain => [(value - reach).max(0.0), (value + reach).min(1.0)],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    #[test]
    fn far_above_is_told_on_a_long_curve() {
        let band = SurvivalOptions::default().band();
        assert!(band.is_far_above(0.5, 0.9, 1e-6) && band.is_far_above(0.5, 0.7, 1e-6));
        assert!(
            !band.is_far_above(0.5, 0.55, 1e-6)
                && !band.is_far_above(0.5, 0.9, 0.1)
                && !band.is_far_above(0.5, 1.0, 1e-6)
        );
    }

    #[test]
    fn names_parse_back() {
        for &scale in SurvivalInterval::ALL {
            assert_eq!(scale.to_string().parse::<SurvivalInterval>().unwrap(), scale);
        }
        let error = "plane".parse::<SurvivalInterval>().unwrap_err();
        assert!(error.to_string().contains("log-log, log, plain"), "{error}");
    }

    proptest! {
        /// Even where the error is far beyond what a curve can have.
        #[test]
        fn intervals_hold_their_value(value in 0.0..=1.0_f64, error in 0.0..1e6_f64, power in -18..1_i32,
            scale in select(SurvivalInterval::ALL)) {
            let error = error * 10.0_f64.powi(power);
            let of = |confidence| SurvivalOptions::default().interval(scale).confidence(confidence).band();
            let wide = of(Confidence::P99).interval(value, Ok(error)).unwrap();
            let narrow = of(Confidence::P90).interval(value, Ok(error)).unwrap();
            prop_assert!(0.0 <= wide.lower && wide.upper <= 1.0);
            prop_assert!(wide.lower <= narrow.lower && narrow.upper <= wide.upper);
            prop_assert!(narrow.lower <= value * (1.0 + 1e-12) && value <= narrow.upper * (1.0 + 1e-12) + 1e-300);
        }

        /// What is passed over does not hold the level.
        #[test]
        fn far_above_is_above(value in 0.5..1.0_f64, level in 0.01..0.99_f64, power in -12..1_i32, part in 1.0..10.0_f64) {
            let band = SurvivalOptions::default().band();
            let variance = part * 10.0_f64.powi(power);
            if band.is_far_above(level, value, variance) {
                prop_assert!(band.interval(value, Ok(value * variance.sqrt())).unwrap().lower > level);
            }
        }
    }
}
