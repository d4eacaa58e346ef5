//! `cxo retention project`: how many customers with a contract will stay, from how many have stayed so far.

use std::{
    io::{self, Write},
    str::FromStr,
};

use cxo_core::{
    Confidence, Error,
    clv::{Bdw, FitOptions, Sbg, Survivors},
};
use cxo_json::{Document as _, Lines, ProjectionQuestion, Quantity, RetentionDocument};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    output::{Output, Present},
    page::{self, Align, Page, decimals, digits},
};

/// The arguments of `cxo retention project`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  cxo retention project --survivors 1000,869,743,653,593,551,517,491\n  \
    cxo retention project --survivors 1000,869,743,653,593,551,517,491 --model bdw --periods 20")]
pub(crate) struct Args {
    /// Customers at the start, and how many of them are left after 1, 2, … periods
    #[arg(long, allow_hyphen_values = true, help_heading = QUESTION, value_name = "N,N…")]
    survivors: Counts,
    /// sbg (shifted beta-geometric) or bdw (beta-discrete-Weibull: the chance to leave may change with time)
    #[arg(long, help_heading = QUESTION, value_name = "MODEL", default_value = "sbg")]
    model: Contract,
    /// Periods to show, from the first on [default: 12, and at least those observed]
    #[arg(long, allow_negative_numbers = true, help_heading = QUESTION, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    periods: Option<u32>,
    /// Discount of a period, for discounted lifetimes
    #[arg(long, allow_negative_numbers = true, help_heading = QUESTION, value_name = "SHARE", default_value = "0.1")]
    discount: f64,
    /// Level of the intervals
    #[arg(long, allow_negative_numbers = true, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, help_heading = QUESTION, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// Survivors as `1000,869,743`.
#[derive(Debug, Clone)]
struct Counts(Vec<u64>);

impl FromStr for Counts {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let counts: Result<Vec<u64>, _> = text.split(',').map(|count| count.trim().parse()).collect();
        let allowed = "whole numbers, none above the one before, such as 1000,869,743";
        counts.map(Self).map_err(|_| Error::input("survivors", format!("\"{text}\""), allowed))
    }
}

/// A model of leaving a contract.
#[derive(Debug, Clone, Copy)]
enum Contract {
    Sbg,
    Bdw,
}

impl FromStr for Contract {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "sbg" => Ok(Self::Sbg),
            "bdw" => Ok(Self::Bdw),
            _ => Err(Error::input("model", format!("\"{text}\""), "sbg, bdw")),
        }
    }
}

/// Periods shown unless asked for otherwise.
const PERIODS: u32 = 12;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let survivors = Survivors::from_counts(&args.survivors.0).map_err(|error| of_period(&error))?;
    if !(args.discount >= 0.0 && args.discount.is_finite()) {
        let error = Error::input("discount", args.discount, "a finite number of at least 0");
        return Err(Failure::option("--discount", &error));
    }
    let observed = survivors.periods();
    let asked = ProjectionQuestion {
        survivors: args.survivors.0.clone(),
        periods: args.periods.unwrap_or(PERIODS.max(observed)),
        discount: args.discount,
        confidence: args.confidence,
    };
    let options = FitOptions::default();
    let document = match args.model {
        Contract::Sbg => RetentionDocument::new(&Sbg::fit(&survivors, &options)?, asked)?,
        Contract::Bdw => RetentionDocument::new(&Bdw::fit(&survivors, &options)?, asked)?,
    };
    args.output.show(&document, &[])
}

/// A refused count is named by its period, not by its place in a table.
fn of_period(error: &Error) -> Failure {
    let (Some(row), Some(value), Some(allowed)) = (error.row(), error.value(), error.allowed()) else {
        return Failure::option("--survivors", error);
    };
    let what = if row == 0 { "customers at the start".to_owned() } else { format!("survivors after period {row}") };
    Failure::option("--survivors", &Error::input(what, value, allowed))
}

impl Present for RetentionDocument {
    fn page(&self, page: &mut Page) {
        let last = self.survival.last().copied().unwrap_or_default();
        let detail =
            format!("of {} customers after {} periods", page::count(self.model.customers), self.survival.len());
        page.headline("Expected to stay", &page::percent(last), &detail);
        page.line(&page::wrapped(match self.model.name.as_str() {
            "bdw" => {
                "Beta-discrete-Weibull: at the end of every period a customer leaves with a probability of his own, which rises \
                 (c above 1) or falls (c below 1) the longer he has stayed."
            }
            _ => {
                "Shifted beta-geometric: at the end of every period a customer leaves with a probability of his own. The rate of \
                 retention rises only because those who are likely to leave are gone."
            }
        }));
        let rows = self.model.parameters.0.iter().map(|(name, value)| {
            let bounds = self.model.intervals.get(name);
            let bounds = bounds.map(|bounds| format!("{} to {}", digits(bounds.lower), digits(bounds.upper)));
            vec![name.clone(), digits(*value), bounds.unwrap_or_default()]
        });
        page.table(&[("parameter", Align::Left), ("value", Align::Right), ("interval", Align::Left)], rows.collect());
        let columns = [
            ("period", Align::Right),
            ("seen", Align::Right),
            ("expected", Align::Right),
            ("", Align::Left),
            ("retention", Align::Right),
        ];
        let start = self.survivors.first().copied().unwrap_or_default() as f64;
        let rows = self.survival.iter().zip(&self.retention).zip(1..).map(|((survival, retention), period)| {
            let seen = self.survivors.get(period).map(|count| page::percent(*count as f64 / start));
            vec![
                period.to_string(),
                seen.unwrap_or_default(),
                page::percent(*survival),
                page::bar(*survival, 30),
                page::percent(*retention),
            ]
        });
        page.table(&columns, rows.collect());
        let times = |count: &Quantity| count.as_ref().map_or("infinitely many".to_owned(), |count| decimals(*count, 2));
        let rest = match &self.residual_lifetime {
            Ok(lifetime) => format!("{} further renewals are expected", decimals(*lifetime, 2)),
            Err(reason) => format!("no mean number of further renewals exists ({reason})"),
        };
        page.line(&page::wrapped(&format!(
            "Of a customer who is still there after {} periods {rest}; discounted at {} a period they are {}. A new customer pays \
             {} times, discounted alike. Log-likelihood {}.",
            self.survivors.len().saturating_sub(1),
            page::percent(self.discount),
            times(&self.discounted_residual_lifetime),
            times(&self.discounted_lifetime),
            decimals(self.model.log_likelihood, 1)
        )));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}
