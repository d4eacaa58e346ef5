//! Responses counted by segment and by period in one pass, and a question asked of every group that may be shown.

use cxo_core::{
    Error, State,
    domain::{Day, LoadReport, Period, Scale},
    stats::suppression::{Suppressed, Suppression},
    survey::{Segment, Segments, Tally, Trend},
};
use cxo_csv::Response;

use crate::{
    failure::Failure,
    source::{Layout, Source},
};

/// The responses of one file.
#[derive(Debug)]
pub(crate) struct Groups {
    counts: Counts,
    /// What became of the rows.
    pub(crate) load: LoadReport,
}

#[derive(Debug, Clone)]
struct Counts {
    segments: Segments<Tally>,
    trend: Option<Trend<Tally, chrono_tz::Tz>>,
    /// The joined segment of the row at hand, kept to save an allocation a row.
    name: String,
}

/// The answers for all responses and each segment, and for each period.
#[derive(Debug)]
pub(crate) struct Answers<T> {
    pub(crate) segments: Vec<Segment<T>>,
    pub(crate) trend: Vec<(Period, Day, Result<T, Suppressed>)>,
}

/// What stands between the values of several `--by` columns.
const JOINT: &str = " / ";

impl Counts {
    fn new(layout: &Layout, scale: Scale) -> Self {
        let empty = Tally::new(scale);
        let trend = layout.period.map(|period| Trend::new(period, layout.zone, empty));
        Self { segments: Segments::new(empty), trend, name: String::new() }
    }

    fn add(&mut self, response: &Response<'_>) -> Result<(), Error> {
        let name = match response.segments {
            [] => None,
            [one] => Some(*one),
            several => {
                self.name.clear();
                for (place, part) in several.iter().enumerate() {
                    self.name.push_str(if place == 0 { "" } else { JOINT });
                    self.name.push_str(part);
                }
                Some(self.name.as_str())
            }
        };
        self.segments.state_of(name)?.add(response.rating)?;
        if let (Some(trend), Some(time)) = (&mut self.trend, response.time) {
            trend.state_at(time)?.add(response.rating)?;
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.segments.merge(&other.segments)?;
        match (&mut self.trend, &other.trend) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            _ => Ok(()),
        }
    }
}

impl Groups {
    /// Reads a file.
    pub(crate) fn read(source: Source, scale: Scale) -> Result<Self, Failure> {
        let layout = source.layout.clone();
        let file = source.file().to_owned();
        let loaded = source.fold(|| Counts::new(&layout, scale), Counts::add, |counts, other| counts.merge(&other))?;
        let load = loaded.report;
        if load.accepted == 0 {
            return Err(Failure::data("no-data", nothing_accepted(&file.display().to_string(), &load)).in_file(&file));
        }
        Ok(Self { counts: loaded.value, load })
    }

    /// Asks every group that may be shown. The question is told the smallest number of responses that is shown.
    pub(crate) fn ask<T>(
        &self,
        min_responses: u64,
        question: impl Fn(&Tally, u64) -> Result<T, Error>,
    ) -> Result<Answers<T>, Error> {
        let all = self.counts.segments.all()?;
        let segments = self.counts.segments.sorted();
        let periods: Vec<(Day, &Tally)> = self.counts.trend.iter().flat_map(Trend::sorted).collect();
        let mut cells = Suppression::new(min_responses);
        let whole = cells.total(all.responses());
        let sizes: Vec<u64> = segments.iter().map(|(_, tally)| tally.responses()).collect();
        let segment_cells = cells.table(whole, &sizes)?;
        let sizes: Vec<u64> = periods.iter().map(|(_, tally)| tally.responses()).collect();
        let period_cells = cells.table(whole, &sizes)?;
        let decisions = cells.decide();

        let shown = |cell| decisions.of(cell);
        let sized = segments.iter().map(|(_, tally)| *tally).zip(&segment_cells);
        let sized = sized.chain(periods.iter().map(|(_, tally)| *tally).zip(&period_cells)).chain([(&all, &whole)]);
        let smallest = sized.filter(|(_, cell)| shown(**cell).is_ok()).map(|(tally, _)| tally.responses()).min();
        let ask = |tally: &Tally, cell| match shown(cell) {
            Ok(()) => question(tally, smallest.unwrap_or_default()).map(Ok),
            Err(reason) => Ok(Err(reason)),
        };

        let mut answers = vec![Segment { name: None, answer: ask(&all, whole)? }];
        for ((name, tally), cell) in segments.iter().zip(segment_cells) {
            answers.push(Segment { name: Some((*name).to_owned()), answer: ask(tally, cell)? });
        }
        let mut trend = Vec::with_capacity(periods.len());
        for ((start, tally), cell) in periods.iter().zip(period_cells) {
            let period = self.counts.trend.as_ref().map_or(Period::Day, Trend::period);
            trend.push((period, *start, ask(tally, cell)?));
        }
        Ok(Answers { segments: answers, trend })
    }
}

fn nothing_accepted(file: &str, load: &LoadReport) -> String {
    let LoadReport { rows, blank, rejected, skipped, .. } = load;
    let first = load.reasons.first().map(|reason| format!(" ({})", reason.reason)).unwrap_or_default();
    format!("{file}: no rating in {rows} rows: {blank} blank, {rejected} rejected{first}, {skipped} skipped")
}
