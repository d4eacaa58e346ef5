//! The gamma function's family: ln Γ (libm), digamma, trigamma, Stirling's error, and the gamma distribution.
//!
//! Arguments are positive. The probability of large shapes is built on Stirling's error and the deviance (Loader 2000),
//! never on differences of large ln Γ.

use std::f64::consts::PI;

use super::tail::{self, Tail};

/// ln Γ(x).
pub(crate) fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// B(2k) / (2k) for k = 1 to 8: the asymptotic coefficients of digamma.
const DIGAMMA: [f64; 8] =
    [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0, -3617.0 / 8160.0];

/// From here on the asymptotic series with eight terms are exact to the last bit.
const ASYMPTOTIC: f64 = 12.0;

/// d/dx ln Γ(x).
pub(crate) fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, super::sum::Sum::default());
    while x < ASYMPTOTIC {
        sum.add(-1.0 / x);
        x += 1.0;
    }
    let inverse_square = 1.0 / (x * x);
    sum.add(x.ln());
    sum.add(-0.5 / x);
    sum.add(-inverse_square * DIGAMMA.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c));
    sum.value()
}

/// d²/dx² ln Γ(x).
pub(crate) fn trigamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, super::sum::Sum::default());
    while x < ASYMPTOTIC {
        sum.add(1.0 / (x * x));
        x += 1.0;
    }
    let inverse_square = 1.0 / (x * x);
    // B(2k) = 2k times the coefficient of digamma.
    let series = (1..9_u8).zip(DIGAMMA).rev().fold(0.0, |sum, (k, c)| sum * inverse_square + f64::from(2 * k) * c);
    sum.add(1.0 / x);
    sum.add(0.5 * inverse_square);
    sum.add(series * inverse_square / x);
    sum.value()
}

/// ln Γ(z + u) / Γ(z) for u >= 0, to rounding of u ln(z + u) wherever z is: Stirling's formula, subtracted on paper.
pub(crate) fn ln_gamma_ratio(z: f64, u: f64) -> f64 {
    let (mut z, mut shifted) = (z, 0.0);
    while z < ASYMPTOTIC {
        shifted -= (u / z).ln_1p();
        z += 1.0;
    }
    let top = z + u;
    let errors = stirling_error(top) - stirling_error(z);
    shifted + (z - 0.5) * (u / z).ln_1p() + u * (top.ln() - 1.0) + errors
}

/// ψ(z + u) - ψ(z) for u >= 0, without the loss of the subtraction where z is great.
pub(crate) fn digamma_rise(z: f64, u: f64) -> f64 {
    let (mut z, mut shifted) = (z, 0.0);
    while z < ASYMPTOTIC {
        shifted += u / (z * (z + u));
        z += 1.0;
    }
    let top = z + u;
    let series = |x: f64| {
        let inverse_square = 1.0 / (x * x);
        inverse_square * DIGAMMA.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c)
    };
    shifted + (u / z).ln_1p() + 0.5 * u / (z * top) + (series(z) - series(top))
}

/// ln Γ(a + n) / Γ(a) = ln a (a + 1) … (a + n - 1) for a whole n, with its first two derivatives by a.
pub(crate) fn ln_rising(a: f64, n: f64) -> [f64; 3] {
    // As many factors are quicker than the special functions.
    if n > 24.0 {
        let top = a + n;
        // Stirling's formula twice, with what cancels left out.
        let value = (a - 0.5) * (n / a).ln_1p() + n * (top.ln() - 1.0) + stirling_error(top) - stirling_error(a);
        return [value, digamma(top) - digamma(a), trigamma(top) - trigamma(a)];
    }
    let [mut product, mut value, mut first, mut second] = [1.0, 0.0, 0.0, 0.0];
    let mut factor = a;
    while factor < a + n - 0.5 {
        product *= factor;
        // Far from both ends of the range of a number.
        if !(1e-100..1e100).contains(&product) {
            value += product.ln();
            product = 1.0;
        }
        let inverse = 1.0 / factor;
        first += inverse;
        second -= inverse * inverse;
        factor += 1.0;
    }
    [value + product.ln(), first, second]
}

/// ln Γ(x) - (x - 1/2) ln x + x - ln(2π) / 2: what Stirling's formula leaves.
pub(crate) fn stirling_error(x: f64) -> f64 {
    /// B(2k) / (2k (2k - 1)) for k = 1 to 8.
    const C: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360360.0,
        1.0 / 156.0,
        -3617.0 / 122400.0,
    ];
    let (mut x, mut shifted) = (x, 0.0);
    while x < ASYMPTOTIC {
        shifted += (x + 0.5) * (1.0 / x).ln_1p() - 1.0;
        x += 1.0;
    }
    let inverse_square = 1.0 / (x * x);
    shifted + C.iter().rev().fold(0.0, |sum, c| sum * inverse_square + c) / x
}

/// k ln(k / m) + m - k for k, m > 0, given m - k; without cancellation where the two are close.
pub(crate) fn deviance(k: f64, m: f64, difference: f64) -> f64 {
    let t = difference / k;
    if t.abs() > 0.5 {
        return difference - k * (m / k).ln();
    }
    // k (t - ln(1 + t)) with ln(1 + t) = 2 artanh(r).
    let r = t / (2.0 + t);
    let square = r * r;
    let (mut power, mut sum, mut odd) = (1.0, 0.0, 3.0);
    while power > 1e-18 {
        sum += power / odd;
        power *= square;
        odd += 2.0;
    }
    k * r * (t - 2.0 * square * sum)
}

/// ln Γ(1 + x), exact to the last bits also for small x.
fn ln_gamma_1p(x: f64) -> f64 {
    /// (-1)^k ζ(k) / k from k = 2, after -γ.
    const C: [f64; 11] = [
        -0.577_215_664_901_532_9,
        0.822_467_033_424_113_2,
        -0.400_685_634_386_531_43,
        0.270_580_808_427_784_55,
        -0.207_385_551_028_673_98,
        0.169_557_176_997_408_19,
        -0.144_049_896_768_846_12,
        0.125_509_669_524_743_04,
        -0.111_334_265_869_564_69,
        0.100_099_457_512_781_81,
        -0.090_954_017_145_829_04,
    ];
    if x < 0.02 { x * C.iter().rev().fold(0.0, |sum, c| sum * x + c) } else { ln_gamma(1.0 + x) }
}

/// The gamma distribution with a shape above 0 and scale 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gamma {
    pub(crate) shape: f64,
}

impl Gamma {
    /// P(X <= x), the regularised lower incomplete gamma function.
    pub(crate) fn cdf(self, x: f64) -> f64 {
        if x <= 0.0 {
            0.0
        } else if self.lower_is_direct(x) {
            self.lower(x)
        } else {
            1.0 - self.upper(x)
        }
    }

    /// P(X > x), the regularised upper incomplete gamma function.
    pub(crate) fn sf(self, x: f64) -> f64 {
        if x <= 0.0 {
            1.0
        } else if self.shape < 0.1 && x < 1.0 {
            self.upper_of_small_shape(x)
        } else if self.lower_is_direct(x) {
            1.0 - self.lower(x)
        } else {
            self.upper(x)
        }
    }

    /// The x with P(X <= x) = p, for p in [0, 1).
    pub(crate) fn quantile(self, p: f64) -> f64 {
        if p <= 0.0 {
            0.0
        } else if p <= 0.5 {
            self.solve(p, Tail::Lower)
        } else {
            self.solve(1.0 - p, Tail::Upper)
        }
    }

    /// The x with P(X > x) = q, for q in (0, 1].
    pub(crate) fn quantile_upper(self, q: f64) -> f64 {
        if q < 0.5 { self.solve(q, Tail::Upper) } else { self.quantile(1.0 - q) }
    }

    /// The log of the quantile is sought: on that scale the density is log-concave for every shape.
    fn solve(self, p: f64, tail: Tail) -> f64 {
        let log_tail = |log_x: f64| {
            let x = log_x.exp();
            let probability = if tail == Tail::Lower { self.cdf(x) } else { self.sf(x) };
            (probability, self.density_of_log(x))
        };
        let a = self.shape;
        // Wilson and Hilferty (1931), or the leading term x^a / Γ(a + 1) where that is negative.
        let spread = super::normal::quantile(p) / (3.0 * a.sqrt());
        let root = 1.0 - 1.0 / (9.0 * a) + if tail == Tail::Lower { spread } else { -spread };
        let start = if root > 0.2 {
            a.ln() + 3.0 * root.ln()
        } else if tail == Tail::Lower {
            (p.ln() + ln_gamma_1p(a)) / a
        } else {
            a.ln()
        };
        tail::solve(log_tail, p, tail, start).exp()
    }

    /// x^a e^-x / Γ(a).
    fn density_of_log(self, x: f64) -> f64 {
        let a = self.shape;
        (a / (2.0 * PI)).sqrt() * (-deviance(a, x, x - a) - stirling_error(a)).exp()
    }

    fn lower_is_direct(self, x: f64) -> bool {
        x < self.shape || x < 1.0
    }

    /// x^a e^-x / Γ(a + 1) (1 + x / (a + 1) + x² / ((a + 1)(a + 2)) + …).
    fn lower(self, x: f64) -> f64 {
        let (mut term, mut sum, mut a) = (1.0, 1.0, self.shape);
        while term > sum * 1e-17 {
            a += 1.0;
            term *= x / a;
            sum += term;
        }
        self.density_of_log(x) / self.shape * sum
    }

    /// Legendre's continued fraction, by modified Lentz steps.
    fn upper(self, x: f64) -> f64 {
        let a = self.shape;
        let fraction = super::continued_fraction(x - a + 1.0, |n| (n * (a - n), x - a + 1.0 + 2.0 * n));
        self.density_of_log(x) / fraction
    }

    /// 1 - x^a / Γ(a + 1) (1 + a Σ (-x)^n / (n! (a + n))), with the subtraction done in the exponent.
    fn upper_of_small_shape(self, x: f64) -> f64 {
        let a = self.shape;
        let (mut power, mut sum, mut n) = (1.0_f64, 0.0, 0.0);
        while power.abs() > 1e-18 {
            n += 1.0;
            power *= -x / n;
            sum += power / (a + n);
        }
        let log_lead = a * x.ln() - ln_gamma_1p(a);
        -log_lead.exp_m1() - a * sum * log_lead.exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// z, u, ln Γ(z + u) / Γ(z), ψ(z + u) - ψ(z), from 60 digits.
    const RATIOS: &[(f64, f64, f64, f64)] = &[
        (0.001, 1e-08, -1.0005705719569307e-05, 0.009999916426331829),
        (0.001, 1.0, -6.907755278982137, 1000.0),
        (0.001, 10000000.0, 151180942.47841313, 1016.6936675328686),
        (0.7, 0.5, -0.3462413365349824, 0.9309836571057464),
        (0.7, 999.0, 5902.887424430967, 8.126978554242708),
        (1.0, 0.001, -0.0005763935982833696, 0.0016437330912323891),
        (1.0, 6.25, 7.0521854507385395, 2.487669191785269),
        (3.5, 1e-08, 1.1031566422970319e-08, 3.303577555592146e-09),
        (3.5, 1.0, 1.252762968495368, 0.2857142857142857),
        (3.5, 10000000.0, 151181004.58183554, 15.014939310313032),
        (11.9, 0.5, 1.2277680825725334, 0.042898736307081964),
        (11.9, 999.0, 5963.310247219876, 4.484168074967072),
        (12.0, 0.001, 0.002442705129654435, 8.689809948741855e-05),
        (12.0, 6.25, 16.72012661128117, 0.4338560115034986),
        (250.5, 1e-08, 5.5214615845470464e-08, 3.9999946666165336e-11),
        (250.5, 1.0, 5.523458920524919, 0.003992015968063872),
        (250.5, 10000000.0, 151183855.6715581, 10.596659066118779),
        (1000000.0, 0.5, 6.907755153982137, 5.00000125e-07),
        (1000000.0, 999.0, 13802.193382571346, 0.000998501830587194),
        (60000000.0, 0.001, 0.017909855111861377, 1.6666666805416667e-11),
        (60000000.0, 6.25, 111.93659477460233, 1.0416666210937529e-07),
        (1000000000000000.0, 1e-08, 3.4538776394910686e-07, 1.0000000000000005e-23),
        (1000000000000000.0, 0.001, 0.03453877639491069, 1.0000000000000005e-18),
        (1000000000000000.0, 0.5, 17.269388197455342, 5.000000000000001e-16),
        (1000000000000000.0, 1.0, 34.538776394910684, 1e-15),
        (1000000000000000.0, 6.25, 215.8673524681918, 6.249999999999984e-15),
        (1000000000000000.0, 999.0, 34504.23761851627, 9.989999999995015e-13),
        (1000000000000000.0, 10000000.0, 345387763.9991068, 9.999999950000006e-09),
    ];

    #[test]
    fn ratios_of_nearby_values() {
        for &(z, u, ratio, rise) in RATIOS {
            let found = ln_gamma_ratio(z, u);
            assert!((found - ratio).abs() < 4e-15 * ratio.abs().max(u) + 1e-17, "{z} {u}: {found} instead of {ratio}");
            let found = digamma_rise(z, u);
            assert!((found - rise).abs() < 4e-15 * rise + 1e-18, "{z} {u}: {found} instead of {rise}");
        }
    }
}
