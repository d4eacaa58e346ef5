//! `cxo journey next`: what comes next after a history, or in each journey that is still open.

use std::io::{self, Write};

use cxo_core::{
    Error,
    journey::{Journeys, NextTouchpoint, OpenJourneys},
};
use cxo_json::{JourneyNextDocument, Lines, NextLossRow, NextRow, PredictionRow, Quantity};

use crate::{
    asking::QUESTION,
    duration::Span,
    failure::Failure,
    journey::{
        chain::open_journeys,
        columns::{Columns, Rules},
        file, log, map,
        outcome::BIASED,
    },
    list::{self, NameList},
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo journey next`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, mut_arg("file", |arg| arg.help(file::HELP)))]
#[command(after_help = "Either after a history (--after), or of each journey that is open (--silence).\n\n\
    Examples:\n  cxo journey next clicks.csv --journey user --touchpoint page --time at --after home,cart\n  \
    cxo journey next clicks.csv --journey user --touchpoint page --time at --silence 7d --format jsonl")]
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
    output: Output,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// What came before, the oldest touchpoint first
    #[arg(long, value_name = "A,B,C")]
    after: Vec<NameList>,
    /// A journey has ended only after so much silence before the end of the observation, such as 30d; until then it is open, and without
    /// --after each open one is asked [default: every journey has ended]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    silence: Option<Span>,
    /// How many of the last touchpoints are looked at, 1 to 16 [default: of 1 to 5 what foresees other customers best]
    #[arg(long, value_name = "N")]
    context: Option<usize>,
    /// How many touchpoints are shown
    #[arg(long, value_name = "N", default_value = "5")]
    top: usize,
}

/// Contexts of up to so many touchpoints are compared.
const CONTEXTS: usize = 5;

/// Customers are dealt to so many groups, each foreseen by the others.
const GROUPS: usize = 5;

/// The longest context where nothing tells which one foresees best.
const CONTEXT: usize = 3;

impl Asked {
    fn check(&self) -> Result<(), Failure> {
        if self.after.is_empty() && self.silence.is_none() {
            return Err(Failure::usage(
                "after what? Give --after A,B for a history, or --silence DURATION for each journey that is open",
            ));
        }
        match self.context {
            Some(context) if !(1..=NextTouchpoint::LONGEST).contains(&context) => {
                Err(Failure::usage(format!("--context {context}: 1 to {} touchpoints", NextTouchpoint::LONGEST)))
            }
            _ => Ok(()),
        }
    }

    fn open(&self) -> OpenJourneys {
        open_journeys(self.silence)
    }

    /// How well each longest context foresees, or why that is not known.
    fn evaluation(&self, journeys: &Journeys<'_>) -> Result<Quantity<Vec<NextLossRow>>, Error> {
        let mut customers = journeys.iter().map(|journey| journey.customer);
        let first = customers.next();
        if !customers.any(|customer| Some(customer) != first) {
            return Ok(Err("there is one customer: nobody else is left to be foreseen".into()));
        }
        let contexts = self.context.map_or(1..=CONTEXTS, |context| context..=context);
        let loss = |longest| {
            NextTouchpoint::cross_validate(journeys, longest, self.open(), GROUPS)
                .map(|loss| NextLossRow::new(longest, loss))
        };
        contexts.map(loss).collect::<Result<Vec<_>, Error>>().map(Ok)
    }

    fn row(&self, journeys: &Journeys<'_>) -> Result<NextRow, Error> {
        let evaluation = self.evaluation(journeys)?;
        let best =
            evaluation.as_ref().ok().and_then(|rows| rows.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)));
        let longest_context = self.context.or(best.map(|best| best.longest_context)).unwrap_or(CONTEXT);
        let model = NextTouchpoint::learn(journeys, longest_context, self.open())?;
        let predictions = if self.after.is_empty() {
            self.of_open(journeys, &model, longest_context)
        } else {
            let after = list::all(&self.after);
            vec![PredictionRow::new(None, &after, &model.predict(&after), self.top)]
        };
        Ok(NextRow {
            journeys: journeys.len() as u64,
            open_journeys: model.open_journeys(),
            biased: model.is_biased(),
            longest_context,
            evaluation,
            predictions,
        })
    }

    /// What comes next in each open journey, by customer.
    fn of_open(&self, journeys: &Journeys<'_>, model: &NextTouchpoint, longest: usize) -> Vec<PredictionRow> {
        let mut rows = Vec::new();
        for journey in journeys.iter().filter(|journey| journeys.is_open(journey, self.open())) {
            let from = journey.steps.len().saturating_sub(longest);
            let names = journeys.names();
            let after: Vec<&str> =
                journey.steps.iter().skip(from).filter_map(|&step| names.get(step as usize).copied()).collect();
            let customer = journeys.customer(journey.customer).unwrap_or_default();
            rows.push(PredictionRow::new(Some(customer), &after, &model.predict(&after), self.top));
        }
        // Stable: the open journeys of one customer stay in order.
        rows.sort_by(|one, other| one.customer.cmp(&other.customer));
        rows
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    args.asked.check()?;
    let file = args.file.open()?;
    let path = file.file.clone();
    let logged = args.columns.read(file, &args.rules, None)?;
    let journeys = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    log::check_touchpoints(&journeys, &list::all(&args.asked.after)).map_err(|failure| failure.in_file(&path))?;
    let answers = logged.ask(&journeys, |journeys| args.asked.row(journeys));
    let (all, segments) = answers.map_err(|failure| failure.in_file(&path))?;
    let mut document = JourneyNextDocument::new(all, logged.row(&journeys), logged.load.clone());
    document.segments = segments;
    document.silence_seconds = args.asked.silence.map(Span::seconds);
    args.output.show(&document, &logged.notes(&document.log))
}

/// So many open journeys fit on a page.
const OPEN: usize = 20;

impl Present for JourneyNextDocument {
    fn page(&self, page: &mut Page) {
        let learned = format!(
            "learned from {}, {}; touchpoints looked back: at most {}",
            page::journeys(self.all.journeys),
            log::unit(&self.log),
            self.all.longest_context
        );
        match self.all.predictions.as_slice() {
            [one] if one.customer.is_none() => {
                let (next, probability) = likeliest(one);
                page.headline("Next", &format!("{next} {}", page::percent(probability)), &learned);
            }
            open => page.headline("Open journeys", &page::count(open.len() as u64), &learned),
        }
        predictions(page, &self.all);
        ends(page, &self.all);
        map::segments(page, self.segments.as_deref(), |page, row| {
            predictions(page, row);
            ends(page, row);
        });
        evaluation(page, &self.all);
        page.line(&page::wrapped(
            "What customers with such a history did next: it does not say what would make a customer do it.",
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        map::write_lines(self, lines, &self.all, self.segments.as_deref(), |row| &row.predictions)
    }
}

const END: &str = "(end of the journey)";

/// What is most probable, the end included.
fn likeliest(of: &PredictionRow) -> (String, f64) {
    match of.touchpoints.first() {
        Some(next) if next.probability >= of.end_probability => (page::name(&next.touchpoint), next.probability),
        _ => (END.to_owned(), of.end_probability),
    }
}

fn predictions(page: &mut Page, of: &NextRow) {
    match of.predictions.as_slice() {
        [one] if one.customer.is_none() => after(page, one),
        open => open_ones(page, open),
    }
}

/// What is known of the ends of journeys.
fn ends(page: &mut Page, of: &NextRow) {
    if of.open_journeys == of.journeys {
        page.line("No journey has ended: how probable an end is, is not known from any.");
    } else if of.biased {
        page.line(BIASED);
    }
}

/// What comes after one history.
fn after(page: &mut Page, of: &PredictionRow) {
    let columns = [("next", Align::Left), ("probability", Align::Right), ("", Align::Left)];
    let known = of.touchpoints.iter().map(|next| (page::name(&next.touchpoint), next.probability));
    let others = [(END.to_owned(), of.end_probability), ("(a touchpoint never met)".to_owned(), of.unseen_probability)];
    let row = |(name, probability): (String, f64)| vec![name, page::percent(probability), page::bar(probability, 20)];
    let used = of.after.len().saturating_sub(of.context);
    let used: Vec<String> = of.after.iter().skip(used).map(|name| page::name(name)).collect();
    page.line(&match used.as_slice() {
        [] => format!("After anything, met {} times:", page::count(of.observations)),
        used => format!("After {}, met {} times:", used.join(" → "), page::count(of.observations)),
    });
    page.table(&columns, known.chain(others).map(row).collect());
}

/// What comes next in each open journey.
fn open_ones(page: &mut Page, of: &[PredictionRow]) {
    let columns = [
        ("customer", Align::Left),
        ("last", Align::Left),
        ("next", Align::Left),
        ("probability", Align::Right),
        ("end", Align::Right),
        ("met", Align::Right),
    ];
    let row = |one: &PredictionRow| {
        let last = one.after.last().map_or_else(String::new, |name| page::name(name));
        let (next, probability) = one.touchpoints.first().map_or_else(
            || (String::new(), String::new()),
            |next| (page::name(&next.touchpoint), page::percent(next.probability)),
        );
        let customer = page::name(one.customer.as_deref().unwrap_or_default());
        vec![customer, last, next, probability, page::percent(one.end_probability), page::count(one.observations)]
    };
    if of.is_empty() {
        page.line("No journey is open.");
        return;
    }
    page.table(&columns, of.iter().take(OPEN).map(row).collect());
    map::more(page, of.len(), OPEN, "open journeys");
}

/// How well each longest context foresees.
fn evaluation(page: &mut Page, of: &NextRow) {
    let rows = match &of.evaluation {
        Ok(rows) => rows,
        Err(reason) => {
            page.line(&format!("How good this is, is not known: {reason}."));
            return;
        }
    };
    let columns = [
        ("touchpoints looked at", Align::Right),
        ("log-loss", Align::Right),
        ("as good as choosing among", Align::Right),
        ("", Align::Left),
    ];
    let row = |row: &NextLossRow| {
        let used = if row.longest_context == of.longest_context { "used" } else { "" };
        vec![
            row.longest_context.to_string(),
            page::decimals(row.log_loss, 4),
            page::decimals(row.log_loss.exp(), 2),
            used.to_owned(),
        ]
    };
    page.line(&format!(
        "How well the {} steps of customers were foreseen that were not learned from (less is better):",
        page::count(rows.first().map_or(0, |row| row.steps))
    ));
    page.table(&columns, rows.iter().map(row).collect());
}
