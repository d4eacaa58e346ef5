//! What the segments of `cxo journey hotspots` may show beside all journeys: touchpoints by segments are a crossed table.

use std::collections::{BTreeMap, BTreeSet};

use cxo_core::stats::suppression::Suppressed;
use cxo_json::{Entry, HotspotsRow, PathScoreRow, ScoresByRow, SwitchesRow};

type Ratings<'a> = BTreeMap<&'a str, u64>;
/// The names that are hidden of each key.
type Hidden = BTreeMap<String, BTreeSet<String>>;
/// Touchpoints with their stages.
pub(crate) type Tree<'a> = BTreeSet<(&'a str, &'a str)>;

/// So many of the smallest segments are given up at most where more can be shown of the others without them.
const GIVEN_UP: usize = 32;

/// Hides in all segments what is hidden in one of them, and further touchpoints, stages and channels until the rest of each segment and
/// of each key that is shown is nobody or at least `least`. So neither all less the other segments nor a segment less what it shows tells
/// of a few. Small segments of which little could be shown are hidden whole, if that leaves more of the others.
///
/// `tree` has the touchpoints with their stages: a stage is a sum of touchpoints, so that what lies together is shown or hidden together.
pub(crate) fn protect(all: &HotspotsRow, segments: &mut [Entry<HotspotsRow>], least: u64, tree: &Tree<'_>) {
    let mut parts: Vec<(usize, &HotspotsRow)> =
        segments.iter().enumerate().filter_map(|(at, entry)| Some((at, entry.outcome.as_ref().ok()?))).collect();
    parts.sort_by_key(|(_, row)| row.scores.as_ref().map_or(0, |scores| ratings(&scores.all)));
    let without = |given_up: usize| {
        let kept: Vec<&HotspotsRow> = parts.iter().skip(given_up).map(|(_, row)| *row).collect();
        let hidden = hidden(all, &kept, least, tree);
        // A segment that tells something counts for itself.
        let told = kept.iter().map(|row| told(row, &hidden)).map(|told| told + usize::from(told > 0)).sum::<usize>();
        (told, std::cmp::Reverse(given_up), hidden)
    };
    let best = (0..parts.len().min(GIVEN_UP)).map(without).max_by_key(|(told, few, _)| (*told, *few));
    let Some((_, std::cmp::Reverse(given_up), hidden)) = best else { return };
    let places: Vec<usize> = parts.iter().take(given_up).map(|(at, _)| *at).collect();
    for (at, entry) in segments.iter_mut().enumerate() {
        match &mut entry.outcome {
            outcome if places.contains(&at) => *outcome = Err(Suppressed::Secondary.reason().into()),
            Ok(row) => take_out(row, &hidden),
            Err(_) => {}
        }
    }
    protect_switches(all, segments, least);
}

fn by(row: &HotspotsRow) -> &[ScoresByRow] {
    row.scores.as_ref().map_or(&[], |scores| &scores.by)
}

/// How many scores of a segment are shown.
fn told(row: &HotspotsRow, hidden: &Hidden) -> usize {
    let shows = |key: &str, name: &&str| hidden.get(key).is_none_or(|names| !names.contains(*name));
    by(row).iter().map(|of| shown(of).into_keys().filter(|name| shows(&of.key, name)).count()).sum()
}

/// What is hidden of each key, if these segments are shown.
fn hidden(all: &HotspotsRow, parts: &[&HotspotsRow], least: u64, tree: &Tree<'_>) -> Hidden {
    let totals: Vec<u64> =
        parts.iter().filter_map(|row| row.scores.as_ref().ok()).map(|scores| ratings(&scores.all)).collect();
    let (mut hidden, mut crossed) = (Hidden::new(), Vec::new());
    for (at, of_all) in by(all).iter().enumerate() {
        let tables: Vec<&ScoresByRow> = parts.iter().filter_map(|row| by(row).get(at)).collect();
        let rows = tables.iter().copied().chain([of_all]).flat_map(|table| &table.results);
        let mut start: BTreeSet<String> =
            rows.filter(|row| row.score.is_err()).filter_map(|row| row.name.clone()).collect();
        if at == 0 {
            start.extend(parts.iter().flat_map(|row| row.hidden.clone()));
            start.extend(rated_by_few(all, parts, least));
        }
        hidden.insert(of_all.key.clone(), start);
        let tables = tables.into_iter().map(shown).collect();
        crossed.push((of_all.key.as_str(), Crossed { all: shown(of_all), tables, totals: totals.clone(), least }));
    }
    let rated = |key: &str, name: &str| crossed.iter().any(|(own, table)| *own == key && table.all.contains_key(name));
    let tree: Tree<'_> = tree.iter().copied().filter(|of| rated("touchpoint", of.0) && rated("stage", of.1)).collect();
    loop {
        let before = hidden.clone();
        for (key, table) in &crossed {
            hidden.entry((*key).to_owned()).and_modify(|names| *names = table.hide(std::mem::take(names)));
        }
        hide_together(&mut hidden, &tree);
        if hidden == before {
            return hidden;
        }
    }
}

/// Hides the stages of hidden touchpoints and the touchpoints of hidden stages.
fn hide_together(hidden: &mut Hidden, tree: &Tree<'_>) {
    loop {
        let hides = |key: &str, name: &str| hidden.get(key).is_some_and(|names| names.contains(name));
        let found = tree.iter().find(|(touchpoint, stage)| hides("touchpoint", touchpoint) != hides("stage", stage));
        let Some(&(touchpoint, stage)) = found else { return };
        for (key, name) in [("touchpoint", touchpoint), ("stage", stage)] {
            hidden.entry(key.to_owned()).or_default().insert(name.to_owned());
        }
    }
}

/// Takes switches out of all segments where all less those that are told leave a few of a side.
fn protect_switches(all: &HotspotsRow, segments: &mut [Entry<HotspotsRow>], least: u64) {
    let Ok(all) = &all.switches else { return };
    let mut rows: Vec<&mut HotspotsRow> = segments.iter_mut().filter_map(|entry| entry.outcome.as_mut().ok()).collect();
    let few = |rows: &[&mut HotspotsRow], name: Option<&str>| {
        let of = |found: &SwitchesRow| {
            let mut own = std::iter::once(&found.all).chain(&found.touchpoints);
            own.find(|row| row.touchpoint.as_deref() == name).map_or([0; 2], |row| [row.switched, row.stayed])
        };
        let told: Vec<[u64; 2]> = rows.iter().filter_map(|row| row.switches.as_ref().ok()).map(of).collect();
        let rest = |side: usize| told.iter().fold(of(all)[side], |rest, own| rest.saturating_sub(own[side]));
        (1..least).contains(&rest(0)) || (1..least).contains(&rest(1))
    };
    if few(&rows, None) {
        rows.iter_mut().for_each(|row| row.switches = Err(Suppressed::Secondary.reason().into()));
    }
    let names = all.touchpoints.iter().filter_map(|row| row.touchpoint.as_deref());
    let shown: Vec<&str> = names.filter(|name| !few(&rows, Some(name))).collect();
    for found in rows.iter_mut().filter_map(|row| row.switches.as_mut().ok()) {
        found.touchpoints.retain(|row| row.touchpoint.as_deref().is_some_and(|name| shown.contains(&name)));
    }
}

fn ratings(row: &PathScoreRow) -> u64 {
    row.score.as_ref().map_or(0, |rated| rated.ratings)
}

fn shown(by: &ScoresByRow) -> Ratings<'_> {
    let rows = by.results.iter().filter(|row| row.score.is_ok());
    rows.filter_map(|row| Some((row.name.as_deref()?, ratings(row)))).collect()
}

/// Touchpoints of which all hot spots less those of the segments leave a few ratings.
fn rated_by_few(all: &HotspotsRow, parts: &[&HotspotsRow], least: u64) -> Vec<String> {
    let of = |row: &HotspotsRow, name: &str| {
        row.hotspots.iter().filter(|spot| spot.touchpoint == name).map(|spot| spot.rated).sum::<u64>()
    };
    let rest = |name: &str| of(all, name).saturating_sub(parts.iter().map(|row| of(row, name)).sum());
    let names = all.hotspots.iter().map(|spot| &spot.touchpoint);
    names.filter(|name| (1..least).contains(&rest(name))).cloned().collect()
}

/// Ratings by key, of all journeys and of each segment that is shown.
struct Crossed<'a> {
    all: Ratings<'a>,
    tables: Vec<Ratings<'a>>,
    totals: Vec<u64>,
    least: u64,
}

impl Crossed<'_> {
    fn hide(&self, mut hidden: BTreeSet<String>) -> BTreeSet<String> {
        let small = |count: u64| 0 < count && count < self.least;
        for (name, count) in &self.all {
            let parts: u64 = self.tables.iter().filter_map(|table| table.get(name)).sum();
            if small(count.saturating_sub(parts))
                || self.tables.iter().any(|table| table.get(name).copied().is_some_and(small))
            {
                hidden.insert((*name).to_owned());
            }
        }
        loop {
            let exposed = self.tables.iter().zip(&self.totals).any(|(table, total)| {
                let seen: u64 = table.iter().filter(|(name, _)| !hidden.contains(**name)).map(|(_, count)| count).sum();
                small(total.saturating_sub(seen))
            });
            if !exposed && hidden.len() != 1 {
                return hidden;
            }
            let open = self.all.iter().filter(|(name, _)| !hidden.contains(**name));
            match open.min_by_key(|(name, count)| (**count, **name)) {
                Some((name, _)) => hidden.insert((*name).to_owned()),
                None => return hidden,
            };
        }
    }
}

fn take_out(row: &mut HotspotsRow, hidden: &Hidden) {
    let hides = |key: &str, name: &str| hidden.get(key).is_some_and(|names| names.contains(name));
    let why = Suppressed::Secondary.reason();
    if let Ok(scores) = &mut row.scores {
        for by in &mut scores.by {
            let key = by.key.clone();
            let taken = |row: &&mut PathScoreRow| row.name.as_deref().is_some_and(|name| hides(&key, name));
            by.results
                .iter_mut()
                .filter(taken)
                .for_each(|row| (row.passes, row.score) = (Err(why.into()), Err(why.into())));
        }
    }
    if let Ok(curve) = &mut row.emotion_curve {
        for stage in curve.stages.iter_mut().filter(|stage| hides("stage", &stage.stage)) {
            (stage.passes, stage.mean, stage.change) = (Err(why.into()), Err(why.into()), Err(why.into()));
        }
        if curve.stages.iter().any(|stage| hides("stage", &stage.stage)) {
            curve.elsewhere = Err(why.into());
        }
    }
    let spots = row.hotspots.iter().map(|spot| spot.touchpoint.clone());
    row.hidden.extend(spots.filter(|name| hides("touchpoint", name)).collect::<Vec<_>>());
    row.hidden.sort_unstable();
    row.hotspots.retain(|spot| !hides("touchpoint", &spot.touchpoint));
    row.moments_of_truth.retain(|moment| !hides("touchpoint", &moment.touchpoint));
    // Channels of touchpoints by segments are cells of a table of three keys.
    if row.consistency.is_ok() && hidden.values().any(|names| !names.is_empty()) {
        row.consistency = Err(why.into());
    }
}
