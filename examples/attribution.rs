//! Which touchpoints are on the way to an order? The same data under several rules, side by side.
//!
//! `cargo run --example attribution`
use std::error::Error;

use cxo_core::journey::{Attribution, AttributionModel, AttributionOptions, JourneyOptions, PathCount, Paths, Split};
use cxo_csv::{EventColumns, Input, Load};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/touchpoints.csv");
const DAY: i64 = 86_400_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    // A table of paths, as an ad platform exports it: how often each ended with an order, and how often without.
    let mut paths = Paths::default();
    for (path, orders, none) in [
        (&["search", "mail"][..], 30, 170),
        (&["search"], 20, 480),
        (&["social", "search", "mail"], 12, 60),
        (&["social"], 2, 300),
        (&["mail"], 25, 90),
    ] {
        paths.add(path, PathCount::new(orders, none, 0.0)?)?;
    }
    let models = [AttributionModel::Markov, AttributionModel::Shapley, AttributionModel::Last];
    let credits = models.iter().map(|model| paths.attribution(*model, 1)).collect::<Result<Vec<_>, _>>()?;
    println!("A table of paths");
    beside(&credits);

    // A log, where it is known when each contact was: a journey ends with an order, and credit halves each week.
    let log = Load::new(Input::path(LOG)).events(&EventColumns::default())?.value;
    let rules = JourneyOptions::default().split(Split::Outcome(vec!["checkout".to_owned()]))?;
    let journeys = log.journeys(&rules)?;
    let options = AttributionOptions::default().lookback(30 * DAY)?.half_life(7 * DAY)?;
    let models =
        [AttributionModel::Markov, AttributionModel::Shapley, AttributionModel::Last, AttributionModel::TimeDecay];
    let mut credits = Vec::new();
    for model in models {
        credits.push(journeys.attribution(&["checkout"], &options.model(model))?.credit);
    }
    println!("\nA log: orders of the sample data, contacts of the 30 days before");
    beside(&credits);
    println!("\nArithmetic on what was observed: no rule says what a touchpoint brings about.");
    Ok(())
}

/// A line for each channel, a column for each model; the removal effect is that of the Markov chain.
fn beside(credits: &[Attribution]) {
    print!("  {:<14}", "");
    credits.iter().for_each(|credit| print!("{:>12}", credit.model.name()));
    println!("{:>16}", "removal effect");
    let Some(first) = credits.first() else { return };
    for channel in &first.channels {
        print!("  {:<14}", channel.channel);
        for credit in credits {
            let found = credit.channels.iter().find(|other| other.channel == channel.channel);
            print!("{:>12.1}", found.map_or(0.0, |found| found.attributed));
        }
        match channel.removal_effect {
            Ok(effect) => println!("{:>14.1} %", 100.0 * effect),
            Err(why) => println!("{:>16}", why.reason()),
        }
    }
}
