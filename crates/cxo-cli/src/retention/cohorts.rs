//! `cxo retention cohorts`: how many of those who came in one period are active in later ones, and what they pay.

use cxo_core::{
    Confidence, Error,
    churn::retention::{Brackets, CohortOptions, PeriodClock, RetentionKind, cohort_table, revenue_retention},
    domain::{Day, Period},
};
use cxo_json::CohortsDocument;

use crate::{
    asking::{self, QUESTION, day},
    clv::source::Roles,
    failure::Failure,
    notes,
    output::Output,
    reading::TableFile,
};

/// The arguments of `cxo retention cohorts`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "FILE is a log of activity: a row for each purchase, payment, login or whatever counts as being active.\n\n\
    Examples:\n  cxo retention cohorts purchases.csv --customer id --date day --amount value\n  \
    cxo retention cohorts logins.csv --customer user --date at --period week --kind unbounded --until 2026-06-30\n  \
    cxo retention cohorts logins.csv --customer user --date at --kind bracket --brackets 1-3,4-6,7-12"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    output: Output,
}

/// Which columns mean what.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Columns")]
struct Columns {
    /// Who was active
    #[arg(long, value_name = "COLUMN")]
    customer: Option<String>,
    /// When
    #[arg(long, value_name = "COLUMN")]
    date: Option<String>,
    /// What was paid; without it there is no revenue
    #[arg(long, value_name = "COLUMN")]
    amount: Option<String>,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// The calendar period of acquisition, and the length of those that follow: day, week, month, quarter or year
    #[arg(long, value_name = "PERIOD", default_value = "month")]
    period: Period,
    /// Who is retained in period N: n-day (active in it), bracket (in a range of periods), unbounded (in it or later)
    #[arg(long, value_name = "KIND", default_value = "n-day", value_parser = ["n-day", "bracket", "unbounded"])]
    kind: String,
    /// The ranges of --kind bracket [default: 1-3,4-6,7-9,…]
    #[arg(long, value_name = "A-B,C-D…")]
    brackets: Option<Brackets>,
    /// Periods that --kind unbounded waits for a return before a cell is mature [default: 1]
    #[arg(long, value_name = "N")]
    follow_up: Option<u32>,
    /// What periods are counted by: calendar, or since-first (from the customer's own first day)
    #[arg(long, value_name = "CLOCK", default_value = "calendar")]
    clock: PeriodClock,
    /// The last day that was observed [default: the last of the log]
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Day>,
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
}

impl Asked {
    fn options(&self) -> Result<CohortOptions, Failure> {
        let kind = match self.kind.as_str() {
            "bracket" => RetentionKind::Bracket(self.brackets.clone().unwrap_or_default()),
            "unbounded" => {
                self.follow_up.map_or(RetentionKind::UNBOUNDED, |follow_up| RetentionKind::Unbounded { follow_up })
            }
            _ => RetentionKind::NDay,
        };
        let needs = |option: &str, kind: &str| Err(Failure::usage(format!("{option} needs --kind {kind}")));
        match kind {
            RetentionKind::Bracket(_) => {}
            _ if self.brackets.is_some() => return needs("--brackets", "bracket"),
            _ => {}
        }
        if self.follow_up.is_some() && !matches!(kind, RetentionKind::Unbounded { .. }) {
            return needs("--follow-up", "unbounded");
        }
        let options = CohortOptions::default().period(self.period).clock(self.clock).kind(kind);
        Ok(match self.until {
            Some(day) => options.until(day),
            None => options,
        })
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let options = args.asked.options()?;
    let file = args.file.open()?;
    let path = file.file.clone();
    let Columns { customer, date, amount } = &args.columns;
    let (log, loaded) = Roles { customer, date, amount }.read(file, false)?;
    let answer = || -> Result<CohortsDocument, Error> {
        let columns = log.columns()?;
        let table = cohort_table(columns, &options)?;
        let revenue = log.currency().map(|_| revenue_retention(columns, &options)).transpose()?;
        CohortsDocument::new(&table, revenue.as_deref(), args.asked.confidence, loaded.report.clone())
    };
    let document = answer().map_err(|error| Failure::from(error).after(&loaded.report, &path))?;
    args.output.show(&document, &notes::load(&document.load))
}
