//! `cxo survey index`: the satisfaction index of three questions on 1-10.

use std::io::{self, Write};

use cxo_core::{
    Confidence,
    domain::Scale,
    survey::{IndexWeights, SatisfactionItems},
};
use cxo_csv::{NotTaken, RowColumns};
use cxo_json::{Document, IndexDocument, Lines};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo survey index`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "The questions of the American Customer Satisfaction Index: overall satisfaction, against expectations, \
    against the ideal.\n\nExample:\n  cxo survey index survey.csv --items overall,expected,ideal --weights 0.4,0.3,0.3"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// The columns of the three questions
    #[arg(long, help_heading = "Columns", value_name = "COLUMN,COLUMN,COLUMN", value_delimiter = ',', required = true)]
    items: Vec<String>,
    /// How much each counts; they sum to 1 [default: a third each]
    #[arg(long, help_heading = QUESTION, value_name = "W,W,W", value_delimiter = ',')]
    weights: Option<Vec<f64>>,
    /// Level of the interval
    #[arg(long, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let three = |name: &str, found: usize| Failure::usage(format!("{name}: there are {found}, allowed: three"));
    let items: [String; 3] = args.items.clone().try_into().map_err(|_| three("--items", args.items.len()))?;
    let weights = match &args.weights {
        None => IndexWeights::EQUAL,
        Some(weights) => {
            let weights: [f64; 3] = weights.clone().try_into().map_err(|_| three("--weights", weights.len()))?;
            IndexWeights::new(weights).map_err(|error| Failure::option("--weights", &error))?
        }
    };
    let file = args.file.open()?;
    let path = file.file.clone();
    let mut answers = SatisfactionItems::default();
    let loaded = file.each_row(&RowColumns::new(&items), |row| {
        let rating = |column| row.rating(column, Scale::ONE_TO_TEN);
        match [rating(0)?, rating(1)?, rating(2)?] {
            [None, None, None] => Err(NotTaken::blank()),
            ratings => Ok(answers.add(ratings)?),
        }
    })?;
    let found = answers.index(weights, args.confidence).map_err(|error| Failure::from(error).in_file(&path))?;
    let remarks = notes::load(&loaded.report);
    args.output.show(&IndexDocument::new(items, &found, loaded.report), &remarks)
}

impl Present for IndexDocument {
    fn page(&self, page: &mut Page) {
        let one_decimal = |value: f64| format!("{value:.1}");
        let detail = page::interval_text(&self.interval, one_decimal);
        page.headline("Satisfaction index", &one_decimal(self.index), &detail);
        let columns = [("question", Align::Left), ("mean", Align::Right), ("weight", Align::Right)];
        let row =
            |item: &cxo_json::ItemRow| vec![item.item.clone(), format!("{:.2}", item.mean), page::percent(item.weight)];
        page.table(&columns, self.items.iter().map(row).collect());
        page.line(&format!(
            "{} respondents answered all three questions, {} did not and are left out.",
            page::count(self.respondents),
            page::count(self.incomplete)
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}
