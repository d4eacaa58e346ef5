//! `cxo journey conformance`: how far journeys keep to their design, and what goes with leaving it.

use std::{collections::BTreeMap, fs, path::Path, str::FromStr};

use cxo_core::{
    Confidence, Error,
    experience::Experience,
    journey::{AlignmentCosts, Blueprint, ConformanceOptions, Journeys},
};
use cxo_json::{BlueprintStepRow, ConformanceQuestion, ConformanceRow, CostsRow, JourneyConformanceDocument};

use crate::{
    asking::{self, QUESTION},
    duration::Span,
    failure::Failure,
    journey::{
        columns::{Columns, Rules},
        log,
        outcome::{self, Outcome, Ratings},
    },
    list::{self, NameList},
    output::Output,
    reading::TableFile,
};

/// The arguments of `cxo journey conformance`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(mut_arg("min_journeys", |arg| arg.visible_alias(None::<&str>)))]
#[command(after_help = "The blueprint is TOML, or JSON of the same shape:\n  \
    name = \"checkout\"\n  target_seconds = 86400      # from the first to the last touchpoint, at most\n\n  \
    [[stages]]\n  name = \"purchase\"\n  order = \"sequence\"        # or \"any\"\n  \
    touchpoints = [\n    { name = \"cart\", repeatable = true },\n    { name = \"voucher\", optional = true },\n    \
    { name = \"pay\", target_seconds = 600 },   # since the touchpoint before it, at most\n  ]\n\n\
    Example:\n  cxo journey conformance log.csv --customer customer --touchpoint touchpoint --time time --blueprint checkout.toml \
    --conversion reorder")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    outcome: Outcome,
    #[command(flatten)]
    ratings: Ratings,
    #[command(flatten)]
    output: Output,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// The design of the journey, .toml or .json
    #[arg(long, value_name = "FILE")]
    blueprint: std::path::PathBuf,
    /// Touchpoints of which the design says nothing: as if they had not been recorded. Surveys are always among them
    #[arg(long, value_name = "X,Y")]
    ignore: Vec<NameList>,
    /// What an expected touchpoint costs that is missing; of one touchpoint as pay=5 [default: 1]
    #[arg(long, value_name = "COST", allow_hyphen_values = true)]
    skip_cost: Vec<Costs>,
    /// What a touchpoint costs that is not expected where it is; of one touchpoint as help=0.5 [default: 1]
    #[arg(long, value_name = "COST", allow_hyphen_values = true)]
    insert_cost: Vec<Costs>,
    /// So many of the most frequent ways beside the design
    #[arg(long, value_name = "N", default_value = "5", value_parser = asking::at_least_one)]
    top: usize,
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
}

/// What a move costs, of all touchpoints or of one.
#[derive(Debug, Clone)]
struct Cost {
    touchpoint: Option<String>,
    cost: f64,
}

/// One value of an option that is a list of costs.
#[derive(Debug, Clone)]
struct Costs(Vec<Cost>);

impl FromStr for Costs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let cost = |text: &str| {
            let (touchpoint, number) = match text.rsplit_once('=') {
                Some((touchpoint, number)) => (Some(touchpoint.to_owned()), number),
                None => (None, text),
            };
            let refused = |_| Error::input("cost of a move", format!("\"{text}\""), "a number, or TOUCHPOINT=NUMBER");
            Ok(Cost { touchpoint, cost: number.trim().parse().map_err(refused)? })
        };
        text.parse::<NameList>()?.iter().map(cost).collect::<Result<_, _>>().map(Self)
    }
}

impl Asked {
    fn costs(&self) -> Result<(AlignmentCosts, CostsRow), Failure> {
        let (mut costs, mut row) = (AlignmentCosts::default(), CostsRow::default());
        let refused = |name: &'static str| move |error: Error| Failure::option(name, &error);
        for Cost { touchpoint, cost } in self.skip_cost.iter().flat_map(|costs| &costs.0) {
            costs = match touchpoint {
                Some(name) => costs.skip_of(name, *cost),
                None => costs.skip(*cost),
            }
            .map_err(refused("--skip-cost"))?;
            set(touchpoint.as_deref(), *cost, &mut row.skip, &mut row.skip_of).map_err(refused("--skip-cost"))?;
        }
        for Cost { touchpoint, cost } in self.insert_cost.iter().flat_map(|costs| &costs.0) {
            costs = match touchpoint {
                Some(name) => costs.insert_of(name, *cost),
                None => costs.insert(*cost),
            }
            .map_err(refused("--insert-cost"))?;
            set(touchpoint.as_deref(), *cost, &mut row.insert, &mut row.insert_of).map_err(refused("--insert-cost"))?;
        }
        Ok((costs, row))
    }

    /// Refuses costs of touchpoints that can be neither missing nor in the way.
    fn check_costs(&self, design: &Blueprint, journeys: &Journeys<'_>) -> Result<(), Failure> {
        let of = |costs: &'_ [Costs]| {
            costs.iter().flat_map(|costs| &costs.0).filter_map(|cost| cost.touchpoint.clone()).collect::<Vec<_>>()
        };
        let steps: Vec<&str> = design.steps().map(|(_, step)| step.name.as_str()).collect();
        let designed = |name: &String| steps.contains(&name.as_str());
        if let Some(name) = of(&self.skip_cost).iter().find(|name| !designed(name)) {
            let allowed = format!("a touchpoint of the blueprint: {}", steps.join(", "));
            return Err(Failure::option("--skip-cost", &Error::input("touchpoint", format!("\"{name}\""), allowed)));
        }
        let others: Vec<String> = of(&self.insert_cost).into_iter().filter(|name| !designed(name)).collect();
        log::check_touchpoints(journeys, &others)
    }
}

fn set(touchpoint: Option<&str>, cost: f64, all: &mut f64, of: &mut BTreeMap<String, f64>) -> Result<(), Error> {
    match touchpoint.map(|name| (name, of.insert(name.to_owned(), cost))) {
        Some((name, Some(before))) => Err(Error::input(
            "cost of a move",
            format!("\"{name}={cost}\""),
            format!("one cost of {name}, not {before} too"),
        )),
        Some(_) => Ok(()),
        None => {
            *all = cost;
            Ok(())
        }
    }
}

/// Reads a design: TOML or JSON by the extension.
fn blueprint(path: &Path) -> Result<Blueprint, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::io(path, "read", &error))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let refused = |place: Option<(usize, usize)>, message: &str| Failure::in_text(path, place, message);
    match extension.to_ascii_lowercase().as_str() {
        "toml" => toml::from_str(&text).map_err(|error| {
            let place = error.span().and_then(|span| text.get(..span.start)).map(place);
            refused(place, error.message())
        }),
        "json" => serde_json::from_str(&text).map_err(|error| {
            let message = error.to_string();
            let end = format!(" at line {} column {}", error.line(), error.column());
            let place = (error.line() > 0).then(|| (error.line(), error.column()));
            refused(place, message.strip_suffix(&end).unwrap_or(&message))
        }),
        _ => Err(Failure::usage(format!(
            "--blueprint {}: the name of a blueprint ends with .toml or .json",
            path.display()
        ))),
    }
}

/// Line and column, from 1, of what follows a text.
fn place(before: &str) -> (usize, usize) {
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let design = blueprint(&args.asked.blueprint)?;
    let (costs, costs_row) = args.asked.costs()?;
    let ignored: Vec<String> = list::all(&args.asked.ignore).into_iter().map(str::to_owned).collect();
    let steps: Vec<&str> = design.steps().map(|(_, step)| step.name.as_str()).collect();
    outcome::apart("--ignore", &ignored, &args.outcome, &steps)?;
    args.ratings.check(&args.outcome, &steps)?;
    let file = args.file.open()?;
    let path = file.file.clone();
    let mut columns = args.columns.clone();
    if !args.ratings.apart_from_log() {
        columns.score = file.config.column("score", columns.score);
    }
    columns.scale = Some(args.ratings.scale());
    let mut logged = columns.read(file, &args.rules, None)?;
    let known = args.ratings.joined(&mut logged, &args.file)?;
    let rated = columns.score.is_some() || known.feedback.is_some();
    let every = logged.journeys().map_err(|failure| failure.in_file(&path))?;
    log::check_touchpoints(&every, &ignored).map_err(|failure| failure.in_file(&path))?;
    // What is ignored is out before anything is asked, so that journeys are the same for the design and for ratings.
    let journeys = if ignored.is_empty() {
        every
    } else {
        every.keep_events(|event| !ignored.iter().any(|name| name == event.touchpoint))?
    };
    let [surveys, of_journey] = args.ratings.surveys();
    let all_surveys = [surveys, of_journey].concat();
    let options =
        ConformanceOptions::default().costs(costs).ignored(all_surveys.clone()).confidence(args.asked.confidence);
    args.asked.check_costs(&design, &journeys).map_err(|failure| failure.in_file(&path))?;
    let joined = args.ratings.options(&journeys, known.scale).map_err(|failure| failure.in_file(&path))?;
    let outcome = args.outcome.of(&journeys).map_err(|failure| failure.in_file(&path))?;
    let ask = |journeys: &Journeys<'_>| {
        let found = journeys.conformance(&design, &options)?;
        let experience = Experience::new(journeys, &joined)?;
        let (least, confidence) = (args.ratings.min_responses, args.asked.confidence);
        let associated = experience.deviations(&found, outcome.as_ref(), least, confidence)?;
        let mut row = ConformanceRow::new(&found, &associated, &design, args.asked.top);
        if !rated {
            row.without_scores("there are no ratings (--score, --feedback)");
        }
        Ok(row)
    };
    let (all, segments) = logged.ask(&journeys, ask).map_err(|failure| failure.in_file(&path))?;
    let mut question = args.question(&design, &journeys, costs_row, [ignored, all_surveys].concat())?;
    question.scale = rated.then(|| known.scale.to_string());
    question.feedback.clone_from(&known.feedback);
    let mut document = JourneyConformanceDocument::new(question, all, logged.row(&journeys), logged.load.clone());
    document.segments = segments;
    args.output.show(&document, &[known.notes(), logged.notes(&document.log)].concat())
}

impl Args {
    fn question(
        &self,
        design: &Blueprint,
        journeys: &Journeys<'_>,
        costs: CostsRow,
        ignored: Vec<String>,
    ) -> Result<ConformanceQuestion, Failure> {
        let outcome = self.outcome.names()?;
        let mut unseen: Vec<String> = design.steps().map(|(_, step)| step.name.clone()).collect();
        unseen.retain(|name| journeys.number(name).is_none());
        unseen.sort_unstable();
        unseen.dedup();
        Ok(ConformanceQuestion {
            blueprint: design.name().to_owned(),
            target_seconds: design.target(),
            steps: design.steps().map(BlueprintStepRow::from).collect(),
            never_seen: unseen,
            costs,
            ignored,
            outcomes: outcome.as_ref().map(|(names, _)| names.iter().map(|&name| name.to_owned()).collect()),
            outcome_kind: outcome.as_ref().map(|(_, kind)| kind.name().to_owned()),
            silence_seconds: self.outcome.silence.map(Span::seconds),
            feedback: None,
            scale: None,
            min_responses: self.ratings.min_responses,
            confidence: self.asked.confidence,
        })
    }
}
