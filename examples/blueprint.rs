//! How many orders of an invented retailer go as they were designed, and where do the others leave the design?
//!
//! `cargo run --example blueprint`
use std::{error::Error, fs};

use cxo_core::journey::{Blueprint, ConformanceOptions, JourneyOptions, Split};
use cxo_csv::{EventColumns, Input, Load};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data");
const DAY: i64 = 86_400_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let design: Blueprint = toml::from_str(&fs::read_to_string(format!("{DATA}/blueprint.toml"))?)?;
    let log = Load::new(Input::path(format!("{DATA}/touchpoints.csv"))).events(&EventColumns::default())?.value;
    // Who has been silent for a fortnight begins anew.
    let journeys = log.journeys(&JourneyOptions::default().split(Split::Session { micros: 14 * DAY })?)?;
    // A reward is no part of an order.
    let found = journeys.conformance(&design, &ConformanceOptions::default().ignored(["reward"]))?;

    println!("{} journeys beside the design \"{}\"", found.journeys, found.blueprint);
    for (what, share) in [("in order", found.conforming), ("in time as well", found.conforming_in_time)] {
        println!("  {what}: {:.1} %", 100.0 * share.value);
    }
    println!("  mean fitness: {:.2}", found.fitness.value);
    println!("\nWhere they leave it");
    for deviation in found.deviations.iter().take(6) {
        let touchpoint = deviation.touchpoint.as_deref().unwrap_or("the whole journey");
        let share = 100.0 * deviation.share.value;
        println!("  {touchpoint} {}: {} journeys, {share:.1} %", deviation.kind, deviation.journeys);
    }
    Ok(())
}
