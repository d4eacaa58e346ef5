//! Inversion of a tail probability whose density is log-concave.

/// Which tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tail {
    Lower,
    Upper,
}

/// The θ at which the tail probability is `p`. `probability_and_density` gives both at θ.
///
/// The log of either tail of a log-concave density is concave, so that Newton's steps on it approach the root from one
/// side, whatever the start; a residual below 1e-9 becomes one below 1e-17 with its step.
pub(crate) fn solve(probability_and_density: impl Fn(f64) -> (f64, f64), p: f64, tail: Tail, start: f64) -> f64 {
    let direction = if tail == Tail::Lower { 1.0 } else { -1.0 };
    let mut theta = start;
    // The inner limits keep a step from flat or vanished ground finite; 750 is the log of the smallest number.
    for _ in 0..200 {
        let (probability, density) = probability_and_density(theta);
        if probability <= 0.0 {
            theta += direction * (0.1 * theta.abs()).max(0.5);
            continue;
        }
        // The quotient overflows where a start lies far out; clamping its step would then swing to and fro for ever.
        let ratio = p / probability;
        let residual = if ratio.is_finite() { ratio.ln() } else { p.ln() - probability.ln() };
        let step = (residual * probability / density).clamp(-50.0, 50.0);
        theta += direction * step;
        if residual.abs() < 1e-9 || step.abs() <= 1e-17 * theta.abs() {
            break;
        }
    }
    theta
}
