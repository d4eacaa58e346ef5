//! `cxo journey attribution`: which channels are on the way to an outcome, of a table of paths or of a log.

use std::{
    io::{self, Write},
    str::FromStr,
};

use clap::{ArgMatches, CommandFactory, FromArgMatches, error::ErrorKind, parser::ValueSource};
use cxo_core::{
    Error,
    domain::LoadReport,
    journey::{AttributionModel, AttributionOptions, PathSteps, PositionCredit},
};
use cxo_csv::PathColumns;
use cxo_json::{AttributionDocument, AttributionRow, ChannelRow, Lines, PositionRow, Worth};

use crate::{
    asking::QUESTION,
    duration::{self, Span},
    failure::Failure,
    journey::{
        chain::open_journeys,
        columns::{Columns, Rules},
        log, map,
        outcome::BIASED,
    },
    list::{self, NameList},
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

/// The same, where none is given that says nothing of the kind of file at hand.
#[derive(Debug)]
pub(crate) struct Checked(Args);

impl clap::Args for Checked {
    fn augment_args(command: clap::Command) -> clap::Command {
        Args::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Args::augment_args_for_update(command)
    }
}

impl FromArgMatches for Checked {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let refused = |message: String| Err(clap::Error::raw(ErrorKind::ArgumentConflict, format!("{message}\n")));
        if !given("path") && given("separator") {
            return refused(
                "--separator needs a table of paths (--path): an event log has no paths to take apart".to_owned(),
            );
        }
        // Everything that tells of records, or of the journeys that they make up.
        let of_logs = OfLog::command();
        let options =
            of_logs.get_arguments().map(|option| (option.get_id().as_str(), option.get_long().unwrap_or_default()));
        // A seed goes with every command.
        let mut options = options.filter(|(id, _)| *id != "seed" && given("path") && given(id));
        match options.next() {
            Some((_, long)) => refused(format!(
                "--{long} needs an event log: a table of paths (--path) has counts of journeys, but not their records"
            )),
            None => Args::from_arg_matches(matches).map(Self),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options of event logs.
#[derive(Debug, clap::Parser)]
#[command(disable_help_flag = true)]
struct OfLog {
    #[command(flatten)]
    _columns: Columns,
    #[command(flatten)]
    _rules: Rules,
    #[command(flatten)]
    _journeys: OfJourneys,
}

/// The columns of a table of paths.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Table of paths")]
struct Table {
    /// The channels of a path, such as "search > email"; options of event logs are refused with it
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
    /// How credit is divided: markov, shapley, shapley-ordered (by the place on the path too), first, last, linear, position,
    /// step-decay, or of a log time-decay
    #[arg(long, value_name = "MODEL", default_value = "markov")]
    model: Model,
    /// The number of steps that the chain of markov remembers, 1 to 8 [default: 1]
    #[arg(long, value_name = "N", value_parser = order)]
    order: Option<usize>,
    #[command(flatten)]
    of_log: OfJourneys,
}

/// What is asked of journeys alone.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct OfJourneys {
    /// Of a log: the touchpoints that are the outcome
    #[arg(long, value_name = "A,B")]
    conversion: Vec<NameList>,
    /// Of a log: a journey without outcome is lost only after so much silence before the end, such as 30d; until then it is open
    /// and left out [default: every journey without outcome is lost]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    silence: Option<Span>,
    /// Of a log: only steps so long before the outcome, such as 30d [default: all]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    lookback: Option<Span>,
    /// Of a log: the time in which the weight of time-decay halves [default: 7d]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    half_life: Option<Span>,
}

/// A model, and whether its credit is told by place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Model {
    ByChannel(AttributionModel),
    /// Shapley values by place; over all places those of the channels.
    OrderedShapley,
}

/// The name of the ordered Shapley value.
const ORDERED: &str = "shapley-ordered";

impl Model {
    const fn of_channels(self) -> AttributionModel {
        match self {
            Self::ByChannel(model) => model,
            Self::OrderedShapley => AttributionModel::Shapley,
        }
    }
}

impl FromStr for Model {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == ORDERED {
            return Ok(Self::OrderedShapley);
        }
        let refused = |error: Error| {
            let allowed = format!("{}, {ORDERED}", error.allowed().unwrap_or_default());
            Error::input("attribution model", format!("\"{text}\""), allowed)
        };
        text.parse().map(Self::ByChannel).map_err(refused)
    }
}

/// Puts the credit by place beside that of the channels, where it is asked for.
fn put_positions(
    row: &mut AttributionRow,
    model: Model,
    worth: Worth,
    credit: impl FnOnce() -> Result<Vec<PositionCredit>, Error>,
) -> Result<(), Error> {
    if model == Model::OrderedShapley {
        row.positions = Some(credit()?.iter().map(|place| PositionRow::new(place, worth)).collect());
    }
    Ok(())
}

/// The document of a model.
fn document(asked: &Asked, all: AttributionRow, load: LoadReport) -> AttributionDocument {
    let mut document = AttributionDocument::new(asked.model.of_channels(), asked.order(), all, load);
    if asked.model == Model::OrderedShapley {
        ORDERED.clone_into(&mut document.model);
    }
    document
}

impl Asked {
    fn options(&self, steps: PathSteps) -> Result<AttributionOptions, Failure> {
        let options = AttributionOptions::default().model(self.model.of_channels()).order(self.order()).steps(steps);
        let mut options = options.open(open_journeys(self.of_log.silence));
        if let Some(lookback) = self.of_log.lookback {
            options = options.lookback(lookback.micros).map_err(|error| Failure::option("--lookback", &error))?;
        }
        if let Some(half_life) = self.of_log.half_life {
            options = options.half_life(half_life.micros).map_err(|error| Failure::option("--half-life", &error))?;
        }
        Ok(options)
    }

    fn order(&self) -> usize {
        self.order.unwrap_or(1)
    }
}

/// An order of the chain.
fn order(text: &str) -> Result<usize, Error> {
    let most = AttributionOptions::MOST_ORDER;
    let refused = || Error::input("order of the chain", format!("\"{text}\""), format!("1 to {most}"));
    text.parse().ok().filter(|order| (1..=most).contains(order)).ok_or_else(refused)
}

/// Runs the command.
pub(crate) fn run(Checked(args): &Checked) -> Result<(), Failure> {
    if args.asked.order.is_some() && args.asked.model != Model::ByChannel(AttributionModel::Markov) {
        return Err(Failure::usage("--order needs --model markov"));
    }
    if args.asked.of_log.half_life.is_some() && args.asked.model != Model::ByChannel(AttributionModel::TimeDecay) {
        return Err(Failure::usage("--half-life needs --model time-decay"));
    }
    if args.table.path.is_some() && args.asked.model == Model::ByChannel(AttributionModel::TimeDecay) {
        return Err(Failure::usage("--model time-decay needs an event log: a table of paths (--path) has no times"));
    }
    let file = args.file.open()?;
    let worth = if args.table.value.is_some() { Worth::Known } else { Worth::Unknown };
    match (&args.table.path, &args.table.conversions) {
        (Some(path), Some(conversions)) => of_table(args, file, worth, (path, conversions)),
        _ if args.asked.of_log.conversion.is_empty() => Err(Failure::usage(
            "what is the outcome? Give --path and --conversions for a table of paths, or --conversion TOUCHPOINT for a log",
        )),
        _ => of_log(args, file, worth),
    }
}

fn of_table(args: &Args, file: Readable, worth: Worth, (path, conversions): (&str, &str)) -> Result<(), Failure> {
    let name = file.file.clone();
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
    let all = loaded.value.attribution(args.asked.model.of_channels(), args.asked.order());
    let all = all.map_err(|error| Failure::from(error).in_file(&name))?;
    let mut all = AttributionRow::new(&all, worth);
    put_positions(&mut all, args.asked.model, worth, || loaded.value.ordered_shapley())?;
    let document = document(&args.asked, all, loaded.report);
    args.output.show(&document, &notes::load(&document.load))
}

fn of_log(args: &Args, file: Readable, worth: Worth) -> Result<(), Failure> {
    let outcomes = list::each_once("--conversion", &args.asked.of_log.conversion)?;
    let (steps, unit) = match args.columns.channel {
        Some(_) => (PathSteps::Channel, "channel"),
        None => (PathSteps::Touchpoint, "touchpoint"),
    };
    let options = args.asked.options(steps)?;
    let path = file.file.clone();
    let logged = args.columns.read(file, &args.rules, args.table.value.as_ref())?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    log::check_touchpoints(&journeys, &outcomes).map_err(|failure| failure.in_file(&path))?;
    let answers = logged.ask(&journeys, |journeys| {
        let found = journeys.attribution(&outcomes, &options)?;
        let mut row = AttributionRow::new(&found.credit, worth);
        (row.open_journeys, row.immediate_journeys) = (Some(found.open), Some(found.immediate));
        put_positions(&mut row, args.asked.model, worth, || journeys.ordered_shapley(&outcomes, &options))?;
        row.biased = Some(found.biased);
        Ok(row)
    });
    let half_life = options.half_life_seconds();
    let (all, segments) = answers.map_err(|failure| failure.in_file(&path))?;
    let mut document = document(&args.asked, all, logged.load.clone());
    unit.clone_into(&mut document.unit);
    document.segments = segments;
    document.outcomes = Some(outcomes.into_iter().map(str::to_owned).collect());
    document.silence_seconds = args.asked.of_log.silence.map(Span::seconds);
    document.lookback_seconds = args.asked.of_log.lookback.map(Span::seconds);
    document.half_life_seconds = half_life;
    let row = logged.row(&journeys);
    let notes = logged.notes(&row);
    document.log = Some(row);
    args.output.show(&document, &notes)
}

impl Present for AttributionDocument {
    fn page(&self, page: &mut Page) {
        let of = match &self.outcomes {
            Some(outcomes) => format!("journeys with {}", page::names(outcomes, " or ")),
            None => "conversions".to_owned(),
        };
        let all = self.all.conversions + self.all.nulls;
        let detail = format!("{of} of {}; {}", page::journeys(all), model(self));
        page.headline("Attributed", &page::count(self.all.conversions), &detail);
        channels(page, &self.unit, &self.all);
        positions(page, &self.unit, &self.all);
        left_out(self, page);
        if self.all.biased == Some(true) {
            page.line(BIASED);
        }
        map::segments(page, self.segments.as_deref(), |page, row| {
            channels(page, &self.unit, row);
        });
        page.line(&page::wrapped(
            "Credit is arithmetic on observed paths. It does not say how many outcomes there would be without a channel: only an \
             experiment does.",
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.channels)
    }
}

/// How credit is divided, in words.
fn model(document: &AttributionDocument) -> String {
    let meaning = match document.model.as_str() {
        "markov" => "in proportion to the removal effect in a Markov chain of order",
        "shapley" | ORDERED => "shapley: equally among the different channels of a path",
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

/// The credit of each channel for the first places, in the order of the channels.
fn positions(page: &mut Page, unit: &str, of: &AttributionRow) {
    const MOST: usize = 5;
    let Some(positions) = &of.positions else { return };
    let first = if unit == "touchpoint" { unit } else { "channel" };
    let places: Vec<String> = (1..=MOST).map(|place| format!("place {place}")).collect();
    let mut columns = vec![(first, Align::Left)];
    columns.extend(places.iter().map(|place| (place.as_str(), Align::Right)));
    columns.push(("later", Align::Right));
    let row = |channel: &ChannelRow| {
        let own = || positions.iter().filter(|place| place.channel == channel.channel);
        let at = |place: usize| own().filter(|own| own.position == place).map(|own| own.attributed).sum::<f64>();
        let later = own().filter(|own| own.position > MOST).map(|own| own.attributed).sum::<f64>();
        let cells = (1..=MOST).map(at).chain([later]).map(|credit| page::decimals(credit, 1));
        std::iter::once(page::name(&channel.channel)).chain(cells).collect()
    };
    page.line("The same by the place on the path:");
    page.table(&columns, of.channels.iter().map(row).collect());
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
    let told: Vec<String> = told.map(|(count, what)| format!("{} {what}", page::journeys(count))).collect();
    if !told.is_empty() {
        page.line(&page::wrapped(&format!("Left out: {}.", told.join("; "))));
    }
}
