//! Our side of the comparison of lifetime value with other libraries: the same columns, one line of JSON for each piece of work.
//!
//! `clv.py` writes the columns and starts this with `--data DIRECTORY --cdnow FILE`; without them there is nothing to do, so
//! that a plain `cargo bench` passes.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use cxo_core::clv::{
    BgNbd, FitOptions, Fitted, GammaGamma, MbgNbd, ParetoNbd, PurchaseColumns, PurchaseModel, Summaries, Summary,
    SummaryOptions, Valuation,
};
use cxo_core::domain::Currency;

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

/// Sizes with their customers, by name.
type Sizes<'a> = [(&'a str, &'a Summaries)];

/// Fits, each held against the log-likelihood that lifetimes reached at its own parameters.
fn fits<M: PurchaseModel>(
    name: &str,
    sizes: &Sizes<'_>,
    theirs: &serde_json::Value,
    fit: impl Fn(&Summaries) -> Result<Fitted<M>, cxo_core::Error>,
) -> Result<(), Box<dyn Error>> {
    for (size, summaries) in sizes {
        let fitted = fit(summaries)?;
        let work = format!("{name} {size}");
        report(&work, || fit(black_box(summaries)));
        if let Some(parameters) = theirs[format!("{work} parameters")].as_array() {
            let parameters: Vec<f64> = parameters.iter().filter_map(serde_json::Value::as_f64).collect();
            let model = fitted.model().with_parameters(&parameters)?;
            let reached: f64 = summaries.iter().map(|(row, count)| count as f64 * model.log_likelihood_of(&row)).sum();
            let (ours, worse) = (fitted.log_likelihood(), fitted.log_likelihood() < reached - 1e-9 * reached.abs());
            println!("{{\"check\": \"{work}\", \"ours\": {ours}, \"theirs\": {reached}, \"worse\": {worse}}}");
        }
    }
    Ok(())
}

/// Ten million transactions to summaries, with what must agree: customers, repeat purchases, sums of recency and age.
fn log(directory: &Path) -> Result<(), Box<dyn Error>> {
    let read = |name: &str| std::fs::read(directory.join(format!("clv-{name}")));
    let customers: Vec<u32> = read("id.u32")?.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let days: Vec<i32> = read("day.i32")?.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect();
    let cents: Vec<i64> = read("cents.i64")?.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
    let columns = PurchaseColumns::of_days(&customers, &days)?.amounts(&cents, Currency::iso("EUR")?)?;
    let options = SummaryOptions::default();
    report("log", || black_box(columns).summaries(&options));
    let found = columns.summaries(&options)?;
    let (mut repeats, mut recency, mut age) = (0_u64, 0.0, 0.0);
    for (summary, _) in found.summaries().iter() {
        repeats += u64::from(summary.frequency());
        recency += summary.recency();
        age += summary.age();
    }
    println!("{{\"check\": \"log\", \"found\": [{}, {repeats}, {recency:?}, {age:?}]}}", found.len());
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
    let theirs = std::fs::read_to_string(directory.join("clv-theirs.json")).unwrap_or_else(|_| "{}".to_owned());
    let theirs = serde_json::from_str(&theirs)?;
    let many = many(directory)?;
    let some: Summaries = many.iter().take(SOME).map(|(summary, _)| summary).collect();
    let small = std::fs::read_to_string(cdnow)?;
    let small = small.lines().skip(1).map(|line| -> Result<Summary, Box<dyn Error>> {
        let cells = line.split(',').skip(1).take(3).map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        let &[x, t_x, age] = cells.as_slice() else { return Err("three numbers in each line".into()) };
        Ok(Summary::from_number(x, t_x, age)?)
    });
    let small = small.collect::<Result<Summaries, _>>()?;
    let options = FitOptions::default();
    let two: &Sizes<'_> = &[("cdnow", &small), ("many", &many)];
    let three: &Sizes<'_> = &[("cdnow", &small), ("some", &some), ("many", &many)];
    fits("bg-nbd", two, &theirs, |rows| BgNbd::fit(rows, &options))?;
    fits("mbg-nbd", two, &theirs, |rows| MbgNbd::fit(rows, &options))?;
    fits("pareto-nbd", three, &theirs, |rows| ParetoNbd::fit(rows, &options))?;
    let (bg, pareto) = (BgNbd::fit(&small, &options)?, ParetoNbd::fit(&small, &options)?);
    let spend = GammaGamma::fit(&many, &options)?.fitted;
    report("gamma-gamma many", || GammaGamma::fit(black_box(&many), &options));
    score("bg-nbd", bg.model(), &many);
    score("pareto-nbd", pareto.model(), &many);
    let year = Valuation::default().period(Valuation::MONTH_IN_WEEKS)?;
    report("value", || year.clvs(bg.model(), spend.model(), black_box(&many)));
    log(directory)
}

/// The customers that `clv.py` drew.
fn many(directory: &Path) -> Result<Summaries, Box<dyn Error>> {
    let [x, t_x, age, mean] = ["x", "t_x", "T", "mean"].map(|name| column(directory, name));
    let (x, t_x, age, mean) = (x?, t_x?, age?, mean?);
    let rows = x.iter().zip(&t_x).zip(age.iter().zip(&mean));
    let summaries =
        rows.map(|((&x, &t_x), (&age, &mean))| Summary::from_number(x, t_x, age)?.with_monetary_value(mean));
    Ok(summaries.collect::<Result<Summaries, _>>()?)
}

/// P(alive) and the expected purchases of 39 weeks.
fn score(name: &str, model: &impl PurchaseModel, summaries: &Summaries) {
    report(&format!("score {name}"), || model.expectations(black_box(summaries), 39.0));
}
