//! What is the least that tells a journey from its design? An optimal alignment: touchpoints matched, inserted and skipped at the
//! least cost, exactly. Stateless; called once for each variant by conformance.

use std::collections::BTreeMap;

use super::blueprint::{Blueprint, StageOrder};
use crate::Error;

/// What a move costs that is in the journey or in the design alone. A match costs nothing, and so does leaving out what is
/// optional. Both are 1 unless set.
#[derive(Debug, Clone, PartialEq)]
pub struct AlignmentCosts {
    skip: f64,
    insert: f64,
    skip_of: BTreeMap<String, f64>,
    insert_of: BTreeMap<String, f64>,
}

impl Default for AlignmentCosts {
    fn default() -> Self {
        Self { skip: 1.0, insert: 1.0, skip_of: BTreeMap::new(), insert_of: BTreeMap::new() }
    }
}

impl AlignmentCosts {
    /// The cost of an expected touchpoint that is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a cost that is not a positive finite number.
    pub fn skip(self, cost: f64) -> Result<Self, Error> {
        Ok(Self { skip: checked(cost)?, ..self })
    }

    /// The cost of a touchpoint that is not expected where it is.
    ///
    /// # Errors
    /// As [`AlignmentCosts::skip`].
    pub fn insert(self, cost: f64) -> Result<Self, Error> {
        Ok(Self { insert: checked(cost)?, ..self })
    }

    /// The cost of this touchpoint where it is missing.
    ///
    /// # Errors
    /// As [`AlignmentCosts::skip`].
    pub fn skip_of(mut self, touchpoint: impl Into<String>, cost: f64) -> Result<Self, Error> {
        self.skip_of.insert(touchpoint.into(), checked(cost)?);
        Ok(self)
    }

    /// The cost of this touchpoint where it is not expected.
    ///
    /// # Errors
    /// As [`AlignmentCosts::skip`].
    pub fn insert_of(mut self, touchpoint: impl Into<String>, cost: f64) -> Result<Self, Error> {
        self.insert_of.insert(touchpoint.into(), checked(cost)?);
        Ok(self)
    }

    fn of_skip(&self, touchpoint: &str) -> f64 {
        self.skip_of.get(touchpoint).copied().unwrap_or(self.skip)
    }

    fn of_insert(&self, touchpoint: &str) -> f64 {
        self.insert_of.get(touchpoint).copied().unwrap_or(self.insert)
    }
}

fn checked(cost: f64) -> Result<f64, Error> {
    // Sums of these stay finite for every path in memory.
    if cost > 0.0 && cost <= 1e9 { Ok(cost) } else { Err(Error::input("cost of a move", cost, "above 0, at most 1e9")) }
}

/// One move of an alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlignmentMove {
    /// The touchpoint in this place of the path is this step of the design.
    Matched {
        /// Its place in the path, from 0.
        event: usize,
        /// The number of the step, as [`Blueprint::steps`] has them.
        step: usize,
    },
    /// The touchpoint in this place is not expected there.
    Inserted {
        /// Its place in the path, from 0.
        event: usize,
    },
    /// The journey goes on without this step, optional or not.
    Skipped {
        /// The number of the step.
        step: usize,
    },
}

/// A path beside the run of the design that is nearest to it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Alignment {
    /// In the order of path and design.
    pub moves: Vec<AlignmentMove>,
    /// The cost of the moves: of all alignments the least.
    pub cost: f64,
    /// The cost if nothing matched: every touchpoint inserted and every required step skipped.
    pub worst_cost: f64,
    /// 1 - cost / worst cost, in [0, 1]: 1 for a path of the design, 0 if nothing matches.
    pub fitness: f64,
}

/// A state of a run of the design, with its ways out. Skips lead to later states only.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Step and state after it.
    matches: Vec<(usize, usize)>,
    /// Step, state after it, cost.
    skips: Vec<(usize, usize, f64)>,
}

/// The runs of a design as an automaton whose states are in topological order; the last is the end.
#[derive(Debug, Clone)]
pub(super) struct Design<'a> {
    names: Vec<&'a str>,
    places: Vec<Place>,
    required: f64,
    costs: &'a AlignmentCosts,
}

impl<'a> Design<'a> {
    pub(super) fn new(blueprint: &'a Blueprint, costs: &'a AlignmentCosts) -> Self {
        let names = blueprint.steps().map(|(_, touchpoint)| touchpoint.name.as_str()).collect();
        let mut design = Self { names, places: vec![Place::default()], required: 0.0, costs };
        let mut first_step = 0;
        for stage in blueprint.stages() {
            let count = stage.touchpoints.len();
            let begin = design.places.len() - 1;
            // How many states follow the first of the stage; the last of them is the first of the next stage.
            let more = if stage.order == StageOrder::Any { (1 << count) - 1 } else { count };
            design.places.resize(begin + more + 1, Place::default());
            for (place, touchpoint) in stage.touchpoints.iter().enumerate() {
                let cost = if touchpoint.optional { 0.0 } else { costs.of_skip(&touchpoint.name) };
                design.required += cost;
                let step = first_step + place;
                for from in 0..=more {
                    let (done, to) = match stage.order {
                        // The number of steps behind; a step may be repeated directly after itself.
                        StageOrder::Sequence => (from == place + 1, (from == place).then_some(from + 1)),
                        // The set of steps behind.
                        StageOrder::Any => {
                            let bit = 1 << place;
                            (from & bit != 0, (from & bit == 0).then_some(from | bit))
                        }
                    };
                    let Some(state) = design.places.get_mut(begin + from) else { continue };
                    if let Some(to) = to {
                        state.matches.push((step, begin + to));
                        state.skips.push((step, begin + to, cost));
                    } else if done && touchpoint.repeatable {
                        state.matches.push((step, begin + from));
                    }
                }
            }
            first_step += count;
        }
        design
    }

    /// The optimal alignment of a path. Of several the one that matches rather than inserts, and inserts rather than skips,
    /// looking back from the end.
    pub(super) fn align(&self, path: &[&str]) -> Alignment {
        let states = self.places.len();
        let mut best = vec![f64::INFINITY; states];
        let mut trace: Vec<Option<(usize, AlignmentMove)>> = Vec::with_capacity(states * (path.len() + 1));
        if let Some(start) = best.first_mut() {
            *start = 0.0;
        }
        let mut from = vec![None; states];
        self.skip(&mut best, &mut from);
        trace.extend_from_slice(&from);
        let mut inserted = 0.0;
        for (event, name) in path.iter().enumerate() {
            let cost = self.costs.of_insert(name);
            inserted += cost;
            let mut next = vec![f64::INFINITY; states];
            let mut from = vec![None; states];
            let mut offer = |to: usize, cost: f64, way: (usize, AlignmentMove)| {
                if let (Some(known), Some(from)) = (next.get_mut(to), from.get_mut(to))
                    && cost < *known
                {
                    (*known, *from) = (cost, Some(way));
                }
            };
            for (state, (place, &so_far)) in self.places.iter().zip(&best).enumerate() {
                for &(step, to) in place.matches.iter().filter(|(step, _)| self.names.get(*step) == Some(name)) {
                    offer(to, so_far, (state, AlignmentMove::Matched { event, step }));
                }
            }
            for (state, &so_far) in best.iter().enumerate() {
                offer(state, so_far + cost, (state, AlignmentMove::Inserted { event }));
            }
            best = next;
            self.skip(&mut best, &mut from);
            trace.extend_from_slice(&from);
        }
        let cost = best.last().copied().unwrap_or_default();
        let worst_cost = inserted + self.required;
        let fitness = if worst_cost > 0.0 { (1.0 - cost / worst_cost).clamp(0.0, 1.0) } else { 1.0 };
        Alignment { moves: self.moves(&trace, path.len()), cost, worst_cost, fitness }
    }

    /// Goes on without steps wherever that is cheaper; states are in an order in which one pass is enough.
    fn skip(&self, best: &mut [f64], from: &mut [Option<(usize, AlignmentMove)>]) {
        for (state, place) in self.places.iter().enumerate() {
            let so_far = best.get(state).copied().unwrap_or(f64::INFINITY);
            for &(step, to, cost) in &place.skips {
                if let (Some(known), Some(from)) = (best.get_mut(to), from.get_mut(to))
                    && so_far + cost < *known
                {
                    (*known, *from) = (so_far + cost, Some((state, AlignmentMove::Skipped { step })));
                }
            }
        }
    }

    fn moves(&self, trace: &[Option<(usize, AlignmentMove)>], events: usize) -> Vec<AlignmentMove> {
        let states = self.places.len();
        let (mut moves, mut state, mut row) = (Vec::new(), states - 1, events);
        while let Some(&Some((before, way))) = trace.get(row * states + state) {
            moves.push(way);
            state = before;
            row -= usize::from(!matches!(way, AlignmentMove::Skipped { .. }));
        }
        moves.reverse();
        moves
    }
}

impl Blueprint {
    /// The optimal alignment of a path with this design.
    ///
    /// ```
    /// use cxo_core::journey::{AlignmentCosts, Blueprint, BlueprintStage, BlueprintTouchpoint, StageOrder};
    ///
    /// let steps = ["cart", "address", "pay"].map(BlueprintTouchpoint::new).to_vec();
    /// let design = Blueprint::new("checkout", vec![BlueprintStage::new("purchase", StageOrder::Sequence, steps)])?;
    /// let found = design.align(&["cart", "help", "pay"], &AlignmentCosts::default());
    /// // Help is not expected and the address is missing: 2 of the 6 that it costs if nothing matches.
    /// assert_eq!((found.cost, found.worst_cost), (2.0, 6.0));
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Complexity
    /// O(n s) time and memory for n touchpoints of the path and s states of the design: one a touchpoint in a sequence, 2^m for
    /// m touchpoints in any order.
    ///
    /// Source: Adriansyah, van Dongen and van der Aalst (2011), <https://doi.org/10.1109/EDOC.2011.12>; van der Aalst (2016),
    /// Process Mining, 8.3.
    #[must_use]
    pub fn align<S: AsRef<str>>(&self, path: &[S], costs: &AlignmentCosts) -> Alignment {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        Design::new(self, costs).align(&path)
    }
}
