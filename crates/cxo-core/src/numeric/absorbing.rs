//! Where does a Markov chain end, and how long does it take? States are eliminated one after the other, as Grassmann, Taksar and
//! Heyman (1985) do: only sums and quotients of positive numbers, so that small probabilities keep all their digits.

/// Transient states of a chain, eliminated.
#[derive(Debug, Clone)]
pub(crate) struct Absorbing {
    size: usize,
    /// Row by row: below the diagonal q_kj after elimination, above it the factor q_ik / s_k.
    table: Vec<f64>,
    /// The probability of leaving each state for one with a smaller number, or for good.
    leaves: Vec<f64>,
}

impl Absorbing {
    /// From the transitions between the transient states, row by row, and the probability of leaving them for good from each.
    /// None where some state is never left. O(size³ / 3).
    pub(crate) fn new(mut table: Vec<f64>, mut absorbed: Vec<f64>) -> Option<Self> {
        let size = absorbed.len();
        let mut leaves = vec![0.0; size];
        for k in (0..size).rev() {
            let (before, from) = table.split_at_mut(k * size);
            let row = &from[..k];
            let leaving = absorbed[k] + row.iter().sum::<f64>();
            if leaving <= 0.0 {
                return None;
            }
            leaves[k] = leaving;
            for (i, other) in before.chunks_exact_mut(size).enumerate() {
                let factor = other[k] / leaving;
                other[k] = factor;
                if factor > 0.0 {
                    other[..k].iter_mut().zip(row).for_each(|(to, by)| *to += factor * by);
                    absorbed[i] += factor * absorbed[k];
                }
            }
        }
        Some(Self { size, table, leaves })
    }

    /// The expected sum of a reward for each visit, from each state: (I - Q)⁻¹ `reward`. O(size²).
    pub(crate) fn solve(&self, reward: &[f64]) -> Vec<f64> {
        let mut value = reward.to_vec();
        for k in (0..self.size).rev() {
            let from = value[k];
            if from != 0.0 {
                for i in 0..k {
                    value[i] += self.table[i * self.size + k] * from;
                }
            }
        }
        for k in 0..self.size {
            let row = &self.table[k * self.size..k * self.size + k];
            let later: f64 = row.iter().zip(&value).map(|(q, value)| q * value).sum();
            value[k] = (value[k] + later) / self.leaves[k];
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gambler who wins with probability p: with i of n he is ruined with probability (ρ^i - ρ^n) / (1 - ρ^n), ρ = (1 - p) / p
    /// (Feller 1968, XIV.2).
    #[test]
    fn the_gambler_is_ruined_as_often_as_he_should() {
        for p in [0.3, 0.49, 0.51, 0.9] {
            let (n, ratio) = (40_usize, (1.0 - p) / p);
            let size = n - 1;
            let mut table = vec![0.0; size * size];
            let (mut ruined, mut rich) = (vec![0.0; size], vec![0.0; size]);
            for i in 0..size {
                if i > 0 {
                    table[i * size + i - 1] = 1.0 - p;
                } else {
                    ruined[i] = 1.0 - p;
                }
                if i + 1 < size { table[i * size + i + 1] = p } else { rich[i] = p }
            }
            let both: Vec<f64> = ruined.iter().zip(&rich).map(|(x, y)| x + y).collect();
            let chain = Absorbing::new(table, both).unwrap();
            let (lost, won) = (chain.solve(&ruined), chain.solve(&rich));
            let power = |k: usize| f64::powi(ratio, i32::try_from(k).unwrap());
            for i in 0..size {
                let expected = (1.0 - power(i + 1)) / (1.0 - power(n));
                // Full relative precision, however small.
                assert!((won[i] / expected - 1.0).abs() < 1e-12, "{p} {i}: {} instead of {expected}", won[i]);
                assert!((lost[i] + won[i] - 1.0).abs() < 1e-13);
            }
        }
        assert!(Absorbing::new(vec![1.0], vec![0.0]).is_none());
    }
}
