//! `cxo survey response`: the response funnel of a file with a status for each invitation.

use std::io::{self, Write};

use cxo_core::{
    Confidence, Error,
    domain::ResponseStatus,
    survey::{ResponseFunnel, Segments},
};
use cxo_csv::RowColumns;
use cxo_json::{Entry, Lines, Quantity, Rate, ResponseDocument, ResponseRow};

use crate::{
    asking::{self, QUESTION},
    failure::Failure,
    groups, notes,
    output::{Output, Present},
    page::{self, Align, Page},
    reading::TableFile,
};

/// The arguments of `cxo survey response`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "Example:\n  cxo survey response feedback.csv --by channel")]
pub(crate) struct Args {
    #[command(flatten)]
    file: TableFile,
    /// The column with how far each invitation came: invited, seen, started, completed or dismissed [default: status]
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    status: Option<String>,
    /// One result for each value of this column; with several, for each combination, joined by " / "
    #[arg(long, help_heading = "Columns", value_name = "COLUMN")]
    by: Vec<String>,
    /// Level of the intervals
    #[arg(long, help_heading = QUESTION, value_name = "LEVEL", default_value = "0.95", value_parser = asking::confidence)]
    confidence: Confidence,
    #[command(flatten)]
    output: Output,
}

/// Each status under its name.
pub(crate) const STATUSES: [(&str, ResponseStatus); 5] = {
    let [a, b, c, d, e] = ResponseStatus::ALL;
    [(a.name(), a), (b.name(), b), (c.name(), c), (d.name(), d), (e.name(), e)]
};

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    groups::check_by(&args.by)?;
    let file = args.file.open()?;
    let status = file.config.column("status", args.status.clone()).unwrap_or_else(|| "status".to_owned());
    let columns = RowColumns::new([&status].into_iter().chain(&args.by));
    let mut all = ResponseFunnel::default();
    let mut segments = Segments::new(ResponseFunnel::default());
    let mut occurring = Vec::new();
    let loaded = file.each_row(&columns, |row| {
        let status = row.one_of(0, &STATUSES)?;
        let mut names = Vec::with_capacity(args.by.len());
        for column in 1..=args.by.len() {
            names.push(row.text(column)?);
        }
        if !names.is_empty() {
            segments.state_of(Some(&groups::joined(&names)))?.add(status)?;
        }
        if !occurring.contains(&status) {
            occurring.push(status);
        }
        Ok(all.add(status)?)
    })?;
    // A status that occurs in the file is recorded in every segment, also where nobody ended there.
    let rates = |funnel: &ResponseFunnel| -> Result<ResponseRow, Error> {
        let funnel = occurring.iter().fold(*funnel, |funnel, status| funnel.recording(*status));
        Ok(ResponseRow::from(&funnel.rates(args.confidence)?))
    };
    let mut results = vec![Entry { segment: None, outcome: Ok(rates(&all)?) }];
    for (name, funnel) in segments.sorted() {
        results.push(Entry { segment: Some(name.to_owned()), outcome: Ok(rates(funnel)?) });
    }
    let remarks = notes::load(&loaded.report);
    args.output.show(&ResponseDocument { results, load: loaded.report }, &remarks)
}

impl Present for ResponseDocument {
    fn page(&self, page: &mut Page) {
        let Some(Ok(all)) = self.results.first().map(|entry| entry.outcome.as_ref()) else { return };
        let (value, detail) = match &all.response_rate {
            Ok(rate) => (page::percent(rate.rate), page::interval_text(&rate.interval, page::percent)),
            Err(reason) => ("not known".to_owned(), reason.to_string()),
        };
        page.headline("Response rate", &value, &detail);
        let columns = [
            ("status", Align::Left),
            ("came so far", Align::Right),
            ("of those before", Align::Right),
            ("interval", Align::Left),
        ];
        let completed = Ok(all.completed);
        let rows = [
            ("invited", &all.invited, None),
            ("seen", &all.seen, Some(&all.seen_rate)),
            ("started", &all.started, Some(&all.start_rate)),
            ("completed", &completed, Some(&all.completion_rate)),
            ("dismissed", &all.dismissed, Some(&all.dismissal_rate)),
        ];
        page.table(&columns, rows.map(|(name, count, rate)| stage(name, count, rate)).into());
        if self.results.len() > 1 {
            let columns = [
                ("segment", Align::Left),
                ("invited", Align::Right),
                ("completed", Align::Right),
                ("response rate", Align::Right),
                ("interval", Align::Left),
            ];
            page.table(&columns, self.results.iter().skip(1).filter_map(segment).collect());
        }
    }

    fn lines(&self, lines: &mut Lines<&mut dyn Write>) -> io::Result<()> {
        self.results.iter().try_for_each(|entry| lines.write(entry))
    }
}

fn counted(count: &Quantity<u64>) -> String {
    count.as_ref().map_or_else(|_| "-".to_owned(), |count| page::count(*count))
}

fn rated(rate: &Quantity<Rate>) -> [String; 2] {
    match rate {
        Ok(rate) => [page::percent(rate.rate), page::bounds(&rate.interval, page::percent)],
        Err(reason) => ["-".to_owned(), reason.to_string()],
    }
}

fn stage(name: &str, count: &Quantity<u64>, rate: Option<&Quantity<Rate>>) -> Vec<String> {
    let [share, interval] = rate.map(rated).unwrap_or_default();
    vec![name.to_owned(), counted(count), share, interval]
}

fn segment(entry: &Entry<ResponseRow>) -> Option<Vec<String>> {
    let row = entry.outcome.as_ref().ok()?;
    let [share, interval] = rated(&row.response_rate);
    let name = page::segment(entry.segment.as_deref());
    Some(vec![name, counted(&row.invited), page::count(row.completed), share, interval])
}
