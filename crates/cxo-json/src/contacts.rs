//! The document of how often customers are asked: `cxo.contacts`.

use cxo_core::{domain::LoadReport, survey::ContactFrequency};
use serde::{Deserialize, Serialize};

use crate::{
    Document, Error, Quantity,
    quantity::{self, at_least_zero, share},
};

/// `cxo.contacts`: the most invitations of each customer within a window, and how many customers are above the limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactsDocument {
    /// Length of the window in seconds.
    pub window_seconds: u64,
    /// The most invitations that a window may hold.
    pub limit: u64,
    /// Different customers who were invited.
    pub customers: u64,
    /// Invitations.
    pub invitations: u64,
    /// The most invitations of any customer within a window.
    pub most: u64,
    /// Customers with more than the limit.
    pub over_limit: u64,
    /// Over limit / customers, 0 to 1.
    pub share_over_limit: f64,
    /// The shortest time between two invitations of one customer, or why there is none.
    #[serde(flatten, with = "quantity::shortest_gap_seconds")]
    pub shortest_gap_seconds: Quantity,
    /// Customers by the most invitations that any one window holds for them, fewest first.
    pub distribution: Vec<ContactsStep>,
    /// What happened to the rows of the file.
    pub load: LoadReport,
}

/// How many customers had at most so many invitations within a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactsStep {
    /// The most invitations within any one window.
    pub invitations: u64,
    /// Customers.
    pub customers: u64,
}

/// The rule that was asked about: at most so many invitations within any window of so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedRule {
    /// Length of the window in seconds.
    pub window_seconds: u64,
    /// The most invitations that a window may hold.
    pub limit: u64,
}

impl ContactsDocument {
    /// The document of a frequency under a rule.
    #[must_use]
    pub fn new(rule: AskedRule, found: &ContactFrequency, load: LoadReport) -> Self {
        let rows = found.distribution.iter();
        Self {
            window_seconds: rule.window_seconds,
            limit: rule.limit,
            customers: found.customers,
            invitations: found.invitations,
            most: found.most,
            over_limit: found.over_limit,
            share_over_limit: found.share_over_limit,
            shortest_gap_seconds: quantity::of(found.shortest_gap_seconds),
            distribution: rows
                .map(|(invitations, customers)| ContactsStep { invitations: *invitations, customers: *customers })
                .collect(),
            load,
        }
    }
}

impl Document for ContactsDocument {
    const FORMAT: &'static str = "cxo.contacts";

    fn check(&self) -> Result<(), Error> {
        if self.over_limit > self.customers {
            return Err(Error::value("over_limit", self.over_limit, "at most the number of customers"));
        }
        share("share_over_limit", self.share_over_limit)?;
        self.shortest_gap_seconds.as_ref().map_or(Ok(()), |gap| at_least_zero("shortest_gap_seconds", *gap))
    }
}
