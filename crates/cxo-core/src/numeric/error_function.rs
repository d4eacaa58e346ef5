//! The scaled complementary error function; erf and erfc themselves are those of libm.

/// exp(x²) erfc(x), which neither underflows nor loses digits for large x.
#[cfg_attr(not(test), expect(dead_code, reason = "first used by the models of lifetime value"))]
pub(crate) fn erfcx(x: f64) -> f64 {
    if x < 20.0 {
        // The rounding of x² would be multiplied by x² in the exponential.
        let square = x * x;
        return square.exp() * libm::erfc(x) * (1.0 + x.mul_add(x, -square));
    }
    let half_inverse_square = 0.5 / (x * x);
    let series = [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0].iter().fold(1.0, |sum, k| 1.0 - k * half_inverse_square * sum);
    std::f64::consts::FRAC_2_SQRT_PI / 2.0 / x * series
}
