//! How fast results of many rows become JSON Lines: a million segments, 250 bytes each.
#![allow(missing_docs)]

use std::{hint::black_box, io};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cxo_core::{
    Confidence,
    survey::{Nps, NpsMethod},
};
use cxo_json::{Entry, Lines, NpsRow};

/// A writer that only counts, so that the figure is that of the serialiser.
#[derive(Default)]
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn rows(count: u64) -> Vec<Entry<NpsRow>> {
    (0..count)
        .filter_map(|row| {
            let nps = Nps { promoters: row % 977 + 1, passives: row % 313, detractors: row % 571 };
            let result = nps.result(NpsMethod::AdjustedWald, Confidence::P95).ok()?;
            Some(Entry { segment: Some(format!("segment {row}")), outcome: Ok(NpsRow::from(&result)) })
        })
        .collect()
}

fn lines(rows: &[Entry<NpsRow>]) -> io::Result<u64> {
    let mut lines = Lines::new(Counted::default());
    for row in rows {
        lines.write(row)?;
    }
    Ok(lines.finish()?.0)
}

fn json_lines(criterion: &mut Criterion) {
    let rows = rows(1_000_000);
    let mut group = criterion.benchmark_group("json");
    group.sample_size(10).throughput(Throughput::Bytes(lines(&rows).unwrap_or_default()));
    group.bench_function("nps-rows-to-json-lines/1M", |bencher| bencher.iter(|| lines(black_box(&rows))));
    group.finish();
}

criterion_group!(benches, json_lines);
criterion_main!(benches);
