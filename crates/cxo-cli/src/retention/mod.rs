//! `cxo retention`: how long customers stay.

mod cohorts;
mod cohorts_page;
mod cox;
mod cox_page;
mod project;
mod survival;

use crate::failure::Failure;

/// The arguments of `cxo retention`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Customers by when they came, and how many of them are active later
    Cohorts(cohorts::Args),
    /// What goes with leaving sooner: proportional hazards
    Cox(Box<cox::Args>),
    /// Customers with a contract, period by period, beyond what was observed
    Project(project::Args),
    /// Which share is still there after each duration, and whether segments differ
    Survival(survival::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Cohorts(args) => cohorts::run(args),
        Subcommand::Cox(args) => cox::run(args),
        Subcommand::Project(args) => project::run(args),
        Subcommand::Survival(args) => survival::run(args),
    }
}
