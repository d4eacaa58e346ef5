//! The log behind every document of journeys, and what these documents check alike.

use cxo_core::{
    domain::Timestamp,
    journey::{Journeys, Ties},
};
use serde::{Deserialize, Serialize};

use crate::{Entry, Error, Quantity, entry, quantity::at_least_zero};

/// What every document says that comes from observation alone.
pub(crate) const OBSERVATIONAL: &str = "observational";

/// The log behind a document: what was found in it, and under which rules it became journeys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// Records.
    pub records: u64,
    /// Different customers or cases.
    pub customers: u64,
    /// The end of the observation: the last record, or what the question says if that is later.
    pub observed_until: String,
    /// Records that stood after a later one of the same customer; they were put in order.
    pub out_of_order: u64,
    /// Records at the instant of the one before them.
    pub tied: u64,
    /// Records left out because they were told twice.
    pub duplicates: u64,
    /// Records that only say that a touchpoint began, which are no steps; absent without a lifecycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// What one journey is: customer or session.
    pub journey: String,
    /// The silence after which a new session begins; absent where a journey is a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_gap_seconds: Option<f64>,
    /// What records of one instant say about their order: arrival, any or strict.
    pub ties: String,
    /// How tied records stand where an answer needs an order: arrival (that of the file) or touchpoint (that of the names); absent
    /// without ties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_order: Option<String>,
    /// Which records are told twice: keep, by-id or within.
    pub duplicate_rule: String,
    /// The time within which they are; only of within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_gap_seconds: Option<f64>,
    /// Records outside of the period that was asked for, which are left out; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside_period: Option<u64>,
    /// Which part of the journeys was asked, and under which names: the options, in the order in which they were applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
    /// Records that are in no journey because of that; absent without views.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<u64>,
    /// Records under an anonymous id that went to the customer who logged in with it; absent without logins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stitched: Option<u64>,
    /// Anonymous ids with which several customers logged in; absent without logins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_ids: Option<u64>,
    /// How a log of objects became one of journeys; absent for other logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flattened: Option<FlattenedRow>,
}

/// What flattening did to an object-centric log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlattenedRow {
    /// The type of objects: each is a journey.
    pub object_type: String,
    /// Only what is related under it; absent where any qualifier counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// Objects of the type.
    pub objects: u64,
    /// Objects of the type without an event: they have no journey.
    pub silent_objects: u64,
    /// Events of several objects of the type, which stand in the journey of each.
    pub shared_events: u64,
    /// Events of none, which stand in no journey.
    pub unrelated_events: u64,
}

impl LogRow {
    /// The log of journeys, one a customer with every record kept; the other rules are the caller's to say.
    #[must_use]
    pub fn new(journeys: &Journeys<'_>) -> Self {
        let counts = journeys.counts();
        Self {
            records: counts.records,
            customers: journeys.log().customers() as u64,
            observed_until: Timestamp(journeys.observed_until()).to_string(),
            out_of_order: counts.out_of_order,
            tied: counts.tied,
            duplicates: counts.duplicates,
            begun: None,
            journey: "customer".to_owned(),
            session_gap_seconds: None,
            ties: journeys.ties().name().to_owned(),
            tie_order: (counts.tied > 0).then(|| tie_order(journeys.ties()).to_owned()),
            duplicate_rule: "keep".to_owned(),
            duplicate_gap_seconds: None,
            outside_period: None,
            views: Vec::new(),
            left_out: None,
            stitched: None,
            shared_ids: None,
            flattened: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.session_gap_seconds.map_or(Ok(()), |gap| at_least_zero("session_gap_seconds", gap))?;
        self.duplicate_gap_seconds.map_or(Ok(()), |gap| at_least_zero("duplicate_gap_seconds", gap))
    }
}

fn tie_order(ties: Ties) -> &'static str {
    if ties == Ties::Any { "touchpoint" } else { "arrival" }
}

/// Checks the answer of all journeys, and those of the segments that are shown.
pub(crate) fn check_all<T>(
    all: &T,
    segments: Option<&Vec<Entry<T>>>,
    check: impl Fn(&T) -> Result<(), Error>,
) -> Result<(), Error> {
    check(all)?;
    segments.into_iter().flat_map(|segments| entry::shown(segments)).try_for_each(check)
}

/// Checks quantities that are there.
pub(crate) fn each<const N: usize>(
    values: [(&'static str, &Quantity); N],
    check: fn(&'static str, f64) -> Result<(), Error>,
) -> Result<(), Error> {
    values.into_iter().try_for_each(|(key, value)| value.as_ref().map_or(Ok(()), |value| check(key, *value)))
}
