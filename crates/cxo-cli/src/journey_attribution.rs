//! `cxo journey attribution`: which channels are on the way to an outcome, of a table of paths or of a log.

use std::io::{self, Write};

use cxo_core::{
    Error,
    journey::{AttributionModel, AttributionOptions, PathSteps},
};
use cxo_csv::PathColumns;
use cxo_json::{AttributionDocument, AttributionRow, ChannelRow, Lines, Worth};

use crate::{
    asking::QUESTION,
    duration::{self, Span},
    failure::Failure,
    journey_chain::{open_journeys, trimmed},
    journey_log::{self, Columns, Rules},
    journey_map,
    journey_outcome::BIASED,
    notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::{Readable, TableFile},
};

/// The arguments of `cxo journey attribution`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "FILE is a table of paths (--path, --conversions), or an event log (--conversion TOUCHPOINT).\n\n\
    Examples:\n  cxo journey attribution paths.csv --path path --conversions conversions --nulls nulls --value revenue\n  \
    cxo journey attribution clicks.csv --journey user --touchpoint page --time at --channel source --conversion purchase \
    --session-gap 30m --model shapley"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    table: Table,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    output: Output,
}

/// The columns of a table of paths.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Table of paths")]
struct Table {
    /// The channels of a path, such as "search > email"
    #[arg(long, value_name = "COLUMN", requires = "conversions")]
    path: Option<String>,
    /// Journeys along the path that ended with the outcome
    #[arg(long, value_name = "COLUMN", requires = "path")]
    conversions: Option<String>,
    /// Journeys along the path that did not
    #[arg(long, value_name = "COLUMN", requires = "path")]
    nulls: Option<String>,
    /// What the outcomes were worth; of a log, what the record of the outcome is worth
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    /// What stands between two channels of a path
    #[arg(long, value_name = "TEXT", default_value = " > ")]
    separator: String,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// How credit is divided: markov, shapley, first, last, linear, position, step-decay, or of a log time-decay
    #[arg(long, value_name = "MODEL", default_value = "markov")]
    model: AttributionModel,
    /// The number of steps that the chain of markov remembers [default: 1]
    #[arg(long, value_name = "N")]
    order: Option<usize>,
    /// Of a log: the touchpoints that are the outcome
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with = "path")]
    conversion: Vec<String>,
    /// Of a log: a journey without outcome is lost only after so much silence before the end, such as 30d; until then it is open
    /// and left out [default: every journey without outcome is lost]
    #[arg(long, value_name = "DURATION", conflicts_with = "path")]
    silence: Option<Span>,
    /// Of a log: only steps so long before the outcome, such as 30d [default: all]
    #[arg(long, value_name = "DURATION", conflicts_with = "path")]
    lookback: Option<Span>,
    /// Of a log: the time in which the weight of time-decay halves [default: 7d]
    #[arg(long, value_name = "DURATION", conflicts_with = "path")]
    half_life: Option<Span>,
}

impl Asked {
    fn options(&self, steps: PathSteps) -> Result<AttributionOptions, Error> {
        let options = AttributionOptions::default().model(self.model).order(self.order()).steps(steps);
        let mut options = options.open(open_journeys(self.silence));
        if let Some(lookback) = self.lookback {
            options = options.lookback(lookback.micros)?;
        }
        if let Some(half_life) = self.half_life {
            options = options.half_life(half_life.micros)?;
        }
        Ok(options)
    }

    fn order(&self) -> usize {
        self.order.unwrap_or(1)
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if args.asked.order.is_some() && args.asked.model != AttributionModel::Markov {
        return Err(Failure::usage("--order needs --model markov"));
    }
    if args.asked.half_life.is_some() && args.asked.model != AttributionModel::TimeDecay {
        return Err(Failure::usage("--half-life needs --model time-decay"));
    }
    let file = args.file.open()?;
    let worth = if args.table.value.is_some() { Worth::Known } else { Worth::Unknown };
    match (&args.table.path, &args.table.conversions) {
        (Some(path), Some(conversions)) => of_table(args, file, worth, (path, conversions)),
        _ if args.asked.conversion.is_empty() => Err(Failure::usage(
            "what is the outcome? Give --path and --conversions for a table of paths, or --conversion TOUCHPOINT for a log",
        )),
        _ => of_log(args, file, worth),
    }
}

fn of_table(args: &Args, file: Readable, worth: Worth, (path, conversions): (&str, &str)) -> Result<(), Failure> {
    let name = file.file.clone();
    if !args.columns.by.is_empty() {
        return Err(Failure::usage("--by needs a log: a table of paths has no journeys to tell apart"));
    }
    if args.table.separator.is_empty() {
        return Err(Failure::usage("--separator is empty: nothing stands between two channels"));
    }
    let mut columns = PathColumns::new(path, conversions).separator(args.table.separator.as_str());
    if let Some(nulls) = &args.table.nulls {
        columns = columns.nulls(nulls.as_str());
    }
    if let Some(value) = &args.table.value {
        columns = columns.value(value.as_str());
    }
    let loaded = file.read(|load| load.paths(&columns))?;
    let all = loaded.value.attribution(args.asked.model, args.asked.order());
    let all = all.map_err(|error| Failure::from(error).in_file(&name))?;
    let all = AttributionRow::new(&all, worth);
    let document = AttributionDocument::new(args.asked.model, args.asked.order(), all, loaded.report);
    args.output.show(&document, &notes::load(&document.load))
}

fn of_log(args: &Args, file: Readable, worth: Worth) -> Result<(), Failure> {
    let path = file.file.clone();
    let logged = args.columns.read(file, &args.rules, args.table.value.as_ref())?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    let outcomes = trimmed(&args.asked.conversion);
    journey_log::check_touchpoints(&journeys, &outcomes).map_err(|failure| failure.in_file(&path))?;
    let (steps, unit) = match args.columns.channel {
        Some(_) => (PathSteps::Channel, "channel"),
        None => (PathSteps::Touchpoint, "touchpoint"),
    };
    let options = args.asked.options(steps)?;
    let answers = logged.ask(&journeys, |journeys| {
        let found = journeys.attribution(&outcomes, &options)?;
        let mut row = AttributionRow::new(&found.credit, worth);
        (row.open_journeys, row.immediate_journeys) = (Some(found.open), Some(found.immediate));
        row.biased = Some(found.biased);
        Ok(row)
    });
    let half_life = options.half_life_seconds();
    let (all, segments) = answers.map_err(|failure| failure.in_file(&path))?;
    let mut document = AttributionDocument::new(args.asked.model, args.asked.order(), all, logged.load.clone());
    unit.clone_into(&mut document.unit);
    document.segments = segments;
    document.outcomes = Some(outcomes.into_iter().map(str::to_owned).collect());
    document.silence_seconds = args.asked.silence.map(Span::seconds);
    document.lookback_seconds = args.asked.lookback.map(Span::seconds);
    document.half_life_seconds = half_life;
    let row = logged.row(&journeys);
    let notes = logged.notes(&row);
    document.log = Some(row);
    args.output.show(&document, &notes)
}

impl Present for AttributionDocument {
    fn page(&self, page: &mut Page) {
        let of = match &self.outcomes {
            Some(outcomes) => format!("journeys with {}", outcomes.join(" or ")),
            None => "conversions".to_owned(),
        };
        let all = self.all.conversions + self.all.nulls;
        let detail = format!("{of} of {} journeys; {}", page::count(all), model(self));
        page.headline("Attributed", &page::count(self.all.conversions), &detail);
        channels(page, &self.unit, &self.all);
        left_out(self, page);
        if self.all.biased == Some(true) {
            page.line(BIASED);
        }
        journey_map::segments(page, self.segments.as_deref().unwrap_or_default(), |page, row| {
            channels(page, &self.unit, row);
        });
        page.line(&page::wrapped(
            "Credit is arithmetic on observed paths. It does not say how many outcomes there would be without a channel: only an \
             experiment does.",
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.all.channels.iter().try_for_each(|channel| lines.write(channel))
    }
}

/// How credit is divided, in words.
fn model(document: &AttributionDocument) -> String {
    let meaning = match document.model.as_str() {
        "markov" => "in proportion to the removal effect in a Markov chain of order",
        "shapley" => "shapley: equally among the different channels of a path",
        "first" => "first: all to the first step",
        "last" => "last: all to the last step",
        "linear" => "linear: equally to all steps",
        "position" => "position: 40 % to the first, 40 % to the last, the rest between them",
        "step-decay" => "step-decay: half as much with each step away from the end",
        _ => "time-decay: half as much for each",
    };
    match (document.order, document.half_life_seconds) {
        (Some(order), _) => format!("markov: {meaning} {order}"),
        (None, Some(half_life)) => format!("{meaning} {} before the last step", duration::shown(half_life)),
        (None, None) => meaning.to_owned(),
    }
}

fn channels(page: &mut Page, unit: &str, of: &AttributionRow) {
    let (effects, values) = (of.channels.iter().any(|c| c.removal_effect.is_ok()), of.value.is_ok());
    let mut columns = vec![
        (if unit == "touchpoint" { unit } else { "channel" }, Align::Left),
        ("attributed", Align::Right),
        ("share", Align::Right),
        ("", Align::Left),
    ];
    if values {
        columns.push(("value", Align::Right));
    }
    if effects {
        columns.push(("removal effect", Align::Right));
    }
    let mut rows: Vec<&ChannelRow> = of.channels.iter().collect();
    rows.sort_by(|a, b| b.attributed.total_cmp(&a.attributed));
    let row = |channel: &&ChannelRow| {
        let share = channel.share.as_ref().copied();
        let mut row = vec![
            page::name(&channel.channel),
            page::decimals(channel.attributed, 1),
            share.map_or_else(|_| "–".to_owned(), page::percent),
            page::bar(share.unwrap_or(0.0), 20),
        ];
        if let (true, Ok(value)) = (values, &channel.value) {
            row.push(page::decimals(*value, 2));
        }
        if let (true, Ok(effect)) = (effects, &channel.removal_effect) {
            row.push(page::percent(*effect));
        }
        row
    };
    page.table(&columns, rows.iter().map(row).collect());
}

/// Journeys that are in no path.
fn left_out(document: &AttributionDocument, page: &mut Page) {
    let silence = document.silence_seconds.map_or_else(String::new, duration::shown);
    let parts = [
        (document.all.open_journeys, format!("still open: silent for at most {silence} before the end")),
        (document.all.immediate_journeys, format!("without a known {} before the outcome", document.unit)),
    ];
    let told =
        parts.into_iter().filter_map(|(count, what)| count.filter(|count| *count > 0).map(|count| (count, what)));
    let told: Vec<String> = told.map(|(count, what)| format!("{} journeys {what}", page::count(count))).collect();
    if !told.is_empty() {
        page.line(&page::wrapped(&format!("Left out: {}.", told.join("; "))));
    }
}
