//! Keep the state, ask later: shards are counted apart, merged, stored as JSON, and asked several questions.
//!
//! `cargo run --example merge_states`
use cxo_core::{
    Confidence, State,
    survey::{BoxRule, Csat, NpsMethod, Scale, Tally},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Two shards, two days or two machines: each keeps eleven counters, whatever the number of rows.
    let monday = Tally::from_scores(&[10, 9, 7, 3, 8, 10], Scale::NPS)?;
    let tuesday = Tally::from_scores(&[9, 2, 8, 10], Scale::NPS)?;

    let mut week = monday;
    week.merge(&tuesday)?;
    assert_eq!(week, Tally::from_scores(&[10, 9, 7, 3, 8, 10, 9, 2, 8, 10], Scale::NPS)?);

    // A stored state is checked again on the way in.
    let stored = serde_json::to_string(&week)?;
    let week: Tally = serde_json::from_str(&stored)?;

    for confidence in [Confidence::P90, Confidence::P99] {
        let nps = week.nps()?.estimate(NpsMethod::Auto, confidence)?;
        println!(
            "NPS {:.0} at {} %: {:?}",
            nps.value,
            100.0 * confidence.level(),
            nps.interval.map(|i| (i.lower, i.upper))
        );
    }
    let happy = Csat::default().rule(BoxRule::Top(3)).ask(&week)?;
    println!("8 to 10: {:.0} %", 100.0 * happy.share.value);

    // States that do not describe the same thing are refused, and nothing is changed.
    let mut mixed = week;
    if let Err(error) = mixed.merge(&Tally::new(Scale::ONE_TO_FIVE)) {
        println!("refused: {error}");
    }
    Ok(())
}
