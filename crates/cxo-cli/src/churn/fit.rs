//! `cxo churn fit`: a logistic regression of leaving, calibrated, explained and stored.

use std::{
    io::{self, Write},
    path::PathBuf,
    str::FromStr,
};

use cxo_core::{
    Confidence, Error, Method,
    churn::logistic::Penalty,
    churn::risk::{Calibration, Fill, Knots, MissingRule, SchemaOptions, Target, TrainOptions, Trained, train},
    domain::{Day, LoadReport},
};
use cxo_json::{ChurnFitDocument, ChurnModelDocument, CoefficientRow, CrossValidationRow, Document as _, Lines};

use crate::{
    asking::{self, QUESTION},
    churn::table::{self, Choice, Missing, Roles},
    failure::Failure,
    notes,
    output::{self, Output, Present},
    page::{self, Align, Page, decimals, digits},
    reading::{Readable, TableFile},
};

/// The arguments of `cxo churn fit`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "Every column but target and customer is a feature unless --features or --exclude say otherwise: numbers act in \
    proportion, texts are categories whose first level (by bytes) is the reference.\n\nExamples:\n  \
    cxo churn fit customers.csv --target churned --customer id --model-out model.json\n  \
    cxo churn fit customers.csv --target status --positive left --features tenure,plan,price --penalty l2 --strength 10\n  \
    cxo churn score today.csv --model model.json --customer id --reasons 3"
)]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    output: Output,
}

/// Which columns mean what.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Columns")]
struct Columns {
    /// Who left: 1, true, yes or 0, false, no; other values need --positive
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The value of the target that means it happened
    #[arg(long, value_name = "VALUE")]
    positive: Option<String>,
    /// The features, and no other
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', conflicts_with = "exclude")]
    features: Vec<String>,
    /// Columns that are no features
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Features that are categories although they are written as numbers
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    categorical: Vec<String>,
    /// Features that act along a curve: natural cubic splines with 4 knots
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    spline: Vec<String>,
    /// Who: no feature; all rows of a customer are held out together
    #[arg(long, value_name = "COLUMN")]
    customer: Option<String>,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// What becomes of rows with a blank feature
    #[arg(long, value_enum, value_name = "RULE", default_value = "reject")]
    missing: Missing,
    /// none, l2, l1, elastic-net or firth
    #[arg(long, value_name = "PENALTY", default_value = "none")]
    penalty: PenaltyName,
    /// Strength of the penalty, scikit-learn's 1/C [default: 1]
    #[arg(long, value_name = "X")]
    strength: Option<f64>,
    /// Share of the absolute values in an elastic net [default: 0.5]
    #[arg(long, value_name = "R")]
    l1_ratio: Option<f64>,
    /// How probabilities are calibrated, on predictions for customers held out in 5 folds: platt, isotonic or none
    #[arg(long, value_name = "METHOD", default_value = "platt")]
    calibration: Calibration,
    /// When the data were taken, as 2026-06-30: it is kept with the model
    #[arg(long, value_name = "DAY", value_parser = asking::day)]
    date: Option<Day>,
    /// Store the model in this file
    #[arg(long, value_name = "FILE")]
    model_out: Option<PathBuf>,
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of the folds
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    seed: u64,
}

/// A penalty by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PenaltyName {
    None,
    L2,
    L1,
    ElasticNet,
    Firth,
}

impl FromStr for PenaltyName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "none" => Ok(Self::None),
            "l2" => Ok(Self::L2),
            "l1" => Ok(Self::L1),
            "elastic-net" => Ok(Self::ElasticNet),
            "firth" => Ok(Self::Firth),
            _ => Err(Error::input("penalty", format!("\"{text}\""), "none, l2, l1, elastic-net, firth")),
        }
    }
}

impl Asked {
    fn penalty(&self) -> Result<Penalty, Failure> {
        let refused = |option: &'static str| move |error| Failure::option(option, &error);
        let strength = self.strength.unwrap_or(1.0);
        if self.l1_ratio.is_some() && self.penalty != PenaltyName::ElasticNet {
            return Err(Failure::usage("--l1-ratio needs --penalty elastic-net"));
        }
        match self.penalty {
            PenaltyName::None | PenaltyName::Firth if self.strength.is_some() => {
                Err(Failure::usage("--strength needs --penalty l2, l1 or elastic-net"))
            }
            PenaltyName::None => Ok(Penalty::NONE),
            PenaltyName::Firth => Ok(Penalty::FIRTH),
            PenaltyName::L2 => Penalty::l2(strength).map_err(refused("--strength")),
            PenaltyName::L1 => Penalty::l1(strength).map_err(refused("--strength")),
            PenaltyName::ElasticNet => {
                Penalty::l2(strength).map_err(refused("--strength"))?;
                Penalty::elastic_net(strength, self.l1_ratio.unwrap_or(0.5)).map_err(refused("--l1-ratio"))
            }
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let penalty = args.asked.penalty()?;
    let file = args.file.open()?.spooled()?;
    let path = file.file.clone();
    let columns = args.columns.resolve(&file)?;
    let roles = Roles {
        target: &columns.target,
        customer: columns.customer.as_deref(),
        features: columns.features.clone(),
        categorical: &args.columns.categorical,
        missing: args.asked.missing,
    };
    let customers = table::read(file, &roles)?;
    let options = args.options(&columns, penalty).seed(cxo_core::Seed(args.asked.seed));
    let failed = |error: Error| Failure::from(error).after(&customers.load, &path);
    let trained = train(&customers.table, &columns.target, &options).map_err(failed)?;
    let document = document(&trained, args, customers.load);
    if let Some(path) = &args.asked.model_out {
        output::write_whole(path, |to| ChurnModelDocument(trained.model).to_writer(to))?;
    }
    args.output.show(&document, &notes::load(&document.load))
}

/// The columns of a file by their roles.
struct Resolved {
    target: Target,
    customer: Option<String>,
    features: Vec<String>,
}

impl Columns {
    fn resolve(&self, file: &Readable) -> Result<Resolved, Failure> {
        let column = file.column("target", self.target.as_ref(), "the outcomes")?;
        let target = Target::churn(&column);
        let target = self.positive.as_ref().map_or(target.clone(), |value| target.positive(value.trim()));
        let customer = file.config.column("customer", self.customer.clone());
        if customer.as_ref() == Some(&column) {
            return Err(Failure::usage(format!("{column} is named as the target and as the customer")));
        }
        if let Some(both) = self.spline.iter().find(|name| self.categorical.contains(name)) {
            return Err(Failure::usage(format!("{both} is named as a spline and as a category")));
        }
        let mentioned = [&self.categorical[..], &self.spline].concat();
        let choice = Choice { features: &self.features, exclude: &self.exclude, mentioned: &mentioned };
        let aside = [Some(column), customer.clone()].into_iter().flatten().collect::<Vec<_>>();
        let features = choice.resolve(file, &aside)?;
        Ok(Resolved { target, customer, features })
    }
}

impl Args {
    fn options(&self, columns: &Resolved, penalty: Penalty) -> TrainOptions {
        let rule = match self.asked.missing {
            Missing::Reject => MissingRule::Reject,
            Missing::Indicator => MissingRule::Indicator(Fill::Mean),
        };
        let mut schema = SchemaOptions::default().only(columns.features.iter()).missing(rule);
        for name in &self.columns.spline {
            schema = schema.spline(name, Knots::default());
        }
        let options = TrainOptions::default().schema(schema).penalty(penalty).calibration(self.asked.calibration);
        let options = self.asked.date.map_or(options.clone(), |day| options.date(day));
        columns.customer.iter().fold(options, TrainOptions::customers)
    }
}

fn document(trained: &Trained, args: &Args, load: LoadReport) -> ChurnFitDocument {
    let fit = trained.model.model();
    let penalty = fit.penalty();
    let calibration = trained.model.calibrator().map_or("none", |calibrator| calibrator.method());
    ChurnFitDocument {
        target: trained.model.target().column().to_owned(),
        positive: args.columns.positive.clone(),
        observations: fit.observations(),
        events: fit.events(),
        coefficients: fit.coefficients(args.asked.confidence).iter().map(CoefficientRow::from).collect(),
        confidence: args.asked.confidence,
        interval_method: Method::Wald.name().to_owned(),
        log_likelihood: fit.log_likelihood(),
        null_log_likelihood: fit.null_log_likelihood(),
        aic: fit.aic(),
        bic: fit.bic(),
        iterations: u64::from(fit.iterations()),
        penalty: penalty.name().to_owned(),
        strength: penalty.strength(),
        l1_ratio: penalty.l1_ratio().filter(|_| penalty.name() == "elastic-net"),
        collapsed: trained.collapsed.clone(),
        cross_validation: match &trained.cross_fitted {
            Ok(found) => Ok(CrossValidationRow::from(found)),
            Err(error) => Err(error.to_string().into()),
        },
        calibration: calibration.to_owned(),
        calibration_reason: trained.calibrated.as_ref().err().map(ToString::to_string),
        load,
    }
}

impl Present for ChurnFitDocument {
    fn page(&self, page: &mut Page) {
        let rate = self.events as f64 / self.observations as f64;
        let detail = format!("{} of {} rows", page::count(self.events), page::count(self.observations));
        page.headline(&format!("Happened ({})", page::name(&self.target)), &page::percent(rate), &detail);
        page.line(&page::wrapped(&penalty_in_words(self)));
        let level = page::level(self.confidence);
        let columns = [
            ("", Align::Left),
            ("coefficient", Align::Right),
            (level.as_str(), Align::Left),
            ("p", Align::Right),
            ("odds", Align::Right),
            ("per sd", Align::Right),
        ];
        page.table(&columns, self.coefficients.iter().map(row).collect());
        page.line(&page::wrapped(&quality(self)));
        if !self.collapsed.is_empty() {
            let levels = self.collapsed.join(", ");
            let what = "These levels say what other columns say already, and count as the reference of their column";
            page.line(&page::wrapped(&format!("{what}: {levels}.")));
        }
        page.line(&page::wrapped(
            "Coefficients are changes of the log-odds; odds: their factor for one unit, or against the reference level; per sd: \
             for one standard deviation. They are associations in these data, not effects of a change.",
        ));
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        lines.write_text(&self.to_json())
    }
}

fn row(found: &CoefficientRow) -> Vec<String> {
    let bounds = match (&found.lower, &found.upper) {
        (Ok(lower), Ok(upper)) => format!("{} to {}", page::signed(*lower), page::signed(*upper)),
        _ => "-".to_owned(),
    };
    let p_value = found.p_value.as_ref().map_or("-".to_owned(), |p| page::p_value(*p));
    let intercept = found.name == "(intercept)";
    let odds = if intercept { String::new() } else { format!("× {}", digits(found.value.exp())) };
    let per_deviation = if intercept { String::new() } else { page::signed(found.standardized) };
    vec![found.name.clone(), page::signed(found.value), bounds, p_value, odds, per_deviation]
}

fn penalty_in_words(fit: &ChurnFitDocument) -> String {
    let strength = fit.strength.map(digits).unwrap_or_default();
    match fit.penalty.as_str() {
        "none" => "Logistic regression by maximum likelihood.".to_owned(),
        "firth" => {
            "Logistic regression with Firth's penalty, which keeps coefficients finite under separation.".to_owned()
        }
        name => format!(
            "Logistic regression with an {name} penalty of strength {strength}: coefficients are drawn toward 0, so that they have \
             no standard errors."
        ),
    }
}

fn quality(fit: &ChurnFitDocument) -> String {
    let r2 = 1.0 - fit.log_likelihood / fit.null_log_likelihood;
    let likelihood = format!(
        "Log-likelihood {} (intercept alone {}, McFadden R² {}), AIC {}, {} steps.",
        decimals(fit.log_likelihood, 1),
        decimals(fit.null_log_likelihood, 1),
        decimals(r2, 3),
        decimals(fit.aic, 1),
        fit.iterations
    );
    let unseen = match &fit.cross_validation {
        Ok(found) => format!(
            "For customers held out in {} folds: AUC {}, Brier score {}, log-loss {}.",
            found.folds,
            decimals(found.auc, 3),
            decimals(found.brier, 3),
            decimals(found.log_loss, 3)
        ),
        Err(reason) => format!("How good it is for customers it has not seen could not be found: {reason}."),
    };
    let calibration = match fit.calibration.as_str() {
        "none" => {
            let why = fit.calibration_reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("Its probabilities are not calibrated{why}.")
        }
        method => format!("Its probabilities are calibrated on those ({method})."),
    };
    format!("{likelihood} {unseen} {calibration}")
}
