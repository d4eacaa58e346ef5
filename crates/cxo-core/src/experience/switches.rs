//! What goes with a change of channel on the way? Passes after a switch against those of the same touchpoint, after the same path,
//! without one. Stateless; asked of [`Experience`].

use std::collections::BTreeMap;

use super::join::Experience;
use super::moments::compared;
use super::outcome::{AssociationOptions, Evidence, OutcomeKind};
use super::strata::{Resamples, Row};
use crate::journey::Text;
use crate::{Absent, Confidence, Error, Estimate};

/// Switches of channel and the outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SwitchAssociations {
    /// The touchpoints that are the outcome.
    pub outcomes: Vec<String>,
    /// Whether it is wanted.
    pub kind: OutcomeKind,
    /// What is held alike.
    pub adjusted_for: Vec<&'static str>,
    /// Observed, not assigned.
    pub evidence: Evidence,
    /// All touchpoints together, each pass compared with those of its own touchpoint alone.
    pub all: SwitchComparison,
    /// Each touchpoint, in the order of the bytes of their names. Those with too few passes of either side are left out, and others
    /// with them where all less those that are told would leave a few.
    pub touchpoints: Vec<SwitchComparison>,
}

/// Passes after a switch of channel against those without.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SwitchComparison {
    /// The touchpoint; none for all together.
    pub touchpoint: Option<String>,
    /// Passes in another channel than the touchpoint before.
    pub switched: u64,
    /// Passes in the same.
    pub stayed: u64,
    /// P(outcome | switched) - P(outcome | stayed), within strata.
    pub across: Result<Estimate, Absent>,
    /// The same within strata and customers: each with himself.
    pub within: Result<Estimate, Absent>,
    /// Customers who have both sides in a stratum, so that they can be compared with themselves.
    pub within_customers: u64,
}

impl Experience<'_> {
    /// Switches of channel and the outcome that follows. A pass takes part where its channel and that of the touchpoint before it
    /// are known: the first such of a journey and touchpoint.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) for no outcome, one that no record has, or if no pass takes part.
    ///
    /// # Complexity
    /// O(n log n + b n) for n touchpoints and b resamples.
    ///
    /// Formula page: `docs/formulas/omnichannel-consistency.md`.
    pub fn switches(&self, options: &AssociationOptions) -> Result<SwitchAssociations, Error> {
        let mut rows = self.switch_rows(options)?;
        if rows.is_empty() {
            return Err(Error::no_data("touchpoints with a channel after another with one"));
        }
        rows.sort_by_key(|(step, row)| (*step, row.stratum, row.customer));
        let resamples = self.resamples(options);
        let all: Vec<Row> = rows.iter().map(|(_, row)| *row).collect();
        let mut touchpoints = Vec::new();
        for site in rows.chunk_by(|a, b| a.0 == b.0) {
            let own: Vec<Row> = site.iter().map(|(_, row)| *row).collect();
            let name = site.first().map(|(step, _)| self.name(*step).to_owned());
            let found = comparison(name, &own, &resamples, options.confidence);
            touchpoints.push(found);
        }
        let all = comparison(None, &all, &resamples, options.confidence);
        hide(&all, &mut touchpoints, options.min_responses);
        Ok(SwitchAssociations {
            outcomes: options.outcome.touchpoints.clone(),
            kind: options.outcome.kind,
            adjusted_for: options.adjustment.names(),
            evidence: Evidence::Observational,
            all,
            touchpoints,
        })
    }

    fn switch_rows(&self, options: &AssociationOptions) -> Result<Vec<(u32, Row)>, Error> {
        let outcomes = options.outcome.resolve(self)?;
        let strata = options.adjustment.strata(self);
        let channels = self.column(Text::Channel);
        let (mut rows, mut begin) = (Vec::new(), 0);
        for journey in self.iter() {
            let ending = outcomes.of(&journey);
            let mut seen: Vec<u32> = Vec::new();
            for (place, pass) in journey.passes.iter().enumerate().skip(1) {
                let at = begin + place;
                let (Some(before), Some(channel)) = (channels.get(at - 1), channels.get(at)) else { continue };
                if outcomes.is_outcome(pass.step) || seen.contains(&pass.step) {
                    continue;
                }
                seen.push(pass.step);
                let Some(outcome) = ending.after(place) else { continue };
                let stratum = strata.get(at).copied().unwrap_or_default();
                rows.push((pass.step, Row { stratum, customer: journey.customer, first: before != channel, outcome }));
            }
            begin += journey.passes.len();
        }
        Ok(rows)
    }
}

/// Leaves out touchpoints with too few passes of either side, and the smallest others until those left out are none with a few passes
/// of a side, or several that have many together.
fn hide(all: &SwitchComparison, touchpoints: &mut Vec<SwitchComparison>, min_responses: u64) {
    let few = |count: u64| 0 < count && count < min_responses;
    let sides = |found: &SwitchComparison| [found.switched, found.stayed];
    let (mut left_out, mut protected) = (0, true);
    touchpoints.retain(|found| {
        let told = !sides(found).contains(&0) && !sides(found).into_iter().any(few);
        left_out += usize::from(!told);
        protected &= !sides(found).into_iter().any(few);
        told
    });
    let rest = |touchpoints: &[SwitchComparison], side: usize| {
        touchpoints.iter().fold(sides(all)[side], |rest, found| rest - sides(found)[side])
    };
    while !protected && (left_out == 1 || few(rest(touchpoints, 0)) || few(rest(touchpoints, 1))) {
        let least = touchpoints.iter().enumerate().min_by_key(|(_, found)| found.switched + found.stayed);
        let Some((place, _)) = least else { break };
        touchpoints.remove(place);
        left_out += 1;
    }
}

fn comparison(
    touchpoint: Option<String>,
    rows: &[Row],
    resamples: &Resamples,
    confidence: Confidence,
) -> SwitchComparison {
    let switched = rows.iter().filter(|row| row.first).count() as u64;
    let mut sides: BTreeMap<(u32, u32), [bool; 2]> = BTreeMap::new();
    for row in rows {
        sides.entry((row.stratum, row.customer)).or_default()[usize::from(row.first)] = true;
    }
    let mut customers: Vec<u32> = sides.iter().filter(|(_, both)| **both == [true; 2]).map(|(key, _)| key.1).collect();
    customers.sort_unstable();
    customers.dedup();
    let numbers: BTreeMap<(u32, u32), u32> = sides.into_keys().zip(0..).collect();
    let own = |row: &Row| numbers.get(&(row.stratum, row.customer)).copied().unwrap_or_default();
    let mut within: Vec<Row> = rows.iter().map(|row| Row { stratum: own(row), ..*row }).collect();
    SwitchComparison {
        touchpoint,
        switched,
        stayed: rows.len() as u64 - switched,
        across: compared(&mut rows.to_vec(), resamples, confidence),
        within: compared(&mut within, resamples, confidence),
        within_customers: customers.len() as u64,
    }
}
