//! The checkout story of an invented e-commerce team: where do customers get lost between an ad and a purchase?
//!
//! `cargo run --example journey`
use std::error::Error;

use cxo_core::journey::{
    AttributionModel, AttributionOptions, Funnel, FunnelDefinition, JourneyOptions, OpenJourneys, PathSteps, Split,
};
use cxo_csv::{EventColumns, Input, Load};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/touchpoints.csv");
const DAY: i64 = 86_400_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let columns = EventColumns::default().channel("channel").event_id("event_id").value("value");
    let log = Load::new(Input::path(LOG)).events(&columns)?.value;
    // Who has been silent for a month begins anew.
    let rules = JourneyOptions::default().split(Split::Session { micros: 30 * DAY })?;
    let journeys = log.journeys(&rules)?;
    println!("{} journeys of {} customers", journeys.len(), log.customers());

    let map = journeys.map();
    let mut edges: Vec<_> = map.edges.iter().collect();
    edges.sort_by_key(|edge| std::cmp::Reverse(edge.count));
    println!("\nWhat comes next most often");
    for edge in edges.iter().take(5) {
        let days = edge.median_seconds / 86_400.0;
        println!("  {} → {}: {} times, median {days:.1} days", edge.from, edge.to, edge.count);
    }

    // One question, two definitions: each is named in its answer.
    for definition in [FunnelDefinition::Ordered, FunnelDefinition::StrictConsecutive] {
        let funnel = Funnel::new(["product-page", "checkout", "delivery"])?.definition(definition).window(14 * DAY)?;
        let passage = journeys.funnel(&funnel)?;
        println!("\nFunnel, {}, within 14 days", passage.definition);
        for step in &passage.steps {
            let share = step.conversion.as_ref().map_or(0.0, |share| 100.0 * share.value);
            println!("  {:<14}{:>6} journeys, {share:.1} %", step.touchpoint, step.reached);
        }
    }

    // Whoever was seen within the last month may still buy.
    let open = OpenJourneys::Silent { micros: 30 * DAY };
    let chain = journeys.chain(&["checkout"], open)?;
    println!("\nHow likely a checkout is ({} journeys are still open)", chain.open);
    for state in std::iter::once(&chain.start).chain(&chain.states) {
        let probability: f64 = state.probabilities.iter().sum();
        println!(
            "  from {:<14}{:.1} %, {:.1} steps to go",
            state.touchpoint,
            100.0 * probability,
            state.expected_steps
        );
    }

    let options = AttributionOptions::default().steps(PathSteps::Channel).open(open);
    for model in [AttributionModel::Markov, AttributionModel::Last] {
        let credit = journeys.attribution(&["checkout"], &options.model(model))?.credit;
        println!(
            "\n{} checkouts attributed ({model}): arithmetic on what was observed, no effect of a channel",
            credit.conversions
        );
        for channel in &credit.channels {
            println!("  {:<8}{:>8.1} checkouts worth {:>10.2}", channel.channel, channel.attributed, channel.value);
        }
    }
    Ok(())
}
