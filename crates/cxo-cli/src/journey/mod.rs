//! `cxo journey`: what customers do, in which order, and where it leads.

mod against;
mod attribution;
mod chain;
mod columns;
mod conformance;
mod conformance_page;
mod file;
mod funnel;
pub(crate) mod hotspots;
mod hotspots_page;
mod hotspots_segments;
pub(crate) mod log;
mod map;
mod next;
pub(crate) mod outcome;
mod paths;
mod period;
mod records;
mod views;

use crate::failure::Failure;

/// The arguments of `cxo journey`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
enum Subcommand {
    /// What follows what, how often, and after how long
    Map(Box<map::Args>),
    /// The most frequent ways from first to last touchpoint
    Paths(Box<paths::Args>),
    /// How many get from step to step, and where the others go
    Funnel(Box<funnel::Args>),
    /// From each touchpoint: how likely the outcome is, and how far
    Chain(Box<chain::Args>),
    /// What comes next, and with which probability
    Next(Box<next::Args>),
    /// Which channels are on the way to the outcome
    Attribution(Box<attribution::Checked>),
    /// Where bad ratings, traffic and outcomes meet, and how the journey is rated
    Hotspots(Box<hotspots::Args>),
    /// How far journeys keep to their design, and what goes with leaving it
    Conformance(Box<conformance::Args>),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Map(args) => map::run(args),
        Subcommand::Paths(args) => paths::run(args),
        Subcommand::Funnel(args) => funnel::run(args),
        Subcommand::Chain(args) => chain::run(args),
        Subcommand::Next(args) => next::run(args),
        Subcommand::Attribution(args) => attribution::run(args),
        Subcommand::Hotspots(args) => hotspots::run(args),
        Subcommand::Conformance(args) => conformance::run(args),
    }
}
