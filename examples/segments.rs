//! By channel: small cells hidden so that they cannot be worked out, and each channel tested against the rest.
//!
//! `cargo run --example segments`
use cxo_core::{
    Confidence, Error,
    stats::suppression::Suppression,
    survey::{NpsMethod, Rating, Scale, Segments, Tally, VersusRest},
};

fn main() -> Result<(), Error> {
    let mut channels = Segments::new(Tally::new(Scale::NPS));
    for (channel, score, times) in [
        ("app", 9, 60),
        ("app", 6, 40),
        ("kiosk", 3, 3),
        ("phone", 9, 20),
        ("phone", 5, 60),
        ("store", 10, 9),
        ("web", 9, 70),
        ("web", 7, 30),
    ] {
        for _ in 0..times {
            channels.add(Some(channel), Rating::new(score, Scale::NPS)?)?;
        }
    }

    // Fewer than five responses are hidden, and so is one more channel: total minus the others would give it away.
    let sorted = channels.sorted();
    let counts: Vec<u64> = sorted.iter().map(|(_, tally)| tally.responses()).collect();
    let mut suppression = Suppression::new(5);
    let whole = suppression.total(counts.iter().sum());
    let cells = suppression.table(whole, &counts)?;
    let decisions = suppression.decide();
    let shown = |name: Option<&str>| {
        let position = sorted.iter().position(|(other, _)| Some(*other) == name);
        decisions.of(position.and_then(|position| cells.get(position).copied()).unwrap_or(whole))
    };

    for segment in channels.answers(shown, |tally| tally.nps()?.estimate(NpsMethod::Auto, Confidence::P95))? {
        let name = segment.name.as_deref().unwrap_or("all");
        match segment.answer {
            Ok(nps) => println!("{name:6} NPS {:4.0} from {}", nps.value, nps.n),
            Err(hidden) => println!("{name:6} {}", hidden.reason()),
        }
    }

    for channel in VersusRest::default().nps(&channels, |name| shown(Some(name)).is_ok())? {
        if let (Ok(difference), Ok(p)) = (channel.difference, channel.adjusted_p) {
            println!("{:6} against the rest: {:+.0} points, adjusted p = {p:.4}", channel.name, difference.value);
        }
    }
    Ok(())
}
