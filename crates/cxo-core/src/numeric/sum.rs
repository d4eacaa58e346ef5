//! Compensated summation.

/// A running sum with Neumaier's correction term; a state of two words.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    /// Adds one term.
    pub(crate) fn add(&mut self, term: f64) {
        let next = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() { (self.sum - next) + term } else { (term - next) + self.sum };
        self.sum = next;
    }

    /// Adds everything another sum has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.lost += other.lost;
    }

    /// The sum as it runs and its correction.
    pub(crate) const fn parts(self) -> [f64; 2] {
        [self.sum, self.lost]
    }

    /// A sum that has run, if a sum of positive terms can be so: finite, with a correction that is no greater.
    pub(crate) fn from_parts([sum, lost]: [f64; 2]) -> Option<Self> {
        (sum.is_finite() && lost.abs() <= sum).then_some(Self { sum, lost })
    }

    /// The sum.
    pub(crate) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        terms.into_iter().for_each(|term| sum.add(term));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Xorshift64* (Vigna 2016) with the shifts 13, 7 and 17.
    fn draws(mut state: u64) -> impl Iterator<Item = u64> {
        std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.wrapping_mul(2685821657736338717)
        })
    }

    /// Numbers of 18 magnitudes, one in ten negative.
    fn series(seed: u64) -> impl Iterator<Item = f64> {
        let mut draws = draws(seed);
        std::iter::repeat_with(move || {
            let mut next = || draws.next().unwrap();
            let fraction = (next() >> 11) as f64 / (1_u64 << 53) as f64;
            let value = fraction * f64::from(1_u32 << (next() % 18));
            if next() % 10 == 0 { -value } else { value }
        })
    }

    /// The exact sum, rounded once, by expansions that lose nothing (Shewchuk 1997).
    fn exact(terms: impl Iterator<Item = f64>) -> f64 {
        let mut parts: Vec<f64> = Vec::new();
        for mut term in terms {
            let mut kept = Vec::with_capacity(parts.len() + 1);
            for mut part in parts {
                if part.abs() > term.abs() {
                    (part, term) = (term, part);
                }
                let sum = term + part;
                let lost = part - (sum - term);
                if lost != 0.0 {
                    kept.push(lost);
                }
                term = sum;
            }
            kept.push(term);
            parts = kept;
        }
        parts.iter().sum()
    }

    #[test]
    fn golden_series() {
        let Ok(folder) = std::env::var("CXO_GOLDEN_DIR") else {
            eprintln!("skipped: CXO_GOLDEN_DIR is not set");
            return;
        };
        let text = std::fs::read_to_string(format!("{folder}/numeric/sum_golden.json")).unwrap();
        let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        for case in &cases {
            let number = |key: &str| case[key].as_f64();
            let terms: Vec<f64> = series(42).take(usize::try_from(case["n"].as_u64().unwrap()).unwrap()).collect();
            assert_eq!((terms.first().copied(), terms.last().copied()), (number("first"), number("last")));
            assert_eq!(Some(exact(terms.iter().copied())), number("exact_sum"));
            let sum = terms.iter().copied().collect::<Sum>();
            assert_eq!(Some(sum.value()), number("exact_sum"));
            assert_eq!(Some(terms.iter().copied().fold(f64::INFINITY, f64::min)), number("min"));
            assert_eq!(Some(terms.iter().copied().fold(f64::NEG_INFINITY, f64::max)), number("max"));
        }
        assert_eq!(cases.len(), 4);
    }

    #[test]
    fn survives_cancellation() {
        assert_eq!([1e16, 1.0, -1e16].into_iter().collect::<Sum>().value(), 1.0);
        assert_eq!([1.0, 1e100, 1.0, -1e100].into_iter().collect::<Sum>().value(), 2.0);
        // A million terms whose sum is a part in 10^13 of what passes through.
        let terms: Vec<f64> = series(7).take(500_000).flat_map(|x| [x + 1e9, 0.1 - x - 1e9]).collect();
        let (sum, truth) = (terms.iter().copied().collect::<Sum>().value(), exact(terms.iter().copied()));
        assert!((sum - truth).abs() <= 1e-12 * truth.abs(), "{sum} {truth}");
    }

    #[test]
    fn merges_like_one_pass() {
        let terms: Vec<f64> = series(3).take(1000).collect();
        let whole: Sum = terms.iter().copied().collect();
        let (left, right) = terms.split_at(400);
        let mut merged: Sum = left.iter().copied().collect();
        merged.merge(right.iter().copied().collect());
        assert_eq!(merged.value(), whole.value());
    }
}
