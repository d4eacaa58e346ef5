//! What does the model expect of a customer who differs in some inputs, and how small a difference brings a risk under a limit?
//! Both are associations: what is seen in customers who are so, not what would follow from making a customer so.

use std::fmt;

use super::churn_model::ChurnModel;
use super::feature::{Change, Encoding, Feature, Numeric, Shape};
use super::risk_model::{AdditiveModel, RiskModel};
use super::score::{Limits, Risk};
use super::table::Value;
use crate::numeric::root::brent;
use crate::{Error, Probability};

/// How every prediction after a change of inputs is to be read.
pub const ASSOCIATION: &str = "A prediction for a customer who differs in these inputs: an association in the data, not the effect \
                               of changing them.";

/// Two predictions: for a customer as he is, and for one who differs from him in some inputs.
///
/// The difference is an association, see [`ASSOCIATION`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct WhatIf {
    /// The risk of the customer as he is.
    pub before: Risk,
    /// The risk of one who differs.
    pub after: Risk,
}

impl WhatIf {
    /// How it is to be read: [`ASSOCIATION`].
    #[must_use]
    pub const fn reading(&self) -> &'static str {
        ASSOCIATION
    }
}

/// A value that a feature has or would have.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// It is missing.
    Missing,
    /// A number.
    Number(f64),
    /// A level.
    Level(String),
}

impl Setting {
    /// As a value of a row.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        match self {
            Self::Missing => Value::Missing,
            Self::Number(number) => Value::Number(*number),
            Self::Level(level) => Value::Text(level),
        }
    }
}

impl From<Value<'_>> for Setting {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Missing => Self::Missing,
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::Level(text.to_owned()),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

/// One feature that would differ.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The feature.
    pub feature: String,
    /// Its value now.
    pub from: Setting,
    /// Its value then.
    pub to: Setting,
    /// How far that is: population standard deviations of training for a number, 1 for another level of a category.
    pub distance: f64,
}

/// How the cheapest set of steps was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// No set of steps is shorter.
    Exact,
    /// Features were taken by the fall of log-odds for each unit of distance, the steepest first; a shorter set may exist.
    Greedy,
}

/// The smallest change under which the model's risk is at most a limit. An association, see [`ASSOCIATION`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SmallestChange {
    /// The risk is not above the limit as it is.
    NotNeeded {
        /// The probability as it is.
        probability: f64,
    },
    /// It can be reached.
    Found {
        /// For each feature that suffices alone the smallest step, the shortest first.
        alone: Vec<Step>,
        /// The shortest set of steps that was found: their distances are added.
        together: Vec<Step>,
        /// The probability after them.
        probability: f64,
        /// Whether a shorter set can exist.
        search: Search,
    },
    /// It cannot be reached with the features that may be changed.
    OutOfReach {
        /// The probability with each of them where it lowers the risk most.
        lowest: f64,
    },
    /// No feature of the schema may be changed.
    NothingMayChange,
}

impl SmallestChange {
    /// How it is to be read: [`ASSOCIATION`].
    #[must_use]
    pub const fn reading(&self) -> &'static str {
        ASSOCIATION
    }
}

impl<M: RiskModel> ChurnModel<M> {
    /// The prediction for a customer as he is and for one who differs from him in these features, named with their values. Any
    /// feature may be named here.
    ///
    /// # Errors
    /// Those of [`score`](Self::score); [`ErrorKind::Input`](crate::ErrorKind::Input) for a feature that is not there.
    pub fn what_if(&self, row: &[Value<'_>], changes: &[(&str, Value<'_>)], limits: &Limits) -> Result<WhatIf, Error> {
        let before = self.score(row, limits)?;
        let mut changed = row.to_vec();
        for (name, value) in changes {
            let place = self.schema().place(name)?;
            changed.iter_mut().skip(place).take(1).for_each(|own| *own = *value);
        }
        Ok(WhatIf { before, after: self.score(&changed, limits)? })
    }
}

impl<M: AdditiveModel> ChurnModel<M> {
    /// The smallest change, among the features that the schema says may be changed, after which the probability is at most
    /// `limit`.
    ///
    /// Of one feature it is exact: for a number that acts in proportion x - (excess of log-odds) / slope; for bins the nearest
    /// edge; for a category the level that suffices and lowers the risk least (all are at distance 1); for a spline the nearest
    /// crossing on a grid of 64 parts between its knots and bounds, refined by root search. Of several features the sum of
    /// distances is made small by taking them in the order of the fall of log-odds for each unit of distance: exact where only
    /// numbers in proportion are taken (the fractional knapsack of Dantzig 1957), greedy else.
    ///
    /// # Errors
    /// Those of [`score`](Self::score); [`ErrorKind::Input`](crate::ErrorKind::Input) for a limit of 0 or 1.
    ///
    /// # Complexity
    /// O(features × terms).
    pub fn smallest_change(&self, row: &[Value<'_>], limit: Probability) -> Result<SmallestChange, Error> {
        if !(limit.get() > 0.0 && limit.get() < 1.0) {
            return Err(Error::input("limit of a risk", limit.get(), "between 0 and 1, both excluded"));
        }
        let before = self.score(row, &Limits::OMITTED)?;
        if before.probability <= limit.get() {
            return Ok(SmallestChange::NotNeeded { probability: before.probability });
        }
        let levers = self.levers(row)?;
        if levers.is_empty() {
            return Ok(SmallestChange::NothingMayChange);
        }
        let everything: Vec<Move> = levers.iter().filter_map(|lever| lever.farthest.clone()).collect();
        let lowest = self.after(row, &everything)?;
        if lowest > limit.get() {
            return Ok(SmallestChange::OutOfReach { lowest });
        }
        let excess = before.logit - self.greatest_logit(limit.get());
        let mut alone: Vec<Move> = Vec::new();
        for lever in &levers {
            let found = lever.smallest(excess).or_else(|| lever.farthest.clone());
            if let Some(step) =
                found.and_then(|step| self.nudged(row, &[], &step, limit.get()).transpose()).transpose()?
            {
                alone.push(step);
            }
        }
        alone.sort_by(|left, right| left.distance.total_cmp(&right.distance));
        let (mut together, mut search) = self.greedy(row, &levers, excess, limit.get())?;
        if let Some(one) = alone.first()
            && one.distance <= together.iter().map(|step| step.distance).sum()
        {
            together = vec![one.clone()];
        }
        if levers.iter().all(Lever::is_linear) {
            search = Search::Exact;
        }
        let probability = self.after(row, &together)?;
        let steps = |moves: Vec<Move>| moves.into_iter().map(|step| self.step(row, step)).collect();
        Ok(SmallestChange::Found { alone: steps(alone), together: steps(together), probability, search })
    }

    /// The features that may be changed, as they are.
    fn levers<'a>(&'a self, row: &[Value<'_>]) -> Result<Vec<Lever<'a, M>>, Error> {
        let mut levers = Vec::new();
        for (place, ((feature, span), value)) in self.schema().spans().zip(row).enumerate() {
            if let Some(change) = feature.may_change() {
                let mut lever = Lever {
                    model: self.model(),
                    feature,
                    place,
                    first: span.start,
                    change,
                    from: Setting::from(*value),
                    at: 0.0,
                    farthest: None,
                };
                lever.at = lever.contribution(&lever.from)?;
                lever.farthest = lever.find_farthest();
                levers.push(lever);
            }
        }
        Ok(levers)
    }

    /// The greatest log-odds whose probability is at most the limit, to the last bit.
    fn greatest_logit(&self, limit: f64) -> f64 {
        // Halved on the order of doubles: the probability never falls with the log-odds.
        let (mut low, mut high) = (ordered(-1e4), ordered(1e4));
        while low + 1 < high {
            let middle = low.midpoint(high);
            if self.probability(number(middle)) <= limit { low = middle } else { high = middle }
        }
        number(low)
    }

    /// The probability after some moves.
    fn after(&self, row: &[Value<'_>], moves: &[Move]) -> Result<f64, Error> {
        let mut changed = row.to_vec();
        for step in moves {
            changed.iter_mut().skip(step.place).take(1).for_each(|own| *own = step.to.value());
        }
        Ok(self.score(&changed, &Limits::OMITTED)?.probability)
    }

    /// The last move, taken by a few more last bits where rounding leaves the risk above the limit; nothing where it stays there.
    fn nudged(&self, row: &[Value<'_>], before: &[Move], step: &Move, limit: f64) -> Result<Option<Move>, Error> {
        let mut moves = before.to_vec();
        for bits in 0..40 {
            let to = match &step.to {
                Setting::Number(to) => Setting::Number(farther(*to, step.up, bits, step.end)),
                other => other.clone(),
            };
            moves.truncate(before.len());
            moves.push(Move { to, ..step.clone() });
            if self.after(row, &moves)? <= limit {
                return Ok(moves.pop());
            }
            if !matches!(step.to, Setting::Number(_)) {
                break;
            }
        }
        Ok(None)
    }

    fn greedy(
        &self,
        row: &[Value<'_>],
        levers: &[Lever<'_, M>],
        excess: f64,
        limit: f64,
    ) -> Result<(Vec<Move>, Search), Error> {
        let mut order: Vec<(&Lever<'_, M>, &Move)> =
            levers.iter().filter_map(|lever| Some((lever, lever.farthest.as_ref()?))).collect();
        order.sort_by(|(_, left), (_, right)| (right.fall / right.distance).total_cmp(&(left.fall / left.distance)));
        let (mut moves, mut left) = (Vec::new(), excess);
        for (lever, whole) in order {
            let part = if whole.fall >= left { lever.smallest(left) } else { None };
            let step = part.unwrap_or_else(|| whole.clone());
            left -= step.fall;
            if let Some(last) = self.nudged(row, &moves, &step, limit)? {
                moves.push(last);
                break;
            }
            moves.push(step);
        }
        Ok((moves, Search::Greedy))
    }

    fn step(&self, row: &[Value<'_>], step: Move) -> Step {
        let feature = self.schema().features().get(step.place).map_or("", Feature::name).to_owned();
        let from = row.get(step.place).map_or(Setting::Missing, |value| Setting::from(*value));
        Step { feature, from, to: step.to, distance: step.distance }
    }
}

/// A feature that may be changed.
struct Lever<'a, M> {
    model: &'a M,
    feature: &'a Feature,
    place: usize,
    /// The first of its terms.
    first: usize,
    change: &'a Change,
    from: Setting,
    /// What it contributes now.
    at: f64,
    /// The move that lowers the log-odds most, if any does.
    farthest: Option<Move>,
}

/// A new value of one feature.
#[derive(Debug, Clone)]
struct Move {
    place: usize,
    to: Setting,
    distance: f64,
    /// By how much the log-odds fall.
    fall: f64,
    /// Whether a number is raised.
    up: bool,
    /// How far it may be moved.
    end: f64,
}

impl<M: AdditiveModel> Lever<'_, M> {
    fn contribution(&self, setting: &Setting) -> Result<f64, Error> {
        let mut terms = vec![0.0; self.feature.count()];
        self.feature.encode(setting.value(), &mut terms)?;
        Ok(terms.iter().zip(self.first..).map(|(term, place)| self.model.contribution(place, *term)).sum())
    }

    /// By how much the log-odds fall at a number.
    fn fall_at(&self, x: f64) -> f64 {
        self.contribution(&Setting::Number(x)).map_or(0.0, |contribution| self.at - contribution)
    }

    fn is_linear(&self) -> bool {
        matches!(self.feature.encoding(), Encoding::Numeric(Numeric { shape: Shape::Linear, .. }))
    }

    fn numeric(&self) -> Option<(&Numeric, f64)> {
        match (self.feature.encoding(), &self.from) {
            (Encoding::Numeric(numeric), Setting::Number(from)) => Some((numeric, *from)),
            _ => None,
        }
    }

    fn to_number(&self, to: f64) -> Option<Move> {
        let (numeric, from) = self.numeric()?;
        let [lower, upper] = self.change.range(from, numeric.range);
        let distance = if numeric.deviation > 0.0 { (to - from).abs() / numeric.deviation } else { (to - from).abs() };
        let end = if to > from { upper } else { lower };
        Some(Move { place: self.place, to: Setting::Number(to), distance, fall: self.fall_at(to), up: to > from, end })
    }

    /// Moves to other levels, or to points of a number between which it has no turn that matters.
    fn candidates(&self) -> Vec<Move> {
        let moves: Vec<Move> = match self.feature.encoding() {
            Encoding::Categorical(categories) => {
                let other = |level: &&String| self.from.value() != Value::Text(level) && self.change.allows(level);
                let to = |level: &String| {
                    let to = Setting::Level(level.clone());
                    let fall = self.at - self.contribution(&to).ok()?;
                    Some(Move { place: self.place, to, distance: 1.0, fall, up: false, end: 0.0 })
                };
                categories.levels.iter().filter(other).filter_map(to).collect()
            }
            Encoding::Numeric(numeric) => {
                let Some((_, from)) = self.numeric() else { return Vec::new() };
                self.points(numeric, from).into_iter().filter_map(|point| self.to_number(point)).collect()
            }
        };
        moves.into_iter().filter(|step| step.fall > 0.0 && step.distance > 0.0).collect()
    }

    /// Where a number is tried.
    fn points(&self, numeric: &Numeric, from: f64) -> Vec<f64> {
        const PARTS: u32 = 64;
        let [lower, upper] = self.change.range(from, numeric.range);
        let mut points = vec![lower, upper];
        match &numeric.shape {
            Shape::Linear => {}
            Shape::Bins(bins) => points.extend(bins.edges().iter().flat_map(|edge| [*edge, edge.next_down()])),
            Shape::Spline(spline) => {
                let mut corners: Vec<f64> = spline.knots().iter().copied().chain([lower, from, upper]).collect();
                corners.sort_by(f64::total_cmp);
                for pair in corners.windows(2) {
                    if let [left, right] = pair {
                        points
                            .extend((0..=PARTS).map(|part| left + (right - left) * f64::from(part) / f64::from(PARTS)));
                    }
                }
            }
        }
        points.retain(|point| lower <= *point && *point <= upper);
        points
    }

    /// The move that lowers the log-odds most; of equal ones the nearest.
    fn find_farthest(&self) -> Option<Move> {
        let better = |best: Move, step: Move| {
            if step.fall > best.fall || (step.fall == best.fall && step.distance < best.distance) { step } else { best }
        };
        self.candidates().into_iter().reduce(better)
    }

    /// The nearest move that lowers the log-odds by at least so much; of equally near ones the one that lowers them least.
    fn smallest(&self, fall: f64) -> Option<Move> {
        let enough = self.candidates().into_iter().filter(|step| step.fall >= fall);
        let nearest = enough.reduce(|best, step| {
            let nearer = step.distance < best.distance || (step.distance == best.distance && step.fall < best.fall);
            if nearer { step } else { best }
        })?;
        let (Some((numeric, from)), Setting::Number(to)) = (self.numeric(), &nearest.to) else { return Some(nearest) };
        let exact = match &numeric.shape {
            Shape::Bins(_) => *to,
            Shape::Linear => from + (to - from) * (fall / nearest.fall),
            Shape::Spline(_) => {
                let short = self.points(numeric, from).into_iter().filter(|point| between(*point, from, *to));
                // The last point before it at which the fall does not suffice.
                let before = short
                    .filter(|point| self.fall_at(*point) < fall)
                    .fold(from, |last, point| if (point - from).abs() > (last - from).abs() { point } else { last });
                brent(|x| self.fall_at(x) - fall, before, *to).unwrap_or(*to)
            }
        };
        self.to_number(exact)
    }
}

fn between(point: f64, from: f64, to: f64) -> bool {
    from.min(to) <= point && point <= from.max(to)
}

/// Some last bits further, but not beyond the end.
fn farther(from: f64, up: bool, bits: u32, end: f64) -> f64 {
    if bits == 0 {
        return from;
    }
    let by = from.abs().max(f64::MIN_POSITIVE) * f64::EPSILON * 2.0_f64.powi(i32::try_from(bits).unwrap_or(i32::MAX));
    if up { (from + by).min(end) } else { (from - by).max(end) }
}

/// Doubles as integers in the same order.
fn ordered(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

fn number(ordered: i64) -> f64 {
    f64::from_bits(if ordered < 0 { i64::MIN.wrapping_sub(ordered) } else { ordered }.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_in_order() {
        let numbers = [-1e4, -3.5, -1e-300, 0.0, 1e-300, 2.0, 1e4];
        assert!(numbers.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
        assert!(numbers.iter().all(|own| number(ordered(*own)) == *own));
    }
}
