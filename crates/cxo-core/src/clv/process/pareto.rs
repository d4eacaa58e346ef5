//! When does a customer leave who leaves at a steady gamma-distributed rate? The Pareto distribution of the second kind.
//! State: its two parameters; called by the Pareto/NBD.

use super::gamma_poisson::Lifetime;
use crate::Absent;
use crate::numeric::exponential_integral::ExponentialIntegral;

/// P(alive at u) = (β / (β + u))^s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::clv) struct Pareto {
    /// s.
    pub(in crate::clv) shape: f64,
    /// β, or β + T after a history.
    pub(in crate::clv) rate: f64,
}

impl Lifetime for Pareto {
    fn survival(&self, u: f64) -> f64 {
        (-self.shape * (u / self.rate).ln_1p()).exp()
    }

    fn hazard(&self, u: f64) -> f64 {
        self.shape / (self.rate + u)
    }

    fn scale(&self) -> f64 {
        self.rate
    }

    fn step(&self, u: f64) -> f64 {
        14.0 * (self.rate + u) / (self.shape + 1.0)
    }

    fn far(&self) -> f64 {
        1e17 * self.rate
    }

    fn tail_power(&self) -> f64 {
        self.shape
    }

    fn ageing(&self) -> f64 {
        1.0
    }

    fn after(self, age: f64) -> Self {
        Self { rate: self.rate + age, ..self }
    }

    fn passed(&self, v: f64, w: f64) -> f64 {
        self.shape * (v / (self.rate + w)) * self.survival(w)
    }

    fn mean_up_to(&self, t: f64) -> f64 {
        let (log, excess) = ((t / self.rate).ln_1p(), 1.0 - self.shape);
        // The limit of expm1(x) / x at 0 is 1; the quotient itself is exact everywhere else.
        self.rate * if excess * log == 0.0 { log } else { (excess * log).exp_m1() / excess }
    }

    fn discounted(&self, rate: f64) -> f64 {
        self.rate * ExponentialIntegral::new(self.shape).at(rate * self.rate)
    }

    fn mean(&self) -> Result<f64, Absent> {
        if self.shape > 1.0 { Ok(self.rate / (self.shape - 1.0)) } else { Err(Absent::Infinite) }
    }
}
