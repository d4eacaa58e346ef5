//! CSV to the three counts of the Net Promoter Score: a million rows with quoted comments, in memory.

use std::fmt::Write as _;
use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::State;
use cxo_core::survey::{Scale, Tally};
use cxo_csv::{DateFormat, Input, Load, Loaded, Options, ResponseColumns};

const ROWS: usize = 1_000_000;

/// Seven columns, about 60 bytes a row; one comment in three is quoted, with delimiters, doubled quotes or line breaks.
fn content() -> String {
    let comments = ["", "", "\"Good, fast\"", "\"We say \"\"ok\"\", fine\"", "\"Slow\nvery slow, sadly\"", "fine", ""];
    let channels = ["web", "store", "phone", "app", "email"];
    let stages = ["awareness", "purchase", "service", "loyalty"];
    let mut text = "response_id,customer,time,channel,stage,score,comment\n".to_owned();
    // A fixed linear congruential sequence: the same file on every run.
    let mut state = 1_u64;
    let mut pick = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for row in 0..ROWS {
        let (day, minute, score) = (pick(28) + 1, pick(60), pick(11));
        let (channel, stage) = (channels[pick(channels.len())], stages[pick(stages.len())]);
        let (customer, comment) = (pick(200_000), comments[pick(comments.len())]);
        writeln!(text, "{row},c{customer},2025-03-{day:02} 12:{minute:02},{channel},{stage},{score},{comment}")
            .unwrap_or_default();
    }
    text
}

fn fold(input: Input, columns: &ResponseColumns, threads: NonZeroUsize) -> Option<Loaded<Tally>> {
    let options = Options::default().threads(threads).date_format(DateFormat::YearFirst);
    let load = Load::new(input).options(options).fold_responses(
        columns,
        || Tally::new(Scale::NPS),
        |tally, response| tally.add(response.rating),
        |tally, other| tally.merge(&other),
    );
    load.ok()
}

fn csv_to_nps(c: &mut Criterion) {
    let text = content();
    let mut group = c.benchmark_group("csv");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
    let score = ResponseColumns::new("score", Scale::NPS);
    let cases = [
        ("scores", score.clone(), 1),
        ("scores, two threads", score.clone(), 2),
        ("by channel and stage", score.clone().by("channel").by("stage"), 1),
        ("with time", score.time("time"), 1),
    ];
    for (name, columns, threads) in cases {
        let threads = NonZeroUsize::MIN.saturating_add(threads - 1);
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || Input::text("memory", &text),
                |input| black_box(fold(input, &columns, threads)),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, csv_to_nps);
criterion_main!(benches);
