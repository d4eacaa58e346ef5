//! `cxo retention`: how long customers stay.

use crate::{failure::Failure, retention_cohorts, retention_cox, retention_project, retention_survival};

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
    Cohorts(retention_cohorts::Args),
    /// What goes with leaving sooner: proportional hazards
    Cox(Box<retention_cox::Args>),
    /// Customers with a contract, period by period, beyond what was observed
    Project(retention_project::Args),
    /// Which share is still there after each duration, and whether segments differ
    Survival(retention_survival::Args),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Cohorts(args) => retention_cohorts::run(args),
        Subcommand::Cox(args) => retention_cox::run(args),
        Subcommand::Project(args) => retention_project::run(args),
        Subcommand::Survival(args) => retention_survival::run(args),
    }
}
