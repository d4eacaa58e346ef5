//! Draws for simulations: the same values for a seed on every run, target and version.
//!
//! The generator is PCG64 (PCG-XSL-RR 128/64, O'Neill 2014), each customer on a stream of his own, so that no draw depends on
//! the number of threads. The samplers are few and ours, because their values are a promise: crates of distributions change
//! theirs between versions, and return 0 for gamma variables of a tiny shape, which models with parameters near 0 need in
//! logarithms.

use rand_core::Rng;
use rand_pcg::Pcg64;

use super::normal;

/// A stream of draws.
#[derive(Debug, Clone)]
pub(crate) struct Random(Pcg64);

impl Random {
    /// Stream `stream` of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        // The output function of SplitMix64 (Steele, Lea and Flood 2014), so that neighbouring seeds start far apart.
        let mixed = |at: u64| {
            let z = at.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let (high, low) = (mixed(seed), mixed(mixed(seed)));
        Self(Pcg64::new(u128::from(high) << 64 | u128::from(low), u128::from(mixed(stream)) << 64 | u128::from(stream)))
    }

    /// Uniform on (0, 1), both excluded: 53 bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Uniform on 0, 1, …, `count` - 1; 0 where there is nothing to choose from.
    ///
    /// The multiple of a uniform draw of 53 bits: biased by less than `count` / 2^53.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((self.uniform() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Exponential with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Standard normal, by inversion.
    pub(crate) fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }

    /// ln of a gamma variable with rate 1 (Marsaglia and Tsang 2000); a shape below 1 by U^(1/shape) times one of shape + 1.
    pub(crate) fn ln_gamma_variable(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.uniform().ln() / shape + self.ln_gamma_variable(shape + 1.0);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.uniform().ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return d.ln() + v.ln();
            }
        }
    }

    /// A gamma variable; 0 only where its logarithm is below that of every number above 0.
    pub(crate) fn gamma(&mut self, shape: f64, rate: f64) -> f64 {
        (self.ln_gamma_variable(shape) - rate.ln()).exp()
    }

    /// Pushes the times of a Poisson process of this rate up to `end`, in ascending order.
    pub(crate) fn poisson_times(&mut self, rate: f64, end: f64, times: &mut Vec<f64>) {
        let mut time = 0.0;
        loop {
            time += self.exponential() / rate;
            // A rate of 0 makes the time infinite or, of 0 / 0, no number.
            if time.is_nan() || time > end {
                return;
            }
            times.push(time);
        }
    }

    /// A beta variable, from two gamma variables in logarithms.
    pub(crate) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let difference = self.ln_gamma_variable(b) - self.ln_gamma_variable(a);
        1.0 / (1.0 + difference.exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_pinned() {
        let mut random = Random::new(42, 7);
        let found =
            [random.uniform(), random.exponential(), random.normal(), random.gamma(0.5, 2.0), random.beta(2.0, 3.0)];
        assert_eq!(format!("{found:?}"), PINNED);
    }

    const PINNED: &str =
        "[0.47520481992902713, 0.9951735791687976, -0.7681005195505513, 0.6154503643298334, 0.1629946783952278]";

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut random = Random::new(1, 0);
        let n = 200_000;
        let mut mean =
            |draw: &mut dyn FnMut(&mut Random) -> f64| (0..n).map(|_| draw(&mut random)).sum::<f64>() / f64::from(n);
        let cases = [
            (mean(&mut |r| r.uniform()), 0.5, 0.29),
            (mean(&mut |r| r.exponential()), 1.0, 1.0),
            (mean(&mut |r| r.normal()), 0.0, 1.0),
            (mean(&mut |r| r.normal().powi(2)), 1.0, 1.42),
            (mean(&mut |r| r.gamma(0.2, 4.0)), 0.05, 0.112),
            (mean(&mut |r| r.gamma(7.5, 0.5)), 15.0, 5.48),
            (mean(&mut |r| r.gamma(7.5, 0.5).powi(2)), 255.0, 190.0),
            (mean(&mut |r| r.beta(0.8, 2.4)), 0.25, 0.211),
            // E[ln X] of a gamma variable is ψ(shape), here of a shape that underflows outside of logarithms.
            (mean(&mut |r| r.ln_gamma_variable(0.001)), -1000.5755719318103, 1000.0),
        ];
        for (found, expected, deviation) in cases {
            assert!((found - expected).abs() < 4.0 * deviation / f64::from(n).sqrt(), "{found} {expected}");
        }
    }
}
