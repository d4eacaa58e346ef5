//! Did the score move? The difference of two samples, the change of a panel, and how many responses would have shown it.
//!
//! `cargo run --example compare`
use cxo_core::{
    Confidence, Difference, Error,
    survey::{Nps, NpsComparison, NpsPanel, NpsShares, PanelMethod},
};

fn main() -> Result<(), Error> {
    let spring = Nps { promoters: 120, passives: 70, detractors: 60 };
    let summer = Nps { promoters: 140, passives: 66, detractors: 44 };
    show("two samples", &summer.compare(&spring, NpsComparison::default(), Confidence::P95)?);

    // The same people asked twice: rows before (detractor, passive, promoter), columns after. Pairing removes what
    // makes people differ from each other.
    let panel = NpsPanel::from_counts([[38, 14, 8], [4, 46, 20], [2, 6, 112]])?;
    show("one panel", &panel.change(PanelMethod::default(), Confidence::P95)?);

    let shares = NpsShares::of_promoters(0.48)?.and_detractors(0.24)?;
    let needed = shares.responses_for_margin(0.05, Confidence::P95)?;
    println!("for a margin of 5 points: {} responses", needed.responses);
    Ok(())
}

fn show(title: &str, difference: &Difference) {
    print!("{title}: {:+.1} points", difference.value);
    if let Ok(interval) = difference.interval {
        print!(" [{:+.1}, {:+.1}]", interval.lower, interval.upper);
    }
    match difference.p_value {
        Ok(p) => println!(", p = {p:.4} ({})", difference.method),
        Err(reason) => println!(", no p-value: {reason}"),
    }
}
