//! `cxo retention survival`: which share of customers is still there after each duration, when some are last seen before they
//! leave, and whether segments differ.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
};

use cxo_core::{
    Confidence, Error, State,
    churn::{
        Durations,
        survival::{EventTable, LogRank, LogRankWeighting, SurvivalInterval, SurvivalOptions},
    },
    domain::LoadReport,
    stats::multiplicity::Multiplicity,
};
use cxo_csv::{NotTaken, Row, RowColumns};
use cxo_json::{CurvePoint, Entry, Lines, Quantity, SurvivalDocument, SurvivalPair, SurvivalRow, SurvivalTest};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    groups, notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::{Readable, TableFile},
};

/// The arguments of `cxo retention survival`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cxo retention survival customers.csv --duration tenure --event churned\n  \
    cxo retention survival customers.csv --duration tenure --event Churn --positive Yes --by Contract")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    /// log-log, log or plain: the scale on which the interval of the curve is normal
    #[arg(long, help_heading = QUESTION, value_name = "SCALE", default_value = "log-log")]
    interval: SurvivalInterval,
    /// Start at this duration: everything is given that one stayed so long
    #[arg(long, help_heading = QUESTION, value_name = "DURATION")]
    given_survival_to: Option<f64>,
    /// How p-values of pairs of segments are corrected for their number: holm, hochberg, hommel, bonferroni, sidak, holm-sidak,
    /// benjamini-hochberg, benjamini-yekutieli
    #[arg(long, help_heading = QUESTION, value_name = "METHOD", default_value = "holm")]
    correction: Multiplicity,
    /// Level of the intervals
    #[arg(long, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, help_heading = QUESTION, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// Which columns mean what.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Columns")]
struct Columns {
    /// How long the customer was observed
    #[arg(long, value_name = "COLUMN")]
    duration: Option<String>,
    /// Whether he had left by then: 1, true, yes or 0, false, no
    #[arg(long, value_name = "COLUMN")]
    event: Option<String>,
    /// The value of the column of events that means having left; every other one means being there
    #[arg(long, value_name = "VALUE")]
    positive: Option<String>,
    /// The duration at which observation began, if not at 0 (late entry)
    #[arg(long, value_name = "COLUMN")]
    entry: Option<String>,
    /// A curve for each value of this column, and tests between them; with several, for each combination, joined by " / "
    #[arg(long, value_name = "COLUMN")]
    by: Vec<String>,
    /// Compare segments within each value of this column
    #[arg(long, value_name = "COLUMN", requires = "by")]
    stratum: Option<String>,
}

/// Rows of one segment and stratum, as columns.
#[derive(Debug, Default)]
struct Rows {
    times: Vec<f64>,
    left: Vec<bool>,
    entries: Vec<f64>,
}

impl Rows {
    fn table(self, late: bool, start: Option<f64>) -> Result<Option<EventTable>, Error> {
        let mut durations = Durations::new(self.times, self.left)?;
        if late {
            durations = durations.with_entries(self.entries)?;
        }
        let table = EventTable::from_durations(&durations)?;
        match start.map(|start| table.given_survival_to(start)) {
            None => Ok(Some(table)),
            Some(Ok(later)) => Ok(Some(later)),
            // Nobody of this segment was seen for so long.
            Some(Err(error)) if error.kind() == cxo_core::ErrorKind::NoData => Ok(None),
            Some(Err(error)) => Err(error),
        }
    }
}

/// The tables of all segments in each stratum, with the rows that they came from counted.
struct Tables {
    strata: Vec<Vec<(String, EventTable)>>,
    load: LoadReport,
    path: PathBuf,
}

/// The tests shown, in this order.
const TESTS: [LogRankWeighting; 5] = [
    LogRankWeighting::LogRank,
    LogRankWeighting::Wilcoxon,
    LogRankWeighting::TaroneWare,
    LogRankWeighting::Peto,
    LogRankWeighting::FlemingHarrington { p: 1.0, q: 0.0 },
];

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    groups::check_by(&args.columns.by)?;
    let start = args.given_survival_to;
    if let Some(start) = start.filter(|start| !(start.is_finite() && *start >= 0.0)) {
        let error = Error::input("duration", start, "a finite number of at least 0");
        return Err(Failure::option("--given-survival-to", &error));
    }
    let Tables { strata, load, path } = read(args)?;
    let mut segments: BTreeMap<&str, EventTable> = BTreeMap::new();
    let mut all = EventTable::default();
    for (name, table) in strata.iter().flatten() {
        segments.entry(name).or_default().merge(table)?;
        all.merge(table)?;
    }
    if all.observations() == 0 {
        return Err(Failure::data("no-data", "nobody was observed for so long").after(&load, &path));
    }
    let options = SurvivalOptions::default().interval(args.interval).confidence(args.confidence);
    let row = |table: &EventTable| SurvivalRow::new(table, &table.kaplan_meier(&options));
    let mut groups = vec![Entry { segment: None, outcome: Ok(row(&all)) }];
    let mut document = SurvivalDocument {
        confidence: args.confidence,
        interval_method: args.interval.name().to_owned(),
        given_survival_to: start,
        groups: Vec::new(),
        tests: None,
        pairs: None,
        correction: None,
        load,
    };
    if !args.columns.by.is_empty() {
        let segment =
            |(name, table): (&&str, &EventTable)| Entry { segment: Some((*name).to_owned()), outcome: Ok(row(table)) };
        groups.extend(segments.iter().map(segment));
    }
    if let Some(tests) = Some(&strata).filter(|_| segments.len() > 1 && !args.columns.by.is_empty()) {
        compare(&mut document, &mut groups, &LogRank::stratified(tests)?, args.correction)?;
    }
    document.groups = groups;
    let mut remarks = notes::load(&document.load);
    if let (Some(positive), 0) = (&args.columns.positive, all.events()) {
        remarks.push(format!("Nobody left: no event is \"{positive}\"."));
    }
    if document.tests.is_some() {
        remarks.push(
            "A difference between segments is an association: they may differ in more than their name.".to_owned(),
        );
    }
    args.output.show(&document, &remarks)
}

/// Puts the tests into the document, and into each group what it would have lost if all were alike.
fn compare(
    document: &mut SurvivalDocument,
    groups: &mut [Entry<SurvivalRow>],
    tests: &LogRank<'_>,
    correction: Multiplicity,
) -> Result<(), Failure> {
    let found = TESTS.map(|weighting| (weighting, tests.test(weighting)));
    if let [(_, Ok(log_rank)), ..] = &found {
        for (group, entry) in log_rank.groups.iter().zip(groups.iter_mut().skip(1)) {
            if let Ok(row) = &mut entry.outcome {
                row.expected_events = Some(group.expected);
            }
        }
    }
    document.tests = Some(found.iter().map(|(weighting, test)| SurvivalTest::new(*weighting, test)).collect());
    if tests.groups().len() > 2 {
        let pairs = tests.pairwise(LogRankWeighting::LogRank, correction)?;
        document.pairs = Some(pairs.iter().map(SurvivalPair::from).collect());
        document.correction = Some(correction.name().to_owned());
    }
    Ok(())
}

fn read(args: &Args) -> Result<Tables, Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let (cells, names) = Cells::find(&file, &args.columns)?;
    let late = cells.entry.is_some();
    let mut rows: BTreeMap<(String, String), Rows> = BTreeMap::new();
    let loaded = file.each_row(&RowColumns::new(names), |row| cells.add(row, &mut rows))?;
    let mut strata: BTreeMap<String, Vec<(String, EventTable)>> = BTreeMap::new();
    for ((stratum, segment), rows) in rows {
        if let Some(table) = rows.table(late, args.given_survival_to)? {
            strata.entry(stratum).or_default().push((segment, table));
        }
    }
    Ok(Tables { strata: strata.into_values().collect(), load: loaded.report, path })
}

/// Where the cells of a row are.
struct Cells {
    duration: usize,
    event: usize,
    positive: Option<String>,
    entry: Option<usize>,
    stratum: Option<usize>,
    by: Vec<usize>,
}

impl Cells {
    fn find(file: &Readable, columns: &Columns) -> Result<(Self, Vec<String>), Failure> {
        let mut names = Vec::new();
        let mut place = |name: String| {
            names.push(name);
            names.len() - 1
        };
        let mut needed = |role, asked: &Option<String>, holds| file.column(role, asked.as_ref(), holds).map(&mut place);
        let duration = needed("duration", &columns.duration, "how long each customer was observed")?;
        let event = needed("event", &columns.event, "whether he had left by then")?;
        let mut optional = |role, asked: &Option<String>| file.config.column(role, asked.clone()).map(&mut place);
        let entry = optional("entry", &columns.entry);
        // Strata are only of use between segments.
        let stratum = if columns.by.is_empty() { None } else { optional("stratum", &columns.stratum) };
        let by = columns.by.iter().cloned().map(&mut place).collect();
        Ok((Self { duration, event, positive: columns.positive.clone(), entry, stratum, by }, names))
    }

    fn add(&self, row: &Row<'_>, rows: &mut BTreeMap<(String, String), Rows>) -> Result<(), NotTaken> {
        let number = |column| {
            let number = row.number(column)?.filter(|number| *number >= 0.0);
            number.ok_or_else(|| row.reject(column, "a number of at least 0"))
        };
        let (time, left) = (number(self.duration)?, self.left(row)?);
        let entry = match self.entry {
            Some(column) => {
                let entry = number(column)?;
                if entry >= time {
                    return Err(row.reject(column, &format!("below the duration of {time}")));
                }
                entry
            }
            None => 0.0,
        };
        let stratum = self.stratum.map_or(Ok(String::new()), |column| row.text(column).map(Into::into))?;
        let parts = self.by.iter().map(|&column| row.text(column)).collect::<Result<Vec<_>, _>>()?;
        let segment = rows.entry((stratum, groups::joined(&parts))).or_default();
        segment.times.push(time);
        segment.left.push(left);
        if self.entry.is_some() {
            segment.entries.push(entry);
        }
        Ok(())
    }

    fn left(&self, row: &Row<'_>) -> Result<bool, NotTaken> {
        let text = row.text(self.event)?;
        match (&self.positive, text.trim()) {
            (_, "") => Err(row.reject(self.event, "a value")),
            (Some(positive), text) => Ok(text == positive),
            (None, text) => {
                let known = |names: [&str; 3]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
                match (known(["1", "true", "yes"]), known(["0", "false", "no"])) {
                    (true, _) => Ok(true),
                    (_, true) => Ok(false),
                    _ => Err(row
                        .reject(self.event, "1, true, yes, 0, false, no (or name what means leaving with --positive)")),
                }
            }
        }
    }
}

/// Rows of the picture of a curve.
const ROWS: usize = 12;

/// Pairs of segments on a page.
const PAIRS: usize = 20;

impl Present for SurvivalDocument {
    fn page(&self, page: &mut Page) {
        let Some(all) = self.groups.first().and_then(|entry| entry.outcome.as_ref().ok()) else { return };
        let level = page::level(self.confidence);
        let detail = match (&all.median, &all.median_lower, &all.median_upper) {
            (Ok(_), Err(reason), Err(_)) => format!("no interval: {reason}"),
            (Ok(_), ..) => format!("{level} interval {} ({})", median_bounds(all), self.interval_method),
            (Err(reason), ..) => reason.to_string(),
        };
        let missing = if all.curve.is_ok() { "not reached" } else { "not known" };
        let value = all.median.as_ref().map_or_else(|_| missing.to_owned(), |median| duration(*median));
        page.headline("Median duration", &value, &detail);
        let mut facts = vec![
            vec!["customers".to_owned(), page::count(all.observations), String::new()],
            vec!["left".to_owned(), page::count(all.events), String::new()],
        ];
        if let Some(start) = self.given_survival_to {
            facts.push(vec!["stayed".to_owned(), duration(start), "and longer; everything is given that".to_owned()]);
        }
        page.facts(facts);
        match &all.curve {
            Ok(curve) => picture(page, curve),
            Err(reason) => page.line(&page::wrapped(&format!("There is no curve: {reason}."))),
        }
        if self.groups.len() > 1 {
            segments(page, &self.groups);
        }
        tests(page, self);
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.groups.iter().try_for_each(|entry| lines.write(entry))
    }
}

/// A curve at up to [`ROWS`] of its durations, about evenly spaced.
fn picture(page: &mut Page, curve: &[CurvePoint]) {
    let last = curve.last().map_or(0.0, |point| point.time);
    let mut shown: Vec<&CurvePoint> = Vec::new();
    for step in 1..=ROWS {
        let until = last * step as f64 / ROWS as f64;
        let place = curve.partition_point(|point| point.time <= until);
        let point = place.checked_sub(1).and_then(|place| curve.get(place));
        if let Some(point) = point.filter(|point| shown.last().is_none_or(|last| last.time < point.time)) {
            shown.push(point);
        }
    }
    let columns = [
        ("after", Align::Right),
        ("at risk", Align::Right),
        ("still there", Align::Right),
        ("interval", Align::Left),
        ("", Align::Left),
    ];
    let rows = shown.into_iter().map(|point| {
        let interval = match (&point.lower, &point.upper) {
            (Ok(lower), Ok(upper)) => format!("{} to {}", page::percent(*lower), page::percent(*upper)),
            _ if point.survival == 0.0 => "nobody is left".to_owned(),
            (Err(reason), _) | (_, Err(reason)) => reason.to_string(),
        };
        vec![
            duration(point.time),
            page::count(point.at_risk),
            page::percent(point.survival),
            interval,
            page::bar(point.survival, 30),
        ]
    });
    page.table(&columns, rows.collect());
}

/// A duration without needless digits.
fn duration(time: f64) -> String {
    // Short ones in a great unit would all be 0.
    let text = if time > 0.0 && time < 0.1 { page::digits(time) } else { page::decimals(time, 2) };
    // The last digits of a power of ten are those of the power.
    if text.contains('e') { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

fn median_bounds(row: &SurvivalRow) -> String {
    if row.median_lower.is_err() && row.median_upper.is_err() {
        return "none".to_owned();
    }
    let bound = |bound: &Quantity| bound.as_ref().map_or_else(|_| "…".to_owned(), |bound| duration(*bound));
    format!("{} to {}", bound(&row.median_lower), bound(&row.median_upper))
}

/// A line for each segment, with what is left in the end.
fn segments(page: &mut Page, groups: &[Entry<SurvivalRow>]) {
    let columns = [
        ("segment", Align::Left),
        ("customers", Align::Right),
        ("left", Align::Right),
        ("if all alike", Align::Right),
        ("median", Align::Right),
        ("interval", Align::Left),
        ("still there in the end", Align::Left),
    ];
    let row = |entry: &Entry<SurvivalRow>| {
        let row = entry.outcome.as_ref().ok()?;
        let end = match &row.curve {
            Ok(curve) => {
                curve.last().map(|point| format!("{} after {}", page::percent(point.survival), duration(point.time)))
            }
            Err(_) => Some("no curve".to_owned()),
        };
        let median = row.median.as_ref().map_or_else(|_| "…".to_owned(), |median| duration(*median));
        Some(vec![
            page::name(&page::segment(entry.segment.as_deref())),
            page::count(row.observations),
            page::count(row.events),
            row.expected_events.map(|expected| page::decimals(expected, 1)).unwrap_or_default(),
            median,
            median_bounds(row),
            end.unwrap_or_default(),
        ])
    };
    page.table(&columns, groups.iter().filter_map(row).collect());
}

/// The tests of all segments together, and of pairs.
fn tests(page: &mut Page, document: &SurvivalDocument) {
    if let Some(tests) = &document.tests {
        let columns =
            [("test", Align::Left), ("chi-square", Align::Right), ("degrees", Align::Right), ("p", Align::Left)];
        let rows = tests.iter().map(|test| {
            let name = match (test.p, test.q) {
                (Some(p), Some(q)) => format!("{} ({p}, {q})", test.name),
                _ => test.name.clone(),
            };
            let p = test.p_value.as_ref().map_or_else(ToString::to_string, |p| page::p_value(*p));
            let statistic = test.statistic.as_ref().map(|statistic| page::decimals(*statistic, 2)).unwrap_or_default();
            vec![name, statistic, test.degrees.map(|degrees| degrees.to_string()).unwrap_or_default(), p]
        });
        page.table(&columns, rows.collect());
    }
    if let Some(pairs) = &document.pairs {
        let columns = [
            ("log-rank of two", Align::Left),
            ("", Align::Left),
            ("chi-square", Align::Right),
            ("corrected p", Align::Left),
        ];
        // Those that differ most come first where there are too many to read.
        let mut shown: Vec<&SurvivalPair> = pairs.iter().collect();
        if shown.len() > PAIRS {
            let p = |pair: &SurvivalPair| pair.p_value.as_ref().copied().unwrap_or(1.0);
            shown.sort_by(|one, other| p(one).total_cmp(&p(other)));
            shown.truncate(PAIRS);
        }
        let rows = shown.iter().map(|pair| {
            let named = |name: &str| page::name(&page::segment(Some(name)));
            let p = pair.adjusted_p_value.as_ref().map_or_else(ToString::to_string, |p| page::p_value(*p));
            let statistic = pair.statistic.as_ref().map(|statistic| page::decimals(*statistic, 2)).unwrap_or_default();
            vec![named(&pair.first), named(&pair.second), statistic, p]
        });
        page.table(&columns, rows.collect());
        if pairs.len() > PAIRS {
            let (all, shown) = (page::count(pairs.len() as u64), PAIRS);
            page.line(&format!("The {shown} pairs that differ most; all {all} are in the document (--format json)."));
        }
    }
}
