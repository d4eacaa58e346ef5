//! Sums over a prefix of changing numbers, in logarithmic time (Fenwick 1994).

/// Numbers at places 0, 1, …, all 0 at the start, with the sum of any prefix.
#[derive(Debug, Clone)]
pub(crate) struct Fenwick {
    /// At place i of this list (from 1): the sum of the last (i & -i) numbers up to it.
    sums: Vec<f64>,
    own: Vec<f64>,
    total: f64,
}

/// The sums of the numbers before a place, at it, and after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Around {
    pub(crate) before: f64,
    pub(crate) at: f64,
    pub(crate) after: f64,
}

impl Fenwick {
    /// With this many places.
    pub(crate) fn new(places: usize) -> Self {
        Self { sums: vec![0.0; places + 1], own: vec![0.0; places], total: 0.0 }
    }

    /// Adds to the number at a place.
    pub(crate) fn add(&mut self, place: u32, term: f64) {
        self.own[place as usize] += term;
        self.total += term;
        let mut at = place as usize + 1;
        while at < self.sums.len() {
            self.sums[at] += term;
            at += at & at.wrapping_neg();
        }
    }

    /// The sums on both sides of a place.
    pub(crate) fn around(&self, place: u32) -> Around {
        let own = self.own[place as usize];
        let (mut before, mut at) = (0.0, place as usize);
        while at > 0 {
            before += self.sums[at];
            at &= at - 1;
        }
        Around { before, at: own, after: self.total - before - own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::random::Random;

    #[test]
    fn sums_are_those_of_a_list() {
        let mut random = Random::new(2, 0);
        for places in [1_u32, 2, 7, 64, 100] {
            let (mut tree, mut list) = (Fenwick::new(places as usize), vec![0.0; places as usize]);
            for step in 0..300 {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Below `places`.
                let place = (random.uniform() * f64::from(places)) as u32;
                let term = f64::from(step % 11) - 3.0;
                tree.add(place, term);
                list[place as usize] += term;
                let found = tree.around(place);
                let before: f64 = list[..place as usize].iter().sum();
                let after: f64 = list[place as usize + 1..].iter().sum();
                assert_eq!(found, Around { before, at: list[place as usize], after });
            }
        }
    }
}
