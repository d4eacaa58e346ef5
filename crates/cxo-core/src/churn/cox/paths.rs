//! What the risk sets look like at each moment: means, and how they add up over time. For questions after the fit.

use super::evaluation::Evaluation;

/// Vectors by moment, one after the other; rates as they are scaled in the evaluation.
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) columns: usize,
    /// The mean covariates of those at risk, over the ties of the moment.
    means: Vec<f64>,
    /// Σ v m / denominator over the ties, summed over the moments of the stratum up to each.
    drift: Vec<f64>,
    /// Σ v φ m / denominator: the part of it from which those who leave are spared. Empty where no ties are told apart.
    spared: Vec<f64>,
}

impl Paths {
    /// O(n p), and as much memory as there are moments times columns.
    pub(super) fn new(evaluation: &Evaluation) -> Self {
        let sets = evaluation.sets;
        let (columns, moments) = (sets.design.columns(), sets.moments.len());
        let ties = evaluation.denominators.iter().any(|sums| sums.b > 0.0);
        let (mut means, mut drift) = (Vec::with_capacity(columns * moments), Vec::with_capacity(columns * moments));
        let mut spared = Vec::with_capacity(if ties { columns * moments } else { 0 });
        evaluation.visit_moments(&mut |_| (), |number, at_risk, leaving| {
            let sums = evaluation.denominators[number];
            let form = |s: f64, t: f64| move |(at_risk, leaving): (&f64, &f64)| s * at_risk - t * leaving;
            means.extend(at_risk.iter().zip(leaving).map(form(sums.p, sums.q)));
            drift.extend(at_risk.iter().zip(leaving).map(form(sums.a, sums.b)));
            if ties {
                spared.extend(at_risk.iter().zip(leaving).map(form(sums.b, sums.c)));
            }
        });
        for stratum in &sets.strata {
            for moment in stratum.moments.clone().rev().skip(1) {
                let (this, before) = drift[moment * columns..(moment + 2) * columns].split_at_mut(columns);
                this.iter_mut().zip(before).for_each(|(sum, before)| *sum += *before);
            }
        }
        Self { columns, means, drift, spared }
    }

    pub(super) fn mean(&self, moment: usize) -> &[f64] {
        self.of(&self.means, moment)
    }

    pub(super) fn drift(&self, moment: usize) -> &[f64] {
        self.of(&self.drift, moment)
    }

    /// Empty where no ties are told apart.
    pub(super) fn spared(&self, moment: usize) -> &[f64] {
        if self.spared.is_empty() { &[] } else { self.of(&self.spared, moment) }
    }

    fn of<'a>(&self, vectors: &'a [f64], moment: usize) -> &'a [f64] {
        &vectors[moment * self.columns..(moment + 1) * self.columns]
    }
}
