//! Satisfaction: the box decides the number, so the box is part of the answer.
//!
//! `cargo run --example csat`
use cxo_core::{
    Error,
    survey::{BoxRule, Csat, Scale, Tally, Vendor},
};

fn main() -> Result<(), Error> {
    // 107 answers from 1 (very unsatisfied) to 5 (very satisfied).
    let tally = Tally::from_counts(&[14, 9, 10, 32, 42], Scale::ONE_TO_FIVE)?;

    for rule in [BoxRule::Top(2), BoxRule::Top(1), BoxRule::Vendor(Vendor::Zendesk)] {
        let csat = Csat::default().rule(rule).ask(&tally)?;
        print!("{rule}: {} of {} satisfied, {:.1} %", csat.satisfied, csat.responses, 100.0 * csat.share.value);
        if let Ok(interval) = csat.share.interval {
            print!(" [{:.1}, {:.1}] ({})", 100.0 * interval.lower, 100.0 * interval.upper, interval.method);
        }
        println!();
    }

    if let Some(ratings) = Csat::default().ask(&tally)?.ratings {
        println!("mean {:.2}, bottom box {:.1} %", ratings.mean.value, 100.0 * ratings.dissatisfied_share.value);
        println!("net satisfaction {:.2}", ratings.net.value);
    }
    Ok(())
}
