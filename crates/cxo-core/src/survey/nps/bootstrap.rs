//! Between which scores does the bootstrap put the NPS: percentiles of its exact distribution, without resampling.
//!
//! Resampling n responses with replacement makes the score the sum S of n independent values -1, 0, 1 with the sample's
//! own shares, so P(S = k - n) is the coefficient of x^k in (d + u x + p x²)^n. The state is a pass over those
//! coefficients, two at a time; called by [`Nps::estimate`](super::Nps::estimate).
//!
//! Powers of a polynomial obey a linear recurrence: D k c(k) = (n - k + 1) U c(k-1) + (2n - k + 2) P c(k-2) with D, U, P
//! the counts. All its terms are positive up to k = n + 1, so nothing cancels and every coefficient keeps its relative
//! accuracy; the upper half is the lower half of the mirrored sample. The halves overlap in k = n and n + 1, which fixes
//! their common unit.

use super::{Nps, NpsMethod, interval};
use crate::{Absent, Confidence, Interval};

/// Beyond this many responses the interval is [`Absent::TooLarge`].
const LARGEST: u64 = 100_000_000;

/// The percentile interval: the smallest scores at which the distribution function reaches α/2 and 1 - α/2.
///
/// O(n) time, no allocation.
pub(super) fn interval(nps: &Nps, n: u64, confidence: Confidence) -> Result<Interval, Absent> {
    if n > LARGEST {
        return Err(Absent::TooLarge);
    }
    if nps.promoters == n || nps.passives == n || nps.detractors == n {
        let certain = (nps.promoters as f64 - nps.detractors as f64) / n as f64;
        return interval::points(certain, certain, confidence, NpsMethod::BootstrapPercentile);
    }
    let half =
        |near: u64, far: u64| Half { n: n as f64, near: near as f64, middle: nps.passives as f64, far: far as f64 };
    let distribution = Distribution::new(half(nps.detractors, nps.promoters), half(nps.promoters, nps.detractors));
    let (tail, rest) = (confidence.alpha() / 2.0, 1.0 - confidence.alpha() / 2.0);
    let lower = distribution.quantile(Split { below: tail, above: rest });
    let upper = distribution.quantile(Split { below: rest, above: tail });
    interval::points(lower / n as f64, upper / n as f64, confidence, NpsMethod::BootstrapPercentile)
}

/// One end of the coefficients: c(0) … c(n) of (near + middle x + far x²)^n. At most one of the three counts is 0.
#[derive(Clone, Copy)]
struct Half {
    n: f64,
    near: f64,
    middle: f64,
    far: f64,
}

/// The factor by which the unit grows before coefficients overflow.
const UNIT: f64 = 1.0e250;
/// Coefficients below this share of the largest one no longer count.
const NEGLIGIBLE: f64 = 1.0e-280;

/// A pass over the coefficients of a half, from its end towards the middle.
#[derive(Clone, Copy)]
struct Pass {
    half: Half,
    k: f64,
    /// c(k - 1) and c(k), in the unit.
    last: [f64; 2],
    /// c(0) + … + c(k), in the unit.
    sum: f64,
    /// The unit is [`UNIT`] to this power.
    units: i32,
}

impl Pass {
    /// Starts at the first coefficient that is not zero, as the unit: c(0), or c(n) where `near` is zero.
    fn new(half: Half) -> Self {
        let k = if half.near == 0.0 { half.n } else { 0.0 };
        Self { half, k, last: [0.0, 1.0], sum: 1.0, units: 0 }
    }

    fn advance(&mut self) {
        self.k += 1.0;
        let (Half { n, near, middle, far }, k) = (self.half, self.k);
        let inverse = 1.0 / (near * k);
        let next = (n - k + 1.0) * middle * inverse * self.last[1] + (2.0 * n - k + 2.0) * far * inverse * self.last[0];
        self.last = [self.last[1], next];
        self.sum += next;
        if next > UNIT {
            self.last = self.last.map(|coefficient| coefficient / UNIT);
            self.sum /= UNIT;
            self.units += 1;
        }
    }

    fn is_spent(&self) -> bool {
        self.last[0] < NEGLIGIBLE && self.last[1] < NEGLIGIBLE
    }
}

/// What a whole pass over a half found, as shares of c(0) + … + c(n).
struct Summary {
    half: Half,
    /// c(n).
    centre: f64,
    /// c(n - 1) + c(n), and c(n) + c(n + 1).
    overlaps: [f64; 2],
    /// c(0) + … + c(n) in the unit of the end of the pass, and that unit.
    sum: f64,
    units: i32,
    /// The pass where its sum was at most a unit short of this one's: where the search for a share begins.
    late: Pass,
}

impl Summary {
    fn of(half: Half) -> Self {
        let mut pass = Pass::new(half);
        let (mut late, mut last) = (pass, pass);
        while pass.k < half.n && !pass.is_spent() {
            pass.advance();
            if pass.units != last.units {
                (late, last) = (last, pass);
            }
        }
        let (sum, units) = (pass.sum, pass.units);
        if pass.k < half.n {
            return Self { half, centre: 0.0, overlaps: [0.0; 2], sum, units, late };
        }
        let [before, centre] = pass.last;
        let after = if half.near == 0.0 {
            half.n * half.far / half.middle
        } else {
            pass.advance();
            // The last step may have changed the unit.
            pass.last[1] * UNIT.powi(pass.units - units)
        };
        Self {
            half,
            centre: centre / sum,
            overlaps: [(before + centre) / sum, (centre + after) / sum],
            sum,
            units,
            late,
        }
    }

    /// The first k <= n with c(0) + … + c(k) at least `share` of the sum.
    fn reach(&self, share: f64) -> Option<f64> {
        let target = |units: i32| share * self.sum * UNIT.powi(self.units - units);
        let mut pass = if self.late.sum < target(self.late.units) { self.late } else { Pass::new(self.half) };
        let mut wanted = target(pass.units);
        while pass.sum < wanted {
            if pass.k >= self.half.n || pass.is_spent() {
                return None;
            }
            let units = pass.units;
            pass.advance();
            if pass.units != units {
                wanted = target(pass.units);
            }
        }
        Some(pass.k)
    }
}

/// A probability and its complement, each exact where it is small.
#[derive(Clone, Copy)]
struct Split {
    below: f64,
    above: f64,
}

/// Probabilities that differ by less than this share are a tie.
const TIE: f64 = 1.0e-12;

/// The distribution of S from its two halves.
struct Distribution {
    /// S = -n … 0, and P(S <= 0).
    lower: Summary,
    up_to_zero: f64,
    /// S = n … 0, and P(S >= 0).
    upper: Summary,
    from_zero: f64,
}

impl Distribution {
    fn new(lower: Half, upper: Half) -> Self {
        let (lower, upper) = (Summary::of(lower), Summary::of(upper));
        // P(S = 0) + P(S = 1) as a share of either half. Not both vanish: that half then holds all of the probability.
        let (low, high) = (upper.overlaps[0], lower.overlaps[1]);
        let total = low + high * (1.0 - upper.centre);
        Self { up_to_zero: low / total, from_zero: high / total, lower, upper }
    }

    /// The smallest s with P(S <= s) >= below.
    fn quantile(&self, Split { below, above }: Split) -> f64 {
        let wanted = below * (1.0 - TIE);
        if wanted <= self.up_to_zero {
            self.lower.reach(wanted / self.up_to_zero).map_or(0.0, |k| k - self.lower.half.n)
        } else {
            self.upper.reach(above * (1.0 + TIE) / self.from_zero).map_or(0.0, |k| self.upper.half.n - k)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distribution function of S by n convolutions.
    fn convolved(nps: &Nps, n: u64) -> Vec<f64> {
        let shares = [nps.detractors, nps.passives, nps.promoters].map(|count| count as f64 / n as f64);
        let mut pmf = vec![1.0];
        for _ in 0..n {
            let mut next = vec![0.0; pmf.len() + 2];
            for (at, probability) in pmf.iter().enumerate() {
                for (step, share) in shares.iter().enumerate() {
                    next[at + step] += probability * share;
                }
            }
            pmf = next;
        }
        pmf.iter()
            .scan(0.0, |sum, probability| {
                *sum += probability;
                Some(*sum)
            })
            .collect()
    }

    fn quantile(cdf: &[f64], p: f64, n: u64) -> f64 {
        let k = cdf.iter().position(|&sum| sum >= p * (1.0 - TIE)).unwrap_or(cdf.len() - 1);
        100.0 * (k as f64 - n as f64) / n as f64
    }

    #[test]
    fn equals_convolution() {
        let mut compared = 0;
        for n in 1..=14 {
            for promoters in 0..=n {
                for detractors in 0..=n - promoters {
                    let nps = Nps { promoters, passives: n - promoters - detractors, detractors };
                    let cdf = convolved(&nps, n);
                    for level in [0.5, 0.8, 0.95, 0.999, 0.999_999] {
                        let confidence = Confidence::new(level).unwrap();
                        let found = interval(&nps, n, confidence).unwrap();
                        let tail = confidence.alpha() / 2.0;
                        assert!((found.lower - quantile(&cdf, tail, n)).abs() < 1e-9, "{nps:?} {level} {found:?}");
                        assert!(
                            (found.upper - quantile(&cdf, 1.0 - tail, n)).abs() < 1e-9,
                            "{nps:?} {level} {found:?}"
                        );
                        compared += 1;
                    }
                }
            }
        }
        assert_eq!(compared, 3395);
    }

    #[test]
    fn changes_units_without_a_seam() {
        for (promoters, passives, detractors) in
            [(700, 200, 100), (1, 1200, 999), (1500, 0, 1), (0, 900, 900), (1001, 0, 1000), (3, 2000, 2)]
        {
            let nps = Nps { promoters, passives, detractors };
            let n = nps.responses().unwrap();
            let cdf = convolved(&nps, n);
            let found = interval(&nps, n, Confidence::P95).unwrap();
            assert!((found.lower - quantile(&cdf, 0.025, n)).abs() < 1e-9, "{nps:?} {found:?}");
            assert!((found.upper - quantile(&cdf, 0.975, n)).abs() < 1e-9, "{nps:?} {found:?}");
        }
    }

    #[test]
    fn large_samples_agree_with_the_normal_limit() {
        for (promoters, passives, detractors) in
            [(4_200_000, 3_100_000, 2_700_000), (5_000_000, 0, 5_000_000), (9_000_000, 1, 999_999)]
        {
            let nps = Nps { promoters, passives, detractors };
            let found = interval(&nps, 10_000_000, Confidence::P95).unwrap();
            let wald = interval::EffectiveCounts::from(nps).interval(NpsMethod::Wald, Confidence::P95).unwrap();
            // Steps of one response, and the skewness of the third sample.
            assert!(
                (found.lower - wald.lower).abs() < 5e-5 && (found.upper - wald.upper).abs() < 5e-5,
                "{found:?} {wald:?}"
            );
        }
        let huge = Nps { promoters: LARGEST, passives: 1, detractors: 0 };
        assert_eq!(interval(&huge, LARGEST + 1, Confidence::P95), Err(Absent::TooLarge));
    }
}
