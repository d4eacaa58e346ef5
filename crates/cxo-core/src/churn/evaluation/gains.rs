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
        // Customers of whole scores and of the present one; those who left of whole scores, and up to the last edge.
        let (mut whole, mut of_tied, mut left_whole, mut left_above) = (0.0, 0.0, 0.0, 0.0);
        let mut gains = Vec::with_capacity(parts as usize);
        for part in 1..=parts {
            let end = if part == parts { f64::INFINITY } else { edge(part) };
            let (above, events_before) = (whole + of_tied, left_above);
            left_above = left_whole;
            while let Some(score) = tied {
                let size = score.left.sum + score.stayed.sum;
                of_tied = size.min(end - whole);
                left_above = left_whole + score.left.sum * (of_tied / size);
                if of_tied < size {
                    break;
                }
                whole += size;
                left_whole += score.left.sum;
                (left_above, of_tied, tied) = (left_whole, 0.0, ties.next());
            }
            let taken = whole + of_tied;
            let events = left_above - events_before;
            let observations = taken - above;
            let share = left / all;
            gains.push(Gain {
                part,
                fraction: f64::from(part) / f64::from(parts),
                observations,
                events,
                rate: events / observations,
                lift: events / observations / share,
                captured: (left_above / left).min(1.0),
                cumulative_lift: left_above / taken / share,
            });
        }
        Ok(gains)
    }
}
