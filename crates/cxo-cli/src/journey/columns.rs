//! What the journey commands are told of a log: which columns mean what, and under which rules records become journeys.

use std::str::FromStr;

use clap::Args;
use cxo_core::{
    Error, Seed,
    domain::Scale,
    journey::{Duplicates, JourneyOptions, Split, Ties},
};
use cxo_csv::EventColumns;
use cxo_xes::EventKeys;

use crate::{
    duration::Span,
    failure::Failure,
    journey::{period::Bound, views::Views},
    reading::Readable,
};

/// Which columns mean what.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Columns")]
pub(crate) struct Columns {
    /// Whose journey: a customer or a case [default: "customer", where there is one]
    #[arg(long, visible_alias = "customer", value_name = "COLUMN")]
    pub(crate) journey: Option<String>,
    /// What happened [default: "touchpoint", where there is one]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) touchpoint: Option<String>,
    /// When [default: "time", where there is one]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// Through which channel
    #[arg(long, value_name = "COLUMN")]
    pub(crate) channel: Option<String>,
    /// In which stage of the journey
    #[arg(long, value_name = "COLUMN")]
    pub(crate) stage: Option<String>,
    /// On which device
    #[arg(long, value_name = "COLUMN")]
    pub(crate) device: Option<String>,
    /// A rating that was given of it
    #[arg(long, value_name = "COLUMN")]
    pub(crate) score: Option<String>,
    /// What tells a record from all others of its journey's customer
    #[arg(long, value_name = "COLUMN")]
    pub(super) event_id: Option<String>,
    /// Whether the touchpoint began or ended then: start or complete; only what is complete is a step
    #[arg(long, value_name = "COLUMN")]
    pub(super) lifecycle: Option<String>,
    /// Who is known to be behind the journey at this record, where somebody logged in; blank where nobody did. What was done under
    /// an id belongs to the customer who logged in last with it, before the first login to that of the first
    #[arg(long, value_name = "COLUMN")]
    pub(super) login: Option<String>,
    /// Of an object-centric log (OCEL 2.0): each object of this type is a journey
    #[arg(long, value_name = "TYPE")]
    pub(super) object_type: Option<String>,
    /// Of an object-centric log: only what is related to the object under this qualifier
    #[arg(long, value_name = "TEXT", requires = "object_type")]
    pub(super) qualifier: Option<String>,
    /// One result for each value of this column in the first record of a journey; with several, for each combination, joined
    /// by " / " (a value with a slash in quotes)
    #[arg(long, value_name = "COLUMN")]
    pub(crate) by: Vec<String>,
    /// The scale of the ratings; rows with others are rejected.
    #[arg(skip)]
    pub(crate) scale: Option<Scale>,
    /// Journeys that begin before this and from then on are segments, in place of `by`.
    #[arg(skip)]
    pub(crate) change: Option<Bound>,
    /// Whether records that only say that a touchpoint began are kept apart, for service times.
    #[arg(skip)]
    pub(crate) starts: bool,
}

/// Under which rules records become journeys.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Journeys")]
pub(crate) struct Rules {
    /// A new journey begins after silence of more than this, such as 30m [default: one journey a customer]
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(super) session_gap: Option<Span>,
    /// What records of one instant say about their order: arrival (that of the file), any (none) or strict (none follows another)
    #[arg(long, value_name = "RULE", default_value = "arrival")]
    pub(crate) ties: Ties,
    /// Which records are told twice: keep (none), by-id (by --event-id) or within=1s (so soon after the last
    /// one of the same touchpoint that was kept, whatever lies between)
    #[arg(long, value_name = "RULE", default_value = "keep")]
    pub(super) duplicates: DuplicateRule,
    /// Hide segments with fewer journeys, and others from which they could be computed
    #[arg(long, visible_alias = "min-responses", value_name = "N", default_value = "0", hide_default_value = true)]
    pub(super) min_journeys: u64,
    /// Seed of resamples; commands without --resamples draw no random numbers [default: 0]
    #[arg(long, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
    #[command(flatten)]
    pub(crate) views: Views,
}

/// The value of `--duplicates`.
#[derive(Debug, Clone, Copy)]
pub(super) struct DuplicateRule(pub(super) Duplicates);

impl FromStr for DuplicateRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let rule = match text {
            "keep" => Duplicates::Keep,
            "by-id" => Duplicates::ById,
            _ => {
                let gap = text.strip_prefix("within=").and_then(|gap| gap.parse::<Span>().ok());
                let allowed = "keep, by-id, or within= and a duration, such as within=1s";
                let gap = gap.ok_or_else(|| Error::input("duplicates", format!("\"{text}\""), allowed))?;
                Duplicates::Within { micros: gap.micros }
            }
        };
        Ok(Self(rule))
    }
}

/// The usual name of a column, where a file without options has it.
fn usual(file: &Readable, role: &str) -> bool {
    file.names().is_ok_and(|names| names.iter().any(|name| name.trim().eq_ignore_ascii_case(role)))
}

impl Columns {
    pub(super) fn find(&self, file: &Readable) -> Result<EventColumns, Failure> {
        type Set = fn(EventColumns, String) -> EventColumns;
        let config = &file.config;
        let needed = |role: &str, asked: &Option<String>, default: &str, holds: &str| {
            let journey = if role == "journey" { config.column("customer", None) } else { None };
            match config.column(role, asked.clone()).or(journey) {
                Some(column) => Ok(column),
                None if usual(file, default) => Ok(default.to_owned()),
                None => file.column(role, None, holds),
            }
        };
        let mut columns = EventColumns::default()
            .journey(needed("journey", &self.journey, "customer", "whose journey it is")?)
            .touchpoint(needed("touchpoint", &self.touchpoint, "touchpoint", "the touchpoints")?)
            .time(needed("time", &self.time, "time", "the times")?);
        let sets: [Set; 6] = [
            EventColumns::channel,
            EventColumns::stage,
            EventColumns::device,
            EventColumns::score,
            EventColumns::event_id,
            EventColumns::lifecycle,
        ];
        for (asked, set) in self.optional().into_iter().zip(sets) {
            if let Some(name) = asked {
                columns = set(columns, name.clone());
            }
        }
        if let Some(scale) = self.scale {
            columns = columns.scale(scale);
        }
        Ok(self.by.iter().chain(&self.login).fold(columns, EventColumns::by))
    }

    /// Channel, stage, device, score, event id and lifecycle.
    const fn optional(&self) -> [&Option<String>; 6] {
        [&self.channel, &self.stage, &self.device, &self.score, &self.event_id, &self.lifecycle]
    }

    /// The keys of a log that is not CSV; what is not asked for is named by the format.
    pub(super) fn keys(&self, value: Option<&String>) -> EventKeys {
        type Set = fn(EventKeys, String) -> EventKeys;
        let first: [(Option<&String>, Set); 4] = [
            (self.journey.as_ref(), EventKeys::journey),
            (self.touchpoint.as_ref(), EventKeys::touchpoint),
            (self.time.as_ref(), EventKeys::time),
            (value, EventKeys::value),
        ];
        let sets: [Set; 6] = [
            EventKeys::channel,
            EventKeys::stage,
            EventKeys::device,
            EventKeys::score,
            EventKeys::event_id,
            EventKeys::lifecycle,
        ];
        let optional = self.optional().map(Option::as_ref).into_iter().zip(sets);
        let keys = first.into_iter().chain(optional).fold(EventKeys::default(), |keys, (asked, set)| match asked {
            Some(name) => set(keys, name.clone()),
            None => keys,
        });
        self.by.iter().chain(&self.login).fold(keys, EventKeys::by)
    }
}

impl Rules {
    /// Where random numbers begin.
    pub(crate) fn seed(&self) -> Seed {
        self.seed.map_or_else(Seed::default, Seed)
    }

    pub(super) fn options(&self) -> Result<JourneyOptions, Failure> {
        let options = JourneyOptions::default().ties(self.ties).duplicates(self.duplicates.0)?;
        let Some(gap) = self.session_gap else { return Ok(options) };
        let split = options.split(Split::Session { micros: gap.micros });
        split.map_err(|error| Failure::option("--session-gap", &error))
    }
}
