//! Responses counted by segment and by period in one pass, and a question asked of every group that may be shown.

use cxo_core::{
    Error, State,
    domain::{Day, LoadReport, Period, Scale},
    stats::suppression::{Decisions, Suppressed, Suppression},
    survey::{Respondents, Segment, Segments, Tally, Trend},
};
use cxo_csv::Response;

use crate::{
    failure::Failure,
    ratings::{Answer, Ratings},
    source::{Layout, Source},
};

/// The responses of one file.
#[derive(Debug)]
pub(crate) struct Groups {
    counts: Counts,
    /// Whether the responses have weights.
    pub(crate) weighted: bool,
    /// What became of the rows.
    pub(crate) load: LoadReport,
}

/// All responses, and those of each segment and period. All are counted beside the segments, not summed from them: a
/// customer may be in several, and states keyed by customer cannot be merged then.
#[derive(Debug, Clone)]
struct Counts {
    all: Ratings,
    segments: Segments<Ratings>,
    trend: Option<Trend<Ratings, chrono_tz::Tz>>,
    /// The joined segment of the row at hand, kept to save an allocation a row.
    name: String,
}

/// The answers for all responses and each segment, and for each period.
#[derive(Debug)]
pub(crate) struct Answers<T> {
    pub(crate) segments: Vec<Segment<T>>,
    pub(crate) trend: Vec<(Period, Day, Result<T, Suppressed>)>,
    /// Who gave the responses.
    pub(crate) respondents: Respondents,
}

/// What stands between the values of several `--by` columns.
pub(crate) const JOINT: &str = " / ";

impl Counts {
    fn new(layout: &Layout, scale: Scale) -> Self {
        let empty = Ratings::new(scale, layout.knowledge);
        let trend = layout.period.map(|period| Trend::new(period, layout.zone, empty.clone()));
        Self { all: empty.clone(), segments: Segments::new(empty), trend, name: String::new() }
    }

    fn add(&mut self, response: &Response<'_>) -> Result<(), Error> {
        self.all.add(response)?;
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
        if name.is_some() {
            self.segments.state_of(name)?.add(response)?;
        }
        if let (Some(trend), Some(time)) = (&mut self.trend, response.time) {
            trend.state_at(time)?.add(response)?;
        }
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.all.merge(&other.all)?;
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
        Ok(Self { counts: loaded.value, weighted: layout.weighted, load })
    }

    /// Asks every group that may be shown. The question is told the smallest number of responses that is shown.
    pub(crate) fn ask<T>(
        &self,
        min_responses: u64,
        question: impl Fn(&Ratings, u64) -> Result<Answer<T>, Error>,
    ) -> Result<Answers<T>, Error> {
        let Counts { all, segments, trend, .. } = &self.counts;
        let segments = segments.sorted();
        let period = trend.as_ref().map_or(Period::Day, Trend::period);
        let periods: Vec<(Day, &Ratings)> = trend.iter().flat_map(Trend::sorted).collect();
        let cells = Cells::decide(min_responses, all, [&ratings(&segments), &ratings(&periods)])?;
        let ask = |ratings: &Ratings, shown: Result<(), Suppressed>| match shown {
            Ok(()) => question(ratings, cells.smallest).map(Ok),
            Err(reason) => Ok(Err(reason)),
        };

        let whole = ask(all, cells.whole)?;
        let respondents = whole.as_ref().map_or(Respondents::Unknown, |answer| answer.respondents);
        let result = |answer: Result<Answer<T>, Suppressed>| answer.map(|answer| answer.result);
        let mut answers = vec![Segment { name: None, answer: result(whole) }];
        let [of_segments, of_periods] = &cells.parts;
        for ((name, ratings), shown) in segments.into_iter().zip(of_segments) {
            answers.push(Segment { name: Some(name.to_owned()), answer: result(ask(ratings, *shown)?) });
        }
        let mut trend = Vec::with_capacity(periods.len());
        for ((start, ratings), shown) in periods.into_iter().zip(of_periods) {
            trend.push((period, start, result(ask(ratings, *shown)?)));
        }
        Ok(Answers { segments: answers, trend, respondents })
    }

    /// The tallies of the segments, where responses are neither weighted nor keyed; comparisons are defined on those.
    pub(crate) fn tallies(&self) -> Result<Option<Segments<Tally>>, Error> {
        let Ratings::Plain(all) = &self.counts.all else { return Ok(None) };
        let mut tallies = Segments::new(Tally::new(all.scale()));
        for (name, ratings) in self.counts.segments.sorted() {
            let Ratings::Plain(tally) = ratings else { return Ok(None) };
            tallies.state_of(Some(name))?.merge(tally)?;
        }
        Ok(Some(tallies))
    }
}

fn ratings<'a, K>(groups: &[(K, &'a Ratings)]) -> Vec<&'a Ratings> {
    groups.iter().map(|(_, ratings)| *ratings).collect()
}

/// Which cells of the document are shown, and the smallest of them.
struct Cells {
    whole: Result<(), Suppressed>,
    parts: [Vec<Result<(), Suppressed>>; 2],
    smallest: u64,
}

impl Cells {
    fn decide(min_responses: u64, all: &Ratings, tables: [&[&Ratings]; 2]) -> Result<Self, Error> {
        let mut cells = Suppression::new(min_responses);
        let total = all.responses()?;
        let whole = cells.total(total);
        let [segments, periods] = tables;
        let sizes =
            |table: &[&Ratings]| table.iter().map(|ratings| ratings.responses()).collect::<Result<Vec<u64>, _>>();
        let sizes = [sizes(segments)?, sizes(periods)?];
        let [segment_sizes, period_sizes] = &sizes;
        let (segments, periods) = (cells.table(whole, segment_sizes)?, cells.table(whole, period_sizes)?);
        let decisions: Decisions = cells.decide();
        let parts =
            [segments, periods].map(|table| table.into_iter().map(|cell| decisions.of(cell)).collect::<Vec<_>>());
        let shown = parts.iter().flatten().zip(sizes.iter().flatten()).filter(|(shown, _)| shown.is_ok());
        let smallest = shown.map(|(_, size)| *size).min().map_or(total, |size| size.min(total));
        Ok(Self { whole: decisions.of(whole), parts, smallest })
    }
}

fn nothing_accepted(file: &str, load: &LoadReport) -> String {
    let LoadReport { rows, blank, rejected, skipped, .. } = load;
    let first = load.reasons.first().map(|reason| format!(" ({})", reason.reason)).unwrap_or_default();
    format!("{file}: no rating in {rows} rows: {blank} blank, {rejected} rejected{first}, {skipped} skipped")
}
