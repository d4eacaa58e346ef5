//! `cxo nps compare`: the difference of two samples of different people, with its test.

use std::io::{self, Write};

use cxo_core::{Confidence, survey::NpsComparison};
use cxo_json::{ComparisonDocument, Document, Lines, Side};

use crate::{
    asking,
    failure::Failure,
    nps::Counts,
    output::{Output, Present},
    page::{self, Align, Page},
};

/// The arguments of `cxo nps compare`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cxo nps compare --counts 42,31,27 --against 50,30,20")]
pub(crate) struct Args {
    /// The first sample
    #[arg(long, value_name = "PROMOTERS,PASSIVES,DETRACTORS")]
    counts: Counts,
    /// The second sample, which is subtracted from the first
    #[arg(long, value_name = "PROMOTERS,PASSIVES,DETRACTORS")]
    against: Counts,
    /// adjusted-wald, wald or welch
    #[arg(long, value_name = "METHOD", default_value = "adjusted-wald")]
    method: NpsComparison,
    /// Level of the interval
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (Counts(first), Counts(second)) = (args.counts, args.against);
    let difference = first.compare(&second, args.method, args.confidence);
    let document = difference.and_then(|difference| ComparisonDocument::new([&first, &second], &difference));
    args.output.show(&document.map_err(|error| Failure::option("--counts, --against", &error))?, &[])
}

impl Present for ComparisonDocument {
    fn page(&self, page: &mut Page) {
        let detail = page::interval_text(&self.interval, page::points);
        page.headline("Difference in NPS", &page::points(self.difference), &detail);
        let row = |name: &str, side: &Side| {
            vec![
                name.to_owned(),
                page::count(side.responses),
                page::count(side.promoters),
                page::count(side.passives),
                page::count(side.detractors),
                page::points(side.score),
            ]
        };
        let columns = [
            ("sample", Align::Left),
            ("responses", Align::Right),
            ("promoters", Align::Right),
            ("passives", Align::Right),
            ("detractors", Align::Right),
            ("score", Align::Right),
        ];
        page.table(&columns, vec![row("first", &self.first), row("second", &self.second)]);
        page.line(&match &self.p_value {
            Ok(p) => format!("Test of no difference ({}): p {}.", self.method, page::p_value_text(*p)),
            Err(reason) => format!("No test ({}): {reason}.", self.method),
        });
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}
