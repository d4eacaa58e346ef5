//! The page of `cxo journey conformance`: how many journeys keep to the design, where the others leave it, and what goes with that.

use std::io::{self, Write};

use cxo_json::{
    AlignedVariantRow, BlueprintStepRow, ConformanceRow, DeviationRow, DifferenceRow, EstimateRow,
    JourneyConformanceDocument, Lines, Quantity,
};

use crate::{
    journey::{log, map, outcome::BIASED},
    output::Present,
    page::{self, Align, Page},
};

/// So many deviations fit on a page; so many of a segment.
const SHOWN: usize = 20;
const OF_SEGMENT: usize = 5;

impl Present for JourneyConformanceDocument {
    fn page(&self, page: &mut Page) {
        let (all, asked) = (&self.all, &self.question);
        let detail = format!(
            "of {} in the order of \"{}\"; {}; {}",
            page::journeys(all.journeys),
            page::name(&asked.blueprint),
            page::interval_text(&all.conforming.interval, page::percent),
            log::unit(&self.log)
        );
        page.headline("Conforming", &page::percent(all.conforming.value), &detail);
        let fact = |what: &str, of: &EstimateRow, meaning: &str| {
            let bounds = page::bounds(&of.interval, page::percent);
            vec![what.to_owned(), page::percent(of.value), format!("{bounds}  {meaning}")]
        };
        page.facts(vec![
            fact("in time as well", &all.conforming_in_time, "of all journeys"),
            fact("fitness", &all.fitness, "mean: 100 % as designed, 0 % if nothing matches"),
        ]);
        if !asked.never_seen.is_empty() {
            page.line(&page::wrapped(&format!(
                "No record has these touchpoints of the blueprint: {}. Are they spelled as in the data?",
                page::names(&asked.never_seen, ", ")
            )));
        }
        deviations(page, all, asked.outcomes.as_deref(), SHOWN);
        if !all.variants.is_empty() {
            let shown = page::count(all.variants.len() as u64);
            let different = page::count(all.total_variants);
            page.line(&format!("The {shown} most frequent of {different} ways (+ not expected there, − missing):"));
            variants(page, &all.variants, &asked.steps);
        }
        map::segments(page, self.segments.as_deref(), |page, row| {
            let share = page::percent(row.conforming.value);
            page.line(&format!("{share} of {} in the order.", page::journeys(row.journeys)));
            deviations(page, row, asked.outcomes.as_deref(), OF_SEGMENT);
        });
        if all.open_journeys > 0 {
            let open = page::journeys(all.open_journeys);
            page.line(&format!("Left out of outcomes, which may still come: {open}."));
        }
        if all.biased {
            page.line(BIASED);
        }
        page.line(&page::wrapped(&format!(
            "Differences are between journeys with a deviation and those without it, as observed: associated, not brought about by it. \
             All intervals are {}.",
            page::level(asked.confidence)
        )));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.deviations)
    }
}

/// A deviation in words.
fn what(deviation: &DeviationRow) -> String {
    let Some(touchpoint) = &deviation.touchpoint else { return "the whole journey takes too long".to_owned() };
    let touchpoint = page::name(touchpoint);
    match deviation.kind.as_str() {
        "skipped" => format!("{touchpoint} is missing"),
        "inserted" => format!("{touchpoint} is not expected"),
        "out-of-order" => format!("{touchpoint} is out of order"),
        _ => format!("{touchpoint} comes too late"),
    }
}

fn deviations(page: &mut Page, of: &ConformanceRow, outcomes: Option<&[String]>, most: usize) {
    if of.deviations.is_empty() {
        page.line("Every journey is as designed.");
        return;
    }
    let scored = of.deviations.iter().any(|row| row.score_difference.is_ok());
    let mut columns = vec![
        ("deviation", Align::Left),
        ("stage", Align::Left),
        ("times", Align::Right),
        ("journeys", Align::Right),
        ("of all", Align::Right),
        ("interval", Align::Left),
    ];
    let names = outcomes.map(|outcomes| format!("{} associated", page::names(outcomes, " or ")));
    if scored {
        columns.push(("score associated", Align::Left));
    }
    if let Some(names) = &names {
        columns.push((names, Align::Left));
    }
    let row = |row: &DeviationRow| {
        let mut cells = vec![
            what(row),
            row.stage.as_deref().map_or_else(String::new, page::name),
            page::count(row.occurrences),
            page::count(row.journeys),
            page::percent(row.share.value),
            page::bounds(&row.share.interval, page::percent),
        ];
        if scored {
            cells.push(difference(&row.score_difference, |value| format!("{value:+.2}")));
        }
        if names.is_some() {
            cells.push(difference(&row.outcome_difference, page::share_points));
        }
        cells
    };
    page.line("Where journeys leave the design, those of the most journeys first:");
    page.table(&columns, of.deviations.iter().take(most).map(row).collect());
    map::more(page, of.deviations.len(), most, "deviations");
}

/// A difference with its interval, or why there is none.
fn difference(of: &Quantity<DifferenceRow>, show: impl Fn(f64) -> String) -> String {
    match of {
        Ok(of) => match &of.interval {
            Ok(bounds) => format!("{} ({} to {})", show(of.value), show(bounds.lower), show(bounds.upper)),
            Err(_) => show(of.value),
        },
        Err(reason) => reason.to_string(),
    }
}

fn variants(page: &mut Page, variants: &[AlignedVariantRow], steps: &[BlueprintStepRow]) {
    let columns = [
        ("journeys", Align::Right),
        ("of all", Align::Right),
        ("fitness", Align::Right),
        ("cost", Align::Right),
        ("beside the design", Align::Left),
    ];
    let moves = |variant: &AlignedVariantRow| {
        let shown = variant.moves.iter().filter_map(|way| match way.kind.as_str() {
            "inserted" => Some(format!("+{}", page::name(&way.touchpoint))),
            // What may be left out is not missing.
            "skipped" if steps.iter().any(|step| step.optional && step.touchpoint == way.touchpoint) => None,
            "skipped" => Some(format!("−{}", page::name(&way.touchpoint))),
            _ => Some(page::name(&way.touchpoint)),
        });
        shown.collect::<Vec<_>>().join(" → ")
    };
    let row = |variant: &AlignedVariantRow| {
        vec![
            page::count(variant.count),
            page::percent(variant.share),
            page::percent(variant.fitness),
            page::decimals(variant.cost, 1),
            moves(variant),
        ]
    };
    page.table(&columns, variants.iter().map(row).collect());
}
