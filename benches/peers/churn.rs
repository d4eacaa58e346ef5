//! Our side of the comparison of churn with other libraries: the same columns, one line of JSON for each piece of work.
//!
//! `churn.py` writes the columns and starts this with `--data DIRECTORY`; without it there is nothing to do, so that a plain
//! `cargo bench` passes.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use cxo_core::Confidence;
use cxo_core::churn::concordance::concordance;
use cxo_core::churn::cox::{Cox, CoxOptions, CoxRows};
use cxo_core::churn::evaluation::{AucInterval, Ranking};
use cxo_core::churn::logistic::{Logistic, LogisticOptions, Outcomes};
use cxo_core::churn::risk::{Column, Limits, Table, Target, TrainOptions, Value, train};
use cxo_core::churn::survival::{EventTable, SurvivalOptions};
use cxo_core::churn::{Durations, Features};

/// The shortest of several runs, each of so many repetitions.
fn report<T>(work: &str, repetitions: u32, mut run: impl FnMut() -> T) {
    let (start, mut best, mut runs) = (Instant::now(), Duration::MAX, 0);
    while runs < 5 || start.elapsed() < Duration::from_secs(1) {
        let before = Instant::now();
        for _ in 0..repetitions {
            black_box(run());
        }
        best = best.min(before.elapsed());
        runs += 1;
    }
    println!("{{\"work\": \"{work}\", \"seconds\": {:e}}}", best.as_secs_f64() / f64::from(repetitions));
}

/// What must agree with the peers.
fn check(what: &str, value: f64) {
    println!("{{\"check\": \"{what}\", \"value\": {value:?}}}");
}

/// A set of columns that `churn.py` wrote.
struct Data {
    events: Vec<bool>,
    times: Option<Vec<f64>>,
    features: Features,
}

fn numbers(path: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

fn read(directory: &Path, name: &str) -> Result<Data, Box<dyn Error>> {
    let part = |part: &str| directory.join(format!("{name}-{part}.f64"));
    let events: Vec<bool> = numbers(&part("event"))?.into_iter().map(|event| event > 0.0).collect();
    let times = part("time").exists().then(|| numbers(&part("time"))).transpose()?;
    let columns = numbers(&part("columns"))?;
    let columns = columns.chunks(events.len()).enumerate().map(|(at, column)| (format!("x{at}"), column.to_vec()));
    let features = Features::new(columns.collect())?;
    Ok(Data { events, times, features })
}

fn logistic(directory: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let Data { events, features, .. } = read(directory, &format!("logistic-{name}"))?;
    let (outcomes, options) = (Outcomes::new(events)?, LogisticOptions::default());
    let fit = Logistic::fit(&features, &outcomes, &options)?;
    check(&format!("logistic {name} likelihood"), fit.log_likelihood());
    report(&format!("logistic {name}"), 1, || {
        Logistic::fit(black_box(&features), &outcomes, &options).map(|fit| fit.coefficients(Confidence::P95))
    });
    Ok(())
}

/// A trained model scores a million rows, and one with reasons.
fn scoring(directory: &Path) -> Result<(), Box<dyn Error>> {
    let Data { events, features, .. } = read(directory, "logistic-many")?;
    let columns = features.names().iter().zip(features.columns());
    let inputs: Vec<_> = columns.map(|(name, column)| (name.clone(), Column::numbers(column.clone()))).collect();
    let few: Vec<usize> = (0..20_000.min(events.len())).collect();
    let target = events.iter().map(|event| Some(if *event { "yes" } else { "no" }));
    let mut with_target = inputs.clone();
    with_target.push(("left".to_owned(), Column::texts(target)));
    let model = train(&Table::new(with_target)?.subset(&few)?, &Target::churn("left"), &TrainOptions::default())?.model;
    let table = Table::new(inputs)?;
    let row: Vec<Value<'_>> =
        features.columns().iter().map(|column| Value::from(column.first().copied().unwrap_or_default())).collect();
    let mut contributions = vec![0.0; row.len()];
    report("score one", 10_000, || model.explain(black_box(&row), &Limits::OMITTED, &mut contributions));
    report("score many", 1, || model.scores(black_box(&table), &Limits::OMITTED));
    Ok(())
}

fn survival(directory: &Path) -> Result<(), Box<dyn Error>> {
    for name in ["telco", "some", "many"] {
        let Data { events, times, features } = read(directory, &format!("cox-{name}"))?;
        let durations = Durations::new(times.ok_or("durations")?, events)?;
        let options = CoxOptions::default();
        let rows = CoxRows::new(&durations, &features)?;
        let fit = Cox::fit(&rows, &options)?;
        check(&format!("cox {name} likelihood"), fit.log_likelihood());
        report(&format!("cox {name}"), 1, || Cox::fit(black_box(&rows), &options));
        if name == "some" {
            let column = |at: usize| features.columns().get(at).map_or(&[][..], Vec::as_slice);
            let risk: Vec<f64> = column(0).iter().zip(column(3)).map(|(x, y)| x + y).collect();
            check("concordance value", concordance(&durations, &risk, Confidence::P95)?.estimate.value);
            report("concordance", 1, || concordance(black_box(&durations), &risk, Confidence::P95));
        }
        if name == "many" {
            let options = SurvivalOptions::default();
            let curve = |durations: &Durations| -> Result<f64, cxo_core::Error> {
                let table = EventTable::from_durations(durations)?;
                let curve = table.kaplan_meier(&options)?;
                // Each point with its interval.
                Ok(curve.points().map(|point| point.interval.map_or(point.survival, |_| point.survival)).sum())
            };
            check("kaplan-meier sum", curve(&durations)?);
            report("kaplan-meier", 1, || curve(black_box(&durations)));
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(directory) = arguments.iter().skip_while(|argument| *argument != "--data").nth(1) else { return Ok(()) };
    let directory = Path::new(directory);
    logistic(directory, "telco")?;
    logistic(directory, "many")?;
    survival(directory)?;
    let events: Vec<bool> = numbers(&directory.join("logistic-many-event.f64"))?.into_iter().map(|x| x > 0.0).collect();
    let scores = numbers(&directory.join("scores.f64"))?;
    let auc = || Ranking::new(black_box(&events), &scores)?.auc(AucInterval::Wald, Confidence::P95);
    check("auc value", auc()?.value);
    report("auc", 1, auc);
    scoring(directory)
}
