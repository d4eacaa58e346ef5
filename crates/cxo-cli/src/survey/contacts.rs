//! `cxo survey contacts`: how often customers are asked, and who is asked too often.

use std::{
    io::{self, Write},
    str::FromStr,
    time::Duration,
};

use cxo_core::{
    Error,
    survey::{ContactRule, Contacts},
};
use cxo_csv::{NotTaken, RowColumns};
use cxo_json::{AskedRule, ContactsDocument, Lines};

use crate::{
    asking::QUESTION,
    failure::Failure,
    notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo survey contacts`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "Example:\n  cxo survey contacts invitations.csv --customer client --time sent --window 30d --limit 1"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// The column that says who was asked
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    customer: Option<String>,
    /// The column that says when
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    time: Option<String>,
    /// Length of the window: 30d, 12h, 15m, 30s
    #[arg(long, help_heading = QUESTION, value_name = "DURATION", default_value = "30d")]
    window: Window,
    /// The most invitations of a customer that any window may hold
    #[arg(long, help_heading = QUESTION, value_name = "N", default_value = "1")]
    limit: u64,
    #[command(flatten)]
    output: Output,
}

/// A length of time in whole seconds, as `30d`, `12h`, `15m` or `30s`.
#[derive(Debug, Clone, Copy)]
struct Window {
    seconds: u64,
}

impl FromStr for Window {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused =
            || Error::input("duration", format!("\"{text}\""), "a whole number and d, h, m or s, such as 30d");
        let each = match text.chars().next_back() {
            Some('d') => 86_400,
            Some('h') => 3_600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(refused()),
        };
        let number: Option<u64> = text.trim_end_matches(char::is_alphabetic).parse().ok();
        let seconds = number.filter(|_| text.chars().filter(|letter| letter.is_alphabetic()).count() == 1);
        let seconds = seconds.and_then(|number| number.checked_mul(each)).filter(|seconds| *seconds > 0);
        Ok(Self { seconds: seconds.ok_or_else(refused)? })
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let customer = file.column("customer", args.customer.as_ref(), "the customers")?;
    let time = file.column("time", args.time.as_ref(), "the times")?;
    let rule = ContactRule::new(Duration::from_secs(args.window.seconds), args.limit);
    let rule = rule.map_err(|error| Failure::option("--window", &error))?;
    let mut contacts = Contacts::default();
    let loaded = file.each_row(&RowColumns::new([customer]).time(time), |row| {
        let customer = row.text(0)?;
        match row.time()? {
            Some(time) if !customer.is_empty() => Ok(contacts.add(&customer, time)?),
            _ => Err(NotTaken::blank()),
        }
    })?;
    let found = contacts.frequency(rule)?;
    let remarks = notes::load(&loaded.report);
    let asked = AskedRule { window_seconds: args.window.seconds, limit: args.limit };
    args.output.show(&ContactsDocument::new(asked, &found, loaded.report), &remarks)
}

impl Present for ContactsDocument {
    fn page(&self, page: &mut Page) {
        let window = duration(self.window_seconds as f64);
        let detail =
            format!("{} customers, {} invitations", page::count(self.customers), page::count(self.invitations));
        let what = format!("Customers asked more than {} × in {window}", self.limit);
        let value = format!("{} ({})", page::count(self.over_limit), page::percent(self.share_over_limit));
        page.headline(&what, &value, &detail);
        let columns = [("most within a window", Align::Right), ("customers", Align::Right), ("share", Align::Right)];
        let share = |customers: u64| page::percent(customers as f64 / self.customers as f64);
        let rows = self
            .distribution
            .iter()
            .map(|row| vec![page::count(row.invitations), page::count(row.customers), share(row.customers)]);
        page.table(&columns, rows.collect());
        page.line(&match &self.shortest_gap_seconds {
            Ok(gap) => format!("Shortest time between two invitations of a customer: {}.", duration(*gap)),
            Err(_) => "Nobody was invited twice.".to_owned(),
        });
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.distribution.iter().try_for_each(|row| lines.write(row))
    }
}

/// A length of time in its largest fitting unit.
fn duration(seconds: f64) -> String {
    let units = [(86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")];
    let fitting = units.into_iter().find(|(unit, _)| seconds >= *unit);
    let (unit, name) = fitting.unwrap_or((1.0, "seconds"));
    format!("{} {name}", (10.0 * seconds / unit).round() / 10.0)
}
