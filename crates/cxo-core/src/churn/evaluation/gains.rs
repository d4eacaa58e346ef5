//! How many of those who leave are among the customers with the greatest scores? Lift and cumulative gains by part.

use super::Ranking;
use crate::Error;

/// One part of the customers in the order of their scores.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Gain {
    /// Its number from the top, from 1.
    pub part: u32,
    /// The share of the customers in this part and those above, as asked for: number over number of parts.
    pub fraction: f64,
    /// Customers in this part.
    pub observations: f64,
    /// Those of them who left; not whole where customers of one score are on both sides of an edge.
    pub events: f64,
    /// events / observations.
    pub rate: f64,
    /// rate / share who left of all.
    pub lift: f64,
    /// The share of all who left that is in this part and those above.
    pub captured: f64,
    /// Lift of this part and those above.
    pub cumulative_lift: f64,
}

impl Ranking {
    /// Lift and gain by equal parts of the customers, the greatest scores first; 10 parts are deciles.
    ///
    /// The edge below part k is at the whole number of customers nearest to k n / parts (halves to even); with weights at just
    /// that weight. Customers of one score on both sides of an edge are divided in proportion, as they would be on average if
    /// the tie were broken by lot: the table does not depend on the order of rows. Formula page: `docs/formulas/gains.md`.
    ///
    /// ```
    /// use cxo_core::churn::evaluation::Ranking;
    ///
    /// let ranking = Ranking::new(&[true, false, true, false], &[0.9, 0.8, 0.7, 0.1])?;
    /// let halves = ranking.gains(2)?;
    /// assert_eq!((halves[0].captured, halves[0].lift, halves[1].captured), (0.5, 1.0, 1.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for no part or more parts than rows,
    /// [`ErrorKind::Degenerate`](crate::ErrorKind::Degenerate) if nobody left.
    ///
    /// # Complexity
    /// O(rows + parts).
    pub fn gains(&self, parts: u32) -> Result<Vec<Gain>, Error> {
        if parts == 0 || parts as usize > self.rows() {
            return Err(Error::input("parts", parts, format!("1 to {}", self.rows())));
        }
        let (left, stayed) = self.totals();
        if left == 0.0 {
            return Err(Error::degenerate("gains need customers who left"));
        }
        let all = left + stayed;
        let edge = |part: u32| {
            let exact = f64::from(part) * all / f64::from(parts);
            if self.is_weighted() { exact } else { exact.round_ties_even() }
        };
        let mut ties = self.ties();
        let mut tied = ties.next();
        // What is taken of the customers, and of those of the present score.
        let (mut taken, mut events_above, mut of_tied) = (0.0, 0.0, 0.0);
        let mut gains = Vec::with_capacity(parts as usize);
        for part in 1..=parts {
            let end = if part == parts { f64::INFINITY } else { edge(part) };
            let (above, mut events) = (taken, 0.0);
            while let Some(score) = tied {
                let size = score.left.sum + score.stayed.sum;
                let take = (size - of_tied).min(end - taken).max(0.0);
                events += score.left.sum * (take / size);
                taken += take;
                of_tied += take;
                if of_tied < size {
                    break;
                }
                (tied, of_tied) = (ties.next(), 0.0);
            }
            events_above += events;
            let observations = taken - above;
            let share = left / all;
            gains.push(Gain {
                part,
                fraction: f64::from(part) / f64::from(parts),
                observations,
                events,
                rate: events / observations,
                lift: events / observations / share,
                captured: (events_above / left).min(1.0),
                cumulative_lift: events_above / taken / share,
            });
        }
        Ok(gains)
    }
}
