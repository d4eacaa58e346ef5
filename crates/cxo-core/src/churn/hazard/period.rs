//! How the hazard depends on the period, whatever the columns say.

use crate::Error;
use crate::numeric::matrix::Matrix;

/// The greatest period there may be, and the most intercepts of periods.
pub(super) const MOST: u32 = 65_536;
const INTERCEPTS: u32 = 1_000;
const DEGREE: u32 = 5;

/// The declared effect of the period t = 1, 2, … on the logit of the hazard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum PeriodEffect {
    /// An intercept for each period: nothing is assumed, but every period needs somebody who left and somebody who stayed.
    #[default]
    Intercepts,
    /// A polynomial in t of this degree, at most 5; 0 is a constant hazard.
    Polynomial(u32),
    /// A straight line in ln t: hazards that fall or rise as a power of time.
    Logarithm,
}

impl PeriodEffect {
    /// # Errors
    /// Input for a degree or a number of periods that is too great.
    pub(super) fn check(self, periods: u32) -> Result<(), Error> {
        match self {
            Self::Polynomial(degree) if degree > DEGREE => {
                Err(Error::input("degree of the period effect", degree, "0 to 5"))
            }
            Self::Intercepts if periods > INTERCEPTS => {
                let allowed = "at most 1000 with an intercept for each; declare a polynomial or a logarithm";
                Err(Error::input("periods", periods, allowed))
            }
            _ => Ok(()),
        }
    }

    /// Coefficients.
    pub(super) fn width(self, periods: u32) -> usize {
        match self {
            Self::Intercepts => periods as usize,
            Self::Polynomial(degree) => degree as usize + 1,
            Self::Logarithm => 2,
        }
    }

    /// Coefficients that stand for a period by themselves, and take up the means of the columns.
    pub(super) fn intercepts(self, periods: u32) -> usize {
        if self == Self::Intercepts { periods as usize } else { 1 }
    }

    /// What a period has of each coefficient; times of polynomials are in units of all periods.
    pub(super) fn basis(self, period: u32, periods: u32) -> Vec<f64> {
        let width = self.width(periods);
        match self {
            Self::Intercepts => (1..=width).map(|at| f64::from(u8::from(at == period as usize))).collect(),
            Self::Polynomial(_) => {
                let time = f64::from(period) / f64::from(periods);
                std::iter::successors(Some(1.0), |power| Some(power * time)).take(width).collect()
            }
            Self::Logarithm => vec![1.0, f64::from(period).ln()],
        }
    }

    /// What one unit of a coefficient is in the unit of the basis.
    pub(super) fn scale(self, place: usize, periods: u32) -> f64 {
        let power = i32::try_from(place).unwrap_or(i32::MAX);
        if let Self::Polynomial(_) = self { f64::from(periods).powi(power) } else { 1.0 }
    }

    pub(super) fn name(self, place: usize) -> String {
        match (self, place) {
            (Self::Intercepts, _) => format!("period {}", place + 1),
            (_, 0) => crate::churn::design::INTERCEPT.to_owned(),
            (Self::Logarithm, _) => "ln period".to_owned(),
            (Self::Polynomial(_), 1) => "period".to_owned(),
            (Self::Polynomial(_), power) => format!("period^{power}"),
        }
    }

    /// F' v: sums over periods to sums over coefficients.
    pub(super) fn gather(self, of_periods: &[f64]) -> Vec<f64> {
        let periods = u32::try_from(of_periods.len()).unwrap_or(u32::MAX);
        if self == Self::Intercepts {
            return of_periods.to_vec();
        }
        let mut sums = vec![0.0; self.width(periods)];
        for (period, value) in (1..=periods).zip(of_periods) {
            sums.iter_mut().zip(self.basis(period, periods)).for_each(|(sum, part)| *sum += part * value);
        }
        sums
    }

    /// F' diag(v) F.
    pub(super) fn square(self, of_periods: &[f64]) -> Matrix {
        let periods = u32::try_from(of_periods.len()).unwrap_or(u32::MAX);
        let mut square = Matrix::zeros(self.width(periods));
        for (period, value) in (1..=periods).zip(of_periods) {
            if self == Self::Intercepts {
                let place = period as usize - 1;
                square.add(place, place, *value);
                continue;
            }
            let basis = self.basis(period, periods);
            for (row, left) in basis.iter().enumerate() {
                basis.iter().enumerate().for_each(|(column, right)| square.add(row, column, left * right * value));
            }
        }
        square
    }
}
