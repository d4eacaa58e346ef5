//! Which weights make a sample agree with known totals of its population?
//!
//! State: none; base weights and the categories of each row come in, new weights go out. Whoever prepares a weighted survey
//! calls it before any metric is asked.

mod margin;

pub use margin::Margin;

use std::collections::HashMap;

use crate::{
    Error,
    numeric::sum::Sum,
    stats::design::{Weights, check_weights},
};

/// What the bounds of a [`WeightBounds`] are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum BoundBase {
    /// The base weight of the row, scaled so that all base weights sum to the total.
    BaseWeight,
    /// The mean of the new weights.
    MeanWeight,
}

/// How far a new weight may be from its base: `lower × base <= weight <= upper × base`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightBounds {
    lower: f64,
    upper: f64,
    base: BoundBase,
}

impl WeightBounds {
    /// At most `cap` times the base, without a lower bound.
    ///
    /// # Errors
    /// As for [`WeightBounds::between`].
    pub fn at_most(cap: f64, base: BoundBase) -> Result<Self, Error> {
        Self::between(0.0..=cap, base)
    }

    /// Within a range of ratios.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) unless `0 <= lower <= 1 <= upper`, finite, and `lower < upper`.
    pub fn between(ratios: std::ops::RangeInclusive<f64>, base: BoundBase) -> Result<Self, Error> {
        let (lower, upper) = ratios.into_inner();
        if (0.0..=1.0).contains(&lower) && upper >= 1.0 && upper.is_finite() && lower < upper {
            Ok(Self { lower, upper, base })
        } else {
            let allowed = "0 <= lower <= 1 <= upper, lower < upper";
            Err(Error::input("bounds of weights", format!("{lower} to {upper}"), allowed))
        }
    }
}

/// Options of [`rake`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RakeOptions {
    tolerance: f64,
    max_iterations: u64,
    bounds: Option<WeightBounds>,
}

impl Default for RakeOptions {
    /// Margins met to a relative 1e-12 within 10,000 iterations, weights not bounded.
    fn default() -> Self {
        Self { tolerance: 1e-12, max_iterations: 10_000, bounds: None }
    }
}

impl RakeOptions {
    /// The greatest relative distance of a weighted total from its target.
    #[must_use]
    pub const fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// The most passes over all margins.
    #[must_use]
    pub const fn max_iterations(self, max_iterations: u64) -> Self {
        Self { max_iterations, ..self }
    }

    /// Trims the weights: bounded ones stay at their bound and the others carry the rest.
    #[must_use]
    pub const fn bounds(self, bounds: WeightBounds) -> Self {
        Self { bounds: Some(bounds), ..self }
    }
}

/// Weights that agree with the targets.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Raked {
    /// The new weight of each row.
    pub weights: Vec<f64>,
    /// Passes over all margins.
    pub iterations: u64,
    /// Kish's design effect of the new weights, n Σw² / (Σw)².
    pub design_effect: f64,
    /// The greatest relative distance of a weighted total from its target.
    pub max_margin_error: f64,
    /// How many weights stand at a bound.
    pub trimmed: u64,
}

/// Raking (iterative proportional fitting): multiplies the weights by one factor for each category of each margin, in
/// turn, until every weighted total meets its target. Of all weights that meet the targets these are the closest to the
/// base weights in the sense of least discrimination information, Σ w ln(w / base).
///
/// With bounds each factor is solved with the weights held at their bounds, so that trimmed weight is redistributed and
/// the targets still hold exactly (the truncated multiplicative method of Deville and Särndal 1992).
///
/// ```
/// use cxo_core::stats::raking::{Margin, RakeOptions, rake};
///
/// let region = Margin::new("region", ["n", "n", "s", "s"], [("n", 50.0), ("s", 50.0)])?;
/// let age = Margin::new("age", ["young", "old", "young", "old"], [("young", 30.0), ("old", 70.0)])?;
/// let raked = rake(&[1.0; 4], &[region, age], &RakeOptions::default())?;
/// assert!(raked.weights.iter().zip([15.0, 35.0, 15.0, 35.0]).all(|(found, wanted)| (found - wanted).abs() < 1e-9));
/// assert_eq!(raked.iterations, 1);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/raking.md`.
///
/// # Errors
/// - [`ErrorKind::NoData`](crate::ErrorKind::NoData) without rows or margins.
/// - [`ErrorKind::Input`](crate::ErrorKind::Input) for a base weight that is not positive and finite.
/// - [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible) if the columns differ in length, or the totals of the
///   margins differ by more than a relative 1e-9.
/// - [`ErrorKind::NotIdentified`](crate::ErrorKind::NotIdentified) if the bounds leave a category no way to its target.
/// - [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged), naming the worst category, if the targets are not met
///   after the most iterations, or earlier if the passes no longer bring them closer: then they contradict each other in
///   this sample, because combinations of categories that they need are missing.
///
/// # Complexity
/// O(rows) once and O(different combinations of categories × margins) an iteration; with bounds against the mean weight,
/// different base weights count as different combinations.
///
/// Reference: Deming and Stephan (1940), <https://doi.org/10.1214/aoms/1177731829>; Deville, Särndal and Sautory (1993),
/// <https://doi.org/10.1080/01621459.1993.10476369>.
pub fn rake(base: &[f64], margins: &[Margin], options: &RakeOptions) -> Result<Raked, Error> {
    check_weights(base)?;
    let total = common_total(base.len(), margins)?;
    // Refuses weights whose sum leaves the range.
    base.iter().copied().collect::<Weights>().effective_n()?;
    let rows = Groups::of(base, margins, options.bounds);
    let mut raking = Raking::new(rows, margins, total, base, options.bounds);
    let iterations = raking.run(options)?;
    let weights: Vec<f64> = raking.row_weights(base);
    let trimmed = raking.trimmed();
    let max_margin_error = raking.worst().error;
    let design_effect = weights.iter().copied().collect::<Weights>().design_effect()?;
    Ok(Raked { weights, iterations, design_effect, max_margin_error, trimmed })
}

/// Post-stratification: scales the weights of each cell to the size that the cell has in the population.
///
/// ```
/// use cxo_core::stats::raking::{Margin, post_stratify};
/// let cells = Margin::new("cell", ["a", "b", "b"], [("a", 30.0), ("b", 10.0)])?;
/// assert_eq!(post_stratify(&[1.0, 1.0, 3.0], &cells)?.weights, [30.0, 2.5, 7.5]);
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// An empty cell is refused when the [`Margin`] is made: its members cannot be represented; merge it with a similar one.
///
/// # Errors
/// As for [`rake`] with one margin, which always converges.
///
/// Reference: Holt and Smith (1979), <https://doi.org/10.2307/2344652>.
pub fn post_stratify(base: &[f64], cells: &Margin) -> Result<Raked, Error> {
    rake(base, std::slice::from_ref(cells), &RakeOptions::default())
}

/// The total of the population that all margins agree on.
fn common_total(rows: usize, margins: &[Margin]) -> Result<f64, Error> {
    let first = margins.first().ok_or_else(|| Error::no_data("raking without margins"))?;
    for margin in margins {
        if margin.categories().len() != rows {
            return Err(Error::incompatible(format!(
                "{} rows of margin {} and {rows} weights",
                margin.categories().len(),
                margin.name()
            )));
        }
        if (margin.total() - first.total()).abs() > 1e-9 * first.total() {
            return Err(Error::incompatible(format!(
                "the targets of {} sum to {} and those of {} to {}",
                first.name(),
                first.total(),
                margin.name(),
                margin.total()
            )));
        }
    }
    if first.total().is_finite() { Ok(first.total()) } else { Err(Error::overflow("sum of the targets")) }
}

/// Rows that raking treats alike: the same categories, and the same base weight where bounds make it matter.
struct Groups {
    /// The group of each row.
    of_row: Vec<u32>,
    /// A row of each group.
    example: Vec<usize>,
}

impl Groups {
    fn of(base: &[f64], margins: &[Margin], bounds: Option<WeightBounds>) -> Self {
        let mut groups = Self { of_row: vec![0; base.len()], example: vec![0] };
        if bounds.is_some_and(|bounds| bounds.base == BoundBase::MeanWeight) {
            groups.refine(base.iter().map(|weight| weight.to_bits()));
        }
        for margin in margins {
            groups.refine(margin.categories().iter().map(|category| u64::from(*category)));
        }
        groups
    }

    /// Splits the groups by one more column; ids follow the order of first appearance.
    fn refine(&mut self, column: impl Iterator<Item = u64>) {
        let mut ids: HashMap<(u32, u64), u32> = HashMap::new();
        self.example.clear();
        for (row, (group, key)) in self.of_row.iter_mut().zip(column).enumerate() {
            let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            *group = *ids.entry((*group, key)).or_insert_with(|| {
                self.example.push(row);
                next
            });
        }
    }
}

/// The weight of one group of rows during raking.
#[derive(Clone, Copy)]
struct Cell {
    /// Base weight × all factors so far, before it is held at the bounds.
    free: f64,
    lower: f64,
    upper: f64,
}

impl Cell {
    fn weight(self, factor: f64) -> f64 {
        (self.free * factor).clamp(self.lower, self.upper)
    }

    fn is_free(self, factor: f64) -> bool {
        self.lower < self.free * factor && self.free * factor < self.upper
    }
}

/// How far a category is from its target.
#[derive(Clone, Copy, Default)]
struct Miss<'a> {
    error: f64,
    reached: f64,
    target: f64,
    place: Option<(&'a Margin, usize)>,
}

impl std::fmt::Display for Miss<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((margin, category)) = self.place else { return Ok(()) };
        let label = margin.label(category);
        write!(f, "{} \"{label}\" is at {}, its target is {}", margin.name(), self.reached, self.target)
    }
}

struct Raking<'a> {
    groups: Groups,
    margins: &'a [Margin],
    cells: Vec<Cell>,
    /// For each margin the cells of each category.
    members: Vec<Vec<Vec<u32>>>,
    start: Vec<f64>,
}

impl<'a> Raking<'a> {
    fn new(groups: Groups, margins: &'a [Margin], total: f64, base: &[f64], bounds: Option<WeightBounds>) -> Self {
        let mut sums = vec![Sum::default(); groups.example.len()];
        let mut counts = vec![0_u64; groups.example.len()];
        for (&group, &weight) in groups.of_row.iter().zip(base) {
            if let (Some(sum), Some(count)) = (sums.get_mut(group as usize), counts.get_mut(group as usize)) {
                sum.add(weight);
                *count += 1;
            }
        }
        let scale = total / base.iter().copied().collect::<Sum>().value();
        let cells: Vec<Cell> = sums
            .iter()
            .zip(&counts)
            .map(|(sum, count)| {
                let free = sum.value() * scale;
                let reference = match bounds.map(|bounds| bounds.base) {
                    Some(BoundBase::MeanWeight) => total / base.len() as f64 * *count as f64,
                    _ => free,
                };
                bounds.map_or(Cell { free, lower: 0.0, upper: f64::INFINITY }, |bounds| Cell {
                    free,
                    lower: bounds.lower * reference,
                    upper: bounds.upper * reference,
                })
            })
            .collect();
        let members = margins
            .iter()
            .map(|margin| {
                let mut members = vec![Vec::new(); margin.totals.len()];
                for (id, row) in (0_u32..).zip(&groups.example) {
                    let category = margin.categories().get(*row).map_or(0, |category| *category as usize);
                    if let Some(members) = members.get_mut(category) {
                        members.push(id);
                    }
                }
                members
            })
            .collect();
        let start = sums.into_iter().map(Sum::value).collect();
        Self { groups, margins, cells, members, start }
    }

    /// Passes over the margins until all targets hold.
    fn run(&mut self, options: &RakeOptions) -> Result<u64, Error> {
        let (mut checked_at, mut checked_error) = (512, f64::INFINITY);
        for iteration in 1..=options.max_iterations {
            for margin in 0..self.margins.len() {
                self.fit(margin)?;
            }
            let worst = self.worst();
            if worst.error <= options.tolerance {
                return Ok(iteration);
            }
            if iteration == checked_at {
                // Even a limit with vanishing weights is approached like 1 / iterations, which halves here.
                // Distances near the last digits are those of rounding.
                if worst.error > 0.98 * checked_error && worst.error > 1e-9 {
                    let missing = "; the targets contradict each other in this sample";
                    return Err(Error::not_converged(format!("{worst}{missing}"), iteration));
                }
                (checked_at, checked_error) = (checked_at * 2, worst.error);
            }
        }
        Err(Error::not_converged(self.worst().to_string(), options.max_iterations))
    }

    /// Multiplies every category of a margin by the factor that meets its target.
    fn fit(&mut self, index: usize) -> Result<(), Error> {
        let (Some(margin), Some(members)) = (self.margins.get(index), self.members.get(index)) else { return Ok(()) };
        for (category, (cells, &target)) in members.iter().zip(&margin.totals).enumerate() {
            let factor = self.factor(cells, target).ok_or_else(|| {
                let about = margin.about("target", margin.label(category));
                Error::not_identified(format!("{about}, {target}, cannot be reached within the bounds of the weights"))
            })?;
            for &cell in cells {
                if let Some(cell) = self.cells.get_mut(cell as usize) {
                    cell.free *= factor;
                }
            }
        }
        Ok(())
    }

    /// The factor at which the bounded weights of `cells` sum to `target`. The sum is piecewise linear and never falls,
    /// so Newton's steps end on the right piece; those that leave the bracket are replaced by its geometric middle.
    fn factor(&self, cells: &[u32], target: f64) -> Option<f64> {
        let cells = || cells.iter().filter_map(|&id| self.cells.get(id as usize)).copied();
        let sum = |factor: f64| cells().map(|cell| cell.weight(factor)).collect::<Sum>().value();
        let bound = |of: fn(Cell) -> f64| cells().map(of).collect::<Sum>().value();
        let slack = 1e-14 * target;
        if bound(|cell| cell.lower) > target + slack || bound(|cell| cell.upper) < target - slack {
            return None;
        }
        let (mut low, mut high, mut factor) = (f64::MIN_POSITIVE, f64::MAX, 1.0);
        for _ in 0..200 {
            let (reached, slope) = (
                sum(factor),
                cells().filter(|cell| cell.is_free(factor)).map(|cell| cell.free).collect::<Sum>().value(),
            );
            if (reached - target).abs() <= slack {
                break;
            }
            *(if reached < target { &mut low } else { &mut high }) = factor;
            let newton = factor + (target - reached) / slope;
            let next = if newton > low && newton < high { newton } else { low.sqrt() * high.sqrt() };
            if next == factor {
                break;
            }
            factor = next;
        }
        Some(factor)
    }

    /// The category at the greatest relative distance from its target.
    fn worst(&self) -> Miss<'a> {
        let categories = self.margins.iter().zip(&self.members).flat_map(|(margin, members)| {
            members.iter().zip(&margin.totals).enumerate().map(move |(category, (cells, &target))| {
                let weights = cells.iter().filter_map(|&id| self.cells.get(id as usize)).map(|cell| cell.weight(1.0));
                let reached = weights.collect::<Sum>().value();
                Miss { error: (reached / target - 1.0).abs(), reached, target, place: Some((margin, category)) }
            })
        });
        categories.fold(Miss::default(), |worst, miss| if miss.error > worst.error { miss } else { worst })
    }

    fn row_weights(&self, base: &[f64]) -> Vec<f64> {
        // Rows of a group share its weight in proportion to their base weights.
        let ratios: Vec<f64> =
            self.cells.iter().zip(&self.start).map(|(cell, start)| cell.weight(1.0) / start).collect();
        let ratio = |group: u32| ratios.get(group as usize).copied().unwrap_or_default();
        self.groups.of_row.iter().zip(base).map(|(&group, weight)| weight * ratio(group)).collect()
    }

    fn trimmed(&self) -> u64 {
        let held: Vec<bool> = self.cells.iter().map(|cell| !cell.is_free(1.0)).collect();
        self.groups.of_row.iter().filter(|&&group| held.get(group as usize).copied().unwrap_or_default()).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use proptest::prelude::*;

    const LABELS: [&str; 4] = ["a", "b", "c", "d"];

    fn reached(raked: &Raked, margin: &Margin, category: u32) -> f64 {
        let rows = raked.weights.iter().zip(margin.categories());
        rows.filter(|(_, of)| **of == category).map(|(weight, _)| weight).sum()
    }

    #[test]
    fn says_what_is_wrong_with_a_margin() {
        type Case<'a> = (&'a [&'a str], &'a [(&'a str, f64)], &'a str);
        let cases: [Case<'_>; 5] = [
            (&["a", "b"], &[("a", 1.0)], "row 1: sex is \"b\", allowed: a category with a target: a"),
            (&["a"], &[("a", 1.0), ("b", 2.0)], "target of sex \"b\" is 2, allowed: a category that the sample has"),
            (&["a"], &[("a", 0.0)], "target of sex \"a\" is 0, allowed: a positive finite number"),
            (&["a"], &[("a", f64::NAN)], "target of sex \"a\" is NaN, allowed: a positive finite number"),
            (&["a"], &[("a", 1.0), ("a", 1.0)], "target of sex \"a\" is 1, allowed: one target for each category"),
        ];
        for (labels, totals, message) in cases {
            let error = Margin::new("sex", labels.iter().copied(), totals.iter().copied()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn refuses_margins_that_do_not_belong_together() {
        let sex = Margin::new("sex", ["f", "m"], [("f", 10.0), ("m", 10.0)]).unwrap();
        let age = Margin::new("age", ["x", "y"], [("x", 10.0), ("y", 11.0)]).unwrap();
        let options = RakeOptions::default();
        let error = rake(&[1.0; 2], &[sex.clone(), age], &options).unwrap_err();
        assert_eq!(error.to_string(), "incompatible: the targets of sex sum to 20 and those of age to 21");
        assert_eq!(rake(&[1.0; 3], std::slice::from_ref(&sex), &options).unwrap_err().kind(), ErrorKind::Incompatible);
        assert_eq!(rake(&[1.0; 2], &[], &options).unwrap_err().kind(), ErrorKind::NoData);
        assert_eq!(rake(&[1.0, 0.0], &[sex], &options).unwrap_err().row(), Some(1));
    }

    #[test]
    fn contradicting_targets_do_not_converge() {
        // Everyone in y is b, so y cannot be greater than b.
        let first = Margin::new("first", ["a", "b", "b"], [("a", 60.0), ("b", 40.0)]).unwrap();
        let second = Margin::new("second", ["x", "x", "y"], [("x", 50.0), ("y", 50.0)]).unwrap();
        let error = rake(&[1.0; 3], &[first, second], &RakeOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConverged);
        assert!(error.to_string().contains("first \"b\" is at 50, its target is 40"), "{error}");
        assert!(error.to_string().contains("contradict"), "{error}");
    }

    #[test]
    fn says_where_it_stopped() {
        let first = Margin::new("first", ["a", "a", "b"], [("a", 2.0), ("b", 1.0)]).unwrap();
        let second = Margin::new("second", ["x", "y", "y"], [("x", 1.5), ("y", 1.5)]).unwrap();
        let options = RakeOptions::default().max_iterations(1);
        let error = rake(&[1.0; 3], &[first, second], &options).unwrap_err();
        assert!(error.to_string().starts_with("not converged after 1 iterations: first"), "{error}");
    }

    #[test]
    fn trims_at_the_bounds_and_still_meets_the_targets() {
        let labels: Vec<&str> = (0..40).map(|row| if row < 4 { "a" } else { "b" }).collect();
        let others: Vec<&str> = (0..40).map(|row| if row % 3 == 0 { "x" } else { "y" }).collect();
        let margins = [
            Margin::new("first", labels, [("a", 10.0), ("b", 30.0)]).unwrap(),
            Margin::new("second", others, [("x", 20.0), ("y", 20.0)]).unwrap(),
        ];
        let free = rake(&[1.0; 40], &margins, &RakeOptions::default()).unwrap();
        let greatest = free.weights.iter().copied().fold(0.0, f64::max);
        for base in [BoundBase::BaseWeight, BoundBase::MeanWeight] {
            let bounds = WeightBounds::at_most(0.9 * greatest, base).unwrap();
            let bounded = rake(&[1.0; 40], &margins, &RakeOptions::default().bounds(bounds)).unwrap();
            assert!(bounded.weights.iter().all(|weight| *weight <= 0.9 * greatest * (1.0 + 1e-12)));
            assert_eq!((free.trimmed, bounded.trimmed), (0, 2));
            assert!(bounded.design_effect < free.design_effect && bounded.max_margin_error <= 1e-12);
        }
        let bounds = WeightBounds::between(0.5..=1.5, BoundBase::BaseWeight).unwrap();
        let error = rake(&[1.0; 40], &margins, &RakeOptions::default().bounds(bounds)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotIdentified);
        assert!(error.to_string().contains("target of first \"a\", 10, cannot be reached"), "{error}");
    }

    #[test]
    fn refuses_bounds_that_hold_no_weight() {
        for (lower, upper) in [(-0.1, 2.0), (1.1, 2.0), (0.0, 0.9), (0.0, f64::INFINITY), (1.0, 1.0), (f64::NAN, 2.0)] {
            assert!(WeightBounds::between(lower..=upper, BoundBase::BaseWeight).is_err(), "{lower} {upper}");
        }
    }

    proptest! {
        /// Targets that some weights meet are met, in any order of the rows, and scaling the base changes nothing.
        #[test]
        fn meets_reachable_targets(
            rows in prop::collection::vec((0_usize..3, 0_usize..4, 0.2..5.0_f64, 0.2..5.0_f64), 1..80),
            scale in 0.01..100.0_f64,
        ) {
            let margin = |name: &str, of: fn(&(usize, usize, f64, f64)) -> usize| {
                let mut totals = [0.0; 4];
                for row in &rows {
                    totals[of(row)] += row.3;
                }
                let targets = LABELS.into_iter().zip(totals).filter(|(_, total)| *total > 0.0);
                Margin::new(name, rows.iter().map(|row| LABELS[of(row)]), targets).unwrap()
            };
            let margins = [margin("first", |row| row.0), margin("second", |row| row.1)];
            let base: Vec<f64> = rows.iter().map(|row| row.2).collect();
            let scaled: Vec<f64> = base.iter().map(|weight| weight * scale).collect();
            let raked = rake(&base, &margins, &RakeOptions::default()).unwrap();
            for margin in &margins {
                for (category, (_, target)) in (0..).zip(margin.targets()) {
                    prop_assert!((reached(&raked, margin, category) / target - 1.0).abs() <= 2e-12);
                }
            }
            let again = rake(&scaled, &margins, &RakeOptions::default()).unwrap();
            for (one, other) in raked.weights.iter().zip(&again.weights) {
                prop_assert!((one / other - 1.0).abs() < 1e-9);
            }
        }
    }
}
