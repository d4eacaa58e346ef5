//! `cxo journey map`: the directly-follows graph of journeys.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use cxo_core::{
    Confidence,
    journey::{Journeys, MapComparisonOptions},
    stats::{multiplicity::Multiplicity, suppression::Suppressed},
};
use cxo_json::{
    ComparedSharesRow, Document, EdgeRow, Entry, FollowsRow, JourneyMapDocument, Lines, MapComparisonRow, MapRow,
    NodeRow, Quantity, ServiceRow, SpreadRow, TouchpointRow,
};
use serde::Serialize;

use crate::{
    asking::{self, QUESTION},
    duration,
    failure::Failure,
    journey::{
        against::{self, Against},
        columns::{Columns, Rules},
        file,
        log::{self, Answers},
    },
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo journey map`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, mut_arg("file", |arg| arg.help(file::HELP)))]
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
    #[arg(long, value_name = "LANGUAGE", conflicts_with_all = ["by", "change"], help_heading = QUESTION)]
    diagram: Option<Diagram>,
    /// Also what follows what at any distance
    #[arg(long, conflicts_with = "diagram", help_heading = QUESTION)]
    eventually_follows: bool,
    #[command(flatten)]
    against: Against,
    /// Of a comparison: how p-values are corrected for the number of touchpoints and edges: holm, hochberg, hommel, bonferroni, sidak,
    /// holm-sidak, benjamini-hochberg, benjamini-yekutieli [default: holm]
    #[arg(long, value_name = "METHOD", help_heading = QUESTION)]
    correction: Option<Multiplicity>,
    /// Of a comparison: level of the intervals [default: 0.95]
    #[arg(long, value_name = "LEVEL", value_parser = asking::confidence, help_heading = QUESTION)]
    confidence: Option<Confidence>,
    #[command(flatten)]
    output: Output,
}

/// A language of diagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Diagram {
    Mermaid,
    Graphviz,
}

impl Args {
    fn comparison(&self) -> Result<MapComparisonOptions, Failure> {
        if self.against.baseline().is_none() && (self.correction.is_some() || self.confidence.is_some()) {
            return Err(Failure::usage(
                "--correction and --confidence are of a comparison: give --baseline or --change",
            ));
        }
        Ok(MapComparisonOptions::default()
            .confidence(self.confidence.unwrap_or_default())
            .multiplicity(self.correction.unwrap_or_default()))
    }

    fn map(&self, journeys: &Journeys<'_>) -> MapRow {
        let mut row = MapRow::from(&journeys.map());
        if self.eventually_follows {
            row.eventually_follows = Some(FollowsRow::of(&journeys.eventually_follows(), journeys));
        }
        row
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let comparison = args.comparison()?;
    let file = args.file.open()?;
    let path = file.file.clone();
    let mut columns = args.against.columns(&args.columns);
    columns.starts = args.diagram.is_none();
    let logged = columns.read(file, &args.rules, None)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    match args.diagram {
        Some(Diagram::Mermaid) => return args.output.text(&cxo_json::mermaid(&journeys.map())),
        Some(Diagram::Graphviz) => return args.output.text(&cxo_json::graphviz(&journeys.map())),
        None => {}
    }
    let (all, segments) = logged.ask(&journeys, |journeys| Ok(args.map(journeys)))?;
    let (log, load) = (logged.row(&journeys), logged.load.clone());
    let mut document = JourneyMapDocument { all, segments, comparisons: None, log, load };
    put_service(&mut document, logged.service(&journeys)?);
    if let Some(baseline) = args.against.baseline() {
        let compare = |segment: &Journeys<'_>, base: &Journeys<'_>| {
            Ok(MapComparisonRow::new(&segment.compare(base, &comparison)?, baseline))
        };
        document.comparisons = Some(logged.compare(&journeys, baseline, compare)?);
    }
    args.output.show(&document, &logged.notes(&document.log))
}

/// Service times beside the map of all journeys and of each segment.
fn put_service(document: &mut JourneyMapDocument, service: Quantity<Answers<Vec<ServiceRow>>>) {
    let (all, of_segments) = match service {
        Ok((all, segments)) => (Ok(all), Ok(segments.unwrap_or_default())),
        Err(why) => (Err(why.clone()), Err(why)),
    };
    document.all.service = all;
    for entry in document.segments.iter_mut().flatten() {
        if let Ok(row) = &mut entry.outcome {
            let own = of_segments.as_ref().map_err(Clone::clone).and_then(|all| {
                let own = all.iter().find(|other| other.segment == entry.segment);
                own.map_or_else(
                    || Err("no record says whether a touchpoint began or ended".into()),
                    |own| own.outcome.clone(),
                )
            });
            row.service = own;
        }
    }
}

/// So many touchpoints and edges fit on a page; so many edges of a segment.
const TOUCHPOINTS: usize = 20;
const EDGES: usize = 20;
const SEGMENT_EDGES: usize = 5;
/// So many differences of a segment.
const COMPARED: usize = 10;

impl Present for JourneyMapDocument {
    fn page(&self, page: &mut Page) {
        let detail = format!(
            "{}; {}, {} different",
            log::unit(&self.log),
            page::counted(self.all.events, "touchpoint", "touchpoints"),
            page::count(self.all.touchpoints.len() as u64)
        );
        page.headline("Journeys", &page::count(self.all.journeys), &detail);
        touchpoints(page, &self.all);
        let strict = if self.log.ties == "strict" { ", if later" } else { "" };
        page.line(&format!("What comes directly next{strict}, the most frequent first:"));
        edges(page, &self.all, EDGES);
        follows(page, self.all.eventually_follows.as_deref());
        service(page, &self.all);
        segments(page, self.segments.as_deref(), |page, row| edges(page, row, SEGMENT_EDGES));
        comparisons(page, self.comparisons.as_deref().unwrap_or_default());
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.edges)
    }
}

/// The rows of all journeys and those of each segment, a line each with its segment; a line says why a segment has none. A document
/// without any row is one line as a whole.
pub(crate) fn write_lines<D: Document, T, R: Serialize>(
    document: &D,
    lines: &mut Lines<&mut dyn Write>,
    all: &T,
    segments: Option<&[Entry<T>]>,
    rows: impl Fn(&T) -> &[R],
) -> io::Result<()> {
    let segments = segments.unwrap_or_default();
    let answers = segments.iter().filter_map(|entry| entry.outcome.as_ref().ok());
    if std::iter::once(all).chain(answers).all(|of| rows(of).is_empty()) {
        return lines.write_text(&document.to_json());
    }
    let parts = segments.iter().map(|entry| (entry.segment.clone(), entry.outcome.as_ref()));
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
pub(crate) fn segments<T>(page: &mut Page, segments: Option<&[Entry<T>]>, part: impl Fn(&mut Page, &T)) {
    if segments.is_some_and(<[_]>::is_empty) {
        page.line(&format!("Segments: {}.", Suppressed::TooFew.reason()));
    }
    for entry in segments.unwrap_or_default() {
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

fn follows(page: &mut Page, rows: Option<&[FollowsRow]>) {
    let Some(rows) = rows else { return };
    page.line("What comes later in the journey, at any distance, the most frequent first:");
    let mut rows: Vec<&FollowsRow> = rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    let row = |row: &&FollowsRow| {
        vec![format!("{} … {}", page::name(&row.from), page::name(&row.to)), page::count(row.count)]
    };
    let columns = [("from … to", Align::Left), ("pairs", Align::Right)];
    page.table(&columns, rows.iter().take(EDGES).map(row).collect());
    more(page, rows.len(), EDGES, "pairs of touchpoints");
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

/// How long touchpoints take and wait, those that take the longest together first.
fn service(page: &mut Page, map: &MapRow) {
    let Ok(rows) = &map.service else { return };
    let columns = [
        ("touchpoint", Align::Left),
        ("served", Align::Right),
        ("median time", Align::Right),
        ("9 of 10 within", Align::Right),
        ("median wait", Align::Right),
        ("9 of 10 wait", Align::Right),
        ("unfinished", Align::Right),
        ("without start", Align::Right),
    ];
    let total = |row: &ServiceRow| row.service_seconds.as_ref().map_or(0.0, |spread| spread.total);
    let mut rows: Vec<&ServiceRow> = rows.iter().collect();
    rows.sort_by(|a, b| total(b).total_cmp(&total(a)));
    let times = |spread: &Quantity<SpreadRow>| match spread {
        Ok(spread) => [duration::shown(spread.median), duration::shown(spread.p90)],
        Err(_) => ["–".to_owned(), "–".to_owned()],
    };
    let row = |row: &&ServiceRow| {
        let ([median, p90], [wait, long_wait]) = (times(&row.service_seconds), times(&row.waiting_seconds));
        let served = row.service_seconds.as_ref().map_or(0, |spread| spread.n);
        let (unfinished, without) = (page::count(row.unfinished), page::count(row.without_start));
        vec![page::name(&row.touchpoint), page::count(served), median, p90, wait, long_wait, unfinished, without]
    };
    page.line("From start to end of a touchpoint, and from the last end before it to its start:");
    page.table(&columns, rows.iter().take(TOUCHPOINTS).map(row).collect());
    more(page, rows.len(), TOUCHPOINTS, "touchpoints");
}

/// Each segment against the baseline: where they differ most surely.
fn comparisons(page: &mut Page, of: &[Entry<MapComparisonRow>]) {
    let columns = [
        ("touchpoint or step", Align::Left),
        ("journeys", Align::Right),
        ("baseline", Align::Right),
        ("difference", Align::Right),
        ("interval", Align::Left),
        ("corrected p", Align::Right),
    ];
    against::each(page, of, |page, segment, compared| {
        let touchpoints = compared.touchpoints.iter().map(|row| (page::name(&row.touchpoint), &row.shares));
        let steps = compared.edges.iter();
        let steps = steps.map(|row| (format!("{} → {}", page::name(&row.from), page::name(&row.to)), &row.shares));
        let p_value = |shares: &ComparedSharesRow| shares.adjusted_p_value.as_ref().copied().unwrap_or(2.0);
        let mut rows: Vec<(String, &ComparedSharesRow)> = touchpoints.chain(steps).collect();
        // Stable: of equal p-values touchpoints stand before steps, in the order of their names.
        rows.sort_by(|(_, a), (_, b)| p_value(a).total_cmp(&p_value(b)));
        let row = |(name, shares): &(String, &ComparedSharesRow)| {
            let [difference, interval, _] = page::difference(&shares.difference);
            let p = shares.adjusted_p_value.as_ref().map_or_else(|_| "–".to_owned(), |p| page::p_value(*p));
            let (own, base) = (page::percent(shares.share), page::percent(shares.baseline_share));
            vec![name.clone(), own, base, difference, interval, p]
        };
        page.line(&page::wrapped(&format!(
            "{segment} ({}) against {} ({}): shares of journeys, the surest differences first; p-values of all {} are corrected \
             together ({}).",
            page::journeys(compared.journeys),
            page::segment(Some(&compared.baseline)),
            page::count(compared.baseline_journeys),
            page::count(rows.len() as u64),
            compared.correction
        )));
        page.table(&columns, rows.iter().take(COMPARED).map(row).collect());
        more(page, rows.len(), COMPARED, "differences");
    });
}

/// What did not fit.
pub(crate) fn more(page: &mut Page, all: usize, shown: usize, what: &str) {
    if all > shown {
        page.line(&format!("More {what} in the document (--format json): {}.", page::count((all - shown) as u64)));
    }
}
