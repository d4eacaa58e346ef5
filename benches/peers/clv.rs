//! Our side of the comparison of lifetime value with other libraries: the same columns, one line of JSON for each piece of work.
//!
//! `clv.py` writes the columns and starts this with `--data DIRECTORY --cdnow FILE`; without them there is nothing to do, so
//! that a plain `cargo bench` passes.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use cxo_core::clv::{BgNbd, FitOptions, Fitted, MbgNbd, Model, ParetoNbd, PurchaseModel, Summaries, Summary};

/// Customers of the middle size.
const SOME: usize = 100_000;

/// The shortest of several runs.
fn report<T>(work: &str, mut run: impl FnMut() -> T) {
    let (start, mut best, mut runs) = (Instant::now(), Duration::MAX, 0);
    while runs < 5 || start.elapsed() < Duration::from_secs(1) {
        let before = Instant::now();
        black_box(run());
        best = best.min(before.elapsed());
        runs += 1;
    }
    println!("{{\"work\": \"{work}\", \"seconds\": {:e}}}", best.as_secs_f64());
}

fn fits<M: Model>(
    name: &str,
    sizes: &[(&str, &Summaries)],
    fit: impl Fn(&Summaries) -> Result<Fitted<M>, cxo_core::Error>,
) -> Result<(), Box<dyn Error>> {
    for (size, summaries) in sizes {
        let fitted = fit(summaries)?;
        eprintln!("{name} {size} {:?} {}", fitted.model().parameters(), fitted.iterations());
        report(&format!("{name} {size}"), || fit(black_box(summaries)));
    }
    Ok(())
}

fn column(directory: &Path, name: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let bytes = std::fs::read(directory.join(format!("clv-{name}.f64")))?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let (Some(directory), Some(cdnow)) = (option("--data"), option("--cdnow")) else { return Ok(()) };
    let directory = Path::new(directory);
    let columns = ["x", "t_x", "T"].map(|name| column(directory, name));
    let [x, t_x, age] = columns;
    let (x, t_x, age) = (x?, t_x?, age?);
    let summaries = x.iter().zip(&t_x).zip(&age).map(|((x, t_x), age)| Summary::from_number(*x, *t_x, *age));
    let many: Summaries = summaries.collect::<Result<Vec<_>, _>>()?.into_iter().collect();
    let some: Summaries = many.iter().take(SOME).map(|(summary, _)| summary).collect();
    let small = std::fs::read_to_string(cdnow)?;
    let small = small.lines().skip(1).map(|line| -> Result<Summary, Box<dyn Error>> {
        let cells = line.split(',').skip(1).take(3).map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        let &[x, t_x, age] = cells.as_slice() else { return Err("three numbers in each line".into()) };
        Ok(Summary::from_number(x, t_x, age)?)
    });
    let small = small.collect::<Result<Vec<_>, _>>()?.into_iter().collect::<Summaries>();
    let options = FitOptions::default();
    fits("bg-nbd", &[("cdnow", &small), ("many", &many)], |rows| BgNbd::fit(rows, &options))?;
    fits("mbg-nbd", &[("cdnow", &small), ("many", &many)], |rows| MbgNbd::fit(rows, &options))?;
    fits("pareto-nbd", &[("cdnow", &small), ("some", &some), ("many", &many)], |rows| ParetoNbd::fit(rows, &options))?;
    score("bg-nbd", BgNbd::fit(&small, &options)?.model(), &many);
    score("pareto-nbd", ParetoNbd::fit(&small, &options)?.model(), &many);
    Ok(())
}

/// P(alive) and the expected purchases of 39 weeks.
fn score(name: &str, model: &impl PurchaseModel, summaries: &Summaries) {
    report(&format!("score {name}"), || {
        let mut sums = [0.0; 2];
        for (summary, _) in summaries.iter() {
            let outlook = model.outlook(&summary);
            sums[0] += outlook.probability_alive();
            sums[1] += outlook.expected_purchases(39.0).unwrap_or_default();
        }
        sums
    });
}
