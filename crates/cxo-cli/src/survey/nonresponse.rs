//! `cxo survey nonresponse`: whether those who responded look like those who were asked.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use cxo_core::{
    Confidence, Error,
    domain::{LoadReport, ResponseStatus},
    stats::proportion::ProportionMethod,
    survey::{ChiSquareTest, FrameCategory, nonresponse},
};
use cxo_csv::{Input, Load, Options, RowColumns, Strictness};
use cxo_json::{CategoryRow, Lines, NonResponseDocument, Quantity};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::{Readable, TableFile, check_file},
    survey::response::STATUSES,
};

/// The arguments of `cxo survey nonresponse`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "With --frame each row of FILE is a respondent, and the frame is a CSV file with the columns category and \
    invited. Without it each row of FILE is an invitation with its status.\n\nExamples:\n  \
    cxo survey nonresponse invitations.csv --by region\n  \
    cxo survey nonresponse responses.csv --frame frame.csv --by region"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// The column whose values are compared
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    by: String,
    /// The column with how far each invitation came; completed ones are responses [default: status]
    #[arg(long, help_heading = "Columns", value_name = "COLUMN", conflicts_with = "frame")]
    status: Option<String>,
    /// The CSV file with how many were invited in each category
    #[arg(long, help_heading = QUESTION, value_name = "FILE")]
    frame: Option<PathBuf>,
    /// Intervals of the rates: wilson, clopper-pearson, mid-p, jeffreys, agresti-coull or wald
    #[arg(long, help_heading = QUESTION, value_name = "METHOD", default_value = "wilson")]
    interval: ProportionMethod,
    /// Level of the intervals
    #[arg(long, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    #[command(flatten)]
    output: Output,
}

/// A category with how many were invited and how many responded.
struct Category {
    name: String,
    invited: u64,
    responded: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let (categories, load) = match &args.frame {
        Some(frame) => against_frame(file, &args.by, frame)?,
        None => by_status(file, args)?,
    };
    let counts: Vec<FrameCategory<'_>> = categories
        .iter()
        .map(|found| FrameCategory { category: &found.name, invited: found.invited, responded: found.responded })
        .collect();
    let found = nonresponse(&counts, args.interval, args.confidence);
    let found = found.map_err(|error| Failure::from(error).in_file(&path))?;
    let mut remarks = notes::load(&load);
    remarks.push("Nobody knows what those who did not respond would have said; this compares who they are.".to_owned());
    args.output.show(&NonResponseDocument::new(&args.by, &found, load), &remarks)
}

/// Invitations with their status, by category in the order of their bytes.
fn by_status(file: Readable, args: &Args) -> Result<(Vec<Category>, LoadReport), Failure> {
    let status = file.config.column("status", args.status.clone()).unwrap_or_else(|| "status".to_owned());
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let loaded = file.each_row(&RowColumns::new([&status, &args.by]), |row| {
        let responded = row.one_of(0, &STATUSES)? == ResponseStatus::Completed;
        let (invited, responses) = counts.entry(row.text(1)?.into_owned()).or_default();
        (*invited, *responses) = (*invited + 1, *responses + u64::from(responded));
        Ok(())
    })?;
    let found = counts.into_iter().map(|(name, (invited, responded))| Category { name, invited, responded });
    Ok((found.collect(), loaded.report))
}

/// Respondents, each of which must be in a category of the frame.
fn against_frame(file: Readable, by: &str, frame: &Path) -> Result<(Vec<Category>, LoadReport), Failure> {
    let mut categories = read_frame(frame)?;
    let allowed = categories.iter().map(|category| category.name.as_str()).collect::<Vec<_>>().join(", ");
    let allowed = format!("a category of the frame: {allowed}");
    let loaded = file.each_row(&RowColumns::new([by]), |row| {
        let name = row.text(0)?;
        let found = categories.iter_mut().find(|category| category.name == name);
        let unknown = || Error::input(by, format!("\"{name}\""), &allowed);
        found.ok_or_else(unknown)?.responded += 1;
        Ok(())
    })?;
    Ok((categories, loaded.report))
}

fn read_frame(path: &Path) -> Result<Vec<Category>, Failure> {
    check_file(path)?;
    let mut categories = Vec::new();
    let load = Load::new(Input::path(path)).options(Options::default().strictness(Strictness::Strict));
    load.each_row(&RowColumns::new(["category", "invited"]), |row| {
        let invited = row.text(1)?.trim().parse().ok().filter(|invited| *invited > 0);
        let invited = invited.ok_or_else(|| row.reject(1, "a whole number of at least 1"))?;
        categories.push(Category { name: row.text(0)?.into_owned(), invited, responded: 0 });
        Ok(())
    })?;
    Ok(categories)
}

impl Present for NonResponseDocument {
    fn page(&self, page: &mut Page) {
        let detail = page::interval_text(&self.rate.interval, page::percent);
        page.headline("Response rate", &page::percent(self.rate.rate), &detail);
        let columns = [
            (self.by.as_str(), Align::Left),
            ("invited", Align::Right),
            ("responded", Align::Right),
            ("rate", Align::Right),
            ("interval", Align::Left),
            ("of the frame", Align::Right),
            ("of respondents", Align::Right),
            ("standardized", Align::Right),
        ];
        page.table(&columns, self.categories.iter().map(cells).collect());
        page.line(&test("Respondents against the frame", &self.goodness_of_fit));
        page.line(&test("Respondents against non-respondents", &self.homogeneity));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.categories.iter().try_for_each(|row| lines.write(row))
    }
}

fn cells(row: &CategoryRow) -> Vec<String> {
    vec![
        page::segment(Some(&row.category)),
        page::count(row.invited),
        page::count(row.responded),
        page::percent(row.rate.rate),
        page::bounds(&row.rate.interval, page::percent),
        page::percent(row.frame_share),
        page::percent(row.respondent_share),
        row.standardized_difference.as_ref().map_or_else(|_| "-".to_owned(), |found| format!("{found:+.3}")),
    ]
}

fn test(what: &str, found: &Quantity<ChiSquareTest>) -> String {
    match found {
        Ok(ChiSquareTest { statistic, degrees, p_value, .. }) => {
            let p = page::p_value_text(*p_value);
            format!("{what}: chi-square {statistic:.3} with {degrees} degrees of freedom, p {p}.")
        }
        Err(reason) => format!("{what}: no test, {reason}."),
    }
}
