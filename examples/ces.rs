//! Effort: the two versions of the question run in opposite directions, and the answer says which one it is.
//!
//! `cargo run --example ces`
use cxo_core::{
    Error,
    survey::{Ces, CesVersion, Scale, Tally},
};

fn main() -> Result<(), Error> {
    // "The company made it easy to handle my issue": 1 strongly disagree to 7 strongly agree. High is easy.
    let agreed = Tally::from_counts(&[3, 5, 8, 12, 30, 45, 47], Scale::ONE_TO_SEVEN)?;
    show("CES 2.0", &agreed, CesVersion::V2)?;

    // "How much effort did you personally have to put forth?": 1 very low to 5 very high. Low is easy.
    let scale = CesVersion::V1.scale(Scale::ONE_TO_FIVE);
    let effort = Tally::from_counts(&[40, 35, 15, 7, 3], scale)?;
    show("CES 1.0", &effort, CesVersion::V1)
}

fn show(title: &str, tally: &Tally, version: CesVersion) -> Result<(), Error> {
    let ces = Ces::new(version).ask(tally)?;
    print!("{title} ({:?}): mean {:.2}", ces.direction, ces.mean.value);
    match ces.mean.interval {
        Ok(interval) => print!(" [{:.2}, {:.2}]", interval.lower, interval.upper),
        Err(reason) => print!(" (no interval: {reason})"),
    }
    println!(
        ", easy ({}) {:.1} %, difficult ({}) {:.1} %, net easy {:.2}",
        ces.easy_box,
        100.0 * ces.easy_share.value,
        ces.difficult_box,
        100.0 * ces.difficult_share.value,
        ces.net_easy.value
    );
    Ok(())
}
