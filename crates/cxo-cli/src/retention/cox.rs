//! `cxo retention cox`: what goes with leaving sooner, by proportional hazards.

use std::collections::HashMap;

use cxo_core::{
    Confidence, Error, ErrorKind,
    churn::{
        Durations, Features,
        concordance::concordance,
        cox::{Cox, CoxOptions, CoxRows, Ties, TimeTransform},
        risk::{Fill, MissingRule, Schema, SchemaOptions, Target},
    },
};
use cxo_csv::{NotTaken, Row};
use cxo_json::{CoxContext, CoxDocument};

use crate::{
    asking::{self, QUESTION},
    churn::table::{self, Choice, Customers, Missing, Roles},
    failure::Failure,
    notes,
    output::Output,
    reading::{Readable, TableFile},
};

/// The arguments of `cxo retention cox`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "Every column without another role is a feature unless --features or --exclude say otherwise: numbers act in \
    proportion, texts are categories whose first level (by bytes) is the reference. A customer whose features change has several \
    rows, each with --entry and --duration, and --cluster.\n\nExamples:\n  \
    cxo retention cox customers.csv --duration tenure --event churned --exclude id\n  \
    cxo retention cox customers.csv --duration months --event status --positive left --features plan,price --ties breslow\n  \
    cxo retention cox periods.csv --duration stop --entry start --event left --cluster customer"
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
    /// How long each was observed, in any unit
    #[arg(long, value_name = "COLUMN")]
    duration: Option<String>,
    /// Whether it ended in leaving: 1, true, yes or 0, false, no; other values need --positive
    #[arg(long, value_name = "COLUMN")]
    event: Option<String>,
    /// The value of the event that means leaving
    #[arg(long, value_name = "VALUE")]
    positive: Option<String>,
    /// When observation of each row began, if not at 0
    #[arg(long, value_name = "COLUMN")]
    entry: Option<String>,
    /// The features, and no other
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', conflicts_with = "exclude")]
    features: Vec<String>,
    /// Columns that are no features
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    exclude: Vec<String>,
    /// Features that are categories although they are written as numbers
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    categorical: Vec<String>,
    /// Whose row it is: standard errors then allow for rows of one customer that resemble each other
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// Groups with a baseline hazard of their own
    #[arg(long, value_name = "COLUMN")]
    strata: Option<String>,
    /// For how many each row counts
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
}

/// What is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = QUESTION)]
struct Asked {
    /// How events at the same time are counted: efron or breslow
    #[arg(long, value_name = "METHOD", default_value = "efron")]
    ties: Ties,
    /// Standard errors that hold if the model does not
    #[arg(long)]
    robust: bool,
    /// Strength of a ridge penalty on coefficients of scaled columns: an answer under separation, without standard errors
    #[arg(long, allow_negative_numbers = true, value_name = "X")]
    ridge: Option<f64>,
    /// What becomes of rows with a blank feature
    #[arg(long, value_enum, value_name = "RULE", default_value = "reject")]
    missing: Missing,
    /// The function of time against which effects are tested for change: km, rank, identity or log
    #[arg(long, value_name = "TRANSFORM", default_value = "km")]
    transform: TimeTransform,
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let options = CoxOptions::default().ties(args.asked.ties);
    let options = if args.asked.robust { options.robust() } else { options };
    let options = match args.asked.ridge {
        Some(strength) => options.penalty(strength).map_err(|error| Failure::option("--ridge", &error))?,
        None => options,
    };
    let file = args.file.open()?.spooled()?;
    let path = file.file.clone();
    let data = Data::read(file, args)?;
    let load = data.customers.load.clone();
    let document = data.answer(args, options).map_err(|error| Failure::from(error).after(&load, &path))?;
    args.output.show(&document, &notes::load(&document.load))
}

/// The columns of a file by their roles.
struct Data {
    duration: String,
    target: Target,
    features: Vec<String>,
    customers: Customers,
    durations: Durations,
    strata: Option<Groups>,
    clusters: Option<Groups>,
}

/// Groups by name, numbered in the order of their first appearance.
#[derive(Default)]
struct Groups {
    known: HashMap<Box<str>, u32>,
    rows: Vec<u32>,
}

impl Groups {
    fn number(&mut self, name: &str) -> Result<u32, Error> {
        if let Some(number) = self.known.get(name) {
            return Ok(*number);
        }
        let number = u32::try_from(self.known.len()).map_err(|_| Error::overflow("number of groups"))?;
        self.known.insert(name.into(), number);
        Ok(number)
    }
}

/// The columns besides the features, as they are read.
struct Sides {
    entry: Option<usize>,
    weight: Option<usize>,
    strata: Option<(usize, Groups)>,
    clusters: Option<(usize, Groups)>,
    times: Vec<f64>,
    entries: Vec<f64>,
    weights: Vec<f64>,
}

impl Sides {
    /// Reads a row: everything is checked before anything is kept.
    fn take(&mut self, row: &Row<'_>, first: usize) -> Result<(), NotTaken> {
        const DURATION: &str = "a finite number of at least 0";
        let number = |column: usize| row.number(column)?.ok_or_else(|| row.reject(column, DURATION));
        let time = number(first)?;
        if time < 0.0 {
            return Err(row.reject(first, DURATION));
        }
        let entry = match self.entry {
            Some(at) => {
                let entry = number(first + at)?;
                if entry < 0.0 || entry >= time {
                    return Err(row.reject(first + at, "at least 0 and before the duration"));
                }
                Some(entry)
            }
            None => None,
        };
        let weight = self.weight.map(|at| row.positive(first + at)).transpose()?;
        let mut numbers = [None, None];
        for (groups, number) in [&mut self.strata, &mut self.clusters].into_iter().zip(&mut numbers) {
            if let Some((at, groups)) = groups {
                let name = row.text(first + *at)?;
                if name.trim().is_empty() {
                    return Err(row.reject(first + *at, "a name"));
                }
                *number = Some(groups.number(name.trim())?);
            }
        }
        self.times.push(time);
        self.entries.extend(entry);
        self.weights.extend(weight.map(cxo_core::domain::Weight::get));
        for (groups, number) in [&mut self.strata, &mut self.clusters].into_iter().zip(numbers) {
            if let Some((_, groups)) = groups {
                groups.rows.extend(number);
            }
        }
        Ok(())
    }
}

impl Data {
    fn read(file: Readable, args: &Args) -> Result<Self, Failure> {
        let columns = &args.columns;
        let path = file.file.clone();
        let duration = file.column("duration", columns.duration.as_ref(), "the durations")?;
        let event = file.column("event", columns.event.as_ref(), "whether they ended in leaving")?;
        let mut other = vec![duration.clone()];
        let mut place = |role: &str, asked: &Option<String>| {
            let name = file.config.column(role, asked.clone())?;
            other.push(name);
            Some(other.len() - 1)
        };
        let mut sides = Sides {
            entry: place("entry", &columns.entry),
            weight: place("weight", &columns.weight),
            strata: place("strata", &columns.strata).map(|at| (at, Groups::default())),
            clusters: place("cluster", &columns.cluster).map(|at| (at, Groups::default())),
            times: Vec::new(),
            entries: Vec::new(),
            weights: Vec::new(),
        };
        let aside = [other.clone(), vec![event.clone()]].concat();
        let choice = Choice { features: &columns.features, exclude: &columns.exclude, mentioned: &columns.categorical };
        let features = choice.resolve(&file, &aside)?;
        let target = Target::churn(&event);
        let target = columns.positive.as_ref().map_or(target.clone(), |value| target.positive(value.trim()));
        let roles = Roles {
            target: &target,
            customer: None,
            features: features.clone(),
            categorical: &columns.categorical,
            missing: args.asked.missing,
        };
        let customers = table::read_with(file, &roles, &other, |row, first| sides.take(row, first))?;
        let failed = |error: Error| Failure::from(error).in_file(&path);
        let left = target.outcomes(&customers.table).map_err(failed)?;
        let left = left.into_iter().map(|left| left == Some(true)).collect();
        let mut durations = Durations::new(sides.times, left).map_err(failed)?;
        if sides.entry.is_some() {
            durations = durations.with_entries(sides.entries).map_err(failed)?;
        }
        if sides.weight.is_some() {
            durations = durations.with_weights(sides.weights).map_err(failed)?;
        }
        let groups = |side: Option<(usize, Groups)>| side.map(|(_, groups)| groups);
        let (strata, clusters) = (groups(sides.strata), groups(sides.clusters));
        Ok(Self { duration, target, features, customers, durations, strata, clusters })
    }

    fn answer(self, args: &Args, options: CoxOptions) -> Result<CoxDocument, Error> {
        let rule = match args.asked.missing {
            Missing::Reject => MissingRule::Reject,
            Missing::Indicator => MissingRule::Indicator(Fill::Mean),
        };
        let schema = SchemaOptions::default().only(self.features.iter()).missing(rule);
        let schema = args.columns.categorical.iter().fold(schema, SchemaOptions::categorical);
        let schema = Schema::infer(&self.customers.table, &schema)?;
        let (features, cox, collapsed) = self.fit(schema, options)?;
        let found = match self.strata {
            Some(_) => Err("customers of different strata cannot be compared".into()),
            None => concordance(&self.durations, &cox.linear_predictors(&features)?, args.asked.confidence)
                .map_err(|error| error.to_string().into()),
        };
        // The test needs the errors of the model itself.
        let plain = CoxOptions::default().ties(args.asked.ties);
        let rows = CoxRows::new(&self.durations, &features)?;
        let rows = self.strata.as_ref().map_or(Ok(rows), |strata| rows.with_strata(&strata.rows))?;
        let proportionality = Cox::fit(&rows, &plain).and_then(|cox| cox.proportionality(&rows, args.asked.transform));
        let context = CoxContext {
            duration: self.duration,
            event: self.target.column().to_owned(),
            collapsed,
            confidence: args.asked.confidence,
            load: self.customers.load,
        };
        Ok(CoxDocument::new(&cox, found.as_ref().map_err(Clone::clone), &proportionality, context))
    }

    /// The fit; levels whose terms repeat others count as the reference.
    fn fit(&self, mut schema: Schema, options: CoxOptions) -> Result<(Features, Cox, Vec<String>), Error> {
        let mut collapsed = Vec::new();
        loop {
            let features = schema.design(&self.customers.table)?;
            let mut rows = CoxRows::new(&self.durations, &features)?;
            if let Some(strata) = &self.strata {
                rows = rows.with_strata(&strata.rows)?;
            }
            if let Some(clusters) = &self.clusters {
                rows = rows.with_clusters(&clusters.rows)?;
            }
            let error = match Cox::fit(&rows, &options) {
                Ok(cox) => return Ok((features, cox, collapsed)),
                Err(error) => error,
            };
            let columns = if error.kind() == ErrorKind::NotIdentified { error.columns() } else { &[] };
            match schema.without(columns) {
                Some(smaller) if !columns.is_empty() => {
                    collapsed.extend_from_slice(columns);
                    schema = smaller;
                }
                _ => return Err(error),
            }
        }
    }
}
