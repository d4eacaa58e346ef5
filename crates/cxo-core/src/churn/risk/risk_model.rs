//! What every model of risk can do, so that one kind can take the place of another.

use crate::Absent;
use crate::churn::logistic::Logistic;

/// A model of the log-odds of an outcome, given the terms of a [`Schema`](super::Schema).
///
/// The trait is object-safe. Numbers that it is given are finite, and as many as it has terms.
pub trait RiskModel {
    /// The name in kebab-case, such as `logistic`.
    fn name(&self) -> &'static str;

    /// The names of the terms, in order.
    fn terms(&self) -> &[String];

    /// The log-odds to which the contributions are added: those of a customer with the mean of every term.
    fn base(&self) -> f64;

    /// The log-odds, and what each term adds to them beyond the base: base and contributions add up to them, to rounding.
    fn contributions(&self, terms: &[f64], contributions: &mut [f64]) -> f64;

    /// The variance of the log-odds from the uncertainty of the fit, or why there is none.
    ///
    /// # Errors
    /// [`Absent`] says why.
    fn variance(&self, terms: &[f64]) -> Result<f64, Absent>;

    /// The log-odds of many rows, given column by column: the same bits as those of [`contributions`](Self::contributions).
    fn logits(&self, columns: &[&[f64]], logits: &mut [f64]);
}

/// A model in which each term contributes on its own, whatever the others are.
///
/// Of such a model the smallest change that lowers a risk can be found feature by feature.
pub trait AdditiveModel: RiskModel {
    /// What a term of this value adds to the log-odds beyond the base; 0 for a term that is not there.
    fn contribution(&self, term: usize, value: f64) -> f64;
}

impl RiskModel for Logistic {
    fn name(&self) -> &'static str {
        "logistic"
    }

    fn terms(&self) -> &[String] {
        self.names()
    }

    fn base(&self) -> f64 {
        Self::base(self)
    }

    fn contributions(&self, terms: &[f64], contributions: &mut [f64]) -> f64 {
        let weighted = self.slopes().iter().zip(self.means()).zip(terms);
        weighted.zip(&mut *contributions).for_each(|(((slope, mean), term), to)| *to = slope * (term - mean));
        contributions.chunks(4).fold(Self::base(self), |sum, part| sum + total(part))
    }

    fn variance(&self, terms: &[f64]) -> Result<f64, Absent> {
        self.logit_variance(terms).unwrap_or(Err(Absent::NotDefined))
    }

    fn logits(&self, columns: &[&[f64]], logits: &mut [f64]) {
        logits.fill(Self::base(self));
        let lines = || self.slopes().iter().zip(self.means()).map(|(slope, mean)| move |x: &f64| slope * (x - mean));
        let lines: Vec<_> = lines().collect();
        for (columns, lines) in columns.chunks(4).zip(lines.chunks(4)) {
            if let ([a, b, c, d], [f, g, h, i]) = (columns, lines) {
                let rows = logits.iter_mut().zip(*a).zip(*b).zip(*c).zip(*d);
                rows.for_each(|((((logit, a), b), c), d)| *logit += (f(a) + g(b)) + (h(c) + i(d)));
                continue;
            }
            for (row, logit) in logits.iter_mut().enumerate() {
                let mut part = [0.0; 3];
                let known = columns.iter().zip(lines).map(|(column, line)| column.get(row).map_or(0.0, line));
                part.iter_mut().zip(known).for_each(|(to, value)| *to = value);
                *logit += total(part.get(..columns.len()).unwrap_or(&part));
            }
        }
    }
}

/// The sum of up to four: pairs first, so that no addition waits for the one before it, in a row as in columns.
fn total(part: &[f64]) -> f64 {
    match part {
        [a, b, c, d] => (a + b) + (c + d),
        part => part.iter().sum(),
    }
}

impl AdditiveModel for Logistic {
    fn contribution(&self, term: usize, value: f64) -> f64 {
        let known = self.slopes().get(term).zip(self.means().get(term));
        known.map_or(0.0, |(slope, mean)| slope * (value - mean))
    }
}
