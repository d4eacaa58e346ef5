//! How often are customers asked, and is that too often?
//!
//! State: [`Contacts`], the invitations as columns of customer and time. Whoever plans a survey asks it for the most
//! invitations that fall within a window, the customers over a limit, and the shortest gaps.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    Absent, Encode, Error, Form, Reader, State, Symbols, Writer, check_disjoint, check_rows, domain::Timestamp,
};

/// A rule of contact: at most `limit` invitations within any `window`.
///
/// A window is half open: two invitations exactly one window apart are not in the same one, so that a rule of 1 in 30 days
/// allows the 1st and the 31st of a month.
///
/// ```
/// use cxo_core::survey::ContactRule;
/// assert!(ContactRule::per_days(30, 1).is_ok());
/// assert!(ContactRule::per_days(0, 1).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactRule {
    window_micros: i128,
    limit: u64,
}

impl ContactRule {
    /// At most `limit` invitations within any window of this length.
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a window below a microsecond.
    pub fn new(window: Duration, limit: u64) -> Result<Self, Error> {
        let micros = i128::try_from(window.as_micros()).unwrap_or(i128::MAX);
        if micros == 0 {
            return Err(Error::input("contact window", format!("{window:?}"), "at least one microsecond"));
        }
        Ok(Self { window_micros: micros, limit })
    }

    /// At most `limit` invitations within any so many days of 24 hours.
    ///
    /// # Errors
    /// As for [`ContactRule::new`].
    pub fn per_days(days: u32, limit: u64) -> Result<Self, Error> {
        Self::new(Duration::from_secs(86_400 * u64::from(days)), limit)
    }

    /// The limit.
    #[must_use]
    pub const fn limit(self) -> u64 {
        self.limit
    }
}

/// The answer of [`Contacts::frequency`]. It counts the invitations at hand and estimates nothing.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ContactFrequency {
    /// Different customers who were invited.
    pub customers: u64,
    /// Invitations.
    pub invitations: u64,
    /// Customers by the most invitations that any one window holds for them.
    pub distribution: BTreeMap<u64, u64>,
    /// The most invitations of any customer within a window.
    pub most: u64,
    /// Customers with more than the limit.
    pub over_limit: u64,
    /// over limit / customers, in [0, 1].
    pub share_over_limit: f64,
    /// The shortest time between two invitations of one customer, in seconds; absent if nobody was invited twice.
    pub shortest_gap_seconds: Result<f64, Absent>,
}

/// Two invitations of one customer in a row.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ContactGap {
    /// The customer.
    pub customer: String,
    /// When the second was sent.
    pub until: Timestamp,
    /// Time between the two.
    pub seconds: f64,
}

/// Invitations of known customers. Class: table; 12 bytes an invitation, and once for each different customer its text and
/// at most 40 bytes. Merges if no customer is on both sides; every answer is exact in any order.
///
/// ```
/// use cxo_core::{domain::{Day, Timestamp}, survey::{ContactRule, Contacts}};
///
/// let mut contacts = Contacts::default();
/// for (customer, day) in [("ann", 0), ("ann", 10), ("ann", 35), ("bob", 0), ("bob", 30), ("eve", 7)] {
///     contacts.add(customer, Timestamp::from(Day(day)))?;
/// }
/// let frequency = contacts.frequency(ContactRule::per_days(30, 1)?)?;
/// assert_eq!((frequency.customers, frequency.over_limit, frequency.most), (3, 1, 2));
/// assert_eq!(frequency.distribution.into_iter().collect::<Vec<_>>(), [(1, 2), (2, 1)]);
/// assert_eq!(frequency.shortest_gap_seconds, Ok(10.0 * 86_400.0));
/// assert_eq!(contacts.shortest_gaps(1)[0].customer, "ann");
/// # Ok::<(), cxo_core::Error>(())
/// ```
///
/// Formula page: `docs/formulas/contact-frequency.md`.
#[derive(Debug, Clone, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawContacts", into = "RawContacts")
)]
pub struct Contacts {
    symbols: Symbols,
    customers: Vec<u32>,
    times: Vec<Timestamp>,
}

/// As written: each customer once, and a row of position and time for each invitation.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawContacts {
    customers: Vec<String>,
    rows: Vec<(u32, Timestamp)>,
}

#[cfg(feature = "serde")]
impl From<Contacts> for RawContacts {
    fn from(contacts: Contacts) -> Self {
        Self {
            customers: contacts.symbols.iter().map(str::to_owned).collect(),
            rows: contacts.customers.into_iter().zip(contacts.times).collect(),
        }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawContacts> for Contacts {
    type Error = Error;
    fn try_from(raw: RawContacts) -> Result<Self, Error> {
        let mut contacts = Self::default();
        for (row, (id, time)) in (0..).zip(raw.rows) {
            let customer = raw.customers.get(id as usize).ok_or_else(|| {
                Error::input("position of a customer", id, format!("less than {}", raw.customers.len())).at_row(row)
            })?;
            contacts.add(customer, time)?;
        }
        Ok(contacts)
    }
}

impl Contacts {
    /// Adds one invitation.
    ///
    /// # Errors
    /// [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2^32 - 1 invitations.
    pub fn add(&mut self, customer: &str, time: Timestamp) -> Result<(), Error> {
        check_rows(self.customers.len(), 1)?;
        self.customers.push(self.symbols.intern(customer)?);
        self.times.push(time);
        Ok(())
    }

    /// How often customers were invited within the window of a rule, and how many more often than it allows.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) without invitations.
    ///
    /// # Complexity
    /// O(n log n).
    pub fn frequency(&self, rule: ContactRule) -> Result<ContactFrequency, Error> {
        let sorted = self.sorted();
        if sorted.is_empty() {
            return Err(Error::no_data("contact frequency without invitations"));
        }
        let mut distribution = BTreeMap::new();
        let mut shortest: Option<f64> = None;
        for invitations in sorted.chunk_by(|one, next| one.0 == next.0) {
            *distribution.entry(most_within(invitations, rule.window_micros)).or_insert(0) += 1;
            let gaps =
                invitations.iter().zip(invitations.iter().skip(1)).map(|(one, next)| next.1.seconds_since(one.1));
            shortest = gaps.chain(shortest).min_by(f64::total_cmp);
        }
        let over_limit: u64 = distribution.iter().filter(|(most, _)| **most > rule.limit).map(|(_, n)| n).sum();
        let customers = self.symbols.len() as u64;
        Ok(ContactFrequency {
            customers,
            invitations: sorted.len() as u64,
            most: distribution.keys().next_back().copied().unwrap_or_default(),
            distribution,
            over_limit,
            share_over_limit: over_limit as f64 / customers as f64,
            shortest_gap_seconds: shortest.ok_or(Absent::OneObservation),
        })
    }

    /// At most so many gaps between invitations of one customer in a row, the shortest first; equal ones by customer and
    /// time.
    #[must_use]
    pub fn shortest_gaps(&self, most: usize) -> Vec<ContactGap> {
        let sorted = self.sorted();
        let pairs = sorted.iter().zip(sorted.iter().skip(1)).filter(|(one, next)| one.0 == next.0);
        let mut gaps: Vec<(f64, u32, Timestamp)> =
            pairs.map(|(one, next)| (next.1.seconds_since(one.1), next.0, next.1)).collect();
        gaps.sort_by(|one, other| {
            let by_text = || self.symbols.text(one.1).cmp(self.symbols.text(other.1));
            one.0.total_cmp(&other.0).then_with(by_text).then(one.2.cmp(&other.2))
        });
        gaps.truncate(most);
        let gap = |(seconds, customer, until)| ContactGap {
            customer: self.symbols.text(customer).to_owned(),
            until,
            seconds,
        };
        gaps.into_iter().map(gap).collect()
    }

    fn sorted(&self) -> Vec<(u32, Timestamp)> {
        let mut rows: Vec<(u32, Timestamp)> = self.customers.iter().copied().zip(self.times.iter().copied()).collect();
        rows.sort_unstable();
        rows
    }
}

/// The most invitations of one customer, sorted by time, that lie less than a window apart.
fn most_within(invitations: &[(u32, Timestamp)], window_micros: i128) -> u64 {
    let mut first = invitations.iter();
    let (mut within, mut most) = (0_u64, 0_u64);
    for (_, time) in invitations {
        within += 1;
        // The oldest leave until all that remain lie within the window.
        while let Some((_, oldest)) = first.as_slice().first()
            && i128::from(time.0) - i128::from(oldest.0) >= window_micros
        {
            first.next();
            within -= 1;
        }
        most = most.max(within);
    }
    most
}

impl State for Contacts {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        check_rows(self.customers.len(), other.customers.len())?;
        check_disjoint("customer", &self.symbols, &other.symbols)?;
        let ids = other.symbols.iter().map(|text| self.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        self.customers.extend(other.customers.iter().filter_map(|id| ids.get(*id as usize)));
        self.times.extend_from_slice(&other.times);
        Ok(())
    }
}

impl Encode for Contacts {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Contacts);
        to.texts(self.symbols.iter());
        to.count(self.customers.len());
        for (customer, time) in self.customers.iter().zip(&self.times) {
            to.u32(*customer);
            to.i64(time.0);
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut from = Reader::new(bytes, Form::Contacts)?;
        let customers = from.texts()?;
        let mut contacts = Self::default();
        for _ in 0..from.count(12)? {
            contacts.add(from.text_of(&customers)?, Timestamp(from.i64()?))?;
        }
        from.finish().map(|()| contacts)
    }
}
