//! Who is at risk at each duration of a table? Called by every curve and test.

use super::super::interval::WeightMeaning;
use super::{EventTable, Mass};
use crate::numeric::sum::Sum;

/// What happens at one time.
#[derive(Debug, Clone, Copy)]
pub(in crate::churn::survival) struct RiskSet {
    /// Place in the table.
    pub(in crate::churn::survival) index: usize,
    pub(in crate::churn::survival) time: f64,
    /// Just before it.
    pub(in crate::churn::survival) at_risk: Mass,
    pub(in crate::churn::survival) left: Mass,
    pub(in crate::churn::survival) censored: Mass,
}

impl RiskSet {
    /// Whether this is the duration of anyone, and not only a time of entry.
    pub(in crate::churn::survival) const fn is_duration(&self) -> bool {
        self.left.rows + self.censored.rows > 0
    }

    /// At risk and left by weight, and the number of independent customers that the risk set is worth.
    pub(in crate::churn::survival) fn sizes(&self, meaning: WeightMeaning) -> Sizes {
        let Mass { weight, square, .. } = self.at_risk;
        let worth = match meaning {
            WeightMeaning::Frequency => weight,
            WeightMeaning::Sampling => weight * weight / square,
        };
        Sizes { at_risk: weight, left: self.left.weight, worth }
    }

    /// Whether everyone at risk leaves.
    pub(in crate::churn::survival) const fn is_last(&self) -> bool {
        self.at_risk.rows == self.left.rows
    }
}

/// The numbers that formulae divide.
#[derive(Debug, Clone, Copy)]
pub(in crate::churn::survival) struct Sizes {
    pub(in crate::churn::survival) at_risk: f64,
    pub(in crate::churn::survival) left: f64,
    pub(in crate::churn::survival) worth: f64,
}

/// Walks along a table with those at risk.
#[derive(Debug, Clone)]
pub(in crate::churn::survival) struct Walk<'a> {
    table: &'a EventTable,
    next: usize,
    rows: u64,
    weight: Sum,
    square: Sum,
}

impl EventTable {
    pub(in crate::churn::survival) fn walk(&self) -> Walk<'_> {
        let Mass { rows, weight, square } = self.present;
        let [weight, square] = [weight, square].map(|start| std::iter::once(start).collect());
        Walk { table: self, next: 0, rows, weight, square }
    }
}

impl Walk<'_> {
    /// At risk now, and the place of the next time after `time`.
    pub(super) fn after(mut self, time: f64) -> (Mass, usize) {
        while self.table.times.get(self.next).is_some_and(|&next| next <= time) {
            self.next();
        }
        (self.at_risk(), self.next)
    }

    fn at_risk(&self) -> Mass {
        if self.table.weighted && self.rows > 0 {
            Mass { rows: self.rows, weight: self.weight.value(), square: self.square.value() }
        } else {
            Mass { rows: self.rows, weight: self.rows as f64, square: self.rows as f64 }
        }
    }

    /// What happens at the next time of the table.
    fn peek(&self) -> Option<RiskSet> {
        let (table, index) = (self.table, self.next);
        let time = *table.times.get(index)?;
        let (left, censored) = (table.left.at(index), table.censored.at(index));
        let mut at_risk = self.at_risk();
        if table.weighted {
            // Sums of weights may have lost digits; those at risk are no fewer than those who go.
            at_risk.weight = at_risk.weight.max(left.weight + censored.weight);
            at_risk.square = at_risk.square.max(left.square + censored.square);
            if at_risk.rows == left.rows {
                (at_risk.weight, at_risk.square) = (left.weight, left.square);
            }
        }
        Some(RiskSet { index, time, at_risk, left, censored })
    }

    /// Those at risk just before a time that is not before the last one asked, and those who leave at it.
    pub(in crate::churn::survival) fn to(&mut self, time: f64) -> [Mass; 2] {
        while self.table.times.get(self.next).is_some_and(|&next| next < time) {
            self.next();
        }
        match self.peek().filter(|set| set.time == time) {
            Some(set) => [set.at_risk, set.left],
            None => [self.at_risk(), Mass::default()],
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = RiskSet;

    fn next(&mut self) -> Option<RiskSet> {
        let set = self.peek()?;
        let entered = self.table.entered.at(self.next);
        self.next += 1;
        self.rows = (self.rows + entered.rows).saturating_sub(set.left.rows + set.censored.rows);
        if self.table.weighted {
            for (mass, sign) in [(set.left, -1.0), (set.censored, -1.0), (entered, 1.0)] {
                self.weight.add(sign * mass.weight);
                self.square.add(sign * mass.square);
            }
        }
        Some(set)
    }
}
