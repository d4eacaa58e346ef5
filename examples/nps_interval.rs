//! Every interval of an NPS side by side, on a comfortable and on an awkward sample.
//!
//! `cargo run --example nps_interval`
use cxo_core::{
    Confidence, Error,
    survey::{Nps, NpsMethod},
};

fn main() -> Result<(), Error> {
    let samples = [
        ("200 mixed responses", Nps { promoters: 100, passives: 60, detractors: 40 }),
        ("8 responses, all promoters", Nps { promoters: 8, passives: 0, detractors: 0 }),
    ];
    for (title, nps) in samples {
        println!("{title}: NPS {:.0}", nps.estimate(NpsMethod::Auto, Confidence::P95)?.value);
        for method in NpsMethod::ALL {
            match nps.estimate(method, Confidence::P95)?.interval {
                Ok(interval) => println!("  {:22} {:6.1} to {:6.1}", method.name(), interval.lower, interval.upper),
                Err(reason) => println!("  {:22} none: {reason}", method.name()),
            }
        }
    }
    // Eight promoters do not prove that everybody is one: Wald, t, Goodman and bootstrap say so, the default does not.
    Ok(())
}
