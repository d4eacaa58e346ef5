//! `cxo journey funnel`: how many get from step to step, under a definition that is always said.

use std::io::{self, Write};

use cxo_core::{
    Confidence,
    journey::{Funnel, FunnelComparison, FunnelDefinition, Immature, Journeys, Ties},
};
use cxo_json::{Entry, FunnelComparisonRow, FunnelDocument, FunnelRow, FunnelStepRow, Lines, Quantity};

use crate::{
    asking::{self, QUESTION},
    duration::{self, Span},
    failure::Failure,
    journey::{
        against::{self, Against},
        columns::{Columns, Rules},
        file, log, map,
    },
    list::{self, NameList},
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo journey funnel`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, mut_arg("file", |arg| arg.help(file::HELP)))]
#[command(after_help = "The same log gives very different numbers under each definition:\n  \
    ordered                      the steps in order, others between them allowed; every first step may begin\n  \
    first-touch                  the same, from the first occurrence of the first step only\n  \
    ordered-ties-any             the same as ordered, records of one instant in any order\n  \
    ordered-strictly-increasing  the same as ordered, each step later than the one before\n  \
    strict-consecutive           the steps one right after the other\n  \
    unordered                    the steps in any order\n  \
    ordered-with-exclusion       the same as ordered, but an excluded touchpoint ends the attempt\n\n\
    Examples:\n  cxo journey funnel clicks.csv --journey user --touchpoint page --time at --steps cart,checkout,purchase --window 30m\n  \
    cxo journey funnel clicks.csv --journey user --touchpoint page --time at --steps cart,purchase --exclude help --by device\n  \
    cxo journey funnel clicks.csv --journey user --touchpoint page --time at --steps cart,purchase --window 1d --change 2026-03-01")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    against: Against,
    #[command(flatten)]
    output: Output,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// The touchpoints of the funnel, in order; one that stands twice has to occur twice
    #[arg(long, value_name = "A,B,C", required = true)]
    steps: Vec<NameList>,
    /// When a step counts as reached (see below) [default: ordered; ordered-ties-any with --ties any,
    /// ordered-strictly-increasing with --ties strict, ordered-with-exclusion with --exclude, first-touch with --immature
    /// kaplan-meier]
    #[arg(long, value_name = "DEFINITION")]
    definition: Option<FunnelDefinition>,
    /// The time from the first step within which others count, its end included, such as 30m [default: unlimited]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    window: Option<Span>,
    /// Touchpoints that end an attempt
    #[arg(long, value_name = "X,Y")]
    exclude: Vec<NameList>,
    /// What happens to journeys that met the first step less than a window before the end: include, exclude, or
    /// kaplan-meier (they count for as long as they were watched; of first-touch with --window)
    #[arg(long, value_name = "RULE", default_value = "include")]
    immature: Immature,
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
}

impl Asked {
    fn funnel(&self, rules: &Rules) -> Result<Funnel, Failure> {
        let watched = self.immature == Immature::KaplanMeier;
        let definition = self.definition.unwrap_or(match (self.exclude.is_empty(), rules.ties) {
            _ if watched => FunnelDefinition::FirstTouch,
            (false, _) => FunnelDefinition::OrderedWithExclusion,
            (true, Ties::Arrival) => FunnelDefinition::Ordered,
            (true, Ties::Any) => FunnelDefinition::OrderedTiesAny,
            (true, Ties::Strict) => FunnelDefinition::OrderedStrictlyIncreasing,
        });
        if (definition == FunnelDefinition::OrderedWithExclusion) == self.exclude.is_empty() {
            return Err(Failure::usage("--exclude and --definition ordered-with-exclusion need each other"));
        }
        let excluded = list::each_once("--exclude", &self.exclude)?;
        let funnel = Funnel::new(list::all(&self.steps)).map_err(|error| Failure::option("--steps", &error))?;
        let mut funnel =
            funnel.definition(definition).immature(self.immature).confidence(self.confidence).excluding(excluded);
        if let Some(window) = self.window {
            funnel = funnel.window(window.micros).map_err(|error| Failure::option("--window", &error))?;
        }
        if watched && (self.window.is_none() || definition != FunnelDefinition::FirstTouch) {
            return Err(Failure::usage("--immature kaplan-meier needs --window and the definition first-touch"));
        }
        if self.window.is_none() && self.immature == Immature::Exclude {
            return Err(Failure::usage("--immature exclude needs --window: without one no journey is immature"));
        }
        Ok(funnel)
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let funnel = args.asked.funnel(&args.rules)?;
    let logged = args.against.columns(&args.columns).read(file, &args.rules, None)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    let (steps, excluded) = (list::all(&args.asked.steps), list::all(&args.asked.exclude));
    log::check_touchpoints(&journeys, &[steps.as_slice(), &excluded].concat())
        .map_err(|failure| failure.in_file(&path))?;
    let passage = journeys.funnel(&funnel)?;
    let (_, segments) = logged.ask(&journeys, |journeys| Ok(FunnelRow::from(&journeys.funnel(&funnel)?)))?;
    let mut document = FunnelDocument::new(&passage, args.asked.confidence, logged.row(&journeys), logged.load.clone());
    document.segments = segments;
    if let Some(baseline) = args.against.baseline() {
        let compare = |segment: &Journeys<'_>, base: &Journeys<'_>| {
            let comparison = FunnelComparison::new((segment, &funnel), (base, &funnel))?;
            Ok(FunnelComparisonRow::new(&comparison, baseline))
        };
        document.comparisons = Some(logged.compare(&journeys, baseline, compare)?);
    }
    document.excluded = (!excluded.is_empty()).then(|| excluded.into_iter().map(str::to_owned).collect());
    args.output.show(&document, &logged.notes(&document.log))
}

impl Present for FunnelDocument {
    fn page(&self, page: &mut Page) {
        headline(self, page);
        page.line(&page::wrapped(&sentence(self)));
        steps(page, &self.all);
        let lost: Vec<String> = self.all.steps.iter().zip(self.all.steps.iter().skip(1)).filter_map(went_on).collect();
        if !lost.is_empty() {
            page.line("Where those who got no further went next:");
            page.bullets(&lost);
        }
        map::segments(page, self.segments.as_deref(), steps);
        comparisons(page, self.comparisons.as_deref().unwrap_or_default());
        page.line(&page::wrapped(&format!(
            "Intervals are {} ({}) and take {}. Numbers are observed: they do not say why journeys end.",
            page::level(self.confidence),
            self.interval_method,
            if self.interval_method == "wilson" {
                "journeys as independent"
            } else {
                "the journeys of a customer as a cluster"
            }
        )));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.steps)
    }
}

fn percent(share: &Quantity) -> String {
    share.as_ref().map_or_else(|_| "–".to_owned(), |share| page::percent(*share))
}

fn bounds(lower: &Quantity, upper: &Quantity) -> String {
    match (lower, upper) {
        (Ok(lower), Ok(upper)) => format!("{} to {}", page::percent(*lower), page::percent(*upper)),
        _ => String::new(),
    }
}

fn headline(document: &FunnelDocument, page: &mut Page) {
    let (Some(first), Some(last)) = (document.all.steps.first(), document.all.steps.last()) else { return };
    let of = format!(
        "of {} with {} reach {}",
        page::journeys(first.reached),
        page::name(&first.touchpoint),
        page::name(&last.touchpoint)
    );
    let interval = match &last.lower {
        Ok(_) => format!("{} interval {}", page::level(document.confidence), bounds(&last.lower, &last.upper)),
        Err(reason) => format!("no interval: {reason}"),
    };
    match &last.conversion {
        Ok(share) => page.headline("Conversion", &page::percent(*share), &format!("{of}; {interval}")),
        Err(reason) => page.headline("Conversion", "not known", &format!("which share {of}: {reason}")),
    }
}

/// What the numbers mean.
fn sentence(document: &FunnelDocument) -> String {
    let meaning = match document.definition.as_str() {
        "first-touch" => {
            "the steps in order with others between them, from the first occurrence of the first step only".to_owned()
        }
        "ordered-ties-any" => {
            "the steps in order with others between them, records of one instant in any order".to_owned()
        }
        "ordered-strictly-increasing" => {
            "the steps in order with others between them, each later than the one before".to_owned()
        }
        "strict-consecutive" => "the steps one right after the other".to_owned(),
        "unordered" => "so many of the steps, in any order".to_owned(),
        "ordered-with-exclusion" => format!(
            "the steps in order with others between them, until one of {}",
            page::names(document.excluded.as_deref().unwrap_or_default(), ", ")
        ),
        _ => "the steps in order with others between them; every occurrence of the first step may begin".to_owned(),
    };
    let window = match &document.window_seconds {
        Ok(window) => format!("within {} of the first step", duration::shown(*window)),
        Err(_) => "without a window".to_owned(),
    };
    let immature = match (&document.all.immature, document.immature_rule.as_str()) {
        (Ok(count), rule) if *count > 0 => {
            let what = match rule {
                "exclude" => "left out",
                "kaplan-meier" => "counted for as long as they were watched (kaplan-meier)",
                _ => "included",
            };
            format!(
                " {} met the first step less than a window before the end of the observation: {what}.",
                page::journeys(*count)
            )
        }
        _ => String::new(),
    };
    format!(
        "Definition {}: {meaning}, {window}. Journeys: {}.{immature}",
        document.definition,
        log::unit(&document.log)
    )
}

fn steps(page: &mut Page, of: &FunnelRow) {
    let columns = [
        ("step", Align::Left),
        ("journeys", Align::Right),
        ("of first step", Align::Right),
        ("interval", Align::Left),
        ("", Align::Left),
        ("of step before", Align::Right),
        ("median time", Align::Right),
        ("9 of 10 within", Align::Right),
    ];
    let time =
        |seconds: &Quantity| seconds.as_ref().map_or_else(|_| String::new(), |seconds| duration::shown(*seconds));
    let row = |step: &FunnelStepRow| {
        vec![
            page::name(&step.touchpoint),
            page::count(step.reached),
            percent(&step.conversion),
            bounds(&step.lower, &step.upper),
            page::bar(*step.conversion.as_ref().unwrap_or(&0.0), 20),
            percent(&step.step_conversion),
            time(&step.median_seconds),
            time(&step.p90_seconds),
        ]
    };
    page.table(&columns, of.steps.iter().map(row).collect());
}

/// Each segment against the baseline, from the second step on.
fn comparisons(page: &mut Page, of: &[Entry<FunnelComparisonRow>]) {
    let columns = [
        ("step", Align::Left),
        ("of first step", Align::Right),
        ("interval", Align::Left),
        ("p", Align::Right),
        ("of step before", Align::Right),
        ("interval", Align::Left),
        ("p", Align::Right),
    ];
    against::each(page, of, |page, name, row| {
        let baseline = page::segment(Some(&row.baseline));
        page.line(&format!("{name} minus {baseline}, in percentage points:"));
        let steps = row.steps.iter().skip(1);
        let cells = steps.map(|step| {
            let parts = [&step.difference, &step.step_difference].map(page::difference);
            std::iter::once(page::name(&step.touchpoint)).chain(parts.into_iter().flatten()).collect()
        });
        page.table(&columns, cells.collect());
        if row.in_both > 0 {
            let both = page::count(row.in_both);
            page.line(&format!("{both} customers entered in both; the comparison takes them as clusters."));
        }
    });
    if !of.is_empty() {
        page.line("Each p-value is of one test: with many segments and steps some are small by chance.");
    }
}

/// What became of those who reached a step and not the one after it.
fn went_on((step, next): (&FunnelStepRow, &FunnelStepRow)) -> Option<String> {
    const MOST: usize = 4;
    let lost = step.reached.saturating_sub(next.reached).saturating_sub(step.open);
    let open = format!("{} more may still go on: their window is open", page::count(step.open));
    if lost == 0 {
        return (step.open > 0).then(|| format!("none lost after {}; {open}", page::name(&step.touchpoint)));
    }
    let ended = step.ended.as_ref().ok().filter(|ended| **ended > 0);
    let ended = ended.map(|ended| format!("{} ended", page::count(*ended)));
    let went = step.next.iter().take(MOST);
    let went = went.map(|node| format!("{} → {}", page::count(node.count), page::name(&node.touchpoint)));
    let parts: Vec<String> = ended.into_iter().chain(went).collect();
    let open = if step.open > 0 { format!("; {open}") } else { String::new() };
    Some(format!("{} lost after {}: {}{open}", page::count(lost), page::name(&step.touchpoint), parts.join(", ")))
}
