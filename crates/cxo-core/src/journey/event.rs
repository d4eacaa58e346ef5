//! What is one record of a log? A contact of a customer, with all that may be known of it. Stateless; handed to the log.

use crate::Error;
use crate::domain::{Amount, Timestamp, Touchpoint};

/// One record: who, what, when, and whatever else is known. Borrows its texts; a log keeps what it needs.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::Event};
///
/// let event = Event::new("ann", "checkout", Timestamp(0)).channel("web").score(4.0);
/// assert_eq!(event.customer, "ann");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Whose journey it belongs to: a customer, or a case.
    pub customer: &'a str,
    /// What happened.
    pub touchpoint: &'a str,
    /// When.
    pub time: Timestamp,
    /// The place among records of one instant; the number of the record where it is not given.
    pub sequence: Option<u64>,
    /// Through which channel.
    pub channel: Option<&'a str>,
    /// On which device.
    pub device: Option<&'a str>,
    /// In which stage.
    pub stage: Option<&'a str>,
    /// A rating that was given of it.
    pub score: Option<f64>,
    /// What it was worth, in the currency of the log.
    pub value: Option<Amount>,
    /// What tells it from all other records.
    pub event_id: Option<&'a str>,
    /// Whether it began or ended then.
    pub lifecycle: Option<Lifecycle>,
}

/// Whether a touchpoint began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum Lifecycle {
    /// It began.
    Start,
    /// It ended.
    Complete,
}

impl std::str::FromStr for Lifecycle {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.eq_ignore_ascii_case("start") {
            Ok(Self::Start)
        } else if text.eq_ignore_ascii_case("complete") {
            Ok(Self::Complete)
        } else {
            Err(Error::input("lifecycle", format!("\"{text}\""), "start, complete"))
        }
    }
}

impl<'a> Event<'a> {
    /// A record of which only the three things are known that every record has.
    #[must_use]
    pub const fn new(customer: &'a str, touchpoint: &'a str, time: Timestamp) -> Self {
        Self {
            customer,
            touchpoint,
            time,
            sequence: None,
            channel: None,
            device: None,
            stage: None,
            score: None,
            value: None,
            event_id: None,
            lifecycle: None,
        }
    }

    /// Whether anything is known but the three things that every record has.
    pub(super) const fn tells_more(&self) -> bool {
        self.sequence.is_some()
            || self.channel.is_some()
            || self.device.is_some()
            || self.stage.is_some()
            || self.score.is_some()
            || self.value.is_some()
            || self.event_id.is_some()
            || self.lifecycle.is_some()
    }

    /// With its place among records of one instant.
    #[must_use]
    pub const fn sequence(mut self, sequence: u64) -> Self {
        self.sequence = Some(sequence);
        self
    }

    /// With its channel.
    #[must_use]
    pub const fn channel(mut self, channel: &'a str) -> Self {
        self.channel = Some(channel);
        self
    }

    /// With its device.
    #[must_use]
    pub const fn device(mut self, device: &'a str) -> Self {
        self.device = Some(device);
        self
    }

    /// With its stage.
    #[must_use]
    pub const fn stage(mut self, stage: &'a str) -> Self {
        self.stage = Some(stage);
        self
    }

    /// With a rating.
    #[must_use]
    pub const fn score(mut self, score: f64) -> Self {
        self.score = Some(score);
        self
    }

    /// With its worth.
    #[must_use]
    pub const fn value(mut self, value: Amount) -> Self {
        self.value = Some(value);
        self
    }

    /// With what tells it from all other records.
    #[must_use]
    pub const fn event_id(mut self, event_id: &'a str) -> Self {
        self.event_id = Some(event_id);
        self
    }

    /// With whether it began or ended then.
    #[must_use]
    pub const fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = Some(lifecycle);
        self
    }

    /// A touchpoint of a customer, as the nouns of the domain have it.
    #[must_use]
    pub fn of(customer: &'a str, touchpoint: &'a Touchpoint) -> Self {
        Self {
            channel: touchpoint.channel.as_ref().map(crate::domain::Channel::as_str),
            device: touchpoint.device.as_ref().map(crate::domain::Device::as_str),
            stage: touchpoint.stage.as_ref().map(crate::domain::Stage::name),
            value: touchpoint.value,
            event_id: touchpoint.event_id.as_ref().map(crate::domain::EventId::as_str),
            ..Self::new(customer, touchpoint.name.as_str(), touchpoint.time)
        }
    }
}
