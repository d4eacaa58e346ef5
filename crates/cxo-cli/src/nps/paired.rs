//! `cxo nps paired`: how the score of the same people changed between two surveys.

use std::io::{self, Write};

use cxo_core::{
    Confidence,
    domain::Scale,
    survey::{NpsCategory, NpsPanel, PanelAnswer, PanelMethod},
};
use cxo_csv::{NotTaken, RowColumns};
use cxo_json::{Document, Lines, PanelDocument};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo nps paired`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Each row is one person with both answers.\n\nExample:\n  \
    cxo nps paired panel.csv --before spring --after autumn")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// The column with the ratings of the first survey
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    before: String,
    /// The column with the ratings of the second survey
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    after: String,
    /// adjusted-wald, wald or student-t
    #[arg(long, help_heading = QUESTION, value_name = "METHOD", default_value = "adjusted-wald")]
    method: PanelMethod,
    /// Level of the interval
    #[arg(long, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut panel = NpsPanel::default();
    let loaded = args.file.open()?.each_row(&RowColumns::new([&args.before, &args.after]), |row| {
        match [row.rating(0, Scale::NPS)?, row.rating(1, Scale::NPS)?] {
            [Some(before), Some(after)] => {
                let (before, after) = (NpsCategory::try_from(before)?, NpsCategory::try_from(after)?);
                Ok(panel.add(PanelAnswer { before, after })?)
            }
            _ => Err(NotTaken::blank()),
        }
    })?;
    let change = panel.change(args.method, args.confidence)?;
    let mut remarks = notes::load(&loaded.report);
    remarks.push("Only people who answered both times are counted, each once.".to_owned());
    args.output.show(&PanelDocument::new(&panel, &change, loaded.report)?, &remarks)
}

impl Present for PanelDocument {
    fn page(&self, page: &mut Page) {
        let detail = page::interval_text(&self.interval, page::points);
        page.headline("Change in NPS", &page::points(self.difference), &detail);
        page.line(&format!(
            "From {} to {}, {} people asked twice.",
            page::points(self.before.score),
            page::points(self.after.score),
            page::count(self.people)
        ));
        let columns = [
            ("before", Align::Left),
            ("then detractor", Align::Right),
            ("then passive", Align::Right),
            ("then promoter", Align::Right),
        ];
        let rows = self.moves.chunks(NpsCategory::ALL.len()).map(|row| {
            let name = row.first().map(|cell| name(cell.before).to_owned());
            name.into_iter().chain(row.iter().map(|cell| page::count(cell.people))).collect()
        });
        page.table(&columns, rows.collect());
        page.line(&match &self.p_value {
            Ok(p) => format!("Test of no change ({}): p {}.", self.method, page::p_value_text(*p)),
            Err(reason) => format!("No test ({}): {reason}.", self.method),
        });
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}

const fn name(category: NpsCategory) -> &'static str {
    match category {
        NpsCategory::Detractor => "detractor",
        NpsCategory::Passive => "passive",
        NpsCategory::Promoter => "promoter",
    }
}
