//! `cxo survey rake`: weights with which the responses meet known totals of the population.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
};

use cxo_core::{
    Error,
    stats::raking::{BoundBase, Margin, RakeOptions, Raked, WeightBounds, rake},
};
use cxo_csv::{Delimiter, Detected, Input, Load, Options, RowColumns, Strictness, write_row};
use cxo_json::{Lines, MarginRow, RakingDocument, TargetRow};

use crate::{
    asking::QUESTION,
    failure::Failure,
    notes,
    output::{Output, Present, write_whole},
    page::{self, Align, Page},
    reading::{TableFile, check_file},
};

/// The arguments of `cxo survey rake`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "The targets are a CSV file with the columns margin (a column of FILE), category (one of its values) and \
    target (its total in the population).\n\nExamples:\n  cxo survey rake feedback.csv --targets targets.csv --at-most 3\n  \
    cxo survey rake feedback.csv --targets targets.csv --out weighted.csv"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// The CSV file with the targets
    #[arg(long, help_heading = QUESTION, value_name = "FILE")]
    targets: PathBuf,
    /// The column with the weights to start from [default: ones]
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    weight: Option<String>,
    /// No weight below this ratio of the scaled weight it started from
    #[arg(long, help_heading = QUESTION, value_name = "RATIO")]
    at_least: Option<f64>,
    /// No weight above this ratio of the scaled weight it started from
    #[arg(long, help_heading = QUESTION, value_name = "RATIO")]
    at_most: Option<f64>,
    /// Where it goes; to a .csv file go the rows of FILE with a column of weights, and the summary to standard output
    #[command(flatten)]
    output: Output,
}

/// The targets of one margin, in the order of their file.
struct Targets {
    margin: String,
    categories: Vec<(String, f64)>,
}

/// The rows of the file as raking needs them.
#[derive(Default)]
struct Rows {
    /// For each margin the category of each row.
    categories: Vec<Vec<String>>,
    base: Vec<f64>,
    lines: Vec<u64>,
    /// Every row as text, where it is to be written again.
    texts: Vec<Vec<u8>>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let options = options(args)?;
    let targets = read_targets(&args.targets)?;
    let file = args.file.open()?;
    let path = file.file.clone();
    let weight = file.config.column("weight", args.weight.clone());
    let columns = RowColumns::new(targets.iter().map(|margin| &margin.margin).chain(&weight));
    let known: Vec<BTreeMap<&str, f64>> = targets.iter().map(Targets::by_name).collect();
    let weighted_file = args.output.file_with_extension("csv");
    let mut rows = Rows { categories: vec![Vec::new(); targets.len()], ..Rows::default() };
    let loaded = file.each_row(&columns, |row| {
        let mut found = Vec::with_capacity(targets.len());
        for (column, (margin, known)) in targets.iter().zip(&known).enumerate() {
            let category = row.text(column)?.into_owned();
            if !known.contains_key(category.as_str()) {
                let allowed = margin.categories.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                let allowed = format!("a category with a target: {allowed}");
                return Err(Error::input(&margin.margin, format!("\"{category}\""), allowed).into());
            }
            found.push(category);
        }
        rows.base.push(if weight.is_some() { row.positive(targets.len())?.get() } else { 1.0 });
        rows.lines.push(row.line());
        rows.categories.iter_mut().zip(found).for_each(|(column, category)| column.push(category));
        if weighted_file.is_some() {
            let cells: Vec<_> = row.cells().collect();
            let mut text = Vec::new();
            write_row(&mut text, cells.iter().map(|cell| &**cell), Delimiter::COMMA);
            rows.texts.push(text);
        }
        Ok(())
    })?;
    let margins = margins(&targets, &rows).map_err(|error| Failure::from(error).in_file(&args.targets))?;
    let raked = rake(&rows.base, &margins, &options).map_err(|error| Failure::from(error).in_file(&path))?;
    if let Some(to) = weighted_file {
        write_weighted(to, &loaded.detected, &rows, &raked)?;
    }
    let mut remarks = notes::load(&loaded.report);
    remarks.push(format!(
        "Weights make the responses agree with the targets, not with what the people behind them think; they cost {} of {} \
         responses of certainty.",
        page::percent(1.0 - 1.0 / raked.design_effect),
        page::count(raked.weights.len() as u64),
    ));
    let rows_of_margins =
        targets.iter().zip(&rows.categories).map(|(margin, column)| margin.row(column, &rows, &raked));
    let document = RakingDocument::new(&raked, &rows.lines, rows_of_margins.collect(), loaded.report);
    match weighted_file {
        Some(_) => args.output.to_stdout().show(&document, &remarks),
        None => args.output.show(&document, &remarks),
    }
}

fn options(args: &Args) -> Result<RakeOptions, Failure> {
    if args.at_least.is_none() && args.at_most.is_none() {
        return Ok(RakeOptions::default());
    }
    let ratios = args.at_least.unwrap_or(0.0)..=args.at_most.unwrap_or(f64::MAX);
    let bounds = WeightBounds::between(ratios, BoundBase::BaseWeight);
    Ok(RakeOptions::default().bounds(bounds.map_err(|error| Failure::option("--at-least, --at-most", &error))?))
}

/// Every row of the targets must be readable: a target that is left out is another population.
fn read_targets(path: &Path) -> Result<Vec<Targets>, Failure> {
    check_file(path)?;
    let mut targets: Vec<Targets> = Vec::new();
    let load = Load::new(Input::path(path)).options(Options::default().strictness(Strictness::Strict));
    load.each_row(&RowColumns::new(["margin", "category", "target"]), |row| {
        let (margin, category) = (row.text(0)?.into_owned(), row.text(1)?.into_owned());
        if margin.trim().is_empty() {
            return Err(row.reject(0, "the name of a column"));
        }
        let target = (category, row.positive(2)?.get());
        match targets.iter_mut().find(|known| known.margin == margin) {
            Some(known) => known.categories.push(target),
            None => targets.push(Targets { margin, categories: vec![target] }),
        }
        Ok(())
    })?;
    Ok(targets)
}

fn margins(targets: &[Targets], rows: &Rows) -> Result<Vec<Margin>, Error> {
    let columns = targets.iter().zip(&rows.categories);
    let margin = |(margin, column): (&Targets, &Vec<String>)| {
        let totals = margin.categories.iter().map(|(name, total)| (name.as_str(), *total));
        Margin::new(&margin.margin, column.iter().map(String::as_str), totals)
    };
    columns.map(margin).collect()
}

impl Targets {
    fn by_name(&self) -> BTreeMap<&str, f64> {
        self.categories.iter().map(|(name, total)| (name.as_str(), *total)).collect()
    }

    /// The margin with what the weights make of it.
    fn row(&self, column: &[String], rows: &Rows, raked: &Raked) -> MarginRow {
        let mut sums: BTreeMap<&str, (u64, f64, f64)> = BTreeMap::new();
        for (category, (before, after)) in column.iter().zip(rows.base.iter().zip(&raked.weights)) {
            let sum = sums.entry(category).or_default();
            *sum = (sum.0 + 1, sum.1 + before, sum.2 + after);
        }
        let categories = self.categories.iter().map(|(category, target)| {
            let (responses, before, after) = sums.get(category.as_str()).copied().unwrap_or_default();
            TargetRow { category: category.clone(), responses, target: *target, before, after }
        });
        MarginRow { margin: self.margin.clone(), categories: categories.collect() }
    }
}

/// The rows of the file with a column of weights behind the others.
fn write_weighted(to: &Path, file: &Detected, rows: &Rows, raked: &Raked) -> Result<(), Failure> {
    let taken = |name: &str| file.columns.iter().any(|column| column.name.trim().eq_ignore_ascii_case(name));
    let added = if taken("weight") { "raked_weight" } else { "weight" };
    let mut header = Vec::new();
    let names = file.columns.iter().map(|column| column.name.as_bytes());
    write_row(&mut header, names.chain([added.as_bytes()]), Delimiter::COMMA);
    write_whole(to, |to| {
        to.write_all(&header)?;
        rows.texts.iter().zip(&raked.weights).try_for_each(|(text, weight)| {
            to.write_all(text.strip_suffix(b"\n").unwrap_or(text))?;
            writeln!(to, ",{weight}")
        })
    })
}

impl Output {
    /// The file asked for, if it has this extension and no other form is asked for.
    fn file_with_extension(&self, extension: &str) -> Option<&Path> {
        let has =
            |path: &&Path| path.extension().and_then(OsStr::to_str).is_some_and(|e| e.eq_ignore_ascii_case(extension));
        self.out().filter(has)
    }
}

impl Present for RakingDocument {
    fn page(&self, page: &mut Page) {
        let detail = format!("of {} responses, design effect {:.3}", page::count(self.responses), self.design_effect);
        page.headline("Effective responses", &format!("{:.1}", self.effective_responses), &detail);
        let columns = [
            ("margin", Align::Left),
            ("category", Align::Left),
            ("responses", Align::Right),
            ("target", Align::Right),
            ("before", Align::Right),
            ("after", Align::Right),
        ];
        let mut rows = Vec::new();
        for margin in &self.margins {
            let totals = margin.categories.iter().map(|row| [row.target, row.before, row.after]);
            let [target, before, after] =
                totals.fold([0.0; 3], |sums, row| [sums[0] + row[0], sums[1] + row[1], sums[2] + row[2]]);
            for row in &margin.categories {
                rows.push(vec![
                    margin.margin.clone(),
                    page::segment(Some(&row.category)),
                    page::count(row.responses),
                    page::percent(row.target / target),
                    page::percent(row.before / before),
                    page::percent(row.after / after),
                ]);
            }
        }
        page.table(&columns, rows);
        let trimmed =
            if self.trimmed > 0 { format!(", {} at a bound", page::count(self.trimmed)) } else { String::new() };
        page.line(&format!("Found in {} passes{trimmed}.", page::count(self.iterations)));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.weights.iter().try_for_each(|row| lines.write(row))
    }
}
