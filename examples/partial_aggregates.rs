//! NPS as a partial aggregate: four shards count apart, send bytes, and one place merges and asks.
//!
//! The steps are those of a query engine's aggregate: `update_batch`, `state`, `merge_batch`, `evaluate`.
//!
//! `cargo run --example partial_aggregates`
use cxo_core::{
    Confidence, Encode, Error, State,
    survey::{NpsMethod, Scale, Tally},
};

/// `update_batch` and `state`, on the machine of a shard: rows in, bytes out.
fn shard(batches: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let mut tally = Tally::new(Scale::NPS);
    for batch in batches {
        tally.merge(&Tally::from_scores(batch, Scale::NPS)?)?;
    }
    Ok(tally.to_bytes())
}

fn main() -> Result<(), Error> {
    let shards = [
        shard(&[&[10, 9, 7, 3], &[8, 10]])?,
        shard(&[&[9, 2, 8, 10, 10]])?,
        shard(&[])?,
        shard(&[&[6, 9], &[10, 9, 0], &[7]])?,
    ];
    println!("{} shards of {} bytes each", shards.len(), shards[0].len());

    // `merge_batch`: what arrives is checked before it counts.
    let mut whole = Tally::new(Scale::NPS);
    for bytes in &shards {
        whole.merge(&Tally::from_bytes(bytes)?)?;
    }

    // `evaluate`, as often as there are questions.
    let score = whole.nps()?.estimate(NpsMethod::Auto, Confidence::P95)?;
    let (lower, upper) = score.interval.map_or((-100.0, 100.0), |interval| (interval.lower, interval.upper));
    println!("NPS {:.1} [{lower:.1}, {upper:.1}] from {} responses", score.value, score.n);

    let damaged = &shards[0][..40];
    if let Err(error) = Tally::from_bytes(damaged) {
        println!("refused: {error}");
    }
    Ok(())
}
