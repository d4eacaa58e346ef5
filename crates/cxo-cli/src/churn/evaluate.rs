//! `cxo churn evaluate`: how good predictions were, now that the outcomes are known.

use std::{
    io::{self, Write},
    str::FromStr,
};

use cxo_core::{
    Confidence, Error,
    churn::{
        calibration::{Binning, PredictionsFrom},
        evaluation::{AucInterval, Predictions},
        risk::{Target, Value},
    },
    domain::LoadReport,
};
use cxo_csv::{NotTaken, RowColumns};
use cxo_json::{
    CalibrationBin, CalibrationRow, ChurnEvaluationDocument, Document as _, EvaluationQuestion, GainRow,
    HosmerLemeshowRow, Lines, Quantity,
};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    notes,
    output::{Output, Present},
    page::{self, Align, Page, decimals},
    reading::{Readable, TableFile},
};

/// The arguments of `cxo churn evaluate`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Examples:\n  cxo churn evaluate scored.csv --observed churned --probability risk\n  \
    cxo churn evaluate scored.csv --observed status --positive left --probability risk --binning quantile --format json")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    /// What the predictions were made for: fresh rows, or those of the training, on which the test of Hosmer and Lemeshow has two
    /// degrees fewer
    #[arg(long, help_heading = QUESTION, value_name = "WHICH", default_value = "fresh")]
    predictions: From,
    /// Bins of calibration: uniform (of equal width) or quantile (of equal numbers of rows)
    #[arg(long, help_heading = QUESTION, value_name = "HOW", default_value = "uniform")]
    binning: How,
    /// Bins of calibration, and groups of the test of Hosmer and Lemeshow
    #[arg(long, help_heading = QUESTION, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(3..=1000))]
    bins: u32,
    /// Parts of the table of gains
    #[arg(long, help_heading = QUESTION, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=1000))]
    parts: u32,
    /// Interval of the area under the curve: wald or logit
    #[arg(long, help_heading = QUESTION, value_name = "METHOD", default_value = "wald")]
    interval: OfAuc,
    /// Level of the intervals
    #[arg(long, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, help_heading = QUESTION, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// Which columns mean what.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Columns")]
struct Columns {
    /// Who left: 1, true, yes or 0, false, no; other values need --positive
    #[arg(long, value_name = "COLUMN")]
    observed: Option<String>,
    /// The value of the outcome that means it happened
    #[arg(long, value_name = "VALUE")]
    positive: Option<String>,
    /// The probability that was predicted, 0 to 1
    #[arg(long, value_name = "COLUMN")]
    probability: Option<String>,
    /// How many customers of the population a row stands for
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
}

/// An option value by its name.
macro_rules! by_name {
    ($($name:ident, $what:literal, $of:ty: $($text:literal => $value:expr),+;)+) => { $(
        #[derive(Debug, Clone, Copy)]
        struct $name($of);

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                match text {
                    $($text => Ok(Self($value)),)+
                    _ => Err(Error::input($what, format!("\"{text}\""), [$($text),+].join(", "))),
                }
            }
        }
    )+ };
}

by_name! {
    From, "predictions", PredictionsFrom: "fresh" => PredictionsFrom::Fresh, "training" => PredictionsFrom::Training;
    How, "binning", fn(u32) -> Binning: "uniform" => Binning::Uniform, "quantile" => Binning::Quantile;
    OfAuc, "interval", AucInterval: "wald" => AucInterval::Wald, "logit" => AucInterval::Logit;
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = args.file.open()?;
    let path = file.file.clone();
    let (predictions, load) = read(file, &args.columns)?;
    let asked = EvaluationQuestion {
        confidence: args.confidence,
        auc_interval: args.interval.0,
        binning: args.binning.0(args.bins),
        groups: args.bins,
        predictions: args.predictions.0,
        parts: args.parts,
    };
    let remarks = notes::load(&load);
    let document = ChurnEvaluationDocument::new(&predictions, &asked, Some(load.clone()));
    args.output.show(&document.map_err(|error| Failure::from(error).after(&load, &path))?, &remarks)
}

/// Reads the file. A row without an outcome is blank: nothing is known of it yet.
fn read(file: Readable, columns: &Columns) -> Result<(Predictions, LoadReport), Failure> {
    let path = file.file.clone();
    let observed = file.column("observed", columns.observed.as_ref(), "the outcomes")?;
    let probability = file.column("probability", columns.probability.as_ref(), "the predicted probabilities")?;
    let weight = file.config.column("weight", columns.weight.clone());
    if observed == probability {
        return Err(Failure::usage(format!("{observed} is named as the outcomes and as their probabilities")));
    }
    let target = Target::churn(&observed);
    let target = columns.positive.as_ref().map_or(target.clone(), |value| target.positive(value.trim()));
    let names = [observed, probability].into_iter().chain(weight.clone());
    let (mut outcomes, mut probabilities, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let loaded = file.each_row(&RowColumns::new(names), |row| {
        let outcome = row.text(0)?;
        let outcome = outcome.trim();
        let read = if outcome.is_empty() { Ok(None) } else { target.read(Value::Text(outcome)) };
        let read = read.map_err(|error| row.reject(0, error.allowed().unwrap_or("another value")))?;
        let left = read.ok_or_else(NotTaken::blank)?;
        let given = row.number(1)?.filter(|given| (0.0..=1.0).contains(given));
        let given = given.ok_or_else(|| row.reject(1, "a probability from 0 to 1"))?;
        if weight.is_some() {
            let weight = row.number(2)?.filter(|weight| (1e-100..=1e100).contains(weight));
            weights.push(weight.ok_or_else(|| row.reject(2, "a number from 1e-100 to 1e100"))?);
        }
        outcomes.push(left);
        probabilities.push(given);
        Ok(())
    })?;
    let failed = |error: Error| Failure::from(error).after(&loaded.report, &path);
    let mut predictions = Predictions::new(outcomes, probabilities).map_err(failed)?;
    if weight.is_some() {
        predictions = predictions.with_weights(weights).map_err(failed)?;
    }
    Ok((predictions, loaded.report))
}

impl Present for ChurnEvaluationDocument {
    fn page(&self, page: &mut Page) {
        let level = page::level(self.confidence);
        let bounds = match (&self.auc_lower, &self.auc_upper) {
            (Ok(lower), Ok(upper)) => {
                format!("{level} interval {} to {} ({})", three(*lower), three(*upper), self.interval_method)
            }
            (Err(reason), _) | (_, Err(reason)) => format!("no interval: {reason}"),
        };
        page.headline("Area under the curve", &three(self.auc), &bounds);
        page.line(&page::wrapped(&in_words(self)));
        page.facts(facts(self));
        let columns = [
            ("given", Align::Left),
            ("rows", Align::Right),
            ("mean", Align::Right),
            ("observed", Align::Right),
            (level.as_str(), Align::Left),
            (AXIS, Align::Left),
        ];
        page.table(&columns, self.calibration.bins.iter().map(bin_cells).collect());
        page.line(&page::wrapped(&calibration_in_words(&self.calibration)));
        let columns = [
            ("greatest", Align::Right),
            ("captured", Align::Right),
            ("", Align::Left),
            ("lift", Align::Right),
            ("rate of the part", Align::Right),
        ];
        page.table(&columns, self.gains.iter().map(gain_cells).collect());
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}

fn three(value: f64) -> String {
    decimals(value, 3)
}

fn in_words(found: &ChurnEvaluationDocument) -> String {
    let rate = found.events as f64 / found.observations as f64;
    let what = format!(
        "{} of {} rows ({}) left.",
        page::count(found.events),
        page::count(found.observations),
        page::percent(rate)
    );
    let order = format!(
        "Of two customers of whom one left and one stayed, the one who left had the greater probability in {} of pairs; 50 % is \
         chance.",
        page::percent(found.auc)
    );
    let weighted = found.weighted.map_or(String::new(), |weighted| {
        format!(
            " Weighted: they stand for {} customers, and tell as much as {} of equal weight.",
            decimals(weighted.weighted_observations, 0),
            decimals(weighted.effective_observations, 0)
        )
    });
    format!("{what} {order}{weighted}")
}

fn facts(found: &ChurnEvaluationDocument) -> Vec<Vec<String>> {
    let interval = |interval: &Quantity<cxo_core::Interval>| page::bounds(interval, three);
    let certain = match found.certain_and_wrong {
        0 => String::new(),
        count => format!("; {} were certain and wrong", page::count(count)),
    };
    let best = found.brier_decomposition.uncertainty;
    vec![
        vec![
            "average precision".to_owned(),
            three(found.average_precision),
            interval(&found.average_precision_interval),
        ],
        vec![
            "Brier score".to_owned(),
            three(found.brier),
            format!("{}; the rate for everybody has {}", interval(&found.brier_interval), three(best)),
        ],
        vec!["log loss".to_owned(), three(found.log_loss), format!("{}{certain}", interval(&found.log_loss_interval))],
        vec!["KS".to_owned(), three(found.ks), format!("at {}", page::percent(found.ks_threshold))],
    ]
}

/// Characters of the picture of a bin: one for 2.5 points of percent, and the ends.
const WIDTH: usize = 41;
/// Its axis, from 0 to 1.
const AXIS: &str = "0 %                50 %              100 %";

/// The share who left as a point in its interval, and the mean probability as a mark that it should lie on.
fn picture(bin: &CalibrationBin) -> String {
    let last = (WIDTH - 1) as f64;
    let place = |share: f64| (share * last).round();
    let (point, mark) = (place(bin.observed), place(bin.predicted));
    let (from, to) = bin.interval.as_ref().map_or((1.0, 0.0), |bounds| (place(bounds.lower), place(bounds.upper)));
    let mut text = String::new();
    let mut at = 0.0;
    while at <= last {
        text.push(match at {
            at if at == point => '●',
            at if at == mark => '┼',
            at if from <= at && at <= to => '━',
            _ => ' ',
        });
        at += 1.0;
    }
    text.trim_end().to_owned()
}

fn bin_cells(bin: &CalibrationBin) -> Vec<String> {
    vec![
        format!("{} to {}", page::percent(bin.from), page::percent(bin.to)),
        page::count(bin.observations),
        page::percent(bin.predicted),
        page::percent(bin.observed),
        page::bounds(&bin.interval, page::percent),
        picture(bin),
    ]
}

fn gain_cells(gain: &GainRow) -> Vec<String> {
    vec![
        page::percent(gain.fraction),
        page::percent(gain.captured),
        page::bar(gain.captured, 30),
        format!("× {}", decimals(gain.lift, 2)),
        page::percent(gain.part_rate),
    ]
}

fn calibration_in_words(found: &CalibrationRow) -> String {
    let told = |what: &str, value: &Quantity, interval: &Quantity<cxo_core::Interval>, meaning: &str| match value {
        Ok(value) => format!("{what} {} ({}): {meaning}.", page::signed(*value), page::bounds(interval, page::signed)),
        Err(reason) => format!("{what}: not known, {reason}."),
    };
    let slope = "1 is right, below it probabilities are too extreme";
    let slope = told("Slope", &found.slope, &found.slope_interval, slope);
    let large = "above 0 they are too low, below too high";
    let large = told("In the large", &found.in_the_large, &found.in_the_large_interval, large);
    let test = match &found.hosmer_lemeshow {
        Ok(HosmerLemeshowRow { statistic, degrees, p_value, predictions, .. }) => format!(
            "Hosmer-Lemeshow on {predictions} rows: chi-square {} with {degrees} degrees of freedom, p {}.",
            decimals(*statistic, 2),
            page::p_value_text(*p_value)
        ),
        Err(reason) => format!("Hosmer-Lemeshow: no test, {reason}."),
    };
    format!(
        "● observed, ┼ given; right where they meet. {slope} {large} Expected calibration error {} over the bins. {test}",
        page::percent(found.ece)
    )
}
