//! What the survey commands ask: the level, the smallest group shown, the correction for many tests.

use clap::Args;
use cxo_core::{Confidence, Error, domain::Day, stats::multiplicity::Multiplicity};

/// The heading of the options that say what is asked.
pub(crate) const QUESTION: &str = "Question";

/// The arguments that mean nothing where counts are given instead of a file.
pub(crate) const FILE_ONLY: [&str; 14] = [
    "file",
    "score",
    "by",
    "weight",
    "time",
    "period",
    "customer",
    "repeats",
    "strata",
    "cluster",
    "population",
    "id",
    "rejected",
    "strict",
];

/// The question that every survey command asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Question")]
pub(crate) struct Asking {
    /// Level of the intervals
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = confidence)]
    pub(crate) confidence: Confidence,
    /// Hide groups with fewer responses, and others from which they could be computed
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    pub(crate) min_responses: u64,
    /// How the p-values of segments against the rest are corrected for their number: holm, hochberg, hommel, bonferroni,
    /// sidak, holm-sidak, benjamini-hochberg, benjamini-yekutieli
    #[arg(long, value_name = "METHOD", default_value = "holm")]
    pub(crate) correction: Multiplicity,
    /// Seed of methods that draw random numbers (none of this command does)
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) seed: Option<u64>,
}

/// A day as `2026-06-30`.
pub(crate) fn day(text: &str) -> Result<Day, Error> {
    let date = text.trim().parse().map(Day::from_date);
    date.map_err(|_| Error::input("day", format!("\"{text}\""), "year-month-day, such as 2026-06-30"))
}

pub(crate) fn confidence(text: &str) -> Result<Confidence, Error> {
    let allowed = "between 0 and 1, both excluded, such as 0.95";
    let level = text.parse().map_err(|_| Error::input("confidence", format!("\"{text}\""), allowed))?;
    Confidence::new(level)
}

/// How many of something are shown.
pub(crate) fn at_least_one(text: &str) -> Result<usize, Error> {
    let refused = || Error::input("number", format!("\"{text}\""), "a whole number of at least 1");
    text.parse().ok().filter(|number| *number > 0).ok_or_else(refused)
}
