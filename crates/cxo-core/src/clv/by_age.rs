//! How are a million customers asked the same question? Given that they are alive, those who bought equally often differ in their
//! age alone, and every answer changes smoothly with it: the question is asked at a few ages and interpolated between them.
//! State: for each frequency the answers as Chebyshev series; called by lifetime value.

use std::f64::consts::PI;

use super::process::Renewal;
use super::{Outlook, PurchaseModel, Summaries, Summary};

/// Ages of a panel.
const NODES: usize = 16;
/// Error of the interpolation, relative to the least answer of a panel.
const TOLERANCE: f64 = 1e-12;
/// Customers who bought more often are few: each is asked himself.
const MOST_FREQUENT: usize = 1024;

/// N answers of customers who are alive, by frequency and age.
pub(super) struct ByAge<A, const N: usize> {
    answer: A,
    groups: Vec<Option<Group<N>>>,
}

/// The customers of one frequency.
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
    pub(super) fn new<M: PurchaseModel + ?Sized>(model: &M, customers: &Summaries, answer: A) -> Self {
        let mut ranges: Vec<Option<Range>> = Vec::new();
        for (history, _) in customers.iter() {
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
        let group = |(frequency, range): (u32, Option<Range>)| {
            let alive = |age: f64| {
                let recency = if frequency == 0 { 0.0 } else { age };
                Summary::new(frequency, recency, age).ok().map(|history| model.outlook(&history))
            };
            Group::new(range?, alive, &answer)
        };
        let groups = (0..).zip(ranges).map(group).collect();
        Self { answer, groups }
    }

    /// The answers to a customer with this history and outlook, if he is alive.
    pub(super) fn of(&self, history: &Summary, outlook: &Outlook) -> [f64; N] {
        let group = self.groups.get(history.frequency() as usize).and_then(Option::as_ref);
        let known = group.and_then(|group| group.at(history.age()));
        known.unwrap_or_else(|| (self.answer)(outlook.if_alive()))
    }
}

impl<const N: usize> Group<N> {
    fn new(
        range: Range,
        alive: impl Fn(f64) -> Option<Outlook>,
        answer: &impl Fn(&dyn Renewal) -> [f64; N],
    ) -> Option<Self> {
        let scale = alive(range.youngest)?.if_alive().scale_of_age()?;
        let axis = Axis { from: range.youngest, scale };
        let at = |place: f64| {
            // Rounding must not leave the range, where no customer was born yet.
            let age = axis.age(place).clamp(range.youngest, range.oldest);
            Some(answer(alive(age)?.if_alive()))
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
