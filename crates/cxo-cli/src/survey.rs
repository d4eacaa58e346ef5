//! `cxo survey`: what is asked about a survey itself, not of its scores.

use crate::{failure::Failure, survey_contacts, survey_index, survey_nonresponse, survey_rake, survey_response};

/// The arguments of `cxo survey`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// How far invitations came: seen, started, completed, dismissed
    Response(survey_response::Args),
    /// Weights with which the responses meet known totals of the population
    Rake(survey_rake::Args),
    /// Whether those who responded look like those who were asked
    Nonresponse(survey_nonresponse::Args),
    /// How often customers are asked, and who is asked too often
    Contacts(survey_contacts::Args),
    /// The satisfaction index of three questions on 1-10
    Index(survey_index::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Response(args) => survey_response::run(args),
        Subcommand::Rake(args) => survey_rake::run(args),
        Subcommand::Nonresponse(args) => survey_nonresponse::run(args),
        Subcommand::Contacts(args) => survey_contacts::run(args),
        Subcommand::Index(args) => survey_index::run(args),
    }
}
