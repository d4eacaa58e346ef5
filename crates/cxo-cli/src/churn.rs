//! `cxo churn`: who will leave.

use crate::{churn_evaluate, churn_fit, churn_score, failure::Failure};

/// The arguments of `cxo churn`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// Learn from customers whose outcome is known, and store the model
    Fit(Box<churn_fit::Args>),
    /// How good predictions were, now that outcomes are known
    Evaluate(Box<churn_evaluate::Args>),
    /// The risk of each customer by a stored model, with reasons
    Score(Box<churn_score::Args>),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Fit(args) => churn_fit::run(args),
        Subcommand::Evaluate(args) => churn_evaluate::run(args),
        Subcommand::Score(args) => churn_score::run(args),
    }
}
