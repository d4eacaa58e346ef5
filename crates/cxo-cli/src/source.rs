//! The file of a survey command: which of its columns mean what, and what they let us know about the respondents.

use std::path::PathBuf;

use clap::Args;
use cxo_core::{
    Error,
    domain::{Period, Scale},
    survey::Repeats,
};
use cxo_csv::{Loaded, Response, ResponseColumns};

use crate::{
    config::Config,
    failure::Failure,
    groups,
    ratings::Knowledge,
    reading::{Readable, Reading},
};

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
    /// Add a trend by day, week, month, quarter or year
    #[arg(long, value_name = "PERIOD")]
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
        let readable = Readable::open(file, &self.reading)?;
        let asked = &self.columns;
        groups::check_by(&asked.by)?;
        let score = readable.column("score", asked.score.as_ref(), "the ratings")?;
        let columns = asked.by.iter().fold(ResponseColumns::new(score, scale), ResponseColumns::by);
        let (columns, knowledge, weighted) = asked.known(&readable.config, columns, timed)?;
        let layout = Layout { columns, period: asked.period, zone: readable.zone, knowledge, weighted };
        Ok(Source { readable, layout })
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

/// A survey file with its layout, ready to be read once.
#[derive(Debug)]
pub(crate) struct Source {
    readable: Readable,
    pub(crate) layout: Layout,
}

impl Source {
    /// Folds all responses into a state; see [`Load::fold_responses`](cxo_csv::Load::fold_responses).
    pub(crate) fn fold<S: Send>(
        self,
        make: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, &Response<'_>) -> Result<(), Error> + Sync,
        merge: impl FnMut(&mut S, S) -> Result<(), Error> + Send,
    ) -> Result<Loaded<S>, Failure> {
        let Layout { columns, knowledge, .. } = &self.layout;
        // States keyed by customer or cluster cannot be merged from blocks that share one: they are filled in order.
        let in_order = matches!(knowledge, Knowledge::Customers(_) | Knowledge::Design);
        self.readable.read(|load| {
            if !in_order {
                return load.fold_responses(columns, make, each, merge);
            }
            let mut value = make();
            let Loaded { report, detected, .. } = load.each_response(columns, |response| each(&mut value, response))?;
            Ok(Loaded { value, report, detected })
        })
    }
}
