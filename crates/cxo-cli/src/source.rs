//! The data of a survey command: which file, which columns, how it is written, and what becomes of bad rows.

use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;
use cxo_core::{
    Confidence, Error,
    domain::{Period, Scale},
    stats::multiplicity::Multiplicity,
    survey::Repeats,
};
use cxo_csv::{
    DateFormat, Delimiter, Encoding, Input, Load, Loaded, Options, Preset, Response, ResponseColumns, Strictness,
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{config::Config, failure::Failure, output::Whole, ratings::Knowledge};

/// How a file is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct Reading {
    /// What separates cells: a character, or tab [default: detected]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<Delimiter>,
    /// How dates are written: iso, us, european, unix-seconds, or a pattern such as %d.%m.%Y [default: detected]
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateFormat>,
    /// IANA time zone of local times and of days, such as Europe/Vienna [default: UTC]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    time_zone: Option<chrono_tz::Tz>,
    /// The tool that wrote the file: plain, qualtrics, surveymonkey … [default: detected]
    #[arg(long, value_name = "TOOL")]
    preset: Option<Preset>,
    /// utf-8, utf-16le, utf-16be, windows-1252, latin-1 [default: detected]
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// Stop at the first bad row instead of counting it
    #[arg(long)]
    strict: bool,
    /// Write the rejected rows with their reasons to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
}

/// Which columns mean what.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct Columns {
    /// The column with the ratings
    #[arg(long, value_name = "COLUMN")]
    score: Option<String>,
    /// One result for each value of this column; with several, for each combination, joined by " / "
    #[arg(long, value_name = "COLUMN")]
    by: Vec<String>,
    /// The column with the weights
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// The column that says when (for --period and --repeats)
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// The column that says who responded: repeat respondents then do not make intervals too narrow
    #[arg(long, value_name = "COLUMN")]
    customer: Option<String>,
    /// Which responses of a customer count: all, last or first [default: all, as one cluster]
    #[arg(long, value_name = "WHICH")]
    repeats: Option<Repeats>,
    /// The column with the strata of a designed sample
    #[arg(long, value_name = "COLUMN")]
    strata: Option<String>,
    /// The column with the clusters of a designed sample
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The column with the number of clusters (of rows, without clusters) that the population of the stratum has
    #[arg(long, value_name = "COLUMN")]
    population: Option<String>,
    /// The column with an id of the response; repeated ids are skipped
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Add a trend by day, week, month or quarter
    #[arg(long, value_name = "PERIOD", value_parser = period)]
    period: Option<Period>,
}

/// A survey file with everything needed to read it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Survey {
    /// The CSV file (.gz too); - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    reading: Reading,
}

/// The heading of the options that say what is asked.
pub(crate) const QUESTION: &str = "Question";

/// The arguments that mean nothing where counts are given instead of a file.
pub(crate) const FILE_ONLY: [&str; 14] = [
    "file",
    "score",
    "by",
    "weight",
    "time",
    "period",
    "customer",
    "repeats",
    "strata",
    "cluster",
    "population",
    "id",
    "rejected",
    "strict",
];

/// The question that every survey command asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Question")]
pub(crate) struct Asking {
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = confidence)]
    pub(crate) confidence: Confidence,
    /// Hide groups with fewer responses, and others from which they could be computed
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    pub(crate) min_responses: u64,
    /// How the p-values of segments against the rest are corrected for their number: holm, hochberg, hommel, bonferroni,
    /// sidak, holm-sidak, benjamini-hochberg, benjamini-yekutieli
    #[arg(long, value_name = "METHOD", default_value = "holm")]
    pub(crate) correction: Multiplicity,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) seed: Option<u64>,
}

/// What the folding of a file needs to know about its rows.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The columns.
    pub(crate) columns: ResponseColumns,
    /// What is known about the respondents.
    pub(crate) knowledge: Knowledge,
    /// The period of the trend.
    pub(crate) period: Option<Period>,
    /// In which zone days begin.
    pub(crate) zone: chrono_tz::Tz,
    /// Whether there is a column of weights.
    pub(crate) weighted: bool,
}

impl Survey {
    /// Finds columns and options in the arguments and in `cxo.toml`.
    pub(crate) fn open(&self, scale: Scale) -> Result<Source, Failure> {
        self.open_needing(scale, self.columns.period.map(|_| "--period"))
    }

    /// As [`open`](Self::open), for a command that always needs to know when.
    pub(crate) fn open_with_time(&self, scale: Scale) -> Result<Source, Failure> {
        self.open_needing(scale, Some("this command"))
    }

    /// `timed` is what needs a column of times, if anything does.
    fn open_needing(&self, scale: Scale, timed: Option<&str>) -> Result<Source, Failure> {
        let file =
            self.file.as_deref().ok_or_else(|| Failure::usage("which file? Give one, or - for standard input"))?;
        let stdin = file == Path::new("-");
        let config = if stdin { Config::default() } else { Config::beside(file)? };
        if !stdin {
            check_file(file)?;
        }
        let asked = &self.columns;
        let score = config.column("score", asked.score.clone()).ok_or_else(|| {
            let names = if stdin { None } else { Load::new(Input::path(file)).detect().ok() };
            let names = names.map(|found| found.columns.iter().map(|column| format!("\"{}\"", column.name)).collect());
            let names = names.map(|names: Vec<String>| format!("; the columns are {}", names.join(", ")));
            Failure::usage(format!(
                "which column holds the ratings? Give --score COLUMN, or name it in cxo.toml{}",
                names.unwrap_or_default()
            ))
        })?;
        let columns = asked.by.iter().fold(ResponseColumns::new(score, scale), ResponseColumns::by);
        let (columns, knowledge, weighted) = asked.known(&config, columns, timed)?;
        let (options, zone) = self.reading.options(&config)?;
        let layout = Layout { columns, period: asked.period, zone, knowledge, weighted };
        Ok(Source { file: file.to_owned(), layout, options, rejected: self.reading.rejected.clone() })
    }
}

/// How [`ResponseColumns`] is told the column of a role.
type SetColumn = fn(ResponseColumns, String) -> ResponseColumns;

impl Columns {
    /// Adds the columns that say more about a response than its rating, and tells what they let us know.
    fn known(
        &self,
        config: &Config,
        mut columns: ResponseColumns,
        timed: Option<&str>,
    ) -> Result<(ResponseColumns, Knowledge, bool), Failure> {
        let column = |role: &str, asked: &Option<String>| config.column(role, asked.clone());
        let (weight, customer) = (column("weight", &self.weight), column("customer", &self.customer));
        let (strata, cluster) = (column("strata", &self.strata), column("cluster", &self.cluster));
        let population = column("population", &self.population);
        let designed = strata.is_some() || cluster.is_some() || population.is_some();
        if self.repeats.is_some() && customer.is_none() {
            return Err(Failure::usage("--repeats needs to know who responded: give --customer COLUMN"));
        }
        if designed && self.customer.is_some() {
            return Err(Failure::usage("--customer cannot be combined with --strata, --cluster or --population"));
        }
        let knowledge = match (designed, &customer) {
            (true, _) => Knowledge::Design,
            (false, Some(_)) => Knowledge::Customers(self.repeats.unwrap_or_default()),
            (false, None) if weight.is_some() => Knowledge::Weighted,
            (false, None) => Knowledge::Plain,
        };
        let customer = customer.filter(|_| !designed);
        let ordered = matches!(knowledge, Knowledge::Customers(Repeats::First | Repeats::Last));
        let time = column("time", &self.time).filter(|_| timed.is_some() || ordered);
        if let (Some(what), None) = (timed, &time) {
            let message = format!("{what} needs to know when: give --time COLUMN, or name it in cxo.toml");
            return Err(Failure::usage(message));
        }
        let weighted = weight.is_some();
        let roles: [(Option<String>, SetColumn); 7] = [
            (weight, ResponseColumns::weight),
            (customer, ResponseColumns::customer),
            (time, ResponseColumns::time),
            (strata, ResponseColumns::stratum),
            (cluster, ResponseColumns::cluster),
            (population, ResponseColumns::population),
            (column("id", &self.id), ResponseColumns::id),
        ];
        for (name, set) in roles {
            if let Some(name) = name {
                columns = set(columns, name);
            }
        }
        Ok((columns, knowledge, weighted))
    }
}

impl Reading {
    pub(crate) fn options(&self, config: &Config) -> Result<(Options, chrono_tz::Tz), Failure> {
        let read = config.read();
        let zone = match self.time_zone {
            Some(zone) => zone,
            None => named("time-zone", read.time_zone.as_deref(), zone)?.unwrap_or(chrono_tz::UTC),
        };
        let strictness = if self.strict { Strictness::Strict } else { Strictness::Lenient };
        let mut options = Options::default().time_zone(zone).strictness(strictness);
        let delimiter = match self.delimiter {
            None => named("delimiter", read.delimiter.as_deref(), Delimiter::from_str)?,
            given => given,
        };
        let date_format = match &self.date_format {
            None => named("date-format", read.date_format.as_deref(), DateFormat::from_str)?,
            given => given.clone(),
        };
        if let Some(delimiter) = delimiter {
            options = options.delimiter(delimiter);
        }
        if let Some(date_format) = date_format {
            options = options.date_format(date_format);
        }
        if let Some(preset) = self.preset {
            options = options.preset(preset);
        }
        if let Some(encoding) = self.encoding {
            options = options.encoding(encoding);
        }
        Ok((options, zone))
    }
}

/// A value of `cxo.toml`, read like the option of the same name.
fn named<T>(key: &str, text: Option<&str>, read: impl Fn(&str) -> Result<T, Error>) -> Result<Option<T>, Failure> {
    text.map(read).transpose().map_err(|error| Failure::data("config", format!("cxo.toml, {key}: {error}")))
}

/// A file with its layout, ready to be read once.
#[derive(Debug)]
pub(crate) struct Source {
    file: PathBuf,
    pub(crate) layout: Layout,
    options: Options,
    rejected: Option<PathBuf>,
}

impl Source {
    /// The file as it was named.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Folds all responses into a state; see [`Load::fold_responses`].
    pub(crate) fn fold<S: Send>(
        self,
        make: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, &Response<'_>) -> Result<(), Error> + Sync,
        merge: impl FnMut(&mut S, S) -> Result<(), Error> + Send,
    ) -> Result<Loaded<S>, Failure> {
        let stdin = self.file == Path::new("-");
        let input = if stdin { Input::stdin() } else { Input::path(&self.file) };
        let bar = progress(&self.file);
        let advance = |bytes| bar.set_position(bytes);
        let mut rejected = self.rejected.as_deref().map(Whole::create).transpose()?;
        let mut load = Load::new(input).options(self.options).progress(&advance);
        if let Some(whole) = &mut rejected {
            load = load.rejected(whole.writer());
        }
        let columns = &self.layout.columns;
        // States keyed by customer or cluster cannot be merged from blocks that share one: they are filled in order.
        let loaded = if matches!(self.layout.knowledge, Knowledge::Customers(_) | Knowledge::Design) {
            let mut value = make();
            let Loaded { report, detected, .. } = load.each_response(columns, |response| each(&mut value, response))?;
            Loaded { value, report, detected }
        } else {
            load.fold_responses(columns, make, each, merge)?
        };
        bar.finish_and_clear();
        rejected.map_or(Ok(()), Whole::commit)?;
        Ok(loaded)
    }
}

/// A missing file or a directory is told in the same words everywhere.
fn check_file(file: &Path) -> Result<(), Failure> {
    let metadata = fs::metadata(file).map_err(|error| Failure::io(file, "read", &error))?;
    if metadata.is_dir() {
        return Err(Failure::io(file, "read", &io::ErrorKind::IsADirectory.into()));
    }
    Ok(())
}

/// Files below this size are read before a bar could be seen.
const LONG: u64 = 64 << 20;

/// A bar on standard error for long input, if that is a terminal.
fn progress(file: &Path) -> ProgressBar {
    let bytes = fs::metadata(file).map_or(0, |metadata| metadata.len());
    if bytes < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("reading {bytes} of {total_bytes} {wide_bar} {eta}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn zone(text: &str) -> Result<chrono_tz::Tz, Error> {
    text.parse().map_err(|_| Error::input("time zone", format!("\"{text}\""), "an IANA name such as Europe/Vienna"))
}

pub(crate) fn period(text: &str) -> Result<Period, Error> {
    let all = [Period::Day, Period::Week, Period::Month, Period::Quarter];
    let found = all.into_iter().find(|period| period.name() == text);
    found.ok_or_else(|| Error::input("period", format!("\"{text}\""), all.map(Period::name).join(", ")))
}

pub(crate) fn confidence(text: &str) -> Result<Confidence, Error> {
    let allowed = "between 0 and 1, both excluded, such as 0.95";
    let level = text.parse().map_err(|_| Error::input("confidence", format!("\"{text}\""), allowed))?;
    Confidence::new(level)
}
