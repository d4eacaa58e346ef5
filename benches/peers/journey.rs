//! Our side of the comparison of journeys with other tools: the same log and the same paths, one line of JSON for each piece of work.
//!
//! `journey.py` writes the data and starts this with `--data DIRECTORY` and `--paths FILE`; without them there is nothing to do, so
//! that a plain `cargo bench` passes.

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use cxo_core::journey::{AttributionModel, EventLog, Funnel, JourneyOptions, Journeys};
use cxo_csv::{EventColumns, Input, Load, Options, PathColumns};

/// The steps of the funnel, as in `journey.py`.
const STEPS: [&str; 5] = ["home", "search", "product", "cart", "checkout"];
/// Its window: half an hour.
const WINDOW: i64 = 30 * 60_000_000;

/// CPU time of this thread, as Linux counts it, to the last tick.
fn cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// The shortest of several runs: of long ones the CPU time, as the peers' is.
fn report<T>(work: &str, mut run: impl FnMut() -> T) {
    let (start, mut best, mut runs) = (Instant::now(), Duration::MAX, 0);
    while runs < 5 || (runs < 100 && start.elapsed() < Duration::from_secs(2)) {
        let (before, used) = (Instant::now(), cpu());
        black_box(run());
        let (elapsed, used) = (before.elapsed(), cpu().zip(used).map(|(after, before)| after.saturating_sub(before)));
        best = best.min(if elapsed.as_millis() < 50 { elapsed } else { used.unwrap_or(elapsed) });
        runs += 1;
    }
    println!("{{\"work\": \"{work}\", \"seconds\": {:e}}}", best.as_secs_f64());
}

/// What must agree with the peers.
fn check(what: &str, value: impl std::fmt::Debug) {
    println!("{{\"check\": \"{what}\", \"value\": {value:?}}}");
}

/// The most memory that this process had, in MiB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

fn funnel() -> Result<Funnel, cxo_core::Error> {
    Funnel::new(STEPS)?.window(WINDOW)
}

fn read(path: &Path) -> Result<EventLog, Box<dyn Error>> {
    let columns = EventColumns::default().journey("case").touchpoint("activity").time("time");
    let options = Options::default().threads(NonZeroUsize::MIN);
    Ok(Load::new(Input::path(path)).options(options).events(&columns)?.value)
}

/// Map, variants and funnel.
fn all(journeys: &Journeys<'_>) -> Result<(usize, usize, u64), Box<dyn Error>> {
    let (map, variants, passage) = (journeys.map(), journeys.variants(), journeys.funnel(&funnel()?)?);
    Ok((map.edges.len(), variants.len(), passage.journeys))
}

fn log(directory: &Path) -> Result<(), Box<dyn Error>> {
    let path = directory.join("log.csv");
    let whole = || -> Result<_, Box<dyn Error>> { all(&read(&path)?.journeys(&JourneyOptions::default())?) };
    whole()?;
    check("peak", peak()?);
    report("csv", || whole().ok());
    report("read", || read(&path).ok());
    let log = read(&path)?;
    let options = JourneyOptions::default();
    report("order", || log.journeys(&options).map(|journeys| journeys.len()));
    let journeys = log.journeys(&options)?;
    report("map", || black_box(&journeys).map());
    report("graph", || black_box(&journeys).flow());
    report("variants", || black_box(&journeys).variants().len());
    let funnel = funnel()?;
    report("funnel", || black_box(&journeys).funnel(&funnel));
    let flow = journeys.flow();
    check("edges", flow.iter().count());
    check("steps", flow.iter().map(|(.., count)| count).sum::<u64>());
    let variants = journeys.variants();
    check("ways", variants.len());
    check("most", variants.iter().next().map_or(0, |variant| variant.count));
    let passage = journeys.funnel(&funnel)?;
    check("reached", passage.steps.iter().map(|step| step.reached).collect::<Vec<_>>());
    Ok(())
}

fn attribution(path: &Path) -> Result<(), Box<dyn Error>> {
    let columns = PathColumns::new("path", "total_conversions").nulls("total_null");
    let paths = Load::new(Input::path(path)).paths(&columns)?.value;
    report("removal", || black_box(&paths).attribution(AttributionModel::Markov, 1));
    let attribution = paths.attribution(AttributionModel::Markov, 1)?;
    for credit in &attribution.channels {
        let removal = credit.removal_effect.unwrap_or_default();
        println!("{{\"channel\": {:?}, \"removal\": {removal:?}}}", credit.channel);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let given = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1).map(Path::new);
    if let Some(directory) = given("--data") {
        log(directory)?;
    }
    given("--paths").map_or(Ok(()), attribution)
}
