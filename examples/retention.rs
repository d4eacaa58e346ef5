//! How long do subscribers stay? A curve of seven years projected to twelve (Fader and Hardie 2007).
//!
//! `cargo run --example retention`
use cxo_core::clv::{FitOptions, Rate, RetentionModel, Sbg, Survivors};

fn main() -> Result<(), cxo_core::Error> {
    let seen = [1000, 869, 743, 653, 593, 551, 517, 491];
    let fitted = Sbg::fit(&Survivors::from_counts(&seen)?, &FitOptions::default())?;
    let model = fitted.model();
    println!("year  still there  of the year before");
    for year in 1..=12 {
        let mark = if seen.get(year as usize).is_some() { "" } else { "  projected" };
        println!("{year:>4}  {:>11.3}  {:>18.3}{mark}", model.survival(year), model.retention(year));
    }
    // Retention rises although nobody becomes more loyal: those who were likely to leave have left.
    let value = model.discounted_residual_lifetime(7, Rate::effective(0.1, 1.0)?);
    println!("after year 7 a subscriber pays {value:.1} more times, discounted at 10 % a year");
    Ok(())
}
