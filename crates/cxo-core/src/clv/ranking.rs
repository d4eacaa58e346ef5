//! Whom to thank, and whom to win back? The most valuable customers, and the valuable ones that are most in danger. Stateless;
//! called by reports and the command line.

use super::Summary;
use super::outlook::PurchaseModel;
use crate::Error;

/// A customer in a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Ranked {
    /// The row of the input.
    pub row: usize,
    /// His expected residual value, as given.
    pub value: f64,
    /// The probability that he is alive.
    pub probability_alive: f64,
    /// value × (1 - P(alive)): how much of what he still promises is in doubt.
    pub value_in_doubt: f64,
}

/// The most valuable customers and the most endangered valuable ones.
///
/// **Valuable**: by the expected residual value, which the caller gives (it contains P(alive)). **Endangered**: by the value in
/// doubt, value × (1 - P(alive)) = V · P(alive) · (1 - P(alive)), V being the value of one who is surely alive. It is greatest
/// where much is at stake and it is open whether the customer is still there. Neither end is danger: whoever is surely alive
/// has nothing in doubt, and whoever is surely gone promises nothing any more. V · (1 - P(alive)) alone would put those first
/// who left long ago.
///
/// Under models by which one-time buyers are alive by construction (BG/NBD, BG/CNBD-k) their value in doubt is 0: they are never
/// listed as endangered, and [`alive_by_construction`](Self::alive_by_construction) says how many there were.
/// Formula page: `docs/formulas/clv-fit-quality.md` (customers in danger).
///
/// ```
/// use cxo_core::clv::{BgNbd, PurchaseModel, Ranking, Summary};
///
/// let model = BgNbd::new([0.243, 4.414, 0.793, 2.426])?;
/// // Bought lately; silent for half a year; gone long ago; bought once.
/// let histories =
///     [Summary::new(8, 37.0, 38.0)?, Summary::new(4, 15.0, 38.0)?, Summary::new(20, 9.0, 38.0)?, Summary::new(0, 0.0, 38.0)?];
/// let values = histories.map(|history| 30.0 * model.outlook(&history).expected_purchases(52.0).unwrap_or_default());
/// let ranking = Ranking::new(&model, &histories, &values, 10)?;
/// assert_eq!(ranking.most_valuable[0].row, 0);
/// assert_eq!(ranking.most_endangered[0].row, 1);
/// assert_eq!(ranking.alive_by_construction, Some(1));
/// assert!(ranking.most_endangered.iter().all(|customer| customer.row != 3));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ranking {
    /// By expected residual value, the greatest first; equal ones in the order of the rows.
    pub most_valuable: Vec<Ranked>,
    /// By value in doubt, the greatest first; only customers of whom something is in doubt.
    pub most_endangered: Vec<Ranked>,
    /// How many one-time buyers count as alive by construction, under a model of which that is so.
    pub alive_by_construction: Option<u64>,
}

impl Ranking {
    /// The first `count` of each ranking, from the history and the expected residual value of each customer, such as his CLV.
    ///
    /// # Errors
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) unless there is one value for each history,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the row of a value that is not finite, or of a history that the model
    /// does not [admit](PurchaseModel::admits).
    ///
    /// # Complexity
    /// O(customers · ln `count`), and room for `count` customers.
    pub fn new(model: &impl PurchaseModel, histories: &[Summary], values: &[f64], count: usize) -> Result<Self, Error> {
        if histories.len() != values.len() {
            return Err(Error::incompatible(format!("{} values for {} histories", values.len(), histories.len())));
        }
        let (mut valuable, mut endangered) = (Top::new(count), Top::new(count));
        for (row, (history, &value)) in histories.iter().zip(values).enumerate() {
            if !value.is_finite() {
                return Err(Error::input("value", value, "a finite number").at_row(row as u64));
            }
            model.admits(history).map_err(|error| error.at_row(row as u64))?;
            let probability_alive = model.outlook(history).probability_alive();
            let value_in_doubt = value * (1.0 - probability_alive);
            let customer = Ranked { row, value, probability_alive, value_in_doubt };
            valuable.offer(value, customer);
            if value_in_doubt > 0.0 {
                endangered.offer(value_in_doubt, customer);
            }
        }
        let once = || histories.iter().filter(|history| history.frequency() == 0).count() as u64;
        Ok(Self {
            most_valuable: valuable.customers(),
            most_endangered: endangered.customers(),
            alive_by_construction: model.one_time_buyers_are_alive().then(once),
        })
    }
}

/// The greatest of those offered, in descending order, the earlier one first where they are equal.
struct Top {
    count: usize,
    kept: Vec<(f64, Ranked)>,
}

impl Top {
    const fn new(count: usize) -> Self {
        Self { count, kept: Vec::new() }
    }

    fn offer(&mut self, key: f64, customer: Ranked) {
        self.kept.push((key, customer));
        // Sorting seldom, so that each customer costs little however many are kept.
        if self.kept.len() >= self.count.saturating_mul(2).saturating_add(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.kept.sort_by(|(left, one), (right, other)| right.total_cmp(left).then(one.row.cmp(&other.row)));
        self.kept.truncate(self.count);
    }

    fn customers(mut self) -> Vec<Ranked> {
        self.cut();
        self.kept.into_iter().map(|(_, customer)| customer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::clv::{BgBb, BgNbd, MbgNbd};

    fn histories() -> Vec<Summary> {
        (0..200_u32)
            .map(|row| {
                let recency = if row % 4 == 0 { 0.0 } else { 3.0 + f64::from(row % 30) };
                Summary::new(row % 4, recency, 40.0).unwrap()
            })
            .collect()
    }

    #[test]
    fn is_a_sort_cut_short() {
        let (model, histories) = (MbgNbd::new([0.5, 6.0, 0.9, 1.6]).unwrap(), histories());
        // Values with many ties, some of 0 and below.
        let values: Vec<f64> = (0..200).map(|row| f64::from((row * 7) % 13) - 2.0).collect();
        for count in [0, 1, 10, 300] {
            let ranking = Ranking::new(&model, &histories, &values, count).unwrap();
            let expected = |key: &dyn Fn(usize) -> f64, kept: &dyn Fn(f64) -> bool| {
                let mut rows: Vec<usize> = (0..200).filter(|row| kept(key(*row))).collect();
                rows.sort_by(|left, right| key(*right).total_cmp(&key(*left)));
                rows.truncate(count);
                rows
            };
            let rows = |ranked: &[Ranked]| ranked.iter().map(|customer| customer.row).collect::<Vec<_>>();
            let doubt = |row: usize| values[row] * (1.0 - model.outlook(&histories[row]).probability_alive());
            assert_eq!(rows(&ranking.most_valuable), expected(&|row| values[row], &|_| true));
            assert_eq!(rows(&ranking.most_endangered), expected(&doubt, &|doubt| doubt > 0.0));
            assert_eq!(ranking.alive_by_construction, None);
        }
    }

    #[test]
    fn one_time_buyers_are_endangered_only_where_they_can_be_gone() {
        let (histories, values) = (histories(), vec![5.0; 200]);
        let once = |ranking: &Ranking| {
            ranking.most_endangered.iter().filter(|customer| histories[customer.row].frequency() == 0).count()
        };
        let parameters = [0.5, 6.0, 0.9, 1.6];
        let ranking = Ranking::new(&BgNbd::new(parameters).unwrap(), &histories, &values, 200).unwrap();
        assert_eq!((once(&ranking), ranking.alive_by_construction), (0, Some(50)));
        let ranking = Ranking::new(&MbgNbd::new(parameters).unwrap(), &histories, &values, 200).unwrap();
        assert_eq!((once(&ranking), ranking.alive_by_construction), (50, None));
    }

    #[test]
    fn refuses_values_that_do_not_fit() {
        let model = BgNbd::new([1.0; 4]).unwrap();
        let error = Ranking::new(&model, &histories(), &[1.0], 3).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incompatible);
        let error = Ranking::new(&model, &[Summary::NEW; 2], &[1.0, f64::NAN], 3).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(1)));
        let model = BgBb::new([1.0; 4]).unwrap();
        let error = Ranking::new(&model, &[Summary::new(0, 0.0, 2.5).unwrap()], &[1.0], 3).unwrap_err();
        assert_eq!((error.kind(), error.row()), (ErrorKind::Input, Some(0)));
    }
}
