//! `cxo nps decompose`: a change in NPS between two periods as a mix and a rate effect of each segment.

use std::{
    io::{self, Write},
    str::FromStr,
};

use cxo_core::{
    Error, State,
    domain::{Day, Scale},
    survey::{NpsDecomposition, Segments, Tally},
};
use cxo_csv::Response;
use cxo_json::{DecompositionDocument, DecompositionRow, Lines};

use crate::{
    failure::Failure,
    groups, notes,
    output::{Output, Present},
    page::{self, Align, Page},
    source::{Layout, Survey},
};

/// The arguments of `cxo nps decompose`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  cxo nps decompose feedback.csv --score recommend --by channel --time when \\\n      \
    --before 2026-01-01..2026-03-31 --after 2026-04-01..2026-06-30"
)]
pub(crate) struct Args {
    #[command(flatten)]
    survey: Survey,
    /// First and last day of the first period
    #[arg(long, value_name = "FROM..TO")]
    before: Days,
    /// First and last day of the second period
    #[arg(long, value_name = "FROM..TO")]
    after: Days,
    /// Level of the interval of the change
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = crate::asking::confidence)]
    confidence: cxo_core::Confidence,
    #[command(flatten)]
    output: Output,
}

/// Days from the first to the last, both included, as `2026-01-01..2026-03-31`.
#[derive(Debug, Clone, Copy)]
struct Days {
    first: Day,
    last: Day,
}

impl Days {
    fn contain(self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }
}

impl FromStr for Days {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::input("days", format!("\"{text}\""), "first..last day, such as 2026-01-01..2026-03-31");
        let (first, last) = text.split_once("..").ok_or_else(refused)?;
        let day = |text: &str| text.trim().parse().map(Day::from_date).map_err(|_| refused());
        let days = Self { first: day(first)?, last: day(last)? };
        if days.first <= days.last { Ok(days) } else { Err(refused()) }
    }
}

/// The responses of both periods by segment.
struct Periods {
    before: Segments<Tally>,
    after: Segments<Tally>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let source = args.survey.open_with_time(Scale::NPS)?;
    let layout = source.layout.clone();
    let empty = || Segments::new(Tally::new(Scale::NPS));
    let loaded = source.fold(
        || Periods { before: empty(), after: empty() },
        |periods, response| add(periods, response, &layout, args),
        |periods, other| {
            periods.before.merge(&other.before)?;
            periods.after.merge(&other.after)
        },
    )?;
    let Periods { before, after } = loaded.value;
    let change = NpsDecomposition::of(&before, &after, args.confidence)?;
    let mut remarks = notes::load(&loaded.report);
    remarks.push("The effects say where scores and shares differ between the periods, not why.".to_owned());
    args.output.show(&DecompositionDocument::new(&change, loaded.report), &remarks)
}

fn add(periods: &mut Periods, response: &Response<'_>, layout: &Layout, args: &Args) -> Result<(), Error> {
    let Some(time) = response.time else { return Ok(()) };
    let day = time.day_in(&layout.zone)?;
    let name = (!response.segments.is_empty()).then(|| groups::joined(response.segments));
    for (days, segments) in [(args.before, &mut periods.before), (args.after, &mut periods.after)] {
        if days.contain(day) {
            segments.add(name.as_deref(), response.rating)?;
        }
    }
    Ok(())
}

impl Present for DecompositionDocument {
    fn page(&self, page: &mut Page) {
        let detail = page::interval_text(&self.change.interval, page::points);
        page.headline("Change in NPS", &page::points(self.change.difference), &detail);
        page.line(&format!(
            "From {} to {}: {} by mix (shares of segments), {} by rate (scores of segments).",
            page::points(self.before),
            page::points(self.after),
            page::points(self.mix),
            page::points(self.rate)
        ));
        let columns = [
            ("segment", Align::Left),
            ("share before", Align::Right),
            ("after", Align::Right),
            ("score before", Align::Right),
            ("after", Align::Right),
            ("by mix", Align::Right),
            ("by rate", Align::Right),
        ];
        page.table(&columns, self.parts.iter().map(cells).collect());
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.parts.iter().try_for_each(|part| lines.write(part))
    }
}

fn cells(part: &DecompositionRow) -> Vec<String> {
    let score =
        |score: &cxo_json::Quantity| score.as_ref().map_or_else(|_| "none".to_owned(), |score| page::points(*score));
    vec![
        page::segment(part.segment.as_deref()),
        page::percent(part.weight_before),
        page::percent(part.weight_after),
        score(&part.score_before),
        score(&part.score_after),
        page::points(part.mix),
        page::points(part.rate),
    ]
}
