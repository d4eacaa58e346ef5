//! What is one journey, and what of records that are tied or told twice? The rules under which a log is put in order.
//! Stateless; every rule is named in the answer.

use std::fmt;

use crate::Error;
use crate::domain::Timestamp;

/// What records of one instant say about their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Ties {
    /// They happened in the order of their sequence numbers, which are the numbers of the records unless given.
    #[default]
    Arrival,
    /// Nothing: they stand in the order of the names of their touchpoints, so that no answer depends on how they arrived, and
    /// a funnel may take them in any order.
    Any,
    /// That none follows another: only a later instant is a step.
    Strict,
}

impl Ties {
    /// The name in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Any => "any",
            Self::Strict => "strict",
        }
    }
}

impl fmt::Display for Ties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Ties {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        crate::stats::parse_name("ties", text, &[Self::Arrival, Self::Any, Self::Strict], Self::name)
    }
}

/// Which records are told twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Duplicates {
    /// None: everything is kept.
    #[default]
    Keep,
    /// Those of one customer with the event id of an earlier one. Records without an id are kept.
    ById,
    /// Those of a customer at most so many microseconds after the last one of the same touchpoint that was kept, whatever lies between.
    Within {
        /// The gap, in microseconds, at least 0.
        micros: i64,
    },
}

/// Where one journey of a customer ends and the next begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Split {
    /// Nowhere: one journey a customer.
    #[default]
    Customer,
    /// Where he was silent for longer than so many microseconds.
    Session {
        /// The gap, in microseconds, above 0.
        micros: i64,
    },
    /// After each touchpoint of this list: outcomes such as a conversion, a cancellation, an abandoned cart.
    Outcome(Vec<String>),
}

/// How a log becomes journeys. The default is one journey a customer, ties in order of arrival, every record kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JourneyOptions {
    pub(super) ties: Ties,
    pub(super) duplicates: Duplicates,
    pub(super) split: Split,
    pub(super) observed_until: i64,
}

impl Default for JourneyOptions {
    fn default() -> Self {
        Self {
            ties: Ties::default(),
            duplicates: Duplicates::default(),
            split: Split::default(),
            observed_until: i64::MIN,
        }
    }
}

impl JourneyOptions {
    /// What ties say; [`Ties::Arrival`] unless set.
    #[must_use]
    pub const fn ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// Which records are told twice; none unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a gap below 0.
    pub fn duplicates(mut self, duplicates: Duplicates) -> Result<Self, Error> {
        if let Duplicates::Within { micros } = duplicates
            && micros < 0
        {
            return Err(Error::input("gap of duplicates", micros, "0 microseconds or more"));
        }
        self.duplicates = duplicates;
        Ok(self)
    }

    /// Where a journey ends; nowhere unless set.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a gap of sessions that is not above 0 and for outcomes without a name.
    pub fn split(mut self, split: Split) -> Result<Self, Error> {
        match &split {
            Split::Session { micros } if *micros <= 0 => {
                return Err(Error::input("gap of sessions", micros, "more than 0 microseconds"));
            }
            Split::Outcome(names) if names.is_empty() => return Err(Error::no_data("touchpoints that are outcomes")),
            _ => {}
        }
        self.split = split;
        Ok(self)
    }

    /// Until when customers were observed, where that is later than the last record: they were silent since. The last record
    /// unless set.
    #[must_use]
    pub const fn observed_until(mut self, until: Timestamp) -> Self {
        self.observed_until = until.0;
        self
    }
}
