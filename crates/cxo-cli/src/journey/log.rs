//! The event log of the journey commands, and the same question asked of all its journeys and of each segment.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
};

use cxo_core::{
    Error,
    domain::LoadReport,
    journey::{Duplicates, EventLog, Identities, JourneyOptions, Journeys},
    stats::suppression::{Suppressed, Suppression},
};
use cxo_json::{Entry, FlattenedRow, LogRow, Quantity, ServiceRow};
use cxo_xes::EventRow;

use crate::{
    duration::Span,
    failure::Failure,
    groups,
    journey::{
        columns::{Columns, Rules},
        file::{self, LogFormat},
        outcome::section,
        records::{Records, Segments, Taken},
        views::Names,
    },
    notes, page,
    reading::Readable,
};

/// A log that has been read, with the segments of its rows.
pub(crate) struct Logged {
    pub(crate) log: EventLog,
    pub(crate) load: LoadReport,
    begun: Option<u64>,
    outside: Option<u64>,
    stitched: Option<(u64, u64)>,
    flattened: Option<FlattenedRow>,
    segments: Option<Segments>,
    /// With the records that only say that a touchpoint began.
    whole: Option<Box<Logged>>,
    options: JourneyOptions,
    rules: Rules,
    names: Names,
}

impl Columns {
    /// Reads the log of a file.
    pub(crate) fn read(&self, file: Readable, rules: &Rules, value: Option<&String>) -> Result<Logged, Failure> {
        groups::check_by(&self.by)?;
        let format = LogFormat::of(&file.file, self.object_type.as_ref())?;
        let file = file.spooled()?;
        let ids = self.event_id.is_some() || matches!(format, LogFormat::Ocel(_));
        if matches!(rules.duplicates.0, Duplicates::ById) && !ids {
            return Err(Failure::usage("--duplicates by-id needs to know the ids: give --event-id COLUMN"));
        }
        let (options, names, path) = (rules.options()?, rules.views.names()?, file.file.clone());
        let (period, observed_until) = (rules.views.period(file.zone)?, rules.views.observed_until(file.zone)?);
        let change = self.change.map(|change| change.begin(file.zone)).transpose();
        let change = change.map_err(|error| Failure::option("--change", &error))?;
        let segments = || (change.is_some() || !self.by.is_empty()).then(Segments::default);
        let nothing = || Taken {
            records: Records { log: EventLog::default(), segments: segments(), change },
            whole: None,
            starts: self.starts,
            begun: 0,
            observed_until,
            outside: 0,
            period,
            identities: self.login.as_ref().map(|_| Identities::default()),
        };
        let (mut taken, load, flattened) = if format == LogFormat::Csv {
            let mut columns = self.find(&file)?;
            if let Some(value) = value {
                columns = columns.value(value.as_str());
            }
            let add =
                |taken: &mut Taken, row: &cxo_csv::EventRow<'_>| taken.add(&row.event, row.segments, row.currency);
            let loaded = file.read(|load| load.fold_events(&columns, nothing, add))?;
            (loaded.value, loaded.report, None)
        } else {
            let mut taken = nothing();
            let each = |row: &EventRow<'_>| taken.add(&row.event, row.segments, row.currency);
            let (loaded, flattened) = file::read(&file, &format, self.qualifier.as_ref(), &self.keys(value), each)?;
            (taken, loaded.report, flattened)
        };
        let outside = rules.views.has_period().then_some(taken.outside);
        if taken.records.log.is_empty() && taken.outside > 0 {
            let message = format!("{}: no record is in the period; read: {}", path.display(), load.accepted);
            return Err(Failure::data("no-data", message).in_file(&path));
        }
        let stitched = taken.stitch()?;
        let options = options.observed_until(taken.observed_until);
        // In XES the standard has a key for it, which is read unless it is refused with the empty name.
        let lifecycle = self.lifecycle.as_ref().map_or(format == LogFormat::Xes, |key| !key.is_empty());
        let begun = lifecycle.then_some(taken.begun);
        let logged = |Records { log, segments, .. }: Records| Logged {
            log,
            load: load.clone(),
            begun,
            outside,
            stitched,
            flattened: flattened.clone(),
            segments,
            whole: None,
            options: options.clone(),
            rules: rules.clone(),
            names: names.clone(),
        };
        let whole = taken.whole.map(|whole| Box::new(logged(whole)));
        Ok(Logged { whole, ..logged(taken.records) })
    }
}

/// A segment that journeys begin in.
struct Part<'s> {
    name: &'s str,
    number: usize,
    /// Why it is not shown.
    hidden: Option<&'static str>,
}

#[allow(clippy::needless_pass_by_value, reason = "called on errors that are mapped")]
fn said(error: Error) -> Cow<'static, str> {
    Cow::Owned(error.to_string())
}

/// What is found for all journeys, and for each segment where segments are asked for.
pub(crate) type Answers<T> = (T, Option<Vec<Entry<T>>>);

impl Logged {
    /// The journeys of the log, or the part of them that is asked.
    pub(crate) fn journeys(&self) -> Result<Journeys<'_>, Failure> {
        self.rules.views.of(self.log.journeys(&self.options)?, &self.names)
    }

    /// The segment of each customer: the value in the first record of his first journey.
    pub(crate) fn customer_segments(&self, journeys: &Journeys<'_>) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for journey in journeys.iter() {
            let name = self.segment_of(journey.rows).and_then(|(_, name)| name);
            if let (Some(customer), Some(name)) = (journeys.customer(journey.customer), name) {
                found.entry(customer.to_owned()).or_insert_with(|| name.to_owned());
            }
        }
        found
    }

    /// The number and the name of the segment of a journey with these rows.
    fn segment_of(&self, rows: &[u32]) -> Option<(usize, Option<&str>)> {
        let segments = self.segments.as_ref()?;
        let row = rows.first().copied().unwrap_or_default() as usize;
        let number = segments.of_row.get(row).map(|&number| number as usize)?;
        Some((number, segments.names.get(number).map(String::as_str)))
    }

    /// The log in a document.
    pub(crate) fn row(&self, journeys: &Journeys<'_>) -> LogRow {
        let views = self.rules.views.told(&self.names);
        let mut row = LogRow {
            begun: self.begun,
            outside_period: self.outside,
            left_out: (!views.is_empty()).then_some(journeys.counts().left_out),
            views,
            stitched: self.stitched.map(|(stitched, _)| stitched),
            shared_ids: self.stitched.map(|(_, shared)| shared),
            flattened: self.flattened.clone(),
            ..LogRow::new(journeys)
        };
        if let Some(gap) = self.rules.session_gap {
            "session".clone_into(&mut row.journey);
            row.session_gap_seconds = Some(gap.seconds());
        }
        match self.rules.duplicates.0 {
            Duplicates::Keep => {}
            Duplicates::ById => "by-id".clone_into(&mut row.duplicate_rule),
            Duplicates::Within { micros } => {
                "within".clone_into(&mut row.duplicate_rule);
                row.duplicate_gap_seconds = Some(Span { micros }.seconds());
            }
        }
        row
    }

    /// Asks all journeys, and those of each segment; a segment has none of its own where it has too few, or nothing to count.
    pub(crate) fn ask<T>(
        &self,
        journeys: &Journeys<'_>,
        ask: impl Fn(&Journeys<'_>) -> Result<T, Error>,
    ) -> Result<Answers<T>, Failure> {
        self.ask_rated(journeys, 0, ask)
    }

    /// The same; neither has a segment any with fewer than `min_responses` ratings.
    pub(crate) fn ask_rated<T>(
        &self,
        journeys: &Journeys<'_>,
        min_responses: u64,
        ask: impl Fn(&Journeys<'_>) -> Result<T, Error>,
    ) -> Result<Answers<T>, Failure> {
        Ok((ask(journeys)?, self.ask_segments(journeys, min_responses, ask)?))
    }

    fn ask_segments<T>(
        &self,
        journeys: &Journeys<'_>,
        min_responses: u64,
        ask: impl Fn(&Journeys<'_>) -> Result<T, Error>,
    ) -> Result<Option<Vec<Entry<T>>>, Failure> {
        if self.segments.is_none() {
            return Ok(None);
        }
        let entry = |part: Part<'_>| Entry {
            segment: Some(part.name.to_owned()),
            outcome: self.part(journeys, &part).and_then(|part| ask(&part).map_err(said)),
        };
        Ok(Some(self.parts(journeys, min_responses)?.into_iter().map(entry).collect()))
    }

    /// Compares the journeys of each other segment with those of the baseline.
    pub(crate) fn compare<T>(
        &self,
        journeys: &Journeys<'_>,
        baseline: &str,
        compare: impl Fn(&Journeys<'_>, &Journeys<'_>) -> Result<T, Error>,
    ) -> Result<Vec<Entry<T>>, Failure> {
        let mut parts = self.parts(journeys, 0)?;
        if parts.is_empty() {
            return Err(Failure::data("no-data", "no segment can be compared: hidden to protect small groups"));
        }
        let known = parts.iter().map(|part| format!("\"{}\"", part.name)).collect::<Vec<_>>().join(", ");
        let Some(place) = parts.iter().position(|part| part.name == baseline) else {
            return Err(Failure::unknown_segment(baseline, known));
        };
        let base = self.part(journeys, &parts.remove(place));
        if parts.is_empty() {
            return Err(Failure::data(
                "no-data",
                format!("every journey is in the segment {known}: nothing to compare"),
            ));
        }
        let entry = |part: Part<'_>| Entry {
            segment: Some(part.name.to_owned()),
            outcome: base
                .as_ref()
                .map_err(|why| Cow::Owned(format!("of the baseline: {why}")))
                .and_then(|base| compare(&self.part(journeys, &part)?, base).map_err(said)),
        };
        Ok(parts.into_iter().map(entry).collect())
    }

    /// The segments that journeys begin in, in the order of their bytes. Hidden are those with too few journeys or ratings, and others
    /// from which these could be computed; none is listed where their number would tell.
    fn parts(&self, journeys: &Journeys<'_>, min_responses: u64) -> Result<Vec<Part<'_>>, Error> {
        let Some(segments) = &self.segments else { return Ok(Vec::new()) };
        let rated = |row: &&u32| self.log.get(**row as usize).is_some_and(|event| event.score.is_some());
        // Journeys and ratings of each segment, and of all.
        let (mut counts, mut total) = (vec![[0_u64; 2]; segments.names.len()], [0_u64; 2]);
        for journey in journeys.iter() {
            let number = self.segment_of(journey.rows).map_or(usize::MAX, |(number, _)| number);
            let own = [1, journey.rows.iter().filter(rated).count() as u64];
            for counts in counts.get_mut(number).into_iter().chain([&mut total]) {
                counts.iter_mut().zip(own).for_each(|(count, own)| *count += own);
            }
        }
        // A value that no journey begins with is no segment.
        let named = segments.names.iter().zip(counts).enumerate().filter(|(_, (_, [journeys, _]))| *journeys > 0);
        let mut named: Vec<(&str, usize, [u64; 2])> =
            named.map(|(number, (name, counts))| (name.as_str(), number, counts)).collect();
        named.sort_unstable();
        let (Some(few), Some(unrated)) = (
            hidden(self.rules.min_journeys, total[0], named.iter().map(|(.., counts)| counts[0]))?,
            hidden(min_responses, total[1], named.iter().map(|(.., counts)| counts[1]))?,
        ) else {
            return Ok(Vec::new());
        };
        let part = |((name, number, _), hidden)| Part { name, number, hidden };
        let reasons = few.into_iter().zip(unrated).map(|(few, unrated)| few.or(unrated));
        Ok(named.into_iter().zip(reasons).map(part).collect())
    }

    /// The journeys of a segment, or why they are hidden.
    fn part<'a>(&self, journeys: &Journeys<'a>, part: &Part<'_>) -> Result<Journeys<'a>, Cow<'static, str>> {
        if let Some(reason) = part.hidden {
            return Err(Cow::Borrowed(reason));
        }
        let of_part = |rows: &[u32]| self.segment_of(rows).is_some_and(|(number, _)| number == part.number);
        journeys.keep(|journey| of_part(journey.rows)).map_err(said)
    }

    /// How long touchpoints take and wait, of all customers and of those of each segment of these journeys; or why that is not known.
    pub(crate) fn service(&self, journeys: &Journeys<'_>) -> Result<Quantity<Answers<Vec<ServiceRow>>>, Failure> {
        let Some(whole) = &self.whole else { return Ok(Err(Cow::Borrowed("no record says that a touchpoint began"))) };
        if self.rules.views.drops_repeats() || matches!(self.rules.duplicates.0, Duplicates::Within { .. }) {
            let why =
                "start and end are records of one touchpoint: not with --collapse-loops, --top-variants or within=";
            return Ok(Err(Cow::Borrowed(why)));
        }
        if self.rules.session_gap.is_some() {
            return Ok(Err(Cow::Borrowed("what begins in one session may end in another: not with --session-gap")));
        }
        let whole = whole.journeys()?;
        let times = |journeys: &Journeys<'_>| Ok(journeys.service_times()?.iter().map(ServiceRow::from).collect());
        let all = match section(times(&whole))? {
            Ok(all) => all,
            Err(why) => return Ok(Err(why)),
        };
        // A record that something began is in no journey of the map: its segment is that of its customer's.
        let of_segment = |segment: &Journeys<'_>| {
            let customers: HashSet<&str> =
                segment.iter().filter_map(|journey| segment.customer(journey.customer)).collect();
            times(&whole.keep(|journey| whole.customer(journey.customer).is_some_and(|name| customers.contains(name)))?)
        };
        Ok(Ok((all, self.ask_segments(journeys, 0, of_segment)?)))
    }

    /// What a reader of a table should know of the log.
    pub(crate) fn notes(&self, row: &LogRow) -> Vec<String> {
        let mut notes = notes::load(&self.load);
        let counts = [
            (row.out_of_order, "out of order, put in order by time"),
            (row.duplicates, "told twice, left out"),
            (row.begun.unwrap_or_default(), "that only say that a touchpoint began, left out"),
            (row.outside_period.unwrap_or_default(), "outside of the period, left out"),
            (row.stitched.unwrap_or_default(), "of an id, given to who logged in with it"),
        ];
        let told = counts.into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told.map(|(count, what)| format!("{} {what}", page::count(count))).collect();
        if !told.is_empty() {
            notes.push(format!("Records: {}.", told.join("; ")));
        }
        if let Some(shared) = row.shared_ids.filter(|shared| *shared > 0) {
            notes.push(format!("Ids that several customers logged in with: {}.", page::count(shared)));
        }
        notes.extend(row.flattened.as_ref().map(flattening));
        if !row.views.is_empty() {
            let left_out = page::counted(row.left_out.unwrap_or_default(), "record", "records");
            notes.push(format!("Asked of a part: {}; {left_out} left out.", row.views.join("; ")));
        }
        if let Some(order) = &row.tie_order {
            notes.push(tied(row, order));
        }
        notes
    }
}

/// Why parts of a whole are hidden: because they, or others that could be computed from them, count fewer than `least`. None where
/// their number alone would tell with the whole what each counts.
fn hidden(
    least: u64,
    whole: u64,
    parts: impl Iterator<Item = u64>,
) -> Result<Option<Vec<Option<&'static str>>>, Error> {
    let mut cells = Suppression::new(least);
    let whole = cells.total(whole);
    let parts = cells.table(whole, &parts.collect::<Vec<_>>())?;
    let decisions = cells.decide();
    let reasons = || parts.iter().map(|&cell| decisions.of(cell).err().map(Suppressed::reason)).collect();
    Ok(decisions.of(whole).is_ok().then(reasons))
}

/// What became of the events of a log of objects.
fn flattening(row: &FlattenedRow) -> String {
    format!(
        "Each {} is a journey: {} of {}; events that stand in several: {}, in none: {}.",
        page::name(&row.object_type),
        page::count(row.objects.saturating_sub(row.silent_objects)),
        page::count(row.objects),
        page::count(row.shared_events),
        page::count(row.unrelated_events)
    )
}

/// How records of one instant were put in order, which the answer may rest on.
fn tied(row: &LogRow, order: &str) -> String {
    let tied = page::counted(row.tied, "record", "records");
    let order = if order == "touchpoint" { "that of the names of their touchpoints" } else { "that of the file" };
    let rule = match row.ties.as_str() {
        "any" => "such records have no order (any); where an answer needs one, it is",
        "strict" => "such records do not follow each other (strict); where an answer needs an order, it is",
        _ => "the order of such records (arrival) is",
    };
    format!("Ties: {tied} at the instant of the one before; {rule} {order}.")
}

/// What one journey is, for a headline.
pub(crate) fn unit(row: &LogRow) -> String {
    match row.session_gap_seconds {
        Some(gap) => format!(
            "sessions of {}; a new one begins after {} without a record",
            page::counted(row.customers, "customer", "customers"),
            crate::duration::shown(gap)
        ),
        None => "one a customer".to_owned(),
    }
}

/// Refuses a touchpoint that no record has, with those that are spelled alike, and one that only records have that were left out.
pub(crate) fn check_touchpoints<S: AsRef<str>>(journeys: &Journeys<'_>, asked: &[S]) -> Result<(), Failure> {
    /// Names less alike than this are no suggestion, and no more are shown.
    const ALIKE: f64 = 0.5;
    const MOST: usize = 3;
    const LISTED: usize = 20;
    let Some(missing) = asked.iter().map(AsRef::as_ref).find(|name| journeys.number(name).is_none()) else {
        return check_left(journeys, asked);
    };
    let wanted = missing.to_lowercase();
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &wanted);
    let mut near: Vec<(f64, &str)> = journeys.names().iter().map(|name| (likeness(name), *name)).collect();
    near.retain(|(alike, _)| *alike >= ALIKE);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let quoted = |names: &mut dyn Iterator<Item = &str>| {
        names.map(|name| format!("\"{}\"", page::visible(name))).collect::<Vec<_>>().join(", ")
    };
    let allowed = if near.is_empty() {
        let names = journeys.names();
        let more = names.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("the touchpoints are {}{more}", quoted(&mut names.iter().copied().take(LISTED)))
    } else {
        format!("did you mean {}?", quoted(&mut near.iter().map(|(_, name)| *name).take(MOST)))
    };
    let message = format!("no record has the touchpoint \"{missing}\"; {allowed}");
    let names = if near.is_empty() {
        quoted(&mut journeys.names().iter().copied().take(LISTED))
    } else {
        quoted(&mut near.iter().map(|(_, name)| *name).take(MOST))
    };
    Err(Failure::unknown_touchpoint(message, missing, names))
}

/// A touchpoint of which a view left nothing would be reached by nobody, which says nothing of customers.
fn check_left<S: AsRef<str>>(journeys: &Journeys<'_>, asked: &[S]) -> Result<(), Failure> {
    let occurs = |name: &&str| {
        let number = journeys.number(name);
        journeys.iter().any(|journey| journey.steps.iter().any(|step| Some(*step) == number))
    };
    match asked.iter().map(AsRef::as_ref).find(|name| !occurs(name)) {
        None => Ok(()),
        Some(gone) => {
            let message = format!(
                "\"{gone}\" is asked about, but none of its records is in the part of the journeys that is asked"
            );
            Err(Failure::data("no-data", message))
        }
    }
}
