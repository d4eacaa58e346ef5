//! Our side of the comparison with other libraries: the same columns, one line of JSON for each piece of work.
//!
//! `peers.py` writes the columns and starts this with `--data DIRECTORY`; without it there is nothing to do, so that a
//! plain `cargo bench` passes.
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use cxo_core::{
    Confidence,
    survey::{Nps, NpsMethod, NpsResult, Scale, Segment, Tally},
};
use cxo_json::{Entry, Lines, NpsRow};

/// Counts what is written, and keeps nothing.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The shortest of many runs, in seconds for one of `times` calls a run.
fn report<T>(work: &str, times: u32, mut run: impl FnMut() -> T) {
    let start = Instant::now();
    let mut best = Duration::MAX;
    let mut runs = 0;
    while runs < 5 || start.elapsed() < Duration::from_secs(2) {
        let before = Instant::now();
        for _ in 0..times {
            black_box(run());
        }
        best = best.min(before.elapsed());
        runs += 1;
    }
    println!("{{\"work\": \"{work}\", \"seconds\": {:e}}}", best.as_secs_f64() / f64::from(times));
}

fn columns(directory: &Path) -> Result<(), Box<dyn Error>> {
    let scores = std::fs::read(directory.join("scores.u8"))?;
    let keys: Vec<u32> = std::fs::read(directory.join("keys.u32"))?
        .chunks_exact(4)
        .map(|bytes| bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte)))
        .collect();
    let segments = keys.iter().max().map_or(0, |last| *last as usize + 1);
    let ten_times = scores.repeat(10);
    // Asked once outside the clock: what is timed has an answer.
    println!("{{\"work\": \"check\", \"counts\": {:?}}}", Tally::from_scores(&scores, Scale::NPS)?.counts());
    Nps::by_segment(&keys, &scores, segments)?;
    report("nps", 1, || Nps::from_scores(black_box(&scores)));
    report("nps-10x", 1, || Nps::from_scores(black_box(&ten_times)));
    report("tally", 1, || Tally::from_scores(black_box(&scores), Scale::NPS));
    report("segments", 1, || Nps::by_segment(black_box(&keys), black_box(&scores), segments));
    Ok(())
}

fn intervals() {
    let nps = Nps { promoters: 4_200, passives: 3_100, detractors: 2_700 };
    report("bootstrap", 1, || black_box(&nps).estimate(NpsMethod::BootstrapPercentile, Confidence::P95));
    report("adjusted-wald", 100_000, || black_box(&nps).estimate(NpsMethod::AdjustedWald, black_box(Confidence::P95)));
}

fn json_lines() -> Result<(), Box<dyn Error>> {
    let rows = (0..1_000_000_u64).map(|row| {
        let nps = Nps { promoters: 50 + row % 977, passives: 20 + row % 89, detractors: 10 + row % 311 };
        let answer: NpsResult = nps.result(NpsMethod::Auto, Confidence::P95)?;
        Ok(Entry::from(&Segment { name: Some(format!("segment {row}")), answer: Ok(answer) }))
    });
    let rows = rows.collect::<Result<Vec<Entry<NpsRow>>, cxo_core::Error>>()?;
    let write = || -> io::Result<u64> {
        let mut lines = Lines::new(Counter(0));
        rows.iter().try_for_each(|row| lines.write(row))?;
        Ok(lines.finish()?.0)
    };
    println!("{{\"work\": \"check-lines\", \"bytes\": {}}}", write()?);
    report("json-lines", 1, write);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(place) = arguments.iter().position(|argument| argument == "--data") else {
        return Ok(());
    };
    let directory = arguments.get(place + 1).ok_or("--data needs a directory")?;
    columns(Path::new(directory))?;
    intervals();
    json_lines()
}
