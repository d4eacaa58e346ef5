//! The `cxo` command: customer-experience metrics from CSV files, as tables for people and JSON for programs.
#![forbid(unsafe_code)]

mod asking;
mod ces;
mod churn;
mod clv;
mod command;
mod config;
mod csat;
mod duration;
mod failure;
mod groups;
mod journey;
mod list;
mod notes;
mod nps;
mod output;
mod page;
mod question;
mod ratings;
mod reading;
mod report;
mod retention;
mod source;
mod survey;
mod targets;
mod versus;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::run()
}
