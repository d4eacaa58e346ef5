//! Each shown segment against the rest, put beside its result.

use std::collections::BTreeMap;

use cxo_core::survey::{SegmentAndRest, SegmentDifference, VersusRest};
use cxo_json::Entry;

use crate::{asking::Asking, failure::Failure, groups::Groups, question::Question, ratings::Context};

/// Compares each shown segment with all other responses; a single segment has no rest.
pub(crate) fn put<Q: Question>(
    results: &mut [Entry<Q::Row>],
    groups: &Groups,
    question: &Q,
    asking: &Asking,
) -> Result<(), Failure> {
    let versus = VersusRest::default().correction(asking.correction).confidence(asking.confidence);
    let shown =
        |name: &str| results.iter().any(|entry| entry.segment.as_deref() == Some(name) && entry.outcome.is_ok());
    let found = if let Some(tallies) = groups.tallies()? {
        if tallies.len() > 1 { question.of_tallies(versus, &tallies, &shown)? } else { Vec::new() }
    } else {
        of_answers(groups, question, versus, &shown)?
    };
    let found: BTreeMap<&str, &SegmentDifference> = found.iter().map(|found| (found.name.as_str(), found)).collect();
    for entry in results {
        let own = entry.segment.as_deref().and_then(|segment| found.get(segment));
        if let (Ok(row), Some(difference)) = (&mut entry.outcome, own) {
            Q::complete(row).1.clone_from(&cxo_json::VersusRest::of(difference));
        }
    }
    Ok(())
}

/// The comparisons of weighted and keyed responses: of two answers, on effective counts.
fn of_answers<Q: Question>(
    groups: &Groups,
    question: &Q,
    versus: VersusRest,
    shown: &dyn Fn(&str) -> bool,
) -> Result<Vec<SegmentDifference>, Failure> {
    // No interval of these answers is shown, so its method does not matter.
    let context = Context { smallest: 0, weighted: groups.weighted };
    let mut pairs = Vec::new();
    for (name, segment, rest) in groups.segments_and_rests(shown)? {
        let rest = if rest.responses()? == 0 { None } else { Some(question.ask(&rest, context)?.result) };
        pairs.push(SegmentAndRest { name, segment: question.ask(segment, context)?.result, rest });
    }
    Ok(question.of_answers(versus, pairs)?)
}

/// The comparisons that were made.
pub(crate) fn shown<'a, T>(
    results: &'a [Entry<T>],
    slot: impl Fn(&'a T) -> Option<&'a cxo_json::VersusRest>,
) -> impl Iterator<Item = &'a cxo_json::VersusRest> {
    results.iter().filter_map(move |entry| entry.outcome.as_ref().ok().and_then(&slot))
}
