//! From when to when did each customer have a contract? State: [`Contracts`], a table keyed by customer; spells are asked of
//! it, and of these labels and durations.

use super::spells::{ChurnDefinition, SpellEnd, Spells};
use crate::domain::Day;
use crate::{Encode, Error, Form, Reader, State, Symbols, Writer, check_disjoint, check_rows};

/// How a contract ended, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum ContractEnd {
    /// It runs on.
    Running,
    /// It ended with this day: the customer left.
    Left(Day),
    /// It was observed until this day and not any longer, for another reason than leaving (death, a move to another system):
    /// the customer is censored.
    Lost(Day),
}

impl ContractEnd {
    const fn day(self) -> Option<Day> {
        match self {
            Self::Running => None,
            Self::Left(day) | Self::Lost(day) => Some(day),
        }
    }
}

/// Contracts in any order: customer, first day, and how it ended. A customer may have several, also at one time.
///
/// Class: table; a contract takes 16 bytes, and each different customer once its text and at most 40 bytes. Merges if no
/// customer is on both sides; every answer is exact in any order.
///
/// ```
/// use cxo_core::{churn::retention::{ContractEnd, Contracts, SpellEnd}, domain::Day};
///
/// let mut contracts = Contracts::default();
/// contracts.add("ann", Day(0), ContractEnd::Left(Day(99)))?;
/// contracts.add("ann", Day(110), ContractEnd::Running)?;
/// contracts.add("bob", Day(30), ContractEnd::Left(Day(59)))?;
/// // Whoever signs again within 14 days has not left.
/// let spells: Vec<_> = contracts.spells(14, Day(364))?.iter().map(|spell| (spell.customer, spell.start, spell.end)).collect();
/// assert_eq!(spells, [(0, Day(0), SpellEnd::Censored(Day(364))), (1, Day(30), SpellEnd::Churned(Day(74)))]);
/// # Ok::<(), cxo_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "RawContracts", into = "RawContracts")
)]
pub struct Contracts {
    symbols: Symbols,
    rows: Vec<(u32, Day, ContractEnd)>,
}

/// As written: each customer once, and a row of position, first day and end for each contract.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct RawContracts {
    customers: Vec<String>,
    rows: Vec<(u32, Day, ContractEnd)>,
}

#[cfg(feature = "serde")]
impl From<Contracts> for RawContracts {
    fn from(contracts: Contracts) -> Self {
        Self { customers: contracts.symbols.iter().map(str::to_owned).collect(), rows: contracts.rows }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<RawContracts> for Contracts {
    type Error = Error;
    fn try_from(raw: RawContracts) -> Result<Self, Error> {
        let mut contracts = Self::default();
        for (row, (id, start, end)) in (0..).zip(raw.rows) {
            let customer = raw.customers.get(id as usize).ok_or_else(|| {
                Error::input("position of a customer", id, format!("less than {}", raw.customers.len())).at_row(row)
            })?;
            contracts.add(customer, start, end).map_err(|error| error.at_row(row))?;
        }
        Ok(contracts)
    }
}

impl Contracts {
    /// Adds a contract.
    ///
    /// # Errors
    /// After an error nothing has changed. [`ErrorKind::Input`](crate::ErrorKind::Input) for an empty customer and for an end
    /// before the start, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) beyond 2³² - 1 contracts.
    pub fn add(&mut self, customer: &str, start: Day, end: ContractEnd) -> Result<(), Error> {
        if customer.is_empty() {
            return Err(Error::input("customer", "empty", "text of at least one character"));
        }
        if let Some(day) = end.day().filter(|day| *day < start) {
            return Err(Error::input("end of a contract", day, format!("{start} or later")));
        }
        check_rows(self.rows.len(), 1)?;
        self.rows.push((self.symbols.intern(customer)?, start, end));
        Ok(())
    }

    /// The number of contracts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of different customers.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.symbols.len()
    }

    /// The text of a customer, by the number that answers carry: from 0 in the order of first appearance.
    #[must_use]
    pub fn name(&self, customer: u32) -> Option<&str> {
        ((customer as usize) < self.symbols.len()).then(|| self.symbols.text(customer))
    }

    /// The unbroken times as a customer, as observed until the end of a day, by the [contract
    /// end](ChurnDefinition::ContractEnd): contracts that overlap, or follow each other with at most so many days between
    /// them, are one spell; churn is on the first day on which more days than that have passed without a contract.
    ///
    /// A customer of whom observation is [lost](ContractEnd::Lost) is censored then, unless another contract of his was
    /// observed longer. Contracts that begin later are left out.
    ///
    /// # Errors
    /// [`ErrorKind::NoData`](crate::ErrorKind::NoData) if no contract begins until then.
    ///
    /// # Complexity
    /// O(n log n).
    pub fn spells(&self, grace_days: u32, until: Day) -> Result<Spells, Error> {
        let mut rows: Vec<_> = self.rows.iter().filter(|(_, start, _)| *start <= until).copied().collect();
        rows.sort_unstable_by_key(|(customer, start, _)| (*customer, *start));
        let mut spells = Spells::new(ChurnDefinition::ContractEnd { grace_days }, until, self.symbols.clone());
        for contracts in rows.chunk_by(|one, next| one.0 == next.0) {
            let mut open: Option<(Day, ContractEnd)> = None;
            for &(customer, start, end) in contracts {
                open = Some(match open {
                    Some((began, latest)) if continues(latest, start, grace_days) => (began, later(latest, end)),
                    Some((began, latest)) => {
                        spells.push(customer, began, spell_end(latest, grace_days, until))?;
                        (start, end)
                    }
                    None => (start, end),
                });
            }
            if let (Some((began, latest)), Some((customer, ..))) = (open, contracts.first()) {
                spells.push(*customer, began, spell_end(latest, grace_days, until))?;
            }
        }
        if spells.is_empty() { Err(Error::no_data(format!("contracts until {until}"))) } else { Ok(spells) }
    }
}

/// Whether a contract that starts on a day continues what has ended.
fn continues(latest: ContractEnd, start: Day, grace_days: u32) -> bool {
    latest.day().is_none_or(|end| i64::from(start.0) - i64::from(end.0) <= i64::from(grace_days) + 1)
}

/// The later of two ends; at one day the customer was there for longer where he did not leave.
fn later(one: ContractEnd, other: ContractEnd) -> ContractEnd {
    match (one.day(), other.day()) {
        (None, _) | (_, None) => ContractEnd::Running,
        (Some(first), Some(second)) if first == second => match one {
            ContractEnd::Lost(_) => one,
            _ => other,
        },
        (first, second) => {
            if first > second {
                one
            } else {
                other
            }
        }
    }
}

fn spell_end(end: ContractEnd, grace_days: u32, until: Day) -> SpellEnd {
    match end {
        ContractEnd::Running => SpellEnd::Censored(until),
        ContractEnd::Lost(day) => SpellEnd::Censored(day.min(until)),
        ContractEnd::Left(day) => SpellEnd::after(day, grace_days, until),
    }
}

impl State for Contracts {
    fn merge(&mut self, other: &Self) -> Result<(), Error> {
        check_rows(self.rows.len(), other.rows.len())?;
        check_disjoint("customer", &self.symbols, &other.symbols)?;
        let ids = other.symbols.iter().map(|text| self.symbols.intern(text)).collect::<Result<Vec<u32>, Error>>()?;
        let moved = |&(id, start, end): &(u32, Day, ContractEnd)| ids.get(id as usize).map(|id| (*id, start, end));
        self.rows.extend(other.rows.iter().filter_map(moved));
        Ok(())
    }
}

impl Encode for Contracts {
    fn to_bytes(&self) -> Vec<u8> {
        let mut to = Writer::new(Form::Contracts);
        to.texts(self.symbols.iter());
        to.count(self.rows.len());
        for &(customer, start, end) in &self.rows {
            to.u32(customer);
            to.i32(start.0);
            to.u8(match end {
                ContractEnd::Running => 0,
                ContractEnd::Left(_) => 1,
                ContractEnd::Lost(_) => 2,
            });
            to.i32(end.day().unwrap_or(start).0);
        }
        to.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        const ENDS: [fn(Day) -> ContractEnd; 3] = [|_| ContractEnd::Running, ContractEnd::Left, ContractEnd::Lost];
        let mut from = Reader::new(bytes, Form::Contracts)?;
        let mut contracts = Self::default();
        let customers = from.texts()?;
        for _ in 0..from.count(13)? {
            let customer = from.text_of(&customers)?;
            let start = Day(from.i32()?);
            let end = from.choice("end of a contract", &ENDS)?;
            contracts.add(customer, start, end(Day(from.i32()?)))?;
        }
        from.finish().map(|()| contracts)
    }
}
