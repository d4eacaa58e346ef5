//! Since when is each customer one, and when did he leave? Spells by a stated definition of churn, from a log of activity or
//! from contracts. State: columns with a row for each spell; labels, durations and activation are asked of them.

use chrono::TimeZone;

use super::labels::{LabelOptions, Labels};
use crate::churn::Durations;
use crate::clv::PurchaseLog;
use crate::domain::Day;
use crate::{Error, Symbols};

/// What it means that a customer has left.
///
/// Both are dated on the first day on which they hold, which is the first on which anyone could know: whether a customer has
/// churned by a day depends on nothing after that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ChurnDefinition {
    /// No activity for longer than a limit: churn is on day t + limit + 1 after activity on day t, if there was none since.
    Inactivity {
        /// The longest silence in days that is not churn.
        limit_days: u32,
    },
    /// The end of a contract without a new one: churn is on day e + grace + 1, where e is the last day of the contract.
    ContractEnd {
        /// Days after the end in which a new contract continues the old one.
        grace_days: u32,
    },
}

/// How an unbroken time as a customer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub enum SpellEnd {
    /// The customer had left on this day, the first on which the definition holds.
    Churned(Day),
    /// He had not by the end of this day, the last that was observed.
    Censored(Day),
}

impl SpellEnd {
    /// After a last day of activity or contract, with so many days in which a return is no return.
    pub(super) fn after(last: Day, patience_days: u32, until: Day) -> Self {
        match last.0.checked_add_unsigned(patience_days).and_then(|day| day.checked_add(1)) {
            Some(day) if day <= until.0 => Self::Churned(Day(day)),
            _ => Self::Censored(until),
        }
    }
}

/// An unbroken time as a customer. After churn another may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spell {
    /// Who: the number that [`Spells::name`] names.
    pub customer: u32,
    /// The first day.
    pub start: Day,
    /// How it ended.
    pub end: SpellEnd,
}

/// The spells of all customers, by customer and in the order of time.
///
/// Formula page: `docs/formulas/churn-label.md`.
#[derive(Debug, Clone)]
pub struct Spells {
    definition: ChurnDefinition,
    until: Day,
    symbols: Symbols,
    rows: Vec<Spell>,
}

impl Spells {
    pub(super) fn new(definition: ChurnDefinition, until: Day, symbols: Symbols) -> Self {
        Self { definition, until, symbols, rows: Vec::new() }
    }

    /// The next one.
    pub(super) fn push(&mut self, customer: u32, start: Day, end: SpellEnd) -> Result<(), Error> {
        // As many as rows of the source, which fit.
        crate::check_rows(self.rows.len(), 1)?;
        self.rows.push(Spell { customer, start, end });
        Ok(())
    }

    /// The spells of a log of activity by [inactivity](ChurnDefinition::Inactivity) longer than a limit, as observed until the
    /// end of a day. Records with a negative amount (refunds) are no activity; what comes later is left out.
    ///
    /// ```
    /// use cxo_core::{churn::retention::{SpellEnd, Spells}, clv::PurchaseLog, domain::Day};
    ///
    /// let mut log = PurchaseLog::default();
    /// for day in [0, 20, 90] {
    ///     log.add("ann", Day(day), None)?;
    /// }
    /// let spells = Spells::from_activity(&log, 30, Day(100), &chrono::Utc)?;
    /// let ann: Vec<_> = spells.iter().map(|spell| (spell.start, spell.end)).collect();
    /// // On day 50 the silence is 30 days, on day 51 it is longer.
    /// assert_eq!(ann, [(Day(0), SpellEnd::Churned(Day(51))), (Day(90), SpellEnd::Censored(Day(100)))]);
    /// # Ok::<(), cxo_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a limit of 0, [`ErrorKind::NoData`](crate::ErrorKind::NoData) without
    /// activity until then, [`ErrorKind::Overflow`](crate::ErrorKind::Overflow) for an instant beyond the calendar.
    ///
    /// # Complexity
    /// O(n log n), with a logarithm of about 2¹³ records.
    pub fn from_activity<Z: TimeZone>(log: &PurchaseLog, limit_days: u32, until: Day, zone: &Z) -> Result<Self, Error> {
        if limit_days == 0 {
            return Err(Error::input("limit of inactivity", 0, "1 day or more"));
        }
        let mut spells = Self::new(ChurnDefinition::Inactivity { limit_days }, until, log.symbols().clone());
        log.columns()?.on_days(zone)?.each_customer(|customer, history| {
            let mut open: Option<(Day, Day)> = None;
            for (day, _) in history.iter().copied().filter(|(day, amount)| *day <= until && amount.0 >= 0) {
                open = Some(match open {
                    // The days in between, without activity.
                    Some((start, latest)) if latest.0.abs_diff(day.0).saturating_sub(1) <= limit_days => (start, day),
                    Some((start, latest)) => {
                        spells.push(customer, start, SpellEnd::after(latest, limit_days, until))?;
                        (day, day)
                    }
                    None => (day, day),
                });
            }
            match open {
                Some((start, latest)) => spells.push(customer, start, SpellEnd::after(latest, limit_days, until)),
                None => Ok(()),
            }
        })?;
        if spells.is_empty() { Err(Error::no_data(format!("activity until {until}"))) } else { Ok(spells) }
    }

    /// What it means to have left.
    #[must_use]
    pub const fn definition(&self) -> ChurnDefinition {
        self.definition
    }

    /// The last day that was observed.
    #[must_use]
    pub const fn until(&self) -> Day {
        self.until
    }

    /// The number of spells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every spell, by customer and in the order of time.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Spell> + Clone {
        self.rows.iter().copied()
    }

    /// The text of a customer by number: that of the log or of the contracts.
    #[must_use]
    pub fn name(&self, customer: u32) -> Option<&str> {
        ((customer as usize) < self.symbols.len()).then(|| self.symbols.text(customer))
    }

    /// The number of a customer, if he is one.
    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.symbols.find(name)
    }

    /// How long each spell lasted in days and whether it ended in churn, a row for each in their order: what the analyses of
    /// survival read. From the first day to the day of churn, or to the last one observed.
    ///
    /// # Errors
    /// Those of [`Durations::new`].
    pub fn durations(&self) -> Result<Durations, Error> {
        let days = |spell: &Spell| match spell.end {
            SpellEnd::Churned(end) | SpellEnd::Censored(end) => f64::from(end.0) - f64::from(spell.start.0),
        };
        let churned = self.rows.iter().map(|spell| matches!(spell.end, SpellEnd::Churned(_)));
        Durations::new(self.rows.iter().map(days).collect(), churned.collect())
    }

    /// Who was a customer on each snapshot day, and did he leave in the window that follows?
    ///
    /// # Errors
    /// As [`Labels`] says.
    pub fn labels(&self, options: &LabelOptions) -> Result<Labels<'_>, Error> {
        Labels::new(self, options)
    }
}
