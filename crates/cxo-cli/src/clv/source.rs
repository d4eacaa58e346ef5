//! The file of `cxo clv`: a log of purchases, or a table of summaries; either becomes histories, a row a customer.

use std::collections::HashSet;

use clap::Args;
use cxo_core::{
    Error,
    clv::{
        CustomerSummaries, LogCounts, MergeRule, PurchaseLog, PurchaseTime, Summaries, Summary, SummaryOptions,
        TimeUnit,
    },
    domain::{Currency, Day, LoadReport, Timestamp},
};
use cxo_csv::{Loaded, NotTaken, Row, RowColumns, TransactionColumns};

use crate::{clv::ModelChoice, failure::Failure, reading::Readable};

/// Which columns mean what.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct Columns {
    /// Who bought
    #[arg(long, value_name = "COLUMN")]
    customer: Option<String>,
    /// When
    #[arg(long, value_name = "COLUMN", conflicts_with = "summary")]
    date: Option<String>,
    /// For how much; without it there is no value, only purchases
    #[arg(long, value_name = "COLUMN", conflicts_with = "summary")]
    amount: Option<String>,
    /// FILE has a row for each customer, not for each purchase
    #[arg(long)]
    pub(crate) summary: bool,
    /// Repeat purchases
    #[arg(long, value_name = "COLUMN")]
    frequency: Option<String>,
    /// Time from the first to the last purchase
    #[arg(long, value_name = "COLUMN")]
    recency: Option<String>,
    /// Time from the first purchase to the end of the observation; opportunities to buy under bg-bb
    #[arg(long, value_name = "COLUMN")]
    age: Option<String>,
    /// Mean spend of a repeat purchase
    #[arg(long, value_name = "COLUMN")]
    monetary: Option<String>,
    /// Sum of the natural logarithms of the times between purchases, which bg-cnbd and mbg-cnbd need
    #[arg(long, value_name = "COLUMN")]
    litt: Option<String>,
    /// How many customers have this history
    #[arg(long, value_name = "COLUMN")]
    count: Option<String>,
}

/// The columns of a log as asked for.
pub(crate) struct Roles<'a> {
    pub(crate) customer: &'a Option<String>,
    pub(crate) date: &'a Option<String>,
    pub(crate) amount: &'a Option<String>,
}

impl Roles<'_> {
    /// The records of a file by day, or by the instant where there is one, with the currency of their amounts.
    pub(crate) fn read(&self, file: Readable, by_instant: bool) -> Result<(PurchaseLog, Loaded<Currency>), Failure> {
        let columns = TransactionColumns::default()
            .customer(file.column("customer", self.customer.as_ref(), "the customers")?)
            .date(file.column("date", self.date.as_ref(), "the days")?)
            // Without a column that is named there are no amounts, whatever the file holds.
            .amount(file.config.column("amount", self.amount.clone()).unwrap_or_default());
        let columns = match file.config.column("currency", None) {
            Some(currency) => columns.currency(currency),
            None => columns,
        };
        let mut log = PurchaseLog::default();
        let loaded = file.read(|load| {
            load.each_transaction(&columns, |row| {
                if log.is_empty() && row.amount.is_some() {
                    log = PurchaseLog::in_currency(row.currency);
                }
                if by_instant {
                    log.add(&row.customer, row.time, row.amount)
                } else {
                    log.add(&row.customer, row.day, row.amount)
                }
            })
        })?;
        Ok((log, loaded))
    }
}

/// How a log becomes summaries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogRules {
    pub(crate) unit: TimeUnit,
    pub(crate) merge: MergeRule,
    pub(crate) until: Option<Day>,
}

/// The histories of a file.
pub(crate) struct Histories {
    source: Source,
    pub(crate) load: LoadReport,
}

enum Source {
    Log(Box<Log>),
    Table(Table),
}

/// A log with what became of it.
struct Log {
    records: PurchaseLog,
    found: CustomerSummaries,
    /// For each summary the number of its customer in the log.
    ids: Vec<u32>,
    zone: chrono_tz::Tz,
    currency: Currency,
}

/// The rows of a table of summaries.
#[derive(Default)]
struct Table {
    summaries: Summaries,
    /// Empty unless the file names the customers.
    names: Vec<Box<str>>,
    counted: bool,
    has_amounts: bool,
}

impl Columns {
    /// Options of a table mean nothing for a log. The parser of arguments does not say so where those of a log are there too.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let options = [
            ("--frequency", &self.frequency),
            ("--recency", &self.recency),
            ("--age", &self.age),
            ("--monetary", &self.monetary),
            ("--litt", &self.litt),
            ("--count", &self.count),
        ];
        match options.into_iter().find(|(_, given)| given.is_some() && !self.summary) {
            Some((option, _)) => {
                Err(Failure::usage(format!("{option} needs --summary: it is a column of a table of customers")))
            }
            None => Ok(()),
        }
    }
}

/// Reads the file.
pub(crate) fn read(
    file: Readable,
    columns: &Columns,
    rules: &LogRules,
    model: ModelChoice,
) -> Result<Histories, Failure> {
    if columns.summary { columns.read_table(file, model) } else { columns.read_log(file, rules) }
}

impl Columns {
    fn read_log(&self, file: Readable, rules: &LogRules) -> Result<Histories, Failure> {
        let (zone, path) = (file.zone, file.file.clone());
        let roles = Roles { customer: &self.customer, date: &self.date, amount: &self.amount };
        // Only without a merge the hour matters.
        let (log, loaded) = roles.read(file, rules.merge == MergeRule::None)?;
        let load = loaded.report.clone();
        Histories::of_log(log, loaded.value, zone, rules, loaded.report).map_err(|failure| failure.after(&load, &path))
    }

    fn read_table(&self, file: Readable, model: ModelChoice) -> Result<Histories, Failure> {
        let mut names = Vec::with_capacity(7);
        let mut place = |name: String| {
            names.push(name);
            names.len() - 1
        };
        let mut needed = |role, asked: &Option<String>, holds| file.column(role, asked.as_ref(), holds).map(&mut place);
        let frequency = needed("frequency", &self.frequency, "the numbers of repeat purchases")?;
        let recency = needed("recency", &self.recency, "the times from the first to the last purchase")?;
        let age = needed("age", &self.age, "the times from the first purchase to the end of the observation")?;
        let mut optional = |role, asked: &Option<String>| file.config.column(role, asked.clone()).map(&mut place);
        let places = Places {
            times: [frequency, recency, age],
            monetary: optional("monetary", &self.monetary),
            litt: optional("litt", &self.litt),
            customer: optional("customer", &self.customer),
            count: optional("count", &self.count),
            discrete: model.is_discrete(),
        };
        let (counted, has_amounts) = (places.count.is_some(), places.monetary.is_some());
        let mut table = Table { counted, has_amounts, ..Table::default() };
        let mut seen = HashSet::new();
        let loaded = file.each_row(&RowColumns::new(names), |row| {
            let (summary, count) = (places.summary(row)?, places.count(row)?);
            if let Some(column) = places.customer {
                let name: Box<str> = row.text(column)?.into();
                if name.is_empty() || !seen.insert(name.clone()) {
                    return Err(row.reject(column, "any text that no row before has"));
                }
                table.names.push(name);
            }
            Ok(table.summaries.push_many(summary, count)?)
        })?;
        Ok(Histories { source: Source::Table(table), load: loaded.report })
    }
}

/// Where the cells of a summary are.
struct Places {
    /// Frequency, recency and age.
    times: [usize; 3],
    monetary: Option<usize>,
    litt: Option<usize>,
    customer: Option<usize>,
    count: Option<usize>,
    /// Whether time is opportunities to buy.
    discrete: bool,
}

impl Places {
    /// The history of a row. What it refuses is told of the cell that is refused, in the words of the core.
    fn summary(&self, row: &Row<'_>) -> Result<Summary, NotTaken> {
        let [frequency, recency, age] = self.times;
        let number = |column| row.number(column)?.ok_or_else(|| row.reject(column, "a finite number"));
        let (x, last, end) = (number(frequency)?, number(recency)?, number(age)?);
        let refused =
            |column: usize| move |error: Error| row.reject(column, error.allowed().unwrap_or("another value"));
        // Each number on its own first, so that the last refusal is about the recency.
        Summary::from_number(x, if x == 0.0 { 0.0 } else { 1.0 }, 1.0).map_err(refused(frequency))?;
        Summary::new(0, 0.0, end).map_err(refused(age))?;
        let mut summary = Summary::from_number(x, last, end).map_err(refused(recency))?;
        if self.discrete {
            for (column, value) in [(recency, last), (age, end)] {
                if value.fract() != 0.0 {
                    return Err(row.reject(column, "a whole number of opportunities"));
                }
            }
            if x > last {
                return Err(row.reject(frequency, "at most the recency: one purchase an opportunity"));
            }
        }
        if let Some(column) = self.monetary
            && let Some(value) = row.number(column)?
        {
            summary = summary.with_monetary_value(value).map_err(refused(column))?;
        }
        if let Some(column) = self.litt
            && let Some(logs) = row.number(column)?
        {
            summary = summary.with_sum_log_intervals(logs).map_err(refused(column))?;
        }
        Ok(summary)
    }

    fn count(&self, row: &Row<'_>) -> Result<u64, NotTaken> {
        let Some(column) = self.count else { return Ok(1) };
        let count = row.text(column)?.trim().parse().ok().filter(|count: &u64| *count > 0);
        count.ok_or_else(|| row.reject(column, "a whole number of at least 1"))
    }
}

impl LogRules {
    fn options(&self) -> SummaryOptions {
        let options = SummaryOptions::default().unit(self.unit).merge(self.merge);
        match self.until {
            Some(day) => options.until(day),
            None => options,
        }
    }
}

impl Histories {
    /// A row for each customer (for each line of a table), in the order of first appearance.
    pub(crate) fn summaries(&self) -> &Summaries {
        match &self.source {
            Source::Log(log) => log.found.summaries(),
            Source::Table(table) => &table.summaries,
        }
    }

    /// Who is in a row, if the file says so.
    pub(crate) fn name(&self, row: usize) -> Option<&str> {
        match &self.source {
            Source::Log(log) => log.records.name(*log.ids.get(row)?),
            Source::Table(table) => table.names.get(row).map(|name| &**name),
        }
    }

    /// Whether a row of the file may stand for several customers.
    pub(crate) fn counted(&self) -> bool {
        matches!(&self.source, Source::Table(Table { counted: true, .. }))
    }
}

/// Customers as they were at half of the observation, and what they bought in the other half.
pub(crate) struct Halves {
    /// Each customer's history, with the purchases after it.
    pub(crate) customers: Vec<(Summary, u64)>,
    /// Length of the second half, in units.
    pub(crate) length: f64,
}

impl Histories {
    /// The customers of a log.
    pub(crate) fn of_log(
        log: PurchaseLog,
        currency: Currency,
        zone: chrono_tz::Tz,
        rules: &LogRules,
        load: LoadReport,
    ) -> Result<Self, Failure> {
        let found = log.summaries(&rules.options().zone(zone))?;
        if found.is_empty() {
            return Err(nobody(&found.counts()));
        }
        let ids = found.iter().map(|row| row.customer).collect();
        Ok(Self { source: Source::Log(Box::new(Log { records: log, found, ids, zone, currency })), load })
    }

    /// The log cut at half of its observation; none of a table, whose past is not known, and where nobody had bought by then.
    pub(crate) fn halves(&self, rules: &LogRules) -> Option<Halves> {
        let Source::Log(log) = &self.source else { return None };
        let Log { records, found, zone, .. } = &**log;
        let at = |share: f64| after(found.start(), share * found.observed() * rules.unit.days());
        let options = rules.options().zone(*zone).until(at(0.5)).holdout_until(at(1.0));
        let cut = records.summaries(&options).ok()?;
        let customers = cut.iter().filter_map(|row| Some((row.summary, u64::from(row.holdout?.purchases))));
        Some(Halves { customers: customers.collect(), length: cut.holdout()? })
    }

    /// The day of the first purchase and the last day that counts.
    pub(crate) fn days(&self, rules: &LogRules) -> Option<(Day, Day)> {
        let Source::Log(log) = &self.source else { return None };
        let Log { found, zone, .. } = &**log;
        let day = |time| match time {
            PurchaseTime::Day(day) => Some(day),
            PurchaseTime::Instant(at) => at.day_in(zone).ok(),
        };
        let last = || day(after(found.start(), found.observed() * rules.unit.days()));
        Some((day(found.start())?, rules.until.or_else(last)?))
    }

    /// Whether the file says what was paid.
    pub(crate) fn has_amounts(&self) -> bool {
        match &self.source {
            Source::Log(log) => log.records.currency().is_some(),
            Source::Table(table) => table.has_amounts,
        }
    }

    /// The currency of the amounts, if one is named.
    pub(crate) fn currency(&self) -> Option<String> {
        match &self.source {
            Source::Log(log) if log.currency.code() != "XXX" => Some(log.currency.code().to_owned()),
            _ => None,
        }
    }

    /// What became of the records of a log, besides their being read.
    pub(crate) fn counts(&self) -> Option<LogCounts> {
        match &self.source {
            Source::Log(log) => Some(log.found.counts()),
            Source::Table(_) => None,
        }
    }
}

/// Why no customer of a log has bought.
fn nobody(counts: &LogCounts) -> Failure {
    let LogCounts { records, refunds, zero_amounts, later, .. } = counts;
    let parts = [(refunds, "refunds"), (zero_amounts, "of amount 0"), (later, "later than the last day that counts")];
    let told: Vec<String> =
        parts.into_iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let told = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
    Failure::data("no-data", format!("no data: not one of {records} rows is a purchase{told}"))
}

/// A time so many days later, in whole days where the log has days.
#[allow(clippy::cast_possible_truncation)] // The core has found the whole log within the calendar.
fn after(time: PurchaseTime, days: f64) -> PurchaseTime {
    match time {
        PurchaseTime::Day(day) => Day(day.0.saturating_add(days.round() as i32)).into(),
        PurchaseTime::Instant(at) => Timestamp(at.0.saturating_add((days * 86_400e6).round() as i64)).into(),
    }
}
