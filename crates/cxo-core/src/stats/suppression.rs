//! Which small cells of a document must be hidden, and which others with them so that nobody can compute the small ones.
//!
//! The state is [`Suppression`]: the counts of all tables of one document, with which cell they break down; the question is
//! [`Suppression::decide`]. Reports and every command with `--min-responses` ask it once for the whole document.
//! Formula page: `docs/formulas/suppression.md`.

use std::{collections::BTreeMap, fmt, ops::Range};

use crate::Error;

/// Why an answer is not shown.
///
/// Both reasons have the same words: told apart, they would say on which side of the limit a hidden count lies. For the same
/// reason this type is not serialized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suppressed {
    /// Fewer responses than the document shows, or a breakdown of such a cell.
    TooFew,
    /// Hidden because a smaller cell could otherwise be computed from the totals.
    Secondary,
}

impl Suppressed {
    /// The reason in words, as documents and tables carry it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        "hidden to protect small groups"
    }
}

impl fmt::Display for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// A cell of a [`Suppression`]: the handle by which its decision is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell(usize);

/// The counts of every table of one document.
///
/// A table breaks one cell down: `whole = sum of parts`. Several tables may break down the same cell (by stage, by channel, by
/// month), and the parts may be broken down again. Whatever of the whole no part counts (responses without a key) is a part
/// too: it can be computed by subtraction.
///
/// ```
/// use cxo_core::stats::suppression::{Suppressed, Suppression};
/// let mut document = Suppression::new(5);
/// let total = document.total(120);
/// let stages = document.table(total, &[70, 47, 3])?;
/// let channels = document.table(total, &[100, 20])?;
/// let decisions = document.decide();
/// assert_eq!(decisions.of(stages[2]), Err(Suppressed::TooFew));
/// assert_eq!(decisions.of(stages[1]), Err(Suppressed::Secondary), "else 120 - 70 - 47 would tell");
/// assert_eq!(decisions.of(stages[0]), Ok(()));
/// assert!(channels.iter().all(|&cell| decisions.of(cell).is_ok()));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Suppression {
    min_responses: u64,
    counts: Vec<u64>,
    tables: Vec<Table>,
}

#[derive(Debug, Clone)]
struct Table {
    whole: usize,
    parts: Range<usize>,
}

impl Suppression {
    /// A document that shows no cell with 1 to `min_responses - 1` responses. 0 and 1 hide nothing.
    #[must_use]
    pub const fn new(min_responses: u64) -> Self {
        Self { min_responses, counts: Vec::new(), tables: Vec::new() }
    }

    /// Adds a total that the document shows: a cell that is part of no table.
    pub fn total(&mut self, count: u64) -> Cell {
        self.counts.push(count);
        Cell(self.counts.len() - 1)
    }

    /// Adds a table that breaks `whole` down, and gives its cells in the same order.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if the parts count more than the whole or `whole` is no cell of this
    /// document; then nothing is added.
    pub fn table(&mut self, whole: Cell, parts: &[u64]) -> Result<Vec<Cell>, Error> {
        let count =
            *self.counts.get(whole.0).ok_or_else(|| Error::input("whole", whole.0, "a cell of this document"))?;
        let sum = parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part));
        let Some(unkeyed) = sum.and_then(|sum| count.checked_sub(sum)) else {
            return Err(Error::input("sum of parts", format!("{parts:?}"), format!("at most the whole, {count}")));
        };
        let from = self.counts.len();
        self.counts.extend_from_slice(parts);
        let cells = (from..self.counts.len()).map(Cell).collect();
        self.counts.push(unkeyed);
        self.tables.push(Table { whole: whole.0, parts: from..self.counts.len() });
        Ok(cells)
    }

    /// Adds the tables of two keys of which one may lie in the other, such as stages and their touchpoints, and gives the cells
    /// of each in order. `counts` has the responses of each pair of keys, `sizes` how many keys there are.
    ///
    /// Keys that share responses, directly or over others, are one part of `whole`; both tables break that part down. So a stage
    /// is the sum of touchpoints that are in no other stage, and neither can be computed from the other.
    ///
    /// # Errors
    /// As [`table`](Self::table); [`ErrorKind::Input`](crate::ErrorKind::Input) for a key beyond `sizes`.
    ///
    /// # Complexity
    /// O((p + k) log k) for p pairs and k keys.
    pub fn nested(
        &mut self,
        whole: Cell,
        counts: &BTreeMap<[Option<usize>; 2], u64>,
        sizes: [usize; 2],
    ) -> Result<[Vec<Cell>; 2], Error> {
        // First keys before second ones.
        let keys = sizes[0] + sizes[1];
        let place = |pair: &[Option<usize>; 2]| [pair[0], pair[1].map(|second| sizes[0] + second)];
        let mut own = vec![0; keys];
        let mut above: Vec<usize> = (0..keys).collect();
        for (pair, count) in counts {
            for key in place(pair).into_iter().flatten() {
                *own.get_mut(key).ok_or_else(|| Error::input("key", key, "one of those counted by sizes"))? += count;
            }
            if let [Some(first), Some(second)] = place(pair).map(|key| key.map(|key| root(&mut above, key))) {
                above.get_mut(second).into_iter().for_each(|key| *key = first);
            }
        }
        let mut parts: BTreeMap<usize, ([Vec<usize>; 2], u64)> = BTreeMap::new();
        for key in 0..keys {
            let ([firsts, seconds], _) = parts.entry(root(&mut above, key)).or_default();
            if key < sizes[0] { firsts } else { seconds }.push(key);
        }
        for (pair, count) in counts {
            let part = place(pair).into_iter().flatten().next().map(|key| root(&mut above, key));
            part.and_then(|part| parts.get_mut(&part)).into_iter().for_each(|(_, total)| *total += count);
        }
        let totals: Vec<u64> = parts.values().map(|(_, total)| *total).collect();
        let mut cells = vec![whole; keys];
        for ((tables, total), part) in parts.into_values().zip(self.table(whole, &totals)?) {
            for keys in tables.into_iter().filter(|keys| !keys.is_empty()) {
                let counts: Vec<u64> = keys.iter().filter_map(|&key| own.get(key).copied()).collect();
                // A key that is the whole part is one cell with it.
                let found = if counts == [total] { vec![part] } else { self.table(part, &counts)? };
                for (key, cell) in keys.into_iter().zip(found) {
                    cells.get_mut(key).into_iter().for_each(|slot| *slot = cell);
                }
            }
        }
        let second = cells.split_off(sizes[0]);
        Ok([cells, second])
    }

    /// Decides for every cell whether it is shown.
    ///
    /// A cell is hidden if it has 1 to `min_responses - 1` responses, or if it breaks down a hidden cell. Then in each table
    /// whose whole is shown further cells are hidden, the smallest first and the earlier of equals, until the hidden ones are
    /// none, or at least two, together at least `min_responses`, and more than the sum of their least counts. (The least
    /// count of a cell that is not empty is 1, or the sum of the least counts of a table that breaks it down.) Where no cell
    /// is left to take, the whole itself is hidden, with everything that breaks it down.
    ///
    /// A reader who knows every shown number and which cells are empty then knows of the hidden cells of a table only their
    /// least counts and their sum `R`: each can be anything from its least count up to what the least counts of the others
    /// leave of `R`, which is more than one value. Tables share nothing but wholes that are shown, so taking them together
    /// tells no more.
    ///
    /// Edge cases: a total of 1 to `min_responses - 1` hides its whole tree, empty cells included. Successive documents are
    /// decided one by one; what their difference reveals is out of scope, and so are crossed tables (a cell that is part of
    /// two tables).
    ///
    /// # Complexity
    /// O(c log c) for the c cells of the document, times the depth of nesting where wholes must be hidden.
    #[must_use]
    pub fn decide(&self) -> Decisions {
        let small = |count: u64| 0 < count && count < self.min_responses;
        let mut hidden =
            Decisions(self.counts.iter().map(|&count| small(count).then_some(Suppressed::TooFew)).collect());
        let least = self.least_counts();
        loop {
            self.hide_breakdowns(&mut hidden);
            let exposed = |table: &&Table| !hidden.hides(table.whole) && !self.protect(table, &least, &mut hidden);
            match self.tables.iter().find(exposed) {
                Some(table) => hidden.hide(table.whole, Suppressed::Secondary),
                None => break,
            }
        }
        self.hide_breakdowns(&mut hidden);
        hidden
    }

    /// What a reader who sees which cells are empty knows of each count. Parts follow their whole, so in reverse order every
    /// cell is final before the table that it is part of.
    fn least_counts(&self) -> Vec<u64> {
        let mut least: Vec<u64> = self.counts.iter().map(|&count| count.min(1)).collect();
        for table in self.tables.iter().rev() {
            let parts: u64 = least.get(table.parts.clone()).into_iter().flatten().sum();
            if let Some(whole) = least.get_mut(table.whole) {
                *whole = parts.max(*whole);
            }
        }
        least
    }

    /// Hides the parts of hidden wholes. A whole always precedes its parts, so one pass in order reaches all depths.
    fn hide_breakdowns(&self, hidden: &mut Decisions) {
        for table in &self.tables {
            if let Err(why) = hidden.of(Cell(table.whole)) {
                table.parts.clone().for_each(|part| hidden.hide(part, why));
            }
        }
    }

    /// Hides further parts until the hidden ones protect each other; false if there are not enough.
    fn protect(&self, table: &Table, least: &[u64], hidden: &mut Decisions) -> bool {
        let count = |cell: usize| self.counts.get(cell).copied().unwrap_or(0);
        let known = |cell: usize| least.get(cell).copied().unwrap_or(0);
        let (covered, mut open): (Vec<usize>, Vec<usize>) = table.parts.clone().partition(|&part| hidden.hides(part));
        // Neither sum exceeds the whole, so they do not overflow.
        let mut cells = covered.len();
        let mut sum: u64 = covered.iter().map(|&part| count(part)).sum();
        let mut least_sum: u64 = covered.iter().map(|&part| known(part)).sum();
        open.retain(|&part| count(part) > 0);
        open.sort_by_key(|&part| (count(part), part));
        let mut open = open.into_iter();
        loop {
            if cells == 0 || (cells > 1 && sum >= self.min_responses && sum > least_sum) {
                return true;
            }
            let Some(part) = open.next() else { return false };
            hidden.hide(part, Suppressed::Secondary);
            cells += 1;
            sum += count(part);
            least_sum += known(part);
        }
    }
}

/// The key that stands for all that a key is connected with.
fn root(above: &mut [usize], mut key: usize) -> usize {
    while let Some(next) = above.get(key).and_then(|&next| above.get(next).copied()).filter(|&next| next != key) {
        // Half the way is left to the next who asks.
        above.get_mut(key).into_iter().for_each(|slot| *slot = next);
        key = next;
    }
    key
}

/// What [`Suppression::decide`] decided.
#[derive(Debug, Clone)]
pub struct Decisions(Vec<Option<Suppressed>>);

impl Decisions {
    /// Whether a cell is shown, or why it is not.
    ///
    /// # Errors
    /// The reason. A cell of another document is never shown.
    pub fn of(&self, cell: Cell) -> Result<(), Suppressed> {
        match self.0.get(cell.0) {
            Some(None) => Ok(()),
            Some(Some(reason)) => Err(*reason),
            None => Err(Suppressed::TooFew),
        }
    }

    fn hides(&self, cell: usize) -> bool {
        self.of(Cell(cell)).is_err()
    }

    fn hide(&mut self, cell: usize, reason: Suppressed) {
        if let Some(decision) = self.0.get_mut(cell) {
            decision.get_or_insert(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Decision = Result<(), Suppressed>;
    const SHOWN: Decision = Ok(());
    const FEW: Decision = Err(Suppressed::TooFew);
    const SECONDARY: Decision = Err(Suppressed::Secondary);

    #[test]
    fn cases() {
        let cases: &[(u64, u64, &[u64], &[Decision])] = &[
            (5, 30, &[10, 20], &[SHOWN, SHOWN]),
            (5, 30, &[0, 10, 20], &[SHOWN, SHOWN, SHOWN]),
            (5, 33, &[3, 10, 20], &[FEW, SECONDARY, SHOWN]),
            // Two small cells whose known sum would itself be small.
            (5, 34, &[1, 3, 10, 20], &[FEW, FEW, SECONDARY, SHOWN]),
            (5, 37, &[3, 4, 10, 20], &[FEW, FEW, SHOWN, SHOWN]),
            // Five positive cells that sum to five are all one.
            (5, 25, &[1, 1, 1, 1, 1, 20], &[FEW, FEW, FEW, FEW, FEW, SECONDARY]),
            (5, 6, &[1, 1, 1, 1, 1, 1], &[FEW; 6]),
            // Three responses without a key can be computed, so they are protected like a cell.
            (5, 33, &[10, 20], &[SECONDARY, SHOWN]),
            (5, 4, &[0, 4], &[FEW, FEW]),
            (1, 4, &[1, 3], &[SHOWN, SHOWN]),
            (0, 4, &[1, 3], &[SHOWN, SHOWN]),
        ];
        for (least, total, parts, expected) in cases {
            let mut document = Suppression::new(*least);
            let whole = document.total(*total);
            let cells = document.table(whole, parts).unwrap();
            let decisions = document.decide();
            let found: Vec<_> = cells.iter().map(|&cell| decisions.of(cell)).collect();
            assert_eq!(found, *expected, "{least} {total} {parts:?}");
        }
    }

    #[test]
    fn a_stage_and_its_touchpoints_are_one_tree() {
        // The first stage has two touchpoints, the others one each.
        let counts =
            [([Some(0), Some(0)], 154), ([Some(0), Some(1)], 3), ([Some(1), Some(2)], 600), ([Some(2), Some(3)], 4)];
        let mut document = Suppression::new(5);
        let total = document.total(761);
        let [stages, touchpoints] = document.nested(total, &counts.into_iter().collect(), [3, 4]).unwrap();
        let decisions = document.decide();
        let shown = |cells: &[Cell]| cells.iter().map(|&cell| decisions.of(cell).is_ok()).collect::<Vec<_>>();
        // The small touchpoint takes its neighbour along; the small stage and its touchpoint are one cell, and take a stage along.
        assert_eq!(shown(&touchpoints), [false, false, true, false]);
        assert_eq!(shown(&stages), [false, true, false]);
        let beyond = document.nested(total, &[([Some(0), Some(1)], 1)].into_iter().collect(), [1, 1]);
        assert_eq!(beyond.unwrap_err().kind(), crate::ErrorKind::Input);
    }

    #[test]
    fn where_no_part_is_left_the_whole_is_hidden() {
        let mut document = Suppression::new(5);
        let total = document.total(40);
        let stages = document.table(total, &[6, 14, 20]).unwrap();
        let months = document.table(stages[0], &[1, 1, 1, 1, 1, 1]).unwrap();
        let decisions = document.decide();
        let found: Vec<_> = stages.iter().chain(&months[..1]).map(|&cell| decisions.of(cell)).collect();
        assert_eq!(found, [SECONDARY, SECONDARY, SHOWN, FEW]);
        assert_eq!(decisions.of(total), SHOWN);
    }

    #[test]
    fn refuses_what_does_not_add_up() {
        let mut document = Suppression::new(5);
        let total = document.total(10);
        assert!(document.table(total, &[7, 4]).is_err());
        assert!(document.table(total, &[u64::MAX, 11]).is_err());
        assert!(document.table(Cell(9), &[1]).is_err());
        assert_eq!(document.decide().of(Cell(1)), FEW);
    }

    #[test]
    fn the_words_do_not_tell_the_reasons_apart() {
        assert_eq!(Suppressed::TooFew.to_string(), Suppressed::Secondary.to_string());
    }

    #[test]
    fn the_breakdown_of_a_hidden_cell_gives_nothing_away() {
        // 4 + 1 = 5 would do, but a hidden cell with four parts that are not empty has at least four responses.
        let mut document = Suppression::new(5);
        let total = document.total(25);
        let stages = document.table(total, &[4, 1, 20]).unwrap();
        assert_eq!(document.decide().of(stages[2]), SHOWN);
        document.table(stages[0], &[1, 1, 1, 1]).unwrap();
        assert_eq!(document.decide().of(stages[2]), SECONDARY);
    }

    /// Every document that a reader can imagine who knows the shown numbers and which cells are empty. Enumerated cell by
    /// cell, without any of the code above.
    fn imaginable(document: &Suppression, decisions: &Decisions) -> Vec<Vec<u64>> {
        let hidden = |cell: usize| decisions.of(Cell(cell)).is_err();
        let most = document.counts.first().map_or(0, |total| total + 2);
        let mut found = vec![vec![]];
        for (cell, &count) in document.counts.iter().enumerate() {
            let mut next = Vec::new();
            for partial in found {
                let range = if hidden(cell) && count > 0 { 1..=most } else { count..=count };
                for value in range {
                    let mut longer: Vec<u64> = partial.clone();
                    longer.push(value);
                    let possible = document.tables.iter().all(|table| {
                        let sum: u64 = longer.iter().skip(table.parts.start).take(table.parts.len()).sum();
                        let whole = longer.get(table.whole).copied().unwrap_or(u64::MAX);
                        if longer.len() >= table.parts.end { sum == whole } else { sum <= whole }
                    });
                    if possible {
                        next.push(longer);
                    }
                }
            }
            found = next;
        }
        found
    }

    /// All counts of at least 1 for so many touchpoints that sum to a total.
    fn compositions(total: u64, parts: usize) -> Vec<Vec<u64>> {
        match parts {
            0 if total == 0 => vec![vec![]],
            0 => vec![],
            _ => (1..=total)
                .flat_map(|first| {
                    compositions(total - first, parts - 1).into_iter().map(move |rest| [vec![first], rest].concat())
                })
                .collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        /// No hidden cell has one imaginable value, and no set of hidden cells has a known sum of 1 to min - 1, from all
        /// tables of a document together.
        #[test]
        fn no_hidden_cell_can_be_solved(
            least in 2_u64..5,
            first in prop::collection::vec(0_u64..6, 1..4),
            second in prop::collection::vec(0_u64..6, 0..3),
            nested in prop::collection::vec(0_u64..3, 0..4),
        ) {
            let mut document = Suppression::new(least);
            let sum: u64 = first.iter().sum();
            let total = document.total(sum);
            let cells = document.table(total, &first).unwrap();
            if second.iter().sum::<u64>() <= sum {
                document.table(total, &second).unwrap();
            }
            if nested.iter().sum::<u64>() <= first[0] && !nested.is_empty() {
                let inner = document.table(cells[0], &nested).unwrap();
                document.table(inner[0], &nested[..1]).unwrap();
            }
            let decisions = document.decide();
            let worlds = imaginable(&document, &decisions);
            prop_assert!(worlds.contains(&document.counts), "the truth is imaginable");
            let hidden: Vec<usize> = (0..document.counts.len()).filter(|&cell| decisions.of(Cell(cell)).is_err()).collect();
            for &cell in &hidden {
                let known = worlds.iter().all(|world| world[cell] == document.counts[cell]);
                prop_assert!(!known || document.counts[cell] == 0, "cell {cell} of {document:?} is solved: {decisions:?}");
            }
            for set in 1_u32..1 << hidden.len() {
                let sum_in = |world: &[u64]| -> u64 {
                    hidden.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, &cell)| world[cell]).sum()
                };
                let truth = sum_in(&document.counts);
                let known = worlds.iter().all(|world| sum_in(world) == truth);
                prop_assert!(!known || truth == 0 || truth >= least, "{document:?} {decisions:?}");
            }
            for (&count, decision) in document.counts.iter().zip(&decisions.0) {
                prop_assert!(count == 0 || count >= least || decision.is_some());
            }
        }

        /// A reader who knows in which stage each touchpoint is can compute no hidden stage and no hidden touchpoint.
        #[test]
        fn no_stage_tells_of_its_touchpoints(
            least in 2_u64..5,
            touchpoints in prop::collection::vec((prop::option::of(0_usize..3), 1_u64..6), 1..5),
        ) {
            let pairs = touchpoints.iter().enumerate().map(|(number, &(stage, count))| ([stage, Some(number)], count));
            let counts: Vec<u64> = touchpoints.iter().map(|(_, count)| *count).collect();
            let mut document = Suppression::new(least);
            let total = document.total(counts.iter().sum());
            let [stages, cells] = document.nested(total, &pairs.collect(), [3, counts.len()]).unwrap();
            let decisions = document.decide();
            let staged = |world: &[u64], stage: usize| -> u64 {
                world.iter().zip(&touchpoints).filter(|(_, (own, _))| *own == Some(stage)).map(|(count, _)| count).sum()
            };
            let hidden = |cell: &Cell| decisions.of(*cell).is_err();
            let mut worlds = compositions(counts.iter().sum(), counts.len());
            if hidden(&total) {
                prop_assert!(stages.iter().chain(&cells).all(hidden) && counts.iter().any(|&count| count < least));
                return Ok(());
            }
            worlds.retain(|world| {
                (0..3).all(|stage| hidden(&stages[stage]) || staged(world, stage) == staged(&counts, stage))
                    && (0..counts.len()).all(|number| hidden(&cells[number]) || world[number] == counts[number])
            });
            prop_assert!(worlds.contains(&counts));
            for number in (0..counts.len()).filter(|&number| hidden(&cells[number])) {
                prop_assert!(worlds.iter().any(|world| world[number] != counts[number]), "{touchpoints:?} {decisions:?}");
            }
            for stage in (0..3).filter(|&stage| staged(&counts, stage) > 0) {
                let solved = worlds.iter().all(|world| staged(world, stage) == staged(&counts, stage));
                prop_assert!(solved != hidden(&stages[stage]), "{touchpoints:?} {decisions:?}");
                prop_assert!(staged(&counts, stage) >= least || hidden(&stages[stage]));
            }
            prop_assert!(counts.iter().zip(&cells).all(|(count, cell)| *count >= least || hidden(cell)));
        }
    }
}
