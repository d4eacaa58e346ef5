//! Which customers are held out together? Folds for cross-validation, in which all rows of a customer stay together.

use crate::numeric::random::Random;
use crate::{Error, Seed};

/// Which fold each row belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    count: u32,
    of_rows: Vec<u32>,
}

/// Deals customers to folds at random: all rows of one customer are in one fold, and folds differ by at most one customer.
///
/// Where rows of one customer were in two folds, a model could know the customer instead of what makes customers leave, and
/// look better than it is. Customers are put in order before they are dealt, so the folds do not depend on the order of rows.
///
/// ```
/// use cxo_core::{Seed, churn::customer_folds};
///
/// let folds = customer_folds(&["ann", "ben", "ann", "cem", "dea"], 2, Seed(1))?;
/// assert_eq!(folds.of_rows()[0], folds.of_rows()[2]);
/// assert_eq!(folds.training(0), folds.held_out(1));
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for fewer than two folds, [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate)
/// for fewer customers than folds.
///
/// # Complexity
/// O(n log n) comparisons of customers.
pub fn customer_folds<K: Ord>(customers: &[K], folds: u32, seed: Seed) -> Result<Folds, Error> {
    if folds < 2 {
        return Err(Error::input("folds", folds, "2 or more"));
    }
    let mut order: Vec<(&K, usize)> = customers.iter().zip(0..).collect();
    order.sort();
    let rows_of: Vec<&[(&K, usize)]> = order.chunk_by(|left, right| left.0 == right.0).collect();
    let known = rows_of.len();
    if (known as u64) < u64::from(folds) {
        return Err(Error::degenerate(format!("{known} customers in {folds} folds")));
    }
    let mut random = Random::new(seed.0, 0);
    let mut of_customer: Vec<u32> = (0..folds).cycle().take(known).collect();
    // Shuffled by Fisher and Yates from the end (Durstenfeld 1964).
    for last in (1..known).rev() {
        of_customer.swap(last, random.below(last + 1));
    }
    let mut of_rows = vec![0; customers.len()];
    for (rows, fold) in rows_of.iter().zip(of_customer) {
        for (_, row) in *rows {
            if let Some(place) = of_rows.get_mut(*row) {
                *place = fold;
            }
        }
    }
    Ok(Folds { count: folds, of_rows })
}

impl Folds {
    /// Number of folds, at least 2.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The fold of each row, from 0.
    #[must_use]
    pub fn of_rows(&self) -> &[u32] {
        &self.of_rows
    }

    /// The rows of this fold, in ascending order.
    #[must_use]
    pub fn held_out(&self, fold: u32) -> Vec<usize> {
        self.rows(|own| own == fold)
    }

    /// The rows of all other folds, in ascending order.
    #[must_use]
    pub fn training(&self, fold: u32) -> Vec<usize> {
        self.rows(|own| own != fold)
    }

    fn rows(&self, chosen: impl Fn(u32) -> bool) -> Vec<usize> {
        (0..).zip(&self.of_rows).filter(|(_, fold)| chosen(**fold)).map(|(row, _)| row).collect()
    }

    /// A prediction for each row by a model that has not seen its customer.
    ///
    /// `predict` is called once for each fold with the rows to fit on and the rows to predict, and gives one number for each
    /// of the latter.
    ///
    /// ```
    /// use cxo_core::{Seed, churn::customer_folds};
    ///
    /// // The model is the mean of those it may see.
    /// let bought = [1.0, 0.0, 1.0, 1.0];
    /// let folds = customer_folds(&[1, 2, 3, 4], 4, Seed(1))?;
    /// let predicted = folds.cross_fit(|training, held_out| {
    ///     let mean = training.iter().map(|&row| bought[row]).sum::<f64>() / training.len() as f64;
    ///     Ok(vec![mean; held_out.len()])
    /// })?;
    /// assert_eq!(predicted[1], 1.0);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `predict`; [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) where it gives another number of values.
    pub fn cross_fit(
        &self,
        mut predict: impl FnMut(&[usize], &[usize]) -> Result<Vec<f64>, Error>,
    ) -> Result<Vec<f64>, Error> {
        let mut predictions = vec![0.0; self.of_rows.len()];
        for fold in 0..self.count {
            let held_out = self.held_out(fold);
            let found = predict(&self.training(fold), &held_out)?;
            if found.len() != held_out.len() {
                return Err(Error::incompatible(format!("{} predictions for {} rows", found.len(), held_out.len())));
            }
            for (row, prediction) in held_out.into_iter().zip(found) {
                if let Some(place) = predictions.get_mut(row) {
                    *place = prediction;
                }
            }
        }
        Ok(predictions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_customer_is_in_one_fold_and_folds_are_even() {
        let customers: Vec<u32> = (0..1000).map(|row| row * 7919 % 101).collect();
        let folds = customer_folds(&customers, 5, Seed(7)).unwrap();
        let mut fold_of = [None; 101];
        for (customer, fold) in customers.iter().zip(folds.of_rows()) {
            let known = fold_of[*customer as usize].get_or_insert(*fold);
            assert_eq!(known, fold);
        }
        let sizes: Vec<usize> = (0..5).map(|fold| fold_of.iter().filter(|own| **own == Some(fold)).count()).collect();
        assert!(sizes.iter().all(|size| (20..=21).contains(size)), "{sizes:?}");
        for fold in 0..5 {
            assert_eq!(folds.training(fold).len() + folds.held_out(fold).len(), 1000);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_the_seed_does() {
        let customers: Vec<u32> = (0..50).collect();
        let folds = customer_folds(&customers, 5, Seed(7)).unwrap();
        let reversed: Vec<u32> = customers.iter().rev().copied().collect();
        let other = customer_folds(&reversed, 5, Seed(7)).unwrap();
        assert!(folds.of_rows().iter().eq(other.of_rows().iter().rev()));
        assert_ne!(folds, customer_folds(&customers, 5, Seed(8)).unwrap());
        assert_eq!(customer_folds(&[1, 2, 3, 4, 5, 6], 3, Seed(1)).unwrap().of_rows(), PINNED);
    }

    const PINNED: [u32; 6] = [2, 2, 0, 0, 1, 1];

    #[test]
    fn what_cannot_be_dealt_is_refused() {
        assert_eq!(customer_folds(&[1, 2, 3], 1, Seed(0)).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(customer_folds(&[1, 1, 1], 2, Seed(0)).unwrap_err().kind(), ErrorKind::Degenerate);
        assert_eq!(customer_folds::<u8>(&[], 2, Seed(0)).unwrap_err().kind(), ErrorKind::Degenerate);
        let folds = customer_folds(&[1, 2, 3], 2, Seed(0)).unwrap();
        assert_eq!(folds.cross_fit(|_, _| Ok(vec![])).unwrap_err().kind(), ErrorKind::Incompatible);
    }
}
