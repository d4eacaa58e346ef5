//! `cxo churn`: who will leave.

mod evaluate;
mod fit;
mod score;
pub(crate) mod table;

use crate::failure::Failure;

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
    Fit(Box<fit::Args>),
    /// How good predictions were, now that outcomes are known
    Evaluate(Box<evaluate::Args>),
    /// The risk of each customer by a stored model, with reasons
    Score(Box<score::Args>),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Fit(args) => fit::run(args),
        Subcommand::Evaluate(args) => evaluate::run(args),
        Subcommand::Score(args) => score::run(args),
    }
}
