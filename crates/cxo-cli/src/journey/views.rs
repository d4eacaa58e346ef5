//! Which part of the journeys a command asks, and under which names: options that all journey commands share.

use std::{path::Path, str::FromStr};

use clap::Args;
use cxo_core::{
    Error, Probability,
    domain::Timestamp,
    journey::{Journeys, VariantCoverage},
};
use cxo_csv::{Input, Load, Options, RowColumns, Strictness};

use crate::{
    failure::Failure,
    journey::{log::check_touchpoints, period::Bound},
    list::{self, NameList},
};

/// Which part of the journeys is asked. In this order: the period, the touchpoints, stages, names, loops, variants.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Part of the journeys")]
pub(crate) struct Views {
    /// Only records from this instant or day on
    #[arg(long, value_name = "DATE")]
    from: Option<Bound>,
    /// Only records until this instant or day, which is part of it; the observation ends there [default: the last record]
    #[arg(long, value_name = "DATE")]
    until: Option<Bound>,
    /// Only these touchpoints. As in every list of names, one with a comma stands in double quotes ('"a, b",c'), and the option
    /// may be given several times
    #[arg(long, value_name = "A,B")]
    only_touchpoints: Vec<NameList>,
    /// Journeys over stages in place of touchpoints (--stage); records without one are left out
    #[arg(long, requires = "stage")]
    stages: bool,
    /// Another name of a touchpoint, or a CSV file with the columns from and to; touchpoints of one name become one
    #[arg(long, value_name = "OLD=NEW|FILE")]
    relabel: Vec<String>,
    /// The same touchpoint several times in a row counts once
    #[arg(long)]
    collapse_loops: bool,
    /// Only journeys that took the most frequent ways: so many ways, or as few as cover a share such as 80%
    #[arg(long, value_name = "N|SHARE")]
    top_variants: Option<Top>,
}

/// The value of `--top-variants`.
#[derive(Debug, Clone, Copy)]
struct Top(VariantCoverage);

impl FromStr for Top {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = "a whole number of at least 1, or a share such as 80% or 0.8";
        let refused = || Error::input("number or share of ways", format!("\"{text}\""), allowed);
        if let Ok(most) = text.parse::<usize>() {
            return if most > 0 { Ok(Self(VariantCoverage::Top(most))) } else { Err(refused()) };
        }
        let share: f64 = match text.strip_suffix('%') {
            Some(percent) => percent.parse::<f64>().map_err(|_| refused())? / 100.0,
            None => text.parse().map_err(|_| refused())?,
        };
        let share = Probability::new(share).ok().filter(|share| share.get() > 0.0).ok_or_else(refused)?;
        Ok(Self(VariantCoverage::Share(share)))
    }
}

/// The instants of `--from` and `--until`, both part of the period.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    first: Timestamp,
    last: Timestamp,
}

impl Period {
    pub(crate) fn holds(self, at: Timestamp) -> bool {
        (self.first..=self.last).contains(&at)
    }
}

/// Old names with the new ones.
pub(crate) type Names = Vec<(String, String)>;

impl Views {
    /// Whether a period is asked for.
    pub(crate) const fn has_period(&self) -> bool {
        self.from.is_some() || self.until.is_some()
    }

    /// Whether records are dropped that repeat the touchpoint before them, or journeys by their whole way.
    pub(crate) const fn drops_repeats(&self) -> bool {
        self.collapse_loops || self.top_variants.is_some()
    }

    /// The period.
    pub(crate) fn period(&self, zone: chrono_tz::Tz) -> Result<Period, Failure> {
        let first = self.from.map_or(Ok(Timestamp(i64::MIN)), |from| from.begin(zone));
        let last = self.until.map_or(Ok(Timestamp(i64::MAX)), |until| until.last(zone));
        let first = first.map_err(|error| Failure::option("--from", &error))?;
        let last = last.map_err(|error| Failure::option("--until", &error))?;
        if first > last {
            return Err(Failure::usage("--from is after --until: no record is in the period"));
        }
        Ok(Period { first, last })
    }

    /// Where the observation ends: with `--until`, if no record is later; without it that is the last record.
    pub(crate) fn observed_until(&self, zone: chrono_tz::Tz) -> Result<Timestamp, Failure> {
        let until = self.until.map_or(Ok(Timestamp(i64::MIN)), |until| until.end(zone));
        until.map_err(|error| Failure::option("--until", &error))
    }

    /// The new names of `--relabel`; a file is read strictly.
    pub(crate) fn names(&self) -> Result<Names, Failure> {
        let mut names = Names::new();
        for given in &self.relabel {
            if let Some((old, new)) = given.split_once('=') {
                names.push((old.trim().to_owned(), new.trim().to_owned()));
                continue;
            }
            crate::reading::check_file(Path::new(given))?;
            Load::new(Input::path(given)).options(Options::default().strictness(Strictness::Strict)).each_row(
                &RowColumns::new(["from", "to"]),
                |row| {
                    names.push((row.text(0)?.into_owned(), row.text(1)?.into_owned()));
                    Ok(())
                },
            )?;
        }
        if let Some((old, _)) = names.iter().find(|(_, new)| new.is_empty()) {
            return Err(Failure::usage(format!("--relabel: \"{old}\" has no new name")));
        }
        let twice =
            names.iter().enumerate().find(|(at, (old, _))| names.iter().take(*at).any(|(other, _)| other == old));
        match twice {
            Some((_, (old, _))) => Err(Failure::usage(format!("--relabel: \"{old}\" has two new names"))),
            None => Ok(names),
        }
    }

    /// The part of the journeys that is asked.
    pub(crate) fn of<'a>(&self, journeys: Journeys<'a>, names: &'a Names) -> Result<Journeys<'a>, Failure> {
        let mut journeys = journeys;
        if !self.only_touchpoints.is_empty() {
            let only = list::all(&self.only_touchpoints);
            check_touchpoints(&journeys, &only)?;
            journeys = journeys.keep_events(|event| only.contains(&event.touchpoint))?;
        }
        if self.stages {
            journeys = journeys.by_stage()?;
        }
        if !names.is_empty() {
            check_touchpoints(&journeys, &names.iter().map(|(old, _)| old.as_str()).collect::<Vec<_>>())?;
            let renamed = |old: &'a str| names.iter().find(|(from, _)| from == old).map_or(old, |(_, to)| to.as_str());
            journeys = journeys.relabel(renamed)?;
        }
        if self.collapse_loops {
            journeys = journeys.collapse_loops()?;
        }
        match self.top_variants {
            Some(Top(coverage)) => Ok(journeys.keep_variants(coverage)?),
            None => Ok(journeys),
        }
    }

    /// The views that are not the whole, as they were asked for.
    pub(crate) fn told(&self, names: &Names) -> Vec<String> {
        let mut told = Vec::new();
        if !self.only_touchpoints.is_empty() {
            told.push(format!("only-touchpoints {}", list::all(&self.only_touchpoints).join(",")));
        }
        if self.stages {
            told.push("stages".to_owned());
        }
        told.extend(names.iter().map(|(old, new)| format!("relabel {old}={new}")));
        if self.collapse_loops {
            told.push("collapse-loops".to_owned());
        }
        match self.top_variants {
            Some(Top(VariantCoverage::Top(most))) => told.push(format!("top-variants {most}")),
            Some(Top(VariantCoverage::Share(share))) => told.push(format!("top-variants {}", share.get())),
            None => {}
        }
        told
    }
}
