//! `cxo nps plan`: how many responses are needed for a margin, or to find a difference.

use std::io::{self, Write};

use cxo_core::{Confidence, Probability, survey::NpsShares};
use cxo_json::{Document, Lines, PlanDocument};

use crate::{
    asking,
    failure::Failure,
    output::{Output, Present},
    page::{self, Page},
};

/// The arguments of `cxo nps plan`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("aim").required(true).args(["margin", "difference"]))]
#[command(after_help = "Examples:\n  cxo nps plan --promoters 0.42 --detractors 0.27 --margin 0.05\n  \
    cxo nps plan --promoters 0.42 --detractors 0.27 --difference 0.1 --power 0.9")]
pub(crate) struct Args {
    /// Expected share of promoters, 0 to 1
    #[arg(long, value_name = "SHARE")]
    promoters: f64,
    /// Expected share of detractors, 0 to 1
    #[arg(long, value_name = "SHARE")]
    detractors: f64,
    /// Half the width of the interval wanted: 0.05 is 5 points
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    margin: Option<f64>,
    /// The difference of two groups that a test should find: 0.05 is 5 points, half of it from promoters, half from
    /// detractors
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    difference: Option<f64>,
    /// The probability of finding it [default: 0.8]
    #[arg(long, value_name = "SHARE", requires = "difference")]
    power: Option<f64>,
    /// Level of the interval, or 1 minus the level of the two-sided test
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    #[command(flatten)]
    output: Output,
}

const POWER: f64 = 0.8;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let refused = |option: &'static str| move |error| Failure::option(option, &error);
    let shares = NpsShares::of_promoters(args.promoters).map_err(refused("--promoters"))?;
    let shares = shares.and_detractors(args.detractors).map_err(refused("--detractors"))?;
    let mut document = PlanDocument {
        promoters: args.promoters,
        detractors: args.detractors,
        margin: args.margin,
        difference: args.difference,
        power: None,
        confidence: args.confidence,
        responses: 0,
    };
    let size = match (args.margin, args.difference) {
        (Some(margin), _) => shares.responses_for_margin(margin, args.confidence).map_err(refused("--margin"))?,
        (None, difference) => {
            let power = Probability::new(args.power.unwrap_or(POWER)).map_err(refused("--power"))?;
            document.power = Some(power.get());
            let other = shares.shifted(difference.unwrap_or_default()).map_err(refused("--difference"))?;
            shares.responses_for_difference(other, power, args.confidence).map_err(refused("--difference"))?
        }
    };
    document.responses = size.responses;
    args.output.show(&document, &[])
}

impl Present for PlanDocument {
    fn page(&self, page: &mut Page) {
        let responses = page::count(self.responses);
        let level = page::level(self.confidence);
        match (self.margin, self.difference) {
            (Some(margin), _) => {
                page.headline("Responses needed", &responses, "");
                page.line(&format!("for a {level} interval of ±{:.1} points.", 100.0 * margin));
            }
            (None, difference) => {
                page.headline("Responses needed", &responses, "in each group");
                let points = page::points(100.0 * difference.unwrap_or_default());
                let power = page::percent(self.power.unwrap_or_default());
                page.line(&format!(
                    "to find a difference of {points} points with a power of {power} at a level of {level}."
                ));
            }
        }
        page.line(&format!(
            "Expected: {} promoters and {} detractors, a score of {}.",
            page::percent(self.promoters),
            page::percent(self.detractors),
            page::points(100.0 * (self.promoters - self.detractors))
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}
