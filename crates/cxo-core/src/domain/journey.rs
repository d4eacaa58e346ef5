//! What customers did: touchpoints, and the journey they form.

use super::{Amount, Channel, CustomerId, Device, EventId, Stage, Timestamp, TouchpointName};
use crate::Error;

/// One contact between a customer and the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touchpoint {
    /// What happened, such as "checkout".
    pub name: TouchpointName,
    /// When.
    pub time: Timestamp,
    /// Through which channel.
    pub channel: Option<Channel>,
    /// On which device.
    pub device: Option<Device>,
    /// In which stage of the journey.
    pub stage: Option<Stage>,
    /// Identifier of the record, for finding duplicates.
    pub event_id: Option<EventId>,
    /// What it was worth.
    pub value: Option<Amount>,
}

/// The touchpoints of one customer in the order of their time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    customer: CustomerId,
    touchpoints: Vec<Touchpoint>,
}

impl Journey {
    /// A journey from touchpoints in any order; those of one instant keep the order given.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without touchpoints.
    ///
    /// # Complexity
    /// O(n log n).
    pub fn new(customer: CustomerId, mut touchpoints: Vec<Touchpoint>) -> Result<Self, Error> {
        if touchpoints.is_empty() {
            return Err(Error::no_data(format!("the journey of customer {customer} has no touchpoints")));
        }
        touchpoints.sort_by_key(|touchpoint| touchpoint.time);
        Ok(Self { customer, touchpoints })
    }

    /// Whose journey it is.
    #[must_use]
    pub fn customer(&self) -> &CustomerId {
        &self.customer
    }

    /// The touchpoints, earliest first; at least one.
    #[must_use]
    pub fn touchpoints(&self) -> &[Touchpoint] {
        &self.touchpoints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_by_time_and_keeps_ties() {
        let at = |name: &str, micros| Touchpoint {
            name: TouchpointName::new(name).unwrap(),
            time: Timestamp(micros),
            channel: None,
            device: None,
            stage: None,
            event_id: None,
            value: None,
        };
        let customer = CustomerId::new("NA").unwrap();
        let journey = Journey::new(customer.clone(), vec![at("c", 9), at("a", 5), at("b", 5)]).unwrap();
        let names: Vec<_> = journey.touchpoints().iter().map(|touchpoint| touchpoint.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(Journey::new(customer, Vec::new()).is_err());
    }
}
