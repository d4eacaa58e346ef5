//! The first call: scores in, a score with its uncertainty out. This is the program of the README.
//!
//! `cargo run --example nps`
fn main() -> Result<(), cxo_core::Error> {
    let scores = [10, 9, 8, 7, 6, 10, 9, 3, 10, 8];
    let nps = cxo_core::survey::nps(&scores)?;
    print!("NPS {} from {} responses, ", nps.value, nps.n);
    match nps.interval {
        Ok(interval) => println!("{:.0} to {:.0} ({})", interval.lower, interval.upper, interval.method),
        Err(reason) => println!("no interval: {reason}"),
    }
    Ok(())
}
