//! `cxo report`: reads what a directory holds, and shows the whole scorecard.

mod card;
mod churn;
mod churn_page;
pub(crate) mod journey;
mod journey_page;
pub(crate) mod journey_ratings;
mod page;

use std::{
    fs,
    path::{Path, PathBuf},
};

use cxo_core::{
    ErrorKind, Seed,
    clv::PurchaseLog,
    domain::{Amount, Currency, LoadReport, Period, Stages},
    journey::{Event, EventLog},
    scorecard::{Answers, Frame, Scorecard},
    stats::{
        multiplicity::Multiplicity,
        suppression::{Suppressed, Suppression},
    },
    survey::{BoxRule, Ces, CesVersion, ContactRule, Csat, Vendor},
};
use cxo_csv::{Customers, FeedbackColumns, Input, Load, Options, TouchpointColumns, TransactionColumns};
use cxo_json::{
    ContactsRow, FileRow, LifetimeRow, Quantity, ReportDocument, TouchpointsRow, TransactionsRow, WhoAnsweredRow,
};

use crate::{
    asking::confidence,
    clv::{self, answer::Answer, source::Histories},
    config::Config,
    failure::Failure,
    notes,
    output::{Output, Whole},
    reading::{Reading, rejected_of},
    report::journey_ratings::Ratings,
};

/// The arguments of `cxo report`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "Reads feedback.csv, touchpoints.csv, transactions.csv and customers.csv, whichever are there; a \
    cxo.toml in the directory can name other files and columns.\n\nExamples:\n  cxo report examples/data\n  \
    cxo report examples/data --period quarter --out report.json"
)]
pub(crate) struct Args {
    /// The directory with the data
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
    /// Level of the intervals, and of the notice that a segment differs
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = confidence)]
    confidence: cxo_core::Confidence,
    /// Hide groups with fewer responses, and others from which they could be computed
    #[arg(long, value_name = "N", default_value = "5")]
    min_responses: u64,
    /// How the trend is cut: day, week, month, quarter or year
    #[arg(long, value_name = "PERIOD", default_value = "month")]
    period: Period,
    /// CSAT: count this many of the best ratings as satisfied [default: 2 of 1-5; 1 of 1-2 and 1-3]
    #[arg(long, value_name = "N", conflicts_with = "rule")]
    top: Option<u8>,
    /// CSAT: count as satisfied what this survey tool does
    #[arg(long, value_name = "VENDOR")]
    rule: Option<Vendor>,
    /// CES: 2 (high is easy) or 1 (low is easy) [default: 2 on 1-7]
    #[arg(long, value_name = "2|1")]
    version: Option<CesVersion>,
    /// Correction for testing many segments: holm, benjamini-hochberg, bonferroni …
    #[arg(long, value_name = "METHOD", default_value = "holm")]
    correction: Multiplicity,
    /// Seed of the resamples of customers behind the intervals of hot spots [default: 0]
    #[arg(long, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let config = folder_config(&args.directory)?;
    let (options, zone) = args.reading.options(&config)?;
    let folder = Folder { path: &args.directory, config: &config, options, rejected: args.reading.rejected.as_deref() };
    let mut document = ReportDocument::new(zone.name(), args.period, args.confidence, args.min_responses);
    let known = config.stages()?.unwrap_or_default();
    let (mut stages, mut answers, mut ratings) = (known.clone(), Answers::new(zone), Ratings::default());
    if let Some(path) = folder.file("feedback")? {
        document.files.push(folder.feedback(&path, &mut stages, (&mut answers, &mut ratings))?);
        document = document.scorecard(&args.scorecard().ask(&answers, &stages)?);
        document.contacts = args.contacts(&answers)?;
    }
    let asked = !document.files.is_empty();
    let mut purchases = None;
    if let Some(path) = folder.file("touchpoints")? {
        let (log, file) = folder.touchpoints(&path, &mut stages)?;
        document.touchpoints = Some(TouchpointsRow { events: log.len() as u64, customers: log.customers() as u64 });
        document.files.push(file);
        let question = journey::Question {
            known: &known,
            stages: &stages,
            rules: config.journey(),
            min_responses: args.min_responses,
            confidence: args.confidence,
            seed: args.seed.map_or_else(Seed::default, Seed),
        };
        match question.ask(&log, &ratings, &document.metrics)? {
            Ok(found) => document.journey = Some(found),
            Err(reason) => document.journey_reason = Some(reason),
        }
    }
    if let Some(path) = folder.file("transactions")? {
        let (row, ledger, file) = folder.transactions(&path)?;
        document.transactions = Some(row);
        match churn::retention(&ledger.log, zone, args.min_responses, args.confidence)? {
            Ok(found) => document.retention = Some(found),
            Err(reason) => document.retention_reason = Some(reason),
        }
        purchases = Some(args.purchases(ledger, zone, &file.load)?);
        document.files.push(file);
    }
    let mut listed = Customers::default();
    if let Some(path) = folder.file("customers")? {
        let (found, file) = folder.customers(&path)?;
        document.customers = Some(found.customers.len() as u64);
        document.files.push(file);
        if asked {
            let frame = Frame { attributes: &found.attributes, customers: &found.customers };
            let who = args.scorecard().who_answered(&answers, frame)?;
            document.who_answered = Some(WhoAnsweredRow::new(&who, args.correction));
        }
        listed = found;
    }
    if let Some(answer) = purchases {
        args.worth(&mut document, answer, &listed);
    }
    if document.files.is_empty() {
        let message = format!(
            "{} has none of feedback.csv, touchpoints.csv, transactions.csv and customers.csv; a cxo.toml there can name \
             other files",
            args.directory.display()
        );
        return Err(Failure::data("input", message).in_file(&args.directory));
    }
    args.output.show(&document, &remarks(&document))
}

/// What a reader should know of the rows of the files.
fn remarks(document: &ReportDocument) -> Vec<String> {
    let of_file = |file: &FileRow| {
        let named = |(at, line)| if at == 0 { format!("{}: {line}", file.file) } else { line };
        notes::load(&file.load).into_iter().enumerate().map(named).collect::<Vec<_>>()
    };
    document.files.iter().flat_map(of_file).collect()
}

/// The rule of contact that the report counts by: one invitation in 30 days.
const WINDOW_DAYS: u32 = 30;
const CONTACTS: u64 = 1;

impl Args {
    /// How often customers were invited, as far as the feedback says who and when.
    fn contacts(&self, answers: &Answers<chrono_tz::Tz>) -> Result<Option<ContactsRow>, Failure> {
        let found = match answers.contacts(ContactRule::per_days(WINDOW_DAYS, CONTACTS)?) {
            Err(error) if error.kind() == ErrorKind::NoData => return Ok(None),
            found => found?,
        };
        let mut cells = Suppression::new(self.min_responses);
        let all = cells.total(found.customers);
        let over = cells.table(all, &[found.over_limit])?;
        let decided = cells.decide();
        let shown = over.into_iter().try_for_each(|cell| decided.of(cell));
        Ok(Some(ContactsRow::new(&found, WINDOW_DAYS, CONTACTS, shown)))
    }

    /// The model of purchases that does best, or in words why there is none: a report does not fail because too few have
    /// bought again.
    fn purchases(&self, ledger: Ledger, zone: chrono_tz::Tz, load: &LoadReport) -> Result<Quantity<Answer>, Failure> {
        let (question, rules) = clv::standard(self.confidence)?;
        let found = Histories::of_log(ledger.log, ledger.currency, zone, &rules, load.clone())
            .and_then(|histories| Answer::new(histories, &rules, question));
        let answer = match found {
            Ok(answer) => answer,
            Err(failure) => return Ok(Err(failure.to_string().into())),
        };
        let totals = &answer.document.totals;
        if totals.customers.min(totals.repeat_customers) < self.min_responses {
            return Ok(Err(Suppressed::TooFew.reason().into()));
        }
        Ok(Ok(answer))
    }

    /// What the customers are worth and how much of that is at risk, or why that is not told.
    fn worth(&self, document: &mut ReportDocument, answer: Quantity<Answer>, listed: &Customers) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(reason) => {
                document.lifetime_value_reason = Some(reason.clone());
                document.churn_risk_reason = Some(reason);
                return;
            }
        };
        match churn::churn_risk(&answer, listed, self.min_responses, self.confidence) {
            Ok(found) => document.churn_risk = Some(found),
            Err(failure) => document.churn_risk_reason = Some(failure.to_string().into()),
        }
        match LifetimeRow::of(answer.document) {
            Some(found) => document.lifetime_value = Some(found),
            None => document.lifetime_value_reason = Some("the log has no days".into()),
        }
    }

    fn scorecard(&self) -> Scorecard {
        let mut scorecard = Scorecard::default()
            .period(self.period)
            .confidence(self.confidence)
            .min_responses(self.min_responses)
            .correction(self.correction);
        if let Some(rule) = self.top.map(BoxRule::Top).or(self.rule.map(BoxRule::Vendor)) {
            scorecard = scorecard.csat(Csat::default().rule(rule));
        }
        if let Some(version) = self.version {
            scorecard = scorecard.ces(Ces::new(version));
        }
        scorecard
    }
}

fn folder_config(directory: &Path) -> Result<Config, Failure> {
    let metadata = fs::metadata(directory).map_err(|error| Failure::io(directory, "read", &error))?;
    if metadata.is_dir() {
        return Config::in_folder(directory);
    }
    let message = format!("{} is a file; `cxo report` reads a directory", directory.display());
    Err(Failure::data("input", message).in_file(directory))
}

/// What customers paid.
struct Ledger {
    log: PurchaseLog,
    currency: Currency,
}

/// The directory of a report, and how its files are read.
struct Folder<'a> {
    path: &'a Path,
    config: &'a Config,
    options: Options,
    rejected: Option<&'a Path>,
}

impl Folder<'_> {
    /// The file of a role: the one that `cxo.toml` names, which must be there, or `ROLE.csv` or `ROLE.csv.gz` if one is.
    fn file(&self, role: &str) -> Result<Option<PathBuf>, Failure> {
        if let Some(name) = self.config.file(role) {
            let path = self.path.join(name);
            fs::metadata(&path).map_err(|error| Failure::io(&path, "read", &error))?;
            return Ok(Some(path));
        }
        let names = [format!("{role}.csv"), format!("{role}.csv.gz")];
        Ok(names.into_iter().map(|name| self.path.join(name)).find(|path| path.is_file()))
    }

    /// Reads a file, and writes its rejected rows where they were asked for: those of the feedback to the file that was
    /// named, those of another role beside it, with the role in the name.
    fn read<T>(
        &self,
        role: &str,
        path: &Path,
        read: impl FnOnce(Load<'_>) -> Result<cxo_csv::Loaded<T>, cxo_csv::CsvError>,
    ) -> Result<(T, FileRow), Failure> {
        let load = Load::new(Input::path(path)).options(self.options.clone());
        let loaded = match self.rejected {
            None => read(load)?,
            Some(target) => {
                let target = match role {
                    "feedback" => target.to_owned(),
                    _ => rejected_of(target, role),
                };
                let mut whole = Whole::create(&target)?;
                let loaded = read(load.rejected(whole.writer()))?;
                if loaded.report.rejected > 0 || role == "feedback" {
                    whole.commit()?;
                }
                loaded
            }
        };
        let file = path.strip_prefix(self.path).unwrap_or(path).display().to_string();
        Ok((loaded.value, file_row(role, file, loaded.report)))
    }

    fn feedback(
        &self,
        path: &Path,
        stages: &mut Stages,
        (answers, ratings): (&mut Answers<chrono_tz::Tz>, &mut Ratings),
    ) -> Result<FileRow, Failure> {
        let columns = feedback_columns(self.config);
        let ((), file) = self.read("feedback", path, |load| {
            load.each_feedback(&columns, stages, |feedback| {
                answers.add(feedback)?;
                ratings.add(feedback);
                Ok(())
            })
        })?;
        Ok(file)
    }

    fn touchpoints(&self, path: &Path, stages: &mut Stages) -> Result<(EventLog, FileRow), Failure> {
        let mut columns = TouchpointColumns::default();
        for (role, name) in self.config.columns() {
            columns = match role {
                "customer" => columns.customer(name),
                "time" => columns.time(name),
                "touchpoint" => columns.touchpoint(name),
                "channel" => columns.channel(name),
                "stage" => columns.stage(name),
                "device" => columns.device(name),
                "event_id" => columns.event_id(name),
                "value" => columns.value(name),
                _ => columns,
            };
        }
        let mut log = EventLog::default();
        let ((), file) = self.read("touchpoints", path, |load| {
            load.each_touchpoint(&columns, stages, |customer, touchpoint| {
                // What a touchpoint was worth is not asked, and its currency is not known.
                let mut event = Event::of(customer.as_str(), touchpoint);
                event.value = None;
                log.add(&event)
            })
        })?;
        Ok((log, file))
    }

    fn transactions(&self, path: &Path) -> Result<(TransactionsRow, Ledger, FileRow), Failure> {
        let mut columns = TransactionColumns::default();
        for (role, name) in self.config.columns() {
            columns = match role {
                "customer" => columns.customer(name),
                "date" => columns.date(name),
                "amount" => columns.amount(name),
                "currency" => columns.currency(name),
                _ => columns,
            };
        }
        let mut log = PurchaseLog::default();
        let (mut purchases, mut refunds, mut sum) = (0, 0, Amount(0));
        let (currency, file) = self.read("transactions", path, |load| {
            load.each_transaction(&columns, |row| {
                if log.is_empty() && row.amount.is_some() {
                    log = PurchaseLog::in_currency(row.currency);
                }
                log.add(&row.customer, row.day, row.amount)?;
                purchases += u64::from(row.amount.is_none_or(|amount| amount > Amount(0)));
                refunds += u64::from(row.amount.is_some_and(|amount| amount < Amount(0)));
                sum = sum.checked_add(row.amount.unwrap_or_default())?;
                Ok(())
            })
        })?;
        let row =
            TransactionsRow { purchases, refunds, customers: log.customers() as u64, revenue: None, currency: None };
        let row = if log.currency().is_some() { row.revenue(sum, currency) } else { row };
        Ok((row, Ledger { log, currency }, file))
    }

    fn customers(&self, path: &Path) -> Result<(Customers, FileRow), Failure> {
        let column = self.config.column("customer", None).unwrap_or_else(|| "customer".to_owned());
        self.read("customers", path, |load| load.customers(&column))
    }
}

/// The columns of a file of feedback: those that `cxo.toml` names, else those of the usual names.
pub(crate) fn feedback_columns(config: &Config) -> FeedbackColumns {
    config.columns().fold(FeedbackColumns::default(), |columns, (role, name)| match role {
        "customer" => columns.customer(name),
        "time" => columns.time(name),
        "channel" => columns.channel(name),
        "stage" => columns.stage(name),
        "touchpoint" => columns.touchpoint(name),
        "device" => columns.device(name),
        "metric" => columns.metric(name),
        "score" => columns.score(name),
        "scale" => columns.scale(name),
        "status" => columns.status(name),
        "comment" => columns.comment(name),
        "weight" => columns.weight(name),
        "id" => columns.id(name),
        _ => columns,
    })
}

fn file_row(role: &str, file: String, load: LoadReport) -> FileRow {
    FileRow { role: role.to_owned(), file, load }
}
