//! Who was it that browsed before he logged in? State: the logins of anonymous ids; asked by whoever builds a log.

use std::collections::BTreeMap;

use crate::Error;
use crate::domain::Timestamp;

/// Which customer stands behind an anonymous id, by logins.
///
/// What an anonymous id does belongs to the customer who logged in last on it, at that instant or before; before the first
/// login, to the customer of the first. So a device that customers share goes over from one to the next at each login. Of logins
/// at one instant that of the first customer by the bytes of the names counts, in whatever order they are given. Customers are
/// never joined with each other: two who used one device stay two.
///
/// ```
/// use cxo_core::{domain::Timestamp, journey::{Event, EventLog, Identities}};
///
/// let mut identities = Identities::default();
/// identities.login("cookie-1", "ann", Timestamp(10))?;
/// let mut log = EventLog::default();
/// for (id, touchpoint, at) in [("cookie-1", "home", 0), ("cookie-1", "login", 10), ("ann", "pay", 20), ("cookie-2", "home", 5)] {
///     log.add(&Event::new(identities.customer(id, Timestamp(at)), touchpoint, Timestamp(at)))?;
/// }
/// assert_eq!((log.customers(), identities.shared()), (2, 0));
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities {
    logins: BTreeMap<String, BTreeMap<i64, String>>,
}

impl Identities {
    /// A customer logged in with an anonymous id. All logins have to be known before a log is built.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty id or customer.
    pub fn login(&mut self, anonymous: &str, customer: &str, time: Timestamp) -> Result<(), Error> {
        for (what, text) in [("anonymous id", anonymous), ("customer", customer)] {
            if text.is_empty() {
                return Err(Error::input(what, "empty", "text of at least one character"));
            }
        }
        let known = self.logins.entry(anonymous.to_owned()).or_default().entry(time.0);
        let known = known.or_insert_with(|| customer.to_owned());
        if customer < known.as_str() {
            customer.clone_into(known);
        }
        Ok(())
    }

    /// The customer behind an id at an instant; the id itself if nobody logged in with it.
    ///
    /// # Complexity
    /// O(log n) for n logins.
    #[must_use]
    pub fn customer<'i>(&'i self, id: &'i str, time: Timestamp) -> &'i str {
        let Some(logins) = self.logins.get(id) else { return id };
        let last = logins.range(..=time.0).next_back().or_else(|| logins.first_key_value());
        last.map_or(id, |(_, customer)| customer)
    }

    /// The number of anonymous ids with which more than one customer logged in: where what was done before the first login may
    /// belong to another.
    #[must_use]
    pub fn shared(&self) -> u64 {
        let several = |logins: &&BTreeMap<i64, String>| {
            let mut customers = logins.values();
            customers.next().is_some_and(|first| customers.any(|other| other != first))
        };
        self.logins.values().filter(several).count() as u64
    }
}
