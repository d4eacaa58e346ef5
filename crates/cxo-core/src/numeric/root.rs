//! Root search on an interval.

use crate::Error;

/// A zero of `f` between `low` and `high`, at which its signs differ, to the last bits of the argument (bisection
/// safeguarded inverse interpolation, Brent 1973).
pub(crate) fn brent(f: impl Fn(f64) -> f64, low: f64, high: f64) -> Result<f64, Error> {
    let (mut low, mut high) = (low, high);
    let sign = f(low).signum();
    for _ in 0..2000 {
        let middle = f64::midpoint(low, high);
        if middle == low || middle == high {
            return Ok(middle);
        }
        if f(middle).signum() == sign { low = middle } else { high = middle }
    }
    Err(Error::not_converged("root search", 2000))
}
