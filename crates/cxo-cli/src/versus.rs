//! Each shown segment against the rest, put beside its result.

use std::collections::{BTreeMap, BTreeSet};

use cxo_core::{
    Error,
    survey::{SegmentDifference, Segments, Tally, VersusRest},
};
use cxo_json::Entry;

use crate::{failure::Failure, groups::Groups, source::Asking};

/// Compares each shown segment with all other responses. Weighted and keyed responses have no such test and stay as they
/// are; so does a single segment, whose rest is empty.
pub(crate) fn put<T>(
    results: &mut [Entry<T>],
    groups: &Groups,
    asking: &Asking,
    compare: impl FnOnce(VersusRest, &Segments<Tally>, &dyn Fn(&str) -> bool) -> Result<Vec<SegmentDifference>, Error>,
    slot: impl Fn(&mut T) -> &mut Option<cxo_json::VersusRest>,
) -> Result<(), Failure> {
    let Some(tallies) = groups.tallies()?.filter(|tallies| tallies.len() > 1) else { return Ok(()) };
    let hidden: BTreeSet<String> =
        results.iter().filter(|entry| entry.outcome.is_err()).filter_map(|entry| entry.segment.clone()).collect();
    let shown = |name: &str| !hidden.contains(name);
    let versus = VersusRest::default().correction(asking.correction).confidence(asking.confidence);
    let found = compare(versus, &tallies, &shown)?;
    let found: BTreeMap<&str, &SegmentDifference> = found.iter().map(|found| (found.name.as_str(), found)).collect();
    for entry in results {
        let own = entry.segment.as_deref().and_then(|segment| found.get(segment));
        if let (Ok(row), Some(difference)) = (&mut entry.outcome, own) {
            *slot(row) = cxo_json::VersusRest::of(difference);
        }
    }
    Ok(())
}

/// The comparisons that were made.
pub(crate) fn shown<'a, T>(
    results: &'a [Entry<T>],
    slot: impl Fn(&'a T) -> Option<&'a cxo_json::VersusRest>,
) -> impl Iterator<Item = &'a cxo_json::VersusRest> {
    results.iter().filter_map(move |entry| entry.outcome.as_ref().ok().and_then(&slot))
}
