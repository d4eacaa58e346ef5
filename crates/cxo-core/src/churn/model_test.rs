//! Does a model say more than none? The test of all its columns at once.

use crate::numeric::chi_square;

/// A test statistic with its chi-square distribution if no column says anything.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ModelTest {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: u32,
    /// Probability of a statistic at least as great if no column says anything.
    pub p_value: f64,
}

impl ModelTest {
    pub(super) fn chi_square(statistic: f64, degrees: usize) -> Self {
        let statistic = statistic.max(0.0);
        let degrees = u32::try_from(degrees).unwrap_or(u32::MAX);
        Self { statistic, degrees, p_value: chi_square::sf(statistic, f64::from(degrees)).clamp(0.0, 1.0) }
    }
}
