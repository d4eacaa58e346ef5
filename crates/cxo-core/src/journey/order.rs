//! Does the next step depend on the last one alone, or on the one before too? Orders of a chain compared by the Bayesian information
//! criterion. Stateless; asked of [`Paths`].

use std::collections::BTreeMap;

use super::Paths;
use crate::Error;

/// One order of a chain over paths. Formula page: `docs/formulas/chain-order.md`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ChainOrder {
    /// The number of steps remembered.
    pub order: usize,
    /// Σ n ln(n / n of the context) over the transitions, ends among them; 0 or less.
    pub log_likelihood: f64,
    /// Different transitions that were observed, less the contexts that they leave.
    pub parameters: u64,
    /// Transitions observed, the same for every order.
    pub transitions: u64,
    /// parameters · ln(transitions) - 2 · log-likelihood: the order with the least is the one that the data support.
    pub bic: f64,
}

impl Paths {
    /// The orders 1 to `most` compared on the same transitions: from the start, between steps, and to the two ends (with the
    /// outcome or without). A path shorter than the order is remembered whole, from its start.
    ///
    /// Parameters are the transitions observed at least once less their contexts (Billingsley 1961): those never seen are taken as
    /// impossible. Counting all possible ones instead would favour low orders ever more.
    ///
    /// ```
    /// use cxo_core::journey::{PathCount, Paths};
    ///
    /// // What follows b depends on what came before it.
    /// let mut paths = Paths::default();
    /// paths.add(["a", "b", "c"], PathCount::new(500, 0, 0.0)?)?;
    /// paths.add(["d", "b", "e"], PathCount::new(0, 500, 0.0)?)?;
    /// let orders = paths.chain_orders(2)?;
    /// assert_eq!((orders[0].parameters, orders[1].parameters), (2, 1));
    /// assert!(orders[1].bic < orders[0].bic);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without paths, [`ErrorKind::Input`](crate::ErrorKind::Input) for a greatest
    /// order that is not 1 to 8.
    ///
    /// # Complexity
    /// O(steps of all different paths · most · log of the contexts).
    ///
    /// Sources: Billingsley (1961), Annals of Mathematical Statistics 32, 12-40 (the number of parameters); Katz (1981),
    /// Technometrics 23, 243-249 (consistency of BIC for the order of a chain).
    pub fn chain_orders(&self, most: usize) -> Result<Vec<ChainOrder>, Error> {
        if !(1..=8).contains(&most) {
            return Err(Error::input("order of the chain", most, "1 to 8"));
        }
        if self.is_empty() {
            return Err(Error::no_data("paths"));
        }
        let (names, paths) = self.ordered();
        let ends = u32::try_from(names.len()).map_err(|_| Error::overflow("number of steps"))?;
        let of_order = |order: usize| {
            let mut counts: BTreeMap<&[u32], BTreeMap<u32, u64>> = BTreeMap::new();
            for (path, count) in &paths {
                let all = count.conversions.saturating_add(count.nulls);
                for at in 0..=path.len() {
                    let Some(context) = path.get(at.saturating_sub(order)..at) else { continue };
                    let row = counts.entry(context).or_default();
                    let mut add = |next: u32, more: u64| {
                        if more > 0 {
                            let count = row.entry(next).or_default();
                            *count = count.saturating_add(more);
                        }
                    };
                    if let Some(&next) = path.get(at) {
                        add(next, all);
                    } else {
                        add(ends, count.conversions);
                        add(ends + 1, count.nulls);
                    }
                }
            }
            let (mut log_likelihood, mut parameters, mut transitions) = (0.0, 0, 0_u64);
            for row in counts.values().filter(|row| !row.is_empty()) {
                let total: u64 = row.values().sum();
                parameters += row.len() as u64 - 1;
                transitions += total;
                log_likelihood += row.values().map(|&n| n as f64 * (n as f64 / total as f64).ln()).sum::<f64>();
            }
            let bic = parameters as f64 * (transitions.max(1) as f64).ln() - 2.0 * log_likelihood;
            ChainOrder { order, log_likelihood, parameters, transitions, bic }
        };
        Ok((1..=most).map(of_order).collect())
    }
}
