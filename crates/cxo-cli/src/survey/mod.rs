//! `cxo survey`: what is asked about a survey itself, not of its scores.

mod contacts;
mod index;
mod nonresponse;
mod rake;
mod response;

use crate::failure::Failure;

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
    Response(response::Args),
    /// Weights with which the responses meet known totals of the population
    Rake(rake::Args),
    /// Whether those who responded look like those who were asked
    Nonresponse(nonresponse::Args),
    /// How often customers are asked, and who is asked too often
    Contacts(contacts::Args),
    /// The satisfaction index of three questions on 1-10
    Index(index::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Response(args) => response::run(args),
        Subcommand::Rake(args) => rake::run(args),
        Subcommand::Nonresponse(args) => nonresponse::run(args),
        Subcommand::Contacts(args) => contacts::run(args),
        Subcommand::Index(args) => index::run(args),
    }
}
