//! The generalised exponential integral, scaled: e^z E_s(z) = ∫ e^(-z u) (1 + u)^-s du over (0, ∞).
//!
//! From z = 1 on by the continued fraction (Abramowitz and Stegun 1964, 5.1.22, in its even form), below by the power series
//! (5.1.12 and its continuation to any s), in which the two terms that cancel where s nears a whole number are taken
//! together.

use super::continued_fraction;
use super::gamma::{digamma, ln_gamma};

/// e^z E_s(z) for one s above 0 and many z.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExponentialIntegral {
    s: f64,
    /// The whole number next to s - 1, at least 0, and what is left; none for s below 1/2.
    near: Option<Near>,
    /// ln Γ(1 - s), for s below 1/2.
    ln_gamma: f64,
}

#[derive(Debug, Clone, Copy)]
struct Near {
    order: f64,
    rest: f64,
    /// ln Γ(order + 1).
    ln_factorial: f64,
    /// (ln (π rest / sin π rest) - ln Γ(order + 1 + rest) / Γ(order + 1)) / rest.
    slope: f64,
}

/// Gauss and Legendre on [0, 1].
const NODES: [(f64, f64); 5] = [
    (0.046910077030668, 0.11846344252809454),
    (0.23076534494715845, 0.23931433524968324),
    (0.5, 0.28444444444444444),
    (0.7692346550528415, 0.23931433524968324),
    (0.953089922969332, 0.11846344252809454),
];

impl ExponentialIntegral {
    pub(crate) fn new(s: f64) -> Self {
        if s < 0.5 {
            return Self { s, near: None, ln_gamma: ln_gamma(1.0 - s) };
        }
        let order = (s - 1.0).round().max(0.0);
        let rest = s - 1.0 - order;
        // Over a short way the growth of ln Γ is the integral of ψ, without the loss of a difference.
        let growth: f64 = if rest.abs() < 0.1 {
            NODES.iter().map(|(at, weight)| weight * digamma(order + 1.0 + rest * at)).sum()
        } else {
            (ln_gamma(order + 1.0 + rest) - ln_gamma(order + 1.0)) / rest
        };
        // ln (x / sin x) = x²/6 + x⁴/180 + x⁶/2835 + …, here with the factor x / rest = π.
        let x = std::f64::consts::PI * rest;
        let square = x * x;
        let bend = if square < 0.05 {
            let series = 1.0 / 6.0
                + square * (1.0 / 180.0 + square * (1.0 / 2835.0 + square * (1.0 / 37800.0 + square / 467775.0)));
            std::f64::consts::PI * x * (series + 691.0 * square.powi(5) / 3831077250.0)
        } else {
            (x / x.sin()).ln() / rest
        };
        let near = Near { order, rest, ln_factorial: ln_gamma(order + 1.0), slope: bend - growth };
        Self { s, near: Some(near), ln_gamma: 0.0 }
    }

    /// At z above 0.
    pub(crate) fn at(&self, z: f64) -> f64 {
        if z >= 1.0 { self.fraction(z) } else { self.series(z) }
    }

    fn fraction(&self, z: f64) -> f64 {
        let start = z + self.s;
        1.0 / continued_fraction(start, |n| (-n * (self.s + n - 1.0), start + 2.0 * n))
    }

    fn series(&self, z: f64) -> f64 {
        let log = z.ln();
        let (skip, mut sum) = match self.near {
            None => (-1.0, (self.ln_gamma + (self.s - 1.0) * log).exp()),
            Some(Near { order, rest, ln_factorial, slope }) => {
                let exponent = log + slope;
                let quotient = if rest * exponent == 0.0 { exponent } else { (rest * exponent).exp_m1() / rest };
                let size = (order * log - ln_factorial).exp() * quotient;
                (order, if order % 2.0 == 0.0 { -size } else { size })
            }
        };
        let (mut power, mut k) = (1.0, 0.0);
        // z < 1: the terms fall faster than those of an exponential series.
        while k < 25.0 {
            if k != skip {
                sum -= power / (1.0 - self.s + k);
            }
            k += 1.0;
            power *= -z / k;
        }
        z.exp() * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_values_of_fifty_digits() {
        for (s, z, expected) in VALUES {
            let found = ExponentialIntegral::new(s).at(z);
            assert!((found / expected - 1.0).abs() < 2e-14, "s = {s}, z = {z}: {found} instead of {expected}");
        }
    }

    #[test]
    fn s_may_be_close_to_a_whole_number() {
        for whole in [1.0, 2.0, 3.0] {
            let exact = ExponentialIntegral::new(whole).at(0.3);
            for off in [1e-15, 1e-10, 1e-6] {
                let [below, above] = [-off, off].map(|off| ExponentialIntegral::new(whole + off).at(0.3));
                assert!(
                    above <= exact && exact <= below && (below - above) / exact < 10.0 * off + 1e-15,
                    "{whole} {off}"
                );
            }
        }
    }

    /// s, z, e^z E_s(z), by mpmath with 50 digits.
    const VALUES: [(f64, f64, f64); 40] = [
        (0.001, 1e-9, 980056332.011217933),
        (0.001, 0.02, 49.8292002722647917),
        (0.001, 0.7, 1.42749675585850277),
        (0.001, 1.0, 0.999403918506311599),
        (0.001, 12.0, 0.0833268899554262832),
        (0.3, 1e-9, 2589959.4619945967),
        (0.3, 0.02, 19.0311085462506221),
        (0.3, 0.7, 1.15224502318960653),
        (0.3, 1.0, 0.842644747283815134),
        (0.3, 12.0, 0.0814413262137587917),
        (0.6062, 1e-9, 7888.80365813614244),
        (0.6062, 0.02, 8.1561560639290371),
        (0.6062, 0.7, 0.944870082613396388),
        (0.6062, 1.0, 0.718149768328714056),
        (0.6062, 12.0, 0.07959169621321161),
        (1.0, 1e-9, 20.1460501931909285),
        (1.0, 0.02, 3.42247737593075322),
        (1.0, 0.7, 0.752678020029587138),
        (1.0, 1.0, 0.596347362323194074),
        (1.0, 12.0, 0.0773261331389192306),
        (1.0000001, 1e-9, 20.1460298177911174),
        (1.0000001, 0.02, 3.42247672677806572),
        (1.0000001, 0.7, 0.752677979299879742),
        (1.0000001, 1.0, 0.596347335726656539),
        (1.0000001, 12.0, 0.0773261325790555846),
        (2.75, 1e-9, 0.571428570666667155),
        (2.75, 0.02, 0.55794932496213002),
        (2.75, 0.7, 0.361627155464793892),
        (2.75, 1.0, 0.319536708696574067),
        (2.75, 12.0, 0.0685793975941484456),
        (64.28, 1e-9, 0.0158027812892532156),
        (64.28, 0.02, 0.0157977081920649372),
        (64.28, 0.7, 0.0156271705512574909),
        (64.28, 1.0, 0.0155531167091754937),
        (64.28, 12.0, 0.0132554186122163342),
        (301.24, 1e-9, 0.00333066879828356715),
        (301.24, 0.02, 0.00333044620469368255),
        (301.24, 0.7, 0.00332289574382495852),
        (301.24, 1.0, 0.00331957556712039006),
        (301.24, 12.0, 0.00320226929834950334),
    ];
}
