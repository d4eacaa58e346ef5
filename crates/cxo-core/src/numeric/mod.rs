//! The private engine room: special functions, stable sums, root search and small dense linear algebra.
//!
//! It stands on libm (ln Γ, erf, erfc: a few units in the last place). The normal quantile is that of statrs; its incomplete
//! beta and gamma functions and the quantiles built on them are not accurate enough and are replaced here. All of it is
//! held against values of 50 digits in `accuracy_tests`.

pub(crate) mod absorbing;
pub(crate) mod ascent;
pub(crate) mod beta;
pub(crate) mod binomial;
pub(crate) mod chi_square;
pub(crate) mod cholesky;
pub(crate) mod cone;
pub(crate) mod error_function;
pub(crate) mod exponential;
pub(crate) mod exponential_integral;
pub(crate) mod fenwick;
pub(crate) mod gamma;
pub(crate) mod gram;
pub(crate) mod jet;
pub(crate) mod matrix;
pub(crate) mod newton;
pub(crate) mod noncentral_t;
pub(crate) mod normal;
pub(crate) mod prefix;
pub(crate) mod radix;
pub(crate) mod random;
pub(crate) mod root;
pub(crate) mod sigmoid;
pub(crate) mod student_t;
pub(crate) mod sum;
mod tail;
pub(crate) mod triangle;

#[cfg(test)]
mod accuracy_tests;

/// b0 + a1 / (b1 + a2 / (b2 + …)) with (an, bn) = `term(n)`, by the modified Lentz method (Thompson and Barnett 1986).
pub(crate) fn continued_fraction(first: f64, term: impl Fn(f64) -> (f64, f64)) -> f64 {
    const TINY: f64 = 1e-300;
    let guarded = |value: f64| if value == 0.0 { TINY } else { value };
    let mut value = guarded(first);
    let (mut forward, mut backward, mut n) = (value, 0.0, 0.0);
    // A limit only for arguments beyond all use: the number of terms grows with the root of the greatest shape.
    while n < 1e6 {
        n += 1.0;
        let (numerator, denominator) = term(n);
        backward = 1.0 / guarded(denominator + numerator * backward);
        forward = guarded(denominator + numerator / forward);
        let factor = forward * backward;
        value *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}
