//! A sample that does not look like its population: weights, what they cost, and clusters.
//!
//! `cargo run --example weighted`
use cxo_core::{
    Confidence, Error,
    domain::Weight,
    survey::{NpsMethod, Rating, Sample, SampleRow, Scale},
};

fn main() -> Result<(), Error> {
    // Store, score, and how many customers one answer stands for: students answered rarely.
    let rows = [
        ("Leeds", 10, 0.8),
        ("Leeds", 9, 0.8),
        ("Leeds", 6, 1.9),
        ("Leeds", 8, 0.8),
        ("York", 3, 1.9),
        ("York", 5, 0.8),
        ("York", 9, 0.8),
        ("York", 4, 1.9),
        ("Hull", 10, 0.8),
        ("Hull", 10, 0.8),
        ("Hull", 7, 1.9),
        ("Hull", 9, 0.8),
        ("Ripon", 8, 0.8),
        ("Ripon", 9, 0.8),
        ("Ripon", 10, 1.9),
        ("Ripon", 2, 0.8),
    ];
    let mut alone = Sample::new(Scale::NPS);
    let mut clustered = Sample::new(Scale::NPS);
    for (store, score, weight) in rows {
        let row = SampleRow::new(Rating::new(score, Scale::NPS)?, Weight::new(weight)?);
        alone.add(row)?;
        // Answers from one store resemble each other: then a store, not an answer, is what was drawn.
        clustered.add(SampleRow { cluster: Some(store), ..row })?;
    }
    for (title, sample) in [("weighted", alone), ("weighted, by store", clustered)] {
        let nps = sample.nps(NpsMethod::Auto, Confidence::P95)?;
        let score = nps.result.score;
        print!("{title}: NPS {:.1} from {} answers, worth {:.1}", score.value, score.n, score.effective_n);
        match score.interval {
            Ok(interval) => println!(", {:.0} to {:.0} ({})", interval.lower, interval.upper, interval.method),
            Err(reason) => println!(", no interval: {reason}"),
        }
        if let Some(caveat) = nps.respondents.caveat() {
            println!("  note: {caveat}");
        }
    }
    Ok(())
}
