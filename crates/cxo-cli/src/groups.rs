//! Responses counted by segment and by period in one pass, and a question asked of every group that may be shown.

use std::borrow::Cow;

use cxo_core::{
    Error, State,
    domain::{Day, LoadReport, Period, Scale},
    stats::suppression::{Decisions, Suppressed, Suppression},
    survey::{Respondents, SegmentId, Segments, Tally, Trend},
};
use cxo_csv::Response;
use cxo_json::Entry;

use crate::{
    asking::Asking,
    failure::Failure,
    list,
    question::{self, Question},
    ratings::{Answer, Context, Ratings},
    source::{Layout, Source},
    versus,
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
    /// The segment of each keyed response, in the order of `all`; empty without segments.
    of_row: Vec<SegmentId>,
    /// The joined segment of the row at hand, kept to save an allocation a row.
    name: String,
}

/// The rows for all responses and each segment, and for each period.
#[derive(Debug)]
pub(crate) struct Answers<R> {
    pub(crate) results: Vec<Entry<R>>,
    pub(crate) trend: Vec<cxo_json::Period<R>>,
    /// Who gave the responses.
    pub(crate) respondents: Respondents,
}

/// Puts the name of a segment into `name`: a value as it is, several with " / " between them. Of several, a value that is blank or
/// holds a slash or a quote stands in quotes, as in JSON, so that different values have different names.
pub(crate) fn join<S: AsRef<str>>(values: &[S], name: &mut String) {
    name.clear();
    for (place, value) in values.iter().map(AsRef::as_ref).enumerate() {
        name.push_str(if place == 0 { "" } else { " / " });
        let plain = values.len() == 1 || !(value.trim().is_empty() || value.contains(['/', '"']));
        match if plain { None } else { serde_json::to_string(value).ok() } {
            None => name.push_str(value),
            Some(quoted) => name.push_str(&quoted),
        }
    }
}

/// The name of a segment with these values.
pub(crate) fn joined<S: AsRef<str>>(values: &[S]) -> String {
    let mut name = String::new();
    join(values, &mut name);
    name
}

/// Refuses a column that is named twice by `--by`.
pub(crate) fn check_by(columns: &[String]) -> Result<(), Failure> {
    match columns.iter().enumerate().find(|(at, name)| columns.iter().take(*at).any(|other| other == *name)) {
        None => Ok(()),
        Some((_, name)) => Err(list::twice("--by", name)),
    }
}

impl Counts {
    fn new(layout: &Layout, scale: Scale) -> Self {
        let empty = Ratings::new(scale, layout.knowledge);
        let trend = layout.period.map(|period| Trend::new(period, layout.zone, empty.clone()));
        Self { all: empty.clone(), segments: Segments::new(empty), trend, of_row: Vec::new(), name: String::new() }
    }

    fn add(&mut self, response: &Response<'_>) -> Result<(), Error> {
        self.all.add(response)?;
        let name = match response.segments {
            [] => None,
            [one] => Some(*one),
            several => {
                join(several, &mut self.name);
                Some(self.name.as_str())
            }
        };
        if let Some(name) = name {
            if self.all.keyed() {
                self.of_row.push(self.segments.intern(name)?);
            }
            self.segments.state_of(Some(name))?.add(response)?;
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
        let loaded = source.fold(|| Counts::new(&layout, scale), Counts::add, |counts, other| counts.merge(&other))?;
        Ok(Self { counts: loaded.value, weighted: layout.weighted, load: loaded.report })
    }

    /// Asks every group that may be shown, and compares the segments with their rest.
    pub(crate) fn ask<Q: Question>(&self, question: &Q, asking: &Asking) -> Result<Answers<Q::Row>, Failure> {
        let Counts { all, segments, trend, .. } = &self.counts;
        let segments = segments.sorted();
        let period = trend.as_ref().map_or(Period::Day, Trend::period);
        let periods: Vec<(Day, &Ratings)> = trend.iter().flat_map(Trend::sorted).collect();
        let cells = Cells::decide(asking.min_responses, all, [&ratings(&segments), &ratings(&periods)])?;
        let context = Context { smallest: cells.smallest, weighted: self.weighted };
        let ask = |ratings: &Ratings, shown: Result<(), Suppressed>| match shown {
            Ok(()) => question.ask(ratings, context).map(Ok),
            Err(reason) => Ok::<_, Error>(Err(reason)),
        };
        let outcome = |answer: Result<Answer<Q::Result>, Suppressed>| match answer {
            Ok(answer) => Ok(question::row::<Q>(&answer)),
            Err(reason) => Err(Cow::Borrowed(reason.reason())),
        };

        let whole = ask(all, cells.whole)?;
        let respondents = whole.as_ref().map_or(Respondents::Unknown, |answer| answer.respondents);
        let mut results = vec![Entry { segment: None, outcome: outcome(whole) }];
        // Under a hidden total not even the keys are told.
        let [of_segments, of_periods] = if cells.whole.is_ok() { &cells.parts } else { &[Vec::new(), Vec::new()] };
        for ((name, ratings), shown) in segments.into_iter().zip(of_segments) {
            results.push(Entry { segment: Some(name.to_owned()), outcome: outcome(ask(ratings, *shown)?) });
        }
        let mut rows = Vec::with_capacity(periods.len());
        for ((start, ratings), shown) in periods.into_iter().zip(of_periods) {
            let outcome = outcome(ask(ratings, *shown)?);
            rows.push(cxo_json::Period { period: period.label(start), start: start.to_string(), outcome });
        }
        versus::put(&mut results, self, question, asking)?;
        Ok(Answers { results, trend: rows, respondents })
    }

    /// Each shown segment of weighted or keyed responses with all other responses, by the bytes of its name.
    pub(crate) fn segments_and_rests(
        &self,
        shown: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<(&str, &Ratings, Ratings)>, Error> {
        let Counts { all, segments, of_row, .. } = &self.counts;
        let sorted = segments.sorted();
        let mut found = Vec::new();
        if !all.keyed() {
            // Weights cannot be subtracted without loss, so the rest is what comes before and what comes behind.
            let mut behind = vec![segments.unkeyed().clone()];
            for (_, ratings) in sorted.iter().skip(1).rev() {
                let mut next = behind.last().cloned().unwrap_or_else(|| segments.unkeyed().clone());
                next.merge(ratings)?;
                behind.push(next);
            }
            let mut before: Option<Ratings> = None;
            for ((name, ratings), mut rest) in sorted.into_iter().zip(behind.into_iter().rev()) {
                if let Some(before) = &before {
                    rest.merge(before)?;
                }
                match &mut before {
                    Some(before) => before.merge(ratings)?,
                    None => before = Some(ratings.clone()),
                }
                if shown(name) {
                    found.push((name, ratings, rest));
                }
            }
            return Ok(found);
        }
        for (name, ratings) in sorted.into_iter().filter(|(name, _)| shown(name)) {
            let own = segments.id(name);
            found.push((name, ratings, all.subset(|row| of_row.get(row).copied() != own)?));
        }
        Ok(found)
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
