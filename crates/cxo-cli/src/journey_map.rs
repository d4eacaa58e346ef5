//! `cxo journey map`: the directly-follows graph of journeys.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use serde::Serialize;

use cxo_json::{EdgeRow, Entry, JourneyMapDocument, Lines, MapRow, NodeRow, TouchpointRow};

use crate::{
    asking::QUESTION,
    duration,
    failure::Failure,
    journey_file,
    journey_log::{self, Columns, Rules},
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo journey map`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, mut_arg("file", |arg| arg.help(journey_file::HELP)))]
#[command(after_help = "FILE is an event log: a row for each contact of a customer.\n\n\
    Examples:\n  cxo journey map touchpoints.csv --customer customer --touchpoint touchpoint --time time\n  \
    cxo journey map clicks.csv --journey user --touchpoint page --time at --session-gap 30m --by device --format json\n  \
    cxo journey map clicks.csv --journey user --touchpoint page --time at --diagram mermaid --out map.mmd")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    /// The map as a picture in words, for mermaid.js or for the program dot, in place of the table
    #[arg(long, value_name = "LANGUAGE", conflicts_with = "by", help_heading = QUESTION)]
    diagram: Option<Diagram>,
    #[command(flatten)]
    output: Output,
}

/// A language of diagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Diagram {
    Mermaid,
    Graphviz,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let logged = args.columns.read(file, &args.rules, None)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    match args.diagram {
        Some(Diagram::Mermaid) => return args.output.text(&cxo_json::mermaid(&journeys.map())),
        Some(Diagram::Graphviz) => return args.output.text(&cxo_json::graphviz(&journeys.map())),
        None => {}
    }
    let (all, segments) = logged.ask(&journeys, |journeys| Ok(MapRow::from(&journeys.map())))?;
    let document = JourneyMapDocument { all, segments, log: logged.row(&journeys), load: logged.load.clone() };
    args.output.show(&document, &logged.notes(&document.log))
}

/// So many touchpoints and edges fit on a page; so many edges of a segment.
const TOUCHPOINTS: usize = 20;
const EDGES: usize = 20;
const SEGMENT_EDGES: usize = 5;

impl Present for JourneyMapDocument {
    fn page(&self, page: &mut Page) {
        let detail = format!(
            "{}; {}, {} different",
            journey_log::unit(&self.log),
            page::counted(self.all.events, "touchpoint", "touchpoints"),
            page::count(self.all.touchpoints.len() as u64)
        );
        page.headline("Journeys", &page::count(self.all.journeys), &detail);
        touchpoints(page, &self.all);
        let strict = if self.log.ties == "strict" { ", if later" } else { "" };
        page.line(&format!("What comes directly next{strict}, the most frequent first:"));
        edges(page, &self.all, EDGES);
        segments(page, self.segments.as_deref().unwrap_or_default(), |page, row| edges(page, row, SEGMENT_EDGES));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        write_lines(lines, &self.all, self.segments.as_deref(), |row| &row.edges)
    }
}

/// The rows of all journeys and those of each segment, a line each with its segment; a line says why a segment has none.
pub(crate) fn write_lines<T, R: Serialize>(
    lines: &mut Lines<&mut dyn Write>,
    all: &T,
    segments: Option<&[Entry<T>]>,
    rows: impl Fn(&T) -> &[R],
) -> io::Result<()> {
    let parts = segments.unwrap_or_default().iter().map(|entry| (entry.segment.clone(), entry.outcome.as_ref()));
    for (segment, outcome) in std::iter::once((None, Ok(all))).chain(parts) {
        match outcome {
            Ok(of) => rows(of)
                .iter()
                .try_for_each(|row| lines.write(&Entry { segment: segment.clone(), outcome: Ok(row) }))?,
            Err(reason) => lines.write(&Entry::<R> { segment, outcome: Err(reason.clone()) })?,
        }
    }
    Ok(())
}

/// A part of the page for each segment.
pub(crate) fn segments<T>(page: &mut Page, segments: &[Entry<T>], part: impl Fn(&mut Page, &T)) {
    for entry in segments {
        let name = page::segment(entry.segment.as_deref());
        match &entry.outcome {
            Ok(row) => {
                page.line(&format!("{name}:"));
                part(page, row);
            }
            Err(reason) => page.line(&format!("{name}: {reason}")),
        }
    }
}

fn touchpoints(page: &mut Page, map: &MapRow) {
    let columns = [
        ("touchpoint", Align::Left),
        ("times", Align::Right),
        ("journeys", Align::Right),
        ("of all", Align::Right),
        ("begin here", Align::Right),
        ("end here", Align::Right),
    ];
    let mut rows: Vec<&TouchpointRow> = map.touchpoints.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.events));
    let of = |nodes: &[NodeRow], name: &str| {
        nodes.iter().find(|node| node.touchpoint == name).map_or_else(String::new, |node| page::count(node.count))
    };
    let row = |row: &&TouchpointRow| {
        vec![
            page::name(&row.touchpoint),
            page::count(row.events),
            page::count(row.journeys),
            page::percent(row.journeys as f64 / map.journeys as f64),
            of(&map.starts, &row.touchpoint),
            of(&map.ends, &row.touchpoint),
        ]
    };
    page.table(&columns, rows.iter().take(TOUCHPOINTS).map(row).collect());
    more(page, rows.len(), TOUCHPOINTS, "touchpoints");
}

fn edges(page: &mut Page, map: &MapRow, most: usize) {
    let columns = [
        ("from → to", Align::Left),
        ("times", Align::Right),
        ("of steps from there", Align::Right),
        ("journeys", Align::Right),
        ("median time", Align::Right),
        ("9 of 10 within", Align::Right),
    ];
    let mut left: HashMap<&str, u64> = HashMap::new();
    for edge in &map.edges {
        *left.entry(&edge.from).or_default() += edge.count;
    }
    let mut rows: Vec<&EdgeRow> = map.edges.iter().collect();
    rows.sort_by_key(|edge| std::cmp::Reverse(edge.count));
    let row = |edge: &&EdgeRow| {
        let all = left.get(edge.from.as_str()).copied().unwrap_or(edge.count);
        vec![
            format!("{} → {}", page::name(&edge.from), page::name(&edge.to)),
            page::count(edge.count),
            page::percent(edge.count as f64 / all as f64),
            page::count(edge.journeys),
            duration::shown(edge.median_seconds),
            duration::shown(edge.p90_seconds),
        ]
    };
    if rows.is_empty() {
        page.line("No touchpoint follows another.");
        return;
    }
    page.table(&columns, rows.iter().take(most).map(row).collect());
    more(page, rows.len(), most, "steps");
}

/// What did not fit.
pub(crate) fn more(page: &mut Page, all: usize, shown: usize, what: &str) {
    if all > shown {
        page.line(&format!("More {what} in the document (--format json): {}.", page::count((all - shown) as u64)));
    }
}
