//! Means and how they differ.
//!
//! The state is [`Moments`]: count, mean and sum of squared deviations, mergeable without cancellation. From it come the
//! t interval of a mean, the Welch and Student comparisons of two, and the relative lift; scale means of surveys and
//! experiments ask them. Formula page: `docs/formulas/mean.md`.

use crate::{
    Absent, Confidence, Difference, Encode, Error, Estimate, Form, Interval, Method, Reader, State, Writer,
    numeric::{normal, student_t},
};

/// Count, mean and sum of squared deviations of a sample. Class: algebraic, three numbers.
///
/// Merging is Chan, Golub and `LeVeque`'s (1979): exact in the count; the order of merges can move mean and deviations by
/// some units in the last place.
///
/// ```
/// use cxo_core::{State, stats::mean::Moments};
///
/// let mut moments = Moments::of(&[1e9 + 4.0, 1e9 + 7.0])?;
/// moments.merge(&Moments::of(&[1e9 + 13.0, 1e9 + 16.0])?)?;
/// assert_eq!((moments.n(), moments.mean(), moments.variance()), (4, Some(1e9 + 10.0), Some(30.0)));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// The moments of a sample known by its summary: `n` values with this mean and standard deviation (divisor n - 1).
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a mean that is not finite, or a deviation that is not finite, is
    /// negative, or is not 0 where there are fewer than two values.
    pub fn from_summary(summary: Summary) -> Result<Self, Error> {
        let Summary { n, mean, standard_deviation } = summary;
        if !mean.is_finite() {
            return Err(Error::input("mean", mean, "a finite number"));
        }
        let least_or_none = if n < 2 { standard_deviation == 0.0 } else { standard_deviation >= 0.0 };
        if !(least_or_none && standard_deviation.is_finite()) {
            let allowed = if n < 2 { "0 for fewer than two values" } else { "a finite number from 0" };
            return Err(Error::input("standard deviation", standard_deviation, allowed));
        }
        let squares = standard_deviation * standard_deviation * n.saturating_sub(1) as f64;
        Ok(if n == 0 { Self::default() } else { Self { n, mean, squares } })
    }

    /// The moments of a column.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), with its row, for a value that is not finite.
    pub fn of(values: &[f64]) -> Result<Self, Error> {
        let mut moments = Self::default();
        for (row, &value) in (0..).zip(values) {
            moments.add(value).map_err(|error| error.at_row(row))?;
        }
        Ok(moments)
    }

    /// Adds one finite value; anything else is refused.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an infinite value or none,
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) if the count no longer fits.
    pub fn add(&mut self, value: f64) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::input("value", value, "a finite number"));
        }
        self.n = self.n.checked_add(1).ok_or_else(overflow)?;
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.squares += delta * (value - self.mean);
        Ok(())
    }

    /// The number of values.
    #[must_use]
    pub const fn n(&self) -> u64 {
        self.n
    }

    /// The mean, where there is a value.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// The sample variance (divisor n - 1), where there are two values.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.squares / (self.n - 1) as f64)
    }

    /// The squared standard error of the mean, where there are two values.
    fn squared_error(&self) -> Result<f64, Absent> {
        self.variance().map(|variance| variance / self.n as f64).ok_or(Absent::OneObservation)
    }

    /// The mean with its t interval: mean ± t sd / sqrt(n), with n - 1 degrees of freedom.
    ///
    /// ```
    /// use cxo_core::{Confidence, stats::mean::Moments};
    ///
    /// let ease = Moments::of(&[7.0, 6.0, 5.0, 7.0, 2.0])?.estimate(Confidence::P95)?;
    /// let interval = ease.interval.unwrap();
    /// assert_eq!(format!("{} [{:.3}, {:.3}]", ease.value, interval.lower, interval.upper), "5.4 [2.825, 7.975]");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// One value has no standard error, and values that are all alike have no interval: both say so.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without values.
    pub fn estimate(&self, confidence: Confidence) -> Result<Estimate, Error> {
        let value = self.mean().ok_or_else(|| Error::no_data("mean of no values"))?;
        let standard_error = self.squared_error().map(f64::sqrt);
        let interval = match standard_error {
            Ok(0.0) => Err(Absent::ZeroVariance),
            Ok(error) => {
                let half = -student_t::quantile(confidence.alpha() / 2.0, (self.n - 1) as f64) * error;
                Ok(Interval::new(value - half, value + half, confidence, Method::StudentT)?)
            }
            Err(absent) => Err(absent),
        };
        let effective_n = self.n as f64;
        Ok(Estimate { value, standard_error, interval, n: self.n, effective_n, method: Method::StudentT })
    }

    /// This mean minus another, without assuming equal variances (Welch 1947).
    ///
    /// t = (m1 - m2) / sqrt(v1/n1 + v2/n2), with (v1/n1 + v2/n2)² / ((v1/n1)²/(n1 - 1) + (v2/n2)²/(n2 - 1)) degrees of
    /// freedom (Satterthwaite 1946). The p-value comes from the tail itself, so that it stays exact far out.
    ///
    /// ```
    /// use cxo_core::{Confidence, stats::mean::{Moments, Summary}};
    ///
    /// let of = |mean, standard_deviation, n| Moments::from_summary(Summary { n, mean, standard_deviation });
    /// let difference = of(7.9, 2.1, 40)?.welch(&of(7.2, 2.8, 120)?, Confidence::P95)?;
    /// assert_eq!(format!("{:.1}, p = {:.3}", difference.value, difference.p_value.unwrap()), "0.7, p = 0.098");
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if either side is empty.
    pub fn welch(&self, other: &Self, confidence: Confidence) -> Result<Difference, Error> {
        let errors = self.squared_error().and_then(|first| Ok((first, other.squared_error()?)));
        let spread = errors.map(|(first, second)| {
            let denominator = first * first / (self.n - 1) as f64 + second * second / (other.n - 1) as f64;
            (first + second, (first + second) * (first + second) / denominator)
        });
        self.difference(other, spread, confidence, Method::Welch)
    }

    /// This mean minus another, assuming equal variances: Student's t with the pooled variance and n1 + n2 - 2 degrees.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if either side is empty.
    pub fn student(&self, other: &Self, confidence: Confidence) -> Result<Difference, Error> {
        let (n1, n2) = (self.n as f64, other.n as f64);
        let degrees = n1 + n2 - 2.0;
        let spread = if degrees > 0.0 {
            Ok(((self.squares + other.squares) / degrees * (1.0 / n1 + 1.0 / n2), degrees))
        } else {
            Err(Absent::OneObservation)
        };
        self.difference(other, spread, confidence, Method::StudentT)
    }

    fn difference(
        &self,
        other: &Self,
        spread: Result<(f64, f64), Absent>,
        confidence: Confidence,
        method: Method,
    ) -> Result<Difference, Error> {
        let means =
            self.mean().zip(other.mean()).ok_or_else(|| Error::no_data("difference of means with an empty side"))?;
        let value = means.0 - means.1;
        let testable =
            spread.and_then(
                |(square, degrees)| {
                    if square > 0.0 { Ok((square.sqrt(), degrees)) } else { Err(Absent::ZeroVariance) }
                },
            );
        let interval = match testable {
            Ok((error, degrees)) => {
                let half = -student_t::quantile(confidence.alpha() / 2.0, degrees) * error;
                Ok(Interval::new(value - half, value + half, confidence, method)?)
            }
            Err(absent) => Err(absent),
        };
        Ok(Difference {
            value,
            standard_error: spread.map(|(square, _)| square.sqrt()),
            statistic: testable.map(|(error, _)| value / error),
            p_value: testable.map(|(error, degrees)| student_t::two_sided_p(value / error, degrees)),
            interval,
            method,
        })
    }

    /// How much greater this mean is than a positive baseline, as a share of the baseline: m / m0 - 1.
    ///
    /// The standard error is the delta method's, sqrt(v/n + (m/m0)² v0/n0) / m0. The interval is normal around the lift, or
    /// around ln(m / m0) and carried back ([`LiftMethod`]).
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if either side is empty,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if the baseline's mean is not positive: a share of it then
    /// means nothing, while the plain difference still does.
    pub fn lift(&self, baseline: &Self, method: LiftMethod, confidence: Confidence) -> Result<Estimate, Error> {
        let (m, m0) = self.mean().zip(baseline.mean()).ok_or_else(|| Error::no_data("lift with an empty side"))?;
        if m0 <= 0.0 {
            return Err(Error::degenerate(format!("lift over a baseline of {m0}")));
        }
        let z = -normal::quantile(confidence.alpha() / 2.0);
        let errors = self.squared_error().and_then(|first| Ok((first, baseline.squared_error()?)));
        let standard_error = errors.map(|(v, v0)| (v + (m / m0) * (m / m0) * v0).sqrt() / m0);
        let bounds = match (method, errors) {
            (_, Err(absent)) => Err(absent),
            (LiftMethod::Delta, Ok(_)) => {
                let (value, half) = (m / m0 - 1.0, z * standard_error.unwrap_or(0.0));
                Ok((value - half, value + half))
            }
            (LiftMethod::LogRatio, Ok(_)) if m <= 0.0 => Err(Absent::NotDefined),
            (LiftMethod::LogRatio, Ok((v, v0))) => {
                let half = z * (v / (m * m) + v0 / (m0 * m0)).sqrt();
                Ok((((m / m0).ln() - half).exp_m1(), ((m / m0).ln() + half).exp_m1()))
            }
        };
        let interval = match bounds {
            Ok((lower, upper)) => Ok(Interval::new(lower, upper, confidence, method.method())?),
            Err(absent) => Err(absent),
        };
        let n = self.n.saturating_add(baseline.n);
        Ok(Estimate {
            value: (m - m0) / m0,
            standard_error,
            interval,
            n,
            effective_n: n as f64,
            method: Method::DeltaMethod,
        })
    }
}

/// A sample known by its count, mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The number of values.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation, divisor n - 1.
    pub standard_deviation: f64,
}

/// How the interval of a relative lift is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum LiftMethod {
    /// Normal around the lift.
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "delta-method"))]
    Delta,
    /// Normal around the log of the ratio: never below -100 %, needs positive means.
    LogRatio,
}

impl LiftMethod {
    /// The same method among all methods.
    #[must_use]
    pub const fn method(self) -> Method {
        match self {
            Self::Delta => Method::DeltaMethod,
            Self::LogRatio => Method::LogRatio,
        }
    }
}

fn overflow() -> Error {
    Error::overflow("count of values")
}

impl State for Moments {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let n = self.n.checked_add(other.n).ok_or_else(overflow)?;
        if self.n == 0 {
            *self = *other;
        } else if other.n > 0 {
            let (share, delta) = (other.n as f64 / n as f64, other.mean - self.mean);
            self.mean += delta * share;
            self.squares += other.squares + delta * delta * share * self.n as f64;
            self.n = n;
        }
        Ok(())
    }
}

impl Encode for Moments {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Moments);
        to.u64(self.n);
        to.f64(self.mean);
        to.f64(self.squares);
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Moments)?;
        let read = Self { n: from.u64()?, mean: from.f64()?, squares: from.f64()? };
        let possible = match read.n {
            0 => read.mean == 0.0 && read.squares == 0.0,
            1 => read.squares == 0.0,
            _ => read.squares >= 0.0,
        };
        if !(possible && read.mean.is_finite() && read.squares.is_finite()) {
            return Err(from.refuse("moments", format!("{read:?}"), "those of finite values"));
        }
        from.finish().map(|()| read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn says_why_a_part_is_absent() {
        let one = Moments::of(&[3.0]).unwrap();
        let alike = Moments::of(&[3.0, 3.0]).unwrap();
        let estimate = one.estimate(Confidence::P95).unwrap();
        assert_eq!(
            (estimate.standard_error, estimate.interval),
            (Err(Absent::OneObservation), Err(Absent::OneObservation))
        );
        assert_eq!(alike.estimate(Confidence::P95).unwrap().interval, Err(Absent::ZeroVariance));
        assert!(Moments::default().estimate(Confidence::P95).is_err());
        assert_eq!(one.welch(&alike, Confidence::P95).unwrap().p_value, Err(Absent::OneObservation));
        assert_eq!(alike.welch(&alike, Confidence::P95).unwrap().p_value, Err(Absent::ZeroVariance));
        assert!(alike.welch(&Moments::default(), Confidence::P95).is_err());
        assert!(alike.lift(&Moments::of(&[0.0, 0.0]).unwrap(), LiftMethod::Delta, Confidence::P95).is_err());
        assert_eq!(Moments::of(&[1.0, f64::NAN]).unwrap_err().row(), Some(1));
    }

    proptest! {
        #[test]
        fn merging_is_like_one_pass(values in prop::collection::vec(-1e6..1e6_f64, 2..60), cut in 0..60_usize) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let whole = Moments::of(&values).unwrap();
            let mut merged = Moments::of(left).unwrap();
            merged.merge(&Moments::of(right).unwrap()).unwrap();
            prop_assert_eq!(merged.n(), whole.n());
            prop_assert!((merged.mean - whole.mean).abs() <= 1e-9);
            prop_assert!((merged.squares - whole.squares).abs() <= 1e-12 * whole.squares);
            let mut with_empty = whole;
            with_empty.merge(&Moments::default()).unwrap();
            prop_assert_eq!(with_empty, whole);
        }

        #[test]
        fn intervals_hold_and_narrow(values in prop::collection::vec(-1e3..1e3_f64, 2..40)) {
            let moments = Moments::of(&values).unwrap();
            let at = |level| moments.estimate(Confidence::new(level).unwrap()).unwrap().interval;
            if let (Ok(narrow), Ok(wide)) = (at(0.5), at(0.999)) {
                prop_assert!(narrow.contains(moments.mean) && wide.lower <= narrow.lower && narrow.upper <= wide.upper);
            }
        }
    }
}
