//! What customers asked for help with.

use super::{CaseId, Channel, CustomerId, Timestamp};
use crate::Error;

/// One support case with the instants that service measures are computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    id: CaseId,
    customer: Option<CustomerId>,
    channel: Option<Channel>,
    opened: Timestamp,
    first_reply: Option<Timestamp>,
    resolved: Option<Timestamp>,
}

impl Case {
    /// A case that was opened and has neither a reply nor a resolution yet.
    #[must_use]
    pub fn opened(id: CaseId, at: Timestamp) -> Self {
        Self { id, customer: None, channel: None, opened: at, first_reply: None, resolved: None }
    }

    /// Names the customer.
    #[must_use]
    pub fn customer(mut self, customer: CustomerId) -> Self {
        self.customer = Some(customer);
        self
    }

    /// Names the channel.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channel = Some(channel);
        self
    }

    /// Records the first reply.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it lies before the opening.
    pub fn first_reply(mut self, at: Timestamp) -> Result<Self, Error> {
        self.first_reply = Some(self.not_before_opening("first reply", at)?);
        Ok(self)
    }

    /// Records the resolution.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it lies before the opening.
    pub fn resolved(mut self, at: Timestamp) -> Result<Self, Error> {
        self.resolved = Some(self.not_before_opening("resolution", at)?);
        Ok(self)
    }

    fn not_before_opening(&self, what: &str, at: Timestamp) -> Result<Timestamp, Error> {
        if at < self.opened {
            return Err(Error::input(what, at, format!("not before the opening at {}", self.opened)));
        }
        Ok(at)
    }

    /// The identifier.
    #[must_use]
    pub fn id(&self) -> &CaseId {
        &self.id
    }

    /// Whose case it is, if known.
    #[must_use]
    pub fn of(&self) -> Option<&CustomerId> {
        self.customer.as_ref()
    }

    /// Through which channel it came, if known.
    #[must_use]
    pub fn through(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Seconds from the opening to the first reply; `None` while there is none.
    #[must_use]
    pub fn first_reply_seconds(&self) -> Option<f64> {
        self.first_reply.map(|at| at.seconds_since(self.opened))
    }

    /// Seconds from the opening to the resolution; `None` while the case is open (a censored duration, not a missing one).
    #[must_use]
    pub fn resolution_seconds(&self) -> Option<f64> {
        self.resolved.map(|at| at.seconds_since(self.opened))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reply_before_the_opening() {
        let case = Case::opened(CaseId::new("c1").unwrap(), Timestamp(5_000_000));
        assert!(case.clone().first_reply(Timestamp(0)).is_err());
        let case = case.first_reply(Timestamp(65_000_000)).unwrap();
        assert_eq!((case.first_reply_seconds(), case.resolution_seconds()), (Some(60.0), None));
    }
}
