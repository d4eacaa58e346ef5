//! When does a customer leave whose rate of leaving grows with time, or shrinks among those who stay? The gamma-Gompertz
//! distribution (Bemmaor and Glady 2012). State: its three parameters; called by the GGom/NBD.

use super::gamma_poisson::Lifetime;

/// P(alive at u) = (β / (β - 1 + e^(bu)))^s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::clv) struct Gompertz {
    /// b: how fast the rate of leaving of one customer grows.
    pub(in crate::clv) growth: f64,
    /// s.
    pub(in crate::clv) shape: f64,
    /// β, or (β - 1) e^(-bT) + 1 after a history.
    pub(in crate::clv) rate: f64,
}

impl Gompertz {
    /// ln (β - 1 + e^(bu)) / β, with e^(-bu) and 1 - e^(-bu).
    #[inline]
    pub(in crate::clv) fn passage(&self, u: f64) -> [f64; 3] {
        let grown = self.growth * u;
        if grown < 30.0 {
            let more = grown.exp_m1();
            let shrunk = 1.0 / (1.0 + more);
            [(more / self.rate).ln_1p(), shrunk, more * shrunk]
        } else {
            let shrunk = (-grown).exp();
            [grown - self.rate.ln() + ((self.rate - 1.0) * shrunk).ln_1p(), shrunk, 1.0 - shrunk]
        }
    }

    /// Minus ln of the survival.
    pub(in crate::clv) fn loss(&self, u: f64) -> f64 {
        self.shape * self.passage(u)[0]
    }

    /// (β - 1 + e^(bu)) / e^(bu).
    fn thinned(&self, u: f64) -> f64 {
        let shrunk = -self.growth * u;
        self.rate * shrunk.exp() - shrunk.exp_m1()
    }

    /// The time at which the two terms of the denominator meet.
    fn middle(&self) -> f64 {
        (self.rate - 1.0).abs().ln().max(0.0) / self.growth
    }
}

impl Lifetime for Gompertz {
    fn survival(&self, u: f64) -> f64 {
        (-self.loss(u)).exp()
    }

    fn hazard(&self, u: f64) -> f64 {
        self.shape * self.growth / self.thinned(u)
    }

    fn scale(&self) -> f64 {
        // The nearest singularity, at ln (1 - β) / b for small β.
        let to_singular = if self.rate < 0.9 { -(-self.rate).ln_1p() } else { 2.3 };
        to_singular / self.growth
    }

    fn step(&self, u: f64) -> f64 {
        // Singularities at distances of π / b from the real axis, of which nothing is left far beyond them.
        let bend = if u < self.middle() + 36.0 / self.growth { 4.0 / self.growth } else { f64::INFINITY };
        let thinned = self.thinned(u);
        let steepness = self.growth * (self.shape + (1.0 - thinned).abs()) / thinned;
        f64::min(bend, 14.0 / steepness)
    }

    fn far(&self) -> f64 {
        self.middle() + 60.0 * (1.0 + 1.0 / self.shape) / self.growth
    }

    fn tail_power(&self) -> f64 {
        f64::INFINITY
    }

    fn ageing(&self) -> f64 {
        self.rate.max(1.0)
    }

    fn after(self, age: f64) -> Self {
        let shrunk = -self.growth * age;
        Self { rate: self.rate * shrunk.exp() - shrunk.exp_m1(), ..self }
    }

    fn passed(&self, v: f64, w: f64) -> f64 {
        let ratio = (-self.growth * (w - v)).exp() * -(-self.growth * v).exp_m1();
        self.shape * (ratio / self.thinned(w)) * self.survival(w)
    }
}
