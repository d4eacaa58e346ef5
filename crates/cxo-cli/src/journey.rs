//! `cxo journey`: what customers do, in which order, and where it leads.

use crate::{
    failure::Failure, journey_attribution, journey_chain, journey_conformance, journey_funnel, journey_hotspots,
    journey_map, journey_next, journey_paths,
};

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
    Map(Box<journey_map::Args>),
    /// The most frequent ways from first to last touchpoint
    Paths(Box<journey_paths::Args>),
    /// How many get from step to step, and where the others go
    Funnel(Box<journey_funnel::Args>),
    /// From each touchpoint: how likely the outcome is, and how far
    Chain(Box<journey_chain::Args>),
    /// What comes next, and with which probability
    Next(Box<journey_next::Args>),
    /// Which channels are on the way to the outcome
    Attribution(Box<journey_attribution::Checked>),
    /// Where bad ratings, traffic and outcomes meet, and how the journey is rated
    Hotspots(Box<journey_hotspots::Args>),
    /// How far journeys keep to their design, and what goes with leaving it
    Conformance(Box<journey_conformance::Args>),
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Subcommand::Map(args) => journey_map::run(args),
        Subcommand::Paths(args) => journey_paths::run(args),
        Subcommand::Funnel(args) => journey_funnel::run(args),
        Subcommand::Chain(args) => journey_chain::run(args),
        Subcommand::Next(args) => journey_next::run(args),
        Subcommand::Attribution(args) => journey_attribution::run(args),
        Subcommand::Hotspots(args) => journey_hotspots::run(args),
        Subcommand::Conformance(args) => journey_conformance::run(args),
    }
}
