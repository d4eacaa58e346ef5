//! Weights that make a sample agree with what is known of the population, margin by margin.
//!
//! `cargo run --example raking`
use cxo_core::{
    Confidence, Error,
    domain::Weight,
    stats::raking::{BoundBase, Margin, RakeOptions, WeightBounds, rake},
    survey::{NpsMethod, Rating, Scale, WeightedTally},
};

fn main() -> Result<(), Error> {
    let scores = [10, 9, 9, 8, 10, 7, 3, 6, 9, 2];
    let regions = ["north", "north", "north", "north", "south", "south", "north", "south", "north", "south"];
    let ages = ["old", "old", "young", "old", "old", "old", "young", "young", "old", "young"];

    let region = Margin::new("region", regions, [("north", 500.0), ("south", 500.0)])?;
    let age = Margin::new("age", ages, [("old", 450.0), ("young", 550.0)])?;
    let margins = [region, age];

    let free = rake(&[1.0; 10], &margins, &RakeOptions::default())?;
    let capped = RakeOptions::default().bounds(WeightBounds::at_most(1.5, BoundBase::MeanWeight)?);
    let capped = rake(&[1.0; 10], &margins, &capped)?;
    for (title, raked) in [("raked", free), ("raked, at most 1.5 times the mean", capped)] {
        let pairs = scores
            .iter()
            .zip(&raked.weights)
            .map(|(&score, &weight)| Ok((Rating::new(score, Scale::NPS)?, Weight::new(weight)?)));
        let tally = WeightedTally::from_pairs(Scale::NPS, pairs.collect::<Result<Vec<_>, Error>>()?)?;
        let nps = tally.nps(NpsMethod::Auto, Confidence::P95)?.result.score;
        println!(
            "{title}: NPS {:.1}, design effect {:.2}, {} weights trimmed, margins met to {:.0e} in {} rounds",
            nps.value, raked.design_effect, raked.trimmed, raked.max_margin_error, raked.iterations
        );
    }

    // Targets that contradict each other are refused, never met approximately in silence.
    let wrong = Margin::new("age", ages, [("old", 450.0), ("young", 600.0)])?;
    if let Err(error) = rake(&[1.0; 10], &[margins[0].clone(), wrong], &RakeOptions::default()) {
        println!("refused: {error}");
    }
    Ok(())
}
