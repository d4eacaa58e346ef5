//! From an export to a document: CSV in, one state a channel, JSON out.
//!
//! `cargo run --example csv_to_score`
use cxo_core::{
    Confidence, Error, State,
    survey::{NpsMethod, Scale, Segments, Tally},
};
use cxo_csv::{Input, Load, ResponseColumns};
use cxo_json::{Document, Entry, NpsDocument};

const EXPORT: &str = "\
channel,score,comment
web,9,\"quick, friendly\"
web,10,
phone,3,\"waited
40 minutes\"
phone,11,one click too many
web,,
phone,8,\"they said \"\"tomorrow\"\"\"
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Rows are folded as they are read: memory does not grow with the file.
    let loaded = Load::new(Input::text("export.csv", EXPORT)).fold_responses(
        &ResponseColumns::new("score", Scale::NPS).by("channel"),
        || Segments::new(Tally::new(Scale::NPS)),
        |channels, response| channels.add(response.segments.first().copied(), response.rating),
        |channels, others| channels.merge(&others),
    )?;
    for reason in &loaded.report.reasons {
        eprintln!("{} row(s) rejected: {}", reason.count, reason.reason);
    }

    let ask = |tally: &Tally| -> Result<_, Error> { tally.nps()?.result(NpsMethod::Auto, Confidence::P95) };
    let results = loaded.value.answers(|_| Ok(()), ask)?;
    let mut document = NpsDocument::new(Scale::NPS.to_string(), results.iter().map(Entry::from).collect());
    document.load = Some(loaded.report);
    println!("{}", document.to_json());
    Ok(())
}
