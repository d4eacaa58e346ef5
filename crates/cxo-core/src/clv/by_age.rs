//! How are a million customers asked the same question? Given that they are alive, those who bought equally often differ in their
//! age alone, and every answer changes smoothly with it: the question is asked at a few ages and interpolated between them. Regular
//! buyers are a mixture of such customers, one for each number of events since the last purchase.
//! State: for each frequency and part of the mixture the answers as Chebyshev series; called by lifetime value and scoring.

use std::f64::consts::PI;

use super::process::{Process, Renewal};
use super::{Outlook, PurchaseModel, Summaries, Summary};
use crate::Error;

/// Ages of a panel.
const NODES: usize = 16;
/// Error of the interpolation, relative to the least answer of a panel.
const TOLERANCE: f64 = 1e-12;
/// Customers who bought more often are few: each is asked himself.
const MOST_FREQUENT: usize = 1024;

/// N answers of customers who are alive, by frequency and age. Those of a mixture have to be the mixture of its parts' answers.
pub(super) struct ByAge<A, const N: usize> {
    answer: A,
    /// Parts of the mixture.
    parts: usize,
    /// By frequency, then by part.
    groups: Vec<Option<Group<N>>>,
}

/// One part of the customers of one frequency.
#[derive(Debug, Clone)]
struct Group<const N: usize> {
    axis: Axis,
    /// In ascending order.
    panels: Vec<Panel<N>>,
}

/// Ages T as ln (1 + (T - from) / scale), so that a power of the age is gentle.
#[derive(Debug, Clone, Copy)]
struct Axis {
    from: f64,
    scale: f64,
}

impl Axis {
    fn of(self, age: f64) -> f64 {
        ((age - self.from) / self.scale).ln_1p()
    }

    fn age(self, at: f64) -> f64 {
        self.from + self.scale * at.exp_m1()
    }
}

/// A piece of the axis with the Chebyshev series of the answers on it.
#[derive(Debug, Clone, Copy)]
struct Panel<const N: usize> {
    from: f64,
    to: f64,
    coefficients: [[f64; N]; NODES],
    /// How many of them are needed.
    used: usize,
}

/// Who of one frequency there is.
#[derive(Debug, Clone, Copy)]
struct Range {
    rows: usize,
    youngest: f64,
    oldest: f64,
}

impl<A: Fn(&dyn Renewal) -> [f64; N], const N: usize> ByAge<A, N> {
    /// Prepares the answers to all these customers. A series is made where it asks less often than there are customers.
    ///
    /// # Errors
    /// With the row of a history that the model does not admit, or whose outlook does not reach the horizon.
    pub(super) fn new<M: PurchaseModel + ?Sized>(
        model: &M,
        customers: &Summaries,
        horizon: f64,
        answer: A,
    ) -> Result<Self, Error> {
        let outlook = model.outlook(&Summary::NEW);
        outlook.horizon(horizon)?;
        let parts = outlook.process().parts();
        let mut ranges: Vec<Option<Range>> = Vec::new();
        for (row, (history, _)) in (0..).zip(customers.iter()) {
            model.admits(&history).map_err(|error| error.at_row(row))?;
            if parts > 1 {
                model.outlook(&history).horizon(horizon).map_err(|error| error.at_row(row))?;
            }
            let (at, age) = (history.frequency() as usize, history.age());
            if at <= MOST_FREQUENT {
                ranges.resize(ranges.len().max(at + 1), None);
                if let Some(range) = ranges.get_mut(at) {
                    let one = Range { rows: 0, youngest: age, oldest: age };
                    let Range { rows, youngest, oldest } = range.unwrap_or(one);
                    *range = Some(Range { rows: rows + 1, youngest: youngest.min(age), oldest: oldest.max(age) });
                }
            }
        }
        let group = |frequency: u32, range: Option<Range>, part: u32| {
            let alive = |age: f64| {
                let recency = if frequency == 0 { 0.0 } else { age };
                let history = Summary::new(frequency, recency, age).ok()?;
                Some(model.outlook(&history).process().part(part))
            };
            Group::new(range?, alive, &answer)
        };
        let each = (0..)
            .zip(ranges)
            .flat_map(|(frequency, range)| (0..).take(parts).map(move |part| (frequency, range, part)));
        let groups = each.map(|(frequency, range, part)| group(frequency, range, part)).collect();
        Ok(Self { answer, parts, groups })
    }

    /// The answers to a customer with this history and outlook, if he is alive.
    pub(super) fn of(&self, history: &Summary, outlook: &Outlook) -> [f64; N] {
        let from = (history.frequency() as usize).saturating_mul(self.parts);
        let mut groups = self.groups.get(from..).unwrap_or_default().iter();
        let mut answers = [0.0; N];
        outlook.process().each_part(|weight, part| {
            let group = groups.next().and_then(Option::as_ref);
            let known = group.and_then(|group| group.at(history.age()));
            let of_part = known.unwrap_or_else(|| (self.answer)(part));
            answers.iter_mut().zip(of_part).for_each(|(sum, answer)| *sum += weight * answer);
        });
        answers
    }
}

impl<const N: usize> Group<N> {
    fn new(
        range: Range,
        alive: impl Fn(f64) -> Option<Process>,
        answer: &impl Fn(&dyn Renewal) -> [f64; N],
    ) -> Option<Self> {
        let scale = alive(range.youngest)?.renewal().scale_of_age()?;
        let axis = Axis { from: range.youngest, scale };
        let at = |place: f64| {
            // Rounding must not leave the range, where no customer was born yet.
            let age = axis.age(place).clamp(range.youngest, range.oldest);
            Some(answer(alive(age)?.renewal()))
        };
        let mut group = Self { axis, panels: Vec::new() };
        let mut asked = 0;
        let mut open = vec![(0.0, axis.of(range.oldest))];
        while let Some((from, to)) = open.pop() {
            asked += NODES;
            if asked > range.rows {
                return None;
            }
            match Panel::new(from, to, at)? {
                panel if panel.used < NODES => group.panels.push(panel),
                _ => {
                    let middle = 0.5 * (from + to);
                    open.extend([(middle, to), (from, middle)]);
                }
            }
        }
        Some(group)
    }

    fn at(&self, age: f64) -> Option<[f64; N]> {
        let place = self.axis.of(age);
        let panel = self.panels.partition_point(|panel| panel.to < place).min(self.panels.len().saturating_sub(1));
        self.panels.get(panel).map(|panel| panel.at(place))
    }
}

impl<const N: usize> Panel<N> {
    /// The series of a function on [from, to]; all nodes are used if that is not enough.
    fn new(from: f64, to: f64, function: impl Fn(f64) -> Option<[f64; N]>) -> Option<Self> {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        let mut values = [[0.0; N]; NODES];
        for (k, value) in (0_u32..).zip(&mut values) {
            *value = function(middle + half * angle(k, 1).cos())?;
        }
        let mut panel = Self { from, to, coefficients: [[0.0; N]; NODES], used: 1 };
        for (j, coefficient) in (0_u32..).zip(&mut panel.coefficients) {
            for (k, value) in (0_u32..).zip(&values) {
                let weight = angle(k, j).cos() * if j == 0 { 1.0 } else { 2.0 } / NODES as f64;
                coefficient.iter_mut().zip(value).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        for n in 0..N {
            let column = |row: &[f64; N]| row.get(n).copied().unwrap_or_default().abs();
            let least = values.iter().map(column).fold(f64::INFINITY, f64::min);
            let mut rest = 0.0;
            // Where the least is 0 nothing is precise enough, and NaN is not small.
            let needed = panel.coefficients.iter().rposition(|row| {
                rest += column(row);
                rest.is_nan() || rest > TOLERANCE * least
            });
            panel.used = panel.used.max(needed.map_or(1, |last| last + 1));
        }
        // The last three have to be small: of an even or odd function every other one is.
        panel.used = if panel.used + 3 > NODES { NODES } else { panel.used };
        Some(panel)
    }

    /// Clenshaw's recurrence.
    fn at(&self, place: f64) -> [f64; N] {
        let width = self.to - self.from;
        let x = if width > 0.0 { (2.0 * place - self.from - self.to) / width } else { 0.0 };
        let (mut next, mut after) = ([0.0; N], [0.0; N]);
        let (first, others) = self.coefficients.split_at(1);
        for row in others.iter().take(self.used.saturating_sub(1)).rev() {
            for ((next, after), coefficient) in next.iter_mut().zip(&mut after).zip(row) {
                let sum = 2.0 * x * *next - *after + coefficient;
                *after = *next;
                *next = sum;
            }
        }
        let mut answers = [0.0; N];
        for (answer, (coefficient, (next, after))) in
            answers.iter_mut().zip(first.iter().flatten().zip(next.into_iter().zip(after)))
        {
            *answer = x * next - after + coefficient;
        }
        answers
    }
}

/// The angle of node k, j times.
fn angle(k: u32, j: u32) -> f64 {
    PI * f64::from(j) * (f64::from(k) + 0.5) / NODES as f64
}
