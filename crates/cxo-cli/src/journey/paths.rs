//! `cxo journey paths`: the most frequent ways of journeys.

use std::{
    io::{self, Write},
    num::NonZeroUsize,
};

use cxo_json::{JourneyPathsDocument, Lines, PathsRow, StepRow, StepShareRow, VariantRow};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    journey::{
        columns::{Columns, Rules},
        file, log, map,
    },
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo journey paths`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, mut_arg("file", |arg| arg.help(file::HELP)))]
#[command(
    after_help = "Examples:\n  cxo journey paths touchpoints.csv --customer customer --touchpoint touchpoint --time time --top 20\n  \
    cxo journey paths clicks.csv --journey user --touchpoint page --time at --session-gap 30m --by device"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    /// How many ways are shown
    #[arg(long, help_heading = QUESTION, value_name = "N", default_value = "10", value_parser = asking::at_least_one)]
    top: usize,
    /// Also where journeys are at each of the first N steps, and where they go from there
    #[arg(long, help_heading = QUESTION, value_name = "N")]
    steps_to: Option<NonZeroUsize>,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let logged = args.columns.read(file, &args.rules, None)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    let (all, segments) = logged.ask(&journeys, |journeys| {
        let row = PathsRow::new(&journeys.variants(), journeys.len() as u64, args.top);
        Ok(PathsRow { steps: args.steps_to.map(|steps| StepRow::of(journeys, steps.get())), ..row })
    })?;
    let document = JourneyPathsDocument { all, segments, log: logged.row(&journeys), load: logged.load.clone() };
    args.output.show(&document, &logged.notes(&document.log))
}

impl Present for JourneyPathsDocument {
    fn page(&self, page: &mut Page) {
        let detail = format!("in {}, {}", page::journeys(self.all.journeys), log::unit(&self.log));
        let different = self.all.total_variants.as_ref().map_or_else(ToString::to_string, |ways| page::count(*ways));
        page.headline("Different ways", &different, &detail);
        table(page, &self.all);
        map::segments(page, self.segments.as_deref(), table);
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.variants)
    }
}

fn table(page: &mut Page, of: &PathsRow) {
    let columns =
        [("journeys", Align::Right), ("share", Align::Right), ("together", Align::Right), ("way", Align::Left)];
    let row = |variant: &VariantRow| {
        vec![
            page::count(variant.count),
            page::percent(variant.share),
            page::percent(variant.coverage),
            way(&variant.path),
        ]
    };
    page.table(&columns, of.variants.iter().map(row).collect());
    steps(page, of.steps.as_deref().unwrap_or_default());
}

/// Where journeys are at each step: the most frequent touchpoints.
fn steps(page: &mut Page, of: &[StepRow]) {
    const MOST: usize = 4;
    let columns = [("step", Align::Right), ("ended before", Align::Right), ("at", Align::Left)];
    let row = |step: &StepRow| {
        let mut at: Vec<&StepShareRow> = step.touchpoints.iter().collect();
        at.sort_by_key(|at| std::cmp::Reverse(at.journeys));
        let named =
            at.iter().take(MOST).map(|at| format!("{} {}", page::name(&at.touchpoint), page::percent(at.share)));
        let more = at.len().checked_sub(MOST).filter(|more| *more > 0).map(|more| format!("{more} more"));
        let at = named.chain(more).collect::<Vec<_>>().join(", ");
        vec![page::count(step.step), page::percent(step.ended_share), at]
    };
    if !of.is_empty() {
        page.line("Where journeys are at each step, as shares of all of them:");
        page.table(&columns, of.iter().map(row).collect());
    }
}

/// Touchpoints with arrows between them; of a long way the first and the last.
fn way(path: &[String]) -> String {
    const MOST: usize = 9;
    const FIRST: usize = 6;
    let names = |part: &[String]| part.iter().map(|name| page::name(name)).collect::<Vec<_>>().join(" → ");
    match (path.get(..FIRST), path.get(path.len().saturating_sub(2)..)) {
        (Some(first), Some(last)) if path.len() > MOST => {
            format!("{} → … {} more … → {}", names(first), path.len() - FIRST - last.len(), names(last))
        }
        _ => names(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ways_keep_both_ends() {
        let path: Vec<String> = (1..=12).map(|step| step.to_string()).collect();
        assert_eq!(way(&path[..9]), "1 → 2 → 3 → 4 → 5 → 6 → 7 → 8 → 9");
        assert_eq!(way(&path), "1 → 2 → 3 → 4 → 5 → 6 → … 4 more … → 11 → 12");
    }
}
