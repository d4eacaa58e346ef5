//! `cxo churn score`: the risk of each customer by a stored model, with the features that raise it.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use cxo_core::{
    Confidence, Method,
    churn::risk::{ChurnModel, Encoding, Limits, Loss, Value},
    clv::Departures,
};
use cxo_csv::RowColumns;
use cxo_json::{
    ChurnModelDocument, ChurnScoreRow, ChurnScoresDocument, Document as _, Lines, ReasonRow, ValueAtRiskRow,
    ValueAtRiskRows,
};

use crate::{
    asking::{self, QUESTION},
    churn::table::{self, Cell, Missing},
    failure::Failure,
    groups, notes,
    output::{Output, Present},
    page::{self, Align, Page, digits},
    reading::{self, TableFile},
};

/// The arguments of `cxo churn score`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  cxo churn score today.csv --model model.json --customer id --reasons 3 --format jsonl\n  \
    cxo churn score today.csv --model model.json --value yearly_margin --by plan"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// Who
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    customer: Option<String>,
    /// The model that cxo churn fit --model-out stored
    #[arg(long, value_name = "FILE", help_heading = QUESTION)]
    model: PathBuf,
    /// What would leave with the customer, given that he is one until then: a margin, not a lifetime value
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    value: Option<String>,
    /// Value at risk of each value of this column too; several are taken together
    #[arg(long, value_name = "COLUMN", requires = "value", help_heading = "Columns")]
    by: Vec<String>,
    /// How many reasons each row gets: the features that raise its risk most
    #[arg(long, value_name = "N", default_value = "3", help_heading = QUESTION)]
    reasons: usize,
    /// Level of the limits
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence, help_heading = QUESTION)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, value_name = "N", hide_short_help = true, help_heading = QUESTION)]
    seed: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    groups::check_by(&args.by)?;
    let model = stored(&args.model)?;
    let file = args.file.open()?;
    let mut names: Vec<String> = model.schema().features().iter().map(|feature| feature.name().to_owned()).collect();
    let features = names.len();
    let customer = file.config.column("customer", args.customer.clone());
    names.extend(customer.clone());
    let worth = names.len();
    names.extend(args.value.clone());
    let by = names.len();
    names.extend(args.by.iter().cloned());
    let (mut all, mut segments) = (Loss::default(), BTreeMap::<String, Loss>::new());
    let limits = Limits::at(args.confidence);
    let mut contributions = vec![0.0; features];
    let mut scores = Vec::new();
    let loaded = file.each_row(&RowColumns::new(names), |row| {
        let mut cells = Vec::with_capacity(features);
        for (at, feature) in model.schema().features().iter().enumerate() {
            let numeric = matches!(feature.encoding(), Encoding::Numeric(_));
            let cell = table::cell(row, at, numeric, Missing::Indicator)?;
            let checked = feature.check(cell.value());
            checked.map_err(|error| row.reject(at, error.allowed().unwrap_or("another value")))?;
            cells.push(cell);
        }
        let values: Vec<Value<'_>> = cells.iter().map(Cell::value).collect();
        let risk = model.explain(&values, &limits, &mut contributions);
        let risk = risk.map_err(|_| row.reject(greatest(&contributions), "a number whose log-odds are finite"))?;
        let name = customer.is_some().then(|| row.text(features)).transpose()?;
        let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if args.value.is_some() {
            let value = row.number(worth)?.filter(|value| (0.0..=1e150).contains(value));
            let value = value.ok_or_else(|| row.reject(worth, "a number from 0 to 1e150"))?;
            let parts = (by..by + args.by.len()).map(|at| row.text(at).map(|text| text.trim().to_owned()));
            let parts = parts.collect::<Result<Vec<String>, _>>()?;
            all.add(&model, &values, value)?;
            if !parts.is_empty() {
                segments.entry(groups::joined(&parts)).or_default().add(&model, &values, value)?;
            }
        }
        let reasons = model.reasons(&contributions, args.reasons).into_iter().map(|reason| {
            let place = model.schema().place(reason.feature).ok();
            let value = place.and_then(|place| values.get(place)).map(ToString::to_string).unwrap_or_default();
            ReasonRow { feature: reason.feature.to_owned(), value, contribution: reason.contribution }
        });
        scores.push(ChurnScoreRow::new(name, &risk, reasons.collect()));
        Ok(())
    })?;
    let rows = [(None, &all)].into_iter().chain(segments.iter().map(|(name, loss)| (Some(name.clone()), loss)));
    let row = |(segment, loss): (Option<String>, &Loss)| ValueAtRiskRow::new(segment, loss, &model, args.confidence);
    let value_at_risk = match &args.value {
        Some(value) if all.customers() > 0 => Some(ValueAtRiskRows {
            form: Departures::Predicted(&[]).name().to_owned(),
            value: value.clone(),
            results: rows.map(row).collect::<Result<_, _>>()?,
        }),
        _ => None,
    };
    let document = ChurnScoresDocument {
        target: model.target().column().to_owned(),
        base: model.base(),
        calibration: model.calibrator().map_or("none", |calibrator| calibrator.method()).to_owned(),
        confidence: args.confidence,
        interval_method: Method::Wald.name().to_owned(),
        scores,
        value_at_risk,
        load: loaded.report,
    };
    args.output.show(&document, &notes::load(&document.load))
}

/// The place of the contribution that is farthest from 0.
fn greatest(contributions: &[f64]) -> usize {
    let size = |(_, contribution): &(usize, &f64)| contribution.abs();
    let found = contributions.iter().enumerate().max_by(|left, right| size(left).total_cmp(&size(right)));
    found.map_or(0, |(place, _)| place)
}

/// The model in a file.
pub(crate) fn stored(path: &Path) -> Result<ChurnModel, Failure> {
    reading::check_file(path)?;
    let bytes = fs::read(path).map_err(|error| Failure::io(path, "read", &error))?;
    let document = ChurnModelDocument::from_slice(&bytes);
    let told = |error| Failure::data("input", format!("{}: {error}", path.display())).in_file(path);
    document.map(|document| document.0).map_err(told)
}

/// Customers on a page.
const SHOWN: usize = 15;

impl Present for ChurnScoresDocument {
    fn page(&self, page: &mut Page) {
        let rows = self.scores.len();
        let expected: f64 = self.scores.iter().map(|row| row.probability).sum();
        let mean = expected / rows.max(1) as f64;
        let detail = format!("{} of {} rows", page::decimals(expected, 0), page::count(rows as u64));
        page.headline(&format!("Expected ({})", page::name(&self.target)), &page::percent(mean), &detail);
        let mut order: Vec<&ChurnScoreRow> = self.scores.iter().collect();
        order.sort_by(|left, right| right.probability.total_cmp(&left.probability));
        page.line("Most at risk");
        let level = page::level(self.confidence);
        let columns = [
            ("customer", Align::Left),
            ("risk", Align::Right),
            (level.as_str(), Align::Left),
            ("what raises it (odds)", Align::Left),
        ];
        page.table(&columns, order.into_iter().take(SHOWN).map(line).collect());
        if let Some(found) = &self.value_at_risk {
            at_risk(found, page);
        }
        let absent = self.scores.iter().find_map(|row| row.lower.as_ref().err());
        let limits = match absent {
            Some(reason) => format!("There are no limits: {reason}."),
            None => "Limits are those of the mean risk of customers who are alike, from the uncertainty of the coefficients.".to_owned(),
        };
        let calibration = match self.calibration.as_str() {
            "none" => "Probabilities are not calibrated.".to_owned(),
            method => format!("Probabilities are calibrated ({method})."),
        };
        page.line(&page::wrapped(&format!(
            "{calibration} {limits} Reasons say which features move the odds of the model, against a customer who is average in \
             everything; they are associations, not causes."
        )));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.scores.iter().try_for_each(|row| lines.write(row))
    }
}

/// What leaves with those who leave, the most first.
fn at_risk(found: &ValueAtRiskRows, page: &mut Page) {
    page.line(&format!("Value at risk (probability × {})", page::name(&found.value)));
    let mut rows: Vec<&ValueAtRiskRow> = found.results.iter().collect();
    rows.sort_by(|left, right| {
        left.segment.is_some().cmp(&right.segment.is_some()).then(right.value_at_risk.total_cmp(&left.value_at_risk))
    });
    let show = |value: f64| page::decimals(value, 0);
    let cells = |row: &ValueAtRiskRow| {
        vec![
            page::segment(row.segment.as_deref()),
            page::count(row.customers),
            show(row.departures),
            show(row.value_at_risk),
            page::bounds(&row.interval, show),
            show(row.outcome_error),
        ]
    };
    let columns = [
        ("segment", Align::Left),
        ("customers", Align::Right),
        ("leave", Align::Right),
        ("value at risk", Align::Right),
        ("interval", Align::Left),
        ("± outcome", Align::Right),
    ];
    page.table(&columns, rows.into_iter().map(cells).collect());
}

fn line(row: &ChurnScoreRow) -> Vec<String> {
    let bounds = match (&row.lower, &row.upper) {
        (Ok(lower), Ok(upper)) => format!("{} to {}", page::percent(*lower), page::percent(*upper)),
        _ => "-".to_owned(),
    };
    // A factor that is shown as 1 is no reason.
    let factors = row.reasons.iter().map(|reason| (reason, (100.0 * reason.contribution.exp()).round() / 100.0));
    let words = factors.filter(|(_, factor)| *factor > 1.0).map(|(reason, factor)| {
        let value = page::name(&reason.value);
        format!("{} {value} (× {})", page::name(&reason.feature), digits(factor))
    });
    let customer = row.customer.as_deref().map_or("-".to_owned(), page::name);
    vec![customer, page::percent(row.probability), bounds, words.collect::<Vec<_>>().join(", ")]
}
