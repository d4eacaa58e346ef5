//! The command line as a whole: which commands there are, and how a run ends.

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind},
};
use cxo_json::{FailureDetail, FailureDocument};

use crate::{ces, churn, clv, csat, failure::Failure, journey, nps, page, report, retention, survey, targets};

/// Customer-experience metrics with honest uncertainty, from CSV files
#[derive(Debug, Parser)]
#[command(name = "cxo", version, arg_required_else_help = true, max_term_width = 120)]
#[command(after_help = "Column names that are not given as options are looked up in a cxo.toml beside the data.\n\
    Exit codes: 0 done (rejected rows are counted in the result), 1 a problem in data or files, 2 in the arguments.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole scorecard of a directory of data
    Report(report::Args),
    /// Net Promoter Score: of a file, of counts, compared, planned
    Nps(nps::Args),
    /// Customer satisfaction: share of satisfied responses, and mean rating
    Csat(csat::Args),
    /// Customer Effort Score: mean rating, easy and difficult shares
    Ces(ces::Args),
    /// The survey itself: response, weights, non-response, contact frequency, satisfaction index
    Survey(survey::Args),
    /// Customer lifetime value: who will buy, how often, and what that is worth
    Clv(Box<clv::Args>),
    /// Who will leave, how sure that is, and why
    Churn(churn::Args),
    /// How long customers stay
    Retention(retention::Args),
    /// What customers do, in which order, and where it leads
    Journey(journey::Args),
}

/// Reads the arguments, runs the command, and turns its outcome into an exit code.
pub(crate) fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let json = asks_for_json(&arguments);
    let clash = targets::clash(&arguments);
    let parsed = Cli::command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    let outcome = match parsed {
        Ok(_) if clash.is_some() => clash.map_or(Ok(()), Err),
        Ok(cli) => match cli.command {
            Command::Report(args) => report::run(&args),
            Command::Nps(args) => nps::run(&args),
            Command::Csat(args) => csat::run(&args),
            Command::Ces(args) => ces::run(&args),
            Command::Survey(args) => survey::run(&args),
            Command::Clv(args) => clv::run(&args),
            Command::Churn(args) => churn::run(&args),
            Command::Retention(args) => retention::run(&args),
            Command::Journey(args) => journey::run(&args),
        },
        Err(error) => return refused(&error, json),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => stopped(&failure, json),
    }
}

/// Whether `--format json` is among the arguments; asked before they are parsed, so that their errors are JSON too.
fn asks_for_json(arguments: &[OsString]) -> bool {
    let options: Vec<&OsString> = arguments.iter().take_while(|argument| *argument != "--").collect();
    let apart =
        options.windows(2).any(|pair| matches!(pair, [option, value] if *option == "--format" && *value == "json"));
    apart || options.iter().any(|option| *option == "--format=json")
}

fn stopped(failure: &Failure, json: bool) -> ExitCode {
    say(&if json { failure.json() } else { page::visible_lines(&format!("cxo: {failure}")) });
    ExitCode::from(failure.code())
}

/// What clap found: help and version go to standard output, the rest is exit code 2.
fn refused(error: &clap::Error, json: bool) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Nothing is left to do if even that cannot be written.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if !json {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")).filter(|text| !text.is_empty()),
        _ => None,
    };
    let text = error.render().to_string();
    let message = text.split("\n\nUsage:").next().unwrap_or_default().trim_start_matches("error: ").trim();
    let message = message.split("\n\nFor more information").next().unwrap_or_default();
    let detail = FailureDetail {
        kind: "usage".to_owned(),
        message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        value: context(ContextKind::InvalidValue),
        allowed: context(ContextKind::ValidValue).or_else(|| {
            // What the parser of a value of ours said.
            let source = std::error::Error::source(error)?.downcast_ref::<cxo_core::Error>()?;
            source.allowed().map(str::to_owned)
        }),
        ..FailureDetail::default()
    };
    say(&serde_json::to_string(&FailureDocument { error: detail }).unwrap_or_default());
    ExitCode::from(2)
}

/// A line on standard error; nothing is left to do if even that cannot be written.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
