//! `cxo journey chain`: from each touchpoint, how likely the outcome is, and how far.

use std::io::{self, Write};

use cxo_core::{
    Confidence, Error, Seed,
    journey::{AttributionOptions, ChainOptions, Journeys, OpenJourneys},
    stats::resampling::Bootstrap,
};
use cxo_json::{ChainResamples, ChainRow, JourneyChainDocument, Lines, OrderRow, Quantity, RemovalRow, StateRow};

use crate::{
    asking::{self, QUESTION},
    duration::{self, Span},
    failure::Failure,
    journey::{
        columns::{Columns, Rules},
        file, log, map,
        outcome::BIASED,
    },
    list::{self, NameList},
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo journey chain`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, mut_arg("file", |arg| arg.help(file::HELP)))]
#[command(
    after_help = "Examples:\n  cxo journey chain clicks.csv --journey user --touchpoint page --time at --conversion purchase --silence 30d\n  \
    cxo journey chain cases.csv --journey case --touchpoint activity --time at --conversion paid,cancelled"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    outcome: Outcome,
    #[command(flatten)]
    output: Output,
}

/// Where a journey ends.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Outcome {
    /// The touchpoints that are outcomes: a journey ends at the first of them
    #[arg(long, value_name = "A,B", required = true)]
    conversion: Vec<NameList>,
    /// A journey without outcome is lost only after so much silence before the end of the observation, such as 30d; until then it is
    /// open and left out [default: every journey without outcome is lost]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    silence: Option<Span>,
    /// Compare how well chains fit that remember 1 to N steps, at most 8
    #[arg(long, value_name = "N", default_value = "3")]
    orders: usize,
    /// Bounds from so many resamples of customers, 100 or more, such as 1000 [default: no bounds]
    #[arg(long, value_name = "N")]
    resamples: Option<u32>,
    /// Level of the bounds
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
}

/// What a silence says of journeys without outcome.
pub(crate) fn open_journeys(silence: Option<Span>) -> OpenJourneys {
    silence.map_or(OpenJourneys::Lost, |silence| OpenJourneys::Silent { micros: silence.micros })
}

impl Args {
    fn options(&self) -> Result<(ChainOptions, Option<ChainResamples>), Failure> {
        let most = AttributionOptions::MOST_ORDER;
        if !(1..=most).contains(&self.outcome.orders) {
            return Err(Failure::usage(format!("--orders {}: 1 to {most} orders are compared", self.outcome.orders)));
        }
        let options = ChainOptions::from(open_journeys(self.outcome.silence));
        let Some(replicates) = self.outcome.resamples else { return Ok((options, None)) };
        let seed = self.rules.seed();
        let bootstrap = Bootstrap::new(replicates, seed).map_err(|error| Failure::option("--resamples", &error))?;
        let confidence = self.outcome.confidence;
        let Seed(seed) = seed;
        let interval_method = cxo_core::Method::CustomerBootstrap.name().to_owned();
        let resamples = ChainResamples { resamples: replicates, seed, confidence, interval_method };
        Ok((options.bootstrap(bootstrap.confidence(confidence)), Some(resamples)))
    }
}

impl Outcome {
    /// The orders of a chain of these journeys, or why there are none.
    fn orders(&self, journeys: &Journeys<'_>, outcomes: &[&str]) -> Result<Quantity<Vec<OrderRow>>, Error> {
        let paths = journeys.paths_to(outcomes, open_journeys(self.silence))?.paths;
        if paths.is_empty() {
            return Ok(Err("no journey has a step before its end".into()));
        }
        Ok(Ok(OrderRow::of(&paths.chain_orders(self.orders)?)))
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let outcomes = list::each_once("--conversion", &args.outcome.conversion)?;
    let (options, resamples) = args.options()?;
    let file = args.file.open()?;
    let path = file.file.clone();
    let logged = args.columns.read(file, &args.rules, None)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    log::check_touchpoints(&journeys, &outcomes).map_err(|failure| failure.in_file(&path))?;
    let answers = logged.ask(&journeys, |journeys| {
        let chain = journeys.chain(&outcomes, options)?;
        Ok(ChainRow::new(&chain, args.outcome.orders(journeys, &outcomes)?))
    });
    let (all, segments) = answers.map_err(|failure| failure.in_file(&path))?;
    let mut document = JourneyChainDocument::new(all, logged.row(&journeys), logged.load.clone());
    document.segments = segments;
    document.resamples = resamples;
    document.silence_seconds = args.outcome.silence.map(Span::seconds);
    args.output.show(&document, &logged.notes(&document.log))
}

/// The place of the column of bounds.
const BOUNDS: usize = 4;

/// So many touchpoints of a segment.
const SEGMENT_STATES: usize = 5;

impl Present for JourneyChainDocument {
    fn page(&self, page: &mut Page) {
        let reached: u64 = self.all.outcomes.iter().map(|outcome| outcome.count).sum();
        let ended = reached + self.all.lost_journeys;
        let detail = format!(
            "{} of {} ended with {}; {}",
            page::count(reached),
            page::journeys(ended),
            names(&self.all),
            log::unit(&self.log)
        );
        page.headline("Outcome reached", &page::percent(self.all.start.conversion_probability), &detail);
        let mut facts = Vec::new();
        if self.all.outcomes.len() > 1 {
            facts.extend(self.all.outcomes.iter().map(|outcome| {
                let share = page::percent(outcome.count as f64 / ended as f64);
                vec![page::name(&outcome.touchpoint), page::count(outcome.count), share]
            }));
        }
        let lost = match self.silence_seconds {
            Some(silence) => format!("silent for more than {} before the end", duration::shown(silence)),
            None => "every journey without an outcome (--silence tells open ones apart)".to_owned(),
        };
        facts.push(vec!["lost".to_owned(), page::count(self.all.lost_journeys), lost]);
        facts.push(vec!["still open".to_owned(), page::count(self.all.open_journeys), "left out".to_owned()]);
        page.facts(facts);
        page.line("What is to be expected from each touchpoint on:");
        states(page, &self.all, usize::MAX);
        removal(page, &self.all);
        orders(page, &self.all);
        map::segments(page, self.segments.as_deref(), |page, row| {
            states(page, row, SEGMENT_STATES);
        });
        if self.all.biased {
            page.line(BIASED);
        }
        if let Some(found) = &self.resamples {
            let (level, times) = (page::level(found.confidence), page::count(found.resamples.into()));
            page.line(&format!("Intervals are {level}, from {times} resamples of customers (seed {}).", found.seed));
        }
        page.line(&page::wrapped(
            "A Markov chain of order 1 over what was observed: that journeys through a touchpoint end well does not say that \
             the touchpoint makes them.",
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.states)
    }
}

fn names(row: &ChainRow) -> String {
    page::names(&row.outcomes.iter().map(|outcome| outcome.touchpoint.as_str()).collect::<Vec<_>>(), " or ")
}

/// What hangs on each touchpoint in the chain, the greatest first.
fn removal(page: &mut Page, of: &ChainRow) {
    let several = of.outcomes.len() > 1;
    let mut rows: Vec<&RemovalRow> = of.removal_effects.iter().collect();
    let share = |row: &RemovalRow| row.removal_effect.as_ref().copied().unwrap_or(0.0);
    rows.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let bounded = rows.iter().any(|row| row.lower.is_ok());
    let mut columns = vec![("touchpoint", Align::Left)];
    if several {
        columns.push(("outcome", Align::Left));
    }
    columns.extend([("removal effect", Align::Right), ("", Align::Left)]);
    if bounded {
        columns.push(("interval", Align::Left));
    }
    let row = |row: &&RemovalRow| {
        let mut cells = vec![page::name(&row.touchpoint)];
        if several {
            cells.push(page::name(&row.outcome));
        }
        cells.push(row.removal_effect.as_ref().map_or_else(|_| "–".to_owned(), |share| page::percent(*share)));
        cells.push(page::bar(share(row), 20));
        if let (true, Ok(lower), Ok(upper)) = (bounded, &row.lower, &row.upper) {
            cells.push(format!("{} to {}", page::percent(*lower), page::percent(*upper)));
        }
        cells
    };
    page.line("By how much the chain reaches the outcome less where every way through a touchpoint ends without it:");
    page.table(&columns, rows.iter().map(row).collect());
}

/// How many steps the chain should remember.
fn orders(page: &mut Page, of: &ChainRow) {
    let columns = [
        ("steps remembered", Align::Right),
        ("parameters", Align::Right),
        ("log-likelihood", Align::Right),
        ("BIC", Align::Right),
        ("", Align::Left),
    ];
    let row = |order: &OrderRow| {
        vec![
            order.order.to_string(),
            page::count(order.parameters),
            page::decimals(order.log_likelihood, 1),
            page::decimals(order.bic, 1),
            if order.supported { "supported by the data".to_owned() } else { String::new() },
        ]
    };
    match &of.orders {
        Ok(orders) if orders.len() > 1 => {
            page.line("Does what comes next depend on the last step alone? The order with the least BIC is the one supported:");
            page.table(&columns, orders.iter().map(row).collect());
        }
        _ => {}
    }
}

/// The start, then the touchpoints by the probability of the outcome.
fn states(page: &mut Page, of: &ChainRow, most: usize) {
    let columns = [
        ("from", Align::Left),
        ("visits", Align::Right),
        ("reach the outcome", Align::Right),
        ("", Align::Left),
        ("interval", Align::Left),
        ("steps to go", Align::Right),
        ("time to go", Align::Right),
    ];
    let mut rows: Vec<&StateRow> = of.states.iter().collect();
    rows.sort_by(|a, b| b.conversion_probability.total_cmp(&a.conversion_probability));
    let row = |state: &StateRow| {
        vec![
            page::name(&state.touchpoint),
            page::count(state.visits),
            page::percent(state.conversion_probability),
            page::bar(state.conversion_probability, 20),
            state.bounds.map_or_else(String::new, |bounds| {
                format!("{} to {}", page::percent(bounds.lower), page::percent(bounds.upper))
            }),
            page::decimals(state.expected_steps, 1),
            duration::shown(state.expected_seconds),
        ]
    };
    let shown = std::iter::once(&of.start).chain(rows.iter().copied().take(most));
    let mut table: Vec<Vec<String>> = shown.map(row).collect();
    let mut columns = columns.to_vec();
    if of.start.bounds.is_none() {
        columns.remove(BOUNDS);
        table.iter_mut().for_each(|row| drop(row.remove(BOUNDS)));
    }
    page.table(&columns, table);
}
