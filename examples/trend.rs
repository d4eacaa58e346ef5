//! By month, and why the score changed: another mix of channels, or other scores within them.
//!
//! `cargo run --example trend`
use chrono::Utc;
use cxo_core::{
    Confidence, Error,
    domain::{Day, Period, Timestamp},
    survey::{NpsDecomposition, NpsMethod, Rating, Scale, Segments, Tally, Trend},
};

fn main() -> Result<(), Error> {
    let mut trend = Trend::new(Period::Month, Utc, Tally::new(Scale::NPS));
    let mut before = Segments::new(Tally::new(Scale::NPS));
    let mut after = before.clone();
    // Month, channel, score and how many gave it. The phone stays as it was; more customers use it.
    for (month, channel, score, times) in [
        (1, "phone", 5, 10),
        (1, "web", 9, 60),
        (1, "web", 6, 30),
        (2, "phone", 5, 40),
        (2, "web", 9, 40),
        (2, "web", 6, 20),
    ] {
        let day = Day::from_date(chrono::NaiveDate::from_ymd_opt(2026, month, 15).unwrap_or_default());
        let rating = Rating::new(score, Scale::NPS)?;
        for _ in 0..times {
            trend.add(Timestamp::from(day), rating)?;
            if month == 1 { &mut before } else { &mut after }.add(Some(channel), rating)?;
        }
    }

    for point in trend.answers(None, |tally| tally.nps()?.estimate(NpsMethod::Auto, Confidence::P95))? {
        match point.answer {
            Ok(nps) => println!("{} NPS {:4.0} from {}", point.label, nps.value, nps.n),
            Err(error) => println!("{} {error}", point.label),
        }
    }

    let change = NpsDecomposition::of(&before, &after, Confidence::P95)?;
    println!("{:+.0} points: mix {:+.0}, rate {:+.0}", change.change.value, change.mix, change.rate);
    for part in change.parts {
        let name = part.name.as_deref().unwrap_or("no channel");
        println!("  {name:10} mix {:+6.1}  rate {:+6.1}", part.mix, part.rate);
    }
    Ok(())
}
